"""Where a coder differed from the others, after the lead has released a tape; before that there is nothing here."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse

from bordin.coding.dimension import show as show_number
from bordin.store.consensus import released_tape, released_to
from bordin.store.double_coded import Difference, differences
from bordin.store.tables import CODER
from bordin.workbench import current, side_by_side
from bordin.workbench.pages import Page, draw, me

PER_PAGE = 100


def show_list(request: HttpRequest) -> HttpResponse:
    """Draw the coder's released tapes."""
    released = released_to(me(request).id)
    page = request.GET.get("page", "1")
    number = max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 9 else 1
    begin = (number - 1) * PER_PAGE
    shown = released[begin : begin + PER_PAGE]
    apart = differences([standing for _, _, standing in shown])
    rows = []
    for id, name, standing in shown:
        found = apart.get(standing.id, Difference())
        rows.append(
            {
                "id": id,
                "name": name,
                "differ": found.differ,
                "of": found.of,
                "most": show_number(found.most) if found.most else "",
                "apart": found.most >= side_by_side.APART or found.uneven > 0,
                "known": standing.id in apart,
                "settled": min(standing.settled, found.of),
            }
        )
    context = {"rows": rows, "page": number, "more": len(released) > begin + PER_PAGE, "count": len(released)}
    return draw(request, "differences.html", context)


def show(request: HttpRequest, assignment: str) -> HttpResponse:
    """Draw one tape: own ratings beside the others', agreed values, evidence, the lead's reasons and rules."""
    found = released_tape(me(request).id, assignment)
    if found is None or not found.sides:
        raise Http404
    own = found.sides[0]
    system = current.study().systems[found.standing.coding]
    rows = side_by_side.rows(system, found)
    on = next((r for r in rows if r["id"] == request.GET.get("on")), None)
    on = on or next((r for r in rows if r["status"]["apart"]), None)
    on = on or next((r for r in rows if not r["status"]["same"] and r["given"]), rows[0])
    for row in rows:
        row["now"] = row is on
        row["agreed_anchor"] = _agreed_anchor(row)
    sound = current.tape(found.tape)
    seconds = sound.facts()["recording"]["decoded"] if sound is not None else None
    data = {
        "tape": assignment,
        "on": on["id"],
        "save": "",
        "peaks": f"/tape/{assignment}/peaks" if sound is not None else "",
        "seconds": seconds or side_by_side.tape_seconds(found, [s.marks for s in found.sides]),
        "rows": [{"id": r["id"], "name": r["name"]} for r in rows],
    }
    rated = [r for r in rows if r["given"]]
    context = {
        "name": own.name,
        "tape": found.standing,
        "rows": rows,
        "keys": side_by_side.keys(found),
        "ticks": side_by_side.ticks(system),
        "system": system,
        "on": on,
        "sides": [{"coder": s.coder, "memo": s.memo if s is own else ""} for s in found.sides],
        "own": own.coder,
        "differ": sum(not r["status"]["same"] for r in rated),
        "of": len(rated),
        "settled": sum(r["agreed"] is not None for r in rated),
        "has_sound": sound is not None,
        "sound": f"/tape/{assignment}/sound",
        "data": data,
    }
    return draw(request, "differences_tape.html", context)


def _agreed_anchor(row: dict[str, Any]) -> str:
    agreed = row["agreed"]
    if agreed is None or agreed.given.value is None:
        return ""
    return row["dimension"].anchor(agreed.given.value) or ""


PAGES = (
    Page("differences/", show_list, "differences", (CODER,)),
    Page("differences/<str:assignment>/", show, "differences of", (CODER,)),
)
