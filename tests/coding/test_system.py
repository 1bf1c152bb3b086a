"""What a coding system must be able to say: facets, gates, thresholds, poles, speakers, every code type."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bordin.coding.catalog import load
from bordin.coding.formula import Absent
from bordin.coding.system import CodingSystem, Target
from bordin.errors import DataError
from bordin.missing import Missing

SystemMaker = Callable[..., CodingSystem]

SKILL_IF_PRESENT = """
[scale]
low = 1
high = 7
[[facets]]
id = "frequency"
name = "frequency"
[[facets]]
id = "skill"
name = "skill"
only_if = "{item}_frequency > 1"
[[dimensions]]
id = "agenda"
name = "Agenda"
facets = ["frequency", "skill"]
[[dimensions]]
id = "homework"
name = "Homework"
facets = ["frequency", "skill"]
[[derived]]
id = "frequency"
name = "Frequency"
formula = "mean(agenda_frequency, homework_frequency)"
"""


def test_two_facets_an_item_and_skill_only_where_the_act_was_present(own: SystemMaker) -> None:
    system = own(SKILL_IF_PRESENT, target="therapist")
    assert [d.id for d in system.dimensions] == [
        "agenda_frequency",
        "agenda_skill",
        "homework_frequency",
        "homework_skill",
    ]
    skill = system.dimension("agenda_skill")
    assert (skill.name, skill.item, skill.facet, skill.target) == (
        "Agenda, skill",
        "agenda",
        "skill",
        "therapist",
    )
    given = {"agenda_frequency": 1.0, "homework_frequency": 3.0, "homework_skill": 5.0}
    assert system.gate(given) == {**given, "agenda_skill": Missing.NOT_APPLICABLE}
    assert system.derive(given) == {"frequency": 2}


def test_a_rating_behind_a_closed_gate_is_refused(own: SystemMaker) -> None:
    system = own(SKILL_IF_PRESENT)
    with pytest.raises(
        DataError, match=r"agenda_skill: 4 was given, but it is rated only if agenda_frequency > 1"
    ):
        system.gate({"agenda_frequency": 1.0, "agenda_skill": 4.0})
    undecided = {"agenda_frequency": Missing.NOT_CODABLE, "agenda_skill": 4.0}
    assert system.gate(undecided)["agenda_skill"] == 4


@pytest.mark.parametrize(
    ("ratings", "plain", "strict"),
    [([3.0] * 12, True, True), ([2.5] * 12, False, False), ([6.0] * 6 + [1.5] + [4.0] * 5, True, False)],
)
def test_threshold_rules_and_their_conjunction(ratings: list[float], plain: bool, strict: bool) -> None:
    system = load("cts-r-like")
    values = dict(zip((d.id for d in system.dimensions), ratings, strict=True))
    assert system.decide(values) == {"competent": plain, "competent_every_item": strict}


def test_a_missing_item_leaves_the_total_open_but_a_low_item_still_decides() -> None:
    system = load("cts-r-like")
    values: dict[str, float | Missing] = {d.id: 5.0 for d in system.dimensions}
    values["pacing"] = Missing.NOT_CODABLE
    open_total = Absent(Missing.NOT_CODABLE, "pacing: not codable")
    assert system.derive(values) == {"total": open_total}
    open_rule = Absent(Missing.NOT_CODABLE, "total: not codable")
    assert system.decide(values) == {"competent": open_rule, "competent_every_item": open_rule}
    values["agenda"] = 1.5
    assert system.decide(values) == {"competent": open_rule, "competent_every_item": False}


def test_miti_like_scores_by_hand() -> None:
    system = load("miti-like")
    values: dict[str, float | Missing] = {
        "evoking_change": 4,
        "easing_sustain": 3,
        "partnership": 4,
        "empathy": 5,
        "question": 10,
        "simple_reflection": 9,
        "complex_reflection": 6,
        "seek_collaboration": 2,
        "affirm": 3,
        "emphasize_choice": 1,
        "confront": 1,
        "persuade": 2,
    }
    assert system.derive(values) == {
        "technical": 3.5,
        "relational": 4.5,
        "share_complex": 6 / 15,
        "reflections_to_questions": 1.5,
        "adherent": 6,
        "non_adherent": 3,
    }
    assert system.decide(values) == {
        "technical_fair": True,
        "technical_good": False,
        "relational_fair": True,
        "relational_good": True,
        "complex_fair": True,
        "complex_good": False,
        "ratio_fair": True,
        "ratio_good": False,
    }
    values["question"] = 0
    assert system.derive(values)["reflections_to_questions"] == Absent(
        Missing.NOT_APPLICABLE, "no question was asked"
    )
    assert system.decide(values)["ratio_good"] == Absent(
        Missing.NOT_APPLICABLE, "reflections_to_questions: not applicable"
    )


def test_variables_carry_label_kind_pole_and_bounds() -> None:
    found = {v.id: v for v in load("misc-like").variables()}
    assert (found["S"].label, found["S"].kind, found["S"].pole, found["S"].low) == (
        "Sustain talk",
        "count",
        -1,
        0,
    )
    assert found["proportion_S"].high == 1
    assert found["rate_C"].label == "Change talk, per minute"
    assert found["share_consistent"].kind == "derived"
    ratings = load("socialization-7").variables()
    assert [(v.kind, v.low, v.high) for v in ratings] == [("rating", 0, 6)] * 7
    assert [v.pole for v in ratings] == [1, -1, 1, 1, 1, -1, -1]


def test_codes_are_found_by_id_other_spelling_and_speaker(own: SystemMaker) -> None:
    system = own(
        """
[[code_types]]
id = "therapist_turn"
name = "therapist turns"
kind = "exclusive"
target = "therapist"
codes = [{id = "t_other", name = "Other", definition = "x", written = ["O"]}]
[[code_types]]
id = "patient_turn"
name = "patient turns"
kind = "exclusive"
target = "patient"
codes = [{id = "p_other", name = "Other", definition = "x", written = ["O", "n/a"]}]
""",
        unit="turn",
    )
    assert system.code("O", "therapist")[1].id == "t_other"
    assert system.code(" O ", "Patient")[1].id == "p_other"
    assert system.code("n/a")[1].id == "p_other"
    with pytest.raises(DataError, match="'O' is a code for more than one speaker"):
        system.code("O")
    with pytest.raises(
        DataError, match=r"'n/a' is a code for the patient, but 'therapist' \(therapist\) spoke"
    ):
        system.code("n/a", "therapist")
    with pytest.raises(DataError, match=r"'P_other' is not a code of own. Did you mean 'p_other'"):
        system.code("P_other")


def test_words_for_speakers() -> None:
    system = load("misc-like")
    assert system.speaker("Counsellor") is Target.THERAPIST
    assert system.speaker("client") is Target.PATIENT
    with pytest.raises(DataError, match=r"'cleint' is not a known speaker. Did you mean 'client'"):
        system.speaker("cleint")


def test_an_unknown_dimension_names_the_nearest() -> None:
    with pytest.raises(
        DataError, match=r"'concordanse' is not a dimension of socialization-7.*'concordance'"
    ):
        load("socialization-7").dimension("concordanse")


def test_passes_have_their_own_units_and_order(own: SystemMaker) -> None:
    system = own(
        """
[[dimensions]]
id = "empathy"
name = "Empathy"
low = 1
high = 5
[[code_types]]
id = "utterances"
name = "utterances"
kind = "multi-label"
codes = [{id = "x", name = "X", definition = "x"}]
[[passes]]
id = "globals"
name = "Listen and rate"
codes = ["empathy"]
[[passes]]
id = "parse"
name = "Divide and code"
codes = ["utterances"]
[passes.unit]
kind = "segment"
seconds = 300
start = 60
seed = 7
"""
    )
    assert [(p.id, p.unit.kind, p.codes) for p in system.passes] == [
        ("globals", "session", ("empathy",)),
        ("parse", "segment", ("utterances",)),
    ]
    last = system.passes[1].unit
    assert (last.seconds, last.start, last.seed) == (300, 60, 7)
