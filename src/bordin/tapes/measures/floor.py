"""Who has the floor: turns, what lies inside another's turn, and the gaps between turns.

The kinds of silence and overlap follow Heldner and Edlund (2010), doi:10.1016/j.wocn.2010.08.002:
silence within a speaker's talk or between speakers, overlap at a change of speaker or wholly
inside another's talk.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bordin.tapes.measures.definitions import Rules
from bordin.tapes.shapes import Stretch, Transcript, Turn, union


@dataclass(frozen=True)
class Step:
    """From one turn that holds the floor to the next.

    Attributes
    ----------
    before, after : str
        Speaker of the earlier and of the later turn; the same one after a pause in one's own talk.
    gap : float
        Seconds from the end of the earlier to the start of the later; negative in overlap.
    """

    before: str
    after: str
    gap: float

    @property
    def changes(self) -> bool:
        """Whether the floor goes to another speaker."""
        return self.before != self.after


@dataclass(frozen=True)
class Floor:
    """The turns of a tape, without their words.

    Attributes
    ----------
    turns : tuple of Turn
        Those that hold the floor, by start; none lies inside another.
    inside : tuple of Turn
        Those that lie wholly inside another speaker's turn.
    """

    turns: tuple[Turn, ...]
    inside: tuple[Turn, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        """From each turn to the next.

        No turn holds another, so the order of ends is that of starts, and a gap is a silence.
        """
        return tuple(Step(a.speaker, b.speaker, b.start - a.end) for a, b in pairwise(self.turns))


def floor_of(transcript: Transcript, rules: Rules) -> Floor:
    """Tell the turns that hold the floor from those inside another's.

    Parameters
    ----------
    transcript : Transcript
    rules : Rules

    Returns
    -------
    Floor

    Notes
    -----
    Validated against pympi-ling 1.71, ``Eaf.get_gaps_and_overlaps2``, on the turns of a built
    session and of a drawn one: tests/tapes/test_measures.py. It calls turns that touch neither gap
    nor overlap; here they have a gap of 0.
    """
    speech = {s: speech_of(transcript, s) for s in transcript.speakers}
    joined = {
        s: joined_stretches(
            own, rules.join, union((x.start, x.end) for o, theirs in speech.items() if o != s for x in theirs)
        )
        for s, own in speech.items()
    }
    turns: list[Turn] = []
    inside: list[Turn] = []
    for speaker, own in joined.items():
        others = [theirs for o, theirs in joined.items() if o != speaker]
        for s in own:
            held = any(_holds(theirs, s) for theirs in others)
            (inside if held else turns).append(Turn(speaker, s.start, s.end))
    return Floor(
        tuple(sorted(turns, key=lambda t: (t.start, t.end))),
        tuple(sorted(inside, key=lambda t: (t.start, t.end))),
    )


def speech_of(transcript: Transcript, speaker: str) -> tuple[Stretch, ...]:
    """Return where a speaker speaks, as stretches that do not touch."""
    return union((t.start, t.end) for t in transcript.turns if t.speaker == speaker)


def joined_stretches(
    own: Sequence[Stretch], gap: float, others: Sequence[Stretch] = ()
) -> tuple[Stretch, ...]:
    """Join stretches less than `gap` seconds apart, unless somebody else speaks between them.

    Parameters
    ----------
    own, others : sequence of Stretch
        Each sorted and apart.
    gap : float
        Seconds.

    Returns
    -------
    tuple of Stretch
    """
    ends = [o.end for o in others]
    found: list[Stretch] = []
    for s in own:
        last = found[-1] if found else None
        if last is not None and s.start - last.end < gap and not _speaks(others, ends, last.end, s.start):
            found[-1] = Stretch(last.start, s.end)
        else:
            found.append(s)
    return tuple(found)


def _speaks(others: Sequence[Stretch], ends: Sequence[float], start: float, end: float) -> bool:
    at = bisect_right(ends, start)
    return at < len(others) and others[at].start < end


def _holds(theirs: Sequence[Stretch], own: Stretch) -> bool:
    """Say whether one of their stretches holds the whole of ours, and more."""
    at = bisect_right(theirs, own.start, key=lambda s: s.start) - 1
    if at < 0:
        return False
    t = theirs[at]
    return own.end <= t.end and (t.start < own.start or own.end < t.end)
