"""A flat file in memory: named columns of cells that remember where they stood.

Text stays text until someone asks for numbers, so that ``"n/a"`` can be a code and ``"007"``
an identifier. Each question (`numbers`, `texts`) says which strings mean "missing".
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from bordin.errors import DataError, Problem, nearest
from bordin.missing import Missing

if TYPE_CHECKING:
    import polars

SHOWN_PROBLEMS = 20
NUMBER_MISSING = ("", ".", "NA")
TEXT_MISSING = ("",)

_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?")
_MAYBE_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")
_MONTH = r"(?:jan|feb|mar|mär|mrz|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez)[^\W\d]*"
_DATE = re.compile(
    rf"\d{{1,4}}([-/.])\d{{1,2}}\1\d{{1,4}}(?:[ T].*)?|\d{{1,2}}[-/]\d{{1,2}}"
    rf"|\d{{1,4}}[-. ]{{1,2}}{_MONTH}|{_MONTH}[-. ]{{1,2}}\d{{1,4}}",
    re.IGNORECASE,
)
# Word processors turn the hyphen of "-3" into a minus sign or an en dash.
_TYPOGRAPHIC = str.maketrans({"\N{MINUS SIGN}": "-", "\N{EN DASH}": "-"})
_SIGN_NAMES = {".": "point", ",": "comma"}


@dataclass(frozen=True)
class UserMissing:
    """A value that the file's maker declared to mean "missing" (SPSS user-missing).

    Attributes
    ----------
    value : float or str
        What stands in the file, for example -99.0.
    label : str
        Its value label; empty when it has none.
    kind : Missing
        The kind of missing, read from the label.
    """

    value: float | str
    label: str
    kind: Missing


Cell: TypeAlias = str | int | float | bool | date | datetime | Missing | UserMissing | None


@dataclass(frozen=True)
class FlatTable:
    """The columns of one flat file.

    Attributes
    ----------
    path : Path
        The file, as it was named by the caller.
    names : tuple of str
        Column names in the file's order.
    columns : dict of str to list of Cell
        One list of n_rows cells a column. An empty cell is ``""`` in a text file, None elsewhere.
    sha256 : str
        Hash of the file's bytes.
    labels : dict of str to str
        Variable labels (SPSS) or question texts (Qualtrics), where there are any.
    value_labels : dict of str to dict
        Value labels of SPSS variables.
    notes : tuple of str
        What the reader of the file had to decide or left out.
    first_line : int
        Row of the first data row as the file's own program counts: 2 under one heading row;
        1 in SPSS and Parquet, which have no heading row.
    lines : tuple of int
        The row of each data row, when blank rows or line breaks in cells make it irregular.
    decimal : str
        The decimal sign of numbers in text: ``"."`` or ``","``.
    decimal_declared : bool
        True when the caller named it; then the other sign is refused.
    dropped : tuple of str
        Columns that were left out because they point to a person.
    """

    path: Path
    names: tuple[str, ...]
    columns: dict[str, list[Cell]]
    sha256: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    value_labels: dict[str, dict[float | str, str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    first_line: int = 2
    lines: tuple[int, ...] = ()
    decimal: str = "."
    decimal_declared: bool = False
    dropped: tuple[str, ...] = ()

    @property
    def n_rows(self) -> int:
        """Number of data rows."""
        return len(self.columns[self.names[0]]) if self.names else 0

    def line(self, row_index: int) -> int:
        """Return the row of a data row as a spreadsheet (or editor) counts it.

        Parameters
        ----------
        row_index : int
            Position among the data rows, from 0.
        """
        return self.lines[row_index] if self.lines else self.first_line + row_index

    def column(self, name: str) -> list[Cell]:
        """Return the cells of one column as they were read.

        Raises
        ------
        DataError
            When there is no such column; the nearest name and the names are given.
        """
        if name in self.columns:
            return self.columns[name]
        if name in self.dropped:
            raise DataError(
                Problem(
                    f"the column '{name}' points to a person and was left out.",
                    file=str(self.path),
                    hint="Add a column of pseudonyms to the file and use that one.",
                )
            )
        hint = nearest(name, self.names)
        if hint.startswith("Did"):
            hint += f" The columns are: {name_list(self.names)}."
        raise DataError(Problem(f"there is no column '{name}'.", file=str(self.path), hint=hint))

    def plain(self, name: str) -> list[Cell]:
        """Return the cells of one column, each user-missing value as its kind of `Missing`."""
        return [cell.kind if isinstance(cell, UserMissing) else cell for cell in self.column(name)]

    def numbers(self, name: str, missing: Iterable[str] = NUMBER_MISSING) -> list[float | None]:
        """Return a column as numbers; a missing cell is None.

        Parameters
        ----------
        name : str
            Column name.
        missing : iterable of str
            What stands for "missing", beside an empty cell; a number such as ``"-99"`` also
            matches -99 and -99.0.

        Returns
        -------
        list of float or None, shape (n_rows,)

        Raises
        ------
        DataError
            Once, for all cells that are not numbers: 20 are listed and all are counted.
        """
        words = frozenset(missing) | {""}
        values = {float(w.translate(_TYPOGRAPHIC).replace(",", ".")) for w in words if is_number(w)}
        numbers: list[float | None] = []
        bad: list[Problem] = []
        # Answers repeat: each distinct text is read once. Only text, since 1, 1.0 and True are one key.
        read: dict[str, float | None] = dict.fromkeys(words)
        for index, cell in enumerate(self.column(name)):
            if cell is None or isinstance(cell, Missing | UserMissing):
                numbers.append(None)
                continue
            text = cell.strip() if isinstance(cell, str) else None
            if text in read:
                numbers.append(read[text])
                continue
            try:
                value = parse_number(cell, self.decimal, strict=self.decimal_declared)
            except DataError as error:
                problem = error.problems[0]
                bad.append(replace(problem, file=str(self.path), line=self.line(index), column=name))
                continue
            number = None if value in values else value
            numbers.append(number)
            if text is not None:
                read[text] = number
        if bad:
            written = ", ".join(["an empty cell", *(f"'{word}'" for word in sorted(words - {""}))])
            raise listed(bad, f"Allowed: a number such as 3 or 3.5; missing is written as {written}.")
        return numbers

    def texts(
        self, name: str, missing: Iterable[str] = TEXT_MISSING, *, labelled: bool = False
    ) -> list[str | None]:
        """Return a column as text without surrounding spaces; a missing cell is None.

        Only an empty cell and the declared strings are missing: ``"n/a"`` and ``"NA"`` are
        codes unless they are declared.

        Parameters
        ----------
        name : str
            Column name.
        missing : iterable of str
            What stands for "missing".
        labelled : bool
            Give the value label in place of the value where the file has one (SPSS).

        Returns
        -------
        list of str or None, shape (n_rows,)
            A whole number has no decimals (``"101"``), a date is written year-month-day.
        """
        words = frozenset(missing)
        labels = self.value_labels.get(name, {}) if labelled else {}
        texts: list[str | None] = []
        for cell in self.column(name):
            text = cell.strip() if type(cell) is str else text_of(cell)
            if text is None or text in words:
                texts.append(None)
            elif labels and isinstance(cell, str | float):
                texts.append(labels.get(cell, text))
            else:
                texts.append(text)
        return texts

    def rename(self, mapping: Mapping[str, str]) -> FlatTable:
        """Return the table with columns renamed.

        Parameters
        ----------
        mapping : mapping of str to str
            Old name to new name.

        Raises
        ------
        DataError
            When an old name is not in the file or two columns would bear one name.
        """
        for old in mapping:
            self.column(old)
        names = tuple(mapping.get(name, name) for name in self.names)
        refuse_duplicates(self.path, names, None)
        return replace(
            self,
            names=names,
            columns={mapping.get(name, name): cells for name, cells in self.columns.items()},
            labels={mapping.get(name, name): label for name, label in self.labels.items()},
            value_labels={mapping.get(name, name): labels for name, labels in self.value_labels.items()},
        )

    def select(self, names: Sequence[str]) -> FlatTable:
        """Return the table with these columns only, in this order."""
        columns = {name: self.column(name) for name in names}
        return replace(
            self,
            names=tuple(columns),
            columns=columns,
            labels={name: self.labels[name] for name in columns if name in self.labels},
            value_labels={name: self.value_labels[name] for name in columns if name in self.value_labels},
        )

    def frame(self) -> polars.DataFrame:
        """Return the table as a polars frame; every kind of missing becomes null.

        A column of numbers, dates or booleans keeps its type. Any other column is text, also
        one of digits in a text file: `numbers` decides about those.
        """
        import polars as pl

        return pl.DataFrame([_series(name, self.columns[name]) for name in self.names])


def _series(name: str, cells: list[Cell]) -> polars.Series:
    """Make one typed column of a frame."""
    import polars as pl

    present = {type(cell) for cell in cells if text_of(cell)}
    for types, dtype in (
        ({bool}, pl.Boolean),
        ({int}, pl.Int64),
        ({int, float}, pl.Float64),
        ({date}, pl.Date),
        ({datetime, date}, pl.Datetime("us")),
    ):
        if present and present <= types:
            values = [cell if type(cell) in types else None for cell in cells]
            return pl.Series(name, values, dtype=dtype, strict=False)
    return pl.Series(name, [text_of(cell) or None for cell in cells], dtype=pl.String)


def parse_number(cell: Cell, decimal: str = ".", *, strict: bool = False) -> float:
    """Read one cell as a number.

    Parameters
    ----------
    cell : Cell
        A number, or text such as ``"3"``, ``" 3.0 "``, ``"1,5"`` or ``"-3"`` with a typographic minus.
    decimal : str
        The file's decimal sign, ``"."`` or ``","``.
    strict : bool
        Refuse the other sign. Without it ``"1,5"`` is read in a file with decimal points too,
        and only what could be a thousands mark (``"1,234"``) is refused.

    Returns
    -------
    float

    Raises
    ------
    DataError
        When the cell is text, a date, true or false, empty, infinite, or ambiguous.
    """
    if isinstance(cell, bool):
        raise DataError(Problem(f"'{text_of(cell)}' is true or false, not a number."))
    if isinstance(cell, int | float):
        return _finite(float(cell), cell)
    if isinstance(cell, date) or (isinstance(cell, str) and _DATE.fullmatch(cell.strip())):
        raise DataError(
            Problem(
                f"a date ('{text_of(cell)}') where a number should be.",
                hint="Excel may have turned an entry such as 3-4 into a date: "
                "format the column as text and enter it again.",
            )
        )
    if not isinstance(cell, str) or isinstance(cell, Missing) or not _NUMBER.fullmatch(plain_text(cell)):
        raise DataError(Problem(f"'{text_of(cell) or ''}' is not a number."))
    text = plain_text(cell)
    other = "," if decimal == "." else "."
    if other in text and (strict or _MAYBE_THOUSANDS.fullmatch(text)):
        raise _wrong_sign(cell, decimal, other, strict)
    return _finite(float(text.replace(",", ".")), cell)


def _wrong_sign(cell: str, decimal: str, other: str, strict: bool) -> DataError:
    """Explain why a number with the other decimal sign is not read."""
    if strict:
        message = f"'{cell}' has a {_SIGN_NAMES[other]}, but the decimal sign is declared as '{decimal}'."
        return DataError(Problem(message))
    return DataError(
        Problem(
            f"'{cell}' is ambiguous: the {_SIGN_NAMES[other]} may mark decimals or thousands.",
            hint=f"Write it without a thousands mark, or declare the decimal sign: decimal = '{other}'.",
        )
    )


def _finite(value: float, cell: Cell) -> float:
    if math.isfinite(value):
        return value
    raise DataError(Problem(f"'{cell}' is not a finite number."))


def plain_text(text: str) -> str:
    """Return text without surrounding spaces and with plain hyphens for typographic minus signs."""
    return text.strip().translate(_TYPOGRAPHIC)


def is_number(text: str) -> bool:
    """Say whether a text has the form of a number, with either decimal sign."""
    return _NUMBER.fullmatch(plain_text(text)) is not None


def is_ambiguous(text: str) -> bool:
    """Say whether a text such as ``"1,234"`` could be a number with decimals or with thousands."""
    return _MAYBE_THOUSANDS.fullmatch(plain_text(text)) is not None


def text_of(cell: Cell) -> str | None:
    """Return a cell as text: None for every kind of missing, whole numbers without decimals."""
    if cell is None or isinstance(cell, Missing | UserMissing):
        return None
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    return str(cell) if isinstance(cell, int) else cell.isoformat()


def clock(seconds: float) -> str:
    """Write a duration or time of day as hours:minutes:seconds."""
    sign = "-" if seconds < 0 else ""
    whole, micro = divmod(round(abs(seconds) * 1_000_000), 1_000_000)
    text = f"{sign}{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    return f"{text}.{micro:06d}" if micro else text


def listed(problems: Sequence[Problem], hint: str) -> DataError:
    """Make one error of many problems: the first 20, then how many there are in all.

    Parameters
    ----------
    problems : sequence of Problem
        At least one.
    hint : str
        The next step; it is added to the last one shown.
    """
    shown = list(problems[:SHOWN_PROBLEMS])
    more = len(problems) - len(shown)
    if more:
        last = shown[-1]
        shown.append(
            Problem(f"{more} more like these, {len(problems)} in all.", file=last.file, column=last.column)
        )
    own = f"{shown[-1].hint} " if shown[-1].hint else ""
    shown[-1] = replace(shown[-1], hint=own + hint)
    return DataError(shown)


def no_rows(path: Path, line: int | None = None) -> DataError:
    """Make the error of a file that has names but no data rows."""
    return DataError(
        Problem(
            "there are no data rows.",
            file=str(path),
            line=line,
            hint="Export the file again with its data, or take it out of the study.",
        )
    )


def name_list(names: Sequence[str], most: int = 30) -> str:
    """Write names one after the other; beyond `most`, count the rest."""
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


def refuse_duplicates(path: Path, names: Sequence[str], line: int | None) -> None:
    """Raise DataError when two columns bear one name."""
    seen: set[str] = set()
    twice = [name for name in names if name in seen or seen.add(name)]  # type: ignore[func-returns-value]
    if twice:
        which = ", ".join(f"'{name}'" for name in dict.fromkeys(twice))
        raise DataError(
            Problem(
                f"more than one column is named {which}.",
                file=str(path),
                line=line,
                hint="Give each column its own name.",
            )
        )
