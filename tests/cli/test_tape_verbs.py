"""The verbs on the tapes of a study, from a folder of recordings to a withdrawn consent, with made-up engines."""

from __future__ import annotations

import csv
import io
import json
import runpy
import shutil
import sys
import wave
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tape_fakes
from tape_fakes import RATE, a_session, sound_of, write_wav

from bordin.cli import main
from bordin.study import tapes as study_tapes
from bordin.tapes import one_recording
from bordin.tapes.engines import choose as choosing
from bordin.tapes.formats import read_transcript
from bordin.tapes.shapes import PLACEHOLDER
from bordin.tapes.vault import locks
from bordin.tapes.vault.keys import Argon2, Passphrase
from bordin.tapes.vault.opening import open_vault
from bordin.tapes.vault.vault import Vault

recorded = runpy.run_path(str(Path(__file__).parents[1] / "tapes" / "sound" / "test_decoding.py"))["recorded"]
PASSPHRASE = "six words picked at random"
PLANTED = ("Anna", "Meier", "2026-05-03")
PUBLIC = '[tapes]\nvault = "unsealed: public material"\n\n'


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fake engines, a passphrase that costs nothing to check, nobody at the terminal."""
    monkeypatch.setenv("BORDIN_PASSPHRASE", PASSPHRASE)
    monkeypatch.delenv("BORDIN_KEY_FILE", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.setattr(locks, "Argon2", lambda: Argon2(64, 1, 1))
    for module in (study_tapes, one_recording, choosing):
        monkeypatch.setattr(module, "choose", tape_fakes.fake_choose)


Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def bordin(capsys: pytest.CaptureFixture[str]) -> Call:
    """Return a function that calls a verb: status, what it printed, what it told on the side."""

    def call(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        try:
            status = main([str(w) for w in words])
        except SystemExit as done:
            status = int(done.code or 0)
        told = capsys.readouterr()
        assert "Traceback" not in told.err
        return status, told.out, told.err

    return call


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """Return a folder with recordings of S01 to S03."""
    folder = tmp_path / "recorder"
    folder.mkdir()
    for i in (1, 2, 3):
        write_wav(folder / f"S{i:02d}.wav", a_session(i))
    return folder


@pytest.fixture
def added(bordin: Call, study_folder: Path, recordings: Path) -> Path:
    """Return a study with three tapes."""
    assert bordin("tape", "add", study_folder, recordings)[0] == 0
    return study_folder


@pytest.fixture
def processed(bordin: Call, added: Path) -> Path:
    """Return a study with three transcripts."""
    assert bordin("tape", "process", added)[0] == 0
    return added


def vault_of(study: Path) -> Vault:
    return open_vault(study / "tapes", Passphrase(PASSPHRASE))


def edited(study: Path, old: str, new: str) -> Path:
    path = study / "study.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return study


def in_vault(study: Path) -> list[str]:
    """Return what lies in the vault beside its own records."""
    kept = {"vault.json", ".locks", "tombstones.jsonl", "exports.jsonl"}
    folder = study / "tapes"
    return sorted(p.name for p in folder.iterdir() if p.name not in kept) if folder.exists() else []


# ---------------------------------------------------------------- add


def test_a_folder_of_recordings_is_sealed(bordin, study_folder, recordings):
    status, out, err = bordin("tape", "add", study_folder, recordings)
    assert status == 0
    assert "Made the vault" in out
    assert "(sealed)" in out
    assert "3 added, 0 there already, 0 not done." in out
    assert f"Next: bordin tape process {study_folder}" in out
    assert "delete them there" in out
    assert err.count("session S0") == 3
    assert [t.session for t in vault_of(study_folder).tapes()] == ["S01", "S02", "S03"]
    assert len(in_vault(study_folder)) == 3


def test_quiet_says_less(bordin, study_folder, recordings):
    assert bordin("tape", "add", study_folder, recordings, "--quiet")[2] == ""


def test_a_recording_is_added_once_and_that_is_told(bordin, added, recordings, tmp_path):
    shutil.copy(recordings / "S01.wav", tmp_path / "S02.wav")
    status, out, err = bordin("tape", "add", added, tmp_path / "S02.wav")
    assert status == 0
    assert "0 added, 1 there already, 0 not done." in out
    assert "is in the vault already" in err
    assert "of session S01" in err
    assert len(in_vault(added)) == 3


@pytest.mark.parametrize("way", ["session", "names"])
def test_recordings_of_other_names_are_given_a_session(bordin, study_folder, tmp_path, way):
    path = write_wav(tmp_path / "Anna Meier 2026-05-03.wav", a_session())
    if way == "session":
        status, _, _ = bordin("tape", "add", study_folder, path, "--session", "S07")
    else:
        (tmp_path / "names.csv").write_text("file,session\nAnna Meier 2026-05-03,S07\n", encoding="utf-8")
        status, _, _ = bordin("tape", "add", study_folder, path, "--names", tmp_path / "names.csv")
    assert status == 0
    [tape] = vault_of(study_folder).tapes()
    assert (tape.session, tape.participant) == ("S07", "P07")


def test_a_wrong_name_stops_before_a_vault_is_made(bordin, study_folder, recordings, tmp_path):
    (recordings / "S99.wav").write_bytes(b"")
    status, _, err = bordin("tape", "add", study_folder, recordings)
    assert status == 2
    assert "'S99' is no session" in err
    status, _, err = bordin("tape", "add", study_folder, tmp_path / "gone" / "S01.wav")
    assert status == 2
    assert "S01.wav: there is no such file or folder" in err
    assert str(tmp_path) not in err
    assert not (study_folder / "tapes").exists()


def test_original_names_and_dates_appear_nowhere(bordin, study_folder, tmp_path):
    """Nowhere in the vault's bytes and names, and in no output that a coder may see."""
    path = write_wav(tmp_path / "Anna Meier 2026-05-03.wav", a_session())
    assert bordin("tape", "add", study_folder, path, "--session", "S01")[0] == 0
    outputs = [
        bordin("tape", "list", study_folder),
        bordin("tape", "list", study_folder, "--json"),
        bordin("tape", "process", study_folder),
        bordin("tape", "process", study_folder, "--json"),
        bordin("tape", "verify", study_folder),
        bordin("tape", "roles", study_folder, "S01", "therapist=S1", "client=S2"),
        bordin("tape", "measures", study_folder),
        bordin(
            "tape", "export", study_folder, "--to", tmp_path / "out", "--format", "bordin,webvtt,eaf,rttm"
        ),
    ]
    assert {status for status, _, _ in outputs} == {0}
    for _, out, err in outputs:
        assert [p for p in PLANTED if p in out + err] == []
    found = [p for p in (study_folder / "tapes").rglob("*") if p.is_file()]
    found += [p for p in (tmp_path / "out").rglob("*") if p.is_file()]
    assert len(found) > 10
    for one in found:
        # The script says "Anna" too; in copies without a list of names it stands as it was said.
        planted = PLANTED[1:] if one.parent == tmp_path / "out" else PLANTED
        content = one.read_bytes()
        assert [p for p in planted if p.encode() in content or p in one.name] == []


# ---------------------------------------------------------------- sealed or not


def test_unsealed_is_only_what_the_protocol_says_in_these_words(bordin, study_folder, recordings):
    edited(study_folder, "[table]", f"{PUBLIC}[table]")
    status, out, _ = bordin("tape", "add", study_folder, recordings)
    assert status == 0
    assert "NOT sealed, as the protocol says" in out
    assert "unsealed. When you have checked" not in out
    assert "NOT SEALED" in (study_folder / "tapes" / "vault.json").read_text(encoding="utf-8")
    status, out, _ = bordin("tape", "verify", study_folder)
    assert status == 0
    assert "These tapes are not sealed" in out


@pytest.mark.parametrize("word", ["unsealed", "open", "public material", ""])
def test_other_words_are_refused(bordin, study_folder, recordings, word):
    edited(study_folder, "[table]", f'[tapes]\nvault = "{word}"\n\n[table]')
    status, _, err = bordin("tape", "add", study_folder, recordings)
    assert status == 2
    assert "tapes.vault" in err
    assert "is not allowed" in err
    assert not (study_folder / "tapes").exists()


@pytest.mark.parametrize("first", ["sealed", "unsealed"])
def test_a_vault_that_is_not_what_the_protocol_says_is_refused(bordin, study_folder, recordings, first):
    if first == "unsealed":
        edited(study_folder, "[table]", f"{PUBLIC}[table]")
    assert bordin("tape", "add", study_folder, recordings / "S01.wav")[0] == 0
    if first == "unsealed":
        edited(study_folder, PUBLIC, "")
    else:
        edited(study_folder, "[table]", f"{PUBLIC}[table]")
    verbs = [
        ("add", study_folder, recordings / "S02.wav"),
        ("list", study_folder),
        ("process", study_folder),
        ("verify", study_folder),
        ("export", study_folder),
        ("forget", "P01", study_folder, "--yes"),
    ]
    for words in verbs:
        status, _, err = bordin("tape", *words)
        assert status == 2, words
        assert "the protocol says vault =" in err
        assert "Change the protocol back" in err
    assert len(in_vault(study_folder)) == 1


def test_a_wrong_passphrase_or_none_is_told(bordin, added, monkeypatch):
    monkeypatch.setenv("BORDIN_PASSPHRASE", "not the words of it")
    status, out, err = bordin("tape", "list", added)
    assert (status, out) == (2, "")
    assert "passphrase" in err
    assert "not the words of it" not in err
    monkeypatch.delenv("BORDIN_PASSPHRASE")
    status, _, err = bordin("tape", "list", added)
    assert status == 2
    assert "nothing opens them" in err
    assert "BORDIN_PASSPHRASE" in err


def test_a_key_file_opens_what_it_closed(bordin, study_folder, recordings, tmp_path, monkeypatch):
    monkeypatch.delenv("BORDIN_PASSPHRASE")
    key = tmp_path / "key"
    assert bordin("tape", "add", study_folder, recordings / "S01.wav", "--key-file", key)[0] == 0
    assert len(key.read_bytes()) == 32
    assert bordin("tape", "list", study_folder, "--key-file", key)[0] == 0
    assert bordin("tape", "list", study_folder)[0] == 2
    inside = study_folder / "key"
    status, _, err = bordin("tape", "list", study_folder, "--key-file", inside)
    assert status == 2
    assert "may not lie in the study folder" in err


@pytest.mark.parametrize("verb", ["list", "process", "verify", "measures", "export"])
def test_a_study_without_tapes_is_told_the_next_step(bordin, study_folder, verb):
    status, _, err = bordin("tape", verb, study_folder)
    assert status == 2
    assert "no tapes yet" in err
    assert "bordin tape add" in err


# ---------------------------------------------------------------- bad recordings


def media(kind: str) -> tuple[str, bytes, int, str]:
    """Return the name and bytes of a recording, the status that is due, and what is told of it."""
    talk = a_session(4).astype(np.float32) / 32768
    if kind == "empty file":
        return "S04.wav", b"", 1, "the file is empty"
    if kind == "text":
        return "S04.wav", b"This is the protocol of a session, and no sound.\n" * 50, 1, "S04.wav: not done."
    if kind == "corrupt":
        return "S04.wav", np.random.default_rng(1).bytes(40_000), 1, "S04.wav: not done."
    if kind == "no sound in it":
        header = io.BytesIO()
        with wave.open(header, "wb") as out:
            out.setparams((1, 2, RATE, 0, "NONE", ""))
        return "S04.wav", header.getvalue(), 1, "S04.wav: not done."
    if kind == "8 kHz":
        return "S04.wav", recorded("wav", "pcm_s16le", [(0, talk[::2])], 8_000), 0, "session S04, 0.1 min"
    if kind == "5.1":
        six = np.repeat(talk, 6, axis=1)
        return "S04.wav", recorded("wav", "pcm_s16le", [(0, six)], RATE, "5.1"), 0, "session S04"
    if kind == "VBR":
        data = recorded("mp3", "libmp3lame", [(0, talk)], RATE, options={"q": "5", "b": "0"})
        return "S04.mp3", data, 0, "session S04, 0.1 min"
    data = recorded("mp4", "aac", [(0, talk)], RATE, video=8.0)
    return "S04.mp4", data, 0, "session S04, 0.1 min"


BAD = ["empty file", "text", "corrupt", "no sound in it"]
ODD = ["8 kHz", "5.1", "VBR", "video"]


@pytest.mark.parametrize("kind", [*BAD, *ODD])
def test_every_kind_of_recording_has_a_clear_outcome_beside_good_ones(bordin, study_folder, recordings, kind):
    name, data, due, told = media(kind)
    (recordings / name).write_bytes(data)
    status, out, err = bordin("tape", "add", study_folder, recordings)
    assert status == due
    assert told in err
    assert f"{4 - due} added, 0 there already, {due} not done." in out
    assert str(recordings) not in err
    tapes = vault_of(study_folder).tapes()
    assert in_vault(study_folder) == sorted(t.id for t in tapes)
    assert len(tapes) == 4 - due
    if not due:
        [tape] = [t for t in tapes if t.session == "S04"]
        facts = tape.facts()
        assert facts["recording"]["decoded"] == pytest.approx(8.0, abs=0.2)
        assert facts["bytes"] == len(data)
        if kind == "5.1":
            assert any("channels" in w for w in facts["warnings"])
        assert bordin("tape", "process", study_folder, "--session", "S04")[0] == 0


# ---------------------------------------------------------------- list and process


def test_the_list_shows_how_far_each_tape_is(bordin, added):
    status, out, _ = bordin("tape", "list", added)
    assert status == 0
    assert "3 tapes of 3 sessions" in out
    # 42 sessions, of which two have no tape by their own word; one of these was added all the same.
    assert "sessions without one" in out
    bordin("tape", "process", added, "--session", "S02")
    bordin("tape", "roles", added, "S02", "therapist=S2", "client=S1")
    rows = {r["session"]: r for r in json.loads(bordin("tape", "list", added, "--json")[1])}
    assert [r["transcript"] for r in rows.values()] == [False, True, False]
    assert rows["S02"]["roles"] == {"S2": "therapist", "S1": "client"}
    _, out, _ = bordin("tape", "list", added)
    assert "S2 therapist, S1 client" in out


def test_all_tapes_are_worked_on_and_a_second_time_nothing_is_done(bordin, added):
    status, out, err = bordin("tape", "process", added)
    assert status == 0
    assert "3 tapes done, 0 not done." in out
    assert "3 turns, 1" in err
    assert out.count("This model is a fake.") == 1
    assert f"bordin tape roles {added}" in out
    status, out, err = bordin("tape", "process", added)
    assert status == 0
    assert err.count("was done already in this way") == 3


def test_json_is_all_that_is_printed(bordin, added):
    status, out, err = bordin("tape", "process", added, "--json")
    found = json.loads(out)
    assert (status, err) == (0, "")
    assert [d["words"] > 10 for d in found["done"]] == [True] * 3
    assert found["failed"] == []


def flip(study: Path, session: str, name: str) -> str:
    """Change one bit of a sealed file; return the neutral name of its tape."""
    [tape] = vault_of(study).find(session=session)
    path = study / "tapes" / tape.id / f"{name}.sealed"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    return tape.id


@pytest.mark.parametrize("name", ["working.wav", "facts.json"])
def test_a_tape_that_fails_stops_no_other(bordin, added, name):
    bad = flip(added, "S02", name)
    status, out, err = bordin("tape", "process", added)
    assert status == 1
    assert "2 tapes done, 1 not done." in out
    assert f"{bad}: not done." in err
    assert [t.has("transcript.json") for t in vault_of(added).tapes()] == [True, False, True]


def test_work_that_was_stopped_is_taken_up(bordin, added, monkeypatch):
    def stopped(wish: Any) -> Any:
        engines = tape_fakes.fake_engines(wish)
        engines.recognizer.killed_at = 0
        return engines, ()

    with monkeypatch.context() as patch:
        patch.setattr(study_tapes, "choose", stopped)
        with pytest.raises(tape_fakes.Killed):
            bordin("tape", "process", added)
    made: list[Any] = []

    def noted(wish: Any) -> Any:
        made.append(tape_fakes.fake_engines(wish))
        return made[-1], ()

    monkeypatch.setattr(study_tapes, "choose", noted)
    assert bordin("tape", "process", added)[0] == 0
    assert sorted(len(e.diarizer.done) for e in made) == [0, 1, 1]


def test_one_session_or_tape_is_picked(bordin, added):
    [tape] = vault_of(added).find(session="S03")
    assert bordin("tape", "process", added, "--session", "S01")[0] == 0
    assert bordin("tape", "process", added, "--session", tape.id)[0] == 0
    assert [t.has("transcript.json") for t in vault_of(added).tapes()] == [True, False, True]
    status, _, err = bordin("tape", "process", added, "--session", "S30")
    assert status == 2
    assert "there is no tape of 'S30'" in err


def test_a_session_with_two_tapes_has_to_be_named_by_tape(bordin, added, tmp_path):
    write_wav(tmp_path / "more.wav", a_session(7))
    assert bordin("tape", "add", added, tmp_path / "more.wav", "--session", "S01")[0] == 0
    status, _, err = bordin("tape", "roles", added, "S01")
    assert status == 2
    assert "session 'S01' has 2 tapes. Name one of: T-" in err


def test_options_stand_over_the_protocol(bordin, added, monkeypatch):
    edited(added, "[table]", '[tapes]\nspeakers = 3\nlanguage = "nl"\nglossary = ["boom"]\n\n[table]')
    wishes: list[Any] = []
    monkeypatch.setattr(choosing, "choose", lambda wish: wishes.append(wish) or tape_fakes.fake_choose(wish))
    bordin("tape", "process", added, "--speakers", "0", "--channels", "a, b", "--recognizer", "none")
    [wish] = wishes
    assert (wish.speakers, wish.language, wish.glossary) == (0, "nl", ("boom",))
    assert (wish.channels, wish.recognizer) == (("a", "b"), "none")


@pytest.mark.parametrize("speakers", ["-1", "9", "two"])
def test_a_number_of_speakers_that_cannot_be_is_refused(bordin, added, speakers):
    assert bordin("tape", "process", added, "--speakers", speakers)[0] == 2
    assert not any(t.has("transcript.json") for t in vault_of(added).tapes())


@pytest.mark.parametrize("option", ["--diarizer=rttm:{}", "--recognizer=import:{}"])
def test_the_file_of_one_tape_is_not_given_to_all(bordin, added, tmp_path, option):
    (tmp_path / "a.rttm").write_text("", encoding="utf-8")
    status, _, err = bordin("tape", "process", added, option.format(tmp_path / "a.rttm"))
    assert status == 2
    assert "names the file of one tape, and there are 3. Say which tape it is with --session" in err
    assert str(tmp_path) not in err


def test_missing_models_are_told_once_before_the_first_tape(bordin, added, monkeypatch, tmp_path):
    monkeypatch.setenv("BORDIN_MODELS", str(tmp_path / "none"))
    monkeypatch.undo()
    monkeypatch.setenv("BORDIN_MODELS", str(tmp_path / "none"))
    monkeypatch.setenv("BORDIN_PASSPHRASE", PASSPHRASE)
    status, _, err = bordin("tape", "process", added)
    assert status == 2
    assert err.count("bordin model add segmentation-3.0") == 1


def test_tapes_are_worked_on_side_by_side(bordin, added, monkeypatch):
    monkeypatch.setattr(study_tapes, "process_tape", tape_fakes.process_with_fakes)
    status, out, err = bordin("tape", "process", added, "--processes", "2")
    assert status == 0, err
    assert "3 tapes done, 0 not done." in out
    side_by_side = [t.read_bytes("transcript.json") for t in vault_of(added).tapes()]
    # In this process the same is made, so that nothing is new.
    monkeypatch.setattr(study_tapes, "process_tape", tape_fakes._process_tape)
    assert bordin("tape", "process", added)[2].count("was done already") == 3
    assert [t.read_bytes("transcript.json") for t in vault_of(added).tapes()] == side_by_side


def test_recordings_are_added_side_by_side(bordin, study_folder, recordings):
    (recordings / "S04.wav").write_bytes(b"")
    status, out, err = bordin("tape", "add", study_folder, recordings, "--processes", "2")
    assert status == 1
    assert "3 added, 0 there already, 1 not done." in out
    assert "S04.wav: not done. S04.wav: the file is empty." in err
    assert len(in_vault(study_folder)) == 3


# ---------------------------------------------------------------- one recording outside a study


def test_one_recording(bordin, recordings, tmp_path):
    status, out, _ = bordin("tape", "process", recordings / "S01.wav", "--out", tmp_path / "out")
    assert status == 0
    assert "saw Anna in Berlin" in out
    assert "Note: This model is a fake." in out
    assert (tmp_path / "out" / "S01.vtt").is_file()
    status, out, err = bordin("tape", "process", recordings / "S01.wav", "--json")
    assert (status, err) == (0, "")
    assert json.loads(out)["speakers"] == ["S1", "S2"]


def test_one_recording_is_held_against_a_reference(bordin, recordings, tmp_path):
    bordin("tape", "process", recordings / "S01.wav", "--out", tmp_path / "out")
    truth = tmp_path / "out" / "S01.transcript.json"
    status, out, _ = bordin("tape", "process", recordings / "S01.wav", "--reference", truth)
    assert status == 0
    assert "Against the reference:" in out
    assert "0.0" in out


def test_what_belongs_to_one_recording_is_refused_for_a_study(bordin, added, tmp_path, recordings):
    for words in (["--out", tmp_path], ["--reference", tmp_path / "x.rttm"]):
        status, _, err = bordin("tape", "process", added, *words)
        assert status == 2
        assert "belong to one recording outside a study" in err
    status, _, err = bordin("tape", "process", tmp_path / "gone.wav")
    assert status == 2
    assert "gone.wav" in err
    assert str(tmp_path) not in err


# ---------------------------------------------------------------- roles and measures


def test_speakers_are_shown_and_named(bordin, processed):
    status, out, _ = bordin("tape", "roles", processed, "S01")
    assert status == 0
    assert "S1: 2 turns" in out
    assert "saw Anna in Berlin" in out
    assert "therapist=S1 client=S2" in out
    status, out, _ = bordin("tape", "roles", processed, "S01", "therapist=S1")
    assert status == 0
    assert "S1 is the therapist." in out
    assert "Without a role: S2." in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["therapist"], "'therapist' is no role. Write therapist=S1."),
        (["=S1"], "'=S1' is no role."),
        (["therapist=S3"], "nobody on this tape is called 'S3'"),
        (["therapist=S1", "client=S1"], "client or S1 was named before"),
        (["therapist=S1", "therapist=S2"], "therapist or S2 was named before"),
    ],
)
def test_wrong_roles_are_refused(bordin, processed, words, told):
    status, _, err = bordin("tape", "roles", processed, "S01", *words)
    assert status == 2
    assert told in err
    assert json.loads(bordin("tape", "list", processed, "--json")[1])[0]["roles"] == {}


def test_roles_of_a_tape_without_transcript(bordin, added):
    status, _, err = bordin("tape", "roles", added, "S01")
    assert status == 2
    assert "no transcript yet. Next: bordin tape process" in err


def test_measures_become_a_cell_of_the_table(bordin, study_folder, tmp_path):
    """From recordings to an estimate: nothing in between is done by hand but the roles."""
    folder = tmp_path / "recorder"
    folder.mkdir()
    for i in range(5, 13):
        write_wav(folder / f"S{i:02d}.wav", sound_of([(0, 0.5, 2 + i / 10), (1, 4, 5), (0, 5.5, 6)], 6.5))
    assert bordin("tape", "add", study_folder, folder)[0] == 0
    status, _, err = bordin("tape", "measures", study_folder)
    assert status == 2
    assert "no tape has both a transcript and roles yet. First bordin tape process" in err
    assert bordin("tape", "process", study_folder)[0] == 0
    for i in range(5, 12):
        assert bordin("tape", "roles", study_folder, f"S{i:02d}", "client=S1", "therapist=S2")[0] == 0
    status, out, _ = bordin("tape", "measures", study_folder)
    assert status == 0
    assert "7 sessions" in out
    assert "Left out, for want of a transcript or of roles: 1 (S12)" in out
    assert "[data.process]" in out
    with (study_folder / "data" / "process.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert [(r["session"], r["participant"]) for r in rows][:2] == [("S05", "P05"), ("S06", "P06")]
    shares = [float(r["talk_share_client"]) for r in rows]
    assert shares == sorted(shares)
    assert shares[0] == pytest.approx(2.5 / 3.5, abs=0.02)
    edited(study_folder, "[[instruments]]", '[data.process]\nfile = "process.csv"\n\n[[instruments]]')
    edited(study_folder, '"tapes.avoidance"]', '"process.talk_share_client"]')
    status, out, _ = bordin("run", study_folder, "--json", "--only", "json")
    assert status == 0
    cells = json.loads(out)["association"]["cells"]
    [cell] = [c for c in cells if (c["x"], c["y"]) == ("alliance.total", "process.talk_share_client")]
    assert cell["n"] == 7
    assert -1 <= cell["value"] <= 1
    assert "[data.process]" not in bordin("tape", "measures", study_folder)[1]


def test_measures_are_of_one_tape_a_session(bordin, processed, tmp_path):
    write_wav(tmp_path / "more.wav", a_session(7))
    bordin("tape", "add", processed, tmp_path / "more.wav", "--session", "S01")
    status, _, err = bordin("tape", "measures", processed)
    assert status == 2
    assert "session 'S01' has several tapes" in err


# ---------------------------------------------------------------- names, and copies


@pytest.fixture
def named(bordin: Call, processed: Path) -> Path:
    """Return a processed study with a list of names."""
    edited(processed, "[table]", '[tapes]\nnames = "names.csv"\n\n[table]')
    (processed / "names.csv").write_text("text,kind\nAnna,person\nBerlin,place\n", encoding="utf-8")
    return processed


def test_proposals_are_shown_decided_and_applied(bordin, named, tmp_path):
    status, out, _ = bordin("tape", "deidentify", named, "S01")
    assert status == 0
    assert ">> Anna <<" in out
    assert "--accept 1,3-5 --reject 2" in out
    status, out, _ = bordin("tape", "deidentify", named, "S01", "--accept", "1", "--reject", "2")
    assert status == 0
    assert "1 to be hidden in copies, 1 left as they are, 0 undecided." in out
    assert "Next: bordin tape export" in out
    status, out, _ = bordin(
        "tape", "export", named, "S01", "--to", tmp_path / "out", "--format", "webvtt,bordin", "--sound"
    )
    assert status == 0
    assert "1 tape exported" in out
    assert "1 place bleeped. A voice still tells who speaks." in out
    vtt = read_transcript(tmp_path / "out" / "S01.vtt")
    assert vtt.turns[0].text == "saw [name] in Berlin again ."
    assert PLACEHOLDER in vtt.words[1].marks
    for path in (tmp_path / "out").iterdir():
        assert b"Anna" not in path.read_bytes()
    with wave.open(str(tmp_path / "out" / "S01.wav"), "rb") as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    given = a_session(1)[:, 0]
    assert np.array_equal(sound[: round(0.84 * RATE)], given[: round(0.84 * RATE)])
    assert np.array_equal(sound[round(1.56 * RATE) :], given[round(1.56 * RATE) :])
    middle = np.arange(round(0.9 * RATE), round(1.5 * RATE))
    tone = np.round(0.1 * np.sin(2 * np.pi * 1000 / RATE * middle) * 32768)
    assert np.abs(sound[middle] - tone).max() <= 1


def test_a_copy_waits_for_decisions_or_says_that_it_did_not(bordin, named, tmp_path):
    out_folder = tmp_path / "out"
    status, out, _ = bordin("tape", "export", named, "S01", "--to", out_folder)
    assert status == 1
    assert "S01: not exported" in out
    assert "2 " in out
    assert "bordin tape deidentify" in out
    assert not out_folder.exists()
    assert vault_of(named).exports() == ()
    assert bordin("tape", "export", named, "S01", "--to", out_folder, "--undecided")[0] == 0
    # Undecided is as it was said; only what was accepted is hidden.
    assert "Anna" in (out_folder / "S01.vtt").read_text(encoding="utf-8")
    bordin("tape", "deidentify", named, "S01", "--accept", "all")
    bordin("tape", "export", named, "S01", "--to", out_folder)
    assert read_transcript(out_folder / "S01.vtt").turns[0].text == "saw [name] in [place] again ."
    assert bordin("tape", "export", named, "S01", "--to", out_folder, "--with-names")[0] == 0
    assert "Anna" in (out_folder / "S01.vtt").read_text(encoding="utf-8")
    exports = vault_of(named).exports()
    assert [e.what for e in exports] == ["webvtt", "webvtt", "webvtt, with names"]
    assert {e.path for e in exports} == {str(out_folder)}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--accept", "3"], "'3' is asked for, and there are proposals 1 to 2"),
        (["--accept", "0,2"], "'0' is asked for, and there are proposals 1 to 2"),
        (["--reject", "2-1"], "'2-1' is asked for, and there are proposals 1 to 2"),
        (["--reject", "1-99999999999"], "there are proposals 1 to 2"),
        (["--accept", "one"], "'one' is no number. Write such as 1,3-5, or all."),
        (["--accept", "1", "--reject", "1-2"], "1 is accepted and rejected at once"),
    ],
)
def test_wrong_numbers_decide_nothing(bordin, named, words, told):
    status, _, err = bordin("tape", "deidentify", named, "S01", *words)
    assert status == 2
    assert told in err
    assert not vault_of(named).find(session="S01")[0].has("decisions.json")


def test_proposals_are_asked_about_at_a_terminal(bordin, named, monkeypatch):
    answers = iter(["y", "q"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: next(answers))
    status, out, _ = bordin("tape", "deidentify", named, "S01")
    assert status == 0
    assert "1 to be hidden in copies, 0 left as they are, 1 undecided." in out
    answers = iter([""])
    assert "0 to be hidden in copies" in bordin("tape", "deidentify", named, "S01")[1]


def test_nothing_proposed_is_told(bordin, processed):
    assert "Nothing is proposed. Listen all the same" in bordin("tape", "deidentify", processed, "S01")[1]


def test_all_tapes_are_exported_in_several_formats(bordin, processed, tmp_path):
    status, out, _ = bordin("tape", "export", processed, "--to", tmp_path / "out", "--format", "rttm, srt")
    assert status == 0
    assert "3 tapes exported" in out
    names = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert names == ["S01.rttm", "S01.srt", "S02.rttm", "S02.srt", "S03.rttm", "S03.srt"]
    status, _, err = bordin("tape", "export", processed, "--format", "vtt")
    assert status == 2
    assert "'vtt' cannot be written. Did you mean" in err


def test_no_copy_is_written_that_is_not_noted(bordin, processed, tmp_path, monkeypatch):
    """One that fails half-way may have left a file: it is noted too."""

    def fail(*_: object) -> None:
        raise study_tapes.TapeError("the disk is full.")

    monkeypatch.setattr("bordin.study.tape_review.write_sound", fail)
    status, out, _ = bordin("tape", "export", processed, "S01", "--to", tmp_path / "out", "--sound")
    assert status == 1
    assert "S01: not exported: the disk is full." in out
    assert (tmp_path / "out" / "S01.vtt").is_file()
    assert [e.what for e in vault_of(processed).exports()] == ["webvtt, sound"]
    (tmp_path / "file").write_bytes(b"")
    status, out, _ = bordin("tape", "export", processed, "S01", "--to", tmp_path / "file")
    assert status == 1
    assert "file: this folder cannot be made" in out


def test_two_tapes_of_a_session_do_not_overwrite_each_other(bordin, processed, tmp_path):
    write_wav(tmp_path / "more.wav", a_session(7))
    bordin("tape", "add", processed, tmp_path / "more.wav", "--session", "S01")
    bordin("tape", "process", processed)
    assert bordin("tape", "export", processed, "--to", tmp_path / "out")[0] == 0
    first, second = sorted(t.id for t in vault_of(processed).find(session="S01"))
    names = {p.name for p in (tmp_path / "out").iterdir()}
    assert names == {f"S01-{first}.vtt", f"S01-{second}.vtt", "S02.vtt", "S03.vtt"}


def test_a_session_s_name_leads_to_no_other_folder(bordin, study_folder, tmp_path):
    path = study_folder / "data" / "sessions.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("S05,", "../../S05,"), encoding="utf-8")
    write_wav(tmp_path / "a.wav", a_session())
    assert bordin("tape", "add", study_folder, tmp_path / "a.wav", "--session", "../../S05")[0] == 0
    bordin("tape", "process", study_folder)
    assert bordin("tape", "export", study_folder, "--to", tmp_path / "deep" / "out")[0] == 0
    [written] = (tmp_path / "deep").rglob("*.vtt")
    assert written.parent == tmp_path / "deep" / "out"
    assert "S05-T-" in written.name


# ---------------------------------------------------------------- verify and forget


def test_a_flipped_bit_is_found_and_its_tape_named(bordin, processed):
    status, out, _ = bordin("tape", "verify", processed)
    assert (status, "3 tapes whole, 0 not." in out) == (0, True)
    bad = flip(processed, "S03", "original")
    status, out, err = bordin("tape", "verify", processed, "--quiet")
    assert status == 1
    assert "2 tapes whole, 1 not." in out
    assert f"{bad}/original" in err


def test_forgetting_reaches_everything_and_lists_what_it_cannot_reach(bordin, named, tmp_path):
    for session in ("S01", "S02", "S03"):
        bordin("tape", "roles", named, session, "therapist=S1", "client=S2")
        bordin("tape", "deidentify", named, session, "--accept", "all")
    bordin("tape", "export", named, "--to", tmp_path / "out", "--format", "webvtt,rttm", "--sound")
    bordin("tape", "measures", named)
    [tape] = vault_of(named).find(session="S02")
    transcript = tape.read_bytes("transcript.json")
    status, _, err = bordin("tape", "forget", "P02", named)
    assert status == 2
    assert "1 tape of P02" in err
    assert "Give the command again with --yes" in err
    status, out, _ = bordin(
        "tape", "forget", "P02", named, "--reason", "letter of 3 May", "--yes", "--measures"
    )
    assert status == 0
    assert f"{tape.id}, session S02: forgotten on" in out
    assert "letter of 3 May" in out
    assert f"{tmp_path / 'out'} (webvtt, rttm, sound, " in out
    assert "delete them yourself" in out
    assert "Backups made before today" in out
    assert "Taken out of process.csv: 1 row." in out
    # Nothing of it is left: no file, no key; what a copy of the vault still held could not be read.
    assert not (named / "tapes" / tape.id).exists()
    assert [t.session for t in vault_of(named).tapes()] == ["S01", "S03"]
    for path in (named / "tapes").rglob("*"):
        assert not path.is_file() or transcript[:40] not in path.read_bytes()
    [stone] = vault_of(named).tombstones()
    assert (stone.tape, stone.participant, stone.session, stone.finished) == (tape.id, "P02", "S02", True)
    assert "transcript.json" in stone.destroyed
    with (named / "data" / "process.csv").open(encoding="utf-8-sig") as file:
        assert [r["session"] for r in csv.DictReader(file)] == ["S01", "S03"]
    assert "1 forgotten" in bordin("tape", "list", named)[1]
    for words in (["process", named, "--session", "S02"], ["export", named, "S02"], ["roles", named, "S02"]):
        status, _, err = bordin("tape", *words)
        assert status == 2
        assert "was forgotten on" in err


def test_a_stolen_copy_of_a_tape_s_files_is_worth_nothing_without_its_key(bordin, processed, tmp_path):
    [tape] = vault_of(processed).find(session="S02")
    kept = tmp_path / "kept"
    shutil.copytree(processed / "tapes" / tape.id, kept)
    assert bordin("tape", "forget", "P02", processed, "--yes")[0] == 0
    (kept / "data-key").unlink()
    shutil.copytree(kept, processed / "tapes" / tape.id)
    [again] = vault_of(processed).find(session="S02")
    with pytest.raises(study_tapes.TapeError):
        again.read_bytes("transcript.json")


def test_forgetting_needs_no_passphrase_and_can_be_repeated(bordin, added, monkeypatch):
    monkeypatch.delenv("BORDIN_PASSPHRASE")
    assert bordin("tape", "forget", "P02", added, "--yes")[0] == 0
    status, out, _ = bordin("tape", "forget", "P02", added, "--yes")
    assert status == 0
    assert "session S02: forgotten on" in out
    status, _, err = bordin("tape", "forget", "P30", added, "--yes")
    assert status == 2
    assert "there is no tape of participant 'P30'" in err


def test_forgetting_is_asked_about_at_a_terminal(bordin, added, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: "y")
    status, out, _ = bordin("tape", "forget", "P02", added)
    assert (status, out) == (1, "Nothing was done.\n")
    assert len(in_vault(added)) == 3
    monkeypatch.setattr("builtins.input", lambda _: "yes")
    assert bordin("tape", "forget", "P02", added)[0] == 0
    assert len(in_vault(added)) == 2


def test_a_forgotten_recording_comes_back_only_with_again(bordin, added, recordings):
    bordin("tape", "forget", "P02", added, "--yes")
    status, out, err = bordin("tape", "add", added, recordings)
    assert status == 1
    assert "0 added, 2 there already, 1 not done." in out
    assert "this recording was forgotten on" in err
    assert bordin("tape", "add", added, recordings, "--again")[0] == 0
    assert len(in_vault(added)) == 3


@pytest.mark.parametrize(
    ("text", "told", "left"),
    [
        ("session;participant;x\nS01;P01;1\nS02;P02;2\n", "1 row", "session;participant;x\nS01;P01;1\n"),
        ("\ufeffsession,x\nS01,1\nS02,2\n", "1 row", "\ufeffsession,x\nS01,1\n"),
        (
            "session,participant\nS01,P01\nS02-b,P02\nP02,P09\n",
            "1 row",
            "session,participant\nS01,P01\nP02,P09\n",
        ),
        ("tape,x\nS02,2\n", "take the rows of P02 out of it yourself", "tape,x\nS02,2\n"),
        ("", "take the rows of P02 out of it yourself", ""),
    ],
)
def test_measures_are_taken_out_of_a_file_of_any_form(bordin, added, text, told, left):
    path = added / "data" / "process.csv"
    path.write_bytes(text.encode())
    status, out, _ = bordin("tape", "forget", "P02", added, "--yes", "--measures")
    assert status == 0
    assert told in out
    assert path.read_bytes().decode() == left


def test_without_a_file_of_measures_that_is_told(bordin, added):
    assert "no file of process measures" in bordin("tape", "forget", "P02", added, "--yes", "--measures")[1]


# ---------------------------------------------------------------- doctor


def test_the_doctor_s_table_and_status(bordin, monkeypatch):
    entry = {
        "engine": "onnx (diarization)",
        "works": True,
        "load": 1.0,
        "sample": 2.0,
        "minutes": 9.0,
        "note": "n.",
    }
    found = {
        "engines": [entry, {**entry, "engine": "other", "works": False}],
        "network": "0 network sockets opened.",
        "sockets": 0,
        "minutes": 18.0,
        "threads": 2,
        "sound": True,
    }
    monkeypatch.setattr("bordin.tapes.doctor.examine", lambda *_: found)
    status, out, _ = bordin("tape", "doctor")
    assert status == 0
    assert "9.0 min" in out
    assert "about 18 minutes on this computer, with 2 threads" in out
    assert "Network: 0 network sockets opened." in out
    assert json.loads(bordin("tape", "doctor", "--json")[1]) == found
    monkeypatch.setitem(found, "sound", False)
    assert bordin("tape", "doctor")[0] == 1


# ---------------------------------------------------------------- care


def test_another_passphrase_opens_the_tapes_and_the_old_one_no_more(bordin, added, monkeypatch):
    assert bordin("tape", "relock", added)[0] == 2
    monkeypatch.setenv("BORDIN_NEW_PASSPHRASE", "seven other words picked at random")
    assert bordin("tape", "relock", added)[0] == 0
    assert bordin("tape", "list", added)[0] == 2
    monkeypatch.setenv("BORDIN_PASSPHRASE", "seven other words picked at random")
    assert bordin("tape", "verify", added)[1].startswith("3 tapes whole, 0 not.")


def test_a_key_file_takes_over_from_a_passphrase(bordin, added, tmp_path):
    key = tmp_path / "key"
    assert bordin("tape", "relock", added, "--new-key-file", key)[0] == 0
    assert len(key.read_bytes()) == 32
    assert sorted(p.name for p in tmp_path.glob("key*")) == ["key"]
    assert bordin("tape", "list", added)[0] == 2
    assert bordin("tape", "list", added, "--key-file", key)[0] == 0


def test_two_new_locks_at_once_are_refused(bordin, added, tmp_path):
    words = ("--keyring", "--new-key-file", tmp_path / "key")
    assert "two locks" in bordin("tape", "relock", added, *words)[2]
    assert not (tmp_path / "key").exists()


def test_one_damaged_tape_does_not_hide_the_others(bordin, added):
    name = vault_of(added).find(session="S02")[0].id
    (added / "tapes" / name / "tape.json").write_text("{", encoding="utf-8")
    status, out, err = bordin("tape", "verify", added)
    assert status == 1
    assert out.startswith("2 tapes whole, 1 not.")
    assert name in err
    status, out, _ = bordin("tape", "list", added)
    assert status == 0
    assert f"{name}/tape.json" in out
    assert "2 tapes of 2 sessions" in out
    status, _, err = bordin("tape", "process", added)
    assert status == 2
    assert name in err


def test_a_role_that_no_measure_knows_is_told(bordin, processed):
    out = bordin("tape", "roles", processed, "S01", "terapist=S1", "client=S2")[1]
    assert "terapist will not be measured" in out
    assert "will not be measured" not in bordin("tape", "roles", processed, "S01", "therapist=S1")[1]


def test_what_is_good_to_know_of_a_tape_is_told_when_it_is_added(
    bordin, study_folder, recordings, monkeypatch
):
    real = study_tapes.measure

    def measured(*given: Any, **named: Any) -> Any:
        made = real(*given, **named)
        return replace(made, quality=replace(made.quality, notes=("One speaker a channel.",)))

    monkeypatch.setattr(study_tapes, "measure", measured)
    out = bordin("tape", "add", study_folder, recordings / "S01.wav")[1]
    assert f"{vault_of(study_folder).tapes()[0].id}: One speaker a channel." in out


def test_a_missing_package_is_named_with_the_extra_that_brings_it(bordin, recordings, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    status, _, err = bordin("tape", "process", recordings / "S01.wav")
    assert status == 2
    assert "needs the package av, which is not installed. Next: pip install 'bordin[tape]'" in err


def test_the_doctor_names_a_missing_package(bordin, monkeypatch):
    monkeypatch.setattr("bordin.tapes.doctor.find_spec", lambda name: None if name == "sherpa_onnx" else name)
    status, _, err = bordin("tape", "doctor")
    assert status == 2
    assert "needs the package sherpa_onnx" in err


def test_a_run_that_is_stopped_says_so(bordin, recordings, monkeypatch):
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(one_recording, "measure", stopped)
    status, _, err = bordin("tape", "process", recordings / "S01.wav")
    assert status == 130
    assert err.endswith("Stopped. Nothing was half written: files are replaced only when whole.\n")
