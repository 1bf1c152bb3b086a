"""The screen on which a coder listens and rates, and what it asks of the server.

Blind by construction: everything here comes from :mod:`bordin.store.blind`, which knows no arm, outcome, date, session
number, file name or other coder. An import contract holds that.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from bordin.coding.blinding import DO_NOT_KNOW, DimensionForm, blind_tape
from bordin.coding.system import CodingSystem
from bordin.errors import BordinError
from bordin.store.blind import (
    OwnAssignment,
    is_closed,
    levels,
    own_assignment,
    own_assignments,
    own_state,
    own_work,
)
from bordin.store.saving import Coder, LockedError, NotYours, lock, save
from bordin.store.tables import CODER
from bordin.store.writer import write
from bordin.tapes.vault.vault import Tape
from bordin.workbench import current
from bordin.workbench.manual import section_html
from bordin.workbench.media import serve_peaks, serve_sound, serve_transcript
from bordin.workbench.pages import Page, draw, me, refusal, sent_json
from bordin.workbench.practice import certify_if_reached
from bordin.workbench.queue import open_now

LETTERS = "abcdefghijklmnopqrstuvwyz"  # x is "not codable"
TAKEN = frozenset("mx")


def _own(request: HttpRequest, assignment: str) -> OwnAssignment:
    """Return the coder's own assignment; that of another coder does not exist for this one."""
    found = own_assignment(me(request).id, assignment)
    if found is None:
        raise Http404
    return found


def _own_work(request: HttpRequest, assignment: str) -> tuple[str, bool]:
    """Return the coding system of the coder's own assignment, and whether it is begun.

    What is begun goes on although the lead reopens a tape before it.
    """
    found = own_work(me(request).id, assignment)
    if found is None:
        raise Http404
    return found


def _comes_later(
    request: HttpRequest, own: OwnAssignment, everything: list[OwnAssignment] | None = None
) -> bool:
    """Say whether other tapes come first, or the certificate: what is locked can be read, what is to come cannot."""
    if own.locked:
        return False
    account = me(request)
    now = open_now(everything or own_assignments(account.id), account)
    return now is None or now.id != own.id


def _later() -> str:
    return str(_("This tape comes later: tapes are rated in the order drawn for you."))


def _tape(request: HttpRequest, assignment: str) -> Tape:
    own = _own(request, assignment)
    if not _own_work(request, assignment)[1] and _comes_later(request, own):
        raise Http404
    tape = current.tape(own.tape)
    if tape is None:
        raise Http404
    return tape


def show(request: HttpRequest, assignment: str) -> HttpResponse:
    """Draw the rating screen of one tape."""
    own, everything = _own(request, assignment), own_assignments(me(request).id)
    if _comes_later(request, own, everything):
        return refusal(request, HTTPStatus.FORBIDDEN, _later())
    alike = [a for a in everything if a.purpose == own.purpose]
    data = _data(request, own, 1 + [a.id for a in alike].index(own.id), len(alike))
    return draw(request, "rate.html", {"tape": data, "data": data})


def _data(request: HttpRequest, own: OwnAssignment, position: int, total: int) -> dict[str, Any]:
    closed = is_closed()
    use, system = current.coding(own.coding)
    state, tape = own_state(own.id), current.tape(own.tape)
    seconds = tape.facts()["recording"]["decoded"] if tape is not None else (own.minutes or 0.0) * 60
    blind = blind_tape(replace(own, position=position), total, seconds, use.source, system.dimensions)
    return {
        "assignment": blind.assignment,
        "name": blind.name,
        "position": blind.position,
        "total": blind.total,
        "seconds": blind.seconds,
        "has_sound": tape is not None,
        "locked": own.locked or closed,
        "practice": own.purpose == "practice",
        "released": own.released,
        "dimensions": _dimensions(blind.dimensions, system),
        "reasons": list(system.reasons),
        "ratings": {
            item.partition(".")[2]: {"value": g.value, "reason": g.reason}
            for item, g in state.ratings.items()
        },
        "marks": [
            {"mark": m.id, "dimension": m.item.partition(".")[2], "seconds": m.seconds, "note": m.note}
            for m in state.marks
        ],
        "memo": state.memo,
        "heard": [list(stretch) for stretch in state.heard],
        "stopped_at": state.stopped_at,
        "source": blind.source,
        "guess": [] if own.locked or closed or own.purpose == "practice" else _guesses(),
        "keys": me(request).settings.get("keys", {}),
        "manual_version": system.manual_version,
    }


def _dimensions(forms: Sequence[DimensionForm], system: CodingSystem) -> list[dict[str, Any]]:
    letters = key_letters([d.name for d in forms])
    return [
        {
            "id": d.id,
            "name": d.name,
            "key": letter,
            "low": d.low,
            "high": d.high,
            "points": list(d.points),
            "step": d.step,
            "start": d.start,
            "start_meaning": d.start_meaning,
            "anchors": [{"point": a.point, "text": a.text} for a in d.anchors],
            "definition": d.definition,
            "section_html": section_html(system, system.dimension(d.id)),
            "only_if_text": d.only_if,
        }
        for d, letter in zip(forms, letters, strict=True)
    ]


def key_letters(names: list[str]) -> list[str]:
    """Return a hot key for each name: one of its own letters where one is free, else the next free letter."""
    taken, letters = set(TAKEN), []
    for name in names:
        own = [c for word in name.lower().split() for c in word[:1]] + list(name.lower())
        found = next((c for c in [*own, *LETTERS] if c in LETTERS and c not in taken), "")
        taken.add(found)
        letters.append(found)
    return letters


def _guesses() -> list[dict[str, Any]]:
    """Return what a coder is asked to guess at lock, from the protocol."""
    blinding = current.study().protocol.blinding
    return [
        {
            "id": what,
            "label": _("Your guess: %(what)s") % {"what": what},
            "choices": list(blinding.choices.get(what) or levels(what)),
        }
        for what in blinding.guess
    ]


def _coder(request: HttpRequest) -> Coder:
    account = me(request)
    return Coder(account.id, account.name)


def keep(request: HttpRequest, assignment: str) -> JsonResponse:
    """Save changes that the rating screen sends."""
    coding, is_begun = _own_work(request, assignment)
    changes = (sent_json(request) or {}).get("changes")
    if not isinstance(changes, list) or not all(isinstance(c, dict) for c in changes):
        return JsonResponse({"error": _("This request was not understood.")}, status=HTTPStatus.BAD_REQUEST)
    if not is_begun and _comes_later(request, _own(request, assignment)):
        return JsonResponse({"error": _later()}, status=HTTPStatus.CONFLICT)
    try:
        saved = save(_coder(request), assignment, current.study().systems[coding], changes)
    except NotYours:
        raise Http404 from None
    except LockedError as error:
        return JsonResponse({"error": str(error)}, status=HTTPStatus.CONFLICT)
    return JsonResponse(
        {
            "saved": saved.ids,
            "at": localtime().strftime("%H:%M:%S"),
            "refused": [{"id": i, "message": m} for i, m in saved.refused],
        }
    )


def _guessed(given: Any) -> dict[str, tuple[str, float | None]] | None:
    """Return what a coder guessed of what was asked; None when an answer is none of the choices."""
    guesses: dict[str, tuple[str, float | None]] = {}
    for asked in _guesses():
        answer = given.get(asked["id"]) if isinstance(given, dict) else None
        if answer and answer not in (*asked["choices"], DO_NOT_KNOW):
            return None
        if answer:
            guesses[asked["id"]] = (answer, None)
    return guesses


def lock_ratings(request: HttpRequest, assignment: str) -> JsonResponse:
    """Lock the ratings of a tape."""
    own, sent = _own(request, assignment), sent_json(request) or {}
    if _comes_later(request, own):
        return JsonResponse({"error": _later()}, status=HTTPStatus.CONFLICT)
    guesses = _guessed(sent.get("guess"))
    if guesses is None:
        return JsonResponse({"error": _("Choose one of the answers.")}, status=HTTPStatus.BAD_REQUEST)
    state = own_state(assignment)
    seconds = (own.minutes or 0.0) * 60
    tape = current.tape(own.tape)
    if tape is not None:
        seconds = tape.facts()["recording"]["decoded"]
    heard = sum(end - start for start, end in state.heard) / seconds if seconds else None
    try:
        lock(_coder(request), assignment, current.study().systems[own.coding], heard=heard, guesses=guesses)
    except LockedError as error:
        return JsonResponse({"error": str(error)}, status=HTTPStatus.CONFLICT)
    except BordinError as error:
        return JsonResponse({"error": str(error)}, status=HTTPStatus.BAD_REQUEST)
    if own.purpose != "practice":
        return JsonResponse({"next": reverse("queue")})
    certify_if_reached(me(request), own.coding)
    return JsonResponse({"next": f"/practice/{assignment}/"})


def _are_keys(keys: dict[Any, Any]) -> bool:
    """Say whether these are hot keys, a different one for each action."""
    texts = all(
        isinstance(k, str)
        and isinstance(v, str)
        and len(k) <= 64
        and 1 <= len(v) <= 32
        and (k + v).isprintable()
        for k, v in keys.items()
    )
    return texts and len(keys) <= 200 and len(set(keys.values())) == len(keys)


def keep_keys(request: HttpRequest) -> JsonResponse:
    """Keep a coder's own hot keys."""
    account, keys = me(request), (sent_json(request) or {}).get("keys")
    if not isinstance(keys, dict) or not _are_keys(keys):
        return JsonResponse(
            {"error": _("Each action needs a key of its own.")}, status=HTTPStatus.BAD_REQUEST
        )
    number, settings = account.id, {**account.settings, "keys": keys}

    def job(t: Any) -> None:
        t.cursor.execute(
            "UPDATE store_account SET settings = %s WHERE id = %s", [json.dumps(settings), number]
        )

    write(job)
    return JsonResponse({"keys": keys})


def sound(request: HttpRequest, assignment: str) -> HttpResponseBase:
    """Stream the tape."""
    return serve_sound(request, _tape(request, assignment))


def peaks(request: HttpRequest, assignment: str) -> HttpResponseBase:
    """Return the drawing of the waveform."""
    return serve_peaks(request, _tape(request, assignment))


def transcript(request: HttpRequest, assignment: str) -> HttpResponseBase:
    """Return the turns of the tape, where there is a transcript."""
    return serve_transcript(request, _tape(request, assignment))


PAGES = (
    Page("rate/<str:assignment>/", show, "rate", (CODER,)),
    Page("rate/<str:assignment>/save/", keep, "rate save", (CODER,), ("POST",), json=True),
    Page("rate/<str:assignment>/lock/", lock_ratings, "rate lock", (CODER,), ("POST",), json=True),
    Page("keys/", keep_keys, "keys", (CODER,), ("POST",), json=True),
    Page("tape/<str:assignment>/sound", sound, "sound", (CODER,), json=True),
    Page("tape/<str:assignment>/peaks", peaks, "peaks", (CODER,), json=True),
    Page("tape/<str:assignment>/transcript", transcript, "transcript", (CODER,), json=True),
)
