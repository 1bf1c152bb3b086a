"""The lead's pages on a large record: 10,000 sessions, 50 coders, 7 coders a session, about 490,000 ratings.

    python benchmarks/workbench_large.py [--sessions 10000] [--coders 50] [--each 7] [--repeats 9]

The record is made in a temporary folder, with its chain, then every page of the lead is opened several times. Printed
are the median and the slowest time of each page, how long the first statistics took, and pages during them.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "socialization"
DIMENSIONS = (
    "concordance",
    "resistance",
    "understanding",
    "active_plans",
    "evidence_congruent",
    "evidence_incongruent",
    "avoidance",
)
LIMIT_MS = 300


def make_study(folder: Path) -> Path:
    """Copy the example without its data's reports."""
    study = folder / "study"
    shutil.copytree(EXAMPLE, study, ignore=shutil.ignore_patterns("reports", "workbench", "tapes"))
    return study


def add_people(n_sessions: int, names: list[str]) -> dict[str, int]:
    """Add participants, sessions and accounts; return the number of each account."""
    from bordin.store.tables import Account, Participant, Session

    n_people = max(1, n_sessions // 10)
    arms = ("pragmatic rehabilitation", "supportive listening")
    Participant.objects.bulk_create(
        [Participant(id=f"P{i:05d}", arm=arms[i % 2], therapist=f"T{i % 40}") for i in range(n_people)]
    )
    Session.objects.bulk_create(
        [
            Session(
                id=f"S{i:05d}", participant_id=f"P{i % n_people:05d}", number=i, minutes=50, has_tape=True
            )
            for i in range(n_sessions)
        ],
        batch_size=2_000,
    )
    for name, role in (("Lead", "lead"), ("Rowan", "reader"), *((n, "coder") for n in names)):
        account = Account(username=name.lower(), name=name, role=role)
        account.set_unusable_password()
        account.save()
    return dict(Account.objects.values_list("name", "id"))


def fill(n_sessions: int, n_coders: int, each: int, seed: int = 1) -> None:
    """Fill the record: people, accounts, assignments, and every rating with its lock, in one transaction."""
    from bordin.store.allocations import Issue, issue
    from bordin.store.record import NewFact, Transaction
    from bordin.store.writer import write

    rng = np.random.default_rng(seed)
    names = [f"Coder{i:02d}" for i in range(n_coders)]
    number = add_people(n_sessions, names)
    coders_of = [rng.choice(n_coders, each, replace=False) for _ in range(n_sessions)]
    position = [0] * n_coders
    issues: list[Issue] = []
    for s, chosen in enumerate(coders_of):
        for c in chosen:
            position[c] += 1
            id = f"{len(issues):010d}"
            issues.append(
                Issue(id, number[names[c]], f"S{s:05d}", "socialization", f"Tape {s + 1:05d}", position[c])
            )
    write(lambda t: issue(t, "Lead", issues, {"seed": seed}))
    truth = rng.normal(size=(n_sessions, len(DIMENSIONS)))
    lenient = rng.normal(scale=0.3, size=(n_coders, len(DIMENSIONS)))
    coder_of = [c for chosen in coders_of for c in chosen]

    def facts() -> Iterator[NewFact]:
        for i, one in enumerate(issues):
            c, s = coder_of[i], int(one.session[1:])
            given = 3 + 1.2 * truth[s] + lenient[c] + rng.normal(scale=0.8, size=len(DIMENSIONS))
            for d, value in zip(DIMENSIONS, np.clip(np.round(given), 0, 6).tolist(), strict=True):
                yield NewFact(
                    "rating",
                    names[c],
                    assignment=one.id,
                    session=one.session,
                    coder=names[c],
                    item=f"socialization.{d}",
                    value=value,
                    reading=1,
                )
            yield NewFact(
                "lock",
                names[c],
                assignment=one.id,
                session=one.session,
                coder=names[c],
                item="socialization",
                reading=1,
                detail={"heard": 0.97},
            )

    def job(t: Transaction) -> None:
        block: list[NewFact] = []
        for fact in facts():
            block.append(fact)
            if len(block) == 20_000:
                t.add_all(block)
                block = []
        t.add_all(block)

    write(job)


def timed(client: Any, url: str, repeats: int) -> tuple[list[float], int, int]:
    """Return milliseconds of each answer, its status and size."""
    times, status, size = [], 0, 0
    for _ in range(repeats):
        start = time.perf_counter()
        response = client.get(url)
        body = b"".join(response.streaming_content) if response.streaming else response.content
        times.append((time.perf_counter() - start) * 1000)
        status, size = response.status_code, len(body)
    return times, status, size


def main() -> int:
    """Make the record, open the pages, print the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=10_000)
    parser.add_argument("--coders", type=int, default=50)
    parser.add_argument("--each", type=int, default=7)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--folder", type=Path, help="Keep the study here, or use the one that is there.")
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="bordin-large-"))
    folder.mkdir(parents=True, exist_ok=True)
    new = not (folder / "study").exists()
    study = make_study(folder) if new else folder / "study"
    from bordin.workbench.site import open_site

    open_site(study)
    if new:
        start = time.perf_counter()
        fill(given.sessions, given.coders, given.each)
        print(f"made in {time.perf_counter() - start:.0f} s")
    failed = measure(given.repeats)
    if given.folder is None:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


def measure(repeats: int) -> int:
    """Open every page and print its times; return how many are too slow or refused."""
    from django.test import Client

    from bordin.store.tables import Account

    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(Account.objects.get(name="Lead"), backend="django.contrib.auth.backends.ModelBackend")
    start = time.perf_counter()
    times, _, _ = timed(client, "/overview/", 1)
    print(f"{'/overview/ right after the start':44} {times[0]:7.0f} ms")
    during: list[float] = []
    while b"data-stale" in client.get("/overview/").content:
        more, _, _ = timed(client, "/overview/", 1)
        during += more
        time.sleep(0.5)
    print(f"first statistics ready after {time.perf_counter() - start:.1f} s")
    if during:
        print(f"{'/overview/ during them':44} {statistics.median(during):7.0f} ms, slowest {max(during):.0f}")
    failed = 0
    for url in (
        "/overview/",
        "/overview/reliability/",
        "/reliability/socialization/concordance/",
        "/coders/",
        "/coders/Coder07/",
        "/allocation/",
        "/audit/",
        "/audit/?before=250000",
        "/audit/?kind=lock",
        "/audit/?session=S00042",
        "/audit/?actor=Lead",
        "/audit/?kind=rating&actor=Coder07",
    ):
        times, status, size = timed(client, url, repeats)
        middle = statistics.median(times)
        failed += middle > LIMIT_MS or status not in (200, 204)
        print(f"{url:44} {middle:7.0f} ms, slowest {max(times):5.0f}, {size / 1024:6.0f} KB, {status}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
