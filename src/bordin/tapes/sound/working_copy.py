"""The copy of a recording that everything else works with: WAV, 16 kHz, 16 bits, one or two channels.

It is made in one pass, together with the waveform peaks and the quality of the sound.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
import numpy.typing as npt

from bordin.errors import Problem, TapeError
from bordin.tapes.shapes import SAMPLE_RATE
from bordin.tapes.sound.clipping import full_scale_of
from bordin.tapes.sound.conversion import Block
from bordin.tapes.sound.decoding import Facts, decode
from bordin.tapes.sound.peaks import MIX, PeakMeter
from bordin.tapes.sound.quality import Quality, QualityMeter

Samples = npt.NDArray[np.float32]

HEADER_BYTES = 80
# Sizes in a WAV file have 32 bits. Above this the file becomes RF64, its successor for long recordings.
RIFF_MOST = 0xFFFFFFFF
_BYTES = 2
_HINT = "Make the working copy again from the recording."


class Writer(Protocol):
    """What a working copy is written into; it may only seek within its first 64 KiB."""

    def write(self, data: bytes, /) -> int | None:
        """Append bytes."""
        ...

    def seek(self, place: int, /) -> int | None:
        """Go to a byte counted from the beginning."""
        ...


@dataclass(frozen=True)
class Recording:
    """What one pass over a recording finds out.

    Attributes
    ----------
    facts : Facts
        What the file is.
    quality : Quality
        What its sound is like.
    peaks : bytes
        The drawing of it; :meth:`bordin.tapes.sound.peaks.Peaks.from_bytes` reads it.
    """

    facts: Facts
    quality: Quality
    peaks: bytes

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is wrong with the file, then what is wrong with its sound."""
        return self.facts.warnings + self.quality.warnings


def measure(source: Path | str | BinaryIO, writer: Writer, *, name: str | None = None) -> Recording:
    """Decode a recording, write its working copy, and measure it on the way.

    Parameters
    ----------
    source : path or seekable binary file
        See :func:`bordin.tapes.sound.decoding.decode`.
    writer : binary writer
        Gets the working copy. Its header is written again at the end, so it has to seek to 0.
    name : str, optional
        What errors call the recording.

    Returns
    -------
    Recording

    Raises
    ------
    TapeError
        When the recording cannot be read. What was written until then is no whole file.
    """
    with decode(source, name=name) as recording:
        full_scale = full_scale_of(recording.codec, lossless=recording.lossless)
        quality = QualityMeter(recording.channels, full_scale=full_scale)
        peaks = PeakMeter(recording.channels)
        recording.listen = quality.listen
        wav = WavWriter(writer, recording.channels)
        for block in recording:
            wav.write(block)
            peaks.add(block)
            quality.add(block)
        wav.finish()
        facts = recording.facts
    return Recording(facts, quality.result(), peaks.result().to_bytes())


class WavWriter:
    """Writes 16-bit samples at 16 kHz as WAV, above 4 GiB as RF64.

    Parameters
    ----------
    writer : binary writer
    channels : int
    """

    def __init__(self, writer: Writer, channels: int) -> None:
        self._writer = writer
        self._channels = channels
        self._bytes = 0
        writer.write(_header(0, channels))

    def write(self, block: Block) -> None:
        """Append a block of shape (n, channels)."""
        data = np.ascontiguousarray(block, "<i2").tobytes()
        self._writer.write(data)
        self._bytes += len(data)

    def finish(self) -> None:
        """Write the header again, now with the sizes."""
        self._writer.seek(0)
        self._writer.write(_header(self._bytes, self._channels))


def _header(size: int, channels: int) -> bytes:
    """Return the 80 bytes before the samples; the room for 64-bit sizes is a chunk that players step over."""
    whole = size + HEADER_BYTES - 8
    frame = channels * _BYTES
    sound = struct.pack(
        "<4sIHHIIHH", b"fmt ", 16, 1, channels, SAMPLE_RATE, SAMPLE_RATE * frame, frame, 8 * _BYTES
    )
    if whole <= RIFF_MOST:
        riff = struct.pack("<4sI4s4sI28x", b"RIFF", whole, b"WAVE", b"JUNK", 28)
        return riff + sound + struct.pack("<4sI", b"data", size)
    riff = struct.pack("<4sI4s4sI", b"RF64", 0xFFFFFFFF, b"WAVE", b"ds64", 28)
    riff += struct.pack("<QQQI", whole, size, size // frame, 0)
    return riff + sound + struct.pack("<4sI", b"data", 0xFFFFFFFF)


class WorkingCopy:
    """A working copy that is read anywhere without reading the whole.

    It is a :class:`bordin.tapes.engines.shapes.Sound`.

    Parameters
    ----------
    file : seekable binary file
        As :func:`measure` wrote it; also any other WAV file of 16 kHz and 16 bits with one or two channels.
    name : str, optional
        What errors call it.

    Attributes
    ----------
    channels : int
    frames : int
        Samples a channel.

    Raises
    ------
    TapeError
        When it is no such file, or was not written to its end.
    """

    def __init__(self, file: BinaryIO, *, name: str | None = None) -> None:
        self._file = file
        self._name = name
        self.channels, self._data, size = _parse(file, name)
        self.frames = size // (self.channels * _BYTES)

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.frames / SAMPLE_RATE

    def read(self, start: float, end: float, channel: int | str | None = None) -> Samples:
        """Return the samples of a stretch.

        Parameters
        ----------
        start, end : float
            Seconds; what lies outside the tape is left out.
        channel : int or None
            0 or 1; None, or ``"mix"``, for the mean of all channels.

        Returns
        -------
        ndarray of float32, shape (n,)
            From -1 to below 1.

        Raises
        ------
        TapeError
            When there is no such channel.
        """
        values = self.read_channels(start, end)
        if channel is None or channel == MIX:
            return values[:, 0] if self.channels == 1 else values.mean(1, dtype=np.float32)
        if not isinstance(channel, int) or not 0 <= channel < self.channels:
            raise TapeError(Problem(f"channel {channel!r} is not there; it has {self.channels}.", self._name))
        return np.ascontiguousarray(values[:, channel])

    def read_channels(self, start: float, end: float) -> Samples:
        """Return the samples of a stretch, one column a channel: shape (n, channels)."""
        first = min(max(round(start * SAMPLE_RATE), 0), self.frames)
        last = min(max(round(end * SAMPLE_RATE), first), self.frames)
        frame = self.channels * _BYTES
        self._file.seek(self._data + first * frame)
        wanted = (last - first) * frame
        data = self._file.read(wanted)
        if len(data) < wanted:
            raise TapeError(Problem("this working copy is cut off.", self._name, hint=_HINT))
        values = np.frombuffer(data, "<i2").reshape(-1, self.channels)
        return values.astype(np.float32) / np.float32(32768)


def _parse(file: BinaryIO, name: str | None) -> tuple[int, int, int]:
    """Return channels, place of the samples and their size in bytes."""
    file.seek(0)
    kind = file.read(12)
    channels, long_size, place = 0, 0, 12
    if kind[:4] in {b"RIFF", b"RF64"} and kind[8:] == b"WAVE":
        while len(head := file.read(8)) == 8:
            chunk, size = struct.unpack("<4sI", head)
            place += 8
            if chunk == b"data":
                if kind[:4] == b"RF64":
                    size = long_size
                if channels and size:
                    return channels, place, size
                break
            body = file.read(min(size, 40))
            if chunk == b"ds64" and len(body) >= 16:
                long_size = struct.unpack_from("<Q", body, 8)[0]
            if chunk == b"fmt " and len(body) >= 16:
                channels = _checked(struct.unpack_from("<HHIIHH", body), name)
            place += size + size % 2
            file.seek(place, io.SEEK_SET)
    raise TapeError(Problem("this is no working copy, or it was not written to its end.", name, hint=_HINT))


def _checked(form: tuple[int, ...], name: str | None) -> int:
    tag, channels, rate, _, _, bits = form
    if tag not in {1, 0xFFFE} or rate != SAMPLE_RATE or bits != 8 * _BYTES or channels not in {1, 2}:
        what = f"this WAV file has {channels} channels of {bits} bits at {rate} Hz"
        raise TapeError(
            Problem(f"{what}; a working copy has 1 or 2 of 16 bits at 16000 Hz.", name, hint=_HINT)
        )
    return channels
