"""Simulated power: against closed forms, against the permutation tests of a real table, and itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from bordin.association.pairs import midranks
from bordin.association.permutation import permute_table
from bordin.association.planned_design import (
    Design,
    PlannedContrast,
    PlannedFamily,
    Side,
    latent_correlations,
)
from bordin.association.power import (
    _draw,
    _maxt,
    cases_for_width,
    midranks_by_row,
    simulate,
    smallest_effect_with_power,
)
from bordin.errors import AnalysisError


def design(
    rho: float = 0.3, shape: tuple[int, int] = (1, 1), adjustment: str = "none", **more: Any
) -> Design:
    kx, ky = shape
    cells = tuple((i, j) for i in range(kx) for j in range(ky))
    x = more.pop("x", Side.alike(kx))
    y = more.pop("y", Side.alike(ky))
    family = PlannedFamily(cells, adjustment)
    return Design(**{"n": 43, "truth": ((rho,) * ky,) * kx, "x": x, "y": y, "families": (family,), **more})


@pytest.mark.parametrize(("rho", "expected"), [(0.3, 0.50), (0.42, 0.81), (0.2, 0.25)])
def test_power_is_that_of_the_closed_form(rho: float, expected: float) -> None:
    made = simulate(design(rho, (3, 3), coefficient="pearson"), 700, seed=3)
    assert np.mean(made.p < 0.05) == pytest.approx(expected, abs=0.025)
    assert np.mean(made.r) == pytest.approx(rho, abs=0.01)
    assert set(made.n.ravel()) == {43}


def test_a_planned_rank_correlation_is_the_rank_correlation_of_the_samples() -> None:
    made = simulate(design(0.6, n=400), 200, seed=5)
    assert np.mean(made.r) == pytest.approx(0.6, abs=0.006)
    pearson = simulate(design(0.6, n=400, coefficient="pearson"), 200, seed=5)
    assert np.mean(pearson.r) == pytest.approx(0.6, abs=0.006)


@pytest.mark.parametrize("adjustment", ["holm", "maxt"])
def test_family_error_without_effects(adjustment: str) -> None:
    made = simulate(design(0.0, (3, 4), adjustment), 1000, seed=2)
    assert np.mean((made.adjusted[0] < 0.05).any(axis=1)) == pytest.approx(0.05, abs=0.018)
    assert np.mean(made.p < 0.05) == pytest.approx(0.05, abs=0.008)


def test_blocks_give_the_same_numbers_anywhere() -> None:
    planned = design(0.3, (2, 3), "maxt", missing=0.1, sessions=2, therapists=2, shuffles=40)
    alone = simulate(planned, 130, seed=7)
    told: list[int] = []
    with ThreadPoolExecutor(3) as pool:
        shared = simulate(planned, 130, seed=7, executor=pool, tell=told.append)
    assert len(alone) == 130
    assert told == [50, 100, 130]
    for one, other in zip(
        (alone.r, alone.p, *alone.adjusted), (shared.r, shared.p, *shared.adjusted), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(alone.r, simulate(planned, 130, seed=8).r)


@pytest.mark.parametrize("therapists", [1, 3])
def test_maxt_is_that_of_the_analysis(therapists: int) -> None:
    rng = np.random.default_rng(4)
    values = np.round(rng.normal(size=(5, 2, 30)) * 1.5)
    values[2] += values[0]
    planned = design(0.0, (2, 3), "maxt", n=30, shuffles=4000, therapists=therapists)
    cells = np.array(planned.families[0].cells)
    p = _maxt(planned, cells[:, 0], cells[:, 1], values, rng)
    for sample in range(2):
        blocks = np.arange(30) % therapists if therapists > 1 else None
        table = permute_table(
            values[:2, sample].T, values[2:, sample].T, permutations=4000, seed=9, blocks=blocks
        )
        np.testing.assert_allclose(p[sample], table.p_maxt.ravel(), atol=0.03)


def test_maxt_with_missing_values_decides_nearly_as_the_analysis() -> None:
    planned = design(0.4, (2, 3), "maxt", shuffles=1500, missing=0.08, x=Side.alike(2, points=7, ceiling=0.3))
    rng = np.random.default_rng(2)
    values = _draw(planned, rng, 30)
    cells = np.array(planned.families[0].cells)
    ours = _maxt(planned, cells[:, 0], cells[:, 1], values, rng)
    theirs = np.array(
        [permute_table(values[:2, s].T, values[2:, s].T, permutations=1500).p_maxt.ravel() for s in range(30)]
    )
    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.98
    assert np.mean((ours < 0.05) == (theirs < 0.05)) > 0.9
    assert np.mean(ours < 0.05) == pytest.approx(np.mean(theirs < 0.05), abs=0.03)


def test_midranks_of_many_samples_at_once() -> None:
    rng = np.random.default_rng(1)
    values = rng.integers(0, 5, size=(4, 20)).astype(float)
    inside = rng.random((4, 20)) > 0.2
    ranks = midranks_by_row(values, inside)
    for k in range(4):
        np.testing.assert_array_equal(ranks[k][inside[k]], midranks(values[k][inside[k]]))


def test_unreliability_weakens_and_sessions_restore() -> None:
    weak = {
        "x": Side.alike(1, reliability=0.5),
        "y": Side.alike(1, reliability=0.6),
        "coefficient": "pearson",
    }
    one = simulate(design(0.6, n=300, **weak), 300, seed=1)
    assert np.mean(one.r) == pytest.approx(0.6 * (0.5 * 0.6) ** 0.5, abs=0.01)
    four = simulate(design(0.6, n=300, sessions=4, **weak), 300, seed=1)
    assert np.mean(four.r) == pytest.approx(0.6 * (0.8 * (2.4 / 2.8)) ** 0.5, abs=0.01)


def test_missing_values_and_therapists_cost_pairs() -> None:
    made = simulate(design(0.3, missing=0.1, n=100), 200, seed=1)
    assert np.mean(made.n) == pytest.approx(81, abs=0.6)
    nested = simulate(
        design(0.5, therapists=4, therapist_share=0.4, n=100, coefficient="pearson"), 200, seed=1
    )
    assert set(nested.n.ravel()) == {97}
    assert np.mean(nested.r) == pytest.approx(0.5, abs=0.02)


def test_scale_points_and_ceiling() -> None:
    side = Side.alike(1, points=7, ceiling=0.3)
    cuts = side.thresholds(0)
    assert cuts is not None
    assert len(cuts) == 6
    assert cuts[-1] == pytest.approx(0.5244, abs=1e-4)
    seven = Side.alike(1, points=7).thresholds(0)
    assert seven is not None
    np.testing.assert_allclose(seven, -seven[::-1], atol=1e-12)
    assert Side.alike(1).thresholds(0) is None
    fine = simulate(design(0.5, n=200), 200, seed=1)
    coarse = simulate(design(0.5, n=200, x=Side.alike(1, points=2, ceiling=0.1)), 200, seed=1)
    assert np.mean(coarse.r) < np.mean(fine.r) - 0.15


def test_contrasts_are_reflected_and_tested() -> None:
    truth = ((0.0,), (-0.5,))
    contrast = (PlannedContrast(1, 0, 0, (1, 1, -1)),)
    made = simulate(design(shape=(2, 1), truth=truth, contrasts=contrast, n=80), 300, seed=1)
    assert np.mean(made.difference) == pytest.approx(0.5, abs=0.03)
    assert np.mean(made.difference_p < 0.05) == pytest.approx(0.98, abs=0.03)
    same = simulate(design(0.3, (2, 1), contrasts=(PlannedContrast(1, 0, 0),), n=80), 600, seed=1)
    assert np.mean(same.difference_p < 0.05) == pytest.approx(0.05, abs=0.03)


def test_latent_correlations_hold_the_truth_and_can_be() -> None:
    truth = ((0.5, -0.5, 0.5), (0.5, -0.5, 0.0), (0.0, 0.0, 0.0))
    matrix = latent_correlations(design(shape=(3, 3), truth=truth))
    np.testing.assert_allclose(matrix[:3, 3:], 2 * np.sin(np.pi * np.array(truth) / 6), atol=1e-12)
    assert np.linalg.eigvalsh(matrix)[0] > 0
    np.testing.assert_allclose(np.diag(matrix), 1)
    assert matrix[3, 4] < 0 < matrix[3, 5]
    easy = latent_correlations(design(0.3, (2, 2)))
    assert easy[0, 1] == pytest.approx(0.3)


def test_a_constant_column_has_no_p() -> None:
    made = simulate(design(0.3, n=5, y=Side.alike(1, points=2, ceiling=0.02), adjustment="maxt"), 100, seed=1)
    undefined = np.isnan(made.r[:, 0, 0])
    assert undefined.sum() > 50
    np.testing.assert_array_equal(np.isnan(made.adjusted[0][:, 0]), undefined)
    np.testing.assert_array_equal(np.isnan(made.p[:, 0, 0]), undefined)


def test_closed_forms() -> None:
    assert cases_for_width(0.3, 0.4, coefficient="pearson") == 81
    assert cases_for_width(0.3, 0.4) == 85
    assert smallest_effect_with_power(43, 0.8) == pytest.approx(0.4161, abs=1e-4)
    assert smallest_effect_with_power(85, 0.8) == pytest.approx(0.2997, abs=1e-3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rho": 1.2}, "must lie between -1 and 1"),
        ({"n": 3}, "at least 4 participants"),
        ({"missing": 1.0}, "missing rate"),
        ({"alpha": 0.7}, "alpha"),
        ({"coefficient": "kendall"}, "planned as Spearman"),
        ({"coefficient": "spearmann"}, "Did you mean 'spearman'"),
        ({"sessions": 0}, "at least one session"),
        ({"therapists": 42}, "leave nothing to test"),
        ({"shuffles": 0}, "shuffles"),
        ({"truth": ((0.1, 0.2), (0.1,))}, "unequal length"),
        ({"truth": ()}, "at least one row"),
        ({"shape": (1, 2), "truth": ((0.1,),)}, "one reliability and one scale"),
    ],
)
def test_impossible_designs_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(AnalysisError, match=message):
        design(**change)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Side.alike(1, reliability=0), "above 0"),
        (lambda: Side.alike(1, points=1), "at least 2"),
        (lambda: Side.alike(1, ceiling=1), "share between 0 and 1"),
        (lambda: Side.alike(1, within=1), "below 1"),
        (lambda: PlannedFamily(((0, 0),), "hollm"), "Did you mean 'holm'"),
        (lambda: simulate(design(), 0), "give 1 or more"),
        (lambda: simulate(design(truth=((0.9, -0.9), (0.9, 0.9)), shape=(2, 2))), "No variables could"),
        (lambda: cases_for_width(0.3, 2), "between 0 and 2"),
        (lambda: cases_for_width(0.3, 1e-4), "wish for less"),
        (lambda: smallest_effect_with_power(43, 0.01), "between alpha"),
    ],
)
def test_impossible_wishes_are_refused(call: Any, message: str) -> None:
    with pytest.raises(AnalysisError, match=message):
        call()
