"""Switch Django on for one study's record. One process serves one study."""

from __future__ import annotations

from typing import Any

import django
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

from bordin.store.database import Database, refuse_network_share

APPS = (
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "bordin.store.apps.StoreConfig",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
)


def setup(database: Database, **more: Any) -> None:
    """Configure Django; called again it changes the database alone.

    Parameters
    ----------
    database : Database
    **more
        Further settings, such as those of a site. ``INSTALLED_APPS`` are added to the store's own.
    """
    if database.file is not None:
        refuse_network_share(database.file.parent)
    if settings.configured:
        connections.close_all()
        connections.databases[DEFAULT_DB_ALIAS] = connections.configure_settings(
            {DEFAULT_DB_ALIAS: database.settings()}
        )[DEFAULT_DB_ALIAS]
        if hasattr(connections._connections, DEFAULT_DB_ALIAS):
            del connections[DEFAULT_DB_ALIAS]
        return
    apps = (*APPS, *more.pop("INSTALLED_APPS", ()))
    settings.configure(
        DATABASES={DEFAULT_DB_ALIAS: database.settings()},
        INSTALLED_APPS=apps,
        AUTH_USER_MODEL="store.Account",
        USE_TZ=True,
        TIME_ZONE="UTC",
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        PASSWORD_HASHERS=["django.contrib.auth.hashers.Argon2PasswordHasher"],
        SILENCED_SYSTEM_CHECKS=["axes.W001", "axes.W002", "axes.W003", "axes.W006"],
        **more,
    )
    django.setup()
