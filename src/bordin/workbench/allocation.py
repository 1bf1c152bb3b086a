"""Allocation: see it before it is issued, issue it, extend it, draw it again from its seed, reopen a locked tape."""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bordin.errors import BordinError
from bordin.report.number import number
from bordin.store.allocated import (
    IssuedPart,
    Reproduced,
    active_coders,
    issue_allocation,
    issued,
    pending,
    reproduce,
    usual_seed,
)
from bordin.store.issued_tapes import Issued, by_coder, latest_locked, looked_at, note_drawing, reopen
from bordin.store.people import data_locked
from bordin.store.standing import last_fact, rows
from bordin.store.tables import LEAD
from bordin.workbench import current
from bordin.workbench.allocation_preview import Preview, preview, preview_key, shown
from bordin.workbench.behind import Answer, Behind
from bordin.workbench.board import record_name
from bordin.workbench.next_actions import link
from bordin.workbench.pages import Page, draw, me

_previews: Behind[Preview] = Behind()
_reproduced: Behind[Reproduced] = Behind()
LARGEST_SEED = 2**31 - 1
PURPOSES = ("practice", "rate", "double", "calibration", "repeat")


def _coding(given: str) -> str:
    """Return the coding system that is meant; the first one when none is named."""
    known = list(current.study().systems)
    return given if given in known else (known[0] if known else "")


def _seed(given: str) -> int:
    usual = usual_seed(current.study())
    readable = given.isascii() and given.isdigit() and len(given) <= len(str(LARGEST_SEED))
    return int(given) if readable and int(given) <= LARGEST_SEED else usual


def _drawn(coding: str, seed: int, wait: float) -> Answer[Preview]:
    study = current.study()
    return _previews.ask(
        record_name(), preview_key(coding, seed), lambda _publish: preview(study, coding, seed), wait
    )


def show(request: HttpRequest) -> HttpResponse:
    """Draw the page."""
    study, account = current.study(), me(request)
    coding = _coding(request.GET.get("coding", ""))
    parts = issued(coding) if coding else []
    context: dict[str, Any] = {
        "coding": coding,
        "systems": [{"id": c, "name": s.name, "now": c == coding} for c, s in study.systems.items()],
        "plan": study.allocation_plan(),
        "protocol_seed": usual_seed(study),
        "parts": [_part(p) for p in parts],
        "people_url": link(account, "people"),
        "accounts_url": link(account, "accounts"),
        "data_locked": data_locked(),
    }
    if parts:
        context |= _issued(request, coding, parts)
    new_part = not parts or any(context["pending"])
    if coding and context["plan"] is not None and new_part and not context["data_locked"]:
        context |= _preview(request, coding, parts)
    return draw(request, "allocation.html", context)


def _part(p: IssuedPart) -> dict[str, Any]:
    d = p.detail
    drawings = d.get("drawings")
    return {
        "seq": p.seq,
        "on": p.at[:10],
        "by": p.actor,
        "count": p.count,
        "seed": d.get("seed", ""),
        "drawings": "" if drawings is None else drawings,
        "protocol": str(d.get("protocol", ""))[:8],
        "has_plan": p.has_plan,
        "left": d.get("left", ()),
        "joined": d.get("joined", ()),
        "coders_each": d.get("plan", {}).get("coders"),
    }


def _issued(request: HttpRequest, coding: str, parts: list[IssuedPart]) -> dict[str, Any]:
    """Return what was issued: tapes of each coder by purpose, what is new since, and tapes that can be reopened."""
    search = request.GET.get("tape", "").strip()[:100]
    (new, left, joined), counted = _counted(record_name(), preview_key(coding, 0), coding)
    purposes = [p for p in PURPOSES if any(p in c.purposes for c in counted)]
    names = _purpose_names()
    return {
        "pending": (new, left, joined),
        "pending_words": _pending_words(new, left, joined),
        "purposes": [names[p] for p in purposes],
        "issued_coders": [
            {
                "name": c.coder,
                "counts": [c.purposes.get(p, 0) for p in purposes],
                "all": sum(c.purposes.values()),
                "hours": number(c.minutes / 60, 0) if c.minutes else "–",
            }
            for c in counted
        ],
        "search": search,
        "locked": latest_locked(coding, search),
        "can_reproduce": all(p.has_plan for p in parts),
    }


@lru_cache(maxsize=4)
def _counted(
    record: str, key: Hashable, coding: str
) -> tuple[tuple[int, list[str], list[str]], list[Issued]]:
    """Count what was issued, and what is new since: once as long as nothing changes, since there may be much of it."""
    return pending(current.study(), coding, issued(coding)), by_coder(coding)


def _purpose_names() -> dict[str, str]:
    return {
        "practice": _("Practice"),
        "rate": _("Main"),
        "rating": _("Main"),
        "double": _("Once more"),
        "calibration": _("Calibration"),
        "repeat": _("Second reading"),
    }


def _pending_words(new: int, left: list[str], joined: list[str]) -> str:
    told = []
    if new:
        told.append(ngettext("%(n)s session is new", "%(n)s sessions are new", new) % {"n": f"{new:,}"})
    if left:
        told.append(_("no longer coding: %(names)s") % {"names": ", ".join(left)})
    if joined:
        told.append(_("new coders: %(names)s") % {"names": ", ".join(joined)})
    return "; ".join(told)


def _preview(request: HttpRequest, coding: str, parts: list[IssuedPart]) -> dict[str, Any]:
    """Return the drawing that is looked at; each one counts, and the record will say how many there were."""
    nobody, nothing = not active_coders(), not any(rows("SELECT 1 FROM store_session LIMIT 1"))
    if nobody or nothing:
        return {"nobody": nobody, "nothing": nothing}
    seed = int(parts[0].detail["seed"]) if parts else _seed(request.GET.get("seed", ""))
    answer = _drawn(coding, seed, 0.2)
    found: dict[str, Any] = {"seed": seed, "drawing": answer.stale, "failed": answer.failed}
    if answer.stale or answer.value is None:
        found["drawing_url"] = f"{reverse('allocation')}?{urlencode({'coding': coding, 'seed': seed})}"
        return found
    found["preview"] = shown(answer.value)
    if answer.value.allocation is not None:
        note_drawing(me(request).id, coding, len(parts), seed)
    found["drawings"] = len(looked_at(coding, len(parts)))
    return found


def waiting(request: HttpRequest) -> HttpResponse:
    """Answer the page that waits for a drawing: nothing yet, or that it is to load again."""
    coding = _coding(request.GET.get("coding", ""))
    if _drawn(coding, _seed(request.GET.get("seed", "")), 0.2).stale:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    response = HttpResponse()
    response["HX-Refresh"] = "true"
    return response


def issue(request: HttpRequest) -> HttpResponse:
    """Issue the drawing that was looked at."""
    coding, seed = _coding(request.POST.get("coding", "")), _seed(request.POST.get("seed", ""))
    back = f"{reverse('allocation')}?{urlencode({'coding': coding})}"
    answer = _drawn(coding, seed, 5.0)
    found = answer.value
    if answer.stale or found is None or found.allocation is None:
        messages.warning(request, _("Nothing was issued: this drawing is not ready. Look at it first."))
        return redirect(f"{back}&{urlencode({'seed': seed})}")
    if found.hash != request.POST.get("hash", ""):
        messages.warning(
            request, _("Nothing was issued: people, sessions or coders changed meanwhile. Look at it again.")
        )
        return redirect(f"{back}&{urlencode({'seed': seed})}")
    drawings = max(1, len(looked_at(coding, found.allocation.part)))
    try:
        issue_allocation(current.study(), coding, found.allocation, me(request).name, drawings)
    except BordinError as error:
        messages.warning(request, str(error))
        return redirect(back)
    messages.success(request, _("Issued. Each coder finds the tapes in the queue, under neutral names."))
    return redirect(back)


def draw_again(request: HttpRequest) -> HttpResponse:
    """Draw what was issued from its seed, and say whether it is the same."""
    coding = _coding(request.POST.get("coding", request.GET.get("coding", "")))
    study = current.study()
    key = (coding, last_fact("allocation"), last_fact("import"), last_fact("withdrawal"))
    answer = _reproduced.ask(
        record_name(),
        key,
        lambda _publish: reproduce(study, coding),
        2.0 if request.method == "POST" else 0.2,
    )
    context = {
        "coding": coding,
        "found": None if answer.stale else answer.value,
        "failed": answer.failed,
    }
    if request.headers.get("HX-Request") == "true":
        return draw(request, "_reproduced.html", context)
    return draw(request, "allocation_check.html", context)


def reopen_tape(request: HttpRequest) -> HttpResponse:
    """Reopen a locked tape, with the reason."""
    coding = _coding(request.POST.get("coding", ""))
    try:
        reopen(request.POST.get("assignment", ""), me(request).name, request.POST.get("reason", ""))
    except BordinError as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("Reopened. The coder can change the ratings, and locks them again."))
    return redirect(f"{reverse('allocation')}?{urlencode({'coding': coding})}")


PAGES = (
    Page("allocation/", show, "allocation", (LEAD,)),
    Page("allocation/waiting/", waiting, "allocation waiting", (LEAD,)),
    Page("allocation/issue/", issue, "allocation issue", (LEAD,), ("POST",)),
    Page("allocation/again/", draw_again, "allocation again", (LEAD,), ("GET", "POST")),
    Page("allocation/reopen/", reopen_tape, "allocation reopen", (LEAD,), ("POST",)),
)
