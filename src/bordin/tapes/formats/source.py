"""A file as it was given: its bytes, its text with the encoding found out, and how a file is written whole or not at all."""

from __future__ import annotations

import codecs
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from bordin.errors import Problem, TapeError

# Nothing that holds words about one tape comes near this.
LARGEST_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True)
class Source:
    """A transcript file, read.

    Attributes
    ----------
    file : str
        Its name without its folder; the only thing that errors say of it.
    data : bytes
    text : str
        Decoded, without a byte-order mark, each line ended by a line feed.
    warnings : tuple of str
    """

    file: str
    data: bytes
    text: str
    warnings: tuple[str, ...] = ()

    @property
    def stem(self) -> str:
        """The file name without its ending."""
        return Path(self.file).stem

    @property
    def suffix(self) -> str:
        """The ending, in lower case, for example ``".vtt"``."""
        return Path(self.file).suffix.lower()


def read_source(path: str | os.PathLike[str]) -> Source:
    """Read a file and find out its encoding.

    UTF-8, UTF-16 with a byte-order mark, else Windows-1252 with a warning.

    Raises
    ------
    TapeError
        When the file cannot be read or is no text.
    """
    path = Path(path)
    try:
        if path.stat().st_size > LARGEST_BYTES:
            limit = LARGEST_BYTES // 1024**2
            raise TapeError(Problem(f"this is larger than {limit} MiB and no transcript.", path.name))
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise TapeError(Problem(f"this file cannot be read ({reason}).", path.name)) from None
    return source_of(data, path.name)


def source_of(data: bytes, file: str) -> Source:
    """Decode bytes that are already in memory; see :func:`read_source`."""
    text, warnings = _decoded(data, file)
    return Source(file, data, text.replace("\r\n", "\n").replace("\r", "\n"), warnings)


def _decoded(data: bytes, file: str) -> tuple[str, tuple[str, ...]]:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return data.decode("utf-16"), ()
        except UnicodeDecodeError:
            raise TapeError(
                Problem("the file begins as UTF-16 and breaks off.", file, hint="Save it again as UTF-8.")
            ) from None
    if b"\x00" in data:
        raise TapeError(Problem("this is no text file.", file, hint="Export the transcript as text."))
    try:
        return data.decode("utf-8-sig"), ()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        raise TapeError(
            Problem("a character is neither UTF-8 nor Windows-1252.", file, line, hint="Save it as UTF-8.")
        ) from None
    return text, (f"line {line} is not UTF-8; the file was read as Windows-1252. Look at its accents.",)


def write_whole(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file as UTF-8, whole or not at all.

    Raises
    ------
    TapeError
        When the folder does not allow it.
    """
    path = Path(path)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        data = text.encode("utf-8")
        with open(beside, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except UnicodeEncodeError:
        raise TapeError(Problem("a word holds half a character and cannot be written.", path.name)) from None
    except OSError as error:
        beside.unlink(missing_ok=True)
        reason = error.strerror or type(error).__name__
        raise TapeError(Problem(f"this file cannot be written ({reason}).", path.name)) from None
