"""One tape in a vault: its files, who is on it, and that one process at a time works on it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bordin.errors import Problem, TapeError
from bordin.tapes.vault.keys import unwrap_data_key
from bordin.tapes.vault.owning import LOCKS_FOLDER, owned, sync_folder
from bordin.tapes.vault.plain_files import PART, PlainReader, PlainWriter, Reader, Writer, overwrite
from bordin.tapes.vault.sealing import SealedReader, SealedWriter

TAPE_FILE = "tape.json"
KEY_FILE = "data-key"
FACTS = "facts.json"
SEALED = ".sealed"
TAPE_FORMAT = 1
TAPE_NAME = re.compile(r"T-[0-9A-HJKMNP-TV-Z]{8,40}")

# Digits and letters that are not mistaken for each other (Crockford); lengths of a neutral name.
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTHS = (8, 12, 16, 24, 40)
# What all file systems hold alike; no name may pass for one of ours.
_PART_OF_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9_-])?")
_HINT_TAPE = (
    "Restore the tape's folder from a backup, or forget the tape by its name and add the recording again."
)


class TapeHeld(TapeError):
    """Another process works on this tape."""


def held(tape: str) -> TapeHeld:
    """Return the error that says so."""
    return TapeHeld(
        Problem("another process works on this tape.", tape, hint="Wait until it is done, or stop it first.")
    )


class Files:
    """The files of one folder of a vault, sealed or plain.

    Parameters
    ----------
    folder : Path
    tape : str
        Neutral name of the tape.
    key : callable or None
        Returns the data key when it is needed; None where files are plain.
    """

    def __init__(self, folder: Path, tape: str, key: Callable[[], bytes] | None) -> None:
        self.id = tape
        self._folder = folder
        self._get_key = key
        self._key: bytes | None = None

    @property
    def sealed(self) -> bool:
        """Whether the files are encrypted."""
        return self._get_key is not None

    def reader(self, name: str) -> Reader:
        """Open a file for reading at any place.

        Parameters
        ----------
        name : str
            For example ``"original"`` or ``"stages/diarization-ab12.json"``.

        Returns
        -------
        Reader
            A binary file with `size`, seekable. Wrap it in ``io.BufferedReader`` for many small reads.

        Raises
        ------
        TapeError
            When there is no such file, it is damaged or was changed, or the vault is locked.
        """
        return self._reader(self._checked(name))

    def writer(self, name: str) -> Writer:
        """Open a file for writing; it is there when it is closed, whole. An older one is replaced.

        Parameters
        ----------
        name : str

        Returns
        -------
        Writer
            A binary file, written front to back. Use it in a ``with`` statement.

        Raises
        ------
        TapeError
            When the name is not allowed, the vault is locked, or there is no room.
        """
        return self._writer(self._checked(name))

    def read_bytes(self, name: str) -> bytes:
        """Return all of a file; raises as :meth:`reader`."""
        with self.reader(name) as file:
            return file.read()

    def write_bytes(self, name: str, data: bytes) -> None:
        """Write a file in one go; the old one stays until the new one is whole. Raises as :meth:`writer`."""
        with self.writer(name) as file:
            file.write(data)

    def has(self, name: str) -> bool:
        """Say whether there is such a file."""
        return self._path(self._checked(name)).is_file()

    def names(self) -> tuple[str, ...]:
        """Return the names of all files, sorted; the facts are not among them."""
        return tuple(n for n in self._stored() if n != FACTS)

    def size(self, name: str) -> int:
        """Return the plain bytes of a file; raises as :meth:`reader`."""
        with self.reader(name) as file:
            return file.size

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        path = self._path(self._checked(name))
        if path.is_file():
            if self.sealed:
                path.unlink()
                sync_folder(path.parent)
            else:
                overwrite(path)

    # ------------------------------------------------------------ within

    def _data_key(self) -> bytes:
        if self._key is None and self._get_key is not None:
            self._key = self._get_key()
        return self._key or b""

    def _path(self, name: str) -> Path:
        return self._folder / (name + SEALED if self.sealed else name)

    def _reader(self, name: str) -> Reader:
        if self.sealed:
            return SealedReader(self._path(name), self._data_key(), name, self.id)
        return PlainReader(self._path(name), name, self.id)

    def _writer(self, name: str) -> Writer:
        if self.sealed:
            return SealedWriter(self._path(name), self._data_key(), name, self.id)
        return PlainWriter(self._path(name), name, self.id)

    def _checked(self, name: str) -> str:
        parts = name.split("/")
        sound = len(parts) <= 3 and all(_PART_OF_NAME.fullmatch(p) for p in parts)
        if not sound or name.lower() in {TAPE_FILE, KEY_FILE, FACTS} or name.endswith((PART, SEALED)):
            raise TapeError(
                Problem(
                    f"{name!r} is no name for a file of a tape.",
                    self.id,
                    hint="Letters, digits, '.', '-' and '_', in at most two folders, as in stages/words.json.",
                )
            )
        return name

    def _paths(self) -> list[Path]:
        """Return all files that ought to be files of the tape, half-written ones left out."""
        found = [p for p in sorted(self._folder.rglob("*")) if p.is_file() and p.suffix != PART]
        return [p for p in found if p.parent != self._folder or p.name not in {TAPE_FILE, KEY_FILE}]

    def _stored(self) -> tuple[str, ...]:
        names = (p.relative_to(self._folder).as_posix() for p in self._paths())
        if not self.sealed:
            return tuple(sorted(names))
        return tuple(sorted(n.removesuffix(SEALED) for n in names if n.endswith(SEALED)))


class Tape(Files):
    """One recording in a vault, with all that was made of it.

    Attributes
    ----------
    id : str
        Neutral name, for example ``"T-7K3QX9PM"``.
    session, participant : str
        Pseudonyms.
    added : str
        ISO 8601.
    """

    def __init__(self, folder: Path, record: Mapping[str, str], key: Callable[[], bytes] | None) -> None:
        super().__init__(folder, record["tape"], key)
        self.session = record["session"]
        self.participant = record["participant"]
        self.added = record["added"]

    def __repr__(self) -> str:
        return f"Tape({self.id!r}, session={self.session!r}, participant={self.participant!r})"

    def facts(self) -> dict[str, Any]:
        """Return what was noted when the recording was added.

        Raises
        ------
        TapeError
            When the vault is locked, or the facts or the tape's session or participant were changed.
        """
        with self._reader(FACTS) as file:
            data = file.read()
        try:
            record = json.loads(data)
            whose = record["session"], record["participant"]
            facts = dict(record["facts"])
        except (ValueError, KeyError, TypeError):
            raise TapeError(Problem("it is damaged.", f"{self.id}/{FACTS}", hint=_HINT_TAPE)) from None
        if whose != (self.session, self.participant):
            raise TapeError(
                Problem(
                    "the session or participant of this tape was changed since it was added.",
                    f"{self.id}/{TAPE_FILE}",
                    hint=_HINT_TAPE,
                )
            )
        return facts

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Work on the tape while no other process does.

        Raises
        ------
        TapeHeld
            When it is held already, be it by this process.
        TapeError
            When the tape was forgotten in the meantime.
        """
        with owned(self._folder.parent / LOCKS_FOLDER / self.id) as mine:
            if not mine:
                raise held(self.id)
            if not (self._folder / TAPE_FILE).exists():
                raise TapeError(Problem("this tape was forgotten.", self.id))
            yield

    def verify(self) -> None:
        """Read through every file, the facts included.

        In a vault that is not sealed this shows only that files can be read, not that they are unchanged.

        Raises
        ------
        TapeError
            With one problem for each file that is damaged, was changed, or does not belong here.
        """
        problems: list[Problem] = []
        try:
            self.facts()
        except TapeError as error:
            problems += error.problems
        for path in self._paths():
            name = path.relative_to(self._folder).as_posix()
            if self.sealed and not name.endswith(SEALED):
                what = "this file is not sealed, and not of bordin's making."
                problems.append(Problem(what, f"{self.id}/{name}", hint="Take it out of the vault."))
                continue
            try:
                with self._reader(name.removesuffix(SEALED) if self.sealed else name) as file:
                    file.verify()
            except TapeError as error:
                problems += error.problems
        if problems:
            raise TapeError(tuple(dict.fromkeys(problems)))


def open_tape(
    folder: Path, study_key: Callable[[], bytes] | None, record: Mapping[str, str] | None = None
) -> Tape:
    """Return a tape of a vault.

    Parameters
    ----------
    folder : Path
        The folder of the tape.
    study_key : callable or None
        Returns the study key when it is needed; None where files are plain.
    record : mapping of str to str, optional
        From :func:`read_tape_file`, where it is known already.

    Raises
    ------
    TapeError
        When ``tape.json`` is damaged.
    """

    def data_key() -> bytes:
        opens = study_key() if study_key is not None else b""
        try:
            text = (folder / KEY_FILE).read_text(encoding="ascii", errors="replace")
        except OSError:
            text = ""
        return unwrap_data_key(text, opens, folder.name)

    known = read_tape_file(folder) if record is None else record
    return Tape(folder, known, data_key if study_key is not None else None)


def read_tape_file(folder: Path) -> dict[str, str]:
    """Return what ``tape.json`` says.

    Parameters
    ----------
    folder : Path
        The folder of the tape.

    Raises
    ------
    TapeError
        When it is absent, damaged, or of another tape.
    """
    place = f"{folder.name}/{TAPE_FILE}"
    try:
        record = json.loads((folder / TAPE_FILE).read_text(encoding="utf-8"))
        wanted = {k: record[k] for k in ("tape", "session", "participant", "added", "content")}
        sound = all(isinstance(v, str) for v in wanted.values()) and wanted["tape"] == folder.name
        version = record["format"]
    except (OSError, ValueError, KeyError, TypeError):
        sound = False
    if not sound:
        raise TapeError(Problem("it is damaged: this is not what bordin wrote.", place, hint=_HINT_TAPE))
    if version != TAPE_FORMAT:
        raise TapeError(
            Problem(
                f"it is of format {version}, and this bordin reads format {TAPE_FORMAT}.",
                place,
                hint="Use the newer bordin that made it.",
            )
        )
    return wanted


def write_json(path: Path, record: Mapping[str, Any], tape: str = "") -> None:
    """Write a JSON file at once or not at all, and wait until it is on the disk."""
    with PlainWriter(path, path.name, tape or path.parent.name) as file:
        file.write(json.dumps(record, ensure_ascii=False, indent=2).encode() + b"\n")


def neutral_names(content: str) -> Iterator[str]:
    """Yield names for a recording, from the shortest on.

    Parameters
    ----------
    content : str
        Keyed hash of the recording, 64 hexadecimal digits.
    """
    for length in _LENGTHS:
        bits = int(content, 16) >> (256 - 5 * length)
        yield "T-" + "".join(_LETTERS[bits >> 5 * i & 31] for i in reversed(range(length)))
