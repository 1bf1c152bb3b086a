"""The results as data: one JSON file with everything, and CSV tables. Nothing is rounded here.

``results.json`` holds ``study``, ``unit``, ``conclusion``, ``flow``, ``variables``, ``association``,
``families``, ``hypotheses``, ``coding``, ``reliability``, ``lock``, ``provenance``, ``warnings`` and
``protocol``.
A number that does not exist is null, with its reason beside it; NaN never occurs.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path

from pydantic import BaseModel

from bordin.association.record import as_record as table_record
from bordin.association.record import as_rows
from bordin.estimate import Estimate
from bordin.report import facts
from bordin.report.sentences import conclusion
from bordin.study.files import write_csv
from bordin.study.results import Results

RELIABILITY_COLUMNS = (
    "dimension",
    "name",
    "value",
    "low",
    "high",
    "level",
    "interval",
    "method",
    "n_sessions",
    "n_coders",
    "n_values",
    "used",
    "undefined",
)
SCALE_COLUMNS = (
    "scale",
    "n_items",
    "name",
    "value",
    "low",
    "high",
    "level",
    "interval",
    "method",
    "n",
    "undefined",
)
CODER_COLUMNS = (
    "coder",
    "dimension",
    "kind",
    "name",
    "value",
    "low",
    "high",
    "level",
    "interval",
    "method",
    "n",
    "undefined",
)

_Rows = list[dict[str, object]]


def as_record(results: Results) -> dict[str, object]:
    """Return everything that was found as nested dicts, lists, texts and numbers for JSON.

    Parameters
    ----------
    results : Results

    Returns
    -------
    dict
        See the head of this module for its keys. ``association`` has the shape of
        ``bordin associate --json``; ``hypotheses[].tests[]`` have the fields of
        :class:`bordin.study.results.CellTest` without the contrast, which stands in
        ``association.contrasts``.
    """
    hypotheses = [{**_fields(h), "tests": [_test(t) for t in h.tests]} for h in results.hypotheses]
    return {
        "study": results.protocol.study.title,
        "unit": results.protocol.study.unit,
        "notice": results.protocol.study.notice,
        "conclusion": conclusion(results),
        "flow": plain_value(results.flow),
        "variables": [
            *({"side": "row", **_fields(v)} for v in results.rows),
            *({"side": "column", **_fields(v)} for v in results.columns),
        ],
        "association": table_record(results.table),
        "families": plain_value(results.families),
        "hypotheses": hypotheses,
        "coding": plain_value(results.coding),
        "reliability": plain_value(results.reliability),
        "lock": plain_value(results.lock),
        "provenance": plain_value(results.provenance),
        "warnings": list(results.warnings),
        "protocol": results.protocol.model_dump(mode="json"),
    }


def json_text(results: Results) -> str:
    """Return the text of ``results.json``."""
    return json.dumps(as_record(results), ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def csv_tables(results: Results) -> dict[str, tuple[tuple[str, ...], list[tuple[object, ...]]]]:
    """Return heading and rows of every CSV file, by file name.

    Parameters
    ----------
    results : Results

    Returns
    -------
    dict
        ``cells.csv`` (a row a pair, with its adjusted p), ``hypotheses.csv`` (a row a test),
        ``variables.csv``, ``contrasts.csv``, ``reliability.csv`` (a row a coefficient of a dimension),
        ``scales.csv`` and ``coders.csv`` (a row a figure), each when there is something to tell, and
        ``analysis_data.csv`` (a row an analyzed unit, the variables of the table as columns).
    """
    made = {
        "cells.csv": _cells(results),
        "hypotheses.csv": _tests(results),
        "variables.csv": _variables(results),
        "contrasts.csv": _contrasts(results),
    }
    tables = {name: _table(rows) for name, rows in made.items() if rows}
    flat = {
        "reliability.csv": (RELIABILITY_COLUMNS, _ratings(results)),
        "scales.csv": (SCALE_COLUMNS, _scales(results)),
        "coders.csv": (CODER_COLUMNS, _coders(results)),
    }
    tables |= {
        name: (heading, [tuple(row[c] for c in heading) for row in rows])
        for name, (heading, rows) in flat.items()
        if rows
    }
    names = list(results.values)
    data = zip(results.units, *(results.values[name] for name in names), strict=True)
    tables["analysis_data.csv"] = ((results.protocol.study.unit, *names), list(data))
    return tables


def write_tables(results: Results, folder: Path) -> tuple[Path, ...]:
    """Write the CSV files into a folder and return their paths."""
    paths = []
    for name, (heading, rows) in csv_tables(results).items():
        path = folder / name
        write_csv(path, heading, rows)
        paths.append(path)
    return tuple(paths)


def plain_value(value: object) -> object:
    """Return a value as JSON can hold it: dataclasses as dicts, None for what is not a number."""
    if is_dataclass(value) and not isinstance(value, type):
        return _fields(value)
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {str(key): plain_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_value(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _fields(value: object) -> dict[str, object]:
    if not is_dataclass(value):
        raise TypeError(f"{type(value).__name__} is not a dataclass")
    return {f.name: plain_value(getattr(value, f.name)) for f in fields(value) if not f.name.startswith("_")}


def _test(test: object) -> dict[str, object]:
    return {name: item for name, item in _fields(test).items() if name != "contrast"}


def _table(rows: _Rows) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    return tuple(rows[0]), [tuple(row.values()) for row in rows]


def _cells(results: Results) -> _Rows:
    rows = []
    for row, cell in zip(as_rows(results.table), results.table.cells, strict=True):
        named = {"x_label": facts.label(results, cell.x), "y_label": facts.label(results, cell.y)}
        adjusted = {"adjustment": facts.adjustment(results), "p_adjusted": facts.adjusted_p(results, cell)}
        rows.append({**row, **named, **adjusted})
    return rows


def _tests(results: Results) -> _Rows:
    return [
        {
            "hypothesis": h.id,
            "sentence": h.sentence,
            "expect": h.expect,
            "than": h.than,
            "family": h.family,
            "adjustment": facts.family_adjustment(results, h),
            "claim": h.claim,
            "hypothesis_verdict": h.verdict,
            **_test(t),
        }
        for h in results.hypotheses
        for t in h.tests
    ]


def _variables(results: Results) -> _Rows:
    rows: _Rows = []
    for side, variables in (("row", results.rows), ("column", results.columns)):
        for v in variables:
            row = {"side": side, **_fields(v)}
            row["missing"] = "; ".join(f"{n} {kind}" for kind, n in v.missing.items() if n)
            r = v.reliability
            row["reliability"] = r.value if r else None
            row["reliability_name"] = r.name if r else None
            row["reliability_low"] = r.interval.low if r and r.interval else None
            row["reliability_high"] = r.interval.high if r and r.interval else None
            row["reliability_n"] = r.n if r else None
            rows.append(row)
    return rows


def _contrasts(results: Results) -> _Rows:
    rows = []
    for c in results.table.contrasts:
        row = {name: item for name, item in _fields(c).items() if name not in ("zou", "bootstrap")}
        for name, found in (("zou", c.zou), ("bootstrap", c.bootstrap)):
            row[f"{name}_low"] = found.low if found else None
            row[f"{name}_high"] = found.high if found else None
        rows.append(row)
    return rows


def _estimate(e: Estimate) -> dict[str, object]:
    i = e.interval
    return {
        "name": e.name,
        "value": e.value,
        "low": i.low if i else None,
        "high": i.high if i else None,
        "level": i.level if i else None,
        "interval": i.method if i else None,
        "method": e.method,
        "n": e.n,
        "undefined": e.undefined,
    }


def _ratings(results: Results) -> _Rows:
    return [
        {
            **_estimate(r.estimate),
            "dimension": d.variable,
            "n_sessions": r.n_units,
            "n_coders": r.n_coders,
            "n_values": r.n_values,
            "used": int(r is d.used),
        }
        for d in results.reliability.dimensions
        for r in (d.used, *(r for r in d.others if r != d.used))
    ]


def _scales(results: Results) -> _Rows:
    return [
        {**_estimate(e), "scale": s.variable, "n_items": s.n_items}
        for s in results.reliability.scales
        for e in (s.alpha, s.omega)
    ]


def _coders(results: Results) -> _Rows:
    return [
        {**_estimate(f.estimate), "coder": f.coder, "dimension": f.variable, "kind": f.kind}
        for f in results.reliability.coders
    ]
