"""Other coefficients, and leaving out each case in turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bordin.association import correlate, leave_one_out, sensitivity_of
from bordin.estimate import Estimate

Read = Callable[[str], Any]


@pytest.mark.parametrize("name", ["seedlike_a", "seedlike_c_extreme_ties", "tiny8"])
@pytest.mark.parametrize("coefficient", ["spearman", "kendall", "pearson"])
def test_range_is_that_of_computing_anew_without_each_case(
    name: str, coefficient: str, read_reference: Read
) -> None:
    data = read_reference(f"{name}.csv")
    compared = 0
    for x, y in (("q2_goals", "resistance"), ("q3_match", "active"), ("bond", "incongruent")):
        pairs = [(a, b) for a, b in zip(data[x], data[y], strict=True) if a is not None and b is not None]
        anew = [
            correlate(
                [a for a, _ in (*pairs[:i], *pairs[i + 1 :])],
                [b for _, b in (*pairs[:i], *pairs[i + 1 :])],
                coefficient=coefficient,
            ).estimate.value
            for i in range(len(pairs))
        ]
        made = leave_one_out(data[x], data[y], coefficient=coefficient)
        if made is None:
            assert None in anew
            continue
        values = [v for v in anew if v is not None]
        assert made == pytest.approx((min(values), max(values)), abs=1e-12)
        compared += 1
    assert compared >= 2


def test_blocks_of_memory_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = np.random.default_rng(4).integers(1, 6, (2, 40)).astype(float)
    for coefficient in ("spearman", "pearson"):
        whole = leave_one_out(x, y, coefficient=coefficient)
        monkeypatch.setattr("bordin.association.sensitivity._BLOCK", 90)
        assert leave_one_out(x, y, coefficient=coefficient) == whole
        monkeypatch.undo()


def test_one_case_that_makes_the_correlation_is_found() -> None:
    x = [1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 50.0]
    y = [1.0, 1.0, 2.0, 2.0, 1.5, 1.5, 50.0]
    made = leave_one_out(x, y, coefficient="pearson")
    assert made is not None
    assert made[0] == pytest.approx(0.0, abs=1e-12)
    assert made[1] > 0.99


def test_no_range_where_all_hangs_on_one_case() -> None:
    assert leave_one_out([1, 1, 1, 1, 2], [1, 2, 3, 4, 5]) is None
    assert leave_one_out([1, 2, 3, 4], [1, 3, 2, 4]) is None
    assert leave_one_out([1, 1, 1, 1, 1], [1, 2, 3, 4, 5]) is None
    perfect = leave_one_out([1, 2, 3, 4, 5], [1, 2, 3, 4, 5])
    assert perfect == (1.0, 1.0)


def test_all_figures_of_a_cell(read_reference: Read) -> None:
    data = read_reference("seedlike_complete.csv")
    expected = read_reference("estimators_seedlike_complete.json")["q2_goals|concordance"]
    x, y = data["q2_goals"], data["concordance"]
    made = sensitivity_of(x, y, correlate(x, y).estimate, reliabilities=(0.8, 0.7))
    assert made.spearman == pytest.approx(expected["rho"], abs=1e-12)
    assert made.kendall == pytest.approx(expected["tau_b"], abs=1e-12)
    assert made.pearson == pytest.approx(expected["pearson"], abs=1e-12)
    assert made.smallest_detectable == pytest.approx(0.3008, abs=0.00005)
    assert made.smallest_equivalence == pytest.approx(0.2544, abs=0.00005)
    assert made.disattenuated is not None
    assert made.disattenuated.value == pytest.approx(expected["rho"] / np.sqrt(0.56), abs=1e-12)


def test_undefined_cell_has_no_figures_but_does_not_fail() -> None:
    made = sensitivity_of([1, 1, 1], [1, 2, 3], Estimate.without_value("spearman", 3, "no variance in x"))
    assert (
        made.spearman is made.leave_one_out is made.smallest_detectable is made.smallest_equivalence is None
    )
