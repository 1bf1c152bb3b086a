"""Specific agreement (Dice, F1)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bordin.errors import AnalysisError
from bordin.reliability.specific import specific_agreement

REFERENCE = Path(__file__).parents[1] / "reference" / "reliability"


@pytest.mark.parametrize("code", [3, 4, 5])
def test_two_coders_have_the_f1_of_scikit_learn(code: int) -> None:
    values = np.genfromtxt(REFERENCE / "categorical_ratings_30x3.csv", delimiter=",", skip_header=1)[:, :2]
    expected = json.loads((REFERENCE / "categorical_published.json").read_text(encoding="utf-8"))["f1"]
    found = specific_agreement(values, [code], label=str(code))
    assert found.estimate.value == pytest.approx(expected[str(code)], abs=1e-12)
    assert found.estimate.name == f"specific agreement ({code})"
    holding = np.count_nonzero((values == code).any(axis=1))
    assert found.estimate.notes[0] == f"{holding} of 30 units hold the code"


def test_three_coders_and_several_codes() -> None:
    values = np.array([[1, 1, 1], [1, 1, 0], [2, 1, 0], [0, 0, 0], [2, np.nan, np.nan]])
    # Code 1: ordered pairs that agree 6 + 2 + 0, of coders with the code times the others 6 + 4 + 2.
    assert specific_agreement(values, [1]).estimate.value == pytest.approx(8 / 12)
    # Both codes, each agreeing with itself only: 6 + 2 + 0 of 6 + 4 + 4.
    assert specific_agreement(values, [1, 2]).estimate.value == pytest.approx(8 / 14)


def test_swapped_identical_and_disjoint_coders() -> None:
    values = np.array([[1, 0], [1, 1], [0, 1], [0, 0], [1, 1]], dtype=float)
    one, other = specific_agreement(values, [1]).estimate, specific_agreement(values[:, ::-1], [1]).estimate
    assert one.value == other.value == pytest.approx(2 / 3)
    assert one.interval == other.interval
    same = specific_agreement(np.repeat(values[:, :1], 2, axis=1), [1]).estimate
    assert (same.value, same.interval) == (1, None)
    assert specific_agreement([[1, 0], [0, 1]], [1]).estimate.value == 0


def test_no_value_has_a_reason() -> None:
    never = specific_agreement([[0, 0], [0, 0]], [1]).estimate
    assert never.undefined == "the code stands nowhere that two or more coders coded"
    alone = specific_agreement([[1, np.nan]], [1]).estimate
    assert alone.undefined == "nothing was coded by two or more coders"
    with pytest.raises(AnalysisError, match="no code is given"):
        specific_agreement([[1, 1]], [])
