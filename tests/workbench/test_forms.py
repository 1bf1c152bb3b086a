"""Forms for the lead and the data manager: making links, where they stand, lists, alerts; and who may see what."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from made_forms import link, with_forms
from made_study import Small

SCREENS = ("/forms/", "/forms/new/", "/forms/reminders.csv", "/forms/preview/alliance/", "/paper/")
POSTS = ("/forms/links.csv", "/forms/qr/", "/forms/x/end/", "/forms/x/renew/")


@pytest.fixture
def forms(tmp_path: Path) -> Iterator[Small]:
    yield with_forms(tmp_path)
    from django.db import connections

    connections.close_all()


def _text(answer, status: int = 200) -> str:
    assert answer.status_code == status, answer.content.decode()[:400]
    return unescape(answer.content.decode())


def _csv(answer) -> list[dict[str, str]]:
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def _hidden(text: str, name: str) -> list[str]:
    return re.findall(rf'name="{name}" value="([^"]+)"', text)


def test_who_may_open_what(forms: Small):
    for name, status in (("Lead", 200), ("Dana", 200), ("Rowan", 403), ("Alder", 403), (None, 302)):
        client = forms.client(name)
        assert {u: client.get(u).status_code for u in SCREENS} == dict.fromkeys(SCREENS, status), name
    for name in ("Rowan", "Alder"):
        client = forms.client(name)
        assert [client.post(u).status_code for u in POSTS] == [403] * 4
    for name, status in (("Lead", 200), ("Dana", 403), ("Rowan", 403), ("Alder", 403), (None, 302)):
        assert forms.client(name).get("/alerts/").status_code == status
        assert forms.client(name).post("/alerts/1/q1/seen/").status_code == (
            404 if name == "Lead" else status
        )


def test_links_for_many_are_shown_once_and_saved_as_a_list(forms: Small):
    from bordin.store.invitations import by_token

    client = forms.client("Dana")
    page = _text(client.get("/forms/new/?form=alliance"))
    assert 'value="7"' in page  # days, from the protocol
    made = _text(client.post("/forms/new/", {"form": "alliance", "who": "S001\nS003, S001", "days": "10"}))
    assert "2 new links" in made
    tokens = re.findall(r"<code>http://127\.0\.0\.1/f/([^/]+)/</code>", made)
    assert len(tokens) == 2
    assert {by_token(t).place.session for t in tokens} == {"S001", "S003"}
    assert made.count("<svg") == made.count('role="img"') == 2
    assert "These links open on this computer alone" in made
    rows = _csv(client.post("/forms/links.csv", {"links": _hidden(made, "links")[0]}))
    assert [(r["participant"], r["session"], r["form"]) for r in rows] == [
        ("P001", "S001", "alliance"),
        ("P003", "S003", "alliance"),
    ]
    assert [r["link"] for r in rows] == [f"http://127.0.0.1/f/{t}/" for t in tokens]
    large = client.post("/forms/qr/", {"link": _hidden(made, "link")[0]})
    assert "<svg" in _text(large)
    assert "P001" not in _text(large)
    assert not [t for t in tokens if t in _text(client.get("/forms/"))]
    assert client.post("/forms/links.csv", {"links": "made up"}).status_code == 410
    assert client.post("/forms/qr/", {"link": "made up"}).status_code == 410


def test_making_links_again_keeps_those_that_are_there(forms: Small):
    client = forms.client("Lead")
    given = {"form": "mood", "everybody": "on", "days": "14"}
    assert "6 new links" in _text(client.post("/forms/new/", given))
    again = _text(client.post("/forms/new/", given))
    assert "0 new links" in again
    assert "6 have one already" in again
    assert "P001 baseline: Open" in again
    assert "6 new links" in _text(client.post("/forms/new/", {**given, "again": "on"}))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            {"form": "alliance", "who": "S001 S0x1", "days": "7"},
            "there is no session S0x1. Did you mean 'S001'?",
        ),
        ({"form": "alliance", "who": "P001", "days": "7"}, "there is no session P001."),
        ({"form": "mood", "who": "S001", "days": "7"}, "there is no participant S001."),
        ({"form": "alliance", "who": " \n", "days": "7"}, "Say for whom"),
        ({"form": "alliance", "who": "S001", "days": "0"}, "1 to 366 days"),
        ({"form": "alliance", "who": "S001", "days": "1e9"}, "1 to 366 days"),
    ],
)
def test_what_cannot_be_made_is_said_with_the_next_step(forms: Small, given: dict[str, str], told: str):
    from bordin.store.tables import Invitation

    text = _text(forms.client("Lead").post("/forms/new/", given), 422)
    assert told in text
    assert 'role="alert"' in text
    assert Invitation.objects.count() == 0


def test_a_faulty_wording_is_told_with_its_line_and_no_link_is_made(forms: Small):
    client = forms.client("Lead")
    page = _text(client.get("/forms/"))
    assert page.count("Wording of the study") == 1
    assert page.count("Wording is missing") == 3
    assert "wording/mood.toml" in page
    wording = forms.folder / "wording" / "alliance.toml"
    wording.write_text(wording.read_text(encoding="utf-8").replace('6 = "Very much"\n', ""), encoding="utf-8")
    told = "wording/alliance.toml:6, anchors: the scale: no words for the point 6."
    assert told in _text(client.get("/forms/"))
    given = {"form": "alliance", "who": "S001", "days": "7"}
    assert told in _text(client.post("/forms/new/", given), 422)
    assert told in _text(client.get("/forms/preview/alliance/"), 409)
    wording.unlink()
    assert "the wording file is not there" in _text(client.get("/forms/"))


def test_states_filters_ending_and_renewing(forms: Small):
    client = forms.client("Lead")
    first = link(participant="P001", session="S001")
    link(participant="P002", session="S002")
    link("mood", "P002")
    page = _text(client.get("/forms/"))
    assert page.count('<span class="status status--open">Open</span>') == 3 + 2  # rows, and both cards
    assert client.post(f"/forms/{first.id}/end/").status_code == 302
    assert "Taken back: the link is dead." in _text(client.get("/forms/"))
    assert "There was nothing to take back." in _text(client.post(f"/forms/{first.id}/end/", follow=True))
    only = _text(client.get("/forms/?form=alliance&state=taken+back"))
    assert (only.count('<th scope="row">P001'), only.count('<th scope="row">P002')) == (1, 0)
    assert _text(client.get("/forms/?who=P002")).count('<th scope="row">P002') == 2
    assert "No form is like that." in _text(client.get("/forms/?who=nobody&page=99999999"))
    again = _text(client.post(f"/forms/{first.id}/renew/"))
    assert "1 new link" in again
    assert forms.client().get(f"/f/{first.token}/").status_code == 410
    token = re.search(r"/f/([^/]+)/</code>", again)[1]
    assert forms.client().get(f"/f/{token}/").status_code == 200
    assert client.post("/forms/nothing/renew/").status_code == 404
    forms.client().post(f"/f/{token}/", {"q1": "4"})
    assert "it is: answered" in _text(client.post(f"/forms/{first.id}/renew/", follow=True))


def test_reminders_hold_open_forms_and_no_link(forms: Small):
    made = link(participant="P001", session="S001")
    link("mood", "P002")
    answered = link(participant="P003", session="S003")
    forms.client().post(f"/f/{answered.token}/", {"q1": "4"})
    client = forms.client("Dana")
    rows = _csv(client.get("/forms/reminders.csv"))
    assert [(r["participant"], r["session"], r["occasion"], r["days_left"]) for r in rows] == [
        ("P002", "", "baseline", "6"),
        ("P001", "S001", "", "6"),
    ]
    assert len(_csv(client.get("/forms/reminders.csv?form=alliance"))) == 1
    assert made.token not in client.get("/forms/reminders.csv").content.decode()


def test_a_team_s_links_bear_its_name(forms: Small):
    from bordin.store.server_file import ServerFile
    from bordin.workbench import current

    kept = current.server()
    current.serve(forms.folder, None, ServerFile(hosts=("coding.example.org",)))
    try:
        page = _text(
            forms.client("Lead").post("/forms/new/", {"form": "alliance", "who": "S001", "days": "7"})
        )
    finally:
        current.serve(forms.folder, None, kept)
    assert re.search(r"<code>https://coding\.example\.org/f/[^/]+/</code>", page)
    assert "this computer alone" not in page


def test_the_preview_shows_the_form_and_sends_nothing(forms: Small):
    text = _text(forms.client("Lead").get("/forms/preview/alliance/"))
    assert "Nothing is sent from here." in text
    assert "The chairs were comfortable." in text
    assert re.search(r'id="send" disabled', text)
    assert forms.client("Lead").get("/forms/preview/nothing/").status_code == 404


def test_alerts_reach_the_lead_and_are_seen_with_a_note(forms: Small):
    lead = forms.client("Lead")
    assert "No open alerts." in _text(lead.get("/forms/"))
    made = link("mood", "P004")
    forms.client().post(f"/f/{made.token}/", {"item1": "0", "item9": "2"})
    assert "1 answer has to be looked at" in _text(lead.get("/forms/"))
    assert "looked at" not in _text(forms.client("Dana").get("/forms/"))
    page = _text(lead.get("/alerts/"))
    assert "P004, baseline" in page
    assert "make sure that a clinician has seen it" in page
    assert re.search(r"Item 9:\s+<b>2</b>", page)
    path = re.search(r'action="(/alerts/\d+/item9/seen/)"', page)[1]
    after = _text(lead.post(path, {"note": "Called at noon <b>"}, follow=True))
    assert "Noted. 0 alerts are left." in after
    assert "Called at noon <b>" in after
    assert "No alert is open." in after
    assert "No open alerts." in _text(lead.get("/forms/"))


def test_counts_of_what_can_be_scored_and_no_score(forms: Small):
    for n, answers in (("P001", {f"item{i}": "1" for i in range(1, 10)}), ("P002", {"item1": "3"})):
        forms.client().post(f"/f/{link('mood', n).token}/", answers)
    page = _text(forms.client("Lead").get("/forms/"))
    assert re.search(r"Every scale can be scored</dt><dd>1 of 2</dd>", page)
    assert "<td>9</td>" not in page  # the sum of nine ones


def test_a_study_without_forms_says_what_to_do(tmp_path: Path):
    from made_study import small

    plain = small(tmp_path)
    client = plain.client("Lead")
    assert "The protocol declares no form yet." in _text(client.get("/forms/"))
    assert client.get("/forms/new/").status_code == 302
    assert "The protocol declares no form yet." in _text(client.get("/paper/"))
    assert "No alert is open." in _text(client.get("/alerts/"))
