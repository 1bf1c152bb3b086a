"""Questionnaires from their files, long or wide, scored form by form."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan

from bordin.errors import nearest
from bordin.instruments import item_values, score_columns
from bordin.study.file_reader import FileReader
from bordin.study.files import Cell, FlatTable
from bordin.study.protocol import ResponsesFile
from bordin.study.records import Form, Participant, Session


def read_forms(
    reader: FileReader,
    f: ResponsesFile,
    table: FlatTable,
    participants: Mapping[str, Participant],
    sessions: Mapping[str, Session],
) -> list[Form]:
    """Read one file of answers and score every form in it.

    Parameters
    ----------
    reader : FileReader
        Collects problems.
    f : ResponsesFile
    table : FlatTable
        The file under our column names.
    participants, sessions : mapping
        Those that are known; an empty mapping of sessions is not checked.

    Returns
    -------
    list of Form
    """
    layout = f.layout or ("long" if {"item", "value"} <= set(table.names) else "wide")
    if layout == "long":
        table, names = _wide(reader, f, table)
    else:
        names = [f.instrument] * table.n_rows
        if f.instrument is None:
            if len(reader.study.instruments) != 1:
                reader.problem(
                    table, None, "instrument", "say in the protocol which instrument a wide file holds."
                )
                return []
            names = [next(iter(reader.study.instruments))] * table.n_rows
    forms: list[Form] = []
    for name in dict.fromkeys(n for n in names if n is not None):
        rows = [i for i, n in enumerate(names) if n == name]
        forms += _score(reader, name, table, rows, participants, sessions)
    return forms


def _wide(reader: FileReader, f: ResponsesFile, table: FlatTable) -> tuple[FlatTable, list[str | None]]:
    """Turn a row an answer into a row a form."""
    who, item = reader.texts(table, "participant", needed=True), reader.texts(table, "item", needed=True)
    session, occasion = reader.texts(table, "session"), reader.texts(table, "occasion")
    default = f.instrument or (
        next(iter(reader.study.instruments)) if len(reader.study.instruments) == 1 else None
    )
    instrument = reader.texts(table, "instrument", needed=default is None)
    values = table.column("value") if "value" in table.names else [None] * table.n_rows
    forms: dict[tuple[str | None, ...], dict[str, int]] = {}
    for row, (w, i) in enumerate(zip(who, item, strict=True)):
        name = instrument[row] or default
        if name is None or name not in reader.study.instruments:
            reader.problem(
                table,
                row,
                "instrument",
                f"there is no instrument {name!r}.",
                nearest(str(name), reader.study.instruments),
            )
            continue
        keys = reader.study.instruments[name].keys
        if i not in keys:
            reader.problem(table, row, "item", f"{name} has no item {i!r}.", nearest(str(i), keys))
            continue
        answers = forms.setdefault((w, session[row], occasion[row], name), {})
        if i in answers:
            same = values[answers[i]] == values[row]
            what = "the same answer" if same else f"another answer ({values[answers[i]]!s})"
            reader.problem(
                table, row, "item", f"{w}, {i}: {what} stands in row {table.line(answers[i])} already."
            )
        else:
            answers[i] = row
    items = dict.fromkeys(i for answers in forms.values() for i in answers)
    columns: dict[str, list[Cell]] = {
        "participant": [k[0] for k in forms],
        "session": [k[1] for k in forms],
        "occasion": [k[2] for k in forms],
        **{i: [values[a[i]] if i in a else None for a in forms.values()] for i in items},
    }
    lines = tuple(table.line(min(a.values())) for a in forms.values())
    wide = FlatTable(
        path=table.path,
        names=tuple(columns),
        columns=columns,
        sha256=table.sha256,
        lines=lines,
        decimal=table.decimal,
    )
    return wide, [k[3] for k in forms]


def _score(
    reader: FileReader,
    name: str,
    table: FlatTable,
    rows: list[int],
    participants: Mapping[str, Participant],
    sessions: Mapping[str, Session],
) -> list[Form]:
    instrument, use = reader.study.instruments[name], reader.study.instrument_use(name)
    who = reader.texts(table, "participant", needed=True)
    session, occasion = reader.texts(table, "session"), reader.texts(table, "occasion")
    absent = [k for k in instrument.keys if k not in table.names]
    if absent:
        reader.problem(
            table,
            None,
            absent[0],
            f"{len(absent)} of the {len(instrument.keys)} items of {name} have no column: {', '.join(absent[:12])}.",
            "Map them in the protocol: columns = { " + absent[0] + ' = "its name" }. '
            f"The columns are: {', '.join(table.names[:12])}.",
        )
        return []
    # An occasion for the scorer is whatever tells the forms of one participant apart.
    when = [" / ".join(t for t in (session[i], occasion[i]) if t is not None) or None for i in rows]
    cells = {k: [table.column(k)[i] for i in rows] for k in instrument.keys}
    scored = score_columns(
        instrument,
        cells,
        ids=[who[i] for i in rows],
        occasions=when,
        variant=use.variant,
    )
    for e in scored.errors:
        column = "participant" if e.column not in table.names else e.column
        reader.problem(table, rows[e.row - 1], column, f"{e.id}: {e.message}" if e.id else e.message)
    items = item_values(instrument, cells, variant=use.variant)
    place = {row: at for at, row in enumerate(rows)}
    values: dict[int, dict[str, float | None]] = {}
    for s in scored.scores:
        values.setdefault(rows[s.row - 1], {})[s.scale] = s.value
    forms = []
    for i, scales in values.items():
        answers = {k: float(column[place[i]]) for k, column in items.items()}
        if all(isnan(a) for a in answers.values()):
            # A row of a wide file whose items are all empty is no form.
            continue
        known_session = session[i]
        if who[i] not in participants:
            reader.unknown(table, i, "participant", who[i], participants)
        elif known_session is not None and sessions and known_session not in sessions:
            reader.unknown(table, i, "session", known_session, sessions)
        else:
            forms.append(Form(name, str(who[i]), known_session, occasion[i], scales, answers))
    return forms
