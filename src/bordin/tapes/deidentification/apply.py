"""Putting placeholders where a person decided that words are to be hidden."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bordin.errors import TapeError
from bordin.tapes.deidentification.proposals import check_places, remaining
from bordin.tapes.deidentification.shapes import PERSON, PLACEHOLDERS, Decision, Proposal, by_id
from bordin.tapes.deidentification.spelling import folded
from bordin.tapes.shapes import PLACEHOLDER, UNCERTAIN_SPEAKER, EngineFacts, Transcript, Turn, Word

REMOVED = "[removed]"
_OPENING = re.compile("^[\"'“‘«¿¡(\\[]*")
_CLOSING = re.compile("(?:['’](?:s|d|ll|ve|re|m))?[.,;:!?…\"'”’»)\\]-]*$", re.IGNORECASE)
_RUN = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


@dataclass(frozen=True)
class Span:
    """Words of one turn that are to be hidden together.

    Attributes
    ----------
    turn, first, last : int
        Counted from 0, `last` included.
    kind : str
        As decided.
    lead : Proposal
        The longest of the accepted proposals that it was made of.
    """

    turn: int
    first: int
    last: int
    kind: str
    lead: Proposal


def accepted_spans(proposals: Sequence[Proposal], decisions: Iterable[Decision]) -> tuple[Span, ...]:
    """Return what is to be hidden: accepted proposals, those that overlap made one.

    Raises
    ------
    TapeError
        When decisions are about other proposals, or contradict each other.
    """
    decided = by_id(decisions, proposals)
    accepted = [p for p in proposals if p.id in decided and decided[p.id].accepted]
    spans: list[Span] = []
    for one in sorted(accepted, key=lambda p: (p.turn, p.first, -p.last, -p.confidence)):
        kind = decided[one.id].kind or one.kind
        before = spans[-1] if spans else None
        if before is None or before.turn != one.turn or one.first > before.last:
            spans.append(Span(one.turn, one.first, one.last, kind, one))
            continue
        if one.words > before.lead.words:
            before = replace(before, kind=kind, lead=one)
        spans[-1] = replace(before, last=max(before.last, one.last))
    return tuple(spans)


def apply(
    transcript: Transcript,
    proposals: Sequence[Proposal],
    decisions: Iterable[Decision],
    *,
    numbered: bool = False,
) -> Transcript:
    """Replace accepted words by placeholders such as ``[name]``. Nothing else is replaced.

    Parameters
    ----------
    transcript : Transcript
        The one that was proposed on and reviewed.
    proposals : sequence of Proposal
        Those of :func:`~bordin.tapes.deidentification.propose`, and those that a person added.
    decisions : iterable of Decision
    numbered : bool
        Write ``[person 1]``, ``[person 2]`` in the order in which they are first named, the same number for
        the same row of the dictionary or, without a row, the same spelling.

    Returns
    -------
    Transcript
        Each hidden span is one word with the mark ``placeholder``, from the start of its first to the end of
        its last word. Punctuation around it and a possessive 's stay. Turns, their times and all other words
        are as before. What the engines were told, and warnings, lose texts that hold what was hidden. A
        warning counts proposals that nobody has decided about. Applied again, it changes nothing.

    Raises
    ------
    TapeError
        When other words stand in the transcript than were proposed, or decisions contradict each other.
    """
    decisions = tuple(decisions)
    spans = accepted_spans(proposals, decisions)
    try:
        check_places(transcript, proposals)
    except TapeError:
        if spans and _stands(transcript, spans):
            return transcript
        raise
    texts = [_text(transcript, span) for span in spans]
    labels = _labels(spans, texts, numbered)
    turns = list(transcript.turns)
    for index in {span.turn for span in spans}:
        here = [(s, label) for s, label in zip(spans, labels, strict=True) if s.turn == index]
        turns[index] = _replaced(turns[index], here)
    hidden = {key for key in (_key(text) for text in texts) if key}
    warnings = [_cleaned(w, hidden) for w in transcript.warnings]
    left = remaining(proposals, decisions)
    news = []
    if spans:
        news.append(f"{len(spans)} places were replaced by placeholders, as a person decided.")
    if left:
        news.append(f"Nobody has decided about {len(left)} proposals: this is no de-identified copy yet.")
    return replace(
        transcript,
        turns=tuple(turns),
        engines=tuple(_cleaned_engine(e, hidden) for e in transcript.engines),
        warnings=(*warnings, *(n for n in news if n not in warnings)),
    )


def _replaced(turn: Turn, here: Sequence[tuple[Span, str]]) -> Turn:
    """Return the turn with its spans replaced, from the last to the first so that places stay true."""
    words = list(turn.words)
    for span, label in reversed(here):
        words[span.first : span.last + 1] = [_word(words[span.first : span.last + 1], label)]
    return replace(turn, words=tuple(words))


def _word(words: Sequence[Word], label: str) -> Word:
    """Return the placeholder for some words, with the punctuation that stood around them."""
    first, last = words[0], words[-1]
    opening = _OPENING.match(first.text)
    before = opening[0] if opening and opening[0] != first.text else ""
    closing = _CLOSING.search(last.text)
    after = closing[0] if closing and closing[0] != last.text else ""
    # A bracket that closes inside, as in "(020) 7946", belongs to what is hidden.
    for left, right in ("()", "[]"):
        if left in before and right not in after:
            before = before.replace(left, "")
        elif right in after and left not in before:
            after = after.replace(right, "")
    # How surely a name was heard is a hint to it, so only the doubt about the speaker stays.
    doubt = any(UNCERTAIN_SPEAKER in w.marks for w in words)
    marks = (UNCERTAIN_SPEAKER, PLACEHOLDER) if doubt else (PLACEHOLDER,)
    return Word(f"{before}{label}{after}", first.start, last.end, None, marks)


def _labels(spans: Sequence[Span], texts: Sequence[str], numbered: bool) -> list[str]:
    """Return what stands for each span."""
    people: dict[object, int] = {}
    rows = {_key(t): s.lead.entry for s, t in zip(spans, texts, strict=True) if s.lead.entry is not None}
    labels = []
    for span, text in zip(spans, texts, strict=True):
        if span.lead.replacement is not None:
            labels.append(span.lead.replacement)
        elif numbered and span.kind == PERSON:
            spelled = _key(text)
            row = span.lead.entry if span.lead.entry is not None else rows.get(spelled)
            number = people.setdefault(spelled if row is None else row, len(people) + 1)
            labels.append(f"[person {number}]")
        else:
            labels.append(PLACEHOLDERS[span.kind])
    return labels


def _text(transcript: Transcript, span: Span) -> str:
    """Return the words of a span without what stands around them."""
    words = transcript.turns[span.turn].words[span.first : span.last + 1]
    return _CLOSING.sub("", " ".join(w.text for w in words))


def _key(text: str) -> tuple[str, ...]:
    """Return a text as compared: its runs of letters, folded."""
    return tuple(folded(run) for run in _RUN.findall(text))


def _stands(transcript: Transcript, spans: Sequence[Span]) -> bool:
    """Say whether each span is a placeholder already, at the place to which it moves when all are applied."""
    shift: dict[int, int] = {}
    for span in spans:
        if span.turn >= len(transcript.turns):
            return False
        at = span.first - shift.get(span.turn, 0)
        shift[span.turn] = shift.get(span.turn, 0) + span.last - span.first
        words = transcript.turns[span.turn].words
        label = span.lead.replacement or PLACEHOLDERS[span.kind]
        wanted = (label, "[person ") if span.kind == PERSON else (label,)
        if at >= len(words) or PLACEHOLDER not in words[at].marks:
            return False
        if not any(w in words[at].text for w in wanted):
            return False
    return True


def _cleaned(value: Any, hidden: set[tuple[str, ...]]) -> Any:
    """Return a value without texts that hold what was hidden, such as names of a glossary."""
    if isinstance(value, str):
        runs = _key(value)
        holds = any(runs[i : i + len(key)] == key for key in hidden for i in range(len(runs) - len(key) + 1))
        return REMOVED if holds else value
    if isinstance(value, Mapping):
        return {k: _cleaned(v, hidden) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_cleaned(v, hidden) for v in value)
    return value


def _cleaned_engine(engine: EngineFacts, hidden: set[tuple[str, ...]]) -> EngineFacts:
    return replace(engine, parameters=_cleaned(engine.parameters, hidden)) if hidden else engine
