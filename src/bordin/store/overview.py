"""Reliability and coder charts from locked ratings, as they arrive.

Every number comes from :mod:`bordin.reliability`, with the settings that the report uses, so that what the lead sees
while coding goes on is what ``bordin run`` prints from the same ratings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bordin.coding.blinding import DO_NOT_KNOW, BlindingIndex, bang_index
from bordin.coding.dimension import Dimension
from bordin.errors import AnalysisError
from bordin.estimate import Estimate
from bordin.reliability.advisor import advise
from bordin.reliability.chance import constant_chance, corrected
from bordin.reliability.criterion import Criterion, judge
from bordin.reliability.gwet import gwet_ac
from bordin.reliability.icc import forms_of_components
from bordin.reliability.kappa import conger_kappa
from bordin.reliability.krippendorff import krippendorff_alpha
from bordin.reliability.monitoring import CoderFigure, Monitoring, monitor_coders, restricted_range
from bordin.reliability.percent_agreement import percent_agreement
from bordin.reliability.rating_rows import rating_block
from bordin.reliability.shapes import Reliability
from bordin.reliability.tally import tally
from bordin.reliability.uncertainty import Rule, without_value
from bordin.reliability.variance_components import score_reliability, variance_components
from bordin.resampling import FloatArray, IntArray
from bordin.store.allocated import values_of
from bordin.store.standing import LockedRatings, Standing, rows
from bordin.study.coder_agreement import DRAWS, RESAMPLES
from bordin.study.protocol import CodingUse
from bordin.study.study import Study

# Charts of coders compare every pair of them on every session: beyond so many ratings, on a sample of the sessions.
MOST_WATCHED = 60_000
MOST_DIFFERING = 25
APART = 2.0
ALL = ""


@dataclass(frozen=True)
class Differing:
    """A session on which coders differ: who gave what."""

    session: str
    apart: float
    values: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class DimensionFigures:
    """The reliability of one dimension.

    Attributes
    ----------
    coding, id, name : str
    low, high : float
    single : Reliability
        ICC(A,1): one coder's rating, absolute agreement.
    within : Reliability
        Share of pairs of coders that differ by one point at most.
    others : tuple of Reliability
        ICC(C,1), percent agreement, kappa, alpha, AC2.
    used : Reliability
        Of the score that the protocol makes of a session's coders, and `why` it is that form.
    why : str
    criterion : Criterion or None
        ICC(A,1) held against the protocol's criterion.
    restricted : str or None
        Warning of a restricted range.
    n_sessions, n_double : int
        Sessions with a rating, and with two coders or more.
    pairs, apart : int
        Pairs of coders on a session, and those that differ by two points or more.
    differing : tuple of Differing
        Where coders differ most, among sessions that all their coders have locked.
    """

    coding: str
    id: str
    name: str
    low: float
    high: float
    single: Reliability
    within: Reliability
    others: tuple[Reliability, ...]
    used: Reliability
    why: str
    criterion: Criterion | None
    restricted: str | None
    n_sessions: int
    n_double: int
    pairs: int
    apart: int
    differing: tuple[Differing, ...]


@dataclass(frozen=True)
class Line:
    """How far a coder stands above the others, tape by tape: the coder's running number, and the deviation."""

    coder: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class CoderFigures:
    """The coders of one coding system.

    Attributes
    ----------
    coding : str
    single : Monitoring
        Leniency, spread, drift and repeat per dimension; halo.
    whole : Monitoring
        The same of the mean of all dimensions.
    lines : mapping of str to Line
        Of the mean of all dimensions.
    in_points : bool
        Whether deviations are points of the scale that all dimensions share, or else percent of each scale.
    n_sessions, of : int
        Sessions that the figures rest on, of those coded.
    unordered : frozenset of str
        Coders of whom no drift can be told.
    drawn : bool
        Whether the sessions were drawn, because comparing all would take too long.
    """

    coding: str
    single: Monitoring
    whole: Monitoring
    lines: Mapping[str, Line]
    in_points: bool
    n_sessions: int
    of: int
    unordered: frozenset[str]
    drawn: bool


@dataclass(frozen=True)
class Guessed:
    """Bang's index of what coders were asked to guess, one an arm (or another level)."""

    what: str
    indices: tuple[BlindingIndex, ...]


@dataclass(frozen=True)
class Figures:
    """All statistics of the lead's overview.

    Attributes
    ----------
    seq : int
        Last fact that they rest on.
    locked : int
        Locked ratings of tapes that they rest on.
    dimensions : tuple of DimensionFigures
    coders : tuple of CoderFigures
    guesses : tuple of Guessed
        What coders guessed of what is hidden from them; empty as long as nobody guessed.
    """

    seq: int
    locked: int
    dimensions: tuple[DimensionFigures, ...]
    coders: tuple[CoderFigures, ...]
    guesses: tuple[Guessed, ...] = ()


def compute(study: Study, standing: Standing) -> Figures:
    """Compute everything from what is locked.

    Parameters
    ----------
    study : Study
    standing : Standing
        With states and ratings read.

    Returns
    -------
    Figures
    """
    dimensions: list[DimensionFigures] = []
    coders: list[CoderFigures] = []
    locked = 0
    for use in study.protocol.coding:
        but = [name for name in (use.consensus, use.standard) if name]
        ratings = standing.locked_ratings(use.id, but=but)
        locked += len(standing.counted(use.id))
        complete = standing.complete(use.id)
        system = study.systems[use.id]
        for place, d in enumerate(system.dimensions):
            dimensions.append(_dimension(study, use, d, ratings, place, complete))
        if len(ratings.coders) > 1:
            coders.append(
                watch(ratings, system.dimensions, study.protocol.table.level, study.protocol.study.seed)
            )
    return Figures(standing.seq, locked, tuple(dimensions), tuple(coders), _guesses(study, standing))


def _guesses(study: Study, standing: Standing) -> tuple[Guessed, ...]:
    """Hold what coders guessed at lock against what is true."""
    asked = study.protocol.blinding
    if not asked.guess:
        return ()
    counting = {
        g.assignment: g
        for c in standing.dimensions
        for g in standing.counted(c)
        if g.assignment and g.reading == 1
    }
    given: dict[tuple[str, str], str] = {}
    for assignment, item, answer in rows(
        "SELECT assignment, item, reason FROM store_fact WHERE kind = 'guess' AND seq <= %s ORDER BY seq",
        [standing.seq],
    ):
        if assignment in counting:
            given[item, assignment] = answer
    found = []
    for what in asked.guess:
        true = {s: str(v) for s, v in values_of(study, what).items() if v is not None}
        arms = asked.choices.get(what) or tuple(sorted(set(true.values())))
        told = [
            (true[g.session], given[what, a], g.coder)
            for a, g in counting.items()
            if (what, a) in given and true.get(g.session) in arms and given[what, a] in (*arms, DO_NOT_KNOW)
        ]
        if told and len(arms) > 1:
            truth, guessed, coders = (list(column) for column in zip(*told, strict=True))
            level = study.protocol.table.level
            found.append(Guessed(what, bang_index(truth, guessed, arms, coders=coders, level=level)))
    return tuple(found)


def _dimension(
    study: Study, use: CodingUse, d: Dimension, ratings: LockedRatings, place: int, complete: set[str]
) -> DimensionFigures:
    seed, level = study.protocol.study.seed, study.protocol.table.level
    table = ratings.values[:, :, place]
    kept = np.isfinite(table).any(axis=1)
    table = table[kept]
    coded = np.isfinite(table)
    components = variance_components(table, coders=ratings.coders, level=level, draws=DRAWS, seed=seed)
    forms = forms_of_components(components)
    scale = (d.low, d.high) if d.step == 1 else None
    same = _or_reason("percent agreement", lambda: percent_agreement(table, scale=scale, level=level))
    others = (
        forms["ICC(C,1)"],
        same,
        _or_reason("kappa", lambda: conger_kappa(table, weights="quadratic", scale=scale, level=level)),
        _or_reason("alpha", lambda: krippendorff_alpha(table, metric="ordinal", level=level)),
        _or_reason("AC2", lambda: gwet_ac(table, weights="quadratic", scale=scale, level=level)),
    )
    same_coders = len(coded) > 0 and bool((coded == coded[0]).all())
    advice = advise(use.combine, use="relative", same_coders=same_coders)
    used = forms.get(advice.form, forms["ICC(C,1)"])
    counting = np.array(
        [use.combine != "designated" or c == use.designated for c in ratings.coders], dtype=bool
    )
    scored = coded & (counting | ratings.designated[kept])
    if scored.any() and not (same_coders and scored.sum(axis=1).max() == 1):
        used = score_reliability(components, scored)
    single = replace(forms["ICC(A,1)"], dimension=d.id)
    pairs, apart = _pairs(table)
    return DimensionFigures(
        coding=use.id,
        id=d.id,
        name=study.protocol.labels.get(f"{use.id}.{d.id}", d.name),
        low=d.low,
        high=d.high,
        single=single,
        within=within_one(table, scale, level),
        others=others,
        used=used,
        why=advice.reason,
        criterion=None if use.criterion is None else judge(single, use.criterion),
        restricted=restricted_range(same, forms["ICC(A,1)"]),
        n_sessions=len(table),
        n_double=int((coded.sum(axis=1) > 1).sum()),
        pairs=pairs,
        apart=apart,
        differing=differing(ratings, place, complete),
    )


def within_one(table: FloatArray, scale: tuple[float, float] | None, level: float) -> Reliability:
    """Return the share of pairs of coders that differ by one point at most, averaged over sessions.

    Parameters
    ----------
    table : ndarray (n_sessions, n_coders)
        NaN where missing.
    scale : tuple of float or None
        Of a scale in whole steps.
    level : float

    Returns
    -------
    Reliability
        Percent agreement in which neighbors count as equal.
    """
    name, method = "within 1", "pairs of coders, averaged over units"

    def made() -> Reliability:
        counted = tally(table, scale=scale)
        if counted.n_units == 0:
            return without_value(name, method, counted, "nothing was coded by two or more coders")
        points = counted.categories
        near = (np.abs(points[:, None] - points[None]) <= 1 + 1e-9).astype(float)
        rule = Rule("analytic", level, RESAMPLES, 1)
        return corrected(name, method, counted, near, constant_chance(counted, 0.0, low=0.0), rule)

    return _or_reason(name, made)


def _or_reason(name: str, make: Callable[[], Reliability]) -> Reliability:
    """Return a coefficient, or an undefined one that says why it cannot be had of these ratings."""
    try:
        return make()
    except AnalysisError as error:
        return Reliability(Estimate.without_value(name, 0, error.problems[0].message.rstrip(".")), 0, 0, 0)


def _pairs(table: FloatArray) -> tuple[int, int]:
    """Count pairs of coders on a session, and those that are two points apart or more."""
    pairs = apart = 0
    for i in range(table.shape[1]):
        away = np.abs(table[:, i + 1 :] - table[:, i : i + 1])
        pairs += int(np.isfinite(away).sum())
        apart += int((away >= APART).sum())
    return pairs, apart


def differing(ratings: LockedRatings, place: int, complete: set[str]) -> tuple[Differing, ...]:
    """Return the sessions on which coders differ most, the widest first; none that a coder has still to lock."""
    table = ratings.values[:, :, place]
    coded = np.isfinite(table)
    shared = np.flatnonzero(coded.sum(axis=1) > 1)
    if not len(shared):
        return ()
    held = np.where(coded, table, -np.inf).max(axis=1) - np.where(coded, table, np.inf).min(axis=1)
    widest = sorted(
        (i for i in shared if held[i] > 0 and ratings.sessions[i] in complete),
        key=lambda i: (-held[i], ratings.sessions[i]),
    )
    return tuple(
        Differing(
            ratings.sessions[i],
            float(held[i]),
            tuple((c, float(v)) for c, v in zip(ratings.coders, table[i], strict=True) if np.isfinite(v)),
        )
        for i in widest[:MOST_DIFFERING]
    )


def watch(ratings: LockedRatings, dimensions: Sequence[Dimension], level: float, seed: int) -> CoderFigures:
    """Describe each coder against the others.

    Parameters
    ----------
    ratings : LockedRatings
    dimensions : sequence of Dimension
    level : float
    seed : int
        Of the sessions drawn, where there are more ratings than can be compared in a few seconds.

    Returns
    -------
    CoderFigures
    """
    kept = _drawn(ratings, seed)
    scales = {(d.low, d.high) for d in dimensions}
    low = np.array([d.low for d in dimensions])
    unit = np.array([1.0 if len(scales) == 1 else (d.high - d.low) / 100 for d in dimensions])
    single = _monitor(_long(ratings, kept, ratings.values, ratings.again, ratings.dimensions), level)
    values, again = (_means((a - low) / unit) for a in (ratings.values, ratings.again))
    whole = _long(ratings, kept, values, again, (ALL,))
    return CoderFigures(
        coding=ratings.coding,
        single=_without_order(single, ratings.unordered),
        whole=_without_order(_monitor(whole, level), ratings.unordered),
        lines=_lines(whole),
        in_points=len(scales) == 1,
        n_sessions=len(kept),
        of=len(ratings.sessions),
        unordered=ratings.unordered,
        drawn=ratings.n_ratings > MOST_WATCHED,
    )


def _drawn(ratings: LockedRatings, seed: int) -> IntArray:
    """Return the sessions that are compared: all, or as many drawn as hold about the most that are watched."""
    n = len(ratings.sessions)
    if ratings.n_ratings <= MOST_WATCHED:
        return np.arange(n)
    rng = np.random.Generator(np.random.PCG64(seed))
    shared = np.flatnonzero(np.isfinite(ratings.values).any(axis=2).sum(axis=1) > 1)
    most = max(1, n * MOST_WATCHED // ratings.n_ratings)
    return np.sort(rng.permutation(shared)[:most])


_Long = tuple[list[str], list[str], list[str], list[float], list[float]]


def _long(
    ratings: LockedRatings,
    kept: IntArray,
    values: FloatArray,
    again: FloatArray,
    dimensions: Sequence[str],
) -> _Long:
    """Lay ratings out as session, coder, dimension, value, order."""
    made: _Long = ([], [], [], [], [])
    for table, order in ((values, ratings.order), (again, ratings.order_again)):
        among, c, d = np.nonzero(np.isfinite(table[kept]))
        s = kept[among]
        made[0].extend(ratings.sessions[i] for i in s.tolist())
        made[1].extend(ratings.coders[i] for i in c.tolist())
        made[2].extend(dimensions[i] for i in d.tolist())
        made[3].extend(table[s, c, d].tolist())
        made[4].extend(order[s, c].tolist())
    return made


def _means(table: FloatArray) -> FloatArray:
    """Return each coder's mean over dimensions, on those that every coder of the session has a number for."""
    there = np.isfinite(table)
    coders = there.any(axis=2, keepdims=True)
    whole = (there | ~coders).all(axis=1, keepdims=True) & coders
    count = whole.sum(axis=2, keepdims=True)
    total = np.where(whole, table, 0.0).sum(axis=2, keepdims=True)
    made: FloatArray = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return made


def _monitor(long: _Long, level: float) -> Monitoring:
    return monitor_coders(*long[:4], long[4], level=level, restricted=False)


def _without_order(watched: Monitoring, unordered: frozenset[str]) -> Monitoring:
    """Take drift away where nobody knows in which order a coder rated."""
    reason = "earlier ratings came without their order"

    def kept(figure: CoderFigure) -> CoderFigure:
        if figure.coder not in unordered:
            return figure
        return replace(figure, estimate=Estimate.without_value("drift", figure.estimate.n, reason))

    return replace(watched, drift=tuple(kept(f) for f in watched.drift))


def _lines(whole: _Long) -> dict[str, Line]:
    block = rating_block(*whole[:4], whole[4])
    lines = {}
    for c, coder in enumerate(block.coders):
        apart = block.deviations(c)[:, 0]
        there = np.flatnonzero(np.isfinite(apart))
        when = there if block.order is None else block.order[there, c, 0]
        points = sorted(zip(when.tolist(), apart[there].tolist(), strict=True))
        lines[coder] = Line(coder, tuple(points))
    return lines


def read(study: Study, standing: Standing) -> Figures:
    """Bring a standing up to date and compute everything from it."""
    standing.read_states()
    standing.read_ratings()
    return compute(study, standing)


def fresh(study: Study) -> Standing:
    """Return a standing that has read nothing yet."""
    dimensions = {c: [d.id for d in s.dimensions] for c, s in study.systems.items()}
    return Standing(dimensions, study.protocol.training.practice)
