"""What flat files would bring into the record, or all that is wrong with them; nothing is kept here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from bordin.coding.dimension import NOT_RATED
from bordin.coding.rating import Rating
from bordin.errors import DataError, Problem
from bordin.store.flat_parts import (
    PEOPLE,
    GivenReader,
    Heading,
    Stored,
    encode,
    parts_of,
    row_key,
    stored_files,
    without_sample,
)
from bordin.store.people import query, withdrawn
from bordin.study.coded_files import read_ratings
from bordin.study.files import FlatTable, data_path, read_table
from bordin.study.protocol import DataFile, RatingsFile
from bordin.study.reading import read_records
from bordin.study.records import Records
from bordin.study.study import Study

BLOCK = 5_000
SHOWN = 10
NewRating = tuple[str, int, str, Rating]
MOVED_ON = "Put the row back as it was: what was read in stays, as ratings do."


@dataclass(frozen=True)
class NewRows:
    """What one file brings.

    Attributes
    ----------
    part, name : str
    sha256 : str
    heading : Heading
    rows : tuple of int
        Positions in `table` of the rows that are new.
    there : int
        Rows that the record holds already.
    withdrawn : int
        Rows of participants who withdrew; they are left out.
    table : FlatTable
    """

    part: str
    name: str
    sha256: str
    heading: Heading
    rows: tuple[int, ...]
    there: int
    withdrawn: int
    table: FlatTable = field(repr=False)


@dataclass(frozen=True)
class Examined:
    """Files that were read and compared with the record; nothing is kept yet.

    Attributes
    ----------
    problems : tuple of Problem
        Every fault of every file.
    files : tuple of NewRows
    records : Records or None
        None when there is a fault.
    ratings : tuple
        Part, row from 1, variable and rating of each new rating.
    head : int
        Last import that was known.
    declared : mapping of str to DataFile
        What the protocol says of each part.
    notes : tuple of str
    """

    problems: tuple[Problem, ...]
    files: tuple[NewRows, ...] = ()
    records: Records | None = field(default=None, repr=False)
    ratings: tuple[NewRating, ...] = field(default=(), repr=False)
    head: int = 0
    declared: Mapping[str, DataFile] = field(default_factory=dict, repr=False)
    notes: tuple[str, ...] = ()


def study_files(study: Study) -> dict[str, Path]:
    """Return the data files of the protocol that are in the study folder, by part."""
    found = {part: data_path(study.folder, f.file) for part, f in parts_of(study.protocol.data).items()}
    return {part: path for part, path in found.items() if path.is_file()}


def examine(
    study: Study, files: Mapping[str, Path] | None = None, tell: Callable[[str], None] = lambda _: None
) -> Examined:
    """Read files and say what they bring, or all that is wrong with them.

    Parameters
    ----------
    study : Study
    files : mapping of str to Path, optional
        By part, such as ``ratings:0``; the study's own files when absent. Other parts are taken from the record.
    tell : callable, optional
        Called with the name of each file as it is read.

    Returns
    -------
    Examined
    """
    given = study_files(study) if files is None else dict(files)
    stored, gone = stored_files(), frozenset(withdrawn())
    head = query("SELECT coalesce(max(seq), 0) FROM store_fact WHERE kind IN ('import', 'withdrawal')")[0][0]
    declared = parts_of(study.protocol.data)
    problems: list[Problem] = []
    tables: dict[str, FlatTable] = {}
    for part, path in given.items():
        tell(path.name)
        try:
            f = declared[part]
            tables[part] = read_table(path, sheet=f.sheet, delimiter=f.delimiter, decimal=f.decimal)
        except DataError as error:
            problems += [replace(p, file=path.name) for p in error.problems]
    if PEOPLE not in tables and PEOPLE not in stored:
        problems.append(_no_people(study))
    if problems:
        return Examined(tuple(problems))
    owners = _owners(study, tables)
    held = {part: kept.table(gone) for part, kept in stored.items() if part not in tables}
    kept_rows = {part: _without(table, owners[part], gone) for part, table in tables.items()}
    study = without_sample(study)
    reader = GivenReader(study, tell, tables=held | kept_rows)
    try:
        records = read_records(study, tell, reader)
    except DataError as error:
        return Examined(tuple(dict.fromkeys(error.problems)))
    new: list[NewRows] = []
    for part, table in kept_rows.items():
        left = tables[part].n_rows - table.n_rows
        found, wrong = _compare(part, declared[part], table, given[part], stored.get(part), left)
        problems += wrong
        new.append(found)
    ratings = _new_ratings(study, new, records)
    problems += _given_here(ratings, study)
    return Examined(tuple(problems), tuple(new), records, ratings, head, declared, records.notes)


def _no_people(study: Study) -> Problem:
    name = study.protocol.data.participants.file
    return Problem(
        "there is no file of participants yet, and everything else belongs to a participant.",
        name,
        hint=f"Put {name} into the folder data/, or read it in first.",
    )


def _owners(study: Study, tables: Mapping[str, FlatTable]) -> dict[str, list[str | None]]:
    """Say whose each row of each file is, by its participant or its session; None when that cannot be told."""
    declared = parts_of(study.protocol.data)
    whose: dict[str, str] = dict(query("SELECT id, participant_id FROM store_session"))
    for part in ("sessions", *(p for p in tables if p != "sessions")):
        if part in tables:
            sessions = texts_of(declared[part], tables[part], "session")
            people = texts_of(declared[part], tables[part], "participant")
            if sessions is not None and people is not None:
                for s, p in zip(sessions, people, strict=True):
                    if s is not None and p is not None:
                        whose.setdefault(s, p)
    owners: dict[str, list[str | None]] = {}
    for part, table in tables.items():
        people = texts_of(declared[part], table, "participant")
        sessions = texts_of(declared[part], table, "session")
        if people is not None:
            owners[part] = people
        elif sessions is not None:
            # Without a sessions file a session may bear the name of its participant.
            owners[part] = [None if s is None else whose.get(s, s) for s in sessions]
        else:
            owners[part] = [None] * table.n_rows
    return owners


def texts_of(f: DataFile, table: FlatTable, ours: str) -> list[str | None] | None:
    """Return a column by our name as text; None when the file has no such column."""
    name = f.columns.get(ours, ours)
    return table.texts(name) if name in table.names else None


def _without(table: FlatTable, owners: list[str | None], gone: frozenset[str]) -> FlatTable:
    """Return a table without the rows of those who withdrew; the others keep their lines."""
    if not gone.intersection(owners):
        return table
    kept = [i for i, who in enumerate(owners) if who not in gone]
    return replace(
        table,
        columns={n: [cells[i] for i in kept] for n, cells in table.columns.items()},
        lines=tuple(table.line(i) for i in kept),
    )


def _compare(
    part: str, f: DataFile, table: FlatTable, path: Path, stored: Stored | None, left: int
) -> tuple[NewRows, list[Problem]]:
    """Say which rows are new; rows of before that are changed or gone are faults."""
    heading = Heading.of(replace(table, path=path))
    found = NewRows(part, path.name, table.sha256, heading, tuple(range(table.n_rows)), 0, left, table)
    if stored is None:
        return found, []
    if set(stored.heading.names) != set(table.names):
        odd = sorted(set(stored.heading.names) ^ set(table.names))
        return found, [
            Problem(
                f"the columns are not those that were read in before: {', '.join(odd[:6])}.",
                path.name,
                1,
                hint="Keep the columns of the first file; further columns go into a file of their own.",
            )
        ]
    columns = [[encode(c) for c in table.columns[n]] for n in stored.heading.names]
    now = [row_key(cells) for cells in zip(*columns, strict=True)]
    before = Counter(row_key(cells) for _, _, cells in stored.rows())
    lost = before - Counter(now)
    if lost:
        return found, _changed(f, path.name, stored.heading.names, table, now, lost, before)
    new, seen = [], Counter[Any]()
    for i, key in enumerate(now):
        seen[key] += 1
        if seen[key] > before[key]:
            new.append(i)
    heading = replace(heading, names=stored.heading.names)
    return replace(found, rows=tuple(new), there=len(now) - len(new), heading=heading), []


def _changed(
    f: DataFile,
    name: str,
    names: tuple[str, ...],
    table: FlatTable,
    now: list[tuple[Any, ...]],
    lost: Counter[Any],
    before: Counter[Any],
) -> list[Problem]:
    """List the rows that were read in before and are no more: changed where the ids still stand, else gone."""
    ours = (
        "participant",
        "session",
        "occasion",
        "instrument",
        "item",
        "coder",
        "dimension",
        "reading",
        "unit",
    )
    keys = [i for i, n in enumerate(names) if n in {f.columns.get(o, o) for o in ours}] or [0]
    at: dict[tuple[Any, ...], list[int]] = {}
    for i, row in enumerate(now):
        if row not in before:
            at.setdefault(tuple(row[k] for k in keys), []).append(i)
    problems = []
    for row in islice(lost.elements(), SHOWN):
        key = tuple(row[k] for k in keys)
        who = ", ".join(str(v) for v in key if v not in (None, ""))
        places = at.get(key, [])
        if places:
            i = places.pop(0)
            c = next(c for c in range(len(names)) if now[i][c] != row[c])
            # A lead reads this who is blind to arm and outcome; ratings are no secret.
            values = f"{row[c]!s} was read in, {now[i][c]!s} stands here now."
            what = f"{who}: {values if isinstance(f, RatingsFile) else 'another value was read in.'}"
            problems.append(Problem(what, name, table.line(i), names[c], MOVED_ON))
        else:
            problems.append(Problem(f"the row of {who} was read in, and is gone.", name, hint=MOVED_ON))
    more = lost.total() - len(problems)
    if more > 0:
        problems.append(Problem(f"{more} more rows were changed or are gone.", name, hint=MOVED_ON))
    return problems


def _new_ratings(study: Study, files: list[NewRows], records: Records) -> tuple[NewRating, ...]:
    """Return the ratings that stand in new rows; an empty cell is none."""
    declared = parts_of(study.protocol.data)
    found: list[NewRating] = []
    for new in files:
        f = declared[new.part]
        if not isinstance(f, RatingsFile) or not new.rows:
            continue
        coding = f.coding or next(iter(study.systems))
        renamed = new.table.rename({theirs: ours for ours, theirs in f.columns.items()})
        if [g.coding or next(iter(study.systems)) for g in study.protocol.data.ratings].count(coding) == 1:
            own = records.ratings.get(coding, ())
        else:
            # Of several files the records do not tell which one a rating stands in.
            reader = GivenReader(study, lambda _: None)
            own = tuple(read_ratings(reader, f, coding, renamed, records.sessions))
        at = {new.table.line(i): i + 1 for i in new.rows}
        found += [
            (new.part, at[r.row], f"{coding}.{r.dimension}", r)
            for r in own
            if r.row in at and r.reason != NOT_RATED
        ]
    return tuple(found)


def _given_here(ratings: tuple[NewRating, ...], study: Study) -> list[Problem]:
    """Refuse a rating that was given in the workbench: it would count twice."""
    here = {
        r[0]
        for r in query(
            "SELECT DISTINCT c.name FROM store_assignment a JOIN store_account c ON c.id = a.coder_id"
        )
    }
    here |= {use.consensus for use in study.protocol.coding}
    suspects = [r for r in ratings if r[3].coder in here]
    if not suspects:
        return []
    given = set(
        query(
            "SELECT DISTINCT f.coder, f.session, f.item, coalesce(a.reading, 1) FROM store_fact f "
            "LEFT JOIN store_assignment a ON a.id = f.assignment WHERE f.kind = 'rating'"
        )
    )
    agreed = set(query("SELECT DISTINCT session, item FROM store_fact WHERE kind = 'agreed'"))
    files = parts_of(study.protocol.data)
    names = {use.consensus for use in study.protocol.coding}
    return [
        Problem(
            f"{r.coder}, session {r.session}: this rating was given in the workbench, so it is in the record already.",
            files[part].file,
            r.row,
            item,
            "Take the row out of the file.",
        )
        for part, _, item, r in suspects
        if (r.coder, r.session, item, r.reading) in given
        or (r.coder in names and (r.session, item) in agreed)
    ]
