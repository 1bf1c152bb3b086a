"""The chain: what it refuses, what verification finds, and that concurrent writers neither lose nor fork."""

from __future__ import annotations

import json
import threading

import pytest
from made_study import Small, rate

from postgres import database_url  # noqa: F401


def _facts(kind: str | None = None):
    from bordin.store.tables import Fact

    return Fact.objects.filter(kind=kind) if kind else Fact.objects.all()


def _without_triggers(sql: str, *parameters: object) -> None:
    """Change the database as somebody with full rights on the file would."""
    from django.db import connection

    from bordin.store import triggers

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(sql, parameters)
            cursor.execute("SET session_replication_role = DEFAULT")
            return
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP TRIGGER {name}")
        cursor.execute(sql, parameters)
        for statement in triggers.make("sqlite"):
            cursor.execute(statement)


def test_a_new_record_begins_with_one_fact_and_verifies(study: Small) -> None:
    from bordin.store.verify import verify

    found = verify()
    assert found.whole
    assert found.facts == 2  # begin, allocation
    first = _facts().get(seq=1)
    assert (first.kind, first.before) == ("begin", "")
    assert _facts().get(seq=2).before == first.hash


def test_the_hash_is_that_of_an_independent_computation(study: Small) -> None:
    import hashlib

    rate(study, "Alder", "S001", {"concordance": 5}, lock=False)
    fact = _facts("rating").get()
    text = json.dumps(
        [
            fact.seq,
            fact.at,
            "Alder",
            "rating",
            {
                "assignment": study.assignments["Alder", "S001"],
                "coder": "Alder",
                "item": "socialization.concordance",
                "session": "S001",
                "value": 5.0,
            },
            fact.before,
        ],
        separators=(",", ":"),
        sort_keys=True,
    )
    assert hashlib.sha256(text.encode()).hexdigest() == fact.hash


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE store_fact SET value = 6 WHERE kind = 'rating'",
        "DELETE FROM store_fact WHERE kind = 'rating'",
        "UPDATE store_assignment SET coder_id = 3",
        "DELETE FROM store_assignment",
        "UPDATE store_erasable SET text = 'other'",
        "DELETE FROM store_erasable",
    ],
)
def test_the_database_refuses_to_change_or_delete(study: Small, change: str) -> None:
    from django.db import DatabaseError, connection

    from bordin.store.record import NewFact
    from bordin.store.verify import verify
    from bordin.store.writer import add

    rate(study, "Alder", "S001", {"concordance": 5}, lock=False)
    add(
        NewFact(
            "memo", "Alder", assignment=study.assignments["Alder", "S001"], text="mine", participant="P001"
        )
    )
    with (
        pytest.raises(DatabaseError, match=r"append-only|only after a withdrawal"),
        connection.cursor() as cursor,
    ):
        cursor.execute(change)
    assert verify().whole


def test_replacing_a_row_is_refused_too(study: Small) -> None:
    from django.db import DatabaseError, connection

    rate(study, "Alder", "S001", {"concordance": 5}, lock=False)
    if connection.vendor == "sqlite":
        statement = "INSERT OR REPLACE INTO store_fact SELECT seq, at, actor, kind, assignment, session, coder, item, 1, "
        statement += "reason, reading, detail, change, before, hash FROM store_fact WHERE kind = 'rating'"
    else:
        statement = "TRUNCATE store_fact"
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute(statement)
    assert _facts("rating").get().value == 5.0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE store_fact SET value = 6 WHERE kind = 'rating' AND seq = 3", "fact 3 (rating by Alder"),
        ("UPDATE store_fact SET actor = 'Birch' WHERE seq = 3", "fact 3 (rating by Birch"),
        ("DELETE FROM store_fact WHERE seq = 3", "fact 3 is missing"),
        ("UPDATE store_erasable SET text = 'other'", "the text of fact 5 was changed"),
        ("DELETE FROM store_erasable", "the text of fact 5 is missing, and P001 did not withdraw"),
        (
            "UPDATE store_assignment SET position = 99 WHERE id = 'axxxxxx001'",
            "the assignments of allocation 2",
        ),
    ],
)
def test_verification_finds_what_was_changed_behind_the_triggers(
    study: Small, change: str, told: str
) -> None:
    from bordin.store.record import NewFact
    from bordin.store.verify import verify
    from bordin.store.writer import add

    rate(study, "Alder", "S001", {"concordance": 5, "resistance": 2}, lock=False)
    add(
        NewFact(
            "memo", "Alder", assignment=study.assignments["Alder", "S001"], text="mine", participant="P001"
        )
    )
    assert verify().whole
    _without_triggers(change)
    found = verify()
    assert not found.whole
    assert any(told in fault for fault in found.faults), found.faults


def test_a_record_that_was_cut_off_shows_against_a_noted_head(study: Small) -> None:
    from bordin.store.verify import verify

    rate(study, "Alder", "S001", {"concordance": 5}, lock=False)
    head = verify().head
    assert verify(head).whole
    _without_triggers("DELETE FROM store_fact WHERE seq = 3")
    assert verify().whole, "a chain alone cannot show that its end is gone"
    assert any("cut off" in fault for fault in verify(head).faults)


def test_a_fact_that_does_not_follow_is_refused(study: Small) -> None:
    from django.db import DatabaseError, connection

    insert = "INSERT INTO store_fact (seq, at, actor, kind, before, hash) VALUES (%s, 'now', 'Lead', 'login', %s, 'x')"
    last = _facts().order_by("-seq")[0]
    for seq, before in ((last.seq + 2, last.hash), (last.seq + 1, "0" * 64), (last.seq, last.before)):
        with pytest.raises(DatabaseError), connection.cursor() as cursor:
            cursor.execute(insert, [seq, before])


def test_an_unknown_kind_is_refused_and_leaves_the_chain_as_it_was(study: Small) -> None:
    from bordin.store.record import NewFact
    from bordin.store.verify import verify
    from bordin.store.writer import add

    before = verify()
    with pytest.raises(ValueError, match="no kind of fact"):
        add(NewFact("gossip", "Lead"))
    assert verify() == before


def test_twenty_writers_lose_nothing_and_keep_one_chain(study: Small) -> None:
    from django.db import connection

    from bordin.store.record import NewFact
    from bordin.store.verify import verify
    from bordin.store.writer import add

    failures: list[Exception] = []

    def work(number: int) -> None:
        coder = ("Alder", "Birch")[number % 2]
        try:
            for k in range(25):
                add(
                    NewFact(
                        "rating",
                        coder,
                        assignment=study.assignments[coder, "S001"],
                        item="socialization.concordance",
                        value=k % 7,
                        change=f"{number}-{k}",
                    )
                )
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert _facts("rating").count() == 500
    assert _facts("rating").values("change").distinct().count() == 500
    found = verify()
    assert found.whole
    assert found.facts == 502


def test_a_job_that_fails_does_not_take_its_neighbors_along(study: Small) -> None:
    from bordin.store import writer
    from bordin.store.record import NewFact
    from bordin.store.verify import verify

    def bad(t):
        t.add(NewFact("login", "Alder"))
        raise RuntimeError("no")

    entries = [writer._Entry(lambda t: t.add(NewFact("login", "Lead"))), writer._Entry(bad)]
    entries.append(writer._Entry(lambda t: t.add(NewFact("login", "Birch"))))
    writer._lead(entries)
    assert [type(e.error) for e in entries] == [type(None), RuntimeError, type(None)]
    assert [f.actor for f in _facts("login").order_by("seq")] == ["Lead", "Birch"]
    assert verify().whole
