"""Read every data file of a study, and refuse them together when something is wrong."""

from __future__ import annotations

from collections.abc import Callable

from bordin.coding.rating import Code, Rating
from bordin.errors import DataError
from bordin.study.coded_files import read_codes, read_ratings
from bordin.study.file_reader import FileReader
from bordin.study.files import FlatTable
from bordin.study.form_files import read_forms
from bordin.study.people_files import derive_sessions, read_participants, read_sessions
from bordin.study.process_files import read_process
from bordin.study.records import Form, Records, Session
from bordin.study.study import Study


def read_records(
    study: Study, tell: Callable[[str], None] = lambda _: None, reader: FileReader | None = None
) -> Records:
    """Read and check every data file of a study.

    Parameters
    ----------
    study : Study
    tell : callable, optional
        Called with the name of each file as it is read.
    reader : FileReader, optional
        Gives the tables from elsewhere than the study's files; a table that it gives as None is left out.

    Returns
    -------
    Records

    Raises
    ------
    DataError
        With every problem of every file.
    """
    reader = reader or FileReader(study, tell)
    data = study.protocol.data
    tables: dict[str, FlatTable] = {}
    people = reader.table(data.participants)
    participants = read_participants(reader, people) if people is not None else {}
    if people is not None:
        tables["participants"] = people
    sessions: dict[str, Session] = {}
    held = reader.table(data.sessions) if data.sessions is not None else None
    if held is not None:
        tables["sessions"] = held
        sessions = read_sessions(reader, held, participants)
    forms: list[Form] = []
    for f in data.responses:
        table = reader.table(f)
        if table is not None:
            forms += read_forms(reader, f, table, participants, sessions)
    ratings: dict[str, tuple[Rating, ...]] = {}
    codes: dict[str, tuple[Code, ...]] = {}
    for r in data.ratings:
        table = reader.table(r)
        if table is not None:
            name = r.coding or next(iter(study.systems))
            derive_sessions(reader, table, participants, sessions)
            ratings[name] = (*ratings.get(name, ()), *read_ratings(reader, r, name, table, sessions))
    for c in data.codes:
        table = reader.table(c)
        if table is not None:
            name = c.coding or next(iter(study.systems))
            derive_sessions(reader, table, participants, sessions)
            codes[name] = (*codes.get(name, ()), *read_codes(reader, name, table, sessions))
    measured = reader.table(data.process) if data.process is not None else None
    process: dict[str, dict[str, float | None]] = {}
    if measured is not None:
        derive_sessions(reader, measured, participants, sessions)
        process = read_process(reader, measured, sessions)
    if reader.problems:
        raise DataError(reader.problems)
    return Records(
        participants=participants,
        sessions=sessions,
        forms=tuple(forms),
        ratings=ratings,
        codes=codes,
        tables=tables,
        files=tuple(reader.files),
        notes=tuple(reader.notes),
        process=process,
    )
