"""Two one-sided tests, and the one-sided test behind verdicts."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bordin.association import rejects_at_least, tost
from bordin.errors import AnalysisError

Read = Callable[[str], Any]


@pytest.mark.parametrize(("key", "n"), [("n43", 43), ("n200", 200)])
def test_pearson_is_that_of_toster(key: str, n: int, read_reference: Read) -> None:
    expected = read_reference("estimators_published.json")["TOSTr"][key]
    made = tost(0.1, n, 0.3, coefficient="pearson")
    assert made is not None
    assert made.p_lower == pytest.approx(expected["TOST_p1"], abs=1e-12)
    assert made.p_upper == pytest.approx(expected["TOST_p2"], abs=1e-12)
    assert made.p == made.p_upper
    assert made.interval.level == pytest.approx(0.9)
    assert made.interval.low == pytest.approx(expected["LL_CI_TOST"], abs=1e-12)
    assert made.interval.high == pytest.approx(expected["UL_CI_TOST"], abs=1e-12)


@pytest.mark.parametrize("name", ["seedlike_a", "seedlike_c_extreme_ties", "tiny8"])
@pytest.mark.parametrize("interval", ["Bonett-Wright", "Fisher"])
def test_spearman_follows_its_interval(name: str, interval: str, read_reference: Read) -> None:
    key = "tost_.3_p_bonett_wright" if interval == "Bonett-Wright" else "tost_.3_p_fisher"
    counted = 0
    for numbers in read_reference(f"estimators_{name}.json").values():
        if numbers["rho"] is None or abs(numbers["rho"]) == 1:
            continue
        made = tost(numbers["rho"], numbers["n"], 0.3, interval=interval)
        assert made is not None
        assert made.p == pytest.approx(numbers[key], abs=1e-12)
        counted += 1
    assert counted > 10


@given(
    st.floats(-0.95, 0.95),
    st.integers(5, 400),
    st.floats(0.05, 0.9),
    st.sampled_from(["spearman", "pearson", "kendall"]),
)
def test_rejection_is_the_interval_within_the_bounds(
    r: float, n: int, bound: float, coefficient: str
) -> None:
    made = tost(r, n, bound, coefficient=coefficient)
    mirrored = tost(-r, n, bound, coefficient=coefficient)
    assert made is not None
    assert mirrored is not None
    assert made.p == pytest.approx(mirrored.p, abs=1e-12)
    inside = -bound < made.interval.low and made.interval.high < bound
    if abs(made.p - 0.05) > 1e-9:
        assert (made.p < 0.05) == inside
        assert (made.p_upper < 0.05) == (made.interval.high < bound)


def test_no_absence_can_be_shown_at_43_cases_for_narrow_bounds() -> None:
    for bound, shown in ((0.2, False), (0.25, False), (0.254, False), (0.255, True), (0.3, True)):
        made = tost(0.0, 43, bound)
        assert made is not None
        assert (made.p < 0.05) is shown


def test_at_least_the_smallest_effect_is_rejected_in_one_direction_only() -> None:
    assert rejects_at_least(-0.3, 43, 0.3)
    assert rejects_at_least(0.0, 43, 0.3)
    assert not rejects_at_least(0.1, 43, 0.3)
    assert not rejects_at_least(0.5, 43, 0.3)
    assert rejects_at_least(0.1, 43, 0.3, alpha=0.10)
    assert not rejects_at_least(-0.9, 3, 0.3)
    assert not rejects_at_least(-0.9, 4, 0.3, coefficient="kendall")


def test_perfect_correlation_and_too_few_cases() -> None:
    made = tost(1.0, 10, 0.3)
    assert made is not None
    assert made.p == 1.0
    assert made.p_lower == 0.0
    assert math.isfinite(made.interval.low)
    assert tost(0.1, 3, 0.3) is None
    assert tost(0.1, 4, 0.3, coefficient="kendall") is None


@pytest.mark.parametrize("bound", [0, 1, -0.3, 3])
def test_bounds_outside_0_to_1_are_refused(bound: float) -> None:
    with pytest.raises(AnalysisError, match="smallest effect size of interest"):
        tost(0.1, 43, bound)
