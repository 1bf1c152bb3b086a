"""Parquet files, read by polars."""

from __future__ import annotations

import io
from datetime import time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bordin.errors import DataError, Problem
from bordin.study.files_table import Cell, FlatTable, clock, no_rows

if TYPE_CHECKING:
    import polars


def read_parquet(path: Path, data: bytes) -> FlatTable:
    """Read a Parquet file of plain columns.

    Parameters
    ----------
    path : Path
        The file, for messages.
    data : bytes
        Its content.

    Raises
    ------
    DataError
        When it is damaged, has no rows, or has columns of lists or records.
    """
    import polars as pl

    try:
        frame = pl.read_parquet(io.BytesIO(data))
    # polars panics, which is no PolarsError, on some damaged files.
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise DataError(
            Problem(
                f"the Parquet file cannot be read ({str(error).splitlines()[0]}).",
                file=str(path),
                hint="It may be damaged: write it again.",
            )
        ) from error
    nested = [
        name for name, dtype in frame.schema.items() if dtype.is_nested() or dtype in (pl.Binary, pl.Object)
    ]
    if nested:
        raise DataError(
            [
                Problem(
                    "this column holds lists, records or bytes, not plain values.",
                    file=str(path),
                    column=name,
                    hint="Write it as several plain columns.",
                )
                for name in nested
            ]
        )
    if frame.height == 0:
        raise no_rows(path)
    columns: dict[str, list[Cell]] = {}
    for name in frame.columns:
        try:
            columns[name] = _cells(frame[name])
        except (ValueError, OverflowError, pl.exceptions.PanicException) as error:
            raise DataError(
                Problem(
                    f"this column holds a date or time that is out of range ({error}).",
                    file=str(path),
                    column=name,
                    hint="Correct it where the file is made; the years 1 to 9999 are allowed.",
                )
            ) from error
    return FlatTable(path=path, names=tuple(frame.columns), columns=columns, first_line=1)


def _cells(series: polars.Series) -> list[Cell]:
    """Return a column as cells: NaN is missing, durations and times of day are text."""
    import polars as pl

    if series.dtype.is_decimal() or series.dtype.is_float():
        return series.cast(pl.Float64).fill_nan(None).to_list()
    if series.dtype in (pl.Categorical, pl.Enum):
        return series.cast(pl.String).to_list()
    values = series.to_list()
    if series.dtype == pl.Duration:
        return [clock(value.total_seconds()) if isinstance(value, timedelta) else None for value in values]
    if series.dtype == pl.Time:
        return [value.isoformat() if isinstance(value, time) else None for value in values]
    return values
