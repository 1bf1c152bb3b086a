"""Numbers of the lead's pages in print: a value, its interval, n, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bordin.estimate import Estimate
from bordin.reliability.criterion import readings_of
from bordin.report.number import NOTHING, correlation, interval, level, number, percent, span

SHARES = ("percent agreement", "within 1")


@dataclass(frozen=True)
class Printed:
    """An estimate in print.

    Attributes
    ----------
    name, value, interval, level : str
        Empty interval: there is none.
    n : int
    reason : str
        Why there is no value; empty when there is one.
    notes : tuple of str
    """

    name: str
    value: str
    interval: str
    level: str
    n: int
    reason: str
    notes: tuple[str, ...]


def printed(estimate: Estimate, *, kind: str = "coefficient", line: float = 0.0) -> Printed:
    """Print an estimate.

    Parameters
    ----------
    estimate : Estimate
    kind : str
        coefficient (no leading zero), share (percent) or points (of a scale, or a ratio).
    line : float
        For points: the value that means "no difference".

    Returns
    -------
    Printed
    """
    limits = estimate.interval
    if estimate.value is None:
        return Printed(estimate.name, NOTHING, "", "", estimate.n, estimate.undefined or "", estimate.notes)
    if kind == "share":
        value = percent(estimate.value)
        ends = "" if limits is None else _to(percent(limits.low), percent(limits.high))
    elif kind == "points":
        value = number(estimate.value)
        ends = "" if limits is None else _to(*span(limits.low, limits.high, line, brackets=False).split(", "))
    else:
        value = correlation(estimate.value, 2)
        ends = "" if limits is None else _to(*interval(limits.low, limits.high, brackets=False).split(", "))
    how = "" if limits is None else level(limits.level)
    return Printed(estimate.name, value, ends, how, estimate.n, "", estimate.notes)


def _to(low: str, high: str) -> str:
    return str(_("%(low)s to %(high)s") % {"low": low, "high": high})


def kind_of(estimate: Estimate) -> str:
    """Return how an estimate of reliability is printed."""
    return "share" if estimate.name in SHARES else "coefficient"


def in_words(estimate: Estimate) -> tuple[str, str]:
    """Return what two conventions call an ICC (Koo and Li / Cicchetti), and what they call its lower limit."""
    readings = readings_of(estimate)
    return " / ".join(_(r.value) for r in readings), " / ".join(_(r.low) for r in readings)


def sentence(text: str) -> str:
    """Return a remark as a sentence."""
    if not text:
        return ""
    # A symbol such as k stays as it is.
    first = text[:1] if text[1:4] == " = " else text[:1].upper()
    return f"{first}{text[1:]}{'' if text.endswith(('.', '?', '!')) else '.'}"


def leaves_out(estimate: Estimate, line: float = 0.0) -> bool:
    """Say whether the interval leaves a line out."""
    limits = estimate.interval
    return limits is not None and not limits.low <= line <= limits.high


def whole_minutes(minutes: float | None) -> str:
    """Return minutes without decimals; empty for none, and never zero for what took some time."""
    return "" if minutes is None else f"{minutes:.0f}" if minutes >= 0.5 else "<1"


def tapes(n: int) -> str:
    """Return a number of tapes in words."""
    return str(ngettext("%(n)s tape", "%(n)s tapes", n) % {"n": f"{n:,}"})


def sessions(n: int) -> str:
    """Return a number of sessions in words."""
    return str(ngettext("%(n)s session", "%(n)s sessions", n) % {"n": f"{n:,}"})
