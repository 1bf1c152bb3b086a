"""Differences of dependent correlations against cocor and psych."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bordin.association import compare_overlapping, contrast_correlations
from bordin.errors import AnalysisError

Read = Callable[[str], Any]


def test_tests_and_interval_are_those_of_cocor(read_reference: Read) -> None:
    expected = read_reference("estimators_cocor.json")
    assert len(expected) == 7
    for numbers in expected.values():
        made = compare_overlapping(
            numbers["r_goals"], numbers["r_bond"], numbers["r_goals_bond"], numbers["n"]
        )
        for name in ("williams_t", "williams_p", "steiger_z", "steiger_p", "meng_z", "meng_p"):
            assert getattr(made, name) == pytest.approx(numbers[name], abs=1e-12)
        assert [made.zou.low, made.zou.high] == pytest.approx(numbers["zou"], abs=1e-12)
        assert made.zou.method == "Zou"
        assert made.williams_t == pytest.approx(numbers["psych_williams_t"], abs=1e-12)
        assert made.williams_p == pytest.approx(numbers["psych_williams_p"], abs=1e-12)


def test_from_the_data_up(read_reference: Read) -> None:
    data = read_reference("seedlike_complete.csv")
    for dimension, numbers in read_reference("estimators_cocor.json").items():
        made = contrast_correlations(data["q2_goals"], data["bond"], data[dimension])
        assert made.r_x == pytest.approx(numbers["r_goals"], abs=1e-12)
        assert made.r_against == pytest.approx(numbers["r_bond"], abs=1e-12)
        assert made.r_between == pytest.approx(numbers["r_goals_bond"], abs=1e-12)
        assert made.williams_p == pytest.approx(numbers["williams_p"], abs=1e-12)
        assert made.n == 43
        assert not made.reflected


def test_reflecting_the_shared_variable_turns_the_difference(read_reference: Read) -> None:
    data = read_reference("seedlike_a.csv")
    columns = data["q2_goals"], data["bond"], data["resistance"]
    plain = contrast_correlations(*columns)
    turned = contrast_correlations(*columns, signs=(1, 1, -1))
    assert turned.reflected
    assert plain.difference is not None
    assert turned.zou is not None
    assert plain.zou is not None
    assert turned.difference == pytest.approx(-plain.difference)
    assert turned.zou.low == pytest.approx(-plain.zou.high, abs=1e-12)
    assert turned.williams_p == pytest.approx(plain.williams_p, abs=1e-12)
    assert turned.n == 33


def test_reflecting_one_of_the_two_changes_the_question(read_reference: Read) -> None:
    data = read_reference("seedlike_complete.csv")
    made = contrast_correlations(data["q2_goals"], data["bond"], data["resistance"], signs=(1, -1, 1))
    by_hand = contrast_correlations(data["q2_goals"], [-v for v in data["bond"]], data["resistance"])
    assert made.difference == pytest.approx(by_hand.difference, abs=1e-12)
    assert made.williams_t == pytest.approx(by_hand.williams_t, abs=1e-12)
    assert made.steiger_p == pytest.approx(by_hand.steiger_p, abs=1e-12)


def test_tau_has_a_difference_but_no_tests(read_reference: Read) -> None:
    data = read_reference("seedlike_complete.csv")
    made = contrast_correlations(data["q2_goals"], data["bond"], data["concordance"], coefficient="kendall")
    assert made.r_x == pytest.approx(0.3779575007170452, abs=1e-12)
    assert made.difference is not None
    assert made.undefined is None
    assert made.williams_t is made.steiger_p is made.meng_p is made.zou is None


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.integers(8, 60))
def test_swapping_the_two_sides_turns_every_sign(seed: int, n: int) -> None:
    a, b, y = np.random.default_rng(seed).normal(size=(3, n))
    one = contrast_correlations(a, b, y, coefficient="pearson")
    other = contrast_correlations(b, a, y, coefficient="pearson")
    assert one.zou is not None
    assert other.zou is not None
    assert one.difference is not None
    assert other.difference == pytest.approx(-one.difference, abs=1e-12)
    assert other.williams_p == pytest.approx(one.williams_p, abs=1e-9)
    assert other.meng_p == pytest.approx(one.meng_p, abs=1e-9)
    assert one.zou.low == pytest.approx(-other.zou.high, abs=1e-12)
    assert one.zou.low <= one.difference <= one.zou.high


@pytest.mark.parametrize(
    ("x", "against", "y", "reason"),
    [
        ([1, 2, 3], [1, 3, 2], [2, 1, 3], "only 3 cases have goals, bond and plans; at least 4 are needed"),
        ([1, 1, 1, 1], [1, 3, 2, 4], [2, 1, 3, 4], "no variance in goals"),
        ([1, 2, 3, 4], [1, 2, 3, 4], [2, 1, 3, 4], "a correlation among the three is perfect"),
    ],
)
def test_undefined_says_why(x: list[float], against: list[float], y: list[float], reason: str) -> None:
    made = contrast_correlations(x, against, y, names=("goals", "bond", "plans"))
    assert made.undefined == reason
    assert made.difference is None
    assert made.williams_p is None


def test_shared_variable_that_is_the_difference_of_the_others() -> None:
    a = np.array([1.0, -1.0, 1.0, -1.0, 2.0, -2.0])
    b = np.array([1.0, 1.0, -1.0, -1.0, 0.0, 0.0])
    b = b / np.sqrt(b @ b) * np.sqrt(a @ a)
    made = contrast_correlations(a, b, a - b, coefficient="pearson")
    assert made.undefined == "the shared variable is the difference of the two others"
    with pytest.raises(AnalysisError, match="at least 4 cases are needed"):
        compare_overlapping(0.1, 0.2, 0.3, 3)
    with pytest.raises(AnalysisError, match="perfect"):
        compare_overlapping(1.0, 0.2, 0.2, 20)
    with pytest.raises(AnalysisError, match="Unknown coefficient"):
        contrast_correlations([1], [1], [1], coefficient="rho")
