"""The lead's screens of disagreement: which tapes to release, and two ratings becoming one agreed value."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.timezone import localdate, localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bordin.coding.dimension import show as show_number
from bordin.coding.system import CodingSystem
from bordin.errors import BordinError
from bordin.store.consensus import (
    NotReady,
    Settlement,
    SharedTape,
    agree,
    release,
    shared_tape,
    standing,
    standings,
    take_over,
)
from bordin.store.double_coded import Difference, Rule, Standing, differences, watch
from bordin.store.tables import LEAD, Session
from bordin.tapes.vault.vault import Tape
from bordin.workbench import current, side_by_side
from bordin.workbench.media import serve_peaks, serve_sound
from bordin.workbench.pages import Page, draw, me, sent_json

PER_PAGE = 100
RULES_SHOWN = 10
NOT_CODABLE = "nc"


# The list -------------------------------------------------------------------------------------------------------


def show_list(request: HttpRequest) -> HttpResponseBase:
    """Draw the tapes that two or more coders code, or release some."""
    if request.method == "POST":
        return _release(request)
    everything = standings()
    ready = [s for s in everything if not s.waiting]
    chosen = _chosen(request, ready)
    number = _page_number(request)
    begin = (number - 1) * PER_PAGE
    shown = chosen[begin : begin + PER_PAGE]
    apart = differences(shown)
    rules = watch().rules()
    return draw(
        request,
        "consensus_list.html",
        {
            "rows": [_row(s, apart.get(s.id, Difference())) for s in shown],
            "show": request.GET.get("show", "all"),
            "counts": {
                "all": len(ready),
                "closed": sum(not s.released for s in ready),
                "released": sum(s.released for s in ready),
                "waiting": len(everything) - len(ready),
                "double": len(everything),
            },
            "page": number,
            "more": len(chosen) > begin + PER_PAGE,
            "rules": [_rule(r) for r in rules[-RULES_SHOWN:][::-1]],
            "rules_in_all": len(rules),
            "several_systems": len(current.study().systems) > 1,
        },
    )


def _chosen(request: HttpRequest, ready: Sequence[Standing]) -> list[Standing]:
    show = request.GET.get("show", "all")
    if show == "closed":
        return [s for s in ready if not s.released]
    if show == "released":
        return [s for s in ready if s.released]
    return list(ready)


def _page_number(request: HttpRequest) -> int:
    page = request.GET.get("page", "1")
    return max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 9 else 1


def _row(s: Standing, apart: Difference) -> dict[str, Any]:
    settled = min(s.settled, apart.of)
    return {
        "id": s.id,
        "name": s.name,
        "coders": s.coders,
        "coding": current.study().systems[s.coding].name,
        "differ": apart.differ,
        "of": apart.of,
        "most": show_number(apart.most) if apart.most else "",
        "uneven": apart.uneven,
        "apart": apart.most >= side_by_side.APART or apart.uneven > 0,
        "released": s.released,
        "settled": settled,
        "done": bool(apart.of) and settled == apart.of,
    }


def _rule(rule: Rule) -> dict[str, Any]:
    system = current.study().systems[rule.coding]
    names = {d.id: d.name for d in system.dimensions}
    return {
        "dimension": names.get(rule.dimension, rule.dimension),
        "text": rule.text,
        "tape": rule.tape,
        "on": rule.on,
        "system": system,
    }


def _release(request: HttpRequest) -> HttpResponseBase:
    if request.POST.get("all"):
        ids = [s.id for s in standings() if not s.waiting and not s.released]
    elif request.POST.get("one"):
        ids = [request.POST["one"]]
    else:
        ids = request.POST.getlist("tape")
    if not ids:
        messages.warning(request, _("No tape was chosen. Tick the tapes to release, then send again."))
        return redirect("consensus")
    names = {i: s.name for i in ids if (s := standing(i)) is not None}
    refused = release(me(request).name, ids)
    for id, why in refused.items():
        messages.warning(request, _("%(tape)s: %(why)s") % {"tape": names.get(id, id), "why": why})
    done = len(ids) - len(refused)
    if done:
        told = ngettext("%(n)s tape is released.", "%(n)s tapes are released.", done) % {"n": done}
        messages.success(request, told + " " + _("Its coders now see where they differed."))
    back = request.POST.get("back", "")
    return redirect("consensus of", back) if back and back in names else redirect("consensus")


def rules_file(request: HttpRequest) -> HttpResponse:
    """Return the rules for the manual as a text that can be put into it."""
    lines = [f"# {_('Rules that came out of settling disagreements')}", "", f"{localdate().isoformat()}", ""]
    heading = ""
    for rule in sorted(
        map(_rule, watch().rules()), key=lambda r: (r["system"].name, r["dimension"], r["on"])
    ):
        of = f"## {rule['system'].name} {rule['system'].manual_version}: {rule['dimension']}"
        if of != heading:
            lines += [of, ""]
            heading = of
        lines.append(f"- {' '.join(rule['text'].split())} ({rule['tape']}, {rule['on']})")
    answer = HttpResponse("\n".join(lines) + "\n", content_type="text/markdown; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="rules-for-the-manual.md"'
    return answer


# One tape -------------------------------------------------------------------------------------------------------


def _shared(id: str) -> SharedTape:
    found = shared_tape(id)
    if found is None:
        raise Http404
    return found


def show(request: HttpRequest, tape: str) -> HttpResponseBase:
    """Draw a tape's ratings side by side with the agreed values, or keep one that was sent without a script."""
    found = _shared(tape)
    if request.method == "POST":
        return _keep_form(request, found)
    system = current.study().systems[found.standing.coding]
    if not found.sides:
        return draw(
            request, "consensus.html", {"name": found.standing.name, "waiting": found.standing.waiting}
        )
    rows = side_by_side.rows(system, found)
    on = next((r for r in rows if r["id"] == request.GET.get("on")), None) or _first_open(rows)
    for i, row in enumerate(rows):
        row["now"] = row is on
        row["next"] = rows[i + 1] if i + 1 < len(rows) else None
    sound = current.tape(found.tape)
    seconds = sound.facts()["recording"]["decoded"] if sound is not None else None
    before, after, position, count = _neighbors(found.standing)
    rated = [r for r in rows if r["given"]]
    context = {
        "name": found.standing.name,
        "tape": found.standing,
        "other_names": [s for s in found.sides if s.name != found.standing.name],
        "rows": rows,
        "keys": side_by_side.keys(found),
        "ticks": side_by_side.ticks(system),
        "sides": [_side(s, seconds) for s in found.sides],
        "system": system,
        "on": on,
        "settled": sum(r["agreed"] is not None for r in rated),
        "of": len(rated),
        "equal": sum(r["status"]["same"] and r["agreed"] is None for r in rated),
        "has_sound": sound is not None,
        "sound": reverse("consensus sound", args=[found.standing.id]),
        "before": before,
        "after": after,
        "position": position,
        "count": count,
        "source": current.study().coding_use(found.standing.coding).source,
    }
    return draw(request, "consensus.html", {**context, "data": _data(found, rows, on["id"], seconds)})


def _first_open(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the row to begin with: the first that differs and is not settled."""
    left = [r for r in rows if r["given"] and r["agreed"] is None]
    apart = [r for r in left if r["status"]["apart"]]
    differ = [r for r in left if not r["status"]["same"]]
    return (apart or differ or rows)[0]


def _side(side: Any, seconds: float | None) -> dict[str, Any]:
    share = round(100 * min(1.0, side.heard / seconds)) if seconds else None
    return {"coder": side.coder, "memo": side.memo, "heard": share}


def _neighbors(here: Standing) -> tuple[Standing | None, Standing | None, int, int]:
    """Return the tapes before and after, among those that are released, or among all that are ready."""
    ready = [s for s in standings() if not s.waiting]
    among = [s for s in ready if s.released] if here.released else ready
    place = next((i for i, s in enumerate(among) if s.id == here.id), 0)
    after = among[place + 1] if place + 1 < len(among) else None
    return (among[place - 1] if place else None), after, place + 1, len(among)


def _data(found: SharedTape, rows: list[dict[str, Any]], on: str, seconds: float | None) -> dict[str, Any]:
    id = found.standing.id
    return {
        "tape": id,
        "on": on,
        "save": reverse("consensus save", args=[id]),
        "peaks": reverse("consensus peaks", args=[id]) if seconds else "",
        "seconds": seconds or side_by_side.tape_seconds(found, [s.marks for s in found.sides]),
        "rows": [
            {
                "id": r["id"],
                "name": r["name"],
                "given": r["given"],
                "settled": r["agreed"] is not None,
                "low": r["dimension"].low,
                "high": r["dimension"].high,
                "step": r["dimension"].step,
            }
            for r in rows
        ],
    }


# Keeping --------------------------------------------------------------------------------------------------------


def _settlement(dimension: str, sent: dict[str, Any]) -> Settlement:
    value, reason = sent.get("value"), str(sent.get("reason") or "")
    number = None
    if value not in (None, "", NOT_CODABLE):
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            raise BordinError(_("This is no number.")) from None
        reason = ""
    elif value == NOT_CODABLE and not reason:
        raise BordinError(_("Choose the reason why no value can be given."))
    return Settlement(
        dimension,
        number,
        reason,
        str(sent.get("why") or ""),
        str(sent.get("rule") or ""),
        str(sent.get("change") or ""),
    )


def _keep_form(request: HttpRequest, found: SharedTape) -> HttpResponseBase:
    system, id, lead = current.study().systems[found.standing.coding], found.standing.id, me(request).name
    here = reverse("consensus of", args=[id])
    try:
        if request.POST.get("take_all"):
            count = take_over(lead, id, system)
            told = ngettext("%(n)s equal value is taken over.", "%(n)s equal values are taken over.", count)
            messages.success(request, told % {"n": count})
            return redirect(here)
        dimension = request.POST.get("dimension", "")
        sent = {
            "value": request.POST.get("take") or request.POST.get("value"),
            "reason": request.POST.get("take_reason" if request.POST.get("take") else "absence"),
            "why": request.POST.get("why"),
            "rule": request.POST.get("rule"),
        }
        agree(lead, id, system, [_settlement(dimension, sent)])
    except BordinError as error:
        messages.error(request, str(error))
        return redirect(f"{here}?on={request.POST.get('dimension', '')}#evidence")
    order = [d.id for d in system.dimensions]
    after = order[(order.index(dimension) + 1) % len(order)]
    return redirect(f"{here}?on={after}")


def keep(request: HttpRequest, tape: str) -> JsonResponse:
    """Keep one agreed value, or take over the equal ones."""
    found = _shared(tape)
    system: CodingSystem = current.study().systems[found.standing.coding]
    sent = sent_json(request)
    if sent is None:
        return JsonResponse({"error": _("This request was not understood.")}, status=HTTPStatus.BAD_REQUEST)
    try:
        settlement = _settlement(str(sent.get("dimension", "")), sent)
        agree(me(request).name, found.standing.id, system, [settlement])
    except NotReady as error:
        return JsonResponse({"error": str(error)}, status=HTTPStatus.CONFLICT)
    except BordinError as error:
        return JsonResponse({"error": str(error)}, status=HTTPStatus.BAD_REQUEST)
    return JsonResponse({"saved": settlement.change, "at": localtime().strftime("%H:%M:%S")})


# Sound ----------------------------------------------------------------------------------------------------------


def _sound_of(tape: str) -> Tape:
    """Return the recording, once the lead has a reason to listen: a tape that several coders code."""
    found = standing(tape)
    recorded = None
    if found is not None:
        recorded = current.tape(Session.objects.get(id=found.session).tape)
    if recorded is None:
        raise Http404
    return recorded


def sound(request: HttpRequest, tape: str) -> HttpResponseBase:
    """Stream the tape."""
    return serve_sound(request, _sound_of(tape))


def peaks(request: HttpRequest, tape: str) -> HttpResponseBase:
    """Return the drawing of the waveform."""
    return serve_peaks(request, _sound_of(tape))


PAGES = (
    Page("consensus/", show_list, "consensus", (LEAD,), ("GET", "POST")),
    Page("consensus/rules.md", rules_file, "consensus rules", (LEAD,)),
    Page("consensus/<str:tape>/", show, "consensus of", (LEAD,), ("GET", "POST")),
    Page("consensus/<str:tape>/save/", keep, "consensus save", (LEAD,), ("POST",), json=True),
    Page("consensus/<str:tape>/sound", sound, "consensus sound", (LEAD,), json=True),
    Page("consensus/<str:tape>/peaks", peaks, "consensus peaks", (LEAD,), json=True),
)
