"""The lines of the review, for a plain terminal."""

from __future__ import annotations

import pytest

from bordin.errors import TapeError
from bordin.tapes.deidentification import Decision, dictionary_from_text, propose, review_lines

NAMES = dictionary_from_text("text,kind\nAnna,person\n")


def test_lines_have_a_number_a_time_and_five_words_on_each_side(talk) -> None:
    transcript = talk("one two three four five six Anna's two three four five six", "Anna", timed=True)
    proposals = propose(transcript, NAMES)
    assert review_lines(transcript, proposals) == (
        "1. 00:03 therapist | ... two three four five six >> Anna's << two three four five six "
        "| person 0.95, in the dictionary (row 2)",
        "2. 00:06 client | >> Anna << | person 0.95, in the dictionary (row 2)",
    )


def test_decisions_are_shown(talk) -> None:
    transcript = talk("so Anna and Anna", timed=False)
    first, second = propose(transcript, NAMES)
    lines = review_lines(
        transcript,
        (first, second),
        [Decision(first.id, True, "place"), Decision(second.id, False)],
        context=1,
    )
    assert lines == (
        "1. 00:00 therapist | so >> Anna << and ... | place 0.95, in the dictionary (row 2) [hide]",
        "2. 00:00 therapist | ... and >> Anna << | person 0.95, in the dictionary (row 2) [keep]",
    )


def test_numbers_are_set_right(talk) -> None:
    transcript = talk(" ".join(["so Anna"] * 10))
    lines = review_lines(transcript, propose(transcript, NAMES))
    assert lines[0].startswith(" 1. ")
    assert lines[9].startswith("10. ")


def test_another_transcript_is_refused(talk) -> None:
    proposals = propose(talk("so Anna"), NAMES)
    with pytest.raises(TapeError, match="other words stand there"):
        review_lines(talk("no Berta"), proposals)
