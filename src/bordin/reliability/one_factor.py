"""One common factor behind the items of a scale, fitted to B correlation matrices at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bordin.resampling import FloatArray

# The smallest share of an item's variance that may be its own, as factor programs hold it.
LEAST_UNIQUE = 0.005
_ITERATIONS = 200
_TOLERANCE = 1e-9
_MINRES_ROUNDS = 2_000


class OneFactor(NamedTuple):
    """A one-factor solution of each of B correlation matrices.

    Attributes
    ----------
    loadings : ndarray (B, k)
        Of standardized items; NaN where no solution was found. Their sum is not negative.
    uniqueness : ndarray (B, k)
        Share of each item's variance that is its own.
    misfit : ndarray (B,)
        What was minimized: the maximum likelihood discrepancy without its constant, or the sum of squared
        residual correlations.
    """

    loadings: FloatArray
    uniqueness: FloatArray
    misfit: FloatArray

    @classmethod
    def nowhere(cls, size: int, k: int) -> OneFactor:
        """Make a solution that was found for no matrix."""
        return cls(np.full((size, k), np.nan), np.full((size, k), np.nan), np.full(size, np.nan))


def fit_one_factor(correlation: FloatArray, method: str) -> OneFactor:
    """Fit one factor.

    Parameters
    ----------
    correlation : ndarray (B, k, k)
        Matrices with a NaN are passed over.
    method : str
        ``"ML"`` (maximum likelihood, Fisher scoring) or ``"minres"`` (least squares of the correlations).

    Returns
    -------
    OneFactor

    References
    ----------
    Joreskog (1967), doi:10.1007/BF02289658; minres: Harman and Jones (1966), doi:10.1007/BF02289468.

    Notes
    -----
    Validated against R lavaan 0.6-14 (`cfa`, ML) and psych 2.2.9 (`fa`, minres) on ``scale_expected.json``.
    """
    size, k = correlation.shape[:2]
    found = OneFactor.nowhere(size, k)
    whole = np.flatnonzero(np.isfinite(correlation).all(axis=(1, 2)))
    if not whole.size:
        return found
    loadings = _minres(correlation[whole])
    if method == "minres":
        residual = correlation[whole] - loadings[:, :, None] * loadings[:, None, :]
        np.einsum("bii->bi", residual)[:] = 0.0
        fitted = OneFactor(loadings, 1 - loadings**2, np.sum(residual**2, axis=(1, 2)) / 2)
    else:
        fitted = _maximum_likelihood(correlation[whole], loadings)
    for target, part in zip(found, fitted, strict=True):
        target[whole] = part
    found.loadings[:] *= np.where(found.loadings.sum(axis=1) < 0, -1.0, 1.0)[:, None]
    return found


def _minres(correlation: FloatArray) -> FloatArray:
    """Loadings that leave the smallest squares off the diagonal: each in turn, the others held."""
    k = correlation.shape[1]
    size, vectors = np.linalg.eigh(correlation)
    found: FloatArray = vectors[:, :, -1] * np.sqrt(np.maximum(size[:, -1] - 1, 0.1) * k / (k - 1))[:, None]
    most = np.sqrt(1 - LEAST_UNIQUE)
    np.clip(found, -most, most, out=found)
    open_ = np.arange(len(found))
    for _ in range(_MINRES_ROUNDS):
        now, matrix = found[open_], correlation[open_]
        before = now.copy()
        for i in range(k):
            below = np.sum(now**2, axis=1) - now[:, i] ** 2
            above = np.sum(matrix[:, i] * now, axis=1) - now[:, i]
            now[:, i] = np.clip(above / np.maximum(below, 1e-12), -most, most)
        found[open_] = now
        open_ = open_[np.abs(now - before).max(axis=1) > _TOLERANCE]
        if not open_.size:
            break
    return found


def _discrepancy(correlation: FloatArray, loadings: FloatArray, unique: FloatArray) -> FloatArray:
    """Return log det(Sigma) + tr(R Sigma^-1) for Sigma = loadings loadings' + diag(unique)."""
    weighted = loadings / unique
    inner = 1 + np.sum(loadings * weighted, axis=1)
    trace = np.sum(1 / unique, axis=1) - np.einsum("bi,bij,bj->b", weighted, correlation, weighted) / inner
    value: FloatArray = np.log(unique).sum(axis=1) + np.log(inner) + trace
    return value


def _maximum_likelihood(correlation: FloatArray, start: FloatArray) -> OneFactor:
    """Fisher scoring in the loadings and the logarithms of the unique shares, with halved steps."""
    k = correlation.shape[1]
    place = np.concatenate([start, np.log(np.maximum(1 - start**2, LEAST_UNIQUE))], axis=1)
    floor = np.log(LEAST_UNIQUE)
    misfit = _discrepancy(correlation, place[:, :k], np.exp(place[:, k:]))
    open_ = np.arange(len(place))
    for _ in range(_ITERATIONS):
        here, matrix, value = place[open_], correlation[open_], misfit[open_]
        slope, step = _scoring_step(matrix, here, floor)
        done = np.abs(slope).max(axis=1) < _TOLERANCE
        length = np.ones(len(open_))
        waiting = ~done
        moved = here.copy()
        for _ in range(40):
            tried = here + length[:, None] * step
            np.maximum(tried[:, k:], floor, out=tried[:, k:])
            at = _discrepancy(matrix, tried[:, :k], np.exp(tried[:, k:]))
            better = waiting & (at <= value + 1e-12)
            moved[better], value[better] = tried[better], at[better]
            waiting &= ~better
            if not waiting.any():
                break
            length[waiting] /= 2
        place[open_], misfit[open_] = moved, value
        still = ~done & ~waiting & (np.abs(moved - here).max(axis=1) > _TOLERANCE)
        open_ = open_[still]
        if not open_.size:
            break
    place[open_] = np.nan
    return OneFactor(place[:, :k], np.exp(place[:, k:]), misfit)


def _scoring_step(correlation: FloatArray, place: FloatArray, floor: float) -> tuple[FloatArray, FloatArray]:
    """Slope of the discrepancy and the step of Fisher scoring, shape (B, 2k) each."""
    k = correlation.shape[1]
    loadings, unique = place[:, :k], np.exp(place[:, k:])
    sigma = loadings[:, :, None] * loadings[:, None, :]
    diagonal = np.arange(k)
    sigma[:, diagonal, diagonal] += unique
    inverse = np.linalg.inv(sigma)
    left = inverse - inverse @ correlation @ inverse
    slope = np.concatenate(
        [2 * np.einsum("bij,bj->bi", left, loadings), np.einsum("bii->bi", left) * unique], axis=1
    )
    seen = np.einsum("bij,bj->bi", inverse, loadings)
    common = np.sum(seen * loadings, axis=1)
    information = np.empty((len(place), 2 * k, 2 * k))
    information[:, :k, :k] = 2 * (seen[:, :, None] * seen[:, None, :] + common[:, None, None] * inverse)
    mixed = 2 * inverse * (seen * unique)[:, None, :]
    information[:, :k, k:] = mixed
    information[:, k:, :k] = np.swapaxes(mixed, 1, 2)
    information[:, k:, k:] = inverse**2 * (unique[:, :, None] * unique[:, None, :])
    # A unique share at its floor that would fall further is held.
    held = np.zeros(slope.shape, dtype=bool)
    held[:, k:] = (place[:, k:] <= floor) & (slope[:, k:] > 0)
    slope = np.where(held, 0.0, slope)
    information = np.where(held[:, :, None] | held[:, None, :], 0.0, information)
    both = np.arange(2 * k)
    information[:, both, both] += np.where(held, 1.0, 1e-10)
    step: FloatArray = -np.linalg.solve(information, slope[:, :, None])[:, :, 0]
    return slope, step
