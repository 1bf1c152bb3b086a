"""Coding systems that exercise every kind of unit, code and rule, each in a few lines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bordin.coding.catalog import load
from bordin.coding.system import CodingSystem

HEAD = """\
id = "own"
name = "Own system"
manual_version = "0.3"
summary = "For tests."
target = "{target}"
source = "own"
rights = "own"

[unit]
kind = "{unit}"
{more}
"""

SystemMaker = Callable[..., CodingSystem]


@pytest.fixture
def own(tmp_path: Path) -> SystemMaker:
    """Write a coding system of one's own and load it."""

    def make(body: str, unit: str = "session", target: str = "patient", more: str = "") -> CodingSystem:
        path = tmp_path / "own.toml"
        path.write_text(HEAD.format(unit=unit, target=target, more=more) + body, encoding="utf-8")
        return load(path)

    return make
