"""Files of other programs, read where the shared data lie beside the repository."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).parents[3].parent / "shared" / "data"


@pytest.fixture
def interop() -> Path:
    """Return the folder of other programs' files, which are read and never copied."""
    folder = SHARED / "interop"
    if not folder.is_dir():
        pytest.skip("NOT RUN: the interchange files of other programs are not beside the repository")
    return folder


@pytest.fixture
def tapes() -> Path:
    """Return the folder of synthetic tapes with exact truth."""
    folder = SHARED / "tapes"
    if not folder.is_dir():
        pytest.skip("NOT RUN: the synthetic tapes are not beside the repository")
    return folder
