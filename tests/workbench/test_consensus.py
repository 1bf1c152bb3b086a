"""The lead's screens of disagreement: what they show, what they keep, what they refuse."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from made_study import DIMENSIONS, Small, rate, small

ALDER = dict(zip(DIMENSIONS, (5, 1, 5, 3, 4, 2, 0), strict=True))
BIRCH = dict(zip(DIMENSIONS, (5, 2, 2, 3, 3, 2, 3), strict=True))
PAGE = "/consensus/axxxxxx001/"


@pytest.fixture
def made(tmp_path: Path) -> Small:
    made = small(tmp_path)
    from bordin.store.record import NewFact
    from bordin.store.writer import add

    for coder, values, marks in (("Alder", ALDER, (554.0, 1660.0)), ("Birch", BIRCH, (560.0,))):
        at = {"assignment": made.assignments[coder, "S001"], "session": "S001", "coder": coder}
        item, text = "socialization.understanding", f"<b>{coder} heard</b>"
        for m in marks:
            add(
                NewFact(
                    "mark",
                    coder,
                    item=item,
                    value=m,
                    detail={"mark": str(m)},
                    text=text,
                    participant="P001",
                    **at,
                )
            )
        add(NewFact("memo", coder, text=f"memo of {coder}", participant="P001", **at))
        rate(made, coder, "S001", values)
    rate(made, "Alder", "S002", ALDER)
    return made


def _text(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def _agreed() -> list[tuple]:
    from bordin.store.tables import Fact

    return list(Fact.objects.filter(kind="agreed").order_by("seq").values_list("item", "value", "reason"))


def _save(client, **change: object):
    return client.post(f"{PAGE}save/", json.dumps(change), content_type="application/json")


def test_the_list_counts_differences_and_tells_what_waits(made: Small) -> None:
    text = _text(made.client("Lead").get("/consensus/"))
    assert "6 tapes are coded by two coders or more; of 1 every coder has locked, 0 are released." in text
    assert "Tape 101 Alder, Birch 4 of 7 3 Release 0 of 7" in text
    assert "Tape 102" not in text
    assert "5 more tapes wait for a coder to lock." in text


def test_the_list_says_what_comes_next_when_it_is_empty(tmp_path: Path) -> None:
    made = small(tmp_path, both=False)
    text = _text(made.client("Lead").get("/consensus/"))
    assert "No tape is coded by two coders yet. Allocate sessions with a share coded twice" in text


def test_no_page_of_the_lead_names_arm_session_or_participant(made: Small) -> None:
    client = made.client("Lead")
    for path in ("/consensus/", PAGE, "/consensus/axxxxxx002/"):
        answer = client.get(path)
        assert answer.status_code == 200
        for word in ("S001", "P001", "pragmatic rehabilitation", "supportive listening"):
            assert word not in answer.content.decode()


def test_release_is_refused_with_its_reason_and_otherwise_told(made: Small) -> None:
    client = made.client("Lead")
    answer = client.post("/consensus/", {"tape": ["axxxxxx001", "axxxxxx002"]}, follow=True)
    text = _text(answer)
    assert "Tape 102: Birch has not locked this tape yet." in text
    assert "1 tape is released. Its coders now see where they differed." in text
    assert "of 1 every coder has locked, 1 are released." in text
    assert "No tape was chosen." in _text(client.post("/consensus/", follow=True))
    assert "Tape 101" in _text(client.get("/consensus/?show=released"))
    assert "No tape is of this kind." in _text(client.get("/consensus/?show=closed&page=1"))


def test_release_all_takes_those_that_are_ready(made: Small) -> None:
    rate(made, "Birch", "S002", BIRCH)
    client = made.client("Lead")
    assert "2 tapes are released." in _text(client.post("/consensus/", {"all": "1"}, follow=True))
    back = client.post("/consensus/", {"one": "axxxxxx001", "back": "axxxxxx001"})
    assert back.headers["Location"] == PAGE


def test_a_tape_that_is_not_locked_shows_no_value(made: Small) -> None:
    answer = made.client("Lead").get("/consensus/axxxxxx002/")
    assert "Not locked yet by: Birch." in _text(answer)
    assert "radio" not in answer.content.decode().partition('id="main"')[2]


def test_the_page_shows_both_ratings_marks_memos_and_what_is_near(made: Small) -> None:
    answer = made.client("Lead").get(PAGE)
    html, text = answer.content.decode(), _text(answer)
    assert "Understanding open 5 2 3 apart" in text
    assert "Concordance open 5 5 same Take over" in text
    assert "Marks within 15 s of each other: Alder 09:14 and Birch 09:20." in text
    assert "memo of Alder" in text
    assert "memo of Birch" in text
    assert "&lt;b&gt;Alder heard&lt;/b&gt;" in html
    assert "<b>Alder heard" not in html
    # It begins where the coders are farthest apart, and nothing is chosen before the lead does.
    assert re.search(r'<tr data-dim="understanding" class="is-now is-apart">', html)
    assert not re.search(r'name="value"[^>]*checked', html)
    assert "0 of 7 settled" in text
    assert "style=" not in html
    assert "http://" not in html.replace("http://www.w3.org", "")
    assert made.client("Lead").get(f"{PAGE}sound").status_code == 404


def test_a_saved_value_is_kept_and_shown(made: Small) -> None:
    client = made.client("Lead")
    change = {"dimension": "understanding", "value": "4", "change": "c-1"}
    refused = _save(client, **change)
    assert refused.status_code == 400
    assert "No coder gave this value, so it needs a reason." in refused.json()["error"]
    why = "44:03 answers the doubt."
    saved = _save(client, **change, why=why, rule="An echo is none.")
    assert saved.status_code == 200
    assert saved.json()["saved"] == "c-1"
    assert re.fullmatch(r"\d\d:\d\d:\d\d", saved.json()["at"])
    assert _save(client, **change, why=why).status_code == 200
    assert _agreed() == [("socialization.understanding", 4.0, None)]
    html = client.get(f"{PAGE}?on=understanding").content.decode()
    assert re.search(r'form="settle-understanding" name="value" value="4" checked', html)
    assert why in html
    assert "1 of 7 settled" in html
    assert "Understanding : An echo is none. Tape 101" in _text(client.get("/consensus/"))
    rules = client.get("/consensus/rules.md")
    assert rules.headers["Content-Disposition"] == 'attachment; filename="rules-for-the-manual.md"'
    assert "- An echo is none. (Tape 101, " in rules.content.decode()


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"dimension": "understanding", "value": "nine"}, 400, "This is no number."),
        ({"dimension": "understanding", "value": "nan"}, 400, "not a number"),
        ({"dimension": "understanding", "value": None}, 400, "no value was chosen"),
        ({"dimension": "understanding", "value": "nc"}, 400, "Choose the reason why"),
        ({"dimension": "warmth", "value": 2}, 400, "not a dimension"),
        ({"dimension": "understanding", "value": 9, "why": "x"}, 400, "outside 0-6"),
        ({"dimension": "understanding", "value": 2, "why": "x" * 4001}, 400, "4000 characters"),
    ],
)
def test_what_cannot_be_kept_is_refused(made: Small, change: dict, status: int, error: str) -> None:
    answer = _save(made.client("Lead"), **change)
    assert answer.status_code == status
    assert error in answer.json()["error"]
    assert _agreed() == []


def test_an_open_tape_answers_with_a_conflict(made: Small) -> None:
    client = made.client("Lead")
    answer = client.post(
        "/consensus/axxxxxx002/save/",
        '{"dimension": "resistance", "value": 2}',
        content_type="application/json",
    )
    assert answer.status_code == 409
    assert "Birch has not locked" in answer.json()["error"]
    assert client.post(f"{PAGE}save/", "[]", content_type="application/json").status_code == 400
    assert client.post(f"{PAGE}save/", "{", content_type="application/json").status_code == 400
    assert client.get("/consensus/nothing000/").status_code == 404


def test_all_works_without_a_script(made: Small) -> None:
    client = made.client("Lead")
    after = client.post(PAGE, {"dimension": "resistance", "value": "2"})
    assert after.headers["Location"] == f"{PAGE}?on=understanding"
    taken = client.post(PAGE, {"dimension": "concordance", "take": "5", "take_reason": ""}, follow=True)
    assert "settled 5 5 same" in _text(taken)
    assert "2 equal values are taken over." in _text(client.post(PAGE, {"take_all": "1"}, follow=True))
    failed = client.post(PAGE, {"dimension": "avoidance", "value": "nc", "absence": ""}, follow=True)
    assert "Choose the reason why no value can be given." in _text(failed)
    client.post(PAGE, {"dimension": "avoidance", "value": "nc", "absence": "Not audible", "why": "noise"})
    assert _agreed() == [
        ("socialization.resistance", 2.0, None),
        ("socialization.concordance", 5.0, None),
        ("socialization.active_plans", 3.0, None),
        ("socialization.evidence_incongruent", 2.0, None),
        ("socialization.avoidance", None, "Not audible"),
    ]


def test_three_coders_stand_side_by_side(made: Small) -> None:
    from bordin.store.allocations import Issue, issue
    from bordin.store.tables import Account
    from bordin.store.writer import write

    cedar = Account.objects.create(username="cedar", name="Cedar", role="coder")
    row = Issue("cxxxxxx001", cedar.id, "S001", "socialization", "Tape 777", 1)
    write(lambda t: issue(t, "Lead", [row], {"seed": 3}))
    made.assignments["Cedar", "S001"] = "cxxxxxx001"
    client = made.client("Lead")
    assert "Not locked yet by: Cedar." in _text(client.get(PAGE))
    rate(made, "Cedar", "S001", dict.fromkeys(DIMENSIONS, 6))
    text = _text(client.get(PAGE))
    assert "3 ratings, one agreed value" in text
    assert "Understanding open 5 2 6 4 apart" in text
    assert "Cedar knows it as Tape 777." in text
    assert client.get("/consensus/cxxxxxx001/").status_code == 200


@pytest.mark.parametrize("name", ["Alder", "Dana", "Rowan", None])
def test_nobody_but_the_lead_opens_these_pages(made: Small, name: str | None) -> None:
    client = made.client(name)
    expected = 403 if name else 302
    for path in ("/consensus/", PAGE, "/consensus/rules.md"):
        assert client.get(path).status_code == expected
    for path in (f"{PAGE}sound", f"{PAGE}peaks"):
        assert client.get(path).status_code == (403 if name else 401)
    assert _save(client, dimension="resistance", value=2).status_code == (403 if name else 401)
    assert client.post("/consensus/", {"tape": ["axxxxxx001"]}).status_code == expected
    from bordin.store.tables import Fact

    assert not Fact.objects.filter(kind__in=("release", "agreed")).exists()
