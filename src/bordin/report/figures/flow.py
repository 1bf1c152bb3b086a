"""The flow figure: who was left at every step, and who was lost on the way."""

from __future__ import annotations

from bordin.report.figures.svg import LINE, Drawing, Figure, Picture, wrap
from bordin.report.number import count
from bordin.report.tables.variables import flow_table
from bordin.report.text import Phrase, Run, phrase, stat
from bordin.study.results import FlowStep, Results

_WIDTH, _BOX, _SIDE_X = 760.0, 330.0, 420.0
_SIDE = _WIDTH - _SIDE_X - 2
_LEFT, _MIDDLE = 2.0, 150.0


def flow_figure(results: Results) -> Figure:
    """Draw the flow, a box a step and a dashed box for those who were lost."""
    drawing = Drawing()
    y = 2.0
    for k, step in enumerate(results.flow):
        y = _step(drawing, step, k, y, last=k == len(results.flow) - 1)
    picture = Picture("flow", _WIDTH, y + 2, "Flow of participants", _in_words(results), str(drawing))
    return Figure(
        "flow-figure", "Flow of Participants", (picture,), (_n_per_cell(results),), values=flow_table(results)
    )


def _lost(step: FlowStep) -> str:
    return ", ".join(f"{count(n)} {why}" for n, why in step.lost)


def _step(drawing: Drawing, step: FlowStep, k: int, y: float, *, last: bool) -> float:
    """Draw the way to a box and the box; return the place below it."""
    if k:
        side = wrap(_lost(step), _SIDE - 28) if step.lost else []
        gap = max(30.0, 14 + LINE * len(side))
        drawing.path(f"M{_MIDDLE:g} {y:g}V{y + gap - 6:g}", "arrow")
        drawing.path(f"M{_MIDDLE - 4:g} {y + gap - 7:g}h8l-4 7z", "arrow-head")
        if side:
            middle = y + gap / 2
            drawing.path(f"M{_MIDDLE:g} {middle:g}H{_SIDE_X - 6:g}", "arrow")
            drawing.path(f"M{_SIDE_X - 7:g} {middle - 4:g}v8l7-4z", "arrow-head")
            drawing.rect((_SIDE_X, y + 1), (_SIDE, gap - 2), "box box--side", 4)
            drawing.lines(_SIDE_X + 14, middle - (len(side) - 1) * LINE / 2 + 4, side)
        y += gap
    label = wrap(step.label, _BOX - 96)
    height = 29 + LINE * len(label)
    drawing.rect((_LEFT, y), (_BOX, height), "box box--last" if last else "box", 4)
    base = y + height / 2 - (len(label) - 1) * LINE / 2 + 4
    drawing.text(_LEFT + 60, base, count(step.n), "t-strong t-end")
    drawing.lines(_LEFT + 74, base, label)
    return y + height


def _in_words(results: Results) -> str:
    parts = []
    for step in results.flow:
        if step.lost:
            parts.append(_lost(step))
        parts.append(f"{count(step.n)} {step.label}")
    return "; ".join(parts) + "."


def _n_per_cell(results: Results) -> Phrase:
    found = sorted({c.estimate.n for c in results.table.cells})
    cells = len(results.table.cells)
    where = f"in the {count(cells)} cells of the table" if cells > 1 else "in the cell of the table"
    if len(found) == 1:
        return phrase(Run("Note.", "stat"), " ", stat("n"), f" = {count(found[0])} {where}.")
    return phrase(
        Run("Note.", "stat"),
        " ",
        stat("n"),
        f" from {count(found[0])} to {count(found[-1])} {where}; {count(results.table.complete_cases)} complete on "
        "every variable.",
    )
