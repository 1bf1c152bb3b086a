"""The table of verdicts, and the table of every test behind them."""

from __future__ import annotations

from bordin.report import facts
from bordin.report.number import NOTHING, correlation, count, interval, level, p_statement, p_value, threshold
from bordin.report.tables.model import Row, Table, TableCell, data, head, heading, rowhead, words
from bordin.report.text import Phrase, Run, phrase, plural, stat
from bordin.study.results import CellTest, HypothesisResult, Results


def verdict_table(results: Results) -> Table:
    """Make the table of hypotheses: expectation, estimate with interval, verdict and reason."""
    columns = ("No.", "Hypothesis", "Expected", _estimate_head(results), "Verdict", "Because")
    groups: list[tuple[Row, ...]] = []
    names = list(dict.fromkeys(h.family for h in results.hypotheses))
    for name in names:
        rows = [_verdict_row(results, h) for h in results.hypotheses if h.family == name]
        if len(names) > 1:
            rows.insert(0, heading(family_label(results, name), len(columns)))
        groups.append(tuple(rows))
    return Table(
        id="verdicts-table",
        title="Hypotheses and Verdicts",
        head=head(*columns, align="start"),
        groups=tuple(groups),
        notes=(_verdict_note(results),),
        widths=(0.55, 3.6, 1.15, 2.2, 1.65, 2.3),
    )


def family_label(results: Results, name: str) -> str:
    """Return the heading of a family of hypotheses."""
    return next((f.label for f in results.families if f.id == name and f.label), name.capitalize())


def _estimate_head(results: Results) -> Phrase:
    return phrase(facts.symbol(results.table.coefficient), f" [{level(results.table.level)} interval]")


def _verdict_row(results: Results, h: HypothesisResult) -> Row:
    shape = facts.VERDICT_SHAPE[h.verdict]
    claim = f"Claim: {h.claim}" if h.claim else ""
    return (
        words(h.id),
        rowhead(h.sentence, claim),
        words(_expected(results, h)),
        words(_summary(h)),
        TableCell(phrase(h.verdict.capitalize()), align="start", shape=shape),  # type: ignore[arg-type]
        words(because(results, h)),
    )


def _expected(results: Results, h: HypothesisResult) -> str:
    return f"stronger than {facts.label(results, h.than)}" if h.than else h.expect


def _summary(h: HypothesisResult) -> str:
    values = [t.value for t in h.tests if t.value is not None]
    if not values:
        return NOTHING
    prefix = "Δ " if h.expect == "stronger" else ""
    if len(h.tests) == 1:
        t = h.tests[0]
        return f"{prefix}{correlation(t.value)} {interval(t.low, t.high)}"
    return f"{prefix}{correlation(min(values))} to {correlation(max(values))}, {len(h.tests)} cells"


def after(results: Results, h: HypothesisResult) -> str:
    """Return how a p was adjusted, as it follows the number: ``" after Holm"`` or nothing."""
    name = facts.ADJUSTMENT[facts.family_adjustment(results, h)]
    return f" after {name}" if name else ""


def because(results: Results, h: HypothesisResult) -> Phrase:
    """Say in a few words what decided the verdict."""
    t = h.tests[facts.deciding_test(h)]
    alpha = results.table.alpha
    bound_text = threshold(results.table.sesoi) if results.table.sesoi else ""
    p = phrase(stat("p"), f" {p_statement(facts.shown_p(t), alpha)}{after(results, h)}")
    several = len(h.tests) > 1
    if h.because == "undefined":
        return phrase(f"no test: {undefined_reason(results, t)}")
    if h.because == "effect of interest rejected":
        line = phrase(stat("p"), f" {p_statement(t.p_rejects, alpha)}")
        return phrase(f"{bound_text} or more is rejected, ", line)
    if h.because == "equivalent":
        return phrase(f"beyond ±{bound_text} is rejected, ", "largest " if several else "", p)
    if h.because == "equivalence not shown":
        return phrase(f"±{bound_text} not excluded, ", "largest " if several else "", p)
    if h.because == "differs from zero":
        return phrase("differs from zero, ", "smallest " if several else "", p)
    if h.because == "adjusted p below alpha, against expectation":
        return phrase("lies on the other side, ", p)
    return phrase("largest " if several else "", p)


def undefined_reason(results: Results, t: CellTest) -> str:
    """Return why a test has no value."""
    if t.contrast is not None and t.contrast.undefined:
        return t.contrast.undefined
    try:
        return results.table.cell(t.x, t.y).estimate.undefined or "no value"
    except KeyError:
        return "no value"


def _verdict_note(results: Results) -> Phrase:
    alpha = threshold(results.table.alpha)
    sesoi = results.table.sesoi
    rejected = (
        f", not supported when the data reject an effect as large as the smallest one of interest "
        f"({threshold(sesoi)}) or show the opposite"
        if sesoi
        else ", not supported when the data show the opposite"
    )
    return phrase(
        Run("Note.", "stat"),
        " Supported: adjusted ",
        stat("p"),
        f"\u00a0<\u00a0{alpha} in the expected direction{rejected}, inconclusive otherwise. These ",
        stat("p"),
        " are adjusted over the declared tests of a family, those of the association table over all its cells. "
        "Δ: difference of two correlations.",
    )


def tests_table(results: Results) -> Table:
    """Make the table of every test behind the hypotheses, a row a test."""
    columns: list[str | Phrase] = [
        "Test",
        phrase(stat("n")),
        "Estimate",
        f"{level(results.table.level)} interval",
        phrase(stat("p")),
        phrase("Adjusted ", stat("p")),
        phrase("Rejects, ", stat("p")),
    ]
    n_columns = len(columns) + 1
    groups = tuple(
        (
            heading(f"{h.id}, expected {_expected(results, h)}", n_columns),
            *(_test_row(results, i, k) for k in range(len(h.tests))),
        )
        for i, h in enumerate(results.hypotheses)
    )
    notes = [
        phrase(
            Run("Note.", "stat"),
            " ",
            stat("p"),
            ": two-tailed for a direction or a difference (then Williams); the "
            "larger of the two one-sided tests when a negligible correlation is expected. Adjusted over the tests "
            "of the same kind in the family; several negligible cells are one test, whose largest p decides.",
        )
    ]
    if results.table.sesoi:
        notes.append(
            phrase(
                "Rejects: one-sided ",
                stat("p"),
                f" against an effect of {threshold(results.table.sesoi)} or more in the expected direction.",
            )
        )
    if any(h.expect == "stronger" for h in results.hypotheses):
        notes.append(
            phrase(
                "Differences: Zou's interval; both correlations are reflected first where a high value is unfavorable."
            )
        )
    return Table(
        id="tests-table",
        title="Tests Behind the Hypotheses",
        head=(*head(*columns), TableCell(phrase("Verdict"), "head", "start")),
        groups=groups,
        notes=tuple(notes),
        widths=(3.4, 0.6, 1.1, 1.5, 1.0, 1.1, 1.1, 1.9),
    )


def _test_row(results: Results, i: int, k: int) -> Row:
    h = results.hypotheses[i]
    t = h.tests[k]
    alpha = results.table.alpha
    name = f"{facts.label(results, t.x)} and {facts.label(results, t.y)}"
    if h.than:
        name = f"{facts.label(results, t.x)} over {facts.label(results, h.than)}, {facts.label(results, t.y)}"
    below = f"No value: {undefined_reason(results, t)}" if t.because == "undefined" else ""

    def place(text: str, what: str) -> TableCell:
        return data(text, id=facts.test_anchor(i, k, what))

    return (
        rowhead(name, below),
        place(count(t.n), "n"),
        place(correlation(t.value), "r"),
        place(interval(t.low, t.high, brackets=False), "ci"),
        place(p_value(t.p, alpha), "p"),
        place(p_value(t.p_adjusted, alpha), "adj"),
        place(p_value(None if h.expect == "negligible" else t.p_rejects, alpha), "rej"),
        TableCell(phrase(t.verdict.capitalize()), align="start", shape=facts.VERDICT_SHAPE[t.verdict]),  # type: ignore[arg-type]
    )


def families_table(results: Results) -> Table:
    """Make the list of all tests that were run, by family, with how many fell below alpha."""
    alpha = results.table.alpha
    cells = results.table.cells
    rows: list[Row] = [
        _family_row(
            "table",
            "All cells of the association table",
            ("correlation", facts.adjustment(results)),
            (
                results.table.family_size,
                sum(facts.is_below(results, c) for c in cells),
                sum(facts.is_sure(results, c) for c in cells),
            ),
        )
    ]
    for f, family in enumerate(results.families):
        for kind, n in family.n_tests.items():
            own = [h for h in results.hypotheses if h.family == family.id and facts.KIND[h.expect] == kind]
            tests = [t for h in own for t in _counted(h)]
            rows.append(
                _family_row(
                    f"{f}-{kind}",
                    f"Hypotheses: {family_label(results, family.id)}",
                    (kind, family.adjustments.get(kind, "none")),
                    (
                        n,
                        sum(t.p is not None and t.p < alpha for t in tests),
                        sum((p := facts.shown_p(t)) is not None and p < alpha for t in tests),
                    ),
                )
            )
    contrasts = [c for c in results.table.contrasts if c.williams_p is not None]
    if contrasts:
        below = sum(c.williams_p is not None and c.williams_p < alpha for c in contrasts)
        rows.append(
            _family_row(
                "contrasts",
                "All differences of two correlations",
                ("stronger", "none"),
                (len(contrasts), below, below),
            )
        )
    line = threshold(alpha)
    columns: list[str | Phrase] = [
        "Family",
        "Kind",
        "Tests",
        "Adjustment",
        phrase(stat("p"), f"\u00a0<\u00a0{line}"),
        phrase("Adjusted ", stat("p"), f"\u00a0<\u00a0{line}"),
    ]
    return Table(
        id="families-table",
        title="All Tests That Were Run",
        head=head(*columns),
        groups=(tuple(rows),),
        notes=(_families_note(results, len(contrasts)),),
        widths=(3.6, 1.4, 0.9, 2.0, 1.1, 1.5),
    )


def _families_note(results: Results, n_contrasts: int) -> Phrase:
    """Say how many tests would fall below the line by chance, and what is not counted."""
    size, alpha = results.table.family_size, results.table.alpha
    total = size + n_contrasts
    return phrase(
        Run("Note.", "stat"),
        f" In {count(size)} tests of true zeros, about {count(round(size * alpha))} would fall below "
        f"{threshold(alpha)} before adjustment by chance. "
        f"Beside the hypotheses, {count(total)} {plural(total, 'test')} {'was' if total == 1 else 'were'} run; "
        "other coefficients and partial correlations repeat the same tests and are not counted.",
    )


_KIND_WORDS = {
    "correlation": "correlation",
    "direction": "direction",
    "negligible": "equivalence",
    "stronger": "difference",
}


def _counted(h: HypothesisResult) -> list[CellTest]:
    """Return the tests that count: several negligible cells are one test, whose largest p decides."""
    if h.expect != "negligible":
        return list(h.tests)
    known = [t for t in h.tests if t.p is not None]
    if len(known) < len(h.tests):
        return []
    return [max(known, key=lambda t: t.p or 0.0)]


def _family_row(key: str, name: str, how: tuple[str, str], counts: tuple[int, int, int]) -> Row:
    """Make a row: name; kind and adjustment; tests, and those below alpha before and after it."""
    kind, adjustment = how
    n, below, below_after = counts
    return (
        rowhead(name),
        data(_KIND_WORDS[kind]),
        data(count(n), id=f"m-{key}-n"),
        data(facts.ADJUSTMENT[adjustment] or "none"),
        data(count(below), id=f"m-{key}-below"),
        data(count(below_after), id=f"m-{key}-after"),
    )
