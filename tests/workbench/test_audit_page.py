"""The audit page: facts in plain words, filters, pages, the check of the chain, and the file without a value or text."""

from __future__ import annotations

import csv
import io
import re
import time
from pathlib import Path

import pytest
from made_study import DIMENSIONS, Small, rate, small


@pytest.fixture
def study(tmp_path: Path) -> Small:
    made = small(tmp_path)
    rate(made, "Alder", "S001", dict.fromkeys(DIMENSIONS, 5))
    rate(made, "Birch", "S002", dict.fromkeys(DIMENSIONS, 4), lock=False)
    return made


def words(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_facts_are_told_in_plain_words(study: Small) -> None:
    told = words(study.client("Lead").get("/audit/"))
    assert re.search(r"A coder locked the ratings of a tape Tape 101, S001", told)
    assert "A rating was given or changed Tape 102, S002, Concordance" in told
    assert "Sessions were allocated to coders 12 tapes, seed 1" in told
    assert "17 entries, each vouching for the one before it." in told


def test_neither_values_nor_texts_are_shown_or_sent(study: Small) -> None:
    from bordin.store.record import NewFact
    from bordin.store.writer import add

    id = study.assignments["Alder", "S003"]
    add(
        NewFact(
            "rating", "Alder", assignment=id, session="S003", item="socialization.concordance", value=4.625
        ),
        NewFact(
            "rating",
            "Alder",
            assignment=id,
            session="S003",
            item="socialization.avoidance",
            reason="Inaudible part",
        ),
        NewFact(
            "memo", "Alder", assignment=id, session="S003", text="she cried at the end", participant="P003"
        ),
        NewFact(
            "guess",
            "Alder",
            assignment=id,
            session="S003",
            coder="Alder",
            item="arm",
            reason="the talking one",
        ),
    )
    client = study.client("Lead")
    page = client.get("/audit/").content.decode()
    file = b"".join(client.get("/audit/audit.csv").streaming_content).decode()
    for hidden in ("4.625", "Inaudible part", "she cried", "the talking one"):
        assert hidden not in page
        assert hidden not in file
    assert "A memo was written" in page


def test_filters_and_pages(study: Small) -> None:
    from bordin.store.record import NewFact
    from bordin.store.writer import add

    add(*(NewFact("login", "Rowan") for _ in range(250)))
    client = study.client("Lead")
    first = client.get("/audit/")
    assert first.content.decode().count('<tr id="e') == 100
    older = re.search(r'href="\?([^"]*before=(\d+))" rel="next"', first.content.decode())
    assert int(older[2]) == 17 + 250 - 99
    second = client.get(f"/audit/?{older[1]}").content.decode()
    assert f'id="e{int(older[2]) - 1}"' in second
    assert f'id="e{older[2]}"' not in second
    assert 'href="/audit/' in second
    assert client.get("/audit/?kind=lock").content.decode().count('<tr id="e') == 1
    assert client.get("/audit/?session=S002").content.decode().count('<tr id="e') == 7
    both = client.get("/audit/?actor=Alder&kind=rating").content.decode()
    assert both.count('<tr id="e') == 7
    assert "There is no such entry." in client.get("/audit/?session=S999").content.decode()
    assert client.get("/audit/?kind=nonsense&before=x").content.decode().count('<tr id="e') == 100


def test_a_rare_actor_is_looked_for_step_by_step(study: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    from bordin.store import reading_facts
    from bordin.store.record import NewFact
    from bordin.store.writer import add

    add(*(NewFact("login", "Rowan") for _ in range(30)))
    monkeypatch.setattr(reading_facts, "MOST_SEARCHED", 20)
    client = study.client("Lead")
    page = client.get("/audit/?actor=Birch").content.decode()
    assert "Nothing of this kind down to entry 28." in page
    assert "Look further back, from entry 28" in page
    found = client.get("/audit/?actor=Birch&before=28").content.decode()
    assert found.count('<tr id="e') == 7


def test_the_file_holds_every_fact_and_no_formula(study: Small) -> None:
    from bordin.store.record import NewFact
    from bordin.store.tables import Fact
    from bordin.store.writer import add

    add(NewFact("account", "Lead", item="=1+1"))
    client = study.client("Rowan")
    response = client.get("/audit/audit.csv")
    assert response["Content-Disposition"] == 'attachment; filename="audit.csv"'
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(text)))
    assert [int(line["seq"]) for line in lines] == list(range(1, 19))
    assert [line["hash"] for line in lines] == list(
        Fact.objects.order_by("seq").values_list("hash", flat=True)
    )
    assert lines[-1]["item"] == "'=1+1"
    chosen = b"".join(client.get("/audit/audit.csv?kind=lock").streaming_content).decode("utf-8-sig")
    assert len(list(csv.DictReader(io.StringIO(chosen)))) == 1


def check(client, **sent: str) -> str:
    told = words(client.post("/audit/check/", sent))
    for _ in range(50):
        if "being read" not in told:
            break
        time.sleep(0.05)
        told = words(client.get("/audit/check/", sent))
    return told


def test_the_chain_is_checked(study: Small) -> None:
    from django.db import connection

    from bordin.store.tables import Fact

    client = study.client("Rowan")
    assert "The chain is whole" in check(client)
    early = Fact.objects.get(seq=3).hash
    assert "The hash you noted is in it." in check(client, expected=early)
    assert "The chain does not add up" in check(client, expected="0" * 64)
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER store_fact_no_update")
        cursor.execute("UPDATE store_fact SET value = 6 WHERE seq = 3")
        cursor.execute("UPDATE store_fact SET hash = %s WHERE seq = 17", ["f" * 64])
    told = check(client)
    assert "The chain does not add up" in told
    assert "fact 3 (rating by Alder" in told


def test_the_head_is_there_to_copy(study: Small) -> None:
    from bordin.store.tables import Fact

    last = Fact.objects.order_by("-seq").first()
    assert (
        f'id="head" class="mono" readonly value="{last.hash}"'
        in study.client("Lead").get("/audit/").content.decode()
    )


def test_who_may_look(study: Small) -> None:
    for url in ("/audit/", "/audit/audit.csv", "/audit/check/"):
        for name in ("Lead", "Rowan"):
            assert study.client(name).get(url).status_code == 200
        for name in ("Alder", "Dana"):
            assert study.client(name).get(url).status_code == 403
        assert study.client().get(url).status_code == 302
