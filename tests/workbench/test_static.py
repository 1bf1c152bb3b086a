"""What the workbench sends to a browser: vendored files as they came, no outside address, no inline script or style."""

from __future__ import annotations

import hashlib
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

import bordin

WORKBENCH = Path(bordin.__file__).parent / "workbench"
STATIC = WORKBENCH / "static" / "workbench"
VENDOR = STATIC / "vendor"
TEMPLATES = WORKBENCH / "templates"
LISTED: list[dict[str, Any]] = tomllib.loads((VENDOR / "vendor.toml").read_text())["file"]
OWN = sorted([*STATIC.glob("*.css"), *STATIC.glob("*.js"), *TEMPLATES.rglob("*.html")])
# The name of SVG is written like an address and is none.
NAMES = ("http://www.w3.org/2000/svg",)
ADDRESS = re.compile(r"""(?:https?:|(?<=["'(=\s]))//[\w{$][^\s"'`)<>]*""")


def addresses(text: str) -> list[str]:
    """Return whatever a browser could take for an address of another host."""
    return [found for found in ADDRESS.findall(text) if found not in NAMES]


@pytest.mark.parametrize("entry", LISTED, ids=lambda entry: entry["package"])
def test_vendored_file_is_the_packages_own(entry: dict[str, Any]) -> None:
    data = (VENDOR / entry["file"]).read_bytes()
    assert hashlib.sha256(data).hexdigest() == entry["sha256"]
    assert b"sourceMappingURL" not in data
    code = re.sub(r"/\*.*?\*/", "", data.decode(), flags=re.DOTALL)
    known = tuple(entry["mentions"])
    assert [
        found
        for found in re.findall(r"https?://[^\s\"'`)<>]+", code)
        if not found.startswith(known or ("-",))
    ] == []
    assert "Permission" in (text := (VENDOR / entry["license_file"]).read_text()) or "Redistribution" in text
    assert entry["license"] in {"0BSD", "MIT", "BSD-3-Clause"}


def test_every_vendored_file_is_listed() -> None:
    listed = {name for entry in LISTED for name in (entry["file"], entry["license_file"])}
    assert {path.name for path in VENDOR.iterdir()} == listed | {"vendor.toml"}


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_no_outside_address(path: Path) -> None:
    text = path.read_text()
    if path.suffix == ".js":
        text = re.sub(r"^\s*//.*$|(?<=\s)// .*$", "", text, flags=re.MULTILINE)
    assert addresses(text) == []
    assert "@import" not in text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('<script src="https://cdn.example/x.js">', ["https://cdn.example/x.js"]),
        ('<link href="//cdn.example/x.css">', ["//cdn.example/x.css"]),
        ("background: url(//host/a.png)", ["//host/a.png"]),
        ('fetch("http://a.b")', ["http://a.b"]),
        ('<a href="/queue/">', []),
        ('const SVG = "http://www.w3.org/2000/svg";', []),
    ],
)
def test_an_address_is_seen(text: str, found: list[str]) -> None:
    assert addresses(text) == found


@pytest.mark.parametrize("path", [p for p in OWN if p.suffix == ".html"], ids=lambda path: path.name)
def test_no_inline_script_or_style(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", text)
    assert not re.search(r"<style\b|\sstyle=", text)
    assert not re.search(r"\son[a-z]+=[\"']", text)


def test_scripts_write_no_inline_style_and_no_markup() -> None:
    for path in STATIC.glob("*.js"):
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|eval\(|new Function|setAttribute\([\"']style",
            path.read_text(),
        ), path.name


def test_contrast_of_the_tokens() -> None:
    """Text colors keep 4.5 to 1 on the surface, edges of controls 3 to 1, in both themes."""
    css = (STATIC / "workbench.css").read_text()
    tokens = {
        name: (light, dark)
        for name, light, dark in re.findall(r"--([\w-]+):\s*light-dark\((#\w{6}), (#\w{6})\)", css)
    }

    def luminance(color: str) -> float:
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        lit = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * lit[0] + 0.7152 * lit[1] + 0.0722 * lit[2]

    def ratio(a: str, b: str) -> float:
        low, high = sorted((luminance(a), luminance(b)))
        return (high + 0.05) / (low + 0.05)

    wanted = dict.fromkeys(("ink", "ink-2", "ink-3", "accent", "ok", "warn", "bad"), 4.5) | {"line-firm": 3.0}
    for name, least in wanted.items():
        for theme in (0, 1):
            assert ratio(tokens[name][theme], tokens["surface"][theme]) >= least, (name, theme)
    assert round(ratio(tokens["accent-over"][1], tokens["accent-fill"][1]), 1) == 5.0
