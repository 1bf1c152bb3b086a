"""Attacks on the record: what breaks in the middle of a batch, what no database can hold, what is tampered with."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from made_study import DIMENSIONS, Small, rate

from postgres import database_url  # noqa: F401


def _facts(kind: str | None = None):
    from bordin.store.tables import Fact

    return Fact.objects.filter(kind=kind) if kind else Fact.objects.all()


def _together(*jobs: Callable[[Any], Any]) -> list[Any]:
    """Run jobs in one batch of the writer, and return what each of their threads got: a result or an exception."""
    from django.db import connections

    from bordin.store import writer

    got: list[Any] = [None] * len(jobs)

    def one(i: int) -> None:
        try:
            got[i] = writer.write(jobs[i])
        except Exception as error:
            got[i] = error
        finally:
            connections.close_all()

    threads = []
    # Nobody can lead before all are waiting, so that they share one transaction.
    with writer._leading:
        for i in range(len(jobs)):
            threads.append(threading.Thread(target=one, args=(i,)))
            threads[-1].start()
            while len(writer._waiting) <= i:
                threading.Event().wait(0.002)
    for thread in threads:
        thread.join(30)
    return got


def _memo(small: Small, text: str) -> Callable[[Any], int]:
    from bordin.store.record import NewFact

    fact = NewFact(
        "memo", "Alder", assignment=small.assignments["Alder", "S001"], session="S001", text=text, participant="P001"
    )
    return lambda t: t.add(fact)


def test_nothing_is_acknowledged_when_the_connection_breaks_in_the_middle_of_a_batch(study: Small) -> None:
    """Jobs that had done their part before were told that they are on the disk, though all was rolled back."""
    from django.db import connection

    from bordin.store.verify import verify

    def break_off(t: Any) -> None:
        if connection.vendor == "postgresql":
            t.cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        else:
            # As a full disk does it: the database takes the whole transaction back by itself.
            t.cursor.execute("ROLLBACK")
            t.cursor.execute("SELECT * FROM no_such_table")

    got = _together(_memo(study, "first"), break_off, _memo(study, "third"))
    kept = _facts("memo").count()
    acknowledged = sum(isinstance(g, int) for g in got)
    assert acknowledged == kept, f"{acknowledged} were acknowledged, {kept} are there: {got}"
    # And it goes on afterwards.
    assert isinstance(_together(_memo(study, "later"))[0], int)
    assert verify().whole
