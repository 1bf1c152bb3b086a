"""The association table: value with star, interval, p, adjusted p and n of every cell."""

from __future__ import annotations

from textwrap import wrap

from bordin.association.cells import Cell
from bordin.report import facts
from bordin.report.number import NOTHING, correlation, count, level, p_value, threshold
from bordin.report.tables.model import Row, Table, TableCell, head
from bordin.report.text import Phrase, Run, listing, phrase, plural, stat
from bordin.study.results import Results

MOST_COLUMNS = 12
_PORTRAIT_COLUMNS = 7
_HEAD_WIDTH = 14


def association_tables(results: Results) -> tuple[Table, ...]:
    """Make the association table; more than twelve columns continue in further tables.

    Parameters
    ----------
    results : Results

    Returns
    -------
    tuple of Table
    """
    columns = results.table.y
    n_parts = -(-len(columns) // MOST_COLUMNS)
    size = -(-len(columns) // n_parts)
    parts = [columns[k : k + size] for k in range(0, len(columns), size)]
    return tuple(_part(results, part, k, len(parts)) for k, part in enumerate(parts))


def _part(results: Results, columns: tuple[str, ...], k: int, n_parts: int) -> Table:
    kind = facts.COEFFICIENT[results.table.coefficient]
    title = f"{kind} Correlations of {_group_name(results, 'rows')} With {_group_name(results, 'columns')}"
    if n_parts > 1:
        title += f" (Part {k + 1} of {n_parts})"
    reasons = _reasons(results)
    names = ["\n".join(wrap(facts.label(results, y), _HEAD_WIDTH)) for y in columns]
    return Table(
        id="associations-table" if k == 0 else f"associations-table-{k + 1}",
        title=title,
        head=head("Variable", "", *names),
        groups=tuple(_group(results, x, columns, reasons) for x in results.table.x),
        notes=_notes(results, reasons),
        widths=(2.2, 1.65, *[1.55] * len(columns)),
        wide=len(columns) > _PORTRAIT_COLUMNS,
    )


def _group_name(results: Results, side: str) -> str:
    variables = results.rows if side == "rows" else results.columns
    # The name before the first comma is the short one: "CALPAS, brief form of five items".
    names = (v.label if v.kind == "outcome" else v.source.split(",")[0] for v in variables)
    sources = list(dict.fromkeys(name for name in names if name))
    return listing(sources) or ("Row Variables" if side == "rows" else "Column Variables")


def _reasons(results: Results) -> dict[str, str]:
    """Give every reason for a missing value its letter."""
    found = dict.fromkeys(c.estimate.undefined for c in results.table.cells if c.estimate.undefined)
    return {reason: chr(ord("a") + k) if k < 26 else f"a{k}" for k, reason in enumerate(found) if reason}


def _group(results: Results, x: str, columns: tuple[str, ...], reasons: dict[str, str]) -> tuple[Row, ...]:
    cells = [results.table.cell(x, y) for y in columns]
    n = facts.one_n(results, x)
    rows: list[tuple[Phrase, list[TableCell]]] = [
        (facts.symbol(results.table.coefficient), [_estimate(results, c, reasons) for c in cells]),
        (phrase(f"{level(results.table.level)} interval"), [_interval(results, c) for c in cells]),
        (phrase(stat("p")), [_p(results, c) for c in cells]),
    ]
    if facts.adjustment(results) != "none":
        name = facts.ADJUSTMENT[facts.adjustment(results)]
        rows.append((phrase(stat("p"), f", {name}"), [_adjusted(results, c) for c in cells]))
    if n is None:
        rows.append((phrase(stat("n")), [_plain(results, c, "n", count(c.estimate.n)) for c in cells]))
    if facts.is_incomplete(results) and any(c.complete_case for c in cells):
        text = phrase("complete, ", stat("n"), f" = {count(results.table.complete_cases)}")
        rows.append((text, [_complete(c) for c in cells]))
    title = phrase(facts.label(results, x))
    if n is not None:
        title = phrase(title, Run(f"\nn = {count(n)}", "quiet"))
    first = TableCell(
        title,
        "grouphead",
        "start",
        rowspan=len(rows),
        id=f"c-{results.table.x.index(x)}-n" if n is not None else None,
    )
    made: list[Row] = []
    for k, (name_of_row, line) in enumerate(rows):
        start = (first,) if k == 0 else ()
        made.append((*start, TableCell(name_of_row, "rowhead", "start"), *line))
    return tuple(made)


def _plain(results: Results, cell: Cell, what: str, text: str) -> TableCell:
    return TableCell(phrase(text), "quiet", id=facts.anchor(results, cell.x, cell.y, what))


def _estimate(results: Results, cell: Cell, reasons: dict[str, str]) -> TableCell:
    place = facts.anchor(results, cell.x, cell.y, "r")
    if cell.estimate.undefined is not None:
        letter = reasons[cell.estimate.undefined]
        return TableCell(phrase(NOTHING, Run(letter, "sup")), "estimate", id=place)
    sure = facts.is_sure(results, cell)
    adjusts = facts.adjustment(results) != "none"
    star = "**" if sure and adjusts else "*" if sure or facts.is_below(results, cell) else ""
    text = phrase(correlation(cell.estimate.value), *([Run(star, "sup")] if star else []))
    return TableCell(text, "sure" if sure else "estimate", id=place)


def _interval(results: Results, cell: Cell) -> TableCell:
    return _plain(results, cell, "ci", facts.interval_text(facts.interval_of(results, cell)))


def _p(results: Results, cell: Cell) -> TableCell:
    return _plain(results, cell, "p", p_value(cell.p, results.table.alpha))


def _adjusted(results: Results, cell: Cell) -> TableCell:
    return _plain(results, cell, "adj", p_value(facts.adjusted_p(results, cell), results.table.alpha))


def _complete(cell: Cell) -> TableCell:
    return TableCell(phrase(correlation(cell.complete_case.value if cell.complete_case else None)), "quiet")


def _notes(results: Results, reasons: dict[str, str]) -> tuple[Phrase, ...]:
    notes = [phrase(Run("Note.", "stat"), " ", _n_sentence(results), _methods_sentence(results))]
    negative = [v.label for v in (*results.columns, *results.rows) if v.pole < 0]
    if negative:
        verb = "is a" if len(negative) == 1 else "are"
        notes.append(
            phrase(
                f"{listing(negative)} {verb} negative {plural(len(negative), 'dimension')}: a high value is "
                "the unfavorable one."
            )
        )
    for reason, letter in reasons.items():
        notes.append(phrase(Run(letter, "sup"), f" No value: {reason}. The cell does not count as a test."))
    notes.append(_stars(results))
    return tuple(notes)


def _n_sentence(results: Results) -> Phrase:
    table = results.table
    found = sorted({c.estimate.n for c in table.cells})
    if len(found) == 1:
        where = "in every cell" if len(table.cells) > 1 else "in the cell"
        return phrase(stat("n"), f" = {count(found[0])} {where}. ")
    return phrase(
        stat("n"),
        f" from {count(found[0])} to {count(found[-1])}; {count(table.complete_cases)} of "
        f"{count(table.n_cases)} cases are complete on every variable. ",
    )


def _methods_sentence(results: Results) -> Phrase:
    table = results.table
    intervals = [found for c in table.cells if (found := facts.interval_of(results, c))]
    methods = list(dict.fromkeys(i.method for i in intervals))
    p_methods = list(dict.fromkeys(c.p_method for c in table.cells if c.p is not None))
    parts: list[str | Run] = []
    if methods:
        parts.append(f"Intervals: {listing(methods)}. ")
    if p_methods:
        parts += [stat("p"), f": two-tailed, {listing([_p_words(results, m) for m in p_methods])}. "]
    if facts.adjustment(results) != "none":
        name = facts.ADJUSTMENT[facts.adjustment(results)]
        step = ", step-down" if facts.adjustment(results) == "maxt" else ""
        parts.append(
            f"Adjusted over {count(table.family_size)} {plural(table.family_size, 'cell')} ({name}{step}). "
        )
    return phrase(*parts)


def _p_words(results: Results, method: str) -> str:
    if method == "permutation":
        return f"{count(results.table.permutations)} permutations"
    return {"t": "t approximation"}.get(method, method)


def _stars(results: Results) -> Phrase:
    cells = results.table.cells
    alpha = threshold(results.table.alpha)
    below = sum(facts.is_below(results, c) for c in cells)
    sure = sum(facts.is_sure(results, c) for c in cells)
    if facts.adjustment(results) == "none":
        text = f" < {alpha}, not adjusted for the number of tests, {count(below)} {plural(below, 'cell')}."
        return phrase(Run("*", "sup"), " ", stat("p"), text)
    only = sum(facts.is_below(results, c) and not facts.is_sure(results, c) for c in cells)
    return phrase(
        Run("*", "sup"),
        " ",
        stat("p"),
        f"\u00a0<\u00a0{alpha} before adjustment only, {count(only)} {plural(only, 'cell')}. ",
        Run("**", "sup"),
        " ",
        stat("p"),
        f"\u00a0<\u00a0{alpha} after adjustment too, {count(sure)} {plural(sure, 'cell')}.",
    )
