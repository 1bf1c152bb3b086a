"""The coder's pages in a real browser, against a server that fails when told to: keys, outbox, places that stay."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

SERVER = Path(__file__).parent / "rate_mock" / "server.py"
DESK = {"width": 1440, "height": 900}
STARTED = ["concordance", "resistance", "understanding", "active_plans", "evidence_congruent"]


class Mock:
    """The server beside the tests."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.number = 0

    def begin(self, **how: Any) -> None:
        """Forget everything, and take another assignment: the page of the test before may still send its last words."""
        self.number += 1
        self.tell(fresh=True, assignment=f"tape{self.number:06}", **how)

    @property
    def rate(self) -> str:
        return f"{self.address}/rate/tape{self.number:06}/"

    def tell(self, **how: Any) -> None:
        urlopen(
            Request(f"{self.address}/mock/set", json.dumps(how).encode(), method="POST"), timeout=10
        ).close()

    def state(self) -> dict[str, Any]:
        with urlopen(f"{self.address}/mock/state", timeout=10) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def kept(self, kind: str) -> list[dict[str, Any]]:
        return [change for change in self.state()["changes"] if change["kind"] == kind]


@pytest.fixture(scope="module")
def running() -> Iterator[Mock]:
    environment = {**os.environ, "BORDIN_BROWSER": "1"}
    server = subprocess.Popen(
        [sys.executable, str(SERVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True, env=environment,
    )  # fmt: skip
    assert server.stdin is not None
    assert server.stdout is not None
    yield Mock(int(server.stdout.readline()))
    server.stdin.close()
    server.stdout.close()
    server.wait(10)


@pytest.fixture
def mock(running: Mock) -> Mock:
    running.begin()
    return running


@pytest.fixture
def desk(mock: Mock, new_page: Callable[..., Any]) -> Callable[..., Any]:
    """Return what opens the rating page, ready."""

    def opened(viewport: dict[str, int] = DESK, **told: Any) -> Any:
        mock.tell(**told)
        page = new_page(viewport=viewport)
        page.goto(mock.rate)
        ready(page)
        return page

    return opened


def ready(page: Any) -> None:
    page.wait_for_selector("html[data-player=ready]")
    expect(page.locator("#turns-says")).to_be_hidden()


def expect(what: Any) -> Any:
    from playwright.sync_api import expect as expected

    return expected(what)


def press(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def is_saved(page: Any) -> None:
    """Wait for the outbox to be empty, and for the corner to say so."""
    for _ in range(100):
        if (
            page.evaluate("Object.keys(localStorage).some((key) => key.startsWith('bordin.outbox.'))")
            is False
        ):
            break
        page.wait_for_timeout(50)
    expect(page.locator("#saved")).to_have_text(re.compile(r"^Saved \d\d:\d\d:\d\d$"))


def chosen(page: Any, dimension: str) -> str | None:
    found = page.locator(f'.dim[data-dimension="{dimension}"] input:checked')
    return found.get_attribute("value") if found.count() else None


def now(page: Any) -> str:
    name: str = page.locator(".dim.is-now").get_attribute("data-dimension")
    return name


def test_whole_tape_by_keyboard(desk: Callable[..., Any], mock: Mock) -> None:
    """Play, mark, rate, take back, write, lock: no mouse."""
    page = desk(guess=True)
    assert now(page) == "concordance"
    press(page, "Space")
    expect(page.locator("#play-word")).to_have_text("Pause")
    press(page, "Shift+ArrowRight", "ArrowRight", "ArrowLeft", ">", ">", "<")
    expect(page.locator("#speed")).to_have_text("1.1×")
    assert page.evaluate("document.getElementById('sound').preservesPitch") is True
    page.wait_for_timeout(600)
    press(page, "F4")
    expect(page.locator("#play-word")).to_have_text("Play")
    press(page, "r")
    assert now(page) == "resistance"
    press(page, "2", "ArrowDown", "4", "ArrowUp", "ArrowUp", "5")
    assert [chosen(page, d) for d in ("concordance", "resistance", "understanding")] == ["5", "2", "4"]
    press(page, "3", "Control+z")
    assert chosen(page, "concordance") == "5"
    press(page, "Control+Shift+z")
    assert chosen(page, "concordance") == "3"
    press(page, "Shift+P", "x")
    assert page.evaluate("document.activeElement.id") == "nc-reason"
    press(page, "3")
    assert chosen(page, "active_plans") == "nc"
    expect(page.locator('.dim[data-dimension="active_plans"] small')).to_have_text("Tape incomplete")
    press(page, "ArrowDown", "4", "ArrowDown", "0", "ArrowDown", "6")
    press(page, "m")
    page.keyboard.type("Quiet at 3:00, x and 5 are text here")
    press(page, "Control+Enter")
    expect(page.locator("#lock-sheet")).to_be_visible()
    page.locator("#guess-arm").select_option("do not know")
    page.locator("#lock-yes").focus()
    with page.expect_navigation(url="**/queue/"):
        press(page, "Enter")
    given = mock.state()["given"]
    assert {name: rating["value"] for name, rating in given["ratings"].items()} == {
        "concordance": 3, "resistance": 2, "understanding": 4, "active_plans": None, "evidence_congruent": 4,
        "evidence_incongruent": 0, "avoidance": 6,
    }  # fmt: skip
    assert given["ratings"]["active_plans"]["reason"] == "Tape incomplete"
    assert given["memo"] == "Quiet at 3:00, x and 5 are text here"
    assert [mark["dimension"] for mark in given["marks"]] == ["resistance"]
    assert 14 <= given["marks"][0]["seconds"] <= 17
    assert mock.state()["lock"] == {"guess": {"arm": "do not know"}, "confidence": None}
    plays = mock.kept("play")
    assert plays[-1]["speed"] == 1.1
    assert 15 <= plays[-1]["end"] <= 18.5
    assert [c["value"] for c in mock.kept("rating") if c["dimension"] == "concordance"] == [5, 3, 5, 3]


def test_lost_connection_keeps_and_sends_later(desk: Callable[..., Any], mock: Mock) -> None:
    page = desk()
    page.context.set_offline(True)
    press(page, "4", "ArrowDown", "1", "u")
    expect(page.locator("#saved")).to_have_text("Not sent, 3 changes kept here")
    assert mock.state()["changes"] == []
    page.context.set_offline(False)
    is_saved(page)
    assert [c["kind"] for c in mock.state()["changes"]] == ["rating", "rating", "mark"]


def test_reload_loses_nothing(desk: Callable[..., Any], mock: Mock) -> None:
    """A server that fails, a note in the middle of a word, a reload: all of it stands there and is sent."""
    page = desk()
    mock.tell(mode="fail")
    press(page, "5", "g")
    page.locator("#marks input.note-line").fill("half a wo")
    press(page, "Enter", "m")
    page.keyboard.type("Sound drops")
    expect(page.locator("#saved")).to_contain_text("kept here")
    page.reload()
    ready(page)
    assert chosen(page, "concordance") == "5"
    assert page.locator("#memo").input_value() == "Sound drops"
    assert page.locator("#marks input.note-line").input_value() == "half a wo"
    expect(page.locator("#saved")).to_contain_text("kept here")
    assert mock.state()["changes"] == []
    mock.tell(mode="ok")
    is_saved(page)
    given = mock.state()["given"]
    assert (given["ratings"]["concordance"]["value"], given["memo"], given["marks"][0]["note"]) == (
        5,
        "Sound drops",
        "half a wo",
    )
    press(page, "Escape")
    page.locator("#memo").blur()
    press(page, "Control+z", "Control+z", "Control+z")
    is_saved(page)
    assert mock.state()["given"]["ratings"] == {}
    assert mock.state()["given"]["marks"] == []


def test_queue_sends_what_an_earlier_visit_left(desk: Callable[..., Any], mock: Mock) -> None:
    page = desk(mode="fail")
    press(page, "6")
    expect(page.locator("#saved")).to_contain_text("kept here")
    page.goto(f"{mock.address}/queue/")
    expect(page.locator("#saved")).to_have_text("Not sent, kept here: 1")
    mock.tell(mode="ok")
    expect(page.locator("#saved")).to_have_text("All saved")
    assert mock.kept("rating")[0]["value"] == 6


def test_login_that_ended(desk: Callable[..., Any], mock: Mock) -> None:
    """The changes stay, a link leads to the login, and the page goes on with the new token."""
    page = desk(mode="login")
    press(page, "2")
    expect(page.locator("#saved")).to_have_text("Login ended, 1 kept here")
    expect(page.locator("#saved-login")).to_be_visible()
    mock.tell(mode="ok", token="token-2")
    is_saved(page)
    expect(page.locator("#saved-login")).to_be_hidden()
    assert mock.kept("rating")[0]["value"] == 2


def test_refused_change_goes_back_to_the_servers_value(desk: Callable[..., Any], mock: Mock) -> None:
    page = desk(start="half", refuse={"rating": "concordance: 5 is outside 0-4 (manual 1.0)"})
    press(page, "Shift+C", "5")
    expect(page.locator("#dock-says")).to_have_text("concordance: 5 is outside 0-4 (manual 1.0)")
    expect(page.locator('.dim[data-dimension="concordance"] small')).to_have_text("not taken")
    assert chosen(page, "concordance") == "4"
    press(page, "Control+z")
    expect(page.locator("#dock-says")).to_have_text("Nothing to undo")


def test_locked_elsewhere_becomes_read_only(desk: Callable[..., Any], mock: Mock) -> None:
    page = desk()
    mock.tell(locked=True)
    press(page, "3")
    expect(page.locator("#lock-why")).to_have_text("These ratings are locked.")
    expect(page.locator("#saved")).to_have_text("Locked elsewhere, 1 not taken")
    assert page.locator("#ratings input:not([disabled])").count() == 0
    assert page.locator("#memo").get_attribute("readonly") is not None
    press(page, "r")
    assert page.locator("#marks tbody tr").count() == 0


def test_locked_tape_is_read(desk: Callable[..., Any], mock: Mock) -> None:
    page = desk(start="full", locked=True)
    press(page, "Shift+C", "1", "x", "c")
    assert chosen(page, "concordance") == "4"
    assert page.locator("#marks [data-remove]:visible").count() == 0
    expect(page.locator("#saved")).to_have_text("Locked")
    press(page, "Space")
    expect(page.locator("#play-word")).to_have_text("Pause")
    page.wait_for_timeout(500)
    press(page, "Space")
    assert not [path for path in mock.state()["requests"] if path.endswith("/save/")]


def test_lock_says_what_is_left(desk: Callable[..., Any], mock: Mock) -> None:
    page = desk(start="half")
    expect(page.locator("#lock-why")).to_have_text("2 dimensions left; 55% of the tape not heard.")
    press(page, "Control+Enter")
    expect(page.locator("#dock-says")).to_have_text("2 dimensions left: Evidence incongruent, Avoidance")
    expect(page.locator("#lock-sheet")).to_be_hidden()
    press(page, "1", "ArrowDown", "x", "Tab")
    expect(page.locator("#lock-why")).to_have_text("1 dimension left; 55% of the tape not heard.")
    expect(page.locator('.dim[data-dimension="avoidance"] small')).to_have_text("choose a reason")
    is_saved(page)
    assert [c["dimension"] for c in mock.kept("rating")] == ["evidence_incongruent"]


@pytest.mark.parametrize(
    ("scale", "keys", "value"),
    [
        ("ten", ["1", "0"], "10"),
        ("ten", ["1", "Enter"], "1"),
        ("ten", ["7"], "7"),
        ("half", ["2", ".", "5"], "2.5"),
        ("half", ["4", "ArrowDown"], "4"),
    ],
)
def test_points_of_more_than_one_digit(
    desk: Callable[..., Any], mock: Mock, scale: str, keys: list[str], value: str
) -> None:
    page = desk(scale=scale)
    press(page, "Shift+R", *keys)
    assert chosen(page, "resistance") == value
    is_saved(page)
    assert [c["value"] for c in mock.kept("rating")] == [float(value)]


def test_long_scale_and_wrong_points(desk: Callable[..., Any], mock: Mock) -> None:
    page = desk(scale="hundred")
    press(page, "Shift+R", "8", "5")
    expect(page.locator("input.points")).to_have_value("85")
    press(page, "Shift+C", "9")
    expect(page.locator("#dock-says")).to_have_text("9 is no point of this scale: 0 to 6.")
    is_saved(page)
    assert [(c["dimension"], c["value"]) for c in mock.kept("rating")] == [("resistance", 85)]


def test_keys_can_be_changed(desk: Callable[..., Any], mock: Mock) -> None:
    page = desk()
    press(page, "?")
    sheet = page.locator("#key-sheet")
    expect(sheet).to_be_visible()
    sheet.locator('tr[data-action="resistance"] button').click()
    press(page, "c")
    expect(page.locator("#key-says")).to_have_text("C is already used: Concordance.")
    press(page, "5")
    expect(page.locator("#key-says")).to_have_text("Digits rate, they cannot be given away.")
    press(page, "w")
    expect(page.locator("#key-says")).to_have_text("Keys saved.")
    assert mock.state()["keys"] == {"resistance": "w"}
    press(page, "Escape")
    expect(sheet).to_be_hidden()
    press(page, "w", "r")
    is_saved(page)
    assert [c["dimension"] for c in mock.kept("mark")] == ["resistance"]
    assert page.locator('.dim[data-dimension="resistance"] kbd').inner_text() == "W"
    page.reload()
    ready(page)
    assert page.locator('.dim[data-dimension="resistance"] kbd').inner_text() == "W"


def test_marks_in_order_notes_and_jumps(desk: Callable[..., Any], mock: Mock) -> None:
    page = desk(start="half")
    clock = page.locator("#clock")
    press(page, "[")
    expect(clock).to_have_text("40:59")
    press(page, "[", "[")
    expect(clock).to_have_text("11:37")
    press(page, "]")
    expect(clock).to_have_text("40:37")
    page.locator('input[name="show"][value="one"]').check(force=True)
    press(page, "Shift+G")
    assert page.locator("#marks tbody tr:visible").count() == 2
    page.locator('tr[data-mark="m4"] input').fill("stops as planned")
    page.locator('tr[data-mark="m4"] input').blur()
    page.locator('tr[data-mark="m3"] [data-remove]').click()
    is_saved(page)
    assert {m["mark"]: m["note"] for m in mock.state()["given"]["marks"] if m["mark"] in {"m3", "m4"}} == {
        "m4": "stops as planned"
    }
    press(page, "Control+z")
    is_saved(page)
    assert len(mock.state()["given"]["marks"]) == 5
    box = page.locator("#overview").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 28)
    expect(clock).to_have_text("45:00")


def test_mouse_and_fields(desk: Callable[..., Any], mock: Mock) -> None:
    """A click rates, so does a click on the anchor; after it the space bar plays."""
    page = desk()
    page.locator("label:has(#understanding-3)").click()
    assert now(page) == "understanding"
    page.locator('.anchors__set.is-shown .anchor[data-point="5"]').click()
    assert chosen(page, "understanding") == "5"
    page.locator("#play").click()
    expect(page.locator("#play-word")).to_have_text("Pause")
    press(page, "Space")
    expect(page.locator("#play-word")).to_have_text("Play")
    page.locator("#memo").fill("a")
    press(page, "End", "F4")
    expect(page.locator("#play-word")).to_have_text("Pause")
    press(page, "Space", "4", "Escape")
    expect(page.locator("#play-word")).to_have_text("Play")
    assert page.locator("#memo").input_value() == "a 4"
    assert chosen(page, "understanding") == "5"


# From the first byte of the page to a player that stands there with its wave and knows the tape's length.
READY = """() => performance.getEntriesByName('bordin-ready')[0].startTime
    - performance.getEntriesByType('navigation')[0].responseStart"""
PLACES = (
    ".dim",
    ".dim .cell",
    "#anchors",
    "#nc-reason",
    "#memo",
    "#lock",
    "#play",
    "#turns",
    "#marks",
    "#saved",
    ".footbar",
)


@pytest.mark.parametrize("size", [DESK, {"width": 1280, "height": 800}, {"width": 390, "height": 844}])
def test_form_never_moves(desk: Callable[..., Any], mock: Mock, size: dict[str, int]) -> None:
    page = desk(viewport=size, start="half")

    def places() -> list[Any]:
        return [
            [
                round(v, 1)
                for v in (box["x"], box["y"] + page.evaluate("scrollY"), box["width"], box["height"])
            ]
            for what in PLACES
            for one in page.locator(what).all()
            if (box := one.bounding_box()) and what != "#saved"
        ]

    before = places()
    for keys in (
        ["Shift+C"],
        ["6"],
        ["ArrowDown"],
        ["x"],
        ["2"],
        ["g"],
        ["i", "i", "a"],
        ["Space"],
        ["Space"],
        ["?"],
        ["Escape"],
        ["9"],
    ):
        press(page, *keys)
        if keys == ["Escape"]:
            expect(page.locator("#key-sheet")).to_be_hidden()
        assert places() == before, keys
    mock.tell(mode="fail")
    press(page, "Shift+U", "1")
    expect(page.locator("#saved")).to_contain_text("kept here")
    assert places() == before
    if size["width"] > 1200:
        assert page.evaluate(
            "[document.documentElement.scrollHeight, document.documentElement.scrollWidth]"
        ) == [size["height"], size["width"]]
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_heard_counts_each_second_once(desk: Callable[..., Any], mock: Mock) -> None:
    """Ten minutes of tape, the first three heard; listening to a part again adds nothing."""
    page = desk(minutes=10)
    found = page.evaluate("""async () => {
        const { share, union } = await import('/static/workbench/player.js');
        return [union([[5, 9], [0, 6], [20, 30], [30, 31]]), share([[0, 100], [50, 180], [590, 700]], 600), share([], 600)];
    }""")
    assert found == [[[0, 9], [20, 31]], pytest.approx(190 / 600), 0]
    for _ in range(2):
        press(page, "Space")
        expect(page.locator("#clock")).to_have_text("00:01")
        press(page, "Space")
        expect(page.locator("#play-word")).to_have_text("Play")
        press(page, "ArrowLeft")
    is_saved(page)
    plays = mock.kept("play")
    assert [round(p["start"]) for p in plays] == [0, 0]
    assert all(1 <= p["end"] < 4 for p in plays)
    given = page.evaluate(
        "localStorage.getItem(Object.keys(localStorage).find((key) => key.startsWith('bordin.place.')))"
    )
    assert given == "0.00"


def test_ready_at_once_small_and_light(
    desk: Callable[..., Any], mock: Mock, new_page: Callable[..., Any], record_property: Any
) -> None:
    """Ninety minutes: ready within 300 ms, under 30 MB, at most 300 KB in 12 requests."""
    desk().context.close()  # the server packs its files once
    times: list[float] = []
    while len(times) < 8 and not (times and min(times) < 300):  # other work on the machine counts too
        mock.begin()
        page = new_page(viewport=DESK)
        counted = page.context.new_cdp_session(page)
        counted.send("Network.enable")
        sizes: dict[str, float] = {}
        kinds: dict[str, str] = {}
        counted.on(
            "Network.requestWillBeSent",
            lambda e, kinds=kinds: kinds.update({e["requestId"]: e["request"]["url"]}),
        )
        counted.on(
            "Network.loadingFinished",
            lambda e, sizes=sizes: sizes.update({e["requestId"]: e["encodedDataLength"]}),
        )
        page.goto(mock.rate)
        ready(page)
        page.wait_for_timeout(300)
        times.append(page.evaluate(READY))
    counted.send("Performance.enable")
    counted.send("HeapProfiler.collectGarbage")
    heap = {m["name"]: m["value"] for m in counted.send("Performance.getMetrics")["metrics"]}[
        "JSHeapUsedSize"
    ]
    asked = [path for path in mock.state()["requests"] if not path.startswith("/mock")]
    weight = sum(
        size
        for key, size in sizes.items()
        if not kinds[key].endswith("/sound") and not kinds[key].startswith("data:")
    )
    record_property("ready_ms", [round(t) for t in times])
    record_property("heap_mb", round(heap / 1e6, 1))
    record_property("page_kb", round(weight / 1000))
    record_property("requests", len(asked))
    print(
        f"ready {times} ms, heap {heap / 1e6:.1f} MB, {weight / 1000:.0f} KB in {len(asked)} requests: {asked}"
    )
    assert min(times) < 300
    assert heap < 30e6
    assert weight < 300_000
    assert len(asked) <= 12


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_no_axe_violation(
    mock: Mock,
    new_page: Callable[..., Any],
    axe_violations: Callable[[Any], list[str]],
    width: int,
    scheme: str,
) -> None:
    # axe writes styles of its own, which the policy refuses and the page does not need: it may say so here.
    page = new_page(viewport={"width": width, "height": 844}, color_scheme=scheme, bypass_csp=True)
    for told in ({"start": "half"}, {"start": "full", "locked": True}, {"turns": False, "scale": "half"}):
        mock.begin(**told)
        page.goto(mock.rate)
        page.wait_for_selector("html[data-player=ready]")
        assert axe_violations(page) == [], told
    mock.begin(start="full", guess=True)
    page.goto(mock.rate)
    page.wait_for_selector("html[data-player=ready]")
    for key in ("?", "Control+Enter"):
        press(page, key)
        assert axe_violations(page) == [], key
        press(page, "Escape")
    for empty in (False, True):
        mock.begin(empty=empty)
        page.goto(f"{mock.address}/queue/")
        assert axe_violations(page) == []


def test_appearance_is_remembered(desk: Callable[..., Any], mock: Mock) -> None:
    page = desk()
    page.locator("details.menu > summary").click()
    page.locator("#theme-dark").check()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 26)"
    page.goto(f"{mock.address}/queue/")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert page.locator("#theme-dark").is_checked()


def test_states_without_tape_parts(mock: Mock, new_page: Callable[..., Any]) -> None:
    mock.tell(peaks=False, turns=False)
    page = new_page(viewport=DESK)
    page.goto(mock.rate)
    expect(page.locator("#player-says")).to_have_text(
        "The waveform could not be loaded. You can listen without it."
    )
    expect(page.locator("#turns-says")).to_have_text("There is no transcript of this tape. Listen.")
    press(page, "3")
    is_saved(page)
    mock.begin(sound=False)
    page.goto(mock.rate)
    expect(page.locator("#player-says")).to_contain_text(
        "The sound could not be loaded. Check the connection"
    )
    expect(page.locator("#turns-says")).to_be_hidden()
    mock.tell(sound=True)
    press(page, "Space")
    expect(page.locator("#clock")).to_have_text("00:01")
    expect(page.locator("#player-says")).to_have_text("")
    mock.begin(empty=True)
    page.goto(f"{mock.address}/queue/")
    expect(page.locator("#next-h")).to_have_text("No tapes yet")
    expect(page.locator("main")).to_contain_text("The lead will tell you when tapes are allocated.")
