"""The rating screen and the queue, as the server gives them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from made_study import DIMENSIONS, Small, rate, small


@pytest.fixture
def made(tmp_path: Path) -> Small:
    return small(tmp_path)


def _post(client, path: str, content: object):
    return client.post(path, json.dumps(content), content_type="application/json")


def _data(answer) -> dict:
    text = answer.content.decode()
    begin = text.index(">", text.index('id="tape-data"')) + 1
    return json.loads(text[begin : text.index("</script>", begin)])


def test_the_queue_shows_the_own_order_and_one_next_tape(made: Small) -> None:
    client = made.client("Birch")
    text = client.get("/queue/").content.decode()
    assert re.findall(r'<th scope="row">(Tape \d+)</th>', text) == [
        f"Tape {i}" for i in (106, 105, 104, 103, 102, 101)
    ]
    links = re.findall(r'href="/rate/(\w+)/"', text)
    assert set(links) == {made.assignments["Birch", "S006"]}
    assert text.count(">next<") == 1
    assert text.count(">later<") == 4
    assert "0 of 6" in text
    rate(made, "Birch", "S006", dict.fromkeys(DIMENSIONS, 2))
    text = client.get("/queue/").content.decode()
    assert re.findall(r'<th scope="row">(Tape \d+)</th>', text)[-1] == "Tape 106"
    assert set(re.findall(r'href="/rate/(\w+)/"', text)) == {
        made.assignments["Birch", "S005"],
        made.assignments["Birch", "S006"],
    }
    assert re.findall(
        r'<th scope="row">(Tape \d+)</th>', client.get("/queue/?show=locked").content.decode()
    ) == ["Tape 106"]


def test_tapes_are_rated_in_the_order_drawn(made: Small) -> None:
    client = made.client("Alder")
    second = client.get(f"/rate/{made.assignments['Alder', 'S002']}/")
    assert second.status_code == 403
    assert "comes later" in second.content.decode()
    assert client.get(f"/rate/{made.assignments['Alder', 'S001']}/").status_code == 200
    rate(made, "Alder", "S001", dict.fromkeys(DIMENSIONS, 2))
    assert client.get(f"/rate/{made.assignments['Alder', 'S002']}/").status_code == 200
    locked = client.get(f"/rate/{made.assignments['Alder', 'S001']}/")
    assert locked.status_code == 200
    assert _data(locked)["locked"] is True


def test_the_screen_holds_every_anchor_and_what_was_given(made: Small) -> None:
    client, own = made.client("Alder"), made.assignments["Alder", "S001"]
    changes = [
        {"id": "change-a1", "kind": "rating", "dimension": "concordance", "value": 5},
        {
            "id": "change-a2",
            "kind": "mark",
            "mark": "m1",
            "dimension": "avoidance",
            "seconds": 12.5,
            "note": "<b>n</b>",
        },
        {"id": "change-a3", "kind": "memo", "text": "</script><script>alert(1)</script>"},
    ]
    saved = _post(client, f"/rate/{own}/save/", {"changes": changes})
    assert saved.status_code == 200
    assert saved.json()["saved"] == ["change-a1", "change-a2", "change-a3"]
    answer = client.get(f"/rate/{own}/")
    data = _data(answer)
    assert data["ratings"] == {"concordance": {"value": 5.0, "reason": None}}
    assert data["marks"] == [{"mark": "m1", "dimension": "avoidance", "seconds": 12.5, "note": "<b>n</b>"}]
    assert data["memo"] == "</script><script>alert(1)</script>"
    assert "<script>alert(1)" not in answer.content.decode()
    assert [d["id"] for d in data["dimensions"]] == list(DIMENSIONS)
    assert all(len(d["anchors"]) == 7 and d["section_html"] for d in data["dimensions"])
    keys = [d["key"] for d in data["dimensions"]]
    assert len(set(keys)) == 7
    assert not {"m", "x", ""} & set(keys)


@pytest.mark.parametrize("sent", ["", "[]", "{}", '{"changes": 3}', '{"changes": [3]}', "\xff", "null"])
def test_what_makes_no_sense_is_refused(made: Small, sent: str) -> None:
    path = f"/rate/{made.assignments['Alder', 'S001']}/save/"
    answer = made.client("Alder").post(path, sent.encode("latin-1"), content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_without_a_login_the_screen_is_told_so_and_keeps_its_changes(made: Small) -> None:
    path = f"/rate/{made.assignments['Alder', 'S001']}/save/"
    answer = _post(made.client(), path, {"changes": []})
    assert (answer.status_code, answer.json()) == (401, {"error": "login ended"})


def test_locking_needs_every_dimension_and_happens_once(made: Small) -> None:
    client, own = made.client("Alder"), made.assignments["Alder", "S001"]
    rate(made, "Alder", "S001", dict.fromkeys(DIMENSIONS[:-2], 2), lock=False)
    answer = _post(client, f"/rate/{own}/lock/", {})
    assert answer.status_code == 400
    assert answer.json()["error"] == "2 dimensions left: Evidence incongruent, Avoidance."
    rate(made, "Alder", "S001", dict.fromkeys(DIMENSIONS, 2), lock=False)
    _post(
        client,
        f"/rate/{own}/save/",
        {"changes": [{"id": "play-0001", "kind": "play", "start": 0, "end": 1500}]},
    )
    assert _post(client, f"/rate/{own}/lock/", {}).json() == {"next": "/queue/"}
    assert _post(client, f"/rate/{own}/lock/", {}).status_code == 409
    from bordin.store.tables import Fact

    assert json.loads(Fact.objects.get(kind="lock").detail) == {"heard": 0.5}  # 25 of 50 minutes


def test_own_hot_keys_are_kept_and_have_to_differ(made: Small) -> None:
    client = made.client("Alder")
    assert _post(client, "/keys/", {"keys": {"concordance": "k", "memo": "n"}}).status_code == 200
    assert _data(client.get(f"/rate/{made.assignments['Alder', 'S001']}/"))["keys"] == {
        "concordance": "k",
        "memo": "n",
    }
    for bad in ({"a": "k", "b": "k"}, {"a": 3}, [], None, {"a": ""}):
        assert _post(client, "/keys/", {"keys": bad}).status_code == 400


def test_hot_keys_are_letters_of_the_name_where_they_are_free() -> None:
    from bordin.workbench.rating import key_letters

    names = [
        "Concordance",
        "Resistance",
        "Understanding",
        "Active plans",
        "Evidence congruent",
        "Avoidance",
        "Cold",
    ]
    assert key_letters(names) == ["c", "r", "u", "a", "e", "v", "o"]
    assert len(set(key_letters(["Same"] * 23))) == 23


def test_when_the_data_are_locked_the_queue_and_the_screen_say_so(made: Small) -> None:
    from bordin.store.data_lock import lock_data

    client, own = made.client("Alder"), made.assignments["Alder", "S001"]
    lock_data("Lead", "The study is over.")
    text = client.get("/queue/").content.decode()
    assert "The data are locked" in text
    assert "nothing can be rated now" in text
    assert re.findall(r'href="/rate/', text) == []
    data = _data(client.get(f"/rate/{own}/"))
    assert (data["locked"], data["guess"]) == (True, [])
