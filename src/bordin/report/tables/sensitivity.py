"""How much each correlation hangs on choices and on single cases, and differences of correlations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bordin.association.cells import Cell, Contrast
from bordin.estimate import Interval
from bordin.report import facts
from bordin.report.number import (
    NOTHING,
    bayes_factor,
    correlation,
    count,
    interval,
    level,
    number,
    p_value,
    threshold,
)
from bordin.report.tables.model import Row, Table, data, head, heading, rowhead
from bordin.report.text import Phrase, Run, phrase, stat
from bordin.study.results import Results


@dataclass(frozen=True)
class _Column:
    """A column that is shown when some cell has something to put there."""

    name: Phrase
    text: Callable[[Cell], str]
    width: float = 1.0
    key: str = ""


def sensitivity_table(results: Results) -> Table:
    """Make the table of other coefficients, single cases, controls, permutation, evidence for zero.

    Columns that would be empty are left out.
    """
    shown = [c for c in _columns(results) if any(c.text(cell) != NOTHING for cell in results.table.cells)]
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
        id="sensitivity-table",
        title="Sensitivity of the Correlations",
        head=head("Variable", *[c.name for c in shown]),
        groups=tuple(groups),
        notes=_notes(results),
        widths=(2.0, *[c.width for c in shown]),
        wide=True,
    )


def _columns(results: Results) -> list[_Column]:
    alpha = results.table.alpha

    def from_sensitivity(field: str) -> Callable[[Cell], str]:
        return lambda c: correlation(getattr(c.sensitivity, field)) if c.sensitivity else NOTHING

    return [
        _Column(facts.symbol("spearman"), from_sensitivity("spearman"), 0.7),
        _Column(phrase(stat("τ"), Run("b", "sub")), from_sensitivity("kendall"), 0.7),
        _Column(phrase("Pearson ", stat("r")), from_sensitivity("pearson"), 0.8),
        _Column(phrase("One left out"), _left_out, 1.4),
        _Column(phrase("BCa interval"), lambda c: _limits(c.bootstrap_interval), 1.3),
        _Column(phrase("Partial ", stat("r"), ", ", stat("p")), lambda c: _partial(c, alpha), 1.4),
        _Column(phrase("Within"), lambda c: _split(c, "within"), 0.9),
        _Column(phrase("Between"), lambda c: _split(c, "between"), 0.9),
        _Column(
            phrase("Permutation ", stat("p"), " (", stat("SE"), ")"), lambda c: _permutation(c, alpha), 1.5
        ),
        _Column(phrase("Holm ", stat("p")), lambda c: p_value(c.p_holm, alpha), 0.9),
        _Column(phrase("BH ", stat("p")), lambda c: p_value(c.p_bh, alpha), 0.9),
        _Column(phrase("maxT ", stat("p")), lambda c: p_value(c.p_maxt, alpha), 0.9),
        _Column(phrase("TOST ", stat("p")), lambda c: p_value(c.tost_p, alpha), 0.8),
        _Column(phrase("BF", Run("10", "sub")), lambda c: bayes_factor(c.bf10), 0.8),
        _Column(
            phrase("Disattenuated"),
            _disattenuated,
            1.9,
        ),
        _Column(phrase("Least detectable"), from_sensitivity("smallest_detectable"), 0.9),
        _Column(phrase("Least bound"), from_sensitivity("smallest_equivalence"), 0.8, "bound"),
    ]


def _left_out(cell: Cell) -> str:
    found = cell.sensitivity.leave_one_out if cell.sensitivity else None
    return f"{correlation(found[0])} to {correlation(found[1])}" if found else NOTHING


def _limits(found: Interval | None) -> str:
    return interval(found.low, found.high, brackets=False) if found else NOTHING


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
    shown = "" if se is None else f" ({'exact' if se == 0 else correlation(se, 4)})"
    return f"{p_value(cell.p_permutation, alpha)}{shown}"


def _disattenuated(cell: Cell) -> str:
    found = cell.sensitivity.disattenuated if cell.sensitivity else None
    if found is None or found.value is None:
        return NOTHING
    return f"{correlation(found.value, 2)} {_brackets(found.interval)}".rstrip()


def _brackets(found: Interval | None) -> str:
    return interval(found.low, found.high) if found else ""


def _notes(results: Results) -> tuple[Phrase, ...]:
    table = results.table
    parts = ["One left out: smallest and largest value when each case is left out in turn."]
    if any(c.partial for c in table.cells):
        parts.append(f"Partial: {table.control} is taken out.")
    kinds = sorted({c.p_permutation_kind for c in table.cells if c.p_permutation_kind})
    if kinds:
        parts.append(f"Permutation: {'; '.join(kinds)}; SE is its Monte Carlo standard error.")
    if table.sesoi:
        parts.append(f"TOST: two one-sided tests against ±{threshold(table.sesoi)}.")
    parts.append("BF: Bayes factor for a correlation against none (flat prior); below 1 it speaks for none.")
    if any(c.sensitivity and c.sensitivity.disattenuated for c in table.cells):
        parts.append(
            "Disattenuated: what the correlation might be without error of measurement; a sensitivity analysis, "
            "never the finding."
        )
    parts.append(
        "Least detectable: smallest size with p below alpha at this n. Least bound: narrowest ± bound that this n "
        "could show equivalence within, were the value 0."
    )
    parts += [_sentence(note) for note in table.notes]
    return (phrase(Run("Note.", "stat"), " " + " ".join(parts)),)


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."


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
        (_limits(c.zou), "ci"),
        (williams, "w"),
        (p_value(c.steiger_p, alpha), "s"),
        (p_value(c.meng_p, alpha), "m"),
    ]
    if boots:
        texts.append((_limits(c.bootstrap), "b"))
    return (rowhead(name, below), *(data(text, id=f"d-{k}-{what}") for text, what in texts))
