"""The report as PDF (A4, tagged), set by Typst."""

from __future__ import annotations

from itertools import groupby

from bordin.report.figures.svg import Figure
from bordin.report.paper import Block, Bullets, Command, Paper, Paragraphs, Section, Terms
from bordin.report.tables.model import Table
from bordin.report.text import Run, phrase
from bordin.report.typesetting import STYLE, captioned, code, figure, literal, typeset

_PAGE = """
#set page(
  paper: "a4", margin: (x: 20mm, top: 22mm, bottom: 20mm),
  header: text(size: 8pt, fill: ink-2, notice),
  footer: context text(size: 8pt, fill: ink-2, {
    running
    h(1fr)
    counter(page).display()
  }),
)
#set text(font: "Libertinus Serif", size: 10pt, lang: "en", region: "US", number-type: "lining")
#set par(leading: 0.58em, spacing: 0.85em)
#show title: set text(size: 20pt)
#show heading: set text(size: 13pt)
#show heading: set block(above: 1.6em, below: 0.8em, sticky: true)
#show figure: set align(left)
#show figure.caption: set align(left)
#show figure: set block(breakable: true)
#show figure.caption: set block(sticky: true)
#show figure.where(kind: table): set text(size: 8pt)
#show table: set par(linebreaks: "simple")
#show figure.caption: set text(size: 9.5pt)
#set figure(gap: 7pt, numbering: none, supplement: none)
"""


def pdf(paper: Paper) -> bytes:
    """Typeset the report.

    Parameters
    ----------
    paper : Paper

    Returns
    -------
    bytes
        The PDF file.
    """
    return typeset(source(paper))


def source(paper: Paper) -> str:
    """Return the whole source of the PDF."""
    parts = [
        f"#set document(title: {literal(paper.title)}, date: none)",
        f"#let notice = {literal(paper.notice)}",
        f"#let running = {literal(paper.title)}",
        STYLE,
        _PAGE,
        "#title()",
        f"#par(quiet({literal(paper.byline)}))",
    ]
    if paper.notice:
        note = f'strong("Note.") + " " + {literal(paper.notice)}'
        fill = 'fill: rgb("#dfebf0"), stroke: (left: 3pt + accent), inset: 8pt, width: 100%'
        parts.append(f"#block({fill}, {note})")
    parts.append(f"#par(text(size: 11.5pt, {literal(paper.conclusion)}))")
    parts.append(_key_figures(paper))
    parts.extend(_section(section) for section in paper.sections)
    return "\n".join(parts)


def _key_figures(paper: Paper) -> str:
    cells = []
    for term, n, remark in paper.key_figures:
        shown = phrase(Run(term, "quiet"), Run("\n"), Run(n, "strong"), Run(f"\n{remark}", "quiet"))
        cells.append(f"block(inset: (y: 5pt), {code(shown)})")
    lines = "stroke: (top: 0.5pt + luma(150), bottom: 0.5pt + luma(150)), width: 100%"
    return f"#block({lines}, grid(columns: (1fr,) * {len(cells)}, column-gutter: 8pt, {', '.join(cells)}))"


def _section(section: Section) -> str:
    # The heading travels with the first block, onto a page on its side if that is where it stands.
    before = f"#heading(level: 1, {literal(section.title)})\n"
    shown = []
    for wide, blocks in groupby(section.blocks, key=lambda b: isinstance(b, Table) and b.wide):
        body = before + "\n".join(f"#{{{_block(b)}}}" for b in blocks)
        before = ""
        shown.append(f"#page(flipped: true)[\n{body}\n]" if wide else body)
    text = "\n".join(shown)
    if section.framed:
        frame = "stroke: 0.8pt + ink-2, radius: 3pt, inset: (x: 10pt, top: 2pt, bottom: 10pt), width: 100%"
        return f"#block({frame})[\n{text}\n]"
    return text


def _block(block: Block) -> str:
    if isinstance(block, Paragraphs):
        return "; ".join(f"par({code(p)})" for p in block.paragraphs)
    if isinstance(block, Bullets):
        return f"list({', '.join(code(p) for p in block.points)})"
    if isinstance(block, Terms):
        rows = ", ".join(f"quiet({literal(term)}), {code(p)}" for term, p in block.pairs)
        return f"text(size: 9pt, grid(columns: (32mm, 1fr), row-gutter: 5pt, column-gutter: 6pt, {rows}))"
    if isinstance(block, Command):
        return f"block(fill: luma(238), inset: 7pt, radius: 3pt, width: 100%, mono({literal(block.text)}))"
    if isinstance(block, Figure):
        return figure(block)
    return captioned(block)
