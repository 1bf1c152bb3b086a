"""From rows of cells to named columns: headings, blank rows and columns, Qualtrics' extra heading rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bordin.errors import DataError, Problem
from bordin.study.files_table import Cell, FlatTable, listed, no_rows, refuse_duplicates, text_of


@dataclass(frozen=True)
class Grid:
    """Rows of cells as they stand in a text file or on a sheet.

    Attributes
    ----------
    rows : list of sequence of Cell
        The heading row first.
    lines : list of int
        The line or sheet row of each.
    """

    rows: list[Sequence[Cell]]
    lines: list[int]


def table_from_grid(
    path: Path, grid: Grid, *, decimal: str, declared: bool, notes: Sequence[str]
) -> FlatTable:
    """Name the columns of a grid, and check that every row fits the heading row.

    Parameters
    ----------
    path : Path
        The file, for messages.
    grid : Grid
        Its rows. Rows without any value are left out.
    decimal : str
        The decimal sign of numbers in text.
    declared : bool
        Whether the caller named that sign.
    notes : sequence of str
        What was noted so far.

    Raises
    ------
    DataError
        For no rows, rows of another width than the heading, and blank or duplicate names.
    """
    filled = [index for index, row in enumerate(grid.rows) if not _is_blank(row)]
    if not filled:
        raise DataError(Problem("the file is empty.", file=str(path), hint="Export it again with its data."))
    rows = [grid.rows[index] for index in filled]
    lines = [grid.lines[index] for index in filled]
    names = [text_of(cell) or "" for cell in rows[0]]
    while names and not names[-1]:
        names.pop()
    rows, lines, labels, qualtrics_notes = _qualtrics(names, rows, lines)
    body = _same_width(path, rows[1:], lines[1:], names, rows[0])
    if not body:
        raise no_rows(path, lines[0])
    columns = [list(cells) for cells in zip(*body, strict=True)]
    kept = _named(path, names, columns, lines[0])
    refuse_duplicates(path, [names[index] for index in kept], lines[0])
    regular = lines[-1] - lines[1] == len(lines) - 2
    return FlatTable(
        path=path,
        names=tuple(names[index] for index in kept),
        columns={names[index]: columns[index] for index in kept},
        labels=labels,
        notes=(*notes, *qualtrics_notes),
        first_line=lines[1],
        lines=() if regular else tuple(lines[1:]),
        decimal=decimal,
        decimal_declared=declared,
    )


def column_letters(index: int) -> str:
    """Return the letters a spreadsheet shows above a column, from 0 for A."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _is_blank(row: Sequence[Cell]) -> bool:
    return all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in row)


def _same_width(
    path: Path, rows: list[Sequence[Cell]], lines: list[int], names: list[str], heading: Sequence[Cell]
) -> list[Sequence[Cell]]:
    """Return rows as wide as the names; empty cells beyond the last name are cut off."""
    width = len(names)
    if all(len(row) == width for row in rows):
        return rows
    # A trailing delimiter makes every line one empty cell wider, or only the heading.
    even = len(heading)
    bad = [
        Problem(f"this row has {len(row)} cells, the heading row has {width}.", file=str(path), line=line)
        for row, line in zip(rows, lines, strict=True)
        if (len(row) < width) or (len(row) != even and not _is_blank(row[width:]))
    ]
    if bad:
        raise listed(
            bad, "Every row needs one cell for each heading; a cell that holds the delimiter must be quoted."
        )
    beyond = [
        index for index in range(width, even) if any(not _is_blank(row[index : index + 1]) for row in rows)
    ]
    if beyond:
        raise _nameless(path, beyond[0], None)
    return [row[:width] for row in rows]


def _named(path: Path, names: list[str], columns: list[list[Cell]], line: int) -> list[int]:
    """Return the positions of columns that have a name; one without name and values is left out."""
    for index, name in enumerate(names):
        if not name and not _is_blank(columns[index]):
            raise _nameless(path, index, line)
    return [index for index, name in enumerate(names) if name]


def _nameless(path: Path, index: int, line: int | None) -> DataError:
    return DataError(
        Problem(
            f"column {column_letters(index)} has values but no name.",
            file=str(path),
            line=line,
            hint="The first filled row must name every column: take out title rows, or name the column.",
        )
    )


def _qualtrics(
    names: list[str], rows: list[Sequence[Cell]], lines: list[int]
) -> tuple[list[Sequence[Cell]], list[int], dict[str, str], tuple[str, ...]]:
    """Take out the extra heading rows of a Qualtrics export; the question texts become labels."""
    extra = 0
    if len(rows) > 2 and all(_is_import_id(cell) for cell in rows[2][: len(names)]):
        extra = 2
    elif len(rows) > 1 and names[0] == "V1" and text_of(rows[1][0]) in ("ResponseID", "ResponseId"):
        extra = 1
    if not extra:
        return rows, lines, {}, ()
    labels = {name: text_of(cell) or "" for name, cell in zip(names, rows[1], strict=False)}
    note = f"Qualtrics export: {extra + 1} heading rows; the question texts were kept as labels."
    return [rows[0], *rows[1 + extra :]], [lines[0], *lines[1 + extra :]], labels, (note,)


def _is_import_id(cell: Cell) -> bool:
    return isinstance(cell, str) and cell.replace(" ", "").startswith('{"ImportId"')
