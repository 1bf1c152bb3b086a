"""A real browser: Debian's Chromium, driven by Playwright, that reaches 127.0.0.1 and no other host.

``make workbench-browser`` runs this lane. Where Chromium or Playwright is absent, each test is skipped and says so;
``BORDIN_BROWSER_NEEDED=1`` makes that a failure. ``BORDIN_SCREENS`` names a folder for pictures of the screens.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

# Playwright's loop runs in the thread of the tests, and Django would take a query beside it for a mistake.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")

LOOPBACK = "127.0.0.1"
CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--disable-dev-shm-usage",
    "--autoplay-policy=no-user-gesture-required",
    # A name or number that is not the server's own leads nowhere.
    f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {LOOPBACK}",
)
WAIT_MS = 10_000
PHONE = {"width": 390, "height": 844}


def _absent(what: str) -> None:
    message = f"NOT TESTED IN A BROWSER: {what}"
    if os.environ.get("BORDIN_BROWSER_NEEDED") == "1":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Return a started Chromium; each test opens its own context in it."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _absent("there is no playwright here. Next: make setup")
    program = CHROMIUM if Path(CHROMIUM).exists() else shutil.which("chromium")
    if program is None:
        _absent("there is no Chromium here. Next: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture
def new_page(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Return what opens a page in a context of its own, so that two coders can be logged in at once.

    It takes what a Playwright context takes, such as ``viewport`` or ``color_scheme``. Requests to another host,
    uncaught errors of scripts and what the content policy refused fail the test at its end.
    """
    contexts: list[Any] = []
    wrong: list[str] = []

    def opened(**how: Any) -> Any:
        context = chromium.new_context(**{"locale": "en-US", "reduced_motion": "reduce", **how})
        context.set_default_timeout(WAIT_MS)
        contexts.append(context)
        listen(context, wrong)
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def browser_page(new_page: Callable[..., Any]) -> Any:
    """Return a page of the size of a laptop's screen."""
    return new_page(viewport={"width": 1440, "height": 900})


@pytest.fixture
def phone_page(new_page: Callable[..., Any]) -> Any:
    """Return a page of the size of a phone, with touch."""
    return new_page(viewport=PHONE, has_touch=True, is_mobile=True, device_scale_factor=2)


@pytest.fixture
def what_is_wrong(chromium: Any) -> Iterator[Callable[[str], list[str]]]:
    """Return what shows some HTML and returns what `new_page` would have failed the test for."""
    with chromium.new_context() as context:
        wrong: list[str] = []
        listen(context, wrong)

        def told(html: str) -> list[str]:
            wrong.clear()
            page = context.new_page()
            page.set_content(f'<!doctype html><html lang="en"><title>T</title><body>{html}</body></html>')
            page.wait_for_timeout(200)
            page.close()
            return list(wrong)

        yield told


def listen(context: Any, wrong: list[str]) -> None:
    """Note in `wrong` what no page of the workbench may do."""
    context.on("request", lambda request: wrong.extend(_outside(request.url)))
    context.on("weberror", lambda told: wrong.append(f"error of a script: {told.error.message}"))
    context.on("console", lambda line: wrong.extend(_refused_by_policy(f"{line.text} ({line.location})")))


def _outside(url: str) -> list[str]:
    parts = urlsplit(url)
    own = parts.scheme in {"data", "blob", "about"} or parts.hostname == LOOPBACK
    return [] if own else [f"reached for {url}"]


def _refused_by_policy(text: str) -> list[str]:
    return [text] if "Content Security Policy" in text else []


@pytest.fixture
def axe_violations() -> Callable[[Any], list[str]]:
    """Return what runs axe on a page and lists violations in words: rule, weight, what to do, where."""
    try:
        from axe_playwright_python.sync_playwright import Axe
    except ImportError:
        _absent("there is no axe-playwright-python here. Next: make setup")
    axe = Axe()

    def found(page: Any) -> list[str]:
        return [
            f"{rule['id']} ({rule['impact']}): {rule['help']}, at {node['target']}: {node['html'][:160]}"
            # Not preloaded: for that axe puts styles into shadow roots, which the content policy refuses.
            for rule in axe.run(page, options={"preload": False}).response["violations"]
            for node in rule["nodes"]
        ]

    return found


@pytest.fixture
def keep_screen(request: pytest.FixtureRequest) -> Callable[..., Path | None]:
    """Return what keeps a picture of a page in the folder ``BORDIN_SCREENS``; it does nothing without one."""

    def kept(page: Any, name: str, **how: Any) -> Path | None:
        folder = os.environ.get("BORDIN_SCREENS")
        if not folder:
            return None
        Path(folder).mkdir(parents=True, exist_ok=True)
        path = Path(folder) / f"{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')}.png"
        page.screenshot(path=str(path), full_page=True, **how)
        return path

    return kept
