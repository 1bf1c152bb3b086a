"""What the pages of a coder read: neutral names and the coder's own values, and nothing that could tell.

The only module of the store that the coder's screens import. No query here names an arm, an outcome, a date, a session
number, a file or another coder.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from django.db import connection


@dataclass(frozen=True)
class Given:
    """A coder's value on one dimension: a number, or the reason why there is none."""

    value: float | None
    reason: str | None


@dataclass(frozen=True)
class Mark:
    """An evidence mark: a moment of the tape that supports a rating."""

    id: str
    item: str
    seconds: float
    note: str


@dataclass(frozen=True)
class OwnAssignment:
    """One assignment as its coder may know it.

    Attributes
    ----------
    id, name, coding, purpose : str
        The purpose is practice or rate: a calibration tape is not told from the others.
    position : int
    tape : str
        Name of the tape in the vault: for the server, never for a page.
    minutes : float or None
        Length of the tape.
    locked : bool
    released : bool
        The coder may see how others rated it. A second reading never is: its first one is, under its own name.
    """

    id: str
    name: str
    coding: str
    purpose: str
    position: int
    tape: str
    minutes: float | None
    locked: bool
    released: bool


@dataclass(frozen=True)
class Progress:
    """How far a coder is with an assignment.

    Attributes
    ----------
    rated, marks : int
    heard : float
        Seconds of the tape.
    stopped_at : float
        Where the last stretch that was played ended, in seconds.
    begun : bool
    """

    rated: int
    marks: int
    heard: float
    stopped_at: float
    begun: bool


@dataclass(frozen=True)
class OwnState:
    """What a coder gave so far for one assignment."""

    ratings: dict[str, Given]
    marks: tuple[Mark, ...]
    memo: str
    heard: tuple[tuple[float, float], ...]
    stopped_at: float


def _rows(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


_ASSIGNMENTS = (
    "SELECT a.id, a.name, a.coding, a.purpose, a.position, s.tape, s.minutes, "
    "(SELECT f.kind FROM store_fact f WHERE f.assignment = a.id AND f.kind IN ('lock', 'reopen') "
    "ORDER BY f.seq DESC LIMIT 1), "
    "a.reading = 1 AND a.purpose <> 'practice' "
    "AND EXISTS (SELECT 1 FROM store_fact f WHERE f.kind = 'release' AND f.session = a.session_id AND f.item = a.coding) "
    # Not as long as the coder has to rate it, be it a second time.
    "AND NOT EXISTS (SELECT 1 FROM store_assignment b WHERE b.coder_id = a.coder_id AND b.session_id = a.session_id "
    "AND b.coding = a.coding AND coalesce((SELECT f.kind FROM store_fact f WHERE f.assignment = b.id "
    "AND f.kind IN ('lock', 'reopen') ORDER BY f.seq DESC LIMIT 1), '') <> 'lock') "
    "FROM store_assignment a JOIN store_session s ON s.id = a.session_id WHERE a.coder_id = %s "
)


def is_closed() -> bool:
    """Say whether the lead has locked the data, so that nobody can rate."""
    found = _rows(
        "SELECT kind FROM store_fact WHERE kind IN ('data lock', 'data unlock') ORDER BY seq DESC LIMIT 1", []
    )
    return bool(found) and found[0][0] == "data lock"


def own_assignments(account: int) -> list[OwnAssignment]:
    """Return all assignments of a coder, practice first, in the order in which they come."""
    rows = _rows(
        _ASSIGNMENTS + "ORDER BY CASE a.purpose WHEN 'practice' THEN 0 ELSE 1 END, a.position", [account]
    )
    return [_assignment(row) for row in rows]


def own_assignment(account: int, assignment: str) -> OwnAssignment | None:
    """Return one assignment, or None when the coder has none of that name."""
    rows = _rows(_ASSIGNMENTS + "AND a.id = %s", [account, assignment])
    return _assignment(rows[0]) if rows else None


def _assignment(row: Sequence[Any]) -> OwnAssignment:
    id, name, coding, purpose, position, tape, minutes, state, released = row
    return OwnAssignment(
        id=id,
        name=name,
        coding=coding,
        purpose="practice" if purpose == "practice" else "rate",
        position=position,
        tape=tape,
        minutes=minutes,
        locked=state == "lock",
        released=bool(released),
    )


def own_work(account: int, assignment: str) -> tuple[str, bool] | None:
    """Return what every save has to know of an assignment, in one small question.

    Returns
    -------
    tuple of str and bool, or None
        Its coding system, and whether its coder has given or heard anything of it; None when the coder has none of
        that name.
    """
    rows = _rows(
        "SELECT a.coding, EXISTS (SELECT 1 FROM store_fact f WHERE f.assignment = a.id "
        "AND f.kind IN ('play', 'rating', 'mark', 'memo')) FROM store_assignment a "
        "WHERE a.id = %s AND a.coder_id = %s",
        [assignment, account],
    )
    return (rows[0][0], bool(rows[0][1])) if rows else None


def own_state(assignment: str) -> OwnState:
    """Return what was given for an assignment so far: of each thing the last fact counts."""
    ratings: dict[str, Given] = {}
    marks: dict[str, Mark] = {}
    memo = ""
    for kind, item, value, reason, detail, text in _rows(
        "SELECT f.kind, f.item, f.value, f.reason, f.detail, t.text FROM store_fact f "
        "LEFT JOIN store_erasable t ON t.fact = f.seq WHERE f.assignment = %s "
        "AND f.kind IN ('rating', 'mark', 'unmark', 'memo') ORDER BY f.seq",
        [assignment],
    ):
        if kind == "rating":
            ratings.pop(item, None)
            if value is not None or reason is not None:
                ratings[item] = Given(value, reason)
        elif kind == "memo":
            memo = text or ""
        else:
            name = json.loads(detail)["mark"]
            marks.pop(name, None)
            if kind == "mark":
                marks[name] = Mark(name, item, value, text or "")
    played = _played(assignment)
    return OwnState(
        ratings=ratings,
        marks=tuple(sorted(marks.values(), key=lambda m: m.seconds)),
        memo=memo,
        heard=union(played),
        stopped_at=played[-1][1] if played else 0.0,
    )


def heard(assignment: str) -> tuple[tuple[float, float], ...]:
    """Return the stretches of tape that were played, joined where they touch, in seconds."""
    return union(_played(assignment))


def _played(assignment: str) -> list[tuple[float, float]]:
    """Return the stretches of tape that were played, in seconds, in the order in which they were."""
    found = _rows(
        "SELECT detail FROM store_fact WHERE assignment = %s AND kind = 'play' ORDER BY seq", [assignment]
    )
    plays = [json.loads(detail) for (detail,) in found]
    return [(play["start"], play["end"]) for play in plays]


def union(stretches: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Join stretches that overlap or lie within a quarter of a second of each other."""
    joined: list[tuple[float, float]] = []
    for start, end in sorted(stretches):
        if joined and start <= joined[-1][1] + 0.25:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)


def progress(assignments: Sequence[str]) -> dict[str, Progress]:
    """Return how far each of a coder's own assignments is; a few at a time, such as those of one page."""
    if not assignments:
        return {}
    given: dict[str, dict[str, bool]] = {a: {} for a in assignments}
    marks: dict[str, set[str]] = {a: set() for a in assignments}
    played: dict[str, list[tuple[float, float]]] = {a: [] for a in assignments}
    holders = ", ".join(["%s"] * len(assignments))
    for assignment, kind, item, value, reason, detail in _rows(
        "SELECT assignment, kind, item, value, reason, detail FROM store_fact WHERE "
        f"assignment IN ({holders}) AND kind IN ('rating', 'mark', 'unmark', 'play') ORDER BY seq",
        assignments,
    ):
        if kind == "rating":
            given[assignment][item] = value is not None or reason is not None
        elif kind == "play":
            play = json.loads(detail)
            played[assignment].append((play["start"], play["end"]))
        else:
            change = marks[assignment].add if kind == "mark" else marks[assignment].discard
            change(json.loads(detail)["mark"])
    return {
        a: Progress(
            rated=sum(given[a].values()),
            marks=len(marks[a]),
            heard=sum(end - start for start, end in union(played[a])),
            stopped_at=played[a][-1][1] if played[a] else 0.0,
            begun=bool(given[a] or marks[a] or played[a]),
        )
        for a in assignments
    }


def minutes_a_tape(account: int, most: int = 20) -> float | None:
    """Return the median time from first touch to lock of a coder's latest tapes, in minutes.

    A tape that was left lying for more than six hours does not enter.
    """
    times = []
    for first, last in _rows(
        "SELECT (SELECT f.at FROM store_fact f WHERE f.assignment = l.assignment AND f.kind IN ('play', 'rating') "
        # In this order, or a coder without a lock would have those of everybody read.
        "ORDER BY f.seq LIMIT 1), l.at FROM store_assignment a CROSS JOIN store_fact l "
        "WHERE l.assignment = a.id AND l.kind = 'lock' AND a.coder_id = %s ORDER BY l.seq DESC LIMIT %s",
        [account, most],
    ):
        if first is not None:
            minutes = (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds() / 60
            if minutes <= 360:
                times.append(minutes)
    return median(times) if times else None


def levels(column: str) -> tuple[str, ...]:
    """Return what there is to guess about, such as the arms of the study: a list, and nothing about any tape."""
    if column not in {"arm", "therapist"}:
        return ()
    found = _rows(
        f"SELECT DISTINCT {column} FROM store_participant WHERE {column} IS NOT NULL ORDER BY 1", []
    )
    return tuple(level for (level,) in found)
