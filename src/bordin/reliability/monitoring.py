"""Watching coders: who rates high, who spreads, who lets one dimension color the others, who drifts.

Each figure holds a coder against the others who rated the same sessions, or against a standard (the consensus,
calibration tapes), and has an interval over sessions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import exp, log, sqrt
from typing import Any

import numpy as np

from bordin.errors import AnalysisError
from bordin.estimate import Estimate, Interval
from bordin.reliability.covariances import correlations, covariances, pair_parts
from bordin.reliability.icc import icc
from bordin.reliability.percent_agreement import percent_agreement
from bordin.reliability.rating_rows import RatingBlock, rating_block
from bordin.reliability.shapes import Reliability
from bordin.resampling import FloatArray

ALONE = "shares no session with another coder"
# Beyond these a coefficient says more of the range of the sessions than of the coders.
HIGH_AGREEMENT, LOW_RELIABILITY = 0.70, 0.50


@dataclass(frozen=True)
class CoderFigure:
    """One figure of one coder.

    Attributes
    ----------
    coder : str
    dimension : str
        Empty for a figure over all dimensions.
    estimate : Estimate
        Its n is the number of sessions.
    """

    coder: str
    dimension: str
    estimate: Estimate


@dataclass(frozen=True)
class BlandAltman:
    """Differences of two coders on the sessions that both rated.

    Attributes
    ----------
    first, second, dimension : str
    bias : Estimate
        Mean of first - second.
    low, high : Estimate
        Limits between which 95% of the differences are expected (or another share), with their own intervals.
    """

    first: str
    second: str
    dimension: str
    bias: Estimate
    low: Estimate
    high: Estimate


@dataclass(frozen=True)
class Monitoring:
    """All that is known of each coder.

    Attributes
    ----------
    leniency : tuple of CoderFigure
        Mean deviation from the others: above 0 rates high, below 0 rates low.
    spread : tuple of CoderFigure
        Standard deviation divided by the others' on the same sessions.
    halo : tuple of CoderFigure
        Mean correlation of dimensions, and how far it exceeds the others' on the same sessions.
    drift : tuple of CoderFigure
        Change of the deviation per unit of order (or per day); empty without an order.
    repeat : tuple of CoderFigure
        ICC(A,1) of first and second readings; only where a coder rated a session again.
    differences : tuple of BlandAltman
        Of each pair of coders, or of each coder with the standard.
    warnings : tuple of str
    """

    leniency: tuple[CoderFigure, ...]
    spread: tuple[CoderFigure, ...]
    halo: tuple[CoderFigure, ...]
    drift: tuple[CoderFigure, ...]
    repeat: tuple[CoderFigure, ...]
    differences: tuple[BlandAltman, ...]
    warnings: tuple[str, ...]


def monitor_coders(
    sessions: Sequence[Any],
    coders: Sequence[Any],
    dimensions: Sequence[Any],
    values: Sequence[float | None],
    order: Sequence[float | date | None] | None = None,
    *,
    standard: str | None = None,
    level: float = 0.95,
    restricted: bool = True,
) -> Monitoring:
    """Describe each coder, from long ratings.

    Parameters
    ----------
    sessions, coders, dimensions, values, order, standard
        As in :func:`bordin.reliability.rating_rows.rating_block`.
    level : float
        Confidence level.
    restricted : bool
        Whether to look for restricted ranges, which takes an ICC of each dimension; see
        :func:`restricted_range` where these are known already.

    Returns
    -------
    Monitoring

    Raises
    ------
    AnalysisError
        When the rows do not fit together, or the level is not between 0 and 1.

    References
    ----------
    Rater effects: Myford and Wolfe (2003), Journal of Applied Measurement 4, 386-422. Limits of agreement: Bland
    and Altman (1986), doi:10.1016/S0140-6736(86)90837-8.

    Notes
    -----
    Many figures are looked at together: at 95%, one interval in twenty leaves out its value by chance alone.
    Validated against R 4.2.2 on ``scale_monitoring.json``: `t.test` and `lm`; spread and halo, a jackknife written
    out in R.
    """
    if not 0 < level < 1:
        raise AnalysisError(f"level: {level} is not between 0 and 1. Give, for example, 0.95.")
    block = rating_block(sessions, coders, dimensions, values, order, standard=standard)
    return Monitoring(
        tuple(_each(block, lambda c, d: _leniency(block, c, d, level))),
        tuple(_each(block, lambda c, d: _spread(block, c, d, level))),
        tuple(figure for c in block.watched for figure in _halo(block, c, level)),
        () if block.order is None else tuple(_each(block, lambda c, d: _drift(block, c, d, level))),
        tuple(_each(block, lambda c, d: _repeat(block, c, d, level))),
        tuple(_differences(block, level)),
        tuple(_restricted(block)) if restricted else (),
    )


def bland_altman(
    first: FloatArray, second: FloatArray, *, level: float = 0.95, share: float = 0.95
) -> tuple[Estimate, Estimate, Estimate]:
    """Bias and limits of agreement of two coders.

    Parameters
    ----------
    first, second : ndarray (n_sessions,)
        Ratings, NaN where missing; sessions that both rated count.
    level : float
        Confidence level.
    share : float
        Share of differences between the limits of agreement.

    Returns
    -------
    bias, low, high : Estimate
        Undefined with fewer than two sessions.

    Raises
    ------
    AnalysisError
        When the columns differ in length, or `level` or `share` is not between 0 and 1.

    References
    ----------
    Bland and Altman (1986), doi:10.1016/S0140-6736(86)90837-8; intervals of the limits (MOVER): Zou (2013),
    doi:10.1177/0962280211402548.

    Notes
    -----
    Validated against the formula written out in R 4.2.2 on ``scale_monitoring.json``.
    """
    from scipy.special import chdtri, ndtri, stdtrit

    one, two = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if one.shape != two.shape or one.ndim != 1:
        raise AnalysisError(f"The coders have {one.shape} and {two.shape} ratings. Give one a session.")
    for name, given in (("level", level), ("share", share)):
        if not 0 < given < 1:
            raise AnalysisError(f"{name}: {given} is not between 0 and 1. Give, for example, 0.95.")
    apart = (one - two)[~np.isnan(one - two)]
    n = len(apart)
    names = ("bias", "lower limit of agreement", "upper limit of agreement")
    if n < 2:
        reason = "fewer than two sessions that both rated"
        bias, low, high = (Estimate.without_value(name, n, reason) for name in names)
        return bias, low, high
    mean, spread = float(apart.mean()), float(apart.std(ddof=1))
    z = float(ndtri((1 + share) / 2))
    half = float(stdtrit(n - 1, (1 + level) / 2)) * spread / sqrt(n)
    # How far the reach z s may lie below and above: limits of the standard deviation by chi-square.
    inward = z * spread * (1 - sqrt((n - 1) / float(chdtri(n - 1, (1 - level) / 2))))
    outward = z * spread * (sqrt((n - 1) / float(chdtri(n - 1, (1 + level) / 2))) - 1)
    near, far = sqrt(half**2 + inward**2), sqrt(half**2 + outward**2)
    method = "mean and standard deviation of the differences"
    reach = z * spread
    bias, low, high = (
        Estimate(name, value, n, method, Interval(value - below, value + above, level, how))
        for name, value, below, above, how in (
            (names[0], mean, half, half, "t"),
            (names[1], mean - reach, far, near, "MOVER"),
            (names[2], mean + reach, near, far, "MOVER"),
        )
    )
    return bias, low, high


def restricted_range(agreement: Reliability, reliability: Reliability) -> str | None:
    """Warn where coders mostly give the same rating, and the ICC is low all the same.

    Parameters
    ----------
    agreement : Reliability
        Percent agreement of a dimension.
    reliability : Reliability
        Its ICC, or another coefficient that corrects for chance.

    Returns
    -------
    str or None
        The warning, when agreement is 70% or more and the coefficient below .50, or undefined for want of
        variance.
    """
    same, value = agreement.estimate.value, reliability.estimate.value
    if same is None or same < HIGH_AGREEMENT:
        return None
    where = f"{agreement.dimension}: " if agreement.dimension else ""
    name = reliability.estimate.name
    if value is None:
        why = reliability.estimate.undefined or ""
        return (
            f"{where}restricted range: coders agree, but {name} is undefined ({why})"
            if "no var" in why
            else None
        )
    if value >= LOW_RELIABILITY:
        return None
    return (
        f"{where}restricted range: coders mostly give the same value, yet {name} is low, since the "
        f"{agreement.unit}s hardly differ. Report both; it does not show careless coding"
    )


def _each(block: RatingBlock, figure: Callable[[int, int], Estimate | None]) -> Iterator[CoderFigure]:
    for d, dimension in enumerate(block.dimensions):
        for c in block.watched:
            made = figure(c, d)
            if made is not None:
                yield CoderFigure(block.coders[c], dimension, made)


def _against(block: RatingBlock) -> str:
    return "the mean of the other coders" if block.standard is None else block.coders[block.standard]


def _leniency(block: RatingBlock, coder: int, dimension: int, level: float) -> Estimate:
    """Mean deviation over sessions with a t interval."""
    from scipy.special import stdtrit

    apart = block.deviations(coder)[:, dimension]
    apart = apart[~np.isnan(apart)]
    n, method = len(apart), f"mean deviation from {_against(block)}"
    if n == 0:
        return Estimate.without_value("leniency", 0, ALONE, method)
    value = float(apart.mean())
    if n == 1:
        return Estimate("leniency", value, 1, method, notes=("one session only: no interval",))
    half = float(stdtrit(n - 1, (1 + level) / 2)) * float(apart.std(ddof=1)) / sqrt(n)
    return Estimate("leniency", value, n, method, Interval(value - half, value + half, level, "t"))


def _drift(block: RatingBlock, coder: int, dimension: int, level: float) -> Estimate:
    """Slope of the deviation on order by least squares, with a t interval."""
    from scipy.special import stdtrit

    apart = block.deviations(coder)[:, dimension]
    there = ~np.isnan(apart)
    n, method = int(there.sum()), f"slope of the deviation from {_against(block)}"
    if block.order is None or n < 3:
        return Estimate.without_value("drift", n, "fewer than three sessions to compare", method)
    when = block.order[there, coder, dimension]
    when, y = when - when.mean(), apart[there] - apart[there].mean()
    squares = float(when @ when)
    if squares == 0:
        return Estimate.without_value("drift", n, "all ratings were made at one time", method)
    slope = float(when @ y) / squares
    left = y - slope * when
    half = float(stdtrit(n - 2, (1 + level) / 2)) * sqrt(float(left @ left) / (n - 2) / squares)
    return Estimate(
        "drift", slope, n, method, Interval(slope - half, slope + half, level, "t, least squares")
    )


def _spread(block: RatingBlock, coder: int, dimension: int, level: float) -> Estimate:
    """Ratio of standard deviations, pooled over the others, with a jackknife of its logarithm."""
    name, method = "spread", f"ratio of standard deviations to {_held_against(block)}, same sessions"
    pairs = [block.values[:, [coder, other], dimension] for other in block.others(coder)]
    pairs = [np.where(np.isnan(pair).any(axis=1, keepdims=True), np.nan, pair) for pair in pairs]
    used = np.zeros(len(block.sessions), dtype=bool)
    for pair in pairs:
        used |= ~np.isnan(pair[:, 0])
    n = int(used.sum())
    if n < 2:
        return Estimate.without_value(name, n, "one shared session only" if n else ALONE, method)
    squares = np.zeros((n + 1, 2))
    for pair in pairs:
        sums = _whole_and_left_out(pair_parts(pair[used]))
        variance = np.einsum("bii->bi", covariances(sums))
        squares += np.where(np.isnan(variance), 0.0, variance * (sums[:, 0, :1, 0] - 1))
    if squares[0, 1] == 0:
        return Estimate.without_value(name, n, "no variance in the ratings it is held against", method)
    value = sqrt(squares[0, 0] / squares[0, 1])
    if value == 0:
        return Estimate(name, 0.0, n, method, notes=("gave one value only on these sessions: no interval",))
    left = squares[1:]
    half = _jackknife(0.5 * np.log(left[:, 0] / left[:, 1]), level) if (left > 0).all() else None
    if half is None:
        return Estimate(name, value, n, method, notes=("too few sessions for an interval",))
    limits = Interval(exp(log(value) - half), exp(log(value) + half), level, "jackknife of the logarithm, t")
    return Estimate(name, value, n, method, limits)


def _halo(block: RatingBlock, coder: int, level: float) -> Iterator[CoderFigure]:
    """Mean correlation of the dimensions of one coder, and its excess over the others'."""
    k = len(block.dimensions)
    if k < 2:
        return
    own = block.values[:, coder]
    rated = ~np.isnan(own).all(axis=1)
    made = _mean_correlation(_correlations(own[rated]))
    method = f"mean correlation of {k} dimensions"
    yield CoderFigure(block.coders[coder], "", _jackknifed("halo", made, method, level))
    pairs = []
    for other in block.others(coder):
        theirs = block.values[:, other]
        missing = np.isnan(own) | np.isnan(theirs)
        pairs.append((np.where(missing, np.nan, own), np.where(missing, np.nan, theirs)))
    shared = [~np.isnan(one).all(axis=1) for one, _ in pairs]
    used = np.zeros(len(own), dtype=bool)
    for rows in shared:
        used |= rows
    n = int(used.sum())
    above, weight = np.zeros(n + 1), 0.0
    for (one, two), rows in zip(pairs, shared, strict=True):
        first, second = _correlations(one[used]), _correlations(two[used])
        both = np.isnan(first) | np.isnan(second)
        apart = _mean_correlation(np.where(both, np.nan, first)) - _mean_correlation(
            np.where(both, np.nan, second)
        )
        if not np.isnan(apart[0]):
            above += rows.sum() * apart
            weight += float(rows.sum())
    method += f", minus that of {_held_against(block)} on the same sessions"
    apart = above / weight if weight else np.full(n + 1, np.nan)
    reason = None if n else ALONE
    yield CoderFigure(
        block.coders[coder], "", _jackknifed("halo above the others", apart, method, level, reason)
    )


def _repeat(block: RatingBlock, coder: int, dimension: int, level: float) -> Estimate | None:
    """ICC(A,1) of first and second readings, where there are any."""
    again = block.again[:, coder, dimension]
    twice = ~np.isnan(again)
    if not twice.any():
        return None
    readings = np.stack([block.values[twice, coder, dimension], again[twice]], axis=1)
    return icc(readings, "ICC(A,1)", coders=("first reading", "second reading"), level=level).estimate


def _differences(block: RatingBlock, level: float) -> Iterator[BlandAltman]:
    for d, dimension in enumerate(block.dimensions):
        for c in block.watched:
            for other in block.others(c):
                if block.standard is not None or c < other:
                    one, two = block.values[:, c, d], block.values[:, other, d]
                    if np.any(~np.isnan(one) & ~np.isnan(two)):
                        limits = bland_altman(one, two, level=level)
                        yield BlandAltman(block.coders[c], block.coders[other], dimension, *limits)


def _restricted(block: RatingBlock) -> Iterator[str]:
    for d, dimension in enumerate(block.dimensions):
        table = block.values[:, block.watched, d]
        agreement = replace(percent_agreement(table), dimension=dimension)
        said = restricted_range(agreement, icc(table, interval="none"))
        if said is not None:
            yield said


def _held_against(block: RatingBlock) -> str:
    return (
        "those of the other coders" if block.standard is None else f"that of {block.coders[block.standard]}"
    )


def _whole_and_left_out(parts: FloatArray) -> FloatArray:
    """Sums over all rows first, then with each row left out."""
    total = parts.sum(axis=0, keepdims=True)
    return np.concatenate([total, total - parts])


def _correlations(table: FloatArray) -> FloatArray:
    return correlations(_whole_and_left_out(pair_parts(table)))


def _mean_correlation(matrices: FloatArray) -> FloatArray:
    """Mean of the correlations above the diagonal, of those that there are; NaN when there is none."""
    above = matrices[:, *np.triu_indices(matrices.shape[1], 1)]
    there = ~np.isnan(above)
    count = there.sum(axis=1)
    total = np.where(there, above, 0.0).sum(axis=1)
    mean: FloatArray = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return mean


def _jackknifed(
    name: str, found: FloatArray, method: str, level: float, reason: str | None = None
) -> Estimate:
    """Make an estimate of the whole value and those with one session left out."""
    value, n = float(found[0]), len(found) - 1
    if np.isnan(value):
        return Estimate.without_value(name, n, reason or "no two dimensions vary on two sessions", method)
    half = _jackknife(found[1:], level)
    if half is None:
        return Estimate(name, value, n, method, notes=("too few sessions for an interval",))
    return Estimate(name, value, n, method, Interval(value - half, value + half, level, "jackknife, t"))


def _jackknife(left_out: FloatArray, level: float) -> float | None:
    """Half the width of a jackknife t interval; None with fewer than three sessions or a lost value."""
    from scipy.special import stdtrit

    n = len(left_out)
    if n < 3 or np.isnan(left_out).any():
        return None
    error = sqrt((n - 1) / n * float(np.sum((left_out - left_out.mean()) ** 2)))
    return float(stdtrit(n - 1, (1 + level) / 2)) * error
