"""Facts for people to read: a page at a time by their number, and all of them for a file; never a text or a value."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bordin.store.standing import last_fact, rows

A_PAGE = 100
# A filter without an index looks through so many facts at a time; then the reader is asked whether to look on.
MOST_SEARCHED = 100_000
BLOCK = 5_000
# Reasons that people gave for what they did with the record itself; a coder's reason belongs to a rating.
OWN_REASONS = ("reopen", "unblinding", "data unlock", "withdrawal", "certificate")
# What may be shown of the detail, by kind. None of it tells an arm, an outcome or a rating.
SHOWN = {
    "import": ("file", "rows"),
    "allocation": ("seed", "count", "drawings"),
    "export": ("files",),
    "account": ("change", "role"),
    "lock": ("heard",),
    "withdrawal": ("ratings",),
    "backup": ("file",),
}
COLUMNS = ("seq", "at", "actor", "kind", "assignment", "session", "coder", "item", "before", "hash")


@dataclass(frozen=True)
class Wanted:
    """Which facts are asked for; empty for all.

    Attributes
    ----------
    kind, actor, session : str
    before : int
        Only facts with a lower number; 0 for the latest.
    """

    kind: str = ""
    actor: str = ""
    session: str = ""
    before: int = 0


@dataclass(frozen=True)
class Told:
    """A fact as a reader sees it.

    Attributes
    ----------
    seq : int
    at, actor, kind : str
    tape, session, coder, item : str
        Empty where they do not belong to it. The tape is the neutral name.
    reason : str
    detail : mapping
    hash : str
    """

    seq: int
    at: str
    actor: str
    kind: str
    tape: str
    session: str
    coder: str
    item: str
    reason: str
    detail: dict[str, Any]
    hash: str


@dataclass(frozen=True)
class Page:
    """A page of facts, the latest first.

    Attributes
    ----------
    facts : tuple of Told
    older : int
        Where the next page begins; 0 when there is none.
    searched : int
        Lowest number that was looked at, where a page ended before it was full.
    """

    facts: tuple[Told, ...]
    older: int
    searched: int = 0


def page(wanted: Wanted) -> Page:
    """Return a page of facts.

    Parameters
    ----------
    wanted : Wanted

    Returns
    -------
    Page
    """
    top = wanted.before or last_fact() + 1
    conditions: list[str] = ["f.seq < %s"]
    values: list[Any] = [top]
    bottom = 0
    if wanted.session:
        conditions.append("f.session = %s")
        values.append(wanted.session)
    if wanted.kind:
        conditions.append("f.kind = %s")
        values.append(wanted.kind)
    if wanted.actor:
        conditions.append("f.actor = %s")
        values.append(wanted.actor)
        if not wanted.session:
            bottom = max(0, top - MOST_SEARCHED)
            conditions.append("f.seq >= %s")
            values.append(bottom)
    found = list(
        rows(
            "SELECT f.seq, f.at, f.actor, f.kind, a.name, f.session, f.coder, f.item, f.reason, f.detail, f.hash "
            "FROM store_fact f LEFT JOIN store_assignment a ON a.id = f.assignment "
            f"WHERE {' AND '.join(conditions)} ORDER BY f.seq DESC LIMIT %s",
            [*values, A_PAGE + 1],
        )
    )
    facts = tuple(_told(row) for row in found[:A_PAGE])
    if len(found) > A_PAGE:
        return Page(facts, facts[-1].seq)
    if bottom > 1:
        return Page(facts, bottom, bottom)
    return Page(facts, 0)


def _told(row: tuple[Any, ...]) -> Told:
    seq, at, actor, kind, tape, session, coder, item, reason, detail, hash = row
    told = json.loads(detail) if detail and kind in SHOWN else {}
    return Told(
        seq=seq,
        at=at,
        actor=actor,
        kind=kind,
        tape=tape or "",
        session=session or "",
        coder=coder or "",
        item=item or "",
        reason=(reason or "") if kind in OWN_REASONS else "",
        detail={k: told[k] for k in SHOWN.get(kind, ()) if k in told},
        hash=hash,
    )


def actors() -> list[str]:
    """Return who can have done something: accounts, and the program itself."""
    return ["bordin", *(name for (name,) in rows("SELECT name FROM store_account ORDER BY name"))]


def head() -> tuple[int, str]:
    """Return number and hash of the last fact."""
    found = list(rows("SELECT seq, hash FROM store_fact ORDER BY seq DESC LIMIT 1"))
    return (int(found[0][0]), str(found[0][1])) if found else (0, "")


def every_fact(wanted: Wanted) -> Iterator[tuple[Any, ...]]:
    """Yield all facts that are asked for, in order, as the columns of a file.

    Neither a value nor a reason nor a detail is in it: the file says what happened and can be held against the
    hashes, not what anybody rated, wrote or answered.
    """
    conditions, values = [], []
    for column in ("kind", "actor", "session"):
        given = getattr(wanted, column)
        if given:
            conditions.append(f"{column} = %s")
            values.append(given)
    where = "".join(f" AND {c}" for c in conditions)
    last, top = 0, last_fact()
    while True:
        # By number and not with one open cursor, so that writers are never held up.
        block = list(
            rows(
                f"SELECT {', '.join(COLUMNS)} FROM store_fact WHERE seq > %s AND seq <= %s{where} "
                "ORDER BY seq LIMIT %s",
                [last, top, *values, BLOCK],
            )
        )
        if not block:
            return
        yield from block
        last = block[-1][0]
