"""Intervals of agreement coefficients: linearized, or by a bootstrap of units (or whole clusters)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, sqrt
from typing import NamedTuple

import numpy as np

from bordin.errors import AnalysisError, nearest
from bordin.estimate import Estimate, Interval
from bordin.reliability.shapes import Reliability
from bordin.reliability.tally import Tally
from bordin.resampling import FloatArray, bca_limits, generators, multiplicities

KINDS = ("analytic", "bootstrap", "Gwet 2014")
# Numbers held at once while resampling.
_BLOCK = 4_000_000
# Influences below this, for each unit that stands behind one with two coders, are rounding errors.
_NO_SPREAD = 1e-12
# Beyond this the lower limit is cut in any case.
_LARGEST_EXPONENT = 100.0


@dataclass(frozen=True)
class Rule:
    """How an interval is made.

    Attributes
    ----------
    kind : str
        ``"analytic"``, ``"bootstrap"`` or ``"Gwet 2014"``.
    level : float
        Confidence level between 0 and 1.
    resamples : int
        Of the bootstrap.
    seed : int
        Of the bootstrap.
    """

    kind: str
    level: float
    resamples: int
    seed: int

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise AnalysisError(f"interval: '{self.kind}' is not known. {nearest(self.kind, KINDS)}")
        if not 0 < self.level < 1:
            raise AnalysisError(f"level: {self.level} is not between 0 and 1. Give, for example, 0.95.")
        if self.resamples < 1:
            raise AnalysisError(f"resamples: {self.resamples} is less than 1. Give, for example, 2000.")


class Kernel(NamedTuple):
    """A coefficient as a function of how often each distinct row occurs.

    Attributes
    ----------
    value : callable
        Turns weights (b, p) of the distinct rows into values (b,), NaN where there is none.
    influence : ndarray of shape (p,)
        What one unit that shows the row adds to n times the value (to first order).
    published : ndarray of shape (p,) or None
        The same by Gwet's (2014) formula, where that differs.
    low : float
        Where intervals are cut below, unless the value itself lies there.
    """

    value: Callable[[FloatArray], FloatArray]
    influence: FloatArray
    published: FloatArray | None = None
    low: float = -1.0


def reliability(
    name: str, method: str, counted: Tally, kernel: Kernel, rule: Rule, notes: tuple[str, ...] = ()
) -> Reliability:
    """Put a coefficient, its interval and its counts together."""
    value = float(kernel.value(counted.frequency[None])[0])
    interval, said = _interval(value, counted, kernel, rule)
    estimate = Estimate(name, value, counted.n_units, method, interval, (*notes, *said))
    return Reliability(estimate, counted.n_units, counted.n_coders, counted.n_values)


def without_value(name: str, method: str, counted: Tally, reason: str) -> Reliability:
    """Make a coefficient that carries the reason why it has no value."""
    estimate = Estimate.without_value(name, counted.n_units, reason, method)
    return Reliability(estimate, counted.n_units, counted.n_coders, counted.n_values)


def _interval(
    value: float, counted: Tally, kernel: Kernel, rule: Rule
) -> tuple[Interval | None, tuple[str, ...]]:
    sizes = counted.frequency if counted.cluster_of is None else None
    drawn = counted.n_units if sizes is not None else _shared_clusters(counted)
    what = "units" if sizes is not None else "clusters"
    if drawn < 2:
        return None, (f"no interval: it needs two or more {what} with two or more coders",)
    if np.abs(kernel.influence).max() * counted.n_units <= _NO_SPREAD * counted.frequency.sum():
        return None, ("no interval: all units agree alike, so that nothing shows how far the value may vary",)
    if rule.kind == "bootstrap":
        return _bootstrap(value, counted, kernel, rule)
    return _linearized(value, counted, kernel, rule, drawn), ()


def _shared_clusters(counted: Tally) -> int:
    shared = counted.coders[counted.row_of] >= 2
    return 0 if counted.cluster_of is None else len(np.unique(counted.cluster_of[shared]))


def _linearized(value: float, counted: Tally, kernel: Kernel, rule: Rule, drawn: int) -> Interval:
    """Student interval from the variance of the sums of influences over units, or over clusters."""
    from scipy.special import stdtrit

    n = float(counted.frequency.sum())
    plain = rule.kind == "Gwet 2014"
    influence, degrees = kernel.influence, drawn - 1
    if plain and kernel.published is not None and counted.cluster_of is None:
        influence, degrees = kernel.published, int(n) - 1
    if counted.cluster_of is None:
        units, squares = n, float(counted.frequency @ influence**2)
    else:
        sums = np.bincount(counted.cluster_of, weights=influence[counted.row_of])
        units, squares = len(sums), float(sums @ sums)
    half = float(stdtrit(degrees, (1 + rule.level) / 2)) * sqrt(units / (units - 1) * squares) / n
    if plain:
        low, high, method = value - half, min(1.0, value + half), "Gwet 2014, t"
    else:
        # A share of disagreement is skewed; its logarithm is less so, and keeps the limits below 1.
        share = 1 - value
        ratio = exp(min(half / share, _LARGEST_EXPONENT))
        low, high, method = 1 - share * ratio, 1 - share / ratio, "linearized, t of log(1 - value)"
    method += "" if counted.cluster_of is None else ", by cluster"
    return Interval(max(min(kernel.low, value), low), high, rule.level, method)


def _bootstrap(
    value: float, counted: Tally, kernel: Kernel, rule: Rule
) -> tuple[Interval | None, tuple[str, ...]]:
    """BCa limits; the acceleration is that of the influences."""
    n, p = counted.frequency.sum(), len(counted.frequency)
    stream = generators(rule.seed, 1)[0]
    table = None
    if counted.cluster_of is None:
        left = np.repeat(kernel.influence, counted.frequency.astype(int))
        of = "units"
    else:
        places = counted.cluster_of * p + counted.row_of
        clusters = int(counted.cluster_of.max()) + 1
        table = np.bincount(places, minlength=clusters * p).reshape(clusters, p).astype(float)
        left = table @ kernel.influence
        of = "clusters"
    replicates = np.empty(rule.resamples)
    size = max(2, _BLOCK // (p * max(counted.codes.shape[1], 1)) // 2 * 2)
    for start in range(0, rule.resamples, size):
        part = min(size, rule.resamples - start)
        if table is None:
            weights = stream.multinomial(int(n), counted.frequency / n, size=part).astype(float)
        else:
            weights = multiplicities(stream, len(table), part).astype(float) @ table
        replicates[start : start + part] = kernel.value(weights)
    limits = bca_limits(replicates[:, None], [value], (value - left / n)[:, None], rule.level)
    degenerate = int(limits.degenerate[0])
    said = () if not degenerate else (f"{degenerate} of {rule.resamples} resamples had no value; left out",)
    if str(limits.method[0]) == "none":
        return None, (*said, "no interval: no resample had a value")
    method = f"{limits.method[0]} bootstrap of {of}, {rule.resamples} resamples"
    low, high = float(limits.low[0]), float(limits.high[0])
    if not low <= value <= high:
        said = (*said, "the bootstrap limits lay to one side of the value and were widened to it")
    return Interval(min(low, value), max(high, value), rule.level, method), said
