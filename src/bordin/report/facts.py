"""What tables, figures and sentences all need to know about results, decided once."""

from __future__ import annotations

from bordin.association.cells import Cell
from bordin.estimate import Interval
from bordin.report.number import NOTHING, interval
from bordin.report.text import Phrase, Run, phrase, stat
from bordin.study.results import CellTest, HypothesisResult, Results

ADJUSTMENT = {"maxt": "maxT", "holm": "Holm", "bh": "Benjamini–Hochberg", "none": ""}
SHORT = {"maxt": "maxT", "holm": "Holm", "bh": "BH", "none": ""}
COEFFICIENT = {"spearman": "Spearman", "kendall": "Kendall tau-b", "pearson": "Pearson"}
KIND = {"positive": "direction", "negative": "direction", "negligible": "negligible", "stronger": "stronger"}
VERDICT_SHAPE = {"supported": "yes", "not supported": "no", "inconclusive": "open"}


def symbol(coefficient: str) -> Phrase:
    """Return the symbol of a coefficient: r with subscript s, tau with subscript b, or r."""
    if coefficient == "spearman":
        return phrase(stat("r"), Run("s", "sub"))
    if coefficient == "kendall":
        return phrase(stat("τ"), Run("b", "sub"))
    return phrase(stat("r"))


def label(results: Results, name: str) -> str:
    """Return the label of a variable, or its name when it is not in the table."""
    try:
        return results.variable(name).label
    except KeyError:
        return name


def adjustment(results: Results) -> str:
    """Return the adjustment over all cells of the table: maxt, holm, bh or none."""
    return results.protocol.table.adjustment


def adjusted_p(results: Results, cell: Cell) -> float | None:
    """Return the p of a cell after the adjustment that the protocol declares."""
    name = adjustment(results)
    if name == "none":
        return None
    return {"maxt": cell.p_maxt, "holm": cell.p_holm, "bh": cell.p_bh}[name]


def interval_of(results: Results, cell: Cell) -> Interval | None:
    """Return the interval of a cell that the protocol declares."""
    if results.protocol.table.interval == "bca" and cell.bootstrap_interval is not None:
        return cell.bootstrap_interval
    return cell.estimate.interval


def interval_text(found: Interval | None) -> str:
    """Print an interval without brackets, or an en dash."""
    return interval(found.low, found.high, brackets=False) if found else NOTHING


def is_below(results: Results, cell: Cell) -> bool:
    """Say whether the unadjusted p of a cell is below alpha."""
    return cell.p is not None and cell.p < results.table.alpha


def is_sure(results: Results, cell: Cell) -> bool:
    """Say whether p stays below alpha after adjustment (unadjusted when none was declared)."""
    if adjustment(results) == "none":
        return is_below(results, cell)
    p = adjusted_p(results, cell)
    return p is not None and p < results.table.alpha


def one_n(results: Results, x: str) -> int | None:
    """Return the n of all cells of a row when it is the same, else None."""
    found = {results.table.cell(x, y).estimate.n for y in results.table.y}
    return found.pop() if len(found) == 1 else None


def is_incomplete(results: Results) -> bool:
    """Say whether some pair of the table is missing."""
    return any(c.estimate.n < results.table.n_cases for c in results.table.cells)


def anchor(results: Results, x: str, y: str, what: str) -> str:
    """Return the id of a place in the association table: r, ci, p, adj or n of one pair."""
    i, j = results.table.x.index(x), results.table.y.index(y)
    if what == "n" and one_n(results, x) is not None:
        return f"c-{i}-n"
    return f"c-{i}-{j}-{what}"


def test_anchor(hypothesis: int, test: int, what: str) -> str:
    """Return the id of a place in the table of tests: n, r, ci, p, adj or rej."""
    return f"t-{hypothesis}-{test}-{what}"


def family_adjustment(results: Results, hypothesis: HypothesisResult) -> str:
    """Return the adjustment that was used for the tests of a hypothesis."""
    for family in results.families:
        if family.id == hypothesis.family:
            return family.adjustments.get(KIND[hypothesis.expect], "none")
    return "none"


def deciding_test(hypothesis: HypothesisResult) -> int:
    """Return the index of the test that decides a hypothesis: a refuting one, else the weakest."""
    agreeing = [k for k, t in enumerate(hypothesis.tests) if t.because == hypothesis.because]
    candidates = agreeing or list(range(len(hypothesis.tests)))

    rejecting = hypothesis.because == "effect of interest rejected"

    def weight(k: int) -> float:
        test = hypothesis.tests[k]
        p = test.p_rejects if rejecting else shown_p(test)
        return 2.0 if p is None else p

    refuted = hypothesis.verdict == "not supported"
    return min(candidates, key=weight) if refuted else max(candidates, key=weight)


def shown_p(test: CellTest) -> float | None:
    """Return the adjusted p of a test, or the unadjusted one when nothing was adjusted."""
    return test.p if test.p_adjusted is None else test.p_adjusted


def units(results: Results, n: int | None = None) -> str:
    """Return the word for one unit of the analysis, in the number that `n` asks for."""
    word = results.protocol.study.unit
    return word if n == 1 else f"{word}s"
