"""How much a correlation hangs on the choice of coefficient and on single cases."""

from __future__ import annotations

import numpy as np

from bordin.association.attenuation import disattenuated
from bordin.association.cells import Sensitivity
from bordin.association.coefficient import correlate
from bordin.association.detectable import smallest_detectable, smallest_equivalence
from bordin.association.fisher import INTERVALS, check_coefficient
from bordin.association.kendall import concordance
from bordin.association.pairs import (
    PERFECT,
    Array,
    Values,
    centered,
    complete_rows,
    midranks,
    why_undefined,
)
from bordin.estimate import Estimate

# Numbers held at once in a table of case by case values.
_BLOCK = 2_000_000


def sensitivity_of(
    x: Values,
    y: Values,
    correlation: Estimate,
    *,
    alpha: float = 0.05,
    interval: str = "default",
    reliabilities: tuple[float | Estimate, float | Estimate] | None = None,
) -> Sensitivity:
    """Put the sensitivity figures of one cell together.

    Parameters
    ----------
    x, y : array-like of shape (n,)
        Values, None or NaN where missing.
    correlation : Estimate
        What :func:`~bordin.association.coefficient.correlate` gave for them.
    alpha : float
        Level of the smallest detectable and smallest equivalence values.
    interval : str
        Interval of the correlation, which gives the error of the smallest equivalence bound.
    reliabilities : tuple of float or Estimate, optional
        Reliabilities of x and y, when both are known.

    Returns
    -------
    Sensitivity

    Raises
    ------
    AnalysisError
        When a reliability is not above 0 and at most 1.
    """
    x, y = complete_rows(x, y)
    values = {name: correlate(x, y, coefficient=name).estimate.value for name in INTERVALS}
    n, name = correlation.n, correlation.name
    return Sensitivity(
        spearman=values["spearman"],
        kendall=values["kendall"],
        pearson=values["pearson"],
        leave_one_out=leave_one_out(x, y, coefficient=name),
        disattenuated=None if reliabilities is None else disattenuated(correlation, *reliabilities),
        smallest_detectable=smallest_detectable(n, alpha=alpha, coefficient=name),
        smallest_equivalence=smallest_equivalence(n, alpha=alpha, coefficient=name, interval=interval),
    )


def leave_one_out(x: Values, y: Values, *, coefficient: str = "spearman") -> tuple[float, float] | None:
    """Smallest and largest value when each case is left out in turn.

    Parameters
    ----------
    x, y : array-like of shape (n,)
        Values, None or NaN where missing.
    coefficient : str
        ``"spearman"``, ``"kendall"`` or ``"pearson"``.

    Returns
    -------
    tuple of float or None
        None when the correlation is undefined, or when a variable varies in one case only,
        so that leaving it out leaves no value.

    Notes
    -----
    Validated against computing the coefficient anew without each case, on the seeded inputs.
    """
    check_coefficient(coefficient)
    x, y = complete_rows(x, y)
    if len(x) < 5 or why_undefined((x, y), ("x", "y")) is not None or _hangs_on_one(x) or _hangs_on_one(y):
        return None
    values = _tau_without_each(x, y) if coefficient == "kendall" else _moment_without_each(x, y, coefficient)
    values = np.where(np.abs(values) > PERFECT, np.sign(values), values)
    return float(values.min()), float(values.max())


def _hangs_on_one(column: Array) -> bool:
    return bool(np.unique(column, return_counts=True)[1].max() == len(column) - 1)


def _tau_without_each(x: Array, y: Array) -> Array:
    counted = concordance(x, y)
    score, untied_x, untied_y = (
        each.sum() / 2 - each for each in (counted.balance, counted.untied_x, counted.untied_y)
    )
    tau: Array = score / np.sqrt(untied_x) / np.sqrt(untied_y)
    return tau


def _moment_without_each(x: Array, y: Array, coefficient: str) -> Array:
    n = len(x)
    values = np.empty(n)
    rows_at_once = max(1, _BLOCK // n)
    without = _ranks_without if coefficient == "spearman" else _values_without
    for start in range(0, n, rows_at_once):
        rows = np.arange(start, min(start + rows_at_once, n))
        dx, dy = without(x, rows), without(y, rows)
        sxy, sxx, syy = (np.einsum("ij,ij->i", a, b) for a, b in ((dx, dy), (dx, dx), (dy, dy)))
        values[rows] = sxy / np.sqrt(sxx) / np.sqrt(syy)
    return values


def _ranks_without(column: Array, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Array:
    # A case that leaves lowers the ranks above it by 1 and those tied with it by one half.
    ranks, n = midranks(column), len(column)
    without = ranks - 0.5 * (1 + np.sign(ranks - ranks[rows, None])) - n / 2
    without[np.arange(len(rows)), rows] = 0
    return without


def _values_without(column: Array, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Array:
    around_zero = centered(column)
    means = (around_zero.sum() - around_zero[rows]) / (len(column) - 1)
    without: Array = around_zero - means[:, None]
    without[np.arange(len(rows)), rows] = 0
    return without
