"""A transcript held against a corrected one: every figure with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bordin.errors import Problem, TapeError
from bordin.estimate import Estimate
from bordin.tapes.accuracy.backchannels import Backchannels
from bordin.tapes.accuracy.diarization_error import DiarizationError
from bordin.tapes.accuracy.figures import accuracy_figures
from bordin.tapes.accuracy.normalize import ENGLISH, Normalization
from bordin.tapes.accuracy.tape_sums import SUMS, Scored, TapeSums, tape_sums
from bordin.tapes.accuracy.word_error import WordError
from bordin.tapes.shapes import Transcript

FIGURES = ("der", "confusion", "missed", "false_alarm", "wer", "wrong_speaker")
LEAST_RESAMPLES = 100
# Speech of the hypothesis outside the reference that is more than a late or early end.
OUTSIDE_SECONDS = 30.0


@dataclass(frozen=True)
class Evaluation:
    """How far transcripts agree with corrected ones.

    Attributes
    ----------
    der, confusion, missed, false_alarm : Estimate
        Diarization error rate and its three parts, as shares of the reference's speaker time; `n`
        counts the reference's turns.
    wer : Estimate
        Word error rate; `n` counts the reference's words.
    wrong_speaker : Estimate
        Share of aligned words that are given to the wrong speaker; `n` counts the aligned words.
    words : WordError
        Counts of words.
    backchannels : Backchannels
        What became of the reference's short turns.
    seconds : DiarizationError
        Seconds of speech and of each error; its mapping is that of the only tape.
    mappings : tuple of mapping of str to str
        A tape: speaker of the hypothesis to speaker of the reference.
    tapes, blocks : int
        How many tapes and how many blocks of them were scored.
    collar : float
    seed : int
    notes : tuple of str
        What a reader has to know beside all figures.
    """

    der: Estimate
    confusion: Estimate
    missed: Estimate
    false_alarm: Estimate
    wer: Estimate
    wrong_speaker: Estimate
    words: WordError
    backchannels: Backchannels
    seconds: DiarizationError
    mappings: tuple[Mapping[str, str], ...]
    tapes: int
    blocks: int
    collar: float
    seed: int
    notes: tuple[str, ...] = ()

    @property
    def mapping(self) -> Mapping[str, str]:
        """Speaker of the hypothesis to speaker of the reference, where there is one tape; else empty."""
        return self.mappings[0] if len(self.mappings) == 1 else {}

    @property
    def estimates(self) -> tuple[Estimate, ...]:
        """The six figures, in the order of `FIGURES`."""
        return (self.der, self.confusion, self.missed, self.false_alarm, self.wer, self.wrong_speaker)


def evaluate(
    hypothesis: Transcript,
    reference: Transcript,
    *,
    collar: float = 0.0,
    scored: Scored = None,
    resamples: int = 2_000,
    seed: int = 1,
    rules: Normalization = ENGLISH,
) -> Evaluation:
    """Measure the accuracy of a transcript against a corrected one.

    Parameters
    ----------
    hypothesis : Transcript
        The machine's version. Its labels of speakers need not be those of the reference.
    reference : Transcript
        The corrected version.
    collar : float
        Seconds on each side of a start or an end in the reference in which turns are not scored.
        Words always are.
    scored : iterable of Stretch or of (start, end), optional
        What was corrected, in seconds; the whole tape when absent.
    resamples, seed : int
        Of the bootstrap.
    rules : Normalization
        What counts as the same word.

    Returns
    -------
    Evaluation
        Intervals are BCa bootstraps over blocks of about 30 s, cut at starts of reference turns, with
        the mapping of speakers held fixed. There is none with fewer than 5 blocks, and none where no
        error of a kind was found.

    Raises
    ------
    TapeError
        When an option or a turn is not possible.
    AnalysisError
        When the seed is negative.

    Notes
    -----
    Words are compared in one row, turn by turn in the order of their starts. Where people speak at
    once, a turn that one transcript splits and the other does not costs errors though each word is
    right: the word error rate of overlapped talk is an upper limit.

    Wrong-speaker words: validated against meeteval 0.4.3 ``cpwer`` on ``accuracy_words.json``, in
    cases without other errors, where each such word costs cpWER a deletion and an insertion.
    """
    pairs = [(hypothesis, reference)]
    return evaluate_all(pairs, collar=collar, scored=[scored], resamples=resamples, seed=seed, rules=rules)


def evaluate_all(
    pairs: Sequence[tuple[Transcript, Transcript]],
    *,
    collar: float = 0.0,
    scored: Sequence[Scored] | None = None,
    resamples: int = 2_000,
    seed: int = 1,
    rules: Normalization = ENGLISH,
) -> Evaluation:
    """Measure several tapes together: errors of all tapes over speech or words of all tapes.

    With 5 tapes or more whole tapes are resampled, since tapes differ in voices and rooms; with
    fewer, blocks of all tapes are, and the interval holds for these tapes alone.

    Parameters
    ----------
    pairs : sequence of (hypothesis, reference)
    collar, resamples, seed, rules
        As in :func:`evaluate`.
    scored : sequence, optional
        What was corrected of each tape; None for a whole tape.

    Returns
    -------
    Evaluation

    Raises
    ------
    TapeError
        When there is no pair, `scored` has another length, or an option or a turn is not possible.
    AnalysisError
        When the seed is negative.
    """
    if not pairs:
        raise TapeError(
            Problem("there is nothing to evaluate.", hint="Give a transcript and a corrected one.")
        )
    stretches = [None] * len(pairs) if scored is None else list(scored)
    if len(stretches) != len(pairs):
        raise TapeError(
            Problem(f"scored: {len(stretches)} entries for {len(pairs)} tapes.", hint="Give one a tape.")
        )
    if resamples < LEAST_RESAMPLES:
        raise TapeError(
            Problem(f"resamples: {resamples} are too few.", hint=f"Give {LEAST_RESAMPLES} or more.")
        )
    tapes = [tape_sums(h, r, collar, s, rules) for (h, r), s in zip(pairs, stretches, strict=True)]
    sums = np.concatenate([t.sums for t in tapes])
    total = dict(zip(SUMS, sums.sum(axis=0).tolist(), strict=True))
    return Evaluation(
        **accuracy_figures(tapes, resamples, seed),
        words=WordError(*(int(total[k]) for k in ("words", "substitutions", "deletions", "insertions"))),
        backchannels=sum((t.backchannels for t in tapes), Backchannels()),
        seconds=DiarizationError(
            total["speech"],
            total["missed"],
            total["false_alarm"],
            total["confusion"],
            mapping=tapes[0].mapping if len(tapes) == 1 else {},
        ),
        mappings=tuple(t.mapping for t in tapes),
        tapes=len(tapes),
        blocks=len(sums),
        collar=collar,
        seed=seed,
        notes=_notes(tapes),
    )


def _notes(tapes: Sequence[TapeSums]) -> tuple[str, ...]:
    notes = []
    if any(t.outside > OUTSIDE_SECONDS for t in tapes):
        notes.append(
            f"more than {OUTSIDE_SECONDS:g} s of a transcript's speech lie before or after everything in its reference "
            "and count as false alarm; if only a part was corrected, say which (`scored`; on the command line --uem)"
        )
    if any(t.has_words for t in tapes):
        wordless = sum(not t.has_words for t in tapes)
        if wordless:
            notes.append(f"{wordless} of {len(tapes)} references have no words and count for turns alone")
        unheard = sum(t.has_words and not t.is_heard for t in tapes)
        if unheard and any(t.is_heard for t in tapes):
            notes.append(
                f"{unheard} of {len(tapes)} transcripts have no words: all of the reference's are lost there"
            )
    return tuple(notes)


def as_record(evaluation: Evaluation) -> dict[str, Any]:
    """Return an evaluation as JSON holds it: plain numbers, unrounded, null where there is no value.

    Parameters
    ----------
    evaluation : Evaluation

    Returns
    -------
    dict
        The six figures under their names, and beside them `intervals`, `n`, `undefined`, `notes`,
        counts of words, seconds and backchannels, and the mappings of speakers.
    """
    e = evaluation
    estimates = dict(zip(FIGURES, e.estimates, strict=True))
    return {
        **{name: one.value for name, one in estimates.items()},
        "intervals": {
            name: one.interval
            and {
                "low": one.interval.low,
                "high": one.interval.high,
                "level": one.interval.level,
                "method": one.interval.method,
            }
            for name, one in estimates.items()
        },
        "n": {name: one.n for name, one in estimates.items()},
        "undefined": {name: one.undefined for name, one in estimates.items() if one.undefined},
        "notes": [*e.notes, *(f"{name}: {note}" for name, one in estimates.items() for note in one.notes)],
        "words": {
            "reference": e.words.words,
            "substitutions": e.words.substitutions,
            "deletions": e.words.deletions,
            "insertions": e.words.insertions,
        },
        "seconds": {
            "speech": e.seconds.speech,
            "missed": e.seconds.missed,
            "false_alarm": e.seconds.false_alarm,
            "confusion": e.seconds.confusion,
        },
        "backchannels": {
            "total": e.backchannels.total,
            "as_words": e.backchannels.as_words,
            "as_vocalization": e.backchannels.as_vocalization,
            "lost": e.backchannels.lost,
        },
        "mappings": [dict(m) for m in e.mappings],
        "tapes": e.tapes,
        "blocks": e.blocks,
        "collar": e.collar,
        "seed": e.seed,
    }
