"""Kendall's tau-b, for one sample and within the levels of a grouping."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from bordin.association.distributions import p_of_normal
from bordin.association.fisher import fisher_interval, interval_method
from bordin.association.pairs import (
    PERFECT,
    Array,
    Codes,
    Correlation,
    Values,
    complete_rows,
    midranks,
    why_undefined,
)
from bordin.association.pearson import PERFECT_NOTE
from bordin.estimate import Estimate

P_METHOD = "normal (tie-corrected)"
# Numbers held at once in a table of case by case signs.
_BLOCK = 2_000_000


@dataclass(frozen=True)
class Concordance:
    """Pairs of cases counted case by case; every pair stands in two cases.

    Attributes
    ----------
    balance : ndarray of shape (n,)
        Concordant less discordant pairs that hold the case.
    untied_x, untied_y : ndarray of shape (n,)
        Pairs that hold the case and differ in x, in y.
    """

    balance: Array
    untied_x: Array
    untied_y: Array


def kendall(
    x: Values,
    y: Values,
    *,
    level: float = 0.95,
    interval: str = "default",
    names: tuple[str, str] = ("x", "y"),
) -> Correlation:
    """Kendall's tau-b of the complete pairs.

    Parameters
    ----------
    x, y : array-like of shape (n,)
        Values, None or NaN where missing.
    level : float
        Confidence level of the interval.
    interval : str
        ``"Fieller"`` (default, the only one): SE^2 of Fisher's z is .437 / (n - 4).
    names : tuple of str
        Names of the two variables, for the reason when the value is undefined.

    Returns
    -------
    Correlation
        p by the normal approximation with the variance corrected for ties, without a
        correction for continuity. No interval when n is 4.

    Raises
    ------
    AnalysisError
        When the values are not numbers, differ in length, or the interval is not known.

    References
    ----------
    Kendall (1945), doi:10.1093/biomet/33.3.239; interval: Fieller, Hartley and Pearson
    (1957), doi:10.1093/biomet/44.3-4.470.

    Notes
    -----
    Validated against scipy 1.17.1 `kendalltau(method="asymptotic")` and R 4.2.2
    `cor.test(exact = FALSE)`: fixtures ``estimators_<input>.json`` (value and p to 1e-12).
    """
    method = interval_method("kendall", interval)
    x, y = complete_rows(x, y)
    n = len(x)
    reason = why_undefined((x, y), names)
    if reason is not None:
        return Correlation(Estimate.without_value("kendall", n, reason), None, P_METHOD)
    tau, p = tau_within(x, y, np.zeros(n, dtype=np.int64))
    estimate = Estimate(
        name="kendall",
        value=tau,
        n=n,
        method="tau-b",
        interval=fisher_interval("kendall", method, tau, n, level),
        notes=(PERFECT_NOTE,) if abs(tau) == 1 else (),
    )
    return Correlation(estimate, p, P_METHOD)


def tau_within(x: Array, y: Array, groups: Codes) -> tuple[float, float]:
    """Tau-b over the pairs of cases of the same group, with its two-tailed p.

    Parameters
    ----------
    x, y : ndarray of shape (n,)
        Complete columns that both vary within some group.
    groups : ndarray of int, shape (n,)
        Group of each case; with one group this is the ordinary tau-b.

    Returns
    -------
    tau, p : float
        The score S and its tie-corrected variance are summed over the groups.

    References
    ----------
    Korn (1984), doi:10.2307/2683257, and Hirsch and Slack (1984), doi:10.1029/WR020i006p00727,
    for the sum over groups.
    """
    score = untied_x = untied_y = variance = 0.0
    for group in np.unique(groups):
        chosen = groups == group
        counted = concordance(x[chosen], y[chosen])
        score += float(counted.balance.sum()) / 2
        untied_x += float(counted.untied_x.sum()) / 2
        untied_y += float(counted.untied_y.sum()) / 2
        variance += _variance(x[chosen], y[chosen])
    tau = score / sqrt(untied_x) / sqrt(untied_y)
    if abs(tau) > PERFECT:
        tau = float(np.sign(tau))
    return tau, p_of_normal(score / sqrt(variance))


def concordance(x: Array, y: Array) -> Concordance:
    """Count concordant and untied pairs for every case of two complete columns, in blocks of memory."""
    n = len(x)
    rx, ry = midranks(x), midranks(y)
    balance, untied_x, untied_y = np.empty(n), np.empty(n), np.empty(n)
    step = max(1, _BLOCK // n)
    for start in range(0, n, step):
        rows = slice(start, start + step)
        sx = np.sign(rx[rows, None] - rx)
        sy = np.sign(ry[rows, None] - ry)
        balance[rows] = np.einsum("ij,ij->i", sx, sy)
        untied_x[rows] = np.count_nonzero(sx, axis=1)
        untied_y[rows] = np.count_nonzero(sy, axis=1)
    return Concordance(balance, untied_x, untied_y)


def _variance(x: Array, y: Array) -> float:
    # Variance of S under independence, given the ties of both columns.
    n = len(x)
    if n < 2:
        return 0.0
    twos, threes, weighted = zip(*(_ties(column) for column in (x, y)), strict=True)
    ordered = n * (n - 1)
    variance = (ordered * (2 * n + 5) - weighted[0] - weighted[1]) / 18 + twos[0] * twos[1] / (2 * ordered)
    if n > 2:
        variance += threes[0] * threes[1] / (9 * ordered * (n - 2))
    return float(variance)


def _ties(column: Array) -> tuple[float, float, float]:
    t = np.unique(column, return_counts=True)[1].astype(np.float64)
    twos = t * (t - 1)
    return float(twos.sum()), float((twos * (t - 2)).sum()), float((twos * (2 * t + 5)).sum())
