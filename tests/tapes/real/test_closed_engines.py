"""The real engines need no network, give the same twice, and are told what a person asks for."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess

import pytest

EMPTY_NETWORK = ("unshare", "-rn")
OPENING = "last week we agreed on the activity"


def plain(words: list[str]) -> str:
    return " ".join(words).casefold().replace(",", "").replace(".", "")


def test_the_doctor_finds_every_engine_sound_and_no_socket(bordin):
    found = json.loads(bordin.run("tape", "doctor", "--json"))
    assert found["sound"] is True
    assert found["sockets"] == 0
    assert {e["engine"]: e["works"] for e in found["engines"]} == {
        "silero (voice activity)": True,
        "onnx (diarization)": True,
        "faster-whisper (recognition)": True,
        "channels": True,
    }
    assert found["network"].count("0 network sockets opened") == 1
    assert 0.5 < found["minutes"] < 500.0
    if platform.system() == "Linux" and platform.machine() in ("x86_64", "aarch64"):
        assert found["network"].startswith("shut by the kernel; ")


def test_the_default_engines_work_where_there_is_no_network(bordin, sample, sample_tape):
    unshare = shutil.which(EMPTY_NETWORK[0])
    tried = [*EMPTY_NETWORK, "true"]
    if not unshare or subprocess.run(tried, capture_output=True, check=False).returncode != 0:
        pytest.skip("this system lets an ordinary user make no empty network (unshare -rn)")
    # What it sees of the world: one interface, the computer itself, and that is down.
    links = subprocess.run(
        [*EMPTY_NETWORK, "cat", "/proc/net/dev"], capture_output=True, text=True, check=True
    )
    assert [line.split(":")[0].strip() for line in links.stdout.splitlines()[2:]] == ["lo"]
    closed = bordin.process(sample_tape, before=EMPTY_NETWORK)
    assert closed.text == sample.text
    assert OPENING in plain(closed.words)


def test_two_runs_give_the_same_transcript(bordin, excerpt, half_minute):
    again = bordin.process(excerpt)
    assert again.text == half_minute.text
    assert len(again.words) > 80


def test_a_lost_stage_alone_is_done_again(bordin, excerpt, half_minute):
    """Turns that are gone are found again, exactly; the words that are there are not heard anew."""
    out = excerpt.parent / "out"
    stages = out / f".{excerpt.stem}" / "stages"
    (diarization,) = stages.glob("diarization-*.json")
    (recognition,) = stages.glob("recognition-*.json")
    turns, heard = diarization.read_bytes(), recognition.stat().st_mtime_ns
    diarization.unlink()
    again = bordin.process(excerpt, "--out", out)
    assert again.text == half_minute.text
    assert diarization.read_bytes() == turns
    assert recognition.stat().st_mtime_ns == heard


def test_the_glossary_reaches_the_recognizer(bordin, sample, sample_tape):
    asked = bordin.process(
        sample_tape, "--language", "en", "--glossary", "week-end, my Sister, Activity-Diary"
    )
    told = asked.record["engines"][-1]["parameters"]
    assert told["glossary"] == ["week-end", "my Sister", "Activity-Diary"]
    assert told["language"] == "en"
    assert "Activity-Diary" in " ".join(asked.words)
    assert "Activity-Diary" not in " ".join(sample.words)
    assert sample.record["engines"][-1]["parameters"]["glossary"] == []


def test_the_language_reaches_the_recognizer(bordin, sample, sample_tape):
    """English heard as Japanese: the words are other ones, and the turns are the same."""
    other = bordin.process(sample_tape, "--language", "ja")
    assert sample.record["engines"][-1]["parameters"]["language"] is None
    assert other.record["engines"][-1]["parameters"]["language"] == "ja"
    assert other.words != sample.words
    found = [[(t["speaker"], t["start"], t["end"]) for t in made.record["turns"]] for made in (sample, other)]
    assert found[0] == found[1]
