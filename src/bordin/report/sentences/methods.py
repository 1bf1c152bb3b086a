"""The Methods section, written from what was done and from nothing else."""

from __future__ import annotations

from datetime import datetime

from bordin.report import facts
from bordin.report.number import NOTHING, count, level, threshold
from bordin.report.sentences.reliability import reliability_methods
from bordin.report.text import Phrase, listing, phrase, plural, stat
from bordin.study.protocol import CodingUse, InstrumentUse
from bordin.study.results import CodingFacts, Results, Variable

_TIMING = {
    "only": "each participant's only form was used",
    "same session": "the form of the taped session was used",
    "nearest": "the form nearest to the taped session was used",
}
_COMBINE = {
    "designated": "the rating of the designated coder was used",
    "mean": "the mean of the coders' ratings was used",
    "median": "the median of the coders' ratings was used",
    "consensus": "the value that the coders agreed on was used",
}
_SESSION = {
    "first": "The first coded session of each participant counts.",
    "last": "The last coded session of each participant counts.",
    "mean": "Ratings were averaged over each participant's coded sessions.",
}


def methods(results: Results) -> tuple[Phrase, ...]:
    """Write the paragraphs of the Methods section.

    Parameters
    ----------
    results : Results

    Returns
    -------
    tuple of Phrase
    """
    paragraphs: list[Phrase] = []
    if results.protocol.study.method:
        paragraphs.append(phrase(results.protocol.study.method))
    paragraphs.append(phrase(_sample(results)))
    if results.protocol.instruments:
        paragraphs.append(phrase(" ".join(_instrument(results, use) for use in results.protocol.instruments)))
    paragraphs += [phrase(_coding(results, use)) for use in results.protocol.coding]
    if any(v.kind == "measure" for v in (*results.rows, *results.columns)):
        paragraphs.append(phrase(_process(results)))
    paragraphs += reliability_methods(results)
    if results.protocol.outcomes:
        paragraphs.append(phrase(_outcomes(results)))
    paragraphs += [
        _statistics(results),
        _adjustments(results),
        _verdicts(results),
        phrase(_software(results)),
    ]
    return tuple(paragraphs)


def _sample(results: Results) -> str:
    sample, first, last = results.protocol.sample, results.flow[0], results.flow[-1]
    who = sample.label or (f"the participants of the arm {sample.arm}" if sample.arm else "all participants")
    text = f"The sample was {who}; {count(last.n)} of {count(first.n)} {first.label} were analyzed."
    if results.protocol.study.unit == "session":
        text += " The unit of the analysis is the session; sessions repeat within participants."
    return text


def _of(results: Results, prefix: str) -> list[Variable]:
    return [v for v in (*results.rows, *results.columns) if v.id.startswith(f"{prefix}.")]


def _instrument(results: Results, use: InstrumentUse) -> str:
    variables = _of(results, use.id)
    name = variables[0].source if variables and variables[0].source else use.instrument
    variant = f" ({use.variant} scoring)" if use.variant else ""
    timing = _TIMING.get(use.at, f"the form of the occasion {use.occasion} was used")
    if use.within is not None:
        timing += f", at most {use.within:g} {plural(int(use.within), 'session')} away"
    informant = f"was answered by the {use.informant}" if use.informant != "other" else "was answered"
    names = listing([v.label for v in variables])
    gives = f" It gives {names}." if names else ""
    return f"{name}{variant} {informant}; {timing}.{gives}"


def _coding(results: Results, use: CodingUse) -> str:
    done = next((c for c in results.coding if c.id == use.id), None)
    name = f"{done.name}, version {done.version}" if done else use.system
    parts = [f"Sessions were coded with {name}, from {use.source}."]
    if use.coders:
        parts.append(f"Coders: {use.coders.rstrip('.')}.")
    if use.blind_to:
        parts.append(f"The coders did not know {listing(list(use.blind_to), 'or')}.")
    if done:
        parts.append(_double_coding(results, done))
    if use.session in _SESSION and results.protocol.study.unit == "participant":
        parts.append(_SESSION[use.session])
    return " ".join(parts)


def _double_coding(results: Results, done: CodingFacts) -> str:
    n = len(done.coders)
    given = "codes" if any(v.kind == "summary" for v in _of(results, done.id)) else "ratings"
    text = (
        f"{count(n)} {plural(n, 'coder')} gave {count(done.n_ratings)} {given} in {count(done.n_sessions)} "
        f"{plural(done.n_sessions, 'session')}"
    )
    if done.n_double:
        text += f"; {count(done.n_double)} were coded by two or more, and {_COMBINE[done.combine]}"
    text += "."
    if done.not_codable:
        reasons = listing(
            [f"{count(k)} {reason[:1].lower()}{reason[1:]}" for reason, k in done.not_codable.items()]
        )
        text += f" Not codable: {reasons}."
    return text


_MEASURED = {
    "first": "The first measured session of each participant counts.",
    "last": "The last measured session of each participant counts.",
    "mean": "Measures were averaged over each participant's measured sessions.",
    "coded": "The session whose coding counts was taken.",
}


def _process(results: Results) -> str:
    names = [v.label for v in (*results.rows, *results.columns) if v.kind == "measure"]
    parts = [
        f"Process measures of the tapes, a value a session: {'; '.join(names)}. Those that bordin takes are counted "
        "from the turns of the speakers, not from words; only rates of speech use words."
    ]
    declared = results.protocol.data.process
    if declared is not None and results.protocol.study.unit == "participant":
        parts += [_MEASURED[declared.session]] if declared.session in _MEASURED else []
    return " ".join(parts)


def _outcomes(results: Results) -> str:
    named = [
        f"{o.label} ({o.column} minus {o.minus})" if o.minus else o.label for o in results.protocol.outcomes
    ]
    return f"Further variables: {listing(named)}."


def _statistics(results: Results) -> Phrase:
    table = results.table
    name = {
        "spearman": "Spearman rank correlations, with mean ranks for ties,",
        "kendall": "Kendall's tau-b",
        "pearson": "Pearson correlations",
    }[table.coefficient]
    rule = (
        "each on all cases that have both values"
        if results.protocol.table.missing == "pairwise"
        else "all on the cases complete on every variable"
    )
    verb = "was" if table.coefficient == "kendall" else "were"
    methods_used = dict.fromkeys(i.method for c in table.cells if (i := facts.interval_of(results, c)))
    intervals = listing(list(methods_used)) or NOTHING
    text = phrase(
        f"{name} {verb} computed, {rule}. Intervals at {level(table.level)} are those of {intervals}. ",
        "Two-tailed ",
        stat("p"),
        f" values come from {_p_source(results)}.",
    )
    extra = []
    if table.bootstrap:
        extra.append(f" BCa intervals rest on {count(table.bootstrap)} bootstrap resamples.")
    if table.degenerate_resamples:
        extra.append(f" {count(table.degenerate_resamples)} resamples had a constant variable.")
    if table.control:
        extra.append(
            f" Partial correlations take out {table.control}: values were regressed on dummies of its levels and "
            "the residuals correlated."
        )
    if table.cluster:
        extra.append(
            f" Rows repeat within {table.cluster}: cells are about the means by {table.cluster}, and what lies within "
            "and between stands in the details."
        )
    return phrase(text, *extra)


def _p_source(results: Results) -> str:
    table = results.table
    used = list(dict.fromkeys(c.p_method for c in table.cells if c.p is not None))
    kinds = [c.p_permutation_kind for c in table.cells if c.p_permutation_kind]
    drawn = f"{count(table.permutations)} random permutations (seed {table.seed})"
    if kinds and all(kind.startswith("exact") for kind in kinds):
        drawn = "all permutations of the cases"
    words = {
        "permutation": drawn,
        "t": "the t approximation",
        "normal (tie-corrected)": "the normal approximation corrected for ties",
    }
    return listing([words.get(m, m) for m in used]) or "no test, as no cell has a value"


_ADJUSTED = {
    "maxt": "the step-down maximum statistic of Westfall and Young over all pairs available (maxT)",
    "holm": "Holm's method",
    "bh": "Benjamini and Hochberg's method, which bounds the share of false discoveries",
    "none": "no method",
}


def _adjustments(results: Results) -> Phrase:
    size = results.table.family_size
    text = f"Over the {count(size)} {plural(size, 'cell')} of the table they are adjusted by "
    parts = [f"{text}{_ADJUSTED[facts.adjustment(results)]}."]
    one = {"direction": "test of a direction", "negligible": "equivalence test", "stronger": "difference"}
    many = {"direction": "tests of a direction"}
    for family in results.families:
        done = [
            f"{count(n)} {plural(n, one[kind], many.get(kind, ''))} ({facts.ADJUSTMENT[family.adjustments.get(kind, 'none')] or 'none'})"
            for kind, n in family.n_tests.items()
        ]
        if done:
            parts.append(
                f"Family “{family.label or family.id}”: {listing(done)}, each kind adjusted on its own."
            )
    return phrase(" ".join(parts))


def _verdicts(results: Results) -> Phrase:
    line = threshold(results.table.alpha)
    text = phrase(
        "A hypothesis about a direction is supported when its adjusted ",
        stat("p"),
        f" is below {line} in the expected direction",
    )
    if results.table.sesoi:
        sesoi = threshold(results.table.sesoi)
        text = phrase(
            text,
            f", not supported when the opposite is shown or when an effect of {sesoi} or more is rejected "
            f"(one-sided {line}), and inconclusive otherwise. A hypothesis of a negligible correlation is supported "
            f"only when two one-sided tests reject values beyond ±{sesoi}.",
        )
    else:
        text = phrase(text, ", not supported when the opposite is shown, and inconclusive otherwise.")
    if any(h.expect == "stronger" for h in results.hypotheses):
        text = phrase(
            text,
            " Two correlations are held to differ only when the test of their difference (Williams, interval "
            "of Zou) says so; where a high value is unfavorable both are reflected first.",
        )
    return phrase(text, f" {lock_sentence(results)}")


def date(iso: str) -> str:
    """Write an ISO time as a date: ``December 14, 2026``."""
    try:
        when = datetime.fromisoformat(iso)
    except ValueError:
        return iso
    return f"{when:%B} {when.day}, {when.year}"


def lock_sentence(results: Results) -> str:
    """Say whether the protocol was frozen before the analysis, and what has changed since."""
    lock = results.lock
    if lock.state == "unlocked":
        return "The protocol was not locked before the analysis."
    when = f" on {date(lock.locked_at)}" if lock.locked_at else ""
    late = " A report existed already at that time." if lock.after_report else ""
    if lock.state == "as locked":
        return f"The protocol was locked{when} and analyzed as locked: no deviation.{late}"
    n = len(lock.deviations)
    return f"The protocol was locked{when}; {count(n)} {plural(n, 'key')} {'differs' if n == 1 else 'differ'} from it, listed below.{late}"


def _software(results: Results) -> str:
    made = results.provenance
    packages = listing([f"{name} {version}" for name, version in made.packages.items()])
    return f"Software: bordin {made.bordin} with Python {made.python}{', ' + packages if packages else ''}."
