"""Every page of the workbench on a large record: 10,000 sessions, 50 coders, more than 500,000 ratings.

    python benchmarks/workbench_large.py [--sessions 10000] [--coders 50] [--each 7] [--double 0.4] [--tapes 2000]
                                         [--repeats 9] [--postgres URL] [--folder FOLDER] [--parts fill,pages,work,cold,import]

fill   makes the study through the program's own import and allocation, and a record with every kind of fact
pages  opens every page that answers GET, as every role that may, and saves and locks: median and slowest of
       nine tries in ms, median of the CPU time, and apart from them the first try, which may have had to compute;
       then pages that show what coders did, with a tape locked before each try
work   reads the chain through, and exports
cold   opens the main pages each as the first one of a new process
import reads 500,000 earlier ratings into a record of their own
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from large_record import DIMENSIONS, Size, fill, make_study, open_tapes, query, told

LIMIT_MS, COLD_MS = 300, 1000
CODER = "Coder02"


# ------------------------------------------------------------------ pages


def client(name: str | None) -> Any:
    """Return a test client, logged in."""
    from django.test import Client

    from bordin.store.tables import Account

    made = Client(HTTP_HOST="127.0.0.1")
    if name:
        made.force_login(Account.objects.get(name=name), backend="django.contrib.auth.backends.ModelBackend")
    return made


def places() -> dict[str, list[str]]:
    """Return the addresses to open, by the name of the page; with filters, later pages and searches."""
    own = query(
        "SELECT a.id, (SELECT kind FROM store_fact f WHERE f.assignment = a.id AND f.kind IN ('lock', 'reopen') "
        "ORDER BY seq DESC LIMIT 1), a.purpose FROM store_assignment a JOIN store_account c ON c.id = a.coder_id "
        "WHERE c.name = %s ORDER BY a.position",
        CODER,
    )
    locked = next(id for id, state, purpose in own if state == "lock" and purpose != "practice")
    now = next(id for id, state, _ in own if state != "lock")
    from bordin.store.accounts import make_link
    from bordin.store.consensus import released_to, standings
    from bordin.store.invitations import State, Wanted, listed, renew
    from bordin.store.tables import Account

    number = Account.objects.get(name=CODER).id
    ready = [s for s in standings() if not s.waiting]
    waiting = next(s for s in standings() if s.waiting)
    one = {state: listed(Wanted(states=(state,)), most=1)[1][0].id for state in State if state != "withdrawn"}
    half = query("SELECT max(seq) / 2 FROM store_fact")[0][0]
    audits = [
        "",
        f"?before={int(half)}",
        "?before=150",
        *(
            f"?kind={k}"
            for k in ("rating", "lock", "play", "login+refused", "unblinding", "agreed", "data+lock")
        ),
        *("?session=S00042", "?session=S00042&kind=rating", "?session=nobody"),
        *("?actor=Lead", f"?actor={CODER}", f"?actor=Lead&before={int(half)}", "?actor=nobody"),
        *(f"?kind=rating&actor={CODER}", "?kind=unblinding&actor=Lead", "?kind=rating&actor=nobody"),
    ]
    return {
        "root": ["/"],
        "login": ["/login/"],
        "enter": [f"/enter/{make_link(number, 'Lead')}/"],
        "second factor": ["/second-factor/"],
        "own account": ["/account/"],
        "accounts": ["/accounts/"],
        "queue": ["/queue/", "/queue/?page=20", "/queue/?show=todo", "/queue/?show=locked&page=25"],
        "rate": [f"/rate/{now}/", f"/rate/{locked}/"],
        "practice": ["/practice/"],
        "practice feedback": [f"/practice/{own[0][0]}/"],
        "training": ["/training/"],
        "differences": ["/differences/", "/differences/?page=4"],
        "differences of": [f"/differences/{released_to(number)[-1][0]}/"],
        "manual": ["/manual/"],
        "manual of": ["/manual/socialization/"],
        "overview": ["/overview/"],
        "overview reliability": ["/overview/reliability/", "/overview/reliability/?seen=0"],
        "reliability": [f"/reliability/socialization/{d}/" for d in DIMENSIONS[:2]],
        "coders": ["/coders/"],
        "coder": [f"/coders/{CODER}/", "/coders/nobody/"],
        "people": ["/people/", "/people/?page=10", "/people/?q=S09", "/people/?q=00042", "/people/?q=nobody"],
        "person": ["/people/one/?id=P00042", "/people/one/?id=P00009", "/people/one/?id=nobody"],
        "tapes": ["/tapes/", "/tapes/?page=100", "/tapes/?q=S0999", "/tapes/?q=nobody"],
        "allocation": ["/allocation/", "/allocation/?tape=Tape+00042", f"/allocation/?tape={CODER}"],
        "allocation waiting": ["/allocation/waiting/"],
        "allocation again": ["/allocation/again/"],
        "consensus": [
            f"/consensus/{q}" for q in ("", "?page=70", "?show=closed&page=40", "?show=released&page=30")
        ],
        "consensus rules": ["/consensus/rules.md"],
        "consensus of": [f"/consensus/{s.id}/" for s in (ready[0], ready[-1], waiting)],
        "forms": [
            *("/forms/", "/forms/?page=100", "/forms/?page=200", "/forms/?who=S00042", "/forms/?who=P00042"),
            *(f"/forms/?state={s.value.replace(' ', '+')}" for s in State),
            *("/forms/?form=after&state=answered&page=60", "/forms/?form=therapist&page=100"),
        ],
        "form new": ["/forms/new/"],
        "form reminders": ["/forms/reminders.csv"],
        "form preview": ["/forms/preview/after/"],
        "alerts": ["/alerts/"],
        "paper": ["/paper/", "/paper/?page=10"],
        "paper entry": [f"/paper/{one[State.ON_PAPER]}/", f"/paper/{one[State.TYPED_ONCE]}/"],
        "paper compare": [
            f"/paper/{one[State.TO_COMPARE]}/compare/",
            f"/paper/{one[State.SETTLED]}/compare/",
        ],
        "form": [f"/f/{renew('Lead', one[State.OPEN], 14).token}/", "/f/no-such-link/"],
        "form sent": ["/f/sent/1/"],
        "data": ["/data/"],
        "audit": [f"/audit/{q}" for q in audits],
        "audit check": ["/audit/check/"],
    }


# A tape is needed (benchmarks/workbench.py measures those), or it is a file of the whole record (measured as work).
ELSEWHERE = {"sound", "peaks", "transcript", "consensus sound", "consensus peaks", "audit download"}
NEWCOMER = ("/queue/", "/practice/", "/differences/")
WHO = {"lead": "Lead", "data manager": "Dana", "reader": "Rowan", "coder": CODER}


@dataclass(frozen=True)
class Tries:
    """Milliseconds of several tries, and of these the CPU time of this thread; the last answer's status and size."""

    wall: list[float]
    cpu: list[float]
    status: int
    size: int


def tried(ask: Callable[[], Any], repeats: int, before: Callable[[], object] = lambda: None) -> Tries:
    """Ask several times; `before` is done before each try and not counted."""
    wall, cpu, status, size = [], [], 0, 0
    for _ in range(repeats):
        before()
        start, busy = time.perf_counter(), time.thread_time()
        response = ask()
        body = b"".join(response.streaming_content) if response.streaming else response.content
        wall.append((time.perf_counter() - start) * 1000)
        cpu.append((time.thread_time() - busy) * 1000)
        status, size = response.status_code, len(body)
    return Tries(wall, cpu, status, size)


HEAD = f"{'page':48} {'who':12} {'median':>6} {'most':>6} {'cpu':>5} {'first':>7} {'KB':>6} status"


def row(
    name: str, who: str, ask: Callable[[], Any], repeats: int, before: Callable[[], object] = lambda: None
) -> bool:
    """Print a line of the table; return whether it is too slow or refused."""
    first, then = tried(ask, 1, before), tried(ask, repeats, before)
    middle = statistics.median(then.wall)
    bad = middle > LIMIT_MS or first.wall[0] > COLD_MS or then.status >= 500
    print(
        f"{name[:48]:48} {who:12} {middle:6.0f} {max(then.wall):6.0f} {statistics.median(then.cpu):5.0f} "
        f"{first.wall[0]:7.0f} {then.size / 1024:6.0f} {then.status}" + ("  SLOW" if bad else ""),
        flush=True,
    )
    return bad


def memory() -> str:
    """Return what this process holds now and held at most, in MB."""
    text = Path("/proc/self/status").read_text(encoding="ascii")
    now, most = (int(re.search(rf"{k}:\s+(\d+)", text)[1]) // 1024 for k in ("VmRSS", "VmHWM"))  # type: ignore[index]
    return f"{now} MB, at most {most} MB"


def measure_pages(repeats: int) -> int:
    """Open every page; return how many are too slow or refused."""
    from bordin.workbench.urls import PAGES

    counted = dict(query("SELECT kind, count(*) FROM store_fact GROUP BY kind"))
    print(f"{sum(counted.values())} facts: {dict(sorted(counted.items()))}")
    print(f"before any page: {memory()}")
    start = time.perf_counter()
    lead = client("Lead")
    first = tried(lambda: lead.get("/overview/"), 1).wall
    during: list[float] = []
    while b"data-stale" in lead.get("/overview/").content and time.perf_counter() - start < 300:
        during += tried(lambda: lead.get("/overview/"), 1).wall
        time.sleep(0.5)
    print(
        f"overview after the start: {first[0]:.0f} ms; figures there after {time.perf_counter() - start:.1f} s"
    )
    if during:
        print(f"overview meanwhile: median {statistics.median(during):.0f} ms, slowest {max(during):.0f} ms")
    print(HEAD)
    slow, known = 0, places()
    clients = {role: client(name) for role, name in WHO.items()}
    for page in PAGES:
        if "GET" not in page.methods or page.name in ELSEWHERE:
            continue
        if page.name not in known:
            print(f"{page.path:48} NOT MEASURED: no address is known for it")
            slow += 1
        for role in page.roles or ("",):
            for url in known.get(page.name, ()):
                asking = clients[role] if role else client(None)
                slow += row(url, role or "nobody", partial(asking.get, url), repeats)
    late = client("Newcomer")
    for url in NEWCOMER:
        slow += row(url, "new coder", partial(late.get, url), repeats)
    slow += measure_busy(clients, repeats)
    print(f"after all pages: {memory()}; load {os.getloadavg()[0]:.1f}")
    return slow


class Coding:
    """Coders who save and lock, one after another, each the next tape of the queue."""

    def __init__(self) -> None:
        self.clients: dict[str, Any] = {}
        self.serial, self.coder, self.id = 0, "", ""
        self.open = iter(
            query(
                "SELECT c.name, a.id FROM store_assignment a JOIN store_account c ON c.id = a.coder_id "
                "WHERE a.purpose <> 'practice' AND NOT EXISTS (SELECT 1 FROM store_fact f WHERE f.assignment = a.id "
                "AND f.kind = 'lock') ORDER BY a.position, c.name"
            )
        )

    def save(self, *dimensions: str) -> Any:
        """Save a rating on each dimension."""
        changes = []
        for d in dimensions:
            self.serial += 1
            name = f"bench-{os.getpid()}-{self.serial:05d}"
            changes.append({"id": name, "kind": "rating", "dimension": d, "value": 3})
        return self._send("save", {"changes": changes})

    def rate(self) -> None:
        """Rate the next tape, all but for the lock."""
        self.coder, self.id = next(self.open)
        self.save(*DIMENSIONS)

    def lock(self) -> Any:
        """Lock it."""
        return self._send("lock", {})

    def rate_and_lock(self) -> None:
        """Rate the next tape and lock it."""
        self.rate()
        self.lock()

    def _send(self, what: str, sent: Any) -> Any:
        if self.coder not in self.clients:
            self.clients[self.coder] = client(self.coder)
        url = f"/rate/{self.id}/{what}/"
        answer = self.clients[self.coder].post(url, json.dumps(sent), content_type="application/json")
        if answer.status_code != 200:
            raise RuntimeError(f"{url} was refused: {answer.content.decode()}")
        return answer


BUSY = (
    *("/overview/", "/overview/reliability/?seen=0", "/reliability/socialization/resistance/", "/coders/"),
    *(f"/coders/{CODER}/", "/consensus/", "/training/", "/allocation/", "/tapes/", "/data/", "/audit/"),
)


def measure_busy(clients: dict[str, Any], repeats: int) -> int:
    """Save and lock; then open pages that show it, with a tape locked before each try."""
    coding = Coding()
    coding.rate()
    slow = row("rate save", "coder", lambda: coding.save("resistance"), repeats)
    coding.lock()
    slow += row("rate lock", "coder", coding.lock, repeats, coding.rate)
    slow += row(
        "/queue/ after a lock",
        "coder",
        lambda: clients["coder"].get("/queue/"),
        repeats,
        coding.rate_and_lock,
    )
    for url in BUSY:
        ask = partial(clients["lead"].get, url)
        slow += row(f"{url} after a lock", "lead", ask, repeats, coding.rate_and_lock)
    return slow


def measure_first(url: str, who: str) -> int:
    """Open one page as the first of this process; return whether it took too long."""
    asking = client(who)
    first, then = (tried(lambda: asking.get(url), 1) for _ in range(2))
    slow = first.wall[0] > COLD_MS or first.status >= 500
    print(
        f"{url:40} {who:8} first {first.wall[0]:5.0f} ms, then {then.wall[0]:5.0f} ms, {first.size / 1024:4.0f} KB, "
        f"{first.status}" + ("  SLOW" if slow else ""),
        flush=True,
    )
    return slow


FIRST = {
    "Lead": (
        *("/overview/", "/reliability/socialization/concordance/", "/coders/", "/people/", "/tapes/"),
        *(
            "/allocation/",
            "/forms/",
            "/training/",
            "/consensus/",
            "/data/",
            "/accounts/",
            "/audit/",
            "/alerts/",
        ),
    ),
    CODER: ("/queue/", "/practice/", "/differences/", "/manual/"),
}


# ------------------------------------------------------------------ work on all of it


def measure_work(folder: Path) -> int:
    """Read the chain through and export."""
    from bordin.store.exporting import export_study
    from bordin.store.verify import verify
    from bordin.workbench import current

    with told("audit verify"):
        found = verify()
    print(f"  {found.facts} facts, {len(found.faults)} faults")
    with told("export as csv"):
        export_study(current.study(), folder / "export", "Dana")
    with told("audit.csv"):
        made = tried(lambda: client("Lead").get("/audit/audit.csv"), 1)
    print(f"  {made.size / 1e6:.0f} MB; {memory()}")
    return len(found.faults)


def make_ratings(study: Path, rows: int) -> None:
    """Write a file of earlier ratings beside the people and sessions."""
    sessions = sum(1 for _ in (study / "data" / "sessions.csv").open(encoding="utf-8")) - 1
    with (study / "data" / "ratings.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(("session", "coder", "dimension", "value", "reason", "designated"))
        keys = ((f"S{s:05d}", f"C{c:02d}", d) for c in range(99) for s in range(sessions) for d in DIMENSIONS)
        for i, key in enumerate(islice(keys, rows)):
            out.writerow((*key, i % 7, "", int(key[1] == "C00")))


def measure_import() -> int:
    """Import the files of a study into its empty record."""
    from bordin.store.importing import import_study
    from bordin.workbench import current

    with told("import of people, sessions and ratings"):
        made = import_study(current.study(), "Lead")
    print(f"  {made.rows} rows, of them {made.ratings} ratings; {memory()}")
    return 0


# ------------------------------------------------------------------ the parts


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sessions", type=int, default=10_000)
    parser.add_argument("--coders", type=int, default=50)
    parser.add_argument("--each", type=int, default=7, help="coders a session")
    parser.add_argument("--double", type=float, default=0.4, help="share of sessions with one coder more")
    parser.add_argument("--tapes", type=int, default=2_000, help="sessions with a sealed tape")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--rows", type=int, default=500_000, help="ratings to be imported")
    parser.add_argument("--postgres", default="", help="address of an empty database, instead of SQLite")
    parser.add_argument("--folder", type=Path, help="keep the study here, or use the one that is there")
    parser.add_argument("--parts", default="fill,pages,work,cold,import")
    parser.add_argument("--one", nargs="+", help=argparse.SUPPRESS)
    return parser.parse_args()


def size_of(given: argparse.Namespace) -> Size:
    """Return how large the study is to be."""
    return Size(given.sessions, given.coders, given.each, given.double, given.tapes)


def one(given: argparse.Namespace) -> int:
    """Do one part in this process."""
    from bordin.workbench.site import open_site

    part, *more = given.one
    study = given.folder / "study"
    open_site(study, open_tapes(study))
    if part == "fill":
        fill(size_of(given))
        return 0
    if part == "first":
        return measure_first(*more)
    return {
        "pages": lambda: measure_pages(given.repeats),
        "work": lambda: measure_work(given.folder),
        "import": measure_import,
    }[part]()


def main() -> int:
    """Do each part in a process of its own, so that its memory and its first pages are those of a server."""
    given = arguments()
    if given.one:
        return min(one(given), 100)
    folder = given.folder or Path(tempfile.mkdtemp(prefix="bordin-large-"))
    size = size_of(given)
    parts = given.parts.split(",")

    def run(place: Path, *what: str) -> int:
        same = [
            f"--{k}={getattr(given, k)}" for k in ("sessions", "coders", "each", "double", "tapes", "repeats")
        ]
        command = [sys.executable, __file__, *same, "--folder", str(place), "--one", *what]
        return subprocess.run(command, check=False).returncode

    failed = 0
    if "fill" in parts and not (folder / "study").exists():
        folder.mkdir(parents=True, exist_ok=True)
        make_study(folder, size, given.postgres)
        if run(folder, "fill"):
            return 2
    for part in ("pages", "work"):
        failed += run(folder, part) if part in parts else 0
    if "cold" in parts:
        failed += sum(run(folder, "first", url, who) for who, urls in FIRST.items() for url in urls)
    if "import" in parts:
        with tempfile.TemporaryDirectory(prefix="bordin-import-") as place:
            make_ratings(make_study(Path(place), size, ""), given.rows)
            failed += run(Path(place), "import")
    if given.folder is None:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{failed} too slow or failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
