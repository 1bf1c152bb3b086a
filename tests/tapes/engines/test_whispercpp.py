"""Recognition by whisper.cpp with a model that is made up.

`Model` imitates pywhispercpp.model.Model: a file, and pieces of one word each with times in hundredths of a second.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

from bordin.errors import TapeError
from bordin.tapes.engines.whispercpp import WhisperCpp
from bordin.tapes.shapes import LOW_CONFIDENCE, SAMPLE_RATE, Stretch, Word


class Model:
    pieces: ClassVar[list[SimpleNamespace]] = []
    made: ClassVar[list[tuple[tuple[Any, ...], dict[str, Any]]]] = []
    asked: ClassVar[list[dict[str, Any]]] = []

    def __init__(self, *given: Any, **more: Any) -> None:
        self.made.append((given, more))

    def transcribe(self, samples: np.ndarray, **options: Any) -> list[SimpleNamespace]:
        assert samples.dtype == np.float32
        assert len(samples) > 0
        self.asked.append(options)
        return self.pieces


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    package, module = ModuleType("pywhispercpp"), ModuleType("pywhispercpp.model")
    module.Model = Model  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pywhispercpp", package)
    monkeypatch.setitem(sys.modules, "pywhispercpp.model", module)
    for name in ("pieces", "made", "asked"):
        monkeypatch.setattr(Model, name, [])
    path = tmp_path / "ggml-base.bin"
    path.write_bytes(b"lmggweights")
    return path


def piece(text: str, t0: int, t1: int, **more: float) -> SimpleNamespace:
    return SimpleNamespace(text=text, t0=t0, t1=t1, **more)


def hear(engine: WhisperCpp, speech: tuple[Stretch, ...] = (Stretch(0, 9),)) -> tuple[Word, ...]:
    samples = np.zeros(round((speech[-1].end - speech[0].start) * SAMPLE_RATE), dtype=np.float32)
    return engine.hear(samples, speech[0].start, speech).words


def test_words_are_heard_and_marked(file):
    Model.pieces = [
        piece(" I", 10, 30, probability=0.9),
        piece("see.", 40, 80, probability=0.3),
        piece(" so", 90, 100, probability=float("nan")),
        piece(" well", 100, 120),
    ]
    assert hear(WhisperCpp(file)) == (
        Word("I", 0.1, 0.3, 0.9),
        Word("see.", 0.4, 0.8, 0.3, (LOW_CONFIDENCE,)),
        Word("so", 0.9, 1.0),
        Word("well", 1.0, 1.2),
    )


def test_what_is_no_word_is_left_out(file):
    Model.pieces = [
        piece(" ", 0, 1),
        piece("[BLANK_AUDIO]", 0, 100),
        piece("(music)", 0, 100),
        piece(" a", 0, 9),
    ]
    assert [w.text for w in hear(WhisperCpp(file))] == ["a"]


def test_times_lead_back_over_silence(file):
    Model.pieces = [piece(" a", 10, 20), piece(" b", 150, 180)]
    found = hear(WhisperCpp(file), (Stretch(10, 11), Stretch(20, 22)))
    assert [round(w.start or 0, 3) for w in found] == [10.1, 20.5]


def test_what_it_is_told(file):
    Model.pieces = [piece(" a", 0, 9)]
    hear(WhisperCpp(file, threads=3))
    own = WhisperCpp(file, language="nl", threads=3)
    hear(own)
    hear(own)
    assert [o["language"] for o in Model.asked] == ["auto", "nl", "nl"]
    assert all(o["split_on_word"] and o["max_len"] == 1 and o["token_timestamps"] for o in Model.asked)
    [_, (given, more)] = Model.made
    assert given == (str(file),)
    assert more["n_threads"] == 3


def test_no_speech_needs_no_model(file):
    engine = WhisperCpp(file)
    assert engine.hear(np.zeros(0, dtype=np.float32), 0.0, []).words == ()
    assert engine.hear(np.zeros(0, dtype=np.float32), 3.0, [Stretch(3.0, 3.00001)]).words == ()
    assert Model.made == []


def test_the_package_is_asked_for_when_it_is_not_there(file, monkeypatch):
    monkeypatch.setitem(sys.modules, "pywhispercpp.model", None)
    with pytest.raises(TapeError, match=r"not installed\. .*pip install 'bordin\[whispercpp\]'"):
        hear(WhisperCpp(file))


def test_facts_hold_the_hash_of_the_model(file):
    facts = WhisperCpp(file, language="en").facts()
    assert facts.engine == "whisper.cpp ggml-base"
    assert facts.model == {"ggml-base.bin": hashlib.sha256(b"lmggweights").hexdigest()}
    assert facts.parameters == {"language": "en"}
    assert str(file.parent) not in repr(facts)
