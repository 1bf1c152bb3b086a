"""What every page shares: who may open it, how it is drawn, how it answers when it refuses."""

from __future__ import annotations

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
            return self.view(request, **given)

        return checked

    def _check_role(self, request: HttpRequest) -> HttpResponseBase | None:
        account = request.user
        if not account.is_authenticated or not account.is_active:
            if self.json:
                return JsonResponse({"error": "login ended"}, status=HTTPStatus.UNAUTHORIZED)
            return redirect(f"{reverse('login')}{_afterwards(request)}")
        if current.server().second_factor and not account.is_verified():
            if self.json:
                return JsonResponse({"error": "login ended"}, status=HTTPStatus.UNAUTHORIZED)
            return redirect(f"{reverse('second factor')}{_afterwards(request)}")
        if account.role not in self.roles:
            return self._refuse(request, HTTPStatus.FORBIDDEN, _("Your account may not open this page."))
        return None

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
