"""Make a study in the middle of its work: something of everything that a page of the workbench can show.

Fourteen sessions, three of them with a sealed tape that can be heard, two coders far on in them, one in training;
forms open, answered, expired, taken back, typed from paper once, twice and settled; an alert; a withdrawal.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from made_forms import ALLIANCE, MORE
from made_study import DIMENSIONS, EXAMPLE, Small, small
from made_whole import PASSPHRASE

SESSIONS = 14
SECONDS = 90
RATE = 16_000
SYSTEM = "socialization"
PRACTICE = {
    "PS1": dict(zip(DIMENSIONS, (0, 1, 2, 3, 4, 5, 6), strict=True)),
    "PS2": dict(zip(DIMENSIONS, (6, 5, 5, 0, 1, 2, 1), strict=True)),
    "PS3": dict(zip(DIMENSIONS, (3, 3, 4, 2, 2, 1, 5), strict=True)),
}
SAID = (
    "I got up at the same time every day, even on Sunday.",
    "So you kept to the plan, whatever the night had been like.",
    "Mostly. On Wednesday I lay down after lunch, and then I could not sleep before two.",
    "What do you make of that?",
    "That the body clock takes it as a night. My sister says I should rest until I am well.",
    "And what would you say to her now?",
)


@dataclass
class Busy(Small):
    """The study, and what the addresses of its pages name."""

    practice: dict[tuple[str, str], str] = field(default_factory=dict)  # (coder, session) -> assignment
    links: dict[str, str] = field(default_factory=dict)  # state -> token of a form's link
    forms: dict[str, str] = field(default_factory=dict)  # state -> id of an invitation
    entry: str = ""  # token of a login link that nobody used


def busy(folder: Path) -> Busy:
    """Make the study in `folder`; see the module."""
    study = folder / "study"
    shutil.copytree(EXAMPLE, study, ignore=shutil.ignore_patterns("reports", "workbench", "tapes"))
    (study / "wording").mkdir()
    (study / "wording" / "alliance.toml").write_text(ALLIANCE, encoding="utf-8")
    _protocol(study / "study.toml")
    tapes = _seal(study)
    plain = small(folder, sessions=SESSIONS)
    made = Busy(plain.folder, plain.application, dict(plain.assignments))
    _accounts(made)
    _practice(made)
    _link_tapes(tapes)
    _code(made)
    _forms(made)
    _rest(made)
    return made


def _protocol(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    text = text.replace('source = "audio"\n', 'source = "audio"\nstandard = "Gold"\ncriterion = 0.5\n', 1)
    tables = (
        f"[training]\npractice = {json.dumps(list(PRACTICE))}\n\n"
        '[allocation]\ncoders = 2\nbalance = ["arm", "therapist"]\nrepeat = 1\n\n[blinding]\nguess = ["arm"]\n\n'
    )
    path.write_text(text.replace("[table]\n", f"{tables}[table]\n", 1) + MORE, encoding="utf-8")


# Tapes ------------------------------------------------------------------------------------------------------------


def _seal(study: Path) -> dict[str, str]:
    """Seal made-up sound for three sessions, two of them with a transcript; return session to tape."""
    from bordin.study.tapes import PEAKS, TRANSCRIPT, WORKING, name_roles
    from bordin.tapes.sound.peaks import PeakMeter
    from bordin.tapes.sound.working_copy import WavWriter
    from bordin.tapes.vault.keys import Argon2, Passphrase
    from bordin.tapes.vault.opening import create_vault

    vault = create_vault(study / "tapes", Passphrase(PASSPHRASE), argon2=Argon2(64, 1, 1))
    found = {}
    for i, session in enumerate(("S003", "S012", "PS2")):
        sound = _sound(i)
        with vault.draft(vault.tape_id(f"{i:064x}"), session=session, participant=f"P{session[1:]}") as draft:
            meter = PeakMeter(1)
            meter.add(sound)
            with draft.writer(WORKING) as file:
                wav = WavWriter(file, 1)
                wav.write(sound)
                wav.finish()
            draft.write_bytes(PEAKS, meter.result().to_bytes())
            tape = draft.commit({"recording": {"decoded": float(SECONDS)}, "warnings": []})
        if session != "PS2":
            tape.write_bytes(TRANSCRIPT, _transcript())
            name_roles(tape, {"S1": "client", "S2": "therapist"})
        found[session] = tape.id
    return found


def _sound(seed: int) -> Any:
    drawn = np.random.default_rng(seed)
    level = np.repeat(drawn.random(SECONDS * 5) * (drawn.random(SECONDS * 5) > 0.3), RATE // 5)
    return (drawn.normal(size=SECONDS * RATE) * level * 4_000).astype(np.int16)[:, None]


def _transcript() -> bytes:
    from bordin.tapes.shapes import Transcript, Turn, Word, as_record

    turns = []
    for i in range(SECONDS // 5):
        text, begin, end = SAID[i % len(SAID)], i * 5.0, i * 5.0 + 4.5
        words = tuple(Word(w, begin, end, 0.9) for w in text.split())
        turns.append(Turn(f"S{i % 2 + 1}", begin, end, words))
    return json.dumps(as_record(Transcript(tuple(turns), float(SECONDS)))).encode()


def _link_tapes(tapes: dict[str, str]) -> None:
    from bordin.store.tables import Session

    for session, tape in tapes.items():
        Session.objects.filter(id=session).update(tape=tape, minutes=SECONDS / 60)
    Session.objects.filter(id="S013").update(has_tape=False)


# People and coding ------------------------------------------------------------------------------------------------


def _accounts(made: Busy) -> None:
    from bordin.store.accounts import make_account, make_link, set_active
    from bordin.store.tables import Account

    password = Account.objects.get(name="Lead").password
    for name, role in (("Cedar", "coder"), ("Hazel", "coder"), ("Juniper", "reader")):
        number = make_account(f"login-{name.lower()}", name, role, "Lead")
        if name == "Hazel":
            set_active(number, False, "Lead")
        else:
            made.entry = make_link(number, "Lead")
    Account.objects.exclude(name="Juniper").update(password=password)


def _practice(made: Busy) -> None:
    from bordin.store.allocations import Issue, issue
    from bordin.store.record import NewFact
    from bordin.store.tables import Account, Participant, Session
    from bordin.store.writer import add, write
    from bordin.workbench.practice import certify_if_reached

    issues = []
    for i, (session, values) in enumerate(PRACTICE.items(), start=1):
        person = Participant.objects.create(id=f"PP{i}")
        Session.objects.create(id=session, participant=person, minutes=40.0, has_tape=True)
        gold = [
            NewFact("import rating", "Lead", session=session, coder="Gold", item=f"{SYSTEM}.{d}", value=v)
            for d, v in values.items()
        ]
        add(*gold)
        for coder in ("Alder", "Cedar"):
            id = f"{coder[0].lower()}practic0{i}"
            made.practice[coder, session] = made.assignments[coder, session] = id
            number = Account.objects.get(name=coder).id
            issues.append(Issue(id, number, session, SYSTEM, f"Practice {i}", 90 + i, 1, "practice"))
    write(lambda t: issue(t, "Lead", issues, {"seed": 2}))
    for session, values in PRACTICE.items():
        _give(made, "Alder", session, values)
    certify_if_reached(Account.objects.get(name="Alder"), SYSTEM)
    off = {d: min(6, v + 3) for d, v in PRACTICE["PS1"].items()}
    _give(made, "Cedar", "PS1", {**PRACTICE["PS1"], **dict(list(off.items())[:3])})


def _give(
    made: Busy, coder: str, session: str, values: dict[str, float | None], *, lock: bool = True
) -> None:
    """Rate as the rating screen would: heard, marks with notes, a memo; None is not codable."""
    from bordin.store.record import NewFact
    from bordin.store.writer import add

    at = {"assignment": made.assignments[coder, session], "session": session, "coder": coder}
    person = "P001"
    facts = [NewFact("play", coder, detail={"start": 0.0, "end": 70.0, "speed": 1.0}, **at)]
    for i, (d, v) in enumerate(values.items()):
        reason = None if v is not None else "Tape incomplete"
        facts.append(NewFact("rating", coder, item=f"{SYSTEM}.{d}", value=v, reason=reason, **at))
        if i % 3 == 0:
            facts.append(
                NewFact(
                    *("mark", coder),
                    item=f"{SYSTEM}.{d}",
                    value=10.0 + 9 * i + (2 if coder == "Birch" else 0),
                    detail={"mark": f"{coder}{session}{i}"},
                    text="Both think the mornings come first" if i else "",
                    participant=person,
                    **at,
                )
            )
    facts.append(NewFact("memo", coder, text="Sound drops near the end.", participant=person, **at))
    if lock:
        facts.append(NewFact("guess", coder, item="arm", reason="pragmatic rehabilitation", value=None, **at))
        facts.append(NewFact("lock", coder, item=SYSTEM, detail={"heard": 0.94}, **at))
    add(*facts)


def _code(made: Busy) -> None:
    from bordin.store.consensus import Settlement, agree, release, take_over
    from bordin.workbench import current

    drawn = np.random.default_rng(3)
    for i in range(1, SESSIONS + 1):
        session, truth = f"S{i:03d}", drawn.integers(0, 7, len(DIMENSIONS))
        for coder in ("Alder", "Birch"):
            error = drawn.integers(-1, 2, len(DIMENSIONS)) + (coder == "Birch") * (i % 3 == 0) * 2
            values: dict[str, Any] = dict(
                zip(DIMENSIONS, (float(v) for v in np.clip(truth + error, 0, 6)), strict=True)
            )
            if i == 5 and coder == "Birch":
                values["avoidance"] = None
            if coder == "Alder" and i == 12:
                _give(made, coder, session, dict(list(values.items())[:3]), lock=False)
            elif (coder == "Alder" and i < 12) or (coder == "Birch" and i > 2):
                _give(made, coder, session, values)
    system = current.study().systems[SYSTEM]
    own = [made.assignments["Alder", s] for s in ("S003", "S004")]
    assert release("Lead", own) == {}
    for id in own:
        take_over("Lead", id, system)
    settled = [Settlement(d, 3.0, why="Heard again together.") for d in DIMENSIONS]
    agree("Lead", own[0], system, settled)


# Forms ------------------------------------------------------------------------------------------------------------


def _forms(made: Busy) -> None:
    from made_forms import link

    from bordin.store.invitations import Place, make_links, make_paper, take_back
    from bordin.store.paper_entries import settle, type_in

    client = made.client()
    for state, session in (
        ("open", "S001"),
        ("answered", "S002"),
        ("expired", "S003"),
        ("taken back", "S004"),
    ):
        new = link(participant=f"P{session[1:]}", session=session, days=-1 if state == "expired" else 7)
        made.links[state], made.forms[state] = new.token, new.id
    client.post(f"/f/{made.links['answered']}/", {"q1": "5", "q2": "7", "q3": "1", "q4": "", "q5": "2"})
    take_back("Lead", made.forms["taken back"])
    mood = link("mood", "P002", None)
    client.post(f"/f/{mood.token}/", {f"item{i}": "3" for i in range(1, 10)})
    made.links["mood"] = link("mood", "P003", None).token
    made.links["line"] = link("line", "P003", "S003").token
    made.links["care"] = make_links("Lead", "care", [Place("P003", None, "end")], 7).links[0].token
    for i, state in enumerate(("paper", "typed once", "to compare", "settled"), start=5):
        made.forms[state] = make_paper("Lead", "alliance", Place(f"P{i:03d}", f"S{i:03d}"))
    answers = {"q1": 1.0, "q2": 2.0, "q3": 3.0, "q4": 4.0, "q5": 5.0}
    other = {**answers, "q2": 6.0}
    for state, second in (("typed once", None), ("to compare", other), ("settled", other)):
        type_in("Dana", made.forms[state], 1, "alliance", answers)
        if second is not None:
            type_in("Lead", made.forms[state], 2, "alliance", second)
    settle("Lead", made.forms["settled"], "alliance", other)


def _rest(made: Busy) -> None:
    from bordin.store.record import NewFact
    from bordin.store.tables import Participant, Session
    from bordin.store.writer import add

    gone = Participant.objects.create(id="P099")
    Session.objects.create(id="S099", participant=gone, number=1.0, minutes=None, has_tape=None)
    add(NewFact("withdrawal", "Lead", item="P099", detail={"ratings": "kept"}))
    add(NewFact("backup", "Lead", detail={"file": "record-2026-03-01.sqlite3", "sha256": "0" * 64}))
