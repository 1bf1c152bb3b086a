"""Who may open what: every address of the workbench, each role, and the answer, written out to be read.

A page that is missing here fails a test, and so does a line here that no page answers. The five statuses are those
of somebody who is not logged in, of a coder, the lead, a data manager and a reader. Where a role may go and the thing
that the address names is not there, the answer is 404; an empty form gets 400 or 422.
"""

from __future__ import annotations

import re

import pytest
from django.test import Client
from made_study import Small, rate, small

WHO = (None, "Alder", "Lead", "Dana", "Rowan")

# name of the page, method, address: anonymous, coder, lead, data manager, reader.
# {own} is an assignment of the coder Alder, {others} one of Birch.
TABLE = """
root                  GET  /                              302 302 302 302 302
login                 GET  /login/                        200 302 302 302 302
login                 POST /login/                        422 422 422 422 422
logout                POST /logout/                       302 302 302 302 302
enter                 GET  /enter/nothing/                410 410 410 410 410
enter                 POST /enter/nothing/                410 410 410 410 410
second factor         GET  /second-factor/                302 200 200 200 200
second factor         POST /second-factor/                302 422 422 422 422
own account           GET  /account/                      302 200 200 200 200
own account           POST /account/                      302 422 422 422 422
accounts              GET  /accounts/                     302 403 200 403 403
accounts              POST /accounts/                     302 403 422 403 403
account change        POST /accounts/999/                 302 403 404 403 403
queue                 GET  /queue/                        302 200 403 403 403
rate                  GET  /rate/{own}/                   302 200 403 403 403
rate                  GET  /rate/{others}/                302 404 403 403 403
rate save             POST /rate/{own}/save/              401 400 403 403 403
rate save             POST /rate/{others}/save/           401 404 403 403 403
rate lock             POST /rate/{own}/lock/              401 400 403 403 403
rate lock             POST /rate/{others}/lock/           401 404 403 403 403
keys                  POST /keys/                         401 400 403 403 403
sound                 GET  /tape/{own}/sound              401 404 403 403 403
sound                 GET  /tape/{others}/sound           401 404 403 403 403
peaks                 GET  /tape/{own}/peaks              401 404 403 403 403
peaks                 GET  /tape/{others}/peaks           401 404 403 403 403
transcript            GET  /tape/{own}/transcript         401 404 403 403 403
transcript            GET  /tape/{others}/transcript      401 404 403 403 403
practice              GET  /practice/                     302 200 403 403 403
practice feedback     GET  /practice/{own}/               302 404 403 403 403
practice feedback     GET  /practice/{others}/            302 404 403 403 403
training              GET  /training/                     302 403 200 403 403
training              POST /training/                     302 403 302 403 403
differences           GET  /differences/                  302 200 403 403 403
differences of        GET  /differences/{own}/            302 404 403 403 403
differences of        GET  /differences/{others}/         302 404 403 403 403
consensus             GET  /consensus/                    302 403 200 403 403
consensus             POST /consensus/                    302 403 302 403 403
consensus rules       GET  /consensus/rules.md            302 403 200 403 403
consensus of          GET  /consensus/nothing/            302 403 404 403 403
consensus of          POST /consensus/nothing/            302 403 404 403 403
consensus save        POST /consensus/nothing/save/       401 403 404 403 403
consensus sound       GET  /consensus/nothing/sound       401 403 404 403 403
consensus peaks       GET  /consensus/nothing/peaks       401 403 404 403 403
forms                 GET  /forms/                        302 403 200 200 403
form new              GET  /forms/new/                    302 403 302 302 403
form new              POST /forms/new/                    302 403 302 302 403
form links            POST /forms/links.csv               302 403 410 410 403
form qr               POST /forms/qr/                     302 403 410 410 403
form reminders        GET  /forms/reminders.csv           302 403 200 200 403
form preview          GET  /forms/preview/nothing/        302 403 404 404 403
form end              POST /forms/nothing/end/            302 403 302 302 403
form renew            POST /forms/nothing/renew/          302 403 404 404 403
alerts                GET  /alerts/                       302 403 200 403 403
alert seen            POST /alerts/999/q9/seen/           302 403 404 403 403
paper                 GET  /paper/                        302 403 200 200 403
paper                 POST /paper/                        302 403 422 422 403
paper entry           GET  /paper/nothing/                302 403 404 404 403
paper entry           POST /paper/nothing/                302 403 404 404 403
paper compare         GET  /paper/nothing/compare/        302 403 404 404 403
paper compare         POST /paper/nothing/compare/        302 403 404 404 403
manual                GET  /manual/                       302 200 200 403 403
manual of             GET  /manual/nothing/               302 404 404 403 403
manual of             GET  /manual/socialization/         302 200 200 403 403
overview              GET  /overview/                     302 403 200 200 200
overview reliability  GET  /overview/reliability/         302 403 200 200 200
unblind               POST /overview/unblind/             302 403 400 403 403
reliability           GET  /reliability/nothing/nothing/  302 403 404 404 404
coders                GET  /coders/                       302 403 200 200 200
coder                 GET  /coders/nothing/               302 403 404 404 404
people                GET  /people/                       302 403 200 200 403
people look           POST /people/look/                  302 403 200 200 403
people keep           POST /people/keep/                  302 403 302 302 403
people cancel         POST /people/cancel/                302 403 302 302 403
person                GET  /people/one/                   302 403 404 404 403
person withdraw       POST /people/withdraw/              302 403 404 404 403
tapes                 GET  /tapes/                        302 403 200 200 403
tapes link            POST /tapes/link/                   302 403 302 302 403
allocation            GET  /allocation/                   302 403 200 403 403
allocation waiting    GET  /allocation/waiting/           302 403 200 403 403
allocation issue      POST /allocation/issue/             302 403 302 403 403
allocation again      GET  /allocation/again/             302 403 200 403 403
allocation again      POST /allocation/again/             302 403 200 403 403
allocation reopen     POST /allocation/reopen/            302 403 302 403 403
data                  GET  /data/                         302 403 200 200 403
data download         POST /data/download/                302 403 400 200 403
data backup           POST /data/backup/                  302 403 302 302 403
data lock             POST /data/lock/                    302 403 409 403 403
data verify           POST /data/verify/                  302 403 200 200 403
audit                 GET  /audit/                        302 403 200 403 200
audit check           GET  /audit/check/                  302 403 200 403 200
audit check           POST /audit/check/                  302 403 200 403 200
audit download        GET  /audit/audit.csv               302 403 200 403 200
form                  GET  /f/nothing/                    410 410 410 410 410
form                  POST /f/nothing/                    410 410 410 410 410
form sent             GET  /f/sent/3/                     410 410 410 410 410
"""
ROWS = [re.match(r"(.+?) +(GET|POST) +(\S+) +(\d.+)", line).groups() for line in TABLE.strip().splitlines()]
# Whoever fills a form is not logged in: the link alone lets them in, so there is nothing that another site could forge.
NO_TOKEN = {"form"}


@pytest.fixture(scope="module")
def study(django_on, tmp_path_factory) -> Small:
    return small(tmp_path_factory.mktemp("roles"))


@pytest.fixture(scope="module")
def clients(study) -> list[Client]:
    return [study.client(name) for name in WHO]


def pages():
    from bordin.workbench.urls import PAGES

    return PAGES


def address(study: Small, template: str) -> str:
    return template.format(own=study.assignments["Alder", "S001"], others=study.assignments["Birch", "S001"])


def ask(client: Client, method: str, path: str, **more):
    return client.get(path, **more) if method == "GET" else client.post(path, {}, **more)


def test_every_page_and_method_stands_in_the_table(study):
    expected = {(p.name, m) for p in pages() for m in p.methods}
    listed = {(name, method) for name, method, _, _ in ROWS}
    assert expected - listed == set(), "these pages are in no line of the table"
    assert listed - expected == set(), "these lines are about no page"


@pytest.mark.parametrize(("name", "method", "template", "codes"), ROWS, ids=[f"{r[1]} {r[2]}" for r in ROWS])
def test_each_role_gets_the_answer_of_the_table(study, name, method, template, codes):
    path = address(study, template)
    found = [str(ask(study.client(who), method, path).status_code) for who in WHO]
    assert " ".join(found) == codes


def test_the_table_says_what_each_page_declares(study):
    """A page for some roles refuses the others: 403, and whoever is not logged in 302 or 401."""
    roles = (None, "coder", "lead", "data manager", "reader")
    for page in pages():
        for name, method, template, codes in ROWS:
            if name != page.name or not page.roles:
                continue
            for role, code in zip(roles, codes.split(), strict=True):
                if role is None:
                    assert code == ("401" if page.json else "302"), (method, template)
                else:
                    assert (code == "403") is (role not in page.roles), (method, template, role)


def test_a_refusal_to_a_program_is_json(study):
    for page in pages():
        if not page.json:
            continue
        for name, method, template, _codes in ROWS:
            if name == page.name:
                refused = ask(study.client("Rowan"), method, address(study, template))
                assert refused.headers["Content-Type"] == "application/json", template
                assert "error" in refused.json()


def test_other_methods_are_refused(study):
    lead = study.client("Lead")
    for page in pages():
        template = next(t for n, _, t, _ in ROWS if n == page.name)
        for method in ("PUT", "DELETE", "PATCH", *({"GET", "POST"} - set(page.methods))):
            refused = lead.generic(method, address(study, template))
            assert refused.status_code == 405, (method, template)
            assert refused.headers["Allow"] == ", ".join(page.methods)


@pytest.mark.parametrize("who", ["Alder", "Lead", "Dana", "Rowan", None])
def test_a_post_without_the_token_of_its_page_is_refused(study, who):
    from bordin.store.tables import Fact

    client = study.client(who)
    strict = Client(HTTP_HOST="127.0.0.1", enforce_csrf_checks=True)
    strict.cookies = client.cookies
    before = Fact.objects.count()
    for name, method, template, _codes in ROWS:
        if method == "POST" and name not in NO_TOKEN:
            refused = strict.post(address(study, template), {"csrfmiddlewaretoken": "x" * 64})
            assert refused.status_code == 403, template
    assert Fact.objects.count() == before


def test_a_page_whose_token_is_too_old_says_so(study):
    strict = Client(HTTP_HOST="127.0.0.1", enforce_csrf_checks=True)
    refused = strict.post("/login/", {"username": "lead", "password": "x"})
    assert refused.status_code == 403
    assert "Reload it and send again" in refused.content.decode()


def test_static_files_are_for_everybody_and_hold_nothing_else(study):
    from bordin.workbench.static_files import address as static
    from bordin.workbench.static_files import contents

    anybody = study.client()
    assert anybody.get(f"{static()}workbench/workbench.css").status_code == 200
    assert len(contents()) >= 10
    for outside in (
        "../urls.py",
        "../../store/tables.py",
        "workbench/../../site.py",
        "",
        "workbench/",
        "%2e%2e/site.py",
    ):
        assert anybody.get(f"{static()}{outside}").status_code == 404, outside
    assert anybody.get("/static/0123456789ab/workbench/workbench.css").status_code == 404


def test_an_unknown_address_and_another_host_are_refused(study):
    assert study.client("Lead").get("/nothing/").status_code == 404
    assert Client(HTTP_HOST="evil.example.org").get("/login/").status_code == 400


def test_what_belongs_to_another_coder_is_not_there(study):
    rate(study, "Birch", "S002", {"concordance": 6})
    others = study.assignments["Birch", "S002"]
    alder = study.client("Alder")
    for path in (
        f"/rate/{others}/",
        f"/tape/{others}/sound",
        f"/tape/{others}/peaks",
        f"/tape/{others}/transcript",
    ):
        answer = alder.get(path)
        assert answer.status_code == 404, path
        assert "Birch" not in answer.content.decode()
        nothing = alder.get(path.replace(others, "zzzzzzzzzz"))
        alike = [re.sub(r'"[A-Za-z0-9]{64}"', "", a.content.decode()) for a in (answer, nothing)]
        assert alike[0].replace(others, "zzzzzzzzzz") == alike[1], path


def test_a_login_of_a_closed_account_opens_nothing(study, tmp_path):
    from bordin.store.accounts import set_active
    from bordin.store.tables import Account

    dana = study.client("Dana")
    set_active(Account.objects.get(name="Dana").pk, False, "Lead")
    assert dana.get("/account/").status_code == 302
    set_active(Account.objects.get(name="Dana").pk, True, "Lead")
