"""The forest plot: every correlation with its interval, filled when its adjusted p is below alpha."""

from __future__ import annotations

import math

from bordin.association.cells import Cell
from bordin.report import facts
from bordin.report.figures.svg import LINE, Drawing, Figure, Picture, wrap
from bordin.report.number import NOTHING, correlation, count, interval, level, p_value, threshold
from bordin.report.text import Phrase, Run, listing, phrase, plain_text, plural, stat
from bordin.study.results import Results

_WIDTH = 900.0
_LEFT, _RIGHT, _MIDDLE = 230.0, 670.0, 450.0
_R_X, _CI_X, _P_X = 728.0, 822.0, 896.0
_TOP = 46.0
_TALLEST = 1100.0
_LABEL = 204.0

_Line = tuple[str, Cell | None]


def forest_figure(results: Results) -> Figure:
    """Draw the forest plot; a long one is continued in further pictures so that each fits a page."""
    pages = _pages(results)
    reach = _reach(results)
    pictures = tuple(_picture(results, page, k, reach) for k, page in enumerate(pages))
    name = f"Correlations With {level(results.table.level)} Intervals"
    return Figure("forest-figure", name, pictures, (_note(results),))


def _height(results: Results, line: _Line) -> float:
    label, cell = line
    if cell is None:
        return 12 + LINE * len(wrap(label, _LEFT - 10))
    lines = len(wrap(label, _LABEL))
    if cell.estimate.undefined:
        lines = max(lines, len(wrap(_reason(cell), _RIGHT - _LEFT)))
    return 8 + LINE * lines


def _pages(results: Results) -> list[list[_Line]]:
    """Share the lines out so that none of the pictures is taller than a page."""
    pages: list[list[_Line]] = [[]]
    used = 0.0
    for x in results.table.x:
        title: _Line = (facts.label(results, x), None)
        block: list[_Line] = [title]
        block += [(facts.label(results, y), results.table.cell(x, y)) for y in results.table.y]
        heights = [_height(results, line) for line in block]
        if pages[-1] and used + sum(heights) > _TALLEST:
            pages.append([])
            used = 0.0
        for line, height in zip(block, heights, strict=True):
            if used + height > _TALLEST:
                again = f"{title[0]} (continued)"
                pages.append([(again, None)])
                used = _height(results, (again, None))
            pages[-1].append(line)
            used += height
    return pages


def _reach(results: Results) -> float:
    """Return how far the axis must reach to both sides: a multiple of .2 that holds every interval."""
    ends = [
        abs(end)
        for c in results.table.cells
        if (i := facts.interval_of(results, c))
        for end in (i.low, i.high)
    ]
    values = [abs(c.estimate.value) for c in results.table.cells if c.estimate.value is not None]
    return min(1.0, max(0.6, math.ceil(max([*ends, *values, 0.0]) * 5 - 1e-9) / 5))


def _at(value: float, reach: float) -> float:
    return _MIDDLE + max(-reach, min(reach, value)) / reach * (_RIGHT - _MIDDLE)


def _picture(results: Results, lines: list[_Line], k: int, reach: float) -> Picture:
    drawing = Drawing()
    bottom = _TOP + sum(_height(results, line) for line in lines) + 4
    _frame(drawing, results, bottom, reach)
    y = _TOP
    for line in lines:
        _line(drawing, results, line, y, reach)
        y += _height(results, line)
    shown = [cell for _, cell in lines if cell is not None]
    number = "" if k == 0 else f", part {k + 1}"
    title = f"Forest plot of {count(len(shown))} {plural(len(shown), 'correlation')}{number}"
    return Picture(f"forest-{k}", _WIDTH, bottom + 26, title, _in_words(results, shown), str(drawing))


def _frame(drawing: Drawing, results: Results, bottom: float, reach: float) -> None:
    sesoi = results.table.sesoi
    if sesoi:
        left, right = _at(-sesoi, reach), _at(sesoi, reach)
        drawing.rect((left, _TOP), (right - left, bottom - _TOP), "band")
        words = f"shaded: smaller than the smallest effect of interest, {threshold(sesoi)}"
        drawing.text(_MIDDLE, 14, words, "t-mid t-quiet")
    steps = round(reach / 0.2)
    for step in range(-steps, steps + 1):
        x = _at(step * 0.2, reach)
        drawing.line((x, _TOP), (x, bottom), "grid-line" if step else "zero")
        drawing.text(x, bottom + 18, correlation(step * 0.2, 2) if step else "0", "t-mid t-quiet")
    drawing.text(_LEFT, 36, "negative", "t-quiet")
    drawing.text(_RIGHT, 36, "positive", "t-end t-quiet")
    drawing.text(
        _R_X, 36, plain_text(facts.symbol(results.table.coefficient)).split("_")[0], "t-strong t-end"
    )
    drawing.text(_CI_X, 36, f"{level(results.table.level)} interval", "t-strong t-end")
    adjusted = facts.SHORT[facts.adjustment(results)]
    drawing.text(_P_X, 36, f"p ({adjusted})" if adjusted else "p", "t-strong t-end")


def _reason(cell: Cell) -> str:
    return f"no value: {cell.estimate.undefined}"


def _line(drawing: Drawing, results: Results, line: _Line, y: float, reach: float) -> None:
    label, cell = line
    if cell is None:
        drawing.lines(0, y + 17, wrap(label, _LEFT - 10), "t-strong")
        return
    middle = y + _height(results, line) / 2
    names = wrap(label, _LABEL)
    drawing.lines(14, middle - (len(names) - 1) * LINE / 2 + 4, names)
    value = cell.estimate.value
    if value is None:
        reason = wrap(_reason(cell), _RIGHT - _LEFT)
        drawing.lines(_LEFT + 6, middle - (len(reason) - 1) * LINE / 2 + 4, reason, "t-quiet")
        drawing.text(_R_X, middle + 4, NOTHING, "t-end")
        return
    found = facts.interval_of(results, cell)
    if found:
        drawing.line((_at(found.low, reach), middle), (_at(found.high, reach), middle), "whisker")
        drawing.text(_CI_X, middle + 4, interval(found.low, found.high, brackets=False), "t-end t-quiet")
    sure = facts.is_sure(results, cell)
    drawing.circle(_at(value, reach), middle, 4.5, "dot" if sure else "dot dot--open")
    drawing.text(_R_X, middle + 4, correlation(value), "t-end")
    p = cell.p if facts.adjustment(results) == "none" else facts.adjusted_p(results, cell)
    drawing.text(_P_X, middle + 4, p_value(p, results.table.alpha), "t-end t-strong" if sure else "t-end")


def named(results: Results, cell: Cell) -> str:
    """Name a cell with its value: ``Agreed goals with Resistance −.429``."""
    pair = f"{facts.label(results, cell.x)} with {facts.label(results, cell.y)}"
    return f"{pair} {correlation(cell.estimate.value)}"


def _in_words(results: Results, cells: list[Cell]) -> str:
    sure = [c for c in cells if facts.is_sure(results, c)]
    line = threshold(results.table.alpha)
    adjusted = facts.ADJUSTMENT[facts.adjustment(results)]
    after = f" after {adjusted} adjustment" if adjusted else ""
    sure.sort(key=lambda c: -abs(c.estimate.value or 0))
    names = listing([named(results, c) for c in sure[:8]])
    more = f" and {len(sure) - 8} more" if len(sure) > 8 else ""
    stays = f"{count(len(sure))} {'has' if len(sure) == 1 else 'have'} p below {line}{after}"
    undefined = sum(c.estimate.undefined is not None for c in cells)
    lacking = f" {count(undefined)} {'has' if undefined == 1 else 'have'} no value." if undefined else ""
    return (
        f"{count(len(cells))} {plural(len(cells), 'correlation')} with intervals. {stays}"
        f"{': ' + names + more if names else ''}.{lacking} All values stand in the association table."
    )


def _note(results: Results) -> Phrase:
    adjusted = facts.ADJUSTMENT[facts.adjustment(results)]
    size = count(results.table.family_size)
    words = (
        f" after {adjusted} adjustment over {size} {plural(results.table.family_size, 'cell')}"
        if adjusted
        else ""
    )
    text = f" < {threshold(results.table.alpha)}{words}. Open: not."
    return phrase(Run("Note.", "stat"), " Filled: ", stat("p"), text)
