"""Every page of the workbench in a real browser, for every role that may open it, and what it answers otherwise.

A study in the middle of its work (:mod:`made_busy`) is served by ``bordin serve``. Each page is looked at in light and
dark, at the width of a desk, of a phone, and at 400 percent, by axe and by Tab; see :mod:`looking`. The fixture
``new_page`` refuses outside requests, errors of scripts and what the content policy stops. A page that
is in no table below fails a test.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from made_busy import Busy, busy
from made_study import PASSWORD
from made_whole import whole

sys.path.append(str(Path(__file__).parent))
from looking import PHONE, Looker, settle
from serving import Served, served

# Page -> addresses at which it shows something else. {names} are filled in from the study.
ADDRESSES: dict[str, tuple[str, ...]] = {
    "login": ("/login/",),
    "enter": ("/enter/{entry}/", "/enter/nothing/"),
    "second factor": ("/second-factor/",),
    "own account": ("/account/",),
    "accounts": ("/accounts/",),
    "queue": ("/queue/", "/queue/?show=locked"),
    "rate": ("/rate/{open}/", "/rate/{locked}/"),
    "practice": ("/practice/",),
    "practice feedback": ("/practice/{practiced}/",),
    "training": ("/training/",),
    "differences": ("/differences/",),
    "differences of": ("/differences/{released}/",),
    "consensus": ("/consensus/", "/consensus/?show=released"),
    "consensus of": ("/consensus/{released}/", "/consensus/{ready}/", "/consensus/{waiting}/"),
    "forms": ("/forms/", "/forms/?state=expired"),
    "form new": ("/forms/new/?form=alliance",),
    "form preview": ("/forms/preview/alliance/",),
    "alerts": ("/alerts/",),
    "paper": ("/paper/",),
    "paper entry": ("/paper/{paper}/", "/paper/{typed}/"),
    "paper compare": ("/paper/{compare}/compare/", "/paper/{settled}/compare/"),
    "manual": ("/manual/",),
    "manual of": ("/manual/socialization/",),
    "overview": ("/overview/",),
    "reliability": ("/reliability/socialization/concordance/", "/reliability/socialization/avoidance/"),
    "coders": ("/coders/",),
    "coder": ("/coders/Alder/", "/coders/Cedar/"),
    "people": ("/people/", "/people/?q=P0", "/people/?q=nobody"),
    "person": ("/people/one/?id=P002", "/people/one/?id=P099"),
    "tapes": ("/tapes/",),
    "allocation": ("/allocation/",),
    "allocation again": ("/allocation/again/",),
    "data": ("/data/",),
    "audit": ("/audit/", "/audit/?kind=lock"),
    "audit check": ("/audit/check/",),
    "form": (
        "/f/{link_open}/",
        "/f/{link_mood}/",
        "/f/{link_line}/",
        "/f/{link_care}/",
        "/f/{link_expired}/",
    ),
    "form sent": ("/f/sent/1/",),
}
# What leads on, gives a file, or answers a part of a page: address and status, and no page to look at.
OTHERS: dict[str, tuple[str, int, str]] = {
    "root": ("/", 302, "text/html"),
    "sound": ("/tape/{open}/sound", 206, "audio/wav"),
    "peaks": ("/tape/{open}/peaks", 200, "application/json"),
    "transcript": ("/tape/{open}/transcript", 200, "application/json"),
    "consensus rules": ("/consensus/rules.md", 200, "text/markdown"),
    "consensus sound": ("/consensus/{released}/sound", 206, "audio/wav"),
    "consensus peaks": ("/consensus/{released}/peaks", 200, "application/json"),
    "form reminders": ("/forms/reminders.csv", 200, "text/csv"),
    "audit download": ("/audit/audit.csv", 200, "text/csv"),
    "overview reliability": ("/overview/reliability/", 200, "text/html"),
    "allocation waiting": ("/allocation/waiting/", 200, "text/html"),
}
PRINTED = (
    "/manual/",
    "/consensus/",
    "/consensus/{released}/",
    "/audit/",
    "/overview/",
    "/reliability/socialization/concordance/",
    "/coders/",
    "/allocation/",
)
PEOPLE = {"Alder": "coder", "Lead": "lead", "Dana": "data manager", "Rowan": "reader"}
# What others of the same role see differently: who is not certified, and who has no practice tape.
MORE = {"Cedar": ("queue", "practice"), "Birch": ("queue", "practice", "differences")}


class Site:
    """The served study, and who is logged in."""

    def __init__(self, made: Busy, server: Served) -> None:
        self.made, self.server = made, server
        own = made.assignments
        self.names = {
            "entry": made.entry,
            "open": own["Alder", "S012"],
            "locked": own["Alder", "S003"],
            "practiced": own["Alder", "PS2"],
            "released": own["Alder", "S003"],
            "ready": own["Alder", "S005"],
            "waiting": own["Alder", "S001"],
            **{f"link_{state}": token for state, token in made.links.items()},
            "paper": made.forms["paper"],
            "typed": made.forms["typed once"],
            "compare": made.forms["to compare"],
            "settled": made.forms["settled"],
        }

    def address(self, path: str) -> str:
        return self.server.url + path.format(**self.names)

    def login(self, page: Any, name: str, path: str = "/login/") -> None:
        page.goto(self.address(path))
        username = name.lower() if name in {*PEOPLE, "Birch"} else f"login-{name.lower()}"
        page.get_by_label("Login name").fill(username)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(re.compile(r"/(queue|overview|second-factor|account)/"))


@pytest.fixture(scope="module")
def site(django_on: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = busy(tmp_path_factory.mktemp("busy"))
    from django.db import connections

    connections.close_all()
    with served(made.folder, "--new-link") as server:
        yield Site(made, server)


@pytest.fixture
def looker(new_page: Callable[..., Any]) -> Iterator[Looker]:
    """Return what looks at pages; whatever it found wrong fails the test at its end."""
    found = Looker(new_page)
    yield found
    assert found.wrong == [], "\n" + "\n".join(found.wrong)
    print(f"looked at {len(found.looked)} pictures")


def pages() -> dict[str, Any]:
    from bordin.workbench.urls import PAGES

    return {page.name: page for page in PAGES if "GET" in page.methods}


def test_every_page_that_can_be_opened_is_in_a_table(django_on: None) -> None:
    named = set(ADDRESSES) | set(OTHERS)
    assert set(pages()) - named == set(), "these pages are looked at by no test"
    assert named - set(pages()) == set(), "there are no such pages"


@pytest.mark.parametrize("name", [*PEOPLE, *MORE])
def test_the_pages_of_a_role(site: Site, looker: Looker, name: str) -> None:
    page = looker.page()
    site.login(page, name)
    for title, addresses in ADDRESSES.items():
        roles = pages()[title].roles
        wanted = title in MORE[name] if name in MORE else PEOPLE[name] in roles
        for path in addresses if wanted else ():
            answer = page.goto(site.address(path))
            assert answer is not None
            assert answer.status == 200, path
            looker.look(page, f"{name} {path}", keyboard=f"{PEOPLE.get(name, name)} {path}")


def test_files_and_parts_answer_whom_they_are_for(site: Site, new_page: Callable[..., Any]) -> None:
    logins = {}
    for name, role in PEOPLE.items():
        page = new_page()
        site.login(page, name)
        logins[role] = page.context.request
    for title, (path, status, kind) in OTHERS.items():
        for role, request in logins.items():
            mine = role in pages()[title].roles or not pages()[title].roles
            headers = {"Range": "bytes=0-1"} if "sound" in title else {}
            answer = request.get(site.address(path), headers=headers, max_redirects=0)
            assert answer.status == (status if mine else 403), (title, role)
            if mine:
                assert answer.headers.get("content-type", "").startswith(kind), title


def test_pages_for_whoever_is_not_logged_in(site: Site, looker: Looker) -> None:
    page = looker.page()
    closed = {"/enter/nothing/": 410, "/f/{link_expired}/": 410, "/second-factor/": 200}
    for title in ("login", "enter", "second factor", "form", "form sent"):
        for path in ADDRESSES[title]:
            answer = page.goto(site.address(path))
            assert answer is not None
            assert answer.status == closed.get(path, 200), path
            looker.look(page, f"nobody {path}", keyboard=path)


def test_a_form_on_a_phone(site: Site, looker: Looker) -> None:
    page = looker.page(viewport=PHONE, has_touch=True, is_mobile=True, device_scale_factor=2)
    page.goto(site.address("/f/{link_open}/"))
    page.get_by_role("button", name="Send my answers").tap()
    looker.look(page, "form without answers")
    page.get_by_role("group").nth(2).get_by_text("Mostly").tap()
    page.get_by_role("button", name=re.compile("^Send")).tap()
    page.get_by_role("heading", name="Thank you").wait_for()
    looker.look(page, "form thanks")
    answer = page.goto(site.address("/f/{link_line}/"))
    assert answer.status == 200
    page.locator("input[type=number]").first.fill("77")
    page.get_by_role("button", name=re.compile("^Send")).tap()
    page.get_by_text("Please look at these answers again").wait_for()
    looker.look(page, "form with a fault")


def test_refusals(site: Site, looker: Looker) -> None:
    page = looker.page()
    site.login(page, "Alder")
    later = site.made.assignments["Alder", "S013"]
    for path, status in (
        ("/overview/", 403),
        ("/nothing/", 404),
        ("/logout/", 405),
        (f"/rate/{later}/", 403),
    ):
        answer = page.goto(site.address(path))
        assert answer.status == status
        looker.look(page, f"refused {path}", keyboard=path)
    page.goto(site.address("/account/"))
    page.evaluate("for (const e of document.querySelectorAll('[name=csrfmiddlewaretoken]')) e.value = 'x'")
    page.get_by_role("button", name="Use this language").click()
    page.get_by_text("This page was open for too long").wait_for()
    looker.look(page, "refused token")
    from django.test import RequestFactory

    from bordin.workbench.refusals import failed

    body = failed(RequestFactory().get("/")).content
    page.route("**/failed/", lambda route: route.fulfill(status=500, content_type="text/html", body=body))
    page.goto(site.address("/failed/"))
    looker.look(page, "refused failure")


def test_wrong_passwords_and_the_second_factor(site: Site, looker: Looker) -> None:
    from django_otp.oath import TOTP
    from django_otp.plugins.otp_totp.models import TOTPDevice

    page = looker.page()
    page.goto(site.address("/login/"))
    for attempt in range(8):
        page.get_by_label("Login name").fill("hazel")
        page.get_by_label("Password").fill("wrong wrong wrong")
        page.get_by_role("button", name="Log in").click()
        page.locator("#wrong, h1:has-text('rests')").first.wait_for()
        if attempt == 0:
            looker.look(page, "login wrong", keyboard="login wrong")
    page.get_by_role("heading", name="This account rests for a while").wait_for()
    looker.look(page, "locked out", keyboard="locked out")

    def code() -> str:
        device = TOTPDevice.objects.get(user__name="Rowan")
        TOTPDevice.objects.filter(pk=device.pk).update(last_t=-1, throttling_failure_count=0)
        return f"{TOTP(device.bin_key, device.step, device.t0, device.digits).token():06d}"

    site.login(page, "Rowan")
    page.goto(site.address("/second-factor/"))
    page.get_by_label("Six digits from the app").fill("000000")
    page.get_by_role("button", name="Go on").click()
    looker.look(page, "second factor wrong", keyboard="second factor wrong")
    page.get_by_label("Six digits from the app").fill(code())
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("heading", name="The second factor is set up").wait_for()
    looker.look(page, "recovery codes", keyboard="recovery codes")
    page.goto(site.address("/account/"))
    looker.look(page, "account with a second factor", keyboard="account second")
    page.context.clear_cookies()
    site.login(page, "Rowan")
    looker.look(page, "second factor asked", keyboard="second factor asked")
    page.get_by_label("Six digits from your authenticator app").fill(code())
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/overview/")
    TOTPDevice.objects.all().delete()


def test_what_the_lead_gets_after_a_button(site: Site, looker: Looker) -> None:
    page = looker.page()
    site.login(page, "Lead")

    def press(path: str, button: str | re.Pattern[str], told: str, **fields: str) -> None:
        page.goto(site.address(path))
        for label, value in fields.items():
            page.locator(f"#{label}").fill(value)
        page.get_by_role("button", name=button, exact=isinstance(button, str)).first.click()
        looker.look(page, told, keyboard=told)

    press("/people/", "Look at these files", "people look")
    press("/accounts/", "Make the account and a link", "accounts link", username="new-coder", name="Maple")
    press("/accounts/", "Make the account and a link", "accounts problem", username="new-coder", name="Maple")
    press("/forms/new/?form=alliance", "Make links", "links made", who="S009\nS010\nS001")
    with page.expect_popup() as large:
        page.get_by_role("button", name=re.compile("^Show large")).first.click()
    large.value.context.add_init_script(looker._axe)
    large.value.evaluate(looker._axe)
    looker.look(large.value, "link large", keyboard="link large")
    large.value.close()
    press("/forms/new/?form=alliance", "Make links", "links problem", who="S999")
    press("/paper/", "Type it in", "paper problem", who="P999")
    press("/paper/{compare}/compare/", "This is what the paper says", "paper compare problem")
    press("/audit/", "Check the whole chain", "audit check answer", expected="0" * 64)
    press("/data/", "Verify", "data verified")
    press("/data/", "Back up now", "data backed up")


def test_nothing_is_there_yet(django_on: None, looker: Looker, tmp_path: Path) -> None:
    """On the first day each page says what to do next."""
    study = whole(tmp_path)
    with served(study) as server:
        page = looker.page()
        page.goto(server.link)
        for label in ("New password", "The same again"):
            page.get_by_label(label).fill(PASSWORD)
        page.get_by_role("button", name="Keep it and go on").click()
        page.wait_for_url("**/overview/")
        for title, addresses in ADDRESSES.items():
            first = addresses[0].partition("?")[0]
            if "lead" in pages()[title].roles and "{" not in first and title not in {"coder", "person"}:
                answer = page.goto(server.url + first)
                empty = 404 if title == "reliability" else 200
                assert answer.status in {200, empty}, first
                looker.look(page, f"first day {first}")


def test_tapes_that_nobody_can_open(django_on: None, looker: Looker, site: Site, tmp_path: Path) -> None:
    """A server without the passphrase says so, on a copy of the study that is unblinded and locked."""
    study = tmp_path / "study"
    shutil.copytree(site.made.folder, study)
    with ExitStack() as stack:
        server = stack.enter_context(served(study, "--new-link", passphrase=""))
        closed = Site(site.made, server)
        page = looker.page()
        closed.login(page, "Lead")
        for item in ("arm", "outcome"):
            page.goto(closed.address("/overview/"))
            page.get_by_text("Unblind", exact=True).click()
            page.get_by_label(item, exact=True).check()
            page.get_by_label("Reason", exact=True).fill("The analysis is planned and the data are locked.")
            page.get_by_role("button", name="Unblind and note it").click()
            page.get_by_text("Unblinded. The record says what, when and why.").wait_for()
        page.goto(closed.address("/data/"))
        page.locator("#lock-why").fill("Enough for this test.")
        page.get_by_role("button", name="Lock the data").click()
        for title in ("overview", "people", "tapes", "allocation", "consensus", "consensus of", "forms", "paper",
                      "paper entry", "form new", "person", "data", "audit", "coders", "training"):  # fmt: skip
            page.goto(closed.address(ADDRESSES[title][0]))
            looker.look(page, f"locked {title}", keyboard=f"locked {title}")
        coder = looker.page()
        closed.login(coder, "Alder")
        for path in ("/queue/", "/rate/{open}/", "/rate/{locked}/", "/differences/{released}/"):
            coder.goto(closed.address(path))
            looker.look(coder, f"locked coder {path}", keyboard=f"locked coder {path}")


def test_agreed_values_stand_where_they_were_chosen(site: Site, new_page: Callable[..., Any]) -> None:
    """A tape that was settled shows all of its values again, not only the last."""
    page = new_page()
    site.login(page, "Lead")
    page.goto(site.address("/consensus/{released}/"))
    groups = page.get_by_role("group", name=re.compile("^Agreed value"))
    assert groups.count() == 7
    assert [g.locator("input:checked").get_attribute("value") for g in groups.all()] == ["3"] * 7


def test_a_part_of_a_page_that_is_refused_leaves_the_page(site: Site, new_page: Callable[..., Any]) -> None:
    """What htmx sends bears the token of the page; without it the answer is 403, and what was there stays."""
    page = new_page()
    site.login(page, "Lead")
    page.goto(site.address("/audit/check/"))
    page.get_by_text("The chain is whole").wait_for()
    ask = "htmx.ajax('POST', '/audit/check/', {target: '#verified', swap: 'outerHTML'}).catch(() => null)"

    def sent() -> tuple[int, str]:
        with page.expect_response("**/audit/check/") as answer:
            page.evaluate(f"{ask}.then(() => null)")
        page.wait_for_timeout(100)
        return answer.value.status, page.locator("main").inner_text()

    status, text = sent()
    assert status == 200
    assert "The chain is whole" in text
    page.evaluate("document.querySelector('meta[name=csrf]').content = 'x'.repeat(64)")
    status, text = sent()
    assert status == 403
    assert "The chain is whole" in text
    assert "open for too long" not in text
    assert page.locator("h1").inner_text() == "Check of the chain"
    page.context.clear_cookies()
    with page.expect_response("**/overview/reliability/") as answer:
        page.evaluate(
            "htmx.ajax('GET', '/overview/reliability/', {target: '#verified'}).catch(() => null).then(() => null)"
        )
    page.wait_for_timeout(100)
    assert answer.value.status == 401
    assert "The chain is whole" in page.locator("main").inner_text()


def test_what_is_printed_fits_the_paper(site: Site, new_page: Callable[..., Any], tmp_path: Path) -> None:
    """On paper there is no bar and nothing is cut off at the side."""
    page = new_page(viewport={"width": 680, "height": 960})
    site.login(page, "Lead")
    page.emulate_media(media="print")
    for path in PRINTED:
        page.goto(site.address(path))
        settle(page)
        assert page.locator(".topbar").is_hidden(), path
        assert page.locator(".footbar").is_hidden(), path
        # A4 less its margins, at 96 dots an inch.
        assert page.evaluate("document.scrollingElement.scrollWidth") <= 680, path
        name = re.sub(r"[^a-z]+", "-", path.lower()).strip("-")
        printed = Path(os.environ.get("BORDIN_SCREENS") or tmp_path) / f"print-{name}.pdf"
        page.pdf(path=str(printed), prefer_css_page_size=True)
        assert printed.read_bytes().startswith(b"%PDF-")
