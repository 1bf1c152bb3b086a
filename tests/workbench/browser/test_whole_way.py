"""The whole way of a study in a real browser: from an empty workbench to the table of `bordin run`.

The lead reads in people and tapes, makes accounts, allocates; two coders rate six tapes by keyboard while they listen;
a patient answers by a link on a phone; reliability appears; disagreements are released, looked at and settled; the data
are locked; the report is made. Every screen on the way is held against axe and kept as a picture.
"""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_whole import SESSIONS, whole
from playwright.sync_api import Page, expect
from scipy.stats import rankdata

sys.path.append(str(Path(__file__).parent))
from serving import Served, served

PASSWORD = "quiet-orchard-lantern"
LAPTOP = {"width": 1440, "height": 900}
DIMENSIONS = 7


class Team:
    """Everybody's browser, and what is looked at on each screen."""

    def __init__(
        self, new_page: Callable[..., Page], violations: Callable[[Page], list[str]], keep: Any
    ) -> None:
        self.new_page, self.violations, self.keep = new_page, violations, keep
        self.lead = new_page(viewport=LAPTOP)
        self.coders: dict[str, Page] = {}

    def look(self, page: Page, name: str, *, dark: bool = True) -> None:
        """Keep the screen in light and dark, and let axe look at it."""
        self.keep(page, name)
        found = self.violations(page)
        if dark:
            page.emulate_media(color_scheme="dark")
            self.keep(page, f"{name} dark")
            found += self.violations(page)
            page.emulate_media(color_scheme="light")
        assert found == [], f"{name}: {found}"


def _enter(page: Page, link: str) -> None:
    page.goto(link)
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.get_by_role("button", name="Keep it and go on").click()


def _lead_begins(team: Team, server: Served) -> None:
    page = team.lead
    page.goto(server.link)
    team.look(page, "enter")
    _enter(page, server.link)
    expect(page.get_by_role("heading", level=1)).to_have_text("Socialization and alliance, six sessions")
    team.look(page, "overview empty")
    page.get_by_role("link", name="Import").click()
    page.get_by_role("button", name="Look at these files").click()
    team.look(page, "people preview")
    page.get_by_role("button", name="Keep the new rows").click()
    expect(page.get_by_text(re.compile(r"6 participants, 6 sessions, 6 with a tape"))).to_be_visible()
    team.look(page, "people")


def _coder_joins(team: Team, name: str) -> None:
    page = team.lead
    page.get_by_role("link", name="Accounts").click()
    page.get_by_label("Login name", exact=True).fill(f"login-{name.lower()}")
    page.get_by_label("Neutral name", exact=True).fill(name)
    page.get_by_role("button", name="Make the account and a link").click()
    link = re.search(r"http://127\.0\.0\.1:\d+/enter/\S+?/", page.content())
    assert link is not None
    team.look(page, "accounts with a link")
    coder = team.new_page(viewport=LAPTOP)
    _enter(coder, link[0])
    expect(coder.get_by_text("No tape is waiting for you yet")).to_be_visible()
    team.coders[name] = coder


def test_the_whole_way(tmp_path: Path, new_page: Any, axe_violations: Any, keep_screen: Any) -> None:
    study = whole(tmp_path)
    with served(study) as server:
        team = Team(new_page, axe_violations, keep_screen)
        _lead_begins(team, server)
        for name in ("Alder", "Birch"):
            _coder_joins(team, name)
        team.lead.get_by_role("link", name="Allocation").click()
        expect(team.lead.get_by_text("The plan asks for 2 coders a session")).to_be_visible()
        team.look(team.lead, "allocation preview")
        team.lead.get_by_role("button", name="Issue this allocation").click()
        team.look(team.lead, "allocation issued")
        for number, (name, page) in enumerate(team.coders.items()):
            _rate_all(team, name, page, number)
        _patient_answers(team)
        _lead_settles(team)
        _differences(team)
        _lock_data(team)
    _report(study)


def _rate_all(team: Team, name: str, page: Page, number: int) -> None:
    """Rate every tape of the queue by keyboard alone, while it plays."""
    page.get_by_role("link", name="Queue", exact=True).click()
    for tape in range(SESSIONS):
        if number == 0 and tape in {0, 1}:
            team.look(page, f"queue {tape}")
        page.get_by_role("link", name=re.compile("^(Start|Resume)")).first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"Tape \d+"))
        expect(page.locator("html")).to_have_attribute("data-player", "ready")
        if number == 0 and tape == 0:
            team.look(page, "rate fresh")
        _rate_one(team, page, number, first=number == 0 and tape == 0)


def _rate_one(team: Team, page: Page, shift: int, *, first: bool) -> None:
    """Play, rate each dimension with a digit, mark evidence with a letter, write a memo, lock."""
    press = page.keyboard.press
    press("Space")
    expect(page.get_by_role("button", name=re.compile("Pause"))).to_be_visible()
    tape = int(re.findall(r"\d+", page.get_by_role("heading", level=1).inner_text())[0])
    for i in range(DIMENSIONS):
        # The tape decides the value; the second coder gives one point more on every third dimension.
        press(str((tape + i) % 6 + (i % 3 == 0) * shift))
        press("ArrowDown")
    press("c")
    press("m")
    page.keyboard.type("heard well")
    press("Escape")
    expect(page.locator("#saved")).to_have_text(re.compile("Saved"))
    press("Control+Enter")
    expect(page.get_by_role("heading", name=re.compile("^Lock the ratings of Tape"))).to_be_visible()
    page.locator("#guess-arm").focus()
    press("ArrowDown")
    if first:
        team.look(page, "rate lock")
    press("Tab")
    press("Tab")
    press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your queue")


def _patient_answers(team: Team) -> None:
    """The lead makes one link; a patient opens it on a phone and answers."""
    lead = team.lead
    lead.get_by_role("link", name="Forms", exact=True).click()
    team.look(lead, "forms")
    lead.get_by_role("link", name=re.compile("Make links")).first.click()
    lead.get_by_label(re.compile("^For whom")).fill("S06")
    lead.get_by_role("button", name="Make links").click()
    link = re.search(r"http://127\.0\.0\.1:\d+/f/[^/\s<]+/", lead.content())
    assert link is not None
    team.look(lead, "forms links")
    phone = team.new_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    phone.goto(link[0])
    expect(phone.get_by_role("heading", level=1)).to_have_text("About your session today")
    for item in ("P06", "S06", "Socialization"):
        assert item not in phone.content()
    for number in range(5):
        phone.get_by_role("group").nth(number).get_by_text("Mostly").tap()
    team.look(phone, "form answered")
    phone.get_by_role("button", name="Send my answers").tap()
    expect(phone.get_by_role("heading", name="Thank you")).to_be_visible()
    team.look(phone, "form thanks")
    again = phone.goto(link[0])
    assert again is not None
    assert again.status == 410
    team.look(phone, "form closed")


def _lead_settles(team: Team) -> None:
    """Reliability is there; disagreements are released, looked at, settled."""
    lead = team.lead
    lead.get_by_role("link", name="Overview", exact=True).click()
    row = lead.get_by_role("row", name=re.compile("^Concordance"))
    expect(row).to_contain_text(re.compile(r"\.\d\d"), timeout=30_000)
    expect(lead.get_by_text("12 of 12 tapes locked")).to_be_visible()
    team.look(lead, "overview with reliability")
    row.get_by_role("link").first.click()
    team.look(lead, "reliability of a dimension")
    lead.goto(re.sub(r"/reliability/.*", "/coders/", lead.url))
    team.look(lead, "coders")
    lead.get_by_role("link", name="Consensus", exact=True).click()
    team.look(lead, "consensus list")
    lead.get_by_role("button", name=re.compile("^Release all")).click()
    for tape in range(SESSIONS):
        lead.get_by_role("link", name="Consensus", exact=True).click()
        lead.get_by_role("row", name=re.compile(r"^Tape|Tape \d")).nth(tape).get_by_role("link").first.click()
        if tape == 0:
            team.look(lead, "consensus")
        lead.get_by_role("button", name=re.compile(r"^Take over \d equal values")).click()
        for group in lead.get_by_role("group", name=re.compile("^Agreed value")).all():
            if not group.locator("input:checked").count():
                # The first coder's value; neither coder's would need a reason.
                own = group.locator("xpath=ancestor::tr").locator("td.value").first.inner_text()
                group.locator(f'input[value="{own.strip()}"]').check()
                expect(lead.locator("footer")).to_contain_text("Saved")
        expect(lead.locator("footer")).to_contain_text("7 of 7 settled")
        if tape == 0:
            team.look(lead, "consensus settled")


def _differences(team: Team) -> None:
    page = team.coders["Alder"]
    page.get_by_role("link", name="Where I differed").click()
    team.look(page, "differences list")
    page.locator("main").get_by_role("link").first.click()
    expect(page.get_by_text("Birch").first).to_be_visible()
    team.look(page, "differences of a tape")


def _lock_data(team: Team) -> None:
    lead = team.lead
    lead.get_by_role("link", name="Data", exact=True).click()
    team.look(lead, "data")
    lead.get_by_role("button", name="Verify").click()
    expect(lead.get_by_text(re.compile(r"^Whole: \d+ facts"))).to_be_visible()
    lead.get_by_role("button", name="Back up now").click()
    lead.get_by_role("button", name="Lock the data").click()
    expect(lead.get_by_text("Data locked").first).to_be_visible()
    team.look(lead, "data locked")
    lead.get_by_role("link", name="Audit", exact=True).click()
    team.look(lead, "audit")


def _report(study: Path) -> None:
    """Run the report on the record, as the page says, and hold its table against the ranks themselves."""
    done = _bordin("run", study)
    assert "6 recruited" in done
    assert "6 analyzed" in done
    with next(study.rglob("cells.csv")).open(encoding="utf-8-sig", newline="") as file:
        cells = {(c["x"], c["y"]): c for c in csv.DictReader(file)}
    assert len(cells) == 6
    with (study / "workbench" / "export" / "ratings.csv").open(encoding="utf-8-sig", newline="") as file:
        ratings = list(csv.DictReader(file))
    assert len(ratings) == 3 * SESSIONS * DIMENSIONS  # two coders, and the agreed values
    agreed = {
        r["session"]: float(r["value"])
        for r in ratings
        if r["coder"] == "consensus" and r["dimension"] == "concordance"
    }
    # What the five earlier forms hold and what was tapped on the phone.
    match = {f"S{i:02d}": min(7.0, i + 1) if i < SESSIONS else 5.0 for i in range(1, SESSIONS + 1)}
    sessions = sorted(agreed)
    assert sessions == sorted(match)
    x, y = (rankdata([values[s] for s in sessions]) for values in (match, agreed))
    cell = cells["alliance.q3", "socialization.concordance"]
    assert float(cell["n"]) == SESSIONS
    assert float(cell["value"]) == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-12)
    with next(study.rglob("reliability.csv")).open(encoding="utf-8-sig", newline="") as file:
        exact = {
            r["dimension"]: float(r["value"])
            for r in csv.DictReader(file)
            if r["name"] == "percent agreement"
        }
    # The second coder gave one point more on every third dimension, and the same on the others.
    assert exact == {"socialization.concordance": 0.0, "socialization.resistance": 1.0}
    assert "The chain is whole." in _bordin("audit", "verify", study)


def _bordin(*words: object) -> str:
    command = [sys.executable, "-m", "bordin", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
