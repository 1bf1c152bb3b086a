"""An association table as plain values, for JSON and CSV: None, never NaN."""

from __future__ import annotations

from dataclasses import asdict, fields
from math import isfinite
from typing import Any

from bordin.association.cells import AssociationTable, Cell, Contrast
from bordin.estimate import Interval

_TOP = (
    "coefficient",
    "x",
    "y",
    "complete_cases",
    "family_size",
    "n_cases",
    "level",
    "alpha",
    "sesoi",
    "seed",
    "permutations",
    "bootstrap",
    "degenerate_resamples",
    "control",
    "cluster",
    "notes",
)
_CELL_TESTS = (
    "p",
    "p_method",
    "p_holm",
    "p_bh",
    "p_permutation",
    "p_permutation_se",
    "p_permutation_kind",
    "p_maxt",
    "p_maxt_single",
    "tost_p",
    "bf10",
)
# Columns of a flat row that lie within a part of a cell, by the way to them.
_ROW_PARTS = {
    "tost_low": ("tost_interval", "low"),
    "tost_high": ("tost_interval", "high"),
    "partial": ("partial", "value"),
    "partial_p": ("partial", "p"),
    "partial_df": ("partial", "df"),
    "bootstrap_low": ("bootstrap_interval", "low"),
    "bootstrap_high": ("bootstrap_interval", "high"),
    "bootstrap_method": ("bootstrap_interval", "method"),
    "bootstrap_degenerate": ("bootstrap_degenerate",),
    "within": ("within_between", "within", "value"),
    "within_p": ("within_between", "within_p"),
    "n_sessions": ("within_between", "n_sessions"),
    "pooled": ("pooled", "value"),
    "complete_case": ("complete_case", "value"),
    "complete_case_n": ("complete_case", "n"),
    "spearman": ("sensitivity", "spearman"),
    "kendall": ("sensitivity", "kendall"),
    "pearson": ("sensitivity", "pearson"),
    "leave_one_out_low": ("sensitivity", "leave_one_out", 0),
    "leave_one_out_high": ("sensitivity", "leave_one_out", 1),
    "disattenuated": ("sensitivity", "disattenuated", "value"),
    "smallest_detectable": ("sensitivity", "smallest_detectable"),
    "smallest_equivalence": ("sensitivity", "smallest_equivalence"),
    "family": ("family",),
}
_CELL_PARTS = (
    "tost_interval",
    "partial",
    "bootstrap_interval",
    "bootstrap_degenerate",
    "within_between",
    "pooled",
    "complete_case",
    "sensitivity",
    "family",
)


def as_record(table: AssociationTable) -> dict[str, object]:
    """Return a table as nested dicts, lists, texts and numbers that JSON can hold.

    Parameters
    ----------
    table : AssociationTable

    Returns
    -------
    dict
        The table's own fields, ``cells`` and ``contrasts``. The estimate of a cell stands
        flat in it (``n``, ``coefficient``, ``value``, ``low``, ``high``, ``level``,
        ``interval``, ``notes``, ``undefined``); its other parts keep the names of
        :class:`~bordin.association.cells.Cell`. Nothing is rounded.
    """
    record: dict[str, object] = {name: getattr(table, name) for name in _TOP}
    record["cells"] = [_cell(cell, table.level) for cell in table.cells]
    record["contrasts"] = [_contrast(contrast) for contrast in table.contrasts]
    return {name: _plain(value) for name, value in record.items()}


def as_rows(table: AssociationTable) -> list[dict[str, object]]:
    """Return the cells as flat rows of the same columns, for CSV.

    Parameters
    ----------
    table : AssociationTable

    Returns
    -------
    list of dict
        One for each cell, in the table's order; None where there is no value. Nothing is rounded.
    """
    rows = []
    for cell in table.cells:
        record = _cell(cell, table.level)
        row = {name: value for name, value in record.items() if name not in (*_CELL_PARTS, "notes")}
        row.update({name: _at(record, way) for name, way in _ROW_PARTS.items()})
        row["notes"] = "; ".join(cell.estimate.notes)
        rows.append(row)
    return rows


def _at(value: Any, way: tuple[str | int, ...]) -> object:
    for step in way:
        if value is None:
            return None
        value = value[step]
    return value


def _cell(cell: Cell, level: float) -> dict[str, object]:
    estimate = cell.estimate
    record: dict[str, object] = {
        "x": cell.x,
        "y": cell.y,
        "n": estimate.n,
        "coefficient": estimate.name,
        "value": estimate.value,
        **_limits(estimate.interval, level),
        "undefined": estimate.undefined,
        "notes": estimate.notes,
    }
    record.update({name: getattr(cell, name) for name in _CELL_TESTS})
    for name in _CELL_PARTS:
        part = getattr(cell, name)
        record[name] = asdict(part) if hasattr(part, "__dataclass_fields__") else part
    return record


def _contrast(contrast: Contrast) -> dict[str, object]:
    record = {f.name: getattr(contrast, f.name) for f in fields(contrast)}
    zou, bootstrap = record.pop("zou"), record.pop("bootstrap")
    record["zou_low"], record["zou_high"] = (zou.low, zou.high) if zou is not None else (None, None)
    record["bootstrap"] = asdict(bootstrap) if bootstrap is not None else None
    return record


def _limits(interval: Interval | None, level: float) -> dict[str, object]:
    if interval is None:
        return {"low": None, "high": None, "level": level, "interval": None}
    return {
        "low": interval.low,
        "high": interval.high,
        "level": interval.level,
        "interval": interval.method,
    }


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not isfinite(value):
        return None
    return value
