"""Reading what a researcher hands over: CSV, Excel, SPSS and Parquet become one `FlatTable`.

A file is read once, whole, and never modified or held open. Its kind is told from its first
bytes, so that a workbook named ``.csv`` is still read as a workbook.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from bordin.errors import DataError, Problem, nearest
from bordin.study.files_csv import read_csv, write_csv
from bordin.study.files_kinds import Kind, kind_of
from bordin.study.files_table import Cell, FlatTable, UserMissing, name_list, parse_number

__all__ = [
    "DIRECT_IDENTIFIERS",
    "Cell",
    "FlatTable",
    "UserMissing",
    "data_path",
    "parse_number",
    "read_table",
    "write_csv",
]

MAX_BYTES = 500_000_000

DIRECT_IDENTIFIERS = frozenset(
    (
        "ipaddress",
        "locationlatitude",
        "locationlongitude",
        "locationaccuracy",
        "recipientemail",
        "recipientfirstname",
        "recipientlastname",
        "emailaddress",
    )
)
"""Columns of survey services that point to a person, in lower case."""


def read_table(
    path: Path | str,
    *,
    sheet: str | None = None,
    delimiter: str | None = None,
    decimal: str | None = None,
    drop_direct_identifiers: bool = True,
) -> FlatTable:
    """Read one flat file: CSV, Excel ``.xlsx``, SPSS ``.sav``, ``.zsav``, ``.por``, or Parquet.

    Parameters
    ----------
    path : Path or str
        The file.
    sheet : str or None
        Sheet of a workbook; the first one when None.
    delimiter : str or None
        Delimiter of a text file; found out when None (comma, semicolon or tab).
    decimal : str or None
        ``"."`` or ``","``. When None the sign is found out: comma for semicolon-delimited files
        unless all their numbers have points, else point. When given, the other sign is an error.
    drop_direct_identifiers : bool
        Leave out columns of survey services that point to a person (IP address, location,
        e-mail, recipient's names), and say so in the notes.

    Returns
    -------
    FlatTable

    Raises
    ------
    DataError
        When there is no such file, it is of another kind, damaged, empty, larger than 500 MB,
        or has no clean heading row. The message names the file and the next step.
    """
    path = Path(path)
    data = _content(path)
    kind = kind_of(path, data)
    _check_options(path, kind, sheet, delimiter, decimal)
    if kind is Kind.TEXT:
        table = read_csv(path, data, delimiter=delimiter, decimal=decimal)
    elif kind is Kind.EXCEL:
        # Each reader imports its library, which takes longer than most files take.
        from bordin.study.files_excel import read_excel

        table = read_excel(path, data, sheet=sheet, decimal=decimal)
    elif kind is Kind.PARQUET:
        from bordin.study.files_parquet import read_parquet

        table = read_parquet(path, data)
    else:
        from bordin.study.files_spss import read_spss

        table = read_spss(path, data, portable=kind is Kind.SPSS_PORTABLE)
    notes = table.notes
    if path.suffix.lower() in (".csv", ".tsv", ".txt") and kind is not Kind.TEXT:
        notes = (f"Named {path.suffix}, but it is {kind.value} file; read as such.", *notes)
    table = replace(table, sha256=hashlib.sha256(data).hexdigest(), notes=notes)
    return _without_identifiers(table) if drop_direct_identifiers else table


def data_path(folder: Path, name: str) -> Path:
    """Return where a data file of a study lies: in its folder data/, else relative to the study folder."""
    path = folder / "data" / name
    return folder / name if not path.exists() and (folder / name).exists() else path


def _check_options(
    path: Path, kind: Kind, sheet: str | None, delimiter: str | None, decimal: str | None
) -> None:
    """Refuse options that cannot be, or that do not fit the kind of file."""
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        message, hint = (
            f"the delimiter {delimiter!r} is not one separating character.",
            "Give for example ';'.",
        )
    elif decimal not in (None, ".", ","):
        message, hint = (
            f"the decimal sign '{decimal}' is neither '.' nor ','.",
            "Leave it out to have it found.",
        )
    elif sheet is not None and kind is not Kind.EXCEL:
        message = f"a sheet ('{sheet}') was named, but only an Excel workbook has sheets."
        hint = "Leave the sheet out, or give the workbook."
    else:
        return
    raise DataError(Problem(message, file=str(path), hint=hint))


def _content(path: Path) -> bytes:
    """Return a file's bytes, or say why there are none."""
    name = str(path)
    if path.is_dir():
        files = sorted(p.name for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
        hint = f"Name a file in it: {name_list(files, 12)}." if files else "It holds no files."
        raise DataError(Problem("this is a folder, not a file.", file=name, hint=hint))
    if not path.exists():
        raise DataError(Problem("there is no such file.", file=name, hint=_near(path)))
    if not path.is_file():
        raise DataError(Problem("this is not an ordinary file.", file=name, hint="Give a file on disk."))
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise DataError(
            Problem(
                f"the file has {size / 1e6:,.0f} MB; at most {MAX_BYTES / 1e6:,.0f} MB are read.",
                file=name,
                hint="Export only the columns and rows that the study needs. Tapes are not tables.",
            )
        )
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(
            Problem(
                f"the file cannot be read ({error.strerror}).",
                file=name,
                hint="Close it in other programs and check that you may read it.",
            )
        ) from error
    if not data:
        raise DataError(
            Problem("the file is empty (0 bytes).", file=name, hint="Export it again with its data.")
        )
    return data


def _near(path: Path) -> str:
    """Say which file may be meant in place of one that is not there."""
    folder = path.parent
    if not folder.is_dir():
        return f"There is no folder '{folder}' either."
    files = [p.name for p in folder.iterdir() if p.is_file() and not p.name.startswith(".")]
    return nearest(path.name, files) if files else f"The folder '{folder}' holds no files."


def _without_identifiers(table: FlatTable) -> FlatTable:
    """Leave out columns that point to a person."""
    dropped = [
        name
        for name in table.names
        if name.lower() in DIRECT_IDENTIFIERS
        or table.labels.get(name, "").lower() in DIRECT_IDENTIFIERS
        # In Qualtrics' old exports the column V3 holds the person's name.
        or (name == "V3" and table.labels.get(name) == "Name")
    ]
    if not dropped or len(dropped) == len(table.names):
        return table
    kept = table.select([name for name in table.names if name not in dropped])
    note = f"Left out as direct identifiers: {', '.join(dropped)}."
    return replace(kept, notes=(*kept.notes, note), dropped=tuple(dropped))
