"""A study as declared: the protocol with its instruments and coding systems, all names resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bordin import instruments
from bordin.coding import catalog as coding
from bordin.coding.allocation.assignment import Plan
from bordin.coding.system import CodingSystem
from bordin.coding.training import TrainingRule
from bordin.errors import BordinError, CatalogError, DataError, Problem, ProtocolError, nearest
from bordin.instruments.instrument import Instrument
from bordin.study.process_columns import ProcessColumns, process_columns
from bordin.study.protocol import PROCESS, CodingUse, HypothesisPart, InstrumentUse, Outcome, Protocol
from bordin.study.reader import protocol_path, read_protocol
from bordin.study.workbench_names import check_workbench_names
from bordin.toml_lines import Path as KeyPath
from bordin.toml_lines import find_line

SESSION_COLUMNS = {"session", "participant", "therapist", "number", "minutes", "tape", "tape_note"}
RESPONSE_COLUMNS = {"participant", "session", "occasion", "instrument", "item", "value"}
RATING_COLUMNS = {"session", "participant", "coder", "dimension", "value", "reason", "order", "reading"}
CODE_COLUMNS = {
    "session",
    "participant",
    "coder",
    "code",
    "speaker",
    "start",
    "end",
    "value",
    "unit",
    "utterance",
    "turn",
}


@dataclass(frozen=True)
class Study:
    """A study folder that was read and found consistent; no data yet, but which process measures there are.

    Attributes
    ----------
    folder : Path
    protocol : Protocol
    sha256 : str
        Hash of the protocol file.
    instruments : mapping of str to Instrument
        By the id that the protocol gives them.
    systems : mapping of str to CodingSystem
        Likewise.
    rows, columns : tuple of str
        Variables of the table, ``*`` resolved.
    own_files : tuple of str
        The study's own instrument and coding files, relative to the folder.
    hypotheses : tuple of HypothesisPart
        With ``*`` resolved.
    process : tuple of str
        Columns of the process file that the table names.
    """

    folder: Path
    protocol: Protocol
    sha256: str
    instruments: Mapping[str, Instrument]
    systems: Mapping[str, CodingSystem]
    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    own_files: tuple[str, ...] = ()
    hypotheses: tuple[HypothesisPart, ...] = field(default=())
    process: tuple[str, ...] = ()

    def instrument_use(self, name: str) -> InstrumentUse:
        """Return how the protocol uses the instrument called `name`."""
        return next(u for u in self.protocol.instruments if u.id == name)

    def coding_use(self, name: str) -> CodingUse:
        """Return how the protocol uses the coding system called `name`."""
        return next(u for u in self.protocol.coding if u.id == name)

    def allocation_plan(self) -> Plan | None:
        """Return the plan by which sessions are given to coders; None when the protocol has no ``[allocation]``."""
        declared = self.protocol.allocation
        if declared is None:
            return None
        given = declared.model_dump(exclude={"seed", "bands"})
        return Plan(practice=self.protocol.training.practice, **given)

    def allocation_seed(self) -> int | None:
        """Return the seed that the protocol declares for the allocation.

        Not the study's: with a seed that is published, a coder could work out which tapes are calibration tapes.
        """
        declared = self.protocol.allocation
        return None if declared is None else declared.seed

    def training_rule(self, coding: str) -> TrainingRule:
        """Return when a coder is ready to code with the system called `coding`."""
        training = self.protocol.training
        return TrainingRule(
            training.within, training.share, training.in_a_row, self.coding_use(coding).criterion
        )

    def outcome(self, name: str) -> Outcome | None:
        """Return the outcome called `name`, if there is one."""
        return next((o for o in self.protocol.outcomes if o.id == name), None)


def load_study(folder: Path | str) -> Study:
    """Read a study folder's protocol and all that it refers to.

    Parameters
    ----------
    folder : Path or str
        The folder, or its ``study.toml``.

    Returns
    -------
    Study

    Raises
    ------
    ProtocolError
        With every problem: of the file, of the catalog entries, of names that do not exist.
    """
    path = protocol_path(Path(folder))
    protocol, text, sha256 = read_protocol(path)
    return _Resolver(path, protocol, text, sha256).study()


class _Resolver:
    """Checks names across the protocol; collects problems instead of stopping at the first."""

    def __init__(self, path: Path, protocol: Protocol, text: str, sha256: str) -> None:
        self.path, self.protocol, self.text, self.sha256 = path, protocol, text, sha256
        self.problems: list[Problem] = []
        self.instruments: dict[str, Instrument] = {}
        self.systems: dict[str, CodingSystem] = {}
        self.own_files: list[str] = []
        self.process: ProcessColumns | None = None

    def study(self) -> Study:
        self._load_entries()
        known = self._known()
        table = self.protocol.table
        rows = self._resolve(table.rows, known, ("table", "rows"))
        columns = self._resolve(table.columns, known, ("table", "columns"))
        both = sorted(set(rows) & set(columns))
        if both:
            self._problem(("table", "columns"), f"{both[0]} stands in rows and in columns.", value=both[0])
        if table.against is not None and table.against not in rows:
            self._problem(
                ("table", "against"),
                f"{table.against!r} is no row of the table.",
                nearest(table.against, rows),
            )
        hypotheses = self._hypotheses(rows, columns)
        self._references(known)
        check_workbench_names(self.path.parent, self.protocol, self.instruments, self._problem)
        if self.problems:
            raise ProtocolError(self.problems)
        return Study(
            folder=self.path.parent,
            protocol=self.protocol,
            sha256=self.sha256,
            instruments=self.instruments,
            systems=self.systems,
            rows=rows,
            columns=columns,
            own_files=tuple(self.own_files),
            hypotheses=hypotheses,
            process=tuple(
                n.removeprefix(f"{PROCESS}.")
                for n in (*rows, *columns)
                if self.process is not None and n.startswith(f"{PROCESS}.")
            ),
        )

    def _problem(self, key: KeyPath, message: str, hint: str | None = None, value: str | None = None) -> None:
        name = ".".join(str(p + 1) if isinstance(p, int) else p for p in key)
        self.problems.append(Problem(message, self.path.name, find_line(self.text, key, value), name, hint))

    def _entry(self, name: str) -> str | Path:
        """Return a catalog name as it is, and a path relative to the study folder as a path."""
        if not name.endswith(".toml"):
            return name
        self.own_files.append(name)
        return self.path.parent / name

    def _load_entries(self) -> None:
        for i, use in enumerate(self.protocol.instruments):
            try:
                instrument = instruments.load(self._entry(use.instrument))
                instrument.choose_variant(use.variant)
                self.instruments[use.id] = instrument
            except CatalogError as error:
                self._catalog_problems(("instruments", i, "instrument"), error)
        for i, coding_use in enumerate(self.protocol.coding):
            try:
                self.systems[coding_use.id] = coding.load(self._entry(coding_use.system))
            except CatalogError as error:
                self._catalog_problems(("coding", i, "system"), error)
        self.own_files = [name for name in self.own_files if (self.path.parent / name).is_file()]
        self._load_process()

    def _load_process(self) -> None:
        """Find out which variables the file of process measures holds."""
        declared, folder = self.protocol.data.process, self.path.parent
        if declared is None:
            return
        try:
            self.process = process_columns(folder, declared)
        except DataError as error:
            for p in error.problems:
                path = Path(p.file or declared.file)
                name = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name
                self.problems.append(Problem(p.message, name, p.line, p.column, p.hint))

    def _catalog_problems(self, key: KeyPath, error: BordinError) -> None:
        for p in error.problems:
            if p.file is None:
                self._problem(key, p.message, p.hint)
            else:
                self.problems.append(p)

    def _known(self) -> list[str]:
        """Return every variable that a table may name."""
        names = [f"{i}.{s.id}" for i, instrument in self.instruments.items() for s in instrument.scales]
        for c, system in self.systems.items():
            names += [f"{c}.{v.id}" for v in system.variables()]
        if self.process is not None:
            names += [f"{PROCESS}.{c}" for c in self.process.numbers]
        return names + [o.id for o in self.protocol.outcomes]

    def _resolve(self, given: tuple[str, ...], known: list[str], key: KeyPath) -> tuple[str, ...]:
        found: list[str] = []
        for name in given:
            if name.endswith(".*"):
                matches = [k for k in known if k.startswith(name[:-1])]
            else:
                matches = [k for k in known if k == name]
            if not matches and not self._part_failed(name):
                self._problem(key, f"there is no variable {name!r}.", self._hint(name, known), value=name)
            found += [m for m in matches if m not in found]
        return tuple(found)

    def _hint(self, name: str, known: list[str]) -> str:
        """Say what to do about a name that is not known."""
        part, _, own = name.partition(".")
        declared = self.protocol.data.process
        if part != PROCESS or part in {*self.instruments, *self.systems}:
            return nearest(name, known)
        if declared is None:
            return 'Name the file of process measures in the protocol: [data.process] file = "process.csv".'
        if self.process is not None and own in self.process.texts:
            return f"The column {own} of {declared.file} holds words, no numbers."
        if self.process is not None and not self.process.there and own not in self.process.numbers:
            known_yet = "until it is, only bordin's own measures and mapped columns are known."
            return f"{declared.file} is not there: {known_yet} {nearest(name, known)}"
        return nearest(name, known)

    def _part_failed(self, name: str) -> bool:
        """Say whether a name belongs to an entry that could not be loaded (that was told already)."""
        part = name.split(".", 1)[0]
        if part == PROCESS and self.protocol.data.process is not None:
            return self.process is None
        declared = {u.id for u in self.protocol.instruments} | {u.id for u in self.protocol.coding}
        return part in declared - {*self.instruments, *self.systems}

    def _hypotheses(self, rows: tuple[str, ...], columns: tuple[str, ...]) -> tuple[HypothesisPart, ...]:
        families = {f.id for f in self.protocol.families} | {"confirmatory"}
        resolved = []
        for i, h in enumerate(self.protocol.hypotheses):
            key: KeyPath = ("hypotheses", i)
            own_rows = self._resolve(h.rows, list(rows), (*key, "rows"))
            own_columns = self._resolve(h.columns, list(columns), (*key, "columns"))
            if h.than is not None and h.than not in rows:
                self._problem((*key, "than"), f"{h.than!r} is no row of the table.", nearest(h.than, rows))
            if h.than is not None and h.than in own_rows:
                self._problem((*key, "than"), f"{h.than!r} cannot be stronger than itself.")
            if h.family not in families:
                self._problem(
                    (*key, "family"), f"there is no family {h.family!r}.", nearest(h.family, families)
                )
            if h.expect == "negligible" and self.protocol.table.smallest_effect is None:
                self._problem(
                    (*key, "expect"),
                    "'negligible' can be tested only against a declared smallest effect.",
                    "Add to [table], for example: smallest_effect = 0.3",
                )
            resolved.append(h.model_copy(update={"rows": own_rows, "columns": own_columns}))
        return tuple(resolved)

    def _references(self, known: list[str]) -> None:
        for name in self.protocol.reliability:
            if name not in known and not self._part_failed(name):
                self._problem(
                    ("reliability", name), f"there is no variable {name!r}.", self._hint(name, known)
                )
        for name in self.protocol.labels:
            if name not in known and not self._part_failed(name):
                self._problem(("labels", name), f"there is no variable {name!r}.", self._hint(name, known))
        self._mapped_columns()
        for part, what, ids in (
            ("responses", "instrument", list(self.instruments)),
            ("ratings", "coding", list(self.systems)),
            ("codes", "coding", list(self.systems)),
        ):
            for i, f in enumerate(getattr(self.protocol.data, part)):
                given = getattr(f, what)
                if given is not None and given not in ids and not self._part_failed(given):
                    self._problem(
                        ("data", part, i, what), f"there is no {what} {given!r}.", nearest(given, ids)
                    )
                elif given is None and part != "responses" and len(ids) > 1:
                    self._problem(
                        ("data", part, i),
                        f"say which coding system the file belongs to: {what} = ...",
                        nearest("", ids),
                    )

    def _mapped_columns(self) -> None:
        """Refuse a column map that gives a file a name that nothing asks for."""
        data = self.protocol.data
        outcomes = {c for o in self.protocol.outcomes for c in (o.column, o.minus) if c is not None}
        free = {*self.protocol.sample.where, *outcomes, self.protocol.table.control or "therapist"}
        free |= set(self.protocol.blinding.guess)
        free |= set(self.protocol.allocation.balance if self.protocol.allocation else ())
        maps: list[tuple[KeyPath, Mapping[str, str], set[str]]] = [
            (("data", "participants"), data.participants.columns, {"participant", "arm", "therapist"} | free)
        ]
        if data.sessions is not None:
            maps.append((("data", "sessions"), data.sessions.columns, SESSION_COLUMNS | free))
        for i, f in enumerate(data.responses):
            chosen = [self.instruments[f.instrument]] if f.instrument in self.instruments else []
            items = {k for instrument in chosen or self.instruments.values() for k in instrument.keys}
            maps.append((("data", "responses", i), f.columns, RESPONSE_COLUMNS | items))
        for i, r in enumerate(data.ratings):
            marks = {u.designated for u in self.protocol.coding if u.designated is not None}
            dimensions = {d.id for system in self.systems.values() for d in system.dimensions}
            maps.append((("data", "ratings", i), r.columns, RATING_COLUMNS | marks | dimensions))
        maps += [(("data", "codes", i), c.columns, CODE_COLUMNS) for i, c in enumerate(data.codes)]
        for key, given, known in maps:
            for ours in given:
                if ours not in known:
                    self._problem(
                        (*key, "columns", ours),
                        "nothing asks for a column of this name.",
                        nearest(ours, known),
                    )
