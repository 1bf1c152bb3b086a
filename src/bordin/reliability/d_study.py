"""What another design would give: reliability by coders and sessions, and sessions that an interval needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bordin.errors import AnalysisError
from bordin.estimate import Estimate
from bordin.reliability.design import BoolArray, linked_groups
from bordin.reliability.generalized import adjusted_squares, draws_of
from bordin.reliability.reml import pattern_of, simulated
from bordin.reliability.shapes import Reliability
from bordin.reliability.variance_components import VarianceComponents, percentile_interval
from bordin.resampling import FloatArray, generators


@dataclass(frozen=True)
class Point:
    """Reliability under one design.

    Attributes
    ----------
    coders : int
        Coders a session.
    sessions : int
        Sessions a participant.
    reliability : Reliability
        Of the mean over both.
    """

    coders: int
    sessions: int
    reliability: Reliability


@dataclass(frozen=True)
class Plan:
    """How many more double-coded sessions bring an interval to a wished width.

    Attributes
    ----------
    more : int or None
        Sessions to code by a second coder beyond those that have one; None when no number up to the largest
        that was tried is enough.
    width : float
        Median width of the interval in the simulated studies with `more` sessions; without them, with the
        largest number that was tried.
    width_now : float
        The same for the design as it is.
    """

    more: int | None
    width: float
    width_now: float


def d_study(
    components: VarianceComponents,
    *,
    coders: Sequence[int] = (1, 2, 3, 4, 5),
    sessions: Sequence[int] = (1,),
    agreement: bool = True,
    participants: VarianceComponents | None = None,
) -> tuple[Point, ...]:
    """Reliability as a function of coders per session and sessions per participant.

    Parameters
    ----------
    components : VarianceComponents
        Of sessions and coders.
    coders, sessions : sequence of int
        Designs to look at, each with each.
    agreement : bool
        Whether coders' levels count as error (other coders in each session); else consistency.
    participants : VarianceComponents, optional
        One-way components of the session scores, participants as rows and their sessions as columns:
        ``variance_components(scores, one_way=True)``. Needed for more than one session, and then the value
        is the reliability of participants' means; without it, that of single sessions.

    Returns
    -------
    tuple of Point
        With p the variance between participants and s that between sessions, p / (p + (s - p) / m + r / (m k)
        + e / (m k)); without `participants`, s / (s + r / k + e / k); r is left out for consistency.

    Raises
    ------
    AnalysisError
        When a number is below 1, or more than one session is asked for without `participants`.

    References
    ----------
    Brennan (2001), Generalizability Theory, doi:10.1007/978-1-4757-3456-0.

    Notes
    -----
    The draws of participants and of coders are combined as if independent.
    """
    for name, numbers in (("coders", coders), ("sessions", sessions)):
        if min(numbers, default=0) < 1:
            raise AnalysisError(f"{name}: {list(numbers)}. Give whole numbers of 1 or more.")
    if participants is None and set(sessions) != {1}:
        raise AnalysisError(
            "Sessions per participant need the variance between participants: give `participants`, the one-way "
            "components of the session scores."
        )
    return tuple(
        Point(k, m, _projected(components, participants, k, m, agreement)) for m in sessions for k in coders
    )


def sessions_for_width(
    components: VarianceComponents,
    width: float,
    *,
    confounded: float = 1.0,
    at_most: int = 400,
    studies: int = 60,
    seed: int = 1,
) -> Plan:
    """Find how many more double-coded sessions bring an interval to a wished width.

    Studies are simulated from the estimated components: sessions with one coder get a second one first, in
    turn; then new sessions with two coders are added. The width is the median of the generalized intervals.

    Parameters
    ----------
    components : VarianceComponents
    width : float
        Wished width, between 0 and 1.
    confounded : float
        1 for ICC(A,1), 0 for ICC(C,1).
    at_most : int
        Largest number of further sessions to try.
    studies : int
        Simulated studies a number; with 60 the median is off by a few hundredths at most.
    seed : int

    Returns
    -------
    Plan
        `more` is None where few coders set a floor to the width of absolute agreement: train more coders.

    Raises
    ------
    AnalysisError
        When the width is out of range or the components are undefined or hold no residual.
    """
    if not 0 < width < 1:
        raise AnalysisError(f"width: {width} is not between 0 and 1.")
    variances = np.array(components.values)
    if variances[2] == 0:
        raise AnalysisError("The coders agree perfectly; there is no width to plan for.")
    coded = components.design.coded

    def expected(more: int) -> float:
        wider = with_second_coder(coded, more)
        return _median_width(wider, variances, confounded, components.level, studies, seed)

    now = expected(0)
    if now <= width:
        return Plan(0, now, now)
    low, high, reached = 0, 1, expected(1)
    while reached > width:
        if high >= at_most:
            return Plan(None, reached, now)
        low, high = high, min(2 * high, at_most)
        reached = expected(high)
    while high - low > 1:
        middle = (low + high) // 2
        tried = expected(middle)
        if tried <= width:
            high, reached = middle, tried
        else:
            low = middle
    return Plan(high, reached, now)


def with_second_coder(coded: BoolArray, more: int) -> BoolArray:
    """Let a second coder code `more` sessions: first those with one coder, then new ones.

    Parameters
    ----------
    coded : ndarray of bool (n_sessions, n_coders)
    more : int

    Returns
    -------
    ndarray of bool (n, n_coders)
        The second coder is the one with the fewest double-coded sessions so far.
    """
    wider = coded.copy()
    single = np.flatnonzero(wider.sum(axis=1) == 1)[:more]
    wider = np.vstack([wider, np.zeros((more - len(single), coded.shape[1]), dtype=bool)])
    load = wider[wider.sum(axis=1) > 1].sum(axis=0)
    for session in [*single, *range(len(coded), len(wider))]:
        while wider[session].sum() < 2:
            coder = int(np.argmin(np.where(wider[session], np.inf, load)))
            wider[session, coder] = True
            load[coder] += 1
    return wider


def _projected(
    components: VarianceComponents, participants: VarianceComponents | None, k: int, m: int, agreement: bool
) -> Reliability:
    """Reliability with k coders a session and m sessions a participant."""
    name = f"ICC({'A' if agreement else 'C'},{k})" + (
        "" if participants is None else f" over {m} session" + "s" * (m > 1)
    )
    share = 1 / k if agreement else 0.0
    one = components.reliability(name, coders=k, confounded=share)
    if participants is None or one.estimate.value is None:
        return one
    if participants.undefined is not None:
        some = participants.design.n_overlapping
        reason = participants.undefined if some else "no participant has two sessions"
        return replace(one, estimate=Estimate.without_value(name, one.n_units, reason))
    value = _over_sessions(
        np.array([components.values]), np.array([participants.values]), np.array([share, 1 / k]), m
    )[0]
    size = min(len(components.draws), len(participants.draws))
    drawn = _over_sessions(components.draws[:size], participants.draws[:size], np.array([share, 1 / k]), m)
    interval = percentile_interval(drawn, float(value), components.level, components.interval)
    return replace(one, estimate=replace(one.estimate, value=float(value), interval=interval))


def _over_sessions(
    components: FloatArray, participants: FloatArray, shares: FloatArray, m: int
) -> FloatArray:
    """Reliability of participants' means from rows of components."""
    between = np.minimum(participants[:, 0], components[:, 0])
    error = components[:, 0] - between + components[:, 1:] @ shares
    whole = between + error / m
    reliability: FloatArray = np.where(whole > 0, between / np.where(whole > 0, whole, 1.0), 0.0)
    return reliability


def _median_width(
    coded: BoolArray, variances: FloatArray, confounded: float, level: float, studies: int, seed: int
) -> float:
    """Median width of the generalized interval in simulated studies of one design."""
    pattern, n_groups = pattern_of(coded), len(linked_groups((coded.T.astype(int) @ coded) > 0))
    rng_data, rng_draws = generators(seed, 2)
    sums = simulated(coded, variances, rng_data, studies)
    widths = []
    for study in range(studies):
        squares = adjusted_squares(pattern, sums.rows(np.array([study])), n_groups)
        drawn = draws_of(squares, rng_draws, 2_000)
        ratio = drawn[:, 0] / (drawn @ np.array([1.0, confounded, 1.0]))
        low, high = np.quantile(ratio, [(1 - level) / 2, (1 + level) / 2])
        widths.append(high - low)
    return float(np.median(widths))
