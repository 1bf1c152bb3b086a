"""``bordin serve`` as a person runs it: the first page, the link, Ctrl+C, a restart, a second server, encryption."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
PASSWORD = "quiet-orchard-lantern"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "study"
    shutil.copytree(
        ROOT / "examples" / "socialization", folder, ignore=shutil.ignore_patterns("reports", "workbench")
    )
    return folder


def some_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])


class Served:
    """A running ``bordin serve``."""

    def __init__(self, study: Path, *words: str, port: int | None = None, tls: bool = False) -> None:
        self.port = port or some_port()
        self.tls = tls
        began = time.perf_counter()
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "bordin",
                "serve",
                str(study),
                "--no-browser",
                "--port",
                str(self.port),
                *words,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        while True:
            try:
                self.first = self.get("/login/")
                break
            except OSError:
                if self.process.poll() is not None:
                    raise AssertionError(self.process.stdout.read()) from None
                time.sleep(0.01)
        self.seconds = time.perf_counter() - began

    def get(self, path: str, **headers: str) -> http.client.HTTPResponse:
        if self.tls:
            trusting = ssl.create_default_context()
            trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10, context=trusting)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.body = answer.read()
        connection.close()
        return answer

    def stop(self, how: int = signal.SIGINT) -> tuple[int, str]:
        if self.process.poll() is None:
            self.process.send_signal(how)
        told = self.process.communicate(timeout=20)[0]
        return self.process.returncode, told


@pytest.fixture
def served() -> Iterator[Callable[..., Served]]:
    running: list[Served] = []

    def start(*given: Any, **more: Any) -> Served:
        running.append(Served(*given, **more))
        return running[-1]

    yield start
    for one in running:
        if one.process.poll() is None:
            one.stop(signal.SIGKILL)
        one.process.stdout.close()


def link_in(told: str) -> str:
    return re.search(r"For the lead, once: (http\S+)", told)[1]


def test_the_first_page_of_a_new_study_comes_within_ten_seconds_and_ctrl_c_stops(study, served):
    new = served(study)
    assert new.first.status == 200
    assert new.seconds < 10
    status, told = new.stop()
    assert status == 0, told
    assert f"http://127.0.0.1:{new.port}" in told
    assert "/enter/" in told
    assert told.endswith("Stopped. Everything that was saved is on disk.\n")
    again = served(study)
    print(f"first page: new study {new.seconds:.2f} s, later {again.seconds:.2f} s")
    assert again.seconds < 10
    assert again.stop(signal.SIGTERM)[0] == 0


def test_the_lead_enters_by_the_link_and_a_restart_keeps_the_login(
    study, served, browser_page, axe_violations
):
    first = served(study)
    link = link_in("".join(first.process.stdout.readline() for _ in range(2)))
    page = browser_page
    page.goto(link)
    assert axe_violations(page) == []
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.get_by_role("button", name="Keep it and go on").click()
    page.wait_for_url(re.compile("/overview/|/account/"))
    first.stop()
    second = served(study, port=first.port)
    page.goto(f"http://127.0.0.1:{first.port}/accounts/")
    assert page.get_by_role("heading", level=1).inner_text() == "Accounts"
    assert axe_violations(page) == []
    told = second.stop()[1]
    assert "/enter/" not in told, "no link when there is a password"
    killed = served(study, port=first.port)
    killed.stop(signal.SIGKILL)
    third = served(study, port=first.port)
    page.goto(f"http://127.0.0.1:{first.port}/account/")
    assert page.get_by_role("heading", level=1).inner_text() == "Your account"
    assert axe_violations(page) == []
    assert third.stop()[0] == 0


def test_a_lead_who_lost_the_password_gets_a_link_while_the_server_runs_and_while_it_does_not(study, served):
    running = served(study)
    command = [sys.executable, "-m", "bordin", "serve", str(study), "--new-link"]
    beside = subprocess.run(command, capture_output=True, text=True, check=True)
    link = link_in(beside.stdout)
    assert link.startswith(f"http://127.0.0.1:{running.port}/enter/")
    assert running.get(link.removeprefix(f"http://127.0.0.1:{running.port}")).status == 200
    running.stop()
    alone = served(study, "--new-link")
    old = link.partition("/enter/")[2]
    assert alone.get(f"/enter/{old}").status == 410
    assert link_in(alone.stop()[1]) != link


def test_a_second_server_and_a_busy_port_are_told(study, served, tmp_path):
    running = served(study)
    second = [sys.executable, "-m", "bordin", "serve", str(study), "--no-browser"]
    done = subprocess.run(second, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"served already at http://127.0.0.1:{running.port}" in done.stderr
    other = tmp_path / "other"
    shutil.copytree(study, other, ignore=shutil.ignore_patterns("workbench"))
    busy = [sys.executable, "-m", "bordin", "serve", str(other), "--no-browser", "--port", str(running.port)]
    done = subprocess.run(busy, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"port {running.port} is in use" in done.stderr
    assert running.get("/login/").status == 200


def test_forty_requests_at_once_are_all_answered_by_one_process(study, served):
    running = served(study)
    with ThreadPoolExecutor(40) as many:
        found = list(many.map(lambda _: running.get("/login/").status, range(400)))
    assert found == [200] * 400
    children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children")
    if children.exists():
        assert children.read_text() == "", "a process that is killed leaves none behind"
    assert running.stop()[0] == 0


def test_what_is_under_way_is_finished_before_the_server_stops(study, served):
    running = served(study)
    with ThreadPoolExecutor(8) as many:
        asked = [many.submit(running.get, "/login/") for _ in range(64)]
        time.sleep(0.02)
        status, _ = running.stop()
        answers = [a.result().status for a in asked if a.exception() is None]
    assert status == 0
    assert answers
    assert set(answers) == {200}


def test_a_team_is_served_encrypted(study, served, tmp_path):
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "coding.example.org")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=2))
    (study / "cert.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    (study / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    (study / "workbench").mkdir()
    (study / "workbench" / "server.toml").write_text(
        'hosts = ["coding.example.org"]\ncertificate = "cert.pem"\nkey = "key.pem"\nsecond_factor = true\n'
    )
    running = served(study, tls=True)
    answer = running.get("/login/", Host="coding.example.org")
    assert answer.status == 200
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Secure" in answer.headers["Set-Cookie"]
    assert running.get("/login/", Host="evil.example.org").status == 400
    assert f"https://coding.example.org:{running.port}" in running.stop()[1]


def test_no_terminal_and_no_key_leaves_the_tapes_locked(study, served):
    from bordin.study.study import load_study
    from bordin.study.tapes import vault_folder
    from bordin.tapes.vault.locks import Passphrase
    from bordin.tapes.vault.opening import create_vault

    create_vault(vault_folder(load_study(study)), Passphrase("five slow rivers run"))
    for name in ("BORDIN_PASSPHRASE", "BORDIN_KEY_FILE"):
        assert name not in os.environ
    told = served(study).stop()[1]
    assert "The tapes stay locked, so nobody can hear them" in told
