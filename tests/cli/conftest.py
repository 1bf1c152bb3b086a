"""The verbs are tried on the small study of the study tests."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

make_study = runpy.run_path(str(Path(__file__).parents[1] / "study" / "conftest.py"))["make_study"]


@pytest.fixture
def study_folder(tmp_path: Path) -> Path:
    folder: Path = make_study(tmp_path / "study")
    return folder
