"""Where the recorder lost sound: exact digital zeros that begin and end in the middle of talk.

A pause is no dropout: before a pause, and after it, talk fades, and even a noise gate closes on quiet sound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bordin.tapes.shapes import SAMPLE_RATE

# Shorter losses are bridged by every decoder and hardly heard.
LEAST = SAMPLE_RATE * 5 // 1000
# Longer zeros are a pause of the recorder; they show as silence.
MOST = SAMPLE_RATE
# Sound right before and right after is measured over this long.
BESIDE = SAMPLE_RATE * 10 // 1000
# Both sides have to be this near to the level of talk, in dB, for the zeros to lie inside talk.
NEAR_TALK_DB = 15.0
_STEP = LEAST // 2


@dataclass(frozen=True)
class Dropouts:
    """Losses of sound inside talk.

    Attributes
    ----------
    count : int
    seconds : float
        All together.
    first : float or None
        Where the first one begins, in seconds.
    """

    count: int
    seconds: float
    first: float | None


class DropoutMeter:
    """Collects stretches of zeros of one channel; which of them lie inside talk is known at the end."""

    def __init__(self) -> None:
        self._tail = np.zeros(0, np.int16)
        self._at = 0
        self._done = 0
        self._found: list[npt.NDArray[np.float64]] = []

    def add(self, samples: npt.NDArray[np.int16]) -> None:
        """Take the next samples of the working copy, shape (n,)."""
        whole = np.concatenate((self._tail, samples))
        # A run of LEAST zeros covers at least two neighbors of this grid: most blocks are done here.
        grid = whole[::_STEP] == 0
        if (grid[1:] & grid[:-1]).any():
            self._collect(whole)
        self._done = self._at + len(whole) - BESIDE
        keep = min(len(whole), MOST + 2 * BESIDE)
        self._at += len(whole) - keep
        self._tail = whole[len(whole) - keep :]

    def _collect(self, whole: npt.NDArray[np.int16]) -> None:
        zero = np.concatenate(([False], whole == 0, [False]))
        edges = np.flatnonzero(zero[1:] != zero[:-1]).reshape(-1, 2)
        lengths = edges[:, 1] - edges[:, 0]
        ends = edges[:, 1]
        fits = (
            (lengths >= LEAST) & (lengths <= MOST) & (edges[:, 0] >= BESIDE) & (ends + BESIDE <= len(whole))
        )
        new = ends + self._at > self._done
        edges = edges[fits & new]
        if not len(edges):
            return
        steps = np.arange(BESIDE)
        before = _power(whole[edges[:, :1] - BESIDE + steps])
        after = _power(whole[edges[:, 1:] + steps])
        columns = (edges[:, 0] + self._at, edges[:, 1] - edges[:, 0], np.minimum(before, after))
        self._found.append(np.column_stack(columns).astype(np.float64))

    def result(self, talk_power: float | None) -> Dropouts:
        """Judge what was collected.

        Parameters
        ----------
        talk_power : float or None
            Mean square of talk on this channel, full scale 1; None where there is none.

        Returns
        -------
        Dropouts
        """
        if talk_power is None or not self._found:
            return Dropouts(0, 0.0, None)
        found = np.concatenate(self._found)
        found = found[found[:, 2] >= talk_power * 10 ** (-NEAR_TALK_DB / 10)]
        if not len(found):
            return Dropouts(0, 0.0, None)
        return Dropouts(len(found), float(found[:, 1].sum()) / SAMPLE_RATE, float(found[0, 0]) / SAMPLE_RATE)


def _power(samples: npt.NDArray[np.int16]) -> npt.NDArray[np.float64]:
    scaled = samples / 32768.0
    power: npt.NDArray[np.float64] = np.square(scaled).mean(1)
    return power
