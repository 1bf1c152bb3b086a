"""Where a recording is overdriven: samples at full scale, in runs.

Counted on the samples as recorded, before they are converted to 16 kHz, which would round off the flat tops.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

# One sample may touch full scale in a recording that was set to its loudest point; three in a row do not.
LEAST_RUN = 3
# Runs nearer than this are heard as one.
JOIN_SECONDS = 0.1
# Of full scale. Formats that keep samples repeat the largest value exactly; 8 bits and telephone companding reach
# 0.98 at most.
FULL_SCALE = 0.9999
FULL_SCALE_COARSE = 0.975
# MP3, AAC and Opus ripple around a flat top, and LAME turns everything down to 0.95 first.
FULL_SCALE_LOSSY = 0.945
COARSE = ("pcm_mulaw", "pcm_alaw", "pcm_u8", "pcm_s8")


@dataclass(frozen=True)
class Clipping:
    """How much of a recording is overdriven.

    Attributes
    ----------
    share : float
        Share of all samples, 0 to 1, that lie in runs of at least three at full scale.
    stretches : int
        Number of places; runs within 0.1 s, in whichever channel, are one place.
    first : float or None
        Where the first one begins, in seconds.
    """

    share: float
    stretches: int
    first: float | None


class ClippingMeter:
    """Counts clipping over consecutive stretches of samples, in constant memory.

    Parameters
    ----------
    full_scale : float
        From which share of full scale on a sample counts; see :func:`full_scale_of`.
    """

    def __init__(self, full_scale: float = FULL_SCALE) -> None:
        self._full_scale = full_scale
        self._samples = 0
        self._clipped = 0
        self._stretches = 0
        self._first: float | None = None
        self._end = -np.inf
        self._open: dict[int, int] = {}
        self._next = -np.inf

    def add(self, planes: Sequence[npt.NDArray[Any]], rate: int, start: float) -> None:
        """Take the next samples.

        Parameters
        ----------
        planes : sequence of ndarray of shape (n, k)
            The channels, as columns of one array or of several: int16, int32, unsigned 8 bits, or float with
            full scale 1.
        rate : int
            Samples a second.
        start : float
            Where they begin on the tape, in seconds.
        """
        if abs(start - self._next) > 0.5 / rate:
            self._open = {}
        found: list[npt.NDArray[np.int64]] = []
        channel = 0
        for plane in planes:
            low, high = limits(plane.dtype, self._full_scale)
            quiet = not plane.size or (plane.max() < high and plane.min() > low)
            for column in plane.T:
                before = self._open.pop(channel, 0)
                if not quiet:
                    found.append(self._runs((column >= high) | (column <= low), channel, before))
                channel += 1
        self._samples += sum(p.size for p in planes)
        if planes:
            self._next = start + len(planes[0]) / rate
        runs = np.concatenate(found) if found else np.empty((0, 2), np.int64)
        if len(runs):
            self._join(start + runs / rate)

    def _runs(self, at_limit: npt.NDArray[np.bool_], channel: int, before: int) -> npt.NDArray[np.int64]:
        """Return begin and end of the runs of a channel; one that began earlier begins below 0."""
        padded = np.concatenate(([False], at_limit, [False]))
        edges = np.flatnonzero(padded[1:] != padded[:-1]).reshape(-1, 2)
        counted = 0
        if before and len(edges) and edges[0, 0] == 0:
            counted = before if before >= LEAST_RUN else 0
            edges[0, 0] = -before
        if len(edges) and edges[-1, 1] == len(at_limit):
            self._open[channel] = int(edges[-1, 1] - edges[-1, 0])
        lengths = edges[:, 1] - edges[:, 0]
        runs: npt.NDArray[np.int64] = edges[lengths >= LEAST_RUN]
        self._clipped += int((runs[:, 1] - runs[:, 0]).sum()) - counted
        return runs

    def _join(self, times: npt.NDArray[np.float64]) -> None:
        times = times[np.argsort(times[:, 0], kind="stable")]
        ends = np.maximum.accumulate(np.concatenate(([self._end], times[:, 1])))
        self._stretches += int((times[:, 0] > ends[:-1] + JOIN_SECONDS).sum())
        self._end = float(ends[-1])
        if self._first is None:
            self._first = float(times[0, 0])

    def result(self) -> Clipping:
        """Return the count so far."""
        return Clipping(self._clipped / max(self._samples, 1), self._stretches, self._first)


def limits(dtype: np.dtype[Any], full_scale: float) -> tuple[float, float]:
    """Return the values at and beyond which a sample counts as at full scale."""
    if dtype.kind == "f":
        return -full_scale, full_scale
    if dtype.kind == "u":
        return np.ceil(128 - 128 * full_scale), np.floor(128 + 127 * full_scale)
    most = float(np.iinfo(dtype).max)
    return -np.floor(most * full_scale), np.floor(most * full_scale)


def full_scale_of(codec: str, *, lossless: bool) -> float:
    """Return from which share of full scale on a sample counts as clipped, for a codec."""
    if codec in COARSE:
        return FULL_SCALE_COARSE
    return FULL_SCALE if lossless else FULL_SCALE_LOSSY
