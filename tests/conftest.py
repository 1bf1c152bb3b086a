"""What every test stands under: no network, no R, one thread; and the lanes that were not run are named."""

from __future__ import annotations

import os
import runpy
from pathlib import Path

import pytest

GUARD = Path(__file__).parent / "network_guard"

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(GUARD), os.environ.get("PYTHONPATH")]))
runpy.run_path(str(GUARD / "sitecustomize.py"))

_left_out: list[str] = []


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Count the tests of heavier lanes."""
    _left_out.extend(item.nodeid for item in items if item.get_closest_marker("slow"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the lanes that were not run."""
    terminalreporter.section("lanes not run")
    if _left_out:
        terminalreporter.line(f"slow: {len(_left_out)} tests; make test OPTIONS='-m slow'")
    terminalreporter.line("bench: speed against R; make bench")
