"""The form that a patient or therapist answers by a link: one page, no name, no cookie, no way into the workbench."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from bordin.errors import ProtocolError
from bordin.instruments.score import Fault
from bordin.missing import Missing
from bordin.store.invitations import State, by_token, is_closed_to_data
from bordin.store.responses import Sent, check_answers, send
from bordin.study.wording import Questionnaire, form_ids, questionnaire
from bordin.workbench import current
from bordin.workbench.pages import Page

# Answers by the names of the form's own fields cannot collide with these.
SEND_EMPTY = "bordin-send-empty"


# The path holds a token of 160 bits: who has it may answer, and no other site has it. A CSRF cookie would be the only
# cookie that a patient gets, so there is none.
@csrf_exempt
def form(request: HttpRequest, token: str) -> HttpResponseBase:
    """Show the form of a link, and keep what is sent."""
    invited = by_token(token)
    if invited is None:
        return closed(request)
    known = invited.state is State.OPEN and not is_closed_to_data()
    if not known and not (request.method == "POST" and invited.state is State.ANSWERED):
        return closed(request)
    try:
        asked = questionnaire(current.study(), invited.form)
    except ProtocolError:
        # The lead's page says what is wrong with the wording; the link stays alive.
        return _drawn(request, "form_closed.html", {"later": True}, HTTPStatus.SERVICE_UNAVAILABLE)
    if request.method != "POST":
        return show(request, asked, browser_key(token))
    given = {key: request.POST[key] for key in asked.rules.keys if key in request.POST}
    answers, faults = check_answers(given, asked.rules)
    if faults and known:
        return show(request, asked, browser_key(token), given=given, faults=faults)
    empty = all(isinstance(a, Missing) for a in answers.values())
    if empty and known and SEND_EMPTY not in request.POST:
        return show(request, asked, browser_key(token), given=given, empty=True)
    if send(token, asked.informant, asked.instrument, answers) is Sent.CLOSED:
        return closed(request)
    number = form_ids(current.study()).index(invited.form) + 1
    return _private(HttpResponseRedirect(reverse("form sent", args=[number]), status=HTTPStatus.SEE_OTHER))


def sent(request: HttpRequest, number: int) -> HttpResponseBase:
    """Thank whoever answered. The address says which form it was, and nothing of whose."""
    ids = form_ids(current.study())
    if not 1 <= number <= len(ids):
        return closed(request)
    use = current.study().protocol.forms[number - 1]
    try:
        language = questionnaire(current.study(), use.id).language
    except ProtocolError:
        language = ""
    told = {"contact": use.contact, "thanks": use.thanks}
    return _drawn(request, "form_thanks.html", told, language=language)


def closed(request: HttpRequest) -> HttpResponseBase:
    """Answer a link that is used, expired, taken back or was never made: one page for all, so that it tells nothing."""
    contacts = {f.contact for f in current.study().protocol.forms}
    told = {"contact": next(iter(contacts)) if len(contacts) == 1 else ""}
    return _drawn(request, "form_closed.html", told, HTTPStatus.GONE)


def browser_key(token: str) -> str:
    """Return the name under which a browser keeps the answers until they are sent: not the hash that the store has."""
    return hashlib.sha256(f"browser {token}".encode()).hexdigest()[:24]


def show(
    request: HttpRequest,
    asked: Questionnaire,
    key: str,
    *,
    given: Mapping[str, str] | None = None,
    faults: Mapping[str, Fault] | None = None,
    empty: bool = False,
    preview: bool = False,
) -> HttpResponse:
    """Draw a form; ``given`` is what was sent with faults, or empty, and is there again."""
    given = given or {}
    answers = asked.rules.answers
    context = {
        "asked": asked,
        "key": key,
        "preview": preview,
        "empty": empty,
        "send_empty": SEND_EMPTY,
        "count": len(asked.questions),
        "low": f"{answers.low:g}",
        "high": f"{answers.high:g}",
        "questions": [
            {"q": q, "given": given.get(q.key), "fault": q.key in (faults or {})} for q in asked.questions
        ],
        "faulty": [q for q in asked.questions if q.key in (faults or {})],
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if faults or empty else HTTPStatus.OK
    return _drawn(request, "form.html", context, status, asked.language)


def _drawn(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    status: int = HTTPStatus.OK,
    language: str = "",
) -> HttpResponse:
    # The words are the study's, so the page speaks their language, whatever the browser asks for.
    language = language or current.server().language
    with translation.override(language):
        shared = {"language": language, "closed_title": _("This form is closed")}
        answer = render(request, f"workbench/{template}", {**shared, **context}, status=status)
    answer.headers["Content-Language"] = language
    return _private(answer)


def _private(answer: Any) -> Any:
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer


PAGES = (
    Page("f/sent/<int:number>/", sent, "form sent"),
    Page("f/<str:token>/", form, "form", methods=("GET", "POST")),
)
