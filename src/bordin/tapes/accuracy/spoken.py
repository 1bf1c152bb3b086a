"""The words of a transcript in one row: what was said, by whom and about when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bordin.tapes.accuracy.normalize import Normalization, normalize
from bordin.tapes.shapes import PLACEHOLDER, VOCALIZATION, Stretch, Turn, Word


@dataclass(frozen=True)
class Spoken:
    """A normalized word in its turn.

    Attributes
    ----------
    text : str
    speaker : str
        Label of its turn.
    turn : int
        Place of its turn among the turns by start.
    start, end : float
        Seconds: its own times, or its share of the turn where it has none.
    """

    text: str
    speaker: str
    turn: int
    start: float
    end: float


def by_start(turns: Sequence[Turn], names: Mapping[str, str] | None = None) -> list[Turn]:
    """Order turns by start, then by end, speaker and text, so that their order in a file changes nothing.

    With `names`, speakers are ordered by what the reference calls them, so that labels change nothing either.
    """
    known = names or {}
    return sorted(turns, key=lambda t: (t.start, t.end, known.get(t.speaker, t.speaker), t.speaker, t.text))


def spoken_words(
    turns: Sequence[Turn],
    rules: Normalization,
    scored: Sequence[Stretch] | None = None,
    names: Mapping[str, str] | None = None,
) -> tuple[Spoken, ...]:
    """Put the words of all turns into one row, turn by turn in the order of their starts.

    Parameters
    ----------
    turns : sequence of Turn
        In any order.
    rules : Normalization
    scored : sequence of Stretch, optional
        Sorted, apart from each other. A word counts when its middle lies in one of them.
    names : mapping of str to str, optional
        Speaker to the reference's name of them; it orders turns that begin and end together.

    Returns
    -------
    tuple of Spoken
    """
    row: list[Spoken] = []
    for place, turn in enumerate(by_start(turns, names)):
        times = _times(turn)
        for token in normalize([_written(w) for w in turn.words], rules):
            start, end = times[token.first][0], times[token.last][1]
            middle = (start + end) / 2
            if scored is None or any(s.start <= middle < s.end for s in scored):
                row.append(Spoken(token.text, turn.speaker, place, start, end))
    return tuple(row)


def _written(word: Word) -> str:
    """Return a word as it stands; a placeholder is no word, however it is written."""
    return VOCALIZATION if PLACEHOLDER in word.marks else word.text


def _times(turn: Turn) -> list[tuple[float, float]]:
    """Return the times of each word; a word without times gets an equal share of its turn."""
    share = turn.seconds / max(len(turn.words), 1)
    return [
        (w.start, w.end)
        if w.start is not None and w.end is not None
        else (turn.start + i * share, turn.start + (i + 1) * share)
        for i, w in enumerate(turn.words)
    ]
