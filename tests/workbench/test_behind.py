"""What is computed behind a page: served at once when it takes long, waited for when it does not."""

from __future__ import annotations

import time
from threading import Event
from typing import Any

import pytest
from made_study import small


@pytest.fixture(autouse=True)
def _site(tmp_path: Any):
    # The thread closes its connections, which takes settings.
    small(tmp_path, sessions=1)


def _ask(behind: Any, key: int, compute: Any, wait: float) -> tuple[Any, bool, float]:
    start = time.monotonic()
    answer = behind.ask("record", key, compute, wait)
    return answer.value, answer.stale, time.monotonic() - start


def test_a_quick_result_is_waited_for():
    from bordin.workbench.behind import Behind

    behind = Behind()
    for key in range(3):
        value, stale, _ = _ask(behind, key, lambda _publish, key=key: key * 10, 5.0)
        assert (value, stale) == (key * 10, False)


def test_what_took_long_last_time_is_not_waited_for():
    from bordin.workbench.behind import Behind

    behind, go = Behind(), Event()

    def slow(_publish: Any) -> str:
        time.sleep(0.3)
        return "old"

    assert _ask(behind, 1, slow, 5.0)[:2] == ("old", False)
    value, stale, took = _ask(behind, 2, lambda _publish: go.wait(10) and "new", 0.2)
    assert (value, stale) == ("old", True)
    assert took < 0.15
    go.set()
    deadline = time.monotonic() + 5
    while behind.ask("record", 2, slow, 0.0).stale and time.monotonic() < deadline:
        time.sleep(0.01)
    assert behind.ask("record", 2, slow, 0.0).value == "new"


def test_what_has_been_computed_for_long_is_not_waited_for_again():
    from bordin.workbench.behind import Behind

    behind, go = Behind(), Event()

    def slow(publish: Any) -> str:
        publish("a part")
        go.wait(10)
        return "whole"

    first, again = _ask(behind, 1, slow, 0.3), _ask(behind, 1, slow, 0.3)
    go.set()
    assert first[:2] == again[:2] == ("a part", True)
    assert first[2] >= 0.3
    assert again[2] < 0.2


def test_threads_switch_faster_only_while_something_is_computed() -> None:
    import sys

    from bordin.workbench.behind import SWITCH, USUAL, Behind

    seen: list[float] = []
    first, second = Event(), Event()

    def slow(_publish):
        first.wait(5)
        seen.append(sys.getswitchinterval())
        return 1

    def slower(_publish):
        second.wait(5)
        seen.append(sys.getswitchinterval())
        return 2

    one, two = Behind(), Behind()
    one.ask("r", 1, slow, 0.0)
    two.ask("r", 1, slower, 0.0)
    first.set()
    assert one.ask("r", 1, slow, 5.0).value == 1
    second.set()
    assert two.ask("r", 1, slower, 5.0).value == 2
    assert seen == pytest.approx([SWITCH, SWITCH])
    assert sys.getswitchinterval() == pytest.approx(USUAL)
