"""A poster of one page (A0) in the shape of a conference poster, from the protocol's own text and the results.

The text is set as large as the page allows: the size is found by measuring, so that short and long
texts both fill one page and never run over it.
"""

from __future__ import annotations

from bordin.report import facts
from bordin.report.figures import flow_figure, forest_figure
from bordin.report.sentences import conclusion, findings, limits, methods
from bordin.report.tables import association_tables, verdict_table
from bordin.report.text import Phrase, Run, phrase
from bordin.report.typesetting import STYLE, code, image, literal, table, typeset
from bordin.study.results import Results

_MOST_LIMITS = 5

_PART = """
#show heading: set text(fill: accent, weight: "bold")
#let part(size, head, body) = {
  block(below: 0.5 * size, text(size: 1.0 * size, heading(level: 1, head)))
  block(below: 1.4 * size, body)
}
"""

_LAYOUT = """
#set page(paper: "a0", margin: 0pt)
#set text(font: "Libertinus Serif", lang: "en", region: "US", number-type: "lining")
#set par(leading: 0.55em, spacing: 0.8em)
#let edge = 38mm
#let gutter = 26mm
#let band(size) = block(
  width: 100%, fill: accent, inset: (x: edge, y: 0.9 * size),
  {
    set text(fill: white)
    text(size: 2.1 * size, weight: "bold", poster-title)
    if poster-authors != "" { linebreak(); text(size: 1.15 * size, poster-authors) }
    if notice != "" { linebreak(); text(size: 0.85 * size, notice) }
  },
)
#let sheet(size) = {
  set text(size: size)
  band(size)
  pad(x: edge, top: 1.2 * size, bottom: 1.2 * size, {
    grid(columns: (1fr, 1fr), column-gutter: gutter, left-top(size), right-top(size))
    v(0.8 * size)
    part(size, table-head, text(size: 0.72 * size, main-table))
    v(0.4 * size)
    grid(columns: (1.15fr, 1fr), column-gutter: gutter, left-bottom(size), right-bottom(size))
    v(0.5 * size)
    text(size: 0.6 * size, fill: ink-2, colophon)
  })
}
#context {
  let width = 841mm
  let height = 1189mm
  let fits(size) = measure(sheet(size), width: width).height <= height
  let (small, large) = (7pt, 44pt)
  let found = none
  if fits(small) {
    for step in range(8) {
      let middle = (small + large) / 2
      if fits(middle) { small = middle } else { large = middle }
    }
    found = sheet(small)
  }
  if found == none {
    let least = sheet(7pt)
    let factor = height / measure(least, width: width).height
    found = align(center, scale(factor * 100%, reflow: true, block(width: width, align(left, least))))
  }
  found
}
"""


def poster_pdf(results: Results) -> bytes:
    """Typeset the poster: one page, whatever the length of its texts.

    Parameters
    ----------
    results : Results

    Returns
    -------
    bytes
        The PDF file.
    """
    return typeset(poster_source(results))


def poster_source(results: Results) -> str:
    """Return the source of the poster."""
    study = results.protocol.study
    tables = association_tables(results)
    closing = [phrase(study.conclusion)] if study.conclusion else []
    closing.append(phrase(Run("What the data say: ", "strong"), conclusion(results)))
    forest = forest_figure(results)
    return "\n".join(
        [
            f"#set document(title: {literal(study.title)}, date: none)",
            STYLE,
            _PART,
            f"#let poster-title = {literal(study.title)}",
            f"#let poster-authors = {literal(', '.join(study.authors))}",
            f"#let notice = {literal(study.notice)}",
            f"#let table-head = {literal(tables[0].title)}",
            f"#let main-table = {{{'; '.join(table(t) for t in tables)}}}",
            f"#let colophon = {literal(_colophon(results))}",
            _column(
                "left-top",
                [
                    ("Introduction", _paragraphs([phrase(study.introduction)] if study.introduction else [])),
                    ("Aim", _paragraphs([phrase(study.aim)])),
                    ("Participants", image(flow_figure(results).pictures[0])),
                ],
            ),
            _column("right-top", [("Method", _paragraphs(list(methods(results))))]),
            _column(
                "left-bottom",
                [
                    ("Results and interpretation", _results(results)),
                    ("What these data cannot say", _list(list(limits(results))[:_MOST_LIMITS])),
                ],
            ),
            _column(
                "right-bottom",
                [
                    ("Correlations with intervals", image(forest.pictures[0])),
                    ("Conclusion", _paragraphs(closing)),
                ],
            ),
            _LAYOUT,
        ]
    )


def _column(name: str, parts: list[tuple[str, str]]) -> str:
    shown = "; ".join(f"part(size, {literal(head)}, {body})" for head, body in parts if body)
    return f"#let {name}(size) = {{{shown}}}"


def _paragraphs(texts: list[Phrase]) -> str:
    return "{" + "; ".join(f"par({code(t)})" for t in texts) + "}" if texts else ""


def _list(points: list[Phrase]) -> str:
    return f"list({', '.join(code(p) for p in points)})" if points else ""


def _results(results: Results) -> str:
    if results.hypotheses:
        return f"text(size: 0.7em, {table(verdict_table(results))})"
    return _paragraphs(list(findings(results)))


def _colophon(results: Results) -> str:
    made = results.provenance
    parts = [
        f"bordin {made.bordin}, protocol {results.protocol.study.version}, seed {made.seed}",
        f"sha256 of the protocol {made.protocol_sha256[:12]}",
        f"{facts.units(results)}: {results.flow[-1].n}",
        results.protocol.study.attribution,
    ]
    return ". ".join(p for p in parts if p) + "."
