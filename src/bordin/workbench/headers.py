"""What every answer carries, how long a login lasts, how much may be sent, and what stays out of the log."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _

# Every save of a login is a write to the disk: one in ten minutes is enough for a limit of hours.
_SEEN_SECONDS = 600
# The largest that is ever sent: a file by somebody who is logged in; else a list of some ten thousand links.
MOST_SENT, MOST_BY_FILE, MOST_BY_STRANGERS = 8 << 20, 220 << 20, 1 << 20
_TOKEN = re.compile(r"/(enter|f)/[^/\s]+")

Answer = Callable[[HttpRequest], HttpResponseBase]


def private(get_response: Answer) -> Answer:
    """Keep every answer out of caches: pages hold health data, or lead to them."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        return response

    return answer


def keep_login(get_response: Answer) -> Answer:
    """Let the time after which a login ends count from the last use, not from its beginning."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        if "_auth_user_id" in request.session:
            now = int(time.time())
            if now - request.session.get("seen", 0) >= _SEEN_SECONDS:
                request.session["seen"] = now
        return get_response(request)

    return answer


def bounded(get_response: Answer) -> Answer:
    """Refuse what is larger than anything that is sent here before any of it is read: it would fill memory or disk."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        length = request.headers.get("Content-Length") or "0"
        size = int(length) if length.isascii() and length.isdigit() and len(length) < 16 else MOST_BY_FILE + 1
        if size > MOST_BY_STRANGERS and size > (MOST_BY_FILE if _is_known(request) else MOST_BY_STRANGERS):
            from bordin.workbench.pages import refusal

            return refusal(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _("This is too large to be sent."))
        return get_response(request)

    return answer


def _is_known(request: HttpRequest) -> bool:
    return bool(request.user.is_authenticated)


class WithoutTokens(logging.Filter):
    """Takes the tokens of links out of what is logged: whoever has one may answer, or enter."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let everything pass, with the tokens left out."""
        if isinstance(record.args, tuple):
            record.args = tuple(_TOKEN.sub(r"/\1/...", a) if isinstance(a, str) else a for a in record.args)
        record.msg = _TOKEN.sub(r"/\1/...", str(record.msg))
        return True
