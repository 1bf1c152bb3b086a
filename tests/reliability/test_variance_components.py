"""Components of variance on incomplete designs: lme4's values, what follows from them, and properties."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bordin.errors import AnalysisError
from bordin.reliability.icc import icc_forms, mean_squares
from bordin.reliability.reml import likelihood, pattern_of, sums_of
from bordin.reliability.variance_components import (
    VarianceComponents,
    bootstrap_components,
    coder_share,
    effective_coders,
    score_reliability,
    variance_components,
)

REFERENCE = Path(__file__).parent.parent / "reference" / "reliability"
EXPECTED = json.loads((REFERENCE / "icc_components.json").read_text(encoding="utf-8"))
DIMENSIONS = tuple(EXPECTED["ratings_unbalanced_long"])


def long_ratings(dimension: str) -> np.ndarray:
    with (REFERENCE / "icc_ratings_unbalanced_long.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    sessions = sorted({row["session"] for row in rows})
    coders = sorted({row["rater"] for row in rows})
    table = np.full((len(sessions), len(coders)), np.nan)
    for row in rows:
        if row[dimension] not in ("", "NA"):
            table[sessions.index(row["session"]), coders.index(row["rater"])] = float(row[dimension])
    return table


def missing_ratings() -> np.ndarray:
    return np.genfromtxt(REFERENCE / "icc_ratings_30x3_missing.csv", delimiter=",", skip_header=1)


def holed(seed: int, coded: np.ndarray, *, coder: float = 0.4, residual: float = 0.7) -> np.ndarray:
    rng = np.random.default_rng(seed)
    s, k = coded.shape
    table = (
        rng.standard_normal((s, 1)) + coder * rng.standard_normal(k) + residual * rng.standard_normal((s, k))
    )
    return np.where(coded, table, np.nan)


def deviance_by_hand(table: np.ndarray, variances: np.ndarray) -> float:
    """Restricted deviance by the full matrix of all ratings."""
    session, coder = np.nonzero(~np.isnan(table))
    y = table[session, coder]
    v = variances[0] * (session[:, None] == session) + variances[1] * (coder[:, None] == coder)
    v = v + variances[2] * np.eye(len(y))
    inverse = np.linalg.inv(v)
    weight = inverse.sum()
    left = y - (inverse @ y).sum() / weight
    return float(np.linalg.slogdet(v)[1] + np.log(weight) + left @ inverse @ left)


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_components_are_those_of_lme4(dimension: str) -> None:
    found = variance_components(long_ratings(dimension), interval="none")
    expected = EXPECTED["ratings_unbalanced_long"][dimension]
    assert found.values == pytest.approx(expected, rel=1e-4, abs=1e-12)
    session, _, residual = expected
    assert found.reliability("ICC(A,1)").estimate.value == pytest.approx(session / sum(expected), rel=1e-4)
    consistency = found.reliability("ICC(C,1)", confounded=0.0).estimate.value
    assert consistency == pytest.approx(session / (session + residual), rel=1e-4)


def test_the_fit_is_the_maximum_of_the_likelihood_written_out() -> None:
    table = long_ratings("concordance")
    best = np.array(variance_components(table, interval="none").values)
    here = deviance_by_hand(table, best)
    expected = np.array(EXPECTED["ratings_unbalanced_long"]["concordance"])
    assert here <= deviance_by_hand(table, expected) + 1e-9
    # lme4's restricted log likelihood is the same function, up to its constant.
    n = np.count_nonzero(~np.isnan(table)) - 1
    assert -(here + n * np.log(2 * np.pi)) / 2 == pytest.approx(-128.614300077906, abs=1e-8)
    for part in range(3):
        for factor in (0.98, 1.02):
            moved = best.copy()
            moved[part] *= factor
            assert deviance_by_hand(table, moved) > here


def test_slopes_are_those_of_the_deviance() -> None:
    table = long_ratings("active")
    coded = ~np.isnan(table)
    pattern = pattern_of(coded)
    sums = sums_of(coded, np.where(coded, table, 0.0)[None])
    at, step = np.array([[1.3, 0.2]]), 1e-6
    slopes = likelihood(pattern, sums, at).gradient[0]
    for part in range(2):
        ends = []
        for sign in (1, -1):
            moved = at.copy()
            moved[0, part] += sign * step
            ends.append(likelihood(pattern, sums, moved).deviance[0])
        assert slopes[part] == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-5)


def test_missing_cells_are_never_dropped_by_session() -> None:
    table = missing_ratings()
    found = variance_components(table)
    assert found.values == pytest.approx(EXPECTED["ratings_30x3_missing"], rel=1e-4)
    forms = icc_forms(table)
    # psych 2.2.9, lmer: .53839; with the 18 complete sessions alone it would be .597.
    assert forms["ICC(1)"].estimate.value == pytest.approx(0.538387071614101, rel=1e-4)
    assert forms["ICC(A,1)"].estimate.value == pytest.approx(0.538387071614101, rel=1e-4)
    assert "coder variance estimated as 0" in forms["ICC(A,1)"].estimate.notes
    assert (forms["ICC(A,1)"].n_units, forms["ICC(A,1)"].n_values) == (29, 77)
    assert forms["ICC(A,k)"].estimate.notes[-1] == "k = 2.4, the harmonic mean of the coders a session"


def test_complete_data_give_the_components_of_the_mean_squares() -> None:
    table = holed(2, np.ones((20, 5), dtype=bool))
    squares = mean_squares(table)
    rows, columns, error = (float(part[0]) for part in (squares.rows, squares.columns, squares.error))
    expected = [(rows - error) / 5, (columns - error) / 20, error]
    assert variance_components(table, interval="none").values == pytest.approx(expected, rel=1e-8)


def twelve_shared() -> np.ndarray:
    coded = np.zeros((43, 2), dtype=bool)
    coded[:12] = True
    coded[12:28, 0] = True
    coded[28:, 1] = True
    return coded


def pairwise() -> np.ndarray:
    coded = np.ones((43, 3), dtype=bool)
    coded[np.arange(43), np.arange(43) % 3] = False
    return coded


@pytest.mark.parametrize("coded", [twelve_shared(), pairwise()], ids=["12 of 43", "AB AC BC"])
def test_designs_that_peers_refuse(coded: np.ndarray) -> None:
    found = variance_components(holed(5, coded))
    agreement, consistency = found.reliability("ICC(A,1)"), found.reliability("ICC(C,1)", confounded=0.0)
    for reliability in (agreement, consistency):
        value, interval = reliability.estimate.value, reliability.estimate.interval
        assert value is not None
        assert interval is not None
        assert 0.3 < value < 1
        assert 0 <= interval.low < value < interval.high <= 1
    assert agreement.n_units == coded[coded.sum(axis=1) > 1].shape[0]


def test_a_broken_design_is_named() -> None:
    coded = np.zeros((20, 4), dtype=bool)
    coded[:10, :2] = True
    coded[10:, 2:] = True
    found = variance_components(holed(1, coded), coders=("A", "B", "C", "D"))
    assert found.design.groups == ((0, 1), (2, 3))
    assert any("groups that never meet (A, B | C, D)" in note for note in found.session.notes)
    table = holed(1, twelve_shared())
    wider = np.column_stack([table, np.full(43, np.nan)])
    wider[30, 2] = 1.0
    wider[30, 1] = np.nan
    lonely = variance_components(wider, coders=("A", "B", "C"))
    assert "shares no session with another coder: C" in lonely.session.notes
    assert "coded one session only: C" in lonely.session.notes
    assert lonely.reliability("ICC(A,1)").n_coders == 2


def test_undefined_says_why() -> None:
    alone = np.full((10, 2), np.nan)
    alone[:, 0], alone[0, 1] = np.arange(10), 1
    few = "too few sessions with two coders: sessions and coders alone explain every rating"
    assert variance_components(alone).undefined == few
    assert variance_components(alone).reliability("ICC(A,1)").estimate.undefined == few
    with pytest.raises(AnalysisError, match="There are no variance components: too few"):
        _ = variance_components(alone).values
    flat = np.where(twelve_shared(), 3.0, np.nan)
    assert variance_components(flat).undefined == "no variance: all ratings are equal"
    constant = np.where(twelve_shared(), [[1.0, 5.0]], np.nan)
    steady = variance_components(constant)
    assert (
        steady.reliability("ICC(C,1)", confounded=0.0).estimate.undefined == "no variance but between coders"
    )
    assert steady.reliability("ICC(A,1)").estimate.value == 0


def test_an_exact_fit_has_no_residual() -> None:
    table = np.arange(6.0)[:, None] + np.array([0.0, 1.0, 3.0])
    table[2, 1] = np.nan
    found = variance_components(table, interval="parametric bootstrap")
    assert found.values == pytest.approx((3.5, 7 / 3, 0.0), rel=1e-6)
    assert found.interval == "generalized"
    assert found.reliability("ICC(C,1)", confounded=0.0).estimate.value == 1
    same = np.repeat(np.arange(6.0)[:, None], 3, axis=1)
    same[2, 1] = np.nan
    for confounded in (0.0, 1.0):
        estimate = variance_components(same).reliability("ICC", confounded=confounded).estimate
        assert estimate.value == 1
        assert estimate.interval is not None
        assert (estimate.interval.low, estimate.interval.high) == (1, 1)


def test_bootstrap_replicates_are_around_the_components() -> None:
    coded = np.random.default_rng(0).random((43, 5)) < 0.5
    coded[coded.sum(axis=1) == 0, 0] = True
    truth = np.array([1.0, 0.25, 1.0])
    drawn = bootstrap_components(coded, truth, np.random.default_rng(1), 1000)
    error = drawn.std(axis=0) / np.sqrt(1000)
    assert np.all(np.abs(drawn.mean(axis=0) - truth) < 4 * error + 0.02)
    assert drawn.min() >= 0


def test_intervals_by_name_and_seed() -> None:
    table = long_ratings("congruent")
    first, again = variance_components(table, seed=4), variance_components(table, seed=4)
    assert first == again
    expected = json.loads((REFERENCE / "icc_bootstrap.json").read_text(encoding="utf-8"))
    bootstrap = variance_components(table, interval="parametric bootstrap", draws=4000)
    interval = bootstrap.reliability("ICC(A,1)").estimate.interval
    assert interval is not None
    assert interval.method == "parametric bootstrap"
    limits = expected["congruent ICC(A,1) bootMer"]
    assert (interval.low, interval.high) == pytest.approx(limits, abs=0.02)
    none = variance_components(table, interval="none")
    assert none.session.interval is None
    assert none.reliability("ICC(A,1)").estimate.interval is None


def test_effective_coders_and_what_of_their_variance_counts() -> None:
    all_of_three = np.ones((10, 3), dtype=bool)
    assert (effective_coders(all_of_three), coder_share(all_of_three)) == (3, 0)
    nested = np.eye(6, dtype=bool)
    assert (effective_coders(nested), coder_share(nested)) == (1, 1)
    pairs = np.zeros((5, 10), dtype=bool)
    for session in range(5):
        pairs[session, 2 * session : 2 * session + 2] = True
    assert coder_share(pairs) == pytest.approx(0.5)
    mixed = np.array([[True, True], [True, False]])
    assert effective_coders(mixed) == pytest.approx(2 / 1.5)
    # Expected variance between the two scores (a + b) / 2 and a is that of (b - a) / 2, half of it each.
    assert coder_share(mixed) == pytest.approx(0.25)
    with pytest.raises(AnalysisError, match="No rating enters a score"):
        effective_coders(np.zeros((3, 2), dtype=bool))


def test_reliability_of_the_score_really_used() -> None:
    coded = twelve_shared()
    found = variance_components(holed(5, coded))
    session, coder, residual = found.values
    designated = coded & (np.arange(2) == coded.argmax(axis=1)[:, None])
    one = score_reliability(found, designated)
    q = coder_share(designated)
    assert 0 < q < 1
    assert one.estimate.name == "ICC(Q,1)"
    assert one.estimate.value == pytest.approx(session / (session + q * coder + residual))
    mean = score_reliability(found, coded)
    k = 43 / (12 / 2 + 31)
    assert mean.estimate.name == "ICC(Q,k)"
    assert mean.estimate.value == pytest.approx(
        session / (session + coder_share(coded) * coder + residual / k)
    )


def test_options_are_checked() -> None:
    table = missing_ratings()
    with pytest.raises(AnalysisError, match="interval: 'profile' is not known"):
        variance_components(table, interval="profile")
    with pytest.raises(AnalysisError, match="draws: 3 are too few"):
        variance_components(table, draws=3)
    with pytest.raises(AnalysisError, match=r"level: 1\.5"):
        variance_components(table, level=1.5)
    with pytest.raises(AnalysisError, match="2 names of coders for 3 columns"):
        variance_components(table, coders=("A", "B"))
    found = variance_components(table, interval="none")
    with pytest.raises(AnalysisError, match="coders: 0 is not above 0"):
        found.reliability("x", coders=0)
    with pytest.raises(AnalysisError, match="confounded: 2 is not between"):
        found.reliability("x", confounded=2)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 9), st.integers(2, 5), st.floats(0.4, 0.9))
def test_order_of_coders_and_empty_ones_change_nothing(seed: int, s: int, k: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    table = np.where(rng.random((s, k)) < share, rng.integers(0, 7, (s, k)).astype(float), np.nan)
    first: VarianceComponents = variance_components(table, interval="none")
    moved = np.full((s + 1, k + 1), np.nan)
    moved[:s, :k] = table[rng.permutation(s)][:, rng.permutation(k)] * 10 + 100
    second = variance_components(moved, draws=200)
    assert second.undefined == first.undefined
    assume(first.undefined is None)
    assert np.array(second.values) / 100 == pytest.approx(first.values, abs=2e-6 * sum(first.values) + 1e-12)
    reliability = second.reliability("ICC(A,1)").estimate
    assert reliability.value is not None
    assert reliability.interval is not None
    assert 0 <= reliability.interval.low <= reliability.value <= reliability.interval.high <= 1
