"""Two blocks of columns, checked once, and which of their columns share their observed rows."""

from __future__ import annotations

from math import isnan

import numpy as np
import numpy.typing as npt

from bordin.errors import AnalysisError, nearest
from bordin.resampling import FloatArray

BoolArray = npt.NDArray[np.bool_]

COEFFICIENTS = ("spearman", "pearson", "kendall")


def checked_blocks(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return both blocks as floats of shape (n, k), after a check.

    Raises
    ------
    AnalysisError
        When one is not a table, a value is infinite, or they differ in length.
    """
    xs, ys = _checked("x", x), _checked("y", y)
    if len(xs) != len(ys):
        raise AnalysisError(f"x has {len(xs)} rows and y has {len(ys)}. Both need one row a case.")
    return xs, ys


def _checked(name: str, values: npt.ArrayLike) -> FloatArray:
    block = np.asarray(values, dtype=float)
    if block.ndim != 2:
        raise AnalysisError(f"{name}: {block.ndim} dimension(s). Give a table with one row a case.")
    if np.isinf(block).any():
        row, column = np.argwhere(np.isinf(block))[0]
        raise AnalysisError(
            f"{name}: row {row + 1}, column {column + 1} is infinite. Use NaN where it is missing."
        )
    return block


def check_coefficient(coefficient: str) -> None:
    """Raise AnalysisError when there is no such coefficient."""
    if coefficient not in COEFFICIENTS:
        raise AnalysisError(
            f"coefficient: '{coefficient}' is not known. {nearest(coefficient, COEFFICIENTS)}"
        )


def check_at_least_one(name: str, number: int) -> None:
    """Raise AnalysisError when a number of shuffles or resamples is not positive."""
    if number < 1:
        raise AnalysisError(f"{name}: {number} is too few. Give 1 or more, for example 10000.")


def checked_labels(name: str, labels: npt.ArrayLike, rows: int) -> npt.NDArray[np.generic]:
    """Return one label a row; AnalysisError when there are more or fewer, or one is missing."""
    found: npt.NDArray[np.generic] = np.asarray(labels)
    if found.shape != (rows,):
        raise AnalysisError(f"{name}: shape {found.shape} for {rows} rows. Give one label a row.")
    for row, label in enumerate(found.tolist(), start=1):
        if label is None or (isinstance(label, float) and isnan(label)):
            raise AnalysisError(f"{name}: row {row} has no label. Leave the row out, or label it.")
    return found


def rows_with_a_pair(xs: FloatArray, ys: FloatArray) -> BoolArray:
    """Say which rows have a value in both blocks; the others tell nothing about any cell."""
    some: BoolArray = np.any(~np.isnan(xs), axis=1) & np.any(~np.isnan(ys), axis=1)
    return some


def by_observed_rows(block: FloatArray) -> list[tuple[BoolArray, npt.NDArray[np.intp]]]:
    """Return each distinct set of observed rows with the columns that have it."""
    columns: dict[bytes, list[int]] = {}
    observed = ~np.isnan(block)
    for column, rows in enumerate(observed.T):
        columns.setdefault(rows.tobytes(), []).append(column)
    return [(observed[:, same[0]], np.array(same)) for same in columns.values()]
