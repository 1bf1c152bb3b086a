"""A withdrawal: nothing of the person's words is left in the bytes of the database, and the chain still verifies."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from made_study import DIMENSIONS, Small, rate

from bordin.errors import DataError
from bordin.missing import Missing
from bordin.study.study import load_study

PLANTED = "my neighbor Wilhelmina heard everything"
SECRET_ROW = "quite-unmistakable-remark"


def _plant(study: Small):  # type: ignore[no-untyped-def]
    from bordin.store.importing import import_study
    from bordin.store.invitations import Place, make_links
    from bordin.store.record import NewFact
    from bordin.store.responses import send
    from bordin.store.writer import add

    sessions = study.folder / "data" / "sessions.csv"
    text = sessions.read_text(encoding="utf-8-sig")
    assert "handed out too late" in text
    sessions.write_text(text.replace("handed out too late", SECRET_ROW, 1), encoding="utf-8")
    loaded = load_study(study.folder)
    import_study(loaded, "Lead")
    one, _ = make_links("Lead", "alliance", [Place("P001", "S001"), Place("P002", "S002")], 7).links
    send(
        one.token,
        "patient",
        "alliance",
        dict.fromkeys(("q1", "q2", "q3", "q4", "q5"), Missing.NOT_APPLICABLE),
    )
    for session, person in (("S001", "P001"), ("S002", "P002")):
        assignment = study.assignments["Alder", session]
        add(NewFact("memo", "Alder", assignment=assignment, session=session, text=f"{PLANTED} {person}",
                    participant=person))  # fmt: skip
        rate(study, "Alder", session, dict.fromkeys(DIMENSIONS, 3))
    return loaded


def _bytes() -> bytes:
    from django.db import connection

    file = Path(connection.settings_dict["NAME"])
    return b"".join(p.read_bytes() for p in sorted(file.parent.glob(f"{file.name}*")))


def test_words_are_gone_from_the_bytes_and_the_chain_is_whole(study: Small, tmp_path: Path) -> None:
    from django.db import connection

    from bordin.store.exporting import export_for_run, export_study
    from bordin.store.tables import Erasable, Fact, ImportedRow, Participant, Session
    from bordin.store.verify import verify
    from bordin.store.withdrawing import withdraw

    loaded = _plant(study)
    export_study(loaded, tmp_path / "early", "Lead")
    export_for_run(loaded, "Lead")
    if connection.vendor == "sqlite":
        held = _bytes()
        assert f"{PLANTED} P001".encode() in held
        assert SECRET_ROW.encode() in held
    done = withdraw(loaded, "P001", "Dana", "kept")
    assert done.scrubbed
    assert done.gone.texts == 2
    assert done.gone.rows == (("participants.csv", 1), ("sessions.csv", 1))
    assert done.gone.ratings == 7
    assert done.gone.files == ("data/participants.csv", "data/sessions.csv")
    assert [e.partition(" (")[0] for e in done.gone.exports] == [str(tmp_path / "early")]
    assert not (study.folder / "workbench" / "export").exists()
    if connection.vendor == "sqlite":
        held = _bytes()
        assert f"{PLANTED} P001".encode() not in held
        assert SECRET_ROW.encode() not in held
        assert f"{PLANTED} P002".encode() in held
    assert not Erasable.objects.filter(participant="P001").exists()
    assert not ImportedRow.objects.filter(participant="P001").exists()
    person, session = Participant.objects.get(id="P001"), Session.objects.get(id="S001")
    assert (person.arm, person.therapist, session.tape) == (None, None, "")
    found = verify()
    assert (found.whole, found.erased) == (True, 2)
    assert Fact.objects.get(kind="withdrawal").item == "P001"


def test_later_exports_and_imports_leave_the_person_out(study: Small, tmp_path: Path) -> None:
    from bordin.store.exporting import export_study
    from bordin.store.importing import import_study
    from bordin.store.withdrawing import withdraw

    loaded = _plant(study)
    withdraw(loaded, "P001", "Dana", "dropped")
    made = export_study(loaded, tmp_path / "late", "Lead")
    for name in made.files:
        rows = list(csv.reader((tmp_path / "late" / name).read_text(encoding="utf-8-sig").splitlines()))
        assert len(rows) > 1
        assert not {"P001", "S001"} & {cell for row in rows for cell in row}, name
    # The study's own files still hold the person; reading them in again does not bring the person back.
    again = import_study(loaded, "Lead")
    assert (again.rows, again.participants, again.sessions) == (0, 0, 0)


def test_open_links_end_and_tapes_are_destroyed_without_a_passphrase(study: Small) -> None:
    from bordin.store.invitations import Place, make_links
    from bordin.store.people import link_tapes
    from bordin.store.tables import Fact, Session
    from bordin.store.withdrawing import withdraw
    from bordin.study.tape_sound import KEPT
    from bordin.tapes.vault.keys import Passphrase
    from bordin.tapes.vault.opening import create_vault, open_vault

    loaded = load_study(study.folder)
    (link,) = make_links("Lead", "alliance", [Place("P003", "S003")], 7).links
    vault = create_vault(study.folder / "tapes", Passphrase("a quiet orchard lantern"))
    name = vault.tape_id("cd" * 32)
    with vault.draft(name, session="S003", participant="P003") as draft:
        draft.write_bytes("transcript.json", b"{}")
        draft.commit({})
    assert link_tapes({"S003": name}) == 1
    locked = open_vault(study.folder / "tapes")
    assert locked.locked
    KEPT.get(b"a transcript", lambda: b"its words")
    assert KEPT.size > 0
    done = withdraw(loaded, "P003", "Dana", vault=locked)
    assert (done.gone.tapes, done.gone.links) == ((name,), 1)
    assert not (study.folder / "tapes" / name).exists()
    assert KEPT.size == 0
    assert Session.objects.get(id="S003").tape == ""
    assert Fact.objects.get(kind="invitation ended").item == link.id
    # Again goes on where it was, and says nothing twice.
    withdraw(loaded, "P003", "Dana", vault=locked)
    assert Fact.objects.filter(kind="withdrawal").count() == 1


def test_nobody_and_no_word_are_refused(study: Small) -> None:
    from bordin.store.withdrawing import withdraw

    loaded = load_study(study.folder)
    with pytest.raises(DataError, match=r"there is no participant 'P01'\. Did you mean"):
        withdraw(loaded, "P01", "Dana")
    with pytest.raises(DataError, match="neither kept nor dropped"):
        withdraw(loaded, "P001", "Dana", "perhaps")  # type: ignore[arg-type]
