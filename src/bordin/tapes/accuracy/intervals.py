"""Stretches of a tape as exact intervals: which are scored, and how a tape is cut into blocks.

Nothing is sampled in frames: a tape is cut at every time at which anything changes, and the atoms
between two cuts are added up.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from bordin.errors import Problem, TapeError
from bordin.tapes.shapes import Stretch, Turn, union

FloatArray = npt.NDArray[np.floating[Any]]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.integer[Any]]

BLOCK_SECONDS = 30.0


def scored_stretches(scored: Iterable[Stretch | tuple[float, float]] | None) -> tuple[Stretch, ...] | None:
    """Check and join the stretches that are scored.

    Parameters
    ----------
    scored : iterable of Stretch or of (start, end), or None
        Seconds; they may overlap. None means the whole tape.

    Returns
    -------
    tuple of Stretch, or None
        Sorted, apart from each other; None for the whole tape.

    Raises
    ------
    TapeError
        When a stretch has no length or no finite limits, or when there is none.
    """
    if scored is None:
        return None
    pairs = [(s.start, s.end) if isinstance(s, Stretch) else (float(s[0]), float(s[1])) for s in scored]
    for start, end in pairs:
        if not (math.isfinite(start) and math.isfinite(end) and start < end):
            raise TapeError(
                Problem(
                    f"scored: the stretch from {start:g} to {end:g} s has no length.",
                    hint="Give a start and a later end, in seconds.",
                )
            )
    if not pairs:
        raise TapeError(Problem("scored: no stretch is given.", hint="Leave it out to score the whole tape."))
    return union(pairs)


def check_turns(turns: Iterable[Turn], whose: str) -> None:
    """Refuse turns whose times are no numbers.

    Raises
    ------
    TapeError
        When a start or an end is not finite.
    """
    for place, turn in enumerate(turns, 1):
        if not (math.isfinite(turn.start) and math.isfinite(turn.end)):
            raise TapeError(
                Problem(
                    f"{whose}: turn {place} goes from {turn.start} to {turn.end}.",
                    hint="Give both times in seconds.",
                )
            )


def inside(stretches: Sequence[Stretch], times: FloatArray) -> BoolArray:
    """Say which times lie in half-open stretches.

    Parameters
    ----------
    stretches : sequence of Stretch
        Sorted, apart from each other.
    times : ndarray (k,)
        Seconds.

    Returns
    -------
    ndarray of bool (k,)
    """
    if not stretches:
        return np.zeros(times.shape, dtype=bool)
    starts = np.array([s.start for s in stretches])
    ends = np.array([s.end for s in stretches])
    place = np.searchsorted(starts, times, side="right") - 1
    found: BoolArray = (place >= 0) & (times < ends[place])
    return found


def seconds_before(time: float, scored: Sequence[Stretch] | None) -> float:
    """Return how many scored seconds lie before a time; with no stretches, the time itself."""
    if scored is None:
        return time
    return sum(max(0.0, min(s.end, time) - s.start) for s in scored)


def block_cuts(
    reference: Sequence[Turn], scored: Sequence[Stretch] | None = None, seconds: float = BLOCK_SECONDS
) -> tuple[float, ...]:
    """Cut a tape into blocks of about the same scored time, at the starts of reference turns.

    Errors come in bunches (a murmured minute, a door), so that words and turns are no independent
    cases. Blocks of turns are nearer to it; they are what is resampled.

    Parameters
    ----------
    reference : sequence of Turn
    scored : sequence of Stretch, optional
        Sorted, apart from each other.
    seconds : float
        A block is closed at the first start of a turn after so many scored seconds. A rest of less
        than half of it stays with the block before.

    Returns
    -------
    tuple of float
        The times between blocks: k cuts make k + 1 blocks.
    """
    within = [
        t
        for t in reference
        if t.end > t.start and (scored is None or any(s.start < t.end and t.start < s.end for s in scored))
    ]
    if not within:
        return ()
    starts = sorted({t.start for t in within})
    cuts: list[float] = []
    last = seconds_before(starts[0], scored)
    for start in starts[1:]:
        now = seconds_before(start, scored)
        if now - last >= seconds:
            cuts.append(start)
            last = now
    if cuts and seconds_before(max(t.end for t in within), scored) - last < seconds / 2:
        cuts.pop()
    return tuple(cuts)


def draw_stretches(
    duration: float, n: int = 5, seconds: float = 120.0, *, seed: int = 1
) -> tuple[Stretch, ...]:
    """Draw the stretches of a tape that a person corrects.

    They are drawn at random, so that nobody picks the passages that look easy, and they do not overlap:
    every placement of `n` stretches is equally likely.

    Parameters
    ----------
    duration : float
        Seconds of the tape.
    n : int
        How many stretches.
    seconds : float
        Length of each.
    seed : int
        The same seed draws the same stretches.

    Returns
    -------
    tuple of Stretch
        In order of time, in whole seconds.

    Raises
    ------
    TapeError
        When the tape is too short, or a number is not positive.
    AnalysisError
        When the seed is negative.
    """
    from bordin.resampling import generators

    if n < 1 or not seconds > 0 or not n * seconds <= duration:
        raise TapeError(
            Problem(
                f"{n} stretches of {seconds:g} s cannot be drawn from a tape of {duration:g} s.",
                hint="Draw fewer or shorter ones.",
            )
        )
    room = int(duration - n * seconds)
    # The free seconds are shared out over the gaps: sorted draws are the gaps' running sums.
    gaps = np.sort(generators(seed, 1)[0].integers(0, room, size=n, endpoint=True))
    return tuple(
        Stretch(float(g) + k * seconds, float(g) + (k + 1) * seconds) for k, g in enumerate(gaps.tolist())
    )
