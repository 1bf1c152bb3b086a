"""Seeded tables and the numbers that other programs made of them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

REFERENCE = Path(__file__).parents[1] / "reference" / "association"
ITEMS = ("q2_goals", "q3_match", "q4_joint", "bond")
DIMENSIONS = ("concordance", "resistance", "understand", "active", "congruent", "incongruent", "avoidance")

Columns = dict[str, list[Any]]


def _cell(text: str) -> float | str | None:
    try:
        return float(text) if text else None
    except ValueError:
        return text


@pytest.fixture(scope="session")
def read_reference() -> Callable[[str], Any]:
    """Read a reference file: a CSV as columns, a JSON file as it is."""

    def read(name: str) -> Any:
        path = REFERENCE / name
        if path.suffix == ".json":
            return json.loads(path.read_text(encoding="utf-8"))
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return {column: [_cell(row[column]) for row in rows] for column in rows[0]}

    return read


@pytest.fixture(scope="session")
def reference_folder() -> Path:
    return REFERENCE
