"""The example studies: their folders, their generators and, run once, their results."""

from __future__ import annotations

import csv
import importlib.util
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from bordin.study.analysis import analyse
from bordin.study.reading import read_records
from bordin.study.results import Results
from bordin.study.study import load_study

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="session")
def rows() -> Callable[[str], list[dict[str, str]]]:
    """Read a CSV file of an example, named by its path below examples/."""

    @cache
    def read(name: str) -> list[dict[str, str]]:
        with (EXAMPLES / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    return read


@pytest.fixture(scope="session")
def generator() -> Callable[[str], ModuleType]:
    """Load the script that makes an example's data."""

    @cache
    def load(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"make_{name}", EXAMPLES / name / "make_data.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture(scope="session")
def results() -> Callable[[str], Results]:
    """Analyze an example study, once."""

    @cache
    def run(name: str) -> Results:
        study = load_study(EXAMPLES / name)
        return analyse(study, read_records(study))

    return run
