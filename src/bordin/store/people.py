"""Participants and sessions, for the lead's pages: neither arm nor outcome nor date is asked for here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from bordin.store.record import Transaction
from bordin.store.writer import write

A_PAGE = 100


@dataclass(frozen=True)
class Person:
    """A row of the page on people.

    Attributes
    ----------
    id : str
    sessions, tapes, forms : int
        Sessions, those with a tape in the vault, and forms that were answered here.
    withdrawn : str
        When consent was withdrawn; empty when it stands.
    """

    id: str
    sessions: int
    tapes: int
    forms: int
    withdrawn: str


@dataclass(frozen=True)
class TherapySession:
    """A session as the lead may see it.

    Attributes
    ----------
    id, participant : str
    number, minutes : float or None
    tape : str
        Neutral name of its tape in the vault, empty when there is none.
    has_tape : bool or None
        What the sessions file says.
    assigned, locked : int
        Assignments, and those that are locked.
    """

    id: str
    participant: str
    number: float | None
    minutes: float | None
    tape: str
    has_tape: bool | None
    assigned: int
    locked: int


@dataclass(frozen=True)
class Listing:
    """One page of a list.

    Attributes
    ----------
    rows : tuple
    total : int
        How many there are on all pages.
    page, pages : int
        From 1.
    """

    rows: tuple[Any, ...]
    total: int
    page: int

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(1, -(-self.total // A_PAGE))


def query(sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def withdrawn(up_to: int | None = None) -> dict[str, str]:
    """Return who withdrew consent: participant to ``kept`` or ``dropped``, what was said of the ratings."""
    import json

    rows = query(
        "SELECT item, detail FROM store_fact WHERE kind = 'withdrawal' AND seq <= %s ORDER BY seq",
        [2**62 if up_to is None else up_to],
    )
    return {item: json.loads(detail)["ratings"] for item, detail in rows}


def unblinded(what: str) -> bool:
    """Say whether the arm or the outcome was unblinded."""
    return bool(query("SELECT 1 FROM store_fact WHERE kind = 'unblinding' AND item = %s LIMIT 1", [what]))


def data_locked() -> bool:
    """Say whether the data are locked."""
    rows = query(
        "SELECT kind FROM store_fact WHERE kind IN ('data lock', 'data unlock') ORDER BY seq DESC LIMIT 1"
    )
    return bool(rows) and rows[0][0] == "data lock"


def _like(search: str) -> str:
    text = search.strip().lower()
    for sign in ("!", "%", "_"):
        text = text.replace(sign, f"!{sign}")
    return f"%{text}%"


def list_people(search: str = "", page: int = 1) -> Listing:
    """Return a page of the participants whose id, or a session's id, holds the words."""
    where, parameters = "", []
    if search.strip():
        where = (
            "WHERE lower(p.id) LIKE %s ESCAPE '!' OR p.id IN "
            "(SELECT participant_id FROM store_session WHERE lower(id) LIKE %s ESCAPE '!')"
        )
        parameters = [_like(search)] * 2
    total = query(f"SELECT count(*) FROM store_participant p {where}", parameters)[0][0]
    page = min(max(1, page), max(1, -(-total // A_PAGE)))
    rows = query(
        "SELECT p.id, (SELECT count(*) FROM store_session s WHERE s.participant_id = p.id), "
        "(SELECT count(*) FROM store_session s WHERE s.participant_id = p.id AND s.tape <> '') "
        f"FROM (SELECT p.id FROM store_participant p {where} ORDER BY p.id LIMIT %s OFFSET %s) p ORDER BY p.id",
        [*parameters, A_PAGE, (page - 1) * A_PAGE],
    )
    gone = dict(query("SELECT item, at FROM store_fact WHERE kind = 'withdrawal' ORDER BY seq"))
    forms = _forms([r[0] for r in rows])
    found = tuple(Person(id, n, t, forms.get(id, 0), gone.get(id, "")[:10]) for id, n, t in rows)
    return Listing(found, total, page)


def _forms(people: Sequence[str]) -> dict[str, int]:
    if not people:
        return {}
    marks = ", ".join(["%s"] * len(people))
    return dict(
        query(
            "SELECT i.participant_id, count(*) FROM store_invitation i WHERE i.participant_id IN "
            f"({marks}) AND i.id IN (SELECT item FROM store_fact WHERE kind IN ('response', 'paper')) "
            "GROUP BY i.participant_id",
            list(people),
        )
    )


def list_sessions(participant: str | None = None, search: str = "", page: int = 1) -> Listing:
    """Return a page of the sessions, of one participant or of all, whose id holds the words."""
    wanted, parameters = [], []
    if participant is not None:
        wanted.append("s.participant_id = %s")
        parameters.append(participant)
    if search.strip():
        wanted.append("(lower(s.id) LIKE %s ESCAPE '!' OR lower(s.tape) LIKE %s ESCAPE '!')")
        parameters += [_like(search)] * 2
    where = f"WHERE {' AND '.join(wanted)}" if wanted else ""
    total = query(f"SELECT count(*) FROM store_session s {where}", parameters)[0][0]
    page = min(max(1, page), max(1, -(-total // A_PAGE)))
    rows = query(
        "SELECT s.id, s.participant_id, s.number, s.minutes, s.tape, s.has_tape, "
        "(SELECT count(*) FROM store_assignment a WHERE a.session_id = s.id), "
        "(SELECT count(*) FROM store_assignment a WHERE a.session_id = s.id AND (SELECT f.kind FROM store_fact f "
        "WHERE f.assignment = a.id AND f.kind IN ('lock', 'reopen') ORDER BY f.seq DESC LIMIT 1) = 'lock') "
        # The page first, so that nothing is counted of the pages before it.
        f"FROM (SELECT s.* FROM store_session s {where} ORDER BY s.id LIMIT %s OFFSET %s) s ORDER BY s.id",
        [*parameters, A_PAGE, (page - 1) * A_PAGE],
    )
    found = tuple(
        TherapySession(
            id, person, number, minutes, tape, None if has is None else bool(has), assigned, locked
        )
        for id, person, number, minutes, tape, has, assigned, locked in rows
    )
    return Listing(found, total, page)


def counts() -> dict[str, int]:
    """Return how many participants, sessions and sessions with a tape there are."""
    return {
        "participants": query("SELECT count(*) FROM store_participant")[0][0],
        "sessions": query("SELECT count(*) FROM store_session")[0][0],
        "tapes": query("SELECT count(*) FROM store_session WHERE tape <> ''")[0][0],
    }


def link_tapes(tapes: Mapping[str, str], minutes: Mapping[str, float] | None = None) -> int:
    """Note which tape belongs to which session, and how long it is where no file said so.

    Parameters
    ----------
    tapes : mapping of str to str
        Session to the neutral name of its tape.
    minutes : mapping of str to float, optional
        Session to the length of its tape.

    Returns
    -------
    int
        How many sessions got a tape, or another one.
    """

    def job(t: Transaction) -> int:
        gone = {r[0] for r in t.rows("SELECT item FROM store_fact WHERE kind = 'withdrawal'")}
        held = t.rows("SELECT id, tape, participant_id FROM store_session")
        new = [
            (tapes[session], session)
            for session, tape, person in held
            if tapes.get(session, tape) != tape and person not in gone
        ]
        if new:
            t.cursor.executemany("UPDATE store_session SET tape = %s, has_tape = TRUE WHERE id = %s", new)
            lengths = [(minutes[s], s) for _, s in new if minutes and s in minutes]
            t.cursor.executemany(
                "UPDATE store_session SET minutes = %s WHERE id = %s AND minutes IS NULL", lengths
            )
        return len(new)

    return write(job)
