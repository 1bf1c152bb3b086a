"""Variance between sessions, between coders and within, for designs with missing cells, and what follows.

Every coefficient of one coder, of a mean of coders, or of the scores really used, is one formula in the
three components; it takes its interval from the same draws as they do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from bordin.errors import AnalysisError, nearest
from bordin.estimate import Estimate, Interval
from bordin.reliability.design import NO_RATINGS, NO_VARIANCE, Design, design_of, without_empty
from bordin.reliability.generalized import Squares, adjusted_squares, draws_of
from bordin.reliability.reml import Pattern, Sums, likelihood, maximize, pattern_of, simulated, sums_of
from bordin.reliability.shapes import Reliability
from bordin.reliability.tally import checked_table
from bordin.resampling import FloatArray, generators

INTERVALS = ("generalized", "parametric bootstrap", "none")
NAMES = ("session", "coder", "residual")
_DRAWS = {"generalized": 10_000, "parametric bootstrap": 1_000, "none": 0}
# Several places to start from, lest a second maximum be taken for the first.
_STARTS = np.array([[a, b] for a in (0.03, 1.0, 30.0) for b in (0.01, 0.3, 10.0)])


@dataclass(frozen=True)
class VarianceComponents:
    """Components of variance of one dimension.

    Attributes
    ----------
    session, coder, residual : Estimate
        Variances in squared units of the rating, with intervals; undefined with one and the same reason
        when the design does not hold them.
    design : Design
        Who coded what.
    estimator : str
        ``"REML"`` or, without coders, ``"REML, one-way"``.
    level : float
        Confidence level of every interval.
    interval : str
        ``"generalized"``, ``"parametric bootstrap"`` or ``"none"``.
    draws : ndarray (B, 3)
        What the intervals are read from; no rows when there are none.
    """

    session: Estimate
    coder: Estimate
    residual: Estimate
    design: Design = field(repr=False, compare=False)
    estimator: str
    level: float
    interval: str
    draws: FloatArray = field(repr=False, compare=False)

    @property
    def undefined(self) -> str | None:
        """Why there are no components, or None."""
        return self.residual.undefined

    @property
    def values(self) -> tuple[float, float, float]:
        """Session, coder and residual variance.

        Raises
        ------
        AnalysisError
            When they are undefined.
        """
        session, coder, residual = self.session.value, self.coder.value, self.residual.value
        if session is None or coder is None or residual is None:
            raise AnalysisError(f"There are no variance components: {self.undefined}.")
        return session, coder, residual

    def reliability(
        self, name: str, *, coders: float = 1.0, confounded: float = 1.0, notes: tuple[str, ...] = ()
    ) -> Reliability:
        """Reliability of a score as session / (session + confounded x coder + residual / coders).

        Parameters
        ----------
        name : str
            Name of the estimate.
        coders : float
            Coders that a score is the mean of; the harmonic mean where it varies.
        confounded : float
            Share of the coder variance that stands between the scores of two sessions: 1 for one coder a
            session and absolute agreement, 0 for consistency, 1 / coders for a mean of other coders in each
            session (see :func:`coder_share` for a given assignment).
        notes : tuple of str
            Said beside the value.

        Returns
        -------
        Reliability
            Its interval is the percentile interval of the draws, widened to hold the value where it must.

        Raises
        ------
        AnalysisError
            When `coders` is not positive or `confounded` not between 0 and 1.
        """
        if not coders > 0:
            raise AnalysisError(f"coders: {coders} is not above 0.")
        if not 0 <= confounded <= 1:
            raise AnalysisError(f"confounded: {confounded} is not between 0 and 1.")
        value, reason = None, self.undefined
        if reason is None:
            session, coder, residual = self.values
            whole = session + confounded * coder + residual / coders
            reason = None if whole > 0 else "no variance but between coders"
            value = session / whole if whole > 0 else None
        n = self.design.n_overlapping
        if value is None:
            estimate = Estimate.without_value(name, n, reason or NO_VARIANCE, self.estimator)
        else:
            drawn = self.draws[:, 0] / (self.draws @ np.array([1.0, confounded, 1 / coders]))
            interval = percentile_interval(drawn, value, self.level, self.interval)
            said = self.residual.notes + notes
            estimate = Estimate(name, value, n, self.estimator, interval, said)
        design = self.design
        return Reliability(estimate, n, design.n_meeting, design.n_values)


def variance_components(
    values: npt.ArrayLike,
    *,
    coders: Sequence[str] | None = None,
    one_way: bool = False,
    level: float = 0.95,
    interval: str = "generalized",
    draws: int | None = None,
    seed: int = 1,
) -> VarianceComponents:
    """Fit rating = mean + session + coder + residual by restricted maximum likelihood, cells missing at will.

    Parameters
    ----------
    values : array_like (n_sessions, n_coders)
        Ratings, NaN where missing; nothing is dropped but empty rows and columns.
    coders : sequence of str, optional
        Names of the coders, for the notes.
    one_way : bool
        Leave the coder variance in the residual, as when it is not known who coded.
    level : float
        Confidence level.
    interval : str
        ``"generalized"`` (default), ``"parametric bootstrap"`` (percentiles; too narrow with few coders) or
        ``"none"``.
    draws : int, optional
        10,000 generalized draws, or 1,000 replicates, unless said otherwise.
    seed : int
        Of the draws.

    Returns
    -------
    VarianceComponents

    Raises
    ------
    AnalysisError
        When the ratings are not a table of numbers, or an option is not allowed.

    References
    ----------
    Likelihood: Patterson and Thompson (1971), doi:10.1093/biomet/58.3.545. Intervals: Weerahandi (1993),
    doi:10.1080/01621459.1993.10476355, on the adjusted sums of squares of each factor.

    Notes
    -----
    Coverage of the intervals is simulated in ``benchmarks/icc_coverage.py``. When sessions and coders explain
    every rating exactly, the components are the variances of the effects, and intervals are generalized.

    Validated against R lme4 1.1-31 (`lmer`) on ``tests/reference/reliability/icc_components.json``.
    """
    _check(level, interval, draws)
    table = without_empty(checked_table(values))
    design = design_of(values, coders)
    estimator = "REML, one-way" if one_way else "REML"
    reason = why_undefined(table, design, one_way)
    if reason is not None:
        session, coder, residual = (
            Estimate.without_value(name, design.n_overlapping, reason, estimator) for name in NAMES
        )
        none = np.zeros((0, 3))
        return VarianceComponents(session, coder, residual, design, estimator, level, interval, none)
    # Ratings in units of their spread, so that no tolerance depends on the scale.
    scale = float(np.nanstd(table))
    cells = np.where(design.coded, table, 0.0)[None] / scale
    pattern, sums = pattern_of(design.coded), sums_of(design.coded, cells)
    if one_way:
        pattern, sums = pattern.one_way(), sums.one_way()
    squares = adjusted_squares(pattern, sums, 1 if one_way else len(design.groups))
    fitted = _fit(pattern, sums, squares, coder=not one_way)
    kind = "generalized" if interval == "parametric bootstrap" and squares.residual == 0 else interval
    rng, size = generators(seed, 1)[0], _DRAWS[kind] if draws is None else draws
    drawn: FloatArray = np.zeros((0, 3))
    if kind == "generalized":
        drawn = draws_of(squares, rng, size)
    elif kind == "parametric bootstrap":
        drawn = bootstrap_components(design.coded, fitted, rng, size, one_way=one_way)
    fitted, drawn = fitted * scale**2, drawn * scale**2
    notes = design.notes() + _boundary_notes(fitted, one_way)
    session, coder, residual = (
        Estimate(
            name,
            value,
            design.n_overlapping,
            estimator,
            percentile_interval(drawn[:, i], value, level, kind),
            notes,
        )
        for i, (name, value) in enumerate(zip(NAMES, fitted.tolist(), strict=True))
    )
    return VarianceComponents(session, coder, residual, design, estimator, level, kind, drawn)


def bootstrap_components(
    coded: npt.NDArray[np.bool_],
    variances: FloatArray,
    rng: np.random.Generator,
    replicates: int,
    *,
    one_way: bool = False,
) -> FloatArray:
    """Simulate data sets of one design and fit them all at once.

    Parameters
    ----------
    coded : ndarray of bool (n_sessions, n_coders)
        Each session and each coder with at least one rating.
    variances : ndarray (3,)
        Session, coder and residual variance to simulate from; the residual above 0.
    rng : numpy.random.Generator
    replicates : int
    one_way : bool
        Fit without coders.

    Returns
    -------
    ndarray (replicates, 3)
        Components of each replicate.
    """
    pattern, sums = pattern_of(coded), simulated(coded, variances, rng, replicates)
    if one_way:
        pattern, sums = pattern.one_way(), sums.one_way()
    start = np.tile(np.maximum(variances[:2] / variances[2], 0.01), (replicates, 1))
    # The noise of a bootstrap is far above four digits of each fit.
    return maximize(pattern, sums, start, coder=not one_way, tolerance=1e-5)


def percentile_interval(drawn: FloatArray, value: float, level: float, kind: str) -> Interval | None:
    """Percentile interval of draws, widened to hold the value, which can stand at the boundary.

    Parameters
    ----------
    drawn : ndarray (B,)
    value : float
    level : float
    kind : str
        Name of the method.

    Returns
    -------
    Interval or None
        None without draws.
    """
    if not drawn.size:
        return None
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Interval(min(float(low), value), max(float(high), value), level, kind)


def effective_coders(scored: npt.ArrayLike) -> float:
    """Harmonic mean of the number of coders whose mean is the score of a session.

    Parameters
    ----------
    scored : array_like of bool (n_sessions, n_coders)
        Ratings that enter the score; sessions without one are left out.

    Returns
    -------
    float

    Raises
    ------
    AnalysisError
        When no rating enters a score.

    References
    ----------
    Ten Hove, Jorgensen and van der Ark (2024), doi:10.1037/met0000516.
    """
    per_session = _scored(scored).sum(axis=1)
    return float(len(per_session) / np.sum(1 / per_session))


def coder_share(scored: npt.ArrayLike) -> float:
    """Share of the coder variance that stands between the scores of sessions, for who coded what.

    Parameters
    ----------
    scored : array_like of bool (n_sessions, n_coders)
        Ratings that enter the score; sessions without one are left out.

    Returns
    -------
    float
        0 when the same coders scored every session, 1 / k when no two sessions share one of k coders.

    Raises
    ------
    AnalysisError
        When no rating enters a score.

    References
    ----------
    The multiplier q of Putka, Le, McCloy and Diaz (2008), doi:10.1037/0021-9010.93.5.959.
    """
    kept = _scored(scored)
    n = len(kept)
    weight = kept / kept.sum(axis=1, keepdims=True)
    own = float(np.sum(weight**2))
    if n < 2:
        return own
    shared = float(np.sum(weight.sum(axis=0) ** 2)) - own
    return max(0.0, own / n - shared / (n * (n - 1)))


def score_reliability(components: VarianceComponents, scored: npt.ArrayLike) -> Reliability:
    """Reliability of the scores really used: of one designated coder, or of a mean whose coders vary.

    Parameters
    ----------
    components : VarianceComponents
    scored : array_like of bool (n_sessions, n_coders)
        Ratings that enter the score of each session: one a session for a designated coder.

    Returns
    -------
    Reliability
        ``ICC(Q,1)`` when one coder scored each session, else ``ICC(Q,k)``: session / (session + q coder +
        residual / k) with k of :func:`effective_coders` and q of :func:`coder_share`. It is the squared
        correlation of the scores with true scores that this assignment of coders leads one to expect.

    Raises
    ------
    AnalysisError
        When no rating enters a score.

    References
    ----------
    Putka, Le, McCloy and Diaz (2008), doi:10.1037/0021-9010.93.5.959; ten Hove, Jorgensen and van der Ark
    (2024), doi:10.1037/met0000516.
    """
    k, q = effective_coders(scored), coder_share(scored)
    most = int(_scored(scored).sum(axis=1).max())
    name = "ICC(Q,1)" if most == 1 else "ICC(Q,k)"
    notes = (f"k = {k:.4g} coders a score (harmonic mean), q = {q:.4g} of the coder variance between scores",)
    return components.reliability(name, coders=k, confounded=q, notes=notes)


def why_undefined(table: FloatArray, design: Design, one_way: bool = False) -> str | None:
    """Return why ratings hold no components of variance, or None."""
    if not table.size:
        return NO_RATINGS
    if not design.n_overlapping:
        return "no session has two coders"
    if design.n_sessions < 2:
        return "only one session was coded"
    if np.nanmax(table) == np.nanmin(table):
        return NO_VARIANCE
    if not one_way and design.residual_df < 1:
        return "too few sessions with two coders: sessions and coders alone explain every rating"
    return None


def _check(level: float, interval: str, draws: int | None) -> None:
    if not 0 < level < 1:
        raise AnalysisError(f"level: {level} is not between 0 and 1. Give, for example, 0.95.")
    if interval not in INTERVALS:
        raise AnalysisError(f"interval: '{interval}' is not known. {nearest(interval, INTERVALS)}")
    if draws is not None and draws < 100:
        raise AnalysisError(f"draws: {draws} are too few for an interval. Give at least 100.")


def _fit(pattern: Pattern, sums: Sums, squares: Squares, *, coder: bool) -> FloatArray:
    """Components of one data set; of the estimated effects when nothing is left over."""
    if squares.residual == 0:
        effects = [
            squares.effects[part] / squares.degrees[part] if squares.degrees[part] else 0.0 for part in (0, 1)
        ]
        return np.array([*effects, 0.0])
    tried = sums.rows(np.zeros(len(_STARTS), dtype=int))
    fits = maximize(pattern, tried, _STARTS.copy(), coder=coder)
    deviance = likelihood(pattern, tried, fits[:, :2] / fits[:, 2:]).deviance
    best: FloatArray = fits[int(np.argmin(deviance))]
    return best


def _boundary_notes(fitted: FloatArray, one_way: bool) -> tuple[str, ...]:
    said = []
    if fitted[2] == 0:
        said.append("sessions and coders explain every rating exactly")
    if fitted[1] == 0 and not one_way:
        said.append("coder variance estimated as 0")
    if fitted[0] == 0:
        said.append("variance between sessions estimated as 0")
    return tuple(said)


def _scored(scored: npt.ArrayLike) -> FloatArray:
    kept = np.asarray(scored, dtype=bool)
    if kept.ndim != 2 or not kept.any():
        raise AnalysisError("No rating enters a score. Mark them in a table of sessions by coders.")
    chosen: FloatArray = kept[kept.any(axis=1)].astype(float)
    return chosen
