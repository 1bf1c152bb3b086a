"""Measure the workbench: start, saving by 20 coders at once, kills while saving, pages, a long tape.

    python benchmarks/workbench.py [--parts start,saves,kills,pages,tape] [--postgres URL] [--kills 50]

Figures of the best rival (Potato 2.12.1) were measured on this class of machine, not in this run: 1,000 of 1,000 saves at
211 a second, median 78 ms; coding page 1,003 KB in 36 requests; start 1.53 s; 2,000 items in 29 ms; agreement page 7.9 s.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).resolve().parent
EXAMPLE = HERE.parent / "examples" / "socialization"
CODERS, SAVES = 20, 250
RIVAL = {
    "saves": 211.0,
    "median_ms": 78.0,
    "start_s": 1.53,
    "page_kb": 1003,
    "requests": 36,
    "agreement_s": 7.9,
}


def free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])


@dataclass
class Server:
    """A running ``bordin serve``."""

    process: subprocess.Popen[str]
    port: int
    link: str
    seconds: float

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        """Kill the server and its workers as a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        os.killpg(self.process.pid, signal.SIGINT)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()


def answer(url: str, cookie: str = "") -> tuple[int, bytes]:
    request = urllib.request.Request(url, headers={"Cookie": cookie} if cookie else {})
    with urllib.request.urlopen(request, timeout=60) as got:
        return got.status, got.read()


@contextmanager
def served(study: Path, *, tapes_open: bool = True) -> Iterator[Server]:
    """Serve a study until the block ends; the seconds are those to the first page."""
    port, begun = free_port(), time.perf_counter()
    command = [sys.executable, "-m", "bordin", "serve", str(study), "--no-browser", "--port", str(port)]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )
        while True:
            try:
                if answer(f"http://127.0.0.1:{port}/login/")[0] == 200:
                    break
            except OSError:
                pass
            if process.poll() is not None or time.perf_counter() - begun > 60:
                log.seek(0)
                raise SystemExit(f"the server did not start:\n{log.read()}")
            time.sleep(0.01)
        seconds = time.perf_counter() - begun
        log.seek(0)
        found = re.search(r"http://\S+/enter/\S+", log.read())
        server = Server(process, port, found[0] if found else "", seconds)
        try:
            yield server
        finally:
            if process.poll() is None:
                server.stop()


PREPARE = """
import json, sys
from pathlib import Path
study, coders, sessions = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
from bordin.workbench.site import open_site
open_site(study)
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from bordin.store.allocations import Issue, issue
from bordin.store.record import NewFact
from bordin.store.tables import Account, Participant, Session
from bordin.store.writer import write
tape = sys.argv[4] if len(sys.argv) > 4 else ""
people = [Participant(id=f"P{i:05d}", arm="abc"[i % 3], therapist=f"T{i % 5}") for i in range(1, sessions + 1)]
Participant.objects.bulk_create(people)
Session.objects.bulk_create(
    Session(id=f"S{i:05d}", participant=p, number=1, minutes=90, has_tape=True, tape=tape) for i, p in enumerate(people, 1)
)
from django.conf import settings
def login(account):
    held = SessionStore()
    held[SESSION_KEY] = str(account.pk)
    held[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    held[HASH_SESSION_KEY] = account.get_session_auth_hash()
    held.create()
    token = "a" * 32
    return f"{settings.SESSION_COOKIE_NAME}={held.session_key}; {settings.CSRF_COOKIE_NAME}={token}"
who, issues = [], []
for c in range(coders):
    account = Account(username=f"coder{c}", name=f"Coder {c}", role="coder")
    account.set_unusable_password()
    account.save()
    own = [f"{c:03d}{i:07d}" for i in range(1, sessions + 1)]
    issues += [Issue(a, account.id, f"S{i:05d}", "socialization", f"Tape {i:03d}", i) for i, a in enumerate(own, 1)]
    who.append({"name": account.name, "cookie": login(account), "assignment": own[0], "own": own})
write(lambda t: issue(t, "Lead", issues, {"seed": 1}))
lead = Account.objects.filter(role="lead").first()
if lead is None:
    lead = Account(username="lead", name="Lead", role="lead")
    lead.set_unusable_password()
    lead.save()
dims = ("concordance", "resistance", "understanding", "active_plans", "evidence_congruent", "evidence_incongruent", "avoidance")
double = int(sys.argv[5]) if len(sys.argv) > 5 else 0
if double:
    import random
    drawn = random.Random(1)
    facts = []
    for c, coder in enumerate(who):
        for i, a in enumerate(coder["own"], 1):
            # The first coder rates all; each further one the first `double` sessions.
            if c == 0 or i <= double:
                for d in dims:
                    level = (i * 7 + len(d)) % 7
                    value = min(6, max(0, level + drawn.choice((-1, 0, 0, 1))))
                    facts.append(NewFact("rating", coder["name"], assignment=a, session=f"S{i:05d}", coder=coder["name"],
                                         item=f"socialization.{d}", value=value, reading=1))
                facts.append(NewFact("lock", coder["name"], assignment=a, session=f"S{i:05d}", coder=coder["name"],
                                     item="socialization", reading=1, detail={"heard": 1.0}))
    write(lambda t: t.add_all(facts))
print(json.dumps({"coders": who, "lead": login(lead)}))
"""

LOOK = """
import json, sys
from pathlib import Path
from bordin.store.opening import open_record
open_record(Path(sys.argv[1]))
from bordin.store.tables import Fact
from bordin.store.verify import verify
found = verify()
changes = list(Fact.objects.filter(kind="rating").exclude(change=None).values_list("change", flat=True))
print(json.dumps({"changes": [c.partition(":")[2] for c in changes], "facts": found.facts, "faults": found.faults}))
"""


def python(code: str, *arguments: object) -> Any:
    """Run code in a Python of its own and return the JSON that it prints."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def new_study(folder: Path, database: str = "") -> Path:
    study = folder / "study"
    shutil.copytree(EXAMPLE, study, ignore=shutil.ignore_patterns("reports", "workbench", "tapes"))
    if database:
        (study / "workbench").mkdir()
        (study / "workbench" / "server.toml").write_text(f'database = "{database}"\n', encoding="utf-8")
    return study


@dataclass
class Sent:
    """What clients sent and what was acknowledged."""

    acknowledged: list[str]
    seconds: list[float]
    whole: float = 0.0


async def _coder(port: int, who: dict[str, Any], count: int, sent: Sent) -> None:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        token = "a" * 32
        for k in range(count):
            name = str(uuid.uuid4())
            change = {"id": name, "kind": "rating", "dimension": "concordance", "value": k % 7}
            body = json.dumps({"changes": [change]}).encode()
            head = (
                f"POST /rate/{who['assignment']}/save/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
                f"Cookie: {who['cookie']}\r\nX-CSRFToken: {token}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            begun = time.perf_counter()
            writer.write(head.encode() + body)
            got = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = re.search(r"content-length: (\d+)", got)
            content = await reader.readexactly(int(length[1]) if length else 0)
            if not got.startswith("http/1.1 200"):
                raise SystemExit(f"refused: {got} {content[:300]!r}")
            if json.loads(content)["saved"] == [name]:
                sent.acknowledged.append(name)
            sent.seconds.append(time.perf_counter() - begun)
        writer.close()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass  # the server was killed: what it acknowledged is noted


async def _all_coders(port: int, who: list[dict[str, Any]], count: int, sent: Sent) -> None:
    await asyncio.gather(*(_coder(port, w, count, sent) for w in who))


def send(port: int, who: list[dict[str, Any]], count: int) -> Sent:
    sent = Sent([], [])
    begun = time.perf_counter()
    asyncio.run(_all_coders(port, who, count, sent))
    sent.whole = time.perf_counter() - begun
    return sent


def say(text: str) -> None:
    print(text, flush=True)


# ---------------------------------------------------------------- parts


def part_start(folder: Path, options: argparse.Namespace) -> None:
    study = new_study(folder)
    with served(study) as server:
        say(f"start, new study with first migration: first page after {server.seconds:.2f} s (limit 10 s)")
        begun = time.perf_counter()
        answer(server.link)
        say(f"  the one-time link answers in {(time.perf_counter() - begun) * 1e3:.0f} ms")
    times = []
    for _ in range(5):
        with served(study) as server:
            times.append(server.seconds)
    ratio = RIVAL["start_s"] / median(times)
    say(
        f"start, existing study: median {median(times):.2f} s of 5 ({ratio:.1f} times the rival's speed, 1.53 s)"
    )


def part_saves(folder: Path, options: argparse.Namespace) -> None:
    for name, database in (("SQLite", ""), ("PostgreSQL", options.postgres)):
        if name == "PostgreSQL" and not database:
            say("saves, PostgreSQL: NOT RUN. Give an empty database with --postgres URL")
            continue
        study = new_study(folder / name, database)
        people = python(PREPARE, study, CODERS, 1)["coders"]
        with served(study) as server:
            sent = send(server.port, people, SAVES)
        there = python(LOOK, study)
        wanted = CODERS * SAVES
        kept = len(set(there["changes"]))
        twice = len(there["changes"]) - kept
        rate, middle = wanted / sent.whole, median(sent.seconds) * 1e3
        say(
            f"saves, {name}: {len(sent.acknowledged)} of {wanted} acknowledged, {kept} kept, {twice} twice, "
            f"{rate:.0f} a second ({rate / RIVAL['saves']:.2f} times the rival), median {middle:.0f} ms (rival 78), "
            f"chain {'whole' if not there['faults'] else there['faults']}"
        )


async def _until_killed(server: Server, people: list[dict[str, Any]], sent: Sent, seconds: float) -> None:
    work = asyncio.create_task(_all_coders(server.port, people, 10**6, sent))
    await asyncio.sleep(seconds)
    server.kill()
    await work


def part_kills(folder: Path, options: argparse.Namespace) -> None:
    for name, database in (("SQLite", ""), ("PostgreSQL", options.postgres_kills)):
        if name == "PostgreSQL" and not database:
            say("kills, PostgreSQL: NOT RUN. Give an empty database with --postgres-kills URL")
            continue
        study = new_study(folder / name, database)
        people = python(PREPARE, study, CODERS, 1)["coders"]
        acknowledged: list[str] = []
        for number in range(options.kills):
            with served(study) as server:
                sent = Sent([], [])

                asyncio.run(_until_killed(server, people, sent, 0.2 + 0.013 * number))
                acknowledged += sent.acknowledged
        there = python(LOOK, study)
        lost = set(acknowledged) - set(there["changes"])
        twice = len(there["changes"]) - len(set(there["changes"]))
        say(
            f"kills, {name}: {options.kills} times kill -9 while {CODERS} coders saved: {len(acknowledged)} acknowledged, "
            f"{len(lost)} lost, {twice} twice, chain {'whole' if not there['faults'] else there['faults']}"
        )


def timed(url: str, cookie: str, times: int = 15) -> float:
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        status, _body = answer(url, cookie)
        found.append(time.perf_counter() - begun)
        if status != 200:
            raise SystemExit(f"{url} answered {status}")
    return median(found) * 1e3


def part_pages(folder: Path, options: argparse.Namespace) -> None:
    for sessions, coders, double in ((43, 3, 12), (2_000, 5, 400)):
        study = new_study(folder / str(sessions))
        people = python(PREPARE, study, coders, sessions, "", double)
        with served(study) as server:
            until = time.perf_counter() + 120
            while b"being computed" in answer(f"{server.url}/overview/", people["lead"])[1]:
                if time.perf_counter() > until:
                    say("  the reliability was not ready after 120 s")
                    break
                time.sleep(0.2)
            for path, cookie in (
                ("/queue/", people["coders"][1]["cookie"]),
                ("/overview/", people["lead"]),
                ("/reliability/socialization/concordance/", people["lead"]),
            ):
                say(
                    f"pages, {sessions} sessions, {coders} coders: {path} {timed(server.url + path, cookie):.0f} ms"
                )


def _sound(path: Path, minutes: int) -> None:
    """Write noise in syllables, a minute of it again and again."""
    import numpy as np

    drawn = np.random.default_rng(1)
    level = np.repeat(drawn.random(300), 3_200)
    minute = (drawn.normal(size=960_000) * level * 4_000).astype("<i2").tobytes()
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", "not compressed"))
        for _ in range(minutes):
            file.writeframes(minute)


def part_tape(folder: Path, options: argparse.Namespace) -> None:
    """Open a sealed tape of 90 minutes in Chromium: what is transferred, when one can play, how seeks answer."""
    from playwright.sync_api import sync_playwright

    study = new_study(folder)
    _sound(folder / "S001.wav", 90)
    os.environ["BORDIN_PASSPHRASE"] = "a passphrase for the benchmark"
    command = [sys.executable, "-m", "bordin", "tape", "add", str(study), str(folder / "S001.wav")]
    subprocess.run(command, check=True, capture_output=True)
    tape = next(p.name for p in (study / "tapes").iterdir() if p.name.startswith("T-"))
    people = python(PREPARE, study, 1, 1, tape)["coders"]
    with served(study) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        ready, whole, heaps = [], [], []
        for number in range(options.visits):
            context = browser.new_context()
            for pair in people[0]["cookie"].split("; "):
                name, _, value = pair.partition("=")
                context.add_cookies([{"name": name, "value": value, "url": server.url}])
            page = context.new_page()
            tools = context.new_cdp_session(page)
            tools.send("Network.enable")
            sizes: list[float] = []
            kinds: list[str] = []
            tools.on("Network.responseReceived", lambda e, k=kinds: k.append(e["response"]["mimeType"]))
            tools.on("Network.loadingFinished", lambda e, s=sizes: s.append(e["encodedDataLength"]))
            page.goto(f"{server.url}/rate/{people[0]['assignment']}/")
            page.locator("html[data-player=ready]").wait_for()
            marks = page.evaluate(
                "[performance.getEntriesByName('bordin-ready')[0].startTime, "
                "performance.getEntriesByType('navigation')[0].responseStart]"
            )
            ready.append(marks[0] - marks[1])
            whole.append(marks[0])
            page.wait_for_timeout(500)
            tools.send("HeapProfiler.collectGarbage")
            metrics = (
                {m["name"]: m["value"] for m in tools.send("Performance.getMetrics")["metrics"]}
                if tools.send("Performance.enable") == {}
                else {}
            )
            heaps.append(metrics.get("JSHeapUsedSize", 0) / 2**20)
            if number == 0:
                sound = sum(k.startswith("audio") for k in kinds)
                kilobytes = sum(sizes) / 1024
                say(
                    f"page, 90-minute tape: {len(kinds)} requests ({sound} of sound), {kilobytes:.0f} KB with sound's head"
                )
            context.close()
        say(
            f"tape, 90 minutes sealed: ready {median(ready):.0f} ms after the page's first byte (median of "
            f"{len(ready)}; {min(ready):.0f} to {max(ready):.0f}; limit 300), {median(whole):.0f} ms after the click, "
            f"heap {max(heaps):.1f} MB (limit 30)"
        )
        browser.close()
        times = []
        for k in range(50):
            begun = time.perf_counter()
            start = k * 3_400_000
            request = urllib.request.Request(
                f"{server.url}/tape/{people[0]['assignment']}/sound",
                headers={"Cookie": people[0]["cookie"], "Range": f"bytes={start}-{start + 65_535}"},
            )
            with urllib.request.urlopen(request) as got:
                if got.status != 206 or len(got.read()) != 65_536:
                    raise SystemExit("a range was not answered with 206")
            times.append(time.perf_counter() - begun)
        say(
            f"seeks: 50 ranges of 64 KB over the whole tape, median {median(times) * 1e3:.1f} ms, worst {max(times) * 1e3:.0f}"
        )


PARTS = {
    "start": part_start,
    "saves": part_saves,
    "kills": part_kills,
    "pages": part_pages,
    "tape": part_tape,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--postgres", default="", help="an empty database for the part saves")
    parser.add_argument("--postgres-kills", default="", help="an empty database for the part kills")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--visits", type=int, default=7, help="how often the 90-minute tape is opened")
    options = parser.parse_args()
    for name in options.parts.split(","):
        with tempfile.TemporaryDirectory(prefix="bordin-bench-") as folder:
            PARTS[name](Path(folder), options)


if __name__ == "__main__":
    main()
