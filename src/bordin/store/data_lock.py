"""Lock the data: from then on no rating, agreed value or answer enters the record."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from bordin.errors import DataError, Problem
from bordin.store.people import data_locked, query
from bordin.store.record import NewFact, Transaction
from bordin.store.writer import write

_OPEN = (
    "SELECT a.id FROM store_assignment a JOIN store_session s ON s.id = a.session_id JOIN ("
    "SELECT b.id FROM store_assignment b WHERE NOT EXISTS "
    "(SELECT 1 FROM store_fact f WHERE f.assignment = b.id AND f.kind = 'lock') UNION "
    # Tapes that were reopened are few, those that were locked are many.
    "SELECT r.assignment FROM store_fact r WHERE r.kind = 'reopen' AND NOT EXISTS (SELECT 1 FROM store_fact f "
    "WHERE f.assignment = r.assignment AND f.kind = 'lock' AND f.seq > r.seq)) o ON o.id = a.id "
    "WHERE a.purpose <> 'practice' "
    "AND s.participant_id NOT IN (SELECT item FROM store_fact WHERE kind = 'withdrawal')"
)
_TAKEN_BACK = "SELECT detail FROM store_fact WHERE kind = 'allocation'"


def open_assignments() -> int:
    """Return how many assignments are not locked yet.

    Practice does not count, nor what was taken back since its coder left, nor tapes of those who withdrew.
    """
    return _count(query)


def _count(ask: Callable[[str], list[tuple[Any, ...]]]) -> int:
    gone = {id for (detail,) in ask(_TAKEN_BACK) for id in json.loads(detail or "{}").get("withdrawn", ())}
    return sum(id not in gone for (id,) in ask(_OPEN))


def lock_data(actor: str, reason: str = "") -> None:
    """Lock the data.

    Parameters
    ----------
    actor : str
        Neutral name of the account.
    reason : str
        Why they are locked although assignments are open; not needed when none is.

    Raises
    ------
    DataError
        When they are locked already, or assignments are open and no reason is given.
    """

    def job(t: Transaction) -> None:
        if data_locked():
            raise DataError("the data are locked already.")
        left = _count(t.rows)
        if left and not reason.strip():
            raise DataError(
                Problem(
                    f"{left} assignments are still open, and their ratings would be lost.",
                    hint="Wait until they are locked, or give the reason why the data are locked without them.",
                )
            )
        t.add(NewFact("data lock", actor, reason=reason.strip() or None, detail={"open": left}))

    write(job)


def unlock_data(actor: str, reason: str) -> None:
    """Unlock the data again.

    Raises
    ------
    DataError
        When they are not locked, or no reason is given.
    """
    if not reason.strip():
        raise DataError(
            Problem("unlocking the data needs a reason.", hint="Say what has to be changed, and why.")
        )

    def job(t: Transaction) -> None:
        if not data_locked():
            raise DataError("the data are not locked.")
        t.add(NewFact("data unlock", actor, reason=reason.strip()))

    write(job)
