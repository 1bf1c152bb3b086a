"""Seeded permutation, bootstrap and jackknife, as array kernels.

Everything here is generic: it knows nothing of correlation. A statistic that can be written as a
product of resampling weights with sufficient statistics needs no resampled copies of the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations as orderings
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bordin.errors import AnalysisError

FloatArray = npt.NDArray[np.floating[Any]]
IntArray = npt.NDArray[np.integer[Any]]

# Above this many rows 32 bits leave too few random bits beside the row index.
_LARGEST_32_BIT = 1024
LARGEST_ENUMERATED = 8


class Limits(NamedTuple):
    """Bootstrap limits of k statistics.

    Attributes
    ----------
    low, high : ndarray (k,)
        Limits; NaN where nothing was defined.
    degenerate : ndarray of int (k,)
        Replicates without a value, which were left out.
    method : ndarray of str (k,)
        ``"BCa"``, ``"percentile"`` (the declared fallback) or ``"none"``.
    """

    low: FloatArray
    high: FloatArray
    degenerate: IntArray
    method: npt.NDArray[np.str_]


def generators(seed: int, n: int) -> list[np.random.Generator]:
    """Return `n` independent generators from one seed.

    They are spawned from one SeedSequence, so that work split over processes draws the same numbers
    as work done in one. The bit generator is SFC64, the fastest of numpy's.

    Parameters
    ----------
    seed : int
        Not negative.
    n : int
        How many streams.

    Returns
    -------
    list of numpy.random.Generator

    Raises
    ------
    AnalysisError
        When the seed is negative.
    """
    if seed < 0:
        raise AnalysisError(f"seed: {seed} is negative. Give a whole number of 0 or more.")
    return [np.random.Generator(np.random.SFC64(child)) for child in np.random.SeedSequence(seed).spawn(n)]


def smallest_index_type(n: int) -> np.dtype[Any]:
    """Return the smallest unsigned type that holds the row numbers 0 to n - 1."""
    return np.min_scalar_type(max(n - 1, 0))


def permutations(rng: np.random.Generator, n: int, size: int) -> IntArray:
    """Draw random permutations of ``0 .. n - 1``.

    One word an element, random bits above and the row number below, is sorted in place. Where two
    elements of a row share the random bits above, the row is sorted again by its whole words.

    Parameters
    ----------
    rng : numpy.random.Generator
    n : int
        Elements to shuffle.
    size : int
        How many permutations. Drawn in parts, an even `size` gives the same stream as in one piece.

    Returns
    -------
    ndarray of the smallest unsigned type, shape (size, n)
        Each row is a permutation.
    """
    word = np.dtype(np.uint32 if n <= _LARGEST_32_BIT else np.uint64)
    kept = smallest_index_type(n)
    if n < 2 or size == 0:
        return np.zeros((size, n), dtype=kept)
    below = word.type((1 << (n - 1).bit_length()) - 1)
    # Whole 64-bit words are the fastest draw; the last half word is lost when there is an odd number.
    words = -(-size * n * word.itemsize // 8)
    drawn = rng.integers(0, 2**64 - 1, size=words, dtype=np.uint64, endpoint=True)
    drawn = drawn.view(word)[: size * n].reshape(size, n)
    keys = drawn & ~below
    keys |= np.arange(n, dtype=word)
    keys.sort(axis=1)
    flat = keys.reshape(-1)
    near = np.flatnonzero((flat[1:] ^ flat[:-1]) <= below)
    keys &= below
    shuffled = keys.astype(kept)
    if near.size:
        tied = np.unique(near[near % n != n - 1] // n)
        shuffled[tied] = np.argsort(drawn[tied], axis=1, kind="stable")
    return shuffled


def all_permutations(n: int) -> IntArray:
    """Return every permutation of ``0 .. n - 1``, the identity first.

    Parameters
    ----------
    n : int
        At most 8 (40,320 permutations).

    Returns
    -------
    ndarray of uint8, shape (n!, n)

    Raises
    ------
    AnalysisError
        When `n` is larger than 8.
    """
    if n > LARGEST_ENUMERATED:
        raise AnalysisError(
            f"{n} cases are too many to enumerate; at most {LARGEST_ENUMERATED} are. Draw permutations instead."
        )
    return np.array(list(orderings(range(n))), dtype=np.uint8)


def multiplicities(
    rng: np.random.Generator, n: int, size: int, clusters: npt.ArrayLike | None = None
) -> IntArray:
    """Draw bootstrap resamples as counts: how often each row was drawn.

    Parameters
    ----------
    rng : numpy.random.Generator
    n : int
        Rows.
    size : int
        Resamples. Drawn in parts, an even `size` gives the same stream as in one piece.
    clusters : array_like (n,), optional
        Label of each row's cluster (such as the participant of a session). Whole clusters are drawn,
        as many as there are.

    Returns
    -------
    ndarray of the smallest unsigned type, shape (size, n)

    Raises
    ------
    AnalysisError
        When `clusters` has another length than `n`.
    """
    units = n
    code: IntArray | None = None
    if clusters is not None:
        labels = np.asarray(clusters)
        if labels.shape != (n,):
            raise AnalysisError(
                f"clusters: shape {labels.shape}, but there are {n} rows. Give one label a row."
            )
        code = np.unique(labels, return_inverse=True)[1]
        units = int(code.max()) + 1 if n else 0
    kept = np.min_scalar_type(units)
    if n == 0:
        return np.zeros((size, 0), dtype=kept)
    drawn = rng.integers(0, units, size=(size, units))
    drawn += units * np.arange(size)[:, None]
    counts = np.bincount(drawn.reshape(-1), minlength=size * units).astype(kept).reshape(size, units)
    weights: IntArray = counts if code is None else counts[:, code]
    return weights


def left_out(n: int, clusters: npt.ArrayLike | None = None) -> IntArray:
    """Return the jackknife as weights: each row (or cluster) left out once.

    Parameters
    ----------
    n : int
        Rows.
    clusters : array_like (n,), optional
        Label of each row's cluster.

    Returns
    -------
    ndarray of uint8, shape (m, n)
        m rows of ones with zeros at what was left out; m is n, or the number of clusters.
    """
    code = np.arange(n) if clusters is None else np.unique(np.asarray(clusters), return_inverse=True)[1]
    units = int(code.max()) + 1 if n else 0
    kept: IntArray = (np.arange(units)[:, None] != code).astype(np.uint8)
    return kept


def bca_limits(
    replicates: npt.ArrayLike, estimate: npt.ArrayLike, jackknife: npt.ArrayLike, level: float
) -> Limits:
    """Bias-corrected and accelerated bootstrap limits of k statistics.

    Replicates without a value are left out and counted. The bias correction counts ties with the
    estimate by half. Where the bias correction is infinite (all replicates on one side of the estimate)
    or the jackknife has no spread, the percentile limits are given and named so.

    Parameters
    ----------
    replicates : array_like (B, k)
        Bootstrap values, NaN where a resample was degenerate.
    estimate : array_like (k,)
    jackknife : array_like (m, k)
        Values with one case (or cluster) left out, NaN where there is none.
    level : float
        Confidence level between 0 and 1.

    Returns
    -------
    Limits

    Raises
    ------
    AnalysisError
        When `level` is not between 0 and 1.

    References
    ----------
    Efron (1987), doi:10.1080/01621459.1987.10478410.

    Notes
    -----
    Validated against R boot 1.3-28.1 (`boot.ci`, 5,000) and scipy 1.17.1 (`stats.bootstrap`, 9,999) on
    ``tests/reference/association/resampling_expected.json``.
    """
    if not 0 < level < 1:
        raise AnalysisError(f"level: {level} is not between 0 and 1. Give, for example, 0.95.")
    columns = np.asarray(replicates, dtype=float).T
    value = np.asarray(estimate, dtype=float)
    left = np.asarray(jackknife, dtype=float).T
    low, high = np.full(value.shape, np.nan), np.full(value.shape, np.nan)
    degenerate = np.count_nonzero(np.isnan(columns), axis=1)
    method = np.full(value.shape, "none", dtype="<U10")
    for k, column in enumerate(columns):
        if degenerate[k] < column.size and not np.isnan(value[k]):
            kept = column[~np.isnan(column)] if degenerate[k] else column
            (low[k], high[k]), method[k] = _limits(kept, value[k], left[k][~np.isnan(left[k])], level)
    return Limits(low, high, degenerate, method)


def _limits(drawn: FloatArray, value: float, left: FloatArray, level: float) -> tuple[FloatArray, str]:
    """Return both limits and the method's name for one statistic, from values without NaN."""
    from statistics import NormalDist

    normal = NormalDist()
    tails = (1 - level) / 2, (1 + level) / 2
    tolerance = 1e-10 * max(1.0, abs(value))
    below, above = np.count_nonzero(drawn < value - tolerance), np.count_nonzero(drawn > value + tolerance)
    share = (drawn.size + below - above) / (2 * drawn.size)
    away = left.mean() - left if left.size else left
    spread = float(np.sum(away**2))
    if not 0 < share < 1 or spread <= tolerance**2:
        return _quantiles(drawn, tails), "percentile"
    bias = normal.inv_cdf(share)
    acceleration = float(np.sum(away**3)) / (6 * spread**1.5)
    shifted = []
    for tail in tails:
        z = bias + normal.inv_cdf(tail)
        shifted.append(normal.cdf(bias + z / (1 - acceleration * z)))
    return _quantiles(drawn, shifted), "BCa"


def _quantiles(drawn: FloatArray, shares: Sequence[float]) -> FloatArray:
    """Interpolate between the order statistics at (B + 1) times each share."""
    places = np.clip((drawn.size + 1) * np.asarray(shares) - 1, 0, drawn.size - 1)
    under = places.astype(int)
    over = np.minimum(under + 1, drawn.size - 1)
    ordered = np.partition(drawn, np.unique([under, over]))
    between: FloatArray = ordered[under] + (places - under) * (ordered[over] - ordered[under])
    return between
