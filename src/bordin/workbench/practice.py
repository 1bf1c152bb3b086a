"""Training: a coder's practice tapes beside the standard, and the lead's table of certificates."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from bordin.coding.dimension import show as show_number
from bordin.coding.training import Certification, Feedback, PracticeTape
from bordin.errors import BordinError
from bordin.missing import Missing
from bordin.store import training
from bordin.store.blind import own_assignment
from bordin.store.tables import CODER, LEAD, Account
from bordin.store.training import Certificate, Practiced
from bordin.workbench import current, side_by_side
from bordin.workbench.manual import anchor, section_html
from bordin.workbench.pages import Page, draw, me

ALL_ALIKE = 4


def may_rate(account: Account, coding: str) -> tuple[bool, str]:
    """Say whether a coder may rate the tapes of the study, and if not why."""
    return training.may_rate(current.study(), account, coding)


def certify_if_reached(account: Account, coding: str) -> bool:
    """Certify a coder who has just locked a practice tape, when the criterion is reached."""
    return training.certify_if_reached(current.study(), account, coding)


def practice_rows(account: Account) -> dict[str, Any] | None:
    """Return what the queue says of practice; None when the coder has no practice tape."""
    states = _states(account)
    if not any(s.practice for s in states):
        return None
    return {
        "certified": all(s.certified for s in states if s.practice),
        "criterion": " ".join(_rule_text(s.coding) for s in states if s.practice),
        "rows": [_row(p) for s in states for p in s.practice],
    }


def _states(account: Account) -> list[Certificate]:
    """Return where a coder stands in each coding system, also in one that is practiced without certificates."""
    study, found = current.study(), []
    for coding in study.systems:
        state = training.certificate(study, account, coding)
        if state is None:
            tapes = training.practiced(study, coding, training.PRACTICE, account.id)
            state = Certificate(account.name, coding, True, "", _nothing(account.name), tuple(tapes), ())
        found.append(state)
    return found


def _nothing(coder: str) -> Certification:
    return Certification(coder, True, "", (), 0)


def _rule_text(coding: str) -> str:
    rule = training.rule_of(current.study(), coding)
    return rule.sentence() if rule is not None else ""


def _row(tape: Practiced) -> dict[str, Any]:
    compared = tape.compared
    return {
        "name": tape.name,
        "assignment": tape.assignment,
        "exact": compared.exact if compared is not None else None,
        "within": compared.close if compared is not None else None,
        "of": compared.of if compared is not None else None,
        "reached": compared is not None and compared.reached,
        "state": "locked" if tape.lock else "open",
    }


# The coder's pages ----------------------------------------------------------------------------------------------


def show(request: HttpRequest) -> HttpResponse:
    """Draw a coder's practice tapes and how far the certificate is."""
    account = me(request)
    parts = []
    for state in _states(account):
        rule = training.rule_of(current.study(), state.coding)
        if not state.practice and rule is None:
            continue
        rows = [_row(p) for p in state.practice]
        following = next((r for r in rows if r["state"] == "open"), None)
        for row in rows:
            row["next"] = row is following
        parts.append(
            {
                "system": current.study().systems[state.coding],
                "coding": state.coding,
                "rule": rule.sentence() if rule is not None else "",
                "within": show_number(rule.within) if rule is not None else "1",
                "certified": state.certified and rule is not None,
                "on": state.on,
                "reason": state.found.reason,
                "rows": rows,
                "next": following,
                "locked": state.locked,
            }
        )
    return draw(request, "practice.html", {"parts": parts})


def show_feedback(request: HttpRequest, assignment: str) -> HttpResponse:
    """Draw a locked practice tape beside the standard, dimension by dimension."""
    account = me(request)
    own = own_assignment(account.id, assignment)
    found = training.feedback(current.study(), account.id, assignment)
    if own is None or found is None:
        raise Http404
    system = current.study().systems[own.coding]
    state = next(s for s in _states(account) if s.coding == own.coding)
    rule = training.rule_of(current.study(), own.coding)
    dimensions = {d.id: d for d in system.dimensions}
    following = [p for p in state.practice if not p.lock]
    context = {
        "name": own.name,
        "assignment": assignment,
        "system": system,
        "coding": own.coding,
        "compared": found.compared,
        "within": show_number(rule.within) if rule is not None else "1",
        "rule": rule.sentence() if rule is not None else "",
        "state": state,
        "next": following[0] if following else None,
        "rows": [_feedback(f, dimensions[f.dimension], system) for f in _lines(found.compared)],
    }
    return draw(request, "practice_feedback.html", context)


def _lines(compared: PracticeTape | None) -> tuple[Feedback, ...]:
    return compared.feedback if compared is not None else ()


def _feedback(f: Feedback, dimension: Any, system: Any) -> dict[str, Any]:
    if f.exact:
        kind, words = "ok", _("same")
    elif f.difference is None:
        kind, words = "warn", _("one without a number")
    else:
        way = _("%(n)s too high") if f.difference > 0 else _("%(n)s too low")
        kind, words = "open" if f.close else "warn", way % {"n": show_number(abs(f.difference))}
    return {
        "id": dimension.id,
        "name": f.name,
        "value": _written(f.value),
        "reference": _written(f.reference),
        "kind": kind,
        "words": words,
        "apart": not f.close,
        "anchor": f.anchor,
        "reference_anchor": f.reference_anchor,
        "sentence": f.sentence,
        "section": section_html(system, dimension),
        "manual_at": anchor(dimension.section or dimension.name),
        "drawing": _places(f, dimension),
    }


def _written(value: float | Missing) -> str:
    return _("NC") if isinstance(value, Missing) else show_number(value)


def _places(f: Feedback, dimension: Any) -> dict[str, Any]:
    """Return the two values on a small scale, the coder's as a circle and the standard's as a square."""
    given = [(0, f.value), (1, f.reference)]
    at = [(i, side_by_side.place(dimension, v)) for i, v in given if not isinstance(v, Missing)]
    same = len(at) == 2 and at[0][1] == at[1][1]
    shapes = [
        side_by_side.Shape(
            side_by_side.SHAPES[i],
            i == 0,
            x,
            20.0,
            (4.5 if i == 0 else 8.0) if same else (7.0 if i == 0 else 6.0),
        )
        for i, x in reversed(at)
    ]
    ends = (at[0][1], at[1][1]) if len(at) == 2 and not same else None
    return {"shapes": shapes, "ends": ends, "near": f.close}


# The lead's table -----------------------------------------------------------------------------------------------


def show_certificates(request: HttpRequest) -> HttpResponseBase:
    """Draw where every coder stands, bring certificates up to date, or withdraw one."""
    study = current.study()
    if request.method == "POST":
        return _change(request)
    rows = [_certificate_row(c) for c in training.certificates(study)]
    rules = [
        {"system": study.systems[coding].name, "rule": rule.sentence()}
        for coding in study.systems
        if (rule := training.rule_of(study, coding)) is not None
    ]
    context = {"rows": rows, "rules": rules, "several": len(rules) > 1, "due": sum(r["due"] for r in rows)}
    return draw(request, "training.html", context)


def _certificate_row(c: Certificate) -> dict[str, Any]:
    study = current.study()
    rule = training.rule_of(study, c.coding)
    seen = [t for t in c.calibration if t.compared is not None]
    later = (
        training.judge(c.coder, seen, study.systems[c.coding], rule) if seen and rule is not None else None
    )
    latest = c.found.tapes[-1] if c.found.tapes else None
    recent = [t.compared for t in sorted(seen, key=lambda t: t.lock)[-ALL_ALIKE:] if t.compared is not None]
    return {
        "coder": c.coder,
        "coding": c.coding,
        "system": study.systems[c.coding].name,
        "certified": c.certified,
        "on": c.on,
        "due": c.found.certified and not c.certified,
        "reason": c.found.reason,
        "locked": c.locked,
        "of": len(c.practice),
        "latest": latest,
        "calibration": len(seen),
        "calibration_of": len(c.calibration),
        "reached": sum(t.reached for t in recent),
        "recent": len(recent),
        "close": sum(t.close for t in recent),
        "dimensions": sum(t.of for t in recent),
        "slipped": later is not None and c.certified and not recent[-1].reached,
    }


def _change(request: HttpRequest) -> HttpResponseBase:
    study = current.study()
    coder, coding = request.POST.get("coder", ""), request.POST.get("coding", "")
    if request.POST.get("do") == "withdraw":
        try:
            training.withdraw_certificate(me(request).name, coder, coding, request.POST.get("reason", ""))
        except BordinError as error:
            messages.error(request, str(error))
        else:
            told = _("%(coder)s’s certificate is withdrawn. Allocate new practice tapes next.")
            messages.success(request, told % {"coder": coder})
        return redirect("training")
    made = [
        account.name
        for account in Account.objects.filter(role=CODER)
        for system in study.systems
        if training.certify_if_reached(study, account, system)
    ]
    if made:
        messages.success(request, _("Certified: %(coders)s.") % {"coders": ", ".join(made)})
    else:
        messages.success(request, _("No coder has newly reached the criterion."))
    return redirect("training")


PAGES = (
    Page("practice/", show, "practice", (CODER,)),
    Page("practice/<str:assignment>/", show_feedback, "practice feedback", (CODER,)),
    Page("training/", show_certificates, "training", (LEAD,), ("GET", "POST")),
)
