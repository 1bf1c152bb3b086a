"""Diarization error: how much talk is missed, invented, or given to the wrong speaker."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bordin.errors import Problem, TapeError
from bordin.tapes.accuracy.assignment import best_assignment
from bordin.tapes.accuracy.intervals import (
    BoolArray,
    FloatArray,
    check_turns,
    inside,
    scored_stretches,
)
from bordin.tapes.shapes import Stretch, Turn, union


@dataclass(frozen=True)
class DiarizationError:
    """Seconds of speaker time: two people who speak at once for a second make two seconds.

    Attributes
    ----------
    speech : float
        Scored time of the reference's speakers: the denominator.
    missed : float
        Time in which fewer speakers were found than speak.
    false_alarm : float
        Time in which more speakers were found than speak.
    confusion : float
        Time given to another speaker than the one who speaks.
    mapping : mapping of str to str
        Speaker of the hypothesis to speaker of the reference; who has no partner is absent.
    """

    speech: float
    missed: float
    false_alarm: float
    confusion: float
    mapping: Mapping[str, str]

    @property
    def error(self) -> float:
        """Seconds of all three kinds of error."""
        return self.missed + self.false_alarm + self.confusion

    @property
    def rate(self) -> float | None:
        """The diarization error rate; None where the reference has no scored speech. It may exceed 1."""
        return self.error / self.speech if self.speech > 0 else None


def diarization_error(
    hypothesis: Sequence[Turn],
    reference: Sequence[Turn],
    *,
    collar: float = 0.0,
    scored: Iterable[Stretch | tuple[float, float]] | None = None,
) -> DiarizationError:
    """Measure the diarization error between two sets of turns.

    Speakers are mapped one to one, so that as much scored time as possible is shared. Turns of one
    speaker that overlap or touch are joined first. Overlapped speech is scored.

    Parameters
    ----------
    hypothesis, reference : sequence of Turn
        In any order. Words are not looked at.
    collar : float
        Seconds on each side of every start and end in the reference that are not scored.
    scored : iterable of Stretch or of (start, end), optional
        What is scored; the whole tape when absent.

    Returns
    -------
    DiarizationError

    Raises
    ------
    TapeError
        When the collar, a turn or a stretch is not possible.

    References
    ----------
    NIST (2009), The 2009 (RT-09) Rich Transcription Meeting Recognition Evaluation Plan.

    Notes
    -----
    Validated against pyannote.metrics 4.2.0 and spy-der 0.4.1 on ``accuracy_diarization.json``: 40
    seeded cases with overlap, up to 20 speakers, collars and scored stretches.
    """
    mapping, blocks = diarization_by_block(hypothesis, reference, (), collar=collar, scored=scored)
    speech, missed, false_alarm, confusion = blocks[0].tolist()
    return DiarizationError(speech, missed, false_alarm, confusion, mapping)


def diarization_by_block(
    hypothesis: Sequence[Turn],
    reference: Sequence[Turn],
    cuts: Sequence[float],
    *,
    collar: float = 0.0,
    scored: Iterable[Stretch | tuple[float, float]] | None = None,
) -> tuple[dict[str, str], FloatArray]:
    """Measure the diarization error block by block, with one mapping of speakers for the whole tape.

    Parameters
    ----------
    hypothesis, reference, collar, scored
        As in :func:`diarization_error`.
    cuts : sequence of float
        Times between blocks, sorted.

    Returns
    -------
    mapping : dict of str to str
        Speaker of the hypothesis to speaker of the reference.
    seconds : ndarray (len(cuts) + 1, 4)
        Speech, missed, false alarm and confusion of each block.

    Raises
    ------
    TapeError
        When the collar, a turn or a stretch is not possible.
    """
    if not 0 <= collar < math.inf:
        raise TapeError(
            Problem(
                f"collar: {collar} is not allowed.", hint="Give seconds: 0, or a small number such as 0.25."
            )
        )
    check_turns(hypothesis, "hypothesis")
    check_turns(reference, "reference")
    regions = scored_stretches(scored)
    theirs, ours = _by_speaker(hypothesis), _by_speaker(reference)
    forgiven = _forgiven(ours, collar)
    edges = _edges([*theirs.values(), *ours.values(), forgiven, regions or ()], cuts)
    starts, lengths = edges[:-1], np.diff(edges)
    counts = ~inside(forgiven, starts)
    if regions is not None:
        counts &= inside(regions, starts)
    lengths = np.where(counts, lengths, 0.0)
    found, true = _presence(theirs, starts), _presence(ours, starts)
    shared = (found * lengths) @ true.T.astype(float)
    pairs = best_assignment(shared)
    right = np.zeros(len(starts), dtype=int)
    for hypothesized, referred in pairs:
        right += found[hypothesized] & true[referred]
    n_found, n_true = found.sum(axis=0), true.sum(axis=0)
    kinds = np.stack(
        [
            n_true,
            np.maximum(n_true - n_found, 0),
            np.maximum(n_found - n_true, 0),
            np.minimum(n_true, n_found) - right,
        ],
        axis=1,
    )
    block = np.searchsorted(np.asarray(cuts, dtype=float), starts, side="right")
    seconds = np.zeros((len(cuts) + 1, 4))
    np.add.at(seconds, block, kinds * lengths[:, None])
    names, roles = tuple(theirs), tuple(ours)
    return {names[h]: roles[r] for h, r in pairs}, seconds


def _by_speaker(turns: Sequence[Turn]) -> dict[str, tuple[Stretch, ...]]:
    """Return the stretches of each speaker, by label, so that the order of turns changes nothing."""
    return {
        speaker: union((t.start, t.end) for t in turns if t.speaker == speaker)
        for speaker in sorted({t.speaker for t in turns})
    }


def _forgiven(reference: Mapping[str, Sequence[Stretch]], collar: float) -> tuple[Stretch, ...]:
    """Return what lies within the collar of a start or an end of the reference."""
    if collar == 0:
        return ()
    bounds = [time for stretches in reference.values() for s in stretches for time in (s.start, s.end)]
    return union((time - collar, time + collar) for time in bounds)


def _edges(stretches: Sequence[Sequence[Stretch]], cuts: Sequence[float]) -> FloatArray:
    """Return every time at which anything changes, sorted."""
    times = [time for some in stretches for s in some for time in (s.start, s.end)]
    return np.unique(np.array([*times, *cuts], dtype=float))


def _presence(speakers: Mapping[str, Sequence[Stretch]], starts: FloatArray) -> BoolArray:
    """Say who speaks in which atom: shape (speakers, atoms)."""
    rows = [inside(stretches, starts) for stretches in speakers.values()]
    return np.array(rows, dtype=bool).reshape(len(rows), len(starts))
