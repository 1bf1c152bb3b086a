"""The tables of a rechecked publication: its cells, the tests that fit, the claims."""

from __future__ import annotations

from bordin.report.number import NOTHING, correlation, count, interval, level, p_value
from bordin.report.sentences import recheck as say
from bordin.report.tables.model import Row, Shape, Table, TableCell, data, head, heading, rowhead, words
from bordin.report.text import Run, phrase, stat
from bordin.study.recheck import Recheck
from bordin.study.recheck_cells import CheckedCell

EXPECTED = {
    "positive": "positive",
    "negative": "negative",
    "none": "no association",
    "different": "a difference",
}
_SHAPE: dict[str, Shape] = {"supported": "yes", "contradicted": "no", "not testable from the table": "open"}


def cells_table(checked: Recheck) -> Table:
    """Make the table of cells, as printed and as recomputed."""
    p = stat("p")
    columns = (
        "Column",
        phrase(stat("r")),
        phrase(p, ", printed"),
        phrase(p, ", recomputed"),
        "Follows",
        f"{level(1 - checked.alpha)} interval",
        phrase(p, ", Holm"),
        phrase(p, ", BH"),
        "Remark",
    )
    rows = dict.fromkeys(c.printed.row for c in checked.cells)
    groups = tuple(
        (
            heading(row, len(columns)),
            *(_cell_row(c, checked.alpha) for c in checked.cells if c.printed.row == row),
        )
        for row in rows
    )
    return Table(
        id="cells-table",
        number=1,
        title="The Printed Correlations, Recomputed",
        head=head(*columns),
        groups=groups,
        notes=(phrase("Bold: still below the line by Holm. ", say.methods(checked)),),
        widths=(2.4, 0.9, 1.0, 1.6, 0.9, 1.5, 0.9, 0.9, 3.4),
        wide=True,
    )


def printed_r(cell: CheckedCell) -> str:
    """Return r as printed, with the star wherever the table has it."""
    return f"{correlation(cell.r, cell.printed.r.digits) if cell.printed.r else NOTHING}{cell.printed.star}"


def printed_p(cell: CheckedCell) -> str:
    """Return p as printed."""
    p = cell.printed.p
    if p is None:
        return NOTHING
    sign = f"{p.relation} " if p.relation in ("<", ">") else ""
    return f"{sign}{p.text.removeprefix('0') if p.value is not None and p.value < 1 else p.text}"


def recomputed(cell: CheckedCell) -> str:
    """Return the range of p over the rounding of r, with four digits."""
    if cell.p_range is None:
        return NOTHING
    low, high = say.probability(cell.p_range.low), say.probability(cell.p_range.high)
    return low if low == high else f"{low} to {high}"


def follows(cell: CheckedCell) -> str:
    """Return whether p follows from r, in a word."""
    return NOTHING if cell.consistent is None else "yes" if cell.consistent else "no"


def _cell_row(cell: CheckedCell, alpha: float) -> Row:
    limits = cell.bonett_wright
    is_sure = cell.p_holm is not None and cell.p_holm < alpha
    return (
        rowhead(cell.printed.column),
        data(phrase(Run(printed_r(cell), "strong" if is_sure else "plain"))),
        data(printed_p(cell)),
        data(recomputed(cell)),
        data(follows(cell)),
        data(interval(limits.low, limits.high) if limits else NOTHING),
        data(p_value(cell.p_holm, alpha)),
        data(p_value(cell.p_bh, alpha)),
        words(say.remark(cell, alpha)),
    )


def tests_table(checked: Recheck) -> Table:
    """Make the table of the tests that the printed p may come from."""
    rows = tuple(
        (
            rowhead(say.test_name(t.test, checked.tails)),
            data(f"{count(t.n_fitting)} of {count(t.n_cells)}" if t.n_cells else NOTHING),
            data(f"{count(t.most)}" if t.most else NOTHING),
            data(say.numbers(t.numbers) if t.most else NOTHING),
        )
        for t in checked.table.tests
    )
    n = f" at N = {count(checked.table.n)}" if checked.table.n is not None else ""
    return Table(
        id="tests-table",
        number=2,
        title="Which Test the Printed p Belong To",
        head=head("Test", f"Cells that fit{n}", "Most cells that any N fits", "At N"),
        groups=(rows,),
        widths=(2.6, 1.4, 1.4, 1.4),
    )


def claims_table(checked: Recheck) -> Table:
    """Make the table of claims with their verdicts."""
    rows = tuple(
        (
            rowhead(judged.claim.sentence),
            words(EXPECTED[judged.claim.expect]),
            TableCell(phrase(judged.verdict), align="start", shape=_SHAPE[judged.verdict]),
            words(say.because(judged, checked.alpha)),
        )
        for judged in checked.claims
    )
    return Table(
        id="claims-table",
        number=3,
        title="What the Text Says, Held Against the Table",
        head=head("Claim", "Expected", "Verdict", "Because", align="start"),
        groups=(rows,),
        widths=(2.6, 1.1, 1.9, 3.4),
    )
