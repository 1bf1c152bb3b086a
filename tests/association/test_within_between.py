"""Parts of a correlation within and between participants, against R."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bordin.association import split_within_between
from bordin.association.partial import level_codes
from bordin.association.within_between import means_by, p_shuffled_within
from bordin.errors import AnalysisError

Read = Callable[[str], Any]


@pytest.mark.parametrize("coefficient", ["spearman", "pearson"])
def test_both_parts_are_those_of_r(coefficient: str, read_reference: Read) -> None:
    data, expected = read_reference("estimators_grouped.csv"), read_reference("estimators_grouped.json")
    made = split_within_between(
        data["x"], data["y"], level_codes(data["participant"]), coefficient=coefficient
    )
    within, between = expected["within"][coefficient], expected["between"][coefficient]
    assert made.within.value == pytest.approx(within["value"], abs=1e-12)
    assert made.within_p == pytest.approx(within["p"], abs=1e-12)
    assert made.between.value == pytest.approx(between["value"], abs=1e-12)
    assert made.between_p == pytest.approx(between["p"], abs=1e-12)
    assert (made.n_sessions, made.n_participants) == (44, 14)


def test_tau_counts_pairs_of_the_same_participant(read_reference: Read) -> None:
    data, expected = read_reference("estimators_grouped.csv"), read_reference("estimators_grouped.json")
    made = split_within_between(data["x"], data["y"], level_codes(data["participant"]), coefficient="kendall")
    assert made.between.value == pytest.approx(expected["between"]["kendall"]["value"], abs=1e-12)
    assert made.between_p == pytest.approx(expected["between"]["kendall"]["p"], abs=1e-12)
    assert made.within.interval is None
    agree = untied_x = untied_y = 0
    rows = [
        (p, x, y)
        for p, x, y in zip(data["participant"], data["x"], data["y"], strict=True)
        if x is not None and y is not None
    ]
    for i, (p, x, y) in enumerate(rows):
        for other_p, other_x, other_y in rows[:i]:
            if p == other_p:
                agree += int(np.sign(x - other_x) * np.sign(y - other_y))
                untied_x += x != other_x
                untied_y += y != other_y
    assert made.within.value == pytest.approx(agree / np.sqrt(untied_x * untied_y), abs=1e-12)


def test_opposite_signs_within_and_between() -> None:
    # Who is higher on the whole is higher on both; a participant's better sessions are lower on y.
    people = np.repeat(np.arange(8), 4)
    step = np.tile([0, 1, 2, 3], 8)
    made = split_within_between(10.0 * people + step, 10.0 * people - step, people, coefficient="pearson")
    assert made.within.value == -1
    assert made.between.value == 1
    assert made.within_p == 0.0


def test_shuffling_within_participants(read_reference: Read) -> None:
    data = read_reference("estimators_grouped.csv")
    people = level_codes(data["participant"])
    for coefficient in ("spearman", "pearson"):
        p = p_shuffled_within(data["x"], data["y"], people, coefficient=coefficient, permutations=4000)
        made = split_within_between(data["x"], data["y"], people, coefficient=coefficient)
        # The t test gives .0009 and .0004.
        assert p is not None
        assert made.within_p is not None
        assert p == pytest.approx(made.within_p, abs=0.003)
        again = p_shuffled_within(data["x"], data["y"], people, coefficient=coefficient, permutations=4000)
        assert again == p
    assert p_shuffled_within(data["x"], data["y"], people, coefficient="kendall") is None
    assert p_shuffled_within([None, 1.0], [1.0, None], np.array([0, 0])) is None


def test_shuffling_within_participants_holds_its_level_whatever_lies_between_them() -> None:
    rng = np.random.default_rng(8)
    people = np.repeat(np.arange(9), [2, 3, 4, 5, 6, 7, 8, 2, 3])
    below = 0
    for _ in range(300):
        x, y = 5.0 * people + rng.normal(size=(2, len(people)))
        p = p_shuffled_within(x, y, people, coefficient="spearman", permutations=199)
        below += p is not None and p <= 0.05
    # Within 4 standard errors of a level of .05.
    assert 0.05 - 4 * 0.0126 <= below / 300 <= 0.05 + 4 * 0.0126
    assert below > 0


def test_variable_that_is_the_same_in_all_sessions_has_no_part_within() -> None:
    people = np.repeat(np.arange(6), 2)
    once = np.repeat([1.0, 4.0, 2.0, 6.0, 3.0, 5.0], 2)
    y = np.arange(12.0)
    made = split_within_between(once, y, people, names=("alliance", "plans", "participant"))
    assert made.within.undefined == "no variance in alliance within participant"
    assert made.within_p is None
    assert made.between.value == pytest.approx(0.6, abs=1e-12)


def test_means_do_not_depend_on_the_order_of_sessions() -> None:
    values = np.array([0.1, 0.2, 0.3, 0.3, 0.2, 0.1, np.nan])
    means = means_by(values, np.array([0, 0, 0, 1, 1, 1, 2]))
    assert means[0] == means[1] == pytest.approx(0.2)
    assert np.isnan(means[2])


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(AnalysisError, match="unequal length: 2, 2, 1 rows"):
        split_within_between([1, 2], [1, 2], np.array([0]))
