"""The vault: the folder ``tapes/`` of a study, where recordings lie sealed under neutral names.

::

    tapes/vault.json         sealed or not, what opens it, the wrapped study key
    tapes/T-7K3QX9PM/        one tape: tape.json, data-key, and its files, each sealed
    tapes/tombstones.jsonl   which tapes were forgotten
    tapes/exports.jsonl      which exports were made

A tape appears whole or not at all: it is made in a hidden folder that gets its name in one step. What a killed
process leaves is removed by :meth:`Vault.clean`. A tape is forgotten by destroying its data key; that needs no
passphrase.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any

from bordin.errors import Problem, TapeError, nearest
from bordin.tapes.vault.drafts import (
    Draft,
    TapeExists,
    TapeForgotten,
    clean_drafts,
    clean_parts,
    draft_folder,
    drop_draft,
)
from bordin.tapes.vault.forgetting import forget_tape
from bordin.tapes.vault.keys import (
    VAULT_FILE,
    Argon2,
    Lock,
    lock_study_key,
    naming_key,
)
from bordin.tapes.vault.tape_folder import (
    TAPE_FILE,
    TAPE_NAME,
    Tape,
    TapeHeld,
    neutral_names,
    open_tape,
    read_tape_file,
    write_json,
)
from bordin.tapes.vault.tombstones import (
    Export,
    Tombstone,
    note_export,
    read_exports,
    read_tombstones,
    time_of,
)

__all__ = ["Draft", "Tape", "TapeExists", "TapeForgotten", "TapeHeld", "Tombstone", "Vault"]

FOLDER = "tapes"

_SHA256 = re.compile(r"[0-9a-f]{64}")


class Vault:
    """The tapes of one study; made by :func:`open_vault`, :func:`create_vault` or :func:`create_unsealed`.

    Attributes
    ----------
    folder : Path
        ``tapes/`` of the study.
    sealed : bool
        Whether the files are encrypted.
    """

    def __init__(self, folder: Path, record: Mapping[str, Any], study_key: bytes | None) -> None:
        self.folder = folder
        self.sealed: bool = record["sealed"]
        self._record = record
        self._study_key = study_key
        self._contents: dict[str, str] = {}
        self._read: dict[str, tuple[tuple[int, ...], dict[str, str]]] = {}

    def __getstate__(self) -> dict[str, Any]:
        # What was read of thousands of tapes does not go along to a process that works on one.
        return {**self.__dict__, "_read": {}}

    @property
    def locked(self) -> bool:
        """Whether it is sealed and was opened without a key: tapes can be listed and forgotten, not heard."""
        return self.sealed and self._study_key is None

    @property
    def study_key(self) -> bytes:
        """The study key of a sealed vault; raises when it is locked."""
        if self._study_key is None:
            raise TapeError(
                Problem("the tapes are locked.", hint="Open them with the passphrase, key file or keyring.")
            )
        return self._study_key

    # ------------------------------------------------------------ finding

    def names(self) -> tuple[str, ...]:
        """Return the neutral names of all tapes, sorted, without opening any."""
        going = self._going()
        return tuple(name for name in self._folders() if name not in going)

    def tapes(self, damaged: list[Problem] | None = None) -> tuple[Tape, ...]:
        """Return all tapes, by session.

        Parameters
        ----------
        damaged : list of Problem, optional
            Takes what is wrong with a damaged ``tape.json``; that tape is then left out.

        Raises
        ------
        TapeError
            When a ``tape.json`` is damaged and no list is given.
        """
        found = []
        for name in self.names():
            try:
                found.append(self._opened(name))
            except TapeError as error:
                if damaged is None:
                    raise
                damaged += error.problems
        return tuple(sorted(found, key=lambda t: (t.session, t.id)))

    def tape(self, tape: str) -> Tape:
        """Return one tape by its neutral name.

        Raises
        ------
        TapeForgotten
            When it was forgotten.
        TapeError
            When there is none, or its ``tape.json`` is damaged.
        """
        if self._has(tape) and tape not in self._going():
            return self._opened(tape)
        for stone in reversed(self.tombstones()):
            if stone.tape == tape:
                raise TapeForgotten(stone)
        raise TapeError(Problem(f"there is no tape {tape!r}.", hint=nearest(tape, self._folders())))

    def find(self, session: str | None = None, participant: str | None = None) -> tuple[Tape, ...]:
        """Return the tapes of a session, of a participant, or of both."""
        return tuple(
            t for t in self.tapes() if session in (None, t.session) and participant in (None, t.participant)
        )

    def tape_id(self, sha256_of_original: str) -> str:
        """Return the neutral name of a recording.

        It is a keyed hash of the recording's hash: the same recording has the same name in this vault, and
        without the key nobody can tell whether a recording at hand is the one so named.

        Parameters
        ----------
        sha256_of_original : str
            64 hexadecimal digits.

        Returns
        -------
        str
            For example ``"T-7K3QX9PM"``; longer in the rare case that two recordings would share a name.
        """
        text = sha256_of_original.lower()
        if not _SHA256.fullmatch(text):
            raise TapeError(f"{sha256_of_original!r} is no SHA-256: 64 hexadecimal digits.")
        key = naming_key(self.study_key) if self.sealed else bytes.fromhex(self._record["names"])
        content = hmac.new(key, bytes.fromhex(text), hashlib.sha256).hexdigest()
        stones = {s.tape: s.content for s in self.tombstones()}
        going = self._going()
        for name in neutral_names(content):
            there = self._has(name) and name not in going
            taken = read_tape_file(self.folder / name)["content"] if there else stones.get(name)
            if not taken or taken == content:
                break
        self._contents[name] = content
        return name

    # ------------------------------------------------------------ adding

    @contextmanager
    def draft(self, tape: str, *, session: str, participant: str, again: bool = False) -> Iterator[Draft]:
        """Make a tape; it appears when :meth:`Draft.commit` is called, else nothing is left.

        Parameters
        ----------
        tape : str
            From :meth:`tape_id`.
        session, participant : str
            Pseudonyms; they stand in clear.
        again : bool
            Allow a recording that was forgotten.

        Yields
        ------
        Draft
            With ``writer``, ``write_bytes``, ``reader`` and ``commit``.

        Raises
        ------
        TapeExists, TapeForgotten
            When it is in the vault already, or was forgotten.
        TapeError
            When the vault is locked, or a pseudonym is empty.
        """
        if not TAPE_NAME.fullmatch(tape):
            raise TapeError(f"{tape!r} is no neutral name of a tape, such as 'T-7K3QX9PM'.")
        for what, text in (("session", session), ("participant", participant)):
            if not text.strip() or not text.isprintable():
                raise TapeError(Problem(f"a tape needs the pseudonym of its {what}.", tape))
        if self.sealed:
            _ = self.study_key
        if self._going().get(tape):
            self.clean()
        if self._has(tape):
            raise TapeExists(self.tape(tape))
        self.refuse_forgotten(tape, again=again)
        record = {
            "tape": tape,
            "session": session,
            "participant": participant,
            "added": time_of(None),
            "content": self._contents.get(tape, ""),
        }
        with draft_folder(self.folder, tape) as folder:
            draft = Draft(self, folder, record, again=again)
            try:
                yield draft
            finally:
                if not draft.committed:
                    drop_draft(folder, sealed=self.sealed)

    def refuse_forgotten(self, tape: str, *, again: bool = False) -> None:
        """Raise `TapeForgotten` when a tape was forgotten and that is not allowed."""
        for stone in reversed(self.tombstones()):
            if stone.tape == tape and not again:
                raise TapeForgotten(stone)

    def clean(self) -> tuple[str, ...]:
        """Remove what killed processes left, and finish what they began to forget.

        Nothing that a living process works on is touched.

        Returns
        -------
        tuple of str
            What was removed: names within the vault.
        """
        places = [self.folder / n for n in self._folders()]
        gone = clean_drafts(self.folder, sealed=self.sealed) + clean_parts(self.folder, places)
        for stone in self._going().values():
            with suppress(TapeHeld):
                forget_tape(self.folder, stone.tape, stone.reason, None, sealed=self.sealed)
                gone.append(stone.tape)
        return tuple(gone)

    # ------------------------------------------------------------ forgetting

    def tombstones(self) -> tuple[Tombstone, ...]:
        """Return what is left of forgotten tapes, oldest first."""
        return read_tombstones(self.folder)

    def exports(self, tape: str | None = None) -> tuple[Export, ...]:
        """Return the exports that were noted, of one tape or all."""
        return read_exports(self.folder, tape)

    def note_export(
        self, tape_ids: Sequence[str], path: str | os.PathLike[str], what: str, today: date | None = None
    ) -> Export:
        """Write down that something of these tapes was exported, for the day they are to be forgotten.

        Parameters
        ----------
        tape_ids : sequence of str
        path : str or path
            As the person gave it.
        what : str
            For example ``"transcript (vtt)"``.
        today : date or datetime, optional
        """
        names = tuple(self.tape(t).id for t in tape_ids)
        export = Export(time_of(today), names, os.fspath(path), what)
        note_export(self.folder, export)
        return export

    def forget(
        self,
        participant: str | None = None,
        tapes: Sequence[str] = (),
        *,
        reason: str,
        today: date | None = None,
    ) -> tuple[Tombstone, ...]:
        """Destroy tapes for good: their keys first, then their files. Needs no passphrase.

        It can be called again: what a kill interrupted is finished, what is forgotten already is returned.

        Parameters
        ----------
        participant : str, optional
            Pseudonym; all tapes of this participant.
        tapes : sequence of str
            Neutral names, instead of a participant.
        reason : str
            Stays in the tombstone.
        today : date or datetime, optional

        Returns
        -------
        tuple of Tombstone
            One for each tape, with the earlier exports that hold something of it.

        Raises
        ------
        TapeHeld
            When another process works on one of them; the others are forgotten.
        TapeError
            When nothing is named, or it is unknown, or no reason is given.
        """
        if not reason.strip():
            raise TapeError(Problem("forgetting needs a reason.", hint="For example: consent withdrawn."))
        chosen = self._chosen(participant, tapes)
        self.clean()
        found: list[Tombstone] = []
        problems: list[Problem] = []
        for name in chosen:
            try:
                found.append(forget_tape(self.folder, name, reason.strip(), today, sealed=self.sealed))
            except TapeHeld as error:
                problems += error.problems
        if problems:
            raise TapeHeld(problems)
        return tuple(found)

    def _chosen(self, participant: str | None, tapes: Sequence[str]) -> tuple[str, ...]:
        if (participant is None) == (not tapes):
            raise TapeError("name either a participant or tapes to be forgotten.")
        stones = self.tombstones()
        if participant is not None:
            named = [t.id for t in self.find(participant=participant)]
            # A tape that is here again belongs to whom it was added for, whatever an old tombstone says.
            here = set(self._folders())
            mine = [s for s in stones if s.participant == participant]
            named += [s.tape for s in mine if not s.finished or s.tape not in here]
            if not named:
                known = {t.participant for t in self.tapes()}
                raise TapeError(
                    Problem(
                        f"there is no tape of participant {participant!r}.", hint=nearest(participant, known)
                    )
                )
            return tuple(dict.fromkeys(named))
        known = {*self._folders(), *(s.tape for s in stones)}
        for name in tapes:
            if name not in known:
                raise TapeError(Problem(f"there is no tape {name!r}.", hint=nearest(name, known)))
        return tuple(dict.fromkeys(tapes))

    # ------------------------------------------------------------ the lock

    def change_lock(self, new: Lock, *, argon2: Argon2 | None = None) -> None:
        """Open the vault by something else from now on. Tapes stay as they are.

        A copy of the old ``vault.json`` is still opened by the old lock.

        Parameters
        ----------
        new : Passphrase, KeyFile or Keyring
        argon2 : Argon2, optional
            Work of a passphrase.

        Raises
        ------
        TapeError
            When the vault is locked or not sealed, or as :func:`bordin.tapes.vault.keys.lock_study_key`.
        """
        if not self.sealed:
            raise TapeError(Problem("these tapes are not sealed: there is no lock to change.", VAULT_FILE))
        vault = self._record["vault"]
        lock = lock_study_key(self.study_key, new, vault, study=study_of(self.folder), argon2=argon2)
        self._record = {**self._record, "lock": lock}
        write_json(self.folder / VAULT_FILE, self._record)

    # ------------------------------------------------------------ within

    def _has(self, tape: str) -> bool:
        """Say whether there is a folder of this name; in a vault of thousands, looking at all takes its time."""
        return bool(TAPE_NAME.fullmatch(tape)) and (self.folder / tape).is_dir()

    def _folders(self) -> list[str]:
        with os.scandir(self.folder) as found:
            return sorted(one.name for one in found if TAPE_NAME.fullmatch(one.name) and one.is_dir())

    def _going(self) -> dict[str, Tombstone]:
        """Return the tombstones of tapes whose forgetting is not finished."""
        return {s.tape: s for s in self.tombstones() if not s.finished}

    def _opened(self, name: str) -> Tape:
        folder = self.folder / name
        record = self._record_of(folder)
        return open_tape(folder, (lambda: self.study_key) if self.sealed else None, record)

    def _record_of(self, folder: Path) -> dict[str, str]:
        """Return what ``tape.json`` says, read again only when the file is another one: a list asks for all of them."""
        try:
            there = (folder / TAPE_FILE).stat()
        except OSError:
            return read_tape_file(folder)
        mark = (there.st_mtime_ns, there.st_ctime_ns, there.st_size, there.st_ino)
        held = self._read.get(folder.name)
        if held is None or held[0] != mark:
            held = self._read[folder.name] = (mark, read_tape_file(folder))
        return held[1]


def study_of(folder: Path) -> Path:
    """Return the study folder that a vault lies in."""
    return Path(os.path.realpath(folder)).parent
