"""Data: out as files, backed up, locked, and the state of the chain."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from http import HTTPStatus
from pathlib import Path

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from bordin.errors import BordinError
from bordin.store import people as store
from bordin.store.backup import back_up
from bordin.store.data_lock import lock_data, open_assignments, unlock_data
from bordin.store.exporting import FORMATS, export_study
from bordin.store.record import NewFact
from bordin.store.tables import DATA_MANAGER, LEAD
from bordin.store.verify import Verified, verify
from bordin.store.writer import add
from bordin.workbench import current
from bordin.workbench.pages import Page, draw, me

HIDDEN = ("arm", "outcome")


def data(request: HttpRequest) -> HttpResponse:
    """Show what can be done with the data."""
    return _page(request)


def _page(
    request: HttpRequest, problem: str = "", verified: Verified | None = None, status: int = 200
) -> HttpResponse:
    rows = store.query("SELECT seq, hash, at FROM store_fact ORDER BY seq DESC LIMIT 1")
    last = {
        kind: store.query(
            "SELECT at, actor, detail FROM store_fact WHERE kind = %s ORDER BY seq DESC LIMIT 5", [kind]
        )
        for kind in ("export", "backup")
    }
    lock = store.query(
        "SELECT at, actor, kind, reason FROM store_fact WHERE kind IN ('data lock', 'data unlock') "
        "ORDER BY seq DESC LIMIT 1"
    )
    return draw(
        request,
        "data.html",
        {
            "facts": rows[0][0],
            "head": rows[0][1],
            "last": rows[0][2][:19].replace("T", " "),
            "exports": [
                {
                    "at": at[:16].replace("T", " "),
                    "by": by,
                    "to": json.loads(detail).get("to", ""),
                    "files": len(json.loads(detail).get("files", {})),
                }
                for at, by, detail in last["export"]
            ],
            "backups": [
                {"at": at[:16].replace("T", " "), "by": by, "file": json.loads(detail).get("file", "")}
                for at, by, detail in last["backup"]
            ],
            "lock": lock[0] if lock else None,
            "locked": store.data_locked(),
            "open": open_assignments(),
            "would_unblind": _would_unblind(request),
            "is_lead": me(request).role == LEAD,
            "verified": verified,
            "problem": problem,
            "folder": current.study().folder.name,
        },
        status=status,
    )


def _would_unblind(request: HttpRequest) -> list[str]:
    """Return what a lead who opens the files would come to know; a data manager prepares them and is not blind."""
    if me(request).role != LEAD:
        return []
    return [what for what in HIDDEN if not store.unblinded(what)]


def download(request: HttpRequest) -> HttpResponseBase:
    """Send the data as a zip, after a lead has said that they may be seen."""
    format, reason = request.POST.get("format", "csv"), request.POST.get("reason", "").strip()
    hidden = _would_unblind(request)
    if format not in FORMATS:
        return _page(request, _("There is no such format."), status=HTTPStatus.BAD_REQUEST)
    if hidden and not reason:
        return _page(
            request,
            _("These files show arm and outcome. Give the reason why you may see them now."),
            status=400,
        )
    add(*(NewFact("unblinding", me(request).name, item=what, reason=reason) for what in hidden))
    with tempfile.TemporaryDirectory(prefix="bordin-export-") as folder:
        place = Path(folder) / "export"
        try:
            made = export_study(
                current.study(), place, me(request).name, format=format, told_as=_("download")
            )
        except BordinError as error:
            return _page(request, str(error), status=HTTPStatus.CONFLICT)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(place.rglob("*")):
                if path.is_file():
                    archive.write(path, path.relative_to(place).as_posix())
    packed.seek(0)
    return FileResponse(
        packed, as_attachment=True, filename=f"export-{made.facts}.zip", content_type="application/zip"
    )


def backup(request: HttpRequest) -> HttpResponseBase:
    """Write a backup beside the record."""
    try:
        made = back_up(current.study(), me(request).name)
    except BordinError as error:
        return _page(request, str(error), status=HTTPStatus.CONFLICT)
    messages.success(
        request,
        _("A backup was written: workbench/backups/%(file)s. Copy it to another disk.")
        % {"file": made.file.name},
    )
    return redirect("data")


def lock(request: HttpRequest) -> HttpResponseBase:
    """Lock the data, or unlock them with a reason."""
    reason = request.POST.get("reason", "")[:1000]
    try:
        if request.POST.get("change") == "unlock":
            unlock_data(me(request).name, reason)
        else:
            lock_data(me(request).name, reason)
    except BordinError as error:
        return _page(request, str(error), status=HTTPStatus.CONFLICT)
    return redirect("data")


def check(request: HttpRequest) -> HttpResponse:
    """Read the whole record through."""
    return _page(request, verified=verify(request.POST.get("head", "").strip() or None))


PAGES = (
    Page("data/", data, "data", (LEAD, DATA_MANAGER)),
    Page("data/download/", download, "data download", (LEAD, DATA_MANAGER), ("POST",)),
    Page("data/backup/", backup, "data backup", (LEAD, DATA_MANAGER), ("POST",)),
    Page("data/lock/", lock, "data lock", (LEAD,), ("POST",)),
    Page("data/verify/", check, "data verify", (LEAD, DATA_MANAGER), ("POST",)),
)
