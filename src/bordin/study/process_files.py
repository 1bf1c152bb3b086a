"""Process measures from and to their file: a row a session, a column a measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from bordin.errors import DataError, Problem
from bordin.study.file_reader import FileReader
from bordin.study.files import FlatTable, write_csv
from bordin.study.process_columns import KEYS
from bordin.study.records import Session
from bordin.tapes.measures import DEFINITIONS, ROLES, definition_of

MeasuredSession = tuple[str, str | None, Mapping[str, float | None]]


def read_process(
    reader: FileReader, table: FlatTable, sessions: Mapping[str, Session]
) -> dict[str, dict[str, float | None]]:
    """Read the process measures that the association table names.

    Parameters
    ----------
    reader : FileReader
        Collects problems: a session that is not known or stands twice, another participant than in
        the sessions file, a cell that is no number.
    table : FlatTable
        The file under our column names.
    sessions : mapping
        Known sessions.

    Returns
    -------
    dict
        Session to column to number; None where a cell is empty.
    """
    numbers = {}
    for column in reader.study.process:
        reader.texts(table, column, needed=True)
        numbers[column] = reader.numbers(table, column)
    people = reader.texts(table, "participant")
    rows: dict[str, int] = {}
    for row, name in enumerate(reader.texts(table, "session", needed=True)):
        if name is None or name not in sessions:
            reader.unknown(table, row, "session", name, sessions)
        elif name in rows:
            message = f"{name!r} stands twice, first in row {table.line(rows[name])}."
            reader.problem(table, row, "session", message)
        elif people[row] not in {None, sessions[name].participant}:
            message = (
                f"{people[row]!r} stands where {sessions[name].participant!r} should be: whose session it is."
            )
            reader.problem(table, row, "participant", message, "Correct this file or the sessions file.")
        else:
            rows[name] = row
    return {name: {c: cells[row] for c, cells in numbers.items()} for name, row in rows.items()}


def write_process_file(path: Path | str, rows: Sequence[MeasuredSession]) -> None:
    """Write process measures as a flat file that a study can name in ``[data.process]``.

    The same measures give the same bytes. The file is replaced whole or not at all.

    Parameters
    ----------
    path : Path or str
        Where to write; a file that is there is replaced.
    rows : sequence of (session, participant, measures)
        In the order that they are to have; the participant may be None. The measures map names, such
        as those of :func:`bordin.tapes.measures.measure`, to a number, or None where there is none.

    Raises
    ------
    DataError
        When a session stands twice or is empty, a number is not finite, or the file cannot be written.
    """
    sessions = [session for session, _, _ in rows]
    wrong = next((s for i, s in enumerate(sessions) if not s or s in sessions[:i]), None)
    if wrong is not None:
        what = f"the session {wrong!r} has two rows" if wrong else "a row has no session"
        raise DataError(Problem(f"{what}: process measures have one row a session.", Path(path).name))
    names = sorted({name for _, _, measures in rows for name in measures}, key=_place)
    write_csv(
        path,
        (*KEYS, *names),
        [(s, p, *(_cell(name, m.get(name)) for name in names)) for s, p, m in rows],
    )


def _place(name: str) -> tuple[int, int, str]:
    """Our own measures in the order of their definitions, then by role; others behind, by name."""
    found = definition_of(name)
    if found is None:
        return len(DEFINITIONS), 0, name
    measure, role = found
    return list(DEFINITIONS).index(measure.name), 0 if role is None else ROLES.index(role), name


def _cell(name: str, value: float | None) -> float | None:
    """Return a count without decimals, every other number in full."""
    found = definition_of(name)
    if value is not None and found is not None and found[0].unit == "count" and float(value).is_integer():
        return int(value)
    return value if value is None else float(value)
