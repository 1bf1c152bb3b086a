"""What these data cannot say: the sentences that keep a reader from reading too much into a number."""

from __future__ import annotations

from bordin.report import facts
from bordin.report.number import correlation, count, interval, percent, threshold
from bordin.report.sentences.reliability import value_and_interval
from bordin.report.text import Phrase, Run, bound, listing, phrase, plural
from bordin.study.results import HypothesisResult, Results, Variable

_CROWDED = 0.20
_LOW_RELIABILITY = 0.70
# Below the lowest line of Koo and Li (2016); a lower limit here leaves open that coders agreed little.
_AGREED = 0.50


def limits(results: Results) -> tuple[Phrase, ...]:
    """Write the list of what these data cannot say.

    Parameters
    ----------
    results : Results

    Returns
    -------
    tuple of Phrase
        One phrase a point, each beginning with what cannot be said.
    """
    points = [
        _notice(results),
        *[_negligible(results, h) for h in results.hypotheses if h.because == "equivalence not shown"],
        _difference(results),
        _cause(),
        _strength(results),
        _incomplete(results),
        _crowded(results),
        *_agreement(results),
        *_errors(results),
        _unknown_reliability(results),
        _therapists(results),
        _order(results),
        _chance(results),
    ]
    return tuple(p for p in points if p)


def _point(head: str, *text: str | Run) -> Phrase:
    return phrase(Run(head, "strong"), " ", *text)


def _notice(results: Results) -> Phrase:
    notice = results.protocol.study.notice.strip()
    if not notice:
        return ()
    lower = notice.lower()
    if "simulat" in lower:
        return _point("Anything about real people.", "The data are simulated.")
    if any(word in lower for word in ("machine", "language model", "automatic")):
        return _point("What people would have said or coded.", notice)
    return _point("More than its source allows.", notice)


def _negligible(results: Results, h: HypothesisResult) -> Phrase:
    test = h.tests[facts.deciding_test(h)]
    x = facts.label(results, test.x)
    named = f"That {x} is unrelated to {facts.label(results, test.y)}."
    if len(h.tests) > 1:
        named = f"That {x} is unrelated to the {count(len(h.tests))} variables of {h.id}."
    try:
        cell = results.table.cell(test.x, test.y)
    except KeyError:
        return ()
    bound_ = cell.sensitivity.smallest_equivalence if cell.sensitivity else None
    if bound_ is None:
        return _point(named, "A large p shows nothing; equivalence was tested and not shown.")
    return _point(
        named,
        f"With {count(test.n)} {facts.units(results, test.n)} even a correlation of exactly 0 leaves values "
        "up to ±",
        bound(correlation(bound_), facts.anchor(results, test.x, test.y, "bound")),
        " open.",
    )


def _difference(results: Results) -> Phrase:
    """Show a column in which one row is below the line and another is not, and what that means."""
    if len(results.table.cells) < 2:
        return ()
    rule = "A small p in one cell and a large one in another is not a difference between them"
    table = results.table
    for y in table.y:
        cells = [c for x in table.x if (c := table.cell(x, y)).estimate.value is not None]
        sure = [c for c in cells if facts.is_sure(results, c)]
        rest = [c for c in cells if not facts.is_below(results, c)]
        same = [(a, b) for a in sure for b in rest if (a.estimate.value or 0) * (b.estimate.value or 0) > 0]
        if same:
            a, b = max(same, key=lambda ab: abs(ab[1].estimate.value or 0))
            return _point(
                "That one variable matters more than another.",
                f"{rule}: {facts.label(results, y)} goes with {facts.label(results, a.x)} (",
                bound(correlation(a.estimate.value), facts.anchor(results, a.x, y, "r")),
                f") and less clearly with {facts.label(results, b.x)} (",
                bound(correlation(b.estimate.value), facts.anchor(results, b.x, y, "r")),
                "). Only a test of the difference could tell.",
            )
    return _point(
        "That one variable matters more than another.", f"{rule}; only a test of the difference could tell."
    )


def _cause() -> Phrase:
    return _point(
        "That one causes the other, or the reverse.",
        "Correlations have no direction, and a third variable may stand behind both.",
    )


def _strength(results: Results) -> Phrase:
    cells = [c for c in results.table.cells if facts.is_below(results, c)]
    found = [i for c in cells if (i := facts.interval_of(results, c))]
    line = threshold(results.table.alpha)
    if not found:
        widths = [i.high - i.low for c in results.table.cells if (i := facts.interval_of(results, c))]
        if not widths:
            return ()
        return _point(
            "How strong the links are.", f"The intervals are up to {correlation(max(widths), 2)} wide."
        )
    low = min(0.0 if i.low <= 0 <= i.high else min(abs(i.low), abs(i.high)) for i in found)
    high = max(max(abs(i.low), abs(i.high)) for i in found)
    n = len(found)
    return _point(
        "How strong the links are.",
        f"The {plural(n, 'interval')} of the {count(n)} {plural(n, 'correlation')} with p < "
        f"{line} before adjustment reach, in size, from {correlation(low, 2)} to {correlation(high, 2)}.",
    )


def _incomplete(results: Results) -> Phrase:
    if not facts.is_incomplete(results):
        return ()
    found = sorted({c.estimate.n for c in results.table.cells})
    return _point(
        "What the missing values would have shown.",
        f"Cells rest on {count(found[0])} to {count(found[-1])} pairs; "
        f"{count(results.table.complete_cases)} of {count(results.table.n_cases)} {facts.units(results)} are complete, "
        "and those who lack a value may differ from the others.",
    )


def _crowded(results: Results) -> Phrase:
    def share(v: Variable) -> tuple[float, str]:
        return max(((v.at_floor or 0.0), "lowest"), ((v.at_ceiling or 0.0), "highest"))

    crowded = [v for v in (*results.rows, *results.columns) if share(v)[0] >= _CROWDED]
    if not crowded:
        return ()
    named = [f"{v.label} ({percent(share(v)[0])} at the {share(v)[1]} value)" for v in crowded[:6]]
    more = [f"{len(crowded) - 6} more"] if len(crowded) > 6 else []
    return _point(
        "How the crowded ends of a scale would have spread.",
        f"Many values coincide in {listing(named + more)}; "
        "differences beyond the end of the scale cannot be seen.",
    )


def _agreement(results: Results) -> list[Phrase]:
    """Name the dimensions whose coders may have agreed only in part: the lower limit is below the line."""
    sure: list[int] = []
    open_: list[int] = []
    for k, d in enumerate(results.reliability.dimensions):
        e = d.used.estimate
        lowest = e.interval.low if e.interval else e.value
        if e.value is not None and lowest is not None and lowest < _AGREED:
            (sure if e.value < _AGREED else open_).append(k)
    return [
        _agreed(results, found, words)
        for found, words in ((sure, "agreed only in part"), (open_, "may have agreed only in part"))
        if found
    ]


def _agreed(results: Results, found: list[int], words: str) -> Phrase:
    dimensions = results.reliability.dimensions
    coders = {dimensions[k].used.n_coders for k in found}
    who = f"{count(coders.pop())} coders" if len(coders) == 1 else "Coders"
    items = []
    for k in found:
        d = dimensions[k]
        named = f"{d.label}, " if len(found) > 1 else ""
        n = f", {count(d.used.n_units)} {plural(d.used.n_units, 'session')}"
        items.append(phrase(f"{named}{d.used.estimate.name} ", value_and_interval(results, k), n))
    text = phrase(*(part for k, item in enumerate(items) for part in ("; " if k else "", item)))
    labels = listing([dimensions[k].label for k in found])
    return phrase(_point(f"Much about {labels}.", f"{who} {words}: "), text, ".")


def _errors(results: Results) -> list[Phrase]:
    """Name the other variables that are known to be measured with much error."""
    rated = {d.variable for d in results.reliability.dimensions}
    points = []
    for v in (*results.rows, *results.columns):
        r = v.reliability
        if v.id in rated or r is None or r.value is None or r.value >= _LOW_RELIABILITY:
            continue
        limits_ = f", interval {interval(r.interval.low, r.interval.high)}" if r.interval else ""
        n = f", n = {count(r.n)}" if r.n else ""
        points.append(
            _point(
                f"Much about {v.label}.",
                f"It was measured with error: {r.name} = {correlation(r.value, 2)}{limits_}{n}. "
                "Error of this kind weakens correlations.",
            )
        )
    return points


def _unknown_reliability(results: Results) -> Phrase:
    known = {s.variable for s in results.reliability.scales if s.alpha.value is not None}
    unknown = [
        v.label
        for v in (*results.rows, *results.columns)
        if (v.reliability is None or v.reliability.value is None)
        and v.kind != "outcome"
        and v.id not in known
    ]
    if not unknown:
        return ()
    shown = listing(unknown[:6] + ([f"{len(unknown) - 6} more"] if len(unknown) > 6 else []))
    return _point("How much error hides a link.", f"The reliability in this sample is not known for {shown}.")


def _therapists(results: Results) -> Phrase:
    control = results.table.control
    if not control or control not in results.values:
        return ()
    n = len({v for v in results.values[control] if v is not None})
    if not 1 < n <= 10:
        return ()
    return _point(
        f"Whether it holds for another {control}.",
        f"There are {count(n)}: too few to tell what is particular to each.",
    )


def _order(results: Results) -> Phrase:
    lock = results.lock
    if not results.hypotheses or (lock.state == "as locked" and not lock.after_report):
        return ()
    if lock.state == "unlocked":
        return _point(
            "That the hypotheses came before the data.", "The protocol was not locked before the analysis."
        )
    if lock.after_report:
        return _point(
            "That the hypotheses came before the data.", "A report existed before the protocol was locked."
        )
    n = len(lock.deviations)
    return _point(
        "That everything was done as planned.",
        f"{count(n)} {plural(n, 'key')} of the protocol {'differs' if n == 1 else 'differ'} from what was locked.",
    )


def _chance(results: Results) -> Phrase:
    size = results.table.family_size
    tests = sum(len(h.tests) for h in results.hypotheses)
    if not size:
        return ()
    also = f" and {count(tests)} for the hypotheses" if tests else ""
    expected = size * results.table.alpha
    about = "fewer than one" if expected < 1 else f"about {count(round(expected))}"
    return _point(
        "That a single small p is a finding.",
        f"{count(size)} {plural(size, 'test')} of the table{also} were run; were "
        f"every correlation 0, {about} of the {count(size)} would fall below {threshold(results.table.alpha)} before "
        "adjustment.",
    )
