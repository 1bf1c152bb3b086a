"""Folding, edit distance against rapidfuzz, and the key of a sound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bordin.tapes.deidentification.spelling import distance, folded, limit, shortened, sound, written_out

SPELLINGS = st.text("abcde", max_size=8)


# rapidfuzz 3.14.6, rapidfuzz.distance.OSA.distance
@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("catherine", "katherine", 1),
        ("catherine", "kathryn", 4),
        ("anna", "anan", 1),
        ("manchester", "manchseter", 1),
        ("mueller", "muller", 1),
        ("stephen", "steven", 2),
        ("kowalska", "kovalska", 1),
        ("siobhan", "shavon", 5),
        ("ca", "abc", 3),
        ("theo", "then", 1),
        ("abcdef", "badcfe", 3),
        ("", "abc", 3),
    ],
)
def test_distance_is_that_of_rapidfuzz(a: str, b: str, expected: int) -> None:
    assert distance(a, b, 9) == expected
    assert distance(b, a, 9) == expected
    assert distance(a, b, 1) == min(expected, 2)


@given(SPELLINGS, SPELLINGS)
def test_near_spellings_share_a_shortened_one(a: str, b: str) -> None:
    most = 2
    if distance(a, b, most) <= most:
        assert shortened(a, most) & shortened(b, most)


@given(SPELLINGS)
def test_a_spelling_is_no_letter_from_itself(a: str) -> None:
    assert distance(a, a, 0) == 0
    assert distance(a, a + "x", 3) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Zoë", "zoe"), ("O’Brien", "obrien"), ("Łukasz", "lukasz"), ("STRAßE", "strasse"), ("Søren", "soren")],
)
def test_folding(text: str, expected: str) -> None:
    assert folded(text) == expected


def test_umlauts_have_two_ways() -> None:
    assert (folded("Müller"), written_out("Müller")) == ("muller", "mueller")
    assert written_out("Mu\u0308ller") == "mueller"


def test_short_names_must_be_exact() -> None:
    assert [limit(n) for n in (1, 3, 4, 7, 8, 12)] == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize(
    ("a", "b"), [("catherine", "kathryn"), ("stephen", "steven"), ("geoffrey", "jeffrey")]
)
def test_one_sound(a: str, b: str) -> None:
    assert sound(a) == sound(b)


def test_other_sounds() -> None:
    assert sound("anna") != sound("emma")
    assert sound("peter") != sound("martin")
