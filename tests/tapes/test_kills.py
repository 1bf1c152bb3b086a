"""Runs of `bordin tape` that are killed and begun again: nothing is lost, nothing is there twice or in the clear.

The full campaign is `benchmarks/tape_kills.py` (50 kills, 20 tapes); here are a few of its rounds.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from bordin.tapes.vault import plain_files
from bordin.tapes.vault.drafts import clean_drafts, clean_parts
from bordin.tapes.vault.owning import LOCKS_FOLDER
from bordin.tapes.vault.plain_files import PlainWriter

KILLS = Path(__file__).parents[2] / "benchmarks" / "tape_kills.py"
TAPES, SECONDS, STEP = 6, 2, 0.01


@pytest.fixture(scope="module")
def kills() -> ModuleType:
    if not hasattr(os, "killpg"):
        pytest.skip("this system cannot kill a group of processes")
    spec = importlib.util.spec_from_file_location("tape_kills", KILLS)
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    sys.modules["tape_kills"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    return module


def test_killed_runs_lose_nothing(kills: ModuleType, tmp_path: Path) -> None:
    place = kills.made_up_place(tmp_path / "place", TAPES, SECONDS, STEP)
    place.orphans = 20.0  # the computer may be busy with other tests
    tally = kills.campaign(place, rounds=6, seed=3, seconds_a_tape=(35 * STEP, 45 * STEP))
    kills.check(place, tally, again=False)
    assert tally.faults == []
    assert tally.kills == 6
    assert sum(tally.stages.values()) >= 6
    assert len(place.vault().tapes()) == TAPES


def test_a_stopped_run_does_not_wait_for_its_processes(kills: ModuleType, tmp_path: Path) -> None:
    # Ctrl-C while two processes work, and two more tapes are handed to them already.
    place = kills.made_up_place(tmp_path / "place", 4, 4, 0.0)
    assert place.finish("add")[0] == 0
    place.step = 0.1
    run = place.begin(*place.words_for("process", 2))
    while "voice activity" not in {stage for _, stage in place.notes()}:
        time.sleep(0.01)
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=30)
    assert kills.wait_for_end(run.pid, 10.0) is not None
    assert place.counts() == (4, 0)
    assert run.returncode == 130


def test_the_search_finds_sound_in_the_clear(kills: ModuleType, tmp_path: Path) -> None:
    place = kills.made_up_place(tmp_path / "place", 1, SECONDS, STEP)
    assert place.in_the_clear() == []
    spilled = place.folder / "tmp" / "spilled"
    samples = kills.sound(1, SECONDS)[1000:20_000]
    for data in (samples.tobytes(), (samples.astype("<f4") / 32768).tobytes()):
        spilled.write_bytes(b"x" + data)
        assert place.in_the_clear() == [str(spilled)]


def test_a_lock_without_its_draft_is_cleaned(tmp_path: Path) -> None:
    # A process that is killed right after its tape appeared leaves this.
    lock = tmp_path / LOCKS_FOLDER / ".partial-T-7K3QX9PM-00000000"
    lock.parent.mkdir()
    lock.touch()
    assert clean_drafts(tmp_path, sealed=True) == []
    assert not lock.exists()


def test_a_file_that_is_cleaned_away_before_it_is_owned_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Another run cleans in the moment between the making of a file and its locking.
    real, cleaned = plain_files.take_lock, []

    def late(file: int) -> bool:
        if not cleaned:
            cleaned.extend(clean_parts(tmp_path, []))
        return real(file)

    monkeypatch.setattr(plain_files, "take_lock", late)
    with PlainWriter(tmp_path / "peaks", "peaks", "T-7K3QX9PM") as file:
        assert len(cleaned) == 1
        assert clean_parts(tmp_path, []) == []
        file.write(b"whole")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"peaks": b"whole"}
