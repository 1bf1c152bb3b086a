"""The manual of a coding system as a page, and its sections for the screens that need one at hand.

The text is the catalog's or the study's own file. It is rendered without raw HTML, without pictures and without
addresses, so that no page leads outside.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from html import escape
from itertools import pairwise
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from bordin.coding.dimension import Dimension
from bordin.coding.system import CodingSystem
from bordin.store.tables import CODER, LEAD
from bordin.workbench import current
from bordin.workbench.pages import Page, draw

_WORDS = re.compile(r"[^a-z0-9]+")
# What the rating screen shows beside the section anyhow.
BESIDE = frozenset({"definition", "anchors"})


class _Renderer(RendererHTML):
    """Tables with scope and the headings above them as caption, and no picture or address."""

    def th_open(self, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
        return '<th scope="col">'

    def table_open(self, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
        above = {"h2": str(env.get("under", ""))}
        for token, inline in pairwise(tokens[:i]):
            if token.type == "heading_open":
                above = {t: text for t, text in above.items() if t < token.tag} | {token.tag: _plain(inline)}
        caption = escape(": ".join(text for text in above.values() if text))
        return f'<table class="table"><caption class="visually-hidden">{caption}</caption>'

    def link_open(self, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
        return ""

    def link_close(self, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
        return ""

    def image(self, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
        return f"<em>{self.renderInlineAsText(tokens[i].children or [], options, env)}</em>"


def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer).enable("table")


def _parse(engine: MarkdownIt, manual: str) -> list[Token]:
    """Parse a manual; in a dialogue each speaker, whose name is in bold, begins a line."""
    tokens = engine.parse(manual)
    quoted = 0
    for token in tokens:
        quoted += (token.type == "blockquote_open") - (token.type == "blockquote_close")
        # The parser leaves empty text beside each sign of emphasis.
        children = [t for t in token.children or [] if t.type != "text" or t.content] if quoted else []
        for one, following in pairwise(children):
            if one.type == "softbreak" and following.type == "strong_open":
                one.type = "hardbreak"
    return tokens


def anchor(heading: str) -> str:
    """Return the id of a heading."""
    return "m-" + (_WORDS.sub("-", heading.lower()).strip("-") or "section")


@lru_cache(maxsize=32)
def whole_html(manual: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return a manual as HTML without its title, and its sections as (id, heading)."""
    engine = _markdown()
    tokens = _parse(engine, manual)
    blocks: list[tuple[str, list[Token]]] = [("", [])]
    headings: list[tuple[str, str]] = []
    inside_title = False
    for i, token in enumerate(tokens):
        if token.type == "heading_open" and token.tag == "h2":
            heading = _plain(tokens[i + 1])
            id = anchor(heading)
            while any(id == taken for taken, _ in headings):
                id += "-2"
            headings.append((id, heading))
            token.attrSet("id", id)
            blocks.append((id, []))
        inside_title = inside_title or (token.type == "heading_open" and token.tag == "h1")
        if not inside_title:
            blocks[-1][1].append(token)
        inside_title = inside_title and not (token.type == "heading_close" and token.tag == "h1")
    html = []
    for id, block in blocks:
        inner = engine.renderer.render(block, engine.options, {})
        html.append(f'<section aria-labelledby="{id}">{inner}</section>' if id else inner)
    return "".join(html), tuple(headings)


def _plain(inline: Token) -> str:
    return "".join(t.content for t in inline.children or [] if t.type in {"text", "code_inline"})


@lru_cache(maxsize=512)
def _section(manual: str, heading: str) -> str:
    engine = _markdown()
    kept: list[Token] = []
    inside = skipping = False
    tokens = _parse(engine, manual)
    for i, token in enumerate(tokens):
        if token.type == "heading_open" and token.tag in {"h1", "h2"}:
            inside = token.tag == "h2" and _plain(tokens[i + 1]).strip().casefold() == heading
            skipping = inside  # the heading itself stands on the screen already
        elif token.type == "heading_open" and inside:
            skipping = token.tag == "h3" and _plain(tokens[i + 1]).strip().casefold() in BESIDE
        if inside and not skipping:
            kept.append(token)
        if token.type == "heading_close" and token.tag == "h2":
            skipping = False
    return str(engine.renderer.render(kept, engine.options, {"under": heading.capitalize()}))


def section_html(system: CodingSystem, dimension: Dimension) -> str:
    """Return the manual's section on a dimension as safe HTML, without definition and anchors.

    Parameters
    ----------
    system : CodingSystem
    dimension : Dimension

    Returns
    -------
    str
        Headings begin at ``h3``; empty when the manual has no such section.
    """
    return _section(system.manual, (dimension.section or dimension.name).strip().casefold())


def show(request: HttpRequest, coding: str | None = None) -> HttpResponse:
    """Draw the manual of a coding system of the study."""
    systems = current.study().systems
    chosen = coding if coding is not None else next(iter(systems), None)
    if chosen is None or chosen not in systems:
        raise Http404
    system = systems[chosen]
    html, sections = whole_html(system.manual)
    rated = {(d.section or d.name).strip().casefold(): d for d in system.dimensions}
    return draw(
        request,
        "manual.html",
        {
            "system": system,
            "html": html,
            "sections": [
                {"id": id, "heading": heading, "rated": heading.strip().casefold() in rated}
                for id, heading in sections
            ],
            "others": [{"id": id, "name": s.name} for id, s in systems.items() if id != chosen],
            "dimensions": system.dimensions,
        },
    )


PAGES = (
    Page("manual/", show, "manual", (CODER, LEAD)),
    Page("manual/<str:coding>/", show, "manual of", (CODER, LEAD)),
)
