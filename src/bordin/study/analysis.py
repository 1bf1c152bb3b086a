"""From a study and its records to results: the plan of the protocol, carried out once."""

from __future__ import annotations

import platform
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from statistics import fmean, median, stdev
from typing import Literal

from bordin import __version__
from bordin.association import AssociationTable, associate
from bordin.association.cells import Cell
from bordin.errors import AnalysisError, Problem, nearest
from bordin.estimate import Estimate, Interval
from bordin.missing import Missing
from bordin.study.coder_agreement import reliability_in_sample
from bordin.study.hypotheses import Pair, analytic_interval, judge
from bordin.study.lock import lock_status
from bordin.study.protocol import PROCESS
from bordin.study.records import Records
from bordin.study.results import Provenance, ReliabilityResults, Results, Variable
from bordin.study.study import Study
from bordin.study.values import UnitValues, Value, unit_values
from bordin.tapes.measures import definition_of, label_of

Column = tuple[float | None, ...]


def analyse(
    study: Study, records: Records, *, command: str = "", tell: Callable[[str], None] = lambda _: None
) -> Results:
    """Carry out the protocol's analysis.

    Parameters
    ----------
    study : Study
    records : Records
    command : str
        What was typed, for the report's reproduction block.
    tell : callable, optional
        Called with the name of each step as it begins.

    Returns
    -------
    Results

    Raises
    ------
    DataError, AnalysisError
        When a rule of the protocol does not decide, or nothing is left to analyze.
    """
    tell("matching forms and tapes")
    values = unit_values(study, records)
    numbers = {name: _numbers(column) for name, column in values.columns.items()}
    if study.protocol.table.missing == "complete":
        numbers = _complete(numbers)
    _refuse_nothing(study, numbers)
    tell("reliability of coders and scales")
    reliability = reliability_in_sample(study, records, values)
    measured = _measured(reliability)
    rows = tuple(_variable(study, name, values, measured) for name in study.rows)
    columns = tuple(_variable(study, name, values, measured) for name in study.columns)
    negative = tuple(v.id for v in (*rows, *columns) if v.pole < 0)
    plan = _Plan(study, records, values, numbers, negative, (*rows, *columns))
    tell(f"{len(rows) * len(columns)} cells, {study.protocol.table.permutations:,} permutations")
    table = plan.table()
    tell("judging hypotheses")
    families, hypotheses = judge(
        study.protocol, study.hypotheses, table, plan.for_contrasts(), negative, plan.within_family
    )
    shown: dict[str, tuple[float | str | None, ...]] = {**numbers}
    if any(values.therapists):
        shown["therapist"] = values.therapists
    if study.protocol.study.unit == "session":
        shown["participant"] = values.participants
    lock = lock_status(study)
    return Results(
        protocol=study.protocol,
        flow=values.flow,
        rows=rows,
        columns=columns,
        table=table,
        values=shown,
        units=values.units,
        families=families,
        hypotheses=hypotheses,
        coding=values.coding,
        lock=lock,
        provenance=_provenance(study, records, command),
        warnings=(*records.notes, *values.notes, *_warnings(study, rows, columns)),
        reliability=reliability,
    )


class _Plan:
    """The calls of `associate` that a protocol asks for, with the same choices in each."""

    def __init__(
        self,
        study: Study,
        records: Records,
        values: UnitValues,
        numbers: Mapping[str, Column],
        negative: tuple[str, ...],
        variables: Sequence[Variable],
    ) -> None:
        self.study, self.records, self.values = study, records, values
        self.numbers, self.negative = numbers, negative
        self.by_session = study.protocol.study.unit == "session"
        self.reliabilities = {v.id: v.reliability for v in variables if v.reliability is not None}
        data: dict[str, Sequence[float | str | None]] = dict(numbers)
        data["participant"] = values.participants
        control = study.protocol.table.control
        if control is not None:
            data[control] = values.therapists if control == "therapist" else self._control(control)
        self.data = data

    def _control(self, name: str) -> tuple[str | None, ...]:
        """Return a further column of the participants file, unit by unit."""
        table = self.records.tables["participants"]
        if name not in table.names:
            raise AnalysisError(
                Problem(
                    f"there is no column {name!r} in the participants file to take out.",
                    column="table.control",
                    hint=nearest(name, ("therapist", *table.names)),
                )
            )
        cells = table.texts(name, labelled=True)
        return tuple(cells[self.records.participants[p].row] for p in self.values.participants)

    def table(self) -> AssociationTable:
        """Make the association table that the protocol declares."""
        t = self.study.protocol.table
        return self._associate(
            self.study.rows,
            control=t.control,
            against=t.against,
            bootstrap=t.bootstrap,
            sensitivity=True,
            families={},
        )

    def within_family(self, pairs: Sequence[Pair]) -> Mapping[Pair, Cell]:
        """Adjust the p of some cells among themselves, from the same shuffles as the table's."""
        rows = tuple(r for r in self.study.rows if r in {x for x, _ in pairs})
        table = self._associate(
            rows,
            control=None,
            against=None,
            bootstrap=0,
            sensitivity=False,
            families=dict.fromkeys(pairs, "own"),
        )
        return {pair: table.cell(*pair) for pair in pairs}

    def _associate(
        self,
        rows: tuple[str, ...],
        *,
        control: str | None,
        against: str | None,
        bootstrap: int,
        sensitivity: bool,
        families: Mapping[Pair, str],
    ) -> AssociationTable:
        t = self.study.protocol.table
        return associate(
            self.data,
            rows,
            self.study.columns,
            coefficient=t.coefficient,
            control=control,
            cluster="participant" if self.by_session else None,
            sesoi=t.smallest_effect,
            against=against,
            negative=tuple(n for n in self.negative if n in (*rows, *self.study.columns)),
            p=t.p,
            interval=analytic_interval(self.study.protocol),
            permutations=t.permutations,
            bootstrap=bootstrap,
            level=t.level,
            alpha=t.alpha,
            seed=self.study.protocol.study.seed,
            reliabilities={k: v for k, v in self.reliabilities.items() if k in (*rows, *self.study.columns)},
            sensitivity=sensitivity,
            families=families,
        )

    def for_contrasts(self) -> Mapping[str, Column]:
        """Return the columns that contrasts compare: participants' means where sessions repeat."""
        if not self.by_session:
            return self.numbers
        people = tuple(dict.fromkeys(self.values.participants))
        where: dict[str, list[int]] = {p: [] for p in people}
        for i, p in enumerate(self.values.participants):
            where[p].append(i)
        return {
            name: tuple(_mean([column[i] for i in where[p]]) for p in people)
            for name, column in self.numbers.items()
        }


def _mean(cells: Sequence[float | None]) -> float | None:
    known = [c for c in cells if c is not None]
    return fmean(known) if known else None


def _numbers(column: Sequence[Value]) -> Column:
    return tuple(None if isinstance(v, Missing) else v for v in column)


def _complete(numbers: Mapping[str, Column]) -> dict[str, Column]:
    whole = [all(v is not None for v in case) for case in zip(*numbers.values(), strict=True)]
    return {
        name: tuple(v if keep else None for v, keep in zip(column, whole, strict=True))
        for name, column in numbers.items()
    }


def _refuse_nothing(study: Study, numbers: Mapping[str, Column]) -> None:
    for side, names in (("rows", study.rows), ("columns", study.columns)):
        if all(v is None for name in names for v in numbers[name]):
            raise AnalysisError(
                Problem(
                    f"no {study.protocol.study.unit} of the sample has a value on any of the {side}: {', '.join(names)}.",
                    column=f"table.{side}",
                    hint="Compare the ids in the data files, and the rules at, session and combine in the protocol.",
                )
            )


def _measured(reliability: ReliabilityResults) -> dict[str, Estimate]:
    """Return the reliability of each score as it was measured in this sample."""
    found = {d.variable: d.used.estimate for d in reliability.dimensions}
    found.update({s.variable: s.alpha for s in reliability.scales})
    # A value of 0 or below says that nothing was measured reliably; nothing can be divided by it.
    return {name: e for name, e in found.items() if e.value is not None and e.value > 0}


def _variable(study: Study, name: str, values: UnitValues, measured: Mapping[str, Estimate]) -> Variable:
    column = values.columns[name]
    known = [v for v in column if not isinstance(v, Missing)]
    described = _declared(study, name)
    reliability = study.protocol.reliability.get(name)
    estimate = measured.get(name)
    if reliability is not None:
        limits = None
        if reliability.low is not None and reliability.high is not None:
            limits = Interval(
                reliability.low, reliability.high, study.protocol.table.level, reliability.source
            )
        estimate = Estimate("reliability", reliability.value, 0, reliability.source, limits)
    low, high = described.low, described.high
    source = reliability.source if reliability is not None else ""
    if reliability is None and estimate is not None:
        source = f"{estimate.name}, this sample"
    return Variable(
        id=name,
        label=study.protocol.labels.get(name, described.label),
        kind=described.kind,
        source=described.source,
        informant=described.informant,
        pole=described.pole,
        bordin=described.bordin,
        low=low,
        high=high,
        n=len(known),
        missing=dict(Counter(str(v) for v in column if isinstance(v, Missing))),
        mean=fmean(known) if known else None,
        sd=stdev(known) if len(known) > 1 else None,
        median=median(known) if known else None,
        minimum=min(known) if known else None,
        maximum=max(known) if known else None,
        at_floor=sum(v == low for v in known) / len(known) if known and low is not None else None,
        at_ceiling=sum(v == high for v in known) / len(known) if known and high is not None else None,
        reliability=estimate,
        reliability_source=source,
    )


def _declared(study: Study, name: str) -> Variable:
    """Return what protocol and catalog say of a variable, before any data."""
    outcome = study.outcome(name)
    if outcome is not None:
        low, high = outcome.low, outcome.high
        if outcome.minus is not None and low is not None and high is not None:
            low, high = low - high, high - low
        return Variable(name, outcome.label, "outcome", outcome.column, outcome.informant, low=low, high=high)
    part, own = name.split(".", 1)
    if part == PROCESS and own in study.process:
        found = definition_of(own)
        low, high = (None, None) if found is None else (found[0].low, found[0].high)
        label = label_of(own) or own
        return Variable(name, label, "measure", "Process Measures, of the tapes", low=low, high=high)
    if part in study.instruments:
        instrument, use = study.instruments[part], study.instrument_use(part)
        scale = instrument.scale(own)
        low, high = instrument.range_of(own, use.variant)
        place = " and ".join(scale.place) or None
        source = instrument.name if use.variant is None else f"{instrument.name}, {use.variant}"
        return Variable(name, scale.name, "score", source, use.informant, bordin=place, low=low, high=high)
    system = study.systems[part]
    v = next(v for v in system.variables() if v.id == own)
    source = f"{system.name}, manual {system.manual_version}"
    kind: Literal["rating", "summary"] = "rating" if v.kind == "rating" else "summary"
    return Variable(
        name, v.label, kind, source, "coder", v.pole, low=v.low, high=v.high if kind == "rating" else None
    )


def _warnings(study: Study, rows: Sequence[Variable], columns: Sequence[Variable]) -> list[str]:
    found = []
    found += [f"{v.label} does not vary." for v in (*rows, *columns) if v.sd == 0]
    informants = {u.informant for u in study.protocol.instruments}
    if "observer" in informants and study.protocol.coding:
        found.append(
            "An observer gives the scores and coders the ratings: if they are the same people, both sides share a source."
        )
    for use in study.protocol.coding:
        if not use.blind_to:
            found.append(f"{use.id}: the protocol does not say what the coders were blind to.")
    return found


def _provenance(study: Study, records: Records, command: str) -> Provenance:
    return Provenance(
        command=command,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        bordin=__version__,
        python=sys.version.split()[0],
        platform=f"{platform.system()} {platform.machine()}",
        packages={name: version(name) for name in ("numpy", "scipy")},
        seed=study.protocol.study.seed,
        protocol_sha256=study.sha256,
        files=records.files,
    )
