"""Agreement weights between the categories of a declared scale: one interface for every weighted coefficient."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from bordin.errors import AnalysisError, nearest
from bordin.resampling import FloatArray

KINDS = ("identity", "linear", "quadratic", "ordinal", "radical", "ratio")
# More than this are measurements, not codes.
MOST_CATEGORIES = 1_000


def categories(values: npt.ArrayLike, scale: tuple[float, float] | None = None) -> FloatArray:
    """Return the categories of a scale: all that are declared, or those that occur.

    Parameters
    ----------
    values : array_like
        Numbers of any shape, NaN where missing.
    scale : tuple of float, optional
        Lowest and highest point of a scale in whole steps, for example ``(0, 6)``. Without it the
        categories are the values that occur.

    Returns
    -------
    ndarray of shape (q,)
        In ascending order.

    Raises
    ------
    AnalysisError
        When the scale is not two whole numbers in order, or a value is not a point of it.
    """
    numbers = np.asarray(values, dtype=float)
    seen = numbers[~np.isnan(numbers)]
    if scale is None:
        return np.unique(seen)
    low, high = scale
    if not (float(low).is_integer() and float(high).is_integer() and low < high):
        raise AnalysisError(
            f"scale: {low:g}:{high:g} is not a lowest and a highest whole number. Give, for example, 0:6."
        )
    if high - low >= MOST_CATEGORIES:
        raise AnalysisError(
            f"scale: {low:g}:{high:g} has more than {MOST_CATEGORIES:,} points. For measurements ask for "
            "an ICC or alpha (interval), which need no scale."
        )
    outside = (seen < low) | (seen > high) | (seen != np.floor(seen))
    if outside.any():
        raise AnalysisError(
            f"{seen[outside][0]:g} is not a point of the scale {low:g}:{high:g} (whole steps). "
            "Correct the value, or declare the scale that the coders used."
        )
    return np.arange(low, high + 1, dtype=float)


def weight_matrix(kind: str, points: npt.ArrayLike) -> FloatArray:
    """Return how far two categories agree: 1 on the diagonal, 0 for the pair that agrees least.

    Parameters
    ----------
    kind : str
        ``"identity"`` (nominal: only equal categories agree), ``"linear"``, ``"quadratic"``,
        ``"radical"`` (of the distance between the points), ``"ordinal"`` (Gwet's: of the number of
        pairs of categories between two categories; not Krippendorff's ordinal metric) or ``"ratio"``
        (of the distance relative to the sum).
    points : array_like of shape (q,)
        All categories of the declared scale, ascending. The weights follow these, not the values that occur.

    Returns
    -------
    ndarray of shape (q, q)
        Symmetric.

    Raises
    ------
    AnalysisError
        When the kind is not known, or ratio weights are asked for with negative points.

    References
    ----------
    Gwet (2014), Handbook of Inter-Rater Reliability, 4th ed., ISBN 978-0970806284; Cohen (1968),
    doi:10.1037/h0026256.

    Notes
    -----
    Validated against R irrCAC 1.0 through the coefficients of ``categorical_irrcac.json``.
    """
    if kind not in KINDS:
        raise AnalysisError(f"weights: '{kind}' is not known. {nearest(kind, KINDS)}")
    at = np.asarray(points, dtype=float)
    if len(at) < 2 or kind == "identity":
        return np.eye(len(at))
    apart = np.abs(np.subtract.outer(at, at))
    if kind == "ordinal":
        place = np.arange(len(at))
        steps = np.abs(np.subtract.outer(place, place))
        apart = steps * (steps + 1) / 2
    elif kind == "quadratic":
        apart = apart**2
    elif kind == "radical":
        apart = np.sqrt(apart)
    elif kind == "ratio":
        apart = ratio_disagreement(at)
    weights: npt.NDArray[np.floating[Any]] = 1 - apart / apart.max()
    return weights


def ratio_disagreement(points: FloatArray) -> FloatArray:
    """Return ((a - b) / (a + b)) squared for all pairs of points; 0 where both are 0.

    Raises
    ------
    AnalysisError
        When a point is negative.
    """
    if np.any(points < 0):
        raise AnalysisError(
            f"A ratio scale has no negative values, but {points.min():g} occurs. Ask for the interval level."
        )
    total = np.add.outer(points, points)
    apart = np.subtract.outer(points, points)
    relative: FloatArray = np.divide(apart, total, out=np.zeros_like(apart), where=total > 0) ** 2
    return relative
