"""Spearman, Kendall and Pearson: values, tests and intervals against other programs, and properties."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bordin.association import correlate
from bordin.association.distributions import (
    normal_quantile,
    normal_tail,
    p_of_correlation,
    p_of_normal,
    p_of_t,
    t_quantile,
)
from bordin.association.fisher import fisher_interval, interval_method, standard_error
from bordin.association.kendall import kendall, tau_within
from bordin.association.pairs import midranks, product_moment
from bordin.association.pearson import pearson
from bordin.association.spearman import spearman
from bordin.errors import AnalysisError

Read = Callable[[str], Any]
SETS = ("seedlike_a", "seedlike_b", "seedlike_c_extreme_ties", "seedlike_complete", "tiny8")
# The keys of the reference numbers: value, p, interval, and value and p of R where it has them.
KEYS = {
    "spearman": ("rho", "p_t", "ci95_rho_bonett_wright", "r_rho", "r_p_t"),
    "kendall": ("tau_b", "p_tau_asymptotic", "ci95_tau_fieller_.437", "r_tau_b", "r_p_tau"),
    "pearson": ("pearson", "p_pearson", "ci95_pearson_fisher", "pearson", "p_pearson"),
}


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("coefficient", KEYS)
def test_values_p_and_intervals_are_those_of_scipy_and_r(
    name: str, coefficient: str, read_reference: Read
) -> None:
    data, expected = read_reference(f"{name}.csv"), read_reference(f"estimators_{name}.json")
    value_key, p_key, interval_key, r_value, r_p = KEYS[coefficient]
    assert len(expected) == 28
    for cell, numbers in expected.items():
        x, y = cell.split("|")
        made = correlate(data[x], data[y], coefficient=coefficient, names=(x, y))
        assert made.estimate.n == numbers["n"]
        if numbers["rho"] is None:
            assert made.estimate.undefined is not None
            assert made.p is None
            continue
        assert made.estimate.value == pytest.approx(numbers[value_key], abs=1e-12)
        assert made.p == pytest.approx(numbers[p_key], abs=1e-12)
        assert made.estimate.value == pytest.approx(numbers.get(r_value, made.estimate.value), abs=1e-12)
        assert made.p == pytest.approx(numbers.get(r_p, made.p), abs=1e-12)
        limits = made.estimate.interval
        assert limits is not None
        assert limits.level == 0.95
        assert [limits.low, limits.high] == pytest.approx(numbers[interval_key], abs=1e-12)


@pytest.mark.parametrize(
    ("interval", "key"), [("fieller", "ci95_rho_fieller_1.06"), ("Fisher", "ci95_rho_fisher_1")]
)
def test_other_intervals_of_rho(interval: str, key: str, read_reference: Read) -> None:
    data, expected = read_reference("seedlike_b.csv"), read_reference("estimators_seedlike_b.json")
    for cell, numbers in expected.items():
        x, y = cell.split("|")
        limits = spearman(data[x], data[y], interval=interval).estimate.interval
        assert limits is not None
        assert limits.method == interval.capitalize()
        assert [limits.low, limits.high] == pytest.approx(numbers[key], abs=1e-12)


def test_intervals_are_those_of_easystats(read_reference: Read) -> None:
    expected = read_reference("estimators_published.json")["cor_to_ci"]
    for key, coefficient, method, value in (
        ("fieller", "spearman", "Fieller", 0.479),
        ("bw", "spearman", "Bonett-Wright", 0.479),
        ("tau", "kendall", "Fieller", 0.35),
    ):
        limits = fisher_interval(coefficient, method, value, 43, 0.95)
        assert limits is not None
        assert limits.low == pytest.approx(expected[key]["CI_low"], abs=1e-12)
        assert limits.high == pytest.approx(expected[key]["CI_high"], abs=1e-12)


def test_ten_cases_without_ties(read_reference: Read) -> None:
    published = read_reference("estimators_published.json")
    ten = published["exact10"]
    rho = spearman(ten["x"], ten["y"])
    assert rho.estimate.value == pytest.approx(ten["rho"], abs=1e-12)
    assert rho.p == pytest.approx(ten["p_t"], abs=1e-12)
    assert kendall(ten["x"], ten["y"]).estimate.value == pytest.approx(ten["tau"], abs=1e-12)
    other = published["pspearman"]
    made = spearman(other["x"], other["y"])
    assert made.estimate.value == pytest.approx(other["rho"], abs=1e-12)
    assert made.p == pytest.approx(other["p"]["t"], abs=1e-12)


def test_published_table_follows_from_43_cases_and_from_no_other_number(read_reference: Read) -> None:
    table = read_reference("estimators_table1.csv")

    def printed_p_follows(r: float, printed: float, n: int) -> bool:
        # Both are rounded to three decimals: the p of the rounding interval of r must meet that of p.
        high, low = (p_of_correlation(abs(r) + step, n - 2) for step in (-0.0005, 0.0005))
        return low <= printed + 0.0005 and high >= printed - 0.0005

    fits = {
        n: sum(printed_p_follows(r, p, n) for r, p in zip(table["r"], table["p_printed"], strict=True))
        for n in range(35, 50)
    }
    assert fits[43] == 21
    assert [n for n, count in fits.items() if count == 21] == [43]
    starred = [
        p_of_correlation(r, 41) for r, star in zip(table["r"], table["star_printed"], strict=True) if star
    ]
    assert len(starred) == 11
    assert max(starred) == pytest.approx(0.0539, abs=0.00005)


def test_distributions() -> None:
    assert p_of_t(2.0, 41) == pytest.approx(0.0521543627869189, abs=1e-14)
    assert p_of_t(-2.0, 41) == p_of_t(2.0, 41)
    assert t_quantile(0.975, 41) == pytest.approx(2.01954097044138, abs=1e-12)
    assert p_of_normal(1.959963984540054) == pytest.approx(0.05, abs=1e-14)
    assert normal_tail(1.6448536269514722) == pytest.approx(0.05, abs=1e-14)
    assert normal_quantile(0.9) == pytest.approx(1.2815515655446004, abs=1e-12)
    assert p_of_correlation(0.9999, 1000) == pytest.approx(0.0, abs=1e-300)
    assert p_of_correlation(1.0, 5) == 0.0


def test_midranks() -> None:
    assert midranks(np.array([3.0, 1.0, 3.0, 7.0, 3.0])).tolist() == [3.0, 1.0, 3.0, 5.0, 3.0]


numbers = st.lists(st.tuples(st.integers(1, 7), st.integers(1, 7)), min_size=5, max_size=30).filter(
    lambda rows: len({a for a, _ in rows}) > 1 and len({b for _, b in rows}) > 1
)


@settings(deadline=None, max_examples=40)
@given(numbers, st.sampled_from(sorted(KEYS)), st.integers(-50, 50), st.sampled_from([0.5, 2.0, 3.0]))
def test_shift_scale_order_sides_and_sign(
    rows: list[tuple[int, int]], coefficient: str, shift: int, scale: float
) -> None:
    x, y = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    made = correlate(x, y, coefficient=coefficient)
    value, p = made.estimate.value, made.p
    assert value is not None
    assert p is not None
    assert -1 <= value <= 1
    assert 0 <= p <= 1
    limits = made.estimate.interval
    assert limits is not None
    assert limits.low <= value <= limits.high
    order = np.argsort(x * 7 + y, kind="stable")[::-1]
    for other, sign in (
        (correlate(scale * x + shift, y, coefficient=coefficient), 1),
        (correlate(y, x, coefficient=coefficient), 1),
        (correlate(x[order], y[order], coefficient=coefficient), 1),
        (correlate(-x, y, coefficient=coefficient), -1),
        (correlate([*x, None], [*y, 3.0], coefficient=coefficient), 1),
    ):
        assert other.estimate.value == pytest.approx(sign * value, abs=1e-12)
        assert other.p == pytest.approx(p, abs=1e-9)


@settings(deadline=None, max_examples=40)
@given(numbers, st.sampled_from(["spearman", "kendall"]))
def test_rank_coefficients_ignore_a_monotone_change(rows: list[tuple[int, int]], coefficient: str) -> None:
    x, y = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    value = correlate(x, y, coefficient=coefficient).estimate.value
    assert correlate(np.exp(x), y**3, coefficient=coefficient).estimate.value == pytest.approx(
        value, abs=1e-12
    )


@pytest.mark.parametrize("function", [spearman, kendall, pearson])
def test_perfect_correlation(function: Callable[..., Any]) -> None:
    x = [0.1, 0.2, 0.3, 0.7, 0.9, 1.3]
    for sign in (1, -1):
        made = function(x, [sign * (3 * v + 1) for v in x])
        assert made.estimate.value == sign
        assert made.estimate.interval.low == made.estimate.interval.high == sign
        assert "perfect correlation" in made.estimate.notes[0]
        assert made.p < 0.01
    assert spearman(x, x).p == 0


@pytest.mark.parametrize("coefficient", KEYS)
@pytest.mark.parametrize(
    ("x", "y", "reason"),
    [
        ([1, 2, None, 4], [None, 1, 2, 3], "only 2 cases have goals and bond; at least 4 are needed"),
        ([1, None], [None, 2], "no case has goals and bond"),
        ([1, None, 3], [None, 2, 3], "only 1 case has goals and bond; at least 4 are needed"),
        ([1, 2, 3, 4], [5, 5, 5, 5], "no variance in bond"),
        ([0.1, 0.1, 0.1, 0.1], [1, 2, 3, 4], "no variance in goals"),
        ([], [], "no case has goals and bond"),
    ],
)
def test_undefined_says_why(coefficient: str, x: list[Any], y: list[Any], reason: str) -> None:
    made = correlate(x, y, coefficient=coefficient, names=("goals", "bond"))
    assert made.estimate.value is None
    assert made.p is None
    assert made.estimate.interval is None
    assert made.estimate.undefined == reason


def test_tau_of_four_pairs_has_no_interval() -> None:
    made = kendall([1, 2, 3, 4], [1, 3, 2, 4])
    assert made.estimate.value == pytest.approx(2 / 3)
    assert made.estimate.interval is None
    assert made.p == pytest.approx(0.174231388248025, abs=1e-14)
    assert standard_error("kendall", "Fieller", 0.3, 4) is None
    assert standard_error("pearson", "Fisher", 0.3, 3) is None


def test_tau_in_blocks_of_memory_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    x, y = rng.integers(1, 8, 50).astype(float), rng.normal(size=50)
    whole = tau_within(x, y, np.zeros(50, dtype=np.int64))
    monkeypatch.setattr("bordin.association.kendall._BLOCK", 120)
    assert tau_within(x, y, np.zeros(50, dtype=np.int64)) == whole


def test_huge_and_tiny_numbers_do_not_overflow() -> None:
    x = np.array([1.0, 2.0, 3.0, 5.0, 4.0])
    y = np.array([2.0, 1.0, 4.0, 3.0, 5.0])
    expected = product_moment(x, y)
    assert product_moment(x * 1e300, y) == pytest.approx(expected, abs=1e-12)
    assert product_moment(x * 1e-300, y * 1e-300) == pytest.approx(expected, abs=1e-12)
    assert expected == pytest.approx(0.6, abs=1e-14)


def test_bad_input_is_refused() -> None:
    with pytest.raises(AnalysisError, match=r"Unknown coefficient 'spearmann'\. Did you mean 'spearman'\?"):
        correlate([1, 2], [1, 2], coefficient="spearmann")
    with pytest.raises(AnalysisError, match="No 'bonett' interval for spearman"):
        spearman([1, 2], [1, 2], interval="bonett")
    with pytest.raises(AnalysisError, match="No 'Bonett-Wright' interval for pearson"):
        interval_method("pearson", "Bonett-Wright")
    with pytest.raises(AnalysisError, match="unequal length: 2, 3 rows"):
        spearman([1, 2], [1, 2, 3])
    with pytest.raises(AnalysisError, match="Row 2 holds an infinite value"):
        pearson([1, math.inf, 3], [1, 2, 3])
    with pytest.raises(AnalysisError, match="Values must be numbers"):
        pearson(["a", "b"], [1, 2])  # type: ignore[list-item]
    with pytest.raises(AnalysisError, match="one column"):
        pearson(np.zeros((2, 2)), [1, 2])
