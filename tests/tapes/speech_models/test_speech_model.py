"""What is on this computer: where models are kept, whether they are unchanged, and which one is the default."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from bordin.errors import TapeError
from bordin.tapes.speech_models import speech_model as speech_models
from bordin.tapes.speech_models.catalog import known_models
from bordin.tapes.speech_models.speech_model import (
    ModelFile,
    SpeechModel,
    check,
    default_models,
    find_model,
    installed,
    model_files,
    model_hash,
    models_folder,
    write_record,
)

SHARED = Path(__file__).parents[3].parent / "shared" / "models"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "models"
    monkeypatch.setenv("BORDIN_MODELS", str(folder))
    return folder


def put(models: Path, name: str, kind: str = "recognition", engine: str = "whispercpp") -> SpeechModel:
    """Put a small model in place, as bordin model add would."""
    folder = models / name
    folder.mkdir(parents=True)
    content = b"weights of " + name.encode()
    (folder / "net.bin").write_bytes(content)
    file = ModelFile("net.bin", sha256(content), len(content))
    model = SpeechModel(name, kind, engine, folder, (file,), license="MIT", added="2026-01-02T03:04:05+00:00")
    write_record(model)
    return model


def test_the_folder_follows_the_variable_and_the_system(tmp_path, monkeypatch):
    assert models_folder() == tmp_path / "models"
    monkeypatch.delenv("BORDIN_MODELS")
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert models_folder() == tmp_path / "data" / "bordin" / "models"
    monkeypatch.setenv("XDG_DATA_HOME", "relative/is/ignored")
    assert models_folder() == tmp_path / "home" / ".local" / "share" / "bordin" / "models"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert models_folder() == tmp_path / "home" / "Library" / "Application Support" / "bordin" / "models"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert models_folder() == tmp_path / "local" / "bordin" / "models"
    monkeypatch.delenv("LOCALAPPDATA")
    assert models_folder() == tmp_path / "home" / "AppData" / "Local" / "bordin" / "models"


def test_a_model_is_found_by_name_and_by_its_folder(models):
    put(models, "own-1")
    for what in ("own-1", models / "own-1"):
        found = find_model(what, verify=True)
        assert (found.name, found.kind, found.license) == ("own-1", "recognition", "MIT")
        assert found.hashes == {"net.bin": sha256(b"weights of own-1")}
        assert found.path == models / "own-1" / "net.bin"
        assert found.size == 16
        assert found.caution == ""
    assert [m.name for m in installed()] == ["own-1"]


def test_nothing_is_installed_before_the_first(models):
    assert installed() == ()
    assert default_models().missing == ("segmentation", "embedding", "recognition")


def test_a_changed_file_is_seen_by_size_and_by_time(models):
    model = put(models, "own-1")
    file = models / "own-1" / "net.bin"
    file.write_bytes(b"shorter")
    with pytest.raises(TapeError, match=r"own-1/net\.bin: .* has 7 bytes, and 16 were recorded"):
        find_model("own-1")
    file.write_bytes(b"Weights of own-1")
    with pytest.raises(TapeError) as refused:
        find_model("own-1")
    assert sha256(b"Weights of own-1") in str(refused.value)
    assert model.files[0].sha256 in str(refused.value)
    file.unlink()
    with pytest.raises(TapeError, match="missing"):
        find_model("own-1")


def test_a_change_with_the_time_set_back_is_seen_only_when_verified(models):
    put(models, "own-1")
    file = models / "own-1" / "net.bin"
    before = file.stat()
    file.write_bytes(b"Weights of own-1")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert find_model("own-1").name == "own-1"
    with pytest.raises(TapeError, match="has changed"):
        find_model("own-1", verify=True)


def test_a_copied_folder_with_new_times_is_hashed_once_and_noted(models, tmp_path, monkeypatch):
    put(models, "own-1")
    os.utime(models / "own-1" / "net.bin", ns=(1, 2_000_000_000))
    assert find_model("own-1").name == "own-1"
    monkeypatch.setattr(speech_models, "_sha256", None)
    assert find_model("own-1").files[0].mtime_ns == 2_000_000_000


def test_another_kind_is_refused(models):
    put(models, "own-1")
    with pytest.raises(TapeError, match="model for recognition, and one for embedding is needed"):
        find_model("own-1", kind="embedding")


def test_what_is_not_here_says_the_next_step(models, tmp_path):
    with pytest.raises(
        TapeError, match=r"'whisper-base' is not on this computer. bordin model add whisper-base"
    ):
        find_model("whisper-base")
    with pytest.raises(TapeError, match="Did you mean 'whisper-base'"):
        find_model("whisper-bas")
    with pytest.raises(TapeError, match="no such folder") as refused:
        find_model(tmp_path / "nowhere" / "net.onnx")
    assert str(tmp_path) not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"name": "own-1"}',
        '{"name": "own-1", "kind": "recognition", "engine": "onnx", "files": {}}',
        '{"name": "own-1", "kind": "cooking", "engine": "onnx", "files": {"a": {"sha256": "", "size": 1}}}',
        '{"name": "own-1", "kind": "recognition", "engine": "onnx", "files": {"../a": {"sha256": "", "size": 1}}}',
        '{"name": "own-1", "kind": "recognition", "engine": "onnx", "files": {"C:x": {"sha256": "", "size": 1}}}',
    ],
)
def test_a_broken_record_is_told(models, text):
    put(models, "own-1")
    (models / "own-1" / "model.json").write_text(text, encoding="utf-8")
    for look in (installed, lambda: find_model("own-1")):
        with pytest.raises(
            TapeError, match=r"own-1/model\.json: the record of this speech model cannot be read"
        ):
            look()


def whisper(folder: Path) -> Path:
    folder.mkdir()
    for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt", "README.md"):
        (folder / name).write_bytes(name.encode())
    return folder


def test_a_folder_without_a_record_works_and_says_what_is_not_recorded(tmp_path):
    found = find_model(whisper(tmp_path / "mine"), kind="recognition")
    assert (found.name, found.engine, found.license, found.origin) == (
        "mine",
        "faster-whisper",
        "not recorded",
        "not recorded",
    )
    assert sorted(found.hashes) == ["config.json", "model.bin", "tokenizer.json", "vocabulary.txt"]
    assert found.path == tmp_path / "mine"


def test_a_folder_without_a_tokenizer_is_refused(tmp_path):
    folder = whisper(tmp_path / "mine")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(
        TapeError, match=r"tokenizer\.json is missing, and the engine would look for it on a network"
    ):
        find_model(folder)


def test_what_a_folder_or_file_holds(tmp_path):
    (tmp_path / "a.onnx").write_bytes(b"x")
    assert model_files(tmp_path / "a.onnx")[:2] == ("onnx", "not recorded")
    assert model_files(tmp_path / "a.onnx", "embedding")[:2] == ("onnx", "embedding")
    assert model_files(tmp_path, "segmentation")[2] == (tmp_path / "a.onnx",)
    (tmp_path / "b.onnx").write_bytes(b"x")
    with pytest.raises(TapeError, match="it holds 2 ONNX files"):
        model_files(tmp_path)
    (tmp_path / "ggml-base.bin").write_bytes(b"lmgg123")
    assert model_files(tmp_path / "ggml-base.bin")[:2] == ("whispercpp", "recognition")
    (tmp_path / "other.bin").write_bytes(b"123")
    with pytest.raises(TapeError, match=r"neither \.onnx nor a whisper\.cpp model"):
        model_files(tmp_path / "other.bin")
    pipeline = tmp_path / "pipeline"
    (pipeline / "embedding").mkdir(parents=True)
    (pipeline / ".cache").mkdir()
    for name in ("config.yaml", "embedding/weights.bin", ".cache/lock"):
        (pipeline / name).write_bytes(b"x")
    engine, kind, files = model_files(pipeline)
    assert (engine, kind, len(files)) == ("pyannote", "diarization", 2)
    (tmp_path / "empty").mkdir()
    with pytest.raises(TapeError, match="no model in this folder"):
        model_files(tmp_path / "empty")


def test_one_hash_for_a_whole_model(tmp_path):
    found = find_model(whisper(tmp_path / "mine"))
    # As `sha256sum config.json model.bin tokenizer.json vocabulary.txt | sha256sum` prints it (coreutils 9.1).
    assert model_hash(found) == "af308e84d117bdeb6f1dda5860f2a6c65c678ca0bd34d08ce42a4f2590f6441d"
    (tmp_path / "a.onnx").write_bytes(b"x")
    assert model_hash(find_model(tmp_path / "a.onnx")) == sha256(b"x")


def test_defaults_follow_the_catalog_then_names(models):
    put(models, "own-z")
    put(models, "own-a")
    assert default_models().recognition.name == "own-a"
    put(models, "whisper-tiny.en")
    assert default_models().recognition.name == "whisper-tiny.en"
    put(models, "whisper-small")
    put(models, "campplus", kind="embedding", engine="onnx")
    chosen = default_models()
    assert chosen.recognition.name == "whisper-small"
    assert chosen.embedding.name == "campplus"
    assert chosen.missing == ("segmentation",)
    (models / "whisper-small" / "net.bin").unlink()
    with pytest.raises(TapeError, match="whisper-small"):
        default_models()


def test_the_record_says_all_and_reads_back(models):
    put(models, "own-1")
    record = json.loads((models / "own-1" / "model.json").read_text(encoding="utf-8"))
    assert record["added"] == "2026-01-02T03:04:05+00:00"
    assert record["files"]["net.bin"]["size"] == 16
    assert check(find_model("own-1"), verify=True).added == record["added"]


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"no {SHARED}: the real ONNX files were not looked at")
@pytest.mark.parametrize(
    ("file", "name"), [("seg.onnx", "segmentation-3.0"), ("campplus_sherpa.onnx", "campplus")]
)
def test_a_real_file_is_recognized_under_any_name(tmp_path, file, name):
    if not (SHARED / file).is_file():
        pytest.skip(f"no {file}")
    shutil.copy(SHARED / file, tmp_path / "renamed.onnx")
    found = find_model(tmp_path / "renamed.onnx")
    known = next(m for m in known_models() if m.name == name)
    assert (found.name, found.kind, found.license) == (name, known.kind, known.license)
    assert found.tests_only
    assert found.path == tmp_path / "renamed.onnx"
    assert "not for a clinic" in found.caution
