"""Disattenuated correlations."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np
import pytest

from bordin.association import disattenuated
from bordin.errors import AnalysisError
from bordin.estimate import Estimate, Interval


def correlation(r: float, low: float, high: float) -> Estimate:
    return Estimate("spearman", r, 43, interval=Interval(low, high, 0.95, "Bonett-Wright"))


def reliability(value: float, low: float, high: float) -> Estimate:
    return Estimate("ICC(A,1)", value, 12, interval=Interval(low, high, 0.95, "F"))


def test_value_is_that_of_psych(read_reference: Callable[[str], Any]) -> None:
    expected = read_reference("estimators_published.json")["disattenuate"]
    made = disattenuated(Estimate("pearson", expected["r"], 100), expected["rxx"], expected["ryy"])
    assert made.value == pytest.approx(expected["value"], abs=1e-12)
    assert made.interval is None
    assert made.notes == ()


def test_known_reliabilities_divide_the_limits() -> None:
    made = disattenuated(correlation(0.4, 0.1, 0.6), 0.8, 0.7)
    assert made.interval is not None
    assert made.interval.low == pytest.approx(0.1 / sqrt(0.56))
    assert made.interval.high == pytest.approx(0.6 / sqrt(0.56))
    assert made.interval.method == "Bonett-Wright limits over sqrt of known reliabilities"


def test_uncertain_reliabilities_widen_the_interval_and_mirror_with_the_sign() -> None:
    known = disattenuated(correlation(0.4, 0.1, 0.6), 0.8, 0.7).interval
    uncertain = disattenuated(correlation(0.4, 0.1, 0.6), reliability(0.8, 0.7, 0.87), 0.7).interval
    both = disattenuated(
        correlation(0.4, 0.1, 0.6), reliability(0.8, 0.7, 0.87), reliability(0.7, 0.4, 0.85)
    ).interval
    mirrored = disattenuated(
        correlation(-0.4, -0.6, -0.1), reliability(0.8, 0.7, 0.87), reliability(0.7, 0.4, 0.85)
    ).interval
    assert known is not None
    assert uncertain is not None
    assert both is not None
    assert mirrored is not None
    assert both.low < uncertain.low < known.low
    assert known.high < uncertain.high < both.high
    assert (mirrored.low, mirrored.high) == pytest.approx((-both.high, -both.low))
    assert "square and add" in both.method


def test_interval_is_near_that_of_simulated_sampling() -> None:
    # Sampling of z(r), and of both reliabilities on the log scale, with the same three intervals.
    rng = np.random.default_rng(3)
    draws = 200_000
    z = rng.normal(np.arctanh(0.4), 0.15, draws)
    logs = rng.normal([np.log(0.8), np.log(0.7)], [0.04, 0.08], (draws, 2))
    low, high = np.quantile(np.tanh(z) / np.exp(logs.sum(axis=1) / 2), [0.025, 0.975])
    q = 1.959963984540054
    made = disattenuated(
        correlation(0.4, np.tanh(np.arctanh(0.4) - q * 0.15), np.tanh(np.arctanh(0.4) + q * 0.15)),
        reliability(0.8, 0.8 * np.exp(-q * 0.04), 0.8 * np.exp(q * 0.04)),
        reliability(0.7, 0.7 * np.exp(-q * 0.08), 0.7 * np.exp(q * 0.08)),
    ).interval
    assert made is not None
    assert (made.low, made.high) == pytest.approx((low, high), abs=0.01)


def test_beyond_one_is_not_cut_but_said() -> None:
    made = disattenuated(correlation(0.6, 0.4, 0.8), 0.5, 0.5)
    assert made.value == pytest.approx(1.2)
    assert "beyond 1" in made.notes[0]


def test_reliability_interval_below_zero_is_held_above_it() -> None:
    made = disattenuated(correlation(0.3, 0.0, 0.5), reliability(0.4, -0.2, 0.8), 1.0).interval
    held = disattenuated(correlation(0.3, 0.0, 0.5), reliability(0.4, 0.01, 0.8), 1.0).interval
    assert made == held


def test_undefined_correlation_stays_undefined() -> None:
    made = disattenuated(Estimate.without_value("spearman", 3, "no variance in bond"), 0.8, 0.7)
    assert made.value is None
    assert made.undefined == "no variance in bond"


@pytest.mark.parametrize("value", [0.0, -0.2, 1.01])
def test_reliability_must_be_above_0_and_at_most_1(value: float) -> None:
    with pytest.raises(AnalysisError, match="above 0 and at most 1"):
        disattenuated(correlation(0.3, 0.0, 0.5), 0.8, value)


def test_reliability_without_a_value_is_refused() -> None:
    with pytest.raises(AnalysisError, match="no ratings in common"):
        disattenuated(
            correlation(0.3, 0.0, 0.5), Estimate.without_value("ICC(A,1)", 0, "no ratings in common"), 0.8
        )
