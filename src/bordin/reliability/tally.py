"""Units by coders, told apart by what was coded: every distinct row once, with how often it occurs.

A million coded turns hold a few thousand distinct rows, and a bootstrap sample of units is a
multinomial draw over these. All coefficients of categories work on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from bordin.errors import AnalysisError
from bordin.reliability.weights import MOST_CATEGORIES, categories
from bordin.resampling import FloatArray, IntArray

BoolArray = npt.NDArray[np.bool_]

# Keys of rows stay below this, far from the end of 64 bits.
_LARGEST_KEY = 2**62


@dataclass(frozen=True)
class Tally:
    """Distinct rows of a table of units by coders.

    Attributes
    ----------
    categories : ndarray of shape (q,)
        Points of the declared scale, or the values that occur.
    codes : ndarray of int, shape (p, r)
        Distinct rows, as places in `categories`; -1 where missing. Units without a value and coders without
        a value are left out.
    frequency : ndarray of shape (p,)
        Units that show the row.
    row_of : ndarray of int, shape (n,)
        The distinct row that each unit shows.
    cluster_of : ndarray of int or None, shape (n,)
        Number of each unit's cluster, from 0.
    n_units, n_coders, n_values : int
        Units with two or more coders; coders and values among these.
    """

    categories: FloatArray
    codes: IntArray
    frequency: FloatArray
    row_of: IntArray
    cluster_of: IntArray | None
    n_units: int
    n_coders: int
    n_values: int

    @cached_property
    def coders(self) -> FloatArray:
        """How many coders each distinct row has, shape (p,)."""
        counted: FloatArray = np.count_nonzero(self.codes >= 0, axis=1).astype(float)
        return counted

    @cached_property
    def counts(self) -> FloatArray:
        """How many coders chose each category, shape (p, q)."""
        q = len(self.categories)
        if q > MOST_CATEGORIES:
            raise AnalysisError(
                f"{q:,} different values are too many for categories (at most {MOST_CATEGORIES:,}). For "
                "measurements ask for an ICC or alpha (interval)."
            )
        rows, columns = np.nonzero(self.codes >= 0)
        places = rows * q + self.codes[rows, columns]
        counted: FloatArray = np.bincount(places, minlength=len(self.codes) * q).astype(float)
        return counted.reshape(-1, q)

    @cached_property
    def why_no_value(self) -> str | None:
        """Why no coefficient that corrects for chance exists, or None."""
        if self.n_units == 0:
            return "nothing was coded by two or more coders"
        shared = self.codes[self.coders >= 2]
        if shared.max() == shared[shared >= 0].min():
            return "no variance: all ratings are equal"
        return None


def tally(
    values: npt.ArrayLike,
    *,
    scale: tuple[float, float] | None = None,
    clusters: npt.ArrayLike | None = None,
    by_coder: bool = False,
    only_shared: bool = False,
) -> Tally:
    """Find the distinct rows of a table of units by coders.

    Parameters
    ----------
    values : array_like of shape (n_units, n_coders)
        Codes as numbers, NaN where missing.
    scale : tuple of float, optional
        Lowest and highest point of the scale, in whole steps.
    clusters : array_like of shape (n_units,), optional
        Label of each unit's cluster, such as the session of a turn.
    by_coder : bool
        Keep which coder chose what; else rows that differ only in their order are the same.
    only_shared : bool
        Leave out units with fewer than two coders.

    Returns
    -------
    Tally

    Raises
    ------
    AnalysisError
        When the table has another shape, holds an infinite value, or leaves the scale; or when there is not
        one cluster a unit.
    """
    table = checked_table(values)
    labels = None if clusters is None else np.asarray(clusters)
    if labels is not None and labels.shape != table.shape[:1]:
        raise AnalysisError(
            f"clusters: shape {labels.shape}, but there are {len(table)} units. Give one label a unit."
        )
    points = categories(table, scale)
    codes = _codes(table, points)
    seen = codes >= 0
    coders = np.count_nonzero(seen, axis=1)
    shared = coders >= 2
    kept = shared if only_shared else coders >= 1
    used = seen[kept].any(axis=0)
    rows = codes[kept][:, used]
    if not by_coder:
        rows = np.sort(rows, axis=1)
    first, row_of, frequency = _distinct(rows, len(points))
    return Tally(
        categories=points,
        codes=rows[first],
        frequency=frequency.astype(float),
        row_of=row_of,
        cluster_of=None if labels is None else np.unique(labels[kept], return_inverse=True)[1],
        n_units=int(np.count_nonzero(shared)),
        n_coders=int(np.count_nonzero(seen[shared].any(axis=0))),
        n_values=int(coders[shared].sum()),
    )


def checked_table(values: npt.ArrayLike) -> FloatArray:
    """Return the values as a table of floats.

    Raises
    ------
    AnalysisError
        When it is not a table, or holds something else than finite numbers and NaN.
    """
    try:
        table = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise AnalysisError(
            f"The codes are not numbers ({error}). Number the categories first (bordin.reliability.units)."
        ) from error
    if table.ndim != 2:
        raise AnalysisError(
            f"The codes have {table.ndim} dimension(s). Give a table: a row a unit, a column a coder."
        )
    if np.isinf(table).any():
        raise AnalysisError("An infinite value stands among the codes. Mark missing codes as NaN.")
    return table


def _codes(table: FloatArray, points: FloatArray) -> IntArray:
    """Place of each value among the points, -1 where missing."""
    missing = np.isnan(table)
    codes: IntArray = np.searchsorted(points, table).astype(np.min_scalar_type(-len(points) - 1))
    codes[missing] = -1
    return codes


def _distinct(rows: IntArray, q: int) -> tuple[IntArray, IntArray, IntArray]:
    """First unit of each distinct row, the distinct row of each unit, and their frequencies."""
    key = np.zeros(len(rows), dtype=np.int64)
    highest = 1
    for column in rows.T:
        if highest * (q + 1) > _LARGEST_KEY:
            key = np.unique(key, return_inverse=True)[1].astype(np.int64)
            highest = len(rows)
        key = key * (q + 1) + (column + 1)
        highest *= q + 1
    found: tuple[IntArray, IntArray, IntArray, IntArray] = np.unique(
        key, return_index=True, return_inverse=True, return_counts=True
    )
    _, first, row_of, frequency = found
    # In order of the units, so that the order of the coders does not change what a seed draws.
    order = np.argsort(first)
    place = np.empty(len(order), dtype=np.intp)
    place[order] = np.arange(len(order))
    return first[order], place[row_of], frequency[order]
