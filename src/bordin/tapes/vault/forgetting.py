"""Destroy a tape: its key first, so that from the first moment on nothing of it can be read.

A tombstone is begun before, and finished when nothing is left. A kill in between leaves a begun tombstone, and
the next forgetting or cleaning goes on from there. None of this needs the passphrase.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from pathlib import Path

from bordin.errors import Problem, TapeError
from bordin.tapes.vault.owning import LOCKS_FOLDER, owned, sync_folder
from bordin.tapes.vault.plain_files import overwrite
from bordin.tapes.vault.tape_folder import KEY_FILE, SEALED, held, read_tape_file
from bordin.tapes.vault.tombstones import (
    Tombstone,
    begin_tombstone,
    finish_tombstone,
    read_exports,
    read_tombstones,
    time_of,
)


def forget_tape(vault: Path, tape: str, reason: str, today: date | None, *, sealed: bool) -> Tombstone:
    """Destroy one tape, or finish what was begun; return its tombstone.

    Parameters
    ----------
    vault : Path
        Folder of the vault.
    tape : str
        Neutral name.
    reason : str
    today : date, datetime or None
        None is now.
    sealed : bool
        Whether the files are encrypted.

    Raises
    ------
    TapeHeld
        When another process works on it.
    TapeError
        When a file cannot be removed; call it again to finish.
    """
    folder, lock = vault / tape, vault / LOCKS_FOLDER / tape
    with owned(lock) as mine:
        if not mine:
            raise held(tape)
        stones = [s for s in read_tombstones(vault) if s.tape == tape]
        if stones and (not stones[-1].finished or not folder.exists()):
            stone = stones[-1]
        else:
            stone = _new_stone(vault, tape, reason, today, sealed=sealed)
            begin_tombstone(vault, stone)
        if not stone.finished:
            try:
                destroy_folder(folder, (KEY_FILE,), sealed=sealed)
            except OSError as error:
                raise TapeError(
                    Problem(
                        f"not all of it could be destroyed ({error.strerror}).",
                        tape,
                        hint="Close the programs that use it, and forget it again to finish.",
                    )
                ) from None
            stone = finish_tombstone(vault, stone, today)
        with suppress(OSError):
            lock.unlink()
    return stone


def _new_stone(vault: Path, tape: str, reason: str, today: date | None, *, sealed: bool) -> Tombstone:
    folder = vault / tape
    try:
        record = read_tape_file(folder)
    except TapeError:
        # A damaged tape can be forgotten too.
        record = {"participant": "", "session": "", "content": ""}
    paths = [p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir()]
    names = sorted(n.removesuffix(SEALED) if sealed else n for n in paths)
    return Tombstone(
        tape,
        record["participant"],
        record["session"],
        time_of(today),
        reason,
        tuple(names),
        read_exports(vault, tape),
        record["content"],
    )


def destroy_folder(folder: Path, first: Iterable[str], *, sealed: bool) -> None:
    """Destroy a tape's folder, its key before all else.

    Parameters
    ----------
    folder : Path
        Need not exist any more.
    first : iterable of str
        Names of the files that go first; they are overwritten.
    sealed : bool
        Whether the other files are encrypted; if not, they are overwritten too.
    """
    for name in first:
        with suppress(FileNotFoundError):
            overwrite(folder / name)
    if folder.is_dir():
        for path in sorted(folder.rglob("*"), reverse=True):
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            elif sealed or path.is_symlink():
                path.unlink()
            else:
                overwrite(path)
        folder.rmdir()
        sync_folder(folder.parent)
