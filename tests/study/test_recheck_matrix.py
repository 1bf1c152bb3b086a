"""A matrix is called impossible only with a proof: closed forms, made data, and slips of sign."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bordin.study.recheck_matrix import check_box, check_matrix


def pairs_of(matrix, half: float, digits: int | None = None):
    names = [f"v{k}" for k in range(len(matrix))]
    printed = np.round(matrix, digits) if digits is not None else matrix
    return names, {
        (names[i], names[j]): (float(printed[i][j]), half) for i, j in combinations(range(len(names)), 2)
    }


def three(a: float, b: float, c: float, half: float):
    return check_matrix(*pairs_of(np.array([[1, a, b], [a, 1, c], [b, c, 1]]), half))


@pytest.mark.parametrize(
    ("c", "half", "verdict"),
    [
        (0.62, 0.0, "possible"),  # 2 * .9**2 - 1, the exact border
        (0.6199, 0.0, "impossible"),
        (0.60, 0.005, "possible"),  # .895 twice leaves .60205, within .605
        (0.59, 0.005, "impossible"),
        (0.59, 0.05, "possible"),
    ],
)
def test_three_variables_have_a_closed_form(c, half, verdict):
    found = three(0.9, 0.9, c, half)
    assert found.verdict == verdict
    assert found.slip is None
    assert found.n_missing == 0


@given(st.integers(-99, 99), st.integers(-99, 99), st.integers(-99, 99))
@settings(max_examples=80)
def test_unrounded_triples_agree_with_the_determinant(a, b, c):
    a, b, c = a / 100, b / 100, c / 100
    determinant = 1 + 2 * a * b * c - a * a - b * b - c * c
    if abs(determinant) > 1e-6:
        assert three(a, b, c, 0.0).verdict == ("possible" if determinant > 0 else "impossible")


@pytest.mark.parametrize("k", [4, 10, 25])
def test_real_data_with_as_many_variables_as_cases_are_possible_when_rounded(k):
    data = np.random.default_rng(k).standard_normal((k - 1, k))
    found = check_matrix(*pairs_of(np.corrcoef(data.T), 0.005, digits=2))
    assert found.verdict == "possible"
    assert found.smallest_eigenvalue < 0.01


def test_equal_negative_correlations_have_a_limit():
    # k variables can all correlate -1 / (k - 1) and no less.
    def equal(r: float, half: float) -> str:
        return check_matrix(*pairs_of(np.full((5, 5), r), half)).verdict

    assert equal(-0.25, 0.0) == "possible"
    assert equal(-0.26, 0.005) == "impossible"
    assert equal(-0.254, 0.005) == "possible"


def test_a_turned_sign_is_named_when_it_alone_explains():
    loadings = np.array([0.9, 0.8, 0.85, 0.7, 0.75])
    matrix = np.outer(loadings, loadings)
    matrix[1, 3] = matrix[3, 1] = -matrix[1, 3]
    found = check_matrix(*pairs_of(matrix, 0.005, digits=2))
    assert (found.verdict, found.slip) == ("impossible", "v1 with v3")
    assert found.smallest_eigenvalue == pytest.approx(-0.41041478, abs=1e-8)


def test_pairs_that_are_not_printed_are_free():
    names = ["a", "b", "c"]
    pairs = {("a", "b"): (0.9, 0.0), ("a", "c"): (-0.9, 0.0)}
    found = check_matrix(names, pairs)
    assert (found.verdict, found.n_missing, found.smallest_eigenvalue) == ("possible", 1, None)


def test_impossible_is_never_said_of_what_data_gave():
    for seed in range(30):
        rng = np.random.default_rng(seed)
        k = int(rng.integers(3, 9))
        data = rng.standard_normal((int(rng.integers(3, 12)), k)) @ rng.standard_normal((k, k))
        for digits in (1, 2, 3):
            names, pairs = pairs_of(np.corrcoef(data.T), 0.5 * 10.0**-digits, digits=digits)
            assert check_matrix(names, pairs).verdict == "possible"


def test_a_box_around_the_border_is_decided():
    center = np.array([[1.0, 1.0], [1.0, 1.0]])
    assert check_box(center, np.zeros((2, 2))) == "possible"
