"""Agreement on one code: how often a second coder gives the code that a first one gave."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bordin.errors import AnalysisError
from bordin.reliability.shapes import Reliability
from bordin.reliability.tally import tally
from bordin.reliability.uncertainty import Kernel, Rule, reliability, without_value
from bordin.resampling import FloatArray


def specific_agreement(
    values: npt.ArrayLike,
    codes: Sequence[float],
    *,
    label: str = "",
    clusters: npt.ArrayLike | None = None,
    interval: str = "analytic",
    level: float = 0.95,
    resamples: int = 2_000,
    seed: int = 1,
) -> Reliability:
    """Positive specific agreement (Dice, F1): pairs of coders with the same code, among pairs with the code.

    For two coders it is 2 both / (2 both + one only). Where nobody gave the code does not enter, so that it
    serves marks in time, where nothing can be counted between the marks; for a rare code kappa comes close to
    it.

    Parameters
    ----------
    values : array_like of shape (n_units, n_coders)
        Codes as numbers, NaN where missing.
    codes : sequence of float
        The code; or several, which are counted together (each agrees with itself only).
    label : str
        Name of the code, for the estimate's name.
    clusters, interval, level, resamples, seed
        As in :func:`bordin.reliability.percent_agreement.percent_agreement`.

    Returns
    -------
    Reliability
        Named ``"specific agreement (label)"``, between 0 and 1. Undefined when no unit has two coders, or none
        of the codes stands in one. Its counts are of the units in which one of the codes stands.

    Raises
    ------
    AnalysisError
        When no code or an unknown option is given.

    References
    ----------
    Hripcsak and Rothschild (2005), doi:10.1197/jamia.M1733; more coders: Fleiss, Levin and Paik (2003),
    Statistical Methods for Rates and Proportions, doi:10.1002/0471445428, chapter 18.

    Notes
    -----
    Validated against scikit-learn (`f1_score`, two coders) on ``categorical_published.json``.
    """
    rule = Rule(interval, level, resamples, seed)
    if not len(codes):
        raise AnalysisError("specific agreement: no code is given. Name the code or the codes to count.")
    counted = tally(values, clusters=clusters, only_shared=True)
    name = f"specific agreement ({label})" if label else "specific agreement"
    method = "pairs of coders with the same code, among pairs with the code (Dice, F1)"
    if counted.n_units == 0:
        return without_value(name, method, counted, "nothing was coded by two or more coders")
    chosen = counted.counts[:, np.isin(counted.categories, np.asarray(codes, dtype=float))]
    both = np.sum(chosen * (chosen - 1), axis=1)
    either = chosen.sum(axis=1) * (counted.coders - 1)
    total = float(counted.frequency @ either)
    if total == 0:
        return without_value(name, method, counted, "the code stands nowhere that two or more coders coded")
    value = float(counted.frequency @ both) / total

    def ratio(weights: FloatArray) -> FloatArray:
        below = weights @ either
        made: FloatArray = np.full(len(weights), np.nan)
        np.divide(weights @ both, below, out=made, where=below > 0)
        return made

    influence = (both - value * either) * (counted.frequency.sum() / total)
    used = counted.frequency[either > 0].sum()
    note = f"{used:.0f} of {counted.n_units} units hold the code"
    return reliability(name, method, counted, Kernel(ratio, influence, low=0.0), rule, (note,))
