"""What identifies by its form. One table; each line has its kind, its confidence, and examples that tests read.

English forms are meant, as a recognizer writes or a person says them; a study adds its own in its dictionary.
No network, no model. The expressions have no nested repeats, so that their time grows with a turn's length.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bordin.tapes.deidentification.pattern_addresses import ADDRESSES
from bordin.tapes.deidentification.pattern_dates import AGES, DATES
from bordin.tapes.deidentification.pattern_numbers import IDENTIFIERS, PHONES, POSTCODES
from bordin.tapes.deidentification.pattern_shape import Pattern
from bordin.tapes.deidentification.shapes import PATTERN, Proposal, proposal_at
from bordin.tapes.deidentification.turn_text import turn_text
from bordin.tapes.shapes import Transcript

PATTERNS: tuple[Pattern, ...] = (*ADDRESSES, *PHONES, *IDENTIFIERS, *POSTCODES, *DATES, *AGES)


def find_patterns(transcript: Transcript, patterns: Sequence[Pattern] = PATTERNS) -> tuple[Proposal, ...]:
    """Propose what has the form of an identifier.

    Parameters
    ----------
    transcript : Transcript
    patterns : sequence of Pattern

    Returns
    -------
    tuple of Proposal
        By place. Of two finds of one kind, the one inside the other is left out.
    """
    found: list[Proposal] = []
    for turn, content in enumerate(transcript.turns):
        line = turn_text(content)
        here: list[Proposal] = []
        for pattern in patterns:
            group = "it" if "it" in pattern.expression.groupindex else 0
            for match in pattern.expression.finditer(line.text):
                if pattern.check is None or pattern.check(match[group]):
                    place = (turn, *line.words(*match.span(group)))
                    kind, confidence = pattern.kind, pattern.confidence
                    here.append(proposal_at(transcript, place, kind, PATTERN, confidence, pattern.name))
        found += _outermost(here)
    return tuple(sorted(found, key=lambda p: (p.turn, p.first, p.last)))


def _outermost(found: Iterable[Proposal]) -> list[Proposal]:
    """Leave out what lies in a longer find of the same kind; of one place, keep the surest."""
    kept: list[Proposal] = []
    for one in sorted(found, key=lambda p: (-p.words, -p.confidence, p.first)):
        if not any(other.covers(one) and (other.kind == one.kind or other.id == one.id) for other in kept):
            kept.append(one)
    return kept
