"""Covariances of columns with missing cells: of one table, of B reweighted ones, or with one row left out.

A covariance rests on the rows that have both columns. Its three sums are linear in the rows, so that a
bootstrap sample is a product of multiplicities with them, and a left-out row a subtraction.
"""

from __future__ import annotations

import numpy as np

from bordin.resampling import FloatArray


def pair_parts(table: FloatArray) -> FloatArray:
    """What each row adds to the sums of each pair of columns.

    Parameters
    ----------
    table : ndarray (n, k)
        NaN where missing.

    Returns
    -------
    ndarray (n, 4, k, k)
        For columns i and j of a row that has both: 1, the value of i, the product of both, and the square of
        i; else 0.
    """
    there = ~np.isnan(table)
    seen = there.sum(axis=0)
    # Sums of squares keep their digits when the columns have a mean near 0.
    center = np.where(there, table, 0.0).sum(axis=0) / np.maximum(seen, 1)
    held = np.where(there, table - center, 0.0)
    present = there.astype(float)
    return np.stack(
        [
            present[:, :, None] * present[:, None, :],
            held[:, :, None] * present[:, None, :],
            held[:, :, None] * held[:, None, :],
            held[:, :, None] ** 2 * present[:, None, :],
        ],
        axis=1,
    )


def covariances(sums: FloatArray) -> FloatArray:
    """Covariances from sums of pairs.

    Parameters
    ----------
    sums : ndarray (B, 4, k, k)
        Of :func:`pair_parts`, summed over rows.

    Returns
    -------
    ndarray (B, k, k)
        NaN for a pair with fewer than two rows.
    """
    return _centered(sums, sums[:, 2], np.swapaxes(sums[:, 1], 1, 2))


def correlations(sums: FloatArray) -> FloatArray:
    """Correlations from sums of pairs.

    Parameters
    ----------
    sums : ndarray (B, 4, k, k)
        Of :func:`pair_parts`, summed over rows.

    Returns
    -------
    ndarray (B, k, k)
        Each on the rows that have both columns; NaN where one does not vary there.
    """
    spread = np.sqrt(_centered(sums, sums[:, 3], sums[:, 1]))
    scale = spread * np.swapaxes(spread, 1, 2)
    made: FloatArray = np.full_like(scale, np.nan)
    np.divide(covariances(sums), scale, out=made, where=scale > 0)
    return made


def _centered(sums: FloatArray, product: FloatArray, other: FloatArray) -> FloatArray:
    """Mean product around the means, with n - 1; exactly 0 where rounding alone is left."""
    count, first = sums[:, 0], sums[:, 1]
    enough = count >= 2
    rows = np.where(enough, count, 2.0)
    made = product - first * other / rows
    nothing = np.abs(made) <= 1e-13 * np.abs(product)
    return np.where(enough, np.where(nothing, 0.0, made) / (rows - 1), np.nan)
