"""Cronbach's alpha, McDonald's omega and item statistics: against psych and lavaan, and by their properties."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bordin.errors import AnalysisError
from bordin.reliability import cronbach_alpha, item_statistics, mcdonald_omega, one_factor_fit

HERE = Path(__file__).parents[1] / "reference" / "reliability"
EXPECTED = json.loads((HERE / "scale_expected.json").read_text(encoding="utf-8"))
COMPLETE = ["scale_calpas5", "scale_items"]


def table(name: str) -> np.ndarray:
    return np.genfromtxt(HERE / f"{name}.csv", delimiter=",", skip_header=1)


def expected(name: str) -> dict[str, Any]:
    found: dict[str, Any] = EXPECTED[name]
    return found


@pytest.mark.parametrize("name", COMPLETE)
def test_alpha_and_its_interval_are_those_of_psych(name: str) -> None:
    found, wanted = cronbach_alpha(table(name)), expected(name)
    assert found.value == pytest.approx(wanted["alpha"], abs=1e-12)
    assert found.n == wanted["n"]
    assert found.interval is not None
    assert [found.interval.low, found.interval.high] == pytest.approx(wanted["feldt"], abs=1e-12)
    assert (found.interval.level, found.interval.method) == (0.95, "Feldt")


def test_alpha_of_incomplete_forms_uses_every_pair_and_a_bootstrap() -> None:
    found, wanted = cronbach_alpha(table("scale_items_missing")), expected("scale_items_missing")
    assert found.value == pytest.approx(wanted["alpha"], abs=1e-12)
    assert found.n == 120
    assert found.interval is not None
    assert found.interval.method == "BCa bootstrap of forms, 2000 resamples"
    assert found.interval.low < wanted["alpha"] < found.interval.high
    incomplete = int(np.isnan(table("scale_items_missing")).any(axis=1).sum())
    assert found.notes[0].startswith(f"{incomplete} of 120 forms are incomplete")
    with pytest.raises(AnalysisError, match="Feldt's is for complete forms"):
        cronbach_alpha(table("scale_items_missing"), interval="Feldt")


@pytest.mark.parametrize("name", [*COMPLETE, "scale_items_missing"])
def test_items_are_those_of_psych(name: str) -> None:
    found, wanted = item_statistics(table(name)), expected(name)
    for ours, theirs in (
        ([one.alpha_without for one in found], wanted["drop"]),
        ([one.mean for one in found], wanted["mean"]),
        ([one.sd for one in found], wanted["sd"]),
    ):
        assert ours == pytest.approx(theirs, abs=1e-12)
    if name in COMPLETE:
        assert [one.correlation_with_rest for one in found] == pytest.approx(wanted["rest"], abs=1e-12)


@pytest.mark.parametrize("name", COMPLETE)
def test_omega_is_that_of_lavaan_and_psych(name: str) -> None:
    wanted = expected(name)
    assert mcdonald_omega(table(name), interval="none").value == pytest.approx(wanted["omega_ml"], abs=1e-6)
    minres = mcdonald_omega(table(name), fit="minres", interval="none")
    assert minres.value == pytest.approx(wanted["omega_minres"], abs=1e-6)
    fit = one_factor_fit(table(name))
    assert fit.loadings == pytest.approx(wanted["loadings"], abs=2e-5)
    assert fit.unique == pytest.approx(wanted["unique"], abs=2e-5)
    assert fit.chi_square == pytest.approx(wanted["chi_square"], abs=1e-6)
    assert fit.df == wanted["df"]
    assert fit.p == pytest.approx(wanted["p"], abs=1e-6)


def test_the_five_items_of_the_first_frozen_run() -> None:
    """Numbers that psych 2.2.9 (`omega`) and lavaan 0.6-14 gave before, where all their parts were installed."""
    items = table("scale_calpas5")
    assert cronbach_alpha(items).value == pytest.approx(0.903588798364363, abs=1e-12)
    assert mcdonald_omega(items, interval="none").value == pytest.approx(0.905115267656139, abs=1e-6)
    minres = mcdonald_omega(items, fit="minres", interval="none")
    assert minres.value == pytest.approx(0.908595684351132, abs=1e-6)


def test_three_items_fit_exactly() -> None:
    fit = one_factor_fit(table("scale_items")[:, :3])
    assert (fit.df, fit.p) == (0, None)
    assert fit.chi_square == pytest.approx(0, abs=1e-8)
    covariance = np.cov(table("scale_items")[:, :3].T, ddof=0)
    modelled = np.outer(fit.loadings, fit.loadings) + np.diag(fit.unique)
    assert modelled == pytest.approx(covariance, abs=1e-6)


def test_bootstrap_intervals_hold_the_value_and_repeat() -> None:
    items = table("scale_items")[:, :5]
    for one in (
        cronbach_alpha(items, interval="bootstrap", resamples=500, seed=4),
        mcdonald_omega(items, resamples=500, seed=4),
    ):
        assert one.interval is not None
        assert one.value is not None
        assert one.interval.low < one.value < one.interval.high
        assert one.interval.high - one.interval.low < 0.3
    first, second = (cronbach_alpha(items, interval="bootstrap", resamples=500, seed=s) for s in (4, 4))
    assert first == second
    feldt = cronbach_alpha(items).interval
    drawn = cronbach_alpha(items, interval="bootstrap").interval
    assert feldt is not None
    assert drawn is not None
    assert drawn.low == pytest.approx(feldt.low, abs=0.05)
    assert drawn.high == pytest.approx(feldt.high, abs=0.05)


def test_an_item_that_was_not_reversed_is_named() -> None:
    assert "item 6. Was it to be reversed?" in cronbach_alpha(table("scale_items")).notes[-1]
    turned = table("scale_items")
    turned[:, 5] = 6 - turned[:, 5]
    assert cronbach_alpha(turned).notes == ()
    assert item_statistics(table("scale_items"), names=list("abcdef"))[5].correlation_with_rest < 0  # type: ignore[operator]


def test_parallel_items_give_spearman_and_brown() -> None:
    """Two items of equal variance and correlation r: alpha is 2 r / (1 + r)."""
    x = np.array([[1.0, 2], [2, 1], [3, 4], [4, 3]])
    r = np.corrcoef(x.T)[0, 1]
    assert cronbach_alpha(x).value == pytest.approx(2 * r / (1 + r), abs=1e-12)


def test_order_scale_and_empty_forms_change_nothing() -> None:
    items = table("scale_items_missing")
    more = np.vstack([items[::-1, ::-1] * 10 - 3, np.full((2, 6), np.nan)])
    assert cronbach_alpha(more, interval="none").value == pytest.approx(
        cronbach_alpha(items, interval="none").value, abs=1e-12
    )
    assert cronbach_alpha(more, interval="none").n == 120
    assert mcdonald_omega(more, interval="none").value == pytest.approx(
        mcdonald_omega(items, interval="none").value, abs=1e-7
    )


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        (np.ones((9, 4)), "no variance"),
        (np.ones((1, 4)), "fewer than two forms"),
        (np.array([[1.0, 2, 3], [2, 2, 2], [3, 2, 1]]), "the sum of the items does not vary"),
        (
            [[1.0, 2, np.nan], [2, 1, np.nan], [3, np.nan, 1], [np.nan, np.nan, 2]],
            "items 1 and 3 are not both",
        ),
    ],
)
def test_why_there_is_no_value(items: Any, reason: str) -> None:
    for one in (cronbach_alpha(items), mcdonald_omega(items)):
        assert one.value is None
        assert one.undefined is not None
        assert reason in one.undefined


def test_reasons_of_omega_alone() -> None:
    items = table("scale_items")
    assert mcdonald_omega(items[:, :2]).undefined == "2 items: at least 3 are needed"
    still = items.copy()
    still[:, 1] = 3
    assert mcdonald_omega(still).undefined == "item 2 does not vary"
    twice = np.column_stack([items[:, :3], items[:, 0]])
    assert mcdonald_omega(twice).undefined is not None
    with pytest.raises(AnalysisError, match="item 2 does not vary"):
        one_factor_fit(still)


def test_a_heywood_case_is_named() -> None:
    r = np.array([[1, 0.8, 0.7], [0.8, 1, 0.4], [0.7, 0.4, 1.0]])
    drawn = np.random.default_rng(2).standard_normal((60, 3))
    z = np.linalg.qr(np.column_stack([np.ones(60), drawn]))[0][:, 1:]
    items = z @ np.linalg.cholesky(r).T * np.sqrt(59)
    found = mcdonald_omega(items, interval="none")
    assert found.value == pytest.approx(0.88, abs=0.05)
    assert "Heywood" in found.notes[-1]


@pytest.mark.parametrize(
    ("option", "match"),
    [
        ({"interval": "feldd"}, "feldd"),
        ({"level": 95}, "not between 0 and 1"),
        ({"resamples": 0}, "less than 1"),
    ],
)
def test_options_are_checked(option: dict[str, Any], match: str) -> None:
    for coefficient in (cronbach_alpha, mcdonald_omega):
        with pytest.raises(AnalysisError, match=match):
            coefficient(table("scale_items"), **option)
    with pytest.raises(AnalysisError, match="Did you mean 'minres'"):
        mcdonald_omega(table("scale_items"), fit="minre")
    with pytest.raises(AnalysisError, match="Cronbach"):
        mcdonald_omega(table("scale_items"), interval="Feldt")
    with pytest.raises(AnalysisError, match="2 names for 6 items"):
        item_statistics(table("scale_items"), names=["a", "b"])
