"""Forms on paper: two entries, the second blind to the first, and what was settled between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

from bordin.errors import DataError
from bordin.store.invitations import PAPER_STATES, Invited, State, data_are_locked, states
from bordin.store.record import NewFact, Transaction
from bordin.store.responses import SETTLED_READING, Answers, answers_text, read_answers
from bordin.store.writer import write


@dataclass(frozen=True)
class Entry:
    """One time that a form on paper was typed in; reading 3 holds what was settled."""

    actor: str
    at: str
    reading: int
    answers: Answers


_PAPER = (
    "SELECT f.actor, f.at, f.reading, x.text FROM store_fact f JOIN store_erasable x ON x.fact = f.seq "
    "WHERE f.kind = 'paper' AND f.item = %s ORDER BY f.seq"
)


def entries(invitation: str) -> list[Entry]:
    """Return every entry of a form on paper, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(_PAPER, [invitation])
        return [
            Entry(actor, at, reading, read_answers(text)) for actor, at, reading, text in cursor.fetchall()
        ]


def settled_answers(invitation: str) -> Answers | None:
    """Return what counts of a form on paper: the last settled answers; None before that."""
    settled = [e for e in entries(invitation) if e.reading == SETTLED_READING]
    return settled[-1].answers if settled else None


def type_in(actor: str, invitation: str, reading: int, instrument: str, answers: Answers) -> State:
    """Keep an entry of a form on paper; two that agree settle it.

    Parameters
    ----------
    actor : str
    invitation : str
    reading : int
        1 or 2, as the page that was typed on said.
    instrument : str
        Id in the protocol.
    answers : mapping

    Returns
    -------
    State
        Where the form stands then.

    Raises
    ------
    DataError
        When somebody else typed this entry meanwhile, or the form is no longer to be typed in.
    """
    text = answers_text(answers)

    def job(t: Transaction) -> State:
        invited, form = _paper(t, invitation)
        held = {r: (who, x) for who, _, r, x in t.rows(_PAPER, [invitation])}
        if held.get(reading) == (actor, text):
            return invited.state
        if reading != len(held) + 1 or reading > 2:
            raise DataError(
                "This entry was typed in already. Your own was not kept; look at the list of forms."
            )

        def fact(number: int, **more: Any) -> NewFact:
            return NewFact(
                "paper",
                actor,
                session=invited.place.session,
                item=invitation,
                reading=number,
                detail={"form": form, "instrument": instrument, **more},
                text=text,
                participant=invited.place.participant,
            )

        t.add(fact(reading))
        if reading == 1:
            return State.TYPED_ONCE
        if held[1][1] != text:
            return State.TO_COMPARE
        t.add(fact(SETTLED_READING, rule="both entries agree"))
        return State.SETTLED

    return write(job)


def settle(actor: str, invitation: str, instrument: str, answers: Answers) -> None:
    """Keep what counts of a form on paper, after both entries were compared.

    Raises
    ------
    DataError
        When it was not typed twice.
    """
    text = answers_text(answers)

    def job(t: Transaction) -> None:
        invited, form = _paper(t, invitation)
        held = t.rows(_PAPER, [invitation])
        if not {1, 2} <= {row[2] for row in held}:
            raise DataError("This form was not typed in twice yet.")
        if held[-1][2] == SETTLED_READING and held[-1][3] == text:
            return
        t.add(
            NewFact(
                "paper",
                actor,
                session=invited.place.session,
                item=invitation,
                reading=SETTLED_READING,
                detail={"form": form, "instrument": instrument, "rule": "compared by a person"},
                text=text,
                participant=invited.place.participant,
            )
        )

    write(job)


def _paper(t: Transaction, invitation: str) -> tuple[Invited, str]:
    found = states(t, "WHERE i.id = %s", [invitation])
    if not found or found[0][0].state not in PAPER_STATES:
        raise DataError(
            "This form is not to be typed in: it was taken back, answered by link, or never made."
        )
    if data_are_locked(t):
        raise DataError("The data are locked; no form can be typed in. The lead can unlock them: Data.")
    return found[0][0], found[0][0].form
