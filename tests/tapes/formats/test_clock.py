"""Times are exact: no rounding walks over a minute, no digit is lost."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bordin.tapes.formats.clock import clock, from_clock, milliseconds, number, plain, span_in_milliseconds


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (59.9999, "00:01:00.000"),
        (59.9994, "00:00:59.999"),
        (3599.9996, "01:00:00.000"),
        (0.0, "00:00:00.000"),
        (1.0005, "00:00:01.000"),
        (1.0015, "00:00:01.002"),
        (360_000.001, "100:00:00.001"),
    ],
)
def test_a_time_never_shows_sixty_seconds(seconds: float, text: str) -> None:
    assert clock(milliseconds(seconds)) == text


@given(st.integers(0, 10**9))
def test_every_millisecond_comes_back(ms: int) -> None:
    assert from_clock(clock(ms)) == ms / 1000
    assert milliseconds(ms / 1000) == ms
    assert from_clock(clock(ms, ",", 1), ",.") == ms / 1000


@given(st.floats(0, 1e7))
def test_plain_seconds_keep_every_digit(seconds: float) -> None:
    text = plain(seconds)
    assert float(text) == seconds
    assert "e" not in text.lower()


@pytest.mark.parametrize(
    "text",
    ["00:60:00.000", "00:00:60.000", "00:00:1d.890", "1.5", "00:00:01", "00:00:01.00", "00:00:01,000", ""],
)
def test_what_is_no_time_is_none(text: str) -> None:
    assert from_clock(text) is None


def test_hours_may_be_left_out_and_a_stretch_never_vanishes() -> None:
    assert from_clock("01:30.500") == 90.5
    assert from_clock("00:01:30", digits=0) == 90.0
    assert span_in_milliseconds(1.0001, 1.0002) == (1000, 1001)
    assert number("1e3") == Decimal(1000)
    assert number("nan") is None
    assert number("1,5") is None
