"""Sealed files: encrypted in chunks, so that any range can be read, and nothing can be changed unseen.

A sealed file is a header, chunks and a footer::

    header   magic (12 bytes), version (4), file id (32 random bytes)
    chunk    nonce (12 random bytes), AES-256-GCM of up to 65 536 plain bytes, tag (16); one after the other
    footer   nonce (12), AES-256-GCM of plain size (8) and number of chunks (8), tag (16)

The key of a file comes by HKDF-SHA256 from the tape's data key, salted with the file id; the tape's name and
the file's name are part of what it is derived from. Every chunk authenticates the header and its own place,
the footer authenticates the header. So a file cannot stand in for another, chunks cannot change places, and
a byte that is changed, cut off or added is refused: at opening, or when that place is read.

Numbers are big-endian. The first chunk is sealed last, since the header of a recording is completed last.
"""

from __future__ import annotations

import os
import struct
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bordin.errors import Problem, TapeError
from bordin.tapes.vault.plain_files import CHUNK, HINT_DAMAGED, RUN, PlainReader, PlainWriter, Reader, Writer

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = ["CHUNK", "PlainReader", "PlainWriter", "SealedReader", "SealedWriter", "cipher", "derived_key"]

KEY_BYTES = 32

_MAGIC = b"bordin tape\n"
_VERSION = 1
_ID_BYTES = 32
_NONCE_BYTES = 12
_OVERHEAD = _NONCE_BYTES + 16
_HEADER_BYTES = len(_MAGIC) + 4 + _ID_BYTES
_FOOTER_BYTES = _OVERHEAD + 16
_RECORD = CHUNK + _OVERHEAD
# What a player asks for next is near: chunks that are kept.
_KEPT = 8


def derived_key(secret: bytes, salt: bytes, *purpose: str) -> bytes:
    """Derive a key of 32 bytes for one purpose (HKDF-SHA256, RFC 5869).

    Parameters
    ----------
    secret : bytes
        What the key is derived from.
    salt : bytes
    purpose : str
        What the key is for; each part is written with its length, so that no two lists are alike.

    Returns
    -------
    bytes
    """
    try:
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF
    except ImportError:
        raise _no_package("cryptography") from None
    parts = [p.encode() for p in purpose]
    info = b"".join(struct.pack(">I", len(p)) + p for p in parts)
    return HKDF(SHA256(), KEY_BYTES, salt, info).derive(secret)


def cipher(key: bytes) -> AESGCM:
    """Return AES-256-GCM with this key."""
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError:
        raise _no_package("cryptography") from None
    return AESGCM(key)


def _no_package(name: str) -> TapeError:
    return TapeError(
        Problem(
            f"sealed tapes need the package {name}, which is not installed.",
            hint="Install bordin with its extra 'tape': pip install 'bordin[tape]'",
        )
    )


def _file_cipher(key: bytes, header: bytes, role: str, tape: str) -> AESGCM:
    return cipher(derived_key(key, header[-_ID_BYTES:], "bordin sealed file", tape, role))


def _chunk_context(header: bytes, index: int) -> bytes:
    return header + b"chunk" + index.to_bytes(8, "big")


def _footer_context(header: bytes) -> bytes:
    return header + b"footer"


class SealedWriter(Writer):
    """Write a sealed file; no plain byte reaches the disk.

    Parameters
    ----------
    path : Path
        Where it will stand.
    key : bytes
        The data key of the tape, 32 bytes.
    role : str
        What the file is within the tape, for example ``"original"``; authenticated.
    tape : str
        Neutral name of the tape; authenticated.

    Raises
    ------
    TapeError
        When it cannot be written.
    """

    _before = _HEADER_BYTES
    _overhead = _OVERHEAD

    def __init__(self, path: Path, key: bytes, role: str, tape: str) -> None:
        self._header = _MAGIC + struct.pack(">I", _VERSION) + os.urandom(_ID_BYTES)
        self._cipher = _file_cipher(key, self._header, role, tape)
        super().__init__(path, role, tape)

    def _begin(self) -> None:
        self._send(self._header)

    def _record(self, index: int, plain: bytes | bytearray | memoryview) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, _chunk_context(self._header, index))

    def _end(self) -> None:
        nonce = os.urandom(_NONCE_BYTES)
        counts = struct.pack(">QQ", self._size, self._chunks)
        self._send(nonce + self._cipher.encrypt(nonce, counts, _footer_context(self._header)))


class SealedReader(Reader):
    """Read a sealed file.

    Parameters
    ----------
    path : Path
    key : bytes
        The data key of the tape, 32 bytes.
    role : str
        What the file is within the tape; another file in its place is refused.
    tape : str
        Neutral name of the tape.

    Raises
    ------
    TapeError
        When the file is absent, damaged, changed, or another file; at opening, or when a changed place is read.
    """

    def __init__(self, path: Path, key: bytes, role: str, tape: str) -> None:
        super().__init__(path, role, tape)
        self._cache: OrderedDict[int, bytes] = OrderedDict()
        try:
            self._open(key)
        except BaseException:
            self.close()
            raise

    def _open(self, key: bytes) -> None:
        length = os.fstat(self._file.fileno()).st_size
        self._body = length - _HEADER_BYTES - _FOOTER_BYTES
        if self._body < 0:
            raise self._refusal("it was cut off, or is no sealed file.", HINT_DAMAGED)
        self._header = self._fetched(0, _HEADER_BYTES)
        if not self._header.startswith(_MAGIC):
            raise self._refusal("it is no sealed file, or its beginning was changed.", HINT_DAMAGED)
        version = int.from_bytes(self._header[len(_MAGIC) : -_ID_BYTES], "big")
        if version != _VERSION:
            raise self._refusal(
                f"it is of version {version}, and this bordin reads version {_VERSION}.",
                "Read it with a newer bordin; or it was changed, then restore the tape from a backup.",
            )
        self._cipher = _file_cipher(key, self._header, self._role, self._tape)
        self._chunks, rest = divmod(self._body, _RECORD)
        self.size = self._chunks * CHUNK
        if rest:
            self._chunks += 1
            self.size += rest - _OVERHEAD
        footer = self._fetched(length - _FOOTER_BYTES, _FOOTER_BYTES)
        counts = self._plain(footer, _footer_context(self._header))
        if struct.unpack(">QQ", counts) != (self.size, self._chunks):
            raise self._refusal("it was cut off or added to.", HINT_DAMAGED)

    def _plain(self, record: bytes | memoryview, context: bytes) -> bytes:
        from cryptography.exceptions import InvalidTag

        try:
            return self._cipher.decrypt(record[:_NONCE_BYTES], record[_NONCE_BYTES:], context)
        except InvalidTag:
            raise self._refusal(
                "it was damaged or changed, or is not the file that belongs here.", HINT_DAMAGED
            ) from None

    def _pieces(self, start: int, count: int) -> Iterator[memoryview]:
        first, last = start // CHUNK, (start + count - 1) // CHUNK
        skip = start - first * CHUNK
        for plain in self._chunks_from(first, last) if count else ():
            piece = memoryview(plain)[skip : skip + count]
            yield piece
            skip, count = 0, count - len(piece)

    def _chunks_from(self, first: int, last: int) -> Iterator[bytes]:
        while first <= last:
            kept = self._cache.get(first)
            if kept is not None:
                yield kept
                first += 1
                continue
            until = min(last + 1, first + RUN)
            begin, end = first * _RECORD, min(until * _RECORD, self._body)
            data = memoryview(self._fetched(_HEADER_BYTES + begin, end - begin))
            for index in range(first, until):
                record = data[(index - first) * _RECORD : (index - first + 1) * _RECORD]
                plain = self._plain(record, _chunk_context(self._header, index))
                self._keep(index, plain)
                yield plain
            first = until

    def _keep(self, index: int, plain: bytes) -> None:
        self._cache[index] = plain
        if len(self._cache) > _KEPT:
            self._cache.popitem(last=False)

    def verify(self) -> None:
        """Read through everything, from the disk.

        Raises
        ------
        TapeError
            When any byte was changed, cut off or added.
        """
        self._cache.clear()
        super().verify()
