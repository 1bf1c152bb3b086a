"""A tape in the making: it lies in a hidden folder, and becomes a tape by one renaming."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bordin.errors import Problem, TapeError
from bordin.tapes.vault.forgetting import destroy_folder
from bordin.tapes.vault.keys import new_key, wrap_data_key
from bordin.tapes.vault.owning import LOCKS_FOLDER, owned, remove_abandoned, sync_folder
from bordin.tapes.vault.plain_files import PART
from bordin.tapes.vault.tape_folder import FACTS, KEY_FILE, TAPE_FILE, TAPE_FORMAT, Files, Tape, write_json
from bordin.tapes.vault.tombstones import Tombstone

if TYPE_CHECKING:
    from bordin.tapes.vault.vault import Vault

_DRAFT = ".partial-"


class TapeExists(TapeError):
    """The recording is in the vault already; `tape` is it."""

    def __init__(self, tape: Tape) -> None:
        super().__init__(
            Problem(f"this recording is in the vault already, as session {tape.session}.", tape.id)
        )
        self.tape = tape


class TapeForgotten(TapeError):
    """The recording was forgotten; `tombstone` says when and why."""

    def __init__(self, tombstone: Tombstone) -> None:
        super().__init__(
            Problem(
                f"this recording was forgotten on {tombstone.time[:10]} ({tombstone.reason}).",
                tombstone.tape,
                hint="Add it again only if the participant agreed to it; that has to be said expressly.",
            )
        )
        self.tombstone = tombstone


class Draft(Files):
    """A tape in the making; made by :meth:`Vault.draft`."""

    def __init__(self, vault: Vault, folder: Path, record: dict[str, str], *, again: bool) -> None:
        self._new_key = new_key()
        super().__init__(folder, record["tape"], (lambda: self._new_key) if vault.sealed else None)
        self._vault, self._record, self._again = vault, record, again
        self.committed = False

    def commit(self, facts: Mapping[str, Any]) -> Tape:
        """Make the tape appear in the vault, in one step.

        Parameters
        ----------
        facts : mapping
            What is to be known of the recording, for JSON; sealed like the tape.

        Returns
        -------
        Tape

        Raises
        ------
        TapeExists
            When another process was faster.
        TapeForgotten
            When it was forgotten in the meantime.
        TapeError
            When a file is still being written.
        """
        if self.committed:
            raise TapeError(Problem("this tape is in the vault already.", self.id))
        if any(self._folder.rglob(f"*{PART}")):
            raise TapeError(Problem("a file of this tape is still being written.", self.id))
        whose = {k: self._record[k] for k in ("session", "participant")}
        with self._writer(FACTS) as file:
            file.write(json.dumps(whose | {"facts": dict(facts)}, ensure_ascii=False).encode())
        if self.sealed:
            wrapped = wrap_data_key(self._new_key, self._vault.study_key, self.id)
            (self._folder / KEY_FILE).write_text(wrapped + "\n", encoding="ascii")
            with (self._folder / KEY_FILE).open("r+b") as key_file:
                os.fsync(key_file.fileno())
        write_json(self._folder / TAPE_FILE, {"format": TAPE_FORMAT, **self._record}, self.id)
        self._vault.refuse_forgotten(self.id, again=self._again)
        target = self._vault.folder / self.id
        try:
            os.rename(self._folder, target)
        except OSError as error:
            if (target / TAPE_FILE).exists():
                raise TapeExists(self._vault.tape(self.id)) from None
            raise TapeError(
                Problem(
                    f"it cannot be put into the vault ({error.strerror}).",
                    self.id,
                    hint="Close what reads its files, check the rights of the study folder, and add it again.",
                )
            ) from None
        self.committed, self._folder = True, target
        sync_folder(target.parent)
        return self._vault.tape(self.id)


@contextmanager
def draft_folder(vault: Path, tape: str) -> Iterator[Path]:
    """Make a hidden folder that this process owns.

    Parameters
    ----------
    vault : Path
    tape : str
        Neutral name.

    Yields
    ------
    Path
    """
    folder = vault / f"{_DRAFT}{tape}-{secrets.token_hex(4)}"
    lock = vault / LOCKS_FOLDER / folder.name
    try:
        # Owned before it is there: nobody takes it for abandoned. One who cleans may have the lock for a moment.
        with owned(lock, wait=True):
            folder.mkdir()
            yield folder
    finally:
        with suppress(OSError):
            lock.unlink()


def drop_draft(folder: Path, *, sealed: bool) -> None:
    """Leave nothing of a draft that was not committed."""
    if sealed:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        with suppress(OSError):
            destroy_folder(folder, (), sealed=False)


def clean_drafts(vault: Path, *, sealed: bool) -> list[str]:
    """Remove the drafts that no living process owns; return their names."""
    gone = []
    # A process that is killed when its tape has just appeared leaves the lock and no folder.
    names = {p.name for place in (vault, vault / LOCKS_FOLDER) for p in place.glob(f"{_DRAFT}*")}
    for folder in (vault / name for name in sorted(names)):
        lock = vault / LOCKS_FOLDER / folder.name
        with owned(lock) as mine:
            if mine and folder.is_dir():
                drop_draft(folder, sealed=sealed)
                gone.append(folder.name)
        if mine:
            with suppress(OSError):
                lock.unlink()
    return gone


def clean_parts(vault: Path, tapes: Sequence[Path]) -> list[str]:
    """Remove half-written files of the vault and its tapes that no living process owns; return their names."""
    found = [*vault.glob(f"*{PART}"), *(p for tape in tapes for p in tape.rglob(f"*{PART}"))]
    return [part.relative_to(vault).as_posix() for part in found if remove_abandoned(part)]
