"""Nothing that bordin does needs a network, and no test of the default lane has one or calls R."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_this_process_reaches_no_host() -> None:
    with pytest.raises(ConnectionRefusedError, match="reached for the network"):
        socket.create_connection(("localhost", 9))
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with datagrams, pytest.raises(ConnectionRefusedError, match="sendto"):
        datagrams.sendto(b"x", ("127.0.0.1", 9))


def test_programs_that_a_test_starts_reach_no_host() -> None:
    code = "import socket; socket.create_connection(('127.0.0.1', 9))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "a test reached for the network" in done.stderr


def test_r_is_not_called() -> None:
    with pytest.raises(ConnectionRefusedError, match="started R"):
        subprocess.run(["Rscript", "--version"], check=False)


def test_a_study_runs_to_its_report_without_network(tmp_path: Path) -> None:
    study = tmp_path / "study"
    shutil.copytree(ROOT / "examples" / "socialization", study, ignore=shutil.ignore_patterns("reports"))
    command = [sys.executable, "-m", "bordin", "run", str(study)]
    unshare = shutil.which("unshare")
    if unshare and subprocess.run([unshare, "-rn", "true"], capture_output=True, check=False).returncode == 0:
        command = [unshare, "-rn", *command]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (study / "reports" / "report.html").stat().st_size > 10_000
    assert (study / "reports" / "report.pdf").read_bytes().startswith(b"%PDF-")
