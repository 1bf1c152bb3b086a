"""From codes to session values: counts by hand for every kind of code, guards, and derived scores."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bordin.coding.catalog import load
from bordin.coding.combine import CombinationRule, combine
from bordin.coding.rating import Code, Rating
from bordin.coding.summary import derive, summarize
from bordin.coding.system import CodingSystem
from bordin.errors import DataError
from bordin.missing import Missing

SystemMaker = Callable[..., CodingSystem]


def marks(text: str, session: str = "S01", coder: str = "alder") -> list[Code]:
    """Make one code per word of `text`; the case of its speaker is told by the code system."""
    return [
        Code(session, coder, f"u{i}", None, None, "", word) for i, word in enumerate(text.split(), start=1)
    ]


def values(ratings: list[Rating]) -> dict[str, float | Missing]:
    return {r.dimension: r.value for r in ratings}


def reasons(ratings: list[Rating]) -> dict[str, str]:
    return {r.dimension: r.reason for r in ratings if r.reason}


def test_a_session_of_utterances_by_hand() -> None:
    found = summarize(load("misc-like"), marks("Other Q N R Q C R C S MICO R N C MIIN S C"), {"S01": 8.0})
    mine = values(found)
    counts = {"R": 3, "Q": 2, "MICO": 1, "MIIN": 1, "Other": 1, "C": 4, "S": 2, "N": 2}
    assert {k: mine[k] for k in counts} == counts
    assert mine["proportion_C"] == 4 / 8
    assert mine["proportion_R"] == 3 / 8
    assert mine["rate_C"] == 4 / 8.0
    assert mine["share_consistent"] == 1 / 2
    assert mine["reflections_to_questions"] == 3 / 2
    assert mine["change_to_sustain"] == 2
    assert mine["share_change_talk"] == 4 / 6
    assert {r.manual_version for r in found} == {"1.0"}
    assert set(mine) == {v.id for v in load("misc-like").variables()}


def test_an_empty_denominator_has_no_value_and_a_reason() -> None:
    found = summarize(load("misc-like"), marks("R R C C"))
    mine, why = values(found), reasons(found)
    assert mine["reflections_to_questions"] is Missing.NOT_APPLICABLE
    assert why["reflections_to_questions"] == "no question was asked"
    assert why["change_to_sustain"] == "no sustain talk was heard"
    assert mine["share_change_talk"] == 1
    assert mine["rate_R"] is Missing.NOT_RECORDED
    assert why["rate_R"] == "the length of the session is not known"


def test_zero_differs_from_a_speaker_who_was_never_coded() -> None:
    found = summarize(load("misc-like"), marks("C C N"))
    mine, why = values(found), reasons(found)
    assert mine["S"] == 0
    assert mine["Q"] is Missing.NOT_RECORDED
    assert why["Q"] == "nothing was coded for therapist utterances"
    assert mine["reflections_to_questions"] is Missing.NOT_RECORDED
    assert why["reflections_to_questions"] == "R: not recorded"


def test_coders_and_sessions_are_kept_apart_and_combined_by_rule() -> None:
    codes = [*marks("C C S"), *marks("C S S", coder="birch"), *marks("C", session="S02")]
    found = summarize(load("misc-like"), codes)
    by = {(r.session, r.coder, r.dimension): r.value for r in found}
    assert (by["S01", "alder", "C"], by["S01", "birch", "C"], by["S02", "alder", "C"]) == (2, 1, 1)
    combined = {(c.session, c.dimension): c for c in combine(found, CombinationRule("mean"))}
    assert (combined["S01", "C"].value, combined["S01", "C"].n_coders) == (1.5, 2)
    assert combined["S01", "change_to_sustain"].value == (2 + 0.5) / 2
    assert combined["S02", "C"].n_coders == 1


TALLY = """
[[code_types]]
id = "acts"
name = "acts"
kind = "count"
codes = [
  {id = "praise", name = "Praise", definition = "x"},
  {id = "blame", name = "Blame", definition = "x", pole = -1},
]
[[derived]]
id = "praise_rate"
name = "Praise in ten minutes"
formula = "10 * praise / minutes"
[[derived]]
id = "log_free_share"
name = "Share"
formula = "praise / (praise + blame)"
empty = "neither was heard"
"""


def test_tallies_add_up_with_or_without_a_number(own: SystemMaker) -> None:
    system = own(TALLY, unit="event")
    codes = [
        Code("S01", "alder", "", None, None, "", "praise", value=3),
        Code("S01", "alder", "", 12.0, None, "", "praise"),
        Code("S01", "alder", "", 40.0, None, "", "blame", value=0),
    ]
    mine = values(summarize(system, codes, {"S01": 20}))
    assert (mine["praise"], mine["blame"], mine["proportion_praise"], mine["rate_praise"]) == (4, 0, 1, 0.2)
    assert (mine["praise_rate"], mine["log_free_share"]) == (2, 1)


def test_a_session_without_a_mark_counts_zero_only_when_it_is_known_to_be_coded(own: SystemMaker) -> None:
    system = own(TALLY, unit="event")
    assert summarize(system, []) == []
    found = summarize(system, [], {"S09": 10}, coded=[("S09", "alder")])
    mine, why = values(found), reasons(found)
    assert (mine["praise"], mine["rate_praise"], mine["praise_rate"]) == (0, 0, 0)
    assert why == {
        "proportion_praise": "no unit has a code of acts",
        "proportion_blame": "no unit has a code of acts",
        "log_free_share": "neither was heard",
    }


def test_a_session_length_must_be_above_zero(own: SystemMaker) -> None:
    with pytest.raises(DataError, match="session S01: a length of 0 minutes"):
        summarize(own(TALLY), [], {"S01": 0})


def test_labels_share_units_and_binary_marks_give_the_share_of_intervals(own: SystemMaker) -> None:
    system = own(
        """
[[code_types]]
id = "ruptures"
name = "rupture markers"
kind = "multi-label"
codes = [
  {id = "withdraw", name = "Withdrawal", definition = "x"},
  {id = "confront", name = "Confrontation", definition = "x"},
]
[[code_types]]
id = "present"
name = "technique present"
kind = "binary"
codes = [{id = "agenda", name = "Agenda", definition = "x"}]
""",
        unit="interval",
        more="seconds = 300",
    )
    codes = [
        Code("S01", "alder", "1", 0, 300, "", "withdraw"),
        Code("S01", "alder", "1", 0, 300, "", "confront"),
        Code("S01", "alder", "3", 600, 900, "", "withdraw"),
        *(
            Code("S01", "alder", str(i), None, None, "", "agenda", value=v)
            for i, v in enumerate((1, 0, 0, 1, 0))
        ),
    ]
    mine = values(summarize(system, codes))
    assert (mine["withdraw"], mine["proportion_withdraw"], mine["proportion_confront"]) == (2, 1, 0.5)
    assert (mine["agenda"], mine["proportion_agenda"]) == (2, 0.4)


def test_stages_have_a_mode_and_a_peak(own: SystemMaker) -> None:
    system = own(
        """
[[code_types]]
id = "depth"
name = "depth of experiencing"
kind = "stage"
low = 1
high = 7
codes = [{id = "stage", name = "Stage", definition = "x"}]
[[code_types]]
id = "mood"
name = "mood line"
kind = "visual analog"
low = 0
high = 100
codes = [{id = "mood_now", name = "Mood", definition = "x"}]
[[code_types]]
id = "memo"
name = "memos"
kind = "text"
codes = [{id = "note", name = "Note", definition = "x"}]
""",
        unit="passage",
    )
    codes = [
        Code("S01", "a", str(i), None, None, "", "stage", value=v) for i, v in enumerate((2, 3, 3, 2, 5))
    ]
    codes += [
        Code("S01", "a", str(i), None, None, "", "mood_now", value=v) for i, v in enumerate((10.5, 20.0))
    ]
    codes += [Code("S01", "a", "1", 3.0, None, "", "note", text="laughs")]
    mine = values(summarize(system, codes))
    assert mine == {
        "stage_mode": 2,
        "stage_peak": 5,
        "mood_now_mean": 15.25,
        "note": 1,
        "rate_note": Missing.NOT_RECORDED,
    }
    assert {v.id for v in system.variables()} == set(mine)
    unheard = values(summarize(system, [], coded=[("S02", "a")]))
    assert unheard["stage_peak"] is unheard["mood_now_mean"] is Missing.NOT_RECORDED


Q_SORT = """
[[code_types]]
id = "sort"
name = "the sort"
kind = "q-sort"
low = 1
high = 3
piles = [1, 2, 1]
codes = [
  {id = "q1", name = "1", definition = "x"},
  {id = "q2", name = "2", definition = "x"},
  {id = "q3", name = "3", definition = "x"},
  {id = "q4", name = "4", definition = "x"},
]
"""


def test_a_q_sort_gives_each_item_its_pile(own: SystemMaker) -> None:
    codes = [
        Code("S01", "a", "", None, None, "", q, value=v)
        for q, v in (("q1", 2), ("q2", 1), ("q3", 3), ("q4", 2))
    ]
    assert values(summarize(own(Q_SORT), codes)) == {"q1": 2, "q2": 1, "q3": 3, "q4": 2}


def test_derived_scores_from_ratings_per_coder() -> None:
    system = load("cts-r-like")
    ratings = [Rating("S01", "alder", d.id, 3.5, "1.0") for d in system.dimensions]
    ratings += [Rating("S01", "birch", d.id, 2.0, "1.0") for d in system.dimensions[:11]]
    first, second = derive(system, ratings)
    assert (first.coder, first.dimension, first.value) == ("alder", "total", 42)
    assert (second.coder, second.value, second.reason) == (
        "birch",
        Missing.NOT_RECORDED,
        "homework: not recorded",
    )


def test_a_score_is_designated_as_its_ratings_are() -> None:
    system = load("cts-r-like")
    ratings = [Rating("S01", "alder", d.id, 3.0, designated=True, member="m") for d in system.dimensions]
    ratings += [Rating("S01", "birch", d.id, 2.0, designated=False, member="m") for d in system.dimensions]
    scores = derive(system, ratings)
    assert [(r.coder, r.value, r.designated, r.member) for r in scores] == [
        ("alder", 36, True, "m"),
        ("birch", 24, False, "m"),
    ]
    [total] = combine(scores, CombinationRule("designated"))
    assert (total.value, total.coders) == (36, ("alder",))
    with pytest.raises(DataError, match="stands twice"):
        derive(system, [*ratings, ratings[0]])


def test_scores_of_codes_and_of_ratings_do_not_repeat_each_other() -> None:
    system = load("miti-like")
    ratings = [Rating("S01", "a", d.id, 4.0, "1.0") for d in system.dimensions]
    assert values(derive(system, ratings)) == {"technical": 4, "relational": 4}
    summed = values(summarize(system, [Code("S01", "a", "1", None, None, "", "question")]))
    assert {"technical", "relational"} & set(summed) == set()
    assert (summed["adherent"], summed["reflections_to_questions"]) == (0, 0)


def test_a_closed_gate_names_session_and_coder(own: SystemMaker) -> None:
    system = own(
        """
[scale]
low = 0
high = 6
[[dimensions]]
id = "used"
name = "Used"
[[dimensions]]
id = "skill"
name = "Skill"
only_if = "used >= 1"
[[derived]]
id = "both"
name = "Both"
formula = "used + skill"
"""
    )
    good = [
        Rating("S01", "a", "used", 0.0),
        Rating("S02", "a", "used", 2.0),
        Rating("S02", "a", "skill", 3.0),
    ]
    assert [(r.session, r.value) for r in derive(system, good)] == [
        ("S01", Missing.NOT_APPLICABLE),
        ("S02", 5),
    ]
    with pytest.raises(
        DataError, match="skill: session S01, coder a: 3 was given, but it is rated only if used >= 1"
    ):
        derive(system, [Rating("S01", "a", "used", 0.0), Rating("S01", "a", "skill", 3.0)])


@given(
    st.lists(st.sampled_from(["R", "Q", "MICO", "MIIN", "Other", "C", "S", "N"]), max_size=60), st.randoms()
)
def test_counts_add_up_and_do_not_depend_on_order(words: list[str], random: Random) -> None:
    system = load("misc-like")
    codes = marks(" ".join(words))
    found = values(summarize(system, codes, coded=[("S01", "alder")]))
    for kind in system.code_types:
        ids = [c.id for c in kind.codes]
        total = sum(w in ids for w in words)
        if total:
            assert sum(float(found[i]) for i in ids) == total
            assert sum(float(found[f"proportion_{i}"]) for i in ids) == pytest.approx(1)
        else:
            assert {found[i] for i in ids} == {Missing.NOT_RECORDED}
    random.shuffle(codes)
    assert values(summarize(system, codes, coded=[("S01", "alder")])) == found
