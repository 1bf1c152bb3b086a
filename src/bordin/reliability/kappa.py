"""The kappas: Cohen's for two coders, Conger's and Fleiss's for more."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bordin.reliability.chance import Chance, corrected, named, shares
from bordin.reliability.shapes import Reliability
from bordin.reliability.tally import Tally, tally
from bordin.reliability.uncertainty import Rule, without_value
from bordin.reliability.weights import weight_matrix
from bordin.resampling import FloatArray


def cohen_kappa(
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
    """Cohen's kappa of two coders, on the units that both coded.

    Parameters
    ----------
    values : array_like of shape (n_units, n_coders)
        Codes as numbers, NaN where missing. Coders who share no unit with another are left out.
    weights : str
        ``"identity"``, or ``"quadratic"``, ``"linear"`` and so on for the weighted kappa; see
        :func:`bordin.reliability.weights.weight_matrix`.
    scale, clusters, interval, level, resamples, seed
        As in :func:`bordin.reliability.percent_agreement.percent_agreement`.

    Returns
    -------
    Reliability
        Named ``"kappa (Cohen)"`` or ``"kappa (Cohen, quadratic)"``. Undefined when no unit has two coders,
        when more than two coders share units, or when all ratings are equal.

    Raises
    ------
    AnalysisError
        When a value is not a point of the scale, or an option is not known.

    References
    ----------
    Cohen (1960), doi:10.1177/001316446002000104; weighted: Cohen (1968), doi:10.1037/h0026256; variance:
    Fleiss, Cohen and Everitt (1969), doi:10.1037/h0028106, with n - 1 in place of n.

    Notes
    -----
    Validated against scikit-learn 1.9.1 (`cohen_kappa_score`, all categories declared) and statsmodels 0.15.0
    (`cohens_kappa`, value and variance) on ``categorical_published.json``.
    """
    rule = Rule(interval, level, resamples, seed)
    counted = tally(values, scale=scale, clusters=clusters, by_coder=True, only_shared=True)
    name, method = named("kappa (Cohen)", weights), "chance agreement by each coder's own margins"
    if counted.n_coders > 2:
        reason = f"Cohen's kappa is for two coders; {counted.n_coders} share units (Conger's is for more)"
        return without_value(name, method, counted, reason)
    return _with_own_margins(name, method, counted, weights, rule)


def conger_kappa(
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
    """Conger's kappa: Cohen's for two or more coders, with each coder's own margins.

    Parameters
    ----------
    values : array_like of shape (n_units, n_coders)
        Codes as numbers, NaN where missing. A coder's margins rest on all units that the coder coded.
    weights, scale, clusters, interval, level, resamples, seed
        As in :func:`cohen_kappa`.

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
    Conger (1980), doi:10.1037/0033-2909.88.2.322; missing ratings and variance: Gwet (2014), Handbook of
    Inter-Rater Reliability, 4th ed., ISBN 978-0970806284.

    Notes
    -----
    Validated against R irrCAC 1.0 on ``categorical_irrcac.json`` (value, and standard error of
    ``"Gwet 2014"``).
    """
    rule = Rule(interval, level, resamples, seed)
    counted = tally(values, scale=scale, clusters=clusters, by_coder=True)
    method = "chance agreement by each coder's own margins"
    return _with_own_margins(named("kappa (Conger)", weights), method, counted, weights, rule)


def fleiss_kappa(
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
    """Fleiss's kappa for two or more coders: one set of margins for all (Scott's pi when there are two).

    Parameters
    ----------
    values : array_like of shape (n_units, n_coders)
        Codes as numbers, NaN where missing; units may have different numbers of coders.
    weights, scale, clusters, interval, level, resamples, seed
        As in :func:`cohen_kappa`.

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
    Fleiss (1971), doi:10.1037/h0031619; missing ratings and variance: Gwet (2014), Handbook of Inter-Rater
    Reliability, 4th ed., ISBN 978-0970806284.

    Notes
    -----
    Validated against R irrCAC 1.0 on ``categorical_irrcac.json`` (value, and standard error of
    ``"Gwet 2014"``), R irr 0.84.1 and statsmodels on complete tables of ``categorical_published.json``.
    """
    rule = Rule(interval, level, resamples, seed)
    counted = tally(values, scale=scale, clusters=clusters)
    name, method = named("kappa (Fleiss)", weights), "chance agreement by the margins of all coders together"
    if counted.why_no_value:
        return without_value(name, method, counted, counted.why_no_value)
    matrix = weight_matrix(weights, counted.categories)
    each = shares(counted)

    def by_chance(rows: FloatArray) -> FloatArray:
        pi = rows @ each / rows.sum(axis=1, keepdims=True)
        made: FloatArray = np.einsum("bk,bk->b", pi @ matrix, pi)
        return made

    pi = counted.frequency @ each / counted.frequency.sum()
    chance = Chance(by_chance, 2 * (each - pi) @ (matrix @ pi))
    return corrected(name, method, counted, matrix, chance, rule)


def _with_own_margins(name: str, method: str, counted: Tally, weights: str, rule: Rule) -> Reliability:
    if counted.why_no_value:
        return without_value(name, method, counted, counted.why_no_value)
    matrix = weight_matrix(weights, counted.categories)
    p, coders, q = len(counted.codes), counted.codes.shape[1], len(matrix)
    chosen = (counted.codes[:, :, None] == np.arange(q)).astype(float).reshape(p, coders * q)

    def by_chance(rows: FloatArray) -> FloatArray:
        margins = (rows @ chosen).reshape(-1, coders, q)
        coded = margins.sum(axis=2)
        present = np.count_nonzero(coded, axis=1)
        margins /= np.maximum(coded, 1)[:, :, None]
        total = margins.sum(axis=1)
        same = np.einsum("bgk,bgk->b", margins @ matrix, margins)
        pairs = present * (present - 1)
        made: FloatArray = np.divide(
            np.einsum("bk,bk->b", total @ matrix, total) - same,
            pairs,
            out=np.full(len(rows), np.nan),
            where=pairs > 0,
        )
        return made

    table = (counted.frequency @ chosen).reshape(coders, q)
    coded = table.sum(axis=1, keepdims=True)
    margins = table / coded
    # How chance agreement moves with one coder's margins: the weighted margins of all others.
    slope = (margins.sum(axis=0) - margins) @ matrix * (2 / (coders * (coders - 1)))
    slope = (slope - np.sum(slope * margins, axis=1, keepdims=True)) * (counted.frequency.sum() / coded)
    return corrected(name, method, counted, matrix, Chance(by_chance, chosen @ slope.ravel()), rule)
