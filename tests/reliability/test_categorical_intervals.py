"""Intervals of agreement coefficients: against plain loops, over units and over whole clusters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import stdtrit

from bordin.reliability.gwet import brennan_prediger, gwet_ac
from bordin.reliability.kappa import cohen_kappa, conger_kappa, fleiss_kappa
from bordin.reliability.krippendorff import krippendorff_alpha
from bordin.reliability.percent_agreement import percent_agreement
from bordin.reliability.shapes import Reliability
from bordin.reliability.specific import specific_agreement
from bordin.resampling import bca_limits

Coefficient = Callable[..., Reliability]
COEFFICIENTS: dict[str, Coefficient] = {
    "percent agreement": percent_agreement,
    "kappa (Fleiss)": fleiss_kappa,
    "kappa (Fleiss, linear)": lambda v, **o: fleiss_kappa(v, weights="linear", scale=(0, 4), **o),
    "kappa (Conger)": conger_kappa,
    "kappa (Conger, quadratic)": lambda v, **o: conger_kappa(v, weights="quadratic", scale=(0, 4), **o),
    "AC1": lambda v, **o: gwet_ac(v, scale=(0, 4), **o),
    "AC2 (quadratic)": lambda v, **o: gwet_ac(v, weights="quadratic", scale=(0, 4), **o),
    "Brennan-Prediger": lambda v, **o: brennan_prediger(v, scale=(0, 4), **o),
    "alpha (nominal)": krippendorff_alpha,
    "alpha (ordinal)": lambda v, **o: krippendorff_alpha(v, metric="ordinal", **o),
    "alpha (interval)": lambda v, **o: krippendorff_alpha(v, metric="interval", **o),
    "alpha (ratio)": lambda v, **o: krippendorff_alpha(v, metric="ratio", **o),
    "specific agreement (one)": lambda v, **o: specific_agreement(v, [1], label="one", **o),
}
every = pytest.mark.parametrize("name", sorted(COEFFICIENTS))


def coded(n: int, coders: int, seed: int) -> np.ndarray:
    """Codes with chance errors, unequal margins of coders, and holes."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(5, size=(n, 1), p=[0.4, 0.25, 0.2, 0.1, 0.05])
    error = rng.integers(0, 5, size=(n, coders))
    error[:, 0] = rng.integers(0, 3, size=n)
    values = np.where(rng.random((n, coders)) < 0.7, truth, error).astype(float)
    values[rng.random(values.shape) < 0.25] = np.nan
    return values


@pytest.fixture(scope="module")
def table() -> np.ndarray:
    return coded(60, 3, seed=11)


def value(found: Reliability) -> float:
    assert found.estimate.value is not None
    return found.estimate.value


def influence_error(found: Reliability, degrees: int) -> float:
    """Standard error behind a linearized interval: it is symmetric in log(1 - value)."""
    interval = found.estimate.interval
    assert interval is not None
    share = 1 - value(found)
    return float(np.log((1 - interval.low) / share) * share / stdtrit(degrees, 0.975))


@every
def test_linearized_error_is_that_of_the_jackknife(name: str) -> None:
    values = coded(400, 4, seed=5)
    coefficient = COEFFICIENTS[name]
    found = coefficient(values)
    assert found.estimate.name == name
    kept = values[~np.isnan(values).all(axis=1)]
    left = np.array([value(coefficient(np.delete(kept, unit, axis=0))) for unit in range(len(kept))])
    n = len(kept)
    jackknife = np.sqrt((n - 1) / n * np.sum((left - left.mean()) ** 2))
    assert influence_error(found, found.n_units - 1) == pytest.approx(jackknife, rel=0.015)
    assert found.estimate.interval is not None
    assert found.estimate.interval.method == "linearized, t of log(1 - value)"


@every
def test_bootstrap_is_that_of_a_plain_loop(name: str, table: np.ndarray) -> None:
    coefficient = COEFFICIENTS[name]
    found = coefficient(table, interval="bootstrap", resamples=4_000).estimate
    assert found.interval is not None
    assert found.interval.method == "BCa bootstrap of units, 4000 resamples"
    kept = table[~np.isnan(table).all(axis=1)]
    if name.startswith(("alpha", "specific")):
        kept = kept[np.count_nonzero(~np.isnan(kept), axis=1) >= 2]
    rng = np.random.default_rng(1)
    drawn = [value(coefficient(kept[rng.integers(0, len(kept), len(kept))])) for _ in range(600)]
    left = [value(coefficient(np.delete(kept, unit, axis=0))) for unit in range(len(kept))]
    plain = bca_limits(np.array(drawn)[:, None], [value(coefficient(table))], np.array(left)[:, None], 0.95)
    width = found.interval.high - found.interval.low
    assert found.interval.low == pytest.approx(plain.low[0], abs=0.15 * width)
    assert found.interval.high == pytest.approx(plain.high[0], abs=0.1 * width)
    assert width == pytest.approx(plain.high[0] - plain.low[0], rel=0.15)


@every
def test_clusters_of_one_are_units(name: str, table: np.ndarray) -> None:
    coefficient, labels = COEFFICIENTS[name], np.arange(len(table))
    plain = coefficient(table).estimate
    clustered = coefficient(table, clusters=labels).estimate
    assert clustered.value == plain.value
    assert plain.interval is not None
    assert clustered.interval is not None
    assert clustered.interval.low == pytest.approx(plain.interval.low, abs=1e-12)
    assert clustered.interval.method == "linearized, t of log(1 - value), by cluster"


@every
def test_repeated_units_in_a_cluster_tell_nothing_new(name: str, table: np.ndarray) -> None:
    """Each unit four times within its session: the interval of the sessions stays."""
    coefficient = COEFFICIENTS[name]
    four, sessions = np.repeat(table, 4, axis=0), np.repeat(np.arange(len(table)), 4)
    once = coefficient(table).estimate.interval
    clustered = coefficient(four, clusters=sessions).estimate.interval
    naive = coefficient(four).estimate.interval
    assert once is not None
    assert clustered is not None
    assert naive is not None
    width = once.high - once.low
    assert clustered.high - clustered.low == pytest.approx(width, rel=0.03)
    assert naive.high - naive.low < 0.6 * width
    booted = coefficient(four, clusters=sessions, interval="bootstrap").estimate.interval
    assert booted is not None
    assert booted.method == "BCa bootstrap of clusters, 2000 resamples"
    assert booted.high - booted.low == pytest.approx(width, rel=0.25)


@every
def test_a_seed_repeats_and_coders_may_swap(name: str, table: np.ndarray) -> None:
    coefficient = COEFFICIENTS[name]
    first = coefficient(table, interval="bootstrap", resamples=200, seed=4).estimate.interval
    again = coefficient(table[:, ::-1], interval="bootstrap", resamples=200, seed=4).estimate.interval
    other = coefficient(table, interval="bootstrap", resamples=200, seed=5).estimate.interval
    assert first is not None
    assert again is not None
    assert other is not None
    assert (again.low, again.high) == pytest.approx((first.low, first.high), abs=1e-9)
    assert (other.low, other.high) != (first.low, first.high)


def test_level_widens(table: np.ndarray) -> None:
    narrow = fleiss_kappa(table, level=0.8).estimate.interval
    wide = fleiss_kappa(table, level=0.99).estimate.interval
    assert narrow is not None
    assert wide is not None
    assert wide.low < narrow.low < narrow.high < wide.high < 1
    assert (narrow.level, wide.level) == (0.8, 0.99)


def test_single_coded_units_do_not_widen_the_linearized_interval() -> None:
    """12 of 43 sessions with two coders: Gwet's variance takes the 31 others for disagreement."""
    rng = np.random.default_rng(2)
    first = rng.integers(0, 3, size=43).astype(float)
    second = np.where(rng.random(43) < 0.9, first, 2 - first)
    second[12:] = np.nan
    second[0] = 2 - first[0] if first[0] != 1 else 0
    values = np.column_stack([first, second])
    linearized, gwet = gwet_ac(values), gwet_ac(values, interval="Gwet 2014")
    assert linearized.n_units == 12
    assert linearized.estimate.notes == ("31 units with one coder count towards chance agreement only",)
    assert gwet.estimate.interval is not None
    half = (value(gwet) - gwet.estimate.interval.low) / stdtrit(42, 0.975)
    assert influence_error(linearized, 11) < 0.8 * half


def test_too_little_for_an_interval() -> None:
    one = fleiss_kappa([[1, 2], [1, np.nan], [2, np.nan]]).estimate
    assert one.interval is None
    assert one.notes[-1] == "no interval: it needs two or more units with two or more coders"
    values = [[1, 2], [1, 1], [2, 2]]
    clustered = fleiss_kappa(values, clusters=["s1", "s1", "s1"]).estimate
    assert clustered.interval is None
    assert clustered.notes[-1] == "no interval: it needs two or more clusters with two or more coders"


def test_degenerate_resamples_are_counted() -> None:
    values = np.array([[1, 1], [1, 1], [1, 1], [2, 2], [2, 1]], dtype=float)
    estimate = cohen_kappa(values, interval="bootstrap", resamples=1_000).estimate
    share = (3 / 5) ** 5
    (note,) = [note for note in estimate.notes if note.endswith("resamples had no value; left out")]
    assert int(note.split()[0]) == pytest.approx(1_000 * share, abs=40)
    assert estimate.interval is not None


def test_many_distinct_rows_have_distinct_keys() -> None:
    """30 coders of 40 codes do not fit into one 64-bit key a row."""
    rng = np.random.default_rng(8)
    values = rng.integers(0, 40, size=(50, 30)).astype(float)
    values[25:] = values[:25]
    found = fleiss_kappa(values)
    plain = (values[:, :, None] == np.arange(40)).sum(axis=1)
    pi = plain.mean(axis=0) / 30
    observed = np.mean(np.sum(plain * (plain - 1), axis=1) / (30 * 29))
    assert value(found) == pytest.approx((observed - pi @ pi) / (1 - pi @ pi), abs=1e-12)


def test_full_agreement_among_many_single_coded_units_has_no_interval() -> None:
    codes = np.random.default_rng(3).integers(0, 7, size=200_000).astype(float)
    values = np.column_stack([codes, np.where(np.arange(len(codes)) < 12, codes, np.nan)])
    for coefficient in (percent_agreement, fleiss_kappa, conger_kappa, gwet_ac, krippendorff_alpha):
        found = coefficient(values)
        assert value(found) == pytest.approx(1, abs=1e-12)
        assert found.n_units == 12
        assert found.estimate.interval is None
