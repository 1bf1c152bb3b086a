"""Internal consistency of a scale: Cronbach's alpha, McDonald's omega, and the items one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bordin.errors import AnalysisError, nearest
from bordin.estimate import Estimate, Interval
from bordin.reliability.covariances import correlations, covariances, pair_parts
from bordin.reliability.one_factor import LEAST_UNIQUE, fit_one_factor
from bordin.reliability.tally import checked_table
from bordin.resampling import FloatArray, bca_limits, generators, multiplicities

INTERVALS = ("default", "Feldt", "bootstrap", "none")
FITS = ("ML", "minres")
NO_VARIANCE = "no variance: all answers are equal"
# Multiplicities, or sums of pairs, held at once.
_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class ItemStatistic:
    """One item beside the rest of its scale.

    Attributes
    ----------
    item : str
    n : int
        Forms that answer it.
    mean, sd : float or None
        None without an answer; the standard deviation needs two.
    correlation_with_rest : float or None
        With the sum of the other items (corrected item-total correlation); None where one does not vary.
    alpha_without : float or None
        Cronbach's alpha of the other items; None with fewer than two of them.
    """

    item: str
    n: int
    mean: float | None
    sd: float | None
    correlation_with_rest: float | None
    alpha_without: float | None


@dataclass(frozen=True)
class OneFactorFit:
    """One common factor fitted to the items by maximum likelihood.

    Attributes
    ----------
    loadings, unique : tuple of float
        In the units of the items: loadings, and variances that are the item's own.
    chi_square : float
        Test of exact fit, n times the discrepancy.
    df : int
    p : float or None
        Of that test; None with no degrees of freedom (three items fit always).
    """

    loadings: tuple[float, ...]
    unique: tuple[float, ...]
    chi_square: float
    df: int
    p: float | None


class _Forms(NamedTuple):
    """A table of answers reduced to what the coefficients need."""

    parts: FloatArray
    n: int
    complete: bool
    notes: tuple[str, ...]
    reason: str | None

    @property
    def sums(self) -> FloatArray:
        """Sums of pairs over all forms, shape (1, 4, k, k)."""
        whole: FloatArray = self.parts.sum(axis=0)[None]
        return whole


def cronbach_alpha(
    items: npt.ArrayLike,
    *,
    level: float = 0.95,
    interval: str = "default",
    resamples: int = 2_000,
    seed: int = 1,
) -> Estimate:
    """Cronbach's alpha: k / (k - 1) times (1 - sum of the item variances / variance of the sum).

    Parameters
    ----------
    items : array_like (n_forms, n_items)
        Answers, reversed items already turned, NaN where missing. A covariance rests on the forms that answer
        both items; no form is dropped.
    level : float
        Confidence level.
    interval : str
        ``"default"`` (Feldt on complete forms, else bootstrap), ``"Feldt"`` (complete forms only),
        ``"bootstrap"`` (BCa over forms) or ``"none"``.
    resamples, seed : int
        Of the bootstrap.

    Returns
    -------
    Estimate
        Below 0 where items work against each other. Undefined with fewer than two items or forms, when no
        answer varies, and when two items were never answered by the same two people.

    Raises
    ------
    AnalysisError
        When the answers are not a table of numbers, an option is not known, or Feldt's interval is asked for
        with missing answers.

    References
    ----------
    Cronbach (1951), doi:10.1007/BF02310555; interval: Feldt (1965), doi:10.1007/BF02289499.

    Notes
    -----
    Validated against R psych 2.2.9 (`alpha`, also of incomplete forms) on ``scale_expected.json``, and pingouin
    0.7.0.
    """
    _check(level, interval, resamples)
    forms = _forms(items, fewest=2)
    name, method = "alpha (Cronbach)", "covariances"
    if forms.reason is not None:
        return Estimate.without_value(name, forms.n, forms.reason, method)
    covariance = covariances(forms.sums)
    value = float(_alpha(covariance)[0])
    notes = forms.notes + _against_the_rest(covariance[0])
    if interval == "Feldt" and not forms.complete:
        raise AnalysisError("interval: Feldt's is for complete forms. Leave it out, or choose 'bootstrap'.")
    limits: Interval | None = None
    if interval == "Feldt" or (interval == "default" and forms.complete):
        limits = _feldt(value, forms.n, covariance.shape[1], level)
    elif interval != "none":
        limits, said = _bootstrap(
            forms, lambda sums: _alpha(covariances(sums)), value, level, resamples, seed
        )
        notes += said
    return Estimate(name, value, forms.n, method, limits, notes)


def mcdonald_omega(
    items: npt.ArrayLike,
    *,
    fit: str = "ML",
    level: float = 0.95,
    interval: str = "default",
    resamples: int = 2_000,
    seed: int = 1,
) -> Estimate:
    """McDonald's omega (total) of one common factor.

    Parameters
    ----------
    items : array_like (n_forms, n_items)
        As in :func:`cronbach_alpha`; at least three items.
    fit : str
        ``"ML"``: the share of the model's variance of the sum that is the factor's, (sum of loadings)^2 /
        ((sum of loadings)^2 + sum of unique variances), in the units of the items. ``"minres"``: 1 - sum of
        unique shares / variance of the sum, of standardized items.
    level : float
        Confidence level.
    interval : str
        ``"default"`` or ``"bootstrap"`` (BCa over forms), or ``"none"``.
    resamples, seed : int
        Of the bootstrap.

    Returns
    -------
    Estimate
        Undefined as alpha is, with fewer than three items, when an item does not vary, and when covariances of
        incomplete forms contradict each other.

    Raises
    ------
    AnalysisError
        When the answers are not a table of numbers, or an option is not known.

    References
    ----------
    McDonald (1999), Test Theory: A Unified Treatment, ISBN 978-0805830750.

    Notes
    -----
    It says how reliable the sum is if one factor is behind all items; :func:`one_factor_fit` tests that.
    Validated against R lavaan 0.6-14 (`cfa`, ML) and psych 2.2.9 (`omega`, one factor, minres) on
    ``scale_expected.json``.
    """
    if fit not in FITS:
        raise AnalysisError(f"fit: '{fit}' is not known. {nearest(fit, FITS)}")
    _check(level, interval, resamples)
    if interval == "Feldt":
        raise AnalysisError("interval: Feldt's is for Cronbach's alpha. Leave it out for a bootstrap.")
    forms = _forms(items, fewest=3)
    name, method = "omega (McDonald)", f"one factor, {fit}"
    reason = forms.reason or _why_no_factor(forms.sums)
    if reason is not None:
        return Estimate.without_value(name, forms.n, reason, method)
    found, unique = _omega(forms.sums, fit)
    if np.isnan(found[0]):
        return Estimate.without_value(name, forms.n, "no one-factor solution was found", method)
    value, notes = float(found[0]), forms.notes
    if unique[0].min() <= LEAST_UNIQUE * 1.001:
        notes += (f"an item has next to no variance of its own (held at {LEAST_UNIQUE:g}): Heywood case",)
    limits = None
    if interval != "none":
        limits, said = _bootstrap(forms, lambda sums: _omega(sums, fit)[0], value, level, resamples, seed)
        notes += said
    return Estimate(name, value, forms.n, method, limits, notes)


def one_factor_fit(items: npt.ArrayLike) -> OneFactorFit:
    """Fit one common factor by maximum likelihood and test it.

    Parameters
    ----------
    items : array_like (n_forms, n_items)
        As in :func:`mcdonald_omega`.

    Returns
    -------
    OneFactorFit

    Raises
    ------
    AnalysisError
        When the answers are not a table of numbers or hold no one-factor solution.

    References
    ----------
    Joreskog (1967), doi:10.1007/BF02289658.

    Notes
    -----
    Variances have n in the denominator. Validated against R lavaan 0.6-14 (`cfa`) on ``scale_expected.json``.
    """
    from scipy.special import chdtrc

    forms = _forms(items, fewest=3)
    reason = forms.reason or _why_no_factor(forms.sums)
    if reason is not None:
        raise AnalysisError(f"No factor can be fitted: {reason}.")
    matrix = correlations(forms.sums)
    fitted = fit_one_factor(matrix, "ML")
    if np.isnan(fitted.misfit[0]) or np.isnan(fitted.loadings).any():
        raise AnalysisError("No one-factor solution was found. Look at the correlations of the items.")
    k = matrix.shape[1]
    variance = np.diagonal(covariances(forms.sums)[0]) * (forms.n - 1) / forms.n
    misfit = float(fitted.misfit[0] - np.linalg.slogdet(matrix[0])[1] - k)
    df = k * (k - 3) // 2
    chi = max(0.0, forms.n * misfit)
    return OneFactorFit(
        tuple((fitted.loadings[0] * np.sqrt(variance)).tolist()),
        tuple((fitted.uniqueness[0] * variance).tolist()),
        chi,
        df,
        float(chdtrc(df, chi)) if df else None,
    )


def item_statistics(items: npt.ArrayLike, names: Sequence[str] | None = None) -> tuple[ItemStatistic, ...]:
    """Describe each item beside the rest of its scale.

    Parameters
    ----------
    items : array_like (n_forms, n_items)
        As in :func:`cronbach_alpha`.
    names : sequence of str, optional
        One an item; else "item 1", "item 2" and so on.

    Returns
    -------
    tuple of ItemStatistic

    Raises
    ------
    AnalysisError
        When the answers are not a table of numbers or the names do not fit it.

    Notes
    -----
    Validated against R psych 2.2.9 (`alpha`: `item.stats`, `alpha.drop`) on ``scale_expected.json``.
    """
    table = checked_table(items)
    k = table.shape[1]
    if names is not None and len(names) != k:
        raise AnalysisError(f"{len(names)} names for {k} items. Give one an item.")
    covariance = covariances(pair_parts(table).sum(axis=0)[None])[0]
    rest = _with_rest(covariance)
    made = []
    for i in range(k):
        given = table[~np.isnan(table[:, i]), i]
        others = np.delete(np.delete(covariance, i, 0), i, 1)[None]
        without = float(_alpha(others)[0]) if k > 2 else np.nan
        made.append(
            ItemStatistic(
                names[i] if names is not None else f"item {i + 1}",
                len(given),
                float(given.mean()) if len(given) else None,
                float(given.std(ddof=1)) if len(given) > 1 else None,
                None if np.isnan(rest[i]) else float(rest[i]),
                None if np.isnan(without) else without,
            )
        )
    return tuple(made)


def _check(level: float, interval: str, resamples: int) -> None:
    if not 0 < level < 1:
        raise AnalysisError(f"level: {level} is not between 0 and 1. Give, for example, 0.95.")
    if interval not in INTERVALS:
        raise AnalysisError(f"interval: '{interval}' is not known. {nearest(interval, INTERVALS)}")
    if resamples < 1:
        raise AnalysisError(f"resamples: {resamples} is less than 1. Give, for example, 2000.")


def _forms(items: npt.ArrayLike, fewest: int) -> _Forms:
    """Reduce answers to sums of pairs, and say why nothing can be computed of them."""
    given = checked_table(items)
    table = given[~np.isnan(given).all(axis=1)]
    parts = pair_parts(table)
    n, k = table.shape
    incomplete = int(np.isnan(table).any(axis=1).sum())
    notes = (f"{incomplete} of {n} forms are incomplete; each covariance uses all that have both items",)
    reason = None
    if k < fewest:
        reason = f"{k} item{'' if k == 1 else 's'}: at least {fewest} are needed"
    elif n < 2:
        reason = "fewer than two forms"
    else:
        covariance = covariances(parts.sum(axis=0)[None])[0]
        alone = np.argwhere(np.isnan(covariance))
        if len(alone):
            reason = f"items {alone[0][0] + 1} and {alone[0][1] + 1} are not both answered on two forms"
        elif np.all(np.diagonal(covariance) == 0):
            reason = NO_VARIANCE
        elif not covariance.sum() > 0:
            reason = "the sum of the items does not vary"
    return _Forms(parts, n, not incomplete, notes if incomplete else (), reason)


def _alpha(covariance: FloatArray) -> FloatArray:
    k = covariance.shape[1]
    own, whole = np.einsum("bii->b", covariance), covariance.sum(axis=(1, 2))
    made: FloatArray = np.full(len(covariance), np.nan)
    np.divide(own, whole, out=made, where=whole > 0)
    value: FloatArray = k / (k - 1) * (1 - made)
    return value


def _omega(sums: FloatArray, fit: str) -> tuple[FloatArray, FloatArray]:
    """Omega (B,) and the unique shares (B, k)."""
    matrix = correlations(sums)
    fitted = fit_one_factor(matrix, fit)
    if fit == "minres":
        return 1 - fitted.uniqueness.sum(axis=1) / matrix.sum(axis=(1, 2)), fitted.uniqueness
    variance = np.diagonal(covariances(sums), axis1=1, axis2=2)
    common = np.sum(fitted.loadings * np.sqrt(variance), axis=1) ** 2
    own = np.sum(fitted.uniqueness * variance, axis=1)
    return common / (common + own), fitted.uniqueness


def _why_no_factor(sums: FloatArray) -> str | None:
    still = np.flatnonzero(np.diagonal(covariances(sums)[0]) == 0)
    if len(still):
        return f"item {still[0] + 1} does not vary"
    matrix = correlations(sums)[0]
    if np.isnan(matrix).any():
        return "an item does not vary among the forms that answer another one"
    if np.linalg.eigvalsh(matrix)[0] <= 1e-10:
        return "the items depend on each other exactly, or their covariances contradict each other"
    return None


def _with_rest(covariance: FloatArray) -> FloatArray:
    """Correlation of each item with the sum of the others, NaN where one does not vary."""
    own, row = np.diagonal(covariance), covariance.sum(axis=1)
    product = own * (covariance.sum() - 2 * row + own)
    made: FloatArray = np.full(len(own), np.nan)
    np.divide(row - own, np.sqrt(np.maximum(product, 0)), out=made, where=product > 0)
    return made


def _against_the_rest(covariance: FloatArray) -> tuple[str, ...]:
    against = np.flatnonzero(_with_rest(covariance) < 0) + 1
    if not len(against):
        return ()
    which = ", ".join(str(i) for i in against)
    return (f"falls as the others rise: item {which}. Was it to be reversed?",)


def _feldt(value: float, n: int, k: int, level: float) -> Interval:
    from scipy.special import fdtri

    tails = (1 + level) / 2, (1 - level) / 2
    low, high = (1 - (1 - value) * float(fdtri(n - 1, (n - 1) * (k - 1), tail)) for tail in tails)
    return Interval(low, high, level, "Feldt")


def _bootstrap(
    forms: _Forms,
    statistic: Callable[[FloatArray], FloatArray],
    value: float,
    level: float,
    resamples: int,
    seed: int,
) -> tuple[Interval | None, tuple[str, ...]]:
    """BCa limits of a function of the sums of pairs, and what is to be said of them."""
    n, shape = forms.n, forms.parts.shape[1:]
    flat = forms.parts.reshape(n, -1)
    rng = generators(seed, 1)[0]
    size = max(2, _AT_ONCE // max(flat.shape) // 2 * 2)
    replicates = []
    for start in range(0, resamples, size):
        weights = multiplicities(rng, n, min(size, resamples - start)).astype(float)
        replicates.append(statistic((weights @ flat).reshape(-1, *shape)))
    total = flat.sum(axis=0)
    left = [
        statistic((total - flat[start : start + size]).reshape(-1, *shape)) for start in range(0, n, size)
    ]
    limits = bca_limits(np.concatenate(replicates)[:, None], [value], np.concatenate(left)[:, None], level)
    lost = int(limits.degenerate[0])
    said = (f"{lost} of {resamples} resamples had no value; left out",) if lost else ()
    if str(limits.method[0]) == "none":
        return None, (*said, "no interval: no resample had a value")
    low, high = min(float(limits.low[0]), value), max(float(limits.high[0]), value)
    method = f"{limits.method[0]} bootstrap of forms, {resamples} resamples"
    return Interval(low, high, level, method), said
