"""Intraclass correlations: six forms by mean squares on complete data, by components where cells are missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bordin.errors import AnalysisError, nearest
from bordin.estimate import Estimate, Interval
from bordin.reliability.design import NO_VARIANCE, Design, design_of, without_empty
from bordin.reliability.shapes import Reliability
from bordin.reliability.tally import checked_table
from bordin.reliability.variance_components import (
    VarianceComponents,
    effective_coders,
    variance_components,
    why_undefined,
)
from bordin.resampling import FloatArray, bca_limits, generators, multiplicities


class Form(NamedTuple):
    """One form of the intraclass correlation.

    Attributes
    ----------
    name : str
        By McGraw and Wong (1996).
    shrout_fleiss, spss : str
        Its names by Shrout and Fleiss (1979) and in SPSS.
    model : str
        ``"one-way"``, ``"agreement"`` or ``"consistency"``.
    mean : bool
        Whether it is for the mean of the coders rather than for one.
    """

    name: str
    shrout_fleiss: str
    spss: str
    model: str
    mean: bool


FORMS = {
    form.name: form
    for form in (
        Form("ICC(1)", "ICC(1,1)", "one-way random, single measures", "one-way", False),
        Form(
            "ICC(A,1)", "ICC(2,1)", "two-way random, absolute agreement, single measures", "agreement", False
        ),
        Form("ICC(C,1)", "ICC(3,1)", "two-way mixed, consistency, single measures", "consistency", False),
        Form("ICC(k)", "ICC(1,k)", "one-way random, average measures", "one-way", True),
        Form(
            "ICC(A,k)", "ICC(2,k)", "two-way random, absolute agreement, average measures", "agreement", True
        ),
        Form("ICC(C,k)", "ICC(3,k)", "two-way mixed, consistency, average measures", "consistency", True),
    )
}
INTERVALS = ("default", "F", "bootstrap", "generalized", "parametric bootstrap", "none")
RULES = ("Spearman-Brown", "irr")
NO_LIMITS = "no interval: its limits do not exist in data as few or as discordant as these"
# Multiplicities held at once.
_AT_ONCE = 4_000_000


class MeanSquares(NamedTuple):
    """Mean squares of a complete table; arrays of one shape.

    Attributes
    ----------
    rows, columns, error, within : ndarray
        Between sessions, between coders, residual, and within sessions.
    """

    rows: FloatArray
    columns: FloatArray
    error: FloatArray
    within: FloatArray


def icc(
    values: npt.ArrayLike,
    form: str = "ICC(A,1)",
    *,
    coders: Sequence[str] | None = None,
    level: float = 0.95,
    interval: str = "default",
    rule: str = "Spearman-Brown",
    resamples: int = 2000,
    seed: int = 1,
) -> Reliability:
    """Intraclass correlation of one form.

    Parameters
    ----------
    values : array_like (n_sessions, n_coders)
        Ratings, NaN where missing.
    form : str
        A name of :data:`FORMS`.
    coders, level, interval, rule, resamples, seed
        As in :func:`icc_forms`.

    Returns
    -------
    Reliability

    Raises
    ------
    AnalysisError
        When the form is not known, and as :func:`icc_forms` does.

    Notes
    -----
    Validated as :func:`icc_forms`.
    """
    if form not in FORMS:
        raise AnalysisError(f"form: '{form}' is not known. {nearest(form, FORMS)}")
    return icc_forms(
        values, coders=coders, level=level, interval=interval, rule=rule, resamples=resamples, seed=seed
    )[form]


def icc_forms(
    values: npt.ArrayLike,
    *,
    coders: Sequence[str] | None = None,
    level: float = 0.95,
    interval: str = "default",
    rule: str = "Spearman-Brown",
    resamples: int = 2000,
    seed: int = 1,
) -> dict[str, Reliability]:
    """All six forms of the intraclass correlation.

    On complete data they are ratios of mean squares, below 0 where coders disagree more than by chance. With
    missing cells they follow from variance components, of all ratings: no session is dropped. The forms for a
    mean are then for the harmonic mean of the numbers of coders.

    Parameters
    ----------
    values : array_like (n_sessions, n_coders)
        Ratings, NaN where missing. Empty rows and columns change nothing.
    coders : sequence of str, optional
        Names of the coders, for the notes.
    level : float
        Confidence level.
    interval : str
        ``"default"`` (F on complete data, else generalized), ``"F"``, ``"bootstrap"`` (BCa over sessions; both
        for complete data only), ``"generalized"`` or ``"parametric bootstrap"`` (both of variance components,
        also on complete data), or ``"none"``.
    rule : str
        F interval of ICC(A,k): ``"Spearman-Brown"`` steps the limits of ICC(A,1) up, which is the formula of
        McGraw and Wong; ``"irr"`` puts ICC(A,k) into the constants of the single form, as the R package
        irr does.
    resamples : int
        Of either bootstrap.
    seed : int
        Of what is drawn.

    Returns
    -------
    dict of str to Reliability
        By name, in the order of :data:`FORMS`. Undefined when all ratings are equal, and when no two
        sessions or no two coders can be compared. Some tables of few sessions that
        disagree have no F limits of absolute agreement; a note then says so.

    Raises
    ------
    AnalysisError
        When the ratings are not a table of numbers, an option is not known, or the interval does not fit.

    References
    ----------
    Shrout and Fleiss (1979), doi:10.1037/0033-2909.86.2.420; McGraw and Wong (1996),
    doi:10.1037/1082-989X.1.1.30. Components: :mod:`bordin.reliability.variance_components`.

    Notes
    -----
    The F limits of absolute agreement rest on approximate degrees of freedom: where half of the error is
    between five coders of 20 sessions they cover in 92 of 100 simulated studies, the generalized ones in 95
    (``benchmarks/icc_coverage.py``).

    Validated against R psych 2.2.9 (Spearman-Brown) and irr 0.84.1 (irr) on
    ``tests/reference/reliability/icc_complete.json``, and lme4 1.1-31 on ``icc_components.json``.
    """
    _check(level, interval, rule, resamples)
    design = design_of(values, coders)
    table = without_empty(checked_table(values))
    of_components = not design.complete or interval in ("generalized", "parametric bootstrap")
    reason = why_undefined(table, design)
    if reason is not None and (not design.complete or not design.n_overlapping or design.n_sessions < 2):
        return {name: _undefined(name, reason, design) for name in FORMS}
    if not of_components:
        return _of_mean_squares(table, design, level, interval, rule, resamples, seed)
    if interval in ("F", "bootstrap"):
        raise AnalysisError(
            f"interval: '{interval}' is for complete data, but cells are missing. Leave it out, or choose "
            "'generalized' or 'parametric bootstrap'."
        )
    kind = "generalized" if interval == "default" else interval
    draws = resamples if kind == "parametric bootstrap" else None
    two_way, one_way = (
        variance_components(
            values, coders=coders, one_way=alone, level=level, interval=kind, draws=draws, seed=seed
        )
        for alone in (False, True)
    )
    return forms_of_components(two_way, one_way)


def forms_of_components(
    two_way: VarianceComponents, one_way: VarianceComponents | None = None
) -> dict[str, Reliability]:
    """Intraclass correlations from variance components.

    Parameters
    ----------
    two_way : VarianceComponents
        With coders.
    one_way : VarianceComponents, optional
        Without; needed for ICC(1) and ICC(k).

    Returns
    -------
    dict of str to Reliability
        ICC(A,1) = s / (s + r + e), ICC(C,1) = s / (s + e); the forms for a mean divide r and e by the
        harmonic mean of the numbers of coders.
    """
    found: dict[str, Reliability] = {}
    k = effective_coders(two_way.design.coded) if two_way.design.n_values else 1.0
    said = () if two_way.design.complete else (f"k = {k:.4g}, the harmonic mean of the coders a session",)
    for form in FORMS.values():
        coders, notes = (k, said) if form.mean else (1.0, ())
        if form.model == "one-way":
            if one_way is not None:
                found[form.name] = one_way.reliability(form.name, coders=coders, notes=notes)
        else:
            share = 0.0 if form.model == "consistency" else 1 / coders
            found[form.name] = two_way.reliability(form.name, coders=coders, confounded=share, notes=notes)
    return found


def mean_squares(table: FloatArray, weights: FloatArray | None = None) -> MeanSquares:
    """Mean squares of a complete table, or of B reweighted ones.

    Parameters
    ----------
    table : ndarray (n_sessions, n_coders)
        Without missing cells.
    weights : ndarray (B, n_sessions), optional
        How often each session stands in each of B data sets; once when absent.

    Returns
    -------
    MeanSquares
        Arrays of shape (B,).
    """
    parts = _parts(table)
    return _mean_squares(parts.sum(axis=0)[None] if weights is None else weights @ parts)


def _parts(table: FloatArray) -> FloatArray:
    """What each session adds to the sums: itself, its squares, its squared mean, and its ratings."""
    held = table - table.mean()
    squares, means = np.einsum("sk,sk->s", held, held), held.mean(axis=1)
    return np.column_stack([np.ones(len(table)), squares, means**2, held])


def _mean_squares(sums: FloatArray) -> MeanSquares:
    """Mean squares from sums of :func:`_parts`, shape (B, 3 + n_coders)."""
    n, columns = sums[:, 0], sums[:, 3:]
    k = columns.shape[1]
    grand = columns.sum(axis=1) ** 2 / (n * k)
    # Rounding can leave a sum of squares that is 0 slightly beside it.
    nothing = 1e-13 * sums[:, 1]
    rows = k * sums[:, 2] - grand
    between = np.einsum("bk,bk->b", columns, columns) / n - grand
    within = sums[:, 1] - k * sums[:, 2]
    error = within - between
    rows, between, within, error = (
        np.where(part > nothing, part, 0.0) for part in (rows, between, within, error)
    )
    return MeanSquares(rows / (n - 1), between / (k - 1), error / ((n - 1) * (k - 1)), within / (n * (k - 1)))


def six_forms(squares: MeanSquares, n: FloatArray | float, k: int) -> FloatArray:
    """Six intraclass correlations, in the order of :data:`FORMS`.

    Parameters
    ----------
    squares : MeanSquares
        Arrays of shape (B,).
    n : float or ndarray (B,)
        Sessions.
    k : int
        Coders.

    Returns
    -------
    ndarray (B, 6)
        NaN where a form is undefined.
    """
    rows, columns, error, within = squares
    one_way, two_way, coder = rows - within, rows - error, columns - error
    above = np.stack([one_way, two_way, two_way, one_way, two_way, two_way], axis=1)
    below = np.stack(
        [
            rows + (k - 1) * within,
            rows + (k - 1) * error + k * coder / n,
            rows + (k - 1) * error,
            rows,
            rows + coder / n,
            rows,
        ],
        axis=1,
    )
    # What is 0 but for rounding is no variance.
    size = (rows + columns + error + within)[:, None]
    defined = below > 1e-12 * size
    forms: FloatArray = np.where(defined, above / np.where(defined, below, 1.0), np.nan)
    return forms


def resampled_forms(table: FloatArray, resamples: int, seed: int) -> FloatArray:
    """Six forms on bootstrap samples of sessions, as products of multiplicities with sums.

    Parameters
    ----------
    table : ndarray (n_sessions, n_coders)
        Complete.
    resamples : int
    seed : int

    Returns
    -------
    ndarray (resamples, 6)
        NaN where a resample leaves a form undefined.
    """
    n, k = table.shape
    rng = generators(seed, 1)[0]
    size = 2 * max(1, _AT_ONCE // (2 * n))
    found = []
    for start in range(0, resamples, size):
        weights = multiplicities(rng, n, min(size, resamples - start)).astype(float)
        found.append(six_forms(mean_squares(table, weights), float(n), k))
    return np.concatenate(found)


def f_intervals(squares: MeanSquares, n: int, k: int, level: float, rule: str) -> FloatArray:
    """Limits of six forms on complete data.

    Parameters
    ----------
    squares : MeanSquares
        Of one table: arrays of shape (1,).
    n, k : int
        Sessions and coders.
    level : float
    rule : str
        As in :func:`icc_forms`.

    Returns
    -------
    ndarray (6, 2)
        In the order of :data:`FORMS`; NaN where there is none, 1 where the coders agree perfectly.
    """
    rows, columns, error, within = (float(part[0]) for part in squares)
    tail = (1 - level) / 2
    one_way = _limits_of_ratio(rows, within, (n - 1, n * (k - 1)), k, tail)
    two_way = _limits_of_ratio(rows, error, (n - 1, (n - 1) * (k - 1)), k, tail)
    values = six_forms(squares, float(n), k)[0]
    single = _agreement_limits((rows, columns, error), (n, k), float(values[1]), tail)
    average = stepped_up(single, k)
    if rule == "irr":
        average = stepped_up(_agreement_limits((rows, columns, error), (n, k), float(values[4]), tail), k)
    return np.stack([one_way, single, two_way, stepped_up(one_way, k), average, stepped_up(two_way, k)])


def stepped_up(reliability: FloatArray, k: float) -> FloatArray:
    """Reliability of a mean of k by Spearman and Brown, k r / (1 + (k - 1) r)."""
    below = 1 + (k - 1) * reliability
    stepped: FloatArray = np.where(below > 0, k * reliability / np.where(below > 0, below, 1.0), np.nan)
    return stepped


def _limits_of_ratio(rows: float, within: float, df: tuple[int, int], k: int, tail: float) -> FloatArray:
    """Limits of a single-coder form that is a function of one ratio of mean squares."""
    from scipy.special import fdtri

    if within == 0:
        return np.array([1.0, 1.0])
    ratio = rows / within
    limits = np.array([ratio / fdtri(*df, 1 - tail), ratio * fdtri(*df[::-1], 1 - tail)])
    exact: FloatArray = (limits - 1) / (limits + k - 1)
    return exact


def _agreement_limits(
    squares: tuple[float, float, float], size: tuple[int, int], value: float, tail: float
) -> FloatArray:
    """Limits of ICC(A,1), with Satterthwaite's degrees of freedom at `value`."""
    from scipy.special import fdtri

    rows, columns, error = squares
    n, k = size
    none = np.array([np.nan, np.nan])
    if np.isnan(value) or value == 1:
        return none if np.isnan(value) else np.array([1.0, 1.0])
    a = k * value / (n * (1 - value))
    b = 1 + a * (n - 1)
    mixed = (a * columns) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1))
    df = (a * columns + b * error) ** 2 / mixed if mixed > 0 else 0.0
    if df <= 0 or rows == 0:
        return none
    other = k * columns + (k * n - k - n) * error
    lower, upper = fdtri(n - 1, df, 1 - tail), fdtri(df, n - 1, 1 - tail)
    # Below 0 the degrees of freedom can come so near to 0 that F has no finite limit.
    if not np.isfinite([lower, upper]).all():
        return none
    low = n * (rows - lower * error) / (lower * other + n * rows)
    high = n * (upper * rows - error) / (other + n * upper * rows)
    return np.array([low, high])


def _of_mean_squares(
    table: FloatArray, design: Design, level: float, interval: str, rule: str, resamples: int, seed: int
) -> dict[str, Reliability]:
    n, k = table.shape
    squares = mean_squares(table)
    values = six_forms(squares, float(n), k)[0]
    if interval == "bootstrap":
        replicates = resampled_forms(table, resamples, seed)
        limits = bca_limits(replicates, values, _left_out(table), level)
        low, high, names = limits.low, limits.high, [f"bootstrap {name}" for name in limits.method]
    elif interval == "none":
        low = high = np.full(6, np.nan)
        names = [""] * 6
    else:
        low, high = f_intervals(squares, n, k, level, rule).T
        names = ["F"] * 6
        names[4] = f"F, {rule}"
    found = {}
    for i, name in enumerate(FORMS):
        if np.isnan(values[i]):
            reason = NO_VARIANCE if not np.ptp(table) else _no_sessions(name)
            found[name] = _undefined(name, reason, design)
            continue
        held = None
        if not np.isnan(low[i]):
            held = Interval(min(float(low[i]), values[i]), max(float(high[i]), values[i]), level, names[i])
        said = (NO_LIMITS,) if held is None and interval != "none" else ()
        estimate = Estimate(name, float(values[i]), n, "mean squares", held, said + design.notes())
        found[name] = Reliability(estimate, n, k, design.n_values)
    return found


def _left_out(table: FloatArray) -> FloatArray:
    """Six forms with each session left out; a table of two sessions has none."""
    n, k = table.shape
    if n < 3:
        return np.full((n, 6), np.nan)
    parts = _parts(table)
    return six_forms(_mean_squares(parts.sum(axis=0) - parts), n - 1.0, k)


def _no_sessions(name: str) -> str:
    return "no variance between the means of sessions" if FORMS[name].mean else "no variance between sessions"


def _undefined(name: str, reason: str, design: Design) -> Reliability:
    estimate = Estimate.without_value(name, design.n_overlapping, reason)
    return Reliability(estimate, design.n_overlapping, design.n_meeting, design.n_values)


def _check(level: float, interval: str, rule: str, resamples: int) -> None:
    if not 0 < level < 1:
        raise AnalysisError(f"level: {level} is not between 0 and 1. Give, for example, 0.95.")
    if interval not in INTERVALS:
        raise AnalysisError(f"interval: '{interval}' is not known. {nearest(interval, INTERVALS)}")
    if rule not in RULES:
        raise AnalysisError(f"rule: '{rule}' is not known. {nearest(rule, RULES)}")
    if resamples < 100:
        raise AnalysisError(f"resamples: {resamples} are too few for an interval. Give at least 100.")
