"""The page of people: what it lists, what it hides, how files come in and how consent is withdrawn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from made_study import DIMENSIONS, Small, rate, small


@pytest.fixture
def study(tmp_path: Path) -> Iterator[Small]:
    yield small(tmp_path)
    from django.db import connections

    connections.close_all()


def _text(response) -> str:  # type: ignore[no-untyped-def]
    return response.content.decode()


def test_people_are_listed_without_arm_until_it_is_unblinded(study: Small) -> None:
    from bordin.store.record import NewFact
    from bordin.store.writer import add

    client = study.client("Lead")
    page = _text(client.get("/people/"))
    assert "6 participants, 6 sessions, 0 with a tape." in page
    assert "P003" in page
    assert "pragmatic rehabilitation" not in page
    assert "supportive listening" not in page
    add(NewFact("unblinding", "Lead", item="arm", reason="analysis begins"))
    page = _text(client.get("/people/"))
    assert "pragmatic rehabilitation" in page
    assert "The arm was unblinded" in page


def test_search_finds_people_by_a_session_and_says_when_it_finds_none(study: Small) -> None:
    client = study.client("Dana")
    page = _text(client.get("/people/", {"q": "s004"}))
    assert ">P004</a>" in page
    assert ">P003</a>" not in page
    page = _text(client.get("/people/", {"q": "%"}))
    assert "Nobody has “%” in an id." in page
    assert client.get("/people/", {"page": "x9"}).status_code == 200


@pytest.mark.parametrize("address", ["/people/", "/people/one/?id=P001", "/tapes/", "/data/"])
def test_coders_and_readers_are_kept_out(study: Small, address: str) -> None:
    for name in ("Alder", "Rowan"):
        assert study.client(name).get(address).status_code == 403
    assert study.client().get(address).status_code == 302
    assert study.client("Dana").get(address).status_code == 200


def test_files_of_the_study_are_looked_at_before_they_are_kept(study: Small) -> None:
    from bordin.store.tables import ImportedRow, Participant

    client = study.client("Dana")
    page = _text(client.post("/people/look/"))
    assert "296 new rows, 0 there already, 5 columns" in page
    assert "385 new rows" in page
    assert "pragmatic" not in page
    assert ImportedRow.objects.count() == 0
    assert client.post("/people/keep/", {"part": ""}).status_code == 302
    assert ImportedRow.objects.count() == 999
    assert Participant.objects.count() == 296
    page = _text(client.get("/people/"))
    assert "999 rows were read in." in page
    assert "Page 1 of 3, 296 in all." in page


def test_a_file_with_a_fault_is_refused_with_row_and_column_and_is_not_kept(
    study: Small, tmp_path: Path
) -> None:
    from bordin.store.tables import ImportedRow

    client = study.client("Lead")
    client.post("/people/look/")
    client.post("/people/keep/", {"part": ""})
    bad = tmp_path / "more.csv"
    bad.write_text("session,coder,dimension,value,reason,designated\nS005,C9,concordance,9,,1\n")
    with bad.open("rb") as file:
        answer = client.post("/people/look/", {"part": "ratings:0", "file": file})
    assert answer.status_code == 422
    assert "more.csv:2, concordance: 9 is outside 0-6" in _text(answer)
    assert ImportedRow.objects.count() == 999
    assert not any(p.is_file() for p in (study.folder / "workbench" / "incoming").rglob("*"))


def test_a_sent_file_is_kept_when_confirmed_or_forgotten(study: Small, tmp_path: Path) -> None:
    from bordin.store.tables import Participant

    client = study.client("Lead")
    new = tmp_path / "people.csv"
    new.write_text("participant,arm,therapist\nP777,pragmatic rehabilitation,T1\n")
    for confirm in (False, True):
        with new.open("rb") as file:
            page = _text(client.post("/people/look/", {"part": "participants", "file": file}))
        assert "1 new rows" in page
        if confirm:
            client.post("/people/keep/", {"part": "participants"})
        else:
            client.post("/people/cancel/")
        assert Participant.objects.filter(id="P777").exists() == confirm
    assert client.post("/people/keep/", {"part": "participants"}).status_code == 409


def test_a_withdrawal_needs_the_id_typed_and_names_what_goes(study: Small) -> None:
    from bordin.store.people import withdrawn

    client = study.client("Dana")
    client.post("/people/look/")
    client.post("/people/keep/", {"part": ""})
    rate(study, "Alder", "S001", dict.fromkeys(DIMENSIONS, 3))
    page = _text(client.get("/people/one/", {"id": "P001"}))
    assert "1 row that was read in from participants.csv" in page
    assert "7 ratings of these sessions stay in the chain" in page
    assert "file of the study: data/participants.csv" in page
    refused = client.post("/people/withdraw/", {"id": "P001", "typed": "P002", "ratings": "kept"})
    assert refused.status_code == 400
    assert withdrawn() == {}
    done = client.post("/people/withdraw/", {"id": "P001", "typed": "P001", "ratings": "kept"})
    assert "Consent of P001 is withdrawn" in _text(done)
    assert withdrawn() == {"P001": "kept"}
    assert "withdrawn 20" in _text(client.get("/people/", {"q": "P001"}))
    assert client.get("/people/one/", {"id": "nobody"}).status_code == 404


def test_tapes_say_what_to_do_next(study: Small) -> None:
    page = _text(study.client("Lead").get("/tapes/"))
    assert "0 of 6 sessions have a tape here." in page
    assert "bordin tape add study RECORDINGS" in page
    assert page.count("not added yet") == 6


def test_tapes_of_a_vault_are_noted_and_their_facts_shown(study: Small, tmp_path: Path) -> None:
    from bordin.store.tables import Session
    from bordin.tapes.vault.opening import create_unsealed
    from bordin.workbench import current

    vault = create_unsealed(study.folder / "tapes")
    name = vault.tape_id("ab" * 32)
    with vault.draft(name, session="S002", participant="P002") as draft:
        draft.commit({"recording": {"decoded": 3000.0}, "warnings": ["The left channel is silent."]})
    current._current.vault = vault
    client = study.client("Dana")
    assert "1 tape of the vault is not noted here yet." in _text(client.get("/tapes/"))
    assert client.post("/tapes/link/").status_code == 302
    assert Session.objects.get(id="S002").tape == name
    page = _text(client.get("/tapes/"))
    assert name in page
    assert ">50.0<" in page
    assert "The left channel is silent." in page
