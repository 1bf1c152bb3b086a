"""A plan for readers: answers in sentences, HTML with the power curve, and JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path

from bordin import __version__
from bordin.errors import BordinError, Problem
from bordin.estimate import Estimate
from bordin.report import put
from bordin.report.figures.power import power_figure
from bordin.report.html import page
from bordin.report.number import NOTHING, correlation, count, interval, number, percent, threshold
from bordin.report.paper import Block, Bullets, Command, Paper, Section, Terms, numbered
from bordin.report.sentences.methods import date
from bordin.report.tables.model import Table, data, head, rowhead, words
from bordin.report.text import phrase, plural
from bordin.study.planning import HypothesisPower, Plan

Answer = tuple[str, str]

_ADJUSTED = {"none": "not adjusted", "maxt": "maxT", "holm": "Holm", "bh": "Benjamini-Hochberg"}
_BEYOND = "more than {n}, or never"


def write_plan(plan: Plan, folder: Path, command: str) -> tuple[Path, ...]:
    """Write ``plan.html`` and ``plan.json`` into a folder.

    Parameters
    ----------
    plan : Plan
    folder : Path
        Made when it is not there.
    command : str
        What makes it again.

    Raises
    ------
    BordinError
        When a file cannot be written.
    """
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    html = page(compose_plan(plan, command, made_at))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return (
            put(folder / "plan.html", html.encode()),
            put(folder / "plan.json", json_text(plan).encode()),
        )
    except OSError as error:
        raise BordinError(
            Problem(
                f"the plan cannot be written ({error.strerror}).",
                file=str(error.filename or folder),
                hint="Close the files in other programs, and check that the folder may be written to.",
            )
        ) from error


def plan_record(plan: Plan) -> dict[str, object]:
    """Return a plan as nested dicts, lists, texts and numbers that JSON can hold; nothing is rounded."""
    record = _plain(asdict(plan))
    return record if isinstance(record, dict) else {}


def json_text(plan: Plan) -> str:
    """Return a plan as JSON text."""
    return json.dumps(plan_record(plan), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def answers(plan: Plan) -> list[Answer]:
    """Answer the questions that a plan is made for, one line each."""
    closed, design = plan.closed, plan.planned.design
    n, wished = count(design.n), percent(plan.wished_power)
    found: list[Answer] = [
        (
            "Below the line in the sample",
            f"|r| of {correlation(closed.smallest_detectable)} or more (p < {threshold(design.alpha)}, n = {n})",
        ),
        (
            f"Found with {wished} power",
            f"true values of {correlation(closed.smallest_effect, 2)} or more"
            + (
                f"; {correlation(closed.smallest_effect_adjusted, 2)} when alpha is shared by {closed.tests} tests"
                if closed.tests > 1
                else ""
            ),
        ),
    ]
    if closed.rho is not None:
        found.append(
            (
                f"A value of {correlation(closed.rho, 2)}{', as measured' if _is_weakened(plan) else ''}",
                f"is found with power {correlation(closed.power, 2)}; {wished} needs "
                f"{count(closed.cases_for_power)} participants (one test, by formula)",
            )
        )
    found += [
        (
            "Absence of a correlation",
            f"nothing tighter than ±{correlation(closed.smallest_equivalence)} can be shown, even when r is 0",
        )
    ]
    if closed.cases_for_equivalence is not None:
        found.append(
            (
                f"Absence within ±{threshold(plan.planned.sesoi or 0)}",
                f"power {correlation(closed.power_of_equivalence, 2)} when the true value is 0; {wished} needs "
                f"{count(closed.cases_for_equivalence)} participants",
            )
        )
    about = correlation(closed.rho or 0.0, 2)
    found += [
        (
            f"An interval around {about}",
            f"is {correlation(closed.width, 2)} wide; {threshold(plan.wished_width)} needs "
            f"{count(closed.cases_for_width)} pairs",
        ),
        (
            "Tapes to double-code",
            f"{count(closed.tapes_to_double_code)}, for an interval {threshold(plan.wished_width)} wide around an "
            f"ICC of {correlation(closed.icc, 2)} (two coders)",
        ),
    ]
    return found + _simulated_answers(plan)


def _is_weakened(plan: Plan) -> bool:
    design = plan.planned.design
    return min(*design.x.reliability, *design.y.reliability) < 1


def _simulated_answers(plan: Plan) -> list[Answer]:
    found: list[Answer] = []
    if plan.all is not None and plan.supported is not None:
        many = len(plan.hypotheses)
        found.append(
            (
                "Of the hypotheses",
                f"{number(plan.supported, 1)} of {count(many)} are supported on average "
                f"({count(plan.simulations)} simulated studies)",
            )
        )
        if many > 1:
            found.append(
                (
                    "All of them together",
                    f"power {_share(plan.all.power)}; {percent(plan.wished_power)} needs {cases_needed(plan, plan.all)}",
                )
            )
    if plan.false_positive is not None:
        found.append(
            (
                "A star where nothing is",
                f"in {percent(plan.false_positive.value, 1)} of the studies, adjusted as declared",
            )
        )
    return found


def cases_needed(plan: Plan, power: HypothesisPower) -> str:
    """Say how many participants a wished power takes, read off the curve."""
    if power.cases is None:
        return _BEYOND.format(n=count(max(p.n for p in plan.curve)))
    if power.cases <= plan.curve[0].n:
        return f"{count(plan.curve[0].n)} or fewer"
    return f"about {count(power.cases)}"


def _share(estimate: Estimate) -> str:
    limits = estimate.interval
    text = correlation(estimate.value, 2)
    return text if limits is None else f"{text} {interval(limits.low, limits.high)}"


def verdict_line(plan: Plan) -> str:
    """Say in a sentence or two what the planned study can do."""
    n, wished = count(plan.planned.design.n), percent(plan.wished_power)
    smallest = correlation(plan.closed.smallest_equivalence)
    absence = f"No absence tighter than ±{smallest} can be shown."
    if not plan.hypotheses:
        return f"With {n} participants true correlations of {correlation(plan.closed.smallest_effect, 2)} are found with {wished} power. {absence}"
    enough = sum((h.power.value or 0) >= plan.wished_power for h in plan.hypotheses)
    many = len(plan.hypotheses)
    have = "has" if enough == 1 else "have"
    return (
        f"With {n} participants {count(enough)} of {count(many)} {plural(many, 'hypothesis', 'hypotheses')} {have} "
        f"{wished} power or more. {absence}"
    )


def compose_plan(plan: Plan, command: str, made_at: str) -> Paper:
    """Put the pages of a plan together."""
    figure = power_figure(plan)
    sections = [
        Section("answers", "Answers", (Terms(tuple((term, phrase(text)) for term, text in answers(plan))),)),
        Section(
            "hypotheses", "Power of each hypothesis", (hypotheses_table(plan),) if plan.hypotheses else ()
        ),
        Section("curve", "More or fewer participants", (figure,) if figure is not None else ()),
        Section("cells", "Every cell", (cells_table(plan),)),
        Section("limits", "What these numbers take for granted", (_limits(plan),), framed=True),
        Section("assumptions", "The plan", (Terms(tuple((t, phrase(w)) for t, w in assumptions(plan))),)),
        Section("reproduce", "Reproduce", _reproduce(plan, command, made_at)),
    ]
    closed, wished = plan.closed, percent(plan.wished_power)
    return Paper(
        title=f"Plan: {plan.planned.title}",
        authors="",
        made_at=made_at,
        byline=f"{date(made_at)}. No data were used.",
        notice="",
        conclusion=verdict_line(plan),
        key_figures=(
            ("Participants", count(plan.planned.design.n), "planned"),
            (
                "Found",
                correlation(closed.smallest_effect, 2),
                f"smallest true value with {wished} power, one test",
            ),
            ("Below the line", correlation(closed.smallest_detectable), "smallest |r| in the sample"),
            ("Absence", f"±{correlation(closed.smallest_equivalence)}", "nothing tighter can be shown"),
        ),
        sections=numbered([s for s in sections if s.blocks]),
    )


def hypotheses_table(plan: Plan) -> Table:
    """Make the table of the hypotheses' power."""
    together = (plan.all,) if plan.all is not None and len(plan.hypotheses) > 1 else ()
    rows = tuple(
        (
            words(h.id),
            rowhead(h.sentence),
            words("" if h is plan.all else h.expect),
            words("" if h is plan.all else _ADJUSTED.get(h.adjustment, h.adjustment)),
            data(_share(h.power)),
            words(cases_needed(plan, h)),
        )
        for h in (*plan.hypotheses, *together)
    )
    wished = percent(plan.wished_power)
    return Table(
        "hypotheses-table",
        "Power of the Hypotheses",
        head(
            "No.",
            "Hypothesis",
            "Expected",
            "Adjusted",
            "Power [95% interval]",
            f"For {wished} power",
            align="start",
        ),
        (rows,),
        notes=(
            phrase(
                f"Power is the share of {count(plan.simulations)} simulated studies that support the hypothesis; its "
                "interval is that of the simulation. Participants needed are read off the curve."
            ),
        ),
        widths=(0.6, 3.4, 1.2, 1.3, 1.8, 1.9),
    )


def cells_table(plan: Plan) -> Table:
    """Make the table of cells: what is left of the true value, and how sure one cell would be."""
    rows = tuple(
        (
            rowhead(f"{c.row} with {c.column}"),
            data(correlation(c.truth)),
            data(correlation(c.observed)),
            data(interval(c.low, c.high)),
            data(number(c.n, 1)),
            data(NOTHING if c.power is None else correlation(c.power.value, 2)),
            data(correlation(c.below_alpha.value, 2)),
        )
        for c in plan.cells
    )
    line = threshold(plan.planned.design.alpha)
    return Table(
        "cells-table",
        "Cells of the Planned Table",
        head("Cell", "True", "Seen", "Interval", "Pairs", "Power", f"p < {line}"),
        (rows,),
        notes=(
            phrase(
                "Seen: mean of the simulated values, after unreliability and ties. Interval: what one would print for "
                f"it. Power: p < {line}, unadjusted, with the sign of the true value; the last column counts both signs."
            ),
        ),
        widths=(3.4, 0.9, 0.9, 1.5, 0.9, 0.9, 0.9),
    )


def assumptions(plan: Plan) -> list[Answer]:
    """List what the plan says of measurement, sample and tests."""
    design = plan.planned.design
    kinds = sorted({_ADJUSTED.get(f.adjustment, f.adjustment) for f in design.families})
    points = sorted({str(p) if p else "many" for p in (*design.x.points, *design.y.points)})
    ceiling = (
        "" if design.x.ceiling is None else f"; {percent(design.x.ceiling)} of the rows' values at the top"
    )
    found = [
        (
            "Table",
            f"{len(plan.planned.rows)} rows, {len(plan.planned.columns)} columns, {design.coefficient}",
        ),
        ("Participants", f"{count(design.n)}, {percent(design.missing)} of values missing"),
        (
            "Sessions and therapists",
            f"{count(design.sessions)} {plural(design.sessions, 'session')} a participant; "
            + (
                f"{count(design.therapists)} therapists with {percent(design.therapist_share)} of the variance"
                if design.therapists > 1
                else "no effect of therapists"
            ),
        ),
        ("Reliability of rows, columns", f"{_range(design.x.reliability)}, {_range(design.y.reliability)}"),
        ("Scale points", f"{', '.join(points)}{ceiling}"),
        (
            "Within rows, within columns",
            f"correlate {correlation(plan.within[0], 2)} and {correlation(plan.within[1], 2)} on average",
        ),
        ("Tests", f"alpha {threshold(design.alpha)}, {', '.join(kinds) or 'no family'}"),
    ]
    if plan.planned.sesoi is not None:
        found.append(("Smallest effect of interest", threshold(plan.planned.sesoi)))
    return found


def _range(values: Sequence[float]) -> str:
    low, high = correlation(min(values), 2), correlation(max(values), 2)
    return low if low == high else f"{low} to {high}"


def _limits(plan: Plan) -> Bullets:
    points = [f"{note[0].upper()}{note[1:]}." for note in plan.notes]
    points += [
        "Values are drawn from a normal distribution and cut into scale points; real answers may be more skewed.",
        "Values miss completely at random. If they miss for a reason, a larger sample does not help.",
        "The true values are yours. If they come from a small published study, they are probably too large.",
    ]
    return Bullets(tuple(phrase(p) for p in points))


def _reproduce(plan: Plan, command: str, made_at: str) -> tuple[Block, ...]:
    pairs = (
        ("Software", phrase(f"bordin {__version__}")),
        ("Seed", phrase(f"{plan.seed}, {count(plan.simulations)} simulations")),
        ("Made", phrase(made_at)),
    )
    return Terms(pairs), Command(command)
