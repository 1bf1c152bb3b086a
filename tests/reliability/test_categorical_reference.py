"""Agreement of categories reproduces what irrCAC, irr, krippendorff, scikit-learn and statsmodels print."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import stdtrit

from bordin.reliability.gwet import brennan_prediger, gwet_ac
from bordin.reliability.kappa import cohen_kappa, conger_kappa, fleiss_kappa
from bordin.reliability.krippendorff import krippendorff_alpha
from bordin.reliability.percent_agreement import percent_agreement
from bordin.reliability.shapes import Reliability

REFERENCE = Path(__file__).parents[1] / "reference" / "reliability"
COEFFICIENTS = {
    "AC": gwet_ac,
    "fleiss": fleiss_kappa,
    "conger": conger_kappa,
    "bp": brennan_prediger,
    "pa": percent_agreement,
}
WEIGHTS = ("identity", "linear", "quadratic", "ordinal", "radical", "ratio")
TABLES = ("krippendorff_12x4", "ratings_30x3", "ratings_30x3_missing")
NA = np.nan
# Gwet (2014): four raters and twelve units, five observers and fifteen units.
FOUR_RATERS = np.array(
    [
        [1, 1, NA, 1],
        [2, 2, 3, 2],
        [3, 3, 3, 3],
        [3, 3, 3, 3],
        [2, 2, 2, 2],
        [1, 2, 3, 4],
        [4, 4, 4, 4],
        [1, 1, 2, 1],
        [2, 2, 2, 2],
        [NA, 5, 5, 5],
        [NA, NA, 1, 1],
        [NA, NA, 3, NA],
    ]
)
FIVE_OBSERVERS = np.array(
    [
        [1, 1, 2, NA, 2],
        [1, 1, 0, 1, NA],
        [2, 3, 3, 3, NA],
        [NA, 0, 0, NA, 0],
        [0, 0, 0, NA, 0],
        [0, 0, 0, NA, 0],
        [1, 0, 2, NA, 1],
        [1, NA, 2, 0, NA],
        [2, 2, 2, NA, 2],
        [2, 1, 1, 1, NA],
        [NA, 1, 0, 0, NA],
        [0, 0, 0, 0, NA],
        [1, 2, 2, 2, NA],
        [3, 3, 2, 2, 3],
        [1, 1, 1, NA, 1],
    ]
)


def read(name: str) -> Any:
    path = REFERENCE / f"categorical_{name}"
    if path.suffix == ".json":
        return json.loads(path.read_text(encoding="utf-8"))
    return np.genfromtxt(path, delimiter=",", skip_header=1)


@pytest.fixture(scope="module")
def irrcac() -> Any:
    return read("irrcac.json")


@pytest.fixture(scope="module")
def published() -> Any:
    return read("published.json")


@pytest.fixture(scope="module")
def fleiss_1971() -> np.ndarray:
    counts = np.array(read("fleiss_1971.json")["counts"])
    return np.array([np.repeat(np.arange(5.0), row) for row in counts])


def value(found: Reliability) -> float:
    assert found.estimate.value is not None
    return found.estimate.value


def standard_error(found: Reliability, degrees: int) -> float:
    interval = found.estimate.interval
    assert interval is not None
    assert interval.method == "Gwet 2014, t"
    return float((value(found) - interval.low) / stdtrit(degrees, 0.975))


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("table", TABLES)
def test_irrcac_value_and_standard_error(table: str, weights: str, irrcac: Any) -> None:
    values = read(f"{table}.csv")
    rated = int(np.count_nonzero(~np.isnan(values).all(axis=1)))
    for key, coefficient in COEFFICIENTS.items():
        expected = irrcac["sets"][table][weights][key]
        found = coefficient(values, weights=weights, interval="Gwet 2014")
        assert value(found) == pytest.approx(expected["value"], abs=6e-6), key
        assert standard_error(found, rated - 1) == pytest.approx(expected["se"], abs=6e-6), key


@pytest.mark.parametrize(
    ("metric", "weights"), [("nominal", "identity"), ("interval", "quadratic"), ("ratio", "ratio")]
)
@pytest.mark.parametrize("table", TABLES)
def test_irrcac_alpha(table: str, metric: str, weights: str, irrcac: Any) -> None:
    expected = irrcac["sets"][table][weights]["kripp"]
    found = krippendorff_alpha(read(f"{table}.csv"), metric=metric, interval="Gwet 2014")
    assert value(found) == pytest.approx(expected["value"], abs=6e-6)
    # irrCAC 1.0 mixes alpha with and without its small-sample term where units differ in coders; later
    # versions do not.
    tolerance = 6e-6 if table == "ratings_30x3" else 2e-4
    assert standard_error(found, found.n_units - 1) == pytest.approx(expected["se"], abs=tolerance)


@pytest.mark.parametrize("metric", ["nominal", "ordinal", "interval", "ratio"])
@pytest.mark.parametrize("table", TABLES)
def test_krippendorff_package(table: str, metric: str, published: Any) -> None:
    found = krippendorff_alpha(read(f"{table}.csv"), metric=metric)
    assert value(found) == pytest.approx(published["alpha"][table][metric], abs=1e-12)


def test_irr_alpha_on_incomplete_data(irrcac: Any) -> None:
    values = read("ratings_30x3_missing.csv")
    for metric, expected in irrcac["irr_kripp_ratings_30x3_missing"].items():
        assert value(krippendorff_alpha(values, metric=metric)) == pytest.approx(expected, abs=1e-12)


def test_gwets_four_raters() -> None:
    expected = {
        fleiss_kappa: 0.76117,
        gwet_ac: 0.77544,
        krippendorff_alpha: 0.74342,
        conger_kappa: 0.76282,
        brennan_prediger: 0.77273,
    }
    for coefficient, number in expected.items():
        found = coefficient(FOUR_RATERS)
        assert value(found) == pytest.approx(number, abs=5e-6)
        assert (found.n_units, found.n_coders, found.n_values) == (11, 4, 40)
        assert found.estimate.n == 11


def test_gwets_five_observers() -> None:
    expected = {
        fleiss_kappa: 0.45762,
        gwet_ac: 0.49662,
        krippendorff_alpha: 0.48053,
        conger_kappa: 0.46927,
        brennan_prediger: 0.48741,
    }
    for coefficient, number in expected.items():
        found = coefficient(FIVE_OBSERVERS)
        assert value(found) == pytest.approx(number, abs=5e-6)
        assert (found.n_units, found.n_coders, found.n_values) == (15, 5, 58)


def test_fleiss_1971(fleiss_1971: np.ndarray, irrcac: Any, published: Any) -> None:
    fleiss = value(fleiss_kappa(fleiss_1971, scale=(0, 4)))
    assert fleiss == pytest.approx(irrcac["irr"]["fleiss_1971"], abs=1e-12)
    assert fleiss == pytest.approx(published["fleiss"]["fleiss_1971"], abs=1e-12)
    assert value(brennan_prediger(fleiss_1971)) == pytest.approx(
        published["randolph"]["fleiss_1971"], abs=1e-12
    )
    for key, coefficient in (("AC", gwet_ac), ("bp", brennan_prediger), ("kripp", krippendorff_alpha)):
        expected = irrcac["sets"]["fleiss_1971"]["identity"][key]
        found = coefficient(fleiss_1971, interval="Gwet 2014")
        assert value(found) == pytest.approx(expected["value"], abs=6e-6)
        assert standard_error(found, 29) == pytest.approx(expected["se"], abs=6e-6)


def test_complete_table_of_three(irrcac: Any, published: Any) -> None:
    values = read("ratings_30x3.csv")
    fleiss = value(fleiss_kappa(values))
    assert fleiss == pytest.approx(irrcac["irr"]["ratings_30x3"], abs=1e-12)
    assert fleiss == pytest.approx(published["fleiss"]["ratings_30x3"], abs=1e-12)
    randolph = published["randolph"]["ratings_30x3"]
    assert value(brennan_prediger(values)) == pytest.approx(randolph, abs=1e-12)


@pytest.mark.parametrize("pair", ["0-1", "0-2", "1-2"])
@pytest.mark.parametrize("weights", ["identity", "linear", "quadratic"])
def test_cohen(pair: str, weights: str, published: Any) -> None:
    columns = [int(place) for place in pair.split("-")]
    expected = published["cohen"][pair][weights]
    values = read("ratings_30x3.csv")[:, columns]
    found = cohen_kappa(values, weights=weights, scale=(1, 7), interval="Gwet 2014")
    assert value(found) == pytest.approx(expected["sklearn"], abs=1e-12)
    assert value(found) == pytest.approx(expected["statsmodels"], abs=1e-12)
    # They divide by n squared, this by n (n - 1).
    variance = expected["variance"] * 30 / 29
    assert standard_error(found, 29) == pytest.approx(np.sqrt(variance), rel=1e-9)
    suffix = "" if weights == "identity" else f", {weights}"
    assert found.estimate.name == f"kappa (Cohen{suffix})"
    assert value(conger_kappa(values, weights=weights, scale=(1, 7))) == pytest.approx(
        value(found), abs=1e-12
    )
