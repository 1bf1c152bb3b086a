"""pyannote.audio, made up: that it is silenced before it is imported, fetches nothing, and what becomes of its turns.

The packages lie in a folder as real ones do, so that what is switched off is seen at the moment of their import.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tape_fakes import MadeSound

from bordin.errors import TapeError
from bordin.tapes.engines.pyannote import SILENCED, PyannoteDiarizer

AUDIO = """
import os
from types import SimpleNamespace
SEEN = dict(os.environ)  # what stood in the environment when this was imported
CALLS = []
LABELS = [(5.0, 7.0, "SPEAKER_00"), (0.5, 2.0, "SPEAKER_01"), (6.5, 9.0, "SPEAKER_01")]
WRAPPED = True

class Annotation:
    def itertracks(self, yield_label):
        assert yield_label is True
        for start, end, label in LABELS:
            yield SimpleNamespace(start=start, end=end), "track", label

class Pipeline:
    @classmethod
    def from_pretrained(cls, place):
        CALLS.append(("from_pretrained", place))
        return cls()

    def __call__(self, file, **more):
        CALLS.append(("call", file, more))
        return SimpleNamespace(speaker_diarization=Annotation()) if WRAPPED else Annotation()
"""
TORCH = "def from_numpy(array):\n    return array\n"
SOUND = MadeSound(np.zeros((16_000 * 10, 1), dtype=np.int16))


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Put the made-up packages where Python finds them, and take them away again."""
    folder = tmp_path / "packages"
    (folder / "pyannote").mkdir(parents=True)
    (folder / "pyannote" / "audio.py").write_text(AUDIO, encoding="utf-8")
    (folder / "torch.py").write_text(TORCH, encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    for name in SILENCED:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    names = ("pyannote", "pyannote.audio", "torch")
    kept = {n: sys.modules.pop(n) for n in names if n in sys.modules}
    yield folder
    for name in names:
        sys.modules.pop(name, None)
    sys.modules.update(kept)


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    folder = tmp_path / "speaker-diarization"
    (folder / "models").mkdir(parents=True)
    (folder / "config.yaml").write_text("pipeline: made up\n", encoding="utf-8")
    (folder / "models" / "weights.bin").write_bytes(b"weights")
    return folder


def diarize(folder: Path, speakers: int = 2):
    return PyannoteDiarizer(folder).diarize(SOUND, speakers=speakers, tell=lambda _: None)


def test_it_is_silenced_before_it_is_imported(packages, pipeline):
    diarize(pipeline)
    seen = sys.modules["pyannote.audio"].SEEN
    assert SILENCED["PYANNOTE_METRICS_ENABLED"] == "0"
    assert {name: seen.get(name) for name in SILENCED} == SILENCED
    assert seen["HF_HUB_OFFLINE"] == "1"


def test_one_that_was_imported_unsilenced_is_refused(packages, pipeline, monkeypatch):
    import pyannote.audio

    assert "PYANNOTE_METRICS_ENABLED" not in pyannote.audio.SEEN
    with pytest.raises(
        TapeError, match=r"imported before its reports of usage were switched off.*METRICS_ENABLED=0"
    ):
        diarize(pipeline)
    assert pyannote.audio.CALLS == []
    assert "PYANNOTE_METRICS_ENABLED" not in os.environ
    # Nor does it help to switch off only some of it.
    monkeypatch.setenv("PYANNOTE_METRICS_ENABLED", "0")
    with pytest.raises(TapeError, match="imported before"):
        diarize(pipeline)


def test_one_that_was_imported_silenced_is_used(packages, pipeline, monkeypatch):
    for name, value in SILENCED.items():
        monkeypatch.setenv(name, value)
    import pyannote.audio

    assert len(diarize(pipeline)) == 3
    assert pyannote.audio.CALLS


@pytest.mark.parametrize("wrapped", [True, False])
def test_turns_of_both_versions_by_start_with_speakers_in_their_order(
    packages, pipeline, wrapped, monkeypatch
):
    for name, value in SILENCED.items():
        monkeypatch.setenv(name, value)
    import pyannote.audio

    pyannote.audio.WRAPPED = wrapped
    told: list[float] = []
    turns = PyannoteDiarizer(pipeline).diarize(SOUND, speakers=2, tell=told.append)
    assert [(t.speaker, t.start, t.end) for t in turns] == [
        ("S1", 0.5, 2.0),
        ("S2", 5.0, 7.0),
        ("S1", 6.5, 9.0),
    ]
    assert told == [1.0]


def test_what_it_is_given(packages, pipeline):
    diarize(pipeline, 3)
    diarize(pipeline, 0)
    opened, (_, file, more), _, (_, _, free) = sys.modules["pyannote.audio"].CALLS
    assert opened == ("from_pretrained", pipeline / "config.yaml")
    assert file["waveform"].shape == (1, 160_000)
    assert file["sample_rate"] == 16_000
    assert (more, free) == ({"num_speakers": 3}, {})


def test_a_folder_without_a_pipeline_and_a_missing_package_are_told(packages, pipeline, monkeypatch):
    (pipeline / "config.yaml").unlink()
    with pytest.raises(TapeError, match=r"holds no config.yaml\. Give the folder of a pyannote pipeline"):
        diarize(pipeline)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(TapeError, match=r"not installed\. .*--diarizer onnx"):
        diarize(pipeline)


def test_facts_change_with_every_file_of_the_pipeline(pipeline):
    facts = PyannoteDiarizer(pipeline).facts()
    assert (facts.stage, facts.engine) == ("diarization", "pyannote speaker-diarization")
    assert list(facts.model) == ["config.yaml", "models/weights.bin"]
    (pipeline / "models" / "weights.bin").write_bytes(b"others")
    assert PyannoteDiarizer(pipeline).facts() != facts
    (pipeline / "config.yaml").unlink()
    assert PyannoteDiarizer(pipeline).facts().model == {}
