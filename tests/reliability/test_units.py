"""Turns, events and seconds become units by coders."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bordin.errors import AnalysisError
from bordin.reliability.kappa import cohen_kappa
from bordin.reliability.specific import specific_agreement
from bordin.reliability.units import events, from_rows, seconds

NA = np.nan


def test_named_codes_on_turns() -> None:
    made = from_rows(
        ["t1", "t1", "t2", "t1"],
        ["B", "A", "A", "A"],
        ["ask", "listen", None, "n/a"],
        sessions=["s1", "s1", "s1", "s2"],
    )
    np.testing.assert_array_equal(made.values, [[1, 0], [NA, NA], [2, NA]])
    assert made.codes == ("ask", "listen", "n/a")
    assert made.coders == ("A", "B")
    assert made.sessions.tolist() == ["s1", "s1", "s2"]
    assert made.scale == (0, 2)
    assert (made.unit, made.rule) == ("turn", "unit: turn")


def test_codes_of_the_system_keep_their_order() -> None:
    made = from_rows([1, 1], ["A", "B"], ["no", "yes"], codes=["yes", "no", "never"])
    np.testing.assert_array_equal(made.values, [[1, 0]])
    assert made.scale == (0, 2)
    with pytest.raises(AnalysisError, match=r"'yess' is not a code. Did you mean 'yes'"):
        from_rows([1], ["A"], ["yess"], codes=["yes", "no"])


@pytest.mark.parametrize("kind", [list, np.array])
def test_numbers_stay_numbers(kind: Any) -> None:
    made = from_rows(kind([2, 2, 1]), kind(["A", "B", "A"]), kind([3.0, 4.5, NA]), unit="session")
    np.testing.assert_array_equal(made.values, [[NA, NA], [3, 4.5]])
    assert made.codes == ()
    assert made.scale is None
    assert made.sessions.tolist() == [1, 2]


def test_a_list_of_names_may_hold_nan_and_none() -> None:
    made = from_rows([1, 2, 3], ["A"] * 3, ["x", NA, None])
    np.testing.assert_array_equal(made.values, [[0], [NA], [NA]])
    assert made.codes == ("x",)
    assert made.scale is None


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (([1, 1], ["A", "A"], [1, 2]), "A coded turn 1 more than once"),
        (([1, 2], ["A", "A"], ["x", 2]), "Names and numbers"),
        (([1, 2], ["A"], [1, 2]), "coders: 1 rows, but there are 2 units"),
    ],
)
def test_wrong_rows_are_refused(rows: Any, said: str) -> None:
    with pytest.raises(AnalysisError, match=said):
        from_rows(*rows)


MARKS = {
    "sessions": ["s"] * 6 + ["t"],
    "coders": ["A", "B", "A", "B", "A", "B", "A"],
    "times": [10, 11.5, 20, 22.0, 30, 40, 5],
    "codes": ["rupture", "rupture", "rupture", "repair", "repair", "repair", "rupture"],
}
CODED = [("s", "A"), ("s", "B"), ("t", "A"), ("t", "B"), ("u", "A"), ("u", "C")]


def test_events_within_a_tolerance() -> None:
    made = events(**MARKS, tolerance=2, coded=CODED)
    assert made.codes == ("nothing", "repair", "rupture")
    assert made.coders == ("A", "B", "C")
    np.testing.assert_array_equal(made.values, [[2, 2, NA], [2, 1, NA], [1, 0, NA], [0, 1, NA], [2, 0, NA]])
    assert made.sessions.tolist() == ["s", "s", "s", "s", "t"]
    assert made.unit == "event"
    assert made.rule.startswith("unit: event; marks of two coders at most 2 s apart are one event")
    rupture = specific_agreement(made.values, [2], label="rupture", clusters=made.sessions)
    assert rupture.estimate.value == pytest.approx(2 * 1 / (3 + 1))
    both = specific_agreement(made.values, [1, 2])
    assert both.estimate.value == pytest.approx(2 * 1 / (4 + 3))
    kappa = cohen_kappa(made.values, scale=made.scale).estimate.value
    assert kappa is not None
    # One of five events agrees; chance alone gives 1/5 x 2/5 + 1/5 x 2/5 + 3/5 x 1/5.
    assert kappa == pytest.approx((0.2 - 0.28) / 0.72)


def test_without_a_list_a_coder_coded_where_a_mark_stands() -> None:
    made = events(**MARKS, tolerance=2)
    assert made.coders == ("A", "B")
    np.testing.assert_array_equal(made.values[-1], [2, NA])


def test_no_marks_make_no_events() -> None:
    made = events([], [], [], [], tolerance=1, coded=[("s", "A"), ("s", "B")])
    assert made.values.shape == (0, 2)
    assert len(made.sessions) == 0
    assert (
        specific_agreement(made.values, [1]).estimate.undefined == "nothing was coded by two or more coders"
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tolerance": -1}, "tolerance: -1 is not a number of seconds"),
        ({"tolerance": NA}, "not a number of seconds"),
        ({"times": [NA] * 7}, "a mark of A has no time"),
        ({"codes": ["nothing"] * 7}, "the word for no mark"),
        ({"times": [1.0]}, "differ in length"),
        ({"coded": [("s", "A"), ("s", "B")]}, "A marked session t, but is not listed"),
    ],
)
def test_wrong_marks_are_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(AnalysisError, match=said):
        events(**({"tolerance": 2, "coded": CODED} | MARKS | change))


SPANS = {
    "sessions": ["s", "s", "s"],
    "coders": ["A", "B", "B"],
    "spans": [(0, 3), (1, 3.6), (5, 6)],
    "codes": ["rupture", "rupture", "repair"],
}
DURATIONS = {"s": 7.9, "t": 3}
SECONDS_CODED = [("s", "A"), ("s", "B"), ("t", "A"), ("t", "B")]


def test_seconds_have_the_code_at_their_middle() -> None:
    made = seconds(**SPANS, durations=DURATIONS, coded=SECONDS_CODED)
    np.testing.assert_array_equal(made.values[:, 0], [2, 2, 2, 0, 0, 0, 0, 0, 0, 0])
    np.testing.assert_array_equal(made.values[:, 1], [0, 2, 2, 2, 0, 1, 0, 0, 0, 0])
    assert made.sessions.tolist() == ["s"] * 7 + ["t"] * 3
    assert made.codes == ("nothing", "repair", "rupture")
    found = cohen_kappa(made.values, scale=made.scale, clusters=made.sessions)
    # 7 of 10 seconds agree; chance alone gives 3/10 x 3/10 + 7/10 x 6/10.
    assert found.estimate.value == pytest.approx((0.7 - 0.51) / 0.49)
    assert found.estimate.interval is not None
    assert found.estimate.interval.method.endswith("by cluster")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"durations": {"s": 7.9}}, "session t: no duration"),
        ({"durations": {"s": 5, "t": 3}}, "does not lie within the session"),
        ({"spans": [(3, 0), (1, 3), (5, 6)]}, "does not lie within the session"),
        ({"spans": [(0, 3), (1, 5.6), (5, 6)]}, "B: the code repair from 5 to 6 s overlaps"),
        ({"durations": {"s": 1e9, "t": 3}}, "too many"),
    ],
)
def test_wrong_spans_are_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(AnalysisError, match=said):
        seconds(**({"durations": DURATIONS, "coded": SECONDS_CODED} | SPANS | change))
