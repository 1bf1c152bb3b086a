"""Accounts: invited by a link, entered by a password and a code, shut after wrong ones, and closed, never deleted."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django_otp.oath import totp
from made_study import PASSWORD, Small, rate, small

from bordin.errors import BordinError

if TYPE_CHECKING:
    from bordin.store import accounts as store
    from bordin.store.tables import Account, Fact, LoginLink
    from bordin.workbench import current, login


@pytest.fixture(scope="module", autouse=True)
def tables(django_on) -> None:
    """Import what may be imported only when Django is on."""
    found = {n: getattr(import_module("bordin.store.tables"), n) for n in ("Account", "Fact", "LoginLink")}
    found["store"] = import_module("bordin.store.accounts")
    found |= {n: import_module(f"bordin.workbench.{n}") for n in ("current", "login")}
    globals().update(found)


NEW = "five-slow-rivers-run"


@pytest.fixture(scope="module")
def quick_hashes(tables):
    """Hash passwords with the least work: that they are hashed slowly is one test's matter."""
    from django.contrib.auth.hashers import Argon2PasswordHasher

    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("time_cost", 1), ("memory_cost", 8), ("parallelism", 1)):
            patch.setattr(Argon2PasswordHasher, name, value)
        patch.setattr(Argon2PasswordHasher, "must_update", lambda self, encoded: False)
        yield patch


@pytest.fixture
def study(quick_hashes, tmp_path) -> Small:
    return small(tmp_path)


@pytest.fixture
def anybody() -> Client:
    return Client(HTTP_HOST="127.0.0.1")


def account(name: str) -> Account:
    return Account.objects.get(name=name)


def facts(*kinds: str) -> list[tuple[str, str, str | None]]:
    return list(Fact.objects.filter(kind__in=kinds).order_by("seq").values_list("kind", "actor", "reason"))


def link_in(response) -> str:
    return re.search(r"http://127\.0\.0\.1(/enter/[\w-]{32}/)<", response.content.decode())[1]


def log_in(client: Client, username: str = "lead", password: str = PASSWORD, **more):
    return client.post("/login/", {"username": username, "password": password, **more})


def logged_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


@pytest.fixture
def device(study):
    """A confirmed authenticator app of the lead."""
    from django_otp.plugins.otp_totp.models import TOTPDevice

    return TOTPDevice.objects.create(user=account("Lead"), name="app", confirmed=True)


def code_of(device, step: int = 0) -> str:
    return f"{totp(device.bin_key, drift=step):06d}"


# Invitation ------------------------------------------------------------------


def test_a_person_is_invited_chooses_a_password_and_is_in(study, anybody):
    made = study.client("Lead").post("/accounts/", {"username": " Anna.K ", "name": "Cedar", "role": "coder"})
    path = link_in(made)
    cedar = account("Cedar")
    assert (cedar.username, cedar.role, cedar.has_usable_password()) == ("anna.k", "coder", False)
    opened = anybody.get(path)
    assert opened.status_code == 200
    assert "Cedar" in opened.content.decode()
    assert anybody.get(path).status_code == 200, "looking at it uses nothing up"
    entered = anybody.post(path, {"password": NEW, "again": NEW})
    assert (entered.status_code, logged_in(anybody)) == (302, True)
    assert account("Cedar").password.startswith("argon2$argon2id$")
    assert Client(HTTP_HOST="127.0.0.1").get(path).status_code == 410, "it works once"
    kinds = facts("account", "login")
    assert kinds == [
        ("account", "Lead", None),
        ("account", "Lead", None),
        ("account", "Cedar", None),
        ("login", "Cedar", None),
    ]
    changes = [f.detail for f in Fact.objects.filter(kind="account").order_by("seq")]
    assert changes == ['{"change":"made","role":"coder"}', '{"change":"link"}', '{"change":"password"}']


def test_passwords_are_hashed_with_work_enough(study):
    code = (
        "from django.conf import settings; settings.configure(); "
        "from django.contrib.auth.hashers import Argon2PasswordHasher as A; "
        "a = A(); print(a.encode('five-slow-rivers-run', a.salt()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("argon2$argon2id$v=19$m=102400,t=2,p=8$")


def test_no_fact_and_no_table_of_attempts_holds_what_was_typed(study, anybody):
    study.client("Lead").post("/accounts/", {"username": "anna.k", "name": "Cedar", "role": "coder"})
    log_in(anybody, "anna.k", "typed-password-one")
    log_in(anybody, "typed-password-two-as-a-name", "x")
    log_in(anybody, "nul\0name", "x")
    everything = " ".join(str(v) for row in Fact.objects.values_list() for v in row)
    from axes.models import AccessAttempt

    attempts = " ".join(str(v) for row in AccessAttempt.objects.values_list() for v in row)
    assert AccessAttempt.objects.count() == 2
    for typed in ("anna.k", "typed-password-one", "typed-password-two", "nul"):
        assert typed not in everything
        assert typed not in attempts
    assert facts("login refused") == [
        ("login refused", "Cedar", "password"),
        ("login refused", "unknown", "login name"),
        ("login refused", "unknown", "login name"),
    ]


def test_made_up_names_do_not_fill_the_record(study, anybody, monkeypatch):
    monkeypatch.setattr(login, "_unknown", [])
    for i in range(25):
        login._note_refused(f"nobody{i}")
    assert len(facts("login refused")) == 20


def test_a_link_ends_by_time_by_a_newer_one_and_with_the_account(study, anybody):
    alder = account("Alder")
    first, second = store.make_link(alder.pk, "Lead"), store.make_link(alder.pk, "Lead")
    assert (store.entered(first), store.entered(second)) == (None, alder)
    assert LoginLink.objects.get().token_hash == store.hash_token(second)
    LoginLink.objects.update(expires=datetime.now(UTC) - timedelta(seconds=1))
    assert store.entered(second) is None
    assert anybody.get(f"/enter/{second}/").status_code == 410
    third = store.make_link(alder.pk, "Lead")
    store.set_active(alder.pk, False, "Lead")
    assert store.entered(third) is None
    assert store.use_link(third, NEW) is False
    assert anybody.post("/enter/no-such-token/", {"password": NEW, "again": NEW}).status_code == 410


def test_a_link_is_used_once_even_by_two_at_once(study, monkeypatch):
    alder = account("Alder")
    token = store.make_link(alder.pk, "Lead")
    monkeypatch.setattr(store, "entered", lambda _token: alder)
    assert [store.use_link(token, NEW), store.use_link(token, "another-long-password")] == [True, False]
    assert account("Alder").check_password(NEW)


@pytest.mark.parametrize(
    ("password", "again", "says"),
    [
        ("short", "short", "too short"),
        ("password1234", "password1234", "too common"),
        ("alder-one", "alder-two", "differ"),
        ("", "", "too short"),
    ],
)
def test_a_weak_password_is_refused_and_the_link_stays(study, anybody, password, again, says):
    token = store.make_link(account("Alder").pk, "Lead")
    refused = anybody.post(f"/enter/{token}/", {"password": password, "again": again})
    assert refused.status_code == 422
    assert says in refused.content.decode()
    assert store.entered(token) is not None


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"username": "LEAD", "name": "Cedar", "role": "coder"}, "login name &#x27;lead&#x27; is taken"),
        ({"username": "new", "name": "alder", "role": "coder"}, "neutral name &#x27;alder&#x27; is taken"),
        ({"username": "new", "name": "bordin", "role": "coder"}, "cannot be a neutral name"),
        ({"username": "new", "name": "<b>", "role": "coder"}, "cannot be a neutral name"),
        ({"username": "a b", "name": "Cedar", "role": "coder"}, "cannot be a login name"),
        ({"username": "new", "name": "Cedar", "role": "admin"}, "is no role"),
        ({}, "cannot be a login name"),
    ],
)
def test_an_account_that_cannot_be_made_says_why(study, typed, says):
    before = Account.objects.count()
    refused = study.client("Lead").post("/accounts/", typed)
    assert refused.status_code == 422
    assert says in refused.content.decode()
    assert Account.objects.count() == before


def test_neutral_names_are_suggested_that_nobody_bears(study):
    assert store.suggest_names(3) == ["Cedar", "Hazel", "Juniper"]
    assert len({n.lower() for n in store.NEUTRAL_NAMES}) == len(store.NEUTRAL_NAMES) >= 50


def test_there_is_no_way_to_sign_up(anybody, study):
    for path in ("/signup/", "/register/", "/accounts/new/", "/password-reset/"):
        assert anybody.get(path).status_code == 404


# Login -----------------------------------------------------------------------


def test_login_sends_on_to_where_somebody_wanted_to_go_and_to_no_other_site(study, anybody):
    asked = anybody.get("/accounts/?page=2")
    assert asked.headers["Location"] == "/login/?next=%2Faccounts%2F%3Fpage%3D2"
    assert log_in(anybody, next="/accounts/?page=2").headers["Location"] == "/accounts/?page=2"
    for elsewhere in ("https://example.org/", "//example.org", "javascript:alert(1)", "/\\example.org", "x"):
        other = Client(HTTP_HOST="127.0.0.1")
        assert "example.org" not in log_in(other, next=elsewhere).headers["Location"]


def test_login_does_not_mind_the_case_of_the_name(study, anybody):
    assert log_in(anybody, " LEAD ").status_code == 302
    assert facts("login") == [("login", "Lead", None)]


def test_a_login_that_was_planted_is_worth_nothing(study, anybody):
    anybody.get("/login/")
    session = anybody.session
    session["planted"] = 1
    session.save()
    anybody.cookies[_cookie()] = session.session_key
    log_in(anybody)
    assert anybody.cookies[_cookie()].value != session.session_key
    planted = Client(HTTP_HOST="127.0.0.1")
    planted.cookies[_cookie()] = session.session_key
    assert not logged_in(planted)


def _cookie() -> str:
    from django.conf import settings

    return settings.SESSION_COOKIE_NAME


def test_logout_is_a_post_and_ends_the_login_on_the_server(study):
    client = study.client("Lead")
    key = client.session.session_key
    assert client.get("/logout/").status_code == 405
    assert logged_in(client)
    assert client.post("/logout/").headers["Location"] == "/login/"
    client.cookies[_cookie()] = key
    assert not logged_in(client)
    assert facts("logout") == [("logout", "Lead", None)]


def test_eight_wrong_passwords_shut_an_account_for_a_quarter_of_an_hour(study, anybody):
    names = ["lead", "LEAD", " Lead", "lEAD", "lead", "lead", "lead", "lead"]
    codes = [log_in(anybody, name, "wrong").status_code for name in names]
    assert codes == [422] * 7 + [429]
    shut = log_in(anybody)
    assert (shut.status_code, shut.headers["Retry-After"]) == (429, "900")
    assert "15 minutes" in shut.content.decode()
    assert len(facts("login refused")) == 8, "what is refused while it is shut is not noted again and again"
    # Others are not touched, and a login that is there goes on.
    token = store.make_link(account("Alder").pk, "Lead")
    store.use_link(token, NEW)
    assert log_in(Client(HTTP_HOST="127.0.0.1"), "alder", NEW).status_code == 302
    assert logged_in(study.client("Lead"))
    from axes.models import AccessAttempt

    AccessAttempt.objects.update(attempt_time=datetime.now(UTC) - timedelta(minutes=16))
    assert log_in(Client(HTTP_HOST="127.0.0.1")).status_code == 302


def test_who_goes_on_guessing_does_not_keep_the_owner_out_for_good(study, anybody):
    from axes.models import AccessAttempt

    for _ in range(8):
        log_in(anybody, password="wrong")
    began = AccessAttempt.objects.get().attempt_time
    for _ in range(3):
        assert log_in(anybody, password="wrong").status_code == 429
    assert AccessAttempt.objects.get().attempt_time == began


def test_a_right_password_makes_wrong_ones_before_it_forgotten(study, anybody):
    for _ in range(3):
        for _ in range(7):
            log_in(anybody, password="wrong")
        assert log_in(anybody).status_code == 302
        anybody.post("/logout/")


def test_a_login_ends_after_twelve_hours_without_use_and_not_before(study, monkeypatch):
    from django.contrib.sessions.models import Session
    from django.utils import timezone

    client = study.client("Lead")
    assert logged_in(client)
    lasts = Session.objects.get().expire_date - timezone.now()
    assert timedelta(hours=11, minutes=59) < lasts <= timedelta(hours=12)
    # Used again after an hour, it lasts from then on.
    Session.objects.update(expire_date=timezone.now() + timedelta(hours=11))
    session = client.session
    session["seen"] = int(time.time()) - 3600
    session.save()
    Session.objects.update(expire_date=timezone.now() + timedelta(hours=11))
    assert logged_in(client)
    assert Session.objects.get().expire_date - timezone.now() > timedelta(hours=11, minutes=59)
    saved = Session.objects.get().expire_date
    assert logged_in(client)
    assert Session.objects.get().expire_date == saved, "no write to the disk with every click"
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert not logged_in(client)


# Own account -----------------------------------------------------------------


def test_log_out_everywhere_ends_all_other_logins(study):
    here, there, other = study.client("Lead"), study.client("Lead"), study.client("Alder")
    assert here.post("/account/", {"change": "everywhere"}).status_code == 302
    assert [logged_in(c) for c in (here, there, other)] == [True, False, True]


def test_a_new_password_needs_the_old_one_and_ends_other_logins(study):
    here, there = study.client("Lead"), study.client("Lead")
    refused = here.post("/account/", {"change": "password", "old": "x", "password": NEW, "again": NEW})
    assert refused.status_code == 422
    assert "present password is not right" in refused.content.decode()
    assert account("Lead").check_password(PASSWORD)
    done = here.post("/account/", {"change": "password", "old": PASSWORD, "password": NEW, "again": NEW})
    assert done.status_code == 302
    assert [logged_in(here), logged_in(there)] == [True, False]
    assert account("Lead").check_password(NEW)


# What the lead changes -------------------------------------------------------


def change(study: Small, name: str, **what: str):
    return study.client("Lead").post(f"/accounts/{account(name).pk}/", what)


def test_a_closed_account_is_out_at_once_and_its_ratings_stay(study, anybody):
    rate(study, "Alder", "S001", {"concordance": 5})
    alder = study.client("Alder")
    assert logged_in(alder)
    assert change(study, "Alder", change="close").status_code == 302
    assert not logged_in(alder)
    store.set_password(account("Alder"), NEW)
    assert log_in(anybody, "alder", NEW).status_code == 422
    assert change(study, "Alder", change="link").status_code == 422
    assert Fact.objects.filter(kind="rating", coder="Alder").count() == 1
    assert change(study, "Alder", change="open").status_code == 302
    assert log_in(anybody, "alder", NEW).status_code == 302
    assert (
        study.client("Lead").post(f"/accounts/{account('Alder').pk}/", {"change": "delete"}).status_code
        == 422
    )
    assert Account.objects.count() == 5


def test_a_study_keeps_a_lead_and_nobody_closes_the_own_account(study):
    assert change(study, "Lead", change="close").status_code == 422
    assert change(study, "Lead", change="role", role="reader").status_code == 422
    with pytest.raises(BordinError, match="a study needs a lead"):
        store.set_active(account("Lead").pk, False, "Rowan")
    with pytest.raises(BordinError, match="a study needs a lead"):
        store.set_role(account("Lead").pk, "reader", "Rowan")
    assert account("Lead").role == "lead"


def test_a_role_stays_once_there_is_work_under_it(study):
    refused = change(study, "Alder", change="role", role="lead")
    assert refused.status_code == 422
    assert "tapes or work under this role already" in refused.content.decode()
    assert change(study, "Rowan", change="role", role="data manager").status_code == 302
    assert account("Rowan").role == "data manager"
    assert change(study, "Rowan", change="role", role="king").status_code == 422


def test_whoever_was_in_as_another_never_becomes_a_coder(study, anybody):
    store.use_link(store.make_link(account("Rowan").pk, "Lead"), NEW)
    log_in(anybody, "rowan", NEW)
    refused = change(study, "Rowan", change="role", role="coder")
    assert refused.status_code == 422
    assert "may have seen what coders must not see" in refused.content.decode()
    assert account("Rowan").role == "reader"


def test_another_role_ends_the_logins_that_had_the_old_one(study):
    rowan = study.client("Rowan")
    store.set_role(account("Rowan").pk, "data manager", "Lead")
    assert not logged_in(rowan)


def test_change_of_an_account_that_is_not_there(study):
    assert study.client("Lead").post("/accounts/999/", {"change": "close"}).status_code == 404


# Second factor ---------------------------------------------------------------


def test_a_second_factor_is_set_up_with_a_code_from_the_app_and_asked_from_then_on(study, anybody):
    from django_otp.plugins.otp_totp.models import TOTPDevice

    client = study.client("Lead")
    page = client.get("/second-factor/").content.decode()
    device = TOTPDevice.objects.get()
    assert "data:image/svg+xml" in page
    letters = re.search(r'class="once">([A-Z2-7 ]+)<', page)[1].replace(" ", "")
    from base64 import b32decode

    assert b32decode(letters + "=" * (-len(letters) % 8)) == device.bin_key
    assert client.post("/second-factor/", {"code": "000000"}).status_code == 422
    assert TOTPDevice.objects.get().confirmed is False
    TOTPDevice.objects.update(throttling_failure_timestamp=None, throttling_failure_count=0)
    shown = client.post("/second-factor/", {"code": code_of(device)})
    codes = re.findall(r"<li>([a-z2-7]{8})</li>", shown.content.decode())
    assert (shown.status_code, len(set(codes))) == (200, 10)
    # From now on the password alone lets nobody in.
    assert log_in(anybody, next="/accounts/").headers["Location"] == "/second-factor/"
    assert not logged_in(anybody)
    assert anybody.get("/accounts/").status_code == 302
    assert anybody.post("/second-factor/", {"code": codes[0]}).headers["Location"] == "/accounts/"
    assert logged_in(anybody)
    # A recovery code works once.
    again = Client(HTTP_HOST="127.0.0.1")
    log_in(again)
    assert again.post("/second-factor/", {"code": codes[0]}).status_code == 422
    assert not logged_in(again)


def test_a_code_from_the_app_works_once_and_wrong_codes_make_a_pause(study, device, anybody):
    log_in(anybody)
    assert anybody.post("/second-factor/", {"code": code_of(device)}).status_code == 302
    second = Client(HTTP_HOST="127.0.0.1")
    log_in(second)
    assert second.post("/second-factor/", {"code": code_of(device)}).status_code == 422, "it was used"
    paused = second.post("/second-factor/", {"code": code_of(device, 1)})
    assert paused.status_code == 422
    assert "After wrong codes there is a pause" in paused.content.decode()
    assert facts("login refused") == [("login refused", "Lead", "code")]
    assert not logged_in(second)


def test_the_half_way_login_ends_after_ten_minutes_and_with_the_password(study, device, anybody):
    log_in(anybody)
    session = anybody.session
    session[login.HALF] = {**session[login.HALF], "at": int(time.time()) - 601}
    session.save()
    assert anybody.post("/second-factor/", {"code": code_of(device)}).headers["Location"] == "/login/"
    log_in(anybody)
    store.set_password(account("Lead"), NEW)
    assert anybody.post("/second-factor/", {"code": code_of(device)}).headers["Location"] == "/login/"


def test_a_study_that_asks_for_it_lets_nobody_past_without_it(study, anybody, monkeypatch):
    server = current.server().model_copy(update={"second_factor": True})
    monkeypatch.setattr(current, "server", lambda: server)
    assert log_in(anybody).headers["Location"] == "/second-factor/"
    for path in ("/account/", "/accounts/"):
        assert anybody.get(path).headers["Location"].startswith("/second-factor/?next=")
    from django_otp.plugins.otp_totp.models import TOTPDevice

    anybody.get("/second-factor/")
    shown = anybody.post("/second-factor/", {"code": code_of(TOTPDevice.objects.get())})
    assert shown.status_code == 200
    assert logged_in(anybody)
    refused = anybody.post("/account/", {"change": "no second factor", "code": "123456"})
    assert refused.status_code == 422
    assert TOTPDevice.objects.get().confirmed is True


def test_the_second_factor_is_taken_away_with_a_code_and_not_without(study, device):
    from django_otp.plugins.otp_static.models import StaticToken
    from django_otp.plugins.otp_totp.models import TOTPDevice

    from bordin.workbench.second_factor import new_recovery_codes

    old = new_recovery_codes(account("Lead"))
    client = study.client("Lead")
    assert client.post("/account/", {"change": "no second factor", "code": ""}).status_code == 422
    assert TOTPDevice.objects.count() == 1
    page = client.post("/account/", {"change": "recovery codes", "code": old[0]}).content.decode()
    new = set(re.findall(r"<li>([a-z2-7]{8})</li>", page))
    assert (len(new), new & set(old)) == (10, set())
    done = client.post("/account/", {"change": "no second factor", "code": code_of(device)})
    assert done.status_code == 302
    assert (TOTPDevice.objects.count(), StaticToken.objects.count()) == (0, 0)


def test_a_lead_frees_somebody_who_lost_the_phone(study, anybody):
    from django_otp.plugins.otp_totp.models import TOTPDevice

    TOTPDevice.objects.create(user=account("Alder"), name="app", confirmed=True)
    page = change(study, "Alder", change="link", second="forget")
    assert TOTPDevice.objects.count() == 0
    assert anybody.post(link_in(page), {"password": NEW, "again": NEW}).status_code == 302
    assert logged_in(anybody)
    last = Fact.objects.filter(kind="account", actor="Lead").latest("seq")
    assert last.detail == '{"change":"link","second factor":"taken away"}'


def test_a_link_does_not_get_around_a_second_factor(study, device, anybody):
    token = store.make_link(account("Lead").pk, "bordin")
    entered = anybody.post(f"/enter/{token}/", {"password": NEW, "again": NEW})
    assert entered.headers["Location"] == "/second-factor/"
    assert not logged_in(anybody)


# The first lead --------------------------------------------------------------


def test_the_first_start_makes_a_lead_and_later_ones_find_it(tmp_path):
    from bordin.store.verify import verify

    small(tmp_path)
    Account.objects.filter(name="Lead").delete()
    lead, new = store.first_lead()
    assert (lead.name, lead.username, lead.role, new) == ("Lead", "lead", "lead", True)
    assert store.first_lead() == (lead, True)
    store.set_password(lead, NEW)
    assert store.first_lead() == (lead, False)
    assert verify().whole


@pytest.mark.parametrize("kind", ["postgresql"])
def test_accounts_on_postgresql(tmp_path, kind):
    from postgres import new_database

    with new_database(kind, tmp_path) as url:
        study = small(tmp_path, url)
        lead = study.client("Lead")
        path = link_in(lead.post("/accounts/", {"username": "anna", "name": "Cedar", "role": "reader"}))
        cedar = Client(HTTP_HOST="127.0.0.1")
        assert cedar.post(path, {"password": NEW, "again": NEW}).status_code == 302
        assert logged_in(cedar)
        assert log_in(Client(HTTP_HOST="127.0.0.1"), "nul\0", "x").status_code == 422
        assert change(study, "Cedar", change="role", role="data manager").status_code == 302
        assert change(study, "Cedar", change="link", second="forget").status_code == 200
        assert change(study, "Cedar", change="close").status_code == 302
        assert not logged_in(cedar)
        assert store.make_account("ivy", "Ivy", "coder", "Lead") > 0
        from django.db import connections

        from bordin.store.verify import verify

        assert verify().whole
        connections.close_all()
