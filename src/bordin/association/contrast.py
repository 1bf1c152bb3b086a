"""Difference of two correlations that share a variable, on the same cases.

That one cell of a table is significant and its neighbor is not says nothing about
their difference; these tests do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import atanh, sqrt, tanh

from bordin.association.cells import Contrast
from bordin.association.coefficient import correlate
from bordin.association.distributions import normal_quantile, p_of_normal, p_of_t
from bordin.association.fisher import check_coefficient
from bordin.association.pairs import SMALLEST_N, Array, Values, complete_rows, why_undefined
from bordin.errors import AnalysisError
from bordin.estimate import Interval


@dataclass(frozen=True)
class Comparison:
    """Tests of r1 = r2 where both share a variable.

    Attributes
    ----------
    williams_t, williams_p : float
        Student's t with n - 3 degrees of freedom.
    steiger_z, steiger_p, meng_z, meng_p : float
        Standard normal statistics; all p are two-tailed.
    zou : Interval
        Interval of r1 - r2.
    """

    williams_t: float
    williams_p: float
    steiger_z: float
    steiger_p: float
    meng_z: float
    meng_p: float
    zou: Interval


def compare_overlapping(r1: float, r2: float, r12: float, n: int, *, level: float = 0.95) -> Comparison:
    """Compare r(a, y) with r(b, y) on the same cases.

    Parameters
    ----------
    r1, r2 : float
        The two correlations with the shared variable, between -1 and 1.
    r12 : float
        Correlation of the two variables that are not shared.
    n : int
        Cases complete on the three, at least 4.
    level : float
        Level of Zou's interval.

    Returns
    -------
    Comparison

    Raises
    ------
    AnalysisError
        When a correlation is not between -1 and 1 or n is below 4.

    References
    ----------
    Williams (1959); Steiger (1980), doi:10.1037/0033-2909.87.2.245 (Fisher's z with the
    mean of both correlations in the covariance); Meng, Rosenthal and Rubin (1992),
    doi:10.1037/0033-2909.111.1.172; Zou (2007), doi:10.1037/1082-989X.12.4.399.

    Notes
    -----
    The theory is that of Pearson's r; for Spearman's rho the tests are approximate, and
    the bootstrap of the difference is to be read beside them.
    Validated against cocor 1.1-4 and `psych::r.test` 2.2.9: fixture ``estimators_cocor.json``.
    """
    reason = _why_incomparable(r1, r2, r12, n)
    if reason is not None:
        raise AnalysisError(f"Correlations {r1} and {r2} (between them {r12}), {n} cases: {reason}.")
    mean = (r1 + r2) / 2
    spread = _williams_spread(r1, r2, r12, n)
    williams = (r1 - r2) * sqrt((n - 1) * (1 + r12) / spread)
    difference = (atanh(r1) - atanh(r2)) * sqrt(n - 3)
    steiger = difference / sqrt(2 - 2 * _dependence(mean, mean, r12))
    squares = (r1 * r1 + r2 * r2) / 2
    f = min(1.0, (1 - r12) / (2 * (1 - squares)))
    meng = difference / sqrt(2 * (1 - r12) * (1 - f * squares) / (1 - squares))
    return Comparison(
        williams_t=williams,
        williams_p=p_of_t(williams, n - 3),
        steiger_z=steiger,
        steiger_p=p_of_normal(steiger),
        meng_z=meng,
        meng_p=p_of_normal(meng),
        zou=_zou(r1, r2, r12, n, level),
    )


def contrast_correlations(
    x: Values,
    against: Values,
    y: Values,
    *,
    coefficient: str = "spearman",
    level: float = 0.95,
    signs: tuple[int, int, int] = (1, 1, 1),
    names: tuple[str, str, str] = ("x", "against", "y"),
) -> Contrast:
    """Difference r(x, y) - r(against, y) on the cases complete on the three.

    Parameters
    ----------
    x, against, y : array-like of shape (n,)
        Values, None or NaN where missing; `y` is the shared variable.
    coefficient : str
        ``"spearman"``, ``"pearson"`` or ``"kendall"``. For tau only the difference is
        given: the tests are not derived for it.
    level : float
        Level of Zou's interval.
    signs : tuple of int
        -1 for a variable that is a negative pole: its correlations are reflected first, so
        that the difference compares strength in the expected direction.
    names : tuple of str
        Names of the three variables.

    Returns
    -------
    Contrast
        Undefined, with its reason, when a variable does not vary, fewer than 4 cases are
        complete, or a correlation is perfect.

    Raises
    ------
    AnalysisError
        When the coefficient is not known or the values are no numbers.
    """
    check_coefficient(coefficient)
    columns = complete_rows(x, against, y)
    n = len(columns[0])
    made = Contrast(*names, n=n, reflected=-1 in signs)
    reason = why_undefined(columns, names)
    if reason is not None:
        return replace(made, undefined=reason)
    r1, r2, r12 = (
        signs[a] * signs[b] * _value(columns[a], columns[b], coefficient) for a, b in ((0, 2), (1, 2), (0, 1))
    )
    reason = _why_incomparable(r1, r2, r12, n)
    if reason is not None:
        return replace(made, undefined=reason)
    made = replace(made, r_x=r1, r_against=r2, r_between=r12, difference=r1 - r2)
    if coefficient == "kendall":
        return made
    tests = compare_overlapping(r1, r2, r12, n, level=level)
    return replace(
        made,
        williams_t=tests.williams_t,
        williams_p=tests.williams_p,
        steiger_p=tests.steiger_p,
        meng_p=tests.meng_p,
        zou=tests.zou,
    )


def _value(a: Array, b: Array, coefficient: str) -> float:
    value = correlate(a, b, coefficient=coefficient).estimate.value
    if value is None:
        raise AnalysisError("A correlation of complete columns that vary has no value.")
    return value


def _why_incomparable(r1: float, r2: float, r12: float, n: int) -> str | None:
    if n < SMALLEST_N:
        return f"at least {SMALLEST_N} cases are needed"
    if max(abs(r1), abs(r2), abs(r12)) >= 1:
        return "a correlation among the three is perfect"
    if _williams_spread(r1, r2, r12, n) < 1e-12:
        return "the shared variable is the difference of the two others"
    return None


def _williams_spread(r1: float, r2: float, r12: float, n: int) -> float:
    determinant = 1 - r1 * r1 - r2 * r2 - r12 * r12 + 2 * r1 * r2 * r12
    mean = (r1 + r2) / 2
    return 2 * (n - 1) / (n - 3) * determinant + mean**2 * (1 - r12) ** 3


def _dependence(r1: float, r2: float, r12: float) -> float:
    # Correlation of the two Fisher z values when their correlations share a variable.
    product = r12 * (1 - r1 * r1 - r2 * r2) - r1 * r2 * (1 - r1 * r1 - r2 * r2 - r12 * r12) / 2
    return product / ((1 - r1 * r1) * (1 - r2 * r2))


def _zou(r1: float, r2: float, r12: float, n: int, level: float) -> Interval:
    half = normal_quantile(0.5 + level / 2) / sqrt(n - 3)
    below1, above1 = r1 - tanh(atanh(r1) - half), tanh(atanh(r1) + half) - r1
    below2, above2 = r2 - tanh(atanh(r2) - half), tanh(atanh(r2) + half) - r2
    shared = 2 * _dependence(r1, r2, r12)
    low = sqrt(below1**2 + above2**2 - shared * below1 * above2)
    high = sqrt(above1**2 + below2**2 - shared * above1 * below2)
    return Interval(r1 - r2 - low, r1 - r2 + high, level, "Zou")
