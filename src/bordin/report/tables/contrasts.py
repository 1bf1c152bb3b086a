"""Differences of two correlations that share a variable."""

from __future__ import annotations

from bordin.association.cells import Contrast
from bordin.report import facts
from bordin.report.number import NOTHING, correlation, count, level, number, p_value
from bordin.report.tables.model import Row, Table, data, head, heading, rowhead
from bordin.report.text import Phrase, Run, phrase, stat
from bordin.study.results import Results


def contrasts_table(results: Results) -> Table:
    """Make the table of differences of two correlations that share a variable."""
    contrasts = results.table.contrasts
    boots = any(c.bootstrap for c in contrasts)
    columns: list[str | Phrase] = [
        "Variable",
        phrase(stat("n")),
        phrase(stat("r")),
        phrase(stat("r"), ", compared"),
        "Difference",
        f"{level(results.table.level)} interval",
        phrase("Williams ", stat("t"), ", ", stat("p")),
        phrase("Steiger ", stat("p")),
        phrase("Meng ", stat("p")),
    ]
    if boots:
        columns.append("BCa interval")
    groups = []
    for x, against in dict.fromkeys((c.x, c.against) for c in contrasts):
        title = f"{facts.label(results, x)} compared with {facts.label(results, against)}"
        lines = [
            _contrast_row(results, k, boots)
            for k, c in enumerate(contrasts)
            if (c.x, c.against) == (x, against)
        ]
        groups.append((heading(title, len(columns)), *lines))
    note = phrase(
        Run("Note.", "stat"),
        " Both correlations rest on the cases complete on the three variables. Interval: Zou. ",
        Run("p", "stat"),
        ": two-tailed, not adjusted. "
        "Where a high value is unfavorable, both correlations are reflected first (marked R).",
    )
    return Table(
        id="contrasts-table",
        title="Differences of Dependent Correlations",
        head=head(*columns),
        groups=tuple(groups),
        notes=(note,),
        widths=(2.4, 0.6, 0.9, 1.1, 1.1, 1.4, 1.7, 1.0, 1.0, *([1.4] if boots else [])),
        wide=boots,
    )


def _contrast_row(results: Results, k: int, boots: bool) -> Row:
    c: Contrast = results.table.contrasts[k]
    alpha = results.table.alpha
    name = facts.label(results, c.y) + (" (R)" if c.reflected else "")
    below = f"No value: {c.undefined}" if c.undefined else ""
    williams = NOTHING if c.williams_t is None else f"{number(c.williams_t)}, {p_value(c.williams_p, alpha)}"
    texts = [
        (count(c.n), "n"),
        (correlation(c.r_x), "rx"),
        (correlation(c.r_against), "ra"),
        (correlation(c.difference), "d"),
        (facts.interval_text(c.zou), "ci"),
        (williams, "w"),
        (p_value(c.steiger_p, alpha), "s"),
        (p_value(c.meng_p, alpha), "m"),
    ]
    if boots:
        texts.append((facts.interval_text(c.bootstrap), "b"))
    return (rowhead(name, below), *(data(text, id=f"d-{k}-{what}") for text, what in texts))
