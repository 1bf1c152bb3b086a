"""The page of data: download, backup, lock, verification."""

from __future__ import annotations

import io
import json
import zipfile
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


def _facts(kind: str):  # type: ignore[no-untyped-def]
    from bordin.store.tables import Fact

    return Fact.objects.filter(kind=kind).order_by("seq")


def test_a_lead_who_downloads_gives_a_reason_and_is_unblinded(study: Small) -> None:
    client = study.client("Lead")
    assert "Downloading them ends your blindness" in _text(client.get("/data/"))
    answer = client.post("/data/download/", {"format": "csv"})
    assert answer.status_code == 400
    assert _facts("export").count() == 0
    rate(study, "Alder", "S001", dict.fromkeys(DIMENSIONS, 3))
    answer = client.post("/data/download/", {"format": "csv", "reason": "all is coded"})
    assert answer["Content-Type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    assert {"participants.csv", "sessions.csv", "ratings.csv", "allocation.csv", "export.json"} <= set(
        archive.namelist()
    )
    assert "S001,Alder,concordance,3," in archive.read("ratings.csv").decode("utf-8-sig")
    assert list(_facts("unblinding").values_list("item", "reason")) == [
        ("arm", "all is coded"),
        ("outcome", "all is coded"),
    ]
    detail = json.loads(_facts("export").get().detail)
    assert detail["to"] == "download"
    assert detail["files"]["ratings.csv"]
    assert "ends your blindness" not in _text(client.get("/data/"))


def test_a_data_manager_downloads_without_unblinding_anybody(study: Small) -> None:
    answer = study.client("Dana").post("/data/download/", {"format": "sav"})
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    assert "participants.sav" in archive.namelist()
    assert _facts("unblinding").count() == 0


def test_the_data_are_locked_when_nothing_is_open_or_with_a_reason(study: Small) -> None:
    client = study.client("Lead")
    answer = client.post("/data/lock/", {"change": "lock"})
    assert answer.status_code == 409
    assert "12 assignments are still open" in _text(answer)
    assert client.post("/data/lock/", {"change": "lock", "reason": "funding ended"}).status_code == 302
    fact = _facts("data lock").get()
    assert (fact.reason, json.loads(fact.detail)) == ("funding ended", {"open": 12})
    assert client.post("/data/lock/", {"change": "lock", "reason": "again"}).status_code == 409
    assert client.post("/data/lock/", {"change": "unlock"}).status_code == 409
    assert client.post("/data/lock/", {"change": "unlock", "reason": "a tape was missed"}).status_code == 302
    assert _facts("data unlock").get().reason == "a tape was missed"
    for session in ("S001", "S002", "S003", "S004", "S005", "S006"):
        for coder in ("Alder", "Birch"):
            rate(study, coder, session, {"concordance": 2})
    assert client.post("/data/lock/", {"change": "lock"}).status_code == 302
    assert study.client("Dana").post("/data/lock/", {"change": "unlock", "reason": "x"}).status_code == 403


def test_backup_and_verification_from_the_page(study: Small) -> None:
    client = study.client("Dana")
    assert client.post("/data/backup/").status_code == 302
    (file,) = (study.folder / "workbench" / "backups").iterdir()
    assert file.name in _text(client.get("/data/"))
    page = _text(client.post("/data/verify/"))
    assert "Whole: 3 facts were recomputed." in page
    page = _text(client.post("/data/verify/", {"head": "f" * 64}))
    assert "The record does not add up." in page
    assert f"no fact has the hash {'f' * 64}" in page
