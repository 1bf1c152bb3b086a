"""Several coders' ratings of one tape beside each other, as a template draws them: values, places, marks in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from django.utils.translation import gettext as _

from bordin.coding.dimension import Dimension, show
from bordin.coding.system import CodingSystem
from bordin.store.blind import Given, Mark
from bordin.store.consensus import Agreed, SharedTape, Side
from bordin.store.double_coded import compare
from bordin.workbench.manual import anchor

SHAPES = ("circle", "square", "triangle", "diamond")
NEAR_SECONDS = 15.0
APART = 2.0
# Wider scales are typed in instead of chosen from cells.
MOST_CELLS = 13
_LEFT, _RIGHT, _MIDDLE = 10.0, 127.0, 20.0


@dataclass(frozen=True)
class Shape:
    """One coder's sign in a small drawing; the middle and half the size in its units."""

    kind: str
    first: bool
    x: float
    y: float
    r: float

    @property
    def left(self) -> float:
        """Left edge."""
        return round(self.x - self.r, 1)

    @property
    def top(self) -> float:
        """Upper edge."""
        return round(self.y - self.r, 1)

    @property
    def size(self) -> float:
        """Width and height."""
        return 2 * self.r

    @property
    def points(self) -> str:
        """Corners of a triangle or a diamond."""
        x, y, r = self.x, self.y, self.r
        if self.kind == "triangle":
            return f"{x:.1f},{y - r:.1f} {x + r:.1f},{y + r * 0.8:.1f} {x - r:.1f},{y + r * 0.8:.1f}"
        return f"{x:.1f},{y - r:.1f} {x + r:.1f},{y:.1f} {x:.1f},{y + r:.1f} {x - r:.1f},{y:.1f}"


def clock(seconds: float) -> str:
    """Write a moment of a tape: 09:14, or 1:09:14 after an hour."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes:02d}:{rest:02d}"


def written(given: Given | None) -> str:
    """Write what a coder gave in a cell."""
    if given is None:
        return "–"
    return str(_("NC")) if given.value is None else show(given.value)


def keys(tape: SharedTape) -> list[dict[str, Any]]:
    """Return each coder with a sign, for the key above the table."""
    return [
        {"coder": side.coder, "shape": Shape(SHAPES[i % len(SHAPES)], i == 0, 7, 7, 5)}
        for i, side in enumerate(tape.sides)
    ]


def place(dimension: Dimension, value: float) -> float:
    """Return where a value stands on the small scale."""
    width = (dimension.high - dimension.low) or 1.0
    return round(_LEFT + (value - dimension.low) / width * (_RIGHT - _LEFT), 1)


def ticks(system: CodingSystem) -> list[dict[str, Any]]:
    """Return the numbers above the places, when all dimensions have one scale; else its ends are left out."""
    scales = {(d.low, d.high, d.step) for d in system.dimensions}
    if len(scales) != 1:
        return []
    first = system.dimensions[0]
    points = first.points if 2 <= len(first.points) <= 8 else (first.low, first.high)
    return [{"x": place(first, p), "text": show(p)} for p in points]


def drawing(dimension: Dimension, sides: Sequence[Side]) -> dict[str, Any]:
    """Return the places of the coders' values on a small scale."""
    at: dict[float, list[int]] = {}
    for i, side in enumerate(sides):
        given = side.ratings.get(dimension.id)
        if given is not None and given.value is not None:
            at.setdefault(given.value, []).append(i)
    shapes = []
    for value, several in at.items():
        for rank, i in reversed(list(enumerate(several))):
            alone = 7.0 if i == 0 else 6.0
            r = alone if len(several) == 1 else 4.5 + 3.5 * rank
            shapes.append(Shape(SHAPES[i % len(SHAPES)], i == 0, place(dimension, value), _MIDDLE, r))
    ends = (place(dimension, min(at)), place(dimension, max(at))) if len(at) > 1 else None
    return {"shapes": shapes, "ends": ends, "near": bool(at) and max(at) - min(at) < APART}


def status(sides: Sequence[Given | None]) -> dict[str, Any]:
    """Say in words and a shape how far what was given is apart."""
    differ, spread, uneven = compare(sides)
    if not any(g is not None for g in sides):
        return {"kind": "open", "words": _("does not apply"), "apart": False, "same": False, "none": True}
    if not differ:
        return {"kind": "ok", "words": _("same"), "apart": False, "same": True}
    if uneven and not spread:
        return {"kind": "warn", "words": _("one without a number"), "apart": True, "same": False}
    if not spread:
        return {"kind": "open", "words": _("other reason"), "apart": False, "same": False}
    words = _("%(distance)s apart") % {"distance": show(spread)}
    apart = spread >= APART or uneven
    return {"kind": "warn" if apart else "open", "words": words, "apart": apart, "same": False}


def rows(system: CodingSystem, tape: SharedTape) -> list[dict[str, Any]]:
    """Return one row a dimension: values, drawing, difference, agreed value."""
    made = []
    for dimension in system.dimensions:
        given = [side.ratings.get(dimension.id) for side in tape.sides]
        agreed = tape.agreed.get(dimension.id)
        made.append(
            {
                "id": dimension.id,
                "name": dimension.name,
                "dimension": dimension,
                "values": [
                    {"coder": s.coder, "text": written(g), "reason": g.reason if g is not None else None}
                    for s, g in zip(tape.sides, given, strict=True)
                ],
                "given": [_plain(g) for g in given if g is not None],
                "drawing": drawing(dimension, tape.sides),
                "status": status(given),
                "agreed": agreed,
                "agreed_text": written(agreed.given) if agreed is not None else "",
                "cells": cells(dimension, agreed),
                "evidence": evidence(system, dimension, tape),
                "manual_at": anchor(dimension.section or dimension.name),
            }
        )
    return made


def _plain(given: Given) -> dict[str, Any]:
    return {"value": given.value, "reason": given.reason}


def cells(dimension: Dimension, agreed: Agreed | None) -> list[dict[str, Any]]:
    """Return the points to choose from; none for a scale that is typed in."""
    if not 2 <= len(dimension.points) <= MOST_CELLS:
        return []
    chosen = agreed.given.value if agreed is not None else None
    return [{"value": show(p), "chosen": chosen == p} for p in dimension.points]


def evidence(system: CodingSystem, dimension: Dimension, tape: SharedTape) -> dict[str, Any]:
    """Return the marks of all coders for one dimension: as lists, on a line of time, and which are near each other."""
    marks = [[m for m in side.marks if m.item == dimension.id] for side in tape.sides]
    seconds = tape_seconds(tape, marks)
    lists = []
    for side, own in zip(tape.sides, marks, strict=True):
        given = side.ratings.get(dimension.id)
        lists.append(
            {
                "coder": side.coder,
                "text": written(given),
                "reason": given.reason if given is not None else None,
                "anchor": _anchor(dimension, given),
                "marks": [{"at": clock(m.seconds), "seconds": m.seconds, "note": m.note} for m in own],
            }
        )
    return {
        "lists": lists,
        "lanes": _lanes(marks, seconds),
        "height": 112 + 18 * max(0, len(tape.sides) - 2),
        "foot": 110 + 18 * max(0, len(tape.sides) - 2),
        "hours": _time_ticks(seconds),
        "label": _label(tape.sides, marks),
        "near": near(tape.sides, marks),
        "any": any(marks),
    }


def tape_seconds(tape: SharedTape, marks: Sequence[Sequence[Mark]]) -> float:
    """Return the length of a tape, from the plan of the sessions or the last mark."""
    last = max((m.seconds for own in marks for m in own), default=0.0)
    return max((tape.minutes or 0.0) * 60, last, 60.0)


def _anchor(dimension: Dimension, given: Given | None) -> str:
    return (dimension.anchor(given.value) or "") if given is not None and given.value is not None else ""


def _lanes(marks: Sequence[Sequence[Mark]], seconds: float) -> list[dict[str, Any]]:
    """Return the first coder's marks above the sound, the others' below it."""
    lanes = []
    for i, own in enumerate(marks):
        y = 12 if i == 0 else 86 + 18 * (i - 1)
        ends = (16, 72) if i == 0 else (28, y - 4)
        shape = Shape(SHAPES[i % len(SHAPES)], i == 0, 0, y, 6)
        lanes.append(
            {
                "shape": shape,
                "ends": ends,
                "marks": [{"x": f"{100 * m.seconds / seconds:.2f}%", "seconds": m.seconds} for m in own],
            }
        )
    return lanes


def _time_ticks(seconds: float) -> list[dict[str, Any]]:
    step = 600.0 if seconds > 1500 else 300.0 if seconds > 600 else 60.0
    count = int(seconds // step) + 1
    # The last one is left out when its text would run over the edge.
    return [
        {"x": f"{100 * i * step / seconds:.2f}%", "text": clock(i * step), "first": i == 0}
        for i in range(count)
        if i * step <= 0.96 * seconds
    ]


def _label(sides: Sequence[Side], marks: Sequence[Sequence[Mark]]) -> str:
    parts = []
    for side, own in zip(sides, marks, strict=True):
        times = ", ".join(clock(m.seconds) for m in own) or _("no mark")
        parts.append(f"{side.coder}: {times}")
    return str(_("Whole tape. Marks of %(who)s.") % {"who": "; ".join(parts)})


def near(sides: Sequence[Side], marks: Sequence[Sequence[Mark]]) -> list[str]:
    """Name marks of different coders that lie within 15 seconds of each other."""
    found = []
    for (one, first), (two, second) in combinations(list(zip(sides, marks, strict=True)), 2):
        for a in first:
            for b in second:
                if abs(a.seconds - b.seconds) <= NEAR_SECONDS:
                    pair = {"a": one.coder, "at": clock(a.seconds), "b": two.coder, "bt": clock(b.seconds)}
                    found.append(_("%(a)s %(at)s and %(b)s %(bt)s") % pair)
    return found
