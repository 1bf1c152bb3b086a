"""The power curve of a plan: what more participants would give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import ceil, floor, log10

from bordin.report.figures.svg import Drawing, Figure, Picture
from bordin.report.number import correlation, count, percent
from bordin.report.tables.model import Table, data, head
from bordin.report.text import phrase
from bordin.study.planning import CurvePoint, Plan

_WIDTH, _HEIGHT = 900.0, 420.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 60.0, 880.0, 50.0, 370.0
_TICKS = 8

Line = tuple[str, str, str, Callable[[CurvePoint], float]]


def power_figure(plan: Plan) -> Figure | None:
    """Draw power over the number of participants; None where no hypothesis is planned."""
    if not plan.curve:
        return None
    most = max(p.n for p in plan.curve)
    drawing = Drawing()
    _frame(drawing, plan, most)
    lines = _lines(plan)
    for k, (name, line, dot, of) in enumerate(lines):
        _legend(drawing, k, name, line, dot)
        places = [(_x(p.n, most), _y(of(p))) for p in plan.curve]
        for start, end in pairwise(places):
            drawing.line(start, end, line)
        for x, y in places:
            drawing.circle(x, y, 4.5, dot)
    words = " ".join(
        f"With {count(p.n)} participants: "
        + ", ".join(f"{n} {correlation(of(p), 2)}" for n, _, _, of in lines)
        + "."
        for p in plan.curve
    )
    picture = Picture("power-curve", _WIDTH, _HEIGHT, "Power by number of participants", words, str(drawing))
    note = phrase(
        f"Each point is a share of simulated studies: {count(plan.simulations)} at the planned number, "
        f"{count(min(p.simulations for p in plan.curve))} or more elsewhere. The level line is the wished power, "
        f"{percent(plan.wished_power)}."
    )
    title = "Power by Number of Participants"
    return Figure("power-figure", title, (picture,), (note,), values=_values(plan, lines))


def _lines(plan: Plan) -> list[Line]:
    """Choose what is drawn: the weakest and the strongest hypothesis, and all together."""
    planned = [h.power.value or 0.0 for h in plan.hypotheses]
    weakest, strongest = planned.index(min(planned)), planned.index(max(planned))
    if len(planned) == 1:
        return [("the hypothesis", "whisker", "dot", lambda p: p.powers[0])]
    return [
        (f"strongest: {plan.hypotheses[strongest].id}", "whisker", "dot", lambda p: p.powers[strongest]),
        (f"weakest: {plan.hypotheses[weakest].id}", "whisker", "dot dot--open", lambda p: p.powers[weakest]),
        (f"all {count(len(planned))} together", "axis", "g3", lambda p: p.all),
    ]


def _x(n: float, most: int) -> float:
    return _LEFT + n / most * (_RIGHT - _LEFT)


def _y(power: float) -> float:
    return _BOTTOM - power * (_BOTTOM - _TOP)


def _frame(drawing: Drawing, plan: Plan, most: int) -> None:
    for step in range(6):
        y = _y(step / 5)
        drawing.line((_LEFT, y), (_RIGHT, y), "grid-line" if step else "axis")
        drawing.text(
            _LEFT - 8, y + 4, correlation(step / 5, 1) if 0 < step < 5 else str(step // 5), "t-end t-quiet"
        )
    for n in _ticks(most):
        drawing.text(_x(n, most), _BOTTOM + 18, count(n), "t-mid t-quiet")
    drawing.text((_LEFT + _RIGHT) / 2, _BOTTOM + 38, "participants", "t-mid")
    drawing.text(_LEFT - 8, _TOP - 14, "power", "t-end t-strong")
    wished, now = _y(plan.wished_power), _x(plan.planned.design.n, most)
    drawing.line((_LEFT, wished), (_RIGHT, wished), "zero")
    drawing.line((now, _TOP), (now, _BOTTOM), "zero")
    drawing.text(now + 5, _BOTTOM - 8, f"planned: {count(plan.planned.design.n)}", "t-strong")


def _ticks(most: int) -> Sequence[int]:
    """Return round numbers from 0 to the largest n, about eight of them."""
    rough = most / _TICKS
    unit = 10 ** floor(log10(rough)) if rough >= 1 else 1
    step = int(unit * next((f for f in (1, 2, 5) if f * unit >= rough), 10))
    return range(0, most + 1, max(1, ceil(step)))


def _legend(drawing: Drawing, k: int, name: str, line: str, dot: str) -> None:
    x, y = _LEFT + 40 + 260 * k, _TOP - 18
    drawing.line((x, y), (x + 30, y), line)
    drawing.circle(x + 15, y, 4.5, dot)
    drawing.text(x + 38, y + 4, name)


def _values(plan: Plan, lines: Sequence[Line]) -> Table:
    rows = tuple(
        (
            data(count(p.n), align="start"),
            data(count(p.simulations)),
            *(data(correlation(of(p), 2)) for _, _, _, of in lines),
        )
        for p in plan.curve
    )
    names = [name[0].upper() + name[1:] for name, _, _, _ in lines]
    return Table("power-values", "Power by Number of Participants", head("n", "Simulations", *names), (rows,))
