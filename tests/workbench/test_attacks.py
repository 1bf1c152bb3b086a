"""Attacks on the workbench: by a coder who wants to know more, by somebody with an account, by a careless team."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from made_study import DIMENSIONS, Small, rate, small

sys.path.append(str(Path(__file__).parents[1]))

from postgres import database_url  # noqa: F401


@pytest.fixture
def made(tmp_path: Path) -> Small:
    return small(tmp_path)


@pytest.fixture
def either(tmp_path: Path, database_url: str):  # noqa: F811
    """A study on each of the databases."""
    yield small(tmp_path, database_url)
    from django.db import connections

    connections.close_all()


def _post(client: Any, path: str, content: object) -> Any:
    return client.post(path, json.dumps(content), content_type="application/json")


def _facts(**which: Any) -> Any:
    from bordin.store.tables import Fact

    return Fact.objects.filter(**which)


RATING = {"id": "change-0001", "kind": "rating", "dimension": "avoidance", "value": 3}


# A coder who goes around the screens ----------------------------------------------------------------------------


def test_a_tape_that_comes_later_is_neither_heard_nor_rated_nor_locked(made: Small) -> None:
    """The page refused it; its addresses did not."""
    client, later = made.client("Alder"), made.assignments["Alder", "S002"]
    answer = _post(client, f"/rate/{later}/save/", {"changes": [RATING]})
    assert (answer.status_code, "comes later" in answer.json()["error"]) == (409, True)
    rate(made, "Alder", "S002", dict.fromkeys(DIMENSIONS, 2), lock=False)
    assert _post(client, f"/rate/{later}/lock/", {}).status_code == 409
    assert not _facts(kind="lock").exists()
    first = made.assignments["Alder", "S001"]
    assert _post(client, f"/rate/{first}/save/", {"changes": [RATING]}).status_code == 200


def test_what_is_begun_is_still_saved_when_the_lead_reopens_an_earlier_tape(made: Small) -> None:
    """Changes that a browser kept while it was offline must find their place."""
    from bordin.store.issued_tapes import reopen

    client, second = made.client("Alder"), made.assignments["Alder", "S002"]
    rate(made, "Alder", "S001", dict.fromkeys(DIMENSIONS, 2))
    assert _post(client, f"/rate/{second}/save/", {"changes": [RATING]}).status_code == 200
    reopen(made.assignments["Alder", "S001"], "Lead", "the sound was off")
    more = {"id": "change-0002", "kind": "rating", "dimension": "concordance", "value": 1}
    assert _post(client, f"/rate/{second}/save/", {"changes": [more]}).json()["saved"] == ["change-0002"]


def test_a_coder_without_a_certificate_cannot_rate_by_the_addresses(
    made: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bordin.workbench import queue

    monkeypatch.setattr(queue, "may_rate", lambda account, coding: (False, "first the practice"))
    client, first = made.client("Alder"), made.assignments["Alder", "S001"]
    assert _post(client, f"/rate/{first}/save/", {"changes": [RATING]}).status_code == 409
    assert not _facts(kind="rating").exists()


def test_a_practice_tape_whose_standard_was_read_is_not_reopened(made: Small) -> None:
    from bordin.errors import BordinError
    from bordin.store.allocations import Issue, issue
    from bordin.store.issued_tapes import reopen
    from bordin.store.record import NewFact
    from bordin.store.tables import Account, Participant, Session
    from bordin.store.writer import add, write

    Session.objects.create(id="PS1", participant=Participant.objects.create(id="PP1"), has_tape=True)
    alder = Account.objects.get(name="Alder")
    one = Issue("pppppppp01", alder.id, "PS1", "socialization", "Practice 1", 90, 1, "practice")
    write(lambda t: issue(t, "Lead", [one], {"seed": 3}))
    add(NewFact("lock", "Alder", assignment="pppppppp01", session="PS1", coder="Alder", item="socialization"))
    with pytest.raises(BordinError, match="standard's ratings"):
        reopen("pppppppp01", "Lead", "once more, please")


def test_a_guess_is_one_of_the_choices(made: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    from bordin.workbench import rating

    ask = [{"id": "arm", "label": "Arm", "choices": ["a", "b"]}]
    monkeypatch.setattr(rating, "_guesses", lambda: ask)
    client, own = made.client("Alder"), made.assignments["Alder", "S001"]
    rate(made, "Alder", "S001", dict.fromkeys(DIMENSIONS, 2), lock=False)
    for wrong in ("c", "a\0", "a\ud800", "x" * 5000):
        assert _post(client, f"/rate/{own}/lock/", {"guess": {"arm": wrong}}).status_code == 400
    assert not _facts(kind="lock").exists()
    assert _post(client, f"/rate/{own}/lock/", {"guess": {"arm": "do not know"}}).status_code == 200
    assert _facts(kind="guess").get().reason == "do not know"


# Second readings ------------------------------------------------------------------------------------------------


def _second_reading(made: Small, session: str = "S001", *, lock: bool = True) -> str:
    from bordin.store.allocations import Issue, issue
    from bordin.store.record import NewFact
    from bordin.store.tables import Account
    from bordin.store.writer import add, write

    alder = Account.objects.get(name="Alder")
    one = Issue("zzzzzzzz77", alder.id, session, "socialization", "Tape 777", 90, 2, "repeat")
    write(lambda t: issue(t, "Lead", [one], {"seed": 2}))
    if lock:
        at = {"assignment": "zzzzzzzz77", "session": session, "coder": "Alder"}
        add(NewFact("rating", "Alder", item="socialization.avoidance", value=1, reading=2, **at))
        add(NewFact("lock", "Alder", item="socialization", reading=2, **at))
    return "zzzzzzzz77"


def _release(made: Small) -> None:
    from bordin.store.consensus import release

    assert release("Lead", [made.assignments["Alder", "S001"]]) == {}


def test_a_release_does_not_tell_which_tape_was_heard_twice(made: Small) -> None:
    """The second reading stood in the list, and its page bore the name of the first."""
    for coder in ("Alder", "Birch"):
        rate(made, coder, "S001", dict.fromkeys(DIMENSIONS, 2))
    second, client = _second_reading(made), made.client("Alder")
    _release(made)
    own = made.assignments["Alder", "S001"]
    assert client.get(f"/differences/{own}/").status_code == 200
    assert client.get(f"/differences/{second}/").status_code == 404
    listed = re.findall(r'href="/differences/(\w+)/"', client.get("/queue/").content.decode())
    assert listed == [own]
    page = client.get(f"/rate/{second}/").content.decode()
    assert '"released": false' in page
    assert "Tape 101" not in page


def test_the_queue_and_the_list_of_differences_agree(made: Small) -> None:
    """A tape that one shows and the other hides would tell that it is rated once more."""
    for coder in ("Alder", "Birch"):
        rate(made, coder, "S001", dict.fromkeys(DIMENSIONS, 2))
    _release(made)
    client, own = made.client("Alder"), made.assignments["Alder", "S001"]

    def shown() -> list[bool]:
        return [
            f'href="/differences/{own}/"' in client.get("/queue/").content.decode(),
            f'href="/differences/{own}/"' in client.get("/differences/").content.decode(),
            client.get(f"/differences/{own}/").status_code == 200,
            '"released": true' in client.get(f"/rate/{own}/").content.decode(),
        ]

    assert shown() == [True] * 4
    _second_reading(made, lock=False)
    assert shown() == [False] * 4


def test_an_open_tape_does_not_tell_that_others_rated_it_and_were_released(made: Small) -> None:
    from bordin.store.record import NewFact
    from bordin.store.writer import add

    own = made.assignments["Alder", "S001"]
    before = made.client("Alder").get(f"/rate/{own}/").content
    add(NewFact("release", "Lead", session="S001", item="socialization"))
    after = made.client("Alder").get(f"/rate/{own}/").content
    token = re.compile(rb'name="csrf" content="\w+"|value="\w{64}"|nonce="[^"]*"')
    assert token.sub(b"", before) == token.sub(b"", after)


# What no database can hold, and what is too large ----------------------------------------------------------------


def _every_address(hole: str) -> list[tuple[str, str, bool]]:
    from bordin.workbench.urls import PAGES

    found = []
    for page in PAGES:
        path = re.sub(r"<int:\w+>", "1", page.path)
        path = re.sub(r"<(?:str:)?\w+>", hole, path)
        found += [(method, f"/{path}", page.json) for method in page.methods if "logout" not in path]
    return found


FIELDS = [
    "actor",
    "assignment",
    "change",
    "code",
    "coding",
    "coder",
    "days",
    "dimension",
    "form",
    "format",
    "head",
    "hash",
    "id",
    "item",
    "kind",
    "name",
    "note",
    "q",
    "ratings",
    "reading",
    "reason",
    "role",
    "session",
    "show",
    "state",
    "tape",
    "typed",
    "username",
    "value",
    "who",
    "why",
]


@pytest.mark.parametrize("who", ["Lead", "Alder", None])
def test_a_nul_is_refused_on_every_address_and_is_no_fault_of_the_program(
    either: Small, who: str | None
) -> None:
    """PostgreSQL does not take it even in a question, and each such request was an error of the server."""
    client = either.client(who)
    for hole in ("%00", "a%00b", "axxxxxx001"):
        for method, path, is_json in _every_address(hole):
            sent = dict.fromkeys(FIELDS, "a\0b")
            if method == "GET":
                answers = [client.get(path), client.get(path, sent)]
            elif is_json:
                answers = [client.post(path, json.dumps(sent), content_type="application/json")]
            else:
                answers = [client.post(path, sent)]
            for answer in answers:
                assert answer.status_code < 500, f"{method} {path}"


@pytest.mark.parametrize(
    "sent",
    [
        "[" * 100_000,
        json.dumps({"changes": [{"id": "change-0001", "kind": "memo", "text": "a\ud800b"}]}),
        json.dumps({"changes": [{"id": "change-0001", "kind": "memo", "text": "a\0b"}]}),
        json.dumps({"changes": [{"id": "change-\0001", "kind": "play", "start": 0, "end": 10**400}]}),
        '{"changes": [{"id": "change-0001", "kind": "rating", "dimension": "avoidance", "value": Infinity}]}',
        '{"keys": {"play": "\\u0000"}}',
        '{"keys": {"play": "\\ud800"}}',
    ],
)
def test_odd_json_is_refused(either: Small, sent: str) -> None:
    client, own = either.client("Alder"), either.assignments["Alder", "S001"]
    for path in (f"/rate/{own}/save/", f"/rate/{own}/lock/", "/keys/"):
        answer = client.post(path, sent, content_type="application/json")
        assert answer.status_code < 500, path
        assert not answer.json().get("saved")
    assert not _facts(kind="memo").exists()


def test_numbers_that_have_no_end_are_no_fault_of_the_program(made: Small) -> None:
    many = "9" * 5000
    for who, path in (
        ("Alder", f"/queue/?page={many}"),
        ("Alder", f"/differences/?page={many}"),
        ("Lead", f"/allocation/?seed={many}"),
        ("Lead", f"/allocation/waiting/?seed={many}"),
        ("Lead", f"/consensus/?page={many}"),
        ("Lead", f"/forms/?page={many}"),
        ("Lead", f"/audit/?before={many}"),
        ("Lead", f"/people/?page={many}"),
    ):
        assert made.client(who).get(path).status_code < 500, path
    for coder in ("Alder", "Birch"):
        rate(made, coder, "S001", dict.fromkeys(DIMENSIONS, 2))
    tape = made.assignments["Alder", "S001"]
    sent = {"dimension": "avoidance", "value": 10**400}
    assert _post(made.client("Lead"), f"/consensus/{tape}/save/", sent).status_code == 400


def test_what_is_too_large_is_refused_before_it_is_read(made: Small) -> None:
    def tried(client: Any, path: str, size: int) -> int:
        return client.post(path, b"x", content_type="text/plain", CONTENT_LENGTH=str(size)).status_code

    for path in ("/login/", "/f/some-token/", "/enter/some-token/", "/people/look/"):
        assert tried(made.client(), path, (1 << 20) + 1) == 413, path
        assert tried(made.client(), path, 1000) != 413, path
    lead = made.client("Lead")
    assert tried(lead, "/people/look/", 100 << 20) != 413
    assert tried(lead, "/people/look/", 300 << 20) == 413
    assert tried(lead, "/people/look/", 10**30) == 413
    own = made.assignments["Alder", "S001"]
    big = {"changes": [{**RATING, "text": "x" * (9 << 20)}]}
    assert _post(made.client("Alder"), f"/rate/{own}/save/", big).status_code in {400, 413}


# Who gets in ----------------------------------------------------------------------------------------------------


def test_an_account_is_not_found_under_letters_that_a_database_takes_for_others(either: Small) -> None:
    """Failed logins are counted by name: another spelling of the same account was another eight tries."""
    from bordin.store.tables import Account

    assert Account.objects.get_by_natural_key("BIRCH").name == "Birch"
    for other in ("b\u0131rch", "bi\u0281ch", "ro\u03c9an", "B\u0130RCH"):
        with pytest.raises(Account.DoesNotExist):
            Account.objects.get_by_natural_key(other)


def test_every_form_of_the_workbench_needs_its_token(made: Small) -> None:
    from django.test import Client

    from bordin.store.tables import Account
    from bordin.workbench.urls import PAGES

    for who in ("Lead", "Alder", "Dana", "Rowan", None):
        client = Client(HTTP_HOST="127.0.0.1", enforce_csrf_checks=True)
        if who is not None:
            account = Account.objects.get(name=who)
            client.force_login(account, backend="django.contrib.auth.backends.ModelBackend")
        for page in PAGES:
            path = re.sub(r"<int:\w+>", "1", page.path)
            path = re.sub(r"<(?:str:)?\w+>", "axxxxxx001", path)
            # The form of a link has 160 bits of a token in its address, and no cookie.
            if "POST" in page.methods and page.name != "form":
                assert client.post(f"/{path}", {"a": "b"}).status_code == 403, page.name


@pytest.mark.parametrize(
    "following",
    [
        "//evil.test",
        "///evil.test",
        "/\\evil.test",
        "https://evil.test",
        "/\t/evil.test",
        "javascript:alert(1)",
    ],
)
def test_a_login_leads_to_this_site_alone(made: Small, following: str) -> None:
    from made_study import PASSWORD

    sent = {"username": "lead", "password": PASSWORD, "next": following}
    assert made.client().post("/login/", sent).headers["Location"] == "/overview/"


# What is left behind --------------------------------------------------------------------------------------------


def test_a_fault_of_the_program_leaves_no_token_in_the_log(
    made: Small, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import logging.config

    from bordin.workbench import form, login
    from bordin.workbench.site import LOG

    def broken(*_: Any) -> None:
        raise RuntimeError("something broke")

    monkeypatch.setattr(form, "by_token", broken)
    monkeypatch.setattr(login, "entered", broken)
    logging.config.dictConfig(LOG)
    client = made.client()
    client.raise_request_exception = False
    for path in ("/f/zephyrtoken/", "/enter/zephyrtoken/"):
        assert client.get(path).status_code == 500
    client.get("/login/", HTTP_HOST="evil.test")
    told = capsys.readouterr().err
    assert "something broke" in told
    assert "zephyrtoken" not in told
    assert "evil.test" not in told


def test_lists_hold_no_formula(made: Small) -> None:
    from bordin.workbench.forms import csv_file

    rows = [["=HYPERLINK(1)", "+1", "-x", "@x", "\tx", None, 3, "S1"]]
    text = csv_file("x.csv", "abcdefgh", rows).content.decode("utf-8-sig")
    assert text.splitlines()[1] == "'=HYPERLINK(1),'+1,'-x,'@x,'\tx,,3,S1"


def test_the_letters_of_the_arms_cannot_be_worked_out_from_the_record(made: Small) -> None:
    """The hash of the first fact stands in the audit's file, which the lead has."""
    import hashlib

    from bordin.workbench.neutral import letters

    levels = [f"level {i}" for i in range(26)]
    first = _facts(seq=1).get().hash

    def key(level: str) -> str:
        return hashlib.sha256(f"{first}\narm\n{level}".encode()).hexdigest()

    given = letters("arm", levels)
    assert sorted(given.values()) == [chr(65 + i) for i in range(26)]
    assert [given[level] for level in sorted(levels, key=key)] != sorted(given.values())
    assert letters("arm", levels) == given
