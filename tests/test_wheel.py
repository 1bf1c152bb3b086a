"""The built wheel holds all that bordin needs, and works without the repository around it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    [built] = folder.glob("*.whl")
    return built


def test_it_holds_every_file_of_the_package_and_no_more(wheel: Path) -> None:
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    source = ROOT / "src"
    own = {
        p.relative_to(source).as_posix()
        for p in (source / "bordin").rglob("*")
        if p.is_file() and "__pycache__" not in p.parts
    }
    assert own - packed == set()
    others = packed - own
    assert all(name.startswith("bordin/examples/") for name in others)
    assert not [name for name in others if "/reports/" in name or "__pycache__" in name]


def test_it_holds_what_the_workbench_shows_and_its_tables(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    def held(pattern: str) -> list[str]:
        return [n for n in names if re.fullmatch(f"bordin/{pattern}", n)]

    assert len(held(r"workbench/templates/workbench/\w+\.html")) >= 30
    assert "bordin/workbench/static/workbench/workbench.css" in names
    assert len(held(r"workbench/static/workbench/vendor/[\w.-]+\.js")) >= 2
    assert held(r"store/migrations/0001_\w+\.py") == ["bordin/store/migrations/0001_first.py"]
    assert [n for n in names if n.endswith((".map", ".po~", ".pyc"))] == []


def test_its_extras_name_what_the_workbench_needs(wheel: Path) -> None:
    packed = zipfile.ZipFile(wheel)
    [metadata] = [n for n in packed.namelist() if n.endswith(".dist-info/METADATA")]
    lines = packed.read(metadata).decode().splitlines()
    needed = {
        re.split(r"[><=\[]", line.removeprefix("Requires-Dist: "))[0]: line.partition("extra == ")[2].strip(
            "'"
        )
        for line in lines
        if "; extra == " in line and ("'workbench'" in line or "'postgres'" in line)
    }
    own = "argon2-cffi cryptography django django-axes django-csp django-otp granian markdown-it-py segno"
    assert needed == {**dict.fromkeys(own.split(), "workbench"), "psycopg": "postgres"}
    assert "Requires-Dist: django<6,>=5.2.8; extra == 'workbench'" in lines


def test_it_runs_an_example_without_the_repository(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(tmp_path / "site")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tmp_path / "site"), os.environ["PYTHONPATH"]]),
    }
    where = "import bordin, sys; sys.stdout.write(bordin.__file__)"
    for words in (["-c", where], ["-m", "bordin", "new", "own"], ["-m", "bordin", "demo", "--to", "tried"]):
        done = subprocess.run(
            [sys.executable, *words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        if words[0] == "-c":
            assert done.stdout.startswith(str(tmp_path / "site"))
    assert (tmp_path / "own" / "study.toml").is_file()
    assert (tmp_path / "tried" / "socialization" / "reports" / "report.pdf").is_file()
