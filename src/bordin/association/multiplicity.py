"""Adjustment of p values for the number of tests in a family."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from bordin.association.pairs import Array
from bordin.errors import AnalysisError, nearest


def adjust(p_values: Sequence[float | None], method: str = "holm") -> list[float | None]:
    """Adjust the p values of one family.

    Parameters
    ----------
    p_values : sequence of float or None
        None or NaN marks a test that could not be made; it stays None and does not count.
    method : str
        ``"holm"``, ``"bh"``, ``"by"``, ``"bonferroni"`` or ``"hommel"``.

    Returns
    -------
    list of float or None
        Adjusted p in the given order, at most 1.

    Raises
    ------
    AnalysisError
        When the method is unknown, or a p is outside 0 to 1.

    References
    ----------
    Holm (1979), jstor 4615733; Benjamini and Hochberg (1995), doi:10.1111/j.2517-6161.1995.tb02031.x;
    Benjamini and Yekutieli (2001), doi:10.1214/aos/1013699998; Hommel (1988), doi:10.1093/biomet/75.2.383.

    Notes
    -----
    Validated against statsmodels `multipletests` and R 4.2.2 `p.adjust`: fixtures
    ``estimators_<input>.json`` (1e-12).
    """
    if method not in METHODS:
        raise AnalysisError(f"Unknown adjustment '{method}'. {nearest(method, METHODS)}")
    given = np.array([np.nan if p is None else p for p in p_values], dtype=np.float64)
    counted = ~np.isnan(given)
    outside = (given[counted] < 0) | (given[counted] > 1)
    if outside.any():
        raise AnalysisError(f"A p value is {given[counted][outside][0]}; it must lie between 0 and 1.")
    adjusted: list[float | None] = [None] * len(given)
    if counted.any():
        for position, value in zip(np.flatnonzero(counted), METHODS[method](given[counted]), strict=True):
            adjusted[position] = float(value)
    return adjusted


def _bonferroni(p: Array) -> Array:
    return np.minimum(p * len(p), 1.0)


def _holm(p: Array) -> Array:
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    return _put_back(stepped, order)


def _bh(p: Array) -> Array:
    order = np.argsort(p, kind="stable")[::-1]
    m = len(p)
    stepped = np.minimum.accumulate(p[order] * m / np.arange(m, 0, -1))
    return _put_back(stepped, order)


def _by(p: Array) -> Array:
    # The sum of reciprocals makes BH hold under any dependence of the tests.
    return np.minimum(_bh(np.asarray(p)) * np.sum(1 / np.arange(1, len(p) + 1)), 1.0)


def _hommel(p: Array) -> Array:
    order = np.argsort(p, kind="stable")
    sorted_p, m = p[order], len(p)
    ranks = np.arange(1, m + 1)
    smallest = np.full(m, float(np.min(m * sorted_p / ranks)))
    adjusted = smallest.copy()
    for size in range(m - 1, 1, -1):
        upper = slice(m - size + 1, m)
        bound = float(np.min(size * sorted_p[upper] / np.arange(2, size + 1)))
        lower = slice(0, m - size + 1)
        smallest[lower] = np.minimum(size * sorted_p[lower], bound)
        smallest[upper] = smallest[m - size]
        adjusted = np.maximum(adjusted, smallest)
    return _put_back(np.maximum(adjusted, sorted_p), order)


def _put_back(stepped: Array, order: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Array:
    result = np.empty(len(stepped))
    result[order] = np.minimum(stepped, 1.0)
    return result


METHODS: dict[str, Callable[[Array], Array]] = {
    "holm": _holm,
    "bh": _bh,
    "by": _by,
    "bonferroni": _bonferroni,
    "hommel": _hommel,
}
