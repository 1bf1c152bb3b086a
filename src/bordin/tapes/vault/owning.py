"""Who works on what: files that one process at a time may own, and that a killed process owns no longer."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bordin.errors import Problem, TapeError

LOCKS_FOLDER = ".locks"

# Windows locks a range of bytes; one that no file of ours is likely to use.
_LOCKED_BYTE = 0x7FFFFFFE


def take_lock(file: int) -> bool:
    """Try to lock an open file for this process; the lock ends when the file is closed or the process ends.

    Parameters
    ----------
    file : int
        File descriptor.

    Returns
    -------
    bool
        False when another has it.
    """
    if sys.platform == "win32":
        import msvcrt

        place = os.lseek(file, 0, os.SEEK_CUR)
        os.lseek(file, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(file, place, os.SEEK_SET)
        return True
    else:
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextmanager
def owned(path: Path, *, wait: bool = False) -> Iterator[bool]:
    """Own a lock file as long as the ``with`` block lasts.

    Parameters
    ----------
    path : Path
        The lock file; made when absent. Only its owner may remove it.
    wait : bool
        Wait until it is free.

    Yields
    ------
    bool
        False when another process, or another place in this one, owns it.

    Raises
    ------
    TapeError
        When the file system knows no locks.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            mine = take_lock(file)
            # Its owner may have removed it between our opening and our locking.
            same = path.exists() and os.path.samestat(os.fstat(file), path.stat())
        except OSError as error:
            os.close(file)
            raise TapeError(
                Problem(
                    f"this folder cannot be used by one process at a time ({error.strerror}).",
                    hint="Keep the study on a local disk, or on a share that supports file locks.",
                )
            ) from None
        if (mine and same) or not (mine or wait):
            break
        os.close(file)
        time.sleep(0 if mine else 0.01)
    try:
        yield mine
    finally:
        os.close(file)


def remove_abandoned(part: Path) -> bool:
    """Remove a ``.part`` file if it belongs to no living writer; say whether it did not."""
    try:
        file = os.open(part, os.O_RDWR)
    except OSError:
        return False
    try:
        abandoned = take_lock(file)
        # Removed while it is ours, so that its writer, should it only be about to lock it, makes another.
        if abandoned and sys.platform != "win32":
            part.unlink(missing_ok=True)
    except OSError:
        return False
    finally:
        os.close(file)
    if abandoned and sys.platform == "win32":
        # What somebody has open cannot be removed there.
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return abandoned


def sync_folder(folder: Path) -> None:
    """Make sure that names in a folder are on the disk; Windows does so by itself."""
    if sys.platform != "win32":
        file = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)
