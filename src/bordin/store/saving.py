"""What coders give, as facts: ratings, marks, memo, stretches heard, guesses, the lock."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bordin.coding.dimension import NOT_RATED, Dimension
from bordin.coding.system import CodingSystem
from bordin.errors import BordinError, DataError, Problem
from bordin.missing import Missing
from bordin.store.blind import own_state
from bordin.store.record import NewFact, Transaction, check_text
from bordin.store.writer import write

MOST_CHANGES, LONGEST_TEXT = 500, 20_000


class LockedError(BordinError):
    """The assignment is locked, or the data are."""


class NotYours(BordinError):
    """There is no such assignment of this coder."""


@dataclass(frozen=True)
class Coder:
    """Who gives something: the account's number and neutral name."""

    account: int
    name: str


@dataclass
class Saved:
    """What became of the changes that were sent.

    Attributes
    ----------
    ids : list of str
        Those that are on disk, among them those that were there before.
    refused : list of (str, str)
        Id and message of each that cannot be kept.
    """

    ids: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class _Place:
    """The assignment that a change is about."""

    id: str
    coding: str
    session: str
    participant: str
    reading: int
    coder: str


def save(coder: Coder, assignment: str, system: CodingSystem, changes: Sequence[Mapping[str, Any]]) -> Saved:
    """Keep what a coder gave, in one transaction; what was kept before is not kept twice.

    Parameters
    ----------
    coder : Coder
    assignment : str
    system : CodingSystem
        Of the assignment.
    changes : sequence of mapping
        Each with ``id`` (made by the browser), ``kind`` (rating, mark, unmark, memo, play) and its values.

    Returns
    -------
    Saved

    Raises
    ------
    NotYours
        When the coder has no such assignment.
    LockedError
        When it is locked; stretches heard are kept all the same when they come alone.
    """
    saved = Saved()
    made: list[tuple[str, Callable[[_Place], NewFact]]] = []
    for change in changes[:MOST_CHANGES]:
        id = str(change.get("id", ""))
        try:
            if not 8 <= len(id) <= 64:
                raise DataError("a change needs an id of its own")
            check_text(id)
            made.append((f"{coder.account}:{id}", _FACTS[str(change.get("kind"))](change, system)))
        except KeyError:
            saved.refused.append((id, f"{change.get('kind')!r} is nothing that can be saved"))
        except (BordinError, TypeError, ValueError, OverflowError) as error:
            told = error.problems[0].message if isinstance(error, BordinError) else "this is not understood"
            saved.refused.append((id, told))
    only_heard = all(change.get("kind") == "play" for change in changes)

    def job(t: Transaction) -> None:
        place, locked = _place(t, coder, assignment)
        if locked and not only_heard:
            raise LockedError(Problem("these ratings are locked.", hint="Ask the lead to reopen the tape."))
        names = [name for name, _ in made]
        holders = ", ".join(["%s"] * len(names))
        there = {
            n for (n,) in t.rows(f'SELECT "change" FROM store_fact WHERE "change" IN ({holders})', names)
        }
        new = []
        for name, make in made:
            if name not in there:
                there.add(name)
                new.append(replace(make(place), change=name))
        t.add_all(new)

    if made:
        write(job)
    saved.ids = [name.partition(":")[2] for name, _ in made]
    return saved


def _place(t: Transaction, coder: Coder, assignment: str) -> tuple[_Place, bool]:
    """Return whose tape an assignment is of, and whether it or all data are locked."""
    rows = t.rows(
        "SELECT a.coding, a.session_id, s.participant_id, a.reading, (SELECT f.kind FROM store_fact f "
        "WHERE f.assignment = a.id AND f.kind IN ('lock', 'reopen') ORDER BY f.seq DESC LIMIT 1), "
        "(SELECT f.kind FROM store_fact f WHERE f.kind IN ('data lock', 'data unlock') ORDER BY f.seq DESC LIMIT 1) "
        "FROM store_assignment a JOIN store_session s ON s.id = a.session_id WHERE a.id = %s AND a.coder_id = %s",
        [assignment, coder.account],
    )
    if not rows:
        raise NotYours("there is no such tape in your queue.")
    coding, session, participant, reading, state, data = rows[0]
    locked = state == "lock" or data == "data lock"
    return _Place(assignment, coding, session, participant, reading, coder.name), locked


def _dimension(change: Mapping[str, Any], system: CodingSystem) -> Dimension:
    return system.dimension(str(change.get("dimension", "")))


def _rating(change: Mapping[str, Any], system: CodingSystem) -> Callable[[_Place], NewFact]:
    dimension = _dimension(change, system)
    given, reason = change.get("value"), str(change.get("reason") or "")
    value: float | None = None
    kept_reason: str | None = None
    if given is not None or reason:
        reading = dimension.read(given, reason)
        if isinstance(reading.value, Missing):
            kept_reason = reading.reason
            if reading.reason == NOT_RATED:
                raise DataError("this is no value")
        else:
            value = reading.value
    return lambda place: NewFact(
        "rating",
        place.coder,
        assignment=place.id,
        session=place.session,
        coder=place.coder,
        item=f"{place.coding}.{dimension.id}",
        value=value,
        reason=kept_reason,
        reading=place.reading,
        detail={"manual": system.manual_version},
    )


def _seconds(value: Any) -> float:
    seconds = float(value)
    if not math.isfinite(seconds) or not 0 <= seconds <= 86_400:
        raise DataError("this is no moment of a tape")
    return round(seconds, 3)


def _text(value: Any) -> str:
    text = value or ""
    if not isinstance(text, str):
        raise DataError("this is no text")
    check_text(text)
    if len(text) > LONGEST_TEXT:
        raise DataError(f"a text may have {LONGEST_TEXT} characters")
    return text


def _name(change: Mapping[str, Any]) -> str:
    name = str(change.get("mark", ""))
    if not 1 <= len(name) <= 64:
        raise DataError("a mark needs a name of its own")
    check_text(name)
    return name


def _mark(change: Mapping[str, Any], system: CodingSystem) -> Callable[[_Place], NewFact]:
    dimension, seconds = _dimension(change, system), _seconds(change.get("seconds"))
    name, note = _name(change), _text(change.get("note"))
    return lambda place: NewFact(
        "mark",
        place.coder,
        assignment=place.id,
        session=place.session,
        coder=place.coder,
        item=f"{place.coding}.{dimension.id}",
        value=seconds,
        detail={"mark": name},
        text=note,
        participant=place.participant,
    )


def _unmark(change: Mapping[str, Any], system: CodingSystem) -> Callable[[_Place], NewFact]:
    name = _name(change)
    return lambda place: NewFact(
        "unmark", place.coder, assignment=place.id, session=place.session, detail={"mark": name}
    )


def _memo(change: Mapping[str, Any], system: CodingSystem) -> Callable[[_Place], NewFact]:
    text = _text(change.get("text"))
    return lambda place: NewFact(
        "memo",
        place.coder,
        assignment=place.id,
        session=place.session,
        text=text,
        participant=place.participant,
    )


def _play(change: Mapping[str, Any], system: CodingSystem) -> Callable[[_Place], NewFact]:
    start, end = _seconds(change.get("start")), _seconds(change.get("end"))
    speed = float(change.get("speed", 1.0))
    if end < start or not 0.1 <= speed <= 10:
        raise DataError("this is no stretch of a tape")
    return lambda place: NewFact(
        "play",
        place.coder,
        assignment=place.id,
        session=place.session,
        detail={"start": start, "end": end, "speed": round(speed, 2)},
    )


_FACTS = {"rating": _rating, "mark": _mark, "unmark": _unmark, "memo": _memo, "play": _play}


def left_to_rate(system: CodingSystem, coding: str, assignment: str) -> list[Dimension]:
    """Return the dimensions that still need a value or a reason; those that do not apply are not among them."""
    state = own_state(assignment)
    values = {
        d.id: given.value if given.value is not None else Missing.NOT_CODABLE
        for d in system.dimensions
        if (given := state.ratings.get(f"{coding}.{d.id}")) is not None
    }
    return [
        d
        for d in system.dimensions
        if d.id not in values and not (d.only_if is not None and d.only_if.holds(values) is False)
    ]


def lock(
    coder: Coder,
    assignment: str,
    system: CodingSystem,
    *,
    heard: float | None = None,
    guesses: Mapping[str, tuple[str, float | None]] | None = None,
) -> None:
    """Lock a coder's ratings of a tape: they cannot be changed any more, and count from now on.

    Parameters
    ----------
    coder : Coder
    assignment : str
    system : CodingSystem
    heard : float, optional
        Share of the tape that was played.
    guesses : mapping, optional
        What is hidden -> what the coder thinks it is, and how sure (0 to 100).

    Raises
    ------
    LockedError
        When it is locked already.
    DataError
        When dimensions are left, or a rating was given where it does not apply.
    """

    def job(t: Transaction) -> None:
        place, locked = _place(t, coder, assignment)
        if locked:
            raise LockedError("these ratings are locked already.")
        left = left_to_rate(system, place.coding, assignment)
        if left:
            names = ", ".join(d.name for d in left)
            raise DataError(f"{len(left)} dimension{'s' if len(left) > 1 else ''} left: {names}.")
        ratings = own_state(assignment).ratings
        system.gate(
            {
                item.partition(".")[2]: g.value if g.value is not None else Missing.NOT_CODABLE
                for item, g in ratings.items()
            }
        )
        facts = [
            NewFact(
                "guess",
                coder.name,
                assignment=assignment,
                session=place.session,
                coder=coder.name,
                item=what,
                reason=answer[:200],
                value=sure,
            )
            for what, (answer, sure) in (guesses or {}).items()
        ]
        detail = {} if heard is None else {"heard": round(min(1.0, max(0.0, heard)), 4)}
        facts.append(
            NewFact(
                "lock",
                coder.name,
                assignment=assignment,
                session=place.session,
                coder=coder.name,
                item=place.coding,
                reading=place.reading,
                detail=detail,
            )
        )
        t.add_all(facts)

    write(job)
