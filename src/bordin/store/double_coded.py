"""Which tapes two or more coders code, how far each is, and how far its coders are apart.

The standing of all tapes is kept in memory and brought up to date by the facts since.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from django.db import connection

from bordin.store.blind import Given

Key = tuple[str, str]

_FACTS = (
    "SELECT seq, kind, assignment, session, item, at, detail FROM store_fact WHERE kind IN "
    "('lock', 'reopen', 'release', 'agreed', 'withdrawal') AND seq > %s AND seq <= %s ORDER BY seq"
)
_ASSIGNMENTS = (
    "SELECT a.id, a.session_id, a.coding, a.name, a.reading, c.name FROM store_assignment a "
    "JOIN store_account c ON c.id = a.coder_id WHERE a.purpose <> 'practice' AND a.fact > %s AND a.fact <= %s"
)


@dataclass(frozen=True)
class Standing:
    """How far a tape is that two or more coders code.

    Attributes
    ----------
    id : str
        The lowest of its assignments: it stands in addresses, the session does not.
    session, coding, name : str
        Neutral name of the tape, from that assignment.
    coders : tuple of str
        Names, as ``sides``.
    sides : tuple of str
        The first assignment of each coder.
    open_sides : tuple of str
        Those of them that are not locked.
    waiting : tuple of str
        Coders who have to lock yet, a second reading included.
    released : bool
    settled : int
        Dimensions with an agreed value.
    """

    id: str
    session: str
    coding: str
    name: str
    coders: tuple[str, ...]
    sides: tuple[str, ...]
    open_sides: tuple[str, ...]
    waiting: tuple[str, ...]
    released: bool
    settled: int


@dataclass(frozen=True)
class Difference:
    """How far the coders of a tape are apart.

    Attributes
    ----------
    differ, of : int
        Dimensions on which they differ, of those that any of them rated.
    most : float
        Greatest distance between two numbers.
    uneven : int
        Dimensions that one coder rated and another called not codable.
    """

    differ: int = 0
    of: int = 0
    most: float = 0.0
    uneven: int = 0


@dataclass(frozen=True)
class Rule:
    """A rule for the manual that came out of settling a disagreement."""

    coding: str
    dimension: str
    text: str
    tape: str
    on: str


@dataclass(frozen=True)
class _Assigned:
    id: str
    name: str
    reading: int
    coder: str


def natural(name: str) -> list[tuple[int, str, int]]:
    """Return a key by which Tape 9 comes before Tape 10."""
    return [(0, "", int(p)) if p.isdigit() else (1, p, 0) for p in re.split(r"([0-9]+)", name) if p]


def _rows(sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


class Watch:
    """What the facts say up to a certain one. A record that is not the same any more is read anew."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._forget()

    def _forget(self) -> None:
        self._head: tuple[int, str] = (0, "")
        self._assigned: dict[Key, list[_Assigned]] = {}
        self._key_of: dict[str, Key] = {}
        self._locked: set[str] = set()
        self._released: set[Key] = set()
        self._agreed: dict[Key, dict[str, Rule | None]] = {}
        self._gone: set[str] = set()
        self._order: list[Key] = []
        self._by_key: dict[Key, Standing] = {}
        self._read = False

    def _refresh(self) -> None:
        newest = _rows("SELECT seq, hash FROM store_fact ORDER BY seq DESC LIMIT 1")
        head = (int(newest[0][0]), str(newest[0][1])) if newest else (0, "")
        if head == self._head and self._read:
            return
        seq, hash = self._head
        if seq and _rows("SELECT hash FROM store_fact WHERE seq = %s", [seq]) != [(hash,)]:
            self._forget()
            seq = 0
        # Only what lies at or below the head is taken in, so that statements of different moments agree.
        assigned = _rows(_ASSIGNMENTS, [seq, head[0]])
        for id, session, coding, name, reading, coder in assigned:
            self._key_of[id] = (session, coding)
            self._assigned.setdefault((session, coding), []).append(_Assigned(id, name, reading, coder))
        touched = {(session, coding) for _, session, coding, *_ in assigned}
        for fact in _rows(_FACTS, [seq, head[0]]):
            touched |= self._take(*fact[1:])
        self._head, self._read = head, True
        self._renew(touched)
        if assigned or any(key[0] in self._gone for key in touched):
            by_name = sorted(self._by_key.items(), key=lambda kept: (natural(kept[1].name), kept[1].id))
            self._order = [key for key, _ in by_name]

    def _take(
        self,
        kind: str,
        assignment: str | None,
        session: str | None,
        item: str | None,
        at: str,
        detail: str | None,
    ) -> set[Key]:
        """Take in a fact and return the tapes that it changes."""
        key = self._key_of.get(assignment or "")
        if kind == "lock":
            self._locked.add(assignment or "")
        elif kind == "reopen":
            self._locked.discard(assignment or "")
        elif kind == "release":
            key = (session or "", item or "")
            self._released.add(key)
        elif kind == "agreed":
            coding, _, dimension = (item or "").partition(".")
            rule = json.loads(detail).get("rule", "") if detail and '"rule"' in detail else ""
            key = (session or "", coding)
            kept = Rule(coding, dimension, rule, "", at[:10]) if rule else None
            self._agreed.setdefault(key, {})[dimension] = kept
        elif detail and json.loads(detail).get("ratings") == "dropped":
            gone = {s for (s,) in _rows("SELECT id FROM store_session WHERE participant_id = %s", [item])}
            self._gone |= gone
            return {k for k in self._assigned if k[0] in gone}
        return {key} if key is not None else set()

    def _renew(self, keys: set[Key]) -> None:
        for key in keys:
            several = self._assigned.get(key, [])
            if key[0] in self._gone or len({a.coder for a in several}) < 2:
                self._by_key.pop(key, None)
            else:
                self._by_key[key] = self._standing(key, sorted(several, key=lambda a: a.id))

    def _standing(self, key: Key, several: list[_Assigned]) -> Standing:
        first: dict[str, _Assigned] = {}
        for assigned in sorted(several, key=lambda a: (a.reading, a.id)):
            first.setdefault(assigned.coder, assigned)
        sides = [first[coder] for coder in sorted(first)]
        return Standing(
            several[0].id,
            *key,
            several[0].name,
            tuple(a.coder for a in sides),
            tuple(a.id for a in sides),
            tuple(a.id for a in sides if a.id not in self._locked),
            tuple(sorted({a.coder for a in several if a.id not in self._locked})),
            key in self._released,
            len(self._agreed.get(key, {})),
        )

    def standings(self) -> tuple[Standing, ...]:
        """Return all of them, by the name of the tape."""
        with self._lock:
            self._refresh()
            return tuple(self._by_key[key] for key in self._order)

    def find(self, assignment: str) -> Standing | None:
        """Return the tape that an assignment is about."""
        with self._lock:
            self._refresh()
            key = self._key_of.get(assignment)
            return self._by_key.get(key) if key is not None else None

    def rules(self) -> list[Rule]:
        """Return the rules for the manual that were written, the last of each tape and dimension."""
        with self._lock:
            self._refresh()
            return [
                Rule(rule.coding, rule.dimension, rule.text, self._by_key[key].name, rule.on)
                for key, by_dimension in self._agreed.items()
                for rule in by_dimension.values()
                if rule is not None and key in self._by_key
            ]


_watch = Watch()


def watch() -> Watch:
    """Return what this process watches."""
    return _watch


def by_seq(row: tuple[Any, ...]) -> int:
    """Return the number of a fact that stands first in a row."""
    return int(row[0])


def compare(given: Sequence[Given | None]) -> tuple[bool, float, bool]:
    """Say whether what several coders gave for one dimension differs, by how much, and whether one has no number.

    Parameters
    ----------
    given : sequence of Given or None
        None where a coder gave nothing, since the dimension did not apply.

    Returns
    -------
    tuple of bool, float and bool
    """
    numbers = [g.value for g in given if g is not None and g.value is not None]
    spread = max(numbers) - min(numbers) if numbers else 0.0
    uneven = bool(numbers) and len(numbers) < len(given)
    same = len({(g.value, g.reason) if g is not None else None for g in given}) <= 1
    return not same, spread, uneven


def differences(standings: Sequence[Standing]) -> dict[str, Difference]:
    """Return how far the coders of some tapes are apart, by the id of the tape; only of those that all have locked."""
    ready = [s for s in standings if not s.waiting]
    side_of = {side: s.id for s in ready for side in s.sides}
    if not side_of:
        return {}
    sessions = sorted({s.session for s in ready})
    given: dict[tuple[str, str], dict[str, Given]] = {}
    # Sorted here: asked for in order, SQLite would rather read all ratings of the study by their kind.
    for _, assignment, item, value, reason in sorted(
        _rows(
            "SELECT seq, assignment, item, value, reason FROM store_fact WHERE kind = 'rating' "
            f"AND session IN ({', '.join(['%s'] * len(sessions))})",
            sessions,
        ),
        key=by_seq,
    ):
        if assignment in side_of:
            of = given.setdefault((side_of[assignment], item), {})
            of.pop(assignment, None)
            if value is not None or reason is not None:
                of[assignment] = Given(value, reason)
    coders = {s.id: s.sides for s in ready}
    found = {s.id: Difference() for s in ready}
    for (tape, _), by_side in given.items():
        if by_side:
            differ, spread, uneven = compare([by_side.get(side) for side in coders[tape]])
            old = found[tape]
            found[tape] = Difference(
                old.differ + differ, old.of + 1, max(old.most, spread), old.uneven + uneven
            )
    return found
