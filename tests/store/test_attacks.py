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
        "memo",
        "Alder",
        assignment=small.assignments["Alder", "S001"],
        session="S001",
        text=text,
        participant="P001",
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


def test_a_neighbor_is_kept_when_a_job_breaks_a_constraint_that_is_looked_at_only_at_the_commit(
    study: Small,
) -> None:
    def no_such_account(t: Any) -> None:
        t.cursor.execute(
            "INSERT INTO store_loginlink (token_hash, account_id, expires) VALUES ('x', 4711, '2031-01-01')"
        )

    from django.db import IntegrityError

    from bordin.store.verify import verify

    got = _together(_memo(study, "first"), no_such_account, _memo(study, "third"))
    assert [type(g) for g in got] == [int, IntegrityError, int]
    assert _facts("memo").count() == 2
    assert verify().whole


def test_a_full_disk_is_an_error_and_nothing_is_acknowledged(study: Small) -> None:
    from django.db import OperationalError, connection

    from bordin.store.verify import verify

    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL's disk is not ours to fill")

    def fill(t: Any) -> None:
        t.cursor.execute("PRAGMA page_count")
        (pages,) = t.cursor.fetchone()
        t.cursor.execute(f"PRAGMA max_page_count = {pages}")
        _memo(study, "x" * 200_000)(t)

    got = _together(_memo(study, "first"), fill, _memo(study, "third"))
    assert isinstance(got[1], OperationalError)
    assert "full" in str(got[1])
    assert _facts("memo").count() == sum(isinstance(g, int) for g in got)
    assert isinstance(_together(_memo(study, "later"))[0], int)
    assert verify().whole


def test_a_record_that_cannot_be_written_acknowledges_nothing(study: Small) -> None:
    from django.db import OperationalError, connection

    from bordin.store.writer import write

    if connection.vendor != "sqlite":
        pytest.skip("of a file alone")
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only = ON")
    with pytest.raises(OperationalError, match="readonly"):
        write(_memo(study, "nowhere"))
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only = OFF")
    assert _facts("memo").count() == 0
    write(_memo(study, "again"))
    assert _facts("memo").count() == 1


def test_writing_within_another_transaction_is_refused(study: Small) -> None:
    """It would be acknowledged before it is on the disk."""
    from django.db import transaction

    from bordin.store.writer import write

    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        write(_memo(study, "too early"))
    assert _facts("memo").count() == 0


# Text that no database can hold ----------------------------------------------------------------------------------


def _save(study: Small, *changes: dict[str, Any]):
    from bordin.coding import catalog
    from bordin.store.saving import Coder, save
    from bordin.store.tables import Account

    coder = Coder(Account.objects.get(name="Alder").id, "Alder")
    sent = [{"id": f"change-{i:03d}", **c} for i, c in enumerate(changes)]
    return save(coder, study.assignments["Alder", "S001"], catalog.load("socialization-7"), sent)


GOOD = {"kind": "rating", "dimension": "avoidance", "value": 1}


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "memo", "text": "a\0b"},
        {"kind": "memo", "text": "a\ud800b"},
        {"kind": "mark", "mark": "m\0", "dimension": "avoidance", "seconds": 3},
        {"kind": "mark", "mark": "m1", "dimension": "avoidance", "seconds": 3, "note": "n\0"},
        {"kind": "mark", "mark": "m\ud800", "dimension": "avoidance", "seconds": 3},
        {"kind": "unmark", "mark": "\0"},
        {"kind": "memo", "text": "x", "id": "change-\0xx"},
        {"kind": "memo", "text": "x", "id": "change-\udfffxx"},
        {"kind": "rating", "dimension": "avoidance", "value": 10**400},
        {"kind": "mark", "mark": "m1", "dimension": "avoidance", "seconds": 10**400},
        {"kind": "play", "start": 0, "end": 10**400},
        {"kind": "play", "start": 0, "end": 3, "speed": 10**400},
        {"kind": "play", "start": 0, "end": 3, "speed": float("nan")},
        {"kind": "rating", "dimension": "avoidance", "reason": "Not audible\0"},
        {"kind": "rating", "dimension": "avoid\0ance", "value": 3},
        {"kind": "rating", "dimension": "avoidance", "value": "٣" * 20},
        {"kind": "memo", "text": {"a": ["\0"]}},
    ],
)
def test_what_no_database_can_hold_is_refused_and_the_rest_is_kept(
    study: Small, change: dict[str, Any]
) -> None:
    """Else one such sign in a memo would hold back all that its coder gives from then on."""
    saved = _save(study, {**GOOD, "id": "good-change-1"}, change)
    assert saved.ids == ["good-change-1"]
    assert len(saved.refused) == 1
    assert saved.refused[0][1]
    assert _facts("rating").get().value == 1.0


def test_a_guess_that_no_database_can_hold_is_refused(study: Small) -> None:
    from bordin.coding import catalog
    from bordin.errors import BordinError
    from bordin.store.saving import Coder, lock
    from bordin.store.tables import Account

    coder = Coder(Account.objects.get(name="Alder").id, "Alder")
    rate(study, "Alder", "S001", dict.fromkeys(DIMENSIONS, 3), lock=False)
    own, system = study.assignments["Alder", "S001"], catalog.load("socialization-7")
    for answer in ("a\0b", "a\ud800b"):
        with pytest.raises(BordinError):
            lock(coder, own, system, guesses={"arm": (answer, None)})
    assert not _facts("lock").exists()


def test_the_writer_takes_no_text_that_a_database_cannot_hold(study: Small) -> None:
    from bordin.errors import BordinError
    from bordin.store.record import NewFact
    from bordin.store.verify import verify
    from bordin.store.writer import add

    for bad in ("a\0b", "a\ud800b"):
        for where in ("reason", "item", "session", "change", "text", "actor"):
            given = {"kind": "unblinding", "actor": "Lead", where: bad}
            with pytest.raises(BordinError, match="sign"):
                add(NewFact(**given))
    with pytest.raises(BordinError, match="sign"):
        add(NewFact("unblinding", "Lead", detail={"why": {"deep": ["a\ud800b"]}}))
    assert not _facts("unblinding").exists()
    assert verify().whole


# What is tampered with behind the triggers ------------------------------------------------------------------------


def _behind_the_triggers(*statements: str) -> None:
    """Change the database as somebody with full rights on the file would."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = replica")
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for (name,) in cursor.fetchall():
                cursor.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            cursor.execute(statement)
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = DEFAULT")


def _withdraw(participant: str) -> None:
    from bordin.store.record import NewFact
    from bordin.store.writer import add

    add(NewFact("withdrawal", "Lead", item=participant, detail={"ratings": "kept"}))


def test_a_missing_text_is_excused_by_the_withdrawal_of_its_own_participant_alone(study: Small) -> None:
    """Any withdrawal excused any missing text."""
    from bordin.store.verify import verify
    from bordin.store.writer import write

    write(_memo(study, "about P001"))
    _withdraw("P002")
    assert verify().whole
    _behind_the_triggers("DELETE FROM store_erasable")
    assert verify().faults == ("the text of fact 3 is missing, and P001 did not withdraw",)
    _withdraw("P001")
    found = verify()
    assert (found.whole, found.erased) == (True, 1)


def test_a_text_is_not_made_another_participants_to_be_erased(study: Small) -> None:
    """Neither the text's own row nor its session's can be turned first."""
    from bordin.store.verify import verify
    from bordin.store.writer import write

    write(_memo(study, "about P001"))
    _withdraw("P002")
    _behind_the_triggers(
        "UPDATE store_erasable SET participant = 'P002'",
        "UPDATE store_session SET participant_id = 'P002' WHERE id = 'S001'",
        "DELETE FROM store_erasable",
    )
    assert verify().faults == ("the text of fact 3 is missing, and P001 did not withdraw",)


def test_answers_are_excused_by_whom_the_invitation_names(study: Small) -> None:
    from bordin.store.invitations import Place, make_links
    from bordin.store.responses import Sent, send
    from bordin.store.verify import verify

    [link] = make_links("Lead", "alliance", [Place("P001")], 7).links
    assert send(link.token, "patient", "alliance", {"q1": 5.0}) is Sent.KEPT
    _withdraw("P002")
    assert verify().whole
    _behind_the_triggers("DELETE FROM store_erasable")
    assert verify().faults == ("the text of fact 4 is missing, and P001 did not withdraw",)


def _with_everything(study: Small) -> None:
    from bordin.store.accounts import make_account
    from bordin.store.invitations import Place, make_links
    from bordin.store.record import NewFact
    from bordin.store.tables import ImportedFile, ImportedRow
    from bordin.store.writer import add, write

    make_account("cedar", "Cedar", "coder", "Lead")
    make_links("Lead", "alliance", [Place("P001", "S001")], 7)
    (fact,) = add(
        NewFact("import", "Lead", item="sessions", detail={"file": "s.csv", "sha256": "0", "rows": 2})
    )
    file = ImportedFile.objects.create(part="sessions", name="s.csv", headings={}, sha256="0" * 64, fact=fact)
    for i in (1, 2):
        ImportedRow.objects.create(file=file, number=i, participant=f"P00{i}", session=f"S00{i}", cells=[i])
    rate(study, "Alder", "S001", {"concordance": 5}, lock=False)
    write(_memo(study, "mine"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            "UPDATE store_account SET name = 'Elder' WHERE name = 'Alder'",
            "or an account has another name now",
        ),
        ("UPDATE store_account SET name = 'Elm' WHERE name = 'Cedar'", "the account Cedar is missing"),
        (
            "UPDATE store_account SET role = 'lead' WHERE name = 'Cedar'",
            "Cedar is a lead now; its facts say coder",
        ),
        ("UPDATE store_account SET is_active = FALSE WHERE name = 'Cedar'", "the account Cedar is closed"),
        ("DELETE FROM store_account WHERE name = 'Cedar'", "the account Cedar is missing"),
        ("UPDATE store_invitation SET participant_id = 'P003'", "is not the one that was made"),
        ("UPDATE store_invitation SET form = 'other'", "is not the one that was made"),
        ("UPDATE store_invitation SET fact = 1", "is not the one that was made"),
        ("DELETE FROM store_invitation", "is missing"),
        ("DELETE FROM store_importedrow WHERE number = 2", "the file sessions has 1 rows; 2 were read in"),
        ("UPDATE store_importedfile SET fact = 1", "the file sessions was read in by no fact"),
        (
            "INSERT INTO store_assignment (id, fact, coder_id, session_id, coding, name, position, reading, purpose) "
            "SELECT 'forged0001', 1, coder_id, session_id, coding, 'Tape 9', 99, 2, 'rate' FROM store_assignment "
            "WHERE id = 'axxxxxx001'",
            "assignment forged0001 was issued by no allocation",
        ),
        (
            "INSERT INTO store_erasable (fact, participant, salt, text) VALUES (1, 'P001', 'x', 'y')",
            "a text lies beside fact 1, which vouches for none",
        ),
        ("UPDATE store_fact SET value = 'Infinity' WHERE kind = 'rating'", "was changed"),
        ("UPDATE store_fact SET detail = '{' WHERE kind = 'allocation'", "was changed"),
        ("UPDATE store_fact SET detail = 'no \"text\": json' WHERE kind = 'memo'", "was changed"),
    ],
)
def test_tables_beside_the_chain_are_held_against_it(study: Small, change: str, told: str) -> None:
    from django.db import connection

    from bordin.store.verify import verify

    _with_everything(study)
    assert verify().faults == ()
    if connection.vendor == "sqlite":
        change = change.replace("'Infinity'", "9e999")
    _behind_the_triggers(change)
    found = verify()
    assert any(told in fault for fault in found.faults), found.faults


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE store_account SET name = 'Elder' WHERE name = 'Alder'",
        "UPDATE store_session SET participant_id = 'P003' WHERE id = 'S001'",
        "UPDATE store_invitation SET participant_id = 'P003'",
        "DELETE FROM store_invitation",
        "DELETE FROM store_session WHERE id = 'S006'",
        "DELETE FROM store_participant WHERE id = 'P006'",
    ],
)
def test_the_database_keeps_what_facts_rest_on(study: Small, change: str) -> None:
    from django.db import DatabaseError, connection

    _with_everything(study)
    with (
        pytest.raises(DatabaseError, match=r"stay as they are|nothing is deleted"),
        connection.cursor() as cursor,
    ):
        cursor.execute(change)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE store_account SET last_login = NULL, name = name, role = 'reader'")
        cursor.execute("UPDATE store_session SET tape = 'x', participant_id = participant_id")
