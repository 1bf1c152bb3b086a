"""Typesetting by Typst: how text, tables and drawings become its code, for PDF, poster and pictures.

Only the fonts that come with the typesetter are used, so that a page is the same on every machine.
All text travels as string literals; nothing a person wrote is ever read as code.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bordin.errors import BordinError
from bordin.report.figures.svg import Figure, Picture
from bordin.report.tables.model import Align, Row, Table, TableCell
from bordin.report.text import Phrase, Run, phrase, plain_text

_PIXELS_PER_INCH = 100.0
_MOST_LINES_TOGETHER = 52
_LINE_CHARACTERS = 125
_OTHER_SCRIPTS = re.compile("[\u0600-\u1dff\u2e80-\U0010ffff]")
_ALIGN = {"start": "left", "center": "center", "end": "right"}
_STYLES = {
    "stat": "emph({})",
    "strong": "strong({})",
    "sup": "super({})",
    "sub": "sub({})",
    "quiet": "quiet({})",
    "mono": "mono({})",
}

STYLE = """
#let ink-2 = rgb("#4a4e55")
#let accent = rgb("#1d5d78")
#let quiet(body) = text(fill: ink-2, size: 0.9em, body)
#let mono(body) = text(font: "DejaVu Sans Mono", size: 0.82em, body)
#let mark(shape) = {
  let size = 0.62em
  if shape == "yes" { box(circle(radius: size / 2, fill: rgb("#17664d"))) }
  else if shape == "no" {
    let stroke = 0.16em + rgb("#a0330b")
    box(width: size, height: size, {
      place(line(start: (0%, 0%), end: (100%, 100%), stroke: stroke))
      place(line(start: (0%, 100%), end: (100%, 0%), stroke: stroke))
    })
  }
  else { box(circle(radius: size / 2 - 0.06em, stroke: 0.12em + ink-2)) }
}
#let verdict(shape, body) = {
  let color = if shape == "yes" { rgb("#17664d") } else if shape == "no" { rgb("#a0330b") } else { ink-2 }
  mark(shape)
  h(0.35em)
  text(fill: color, weight: "bold", body)
}
"""


def literal(text: str) -> str:
    """Return a string literal."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "")
    return f'"{escaped}"'


def code(text: Phrase) -> str:
    """Return a phrase as an expression."""
    if not text:
        return "[]"
    if len(text) == 1 and text[0].style == "plain" and "\n" not in text[0].text:
        return literal(text[0].text)  # most cells of a table: a bare string is set faster
    return f"[#({' + '.join(_run(run) for run in text)})]"


def _run(run: Run) -> str:
    pieces = [literal(line) for line in run.text.split("\n")]
    shown = " + linebreak() + ".join(pieces)
    return _STYLES[run.style].format(shown) if run.style in _STYLES else shown


def table(made: Table, *, long: bool = False) -> str:
    """Return a table with three rules whose head repeats on every page, as an expression.

    Notes stand in its foot; those of a long table are left to the caller, since a foot could be
    carried to a page of its own.
    """
    widths = ", ".join(f"{w:g}fr" for w in made.widths)
    usual = tuple(cell.align for cell in made.head)
    aligns = ", ".join(f"{_ALIGN[a]} + top" for a in usual)
    body = []
    for k, group in enumerate(made.groups):
        if k:
            body.append("table.hline(stroke: 0.03em + luma(170))")
        body.extend(_row(row, usual) for row in group)
    rule = "table.hline(stroke: 0.11em)"
    foot = f"table.cell(colspan: {len(made.head)}, inset: (x: 0pt, top: 0.6em), align: left, {_notes(made.notes)})"
    end = f"table.footer(repeat: false, {rule}, {foot})" if made.notes and not long else rule
    head = ", ".join(f"table.cell(align: bottom, {_content(cell)})" for cell in made.head)
    return (
        f"table(columns: ({widths},), stroke: none, inset: (x: 0.3em, y: 0.36em), align: ({aligns},), "
        f"table.header({rule}, {head}, table.hline(stroke: 0.06em)), {', '.join(body)}, {end})"
    )


def _notes(notes: tuple[Phrase, ...]) -> str:
    shown = "; ".join(f"par({code(note)})" for note in notes)
    return f"text(size: 0.95em, {{set par(spacing: 0.4em, leading: 0.5em); {shown}}})"


def _row(row: Row, usual: tuple[Align, ...]) -> str:
    """Return the cells of a row; those of a row that a taller cell reaches into are aligned from the end."""
    if len(row) == 1 and row[0].colspan == len(usual):
        # A head of the second level stays with its rows and is repeated with them on the next page.
        return f"table.header(level: 2, {_cell(row[0], usual[0])})"
    aligned = usual[len(usual) - len(row) :]
    return ", ".join(_cell(cell, align) for cell, align in zip(row, aligned, strict=True))


def _cell(cell: TableCell, usual: Align) -> str:
    options = []
    if cell.align != usual:
        options.append(f"align: {_ALIGN[cell.align]} + top")
    if cell.rowspan > 1:
        options.append(f"rowspan: {cell.rowspan}")
    if cell.colspan > 1:
        options.append(f"colspan: {cell.colspan}")
    content = _content(cell)
    return f"table.cell({', '.join(options)}, {content})" if options else content


def _content(cell: TableCell) -> str:
    if cell.shape:
        return f"[#verdict({literal(cell.shape)}, {code(cell.content)})]"
    if cell.role in ("sure", "grouphead"):
        return code(tuple(Run(r.text, "strong") if r.style == "plain" else r for r in cell.content))
    return code(cell.content)


def captioned(made: Table) -> str:
    """Return a table under its caption, its notes in the foot, as an expression.

    A table that fits a page is kept whole.
    """
    long = _lines(made) > _MOST_LINES_TOGETHER
    body = table(made, long=long)
    shown = f"figure(kind: table, caption: {_caption('Table', made.number, made.title)}, {body})"
    if not long:
        return f"{{show figure: set block(breakable: false); {shown}}}"
    return f"{shown} + block(above: 0.6em, text(size: 8pt, {_notes(made.notes)}))" if made.notes else shown


def _lines(made: Table) -> float:
    """Estimate how many lines a table takes on a page, its notes and the space between rows included."""
    shares = [w / sum(made.widths) for w in made.widths]

    def lines(cell: TableCell, share: float) -> int:
        fitting = max(4.0, share * cell.colspan * _LINE_CHARACTERS)
        return sum(1 + int(len(line) / fitting) for line in plain_text(cell.content).split("\n"))

    rows = [made.head, *(row for group in made.groups for row in group)]
    heights = [
        max(lines(cell, share) for cell, share in zip(row, shares[len(shares) - len(row) :], strict=True))
        for row in rows
    ]
    return sum(heights) + 0.5 * len(rows) + sum(1 + len(plain_text(n)) / _LINE_CHARACTERS for n in made.notes)


def figure(made: Figure) -> str:
    """Return a figure under its caption and above its notes, as an expression."""
    images = [image(picture) for picture in made.pictures]
    if made.across > 1:
        body = f"grid(columns: {made.across}, gutter: 10pt, {', '.join(images)})"
    else:
        body = f"stack(spacing: 10pt, {', '.join(images)})"
    under = f" + block(above: 0.6em, {_notes(made.notes)})" if made.notes else ""
    return f"figure(kind: image, caption: {_caption('Figure', made.number, made.title)}, {body}){under}"


def _caption(word: str, number: int, title: str) -> str:
    start = [Run(f"{word} {number}", "strong"), Run("\n")] if number else []
    return f"figure.caption(position: top, {code(phrase(*start, Run(title, 'stat')))})"


def image(picture: Picture, options: str = "width: 100%") -> str:
    """Return a drawing with its text alternative, as an expression."""
    alternative = literal(f"{picture.title}. {picture.description}")
    drawing = literal(picture.static())
    return f'image(bytes({drawing}), format: "svg", alt: {alternative}, {options})'


def typeset(source: str) -> bytes:
    """Make a PDF; it is tagged for readers that speak (PDF/UA-1).

    A letter that the typesetter's own fonts lack is looked for among those of the machine; then the
    standard, which demands every letter, is not claimed.

    Raises
    ------
    BordinError
        When the typesetter refuses the page, with its words.
    """
    import typst

    try:
        try:
            made = typst.compile(
                source.encode(), format="pdf", ignore_system_fonts=True, pdf_standards=["ua-1"]
            )
        except typst.TypstError as error:
            if "could not be displayed" not in str(error):
                raise
            made = typst.compile(source.encode(), format="pdf")
    except typst.TypstError as error:
        raise BordinError(f"The page could not be typeset: {error}") from error
    return bytes(made)


def pictures(drawings: Sequence[Picture]) -> list[bytes]:
    """Make PNG pictures, all in one run of the typesetter."""
    import typst

    if not drawings:
        return []
    pages = [
        f"#page(width: {d.width:g}pt, height: {d.height:g}pt, margin: 0pt, {image(d)})" for d in drawings
    ]
    source = "\n".join(pages)
    made = typst.compile(
        source.encode(),
        format="png",
        ppi=_PIXELS_PER_INCH,
        ignore_system_fonts=_own_fonts_suffice(source),
    )
    return [made] if isinstance(made, bytes) else list(made)


def _own_fonts_suffice(source: str) -> bool:
    """Say whether the typesetter's fonts hold the letters: Latin, Greek, Cyrillic, Hebrew, symbols."""
    return _OTHER_SCRIPTS.search(source) is None
