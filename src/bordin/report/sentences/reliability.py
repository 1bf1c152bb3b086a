"""What a reader has to know of reliability: how it was found, for Methods, and what was found.

The points are those of the guidelines for reporting reliability and agreement studies (GRRAS; Kottner et
al., 2011, doi:10.1016/j.jclinepi.2010.03.002): coders, sessions, the process of rating, the coefficient and
why, estimates with intervals.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import isclose

from bordin.estimate import Estimate
from bordin.reliability.criterion import CONVENTIONS
from bordin.report.number import correlation, count, interval, percent, plain, threshold
from bordin.report.tables import reliability as tables
from bordin.report.text import Phrase, bound, listed, listing, phrase, plural, sentence
from bordin.study.protocol import CodingUse
from bordin.study.results import CoderFigure, DimensionReliability, Results

# What the protocol's free text on the coders may tell, found by its words.
_TOLD = (
    (re.compile(r"train|calibrat|workshop", re.I), "how they were trained"),
    (
        re.compile(r"independen|separately|on their own", re.I),
        "whether they rated independently of each other",
    ),
)
_CHOICE = re.compile(r"random|chosen|select|drawn|every|all\b", re.I)
_MOST_NAMED = 8


def reliability_methods(results: Results) -> tuple[Phrase, ...]:
    """Write the paragraphs of the Methods section on reliability.

    Parameters
    ----------
    results : Results

    Returns
    -------
    tuple of Phrase
        One for each coding system whose ratings were compared, and one for the scales.
    """
    paragraphs = []
    for use in results.protocol.coding:
        dimensions = [d for d in results.reliability.dimensions if d.variable.startswith(f"{use.id}.")]
        if dimensions:
            paragraphs.append(phrase(" ".join(_coding(results, use, dimensions))))
    if results.reliability.scales:
        estimates = [e for s in results.reliability.scales for e in (s.alpha, s.omega)]
        at, kinds = tables.levels(estimates), _kinds(estimates)
        intervals = f" Intervals at {at} are those of {kinds}." if kinds else ""
        paragraphs.append(
            phrase(f"Internal consistency of the scales is Cronbach's alpha and McDonald's omega.{intervals}")
        )
    return tuple(paragraphs)


def _kinds(estimates: Sequence[Estimate]) -> str:
    return listing(list(dict.fromkeys(e.interval.method for e in estimates if e.interval)))


def _coding(results: Results, use: CodingUse, dimensions: list[DimensionReliability]) -> list[str]:
    used = [d.used.estimate for d in dimensions]
    parts = [_overlap(dimensions), _scale(results, dimensions)]
    for name in dict.fromkeys(e.name for e in used):
        of = [d for d in dimensions if d.used.estimate.name == name]
        where = "" if len(of) == len(dimensions) else f" of {listing([d.label for d in of])}"
        whys = " ".join(sentence(why) for why in dict.fromkeys(d.why for d in of if d.why))
        parts.append(f"The reliability of the scores used{where} is {name}. {whys}".rstrip())
    methods = listing(list(dict.fromkeys(e.method for e in used if e.method)))
    if methods and _kinds(used):
        parts.append(f"It is estimated by {methods}; intervals at {tables.levels(used)}: {_kinds(used)}.")
    others = tables.other_names(dimensions)
    if others:
        average = "; coefficients of different kinds are never averaged" if len(others) > 1 else ""
        parts.append(f"Beside it stand {listing(others)}{average}.")
    untold = _untold(use, dimensions)
    if untold:
        parts.append(f"What the protocol says of the coders does not tell {listing(untold, 'or')}.")
    return [p for p in parts if p]


def _overlap(dimensions: list[DimensionReliability]) -> str:
    double, coded = [d.used.n_units for d in dimensions], [d.n_sessions for d in dimensions]
    coders = list(dict.fromkeys(c for d in dimensions for c in d.coders))
    return (
        f"Agreement shows in the {_range(double)} of {_range(coded)} {plural(max(coded), 'session')} that two or more "
        f"of the {count(len(coders))} coders ({_named(coders)}) rated; every rating of these is used, none is left "
        "out because another is missing."
    )


def _named(names: list[str]) -> str:
    more = [f"{len(names) - _MOST_NAMED} more"] if len(names) > _MOST_NAMED else []
    return listing(names[:_MOST_NAMED] + more)


def _range(found: list[int]) -> str:
    low, high = min(found), max(found)
    return count(low) if low == high else f"{count(low)} to {count(high)}"


def _scale(results: Results, dimensions: list[DimensionReliability]) -> str:
    """Say the scale of the ratings, when it is one and known."""
    known = {v.id: (v.low, v.high) for v in (*results.rows, *results.columns)}
    found = {known.get(d.variable, (None, None)) for d in dimensions}
    low, high = found.pop()
    if found or low is None or high is None:
        return ""
    which = "The dimension" if len(dimensions) == 1 else f"Each of the {count(len(dimensions))} dimensions"
    return f"{which} is rated from {plain(low)} to {plain(high)}."


def _untold(use: CodingUse, dimensions: list[DimensionReliability]) -> list[str]:
    missing = [] if use.coders else ["who they were"]
    missing += [what for pattern, what in _TOLD if not pattern.search(use.coders)]
    partly = any(0 < d.n_double < d.n_sessions for d in dimensions)
    if partly and not _CHOICE.search(use.coders):
        missing.append("how the sessions with two coders were chosen")
    if not use.blind_to:
        missing.append("what they did not know")
    return missing


def reliability_findings(results: Results) -> tuple[Phrase, ...]:
    """Write the paragraphs on what was found; every number is bound to its cell.

    Parameters
    ----------
    results : Results

    Returns
    -------
    tuple of Phrase
    """
    paragraphs = (
        phrase(_estimates(results), _undefined(results)),
        _readings(results),
        phrase(_variance(results), _remarks(results)),
        _scales(results),
        _coders(results),
    )
    return tuple(p for p in paragraphs if p)


def value_and_interval(results: Results, k: int) -> Phrase:
    """Write value and interval of the k-th dimension, bound to their cells."""
    e = results.reliability.dimensions[k].used.estimate
    text = phrase(bound(tables.shown(e), tables.anchor(k, "value")))
    if not e.interval:
        return text
    limits = interval(e.interval.low, e.interval.high, brackets=False)
    return phrase(text, " [", bound(limits, tables.anchor(k, "ci")), "]")


def _estimates(results: Results) -> Phrase:
    dimensions = list(enumerate(results.reliability.dimensions))
    text: Phrase = ()
    for name in dict.fromkeys(d.used.estimate.name for _, d in dimensions):
        of = [
            (k, d)
            for k, d in dimensions
            if d.used.estimate.name == name and d.used.estimate.value is not None
        ]
        if not of:
            continue
        same = len({d.used.n_units for _, d in of}) == 1
        items = []
        for k, d in of:
            n = phrase() if same else phrase(" (", _sessions(k, d), ")")
            items.append(phrase(value_and_interval(results, k), f" for {d.label}", n))
        at = tables.levels([d.used.estimate for _, d in of])
        within = f", with its {at} interval," if at else ""
        rest = phrase(" (", _sessions(*of[0]), " with two or more coders)") if same else phrase()
        lead = "The reliability" if not text else " It"
        text = phrase(text, f"{lead} of the scores used, {name}{within} is ", listed(items), rest, ".")
    return text


def _sessions(k: int, d: DimensionReliability) -> Phrase:
    n = d.used.n_units
    return phrase(bound(count(n), tables.anchor(k, "n")), f" {plural(n, 'session')}")


def _undefined(results: Results) -> Phrase:
    reasons: dict[str, list[str]] = {}
    for d in results.reliability.dimensions:
        if d.used.estimate.undefined:
            reasons.setdefault(d.used.estimate.undefined, []).append(d.label)
    told = [f" It is undefined for {listing(labels)} ({reason})." for reason, labels in reasons.items()]
    return phrase(*told)


def _readings(results: Results) -> Phrase:
    """Say in the words of both conventions from where to where the intervals of the ICCs reach."""
    found = [
        (d.label, e.interval)
        for d in results.reliability.dimensions
        if (e := d.used.estimate).interval and e.name.startswith("ICC")
    ]
    if not found:
        return ()
    said = []
    for convention in CONVENTIONS:
        groups: dict[tuple[str, str], list[str]] = {}
        for label, limits in found:
            if limits:
                groups.setdefault((convention.word(limits.low), convention.word(limits.high)), []).append(
                    label
                )
        reach = [
            f"{f'{low} throughout' if low == high else f'from {low} to {high}'} for {listing(labels)}"
            for (low, high), labels in groups.items()
        ]
        lines = listing([threshold(line) for line in convention.lines])
        said.append(f"As {convention.name} read it, with lines at {lines}: {'; '.join(reach)}.")
    return phrase(f"What the intervals span, in the words of two conventions. {' '.join(said)}")


def _variance(results: Results) -> Phrase:
    part = {
        k: s["coder"]
        for k, d in enumerate(results.reliability.dimensions)
        if "coder" in (s := tables.shares(d))
    }
    if not part:
        return ()
    low, high = min(part, key=lambda k: part[k]), max(part, key=lambda k: part[k])
    top = phrase(bound(percent(part[high]), tables.anchor(high, "coder")))
    if len(part) == 1 or percent(part[low]) == percent(part[high]):
        return phrase("Differences in level between coders make ", top, " of the variance of the ratings.")
    label = results.reliability.dimensions[high].label
    return phrase(
        "Differences in level between coders make ",
        bound(percent(part[low]), tables.anchor(low, "coder")),
        " to ",
        top,
        f" of the variance of the ratings, most in {label}.",
    )


def _remarks(results: Results) -> Phrase:
    told = [f"{d.label}: {note.rstrip('.')}." for d in results.reliability.dimensions for note in d.notes]
    return phrase("".join(f" {text}" for text in told))


def _scales(results: Results) -> Phrase:
    items = []
    for k, s in enumerate(results.reliability.scales):
        both = []
        for name, e in (("alpha", s.alpha), ("omega", s.omega)):
            if e.value is None:
                both.append(phrase(f"no {name} ({e.undefined})"))
                continue
            text = phrase(f"{name} ", bound(correlation(e.value, 2), tables.scale_anchor(k, name)))
            if e.interval:
                limits = interval(e.interval.low, e.interval.high, brackets=False)
                text = phrase(text, " [", bound(limits, tables.scale_anchor(k, f"{name}-ci")), "]")
            both.append(text)
        n = bound(count(s.alpha.n), tables.scale_anchor(k, "n"))
        items.append(phrase(f"{s.label} has ", listed(both), " (", n, " forms)"))
    return phrase("Of the scales, ", listed(items), ".") if items else ()


def _coders(results: Results) -> Phrase:
    """Name the coders whose interval leaves out what a coder like the others would have."""
    figures = _compared(results)
    if not figures:
        return ()
    off = [(k, f) for k, f in figures if tables.is_off(f)]
    kinds = listing([kind for kind in tables.KINDS if any(f.kind == kind for _, f in figures)])
    size = f"{count(len(figures))} {plural(len(figures), 'interval')} of {kinds}"
    other = "other does" if len({f.coder for f in results.reliability.coders}) == 2 else "others do"
    if not off and len(figures) == 1:
        return phrase(f"The interval of {kinds} holds the value of a coder who does as the {other}.")
    if not off:
        return phrase(f"None of the {size} leaves out the value of a coder who does as the {other}.")
    verb = "leaves" if len(off) == 1 else "leave"
    items = [_coder(results, k, f) for k, f in off[:_MOST_NAMED]]
    more = [phrase(f"{count(len(off) - _MOST_NAMED)} more")] if len(off) > _MOST_NAMED else []
    return phrase(
        f"Of the {size}, {count(len(off))} {verb} out the value of a coder who does as the {other}: ",
        listed(items + more),
        f". Of so many, {_expected(figures)} would by chance alone.",
    )


def _compared(results: Results) -> list[tuple[int, CoderFigure]]:
    """Return the figures that have a line to be held against; of two coders who mirror each other, one."""
    figures = [
        (k, f)
        for k, f in enumerate(results.reliability.coders)
        if tables.even(f) is not None and f.estimate.interval is not None
    ]
    coders = list(dict.fromkeys(f.coder for _, f in figures))
    if len(coders) != 2:
        return figures
    first, second = (
        {(f.variable, f.kind): f.estimate.value or 0.0 for _, f in figures if f.coder == coder}
        for coder in coders
    )
    mirrored = first.keys() == second.keys() and all(
        isclose(value * second[key], 1.0)
        if key[1] == "spread"
        else isclose(value, -second[key], abs_tol=1e-12)
        for key, value in first.items()
    )
    return [(k, f) for k, f in figures if f.coder == coders[0]] if mirrored else figures


def _expected(figures: list[tuple[int, CoderFigure]]) -> str:
    expected = sum(1 - f.estimate.interval.level for _, f in figures if f.estimate.interval)
    many = round(expected)
    return "fewer than one" if expected < 1 else "about one" if many == 1 else f"about {count(many)}"


_SAYS: dict[str, Callable[[float], str]] = {
    "leniency": lambda v: "rated higher" if v > 0 else "rated lower",
    "spread": lambda v: "spread the ratings wider" if v > 1 else "spread the ratings less",
    "halo": lambda v: "rated the dimensions more alike" if v > 0 else "rated the dimensions less alike",
    "drift": lambda v: "drifted upward" if v > 0 else "drifted downward",
}


def _coder(results: Results, k: int, f: CoderFigure) -> Phrase:
    on = f" on {tables.dimension_label(results, f.variable)}" if f.variable else ""
    return phrase(
        f"{f.coder} {_SAYS[f.kind](f.estimate.value or 0.0)}{on} (",
        bound(tables.coder_value(f), tables.coder_anchor(k, "value")),
        " [",
        bound(tables.coder_interval(f), tables.coder_anchor(k, "ci")),
        "])",
    )
