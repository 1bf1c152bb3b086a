"""Bootstrap limits agree with frozen numbers, and with resampled copies of the data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bordin.association import bootstrap
from bordin.association.bootstrap import bootstrap_difference, bootstrap_table
from bordin.errors import AnalysisError
from bordin.resampling import bca_limits, generators, left_out, multiplicities

SETS = ("seedlike_a", "seedlike_b", "seedlike_c_extreme_ties", "seedlike_complete")
PEERS = ("bca_scipy_9999", "bca_boot_5000")
COEFFICIENTS = ("spearman", "pearson", "kendall")


@pytest.fixture(scope="module")
def expected(read_reference: Callable[[str], Any]) -> Any:
    return read_reference("resampling_expected.json")


@pytest.fixture(scope="module")
def tables(read_reference: Callable[[str], Any], expected: Any) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    def block(columns: Any, names: list[str]) -> np.ndarray:
        return np.array([columns[name] for name in names], dtype=float).T

    made = {}
    for name in (*SETS, "tiny8"):
        columns = read_reference(f"{name}.csv")
        made[name] = block(columns, expected["rows"]), block(columns, expected["columns"])
    return made


@pytest.mark.parametrize("name", SETS)
def test_limits_agree_with_two_programs(name: str, tables: Any, expected: Any) -> None:
    # The peers' own limits hang on 5,000 and 9,999 resamples; ours on enough to add little to that.
    result = bootstrap_table(*tables[name], resamples=30_000)
    compared = 0
    for peer in PEERS:
        for i, row in enumerate(expected["sets"][name][peer]):
            for j, limits in enumerate(row):
                if limits is not None:
                    assert [result.low[i, j], result.high[i, j]] == pytest.approx(limits, abs=0.03)
                    compared += 1
    assert compared == (45 if name == "seedlike_c_extreme_ties" else 56)
    assert (result.method == "BCa").all()
    rho = np.array(expected["sets"][name]["rho"])
    assert ((result.low < rho) & (rho < result.high)).all()


def slow(coefficient: str, x: np.ndarray, y: np.ndarray) -> float:
    both = ~np.isnan(x) & ~np.isnan(y)
    x, y = x[both], y[both]
    if len(x) == 0 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return np.nan
    if coefficient == "pearson":
        return float(np.corrcoef(x, y)[0, 1])
    measure = stats.spearmanr if coefficient == "spearman" else stats.kendalltau
    return float(measure(x, y).statistic)


def by_copies(
    coefficient: str, x: np.ndarray, y: np.ndarray, weights: np.ndarray, left: np.ndarray
) -> tuple[np.ndarray, float, np.ndarray]:
    """One cell from resampled copies of the rows: replicates, value, jackknife."""
    pair = ~np.isnan(x) & ~np.isnan(y)
    drawn, jackknife = (
        np.array([slow(coefficient, np.repeat(x, w), np.repeat(y, w)) for w in rows])
        for rows in (weights, left)
    )
    jackknife[left[:, pair].all(axis=1)] = np.nan
    return drawn, slow(coefficient, x, y), jackknife


@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize("coefficient", COEFFICIENTS)
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_weights_equal_resampled_copies(coefficient: str, clustered: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 14
    x, y = rng.integers(1, 5, (n, 2)).astype(float), rng.integers(1, 5, (n, 2)).astype(float)
    x[rng.random(x.shape) < 0.1] = np.nan
    y[:, 0] += x[:, 0]
    clusters = rng.integers(0, 6, n) if clustered else None
    kept = ~np.isnan(x).all(axis=1) & ~np.isnan(y).all(axis=1)
    x, y, clusters = x[kept], y[kept], clusters if clusters is None else clusters[kept]
    ask: Any = {"coefficient": coefficient, "resamples": 60, "seed": seed, "level": 0.9, "clusters": clusters}
    result = bootstrap_table(x, y, **ask)
    weights = multiplicities(generators(seed, 1)[0], len(x), 60, clusters)
    for i in range(2):
        for j in range(2):
            drawn, value, left = by_copies(coefficient, x[:, i], y[:, j], weights, left_out(len(x), clusters))
            if np.isnan(value) or np.count_nonzero(~np.isnan(x[:, i] + y[:, j])) < 4:
                assert np.isnan(result.low[i, j])
                continue
            limits = bca_limits(drawn[:, None], [value], left[:, None], 0.9)
            assert result.low[i, j] == pytest.approx(limits.low[0], abs=1e-9)
            assert result.high[i, j] == pytest.approx(limits.high[0], abs=1e-9)
            assert result.method[i, j] == limits.method[0]
            assert result.degenerate[i, j] == np.count_nonzero(np.isnan(drawn))


@pytest.mark.parametrize("coefficient", COEFFICIENTS)
@pytest.mark.parametrize("n", [60, 400])
def test_values_without_ties(n: int, coefficient: str) -> None:
    rng = np.random.default_rng(n)
    x = rng.normal(size=n)
    y = 0.5 * x + rng.normal(size=n)
    result = bootstrap_table(x[:, None], y[:, None], coefficient=coefficient, resamples=40, seed=3)
    weights = multiplicities(generators(3, 1)[0], n, 40)
    drawn, value, left = by_copies(coefficient, x, y, weights, left_out(n))
    limits = bca_limits(drawn[:, None], [value], left[:, None], 0.95)
    assert result.low[0, 0] == pytest.approx(limits.low[0], abs=1e-9)
    assert result.high[0, 0] == pytest.approx(limits.high[0], abs=1e-9)


@pytest.mark.parametrize("coefficient", COEFFICIENTS)
def test_parts_change_no_number(coefficient: str, tables: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    once = bootstrap_table(*tables["seedlike_a"], coefficient=coefficient, resamples=301)
    monkeypatch.setattr(bootstrap, "_MOST_RESAMPLES_AT_ONCE", 64)
    parts = bootstrap_table(*tables["seedlike_a"], coefficient=coefficient, resamples=301)
    np.testing.assert_allclose(once.low, parts.low, rtol=1e-12)
    np.testing.assert_allclose(once.high, parts.high, rtol=1e-12)
    np.testing.assert_array_equal(once.degenerate, parts.degenerate)


def test_rows_without_a_pair_change_nothing(tables: Any) -> None:
    x, y = tables["seedlike_a"]
    padded = np.vstack([np.full((1, 4), np.nan), x]), np.vstack([np.ones((1, 7)), y])
    plain, other = bootstrap_table(x, y, resamples=200), bootstrap_table(*padded, resamples=200)
    np.testing.assert_array_equal(plain.low, other.low)
    np.testing.assert_array_equal(plain.high, other.high)


def test_turning_a_column_turns_its_limits(tables: Any) -> None:
    x, y = tables["seedlike_complete"]
    plain, turned = bootstrap_table(x, y, resamples=2_000), bootstrap_table(x, -y, resamples=2_000)
    np.testing.assert_allclose(plain.low, -turned.high, atol=1e-9)
    np.testing.assert_allclose(plain.high, -turned.low, atol=1e-9)


def test_a_higher_level_is_wider(tables: Any) -> None:
    x, y = tables["seedlike_a"]
    narrow, wide = (bootstrap_table(x, y, resamples=2_000, level=level) for level in (0.8, 0.99))
    assert (wide.low < narrow.low).all()
    assert (wide.high > narrow.high).all()


def test_constant_resamples_are_counted() -> None:
    x = np.array([1.0] * 9 + [2.0])[:, None]
    y = np.arange(10.0)[:, None]
    result = bootstrap_table(x, y, resamples=4_000)
    # One case of ten carries all variance: it is absent from (9/10)^10 = .349 of the resamples.
    assert result.degenerate[0, 0] / 4_000 == pytest.approx(0.349, abs=0.03)
    assert result.low[0, 0] <= result.high[0, 0] <= 1


@pytest.mark.parametrize("coefficient", COEFFICIENTS)
def test_undefined_cells_have_no_limits(coefficient: str) -> None:
    x = np.array([[1.0, 1], [2, 1], [3, 1], [4, 1], [5, 1]])
    y = np.array([[1.0, 1], [3, 2], [2, 3], [5, np.nan], [4, np.nan]])
    result = bootstrap_table(x, y, coefficient=coefficient, resamples=200)
    assert np.isnan(result.low).tolist() == [[False, True], [True, True]]
    assert result.method[1].tolist() == ["none", "none"]
    assert result.degenerate[1].tolist() == [0, 0]


@pytest.mark.parametrize("coefficient", COEFFICIENTS)
def test_a_perfect_correlation_stays_perfect(coefficient: str) -> None:
    x = np.arange(12.0)[:, None]
    result = bootstrap_table(x, 2 * x + 1, coefficient=coefficient, resamples=200)
    assert (result.low[0, 0], result.high[0, 0]) == pytest.approx((1, 1), abs=1e-12)
    assert result.method[0, 0] == "percentile"


def test_clusters_that_repeat_one_answer_widen_the_interval() -> None:
    rng = np.random.default_rng(31)
    once = rng.normal(size=(20, 2))
    once[:, 1] += 0.6 * once[:, 0]
    five = np.repeat(once, 5, axis=0)
    person = np.repeat(np.arange(20), 5)
    naive = bootstrap_table(five[:, :1], five[:, 1:], resamples=2_000)
    honest = bootstrap_table(five[:, :1], five[:, 1:], resamples=2_000, clusters=person)
    single = bootstrap_table(once[:, :1], once[:, 1:], resamples=2_000)
    width = [(r.high - r.low)[0, 0] for r in (naive, honest, single)]
    assert width[1] > 1.7 * width[0]
    assert width[1] == pytest.approx(width[2], rel=0.1)


@pytest.mark.parametrize("coefficient", COEFFICIENTS)
def test_differences_equal_resampled_copies(coefficient: str) -> None:
    rng = np.random.default_rng(41)
    x1, x2, y = rng.integers(1, 6, (3, 18)).astype(float)
    y += x1
    x2[3], y[7] = np.nan, np.nan
    kept = ~np.isnan(x1 + x2 + y)
    result = bootstrap_difference(x1, x2, y, coefficient=coefficient, resamples=80, seed=9, level=0.9)
    a, b, c = x1[kept], x2[kept], y[kept]
    weights = multiplicities(generators(9, 1)[0], len(a), 80)
    made = [by_copies(coefficient, side, c, weights, left_out(len(a))) for side in (a, b)]
    drawn, value, left = (first - second for first, second in zip(*made, strict=True))
    limits = bca_limits(drawn[:, None], [value], left[:, None], 0.9)
    assert result.low == pytest.approx(limits.low[0], abs=1e-9)
    assert result.high == pytest.approx(limits.high[0], abs=1e-9)
    assert result.method == "BCa"
    assert result.degenerate == limits.degenerate[0]


def test_a_difference_of_planted_size_is_covered() -> None:
    rng = np.random.default_rng(42)
    y = rng.normal(size=300)
    x1, x2 = 0.8 * y + 0.6 * rng.normal(size=300), rng.normal(size=300)
    low, high, method, degenerate = bootstrap_difference(x1, x2, y, coefficient="pearson", resamples=2_000)
    assert low < 0.8 < high
    assert low > 0.5
    assert (method, degenerate) == ("BCa", 0)


def test_an_undefined_difference() -> None:
    low, high, method, degenerate = bootstrap_difference(
        np.ones(6), np.arange(6.0), np.arange(6.0), resamples=50
    )
    assert np.isnan([low, high]).all()
    assert (method, degenerate) == ("none", 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"coefficient": "rho"}, "coefficient: 'rho' is not known"),
        ({"resamples": 0}, "resamples: 0 is too few"),
        ({"level": 95}, "level: 95 is not between 0 and 1"),
        ({"clusters": [1]}, r"clusters: shape \(1,\) for 6 rows"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, Any], message: str) -> None:
    rng = np.random.default_rng(0)
    ask: Any = {"resamples": 20, **change}
    with pytest.raises(AnalysisError, match=message):
        bootstrap_table(rng.normal(size=(6, 1)), rng.normal(size=(6, 2)), **ask)
    with pytest.raises(AnalysisError, match=message):
        bootstrap_difference(*rng.normal(size=(3, 6)), **ask)


def test_columns_of_a_difference_have_one_length() -> None:
    with pytest.raises(AnalysisError, match=r"x1, x2 and y have the shapes \(3,\), \(4,\), \(3,\)"):
        bootstrap_difference(np.ones(3), np.ones(4), np.ones(3))
