"""Match the marks of several coders in one session to events, within a tolerance of time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from bordin.resampling import FloatArray, IntArray

# Times typed with decimals differ by rounding errors of this size.
_SLACK = 1e-9


@dataclass(frozen=True)
class _Event:
    """Marks of different coders, from the first to the last in time."""

    first: float
    last: float
    coders: frozenset[int]
    marks: tuple[int, ...]


def match_marks(times: FloatArray, coders: IntArray, codes: FloatArray, tolerance: float) -> IntArray:
    """Number the event of each mark of one session.

    Marks with the same code are matched first; what is left without a partner is then matched by time alone,
    which makes confusions of codes visible. In both passes marks are taken in order of time and join the
    earliest open event that has no mark of their coder and began at most `tolerance` before. For two coders
    the first pass finds as many matches as there can be.

    Parameters
    ----------
    times : ndarray of shape (n,)
        Seconds.
    coders : ndarray of int, shape (n,)
        Number of each mark's coder.
    codes : ndarray of shape (n,)
        Number of each mark's code.
    tolerance : float
        Seconds; all marks of an event lie within it.

    Returns
    -------
    ndarray of int, shape (n,)
        Events are numbered from 0 in order of time. A coder has at most one mark in an event.
    """
    alike: list[_Event] = []
    for code in np.unique(codes):
        marks = np.flatnonzero(codes == code)
        alike += _sweep(
            (_Event(float(times[m]), float(times[m]), frozenset({int(coders[m])}), (int(m),)) for m in marks),
            tolerance,
        )
    matched = _sweep(alike, tolerance)
    number = np.empty(len(times), dtype=int)
    for place, event in enumerate(sorted(matched, key=lambda event: (event.first, event.marks))):
        number[list(event.marks)] = place
    return number


def _sweep(events: Iterable[_Event], tolerance: float) -> list[_Event]:
    """Join events in order of time where they share no coder and fit into the tolerance."""
    closed: list[_Event] = []
    waiting: list[_Event] = []
    for event in sorted(events, key=lambda event: (event.first, event.last, event.marks)):
        too_old = [old for old in waiting if event.first > old.first + tolerance + _SLACK]
        closed += too_old
        waiting = waiting[len(too_old) :]
        for place, partner in enumerate(waiting):
            fits = event.last <= partner.first + tolerance + _SLACK
            if fits and not partner.coders & event.coders:
                waiting[place] = _Event(
                    partner.first,
                    max(partner.last, event.last),
                    partner.coders | event.coders,
                    partner.marks + event.marks,
                )
                break
        else:
            waiting.append(event)
    return closed + waiting
