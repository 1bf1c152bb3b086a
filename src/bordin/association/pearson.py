"""Pearson's product-moment correlation, and the t test it shares with Spearman's."""

from __future__ import annotations

from collections.abc import Callable

from bordin.association.distributions import p_of_correlation
from bordin.association.fisher import fisher_interval, interval_method
from bordin.association.pairs import (
    Array,
    Correlation,
    Values,
    complete_rows,
    product_moment,
    why_undefined,
)
from bordin.estimate import Estimate

PERFECT_NOTE = (
    "perfect correlation: the approximate p is 0 and the interval is a point; read the permutation p instead"
)


def pearson(
    x: Values,
    y: Values,
    *,
    level: float = 0.95,
    interval: str = "default",
    names: tuple[str, str] = ("x", "y"),
) -> Correlation:
    """Pearson's r of the complete pairs.

    Parameters
    ----------
    x, y : array-like of shape (n,)
        Values, None or NaN where missing.
    level : float
        Confidence level of the interval.
    interval : str
        ``"Fisher"`` (default, the only one).
    names : tuple of str
        Names of the two variables, for the reason when the value is undefined.

    Returns
    -------
    Correlation
        p by Student's t with n - 2 degrees of freedom.

    Raises
    ------
    AnalysisError
        When the values are not numbers, differ in length, or the interval is not known.

    References
    ----------
    Pearson (1895), doi:10.1098/rspl.1895.0041; interval: Fisher (1921).

    Notes
    -----
    Validated against scipy 1.17.1 `pearsonr`: fixtures ``estimators_<input>.json``.
    """
    x, y = complete_rows(x, y)
    return tested_by_t("pearson", (x, y), names, level, interval, prepare=lambda column: column)


def tested_by_t(
    coefficient: str,
    columns: tuple[Array, Array],
    names: tuple[str, str],
    level: float,
    interval: str,
    *,
    prepare: Callable[[Array], Array],
) -> Correlation:
    """Correlate two complete columns after `prepare`, with the t test and an interval on Fisher's z."""
    method = interval_method(coefficient, interval)
    n = len(columns[0])
    reason = why_undefined(columns, names)
    if reason is not None:
        return Correlation(Estimate.without_value(coefficient, n, reason), None, "t")
    r = product_moment(prepare(columns[0]), prepare(columns[1]))
    estimate = Estimate(
        name=coefficient,
        value=r,
        n=n,
        method="product-moment of midranks" if coefficient == "spearman" else "product-moment",
        interval=fisher_interval(coefficient, method, r, n, level),
        notes=(PERFECT_NOTE,) if abs(r) == 1 else (),
    )
    return Correlation(estimate, p_of_correlation(r, n - 2), "t")
