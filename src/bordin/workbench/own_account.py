"""What a person may set for the own account: language, password, second factor; and logging out everywhere."""

from __future__ import annotations

from http import HTTPStatus

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.hashers import check_password
from django.contrib.auth.password_validation import password_validators_help_texts
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from bordin.store.accounts import end_logins, forget_second_factor, second_factor_changed, set_password
from bordin.store.tables import ROLES, Account
from bordin.workbench import current
from bordin.workbench.login import password_problems, set_language_cookie
from bordin.workbench.pages import Page, draw, me
from bordin.workbench.second_factor import (
    check_code,
    has_second_factor,
    new_recovery_codes,
    recovery_left,
    told_recovery_low,
)


def own_account(request: HttpRequest) -> HttpResponseBase:
    """Show the own account, or change one thing of it."""
    if request.method != "POST":
        told_recovery_low(request, me(request))
        return _page(request)
    action = _ACTIONS.get(request.POST.get("change", ""))
    return action(request, me(request)) if action is not None else _page(request, _("Nothing was changed."))


def _page(request: HttpRequest, *problems: str, codes: list[str] | None = None) -> HttpResponseBase:
    account = me(request)
    return draw(
        request,
        "own_account.html",
        {
            "account": account,
            "problems": problems,
            "codes": codes,
            "languages": settings.LANGUAGES,
            "language": account.settings.get("language") or get_language(),
            "rules": password_validators_help_texts(),
            "has_second": has_second_factor(account),
            "second_required": current.server().second_factor,
            "recovery_left": recovery_left(account),
        },
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
    )


def _language(request: HttpRequest, account: Account) -> HttpResponseBase:
    wanted = request.POST.get("language", "")
    if wanted not in dict(settings.LANGUAGES):
        return _page(request, _("There is no such language."))
    account.settings = {**account.settings, "language": wanted}
    account.save(update_fields=["settings"])
    with override(wanted):
        messages.success(request, _("The pages are in this language now."))
    response = redirect("own account")
    set_language_cookie(response, wanted)
    return response


def _password(request: HttpRequest, account: Account) -> HttpResponseBase:
    # Not the account's own method: it may keep a newer hash of the same password, which would end this login.
    if not check_password(request.POST.get("old", ""), account.password):
        return _page(request, _("The present password is not right."))
    new = request.POST.get("password", "")
    problems = password_problems(account, new, request.POST.get("again", ""))
    if problems:
        return _page(request, *problems)
    device = request.user.otp_device
    set_password(account, new)
    account.refresh_from_db()
    update_session_auth_hash(request, account)
    request.user.otp_device = device
    messages.success(request, _("The password was changed. All other logins ended."))
    return redirect("own account")


def _everywhere(request: HttpRequest, account: Account) -> HttpResponseBase:
    ended = end_logins([account.pk], but=request.session.session_key)
    messages.success(request, _("Logins that ended on other computers: {count}.").format(count=ended))
    return redirect("own account")


def _take_second_away(request: HttpRequest, account: Account) -> HttpResponseBase:
    if current.server().second_factor:
        return _page(request, _("This study asks everybody for a second factor."))
    device, _wait = check_code(account, request.POST.get("code", ""))
    if device is None:
        return _page(request, _("This code is not right. Wait for the next one and try again."))
    forget_second_factor(account)
    messages.success(request, _("The second factor was taken away."))
    return redirect("own account")


def _recovery(request: HttpRequest, account: Account) -> HttpResponseBase:
    device, _wait = check_code(account, request.POST.get("code", ""))
    if device is None:
        return _page(request, _("This code is not right. Wait for the next one and try again."))
    codes = new_recovery_codes(account)
    second_factor_changed(account, "recovery codes")
    return _page(request, codes=codes)


_ACTIONS = {
    "language": _language,
    "password": _password,
    "everywhere": _everywhere,
    "no second factor": _take_second_away,
    "recovery codes": _recovery,
}

PAGES = (Page("account/", own_account, "own account", ROLES, ("GET", "POST")),)
