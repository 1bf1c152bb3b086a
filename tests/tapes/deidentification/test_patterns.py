"""Each pattern of the table finds its examples and leaves alone what it must; ordinary therapy talk gives nothing."""

from __future__ import annotations

import time

import pytest

from bordin.tapes.deidentification import KINDS, PATTERNS, propose
from bordin.tapes.deidentification.pattern_checks import (
    counts,
    digits,
    is_bank_account,
    is_card_number,
    is_date,
    is_nhs_number,
)
from bordin.tapes.deidentification.pattern_shape import Pattern
from bordin.tapes.deidentification.patterns import find_patterns
from bordin.tapes.shapes import Transcript

EXAMPLES = [(p, line) for p in PATTERNS for line in p.examples]
OTHERS = [(p, line) for p in PATTERNS for line in p.others]


def found(transcript: Transcript) -> list[tuple[str, str]]:
    """Return kind and words of all that the table finds."""
    return [
        (p.kind, " ".join(w.text for w in transcript.turns[p.turn].words[p.first : p.last + 1]))
        for p in find_patterns(transcript)
    ]


@pytest.mark.parametrize(("pattern", "line"), EXAMPLES, ids=[f"{p.name}: {x}" for p, x in EXAMPLES])
def test_an_example_is_found(talk, pattern: Pattern, line: str) -> None:
    (one,) = find_patterns(talk(line), (pattern,))
    assert (one.kind, one.confidence, one.reason) == (pattern.kind, pattern.confidence, pattern.name)
    assert one.source == "pattern"


@pytest.mark.parametrize(("pattern", "line"), OTHERS, ids=[f"{p.name}: {x}" for p, x in OTHERS])
def test_others_are_left_alone(talk, pattern: Pattern, line: str) -> None:
    assert find_patterns(talk(line), (pattern,)) == ()


def test_the_table_is_whole() -> None:
    assert len({p.name for p in PATTERNS}) == len(PATTERNS) == 40
    assert {p.kind for p in PATTERNS} <= set(KINDS)
    assert all(0.5 <= p.confidence < 1 and p.examples and p.others for p in PATTERNS)


def test_a_session_holds_nothing(session: Transcript) -> None:
    assert len(session.turns) == 29
    assert sum(len(t.words) for t in session.turns) > 500
    assert propose(session) == ()


@pytest.mark.parametrize(
    "line",
    [
        "I sleep from two until four, ten minutes at a time, and half an hour after lunch.",
        "Last Tuesday and next Thursday at ten. Between one and two, maybe three or four times.",
        "On a scale from zero to ten it was a seven or eight. Zero, one, two, three, four, five, six!",
        "Breathe in, two, three, four. Hold, two, three, four. Out, two, three, four, five, six.",
        "Ten, nine, eight, seven, six, five, four, three, two, one.",
        "I was 45 when it began, in 2019, and she was 17. He is 80 years old.",
        "It may be the second or third time. May I say that we march on? The first of all my sessions in March.",
        "Five things you can see, four you can touch, three you can hear.",
        "About 100 percent, 90 minutes, 95 degrees, 1000 calories, 10,000 steps, 24/7, 50/50, 9 to 5.",
        "I walked down the road to the shop and back, a 20 minute walk, no way, not my place, in the park.",
        "He is at work, at home, at ten dot on the dot. Look at that. The point at issue.",
        "Session 12 of 16, week 3, item 9, page 114, channel 4, level 2, COVID-19, B12, PTSD, BDI 21.",
        "I took 50 mg, then 75.5 mg, at 8.30 and 20.15, from 7:30 to 8:00, in the case of 2 or 3 of them.",
        "Oh no, one more! Oh, two? One on one, two by two, one two one two.",
        "My record is 10000 steps and in that case I call at 10 to 4.",
    ],
)
def test_ordinary_talk_gives_nothing(talk, line: str) -> None:
    assert found(talk(line)) == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Call me on 07700 900123, please.", [("phone", "07700 900123,")]),
        ("It's (020) 7946 0000.", [("phone", "(020) 7946 0000.")]),
        ("my NHS number is 943 476 5919.", [("identifier", "943 476 5919.")]),
        ("my mum's 92, you know", [("age", "92,")]),
        ("born 03/04/1975 in May 2001", [("date", "03/04/1975"), ("date", "May 2001")]),
        ("on the 3rd of March 1975!", [("date", "3rd of March 1975!")]),
        ("I live at 12 Green Lane, M1 1AE.", [("address", "12 Green Lane,"), ("postcode", "M1 1AE.")]),
        ("case number AB-20417, yes", [("identifier", "AB-20417,")]),
        ("w w w dot example dot com", [("url", "w w w dot example dot com")]),
    ],
)
def test_which_words_are_hidden(talk, line: str, expected: list[tuple[str, str]]) -> None:
    assert found(talk(line)) == expected


def test_time_grows_with_length_only(talk) -> None:
    start = time.perf_counter()
    for line in ("a " * 20_000, "1 " * 20_000, "dot " * 20_000, "Aa " * 20_000, "x" * 50_000, "0-" * 20_000):
        find_patterns(talk(line))
    assert time.perf_counter() - start < 20.0


# python-stdnum 2.2: stdnum.gb.nhs, stdnum.luhn, stdnum.iban
@pytest.mark.parametrize(
    ("check", "text", "expected"),
    [
        (is_nhs_number, "943 476 5919", True),
        (is_nhs_number, "4010232137", True),
        (is_nhs_number, "9434765918", False),
        (is_nhs_number, "9876543210", True),
        (is_card_number, "4111111111111111", True),
        (is_card_number, "5500 0055 5555 5559", True),
        (is_card_number, "6011000990139424", True),
        (is_card_number, "4111111111111112", False),
        (is_bank_account, "GB82 WEST 1234 5698 7654 32", True),
        (is_bank_account, "FR1420041010050500013M02606", True),
        (is_bank_account, "NL91ABNA0417164300", True),
        (is_bank_account, "GB82WEST12345698765433", False),
    ],
)
def test_check_digits_as_python_stdnum_has_them(check, text: str, expected: bool) -> None:
    assert check(text) is expected


def test_small_checks() -> None:
    assert digits("oh double five triple 2, nine") == [0, 5, 5, 2, 2, 2, 9]
    assert counts([1, 2, 3, 4])
    assert counts([3, 2, 1, 0])
    assert counts(digits("eight nine 10"))
    assert not counts([1, 2, 4])
    assert is_date("31.12.1999")
    assert is_date("12/31/99")
    assert not is_date("32/12/1999")
    assert not is_date("2019-13-01")
