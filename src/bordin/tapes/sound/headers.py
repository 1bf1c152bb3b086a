"""What the header of a recording says of its length and its samples, where FFmpeg would guess or not tell."""

from __future__ import annotations

import io
from typing import BinaryIO

LOSSLESS = ("pcm_", "flac", "alac", "wavpack", "ape", "tta", "tak", "shorten", "mlp", "truehd")


def bits_of(codec: str, sample_format: str) -> int | None:
    """Return the bits of a sample, where the codec keeps samples."""
    if codec.startswith("pcm_"):
        digits = "".join(c for c in codec.split("_")[1] if c.isdigit())
        return int(digits) if digits else 8  # A-law and mu-law hold 8 bits
    if codec.startswith(LOSSLESS) and sample_format.startswith(("s16", "u8")):
        return 8 if sample_format.startswith("u8") else 16
    return None


def mp3_says(file: BinaryIO) -> bool:
    """Whether an MP3 file carries the count of its frames, so that its length is no guess from the bit rate."""
    place = file.tell()
    try:
        file.seek(0)
        head = file.read(10)
        skip = 0
        if head[:3] == b"ID3" and len(head) == 10:
            skip = 10 + sum((b & 0x7F) << s for b, s in zip(head[6:10], (21, 14, 7, 0), strict=True))
        file.seek(skip)
        frame = file.read(4096)
    finally:
        file.seek(place)
    return any(mark in frame for mark in (b"Xing", b"Info", b"VBRI"))


def wav_says(file: BinaryIO) -> float | None:
    """Return the length in the header of a WAV file, which FFmpeg cuts down to what is there."""
    place = file.tell()
    try:
        file.seek(0)
        if file.read(12)[:4] != b"RIFF":
            return None
        per_second = 0
        while len(head := file.read(8)) == 8:
            size = int.from_bytes(head[4:], "little")
            if head[:4] == b"fmt " and size >= 16:
                per_second = int.from_bytes(file.read(16)[8:12], "little")
                size -= 16
            elif head[:4] == b"data":
                # A recorder that lost power leaves 0 or the largest number.
                return size / per_second if per_second and 0 < size < 0xFFFFF000 else None
            file.seek(size + size % 2, io.SEEK_CUR)
        return None
    finally:
        file.seek(place)
