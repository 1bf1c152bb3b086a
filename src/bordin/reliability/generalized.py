"""Generalized confidence draws of session, coder and residual variance, for incomplete designs too.

Three sums of squares are held against their distributions. What is left after sessions and coders is e times
a chi-square. Coders with sessions taken out, and sessions with coders taken out, are sums of independent
squares with variances e + r lambda and e + s mu, where lambda and mu belong to the design. Each draw of three
chi-squares is solved for e, then for r and for s, at or above 0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bordin.reliability.reml import Pattern, Sums, apply, combine
from bordin.resampling import FloatArray

# Ratios at which the curves are computed; between them they are read off on a log scale.
_RATIOS = np.geomspace(1e-6, 1e6, 480)
# Ratios from which the limit of an exact fit is taken (Richardson's extrapolation, halving 1 / ratio).
_LARGE = 1e3 * np.array([1.0, 2.0, 4.0])
_LIMIT = np.array([1.0, -6.0, 8.0]) / 3
# Below this share of all squares the residual is rounding error of an exact fit.
EXACT_FIT = 1e-12


class Squares(NamedTuple):
    """Adjusted sums of squares of one data set.

    Attributes
    ----------
    residual : float
        What is left after sessions and coders; exactly 0 when they explain every rating.
    degrees : tuple of int
        Degrees of freedom of session, coder and residual.
    session, coder : ndarray (480,)
        Squares of sessions adjusted for coders, and of coders adjusted for sessions, in units of what the
        variance ratio at that point of the curve would make them; falling.
    effects : tuple of float
        Squares of the estimated session and coder effects, which count when the residual is 0.
    """

    residual: float
    degrees: tuple[int, int, int]
    session: FloatArray
    coder: FloatArray
    effects: tuple[float, float]


def adjusted_squares(pattern: Pattern, sums: Sums, n_groups: int = 1) -> Squares:
    """Take sessions and coders out of each other.

    Parameters
    ----------
    pattern : Pattern
    sums : Sums
        Of one data set.
    n_groups : int
        Groups of coders who never meet; 1 in a connected design.

    Returns
    -------
    Squares
    """
    whole = 1 / pattern.size
    within = np.diag(pattern.per_coder) - combine(whole[None], pattern.together)[0]
    seen = sums.coder[0] - whole @ sums.crossed[0]
    size, vectors = np.linalg.eigh(within)
    kept = size > 1e-9 * max(1.0, float(size.max()))
    size, squared = size[kept], (vectors[:, kept].T @ seen) ** 2
    residual = float(sums.squares[0] - whole @ sums.session[0] - np.sum(squared / size))
    if residual < EXACT_FIT * float(sums.squares[0]):
        residual = 0.0
    degrees = (
        pattern.n_sessions - n_groups,
        pattern.n_coders - n_groups,
        pattern.n_values - pattern.n_sessions - pattern.n_coders + n_groups,
    )
    return Squares(
        residual,
        degrees,
        _session_squares(pattern, sums, _RATIOS) - residual,
        np.sum(squared / size / (1 + _RATIOS[:, None] * size), axis=1),
        (_session_effects(pattern, sums, residual), _effects(float(np.sum(squared / size**2)), sums)),
    )


def draws_of(squares: Squares, rng: np.random.Generator, size: int) -> FloatArray:
    """Draw from the generalized distribution of the variances.

    Parameters
    ----------
    squares : Squares
        With at least one degree of freedom of session and residual; without one of coder, its variance is 0.
    rng : numpy.random.Generator
    size : int
        How many draws.

    Returns
    -------
    ndarray (size, 3)
        Session, coder and residual variance.
    """
    drawn = np.zeros((size, 3))
    drawn[:, 2] = squares.residual / rng.chisquare(squares.degrees[2], size)
    for part, curve in enumerate((squares.session, squares.coder)):
        if squares.degrees[part] == 0:
            continue
        chi = rng.chisquare(squares.degrees[part], size)
        if squares.residual == 0:
            drawn[:, part] = squares.effects[part] / chi
        else:
            drawn[:, part] = drawn[:, 2] * _solve(curve, drawn[:, 2] * chi)
    return drawn


def _solve(curve: FloatArray, target: FloatArray) -> FloatArray:
    """Variance ratios at which a falling curve has the target values; 0 where it never is so high."""
    up = curve > 0
    if not up.any():
        return np.zeros_like(target)
    known = np.log(curve[up][::-1])
    ratio = np.exp(np.interp(np.log(target), known, np.log(_RATIOS[up][::-1])))
    solved: FloatArray = np.where(target >= curve[0], 0.0, ratio)
    return solved


def _session_effects(pattern: Pattern, sums: Sums, residual: float) -> float:
    """Squares of the estimated session effects: ratio times curve where the ratio grows without end."""
    return _effects(float(_LIMIT @ (_LARGE * (_session_squares(pattern, sums, _LARGE) - residual))), sums)


def _effects(squares: float, sums: Sums) -> float:
    """Squares of effects, 0 where they are rounding errors."""
    return squares if squares > 1e-9 * float(sums.squares[0]) else 0.0


def _session_squares(pattern: Pattern, sums: Sums, ratios: FloatArray) -> FloatArray:
    """Squares left by generalized least squares with fixed coders, for each session variance ratio."""
    weight = ratios[:, None] / (1 + ratios[:, None] * pattern.size)
    coders = np.arange(pattern.together.shape[1])
    within = -combine(weight, pattern.together)
    within[:, coders, coders] += pattern.per_coder
    seen = sums.coder[0] - weight @ sums.crossed[0]
    left: FloatArray = (
        sums.squares[0] - weight @ sums.session[0] - np.sum(seen * apply(np.linalg.inv(within), seen), axis=1)
    )
    return left
