"""The trial of engines, with engines that are made up: good ones, silent ones, broken ones, and one that phones home.

In this process the kernel's lock on the network is left out, for it cannot be opened again; a process of its own
goes the whole way.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tape_fakes import FakeActivity

from bordin.errors import TapeError
from bordin.tapes import doctor
from bordin.tapes.closed_network import SETTINGS
from bordin.tapes.engines.choose import Wish
from bordin.tapes.engines.shapes import Heard
from bordin.tapes.shapes import Turn, Word
from bordin.tapes.stages import Engines

KEYS = {"engine", "works", "load", "sample", "minutes", "note"}
needs_proc = pytest.mark.skipif(
    not Path("/proc/self/fd").is_dir(), reason="this system does not show the sockets of a process"
)


class Trial:
    """Engines that do what a test says."""

    def __init__(self) -> None:
        self.speakers, self.words = 2, 39
        self.does: Callable[[], None] = lambda: None
        self.wishes: list[Wish] = []

    def diarize(self, sound: Any, *, speakers: int, tell: Callable[[float], None]) -> tuple[Turn, ...]:
        assert (speakers, round(sound.duration)) == (2, 12)
        self.does()
        return tuple(Turn(f"S{i}", i, i + 1.0) for i in range(self.speakers))

    def hear(self, samples: Any, start: float, speech: Any) -> Heard:
        assert len(samples) > 16_000 * 11
        return Heard(tuple(Word(f"w{i}", i / 3, i / 3 + 0.2) for i in range(self.words)), "en")

    def choose(self, wish: Wish) -> tuple[Engines, tuple[str, ...]]:
        self.wishes.append(wish)
        if "gone" in (wish.diarizer, wish.recognizer):
            raise TapeError("there is no such engine. Next: another word.")
        recognizer = None if wish.recognizer == "none" else self
        return Engines(self, recognizer), ("for tests only.",)  # type: ignore[arg-type]


@pytest.fixture
def trial(monkeypatch: pytest.MonkeyPatch) -> Trial:
    made = Trial()
    for name in SETTINGS:
        monkeypatch.setenv(name, "")
    monkeypatch.setattr(doctor, "shut", lambda: False)
    monkeypatch.setattr(doctor, "choose", made.choose)
    monkeypatch.setattr(doctor, "SileroActivity", FakeActivity)
    return made


def entry(found: dict[str, Any], name: str) -> dict[str, Any]:
    [one] = [e for e in found["engines"] if e["engine"].startswith(name)]
    return one


def test_engines_that_work_make_it_sound(trial):
    found = doctor.try_engines(None, None)
    assert set(found) == {"engines", "network", "sockets", "minutes", "threads", "sound"}
    assert all(set(e) == KEYS for e in found["engines"])
    assert [e["engine"] for e in found["engines"]] == [
        "silero (voice activity)",
        "onnx (diarization)",
        "faster-whisper (recognition)",
        "channels",
    ]
    assert all(e["works"] for e in found["engines"])
    assert found["sound"] is True
    assert found["sockets"] == 0
    assert found["network"].startswith("0 network sockets opened")
    assert found["minutes"] == pytest.approx(sum(e["minutes"] for e in found["engines"]))
    assert entry(found, "onnx")["note"] == "for tests only."
    assert json.loads(json.dumps(found)) == found


def test_minutes_are_those_of_a_session_of_50(trial):
    assert doctor._timed("x", type("S", (), {"duration": 20.0}), 5.0, 2.0) == {
        "engine": "x",
        "works": True,
        "load": 3.0,
        "sample": 2.0,
        "minutes": pytest.approx(2.0 / 20 * 50),
        "note": "",
    }
    # A recognizer takes 30 s for every sample, however short.
    assert doctor._timed("x", type("S", (), {"duration": 20.0}), 5.0, 3.0, least=30.0)[
        "minutes"
    ] == pytest.approx(5)


@pytest.mark.parametrize(
    ("diarizer", "recognizer", "names"),
    [
        ("pyannote:here", None, ["silero", "pyannote"]),
        (None, "whispercpp:file", ["silero", "whispercpp"]),
        ("channels", "none-such", ["silero", "channels", "none-such"]),
    ],
)
def test_only_what_is_named_is_tried(trial, diarizer, recognizer, names):
    found = doctor.try_engines(diarizer, recognizer)
    assert [e["engine"].partition(" ")[0] for e in found["engines"]] == names
    assert {w.diarizer for w in trial.wishes} <= {diarizer, "channels"}


@pytest.mark.parametrize(("speakers", "words", "engine"), [(1, 39, "onnx"), (2, 9, "faster-whisper")])
def test_an_engine_that_hears_too_little_is_unsound(trial, speakers, words, engine):
    trial.speakers, trial.words = speakers, words
    found = doctor.try_engines(None, None)
    assert (found["sound"], found["minutes"]) == (False, None)
    told = entry(found, engine)
    assert told["works"] is False
    assert told["note"].startswith("heard ")
    assert [e["works"] for e in found["engines"]].count(False) == 1


def test_a_missing_engine_is_told_and_the_others_are_tried(trial):
    found = doctor.try_engines("gone", "faster-whisper")
    assert entry(found, "gone")["note"] == "there is no such engine. Next: another word."
    assert entry(found, "faster-whisper")["works"] is True
    assert found["sound"] is False


def test_a_broken_engine_is_told_whatever_it_raises(trial, monkeypatch):
    def fail() -> None:
        raise RuntimeError("protobuf parsing failed")

    trial.does = fail
    found = doctor.try_engines(None, None)
    assert entry(found, "onnx")["note"] == "RuntimeError: protobuf parsing failed"
    assert entry(found, "faster-whisper")["works"] is True

    def lack(*_: object) -> None:
        raise ModuleNotFoundError("No module named 'faster_whisper'", name="faster_whisper")

    monkeypatch.setattr(FakeActivity, "find", lack)
    told = entry(doctor.try_engines(None, None), "silero")
    assert told["works"] is False
    assert "faster_whisper is not installed. Install bordin with its extra 'tape'" in told["note"]


@needs_proc
def test_an_engine_that_opens_a_socket_makes_it_unsound(trial):
    held: list[socket.socket] = []
    trial.does = lambda: held.append(socket.socket())
    found = doctor.try_engines(None, None)
    for one in held:
        one.close()
    assert found["sockets"] == len(held) == 2
    assert found["sound"] is False
    assert all(e["works"] for e in found["engines"])
    assert found["network"].startswith("2 network sockets opened")


def test_an_engine_that_calls_out_is_refused_told_and_makes_it_unsound():
    """In a process of its own, without the tests' guard: the kernel's lock as well, where there is one."""
    code = f"""
    import json, sys
    sys.path[:0] = {[p for p in sys.path if p]!r}
    import socket
    from tape_fakes import FakeActivity
    from bordin.tapes import doctor
    from bordin.tapes.stages import Engines

    class Caller:
        def diarize(self, sound, **_):
            socket.getaddrinfo("localhost", 80)

    doctor.SileroActivity = FakeActivity
    doctor.choose = lambda wish: (Engines(Caller(), None), ())
    print(json.dumps(doctor.try_engines("onnx", None)))
    """
    words = [sys.executable, "-I", "-c", textwrap.dedent(code)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["sound"] is False
    assert "refused: socket.getaddrinfo" in found["network"]
    told = entry(found, "onnx")
    assert told["works"] is False
    assert "bordin keeps the network shut here" in told["note"]


def test_the_answer_comes_from_another_process(monkeypatch):
    asked = []

    def run(words: list[str], **more: object) -> subprocess.CompletedProcess[str]:
        asked.append(words)
        return subprocess.CompletedProcess(
            words, 0, stdout='a line of a package\n{"sound": true}\n', stderr=""
        )

    monkeypatch.setattr(subprocess, "run", run)
    assert doctor.examine("onnx", None) == {"sound": True}
    assert asked == [[sys.executable, "-m", "bordin.tapes.doctor", '["onnx", null]']]


@pytest.mark.parametrize(
    ("stderr", "told"),
    [("Traceback\nMemoryError", "status -9): MemoryError"), ("", "status -9): nothing was printed")],
)
def test_a_process_without_an_answer_is_told(monkeypatch, stderr, told):
    done = subprocess.CompletedProcess([], -9, stdout="", stderr=stderr)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    with pytest.raises(TapeError) as caught:
        doctor.examine()
    assert told in str(caught.value)
