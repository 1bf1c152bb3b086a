"""From the tables of a catalog file to a `CodingSystem`, with every fault noted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from bordin.coding.codetype import VALUED, CodeDefinition, CodeKind, CodeType, Target, Unit, UnitKind
from bordin.coding.dimension import Absence, Anchor, Dimension, show
from bordin.coding.entry import Entry
from bordin.coding.formula import parse_condition, parse_formula
from bordin.coding.system import MINUTES, CodingSystem, Derived, Pass, Threshold
from bordin.errors import Problem, nearest
from bordin.missing import Missing

STEPS = (0.0, 0.5, 1.0)
ITEMS = "items"
RESERVED = frozenset({ITEMS, MINUTES, "sum", "mean", "every", "and", "or", "not"})


def read_system(
    table: Mapping[str, Any], file: str, origin: str, problems: list[Problem]
) -> tuple[CodingSystem, str]:
    """Read a coding system.

    Parameters
    ----------
    table : mapping
        The parsed file.
    file, origin : str
        File name for messages; where the system comes from.
    problems : list of Problem
        Faults are added to it.

    Returns
    -------
    tuple of CodingSystem and str
        The system, and the file name of its manual (empty when it has none).
    """
    top = Entry(table, file, "", problems)
    name, version = top.text("name"), top.text("manual_version")
    unit = _unit(top.entry("unit"))
    target = top.word("target", Target, Target, None) or Target.PATIENT
    absences = tuple(_absence(e) for e in top.entries("absences"))
    dimensions = _dimensions(top, version, target, absences)
    code_types = tuple(_code_type(e, unit) for e in top.entries("code_types"))
    rateable = [*(d.id for d in dimensions), *(k.id for k in code_types)]
    passes = tuple(_pass(e, unit, rateable) for e in top.entries("passes"))
    groups = {ITEMS: tuple(d.id for d in dimensions)}
    leaves = {*groups[ITEMS], *(c.id for k in code_types for c in k.codes), MINUTES}
    derived = _derived(top, leaves, groups)
    thresholds = _thresholds(top, {*leaves, *(d.id for d in derived)}, groups)
    manual = top.text("manual", "")
    system = CodingSystem(
        id=top.text("id"),
        name=name,
        manual_version=version,
        summary=top.text("summary"),
        unit=unit,
        target=target,
        source=top.text("source"),
        rights=top.text("rights"),
        verified=top.texts("verified"),
        unverified=top.texts("unverified"),
        dimensions=dimensions,
        code_types=code_types,
        passes=passes,
        derived=derived,
        thresholds=thresholds,
        absences=absences,
        speakers=_speakers(top),
        origin=origin,
    )
    _unique(top, system)
    if not dimensions and not code_types:
        top.problem("", "has neither dimensions nor code types", "Add [[dimensions]] or [[code_types]].")
    top.close()
    return system, manual


def _unit(entry: Entry, default: Unit | None = None) -> Unit:
    if default is not None and not entry.has("kind"):
        entry.close()
        return default
    kind = entry.word("kind", UnitKind, UnitKind) or UnitKind.SESSION
    seconds = entry.number("seconds")
    seed = entry.number("seed")
    if seconds is not None and seconds <= 0:
        entry.problem("seconds", f"{show(seconds)} should be above 0")
    if kind in {UnitKind.INTERVAL, UnitKind.SEGMENT} and seconds is None:
        entry.problem("seconds", f"is needed for the unit {kind}")
    if seed is not None and (seed < 0 or not seed.is_integer()):
        entry.problem("seed", f"{show(seed)} should be a whole number of 0 or more")
        seed = None
    unit = Unit(kind, seconds, entry.number("start"), None if seed is None else int(seed))
    entry.close()
    return unit


def _absence(entry: Entry) -> Absence:
    absence = Absence(
        entry.identifier(),
        entry.text("name"),
        entry.word("kind", Missing, Missing) or Missing.NOT_CODABLE,
        entry.texts("written"),
        entry.text("definition"),
    )
    entry.close()
    return absence


def _speakers(top: Entry) -> dict[str, Target]:
    entry = top.entry("speakers")
    words = {word.casefold(): target for target in Target for word in entry.texts(target)}
    entry.close()
    return words


def _dimensions(
    top: Entry, version: str, target: Target, absences: tuple[Absence, ...]
) -> tuple[Dimension, ...]:
    scale = top.entry("scale")
    defaults = _Defaults(
        {key: scale.number(key) for key in ("low", "high", "step", "start")},
        scale.text("start_meaning", ""),
        version,
        target,
        absences,
    )
    scale.close()
    facets = {}
    for entry in top.entries("facets"):
        facets[entry.identifier()] = (entry.text("name"), entry.text("only_if", ""))
        entry.close()
    entries = top.entries("dimensions")
    found: list[Dimension] = []
    gates: list[tuple[Entry, str]] = []
    for entry in entries:
        plain = _dimension(entry, defaults)
        gate = entry.text("only_if", "")
        chosen = entry.texts("facets")
        for facet in chosen:
            if facet not in facets:
                entry.problem(
                    "facets", f"{facet!r} is not declared under [[facets]].", nearest(facet, facets)
                )
        expanded = [(_facet(plain, f, facets[f][0]), facets[f][1] or gate) for f in chosen if f in facets]
        for dimension, condition in expanded or [(plain, gate)]:
            found.append(dimension)
            gates.append((entry, condition.replace("{item}", plain.id)))
        entry.close()
    known = [d.id for d in found]
    return tuple(_gated(d, entry, text, known) for d, (entry, text) in zip(found, gates, strict=True))


@dataclass(frozen=True)
class _Defaults:
    """What a dimension takes from the whole system when it does not say otherwise."""

    numbers: Mapping[str, float | None]
    start_meaning: str
    manual_version: str
    target: Target
    absences: tuple[Absence, ...]


def _dimension(entry: Entry, defaults: _Defaults) -> Dimension:
    name = entry.text("name")
    numbers = {key: entry.number(key, default) for key, default in defaults.numbers.items()}
    low, high, step = numbers["low"], numbers["high"], numbers["step"]
    if low is None or high is None or low >= high:
        entry.problem("low", "needs low below high, here or under [scale]")
        low, high = 0.0, 1.0
    if step is None:
        step = 1.0
    if step not in STEPS:
        entry.problem("step", f"{show(step)} should be 1, 0.5, or 0 for a visual analog scale")
        step = 1.0
    start = numbers["start"]
    if start is not None and not low <= start <= high:
        entry.problem("start", f"{show(start)} is outside {show(low)}-{show(high)}")
    dimension = Dimension(
        id=entry.identifier(),
        name=name,
        low=low,
        high=high,
        step=step,
        start=start,
        start_meaning=entry.text("start_meaning", defaults.start_meaning),
        pole=entry.pole(),
        definition=entry.text("definition", ""),
        section=entry.text("section", name),
        manual_version=defaults.manual_version,
        target=entry.word("target", Target, Target, defaults.target) or defaults.target,
        absences=defaults.absences,
    )
    return replace(dimension, anchors=_anchors(entry, dimension))


def _anchors(entry: Entry, dimension: Dimension) -> tuple[Anchor, ...]:
    found: list[Anchor] = []
    for key, text in entry.table("anchors").items():
        try:
            point = float(key)
        except ValueError:
            entry.problem("anchors", f"{key!r} should be a scale point")
            continue
        if not isinstance(text, str) or not text.strip():
            entry.problem("anchors", f"the anchor of {key} should be a text")
        elif not dimension.low <= point <= dimension.high or (
            dimension.points and point not in dimension.points
        ):
            span = f"{show(dimension.low)}-{show(dimension.high)}"
            entry.problem("anchors", f"{key} is not a point of the scale {span}")
        else:
            found.append(Anchor(point, text.strip()))
    return tuple(sorted(found, key=lambda a: a.point))


def _facet(plain: Dimension, facet: str, name: str) -> Dimension:
    return replace(plain, id=f"{plain.id}_{facet}", name=f"{plain.name}, {name}", item=plain.id, facet=facet)


def _gated(dimension: Dimension, entry: Entry, text: str, known: list[str]) -> Dimension:
    if not text:
        return dimension
    condition = entry.attempt("only_if", partial(parse_condition, text, known, {}))
    return replace(dimension, only_if=condition)


def _code_type(entry: Entry, unit: Unit) -> CodeType:
    kind = entry.word("kind", CodeKind, CodeKind) or CodeKind.EXCLUSIVE
    own_unit = _unit(entry.entry("unit"), unit)
    low, high = entry.number("low"), entry.number("high")
    step = entry.number("step", 0.0 if kind is CodeKind.VISUAL_ANALOG else 1.0)
    piles = entry.counts("piles")
    if kind is CodeKind.BINARY:
        low, high = 0.0, 1.0
    elif kind in VALUED and (low is None or high is None or low >= high):
        entry.problem("low", f"the kind {kind} needs low below high")
        low, high = 0.0, 1.0
    if (
        kind is CodeKind.Q_SORT
        and low is not None
        and high is not None
        and len(piles) != round(high - low) + 1
    ):
        entry.problem("piles", f"needs one number for each point of {show(low)}-{show(high)}")
    target = entry.word("target", Target, Target, Target.DYAD) or Target.DYAD
    codes = tuple(_code(e, target) for e in entry.entries("codes"))
    if not codes:
        entry.problem("codes", "is needed, but is not there")
    code_type = CodeType(
        id=entry.identifier(),
        name=entry.text("name"),
        kind=kind,
        unit=own_unit,
        codes=codes,
        exhaustive=entry.flag("exhaustive"),
        low=low or 0.0,
        high=1.0 if high is None else high,
        step=1.0 if step is None else step,
        piles=piles,
    )
    entry.close()
    return code_type


def _code(entry: Entry, target: Target) -> CodeDefinition:
    code = CodeDefinition(
        id=entry.identifier(),
        name=entry.text("name"),
        definition=entry.text("definition"),
        target=entry.word("target", Target, Target, target) or target,
        pole=entry.pole(),
        written=entry.texts("written"),
    )
    entry.close()
    return code


def _pass(entry: Entry, unit: Unit, known: list[str]) -> Pass:
    codes = entry.texts("codes")
    for code in codes:
        if code not in known:
            entry.problem("codes", f"{code!r} is not a dimension or code type here.", nearest(code, known))
    found = Pass(entry.identifier(), entry.text("name"), _unit(entry.entry("unit"), unit), codes)
    entry.close()
    return found


def _derived(top: Entry, leaves: set[str], groups: Mapping[str, tuple[str, ...]]) -> tuple[Derived, ...]:
    needs: dict[str, frozenset[str]] = {leaf: frozenset({leaf}) for leaf in leaves}
    found: list[Derived] = []
    for entry in top.entries("derived"):
        id, text = entry.identifier(), entry.text("formula")
        formula = entry.attempt("formula", partial(parse_formula, text, needs, groups)) if text else None
        pole = entry.pole()
        name, empty = entry.text("name"), entry.text("empty", "")
        entry.close()
        if formula is not None:
            needs[id] = frozenset().union(*(needs[n] for n in formula.names))
            found.append(Derived(id, name, formula, empty, pole, needs[id]))
    return tuple(found)


def _thresholds(top: Entry, known: set[str], groups: Mapping[str, tuple[str, ...]]) -> tuple[Threshold, ...]:
    found: list[Threshold] = []
    for entry in top.entries("thresholds"):
        text = entry.text("rule")
        condition = entry.attempt("rule", partial(parse_condition, text, known, groups)) if text else None
        id, name, source = entry.identifier(), entry.text("name"), entry.text("source", "")
        entry.close()
        if condition is not None:
            found.append(Threshold(id, name, condition, source))
    return tuple(found)


def _unique(top: Entry, system: CodingSystem) -> None:
    """Refuse a name that would mean two things in a table or a formula."""
    variables = [v.id for v in system.variables()]
    written = [(w, c.target) for k in system.code_types for c in k.codes for w in {c.id, *c.written}]
    for where, ids in (
        ("dimensions, codes, derived", variables),
        ("code_types", [k.id for k in system.code_types]),
        ("thresholds", [t.id for t in system.thresholds]),
        ("passes", [p.id for p in system.passes]),
        ("absences", [a.id for a in system.absences]),
        ("codes", [f"{word} ({target})" for word, target in written]),
    ):
        for id, times in Counter(ids).items():
            if times > 1:
                top.problem(where, f"the name {id!r} is used {times} times", "Give each its own.")
    for id in sorted(RESERVED & set(variables)):
        top.problem("", f"the name {id!r} has a meaning in formulas", "Choose another id.")
