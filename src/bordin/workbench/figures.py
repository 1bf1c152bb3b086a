"""Drawings of the lead's pages: plain SVG in the classes of the style sheet, so that the theme colors them."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from bordin.estimate import Estimate
from bordin.report.number import correlation, number, threshold

_WIDTH, _LEFT, _RIGHT = 272.0, 14.0, 258.0
_LOWEST, _HIGHEST = -0.4, 1.0
_TICKS = (-0.4, 0.0, 0.4, 0.8)
# A line of more dots than this cannot be read: neighbors are drawn as their mean.
MOST_DOTS = 30


def _x(value: float) -> float:
    held = min(max(value, _LOWEST), _HIGHEST)
    return _LEFT + (held - _LOWEST) / (_HIGHEST - _LOWEST) * (_RIGHT - _LEFT)


def coefficient_axis(criterion: float | None) -> SafeString:
    """Draw the head of a column of coefficients: its ticks, and where the criterion lies."""
    ticks = format_html_join(
        "",
        '<text class="t-mid t-quiet" x="{}" y="30">{}</text>',
        ((f"{_x(t):.1f}", correlation(t, 2) if t else "0") for t in _TICKS),
    )
    line: str = ""
    if criterion is not None:
        words = _("criterion %(value)s") % {"value": threshold(criterion)}
        line = format_html(
            '<text class="t-mid t-quiet" x="{}" y="12">{}</text>', f"{_x(criterion):.1f}", words
        )
    return format_html(
        '<svg class="fig" viewBox="0 0 {} 34" aria-hidden="true">{}{}</svg>', f"{_WIDTH:g}", ticks, line
    )


def coefficient_plot(estimate: Estimate, criterion: float | None, kind: str = "") -> SafeString:
    """Draw a coefficient with its interval; the values stand beside it in the table.

    Parameters
    ----------
    estimate : Estimate
    criterion : float or None
        Drawn as a line; a dot below it is open.
    kind : str
        ``"low"`` or ``"warn"`` for the colors of a status, empty for the usual one.

    Returns
    -------
    SafeString
        An empty frame with the lines when there is no value.
    """
    parts = [f'<line class="zero" x1="{_x(0):.1f}" x2="{_x(0):.1f}" y1="0" y2="40"/>']
    if criterion is not None:
        at = _x(criterion)
        parts.append(f'<line class="mark-line" x1="{at:.1f}" x2="{at:.1f}" y1="0" y2="40"/>')
    if estimate.interval is not None:
        low, high = _x(estimate.interval.low), _x(estimate.interval.high)
        name = f"whisker whisker--{kind}" if kind else "whisker"
        parts.append(f'<line class="{name}" x1="{low:.1f}" x2="{high:.1f}" y1="20" y2="20"/>')
    if estimate.value is not None:
        name = f"dot dot--{kind}" if kind else "dot"
        below = criterion is not None and estimate.value < criterion
        name += " dot--open" if below or kind else ""
        parts.append(f'<circle class="{name}" cx="{_x(estimate.value):.1f}" cy="20" r="5"/>')
    return mark_safe(
        f'<svg class="fig" viewBox="0 0 {_WIDTH:g} 40" aria-hidden="true">{"".join(parts)}</svg>'
    )


def binned(
    points: Sequence[tuple[float, float]], most: int = MOST_DOTS
) -> tuple[list[tuple[float, float]], int]:
    """Return points, neighbors drawn together where there are too many, and how many each holds at most."""
    each = max(1, ceil(len(points) / most))
    made = []
    for start in range(0, len(points), each):
        part = points[start : start + each]
        made.append((sum(x for x, _ in part) / len(part), sum(y for _, y in part) / len(part)))
    return made, each


def trend(
    points: Sequence[tuple[float, float]], label: str, *, warn: bool = False, band: float = 0.5
) -> SafeString:
    """Draw a coder's deviations from the others, tape after tape.

    Parameters
    ----------
    points : sequence of (float, float)
        Running number and deviation, in order.
    label : str
        What one would see, for those who do not.
    warn : bool
        Whether the coder drifts.
    band : float
        Shaded on both sides of zero.

    Returns
    -------
    SafeString
    """
    left, right, middle, half = 24.0, 226.0, 51.0, 39.0
    shown, _each = binned(points)
    reach = max(1.0, ceil(max((abs(y) for _, y in shown), default=0.0)))
    first, last = (shown[0][0], shown[-1][0]) if shown else (0.0, 1.0)

    def at(x: float, y: float) -> tuple[str, str]:
        across = (x - first) / (last - first) if last > first else 0.5
        return f"{left + across * (right - left):.1f}", f"{middle - y / reach * half:.1f}"

    tall = band / reach * half
    suffix = "--warn" if warn else ""
    places = [at(x, y) for x, y in shown]
    dots = "".join(
        f'<circle class="dot{" dot--warn" if warn else ""}" cx="{x}" cy="{y}" r="2.5"/>' for x, y in places
    )
    line = " ".join(f"{x},{y}" for x, y in places)
    drawn = (
        f'<rect class="band" x="{left:g}" y="{middle - tall:.1f}" width="{right - left:g}" height="{2 * tall:.1f}"/>'
        f'<line class="zero" x1="{left:g}" x2="{right:g}" y1="{middle:g}" y2="{middle:g}"/>'
        f'<polyline class="trend{" trend" + suffix if warn else ""}" points="{line}"/>{dots}'
    )
    ticks = format_html(
        '<text class="t-end t-quiet" x="20" y="{}">+{}</text><text class="t-end t-quiet" x="20" y="55.0">0</text>'
        '<text class="t-end t-quiet" x="20" y="{}">−{}</text><text class="t-quiet" x="24" y="110">{}</text>'
        '<text class="t-end t-quiet" x="226" y="110">{}</text>',
        f"{middle - half + 4:.1f}",
        number(reach, 0),
        f"{middle + half + 4:.1f}",
        number(reach, 0),
        _("first"),
        _("latest"),
    )
    return format_html(
        '<svg class="fig" viewBox="0 0 236 112" role="img" aria-label="{}">{}{}</svg>',
        label,
        mark_safe(drawn),
        ticks,
    )


def difference_plot(estimate: Estimate, reach: float, line: float = 0.0) -> SafeString:
    """Draw a difference (or a ratio) with its interval around the line that means "as the others".

    Parameters
    ----------
    estimate : Estimate
    reach : float
        How far the axis goes on both sides of the line.
    line : float
        0 for a difference, 1 for a ratio.

    Returns
    -------
    SafeString
    """

    def at(value: float) -> float:
        held = min(max(value, line - reach), line + reach)
        return _LEFT + (held - line + reach) / (2 * reach) * (_RIGHT - _LEFT)

    parts = [f'<line class="zero" x1="{at(line):.1f}" x2="{at(line):.1f}" y1="0" y2="28"/>']
    away = estimate.interval is not None and not estimate.interval.low <= line <= estimate.interval.high
    if estimate.interval is not None:
        low, high = at(estimate.interval.low), at(estimate.interval.high)
        parts.append(f'<line class="whisker" x1="{low:.1f}" x2="{high:.1f}" y1="14" y2="14"/>')
    if estimate.value is not None:
        name = "dot" if away else "dot dot--open"
        parts.append(f'<circle class="{name}" cx="{at(estimate.value):.1f}" cy="14" r="4.5"/>')
    return mark_safe(
        f'<svg class="fig" viewBox="0 0 {_WIDTH:g} 28" aria-hidden="true">{"".join(parts)}</svg>'
    )
