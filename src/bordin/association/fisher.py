"""Fisher's z: standard errors and intervals of the three coefficients.

References
----------
Fisher (1921); Fieller, Hartley and Pearson (1957), doi:10.1093/biomet/44.3-4.470;
Bonett and Wright (2000), doi:10.1007/BF02294183.
"""

from __future__ import annotations

from math import atanh, inf, sqrt, tanh

from bordin.association.distributions import normal_quantile
from bordin.errors import AnalysisError, nearest
from bordin.estimate import Interval

# The first of each is the default.
INTERVALS: dict[str, tuple[str, ...]] = {
    "spearman": ("Bonett-Wright", "Fieller", "Fisher"),
    "kendall": ("Fieller",),
    "pearson": ("Fisher",),
}


def check_coefficient(coefficient: str) -> str:
    """Return `coefficient`, or raise AnalysisError when it is not one of the three."""
    if coefficient not in INTERVALS:
        raise AnalysisError(f"Unknown coefficient '{coefficient}'. {nearest(coefficient, INTERVALS)}")
    return coefficient


def interval_method(coefficient: str, interval: str = "default") -> str:
    """Return the name of an interval method of `coefficient`.

    Parameters
    ----------
    coefficient : str
        ``"spearman"``, ``"kendall"`` or ``"pearson"``.
    interval : str
        ``"default"`` or a name from `INTERVALS`, in any case of letters.

    Raises
    ------
    AnalysisError
        When the coefficient, or the method for it, is not known.
    """
    known = INTERVALS[check_coefficient(coefficient)]
    if interval.lower() == "default":
        return known[0]
    for name in known:
        if name.lower() == interval.lower():
            return name
    raise AnalysisError(
        f"No '{interval}' interval for {coefficient}. {nearest(interval, ('default', *known))}"
    )


def to_z(r: float) -> float:
    """Fisher's z of `r`; infinite for a perfect correlation."""
    return atanh(r) if abs(r) < 1 else inf * r


def standard_error(coefficient: str, method: str, r: float, n: int) -> float | None:
    """Standard error of Fisher's z.

    Parameters
    ----------
    coefficient : str
        ``"spearman"``, ``"kendall"`` or ``"pearson"``.
    method : str
        A name that :func:`interval_method` returned.
    r : float
        The observed (or, for planning, the true) coefficient.
    n : int
        Number of pairs.

    Returns
    -------
    float or None
        Fisher 1/(n-3), Bonett-Wright (1 + r^2/2)/(n-3), Fieller 1.06/(n-3), for tau
        .437/(n-4), under the square root; None when n is too small for it.
    """
    if coefficient == "kendall":
        return sqrt(0.437 / (n - 4)) if n > 4 else None
    if n <= 3:
        return None
    factor = {"Bonett-Wright": 1 + r * r / 2, "Fieller": 1.06, "Fisher": 1.0}[method]
    return sqrt(factor / (n - 3))


def fisher_interval(coefficient: str, method: str, r: float, n: int, level: float) -> Interval | None:
    """Confidence interval tanh(z -+ q SE); None when n is too small, a point when abs(r) is 1.

    Notes
    -----
    Validated against `correlation::cor_to_ci` 0.8.3 (Fieller, Bonett-Wright, tau) and
    `scipy.stats.pearsonr` 1.17.1 (Fisher): fixtures ``estimators_published.json`` and
    ``estimators_<input>.json``.
    """
    error = standard_error(coefficient, method, r, n)
    if error is None:
        return None
    z, half = to_z(r), normal_quantile(0.5 + level / 2) * error
    return Interval(tanh(z - half), tanh(z + half), level, method)
