"""Adjusted p against statsmodels and R."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bordin.association import adjust
from bordin.association.distributions import p_of_correlation
from bordin.association.multiplicity import METHODS
from bordin.errors import AnalysisError

Read = Callable[[str], Any]


@pytest.mark.parametrize(
    "name", ["seedlike_a", "seedlike_b", "seedlike_c_extreme_ties", "seedlike_complete", "tiny8"]
)
@pytest.mark.parametrize(
    ("method", "r_key"),
    [("holm", "r_holm"), ("bh", "r_bh"), ("by", None), ("bonferroni", None), ("hommel", "r_hommel")],
)
def test_adjusted_p_are_those_of_statsmodels_and_r(
    name: str, method: str, r_key: str, read_reference: Read
) -> None:
    cells = list(read_reference(f"estimators_{name}.json").values())
    made = adjust([cell.get("p_t") for cell in cells], method)
    for value, cell in zip(made, cells, strict=True):
        assert value == pytest.approx(cell.get(f"p_t_{method}"), abs=1e-12)
        if r_key is not None and r_key in cell:
            assert value == pytest.approx(cell[r_key], abs=1e-12)


def test_published_table_after_adjustment(read_reference: Read) -> None:
    table = read_reference("estimators_table1.csv")
    p = [p_of_correlation(r, 41) for r in table["r"]]

    def below(method: str, unseen: int = 0) -> list[str]:
        adjusted = adjust([*p, *[1.0] * unseen], method)[: len(p)]
        return [
            f"{q} {d}"
            for q, d, a in zip(table["question"], table["dimension"], adjusted, strict=True)
            if a is not None and a < 0.05
        ]

    assert below("holm") == [
        "Q2 Evidence incongruent",
        "Q3 Concordance",
        "Q3 Resistance",
        "Q3 Evidence congruent",
        "Q3 Avoidance",
    ]
    assert "Q3 Evidence congruent" not in below("holm", unseen=7)
    assert len(below("holm", unseen=7)) == 4
    assert len(below("bh")) == 9


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.sampled_from(sorted(METHODS)))
def test_adjusted_p_never_shrink_and_keep_the_order(p: list[float], method: str) -> None:
    made = np.array(adjust(p, method), dtype=float)
    assert np.all(made >= np.array(p) - 1e-15)
    assert np.all(made <= 1)
    assert np.all(np.diff(made[np.argsort(p, kind="stable")]) >= -1e-15)


@pytest.mark.parametrize("method", METHODS)
def test_tests_that_could_not_be_made_do_not_count(method: str) -> None:
    full = adjust([0.01, 0.04, 0.03], method)
    assert adjust([None, 0.01, float("nan"), 0.04, 0.03], method) == [None, full[0], None, *full[1:]]
    assert adjust([None, None], method) == [None, None]
    assert adjust([0.02], method) == [0.02]


def test_known_values_by_hand() -> None:
    p = [0.01, 0.02, 0.03, 0.04]
    assert adjust(p, "holm") == pytest.approx([0.04, 0.06, 0.06, 0.06])
    assert adjust(p, "bh") == pytest.approx([0.04, 0.04, 0.04, 0.04])
    assert adjust(p, "bonferroni") == pytest.approx([0.04, 0.08, 0.12, 0.16])


def test_bad_input_is_refused() -> None:
    with pytest.raises(AnalysisError, match=r"Unknown adjustment 'holmes'\. Did you mean 'holm'"):
        adjust([0.1], "holmes")
    with pytest.raises(AnalysisError, match=r"A p value is 1\.2"):
        adjust([0.1, 1.2])
