"""Pages for what is not there, not allowed or went wrong."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from bordin.workbench.pages import refusal


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer an address that does not exist."""
    return refusal(request, HTTPStatus.NOT_FOUND, _("There is no such page."))


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer what is not allowed."""
    return refusal(request, HTTPStatus.FORBIDDEN, _("This is not allowed."))


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose page is too old."""
    return refusal(
        request, HTTPStatus.FORBIDDEN, _("This page was open for too long. Reload it and send again.")
    )


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer a request that makes no sense."""
    return refusal(request, HTTPStatus.BAD_REQUEST, _("This request was not understood."))


def failed(request: HttpRequest) -> HttpResponse:
    """Answer when the program is at fault; what was saved before is safe."""
    return refusal(
        request,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        _(
            "Something went wrong in bordin. What was saved before is safe. The lead finds the cause in the server's log."
        ),
    )
