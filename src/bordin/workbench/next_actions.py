"""What the lead has to look at, and what comes next: each with the place where it is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bordin.report.number import number, threshold
from bordin.store.double_coded import watch
from bordin.store.overview import CoderFigures, DimensionFigures
from bordin.store.people import data_locked
from bordin.store.progress import Counts
from bordin.store.responses import open_alerts
from bordin.store.tables import LEAD, Account
from bordin.workbench import current
from bordin.workbench.board import Board
from bordin.workbench.wording import leaves_out, printed, sentence, tapes

# So many coders of one kind are named; the rest stands on their page.
MOST_CODERS = 3
A_LOT = 0.5


@dataclass(frozen=True)
class Action:
    """Something to look at or to do.

    Attributes
    ----------
    kind : str
        bad, warn or open.
    title, text : str
    url, label : str
        Where it is done; empty for an account that may not.
    """

    kind: str
    title: str
    text: str
    url: str = ""
    label: str = ""


def link(account: Account, name: str, *given: str) -> str:
    """Return the address of a page when an account may open it, else an empty text."""
    from bordin.workbench.urls import PAGES

    page = next((p for p in PAGES if p.name == name), None)
    if page is None or (page.roles and account.role not in page.roles):
        return ""
    try:
        return str(reverse(name, args=given))
    except NoReverseMatch:
        return ""


def actions(account: Account, board: Board | None) -> list[Action]:
    """Return everything that waits, what is worst first."""
    found: list[Action] = []
    if board is not None and board.figures is not None:
        for d in board.figures.dimensions:
            found += _of_dimension(account, d)
        for coders in board.figures.coders:
            found += _of_coders(account, coders)
    # On a large record, answers and tapes are first read behind the page.
    if account.role == LEAD and board is not None:
        found += _answers(account)
        if board.figures is not None:
            found += _disagreements(account)
    if board is not None:
        found += _of_forms(account, board.counts)
        found += _first_steps(account, board.counts)
    order = {"bad": 0, "warn": 1, "open": 2}
    together = [replace(a, text=a.text.replace("n = ", "n\u00a0=\u00a0")) for a in found]
    return sorted(together, key=lambda a: order[a.kind])


def _of_dimension(account: Account, d: DimensionFigures) -> list[Action]:
    url = link(account, "reliability", d.coding, d.id)
    value, criterion = d.single.estimate.value, d.criterion
    found = []
    if d.restricted is not None:
        ac2 = printed(d.others[-1].estimate)
        told = _("%(name)s: %(why)s.") % {"name": d.name, "why": _without_name(d.restricted)}
        if ac2.interval:
            more = _("AC2 %(value)s (%(interval)s, n = %(n)s).")
            told += " " + more % {"value": ac2.value, "interval": ac2.interval, "n": ac2.n}
        found.append(Action("warn", _("Restricted range"), told, url, _("See the values")))
    elif criterion is not None and value is not None and value < criterion.criterion:
        one = printed(d.single.estimate)
        told = _("%(name)s: %(value)s (%(interval)s, n = %(n)s) against %(criterion)s.") % {
            "name": d.name,
            "value": one.value,
            "interval": one.interval,
            "n": one.n,
            "criterion": threshold(criterion.criterion),
        }
        if d.apart:
            apart = ngettext(
                "%(apart)s of %(pairs)s pairs of ratings is two points or more apart.",
                "%(apart)s of %(pairs)s pairs of ratings are two points or more apart.",
                d.apart,
            )
            told += " " + apart % {"apart": f"{d.apart:,}", "pairs": f"{d.pairs:,}"}
        found.append(Action("bad", _("Criterion not reached"), told, url, _("See where")))
    return found


def _without_name(warning: str) -> str:
    """Return a warning without the words that its title says already."""
    return warning.partition("restricted range: ")[2] or warning


def _of_coders(account: Account, coders: CoderFigures) -> list[Action]:
    """Tell coders who drift, and coders who rate high or low, the clearest first."""
    unit = _("points") if coders.in_points else _("percent of the scale")
    drifting = [f for f in coders.whole.drift if leaves_out(f.estimate)]
    lenient = [
        f
        for f in coders.whole.leniency
        if leaves_out(f.estimate)
        and abs(f.estimate.value or 0.0) >= (A_LOT if coders.in_points else A_LOT * 20)
    ]
    found = []
    for figures, title, said in (
        (
            drifting,
            _("Drift"),
            (
                _(
                    "%(coder)s rises by %(value)s %(unit)s a tape against the others (%(interval)s, n = %(n)s)."
                ),
                _(
                    "%(coder)s falls by %(value)s %(unit)s a tape against the others (%(interval)s, n = %(n)s)."
                ),
            ),
        ),
        (
            lenient,
            _("Leniency"),
            (
                _("%(coder)s rates %(value)s %(unit)s above the others (%(interval)s, n = %(n)s)."),
                _("%(coder)s rates %(value)s %(unit)s below the others (%(interval)s, n = %(n)s)."),
            ),
        ),
    ):
        clearest = sorted(figures, key=lambda f: -abs(f.estimate.value or 0.0))
        for f in clearest[:MOST_CODERS]:
            value = f.estimate.value or 0.0
            told = said[value < 0] % {
                "coder": f.coder,
                "value": number(abs(value)),
                "unit": unit,
                "interval": printed(f.estimate, kind="points").interval,
                "n": f.estimate.n,
            }
            found.append(Action("warn", title, told, link(account, "coder", f.coder), _("See the chart")))
        if len(clearest) > MOST_CODERS:
            more = len(clearest) - MOST_CODERS
            told = ngettext("And %(n)s coder more.", "And %(n)s coders more.", more) % {"n": more}
            found.append(Action("warn", title, told, link(account, "coders"), _("All coders")))
    return found


def _of_forms(account: Account, counts: Counts) -> list[Action]:
    forms, url = counts.forms, link(account, "forms")
    found = []
    if forms.ends_soon:
        said = ngettext(
            "%(n)s link ends within three days, and nobody has answered.",
            "%(n)s links end within three days, and nobody has answered.",
            forms.ends_soon,
        )
        found.append(Action("open", _("Remind of forms"), said % {"n": forms.ends_soon}, url, _("List")))
    if forms.ended:
        said = ngettext(
            "%(n)s link ended without an answer.", "%(n)s links ended without an answer.", forms.ended
        )
        found.append(Action("open", _("Send forms again"), said % {"n": forms.ended}, url, _("List")))
    paper = forms.on_paper + forms.to_compare
    if paper:
        said = ngettext(
            "%(n)s form on paper is to be typed in or compared.",
            "%(n)s forms on paper are to be typed in or compared.",
            paper,
        )
        found.append(
            Action("open", _("Type in forms"), said % {"n": paper}, link(account, "paper"), _("Open"))
        )
    return found


def _first_steps(account: Account, counts: Counts) -> list[Action]:
    """Say what a new study needs next; one thing at a time."""
    if not counts.flow[0].n:
        text = _("Nobody is in the study yet. Read in the participants and sessions.")
        return [Action("open", _("Begin with people"), text, link(account, "people"), _("Import"))]
    if not any(c.active for c in counts.coders):
        text = _("No coder has an account yet.")
        return [Action("open", _("Declare coders"), text, link(account, "accounts"), _("Accounts"))]
    if not counts.purposes:
        text = _("No session is allocated to a coder yet.")
        return [Action("open", _("Allocate sessions"), text, link(account, "allocation"), _("Allocate"))]
    if not counts.sessions_to_go and all(c.locked == c.of for c in counts.coders) and not data_locked():
        text = _("Every tape is locked. Settle what is open, then lock the data.")
        return [Action("open", _("Lock the data"), text, link(account, "data"), _("Data"))]
    return []


def _answers(account: Account) -> list[Action]:
    waiting = open_alerts(current.study())
    if not waiting:
        return []
    said = ngettext("%(n)s answer has to be looked at.", "%(n)s answers have to be looked at.", len(waiting))
    text = said % {"n": len(waiting)} + " " + sentence(waiting[0].message)
    return [Action("bad", _("Answers on forms"), text, link(account, "alerts"), _("Look"))]


def _disagreements(account: Account) -> list[Action]:
    """Tell tapes that all their coders have locked and nobody has released, and released ones that wait."""
    standings = watch().standings()
    ready = [s for s in standings if not s.released and not s.waiting]
    released = [s for s in standings if s.released]
    settled = [s for s in released if s.settled]
    url, found = link(account, "consensus"), []
    if ready:
        text = _("%(tapes)s locked by all coders, not released yet.") % {"tapes": tapes(len(ready))}
        found.append(Action("open", _("Release disagreements"), text, url, _("Open")))
    if len(settled) < len(released):
        text = _("%(settled)s of %(released)s have an agreed value.") % {
            "settled": len(settled),
            "released": len(released),
        }
        found.append(Action("open", _("Settle released tapes"), text, url, _("Open")))
    return found


def count_alerts(found: Sequence[Action]) -> int:
    """Return how many of them are alerts, not next steps."""
    return sum(a.kind != "open" for a in found)
