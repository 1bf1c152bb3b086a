"""What holds for every coefficient of categories, whatever the data."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bordin.errors import AnalysisError
from bordin.reliability.gwet import brennan_prediger, gwet_ac
from bordin.reliability.kappa import cohen_kappa, conger_kappa, fleiss_kappa
from bordin.reliability.krippendorff import krippendorff_alpha
from bordin.reliability.percent_agreement import percent_agreement
from bordin.reliability.shapes import Reliability

Coefficient = Callable[..., Reliability]
SCALE = (0, 3)


def alpha(metric: str) -> Coefficient:
    def coefficient(values: np.ndarray, **options: object) -> Reliability:
        return krippendorff_alpha(values, metric=metric, **options)  # type: ignore[arg-type]

    return coefficient


def on_scale(function: Coefficient, weights: str) -> Coefficient:
    def coefficient(values: np.ndarray, **options: object) -> Reliability:
        return function(values, weights=weights, scale=SCALE, **options)

    return coefficient


CORRECTED: dict[str, Coefficient] = {
    "kappa (Fleiss)": on_scale(fleiss_kappa, "identity"),
    "kappa (Fleiss, quadratic)": on_scale(fleiss_kappa, "quadratic"),
    "kappa (Conger)": on_scale(conger_kappa, "identity"),
    "AC1": on_scale(gwet_ac, "identity"),
    "AC2 (quadratic)": on_scale(gwet_ac, "quadratic"),
    "AC2 (ordinal)": on_scale(gwet_ac, "ordinal"),
    "Brennan-Prediger": on_scale(brennan_prediger, "identity"),
    "alpha (nominal)": alpha("nominal"),
    "alpha (ordinal)": alpha("ordinal"),
    "alpha (interval)": alpha("interval"),
    "alpha (ratio)": alpha("ratio"),
}
ALL = CORRECTED | {"percent agreement": on_scale(percent_agreement, "identity")}
TWO = {
    "kappa (Cohen)": on_scale(cohen_kappa, "identity"),
    "kappa (Cohen, quadratic)": on_scale(cohen_kappa, "quadratic"),
}
every = pytest.mark.parametrize("name", sorted(ALL))
every_corrected = pytest.mark.parametrize("name", sorted(CORRECTED | TWO))
code = st.sampled_from([0.0, 1.0, 2.0, 3.0, np.nan])
tables = st.tuples(st.integers(1, 8), st.integers(1, 4)).flatmap(lambda s: arrays(float, s, elements=code))


def assert_same(one: Reliability, other: Reliability) -> None:
    assert one.estimate.undefined == other.estimate.undefined
    assert (one.n_units, one.n_coders, one.n_values) == (other.n_units, other.n_coders, other.n_values)
    if one.estimate.value is not None:
        assert one.estimate.value == pytest.approx(other.estimate.value, abs=1e-10)
    assert (one.estimate.interval is None) == (other.estimate.interval is None)
    if one.estimate.interval is not None and other.estimate.interval is not None:
        assert one.estimate.interval.low == pytest.approx(other.estimate.interval.low, abs=1e-6)
        assert one.estimate.interval.high == pytest.approx(other.estimate.interval.high, abs=1e-6)


@every
@settings(max_examples=40, deadline=None)
@given(values=tables, data=st.data())
def test_swapping_coders_and_empty_ones_change_nothing(
    name: str, values: np.ndarray, data: st.DataObject
) -> None:
    found = ALL[name](values)
    order = data.draw(st.permutations(range(values.shape[1])))
    assert_same(ALL[name](values[:, order]), found)
    units = data.draw(st.permutations(range(values.shape[0])))
    assert_same(ALL[name](values[units]), found)
    assert_same(ALL[name](np.column_stack([values, np.full(len(values), np.nan)])), found)
    assert_same(ALL[name](np.vstack([values, np.full(values.shape[1], np.nan)])), found)


@every
@settings(max_examples=40, deadline=None)
@given(values=tables)
def test_a_value_is_at_most_one_and_in_its_interval(name: str, values: np.ndarray) -> None:
    for interval in ("analytic", "bootstrap", "Gwet 2014"):
        estimate = ALL[name](values, interval=interval, resamples=50).estimate
        if estimate.value is None:
            assert estimate.undefined
            continue
        assert np.isfinite(estimate.value)
        assert estimate.value <= 1 + 1e-12
        if estimate.interval is None:
            assert any(note.startswith("no interval") for note in estimate.notes)
        else:
            assert estimate.interval.low <= estimate.value <= estimate.interval.high <= 1
            assert estimate.interval.level == 0.95
            assert estimate.interval.method


@every_corrected
def test_planted_disagreement_is_at_most_zero(name: str) -> None:
    first = np.array([0, 3, 0, 3, 3, 0, 0, 3.0])
    value = (CORRECTED | TWO)[name](np.column_stack([first, 3 - first])).estimate.value
    assert value is not None
    assert value <= 0


def test_planted_disagreement_of_three() -> None:
    values = np.array([[0, 1, 2], [1, 2, 3], [2, 3, 0], [3, 0, 1]], dtype=float)
    for name, coefficient in CORRECTED.items():
        value = coefficient(values).estimate.value
        assert value is not None
        if "quadratic" not in name and name != "AC2 (ordinal)":
            assert value <= 0
    assert ALL["percent agreement"](values).estimate.value == 0


@every_corrected
def test_identical_coders_agree_fully(name: str) -> None:
    one = np.array([0, 1, 2, 3, 3, 1.0])
    estimate = (CORRECTED | TWO)[name](np.column_stack([one, one])).estimate
    assert estimate.value == pytest.approx(1, abs=1e-12)
    assert estimate.interval is None
    assert estimate.notes == (
        "no interval: all units agree alike, so that nothing shows how far the value may vary",
    )


@every_corrected
def test_equal_ratings_have_no_value(name: str) -> None:
    estimate = (CORRECTED | TWO)[name](np.full((6, 2), 2.0)).estimate
    assert estimate.value is None
    assert estimate.undefined == "no variance: all ratings are equal"


def test_equal_ratings_agree_by_percent() -> None:
    assert ALL["percent agreement"](np.full((6, 2), 2.0)).estimate.value == 1


@pytest.mark.parametrize("name", sorted(ALL | TWO))
def test_nothing_shared_has_no_value(name: str) -> None:
    values = np.array([[1, np.nan], [np.nan, 2], [3, np.nan]])
    for table in (values, np.empty((0, 2)), np.full((3, 2), np.nan)):
        estimate = (ALL | TWO)[name](table).estimate
        assert estimate.undefined == "nothing was coded by two or more coders"
        assert estimate.n == 0


@every
def test_a_coder_with_one_rating_counts(name: str) -> None:
    values = np.array([[0, 0, 0], [1, 2, np.nan], [3, 3, np.nan], [2, 2, np.nan], [1, 1, np.nan]])
    found = ALL[name](values)
    assert (found.n_units, found.n_coders, found.n_values) == (5, 3, 11)
    assert found.estimate.value is not None
    without = ALL[name](values[:, :2]).estimate.value
    assert without is not None
    assert 0.3 < without < 1
    assert 0.3 < found.estimate.value < 1


def test_pairs_that_never_meet_all_together() -> None:
    """AB, AC and BC: nobody codes with everybody, and no row is complete."""
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 4, size=30)
    values = np.where(rng.random((30, 3)) < 0.8, truth[:, None], rng.integers(0, 4, size=(30, 3))).astype(
        float
    )
    values[np.arange(30), np.arange(30) % 3] = np.nan
    for coefficient in ALL.values():
        found = coefficient(values)
        assert (found.n_units, found.n_coders, found.n_values) == (30, 3, 60)
        assert found.estimate.value is not None
        assert 0.4 < found.estimate.value < 0.95
    found = TWO["kappa (Cohen)"](values)
    assert found.estimate.undefined == (
        "Cohen's kappa is for two coders; 3 share units (Conger's is for more)"
    )


def test_scale_that_is_not_used_in_full_keeps_its_weights() -> None:
    """Points 1 to 7 with 4 never used: the quadratic kappa must not draw 3 and 5 together."""
    values = np.array([[1, 2], [2, 2], [3, 5], [5, 5], [6, 7], [7, 6], [3, 3], [1, 1]], dtype=float)
    declared = cohen_kappa(values, weights="quadratic", scale=(1, 7)).estimate.value
    difference = values[:, :1] - values[:, 1:]
    apart = np.mean((values[:, :1] - values[:, 1]) ** 2)
    assert declared == pytest.approx(1 - np.mean(difference**2) / apart, abs=1e-12)
    assert gwet_ac(values, scale=(1, 7)).estimate.value != gwet_ac(values).estimate.value


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"weights": "quadratc"}, "Did you mean 'quadratic'"),
        ({"interval": "bca"}, "Known: Gwet 2014, analytic, bootstrap"),
        ({"level": 95}, "not between 0 and 1"),
        ({"resamples": 0}, "less than 1"),
        ({"scale": (1, 2)}, "0 is not a point of the scale 1:2"),
        ({"scale": (6, 0)}, "not a lowest and a highest whole number"),
        ({"scale": (0, 5000)}, "more than 1,000 points"),
        ({"clusters": [1, 2]}, "Give one label a unit"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, object], said: str) -> None:
    values = np.array([[0, 1], [1, 1], [3, 3]], dtype=float)
    with pytest.raises(AnalysisError, match=said):
        fleiss_kappa(values, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([["a", "b"]], "not numbers"),
        ([1.0, 2.0], "1 dimension"),
        ([[1.0, np.inf]], "infinite"),
    ],
)
def test_wrong_tables_are_refused(values: object, said: str) -> None:
    with pytest.raises(AnalysisError, match=said):
        fleiss_kappa(values)  # type: ignore[arg-type]


def test_measurements_are_not_categories() -> None:
    values = np.random.default_rng(1).normal(size=(600, 2))
    with pytest.raises(AnalysisError, match="too many for categories"):
        fleiss_kappa(values)
    found = krippendorff_alpha(values, metric="interval").estimate.value
    assert found is not None
    assert abs(found) < 0.15


def test_negative_values_have_no_ratios() -> None:
    with pytest.raises(AnalysisError, match="no negative values, but -1 occurs"):
        krippendorff_alpha([[1, -1], [2, 2]], metric="ratio")


def test_unknown_metric_is_refused() -> None:
    with pytest.raises(AnalysisError, match="Did you mean 'ordinal'"):
        krippendorff_alpha([[1, 1], [2, 2]], metric="ordnal")
