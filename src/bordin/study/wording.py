"""The words of a questionnaire, from a study's own folder: the package ships none.

The protocol names the file, ``[[forms]] wording = "wording/alliance.toml"``::

    language = "en"
    title = "About your session today"
    lead = "How far does each sentence fit?"

    [anchors]
    1 = "Not at all"
    7 = "Completely"          # and every point between

    [items]
    q1 = "The sentence that the license lets this study print."

    [items.q5]                # an item with anchors of its own
    statement = "Another sentence."
    anchors = { 1 = "Never", 7 = "Always" }

``anchors_at = "ends"`` says that only the two ends of the scale have words.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bordin.errors import Problem, ProtocolError, nearest
from bordin.instruments.instrument import ANSWER_STEPS, VISUAL_ANALOG, WHOLE_NUMBERS, Alert, Instrument
from bordin.study.study import Study
from bordin.toml_lines import find_line

KEYS = ("language", "title", "lead", "note", "anchors_at", "anchors", "items")
ITEM_KEYS = ("statement", "anchors")
PER_SESSION = "session"
EVERY_POINT, ENDS = "every point", "ends"
NOT_APPLICABLE = "not applicable"
"""What stands in a wording file, and in a sent form, for an item that does not apply."""


@dataclass(frozen=True)
class Wording:
    """What a wording file says.

    Attributes
    ----------
    language, title, lead, note : str
        Empty where the file does not say.
    statements : mapping of str to str
        Item key to its sentence.
    anchors : mapping of str to mapping
        Item key to point to words; points of an item without own anchors are those of all.
    not_applicable : str
        Words of the choice "does not apply".
    """

    language: str
    title: str
    lead: str
    note: str
    statements: Mapping[str, str]
    anchors: Mapping[str, Mapping[float, str]]
    not_applicable: str = ""


@dataclass(frozen=True)
class Choice:
    """One answer that can be chosen: what is sent, the number that is shown, its words."""

    value: str
    shown: str
    words: str


@dataclass(frozen=True)
class Question:
    """One item as it is asked.

    Attributes
    ----------
    key : str
    number : int
        From 1.
    statement : str
        Empty where the study gave no wording.
    choices : tuple of Choice
        Empty for a visual analog line.
    lowest, highest : str
        Words of the two ends.
    """

    key: str
    number: int
    statement: str
    choices: tuple[Choice, ...]
    lowest: str
    highest: str


@dataclass(frozen=True)
class Questionnaire:
    """A form as it is shown.

    Attributes
    ----------
    form, instrument, informant : str
        The form's and the instrument's ids in the protocol; who fills it in.
    language, title, lead, note, contact, thanks : str
    questions : tuple of Question
    rules : Instrument
        What may be answered.
    alerts : tuple of Alert
        Of the instrument, and of the protocol's form.
    worded : bool
        Whether every item has the study's own words.
    """

    form: str
    instrument: str
    informant: str
    language: str
    title: str
    lead: str
    note: str
    contact: str
    thanks: str
    questions: tuple[Question, ...]
    rules: Instrument
    alerts: tuple[Alert, ...]
    worded: bool

    @property
    def line(self) -> bool:
        """Whether answers are places on a line, not choices."""
        return self.rules.answers.kind == VISUAL_ANALOG


def read_wording(folder: Path, name: str, instrument: Instrument) -> Wording:
    """Read a study's wording file for an instrument.

    Parameters
    ----------
    folder : Path
        Study folder.
    name : str
        The file, relative to it.
    instrument : Instrument

    Returns
    -------
    Wording

    Raises
    ------
    ProtocolError
        With the line of each fault: unknown key or item, item without a sentence, point without words.
    """
    path = folder / name
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        there = sorted(p.relative_to(folder).as_posix() for p in path.parent.glob("*.toml"))
        hint = nearest(name, there) if there else f"Put the study's licensed wording into {name}."
        raise ProtocolError(Problem("the wording file is not there.", name, hint=hint)) from None
    except (OSError, UnicodeDecodeError) as error:
        why = "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else "cannot be read"
        raise ProtocolError(Problem(f"the wording file {why}.", name)) from None
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProtocolError(Problem(f"not valid TOML: {error}.", name)) from None
    return _Reader(name, text, instrument).read(content)


@dataclass
class _Reader:
    """Reads one file; collects problems instead of stopping at the first."""

    file: str
    text: str
    instrument: Instrument
    problems: list[Problem] = field(default_factory=list)

    def read(self, content: dict[str, Any]) -> Wording:
        self._only(content, KEYS, ())
        where = self._text(content, "anchors_at", ()) or EVERY_POINT
        if where not in {EVERY_POINT, ENDS}:
            self._problem(("anchors_at",), f"{where!r} is not allowed.", nearest(where, (EVERY_POINT, ENDS)))
        shared, not_applicable = self._anchors(content.get("anchors", {}), ("anchors",))
        statements, own = self._items(content.get("items"))
        needed = self._needed(ends=where == ENDS)
        if set(own) != set(self.instrument.keys):
            self._complete(shared, needed, ("anchors",), "the scale")
        for key, anchors in own.items():
            self._complete({**shared, **anchors}, needed, ("items", key, "anchors"), key)
        wording = Wording(
            language=self._text(content, "language", ()),
            title=self._text(content, "title", ()),
            lead=self._text(content, "lead", ()),
            note=self._text(content, "note", ()),
            statements=statements,
            anchors={key: {**shared, **own.get(key, {})} for key in self.instrument.keys},
            not_applicable=not_applicable,
        )
        if self.problems:
            raise ProtocolError(self.problems)
        return wording

    def _problem(self, key: Sequence[str], message: str, hint: str | None = None) -> None:
        line = find_line(self.text, tuple(key)) or 1
        self.problems.append(Problem(message, self.file, line, ".".join(key) or None, hint))

    def _only(self, table: Mapping[str, Any], allowed: Iterable[str], where: tuple[str, ...]) -> None:
        for key in table:
            if key in allowed:
                continue
            if not where and key in self.instrument.keys:
                self._problem((key,), "a sentence stands outside [items].", "Write [items] above it.")
            else:
                self._problem((*where, key), "unknown key.", nearest(key, allowed))

    def _text(self, table: Mapping[str, Any], key: str, where: tuple[str, ...]) -> str:
        value = table.get(key, "")
        if not isinstance(value, str):
            self._problem((*where, key), f"{value!r} stands where a text in quotes should be.")
            return ""
        return value.strip()

    def _items(self, given: Any) -> tuple[dict[str, str], dict[str, dict[float, str]]]:
        if not isinstance(given, dict):
            message = "the items' sentences are missing." if given is None else "[items] is a table."
            self._problem(("items",), message, 'Write [items] and below it q1 = "...".')
            return {}, {}
        statements: dict[str, str] = {}
        own: dict[str, dict[float, str]] = {}
        for key, value in given.items():
            if key not in self.instrument.keys:
                message = f"{self.instrument.id} has no item {key!r}."
                self._problem(("items", key), message, nearest(key, self.instrument.keys))
                continue
            table = value if isinstance(value, dict) else {"statement": value}
            self._only(table, ITEM_KEYS, ("items", key))
            where = ("items", key) if isinstance(value, dict) else ("items",)
            name = "statement" if isinstance(value, dict) else key
            statements[key] = self._text({name: table.get("statement", "")}, name, where)
            if "anchors" in table:
                own[key], _ = self._anchors(table["anchors"], ("items", key, "anchors"))
        for key in self.instrument.keys:
            if key not in given:
                self._problem(("items",), f"item {key} has no sentence.", f'Add {key} = "..." below [items].')
            elif key in statements and not statements[key]:
                self._problem(("items", key), f"the sentence of {key} is empty.")
        return statements, own

    def _anchors(self, given: Any, where: tuple[str, ...]) -> tuple[dict[float, str], str]:
        """Return the words of each point, and those of "does not apply"."""
        if not isinstance(given, dict):
            self._problem(where, 'anchors are a table, such as 1 = "Not at all".')
            return {}, ""
        points, not_applicable = self._points(), ""
        found: dict[float, str] = {}
        for key in given:
            words = self._text(given, key, where)
            point = _number(key)
            code = point is not None and point in self.instrument.answers.not_applicable
            if key == NOT_APPLICABLE or code:
                not_applicable = words
                if not self.instrument.answers.not_applicable:
                    self._problem((*where, key), f"{self.instrument.id} has no answer 'not applicable'.")
            elif point is None or not (point in points or self._between(point)):
                shown = ", ".join(f"{p:g}" for p in points)
                message = f"{key!r} is no point of the scale."
                self._problem((*where, key), message, f"The points are {shown}.")
            else:
                found[point] = words
        return found, not_applicable

    def _points(self) -> tuple[float, ...]:
        return points_of(self.instrument)

    def _between(self, point: float) -> bool:
        answers = self.instrument.answers
        return answers.kind == VISUAL_ANALOG and answers.low <= point <= answers.high

    def _needed(self, *, ends: bool) -> tuple[float, ...]:
        answers = self.instrument.answers
        if ends or answers.kind == VISUAL_ANALOG:
            return (answers.low, answers.high)
        return tuple(p for p in self._points() if p.is_integer() or answers.kind == WHOLE_NUMBERS)

    def _complete(
        self, given: Mapping[float, str], needed: Sequence[float], where: tuple[str, ...], what: str
    ) -> None:
        absent = [f"{p:g}" for p in needed if not given.get(p)]
        if absent:
            hint = f'Add {absent[0]} = "...", or write anchors_at = "ends" where only the ends have words.'
            self._problem(where, f"{what}: no words for the point {', '.join(absent)}.", hint)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def points_of(instrument: Instrument) -> tuple[float, ...]:
    """Return every answer that can be chosen; the two ends for a visual analog line."""
    answers = instrument.answers
    step = ANSWER_STEPS[answers.kind]
    if step is None:
        return (answers.low, answers.high)
    return tuple(answers.low + i * step for i in range(round((answers.high - answers.low) / step) + 1))


def form_ids(study: Study) -> tuple[str, ...]:
    """Return the ids of the forms that the protocol declares, in order."""
    return tuple(form.id for form in study.protocol.forms)


def is_per_session(study: Study, form: str) -> bool:
    """Say whether a form is answered once for each therapy session, not once for an occasion."""
    return next(f for f in study.protocol.forms if f.id == form).occasion == PER_SESSION


def questionnaire(study: Study, form: str) -> Questionnaire:
    """Put a form together: the protocol's part, the instrument, and the study's own words.

    Parameters
    ----------
    study : Study
    form : str
        Id of ``[[forms]]``.

    Returns
    -------
    Questionnaire
        Without a wording file its statements are empty, and ``worded`` is False.

    Raises
    ------
    ProtocolError
        When there is no such form, or its wording file has faults.
    """
    use = next((f for f in study.protocol.forms if f.id == form), None)
    if use is None:
        raise ProtocolError(
            Problem(f"the protocol has no form {form!r}.", hint=nearest(form, form_ids(study)))
        )
    rules = study.instruments[use.instrument]
    given = read_wording(study.folder, use.wording, rules) if use.wording else _unworded(rules)
    questions = tuple(_question(n, item.key, given, rules) for n, item in enumerate(rules.items, start=1))
    own = tuple(Alert(a.item, a.at_least, a.message) for a in use.alerts)
    told = {(a.item, a.at_least) for a in own}
    return Questionnaire(
        form=use.id,
        instrument=use.instrument,
        informant=use.informant,
        language=given.language,
        title=given.title or use.title,
        lead=given.lead or use.lead,
        note=given.note,
        contact=use.contact,
        thanks=use.thanks,
        questions=questions,
        rules=rules,
        alerts=own + tuple(a for a in rules.alerts if (a.item, a.at_least) not in told),
        worded=all(q.statement for q in questions),
    )


def _unworded(rules: Instrument) -> Wording:
    """Return what can be said without a wording file: the ends, in our words, and the instrument file's own texts."""
    ends = {rules.answers.low: rules.answers.lowest, rules.answers.high: rules.answers.highest}
    statements = {item.key: item.wording or "" for item in rules.items}
    return Wording("", "", "", "", statements, dict.fromkeys(rules.keys, ends))


def _question(number: int, key: str, given: Wording, rules: Instrument) -> Question:
    anchors = given.anchors[key]
    answers = rules.answers
    choices: tuple[Choice, ...] = ()
    if answers.kind != VISUAL_ANALOG:
        choices = tuple(Choice(f"{p:g}", f"{p:g}", anchors.get(p, "")) for p in points_of(rules))
    if answers.not_applicable:
        choices += (Choice(NOT_APPLICABLE, "", given.not_applicable),)
    return Question(
        key=key,
        number=number,
        statement=given.statements.get(key, ""),
        choices=choices,
        lowest=anchors.get(answers.low, ""),
        highest=anchors.get(answers.high, ""),
    )
