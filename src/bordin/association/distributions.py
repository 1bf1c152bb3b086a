"""Tails and quantiles of the t and the normal distribution.

Thin wrappers over :mod:`scipy.special`, imported inside each function so that
importing :mod:`bordin.association` stays cheap.
"""

from __future__ import annotations


def p_of_correlation(r: float, df: int) -> float:
    """Two-tailed p of a correlation by Student's t, t = r sqrt(df / (1 - r^2)).

    Parameters
    ----------
    r : float
        Correlation, -1 to 1.
    df : int
        Degrees of freedom, at least 1.

    Returns
    -------
    float
        P(abs(T) >= abs(t)); exactly 0 when abs(r) is 1.

    Notes
    -----
    Computed as the regularized incomplete beta function of 1 - r^2, which keeps
    its digits where the t statistic is very large.
    """
    from scipy.special import betainc

    return float(betainc(df / 2, 0.5, (1 - r) * (1 + r)))


def p_of_t(t: float, df: int) -> float:
    """Two-tailed p of a t statistic on `df` degrees of freedom."""
    from scipy.special import betainc

    return float(betainc(df / 2, 0.5, df / (df + t * t)))


def t_quantile(probability: float, df: int) -> float:
    """Value below which Student's t on `df` degrees of freedom lies with `probability`."""
    from scipy.special import stdtrit

    return float(stdtrit(df, probability))


def normal_tail(z: float) -> float:
    """P(Z >= z) of the standard normal distribution; ``normal_tail(-z)`` is P(Z <= z)."""
    from scipy.special import ndtr

    return float(ndtr(-z))


def p_of_normal(z: float) -> float:
    """Two-tailed p of a standard normal statistic."""
    return 2 * normal_tail(abs(z))


def normal_quantile(probability: float) -> float:
    """Value below which the standard normal lies with `probability`."""
    from scipy.special import ndtri

    return float(ndtri(probability))
