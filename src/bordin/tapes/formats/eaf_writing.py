"""ELAN's EAF, version 3.0, written without any name of a medium.

The same tiers give the same bytes: the date that the format demands is a fixed one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from xml.sax.saxutils import escape, quoteattr

from bordin.errors import Problem, TapeError
from bordin.tapes.formats.clock import milliseconds, span_in_milliseconds
from bordin.tapes.formats.tiers import (
    CONSTRAINTS,
    INCLUDED_IN,
    POINTS,
    REFERENCES,
    SYMBOLIC_ASSOCIATION,
    SYMBOLIC_SUBDIVISION,
    TIME_SUBDIVISION,
    Mark,
    Tier,
    Tiers,
    as_tiers,
    layers_of,
)
from bordin.tapes.shapes import Transcript

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="1970-01-01T00:00:00+00:00" FORMAT="3.0" VERSION="3.0" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">
    <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">"""
_MEANINGS = {
    TIME_SUBDIVISION: "Parts of the parent's stretch, without gaps",
    INCLUDED_IN: "Parts of the parent's stretch, gaps allowed",
    SYMBOLIC_SUBDIVISION: "An ordered list under the parent, without times",
    SYMBOLIC_ASSOCIATION: "One entry for the parent",
}
_UNTIMED = (SYMBOLIC_SUBDIVISION, SYMBOLIC_ASSOCIATION)
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_OWN_ID = re.compile(r"a\d{1,9}")


@dataclass(frozen=True)
class _Slot:
    """A point in time; the object itself is what annotations share."""

    at: float
    value: int | None
    place: int


@dataclass
class _Slots:
    all: list[_Slot] = field(default_factory=list)

    def new(self, seconds: float, value: int | None) -> _Slot:
        slot = _Slot(seconds * 1000 if value is None else float(value), value, len(self.all))
        self.all.append(slot)
        return slot

    def names(self) -> dict[int, str]:
        """Name the slots in order of time."""
        ordered = sorted(self.all, key=lambda s: (s.at, s.place))
        return {s.place: f"ts{k}" for k, s in enumerate(ordered, 1)}


def write_eaf(transcript: Transcript, file: str = "") -> str:
    """Write a tier for each speaker, with its words and their marks where they have times."""
    return write_eaf_tiers(as_tiers(transcript), file)


def write_eaf_tiers(tiers: Tiers, file: str = "") -> str:
    """Write tiers.

    Points become intervals of a millisecond. Marks of a tier without a parent that overlap go to further tiers.

    Raises
    ------
    TapeError
        When a mark has no times and no parent, or a text holds a character that XML cannot hold.
    """
    rows = _prepared(tiers, file)
    ids = _ids(rows)
    renamed = {m.id: name for r, row in enumerate(rows) for m, name in zip(row.marks, ids[r], strict=True)}
    for row in rows:
        if row.kind == REFERENCES and any((m.parent or "") not in renamed for m in row.marks):
            raise TapeError(Problem(f"a mark of tier '{row.name}' refers to nothing.", file or None))
    slots = _Slots()
    held: dict[str, tuple[_Slot, _Slot]] = {}
    aligned = {
        id(r): [_slots_of(slots, r, k, held, file) for k in range(len(r.marks))] for r in _ordered(rows)
    }
    names = slots.names()
    lines = [_HEAD, f'        <PROPERTY NAME="lastUsedAnnotationId">{_last(ids)}</PROPERTY>']
    lines.append(f'        <PROPERTY NAME="notice">{_text(tiers.notice, file)}</PROPERTY>')
    lines += ["    </HEADER>", "    <TIME_ORDER>"]
    for slot in sorted(slots.all, key=lambda s: (s.at, s.place)):
        value = "" if slot.value is None else f' TIME_VALUE="{slot.value}"'
        lines.append(f'        <TIME_SLOT TIME_SLOT_ID="{names[slot.place]}"{value}/>')
    lines.append("    </TIME_ORDER>")
    for row, own in zip(rows, ids, strict=True):
        heads = _heads(row, own, [tuple(names[s.place] for s in p or ()) for p in aligned[id(row)]], renamed)
        lines += _row(row, heads, file)
    lines += [_type(name, constraint) for name, constraint in _types(rows).items()]
    lines += [f'    <CONSTRAINT DESCRIPTION="{_MEANINGS[c]}" STEREOTYPE="{c}"/>' for c in CONSTRAINTS]
    return "\n".join([*lines, "</ANNOTATION_DOCUMENT>"]) + "\n"


def _prepared(tiers: Tiers, file: str) -> list[Tier]:
    """Return tiers with names of their own, known types and unbroken references."""
    rows: list[Tier] = []
    types: dict[str, str | None] = {}
    for tier in tiers.tiers:
        constraint = tier.constraint
        if constraint is None and tier.parent is not None:
            constraint = SYMBOLIC_ASSOCIATION if tier.kind == REFERENCES else INCLUDED_IN
        if tier.kind == REFERENCES and tier.parent is None:
            raise TapeError(Problem(f"tier '{tier.name}' refers to no other tier.", file or None))
        form = tier.type_name or (constraint or "default-lt")
        while types.setdefault(form, constraint) != constraint:
            form += "'"
        layers = layers_of(tier.marks) if tier.parent is None else [tier.marks]
        for layer in [tier.marks] if len(layers) < 2 else layers:
            name, place = tier.name, 1
            while any(r.name == name for r in rows):
                place += 1
                name = f"{tier.name} ({place})"
            rows.append(replace(tier, name=name, marks=layer, constraint=constraint, type_name=form))
    return rows


def _ids(rows: Sequence[Tier]) -> list[list[str]]:
    """Return an id for each mark of each tier: its own, where all are ELAN's and unique, else a number."""
    own = [m.id for r in rows for m in r.marks]
    if all(_OWN_ID.fullmatch(i) for i in own) and len(set(own)) == len(own):
        return [[m.id for m in r.marks] for r in rows]
    numbers = count(1)
    return [[f"a{next(numbers)}" for _ in r.marks] for r in rows]


def _last(ids: Sequence[Sequence[str]]) -> int:
    return max((int(i[1:]) for row in ids for i in row), default=0)


def _ordered(rows: Sequence[Tier]) -> list[Tier]:
    """Return parents before their children, so that children can share their slots."""
    ordered: list[Tier] = []
    left = list(rows)
    while left:
        names = {r.name for r in left}
        ready = [r for r in left if r.parent not in names]
        if not ready:
            raise TapeError("tiers name each other as parents, in a circle.")
        ordered += ready
        left = [r for r in left if r.parent in names]
    return ordered


def _slots_of(
    slots: _Slots, row: Tier, k: int, held: dict[str, tuple[_Slot, _Slot]], file: str
) -> tuple[_Slot, _Slot] | None:
    mark = row.marks[k]
    if row.kind == REFERENCES:
        return None
    if mark.start is None or mark.end is None:
        raise TapeError(Problem(f"a mark of tier '{row.name}' has no times.", file or None))
    end_time = mark.end if row.kind != POINTS else mark.start
    first, last = span_in_milliseconds(mark.start, end_time)
    start = end = None
    if row.constraint == TIME_SUBDIVISION:
        before = row.marks[k - 1] if k else None
        if before is not None and before.parent == mark.parent and before.end == mark.start:
            start = held.get(_key(row, before), (None, None))[1]
        holder = held.get(f"mark {mark.parent}") if mark.parent else None
        if holder is not None:
            start = start or (holder[0] if _same(holder[0], mark.start) else None)
            end = holder[1] if _same(holder[1], mark.end) else None
    start = start or slots.new(mark.start, None if "start" in mark.estimated else first)
    end = end or slots.new(mark.end, None if "end" in mark.estimated else last)
    held[_key(row, mark)] = (start, end)
    return start, end


def _key(row: Tier, mark: Mark) -> str:
    return f"mark {mark.id}" if mark.id else f"{row.name} {mark.start}"


def _same(slot: _Slot, seconds: float) -> bool:
    return slot.value == milliseconds(seconds) if slot.value is not None else slot.at == seconds * 1000


def _heads(
    row: Tier, own: Sequence[str], slots: Sequence[tuple[str, ...]], renamed: dict[str, str]
) -> list[tuple[str, str]]:
    """Return the element of each mark and its attributes."""
    heads = []
    before: dict[str | None, str] = {}
    for mark, name, pair in zip(row.marks, own, slots, strict=True):
        if pair:
            told = f'TIME_SLOT_REF1="{pair[0]}" TIME_SLOT_REF2="{pair[1]}"'
            heads.append(("ALIGNABLE_ANNOTATION", f'ANNOTATION_ID="{name}" {told}'))
            continue
        told = f'ANNOTATION_REF="{renamed[mark.parent or ""]}"'
        if row.constraint == SYMBOLIC_SUBDIVISION and mark.parent in before:
            told += f' PREVIOUS_ANNOTATION="{before[mark.parent]}"'
        before[mark.parent] = name
        heads.append(("REF_ANNOTATION", f'ANNOTATION_ID="{name}" {told}'))
    return heads


def _row(row: Tier, heads: Sequence[tuple[str, str]], file: str) -> list[str]:
    told = {
        "LINGUISTIC_TYPE_REF": row.type_name,
        "PARENT_REF": row.parent or "",
        "PARTICIPANT": row.participant,
        "ANNOTATOR": row.annotator,
        "TIER_ID": row.name,
    }
    for value in told.values():
        _text(value, file)
    attributes = "".join(f" {k}={quoteattr(v)}" for k, v in told.items() if v)
    lines = [f"    <TIER{attributes}>"]
    for mark, (kind, head) in zip(row.marks, heads, strict=True):
        value = f"<ANNOTATION_VALUE>{_text(mark.text, file)}</ANNOTATION_VALUE>"
        lines += ["        <ANNOTATION>", f"            <{kind} {head}>", f"                {value}"]
        lines += [f"            </{kind}>", "        </ANNOTATION>"]
    return [*lines, "    </TIER>"]


def _text(text: str, file: str) -> str:
    if _ILLEGAL.search(text):
        raise TapeError(Problem("a text holds a control character that XML cannot hold.", file or None))
    return escape(text, {"\r": "&#13;"})


def _types(rows: Sequence[Tier]) -> dict[str, str | None]:
    return {r.type_name: r.constraint for r in rows}


def _type(name: str, constraint: str | None) -> str:
    told = f" CONSTRAINTS={quoteattr(constraint)}" if constraint else ""
    timed = "false" if constraint in _UNTIMED else "true"
    return f'    <LINGUISTIC_TYPE{told} GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID={quoteattr(name)} TIME_ALIGNABLE="{timed}"/>'
