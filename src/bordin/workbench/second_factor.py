"""The second factor: a code from an authenticator app, or one of ten recovery codes."""

from __future__ import annotations

from base64 import b32encode
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django_otp import login as verify_login
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from bordin.store.accounts import second_factor_changed
from bordin.store.record import NewFact
from bordin.store.tables import Account
from bordin.store.writer import add
from bordin.workbench.login import finish, following_page, half_logged_in
from bordin.workbench.pages import Page, draw, first_page

RECOVERY_CODES = 10
_DIGITS = 6


def second_factor(request: HttpRequest) -> HttpResponseBase:
    """Ask for a code, or have an authenticator app set up first."""
    here = request.user.is_authenticated and request.user.is_active
    account, following = (request.user, following_page(request)) if here else half_logged_in(request)
    if account is None:
        return redirect("login")
    if has_second_factor(account):
        return _ask(request, account, following)
    return _set_up(request, account)


def has_second_factor(account: Account) -> bool:
    """Say whether an account has an authenticator app set up."""
    return bool(TOTPDevice.objects.filter(user=account, confirmed=True).exists())


def _ask(request: HttpRequest, account: Account, following: str) -> HttpResponseBase:
    logged_in = request.user.is_authenticated
    if logged_in and request.user.is_verified():
        return redirect("own account")
    wrong, wait = False, 0
    if request.method == "POST":
        device, wait = check_code(account, request.POST.get("code", ""))
        if device is not None:
            if logged_in:
                verify_login(request, device)
                return redirect(following or first_page(account))
            return finish(request, account, following, device)
        wrong = not wait
        if wrong:
            add(NewFact("login refused", account.name, reason="code"))
    return draw(
        request,
        "second_factor.html",
        {"ask": True, "wrong": wrong, "wait": wait},
        status=HTTPStatus.UNPROCESSABLE_ENTITY if wrong or wait else HTTPStatus.OK,
    )


def check_code(account: Account, typed: str) -> tuple[Any, int]:
    """Hold a code against the account's app, or its recovery codes.

    Returns
    -------
    (device or None, int)
        The device that it is right for; and for how many seconds no code is looked at after wrong ones.
    """
    code = "".join(typed.split()).lower()
    kind = TOTPDevice if code.isdigit() and len(code) == _DIGITS else StaticDevice
    # The row is held, so that one code cannot be used twice at the same moment.
    with transaction.atomic():
        device = kind.objects.select_for_update().filter(user=account, confirmed=True).first()
        if device is None or not code:
            return None, 0
        allowed, why = device.verify_is_allowed()
        if not allowed:
            return None, _seconds(why)
        return (device if device.verify_token(code) else None), 0


def _seconds(why: dict[str, Any] | None) -> int:
    from django.utils import timezone

    until = (why or {}).get("locked_until")
    return max(1, round((until - timezone.now()).total_seconds())) if until is not None else 1


def _set_up(request: HttpRequest, account: Account) -> HttpResponseBase:
    """Show a new key as a picture and as letters, and keep it once a code proves that the app has it."""
    if not request.user.is_authenticated:
        return redirect("login")
    device, _made = TOTPDevice.objects.get_or_create(user=account, confirmed=False, defaults={"name": "app"})
    wrong = False
    if request.method == "POST":
        code = "".join(request.POST.get("code", "").split())
        allowed, _why = device.verify_is_allowed()
        if allowed and device.verify_token(code):
            device.confirmed = True
            device.save()
            codes = new_recovery_codes(account)
            second_factor_changed(account, "second factor set up")
            verify_login(request, device)
            return draw(request, "second_factor.html", {"codes": codes, "next": first_page(account)})
        wrong = True
    return draw(
        request,
        "second_factor.html",
        {"set_up": True, "wrong": wrong, "picture": _picture(device), "letters": _letters(device)},
        status=HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK,
    )


def _picture(device: TOTPDevice) -> str:
    """Return the key as a QR code: an SVG in a data address, which the site's policy allows for pictures."""
    import segno

    code = segno.make_qr(device.config_url, error="m")
    return str(code.svg_data_uri(scale=5, border=4, dark="#000", light="#fff"))


def _letters(device: TOTPDevice) -> str:
    text = b32encode(device.bin_key).decode().rstrip("=")
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))


def new_recovery_codes(account: Account) -> list[str]:
    """Make ten codes that work once each, in place of all that there were."""
    with transaction.atomic():
        StaticDevice.objects.filter(user=account).delete()
        device = StaticDevice.objects.create(user=account, name="recovery", confirmed=True)
        codes = [StaticToken.random_token() for _i in range(RECOVERY_CODES)]
        StaticToken.objects.bulk_create(StaticToken(device=device, token=code) for code in codes)
    return codes


def recovery_left(account: Account) -> int:
    """Return how many recovery codes an account has left."""
    return int(StaticToken.objects.filter(device__user=account).count())


def told_recovery_low(request: HttpRequest, account: Account) -> None:
    """Warn somebody who has used up nearly all recovery codes."""
    left = recovery_left(account)
    if has_second_factor(account) and left <= 2:
        messages.warning(
            request, _("You have {count} recovery codes left. Make new ones.").format(count=left)
        )


PAGES = (Page("second-factor/", second_factor, "second factor", methods=("GET", "POST")),)
