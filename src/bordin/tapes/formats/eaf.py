"""ELAN's EAF, read with all its tiers.

What is not read: media, linked files, controlled vocabularies, languages, lexicons and the license. Nothing of
them is followed, and names of media never enter.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from bordin.errors import Problem, TapeError
from bordin.tapes.formats.reading import MOST_PROBLEMS, NOTICE_IMPORTED, NOTICES
from bordin.tapes.formats.source import Source
from bordin.tapes.formats.tiers import (
    CONSTRAINTS,
    INTERVALS,
    REFERENCES,
    SYMBOLIC_ASSOCIATION,
    SYMBOLIC_SUBDIVISION,
    Mark,
    Tier,
    Tiers,
    as_transcript,
)
from bordin.tapes.formats.xml_elements import Element, read_xml
from bordin.tapes.shapes import Transcript


@dataclass(frozen=True)
class _Entry:
    """An annotation as the file has it."""

    id: str
    text: str
    line: int
    slots: tuple[str, str] | None = None
    parent: str = ""
    previous: str = ""


@dataclass
class _Document:
    file: str
    slots: dict[str, float | None] = field(default_factory=dict)
    open_slots: set[str] = field(default_factory=set)
    entries: dict[str, list[_Entry]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    marks: dict[str, Mark] = field(default_factory=dict)

    def problem(self, message: str, line: int) -> None:
        self.problems.append(Problem(message, self.file, line))


def read_eaf_tiers(source: Source) -> Tiers:
    """Read all tiers, with references of references in the order that the file gives them.

    Time slots without a time are spread evenly between their neighbors and named in `Mark.estimated`.

    Raises
    ------
    TapeError
        With the line at which the file is no EAF, or where a reference leads nowhere.
    """
    root = read_xml(source.data, source.file)
    if root.tag != "ANNOTATION_DOCUMENT":
        raise TapeError(
            Problem(f"this XML is a '{root.tag[:30]}', not a file of ELAN.", source.file, root.line)
        )
    document = _Document(source.file)
    units = next((h.get("TIME_UNITS") for h in root.all("HEADER")), "") or "milliseconds"
    if units != "milliseconds":
        document.problem(f"times in '{units[:30]}' cannot be read, only milliseconds.", root.line)
    types = {t.get("LINGUISTIC_TYPE_ID"): _constraint(t) for t in root.all("LINGUISTIC_TYPE")}
    _read_slots(document, root)
    rows = [_row(document, e, types) for e in root.all("TIER")]
    names = [r.name for r in rows]
    for element, row in zip(root.all("TIER"), rows, strict=True):
        if not row.name or names.count(row.name) > 1:
            document.problem(f"a tier must have a name of its own, not '{row.name[:40]}'.", element.line)
        if row.parent is not None and row.parent not in names:
            document.problem(f"tier '{row.name[:40]}' names a parent that is not in the file.", element.line)
    _refuse(document)
    _spread(document)
    tiers = {name: _filled(document, row, rows) for name, row in _parents_first(document, rows)}
    _refuse(document)
    ends = [m.end for t in tiers.values() for m in t.marks if m.end is not None]
    notices = [p.text for h in root.all("HEADER") for p in h.all("PROPERTY") if p.get("NAME") == "notice"]
    notice = next((n for n in notices if n in NOTICES), NOTICE_IMPORTED)
    return Tiers(tuple(tiers[n] for n in names), 0.0, max(ends, default=0.0), (), notice)


def read_eaf(source: Source) -> Transcript:
    """Read the speakers' tiers as turns; see :func:`bordin.tapes.formats.tiers.as_transcript`."""
    return as_transcript(read_eaf_tiers(source))


def _refuse(document: _Document) -> None:
    if document.problems:
        raise TapeError(document.problems[:MOST_PROBLEMS])


def _constraint(element: Element) -> str | None:
    name = element.get("CONSTRAINTS").replace(" ", "_")
    return next((c for c in CONSTRAINTS if c.lower() == name.lower()), None)


def _read_slots(document: _Document, root: Element) -> None:
    for order in root.all("TIME_ORDER"):
        for slot in order.all("TIME_SLOT"):
            name, value = slot.get("TIME_SLOT_ID"), slot.get("TIME_VALUE")
            if name in document.slots:
                document.problem(f"the time slot '{name[:30]}' stands twice.", slot.line)
            elif value and not (value.isascii() and value.isdigit()):
                document.problem(f"'{value[:30]}' is no time in whole milliseconds.", slot.line)
            else:
                document.slots[name] = int(value) if value else None
    document.open_slots = {s for s, value in document.slots.items() if value is None}


def _row(document: _Document, element: Element, types: Mapping[str, str | None]) -> Tier:
    name, form = element.get("TIER_ID"), element.get("LINGUISTIC_TYPE_REF")
    entries = document.entries.setdefault(name, [])
    for annotation in element.all("ANNOTATION"):
        for child in annotation.children:
            entries.append(_entry(document, child))
    constraint = types.get(form)
    refers = constraint in {SYMBOLIC_ASSOCIATION, SYMBOLIC_SUBDIVISION} or any(e.parent for e in entries)
    return Tier(
        name=name,
        marks=(),
        kind=REFERENCES if refers else INTERVALS,
        participant=element.get("PARTICIPANT"),
        annotator=element.get("ANNOTATOR"),
        parent=element.get("PARENT_REF") or None,
        constraint=constraint,
        type_name=form,
    )


def _entry(document: _Document, element: Element) -> _Entry:
    name = element.get("ANNOTATION_ID")
    text = next((v.text for v in element.all("ANNOTATION_VALUE")), "")
    if element.tag == "REF_ANNOTATION":
        parent, previous = element.get("ANNOTATION_REF"), element.get("PREVIOUS_ANNOTATION")
        if not parent:
            document.problem("a reference refers to nothing.", element.line)
        return _Entry(name, text, element.line, None, parent, previous)
    if element.tag != "ALIGNABLE_ANNOTATION":
        document.problem(f"'{element.tag[:30]}' is no annotation.", element.line)
        return _Entry(name, text, element.line)
    slots = element.get("TIME_SLOT_REF1"), element.get("TIME_SLOT_REF2")
    for slot in slots:
        if slot not in document.slots:
            document.problem(f"the time slot '{slot[:30]}' is not in the file.", element.line)
    return _Entry(name, text, element.line, slots)


def _spread(document: _Document) -> None:
    """Give times to the slots that have none: along the chain of a tier, else along the order of the slots."""
    slots = document.slots
    for entries in document.entries.values():
        following = {e.slots[0]: e.slots[1] for e in entries if e.slots and slots[e.slots[0]] is None}
        for first, last in [e.slots for e in entries if e.slots]:
            if slots[first] is None or slots[last] is not None:
                continue
            chain, at = [first, last], last
            while at in following and slots[at] is None:
                at = following.pop(at)
                chain.append(at)
            _spread_run(slots, chain)
    order = list(slots)
    timed = [k for k, name in enumerate(order) if slots[name] is not None]
    for a, b in pairwise(timed):
        _spread_run(slots, order[a : b + 1])


def _spread_run(slots: dict[str, float | None], run: Sequence[str]) -> None:
    low, high = slots[run[0]], slots[run[-1]]
    if low is None or high is None:
        return
    for k, name in enumerate(run[1:-1], 1):
        slots[name] = low + (high - low) * k / (len(run) - 1)


def _parents_first(document: _Document, rows: Sequence[Tier]) -> list[tuple[str, Tier]]:
    ordered: list[tuple[str, Tier]] = []
    left = list(rows)
    while left:
        done = {name for name, _ in ordered}
        ready = [r for r in left if r.parent is None or r.parent in done]
        if not ready:
            document.problem(f"the tiers '{left[0].name[:40]}' and its parents form a circle.", 1)
            _refuse(document)
        ordered += [(r.name, r) for r in ready]
        left = [r for r in left if r not in ready]
    return ordered


def _filled(document: _Document, row: Tier, rows: Sequence[Tier]) -> Tier:
    entries = document.entries[row.name]
    aligned = [_aligned(document, e) for e in entries if e.slots]
    marks = sorted((m for m in aligned if m is not None), key=lambda m: (m.start or 0.0, m.end or 0.0))
    if row.parent is not None:
        marks = _inside(document, marks, next(r for r in rows if r.name == row.parent))
    for mark in marks:
        document.marks[mark.id] = mark
    referring = [e for e in entries if e.parent]
    for entry in _in_order(document, referring):
        parent = document.marks.get(entry.parent)
        if parent is None:
            document.problem("a reference refers to no annotation of the parent tier.", entry.line)
            continue
        mark = Mark(entry.text, parent.start, parent.end, entry.id, entry.parent)
        document.marks[entry.id] = mark
        marks.append(mark)
    return replace(row, marks=tuple(marks))


def _aligned(document: _Document, entry: _Entry) -> Mark | None:
    if entry.slots is None:
        return None
    start, end = (document.slots[s] for s in entry.slots)
    if start is None or end is None:
        document.problem("an annotation has no time, and nothing beside it has one.", entry.line)
        return None
    if end <= start:
        document.problem(
            f"an annotation ends ({end:g} ms) no later than it starts ({start:g} ms).", entry.line
        )
        return None
    names = zip(("start", "end"), entry.slots, strict=True)
    estimated = tuple(name for name, slot in names if slot in document.open_slots)
    return Mark(entry.text, start / 1000, end / 1000, entry.id, None, estimated)


def _inside(document: _Document, marks: Sequence[Mark], parent: Tier) -> list[Mark]:
    """Find the mark of the parent tier that each mark lies in."""
    holders = [document.marks[e.id] for e in document.entries[parent.name] if e.id in document.marks]
    holders.sort(key=lambda m: m.start or 0.0)
    starts = [m.start or 0.0 for m in holders]
    found = []
    for mark in marks:
        at = bisect_right(starts, (mark.start or 0.0) + 1e-6) - 1
        holder = holders[at] if at >= 0 else None
        inside = holder is not None and (mark.end or 0.0) <= (holder.end or 0.0) + 1e-6
        found.append(replace(mark, parent=holder.id) if holder is not None and inside else mark)
    return found


def _in_order(document: _Document, entries: Sequence[_Entry]) -> list[_Entry]:
    """Order the references to one annotation by the one before each."""
    groups: dict[str, list[_Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.parent, []).append(entry)
    ordered: list[_Entry] = []
    for group in groups.values():
        ids = {e.id for e in group}
        following: dict[str, list[_Entry]] = {}
        for entry in group:
            following.setdefault(entry.previous if entry.previous in ids else "", []).append(entry)
        placed: list[_Entry] = []
        waiting = following.pop("", [])[::-1]
        while waiting:
            entry = waiting.pop()
            placed.append(entry)
            waiting += following.pop(entry.id, [])[::-1]
        if len(placed) < len(group):
            document.problem("annotations name each other as the one before, in a circle.", group[0].line)
        ordered += placed
    return ordered
