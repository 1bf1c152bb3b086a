"""The allocation page: preview, issue, extend, draw again, reopen; the lead stays blind, the plan is never assumed."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from made_study import DIMENSIONS, Small, rate, small

ARMS = ("pragmatic rehabilitation", "supportive listening")
PLAN = """
[allocation]
seed = 20261
coders = 1
double = 0.5
balance = ["arm"]
calibration = ["S010"]
calibration_every = 5

[training]
practice = ["S020"]
in_a_row = 1
"""


def make(tmp_path: Path, plan: str = PLAN, *, sessions: int = 20) -> Small:
    """Make a study whose protocol has a plan, with sessions and coders, and nothing issued."""
    import shutil

    from made_study import EXAMPLE

    folder = tmp_path / "study"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("reports", "workbench", "tapes"))
    protocol = (folder / "study.toml").read_text()
    protocol = protocol.replace('arm = "pragmatic rehabilitation"\n', "")
    (folder / "study.toml").write_text(protocol + plan)
    made = small(tmp_path, sessions=0)
    add_sessions(1, sessions)
    return made


def add_sessions(first: int, last: int) -> None:
    from bordin.store.tables import Participant, Session

    for i in range(first, last + 1):
        person = Participant.objects.create(id=f"P{i:03d}", arm=ARMS[i % 2], therapist=f"T{i % 3}")
        Session.objects.create(id=f"S{i:03d}", participant=person, number=i, minutes=50, has_tape=True)


def look(client, url: str = "/allocation/") -> str:
    for _ in range(100):
        html = client.get(url).content.decode()
        if "is being drawn" not in html:
            return html
        time.sleep(0.05)
    raise AssertionError("never drawn")


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def issue(client, html: str) -> str:
    sent = dict(
        re.findall(r'name="(coding|seed|hash)" value="([^"]*)"', html.split('action="/allocation/issue/"')[1])
    )
    return words(client.post("/allocation/issue/", sent, follow=True).content.decode())


@pytest.fixture
def study(tmp_path: Path) -> Small:
    return make(tmp_path)


def test_without_a_plan_the_page_says_what_to_add(tmp_path: Path) -> None:
    made = make(tmp_path, "")
    told = words(made.client("Lead").get("/allocation/").content.decode())
    assert "The protocol has no plan yet" in told
    assert "nothing is assumed" in told
    assert "[allocation] coders = 1" in told
    assert "Issue" not in told


def test_what_is_drawn_is_what_the_allocation_says(study: Small) -> None:
    from bordin.coding.allocation.allocating import allocate, balance_of, describe
    from bordin.store.allocated import sessions_to_code
    from bordin.workbench import current

    made = current.study()
    direct = allocate(sessions_to_code(made), ["Alder", "Birch"], made.allocation_plan(), 20261)
    html = look(study.client("Lead"))
    told = words(html)
    assert describe(direct) in told
    tapes = balance_of(direct).tapes
    for coder in ("Alder", "Birch"):
        own = [a for a in direct.assignments if a.coder == coder]
        count = [sum(a.purpose == p for a in own) for p in ("practice", "rating", "double", "calibration")]
        hours = round(50 * len(own) / 60)
        assert f"{coder} {' '.join(map(str, count))} {len(own)} {hours} " in told
        assert tapes[coder] == len(own) - 1
    assert "The plan asks for 1 coder a session" in told
    assert 'name="seed" value="20261"' in html


def test_the_lead_stays_blind(study: Small) -> None:
    client = study.client("Lead")
    html = look(client)
    assert "as letters while you are blind" in html
    for arm in ARMS:
        assert arm not in html
    client.post("/overview/unblind/", {"item": "arm", "reason": "the coding is over now"})
    html = look(client)
    for arm in ARMS:
        assert arm in html


def test_issue_once_with_seed_plan_and_number_of_drawings(study: Small) -> None:
    import json

    from bordin.store.tables import Assignment, Fact

    client = study.client("Lead")
    look(client)
    html = look(client, "/allocation/?seed=7")
    assert "2 drawings were looked at" in html
    again = study.client("Lead")  # Logging in anew does not make a drawing unseen.
    html = look(again, "/allocation/?seed=8")
    assert "3 drawings were looked at" in html
    assert "Issued. Each coder finds the tapes in the queue" in issue(again, html)
    [fact] = Fact.objects.filter(kind="allocation", actor="Lead").order_by("-seq")[:1]
    detail = json.loads(fact.detail)
    assert (detail["seed"], detail["drawings"], detail["coding"], detail["part"]) == (
        8,
        3,
        "socialization",
        0,
    )
    assert detail["plan"]["coders"] == 1
    assert detail["plan"]["double"] == 0.5
    assert len(detail["protocol"]) == 64
    purposes = {
        p: Assignment.objects.filter(purpose=p).count() for p in ("practice", "rate", "double", "calibration")
    }
    assert purposes == {"practice": 2, "rate": 18, "double": 9, "calibration": 2}
    assert detail["count"] == sum(purposes.values())
    page = client.get("/allocation/").content.decode()
    assert "Issue this allocation" not in page
    assert "Every session with a tape in the sample is allocated." in page
    # The same form sent again, by a second lead or a double click, issues nothing.
    told = issue(client, html)
    assert "Nothing was issued" in told
    assert Assignment.objects.count() == 31


def test_what_is_issued_is_what_was_looked_at(study: Small) -> None:
    from bordin.store.tables import Assignment

    client = study.client("Lead")
    html = look(client)
    add_sessions(21, 22)
    look(client)
    assert "people, sessions or coders changed meanwhile" in issue(client, html)
    assert not Assignment.objects.exists()
    sent = client.post(
        "/allocation/issue/", {"coding": "socialization", "seed": "20261", "hash": "x"}, follow=True
    )
    assert "Nothing was issued" in sent.content.decode()


def test_two_at_once_issue_one(study: Small) -> None:
    from bordin.errors import BordinError
    from bordin.store.allocated import draw, issue_allocation
    from bordin.store.tables import Assignment
    from bordin.workbench import current

    made = current.study()
    drawn, other = draw(made, "socialization", 1), draw(made, "socialization", 2)
    issue_allocation(made, "socialization", drawn, "Lead", 1)
    count = Assignment.objects.count()
    with pytest.raises(BordinError):
        issue_allocation(made, "socialization", other, "Lead", 1)
    assert Assignment.objects.count() == count


def test_coders_get_a_neutral_queue_practice_first(study: Small) -> None:
    from bordin.store.blind import own_assignments
    from bordin.store.tables import Account

    client = study.client("Lead")
    issue(client, look(client))
    own = own_assignments(Account.objects.get(name="Alder").id)
    assert own[0].purpose == "practice"
    assert {a.purpose for a in own[1:]} == {"rate"}
    assert all(re.fullmatch(r"Tape \d{3}", a.name) for a in own[1:])


def again(client) -> str:
    told = words(client.post("/allocation/again/", {"coding": "socialization"}).content.decode())
    for _ in range(100):
        if "being drawn" not in told:
            break
        time.sleep(0.05)
        told = words(client.get("/allocation/again/?coding=socialization").content.decode())
    return told


def test_the_seed_gives_the_same_again_and_a_change_shows(study: Small) -> None:
    from django.db import connection

    from bordin.store.allocated import reproduce
    from bordin.store.tables import Participant
    from bordin.workbench import current

    client = study.client("Lead")
    issue(client, look(client))
    assert "Equal 31 of 31 assignments came out the same" in again(client)
    Participant.objects.filter(id__in=["P001", "P003", "P005"]).update(arm=ARMS[0])
    changed = reproduce(current.study(), "socialization")
    assert not changed.equal
    assert "the factors that were balanced, are not those it was drawn from" in changed.reason
    for i in (1, 3, 5):
        Participant.objects.filter(id=f"P{i:03d}").update(arm=ARMS[i % 2])
    assert reproduce(current.study(), "socialization").equal
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER store_assignment_no_update")
        cursor.execute(
            "UPDATE store_assignment SET name = 'Tape 999' WHERE position = 3 AND purpose = 'rate'"
        )
    forged = reproduce(current.study(), "socialization")
    assert not forged.equal
    assert forged.same < forged.of == 31
    assert "the record holds other assignments than the seed gives" in forged.reason


def test_new_sessions_and_a_coder_who_left_keep_what_was_issued(study: Small) -> None:
    from bordin.store.allocated import reproduce
    from bordin.store.tables import Account, Assignment
    from bordin.workbench import current

    client = study.client("Lead")
    issue(client, look(client))
    before = dict(Assignment.objects.values_list("id", "position"))
    first = Assignment.objects.filter(coder__name="Birch", purpose="rate").order_by("position").first()
    study.assignments["Birch", first.session_id] = first.id
    rate(study, "Birch", first.session_id, dict.fromkeys(DIMENSIONS, 3))
    account = Account(username="cedar", name="Cedar", role="coder")
    account.set_unusable_password()
    account.save()
    Account.objects.filter(name="Birch").update(is_active=False)
    add_sessions(21, 26)
    html = look(client)
    told = words(html)
    assert "6 sessions are new; no longer coding: Birch; new coders: Cedar" in told
    assert "What would be added" in told
    assert "Draw with this seed" not in told
    issue(client, html)
    after = dict(Assignment.objects.values_list("id", "position"))
    assert before.items() <= after.items()
    assert len(after) > len(before)
    sessions = set(Assignment.objects.filter(coder__name="Cedar").values_list("session_id", flat=True))
    assert {"S010", "S020"} <= sessions
    found = reproduce(current.study(), "socialization")
    assert (found.equal, found.same, found.of) == (True, len(after), len(after))
    from bordin.store import overview

    standing = overview.fresh(current.study())
    standing.read_states()
    gone = {g.assignment for g in standing.given if g.withdrawn}
    birch = set(Assignment.objects.filter(coder__name="Birch").values_list("id", flat=True))
    assert gone == birch - {first.id}


def test_a_plan_that_cannot_be_carried_out_is_told(tmp_path: Path) -> None:
    made = make(tmp_path, "[allocation]\ncoders = 3\n")
    told = words(look(made.client("Lead")))
    assert "3 coders are to rate each session, but there are only 2." in told
    assert "Add coders, or ask for 2." in told


def test_assignments_without_a_plan_are_shown_but_not_extended(tmp_path: Path) -> None:
    made = small(tmp_path)
    told = words(made.client("Lead").get("/allocation/").content.decode())
    assert "made elsewhere, without a plan" in told
    assert "it can be neither drawn again nor extended from here" in told
    assert "Alder 6 6 5" in told
    assert "issued without a plan" in again(made.client("Lead"))


def test_a_locked_tape_is_reopened_with_a_reason(tmp_path: Path) -> None:
    from bordin.store.tables import Fact

    made = small(tmp_path)
    rate(made, "Alder", "S001", dict.fromkeys(DIMENSIONS, 5))
    client = made.client("Lead")
    id = made.assignments["Alder", "S001"]
    assert f'value="{id}"' in client.get("/allocation/?tape=alder").content.decode()
    assert f'value="{id}"' in client.get("/allocation/?tape=Tape 101").content.decode()
    assert "No locked tape of this name." in client.get("/allocation/?tape=Tape 102").content.decode()
    refused = client.post("/allocation/reopen/", {"assignment": id, "reason": " "}, follow=True)
    assert "a reason is needed" in refused.content.decode()
    client.post("/allocation/reopen/", {"assignment": id, "reason": "the sound was off"})
    fact = Fact.objects.get(kind="reopen")
    assert (fact.actor, fact.assignment, fact.session, fact.reason) == (
        "Lead",
        id,
        "S001",
        "the sound was off",
    )
    refused = client.post("/allocation/reopen/", {"assignment": id, "reason": "once more"}, follow=True)
    assert "not locked" in refused.content.decode()
    refused = client.post(
        "/allocation/reopen/", {"assignment": "nothing", "reason": "once more"}, follow=True
    )
    assert "no such tape" in refused.content.decode()
    rate(made, "Alder", "S001", {"concordance": 2})
    from bordin.store.record import NewFact
    from bordin.store.writer import add

    add(NewFact("data lock", "Dana"))
    refused = client.post("/allocation/reopen/", {"assignment": id, "reason": "too late"}, follow=True)
    assert "the data are locked" in refused.content.decode()


def test_sessions_that_can_be_coded(study: Small) -> None:
    from bordin.store.allocated import sessions_to_code
    from bordin.store.record import NewFact
    from bordin.store.tables import Session
    from bordin.store.writer import add
    from bordin.workbench import current

    Session.objects.filter(id="S001").update(has_tape=False)
    Session.objects.filter(id="S002").update(has_tape=None)
    Session.objects.filter(id="S003").update(has_tape=None, tape="tape-3")
    add(NewFact("withdrawal", "Dana", item="P004", detail={"ratings": "kept"}))
    found = {s.id: s for s in sessions_to_code(current.study())}
    assert {"S001", "S002", "S004"}.isdisjoint(found)
    assert {"S003", "S010", "S020"} <= found.keys()
    assert found["S003"].factors == {"arm": ARMS[1]}


def test_who_may_look(study: Small) -> None:
    for name in ("Alder", "Dana", "Rowan"):
        client = study.client(name)
        assert client.get("/allocation/").status_code == 403
        for url in ("issue", "reopen", "again"):
            assert client.post(f"/allocation/{url}/").status_code == 403
    assert study.client().get("/allocation/").status_code == 302
    assert study.client("Lead").get("/allocation/issue/").status_code == 405


def test_without_a_seed_in_the_protocol_the_record_has_one_that_no_file_tells(tmp_path: Path) -> None:
    from bordin.store.allocated import usual_seed
    from bordin.workbench import current

    made = make(tmp_path, "[allocation]\ncoders = 1\n")
    seed = usual_seed(current.study())
    assert seed not in {20261, 0}
    assert usual_seed(current.study()) == seed
    assert f'name="seed" value="{seed}"' in look(made.client("Lead"))
    text = "".join(p.read_text(encoding="utf-8") for p in made.folder.rglob("*.toml"))
    assert str(seed) not in text
