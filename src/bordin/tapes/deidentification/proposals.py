"""All proposals for a transcript, from the dictionary, the patterns and any other finder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from bordin.errors import Problem, TapeError
from bordin.tapes.deidentification.dictionary import Dictionary, StudyPattern
from bordin.tapes.deidentification.names import find_names
from bordin.tapes.deidentification.pattern_shape import Pattern
from bordin.tapes.deidentification.patterns import PATTERNS, find_patterns
from bordin.tapes.deidentification.shapes import DICTIONARY, Decision, Proposal, by_id, identity, proposal_at
from bordin.tapes.deidentification.turn_text import HIDDEN, turn_text
from bordin.tapes.shapes import Transcript

Finder = Callable[[Transcript], Iterable[Proposal]]
STUDY_PATTERN = 0.9


def propose(
    transcript: Transcript,
    dictionary: Dictionary | None = None,
    *,
    patterns: Sequence[Pattern] = PATTERNS,
    extra: Finder | None = None,
) -> tuple[Proposal, ...]:
    """Propose words to hide. Nothing is hidden: a person decides about each (:class:`Decision`).

    Parameters
    ----------
    transcript : Transcript
    dictionary : Dictionary, optional
        The study's names and places, and its own patterns.
    patterns : sequence of Pattern
        Forms of identifiers; those of :data:`~bordin.tapes.deidentification.patterns.PATTERNS` when not given.
    extra : callable, optional
        Takes the transcript and returns more proposals, such as
        :class:`~bordin.tapes.deidentification.presidio.PresidioFinder`.

    Returns
    -------
    tuple of Proposal
        By place. Proposals may overlap when they come from different sources or are of different kinds, so
        that rejecting the longer one does not lose the shorter. One place is proposed once: by the surest
        source, with the reasons of all.

    Raises
    ------
    TapeError
        When `extra` returns a proposal that does not fit the transcript.
    """
    dictionary = dictionary or Dictionary()
    found = [*find_names(transcript, dictionary), *_study_patterns(transcript, dictionary.patterns)]
    found += find_patterns(transcript, patterns)
    for one in extra(transcript) if extra is not None else ():
        check_places(transcript, (one,))
        found.append(one)
    places: dict[str, Proposal] = {}
    for one in sorted(found, key=lambda p: (-p.confidence, p.source != DICTIONARY, p.kind)):
        first = places.setdefault(one.id, one)
        if first is not one and one.reason not in first.reason:
            # What the study's own dictionary wants in a place holds whoever was surest.
            places[one.id] = replace(
                first,
                reason=f"{first.reason}; {one.reason}",
                replacement=first.replacement or one.replacement,
                entry=first.entry if first.entry is not None else one.entry,
            )
    return tuple(sorted(places.values(), key=lambda p: (p.turn, p.first, -p.last)))


def remaining(proposals: Sequence[Proposal], decisions: Iterable[Decision]) -> tuple[Proposal, ...]:
    """Return the proposals that nobody has decided about.

    Parameters
    ----------
    proposals : sequence of Proposal
    decisions : iterable of Decision

    Returns
    -------
    tuple of Proposal
        One that lies wholly in an accepted one is decided with it.

    Raises
    ------
    TapeError
        When decisions are about other proposals, or contradict each other.
    """
    decided = by_id(decisions, proposals)
    accepted = [p for p in proposals if p.id in decided and decided[p.id].accepted]
    return tuple(p for p in proposals if p.id not in decided and not any(a.covers(p) for a in accepted))


def check_places(transcript: Transcript, proposals: Iterable[Proposal]) -> None:
    """Refuse proposals that were made for other words than those that stand there now.

    Raises
    ------
    TapeError
        With the place of the first that does not fit.
    """
    for one in proposals:
        turns = transcript.turns
        there = 0 <= one.turn < len(turns) and 0 <= one.first <= one.last < len(turns[one.turn].words)
        if not there or identity(transcript, one.turn, one.first, one.last) != one.id:
            problem = f"turn {one.turn}, words {one.first} to {one.last}: other words stand there than were proposed."
            hint = (
                "The transcript changed. Propose again on it, or apply to the transcript that was reviewed."
            )
            raise TapeError(Problem(problem, hint=hint))


def _study_patterns(transcript: Transcript, patterns: Sequence[StudyPattern]) -> list[Proposal]:
    """Find what the study's own expressions name."""
    found = []
    for turn, content in enumerate(transcript.turns if patterns else ()):
        line = turn_text(content)
        for pattern in patterns:
            for match in pattern.expression.finditer(line.text):
                # An expression with a dot could run over a placeholder.
                if not match[0].strip() or HIDDEN in match[0]:
                    continue
                place = (turn, *line.words(*match.span()))
                reason = f"a pattern of the dictionary (row {pattern.line})"
                one = proposal_at(transcript, place, pattern.kind, DICTIONARY, STUDY_PATTERN, reason)
                found.append(replace(one, replacement=pattern.replacement, entry=pattern.line))
    return found
