"""All writing of facts: jobs of several threads go into one transaction, so that each disk flush serves them all.

A job is acknowledged after the commit that holds it, never before. On PostgreSQL a lock is held from before the head
of the chain is read until the commit; on SQLite the immediate transaction is that lock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar

from django.db import IntegrityError, connection, transaction

from bordin.store.record import NewFact, Transaction

T = TypeVar("T")
Job = Callable[[Transaction], Any]

# A number of our own, so that no other program's lock is meant.
CHAIN_LOCK = 0x626F7264
MOST_AT_ONCE = 64


class _Entry:
    __slots__ = ("done", "error", "job", "result")

    def __init__(self, job: Job) -> None:
        self.job = job
        self.done = False
        self.result: Any = None
        self.error: BaseException | None = None


class _Undone(Exception):
    """The database took back the whole transaction while a job ran, also what other jobs had done before it."""

    def __init__(self, entry: _Entry) -> None:
        super().__init__()
        self.entry = entry


_waiting: deque[_Entry] = deque()
_leading = Lock()


def write(job: Callable[[Transaction], T]) -> T:
    """Run a job in a transaction that holds the chain, and return what it returns, once it is on disk.

    Parameters
    ----------
    job : callable
        Takes a :class:`Transaction`. It may run in another thread, together with other jobs, and its work is taken
        back alone when it raises.

    Returns
    -------
    object
    """
    entry = _Entry(job)
    _waiting.append(entry)
    with _leading:
        # Whoever held the lead before may have done this job along with its own.
        while not entry.done:
            _lead([_waiting.popleft() for _ in range(min(len(_waiting), MOST_AT_ONCE))])
    if entry.error is not None:
        raise entry.error
    return entry.result  # type: ignore[no-any-return]


def add(*facts: NewFact) -> list[int]:
    """Add facts in a transaction of their own and return their numbers."""
    return write(lambda t: t.add_all(facts))


def _lead(batch: list[_Entry]) -> None:
    try:
        # Durable: within another transaction, nothing would be on disk when it is acknowledged.
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CHAIN_LOCK])
            cursor.execute("SELECT seq, hash FROM store_fact ORDER BY seq DESC LIMIT 1")
            held = Transaction(cursor, cursor.fetchone() or (0, ""))
            for entry in batch:
                _run(entry, held)
                # The connection broke, or the disk is full: Django then rolls back without an exception.
                if connection.needs_rollback:
                    raise _Undone(entry)
    except _Undone as undone:
        _put_back([entry for entry in batch if entry is not undone.entry])
        undone.entry.done = True
        return
    except BaseException as error:
        if isinstance(error, IntegrityError) and len(batch) > 1:
            # A constraint that is looked at only at the commit does not say whose job broke it: each goes alone.
            for entry in batch:
                entry.result = entry.error = None
                _lead([entry])
            return
        for entry in batch:
            entry.error, entry.done = error, True
        if not isinstance(error, Exception):
            raise
    for entry in batch:
        entry.done = True


def _put_back(entries: list[_Entry]) -> None:
    """Have jobs done once more that were taken back through no fault of their own; nothing of theirs was committed."""
    for entry in entries:
        entry.result = entry.error = None
    _waiting.extendleft(reversed(entries))


def _run(entry: _Entry, held: Transaction) -> None:
    before = held.head
    try:
        with transaction.atomic():
            entry.result = entry.job(held)
    except Exception as error:
        held.head = before
        entry.error = error
