"""Accounts: made, invited by a one-time link, changed and closed, each with a fact that says so.

No fact holds a password, the token of a link, or what somebody typed as a login name.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session as Login
from django.db import connection

from bordin.errors import BordinError, Problem
from bordin.store.record import NewFact, Transaction
from bordin.store.tables import CODER, LEAD, ROLES, Account, LoginLink
from bordin.store.writer import write

LINK_HOURS = 72
# Facts that make an account's role part of the data.
_OWN_WORK = ("rating", "mark", "memo", "guess", "lock", "certificate", "agreed", "release", "unblinding")
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{1,59}")
_NAME = re.compile(r"[^\W\d_][\w -]{1,29}")
_TAKEN_NAMES = frozenset({"bordin", "unknown"})

# Of trees and shrubs: short, easy to tell apart by ear, and without sex, rank or origin.
_TREES = """
Alder Birch Cedar Hazel Juniper Larch Linden Maple Rowan Spruce Willow Aspen Beech Chestnut Elm Holly Laurel Myrtle
Oak Olive Pine Plum Poplar Quince Sequoia Sorrel Sumac Tamarack Walnut Yew Acacia Almond Apricot Bamboo Boxwood Cherry
Cypress Elder Fir Hemlock Hornbeam Ivy Lilac Magnolia Medlar Mulberry Privet Redwood Sycamore Teak Viburnum Wisteria
Yarrow Zelkova
"""
NEUTRAL_NAMES = tuple(_TREES.split())


def suggest_names(count: int = 6) -> list[str]:
    """Return neutral names that no account bears yet."""
    taken = {name.lower() for name in Account.objects.values_list("name", flat=True)}
    return [name for name in NEUTRAL_NAMES if name.lower() not in taken][:count]


def login_name(typed: str) -> str:
    """Return a login name as it is kept and compared: without blanks around it, in lower case."""
    return typed.strip().lower()


def make_account(username: str, name: str, role: str, actor: str) -> int:
    """Make an account that nobody can log in to before its link was used.

    Parameters
    ----------
    username : str
        What is typed at login.
    name : str
        Neutral name.
    role : str
    actor : str
        Who makes it.

    Returns
    -------
    int
        Number of the account.

    Raises
    ------
    BordinError
        When a name is taken or cannot be one, or there is no such role.
    """
    username, name = login_name(username), " ".join(name.split())
    _check_names(username, name)
    if role not in ROLES:
        raise BordinError(Problem(f"{role!r} is no role.", hint=f"Choose one of: {', '.join(ROLES)}."))
    unusable = make_password(None)

    def job(t: Transaction) -> int:
        for column, value, what in (("username", username, "login name"), ("name", name, "neutral name")):
            if t.rows(f"SELECT 1 FROM store_account WHERE lower({column}) = %s", [value.lower()]):
                raise BordinError(Problem(f"the {what} {value!r} is taken.", hint="Choose another."))
        [(number,)] = t.rows(
            "INSERT INTO store_account (username, name, role, is_active, settings, password) "
            "VALUES (%s, %s, %s, %s, %s, %s) RETURNING id",
            [username, name, role, True, "{}", unusable],
        )
        t.add(NewFact("account", actor, item=name, detail={"change": "made", "role": role}))
        return int(number)

    return write(job)


def _check_names(username: str, name: str) -> None:
    problems = []
    if not _USERNAME.fullmatch(username):
        problems.append(
            Problem(
                "this cannot be a login name.",
                hint="Take 2 to 60 letters a to z, digits, dots, hyphens or @, beginning with a letter or digit.",
            )
        )
    if not _NAME.fullmatch(name) or name.lower() in _TAKEN_NAMES:
        problems.append(
            Problem(
                "this cannot be a neutral name.",
                hint="Take 2 to 30 letters or digits, beginning with a letter, such as Birch.",
            )
        )
    if problems:
        raise BordinError(problems)


def hash_token(token: str) -> str:
    """Return the hash by which a link's token is found."""
    return hashlib.sha256(token.encode()).hexdigest()


def make_link(account: int, actor: str, *, hours: float = LINK_HOURS, forget_second: bool = False) -> str:
    """Make a link that lets an account set a new password once; links made before stop working.

    Parameters
    ----------
    account : int
    actor : str
    hours : float
        How long it lasts.
    forget_second : bool
        Take the account's second factor away, for somebody who lost the phone.

    Returns
    -------
    str
        The token. It is kept nowhere.
    """
    token = secrets.token_urlsafe(24)
    expires = connection.ops.adapt_datetimefield_value(datetime.now(UTC) + timedelta(hours=hours))

    def job(t: Transaction) -> None:
        name = _name(t, account)
        t.cursor.execute("DELETE FROM store_loginlink WHERE account_id = %s", [account])
        t.cursor.execute(
            "INSERT INTO store_loginlink (token_hash, account_id, expires, used) VALUES (%s, %s, %s, NULL)",
            [hash_token(token), account, expires],
        )
        detail = {"change": "link"}
        if forget_second:
            _forget_second(t, account)
            detail["second factor"] = "taken away"
        t.add(NewFact("account", actor, item=name, detail=detail))

    write(job)
    return token


def entered(token: str) -> Account | None:
    """Return the account that a link leads to, or None when the link is unknown, used, old or of a closed account."""
    link = LoginLink.objects.select_related("account").filter(token_hash=hash_token(token)).first()
    if link is None or link.used is not None or link.expires <= datetime.now(UTC):
        return None
    return link.account if link.account.is_active else None


def use_link(token: str, password: str) -> bool:
    """Set the password of the account a link leads to, once; False when somebody was faster or it ended."""
    account = entered(token)
    if account is None:
        return False
    hashed, used = make_password(password), connection.ops.adapt_datetimefield_value(datetime.now(UTC))

    def job(t: Transaction) -> bool:
        t.cursor.execute(
            "UPDATE store_loginlink SET used = %s WHERE token_hash = %s AND used IS NULL",
            [used, hash_token(token)],
        )
        if t.cursor.rowcount != 1:
            return False
        _set_password(t, account.pk, hashed, account.name)
        return True

    done = write(job)
    if done:
        end_logins([account.pk])
    return done


def set_password(account: Account, password: str) -> None:
    """Set a new password; all logins of the account end."""
    hashed = make_password(password)
    write(lambda t: _set_password(t, account.pk, hashed, account.name))
    end_logins([account.pk])


def _set_password(t: Transaction, account: int, hashed: str, name: str) -> None:
    t.cursor.execute("UPDATE store_account SET password = %s WHERE id = %s", [hashed, account])
    t.add(NewFact("account", name, item=name, detail={"change": "password"}))


def set_active(account: int, active: bool, actor: str) -> None:
    """Close an account, or open it again; accounts are never deleted, since their ratings bear their names.

    Raises
    ------
    BordinError
        When no lead would be left.
    """

    def job(t: Transaction) -> None:
        name = _name(t, account)
        if not active:
            _keep_a_lead(t, account)
            t.cursor.execute("DELETE FROM store_loginlink WHERE account_id = %s", [account])
        t.cursor.execute("UPDATE store_account SET is_active = %s WHERE id = %s", [active, account])
        t.add(NewFact("account", actor, item=name, detail={"change": "opened" if active else "closed"}))

    write(job)
    if not active:
        end_logins([account])


def set_role(account: int, role: str, actor: str) -> None:
    """Change the role of an account that has done nothing yet that its role vouches for.

    Raises
    ------
    BordinError
        When it has tapes or work of its own, when it would become a coder after it saw what coders may not see,
        or when no lead would be left.
    """
    if role not in ROLES:
        raise BordinError(Problem(f"{role!r} is no role.", hint=f"Choose one of: {', '.join(ROLES)}."))

    def job(t: Transaction) -> None:
        name = _name(t, account)
        [(now,)] = t.rows("SELECT role FROM store_account WHERE id = %s", [account])
        if now == role:
            return
        _refuse_role(t, account, name, role)
        if now == LEAD:
            _keep_a_lead(t, account)
        t.cursor.execute("UPDATE store_account SET role = %s WHERE id = %s", [role, account])
        t.add(NewFact("account", actor, item=name, detail={"change": "role", "role": role}))

    write(job)
    end_logins([account])


def _refuse_role(t: Transaction, account: int, name: str, role: str) -> None:
    marks = ", ".join(["%s"] * len(_OWN_WORK))
    has_tapes = t.rows("SELECT 1 FROM store_assignment WHERE coder_id = %s LIMIT 1", [account])
    has_work = t.rows(
        f"SELECT 1 FROM store_fact WHERE kind IN ({marks}) AND actor = %s LIMIT 1", [*_OWN_WORK, name]
    )
    if has_tapes or has_work:
        raise BordinError(
            Problem(
                f"{name} has tapes or work under this role already, so the role stays as it is.",
                hint="Close this account and make another one for the same person.",
            )
        )
    if role == CODER and t.rows(
        "SELECT 1 FROM store_fact WHERE kind = 'login' AND actor = %s LIMIT 1", [name]
    ):
        raise BordinError(
            Problem(
                f"{name} has been logged in and may have seen what coders must not see.",
                hint="A coder needs an account that was a coder's from its first login on.",
            )
        )


def _name(t: Transaction, account: int) -> str:
    found = t.rows("SELECT name FROM store_account WHERE id = %s", [account])
    if not found:
        raise BordinError(Problem("there is no such account.", hint="Reload the page."))
    return str(found[0][0])


def _keep_a_lead(t: Transaction, account: int) -> None:
    if not t.rows(
        "SELECT 1 FROM store_account WHERE role = %s AND is_active = %s AND id <> %s LIMIT 1",
        [LEAD, True, account],
    ) and t.rows("SELECT 1 FROM store_account WHERE id = %s AND role = %s", [account, LEAD]):
        raise BordinError(Problem("a study needs a lead.", hint="Make another lead first."))


def _forget_second(t: Transaction, account: int) -> None:
    t.cursor.execute(
        "DELETE FROM otp_static_statictoken WHERE device_id IN "
        "(SELECT id FROM otp_static_staticdevice WHERE user_id = %s)",
        [account],
    )
    for table in ("otp_static_staticdevice", "otp_totp_totpdevice"):
        t.cursor.execute(f"DELETE FROM {table} WHERE user_id = %s", [account])


def second_factor_changed(account: Account, change: str) -> None:
    """Note that an account's second factor was set up, taken away or given new recovery codes."""
    write(lambda t: t.add(NewFact("account", account.name, item=account.name, detail={"change": change})))


def forget_second_factor(account: Account) -> None:
    """Take an account's second factor away, by its own wish."""

    def job(t: Transaction) -> None:
        _forget_second(t, account.pk)
        t.add(
            NewFact("account", account.name, item=account.name, detail={"change": "second factor taken away"})
        )

    write(job)


def end_logins(accounts: Iterable[int], but: str | None = None) -> int:
    """End the logins of accounts on all computers, `but` that with this key, and return how many ended."""
    wanted, ended = {str(a) for a in accounts}, 0
    for login in Login.objects.all().iterator():
        if login.session_key != but and login.get_decoded().get("_auth_user_id") in wanted:
            login.delete()
            ended += 1
    return ended


def first_lead() -> tuple[Account, bool]:
    """Return the lead of the study, made when there is none; the second value says whether nobody could log in yet.

    Raises
    ------
    BordinError
        When every lead's account was closed.
    """
    lead = Account.objects.filter(role=LEAD, is_active=True).order_by("pk").first()
    if lead is None:
        if Account.objects.filter(role=LEAD).exists():
            raise BordinError(Problem("every lead's account is closed.", hint="Restore an earlier backup."))
        make_account("lead", "Lead", LEAD, "bordin")
        lead = Account.objects.get(role=LEAD)
    return lead, not lead.has_usable_password()


def listed() -> list[dict[str, Any]]:
    """Return what the lead's page shows about each account, in the order in which they were made."""
    from django_otp.plugins.otp_totp.models import TOTPDevice

    second = set(TOTPDevice.objects.filter(confirmed=True).values_list("user_id", flat=True))
    invited = set(
        LoginLink.objects.filter(used__isnull=True, expires__gt=datetime.now(UTC)).values_list(
            "account_id", flat=True
        )
    )
    return [
        {
            "account": a,
            "second_factor": a.pk in second,
            "state": _state(a, a.pk in invited),
            "last_login": a.last_login,
        }
        for a in Account.objects.order_by("pk")
    ]


def _state(account: Account, invited: bool) -> str:
    if not account.is_active:
        return "closed"
    if account.has_usable_password():
        return "open"
    return "invited" if invited else "link ended"
