"""Do what docs/tutorial/first-coding-team.md does by clicks, by the record's own functions: python made_team.py STUDY."""

from __future__ import annotations

import re
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "tutorial" / "first-coding-team.md"
CODERS = ("Alder", "Birch")
ANSWERS = {"q1": "4", "q2": "3", "q3": "4", "q4": "5", "q5": "4"}
# What the page says the lead chooses where the coders differ: tape, dimension, value, reason.
AGREED = (
    ("Tape 002", "understanding", 4.0, ""),
    ("Tape 003", "evidence_incongruent", 3.0, "Between the two."),
    ("Tape 004", "concordance", 4.0, ""),
)


def ratings() -> dict[str, dict[str, list[str]]]:
    """Return what each coder gives each tape, from the table of the page."""
    rows = re.findall(r"^\| (Tape \d+) \| ([\d ]+) \| ([\d ]+) \|$", PAGE.read_text(encoding="utf-8"), re.M)
    return {c: {row[0]: row[1 + i].split() for row in rows} for i, c in enumerate(CODERS)}


def fill(folder: Path) -> None:
    """Bring a study folder from sealed tapes to locked data."""
    from bordin.store.opening import open_record
    from bordin.study.study import load_study

    study = load_study(folder)
    open_record(folder, make=True)
    from bordin.store import accounts, allocated, data_lock, importing

    accounts.first_lead()
    importing.import_study(study, "Lead", {p: folder / "data" / f for p, f in _files().items()})
    for name in CODERS:
        accounts.make_account(name.lower(), name, "coder", "Lead")
    drawn = allocated.draw(study, "socialization", study.protocol.study.seed)
    allocated.issue_allocation(study, "socialization", drawn, "Lead", 1)
    for coder, tapes in ratings().items():
        for tape, values in tapes.items():
            _rate(study, coder, tape, values)
    _answer(study)
    _settle(study)
    data_lock.lock_data("Lead")


def _files() -> dict[str, str]:
    return {
        "participants": "participants.csv",
        "sessions": "sessions.csv",
        "responses:0": "responses.csv",
    }


def _assignment(coder: str, tape: str) -> str:
    from bordin.store.people import query

    found = query(
        "SELECT a.id FROM store_assignment a JOIN store_account c ON c.id = a.coder_id WHERE c.name = %s AND a.name = %s",
        [coder, tape],
    )
    return str(found[0][0])


def _rate(study, coder: str, tape: str, values: list[str]) -> None:  # type: ignore[no-untyped-def]  # a Study
    from bordin.store.saving import Coder, lock, save
    from bordin.store.tables import Account

    system = study.systems["socialization"]
    who = Coder(Account.objects.get(name=coder).pk, coder)
    changes = [
        {
            "id": f"{coder}-{tape}-{d.id}",
            "kind": "rating",
            "dimension": d.id,
            "value": float(v),
            "reason": None,
        }
        for d, v in zip(system.dimensions, values, strict=True)
    ]
    changes.append({"id": f"{coder}-{tape}-play", "kind": "play", "start": 0.0, "end": 6.0, "speed": 1.0})
    if coder == CODERS[0]:
        mark = {"mark": f"mark-{tape[-3:]}", "dimension": "concordance", "seconds": 2.5, "note": ""}
        changes.append({"id": f"{coder}-{tape}-mark", "kind": "mark"} | mark)
    saved = save(who, _assignment(coder, tape), system, changes)
    assert saved.refused == []
    lock(who, _assignment(coder, tape), system, guesses={"arm": ("do not know", None)})


def _answer(study) -> None:  # type: ignore[no-untyped-def]  # a Study
    from bordin.store.invitations import Place, make_links
    from bordin.store.responses import Sent, check_answers, send

    link = make_links("Lead", "alliance", [Place("P04", "S04")], 14).links[0]
    answers, faults = check_answers(ANSWERS, study.instruments["alliance"])
    assert faults == {}
    assert send(link.token, "patient", "alliance", answers) is Sent.KEPT


def _settle(study) -> None:  # type: ignore[no-untyped-def]  # a Study
    from bordin.store.consensus import Settlement, agree, release, take_over

    system = study.systems["socialization"]
    ids = {tape: _assignment("Alder", tape) for tape in ratings()["Alder"]}
    assert release("Lead", list(ids.values())) == {}
    assert [take_over("Lead", id, system) for id in ids.values()] == [7, 6, 6, 6]
    for tape, dimension, value, why in AGREED:
        agree("Lead", ids[tape], system, [Settlement(dimension, value, why=why)])


if __name__ == "__main__":
    fill(Path(sys.argv[1]))
