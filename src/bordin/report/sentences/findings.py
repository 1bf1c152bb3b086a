"""The Results section: every sentence takes its numbers from a cell of a table, and says which."""

from __future__ import annotations

from bordin.report import facts
from bordin.report.number import correlation, count, interval, level, p_statement, threshold
from bordin.report.tables.hypotheses import after, undefined_reason
from bordin.report.text import Phrase, Run, bound, listing, phrase, plural, stat
from bordin.study.results import CellTest, HypothesisResult, Results, Verdict

VERDICTS: tuple[Verdict, ...] = ("supported", "not supported", "inconclusive")


def conclusion(results: Results) -> str:
    """Say in one sentence what came out, for the terminal and the head of the report.

    Parameters
    ----------
    results : Results

    Returns
    -------
    str
        For example ``"2 of 8 hypotheses are supported, 1 is not supported and 5 are inconclusive; 5
        of 28 correlations keep p < .05 after maxT adjustment."``
    """
    cells = sum(facts.is_sure(results, c) for c in results.table.cells)
    name = facts.ADJUSTMENT[facts.adjustment(results)]
    how = f" after {name} adjustment" if name else " without adjustment"
    keep = "keeps" if cells == 1 else "keep"
    size = results.table.family_size
    table = (
        f"{count(cells)} of {count(size)} {plural(size, 'correlation')} {keep} p\u00a0<\u00a0"
        f"{threshold(results.table.alpha)}{how}"
    )
    if not results.hypotheses:
        return f"{table}; no hypothesis was declared."
    tally = verdict_counts(results)
    total = len(results.hypotheses)
    parts = [
        f"{tally['supported']} of {total} {plural(total, 'hypothesis', 'hypotheses')} "
        f"{'is' if tally['supported'] == 1 else 'are'} supported"
    ]
    for verdict in VERDICTS[1:]:
        parts.append(f"{tally[verdict]} {'is' if tally[verdict] == 1 else 'are'} {verdict}")
    return f"{listing(parts)}; {table}."


def verdict_counts(results: Results) -> dict[str, int]:
    """Count the hypotheses by verdict."""
    return {v: sum(h.verdict == v for h in results.hypotheses) for v in VERDICTS}


def findings(results: Results) -> tuple[Phrase, ...]:
    """Write the paragraphs of the Results section.

    Parameters
    ----------
    results : Results

    Returns
    -------
    tuple of Phrase
        Paragraphs; every number that was computed is a run bound to its cell.
    """
    paragraphs = [phrase(_sample(results), _overall(results))]
    paragraphs += [_hypothesis(results, i) for i in range(len(results.hypotheses))]
    beyond = _beyond(results)
    return (*paragraphs, beyond) if beyond else tuple(paragraphs)


def _sample(results: Results) -> Phrase:
    first, last = results.flow[0], results.flow[-1]
    if len(results.flow) == 1:
        return phrase(bound(count(last.n), "f-0-n"), f" {facts.units(results, last.n)} were analyzed. ")
    return phrase(
        "Of ",
        bound(count(first.n), "f-0-n"),
        f" {first.label}, ",
        bound(count(last.n), f"f-{len(results.flow) - 1}-n"),
        f" {'was' if last.n == 1 else 'were'} analyzed. ",
    )


def _overall(results: Results) -> Phrase:
    size = results.table.family_size
    below = sum(facts.is_below(results, c) for c in results.table.cells)
    line = threshold(results.table.alpha)
    text = phrase(
        "Of the ",
        bound(count(size), "m-table-n"),
        f" {plural(size, 'correlation')} of the table, ",
        bound(count(below), "m-table-below"),
        f" {'has' if below == 1 else 'have'} ",
        stat("p"),
        f"\u00a0<\u00a0{line}",
    )
    if facts.adjustment(results) == "none":
        return phrase(text, "; nothing was adjusted for their number.")
    sure = sum(facts.is_sure(results, c) for c in results.table.cells)
    name = facts.ADJUSTMENT[facts.adjustment(results)]
    return phrase(
        text, " before adjustment and ", bound(count(sure), "m-table-after"), f" after {name} adjustment."
    )


def _hypothesis(results: Results, i: int) -> Phrase:
    h = results.hypotheses[i]
    opening = phrase(
        Run(h.id, "strong"), f" ({h.sentence.rstrip('.')}; expected ", _expectation(results, h), ") "
    )
    if h.because == "undefined":
        reason = undefined_reason(results, h.tests[facts.deciding_test(h)])
        return phrase(opening, f"could not be tested and stays inconclusive: {reason}.", _claim(h))
    verdict = phrase("is ", Run(h.verdict, "strong"), ": ")
    k = facts.deciding_test(h)
    reason_text = _reason(results, i, k)
    lead = phrase()
    if len(h.tests) > 1:
        lead = phrase(f"of {count(len(h.tests))} tests, {_tally(h)}; {_deciding(results, h, h.tests[k])} ")
    return phrase(opening, verdict, lead, reason_text, _claim(h))


def _expectation(results: Results, h: HypothesisResult) -> str:
    return f"stronger than {facts.label(results, h.than)}" if h.than else h.expect


def _tally(h: HypothesisResult) -> str:
    counts = {v: sum(t.verdict == v for t in h.tests) for v in VERDICTS}
    return listing([f"{count(n)} {v}" for v, n in counts.items() if n])


def _deciding(results: Results, h: HypothesisResult, t: CellTest) -> str:
    pair = f"{facts.label(results, t.x)} with {facts.label(results, t.y)}"
    decides = {"supported": "the weakest is", "not supported": "what decides is"}
    return f"{decides.get(h.verdict, 'what leaves it open is')} {pair},"


def _value(results: Results, i: int, k: int) -> Phrase:
    """Write value, interval and n of a test, bound to their cells."""
    h, t = results.hypotheses[i], results.hypotheses[i].tests[k]
    name = phrase("Δ") if h.expect == "stronger" else facts.symbol(results.table.coefficient)
    return phrase(
        name,
        "\u00a0=\u00a0",
        bound(correlation(t.value), facts.test_anchor(i, k, "r")),
        f", {level(results.table.level)} interval [",
        bound(interval(t.low, t.high, brackets=False), facts.test_anchor(i, k, "ci")),
        "], ",
        stat("n"),
        "\u00a0=\u00a0",
        bound(count(t.n), facts.test_anchor(i, k, "n")),
    )


def _p(results: Results, i: int, k: int, what: str) -> Phrase:
    """Write p of a test, bound to its cell: what is p, adj or rej."""
    t = results.hypotheses[i].tests[k]
    p = {"p": t.p, "adj": t.p_adjusted, "rej": t.p_rejects}[what]
    text = p_statement(p, results.table.alpha)
    sign, _, digits = text.partition(" ")
    place = facts.test_anchor(i, k, what)
    number = (f"{sign}\u00a0", bound(digits, place)) if sign == "=" else ("", bound(text, place))
    return phrase(stat("p"), "\u00a0", *number)


def _shown_p(results: Results, i: int, k: int) -> Phrase:
    h = results.hypotheses[i]
    if h.tests[k].p_adjusted is None:
        return _p(results, i, k, "p")
    return phrase(_p(results, i, k, "adj"), after(results, h))


def _reason(results: Results, i: int, k: int) -> Phrase:
    h = results.hypotheses[i]
    line = threshold(results.table.alpha)
    sesoi = threshold(results.table.sesoi) if results.table.sesoi else ""
    value, p = _value(results, i, k), _shown_p(results, i, k)
    if h.because == "adjusted p below alpha, as expected":
        return phrase(value, ", ", p, ".")
    if h.because == "adjusted p below alpha, against expectation":
        return phrase(value, ", ", p, ", which is the opposite of what was expected.")
    if h.because == "effect of interest rejected":
        rejected = _p(results, i, k, "rej")
        return phrase(
            value,
            f"; the data reject an effect of {sesoi} or more in the expected direction, ",
            rejected,
            ".",
        )
    if h.because == "equivalent":
        return phrase(value, f"; values beyond ±{sesoi} are rejected, ", p, ".")
    if h.because == "equivalence not shown":
        return phrase(value, f"; values as large as ±{sesoi} are not excluded, ", p, ".")
    if h.because == "differs from zero":
        return phrase(value, "; it differs from zero.")
    return phrase(
        value, ", ", p, f", which is not below {line}; the values in the interval all remain possible."
    )


def _claim(h: HypothesisResult) -> Phrase:
    """Say plainly what becomes of a claim that was made elsewhere."""
    if not h.claim:
        return phrase()
    says = {
        "supported": "These data bear the claim out",
        "not supported": "The claim is not supported by these data",
        "inconclusive": "These data do not support the claim, nor do they refute it",
    }
    return phrase(f" {says[h.verdict]} (claim: {h.claim.rstrip('.')}).")


def _beyond(results: Results) -> Phrase:
    """Name the cells below alpha after adjustment that no hypothesis speaks of."""
    spoken = {(t.x, t.y) for h in results.hypotheses for t in h.tests}
    cells = [c for c in results.table.cells if facts.is_sure(results, c) and (c.x, c.y) not in spoken]
    if not cells or not results.hypotheses:
        return phrase()
    name = facts.ADJUSTMENT[facts.adjustment(results)]
    how = f" after {name} adjustment" if name else ""
    parts = phrase(
        "Outside the declared hypotheses, and so exploratory, these cells have ",
        stat("p"),
        f"\u00a0<\u00a0{threshold(results.table.alpha)}{how}: ",
    )
    for k, c in enumerate(cells):
        place = facts.anchor(results, c.x, c.y, "r")
        pair = f"{facts.label(results, c.x)} with {facts.label(results, c.y)} ("
        parts = phrase(parts, ", " if k else "", pair, bound(correlation(c.estimate.value), place), ")")
    return phrase(parts, ".")
