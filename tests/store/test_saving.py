"""What coders give becomes facts: once each, theirs alone, refused after lock."""

from __future__ import annotations

import pytest
from made_study import DIMENSIONS, Small, rate

from postgres import database_url  # noqa: F401


def _system():
    from bordin.coding import catalog

    return catalog.load("socialization-7")


def _coder(name: str):
    from bordin.store.saving import Coder
    from bordin.store.tables import Account

    return Coder(Account.objects.get(name=name).id, name)


def _save(study: Small, *changes: dict, coder: str = "Alder", session: str = "S001"):
    from bordin.store.saving import save

    sent = [{"id": f"change-{i:03d}", **c} for i, c in enumerate(changes)]
    return save(_coder(coder), study.assignments[coder, session], _system(), sent)


def _state(study: Small, coder: str = "Alder", session: str = "S001"):
    from bordin.store.blind import own_state

    return own_state(study.assignments[coder, session])


def test_everything_a_coder_gives_is_there_again(study: Small) -> None:
    saved = _save(
        study,
        {"kind": "rating", "dimension": "concordance", "value": 5},
        {"kind": "rating", "dimension": "resistance", "value": None, "reason": "Not audible"},
        {"kind": "mark", "mark": "m1", "dimension": "concordance", "seconds": 61.25, "note": "own words"},
        {"kind": "memo", "text": "Sound drops at 22:10."},
        {"kind": "play", "start": 0, "end": 20, "speed": 1.2},
        {"kind": "play", "start": 15, "end": 40.5, "speed": 1},
    )
    assert saved.refused == []
    assert len(saved.ids) == 6
    state = _state(study)
    assert {k: (g.value, g.reason) for k, g in state.ratings.items()} == {
        "socialization.concordance": (5.0, None),
        "socialization.resistance": (None, "Not audible"),
    }
    assert [(m.id, m.seconds, m.note) for m in state.marks] == [("m1", 61.25, "own words")]
    assert state.memo == "Sound drops at 22:10."
    assert state.heard == ((0.0, 40.5),)


def test_the_last_value_counts_and_every_earlier_one_stays(study: Small) -> None:
    from bordin.store.tables import Fact

    for value in (5, 4, None):
        from bordin.store.saving import save

        change = {"id": f"value-{value}---", "kind": "rating", "dimension": "concordance", "value": value}
        save(_coder("Alder"), study.assignments["Alder", "S001"], _system(), [change])
    assert _state(study).ratings == {}
    assert [f.value for f in Fact.objects.filter(kind="rating").order_by("seq")] == [5.0, 4.0, None]


def test_a_change_that_is_sent_again_is_kept_once(study: Small) -> None:
    from bordin.store.tables import Fact

    change = {"kind": "rating", "dimension": "concordance", "value": 5}
    assert _save(study, change).ids == ["change-000"]
    assert _save(study, change).ids == ["change-000"]
    assert Fact.objects.filter(kind="rating").count() == 1
    # The same name from another coder is another change.
    assert _save(study, change, coder="Birch").ids == ["change-000"]
    assert Fact.objects.filter(kind="rating").count() == 2


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kind": "rating", "dimension": "concordance", "value": 9}, "9 is outside 0-6"),
        ({"kind": "rating", "dimension": "concordance", "value": 2.5}, "not a point"),
        ({"kind": "rating", "dimension": "warmth", "value": 2}, "'warmth' is not a dimension"),
        ({"kind": "rating", "dimension": "concordance", "value": True}, "is not a number"),
        ({"kind": "rating", "dimension": "concordance", "reason": "Bored"}, "not a declared reason"),
        ({"kind": "mark", "mark": "m", "dimension": "concordance", "seconds": -1}, "no moment"),
        ({"kind": "mark", "mark": "m", "dimension": "concordance", "seconds": "NaN"}, "no moment"),
        ({"kind": "play", "start": 9, "end": 3}, "no stretch"),
        ({"kind": "memo", "text": "x" * 20_001}, "20000 characters"),
        ({"kind": "lunch"}, "'lunch' is nothing"),
        ({"kind": "rating", "dimension": ["concordance"], "value": {}}, "is not a dimension"),
    ],
)
def test_bad_input_is_refused_with_its_reason_and_the_rest_is_kept(
    study: Small, change: dict, told: str
) -> None:
    good = {"kind": "rating", "dimension": "avoidance", "value": 1}
    saved = _save(study, change, good)
    assert saved.ids == ["change-001"]
    assert [i for i, _ in saved.refused] == ["change-000"]
    assert told in saved.refused[0][1]
    assert list(_state(study).ratings) == ["socialization.avoidance"]


def test_a_rating_belongs_to_its_coder_for_good(study: Small) -> None:
    from django.db import DatabaseError

    from bordin.store.record import NewFact
    from bordin.store.saving import NotYours, save
    from bordin.store.tables import Fact
    from bordin.store.writer import add

    change = {"id": "by-birch-1", "kind": "rating", "dimension": "concordance", "value": 0}
    with pytest.raises(NotYours):
        save(_coder("Birch"), study.assignments["Alder", "S001"], _system(), [change])
    # And not by going around the screens either.
    with pytest.raises(DatabaseError, match="belongs to its coder"):
        add(NewFact("rating", "Birch", assignment=study.assignments["Alder", "S001"], item="x", value=0))
    assert not Fact.objects.filter(kind="rating").exists()


def test_nothing_changes_after_lock(study: Small) -> None:
    from django.db import DatabaseError

    from bordin.store.record import NewFact
    from bordin.store.saving import LockedError, lock
    from bordin.store.tables import Fact
    from bordin.store.writer import add

    rate(study, "Alder", "S001", dict.fromkeys(DIMENSIONS, 3), lock=False)
    lock(_coder("Alder"), study.assignments["Alder", "S001"], _system(), heard=0.5)
    assert Fact.objects.get(kind="lock").detail == '{"heard":0.5}'
    with pytest.raises(LockedError):
        _save(study, {"kind": "rating", "dimension": "concordance", "value": 1})
    with pytest.raises(LockedError):
        lock(_coder("Alder"), study.assignments["Alder", "S001"], _system())
    with pytest.raises(DatabaseError, match="locked"):
        add(NewFact("rating", "Alder", assignment=study.assignments["Alder", "S001"], item="x", value=0))
    # What was heard afterwards is still told.
    assert _save(study, {"kind": "play", "start": 0, "end": 5}).ids == ["change-000"]
    assert _state(study).ratings["socialization.concordance"].value == 3.0
    # Reopened by the lead, it can be changed again.
    add(NewFact("reopen", "Lead", assignment=study.assignments["Alder", "S001"], reason="wrong tape"))
    assert _save(study, {"kind": "memo", "text": "again"}).ids == ["change-000"]


def test_a_tape_is_locked_only_when_every_dimension_has_a_value_or_a_reason(study: Small) -> None:
    from bordin.errors import DataError
    from bordin.store.saving import lock

    rate(study, "Alder", "S001", dict.fromkeys(DIMENSIONS[:-1], 3), lock=False)
    with pytest.raises(DataError, match="1 dimension left: Avoidance"):
        lock(_coder("Alder"), study.assignments["Alder", "S001"], _system())
    _save(study, {"kind": "rating", "dimension": "avoidance", "reason": "Not audible"})
    lock(_coder("Alder"), study.assignments["Alder", "S001"], _system())


def test_locked_data_take_no_more_ratings(study: Small) -> None:
    from bordin.store.record import NewFact
    from bordin.store.saving import LockedError
    from bordin.store.writer import add

    add(NewFact("data lock", "Lead"))
    with pytest.raises(LockedError):
        _save(study, {"kind": "memo", "text": "late"})
    add(NewFact("data unlock", "Lead", reason="one tape was forgotten"))
    assert _save(study, {"kind": "memo", "text": "in time"}).ids == ["change-000"]


def test_union_of_stretches() -> None:
    from bordin.store.blind import union

    assert union([(5, 9), (0, 3), (3.2, 4), (8, 8.5)]) == ((0, 4), (5, 9))
    assert union([]) == ()
