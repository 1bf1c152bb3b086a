"""What is planned: true values, measurement, sample and hypotheses, from numbers or from a protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import asin, pi, sin
from typing import Literal, TypeVar

from bordin.association.planned_design import Design, Place, PlannedContrast, PlannedFamily, Side
from bordin.errors import AnalysisError, Problem
from bordin.study.printed_table import PrintedTable
from bordin.study.protocol import PROCESS, Expectation, Family, HypothesisPart
from bordin.study.study import Study
from bordin.tapes.measures import label_of

MOST_POINTS = 30
T = TypeVar("T")


@dataclass(frozen=True)
class Choices:
    """What a person says about a plan; None where the protocol, or the usual value, decides.

    Attributes
    ----------
    n : int or None
        Participants.
    rows, columns : int or None
        Number of variables, where neither a protocol nor a table names them.
    rho : float or None
        True correlation of every cell that a hypothesis speaks of.
    truth : PrintedTable or None
        A published table whose values are taken as true.
    reliability_x, reliability_y : float or None
        Of one score of one session, rows and columns.
    points : int or None
        Scale points of every variable.
    ceiling : float or None
        Share of the rows' values at the highest point.
    missing : float
        Share of values that are missing.
    adjustment : str or None
        ``"none"``, ``"holm"``, ``"bh"`` or ``"maxt"``.
    sesoi : float or None
        Smallest effect of interest.
    alpha : float or None
    coefficient : str or None
    sessions, therapists : int
    within : float
        True correlation of the variables of one side with each other.
    """

    n: int | None = None
    rows: int | None = None
    columns: int | None = None
    rho: float | None = None
    truth: PrintedTable | None = None
    reliability_x: float | None = None
    reliability_y: float | None = None
    points: int | None = None
    ceiling: float | None = None
    missing: float = 0.0
    adjustment: str | None = None
    sesoi: float | None = None
    alpha: float | None = None
    coefficient: str | None = None
    sessions: int = 1
    therapists: int = 1
    within: float = 0.3


@dataclass(frozen=True)
class PlannedHypothesis:
    """A hypothesis and its places in the planned table.

    Attributes
    ----------
    id, sentence : str
    expect : str
        positive, negative, negligible or stronger.
    cells : tuple of (int, int)
    family : int
        Number of its family in the design.
    contrasts : tuple of int
        Numbers of its comparisons in the design, for stronger.
    """

    id: str
    sentence: str
    expect: Expectation
    cells: tuple[Place, ...]
    family: int = 0
    contrasts: tuple[int, ...] = ()


@dataclass(frozen=True)
class PlannedStudy:
    """Everything that a plan's questions are about.

    Attributes
    ----------
    title : str
    rows, columns : tuple of str
        Names for people.
    design : Design
    hypotheses : tuple of PlannedHypothesis
    sesoi : float or None
        Smallest effect of interest, in the unit of the design's coefficient.
    rejects : bool
        Whether a direction whose effect of interest is rejected counts as not supported, as in
        the verdicts of a protocol.
    level : float
        Level of intervals.
    interval : str
        Interval whose standard error the equivalence tests use.
    notes : tuple of str
        What was taken for granted.
    """

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    design: Design
    hypotheses: tuple[PlannedHypothesis, ...]
    sesoi: float | None = None
    rejects: bool = False
    level: float = 0.95
    interval: str = "default"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Truth:
    """True values with their names, and the cells that hypotheses are to speak of."""

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    spoken: frozenset[Place]
    notes: tuple[str, ...] = ()

    @property
    def places(self) -> list[Place]:
        return [(i, j) for i in range(len(self.rows)) for j in range(len(self.columns))]

    def hypotheses(self, sesoi: float | None) -> tuple[PlannedHypothesis, ...]:
        """Make a hypothesis of each cell that is spoken of, and of each zero that can be tested."""
        made: list[PlannedHypothesis] = []
        for i, j in self.places:
            value = self.values[i][j]
            if ((i, j) in self.spoken and value != 0) or (sesoi is not None and value == 0):
                expect: Expectation = "positive" if value > 0 else "negative" if value < 0 else "negligible"
                sentence = f"{self.rows[i]} with {self.columns[j]}"
                made.append(PlannedHypothesis(f"H{len(made) + 1}", sentence, expect, ((i, j),)))
        return tuple(made)


def plan_from_numbers(choices: Choices) -> PlannedStudy:
    """Plan a table of which only numbers, or a published table, are given.

    Every cell with a true value other than 0 makes a hypothesis of its sign (of a published table
    with stars only the starred cells); with a smallest effect of interest, every cell with a true
    value of 0 makes the hypothesis that it is negligible. All are adjusted over the whole table.

    Raises
    ------
    AnalysisError
        When a needed number is missing or out of range.
    """
    truth = _same_everywhere(choices) if choices.truth is None else _as_published(choices, choices.truth)
    coefficient = choices.coefficient or "spearman"
    design = Design(
        n=_needed(choices.n, "--n 43"),
        truth=_as_rho(truth.values, coefficient),
        x=_side(choices, "x", len(truth.rows)),
        y=_side(choices, "y", len(truth.columns)),
        coefficient=_planned_as(coefficient),
        missing=choices.missing,
        sessions=choices.sessions,
        therapists=choices.therapists,
        alpha=0.05 if choices.alpha is None else choices.alpha,
        families=(PlannedFamily(tuple(truth.places), choices.adjustment or "none"),),
    )
    return PlannedStudy(
        title=truth.title,
        rows=truth.rows,
        columns=truth.columns,
        design=design,
        hypotheses=truth.hypotheses(choices.sesoi),
        sesoi=_bound(choices.sesoi, coefficient),
        notes=(*truth.notes, *_about_tau(coefficient)),
    )


def _same_everywhere(choices: Choices) -> _Truth:
    kx, ky = _needed(choices.rows, "--rows 4"), _needed(choices.columns, "--columns 7")
    rho = _needed(choices.rho, "--rho .3")
    return _Truth(
        f"A table of {kx} rows and {ky} columns",
        tuple(f"row {i + 1}" for i in range(kx)),
        tuple(f"column {j + 1}" for j in range(ky)),
        ((rho,) * ky,) * kx,
        frozenset((i, j) for i in range(kx) for j in range(ky)),
    )


def _as_published(choices: Choices, table: PrintedTable) -> _Truth:
    _refuse(choices, "truth")
    both = sorted(set(table.rows) & set(table.columns))
    if both:
        raise AnalysisError(
            Problem(
                f"'{both[0]}' is a row and a column; a plan correlates rows with other variables.",
                file=str(table.path),
                hint="Keep as rows what you ask, and as columns what you rate.",
            )
        )
    starred = [c for c in table.cells if c.star or not table.has_stars]
    notes = ["the hypotheses are the cells with a star in the published table"] if table.has_stars else []
    return _Truth(
        f"As in {table.path.name}",
        table.rows,
        table.columns,
        tuple(tuple(_printed(table, x, y) for y in table.columns) for x in table.rows),
        frozenset((table.rows.index(c.row), table.columns.index(c.column)) for c in starred),
        (
            *notes,
            "a published correlation is already weakened by the unreliability of its measures, and the large ones "
            "of a table are too large on average",
        ),
    )


def plan_from_study(study: Study, choices: Choices) -> PlannedStudy:
    """Plan the study that a protocol declares, before there are data.

    Coefficient, alpha, families, hypotheses, smallest effect, reliabilities and scale points are the
    protocol's; what `choices` gives comes first. Without a published table, cells that a hypothesis
    expects to be positive, negative or stronger have the true value `rho` (the smallest effect of
    interest when absent) with that sign, all others 0.

    Raises
    ------
    AnalysisError
        When a needed number is missing or out of range.
    """
    return _FromProtocol(study, choices).planned()


class _FromProtocol:
    """Turns names of a protocol into places of a design."""

    def __init__(self, study: Study, choices: Choices) -> None:
        self.study, self.choices, self.table = study, choices, study.protocol.table
        _refuse(choices, "study")
        self.coefficient = choices.coefficient or self.table.coefficient
        self.sesoi = self.table.smallest_effect if choices.sesoi is None else choices.sesoi
        self.families = tuple(dict.fromkeys(h.family for h in study.hypotheses))
        self.contrasts: list[PlannedContrast] = []
        self.notes: list[str] = []

    def planned(self) -> PlannedStudy:
        """Put the plan together."""
        hypotheses = tuple(self._hypothesis(h) for h in self.study.hypotheses)
        truth = self._truth() if self.choices.truth is None else self._published(self.choices.truth)
        design = Design(
            n=_needed(self.choices.n, "--n 43"),
            truth=_as_rho(truth, self.coefficient),
            x=self._side("x", self.study.rows),
            y=self._side("y", self.study.columns),
            coefficient=_planned_as(self.coefficient),
            missing=self.choices.missing,
            sessions=self.choices.sessions,
            therapists=self.choices.therapists,
            alpha=self.table.alpha if self.choices.alpha is None else self.choices.alpha,
            families=tuple(self._family(name, hypotheses) for name in self.families),
            contrasts=tuple(self.contrasts),
        )
        if not hypotheses:
            self.notes.append("the protocol declares no hypothesis, so only the cells are planned")
        interval = "default" if self.table.interval == "bca" else self.table.interval
        return PlannedStudy(
            title=self.study.protocol.study.title,
            rows=tuple(self._label(name) for name in self.study.rows),
            columns=tuple(self._label(name) for name in self.study.columns),
            design=design,
            hypotheses=hypotheses,
            sesoi=_bound(self.sesoi, self.coefficient),
            rejects=True,
            level=self.table.level,
            interval=interval if self.coefficient == "spearman" else "default",
            notes=(*self.notes, *_about_tau(self.coefficient)),
        )

    def _place(self, x: str, y: str) -> Place:
        return self.study.rows.index(x), self.study.columns.index(y)

    def _hypothesis(self, h: HypothesisPart) -> PlannedHypothesis:
        numbers = []
        if h.than is not None:
            for x in h.rows:
                for y in h.columns:
                    signs = (self._pole(x), self._pole(h.than), self._pole(y))
                    numbers.append(len(self.contrasts))
                    against = self.study.rows.index(h.than)
                    i, j = self._place(x, y)
                    self.contrasts.append(PlannedContrast(i, against, j, signs))
        cells = tuple(self._place(x, y) for x in h.rows for y in h.columns)
        family = self.families.index(h.family)
        return PlannedHypothesis(h.id, h.sentence, h.expect, cells, family, tuple(numbers))

    def _family(self, name: str, hypotheses: Sequence[PlannedHypothesis]) -> PlannedFamily:
        declared = {f.id: f for f in self.study.protocol.families}
        family = declared.get(name, Family(id=name, adjustment=self.table.adjustment, label=""))
        own = [h for h in hypotheses if self.families[h.family] == name]
        cells = [c for h in own if h.expect in {"positive", "negative"} for c in h.cells]
        return PlannedFamily(tuple(dict.fromkeys(cells)), self.choices.adjustment or family.adjustment)

    def _truth(self) -> tuple[tuple[float, ...], ...]:
        rho = self.choices.rho if self.choices.rho is not None else self.sesoi
        if rho is None:
            raise AnalysisError(
                "Say which true correlation the hypotheses are planned with: --rho .3, or smallest_effect in "
                "[table] of the protocol."
            )
        truth = [[0.0] * len(self.study.columns) for _ in self.study.rows]
        for h in self.study.hypotheses:
            for x in h.rows:
                for y in h.columns:
                    i, j = self._place(x, y)
                    if truth[i][j] == 0 and h.expect != "negligible":
                        sign = -1 if h.expect == "negative" else 1
                        if h.expect == "stronger":
                            sign = self._pole(x) * self._pole(y)
                        truth[i][j] = sign * rho
        return tuple(map(tuple, truth))

    def _published(self, table: PrintedTable) -> tuple[tuple[float, ...], ...]:
        rows = [self._printed_name(name, table.rows) for name in self.study.rows]
        columns = [self._printed_name(name, table.columns) for name in self.study.columns]
        for side, names in ((self.study.rows, rows), (self.study.columns, columns)):
            if not any(names):
                raise AnalysisError(
                    Problem(
                        f"none of {', '.join(side)} stands in the published table.",
                        file=str(table.path),
                        hint="Name rows and columns as the protocol does, by id or by label.",
                    )
                )
        lost = [
            name
            for name, printed in zip((*self.study.rows, *self.study.columns), (*rows, *columns), strict=True)
            if printed is None
        ]
        if lost:
            self.notes.append(f"not in the published table, so taken as 0: {', '.join(lost)}")
        return tuple(
            tuple(_printed(table, x, y) if x is not None and y is not None else 0.0 for y in columns)
            for x in rows
        )

    def _printed_name(self, name: str, printed: Sequence[str]) -> str | None:
        wanted = {_folded(w) for w in (name, name.split(".", 1)[-1], self._label(name))}
        return next((p for p in printed if _folded(p) in wanted), None)

    def _side(self, side: Literal["x", "y"], names: Sequence[str]) -> Side:
        common = _side(self.choices, side, len(names))
        given = self.choices.reliability_x if side == "x" else self.choices.reliability_y
        known = self.study.protocol.reliability
        return Side(
            common.reliability
            if given is not None
            else tuple(known[name].value if name in known else 1.0 for name in names),
            common.points if self.choices.points is not None else tuple(self._points(name) for name in names),
            common.ceiling,
            common.within,
        )

    def _points(self, name: str) -> int | None:
        """Count the values that a score can take; None for many, or when it is not declared."""
        part, _, own = name.partition(".")
        points: int | None = None
        if part in self.study.instruments:
            scale = self.study.instruments[part].scale(own)
            variant = self.study.instrument_use(part).variant
            low, high = self.study.instruments[part].range_of(own, variant)
            points = round((high - low) / scale.factor * scale.size) + 1
        elif part in self.study.systems:
            dimensions = {d.id: len(d.points) for d in self.study.systems[part].dimensions}
            points = dimensions.get(own)
        return points if points is not None and 2 <= points <= MOST_POINTS else None

    def _pole(self, name: str) -> int:
        part, _, own = name.partition(".")
        if part not in self.study.systems:
            return 1
        return next(v.pole for v in self.study.systems[part].variables() if v.id == own)

    def _label(self, name: str) -> str:
        given = self.study.protocol.labels.get(name)
        if given is not None:
            return given
        part, _, own = name.partition(".")
        if part in self.study.instruments:
            return self.study.instruments[part].scale(own).name
        if part in self.study.systems:
            return next(v.label for v in self.study.systems[part].variables() if v.id == own)
        if part == PROCESS and own in self.study.process:
            return label_of(own) or own
        outcome = self.study.outcome(name)
        return name if outcome is None else outcome.label


def _needed(value: T | None, example: str) -> T:
    if value is None:
        raise AnalysisError(f"The plan lacks a number: give, for example, {example}.")
    return value


def _refuse(choices: Choices, by: Literal["truth", "study"]) -> None:
    """Refuse what the table or the protocol says already."""
    names = ["rows", "columns"] + (["rho"] if choices.truth is not None else [])
    for name in names:
        if getattr(choices, name) is not None:
            said = "the published table" if by == "truth" or name == "rho" else "the protocol"
            raise AnalysisError(f"--{name} is given, but {said} says it already. Leave one of them out.")


def _printed(table: PrintedTable, row: str, column: str) -> float:
    cell = table.cell(row, column)
    return 0.0 if cell is None or cell.r is None or cell.r.value is None else cell.r.value


def _folded(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())


def _side(choices: Choices, side: Literal["x", "y"], size: int) -> Side:
    reliability = choices.reliability_x if side == "x" else choices.reliability_y
    if size < 1:
        raise AnalysisError("A planned table needs at least one row and one column.")
    return Side.alike(
        size,
        reliability=1.0 if reliability is None else reliability,
        points=choices.points,
        ceiling=choices.ceiling if side == "x" else None,
        within=choices.within,
    )


def _planned_as(coefficient: str) -> str:
    return "spearman" if coefficient == "kendall" else coefficient


def _about_tau(coefficient: str) -> tuple[str, ...]:
    if coefficient != "kendall":
        return ()
    return ("tau is planned as Spearman's rho of the same strength; their tests have nearly the same power",)


def _rho_of_tau(tau: float) -> float:
    """Spearman's rho of a normal distribution with this tau."""
    return 6 / pi * asin(sin(pi * tau / 2) / 2)


def _as_rho(truth: tuple[tuple[float, ...], ...], coefficient: str) -> tuple[tuple[float, ...], ...]:
    if coefficient != "kendall":
        return truth
    return tuple(tuple(_rho_of_tau(value) for value in row) for row in truth)


def _bound(sesoi: float | None, coefficient: str) -> float | None:
    return _rho_of_tau(sesoi) if sesoi is not None and coefficient == "kendall" else sesoi
