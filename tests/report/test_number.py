from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bordin.report.number import (
    bayes_factor,
    correlation,
    count,
    interval,
    level,
    number,
    p_statement,
    p_value,
    percent,
    plain,
    span,
    threshold,
)


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (0.377, ".377"),
        (-0.4291, "−.429"),
        (1, "1.00"),
        (-1.0, "−1.00"),
        (0.00001, ".00"),
        (-0.0004, ".00"),
        (1.07, "1.070"),
        (None, "–"),
        (math.nan, "–"),
    ],
)
def test_correlation(value: float | None, printed: str) -> None:
    assert correlation(value) == printed


def test_correlation_in_plain_text() -> None:
    assert correlation(-0.5, 2, minus="-") == "-.50"


@pytest.mark.parametrize(
    ("p", "printed"),
    [
        (0.0, "< .001"),
        (0.00099999, "< .001"),
        (0.001, ".001"),
        (0.0128, ".013"),
        (0.0496, ".0496"),
        (0.0499999999, "< .05"),
        (0.05, ".050"),
        (0.0501, ".050"),
        (0.9996, "> .999"),
        (1.0, "> .999"),
        (None, "–"),
    ],
)
def test_p_value(p: float | None, printed: str) -> None:
    assert p_value(p) == printed


@given(st.floats(0, 1), st.sampled_from([0.05, 0.01, 0.1, 0.005, 0.0125]))
def test_printed_p_is_never_zero_and_never_crosses_alpha(p: float, alpha: float) -> None:
    text = p_value(p, alpha)
    assert ".000" not in text
    if text.startswith("<"):
        assert p < float(text[2:])
    elif text.startswith(">"):
        assert p > 0.999
    else:
        assert (float(text) < alpha) == (p < alpha)
        assert abs(float(text) - p) <= 0.00051


def test_p_outside_0_to_1_is_refused() -> None:
    with pytest.raises(ValueError, match="not a probability"):
        p_value(1.5)


def test_p_in_a_sentence() -> None:
    assert (p_statement(0.013), p_statement(0.0001)) == ("= .013", "< .001")


def test_interval_shows_on_which_side_of_zero_it_ends() -> None:
    assert interval(0.08, 0.624) == "[.08, .62]"
    assert interval(-0.002, 0.5) == "[−.002, .50]"
    assert interval(-0.3, 0.3, minus="-", brackets=False) == "-.30, .30"
    assert interval(0.0, 0.3) == "[.00, .30]"
    assert interval(None, 0.2) == "–"


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_interval_keeps_the_side_of_zero(low: float, high: float) -> None:
    shown = interval(low, high, minus="-", brackets=False).split(", ")
    for text, limit in zip(shown, (low, high), strict=True):
        if abs(limit) > 1e-5:
            assert (float(text) > 0) == (limit > 0)


def test_other_numbers() -> None:
    assert number(1234.5) == "1,234.50"
    assert number(-0.001) == "0.00"
    assert number(math.inf) == "∞"
    assert plain(4.0) == "4"
    assert plain(3.5) == "3.5"
    assert plain(10) == "10"
    assert percent(0.326) == "33%"
    assert count(10_000) == "10,000"
    assert (threshold(0.05), threshold(0.3), threshold(0.254)) == (".05", ".30", ".254")
    assert (level(0.95), level(0.975)) == ("95%", "97.5%")
    assert [bayes_factor(b) for b in (0.19, 12.34, 5000.0, 0.0001, None)] == [
        "0.19",
        "12.3",
        "> 1,000",
        "< 0.001",
        "–",
    ]


def test_what_sums_leave_of_zero_is_zero() -> None:
    assert span(-3e-17, 2e-16) == "[0.00, 0.00]"
    assert span(-0.0004, 0.3) == "[−0.0004, 0.30]"
