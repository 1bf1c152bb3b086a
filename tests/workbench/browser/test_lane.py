"""The lane of the real browser itself: it reaches no other host, and axe and the listeners see what they should."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

GOOD = '<!doctype html><html lang="en"><head><title>T</title></head><body><main><h1>Good</h1></main></body></html>'
BAD = '<!doctype html><html lang="en"><head><title>T</title></head><body><main><h1>Bad</h1><img src="data:,">%s</main></body></html>'


def test_this_process_reaches_loopback_by_number_alone() -> None:
    for host in ("http://localhost:9", "http://192.0.2.7"):
        with pytest.raises(OSError, match="reached for the network"):
            urllib.request.urlopen(host, timeout=1)


def test_axe_names_what_is_wrong_and_finds_nothing_on_a_good_page(
    browser_page: Any, axe_violations: Callable[[Any], list[str]]
) -> None:
    browser_page.set_content(GOOD)
    assert axe_violations(browser_page) == []
    browser_page.set_content(BAD % '<input type="text">')
    found = axe_violations(browser_page)
    assert [line.split(" ")[0] for line in found] == ["image-alt", "label"]
    assert found[1].startswith("label (critical): Form elements must have labels, at ['input']: <input type=")


def test_chromium_itself_reaches_no_other_host(chromium: Any) -> None:
    with chromium.new_context() as context:
        page = context.new_page()
        for address in ("http://example.org/", "http://192.0.2.7/", "http://localhost:8137/"):
            with pytest.raises(Exception, match="ERR_NAME_NOT_RESOLVED"):
                page.goto(address)


def test_a_page_that_reaches_out_fails_its_test(what_is_wrong: Callable[[str], list[str]]) -> None:
    assert what_is_wrong('<img alt="x" src="http://example.org/x.png">') == [
        "reached for http://example.org/x.png"
    ]
    [said] = what_is_wrong("<script>throw new Error('planted')</script>")
    assert said == "error of a script: planted"
    [said, *_] = what_is_wrong(
        """<meta http-equiv="Content-Security-Policy" content="script-src 'none'"><script>1</script>"""
    )
    assert "Content Security Policy" in said
    assert what_is_wrong("<p>calm</p>") == []


def test_a_picture_is_kept_where_the_environment_says(
    browser_page: Any,
    keep_screen: Callable[..., Path | None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    browser_page.set_content(GOOD)
    monkeypatch.delenv("BORDIN_SCREENS", raising=False)
    assert keep_screen(browser_page, "A page") is None
    monkeypatch.setenv("BORDIN_SCREENS", str(tmp_path / "screens"))
    kept = keep_screen(browser_page, "A page / dark")
    assert kept == tmp_path / "screens" / "a-page-dark.png"
    assert kept.read_bytes().startswith(b"\x89PNG")


def test_two_pages_are_two_logins(new_page: Callable[..., Any]) -> None:
    one, two = new_page(), new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
    assert one.context is not two.context
    assert two.evaluate("() => [innerWidth, matchMedia('(prefers-color-scheme: dark)').matches]") == [
        390,
        True,
    ]
