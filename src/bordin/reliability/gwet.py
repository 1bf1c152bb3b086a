"""Gwet's AC1 and AC2, and Brennan and Prediger's coefficient: chance agreement that a rare code cannot inflate."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bordin.reliability.chance import Chance, constant_chance, corrected, named, shares
from bordin.reliability.shapes import Reliability
from bordin.reliability.tally import tally
from bordin.reliability.uncertainty import Rule, without_value
from bordin.reliability.weights import weight_matrix
from bordin.resampling import FloatArray


def gwet_ac(
    values: npt.ArrayLike,
    *,
    weights: str = "identity",
    scale: tuple[float, float] | None = None,
    clusters: npt.ArrayLike | None = None,
    interval: str = "analytic",
    level: float = 0.95,
    resamples: int = 2_000,
    seed: int = 1,
) -> Reliability:
    """Gwet's AC1 (weights ``"identity"``) or AC2 (any other weights), for two or more coders.

    Parameters
    ----------
    values : array_like of shape (n_units, n_coders)
        Codes as numbers, NaN where missing.
    weights, scale, clusters, interval, level, resamples, seed
        As in :func:`bordin.reliability.percent_agreement.percent_agreement`. The number of categories of the
        declared scale enters the value: declare it where some category was never used.

    Returns
    -------
    Reliability
        Named ``"AC1"``, or ``"AC2 (quadratic)"`` and so on. Undefined when no unit has two coders, or all
        ratings are equal (the formula would give 1 there, with nothing to be told apart).

    Raises
    ------
    AnalysisError
        When a value is not a point of the scale, or an option is not known.

    References
    ----------
    Gwet (2008), doi:10.1348/000711006X126600; missing ratings: Gwet (2014), Handbook of Inter-Rater
    Reliability, 4th ed., ISBN 978-0970806284.

    Notes
    -----
    Chance agreement is T / (q (q - 1)) times the sum of pi (1 - pi), with T the sum of the weights.
    Validated against R irrCAC 1.0 and Python irrCAC 0.4.4 on ``categorical_irrcac.json`` (value, and standard
    error of ``"Gwet 2014"``).
    """
    rule = Rule(interval, level, resamples, seed)
    counted = tally(values, scale=scale, clusters=clusters)
    name = "AC1" if weights == "identity" else named("AC2", weights)
    method = "chance agreement by Gwet"
    if counted.why_no_value:
        return without_value(name, method, counted, counted.why_no_value)
    matrix = weight_matrix(weights, counted.categories)
    each, q = shares(counted), len(matrix)
    weight = float(matrix.sum()) / (q * (q - 1))

    def by_chance(rows: FloatArray) -> FloatArray:
        pi = rows @ each / rows.sum(axis=1, keepdims=True)
        made: FloatArray = weight * np.sum(pi * (1 - pi), axis=1)
        return made

    pi = counted.frequency @ each / counted.frequency.sum()
    chance = Chance(by_chance, weight * (each - pi) @ (1 - 2 * pi))
    return corrected(name, method, counted, matrix, chance, rule)


def brennan_prediger(
    values: npt.ArrayLike,
    *,
    weights: str = "identity",
    scale: tuple[float, float] | None = None,
    clusters: npt.ArrayLike | None = None,
    interval: str = "analytic",
    level: float = 0.95,
    resamples: int = 2_000,
    seed: int = 1,
) -> Reliability:
    """Brennan and Prediger's coefficient: chance alone would choose every category equally often.

    Parameters
    ----------
    values : array_like of shape (n_units, n_coders)
        Codes as numbers, NaN where missing.
    weights, scale, clusters, interval, level, resamples, seed
        As in :func:`gwet_ac`; here too the number of declared categories enters the value.

    Returns
    -------
    Reliability
        Undefined when no unit has two coders, or all ratings are equal.

    Raises
    ------
    AnalysisError
        When a value is not a point of the scale, or an option is not known.

    References
    ----------
    Brennan and Prediger (1981), doi:10.1177/001316448104100307; more coders and missing ratings: Gwet (2014).

    Notes
    -----
    Validated against R irrCAC 1.0 on ``categorical_irrcac.json``, and statsmodels (`fleiss_kappa`, method
    "rand") on complete tables of ``categorical_published.json``.
    """
    rule = Rule(interval, level, resamples, seed)
    counted = tally(values, scale=scale, clusters=clusters)
    name, method = named("Brennan-Prediger", weights), "chance agreement of equally likely categories"
    if counted.why_no_value:
        return without_value(name, method, counted, counted.why_no_value)
    matrix = weight_matrix(weights, counted.categories)
    return corrected(name, method, counted, matrix, constant_chance(counted, float(matrix.mean())), rule)
