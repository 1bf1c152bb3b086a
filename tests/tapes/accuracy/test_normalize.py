"""What counts as the same word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bordin.tapes.accuracy.english_numbers import read_number
from bordin.tapes.accuracy.normalize import ANY_LANGUAGE, Normalization, Token, normalize, texts


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("Good morning.", "good morning"),
        ("Don’t, “really”?", "don't really"),
        ("'Tis the boys' own", "tis the boys own"),
        ("l’homme", "l'homme"),
        ("a follow-up — well", "a follow up well"),
        ("um...and so", "um and so"),
        ("C.B.T. and u.s.a", "cbt and usa"),
        ("ﬁne Ｗide", "fine wide"),
        ("Straße STRASSE", "strasse strasse"),
        ("nai\u0308ve naïve", "naïve naïve"),
        ("co\u00adop zero\u200bwidth", "coop zerowidth"),
        ("हिन्दी में", "हिन्दी में"),
        ("- … ?!", ""),
        ("[vocalization] so [NAME], [long pause] yes", "so yes"),
        ("[never closed", "never closed"),
        ("3,5 und 1.000", "3 5 und 1 000"),
        ("ten percent", "ten percent"),
    ],
)
def test_in_every_language(written: str, compared: str) -> None:
    assert texts(written.split(), ANY_LANGUAGE) == compared.split()


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("zero ten nineteen", "0 10 19"),
        ("twenty-five", "25"),
        ("twenty twenty", "20 20"),
        ("a hundred", "100"),
        ("two hundred and five", "205"),
        ("fifteen hundred", "1500"),
        ("one thousand nine hundred and ninety", "1990"),
        ("a thousand and two", "1002"),
        ("nine hundred ninety-nine thousand nine hundred ninety-nine", "999999"),
        ("5 thousand", "5000"),
        ("1,000 12,345", "1000 12345"),
        ("a hundred and then", "100 and then"),
        ("hundreds of them a hundred of", "hundreds of them 100 of"),
        ("a day", "a day"),
        ("first second third fourth eleventh twelfth", "1st 2nd 3rd 4th 11th 12th"),
        ("twenty-first thirtieth one hundred and first", "21st 30th 101st"),
        ("hundredth a hundredth a thousandth", "hundredth 100th 1000th"),
        ("21st", "21st"),
        ("3.5 50%", "3 point 5 50 percent"),
        ("three point five, fifty per cent", "3 point 5 50 percent"),
        ("one two three", "1 2 3"),
        ("nineteen ninety, half past two", "19 90 half past 2"),
        ("twenty [NAME] five", "20 5"),
        ("Mm-hmm. Mm hmm, mhm", "mmhmm mmhmm mmhmm"),
        ("OK okay uh-huh", "okay okay uhhuh"),
        ("it's its", "it's its"),
    ],
)
def test_in_english(written: str, compared: str) -> None:
    assert texts(written.split()) == compared.split()


def test_fillers_go_only_when_the_rules_say_so() -> None:
    said = ["um", "I", "uh", "mm", "hmm"]
    assert texts(said) == ["um", "i", "uh", "mmhmm"]
    assert texts(said, Normalization(fillers=False)) == ["i", "mmhmm"]


def test_a_token_knows_its_words() -> None:
    assert normalize(["about", "twenty", "five", "follow-ups"]) == (
        Token("about", 0, 0),
        Token("25", 1, 2),
        Token("follow", 3, 3),
        Token("ups", 3, 3),
    )


@given(number=st.integers(0, 999_999), hyphen=st.booleans(), joined=st.booleans())
def test_every_number_below_a_million_is_read(number: int, hyphen: bool, joined: bool) -> None:
    said = in_words(number, joined).replace("-", "-" if hyphen else " ")
    assert texts(said.split()) == [str(number)]


def in_words(number: int, joined: bool) -> str:
    """Say a number in English, with or without "and"."""
    below = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ]
    tens = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
    if number < 20:
        return below[number]
    if number < 100:
        return tens[number // 10 - 2] + (f"-{below[number % 10]}" if number % 10 else "")
    unit, name = (1000, "thousand") if number >= 1000 else (100, "hundred")
    head, rest = divmod(number, unit)
    if not rest:
        return f"{in_words(head, joined)} {name}"
    link = " and " if joined and rest < 100 else " "
    return f"{in_words(head, joined)} {name}{link}{in_words(rest, joined)}"


def test_a_number_stops_where_it_ends() -> None:
    assert read_number(["twenty", "second", "third"]) == (22, 2, True)
    assert read_number(["hundred"]) is None
    assert read_number([]) is None


@given(written=st.lists(st.text(max_size=8), max_size=6))
def test_normalizing_twice_changes_nothing(written: list[str]) -> None:
    once = texts(written, ANY_LANGUAGE)
    assert texts(once, ANY_LANGUAGE) == once


@given(written=st.lists(st.text(max_size=8), max_size=6))
def test_tokens_lie_in_order_within_the_words(written: list[str]) -> None:
    tokens = normalize(written)
    places = [place for t in tokens for place in (t.first, t.last)]
    assert places == sorted(places)
    assert all(0 <= place < len(written) for place in places)
