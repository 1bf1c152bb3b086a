"""Read the record through and say whether it adds up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection

from bordin.store.allocations import hash_assignments
from bordin.store.record import COLUMNS, hash_fact, hash_text
from bordin.store.verify_tables import check_tables

_FACTS = (
    'SELECT seq, at, actor, kind, assignment, session, coder, item, value, reason, reading, detail, "change", '
    "before, hash FROM store_fact ORDER BY seq"
)
_TEXTS = (
    "SELECT f.seq, f.detail, t.salt, t.text FROM store_fact f "
    "LEFT JOIN store_erasable t ON t.fact = f.seq WHERE f.detail LIKE '%\"text\":%' ORDER BY f.seq"
)
BLOCK = 5_000
SHOWN = 20


@dataclass(frozen=True)
class Verified:
    """What was found.

    Attributes
    ----------
    facts : int
        How many were read.
    head : str
        Hash of the last one: note it down, or publish it, and a shortened record shows.
    faults : tuple of str
        At most 20 of them.
    erased : int
        Texts that were erased after a withdrawal.
    """

    facts: int
    head: str
    faults: tuple[str, ...]
    erased: int

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


def verify(expected_head: str | None = None) -> Verified:
    """Recompute every hash of the chain and of every text beside it.

    Parameters
    ----------
    expected_head : str, optional
        Hash of a fact that was noted earlier; the record has to hold it.

    Returns
    -------
    Verified

    Notes
    -----
    A chain shows changes inside it. That its end was cut off shows only against a head noted elsewhere: each export
    and each report carries one.
    """
    faults: list[str] = []
    count, before, seen = 0, "", expected_head is None
    for row in _rows(_FACTS):
        seq, at, actor, kind, *columns, link, own = row
        count += 1
        if seq != count and len(faults) < SHOWN:
            faults.append(f"fact {count} is missing: {seq} follows {count - 1}")
            count = seq
        if link != before:
            faults.append(f"fact {seq} ({kind}) does not follow the one before it")
        if not _holds(own, seq, at, actor, kind, dict(zip(COLUMNS, columns, strict=True)), link):
            faults.append(f"fact {seq} ({kind} by {actor}, {at}) was changed")
        before = own
        seen = seen or own == expected_head
    if not seen:
        faults.append(f"no fact has the hash {expected_head}: the record was cut off, or is another one")
    erased = _check_texts(faults)
    _check_assignments(faults)
    check_tables(faults)
    return Verified(count, before, tuple(faults[:SHOWN]), erased)


def _holds(own: str, *fact: Any) -> bool:
    """Say whether a fact has its hash; what somebody put in that no fact can hold, such as Infinity, has none."""
    try:
        return hash_fact(*fact) == own
    except (TypeError, ValueError):
        return False


def _rows(sql: str) -> Iterator[tuple]:  # type: ignore[type-arg]
    # PostgreSQL keeps the rows; else all of them would lie in this process at once.
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql)
        while block := cursor.fetchmany(BLOCK):
            yield from block


def _check_texts(faults: list[str]) -> int:
    """Hold every text against the hash in its fact; a missing one has to be explained by its participant's withdrawal."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT item FROM store_fact WHERE kind = 'withdrawal'")
        gone = {item for (item,) in cursor.fetchall()}
    erased = 0
    for seq, detail, salt, text in _rows(_TEXTS):
        if text is None:
            erased += 1
            # Not by the text's own row, which anybody could have turned before it was deleted.
            whose = _noted(detail, "of")
            if whose not in gone:
                why = "it is nobody's" if whose is None else f"{whose} did not withdraw"
                faults.append(f"the text of fact {seq} is missing, and {why}")
        elif hash_text(salt, text) != _noted(detail, "text"):
            faults.append(f"the text of fact {seq} was changed")
    return erased


def _noted(detail: str | None, name: str) -> str | None:
    """Return what a detail says under a name; None when it is no detail any more."""
    try:
        found = json.loads(detail or "{}")
        return str(found[name]) if name in found else None
    except (TypeError, ValueError):
        return None


def _check_assignments(faults: list[str]) -> None:
    """Hold the assignments of each allocation against the hash that was noted when it was issued."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seq, detail FROM store_fact WHERE kind = 'allocation' ORDER BY seq")
        for seq, detail in cursor.fetchall():
            if hash_assignments(seq) != _noted(detail, "assignments"):
                faults.append(f"the assignments of allocation {seq} are not those that were issued")
