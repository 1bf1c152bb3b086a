"""Figures of reliability: the coefficient of every dimension, and what single coders do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bordin.reliability.criterion import CONVENTIONS
from bordin.report.figures.svg import LINE, Drawing, Figure, Picture, wrap
from bordin.report.number import NOTHING, correlation, count, interval, plain, threshold
from bordin.report.tables.reliability import (
    coder_interval,
    coder_value,
    dimension_label,
    is_off,
    levels,
    one_name,
    shown,
)
from bordin.report.text import Run, listing, phrase, plural
from bordin.study.results import CoderFigure, DimensionReliability, Results

_WIDTH = 900.0
_LABEL = 190.0
_LEFT, _RIGHT = 206.0, 670.0
_VALUE_X, _CI_X, _N_X = 724.0, 822.0, 896.0
_TOP = 58.0
_LOWEST = -0.5
_NARROW = 60.0  # a band of reading in which its word may not find room
_TALLEST = 1100.0
_MOST_TIMES = math.log(10)  # a ratio beyond ten times is drawn at the end of its axis
_PANELS = (("leniency", 206.0, 396.0), ("spread", 556.0, 746.0))
_HEADS = {"leniency": "leniency (scale points)", "spread": "spread (ratio)"}


def reliability_figure(results: Results) -> Figure | None:
    """Draw the coefficient of the score used with its interval, a line a dimension; None without any."""
    dimensions = results.reliability.dimensions
    if not dimensions:
        return None
    drawing, low = Drawing(), _low_end(dimensions)
    heights = [_height(d) for d in dimensions]
    bottom = _TOP + sum(heights) + 4
    _frame(drawing, results, low, bottom)
    y = _TOP
    for d, height in zip(dimensions, heights, strict=True):
        _line(drawing, d, y + height / 2, low)
        y += height
    title = f"Reliability of {count(len(dimensions))} {plural(len(dimensions), 'dimension')}"
    picture = Picture("reliability-0", _WIDTH, bottom + 26, title, _in_words(dimensions), str(drawing))
    name = one_name(results)
    note = [
        f" {name or 'Coefficient'} of the score used. Grid: lines that two conventions of reading draw, "
        f"{listing([c.name for c in CONVENTIONS])}; each is held against the whole interval."
    ]
    if any(i.low < low for d in dimensions if (i := d.used.estimate.interval)):
        note.append(f" Intervals that go below {correlation(low, 2)} are cut there.")
    return Figure(
        "reliability-figure",
        "Reliability of the Ratings With Intervals",
        (picture,),
        (phrase(Run("Note.", "stat"), *note),),
    )


def _low_end(dimensions: Sequence[DimensionReliability]) -> float:
    """Return where the axis begins: 0, or lower where a value or limit is negative."""
    ends = [0.0]
    for d in dimensions:
        e = d.used.estimate
        ends += [x for x in (e.value, e.interval.low if e.interval else None) if x is not None]
    return max(_LOWEST, math.floor(min(ends) * 10 + 1e-9) / 10)


def _at(value: float, low: float) -> float:
    return _LEFT + (min(1.0, max(low, value)) - low) / (1 - low) * (_RIGHT - _LEFT)


def _height(d: DimensionReliability) -> float:
    lines = len(wrap(d.label, _LABEL))
    if d.used.estimate.undefined:
        lines = max(lines, len(wrap(_reason(d), _RIGHT - _LEFT)))
    return 9 + LINE * lines


def _reason(d: DimensionReliability) -> str:
    return f"no value: {d.used.estimate.undefined}"


def _frame(drawing: Drawing, results: Results, low: float, bottom: float) -> None:
    lines = sorted({line for convention in CONVENTIONS for line in convention.lines})
    for x in (low, 0.0, 1.0):
        drawing.line((_at(x, low), _TOP), (_at(x, low), bottom), "axis" if x == 0 else "grid-line")
    for line in lines:
        drawing.line((_at(line, low), _TOP), (_at(line, low), bottom), "grid-line")
    for x in sorted({low, 0.0, *lines, 1.0}):
        drawing.text(_at(x, low), bottom + 18, correlation(x, 2) if x else "0", "t-mid t-quiet")
    for row, convention in enumerate(CONVENTIONS):
        y = 16 + row * 22
        drawing.text(_LEFT - 12, y + 4, convention.name, "t-end t-quiet")
        ends = (max(low, 0.0), *convention.lines, 1.0)
        for word, start, end in zip(convention.words, ends[:-1], ends[1:], strict=True):
            left, right = _at(start, low), _at(end, low)
            if right - left < _NARROW:
                drawing.text(left + 5, y + 4, word, "t-quiet")
            else:
                drawing.text((left + right) / 2, y + 4, word, "t-mid t-quiet")
        for line in convention.lines:
            drawing.line((_at(line, low), y - 8), (_at(line, low), y + 8), "axis")
    estimates = [d.used.estimate for d in results.reliability.dimensions]
    drawing.text(_VALUE_X, 42, one_name(results) or "value", "t-strong t-end")
    drawing.text(_CI_X, 42, f"{levels(estimates)} interval".strip(), "t-strong t-end")
    drawing.text(_N_X, 42, "sessions", "t-strong t-end")


def _line(drawing: Drawing, d: DimensionReliability, middle: float, low: float) -> None:
    names, e = wrap(d.label, _LABEL), d.used.estimate
    drawing.lines(0, middle - (len(names) - 1) * LINE / 2 + 4, names)
    drawing.text(_N_X, middle + 4, count(d.used.n_units), "t-end t-quiet")
    drawing.text(_VALUE_X, middle + 4, shown(e), "t-end")
    if e.value is None:
        reason = wrap(_reason(d), _RIGHT - _LEFT)
        drawing.lines(_LEFT + 6, middle - (len(reason) - 1) * LINE / 2 + 4, reason, "t-quiet")
        return
    if e.interval:
        drawing.line((_at(e.interval.low, low), middle), (_at(e.interval.high, low), middle), "whisker")
        drawing.text(
            _CI_X, middle + 4, interval(e.interval.low, e.interval.high, brackets=False), "t-end t-quiet"
        )
    drawing.circle(_at(e.value, low), middle, 4.5, "dot")


def _in_words(dimensions: Sequence[DimensionReliability]) -> str:
    said = []
    for d in dimensions:
        e = d.used.estimate
        if e.value is None:
            said.append(f"{d.label} {_reason(d)}")
            continue
        limits = f" {interval(e.interval.low, e.interval.high)}" if e.interval else ""
        said.append(f"{d.label} {shown(e)}{limits}")
    reading = "; ".join(f"{c.name} at {listing([threshold(line) for line in c.lines])}" for c in CONVENTIONS)
    return f"A dot with its interval a dimension: {'; '.join(said)}. Lines of reading: {reading}."


@dataclass(frozen=True)
class _Axis:
    """A panel of the coder chart: where it lies and how far it reaches to both sides of its middle.

    The middle is where a coder does as the others; ratios stand on a log scale, so that half and twice
    lie equally far from it.
    """

    left: float
    right: float
    reach: float
    ratio: bool

    @property
    def middle(self) -> float:
        """Place of a coder who does as the others."""
        return (self.left + self.right) / 2

    def at(self, value: float) -> float:
        """Return the place of a value."""
        share = _away(value, ratio=self.ratio) / _away(self.reach, ratio=self.ratio)
        return self.middle + max(-1.0, min(1.0, share)) * (self.right - self.left) / 2

    def ends(self) -> tuple[float, float, float]:
        """Return the values that are written under the panel."""
        return (1 / self.reach, 1.0, self.reach) if self.ratio else (-self.reach, 0.0, self.reach)


def _away(value: float, *, ratio: bool) -> float:
    return math.log(max(value, 1e-6)) if ratio else value


_Lines = tuple[str, tuple[str, ...]]
_Found = dict[tuple[str, str, str], CoderFigure]


def coders_figure(results: Results) -> Figure | None:
    """Draw leniency and spread of every coder by dimension; None when neither was computed."""
    found: _Found = {(f.coder, f.variable, f.kind): f for f in results.reliability.coders if f.kind in _HEADS}
    if not found:
        return None
    axes = {kind: _axis(kind, found, (left, right)) for kind, left, right in _PANELS if _has(kind, found)}
    blocks: list[_Lines] = [
        (coder, tuple(dict.fromkeys(v for c, v, _ in found if c == coder)))
        for coder in dict.fromkeys(coder for coder, _, _ in found)
    ]
    pictures = tuple(
        _coders_picture(results, page, k, (found, axes)) for k, page in enumerate(_pages(results, blocks))
    )
    said = [" Lines: where a coder does as the others, 0 for leniency and 1 for the ratio of spreads."]
    said.append(" Filled: the interval leaves the line out. All values stand in the table of single coders.")
    return Figure("coders-figure", "Single Coders", pictures, (phrase(Run("Note.", "stat"), *said),))


def _has(kind: str, found: _Found) -> bool:
    return any(k == kind for _, _, k in found)


def _axis(kind: str, found: _Found, sides: tuple[float, float]) -> _Axis:
    """Make an axis that holds all values of a kind and ends at a round one."""
    ratio = kind == "spread"
    ends = [0.0]
    for (_, _, k), f in found.items():
        i = f.estimate.interval
        if k == kind and f.estimate.value is not None:
            values = (f.estimate.value, *((i.low, i.high) if i else ()))
            ends += [abs(_away(x, ratio=ratio)) for x in values if x > 0 or not ratio]
    widest = math.exp(min(max(ends), _MOST_TIMES)) if ratio else max(ends) or 1.0
    size = 10.0 ** math.floor(math.log10(widest))
    steps = (1.25, 1.5, 2, 3, 4, 5, 10) if ratio else (1, 2, 5, 10)
    return _Axis(*sides, next(size * m for m in steps if size * m >= widest * (1 - 1e-9)), ratio)


def _row_height(results: Results, variable: str) -> float:
    return 8 + LINE * len(wrap(dimension_label(results, variable), _LABEL - 14))


def _pages(results: Results, blocks: Sequence[_Lines]) -> list[list[_Lines]]:
    """Share the coders out so that no picture is taller than a page."""
    pages: list[list[_Lines]] = [[]]
    used = 0.0
    for coder, variables in blocks:
        left, name = list(variables), coder
        while left:
            fitting, height = 0, 30.0
            while fitting < len(left) and used + height + _row_height(results, left[fitting]) <= _TALLEST:
                height += _row_height(results, left[fitting])
                fitting += 1
            if pages[-1] and fitting < len(left):
                pages.append([])
                used = 0.0
                continue
            pages[-1].append((name, tuple(left[:fitting])))
            used += height
            left, name = left[fitting:], f"{coder} (continued)"
    return pages


def _coders_picture(
    results: Results, page: list[_Lines], k: int, drawn: tuple[_Found, dict[str, _Axis]]
) -> Picture:
    found, axes = drawn
    drawing = Drawing()
    rows = [(name, v) for name, variables in page for v in variables]
    bottom = 34 + 30 * len(page) + sum(_row_height(results, v) for _, v in rows)
    for kind, axis in axes.items():
        drawing.text(axis.middle, 14, _HEADS[kind], "t-mid t-strong")
        drawing.text(axis.right + 130, 14, "value, interval", "t-end t-quiet")
        for k_end, value in enumerate(axis.ends()):
            x = axis.at(value)
            drawing.line((x, 26), (x, bottom), "zero" if k_end == 1 else "grid-line")
            drawing.text(x, bottom + 18, plain(value), "t-mid t-quiet")
    y = 34.0
    for name, variables in page:
        drawing.text(0, y + 18, name, "t-strong")
        y += 30
        coder = name.removesuffix(" (continued)")
        for variable in variables:
            height = _row_height(results, variable)
            label = wrap(dimension_label(results, variable), _LABEL - 14)
            drawing.lines(14, y + height / 2 - (len(label) - 1) * LINE / 2 + 4, label)
            for kind, axis in axes.items():
                _mark(drawing, found.get((coder, variable, kind)), axis, y + height / 2)
            y += height
    title = f"Leniency and spread of {count(len(page))} {plural(len(page), 'coder')}"
    part = "" if k == 0 else f", part {k + 1}"
    said = _coders_in_words(results, [f for f in found.values() if (f.coder, f.variable) in set(rows)])
    return Picture(f"coders-{k}", _WIDTH, bottom + 26, f"{title}{part}", said, str(drawing))


def _mark(drawing: Drawing, figure: CoderFigure | None, axis: _Axis, middle: float) -> None:
    if figure is None:
        return
    e = figure.estimate
    if e.value is None:
        drawing.text(axis.right + 130, middle + 4, NOTHING, "t-end t-quiet")
        return
    if e.interval:
        drawing.line((axis.at(e.interval.low), middle), (axis.at(e.interval.high), middle), "whisker")
    drawing.circle(axis.at(e.value), middle, 4, "dot" if is_off(figure) else "dot dot--open")
    text = f"{coder_value(figure)}  [{coder_interval(figure)}]" if e.interval else coder_value(figure)
    drawing.text(axis.right + 130, middle + 4, text, "t-end")


def _coders_in_words(results: Results, figures: list[CoderFigure]) -> str:
    off = [
        f"{f.coder} {f.kind} on {dimension_label(results, f.variable)} {coder_value(f)} "
        f"{coder_interval(f, brackets=True)}"
        for f in figures
        if is_off(f)
    ]
    some = f"Away from the others: {'; '.join(off[:12])}." if off else "No interval leaves the line out."
    more = f" And {len(off) - 12} more." if len(off) > 12 else ""
    return f"A dot with its interval for each coder and dimension. {some}{more} All values stand in a table."
