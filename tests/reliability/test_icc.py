"""Intraclass correlations on complete data: values and intervals of other programs, and properties."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bordin.errors import AnalysisError
from bordin.reliability.icc import FORMS, icc, icc_forms, mean_squares, resampled_forms, six_forms
from bordin.reliability.shapes import Reliability

REFERENCE = Path(__file__).parent.parent / "reference" / "reliability"
# Shrout and Fleiss (1979), table 2.
SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
EXPECTED = json.loads((REFERENCE / "icc_complete.json").read_text(encoding="utf-8"))


def ratings(name: str) -> np.ndarray:
    if name == "shrout_fleiss":
        return np.array(SHROUT_FLEISS, dtype=float)
    return np.genfromtxt(REFERENCE / f"icc_{name}.csv", delimiter=",", skip_header=1)


def numbers(found: Reliability) -> list[float]:
    assert found.estimate.value is not None
    assert found.estimate.interval is not None
    return [found.estimate.value, found.estimate.interval.low, found.estimate.interval.high]


@pytest.mark.parametrize("name", ["shrout_fleiss", "ratings_30x3"])
@pytest.mark.parametrize(("rule", "program"), [("Spearman-Brown", "psych"), ("irr", "irr")])
def test_values_and_limits_are_those_of_psych_and_irr(name: str, rule: str, program: str) -> None:
    forms = icc_forms(ratings(name), rule=rule)
    assert set(forms) == set(EXPECTED[name][program])
    for form, expected in EXPECTED[name][program].items():
        assert numbers(forms[form]) == pytest.approx(expected, abs=1e-11)


def test_shrout_and_fleiss_as_printed() -> None:
    forms = icc_forms(SHROUT_FLEISS)
    printed = {"ICC(1)": 0.166, "ICC(A,1)": 0.290, "ICC(C,1)": 0.715}
    printed |= {"ICC(k)": 0.443, "ICC(A,k)": 0.620, "ICC(C,k)": 0.909}
    assert {name: round(numbers(found)[0], 3) for name, found in forms.items()} == printed
    assert numbers(forms["ICC(A,1)"])[1:] == pytest.approx([0.019, 0.761], abs=5e-4)
    assert numbers(forms["ICC(C,1)"])[1:] == pytest.approx([0.342, 0.946], abs=5e-4)
    one = forms["ICC(A,1)"]
    assert (one.n_units, one.n_coders, one.n_values, one.estimate.n) == (6, 4, 24, 6)


def test_other_names_of_the_forms() -> None:
    assert FORMS["ICC(A,1)"].shrout_fleiss == "ICC(2,1)"
    assert FORMS["ICC(C,k)"].spss == "two-way mixed, consistency, average measures"
    assert icc(SHROUT_FLEISS, "ICC(C,1)") == icc_forms(SHROUT_FLEISS)["ICC(C,1)"]


def test_a_resample_has_the_form_of_the_repeated_rows() -> None:
    table = ratings("ratings_30x3")
    rng = np.random.default_rng(4)
    drawn = rng.integers(0, 30, 30)
    weights = np.bincount(drawn, minlength=30).astype(float)[None]
    by_weights = six_forms(mean_squares(table, weights), 30.0, 3)
    by_rows = six_forms(mean_squares(table[drawn]), 30.0, 3)
    assert by_weights == pytest.approx(by_rows, abs=1e-12)


@pytest.mark.parametrize("form", ["ICC(C,1)", "ICC(A,1)"])
def test_bootstrap_limits_are_near_those_of_boot(form: str) -> None:
    expected = json.loads((REFERENCE / "icc_bootstrap.json").read_text(encoding="utf-8"))[f"{form} BCa"]
    found = icc(ratings("ratings_30x3"), form, interval="bootstrap", resamples=20_000, seed=3)
    assert numbers(found)[1:] == pytest.approx(expected, abs=0.015)
    assert found.estimate.interval is not None
    assert found.estimate.interval.method == "bootstrap BCa"


def test_resamples_drawn_in_parts_keep_their_number() -> None:
    tall = np.tile(ratings("ratings_30x3"), (4000, 1))
    drawn = resampled_forms(tall, 40, 1)
    assert drawn.shape == (40, 6)
    assert drawn[:, 2] == pytest.approx(0.52, abs=0.02)


def test_generalized_limits_on_complete_data_are_near_the_f_limits() -> None:
    by_f, drawn = icc_forms(SHROUT_FLEISS), icc_forms(SHROUT_FLEISS, interval="generalized")
    assert numbers(drawn["ICC(C,1)"]) == pytest.approx(numbers(by_f["ICC(C,1)"]), abs=0.02)
    # On balanced data REML is the analysis of variance wherever no component is negative.
    for name in FORMS:
        assert drawn[name].estimate.value == pytest.approx(by_f[name].estimate.value, abs=1e-7)


def test_identical_coders_agree_perfectly() -> None:
    table = np.repeat(np.arange(5.0)[:, None], 3, axis=1)
    for interval in ("F", "bootstrap", "generalized"):
        for found in icc_forms(table, interval=interval, resamples=200).values():
            assert numbers(found) == pytest.approx([1.0, 1.0, 1.0], abs=1e-9)


def test_planted_total_disagreement_is_not_above_zero() -> None:
    forms = icc_forms([[1, 5], [5, 1], [2, 4], [4, 2], [1, 5.5]])
    assert all(found.estimate.value is None or found.estimate.value <= 0 for found in forms.values())
    # By hand: mean squares .025 between sessions and 7.025 left over.
    assert numbers(forms["ICC(C,1)"])[0] == pytest.approx(-7 / 7.05, abs=1e-12)
    forms = icc_forms([[1, 5], [5, 1], [2, 4], [4, 2]])
    assert forms["ICC(C,1)"].estimate.value == pytest.approx(-1.0)
    assert forms["ICC(C,k)"].estimate.undefined == "no variance between the means of sessions"


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (np.full((4, 3), 2.0), "no variance: all ratings are equal"),
        (np.zeros((0, 0)), "no ratings"),
        ([[1.0], [2.0]], "no session has two coders"),
        ([[1.0, 2.0]], "only one session was coded"),
        ([[1.0, np.nan], [np.nan, 2.0]], "no session has two coders"),
    ],
)
def test_undefined_says_why(table: list[list[float]], reason: str) -> None:
    for found in icc_forms(table).values():
        assert (found.estimate.value, found.estimate.undefined) == (None, reason)


def test_each_coder_constant_holds_no_consistency() -> None:
    forms = icc_forms([[1, 5], [1, 5], [1, 5]])
    assert forms["ICC(C,1)"].estimate.undefined == "no variance between sessions"
    assert forms["ICC(A,1)"].estimate.value == 0


def test_limits_that_do_not_exist_are_not_made_up() -> None:
    # The lower limit of ICC(A,1) is below -1 / (k - 1): stepping it up would give a number above 1.
    forms = icc_forms([[1, 2, 1, 0], [2, 2, 2, 2], [2, 0, 0, 2]])
    assert forms["ICC(A,k)"].estimate.value == pytest.approx(0.4)
    assert forms["ICC(A,k)"].estimate.interval is None
    assert forms["ICC(A,k)"].estimate.notes[0].startswith("no interval: its limits do not exist")
    assert numbers(forms["ICC(A,1)"])[1] < -1 / 3


def test_options_are_checked() -> None:
    holed = [[1.0, 2.0], [2.0, np.nan], [3.0, 3.0], [1.0, 2.0]]
    with pytest.raises(AnalysisError, match="for complete data, but cells are missing"):
        icc_forms(holed, interval="F")
    with pytest.raises(AnalysisError, match="Did you mean 'bootstrap'"):
        icc_forms(holed, interval="bootstap")
    with pytest.raises(AnalysisError, match=r"rule: 'x' is not known"):
        icc_forms(holed, rule="x")
    with pytest.raises(AnalysisError, match=r"level: 95 is not between 0 and 1"):
        icc_forms(holed, level=95)
    with pytest.raises(AnalysisError, match="resamples: 5 are too few"):
        icc_forms(holed, resamples=5)
    with pytest.raises(AnalysisError, match=r"form: 'ICC\(2,1\)' is not known"):
        icc(holed, "ICC(2,1)")


tables = st.integers(2, 7).flatmap(
    lambda n: st.integers(2, 4).flatmap(
        lambda k: st.lists(st.lists(st.integers(0, 6), min_size=k, max_size=k), min_size=n, max_size=n)
    )
)


@settings(max_examples=60, deadline=None)
@given(tables, st.integers(0, 1000))
@example([[0, 3], [0, 4], [2, 1]], 0)
def test_order_empty_rows_and_scale_change_nothing(table: list[list[int]], seed: int) -> None:
    plain = np.array(table, dtype=float)
    n, k = plain.shape
    rng = np.random.default_rng(seed)
    shuffled = plain[rng.permutation(n)][:, rng.permutation(k)] * 3 - 50
    holed = np.full((n + 1, k + 1), np.nan)
    holed[:n, :k] = shuffled
    first, second = icc_forms(plain), icc_forms(holed)
    for name, found in first.items():
        assert second[name].estimate.undefined == found.estimate.undefined
        if found.estimate.value is not None:
            assert second[name].estimate.value == pytest.approx(found.estimate.value, abs=1e-7)
            assert found.estimate.value <= 1 + 1e-12
        if found.estimate.interval is not None:
            assert found.estimate.value is not None
            assert found.estimate.interval.low <= found.estimate.value <= found.estimate.interval.high
