"""Drawing in the design language: SVG with classes, so that a page's theme colors it.

Word and PDF have no theme: there the same drawing carries a fixed light palette and a font that
comes with the typesetter, so that it looks the same on every machine.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from html import escape

from bordin.report.tables.model import Table
from bordin.report.text import Phrase

FONT_PX = 12.0
LINE = 15.0
_CHARACTER = 0.54  # mean width of a character of the wider system fonts, in parts of the font size
STATIC_FONT = "Libertinus Serif"
_STATIC_PX = 13.8  # as wide as the system fonts at FONT_PX, and easier to read on paper

_INK, _INK_2, _INK_3 = "#16181b", "#33373c", "#4a4e54"
_ACCENT, _SURFACE, _LINE, _FIRM = "#1d5d78", "#ffffff", "#dad7ce", "#858279"
_HEAT = {"p": (0x4F, 0x97, 0xB4), "n": (0xD0, 0x8A, 0x52)}
_SHARES = (0.07, 0.24, 0.42, 0.60, 0.78, 0.96)


@dataclass(frozen=True)
class Picture:
    """One drawing with its text alternative.

    Attributes
    ----------
    id : str
    width, height : float
        Size in units of the drawing.
    title, description : str
        What it shows, and what one would see; read aloud in place of the drawing.
    body : str
        SVG elements.
    kind : str
        Further class of the drawing, such as ``"heat"``.
    """

    id: str
    width: float
    height: float
    title: str
    description: str
    body: str
    kind: str = ""

    def themed(self) -> str:
        """Return the drawing for a page whose style sheet colors it."""
        name = f"fig {self.kind}".strip()
        return (
            f'<svg class="{name}" viewBox="0 0 {self.width:g} {self.height:g}" role="img" '
            f'aria-labelledby="{self.id}-t {self.id}-d"><title id="{self.id}-t">{escape(self.title)}</title>'
            f'<desc id="{self.id}-d">{escape(self.description)}</desc>{self.body}</svg>'
        )

    def static(self) -> str:
        """Return the drawing with its own fixed palette, for Word and PDF."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width:g}" height="{self.height:g}" '
            f'viewBox="0 0 {self.width:g} {self.height:g}"><style>{_palette(self.kind)}</style>{self.body}</svg>'
        )


@dataclass(frozen=True)
class Figure:
    """A numbered figure of one or several pictures.

    Attributes
    ----------
    id, title : str
    pictures : tuple of Picture
    notes : tuple of Phrase
    across : int
        Pictures side by side.
    values : Table or None
        The values behind it, where no other table of the report holds them.
    number : int
        Number in the caption; 0 until the report gives one.
    """

    id: str
    title: str
    pictures: tuple[Picture, ...]
    notes: tuple[Phrase, ...] = ()
    across: int = 1
    values: Table | None = None
    number: int = 0


@dataclass
class Drawing:
    """Collects the elements of a drawing."""

    parts: list[str] = field(default_factory=list)

    def text(self, x: float, y: float, words: str, kind: str = "") -> None:
        """Write one line; `y` is its base line."""
        name = f' class="{kind}"' if kind else ""
        self.parts.append(f'<text{name} x="{x:.1f}" y="{y:.1f}">{escape(words)}</text>')

    def lines(self, x: float, y: float, words: Iterable[str], kind: str = "") -> None:
        """Write several lines, the first one at base line `y`."""
        for k, line in enumerate(words):
            self.text(x, y + k * LINE, line, kind)

    def line(self, start: tuple[float, float], end: tuple[float, float], kind: str) -> None:
        """Draw a straight line."""
        (x1, y1), (x2, y2) = start, end
        self.parts.append(f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>')

    def rect(
        self, corner: tuple[float, float], size: tuple[float, float], kind: str, round_: float = 0
    ) -> None:
        """Draw a rectangle."""
        (x, y), (w, h) = corner, size
        corners = f' rx="{round_:g}"' if round_ else ""
        self.parts.append(
            f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}"{corners}/>'
        )

    def circle(self, x: float, y: float, radius: float, kind: str) -> None:
        """Draw a circle."""
        self.parts.append(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.2f}"/>')

    def path(self, d: str, kind: str) -> None:
        """Draw a path."""
        self.parts.append(f'<path class="{kind}" d="{d}"/>')

    def __str__(self) -> str:
        return "".join(self.parts)


@cache
def wrap(words: str, width: float) -> tuple[str, ...]:
    """Break a label into lines that fit `width` units; a word that is too long is broken."""
    fitting = max(4, int(width / (FONT_PX * _CHARACTER)))
    return tuple(textwrap.wrap(words, fitting, break_long_words=True)) or ("",)


@cache
def _palette(kind: str) -> str:
    """Return the style rules of a drawing outside a page; the classes are those of the style sheet."""
    rules = [
        f"text{{font-family:'{STATIC_FONT}';font-size:{_STATIC_PX:g}px;fill:{_INK_2}}}",
        f".t-strong{{fill:{_INK};font-weight:bold}}.t-quiet{{fill:{_INK_3}}}",
        ".t-mid{text-anchor:middle}.t-end{text-anchor:end}",
        f".axis{{stroke:{_FIRM};stroke-width:1}}.grid-line{{stroke:{_LINE};stroke-width:1}}",
        f".zero{{stroke:{_INK_3};stroke-width:1}}.band{{fill:#eeece6}}",
        f".whisker{{stroke:{_ACCENT};stroke-width:2}}",
        f".dot{{fill:{_ACCENT};stroke:{_ACCENT};stroke-width:2}}.dot--open{{fill:{_SURFACE}}}",
        f".box{{fill:{_SURFACE};stroke:{_FIRM};stroke-width:1}}",
        f".box--side{{fill:none;stroke:{_FIRM};stroke-dasharray:4 3}}",
        f".box--last{{fill:#dfebf0;stroke:{_ACCENT};stroke-width:1.5}}",
        f".arrow{{fill:none;stroke:{_INK_3};stroke-width:1.25}}.arrow-head{{fill:{_INK_3}}}",
        f".g0{{fill:{_ACCENT};stroke:{_SURFACE}}}.g1{{fill:#94763f;stroke:{_SURFACE}}}",
        f".g2{{fill:{_SURFACE};stroke:{_INK};stroke-width:1.5}}.g3{{fill:{_INK_3};stroke:{_SURFACE}}}",
        f".g4{{fill:{_SURFACE};stroke:{_ACCENT};stroke-width:1.5}}",
        ".g5{fill:#ffffff;stroke:#94763f;stroke-width:1.5}",
    ]
    if kind != "heat":
        return "".join(rules)
    rules += [
        f".cell-value{{font-size:16px;fill:{_INK};text-anchor:middle}}",
        f".cell-ci{{fill:{_INK};text-anchor:middle}}.is-sure{{font-weight:bold}}",
        f".hc{{stroke:{_SURFACE};stroke-width:2}}.hc--none{{fill:none;stroke:{_FIRM};stroke-dasharray:4 3}}",
    ]
    for sign, color in _HEAT.items():
        for k, share in enumerate(_SHARES):
            mixed = "".join(f"{round(255 + (c - 255) * share):02x}" for c in color)
            rules.append(f".{sign}{k}{{fill:#{mixed}}}")
    return "".join(rules)
