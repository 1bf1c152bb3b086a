"""Percent agreement: the share of pairs of coders who chose the same category."""

from __future__ import annotations

import numpy.typing as npt

from bordin.reliability.chance import constant_chance, corrected, named
from bordin.reliability.shapes import Reliability
from bordin.reliability.tally import tally
from bordin.reliability.uncertainty import Rule, without_value
from bordin.reliability.weights import weight_matrix


def percent_agreement(
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
    """Share of agreeing pairs of coders, averaged over units with two or more coders.

    Parameters
    ----------
    values : array_like of shape (n_units, n_coders)
        Codes as numbers, NaN where missing.
    weights : str
        See :func:`bordin.reliability.weights.weight_matrix`; ``"identity"`` counts equal codes only.
    scale : tuple of float, optional
        Lowest and highest point of the declared scale, in whole steps.
    clusters : array_like of shape (n_units,), optional
        Label of each unit's cluster (the session of a turn): intervals then rest on whole clusters.
    interval : str
        ``"analytic"`` (linearized variance, t of the logarithm of 1 - value), ``"bootstrap"`` (BCa over units
        or clusters) or ``"Gwet 2014"`` (his interval: symmetric, cut at 1, and its variance holds the number
        of units with two coders for fixed, which makes it wide where many units have one).
    level : float
        Confidence level.
    resamples, seed : int
        Of the bootstrap.

    Returns
    -------
    Reliability
        Between 0 and 1. It says nothing of chance: all-equal ratings give 1. Undefined when no unit has two
        coders.

    Raises
    ------
    AnalysisError
        When a value is not a point of the scale, or an option is not known.

    References
    ----------
    Gwet (2014), Handbook of Inter-Rater Reliability, 4th ed., ISBN 978-0970806284.

    Notes
    -----
    Validated against R irrCAC 1.0 on ``categorical_irrcac.json`` (value, and standard error of
    ``"Gwet 2014"``).
    """
    rule = Rule(interval, level, resamples, seed)
    counted = tally(values, scale=scale, clusters=clusters)
    name, method = named("percent agreement", weights), "pairs of coders, averaged over units"
    if counted.n_units == 0:
        return without_value(name, method, counted, "nothing was coded by two or more coders")
    matrix = weight_matrix(weights, counted.categories)
    return corrected(name, method, counted, matrix, constant_chance(counted, 0.0, low=0.0), rule)
