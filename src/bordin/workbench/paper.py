"""Forms on paper: typed in twice, the second time without sight of the first, then compared and settled."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from bordin.errors import BordinError
from bordin.instruments.instrument import VISUAL_ANALOG, Instrument
from bordin.missing import Missing
from bordin.store.invitations import PAPER_STATES, Invited, State, Wanted, invitation, listed, make_paper
from bordin.store.paper_entries import Entry, entries, settle, type_in
from bordin.store.responses import PAPER_MISSING, SETTLED_READING, check_answers
from bordin.store.tables import DATA_MANAGER, LEAD
from bordin.study.wording import Questionnaire, form_ids, questionnaire
from bordin.workbench import current
from bordin.workbench.forms import read_places, state_words, when, whole
from bordin.workbench.pages import Page, draw, me, refusal

ON_A_PAGE = 100


def paper(request: HttpRequest) -> HttpResponseBase:
    """List the forms on paper, and make new ones ready."""
    study = current.study()
    problems: list[str] = []
    if request.method == "POST":
        form, who = request.POST.get("form", ""), request.POST.get("who", "")
        try:
            if form not in form_ids(study):
                raise BordinError(_("Choose a form."))
            made = [make_paper(me(request).name, form, place) for place in read_places(form, who)]
        except BordinError as error:
            problems = [str(p) for p in error.problems]
        else:
            return redirect("paper entry", made[0]) if len(made) == 1 else redirect("paper")
    page = max(whole(request.GET.get("page", ""), 1), 1)
    total, rows = listed(Wanted(states=PAPER_STATES), start=(page - 1) * ON_A_PAGE, most=ON_A_PAGE)
    words = state_words()
    context = {
        "forms": [(f.id, f.title or f.id) for f in study.protocol.forms],
        "form": request.POST.get("form", ""),
        "who": request.POST.get("who", ""),
        "problems": problems,
        "total": total,
        "before": page - 1 if page > 1 else 0,
        "after": page + 1 if page * ON_A_PAGE < total else 0,
        "rows": [
            {
                "i": i,
                "word": words[i.state][0],
                "shape": words[i.state][1],
                "typed": when(i.answered),
                "next": _next(i.state),
            }
            for i in rows
        ],
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK
    return draw(request, "paper.html", context, status=status)


def _next(state: State) -> tuple[str, str]:
    """Return the page and the words of the next step of a form."""
    return {
        State.ON_PAPER: ("paper entry", _("Type in")),
        State.TYPED_ONCE: ("paper entry", _("Type in again")),
        State.TO_COMPARE: ("paper compare", _("Compare")),
        State.SETTLED: ("paper compare", _("Look")),
    }[state]


def _asked(request: HttpRequest, id: str) -> tuple[Invited, Questionnaire] | HttpResponse:
    found = invitation(id)
    if found is None or found.state not in PAPER_STATES or found.form not in form_ids(current.study()):
        return refusal(request, HTTPStatus.NOT_FOUND, _("There is no such form on paper."))
    try:
        return found, questionnaire(current.study(), found.form)
    except BordinError as error:
        return refusal(request, HTTPStatus.CONFLICT, str(error))


def entry(request: HttpRequest, id: str) -> HttpResponseBase:
    """Type a form in: the first or the second time."""
    asked = _asked(request, id)
    if isinstance(asked, HttpResponse):
        return asked
    invited, form = asked
    held = entries(id)
    if len(held) >= 2 and request.method != "POST":
        return redirect("paper compare", id)
    if request.method != "POST":
        return _draw_entry(request, invited, form, held, {}, [])
    given = {key: request.POST.get(key, "") for key in form.rules.keys}
    reading = 2 if request.POST.get("reading") == "2" else 1
    answers, faults = check_answers(given, form.rules, paper=True)
    if faults:
        return _draw_entry(request, invited, form, held, given, list(faults), reading)
    try:
        state = type_in(me(request).name, id, reading, form.instrument, answers)
    except BordinError as error:
        messages.warning(request, str(error))
        return redirect("paper")
    if state is State.TO_COMPARE:
        return redirect("paper compare", id)
    told = (
        _("Both entries agree; the form is settled.")
        if state is State.SETTLED
        else _("Kept. Now somebody else types the same form in again.")
    )
    messages.info(request, told)
    return redirect("paper")


def _draw_entry(
    request: HttpRequest,
    invited: Invited,
    form: Questionnaire,
    held: list[Entry],
    given: dict[str, str],
    faulty: list[str],
    reading: int | None = None,
) -> HttpResponse:
    # The page of the second entry knows who typed the first, and none of its values.
    reading = reading or len(held) + 1
    context = {
        "invited": invited,
        "form": form,
        "reading": reading,
        "same_person": reading == 2 and bool(held) and held[0].actor == me(request).name,
        "rows": [{"q": q, "given": given.get(q.key, ""), "fault": q.key in faulty} for q in form.questions],
        "faulty": bool(faulty),
        "legend": [(c.shown or _("not applicable"), c.words) for c in form.questions[0].choices],
        **_rules(form.rules),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if faulty else HTTPStatus.OK
    return draw(request, "paper_entry.html", context, status=status)


def _rules(rules: Instrument) -> dict[str, Any]:
    """Return what may be typed, for the page and its script."""
    a = rules.answers
    nine = not a.low <= PAPER_MISSING <= a.high and PAPER_MISSING not in a.not_applicable
    codes = [f"{c:g}" for c in a.not_answered] + (
        ["9"] if nine and PAPER_MISSING not in a.not_answered else []
    )
    return {
        "range": str(a),
        "missing_codes": ", ".join(codes),
        "not_applicable": ", ".join(f"{c:g}" for c in a.not_applicable),
        # A single digit can only be the whole answer where no answer has two.
        "one_digit": a.kind != VISUAL_ANALOG and a.high < 10 and a.low >= 0 and a.kind == "whole numbers",
    }


def compare(request: HttpRequest, id: str) -> HttpResponseBase:
    """Show where two entries differ, and settle each item."""
    asked = _asked(request, id)
    if isinstance(asked, HttpResponse):
        return asked
    invited, form = asked
    held = entries(id)
    first = next((e for e in held if e.reading == 1), None)
    second = next((e for e in held if e.reading == 2), None)
    if first is None or second is None:
        # Before both are there, nobody sees either.
        return redirect("paper entry", id)
    settled = next((e for e in reversed(held) if e.reading == SETTLED_READING), None)
    given: dict[str, str] = {}
    faulty: list[str] = []
    if request.method == "POST":
        given = _settled_given(request, form, first, second, settled)
        answers, faults = check_answers(given, form.rules, paper=True)
        faulty = [*(k for k in form.rules.keys if k not in given), *faults]
        if not faulty:
            try:
                settle(me(request).name, id, form.instrument, answers)
            except BordinError as error:
                messages.warning(request, str(error))
            else:
                messages.info(request, _("The form is settled."))
            return redirect("paper")
    context = {
        "invited": invited,
        "form": form,
        "first": first,
        "second": second,
        "settled": settled,
        "settled_at": when(settled.at) if settled is not None else "",
        "same_person": first.actor == second.actor,
        "faulty": bool(faulty),
        **_compared(form, first, second, settled, given, faulty),
        **_rules(form.rules),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if faulty else HTTPStatus.OK
    return draw(request, "paper_compare.html", context, status=status)


def _compared(
    form: Questionnaire,
    first: Entry,
    second: Entry,
    settled: Entry | None,
    given: Mapping[str, str],
    faulty: Collection[str],
) -> dict[str, Any]:
    rows = [
        {
            "q": q,
            "first": _shown(first.answers[q.key]),
            "second": _shown(second.answers[q.key]),
            "apart": first.answers[q.key] != second.answers[q.key],
            "settled": _shown(settled.answers[q.key]) if settled is not None else "",
            "typed": given.get(q.key, "") if q.key in faulty else "",
            "fault": q.key in faulty,
        }
        for q in form.questions
    ]
    return {"rows": rows, "apart": sum(1 for r in rows if r["apart"]), "count": len(rows)}


def _settled_given(
    request: HttpRequest, form: Questionnaire, first: Entry, second: Entry, settled: Entry | None
) -> dict[str, str]:
    """Return what was settled, item by item: now, before, or by both entries; an item that is open is absent."""
    found = {}
    for key in form.rules.keys:
        one, other = first.answers[key], second.answers[key]
        chosen, typed = request.POST.get(f"{key}.take", ""), request.POST.get(f"{key}.value", "").strip()
        if typed:
            found[key] = typed
        elif chosen in {"1", "2"}:
            found[key] = _typed(one if chosen == "1" else other)
        elif settled is not None:
            found[key] = _typed(settled.answers[key])
        elif one == other:
            found[key] = _typed(one)
    return found


def _typed(answer: float | Missing) -> str:
    return answer.value if isinstance(answer, Missing) else f"{answer:g}"


def _shown(answer: float | Missing) -> str:
    if isinstance(answer, Missing):
        return str(_("not applicable") if answer is Missing.NOT_APPLICABLE else _("not answered"))
    return f"{answer:g}"


_BOTH = (LEAD, DATA_MANAGER)
PAGES = (
    Page("paper/", paper, "paper", _BOTH, ("GET", "POST")),
    Page("paper/<str:id>/", entry, "paper entry", _BOTH, ("GET", "POST")),
    Page("paper/<str:id>/compare/", compare, "paper compare", _BOTH, ("GET", "POST")),
)
