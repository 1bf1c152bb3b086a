"""A sealed study from its recording to the withdrawn consent, with the real engines."""

from __future__ import annotations

import csv
import json
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

PASSPHRASE = "five words for a test"
CLEAR = {"tape.json", "vault.json", "data-key", "tombstones.jsonl", "exports.jsonl"}


@dataclass(frozen=True)
class Study:
    """A study with one tape, worked on and with roles, and copies of it in the clear."""

    program: Any
    folder: Path
    copies: Path
    said: dict[str, str]

    def bordin(self, verb: str, *words: object) -> str:
        return self.program.run("tape", verb, self.folder, *words)


@pytest.fixture(scope="module")
def study(bordin, excerpt, tmp_path_factory) -> Study:
    program = replace(bordin, extra={"BORDIN_PASSPHRASE": PASSPHRASE})
    place = tmp_path_factory.mktemp("sealed")
    folder, copies = place / "study", place / "copies"
    program.run("new", folder)
    (folder / "data" / "participants.csv").write_text("participant\nP01\n")
    (folder / "data" / "sessions.csv").write_text("session,participant,number,tape\nS001,P01,1,yes\n")
    made = Study(program, folder, copies, {})
    for name, verb, words in (
        ("add", "add", [excerpt]),
        ("process", "process", ["--json"]),
        ("again", "process", ["--json"]),
        ("who", "roles", ["S001"]),
        ("roles", "roles", ["S001", "therapist=S1", "client=S2"]),
        ("measures", "measures", []),
        ("export", "export", ["--to", copies, "--format", "bordin,webvtt,rttm", "--with-names", "--sound"]),
        ("verify", "verify", []),
    ):
        made.said[name] = made.bordin(verb, *words)
    return made


def sealed_files(folder: Path) -> list[Path]:
    return [p for p in (folder / "tapes").rglob("*") if p.is_file() and p.name not in CLEAR]


def test_the_tape_enters_and_is_worked_on_once(study):
    assert "Made the vault" in study.said["add"]
    assert "(sealed)" in study.said["add"]
    first, again = (json.loads(study.said[name]) for name in ("process", "again"))
    assert first["failed"] == again["failed"] == []
    (done,), (repeated,) = first["done"], again["done"]
    assert (done["session"], done["new"], repeated["new"]) == ("S001", True, False)
    assert done["seconds"] == pytest.approx(30.1, abs=0.01)
    assert study.said["verify"].startswith("1 tape whole, 0 not.")


def test_the_transcript_is_that_of_the_same_recording_outside_a_study(study, half_minute):
    copy = json.loads((study.copies / "S001.json").read_text())
    role = {"S1": "therapist", "S2": "client"}
    expected = [(role[t["speaker"]], t["start"], t["end"], t["text"]) for t in half_minute.record["turns"]]
    assert [(t["speaker"], t["start"], t["end"], t["text"]) for t in copy["turns"]] == expected
    assert {e["stage"] for e in copy["engines"]} == {"voice activity", "diarization", "recognition"}


def test_roles_fit_the_truth(study, excerpt):
    shown = study.program.run(
        "tape", "evaluate", study.copies / "S001.json", excerpt.with_suffix(".json"), "--json"
    )
    found = json.loads(shown)
    assert found["mappings"] == [{"therapist": "therapist", "client": "client"}]
    assert found["confusion"] <= 0.02
    assert found["wer"] <= 0.05
    assert found["backchannels"] == {"total": 1, "as_words": 0, "as_vocalization": 1, "lost": 0}


def test_measures_are_those_of_the_turns(study, excerpt):
    with (study.folder / "data" / "process.csv").open(newline="", encoding="utf-8-sig") as file:
        (row,) = csv.DictReader(file)
    assert row["session"] == "S001"
    turns = json.loads(excerpt.with_suffix(".json").read_text())
    seconds = {
        s: sum(t["end"] - t["start"] for t in turns if t["speaker"] == s) for s in ("therapist", "client")
    }
    share = seconds["client"] / sum(seconds.values())
    assert float(row["talk_share_client"]) == pytest.approx(share, abs=0.03)


def test_nothing_lies_in_the_clear_in_the_vault(study, excerpt):
    files = sealed_files(study.folder)
    assert len(files) >= 5
    held = [p.read_bytes() for p in files]
    copy = (study.copies / "S001.json").read_text()
    assert "exhausted" in copy
    sound = excerpt.read_bytes()
    middle = sound[len(sound) // 3 : len(sound) // 3 + 64]
    assert len(set(middle)) > 30
    for path, data in zip(files, held, strict=True):
        for clear in (b"exhausted", b'"turns"', b"fLaC", b"RIFF", middle):
            assert clear not in data, path.name


def test_copies_are_whole(study):
    assert sorted(p.name for p in study.copies.iterdir()) == [
        "S001.json",
        "S001.rttm",
        "S001.vtt",
        "S001.wav",
    ]
    rttm = (study.copies / "S001.rttm").read_text().splitlines()
    assert {line.split()[7] for line in rttm} == {"therapist", "client"}
    captions = (study.copies / "S001.vtt").read_text()
    assert captions.startswith("WEBVTT")
    assert "<v therapist>Good morning." in captions
    assert (study.copies / "S001.wav").stat().st_size > 30 * 2 * 16_000


def test_a_wrong_passphrase_opens_nothing(study):
    refused = study.program.call("tape", "list", study.folder, BORDIN_PASSPHRASE="another few words here")
    assert refused.returncode != 0
    assert "exhausted" not in refused.stdout + refused.stderr


def test_a_withdrawn_consent_reaches_every_file(study, tmp_path):
    folder = tmp_path / "study"
    shutil.copytree(study.folder, folder)
    mine = replace(study, folder=folder)
    tape = json.loads(study.said["process"])["done"][0]["tape"]
    assert (folder / "tapes" / tape).is_dir()
    told = study.program.run("tape", "forget", "P01", folder, "--measures", "--yes")
    assert re.search(rf"{tape}, session S001: forgotten", told)
    assert str(study.copies) in told
    assert "Taken out of process.csv: 1 row" in told
    assert sealed_files(folder) == []
    assert (folder / "data" / "process.csv").read_text(encoding="utf-8-sig").count("\n") == 1
    stones = [json.loads(line) for line in (folder / "tapes" / "tombstones.jsonl").read_text().splitlines()]
    assert [s["session"] for s in stones if "session" in s] == ["S001"]
    assert "1 forgotten." in mine.bordin("list")
    refused = study.program.call("tape", "roles", folder, "S001")
    assert refused.returncode != 0
    assert "was forgotten on" in refused.stderr
