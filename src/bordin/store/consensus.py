"""Tapes that several coders rated: what differs, what is released, what was agreed, and who may see it when."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from bordin.coding.dimension import NOT_RATED, Dimension
from bordin.coding.system import CodingSystem
from bordin.errors import BordinError, DataError, Problem
from bordin.missing import Missing
from bordin.store.blind import Given, Mark, heard, own_state
from bordin.store.double_coded import Standing, by_seq, watch
from bordin.store.record import NewFact, Transaction, check_text
from bordin.store.writer import write

LONGEST_TEXT, LONGEST_CHANGE = 4_000, 64


class NotReady(BordinError):
    """A tape cannot be released or settled now; the message says why."""


@dataclass(frozen=True)
class Side:
    """What one coder gave for a tape.

    Attributes
    ----------
    coder, assignment, name : str
        The name is the tape's in this coder's queue.
    ratings : dict of str to Given
        By dimension.
    marks : tuple of Mark
        Their item is the dimension.
    memo : str
    heard : float
        Seconds of the tape that were played.
    """

    coder: str
    assignment: str
    name: str
    ratings: dict[str, Given]
    marks: tuple[Mark, ...]
    memo: str
    heard: float


@dataclass(frozen=True)
class Agreed:
    """An agreed value: the number or the reason for none, why, and a rule for the manual that follows."""

    given: Given
    why: str
    rule: str


@dataclass(frozen=True)
class SharedTape:
    """A tape with what all its coders gave and what was agreed; no arm, no outcome, no participant."""

    standing: Standing
    sides: tuple[Side, ...]
    agreed: dict[str, Agreed]
    tape: str
    minutes: float | None


@dataclass(frozen=True)
class Settlement:
    """A value that the lead sets for one dimension."""

    dimension: str
    value: float | None
    reason: str = ""
    why: str = ""
    rule: str = ""
    change: str = ""


def _rows(sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def _holders(things: Sequence[Any]) -> str:
    return ", ".join(["%s"] * len(things))


def _dimension_of(item: str) -> str:
    return item.partition(".")[2] or item


def standings() -> tuple[Standing, ...]:
    """Return all tapes that two or more coders code, by name."""
    return watch().standings()


def standing(id: str) -> Standing | None:
    """Return the tape that an assignment of it names, when two or more coders code it."""
    return watch().find(id)


# Release ---------------------------------------------------------------------------------------------------------


def release(lead: str, ids: Sequence[str]) -> dict[str, str]:
    """Release the disagreements on tapes to their coders.

    Parameters
    ----------
    lead : str
        Neutral name of the account.
    ids : sequence of str
        Any assignment of each tape.

    Returns
    -------
    dict of str to str
        Why a tape was not released, by id; empty when all were.
    """

    def job(t: Transaction) -> dict[str, str]:
        refused: dict[str, str] = {}
        done: set[tuple[str, str]] = set()
        for id in ids:
            try:
                key = _key(t, id)
                _check_ready(t, *key)
            except NotReady as error:
                refused[id] = str(error)
                continue
            there = t.rows(
                "SELECT 1 FROM store_fact WHERE kind = 'release' AND session = %s AND item = %s LIMIT 1",
                key,
            )
            if not there and key not in done:
                done.add(key)
                t.add(NewFact("release", lead, session=key[0], item=key[1]))
        return refused

    return write(job)


def _key(t: Transaction, id: str) -> tuple[str, str]:
    rows = t.rows(
        "SELECT session_id, coding FROM store_assignment WHERE id = %s AND purpose <> 'practice'", [id]
    )
    if not rows:
        raise NotReady("There is no such tape.")
    return str(rows[0][0]), str(rows[0][1])


def _check_ready(t: Transaction, session: str, coding: str) -> list[str]:
    """Return the assignments whose ratings count; raise when any coder of the tape has not locked."""
    rows = t.rows(
        "SELECT a.id, c.name, a.coder_id, a.reading, (SELECT f.kind FROM store_fact f WHERE f.assignment = a.id "
        "AND f.kind IN ('lock', 'reopen') ORDER BY f.seq DESC LIMIT 1) FROM store_assignment a "
        "JOIN store_account c ON c.id = a.coder_id WHERE a.session_id = %s AND a.coding = %s "
        "AND a.purpose <> 'practice' ORDER BY a.reading, a.id",
        [session, coding],
    )
    open_ = sorted({name for _, name, _, _, state in rows if state != "lock"})
    if open_:
        who = " and ".join(open_) if len(open_) < 3 else f"{', '.join(open_[:-1])} and {open_[-1]}"
        has = "has" if len(open_) == 1 else "have"
        raise NotReady(
            Problem(f"{who} {has} not locked this tape yet.", hint="Wait until every coder of it has locked.")
        )
    first: dict[int, str] = {}
    for id, _, coder, _, _ in rows:
        first.setdefault(coder, id)
    if len(first) < 2:
        raise NotReady("Only one coder rated this tape, so there is nothing to compare.")
    return sorted(first.values())


# Agreed values ---------------------------------------------------------------------------------------------------


def agree(lead: str, id: str, system: CodingSystem, settlements: Sequence[Settlement]) -> None:
    """Set agreed values; an earlier one is kept in the record, and the last counts.

    Parameters
    ----------
    lead : str
    id : str
        Any assignment of the tape.
    system : CodingSystem
    settlements : sequence of Settlement

    Raises
    ------
    NotReady
        When a coder has not locked, or the data are locked.
    DataError
        When a value is none of the scale, or one that no coder gave has no reason beside it.
    """
    wanted = [(s, *_read(system.dimension(s.dimension), s)) for s in settlements]

    def job(t: Transaction) -> None:
        session, coding = _key(t, id)
        sides = _check_ready(t, session, coding)
        _check_open_data(t)
        given = _given(t, sides)
        person = t.rows("SELECT participant_id FROM store_session WHERE id = %s", [session])[0][0]
        facts = []
        for settlement, dimension, value, reason in wanted:
            change = f"agreed:{settlement.change}" if settlement.change else None
            if change and t.rows('SELECT 1 FROM store_fact WHERE "change" = %s', [change]):
                continue
            if not settlement.why.strip() and (value, reason) not in given.get(dimension.id, {}).values():
                raise DataError(
                    Problem(
                        "No coder gave this value, so it needs a reason.",
                        column=dimension.id,
                        hint="Write why it is right, then save.",
                    )
                )
            detail = {"manual": system.manual_version}
            if settlement.rule.strip():
                detail["rule"] = settlement.rule.strip()
            facts.append(
                NewFact(
                    "agreed",
                    lead,
                    session=session,
                    item=f"{coding}.{dimension.id}",
                    value=value,
                    reason=reason,
                    detail=detail,
                    change=change,
                    text=settlement.why.strip() or None,
                    participant=person,
                )
            )
        t.add_all(facts)

    write(job)


def take_over(lead: str, id: str, system: CodingSystem) -> int:
    """Agree on every value that all coders gave and that is not settled yet; return how many."""

    def job(t: Transaction) -> int:
        session, coding = _key(t, id)
        sides = _check_ready(t, session, coding)
        _check_open_data(t)
        settled = {
            item
            for (item,) in t.rows(
                "SELECT DISTINCT item FROM store_fact WHERE session = %s AND kind = 'agreed'", [session]
            )
        }
        given = _given(t, sides)
        facts = []
        for dimension in system.dimensions:
            item, by_side = f"{coding}.{dimension.id}", given.get(dimension.id, {})
            values = set(by_side.values())
            if item in settled or len(by_side) < len(sides) or len(values) != 1:
                continue
            value, reason = values.pop()
            detail = {"manual": system.manual_version, "from": "equal values"}
            facts.append(
                NewFact("agreed", lead, session=session, item=item, value=value, reason=reason, detail=detail)
            )
        t.add_all(facts)
        return len(facts)

    return write(job)


def _read(dimension: Dimension, s: Settlement) -> tuple[Dimension, float | None, str | None]:
    if len(s.why) > LONGEST_TEXT or len(s.rule) > LONGEST_TEXT:
        raise DataError(f"A reason or a rule may have {LONGEST_TEXT} characters.")
    if len(s.change) > LONGEST_CHANGE:
        raise DataError("This request was not understood.")
    check_text(s.why, s.rule, s.change)
    reading = dimension.read(s.value, s.reason)
    if not isinstance(reading.value, Missing):
        return dimension, reading.value, None
    if reading.reason == NOT_RATED:
        raise DataError(
            Problem(
                "no value was chosen.", column=dimension.id, hint="Choose a point of the scale, or a reason."
            )
        )
    return dimension, None, reading.reason


def _check_open_data(t: Transaction) -> None:
    last = t.rows(
        "SELECT kind FROM store_fact WHERE kind IN ('data lock', 'data unlock') ORDER BY seq DESC LIMIT 1"
    )
    if last and last[0][0] == "data lock":
        raise NotReady(
            Problem("The data are locked.", hint="Unlock them with a reason on the page Data, if you must.")
        )


def _given(t: Transaction, sides: Sequence[str]) -> dict[str, dict[str, tuple[float | None, str | None]]]:
    """Return what each of the sides gave, by dimension."""
    given: dict[str, dict[str, tuple[float | None, str | None]]] = {}
    rows = t.rows(
        f"SELECT seq, assignment, item, value, reason FROM store_fact WHERE assignment IN ({_holders(sides)}) "
        "AND kind = 'rating'",
        sides,
    )
    for _, assignment, item, value, reason in sorted(rows, key=by_seq):
        of = given.setdefault(_dimension_of(item), {})
        of.pop(assignment, None)
        if value is not None or reason is not None:
            of[assignment] = (value, reason)
    return given


# Reading ---------------------------------------------------------------------------------------------------------


def shared_tape(id: str) -> SharedTape | None:
    """Return a tape with all that its coders gave.

    Parameters
    ----------
    id : str
        Any assignment of it.

    Returns
    -------
    SharedTape or None
        None when there is no such tape; its sides are empty as long as any coder has not locked.
    """
    found = standing(id)
    if found is None:
        return None
    return _tape(found, () if found.waiting else found.sides)


def _tape(found: Standing, sides: Sequence[str]) -> SharedTape:
    tape, minutes = _rows("SELECT tape, minutes FROM store_session WHERE id = %s", [found.session])[0]
    return SharedTape(
        found, tuple(_side(s) for s in sides), _agreed(found.session, found.coding), tape, minutes
    )


def _side(assignment: str) -> Side:
    coder, name = _rows(
        "SELECT c.name, a.name FROM store_assignment a JOIN store_account c ON c.id = a.coder_id WHERE a.id = %s",
        [assignment],
    )[0]
    state = own_state(assignment)
    return Side(
        coder,
        assignment,
        name,
        {_dimension_of(item): given for item, given in state.ratings.items()},
        tuple(Mark(m.id, _dimension_of(m.item), m.seconds, m.note) for m in state.marks),
        state.memo,
        sum(end - start for start, end in heard(assignment)),
    )


def _agreed(session: str, coding: str) -> dict[str, Agreed]:
    agreed: dict[str, Agreed] = {}
    for item, value, reason, detail, text in _rows(
        "SELECT f.item, f.value, f.reason, f.detail, t.text FROM store_fact f LEFT JOIN store_erasable t "
        "ON t.fact = f.seq WHERE f.session = %s AND f.kind = 'agreed' ORDER BY f.seq",
        [session],
    ):
        of, _, dimension = item.partition(".")
        if of == coding:
            rule = json.loads(detail).get("rule", "") if detail else ""
            agreed[dimension] = Agreed(Given(value, reason), text or "", rule)
    return agreed


_RELEASED = (
    "FROM store_assignment a WHERE a.coder_id = %s AND a.purpose <> 'practice' "
    "AND EXISTS (SELECT 1 FROM store_fact f WHERE f.session = a.session_id AND f.kind = 'release' AND f.item = a.coding) "
    # A tape that this coder still has to rate, be it a second time, is closed, whatever was released before.
    "AND NOT EXISTS (SELECT 1 FROM store_assignment b WHERE b.coder_id = a.coder_id AND b.session_id = a.session_id "
    "AND b.coding = a.coding AND coalesce((SELECT f.kind FROM store_fact f WHERE f.assignment = b.id "
    "AND f.kind IN ('lock', 'reopen') ORDER BY f.seq DESC LIMIT 1), '') <> 'lock') "
)


def released_to(account: int) -> list[tuple[str, str, Standing]]:
    """Return the tapes whose disagreements a coder may see: own assignment, own name of the tape, standing."""
    watched = watch()
    found = []
    for id, name in _rows(
        f"SELECT a.id, a.name {_RELEASED} AND a.reading = 1 ORDER BY a.position", [account]
    ):
        standing = watched.find(id)
        if standing is not None:
            found.append((id, name, standing))
    return found


def released_tape(account: int, assignment: str) -> SharedTape | None:
    """Return a released tape to one of its coders; None while anything about it is still to be hidden.

    Parameters
    ----------
    account : int
    assignment : str
        The coder's own.

    Returns
    -------
    SharedTape or None
        With the sides of coders who have locked, the coder's own first.
    """
    # Under a second reading's name it would tell which tape that was.
    if not _rows(f"SELECT 1 {_RELEASED} AND a.reading = 1 AND a.id = %s", [account, assignment]):
        return None
    found = standing(assignment)
    if found is None:
        return None
    own = _rows("SELECT name FROM store_account WHERE id = %s", [account])[0][0]
    locked = [
        (coder != own, side)
        for coder, side in zip(found.coders, found.sides, strict=True)
        if side not in found.open_sides
    ]
    return _tape(found, [side for _, side in sorted(locked)])
