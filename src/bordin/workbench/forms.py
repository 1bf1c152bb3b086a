"""Questionnaires for the lead and the data manager: links, where they stand, reminders, alerts."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import segno
from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bordin.errors import BordinError, Problem, nearest
from bordin.store.invitations import (
    PAPER_STATES,
    NewLink,
    Place,
    State,
    Wanted,
    counts,
    invitation,
    listed,
    make_links,
    renew,
    take_back,
)
from bordin.store.responses import alerts as all_alerts
from bordin.store.responses import open_alerts, scorable, see_alert
from bordin.store.tables import DATA_MANAGER, LEAD, Participant, Session
from bordin.study.wording import form_ids, is_per_session, questionnaire
from bordin.workbench import current
from bordin.workbench.form import browser_key, show
from bordin.workbench.pages import Page, draw, me, refusal

ON_A_PAGE = 100
# A list that is longer is for the mail merge, not for the eye.
MOST_SHOWN = 300
MOST_PICTURES = 12
LINKS_SALT = "bordin.links"
LINKS_SECONDS = 3600
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
LONGEST_NOTE = 4000


def state_words() -> dict[State, tuple[str, str]]:
    """Return the word and the class of the shape for each state."""
    return {
        State.OPEN: (_("Open"), "open"),
        State.ANSWERED: (_("Answered"), "ok"),
        State.EXPIRED: (_("Expired"), "warn"),
        State.TAKEN_BACK: (_("Taken back"), "open"),
        State.WITHDRAWN: (_("Consent withdrawn"), "open"),
        State.ON_PAPER: (_("On paper, not typed in"), "open"),
        State.TYPED_ONCE: (_("Typed in once"), "now"),
        State.TO_COMPARE: (_("Entries differ"), "warn"),
        State.SETTLED: (_("Paper, settled"), "ok"),
    }


def when(text: str | None) -> str:
    """Return a fact's time as it is shown: to the minute, UTC."""
    return text[:16].replace("T", " ") if text else ""


def forms(request: HttpRequest) -> HttpResponseBase:
    """Show every form with its counts, and every invitation with its state."""
    study = current.study()
    words = state_words()
    wanted = _wanted(request)
    page = max(whole(request.GET.get("page", "1"), 1), 1)
    total, rows = listed(wanted, start=(page - 1) * ON_A_PAGE, most=ON_A_PAGE)
    last = max((total + ON_A_PAGE - 1) // ON_A_PAGE, 1)
    query = {k: request.GET[k] for k in ("form", "state", "who") if request.GET.get(k)}
    open_ones = len(open_alerts(study)) if me(request).role == LEAD else None
    return draw(
        request,
        "forms.html",
        {
            "cards": _cards(),
            "alerts": open_ones,
            "forms": form_ids(study),
            "states": [(s.value, words[s][0]) for s in State],
            "chosen": {"form": query.get("form"), "state": query.get("state"), "who": query.get("who", "")},
            "filtered": bool(query),
            "rows": [
                {
                    "i": i,
                    "word": words[i.state][0],
                    "shape": words[i.state][1],
                    "made": when(i.at),
                    "answered": when(i.answered),
                    "expires": f"{i.expires:%Y-%m-%d}" if i.expires and i.state is not State.ANSWERED else "",
                    "may_end": i.state in {State.OPEN, State.EXPIRED, State.ON_PAPER},
                    "may_renew": i.state in {State.OPEN, State.EXPIRED, State.TAKEN_BACK},
                    "paper": i.state in PAPER_STATES,
                }
                for i in rows
            ],
            "total": total,
            "page": page,
            "last": last,
            "before": urlencode({**query, "page": page - 1}) if page > 1 else "",
            "after": urlencode({**query, "page": page + 1}) if page < last else "",
            "team": current.server().team,
        },
    )


def _wanted(request: HttpRequest) -> Wanted:
    form, state = request.GET.get("form", ""), request.GET.get("state", "")
    return Wanted(
        forms=(form,) if form else (),
        states=(State(state),) if state in set(State) else (),
        participant=request.GET.get("who", "").strip(),
    )


def whole(text: str, default: int) -> int:
    """Return a whole number from an address line, or the default."""
    return int(text) if re.fullmatch(r"[0-9]{1,7}", text) else default


def _cards() -> list[dict[str, Any]]:
    study, words = current.study(), state_words()
    counted, scored = counts(), scorable(study)
    cards = []
    for use in study.protocol.forms:
        title, worded, problems = use.title, False, []
        try:
            asked = questionnaire(study, use.id)
            title, worded = asked.title, asked.worded
        except BordinError as error:
            problems = [str(p) for p in error.problems]
        of = counted.get(use.id, {})
        came, whole = scored.get(use.id, (0, 0))
        cards.append(
            {
                "id": use.id,
                "title": title,
                "instrument": study.instruments[use.instrument].name,
                "informant": use.informant,
                "worded": worded,
                "file": use.wording or f"wording/{use.id}.toml",
                "declared": bool(use.wording),
                "problems": problems,
                "counts": [(words[s][0], words[s][1], of[s]) for s in State if of.get(s)],
                "made": sum(of.values()),
                "came": came,
                "scorable": whole,
            }
        )
    return cards


def new(request: HttpRequest) -> HttpResponseBase:
    """Make links for one or many, and show them once."""
    study = current.study()
    ids = form_ids(study)
    if not ids:
        return redirect("forms")
    given = request.POST if request.method == "POST" else request.GET
    chosen = given.get("form", ids[0])
    use = next((f for f in study.protocol.forms if f.id == chosen), study.protocol.forms[0])
    context: dict[str, Any] = {
        "forms": [(f.id, f.title or f.id, is_per_session(study, f.id)) for f in study.protocol.forms],
        "form": use.id,
        "per_session": is_per_session(study, use.id),
        "who": given.get("who", ""),
        "everybody": "everybody" in given,
        "occasion": use.occasion,
        "days": given.get("days", f"{use.expires_days:g}"),
        "again": "again" in given,
        "team": current.server().team,
    }
    if request.method != "POST":
        return draw(request, "form_new.html", context)
    try:
        questionnaire(study, use.id)
        days = read_days(context["days"])
        places = read_places(use.id, context["who"], everybody=context["everybody"])
        made = make_links(me(request).name, use.id, places, days, renew=context["again"])
    except BordinError as error:
        told = {**context, "problems": [str(p) for p in error.problems]}
        return draw(request, "form_new.html", told, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    words = state_words()
    kept = [(place, words[state][0]) for place, state in made.kept]
    return _show_links(
        request, use.id, made.links, {**context, "kept": kept[:MOST_SHOWN], "kept_count": len(kept)}
    )


def read_days(text: str) -> float:
    """Return for how many days a link is to be good.

    Raises
    ------
    BordinError
        When it is no number from 1 to 366.
    """
    if not re.fullmatch(r"[0-9]{1,3}", text.strip()) or not 1 <= int(text) <= 366:
        raise BordinError(_("A link is good for 1 to 366 days; write a whole number."))
    return float(text)


def read_places(form: str, text: str, *, everybody: bool = False) -> list[Place]:
    """Return whose forms are meant: sessions for a form that goes with a session, else participants.

    Raises
    ------
    BordinError
        With every id that is not known.
    """
    use = next(f for f in current.study().protocol.forms if f.id == form)
    per_session = is_per_session(current.study(), form)
    if per_session:
        known = {s: Place(p, s) for s, p in Session.objects.values_list("id", "participant_id")}
    else:
        people = Participant.objects.values_list("id", flat=True)
        known = {p: Place(p, None, use.occasion) for p in people}
    what = _("session") if per_session else _("participant")
    if not known:
        raise BordinError(
            Problem(
                _("there is no %(what)s yet.") % {"what": what}, hint=_("Next: People, and read a file in.")
            )
        )
    if everybody:
        return list(known.values())
    wanted = [w for w in re.split(r"[\s,;]+", text) if w]
    if not wanted:
        raise BordinError(_("Say for whom: one %(what)s a line, or everybody.") % {"what": what})
    problems = [
        Problem(_("there is no %(what)s %(id)s.") % {"what": what, "id": w}, hint=nearest(w, known))
        for w in dict.fromkeys(wanted)
        if w not in known
    ]
    if problems:
        raise BordinError(problems[:20])
    return [known[w] for w in dict.fromkeys(wanted)]


def _address(request: HttpRequest, token: str) -> str:
    """Return a link as it is sent out: under the team's name, also where the lead sits at the server itself."""
    hosts = current.server().hosts
    path = reverse("form", args=[token])
    if hosts and request.get_host().rsplit(":", 1)[0] in LOOPBACK:
        return f"https://{hosts[0]}{path}"
    return str(request.build_absolute_uri(path))


def _show_links(
    request: HttpRequest, form: str, links: Sequence[NewLink], context: dict[str, Any]
) -> HttpResponse:
    rows = [
        [
            *(link.place.participant, link.place.session or "", link.place.occasion or "", form),
            *(_address(request, link.token), f"{link.expires:%Y-%m-%d}"),
        ]
        for link in links
    ]
    pictures = len(rows) <= MOST_PICTURES
    shown = [
        {
            "participant": r[0],
            "session": r[1],
            "occasion": r[2],
            "link": r[4],
            "expires": r[5],
            "picture": picture(r[4]) if pictures else "",
            "signed": signing.dumps([r[4]], salt=LINKS_SALT, compress=True),
        }
        for r in rows[:MOST_SHOWN]
    ]
    return draw(
        request,
        "form_new.html",
        {
            **context,
            "form": form,
            "made": True,
            "links": shown,
            "count": len(rows),
            "csv": signing.dumps(rows, salt=LINKS_SALT, compress=True),
            "team": current.server().team,
        },
    )


def picture(link: str) -> SafeString:
    """Return a link as a QR code: plain SVG, without size or style of its own."""
    made = segno.make(link, error="m", micro=False)
    # segno draws from the link's bits alone; no text of ours is in the picture.
    return mark_safe(made.svg_inline(border=2, omitsize=True, dark="#000"))


def links_csv(request: HttpRequest) -> HttpResponseBase:
    """Give the links that were just shown as a file; the server itself keeps none."""
    rows = _signed(request, "links")
    if rows is None:
        return refusal(request, HTTPStatus.GONE, _("The list is no longer there. Make new links."))
    return csv_file("links.csv", ("participant", "session", "occasion", "form", "link", "expires"), rows)


def qr(request: HttpRequest) -> HttpResponseBase:
    """Show one link as a large QR code, for a phone or a tablet in the room."""
    given = _signed(request, "link")
    if given is None:
        return refusal(request, HTTPStatus.GONE, _("The link is no longer there. Make a new one."))
    return draw(request, "form_qr.html", {"picture": picture(given[0]), "link": given[0]})


def _signed(request: HttpRequest, name: str) -> list[Any] | None:
    try:
        found: list[Any] = signing.loads(
            request.POST.get(name, ""), salt=LINKS_SALT, max_age=timedelta(seconds=LINKS_SECONDS)
        )
    except signing.BadSignature:
        return None
    return found


def plain_cell(cell: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula."""
    if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{cell}"
    return "" if cell is None else cell


def csv_file(name: str, headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """Return a CSV file as an answer, with the mark by which Excel knows UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(headings)
    writer.writerows([plain_cell(cell) for cell in row] for row in rows)
    answer = HttpResponse(("\ufeff" + text.getvalue()).encode(), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def reminders(request: HttpRequest) -> HttpResponseBase:
    """Give the open links as a list to send reminders from; it holds no link, since none is kept."""
    wanted = _wanted(request)
    _total, rows = listed(Wanted(wanted.forms, (State.OPEN,), wanted.participant), most=1_000_000)
    now = datetime.now(UTC)
    lines = [
        [
            *(i.place.participant, i.place.session or "", i.place.occasion or "", i.form, i.at[:10]),
            *((f"{i.expires:%Y-%m-%d}", (i.expires - now).days) if i.expires else ("", "")),
        ]
        for i in rows
    ]
    headings = ("participant", "session", "occasion", "form", "made", "expires", "days_left")
    return csv_file("reminders.csv", headings, lines)


def end(request: HttpRequest, id: str) -> HttpResponseBase:
    """Take one back."""
    try:
        done = take_back(me(request).name, id)
    except BordinError as error:
        messages.warning(request, str(error))
    else:
        told = _("Taken back: the link is dead.") if done else _("There was nothing to take back.")
        messages.info(request, told)
    return redirect("forms")


def again(request: HttpRequest, id: str) -> HttpResponseBase:
    """Make a new link in the place of one, and show it once."""
    study = current.study()
    found = invitation(id)
    use = next((f for f in study.protocol.forms if found is not None and f.id == found.form), None)
    if use is None:
        return refusal(request, HTTPStatus.NOT_FOUND, _("There is no such form."))
    try:
        link = renew(me(request).name, id, float(use.expires_days))
    except BordinError as error:
        messages.warning(request, str(error))
        return redirect("forms")
    return _show_links(request, use.id, [link], {"renewed": True})


def preview(request: HttpRequest, id: str) -> HttpResponseBase:
    """Show a form as those who answer see it."""
    if id not in form_ids(current.study()):
        return refusal(request, HTTPStatus.NOT_FOUND, _("There is no such form."))
    try:
        asked = questionnaire(current.study(), id)
    except BordinError as error:
        return refusal(request, HTTPStatus.CONFLICT, str(error))
    return show(request, asked, browser_key(""), preview=True)


def alerts(request: HttpRequest) -> HttpResponseBase:
    """Show the lead every answer that somebody has to look at."""
    study = current.study()
    found = all_alerts(study)
    rows = []
    for one in found[:ON_A_PAGE]:
        rules = study.instruments[next(f for f in study.protocol.forms if f.id == one.form).instrument]
        number = rules.keys.index(one.item) + 1
        rows.append(
            {
                "a": one,
                "number": number,
                "words": _words(one.form, one.item, one.value),
                "at": when(one.at),
                "seen": when(one.seen),
            }
        )
    return draw(
        request,
        "alerts.html",
        {
            "unseen": [r for r in rows if not r["seen"]],
            "seen": [r for r in rows if r["seen"]],
            "left_out": len(found) - len(rows),
        },
    )


def _words(form: str, item: str, value: float) -> tuple[str, str]:
    """Return an item's sentence and the words of the answer, where the study gave them."""
    try:
        asked = questionnaire(current.study(), form)
    except BordinError:
        return "", ""
    question = next(q for q in asked.questions if q.key == item)
    return question.statement, next((c.words for c in question.choices if c.value == f"{value:g}"), "")


def seen(request: HttpRequest, fact: int, item: str) -> HttpResponseBase:
    """Note that the lead saw an alert, and what was done."""
    note = request.POST.get("note", "")[:LONGEST_NOTE]
    if not see_alert(current.study(), me(request).name, fact, item, note):
        return refusal(request, HTTPStatus.NOT_FOUND, _("There is no such alert."))
    left = len(open_alerts(current.study()))
    told = ngettext("Noted. %(n)d alert is left.", "Noted. %(n)d alerts are left.", left) % {"n": left}
    messages.info(request, told)
    return redirect("alerts")


_BOTH = (LEAD, DATA_MANAGER)
PAGES = (
    Page("forms/", forms, "forms", _BOTH),
    Page("forms/new/", new, "form new", _BOTH, ("GET", "POST")),
    Page("forms/links.csv", links_csv, "form links", _BOTH, ("POST",)),
    Page("forms/qr/", qr, "form qr", _BOTH, ("POST",)),
    Page("forms/reminders.csv", reminders, "form reminders", _BOTH),
    Page("forms/preview/<str:id>/", preview, "form preview", _BOTH),
    Page("forms/<str:id>/end/", end, "form end", _BOTH, ("POST",)),
    Page("forms/<str:id>/renew/", again, "form renew", _BOTH, ("POST",)),
    Page("alerts/", alerts, "alerts", (LEAD,)),
    Page("alerts/<int:fact>/<str:item>/seen/", seen, "alert seen", (LEAD,), ("POST",)),
)
