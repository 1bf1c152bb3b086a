"""The lead's overview: flow, reliability and coders as they arrive, what waits, and who is still blind to what."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bordin.report.number import level, percent, threshold
from bordin.store.overview import CoderFigures, DimensionFigures, Guessed
from bordin.store.progress import HIDDEN, CoderProgress, Step, unblindings
from bordin.store.record import NewFact
from bordin.store.standing import last_fact, rows
from bordin.store.tables import DATA_MANAGER, LEAD, READER, Account
from bordin.store.writer import add
from bordin.workbench import coders, current, reliability
from bordin.workbench.board import Board, look
from bordin.workbench.coders import charts
from bordin.workbench.figures import coefficient_axis, coefficient_plot
from bordin.workbench.neutral import letters
from bordin.workbench.next_actions import actions, count_alerts, link
from bordin.workbench.pages import Page, draw, me, refusal
from bordin.workbench.wording import in_words, printed, sentence, whole_minutes

WATCHERS = (LEAD, DATA_MANAGER, READER)
SHORTEST_REASON = 10
MOST_CODERS = 12


def show(request: HttpRequest) -> HttpResponse:
    """Draw the overview, at once, with the latest figures there are."""
    return draw(request, "overview.html", _context(request))


def refresh(request: HttpRequest) -> HttpResponse:
    """Answer the page that waits for newer figures: with the part that changes, or with nothing yet."""
    answer = look()
    board = answer.value
    shown = request.GET.get("seen", "")
    if board is None or shown == _mark(board, answer.stale):
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    return draw(request, "_standing.html", {**_context(request), "refreshed": True})


def _mark(board: Board, stale: bool) -> str:
    """Return what tells one state of the page from another."""
    figures = board.figures.seq if board.figures is not None else 0
    return f"{board.counts.seq}.{figures}.{'s' if stale else 'f'}"


def _context(request: HttpRequest) -> dict[str, Any]:
    account, study = me(request), current.study()
    answer = look()
    board = answer.value
    waiting = actions(account, board)
    return {
        "study": study.protocol.study,
        "blindness": blindness(),
        "tags": _tags(),
        "actions": waiting,
        "alerts": count_alerts(waiting),
        "stale": answer.stale,
        "failed": answer.failed,
        "mark": _mark(board, answer.stale) if board is not None else "",
        "freshness": freshness(board, answer.stale),
        "now": f"{datetime.now():%H:%M}",
        "facts": last_fact(),
        "audit_url": link(account, "audit"),
        "backup": _last_backup(),
        **(_of_board(account, board) if board is not None else {}),
    }


def _of_board(account: Account, board: Board) -> dict[str, Any]:
    counts, figures = board.counts, board.figures
    study = current.study()
    found: dict[str, Any] = {
        "counts": counts,
        "flow": [_step(s) for s in counts.flow],
        "coders": [_coder(c, account) for c in counts.coders[:MOST_CODERS]],
        "n_coders": len(counts.coders),
        "coders_url": link(account, "coders"),
        "locked": sum(c.locked for c in counts.coders),
        "of": sum(c.of for c in counts.coders),
        "purposes": _purposes(counts.purposes),
        "forms_url": link(account, "forms"),
        "with_forms": bool(study.protocol.forms),
    }
    if figures is not None:
        found |= {
            "figures": figures,
            "systems": [_system(account, use.id, figures.dimensions) for use in study.protocol.coding],
            "charts": [_charts(account, c) for c in figures.coders],
            "guesses": [guesses(g) for g in figures.guesses],
            "level": level(study.protocol.table.level),
        }
    return found


def _step(step: Step) -> dict[str, Any]:
    """Put a box of the flow into words; the sample is named by its label alone."""
    sample = current.study().protocol.sample
    names = {
        "recruited": _("recruited"),
        "sample": sample.label or _("in the sample"),
        "form": _("with a form"),
        "tape": _("with a tape"),
        "coded": _("coded so far"),
    }
    if current.study().instruments:
        names["tape"] = _("with form and tape")
    rest = {
        "recruited": "",
        "sample": _("%(n)s others"),
        "form": _("%(n)s without one"),
        "tape": _("%(n)s without a usable tape"),
        "coded": _("%(n)s to go"),
    }
    return {
        "n": f"{step.n:,}",
        "name": names[step.kind],
        "rest": rest[step.kind] % {"n": f"{step.rest:,}"} if step.rest else "",
    }


def _coder(c: CoderProgress, account: Account) -> dict[str, Any]:
    return {
        "name": c.coder,
        "active": c.active,
        "locked": c.locked,
        "of": c.of,
        "practice": f"{c.practiced} / {c.practice}" if c.practice and c.practiced < c.practice else "",
        "heard": "" if c.heard is None else percent(c.heard),
        "minutes": whole_minutes(c.minutes),
        "url": link(account, "coder", c.coder),
    }


def _purposes(by_purpose: Any) -> str:
    """Say how much of each purpose is locked; coders cannot see which is which."""
    names = {
        "rate": _("main"),
        "double": _("double-coded"),
        "calibration": _("calibration"),
        "repeat": _("second readings"),
        "practice": _("practice"),
    }
    told = [
        _("%(what)s %(locked)s of %(of)s")
        % {"what": names.get(p, p), "locked": f"{locked:,}", "of": f"{of:,}"}
        for p, (locked, of) in sorted(by_purpose.items(), key=lambda i: [*names, i[0]].index(i[0]))
    ]
    return sentence(", ".join(told))


def _system(account: Account, coding: str, dimensions: tuple[DimensionFigures, ...]) -> dict[str, Any]:
    own = [d for d in dimensions if d.coding == coding]
    use, system = current.coding(coding)
    double = max((d.n_double for d in own), default=0)
    coded = max((d.n_sessions for d in own), default=0)
    return {
        "id": coding,
        "name": system.name,
        "criterion": use.criterion,
        "criterion_text": "" if use.criterion is None else threshold(use.criterion),
        "axis": coefficient_axis(use.criterion),
        "rows": [dimension_row(account, d) for d in own],
        "double": double,
        "coded": coded,
        "single": coded - double,
    }


def dimension_row(account: Account, d: DimensionFigures) -> dict[str, Any]:
    """Return a dimension's reliability as the table shows it."""
    estimate = d.single.estimate
    criterion = None if d.criterion is None else d.criterion.criterion
    below = criterion is not None and estimate.value is not None and estimate.value < criterion
    state, words = "", ""
    if estimate.value is None:
        state, words = "open", _("undefined")
    elif d.restricted is not None:
        state, words = "warn", _("restricted range")
    elif below:
        state, words = "bad", _("below criterion")
    kind = {"warn": "warn", "bad": "low"}.get(state, "")
    value, low = in_words(estimate)
    return {
        "id": d.id,
        "name": d.name,
        "url": link(account, "reliability", d.coding, d.id),
        "plot": coefficient_plot(estimate, criterion, kind),
        "single": printed(estimate),
        "within": printed(d.within.estimate, kind="share"),
        "state": state,
        "status": words,
        "reading": value,
        "lowest": low,
    }


def _charts(account: Account, figures: CoderFigures) -> dict[str, Any]:
    shown = charts(figures)
    return {
        "coding": figures.coding,
        "name": current.study().systems[figures.coding].name,
        "charts": shown[:6] if len(shown) > 6 else sorted(shown, key=lambda c: c["coder"]),
        "all": len(shown),
        "n": figures.n_sessions,
        "of": figures.of,
        "drawn": figures.drawn,
        "in_points": figures.in_points,
    }


def guesses(guessed: Guessed) -> dict[str, Any]:
    """Return Bang's index of what coders guessed, the arms as letters as long as the lead is blind."""
    hidden = guessed.what not in _open_items()
    names = letters(guessed.what, [i.arm for i in guessed.indices]) if hidden else {}
    found = [
        {
            "arm": names.get(i.arm, i.arm),
            "index": printed(i.estimate),
            "correct": i.correct,
            "incorrect": i.incorrect,
            "unknown": i.unknown,
        }
        for i in guessed.indices
    ]
    return {"what": guessed.what, "hidden": hidden, "rows": sorted(found, key=lambda r: str(r["arm"]))}


def _open_items() -> set[str]:
    return {u.item for u in unblindings()}


def blindness() -> dict[str, Any]:
    """Return what the lead is blind to, and what was unblinded when, by whom and why."""
    done = unblindings()
    names = {"arm": _("arm"), "outcome": _("outcome")}
    still = [names[h] for h in HIDDEN if h not in {u.item for u in done}]
    if not done:
        told = _("You are blind to arm and outcome; no unblinding so far.")
    elif still:
        told = _("You are still blind to %(what)s.") % {"what": _(" and ").join(still)}
    else:
        told = _("Nothing is hidden from you any more.")
    return {
        "sentence": told,
        "still": [(h, names[h]) for h in HIDDEN if names[h] in still],
        "done": [
            {"what": names.get(u.item, u.item), "by": u.actor, "on": u.at[:10], "why": u.reason} for u in done
        ],
    }


def _tags() -> list[str]:
    study = current.study()
    found = [
        _("Protocol %(version)s, %(hash)s")
        % {
            "version": study.protocol.study.version,
            "hash": f"{study.sha256[:4]} {study.sha256[4:8]}",
        }
    ]
    for system in study.systems.values():
        if system.manual_version:
            found.append(_("Manual %(version)s") % {"version": system.manual_version})
    found.append(_("Seed %(seed)s") % {"seed": study.protocol.study.seed})
    return list(dict.fromkeys(found))


def freshness(board: Board | None, stale: bool) -> str:
    """Say what the figures rest on."""
    if board is None or board.figures is None:
        return str(_("Being computed"))
    said = ngettext("As of %(n)s locked rating", "As of %(n)s locked ratings", board.figures.locked)
    if stale:
        said = _("As of %(n)s locked ratings; newer ones are being counted")
    return str(said % {"n": f"{board.figures.locked:,}"})


def _last_backup() -> str:
    found = list(rows("SELECT at FROM store_fact WHERE kind = 'backup' ORDER BY seq DESC LIMIT 1"))
    return found[0][0][:16].replace("T", " ") if found else ""


def unblind(request: HttpRequest) -> HttpResponse:
    """Note that the lead sees the arm or the outcome from now on, with the reason."""
    item, reason = request.POST.get("item", ""), " ".join(request.POST.get("reason", "").split())
    if item not in HIDDEN:
        return refusal(request, HTTPStatus.BAD_REQUEST, _("Choose arm or outcome."))
    if len(reason) < SHORTEST_REASON:
        messages.warning(request, _("Nothing was unblinded: say in a sentence why, it stands in the record."))
        return redirect("overview")
    add(NewFact("unblinding", me(request).name, item=item, reason=reason[:1000]))
    messages.success(request, _("Unblinded. The record says what, when and why."))
    return redirect("overview")


PAGES = (
    Page("overview/", show, "overview", WATCHERS),
    Page("overview/reliability/", refresh, "overview reliability", WATCHERS),
    Page("overview/unblind/", unblind, "unblind", (LEAD,), ("POST",)),
    *reliability.PAGES,
    *coders.PAGES,
)
