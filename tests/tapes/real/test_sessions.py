"""Accuracy on the sessions whose truth is known, against the figures that a release must reach."""

from __future__ import annotations

import time
from typing import Any

import pytest

PAIRS = ("ff", "ff_room", "mm", "mm_room", "mf_room")
# Shares: wrong speaker of talk time, errors of words, words of the wrong speaker.
MONO = {"session_mf": (0.02, 0.04, 0.02), "session_mm_room": (0.02, 0.08, 0.02)}


def kept_of(evaluation: dict[str, Any]) -> tuple[int, int]:
    """Return how many backchannels are there for a reader, and of how many."""
    counts = evaluation["backchannels"]
    return counts["as_words"] + counts["as_vocalization"], counts["total"]


@pytest.mark.parametrize("name", MONO)
def test_speakers_and_words_of_one_microphone(whole, name):
    confusion, wer, wrong = MONO[name]
    found = whole[name].evaluation
    assert found["confusion"] <= confusion
    assert found["wer"] <= wer
    assert found["wrong_speaker"] <= wrong
    assert found["n"]["wer"] == 513
    assert kept_of(found)[0] >= 1
    assert sorted(found["mappings"][0].values()) == ["client", "therapist"]


@pytest.mark.parametrize("name", ["session_mf", "session_mm_room", "session_mf_stereo"])
def test_every_backchannel_is_there_for_a_reader(whole, name):
    assert kept_of(whole[name].evaluation) == (3, 3)


def test_two_microphones_leave_no_doubt_who_speaks(whole):
    made = whole["session_mf_stereo"]
    found = made.evaluation
    assert found["confusion"] == 0.0
    assert found["wrong_speaker"] == 0.0
    assert found["wer"] <= 0.04
    assert found["mappings"] == [{"client": "client", "therapist": "therapist"}]
    assert sorted(made.record["speakers"]) == ["client", "therapist"]
    assert made.record["turns"][0]["speaker"] == "therapist"


@pytest.mark.parametrize("name", PAIRS)
def test_voices_of_the_same_sex_are_told_apart(diarizing, figures, spoken, name):
    recording = spoken(name)
    made = diarizing.process(recording, "--reference", recording.with_suffix(".rttm"), "--recognizer", "none")
    figures[f"{name}, turns alone"] = made
    assert made.evaluation["confusion"] <= 0.05
    assert made.evaluation["undefined"].keys() >= {"wer"}
    assert sorted(made.evaluation["mappings"][0].values()) == ["client", "therapist"]


@pytest.mark.parametrize("name", [*MONO, "session_mf_stereo"])
def test_the_record_holds_what_other_programs_read(whole, name):
    record = whole[name].record
    assert record.keys() >= {"turns", "speakers", "quality", "warnings", "engines", "evaluation"}
    assert record["evaluation"].keys() >= {"der", "confusion", "missed", "false_alarm", "wer"}
    parts = [record["evaluation"][k] for k in ("confusion", "missed", "false_alarm")]
    assert record["evaluation"]["der"] == pytest.approx(sum(parts), abs=1e-12)
    end = record["duration"]
    assert 163.0 < end < 168.0
    for turn in record["turns"]:
        assert turn.keys() >= {"speaker", "start", "end", "words"}
        assert 0.0 <= turn["start"] < turn["end"] <= end
        assert turn["speaker"] in record["speakers"]
        for word in turn["words"]:
            assert word.keys() >= {"text", "start", "end", "probability"}
            assert 0.0 <= word["start"] <= word["end"] <= end
            assert 0.0 <= word["probability"] <= 1.0
    starts = [t["start"] for t in record["turns"]]
    assert starts == sorted(starts)
    stages = [e["stage"] for e in record["engines"]]
    assert stages[-2:] == ["diarization", "recognition"]
    # A test model is never taken for one that a clinic may rely on.
    assert any("for tests, not for a clinic" in w for w in record["warnings"])


def test_a_second_run_takes_what_is_there(whole):
    first = whole["session_mf"]
    started = time.perf_counter()
    again = whole.program.process(*whole.options("session_mf"))
    seconds = time.perf_counter() - started
    assert again.text == first.text
    assert seconds < 0.25 * first.seconds
    kept = sorted(p.name for p in (whole.folder / "session_mf").iterdir() if not p.name.startswith("."))
    assert kept == ["session_mf.rttm", "session_mf.transcript.json", "session_mf.vtt"]
