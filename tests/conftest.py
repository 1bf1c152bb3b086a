"""What every test stands under: no network, no R, one thread; and the lanes that were not run are named."""

from __future__ import annotations

import os
import runpy
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# On a server the same examples every time, so that a change is judged by what it changed.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("default", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "default")

GUARD = Path(__file__).parent / "network_guard"

# So that tests of all folders, and the processes that they start, can import the fake engines and the small studies.
for _shared in ("tapes/engines_made_up", "made_studies"):
    sys.path.insert(0, str(Path(__file__).parent / _shared))

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(GUARD), os.environ.get("PYTHONPATH")]))
runpy.run_path(str(GUARD / "sitecustomize.py"))


REAL = "tests/tapes/real/"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the lanes that were not run, and what the lane of real models left out."""
    terminalreporter.section("lanes not run")
    for line in _not_run_with_models(terminalreporter.stats):
        terminalreporter.line(line)
    terminalreporter.line("make bench: speed against R")
    terminalreporter.line("make bench-tapes: CPU time, memory and reads of the work on tapes")
    if os.environ.get("BORDIN_BROWSER") != "1":
        terminalreporter.line("make workbench-browser: the workbench in a real browser (needs Chromium)")
    terminalreporter.line("make bench-workbench: saves, kills, start and pages of the workbench (minutes)")
    terminalreporter.line("make kills: runs on tapes killed again and again (many minutes)")
    terminalreporter.line("make level: error rate of maxT, by simulation (many minutes)")


def _not_run_with_models(stats: dict[str, list[Any]]) -> list[str]:
    reports = {
        outcome: [r for r in stats.get(outcome, []) if getattr(r, "nodeid", "").startswith(REAL)]
        for outcome in ("passed", "failed", "error", "skipped")
    }
    if not any(reports[outcome] for outcome in ("passed", "failed", "error")):
        return ["make tapes-real: tapes with real speech models (minutes; fetches them the first time)"]
    reasons = Counter(r.longrepr[2].removeprefix("Skipped: ") for r in reports["skipped"])
    return [f"make tapes-real, {n} of its tests: {reason}" for reason, n in reasons.items()]
