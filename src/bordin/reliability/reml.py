"""Restricted maximum likelihood of session and coder variance, for many data sets of one design at once.

The model is y = mean + session + coder + residual, both factors random and crossed, cells missing at will.
Sessions are eliminated in closed form, which leaves matrices of the size of the coders; sessions with the
same number of ratings share one factor, so that a data set enters by a few sums only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bordin.reliability.design import BoolArray
from bordin.resampling import FloatArray, IntArray

LARGEST_RATIO = 1e10
_ITERATIONS = 200
_HALVINGS = 40


@dataclass(frozen=True)
class Pattern:
    """What the likelihood needs of a design with K coders and G different numbers of ratings a session.

    Attributes
    ----------
    size : ndarray (G,)
        The numbers of ratings a session.
    sessions : ndarray (G,)
        Sessions that have them.
    per_coder : ndarray (K,)
        Ratings of each coder.
    together : ndarray (G, K, K)
        Sessions of each group that two coders share.
    """

    size: FloatArray
    sessions: FloatArray
    per_coder: FloatArray
    together: FloatArray

    @property
    def n_values(self) -> int:
        """Ratings."""
        return int(self.per_coder.sum())

    @property
    def n_sessions(self) -> int:
        """Sessions."""
        return int(self.sessions.sum())

    @property
    def n_coders(self) -> int:
        """Coders."""
        return len(self.per_coder)

    def one_way(self) -> Pattern:
        """Return the pattern of the model without coders: all ratings as if of one."""
        return Pattern(
            self.size, self.sessions, self.per_coder.sum(keepdims=True), _total(self.together, (1, 2))
        )


class Sums(NamedTuple):
    """What the likelihood needs of B data sets, each centered.

    Attributes
    ----------
    squares : ndarray (B,)
        Sum of squares.
    coder : ndarray (B, K)
        Sum of each coder.
    session : ndarray (B, G)
        Squared session sums, added over the sessions of a group.
    crossed : ndarray (B, G, K)
        Session sums, added over the sessions of a group that a coder coded.
    """

    squares: FloatArray
    coder: FloatArray
    session: FloatArray
    crossed: FloatArray

    def rows(self, chosen: BoolArray | IntArray) -> Sums:
        """Return the sums of some of the data sets."""
        return Sums(*(part[chosen] for part in self))

    def one_way(self) -> Sums:
        """Return the sums of the model without coders."""
        return Sums(self.squares, _total(self.coder, (1,)), self.session, _total(self.crossed, (2,)))


class Likelihood(NamedTuple):
    """Profiled restricted likelihood at B pairs of variance ratios.

    Attributes
    ----------
    deviance : ndarray (B,)
        Minus twice the log likelihood, up to a constant.
    gradient : ndarray (B, 2)
        Its slope in both ratios.
    information : ndarray (B, 2, 2)
        Average of its observed and expected curvature.
    residual : ndarray (B,)
        Residual variance that belongs to the ratios.
    """

    deviance: FloatArray
    gradient: FloatArray
    information: FloatArray
    residual: FloatArray

    def put(self, rows: IntArray, other: Likelihood, chosen: BoolArray) -> None:
        """Overwrite some rows, in place, by the chosen rows of another."""
        for mine, new in zip(self, other, strict=True):
            mine[rows[chosen]] = new[chosen]


def pattern_of(coded: BoolArray) -> Pattern:
    """Group the sessions of a design by their number of ratings."""
    cells = [coded[members].astype(float) for members in _groups(coded)]
    return Pattern(
        np.unique(coded.sum(axis=1)).astype(float),
        np.array([float(len(part)) for part in cells]),
        coded.sum(axis=0).astype(float),
        np.stack([part.T @ part for part in cells]),
    )


def sums_of(coded: BoolArray, data: FloatArray) -> Sums:
    """Reduce B data sets of one design to sums.

    Parameters
    ----------
    coded : ndarray of bool (S, K)
        Each session and each coder with at least one rating.
    data : ndarray (B, S, K)
        Ratings; what stands in cells that are not coded is not read.

    Returns
    -------
    Sums
    """
    center = data.mean(axis=(1, 2), where=coded[None])
    held = np.where(coded, data - center[:, None, None], 0.0)
    totals = held.sum(axis=2)
    session, crossed = [], []
    for members in _groups(coded):
        session.append(np.sum(totals[:, members] ** 2, axis=1))
        crossed.append(totals[:, members] @ coded[members].astype(float))
    return Sums(
        np.einsum("bsk,bsk->b", held, held), held.sum(axis=1), np.stack(session, 1), np.stack(crossed, 1)
    )


def simulated(coded: BoolArray, variances: FloatArray, rng: np.random.Generator, size: int) -> Sums:
    """Simulate data sets of one design.

    Parameters
    ----------
    coded : ndarray of bool (S, K)
    variances : ndarray (3,)
        Session, coder and residual variance.
    rng : numpy.random.Generator
    size : int
        How many data sets.

    Returns
    -------
    Sums
    """
    s, k = coded.shape
    session, coder, residual = np.sqrt(variances)
    data = rng.standard_normal((size, s, k)) * residual
    data += rng.standard_normal((size, s, 1)) * session
    data += rng.standard_normal((size, 1, k)) * coder
    return sums_of(coded, data)


def likelihood(pattern: Pattern, sums: Sums, ratios: FloatArray) -> Likelihood:
    """Evaluate the profiled restricted likelihood.

    Parameters
    ----------
    pattern : Pattern
    sums : Sums
        Of B data sets.
    ratios : ndarray (B, 2)
        Session variance and coder variance, each over the residual variance.

    Returns
    -------
    Likelihood

    Notes
    -----
    With a the session ratio, every session of n ratings has (I + a J)^-1 = I - a / (1 + a n) J. The coder
    ratio then enters by Woodbury's identity in K x K matrices. The mean is a sum of the coder columns, so it
    needs no column of its own.
    """
    a, b = ratios[:, 0], ratios[:, 1]
    df = pattern.n_values - 1
    shrink = 1 / (1 + a[:, None] * pattern.size)
    weight = a[:, None] * shrink
    coders = np.arange(pattern.together.shape[1])
    within = -combine(weight, pattern.together)
    within[:, coders, coders] += pattern.per_coder
    seen = sums.coder - np.einsum("bg,bgk->bk", weight, sums.crossed)
    system = b[:, None, None] * within
    system[:, coders, coders] += 1.0
    inverse = np.linalg.inv(system)
    ones = inverse.sum(axis=2)
    solved = apply(inverse, seen)
    spread = apply(within, ones)
    precision = spread.sum(axis=1)
    mean = solved.sum(axis=1) / precision
    rss = sums.squares - np.sum(weight * sums.session, axis=1) - b * np.sum(seen * solved, axis=1)
    rss = rss - mean**2 * precision

    # Slopes: `effect` are the coders' sums of P y, `left` the sessions' squared sums of it.
    effect = solved - mean[:, None] * spread
    fitted = mean[:, None] + b[:, None] * effect
    taken = np.einsum("gkl,bl->bgk", pattern.together, fitted)
    left = sums.session - np.einsum("bgk,bk->bg", 2 * sums.crossed - taken, fitted)
    squared = shrink**2
    between = combine(squared, pattern.together)
    fit = np.stack([np.sum(squared * left, axis=1), np.sum(effect**2, axis=1)], axis=1)
    trace_a = np.sum(pattern.sessions * pattern.size * shrink, axis=1) - b * np.sum(
        inverse * between, axis=(1, 2)
    )
    trace_a = trace_a - np.sum(ones * apply(between, ones), axis=1) / precision
    trace_b = np.sum(inverse * within, axis=(1, 2)) - np.sum(spread**2, axis=1) / precision
    gradient = np.stack([trace_a, trace_b], axis=1) - df * fit / rss[:, None]

    # Average information: y'P V_i P V_j P y, with the residual variance profiled out.
    moved = np.einsum("bg,bgk->bk", squared, sums.crossed - taken)
    moved_solved = apply(inverse, moved)
    pushed = apply(inverse, apply(within, effect))
    means = np.stack([moved_solved.sum(axis=1), pushed.sum(axis=1)], axis=1)
    information = -means[:, :, None] * means[:, None, :] / precision[:, None, None]
    information[:, 0, 0] += np.sum(pattern.size * shrink**3 * left, axis=1) - b * np.sum(
        moved * moved_solved, axis=1
    )
    crossing = np.sum(effect * moved_solved, axis=1)
    information[:, 0, 1] += crossing
    information[:, 1, 0] += crossing
    information[:, 1, 1] += np.sum(effect * pushed, axis=1)
    scaled = fit / rss[:, None]
    information = df * (information / rss[:, None, None] - scaled[:, :, None] * scaled[:, None, :])
    deviance = (
        -np.log(shrink) @ pattern.sessions
        + np.linalg.slogdet(system)[1]
        + np.log(precision)
        + df * np.log(rss)
    )
    return Likelihood(deviance, gradient, information, rss / df)


def maximize(
    pattern: Pattern, sums: Sums, start: FloatArray, *, coder: bool = True, tolerance: float = 1e-9
) -> FloatArray:
    """Find the variances of B data sets.

    Parameters
    ----------
    pattern : Pattern
    sums : Sums
        Of B data sets, none without residual variance.
    start : ndarray (B, 2)
        Variance ratios to begin with.
    coder : bool
        False holds the coder variance at 0 (one-way model).
    tolerance : float
        Change of the shares of variance at which a data set is done.

    Returns
    -------
    ndarray (B, 3)
        Session, coder and residual variance; exactly 0 at the boundary.

    Notes
    -----
    Newton steps on the average information (Gilmour, Thompson and Cullis 1995, doi:10.2307/2533274), kept
    at or above 0, with halving where the likelihood would fall.
    """
    ratios = np.clip(start, 0.0, LARGEST_RATIO)
    if not coder:
        ratios[:, 1] = 0.0
    now = likelihood(pattern, sums, ratios)
    active = np.arange(len(ratios))
    for _ in range(_ITERATIONS):
        here = Likelihood(*(part[active] for part in now))
        step = _step(ratios[active], here, coder)
        moved = _descend(pattern, sums, now, ratios, active, step)
        active = active[moved > tolerance]
        if not active.size:
            break
    variances: FloatArray = np.column_stack([ratios, np.ones(len(ratios))]) * now.residual[:, None]
    return variances


def _step(ratios: FloatArray, here: Likelihood, coder: bool) -> FloatArray:
    """Newton step of the ratios that are free to move."""
    free = (ratios > 0) | (here.gradient < 0)
    free[:, 1] &= coder
    gradient = np.where(free, here.gradient, 0.0)
    matrix = np.where(free[:, :, None] & free[:, None, :], here.information, 0.0)
    matrix[:, [0, 1], [0, 1]] = np.where(free, np.maximum(matrix[:, [0, 1], [0, 1]], 1e-100), 1.0)
    first, second, cross = matrix[:, 0, 0], matrix[:, 1, 1], matrix[:, 0, 1]
    determinant = np.maximum(first * second - cross**2, 1e-6 * first * second)
    step = np.stack(
        [second * gradient[:, 0] - cross * gradient[:, 1], first * gradient[:, 1] - cross * gradient[:, 0]],
        axis=1,
    )
    newton: FloatArray = -step / determinant[:, None]
    return newton


def _descend(
    pattern: Pattern, sums: Sums, now: Likelihood, ratios: FloatArray, active: IntArray, step: FloatArray
) -> FloatArray:
    """Take each step, halved until the likelihood does not fall; return how far the shares moved."""
    moved = np.zeros(active.size)
    todo = np.arange(active.size)
    scale = 1.0
    for _ in range(_HALVINGS):
        rows = active[todo]
        tried = np.clip(ratios[rows] + scale * step[todo], 0.0, LARGEST_RATIO)
        there = likelihood(pattern, sums.rows(rows), tried)
        slack = 1e-12 * np.abs(now.deviance[rows])
        better = there.deviance <= now.deviance[rows] + slack
        moved[todo[better]] = np.abs(_shares(tried[better]) - _shares(ratios[rows[better]])).max(
            axis=1, initial=0.0
        )
        ratios[rows[better]] = tried[better]
        now.put(rows, there, better)
        todo = todo[~better]
        if not todo.size:
            break
        scale /= 2
    return moved


def _groups(coded: BoolArray) -> list[BoolArray]:
    """Sessions by their number of ratings, fewest first."""
    size = coded.sum(axis=1)
    return [size == n for n in np.unique(size)]


def _total(array: FloatArray, axes: tuple[int, ...]) -> FloatArray:
    summed: FloatArray = array.sum(axis=axes, keepdims=True)
    return summed


def _shares(ratios: FloatArray) -> FloatArray:
    shares: FloatArray = ratios / (1 + ratios.sum(axis=1, keepdims=True))
    return shares


def combine(weights: FloatArray, matrices: FloatArray) -> FloatArray:
    """Weighted sums of G matrices, one for each of B rows of weights: shape (B, K, K)."""
    g, k, _ = matrices.shape
    summed: FloatArray = (weights @ matrices.reshape(g, k * k)).reshape(-1, k, k)
    return summed


def apply(matrices: FloatArray, vectors: FloatArray) -> FloatArray:
    """Product of each matrix with its vector."""
    product: FloatArray = np.einsum("bkl,bl->bk", matrices, vectors)
    return product
