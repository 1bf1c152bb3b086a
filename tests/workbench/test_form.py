"""The form by its link: the whole life of a link, what the page says of whom, headers, and every dead link alike."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

import pytest
from made_forms import link, with_forms
from made_study import Small

ANSWERS = {"q1": "5", "q2": "7", "q3": "1", "q4": "", "q5": "2"}


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    """One study for the whole file; each test takes a participant of its own."""
    yield with_forms(tmp_path_factory.mktemp("forms"), sessions=20)
    from django.db import connections

    connections.close_all()


def _state(id: str) -> str:
    from bordin.store.invitations import invitation

    return invitation(id).state.value


def _closed(answer) -> str:
    """Return the text of a page that says that a link is dead."""
    assert answer.status_code == 410
    text = answer.content.decode()
    assert "This form is closed" in text
    return text


def test_the_whole_life_of_a_link(forms: Small):
    from bordin.missing import Missing
    from bordin.store.responses import answers_of_study

    made = link(participant="P001", session="S001")
    client = forms.client()
    page = client.get(f"/f/{made.token}/")
    assert page.status_code == 200
    text = page.content.decode()
    assert text.count("<fieldset") == text.count("<legend>") == 5
    assert "The waiting room was easy to find." in text
    assert text.count('type="radio"') == 5 * 8  # seven points, and not to answer
    assert "I prefer not to answer" in text
    assert "Questions: study office, 555 0142." in text
    assert _state(made.id) == "open"
    sent = client.post(f"/f/{made.token}/", ANSWERS)
    assert (sent.status_code, sent.headers["Location"]) == (303, "/f/sent/1/")
    thanks = client.get(sent.headers["Location"]).content.decode()
    assert "Thank you" in thanks
    assert "If something weighs on you today, call the study office." in thanks
    assert _state(made.id) == "answered"
    _closed(client.get(f"/f/{made.token}/"))
    held = next(a.answers for a in answers_of_study() if a.session == "S001")
    assert held == {"q1": 5.0, "q2": 7.0, "q3": 1.0, "q4": Missing.NOT_ANSWERED, "q5": 2.0}


def test_the_page_says_nothing_of_whom_and_leads_nowhere(forms: Small):
    made = link(participant="P002", session="S002")
    page = forms.client().get(f"/f/{made.token}/")
    text = page.content.decode()
    for secret in ("P002", "S002", "T3", "pragmatic", "supportive", made.id, "workbench/page.js", "csrf"):
        assert secret not in text, secret
    assert forms.client("Lead").get("/forms/").content.decode().count("P002") > 0
    from bordin.workbench import current

    assert current.study().protocol.study.title not in text
    assert set(re.findall(r'href="([^"#]*)"', text)) <= set(
        re.findall(r"(?:data:,|/static/[0-9a-f]{12}/workbench/(?:workbench|forms)\.css)", text)
    )
    assert not re.search(r"https?://", text)


def test_headers_and_no_cookie(forms: Small):
    made = link(participant="P003", session="S003")
    client = forms.client()
    answers = [
        client.get(f"/f/{made.token}/"),
        client.post(f"/f/{made.token}/", {"q1": "9"}),
        client.post(f"/f/{made.token}/", ANSWERS),
        client.get("/f/sent/1/"),
        client.get(f"/f/{made.token}/"),
        client.get("/f/unknown/"),
    ]
    assert [a.status_code for a in answers] == [200, 422, 303, 200, 410, 410]
    for answer in answers:
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "Set-Cookie" not in answer.headers
        assert not answer.cookies
    assert not client.cookies


def test_every_dead_link_gets_the_same_page(forms: Small):
    from bordin.store.invitations import renew, take_back
    from bordin.store.record import NewFact
    from bordin.store.writer import add

    client = forms.client()
    used = link(participant="P004", session="S004")
    client.post(f"/f/{used.token}/", ANSWERS)
    expired = link(participant="P005", session="S005", days=-0.001)
    ended = link(participant="P006", session="S006")
    take_back("Lead", ended.id)
    renewed = link(participant="P007", session="S007")
    renew("Lead", renewed.id, 7)
    withdrawn = link(participant="P008", session="S008")
    add(NewFact("withdrawal", "Lead", item="P008", detail={"ratings": "kept"}))
    tampered = link(participant="P009", session="S009").token
    tampered = ("B" if tampered[0] == "A" else "A") + tampered[1:]
    tokens = [m.token for m in (used, expired, ended, renewed, withdrawn)] + [
        tampered,
        "x",
        "x" * 3000,
        "%00",
    ]
    pages = [_closed(client.get(f"/f/{token}/")) for token in tokens]
    pages += [_closed(client.post(f"/f/{t}/", {"q1": "1"})) for t in tokens]
    assert len(set(pages)) == 1
    assert _state(expired.id) == "expired"


def test_what_is_not_allowed_is_asked_again_and_the_rest_stays(forms: Small):
    made = link(participant="P010", session="S010")
    client = forms.client()
    page = client.post(f"/f/{made.token}/", {**ANSWERS, "q2": "8", "q3": "<script>"})
    assert page.status_code == 422
    text = page.content.decode()
    assert "they are not between 1 and 7" in text
    assert 'href="#q2"' in text
    assert 'href="#q3"' in text
    assert 'href="#q1"' not in text
    assert "<script>" not in text
    assert re.search(r'name="q1" value="5" checked', text)
    assert _state(made.id) == "open"


def test_an_empty_form_is_asked_about_once(forms: Small):
    made = link(participant="P011", session="S011")
    client = forms.client()
    page = client.post(f"/f/{made.token}/", {})
    assert page.status_code == 422
    assert "You have not answered anything yet." in page.content.decode()
    name = re.search(r'type="hidden" name="([^"]+)"', page.content.decode())[1]
    assert client.post(f"/f/{made.token}/", {name: "1"}).status_code == 303
    assert _state(made.id) == "answered"


def test_two_tabs_at_once(forms: Small):
    from django.db import connections

    from bordin.store.tables import Fact

    made = link(participant="P012", session="S012")
    came: list[int] = []

    def go() -> None:
        came.append(forms.client().post(f"/f/{made.token}/", ANSWERS).status_code)
        connections.close_all()

    threads = [threading.Thread(target=go) for _ in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert came == [303] * 6
    assert Fact.objects.filter(kind="response", item=made.id).count() == 1
    # Other answers under the same link are not taken for those that were sent.
    _closed(forms.client().post(f"/f/{made.token}/", {"q1": "1"}))


def test_a_post_needs_no_csrf_cookie_since_the_token_is_in_the_path(forms: Small):
    from django.test import Client

    made = link(participant="P013", session="S013")
    strict = Client(enforce_csrf_checks=True, HTTP_HOST="127.0.0.1")
    assert strict.post(f"/f/{made.token}/", ANSWERS, HTTP_ORIGIN="null").status_code == 303
    assert strict.put(f"/f/{made.token}/").status_code == 405


def test_a_therapists_form_has_lines_and_may_say_that_an_item_does_not_apply(forms: Small):
    from bordin.missing import Missing
    from bordin.store.responses import answers_of_study
    from bordin.store.tables import Fact

    client = forms.client()
    line = link("line", "P014", "S014")
    text = client.get(f"/f/{line.token}/").content.decode()
    assert text.count('type="number"') == 4
    assert 'min="0" max="10"' in text
    assert client.post(f"/f/{line.token}/", {"item1": "10.5"}).status_code == 422
    assert client.post(f"/f/{line.token}/", {"item1": "7,35", "item2": "0"}).status_code == 303
    assert Fact.objects.get(kind="response", item=line.id).actor == "therapist"
    care = link("care", "P014")
    assert "Does not apply" in client.get(f"/f/{care.token}/").content.decode()
    assert client.post(f"/f/{care.token}/", {"item1": "not applicable", "item2": "5"}).status_code == 303
    held = {a.form: a.answers for a in answers_of_study() if a.participant == "P014"}
    assert (held["line"]["item1"], held["line"]["item2"]) == (7.35, 0.0)
    assert (held["care"]["item1"], held["care"]["item2"]) == (Missing.NOT_APPLICABLE, 5.0)


def test_without_wording_it_says_item_one_and_with_a_faulty_file_the_link_lives_on(forms: Small):
    client = forms.client()
    mood = link("mood", "P015")
    text = client.get(f"/f/{mood.token}/").content.decode()
    assert re.search(r"<legend><small>9 of 9</small>Item 9</legend>", text)
    made = link(participant="P015", session="S015")
    wording = forms.folder / "wording" / "alliance.toml"
    good = wording.read_text(encoding="utf-8")
    try:
        wording.write_text(good.replace('q1 = "', 'q9 = "'), encoding="utf-8")
        page = client.get(f"/f/{made.token}/")
        assert page.status_code == 503
        assert "Your link stays good." in page.content.decode()
        assert "q9" not in page.content.decode()
        assert client.post(f"/f/{made.token}/", ANSWERS).status_code == 503
    finally:
        wording.write_text(good, encoding="utf-8")
    assert _state(made.id) == "open"
    assert client.post(f"/f/{made.token}/", ANSWERS).status_code == 303


def test_the_page_speaks_the_language_of_the_wording(forms: Small):
    made = link(participant="P016", session="S016")
    wording = forms.folder / "wording" / "alliance.toml"
    good = wording.read_text(encoding="utf-8")
    try:
        wording.write_text(good.replace('"en"', '"de"'), encoding="utf-8")
        page = forms.client().get(f"/f/{made.token}/", headers={"Accept-Language": "en"})
        assert '<html lang="de">' in page.content.decode()
        assert page.headers["Content-Language"] == "de"
    finally:
        wording.write_text(good, encoding="utf-8")


def test_words_of_the_study_cannot_be_code(forms: Small):
    made = link(participant="P017", session="S017")
    wording = forms.folder / "wording" / "alliance.toml"
    good = wording.read_text(encoding="utf-8")
    try:
        wording.write_text(good.replace("The chairs", "<b onload=x>&"), encoding="utf-8")
        text = forms.client().get(f"/f/{made.token}/").content.decode()
        assert "&lt;b onload=x&gt;&amp;" in text
        assert "<b onload" not in text
    finally:
        wording.write_text(good, encoding="utf-8")


def test_the_thanks_page_of_no_form_is_the_closed_page(forms: Small):
    _closed(forms.client().get("/f/sent/9/"))
    _closed(forms.client().get("/f/sent/0/"))
    assert "Thank you" in forms.client().get("/f/sent/4/").content.decode()
