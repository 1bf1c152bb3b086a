"""Session summaries: from codes on turns to numbers per session, and scores derived from them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bordin.coding.checking import check_codes, check_ratings
from bordin.coding.codetype import CodeDefinition, CodeKind, CodeType
from bordin.coding.formula import Absent
from bordin.coding.rating import Code, Rating
from bordin.coding.system import MINUTES, CodingSystem
from bordin.errors import DataError, Problem
from bordin.missing import Missing


@dataclass
class _Tally:
    """What one coder gave in one session for one code."""

    count: float = 0.0
    values: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class _Whole:
    """What a code's count may be divided by: marks and units of its family, minutes of the session."""

    counted: float
    units: int
    length: float | None


@dataclass
class _Coded:
    """What one coder gave in one session."""

    tallies: dict[str, _Tally] = field(default_factory=dict)
    units: dict[str, set[str]] = field(default_factory=dict)


def summarize(
    system: CodingSystem,
    codes: Sequence[Code],
    minutes: Mapping[str, float] | None = None,
    coded: Iterable[tuple[str, str]] = (),
) -> list[Rating]:
    """Turn codes into session values, one set per session and coder.

    Every code of the system yields its count (under the code's own id), ``proportion_<id>`` and
    ``rate_<id>`` (per minute); a stage yields ``<id>_mode`` and ``<id>_peak``, a visual analog
    scale ``<id>_mean``, a Q-sort item its pile; then come the derived scores that rest on codes
    alone. Coders are combined afterwards, by `bordin.coding.combine.combine`.

    Parameters
    ----------
    system : CodingSystem
    codes : sequence of Code
    minutes : mapping of str to float, optional
        Length of each session (of the coded part of it) in minutes, for rates.
    coded : iterable of (session, coder), optional
        Sessions known to have been coded, so that one without any mark counts as 0 and not as
        not recorded.

    Returns
    -------
    list of Rating
        Values are unrounded. Where a denominator is 0 or nothing was coded, the value is a
        `Missing` with its reason: a proportion of exclusive codes has the coded units of that
        family as denominator, of tallies all tallies of the family, of multi-label codes the units
        with any code of the family, of binary codes the units that were marked 0 or 1.

    Raises
    ------
    DataError
        As `bordin.coding.checking.check_codes`; also a session length that is not above 0.
    """
    minutes = dict(minutes or {})
    problems = [
        Problem(f"session {session}: a length of {length:g} minutes.", hint="Give a length above 0, or none.")
        for session, length in minutes.items()
        if not (math.isfinite(length) and length > 0)
    ]
    if problems:
        raise DataError(problems)
    groups: dict[tuple[str, str], _Coded] = {key: _Coded() for key in coded}
    for code, kind, definition in check_codes(system, codes):
        group = groups.setdefault((code.session, code.coder), _Coded())
        tally = group.tallies.setdefault(definition.id, _Tally())
        tally.count += _weight(kind, code)
        if code.value is not None:
            tally.values.append(code.value)
        group.units.setdefault(kind.id, set()).add(code.unit_id)
    found: list[Rating] = []
    for (session, coder), group in groups.items():
        values = _session_values(system, group, minutes.get(session))
        found += _as_ratings(values, session, coder, system.manual_version)
    return found


def derive(system: CodingSystem, ratings: Iterable[Rating]) -> list[Rating]:
    """Compute the derived scores of each session and coder from ratings.

    Parameters
    ----------
    system : CodingSystem
    ratings : iterable of Rating
        Ratings on dimensions; counts from `summarize` may stand among them.

    Returns
    -------
    list of Rating
        One per session, coder, member and derived score that rests on at least one dimension. The
        gates ("rated only if") are applied first. A score is designated when all the coder's
        ratings of the session are.

    Raises
    ------
    DataError
        When a dimension was rated twice by one coder, or although its gate is closed.
    """
    dimensions = {d.id for d in system.dimensions}
    wanted = {d.id for d in system.derived if d.needs & dimensions}
    everything = list(ratings)
    check_ratings(everything)
    groups: dict[tuple[str, str, str], list[Rating]] = {}
    for rating in everything:
        groups.setdefault((rating.session, rating.coder, rating.member), []).append(rating)
    found: list[Rating] = []
    for (session, coder, member), group in groups.items():
        values = {r.dimension: r.value for r in group}
        marks = [r.designated for r in group if r.designated is not None]
        try:
            scores = system.derive(system.gate(values))
        except DataError as error:
            raise DataError(
                [
                    Problem(f"session {session}, coder {coder}: {p.message}", column=p.column, hint=p.hint)
                    for p in error.problems
                ]
            ) from error
        kept = {k: v for k, v in scores.items() if k in wanted}
        found += [
            replace(score, member=member, designated=all(marks) if marks else None)
            for score in _as_ratings(kept, session, coder, system.manual_version)
        ]
    return found


def _weight(kind: CodeType, code: Code) -> float:
    """How much one mark adds to the count of its code."""
    if kind.kind in {CodeKind.COUNT, CodeKind.BINARY} and code.value is not None:
        return code.value
    return 1.0


def _session_values(system: CodingSystem, group: _Coded, length: float | None) -> dict[str, float | Absent]:
    found: dict[str, float | Absent] = {}
    counts: dict[str, float | Missing] = {}
    for kind in system.code_types:
        counted = sum(group.tallies[c.id].count for c in kind.codes if c.id in group.tallies)
        for code in kind.codes:
            tally = group.tallies.get(code.id, _Tally())
            units = len(group.units.get(kind.id, ()))
            values = _code_values(kind, code, tally, _Whole(counted, units, length))
            found.update(values)
            if code.id in values:
                count = values[code.id]
                counts[code.id] = count.kind if isinstance(count, Absent) else count
    if length is not None:
        counts[MINUTES] = length
    codes = {c.id for kind in system.code_types for c in kind.codes} | {MINUTES}
    scores = system.derive(counts)
    found.update({d.id: scores[d.id] for d in system.derived if d.needs <= codes})
    return found


def _code_values(
    kind: CodeType, code: CodeDefinition, tally: _Tally, whole: _Whole
) -> dict[str, float | Absent]:
    nothing = Absent(Missing.NOT_RECORDED, f"nothing was coded for {kind.name}")
    if kind.kind is CodeKind.STAGE:
        if not tally.values:
            return {f"{code.id}_mode": nothing, f"{code.id}_peak": nothing}
        return {f"{code.id}_mode": _mode(tally.values), f"{code.id}_peak": max(tally.values)}
    if kind.kind is CodeKind.VISUAL_ANALOG:
        return {f"{code.id}_mean": math.fsum(tally.values) / len(tally.values) if tally.values else nothing}
    if kind.kind is CodeKind.Q_SORT:
        return {code.id: tally.values[0] if tally.values else nothing}
    if kind.exhaustive and whole.units == 0:
        named = [code.id, f"rate_{code.id}"] + [f"proportion_{code.id}"] * (kind.kind is not CodeKind.TEXT)
        return dict.fromkeys(named, nothing)
    found: dict[str, float | Absent] = {code.id: tally.count}
    if kind.kind is not CodeKind.TEXT:
        below = {CodeKind.MULTI_LABEL: whole.units, CodeKind.BINARY: len(tally.values)}.get(
            kind.kind, whole.counted
        )
        empty = Absent(Missing.NOT_APPLICABLE, f"no unit has a code of {kind.name}")
        found[f"proportion_{code.id}"] = tally.count / below if below else empty
    unknown = Absent(Missing.NOT_RECORDED, "the length of the session is not known")
    found[f"rate_{code.id}"] = unknown if whole.length is None else tally.count / whole.length
    return found


def _mode(values: list[float]) -> float:
    """Return the most frequent stage; of several, the lowest, so that a tie never raises a session."""
    counts = Counter(values)
    most = max(counts.values())
    return min(value for value, count in counts.items() if count == most)


def _as_ratings(values: Mapping[str, float | Absent], session: str, coder: str, version: str) -> list[Rating]:
    return [
        Rating(session, coder, name, value.kind, version, value.reason)
        if isinstance(value, Absent)
        else Rating(session, coder, name, value, version)
        for name, value in values.items()
    ]
