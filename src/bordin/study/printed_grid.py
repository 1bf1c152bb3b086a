"""The rows of a table that somebody printed: CSV, Excel, Word and web pages become one grid of texts.

Unlike a data file, a printed table has title lines, notes and merged cells. Here it only becomes
rows of equally many texts; what they mean is found in :mod:`bordin.study.printed_table`.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

from bordin.errors import DataError, Problem
from bordin.study.files_kinds import Kind, kind_of
from bordin.study.files_table import listed

if TYPE_CHECKING:
    from openpyxl.cell import Cell as SheetCell
    from openpyxl.worksheet.worksheet import Worksheet

MAX_BYTES = 20_000_000

_WORD_MARK = b"word/document.xml"
_HTML_STARTS = (b"<!doctype html", b"<html", b"<table", b"<body", b"<head", b"<!--")
_DELIMITERS = ("\t", ";", ",")
_DECIMALS_OF_FORMAT = re.compile(r"#?0?\.(0+)(?:_.*)?$")
_NOT_SEPARATE = "Give every column one heading of its own and every row its own values: unmerge the cells."


@dataclass(frozen=True)
class Merge:
    """A merged cell: where it begins (from 0) and over how many rows and columns it reaches."""

    row: int
    column: int
    rows: int
    columns: int


@dataclass(frozen=True)
class PrintedGrid:
    """Rows of texts, all equally long, the heading row first.

    Attributes
    ----------
    rows : tuple of tuple of str
        Shape (n_lines, n_columns).
    lines : tuple of int
        Line of the file, or row of the sheet or table, of each.
    notes : tuple of str
        Lines above and below the table that hold one text only.
    """

    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    notes: tuple[str, ...] = ()


@dataclass
class _Raw:
    """A table as it stands in its file."""

    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    merges: list[Merge] = field(default_factory=list)


def read_grid(path: Path, part: str | None = None) -> PrintedGrid:
    """Read the rows of a printed table.

    Parameters
    ----------
    path : Path
        CSV, Excel ``.xlsx``, Word ``.docx`` or HTML.
    part : str or None
        Which sheet (by name) of a workbook, or which table (by number from 1) of a document or
        page; needed only where there are several.

    Returns
    -------
    PrintedGrid

    Raises
    ------
    DataError
        When the file is not there, holds no table, has merged headings or unequal rows.
    """
    data = _content(path)
    if data.startswith(b"PK\x03\x04") and _WORD_MARK in data:
        raw = _one_of(path, _word_tables(path, data), part)
    elif data[:500].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_HTML_STARTS):
        raw = _one_of(path, _html_tables(_text(path, data)), part)
    else:
        kind = kind_of(path, data)
        if kind not in (Kind.TEXT, Kind.EXCEL):
            raise DataError(
                Problem(
                    f"this is {kind.value} file: it holds data, not a printed table.",
                    file=str(path),
                    hint="From data the table is made by: bordin associate",
                )
            )
        raw = _excel_table(path, data, part) if kind is Kind.EXCEL else _text_table(path, _text(path, data))
    return _even(path, _without_margins(path, raw))


def _content(path: Path) -> bytes:
    name = str(path)
    if not path.is_file():
        what = "this is a folder, not a file." if path.is_dir() else "there is no such file."
        raise DataError(Problem(what, file=name, hint="Give the file that holds the printed table."))
    try:
        data = path.read_bytes() if path.stat().st_size <= MAX_BYTES else None
    except OSError as error:
        raise DataError(Problem(f"the file cannot be read ({error.strerror}).", file=name)) from error
    if data is None:
        raise DataError(
            Problem(
                f"a printed table is never larger than {MAX_BYTES / 1e6:.0f} MB.",
                file=name,
                hint="Copy the table into a file of its own.",
            )
        )
    if not data.strip():
        raise DataError(Problem("the file is empty.", file=name, hint="Copy the table into it."))
    return data


def _text(path: Path, data: bytes) -> str:
    """Decode UTF-8, UTF-16 with its mark, or Windows-1252."""
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise _no_table(path, "it is not a text file")


def _no_table(path: Path, why: str) -> DataError:
    return DataError(
        Problem(
            f"no table was found: {why}.",
            file=str(path),
            hint="Give a CSV, Excel, Word or HTML file with a heading row, one column for each variable.",
        )
    )


def _text_table(path: Path, text: str) -> _Raw:
    tried = [found for delimiter in _DELIMITERS if (found := _split(text, delimiter))]
    if not tried and '"' in text:
        raise _no_table(path, "a quotation mark is never closed, or no line holds two or more cells")
    if not tried:
        raise _no_table(path, "no line holds two or more cells separated by comma, semicolon or tab")
    raw = max(tried, key=_regularity)
    if _regularity(raw) < 2:
        raise _no_table(path, "fewer than two lines have equally many cells")
    return raw


def _split(text: str, delimiter: str) -> _Raw | None:
    """Split text at a delimiter; None when its quotation marks do not fit or no row has two cells."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    raw = _Raw()
    start = 1
    try:
        for row in reader:
            raw.rows.append([_clean(cell) for cell in row])
            raw.lines.append(start)
            start = reader.line_num + 1
    except csv.Error:
        return None
    return raw if max(map(len, raw.rows), default=0) > 1 else None


def _regularity(raw: _Raw) -> int:
    """Count the lines that have the most common number of cells, of two or more."""
    widths = Counter(len(row) for row in raw.rows if len(row) > 1)
    return max(widths.values(), default=0)


def _excel_table(path: Path, data: bytes, part: str | None) -> _Raw:
    import openpyxl

    try:
        book = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    except (zipfile.BadZipFile, SyntaxError, OSError, LookupError, ValueError, TypeError) as error:
        message = f"the workbook is damaged ({type(error).__name__}: {error})."
        raise DataError(Problem(message, file=str(path), hint="Save it again as .xlsx.")) from error
    names = [sheet.title for sheet in book.worksheets]
    if part is not None and part not in names:
        raise DataError(
            Problem(f"there is no sheet '{part}'.", file=str(path), hint=f"It has: {', '.join(names)}.")
        )
    filled = [sheet for sheet in book.worksheets if sheet.max_row > 1]
    if part is None and len(filled) > 1:
        raise _several(path, f"{len(filled)} sheets ({', '.join(s.title for s in filled)})", filled[0].title)
    if part is None and not filled:
        raise _no_table(path, "no sheet has two rows")
    return _sheet_table(book[part] if part is not None else filled[0])


def _sheet_table(sheet: Worksheet) -> _Raw:
    raw = _Raw()
    for line, cells in enumerate(sheet.iter_rows(), start=1):
        raw.rows.append([_sheet_text(cell) for cell in cells])
        raw.lines.append(line)
    for found in sheet.merged_cells.ranges:
        rows, columns = found.max_row - found.min_row + 1, found.max_col - found.min_col + 1
        raw.merges.append(Merge(found.min_row - 1, found.min_col - 1, rows, columns))
    return raw


def _sheet_text(cell: SheetCell) -> str:
    """Return what a sheet shows: 0.26 in a cell with the format 0.000 is .260."""
    if isinstance(cell.value, float):
        decimals = _DECIMALS_OF_FORMAT.match(cell.number_format or "")
        return f"{cell.value:.{len(decimals[1])}f}" if decimals else repr(cell.value)
    return "" if cell.value is None else _clean(str(cell.value))


def _word_tables(path: Path, data: bytes) -> list[_Raw]:
    import docx
    from docx.opc.exceptions import OpcError
    from docx.oxml.ns import qn

    try:
        document = docx.Document(io.BytesIO(data))
    except (zipfile.BadZipFile, OpcError, KeyError, ValueError, SyntaxError) as error:
        message = f"the Word document is damaged ({type(error).__name__})."
        raise DataError(Problem(message, file=str(path), hint="Save it again as .docx.")) from error
    tables = []
    for table in document.tables:
        made = _Spans()
        for row in table._tbl.tr_lst:
            made.begin_row()
            for cell in row.tc_lst:
                text = "\n".join(_word_paragraph(p, qn("w:t")) for p in cell.p_lst)
                continues = cell.vMerge == "continue"
                made.add("" if continues else text, cell.grid_span, 1, continues=continues)
        tables.append(made.raw)
    return tables


def _word_paragraph(paragraph: object, tag: str) -> str:
    return "".join(element.text or "" for element in paragraph.iter(tag))  # type: ignore[attr-defined]


class _Spans:
    """Puts cells that reach over several rows or columns into a grid, and remembers them."""

    def __init__(self) -> None:
        self.raw = _Raw()
        self._reach: dict[int, int] = {}

    def begin_row(self) -> None:
        self.raw.rows.append([])
        self.raw.lines.append(len(self.raw.rows))
        self._fill()

    def add(self, text: str, columns: int, rows: int, *, continues: bool = False) -> None:
        row, place = self.raw.rows[-1], len(self.raw.rows[-1])
        if continues:
            self._lengthen(place)
        elif rows > 1 or columns > 1:
            self.raw.merges.append(Merge(len(self.raw.rows) - 1, place, rows, columns))
        for k in range(columns):
            row.append(_clean(text) if k == 0 else "")
            if rows > 1:
                self._reach[place + k] = rows - 1
        self._fill()

    def _fill(self) -> None:
        """Continue the cells of rows above that reach into this row."""
        row = self.raw.rows[-1]
        while self._reach.get(len(row), 0) > 0:
            self._reach[len(row)] -= 1
            row.append("")

    def _lengthen(self, column: int) -> None:
        """Let the merged cell above reach one row further (Word says so row by row)."""
        line = len(self.raw.rows) - 1
        for k, merge in enumerate(self.raw.merges):
            if merge.column == column and merge.row + merge.rows == line:
                self.raw.merges[k] = replace(merge, rows=merge.rows + 1)
                return
        self.raw.merges.append(Merge(line - 1, column, 2, 1))


class _TableParser(HTMLParser):
    """Collects the tables of a web page; a table within a table is read on its own."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[_Spans] = []
        self._open: list[_Spans] = []
        self._cell: tuple[int, int] | None = None
        self._words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._close_cell()
            self._open.append(_Spans())
            self.tables.append(self._open[-1])
        elif not self._open:
            return
        elif tag == "tr":
            self._close_cell()
            self._open[-1].begin_row()
        elif tag in ("td", "th") and self._open[-1].raw.rows:
            self._close_cell()
            given = dict(attrs)
            self._cell = (_span(given.get("colspan")), _span(given.get("rowspan")))
        elif tag == "br":
            self._words.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "table"):
            self._close_cell()
        if tag == "table" and self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._words.append(data)

    def _close_cell(self) -> None:
        if self._cell is not None and self._open:
            self._open[-1].add("".join(self._words), *self._cell)
        self._cell, self._words = None, []


def _span(text: str | None) -> int:
    return min(int(text), 1000) if text and text.strip().isdecimal() and int(text) > 0 else 1


def _html_tables(text: str) -> list[_Raw]:
    parser = _TableParser()
    parser.feed(text)
    parser.close()
    return [made.raw for made in parser.tables if made.raw.rows]


def _one_of(path: Path, tables: list[_Raw], part: str | None) -> _Raw:
    """Choose the table that is meant."""
    if not tables:
        raise _no_table(path, "the file has text, but no table in it")
    if part is None and len(tables) > 1:
        raise _several(path, f"{len(tables)} tables", "1")
    number = part or "1"
    if not number.isdecimal() or not 1 <= int(number) <= len(tables):
        hint = f"Give a number from 1 to {len(tables)}."
        raise DataError(Problem(f"there is no table '{number}'.", file=str(path), hint=hint))
    return tables[int(number) - 1]


def _several(path: Path, what: str, example: str) -> DataError:
    return DataError(
        Problem(f"the file holds {what}.", file=str(path), hint=f"Say which, for example: --part {example}")
    )


def _clean(text: str) -> str:
    return " ".join(text.replace("\N{ZERO WIDTH SPACE}", "").split())


def _without_margins(path: Path, raw: _Raw) -> PrintedGrid:
    """Take titles and notes off, resolve harmless merged cells, refuse the others."""
    count = [sum(map(bool, row)) for row in raw.rows]
    inside = [k for k, n in enumerate(count) if n > 1]
    if not inside:
        raise _no_table(path, "no row has two filled cells")
    first, last = inside[0], inside[-1]
    headings = set(raw.rows[first])
    # A row with a single text below the table is a note, unless it is the empty last row of a triangle.
    while last + 1 < len(raw.rows) and count[last + 1] == 1 and _is_row(raw.rows[last + 1], headings):
        last += 1
    for merge in raw.merges:
        if merge.row + merge.rows <= first or merge.row > last:
            continue
        if merge.columns > 1 or merge.row <= first:
            what = "the headings are merged" if merge.row <= first else "cells of the body are merged"
            shown = raw.rows[merge.row][merge.column] if merge.column < len(raw.rows[merge.row]) else ""
            problem = f"{what}{f': {shown!r} stands over several columns or rows' if shown else ''}."
            raise DataError(Problem(problem, file=str(path), line=raw.lines[merge.row], hint=_NOT_SEPARATE))
    outside = [*raw.rows[:first], *raw.rows[last + 1 :]]
    kept = [k for k in range(first, last + 1) if count[k]]
    return PrintedGrid(
        rows=tuple(tuple(raw.rows[k]) for k in kept),
        lines=tuple(raw.lines[k] for k in kept),
        notes=tuple(text for row in outside for text in row if text),
    )


def _is_row(row: Sequence[str], headings: set[str]) -> bool:
    return bool(row[0]) and (row[0] in headings or row[0].split(".")[0] in headings)


def _even(path: Path, grid: PrintedGrid) -> PrintedGrid:
    """Check that every row is as long as the heading row, and leave out columns that are empty."""
    width = len(grid.rows[0])
    bad = [
        Problem(f"this row has {len(row)} cells, the heading row has {width}.", file=str(path), line=line)
        for row, line in zip(grid.rows, grid.lines, strict=True)
        if len(row) != width
    ]
    if bad:
        hint = "Give every row as many cells as there are headings; a missing value is an empty cell."
        raise listed(bad, f"{hint} A decimal comma in a file with commas needs quotation marks.")
    if len(grid.rows) < 2:
        raise _no_table(path, "there is a heading row and nothing under it")
    kept = [k for k in range(width) if any(row[k] for row in grid.rows)]
    return replace(grid, rows=tuple(tuple(row[k] for k in kept) for row in grid.rows))
