"""Tapes of a study: whose they are, that they enter whole or not at all, and what is kept of the work on them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tape_fakes
from tape_fakes import FakeDiarizer, FakeRecognizer, Killed, a_session, fake_engines, sound_of, write_wav

from bordin.errors import BordinError, DataError, TapeError
from bordin.study import tapes as study_tapes
from bordin.study.records import Session
from bordin.study.study import load_study
from bordin.study.tapes import (
    ORIGINAL,
    PEAKS,
    ROLES,
    ROLES_GONE,
    TRANSCRIPT,
    WORKING,
    AddTask,
    ProcessTask,
    add_tape,
    match_sessions,
    name_roles,
    process_tape,
    protocol_wish,
    read_roles,
    read_tape_transcript,
    study_sessions,
    tape_facts,
    vault_folder,
)
from bordin.tapes import stages
from bordin.tapes.engines.channels import ChannelDiarizer
from bordin.tapes.engines.choose import Wish
from bordin.tapes.engines.imported import TranscriptFromFile
from bordin.tapes.sound.peaks import Peaks
from bordin.tapes.sound.working_copy import WorkingCopy
from bordin.tapes.stages import Engines
from bordin.tapes.vault.keys import Argon2, Passphrase
from bordin.tapes.vault.opening import create_unsealed, create_vault
from bordin.tapes.vault.vault import Tape, TapeForgotten, TapeHeld, Vault

SESSIONS = {name: Session(name, who) for name, who in (("S001", "P01"), ("S002", "P02"), ("S003", "P02"))}
ANNA = "Anna Meier 2026-05-03.wav"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    words = Passphrase("six words picked at random")
    return create_vault(tmp_path / "study" / "tapes", words, argon2=Argon2(64, 1, 1))


@pytest.fixture
def tape(vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tape:
    """Return an added tape; the engines chosen for it are fakes."""
    monkeypatch.setattr(study_tapes, "choose", tape_fakes.fake_choose)
    add_tape(AddTask(vault, write_wav(tmp_path / ANNA, a_session()), "S001", "P01"))
    return vault.tapes()[0]


def using(monkeypatch: pytest.MonkeyPatch, engines: Engines) -> Engines:
    monkeypatch.setattr(study_tapes, "choose", lambda wish: (engines, ()))
    return engines


def left_over(vault: Vault) -> list[str]:
    """Return what lies in a vault beside its own records."""
    kept = {"vault.json", ".locks", "tombstones.jsonl", "exports.jsonl"}
    return sorted(p.name for p in vault.folder.iterdir() if p.name not in kept)


# ---------------------------------------------------------------- whose they are


def files(folder: Path, *names: str) -> list[Path]:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"x")
    return [folder / name for name in names]


def matched(*given: Any, **more: Any) -> list[tuple[str, str]]:
    return [(path.name, session.id) for path, session in match_sessions(*given, SESSIONS, **more)]


def test_a_recording_bears_the_name_of_its_session(tmp_path):
    assert matched(files(tmp_path, "S001.wav", "S003.mp3")) == [("S001.wav", "S001"), ("S003.mp3", "S003")]


def test_a_folder_stands_for_its_files(tmp_path):
    files(tmp_path / "in", "S002.wav", "S001.m4a", ".hidden")
    (tmp_path / "in" / "deeper").mkdir()
    assert matched([tmp_path / "in"]) == [("S001.m4a", "S001"), ("S002.wav", "S002")]


def test_one_recording_is_given_to_a_session(tmp_path):
    assert matched(files(tmp_path, ANNA), session="S002") == [(ANNA, "S002")]


@pytest.mark.parametrize("name", [ANNA, "Anna Meier 2026-05-03", "ANNA MEIER 2026-05-03.WAV"])
def test_a_table_of_names_knows_files_with_or_without_their_ending(tmp_path, name):
    table = tmp_path / "names.csv"
    table.write_text(f"file;session\n{name};S003\nother.wav;S001\n", encoding="utf-8")
    assert matched(files(tmp_path, ANNA), names=table) == [(ANNA, "S003")]


WRONG = [
    (["S01.wav"], {}, ["S01.wav: 'S01' is no session", "Did you mean 'S001'?", "--session", "--names"]),
    (["x.wav"], {"session": "S9"}, ["x.wav: 'S9' is no session of the sessions file"]),
    (
        ["S001.wav", "S002.wav"],
        {"session": "S001"},
        ["--session names one session, but there are 2 recordings"],
    ),
    (
        ["x.wav", "y.wav"],
        {"names": "file,session\nx.wav,S001\n"},
        ["y.wav: it stands in no row of the table"],
    ),
    (["x.wav"], {"names": "file,session\nx.wav,S77\n"}, ["x.wav: 'S77' is no session"]),
    (["x.wav"], {"names": "name,session\nx.wav,S001\n"}, ["names.csv: there is no column 'file'"]),
    (["x.wav"], {"names": "file,session\nx.wav,S001\nX.wav,S002\n"}, ["names.csv", "'X.wav' stands twice"]),
]


@pytest.mark.parametrize(("names", "more", "parts"), WRONG)
def test_a_recording_of_no_session_is_told(tmp_path, names, more, parts):
    if "names" in more:
        table = tmp_path / "names.csv"
        table.write_text(more["names"], encoding="utf-8")
        more = {"names": table}
    with pytest.raises(BordinError) as caught:
        matched(files(tmp_path / "in", *names), **more)
    assert [p for p in parts if p not in str(caught.value)] == []
    assert str(tmp_path) not in str(caught.value)


def test_all_recordings_of_no_session_are_told_at_once(tmp_path):
    with pytest.raises(TapeError) as caught:
        matched(files(tmp_path, "S001.wav", "a.wav", "b.wav"))
    assert [p.file for p in caught.value.problems] == ["a.wav", "b.wav"]


def test_what_is_not_there_is_told(tmp_path):
    with pytest.raises(TapeError, match=r"^S001\.wav: there is no such file or folder"):
        matched([tmp_path / "gone" / "S001.wav"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(TapeError, match="there is no recording"):
        matched([tmp_path / "empty"])


def test_sessions_come_from_two_files_alone(study_folder, edit):
    for name in ("responses.csv", "ratings.csv"):
        (study_folder / "data" / name).unlink()
    found = study_sessions(load_study(study_folder))
    assert len(found) == 42
    assert found["S07"].participant == "P07"
    edit("data/sessions.csv", "S07,P07", "S07,P77")
    with pytest.raises(DataError, match="'P77'"):
        study_sessions(load_study(study_folder))


def test_without_a_sessions_file_the_next_step_is_told(study_folder, edit):
    edit("study.toml", '[data.sessions]\nfile = "sessions.csv"\n\n', "")
    with pytest.raises(TapeError, match=r"names no sessions file.*Add \[data.sessions\]"):
        study_sessions(load_study(study_folder))


def test_the_protocol_says_which_engines(study_folder, edit):
    assert protocol_wish(load_study(study_folder)) == Wish()
    edit(
        "study.toml",
        "[[instruments]]",
        '[tapes]\ndiarizer = "channels"\nrecognizer = "none"\nspeakers = 3\nchannels = ["a", "b"]\n'
        'language = "en"\nglossary = ["boom and bust"]\n\n[[instruments]]',
    )
    wish = Wish("channels", "none", 3, ("a", "b"), "en", ("boom and bust",), 2)
    assert protocol_wish(load_study(study_folder), 2) == wish
    assert vault_folder(load_study(study_folder)) == study_folder / "tapes"


# ---------------------------------------------------------------- adding


def test_a_tape_is_added_with_all_that_belongs_to_it(vault, tmp_path):
    path = write_wav(tmp_path / ANNA, a_session())
    told: list[float] = []
    added = add_tape(AddTask(vault, path, "S001", "P01"), told.append)
    assert (added.session, added.new, added.seconds) == ("S001", True, 8.0)
    assert told == sorted(told)
    assert told[-1] == 1.0
    [tape] = vault.tapes()
    assert tape.id == added.tape
    assert tape.names() == (ORIGINAL, PEAKS, WORKING)
    assert tape.read_bytes(ORIGINAL) == path.read_bytes()
    with tape.reader(WORKING) as file:
        assert WorkingCopy(file).duration == 8.0
    assert Peaks.from_bytes(tape.read_bytes(PEAKS)) is not None
    facts = tape.facts()
    assert facts["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert facts["bytes"] == path.stat().st_size
    assert facts["recording"]["decoded"] == 8.0
    assert set(facts) == {"name", "sha256", "bytes", "recording", "quality", "warnings"}


def test_the_file_s_own_name_and_date_stand_nowhere_in_the_clear(vault, tmp_path):
    add_tape(AddTask(vault, write_wav(tmp_path / ANNA, a_session()), "S001", "P01"))
    [tape] = vault.tapes()
    assert tape.facts()["name"] == ANNA
    for path in vault.folder.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        for planted in (b"Anna", b"Meier", b"2026-05-03"):
            assert planted not in content, path.name
            assert planted.decode() not in path.name
    assert "Anna" not in json.dumps(tape_facts(tape))
    assert set(tape_facts(tape)) == {
        "tape",
        "session",
        "participant",
        "seconds",
        "warnings",
        "transcript",
        "roles",
    }


def test_the_same_recording_is_added_once_whatever_it_is_called(vault, tmp_path):
    first = add_tape(AddTask(vault, write_wav(tmp_path / "a.wav", a_session()), "S001", "P01"))
    again = add_tape(AddTask(vault, write_wav(tmp_path / "b.wav", a_session()), "S002", "P02"))
    assert (again.new, again.tape, again.session, again.seconds) == (False, first.tape, "S001", 8.0)
    other = add_tape(AddTask(vault, write_wav(tmp_path / "c.wav", a_session(1)), "S002", "P02"))
    assert other.new
    assert len(vault.tapes()) == 2


@pytest.mark.parametrize("sealed", [True, False])
@pytest.mark.parametrize(
    "content",
    [b"", b"no sound at all " * 400, b"RIFF\x24\x00\x00\x00WAVEfmt ", None],
    ids=["empty", "text", "cut off", "gone"],
)
def test_what_cannot_be_read_leaves_nothing(tmp_path, vault, content, sealed):
    place = vault if sealed else create_unsealed(tmp_path / "open" / "tapes")
    path = tmp_path / "S001.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TapeError, match=r"^S001\.wav: ") as caught:
        add_tape(AddTask(place, path, "S001", "P01"))
    assert str(tmp_path) not in str(caught.value)
    assert left_over(place) == []
    assert place.tapes() == ()


def test_a_kill_while_adding_leaves_no_tape(vault, tmp_path, monkeypatch):
    def kill(*_: object, **__: object) -> None:
        raise Killed

    path = write_wav(tmp_path / "a.wav", a_session())
    monkeypatch.setattr(study_tapes, "measure", kill)
    with pytest.raises(Killed):
        add_tape(AddTask(vault, path, "S001", "P01"))
    assert left_over(vault) == []
    monkeypatch.undo()
    assert add_tape(AddTask(vault, path, "S001", "P01")).new


def test_a_forgotten_recording_comes_back_only_when_it_is_said(vault, tmp_path):
    path = write_wav(tmp_path / "a.wav", a_session())
    add_tape(AddTask(vault, path, "S001", "P01"))
    vault.forget(participant="P01", reason="consent withdrawn")
    with pytest.raises(TapeForgotten, match="consent withdrawn"):
        add_tape(AddTask(vault, path, "S001", "P01"))
    assert add_tape(AddTask(vault, path, "S001", "P01", again=True)).new


# ---------------------------------------------------------------- working on them


def process(vault: Vault, tape: Tape, **wish: Any) -> study_tapes.Processed:
    return process_tape(ProcessTask(vault, tape.id, Wish(**wish)))


def test_what_is_made_is_kept_in_the_tape(vault, tape):
    told: list[str] = []
    done = process_tape(ProcessTask(vault, tape.id, Wish()), lambda stage, share: told.append(stage))
    assert (done.tape, done.session, done.new, done.seconds) == (tape.id, "S001", True, 8.0)
    assert (done.turns, done.words) == (3, 14)
    assert done.warnings == ("This model is a fake.",)
    assert list(dict.fromkeys(told)) == ["voice activity", "diarization", "recognition"]
    assert [n.split("-")[0] for n in tape.names() if n.startswith("stages/")] == [
        "stages/diarization",
        "stages/recognition",
        "stages/voice",
    ]
    made = read_tape_transcript(tape)
    assert made.warnings == ("This model is a fake.",)
    assert made.speakers == ("S1", "S2")
    assert tape_facts(tape)["transcript"] is True
    tape.verify()


def test_a_second_time_nothing_is_done(vault, tape, monkeypatch):
    process(vault, tape)
    before = {p: p.stat().st_mtime_ns for p in vault.folder.rglob("*") if p.is_file()}
    engines = using(monkeypatch, fake_engines())
    monkeypatch.setattr(study_tapes, "choose", lambda wish: (engines, ("This model is a fake.",)))
    assert process(vault, tape).new is False
    assert [len(e.done) for e in (engines.diarizer, engines.recognizer, engines.activity)] == [0, 0, 0]  # type: ignore[union-attr]
    assert before == {p: p.stat().st_mtime_ns for p in before}


def test_a_killed_run_goes_on_where_it_was(vault, tape, monkeypatch):
    monkeypatch.setattr(stages.parts, "__defaults__", (2.0,))
    using(monkeypatch, replace(fake_engines(), recognizer=FakeRecognizer(killed_at=2)))
    with pytest.raises(Killed):
        process(vault, tape)
    assert not tape.has(TRANSCRIPT)
    engines = using(monkeypatch, fake_engines())
    assert process(vault, tape).new
    assert [len(e.done) for e in (engines.diarizer, engines.recognizer)] == [0, 2]  # type: ignore[union-attr]


def test_a_failed_engine_leaves_the_tape_as_it_was(vault, tape, monkeypatch):
    process(vault, tape)
    before = tape.read_bytes(TRANSCRIPT)
    using(monkeypatch, replace(fake_engines(fails=True), diarizer=FakeDiarizer(swapped=True)))
    with pytest.raises(ValueError, match="told to fail"):
        process(vault, tape)
    assert tape.read_bytes(TRANSCRIPT) == before
    with tape.hold():  # nobody holds it any longer
        pass


def test_one_process_at_a_time_works_on_a_tape(vault, tape):
    with tape.hold(), pytest.raises(TapeHeld, match="another process works on this tape"):
        process(vault, tape)


def test_a_changed_working_copy_is_refused(vault, tape):
    path = vault.folder / tape.id / f"{WORKING}.sealed"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(TapeError, match=tape.id):
        process(vault, tape)
    assert not tape.has(TRANSCRIPT)


# ---------------------------------------------------------------- who is who


def test_roles_name_the_speakers_and_leave_the_transcript(vault, tape):
    with pytest.raises(TapeError, match=r"it has no transcript yet\. Next: bordin tape process"):
        read_tape_transcript(tape)
    process(vault, tape)
    before = tape.read_bytes(TRANSCRIPT)
    assert read_roles(tape) == {}
    name_roles(tape, {"S1": "therapist", "S2": "client"})
    assert read_roles(tape) == {"S1": "therapist", "S2": "client"}
    assert read_tape_transcript(tape).speakers == ("therapist", "client")
    assert read_tape_transcript(tape, roles=False).speakers == ("S1", "S2")
    assert tape.read_bytes(TRANSCRIPT) == before
    assert tape_facts(tape)["roles"] == {"S1": "therapist", "S2": "client"}


def test_roles_stay_when_the_speakers_are_the_same(vault, tape, monkeypatch):
    process(vault, tape)
    name_roles(tape, {"S1": "therapist", "S2": "client"})
    using(monkeypatch, replace(fake_engines(), diarizer=FakeDiarizer(threshold=0.15)))
    done = process(vault, tape)
    assert done.new
    assert ROLES_GONE not in done.warnings
    assert read_tape_transcript(tape).speakers == ("therapist", "client")


def test_roles_do_not_pass_to_another_person(vault, tape, monkeypatch):
    """Another diarizer may call the therapist S2: measures would silently be the wrong person's."""
    process(vault, tape)
    name_roles(tape, {"S1": "therapist", "S2": "client"})
    using(monkeypatch, replace(fake_engines(), diarizer=FakeDiarizer(swapped=True)))
    done = process(vault, tape)
    assert done.warnings == (ROLES_GONE,)
    assert not tape.has(ROLES)
    assert read_tape_transcript(tape).speakers == ("S2", "S1")
    assert process(vault, tape).warnings == ()


def channels(names: tuple[str, ...]) -> Engines:
    diarizer = ChannelDiarizer(names)
    diarizer._activity = tape_fakes.FakeActivity(least_silence=0.25)  # type: ignore[assignment]
    return replace(fake_engines(), diarizer=diarizer)


@pytest.fixture
def stereo(vault: Vault, tmp_path: Path) -> Tape:
    path = write_wav(tmp_path / "s.wav", sound_of([(0, 1, 3), (1, 3.5, 6)], 7.0, channels=2))
    add_tape(AddTask(vault, path, "S002", "P02"))
    return vault.find(session="S002")[0]


def test_named_channels_are_roles(vault, stereo, monkeypatch):
    using(monkeypatch, channels(("therapist", "client")))
    process(vault, stereo, channels=("therapist", "client"))
    assert read_roles(stereo) == {"therapist": "therapist", "client": "client"}
    assert read_tape_transcript(stereo).speakers == ("therapist", "client")
    # Done anew without channels, nobody is called so any longer.
    using(monkeypatch, fake_engines())
    assert ROLES_GONE in process(vault, stereo).warnings
    assert read_roles(stereo) == {}


def test_named_channels_are_no_roles_where_another_diarizer_found_the_speakers(vault, tape):
    process(vault, tape, channels=("therapist", "client"))
    assert read_roles(tape) == {}


def test_an_imported_transcript_is_kept_without_the_name_of_its_file(vault, tape, tmp_path, monkeypatch):
    file = tmp_path / "Anna Meier.vtt"
    file.write_text("WEBVTT\n\n00:01.000 --> 00:02.000\n<v T>Hello there\n", encoding="utf-8")
    using(monkeypatch, Engines(None, None, TranscriptFromFile(file)))
    assert process(vault, tape).words == 2
    assert b"Meier" not in tape.read_bytes(TRANSCRIPT)


def test_voiceprints_are_kept_only_when_the_study_says_so(vault, tape, monkeypatch):
    kept: list[str] = []
    note: Callable[..., None] = lambda tape, *_: kept.append(tape.id)  # noqa: E731
    monkeypatch.setattr(study_tapes, "keep_voiceprints", note)
    process(vault, tape)
    assert kept == []
    process_tape(ProcessTask(vault, tape.id, Wish(), True))
    assert kept == [tape.id]
