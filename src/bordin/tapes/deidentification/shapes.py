"""What de-identification passes on: a proposal to hide some words, and a person's decision about it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bordin.errors import Problem, TapeError, nearest
from bordin.tapes.shapes import PLACEHOLDER, Transcript

PERSON = "person"

# Kind of what is hidden, and what a reader sees in its place.
PLACEHOLDERS = {
    PERSON: "[name]",
    "place": "[place]",
    "organization": "[organization]",
    "date": "[date]",
    "age": "[age]",
    "phone": "[phone]",
    "email": "[email]",
    "url": "[url]",
    "address": "[address]",
    "postcode": "[postcode]",
    "identifier": "[identifier]",
    "other": "[other]",
}
KINDS = tuple(PLACEHOLDERS)

DICTIONARY, PATTERN, PRESIDIO, BY_HAND = "dictionary", "pattern", "presidio", "person"
SOURCES = (DICTIONARY, PATTERN, PRESIDIO, BY_HAND)


@dataclass(frozen=True)
class Proposal:
    """Some words of a turn that may identify somebody. It holds none of the words themselves.

    Attributes
    ----------
    id : str
        Made from the place and the words. Who has a list of names can find the words from it, so keep it
        with the original transcript; :func:`~bordin.tapes.deidentification.as_record` never writes it.
    turn : int
        Index of the turn in the transcript, counted from 0.
    first, last : int
        Indices of the first and the last word in the turn, both included.
    kind : str
        One of `KINDS`.
    source : str
        ``"dictionary"``, ``"pattern"``, ``"presidio"``, or ``"person"`` for a span that a person added.
    confidence : float
        0 to 1; an order for the reviewer, not a probability.
    reason : str
        Why it is proposed.
    start, end : float or None
        Seconds of the first and the last word, where the transcript knows them.
    replacement : str or None
        What the study's dictionary wants in its place.
    entry : int or None
        Row of the study's dictionary.
    """

    id: str
    turn: int
    first: int
    last: int
    kind: str
    source: str
    confidence: float
    reason: str
    start: float | None = None
    end: float | None = None
    replacement: str | None = None
    entry: int | None = None

    @property
    def words(self) -> int:
        """How many words it covers."""
        return self.last - self.first + 1

    def covers(self, other: Proposal) -> bool:
        """Say whether all words of the other one are in it."""
        return self.turn == other.turn and self.first <= other.first and other.last <= self.last


@dataclass(frozen=True)
class Decision:
    """What a person decided about one proposal.

    Attributes
    ----------
    proposal : str
        Id of the proposal.
    accepted : bool
        Whether the words are to be hidden.
    kind : str or None
        Another kind than the proposed one.
    """

    proposal: str
    accepted: bool
    kind: str | None = None


def check_kind(kind: str) -> str:
    """Return the kind, or refuse it.

    Raises
    ------
    TapeError
        When it is none of `KINDS`.
    """
    if kind not in PLACEHOLDERS:
        # The value is not shown: in a file with shifted columns it can be a name.
        raise TapeError(Problem(f"the kind is none of {', '.join(KINDS)}.", hint=nearest(kind, KINDS)))
    return kind


def words_at(transcript: Transcript, turn: int, first: int, last: int) -> tuple[str, ...]:
    """Return the words at a place, or refuse a place that is not in the transcript.

    Raises
    ------
    TapeError
        When the transcript has no such turn or no such words.
    """
    if not 0 <= turn < len(transcript.turns):
        problem = f"there is no turn {turn}; the transcript has {len(transcript.turns)}, counted from 0."
        raise TapeError(Problem(problem, hint="Propose again on this transcript."))
    words = transcript.turns[turn].words
    if not 0 <= first <= last < len(words):
        problem = f"turn {turn} has {len(words)} words, counted from 0, and no words {first} to {last}."
        raise TapeError(Problem(problem, hint="Propose again on this transcript."))
    return tuple(w.text for w in words[first : last + 1])


def identity(transcript: Transcript, turn: int, first: int, last: int) -> str:
    """Return the id of a place and its words: the same place with the same words has the same id."""
    words = words_at(transcript, turn, first, last)
    content = "\x1f".join((str(turn), str(first), str(last), *words))
    return hashlib.sha256(content.encode()).hexdigest()[:20]


def proposal_at(
    transcript: Transcript,
    place: tuple[int, int, int],
    kind: str,
    source: str,
    confidence: float,
    reason: str,
) -> Proposal:
    """Make a proposal for the words at a place (turn, first word, last word)."""
    turn, first, last = place
    name = identity(transcript, turn, first, last)
    words = transcript.turns[turn].words
    kind = check_kind(kind)
    times = words[first].start, words[last].end
    return Proposal(name, turn, first, last, kind, source, confidence, reason, *times)


def by_hand(
    transcript: Transcript, turn: int, first: int, last: int, kind: str, reason: str = "added by a person"
) -> Proposal:
    """Make a proposal for words that a person wants hidden and that nothing else proposed.

    Parameters
    ----------
    transcript : Transcript
    turn, first, last : int
        The turn and its first and last word, counted from 0, both included.
    kind : str
        One of `KINDS`.
    reason : str
        For the reviewers.

    Returns
    -------
    Proposal
        It still needs a :class:`Decision`.

    Raises
    ------
    TapeError
        When there are no such words, when one of them is a placeholder, or the kind is not known.
    """
    words_at(transcript, turn, first, last)
    if any(PLACEHOLDER in w.marks for w in transcript.turns[turn].words[first : last + 1]):
        problem = f"turn {turn}, words {first} to {last}: a placeholder stands there already."
        raise TapeError(Problem(problem, hint="Choose words beside it, or work on the original transcript."))
    return proposal_at(transcript, (turn, first, last), kind, BY_HAND, 1.0, reason)


def by_id(decisions: Iterable[Decision], proposals: Sequence[Proposal]) -> dict[str, Decision]:
    """Sort decisions by proposal.

    Raises
    ------
    TapeError
        When a decision is about none of the proposals, two contradict each other, or a kind is not known.
    """
    known = {p.id for p in proposals}
    found: dict[str, Decision] = {}
    for decision in decisions:
        if decision.proposal not in known:
            problem = "a decision is about a proposal that is not among those given."
            hint = (
                "The transcript, the dictionary or the patterns changed: propose again and review the rest."
            )
            raise TapeError(Problem(problem, hint=hint))
        if decision.kind is not None:
            check_kind(decision.kind)
        if found.setdefault(decision.proposal, decision) != decision:
            place = next(p for p in proposals if p.id == decision.proposal)
            problem = f"turn {place.turn}, words {place.first} to {place.last}: two decisions contradict each other."
            raise TapeError(Problem(problem, hint="Keep the later one."))
    return found
