"""The report as one HTML page that needs nothing else: no script, no outside address."""

from __future__ import annotations

from functools import cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from bordin.report.paper import Bullets, Command, Paper, Paragraphs, Terms
from bordin.report.tables.model import Table
from bordin.report.text import Phrase, Run

if TYPE_CHECKING:
    from jinja2 import Template

_TAGS = {"strong": "strong", "sup": "sup", "sub": "sub"}
_CLASSES = {"stat": "stat", "quiet": "quiet", "mono": "mono"}
FILES = {"docx": ("Word", "report.docx"), "pdf": ("PDF", "report.pdf"), "csv": ("CSV", "cells.csv")}


def page(paper: Paper, formats: tuple[str, ...] = ()) -> str:
    """Write the page.

    Parameters
    ----------
    paper : Paper
    formats : tuple of str
        Which other files stand beside the page: docx, pdf, csv.

    Returns
    -------
    str
        The whole HTML text.
    """
    beside = [FILES[name] for name in FILES if name in formats]
    return _template().render(paper=paper, css=_css() + _page_head(paper.notice), files=beside, kind=_kind)


def markup(text: Phrase) -> str:
    """Return a phrase as HTML; a bound number links to its cell."""
    return "".join(_run(run) for run in text)


def _run(run: Run) -> str:
    shown = escape(run.text).replace("\n", "<br>")
    if run.cell:
        place = escape(run.cell)
        return f'<a class="bound" href="#{place}" data-cell="{place}">{shown}</a>'
    if run.style in _TAGS:
        return f"<{_TAGS[run.style]}>{shown}</{_TAGS[run.style]}>"
    if run.style == "quiet":
        return f"<small>{shown.removeprefix('<br>')}</small>" if shown != "<br>" else ""
    if run.style in _CLASSES:
        return f'<span class="{_CLASSES[run.style]}">{shown}</span>'
    return shown


def _kind(block: object) -> str:
    """Name the kind of a block for the template."""
    kinds = {Paragraphs: "paragraphs", Bullets: "bullets", Terms: "terms", Command: "command", Table: "table"}
    return kinds.get(type(block), "figure")


def _page_head(notice: str) -> str:
    """Return the rule that prints the notice on top of every page of paper."""
    safe = "".join(c if c.isalnum() or c in " .,;:()-" else f"\\{ord(c):x} " for c in notice)
    return (
        f'@page {{ @top-left {{ content: "{safe}"; font: 8pt sans-serif; color: #454545; width: 100%; }} }}\n'
    )


@cache
def _css() -> str:
    return files("bordin.report").joinpath("bordin.css").read_text(encoding="utf-8")


@cache
def _template() -> Template:
    from jinja2 import Environment
    from markupsafe import Markup

    text = files("bordin.report").joinpath("templates", "report.html.j2").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["markup"] = lambda text: Markup(markup(text))
    environment.filters["drawing"] = lambda picture: Markup(picture.themed())
    return environment.from_string(text)
