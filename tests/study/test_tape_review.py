"""Names on a tape: proposed from the study's own list, decided by a person, and gone from every copy."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import numpy as np
import pytest
import tape_fakes
from tape_fakes import RATE, a_session, sound_of, write_wav

from bordin.errors import TapeError
from bordin.study import tapes as study_tapes
from bordin.study.study import Study, load_study
from bordin.study.tape_review import (
    DECISION_KEY,
    DECISIONS,
    hidden_stretches,
    keep_decisions,
    review_tape,
    study_dictionary,
    write_sound,
)
from bordin.study.tapes import WORKING, AddTask, ProcessTask, add_tape, process_tape
from bordin.tapes.deidentification import Decision
from bordin.tapes.engines.choose import Wish
from bordin.tapes.shapes import Stretch
from bordin.tapes.vault.keys import Argon2, Passphrase
from bordin.tapes.vault.opening import create_vault
from bordin.tapes.vault.vault import Tape, Vault

NAMES = "text,kind,participant\nAnna,person,\nBerlin,place,P01\nkind,person,P02\n"


@pytest.fixture
def study(study_folder: Path, edit) -> Study:
    edit("study.toml", "[[instruments]]", '[tapes]\nnames = "names.csv"\n\n[[instruments]]')
    (study_folder / "names.csv").write_text(NAMES, encoding="utf-8")
    return load_study(study_folder)


@pytest.fixture
def vault(study: Study) -> Vault:
    words = Passphrase("six words picked at random")
    return create_vault(study.folder / "tapes", words, argon2=Argon2(64, 1, 1))


@pytest.fixture
def tape(vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tape:
    monkeypatch.setattr(study_tapes, "choose", tape_fakes.fake_choose)
    add_tape(AddTask(vault, write_wav(tmp_path / "a.wav", a_session()), "S01", "P01"))
    [tape] = vault.tapes()
    process_tape(ProcessTask(vault, tape.id, Wish()))
    return tape


def hidden_words(study: Study, tape: Tape) -> list[str]:
    review = review_tape(study, tape)
    return [review.transcript.turns[p.turn].words[p.first].text for p in review.proposals]


def test_the_study_s_names_are_proposed_and_only_those_of_this_participant(study, tape):
    assert hidden_words(study, tape) == ["Anna", "Berlin"]
    review = review_tape(study, tape)
    assert len(review.undecided) == 2
    assert review.decisions == ()
    assert "Anna" in review.replaced.turns[0].text  # nothing is replaced before somebody decides


def test_decisions_are_kept_and_later_ones_count(study, tape):
    review = review_tape(study, tape)
    anna, berlin = review.proposals
    now = keep_decisions(tape, review, [Decision(anna.id, True), Decision(berlin.id, True)])
    assert now.undecided == ()
    again = keep_decisions(tape, review_tape(study, tape), [Decision(berlin.id, False)])
    assert again.replaced.turns[0].text == "saw [name] in Berlin again ."
    read = review_tape(study, tape)
    assert read.replaced == again.replaced
    assert {d.proposal: d.accepted for d in read.decisions} == {anna.id: True, berlin.id: False}


def test_kept_decisions_hold_no_name(study, tape):
    review = review_tape(study, tape)
    keep_decisions(tape, review, [Decision(p.id, True) for p in review.proposals])
    assert b"Anna" not in tape.read_bytes(DECISIONS)
    key = tape.read_bytes(DECISION_KEY)
    keep_decisions(tape, review_tape(study, tape), [])
    assert tape.read_bytes(DECISION_KEY) == key
    for path in tape._folder.rglob("*"):
        assert not path.is_file() or b"Anna" not in path.read_bytes()


def test_a_name_that_is_added_to_the_list_is_undecided(study, tape):
    review = review_tape(study, tape)
    keep_decisions(tape, review, [Decision(p.id, True) for p in review.proposals])
    (study.folder / "names.csv").write_text(f"{NAMES}there,place,\n", encoding="utf-8")
    later = review_tape(study, tape)
    assert len(later.undecided) == 1
    assert len(later.decisions) == 2
    # One that is taken off the list stays hidden where it was decided.
    (study.folder / "names.csv").write_text("text,kind\nthere,place\n", encoding="utf-8")
    assert "[name]" in review_tape(study, tape).replaced.turns[0].text


def test_decisions_on_words_that_are_no_longer_there_are_dropped_and_counted(study, tape, vault, monkeypatch):
    review = review_tape(study, tape)
    keep_decisions(tape, review, [Decision(p.id, True) for p in review.proposals])
    monkeypatch.setattr(tape_fakes, "SCRIPT", ["nobody", "was", "named", "here"])
    for name in tape.names():
        if name.startswith("stages/recognition"):
            tape.remove(name)
    process_tape(ProcessTask(vault, tape.id, Wish()))
    later = review_tape(study, tape)
    assert (later.dropped, later.decisions, later.proposals) == (2, (), ())


def test_a_list_that_is_not_there_or_wrong_is_told(study, tape, study_folder, edit):
    (study_folder / "names.csv").write_text("text\nAnna\n", encoding="utf-8")
    with pytest.raises(TapeError, match=r"names\.csv"):
        review_tape(study, tape)
    (study_folder / "names.csv").unlink()
    with pytest.raises(TapeError, match=r"names\.csv: there is no such file .* columns text and kind"):
        review_tape(study, tape)
    edit("study.toml", 'names = "names.csv"', "")
    assert study_dictionary(load_study(study_folder), "P01") is None


# ---------------------------------------------------------------- sound


def samples_of(path: Path) -> np.ndarray:
    with wave.open(str(path), "rb") as file:
        assert (file.getframerate(), file.getsampwidth()) == (RATE, 2)
        data = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return data.reshape(-1, file.getnchannels())


def test_accepted_words_are_a_tone_and_all_else_is_as_it_was(study, tape, tmp_path):
    review = review_tape(study, tape)
    keep_decisions(
        tape, review, [Decision(review.proposals[0].id, True), Decision(review.proposals[1].id, False)]
    )
    hidden, notes = hidden_stretches(review_tape(study, tape))
    assert hidden == (Stretch(1.0, 1.4),)
    assert notes == ()
    write_sound(tape, tmp_path / "out.wav", hidden)
    given, found = a_session(), samples_of(tmp_path / "out.wav")
    assert found.shape == given.shape
    # The margin is 0.15 s, the fade outside it 5 ms.
    first, behind, fade = round(0.85 * RATE), round(1.55 * RATE), round(0.005 * RATE)
    assert np.array_equal(found[: first - fade], given[: first - fade])
    assert np.array_equal(found[behind + fade :], given[behind + fade :])
    at = np.arange(first + fade, behind - fade)
    tone = np.round(0.1 * np.sin(2 * np.pi * 1000 / RATE * at) * 32768)
    assert np.abs(found[at, 0] - tone).max() <= 1
    # Nothing of the tone of 300 Hz that was there is left.
    part = found[first:behind, 0].astype(float)
    wave_of = np.exp(-2j * np.pi * 300 / RATE * np.arange(len(part)))
    assert 2 * abs(part @ wave_of) / len(part) < 0.001 * 0.3 * 32768


def test_without_anything_hidden_the_copy_is_the_working_copy(tape, tmp_path, monkeypatch):
    monkeypatch.setattr("bordin.study.tape_review.BLOCK_SECONDS", 0.7)
    write_sound(tape, tmp_path / "out.wav", ())
    assert (tmp_path / "out.wav").read_bytes() == tape.read_bytes(WORKING)


def test_both_channels_are_bleeped_across_the_borders_of_blocks(vault, tmp_path, monkeypatch):
    given = sound_of([(0, 0.5, 3.5), (1, 0.5, 3.5)], 4.0, channels=2)
    add_tape(AddTask(vault, write_wav(tmp_path / "s.wav", given), "S02", "P02"))
    [tape] = vault.find(session="S02")
    monkeypatch.setattr("bordin.study.tape_review.BLOCK_SECONDS", 0.3)
    write_sound(tape, tmp_path / "out.wav", (Stretch(1.0, 2.0),))
    found = samples_of(tmp_path / "out.wav")
    within = slice(round(0.86 * RATE), round(2.14 * RATE))
    assert np.array_equal(found[within, 0], found[within, 1])
    assert np.abs(found[within]).max() <= 0.1 * 32768 + 1
    assert np.array_equal(found[round(2.2 * RATE) :], given[round(2.2 * RATE) :])


def test_a_copy_that_fails_leaves_nothing(tape, tmp_path):
    with pytest.raises(TapeError, match="behind the end"):
        write_sound(tape, tmp_path / "out.wav", (Stretch(100.0, 101.0),))
    assert not list(tmp_path.glob("out*"))


def test_a_kept_decision_can_be_read_again_as_json(study, tape):
    review = review_tape(study, tape)
    keep_decisions(tape, review, [Decision(review.proposals[0].id, True)])
    assert isinstance(json.loads(tape.read_bytes(DECISIONS)), dict)
