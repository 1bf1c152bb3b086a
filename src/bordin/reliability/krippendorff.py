"""Krippendorff's alpha: observed against expected disagreement, at four levels of measurement."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from bordin.errors import AnalysisError, nearest
from bordin.reliability.shapes import Reliability
from bordin.reliability.tally import Tally, tally
from bordin.reliability.uncertainty import Kernel, Rule, reliability, without_value
from bordin.reliability.weights import ratio_disagreement
from bordin.resampling import FloatArray

LEVELS = ("nominal", "ordinal", "interval", "ratio")
# Spread below this share of the raw sum of squares is a rounding error of a constant sample.
_NO_SPREAD = 1e-12
# Scores (1 or b, q) of the categories under weights (b, p) of the distinct rows.
_Scores = Callable[[FloatArray], FloatArray]


def krippendorff_alpha(
    values: npt.ArrayLike,
    *,
    metric: str = "nominal",
    clusters: npt.ArrayLike | None = None,
    interval: str = "analytic",
    level: float = 0.95,
    resamples: int = 2_000,
    seed: int = 1,
) -> Reliability:
    """Krippendorff's alpha for any number of coders, with missing codes.

    Parameters
    ----------
    values : array_like of shape (n_units, n_coders)
        Codes as numbers, NaN where missing. Units with one coder say nothing and are left out.
    metric : str
        Disagreement of two codes: ``"nominal"`` (0 or 1), ``"ordinal"`` (squared distance of their midranks
        among all codes, which is Krippendorff's metric and not Gwet's "ordinal" weights), ``"interval"``
        (squared difference) or ``"ratio"`` (squared difference relative to the sum).
    clusters : array_like of shape (n_units,), optional
        Label of each unit's cluster (the session of a turn): intervals then rest on whole clusters.
    interval : str
        ``"analytic"`` (linearized variance, t of the logarithm of 1 - value; it counts that the ranks of the
        ordinal metric vary too), ``"bootstrap"`` (BCa over units or clusters) or ``"Gwet 2014"`` (his
        interval: symmetric, cut at 1, the ordinal metric held for fixed).
    level : float
        Confidence level.
    resamples, seed : int
        Of the bootstrap.

    Returns
    -------
    Reliability
        Named ``"alpha (ordinal)"`` and so on. Undefined when no unit has two coders, or all ratings are equal.

    Raises
    ------
    AnalysisError
        When an option is not known, or negative values stand on a ratio scale.

    References
    ----------
    Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, repository.upenn.edu/asc_papers/43;
    Hayes and Krippendorff (2007), doi:10.1080/19312450709336664; variance: Gwet (2014), Handbook of
    Inter-Rater Reliability, 4th ed., ISBN 978-0970806284.

    Notes
    -----
    Validated against the Python package krippendorff (all levels) on ``categorical_published.json`` and R
    irrCAC 1.0 (nominal, interval, ratio: value and standard error) on ``categorical_irrcac.json``.
    """
    if metric not in LEVELS:
        raise AnalysisError(f"metric: '{metric}' is not known. {nearest(metric, LEVELS)}")
    rule = Rule(interval, level, resamples, seed)
    counted = tally(values, clusters=clusters, only_shared=True)
    name, method = f"alpha ({metric})", f"1 - observed / expected disagreement, {metric} metric"
    if counted.why_no_value:
        return without_value(name, method, counted, counted.why_no_value)
    kernel = _by_pairs(counted, metric) if metric in {"nominal", "ratio"} else _by_scores(counted, metric)
    return reliability(name, method, counted, kernel, rule)


def _by_pairs(counted: Tally, metric: str) -> Kernel:
    """Disagreement as a table of pairs of categories."""
    q = len(counted.categories)
    apart = 1 - np.eye(q) if metric == "nominal" else ratio_disagreement(counted.categories)
    counts, coders = counted.counts, counted.coders
    within = np.einsum("pk,kl,pl->p", counts, apart, counts, optimize=True) / (coders - 1)

    def value(weights: FloatArray) -> FloatArray:
        margins, n = weights @ counts, weights @ coders
        expected = np.einsum("bk,bk->b", margins @ apart, margins)
        return _alpha((n - 1) * (weights @ within), expected)

    total, units = counted.frequency @ coders, counted.frequency.sum()
    pi = counted.frequency @ counts / total
    observed, expected = float(counted.frequency @ within) / total, float(pi @ apart @ pi)
    of_observed = within - observed * coders
    of_expected = 2 * (counts @ (apart @ pi) - expected * coders)
    influence = (of_expected * observed / expected - of_observed) / expected * (units / total)
    return Kernel(value, influence)


def _by_scores(counted: Tally, metric: str) -> Kernel:
    """Disagreement as the squared difference of scores: the values themselves, or their midranks."""
    coders, codes = counted.coders, counted.codes
    total, units = counted.frequency @ coders, counted.frequency.sum()
    scores_under = _midranks(counted) if metric == "ordinal" else _values(counted)

    def value(weights: FloatArray) -> FloatArray:
        sums, squares = _sums(scores_under(weights), counted)
        within = 2 * (coders * squares - sums**2) / (coders - 1)
        n = weights @ coders
        raw = np.einsum("bp,bp->b", weights, np.broadcast_to(squares, weights.shape))
        spread = n * raw - np.einsum("bp,bp->b", weights, np.broadcast_to(sums, weights.shape)) ** 2
        expected = 2 * np.where(spread > _NO_SPREAD * n * raw, spread, 0)
        return _alpha(
            (n - 1) * np.einsum("bp,bp->b", weights, np.broadcast_to(within, weights.shape)), expected
        )

    scores = scores_under(counted.frequency[None])
    (sums,), (squares,) = _sums(scores, counted)
    within = 2 * (coders * squares - sums**2) / (coders - 1)
    mean, second = float(counted.frequency @ sums) / total, float(counted.frequency @ squares) / total
    observed, expected = float(counted.frequency @ within) / total, 2 * (second - mean**2)
    of_expected = 2 * (squares - second * coders) - 4 * mean * (sums - mean * coders)
    of_observed = within - observed * coders
    influence = (of_expected * observed / expected - of_observed) / expected * (units / total)
    if metric != "ordinal":
        return Kernel(value, influence)
    # The ranks move with the margins: first how alpha moves with each rank, then how the ranks move.
    present = codes >= 0
    partners = np.where(present, sums[:, None] - scores[0][codes], 0) / (coders - 1)[:, None]
    met = _per_category(counted, partners) / total
    pi = _per_category(counted, np.ones(codes.shape)) / total
    slope = 4 * pi * (observed / expected * (scores[0] - mean)) - 4 * (pi * scores[0] - met)
    slope /= expected
    moved = np.cumsum(slope[::-1])[::-1] - slope / 2
    through_ranks = (_sums(moved[None], counted)[0][0] - float(pi @ moved) * coders) * (units / total)
    return Kernel(value, influence + through_ranks, influence)


def _values(counted: Tally) -> _Scores:
    middle = counted.categories.mean()
    reach = np.abs(counted.categories - middle).max()
    scores = ((counted.categories - middle) / reach)[None]
    return lambda weights: scores


def _midranks(counted: Tally) -> _Scores:
    counts = counted.counts

    def ranks(weights: FloatArray) -> FloatArray:
        margins = weights @ counts
        made: FloatArray = (np.cumsum(margins, axis=1) - margins / 2) / margins.sum(axis=1, keepdims=True)
        return made

    return ranks


def _sums(scores: FloatArray, counted: Tally) -> tuple[FloatArray, FloatArray]:
    """Sums of the scores (b, q) over each distinct row, and of their squares: (b, p) twice."""
    # A missing code is -1, the last place, where a score of 0 stands.
    padded = np.concatenate([scores, np.zeros((len(scores), 1))], axis=1)
    sums = np.zeros((len(scores), len(counted.codes)))
    squares = np.zeros_like(sums)
    for column in counted.codes.T:
        each = padded[:, column]
        sums += each
        squares += each * each
    return sums, squares


def _per_category(counted: Tally, each: FloatArray) -> FloatArray:
    """Sum numbers of codes (p, r) over all units that show them, by category."""
    present = counted.codes >= 0
    weights = np.broadcast_to(counted.frequency[:, None], present.shape) * each
    return np.bincount(
        counted.codes[present], weights=weights[present], minlength=len(counted.categories)
    ).astype(float)


def _alpha(observed: FloatArray, expected: FloatArray) -> FloatArray:
    ratio = np.full(len(observed), np.nan)
    np.divide(observed, expected, out=ratio, where=expected > 0)
    return 1 - ratio
