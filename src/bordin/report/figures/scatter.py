"""A scatter plot for every pair that a hypothesis speaks of, with therapists told apart by shape.

Nothing is jittered: where values coincide, the area of the mark is the number of cases. Marks of
several therapists at one place stand side by side.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from bordin.report import facts
from bordin.report.figures.svg import Drawing, Figure, Picture, wrap
from bordin.report.number import NOTHING, correlation, count, plain
from bordin.report.tables.model import Row, Table, data, head, heading, rowhead
from bordin.report.text import Phrase, Run, phrase, plain_text, plural
from bordin.study.results import Results

_WIDTH, _HEIGHT = 290.0, 262.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 42.0, 280.0, 52.0, 212.0
_MOST_PANELS, _MOST_GROUPS = 24, 6
_SHAPES = ("circle", "square", "triangle", "diamond", "down", "bar")


@dataclass(frozen=True)
class _Pair:
    """One panel: a pair of variables and the hypotheses that speak of it."""

    x: str
    y: str
    hypotheses: tuple[str, ...]


@dataclass(frozen=True)
class _Axis:
    """Where a value falls, and which values are written."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def share(self, value: float) -> float:
        """Return the place of a value as a share of the axis, with a margin at both ends."""
        span = self.high - self.low or 1.0
        return 0.06 + 0.88 * (value - self.low) / span


def scatter_figure(results: Results) -> Figure | None:
    """Draw the pairs of the hypotheses; None when there is no pair with data."""
    pairs = [p for p in _pairs(results) if _points(results, p)]
    if not pairs:
        return None
    groups = _groups(results)
    pictures = [_key(results, groups)]
    pictures += [_panel(results, p, k, groups) for k, p in enumerate(pairs[:_MOST_PANELS])]
    return Figure(
        "scatter-figure",
        "Pairs of the Hypotheses",
        tuple(pictures),
        (_note(results, len(pairs), groups),),
        across=3,
        values=_values(results, pairs[:_MOST_PANELS], groups),
    )


def _pairs(results: Results) -> list[_Pair]:
    found: dict[tuple[str, str], list[str]] = {}
    for h in results.hypotheses:
        for t in h.tests:
            names = found.setdefault((t.x, t.y), [])
            if h.id not in names:
                names.append(h.id)
    return [_Pair(x, y, tuple(names)) for (x, y), names in found.items()]


def _groups(results: Results) -> tuple[str, ...]:
    """Return the levels of the control, when they are few enough to have a shape each."""
    control = results.table.control
    if not control or control not in results.values:
        return ()
    levels = sorted({str(v) for v in results.values[control] if v is not None})
    return tuple(levels) if 1 < len(levels) <= _MOST_GROUPS else ()


def _points(results: Results, pair: _Pair) -> Counter[tuple[float, float, str]]:
    """Count the cases at each place, by group."""
    none = (None,) * len(results.units)
    xs, ys = results.values.get(pair.x, none), results.values.get(pair.y, none)
    control = results.values.get(results.table.control or "", none)
    return Counter(
        (float(x), float(y), "" if g is None else str(g))
        for x, y, g in zip(xs, ys, control, strict=True)
        if x is not None and y is not None
    )


def _axis(results: Results, name: str, seen: list[float]) -> _Axis:
    """Make an axis over the possible range of a short scale, else over what was seen."""
    try:
        v = results.variable(name)
        low, high = v.low, v.high
    except KeyError:
        low = high = None
    if low is None or high is None or high - low > 12 or low > min(seen) or high < max(seen):
        low, high = min(seen), max(seen)
    step = _step(high - low)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return _Axis(low, high, tuple(k * step for k in range(first, last + 1)))


def _step(span: float) -> float:
    """Return a round step that gives at most eight ticks."""
    if span <= 0:
        return 1.0
    size = 10.0 ** math.floor(math.log10(span / 7))
    return next(size * m for m in (1, 2, 5, 10) if span / (size * m) <= 7.001)


def _panel(results: Results, pair: _Pair, k: int, groups: tuple[str, ...]) -> Picture:
    points = _points(results, pair)
    across = _axis(results, pair.x, [p[0] for p in points])
    up = _axis(results, pair.y, [p[1] for p in points])
    drawing = Drawing()
    names = (facts.label(results, pair.x), facts.label(results, pair.y))
    _panel_head(drawing, results, pair, sum(points.values()))
    for tick in across.ticks:
        x = _LEFT + across.share(tick) * (_RIGHT - _LEFT)
        drawing.line((x, _TOP), (x, _BOTTOM), "grid-line")
        drawing.text(x, _BOTTOM + 15, plain(tick), "t-mid t-quiet")
    for tick in up.ticks:
        y = _BOTTOM - up.share(tick) * (_BOTTOM - _TOP)
        drawing.line((_LEFT, y), (_RIGHT, y), "grid-line")
        drawing.text(_LEFT - 6, y + 4, plain(tick), "t-end t-quiet")
    drawing.line((_LEFT, _BOTTOM), (_RIGHT, _BOTTOM), "axis")
    drawing.line((_LEFT, _TOP), (_LEFT, _BOTTOM), "axis")
    drawing.lines((_LEFT + _RIGHT) / 2, _BOTTOM + 32, wrap(names[0], _RIGHT - _LEFT)[:2], "t-mid")
    drawing.text(0, _TOP - 8, wrap(names[1], _WIDTH)[0], "")
    _marks(drawing, points, (across, up), groups)
    title = f"{names[0]} and {names[1]}"
    return Picture(f"scatter-{k}", _WIDTH, _HEIGHT, title, _in_words(results, pair, points), str(drawing))


def _panel_head(drawing: Drawing, results: Results, pair: _Pair, n: int) -> None:
    letter = plain_text(facts.symbol(results.table.coefficient)).split("_")[0]
    try:
        value = correlation(results.table.cell(pair.x, pair.y).estimate.value)
    except KeyError:
        value = NOTHING
    drawing.text(0, 14, ", ".join(pair.hypotheses), "t-strong")
    drawing.text(_RIGHT, 14, f"{letter} = {value}, n = {count(n)}", "t-end t-quiet")


def _marks(
    drawing: Drawing,
    points: Counter[tuple[float, float, str]],
    axes: tuple[_Axis, _Axis],
    groups: tuple[str, ...],
) -> None:
    places: dict[tuple[float, float], Counter[str]] = {}
    for (x, y, group), n in points.items():
        places.setdefault((x, y), Counter())[group if groups else ""] += n
    for (x, y), here in places.items():
        cx = _LEFT + axes[0].share(x) * (_RIGHT - _LEFT)
        cy = _BOTTOM - axes[1].share(y) * (_BOTTOM - _TOP)
        present = sorted(here)
        for k, group in enumerate(present):
            shape = groups.index(group) if group in groups else 0
            shift = (k - (len(present) - 1) / 2) * 10
            mark(drawing, shape, (cx + shift, cy), 3.4 * math.sqrt(here[group]))


def mark(drawing: Drawing, shape: int, at: tuple[float, float], r: float) -> None:
    """Draw the mark of a group: circle, square, triangle, diamond, triangle down, bar."""
    x, y = at
    kind = f"g{shape}"
    name = _SHAPES[shape]
    if name == "circle":
        drawing.circle(x, y, r, kind)
    elif name == "square":
        drawing.rect((x - 0.89 * r, y - 0.89 * r), (1.78 * r, 1.78 * r), kind)
    elif name == "bar":
        drawing.rect((x - 1.4 * r, y - 0.56 * r), (2.8 * r, 1.12 * r), kind)
    elif name == "diamond":
        d = 1.25 * r
        drawing.path(f"M{x:.1f} {y - d:.1f}l{d:.1f} {d:.1f}l{-d:.1f} {d:.1f}l{-d:.1f} {-d:.1f}z", kind)
    else:
        s = -1.0 if name == "triangle" else 1.0
        d = 1.35 * r
        path = f"M{x:.1f} {y + s * d:.1f}l{d:.1f} {-1.65 * s * d:.1f}h{-2 * d:.1f}z"
        drawing.path(path, kind)


def _key(results: Results, groups: tuple[str, ...]) -> Picture:
    """Draw what shapes and sizes mean."""
    drawing = Drawing()
    drawing.text(0, 14, "Key", "t-strong")
    y = 40.0
    for shape, group in enumerate(groups):
        mark(drawing, shape, (14, y), 5.5)
        drawing.text(32, y + 4, f"{results.table.control} {group}")
        y += 24
    x = 14.0
    for n in (1, 2, 4, 8):
        radius = 3.4 * math.sqrt(n)
        drawing.circle(x, y + 6, radius, "g0")
        drawing.text(x + radius + 5, y + 10, count(n), "t-quiet")
        x += 2 * radius + 34
    drawing.text(0, y + 36, f"area: {facts.units(results)} at one place")
    shown = f"{results.table.control} {', '.join(groups)} by shape; " if groups else ""
    words = f"{shown}the area of a mark is the number of {facts.units(results)} at its place."
    return Picture("scatter-key", _WIDTH, _HEIGHT, "Key of the scatter plots", words, str(drawing))


def _in_words(results: Results, pair: _Pair, points: Counter[tuple[float, float, str]]) -> str:
    n = sum(points.values())
    places = len({p[:2] for p in points})
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    x_label, y_label = facts.label(results, pair.x), facts.label(results, pair.y)
    value = ""
    if (pair.x, pair.y) in {(c.x, c.y) for c in results.table.cells}:
        estimate = results.table.cell(pair.x, pair.y).estimate
        value = (
            f" Correlation {correlation(estimate.value)}."
            if estimate.value is not None
            else " No correlation value."
        )
    return (
        f"{count(n)} {facts.units(results, n)} at {count(places)} {plural(places, 'place')}. {x_label} from "
        f"{plain(min(xs))} to {plain(max(xs))}, {y_label} from {plain(min(ys))} to {plain(max(ys))}.{value}"
    )


def _note(results: Results, n_pairs: int, groups: tuple[str, ...]) -> Phrase:
    parts = [
        f"Across: the first variable. Up: the second. The area of a mark is the number of {facts.units(results)} "
        "at its place; no value is moved."
    ]
    control = results.table.control
    if groups:
        parts.append(f"Shapes: {control}. Marks at one place stand side by side.")
    elif control and control in results.values:
        parts.append(f"{control} is not marked: it does not have two to {_MOST_GROUPS} levels.")
    if n_pairs > _MOST_PANELS:
        parts.append(f"The first {_MOST_PANELS} of {n_pairs} pairs are drawn; analysis_data.csv holds all.")
    return phrase(Run("Note.", "stat"), " " + " ".join(parts))


def _values(results: Results, pairs: list[_Pair], groups: tuple[str, ...]) -> Table:
    """Make the table of counts behind the scatter plots, for those who do not see them."""
    blocks: list[tuple[Row, ...]] = []
    for pair in pairs:
        title = f"{facts.label(results, pair.x)} and {facts.label(results, pair.y)}"
        rows: list[Row] = [heading(title, 4)]
        for (x, y, group), n in sorted(_points(results, pair).items()):
            shown = group if groups else NOTHING
            rows.append((rowhead(plain(x)), data(plain(y)), data(shown), data(count(n))))
        blocks.append(tuple(rows))
    return Table(
        "scatter-values",
        "Values of the Pairs",
        head("First", "Second", results.table.control or "Group", "Cases"),
        tuple(blocks),
        widths=(2, 2, 2, 1),
    )
