"""Bayes factor of a correlation against pingouin, BayesFactor and numerical integration."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bordin.association import bayes_factor
from bordin.errors import AnalysisError

Read = Callable[[str], Any]


@pytest.mark.parametrize(
    "name", ["seedlike_a", "seedlike_b", "seedlike_c_extreme_ties", "seedlike_complete", "tiny8"]
)
def test_factor_is_that_of_pingouin_and_of_bayesfactor(name: str, read_reference: Read) -> None:
    counted = 0
    for numbers in read_reference(f"estimators_{name}.json").values():
        if numbers["rho"] is None:
            continue
        n = numbers["n"]
        assert bayes_factor(numbers["rho"], n) == pytest.approx(numbers["bf10_pearson_ly_on_ranks"], rel=1e-9)
        made = bayes_factor(numbers["pearson"], n)
        assert made == pytest.approx(numbers["bf10_pearson_ly"], rel=1e-9)
        if "r_bf10_rscale_1" in numbers:
            assert made == pytest.approx(numbers["r_bf10_rscale_1"], rel=1e-9)
        counted += 1
    assert counted > 10


def test_best_evidence_for_the_null_at_43_cases() -> None:
    assert 1 / bayes_factor(0.0, 43) == pytest.approx(5.26, abs=0.005)
    assert 1 / bayes_factor(0.2, 43) == pytest.approx(2.36, abs=0.005)
    assert bayes_factor(-0.4, 43) == bayes_factor(0.4, 43)


def test_factor_is_the_integral_of_the_likelihood_under_a_flat_prior() -> None:
    from scipy.special import hyp2f1

    # Exact density of r (Hotelling 1953) relative to that at rho = 0, averaged over rho from -1 to 1.
    r, n = 0.35, 20
    rho = np.linspace(-1, 1, 20_001)[1:-1]
    density = (1 - rho**2) ** ((n - 1) / 2) * (1 - rho * r) ** (1.5 - n)
    density = density * hyp2f1(0.5, 0.5, n - 0.5, (1 + rho * r) / 2) / hyp2f1(0.5, 0.5, n - 0.5, 0.5)
    assert bayes_factor(r, n) == pytest.approx(float(np.mean(density)), rel=2e-4)


def test_large_samples_stay_finite_or_say_infinite() -> None:
    assert math.isfinite(bayes_factor(0.5, 1000))
    assert bayes_factor(0.9, 5000) == math.inf
    assert bayes_factor(1.0, 10) == math.inf


@pytest.mark.parametrize(("r", "n"), [(0.2, 2), (1.5, 20), (float("nan"), 20)])
def test_bad_input_is_refused(r: float, n: int) -> None:
    with pytest.raises(AnalysisError, match="No Bayes factor"):
        bayes_factor(r, n)
