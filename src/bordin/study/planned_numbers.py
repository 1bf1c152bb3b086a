"""What formulas say of a plan, for complete pairs and one unadjusted test."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt

from bordin.association import (
    cases_for_correlation,
    cases_for_equivalence,
    power_of_correlation,
    power_of_equivalence,
    smallest_detectable,
    smallest_equivalence,
)
from bordin.association.distributions import normal_quantile
from bordin.association.fisher import fisher_interval, interval_method
from bordin.association.power import cases_for_width, smallest_effect_with_power
from bordin.errors import AnalysisError
from bordin.study.planned_study import PlannedStudy

USUAL_ICC = 0.7
CODERS = 2
_STEEP = 0.7


@dataclass(frozen=True)
class ClosedForms:
    """What formulas say of n complete pairs and one unadjusted test.

    Attributes
    ----------
    smallest_detectable : float or None
        Smallest absolute correlation in the sample whose p is below alpha.
    smallest_effect : float or None
        Smallest true correlation that is found with the wished power.
    smallest_effect_adjusted : float or None
        The same when alpha is divided by the tests of the largest family.
    tests : int
        Tests of the largest family.
    rho : float or None
        Smallest true value other than 0, after the planned unreliability, for the next two.
    power : float or None
        Power to find it.
    cases_for_power : int or None
        Participants for the wished power to find it.
    smallest_equivalence : float or None
        Narrowest bound that could be shown even when the sample's correlation is 0.
    power_of_equivalence, cases_for_equivalence : float and int, or None
        For the smallest effect of interest, when the true value is 0.
    width : float or None
        Width of an interval around `rho` at n.
    cases_for_width : int
        Pairs for the wished width.
    tapes_to_double_code : int
        For an interval of the wished width around the ICC.
    icc : float
        Reliability of one coder that this is for.
    """

    smallest_detectable: float | None
    smallest_effect: float | None
    smallest_effect_adjusted: float | None
    tests: int
    rho: float | None
    power: float | None
    cases_for_power: int | None
    smallest_equivalence: float | None
    power_of_equivalence: float | None
    cases_for_equivalence: int | None
    width: float | None
    cases_for_width: int
    tapes_to_double_code: int
    icc: float


def tapes_to_double_code(icc: float, width: float, *, level: float = 0.95, coders: int = CODERS) -> int:
    """Tapes that must be coded by `coders` coders for an interval of a wished width around an ICC.

    Parameters
    ----------
    icc : float
        Expected single-coder reliability, from 0 to below 1.
    width : float
        From limit to limit.
    level : float
    coders : int
        At least 2.

    Returns
    -------
    int
        8 z^2 (1 - icc)^2 (1 + (k - 1) icc)^2 / (k (k - 1) width^2) + 1, and with two coders and an
        ICC from .7 on 5 icc more. For .7 and a width of .4 30.

    Raises
    ------
    AnalysisError
        When a number is out of range.

    References
    ----------
    Bonett (2002), doi:10.1002/sim.1108: an approximation for the one-way ICC before there are data.
    Once a few tapes are double-coded, ``bordin.reliability.d_study`` answers from them.
    """
    if not 0 <= icc < 1 or not 0 < width < 1 or coders < 2:
        raise AnalysisError(
            f"An ICC of {icc}, a width of {width} and {coders} coders cannot be planned: the ICC lies from 0 to "
            "below 1, the width between 0 and 1, and at least 2 coders are needed."
        )
    z = normal_quantile(0.5 + level / 2)
    spread = (1 - icc) * (1 + (coders - 1) * icc)
    tapes = 8 * (z * spread / width) ** 2 / (coders * (coders - 1)) + 1
    return ceil(tapes + (5 * icc if coders == 2 and icc >= _STEEP else 0))


def closed_forms(planned: PlannedStudy, power: float, width: float) -> ClosedForms:
    """Answer what formulas can answer, for complete pairs and one unadjusted test.

    Raises
    ------
    AnalysisError
        When the wished power or width is out of range.
    """
    design, sesoi = planned.design, planned.sesoi
    n, alpha, kind = design.n, design.alpha, design.coefficient
    tests = max((len(f.cells) for f in design.families if f.adjustment != "none"), default=1) or 1
    rho = min(weakened_truths(planned), default=None)
    enough = n >= 5
    limits = fisher_interval(kind, interval_method(kind), rho or 0.0, n, planned.level)
    # With all reliabilities at 1 none was given, and a usual one stands in.
    icc = min(design.y.reliability)
    icc = USUAL_ICC if icc == 1 else icc
    return ClosedForms(
        smallest_detectable=smallest_detectable(n, alpha=alpha, coefficient=kind),
        smallest_effect=smallest_effect_with_power(n, power, alpha=alpha) if enough else None,
        smallest_effect_adjusted=smallest_effect_with_power(n, power, alpha=alpha / tests)
        if enough
        else None,
        tests=tests,
        rho=rho,
        power=power_of_correlation(rho, n, alpha=alpha) if rho is not None and enough else None,
        cases_for_power=cases_for_correlation(rho, power=power, alpha=alpha) if rho is not None else None,
        smallest_equivalence=smallest_equivalence(n, alpha=alpha, coefficient=kind),
        power_of_equivalence=power_of_equivalence(sesoi, n, alpha=alpha) if sesoi and enough else None,
        cases_for_equivalence=cases_for_equivalence(sesoi, power=power, alpha=alpha) if sesoi else None,
        width=None if limits is None else limits.high - limits.low,
        cases_for_width=cases_for_width(rho or 0.0, width, level=planned.level, coefficient=kind),
        tapes_to_double_code=tapes_to_double_code(icc, width, level=planned.level),
        icc=icc,
    )


def weakened_truths(planned: PlannedStudy) -> list[float]:
    """List the size of the true values that hypotheses speak of, other than 0, after unreliability."""
    design = planned.design
    spoken = {c for h in planned.hypotheses if h.expect != "negligible" for c in h.cells}
    found = []
    for i, row in enumerate(design.truth):
        for j, value in enumerate(row):
            if value != 0 and ((i, j) in spoken or not spoken):
                pair = design.x.reliability[i], design.y.reliability[j]
                kept = [_of_mean(reliability, design.sessions) for reliability in pair]
                found.append(abs(value) * sqrt(kept[0] * kept[1]))
    return found


def _of_mean(reliability: float, sessions: int) -> float:
    """Reliability of a mean of sessions (Spearman-Brown)."""
    return sessions * reliability / (1 + (sessions - 1) * reliability)
