"""How much each correlation hangs on choices and on single cases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bordin.association.cells import Cell
from bordin.estimate import Interval
from bordin.report import facts
from bordin.report.number import (
    NOTHING,
    bayes_factor,
    correlation,
    interval,
    p_value,
    threshold,
)
from bordin.report.tables.model import Row, Table, data, head, heading, rowhead
from bordin.report.text import Phrase, Run, phrase, sentence, stat
from bordin.study.results import Results

_SMALLEST_SE = 0.00005


@dataclass(frozen=True)
class _Column:
    """A column that is shown when some cell has something to put there."""

    name: Phrase
    text: Callable[[Cell], str]
    width: float = 1.0
    key: str = ""


def values_table(results: Results) -> Table | None:
    """Make the table of other coefficients, single cases left out, controls and errors of measurement.

    Columns that would be empty are left out; None when all are.
    """
    notes = ["One left out: smallest and largest value when each case is left out in turn."]
    if any(c.partial for c in results.table.cells):
        notes.append(f"Partial: {results.table.control} is taken out.")
    if any(c.sensitivity and c.sensitivity.disattenuated for c in results.table.cells):
        notes.append(
            "Disattenuated: what the correlation might be without error of measurement; never the finding."
        )
    alpha = results.table.alpha
    columns = [
        _Column(facts.symbol("spearman"), _from_sensitivity("spearman"), 0.7),
        _Column(facts.symbol("kendall"), _from_sensitivity("kendall"), 0.7),
        _Column(phrase("Pearson ", stat("r")), _from_sensitivity("pearson"), 0.8),
        _Column(phrase("One left out"), _left_out, 1.4),
        _Column(phrase("BCa interval"), lambda c: facts.interval_text(c.bootstrap_interval), 1.3),
        _Column(phrase("Partial ", stat("r"), ", ", stat("p")), lambda c: _partial(c, alpha), 1.4),
        _Column(phrase("Within"), lambda c: _split(c, "within"), 0.9),
        _Column(phrase("Between"), lambda c: _split(c, "between"), 0.9),
        _Column(phrase("Disattenuated"), _disattenuated, 1.7),
    ]
    title = "The Same Correlations in Other Ways"
    return _table(results, "sensitivity-table", title, columns, notes)


def evidence_table(results: Results) -> Table | None:
    """Make the table of other tests of the same correlations, and of what this n could show."""
    table = results.table
    alpha = table.alpha
    columns = [
        _Column(
            phrase("Permutation ", stat("p"), " (", stat("SE"), ")"), lambda c: _permutation(c, alpha), 1.5
        ),
        _Column(phrase("Holm ", stat("p")), lambda c: p_value(c.p_holm, alpha)),
        _Column(phrase("BH ", stat("p")), lambda c: p_value(c.p_bh, alpha)),
        _Column(phrase("maxT ", stat("p")), lambda c: p_value(c.p_maxt, alpha)),
        _Column(phrase("TOST ", stat("p")), lambda c: p_value(c.tost_p, alpha)),
        _Column(phrase("BF", Run("10", "sub")), lambda c: bayes_factor(c.bf10), 0.8),
        _Column(phrase("Least detectable"), _from_sensitivity("smallest_detectable"), 1.1),
        _Column(phrase("Least bound"), _from_sensitivity("smallest_equivalence"), 0.8, "bound"),
    ]
    notes = []
    kinds = sorted({c.p_permutation_kind for c in table.cells if c.p_permutation_kind})
    if kinds:
        shown_kinds = "; ".join(kinds).replace(">=", "≥").replace("monte carlo", "Monte Carlo")
        notes.append(f"Permutation: {shown_kinds}; SE is its Monte Carlo standard error.")
    if table.sesoi:
        notes.append(f"TOST: two one-sided tests against ±{threshold(table.sesoi)}.")
    notes += [
        "BF: Bayes factor for a correlation against none (flat prior); below 1 it speaks for none.",
        "Least detectable: smallest size with p below alpha at this n.",
        "Least bound: narrowest ± bound that this n could show equivalence within, were the value 0.",
        *(sentence(note) for note in table.notes),
    ]
    title = "Other Tests of the Same Correlations, and What This n Can Show"
    return _table(results, "evidence-table", title, columns, notes)


def _table(results: Results, id: str, title: str, columns: list[_Column], notes: list[str]) -> Table | None:
    shown = [c for c in columns if any(c.text(cell) != NOTHING for cell in results.table.cells)]
    if not shown:
        return None
    groups = []
    for x in results.table.x:
        rows: list[Row] = [heading(facts.label(results, x), len(shown) + 1)]
        for y in results.table.y:
            cell = results.table.cell(x, y)
            line = [
                data(c.text(cell), id=facts.anchor(results, x, y, c.key) if c.key else None) for c in shown
            ]
            rows.append((rowhead(facts.label(results, y)), *line))
        groups.append(tuple(rows))
    return Table(
        id=id,
        title=title,
        head=head("Variable", *[c.name for c in shown]),
        groups=tuple(groups),
        notes=(phrase(Run("Note.", "stat"), " " + " ".join(notes)),),
        widths=(2.4, *[c.width for c in shown]),
    )


def _from_sensitivity(field: str) -> Callable[[Cell], str]:
    return lambda c: correlation(getattr(c.sensitivity, field)) if c.sensitivity else NOTHING


def _left_out(cell: Cell) -> str:
    found = cell.sensitivity.leave_one_out if cell.sensitivity else None
    return f"{correlation(found[0])} to {correlation(found[1])}" if found else NOTHING


def _partial(cell: Cell, alpha: float) -> str:
    if cell.partial is None or cell.partial.value is None:
        return NOTHING
    return f"{correlation(cell.partial.value)}, {p_value(cell.partial.p, alpha)}"


def _split(cell: Cell, side: str) -> str:
    return correlation(getattr(cell.within_between, side).value) if cell.within_between else NOTHING


def _permutation(cell: Cell, alpha: float) -> str:
    if cell.p_permutation is None:
        return NOTHING
    se = cell.p_permutation_se
    if se is None:
        return p_value(cell.p_permutation, alpha)
    shown = "exact" if se == 0 else correlation(se, 4) if se >= _SMALLEST_SE else "< .0001"
    return f"{p_value(cell.p_permutation, alpha)} ({shown})"


def _disattenuated(cell: Cell) -> str:
    found = cell.sensitivity.disattenuated if cell.sensitivity else None
    if found is None or found.value is None:
        return NOTHING
    return f"{correlation(found.value, 2)} {_brackets(found.interval)}".rstrip()


def _brackets(found: Interval | None) -> str:
    return interval(found.low, found.high) if found else ""
