"""Tapes: which sessions have one, how far each is, and what to do next on the command line."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bordin.errors import TapeError
from bordin.store import people as store
from bordin.store.importing import minutes_of, tapes_of
from bordin.store.tables import DATA_MANAGER, LEAD
from bordin.study.tapes import tape_facts
from bordin.tapes.vault.vault import Vault
from bordin.workbench import current
from bordin.workbench.pages import Page, draw
from bordin.workbench.people import _number, _steps


def tapes(request: HttpRequest) -> HttpResponse:
    """List the sessions with what is known of their tapes."""
    search = request.GET.get("q", "")[:100]
    listing = store.list_sessions(search=search, page=_number(request.GET.get("page")))
    vault = current.vault()
    return draw(
        request,
        "tapes.html",
        {
            "rows": [{"session": s, **_about(vault, s.tape)} for s in listing.rows],
            "listing": listing,
            "search": search,
            "steps": _steps(search, listing),
            "counts": store.counts(),
            "vault": vault is not None,
            "locked": vault is not None and vault.locked,
            "unlinked": _unlinked(vault),
            "folder": current.study().folder.name,
        },
    )


def _about(vault: Vault | None, name: str) -> dict[str, Any]:
    """Return what is known of a tape; a sealed one tells nothing while it is locked."""
    if vault is None or not name:
        return {"state": "none"}
    if vault.locked:
        return {"state": "sealed"}
    try:
        facts = tape_facts(vault.tape(name))
    except TapeError as error:
        return {"state": "damaged", "problem": str(error)}
    return {
        "state": "there",
        "minutes": f"{facts['seconds'] / 60:.1f}",
        "transcript": facts["transcript"],
        "roles": bool(facts["roles"]),
        "warnings": facts["warnings"],
    }


def _unlinked(vault: Vault | None) -> int:
    """Count the tapes of the vault that the record does not know of yet."""
    if vault is None:
        return 0
    known = {r[0] for r in store.query("SELECT tape FROM store_session WHERE tape <> ''")}
    gone, n = store.withdrawn(), 0
    # Only those are opened: a vault may hold thousands.
    for name in set(vault.names()) - known:
        # A damaged one is none that could be linked.
        with suppress(TapeError):
            n += vault.tape(name).participant not in gone
    return n


def link(request: HttpRequest) -> HttpResponseBase:
    """Look for tapes that were added since, and note whose session each is."""
    n = store.link_tapes(tapes_of(current.vault()), minutes_of(current.vault()))
    messages.success(
        request,
        ngettext("%(n)s session has a tape now.", "%(n)s sessions have a tape now.", n) % {"n": n}
        if n
        else _("No tape was new."),
    )
    return redirect("tapes")


PAGES = (
    Page("tapes/", tapes, "tapes", (LEAD, DATA_MANAGER)),
    Page("tapes/link/", link, "tapes link", (LEAD, DATA_MANAGER), ("POST",)),
)
