"""Every coefficient that fits what was coded, for one dimension: none is chosen by its size, none averaged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from bordin.errors import AnalysisError, nearest
from bordin.estimate import Interval
from bordin.reliability.design import Design, design_of
from bordin.reliability.gwet import brennan_prediger, gwet_ac
from bordin.reliability.icc import icc_forms
from bordin.reliability.kappa import cohen_kappa, conger_kappa, fleiss_kappa
from bordin.reliability.krippendorff import LEVELS, krippendorff_alpha
from bordin.reliability.monitoring import restricted_range
from bordin.reliability.percent_agreement import percent_agreement
from bordin.reliability.shapes import Reliability
from bordin.reliability.specific import specific_agreement
from bordin.reliability.tally import checked_table
from bordin.reliability.units import CodedUnits, events, from_rows
from bordin.reliability.variance_components import VarianceComponents, variance_components
from bordin.reliability.weights import MOST_CATEGORIES, categories
from bordin.resampling import FloatArray

UNITS = ("session", "turn", "event")
ASSUMED = {
    "nominal": "names of codes, codes of turns and marks",
    "ordinal": "whole numbers",
    "interval": "numbers with decimals",
}
# More codes than this are not listed one by one.
_MOST_LISTED = 30

_Coefficient: TypeAlias = Callable[..., Reliability]


@dataclass(frozen=True)
class Agreement:
    """How far coders agree on one dimension.

    Attributes
    ----------
    dimension : str
        Empty when there is one only.
    level : str
        Level of measurement that the coefficients suppose.
    unit, rule : str
        What counts as one unit, and how units were made.
    reliabilities : tuple of Reliability
        All coefficients that fit, with their analytic intervals.
    bootstrap : tuple of Interval or None
        The bootstrap interval of each, where there is one.
    components : VarianceComponents or None
        Of numbers; None for names of codes and at the nominal level.
    n_sessions : int
        Sessions with a unit that two or more coders coded.
    warnings : tuple of str
        What a reader has to know of the dimension as a whole.
    """

    dimension: str
    level: str
    unit: str
    rule: str
    reliabilities: tuple[Reliability, ...]
    bootstrap: tuple[Interval | None, ...]
    components: VarianceComponents | None
    n_sessions: int
    warnings: tuple[str, ...]

    def __getitem__(self, name: str) -> Reliability:
        """Return the coefficient of that name.

        Raises
        ------
        AnalysisError
            When there is none; the nearest name is given.
        """
        by_name = {one.estimate.name: one for one in self.reliabilities}
        if name not in by_name:
            raise AnalysisError(f"There is no '{name}' at the {self.level} level. {nearest(name, by_name)}")
        return by_name[name]


def agree(
    coded: CodedUnits | npt.ArrayLike,
    *,
    level: str | None = None,
    scale: tuple[float, float] | None = None,
    dimension: str = "",
    confidence: float = 0.95,
    bootstrap: int = 0,
    seed: int = 1,
) -> Agreement:
    """Measure how far coders agree on one dimension.

    Parameters
    ----------
    coded : CodedUnits or array_like (n_units, n_coders)
        Codes; a plain table holds one session a row, NaN where missing.
    level : str, optional
        ``"nominal"``, ``"ordinal"``, ``"interval"`` or ``"ratio"``. When absent: nominal for names of codes, turns
        and events; else ordinal for whole numbers, interval for others; a warning says so.
    scale : tuple of float, optional
        Lowest and highest point of the scale. Weights follow it, in whole steps; measurements with decimals
        are held against it and get no weights.
    dimension : str
    confidence : float
        Level of the intervals.
    bootstrap : int
        Resamples of the bootstrap intervals; 0 for none.
    seed : int
        Of all that is drawn.

    Returns
    -------
    Agreement

    Raises
    ------
    AnalysisError
        When an option is not known, a value is not a point of the scale, or names of codes are to be ordered.

    Notes
    -----
    Coefficients by level. Nominal: percent agreement, kappa (Cohen; Conger with more than two coders), kappa
    (Fleiss), Brennan-Prediger, AC1, alpha (nominal), and specific agreement of each named code. Ordinal: the
    same with quadratic weights, AC2 (ordinal), alpha (ordinal), and the six ICCs, which take the codes as equally
    spaced. Interval and ratio: percent agreement, alpha, the ICCs; with a declared scale also the quadratic
    weights. Where cells are missing no session is dropped.
    """
    units = coded if isinstance(coded, CodedUnits) else _units_of(coded)
    table = checked_table(units.values)
    measured = _level_of(units, table) if level is None else level
    if measured not in LEVELS:
        raise AnalysisError(f"level: '{measured}' is not known. {nearest(measured, LEVELS)}")
    if units.codes and measured != "nominal":
        raise AnalysisError(
            f"level: codes with names have no order, so that they are not {measured}. Give numbers, or the level "
            "nominal."
        )
    declared = _declared(units, table, measured, scale)
    clusters, said = _clusters(units)
    design = design_of(table, units.coders)
    coefficients = _coefficients(units, table, measured, declared)
    common: dict[str, Any] = {"clusters": clusters, "level": confidence, "seed": seed}
    made = [one(table, **common) for one in coefficients]
    intervals: list[Interval | None] = [None] * len(made)
    if bootstrap:
        resampled = (one(table, interval="bootstrap", resamples=bootstrap, **common) for one in coefficients)
        intervals = [one.estimate.interval for one in resampled]
    components = None
    if measured != "nominal":
        chosen: dict[str, Any] = {"coders": units.coders, "level": confidence, "seed": seed}
        for one, interval in _correlations(table, design, measured == "ordinal", bootstrap, chosen):
            made.append(one)
            intervals.append(interval)
        components = variance_components(table, **chosen)
        said += _of_dependence(units)
    if level is None:
        said.insert(0, f"no level is declared: {ASSUMED[measured]} are taken as {measured}")
    reliabilities = tuple(replace(one, dimension=dimension, unit=units.unit) for one in made)
    said += [*_warnings(units, design, measured, declared), *_narrow(reliabilities, measured)]
    return Agreement(
        dimension,
        measured,
        units.unit,
        units.rule,
        reliabilities,
        tuple(intervals),
        components,
        _sessions(units, table),
        tuple(said),
    )


def coded_by_dimension(
    sessions: Sequence[Any],
    coders: Sequence[Any],
    values: Sequence[Any],
    *,
    dimensions: Sequence[str] | None = None,
    turns: Sequence[Any] | None = None,
    times: Sequence[float] | None = None,
    tolerance: float = 2.0,
) -> dict[str, CodedUnits]:
    """Arrange long columns, one table of units by coders for each dimension.

    Parameters
    ----------
    sessions, coders, values : sequence of length n
        Values are numbers or names of codes, None or NaN where missing; of one kind within a dimension.
    dimensions : sequence of str of length n, optional
    turns : sequence of length n, optional
        The unit is then the turn within its session; else it is the session.
    times : sequence of float of length n, optional
        Time of each mark in seconds: the unit is then the event, matched within `tolerance`.
    tolerance : float
        In seconds.

    Returns
    -------
    dict of str to CodedUnits
        In order of first appearance; the one key is ``""`` without dimensions.

    Raises
    ------
    AnalysisError
        When the columns do not fit together, or a coder coded a unit twice.
    """
    for name, column in (("coders", coders), ("values", values), ("dimensions", dimensions)):
        if column is not None and len(column) != len(sessions):
            raise AnalysisError(
                f"{name}: {len(column)} rows, but there are {len(sessions)} sessions. Give one a row."
            )
    rows: dict[str, list[int]] = {}
    for row in range(len(sessions)):
        rows.setdefault("" if dimensions is None else str(dimensions[row]), []).append(row)
    # Who marked anything in a session has seen it for every dimension.
    seen = sorted(set(zip(sessions, coders, strict=True)), key=str)
    made = {}
    for name, chosen in rows.items():
        where, who, what = ([column[r] for r in chosen] for column in (sessions, coders, values))
        if times is not None:
            at = [times[r] for r in chosen]
            made[name] = events(where, who, at, what, tolerance=tolerance, coded=seen)
        elif turns is not None:
            made[name] = from_rows([turns[r] for r in chosen], who, what, sessions=where, unit="turn")
        else:
            made[name] = from_rows(where, who, what, unit="session")
    return made


def as_record(agreements: Sequence[Agreement]) -> dict[str, Any]:
    """Return what was found as plain lists and numbers, unrounded.

    Parameters
    ----------
    agreements : sequence of Agreement
        One a dimension.

    Returns
    -------
    dict
        ``estimates``, ``components``, ``warnings``; None where there is no number.
    """
    return {
        "estimates": [
            _estimate_record(found, one, resampled)
            for found in agreements
            for one, resampled in zip(found.reliabilities, found.bootstrap, strict=True)
        ],
        "components": [
            _component_record(found.dimension, found.components)
            for found in agreements
            if found.components is not None
        ],
        "warnings": [
            f"{found.dimension}: {warning}" if found.dimension else warning
            for found in agreements
            for warning in found.warnings
        ],
    }


def _estimate_record(found: Agreement, one: Reliability, resampled: Interval | None) -> dict[str, Any]:
    estimate = one.estimate
    limits = estimate.interval
    method = estimate.method if limits is None else f"{estimate.method}; interval: {limits.method}"
    return {
        "dimension": found.dimension,
        "name": estimate.name,
        "value": estimate.value,
        "low": None if limits is None else limits.low,
        "high": None if limits is None else limits.high,
        "level": None if limits is None else limits.level,
        "method": method,
        "n_sessions": found.n_sessions,
        "n_coders": one.n_coders,
        "n_values": one.n_values,
        "undefined": estimate.undefined,
        "unit": found.unit,
        "n_units": one.n_units,
        "rule": found.rule,
        "measured": found.level,
        "notes": list(estimate.notes),
        "bootstrap": resampled and {"low": resampled.low, "high": resampled.high, "method": resampled.method},
    }


def _component_record(dimension: str, components: VarianceComponents) -> dict[str, Any]:
    parts = {"session": components.session, "coder": components.coder, "residual": components.residual}
    return {
        "dimension": dimension,
        **{name: part.value for name, part in parts.items()},
        "estimator": components.estimator,
        "intervals": {
            name: [part.interval.low, part.interval.high]
            for name, part in parts.items()
            if part.interval is not None
        },
        "level": components.level,
        "method": components.interval,
        "undefined": components.undefined,
    }


def _units_of(values: npt.ArrayLike) -> CodedUnits:
    """Name the rows and columns of a plain table."""
    table = checked_table(values)
    coders = tuple(f"coder {c + 1}" for c in range(table.shape[1]))
    return CodedUnits(table, coders, (), np.arange(len(table)), "session", "unit: session")


def _level_of(units: CodedUnits, table: FloatArray) -> str:
    if units.codes or units.unit != "session":
        return "nominal"
    seen = table[~np.isnan(table)]
    return "ordinal" if np.all(seen == np.floor(seen)) else "interval"


def _declared(
    units: CodedUnits, table: FloatArray, level: str, scale: tuple[float, float] | None
) -> tuple[float, float] | None:
    """Scale that weights follow, after the values were held against it; None where there are no steps."""
    if units.codes:
        if scale is not None:
            raise AnalysisError("scale: it is for numbers, but these codes are names. Leave it out.")
        return units.scale
    seen = table[~np.isnan(table)]
    if scale is None or level not in ("interval", "ratio") or np.all(seen == np.floor(seen)):
        categories(table, scale)
        return scale
    outside = seen[(seen < scale[0]) | (seen > scale[1])]
    if outside.size:
        raise AnalysisError(
            f"{outside[0]:g} is outside the scale {scale[0]:g}:{scale[1]:g}. Correct the value."
        )
    return None


def _clusters(units: CodedUnits) -> tuple[npt.NDArray[np.generic] | None, list[str]]:
    """Sessions as the clusters of their units, where units repeat within sessions."""
    sessions = len(np.unique(units.sessions))
    if units.unit == "session" or sessions == len(units.sessions):
        return None, []
    if sessions == 1:
        return None, [f"one session only: the intervals take its {units.unit}s as independent"]
    return units.sessions, [
        f"intervals rest on the {sessions} sessions, since {units.unit}s of one are alike"
    ]


def _sessions(units: CodedUnits, table: FloatArray) -> int:
    shared = np.count_nonzero(~np.isnan(table), axis=1) >= 2
    return len(np.unique(units.sessions[shared]))


def _coefficients(
    units: CodedUnits, table: FloatArray, level: str, scale: tuple[float, float] | None
) -> list[_Coefficient]:
    """Coefficients of categories that fit; each takes a table, clusters and the choices of an interval."""
    shared = np.count_nonzero(~np.isnan(table), axis=1) >= 2
    pair = np.count_nonzero((~np.isnan(table[shared])).any(axis=0)) <= 2
    kappa = cohen_kappa if pair else conger_kappa
    alpha: list[_Coefficient] = [partial(krippendorff_alpha, metric=level)]
    if len(categories(table)) > MOST_CATEGORIES:
        return alpha if level == "interval" else []
    percent: list[_Coefficient] = [partial(percent_agreement, scale=scale)]
    if level == "nominal":
        chosen = [partial(one, scale=scale) for one in (kappa, fleiss_kappa, brennan_prediger, gwet_ac)]
        return percent + list(chosen) + alpha + _each_code(units)
    if level != "ordinal" and scale is None:
        return percent + alpha
    weighted: list[_Coefficient] = [
        partial(one, weights="quadratic", scale=scale)
        for one in (kappa, fleiss_kappa, brennan_prediger, gwet_ac)
    ]
    if level == "ordinal":
        weighted.append(partial(gwet_ac, weights="ordinal", scale=scale))
    return percent + weighted + alpha


def _correlations(
    table: FloatArray, design: Design, ordered: bool, bootstrap: int, chosen: dict[str, Any]
) -> Iterator[tuple[Reliability, Interval | None]]:
    """Six ICCs, and their bootstrap intervals where the data are complete."""
    forms = icc_forms(table, **chosen)
    drawn = {}
    if bootstrap and design.complete:
        drawn = icc_forms(table, interval="bootstrap", resamples=bootstrap, **chosen)
    for name, one in forms.items():
        notes = one.estimate.notes + (("takes the codes as equally spaced numbers",) if ordered else ())
        interval = drawn[name].estimate.interval if name in drawn else None
        yield replace(one, estimate=replace(one.estimate, notes=notes)), interval


def _each_code(units: CodedUnits) -> list[_Coefficient]:
    """Specific agreement of named codes: of all marks in time together, and of each code."""
    first = 1 if units.unit == "event" else 0
    named = list(enumerate(units.codes))[first:]
    chosen: list[_Coefficient] = []
    if units.unit == "event":
        chosen.append(partial(specific_agreement, codes=[float(c) for c, _ in named], label="all codes"))
    if len(named) <= _MOST_LISTED:
        chosen += [partial(specific_agreement, codes=[float(c)], label=name) for c, name in named]
    return chosen


def _warnings(units: CodedUnits, design: Design, level: str, scale: tuple[float, float] | None) -> list[str]:
    said = list(design.notes())
    single = design.n_sessions - design.n_overlapping
    if single and design.n_overlapping and level == "nominal":
        said[0] = (
            f"{design.n_overlapping} of {design.n_sessions} {units.unit}s have two or more coders; agreement "
            "rests on these"
        )
    if level == "ordinal" and scale is None:
        said.append("no scale is declared: weights and categories follow the values that occur")
    if units.unit == "event":
        said.append(
            "between marks nothing can be counted: kappas, AC1 and alpha see misses and confusions, but no "
            "agreement on nothing; specific agreement is made for marks"
        )
    return said


def _of_dependence(units: CodedUnits) -> list[str]:
    if units.unit == "session" or len(np.unique(units.sessions)) == len(units.sessions):
        return []
    return [f"intervals of ICCs and components take {units.unit}s of one session as independent: too narrow"]


def _narrow(reliabilities: tuple[Reliability, ...], level: str) -> list[str]:
    """Warn of high agreement with a low ICC (or alpha of codes)."""
    by_name = {one.estimate.name: replace(one, dimension="") for one in reliabilities}
    same = by_name.get("percent agreement")
    corrected = by_name["alpha (nominal)" if level == "nominal" else "ICC(A,1)"]
    said = None if same is None else restricted_range(same, corrected)
    return [] if said is None else [said]
