"""SPSS files (.sav, .zsav, .por): labels are kept, and so is what the values declared missing mean."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bordin.errors import DataError, Problem
from bordin.missing import Missing
from bordin.study.files_table import Cell, FlatTable, UserMissing, clock, listed, no_rows

_DAY_ZERO = datetime(1582, 10, 14)  # SPSS counts seconds from the first day of the Gregorian calendar
_DATE_FORMATS = frozenset(("DATE", "ADATE", "EDATE", "SDATE", "JDATE", "QYR", "MOYR", "WKYR"))
_DATETIME_FORMATS = frozenset(("DATETIME", "YMDHMS"))
_TIME_FORMATS = frozenset(("TIME", "DTIME", "MTIME"))
_KIND_OF_LABEL = (
    (
        Missing.NOT_APPLICABLE,
        re.compile(r"not applicable|in-?applicable|does not apply|\bn\.?/?a\b\.?", re.I),
    ),
    (Missing.NOT_CODABLE, re.compile(r"not cod[e]?able|un-?cod[e]?able|cannot be coded|inaudible", re.I)),
    (Missing.NOT_RECORDED, re.compile(r"not recorded|not taped|no (?:tape|recording)", re.I)),
)


def read_spss(path: Path, data: bytes, *, portable: bool) -> FlatTable:
    """Read an SPSS data file.

    Parameters
    ----------
    path : Path
        The file, for messages.
    data : bytes
        Its content.
    portable : bool
        True for the old portable format (.por), which does not tell user-missing values apart.

    Returns
    -------
    FlatTable
        System-missing cells are None; user-missing cells are `UserMissing`.

    Raises
    ------
    DataError
        When it is damaged, has no cases, or a date lies outside the years 1582 to 9999.
    """
    columns, meta, notes = _load(path, data, portable)
    names = tuple(columns)
    if not names or not len(columns[names[0]]):
        raise no_rows(path)
    value_labels: dict[str, dict[float | str, str]] = {
        name: dict(labels) for name, labels in meta.variable_value_labels.items()
    }
    table: dict[str, list[Cell]] = {}
    bad: list[Problem] = []
    declared = 0
    for name in names:
        cells = [None if _is_system_missing(cell) else cell for cell in columns[name]]
        marked = _marked(cells, meta.missing_ranges.get(name, ()), value_labels.get(name, {}))
        declared += sum(isinstance(cell, UserMissing) for cell in marked)
        table[name] = _timed(path, name, marked, str(meta.original_variable_types.get(name, "")), bad)
    if bad:
        raise listed(bad, "Correct the date in SPSS, or make it system-missing, and save the file again.")
    if declared:
        notes.append(f"User-missing values (labels kept): {declared} cells.")
    labels = {name: label for name, label in meta.column_names_to_labels.items() if label}
    return FlatTable(
        path=path,
        names=names,
        columns=table,
        labels=labels,
        value_labels=value_labels,
        notes=tuple(notes),
        first_line=1,
    )


def _load(path: Path, data: bytes, portable: bool) -> tuple[Mapping[str, Sequence[Any]], Any, list[str]]:
    """Return the raw columns, pyreadstat's account of them, and notes."""
    import pyreadstat

    options: dict[str, Any] = {"disable_datetime_conversion": True, "output_format": "dict"}
    errors = (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, UnicodeDecodeError)
    try:
        if portable:
            note = (
                "SPSS portable file: user-missing values come as empty; save it as .sav to keep them apart."
            )
            return *pyreadstat.read_por(io.BytesIO(data), **options), [note]
        try:
            return *pyreadstat.read_sav(io.BytesIO(data), user_missing=True, **options), []
        except errors as error:
            if "convert" not in str(error) and not isinstance(error, UnicodeDecodeError):
                raise
            # Old files do not always say how they are encoded, or say it wrongly.
            note = "The file's own encoding does not fit; read as Windows-1252: check accented letters."
            options["encoding"] = "WINDOWS-1252"
            return *pyreadstat.read_sav(io.BytesIO(data), user_missing=True, **options), [note]
    except errors as error:
        raise DataError(
            Problem(
                f"the SPSS file cannot be read ({error}).",
                file=str(path),
                hint="It may be damaged: open it in SPSS (or PSPP) and save it again as .sav.",
            )
        ) from error


def _is_system_missing(cell: object) -> bool:
    return cell is None or cell == "" or (isinstance(cell, float) and math.isnan(cell))


def _marked(
    cells: list[Cell], ranges: Sequence[Mapping[str, Any]], labels: Mapping[float | str, str]
) -> list[Cell]:
    """Replace the values that the file declares missing by themselves with label and kind."""
    if not ranges:
        return cells
    known: dict[Cell, Cell] = {}
    for cell in set(cells):
        for bounds in ranges:
            low, high = bounds["lo"], bounds["hi"]
            inside = (
                isinstance(cell, str) and cell == low
                if isinstance(low, str)
                else isinstance(cell, int | float) and low <= cell <= high
            )
            if inside and isinstance(cell, str | float):
                label = labels.get(cell, "")
                known[cell] = UserMissing(cell, label, _kind(label))
    return [known.get(cell, cell) for cell in cells]


def _kind(label: str) -> Missing:
    """Guess from a value label why the value is missing."""
    return next((kind for kind, words in _KIND_OF_LABEL if words.search(label)), Missing.NOT_ANSWERED)


def _timed(path: Path, name: str, cells: list[Cell], spss_format: str, bad: list[Problem]) -> list[Cell]:
    """Turn SPSS's seconds into dates, dates with time, or clock times; bad dates are added to `bad`."""
    kind = spss_format.rstrip("0123456789.")
    if kind in _TIME_FORMATS:
        return [clock(cell) if isinstance(cell, float) else cell for cell in cells]
    if kind not in _DATE_FORMATS | _DATETIME_FORMATS:
        return cells
    timed: list[Cell] = []
    for index, cell in enumerate(cells):
        if not isinstance(cell, float):
            timed.append(cell)
            continue
        try:
            moment = _DAY_ZERO + timedelta(seconds=cell)
        except OverflowError:
            years = 1582 + cell / (365.2425 * 86_400)
            message = f"a date near the year {years:.0f} is out of range (1582 to 9999)."
            bad.append(Problem(message, file=str(path), line=index + 1, column=name))
            continue
        timed.append(moment.date() if kind in _DATE_FORMATS else moment)
    return timed
