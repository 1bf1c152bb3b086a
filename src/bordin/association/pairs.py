"""Two columns made into complete pairs, and the shape of a tested correlation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bordin.errors import AnalysisError
from bordin.estimate import Estimate

Array: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int64]
Values: TypeAlias = Array | Sequence[float | None]

SMALLEST_N = 4
# A correlation this near to 1 differs from it by rounding errors alone.
PERFECT = 1 - 1e-14


@dataclass(frozen=True)
class Correlation:
    """A correlation with its test.

    Attributes
    ----------
    estimate : Estimate
        Value, interval and number of pairs, or why there is none.
    p : float or None
        Two-tailed p; None exactly when the estimate is undefined.
    p_method : str
        ``"t"`` or ``"normal (tie-corrected)"``.
    """

    estimate: Estimate
    p: float | None
    p_method: str


def as_floats(values: Values) -> Array:
    """Return `values` as an array of shape (n,); None becomes NaN.

    Raises
    ------
    AnalysisError
        When the values are not one column of numbers, or one of them is infinite.
    """
    try:
        column = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as fault:
        raise AnalysisError(f"Values must be numbers, None or NaN: {fault}.") from fault
    if column.ndim != 1:
        raise AnalysisError(f"Values must be one column; these have the shape {column.shape}.")
    if np.isinf(column).any():
        raise AnalysisError(
            f"Row {int(np.flatnonzero(np.isinf(column))[0]) + 1} holds an infinite value; "
            "give a finite number, or None where it is missing."
        )
    return column


def complete_rows(*columns: Values) -> tuple[Array, ...]:
    """Keep the rows in which every column has a value.

    Parameters
    ----------
    *columns : array-like of shape (n,)
        Columns of equal length; None or NaN where a value is missing.

    Returns
    -------
    tuple of ndarray of shape (m,)

    Raises
    ------
    AnalysisError
        When the columns differ in length.
    """
    arrays = [as_floats(c) for c in columns]
    lengths = {len(a) for a in arrays}
    if len(lengths) > 1:
        raise AnalysisError(f"Columns of unequal length: {', '.join(str(len(a)) for a in arrays)} rows.")
    kept = np.logical_and.reduce([~np.isnan(a) for a in arrays])
    return tuple(a[kept] for a in arrays)


def why_undefined(columns: Sequence[Array], names: Sequence[str]) -> str | None:
    """Say why complete columns have no correlation, or None when they have one."""
    n = len(columns[0])
    together = " and ".join(names) if len(names) == 2 else f"{', '.join(names[:-1])} and {names[-1]}"
    if n == 0:
        return f"no case has {together}"
    if n < SMALLEST_N:
        cases = "case has" if n == 1 else "cases have"
        return f"only {n} {cases} {together}; at least {SMALLEST_N} are needed"
    for column, name in zip(columns, names, strict=True):
        if column.min() == column.max():
            return f"no variance in {name}"
    return None


def midranks(values: Array) -> Array:
    """Ranks from 1 to n; tied values share the mean of their ranks."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    middles: Array = last - (counts - 1) / 2
    return middles[which]


def product_moment(x: Array, y: Array) -> float:
    """Product-moment correlation of two complete columns that both vary."""
    dx, dy = centered(x), centered(y)
    r = float(dx @ dy) / float(np.sqrt(dx @ dx) * np.sqrt(dy @ dy))
    return float(np.sign(r)) if abs(r) > PERFECT else r


def centered(values: Array) -> Array:
    """Take the mean off, after a scaling by a power of two, which is exact and keeps squares finite."""
    exponent = int(np.frexp(np.abs(values).max())[1])
    scaled = np.ldexp(values, -exponent)
    around_zero: Array = scaled - scaled.mean()
    return around_zero
