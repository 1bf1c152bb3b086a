"""The stages from sound to transcript: done once, done again when something changed, resumed where they stopped."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tape_fakes import (
    FakeActivity,
    FakeDiarizer,
    FakeRecognizer,
    Killed,
    MadeSound,
    a_session,
    sound_of,
    write_wav,
)

from bordin.tapes import stages
from bordin.tapes.engines.channels import ChannelDiarizer
from bordin.tapes.engines.imported import TranscriptFromFile
from bordin.tapes.engines.shapes import Recognizer
from bordin.tapes.one_recording import InFolder
from bordin.tapes.shapes import EngineFacts, Stretch, Transcript
from bordin.tapes.stages import Engines, InMemory, parts, share_done, stage_key, transcribe

SESSION = MadeSound(a_session())


class Engine:
    """Fake engines, and what each of them did."""

    def __init__(self, **recognizer: object) -> None:
        self.diarizer, self.activity = FakeDiarizer(), FakeActivity()
        self.recognizer = FakeRecognizer(**recognizer)  # type: ignore[arg-type]

    @property
    def engines(self) -> Engines:
        return Engines(self.diarizer, self.recognizer, activity=self.activity)  # type: ignore[arg-type]

    @property
    def done(self) -> tuple[int, int, int]:
        return len(self.activity.done), len(self.diarizer.done), len(self.recognizer.done)


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the recognizer hear two seconds at a time."""
    monkeypatch.setattr(stages, "PART_SECONDS", 2.0)
    monkeypatch.setattr(stages.parts, "__defaults__", (2.0,))


def test_who_spoke_when_and_what_was_said():
    made = transcribe(SESSION, "hash", Engine().engines, InMemory())
    assert [(t.speaker, round(t.start, 3), t.end, t.text) for t in made.turns] == [
        ("S1", 0.5, 2.5, "saw Anna in Berlin again ."),
        ("S2", 3.0, 5.0, "Mm she was"),
        ("S1", 4.6, 7.5, "very kind to me there"),
    ]
    assert made.duration == 8.0
    assert made.overlaps[0].start == pytest.approx(4.6)
    assert [f.stage for f in made.engines] == ["voice activity", "diarization", "recognition"]
    assert made.engines[1].parameters == {"threshold": 0.1, "swapped": False, "speakers": 2}
    assert made.warnings == ()


def test_a_second_run_makes_nothing_anew():
    keeper, first, second = InMemory(), Engine(), Engine()
    made = transcribe(SESSION, "hash", first.engines, keeper)
    assert first.done == (1, 1, 1)
    assert transcribe(SESSION, "hash", second.engines, keeper) == made
    assert second.done == (0, 0, 0)


def changed(what: str) -> tuple[str, Engines]:
    """Return the recording's content and the engines, one thing of them changed."""
    engines = Engine().engines
    if what == "content":
        return "another", engines
    if what == "speakers":
        return "hash", replace(engines, speakers=0)
    if what == "model":
        return "hash", replace(engines, diarizer=FakeDiarizer(model="c" * 64))
    if what == "parameter":
        return "hash", replace(engines, diarizer=FakeDiarizer(threshold=0.11))
    if what == "language":
        return "hash", replace(engines, recognizer=FakeRecognizer(language="en"))
    gap = 1.0 if what == "activity" else 0.3
    return "hash", replace(engines, activity=FakeActivity(least_silence=gap))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("what", "again"),
    [
        ("content", (1, 1, 1)),
        # The turns found are the same, so the words stand.
        ("speakers", (0, 1, 0)),
        ("model", (0, 1, 0)),
        ("parameter", (0, 1, 0)),
        ("language", (0, 0, 1)),
        # Likewise where another detector finds the same speech.
        ("activity", (1, 0, 0)),
        ("other speech", (1, 1, 1)),
    ],
)
def test_whatever_changes_is_made_anew_and_nothing_else(what, again):
    keeper = InMemory()
    made = transcribe(SESSION, "hash", Engine().engines, keeper)
    content, engines = changed(what)
    transcribe(SESSION, content, engines, keeper)
    done = tuple(len(e.done) for e in (engines.activity, engines.diarizer, engines.recognizer))  # type: ignore[union-attr]
    assert done == again
    # The first outcome is still there.
    third = Engine()
    assert transcribe(SESSION, "hash", third.engines, keeper) == made
    assert third.done == (0, 0, 0)


def test_other_turns_make_other_words():
    keeper = InMemory()
    transcribe(SESSION, "hash", Engine().engines, keeper)
    engine = Engine()
    engine.diarizer = FakeDiarizer(swapped=True)
    made = transcribe(SESSION, "hash", engine.engines, keeper)
    assert engine.done == (0, 1, 1)
    assert made.turns[0].speaker == "S2"


def test_keys_are_of_everything_that_counts():
    facts = EngineFacts("recognition", "fake", {"a": "1"}, {"beam": 5}, "1")
    key = stage_key("content", facts, [None])
    assert key == stage_key("content", replace(facts, model={"a": "1"}), [None])
    others = [
        ("other", facts, [None]),
        ("content", replace(facts, version="2"), [None]),
        ("content", replace(facts, engine="other"), [None]),
        ("content", replace(facts, model={"a": "2"}), [None]),
        ("content", replace(facts, parameters={"beam": 6}), [None]),
        ("content", facts, [0]),
    ]
    assert len({key, *(stage_key(*o) for o in others)}) == 7


def test_a_killed_run_hears_only_what_is_missing(small_parts, tmp_path):
    keeper = InFolder(tmp_path)
    whole = Engine()
    made = transcribe(SESSION, "hash", whole.engines, InMemory())
    assert len(whole.recognizer.done) == 4
    killed = Engine(killed_at=2)
    with pytest.raises(Killed):
        transcribe(SESSION, "hash", killed.engines, keeper)
    assert killed.recognizer.done == whole.recognizer.done[:2]
    again = Engine()
    assert transcribe(SESSION, "hash", again.engines, keeper) == made
    assert again.done == (0, 0, 2)
    assert again.recognizer.done == whole.recognizer.done[2:]


@pytest.mark.parametrize("stage", ["find", "diarize"])
def test_a_run_killed_in_an_earlier_stage_resumes_before_it(stage, monkeypatch):
    keeper, killed = InMemory(), Engine()

    def kill(*_: object, **__: object) -> None:
        raise Killed

    monkeypatch.setattr(killed.activity if stage == "find" else killed.diarizer, stage, kill)
    with pytest.raises(Killed):
        transcribe(SESSION, "hash", killed.engines, keeper)
    again = Engine()
    transcribe(SESSION, "hash", again.engines, keeper)
    assert again.done == ((1, 1, 1) if stage == "find" else (0, 1, 1))


def test_the_language_of_the_first_part_is_told_to_all(small_parts):
    keeper, first = InMemory(), Engine(killed_at=3)
    with pytest.raises(Killed):
        transcribe(SESSION, "hash", first.engines, keeper)
    assert first.recognizer.told == [None, "de", "de"]
    # After a kill too, where the first part is not heard again: nobody finds out another language then.
    again = Engine()
    made = transcribe(SESSION, "hash", again.engines, keeper)
    assert again.recognizer.told == ["de"]
    assert made.engines[-1].parameters == {"language": None}
    given = Engine(language="en")
    transcribe(SESSION, "hash", given.engines, InMemory())
    assert given.recognizer.told == ["en"] * 4


def test_only_speech_is_heard(small_parts):
    sound = MadeSound(sound_of([(0, 1.0, 2.0), (1, 11.0, 12.0)], 13.0))
    engine = Engine()
    transcribe(sound, "hash", engine.engines, InMemory())
    assert engine.recognizer.done == [(1.0, 2.0), (11.0, 12.0)]


def test_progress_is_told_stage_by_stage(small_parts):
    told: list[tuple[str, float]] = []
    transcribe(
        SESSION, "hash", Engine().engines, InMemory(), lambda stage, share: told.append((stage, share))
    )
    assert [s for s, _ in told if s != "recognition"] == ["voice activity", "diarization", "diarization"]
    heard = [share for s, share in told if s == "recognition"]
    assert heard == sorted(heard)
    assert heard[-1] == pytest.approx(1.0)
    done = [share_done(*t) for t in told]
    assert done == sorted(done)
    assert done[-1] == pytest.approx(1.0)
    assert share_done("diarization", 0.5) == pytest.approx(0.17)


# ---------------------------------------------------------------- parts

stretches = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 200)), max_size=12)


@given(stretches, st.sampled_from([5.0, 30.0, 300.0]))
def test_parts_hold_all_speech_once_and_are_short(gaps, seconds):
    speech, at = [], 0.0
    for gap, length in gaps:
        speech.append(Stretch(at + 0.5 + gap, at + 0.5 + gap + length))
        at = speech[-1].end
    found = parts(speech, seconds)
    flat = [s for part in found for s in part]
    assert sum(s.seconds for s in flat) == pytest.approx(sum(s.seconds for s in speech))
    assert all(a.end <= b.start for a, b in pairwise(flat))
    for part in found:
        assert part[-1].end - part[0].start <= seconds
    for s in flat:
        assert any(one.start <= s.start and s.end <= one.end for one in speech)
    # No part could have taken the first stretch of the next one, unless a long stretch was cut.
    for one, other in pairwise(found):
        assert other[0].end - one[0].start > seconds


def test_no_speech_has_no_parts():
    assert parts([]) == []
    assert parts([Stretch(0, 300)]) == [[Stretch(0, 300)]]


# ---------------------------------------------------------------- other ways


def channels(names: Sequence[str] = ()) -> tuple[ChannelDiarizer, FakeActivity]:
    diarizer, activity = ChannelDiarizer(names), FakeActivity(least_silence=0.25)
    diarizer._activity = activity  # type: ignore[assignment]
    return diarizer, activity


def test_with_a_channel_a_speaker_each_channel_is_heard_for_itself():
    sound = MadeSound(sound_of([(0, 1, 4), (1, 3, 6)], 7.0, channels=2, bleed_db=-15.0))
    diarizer, activity = channels(("therapist", "client"))
    recognizer, mixed = FakeRecognizer(), FakeActivity()
    engines = Engines(diarizer, recognizer, activity=mixed)  # type: ignore[arg-type]
    made = transcribe(sound, "hash", engines, InMemory())
    assert made.speakers == ("therapist", "client")
    assert [round(t.start) for t in made.turns] == [1, 3]
    # Between 3 and 4 s both say something, and both are heard; the edges of a channel hold a word more.
    assert [[w.start for w in t.words] for t in made.turns] == [
        [1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0],
        [3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0],
    ]
    assert not any(w.marks for w in made.words)
    assert len(recognizer.done) == 2
    assert recognizer.done[0][0] == pytest.approx(0.6, abs=0.1)
    assert (activity.done, mixed.done) == ([0, 1], [])
    assert [f.stage for f in made.engines] == ["diarization", "recognition"]


def test_channels_without_names_and_without_words():
    sound = MadeSound(sound_of([(0, 1, 4), (1, 3, 6)], 7.0, channels=2))
    made = transcribe(sound, "hash", Engines(channels()[0], None), InMemory())
    assert made.speakers == ("S1", "S2")
    assert made.words == ()


def test_turns_without_words():
    engine = Engine()
    made = transcribe(SESSION, "hash", replace(engine.engines, recognizer=None), InMemory())
    assert [t.text for t in made.turns] == ["[vocalization]"] * 3
    assert [f.stage for f in made.engines] == ["voice activity", "diarization"]


def test_without_a_diarizer_all_is_one_speaker():
    made = transcribe(SESSION, "hash", replace(Engine().engines, diarizer=None, speakers=0), InMemory())
    assert made.speakers == ("S1",)
    assert len(made.words) == 14


def test_an_imported_transcript_takes_the_place_of_all_stages(tmp_path: Path, monkeypatch):
    file = tmp_path / "Anna Meier 3 May.vtt"
    file.write_text("WEBVTT\n\n00:01.000 --> 00:02.000\n<v T>Hello there\n", encoding="utf-8")
    keeper = InMemory()
    engines = Engines(None, None, TranscriptFromFile(file))
    made = transcribe(SESSION, "hash", engines, keeper)
    assert [(t.speaker, t.start, t.end, t.text) for t in made.turns] == [("T", 1.0, 2.0, "Hello there")]
    assert (made.duration, [f.stage for f in made.engines]) == (8.0, ["transcript"])
    monkeypatch.setattr(TranscriptFromFile, "transcript", None)
    assert transcribe(SESSION, "hash", engines, keeper) == made
    file.write_text("WEBVTT\n", encoding="utf-8")
    with pytest.raises(TypeError):
        transcribe(SESSION, "hash", engines, keeper)


# ---------------------------------------------------------------- warnings


def warned(sound: MadeSound, recognizer: Recognizer | None = None, speakers: int = 2) -> Transcript:
    engine = Engine()
    engines = replace(engine.engines, speakers=speakers, recognizer=recognizer or engine.recognizer)
    return transcribe(sound, "hash", engines, InMemory())


def test_silence_is_told():
    [told] = warned(MadeSound(sound_of([], 3.0))).warnings
    assert told.startswith("No speech was found on this tape.")


def test_another_number_of_speakers_is_told():
    sound = MadeSound(sound_of([(0, 1, 2)], 3.0))
    [told] = warned(sound).warnings
    assert told.startswith("1 speaker was told apart where 2 were expected.")
    assert warned(sound, speakers=0).warnings == ()


def test_long_voice_without_words_is_told(monkeypatch):
    silent = FakeRecognizer()
    monkeypatch.setattr("tape_fakes.SCRIPT", [])
    monkeypatch.setattr("tape_fakes.SPACING", 1e6)
    sound = MadeSound(sound_of([(0, 1, 4.5), (1, 5, 6)], 7.0))
    [told] = warned(sound, silent).warnings
    assert told.startswith("Voice without words of 3 s or more, once (at 1 s):")


def test_what_is_kept_is_readable_and_has_a_name_that_tells_its_stage(tmp_path):
    transcribe(SESSION, "hash", Engine().engines, InFolder(tmp_path))
    names = sorted(p.name for p in (tmp_path / "stages").iterdir())
    assert [n.rpartition("-")[0] for n in names] == ["diarization", "recognition", "voice-activity"]
    found = json.loads((tmp_path / "stages" / names[0]).read_text(encoding="utf-8"))
    assert found[0] == ["S1", 0.5, 2.5]


def test_sound_files_are_not_needed(tmp_path):
    """The fakes read the same from a file as from memory: what the other tests of tapes rely on."""
    from bordin.tapes.sound.working_copy import WorkingCopy

    with write_wav(tmp_path / "a.wav", a_session()).open("rb") as file:
        made = transcribe(WorkingCopy(file), "hash", Engine().engines, InMemory())
    assert made == transcribe(SESSION, "hash", Engine().engines, InMemory())
