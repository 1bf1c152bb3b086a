"""What every page shares: who may open it, how it is drawn, how it answers when it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bordin.store.tables import CODER, DATA_MANAGER, LEAD, READER, Account
from bordin.workbench import current

View = Callable[..., HttpResponseBase]

# (roles, name of the page, label), in the order of the bar at the top.
NAVIGATION: tuple[tuple[tuple[str, ...], str, Any], ...] = (
    ((CODER,), "queue", gettext_lazy("Queue")),
    ((CODER,), "practice", gettext_lazy("Practice")),
    ((CODER,), "differences", gettext_lazy("Where I differed")),
    ((CODER,), "manual", gettext_lazy("Manual")),
    ((LEAD, DATA_MANAGER, READER), "overview", gettext_lazy("Overview")),
    ((LEAD, DATA_MANAGER), "people", gettext_lazy("People")),
    ((LEAD, DATA_MANAGER), "tapes", gettext_lazy("Tapes")),
    ((LEAD,), "allocation", gettext_lazy("Allocation")),
    ((LEAD, DATA_MANAGER), "forms", gettext_lazy("Forms")),
    ((LEAD,), "training", gettext_lazy("Training")),
    ((LEAD,), "consensus", gettext_lazy("Consensus")),
    ((LEAD, DATA_MANAGER), "data", gettext_lazy("Data")),
    ((LEAD,), "accounts", gettext_lazy("Accounts")),
    ((LEAD, READER), "audit", gettext_lazy("Audit")),
)


@dataclass(frozen=True)
class Page:
    """One address.

    Attributes
    ----------
    path : str
        As Django's ``path`` takes it, without a slash in front.
    view : callable
    name : str
    roles : tuple of str
        Who may open it; empty for everybody, logged in or not.
    methods : tuple of str
        GET stands for HEAD too.
    json : bool
        It answers programs: a refusal is JSON, not a page.
    """

    path: str
    view: View
    name: str
    roles: tuple[str, ...] = ()
    methods: tuple[str, ...] = ("GET",)
    json: bool = False

    def guarded(self) -> View:
        """Return the view behind its checks."""

        @wraps(self.view)
        def checked(request: HttpRequest, **given: Any) -> HttpResponseBase:
            method = "GET" if request.method == "HEAD" else request.method
            if method not in self.methods:
                refused = self._refuse(
                    request, HTTPStatus.METHOD_NOT_ALLOWED, _("This address does not take that.")
                )
                refused.headers["Allow"] = ", ".join(self.methods)
                return refused
            if self.roles:
                refused = self._check_role(request)
                if refused is not None:
                    return refused
            # Pages for everybody look to it themselves: a dead link looks the same whatever it is.
            if self.roles and self._holds_nul(request):
                return self._refuse(request, HTTPStatus.BAD_REQUEST, _("This request was not understood."))
            return self.view(request, **given)

        return checked

    def _holds_nul(self, request: HttpRequest) -> bool:
        """Say whether what was sent holds a sign that PostgreSQL does not take, even in a question."""
        sent = [request.path, *(v for values in request.GET.lists() for v in (values[0], *values[1]))]
        if not self.json:
            sent += [v for values in request.POST.lists() for v in (values[0], *values[1])]
        return any("\0" in text for text in sent)

    def _check_role(self, request: HttpRequest) -> HttpResponseBase | None:
        account = request.user
        if not account.is_authenticated or not account.is_active:
            return self._ask_for_login(request, "login")
        if current.server().second_factor and not account.is_verified():
            return self._ask_for_login(request, "second factor")
        if account.role not in self.roles:
            return self._refuse(request, HTTPStatus.FORBIDDEN, _("Your account may not open this page."))
        return None

    def _ask_for_login(self, request: HttpRequest, name: str) -> HttpResponseBase:
        """Lead to a page for logging in; what a page asks for by itself is only told that the login ended."""
        if self.json or request.headers.get("HX-Request") == "true":
            return JsonResponse({"error": "login ended"}, status=HTTPStatus.UNAUTHORIZED)
        return redirect(f"{reverse(name)}{_afterwards(request)}")

    def _refuse(self, request: HttpRequest, status: int, message: str) -> HttpResponseBase:
        if self.json:
            return JsonResponse({"error": message}, status=status)
        return refusal(request, status, message)


def _afterwards(request: HttpRequest) -> str:
    """Return the part of an address that names the page to go on with; what was sent cannot be sent again."""
    if request.method not in {"GET", "HEAD"} or request.path == "/":
        return ""
    return f"?{urlencode({'next': request.get_full_path()})}"


def refusal(request: HttpRequest, status: int, message: str) -> HttpResponse:
    """Return a page that says why there is none, and where to go on."""
    return draw(request, "refused.html", {"message": message}, status=status)


def first_page(account: Account) -> str:
    """Return the address where an account begins."""
    address: str = reverse("queue" if account.role == CODER else "overview")
    return address


def sent_json(request: HttpRequest) -> dict[str, Any] | None:
    """Return the JSON object that was sent; None when it is none."""
    try:
        sent = json.loads(request.body)
    except (ValueError, RecursionError):
        return None
    return sent if isinstance(sent, dict) else None


def me(request: HttpRequest) -> Account:
    """Return the account that is logged in; call it behind a page's roles only."""
    account: Account = request.user
    return account


def draw(
    request: HttpRequest, template: str, context: Mapping[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """Draw a template of ``templates/workbench/`` with what every page shows."""
    # A request that was refused before anybody was looked for has no user.
    account: Any = getattr(request, "user", None)
    logged_in = account is not None and account.is_authenticated
    view = getattr(request, "resolver_match", None)
    here = view.url_name if view is not None else ""
    shared = {
        "nav": [
            {"url": reverse(name), "label": label, "current": name == here}
            for roles, name, label in NAVIGATION
            if logged_in and account.role in roles
        ],
        "me": {"name": account.name, "role": account.role} if logged_in else None,
        "study_title": current.study().protocol.study.title if logged_in and account.role != CODER else "",
    }
    return render(request, f"workbench/{template}", {**shared, **(context or {})}, status=status)
