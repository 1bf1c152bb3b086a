"""The tutorial on a coding team, clicked in a real browser: every name in bold on the page is a name on the screen.

``BORDIN_SCREENS`` names a folder for the three pictures of the page; docs/images/ holds them, made smaller.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from playwright.sync_api import Page, expect

sys.path.append(str(Path(__file__).parent))
from made_team import CODERS, PAGE, ratings
from serving import served

PASSWORD = "quiet-orchard-lantern"
SCREEN = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}


def _docs() -> ModuleType:
    """Return tests/test_docs.py, which follows pages of the documentation."""
    spec = importlib.util.spec_from_file_location("docs_followed", Path(__file__).parents[2] / "test_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Lesson:
    """Everybody's window, and which names of the page were met on a screen."""

    def __init__(self, new_page: Callable[..., Page]) -> None:
        self.new_page = new_page
        self.lead = new_page(viewport=SCREEN)
        self.private = new_page(viewport=SCREEN)
        self.met: set[str] = set()

    def keep(self, page: Page, name: str) -> None:
        """Keep a picture of what is in the window; docs/images/ holds them with fewer colors."""
        if folder := os.environ.get("BORDIN_SCREENS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=str(Path(folder) / f"workbench-{name}.png"))

    def press(self, page: Page, name: str, *, first: bool = False) -> None:
        """Press the button or link that the page calls `name`."""
        found = page.get_by_role("button", name=name, exact=True).or_(
            page.get_by_role("link", name=name, exact=True)
        )
        (found.first if first else found).click()
        self.met.add(name)

    def see(self, page: Page, name: str) -> None:
        """Wait until `name` stands on the screen."""
        expect(page.get_by_text(name).first).to_be_visible(timeout=30_000)
        self.met.add(name)


def test_the_tutorial_is_true_of_the_screens(tmp_path: Path, new_page: Any) -> None:
    docs = _docs()
    docs.sample_beside(tmp_path)
    lesson = Lesson(new_page)

    def clicked() -> None:
        with served(tmp_path / "team-study", passphrase=docs.PASSPHRASE) as server:
            _begin(lesson, server.link)
            links = [_invite(lesson, name) for name in CODERS]
            _allocate(lesson)
            for name, link in zip(CODERS, links, strict=True):
                _rate(lesson, name, link)
            _answer(lesson)
            _agreement(lesson)
            _settle(lesson)
            _close(lesson)

    docs.follow(PAGE, tmp_path, browser=clicked, BORDIN_PASSPHRASE=docs.PASSPHRASE)
    docs.ends_as_told(tmp_path / "team-study")
    named = set(re.findall(r"\*\*(.+?)\*\*", PAGE.read_text(encoding="utf-8"))) - {"bold"}
    assert named - lesson.met == set()


def _enter(lesson: Lesson, page: Page, link: str) -> None:
    page.goto(link)
    lesson.see(page, "Choose a password")
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    lesson.press(page, "Keep it and go on")


def _begin(lesson: Lesson, link: str) -> None:
    lead = lesson.lead
    _enter(lesson, lead, link)
    lesson.see(lead, "Begin with people")
    lesson.press(lead, "Import")
    lesson.press(lead, "Look at these files")
    expect(lead.get_by_text("active")).to_have_count(0)
    lesson.press(lead, "Keep the new rows")
    expect(lead.get_by_text("4 participants, 4 sessions, 4 with a tape")).to_be_visible()


def _invite(lesson: Lesson, name: str) -> str:
    lead = lesson.lead
    lesson.press(lead, "Accounts")
    lesson.see(lead, "Make an account")
    lead.get_by_label("Login name", exact=True).fill(name.lower())
    lead.get_by_label("Neutral name", exact=True).fill(name)
    lesson.press(lead, "Make the account and a link")
    link = re.search(r"http://127\.0\.0\.1:\d+/enter/\S+?/", lead.content())
    assert link is not None
    return link[0]


def _allocate(lesson: Lesson) -> None:
    lead = lesson.lead
    lesson.press(lead, "Allocation")
    row = lead.get_by_role("table", name="Tapes of each coder at each level of arm").get_by_role(
        "row", name="Alder"
    )
    expect(row).to_have_text(re.compile(r"Alder\s*2\s*2"))
    lesson.press(lead, "Issue this allocation")
    expect(lead.get_by_text("Issued. Each coder finds the tapes in the queue")).to_be_visible()


def _rate(lesson: Lesson, name: str, link: str) -> None:
    """Rate the four tapes by keyboard, by the table of the page."""
    page = lesson.private
    if name != CODERS[0]:
        page.locator("summary", has_text=CODERS[0]).click()
        lesson.press(page, "Log out")
    _enter(lesson, page, link)
    lesson.see(page, "Your queue")
    for number in range(4):
        lesson.press(page, "Start listening")
        expect(page.locator("html")).to_have_attribute("data-player", "ready")
        tape = page.get_by_role("heading", level=1).inner_text().strip()
        assert re.search(r"\b[SP]0\d", page.locator("main").inner_text()) is None
        first = name == CODERS[0] and number == 0
        if first:
            page.keyboard.press("Space")
            page.wait_for_timeout(3500)
            page.keyboard.press("c")
            page.wait_for_timeout(3500)
            page.keyboard.press("Space")
        for value in ratings()[name][tape]:
            page.keyboard.press(value)
            page.keyboard.press("ArrowDown")
        lesson.see(page, "Saved")
        if first:
            page.keyboard.press("ArrowUp")
            page.keyboard.press("ArrowUp")
            page.wait_for_timeout(1200)
            lesson.keep(page, "rating")
        page.keyboard.press("Control+Enter")
        guess = page.get_by_label("Your guess: arm")
        guess.select_option(label="I do not know")
        lesson.met.add("I do not know")
        page.get_by_role("dialog").get_by_role("button", name="Lock ratings").click()
        lesson.met.add("Lock ratings")
        expect(page.get_by_role("heading", level=1)).to_have_text("Your queue")


def _answer(lesson: Lesson) -> None:
    lead = lesson.lead
    lesson.press(lead, "Forms")
    lesson.press(lead, "Make links", first=True)
    lead.get_by_label(re.compile("^For whom")).fill("S04")
    lesson.press(lead, "Make links")
    link = re.search(r"http://127\.0\.0\.1:\d+/f/[^/\s<]+/", lead.content())
    assert link is not None
    phone = lesson.new_page(viewport=PHONE, has_touch=True, is_mobile=True, device_scale_factor=2)
    phone.goto(link[0])
    for number, words in enumerate(("Partly", "A little", "Partly", "Mostly", "Partly")):
        phone.get_by_role("group").nth(number).get_by_text(words, exact=True).tap()
        if number == 1:
            phone.wait_for_timeout(500)
            phone.evaluate("scrollTo(0, 0)")
            lesson.keep(phone, "form")
    lesson.press(phone, "Send my answers")
    expect(phone.get_by_role("heading", name="Thank you")).to_be_visible()
    phone.goto(link[0])
    lesson.see(phone, "This form is closed")


def _agreement(lesson: Lesson) -> None:
    lead = lesson.lead
    lesson.press(lead, "Overview")
    lesson.see(lead, "Reliability so far")
    lesson.see(lead, "Coding progress")
    row = lead.get_by_role("row", name=re.compile("^Concordance"))
    expect(row).to_contain_text(".94", timeout=30_000)
    expect(lead.get_by_text("8 of 8 tapes locked")).to_be_visible()
    shown = re.search(
        r"Concordance has (\.\d+), and the interval reaches from (\S+) to (\S+):", PAGE.read_text("utf-8")
    )
    assert shown is not None
    expect(row).to_contain_text(f"{shown[2]} to {shown[3]}")
    expect(lead.get_by_role("row", name=re.compile("^Resistance"))).to_contain_text("1.00")
    lead.set_viewport_size(SCREEN | {"height": 1060})
    lesson.keep(lead, "overview")
    lead.set_viewport_size(SCREEN)


def _settle(lesson: Lesson) -> None:
    lead = lesson.lead
    lesson.press(lead, "Consensus")
    lesson.press(lead, "Release all 4 that are left")
    for tape, equal, dimension, value in (
        ("Tape 001", 7, "", ""),
        ("Tape 002", 6, "Understanding", "4"),
        ("Tape 003", 6, "Evidence incongruent", "3"),
        ("Tape 004", 6, "Concordance", "4"),
    ):
        lesson.press(lead, "Consensus")
        lesson.press(lead, tape)
        lesson.press(lead, f"Take over {equal} equal values")
        if dimension:
            lead.get_by_role("group", name=f"Agreed value, {dimension}").get_by_label(
                value, exact=True
            ).check()
        if tape == "Tape 003":
            lead.get_by_label("Reason for the agreed value").and_(lead.locator(":visible")).fill(
                "Between the two."
            )
            lead.keyboard.press("Control+Enter")
        expect(lead.locator("footer")).to_contain_text("7 of 7 settled")
    page = lesson.private
    lesson.press(page, "Where I differed")
    expect(page.get_by_role("heading", name="4 released tapes")).to_be_visible()


def _close(lesson: Lesson) -> None:
    lead = lesson.lead
    lesson.press(lead, "Data")
    lesson.press(lead, "Back up now")
    lesson.press(lead, "Lock the data")
    expect(lead.get_by_text("Data locked").first).to_be_visible()
    lesson.press(lead, "Audit")
