"""Answers: checked, kept once, read back; alerts and counts; paper typed in twice. On both databases."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_forms import link, with_forms
from made_study import Small

from bordin import instruments
from bordin.errors import DataError
from bordin.instruments.score import Fault
from bordin.missing import Missing
from bordin.store.record import NewFact

GONE = Missing.NOT_ANSWERED
MOOD = {f"item{n}": 0.0 for n in range(1, 10)}


@pytest.fixture
def forms(tmp_path: Path, database_url: str) -> Iterator[Small]:
    yield with_forms(tmp_path, database_url)
    from django.db import connections

    connections.close_all()


def _study():
    from bordin.workbench import current

    return current.study()


def _send(form: str, answers: dict, participant: str = "P001", session: str = "S001"):
    from bordin.store.responses import send

    made = link(form, participant, session)
    return made, send(made.token, "patient", form, answers)


def test_answers_are_read_by_the_rules_of_the_instrument():
    from bordin.store.responses import check_answers

    mood, care, line = (instruments.load(n) for n in ("phq-9", "care", "srs"))
    answers, faults = check_answers({"item1": "3", "item2": "", "item3": " 1 ", "item10": "2"}, mood)
    assert faults == {}
    assert (answers["item1"], answers["item2"], answers["item3"], answers["item4"]) == (3, GONE, 1, GONE)
    _, faults = check_answers({"item1": "4", "item2": "1.5", "item3": "x", "item4": "not codable"}, mood)
    assert faults == {
        "item1": Fault.OUT_OF_RANGE,
        "item2": Fault.NON_INTEGER,
        "item3": Fault.NOT_A_NUMBER,
        "item4": Fault.NOT_A_NUMBER,
    }
    assert check_answers({"item1": "not applicable"}, mood)[1] == {"item1": Fault.NOT_A_NUMBER}
    assert check_answers({"item1": "9"}, mood)[1] == {"item1": Fault.OUT_OF_RANGE}
    assert check_answers({"item1": "9"}, mood, paper=True) == ({**dict.fromkeys(MOOD, GONE)}, {})
    assert check_answers({"item1": "8"}, mood, paper=True)[1] == {"item1": Fault.OUT_OF_RANGE}
    answers, faults = check_answers({"item1": "not applicable", "item2": "0"}, care)
    assert (answers["item1"], answers["item2"], faults) == (
        Missing.NOT_APPLICABLE,
        Missing.NOT_APPLICABLE,
        {},
    )
    assert check_answers({"item1": "9", "item2": "3,25"}, line, paper=True)[0]["item1"] == 9
    assert check_answers({"item1": "nan", "item2": "inf", "item3": "1e3"}, line)[1].keys() == {
        "item1",
        "item2",
        "item3",
    }


def test_one_fact_with_the_answers_beside_the_chain(forms: Small):
    from bordin.store.responses import Sent
    from bordin.store.tables import Erasable, Fact
    from bordin.store.verify import verify

    made, sent = _send("alliance", {"q1": 5.0, "q2": GONE})
    assert sent is Sent.KEPT
    (fact,) = Fact.objects.filter(kind="response")
    assert (fact.actor, fact.item, fact.session, fact.value) == ("patient", made.id, "S001", None)
    beside = Erasable.objects.get(fact=fact.seq)
    assert json.loads(beside.text) == {"q1": 5, "q2": "not answered"}
    assert beside.participant == "P001"
    assert "not answered" not in fact.detail
    assert verify().whole


def test_a_second_send_is_harmless_and_another_form_is_not_kept(forms: Small):
    from bordin.store.responses import Sent, answers_of_study, send

    made, _ = _send("alliance", {"q1": 5.0})
    assert send(made.token, "patient", "alliance", {"q1": 5.0}) is Sent.AGAIN
    assert send(made.token, "patient", "alliance", {"q1": 1.0}) is Sent.CLOSED
    assert [a.answers for a in answers_of_study()] == [{"q1": 5.0}]


def test_many_tabs_at_once_keep_one(forms: Small):
    from django.db import connections

    from bordin.store.responses import Sent, send
    from bordin.store.tables import Fact

    made = link()
    came: list[Sent] = []

    def go(value: float) -> None:
        came.append(send(made.token, "patient", "alliance", {"q1": value}))
        connections.close_all()

    threads = [threading.Thread(target=go, args=(float(i % 2 + 1),)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(came) == sorted([Sent.KEPT] + [Sent.AGAIN] * 3 + [Sent.CLOSED] * 4)
    assert Fact.objects.filter(kind="response").count() == 1


def test_answers_of_study_gives_each_form_once(forms: Small):
    from bordin.store.invitations import Place, make_paper
    from bordin.store.paper_entries import settle, type_in
    from bordin.store.responses import Answered, answers_of_study
    from bordin.store.writer import add

    _send("alliance", {"q1": 5.0, "q2": GONE})
    _send("mood", MOOD, "P002")
    paper = make_paper("Dana", "care", Place("P003", None, "end"))
    type_in("Dana", paper, 1, "care", {"item1": 1.0})
    assert len(list(answers_of_study())) == 2
    type_in("Lead", paper, 2, "care", {"item1": 2.0})
    assert len(list(answers_of_study())) == 2
    settle("Lead", paper, "care", {"item1": 2.0})
    settle("Dana", paper, "care", {"item1": Missing.NOT_APPLICABLE})
    assert list(answers_of_study()) == [
        Answered("alliance", "alliance", "P001", "S001", None, {"q1": 5.0, "q2": GONE}),
        Answered("mood", "mood", "P002", None, "baseline", MOOD),
        Answered("care", "care", "P003", None, "end", {"item1": Missing.NOT_APPLICABLE}),
    ]
    add(NewFact("withdrawal", "Lead", item="P002", detail={"ratings": "kept"}))
    assert [a.participant for a in answers_of_study()] == ["P001", "P003"]


def test_alerts_come_stay_until_seen_and_go_with_a_withdrawal(forms: Small):
    from bordin.store.responses import alerts, open_alerts, see_alert
    from bordin.store.writer import add

    assert open_alerts(_study()) == []
    _send("mood", MOOD)
    assert open_alerts(_study()) == []
    _send("mood", {**MOOD, "item9": 2.0, "item1": 3.0}, "P002")
    found = open_alerts(_study())
    assert {(a.participant, a.form, a.item, a.value, a.occasion) for a in found} == {
        ("P002", "mood", "item9", 2.0, "baseline"),
        ("P002", "mood", "item1", 3.0, "baseline"),
    }
    assert next(a.message for a in found if a.item == "item1") == "Item 1 stands at its highest answer."
    assert "make sure that a clinician has seen it" in next(a.message for a in found if a.item == "item9")
    assert see_alert(_study(), "Lead", found[0].fact, "item9", "  called at noon ")
    assert not see_alert(_study(), "Lead", found[0].fact, "item2", "")
    assert not see_alert(_study(), "Lead", 10_000, "item9", "")
    assert [a.item for a in open_alerts(_study())] == ["item1"]
    seen = next(a for a in alerts(_study()) if a.item == "item9")
    assert (seen.by, seen.note) == ("Lead", "called at noon")
    add(NewFact("withdrawal", "Lead", item="P002", detail={"ratings": "kept"}))
    assert alerts(_study()) == []


def test_an_alert_from_paper_comes_with_the_first_entry_and_follows_what_is_settled(forms: Small):
    from bordin.store.invitations import Place, make_paper
    from bordin.store.paper_entries import settle, type_in
    from bordin.store.responses import alerts, open_alerts, see_alert

    paper = make_paper("Dana", "mood", Place("P001", None, "baseline"))
    type_in("Dana", paper, 1, "mood", {**MOOD, "item9": 1.0})
    (first,) = open_alerts(_study())
    see_alert(_study(), "Lead", first.fact, "item9", "")
    type_in("Lead", paper, 2, "mood", {**MOOD, "item9": 2.0})
    assert [a.value for a in open_alerts(_study())] == [2.0]
    settle("Lead", paper, "mood", {**MOOD, "item9": 1.0})
    assert open_alerts(_study()) == []
    assert [a.value for a in alerts(_study())] == [1.0]
    settle("Lead", paper, "mood", MOOD)
    assert alerts(_study()) == []


def test_what_can_be_scored_is_counted_and_no_score_is_given(forms: Small):
    from bordin.store.responses import scorable

    _send("mood", MOOD)
    _send("mood", {**MOOD, "item1": GONE, "item2": GONE}, "P002")
    _send("mood", {**MOOD, "item1": GONE, "item2": GONE, "item3": GONE}, "P003")
    assert scorable(_study()) == {"mood": (3, 2)}
    _send("alliance", dict.fromkeys(("q1", "q2", "q3", "q4", "q5"), 4.0))
    assert scorable(_study()) == {"mood": (3, 2), "alliance": (1, 1)}


def test_paper_is_typed_in_twice_and_settled(forms: Small):
    from bordin.store.invitations import Place, State, invitation, make_paper
    from bordin.store.paper_entries import entries, settle, settled_answers, type_in

    paper = make_paper("Dana", "alliance", Place("P001", "S001"))
    with pytest.raises(DataError, match="not typed in twice"):
        settle("Lead", paper, "alliance", {"q1": 1.0})
    assert type_in("Dana", paper, 1, "alliance", {"q1": 1.0}) is State.TYPED_ONCE
    assert type_in("Dana", paper, 1, "alliance", {"q1": 1.0}) is State.TYPED_ONCE
    assert len(entries(paper)) == 1
    with pytest.raises(DataError, match="typed in already"):
        type_in("Lead", paper, 1, "alliance", {"q1": 2.0})
    assert settled_answers(paper) is None
    assert type_in("Lead", paper, 2, "alliance", {"q1": 2.0}) is State.TO_COMPARE
    assert invitation(paper).state is State.TO_COMPARE
    with pytest.raises(DataError, match="typed in already"):
        type_in("Lead", paper, 3, "alliance", {"q1": 2.0})
    settle("Lead", paper, "alliance", {"q1": 2.0})
    settle("Lead", paper, "alliance", {"q1": 2.0})
    assert settled_answers(paper) == {"q1": 2.0}
    assert [(e.actor, e.reading) for e in entries(paper)] == [("Dana", 1), ("Lead", 2), ("Lead", 3)]
    with pytest.raises(DataError, match="not to be typed in"):
        type_in("Lead", "nothing", 1, "alliance", {"q1": 2.0})


def test_two_entries_that_agree_settle_themselves(forms: Small):
    from bordin.store.invitations import Place, State, make_paper
    from bordin.store.paper_entries import settled_answers, type_in
    from bordin.store.record import NewFact
    from bordin.store.writer import add

    paper = make_paper("Dana", "alliance", Place("P001", "S001"))
    type_in("Dana", paper, 1, "alliance", {"q1": 1.0, "q2": GONE})
    assert type_in("Dana", paper, 2, "alliance", {"q1": 1.0, "q2": GONE}) is State.SETTLED
    assert settled_answers(paper) == {"q1": 1.0, "q2": GONE}
    other = make_paper("Dana", "alliance", Place("P002", "S002"))
    add(NewFact("data lock", "Lead"))
    with pytest.raises(DataError, match="data are locked"):
        type_in("Dana", other, 1, "alliance", {"q1": 1.0})
