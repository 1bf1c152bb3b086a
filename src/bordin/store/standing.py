"""Who rated what so far: read from the record once, then kept up to date fact by fact.

The record only grows, and its facts are numbered, so a reader that has seen all up to one number needs to read what
came after and nothing else. That keeps the lead's pages fast when half a million ratings lie in the record.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection

FloatArray = npt.NDArray[np.float64]

PRACTICE = "practice"
BLOCK = 5_000


@dataclass(slots=True)
class Given:
    """What one coder gave, or is to give, for one session.

    Attributes
    ----------
    assignment : str
        Empty for ratings that were read in.
    coder, session, coding : str
    position, reading : int
    purpose : str
    place : int
        Row of the values of its coding system.
    locked : bool
    first_lock : int
        Number of the fact that locked it first, 0 before that.
    heard : float or None
        Share of the tape that was played, as of the last lock.
    withdrawn : bool
        The coder left before doing it.
    designated : bool
        A column of the file that was read in marks it as the one that counts.
    """

    assignment: str
    coder: str
    session: str
    coding: str
    position: int
    reading: int
    purpose: str
    place: int
    locked: bool = False
    first_lock: int = 0
    heard: float | None = None
    withdrawn: bool = False
    designated: bool = False

    @property
    def counts(self) -> bool:
        """Whether its values count: locked, and not for practice."""
        return self.locked and self.purpose != PRACTICE


@dataclass(frozen=True)
class LockedRatings:
    """Locked ratings of one coding system as sessions by coders by dimensions.

    Attributes
    ----------
    coding : str
    sessions, coders, dimensions : tuple of str
        Coders in alphabetical order; the gold standard and the agreed values are none.
    values, again : ndarray (n_sessions, n_coders, n_dimensions)
        First and second readings, NaN where there is no number.
    order, order_again : ndarray (n_sessions, n_coders)
        The coder's own running number of the tape, at its first and its second reading.
    designated : ndarray of bool (n_sessions, n_coders)
        Marked, in a file that was read in, as the rating that counts.
    unordered : frozenset of str
        Coders of whom it is not known in which order they rated: earlier ratings often come without it.
    """

    coding: str
    sessions: tuple[str, ...]
    coders: tuple[str, ...]
    dimensions: tuple[str, ...]
    values: FloatArray = field(repr=False)
    again: FloatArray = field(repr=False)
    order: FloatArray = field(repr=False)
    order_again: FloatArray = field(repr=False)
    designated: npt.NDArray[np.bool_] = field(repr=False)
    unordered: frozenset[str] = frozenset()

    @property
    def n_ratings(self) -> int:
        """Numbers among first and second readings."""
        return int(np.isfinite(self.values).sum() + np.isfinite(self.again).sum())


def rows(sql: str, parameters: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a query, some thousand at a time."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        while block := cursor.fetchmany(BLOCK):
            yield from block


def many_rows(sql: str, parameters: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a query that may have hundreds of thousands, which PostgreSQL then keeps itself."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, parameters)
        while block := cursor.fetchmany(BLOCK):
            yield from block


def last_fact(*kinds: str) -> int:
    """Return the number of the last fact of some kinds, of any kind when none is named; 0 without one."""
    if not kinds:
        found = next(rows("SELECT coalesce(max(seq), 0) FROM store_fact"))
        return int(found[0])
    # A question a kind, so that each is one look into the index.
    each = ", ".join("(SELECT coalesce(max(seq), 0) FROM store_fact WHERE kind = %s)" for _ in kinds)
    return max(int(n) for n in next(rows(f"SELECT {each}", kinds)))


class Standing:
    """The record as far as it was read.

    Parameters
    ----------
    dimensions : mapping
        Coding system to its dimensions, in order.
    practice : sequence of str
        Sessions for practice: earlier ratings of them do not count either.
    """

    def __init__(self, dimensions: Mapping[str, Sequence[str]], practice: Sequence[str] = ()) -> None:
        self.practice = frozenset(practice)
        self.dimensions = {coding: tuple(own) for coding, own in dimensions.items()}
        self.seq, self.hash = 0, ""
        self.given: list[Given] = []
        self.dropped: set[str] = set()
        self.participant_of: dict[str, str] = {}
        self._place = {c: {d: i for i, d in enumerate(own)} for c, own in self.dimensions.items()}
        self._by_id: dict[str, Given] = {}
        self._read_in: dict[tuple[str, str, str, int], Given] = {}
        self._without_order: set[tuple[str, str]] = set()
        self._values = {c: np.full((0, len(own)), np.nan) for c, own in self.dimensions.items()}
        self._used = dict.fromkeys(self.dimensions, 0)
        self._rated_to = 0

    # ------------------------------------------------------------ reading

    def follows(self) -> bool:
        """Say whether the record still holds what was read: it does not when a backup was put in its place."""
        if not self.seq:
            return True
        held = list(rows("SELECT hash FROM store_fact WHERE seq = %s", [self.seq]))
        return held == [(self.hash,)]

    def read_states(self) -> None:
        """Bring assignments, locks and withdrawals up to date."""
        head = last_fact()
        if head == self.seq:
            return
        self._read_assignments(head)
        for seq, kind, assignment, item, detail in many_rows(
            "SELECT seq, kind, assignment, item, detail FROM store_fact "
            "WHERE kind IN ('lock', 'reopen', 'withdrawal') AND seq > %s AND seq <= %s ORDER BY seq",
            [self.seq, head],
        ):
            told = json.loads(detail) if detail else {}
            if kind == "withdrawal":
                if told.get("ratings") == "dropped":
                    self.dropped.add(item)
                continue
            given = self._by_id.get(assignment)
            if given is None:
                continue
            given.locked = kind == "lock"
            if kind == "lock":
                given.first_lock = given.first_lock or seq
                given.heard = told.get("heard", given.heard)
        self.seq = head
        self.hash = next(rows("SELECT hash FROM store_fact WHERE seq = %s", [head]))[0]

    def _read_assignments(self, head: int) -> None:
        for id, coder, session, coding, position, reading, purpose in many_rows(
            "SELECT a.id, c.name, a.session_id, a.coding, a.position, a.reading, a.purpose FROM store_assignment a "
            "JOIN store_account c ON c.id = a.coder_id WHERE a.fact > %s AND a.fact <= %s ORDER BY a.fact, a.id",
            [self.seq, head],
        ):
            if coding in self.dimensions:
                one = self._new(id, coder, session, coding, position, reading, purpose)
                self._by_id[id] = one
        for (detail,) in rows(
            "SELECT detail FROM store_fact WHERE kind = 'allocation' AND seq > %s AND seq <= %s ORDER BY seq",
            [self.seq, head],
        ):
            for id in (json.loads(detail) if detail else {}).get("withdrawn", ()):
                if id in self._by_id:
                    self._by_id[id].withdrawn = True
        self.participant_of = dict(rows("SELECT id, participant_id FROM store_session"))

    def _new(
        self, id: str, coder: str, session: str, coding: str, position: int, reading: int, purpose: str
    ) -> Given:
        place = self._used[coding]
        self._used[coding] = place + 1
        if place >= len(self._values[coding]):
            more = np.full((max(256, place), len(self.dimensions[coding])), np.nan)
            self._values[coding] = np.concatenate([self._values[coding], more])
        one = Given(id, coder, session, coding, position, reading, purpose, place)
        self.given.append(one)
        return one

    def read_ratings(self) -> None:
        """Bring the values up to date, as far as the states were read."""
        for assignment, item, value in many_rows(
            "SELECT assignment, item, value FROM store_fact WHERE kind = 'rating' AND seq > %s AND seq <= %s "
            "ORDER BY seq",
            [self._rated_to, self.seq],
        ):
            given = self._by_id.get(assignment)
            if given is not None:
                self._put(given, item, value)
        for seq, session, coder, item, value, reading, detail in many_rows(
            "SELECT seq, session, coder, item, value, reading, detail FROM store_fact "
            "WHERE kind = 'import rating' AND seq > %s AND seq <= %s ORDER BY seq",
            [self._rated_to, self.seq],
        ):
            coding = item.partition(".")[0]
            if coding not in self.dimensions:
                continue
            key = (coding, coder, session, reading or 1)
            one = self._read_in.get(key)
            if one is None:
                purpose = PRACTICE if session in self.practice else "read in"
                one = self._new("", coder, session, coding, 0, reading or 1, purpose)
                one.locked, one.first_lock = True, seq
                self._read_in[key] = one
            self._put(one, item, value)
            told = json.loads(detail) if detail else {}
            one.designated = one.designated or bool(told.get("designated"))
            if told.get("order") is None:
                self._without_order.add((coding, coder))
        self._rated_to = self.seq

    def _put(self, given: Given, item: str, value: float | None) -> None:
        coding, _, dimension = item.partition(".")
        place = self._place.get(coding, {}).get(dimension)
        if place is not None and coding == given.coding:
            self._values[coding][given.place, place] = np.nan if value is None else value

    # ------------------------------------------------------------ what it says

    def is_dropped(self, session: str) -> bool:
        """Say whether the participant of a session withdrew the ratings too."""
        return bool(self.dropped) and self.participant_of.get(session) in self.dropped

    def counted(self, coding: str) -> list[Given]:
        """Return what counts for a coding system: locked, not practice, not withdrawn; an own rating before one read in."""
        found: dict[tuple[str, str, int], Given] = {}
        for g in self.given:
            if g.coding == coding and g.counts and not self.is_dropped(g.session):
                key = (g.coder, g.session, g.reading)
                if key not in found or g.assignment:
                    found[key] = g
        return list(found.values())

    def locked_ratings(self, coding: str, *, but: Sequence[str] = ()) -> LockedRatings:
        """Arrange what counts.

        Parameters
        ----------
        coding : str
        but : sequence of str
            Names that are no coders: the gold standard, the agreed values.

        Returns
        -------
        LockedRatings
        """
        own = sorted((g for g in self.counted(coding) if g.coder not in but), key=lambda g: g.first_lock)
        sessions = {s: i for i, s in enumerate(dict.fromkeys(g.session for g in own))}
        coders = {c: i for i, c in enumerate(sorted({g.coder for g in own}))}
        dimensions = self.dimensions[coding]
        shape = (len(sessions), len(coders), len(dimensions))
        values, again = np.full(shape, np.nan), np.full(shape, np.nan)
        order, order_again = np.full(shape[:2], np.nan), np.full(shape[:2], np.nan)
        marked = np.zeros(shape[:2], dtype=bool)
        number = dict.fromkeys(coders, 0)
        for g in own:
            number[g.coder] += 1
            at = sessions[g.session], coders[g.coder]
            (values if g.reading == 1 else again)[at] = self._values[coding][g.place]
            (order if g.reading == 1 else order_again)[at] = number[g.coder]
            marked[at] |= g.designated
        unordered = frozenset(c for c in coders if (coding, c) in self._without_order)
        names = tuple(sessions), tuple(coders), dimensions
        return LockedRatings(coding, *names, values, again, order, order_again, marked, unordered)

    def complete(self, coding: str) -> set[str]:
        """Return the sessions that all their coders have locked; what is open keeps a session out."""
        open_ = {
            g.session
            for g in self.given
            if g.coding == coding and not g.locked and not g.withdrawn and g.purpose != PRACTICE
        }
        return {g.session for g in self.counted(coding)} - open_
