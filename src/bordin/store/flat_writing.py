"""Flat files out of the record: text, Excel, SPSS or Parquet, so that reading them gives the same cells."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from bordin.errors import DataError, Problem
from bordin.missing import Missing
from bordin.store.flat_parts import TEXT
from bordin.study.files import Cell, FlatTable, UserMissing
from bordin.study.files_table import is_number, text_of
from bordin.study.protocol import DataFile

# A spreadsheet takes a cell that begins so for a formula; a lone sign is none.
_FORMULA = re.compile(r"[=@\t\r\n]|[+-](?!$)")
_QUOTED = re.compile(r'[,;\t"\r\n]|^\s|\s$')
SPSS_DISCRETE = 3


@dataclass(frozen=True)
class Layout:
    """How a text file is written.

    Attributes
    ----------
    delimiter, decimal : str
    guard : bool
        Put an apostrophe before a text that a spreadsheet would take for a formula.
    sheet : str
        Name of the sheet of a workbook.
    """

    delimiter: str = ","
    decimal: str = "."
    guard: bool = True
    sheet: str = "data"


def layout_for(f: DataFile, name: str, decimal: str, *, guard: bool) -> Layout:
    """Return the layout that is read back with the same decimal sign."""
    usual = ";" if decimal == "," else "\t" if name.lower().endswith(".tsv") else ","
    return Layout(f.delimiter or usual, f.decimal or decimal, guard, f.sheet or "data")


def write_flat(path: Path, table: FlatTable, kind: str, layout: Layout) -> int:
    """Write a table as the kind of file that it came from.

    Parameters
    ----------
    path : Path
    table : FlatTable
    kind : str
        text, xlsx, sav, por or parquet.
    layout : Layout

    Returns
    -------
    int
        How many cells got an apostrophe.
    """
    part = path.with_name(f".{os.urandom(4).hex()}.{path.name}")
    path.parent.mkdir(parents=True, exist_ok=True)
    guarded = 0
    try:
        if kind == TEXT:
            guarded = _write_text(part, table, layout)
        elif kind == "xlsx":
            _write_excel(part, table, layout.sheet)
        elif kind == "parquet":
            _write_parquet(part, table)
        else:
            write_spss(part, table, portable=kind == "por")
        os.replace(part, path)
    except OSError as error:
        raise DataError(
            Problem(
                f"the file cannot be written ({error.strerror or error}).",
                str(path),
                hint="Close it in other programs, and check that the folder may be written to.",
            )
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return guarded


def _write_text(path: Path, table: FlatTable, layout: Layout) -> int:
    guarded = 0
    known: dict[str, str] = {}
    columns = [table.columns[n] for n in table.names]

    def line(cells: Iterable[Cell]) -> str:
        nonlocal guarded
        written = []
        for cell in cells:
            text = cell if type(cell) is str else _as_text(cell, layout.decimal)
            done = known.get(text)
            if done is None:
                safe = f"'{text}" if layout.guard and is_formula(text) else text
                done = '"' + safe.replace('"', '""') + '"' if _QUOTED.search(safe) else safe
                known[text] = done
            if layout.guard and done.startswith(("'", "\"'")) and not text.startswith("'"):
                guarded += 1
            written.append(done)
        # A lone empty cell would else be a blank line, which is no row.
        return layout.delimiter.join(written) or '""'

    with path.open("x", encoding="utf-8-sig", newline="") as file:
        file.write(line(table.names) + "\n")
        for row in zip(*columns, strict=True):
            file.write(line(row) + "\n")
    return guarded


def is_formula(text: str) -> bool:
    """Say whether a spreadsheet would take a text for a formula; a number such as -1 is none."""
    return _FORMULA.match(text) is not None and not is_number(text)


def _as_text(cell: Cell, decimal: str) -> str:
    """Return a cell that is no text as it stands in a text file."""
    if isinstance(cell, UserMissing):
        return str(cell.kind)
    if isinstance(cell, Missing):
        return str(cell)
    if cell is None:
        return ""
    text = text_of(cell) or ""
    return text.replace(".", decimal) if isinstance(cell, float) else text


def _write_excel(path: Path, table: FlatTable, sheet: str) -> None:
    from io import BytesIO

    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    page = book.create_sheet(sheet)
    for row in (table.names, *zip(*(table.columns[n] for n in table.names), strict=True)):
        cells = []
        for held in row:
            value = str(held.kind) if isinstance(held, UserMissing) else held
            cell = WriteOnlyCell(page, value=value)
            if isinstance(value, str):
                cell.data_type = "s"  # a text such as "=1+1" is no formula
            cells.append(cell)
        page.append(cells)
    content = BytesIO()
    book.save(content)
    path.write_bytes(content.getvalue())


def _write_parquet(path: Path, table: FlatTable) -> None:
    table.frame().write_parquet(path)


def write_spss(
    path: Path,
    table: FlatTable,
    *,
    portable: bool = False,
    missing: Mapping[str, list[Any]] | None = None,
) -> None:
    """Write an SPSS file with labels and user-missing values.

    Parameters
    ----------
    path : Path
    table : FlatTable
        A column is numbers, dates or text; a column of both is written as text.
    portable : bool
        The old format ``.por``: it keeps no user-missing values.
    missing : mapping of str to list, optional
        Ranges of user-missing values by column; found from the cells when absent.
    """
    import polars
    import pyreadstat

    series: list[Any] = []
    ranges: dict[str, list[Any]] = dict(missing or {})
    for name in table.names:
        cells = table.columns[name]
        if missing is None and (found := missing_ranges(cells)):
            ranges[name] = found
        series.append(_spss_series(polars, name, cells))
    frame = polars.DataFrame(series)
    text = {s.name for s in series if s.dtype == polars.String}
    labels: dict[str, str | None] = {n: v for n, v in table.labels.items() if n in table.names}
    if portable:
        pyreadstat.write_por(frame, str(path), column_labels=labels or None)
        return
    values: dict[str, Any] = {
        n: {(text_of(k) or "") if n in text else k: t for k, t in v.items()}
        for n, v in table.value_labels.items()
        if n in table.names and v
    }
    pyreadstat.write_sav(
        frame,
        str(path),
        column_labels=labels or None,
        variable_value_labels=values or None,
        missing_ranges={n: r for n, r in ranges.items() if n not in text or isinstance(r[0], str)} or None,
    )


def _spss_series(polars: Any, name: str, cells: Sequence[Cell]) -> Any:
    plain = [c.value if isinstance(c, UserMissing) else c for c in cells]
    kinds = {type(c) for c in plain if c is not None and c != ""}
    if kinds <= {int, float}:
        return polars.Series(
            name, [None if c == "" else c for c in plain], dtype=polars.Float64, strict=False
        )
    if kinds == {date}:
        return polars.Series(name, plain, dtype=polars.Date)
    if kinds <= {date, datetime}:
        moments = [datetime(c.year, c.month, c.day) if type(c) is date else c for c in plain]
        return polars.Series(name, moments, dtype=polars.Datetime("us"))
    return polars.Series(
        name, [text_of(c) or "" if type(c) is not str else c for c in plain], dtype=polars.String
    )


def missing_ranges(cells: Sequence[Cell]) -> list[Any]:
    """Return the values that a column declares missing, as SPSS takes them: three values, or one range and a value."""
    declared = {c.value for c in cells if isinstance(c, UserMissing)}
    if len(declared) <= SPSS_DISCRETE:
        return sorted(declared, key=str)
    found = sorted(v for v in declared if isinstance(v, float))
    valid = [c for c in cells if isinstance(c, int | float)]
    for low, high, one in (
        (found[0], found[-1], None),
        (found[1], found[-1], found[0]),
        (found[0], found[-2], found[-1]),
    ):
        if not any(low <= v <= high for v in valid):
            return [{"lo": low, "hi": high}] + ([] if one is None else [one])
    raise DataError(
        f"{len(declared)} values that mean missing lie among valid ones: SPSS cannot keep them apart."
    )
