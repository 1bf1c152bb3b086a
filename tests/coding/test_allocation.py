"""Allocation: balance, reproducibility, order, links between coders, extensions, and what is refused."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bordin.coding.allocation.allocating import (
    Allocation,
    Plan,
    SessionToCode,
    allocate,
    balance_of,
    describe,
    extend,
    level_of,
)
from bordin.coding.allocation.draws import ALPHABET
from bordin.errors import AnalysisError

# Frozen: a change of these lines would change every allocation that a lead wants to see again.
EXPECTED = [
    ("Alder", 1, "S7", "Tape 003", "kd2due4csg", "rating"),
    ("Alder", 2, "S2", "Tape 008", "kexypv5nv3", "double"),
    ("Alder", 3, "S3", "Tape 005", "xbvdzzhmrq", "rating"),
    ("Alder", 4, "S5", "Tape 001", "533geu3bj3", "rating"),
    ("Alder", 5, "S8", "Tape 002", "ztu2u438z5", "rating"),
    ("Birch", 1, "S5", "Tape 001", "yxfyz74jzw", "double"),
    ("Birch", 2, "S4", "Tape 006", "xgkkhrpefc", "rating"),
    ("Birch", 3, "S2", "Tape 008", "bpa8ketz29", "rating"),
    ("Birch", 4, "S6", "Tape 007", "zyu5q5h75h", "rating"),
    ("Birch", 5, "S1", "Tape 004", "bnjy6j7r8k", "rating"),
]


def sessions_of(n: int, people: int, therapists: int = 4, seed: int = 1) -> list[SessionToCode]:
    """Make sessions of participants who each have an arm and a therapist."""
    draw = random.Random(seed)
    whose = [(draw.choice("AB"), f"T{draw.randrange(therapists)}") for _ in range(people)]
    return [
        SessionToCode(
            f"S{i:05d}", f"P{i % people:04d}", dict(zip(("arm", "therapist"), whose[i % people], strict=True))
        )
        for i in range(n)
    ]


def named(n: int) -> list[str]:
    return [f"C{i:02d}" for i in range(n)]


def spread(counts: dict[str, int]) -> int:
    return max(counts.values()) - min(counts.values())


def readings(allocation: Allocation, *purposes: str) -> Counter[str]:
    return Counter(a.session for a in allocation.standing() if a.purpose in purposes)


# ---------------------------------------------------------------- the same again


def test_a_small_allocation_is_always_this_one():
    sessions = [
        SessionToCode(f"S{i}", f"P{(i + 1) // 2}", {"arm": "A" if i < 5 else "B"}) for i in range(1, 9)
    ]
    made = allocate(sessions, ["Birch", "Alder"], Plan(coders=1, double=2, balance=("arm",)), seed=7)
    found = [(a.coder, a.position, a.session, a.name, a.id, a.purpose) for a in made.assignments]
    assert found == EXPECTED
    assert made.notes == ()


def test_neither_the_order_of_what_is_given_nor_the_run_matters():
    sessions, coders = sessions_of(40, 12), named(4)
    plan = Plan(1, 0.2, ("arm", "therapist"), calibration=("S00003",), repeat=0.1, share={"C01": 0.5})
    one = allocate(sessions, coders, plan, 5)
    mixed = random.Random(0)
    mixed.shuffle(sessions)
    mixed.shuffle(coders)
    backward = [replace(s, factors=dict(reversed(s.factors.items()))) for s in sessions]
    assert allocate(backward, coders, plan, 5) == one
    assert allocate(sessions, coders, plan, 6).assignments != one.assignments


def test_ids_and_names_tell_nothing():
    made = allocate(
        sessions_of(60, 20), named(3), Plan(1, 0.2, repeat=0.2, calibration=("S00000", "S00001")), 3
    )
    ids = [a.id for a in made.assignments]
    assert len(set(ids)) == len(ids)
    assert all(len(i) == 10 and set(i) <= set(ALPHABET) for i in ids)
    assert not set("01ilo") & set(ALPHABET)
    first = {(a.session, a.name) for a in made.assignments if a.reading == 1}
    assert len(first) == 60
    assert len({name for _, name in first}) == 60
    again = [a for a in made.assignments if a.reading == 2]
    assert len(again) == 15  # a fifth of 23 or 24 tapes of each coder
    assert not {a.name for a in again} & {name for _, name in first}
    assert {a.name for a in made.assignments} == {f"Tape {i:03d}" for i in range(1, 76)}
    # Numbers are not in the order of the sessions: as many pairs stand this way as that.
    numbers = [int(name[5:]) for _, name in sorted(first)]
    rising = sum(a < b for i, a in enumerate(numbers) for b in numbers[i + 1 :]) / (60 * 59 / 2)
    assert 0.3 < rising < 0.7


# ---------------------------------------------------------------- balance


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(6, 90),
    people=st.integers(3, 30),
    coders=st.integers(2, 7),
    double=st.sampled_from([0, 0.1, 0.25, 0.5, 1.0]),
    seed=st.integers(0, 2**63),
)
def test_random_designs_are_balanced(n, people, coders, double, seed):
    made = allocate(
        sessions_of(n, people, seed=n), named(coders), Plan(1, double, ("arm", "therapist")), seed
    )
    found = balance_of(made)
    assert spread(found.tapes) <= 1
    for levels in found.levels.values():
        for counts in levels.values():
            assert spread(counts) <= 2
    each = readings(made, "rating", "double")
    n_double = int(double * n + 0.5)
    assert sorted(each.values()) == [1] * (n - n_double) + [2] * n_double
    shared = Counter(a.coder for a in made.assignments if each[a.session] == 2)
    assert max(shared.values(), default=0) - min((shared[c] for c in made.coders), default=0) <= 1
    pairs = found.pairs.values()
    assert max(pairs) - min(pairs) <= 1
    if n_double >= coders - 1:
        assert found.linked
        assert made.notes == () or all("in a row" in note for note in made.notes)
    for coder in made.coders:
        assert [a.position for a in made.of(coder)] == list(range(1, found.tapes[coder] + 1))


@settings(max_examples=25, deadline=None)
@given(n=st.integers(8, 60), coders=st.integers(3, 6), k=st.integers(2, 3), seed=st.integers(0, 10**9))
def test_several_coders_a_session_meet_equally_often(n, coders, k, seed):
    made = allocate(sessions_of(n, 10), named(coders), Plan(k, 0, ("arm",)), seed)
    found = balance_of(made)
    assert set(readings(made, "rating").values()) == {k}
    assert len({(a.session, a.coder) for a in made.assignments}) == len(made.assignments) == n * k
    assert spread(found.tapes) <= 1
    assert max(found.pairs.values()) - min(found.pairs.values()) <= 2
    assert found.linked


def test_one_factor_is_balanced_to_one():
    for seed in range(30):
        made = allocate(sessions_of(47, 47, seed=seed), named(5), Plan(1, 0.3, ("therapist",)), seed)
        assert max(spread(c) for c in balance_of(made).levels["therapist"].values()) == 1


def test_as_few_double_coded_sessions_as_can_link_all_coders_do():
    for n in range(2, 12):
        for seed in range(6):
            made = allocate(sessions_of(60, 30), named(n), Plan(1, n - 1), seed)
            assert balance_of(made).linked, (n, seed)
            assert made.notes == ()


def test_too_few_shared_sessions_are_told_with_the_number_needed():
    made = allocate(sessions_of(60, 30), named(6), Plan(1, 3), 1)
    assert not balance_of(made).linked
    assert made.notes == (
        "Not every coder is linked to every other, so reliability among all 6 coders cannot be estimated. "
        "Name calibration sessions, or code at least 5 sessions once more: double = 5.",
    )
    assert "No session is rated by two coders" in allocate(sessions_of(9, 9), named(2), Plan(1), 1).notes[0]
    assert allocate(sessions_of(60, 30), named(6), Plan(1, 0, calibration=("S00001",)), 1).notes == ()


def test_double_coded_sessions_come_from_all_strata_alike():
    sessions = sessions_of(200, 200, therapists=5)
    made = allocate(sessions, named(4), Plan(1, 0.2, ("arm", "therapist")), 11)
    twice = {s for s, n in readings(made, "rating", "double").items() if n == 2}
    strata = Counter((s.factors["arm"], s.factors["therapist"]) for s in sessions)
    drawn = Counter((s.factors["arm"], s.factors["therapist"]) for s in sessions if s.id in twice)
    assert len(twice) == 40
    assert all(abs(drawn[stratum] - n / 5) < 1 for stratum, n in strata.items())


def test_shares_and_capacities_are_kept():
    sessions = sessions_of(90, 45)
    half = balance_of(allocate(sessions, named(3), Plan(1, share={"C00": 0.5}), 1))
    assert half.tapes == {"C00": 18, "C01": 36, "C02": 36}
    plan = Plan(1, 0.2, calibration=("S00000", "S00001"), repeat=0.1, capacity={"C00": 20})
    full = balance_of(allocate(sessions, named(3), plan, 1))
    assert full.tapes["C00"] == 20
    assert abs(full.tapes["C01"] - full.tapes["C02"]) <= 1
    assert sum(full.tapes.values()) == 88 + 18 + 6 + sum(p.get("repeat", 0) for p in full.purposes.values())


def test_coders_of_unequal_capacity_still_get_different_sessions():
    made = allocate(sessions_of(10, 10), named(3), Plan(2, capacity={"C00": 5, "C01": 5}), 1)
    assert balance_of(made).tapes == {"C00": 5, "C01": 5, "C02": 10}
    assert set(readings(made, "rating").values()) == {2}


# ---------------------------------------------------------------- order


def in_a_row(allocation: Allocation) -> int:
    people = {s.id: s.participant for s in allocation.sessions}
    found = 0
    for coder in allocation.coders:
        who = [people[a.session] for a in allocation.of(coder)]
        found += sum(a == b for a, b in pairwise(who))
    return found


@settings(max_examples=40, deadline=None)
@given(
    people=st.integers(3, 9),
    each=st.integers(2, 8),
    coders=st.integers(1, 4),
    seed=st.integers(0, 10**9),
    repeat=st.sampled_from([0, 0.1, 2]),
)
def test_no_participant_twice_in_a_row(people, each, coders, seed, repeat):
    sessions = sessions_of(people * each, people)
    plan = Plan(1, 0, ("arm",), calibration=("S00000", "S00004"), calibration_every=4, repeat=repeat)
    made = allocate(sessions, named(coders), plan, seed)
    told = [note for note in made.notes if "in a row" in note]
    assert in_a_row(made) == sum(balance_of(made).in_a_row.values())
    assert bool(in_a_row(made)) == bool(told)
    whose = {s.id: s.participant for s in sessions}
    heard = {c: Counter(whose[a.session] for a in made.of(c)) for c in made.coders}
    busiest = max(max(n.values()) / sum(n.values()) for n in heard.values())
    if busiest < 0.4:
        assert told == []


def test_the_tightest_order_is_found():
    sessions = [SessionToCode(f"S{i}", "P1" if i < 5 else f"P{i}") for i in range(9)]
    for seed in range(20):
        made = allocate(sessions, ["C"], Plan(1), seed)
        assert in_a_row(made) == 0
    sessions = [SessionToCode(f"S{i}", "P1" if i < 6 else f"P{i}") for i in range(9)]
    made = allocate(sessions, ["C"], Plan(1), 3)
    assert in_a_row(made) == 2
    assert made.notes == (
        "C hears two tapes of one participant in a row 2 times: too many of the tapes are of one participant.",
    )


def test_each_coder_has_an_order_of_their_own():
    made = allocate(sessions_of(30, 15), named(3), Plan(3), 2)
    orders = {tuple(a.session for a in made.of(c)) for c in made.coders}
    assert len(orders) == 3
    assert tuple(s.id for s in made.sessions) not in orders


def test_every_place_in_the_order_is_as_likely():
    first = Counter(
        allocate(sessions_of(6, 6), ["C"], Plan(1), seed).of("C")[0].session for seed in range(1200)
    )
    # 200 expected each; chi-squared with 5 degrees of freedom stays below 20.5 in 999 of 1,000 cases.
    assert sum((n - 200) ** 2 / 200 for n in first.values()) < 20.5


def test_calibration_tapes_are_sown_in_and_come_to_all_at_about_the_same_time():
    calibration = tuple(f"S{i:05d}" for i in (3, 17, 40, 60))
    made = allocate(sessions_of(124, 40), named(3), Plan(1, 0, (), calibration, 10), 4)
    orders = []
    for coder in made.coders:
        mine = made.of(coder)
        places = [a.position for a in mine if a.purpose == "calibration"]
        assert all(11 * i < p <= 11 * (i + 1) for i, p in enumerate(places))
        orders.append([a.session for a in mine if a.purpose == "calibration"])
    assert orders[0] == orders[1] == orders[2]
    assert sorted(orders[0]) == sorted(calibration)
    assert readings(made, "rating") == Counter(s.id for s in made.sessions if s.id not in calibration)


def test_second_readings_come_late_and_far_from_the_first():
    made = allocate(sessions_of(80, 30), named(2), Plan(1, 0.2, repeat=5), 9)
    for coder in made.coders:
        mine = made.of(coder)
        place = {(a.session, a.reading): a.position for a in mine}
        again = [a for a in mine if a.reading == 2]
        assert len(again) == 5
        assert all(a.purpose == "repeat" for a in again)
        for a in again:
            assert a.position - place[a.session, 1] >= len(mine) // 3
            assert a.position > len(mine) / 2


def test_practice_comes_first_in_its_own_order_and_is_no_rating():
    made = allocate(sessions_of(20, 10), named(2), Plan(1, 2, practice=("S00009", "S00002")), 1)
    for coder in made.coders:
        first = made.of(coder)[:2]
        assert [(a.session, a.name, a.purpose) for a in first] == [
            ("S00009", "Practice 1", "practice"),
            ("S00002", "Practice 2", "practice"),
        ]
    assert not {"S00009", "S00002"} & set(readings(made, "rating", "double", "repeat"))


# ---------------------------------------------------------------- extending


def test_new_sessions_leave_what_was_issued_alone():
    sessions = sessions_of(60, 20)
    plan = Plan(1, 0.2, ("arm", "therapist"), calibration=("S00001",), repeat=0.1)
    made = allocate(sessions[:40], named(4), plan, 3)
    more = extend(made, sessions[40:])
    assert more.assignments[: len(made.assignments)] == made.assignments
    assert more == extend(made, reversed(sessions[40:]))
    assert len({a.id for a in more.assignments}) == len(more.assignments)
    assert spread(balance_of(more).tapes) <= 2
    assert in_a_row(more) == 0
    assert sorted(readings(more, "rating", "double").values()) == [1] * 47 + [2] * 12
    names = {(a.session, a.reading, a.coder if a.reading > 1 else ""): a.name for a in more.assignments}
    assert len(set(names.values())) == len(names)
    for coder in more.coders:
        assert [a.position for a in more.of(coder)] == list(range(1, len(more.of(coder)) + 1))


def test_many_small_extensions_stay_balanced():
    sessions = sessions_of(60, 20)
    made = allocate(sessions[:6], named(4), Plan(1, 0, ("arm", "therapist")), 3)
    for start in range(6, 60, 3):
        made = extend(made, sessions[start : start + 3])
    found = balance_of(made)
    assert spread(found.tapes) <= 1
    assert max(spread(c) for levels in found.levels.values() for c in levels.values()) <= 3
    assert made.part == 18


def test_the_work_of_a_coder_who_left_goes_to_others():
    sessions = sessions_of(60, 20)
    made = allocate(sessions, named(4), Plan(1, 0.25, ("arm",), repeat=1), 3)
    mine = made.of("C02")
    done = {a.id for a in mine[:7]}
    after = extend(made, left=["C02"], done=done)
    assert after.assignments[: len(made.assignments)] == made.assignments
    assert set(after.withdrawn) == {a.id for a in mine[7:]}
    assert after.coders == ("C00", "C01", "C03")
    assert readings(after, "rating") == readings(made, "rating")
    assert readings(after, "double") == readings(made, "double")
    assert len({(a.session, a.coder, a.reading) for a in after.standing()}) == len(after.standing())
    assert spread(balance_of(after).tapes) <= 1
    # A session keeps its name.
    assert {(a.session, a.name) for a in after.assignments if a.reading == 1} == {
        (a.session, a.name) for a in made.assignments if a.reading == 1
    }


def test_a_new_coder_gets_calibration_and_a_share_of_what_is_new():
    sessions = sessions_of(80, 40)
    made = allocate(
        sessions[:40], named(2), Plan(1, 0.2, calibration=("S00001", "S00002"), practice=("S00003",)), 3
    )
    after = extend(made, sessions[40:], joined=["New"])
    found = balance_of(after)
    assert found.purposes["New"]["calibration"] == 2
    assert found.purposes["New"]["practice"] == 1
    assert 14 <= found.purposes["New"]["rating"] + found.purposes["New"].get("double", 0) <= 18
    assert found.linked
    assert after.of("New")[0].name == "Practice 1"


def test_a_reading_that_nobody_can_take_over_is_told():
    made = allocate(sessions_of(5, 5), named(2), Plan(1, 1.0), 1)
    with pytest.raises(AnalysisError, match="all 1 coders rate every session already"):
        extend(made, left=["C01"])
    fixed = allocate(sessions_of(5, 5), named(2), Plan(1, 5), 1)
    lone = extend(fixed, left=["C01"])
    assert len(lone.notes) == 5
    assert "Nobody is left for a reading of session S0000" in lone.notes[0]
    assert "Add a coder" in lone.notes[0]


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"left": ["Nobody"]}, "there is no coder 'Nobody' who could leave"),
        ({"joined": ["C01"]}, "'C01' codes or coded already. Give a new coder another name"),
        ({"done": ["xxxxxxxxxx"]}, "'xxxxxxxxxx' is no assignment of this allocation"),
        ({"sessions": [SessionToCode("S00001", "P")]}, "the session 'S00001' is given twice"),
        ({"left": ["C00", "C01", "C02"]}, "there is no coder. Add coders first"),
    ],
)
def test_an_extension_that_cannot_be_is_refused(keywords, words):
    made = allocate(sessions_of(9, 9), named(3), Plan(1, 2), 1)
    with pytest.raises(AnalysisError, match=words):
        extend(made, keywords.pop("sessions", ()), **keywords)


# ---------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("plan", "parts"),
    [
        (Plan(4), ["allocation.coders: 4 coders", "only 3", "Add coders, or ask for 3"]),
        (Plan(0), ["0 coders cannot rate a session", "Ask for 1 or more"]),
        (Plan(1, 1.5), ["allocation.double: 1.5", "Write 0.2 for a fifth"]),
        (Plan(1, -1), ["allocation.double: -1"]),
        (Plan(1, float("nan")), ["allocation.double: nan"]),
        (Plan(1, 30), ["30 sessions are to be coded once more, but there are only 20"]),
        (Plan(3, 0.2), ["all 3 coders rate every session already", "add a coder"]),
        (Plan(1, calibration=("S0001",)), ["there is no session 'S0001'", "Did you mean 'S00"]),
        (Plan(1, calibration=("S00001", "S00001")), ["'S00001' stands twice"]),
        (Plan(1, calibration=("S00001",), practice=("S00001",)), ["cannot be practice and calibration"]),
        (Plan(1, calibration_every=5), ["no calibration session", "calibration = ["]),
        (Plan(1, calibration=("S00001",), calibration_every=0), ["0 is no interval"]),
        (Plan(1, repeat=2.5), ["allocation.repeat: 2.5"]),
        (Plan(1, balance=("arms",)), ["20 of 20 sessions have no 'arms'", "Did you mean 'arm'?"]),
        (Plan(1, share={"C9": 1.0}), ["there is no coder 'C9'"]),
        (Plan(1, share={"C01": 0.0}), ["C01: 0.0 is no share"]),
        (Plan(1, capacity={"C01": -1}), ["C01: -1 is below 0"]),
        (
            Plan(1, capacity=dict.fromkeys(named(3), 5)),
            ["needs 20 readings", "can take 15", "Raise capacities"],
        ),
        (Plan(2, capacity={"C00": 1, "C01": 1}), ["needs 40 readings"]),
    ],
)
def test_what_cannot_be_planned_is_refused_with_the_next_step(plan, parts):
    with pytest.raises(AnalysisError) as caught:
        allocate(sessions_of(20, 10), named(3), plan, 1)
    for part in parts:
        assert part in str(caught.value)


def test_all_faults_are_told_at_once():
    with pytest.raises(AnalysisError) as caught:
        allocate([], ["A", "A"], Plan(3, 2.0), -1)
    assert [p.message.split(".")[0] for p in caught.value.problems] == [
        "there is no session to allocate",
        "the coder 'A' is given twice",
        "3 coders are to rate each session, but there are only 2",
        "2",
        "-1 is below 0",
    ]


# ---------------------------------------------------------------- in words, and fast


def test_the_methods_section():
    plan = Plan(1, 0.25, ("arm", "therapist"), ("S00001", "S00002"), 10, 2, ("S00003",))
    text = describe(allocate(sessions_of(43, 20), named(3), plan, 17))
    assert text == (
        "43 sessions of 20 participants were allocated at random to 3 coders (seed 17), balanced on arm and "
        "therapist. Each of 40 sessions was rated by one coder; 10 of them, drawn at random, by one coder more, "
        "without any coder knowing which. 2 further sessions for calibration were rated by every coder, sown in "
        "among the others, about one in every 10 tapes. 6 tapes were rated a second time by the same coder under "
        "another name. 1 session served for practice. Each coder had an order of their own, drawn at random, in "
        "which no two tapes of one participant followed each other."
    )


@pytest.mark.parametrize(
    ("value", "cuts", "level"),
    [
        (3, (4, 12), "4 or less"),
        ("4", (4, 12), "4 or less"),
        (5.0, (4, 12), "above 4 to 12"),
        (13, (4, 12), "above 12"),
        (None, (4,), "not given"),
        (" ", (), "not given"),
        (7.0, (), "7"),
        ("A", (4,), "A"),
    ],
)
def test_levels(value, cuts, level):
    assert level_of(value, cuts) == level


def test_ten_thousand_sessions_and_fifty_coders_take_seconds():
    sessions = sessions_of(10_000, 2_000, therapists=40)
    plan = Plan(1, 0.2, ("arm", "therapist"), tuple(f"S{i:05d}" for i in range(5)), 40, 0.05)
    begin = time.process_time()
    made = allocate(sessions, named(50), plan, 1)
    assert time.process_time() - begin < 15  # about 3 s on an idle core
    found = balance_of(made)
    assert spread(found.tapes) <= 1
    assert max(spread(c) for levels in found.levels.values() for c in levels.values()) <= 2
    assert max(found.pairs.values()) - min(found.pairs.values()) <= 1
    assert sum(found.in_a_row.values()) == 0
    assert made.notes == ()
