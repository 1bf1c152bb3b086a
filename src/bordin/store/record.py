"""Facts and their chain: what a fact may hold, how it is hashed, and how it is added inside a transaction."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db.backends.utils import CursorWrapper

from bordin.errors import DataError, Problem

# What happened -> what a reader of the audit page is told.
KINDS: dict[str, str] = {
    "begin": "The record begins",
    "import": "A file was read in",
    "import rating": "An earlier rating was read in",
    "account": "An account was made or changed",
    "login": "Log in",
    "logout": "Log out",
    "login refused": "Log in refused",
    "allocation": "Sessions were allocated to coders",
    "certificate": "A coder was certified, or not",
    "play": "A stretch of tape was heard",
    "rating": "A rating was given or changed",
    "mark": "An evidence mark was set or changed",
    "unmark": "An evidence mark was taken away",
    "memo": "A memo was written",
    "guess": "A coder guessed what is hidden",
    "lock": "A coder locked the ratings of a tape",
    "reopen": "The lead reopened a locked tape",
    "release": "Disagreements on a tape were released",
    "agreed": "An agreed value was set",
    "invitation": "A form was made ready",
    "invitation ended": "The link to a form was taken back",
    "response": "A form was answered",
    "paper": "A form on paper was typed in",
    "alert seen": "The lead saw an alert",
    "unblinding": "Somebody saw what was hidden",
    "withdrawal": "A participant withdrew consent",
    "export": "Data were exported",
    "backup": "A backup was written",
    "data lock": "The data were locked",
    "data unlock": "The data were unlocked",
}

COLUMNS = ("assignment", "session", "coder", "item", "value", "reason", "reading", "detail", "change")
_INSERT = (
    "INSERT INTO store_fact (seq, at, actor, kind, assignment, session, coder, item, value, reason, reading, detail, "
    '"change", before, hash) VALUES (' + ", ".join(["%s"] * 15) + ")"
)
# A NUL, which PostgreSQL does not take, and halves of a sign, which are no text in any encoding.
_UNKEPT = re.compile("[\0\ud800-\udfff]")
_INSERT_TEXT = "INSERT INTO store_erasable (fact, participant, salt, text) VALUES (%s, %s, %s, %s)"


@dataclass(frozen=True)
class NewFact:
    """A fact that is to be added.

    Attributes
    ----------
    kind, actor : str
    assignment, session, coder, item : str or None
    value : float or None
    reason : str or None
    reading : int or None
    detail : mapping or None
        Kept as JSON.
    change : str or None
    text : str or None
        Kept beside the chain, so that it can be erased.
    participant : str or None
        Whose text it is.
    """

    kind: str
    actor: str
    assignment: str | None = None
    session: str | None = None
    coder: str | None = None
    item: str | None = None
    value: float | None = None
    reason: str | None = None
    reading: int | None = None
    detail: Mapping[str, Any] | None = None
    change: str | None = None
    text: str | None = field(default=None, repr=False)
    participant: str | None = None


def check_text(*texts: str | None) -> None:
    """Refuse text that no database can hold, such as comes from a damaged paste.

    Raises
    ------
    DataError
        When one of them holds such a sign.
    """
    if any(text is not None and _UNKEPT.search(text) for text in texts):
        raise DataError(
            Problem("this text holds a sign that cannot be kept.", hint="Take it out, or type the text anew.")
        )


def canonical(value: Any) -> str:
    """Return the one JSON text of a value: keys in order, no blanks, text as it is."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def hash_fact(seq: int, at: str, actor: str, kind: str, columns: Mapping[str, Any], before: str) -> str:
    """Return the SHA-256 of a fact; columns that are empty do not enter, so that later versions may add some."""
    held = {name: value for name, value in columns.items() if value is not None}
    return hashlib.sha256(canonical([seq, at, actor, kind, held, before]).encode()).hexdigest()


def hash_text(salt: str, text: str) -> str:
    """Return the hash by which a fact vouches for a text beside it."""
    return hashlib.sha256(f"{salt}\n{text}".encode()).hexdigest()


def now() -> str:
    """Return the time as facts write it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Transaction:
    """What a job may do between BEGIN and COMMIT: read, write reference rows, add facts to the chain."""

    def __init__(self, cursor: CursorWrapper, head: tuple[int, str]) -> None:
        self.cursor = cursor
        self.head = head

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        self.cursor.execute(sql, parameters)
        return list(self.cursor.fetchall())

    def add(self, fact: NewFact) -> int:
        """Add a fact to the chain and return its number."""
        return self.add_all([fact])[0]

    def add_all(self, facts: Iterable[NewFact]) -> list[int]:
        """Add facts in order and return their numbers.

        Raises
        ------
        ValueError
            When a fact is of no known kind.
        DataError
            When a text holds a sign that no database can hold.
        """
        seq, before = self.head
        rows, texts, numbers = [], [], []
        for fact in facts:
            if fact.kind not in KINDS:
                raise ValueError(f"{fact.kind!r} is no kind of fact")
            check_text(fact.actor, fact.text, fact.participant)
            seq += 1
            detail = dict(fact.detail) if fact.detail is not None else {}
            if fact.text is not None:
                salt = secrets.token_hex(16)
                detail["text"] = hash_text(salt, fact.text)
                if fact.participant is not None:
                    # So that a missing text is excused by the withdrawal of its own participant alone.
                    detail["of"] = fact.participant
                texts.append((seq, fact.participant, salt, fact.text))
            columns = {
                "assignment": fact.assignment,
                "session": fact.session,
                "coder": fact.coder,
                "item": fact.item,
                # Not -0.0: a database gives 0.0 back, and the hash would be another one.
                "value": None if fact.value is None else float(fact.value) + 0.0,
                "reason": fact.reason,
                "reading": fact.reading,
                "detail": canonical(detail) if detail else None,
                "change": fact.change,
            }
            check_text(*(v for v in columns.values() if isinstance(v, str)))
            at = now()
            own = hash_fact(seq, at, fact.actor, fact.kind, columns, before)
            rows.append((seq, at, fact.actor, fact.kind, *(columns[c] for c in COLUMNS), before, own))
            before = own
            numbers.append(seq)
        if rows:
            self.cursor.executemany(_INSERT, rows) if len(rows) > 1 else self.cursor.execute(_INSERT, rows[0])
        if texts:
            self.cursor.executemany(_INSERT_TEXT, texts)
        self.head = (seq, before)
        return numbers
