"""Releasing and settling disagreements: what is refused and why, what counts, and who may see it."""

from __future__ import annotations

import pytest
from made_study import DIMENSIONS, Small, rate

ALDER = dict(zip(DIMENSIONS, (5, 1, 5, 3, 4, 2, 0), strict=True))
BIRCH = dict(zip(DIMENSIONS, (5, 2, 2, 3, 3, 2, 3), strict=True))
TAPE = "axxxxxx001"  # the lowest assignment of S001


def _both(study: Small, session: str = "S001") -> None:
    rate(study, "Alder", session, ALDER)
    rate(study, "Birch", session, BIRCH)


def _system(study: Small):
    from bordin.study.study import load_study

    return load_study(study.folder).systems["socialization"]


def _account(name: str) -> int:
    from bordin.store.tables import Account

    return Account.objects.get(name=name).id


def _facts(kind: str) -> list[tuple]:
    from bordin.store.tables import Fact

    return list(
        Fact.objects.filter(kind=kind).order_by("seq").values_list("session", "item", "value", "reason")
    )


def _second_reading(coder: str, session: str, *, id: str = "zsecond001", name: str = "Tape 900") -> None:
    from bordin.store.allocations import Issue, issue
    from bordin.store.writer import write

    rows = [Issue(id, _account(coder), session, "socialization", name, 50, reading=2)]
    write(lambda t: issue(t, "Lead", rows, {"seed": 2}))


def _lock(study: Small, coder: str, assignment: str, session: str, kind: str = "lock") -> None:
    from bordin.store.record import NewFact
    from bordin.store.writer import add

    actor = coder if kind == "lock" else "Lead"
    add(
        NewFact(
            kind, actor, assignment=assignment, session=session, coder=coder, item="socialization", reason="x"
        )
    )


def test_what_differs_is_a_distance_or_a_missing_number() -> None:
    from bordin.store.blind import Given
    from bordin.store.double_coded import compare

    five, two = Given(5, None), Given(2, None)
    unheard, absent = Given(None, "Not audible"), Given(None, "Topic not raised")
    assert compare([five, five]) == (False, 0, False)
    assert compare([five, two]) == (True, 3, False)
    assert compare([five, two, Given(6, None)]) == (True, 4, False)
    assert compare([five, unheard]) == (True, 0, True)
    assert compare([five, None]) == (True, 0, True)
    assert compare([unheard, absent]) == (True, 0, False)
    assert compare([None, None]) == (False, 0, False)


def test_nothing_is_released_before_every_coder_has_locked(study: Small) -> None:
    from bordin.store.consensus import release, standings

    rate(study, "Alder", "S001", ALDER)
    rate(study, "Birch", "S001", BIRCH, lock=False)
    refused = release("Lead", [TAPE, "nothing000"])
    assert refused == {
        TAPE: "Birch has not locked this tape yet. Wait until every coder of it has locked.",
        "nothing000": "There is no such tape.",
    }
    assert _facts("release") == []
    assert [s.waiting for s in standings() if s.id == TAPE] == [("Birch",)]
    _lock(study, "Birch", study.assignments["Birch", "S001"], "S001")
    assert release("Lead", [study.assignments["Birch", "S001"], TAPE]) == {}
    assert _facts("release") == [("S001", "socialization", None, None)]
    assert release("Lead", [TAPE]) == {}
    assert len(_facts("release")) == 1
    assert [s.released for s in standings()] == [True, False, False, False, False, False]


def test_a_second_reading_that_is_open_holds_the_release_back(study: Small) -> None:
    from bordin.store.consensus import release, standing

    _both(study)
    _second_reading("Alder", "S001")
    assert "Alder has not locked" in release("Lead", [TAPE])[TAPE]
    assert standing(TAPE).sides == ("axxxxxx001", "bxxxxxx001")
    _lock(study, "Alder", "zsecond001", "S001")
    assert release("Lead", [TAPE]) == {}


def test_a_tape_of_one_coder_has_nothing_to_release(study: Small) -> None:
    from bordin.store.allocations import Issue, issue
    from bordin.store.consensus import release, standing
    from bordin.store.tables import Session
    from bordin.store.writer import write

    Session.objects.create(id="S900", participant_id="P001")
    row = Issue("alone00001", _account("Alder"), "S900", "socialization", "Tape 300", 60)
    write(lambda t: issue(t, "Lead", [row], {"seed": 3}))
    _lock(study, "Alder", "alone00001", "S900")
    assert "Only one coder rated this tape" in release("Lead", ["alone00001"])["alone00001"]
    assert standing("alone00001") is None


def test_differences_are_counted_for_locked_tapes_alone(study: Small) -> None:
    from bordin.store.consensus import standings
    from bordin.store.double_coded import Difference, differences
    from bordin.store.record import NewFact
    from bordin.store.writer import add

    _both(study)
    rate(study, "Alder", "S002", ALDER)
    rate(study, "Birch", "S002", ALDER, lock=False)
    at = {"assignment": study.assignments["Birch", "S002"], "session": "S002", "coder": "Birch"}
    # Taken back, then given as not codable: the last counts.
    add(
        NewFact("rating", "Birch", item="socialization.resistance", **at),
        NewFact("rating", "Birch", item="socialization.resistance", reason="Not audible", **at),
    )
    rate(study, "Alder", "S003", ALDER)
    _lock(study, "Birch", study.assignments["Birch", "S002"], "S002")
    found = differences(standings())
    assert found == {
        TAPE: Difference(differ=4, of=7, most=3, uneven=0),
        "axxxxxx002": Difference(differ=1, of=7, most=0, uneven=1),
    }


def test_an_agreed_value_that_no_coder_gave_needs_a_reason(study: Small) -> None:
    from bordin.errors import DataError
    from bordin.store.consensus import Settlement, agree, shared_tape

    _both(study)
    system = _system(study)
    with pytest.raises(DataError, match="No coder gave this value"):
        agree("Lead", TAPE, system, [Settlement("understanding", 4.0)])
    with pytest.raises(DataError, match="No coder gave this value"):
        agree("Lead", TAPE, system, [Settlement("avoidance", None, "Not audible", why="  ")])
    assert _facts("agreed") == []
    agree("Lead", TAPE, system, [Settlement("resistance", 2.0)])
    agree(
        "Lead",
        TAPE,
        system,
        [Settlement("understanding", 4.0, why="44:03 answers it.", rule=" An echo is none. ")],
    )
    agree("Lead", TAPE, system, [Settlement("avoidance", None, "not_audible", why="Too low.")])
    agree("Lead", TAPE, system, [Settlement("understanding", 5.0)])
    assert _facts("agreed") == [
        ("S001", "socialization.resistance", 2.0, None),
        ("S001", "socialization.understanding", 4.0, None),
        ("S001", "socialization.avoidance", None, "Not audible"),
        ("S001", "socialization.understanding", 5.0, None),
    ]
    agreed = shared_tape(TAPE).agreed
    assert {d: (a.given.value, a.given.reason, a.why) for d, a in agreed.items()} == {
        "resistance": (2.0, None, ""),
        "understanding": (5.0, None, ""),
        "avoidance": (None, "Not audible", "Too low."),
    }


@pytest.mark.parametrize(
    ("dimension", "value", "reason", "message"),
    [
        ("understanding", 7.0, "", "outside 0-6"),
        ("understanding", 2.5, "", "not a point"),
        ("understanding", None, "", "no value was chosen"),
        ("understanding", None, "No idea", "not a declared reason"),
        ("warmth", 2.0, "", "not a dimension"),
    ],
)
def test_what_is_no_value_of_the_scale_is_refused(
    study: Small, dimension: str, value: float | None, reason: str, message: str
) -> None:
    from bordin.errors import DataError
    from bordin.store.consensus import Settlement, agree

    _both(study)
    with pytest.raises(DataError, match=message):
        agree("Lead", TAPE, _system(study), [Settlement(dimension, value, reason, why="because")])
    assert _facts("agreed") == []


def test_a_change_that_is_sent_twice_is_kept_once(study: Small) -> None:
    from bordin.store.consensus import Settlement, agree

    _both(study)
    for _ in range(2):
        agree("Lead", TAPE, _system(study), [Settlement("resistance", 2.0, change="0123-4567")])
    assert len(_facts("agreed")) == 1


def test_nothing_is_settled_while_a_tape_is_open_or_the_data_are_locked(study: Small) -> None:
    from bordin.store.consensus import NotReady, Settlement, agree, shared_tape, take_over
    from bordin.store.record import NewFact
    from bordin.store.writer import add

    rate(study, "Alder", "S001", ALDER)
    rate(study, "Birch", "S001", BIRCH, lock=False)
    system, value = _system(study), [Settlement("resistance", 2.0)]
    with pytest.raises(NotReady, match="Birch has not locked"):
        agree("Lead", TAPE, system, value)
    assert shared_tape(TAPE).sides == ()
    _lock(study, "Birch", study.assignments["Birch", "S001"], "S001")
    assert [s.coder for s in shared_tape(TAPE).sides] == ["Alder", "Birch"]
    _lock(study, "Alder", study.assignments["Alder", "S001"], "S001", kind="reopen")
    with pytest.raises(NotReady, match="Alder has not locked"):
        take_over("Lead", TAPE, system)
    _lock(study, "Alder", study.assignments["Alder", "S001"], "S001")
    add(NewFact("data lock", "Lead"))
    with pytest.raises(NotReady, match="The data are locked"):
        agree("Lead", TAPE, system, value)
    add(NewFact("data unlock", "Lead", reason="a mistake"))
    agree("Lead", TAPE, system, value)
    assert len(_facts("agreed")) == 1


def test_equal_values_are_taken_over_where_nothing_is_settled(study: Small) -> None:
    from bordin.store.consensus import Settlement, agree, standing, take_over
    from bordin.store.record import NewFact
    from bordin.store.writer import add

    rate(study, "Alder", "S001", ALDER, lock=False)
    rate(study, "Birch", "S001", BIRCH, lock=False)
    for coder in ("Alder", "Birch"):
        at = {"assignment": study.assignments[coder, "S001"], "session": "S001", "coder": coder}
        add(NewFact("rating", coder, item="socialization.active_plans", reason="Topic not raised", **at))
        _lock(study, coder, study.assignments[coder, "S001"], "S001")
    system = _system(study)
    agree("Lead", TAPE, system, [Settlement("concordance", 4.0, why="heard again")])
    assert take_over("Lead", TAPE, system) == 2
    assert _facts("agreed")[1:] == [
        ("S001", "socialization.active_plans", None, "Topic not raised"),
        ("S001", "socialization.evidence_incongruent", 2.0, None),
    ]
    assert take_over("Lead", TAPE, system) == 0
    assert standing(TAPE).settled == 3


def test_rules_for_the_manual_are_gathered_and_reasons_can_be_erased(study: Small) -> None:
    from bordin.store.consensus import Settlement, agree
    from bordin.store.double_coded import watch
    from bordin.store.tables import Erasable
    from bordin.store.verify import verify

    _both(study)
    system = _system(study)
    agree("Lead", TAPE, system, [Settlement("understanding", 4.0, why="She says it.", rule="First rule.")])
    agree("Lead", TAPE, system, [Settlement("resistance", 2.0, rule="Second rule.")])
    agree("Lead", TAPE, system, [Settlement("understanding", 4.0, why="She says it.", rule="Better rule.")])
    assert sorted((r.dimension, r.text, r.tape) for r in watch().rules()) == [
        ("resistance", "Second rule.", "Tape 101"),
        ("understanding", "Better rule.", "Tape 101"),
    ]
    assert list(Erasable.objects.values_list("participant", "text")) == [("P001", "She says it.")] * 2
    assert verify().whole


def test_a_tape_whose_ratings_were_dropped_is_gone(study: Small) -> None:
    from bordin.store.consensus import shared_tape, standings
    from bordin.store.record import NewFact
    from bordin.store.writer import add

    _both(study)
    add(NewFact("withdrawal", "Lead", item="P002", detail={"ratings": "kept"}))
    assert len(standings()) == 6
    add(NewFact("withdrawal", "Lead", item="P001", detail={"ratings": "dropped"}))
    assert [s.session for s in standings()] == ["S002", "S003", "S004", "S005", "S006"]
    assert shared_tape(TAPE) is None


def test_a_coder_sees_the_others_after_release_alone(study: Small) -> None:
    from bordin.store.consensus import release, released_tape, released_to

    alder, birch = _account("Alder"), _account("Birch")
    own, other = study.assignments["Alder", "S001"], study.assignments["Birch", "S001"]
    _both(study)
    assert released_tape(alder, own) is None
    assert released_to(alder) == []
    release("Lead", [TAPE])
    assert [(s.coder, s.ratings["understanding"].value) for s in released_tape(alder, own).sides] == [
        ("Alder", 5.0),
        ("Birch", 2.0),
    ]
    assert [s.coder for s in released_tape(birch, other).sides] == ["Birch", "Alder"]
    assert released_tape(alder, other) is None
    assert released_tape(alder, study.assignments["Alder", "S002"]) is None
    assert [(id, name) for id, name, _ in released_to(alder)] == [(own, "Tape 101")]


def test_release_hides_what_a_coder_still_has_to_rate(study: Small) -> None:
    from bordin.store.allocations import Issue, issue
    from bordin.store.consensus import release, released_tape, released_to
    from bordin.store.tables import Account
    from bordin.store.writer import write

    alder, own = _account("Alder"), study.assignments["Alder", "S001"]
    _both(study)
    release("Lead", [TAPE])
    # A coder who joins later sees nothing before the own lock, and is not seen by the others.
    cedar = Account.objects.create(username="cedar", name="Cedar", role="coder")
    late = [Issue("cxxxxxx001", cedar.id, "S001", "socialization", "Tape 501", 1)]
    write(lambda t: issue(t, "Lead", late, {"seed": 5}))
    assert released_tape(cedar.id, "cxxxxxx001") is None
    assert [s.coder for s in released_tape(alder, own).sides] == ["Alder", "Birch"]
    # A second reading under another name closes the tape for its coder until it is locked.
    _second_reading("Alder", "S001")
    assert released_tape(alder, own) is None
    assert released_to(alder) == []
    _lock(study, "Alder", "zsecond001", "S001")
    assert released_tape(alder, own) is not None
    _lock(study, "Alder", own, "S001", kind="reopen")
    assert released_tape(alder, own) is None
