"""Names and numbers in a transcript: proposed by machine, decided by a person, replaced in a copy.

What comes out is a draft for a person's review, not an anonymous text, and a voice stays a voice: a tape whose
names are bleeped still identifies who speaks. See ``docs/explanation/deidentification.md``.
"""

from __future__ import annotations

from bordin.tapes.deidentification.apply import apply
from bordin.tapes.deidentification.bleep import bleep, bleep_blocks
from bordin.tapes.deidentification.dictionary import Dictionary, Entry, dictionary_from_text, read_dictionary
from bordin.tapes.deidentification.names import labels_with_names
from bordin.tapes.deidentification.patterns import PATTERNS
from bordin.tapes.deidentification.proposals import propose, remaining
from bordin.tapes.deidentification.records import Review, as_record, from_record, new_key, together
from bordin.tapes.deidentification.review import review_lines
from bordin.tapes.deidentification.shapes import KINDS, PLACEHOLDERS, Decision, Proposal, by_hand
from bordin.tapes.deidentification.stretches import BleepPlan, bleep_plan

__all__ = [
    "KINDS",
    "PATTERNS",
    "PLACEHOLDERS",
    "BleepPlan",
    "Decision",
    "Dictionary",
    "Entry",
    "Proposal",
    "Review",
    "apply",
    "as_record",
    "bleep",
    "bleep_blocks",
    "bleep_plan",
    "by_hand",
    "dictionary_from_text",
    "from_record",
    "labels_with_names",
    "new_key",
    "propose",
    "read_dictionary",
    "remaining",
    "review_lines",
    "together",
]
