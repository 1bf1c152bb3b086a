"""Names of the dictionary in talk: endings, spellings, capitals, and what is left alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bordin.tapes.deidentification import dictionary_from_text, labels_with_names, propose
from bordin.tapes.deidentification.shapes import Proposal
from bordin.tapes.shapes import PLACEHOLDER, Transcript

NAMES = dictionary_from_text(
    """text,kind,replacement
Anna Kowalska|Ania,person,
Mark,person,
Catherine,person,[sister]
Müller,person,
O'Brien,person,
Green Lane Surgery,organization,
Manchester,place,
Zoë,person,
Jo,person,
Theo,person,
Johanna,person,
Smith,person,
"""
)


def hits(transcript: Transcript) -> list[tuple[str, int | None]]:
    """Return the words found and the row of the dictionary."""
    return [(words(transcript, p), p.entry) for p in propose(transcript, NAMES, patterns=())]


def words(transcript: Transcript, one: Proposal) -> str:
    return " ".join(w.text for w in transcript.turns[one.turn].words[one.first : one.last + 1])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("I saw Anna Kowalska, and left", [("Anna Kowalska,", 2)]),
        ("it was ANNA KOWALSKA'S idea", [("ANNA KOWALSKA'S", 2)]),
        ("with “Anna” (Kowalska) there", [("“Anna” (Kowalska)", 2)]),
        ("at Anna’s place", [("Anna’s", 2)]),
        ("we like Ania.", [("Ania.", 2)]),
        ("dear Anna-Maria came", [("Anna-Maria", 2)]),
        ("I asked Anna uh Kowalska", [("Anna", 2), ("Kowalska", 2)]),
        ("the Smiths' house", [("Smiths'", 13)]),
        ("and Smith'd know", [("Smith'd", 13)]),
        ("I met Muller and Mueller", [("Muller", 5), ("Mueller", 5)]),
        ("said O Brien or OBrien or O’Brien's", [("O Brien", 6), ("OBrien", 6), ("O’Brien's", 6)]),
        ("to the Green Lane Surgery's door", [("Green Lane Surgery's", 7)]),
        ("my Zoe and my ZOË", [("Zoe", 9), ("ZOË", 9)]),
        ("I saw Jo!", [("Jo!", 10)]),
        ("my Jo Hanna came", [("Jo Hanna", 12)]),
    ],
)
def test_ways_of_writing_a_name(talk, line: str, expected: list[tuple[str, int]]) -> None:
    assert hits(talk(line)) == expected


@pytest.mark.parametrize(
    "line",
    [
        "The remarkable market is in Denmark",
        "Then the other one. Make it so. Park the car. Take care.",
        "I told Jon and Joe and Bo",
        "in the green lane we walked",
        "an nak owa lskaa",
        "Monday and March and Theme",
    ],
)
def test_what_is_no_name(talk, line: str) -> None:
    assert hits(talk(line)) == []


@pytest.mark.parametrize(
    ("line", "spelled", "row"),
    [
        ("so Catherin said", "Catherin", 4),
        ("so Katherine said", "Katherine", 4),
        ("so Kathryn said", "Kathryn", 4),
        ("in Manchseter now", "Manchseter", 8),
        ("with Anna Kovalska now", "Anna Kovalska", 2),
        ("dear Johana came", "Johana", 12),
        ("so catherin said Yes", "catherin", 4),
    ],
)
def test_a_recognizers_spelling_has_less_confidence(talk, line: str, spelled: str, row: int) -> None:
    transcript = talk(line, "This is a line with Capitals")
    (one,) = propose(transcript, NAMES, patterns=())
    assert (words(transcript, one), one.entry) == (spelled, row)
    assert one.confidence <= 0.6
    assert "spelled nearly" in one.reason or "may sound" in one.reason


def test_short_names_are_never_guessed(talk) -> None:
    # "Zoë" has three letters: one letter beside it is another word.
    assert hits(talk("I saw Zoo and Zoey and Noe there")) == []


def test_capitals_are_a_hint_that_the_reason_names(talk) -> None:
    transcript = talk("Mark said it. I mark it. And Mark, too. Marks")
    start, small, name, plural = propose(transcript, NAMES, patterns=())
    assert name.confidence == 0.95
    assert name.reason == "in the dictionary (row 3)"
    assert start.confidence == pytest.approx(0.65)
    assert (
        "at the start of a sentence, where every word has a capital, and may be the ordinary word"
        in start.reason
    )
    assert small.confidence == pytest.approx(0.35)
    assert "written with a small letter and may be the ordinary word" in small.reason
    assert plural.confidence < start.confidence
    assert "with an s at its end" in plural.reason


def test_a_transcript_without_capitals(talk) -> None:
    transcript = talk("anna kowalska went to manchester with mark")
    person, place, doubtful = propose(transcript, NAMES, patterns=())
    assert (person.kind, place.kind, doubtful.kind) == ("person", "place", "person")
    assert person.confidence == place.confidence == pytest.approx(0.85)
    assert doubtful.confidence == pytest.approx(0.6)
    assert "no capitals to go by" in doubtful.reason


def test_a_part_of_a_name_is_weaker_than_the_whole(talk) -> None:
    part, whole = propose(talk("so Anna and then Anna Kowalska"), NAMES, patterns=())
    assert (part.confidence, whole.confidence) == (0.75, 0.95)
    assert part.reason == "part of a name of the dictionary (row 2)"


def test_no_reason_repeats_a_name(talk) -> None:
    found = propose(
        talk("so Anna and Catherin and Kathryn and O Brien and mark and Smiths"), NAMES, patterns=()
    )
    assert len(found) == 6
    spoken = ("anna", "cath", "kath", "brien", "mark", "smith")
    assert not any(name in repr(p).lower() for p in found for name in spoken)


def test_words_beside_a_placeholder_are_not_joined(talk) -> None:
    transcript = talk("so Anna Anna Kowalska left")
    words_ = list(transcript.turns[0].words)
    words_[2] = words_[2].marked(PLACEHOLDER)
    transcript = replace(transcript, turns=(replace(transcript.turns[0], words=tuple(words_)),))
    assert hits(transcript) == [("Anna", 2), ("Kowalska", 2)]


def test_the_replacement_comes_along(talk) -> None:
    (one,) = propose(talk("so Catherine came"), NAMES, patterns=())
    assert (one.replacement, one.entry, one.source) == ("[sister]", 4, "dictionary")
    assert (one.start, one.end) == (0.5, 0.9)


def test_labels_that_are_names(talk) -> None:
    named = talk("hello", "hello").renamed({"client": "Anna Kowalska (mother)", "therapist": "Dr. Jo"})
    assert len(labels_with_names(named, NAMES)) == 2
    first, second = labels_with_names(named, NAMES)
    assert first.startswith("The label of speaker 1 holds a name of the dictionary (row 10).")
    assert "Kowalska" not in second
    assert labels_with_names(talk("hello Anna"), NAMES) == ()
