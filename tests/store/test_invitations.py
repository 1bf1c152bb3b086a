"""Links: made once, kept as hashes, one for each form and place; every state, on both databases."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_forms import link, with_forms
from made_study import Small

from bordin.errors import DataError


@pytest.fixture
def forms(tmp_path: Path, database_url: str) -> Iterator[Small]:
    yield with_forms(tmp_path, database_url)
    from django.db import connections

    connections.close_all()


def _facts(kind: str):
    from bordin.store.tables import Fact

    return list(Fact.objects.filter(kind=kind).order_by("seq"))


def _state(id: str) -> str:
    from bordin.store.invitations import invitation

    return invitation(id).state.value


def test_the_token_is_kept_as_a_hash_alone(forms: Small):
    from bordin.store.invitations import by_token
    from bordin.store.tables import Erasable, Fact, Invitation

    made = link()
    assert len(made.token) >= 22  # 128 bits and more, in base 64
    row = Invitation.objects.get()
    assert row.token_hash == hashlib.sha256(made.token.encode()).hexdigest()
    held = [str(v) for model in (Invitation, Fact, Erasable) for r in model.objects.values_list() for v in r]
    assert not [v for v in held if made.token in v]
    found = by_token(made.token)
    assert (found.id, found.place.session, found.state) == (made.id, "S001", "open")
    assert (found.expires - made.expires).total_seconds() == pytest.approx(0, abs=0.01)
    assert by_token(made.token[:-1] + ("A" if made.token[-1] != "A" else "B")) is None
    assert by_token("") is None
    assert by_token("x" * 100_000) is None
    assert by_token(row.token_hash) is None
    (fact,) = _facts("invitation")
    assert (fact.actor, fact.item, fact.session) == ("Lead", made.id, "S001")
    assert '"form":"alliance"' in fact.detail


def test_a_place_has_one_link_unless_it_is_renewed(forms: Small):
    from bordin.store.invitations import Place, State, by_token, make_links

    first = link()
    places = [Place("P001", "S001"), Place("P002", "S002"), Place("P002", "S002")]
    made = make_links("Dana", "alliance", places, 7)
    assert [m.place for m in made.links] == [Place("P002", "S002")]
    assert made.kept == ((Place("P001", "S001"), State.OPEN),)
    again = make_links("Dana", "alliance", places[:1], 7, renew=True)
    assert [m.id for m in again.links] == [first.id]
    assert by_token(first.token) is None
    assert by_token(again.links[0].token).id == first.id
    assert len(_facts("invitation")) == 3


def test_two_who_make_the_same_links_at_once_make_each_once(forms: Small):
    from django.db import connections

    from bordin.store.invitations import Place, make_links
    from bordin.store.tables import Invitation

    places = [Place(f"P{i:03d}", f"S{i:03d}") for i in range(1, 7)]
    made: list[int] = []

    def go(name: str) -> None:
        made.append(len(make_links(name, "alliance", places, 7).links))
        connections.close_all()

    threads = [threading.Thread(target=go, args=(n,)) for n in ("Lead", "Dana", "Lead", "Dana")]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(made) == [0, 0, 0, 6]
    assert Invitation.objects.count() == 6


def test_states_one_after_the_other(forms: Small):
    from bordin.store.invitations import renew, take_back
    from bordin.store.record import NewFact
    from bordin.store.responses import Sent, send
    from bordin.store.writer import add

    made = link()
    assert _state(made.id) == "open"
    assert take_back("Lead", made.id)
    assert _state(made.id) == "taken back"
    assert not take_back("Lead", made.id)
    assert send(made.token, "patient", "alliance", {"q1": 4.0}) is Sent.CLOSED
    second = renew("Lead", made.id, 7)
    assert _state(made.id) == "open"
    assert send(made.token, "patient", "alliance", {"q1": 4.0}) is Sent.CLOSED
    assert send(second.token, "patient", "alliance", {"q1": 4.0}) is Sent.KEPT
    assert _state(made.id) == "answered"
    assert not take_back("Lead", made.id)
    with pytest.raises(DataError, match="cannot be sent again; it is: answered"):
        renew("Lead", made.id, 7)
    with pytest.raises(DataError, match="There is no such form"):
        renew("Lead", "nothing", 7)
    add(NewFact("withdrawal", "Lead", item="P001", detail={"ratings": "kept"}))
    assert _state(made.id) == "withdrawn"


def test_an_expired_link_and_one_of_a_withdrawn_participant_are_dead(forms: Small):
    from bordin.store.invitations import Place, State, make_links
    from bordin.store.record import NewFact
    from bordin.store.responses import Sent, send
    from bordin.store.writer import add

    old = link(days=-0.001)
    assert _state(old.id) == "expired"
    assert send(old.token, "patient", "alliance", {"q1": 4.0}) is Sent.CLOSED
    other = link(participant="P002", session="S002")
    add(NewFact("withdrawal", "Lead", item="P002", detail={"ratings": "kept"}))
    assert _state(other.id) == "withdrawn"
    assert send(other.token, "patient", "alliance", {"q1": 4.0}) is Sent.CLOSED
    made = make_links("Lead", "mood", [Place("P002", None, "baseline")], 7)
    assert (made.links, made.kept[0][1]) == ((), State.WITHDRAWN)
    assert _facts("response") == []


def test_nothing_is_sent_or_made_once_the_data_are_locked(forms: Small):
    from bordin.store.invitations import is_closed_to_data, make_paper
    from bordin.store.record import NewFact
    from bordin.store.responses import Sent, send
    from bordin.store.writer import add

    made = link()
    assert not is_closed_to_data()
    add(NewFact("data lock", "Lead"))
    assert is_closed_to_data()
    assert send(made.token, "patient", "alliance", {"q1": 4.0}) is Sent.CLOSED
    with pytest.raises(DataError, match="the data are locked"):
        link(participant="P002", session="S002")
    with pytest.raises(DataError, match="the data are locked"):
        make_paper("Dana", "alliance", made.place)
    add(NewFact("data unlock", "Lead", reason="one form came late"))
    assert send(made.token, "patient", "alliance", {"q1": 4.0}) is Sent.KEPT


def test_a_form_on_paper_ends_its_open_link(forms: Small):
    from bordin.store.invitations import by_token, make_paper
    from bordin.store.responses import Sent, send

    made = link()
    assert make_paper("Dana", "alliance", made.place) == made.id
    assert make_paper("Dana", "alliance", made.place) == made.id
    assert _state(made.id) == "on paper"
    assert by_token(made.token) is None
    assert send(made.token, "patient", "alliance", {"q1": 4.0}) is Sent.CLOSED
    answered = link(participant="P002", session="S002")
    send(answered.token, "patient", "alliance", {"q1": 4.0})
    with pytest.raises(DataError, match="answered by its link"):
        make_paper("Dana", "alliance", answered.place)


def test_lists_and_counts(forms: Small):
    from bordin.store.invitations import Place, State, Wanted, counts, listed, make_links, take_back
    from bordin.store.responses import send

    links = make_links("Lead", "alliance", [Place(f"P{i:03d}", f"S{i:03d}") for i in range(1, 7)], 7).links
    link("mood", "P003")
    take_back("Lead", links[0].id)
    send(links[1].token, "patient", "alliance", {"q1": 1.0})
    assert counts() == {
        "alliance": {State.OPEN: 4, State.ANSWERED: 1, State.TAKEN_BACK: 1},
        "mood": {State.OPEN: 1},
    }
    total, rows = listed(Wanted(), most=3)
    assert (total, len(rows), rows[0].form) == (7, 3, "mood")
    total, rows = listed(Wanted(("alliance",), (State.OPEN,)), start=2)
    assert (total, [r.place.session for r in rows]) == (4, ["S004", "S003"])
    assert {r.form for r in listed(Wanted(participant="P003"))[1]} == {"alliance", "mood"}
    (answered,) = listed(Wanted(states=(State.ANSWERED,)))[1]
    assert answered.answered is not None
    assert listed(Wanted(participant="' OR 1=1 --"))[0] == 0


def test_the_chain_is_whole_after_all_that(forms: Small):
    from bordin.store.invitations import take_back
    from bordin.store.verify import verify

    take_back("Lead", link().id)
    link(participant="P002", session="S002")
    found = verify()
    assert found.whole, found.faults


def test_a_link_that_ends_is_counted_so_although_no_fact_says_it(forms: Small):
    from bordin.store.invitations import Place, State, Wanted, counts, listed, make_links

    make_links("Lead", "alliance", [Place("P001", "S001")], 0.6 / 86_400)
    link(participant="P002", session="S002")
    assert counts()["alliance"] == {State.OPEN: 2}
    time.sleep(0.7)
    assert counts()["alliance"] == {State.OPEN: 1, State.EXPIRED: 1}
    total, rows = listed(Wanted(states=(State.EXPIRED,)))
    assert (total, [(r.place.participant, r.state) for r in rows]) == (1, [("P001", State.EXPIRED)])


def test_pages_of_a_long_list_follow_each_other(forms: Small):
    from bordin.store.invitations import Place, Wanted, listed, make_links

    places = [Place("P001", "S001", f"week {i}") for i in range(25)]
    made = make_links("Lead", "mood", places, 14)
    newest = [made_link.id for made_link in made.links][::-1]
    pages = [listed(Wanted(forms=("mood",)), start=start, most=10) for start in (0, 10, 20, 30)]
    assert [total for total, _ in pages] == [25] * 4
    assert [i.id for _, rows in pages for i in rows] == newest
    total, rows = listed(Wanted(participant="S001"), start=20, most=10)
    assert (total, [i.id for i in rows]) == (25, newest[20:])
