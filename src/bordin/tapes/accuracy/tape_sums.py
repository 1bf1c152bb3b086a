"""What is counted in one tape, block by block, before anything is divided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bordin.tapes.accuracy.backchannels import Backchannels, count_backchannels
from bordin.tapes.accuracy.diarization_error import diarization_by_block
from bordin.tapes.accuracy.intervals import FloatArray, IntArray, block_cuts, scored_stretches
from bordin.tapes.accuracy.normalize import Normalization
from bordin.tapes.accuracy.spoken import Spoken, by_start, spoken_words
from bordin.tapes.accuracy.word_error import align
from bordin.tapes.shapes import Stretch, Transcript

Scored = Iterable[Stretch | tuple[float, float]] | None

SUMS = (
    "speech",
    "missed",
    "false_alarm",
    "confusion",
    "words",
    "substitutions",
    "deletions",
    "insertions",
    "aligned",
    "wrong",
)


@dataclass(frozen=True)
class TapeSums:
    """One tape: the sums of its blocks, and what is counted but not resampled.

    Attributes
    ----------
    sums : ndarray (blocks, 10)
        Seconds and counts of `SUMS`; words, errors and so on are zero where the reference has no words.
    mapping : mapping of str to str
        Speaker of the hypothesis to speaker of the reference.
    backchannels : Backchannels
    turns : int
        Turns of the reference that are scored, in whole or in part.
    has_words : bool
        Whether the reference has words anywhere.
    is_heard : bool
        Whether the hypothesis has words anywhere, or has no turns either.
    outside : float
        Seconds of the hypothesis's speech before and after everything in the reference; 0 where the
        scored stretches are given.
    """

    sums: FloatArray
    mapping: Mapping[str, str]
    backchannels: Backchannels
    turns: int
    has_words: bool
    is_heard: bool
    outside: float


def tape_sums(
    hypothesis: Transcript, reference: Transcript, collar: float, scored: Scored, rules: Normalization
) -> TapeSums:
    """Count one tape, block by block.

    Parameters
    ----------
    hypothesis, reference : Transcript
    collar : float
        Seconds around starts and ends of the reference in which turns are not scored.
    scored : iterable of Stretch or of (start, end), or None
    rules : Normalization

    Returns
    -------
    TapeSums

    Raises
    ------
    TapeError
        When the collar, a turn or a stretch is not possible.
    """
    regions = scored_stretches(scored)
    cuts = block_cuts(reference.turns, regions)
    mapping, times = diarization_by_block(
        hypothesis.turns, reference.turns, cuts, collar=collar, scored=regions
    )
    heard = spoken_words(hypothesis.turns, rules, regions, mapping)
    said = spoken_words(reference.turns, rules, regions)
    steps = align(
        [w.text for w in heard],
        [w.text for w in said],
        [mapping.get(w.speaker) for w in heard],
        [w.speaker for w in said],
    )
    has_words = bool(said) or bool(spoken_words(reference.turns, rules))
    counts: FloatArray = np.zeros((len(cuts) + 1, len(SUMS) - 4))
    if has_words:
        starts = np.array([t.start for t in by_start(reference.turns)])
        counts = _word_counts(
            steps, heard, said, mapping, np.searchsorted(cuts, starts, side="right"), counts
        )
    backchannels = count_backchannels(
        hypothesis.turns,
        reference.turns,
        heard=heard,
        said=said,
        steps=steps,
        mapping=mapping,
        scored=regions,
    )
    return TapeSums(
        sums=np.hstack([times, counts]),
        mapping=mapping,
        backchannels=backchannels,
        turns=sum(
            regions is None or any(s.start < t.end and t.start < s.end for s in regions)
            for t in reference.turns
        ),
        has_words=has_words,
        is_heard=bool(heard) or not hypothesis.turns or bool(spoken_words(hypothesis.turns, rules)),
        outside=_outside(hypothesis, reference) if regions is None else 0.0,
    )


def _word_counts(
    steps: IntArray,
    heard: Sequence[Spoken],
    said: Sequence[Spoken],
    mapping: Mapping[str, str],
    block_of: IntArray,
    counts: FloatArray,
) -> FloatArray:
    """Count words, errors, aligned words and those of a wrong speaker by block.

    An inserted word belongs to the block of the reference's word before it.
    """
    words, substitutions, deletions, insertions, aligned, wrong = range(6)
    block = 0
    for h, r in steps.tolist():
        if r < 0:
            counts[block, insertions] += 1
            continue
        block = int(block_of[said[r].turn])
        counts[block, words] += 1
        if h < 0:
            counts[block, deletions] += 1
            continue
        counts[block, aligned] += 1
        counts[block, substitutions] += heard[h].text != said[r].text
        counts[block, wrong] += mapping.get(heard[h].speaker) != said[r].speaker
    return counts


def _outside(hypothesis: Transcript, reference: Transcript) -> float:
    """Return the seconds of the hypothesis's speech before the reference's first or after its last turn."""
    if not reference.turns:
        return 0.0
    first, last = min(t.start for t in reference.turns), max(t.end for t in reference.turns)
    return sum(
        max(0.0, min(s.end, first) - s.start) + max(0.0, s.end - max(s.start, last))
        for s in hypothesis.speech
    )
