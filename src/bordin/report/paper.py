"""The report before it has a file format: its sections and what stands in them, in reading order."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from bordin.report import facts
from bordin.report.figures import (
    Figure,
    coders_figure,
    flow_figure,
    forest_figure,
    heat_figure,
    reliability_figure,
    scatter_figure,
)
from bordin.report.number import count, threshold
from bordin.report.sentences import (
    conclusion,
    findings,
    limits,
    lock_sentence,
    methods,
    reliability_findings,
)
from bordin.report.sentences.findings import verdict_counts
from bordin.report.sentences.methods import date
from bordin.report.tables import (
    Table,
    association_tables,
    coders_table,
    coefficients_table,
    contrasts_table,
    evidence_table,
    families_table,
    ratings_table,
    scales_table,
    tests_table,
    training_table,
    values_table,
    variables_table,
    verdict_table,
)
from bordin.report.text import Phrase, Run, phrase, plural
from bordin.study.results import Results


@dataclass(frozen=True)
class Paragraphs:
    """Running text."""

    paragraphs: tuple[Phrase, ...]


@dataclass(frozen=True)
class Bullets:
    """A list of points."""

    points: tuple[Phrase, ...]


@dataclass(frozen=True)
class Terms:
    """Terms and what belongs to them."""

    pairs: tuple[tuple[str, Phrase], ...]


@dataclass(frozen=True)
class Command:
    """What one types to make it again."""

    text: str


Block = Paragraphs | Bullets | Terms | Command | Table | Figure


@dataclass(frozen=True)
class Section:
    """A section with its anchor; a framed one stands in a box."""

    id: str
    title: str
    blocks: tuple[Block, ...]
    framed: bool = False


@dataclass(frozen=True)
class Paper:
    """The whole report.

    Attributes
    ----------
    title, authors, byline, notice, conclusion : str
    made_at : str
        ISO time.
    key_figures : tuple of (str, str, str)
        Term, number and remark of the strip below the title.
    sections : tuple of Section
    """

    title: str
    authors: str
    made_at: str
    byline: str
    notice: str
    conclusion: str
    key_figures: tuple[tuple[str, str, str], ...]
    sections: tuple[Section, ...]


def compose(results: Results) -> Paper:
    """Put the report together.

    Parameters
    ----------
    results : Results

    Returns
    -------
    Paper
        With tables and figures numbered in reading order.
    """
    study = results.protocol.study
    authors = ", ".join(study.authors)
    by = f"{authors}. " if authors else ""
    return Paper(
        title=study.title,
        authors=authors,
        made_at=results.provenance.made_at,
        byline=f"{by}{date(results.provenance.made_at)}. Protocol {study.version}. {lock_sentence(results)}",
        notice=study.notice,
        conclusion=conclusion(results),
        key_figures=_key_figures(results),
        sections=numbered([s for s in _sections(results) if s.blocks]),
    )


def _key_figures(results: Results) -> tuple[tuple[str, str, str], ...]:
    first, last = results.flow[0], results.flow[-1]
    unit = facts.units(results).capitalize()
    rest = f"of {count(first.n)} {first.label}" if len(results.flow) > 1 else "analyzed"
    shown = [(unit, count(last.n), rest)]
    if results.hypotheses:
        tally = verdict_counts(results)
        n = len(results.hypotheses)
        sesoi = results.table.sesoi
        no = (
            f"a {threshold(sesoi)} effect is rejected, or the opposite shown"
            if sesoi
            else "the opposite is shown"
        )
        shown += [
            (
                "Supported",
                count(tally["supported"]),
                f"of {count(n)} {plural(n, 'hypothesis', 'hypotheses')}",
            ),
            ("Not supported", count(tally["not supported"]), no),
            (
                "Inconclusive",
                count(tally["inconclusive"]),
                f"{count(last.n)} {facts.units(results, last.n)} cannot decide",
            ),
        ]
    else:
        sure = sum(facts.is_sure(results, c) for c in results.table.cells)
        shown.append(
            ("Below the line", count(sure), f"of {count(results.table.family_size)} cells, adjusted")
        )
    return tuple(shown)


def _sections(results: Results) -> list[Section]:
    hypotheses: tuple[Block, ...] = ()
    if results.hypotheses:
        hypotheses = (verdict_table(results),)
    scatter = scatter_figure(results)
    details: list[Block] = [t for t in (values_table(results), evidence_table(results)) if t]
    if results.table.contrasts:
        details.append(contrasts_table(results))
    if coders := coders_table(results):
        details.append(coders)
    details.append(variables_table(results))
    if results.hypotheses:
        details.append(tests_table(results))
    details.append(families_table(results))
    return [
        Section("warnings", "Read this first", _warnings(results), framed=True),
        Section("participants", "Participants", (flow_figure(results),)),
        Section("verdicts", "Hypotheses and verdicts", hypotheses),
        Section("results", "Results in words", (Paragraphs(findings(results)),)),
        Section("associations", "Associations", association_tables(results)),
        Section("forest", "Forest plot", (forest_figure(results),)),
        Section("heat", "Heat map", (heat_figure(results),)),
        Section("scatter", "Scatter plots", (scatter,) if scatter else ()),
        Section("reliability", "Reliability", _reliability(results)),
        Section("limits", "What these data cannot say", (Bullets(limits(results)),), framed=True),
        Section("methods", "Methods", (Paragraphs(methods(results)),)),
        Section("details", "Details", tuple(details)),
        Section("protocol", "Protocol", _protocol(results)),
        Section("reproduce", "Reproduce", _reproduce(results)),
    ]


def _reliability(results: Results) -> tuple[Block, ...]:
    said = reliability_findings(results)
    blocks = (
        Paragraphs(said) if said else None,
        ratings_table(results),
        reliability_figure(results),
        coefficients_table(results),
        coders_figure(results),
        scales_table(results),
        training_table(results),
    )
    return tuple(b for b in blocks if b)


def _warnings(results: Results) -> tuple[Block, ...]:
    return (Bullets(tuple(phrase(w) for w in results.warnings)),) if results.warnings else ()


def _protocol(results: Results) -> tuple[Block, ...]:
    lock = results.lock
    pairs: list[tuple[str, Phrase]] = [
        ("Aim", phrase(results.protocol.study.aim)),
        ("Lock", phrase(lock_sentence(results))),
    ]
    pairs += [
        (d.key, phrase("locked: ", Run(d.locked, "mono"), "; now: ", Run(d.now, "mono")))
        for d in lock.deviations
    ]
    pairs += [(f"Amended {date(when)}", phrase(reason)) for when, reason in lock.amendments]
    return (Terms(tuple(pairs)),)


def _reproduce(results: Results) -> tuple[Block, ...]:
    made = results.provenance
    packages = ", ".join(f"{name} {version}" for name, version in made.packages.items())
    drawn = f", {count(results.table.permutations)} permutations" if results.table.permutations else ""
    if results.table.bootstrap:
        drawn += f", {count(results.table.bootstrap)} bootstrap resamples"
    pairs: list[tuple[str, Phrase]] = [
        (
            "Protocol",
            phrase(f"{results.protocol.study.version}, ", _hash(made.protocol_sha256)),
        ),
        *[
            (
                "Data",
                phrase(f"{f.name}, {count(f.rows)} {plural(f.rows, 'row')}, ", _hash(f.sha256)),
            )
            for f in made.files
        ],
        (
            "Software",
            phrase(", ".join(p for p in (f"bordin {made.bordin}", f"Python {made.python}", packages) if p)),
        ),
        ("Machine", phrase(made.platform)),
        ("Seed", phrase(f"{made.seed}{drawn}")),
        ("Made", phrase(made.made_at)),
    ]
    if results.protocol.study.attribution:
        pairs.append(("Data of", phrase(results.protocol.study.attribution)))
    return (Terms(tuple(pairs)), Command(made.command))


def _hash(sha256: str) -> Run:
    """Show enough of a hash to tell files apart; results.json holds the whole."""
    return Run(f"sha256 {sha256[:16]}…", "mono")


def numbered(sections: list[Section]) -> tuple[Section, ...]:
    """Give tables and figures their numbers, in reading order."""
    counts: Counter[type] = Counter()

    def number(block: Block) -> Block:
        if isinstance(block, Table | Figure):
            counts[type(block)] += 1
            return replace(block, number=counts[type(block)])
        return block

    return tuple(replace(s, blocks=tuple(number(b) for b in s.blocks)) for s in sections)
