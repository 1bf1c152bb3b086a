"""Ratings and codes from flat files, checked against their coding system row by row."""

from __future__ import annotations

from collections.abc import Mapping

from bordin.coding.checking import check_codes, check_ratings
from bordin.coding.rating import Code, Rating
from bordin.coding.system import CodingSystem
from bordin.errors import DataError, nearest
from bordin.study.file_reader import FileReader
from bordin.study.files import FlatTable
from bordin.study.protocol import RatingsFile
from bordin.study.records import Session

YES_MARKS = frozenset({"1", "yes", "true", "TRUE"})


def read_ratings(
    reader: FileReader, f: RatingsFile, name: str, table: FlatTable, sessions: Mapping[str, Session]
) -> list[Rating]:
    """Read whole-session ratings.

    Parameters
    ----------
    reader : FileReader
        Collects problems.
    f : RatingsFile
    name : str
        Id of the coding system.
    table : FlatTable
        The file under our column names.
    sessions : mapping
        Known sessions.

    Returns
    -------
    list of Rating
        With ``designated`` set where the column named by the protocol marks whose rating counts.
    """
    system, use = reader.study.systems[name], reader.study.coding_use(name)
    has_marks = use.designated is not None and use.designated in table.names
    marks = reader.texts(table, str(use.designated)) if has_marks else []
    coders = reader.texts(table, "coder", needed=True)
    names = reader.texts(table, "session", needed=True)
    order, readings = reader.numbers(table, "order"), reader.numbers(table, "reading")
    ratings: list[Rating] = []
    for row, dimension, value, reason in _cells(reader, f, system, table):
        session, coder = names[row], coders[row]
        if session is None or session not in sessions:
            reader.unknown(table, row, "session", session, sessions)
            continue
        nth = readings[row]
        if nth not in {None, 1.0, 2.0}:
            reader.problem(table, row, "reading", f"{nth:g} stands where 1 or 2 should be.")
            continue
        if coder is None:
            if "coder" in table.names:
                reader.problem(table, row, "coder", "this cell is empty; give the coder's neutral name.")
            continue
        try:
            reading = system.dimension(dimension).read(value, reason)
        except DataError as error:
            reader.add_in(table, error, row, dimension)
            continue
        ratings.append(
            Rating(
                session=session,
                coder=coder,
                dimension=dimension,
                value=reading.value,
                manual_version=system.manual_version,
                reason=reading.reason,
                designated=marks[row] in YES_MARKS if has_marks else None,
                source=use.source,
                order=order[row],
                reading=1 if nth is None else int(nth),
                row=table.line(row),
            )
        )
    try:
        check_ratings(ratings)
    except DataError as error:
        reader.add_in(table, error)
    return ratings


def _cells(
    reader: FileReader, f: RatingsFile, system: CodingSystem, table: FlatTable
) -> list[tuple[int, str, object, str]]:
    """Return row, dimension, cell and reason of each rating, from a long or a wide file."""
    known = [d.id for d in system.dimensions]
    layout = f.layout or ("long" if {"dimension", "value"} <= set(table.names) else "wide")
    if layout == "long":
        dimensions = reader.texts(table, "dimension", needed=True)
        values = table.plain("value") if "value" in table.names else [None] * table.n_rows
        reasons = reader.texts(table, "reason")
        cells: list[tuple[int, str, object, str]] = []
        for row, dimension in enumerate(dimensions):
            if dimension in known:
                cells.append((row, str(dimension), values[row], reasons[row] or ""))
            elif "dimension" in table.names:
                reader.problem(
                    table,
                    row,
                    "dimension",
                    f"{dimension!r} is not a dimension of {system.id}.",
                    nearest(str(dimension), known),
                )
        return cells
    present = [d for d in known if d in table.names]
    if not present:
        reader.problem(
            table,
            None,
            "dimension",
            f"this file has neither the columns dimension and value (long) nor a dimension of {system.id} (wide).",
            f"Dimensions: {', '.join(known)}. Map columns in the protocol if they have other names.",
        )
    # One row a participant: where no coder and no value stands, nothing was rated.
    coders = reader.texts(table, "coder")
    return [
        (row, d, cell, "")
        for d in present
        for row, cell in enumerate(table.plain(d))
        if coders[row] is not None or cell not in (None, "")
    ]


def read_codes(
    reader: FileReader, name: str, table: FlatTable, sessions: Mapping[str, Session]
) -> list[Code]:
    """Read codes on turns, utterances or moments, a row a code.

    Parameters
    ----------
    reader : FileReader
        Collects problems.
    name : str
        Id of the coding system.
    table : FlatTable
        The file under our column names: session, code, and where they exist coder, unit
        (or utterance, or turn), speaker, start, end, value.
    sessions : mapping
        Known sessions.

    Returns
    -------
    list of Code
    """
    names, codes = reader.texts(table, "session", needed=True), reader.texts(table, "code", needed=True)
    coders, speakers = reader.texts(table, "coder"), reader.texts(table, "speaker")
    unit = next((c for c in ("unit", "utterance", "turn") if c in table.names), "unit")
    units = reader.texts(table, unit)
    numbers = {c: reader.numbers(table, c) for c in ("start", "end", "value")}
    found: list[Code] = []
    for row, session in enumerate(names):
        if session is None or session not in sessions:
            reader.unknown(table, row, "session", session, sessions)
            continue
        found.append(
            Code(
                session=session,
                coder=coders[row] or "",
                unit_id=units[row] or str(row + 1),
                start=numbers["start"][row],
                end=numbers["end"][row],
                speaker=speakers[row] or "",
                code=codes[row] or "",
                value=numbers["value"][row],
                row=table.line(row),
            )
        )
    try:
        check_codes(reader.study.systems[name], found)
    except DataError as error:
        reader.add_in(table, error)
    return found
