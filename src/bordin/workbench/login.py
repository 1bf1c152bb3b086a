"""Log in and out, and enter by a link that works once."""

from __future__ import annotations

import hashlib
import hmac
import time
from http import HTTPStatus
from threading import Lock
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.password_validation import password_validators_help_texts, validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django_otp import login as verify_login

from bordin.store.accounts import entered, login_name, use_link
from bordin.store.record import NewFact
from bordin.store.tables import Account
from bordin.store.writer import add
from bordin.workbench import current
from bordin.workbench.pages import Page, draw, first_page, refusal

BACKEND = "django.contrib.auth.backends.ModelBackend"
HALF = "half"
HALF_SECONDS = 600
_UNKNOWN_AN_HOUR = 20
_unknown: list[float] = []
_unknown_lock = Lock()


def root(request: HttpRequest) -> HttpResponseBase:
    """Send everybody to where they begin."""
    return redirect(first_page(request.user) if request.user.is_authenticated else reverse("login"))


def log_in(request: HttpRequest) -> HttpResponseBase:
    """Ask for login name and password."""
    following = following_page(request)
    if request.method != "POST":
        if request.user.is_authenticated and request.user.is_active:
            return redirect(following or first_page(request.user))
        return draw(request, "login.html", {"next": following})
    name = login_name(request.POST.get("username", ""))
    credentials = {"username": name, "password": request.POST.get("password", "")}
    was_open = AxesProxyHandler.is_allowed(request, credentials)
    # A NUL is in no login name, and PostgreSQL does not take it even in a question.
    account = authenticate(request, **credentials) if "\0" not in name else None
    if account is None:
        if was_open:
            _note_refused(name)
        return draw(
            request,
            "login.html",
            {"next": following, "wrong": True, "username": name},
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
        )
    return begin(request, account, following)


def begin(request: HttpRequest, account: Account, following: str = "") -> HttpResponseBase:
    """Log an account in whose password was right, or ask for its second factor first."""
    from django_otp.plugins.otp_totp.models import TOTPDevice

    if TOTPDevice.objects.filter(user=account, confirmed=True).exists():
        request.session.cycle_key()
        request.session[HALF] = {
            "account": account.pk,
            "at": int(time.time()),
            "password": account.get_session_auth_hash(),
            "next": following,
        }
        return redirect("second factor")
    return finish(request, account, following)


def half_logged_in(request: HttpRequest) -> tuple[Account | None, str]:
    """Return the account whose password was right some minutes ago, and the page it wanted."""
    half = request.session.get(HALF)
    if half is None or time.time() - half["at"] > HALF_SECONDS:
        return None, ""
    account = Account.objects.filter(pk=half["account"], is_active=True).first()
    if account is None or not hmac.compare_digest(account.get_session_auth_hash(), half["password"]):
        return None, ""
    return account, half["next"]


def finish(
    request: HttpRequest, account: Account, following: str = "", device: Any = None
) -> HttpResponseBase:
    """Log an account in and send it on; its login gets a new key, so that one planted before is worthless."""
    request.session.pop(HALF, None)
    login(request, account, backend=BACKEND)
    if device is not None:
        verify_login(request, device)
    add(NewFact("login", account.name))
    missing = current.server().second_factor and device is None
    response = redirect(reverse("second factor") if missing else following or first_page(account))
    set_language_cookie(response, account.settings.get("language", ""))
    return response


def set_language_cookie(response: HttpResponse, language: str) -> None:
    """Have the browser ask for an account's language from now on; nothing when it chose none."""
    if language in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            secure=settings.LANGUAGE_COOKIE_SECURE,
            httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
            samesite=settings.LANGUAGE_COOKIE_SAMESITE,
        )


def following_page(request: HttpRequest) -> str:
    """Return the page that was asked for before the login; empty when it is none of this site."""
    given = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(given, {request.get_host()}, request.is_secure())
    return given if safe and given.startswith("/") else ""


def _note_refused(name: str) -> None:
    """Note that a login was refused: whose, when the account exists, and never what was typed."""
    account = None if "\0" in name else Account.objects.filter(username=name).first()
    if account is not None:
        add(NewFact("login refused", account.name, reason="password"))
        return
    # Whoever makes names up must not be able to fill the record: a fact is for good.
    with _unknown_lock:
        now = time.monotonic()
        _unknown[:] = [at for at in _unknown if now - at < 3600]
        if len(_unknown) >= _UNKNOWN_AN_HOUR:
            return
        _unknown.append(now)
    add(NewFact("login refused", "unknown", reason="login name"))


def lock_name(request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    """Return under which name failed logins are counted: not what was typed, which may be a password."""
    typed = (credentials or {}).get("username") or request.POST.get("username", "")
    key = settings.SECRET_KEY.encode()
    return hmac.new(key, login_name(typed).encode(), hashlib.sha256).hexdigest()


def locked_out(request: HttpRequest, original: Any = None, credentials: Any = None) -> HttpResponse:
    """Say that an account is shut for a while after too many wrong passwords."""
    minutes = round(settings.AXES_COOLOFF_TIME * 60)
    response = draw(request, "locked_out.html", {"minutes": minutes}, status=HTTPStatus.TOO_MANY_REQUESTS)
    response.headers["Retry-After"] = str(minutes * 60)
    return response


def log_out(request: HttpRequest) -> HttpResponseBase:
    """End this login."""
    if request.user.is_authenticated:
        add(NewFact("logout", request.user.name))
    logout(request)
    return redirect("login")


def enter(request: HttpRequest, token: str) -> HttpResponseBase:
    """Let the person whom a link was given choose a password. Opening the page does not use the link up."""
    account = entered(token)
    if account is None:
        return refusal(
            request,
            HTTPStatus.GONE,
            _("This link was used, is too old, or was replaced by another one. Ask the lead for a new link."),
        )
    problems: list[str] = []
    if request.method == "POST":
        password = request.POST.get("password", "")
        problems = password_problems(account, password, request.POST.get("again", ""))
        if not problems:
            if not use_link(token, password):
                return redirect(request.path)
            logout(request)
            account.refresh_from_db()
            return begin(request, account)
    return draw(
        request,
        "enter.html",
        {"account": account, "problems": problems, "rules": password_validators_help_texts()},
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
    )


def password_problems(account: Account, password: str, again: str) -> list[str]:
    """Return what is wrong with a new password, as sentences."""
    if password != again:
        return [_("The two passwords differ.")]
    try:
        validate_password(password, account)
    except ValidationError as error:
        return list(error.messages)
    return []


PAGES = (
    Page("", root, "root"),
    Page("login/", log_in, "login", methods=("GET", "POST")),
    Page("logout/", log_out, "logout", methods=("POST",)),
    Page("enter/<str:token>/", enter, "enter", methods=("GET", "POST")),
)
