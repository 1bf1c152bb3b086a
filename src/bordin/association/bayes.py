"""Bayes factor of a correlation."""

from __future__ import annotations

from math import exp, inf, log, log1p, pi

from bordin.errors import AnalysisError


def bayes_factor(r: float, n: int) -> float:
    """Bayes factor for a correlation against none, under a flat prior from -1 to 1.

    Parameters
    ----------
    r : float
        Observed Pearson correlation. With Spearman's rho it is the factor of the ranks,
        which is an approximation; for tau it is not defined.
    n : int
        Number of pairs, at least 3.

    Returns
    -------
    float
        BF10 with kappa = 1 (stretched beta prior of width 1); infinite when abs(r) is 1
        or the factor is beyond the largest float.

    Raises
    ------
    AnalysisError
        When n is below 3 or r is not from -1 to 1.

    References
    ----------
    Ly, Verhagen and Wagenmakers (2016), doi:10.1016/j.jmp.2015.06.004: with kappa = 1,
    (sqrt(pi)/2) Gamma((n+1)/2) / Gamma((n+2)/2) 2F1((n-1)/2, (n-1)/2; (n+2)/2; r^2).
    This is the exact likelihood of r; Jeffreys's approximation, with 2F1((2n-3)/4, (2n-1)/4; ...),
    differs by up to one percent in small samples. Euler's transformation of the
    hypergeometric function keeps it finite for large n.

    Notes
    -----
    Validated against pingouin 0.7.0 `bayesfactor_pearson` ("ly") and R BayesFactor 0.9.12
    `correlationBF(rscale = 1)`: fixtures ``estimators_<input>.json`` (1e-9 relative).
    """
    from scipy.special import gammaln, hyp2f1

    if n < 3 or not -1 <= r <= 1:
        raise AnalysisError(f"No Bayes factor for r = {r}, n = {n}: r must be from -1 to 1 and n at least 3.")
    if abs(r) == 1:
        return inf
    logarithm = (
        0.5 * log(pi)
        - log(2)
        + float(gammaln((n + 1) / 2) - gammaln((n + 2) / 2))
        + (4 - n) / 2 * log1p(-r * r)
        + log(float(hyp2f1(1.5, 1.5, (n + 2) / 2, r * r)))
    )
    return exp(logarithm) if logarithm < 709 else inf
