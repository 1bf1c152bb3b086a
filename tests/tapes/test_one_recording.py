"""One recording outside a study: everything of it at once, resumable, and no sound written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tape_fakes import FakeDiarizer, FakeRecognizer, Killed, a_session, fake_engines, write_wav

from bordin.errors import TapeError
from bordin.tapes import one_recording, stages
from bordin.tapes.engines.choose import Wish
from bordin.tapes.formats import read_transcript
from bordin.tapes.one_recording import InFolder, process_recording, read_reference
from bordin.tapes.shapes import Transcript, Turn, as_record, from_record
from bordin.tapes.stages import Engines

RTTM = "SPEAKER x 1 {:.3f} {:.3f} <NA> <NA> {} <NA> <NA>\n"


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    return write_wav(tmp_path / "S014.wav", a_session())


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> list[Engines]:
    """Let fakes be chosen; every choice is noted."""
    made: list[Engines] = []

    def choose(wish: Wish) -> tuple[Engines, tuple[str, ...]]:
        made.append(fake_engines(wish))
        return made[-1], ("a caution of the model.",)

    monkeypatch.setattr(one_recording, "choose", choose)
    return made


def test_all_that_is_known_of_it(wav, engines):
    made = process_recording(wav, Wish(speakers=2))
    assert [t.speaker for t in made.transcript.turns] == ["S1", "S2", "S1"]
    assert made.record["speakers"] == ["S1", "S2"]
    assert made.record["turns"][0]["text"] == "saw Anna in Berlin again ."
    assert made.record["duration"] == 8.0
    assert made.record["quality"]["channels"]
    assert made.record["warnings"][-1] == "a caution of the model."
    assert made.transcript.warnings == tuple(made.record["warnings"])
    assert "evaluation" not in made.record
    assert made.written == ()
    assert from_record(made.record) == made.transcript
    assert json.loads(json.dumps(made.record)) == made.record
    assert [p.name for p in wav.parent.iterdir()] == ["S014.wav"]


def test_what_is_written_can_be_read_and_holds_no_sound(wav, engines, tmp_path):
    out = tmp_path / "deep" / "out"
    made = process_recording(wav, Wish(), out=out)
    assert [p.name for p in made.written] == ["S014.transcript.json", "S014.vtt", "S014.rttm"]
    assert read_transcript(made.written[0]).turns == made.transcript.turns
    assert [t.text for t in read_transcript(made.written[1]).turns] == [t.text for t in made.transcript.turns]
    assert len(read_transcript(made.written[2]).turns) == 3
    files = [p for p in out.rglob("*") if p.is_file()]
    assert sum(p.stat().st_size for p in files) < 20_000
    assert {p.parent.name for p in files} == {"out", "stages"}


def test_a_killed_run_goes_on_where_it_was(wav, tmp_path, engines, monkeypatch):
    monkeypatch.setattr(stages.parts, "__defaults__", (2.0,))
    whole = process_recording(wav, Wish())
    out = tmp_path / "out"

    def choose(recognizer: FakeRecognizer) -> None:
        made = Engines(FakeDiarizer(), recognizer, activity=fake_engines().activity)  # type: ignore[arg-type]
        monkeypatch.setattr(one_recording, "choose", lambda wish: (made, ("a caution of the model.",)))

    choose(FakeRecognizer(killed_at=2))
    with pytest.raises(Killed):
        process_recording(wav, Wish(), out=out)
    assert not list(out.glob("*.vtt"))
    again = FakeRecognizer()
    choose(again)
    made = process_recording(wav, Wish(), out=out)
    assert len(again.done) == 2
    assert made.record == whole.record


def test_progress_is_told(wav, engines):
    told: list[str] = []
    process_recording(wav, Wish(), tell=lambda stage, share: told.append(stage))
    assert list(dict.fromkeys(told)) == ["voice activity", "diarization", "recognition"]


def test_accuracy_against_a_reference(wav, engines, tmp_path):
    rttm = tmp_path / "truth.rttm"
    rttm.write_text(
        RTTM.format(0.5, 2.0, "T") + RTTM.format(3.0, 2.0, "C") + RTTM.format(4.6, 2.9, "T"), encoding="utf-8"
    )
    found = process_recording(wav, Wish(), reference=rttm).record["evaluation"]
    assert found["der"] == pytest.approx(0.0, abs=1e-9)
    assert found["wer"] is None
    truth = Transcript((Turn("T", 0.5, 2.5), Turn("C", 3.0, 5.0), Turn("T", 4.6, 7.5)), 8.0)
    heard = process_recording(wav, Wish()).transcript
    spoken = [
        {**t, "speaker": r.speaker} for t, r in zip(as_record(heard)["turns"], truth.turns, strict=True)
    ]
    rttm.with_suffix(".json").write_text(json.dumps({**as_record(heard), "turns": spoken}), encoding="utf-8")
    found = process_recording(wav, Wish(), reference=rttm).record["evaluation"]
    assert (found["wer"], found["der"]) == (0.0, pytest.approx(0.0, abs=1e-9))


def test_a_reference_that_does_not_fit_its_words_is_refused(tmp_path):
    rttm = tmp_path / "truth.rttm"
    rttm.write_text(RTTM.format(0.5, 2.0, "T"), encoding="utf-8")
    assert read_reference(rttm).turns == (Turn("T", 0.5, 2.5),)
    record = as_record(Transcript((Turn("T", 0.5, 1.0), Turn("T", 2.0, 2.5)), 3.0))
    rttm.with_suffix(".json").write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(
        TapeError, match=r"truth.json: it has 2 turns, and truth.rttm beside it has 1\. Name the one"
    ):
        read_reference(rttm)
    assert len(read_reference(rttm.with_suffix(".json")).turns) == 2


def test_a_wrong_reference_is_told_before_any_work(wav, engines, tmp_path):
    with pytest.raises(TapeError, match=r"gone\.rttm"):
        process_recording(wav, Wish(), reference=tmp_path / "gone.rttm")
    assert engines == []


@pytest.mark.parametrize("content", [b"", b"no sound at all " * 40, None])
def test_a_bad_recording_is_refused_with_its_name_and_nothing_is_written(content, engines, tmp_path):
    file = tmp_path / "S001.wav"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(TapeError, match=r"^S001\.wav: ") as caught:
        process_recording(file, Wish(), out=tmp_path / "out")
    assert str(tmp_path) not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_outcomes_are_kept_whole_or_not_at_all(tmp_path, monkeypatch):
    keeper = InFolder(tmp_path / "kept")
    assert not keeper.has("stages/a.json")
    keeper.write_bytes("stages/a.json", b"one")
    assert keeper.has("stages/a.json")
    monkeypatch.setattr("os.replace", None)
    with pytest.raises(TypeError):
        keeper.write_bytes("stages/a.json", b"two")
    assert keeper.read_bytes("stages/a.json") == b"one"
    assert [p.name for p in (tmp_path / "kept" / "stages").iterdir()] == ["a.json"]
