"""A record as large as the largest study that is planned for, with every kind of fact; benchmarks fill it."""

from __future__ import annotations

import csv
import hashlib
import os
import re
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from bordin.tapes.vault.keys import KeyFile

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "socialization"
DIMENSIONS = (
    *("concordance", "resistance", "understanding", "active_plans"),
    *("evidence_congruent", "evidence_incongruent", "avoidance"),
)
DONE = 0.965  # share of each coder's queue that is locked
TABLES = """
[allocation]
coders = {each}
double = {double}
balance = ["arm", "therapist"]
calibration = ["S00010", "S00020", "S00030"]
repeat = 0.01
seed = 20261

[training]
practice = ["S00001", "S00002", "S00003"]

[blinding]
guess = ["arm"]

[[forms]]
id = "after"
instrument = "alliance"
title = "About the session today"
alerts = [{{ item = "q1", at_least = 7, message = "highest answer" }}]

[[forms]]
id = "therapist"
instrument = "alliance"
informant = "therapist"
"""
# What becomes of a form -> its share.
FORMS = {
    "answered": 0.70,
    "settled": 0.08,
    "to compare": 0.01,
    "typed once": 0.015,
    "on paper": 0.025,
    "ended": 0.025,
    "expired": 0.05,
    "open": 0.095,
}


@dataclass(frozen=True)
class Size:
    """How large the study is."""

    sessions: int
    coders: int
    each: int
    double: float
    tapes: int


def query(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    from bordin.store import people

    return people.query(sql, parameters)


class told:
    """Print how long a block took, and the CPU time of this process."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __enter__(self) -> None:
        self.start, self.busy = time.perf_counter(), time.process_time()

    def __exit__(self, *_: object) -> None:
        took, busy = time.perf_counter() - self.start, time.process_time() - self.busy
        print(f"{self.what:40} {took:6.1f} s, CPU {busy:6.1f} s, load {os.getloadavg()[0]:.1f}", flush=True)


# ------------------------------------------------------------------ the study


def make_study(folder: Path, size: Size, database: str) -> Path:
    """Make a study folder: the example's protocol with the workbench's tables, and its people and sessions."""
    study = folder / "study"
    shutil.copytree(EXAMPLE, study, ignore=shutil.ignore_patterns("reports", "workbench", "tapes", "data"))
    text = (study / "study.toml").read_text(encoding="utf-8")
    text = re.sub(r"\[sample\][^\[]*", "", text)
    text = text.replace('session = "only"\n', 'session = "only"\nstandard = "Gold"\ncriterion = 0.7\n')
    tables = TABLES.format(each=size.each, double=size.double)
    (study / "study.toml").write_text(text + tables, encoding="utf-8")
    if database:
        (study / "workbench").mkdir(mode=0o700)
        (study / "workbench" / "server.toml").write_text(f'database = "{database}"\n', encoding="utf-8")
    people, arms = max(10, size.sessions // 10), ("pragmatic rehabilitation", "supportive listening")
    (study / "data").mkdir()
    with (study / "data" / "participants.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(("participant", "arm", "therapist", "age", "sex"))
        out.writerows((f"P{i:05d}", arms[i % 2], f"T{i % 40}", 20 + i % 50, "female") for i in range(people))
    with (study / "data" / "sessions.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(("session", "participant", "number", "date", "tape", "tape_note", "form_note"))
        for i in range(size.sessions):
            out.writerow((f"S{i:05d}", f"P{i % people:05d}", i // people + 1, "2007-09-29", "yes", "", ""))
    return study


def fill(size: Size) -> None:
    """Fill the record of the study that is open."""
    from bordin.store.allocated import draw, issue_allocation
    from bordin.store.bulk import look_again
    from bordin.store.flat_parts import parts_of
    from bordin.store.importing import import_study
    from bordin.store.tables import Account
    from bordin.workbench import current

    study, names = current.study(), [f"Coder{i:02d}" for i in range(size.coders)]
    there = {p: study.folder / "data" / f.file for p, f in parts_of(study.protocol.data).items()}
    with told("people and sessions imported"):
        import_study(study, "Lead", {p: f for p, f in there.items() if f.exists()})
    roles = {"Lead": "lead", "Dana": "data manager", "Rowan": "reader", **dict.fromkeys(names, "coder")}
    for name, role in roles.items():
        account = Account(username=name.lower(), name=name, role=role)
        account.set_unusable_password()
        account.save()
    with told("allocation drawn"):
        drawn = draw(study, "socialization", study.allocation_seed())
    with told("allocation issued"):
        issue_allocation(study, "socialization", drawn, "Lead", 3)
    with told(f"{size.tapes} tapes sealed"):
        add_tapes(study.folder, size.tapes)
    # Who comes later has nothing to do yet: the next part of the allocation is drawn behind the lead's page.
    Account.objects.create(username="newcomer", name="Newcomer", role="coder", password="!")
    with told("facts written"):
        rng = np.random.default_rng(1)
        add(_around(names))
        add(_coded(size, rng))
        _forms(rng)
        add(_settled(rng))
        add(_late())
    from bordin.store.withdrawing import withdraw

    withdraw(study, "P00008", "Lead", "kept")
    withdraw(study, "P00009", "Lead", "dropped")
    look_again()


def add_tapes(study: Path, number: int) -> None:
    """Seal the tapes of the first sessions in a vault: without sound, with what pages ask of them."""
    from bordin.store.importing import minutes_of, tapes_of
    from bordin.store.people import link_tapes
    from bordin.tapes.vault.opening import create_vault

    vault = create_vault(study / "tapes", KeyFile(study.parent / "tapes.key"))
    whose = query("SELECT id, participant_id FROM store_session ORDER BY id LIMIT %s", number)
    for session, person in whose:
        name = vault.tape_id(hashlib.sha256(session.encode()).hexdigest())
        with vault.draft(name, session=session, participant=person) as draft:
            draft.write_bytes("transcript.json", b"{}")
            draft.commit({"recording": {"decoded": 3000.0}, "warnings": []})
    link_tapes(tapes_of(vault), minutes_of(vault))


def open_tapes(study: Path) -> Any:
    """Return the vault of the study, opened; None when it has none."""
    from bordin.tapes.vault.opening import open_vault

    there = (study / "tapes").is_dir()
    return open_vault(study / "tapes", KeyFile(study.parent / "tapes.key")) if there else None


def add(facts: Iterable[Any]) -> None:
    """Add many facts, some thousand a transaction."""
    from bordin.store.bulk import expect_many
    from bordin.store.record import Transaction
    from bordin.store.writer import write

    given = iter(facts)

    def job(t: Transaction) -> bool:
        expect_many(t.cursor)
        block = list(islice(given, 20_000))
        t.add_all(block)
        return bool(block)

    while write(job):
        pass


def _around(names: list[str]) -> Iterator[Any]:
    """Yield what happens beside coding: accounts, logins, exports, backups, practice's standard, certificates."""
    from bordin.store.record import NewFact

    for name in names:
        yield NewFact("account", "Lead", item=name, detail={"change": "made", "role": "coder"})
        yield NewFact("certificate", "bordin", coder=name, item="socialization", value=1.0)
    for i in range(3_000):
        yield NewFact(("login", "logout")[i % 2], names[i % len(names)])
    for i in range(40):
        yield NewFact("login refused", "unknown")
        yield NewFact("export", "Dana", detail={"files": {"ratings.csv": "0" * 64}, "to": f"out{i}"})
        yield NewFact("backup", "Lead", detail={"file": f"b{i}.sqlite3"})
    for session in ("S00001", "S00002", "S00003"):
        for d in DIMENSIONS:
            item = f"socialization.{d}"
            yield NewFact("import rating", "Lead", session=session, coder="Gold", item=item, value=3.0)


def _coded(size: Size, rng: np.random.Generator) -> Iterator[Any]:
    """Yield what coders did, all of them at the same time: each is through a share of the queue, and amid a tape."""
    from bordin.store.record import NewFact

    assigned = query(
        "SELECT a.id, c.name, a.session_id, a.reading, a.position, s.participant_id FROM store_assignment a "
        "JOIN store_account c ON c.id = a.coder_id JOIN store_session s ON s.id = a.session_id "
        "ORDER BY a.position, c.name"
    )
    last: dict[str, int] = {}
    for _, coder, _, _, position, _ in assigned:
        last[coder] = position
    truth = rng.normal(size=(size.sessions, len(DIMENSIONS)))
    lenient = {c: rng.normal(scale=0.3, size=len(DIMENSIONS)) for c in sorted(last)}
    for id, coder, session, reading, position, person in assigned:
        now = int(last[coder] * DONE) + 1
        if position > now:
            continue
        about = {"assignment": id, "session": session}
        noise = rng.normal(scale=0.8, size=len(DIMENSIONS))
        given = np.clip(np.round(3 + 1.2 * truth[int(session[1:])] + lenient[coder] + noise), 0, 6).tolist()
        for k in range(3):
            stretch = {"start": 1000.0 * k, "end": 1000.0 * k + 990, "speed": 1.0}
            yield NewFact("play", coder, **about, detail=stretch)
        rated = list(zip(DIMENSIONS, given, strict=True))[: 3 if position == now else None]
        if rng.random() < 0.1:
            rated.insert(0, (rated[0][0], 6 - rated[0][1]))
        for d, value in rated:
            item, more = f"socialization.{d}", {"coder": coder, "reading": reading}
            yield NewFact("rating", coder, **about, **more, item=item, value=value, detail={"manual": "1"})
        if rng.random() < 0.4:
            item, more = f"socialization.{DIMENSIONS[0]}", {"text": "says it", "participant": person}
            yield NewFact("mark", coder, **about, item=item, value=61.5, detail={"mark": "m1"}, **more)
        if rng.random() < 0.02:
            yield NewFact("unmark", coder, **about, detail={"mark": "m0"})
        if rng.random() < 0.1:
            yield NewFact("memo", coder, **about, text="Hard to hear.", participant=person)
        if position < now:
            yield NewFact("guess", coder, **about, coder=coder, item="arm", reason="do not know")
            more = {"coder": coder, "item": "socialization", "reading": reading}
            yield NewFact("lock", coder, **about, **more, detail={"heard": 0.97})


def _forms(rng: np.random.Generator) -> None:
    """Make two forms a session, and what became of them."""
    from bordin.store.invitations import _INSERT, stored_time
    from bordin.store.record import NewFact, Transaction, canonical
    from bordin.store.writer import write

    now, kinds, shares = datetime.now(UTC), list(FORMS), np.array(list(FORMS.values()))
    places = [
        (form, *row)
        for row in query("SELECT id, participant_id FROM store_session ORDER BY id")
        for form in ("after", "therapist")
    ]
    became = rng.choice(kinds, size=len(places), p=shares / shares.sum()).tolist()
    answers = rng.integers(1, 8, size=(len(places), 5)).astype(float).tolist()
    paper = {"settled": 3, "to compare": 2, "typed once": 1, "on paper": 0}

    def job(t: Transaction) -> None:
        ids = [hashlib.sha256(f"{i}".encode()).hexdigest()[:10] for i in range(len(places))]
        made = [
            NewFact(
                "invitation",
                "Dana",
                session=session,
                item=id,
                detail={"form": form, "participant": person, "way": "paper" if what in paper else "link"},
            )
            for id, what, (form, session, person) in zip(ids, became, places, strict=True)
        ]
        numbers = t.add_all(made)
        rows, facts = [], []
        for i, (what, (form, session, person)) in enumerate(zip(became, places, strict=True)):
            ends = now + timedelta(days=-1 if what == "expired" else 1 + i % 14)
            token = None if what in paper else hashlib.sha256(f"t{i}".encode()).hexdigest()
            end = None if what in paper else stored_time(ends)
            rows.append([ids[i], token, numbers[i], form, person, session, None, end])
            text = canonical(dict(zip(("q1", "q2", "q3", "q4", "q5"), answers[i], strict=True)))
            more = {"session": session, "item": ids[i], "text": text, "participant": person}
            detail = {"form": form, "instrument": "alliance"}
            if what == "answered":
                change = f"response:{ids[i]}"
                facts.append(NewFact("response", "patient", **more, detail=detail, change=change))
            elif what == "ended":
                facts.append(NewFact("invitation ended", "Dana", session=session, item=ids[i]))
            facts += [
                NewFact("paper", "Dana", **more, reading=k + 1, detail=detail)
                for k in range(paper.get(what, 0))
            ]
        t.cursor.executemany(_INSERT, rows)
        t.add_all(facts)

    write(job)


def _settled(rng: np.random.Generator) -> Iterator[Any]:
    """Yield releases, agreed values of most of them, and rules."""
    from bordin.store.consensus import standings
    from bordin.store.record import NewFact

    ready = [s for s in standings() if not s.waiting]
    released = ready[: int(len(ready) * 0.4)]
    for s in released:
        yield NewFact("release", "Lead", session=s.session, item=s.coding)
    for s in released[: len(released) * 2 // 3]:
        for d in DIMENSIONS:
            detail = {"manual": "1"}
            if rng.random() < 0.02:
                detail["rule"] = "Count what is said, not how."
            item = f"{s.coding}.{d}"
            yield NewFact("agreed", "Lead", session=s.session, item=item, value=3.0, detail=detail)


def _late() -> Iterator[Any]:
    """Yield what comes late: alerts seen, a tape reopened, something unblinded, the data locked and unlocked."""
    from bordin.store.record import NewFact
    from bordin.store.responses import open_alerts
    from bordin.workbench import current

    for alert in open_alerts(current.study())[200:]:
        yield NewFact(
            "alert seen",
            "Lead",
            session=alert.session,
            item=alert.invitation,
            detail={"fact": alert.fact, "item": alert.item},
        )
    locked = "SELECT assignment, session, coder FROM store_fact WHERE kind = 'lock' ORDER BY seq LIMIT 20"
    for id, session, coder in query(locked):
        more = {"assignment": id, "session": session, "coder": coder, "item": "socialization"}
        yield NewFact("reopen", "Lead", **more, reason="a slip")
        yield NewFact("lock", coder, **more, reading=1, detail={"heard": 0.97})
    yield NewFact("unblinding", "Lead", item="outcome", reason="the interim report")
    yield NewFact("data lock", "Lead", detail={"open": 0})
    yield NewFact("data unlock", "Lead", reason="more tapes")
