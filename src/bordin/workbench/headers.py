"""What every answer carries, and how long a login lasts."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

# Every save of a login is a write to the disk: one in ten minutes is enough for a limit of hours.
_SEEN_SECONDS = 600

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
