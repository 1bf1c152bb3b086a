"""Read the record through and say whether it adds up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection

from bordin.store.record import COLUMNS, hash_fact, hash_text

_FACTS = (
    'SELECT seq, at, actor, kind, assignment, session, coder, item, value, reason, reading, detail, "change", '
    "before, hash FROM store_fact ORDER BY seq"
)
_TEXTS = (
    "SELECT f.seq, f.detail, f.item, t.salt, t.text, t.participant FROM store_fact f "
    "LEFT JOIN store_erasable t ON t.fact = f.seq WHERE f.detail LIKE '%%\"text\":%%' ORDER BY f.seq"
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
        if hash_fact(seq, at, actor, kind, dict(zip(COLUMNS, columns, strict=True)), link) != own:
            faults.append(f"fact {seq} ({kind} by {actor}, {at}) was changed")
        before = own
        seen = seen or own == expected_head
    if not seen:
        faults.append(f"no fact has the hash {expected_head}: the record was cut off, or is another one")
    erased = _check_texts(faults)
    _check_assignments(faults)
    return Verified(count, before, tuple(faults[:SHOWN]), erased)


def _rows(sql: str) -> Iterator[tuple]:  # type: ignore[type-arg]
    with connection.cursor() as cursor:
        cursor.execute(sql)
        while block := cursor.fetchmany(BLOCK):
            yield from block


def _check_texts(faults: list[str]) -> int:
    """Hold every text against the hash in its fact; a missing one has to be explained by a withdrawal."""
    import json

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM store_fact WHERE kind = 'withdrawal' LIMIT 1")
        withdrawals = cursor.fetchone() is not None
    erased = 0
    for seq, detail, _, salt, text, _ in _rows(_TEXTS):
        if text is None:
            erased += 1
            if not withdrawals:
                faults.append(f"the text of fact {seq} is missing, and nobody withdrew")
        elif hash_text(salt, text) != json.loads(detail)["text"]:
            faults.append(f"the text of fact {seq} was changed")
    return erased


def _check_assignments(faults: list[str]) -> None:
    """Hold the assignments of each allocation against the hash that was noted when it was issued."""
    import json

    from bordin.store.allocations import hash_assignments

    with connection.cursor() as cursor:
        cursor.execute("SELECT seq, detail FROM store_fact WHERE kind = 'allocation' ORDER BY seq")
        for seq, detail in cursor.fetchall():
            if hash_assignments(seq) != json.loads(detail)["assignments"]:
                faults.append(f"the assignments of allocation {seq} are not those that were issued")
