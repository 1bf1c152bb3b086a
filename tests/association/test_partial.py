"""Correlations with the levels of a grouping taken out, against R's lm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bordin.association import correlate, partial_correlation
from bordin.association.partial import deviations, level_codes
from bordin.errors import AnalysisError

Read = Callable[[str], Any]


@pytest.mark.parametrize("coefficient", ["spearman", "pearson", "kendall"])
def test_therapist_taken_out_is_that_of_r(coefficient: str, read_reference: Read) -> None:
    data = read_reference("estimators_grouped.csv")
    expected = read_reference("estimators_grouped.json")["therapist"][coefficient]
    made = partial_correlation(data["x"], data["y"], data["therapist"], coefficient=coefficient)
    assert made.value == pytest.approx(expected["value"], abs=1e-12)
    assert made.p == pytest.approx(expected["p"], abs=1e-12)
    assert made.n == 44
    assert made.df == 40


@pytest.mark.parametrize("coefficient", ["spearman", "pearson", "kendall"])
def test_one_level_is_the_plain_correlation(coefficient: str, read_reference: Read) -> None:
    data = read_reference("seedlike_a.csv")
    x, y = data["q2_goals"], data["avoidance"]
    plain = correlate(x, y, coefficient=coefficient)
    made = partial_correlation(x, y, ["A"] * len(x), coefficient=coefficient)
    assert made.value == pytest.approx(plain.estimate.value, abs=1e-12)
    assert made.p == pytest.approx(plain.p, abs=1e-12)
    assert made.df == plain.estimate.n - 2


def test_an_effect_that_lies_between_therapists_only_goes_away() -> None:
    x = [1, 2, 3, 4, 11, 12, 13, 14]
    y = [2, 1, 1, 2, 12, 11, 11, 12]
    plain = correlate(x, y, coefficient="pearson").estimate.value
    made = partial_correlation(x, y, list("AAAABBBB"), coefficient="pearson")
    assert plain is not None
    assert plain > 0.9
    assert made.value == pytest.approx(0.0, abs=1e-12)
    assert made.df == 5


def test_cases_without_a_level_do_not_count() -> None:
    x, y = [1, 2, 4, 3, 5, 9], [2, 1, 3, 5, 4, 9]
    made = partial_correlation(x, y, ["A", "B", "A", "B", "A", None])
    assert made == partial_correlation(x[:5], y[:5], [1, 2, 1, 2, 1])
    assert made.n == 5
    assert made.df == 2


def test_undefined_says_why() -> None:
    few = partial_correlation([1, 2, 3, 4], [1, 3, 2, 4], list("ABCD"), names=("x", "y", "therapist"))
    assert few.undefined == "4 cases in 4 levels of therapist leave no degrees of freedom"
    assert few.value is None
    assert few.df == 0
    flat = partial_correlation(
        [0.1, 0.1, 0.1, 7, 7, 7], [1, 2, 3, 1, 2, 3], list("AAABBB"), names=("goals", "y", "therapist")
    )
    assert flat.undefined == "no variance in goals within therapist"
    assert flat.p is None
    assert flat.df == 3


def test_level_codes() -> None:
    assert level_codes(["b", "a ", None, "", "a", float("nan"), " b"]).tolist() == [0, 1, -1, -1, 1, -1, 0]
    assert level_codes([3, 1, 3.0]).tolist() == [0, 1, 0]


def test_constant_levels_deviate_by_exactly_nothing() -> None:
    values = np.array([0.1, 0.1, 0.1, 0.7, 0.7, 1.3])
    assert not deviations(values, np.array([0, 0, 0, 1, 1, 2])).any()
    assert deviations(np.array([1.0, 2.0, 6.0]), np.array([5, 5, 5])).tolist() == [-2.0, -1.0, 3.0]


def test_bad_input_is_refused() -> None:
    with pytest.raises(AnalysisError, match="unequal length: 3, 3, 2 rows"):
        partial_correlation([1, 2, 3], [1, 2, 3], ["A", "B"])
    with pytest.raises(AnalysisError, match="Unknown coefficient"):
        partial_correlation([1, 2, 3], [1, 2, 3], ["A", "B", "B"], coefficient="rho")
