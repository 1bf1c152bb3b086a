"""Paper forms on the screen: the second entry is blind to the first, differences are listed and settled."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from made_forms import link, with_forms
from made_study import Small

FIRST = {"q1": "1", "q2": "2", "q3": "3", "q4": "", "q5": "5"}
SECOND = {"q1": "1", "q2": "6", "q3": "3", "q4": "9", "q5": "4"}


@pytest.fixture
def forms(tmp_path: Path) -> Iterator[Small]:
    yield with_forms(tmp_path)
    from django.db import connections

    connections.close_all()


def _text(answer, status: int = 200) -> str:
    assert answer.status_code == status, answer.content.decode()[:400]
    return unescape(answer.content.decode())


def _make(forms: Small, who: str = "S001", form: str = "alliance") -> str:
    answer = forms.client("Dana").post("/paper/", {"form": form, "who": who})
    assert answer.status_code == 302
    return answer.headers["Location"].strip("/").split("/")[1]


def test_typed_twice_by_two_compared_and_settled(forms: Small):
    from bordin.missing import Missing
    from bordin.store.paper_entries import settled_answers

    id = _make(forms)
    dana, lead = forms.client("Dana"), forms.client("Lead")
    page = _text(dana.get(f"/paper/{id}/"))
    assert "First entry." in page
    assert "Not answered: leave it empty, or 9." in page
    assert 'data-one-digit="yes"' in page
    assert "Now somebody else types" in _text(
        dana.post(f"/paper/{id}/", {**FIRST, "reading": "1"}, follow=True)
    )
    blind = _text(lead.get(f"/paper/{id}/"))
    assert "Second entry. What was typed first is not shown." in blind
    assert "You typed the first entry too" not in blind
    assert re.findall(r'name="q\d" value="([^"]*)"', blind) == [""] * 5
    assert _text(lead.get(f"/paper/{id}/compare/", follow=True)).count("Second entry.") == 1
    answer = lead.post(f"/paper/{id}/", {**SECOND, "reading": "2"})
    assert answer.headers["Location"] == f"/paper/{id}/compare/"
    page = _text(lead.get(f"/paper/{id}/compare/"))
    assert "2 of 5 items differ." in page
    assert page.count('class="is-apart"') == 2
    assert "First, Dana" in page
    assert "Second, Lead" in page
    page = _text(lead.post(f"/paper/{id}/compare/", {"q2.take": "2"}), 422)
    assert page.count("not settled") == 1
    page = _text(lead.post(f"/paper/{id}/compare/", {"q2.take": "2", "q5.value": "8"}), 422)
    assert "please settle the marked items" in page
    assert settled_answers(id) is None
    done = _text(lead.post(f"/paper/{id}/compare/", {"q2.take": "2", "q5.value": "7"}, follow=True))
    assert "The form is settled." in done
    assert settled_answers(id) == {"q1": 1, "q2": 6, "q3": 3, "q4": Missing.NOT_ANSWERED, "q5": 7}
    page = _text(dana.get(f"/paper/{id}/compare/"))
    assert "Settled by Lead" in page
    # A settled item that agreed can still be changed from the paper.
    given = {"q1.value": "2", "q2.take": "1", "q5.take": "1"}
    dana.post(f"/paper/{id}/compare/", given)
    assert (settled_answers(id)["q1"], settled_answers(id)["q2"]) == (2, 2)
    # What is not touched stays as it was settled.
    dana.post(f"/paper/{id}/compare/", {"q5.value": "."})
    assert settled_answers(id) == {
        "q1": 2,
        "q2": 2,
        "q3": 3,
        "q4": Missing.NOT_ANSWERED,
        "q5": Missing.NOT_ANSWERED,
    }


def test_the_same_person_twice_is_warned(forms: Small):
    id = _make(forms)
    dana = forms.client("Dana")
    dana.post(f"/paper/{id}/", {**FIRST, "reading": "1"})
    page = _text(dana.get(f"/paper/{id}/"))
    assert "You typed the first entry too." in page
    assert re.findall(r'name="q\d" value="([^"]*)"', page) == [""] * 5
    dana.post(f"/paper/{id}/", {**SECOND, "reading": "2"})
    assert "Both entries were typed by Dana." in _text(dana.get(f"/paper/{id}/compare/"))


def test_two_that_agree_are_settled_at_once(forms: Small):
    id = _make(forms)
    forms.client("Dana").post(f"/paper/{id}/", {**FIRST, "reading": "1"})
    told = _text(forms.client("Lead").post(f"/paper/{id}/", {**FIRST, "reading": "2"}, follow=True))
    assert "Both entries agree; the form is settled." in told
    assert "Paper, settled" in told


def test_what_is_not_allowed_keeps_what_was_typed_and_nothing_in_the_record(forms: Small):
    from bordin.store.tables import Fact

    id = _make(forms)
    page = _text(forms.client("Dana").post(f"/paper/{id}/", {**FIRST, "q2": "8", "reading": "1"}), 422)
    assert 'id="q2-fault"' in page
    assert 'id="q1-fault"' not in page
    assert re.findall(r'name="q\d" value="([^"]*)"', page) == ["1", "8", "3", "", "5"]
    assert Fact.objects.filter(kind="paper").count() == 0


def test_somebody_was_faster(forms: Small):
    id = _make(forms)
    forms.client("Dana").post(f"/paper/{id}/", {**FIRST, "reading": "1"})
    told = _text(forms.client("Lead").post(f"/paper/{id}/", {**SECOND, "reading": "1"}, follow=True))
    assert "This entry was typed in already. Your own was not kept" in told
    # The same page sent twice is kept once, and no warning.
    told = _text(forms.client("Dana").post(f"/paper/{id}/", {**FIRST, "reading": "1"}, follow=True))
    assert "typed in already" not in told


def test_what_is_no_form_on_paper(forms: Small):
    client = forms.client("Dana")
    assert client.get("/paper/nothing/").status_code == 404
    assert client.get("/paper/nothing/compare/").status_code == 404
    by_link = link(participant="P002", session="S002")
    assert client.get(f"/paper/{by_link.id}/").status_code == 404
    forms.client().post(f"/f/{by_link.token}/", {"q1": "1"})
    told = _text(client.post("/paper/", {"form": "alliance", "who": "S002"}), 422)
    assert "answered by its link already" in told
    assert "there is no session S9" in _text(client.post("/paper/", {"form": "alliance", "who": "S9"}), 422)
    assert "Choose a form." in _text(client.post("/paper/", {"form": "x", "who": "S001"}), 422)


def test_several_papers_at_once_and_a_line_that_needs_enter(forms: Small):
    answer = forms.client("Dana").post("/paper/", {"form": "line", "who": "S001, S002"}, follow=True)
    assert _text(answer).count("On paper, not typed in") == 2
    from bordin.store.tables import Invitation

    page = _text(forms.client("Dana").get(f"/paper/{Invitation.objects.first().id}/"))
    assert 'data-one-digit="no"' in page
    assert "visual analog from 0 to 10" in page
    assert "Not answered: leave it empty." in page


def test_a_form_of_a_withdrawn_participant_is_not_typed_in(forms: Small):
    from bordin.store.record import NewFact
    from bordin.store.writer import add

    id = _make(forms, "P003", "mood")
    add(NewFact("withdrawal", "Lead", item="P003", detail={"ratings": "kept"}))
    assert forms.client("Dana").get(f"/paper/{id}/").status_code == 404
    told = _text(forms.client("Dana").post("/paper/", {"form": "mood", "who": "P003"}), 422)
    assert "P003 withdrew consent" in told
