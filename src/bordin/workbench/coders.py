"""Coders against each other: leniency, drift, halo, spread, repeated readings, share heard and time a tape."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from bordin.estimate import Estimate
from bordin.reliability.monitoring import CoderFigure
from bordin.report.number import number, percent
from bordin.store.overview import CoderFigures
from bordin.store.progress import CoderProgress
from bordin.store.tables import DATA_MANAGER, LEAD, READER
from bordin.workbench import current
from bordin.workbench.board import look
from bordin.workbench.figures import binned, difference_plot, trend
from bordin.workbench.next_actions import link
from bordin.workbench.pages import Page, draw, me, refusal
from bordin.workbench.wording import Printed, leaves_out, printed, tapes, whole_minutes

WATCHERS = (LEAD, DATA_MANAGER, READER)
BAND, PERCENT_BAND = 0.5, 10.0


def _of(figures: tuple[CoderFigure, ...], coder: str, dimension: str = "") -> Estimate | None:
    return next((f.estimate for f in figures if f.coder == coder and f.dimension == dimension), None)


def _by_name(figures: tuple[CoderFigure, ...], coder: str, name: str) -> Estimate | None:
    return next((f.estimate for f in figures if f.coder == coder and f.estimate.name == name), None)


def charts(coders: CoderFigures) -> list[dict[str, Any]]:
    """Return a chart of each coder's deviations, those who stand out first.

    Parameters
    ----------
    coders : CoderFigures

    Returns
    -------
    list of dict
    """
    found = []
    for coder, line in coders.lines.items():
        leniency, drift = _of(coders.whole.leniency, coder), _of(coders.whole.drift, coder)
        drifts = drift is not None and leaves_out(drift)
        shown, each = binned(line.points)
        values = [y for _x, y in shown]
        says = _("%(coder)s: mean difference from the other coders over %(tapes)s") % {
            "coder": coder,
            "tapes": tapes(len(line.points)),
        }
        if values:
            says += _(", between %(low)s and %(high)s") % {
                "low": number(min(values), 1),
                "high": number(max(values), 1),
            }
        found.append(
            {
                "coder": coder,
                "leniency": None if leniency is None else printed(leniency, kind="points"),
                "words": _words(leniency, coders.in_points),
                "drift": _drift_words(drift),
                "warn": drifts,
                "each": each,
                "n": len(line.points),
                "svg": trend(line.points, says, warn=drifts, band=BAND if coders.in_points else PERCENT_BAND),
                "weight": (not drifts, -abs((leniency.value or 0.0) if leniency is not None else 0.0)),
            }
        )
    return sorted(found, key=lambda c: c["weight"])


def _words(leniency: Estimate | None, in_points: bool) -> str:
    """Say whether a coder rates as the others do; only where the interval leaves zero out."""
    if leniency is None or leniency.value is None:
        told = _("shares no tape with another coder")
    elif leniency.interval is None:
        told = _("one shared tape only")
    elif not leaves_out(leniency):
        told = _("as the others")
    elif abs(leniency.value) < (BAND if in_points else PERCENT_BAND):
        told = _("a little lenient") if leniency.value > 0 else _("a little strict")
    else:
        told = _("lenient") if leniency.value > 0 else _("strict")
    return str(told)


def _drift_words(drift: Estimate | None) -> str:
    if drift is None or drift.value is None:
        return str(_("drift not known: %(why)s") % {"why": "" if drift is None else drift.undefined})
    one = printed(drift, kind="points")
    told = _("no drift seen: %(value)s a tape, %(interval)s")
    if leaves_out(drift):
        told = (
            _("drifts up: %(value)s a tape, %(interval)s")
            if drift.value > 0
            else _("drifts down: %(value)s a tape, %(interval)s")
        )
    return str(told % {"value": one.value, "interval": one.interval})


def show_all(request: HttpRequest) -> HttpResponse:
    """Draw the list of coders."""
    answer = look(0.5)
    board = answer.value
    progress = {c.coder: c for c in board.counts.coders} if board is not None else {}
    systems: list[dict[str, Any]] = []
    if board is not None and board.figures is not None:
        for figures in board.figures.coders:
            systems.append(
                {
                    "id": figures.coding,
                    "name": current.study().systems[figures.coding].name,
                    "rows": [_row(request, figures, c, progress.get(c)) for c in sorted(figures.lines)],
                    "n": figures.n_sessions,
                    "of": figures.of,
                    "drawn": figures.drawn,
                    "in_points": figures.in_points,
                }
            )
    shown = {row["name"] for s in systems for row in s["rows"]}
    context = {
        "systems": systems,
        "others": [_progress(request, c) for n, c in progress.items() if n not in shown],
        "stale": answer.stale,
        "locked": board.figures.locked if board is not None and board.figures is not None else 0,
    }
    return draw(request, "coders.html", context)


def _row(
    request: HttpRequest, figures: CoderFigures, coder: str, progress: CoderProgress | None
) -> dict[str, Any]:
    leniency, drift = _of(figures.whole.leniency, coder), _of(figures.whole.drift, coder)
    above = _by_name(figures.single.halo, coder, "halo above the others")
    reach = 1.5 if figures.in_points else 30.0
    return {
        **_progress(request, progress, coder),
        "plot": None if leniency is None else difference_plot(leniency, reach),
        "leniency": None if leniency is None else printed(leniency, kind="points"),
        "drift": None if drift is None else printed(drift, kind="points"),
        "drifts": drift is not None and leaves_out(drift),
        "halo": None if above is None else printed(above),
        "halo_seen": above is not None and leaves_out(above) and (above.value or 0.0) > 0,
    }


def _progress(request: HttpRequest, c: CoderProgress | None, name: str = "") -> dict[str, Any]:
    return {
        "name": name or ("" if c is None else c.coder),
        "url": link(me(request), "coder", name or ("" if c is None else c.coder)),
        "locked": None if c is None else c.locked,
        "of": None if c is None else c.of,
        "heard": "" if c is None or c.heard is None else percent(c.heard),
        "minutes": "" if c is None else whole_minutes(c.minutes),
        "practice": "" if c is None or not c.practice else f"{c.practiced} / {c.practice}",
        "active": c is None or c.active,
    }


def show(request: HttpRequest, name: str) -> HttpResponse:
    """Draw one coder."""
    answer = look(0.5)
    board = answer.value
    progress = next((c for c in board.counts.coders if c.coder == name), None) if board is not None else None
    figures = board.figures.coders if board is not None and board.figures is not None else ()
    systems = [_system(c, name) for c in figures if name in c.lines]
    if not systems and progress is None and not answer.stale:
        return refusal(request, HTTPStatus.NOT_FOUND, _("There is no coder of this name."))
    context = {
        "coder": name,
        "progress": _progress(request, progress, name),
        "systems": systems,
        "stale": answer.stale,
    }
    return draw(request, "coder.html", context)


def _system(figures: CoderFigures, coder: str) -> dict[str, Any]:
    study = current.study()
    chart = next(c for c in charts(figures) if c["coder"] == coder)
    names = {d.id: d.name for d in study.systems[figures.coding].dimensions}
    halo = [f.estimate for f in figures.single.halo if f.coder == coder]
    dimensions = []
    for id, name in names.items():
        leniency = _of(figures.single.leniency, coder, id)
        if leniency is not None:
            dimensions.append(
                {
                    "name": study.protocol.labels.get(f"{figures.coding}.{id}", name),
                    "plot": difference_plot(leniency, 1.5),
                    "leniency": printed(leniency, kind="points"),
                    "drift": _or_none(_of(figures.single.drift, coder, id), "points"),
                    "spread": _or_none(_of(figures.single.spread, coder, id), "points", 1.0),
                    "repeat": _or_none(_of(figures.single.repeat, coder, id)),
                }
            )
    return {
        "name": study.systems[figures.coding].name,
        "chart": chart,
        "halo": [printed(e) for e in halo],
        "dimensions": dimensions,
        "repeated": any(d["repeat"] is not None for d in dimensions),
        "in_points": figures.in_points,
        "n": figures.n_sessions,
        "of": figures.of,
        "drawn": figures.drawn,
    }


def _or_none(estimate: Estimate | None, kind: str = "coefficient", line: float = 0.0) -> Printed | None:
    return None if estimate is None else printed(estimate, kind=kind, line=line)


PAGES = (
    Page("coders/", show_all, "coders", WATCHERS),
    Page("coders/<str:name>/", show, "coder", WATCHERS),
)
