"""Proposals as numbered lines for a plain terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bordin.tapes.deidentification.proposals import check_places
from bordin.tapes.deidentification.shapes import Decision, Proposal, by_id
from bordin.tapes.shapes import Transcript

CONTEXT = 5


def review_lines(
    transcript: Transcript,
    proposals: Sequence[Proposal],
    decisions: Iterable[Decision] = (),
    *,
    context: int = CONTEXT,
) -> tuple[str, ...]:
    """Return one line a proposal, with its number and the words around it.

    Parameters
    ----------
    transcript : Transcript
    proposals : sequence of Proposal
    decisions : iterable of Decision, optional
        Those there are; a line then says what was decided.
    context : int
        Words shown on each side, from the same turn.

    Returns
    -------
    tuple of str
        ``"  3. 12:05 S1 | ... told my sister >> Anna's << husband about it ... | person 0.95, in the dictionary
        (row 2)"``. They hold names: for the screen, not for a log.

    Raises
    ------
    TapeError
        When proposals do not fit the transcript.
    """
    check_places(transcript, proposals)
    decided = by_id(decisions, proposals)
    wide = len(str(len(proposals)))
    return tuple(
        _line(transcript, one, decided.get(one.id), (f"{number:>{wide}}.", context))
        for number, one in enumerate(proposals, start=1)
    )


def _line(transcript: Transcript, one: Proposal, decision: Decision | None, how: tuple[str, int]) -> str:
    number, context = how
    turn = transcript.turns[one.turn]
    words = [w.text for w in turn.words]
    low, high = max(0, one.first - context), one.last + 1 + context
    shown = [
        "..." if low > 0 else "",
        *words[low : one.first],
        ">>",
        *words[one.first : one.last + 1],
        "<<",
        *words[one.last + 1 : high],
        "..." if high < len(words) else "",
    ]
    minutes, seconds = divmod(int(one.start if one.start is not None else turn.start), 60)
    kind = one.kind
    state = ""
    if decision is not None:
        kind = decision.kind or kind
        state = " [hide]" if decision.accepted else " [keep]"
    text = " ".join(part for part in shown if part)
    return (
        f"{number} {minutes:02d}:{seconds:02d} {turn.speaker} | {text} "
        f"| {kind} {one.confidence:.2f}, {one.reason}{state}"
    )
