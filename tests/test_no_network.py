"""Nothing that bordin does needs a network, and no test of the default lane has one or calls R."""

from __future__ import annotations

import os
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


GUARDED = """
import socket
def tried(what):
    try:
        what()
    except ConnectionRefusedError as error:
        return "guarded" if "reached for the network" in str(error) else "no server"
    return "reached"
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
six = socket.socket(socket.AF_INET6) if socket.has_ipv6 else None
print(
    tried(lambda: socket.create_connection(("127.0.0.1", 9))),
    tried(lambda: socket.create_connection(("localhost", 9))),
    tried(lambda: socket.socket().connect(("192.0.2.7", 9))),
    tried(lambda: socket.socket().connect(("127.0.0.2", 9))),
    tried(lambda: socket.getaddrinfo("example.org", 80)),
    tried(lambda: socket.gethostbyname("127.0.0.1")),
    tried(lambda: datagrams.sendto(b"x", ("127.0.0.1", 9))),
    tried(lambda: six.connect(("::1", 9))) if six else "guarded",
    sep=", ",
)
"""


@pytest.mark.parametrize(("lane", "own_server"), [("", "guarded"), ("0", "guarded"), ("1", "no server")])
def test_the_lane_with_a_browser_reaches_its_own_server_by_number_and_nothing_else(
    lane: str, own_server: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", GUARDED],
        env={**os.environ, "BORDIN_BROWSER": lane},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == ", ".join([own_server, *["guarded"] * 7])


def test_a_unix_socket_is_no_network(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(str(tmp_path / "s"))
        server.listen(1)
        client.connect(str(tmp_path / "s"))


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
