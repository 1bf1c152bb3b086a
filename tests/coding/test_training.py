"""Practice beside the gold standard: counts, feedback, and the rule for certification."""

from __future__ import annotations

import pytest

from bordin.coding.dimension import Anchor, Dimension
from bordin.coding.training import PracticeTape, TrainingRule, certify, compare_with_standard
from bordin.errors import AnalysisError
from bordin.estimate import Estimate, Interval
from bordin.missing import Missing

DIMENSIONS = tuple(
    Dimension(
        f"d{i}", f"Dimension {i}", 0, 6, anchors=(Anchor(0, "none"), Anchor(3, "some"), Anchor(6, "much"))
    )
    for i in range(1, 6)
)
RULE = TrainingRule()


def tape(
    values: list[float | Missing], standard: list[float | Missing], rule: TrainingRule = RULE
) -> PracticeTape:
    ids = [d.id for d in DIMENSIONS]
    return compare_with_standard(
        "S1",
        "Alder",
        dict(zip(ids, values, strict=False)),
        dict(zip(ids, standard, strict=False)),
        DIMENSIONS,
        rule,
    )


def icc(low: float | None) -> Estimate:
    if low is None:
        return Estimate.without_value("ICC(A,1)", 2, "fewer than three sessions")
    return Estimate("ICC(A,1)", low + 0.1, 12, interval=Interval(low, low + 0.2, 0.95, "F"))


def test_exact_and_close_are_counted():
    found = tape([3, 4, 5, 0, 6], [3, 3, 3, 0, 6])
    assert (found.exact, found.close, found.of, found.reached) == (3, 4, 5, True)
    assert [f.difference for f in found.feedback] == [0, 1, 2, 0, 0]
    assert [(f.exact, f.close) for f in found.feedback[:3]] == [(True, True), (False, True), (False, False)]


def test_feedback_has_value_reference_and_both_anchors():
    first = tape([3, 4, 5, 0, 6], [6, 3, 3, 0, 6]).feedback[0]
    assert (first.value, first.reference, first.difference) == (3, 6, -3)
    assert (first.anchor, first.reference_anchor) == ("some", "much")
    assert first.sentence == "Dimension 1: 3, 3 points below the standard's 6."
    second = tape([3, 4, 5, 0, 6], [6, 3, 3, 0, 6]).feedback[1]
    assert (second.anchor, second.reference_anchor) == ("", "some")
    assert second.sentence == "Dimension 2: 4, 1 point above the standard's 3."
    assert tape([3], [3]).feedback[0].sentence == "Dimension 1: 3, as in the standard."


def test_reasons_for_no_value_count_as_values_of_their_own():
    found = tape(
        [Missing.NOT_CODABLE, Missing.NOT_CODABLE, 2, Missing.NOT_ANSWERED],
        [Missing.NOT_CODABLE, 2, Missing.NOT_CODABLE, 3],
    )
    assert [f.exact for f in found.feedback] == [True, False, False, False]
    assert [f.difference for f in found.feedback] == [None] * 4
    assert found.feedback[0].sentence == "Dimension 1: not codable, as in the standard."
    assert found.feedback[1].sentence == "Dimension 2: not codable; the standard has 2."
    assert found.feedback[3].sentence == "Dimension 4: not answered; the standard has 3."


def test_what_the_standard_has_not_rated_does_not_count():
    found = tape([3, 4, 5, 0, 6], [3, Missing.NOT_ANSWERED])
    assert (found.of, found.close) == (1, 1)
    with pytest.raises(AnalysisError, match="the standard has no rating of the practice tape S1") as caught:
        tape([3], [])
    assert "Import the standard's ratings first" in str(caught.value)


def test_a_dimension_that_was_left_out_is_not_close():
    assert [f.close for f in tape([3], [3, 3]).feedback] == [True, False]


@pytest.mark.parametrize(("close", "reached"), [(3, False), (4, True), (5, True)])
def test_four_of_five_are_four_fifths(close, reached):
    assert tape([3] * close + [6] * (5 - close), [3] * 5).reached is reached


def test_half_points_and_a_wider_margin():
    rule = TrainingRule(within=0.5, share=1.0, in_a_row=1)
    assert tape([2.5], [3], rule).close == 1
    assert tape([2.4], [3], rule).close == 0
    assert tape([3, 2], [3, 3], TrainingRule(within=0)).close == 1


GOOD, BAD = tape([3] * 5, [3] * 5), tape([0] * 5, [3] * 5)


@pytest.mark.parametrize(
    ("tapes", "certified", "run"),
    [
        ([], False, 0),
        ([GOOD], False, 1),
        ([GOOD, GOOD], True, 2),
        ([GOOD, BAD, GOOD], False, 1),
        ([BAD, GOOD, GOOD], True, 2),
        ([GOOD, GOOD, BAD], True, 0),
    ],
)
def test_two_tapes_in_a_row(tapes, certified, run):
    found = certify("Alder", tapes, RULE)
    assert (found.certified, found.in_a_row) == (certified, run)
    assert found.tapes == tuple(tapes)


def test_the_reason_is_a_sentence():
    assert certify("Alder", [], RULE).reason == "No practice tape has been rated yet."
    assert certify("Alder", [GOOD], RULE).reason == (
        "On the latest practice tape 5 of 5 dimensions were within 1 point of the standard, enough; "
        "1 more tape must reach it."
    )
    assert certify("Alder", [GOOD, BAD], RULE).reason == (
        "On the latest practice tape 0 of 5 dimensions were within 1 point of the standard, fewer than 80%; "
        "2 more tapes in a row must reach it."
    )
    assert certify("Alder", [GOOD, GOOD], RULE).reason == "Alder reached the criterion on 2 tapes in a row."


def test_the_lower_limit_counts_where_the_protocol_says_so():
    rule = TrainingRule(limit=0.6)
    both = certify("Alder", [GOOD, GOOD], rule, {"Concordance": icc(0.7), "Avoidance": icc(0.5)})
    assert not both.certified
    assert both.reason == "The lower limit of ICC(A,1) does not reach 0.6 on Avoidance."
    assert not certify("Alder", [GOOD, GOOD], rule, {"Concordance": icc(None)}).certified
    none = certify("Alder", [GOOD, GOOD], rule)
    assert none.reason == "There is no ICC(A,1) with the standard yet; its lower limit must reach 0.6."
    passed = certify("Alder", [GOOD, GOOD], rule, {"Concordance": icc(0.6)})
    assert passed.certified
    assert passed.reason == (
        "Alder reached the criterion on 2 tapes in a row, with every lower limit of ICC(A,1) at 0.6 or above."
    )
    assert not certify("Alder", [GOOD], rule, {"Concordance": icc(0.9)}).certified


def test_the_rule_in_words():
    assert (
        RULE.sentence()
        == "On 2 tapes in a row, 80% or more of the dimensions within 1 point of the standard."
    )
    assert TrainingRule(0, 1.0, 1, 0.75).sentence() == (
        "On 1 tape, 100% or more of the dimensions equal to the standard, and the lower limit of ICC(A,1) at 0.75 "
        "or above on every dimension."
    )


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"within": -1}, "training.within: -1 is below 0"),
        ({"share": 1.5}, "training.share: 1.5 is not above 0 and up to 1"),
        ({"in_a_row": 0}, "training.in_a_row: 0 is no number of tapes"),
        ({"limit": 0}, "training.criterion: 0 is not above 0"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(keywords, words):
    with pytest.raises(AnalysisError, match=words):
        TrainingRule(**keywords)
