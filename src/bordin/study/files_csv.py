"""Text files: encoding, delimiter and decimal sign are found out; and tables are written as CSV."""

from __future__ import annotations

import csv
import io
import math
import numbers
import os
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import islice
from pathlib import Path

from bordin.errors import DataError, Problem
from bordin.missing import Missing
from bordin.study.files_headings import Grid, table_from_grid
from bordin.study.files_table import FlatTable, UserMissing, is_ambiguous, is_number, text_of

DELIMITERS = (",", ";", "\t")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")

_SNIFFED_CHARACTERS = 100_000
_SNIFFED_ROWS = 1_000
_CONTROL = bytes(set(range(32)) - set(b"\t\n\v\f\r")) + b"\x7f"
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


def read_csv(path: Path, data: bytes, *, delimiter: str | None, decimal: str | None) -> FlatTable:
    """Read a delimited text file.

    Parameters
    ----------
    path : Path
        The file, for messages.
    data : bytes
        Its content.
    delimiter, decimal : str or None
        Named by the caller, or found out.

    Raises
    ------
    DataError
        When it is no text, a quote is not closed, or rows and headings do not fit.
    """
    text, notes = _decode(path, data)
    offset = 0
    if text[:4].lower() == "sep=" and text[5:6] in ("\r", "\n"):
        # Excel's own hint: a first line that names the delimiter and is no heading.
        delimiter = delimiter or text[4]
        end = 7 if text[5:7] == "\r\n" else 6
        text, offset = text[end:], 1
    delimiter = delimiter or _find_delimiter(text)
    grid = _parse(path, text, delimiter, offset)
    sign = decimal or _find_decimal(grid.rows, delimiter)
    return table_from_grid(path, grid, decimal=sign, declared=decimal is not None, notes=notes)


def _decode(path: Path, data: bytes) -> tuple[str, list[str]]:
    """Return the text of a file and a note when the encoding was a guess."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data.decode(encoding).removeprefix("\ufeff"), []
            except UnicodeDecodeError as error:
                raise _no_text(
                    path, f"its mark says {encoding.upper()}, but byte {error.start} is not"
                ) from None
    nul = data.find(b"\0")
    if nul >= 0:
        line = data.count(b"\n", 0, nul) + 1
        raise _no_text(path, "it holds NUL bytes", line)
    if (len(data) - len(data.translate(None, _CONTROL))) * 100 > len(data):
        raise _no_text(path, "it is full of control characters")
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        raise _no_text(path, "it is neither UTF-8 nor Windows-1252", line) from None
    return text, [f"Not UTF-8 (line {line}); read as Windows-1252: check accented letters."]


def _no_text(path: Path, why: str, line: int | None = None) -> DataError:
    return DataError(
        Problem(
            f"this is not a text file that can be read: {why}.",
            file=str(path),
            line=line,
            hint="Save it again as 'CSV UTF-8', or give the Excel, SPSS or Parquet file itself.",
        )
    )


def _find_delimiter(text: str) -> str:
    """Choose the delimiter that splits the first rows evenly, else the one the heading has most of."""
    found: list[tuple[bool, int, str]] = []
    for candidate in DELIMITERS:
        reader = csv.reader(io.StringIO(text[:_SNIFFED_CHARACTERS], newline=""), delimiter=candidate)
        try:
            widths = [len(row) for row in islice(reader, 20) if row]
        except csv.Error:
            continue
        if widths and widths[0] > 1:
            found.append((len(set(widths)) == 1, widths[0], candidate))
    return max(found, key=lambda kind: kind[:2])[2] if found else ","


def _find_decimal(rows: Sequence[Sequence[object]], delimiter: str) -> str:
    """Say which decimal sign the file uses: by the delimiter, unless the numbers all speak against it."""
    if delimiter == ",":
        return "."
    usual, other = (",", ".") if delimiter == ";" else (".", ",")
    found = set()
    for row in rows[1:_SNIFFED_ROWS]:
        for cell in row:
            if isinstance(cell, str) and ("," in cell or "." in cell) and is_number(cell):
                found.add("?" if is_ambiguous(cell) else "," if "," in cell else ".")
    return other if other in found and usual not in found else usual


def _parse(path: Path, text: str, delimiter: str, offset: int) -> Grid:
    """Split text into rows, with the physical line on which each starts."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Sequence[str]] = []
    lines: list[int] = []
    start = offset + 1
    try:
        for row in reader:
            rows.append(row)
            lines.append(start)
            start = reader.line_num + offset + 1
    except csv.Error as error:
        if "expected after" in str(error):
            message = "text follows a closing quote in this row, or an earlier quote was not closed."
        elif "field limit" in str(error):
            most = csv.field_size_limit()
            message = f"a cell is longer than {most:,} characters; perhaps its quote is not closed."
        else:
            message = "a quote opens in this row and is never closed."
        raise DataError(
            Problem(
                message,
                file=str(path),
                line=start,
                hint='A quotation mark inside a quoted cell is written twice ("").',
            )
        ) from None
    return Grid(list(rows), lines)


def write_csv(path: Path | str, names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table as CSV that a spreadsheet opens as it is.

    UTF-8 with a byte-order mark; numbers are not rounded; None and kinds of missing are told
    apart (empty, and the kind's words). A text that a spreadsheet would take for a formula gets
    an apostrophe before it. The file appears whole or not at all.

    Parameters
    ----------
    path : Path or str
        Where to write; a file that is there is replaced.
    names : sequence of str
        The heading row.
    rows : iterable of sequence
        Cells: text, numbers, booleans, dates, Missing, None. Each as long as `names`.

    Raises
    ------
    DataError
        When the file cannot be written, a row has another length, or a number is not finite.
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.{os.urandom(4).hex()}.part")
    try:
        with part.open("x", encoding="utf-8-sig", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow([_written(path, name) for name in names])
            for row in rows:
                if len(row) != len(names):
                    message = f"a row to write has {len(row)} cells, there are {len(names)} columns."
                    raise DataError(Problem(message, file=str(path)))
                writer.writerow([_written(path, cell) for cell in row])
        os.replace(part, path)
    except OSError as error:
        raise DataError(
            Problem(
                f"the file cannot be written ({error.strerror}).",
                file=str(path),
                hint="Close it in other programs, and check that the folder exists and may be written to.",
            )
        ) from error
    finally:
        part.unlink(missing_ok=True)


def _written(path: Path, cell: object) -> str:
    """Return a cell as it stands in a CSV file."""
    if cell is None:
        return ""
    if isinstance(cell, UserMissing):
        return str(cell.kind)
    if isinstance(cell, Missing):
        return str(cell)
    if isinstance(cell, str):
        return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
    if isinstance(cell, bool | date):
        return text_of(cell) or ""
    if isinstance(cell, numbers.Integral):
        return str(int(cell))
    if isinstance(cell, numbers.Real):
        value = float(cell)
        if math.isfinite(value):
            return repr(value)
        message = f"'{value}' is not a finite number: an undefined value is written as an empty cell."
        raise DataError(Problem(message, file=str(path)))
    raise DataError(Problem(f"a cell of type {type(cell).__name__} cannot be written.", file=str(path)))
