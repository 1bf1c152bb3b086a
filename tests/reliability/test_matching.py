"""Marks are matched one to one, within the tolerance."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bordin.reliability.matching import match_marks


def match(marks: list[tuple[float, int, int]], tolerance: float) -> list[int]:
    times, coders, codes = (np.array(column) for column in zip(*marks, strict=True))
    return match_marks(times.astype(float), coders, codes.astype(float), tolerance).tolist()


def test_equal_codes_within_the_tolerance_are_one_event() -> None:
    assert match([(10, 0, 0), (12, 1, 0), (20, 0, 0), (22.1, 1, 0)], 2) == [0, 0, 1, 2]


def test_times_typed_with_decimals_match_at_the_tolerance() -> None:
    assert match([(8.2, 0, 0), (10.3, 1, 0)], 2.1) == [0, 0]


def test_equal_codes_go_before_nearer_times() -> None:
    assert match([(10, 0, 0), (10.5, 1, 1), (11.5, 1, 0)], 2) == [0, 1, 0]


def test_what_is_left_is_matched_by_time_as_a_confusion() -> None:
    assert match([(10, 0, 0), (11, 1, 1), (15, 0, 1)], 2) == [0, 0, 1]


def test_each_mark_is_used_once() -> None:
    assert match([(10, 0, 0), (9, 1, 0), (11, 1, 0)], 2) == [0, 0, 1]


def test_three_coders_lie_within_the_tolerance_together() -> None:
    assert match([(10, 0, 0), (11.5, 1, 0), (13, 2, 0)], 2) == [0, 0, 1]
    assert match([(10, 0, 0), (11, 1, 0), (12, 2, 1)], 2) == [0, 0, 0]


def most_matches(first: list[int], second: list[int], tolerance: int) -> int:
    """By trying all: the largest number of pairs within the tolerance."""
    if not first or not second:
        return 0
    rest = most_matches(first[1:], second, tolerance)
    for place, time in enumerate(second):
        if abs(time - first[0]) <= tolerance:
            rest = max(rest, 1 + most_matches(first[1:], second[:place] + second[place + 1 :], tolerance))
    return rest


times = st.lists(st.integers(0, 20), max_size=5)


@settings(max_examples=200, deadline=None)
@given(first=times, second=times, tolerance=st.integers(0, 6))
def test_two_coders_get_as_many_matches_as_there_can_be(
    first: list[int], second: list[int], tolerance: int
) -> None:
    marks = [(float(t), 0, 0) for t in first] + [(float(t), 1, 0) for t in second]
    events = match(marks, tolerance) if marks else []
    assert len(events) - len(set(events)) == most_matches(first, second, tolerance)


@settings(max_examples=200, deadline=None)
@given(
    marks=st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=14
    ),
    tolerance=st.integers(0, 5),
)
def test_no_event_has_a_coder_twice_or_is_too_long(marks: list[tuple[int, int, int]], tolerance: int) -> None:
    events = match([(float(t), coder, code) for t, coder, code in marks], tolerance)
    assert set(events) == set(range(max(events) + 1))
    for one, other in combinations(range(len(marks)), 2):
        if events[one] == events[other]:
            assert marks[one][1] != marks[other][1]
            assert abs(marks[one][0] - marks[other][0]) <= tolerance
