"""From words to engines; every wrong word is answered with the next step."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bordin.errors import TapeError
from bordin.tapes.engines.channels import ChannelDiarizer
from bordin.tapes.engines.choose import DIARIZERS, RECOGNIZERS, Wish, choose
from bordin.tapes.engines.faster_whisper import FasterWhisper
from bordin.tapes.engines.imported import TranscriptFromFile, TurnsFromFile
from bordin.tapes.engines.onnx import OnnxDiarizer
from bordin.tapes.engines.pyannote import PyannoteDiarizer
from bordin.tapes.engines.whispercpp import WhisperCpp

FILES = {
    "segmentation": {"model.onnx": b"s"},
    "embedding": {"model.onnx": b"e"},
    "recognition": {"model.bin": b"r"},
}


def put(folder: Path, name: str, kind: str, *, tests_only: bool = False) -> Path:
    """Put a made-up model among those of this computer."""
    import hashlib

    place = folder / name
    place.mkdir(parents=True)
    files = {}
    for file, content in FILES[kind].items():
        (place / file).write_bytes(content)
        files[file] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "mtime_ns": 0}
    engine = "faster-whisper" if kind == "recognition" else "onnx"
    record = {
        "format": 1,
        "name": name,
        "kind": kind,
        "engine": engine,
        "files": files,
        "tests_only": tests_only,
    }
    (place / "model.json").write_text(json.dumps(record), encoding="utf-8")
    return place


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder of models."""
    monkeypatch.setenv("BORDIN_MODELS", str(tmp_path / "models"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "models"


@pytest.fixture
def three(models: Path) -> Path:
    put(models, "seg", "segmentation", tests_only=True)
    put(models, "emb", "embedding", tests_only=True)
    put(models, "asr", "recognition")
    return models


def test_without_words_the_models_on_this_computer_are_used(three):
    engines, cautions = choose(Wish(language="en", glossary=("Bordin",), threads=2, speakers=3))
    assert isinstance(engines.diarizer, OnnxDiarizer)
    assert isinstance(engines.recognizer, FasterWhisper)
    assert engines.imported is None
    assert engines.speakers == 3
    assert sorted(engines.diarizer.hashes) == ["emb/model.onnx", "seg/model.onnx"]
    assert engines.diarizer.segmentation == str(three / "seg" / "model.onnx")
    assert (engines.recognizer.name, engines.recognizer.language, engines.recognizer.threads) == (
        "asr",
        "en",
        2,
    )
    assert engines.recognizer.glossary == ("Bordin",)
    assert cautions == tuple(
        f"The copy of {name} on this computer is for tests, not for a clinic." for name in ("seg", "emb")
    )


@pytest.mark.parametrize(
    ("diarizer", "recognizer", "kinds"),
    [
        ("onnx", "faster-whisper", (OnnxDiarizer, FasterWhisper)),
        ("onnx:seg, emb", "faster-whisper:asr", (OnnxDiarizer, FasterWhisper)),
        ("channels", "none", (ChannelDiarizer, type(None))),
        ("rttm:a.rttm", "none", (TurnsFromFile, type(None))),
        ("pyannote:models", "whispercpp:a.rttm", (PyannoteDiarizer, WhisperCpp)),
    ],
)
def test_words_name_engines(three, diarizer, recognizer, kinds):
    Path("a.rttm").write_text("", encoding="utf-8")
    engines, _ = choose(Wish(diarizer=diarizer, recognizer=recognizer))
    assert (type(engines.diarizer), type(engines.recognizer)) == kinds


def test_named_channels_choose_their_diarizer(models):
    engines, _ = choose(Wish(channels=("a", "b"), recognizer="none"))
    assert isinstance(engines.diarizer, ChannelDiarizer)
    assert engines.diarizer.names == ("a", "b")


def test_another_diarizer_may_be_asked_for_where_the_protocol_names_channels(three):
    engines, _ = choose(Wish(diarizer="onnx", channels=("a", "b"), recognizer="none"))
    assert isinstance(engines.diarizer, OnnxDiarizer)


def test_an_import_needs_no_models(models):
    Path("a.vtt").write_text("WEBVTT\n", encoding="utf-8")
    engines, cautions = choose(Wish(recognizer="import:a.vtt"))
    assert isinstance(engines.imported, TranscriptFromFile)
    assert (engines.diarizer, engines.recognizer, cautions) == (None, None, ())


WRONG = [
    (
        Wish(),
        ["speakers apart", "bordin model add segmentation-3.0", "bordin model add campplus", "--channels"],
    ),
    (Wish(channels=("a", "b")), ["recognizing words", "bordin model add whisper-base", "--recognizer none"]),
    (Wish(diarizer="onx"), ["no diarizer 'onx'", "Did you mean 'onnx'?"]),
    (Wish(diarizer="nemo"), ["no diarizer 'nemo'", "Known:", "pyannote:DIR", "channels"]),
    (Wish(diarizer="onnx:seg"), ["two models", "onnx:SEGMENTATION,EMBEDDING"]),
    (Wish(diarizer="onnx:seg,emb"), ["no speech model called 'seg'", "Known:", "segmentation-3.0"]),
    (Wish(diarizer="rttm"), ["rttm: names no file", "rttm:FILE"]),
    (Wish(diarizer="rttm:gone.rttm"), ["there is no file 'gone.rttm'", "rttm:FILE"]),
    (Wish(diarizer="pyannote"), ["pyannote: names no folder", "pyannote:DIR"]),
    (Wish(diarizer="pyannote:x/gone"), ["there is no folder 'gone'", "pyannote:DIR"]),
    (Wish(diarizer="channels", recognizer="whisper"), ["no recognizer 'whisper'", "Did you mean"]),
    (
        Wish(diarizer="channels", recognizer="kaldi"),
        ["no recognizer 'kaldi'", "Known:", "faster-whisper", "none"],
    ),
    (Wish(diarizer="channels", recognizer="faster-whisper:x/gone"), ["gone", "Check the path"]),
    (Wish(diarizer="channels", recognizer="whispercpp"), ["whispercpp: names no file", "whispercpp:FILE"]),
    (Wish(diarizer="channels", recognizer="whispercpp:gone.bin"), ["there is no file 'gone.bin'"]),
    (Wish(recognizer="import"), ["import: names no file", "import:FILE"]),
    (Wish(recognizer="import:x/gone.vtt"), ["there is no file 'gone.vtt'", "import:FILE"]),
    (Wish(diarizer="channels", recognizer="none", channels=("a", "a")), ["'a' is named twice"]),
]


@pytest.mark.parametrize(("wish", "parts"), WRONG)
def test_a_wrong_word_is_answered_with_the_next_step(models, tmp_path, wish, parts):
    with pytest.raises(TapeError) as caught:
        choose(wish)
    told = str(caught.value)
    assert [p for p in parts if p not in told] == []
    assert str(tmp_path) not in told


def test_a_model_of_another_kind_is_refused(three):
    with pytest.raises(TapeError, match="this is a model for embedding, and one for segmentation is needed"):
        choose(Wish(diarizer="onnx:emb,seg", recognizer="none"))


def test_a_changed_model_is_refused(three):
    (three / "asr" / "model.bin").write_bytes(b"other weights")
    with pytest.raises(TapeError, match="asr"):
        choose(Wish(diarizer="channels"))


def test_the_lists_of_words_are_whole():
    assert set(DIARIZERS.values()) == {"onnx", "channels", "pyannote", "rttm"}
    assert set(RECOGNIZERS.values()) == {"faster-whisper", "whispercpp", "import", "none"}
