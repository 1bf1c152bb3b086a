"""Praat's TextGrid, in its long and its short text form.

Praat reads a text file as a row of values and skips everything that is none: only quoted texts, free-standing
numbers and flags in angle brackets count. So one reader serves both forms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bordin.errors import Problem, TapeError
from bordin.tapes.formats.clock import number, plain
from bordin.tapes.formats.source import Source
from bordin.tapes.formats.tiers import (
    INTERVALS,
    POINTS,
    Mark,
    Tier,
    Tiers,
    as_tiers,
    as_transcript,
    layers_of,
)
from bordin.tapes.shapes import Transcript

# Overlaps up to this are traces of rounding, and are mended.
LARGEST_OVERLAP = 1e-6
# A count above this is a damaged file.
_MOST = 5_000_000

_TOKEN = re.compile(
    r"""
    "(?P<text>(?:[^"]|"")*)"
    | <(?P<flag>\w+)>
    | (?<![^\s=])(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?!\S)
    | (?P<comment>![^\n]*)
    | (?P<open>")
    | [^\s"=!]+ | [=!]
    """,
    re.VERBOSE,
)


@dataclass(frozen=True)
class _Value:
    kind: str
    text: str
    line: int


class _Values:
    """The values of a file in their order."""

    def __init__(self, source: Source) -> None:
        self.file = source.file
        self._values = self._found(source.text)
        self.line = 1

    def _found(self, text: str) -> Iterator[_Value]:
        at, line = 0, 1
        for found in _TOKEN.finditer(text):
            line += text.count("\n", at, found.start())
            at = found.start()
            kind = found.lastgroup
            if kind == "open":
                raise TapeError(Problem("a quoted text is not closed.", self.file, line))
            if kind in {"text", "number", "flag"}:
                yield _Value(kind, found[kind], line)

    def take(self, kind: str, what: str) -> _Value:
        """Return the next value, which must be of this kind."""
        value = next(self._values, None)
        if value is None:
            raise TapeError(Problem(f"the file ends where {what} should stand.", self.file, self.line))
        self.line = value.line
        if value.kind != kind:
            # What was said stays out of error messages.
            shown = "a quoted text" if value.kind == "text" else f"'{value.text[:30]}'"
            raise TapeError(Problem(f"here stands {shown} instead of {what}.", self.file, value.line))
        return value

    def text(self, what: str) -> str:
        """Return the next value, a quoted text."""
        return self.take("text", what).text.replace('""', '"')

    def seconds(self, what: str) -> float:
        """Return the next value, a time."""
        found = number(self.take("number", what).text)
        return float(found) if found is not None else 0.0

    def count(self, what: str) -> int:
        """Return the next value, a whole number."""
        value = self.take("number", what)
        found = number(value.text)
        if found is None or found != int(found) or not 0 <= found <= _MOST:
            raise TapeError(Problem(f"{value.text} is not {what}.", self.file, value.line))
        return int(found)


def read_textgrid_tiers(source: Source) -> Tiers:
    """Read all tiers.

    Empty intervals are silence and no marks. Overlaps of up to a microsecond are mended.

    Raises
    ------
    TapeError
        With the line at which the file is no TextGrid, or at which intervals overlap.
    """
    if source.data.startswith(b"ooBinaryFile"):
        hint = "Save it as a text file in Praat."
        raise TapeError(Problem("this is a binary file of Praat.", source.file, hint=hint))
    values = _Values(source)
    if not values.text("the header of a text file of Praat").startswith("ooTextFile"):
        raise TapeError(Problem("this is no text file of Praat.", source.file, 1))
    kind = values.text("the class of the object")
    if kind != "TextGrid":
        message = f"this file of Praat holds a '{kind[:30]}', not a TextGrid."
        raise TapeError(Problem(message, source.file, values.line))
    start, end = values.seconds("the start of the tape"), values.seconds("the end of the tape")
    warnings: list[str] = list(source.warnings)
    if values.take("flag", "<exists> or <absent>").text != "exists":
        return Tiers((), start, end, tuple(warnings))
    tiers = tuple(_tier(values, warnings) for _ in range(values.count("a number of tiers")))
    return Tiers(tiers, start, end, tuple(warnings))


def _tier(values: _Values, warnings: list[str]) -> Tier:
    form = values.text("the class of a tier")
    if form not in {"IntervalTier", "TextTier"}:
        raise TapeError(Problem(f"a tier is no '{form[:30]}'.", values.file, values.line))
    name = values.text("the name of a tier")
    values.seconds("the start of a tier")
    values.seconds("the end of a tier")
    count = values.count("a number of intervals or points")
    if form == "TextTier":
        marks = []
        for _ in range(count):
            time = values.seconds("the time of a point")
            marks.append(Mark(values.text("the text of a point"), time, time))
        return Tier(name, tuple(marks), POINTS)
    return Tier(name, _intervals(values, name, count, warnings))


def _intervals(values: _Values, name: str, count: int, warnings: list[str]) -> tuple[Mark, ...]:
    marks: list[Mark] = []
    before: float | None = None
    mended = 0
    for _ in range(count):
        start = values.seconds("the start of an interval")
        line = values.line
        end, text = values.seconds("the end of an interval"), values.text("the text of an interval")
        if before is not None and start < before:
            if before - start > LARGEST_OVERLAP:
                message = f"tier '{name}': the interval from {start:g} s begins before the last ends ({before:g} s)."
                raise TapeError(Problem(message, values.file, line, hint="Mend it in Praat."))
            start, mended = before, mended + 1
        if end <= start and text.strip():
            raise TapeError(Problem(f"tier '{name}': an interval has no length.", values.file, line))
        before = max(end, start)
        if text.strip():
            marks.append(Mark(text, start, end))
    if mended:
        warnings.append(f"tier '{name}': {mended} overlaps of less than a microsecond were mended.")
    return tuple(marks)


def read_textgrid(source: Source) -> Transcript:
    """Read each tier of intervals as a speaker; see :func:`bordin.tapes.formats.tiers.as_transcript`."""
    return as_transcript(read_textgrid_tiers(source))


def write_textgrid(transcript: Transcript, file: str = "") -> str:
    """Write a tier for each speaker, with its words where they have times."""
    return write_textgrid_tiers(as_tiers(transcript), file)


def write_textgrid_tiers(tiers: Tiers, file: str = "", *, short: bool = False) -> str:
    """Write tiers.

    Every tier of intervals covers all the time, with empty intervals where nothing is. Marks that overlap go to
    further tiers of the same name with a number. References become intervals at the times of what they refer to.

    Parameters
    ----------
    tiers : Tiers
    file : str
        For error messages.
    short : bool
        Values alone, without their names.

    Raises
    ------
    TapeError
        When a mark has no times.
    """
    rows: list[Tier] = []
    for tier in tiers.tiers:
        if any(m.start is None or m.end is None for m in tier.marks):
            raise TapeError(Problem(f"a mark of tier '{tier.name}' has no times.", file or None))
        if tier.kind == POINTS:
            rows.append(tier)
            continue
        for count, layer in enumerate(layers_of(tier.marks) or [()], 1):
            name = tier.name if count == 1 else f"{tier.name} ({count})"
            rows.append(replace(tier, name=name, marks=layer, kind=INTERVALS))
    times = [t for r in rows for m in r.marks for t in (m.start, m.end) if t is not None]
    span = min([tiers.start, *times]), max([tiers.end, *times])
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', ""]
    lines += [*_named(span, short, ""), "<exists>" if short else "tiers? <exists>"]
    lines += [f"{len(rows)}"] if short else [f"size = {len(rows)}", "item []:"]
    for count, row in enumerate(rows, 1):
        lines += _row(row, count, span, short)
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _named(span: tuple[float, float], short: bool, indent: str) -> list[str]:
    low, high = plain(span[0]), plain(span[1])
    return [low, high] if short else [f"{indent}xmin = {low}", f"{indent}xmax = {high}"]


def _row(tier: Tier, count: int, span: tuple[float, float], short: bool) -> list[str]:
    points = tier.kind == POINTS
    form, unit = ("TextTier", "points") if points else ("IntervalTier", "intervals")
    marks = list(tier.marks) if points else _tiled(tier.marks, span)
    head = [f'"{form}"', _quoted(tier.name)]
    size = f"{len(marks)}"
    if not short:
        head = [f"    item [{count}]:", f"        class = {head[0]}", f"        name = {head[1]}"]
        size = f"        {unit}: size = {size}"
    lines = [*head, *_named(span, short, " " * 8), size]
    for place, mark in enumerate(marks, 1):
        text = _quoted(mark.text)
        start, end = mark.start or 0.0, mark.end or 0.0
        if not short:
            lines.append(f"        {unit} [{place}]:")
        indent = "" if short else " " * 12
        if points:
            lines += (
                [plain(start), text]
                if short
                else [f"{indent}number = {plain(start)}", f"{indent}mark = {text}"]
            )
        else:
            lines += [*_named((start, end), short, indent), text if short else f"{indent}text = {text}"]
    return lines


def _tiled(marks: Sequence[Mark], span: tuple[float, float]) -> list[Mark]:
    tiled: list[Mark] = []
    at = span[0]
    for mark in marks:
        start = mark.start or 0.0
        if start > at:
            tiled.append(Mark("", at, start))
        tiled.append(mark)
        at = mark.end or at
    if at < span[1] or not tiled:
        tiled.append(Mark("", at, span[1]))
    return tiled
