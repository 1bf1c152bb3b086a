"""Correlation corrected for the unreliability of both measures."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, hypot, log, sqrt

from bordin.errors import AnalysisError
from bordin.estimate import Estimate, Interval


def disattenuated(
    correlation: Estimate, reliability_x: float | Estimate, reliability_y: float | Estimate
) -> Estimate:
    """Divide a correlation by the root of the product of two reliabilities.

    Parameters
    ----------
    correlation : Estimate
        The observed correlation with its interval.
    reliability_x, reliability_y : float or Estimate
        Reliability above 0 up to 1: a number that is taken as known, or an Estimate,
        whose interval (when it has one) adds its uncertainty.

    Returns
    -------
    Estimate
        A sensitivity figure, never a headline. It is not cut at 1; a note says when it
        goes beyond. Undefined when the correlation is.

    Raises
    ------
    AnalysisError
        When a reliability is not above 0 and at most 1.

    Notes
    -----
    With known reliabilities the limits of the correlation are divided by the same
    number. With reliabilities that have intervals the limits are recovered from the
    separate intervals (square and add: Zou and Donner 2008 for a sum, here on the log of
    the reliabilities, and Zou, Huang and Zhang 2009 for the product of the correlation and
    1 / sqrt(reliabilities)); the three are taken as independent. A joint bootstrap
    of participants and coders, where the ratings are at hand, takes less for granted.

    References
    ----------
    Spearman (1904), doi:10.2307/1412159; Zou and Donner (2008), doi:10.1002/sim.3095;
    Zou, Huang and Zhang (2009), doi:10.1016/j.csda.2009.03.022.
    Validated against `psych::correct.cor` 2.2.9: fixture ``estimators_published.json`` (value).
    """
    name = "disattenuated"
    if correlation.value is None:
        return Estimate.without_value(name, correlation.n, correlation.undefined or "no correlation")
    divisor = _root_of_product(_reliability(reliability_x), _reliability(reliability_y))
    value = correlation.value / divisor.value
    interval = None
    if correlation.interval is not None:
        interval = _quotient(correlation.value, correlation.interval, divisor)
    beyond = abs(value) > 1 or (interval is not None and max(-interval.low, interval.high) > 1)
    return Estimate(
        name=name,
        value=value,
        n=correlation.n,
        method=f"{correlation.name} / sqrt(reliability of x times reliability of y)",
        interval=interval,
        notes=("goes beyond 1: a reliability may be understated",) if beyond else (),
    )


@dataclass(frozen=True)
class _Limits:
    value: float
    low: float
    high: float

    @property
    def known(self) -> bool:
        return self.low == self.high


def _reliability(given: float | Estimate) -> _Limits:
    if not isinstance(given, Estimate):
        value, low, high = float(given), float(given), float(given)
    elif given.value is None:
        raise AnalysisError(f"The reliability {given.name} has no value: {given.undefined}.")
    elif given.interval is None:
        value = low = high = given.value
    else:
        # An interval of a reliability can reach to 0 or below, where it says nothing about a quotient.
        value, low, high = given.value, max(given.interval.low, 0.01), min(given.interval.high, 1.0)
    if not 0 < value <= 1:
        raise AnalysisError(f"A reliability is {value}; it must be above 0 and at most 1.")
    return _Limits(value, min(low, value), max(high, value))


def _root_of_product(x: _Limits, y: _Limits) -> _Limits:
    if x.known and y.known:
        root = sqrt(x.value * y.value)
        return _Limits(root, root, root)
    center = (log(x.value) + log(y.value)) / 2
    below = hypot(log(x.value / x.low), log(y.value / y.low)) / 2
    above = hypot(log(x.high / x.value), log(y.high / y.value)) / 2
    return _Limits(exp(center), exp(center - below), exp(center + above))


def _quotient(r: float, limits: Interval, divisor: _Limits) -> Interval:
    factor, least, most = 1 / divisor.value, 1 / divisor.high, 1 / divisor.low
    value = r * factor
    # The factor widens away from zero by its upper reach and toward zero by its lower reach.
    inward, outward = abs(r) * (factor - least), abs(r) * (most - factor)
    down, up = (inward, outward) if r >= 0 else (outward, inward)
    method = f"{limits.method} limits over sqrt of " + (
        "known reliabilities" if divisor.known else "reliabilities with intervals (square and add)"
    )
    return Interval(
        value - hypot(factor * (r - limits.low), down),
        value + hypot(factor * (limits.high - r), up),
        limits.level,
        method,
    )
