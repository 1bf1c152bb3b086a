"""Weights follow the declared scale."""

from __future__ import annotations

import numpy as np
import pytest

from bordin.errors import AnalysisError
from bordin.reliability.weights import KINDS, categories, weight_matrix


def test_categories_are_those_declared_or_those_that_occur() -> None:
    values = np.array([[2, np.nan], [5, 2]])
    np.testing.assert_array_equal(categories(values), [2, 5])
    np.testing.assert_array_equal(categories(values, (0, 6)), np.arange(7))


def test_a_half_point_is_not_on_the_scale() -> None:
    with pytest.raises(AnalysisError, match=r"2\.5 is not a point of the scale 0:6"):
        categories([2.5, 3], (0, 6))
    with pytest.raises(AnalysisError, match="not a lowest and a highest whole number"):
        categories([1, 2], (0.5, 3))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_symmetric_from_one_to_zero(kind: str) -> None:
    matrix = weight_matrix(kind, np.arange(1, 6))
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_array_equal(np.diag(matrix), np.ones(5))
    assert matrix.min() == 0
    assert matrix[0, 4] == 0


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        ("identity", [1, 0, 0, 0]),
        ("linear", [1, 2 / 3, 1 / 3, 0]),
        ("quadratic", [1, 8 / 9, 5 / 9, 0]),
        ("ordinal", [1, 5 / 6, 1 / 2, 0]),
        ("radical", [1, 1 - np.sqrt(1 / 3), 1 - np.sqrt(2 / 3), 0]),
        ("ratio", [1, 1 - (1 / 3) ** 2 / 0.36, 1 - 0.25 / 0.36, 0]),
    ],
)
def test_weights_of_the_first_of_four_points(kind: str, row: list[float]) -> None:
    np.testing.assert_allclose(weight_matrix(kind, [1, 2, 3, 4])[0], row, atol=1e-15)


def test_ratio_weights_bear_a_zero() -> None:
    np.testing.assert_allclose(weight_matrix("ratio", [0, 1, 2])[0], [1, 0, 0])
    with pytest.raises(AnalysisError, match="no negative values"):
        weight_matrix("ratio", [-1, 0, 1])


def test_one_category_agrees_with_itself() -> None:
    np.testing.assert_array_equal(weight_matrix("quadratic", [3]), [[1]])


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(AnalysisError, match="Did you mean 'radical'"):
        weight_matrix("radial", [1, 2])
