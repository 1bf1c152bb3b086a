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
    ndarray (n, 3, k, k)
        For columns i and j of a row that has both: 1, the value of i, and the product of both; else 0.
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
        ],
        axis=1,
    )


def covariances(sums: FloatArray) -> FloatArray:
    """Covariances from sums of pairs.

    Parameters
    ----------
    sums : ndarray (B, 3, k, k)
        Of :func:`pair_parts`, summed over rows.

    Returns
    -------
    ndarray (B, k, k)
        NaN for a pair with fewer than two rows.
    """
    count, first, product = sums[:, 0], sums[:, 1], sums[:, 2]
    enough = count >= 2
    rows = np.where(enough, count, 2.0)
    made: FloatArray = (product - first * np.swapaxes(first, 1, 2) / rows) / (rows - 1)
    # What rounding leaves of a constant column would else be a variance.
    constant = np.abs(made) <= 1e-13 * np.maximum(np.abs(product), 1e-300)
    return np.where(enough, np.where(constant, 0.0, made), np.nan)


def correlations(covariance: FloatArray) -> FloatArray:
    """Correlations from covariances (B, k, k); NaN beside a column that does not vary."""
    spread = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    scale = spread[:, :, None] * spread[:, None, :]
    made: FloatArray = np.full_like(covariance, np.nan)
    np.divide(covariance, scale, out=made, where=scale > 0)
    return made
