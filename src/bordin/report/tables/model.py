"""A table as data: what stands in it and what each place is, before any file format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bordin.report.text import Phrase, Run, phrase

Role = Literal["data", "estimate", "sure", "quiet", "head", "rowhead", "grouphead"]
Shape = Literal["", "yes", "no", "open"]
Align = Literal["start", "center", "end"]


@dataclass(frozen=True)
class TableCell:
    """One place of a table.

    Attributes
    ----------
    content : Phrase
    role : str
        What it is; ``sure`` marks an estimate whose adjusted p is below alpha.
    align : str
    id : str or None
        Anchor that sentences refer to; the text before a star is then the bound number.
    rowspan, colspan : int
    shape : str
        The mark beside a verdict.
    """

    content: Phrase
    role: Role = "data"
    align: Align = "center"
    id: str | None = None
    rowspan: int = 1
    colspan: int = 1
    shape: Shape = ""


Row = tuple[TableCell, ...]


@dataclass(frozen=True)
class Table:
    """A table with three rules.

    Attributes
    ----------
    id : str
        Anchor.
    title : str
    head : Row
    groups : tuple of tuple of Row
        Groups of rows that stay together.
    notes : tuple of Phrase
        Lines under the table.
    widths : tuple of float
        Relative widths of the columns.
    number : int
        Number in the caption; 0 until the report gives one.
    wide : bool
        Whether it needs a page on its side.
    """

    id: str
    title: str
    head: Row
    groups: tuple[tuple[Row, ...], ...]
    notes: tuple[Phrase, ...] = ()
    widths: tuple[float, ...] = ()
    number: int = 0
    wide: bool = False


def head(*names: str | Phrase, align: Align = "center") -> Row:
    """Make a row of column heads; the first one starts at the left."""
    return tuple(
        TableCell(phrase(name), "head", "start" if k == 0 else align) for k, name in enumerate(names)
    )


def data(text: str | Phrase, *, align: Align = "center", id: str | None = None) -> TableCell:
    """Make an ordinary cell."""
    return TableCell(phrase(text), align=align, id=id)


def words(text: str | Phrase) -> TableCell:
    """Make a cell of words, which start at the left."""
    return TableCell(phrase(text), align="start")


def rowhead(text: str | Phrase, below: str = "") -> TableCell:
    """Make the head of a row, with a quiet line below it when given."""
    content = phrase(text, Run(f"\n{below}", "quiet")) if below else phrase(text)
    return TableCell(content, "rowhead", "start")


def heading(text: str, columns: int) -> Row:
    """Make a row that heads a group over all columns."""
    return (TableCell(phrase(text), "grouphead", "start", colspan=columns),)
