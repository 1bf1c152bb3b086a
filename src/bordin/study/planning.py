"""What a planned study can and cannot show: power, precision, and the numbers that are needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from math import ceil, sqrt
from statistics import NormalDist

import numpy as np

from bordin.association import cases_for_correlation
from bordin.association.distributions import normal_quantile
from bordin.association.fisher import fisher_interval, interval_method
from bordin.association.planned_design import Design, latent_correlations
from bordin.association.power import Simulated, simulate
from bordin.estimate import Estimate, Interval
from bordin.study.planned_numbers import ClosedForms, closed_forms, weakened_truths
from bordin.study.planned_study import PlannedStudy
from bordin.study.planned_verdicts import Flags, adjustment_of, supported

Tell = Callable[[str], None]

LARGEST_N = 800
_POINTS_OF_CURVE = 6
_MORE_POINTS = 3
_FEWEST = 150
_NEAR = 0.05
_GAIN = 0.02


@dataclass(frozen=True)
class PlannedCell:
    """What a plan says of one cell.

    Attributes
    ----------
    row, column : str
    truth : float
        Planned true value.
    observed : float or None
        Mean of the simulated values: what is left of it after unreliability and ties.
    n : float
        Mean number of pairs (less one for each further therapist).
    power : Estimate or None
        Share of simulations with p below alpha, unadjusted, and the sign of the true value; None
        where the true value is 0.
    below_alpha : Estimate
        Share of simulations with p below alpha, whatever the sign.
    low, high : float or None
        Interval that one would print at the mean observed value and n.
    """

    row: str
    column: str
    truth: float
    observed: float | None
    n: float
    power: Estimate | None
    below_alpha: Estimate
    low: float | None
    high: float | None


@dataclass(frozen=True)
class HypothesisPower:
    """Power of one hypothesis, or of all together.

    Attributes
    ----------
    id, sentence, expect : str
    adjustment : str
        How its tests are adjusted.
    power : Estimate
        Share of simulations in which it is supported, with Wilson's interval.
    cases : int or None
        Participants for the wished power, read off the simulated curve; None when no point of the
        curve reaches it.
    """

    id: str
    sentence: str
    expect: str
    adjustment: str
    power: Estimate
    cases: int | None = None


@dataclass(frozen=True)
class CurvePoint:
    """Power at one number of participants.

    Attributes
    ----------
    n : int
    simulations : int
    powers : tuple of float
        Of each hypothesis, in their order.
    all : float
        Of all hypotheses together.
    """

    n: int
    simulations: int
    powers: tuple[float, ...]
    all: float


@dataclass(frozen=True)
class Plan:
    """The answers to a plan's questions.

    Attributes
    ----------
    planned : PlannedStudy
    wished_power, wished_width : float
    simulations, seed : int
    cells : tuple of PlannedCell
    hypotheses : tuple of HypothesisPower
    all : HypothesisPower or None
        All hypotheses together; None when there is none.
    supported : float or None
        Mean number of hypotheses that are supported.
    false_positive : Estimate or None
        Share of simulations in which a tested cell with a true value of 0 is below alpha after
        adjustment; None when there is no such cell.
    curve : tuple of CurvePoint
        By rising n.
    closed : ClosedForms
    within : tuple of float
        What rows, and columns, were taken to correlate with each other.
    notes : tuple of str
    """

    planned: PlannedStudy
    wished_power: float
    wished_width: float
    simulations: int
    seed: int
    cells: tuple[PlannedCell, ...]
    hypotheses: tuple[HypothesisPower, ...]
    all: HypothesisPower | None
    supported: float | None
    false_positive: Estimate | None
    curve: tuple[CurvePoint, ...]
    closed: ClosedForms
    within: tuple[float, float]
    notes: tuple[str, ...]


def make_plan(
    planned: PlannedStudy,
    *,
    power: float = 0.8,
    width: float = 0.4,
    simulations: int = 1000,
    seed: int = 1,
    executor: Executor | None = None,
    tell: Tell | None = None,
) -> Plan:
    """Answer what a planned study can show.

    Parameters
    ----------
    planned : PlannedStudy
    power : float
        Wished power.
    width : float
        Wished width of an interval, from limit to limit.
    simulations : int
        Simulated studies at the planned n; the further points of the curve have a quarter of it, at
        least 150.
    seed : int
    executor : concurrent.futures.Executor, optional
        Where simulations run; the numbers are the same for any number of processes.
    tell : callable, optional
        Told each step.

    Returns
    -------
    Plan

    Raises
    ------
    AnalysisError
        When the wishes or the design are out of range.
    """
    design, say = planned.design, tell or (lambda _: None)
    closed = closed_forms(planned, power, width)

    def made_at(n: int, count: int) -> Simulated:
        started = f"{count:,} simulated studies of {n} participants"
        return simulate(
            replace(design, n=n),
            count,
            seed=seed,
            executor=executor,
            tell=lambda done: say(f"{started}: {done:,}"),
        )

    simulated = made_at(design.n, simulations)
    verdicts = supported(planned, simulated)
    curve = _curve(planned, closed, _point(design.n, verdicts), power, made_at) if planned.hypotheses else ()
    families = design.families
    return Plan(
        planned=planned,
        wished_power=power,
        wished_width=width,
        simulations=simulations,
        seed=seed,
        cells=_cells(planned, simulated),
        hypotheses=tuple(
            HypothesisPower(
                h.id,
                h.sentence,
                h.expect,
                adjustment_of(families[h.family].adjustment, h),
                share(verdicts[:, k]),
                cases_on_curve(curve, [p.powers[k] for p in curve], power),
            )
            for k, h in enumerate(planned.hypotheses)
        ),
        all=_all(verdicts, curve, power) if planned.hypotheses else None,
        supported=float(verdicts.sum(axis=1).mean()) if planned.hypotheses else None,
        false_positive=_false_positive(planned, simulated),
        curve=curve,
        closed=closed,
        within=_within(design),
        notes=(*planned.notes, *_notes(planned)),
    )


def _curve(
    planned: PlannedStudy,
    closed: ClosedForms,
    start: CurvePoint,
    power: float,
    made_at: Callable[[int, int], Simulated],
) -> tuple[CurvePoint, ...]:
    """Simulate other numbers of participants, and larger ones while these still help all hypotheses."""
    points, fewer = [start], max(_FEWEST, start.simulations // 4)

    def add(n: int) -> None:
        points.append(_point(n, supported(planned, made_at(n, fewer))))
        points.sort(key=lambda p: p.n)

    for n in _numbers(planned, closed, power):
        add(n)
    for _ in range(_MORE_POINTS):
        before, largest = points[-2:]
        if largest.all >= power or largest.n >= LARGEST_N or largest.all < before.all + _GAIN:
            break
        add(min(LARGEST_N, ceil(1.6 * largest.n)))
    return tuple(points)


def share(flags: Flags) -> Estimate:
    """Return the share that is true with Wilson's 95 percent interval (Wilson 1927)."""
    n, value = len(flags), float(np.mean(flags))
    z = normal_quantile(0.975)
    middle = (value + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(value * (1 - value) / n + z * z / (4 * n * n))
    limits = Interval(max(0.0, middle - half), min(1.0, middle + half), 0.95, "Wilson")
    return Estimate("power", value, n, "share of simulated studies", limits)


def cases_on_curve(points: Sequence[CurvePoint], powers: Sequence[float], power: float) -> int | None:
    """Read off the smallest n with a wished power, from simulated points.

    Parameters
    ----------
    points : sequence of CurvePoint
        By rising n.
    powers : sequence of float
        The power at each, of one hypothesis.
    power : float

    Returns
    -------
    int or None
        None when no point reaches it; the first n when that is above already. Between the last point
        below and the first above a line is fitted to the normal quantiles of the power over the root
        of n, through these two and the next on either side; power of one test is nearly such a line.
    """
    above = [k for k, value in enumerate(powers) if value >= power]
    if not above:
        return None
    first = above[0]
    if first == 0:
        return points[0].n
    near = range(max(first - 2, 0), min(first + 2, len(points)))
    smallest = [0.5 / points[k].simulations for k in near]
    kept = np.clip([powers[k] for k in near], smallest, 1 - np.array(smallest))
    normal = NormalDist()
    quantiles = np.array([normal.inv_cdf(float(v)) for v in kept])
    density = np.array([normal.pdf(q) for q in quantiles])
    # Each point weighs by the inverse of its standard error on this scale.
    weights = density * np.sqrt([points[k].simulations for k in near] / (kept * (1 - kept)))
    roots = np.sqrt([points[k].n for k in near])
    slope, start = np.polyfit(roots, quantiles, 1, w=weights)
    low, high = points[first - 1].n, points[first].n
    if slope <= 0:
        return high
    root = max(0.0, (normal.inv_cdf(power) - float(start)) / float(slope))
    return int(min(max(ceil(root * root), low), high))


def _numbers(planned: PlannedStudy, closed: ClosedForms, power: float) -> list[int]:
    """Choose the further n of the curve, around the planned one and those that formulas ask for."""
    design = planned.design
    wanted = [design.n]
    if closed.rho is not None:
        alpha = design.alpha / closed.tests
        wanted.append(cases_for_correlation(closed.rho, power=power, alpha=alpha))
    if closed.cases_for_equivalence is not None and any(h.expect == "negligible" for h in planned.hypotheses):
        wanted.append(closed.cases_for_equivalence)
    least = max(10, design.therapists + 4, round(0.5 * min(wanted)))
    most = max(min(LARGEST_N, round(1.3 * max(wanted))), 2 * least)
    chosen = {round(n) for n in np.geomspace(least, most, _POINTS_OF_CURVE)}
    return sorted(m for m in chosen if abs(m - design.n) > _NEAR * design.n)


def _point(n: int, verdicts: Flags) -> CurvePoint:
    powers = tuple(float(v) for v in verdicts.mean(axis=0))
    return CurvePoint(n, len(verdicts), powers, float(verdicts.all(axis=1).mean()))


def _all(verdicts: Flags, curve: Sequence[CurvePoint], power: float) -> HypothesisPower:
    return HypothesisPower(
        "all",
        "all hypotheses are supported",
        "all",
        "",
        share(np.asarray(verdicts.all(axis=1))),
        cases_on_curve(curve, [p.all for p in curve], power),
    )


def _cells(planned: PlannedStudy, simulated: Simulated) -> tuple[PlannedCell, ...]:
    design = planned.design
    made = []
    for i, row in enumerate(planned.rows):
        for j, column in enumerate(planned.columns):
            r, p, truth = simulated.r[:, i, j], simulated.p[:, i, j], design.truth[i][j]
            known = r[~np.isnan(r)]
            below = p < design.alpha
            mean, n = float(known.mean()) if known.size else None, float(simulated.n[:, i, j].mean())
            limits = None
            if mean is not None:
                kind = design.coefficient
                method = interval_method(kind, planned.interval)
                limits = fisher_interval(kind, method, mean, round(n), planned.level)
            made.append(
                PlannedCell(
                    row,
                    column,
                    truth,
                    mean,
                    n,
                    share(below & (np.sign(r) == np.sign(truth))) if truth != 0 else None,
                    share(below),
                    None if limits is None else limits.low,
                    None if limits is None else limits.high,
                )
            )
    return tuple(made)


def _false_positive(planned: PlannedStudy, simulated: Simulated) -> Estimate | None:
    """Share of studies in which some tested cell without an effect is below alpha, adjusted."""
    truth = np.array(planned.design.truth)
    found, any_null = np.zeros(len(simulated), dtype=bool), False
    for family, p in zip(planned.design.families, simulated.adjusted, strict=True):
        null = [k for k, (i, j) in enumerate(family.cells) if truth[i, j] == 0]
        any_null |= bool(null)
        found |= np.any(p[:, null] < planned.design.alpha, axis=1)
    return share(found) if any_null else None


def _within(design: Design) -> tuple[float, float]:
    """Mean size of the correlations of the rows, and of the columns, with each other in the simulation."""
    matrix, kx = np.abs(latent_correlations(design)), design.shape[0]
    means = []
    for block, planned in ((matrix[:kx, :kx], design.x.within), (matrix[kx:, kx:], design.y.within)):
        apart = block[np.triu_indices(len(block), 1)]
        means.append(float(apart.mean()) if apart.size else planned)
    return means[0], means[1]


def _notes(planned: PlannedStudy) -> tuple[str, ...]:
    design = planned.design
    notes = []
    for side, name, used in zip((design.x, design.y), ("rows", "columns"), _within(design), strict=True):
        if abs(used - side.within) > 0.005:
            notes.append(
                f"true values as planned ask that the {name} correlate otherwise with each other than the "
                f"planned {side.within:g}: the simulation took the nearest that is possible"
            )
    if (
        planned.rejects
        and planned.sesoi is not None
        and min(weakened_truths(planned), default=1) <= planned.sesoi
    ):
        notes.append(
            "a true value that is no larger than the smallest effect of interest (after unreliability) is rejected "
            "as too small by large samples, so more participants do not always give more power; plan with a larger "
            "true value, or declare a smaller effect of interest"
        )
    if design.therapists > 1:
        notes.append(
            f"{design.therapists} therapists are taken out of every test, at the cost of {design.therapists - 1} "
            "degrees of freedom"
        )
    if design.sessions > 1 and min(*design.x.reliability, *design.y.reliability) == 1:
        notes.append("more sessions add nothing where one score is taken to be without error")
    return tuple(notes)
