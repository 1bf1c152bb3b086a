"""The site: Django's settings for the workbench, and the application that a server runs."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from csp.constants import NONCE

from bordin.store.database import secret_key
from bordin.store.opening import open_record
from bordin.store.server_file import LANGUAGES, ServerFile, read_server_file
from bordin.tapes.vault.vault import Vault
from bordin.workbench.headers import MOST_SENT
from bordin.workbench.static_files import address

HERE = Path(__file__).parent
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
YEAR = 31_536_000
OWN_APPS = ("django.contrib.messages", "csp", "bordin.workbench")


MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "bordin.workbench.headers.private",
    "bordin.workbench.static_files.serve_static",
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "bordin.workbench.headers.keep_login",
    "bordin.workbench.headers.bounded",
    "axes.middleware.AxesMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csrf",
                "django.template.context_processors.i18n",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["django.template.loaders.filesystem.Loader"],
                )
            ],
        },
    }
]
LOG = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"no tokens": {"()": "bordin.workbench.headers.WithoutTokens"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "filters": ["no tokens"]},
        "nowhere": {"class": "logging.NullHandler"},
    },
    "loggers": {
        "django": {"handlers": ["console"], "level": "ERROR", "propagate": False},
        # Whoever asks under a wrong name is refused; that is no fault of the program.
        "django.security.DisallowedHost": {"handlers": ["nowhere"], "propagate": False},
        "axes": {"handlers": ["console"], "level": "ERROR", "propagate": False},
    },
}


def site_settings(study: Path, server: ServerFile) -> dict[str, Any]:
    """Return Django's settings for the workbench of a study."""
    https = bool(server.certificate) or server.behind_proxy
    key = secret_key(study)
    return {
        "SECRET_KEY": key,
        "DEBUG": False,
        "ALLOWED_HOSTS": [*server.hosts, *LOOPBACK],
        "CSRF_TRUSTED_ORIGINS": [f"https://{h}" for h in server.hosts] if https else [],
        "ROOT_URLCONF": "bordin.workbench.urls",
        "INSTALLED_APPS": OWN_APPS,
        "MIDDLEWARE": MIDDLEWARE,
        "TEMPLATES": TEMPLATES,
        "MESSAGE_STORAGE": "django.contrib.messages.storage.cookie.CookieStorage",
        "CSRF_FAILURE_VIEW": "bordin.workbench.refusals.csrf_failed",
        "SECURE_REFERRER_POLICY": "same-origin",
        "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https") if server.behind_proxy else None,
        "SECURE_HSTS_SECONDS": YEAR if https else 0,
        "X_FRAME_OPTIONS": "DENY",
        "STATIC_URL": address(),
        "CONTENT_SECURITY_POLICY": {"DIRECTIVES": _policy()},
        "LANGUAGE_CODE": server.language,
        "LANGUAGES": tuple(LANGUAGES.items()),
        "LOCALE_PATHS": [HERE / "locale"],
        "USE_I18N": True,
        "DATA_UPLOAD_MAX_MEMORY_SIZE": MOST_SENT,
        "LOGGING": LOG,
        **_logins(),
        **_cookies(key, https),
    }


def _policy() -> dict[str, list[Any]]:
    """Return what a browser may load, from where: nothing from elsewhere, and no script inside a page."""
    own = "'self'"
    return {
        "default-src": ["'none'"],
        "script-src": [own],
        "style-src": [own, NONCE],
        "img-src": [own, "data:"],
        "connect-src": [own],
        "media-src": [own, "blob:"],
        "base-uri": ["'none'"],
        "form-action": [own],
        "frame-ancestors": ["'none'"],
    }


def _logins() -> dict[str, Any]:
    """Return how somebody gets in, and what wrong passwords lead to."""
    return {
        "AUTHENTICATION_BACKENDS": [
            "axes.backends.AxesStandaloneBackend",
            "django.contrib.auth.backends.ModelBackend",
        ],
        "AUTH_PASSWORD_VALIDATORS": [
            {
                "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
                "OPTIONS": {"min_length": 10},
            },
            {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
            {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
        ],
        "AXES_FAILURE_LIMIT": 8,
        "AXES_COOLOFF_TIME": 0.25,
        "AXES_LOCKOUT_PARAMETERS": ["username"],
        "AXES_USERNAME_CALLABLE": "bordin.workbench.login.lock_name",
        "AXES_RESET_ON_SUCCESS": True,
        # Else whoever goes on guessing keeps the account's owner out for good.
        "AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT": False,
        "AXES_LOCKOUT_CALLABLE": "bordin.workbench.login.locked_out",
        "AXES_DISABLE_ACCESS_LOG": True,
        "AXES_VERBOSE": False,
        "LOGIN_URL": "login",
        "OTP_TOTP_ISSUER": "bordin",
    }


def _cookies(key: str, https: bool) -> dict[str, Any]:
    """Return what cookies are called, how long they last and to whom they go."""
    # A browser sends the cookies of one port to all ports of a computer: two studies need two names.
    mark = hashlib.sha256(key.encode()).hexdigest()[:8]
    return {
        "SESSION_COOKIE_NAME": f"bordin_login_{mark}",
        "SESSION_COOKIE_AGE": 12 * 3600,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": https,
        "CSRF_COOKIE_NAME": f"bordin_form_{mark}",
        "CSRF_COOKIE_AGE": None,
        "CSRF_COOKIE_HTTPONLY": True,
        "CSRF_COOKIE_SAMESITE": "Lax",
        "CSRF_COOKIE_SECURE": https,
        "LANGUAGE_COOKIE_NAME": "bordin_language",
        "LANGUAGE_COOKIE_AGE": YEAR,
        "LANGUAGE_COOKIE_HTTPONLY": True,
        "LANGUAGE_COOKIE_SAMESITE": "Lax",
        "LANGUAGE_COOKIE_SECURE": https,
    }


def open_site(folder: Path, vault: Vault | None = None, server: ServerFile | None = None) -> Any:
    """Make what a study's workbench needs and return the application for a server.

    Parameters
    ----------
    folder : Path
        Study folder.
    vault : Vault, optional
        The study's tapes, opened.
    server : ServerFile, optional
        How it is served; read from the study when absent.

    Returns
    -------
    callable
        A WSGI application.
    """
    from bordin.workbench import current

    server = server or read_server_file(folder)
    current.serve(folder, vault, server)
    open_record(folder, make=True, **site_settings(folder, server))
    from django.core.handlers.wsgi import WSGIHandler

    from bordin.workbench import urls

    # A screen that cannot be imported stops the start, not somebody's first click.
    if not urls.urlpatterns:
        raise RuntimeError("the workbench has no pages")
    return WSGIHandler()
