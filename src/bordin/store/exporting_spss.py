"""The record for SPSS: labels for variables and values, and for every value that is missing, why it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bordin.coding.dimension import NOT_RATED
from bordin.coding.rating import Rating
from bordin.errors import DataError
from bordin.instruments.instrument import Instrument
from bordin.instruments.response import read_column
from bordin.missing import Missing
from bordin.store.flat_writing import write_spss
from bordin.study.file_reader import FileReader
from bordin.study.files import Cell, FlatTable
from bordin.study.files_table import is_number, parse_number
from bordin.study.form_files import _wide as wide_forms
from bordin.study.people_files import YES
from bordin.study.protocol import ResponsesFile
from bordin.study.reading import read_records
from bordin.study.study import Study

CODES = {
    Missing.NOT_ANSWERED: -901.0,
    Missing.NOT_APPLICABLE: -902.0,
    Missing.NOT_RECORDED: -903.0,
    Missing.NOT_CODABLE: -904.0,
}
FIRST_REASON, LAST_CODE = -910.0, -999.0
MISSING_RANGE = {"lo": LAST_CODE, "hi": -901.0}
_RESERVED = frozenset(["ALL", "AND", "BY", "EQ", "GE", "GT", "LE", "LT", "NE", "NOT", "OR", "TO", "WITH"])


def write_spss_files(study: Study, folder: Path) -> list[str]:
    """Write SPSS files into a folder.

    Parameters
    ----------
    study : Study
        Its data files are those of an export.
    folder : Path

    Returns
    -------
    list of str
        Names: participants, sessions and process as they are; ratings of each coding system with a row a session,
        coder and reading; answers to each instrument with a row a form; codes with a row a code.
    """
    records = read_records(_everybody(study))
    reader = FileReader(study, lambda _: None)
    files: dict[str, _Sheet] = {}
    for part in ("participants", "sessions", "process"):
        declared = getattr(study.protocol.data, part)
        table = reader.table(declared) if declared is not None else None
        if table is not None:
            files[f"{part}.sav"] = _plain(table)
    for coding, ratings in records.ratings.items():
        files[f"ratings-{coding}.sav"] = _ratings(study, coding, ratings)
    for instrument, rows in _answers(study, reader).items():
        files[f"responses-{instrument}.sav"] = _responses(study, study.instruments[instrument], rows)
    for coding, codes in records.codes.items():
        names = ("session", "coder", "unit_id", "speaker", "code", "start", "end", "value")
        files[f"codes-{coding}.sav"] = _Sheet({n: [getattr(c, n) for c in codes] for n in names})
    written = []
    for name, sheet in files.items():
        if sheet.n_rows:
            sheet.write(folder / name)
            written.append(name)
    return written


def _everybody(study: Study) -> Study:
    from bordin.store.flat_parts import without_sample

    return without_sample(study)


@dataclass
class _Sheet:
    """An SPSS file in the making; columns bear our names until it is written."""

    columns: dict[str, list[Cell]]
    labels: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[float | str, str]] = field(default_factory=dict)
    missing: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def n_rows(self) -> int:
        return len(next(iter(self.columns.values()), []))

    def write(self, path: Path) -> None:
        names = spss_names(self.columns)
        labels = {names[n]: self.labels.get(n, n if names[n] != n else "") for n in self.columns}
        table = FlatTable(
            path,
            tuple(names.values()),
            {names[n]: cells for n, cells in self.columns.items()},
            labels={n: label for n, label in labels.items() if label},
            value_labels={names[n]: v for n, v in self.values.items() if v},
        )
        write_spss(path, table, missing={names[n]: r for n, r in self.missing.items()})


def spss_names(columns: Iterable[str]) -> dict[str, str]:
    """Give each column a name that SPSS takes: letters, digits and underscores, at most 64, none twice."""
    taken: set[str] = set()
    found = {}
    for column in columns:
        name = re.sub(r"[^A-Za-z0-9_]", "_", column)[:60] or "column"
        if not name[0].isalpha() or name.upper() in _RESERVED:
            name = f"v_{name}"
        base, number = name.rstrip("_") or "v", 1
        name = base
        while name.lower() in taken:
            number += 1
            name = f"{base}_{number}"
        taken.add(name.lower())
        found[column] = name
    return found


def _plain(table: FlatTable) -> _Sheet:
    """Take a table as it is; a column of a text file that holds numbers only becomes one of numbers."""
    columns: dict[str, list[Cell]] = {}
    for name in table.names:
        cells = table.columns[name]
        texts = [c for c in cells if isinstance(c, str) and not isinstance(c, Missing)]
        numbers = [t for t in texts if t.strip() not in {"", ".", "NA"}]
        if texts and numbers and all(map(is_number, numbers)) and name not in {"participant", "session"}:
            columns[name] = [_number(c, table.decimal) for c in cells]
        else:
            columns[name] = list(cells)
    values: dict[str, dict[float | str, str]] = {n: dict(v) for n, v in table.value_labels.items()}
    if "tape" in columns and all(isinstance(c, str) for c in columns["tape"]):
        columns["tape"] = [None if not c else float(str(c).lower() in YES) for c in columns["tape"]]
        values["tape"] = {0.0: "no", 1.0: "yes"}
    return _Sheet(columns, dict(table.labels), values)


def _number(cell: Cell, decimal: str) -> Cell:
    if not isinstance(cell, str) or isinstance(cell, Missing):
        return cell
    try:
        return parse_number(cell, decimal)
    except DataError:
        return None


def _ratings(study: Study, coding: str, ratings: Sequence[Rating]) -> _Sheet:
    system = study.systems[coding]
    rows = dict.fromkeys((r.session, r.coder, r.reading) for r in ratings)
    at = {key: i for i, key in enumerate(rows)}
    reasons: dict[str, float] = {}
    columns: dict[str, list[Cell]] = {
        "session": [k[0] for k in rows],
        "coder": [k[1] for k in rows],
        "reading": [float(k[2]) for k in rows],
        "order": [None] * len(rows),
        "designated": [None] * len(rows),
    }
    columns |= {d.id: [None] * len(rows) for d in system.dimensions}
    for r in ratings:
        i = at[r.session, r.coder, r.reading]
        columns[r.dimension][i] = r.value if not isinstance(r.value, Missing) else _code(r, reasons)
        if r.order is not None:
            columns["order"][i] = float(r.order)
        if r.designated is not None:
            columns["designated"][i] = float(r.designated)
    for name in ("order", "designated"):
        if all(c is None for c in columns[name]):
            del columns[name]
    sheet = _Sheet(columns)
    sheet.labels |= {
        "session": "Session",
        "coder": "Coder (neutral name)",
        "reading": "Reading by the same coder",
    }
    sheet.labels |= {"order": "Running number of the coder's tapes", "designated": "Whose rating counts"}
    sheet.labels = {n: label for n, label in sheet.labels.items() if n in columns}
    missing: dict[float | str, str] = {code: str(kind) for kind, code in CODES.items()}
    missing |= {code: reason for reason, code in reasons.items()}
    for d in system.dimensions:
        sheet.labels[d.id] = d.name
        sheet.values[d.id] = {**{a.point: _short(a.text) for a in d.anchors}, **missing}
        sheet.missing[d.id] = [MISSING_RANGE]
    return sheet


def _code(rating: Rating, reasons: dict[str, float]) -> float | None:
    """Return the code of a missing rating; each reason has its own."""
    if not isinstance(rating.value, Missing):
        raise TypeError("this rating has a value")
    if rating.reason in {"", NOT_RATED, str(rating.value)}:
        return CODES[rating.value]
    label = f"{rating.value}: {rating.reason}"
    if label not in reasons:
        code = FIRST_REASON - len(reasons)
        if code < LAST_CODE:
            return CODES[rating.value]
        reasons[label] = code
    return reasons[label]


def _answers(study: Study, reader: FileReader) -> dict[str, list[Mapping[str, Any]]]:
    """Return the raw answers, a row a form, by instrument."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for f in study.protocol.data.responses:
        table = reader.table(f)
        if table is None:
            continue
        table, names = _as_wide(study, reader, f, table)
        texts = {n: table.texts(n) for n in ("participant", "session", "occasion") if n in table.names}
        for name in dict.fromkeys(n for n in names if n is not None):
            instrument = study.instruments[name]
            rows = [i for i, n in enumerate(names) if n == name]
            read = {
                k: read_column([table.column(k)[i] for i in rows], instrument.answers)
                for k in instrument.keys
                if k in table.names
            }
            for place, i in enumerate(rows):
                row: dict[str, Any] = {n: cells[i] for n, cells in texts.items()}
                for key, column in read.items():
                    value = float(column.values[place])
                    row[key] = column.missing.get(place, Missing.NOT_ANSWERED) if np.isnan(value) else value
                if any(isinstance(row[k], float) for k in read):
                    found.setdefault(name, []).append(row)
    return found


def _as_wide(
    study: Study, reader: FileReader, f: ResponsesFile, table: FlatTable
) -> tuple[FlatTable, list[str | None]]:
    layout = f.layout or ("long" if {"item", "value"} <= set(table.names) else "wide")
    if layout == "long":
        return wide_forms(reader, f, table)
    return table, [f.instrument or next(iter(study.instruments))] * table.n_rows


def _responses(study: Study, instrument: Instrument, rows: Sequence[Mapping[str, Any]]) -> _Sheet:
    keys = [k for k in instrument.keys if any(k in r for r in rows)]
    ids = [n for n in ("participant", "session", "occasion") if any(r.get(n) for r in rows)]
    columns: dict[str, list[Cell]] = {n: [r.get(n) for r in rows] for n in ids}
    columns |= {
        k: [CODES[v] if isinstance(v := r.get(k, Missing.NOT_ANSWERED), Missing) else v for r in rows]
        for k in keys
    }
    sheet = _Sheet(columns, {n: n.capitalize() for n in ids})
    ends = {
        instrument.answers.low: instrument.answers.lowest,
        instrument.answers.high: instrument.answers.highest,
    }
    for k in keys:
        sheet.labels[k] = instrument.item(k).label
        sheet.values[k] = {point: text for point, text in ends.items() if text}
        sheet.values[k] |= {code: str(kind) for kind, code in CODES.items()}
        sheet.missing[k] = [MISSING_RANGE]
    return sheet


def _short(label: str) -> str:
    """Cut a value label to the 120 bytes that SPSS takes."""
    return label.encode()[:120].decode(errors="ignore")
