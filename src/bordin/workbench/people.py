"""People: participants and their sessions, files read in, and consent withdrawn."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path, PurePath
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bordin.errors import BordinError, Problem
from bordin.store import people as store
from bordin.store.database import private_folder
from bordin.store.examining import Examined, examine, study_files
from bordin.store.flat_parts import parts_of, stored_files
from bordin.store.importing import keep
from bordin.store.tables import DATA_MANAGER, LEAD
from bordin.store.withdrawing import INCOMING, traces, withdraw
from bordin.workbench import current
from bordin.workbench.pages import Page, draw, me, refusal

SHOWN_PROBLEMS = 50
SHOWN_ROWS = 5
WAITING = "incoming"  # key of the login under which files wait to be kept
MOST_BYTES = 200_000_000


def people(request: HttpRequest) -> HttpResponse:
    """List the participants, a hundred a page."""
    return _page(request)


def _page(request: HttpRequest, problems: tuple[Problem, ...] = (), status: int = 200) -> HttpResponse:
    search = request.GET.get("q", "")[:100]
    listing = store.list_people(search, _number(request.GET.get("page")))
    arms: Mapping[str, str | None] = {}
    if store.unblinded("arm") and listing.rows:
        marks = ", ".join(["%s"] * len(listing.rows))
        arms = dict(
            store.query(
                f"SELECT id, arm FROM store_participant WHERE id IN ({marks})", [p.id for p in listing.rows]
            )
        )
    rows = [
        {"person": p, "arm": arms.get(p.id), "url": f"{reverse('person')}?{urlencode({'id': p.id})}"}
        for p in listing.rows
    ]
    here = study_files(current.study())
    return draw(
        request,
        "people.html",
        {
            "rows": rows,
            "listing": listing,
            "search": search,
            "steps": _steps(search, listing),
            "counts": store.counts(),
            "show_arm": bool(arms),
            "parts": _parts(),
            "here": [path.name for path in here.values()],
            "locked": store.data_locked(),
            "problems": [str(p) for p in problems[:SHOWN_PROBLEMS]],
            "more_problems": max(0, len(problems) - SHOWN_PROBLEMS),
        },
        status=status,
    )


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isdecimal() and len(text) < 9 else 1


def _steps(search: str, listing: store.Listing) -> dict[str, str]:
    """Return the addresses of the pages before and after."""

    def address(page: int) -> str:
        return f"?{urlencode({'q': search, 'page': page} if search else {'page': page})}"

    steps = {}
    if listing.page > 1:
        steps["before"] = address(listing.page - 1)
    if listing.page < listing.pages:
        steps["after"] = address(listing.page + 1)
    return steps


def _parts() -> list[dict[str, Any]]:
    """Say what each file of the protocol is, and how much of it is in the record."""
    held = stored_files()
    counted = dict(
        store.query(
            "SELECT f.part, count(*) FROM store_importedrow r JOIN store_importedfile f ON f.id = r.file_id "
            "GROUP BY f.part"
        )
    )
    words = {
        "participants": _("participants"),
        "sessions": _("sessions"),
        "responses": _("answers to forms"),
        "ratings": _("earlier ratings"),
        "codes": _("codes"),
        "process": _("process measures"),
    }
    found = []
    for part, f in parts_of(current.study().protocol.data).items():
        about = getattr(f, "instrument", None) or getattr(f, "coding", None)
        what = words[part.partition(":")[0]] + (f" ({about})" if about else "")
        found.append(
            {"part": part, "file": f.file, "what": what, "rows": counted.get(part, 0), "there": part in held}
        )
    return found


# ---------------------------------------------------------------- reading in


def _folder() -> Path:
    return private_folder(current.study().folder) / INCOMING


def _drop(request: HttpRequest) -> None:
    """Forget files that wait to be kept."""
    waiting = request.session.pop(WAITING, None)
    if waiting:
        shutil.rmtree(_folder() / waiting["folder"], ignore_errors=True)


def look(request: HttpRequest) -> HttpResponseBase:
    """Read files and show what they would bring; nothing is kept."""
    _drop(request)
    part = request.POST.get("part", "")
    files: dict[str, Path] | None = None
    if part:
        sent = request.FILES.get("file")
        if part not in parts_of(current.study().protocol.data):
            return _page(request, (Problem(_("There is no such kind of file.")),), HTTPStatus.BAD_REQUEST)
        if sent is None:
            return _page(request, (Problem(_("Choose a file first.")),), HTTPStatus.BAD_REQUEST)
        if (sent.size or 0) > MOST_BYTES:
            return _page(request, (Problem(_("This file is larger than 200 MB.")),), HTTPStatus.BAD_REQUEST)
        token = secrets.token_hex(8)
        name = (
            PurePath(str(sent.name).replace("\\", "/"))
            .name.lstrip(".")
            .encode()[-120:]
            .decode(errors="ignore")
            or "file.csv"
        )
        place = _folder() / token
        place.mkdir(parents=True, mode=0o700)
        with (place / name).open("wb") as file:
            for chunk in sent.chunks():
                file.write(chunk)
        files = {part: place / name}
        request.session[WAITING] = {"folder": token, "name": name, "part": part}
    elif not study_files(current.study()):
        return _page(request, (Problem(_("The folder data/ holds none of the files of study.toml.")),), 400)
    examined = examine(current.study(), files)
    if examined.problems:
        _drop(request)
        return _page(request, examined.problems, HTTPStatus.UNPROCESSABLE_ENTITY)
    return draw(
        request, "people_look.html", {"files": _looked(examined), "notes": examined.notes, "part": part}
    )


def _looked(examined: Examined) -> list[dict[str, Any]]:
    """Show what each file brings: counts, and the first rows with their ids alone."""
    ratings: dict[str, int] = {}
    for part, *_rest in examined.ratings:
        ratings[part] = ratings.get(part, 0) + 1
    ids = ("participant", "session", "coder", "occasion", "instrument", "item", "dimension")
    shown = []
    for f in examined.files:
        columns = examined.declared[f.part].columns
        known = [columns.get(i, i) for i in ids]
        names = [n for n in known if n in f.table.names] or [f.table.names[0]]
        shown.append(
            {
                "name": f.name,
                "new": len(f.rows),
                "there": f.there,
                "withdrawn": f.withdrawn,
                "ratings": ratings.get(f.part, 0),
                "names": names,
                "columns": len(f.table.names),
                "first": [
                    [f.table.line(i), *(f.table.columns[n][i] for n in names)] for i in f.rows[:SHOWN_ROWS]
                ],
            }
        )
    return shown


def keep_files(request: HttpRequest) -> HttpResponseBase:
    """Keep what was looked at; it is read and checked once more."""
    waiting = request.session.get(WAITING)
    files = None
    if request.POST.get("part"):
        if not waiting:
            return _page(request, (Problem(_("There is no file that waits. Choose it again.")),), 409)
        files = {waiting["part"]: _folder() / waiting["folder"] / waiting["name"]}
    try:
        made = keep(examine(current.study(), files), me(request).name, current.vault())
    except BordinError as error:
        return _page(request, error.problems, HTTPStatus.CONFLICT)
    finally:
        _drop(request)
    said = ngettext("%(n)s row was read in.", "%(n)s rows were read in.", made.rows) % {"n": f"{made.rows:,}"}
    if made.participants or made.sessions:
        said += " " + _("New: %(p)s participants, %(s)s sessions.") % {
            "p": made.participants,
            "s": made.sessions,
        }
    messages.success(
        request, said if made.rows else _("Nothing was new: all rows were in the record already.")
    )
    return redirect("people")


def cancel(request: HttpRequest) -> HttpResponseBase:
    """Forget the file that waits."""
    _drop(request)
    messages.info(request, _("Nothing was kept."))
    return redirect("people")


# ---------------------------------------------------------------- one person


def person(request: HttpRequest) -> HttpResponse:
    """Show a participant's sessions, and what a withdrawal would reach."""
    return _person(request, request.GET.get("id", ""))


def _person(request: HttpRequest, id: str, problem: str = "", status: int = 200) -> HttpResponse:
    try:
        found = traces(current.study(), id, current.vault(), quick=True)
    except BordinError:
        return refusal(request, HTTPStatus.NOT_FOUND, _("There is no such participant."))
    sessions = store.list_sessions(id, page=_number(request.GET.get("page")))
    return draw(
        request,
        "person.html",
        {
            "traces": found,
            "sessions": sessions,
            "problem": problem,
            "tapes_known": current.vault() is not None,
        },
        status=status,
    )


def withdraw_person(request: HttpRequest) -> HttpResponseBase:
    """Withdraw a participant's consent, when the id was typed as a confirmation."""
    id, typed = request.POST.get("id", ""), request.POST.get("typed", "").strip()
    ratings = request.POST.get("ratings", "")
    if typed != id:
        return _person(request, id, _("Type the participant's id to confirm. Nothing was done."), 400)
    if ratings not in {"kept", "dropped"}:
        return _person(request, id, _("Say what happens with the ratings. Nothing was done."), 400)
    try:
        done = withdraw(
            current.study(), id, me(request).name, "kept" if ratings == "kept" else "dropped", current.vault()
        )
    except BordinError as error:
        return _person(request, id, str(error), HTTPStatus.CONFLICT)
    return draw(request, "person_withdrawn.html", {"done": done, "gone": done.gone})


BOTH = (LEAD, DATA_MANAGER)
PAGES = (
    Page("people/", people, "people", BOTH),
    Page("people/look/", look, "people look", BOTH, ("POST",)),
    Page("people/keep/", keep_files, "people keep", BOTH, ("POST",)),
    Page("people/cancel/", cancel, "people cancel", BOTH, ("POST",)),
    Page("people/one/", person, "person", BOTH),
    Page("people/withdraw/", withdraw_person, "person withdraw", BOTH, ("POST",)),
)
