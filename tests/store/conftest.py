"""A small study with a record, once on SQLite and once on PostgreSQL."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1]))
from made_study import Small, small

from postgres import database_url

__all__ = ["database_url"]


@pytest.fixture
def study(tmp_path: Path, database_url: str) -> Iterator[Small]:
    """Six sessions, two coders who both rate all of them."""
    yield small(tmp_path, database_url)
    from django.db import connections

    connections.close_all()
