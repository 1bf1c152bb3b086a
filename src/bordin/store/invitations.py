"""Invitations to a form: links whose token is kept as a hash alone, and forms on paper.

There is at most one invitation for a form, participant, session and occasion, so that no questionnaire counts twice.
Where it stands, the facts say; the last one counts.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db import connection

from bordin.errors import DataError, Problem
from bordin.store.record import NewFact, Transaction
from bordin.store.standing import last_fact
from bordin.store.writer import write

# 160 bits: cannot be guessed, and still fits on one line of a letter.
TOKEN_BYTES = 20
LONGEST_TOKEN = 64
# So many at a time are asked for by their ids.
MOST_BY_ID = 500
CHANGES = ("invitation", "invitation ended", "response", "paper", "withdrawal")


class State(StrEnum):
    """Where an invitation stands."""

    OPEN = "open"
    ANSWERED = "answered"
    EXPIRED = "expired"
    TAKEN_BACK = "taken back"
    WITHDRAWN = "withdrawn"
    ON_PAPER = "on paper"
    TYPED_ONCE = "typed once"
    TO_COMPARE = "to compare"
    SETTLED = "settled"


PAPER_STATES = (State.ON_PAPER, State.TYPED_ONCE, State.TO_COMPARE, State.SETTLED)
HAS_ANSWERS = (State.ANSWERED, State.TYPED_ONCE, State.TO_COMPARE, State.SETTLED)


@dataclass(frozen=True)
class Place:
    """Whose form it is, and of when."""

    participant: str
    session: str | None = None
    occasion: str | None = None


@dataclass(frozen=True)
class NewLink:
    """A link that was just made: the only time that its token is known.

    Attributes
    ----------
    id, token : str
    place : Place
    expires : datetime
    """

    id: str
    token: str
    place: Place
    expires: datetime


@dataclass(frozen=True)
class Made:
    """What came of making links: the new ones, and the places that have an invitation already, with its state."""

    links: tuple[NewLink, ...]
    kept: tuple[tuple[Place, State], ...]


@dataclass(frozen=True)
class Invited:
    """An invitation with its state.

    Attributes
    ----------
    id, form : str
    place : Place
    state : State
    expires : datetime or None
    at : str
        When it was last made ready.
    answered : str or None
        When the answers came.
    """

    id: str
    form: str
    place: Place
    state: State
    expires: datetime | None
    at: str
    answered: str | None


# Placeholders: the time now, then those of the table of invitations. The unique index on "change" finds an answer; the other kinds of facts are few.
_STATES_OF = """
WITH gone AS (SELECT DISTINCT item FROM store_fact WHERE kind = 'withdrawal'),
ended AS (SELECT item, max(seq) AS seq FROM store_fact WHERE kind = 'invitation ended' GROUP BY item),
typed AS (SELECT item, max(reading) AS reading, max(at) AS at FROM store_fact WHERE kind = 'paper' GROUP BY item)
SELECT i.id, i.form, i.participant_id AS participant, i.session_id AS session, i.occasion, i.expires, f.at,
  coalesce(r.at, typed.at) AS answered, i.fact, i.token_hash,
  CASE WHEN gone.item IS NOT NULL THEN 'withdrawn'
    WHEN r.seq IS NOT NULL THEN 'answered'
    WHEN typed.reading = 3 THEN 'settled'
    WHEN typed.reading = 2 THEN 'to compare'
    WHEN typed.reading = 1 THEN 'typed once'
    WHEN ended.seq > i.fact THEN 'taken back'
    WHEN i.token_hash IS NULL THEN 'on paper'
    WHEN i.expires <= %s THEN 'expired'
    ELSE 'open' END AS state
FROM {invitations} i
JOIN store_fact f ON f.seq = i.fact
LEFT JOIN store_fact r ON r."change" = 'response:' || i.id
LEFT JOIN gone ON gone.item = i.participant_id
LEFT JOIN ended ON ended.item = i.id
LEFT JOIN typed ON typed.item = i.id
"""
_STATES = _STATES_OF.format(invitations="store_invitation")
_LOCK = "SELECT kind FROM store_fact WHERE kind IN ('data lock', 'data unlock') ORDER BY seq DESC LIMIT 1"
_INSERT = (
    "INSERT INTO store_invitation (id, token_hash, fact, form, participant_id, session_id, occasion, expires) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
)
_UPDATE = "UPDATE store_invitation SET token_hash = %s, fact = %s, expires = %s WHERE id = %s"


def hash_token(token: str) -> str:
    """Return what is kept of a link's token."""
    return hashlib.sha256(token.encode()).hexdigest()


def stored_time(value: datetime | None) -> Any:
    """Return a time as this database's columns hold it, for use in a statement of our own."""
    return None if value is None else connection.ops.adapt_datetimefield_value(value)


def read_time(value: Any) -> datetime | None:
    """Return a time from a column that a statement of our own read."""
    if value is None:
        return None
    time = datetime.fromisoformat(value) if isinstance(value, str) else value
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


def data_are_locked(t: Transaction) -> bool:
    """Say whether nothing may be answered any more."""
    found = t.rows(_LOCK)
    return bool(found) and found[0][0] == "data lock"


def states(
    t: Transaction, where: str = "", parameters: Sequence[Any] = ()
) -> list[tuple[Invited, str | None]]:
    """Return invitations with their token hashes, as they stand within a transaction."""
    rows = t.rows(f"{_STATES} {where}", [stored_time(datetime.now(UTC)), *parameters])
    return [(_invited(row), row[9]) for row in rows]


def _invited(row: Sequence[Any]) -> Invited:
    id, form, participant, session, occasion, expires, at, answered, _, _, state = row
    place = Place(participant, session, occasion)
    return Invited(id, form, place, State(state), read_time(expires), at, answered)


def make_links(actor: str, form: str, places: Iterable[Place], days: float, *, renew: bool = False) -> Made:
    """Make a link for each place.

    Parameters
    ----------
    actor : str
    form : str
    places : iterable of Place
    days : float
        After how many days they expire.
    renew : bool
        A place whose link is open, has expired or was taken back gets a new one, and the old one is dead. Without it
        such a place keeps what it has. A form that has answers is never renewed.

    Returns
    -------
    Made

    Raises
    ------
    DataError
        When the data are locked.
    """
    wanted = list(dict.fromkeys(places))
    expires = datetime.now(UTC) + timedelta(days=days)
    new = [NewLink(_new_id(), secrets.token_urlsafe(TOKEN_BYTES), place, expires) for place in wanted]

    def job(t: Transaction) -> Made:
        _refuse_locked(t)
        there = {i.place: i for i, _ in states(t, "WHERE i.form = %s", [form])}
        gone = {row[0] for row in t.rows("SELECT item FROM store_fact WHERE kind = 'withdrawal'")}
        kept: list[tuple[Place, State]] = []
        first: list[NewLink] = []
        renewed: list[NewLink] = []
        for link in new:
            old = there.get(link.place)
            if link.place.participant in gone:
                kept.append((link.place, State.WITHDRAWN))
            elif old is None:
                first.append(link)
            elif old.state in HAS_ANSWERS or not renew:
                kept.append((link.place, old.state))
            else:
                renewed.append(replace(link, id=old.id))
        _keep_links(t, actor, form, first, renewed)
        return Made((*first, *renewed), tuple(kept))

    return write(job)


def _keep_links(
    t: Transaction, actor: str, form: str, first: Sequence[NewLink], renewed: Sequence[NewLink]
) -> None:
    facts = [_invitation(actor, form, link, renewed=False) for link in first]
    facts += [_invitation(actor, form, link, renewed=True) for link in renewed]
    numbers = t.add_all(facts)
    if first:
        t.cursor.executemany(_INSERT, [_row(form, link, n) for link, n in zip(first, numbers, strict=False)])
    for link, number in zip(renewed, numbers[len(first) :], strict=True):
        t.cursor.execute(_UPDATE, [hash_token(link.token), number, stored_time(link.expires), link.id])


def _new_id() -> str:
    alphabet = "abcdefghijkmnpqrstuvwxyz23456789"
    return "".join(secrets.choice(alphabet) for _ in range(10))


def _invitation(actor: str, form: str, link: NewLink, *, renewed: bool) -> NewFact:
    detail: dict[str, Any] = {"form": form, "participant": link.place.participant, "way": "link"}
    detail["expires"] = link.expires.isoformat(timespec="seconds")
    if link.place.occasion is not None:
        detail["occasion"] = link.place.occasion
    if renewed:
        detail["renewed"] = True
    return NewFact("invitation", actor, session=link.place.session, item=link.id, detail=detail)


def _row(form: str, link: NewLink, fact: int) -> list[Any]:
    place = link.place
    return [
        *(link.id, hash_token(link.token), fact, form, place.participant, place.session, place.occasion),
        stored_time(link.expires),
    ]


def make_paper(actor: str, form: str, place: Place) -> str:
    """Make a form on paper ready to be typed in; an open link for the same place is dead from then on.

    Returns
    -------
    str
        Id of the invitation.

    Raises
    ------
    DataError
        When the data are locked, consent was withdrawn, or the form was answered by its link.
    """
    new = _new_id()

    def job(t: Transaction) -> str:
        _refuse_locked(t)
        if t.rows(
            "SELECT 1 FROM store_fact WHERE kind = 'withdrawal' AND item = %s LIMIT 1", [place.participant]
        ):
            raise DataError(f"{place.participant} withdrew consent; no form of theirs is typed in.")
        there = {i.place: (i, token) for i, token in states(t, "WHERE i.form = %s", [form])}
        old, token = there.get(place, (None, None))
        if old is not None and old.state is State.ANSWERED:
            raise DataError("This form was answered by its link already.")
        if old is not None and token is None and old.state is not State.TAKEN_BACK:
            return old.id
        id = new if old is None else old.id
        detail = {"form": form, "participant": place.participant, "way": "paper"}
        if place.occasion is not None:
            detail["occasion"] = place.occasion
        seq = t.add(NewFact("invitation", actor, session=place.session, item=id, detail=detail))
        if old is None:
            values = [id, None, seq, form, place.participant, place.session, place.occasion, None]
            t.cursor.execute(_INSERT, values)
        else:
            t.cursor.execute(_UPDATE, [None, seq, None, id])
        return id

    return write(job)


def _refuse_locked(t: Transaction) -> None:
    if data_are_locked(t):
        raise DataError(
            Problem(
                "the data are locked; no form can be sent or typed in.",
                hint="The lead can unlock them: Data.",
            )
        )


def take_back(actor: str, id: str) -> bool:
    """Take an invitation back; return False when there is nothing to take back."""

    def job(t: Transaction) -> bool:
        found = states(t, "WHERE i.id = %s", [id])
        if not found or found[0][0].state not in {State.OPEN, State.EXPIRED, State.ON_PAPER}:
            return False
        t.add(NewFact("invitation ended", actor, session=found[0][0].place.session, item=id))
        return True

    return write(job)


def renew(actor: str, id: str, days: float) -> NewLink:
    """Make a new link for an invitation; the old one is dead.

    Raises
    ------
    DataError
        When it does not exist, has answers, or the participant withdrew.
    """
    found = invitation(id)
    if found is None:
        raise DataError("There is no such form.")
    made = make_links(actor, found.form, [found.place], days, renew=True)
    if not made.links:
        raise DataError(f"This form cannot be sent again; it is: {made.kept[0][1].value}.")
    return made.links[0]


def _read(where: str, parameters: Sequence[Any]) -> list[Invited]:
    with connection.cursor() as cursor:
        cursor.execute(f"{_STATES} {where}", [stored_time(datetime.now(UTC)), *parameters])
        return [_invited(row) for row in cursor.fetchall()]


def invitation(id: str) -> Invited | None:
    """Return an invitation by its id."""
    found = _read("WHERE i.id = %s", [id])
    return found[0] if found else None


def by_token(token: str) -> Invited | None:
    """Return the invitation that a link belongs to: looked up by the hash of the token alone."""
    if len(token) > LONGEST_TOKEN:
        return None
    found = _read("WHERE i.token_hash = %s", [hash_token(token)])
    return found[0] if found else None


def is_closed_to_data() -> bool:
    """Say whether the data are locked."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)
        row = cursor.fetchone()
    return row is not None and row[0] == "data lock"


@dataclass(frozen=True)
class Wanted:
    """Which invitations a list is to show; None or empty for all.

    Attributes
    ----------
    forms : tuple of str
    states : tuple of State
    participant : str
        A participant or session.
    """

    forms: tuple[str, ...] = ()
    states: tuple[State, ...] = ()
    participant: str = ""

    def condition(self) -> tuple[str, list[Any]]:
        """Return all but the states as a condition on the table of invitations, with its parameters."""
        parts, values = ["1 = 1"], list[Any](self.forms)
        if self.forms:
            parts.append(f"form IN ({_marks(self.forms)})")
        if self.participant:
            parts.append("(participant_id = %s OR session_id = %s)")
            values += [self.participant, self.participant]
        return " AND ".join(parts), values


def _marks(values: Sequence[object]) -> str:
    return ", ".join(["%s"] * len(values))


def listed(wanted: Wanted, *, start: int = 0, most: int = 100) -> tuple[int, list[Invited]]:
    """Return how many invitations there are, and one page of them, the newest first."""
    if not wanted.participant:
        return _listed_of_all(wanted, start, most)
    condition, values = wanted.condition()
    chosen, page = f"(SELECT * FROM store_invitation WHERE {condition})", [most, start]
    order = "ORDER BY fact DESC, id LIMIT %s OFFSET %s"
    now = stored_time(datetime.now(UTC))
    if wanted.states:
        asked = [str(s) for s in wanted.states]
        inner = f"({_STATES_OF.format(invitations=chosen)}) AS s WHERE state IN ({_marks(asked)})"
        count, rows = f"SELECT count(*) FROM {inner}", f"SELECT * FROM {inner} {order}"
        of_count = [now, *values, *asked]
        of_rows = [*of_count, *page]
    else:
        # Without a state to look for, only the invitations of this page are looked at.
        count, of_count = f"SELECT count(*) FROM {chosen} AS s", values
        inner = _STATES_OF.format(invitations=f"(SELECT * FROM {chosen} AS c {order})")
        rows, of_rows = f"SELECT * FROM ({inner}) AS s ORDER BY fact DESC, id", [now, *values, *page]
    with connection.cursor() as cursor:
        cursor.execute(count, of_count)
        (total,) = cursor.fetchone()
        cursor.execute(rows, of_rows)
        return total, [_invited(row) for row in cursor.fetchall()]


@dataclass(frozen=True)
class _All:
    """Where every invitation stands, the newest first: id, form and state; until a fact or an end changes it."""

    key: tuple[Any, ...]
    until: datetime | None
    rows: tuple[tuple[str, str, State], ...]


_all: list[_All] = []


def all_states() -> tuple[tuple[str, str, State], ...]:
    """Return where every invitation stands, the newest first: id, form and state.

    Read once until something changes, since there may be many thousands.
    """
    now, last = datetime.now(UTC), last_fact(*CHANGES)
    with connection.cursor() as cursor:
        cursor.execute("SELECT hash FROM store_fact WHERE seq = %s", [last])
        # The hash tells this record from any other that the process may have served.
        key = (connection.settings_dict["NAME"], last, cursor.fetchone())
        kept = _all[0] if _all else None
        if kept is not None and kept.key == key and (kept.until is None or now < kept.until):
            return kept.rows
        cursor.execute("SELECT min(expires) FROM store_invitation WHERE expires > %s", [stored_time(now)])
        until = read_time(cursor.fetchone()[0])
        cursor.execute(
            f"SELECT id, form, state FROM ({_STATES}) AS s ORDER BY fact DESC, id", [stored_time(now)]
        )
        rows = tuple((id, form, State(state)) for id, form, state in cursor.fetchall())
    _all[:] = [_All(key, until, rows)]
    return rows


def _listed_of_all(wanted: Wanted, start: int, most: int) -> tuple[int, list[Invited]]:
    ids = [
        id
        for id, form, state in all_states()
        if (not wanted.forms or form in wanted.forms) and (not wanted.states or state in wanted.states)
    ]
    page = ids[start : start + most]
    found: dict[str, Invited] = {}
    for at in range(0, len(page), MOST_BY_ID):
        some = page[at : at + MOST_BY_ID]
        found |= {i.id: i for i in _read(f"WHERE i.id IN ({_marks(some)})", some)}
    return len(ids), [found[id] for id in page if id in found]


def counts() -> Mapping[str, Mapping[State, int]]:
    """Return how many invitations of each form are in each state."""
    found: dict[str, dict[State, int]] = {}
    for _, form, state in all_states():
        of = found.setdefault(form, {})
        of[state] = of.get(state, 0) + 1
    return found
