"""Which stretches of the tape hold what is hidden, also where a transcript does not know when a word was said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bordin.errors import Problem, TapeError, nearest
from bordin.tapes.deidentification.apply import Span, accepted_spans
from bordin.tapes.deidentification.proposals import check_places, remaining
from bordin.tapes.deidentification.shapes import Decision, Proposal
from bordin.tapes.shapes import Stretch, Transcript, Turn, Word, union

REFUSE, SURROUNDINGS, PROPORTIONAL = "refuse", "surroundings", "proportional"
MISSING = (REFUSE, SURROUNDINGS, PROPORTIONAL)
_LEAST_MARGIN = 1.0
_SHARE_MARGIN = 0.1


@dataclass(frozen=True)
class BleepPlan:
    """What to make inaudible.

    Attributes
    ----------
    stretches : tuple of Stretch
        Seconds, apart from each other, without the margin of the bleep itself.
    notes : tuple of str
        Where times were missing and what was done; what is not decided yet.
    guessed : int
        Places whose time was guessed from the length of the words. Somebody has to listen to them.
    """

    stretches: tuple[Stretch, ...]
    notes: tuple[str, ...] = ()
    guessed: int = 0


def bleep_plan(
    transcript: Transcript,
    proposals: Sequence[Proposal],
    decisions: Iterable[Decision],
    *,
    missing: str = REFUSE,
) -> BleepPlan:
    """Find the stretches of all accepted proposals.

    Parameters
    ----------
    transcript : Transcript
        The reviewed one, before placeholders were put in.
    proposals : sequence of Proposal
    decisions : iterable of Decision
    missing : str
        What to do where a word has no time, or one without length. ``"refuse"`` raises an error.
        ``"surroundings"`` takes all from the end of the last word before it that has a time to the start of
        the next one, at most the whole turn: nothing can be missed within the turn. ``"proportional"``
        guesses from the share of letters, with at least one second, or a tenth of the turn, on each side;
        it can miss, so each such place is counted in `guessed`.

    Returns
    -------
    BleepPlan

    Raises
    ------
    TapeError
        When a time is missing and is to be refused, proposals do not fit the transcript, or `missing` is not
        known.
    """
    if missing not in MISSING:
        problem = f"'{missing}' is no way to deal with missing times."
        raise TapeError(Problem(problem, hint=nearest(missing, MISSING)))
    decisions = tuple(decisions)
    check_places(transcript, proposals)
    spans = accepted_spans(proposals, decisions)
    untimed = [s for s in spans if not _timed(transcript, s)]
    if untimed and missing == REFUSE:
        where = ", ".join(f"turn {s.turn} words {s.first} to {s.last}" for s in untimed[:5])
        more = f" and {len(untimed) - 5} more" if len(untimed) > 5 else ""
        problem = f"{len(untimed)} places to bleep have no times ({where}{more})."
        hint = (
            "Transcribe the tape with times for words; or choose 'surroundings', which silences all up to the "
            "nearest known times, at most the whole turn."
        )
        raise TapeError(Problem(problem, hint=hint))
    found = []
    for span in spans:
        turn = transcript.turns[span.turn]
        words = turn.words[span.first : span.last + 1]
        if span not in untimed:
            found.append(_outer(words))
        elif missing == SURROUNDINGS:
            found.append(_surroundings(turn, span))
        else:
            found.append(_guess(turn, span))
    stretches = union((max(0.0, a), min(b, transcript.duration)) for a, b in found)
    guessed = len(untimed) if missing == PROPORTIONAL else 0
    return BleepPlan(stretches, _notes(untimed, missing, len(remaining(proposals, decisions))), guessed)


def _notes(untimed: Sequence[Span], missing: str, undecided: int) -> tuple[str, ...]:
    notes = []
    if untimed and missing == SURROUNDINGS:
        notes.append(
            f"{len(untimed)} places had no times: all up to the nearest known times was taken, at most the turn."
        )
    if untimed and missing == PROPORTIONAL:
        notes.append(
            f"{len(untimed)} places had no times and were guessed from the length of the words: listen to each of "
            "them before the copy leaves your hands."
        )
    if undecided:
        notes.append(f"Nobody has decided about {undecided} proposals; they stay audible.")
    return tuple(notes)


def _timed(transcript: Transcript, span: Span) -> bool:
    """Say whether each word of a span has a time of some length."""
    words = transcript.turns[span.turn].words[span.first : span.last + 1]
    return all(w.start is not None and w.end is not None and w.end > w.start for w in words)


def _outer(words: Sequence[Word]) -> tuple[float, float]:
    """Return from the earliest start to the latest end: word times need not be in order."""
    starts = [w.start for w in words if w.start is not None]
    ends = [w.end for w in words if w.end is not None]
    return min(starts), max(ends)


def _surroundings(turn: Turn, span: Span) -> tuple[float, float]:
    """Return from the last known time before a span to the first known one after it."""
    before = [w.end for w in turn.words[: span.first] if w.end is not None]
    after = [w.start for w in turn.words[span.last + 1 :] if w.start is not None]
    low = max(before[-1], turn.start) if before else turn.start
    high = min(after[0], turn.end) if after else turn.end
    words = turn.words[span.first : span.last + 1]
    known = [t for w in words for t in (w.start, w.end) if t is not None]
    low, high = min([low, *known]), max([high, *known])
    # Times that contradict each other tell nothing: the whole turn is taken.
    return (low, high) if high > low else (turn.start, turn.end)


def _guess(turn: Turn, span: Span) -> tuple[float, float]:
    """Guess a span's time from its share of the turn's letters."""
    lengths = [len(w.text) + 1 for w in turn.words]
    total = sum(lengths)
    margin = max(_LEAST_MARGIN, _SHARE_MARGIN * turn.seconds)
    start = turn.start + turn.seconds * sum(lengths[: span.first]) / total - margin
    end = turn.start + turn.seconds * sum(lengths[: span.last + 1]) / total + margin
    low, high = _surroundings(turn, span)
    inside = max(start, low), min(end, high)
    return inside if inside[1] > inside[0] else (low, high)
