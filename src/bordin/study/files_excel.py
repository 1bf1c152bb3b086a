"""Excel workbooks (.xlsx): values, with the stored results of formulas."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from xml.etree import ElementTree

from bordin.errors import DataError, Problem, nearest
from bordin.study.files_headings import Grid, table_from_grid
from bordin.study.files_table import Cell, FlatTable, clock, name_list

MAX_UNPACKED_BYTES = 2_000_000_000

_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([^"]+)"')
# A formula whose <v> is absent or empty: the file was never calculated by a spreadsheet program.
_FORMULA_WITHOUT_RESULT = re.compile(
    rb"<(?:\w+:)?c\s([^>]*)>\s*<(?:\w+:)?f(?:\s[^>]*)?(?:/>|>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_REFERENCE = re.compile(rb'\br="([A-Z]+\d+)"')


def read_excel(path: Path, data: bytes, *, sheet: str | None, decimal: str | None) -> FlatTable:
    """Read one sheet of a workbook.

    Parameters
    ----------
    path : Path
        The file, for messages.
    data : bytes
        Its content.
    sheet : str or None
        Name of the sheet; the first one when None.
    decimal : str or None
        Decimal sign of numbers that were entered as text.

    Raises
    ------
    DataError
        For merged cells, formulas without a stored result, an unknown sheet, a damaged file,
        and all that `table_from_grid` refuses.
    """
    import openpyxl

    try:
        _refuse_bomb(path, data)
        with warnings.catch_warnings():
            # openpyxl warns of styles and extensions that it leaves out; none holds values.
            warnings.simplefilter("ignore", UserWarning)
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            titles = [worksheet.title for worksheet in book.worksheets]
            title = _chosen(path, titles, sheet)
            _refuse_merged_and_uncalculated(path, title, _sheet_xml(data, title))
            worksheet = book[title]
            worksheet.reset_dimensions()  # some programs write a wrong size, which would cut rows
            grid = _grid(worksheet.iter_rows(values_only=True))
            book.close()
    # The parsers' errors, of the standard library and of lxml alike, are kinds of SyntaxError.
    except (zipfile.BadZipFile, SyntaxError, OSError, LookupError, ValueError, TypeError) as error:
        raise DataError(
            Problem(
                f"the workbook is damaged ({type(error).__name__}: {error}).",
                file=str(path),
                hint="Open it in Excel, save it again as .xlsx, or export the sheet as CSV UTF-8.",
            )
        ) from error
    notes = []
    if sheet is None and len(titles) > 1:
        notes.append(f"Read from sheet '{title}'; the workbook has {len(titles)}: {name_list(titles, 12)}.")
    return table_from_grid(path, grid, decimal=decimal or ".", declared=decimal is not None, notes=notes)


def _refuse_bomb(path: Path, data: bytes) -> None:
    """Refuse a small file that would unpack to more than memory should hold."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > MAX_UNPACKED_BYTES:
        raise DataError(
            Problem(
                f"the workbook unpacks to {size / 1e6:,.0f} MB, more than can be held in memory.",
                file=str(path),
                hint="Export the sheet as CSV UTF-8.",
            )
        )


def _chosen(path: Path, titles: Sequence[str], sheet: str | None) -> str:
    if sheet in titles:
        return str(sheet)
    if sheet is not None:
        raise DataError(Problem(f"there is no sheet '{sheet}'.", file=str(path), hint=nearest(sheet, titles)))
    if not titles:
        raise DataError(
            Problem(
                "the workbook has no sheet of cells.",
                file=str(path),
                hint="Save it as 'Excel Workbook (.xlsx)', not as 'Strict Open XML' or a chart alone.",
            )
        )
    return titles[0]


def _sheet_xml(data: bytes, title: str) -> bytes:
    """Return a sheet's own XML: reading values only does not show merged cells and formulas."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
        relation = next(
            value
            for element in book.iter()
            if element.tag.endswith("}sheet") and element.get("name") == title
            for key, value in element.items()
            if key.endswith("}id")
        )
        relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
        target = next(str(element.get("Target")) for element in relations if element.get("Id") == relation)
        return archive.read(target.removeprefix("/") if target.startswith("/") else f"xl/{target}")


def _refuse_merged_and_uncalculated(path: Path, title: str, xml: bytes) -> None:
    """Refuse what would silently become empty cells."""
    merged = [found.decode() for found in _MERGED.findall(xml)]
    if merged:
        raise DataError(
            Problem(
                f"sheet '{title}' has merged cells: {name_list(merged, 12)}.",
                file=str(path),
                hint="Unmerge them: one heading row names every column, and each row has its own values.",
            )
        )
    without = [
        reference[1].decode()
        for attributes in (_FORMULA_WITHOUT_RESULT.findall(xml) if b"<f" in xml or b":f" in xml else ())
        # A formula that gives text (t="str") may well give an empty one.
        if b't="str"' not in attributes and (reference := _REFERENCE.search(attributes))
    ]
    if without:
        raise DataError(
            Problem(
                f"sheet '{title}' has formulas without a stored result: {name_list(without, 12)}.",
                file=str(path),
                hint="Open the workbook in Excel and save it, so that the results are stored.",
            )
        )


def _grid(sheet_rows: Iterable[Sequence[object]]) -> Grid:
    """Return the rows that hold values, all equally wide."""
    rows: list[list[Cell]] = []
    lines: list[int] = []
    for line, sheet_row in enumerate(sheet_rows, start=1):
        cells = [_cell(value) for value in sheet_row]
        while cells and (cells[-1] is None or cells[-1] == ""):
            cells.pop()
        if cells:
            rows.append(cells)
            lines.append(line)
    width = max(map(len, rows), default=0)
    return Grid([[*cells, *[None] * (width - len(cells))] for cells in rows], lines)


def _cell(value: object) -> Cell:
    """Return a sheet's value as a cell; a date without a time of day is a date."""
    if isinstance(value, datetime):
        return value.date() if value.time() == time.min else value
    if isinstance(value, timedelta):
        return clock(value.total_seconds())
    if isinstance(value, time):
        return value.isoformat()
    if value is None or isinstance(value, str | bool | int | float | date):
        return value
    return str(value)
