"""Decoded frames on their way to 16 kHz, in batches of a few seconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from bordin.tapes.shapes import SAMPLE_RATE

Block = npt.NDArray[np.int16]
Planes = Sequence[npt.NDArray[Any]]
Listen = Callable[[Planes, int, float], None]

BLOCK_SECONDS = 4.0
_DTYPES = {"u8": np.uint8, "s16": np.int16, "s32": np.int32, "flt": np.float32, "dbl": np.float64}


class Run:
    """Frames of one kind without a gap.

    Parameters
    ----------
    frame : av.AudioFrame
        The first one; it is not taken yet.
    channels : int
        Of the outcome, 1 or 2.
    start : float
        Where it begins, in seconds.
    listen : callable or None
        Is given each batch before it is converted.
    """

    def __init__(self, frame: Any, channels: int, start: float, listen: Listen | None) -> None:
        import av

        self.kind = kind_of(frame)
        self.start = start
        self.given = 0
        self.taken = 0
        self._channels = channels
        self._listen = listen
        self._fifo = av.AudioFifo()
        as_is = self.kind[::2] == ("s16", SAMPLE_RATE) and frame.layout.nb_channels == channels
        self._resampler = None if as_is else resampler(channels)

    @property
    def end(self) -> float:
        """Where the sound of this run ends so far, in seconds."""
        return self.start + self.given / self.kind[2]

    def push(self, frame: Any) -> list[Block]:
        """Take a frame; return what is ready."""
        frame.pts = None
        self._fifo.write(frame)
        self.given += frame.samples
        enough = int(self.kind[2] * BLOCK_SECONDS)
        if self.given - self.taken < enough:
            return []
        return self._converted(self._fifo.read(enough))

    def finish(self) -> list[Block]:
        """Return what is left, with the last samples that the resampler holds back."""
        rest = self._fifo.read(0)
        blocks = self._converted(rest) if rest is not None else []
        if self._resampler is not None:
            blocks += [self._block(f) for f in self._resampler.resample(None) if f is not None]
        return blocks

    def _converted(self, frame: Any) -> list[Block]:
        if self._listen is not None:
            self._listen(_planes(frame), self.kind[2], self.start + self.taken / self.kind[2])
        self.taken += frame.samples
        frame.pts = None
        if self._resampler is None:
            return [self._block(frame)]
        return [self._block(f) for f in self._resampler.resample(frame)]

    def _block(self, frame: Any) -> Block:
        values = np.frombuffer(frame.planes[0], np.int16, frame.samples * self._channels)
        return values.reshape(-1, self._channels)


def resampler(channels: int) -> Any:
    """Return FFmpeg's resampler to 16 kHz, 16 bits, with its standard mix of channels."""
    import av

    return av.AudioResampler("s16", "mono" if channels == 1 else "stereo", SAMPLE_RATE)


def _planes(frame: Any) -> Planes:
    """Return the samples in the format of the recording: one array of all channels, or one a channel."""
    name = frame.format.name
    dtype = _DTYPES.get(name.removesuffix("p"))
    if dtype is None:
        return ()
    if frame.format.is_planar:
        return [np.frombuffer(p, dtype, frame.samples)[:, None] for p in frame.planes]
    count = frame.layout.nb_channels
    return [np.frombuffer(frame.planes[0], dtype, frame.samples * count).reshape(-1, count)]


def kind_of(frame: Any) -> tuple[str, str, int]:
    """Return sample format, channel layout and rate; when they change, conversion starts anew."""
    return frame.format.name, frame.layout.name, frame.sample_rate
