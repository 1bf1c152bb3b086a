"""What was issued, for the lead: tapes of each coder, tapes that are locked, and how many drawings were looked at."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from bordin.errors import BordinError, Problem
from bordin.store.invitations import data_are_locked
from bordin.store.record import NewFact, Transaction
from bordin.store.standing import rows
from bordin.store.tables import LEAD, Account
from bordin.store.writer import write

A_PAGE = 25
DRAWINGS = "drawings"


@dataclass(frozen=True)
class Issued:
    """A coder's tapes: number by purpose, and minutes of tape in all."""

    coder: str
    purposes: dict[str, int]
    minutes: float


@dataclass(frozen=True)
class LockedTape:
    """A tape that is locked now."""

    id: str
    name: str
    session: str
    coder: str
    purpose: str
    on: str


def by_coder(coding: str) -> list[Issued]:
    """Return what each coder was given; what was withdrawn does not count."""
    gone = {
        id
        for (detail,) in rows("SELECT detail FROM store_fact WHERE kind = 'allocation' ORDER BY seq")
        for id in (json.loads(detail) if detail else {}).get("withdrawn", ())
    }
    without = f"AND a.id NOT IN ({', '.join(['%s'] * len(gone))}) " if gone else ""
    found: dict[str, Issued] = {}
    for coder, purpose, n, minutes in rows(
        "SELECT c.name, a.purpose, count(*), sum(s.minutes) FROM store_assignment a "
        "JOIN store_account c ON c.id = a.coder_id JOIN store_session s ON s.id = a.session_id "
        f"WHERE a.coding = %s {without}GROUP BY c.name, a.purpose ORDER BY c.name, a.purpose",
        [coding, *sorted(gone)],
    ):
        one = found.get(coder, Issued(coder, {}, 0.0))
        found[coder] = Issued(coder, {**one.purposes, purpose: n}, one.minutes + (minutes or 0.0))
    return list(found.values())


def latest_locked(coding: str, search: str = "") -> list[LockedTape]:
    """Return tapes that are locked now, the latest first.

    Parameters
    ----------
    coding : str
    search : str
        A tape's neutral name, a session or a coder; all when empty.

    Returns
    -------
    list of LockedTape
        At most 25.
    """
    where, values, kept, way = "", [coding], "NOT MATERIALIZED", "store_fact f CROSS JOIN a"
    if search:
        where = "AND (lower(b.name) = %s OR lower(b.session_id) = %s OR lower(c.name) = %s)"
        # First the few tapes that are looked for, or all locks would be gone through until enough are found.
        kept, way = "MATERIALIZED", "a CROSS JOIN store_fact f"
        values += [search.lower()] * 3
    found = rows(
        f"WITH a AS {kept} (SELECT b.id, b.name, b.session_id, c.name AS coder, b.purpose FROM store_assignment b "
        f"JOIN store_account c ON c.id = b.coder_id WHERE b.coding = %s {where}) "
        f"SELECT a.id, a.name, a.session_id, a.coder, a.purpose, f.at FROM {way} WHERE a.id = f.assignment "
        "AND f.kind = 'lock' AND NOT EXISTS (SELECT 1 FROM store_fact g WHERE g.assignment = a.id "
        "AND g.kind IN ('lock', 'reopen') AND g.seq > f.seq) ORDER BY f.seq DESC LIMIT %s",
        [*values, A_PAGE],
    )
    return [
        LockedTape(id, name, session, coder, purpose, at[:10])
        for id, name, session, coder, purpose, at in found
    ]


def looked_at(coding: str, part: int) -> set[int]:
    """Return the seeds of all drawings that anybody looked at before an allocation was issued."""
    key = f"{coding} {part}"
    found: set[int] = set()
    for (settings,) in rows("SELECT settings FROM store_account WHERE role = %s", [LEAD]):
        held: dict[str, Any] = json.loads(settings) if isinstance(settings, str) else settings
        found |= set(held.get(DRAWINGS, {}).get(key, ()))
    return found


def note_drawing(account: int, coding: str, part: int, seed: int) -> None:
    """Note that a lead looked at a drawing; it stands with the account, so that logging out does not undo it."""
    key = f"{coding} {part}"
    if seed in looked_at(coding, part):
        return
    with transaction.atomic():
        one = Account.objects.select_for_update().get(id=account)
        drawings = dict(one.settings.get(DRAWINGS, {}))
        drawings[key] = sorted({*drawings.get(key, ()), seed})
        one.settings = {**one.settings, DRAWINGS: drawings}
        one.save(update_fields=["settings"])


def reopen(assignment: str, actor: str, reason: str) -> None:
    """Reopen a locked assignment, so that its coder can change it.

    Parameters
    ----------
    assignment : str
    actor : str
    reason : str
        Kept in the record.

    Raises
    ------
    BordinError
        When there is no reason, or nothing to reopen.
    """
    reason = " ".join(reason.split())
    if len(reason) < 3:
        raise BordinError(
            Problem("a reason is needed: it stands in the record.", hint="Say in a few words why.")
        )

    def job(t: Transaction) -> None:
        found = t.rows(
            "SELECT a.session_id, c.name, a.coding, a.purpose, (SELECT f.kind FROM store_fact f WHERE f.assignment = a.id AND "
            "f.kind IN ('lock', 'reopen') ORDER BY f.seq DESC LIMIT 1) FROM store_assignment a "
            "JOIN store_account c ON c.id = a.coder_id WHERE a.id = %s",
            [assignment],
        )
        if not found:
            raise BordinError(Problem("there is no such tape.", hint="Choose one from the list."))
        session, coder, coding, purpose, state = found[0]
        if purpose == "practice":
            # Rated once more, it would certify who copies.
            raise BordinError(
                Problem(
                    "the coder has read the standard's ratings of this practice tape.",
                    hint="Let the coder rate further practice tapes instead.",
                )
            )
        if data_are_locked(t):
            raise BordinError(
                Problem("the data are locked.", hint="Unlock them first; the record will say so.")
            )
        if state != "lock":
            raise BordinError(Problem("this tape is not locked, so there is nothing to reopen."))
        t.add(
            NewFact(
                "reopen",
                actor,
                assignment=assignment,
                session=session,
                coder=coder,
                item=coding,
                reason=reason[:500],
            )
        )

    write(job)
