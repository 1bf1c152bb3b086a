"""Reading a published correlation table as it was printed: values with their decimals, and stars.

Two layouts are read. *Long*: a line a cell, under the headings row, column, r, p, star, n.
*Wide*: a column a variable and, for each row variable, a line of r that may be followed by a line
of p and one of n, as statistics programs print them. Stars may stand at the r or at the p.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

from bordin.errors import DataError, Problem
from bordin.study.files_table import listed, plain_text, refuse_duplicates
from bordin.study.printed_grid import PrintedGrid, read_grid

Relation = Literal["=", "<", ">", "ns"]

MISSING = frozenset(("", "-", "--", "—", ".", "…", "...", "na", "n/a", "n.a."))
_VALUE = re.compile(r"(?:p\s*)?([<>=≤≥]?)\s*([+-]?\s?\d*)(?:[.,](\d+))?\s*")
_STARS = re.compile(r"[*∗⁎＊]")
_OTHER_MARKS = re.compile(r"[†‡§]")
_SHORT_MINUS = re.compile(
    "[\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{SMALL HYPHEN-MINUS}\N{FULLWIDTH HYPHEN-MINUS}]"
)
_ONE = re.compile(r"1(?:[.,]0*)?")
_NUMBERED = re.compile(r"(\d+)[.)]?\s+\S")

_KINDS = {
    "r": "r rs rho tau taub ρ τ correlation coefficient correlationcoefficient pearsoncorrelation "
    "spearmancorrelation spearmansrho kendallstaub",
    "p": "p pvalue sig sig2tailed sig1tailed significance pprinted",
    "n": "n samplesize",
    "star": "star stars starprinted",
    "row": "row x",
    "column": "column y",
}
_KIND_OF = {name: kind for kind, names in _KINDS.items() for name in names.split()}
_DESCRIPTIVE = frozenset(("m", "mean", "sd", "alpha", "α", "n", "range", "median"))


@dataclass(frozen=True)
class PrintedValue:
    """A number as it was printed.

    Attributes
    ----------
    text : str
        As it stands in the table, without stars.
    value : float or None
        None when only "ns" is printed.
    digits : int
        Digits after the point.
    relation : str
        ``"="``, ``"<"`` (as in ``< .001``), ``">"`` or ``"ns"``.
    """

    text: str
    value: float | None
    digits: int
    relation: Relation = "="

    @property
    def half_unit(self) -> float:
        """Half a unit of the last printed digit: how far rounding may have moved the value."""
        return 0.5 * 10.0**-self.digits


@dataclass(frozen=True)
class PrintedCell:
    """One pair of variables in a printed table.

    Attributes
    ----------
    row, column : str
    r, p : PrintedValue or None
        None where nothing is printed.
    star : str
        The stars as printed; empty when there is none.
    n : int or None
        Number of cases, where the table prints it.
    line : int
        Line of the file that holds r.
    """

    row: str
    column: str
    r: PrintedValue | None
    p: PrintedValue | None
    star: str
    n: int | None
    line: int


@dataclass(frozen=True)
class PrintedTable:
    """A published correlation table.

    Attributes
    ----------
    path : Path
    layout : str
        ``"long"`` or ``"wide"``.
    rows, columns : tuple of str
        Names in the order in which they are printed.
    cells : tuple of PrintedCell
        Cells in which something is printed, row by row. The diagonal of a square matrix is left out.
    has_stars : bool
        Whether the table marks cells at all; without stars nothing can be said of a missing one.
    notes : tuple of str
        Texts around the table, and what was decided in reading it.
    """

    path: Path
    layout: Literal["long", "wide"]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[PrintedCell, ...]
    has_stars: bool
    notes: tuple[str, ...] = ()

    def cell(self, row: str, column: str) -> PrintedCell | None:
        """Return the cell of a row and a column; None when nothing is printed there."""
        return self._places.get((row, column))

    @cached_property
    def is_square(self) -> bool:
        """Whether rows and columns are the same variables, as in a matrix or half of one."""
        small, large = sorted((set(self.rows), set(self.columns)), key=len)
        on_diagonal = any(c.row == c.column for c in self.cells)
        return len(small & large) >= 2 and len(small - large) <= 1 and not on_diagonal

    @cached_property
    def _places(self) -> dict[tuple[str, str], PrintedCell]:
        return {(c.row, c.column): c for c in self.cells}


def read_printed_table(path: Path | str, *, part: str | None = None) -> PrintedTable:
    """Read a published correlation table from CSV, Excel, Word or HTML.

    Parameters
    ----------
    path : Path or str
        The file.
    part : str or None
        Sheet (name) of a workbook, or table (number from 1) of a Word document or web page, where
        there are several.

    Returns
    -------
    PrintedTable

    Raises
    ------
    DataError
        When there is no table, headings are merged, rows are unequal, a cell holds no number, an r
        lies outside -1 to 1, a p outside 0 to 1, or a pair is printed twice. All bad cells are told at once.
    """
    path = Path(path)
    grid = read_grid(path, part)
    reader = _Long(path, grid) if _is_long(grid.rows[0]) else _Wide(path, grid)
    reader.read()
    if reader.problems:
        raise listed(reader.problems, "Correct the cell; what is not printed stays empty.")
    return reader.table()


def parse_value(text: str) -> tuple[PrintedValue | None, str]:
    """Read a printed number with its marks.

    Parameters
    ----------
    text : str
        For example ``-.429*``, ``,013``, ``< .001``, ``ns`` or an empty text.

    Returns
    -------
    value : PrintedValue or None
        None where nothing is printed.
    star : str
        The stars, as ``"*"``, ``"**"`` and so on.

    Raises
    ------
    DataError
        When the text is no number.
    """
    star = "*" * len(_STARS.findall(text))
    bare = plain_text(_SHORT_MINUS.sub("-", _OTHER_MARKS.sub("", _STARS.sub("", text))))
    if bare.lower() in MISSING:
        return None, star
    if bare.lower().replace(".", "").replace(" ", "") in ("ns", "nonsig", "notsignificant"):
        return PrintedValue(bare, None, 0, "ns"), star
    found = _VALUE.fullmatch(bare)
    if found is None or not (found[2].strip("+- ") or found[3]):
        raise DataError(Problem(f"'{text}' is not a number."))
    sign, whole, decimals = found[1], found[2].replace(" ", ""), found[3] or ""
    relation: Relation = "<" if sign in ("<", "≤") else ">" if sign in (">", "≥") else "="
    shown = whole + (f".{decimals}" if decimals else "")
    return PrintedValue(shown, float(shown), len(decimals), relation), star


def _kind_of(heading: str) -> str | None:
    """Say what a heading announces: r, p, n, star, row or column."""
    return _KIND_OF.get("".join(c for c in heading.lower() if c.isalnum() or c in "ρτ"))


def _is_long(headings: tuple[str, ...]) -> bool:
    kinds = [_kind_of(h) for h in headings]
    return kinds.count("r") == 1 and kinds.index("r") >= 2


class _Reader(ABC):
    """Collects cells and problems while a table is read."""

    layout: Literal["long", "wide"]

    def __init__(self, path: Path, grid: PrintedGrid) -> None:
        self.path, self.grid = path, grid
        self.headings = grid.rows[0]
        self.problems: list[Problem] = []
        self.notes = list(grid.notes)
        self.rows: list[str] = []
        self.columns: list[str] = []
        self.cells: dict[tuple[str, str], PrintedCell] = {}
        self.has_stars = False

    @abstractmethod
    def read(self) -> None:
        """Fill rows, columns and cells, and collect the problems."""

    def table(self) -> PrintedTable:
        if not any(c.r is not None for c in self.cells.values()):
            raise DataError(
                Problem("no correlation was found in the table.", file=str(self.path), hint=_LAYOUTS)
            )
        made = PrintedTable(
            path=self.path,
            layout=self.layout,
            rows=tuple(dict.fromkeys(self.rows)),
            columns=tuple(dict.fromkeys(self.columns)),
            cells=tuple(self.cells.values()),
            has_stars=self.has_stars or any(c.star for c in self.cells.values()),
            notes=tuple(self.notes),
        )
        return self._without_mirror(made) if made.is_square else made

    def _without_mirror(self, table: PrintedTable) -> PrintedTable:
        """Keep one of the two halves of a full matrix, so that no test counts twice."""
        kept: dict[tuple[str, str], PrintedCell] = {}
        for cell in table.cells:
            other = kept.get((cell.column, cell.row))
            if other is None:
                kept[cell.row, cell.column] = cell
            elif cell.r is not None and other.r is not None and cell.r.value != other.r.value:
                self.wrong(
                    f"'{cell.row}' with '{cell.column}' is {cell.r.text} here and {other.r.text} in line "
                    f"{other.line}.",
                    cell.line,
                    cell.column,
                    "If the two halves are two samples, give each as a table of its own.",
                )
        if self.problems:
            raise listed(self.problems, "A correlation matrix is symmetric.")
        if len(kept) == len(table.cells):
            return table
        note = f"Both halves of the matrix are printed; each of the {len(kept)} pairs counts once."
        return replace(table, cells=tuple(kept.values()), notes=(*table.notes, note))

    def wrong(self, message: str, line: int, column: str, hint: str | None = None) -> None:
        self.problems.append(Problem(message, str(self.path), line, column, hint))

    def value(self, text: str, kind: str, line: int, column: str) -> tuple[PrintedValue | None, str]:
        """Read a cell and check its range."""
        try:
            value, star = parse_value(text)
        except DataError as error:
            self.wrong(error.problems[0].message, line, column)
            return None, ""
        if value is None or value.value is None:
            if value is not None and kind == "r":
                self.wrong(
                    f"'{text}' stands in the place of r.",
                    line,
                    column,
                    "Leave it empty, or put it in the place of p.",
                )
            return value, star
        low, high = (-1.0, 1.0) if kind == "r" else (0.0, 1.0)
        if not low <= value.value <= high:
            name = "correlation" if kind == "r" else "p"
            message = f"'{text}' is not a possible {name}: it must lie between {low:g} and {high:g}."
            self.wrong(message, line, column, "Perhaps the decimal point is missing.")
        elif kind == "r" and value.relation != "=":
            self.wrong(f"'{text}' is no exact correlation.", line, column)
        return value, star

    def count(self, text: str, line: int, column: str) -> int | None:
        if text.lower() in MISSING:
            return None
        if not text.isdecimal() or int(text) < 4:
            hint = "A correlation can be tested with 4 cases or more."
            self.wrong(f"'{text}' is not a possible number of cases.", line, column, hint)
            return None
        return int(text)

    def add(self, cell: PrintedCell) -> None:
        if (cell.row, cell.column) in self.cells:
            first = self.cells[cell.row, cell.column].line
            message = f"the pair '{cell.row}' with '{cell.column}' stands here and in line {first}."
            self.wrong(message, cell.line, cell.column, "Give each row its own name.")
        elif cell.r is not None or cell.p is not None:
            self.cells[cell.row, cell.column] = cell


_LAYOUTS = (
    "Give a line a cell under the headings row, column, r, p, star, n; or a column a variable, with a line of r "
    "and a line of p for each row variable."
)


class _Long(_Reader):
    layout = "long"

    def read(self) -> None:
        places = self._places()
        for row, line in zip(self.grid.rows[1:], self.grid.lines[1:], strict=True):
            given = {kind: row[k] for kind, k in places.items()}
            for kind in ("row", "column"):
                if not given[kind]:
                    self.wrong("this cell is empty: every line needs a row and a column.", line, kind)
            self.rows.append(given["row"])
            self.columns.append(given["column"])
            r, star_of_r = self.value(given["r"], "r", line, self.headings[places["r"]])
            p, star_of_p = self.value(given.get("p", ""), "p", line, "p")
            star = self._star(given.get("star", ""), line) or star_of_p or star_of_r
            n = self.count(given.get("n", ""), line, "n")
            self.add(PrintedCell(given["row"], given["column"], r, p, star, n, line))

    def _places(self) -> dict[str, int]:
        """Find the columns by their headings; row and column may bear other names left of r."""
        places: dict[str, int] = {}
        for k, heading in enumerate(self.headings):
            kind = _kind_of(heading)
            if kind is not None and kind not in places:
                places[kind] = k
        if "row" not in places or "column" not in places:
            places["row"], places["column"] = 0, places["r"] - 1
            first, last = self.headings[0], self.headings[places["r"] - 1]
            self.notes.append(f"Taken as row and column: '{first}' and '{last}'.")
        self.has_stars = "star" in places
        return places

    def _star(self, text: str, line: int) -> str:
        if text.lower() in {*MISSING, "0", "no", "false", "ns"}:
            return ""
        if text.lower() in ("1", "yes", "true"):
            return "*"
        if _STARS.sub("", text):
            self.wrong(f"'{text}' is no star.", line, "star", "Write * or leave the cell empty.")
        return "*" * len(_STARS.findall(text))


class _Wide(_Reader):
    layout = "wide"

    def read(self) -> None:
        first = self._first_value_column()
        used = self._value_columns(first)
        self.columns = [self.headings[k] for k in used]
        refuse_duplicates(self.path, self.columns, self.grid.lines[0])
        groups = self._groups(first)
        self.rows = [name for name, _ in groups]
        self._name_numbered_columns()
        for name, lines in groups:
            for k, column in zip(used, self.columns, strict=True):
                if "r" in lines and not (name == column and self._is_diagonal(lines, k)):
                    self._cell(name, column, lines, k)

    def _cell(self, name: str, column: str, lines: dict[str, int], k: int) -> None:
        line = {kind: self.grid.lines[at] for kind, at in lines.items()}
        text = {kind: self.grid.rows[at][k] for kind, at in lines.items()}
        r, star_of_r = self.value(text["r"], "r", line["r"], column)
        p, star_of_p = self.value(text["p"], "p", line["p"], column) if "p" in lines else (None, "")
        n = self.count(text["n"], line["n"], column) if "n" in lines else None
        self.add(PrintedCell(name, column, r, p, star_of_p or star_of_r, n, line["r"]))

    def _is_diagonal(self, lines: dict[str, int], k: int) -> bool:
        """Tell whether a variable with itself holds nothing, 1, or a reliability in parentheses."""
        text = plain_text(self.grid.rows[lines["r"]][k]).rstrip("*").lower()
        return text in MISSING or text.startswith("(") or _ONE.fullmatch(text) is not None

    def _first_value_column(self) -> int:
        """Find where the values begin: the columns before it hold mostly words."""
        width = len(self.headings)
        for k in range(1, width):
            filled = [row[k] for row in self.grid.rows[1:] if row[k]]
            words = sum(not _is_value(text) for text in filled)
            if 2 * words <= len(filled):
                return k
        raise DataError(
            Problem(
                "no column of correlations was found.",
                file=str(self.path),
                line=self.grid.lines[0],
                hint=_LAYOUTS,
            )
        )

    def _value_columns(self, first: int) -> list[int]:
        """Return the columns of correlations; means and the like are left out."""
        used = []
        for k in range(first, len(self.headings)):
            if not self.headings[k]:
                raise DataError(
                    Problem(
                        f"column {k + 1} has values but no heading; perhaps two headings were merged.",
                        file=str(self.path),
                        line=self.grid.lines[0],
                        hint="Give every column one heading of its own, in one row.",
                    )
                )
            if self.headings[k].lower().strip("() ") in _DESCRIPTIVE:
                self.notes.append(f"Left out, as it holds no correlations: '{self.headings[k]}'.")
            else:
                used.append(k)
        return used

    def _groups(self, first: int) -> list[tuple[str, dict[str, int]]]:
        """Put the lines together that belong to one row variable: name, and the line of each kind."""
        body = range(1, len(self.grid.rows))
        labels = next(
            (k for k in range(first) if all(_kind_of(self.grid.rows[i][k]) in ("r", "p", "n") for i in body)),
            None,
        )
        names = [k for k in range(first) if k != labels]
        groups: list[tuple[str, dict[str, int]]] = []
        for i in body:
            row = self.grid.rows[i]
            name = " ".join(row[k] for k in names if row[k])
            kind = _kind_of(row[labels]) if labels is not None else self._kind_by_place(name, groups)
            kind = kind or "r"
            if kind == "r" and (not groups or name or "r" in groups[-1][1]):
                groups.append((name, {}))
            if not groups or kind in groups[-1][1]:
                self.wrong(
                    f"this line of {kind} follows no line of r.", self.grid.lines[i], "layout", _LAYOUTS
                )
                continue
            if kind == "r" and not name:
                self.wrong(
                    "this line of r has no name.", self.grid.lines[i], self.headings[0] or "first column"
                )
            groups[-1][1][kind] = i
        return groups

    @staticmethod
    def _kind_by_place(name: str, groups: list[tuple[str, dict[str, int]]]) -> str | None:
        """Tell a line's kind where no column says so: a line without a name holds p, a further one n."""
        found = _kind_of(name)
        if found in ("p", "n"):
            return found
        if name or not groups:
            return None
        return "p" if "p" not in groups[-1][1] else "n"

    def _name_numbered_columns(self) -> None:
        """Give the columns 1, 2, 3 of a matrix the names of the rows "1. Goals", "2. Tasks"."""
        by_number = {found[1]: name for name in self.rows if (found := _NUMBERED.match(name))}
        numbers = [c.rstrip(".)") for c in self.columns]
        if by_number and all(number in by_number for number in numbers):
            self.columns = [by_number[number] for number in numbers]


def _is_value(text: str) -> bool:
    try:
        parse_value(text)
    except DataError:
        return False
    return True
