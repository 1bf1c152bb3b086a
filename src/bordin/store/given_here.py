"""What was given in the workbench, as rows for the flat files: locked ratings, agreed values, marks, forms."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bordin.coding.system import CodingSystem
from bordin.missing import Missing
from bordin.store.blind import union
from bordin.store.people import query, withdrawn
from bordin.store.responses import answers_of_study
from bordin.study.study import Study

Row = dict[str, Any]

PRACTICE = "practice"
# Who is the one coder of a session where several rated it, first things first.
_STANDING = {"rate": 0, "rating": 0, "double": 1, "calibration": 2}


@dataclass(frozen=True)
class Assigned:
    """An assignment as the lead's data show it."""

    id: str
    coder: str
    session: str
    participant: str
    coding: str
    name: str
    position: int
    reading: int
    purpose: str


class GivenHere:
    """What the record holds up to a fact, without those who withdrew.

    Parameters
    ----------
    study : Study
    up_to : int
        Number of the last fact that counts.

    Attributes
    ----------
    withdrawn : frozenset of str
        Participants.
    """

    def __init__(self, study: Study, up_to: int) -> None:
        self.study, self.up_to = study, up_to
        self.withdrawn = frozenset(withdrawn(up_to))
        self.whose: dict[str, str] = dict(query("SELECT id, participant_id FROM store_session"))
        self.assigned = [
            a for a in (Assigned(*row) for row in self._assignments()) if a.participant not in self.withdrawn
        ]
        self.locks: dict[str, int] = {}
        self._first_lock: dict[str, int] = {}
        for seq, kind, assignment in self._facts("seq, kind, assignment", "lock", "reopen"):
            if kind == "lock":
                self.locks[assignment] = seq
                self._first_lock.setdefault(assignment, seq)
            else:
                self.locks.pop(assignment, None)

    def _assignments(self) -> list[tuple[Any, ...]]:
        return query(
            "SELECT a.id, c.name, a.session_id, s.participant_id, a.coding, a.name, a.position, a.reading, a.purpose "
            "FROM store_assignment a JOIN store_account c ON c.id = a.coder_id JOIN store_session s "
            "ON s.id = a.session_id WHERE a.fact <= %s ORDER BY a.coding, c.name, a.position",
            [self.up_to],
        )

    def _facts(self, columns: str, *kinds: str) -> list[tuple[Any, ...]]:
        marks = ", ".join(["%s"] * len(kinds))
        return query(
            f"SELECT {columns} FROM store_fact WHERE kind IN ({marks}) AND seq <= %s ORDER BY seq",
            [*kinds, self.up_to],
        )

    def locked(self, coding: str, *, practice: bool = False) -> list[Assigned]:
        """Return the locked assignments of a coding system, those of practice or all others."""
        return [
            a
            for a in self.assigned
            if a.coding == coding and a.id in self.locks and (a.purpose == PRACTICE) == practice
        ]

    def ratings(self, coding: str, *, practice: bool = False) -> list[Row]:
        """Return a row a rating: session, participant, coder, dimension, value or reason, order, reading, designated."""
        system, use = self.study.systems[coding], self.study.coding_use(coding)
        held = self.locked(coding, practice=practice)
        values: dict[str, dict[str, tuple[float | None, str | None]]] = {a.id: {} for a in held}
        for assignment, item, value, reason in self._facts("assignment, item, value, reason", "rating"):
            if assignment in values:
                values[assignment].pop(item, None)
                if value is not None or reason is not None:
                    values[assignment][item] = (value, reason)
        chief, order = self._designated(held), self._order(held)
        found: list[Row] = []
        for a in held:
            for d in system.dimensions:
                if f"{coding}.{d.id}" in values[a.id]:
                    row = _rating_row(
                        a.session, a.participant, a.coder, d.id, values[a.id][f"{coding}.{d.id}"], system
                    )
                    row |= {"order": order[a.id], "reading": a.reading}
                    if use.designated is not None:
                        row[use.designated] = 1 if chief.get(a.session) == a.id else 0
                    found.append(row)
        return found

    def _order(self, held: Sequence[Assigned]) -> dict[str, int]:
        """Number each coder's tapes in the order in which they were locked first."""
        number: dict[str, int] = {}
        order = {}
        for a in sorted(held, key=lambda a: self._first_lock[a.id]):
            number[a.coder] = number.get(a.coder, 0) + 1
            order[a.id] = number[a.coder]
        return order

    def _designated(self, held: Sequence[Assigned]) -> dict[str, str]:
        """Say whose rating of each session is the one that counts.

        It is that of the coder the session was allocated to first. Among equals the lowest id decides: ids are drawn
        at random before anything is rated.
        """
        ids = {a.id for a in held}
        best: dict[str, Assigned] = {}
        for a in self.assigned:
            if a.reading == 1 and a.id in ids:
                other = best.setdefault(a.session, a)
                if (_STANDING.get(a.purpose, 3), a.id) < (_STANDING.get(other.purpose, 3), other.id):
                    best[a.session] = a
        return {session: a.id for session, a in best.items()}

    def agreed(self, coding: str) -> list[Row]:
        """Return a row an agreed value, under the name that the protocol has for them."""
        system, name = self.study.systems[coding], self.study.coding_use(coding).consensus
        last: dict[tuple[str, str], tuple[float | None, str | None]] = {}
        for session, item, value, reason in self._facts("session, item, value, reason", "agreed"):
            if item.partition(".")[0] == coding and self.whose.get(session) not in self.withdrawn:
                last[session, item.partition(".")[2]] = (value, reason)
        number: dict[str, int] = {}
        found = []
        for (session, dimension), given in last.items():
            if given != (None, None):
                row = _rating_row(session, self.whose.get(session, ""), name, dimension, given, system)
                # Agreed values stand among ordered ratings, so they need an order too: that of the settling.
                found.append(row | {"order": number.setdefault(session, len(number) + 1)})
        return found

    def marks(self, coding: str) -> list[Row]:
        """Return a row an evidence mark of the locked assignments."""
        held = {a.id: a for a in self.locked(coding)}
        marks: dict[tuple[str, str], Row] = {}
        for assignment, kind, item, value, detail, text in query(
            "SELECT f.assignment, f.kind, f.item, f.value, f.detail, t.text FROM store_fact f LEFT JOIN store_erasable "
            "t ON t.fact = f.seq WHERE f.kind IN ('mark', 'unmark') AND f.seq <= %s ORDER BY f.seq",
            [self.up_to],
        ):
            if assignment not in held:
                continue
            name = json.loads(detail)["mark"]
            marks.pop((assignment, name), None)
            if kind == "mark":
                a = held[assignment]
                marks[assignment, name] = {
                    "session": a.session,
                    "participant": a.participant,
                    "coder": a.coder,
                    "code": item.partition(".")[2],
                    "start": value,
                    "unit": f"{assignment}-{name}",
                    "reading": a.reading,
                    "note": text or "",
                }
        return sorted(marks.values(), key=lambda m: (m["session"], m["coder"], m["reading"], m["start"]))

    def forms(self) -> Iterator[tuple[str, Row]]:
        """Yield the instrument and a row of each form that counts."""
        for given in answers_of_study():
            if given.participant not in self.withdrawn:
                yield (
                    given.instrument,
                    {
                        "participant": given.participant,
                        "session": given.session,
                        "occasion": given.occasion,
                        **given.answers,
                    },
                )

    def heard(self) -> list[Row]:
        """Return a row an assignment: how much of the tape was played."""
        stretches: dict[str, list[tuple[float, float]]] = {}
        for assignment, detail in self._facts("assignment, detail", "play"):
            play = json.loads(detail)
            stretches.setdefault(assignment, []).append((play["start"], play["end"]))
        said: dict[str, float] = {}
        for assignment, detail in self._facts("assignment, detail", "lock"):
            share = json.loads(detail or "{}").get("heard")
            if share is not None:
                said[assignment] = share
        found = []
        for a in self.assigned:
            seconds = sum(end - start for start, end in union(stretches.get(a.id, [])))
            found.append(
                {
                    "session": a.session,
                    "coder": a.coder,
                    "coding": a.coding,
                    "reading": a.reading,
                    "seconds": round(seconds, 3),
                    "share": said.get(a.id),
                }
            )
        return found

    def guesses(self) -> list[Row]:
        """Return a row a guess of what is hidden."""
        known = {a.id: a for a in self.assigned}
        return [
            {
                "session": known[assignment].session,
                "coder": known[assignment].coder,
                "coding": known[assignment].coding,
                "what": item,
                "guess": reason,
                "confidence": value,
            }
            for assignment, item, reason, value in self._facts("assignment, item, reason, value", "guess")
            if assignment in known
        ]

    def allocation(self) -> list[Row]:
        """Return a row an assignment: who was to code what in which order."""
        return [
            {
                "session": a.session,
                "coder": a.coder,
                "coding": a.coding,
                "tape": a.name,
                "position": a.position,
                "reading": a.reading,
                "purpose": a.purpose,
                "locked": "yes" if a.id in self.locks else "no",
            }
            for a in self.assigned
        ]


def _rating_row(
    session: str,
    participant: str,
    coder: str,
    dimension: str,
    given: tuple[float | None, str | None],
    system: CodingSystem,
) -> Row:
    value, reason = given
    row: Row = {"session": session, "participant": participant, "coder": coder, "dimension": dimension}
    declared = reason is not None and any(a.matches(reason) for a in system.dimension(dimension).absences)
    # A bare kind of missing, such as "not applicable", stands in place of the value.
    return row | {
        "value": value if reason is None or declared else reason,
        "reason": reason if declared else None,
    }


def wide(rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Return ratings as a row a session, coder and reading: a column a dimension, a reason in place of a value."""
    found: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = (row["session"], row["coder"], row.get("reading") or 1)
        own = found.setdefault(
            key, {k: v for k, v in row.items() if k not in {"dimension", "value", "reason"}}
        )
        own[row["dimension"]] = row["reason"] if row["value"] is None else row["value"]
    return list(found.values())


def long_answers(instrument: str, rows: Sequence[Row], keys: Sequence[str]) -> list[Row]:
    """Return forms as a row an answer."""
    return [
        {k: row[k] for k in ("participant", "session", "occasion")}
        | {"instrument": instrument, "item": key, "value": row.get(key, Missing.NOT_ANSWERED)}
        for row in rows
        for key in keys
    ]
