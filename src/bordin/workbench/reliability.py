"""The reliability of one dimension: every coefficient with its interval, and the sessions that differ most."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from bordin.report.number import level, plain, threshold
from bordin.store.double_coded import watch
from bordin.store.overview import DimensionFigures
from bordin.store.tables import DATA_MANAGER, LEAD, READER
from bordin.workbench import current
from bordin.workbench.board import look
from bordin.workbench.figures import coefficient_axis, coefficient_plot
from bordin.workbench.next_actions import link
from bordin.workbench.pages import Page, draw, me, refusal
from bordin.workbench.wording import in_words, kind_of, printed, sentence

WATCHERS = (LEAD, DATA_MANAGER, READER)


def show(request: HttpRequest, coding: str, dimension: str) -> HttpResponse:
    """Draw the reliability of one dimension."""
    study = current.study()
    system = study.systems.get(coding)
    known = next((d for d in system.dimensions if d.id == dimension), None) if system is not None else None
    if system is None or known is None:
        return refusal(request, HTTPStatus.NOT_FOUND, _("There is no dimension of this name."))
    answer = look(0.5)
    figures = answer.value.figures if answer.value is not None else None
    found = None
    if figures is not None:
        found = next(d for d in figures.dimensions if (d.coding, d.id) == (coding, dimension))
    order = [d.id for d in system.dimensions]
    at = order.index(dimension)
    context: dict[str, Any] = {
        "name": study.protocol.labels.get(f"{coding}.{dimension}", known.name),
        "system": system.name,
        "stale": answer.stale,
        "locked": figures.locked if figures is not None else 0,
        "before": _neighbor(request, coding, order[at - 1]) if at else None,
        "after": _neighbor(request, coding, order[at + 1]) if at + 1 < len(order) else None,
    }
    if found is not None:
        context |= _of(request, found)
    return draw(request, "reliability.html", context)


def _neighbor(request: HttpRequest, coding: str, dimension: str) -> dict[str, str]:
    found = next(d for d in current.study().systems[coding].dimensions if d.id == dimension)
    return {"name": found.name, "url": link(me(request), "reliability", coding, dimension)}


def _of(request: HttpRequest, d: DimensionFigures) -> dict[str, Any]:
    criterion = d.criterion
    all_of_them = [d.single, *d.others, d.within]
    if d.used.estimate.name not in {r.estimate.name for r in all_of_them}:
        all_of_them.insert(1, d.used)
    value, low = in_words(d.single.estimate)
    return {
        "dimension": d,
        "low": plain(d.low),
        "high": plain(d.high),
        "level": level(current.study().protocol.table.level),
        "axis": coefficient_axis(None if criterion is None else criterion.criterion),
        "coefficients": [
            {
                "printed": printed(r.estimate, kind=kind_of(r.estimate)),
                "plot": coefficient_plot(r.estimate, None),
                "n": r.n_units,
                "coders": r.n_coders,
                "values": r.n_values,
                "used": r.estimate.name == d.used.estimate.name,
            }
            for r in all_of_them
        ],
        "notes": [sentence(n) for n in dict.fromkeys((*d.single.estimate.notes, *d.used.estimate.notes))],
        "reading": value,
        "lowest": low,
        "criterion": None
        if criterion is None
        else {
            "line": threshold(criterion.criterion),
            "passed": criterion.passed,
            "reason": sentence(criterion.reason),
        },
        "restricted": sentence(d.restricted or ""),
        "differing": _differing(request, d),
    }


def _differing(request: HttpRequest, d: DimensionFigures) -> list[dict[str, Any]]:
    """Return the sessions on which coders differ most, each with the place where it can be settled."""
    tapes = {(s.session, s.coding): s for s in watch().standings()} if d.differing else {}
    found = []
    for one in d.differing:
        held = tapes.get((one.session, d.coding))
        url = link(me(request), "consensus of", held.id) if held is not None else ""
        found.append(
            {
                "session": one.session,
                "tape": held.name if held is not None else "",
                "apart": plain(one.apart),
                "values": [(coder, plain(v)) for coder, v in one.values],
                "far": one.apart >= 2,
                "url": url,
                "released": held is not None and held.released,
            }
        )
    return found


PAGES = (Page("reliability/<str:coding>/<str:dimension>/", show, "reliability", WATCHERS),)
