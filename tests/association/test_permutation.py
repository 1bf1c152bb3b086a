"""Permutation p agree with frozen numbers and with brute force; maxT holds with missing cells."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations as orderings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from bordin.association import shuffled
from bordin.association.permutation import CONVENTION, permute_table
from bordin.association.shuffled import Shuffles
from bordin.errors import AnalysisError
from bordin.resampling import all_permutations, generators, permutations

SETS = ("seedlike_a", "seedlike_b", "seedlike_c_extreme_ties", "seedlike_complete")
DRAWS = 10_000


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


def assert_within_monte_carlo(p: np.ndarray, other: Any, draws: int, other_draws: int) -> None:
    frozen = np.array(other, dtype=float)
    shared = np.clip((p + frozen) / 2, 1 / draws, 1 - 1 / draws)
    error = np.sqrt(shared * (1 - shared) * (1 / draws + 1 / other_draws))
    np.testing.assert_array_less(np.abs(p - frozen), 4 * error + 1 / draws)


@pytest.mark.parametrize("name", SETS)
def test_cells_agree_with_frozen_permutation_p(name: str, tables: Any, expected: Any) -> None:
    result = permute_table(*tables[name], permutations=DRAWS)
    frozen = expected["sets"][name]
    assert_within_monte_carlo(result.p, frozen["p_99999"], DRAWS, 99_999)
    assert_within_monte_carlo(result.p, frozen["p_coin_20000"], DRAWS, 20_000)
    assert result.kind == "monte carlo"
    assert result.convention == CONVENTION
    assert result.draws == DRAWS
    np.testing.assert_allclose(result.se, np.sqrt(result.p * (1 - result.p) / DRAWS))
    assert (result.p_maxt >= result.p).all()
    assert (result.p_maxt_single >= result.p_maxt - 1e-12).all()
    assert not result.enumerated.any()


@pytest.mark.parametrize("name", SETS)
def test_maxt_on_complete_cases_agrees_with_two_programs(name: str, tables: Any, expected: Any) -> None:
    x, y = tables[name]
    whole = ~np.isnan(np.hstack([x, y])).any(axis=1)
    frozen = expected["sets"][name]["complete_cases"]
    assert np.count_nonzero(whole) == frozen["n"]
    result = permute_table(x[whole], y[whole], permutations=DRAWS)
    assert_within_monte_carlo(result.p, frozen["p_raw"], DRAWS, 99_999)
    for mine, key in ((result.p_maxt_single, "single"), (result.p_maxt, "step")):
        assert_within_monte_carlo(mine, frozen[f"p_{key}"], DRAWS, 99_999)
        assert_within_monte_carlo(mine, frozen[f"coin_{key}_20000"], DRAWS, 20_000)


def test_eight_cases_are_enumerated(tables: Any, expected: Any) -> None:
    result = permute_table(*tables["tiny8"])
    np.testing.assert_allclose(result.p, np.array(expected["sets"]["tiny8"]["p_exact"], float), atol=1e-12)
    assert result.kind == "exact"
    assert result.draws == 40_320
    assert result.enumerated.all()
    assert np.all(result.se[~np.isnan(result.p)] == 0)


# Brute force: every order of the rows, statistics from their definitions.


def slow(coefficient: str, x: np.ndarray, y: np.ndarray) -> float:
    if coefficient == "spearman":
        x, y = stats.rankdata(x), stats.rankdata(y)
    if coefficient == "kendall":
        return float(np.sum(np.sign(np.subtract.outer(x, x)) * np.sign(np.subtract.outer(y, y))))
    return float(np.sum((x - x.mean()) * (y - y.mean())))


def brute(
    coefficient: str, x: np.ndarray, y: np.ndarray, orders: list[tuple[int, ...]]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Raw, step-down and single-step p of one y column per table column, from given orders of y's rows."""
    names = [(i, j) for i in range(x.shape[1]) for j in range(y.shape[1])]
    drawn = np.array([[slow(coefficient, x[:, i], y[list(o), j]) for o in orders] for i, j in names])
    seen = np.array([slow(coefficient, x[:, i], y[:, j]) for i, j in names])
    drawn -= (mean := drawn.mean(axis=1, keepdims=True))
    seen -= mean[:, 0]
    spread = drawn.std(axis=1)
    defined = spread > 1e-9
    p, step, single = (np.full(len(names), np.nan) for _ in range(3))
    z = np.abs(drawn[defined]) / spread[defined, None]
    t = np.abs(seen[defined]) / spread[defined]
    if not t.size:
        return p, step, single
    p[defined] = (z >= t[:, None] - 1e-9).mean(axis=1)
    single[defined] = (z.max(axis=0) >= t[:, None] - 1e-9).mean(axis=1)
    falling = np.argsort(-t, kind="stable")
    stepped = [(z[falling[k:]].max(axis=0) >= t[falling[k]] - 1e-9).mean() for k in range(t.size)]
    made = np.empty(t.size)
    made[falling] = np.maximum.accumulate(stepped)
    step[defined] = made
    return p, step, single


def shaped(values: tuple[np.ndarray, ...], like: np.ndarray) -> list[np.ndarray]:
    return [v.reshape(like.shape) for v in values]


few = st.integers(4, 6).flatmap(
    lambda n: st.tuples(
        arrays(float, (n, 2), elements=st.integers(1, 4).map(float)),
        arrays(float, (n, 2), elements=st.integers(1, 4).map(float)),
    )
)


@pytest.mark.parametrize("coefficient", ["spearman", "pearson", "kendall"])
@settings(max_examples=15, deadline=None)
@given(table=few)
def test_enumeration_equals_brute_force(coefficient: str, table: tuple[np.ndarray, np.ndarray]) -> None:
    x, y = table
    result = permute_table(x, y, coefficient=coefficient)
    orders = list(orderings(range(len(x))))
    p, step, single = shaped(brute(coefficient, x, y, orders), result.p)
    np.testing.assert_allclose(result.p, p, atol=1e-12)
    np.testing.assert_allclose(result.p_maxt_single, single, atol=1e-12)
    np.testing.assert_allclose(result.p_maxt, step, atol=1e-12)


@pytest.mark.parametrize("coefficient", ["spearman", "pearson"])
@settings(max_examples=15, deadline=None)
@given(
    x=arrays(float, (6, 1), elements=st.integers(1, 5).map(float)),
    y=arrays(float, (6, 1), elements=st.integers(1, 5).map(float)),
)
def test_blocks_are_shuffled_within(coefficient: str, x: np.ndarray, y: np.ndarray) -> None:
    blocks = np.array(["a", "b", "a", "b", "a", "b"])
    orders = [o for o in orderings(range(6)) if all(blocks[i] == blocks[k] for i, k in enumerate(o))]
    assert len(orders) == 36
    result = permute_table(x, y, coefficient=coefficient, blocks=blocks)
    assert result.draws == (0 if np.isnan(result.p[0, 0]) else 36)
    assert result.convention == "two-sided: |r*| >= |r|, less their mean within blocks"
    assert result.p[0, 0] == pytest.approx(brute(coefficient, x, y, orders)[0][0], nan_ok=True)


def test_kendall_in_blocks_counts_pairs_within_blocks() -> None:
    blocks = [1, 1, 1, 2, 2, 2]
    x = np.array([1.0, 2, 3, 1, 2, 3])[:, None]
    y = np.array([1.0, 2, 3, 2, 4, 9])[:, None]
    # Only the order as it is and both blocks turned round reach 6 concordant pairs of 6.
    assert permute_table(x, y, coefficient="kendall", blocks=blocks).p[0, 0] == pytest.approx(2 / 36)


def test_what_lies_between_blocks_does_not_count() -> None:
    rng = np.random.default_rng(4)
    therapist = np.repeat([0, 1, 2], 20)
    x, y = (5.0 * therapist + rng.normal(size=60) for _ in range(2))
    apart = permute_table(x[:, None], y[:, None], permutations=999)
    within = permute_table(x[:, None], y[:, None], permutations=999, blocks=therapist)
    assert apart.p[0, 0] == 0.001
    assert within.p[0, 0] > 0.05


def test_blocks_find_what_lies_within_them() -> None:
    rng = np.random.default_rng(5)
    therapist = np.repeat(["a", "b", "c"], 20)
    shift = np.repeat([0.0, 20, 40], 20)
    x = rng.normal(size=60)
    y = x + 0.5 * rng.normal(size=60)
    result = permute_table((x + shift)[:, None], (y - shift)[:, None], permutations=999, blocks=therapist)
    assert result.p[0, 0] == 0.001


def followed(index: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Each row inside with the row that it gets its values from."""
    shuffle, row, source = Shuffles(index).first_returns(inside)
    made = index.copy()
    made[shuffle, row] = source
    return made[:, inside]


def test_first_returns_of_all_permutations_are_all_orders_equally_often() -> None:
    inside = np.array([True, False, True, False, True])
    back = followed(all_permutations(5).astype(np.intp), inside)
    orders, counts = np.unique(back, axis=0, return_counts=True)
    assert {tuple(o) for o in orders.tolist()} == set(orderings((0, 2, 4)))
    np.testing.assert_array_equal(counts, 20)


def test_a_shuffle_that_stays_inside_is_kept() -> None:
    inside = np.arange(30) % 10 != 0
    index = permutations(generators(1, 1)[0], 30, 200).astype(np.intp)
    back = followed(index, inside)
    stays = inside[index[:, inside]]
    np.testing.assert_array_equal(back[stays], index[:, inside][stays])
    np.testing.assert_array_equal(np.sort(back, axis=1), np.tile(np.flatnonzero(inside), (200, 1)))


def test_a_cell_of_eight_pairs_in_a_larger_table_is_enumerated() -> None:
    rng = np.random.default_rng(8)
    x, y = rng.integers(1, 6, (11, 1)).astype(float), rng.integers(1, 6, (11, 2)).astype(float)
    y[[0, 4, 7], 1] = np.nan
    result = permute_table(x, y, permutations=2_000)
    kept = ~np.isnan(y[:, 1])
    assert result.enumerated.tolist() == [[False, True]]
    assert result.kind == "monte carlo"
    assert result.p[0, 1] == permute_table(x[kept], y[kept, 1:]).p[0, 0]
    assert result.se[0, 1] == 0
    assert result.se[0, 0] > 0


@pytest.mark.parametrize("coefficient", ["spearman", "pearson", "kendall"])
def test_a_cell_does_not_depend_on_what_misses_elsewhere(coefficient: str) -> None:
    rng = np.random.default_rng(12)
    x, y = rng.integers(1, 6, (24, 1)).astype(float), rng.integers(1, 6, (24, 2)).astype(float)
    y[:, 0] += x[:, 0]
    y[rng.choice(24, 6, replace=False), 1] = np.nan
    alone = permute_table(x, y[:, :1], coefficient=coefficient, permutations=4_000)
    together = permute_table(x, y, coefficient=coefficient, permutations=4_000)
    assert together.p[0, 0] == alone.p[0, 0]
    kept = ~np.isnan(y[:, 1])
    second = permute_table(x[kept], y[kept, 1:], coefficient=coefficient, permutations=4_000, seed=2)
    assert_within_monte_carlo(together.p[:, 1:], second.p, 4_000, 4_000)


@pytest.mark.parametrize("coefficient", ["spearman", "pearson", "kendall"])
@pytest.mark.parametrize("name", ["seedlike_a", "seedlike_complete"])
def test_parts_change_no_number(
    name: str, coefficient: str, tables: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = {"coefficient": coefficient, "permutations": 301}
    once = permute_table(*tables[name], **ask)
    monkeypatch.setattr(shuffled, "_MOST_SHUFFLES_AT_ONCE", 64)
    parts = permute_table(*tables[name], **ask)
    for field in ("p", "se", "p_maxt", "p_maxt_single"):
        np.testing.assert_array_equal(getattr(once, field), getattr(parts, field))


def test_seeds_repeat_and_differ(tables: Any) -> None:
    first, again, other = (permute_table(*tables["seedlike_a"], permutations=500, seed=s) for s in (4, 4, 5))
    np.testing.assert_array_equal(first.p, again.p)
    np.testing.assert_array_equal(first.p_maxt, again.p_maxt)
    assert (first.p != other.p).any()


def test_rows_without_a_pair_change_nothing(tables: Any) -> None:
    x, y = tables["seedlike_a"]
    nothing = np.full((1, 4), np.nan), np.full((1, 7), np.nan)
    longer = np.vstack([x[:9], nothing[0], x[9:]]), np.vstack([y[:9], nothing[1], y[9:]])
    half = np.vstack([longer[0], np.ones((1, 4))]), np.vstack([longer[1], nothing[1]])
    plain = permute_table(x, y, permutations=500)
    for table in (longer, half):
        padded = permute_table(*table, permutations=500)
        np.testing.assert_array_equal(plain.p, padded.p)
        np.testing.assert_array_equal(plain.p_maxt, padded.p_maxt)


@settings(max_examples=10, deadline=None)
@given(table=few, seed=st.integers(0, 99))
def test_order_of_rows_and_signs_do_not_matter(table: tuple[np.ndarray, np.ndarray], seed: int) -> None:
    x, y = table
    order = np.random.default_rng(seed).permutation(len(x))
    plain, moved, turned = permute_table(x, y), permute_table(x[order], y[order]), permute_table(-x, y)
    for field in ("p", "p_maxt", "p_maxt_single"):
        np.testing.assert_allclose(getattr(plain, field), getattr(moved, field), atol=1e-12)
        np.testing.assert_allclose(getattr(plain, field), getattr(turned, field), atol=1e-12)


def test_swapping_the_blocks_turns_the_table(tables: Any) -> None:
    x, y = tables["seedlike_a"]
    one, other = permute_table(x, y, permutations=500), permute_table(y, x, permutations=500)
    np.testing.assert_array_equal(one.p, other.p.T)
    np.testing.assert_array_equal(one.p_maxt, other.p_maxt.T)


@pytest.mark.parametrize("coefficient", ["spearman", "pearson", "kendall"])
def test_undefined_cells_are_empty_and_do_not_count(coefficient: str) -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(20, 2)), rng.normal(size=(20, 3))
    y[:, 0] += x[:, 0]
    odd = np.full((20, 3), np.nan)
    odd[:, 0] = 4.0
    odd[:3, 1] = [1.0, 2.0, 3.0]
    ask = {"coefficient": coefficient, "permutations": 500}
    plain, wider = permute_table(x, y, **ask), permute_table(x, np.hstack([odd, y]), **ask)
    for field in ("p", "se", "p_maxt", "p_maxt_single"):
        assert np.isnan(getattr(wider, field)[:, :3]).all()
        np.testing.assert_array_equal(getattr(wider, field)[:, 3:], getattr(plain, field))


def test_a_column_constant_on_some_pairs_only() -> None:
    x = np.array([[1.0, 1, 1, 1, 1, 2, 3, 4, 5, 6]]).T
    y = np.arange(10.0)[:, None] * [1, 1]
    y[5:, 1] = np.nan
    result = permute_table(x, y, permutations=200)
    assert result.p[0, 0] == pytest.approx(1 / 201, abs=0.02)
    assert np.isnan(result.p[0, 1])


def test_a_table_without_any_pair() -> None:
    result = permute_table(np.full((5, 1), np.nan), np.ones((5, 2)))
    assert np.isnan(result.p).all()
    assert np.isnan(result.p_maxt).all()
    assert result.draws == 0


def test_a_planted_effect_is_found_in_its_cell_alone() -> None:
    rng = np.random.default_rng(21)
    x, y = rng.normal(size=(60, 3)), rng.normal(size=(60, 5))
    y[:, 3] = x[:, 1] + 0.4 * rng.normal(size=60)
    x[rng.random(x.shape) < 0.08] = np.nan
    y[rng.random(y.shape) < 0.08] = np.nan
    result = permute_table(x, y, permutations=999)
    assert result.p[1, 3] == 0.001
    assert result.p_maxt[1, 3] == 0.001
    assert np.argwhere(result.p_maxt < 0.05).tolist() == [[1, 3]]


def test_families_are_adjusted_apart() -> None:
    rng = np.random.default_rng(22)
    x, y = rng.normal(size=(30, 1)), rng.normal(size=(30, 4))
    families = np.array([[0, 1, 0, 1]])
    together = permute_table(x, y, permutations=500, families=families)
    for label in (0, 1):
        part = permute_table(x, y[:, families[0] == label], permutations=500)
        np.testing.assert_array_equal(together.p_maxt[families == label], part.p_maxt[0])
        np.testing.assert_array_equal(together.p_maxt_single[families == label], part.p_maxt_single[0])


def test_scale_and_place_do_not_matter_to_pearson() -> None:
    rng = np.random.default_rng(23)
    x, y = rng.integers(0, 9, (25, 2)).astype(float), rng.integers(0, 9, (25, 3)).astype(float)
    plain = permute_table(x, y, coefficient="pearson", permutations=500)
    moved = permute_table(1e9 + 4 * x, -1e-9 * y, coefficient="pearson", permutations=500)
    huge = permute_table(1e200 * x, y, coefficient="pearson", permutations=500)
    np.testing.assert_array_equal(plain.p, moved.p)
    np.testing.assert_array_equal(plain.p_maxt, huge.p_maxt)


def test_more_cases_than_single_precision_holds_exactly() -> None:
    rng = np.random.default_rng(24)
    x, y = rng.integers(1, 8, (400, 1)).astype(float), rng.integers(1, 8, (400, 2)).astype(float)
    result = permute_table(x, y, permutations=2_000)
    approximate = [stats.spearmanr(x[:, 0], y[:, j]).pvalue for j in range(2)]
    assert result.p[0] == pytest.approx(approximate, abs=0.04)


def test_kendall_is_near_its_normal_approximation(tables: Any) -> None:
    x, y = tables["seedlike_complete"]
    result = permute_table(x, y, coefficient="kendall", permutations=4_000)
    normal = [
        [stats.kendalltau(x[:, i], y[:, j], method="asymptotic").pvalue for j in range(7)] for i in range(4)
    ]
    np.testing.assert_allclose(result.p, normal, atol=0.05)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"coefficient": "speerman"}, "coefficient: 'speerman' is not known. Did you mean 'spearman'"),
        ({"permutations": 0}, "permutations: 0 is too few"),
        ({"blocks": [1, 2]}, r"blocks: shape \(2,\) for 5 rows"),
        ({"blocks": ["a", "b", None, "a", "b"]}, "blocks: row 3 has no label"),
        ({"blocks": [1, 2, 1, 2, np.nan]}, "blocks: row 5 has no label"),
        ({"families": [[1]]}, r"families: shape \(1, 1\) for a table of \(1, 2\)"),
        ({"y": np.ones((4, 2))}, "x has 5 rows and y has 4"),
        ({"x": np.ones(5)}, r"x: 1 dimension\(s\)"),
        ({"y": np.array([[1.0, 2]] * 4 + [[1, np.inf]])}, "y: row 5, column 2 is infinite"),
        ({"seed": -3}, "seed: -3 is negative"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, Any], message: str) -> None:
    rng = np.random.default_rng(0)
    given_: dict[str, Any] = {"x": rng.normal(size=(5, 1)), "y": rng.normal(size=(5, 2))} | change
    if "seed" in change:
        given_ |= {"x": rng.normal(size=(12, 1)), "y": rng.normal(size=(12, 2))}
    with pytest.raises(AnalysisError, match=message):
        permute_table(given_.pop("x"), given_.pop("y"), **given_)
