"""Assignments as they were issued."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from bordin.store.record import NewFact, Transaction, canonical

_COLUMNS = "id, coder_id, session_id, coding, name, position, reading, purpose"


@dataclass(frozen=True)
class Issue:
    """One assignment that is to be issued; the fields are those of the table.

    Attributes
    ----------
    id : str
    coder : int
        Account.
    session, coding, name : str
    position, reading : int
    purpose : str
    """

    id: str
    coder: int
    session: str
    coding: str
    name: str
    position: int
    reading: int = 1
    purpose: str = "rate"


def _hash(rows: Sequence[Sequence[Any]]) -> str:
    return hashlib.sha256(canonical([list(r) for r in rows]).encode()).hexdigest()


def hash_assignments(fact: int) -> str:
    """Return the hash of the assignments that an allocation issued."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_COLUMNS} FROM store_assignment WHERE fact = %s ORDER BY id", [fact])
        return _hash(cursor.fetchall())


def issue(t: Transaction, actor: str, issues: Sequence[Issue], detail: Mapping[str, Any]) -> int:
    """Issue assignments, with a fact that vouches for them.

    Parameters
    ----------
    t : Transaction
    actor : str
    issues : sequence of Issue
    detail : mapping
        Seed and plan of the allocation.

    Returns
    -------
    int
        Number of the fact.
    """
    rows = sorted(
        (i.id, i.coder, i.session, i.coding, i.name, i.position, i.reading, i.purpose) for i in issues
    )
    seq = t.add(
        NewFact("allocation", actor, detail={**detail, "count": len(rows), "assignments": _hash(rows)})
    )
    t.cursor.executemany(
        f"INSERT INTO store_assignment ({_COLUMNS}, fact) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [(*row, seq) for row in rows],
    )
    return seq
