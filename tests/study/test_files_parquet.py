"""Parquet files."""

from __future__ import annotations

import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from bordin.errors import DataError
from bordin.study.files import read_table


def test_plain_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame(
        {
            "id": ["007", None],
            "n": [3, None],
            "x": [math.nan, 2.5],
            "ok": [True, None],
            "when": [date(2024, 1, 2), None],
            "moment": [datetime(2024, 1, 2, 3, 4), None],
            "clock": [time(10, 30), None],
            "length": [timedelta(minutes=90), None],
            "money": [Decimal("1.25"), None],
            "arm": pl.Series(["active", None], dtype=pl.Categorical),
        }
    ).write_parquet(path)
    before = path.read_bytes()
    table = read_table(path)
    assert table.columns == {
        "id": ["007", None],
        "n": [3, None],
        "x": [None, 2.5],
        "ok": [True, None],
        "when": [date(2024, 1, 2), None],
        "moment": [datetime(2024, 1, 2, 3, 4), None],
        "clock": ["10:30:00", None],
        "length": ["01:30:00", None],
        "money": [1.25, None],
        "arm": ["active", None],
    }
    assert table.numbers("n") == [3.0, None]
    assert table.line(1) == 2
    assert path.read_bytes() == before


def test_lists_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"id": [1], "codes": [[1, 2]], "raw": [b"x"]}).write_parquet(path)
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert [p.column for p in caught.value.problems] == ["codes", "raw"]


def test_no_rows_and_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"a": []}, schema={"a": pl.Int64}).write_parquet(path)
    with pytest.raises(DataError, match="there are no data rows"):
        read_table(path)
    path.write_bytes(b"PAR1 cut short")
    with pytest.raises(DataError, match="the Parquet file cannot be read"):
        read_table(path)


def test_date_out_of_range_names_the_column(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"id": [1], "visit": pl.Series([4_000_000], dtype=pl.Int32).cast(pl.Date)}).write_parquet(
        path
    )
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert caught.value.problems[0].column == "visit"
    assert "out of range" in caught.value.problems[0].message
