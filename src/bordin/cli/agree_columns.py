"""What a file of codes holds: long or wide, names or numbers, with every fault told by its row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bordin.errors import DataError, Problem, nearest
from bordin.reliability.agreement import UNITS
from bordin.reliability.krippendorff import LEVELS
from bordin.study.files import Cell, FlatTable, parse_number, read_table
from bordin.study.files_table import NUMBER_MISSING, is_number, listed, text_of

LAYOUTS = ("long", "wide")
TURN = ("turn", "utterance", "unit")
TIME = ("time", "start")
VALUE = ("value", "code")
# Columns of the study's own files that are neither a rating nor who or what was rated.
BESIDE = ("participant", "occasion", "speaker", "end", "order", "date", "designated", "tape_note", "note")

Value = str | float | None


@dataclass
class Codes:
    """Long columns of equal length.

    Attributes
    ----------
    sessions, coders : list of str
    values : list of str, float or None
        Of one kind within a dimension.
    dimensions, turns : list of str or None
    times : list of float or None
    """

    sessions: list[str] = field(default_factory=list)
    coders: list[str] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    dimensions: list[str] | None = None
    turns: list[str] | None = None
    times: list[float] | None = None


@dataclass(frozen=True)
class _Row:
    """One cell that may hold a code."""

    index: int
    column: str
    session: str
    coder: str
    dimension: str
    turn: str
    cell: Cell


def read_scale(text: str | None) -> tuple[float, float] | None:
    """Read ``--scale``: two whole numbers, ``0:6``.

    Raises
    ------
    DataError
        When it is something else.
    """
    if text is None:
        return None
    low, sign, high = text.partition(":")
    try:
        limits = (int(low), int(high))
    except ValueError:
        limits = (0, 0)
    if not sign or not limits[0] < limits[1]:
        hint = "Give the lowest and the highest point, such as --scale 0:6."
        raise DataError(Problem(f"'{text}' is not a scale in whole steps.", column="--scale", hint=hint))
    return limits


def read_codes(
    path: Path,
    *,
    unit: str = "session",
    level: str | None = None,
    scale: tuple[float, float] | None = None,
    layout: str | None = None,
) -> Codes:
    """Read a file of codes.

    Parameters
    ----------
    path : Path
        Long: columns ``session``, ``coder``, ``value`` (or ``code``) and perhaps ``dimension``; in place of
        ``value`` a column for each dimension may stand. Turns need ``turn``, events ``time`` (or ``start``).
        Wide: the first column names the unit, and each other column is a coder.
    unit, level, layout : str
        As on the command line.
    scale : tuple of float, optional
        What numbers are held against.

    Returns
    -------
    Codes

    Raises
    ------
    DataError
        For all faults at once.
    """
    for option, word, allowed in (
        ("--unit", unit, UNITS),
        ("--level", level, LEVELS),
        ("--layout", layout, LAYOUTS),
    ):
        if word is not None and word not in allowed:
            raise DataError(Problem(f"'{word}' is not known.", column=option, hint=nearest(word, allowed)))
    table = read_table(path)
    long = layout == "long" or (layout is None and _named(table, ("coder",)) is not None)
    if unit == "event" and not long:
        hint = "Give a row a mark, with the columns session, coder, time and code."
        raise DataError(Problem("marks in time are read from a long file.", str(path), hint=hint))
    rows = _long_rows(table, unit) if long else _wide_rows(table, unit)
    if unit != "event":
        _refuse_repeats(table, rows, unit)
    several = any(row.dimension for row in rows)
    codes = Codes([row.session for row in rows], [row.coder for row in rows])
    codes.values = _values(table, rows, "nominal" if unit == "event" else level, scale)
    codes.dimensions = [row.dimension for row in rows] if several else None
    codes.turns = [row.turn for row in rows] if unit == "turn" else None
    if unit == "event":
        _with_times(table, rows, codes)
    return codes


def _named(table: FlatTable, names: Iterable[str]) -> str | None:
    """Return the column that bears one of the names, whatever its case."""
    lowered = {column.lower(): column for column in reversed(table.names)}
    return next((lowered[name] for name in names if name in lowered), None)


def _needed(table: FlatTable, names: Sequence[str], why: str) -> str:
    found = _named(table, names)
    if found is None:
        hint = f"Name one so ({why}). The columns are: {', '.join(table.names)}."
        raise DataError(Problem(f"there is no column '{names[0]}'.", file=str(table.path), hint=hint))
    return found


def _long_rows(table: FlatTable, unit: str) -> list[_Row]:
    coder = _needed(table, ("coder",), "who gave the code")
    session, turn = _named(table, ("session",)), None
    if unit == "turn":
        turn = _needed(table, TURN, "which turn was coded")
    else:
        session = _needed(table, ("session",), "which session was coded")
    value, dimension = _named(table, VALUE), _named(table, ("dimension",))
    keys = [name for name in (session, turn, coder, dimension) if name is not None]
    rated = [value]
    if value is None:
        known = {*BESIDE, *TURN, *TIME}
        rated = [name for name in table.names if name not in keys and name.lower() not in known]
    if not rated:
        _needed(table, VALUE, "the code or rating")
    texts = {name: table.texts(name) for name in keys}
    empty = [
        Problem("is empty.", str(table.path), table.line(i), name)
        for name in keys
        for i, text in enumerate(texts[name])
        if text is None
    ]
    if empty:
        raise listed(empty, "Each row needs it.")

    def text(name: str | None, i: int) -> str:
        return "" if name is None else texts[name][i] or ""

    return [
        _Row(
            i,
            str(name),
            text(session, i) or text(turn, i),
            text(coder, i),
            text(dimension, i) if value is not None else str(name),
            text(turn, i),
            cell,
        )
        for name in rated
        for i, cell in enumerate(table.column(str(name)))
    ]


def _wide_rows(table: FlatTable, unit: str) -> list[_Row]:
    first, dimension = table.names[0], _named(table, ("dimension",))
    turn = (_named(table, TURN) or first) if unit == "turn" else None
    session = first if unit == "session" else _named(table, ("session",))
    keys = {name for name in (first, dimension, turn, session) if name is not None}
    coders = [name for name in table.names if name not in keys]
    if len(coders) < 2:
        hint = "Wide: the first column names what was coded, each other column is a coder. Or long, with a column coder."
        raise DataError(Problem("there are not two columns of coders.", str(table.path), hint=hint))
    label = turn or first
    empty = [
        Problem("is empty.", str(table.path), table.line(i), label)
        for i, text in enumerate(table.texts(label))
        if text is None
    ]
    if empty:
        raise listed(empty, "The first column names what was coded.")
    units, of_session, of_dimension = (
        [text or "" for text in table.texts(name)] if name is not None else [""] * table.n_rows
        for name in (label, session, dimension)
    )
    return [
        _Row(i, coder, of_session[i] or units[i], coder, of_dimension[i], units[i], cell)
        for coder in coders
        for i, cell in enumerate(table.column(coder))
    ]


def _refuse_repeats(table: FlatTable, rows: list[_Row], unit: str) -> None:
    seen: dict[tuple[str, ...], int] = {}
    twice = []
    for row in rows:
        key = (row.session, row.turn, row.coder, row.dimension) if unit == "turn" else (
            row.session, row.coder, row.dimension
        )  # fmt: skip
        if text_of(row.cell) in (None, ""):
            continue
        if key in seen:
            what = f"{unit} {row.turn if unit == 'turn' else row.session}"
            message = f"{row.coder} coded {what} before, in row {table.line(seen[key])}."
            twice.append(Problem(message, str(table.path), table.line(row.index), row.column))
        seen.setdefault(key, row.index)
    if twice:
        raise listed(twice, "Keep one code a coder and unit; does the file hold a column 'dimension'?")


def _values(
    table: FlatTable, rows: list[_Row], level: str | None, scale: tuple[float, float] | None
) -> list[Value]:
    """Numbers where a dimension holds numbers, names of codes where it does not."""
    texts = [text_of(row.cell) or "" for row in rows]
    of_dimension: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        of_dimension.setdefault(row.dimension, []).append(place)
    values: list[Value] = [None] * len(rows)
    problems: list[Problem] = []
    for places in of_dimension.values():
        told = [p for p in places if texts[p] not in NUMBER_MISSING]
        steps = level not in ("interval", "ratio")
        typed = sum(is_number(texts[p]) for p in told)
        # Most cells are numbers: one that is not is a slip of the pen, unless codes may be names.
        measured = level not in (None, "nominal") or 2 * typed > len(told)
        if typed == len(told) or (measured and level != "nominal"):
            for p in told:
                try:
                    values[p] = _checked(parse_number(rows[p].cell, table.decimal), scale, steps)
                except DataError as fault:
                    told_by = fault.problems[0].message
                    line = table.line(rows[p].index)
                    problems.append(Problem(told_by, str(table.path), line, rows[p].column))
        else:
            for p in places:
                values[p] = texts[p] or None
    if problems:
        hint = (
            "Correct the cells; missing is an empty cell, '.' or NA. For names of codes give --level nominal."
        )
        raise listed(problems, hint)
    return values


def _checked(value: float, scale: tuple[float, float] | None, steps: bool) -> float:
    """Return a number that is on the scale: one of its whole steps, or anywhere between its ends."""
    if scale is not None and not (scale[0] <= value <= scale[1] and (value.is_integer() or not steps)):
        raise DataError(Problem(f"{value:g} is not a point of the scale {scale[0]:g}:{scale[1]:g}."))
    return value


def _with_times(table: FlatTable, rows: list[_Row], codes: Codes) -> None:
    """Keep the rows that hold a mark, with their times."""
    at = table.numbers(_needed(table, TIME, "when the mark was made, in seconds"))
    marks = [place for place, value in enumerate(codes.values) if value is not None]
    lost = [p for p in marks if at[rows[p].index] is None]
    if lost:
        column = _named(table, TIME)
        problems = [Problem("is empty.", str(table.path), table.line(rows[p].index), column) for p in lost]
        raise listed(problems, "Each mark needs its time in seconds.")
    codes.times = [at[rows[p].index] or 0.0 for p in marks]
    codes.values = [codes.values[p] for p in marks]
    codes.sessions = [codes.sessions[p] for p in marks]
    codes.coders = [codes.coders[p] for p in marks]
    if codes.dimensions is not None:
        codes.dimensions = [codes.dimensions[p] for p in marks]
