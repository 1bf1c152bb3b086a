"""One rating: what is taken, what is refused, and in which words."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bordin.coding.catalog import load
from bordin.coding.dimension import Dimension, Reading
from bordin.errors import DataError
from bordin.missing import Missing


@pytest.fixture(scope="module")
def concordance() -> Dimension:
    return load("socialization-7").dimension("concordance")


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [(5, 5.0), (0, 0.0), (6.0, 6.0), ("5", 5.0), (" 3 ", 3.0), ("3.0", 3.0), ("3,0", 3.0)],
)
def test_a_point_of_the_scale_is_taken(concordance: Dimension, given_value: object, expected: float) -> None:
    assert concordance.check(given_value) == expected


def test_outside_the_scale_names_the_section_of_the_manual(concordance: Dimension) -> None:
    with pytest.raises(DataError) as caught:
        concordance.check(9)
    assert str(caught.value) == "concordance: 9 is outside 0-6 (manual 1.0, section Concordance)"


@pytest.mark.parametrize(
    ("given_value", "message"),
    [
        (-1, "-1 is outside 0-6"),
        (2.5, "2.5 is not a point of 0-6 in steps of 1"),
        ("four", "'four' is not a number of 0-6"),
        ("1,234,5", "is not a number"),
        ("nan", "is not a number"),
        (float("inf"), "is not a number"),
        (True, "True is not a number"),
        (date(2026, 3, 4), "is not a number"),
    ],
)
def test_what_is_not_a_point_is_refused(concordance: Dimension, given_value: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        concordance.check(given_value)


@pytest.mark.parametrize(
    ("given_value", "reason", "expected"),
    [
        ("Not audible", "", Reading(Missing.NOT_CODABLE, "Not audible")),
        ("not_audible", "", Reading(Missing.NOT_CODABLE, "Not audible")),
        ("inaudible", "", Reading(Missing.NOT_CODABLE, "Not audible")),
        ("topic not raised", "", Reading(Missing.NOT_CODABLE, "Topic not raised")),
        ("Tape incomplete", "", Reading(Missing.NOT_RECORDED, "Tape incomplete")),
        ("No earlier session", "", Reading(Missing.NOT_APPLICABLE, "No earlier session")),
        ("NC", "tape incomplete", Reading(Missing.NOT_RECORDED, "Tape incomplete")),
        ("nc", "Not audible", Reading(Missing.NOT_CODABLE, "Not audible")),
        ("", "not audible", Reading(Missing.NOT_CODABLE, "Not audible")),
        (None, "", Reading(Missing.NOT_ANSWERED, "not rated")),
        ("  ", "", Reading(Missing.NOT_ANSWERED, "not rated")),
        ("not rated", "", Reading(Missing.NOT_ANSWERED, "not rated")),
        ("not applicable", "", Reading(Missing.NOT_APPLICABLE, "not applicable")),
        (Missing.NOT_RECORDED, "", Reading(Missing.NOT_RECORDED, "not recorded")),
        (Missing.NOT_CODABLE, "", Reading(Missing.NOT_CODABLE, "not codable")),
    ],
)
def test_reasons_for_no_value_stay_distinct(
    concordance: Dimension, given_value: object, reason: str, expected: Reading
) -> None:
    assert concordance.read(given_value, reason) == expected


def test_not_codable_needs_its_reason(concordance: Dimension) -> None:
    with pytest.raises(DataError, match=r"'NC' needs its reason .* topic not raised, not audible"):
        concordance.read("NC")


def test_an_unknown_reason_and_a_reason_beside_a_number_are_refused(concordance: Dimension) -> None:
    with pytest.raises(
        DataError, match=r"'not audibel' is not a declared reason .*Did you mean 'Not audible'"
    ):
        concordance.read(None, "not audibel")
    with pytest.raises(DataError, match="4 stands beside the reason 'Not audible'"):
        concordance.read(4, "Not audible")


def test_half_points_only_where_the_system_has_them(concordance: Dimension) -> None:
    agenda = load("cts-r-like").dimension("agenda")
    assert agenda.check(4.5) == 4.5
    assert agenda.check("4,5") == 4.5
    with pytest.raises(DataError, match=r"4\.25 is not a point of 0-6 in steps of 0\.5"):
        agenda.check(4.25)
    with pytest.raises(DataError, match=r"4\.5 is not a point of 0-6 in steps of 1"):
        concordance.check(4.5)


def test_points_from_low_to_high() -> None:
    assert load("miti-like").dimension("empathy").points == (1, 2, 3, 4, 5)
    assert load("cts-r-like").dimension("agenda").points[:3] == (0, 0.5, 1)
    assert Dimension("pain", "Pain", 0, 10, step=0).points == ()


def test_a_start_value_says_what_it_means() -> None:
    item = load("wai-o-like").dimension("item_1")
    assert (item.start, item.start_meaning, item.check(4)) == (4, "no evidence", 4)
    assert load("miti-like").dimension("empathy").start == 3


@given(st.floats(0, 10))
def test_a_visual_analog_scale_takes_every_number_within(value: float) -> None:
    assert Dimension("pain", "Pain", 0, 10, step=0).check(value) == value


@given(st.integers(-20, 20))
def test_whole_numbers_are_taken_exactly_within_the_scale(value: int) -> None:
    dimension = Dimension("d", "D", 0, 6)
    if 0 <= value <= 6:
        assert dimension.check(value) == value
    else:
        with pytest.raises(DataError, match="outside 0-6"):
            dimension.check(value)
