"""Look at one page as every reader would: axe, light and dark, wide and narrow, by keyboard; see :class:`Looker`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

DESK = {"width": 1440, "height": 900}
SMALL_DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
# 1280 pixels at 400 percent.
NARROW = {"width": 320, "height": 640}
MOST_TABS = 400

# What a page has to have, whatever it shows.
_SHAPE = """() => {
  const wrong = [];
  const where = (e) => e.outerHTML.slice(0, 120).replace(/\\s+/g, " ");
  const shown = (e) => e.checkVisibility();
  const heads = [...document.querySelectorAll("h1")].filter(shown);
  if (heads.length !== 1) wrong.push(`${heads.length} headings of level 1`);
  if (heads[0] && !heads[0].textContent.trim()) wrong.push("an empty heading of level 1");
  if (!/\\S · bordin$/.test(document.title) && !document.body.matches(".form"))
    wrong.push(`title: ${document.title}`);
  if (!/\\S/.test(document.title)) wrong.push("no title");
  if (!document.documentElement.lang) wrong.push("no language");
  if (document.querySelectorAll("main").length !== 1) wrong.push("not one main part");
  let level = 1;
  for (const h of [...document.querySelectorAll("h1, h2, h3, h4, h5")].filter(shown)) {
    const now = Number(h.localName[1]);
    if (now > level + 1) wrong.push(`heading ${now} after ${level}: ${where(h)}`);
    level = now;
  }
  for (const table of document.querySelectorAll("table")) {
    if (!shown(table)) continue;
    if (!table.caption || !table.caption.textContent.trim()) wrong.push(`table without a caption: ${where(table)}`);
    for (const th of table.querySelectorAll("th")) if (!th.scope) wrong.push(`th without a scope: ${where(th)}`);
  }
  for (const e of document.querySelectorAll("input:not([type=hidden]), select, textarea, progress")) {
    if (!shown(e)) continue;
    const named = e.labels?.length || e.ariaLabel || e.getAttribute("aria-labelledby");
    if (!named) wrong.push(`control without a label: ${where(e)}`);
  }
  for (const e of document.querySelectorAll("a[href], button"))
    if (shown(e) && !(e.textContent.trim() || e.ariaLabel || e.querySelector("[aria-label], title")))
      wrong.push(`nameless: ${where(e)}`);
  const text = document.body.innerText;
  for (const odd of [/\\bnan\\b/i, /-?\\d\\.\\d{6}/, /\\{\\{|\\{%|%\\(\\w+\\)s/, /\\[object /])
    if (odd.test(text)) wrong.push(`odd text: ${text.match(odd)[0]}`);
  for (const e of document.querySelectorAll("td, dd, li, p, span"))
    if (!e.children.length && /^(None|null|-0\\.0+|0 min)$/.test(e.textContent.trim()) && shown(e))
      wrong.push(`odd text: ${where(e)}`);
  return wrong;
}"""

_OVERFLOW = """() => {
  const room = document.documentElement.clientWidth;
  const wide = document.scrollingElement.scrollWidth;
  if (wide <= room) return [];
  const inside = (e) => {
    for (let up = e.parentElement; up; up = up.parentElement)
      if (getComputedStyle(up).overflowX !== "visible") return true;
    return false;
  };
  const out = [...document.body.querySelectorAll("*")]
    .filter((e) => e.getBoundingClientRect().right > room + 1 && !inside(e)).slice(0, 4)
    .map((e) => e.outerHTML.slice(0, 110).replace(/\\s+/g, " "));
  return [`${wide} px wide in ${room}: ${out.join(" | ")}`];
}"""

# What sticks out of its panel lies over its neighbor, or is cut off.
_STICKING_OUT = """() => {
  const wrong = [];
  for (const panel of document.querySelectorAll(".panel, .panel__head, .note, .topbar, .footbar, td, th")) {
    if (!panel.checkVisibility()) continue;
    const box = panel.getBoundingClientRect();
    if (box.width < 2) continue;
    for (const e of panel.querySelectorAll("*")) {
      if (wrong.length > 3) return wrong;
      const own = e.getBoundingClientRect();
      if (own.width < 2 || own.right <= box.right + 1.5 || !e.checkVisibility() || e.closest("svg, .visually-hidden, .menu__sheet")) continue;
      let held = false;
      for (let up = e.parentElement; up && up !== panel.parentElement; up = up.parentElement)
        held ||= getComputedStyle(up).overflowX !== "visible";
      if (!held) wrong.push(`sticks out by ${Math.round(own.right - box.right)} px: ${e.outerHTML.slice(0, 110).replace(/\\s+/g, " ")}`);
    }
  }
  return wrong;
}"""

# What Tab has to reach: each stands for itself, radio buttons for their group.
_TABBABLE = """() => {
  const all = "a[href], button, input:not([type=hidden]), select, textarea, summary, audio[controls], [tabindex]";
  window.bordinNames ??= new Map();
  const name = (e) => {
    if (e.type === "radio") return `group ${e.form?.id ?? ""}/${e.name}`;
    const names = window.bordinNames;
    if (!names.has(e)) names.set(e, `${names.size} ${e.outerHTML.slice(0, 110).replace(/\\s+/g, " ")}`);
    return names.get(e);
  };
  window.bordinName = name;
  return [...new Set([...document.querySelectorAll(all)].filter((e) => !e.disabled && e.tabIndex >= 0
    && !e.closest("[inert]") && e.checkVisibility({visibilityProperty: true})).map(name))];
}"""

_FOCUSED = """() => {
  const e = document.activeElement;
  if (!e || e === document.body || e === document.documentElement) return null;
  const ring = (one) => {
    if (!one) return false;
    const s = getComputedStyle(one);
    const seen = (color) => !/, 0\\)$|transparent/.test(color);
    return s.boxShadow !== "none" || (s.outlineStyle !== "none" && s.outlineWidth !== "0px" && seen(s.outlineColor));
  };
  const visible = [e, e.nextElementSibling, e.parentElement, e.closest("label")].some(ring);
  const box = e.getBoundingClientRect();
  const bars = [...document.querySelectorAll(".topbar, .footbar")].filter((b) => !b.contains(e));
  const covered = bars.some((b) => {
    const bar = b.getBoundingClientRect();
    return getComputedStyle(b).position !== "static" && box.height < 200 && box.top >= bar.top && box.bottom <= bar.bottom;
  });
  const word = e.outerHTML.slice(0, 110).replace(/\\s+/g, " ");
  return {key: window.bordinName(e), visible, covered, word};
}"""

# By then a page has heard of its new size.
_TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"

_AXE = """(only) => axe.run(document, {
  preload: false, resultTypes: ["violations"],
  ...(only ? {runOnly: {type: "rule", values: only}} : {}),
}).then((found) => found.violations.flatMap((rule) => rule.nodes.map((node) =>
  `${rule.id} (${rule.impact}): ${rule.help}, at ${node.target}: ${node.html.slice(0, 140)}`)))"""


class Looker:
    """Looks at pages and keeps what is wrong; `wrong` has to be empty at the end.

    Parameters
    ----------
    new_page : callable
        Opens a page in a context of its own.
    """

    def __init__(self, new_page: Callable[..., Any]) -> None:
        import axe_playwright_python

        folder = Path(axe_playwright_python.__file__).parent
        self._axe = (folder / "axe.min.js").read_text(encoding="utf-8")
        self._new_page = new_page
        self._tabbed: set[str] = set()
        self.wrong: list[str] = []
        self.looked: list[str] = []

    def page(self, **how: Any) -> Any:
        """Open a page the size of a laptop's screen, in which axe is at hand."""
        page = self._new_page(**{"viewport": DESK, **how})
        page.context.add_init_script(self._axe)
        return page

    def look(self, page: Any, name: str, *, keyboard: str = "") -> None:
        """Look at what a page shows now.

        Parameters
        ----------
        page : playwright Page
        name : str
            What it is called in what is told of it.
        keyboard : str
            Go through it by Tab too, unless one with this name was gone through already.
        """
        settle(page)
        found = page.evaluate(_SHAPE)
        if keyboard and keyboard not in self._tabbed:
            self._tabbed.add(keyboard)
            found += self._tab_through(page)
        for size, word in ((DESK, "desk"), (PHONE, "phone")):
            page.set_viewport_size(size)
            page.evaluate(_TWO_FRAMES)
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                self._keep(page, f"{name} {word} {scheme}")
                # In the dark only colors differ.
                only = ["color-contrast"] if scheme == "dark" else None
                found += [f"{word}, {scheme}: {v}" for v in page.evaluate(_AXE, only)]
                self.looked.append(f"{name}, {word}, {scheme}")
            page.emulate_media(color_scheme="light")
            found += [f"{word}: {v}" for v in page.evaluate(_OVERFLOW) + page.evaluate(_STICKING_OUT)]
        page.set_viewport_size(NARROW)
        found += [f"at 400 percent: {v}" for v in page.evaluate(_OVERFLOW) + page.evaluate(_STICKING_OUT)]
        self._keep(page, f"{name} narrow")
        page.set_viewport_size(SMALL_DESK)
        found += [f"at 1280: {v}" for v in page.evaluate(_OVERFLOW) + page.evaluate(_STICKING_OUT)]
        page.set_viewport_size(DESK)
        self.wrong += [f"{name}: {line}" for line in found]

    def _tab_through(self, page: Any) -> list[str]:
        page.evaluate("document.activeElement?.blur(), window.scrollTo(0, 0)")
        page.evaluate(_TABBABLE)
        seen: list[str] = []
        wrong: list[str] = []
        ends = False
        for _ in range(MOST_TABS):
            page.keyboard.press("Tab")
            now = page.evaluate(_FOCUSED)
            if now is None and not ends:
                # A page that put the focus somewhere: Tab begins there, and comes to what is before it later.
                ends = True
                continue
            if now is None or now["key"] in seen[:1]:
                break
            if not now["visible"]:
                wrong.append(f"focus is not visible: {now['word']}")
            if now["covered"]:
                wrong.append(f"focus is behind a bar: {now['word']}")
            seen.append(now["key"])
        # What is there at the end: a page may show what belongs to the row that has the focus.
        missed = [key for key in page.evaluate(_TABBABLE) if key not in seen]
        page.evaluate("document.activeElement?.blur(), window.scrollTo(0, 0)")
        return [*dict.fromkeys(wrong), *(f"Tab does not reach {key}" for key in missed)]

    def _keep(self, page: Any, name: str) -> None:
        folder = os.environ.get("BORDIN_SCREENS")
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            word = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
            page.screenshot(path=str(Path(folder) / f"{word}.png"), full_page=True)


def settle(page: Any) -> None:
    """Wait until a page shows what it has: sound and transcript, or figures that are computed."""
    if page.locator("#tape-data").count():
        page.wait_for_selector("html[data-player]")
    for waiting in ("[data-stale]", "[hx-trigger='every 2s']", "[hx-trigger='every 1s']"):
        page.locator(waiting).first.wait_for(state="detached", timeout=30_000)
