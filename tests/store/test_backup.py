"""Backup and restore: each database into each, checked; and the verbs of the command line."""

from __future__ import annotations

import json
import shutil
import stat
import threading
import zipfile
from pathlib import Path

import pytest
from made_study import DIMENSIONS, EXAMPLE, Small, rate

from bordin.errors import DataError
from bordin.study.study import load_study
from postgres import new_database


def _empty(folder: Path, url: str) -> Path:
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("reports", "workbench"))
    (folder / "workbench").mkdir(mode=0o700)
    if url.startswith("postgres"):
        (folder / "workbench" / "server.toml").write_text(f'database = "{url}"\n')
    return folder


def _opener(folder: Path):  # type: ignore[no-untyped-def]
    def open_empty() -> None:
        from bordin.store.opening import study_database
        from bordin.store.setup import setup

        setup(study_database(folder))

    return open_empty


def _main(*words: str) -> int:
    from bordin.cli import main

    try:
        return main(words)
    except SystemExit as ended:
        return int(ended.code or 0)


def _written(value: object) -> str:
    # PostgreSQL keeps no order of keys.
    return json.dumps(value, sort_keys=True) if isinstance(value, dict | list) else str(value)


def _content() -> dict[str, list[tuple[object, ...]]]:
    from bordin.store import tables

    return {
        m.__name__: sorted((tuple(map(_written, row)) for row in m.objects.values_list()), key=str)
        for m in (
            *(tables.Account, tables.Participant, tables.Session, tables.Assignment, tables.Fact),
            *(tables.Erasable, tables.ImportedFile, tables.ImportedRow, tables.Invitation),
        )
    }


@pytest.mark.parametrize("into", ["sqlite", "postgresql"])
def test_a_backup_comes_back_in_either_database(study: Small, tmp_path: Path, into: str) -> None:
    from bordin.store.backup import back_up, restore
    from bordin.store.importing import import_study
    from bordin.store.invitations import Place, make_links
    from bordin.store.record import NewFact
    from bordin.store.verify import verify
    from bordin.store.writer import add

    loaded = load_study(study.folder)
    import_study(loaded, "Lead")
    rate(study, "Alder", "S001", dict.fromkeys(DIMENSIONS, 3))
    make_links("Lead", "alliance", [Place("P001", "S001")], 7)
    add(
        NewFact(
            "memo",
            "Birch",
            assignment=study.assignments["Birch", "S001"],
            text="Grüße, “memo”",
            participant="P001",
        )
    )
    before = _content()
    made = back_up(loaded, "Lead", tmp_path / "b.zip")
    assert made.facts == len(before["Fact"])
    assert stat.S_IMODE(made.file.stat().st_mode) == 0o600
    with zipfile.ZipFile(made.file) as archive:
        names = set(archive.namelist())
        assert json.loads(archive.read("backup.json"))["head"] == made.head
    assert "tables/store_fact.jsonl" in names
    assert not any(
        "secret" in n or "loginlink" in n or "session" in n.replace("store_session", "") for n in names
    )
    with new_database(into, tmp_path) as url:
        other = _empty(tmp_path / "other", url)
        back = restore(other, made.file, _opener(other))
        assert (back.facts, back.head) == (made.facts, made.head)
        assert _content() == before
        # Life goes on in the restored record: numbers continue, triggers are there.
        add(NewFact("memo", "Birch", assignment=study.assignments["Birch", "S001"], text="later"))
        assert import_study(load_study(other), "Lead").rows == 0
        assert verify(made.head).whole
        with pytest.raises(Exception, match="belongs to its coder"):
            add(NewFact("memo", "Alder", assignment=study.assignments["Birch", "S001"], text="x"))
        with pytest.raises(DataError, match="has a record already"):
            restore(other, made.file, _opener(other))
        from django.db import connections

        connections.close_all()


def test_a_damaged_or_foreign_file_is_refused(study: Small, tmp_path: Path) -> None:
    from bordin.store.backup import back_up, restore

    made = back_up(load_study(study.folder), "Lead", tmp_path / "b.zip")
    other = _empty(tmp_path / "other", "sqlite")
    with zipfile.ZipFile(made.file) as archive, zipfile.ZipFile(tmp_path / "bad.zip", "w") as bad:
        for name in archive.namelist():
            data = archive.read(name)
            bad.writestr(name, data.replace(b'"Alder"', b'"Aldar"') if "account" in name else data)
    with pytest.raises(DataError, match="the table store_account is damaged"):
        restore(other, tmp_path / "bad.zip", _opener(other))
    (tmp_path / "text.zip").write_text("no zip")
    with pytest.raises(DataError, match="no backup that can be read"):
        restore(other, tmp_path / "text.zip", _opener(other))
    with pytest.raises(DataError, match="there is no such file"):
        restore(other, tmp_path / "none.zip", _opener(other))
    with pytest.raises(DataError, match="a file of this name already"):
        back_up(load_study(study.folder), "Lead", made.file)
    with zipfile.ZipFile(tmp_path / "new.zip", "w") as new:
        new.writestr("backup.json", json.dumps({"format": 2}))
    with pytest.raises(DataError, match="of a newer bordin"):
        restore(other, tmp_path / "new.zip", _opener(other))


def test_a_backup_made_while_coders_save_is_whole(study: Small, tmp_path: Path) -> None:
    from django.db import connections

    from bordin.store.backup import back_up, restore
    from bordin.store.record import NewFact
    from bordin.store.writer import add

    stop = threading.Event()
    saved = []

    def save() -> None:
        while not stop.is_set():
            saved.extend(add(NewFact("play", "Alder", assignment=study.assignments["Alder", "S001"],
                                     detail={"start": 0, "end": 1, "speed": 1})))  # fmt: skip
        connections.close_all()

    thread = threading.Thread(target=save)
    thread.start()
    try:
        while len(saved) < 20:
            pass
        made = back_up(load_study(study.folder), "Lead", tmp_path / "b.zip")
    finally:
        stop.set()
        thread.join()
    other = _empty(tmp_path / "other", "sqlite")
    back = restore(other, made.file, _opener(other))
    assert back.facts >= 22
    assert len(saved) >= back.facts - 2


def test_sealed_tapes_travel_when_asked_for(study: Small, tmp_path: Path) -> None:
    from bordin.store.backup import back_up, restore
    from bordin.tapes.vault.keys import Passphrase
    from bordin.tapes.vault.opening import create_vault, open_vault

    lock = Passphrase("a quiet orchard lantern")
    vault = create_vault(study.folder / "tapes", lock)
    name = vault.tape_id("ef" * 32)
    with vault.draft(name, session="S003", participant="P003") as draft:
        draft.write_bytes("transcript.json", b"spoken words")
        draft.commit({})
    loaded = load_study(study.folder)
    assert back_up(loaded, "Lead", tmp_path / "without.zip").tapes == 0
    made = back_up(loaded, "Lead", tmp_path / "with.zip", tapes=True)
    assert made.tapes == 1
    assert b"spoken words" not in made.file.read_bytes()
    other = _empty(tmp_path / "other", "sqlite")
    restore(other, made.file, _opener(other))
    assert open_vault(other / "tapes", lock).tape(name).read_bytes("transcript.json") == b"spoken words"
    third = _empty(tmp_path / "third", "sqlite")
    (third / "tapes").mkdir()
    with pytest.raises(DataError, match="has tapes already"):
        restore(third, made.file, _opener(third))


def test_the_verbs_export_verify_back_up_and_run(
    study: Small, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from bordin.store.importing import import_study
    from bordin.store.tables import Fact

    import_study(load_study(study.folder), "Lead")
    folder = str(study.folder)
    assert _main(*["export", folder, "--to", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().out
    assert "ratings.csv" in told
    assert Fact.objects.get(kind="export").hash not in told
    assert Fact.objects.order_by("-seq")[1].hash in told
    assert _main(*["backup", folder, "--to", str(tmp_path / "b.zip")]) == 0
    capsys.readouterr()
    assert _main(*["audit", "verify", folder]) == 0
    told = capsys.readouterr().out
    assert "The chain is whole." in told
    assert _main(*["audit", "verify", folder, "--head", "0" * 64]) == 1
    assert "1 fault. Next:" in capsys.readouterr().out
    rate(study, "Alder", "S001", dict.fromkeys(DIMENSIONS, 3))
    assert _main(*["run", folder, "--quiet", "--only", "json", "--out", str(tmp_path / "report")]) == 0
    results = json.loads((tmp_path / "report" / "results.json").read_text())
    head = Fact.objects.filter(kind="export").order_by("-seq")[0]
    detail = json.loads(head.detail)
    note = next(w for w in results["warnings"] if "record" in w)
    assert f"{detail['facts']:,} facts, head of the chain {detail['head']}" in note
    assert detail["to"] == "workbench/export"
    assert _main(*["export", folder, "--format", "doc"]) == 2
