"""The tables of the sample: the flow of participants, and the variables with what is missing."""

from __future__ import annotations

from dataclasses import replace

from bordin.report import facts
from bordin.report.number import NOTHING, correlation, count, interval, number, percent, plain
from bordin.report.tables.model import Row, Table, TableCell, data, head, heading, rowhead, words
from bordin.report.text import Phrase, Run, listing, phrase, stat
from bordin.study.results import Results, Variable

# Columns of the table of variables that hold words: missing, reliability.
_WORDS = (2, 9)


def flow_table(results: Results) -> Table:
    """Make the table of the flow: who was left at every step, and who was lost on the way."""
    rows = tuple(
        (
            rowhead(step.label),
            data(count(step.n), id=f"f-{k}-n"),
            words(", ".join(f"{count(n)} {why}" for n, why in step.lost) or NOTHING),
        )
        for k, step in enumerate(results.flow)
    )
    return Table(
        id="flow-table",
        title="Flow of Participants",
        head=(*head("Step", phrase(stat("n"))), TableCell(phrase("Lost on the way"), "head", "start")),
        groups=(rows,),
        widths=(3, 1, 3),
    )


def variables_table(results: Results) -> Table:
    """Make the table of rows and columns: n, missing by kind, moments, range, ends, reliability."""
    columns: list[str | Phrase] = [
        "Variable",
        phrase(stat("n")),
        "Missing",
        phrase(stat("M")),
        phrase(stat("SD")),
        phrase(stat("Mdn")),
        "Range",
        "At floor",
        "At ceiling",
        "Reliability",
    ]
    groups = []
    for name, variables in (("Rows", results.rows), ("Columns", results.columns)):
        lines = [_row(v) for v in variables]
        groups.append((heading(f"{name} of the association table", len(columns)), *lines))
    notes = [
        phrase(
            Run("Note.", "stat"),
            f" Values of the {facts.units(results)} of the sample. Range: seen, of possible. "
            "Floor and ceiling: share of values at the end of the possible range.",
        )
    ]
    sources = list(
        dict.fromkeys(
            v.reliability_source
            for v in (*results.rows, *results.columns)
            if v.reliability is not None and v.reliability_source
        )
    )
    if sources:
        notes.append(phrase(f"Reliability: {listing(sources)}."))
    return Table(
        id="variables-table",
        title="Variables",
        head=tuple(replace(c, align="start") if k in _WORDS else c for k, c in enumerate(head(*columns))),
        groups=tuple(groups),
        notes=tuple(notes),
        widths=(3.2, 0.6, 1.8, 0.8, 0.8, 0.8, 1.5, 0.9, 0.9, 2.2),
        wide=True,
    )


def _row(v: Variable) -> Row:
    parts = [v.source, v.informant, "high is unfavorable" if v.pole < 0 else ""]
    return (
        rowhead(v.label, ", ".join(p for p in parts if p)),
        data(count(v.n)),
        words(", ".join(f"{count(n)} {kind}" for kind, n in v.missing.items() if n) or "none"),
        data(number(v.mean)),
        data(number(v.sd)),
        data(plain(v.median)),
        data(_range(v)),
        data(percent(v.at_floor)),
        data(percent(v.at_ceiling)),
        _reliability(v),
    )


def _range(v: Variable) -> str:
    if v.minimum is None or v.maximum is None:
        return NOTHING
    seen = f"{plain(v.minimum)} to {plain(v.maximum)}"
    if v.low is None or v.high is None:
        return seen
    return f"{seen}, of {plain(v.low)} to {plain(v.high)}"


def _reliability(v: Variable) -> TableCell:
    r = v.reliability
    if r is None:
        return words("not known")
    if r.value is None:
        return words(f"undefined: {r.undefined}")
    limits = f" {interval(r.interval.low, r.interval.high)}" if r.interval else ""
    n = f", n = {count(r.n)}" if r.n else ""
    return words(f"{r.name} {correlation(r.value, 2)}{limits}{n}")
