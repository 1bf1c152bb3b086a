"""The coder's queue: neutral names in the order drawn for this coder, and what is next."""

from __future__ import annotations

from math import ceil
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from bordin.store.blind import OwnAssignment, Progress, is_closed, minutes_a_tape, own_assignments, progress
from bordin.store.tables import CODER, Account
from bordin.workbench import current
from bordin.workbench.pages import Page, draw, me
from bordin.workbench.practice import may_rate, practice_rows
from bordin.workbench.wording import whole_minutes

PER_PAGE = 50
AUTO_REWIND = 2.0


def open_now(assignments: list[OwnAssignment], account: Account) -> OwnAssignment | None:
    """Return the one assignment that a coder works on now: the first that is not locked, practice before the rest."""
    for assignment in assignments:
        if not assignment.locked:
            if assignment.purpose == "practice" or may_rate(account, assignment.coding)[0]:
                return assignment
            return None
    return None


def show(request: HttpRequest) -> HttpResponse:
    """Draw the queue."""
    account = me(request)
    everything = own_assignments(account.id)
    practice = [a for a in everything if a.purpose == "practice"]
    own = [a for a in everything if a.purpose != "practice"]
    closed = is_closed()
    now = None if closed else open_now(everything, account)
    locked = [a for a in own if a.locked]
    shown = _shown(request, own)
    tapes = [a for a in shown["assignments"] if a is not now]
    far = progress([a.id for a in ([now] if now else []) + tapes])
    order = {a.id: i for i, a in enumerate(own, start=1)}
    after = _next_after(own, now) if now is not None else None
    queue = {
        "next": _next(now, far.get(now.id)) if now is not None else None,
        "rows": [_row(a, far[a.id], order[a.id], now, after) for a in shown["assignments"]],
        "progress": _pace(account.id, own, len(locked)),
        "practice": practice_rows(account) if practice else None,
        "differed": [{"name": a.name, "assignment": a.id} for a in own if a.locked and a.released],
        "manual_version": ", ".join(s.manual_version for s in current.study().systems.values()),
        "empty": _closed() if closed else _empty(everything, own, now, account),
        "closed": closed,
        "waits": now is None and len(locked) < len(own),
        "show": shown["show"],
        "counts": {"all": len(own), "todo": len(own) - len(locked), "locked": len(locked)},
        "more": shown["more"],
        "page": shown["page"],
    }
    return draw(request, "queue.html", {"queue": queue})


def _shown(request: HttpRequest, own: list[OwnAssignment]) -> dict[str, Any]:
    """Choose which tapes a page shows: what is to do first, then the latest that are locked."""
    show = request.GET.get("show", "all")
    todo = [a for a in own if not a.locked]
    locked = [a for a in reversed(own) if a.locked]
    chosen = {"todo": todo, "locked": locked}.get(show, [*todo, *locked])
    page = request.GET.get("page", "1")
    number = max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 9 else 1
    begin = (number - 1) * PER_PAGE
    return {
        "show": show if show in {"todo", "locked"} else "all",
        "assignments": chosen[begin : begin + PER_PAGE],
        "more": len(chosen) > begin + PER_PAGE,
        "page": number,
    }


def _next_after(own: list[OwnAssignment], now: OwnAssignment | None) -> OwnAssignment | None:
    return next((a for a in own if not a.locked and a is not now), None)


def dimensions_of(assignment: OwnAssignment) -> int:
    """Return how many dimensions an assignment asks for."""
    return len(current.study().systems[assignment.coding].dimensions)


def _share(assignment: OwnAssignment, far: Progress) -> float:
    seconds = (assignment.minutes or 0.0) * 60
    return min(1.0, far.heard / seconds) if seconds else 0.0


def _next(assignment: OwnAssignment, far: Progress | None) -> dict[str, Any]:
    far = far or Progress(0, 0, 0.0, 0.0, False)
    return {
        "assignment": assignment.id,
        "name": assignment.name,
        "rated": far.rated,
        "of": dimensions_of(assignment),
        "marks": far.marks,
        "stopped_at": far.stopped_at,
        "resume_at": max(0.0, far.stopped_at - AUTO_REWIND),
        "seconds": (assignment.minutes or 0.0) * 60,
        "heard": _share(assignment, far),
        "begun": far.begun,
        "practice": assignment.purpose == "practice",
    }


def _row(
    a: OwnAssignment, far: Progress, order: int, now: OwnAssignment | None, after: OwnAssignment | None
) -> dict[str, Any]:
    if a.locked:
        state, action = "locked", "view"
    elif now is not None and a.id == now.id:
        state, action = "now" if far.begun else "open", "resume" if far.begun else "start"
    else:
        state, action = "open", "next" if after is not None and a.id == after.id else "later"
    return {
        "order": order,
        "assignment": a.id,
        "name": a.name,
        "minutes": a.minutes,
        "state": state,
        "rated": far.rated,
        "of": dimensions_of(a),
        "heard": _share(a, far),
        "action": action,
    }


def _pace(account: int, own: list[OwnAssignment], locked: int) -> dict[str, Any]:
    usual = minutes_a_tape(account)
    left = len(own) - locked
    return {
        "locked": locked,
        "total": len(own),
        "usual_minutes": whole_minutes(usual),
        "hours_left": ceil(usual * left / 60) if usual is not None and left else None,
    }


def _closed() -> str:
    return str(
        _("The lead has locked the data, so nothing can be rated now. What you locked can still be read.")
    )


def _empty(
    everything: list[OwnAssignment], own: list[OwnAssignment], now: OwnAssignment | None, account: Account
) -> str:
    """Say why there is nothing to do, and what comes next; empty when there is something."""
    if now is not None:
        return ""
    if not everything:
        return str(_("No tape is waiting for you yet. The lead will tell you when tapes are allocated."))
    waiting = next((a for a in everything if not a.locked), None)
    if waiting is None:
        return str(
            _("All your tapes are locked. Thank you. The lead will tell you when disagreements are released.")
        )
    return may_rate(account, waiting.coding)[1]


PAGES = (Page("queue/", show, "queue", (CODER,)),)
