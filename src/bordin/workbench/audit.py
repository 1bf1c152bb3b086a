"""The audit: every fact in plain words, a button that checks the chain, and the list as a file."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bordin.report.number import percent
from bordin.store.reading_facts import COLUMNS, Told, Wanted, actors, every_fact, head, page
from bordin.store.record import KINDS
from bordin.store.tables import LEAD, READER
from bordin.store.verify import Verified, verify
from bordin.workbench import current
from bordin.workbench.behind import Behind
from bordin.workbench.board import record_name
from bordin.workbench.forms import plain_cell
from bordin.workbench.pages import Page, draw

_verified: Behind[Verified] = Behind()
READERS = (LEAD, READER)
MOST_FILES = 3


def _wanted(request: HttpRequest) -> Wanted:
    given = request.GET
    before = given.get("before", "")
    return Wanted(
        kind=given.get("kind", "") if given.get("kind", "") in KINDS else "",
        actor=given.get("actor", "").strip()[:100],
        session=given.get("session", "").strip()[:100],
        before=int(before) if before.isascii() and before.isdigit() and len(before) < 16 else 0,
    )


def show(request: HttpRequest) -> HttpResponse:
    """Draw a page of the audit."""
    wanted = _wanted(request)
    found = page(wanted)
    seq, hash = head()
    asked = {"kind": wanted.kind, "actor": wanted.actor, "session": wanted.session}
    asked = {k: v for k, v in asked.items() if v}
    context = {
        "facts": [_line(f) for f in found.facts],
        "older": urlencode({**asked, "before": found.older}) if found.older else "",
        "searched": found.searched,
        "latest": urlencode(asked) if wanted.before else None,
        "download": urlencode(asked),
        "filtered": bool(asked),
        "wanted": wanted,
        "kinds": [(k, _(said)) for k, said in KINDS.items()],
        "actors": actors(),
        "seq": seq,
        "head": hash,
    }
    return draw(request, "audit.html", context)


def _line(f: Told) -> dict[str, Any]:
    return {
        "seq": f.seq,
        "at": f.at,
        "day": f.at[:10],
        "time": f.at[11:19],
        "actor": f.actor,
        "sentence": _(KINDS[f.kind]) if f.kind in KINDS else f.kind,
        "about": _about(f),
        "hash": f.hash[:8],
    }


def _about(f: Told) -> list[str]:
    """Say what a fact is about, in the order in which a person would."""
    told = [f.tape, f.session]
    if f.coder and f.coder != f.actor:
        told.append(f.coder)
    told += [_variable(f.item), *_detail(f)]
    if f.reason:
        told.append(_("Reason: %(reason)s") % {"reason": f.reason})
    return [t for t in told if t]


def _variable(item: str) -> str:
    """Return the name of a dimension for its variable; other items as they are."""
    coding, _dot, dimension = item.partition(".")
    systems = current.study().systems
    system = systems.get(coding)
    if system is None:
        return item
    if not dimension and len(systems) == 1:
        return ""
    return next(
        (d.name for d in system.dimensions if d.id == dimension), system.name if not dimension else item
    )


def _detail(f: Told) -> Iterator[str]:
    d = f.detail
    if f.kind == "import":
        rows = d.get("rows", 0)
        yield str(d.get("file", ""))
        yield ngettext("%(n)s row", "%(n)s rows", rows) % {"n": rows}
    elif f.kind == "allocation":
        if "count" in d:
            yield ngettext("%(n)s tape", "%(n)s tapes", d["count"]) % {"n": d["count"]}
        if "seed" in d:
            yield _("seed %(seed)s") % {"seed": d["seed"]}
        if "drawings" in d:
            n = d["drawings"]
            yield ngettext("%(n)s drawing looked at", "%(n)s drawings looked at", n) % {"n": n}
    elif f.kind == "export":
        names = list(d.get("files", ()))
        yield ", ".join(names[:MOST_FILES]) + (" …" if len(names) > MOST_FILES else "")
    elif f.kind == "lock" and d.get("heard") is not None:
        yield _("%(share)s heard") % {"share": percent(d["heard"])}
    elif f.kind == "withdrawal":
        yield _("ratings dropped") if d.get("ratings") == "dropped" else _("ratings kept")
    else:
        yield ", ".join(str(v) for v in d.values())


def check(request: HttpRequest) -> HttpResponse:
    """Read the whole chain through, and say whether it adds up."""
    seq, hash = head()
    expected = request.POST.get("expected", request.GET.get("expected", "")).strip().lower() or None
    answer = _verified.ask(
        record_name(),
        (hash, expected),
        lambda _publish: verify(expected),
        1.0 if request.method == "POST" else 0.2,
    )
    ready = not answer.stale
    context = {
        "found": answer.value if ready else None,
        "failed": answer.failed,
        "expected": expected or "",
        "seq": seq,
        "again": urlencode({"expected": expected}) if expected else "",
    }
    if request.headers.get("HX-Request") == "true":
        return draw(request, "_verified.html", context)
    return draw(request, "audit_check.html", context)


class _Echo:
    """What a csv writer writes into; it gives the line back."""

    def write(self, line: str) -> str:
        return line


def download(request: HttpRequest) -> StreamingHttpResponse:
    """Send the list as a file: what happened, when, by whom, and the hashes; no value and no text."""
    wanted = _wanted(request)
    writer = csv.writer(_Echo(), lineterminator="\r\n")

    def lines() -> Iterator[str]:
        yield "\ufeff" + writer.writerow(COLUMNS)
        for row in every_fact(wanted):
            yield writer.writerow([plain_cell(cell) for cell in row])

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="audit.csv"'
    return response


PAGES = (
    Page("audit/", show, "audit", READERS),
    Page("audit/check/", check, "audit check", READERS, ("GET", "POST")),
    Page("audit/audit.csv", download, "audit download", READERS),
)
