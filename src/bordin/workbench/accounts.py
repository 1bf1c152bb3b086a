"""The lead's page of accounts: who may log in, under which neutral name, in which role."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bordin.errors import BordinError
from bordin.store.accounts import (
    LINK_HOURS,
    listed,
    make_account,
    make_link,
    set_active,
    set_role,
    suggest_names,
)
from bordin.store.tables import CODER, DATA_MANAGER, LEAD, READER, Account
from bordin.workbench import login, own_account, second_factor
from bordin.workbench.pages import Page, draw, me, refusal

# Role -> its name for people, and what it may do.
ROLE_WORDS: dict[str, tuple[Any, Any]] = {
    CODER: (gettext_lazy("Coder"), gettext_lazy("rates tapes blind, and sees nothing else")),
    DATA_MANAGER: (gettext_lazy("Data manager"), gettext_lazy("people, tapes, forms and data, no ratings")),
    READER: (gettext_lazy("Reader"), gettext_lazy("looks at progress and at the record, changes nothing")),
    LEAD: (gettext_lazy("Lead"), gettext_lazy("everything")),
}
STATE_WORDS: dict[str, tuple[str, Any]] = {
    "open": ("ok", gettext_lazy("can log in")),
    "invited": ("open", gettext_lazy("invited, no password yet")),
    "link ended": ("warn", gettext_lazy("the link ended: make a new one")),
    "closed": ("open", gettext_lazy("closed")),
}


def accounts(request: HttpRequest) -> HttpResponseBase:
    """List the accounts, or make one with a link for its person."""
    if request.method != "POST":
        return _page(request)
    typed = {k: request.POST.get(k, "") for k in ("username", "name", "role")}
    try:
        number = make_account(typed["username"], typed["name"], typed["role"], me(request).name)
    except BordinError as error:
        return _page(request, error=error, typed=typed)
    return _with_link(request, number)


def change(request: HttpRequest, number: int) -> HttpResponseBase:
    """Change one account: a new link, closed, opened, another role."""
    account = Account.objects.filter(pk=number).first()
    if account is None:
        return refusal(request, HTTPStatus.NOT_FOUND, _("There is no such account."))
    wanted, actor = request.POST.get("change", ""), me(request).name
    if account.pk == me(request).pk and wanted in {"close", "role"}:
        return _page(request, problem=_("Your own account is closed or changed by another lead."))
    try:
        if wanted == "link":
            if not account.is_active:
                return _page(request, problem=_("This account is closed. Open it first."))
            return _with_link(request, number, forget_second=request.POST.get("second") == "forget")
        if wanted in {"close", "open"}:
            set_active(number, wanted == "open", actor)
        elif wanted == "role":
            set_role(number, request.POST.get("role", ""), actor)
        else:
            return _page(request, problem=_("Nothing was changed."))
    except BordinError as error:
        return _page(request, error=error)
    return redirect("accounts")


def _with_link(request: HttpRequest, number: int, *, forget_second: bool = False) -> HttpResponseBase:
    """Show the link on this one answer; it is kept nowhere, so it cannot be shown again."""
    token = make_link(number, me(request).name, forget_second=forget_second)
    address = request.build_absolute_uri(reverse("enter", args=[token]))
    return _page(request, link={"address": address, "account": Account.objects.get(pk=number)})


def _page(
    request: HttpRequest,
    *,
    error: BordinError | None = None,
    problem: str = "",
    typed: dict[str, str] | None = None,
    link: dict[str, Any] | None = None,
) -> HttpResponseBase:
    problems = [f"{p.message} {p.hint or ''}".strip() for p in error.problems] if error is not None else []
    problems = [p[0].upper() + p[1:] for p in [*problems, *filter(None, [problem])]]
    rows = listed()
    for row in rows:
        row["shape"], row["state_words"] = STATE_WORDS[row["state"]]
        row["role_words"] = ROLE_WORDS[row["account"].role][0]
    return draw(
        request,
        "accounts.html",
        {
            "rows": rows,
            "roles": [(role, words, may) for role, (words, may) in ROLE_WORDS.items()],
            "suggested": suggest_names(),
            "problems": problems,
            "typed": typed or {"role": CODER},
            "link": link,
            "days": LINK_HOURS // 24,
            "alone": len(rows) == 1,
        },
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
    )


PAGES = (
    *login.PAGES,
    *second_factor.PAGES,
    *own_account.PAGES,
    Page("accounts/", accounts, "accounts", (LEAD,), ("GET", "POST")),
    Page("accounts/<int:number>/", change, "account change", (LEAD,), ("POST",)),
)
