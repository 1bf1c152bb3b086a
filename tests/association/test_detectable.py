"""Known figures of what a number of cases can say."""

from __future__ import annotations

import pytest

from bordin.association import (
    cases_for_correlation,
    cases_for_equivalence,
    power_of_correlation,
    power_of_equivalence,
    smallest_detectable,
    smallest_equivalence,
)
from bordin.association.distributions import p_of_correlation
from bordin.errors import AnalysisError


def test_smallest_detectable_correlation() -> None:
    at_43 = smallest_detectable(43)
    assert at_43 == pytest.approx(0.3008, abs=0.00005)
    assert p_of_correlation(float(at_43 or 0), 41) == pytest.approx(0.05, abs=1e-12)
    assert smallest_detectable(43, alpha=0.01) == pytest.approx(0.3887, abs=0.0001)
    assert smallest_detectable(43, coefficient="kendall") == pytest.approx(0.2074, abs=0.00005)
    assert smallest_detectable(4) == pytest.approx(0.95, abs=1e-12)
    assert smallest_detectable(3) is None
    assert smallest_detectable(4, coefficient="kendall") == pytest.approx(0.9617, abs=0.0001)
    assert smallest_detectable(4, alpha=0.01, coefficient="kendall") is None


def test_smallest_equivalence_bound() -> None:
    assert smallest_equivalence(43) == pytest.approx(0.2544, abs=0.00005)
    assert smallest_equivalence(43, coefficient="pearson") == smallest_equivalence(43)
    assert smallest_equivalence(43, interval="Fieller") == pytest.approx(0.2615, abs=0.00005)
    assert smallest_equivalence(43, coefficient="kendall") == pytest.approx(0.1724, abs=0.00005)
    assert smallest_equivalence(3) is None


@pytest.mark.parametrize(("r", "power"), [(0.2, 0.25), (0.3, 0.50), (0.42, 0.81)])
def test_power_at_43_cases(r: float, power: float) -> None:
    assert power_of_correlation(r, 43) == pytest.approx(power, abs=0.005)
    assert power_of_correlation(-r, 43) == power_of_correlation(r, 43)
    assert power_of_correlation(r, 43, coefficient="spearman") < power_of_correlation(r, 43)


def test_power_without_an_effect_is_alpha() -> None:
    assert power_of_correlation(0.0, 43) == pytest.approx(0.05, abs=1e-12)


def test_power_of_equivalence_at_43_cases() -> None:
    assert power_of_equivalence(0.2, 43) == 0.0
    assert power_of_equivalence(0.25, 43) == 0.0
    assert power_of_equivalence(0.3, 43) == pytest.approx(0.245, abs=0.001)
    assert power_of_equivalence(0.3, 43, r=0.1) < power_of_equivalence(0.3, 43)


@pytest.mark.parametrize(("bound", "cases"), [(0.3, 93), (0.25, 135), (0.2, 212)])
def test_cases_for_equivalence(bound: float, cases: int) -> None:
    assert cases_for_equivalence(bound) == cases
    assert power_of_equivalence(bound, cases) >= 0.8 > power_of_equivalence(bound, cases - 1)


@pytest.mark.parametrize(("r", "cases"), [(0.1, 783), (0.3, 85), (0.5, 30), (-0.3, 85)])
def test_cases_for_correlation(r: float, cases: int) -> None:
    assert cases_for_correlation(r) == cases
    assert power_of_correlation(r, cases) >= 0.8


def test_bad_input_is_refused() -> None:
    with pytest.raises(AnalysisError, match="must lie between -1 and 1"):
        power_of_correlation(1.0, 43)
    with pytest.raises(AnalysisError, match="3 cases are too few"):
        power_of_correlation(0.3, 3)
    with pytest.raises(AnalysisError, match="never detected"):
        cases_for_correlation(0.0)
    with pytest.raises(AnalysisError, match="The power is 1"):
        cases_for_equivalence(0.3, power=1)
    with pytest.raises(AnalysisError, match="smallest effect size of interest is 0"):
        power_of_equivalence(0.0, 43)
