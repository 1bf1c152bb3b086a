"""Where a coder differed: nothing at all before the release, and what it shows after it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from made_study import DIMENSIONS, Small, rate, small

SECRETS = ("zephyrnote", "zephyrmemo", "zephyrwhy", "zephyrrule", "Birch", "777.375", "12:57")


@pytest.fixture
def made(tmp_path: Path) -> Small:
    made = small(tmp_path)
    from bordin.store.record import NewFact
    from bordin.store.writer import add

    at = {"assignment": made.assignments["Birch", "S001"], "session": "S001", "coder": "Birch"}
    item, mark = "socialization.avoidance", {"mark": "m1"}
    add(
        NewFact(
            "mark",
            "Birch",
            item=item,
            value=777.375,
            detail=mark,
            text="zephyrnote",
            participant="P001",
            **at,
        )
    )
    add(NewFact("memo", "Birch", text="zephyrmemo", participant="P001", **at))
    rate(made, "Birch", "S001", dict.fromkeys(DIMENSIONS, 6))
    # As if agreed before the release: not even that may show.
    rule = {"rule": "zephyrrule"}
    add(
        NewFact(
            "agreed",
            "Lead",
            session="S001",
            item=item,
            value=4,
            detail=rule,
            text="zephyrwhy",
            participant="P001",
        )
    )
    return made


def _text(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def _every_answer(made: Small) -> str:
    """Ask all that a coder can ask of these screens, with every id that there is."""
    client, texts = made.client("Alder"), []
    for id in made.assignments.values():
        for path in (
            f"/differences/{id}/",
            f"/differences/{id}/?on=avoidance",
            f"/practice/{id}/",
            f"/consensus/{id}/",
        ):
            texts.append(client.get(path).content.decode())
    for path in (
        "/differences/",
        "/practice/",
        "/queue/",
        "/consensus/",
        "/training/",
        "/consensus/rules.md",
    ):
        texts.append(client.get(path).content.decode())
    return "\n".join(texts)


def _release() -> dict[str, str]:
    from bordin.store.consensus import release

    return release("Lead", ["axxxxxx001"])


def test_before_the_release_there_is_nothing_of_the_other(made: Small) -> None:
    client, own = made.client("Alder"), made.assignments["Alder", "S001"]
    for locked in (False, True):
        rate(made, "Alder", "S001", dict.fromkeys(DIMENSIONS, 1), lock=locked)
        everything = _every_answer(made)
        for secret in SECRETS:
            assert secret not in everything
        assert client.get(f"/differences/{own}/").status_code == 404
        assert "No tape is released yet." in _text(client.get("/differences/"))


def test_another_coders_release_shows_nothing_to_one_who_has_not_locked(made: Small) -> None:
    from bordin.store.record import NewFact
    from bordin.store.writer import add

    # However a release came about, an open tape stays closed to its coder.
    add(NewFact("release", "Lead", session="S001", item="socialization"))
    everything = _every_answer(made)
    for secret in SECRETS:
        assert secret not in everything


def test_after_the_release_both_stand_side_by_side(made: Small) -> None:
    client, own = made.client("Alder"), made.assignments["Alder", "S001"]
    rate(made, "Alder", "S001", dict.fromkeys(DIMENSIONS, 1))
    assert _release() == {}
    listed = _text(client.get("/differences/"))
    assert "Tape 101 7 of 7 5 1 of 7" in listed
    answer = client.get(f"/differences/{own}/?on=avoidance")
    text, html = _text(answer), answer.content.decode()
    assert answer.status_code == 200
    assert "You (Alder)" in text
    assert "Avoidance 1 6 5 apart 4" in text
    for shown in ("zephyrnote", "zephyrwhy", "zephyrrule", "Birch", "12:57"):
        assert shown in text
    # A memo is its coder's own, and the lead's.
    assert "zephyrmemo" not in html
    for hidden in ("S001", "P001", "bxxxxxx", "supportive", "pragmatic"):
        assert hidden not in html
    assert client.get(f"/differences/{made.assignments['Birch', 'S001']}/").status_code == 404
    assert client.get(f"/differences/{made.assignments['Alder', 'S002']}/").status_code == 404


def test_a_reopened_tape_closes_again(made: Small) -> None:
    from bordin.store.record import NewFact
    from bordin.store.writer import add

    client, own = made.client("Alder"), made.assignments["Alder", "S001"]
    rate(made, "Alder", "S001", dict.fromkeys(DIMENSIONS, 1))
    _release()
    add(NewFact("reopen", "Lead", assignment=own, session="S001", coder="Alder", reason="by mistake"))
    assert client.get(f"/differences/{own}/").status_code == 404
    assert "No tape is released yet." in _text(client.get("/differences/"))


@pytest.mark.parametrize(("name", "status"), [("Lead", 403), ("Dana", 403), ("Rowan", 403), (None, 302)])
def test_these_pages_are_for_coders(made: Small, name: str | None, status: int) -> None:
    client = made.client(name)
    for path in ("/differences/", f"/differences/{made.assignments['Alder', 'S001']}/"):
        assert client.get(path).status_code == status
