"""What every test stands under: no network, no R, one thread; and the lanes that were not run are named."""

from __future__ import annotations

import os
import runpy
from pathlib import Path

import pytest
from hypothesis import settings

# On a server the same examples every time, so that a change is judged by what it changed.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("default", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "default")

GUARD = Path(__file__).parent / "network_guard"

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(GUARD), os.environ.get("PYTHONPATH")]))
runpy.run_path(str(GUARD / "sitecustomize.py"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the lanes that were not run."""
    terminalreporter.section("lanes not run")
    terminalreporter.line("make bench: speed against R")
    terminalreporter.line("make level: error rate of maxT, by simulation (many minutes)")
