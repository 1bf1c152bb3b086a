"""Hold the tables beside the chain against the facts that vouch for them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.db import connection

from bordin.store.triggers import OWN_ALWAYS

SHOWN = 20
BLOCK = 5_000
_OWN = ", ".join(f"'{kind}'" for kind in OWN_ALWAYS)
# Each: a query for what does not fit, and how it is told.
_ODD = (
    (
        "SELECT f.seq, f.kind, f.actor FROM store_fact f LEFT JOIN store_assignment a ON a.id = f.assignment "
        "LEFT JOIN store_account c ON c.id = a.coder_id "
        f"WHERE f.kind IN ({_OWN}) AND (c.name IS NULL OR c.name <> f.actor) LIMIT {SHOWN}",
        "fact {} ({} by {}) is about an assignment of another account, or an account has another name now",
    ),
    (
        "SELECT f.seq, f.kind, f.session FROM store_fact f JOIN store_assignment a ON a.id = f.assignment "
        f"WHERE f.session <> a.session_id LIMIT {SHOWN}",
        "fact {} ({}) is about session {}, and its assignment about another one",
    ),
    (
        "SELECT a.id FROM store_assignment a LEFT JOIN store_fact f ON f.seq = a.fact AND f.kind = 'allocation' "
        f"WHERE f.seq IS NULL LIMIT {SHOWN}",
        "assignment {} was issued by no allocation",
    ),
    (
        "SELECT t.fact FROM store_erasable t LEFT JOIN store_fact f ON f.seq = t.fact AND f.detail LIKE '%\"text\":%' "
        f"WHERE f.seq IS NULL LIMIT {SHOWN}",
        "a text lies beside fact {}, which vouches for none",
    ),
    (
        "SELECT i.part FROM store_importedfile i LEFT JOIN store_fact f ON f.seq = i.fact AND f.kind = 'import' "
        f"AND f.item = i.part WHERE f.seq IS NULL LIMIT {SHOWN}",
        "the file {} was read in by no fact",
    ),
)


def check_tables(faults: list[str]) -> None:
    """Add what does not fit: accounts, assignments, invitations, rows of files."""
    for sql, told in _ODD:
        faults += [told.format(*row) for row in _rows(sql)]
    _check_accounts(faults)
    _check_invitations(faults)
    _check_rows_read_in(faults)


def _rows(sql: str) -> Iterator[tuple[Any, ...]]:
    # PostgreSQL keeps the rows; else all of them would lie in this process at once.
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql)
        while block := cursor.fetchmany(BLOCK):
            yield from block


def _told(detail: str | None) -> dict[str, Any]:
    try:
        found = json.loads(detail or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _check_accounts(faults: list[str]) -> None:
    """Compare role and state of each account that a fact made with what facts say of it last."""
    role: dict[str, str] = {}
    active: dict[str, bool] = {}
    for item, detail in _rows("SELECT item, detail FROM store_fact WHERE kind = 'account' ORDER BY seq"):
        told = _told(detail)
        change = told.get("change")
        if change in {"made", "role"}:
            role[item] = str(told.get("role"))
        if change in {"made", "opened", "closed"}:
            active[item] = change != "closed"
    held = {name: (r, bool(a)) for name, r, a in _rows("SELECT name, role, is_active FROM store_account")}
    for name, last in role.items():
        now, is_open = held.get(name, ("", False))
        if not now:
            faults.append(f"the account {name} is missing, or has another name now")
        elif now != last:
            faults.append(f"the account {name} is a {now} now; its facts say {last}")
        elif is_open != active.get(name, True):
            faults.append(f"the account {name} is {'open' if is_open else 'closed'}; its facts say otherwise")


def _check_invitations(faults: list[str]) -> None:
    """Compare each invitation with the fact that made it ready last, and miss none."""
    held = {
        id: (fact, form, participant, session, occasion)
        for id, fact, form, participant, session, occasion in _rows(
            "SELECT id, fact, form, participant_id, session_id, occasion FROM store_invitation"
        )
    }
    said: dict[str, tuple[Any, ...]] = {}
    for seq, item, session, detail in _rows(
        "SELECT seq, item, session, detail FROM store_fact WHERE kind = 'invitation' ORDER BY seq"
    ):
        told = _told(detail)
        said[item] = (seq, told.get("form"), told.get("participant"), session, told.get("occasion"))
    for id in held.keys() | said.keys():
        if id not in held:
            faults.append(f"the invitation {id} is missing")
        elif held[id] != said.get(id):
            faults.append(f"the invitation {id} is not the one that was made")


def _check_rows_read_in(faults: list[str]) -> None:
    """Count the rows of each file: what is missing has to be explained by a withdrawal."""
    gone = any(True for _ in _rows("SELECT 1 FROM store_fact WHERE kind = 'withdrawal' LIMIT 1"))
    said: dict[str, int] = {}
    for item, detail in _rows("SELECT item, detail FROM store_fact WHERE kind = 'import'"):
        rows = _told(detail).get("rows")
        said[item] = said.get(item, 0) + (rows if isinstance(rows, int) else 0)
    for part, count in _rows(
        "SELECT f.part, count(r.id) FROM store_importedfile f LEFT JOIN store_importedrow r ON r.file_id = f.id "
        "GROUP BY f.part"
    ):
        if count > said.get(part, 0) or (count < said.get(part, 0) and not gone):
            faults.append(f"the file {part} has {count} rows; {said.get(part, 0)} were read in")
