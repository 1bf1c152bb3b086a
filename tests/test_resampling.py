"""Shuffles are uniform, resamples keep their size, and limits follow their formula."""

from __future__ import annotations

from itertools import permutations as orderings
from math import factorial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri

from bordin.errors import AnalysisError
from bordin.resampling import (
    all_permutations,
    bca_limits,
    generators,
    left_out,
    multiplicities,
    permutations,
)


@pytest.mark.parametrize(
    ("n", "size", "kind"),
    [
        (0, 3, "uint8"),
        (1, 3, "uint8"),
        (2, 50, "uint8"),
        (43, 500, "uint8"),
        (256, 20, "uint8"),
        (257, 20, "uint16"),
        (1_024, 60, "uint16"),
        (1_025, 20, "uint16"),
        (100_000, 2, "uint32"),
    ],
)
def test_every_row_is_a_permutation(n: int, size: int, kind: str) -> None:
    drawn = permutations(np.random.default_rng(1), n, size)
    assert drawn.shape == (size, n)
    assert drawn.dtype == kind
    np.testing.assert_array_equal(np.sort(drawn, axis=1), np.tile(np.arange(n), (size, 1)))


def test_all_orders_of_four_come_equally_often() -> None:
    drawn = permutations(np.random.default_rng(2), 4, 48_000).astype(int)
    counts = np.unique(drawn @ [64, 16, 4, 1], return_counts=True)[1]
    assert counts.size == 24
    # 49.7 is the .999 quantile of chi-square with 23 degrees of freedom.
    assert np.sum((counts - 2_000) ** 2 / 2_000) < 49.7


def test_every_row_comes_everywhere_where_random_bits_are_few() -> None:
    drawn = permutations(np.random.default_rng(3), 1_000, 4_000).astype(int)
    for place in (0, 499, 999):
        counts = np.bincount(drawn[:, place] // 100, minlength=10)
        # 27.9 is the .999 quantile of chi-square with 9 degrees of freedom.
        assert np.sum((counts - 400) ** 2 / 400) < 27.9


class _Fixed:
    """A source that hands out the words it was given."""

    def __init__(self, words: list[int]) -> None:
        self.words = np.array(words, dtype=np.uint32)

    def integers(self, *_: Any, **__: Any) -> np.ndarray:
        return self.words.view(np.uint64)


def test_equal_high_bits_are_told_apart_by_the_low_bits() -> None:
    # Four rows need two bits: the words 7, 5, 4, 6 share all higher bits, 9 does not.
    drawn = permutations(_Fixed([7, 5, 4, 6, 40, 30, 20, 10]), 4, 2)  # type: ignore[arg-type]
    np.testing.assert_array_equal(drawn, [[2, 1, 3, 0], [3, 2, 1, 0]])


@pytest.mark.parametrize("draw", [permutations, multiplicities])
@pytest.mark.parametrize("n", [5, 43])
def test_parts_continue_the_stream(draw: Any, n: int) -> None:
    whole = draw(generators(7, 1)[0], n, 100)
    stream = generators(7, 1)[0]
    parts = [draw(stream, n, size) for size in (2, 64, 34)]
    np.testing.assert_array_equal(whole, np.vstack(parts))


@pytest.mark.parametrize("n", range(6))
def test_all_permutations_are_all(n: int) -> None:
    every = all_permutations(n)
    assert every.shape == (factorial(n), n)
    assert {tuple(row) for row in every.tolist()} == set(orderings(range(n)))
    np.testing.assert_array_equal(every[0], np.arange(n))


def test_too_many_are_not_enumerated() -> None:
    with pytest.raises(AnalysisError, match="9 cases are too many to enumerate; at most 8"):
        all_permutations(9)


def test_one_seed_gives_the_same_distinct_streams() -> None:
    first, second = generators(3, 2)
    again = generators(3, 2)[0]
    values = first.random(5)
    np.testing.assert_array_equal(values, again.random(5))
    assert not np.isclose(values, second.random(5)).any()


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(AnalysisError, match="seed: -1 is negative"):
        generators(-1, 1)


def test_resamples_keep_their_size_and_spread() -> None:
    weights = multiplicities(np.random.default_rng(5), 43, 20_000)
    assert weights.shape == (20_000, 43)
    assert weights.dtype == np.uint8
    np.testing.assert_array_equal(weights.sum(axis=1), 43)
    assert weights.mean(axis=0) == pytest.approx(np.ones(43), abs=0.03)
    assert weights.var() == pytest.approx(42 / 43, abs=0.01)


def test_clusters_are_drawn_whole() -> None:
    clusters = np.array(["a", "b", "a", "c", "c", "c"])
    weights = multiplicities(np.random.default_rng(5), 6, 400, clusters)
    np.testing.assert_array_equal(weights[:, 0], weights[:, 2])
    np.testing.assert_array_equal(weights[:, 3], weights[:, 5])
    np.testing.assert_array_equal(weights[:, [0, 1, 3]].sum(axis=1), 3)
    assert weights[:, 1].mean() == pytest.approx(1, abs=0.15)


def test_clusters_need_one_label_a_row() -> None:
    with pytest.raises(AnalysisError, match=r"clusters: shape \(2,\), but there are 3 rows"):
        multiplicities(np.random.default_rng(1), 3, 2, [1, 2])


def test_no_rows_give_empty_resamples() -> None:
    assert multiplicities(np.random.default_rng(1), 0, 4).shape == (4, 0)


def test_the_jackknife_leaves_each_row_or_cluster_out_once() -> None:
    np.testing.assert_array_equal(left_out(3), 1 - np.eye(3))
    np.testing.assert_array_equal(left_out(3, ["b", "a", "b"]), [[1, 0, 1], [0, 1, 0]])


def _bca_by_formula(drawn: np.ndarray, value: float, left: np.ndarray, level: float) -> np.ndarray:
    away = left.mean() - left
    a = np.sum(away**3) / (6 * np.sum(away**2) ** 1.5)
    z0 = ndtri((np.mean(drawn < value) + np.mean(drawn <= value)) / 2)
    z = z0 + ndtri(np.array([(1 - level) / 2, (1 + level) / 2]))
    return np.quantile(drawn, ndtr(z0 + z / (1 - a * z)), method="weibull")


@given(st.integers(0, 1_000), st.sampled_from([0.5, 0.9, 0.95]))
def test_limits_follow_the_formula(seed: int, level: float) -> None:
    rng = np.random.default_rng(seed)
    drawn, left = rng.gamma(3, size=(999, 2)), rng.gamma(3, size=(40, 2))
    limits = bca_limits(drawn, [2.5, 3.0], left, level)
    for k, value in enumerate((2.5, 3.0)):
        expected = _bca_by_formula(drawn[:, k], value, left[:, k], level)
        assert [limits.low[k], limits.high[k]] == pytest.approx(expected, rel=1e-12)
    assert limits.method.tolist() == ["BCa", "BCa"]
    assert limits.degenerate.tolist() == [0, 0]


def test_replicates_without_a_value_are_left_out_and_counted() -> None:
    rng = np.random.default_rng(1)
    drawn, left = rng.normal(size=(500, 1)), rng.normal(size=(30, 1))
    holed = np.vstack([drawn[:200], np.full((7, 1), np.nan), drawn[200:]])
    limits, whole = bca_limits(holed, [0.1], left, 0.95), bca_limits(drawn, [0.1], left, 0.95)
    assert limits.degenerate.tolist() == [7]
    assert (limits.low[0], limits.high[0]) == (whole.low[0], whole.high[0])


def test_the_fallback_is_named() -> None:
    drawn = np.tile(np.arange(1.0, 100.0)[:, None], (1, 4))
    drawn[:, 3] = np.nan
    left = np.tile(np.arange(5.0)[:, None], (1, 4))
    left[:, 1] = 2.0
    limits = bca_limits(drawn, [0.0, 50.0, 50.0, 50.0], left, 0.9)
    assert limits.method.tolist() == ["percentile", "percentile", "BCa", "none"]
    assert limits.low[:2] == pytest.approx([5.0, 5.0])
    assert limits.high[:2] == pytest.approx([95.0, 95.0])
    assert np.isnan([limits.low[3], limits.high[3]]).all()
    assert limits.degenerate.tolist() == [0, 0, 0, 99]


def test_an_undefined_estimate_has_no_limits() -> None:
    limits = bca_limits(np.ones((9, 1)), [np.nan], np.ones((3, 1)), 0.95)
    assert np.isnan(limits.low[0])
    assert limits.method[0] == "none"


@pytest.mark.parametrize("level", [0, 1, 95])
def test_a_level_is_a_share(level: float) -> None:
    with pytest.raises(AnalysisError, match=f"level: {level} is not between 0 and 1"):
        bca_limits([[1.0]], [1.0], [[1.0]], level)
