"""The record as the flat files that the protocol names, for the study engine and for anybody else.

What was read in comes out as it was, cell by cell; what was given in the workbench stands below it.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bordin import __version__
from bordin.errors import BordinError, DataError, Problem
from bordin.missing import Missing
from bordin.store.database import FOLDER, private_folder
from bordin.store.flat_parts import (
    PEOPLE,
    SESSIONS,
    TEXT,
    Stored,
    inside,
    parts_of,
    stored_files,
    with_files,
)
from bordin.store.flat_writing import Layout, layout_for, write_flat
from bordin.store.given_here import GivenHere, Row, long_answers, wide
from bordin.store.people import query
from bordin.store.record import NewFact
from bordin.store.writer import add
from bordin.study.files import Cell, FlatTable, UserMissing
from bordin.study.protocol import CodesFile, DataFile, RatingsFile, ResponsesFile
from bordin.study.study import Study

MANIFEST = "export.json"
OWN_EXPORT = "export"
FORMATS = ("csv", "sav")
_TYPED = {
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".sav": "sav",
    ".zsav": "sav",
    ".por": "por",
    ".parquet": "parquet",
}
_MISSING_CODES = {
    Missing.NOT_ANSWERED: -901.0,
    Missing.NOT_APPLICABLE: -902.0,
    Missing.NOT_RECORDED: -903.0,
    Missing.NOT_CODABLE: -904.0,
}


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes
    ----------
    folder : Path
    files : mapping of str to str
        Name to SHA-256.
    parts : mapping of str to DataFile
        The data files of the protocol, as they are named and read in this folder.
    head : str
        Hash of the last fact that is in it.
    facts : int
        How many facts there were.
    notes : tuple of str
    """

    folder: Path
    files: Mapping[str, str]
    parts: Mapping[str, DataFile]
    head: str
    facts: int
    notes: tuple[str, ...] = ()


@dataclass
class _Plan:
    """A file that is to be written."""

    part: str
    f: DataFile
    kind: str
    table: FlatTable
    new: int
    name: str = ""


@dataclass
class _Written:
    files: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def export_study(
    study: Study,
    target: Path,
    actor: str,
    *,
    format: str = "csv",
    guard: bool = True,
    told_as: str | None = None,
) -> Exported:
    """Write the record as flat files.

    Parameters
    ----------
    study : Study
    target : Path
        A folder; a new one, an empty one, or an earlier export, which is replaced whole.
    actor : str
        Neutral name of the account.
    format : str
        ``csv`` for the files of the protocol, each of the kind it has there; ``sav`` for SPSS files with labels.
    guard : bool
        Put an apostrophe before a text that a spreadsheet would take for a formula.
    told_as : str, optional
        What the record says of where the export went; the target when absent.

    Returns
    -------
    Exported

    Raises
    ------
    DataError
        When the target holds something else, or a file cannot be written.
    """
    if format not in FORMATS:
        raise DataError(Problem(f"there is no format {format!r}.", hint=f"Known: {', '.join(FORMATS)}."))
    _check_target(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    part.mkdir(mode=0o700)
    try:
        made = _settled(lambda: _write_csv(study, part, guard=guard))
        if format == "sav":
            made = _as_spss(study, made, part)
        _write_manifest(study, made, format)
        _put(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    made = replace(made, folder=target)
    to = told_as if told_as is not None else os.fspath(target)
    detail = {"files": dict(made.files), "head": made.head, "facts": made.facts, "to": to, "format": format}
    add(NewFact("export", actor, detail=detail))
    return made


def export_for_run(study: Study, actor: str) -> Exported:
    """Write the record into ``workbench/export/`` of the study, as ``bordin run`` reads it."""
    folder = private_folder(study.folder) / OWN_EXPORT
    return export_study(study, folder, actor, guard=False, told_as=f"{FOLDER}/{OWN_EXPORT}")


def redirected(study: Study, exported: Exported) -> Study:
    """Return the study with its data files read from an export; parts that are not in it are left out."""
    known = parts_of(study.protocol.data)
    data = with_files(study.protocol.data, exported.parts)
    for part in known.keys() - exported.parts.keys():
        kind, _, place = part.partition(":")
        if not place:
            data = data.model_copy(update={kind: None}) if kind != PEOPLE else data
        else:
            gone = known[part]
            data = data.model_copy(update={kind: tuple(f for f in getattr(data, kind) if f is not gone)})
    return replace(study, folder=exported.folder, protocol=study.protocol.model_copy(update={"data": data}))


def _check_target(target: Path) -> None:
    if target.is_file():
        raise DataError(
            Problem("this is a file, and an export is a folder.", str(target), hint="Name another.")
        )
    if target.is_dir() and any(target.iterdir()) and not (target / MANIFEST).is_file():
        raise DataError(
            Problem(
                "this folder holds something else than an export.",
                str(target),
                hint="Name a new folder: an export replaces what is there.",
            )
        )


def _put(part: Path, target: Path) -> None:
    """Put a finished folder in place of an older one."""
    old = target.with_name(f".{target.name}.{secrets.token_hex(4)}.old")
    if target.exists():
        target.rename(old)
    part.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _head() -> tuple[int, str]:
    rows = query("SELECT seq, hash FROM store_fact ORDER BY seq DESC LIMIT 1")
    return rows[0] if rows else (0, "")


def _settled(write: Callable[[], Exported]) -> Exported:
    """Write again when a file was read in, or somebody withdrew, while it was written."""
    for _ in range(5):
        made = write()
        if not query(
            "SELECT 1 FROM store_fact WHERE kind IN ('import', 'withdrawal') AND seq > %s LIMIT 1",
            [made.facts],
        ):
            return made
        shutil.rmtree(made.folder)
        made.folder.mkdir(mode=0o700)
    raise DataError(Problem("files are being read in all the time.", hint="Export again when that is done."))


def _write_csv(study: Study, folder: Path, *, guard: bool) -> Exported:
    facts, head = _head()
    given = GivenHere(study, facts)
    stored = stored_files()
    plans = [
        plan
        for part, f in parts_of(study.protocol.data).items()
        if (plan := _plan(study, part, f, stored.get(part), given)) is not None
    ]
    written = _Written()
    _name(plans, written)
    parts: dict[str, DataFile] = {}
    done: set[str] = set()
    for plan in plans:
        sheet = plan.f.sheet if plan.kind == "xlsx" else None
        parts[plan.part] = plan.f.model_copy(update={"file": plan.name, "sheet": sheet})
        if plan.name in done:
            continue
        done.add(plan.name)
        layout = layout_for(plan.f, plan.name, plan.table.decimal, guard=guard)
        guarded = write_flat(folder / plan.name, plan.table, plan.kind, layout)
        written.files[plan.name] = _sha256(folder / plan.name)
        if guarded:
            written.notes.append(
                f"{plan.name}: {guarded} texts begin as a formula would, and have an apostrophe before them."
            )
    _write_more(study, folder, given, written)
    absent = [f.file for p, f in parts_of(study.protocol.data).items() if p not in parts]
    written.notes += [f"{name}: nothing is there yet, so the file was not written." for name in absent]
    return Exported(folder, written.files, parts, head, facts, tuple(written.notes))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _plan(study: Study, part: str, f: DataFile, stored: Stored | None, given: GivenHere) -> _Plan | None:
    """Return what one file is to hold: its rows as they came, and below them what was given here."""
    table = stored.table(given.withdrawn) if stored is not None else None
    rows, usual = _new_rows(study, part, f, table, given)
    if table is None and not rows:
        return None
    kind = stored.heading.kind if stored is not None else _TYPED.get(Path(f.file).suffix.lower(), TEXT)
    if table is None:
        names = tuple(f.columns.get(ours, ours) for ours in usual)
        table = FlatTable(Path(f.file), names, {n: [] for n in names}, decimal=f.decimal or ".")
    return _Plan(part, f, kind, appended(table, f, rows, kind), len(rows))


def _new_rows(
    study: Study, part: str, f: DataFile, table: FlatTable | None, given: GivenHere
) -> tuple[list[Row], Sequence[str]]:
    """Return the rows that the workbench adds to a part, and the columns of a file that is new."""
    has = set(table.rename({v: k for k, v in f.columns.items()}).names) if table is not None else set()
    if isinstance(f, RatingsFile):
        return _rating_rows(study, f, has, given, first=_is_first(study, part, f))
    if isinstance(f, ResponsesFile):
        return _response_rows(study, f, has, given, first=_is_first(study, part, f))
    if isinstance(f, CodesFile):
        own = _marks_as_codes(study, f.coding or next(iter(study.systems)), given)
        return (own if _is_first(study, part, f) else []), ("session", "coder", "unit", "code", "start")
    if part == PEOPLE and table is None:
        rows = query("SELECT id, arm, therapist FROM store_participant ORDER BY id")
        people = [dict(zip(("participant", "arm", "therapist"), r, strict=True)) for r in rows]
        return [p for p in people if p["participant"] not in given.withdrawn], (
            "participant",
            "arm",
            "therapist",
        )
    if part == SESSIONS and table is None:
        names = ("session", "participant", "number", "minutes", "tape")
        rows = query("SELECT id, participant_id, number, minutes, has_tape FROM store_session ORDER BY id")
        sessions = [dict(zip(names, r, strict=True)) for r in rows]
        for s in sessions:
            s["tape"] = None if s["tape"] is None else "yes" if s["tape"] else "no"
        return [s for s in sessions if s["participant"] not in given.withdrawn], names
    return [], ()


def _is_first(study: Study, part: str, f: DataFile) -> bool:
    """Say whether a file is the first of its instrument or coding system: that one takes what is new."""
    kind = part.partition(":")[0]
    name = "instrument" if kind == "responses" else "coding"
    same = [
        p
        for p, g in parts_of(study.protocol.data).items()
        if p.startswith(f"{kind}:") and getattr(g, name) == getattr(f, name)
    ]
    return part == same[0]


def _rating_rows(
    study: Study, f: RatingsFile, has: set[str], given: GivenHere, *, first: bool
) -> tuple[list[Row], Sequence[str]]:
    coding = f.coding or next(iter(study.systems))
    rows = [*given.ratings(coding), *given.agreed(coding)] if first else []
    if not any((r.get("reading") or 1) > 1 for r in rows) and "reading" not in has:
        for r in rows:
            r.pop("reading", None)
    if has and "order" not in has:
        # The study engine takes an order of all ratings or of none.
        for r in rows:
            r.pop("order", None)
    mark = str(study.coding_use(coding).designated)
    # Where it names a coder, and no column, nothing needs a mark.
    if mark not in has if has else any(r["coder"] == mark for r in rows):
        for r in rows:
            r.pop(mark, None)
    if not has or "participant" not in has:
        for r in rows:
            r.pop("participant", None)
    layout = f.layout or ("long" if not has or {"dimension", "value"} <= has else "wide")
    if layout == "wide":
        return wide(rows), ("session", "coder", *(d.id for d in study.systems[coding].dimensions))
    return rows, ("session", "coder", "dimension", "value", "reason", "order")


def _response_rows(
    study: Study, f: ResponsesFile, has: set[str], given: GivenHere, *, first: bool
) -> tuple[list[Row], Sequence[str]]:
    forms: dict[str, list[Row]] = {}
    for instrument, row in given.forms() if first else ():
        if instrument == f.instrument or (f.instrument is None and _takes(study, instrument)):
            forms.setdefault(instrument, []).append(row)
    one = f.instrument or (next(iter(study.instruments)) if len(study.instruments) == 1 else None)
    layout = f.layout or ("long" if {"item", "value"} <= has or (not has and one is None) else "wide")
    if layout == "long":
        rows = [
            r for name, own in forms.items() for r in long_answers(name, own, study.instruments[name].keys)
        ]
        if one is not None and "instrument" not in has:
            for r in rows:
                del r["instrument"]
        return rows, ("participant", "session", "occasion", "instrument", "item", "value")
    keys = study.instruments[one].keys if one is not None else ()
    return forms.get(str(one), []), ("participant", "session", "occasion", *keys)


def _takes(study: Study, instrument: str) -> bool:
    """Say whether a file for any instrument takes this one: no file of its own does."""
    return all(f.instrument != instrument for f in study.protocol.data.responses)


def _marks_as_codes(study: Study, coding: str, given: GivenHere) -> list[Row]:
    """Return the marks that are codes of their system; marks on rated dimensions are none."""
    found = []
    for mark in given.marks(coding):
        try:
            study.systems[coding].code(mark["code"])
        except BordinError:
            continue
        found.append({k: mark[k] for k in ("session", "participant", "coder", "unit", "code", "start")})
    return found


def appended(table: FlatTable, f: DataFile, rows: Sequence[Row], kind: str) -> FlatTable:
    """Return a table with rows below it; a column that it lacks is added where a row has something for it."""
    if not rows:
        return table
    columns: dict[str, list[Cell]] = {n: list(c) for n, c in table.columns.items()}
    value_labels = {n: dict(v) for n, v in table.value_labels.items()}
    empty: Cell = "" if kind == TEXT else None
    wanted = dict.fromkeys(ours for row in rows for ours, value in row.items() if value not in (None, ""))
    for name in (f.columns.get(ours, ours) for ours in wanted):
        columns.setdefault(name, [empty] * table.n_rows)
    theirs = {name: name for name in columns} | {v: k for k, v in f.columns.items()}
    for name, cells in columns.items():
        ours = theirs[name]
        cells += [_cell(row.get(ours), name, kind, value_labels, empty) for row in rows]
    return replace(table, names=tuple(columns), columns=columns, lines=(), value_labels=value_labels)


def _cell(value: Any, name: str, kind: str, labels: dict[str, dict[float | str, str]], empty: Cell) -> Cell:
    if value is None:
        return empty
    if isinstance(value, Missing):
        if kind != "sav":
            return str(value)
        code = _MISSING_CODES[value]
        labels.setdefault(name, {})[code] = str(value)
        return UserMissing(code, str(value), value)
    if isinstance(value, float) and value.is_integer() and kind in {TEXT, "xlsx"}:
        return int(value)
    return float(value) if isinstance(value, int) and kind in {"sav", "por"} else value


def _name(plans: Sequence[_Plan], written: _Written) -> None:
    """Give every file its name; parts that share a file keep it as long as nothing new belongs to one of them."""
    for plan in plans:
        name = inside(plan.f.file)
        if plan.kind == TEXT and Path(name).suffix.lower() in _TYPED:
            name = str(Path(name).with_suffix(".csv"))
        plan.name = name
    for name in dict.fromkeys(p.name for p in plans):
        sharing = [p for p in plans if p.name == name]
        alike = len({(p.f.sheet, p.table.names) for p in sharing}) == 1 and not any(p.new for p in sharing)
        for plan in sharing if len(sharing) > 1 and not alike else ():
            plan.name = f"{plan.part.replace(':', '-')}{Path(name).suffix}"
            written.notes.append(
                f"{plan.name}: these rows shared the file {name}, and have one of their own now that some are new. "
                "Name it in study.toml to read it by hand."
            )


def _write_more(study: Study, folder: Path, given: GivenHere, written: _Written) -> None:
    """Write what the protocol names no file for: allocation, stretches heard, guesses, marks, practice."""
    files: dict[str, tuple[Sequence[str], list[Row]]] = {
        "allocation.csv": (
            ("session", "coder", "coding", "tape", "position", "reading", "purpose", "locked"),
            given.allocation(),
        ),
        "heard.csv": (("session", "coder", "coding", "reading", "seconds", "share"), given.heard()),
        "guesses.csv": (("session", "coder", "coding", "what", "guess", "confidence"), given.guesses()),
    }
    taken = {f.coding or next(iter(study.systems), "") for f in study.protocol.data.codes}
    rated = {f.coding or next(iter(study.systems), "") for f in study.protocol.data.ratings}
    marks: list[Row] = []
    practice: list[Row] = []
    loose: list[Row] = []
    for coding in study.systems:
        as_codes = {c["unit"] for c in _marks_as_codes(study, coding, given)} if coding in taken else set()
        marks += [m | {"coding": coding} for m in given.marks(coding) if m["unit"] not in as_codes]
        practice += [r | {"coding": coding} for r in given.ratings(coding, practice=True)]
        if coding not in rated and (own := [*given.ratings(coding), *given.agreed(coding)]):
            loose += [r | {"coding": coding} for r in own]
            written.notes.append(
                f"study.toml names no file for ratings by {coding}: they are in more-ratings.csv. "
                "Add [[data.ratings]] to have them analyzed."
            )
    if marks:
        files["marks.csv"] = (("session", "coder", "coding", "reading", "code", "start", "note"), marks)
    names = ("session", "coder", "coding", "dimension", "value", "reason", "order", "reading")
    if practice:
        files["practice.csv"] = (names, practice)
    if loose:
        files["more-ratings.csv"] = (names, loose)
    for name, (columns, rows) in files.items():
        if not rows:
            continue
        place = name if name not in written.files else f"workbench-{name}"
        table = FlatTable(Path(place), tuple(columns), {c: [r.get(c) for r in rows] for c in columns})
        write_flat(folder / place, table, TEXT, Layout())
        written.files[place] = _sha256(folder / place)


def _as_spss(study: Study, made: Exported, folder: Path) -> Exported:
    from bordin.store.exporting_spss import write_spss_files

    names = write_spss_files(redirected(study, made), folder)
    for name in made.files:
        (folder / name).unlink()
    for path in sorted((p for p in folder.rglob("*") if p.is_dir()), reverse=True):
        path.rmdir()
    return replace(made, files={name: _sha256(folder / name) for name in names}, parts={})


def _write_manifest(study: Study, made: Exported, format: str) -> None:
    record = {
        "format": format,
        "bordin": __version__,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "study": study.protocol.study.title,
        "protocol_sha256": study.sha256,
        "facts": made.facts,
        "head": made.head,
        "parts": {part: f.file for part, f in made.parts.items()},
        "files": dict(made.files),
        "notes": list(made.notes),
    }
    text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    (made.folder / MANIFEST).write_text(text, encoding="utf-8")
