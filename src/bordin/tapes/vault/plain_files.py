"""Files of a tape as bytes: written front to back, there only when whole, read at any place.

`PlainWriter` and `PlainReader` are for vaults that are not sealed; :mod:`bordin.tapes.vault.sealing` encrypts what
passes through the same two shapes. A file is written under a name that ends in ``.part`` and gets its own
name when all of it is on the disk.
"""

from __future__ import annotations

import io
import os
import secrets
import sys
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from bordin.errors import Problem, TapeError
from bordin.tapes.vault.owning import sync_folder, take_lock

if TYPE_CHECKING:

    class _Raw(io.RawIOBase, BinaryIO):
        """For the type checker: a raw file is a binary file."""

else:
    _Raw = io.RawIOBase

CHUNK = 1 << 16
PART = ".part"

# Chunks that are fetched with one read.
RUN = 64

HINT_DAMAGED = "Restore this tape from a backup, or forget it and add the recording again."


class Writer(_Raw):
    """A binary file that appears under its name when it is whole; see `SealedWriter` and `PlainWriter`.

    It is written front to back. Only the first 65 536 bytes are held in memory until the end, so that the
    header of a recording can be completed. Used in a ``with`` statement: after an exception nothing is left.
    """

    _before = 0
    _overhead = 0
    _out: io.FileIO | None = None

    def __init__(self, path: Path, role: str, tape: str) -> None:
        self._path, self._role, self._tape = path, role, tape
        self._first = bytearray()
        self._rest = bytearray()
        self._size = self._position = self._chunks = 0
        self._part = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            while self._out is None:
                self._out = self._opened()
            self._begin()
        except OSError as error:
            self.discard()
            raise self._unwritable(error) from None

    def _opened(self) -> io.FileIO | None:
        """Make the file and own it; None when one who cleans took it for abandoned before it was owned."""
        self._part = self._path.with_name(f"{self._path.name}.{secrets.token_hex(4)}{PART}")
        out = self._part.open("xb", buffering=0)
        try:
            if take_lock(out.fileno()) and self._part.exists():
                return out
        except OSError:
            # On a share that knows no locks, files can still be written.
            return out
        out.close()
        return None

    def _begin(self) -> None:
        """Write what comes before the first chunk."""

    def _record(self, index: int, plain: bytes | bytearray | memoryview) -> bytes | bytearray | memoryview:
        """Return a chunk as it stands in the file."""
        return plain

    def _end(self) -> None:
        """Write what comes after the last chunk."""

    def writable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True: within the first chunk, and back to the end."""
        return True

    def tell(self) -> int:
        """Return where the next byte goes."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to a place in the first chunk, or to the end; other places raise ``io.UnsupportedOperation``."""
        place = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        if not (0 <= place <= min(self._size, CHUNK) or place == self._size):
            raise io.UnsupportedOperation(
                f"a tape is written front to back: only its first {CHUNK} bytes can be changed"
            )
        self._position = place
        return place

    def write(self, data: Any, /) -> int:
        """Add bytes, or change some of the first chunk."""
        if self.closed:
            raise ValueError("this file is closed")
        view = memoryview(data).cast("B")
        count = len(view)
        behind = self._position != self._size
        if behind and self._size > CHUNK and self._position + count > CHUNK:
            raise io.UnsupportedOperation("this would overwrite what is sealed already")
        if self._position < CHUNK:
            taken = min(count, CHUNK - self._position)
            self._first[self._position : self._position + taken] = view[:taken]
            self._move(taken)
            view = view[taken:]
        try:
            self._append(view)
        except OSError as error:
            raise self._unwritable(error) from None
        self._move(len(view))
        return count

    def _move(self, count: int) -> None:
        self._position += count
        self._size = max(self._size, self._position)

    def _append(self, view: memoryview) -> None:
        while len(self._rest) + len(view) >= CHUNK:
            if self._rest:
                taken = CHUNK - len(self._rest)
                self._rest += view[:taken]
                self._put(self._rest)
                self._rest = bytearray()
            else:
                taken = CHUNK
                self._put(view[:CHUNK])
            view = view[taken:]
        self._rest += view

    def _put(self, plain: bytes | bytearray | memoryview) -> None:
        if not self._chunks:
            # Room for the first chunk, which is written last.
            self._send(bytes(CHUNK + self._overhead))
            self._chunks = 1
        self._send(self._record(self._chunks, plain))
        self._chunks += 1

    def _send(self, data: bytes | bytearray | memoryview) -> None:
        view = memoryview(data)
        while self._out is not None and view:
            view = view[self._out.write(view) :]

    def close(self) -> None:
        """Complete the file: all is on the disk when it gets its name."""
        if self.closed or self._out is None:
            return
        try:
            if self._rest:
                self._put(self._rest)
            if self._first:
                self._out.seek(self._before)
                self._send(self._record(0, self._first))
                self._chunks = max(self._chunks, 1)
            self._out.seek(0, os.SEEK_END)
            self._end()
            os.fsync(self._out.fileno())
            if sys.platform == "win32":
                self._out.close()
            os.replace(self._part, self._path)
            sync_folder(self._path.parent)
        except OSError as error:
            self.discard()
            raise self._unwritable(error) from None
        except BaseException:
            self.discard()
            raise
        self._out.close()
        super().close()

    def discard(self) -> None:
        """Leave nothing of the file behind."""
        if not self.closed:
            if self._out is not None:
                with suppress(OSError):
                    self._out.close()
                with suppress(OSError):
                    self._part.unlink()
            super().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    def __del__(self) -> None:
        # The base class would complete a file that was left unfinished.
        self.discard()

    def _unwritable(self, error: OSError) -> TapeError:
        return TapeError(
            Problem(
                f"it cannot be written ({error.strerror or type(error).__name__}).",
                _place(self._tape, self._role),
                hint="Make room on the disk, or check the rights of the study folder, and start again.",
            )
        )


class PlainWriter(Writer):
    """Write a plain file in the same way as `SealedWriter`.

    Parameters
    ----------
    path : Path
        Where it will stand.
    role, tape : str
        For error messages.
    """


class Reader(_Raw):
    """A binary file that is read at any place; see `SealedReader` and `PlainReader`.

    Wrap it in ``io.BufferedReader`` where many small pieces are read. Not for several threads at once.
    """

    size: int
    """Plain bytes."""

    def __init__(self, path: Path, role: str, tape: str) -> None:
        self._role, self._tape = role, tape
        self._position = 0
        try:
            self._file = path.open("rb", buffering=0)
        except FileNotFoundError:
            raise self._refusal("the tape has no such file.", "Make it again, or restore the tape.") from None
        except OSError as error:
            raise self._refusal(
                f"it cannot be read ({error.strerror}).", "Check the rights of the study folder."
            ) from None

    @abstractmethod
    def _pieces(self, start: int, count: int) -> Iterator[memoryview]:
        """Yield the plain bytes from `start` on; all of them exist."""

    def verify(self) -> None:
        """Read through everything.

        Raises
        ------
        TapeError
            When any byte was changed, cut off or added.
        """
        for _ in self._pieces(0, self.size):
            pass

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return where the next byte comes from."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to any place, as in other binary files."""
        place = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        if place < 0:
            raise ValueError(f"there is no place {place} in a file")
        self._position = place
        return place

    def _left(self, wanted: int) -> int:
        if self.closed:
            raise ValueError("this file is closed")
        return min(wanted, max(0, self.size - self._position))

    def read(self, size: int | None = -1, /) -> bytes:
        """Return up to `size` bytes, all that are left when it is negative or None."""
        count = self._left(self.size if size is None or size < 0 else size)
        data = b"".join(self._pieces(self._position, count)) if count else b""
        self._position += count
        return data

    def readall(self) -> bytes:
        """Return all that is left."""
        return self.read()

    def readinto(self, buffer: Any, /) -> int:
        """Fill a buffer as far as there are bytes; return how many."""
        view = memoryview(buffer).cast("B")
        count = done = self._left(len(view))
        if count:
            done = 0
            for piece in self._pieces(self._position, count):
                view[done : done + len(piece)] = piece
                done += len(piece)
        self._position += count
        return done

    def close(self) -> None:
        """Close the file."""
        if not self.closed and hasattr(self, "_file"):
            self._file.close()
        super().close()

    def _fetched(self, start: int, count: int) -> bytes:
        try:
            self._file.seek(start)
            data = self._file.read(count)
        except OSError as error:
            raise self._refusal(f"it cannot be read ({error.strerror}).", HINT_DAMAGED) from None
        if len(data) != count:
            raise self._refusal("it was cut off, or changed while it was read.", HINT_DAMAGED)
        return data

    def _refusal(self, message: str, hint: str) -> TapeError:
        return TapeError(Problem(message, _place(self._tape, self._role), hint=hint))


class PlainReader(Reader):
    """Read a plain file in the same way as `SealedReader`.

    Parameters
    ----------
    path : Path
    role, tape : str
        For error messages.

    Raises
    ------
    TapeError
        When the file is absent or cannot be read.
    """

    def __init__(self, path: Path, role: str, tape: str) -> None:
        super().__init__(path, role, tape)
        self.size = os.fstat(self._file.fileno()).st_size

    def _pieces(self, start: int, count: int) -> Iterator[memoryview]:
        while count > 0:
            piece = self._fetched(start, min(count, RUN * CHUNK))
            yield memoryview(piece)
            start, count = start + len(piece), count - len(piece)


def overwrite(path: Path) -> None:
    """Overwrite a file in place and remove it; on flash memory old blocks may survive, see the docs.

    Parameters
    ----------
    path : Path
        A link is removed, and what it leads to is left alone.
    """
    if not path.is_symlink():
        with path.open("r+b", buffering=0) as file:
            left = os.fstat(file.fileno()).st_size
            while left > 0:
                left -= file.write(os.urandom(min(left, 1 << 20)))
            os.fsync(file.fileno())
    path.unlink()
    sync_folder(path.parent)


def _place(tape: str, role: str) -> str:
    return f"{tape}/{role}"
