"""The heat map: direction by hue, strength by depth; every cell prints its value and interval."""

from __future__ import annotations

from bordin.association.cells import Cell
from bordin.report import facts
from bordin.report.figures.forest import named
from bordin.report.figures.svg import LINE, Drawing, Figure, Picture, wrap
from bordin.report.number import NOTHING, correlation, count, interval, threshold
from bordin.report.text import Phrase, Run, listing, phrase, plural, stat
from bordin.study.results import Results

_LABEL, _WIDTH = 134.0, 862.0
_CELL_H = 58.0
_MOST_COLUMNS, _MOST_ROWS = 8, 16


def heat_figure(results: Results) -> Figure:
    """Draw the heat map; many columns or rows are shared out over several pictures."""
    pictures: list[Picture] = []
    for rows in _shares(results.table.x, _MOST_ROWS):
        for columns in _shares(results.table.y, _MOST_COLUMNS):
            pictures.append(_picture(results, rows, columns, len(pictures)))
    return Figure(
        "heat-figure", "Strength and Direction of the Correlations", tuple(pictures), (_note(results),)
    )


def _shares(names: tuple[str, ...], most: int) -> list[tuple[str, ...]]:
    parts = -(-len(names) // most)
    size = -(-len(names) // parts)
    return [names[k : k + size] for k in range(0, len(names), size)]


def _picture(results: Results, rows: tuple[str, ...], columns: tuple[str, ...], k: int) -> Picture:
    drawing = Drawing()
    width = min(128.0, (_WIDTH - _LABEL) / len(columns))
    heads = [wrap(facts.label(results, y), width - 6) for y in columns]
    top = 14 + LINE * max(len(h) for h in heads)
    for j, head in enumerate(heads):
        drawing.lines(_LABEL + (j + 0.5) * width, top - 10 - LINE * (len(head) - 1), head, "t-mid")
    for i, x in enumerate(rows):
        y = top + i * _CELL_H
        label = wrap(facts.label(results, x), _LABEL - 8)[:4]
        drawing.lines(0, y + _CELL_H / 2 - (len(label) - 1) * LINE / 2 + 4, label, "t-strong")
        for j, name in enumerate(columns):
            _cell(drawing, results, results.table.cell(x, name), (_LABEL + j * width, y), width)
    bottom = top + len(rows) * _CELL_H
    _legend(drawing, results, bottom + 16)
    shown = [results.table.cell(x, y) for x in rows for y in columns]
    number = "" if k == 0 else f", part {k + 1}"
    title = f"Heat map of {count(len(shown))} {plural(len(shown), 'correlation')}{number}"
    full = max(_WIDTH, _LABEL + width * len(columns))
    return Picture(f"heat-{k}", full, bottom + 50, title, _in_words(results, shown), str(drawing), "heat")


def _cell(drawing: Drawing, results: Results, cell: Cell, corner: tuple[float, float], width: float) -> None:
    x, y = corner
    middle = x + width / 2
    value = cell.estimate.value
    if value is None:
        drawing.rect((x + 2, y + 2), (width - 4, _CELL_H - 4), "hc hc--none")
        drawing.text(middle, y + 26, NOTHING, "cell-value")
        drawing.text(middle, y + 44, "no value", "cell-ci")
        return
    step = min(5, int(abs(value) * 10))
    drawing.rect(corner, (width, _CELL_H), f"hc {'n' if value < 0 else 'p'}{step}")
    sure = " is-sure" if facts.is_sure(results, cell) else ""
    drawing.text(middle, y + 26, correlation(value), f"cell-value{sure}")
    found = facts.interval_of(results, cell)
    if found:
        drawing.text(middle, y + 44, interval(found.low, found.high, brackets=False), "cell-ci")


def _legend(drawing: Drawing, results: Results, y: float) -> None:
    names = [*(f"n{k}" for k in range(5, -1, -1)), *(f"p{k}" for k in range(6))]
    for k, name in enumerate(names):
        drawing.rect((_LABEL + k * 32, y), (32, 14), f"hc {name}")
    for k, words in ((1, "−.50"), (6, "0"), (11, ".50")):
        drawing.text(_LABEL + k * 32, y + 30, words, "t-mid t-quiet")
    adjusted = facts.ADJUSTMENT[facts.adjustment(results)]
    after = f" after {adjusted}" if adjusted else ""
    words = f"bold: p < {threshold(results.table.alpha)}{after}"
    drawing.text(_LABEL + 12 * 32 + 20, y + 12, words, "t-quiet")


def _in_words(results: Results, cells: list[Cell]) -> str:
    defined = sorted(
        (c for c in cells if c.estimate.value is not None), key=lambda c: -abs(c.estimate.value or 0)
    )
    strongest = listing([named(results, c) for c in defined[:3]])
    weakest = listing([named(results, c) for c in defined[3:][-3:]])
    parts = ["Blue cells are positive, brown cells negative; deeper is stronger."]
    if strongest:
        parts.append(f"Strongest: {strongest}.")
    if weakest:
        parts.append(f"Weakest: {weakest}.")
    if len(defined) < len(cells):
        parts.append(f"{count(len(cells) - len(defined))} without a value.")
    return " ".join([*parts, "All values stand in the association table."])


def _note(results: Results) -> Phrase:
    adjusted = facts.ADJUSTMENT[facts.adjustment(results)]
    after = f" after {adjusted} adjustment" if adjusted else ""
    text = f" < {threshold(results.table.alpha)}{after}. Blue: positive. Brown: negative. Steps of .10."
    return phrase(Run("Note.", "stat"), " Bold: ", stat("p"), text)
