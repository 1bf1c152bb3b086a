"""Spearman's rank correlation."""

from __future__ import annotations

from bordin.association.pairs import Correlation, Values, complete_rows, midranks
from bordin.association.pearson import tested_by_t


def spearman(
    x: Values,
    y: Values,
    *,
    level: float = 0.95,
    interval: str = "default",
    names: tuple[str, str] = ("x", "y"),
) -> Correlation:
    """Spearman's rho: Pearson's correlation of the midranks of complete pairs.

    Parameters
    ----------
    x, y : array-like of shape (n,)
        Values, None or NaN where missing; ranks are made on the complete pairs.
    level : float
        Confidence level of the interval.
    interval : str
        ``"Bonett-Wright"`` (default), ``"Fieller"`` or ``"Fisher"``.
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
    Spearman (1904), doi:10.2307/1412159; Bonett and Wright (2000), doi:10.1007/BF02294183.

    Notes
    -----
    Validated against scipy 1.17.1 and R 4.2.2 `cor.test(exact = FALSE)`: fixtures
    ``estimators_<input>.json`` (value and p to 1e-12).
    """
    x, y = complete_rows(x, y)
    return tested_by_t("spearman", (x, y), names, level, interval, prepare=midranks)
