"""From records to one value per unit and variable, and the flow of participants.

Here the protocol's rules are applied: which participants, which session's tape, which form,
how several coders become one. Nothing is dropped without being counted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from math import inf
from statistics import fmean

from bordin.coding.combine import CombinationRule, combine
from bordin.coding.summary import derive, summarize
from bordin.errors import DataError, Problem
from bordin.missing import Missing
from bordin.study.people_files import as_text
from bordin.study.protocol import PROCESS, InstrumentUse, Outcome
from bordin.study.records import Form, Participant, Records, Session
from bordin.study.results import CodingFacts, FlowStep
from bordin.study.study import Study

Value = float | Missing
Unit = tuple[str, Participant, Session | None]


@dataclass(frozen=True)
class UnitValues:
    """The analysis table before any statistic.

    Attributes
    ----------
    units : tuple of str
        Participants or sessions, in the order of their file.
    participants, therapists : tuple of str or None
        Whose unit it is, and the therapist.
    columns : mapping
        Variable to one number or kind of missing per unit.
    flow : tuple of FlowStep
    coding : tuple of CodingFacts
    forms : tuple of Form
        The forms that count, by the timing rule of each instrument.
    notes : tuple of str
    """

    units: tuple[str, ...]
    participants: tuple[str, ...]
    therapists: tuple[str | None, ...]
    columns: Mapping[str, tuple[Value, ...]]
    flow: tuple[FlowStep, ...]
    coding: tuple[CodingFacts, ...]
    forms: tuple[Form, ...]
    notes: tuple[str, ...]


def unit_values(study: Study, records: Records) -> UnitValues:
    """Apply the protocol's rules to the records.

    Parameters
    ----------
    study : Study
    records : Records

    Returns
    -------
    UnitValues

    Raises
    ------
    DataError
        When a rule does not decide, for example two forms where the protocol expects one.
    """
    return _Maker(study, records).make()


@dataclass
class _Maker:
    study: Study
    records: Records
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    sessions: dict[str, list[Session]] = field(default_factory=lambda: defaultdict(list))
    used_forms: dict[tuple[str, str], Form | None] = field(default_factory=dict)
    _texts: dict[tuple[str, str], list[str | None]] = field(default_factory=dict)
    _numbers: dict[tuple[str, str], list[float | None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for s in self.records.sessions.values():
            self.sessions[s.participant].append(s)

    def text(self, table: str, column: str, row: int) -> str | None:
        """Return one cell; the column is read once."""
        if (table, column) not in self._texts:
            self._texts[table, column] = self.records.tables[table].texts(column)
        return self._texts[table, column][row]

    def number(self, table: str, column: str, row: int) -> float | None:
        """Return one cell as a number; the column is read once."""
        if (table, column) not in self._numbers:
            self._numbers[table, column] = self.records.tables[table].numbers(column)
        return self._numbers[table, column][row]

    def make(self) -> UnitValues:
        sample = [p for p in self.records.participants.values() if self._in_sample(p)]
        coded: dict[str, Mapping[str, Mapping[str, Value]]] = {
            c: self._coded_sessions(c) for c in self.study.systems
        }
        if self.study.process:
            coded[PROCESS] = self._measured_sessions()
        forms: dict[tuple[str, str], list[Form]] = defaultdict(list)
        for f in self.records.forms:
            forms[f.instrument, f.participant].append(f)
        if self.study.protocol.study.unit == "participant":
            units: list[Unit] = [(p.id, p, None) for p in sample]
        else:
            # A session counts when it was coded, measured or has a form; a session with none is no case.
            with_form = {f.session for f in self.records.forms}
            units = [
                (s.id, p, s)
                for p in sample
                for s in self.sessions[p.id]
                if (s.id in with_form or any(s.id in c for c in coded.values()))
            ]
        chosen: dict[str, dict[str, list[Session]]] = {}
        for c, sessions in coded.items():
            chosen[c] = {p.id: self._chosen_sessions(c, sessions, p, chosen) for p in sample}
        columns: dict[str, tuple[Value, ...]] = {}
        for name in (*self.study.rows, *self.study.columns):
            columns[name] = tuple(self._value(name, p, s, coded, chosen, forms) for _, p, s in units)
        if self.problems:
            raise DataError(self.problems)
        flow = self._flow(sample, units, columns, forms)
        return UnitValues(
            units=tuple(u for u, _, _ in units),
            participants=tuple(p.id for _, p, _ in units),
            therapists=tuple(self._therapist(p, s) for _, p, s in units),
            columns=columns,
            flow=flow,
            coding=tuple(self._facts(c, {p.id for p in sample}) for c in self.study.systems),
            forms=tuple(f for f in self.used_forms.values() if f is not None),
            notes=tuple(dict.fromkeys(self.notes)),
        )

    def _in_sample(self, p: Participant) -> bool:
        sample = self.study.protocol.sample
        if sample.arm is not None and p.arm != sample.arm:
            return False
        return all(self.text("participants", c, p.row) == as_text(v) for c, v in sample.where.items())

    def _therapist(self, p: Participant, s: Session | None) -> str | None:
        table = self.records.tables.get("sessions")
        if s is not None and s.row is not None and table is not None and "therapist" in table.names:
            return self.text("sessions", "therapist", s.row)
        return p.therapist

    def _coded_sessions(self, name: str) -> dict[str, dict[str, Value]]:
        """Return session to variable to value, over all coders."""
        use, system = self.study.coding_use(name), self.study.systems[name]
        ratings = self.records.first_readings(name, use.standard)
        codes = self.records.codes.get(name, ())
        by_column = use.designated is not None and any(r.designated is not None for r in ratings)
        if (
            ratings
            and use.combine == "designated"
            and not by_column
            and use.designated not in {r.coder for r in ratings}
        ):
            self._say(
                f"{name}: {use.designated!r} is neither a coder nor a column of the ratings file.",
                "Name a coder, or the 0/1 column that marks whose rating counts.",
            )
            return {}
        rule = CombinationRule(
            kind=use.combine,
            designated=None if by_column or use.combine != "designated" else use.designated,
            consensus=use.consensus,
            fallback=use.fallback,
        )
        minutes = {s.id: s.minutes for s in self.records.sessions.values() if s.minutes is not None}
        values = [*ratings, *derive(system, ratings), *summarize(system, codes, minutes)]
        found: dict[str, dict[str, Value]] = defaultdict(dict)
        for c in combine(values, rule):
            found[c.session][c.dimension] = c.value
        return dict(found)

    def _measured_sessions(self) -> dict[str, dict[str, Value]]:
        """Return session to process measure to value, for sessions with at least one."""
        return {
            session: {c: Missing.NOT_RECORDED if v is None else v for c, v in measures.items()}
            for session, measures in self.records.process.items()
            if any(v is not None for v in measures.values())
        }

    def _chosen_sessions(
        self,
        name: str,
        coded: Mapping[str, object],
        p: Participant,
        chosen: Mapping[str, Mapping[str, list[Session]]],
    ) -> list[Session]:
        """Return the coded (or measured) sessions of a participant that the protocol's rule takes."""
        declared = self.study.protocol.data.process
        if name == PROCESS and declared is not None:
            rule, what, where = declared.session, "measured", "[data.process]"
            rules = "'coded', 'first', 'last' or 'mean'"
        else:
            rule, what, where = self.study.coding_use(name).session, "coded", "[[coding]]"
            rules = "'first', 'last' or 'mean'"
        sessions = [s for s in self.sessions[p.id] if s.tape is not False and s.id in coded]
        if self.study.protocol.study.unit == "session" or rule == "mean" or not sessions:
            return sessions
        if rule == "coded":
            ids = {s.id for s in next((c[p.id] for c in chosen.values() if c[p.id]), [])}
            return [s for s in sessions if s.id in ids]
        if len(sessions) < 2:
            return sessions
        if rule == "only":
            self._say(
                f"participant {p.id} has {len(sessions)} {what} sessions in {name} where the protocol expects one.",
                f"Say which one counts: session = {rules} in {where}, or make the session the unit.",
            )
            return sessions
        if any(s.number is None for s in sessions):
            self._say(
                f"participant {p.id} has {what} sessions without a number, so none is {rule}.",
                "Fill in the column number of the sessions file.",
            )
            return sessions
        ordered = sorted(sessions, key=lambda s: s.number or 0.0)
        return [ordered[0] if rule == "first" else ordered[-1]]

    def _say(self, message: str, hint: str) -> None:
        self.problems.append(Problem(message, hint=hint))

    def _value(
        self,
        name: str,
        p: Participant,
        s: Session | None,
        coded: Mapping[str, Mapping[str, Mapping[str, Value]]],
        chosen: Mapping[str, Mapping[str, list[Session]]],
        forms: Mapping[tuple[str, str], list[Form]],
    ) -> Value:
        outcome = self.study.outcome(name)
        if outcome is not None:
            return self._outcome(outcome, p, s)
        part, variable = name.split(".", 1)
        if part in coded:
            sessions = [s] if s is not None else chosen[part][p.id]
            return _mean([coded[part].get(t.id, {}).get(variable, Missing.NOT_RECORDED) for t in sessions])
        unit = s.id if s is not None else p.id
        if (part, unit) not in self.used_forms:
            tapes = [s] if s is not None else next((c[p.id] for c in chosen.values() if c[p.id]), [])
            use = self.study.instrument_use(part)
            self.used_forms[part, unit] = self._form(use, p, tapes, forms[part, p.id])
        form = self.used_forms[part, unit]
        if form is None:
            return Missing.NOT_RECORDED
        value = form.values[variable]
        return Missing.NOT_ANSWERED if value is None else value

    def _form(
        self, use: InstrumentUse, p: Participant, tapes: list[Session], forms: list[Form]
    ) -> Form | None:
        """Return the form that counts for a unit, by the protocol's timing rule."""
        if use.at == "occasion":
            forms = [f for f in forms if f.occasion == use.occasion]
        elif use.at == "same session" or (self.study.protocol.study.unit == "session" and use.at == "only"):
            forms = [f for f in forms if f.session in {t.id for t in tapes}]
        elif use.at == "nearest":
            return self._nearest(use, tapes, forms)
        if len(forms) > 1:
            self._say(
                f"participant {p.id} has {len(forms)} forms of {use.id} where the protocol expects one "
                f"({', '.join(str(f.occasion or f.session) for f in forms[:6])}).",
                "Say which one counts in [[instruments]]: at = 'occasion', 'same session' or 'nearest'.",
            )
        return forms[0] if forms else None

    def _nearest(self, use: InstrumentUse, tapes: list[Session], forms: list[Form]) -> Form | None:
        numbers = [t.number for t in tapes if t.number is not None]
        if not numbers:
            return None
        placed = []
        for f in forms:
            held = self.records.sessions.get(f.session or "")
            if held is not None and held.number is not None:
                placed.append((abs(held.number - fmean(numbers)), held.number, f))
        if not placed:
            return None
        distance, _, form = min(placed, key=lambda d: d[:2])
        if use.within is not None and distance > use.within:
            self.notes.append(
                f"{use.id}: a form further than {use.within:g} sessions from the tape is not used."
            )
            return None
        return form

    def _outcome(self, o: Outcome, p: Participant, s: Session | None) -> Value:
        where, row = "participants", p.row
        sessions = self.records.tables.get("sessions")
        if s is not None and s.row is not None and sessions is not None and o.column in sessions.names:
            where, row = "sessions", s.row
        pairs = [(c, self.number(where, c, row)) for c in (o.column, o.minus) if c is not None]
        for column, value in pairs:
            if value is not None and not (-inf if o.low is None else o.low) <= value <= (
                inf if o.high is None else o.high
            ):
                table = self.records.tables[where]
                limits = f"{'' if o.low is None else f'{o.low:g}'}-{'' if o.high is None else f'{o.high:g}'}"
                message = f"{value:g} is outside {limits}, the range that the outcome {o.id} declares."
                self.problems.append(Problem(message, table.path.name, table.line(row), column))
        parts = [value for _, value in pairs]
        known = [v for v in parts if v is not None]
        if len(known) < len(parts):
            return Missing.NOT_ANSWERED
        return known[0] - known[1] if o.minus is not None else known[0]

    def _flow(
        self,
        sample: list[Participant],
        units: list[Unit],
        columns: Mapping[str, tuple[Value, ...]],
        forms: Mapping[tuple[str, str], list[Form]],
    ) -> tuple[FlowStep, ...]:
        steps = [FlowStep("recruited", len(self.records.participants))]
        left = [p.id for p in sample]
        if len(sample) < len(self.records.participants):
            label = self.study.protocol.sample.label or "in the sample"
            others = len(self.records.participants) - len(sample)
            lost = "in other arms" if self.study.protocol.sample.arm is not None else "outside the sample"
            steps.append(FlowStep(label, len(sample), ((others, lost),)))
        if self.study.instruments:
            with_form = [w for w in left if any(forms[i, w] for i in self.study.instruments)]
            steps.append(
                FlowStep("with a form", len(with_form), _losses(left, with_form, lambda _: "without a form"))
            )
            left = with_form
        used = {u.split(".", 1)[0] for u in (*self.study.rows, *self.study.columns)} & {*self.study.systems}
        how = "coded" if used else ""
        if self.study.process:
            used, how = used | {PROCESS}, "coded or measured" if used else "measured"
        if used:
            taped = {
                units[i][1].id
                for name in columns
                if name.split(".", 1)[0] in used
                for i, v in enumerate(columns[name])
                if not isinstance(v, Missing)
            }
            with_tape = [w for w in left if w in taped]
            label = f"with form and {how} tape" if self.study.instruments else f"with a {how} tape"
            why = partial(self._why_no_tape, f"tape not {how}")
            steps.append(FlowStep(label, len(with_tape), _losses(left, with_tape, why)))
            left = with_tape
        steps.append(self._analysed(left, units, columns))
        return tuple(steps)

    def _analysed(
        self,
        left: list[str],
        units: list[Unit],
        columns: Mapping[str, tuple[Value, ...]],
    ) -> FlowStep:
        cases = [
            i
            for i in range(len(units))
            if any(not isinstance(columns[r][i], Missing) for r in self.study.rows)
            and any(not isinstance(columns[c][i], Missing) for c in self.study.columns)
        ]
        people = {units[i][1].id for i in cases}
        lost = _losses(left, [w for w in left if w in people], lambda _: "without a value on both sides")
        if self.study.protocol.study.unit == "session":
            return FlowStep(f"sessions analyzed, of {len(people)} participants", len(cases), lost)
        return FlowStep("analyzed", len(people), lost)

    def _why_no_tape(self, otherwise: str, who: str) -> str:
        own = self.sessions[who]
        if not own:
            return "without a session on record"
        notes = [s.note or "tape not usable" for s in own if s.tape is False]
        if len(notes) == len(own):
            return Counter(notes).most_common(1)[0][0]
        return otherwise

    def _facts(self, name: str, sample: set[str]) -> CodingFacts:
        system, use = self.study.systems[name], self.study.coding_use(name)
        inside = {s.id for s in self.records.sessions.values() if s.participant in sample}
        ratings = [r for r in self.records.first_readings(name, use.standard) if r.session in inside]
        codes = [c for c in self.records.codes.get(name, ()) if c.session in inside]
        coders: dict[str, set[str]] = defaultdict(set)
        for session, coder in [
            *((r.session, r.coder) for r in ratings),
            *((c.session, c.coder) for c in codes),
        ]:
            if coder != use.consensus:
                coders[session].add(coder)
        return CodingFacts(
            id=name,
            name=system.name,
            version=system.manual_version,
            combine=use.combine,
            coders=tuple(sorted({c for named in coders.values() for c in named if c})),
            n_sessions=len(coders),
            n_double=sum(len(c) > 1 for c in coders.values()),
            n_ratings=len(ratings) + len(codes),
            not_codable=dict(
                Counter(
                    r.reason
                    for r in ratings
                    if isinstance(r.value, Missing) and r.value is not Missing.NOT_ANSWERED
                )
            ),
        )


def _losses(before: list[str], after: list[str], why: Callable[[str], str]) -> tuple[tuple[int, str], ...]:
    kept = set(after)
    counts = Counter(why(w) for w in before if w not in kept)
    return tuple((n, reason) for reason, n in counts.most_common())


def _mean(values: list[Value]) -> Value:
    """Mean of the numbers; the first kind of missing when there is none."""
    numbers = [v for v in values if not isinstance(v, Missing)]
    if numbers:
        return fmean(numbers) if len(numbers) > 1 else numbers[0]
    return next((v for v in values if isinstance(v, Missing)), Missing.NOT_RECORDED)
