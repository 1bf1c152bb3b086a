"""Training to criterion: the lower limit decides, and no word stands without its interval."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bordin.errors import AnalysisError
from bordin.estimate import Estimate, Interval
from bordin.reliability import (
    Reading,
    Reliability,
    cohen_kappa,
    criteria_of,
    judge,
    readings_of,
    train_to_criterion,
)
from bordin.reliability.icc import icc

STANDARD = np.array([0.0, 1, 2, 3, 4, 5, 6, 2, 4, 5])
CLOSE = np.array([0.0, 1, 2, 3, 4, 5, 6, 2, 4, 4])


def test_the_lower_limit_decides() -> None:
    found = train_to_criterion(CLOSE, STANDARD, 0.8, name="x", dimension="bond")
    wanted = icc(np.stack([CLOSE, STANDARD], axis=1), "ICC(A,1)").estimate
    assert found.reliability.estimate == wanted
    assert wanted.interval is not None
    assert wanted.interval.low > 0.8
    assert (found.passed, found.reason, found.coder, found.dimension) == (True, "", "x", "bond")
    stricter = train_to_criterion(CLOSE, STANDARD, wanted.interval.low + 1e-9)
    assert not stricter.passed
    assert stricter.reason.startswith("the value reaches the criterion, the lower limit does not")
    assert train_to_criterion(CLOSE, STANDARD, wanted.interval.low).passed


def test_a_coder_who_is_always_higher_does_not_pass() -> None:
    found = train_to_criterion(STANDARD + 2, STANDARD, 0.6)
    assert found.reliability.estimate.value == pytest.approx(0.655, abs=0.05)
    assert not found.passed


def test_reasons() -> None:
    assert train_to_criterion(STANDARD[::-1], STANDARD, 0.6).reason == "the value is below the criterion"
    nothing = train_to_criterion(np.full(10, 3.0), np.full(10, 3.0), 0.6)
    assert nothing.reason == "undefined: no variance: all ratings are equal"
    assert nothing.readings == ()
    bare = Reliability(Estimate("ICC(A,1)", 0.9, 10), 10, 2, 20)
    assert judge(bare, 0.6).reason == "there is no interval"
    for criterion in (0.0, 1.2, np.nan):
        with pytest.raises(AnalysisError, match="above 0 and up to 1"):
            judge(bare, criterion)
    with pytest.raises(AnalysisError, match="Give one a session"):
        train_to_criterion(STANDARD, STANDARD[:3], 0.6)


def test_sessions_without_a_partner_do_not_count() -> None:
    gaps = CLOSE.copy()
    gaps[3] = np.nan
    wanted = icc(np.stack([np.delete(CLOSE, 3), np.delete(STANDARD, 3)], axis=1)).estimate
    assert train_to_criterion(gaps, STANDARD, 0.6).reliability.estimate == wanted


def test_both_conventions_are_read_with_the_interval() -> None:
    estimate = Estimate("ICC(A,1)", 0.62, 30, interval=Interval(0.39, 0.75, 0.95, "F"))
    assert readings_of(estimate) == (
        Reading("Koo and Li (2016)", "moderate", "poor", "good"),
        Reading("Cicchetti (1994)", "good", "poor", "excellent"),
    )
    at_lines = Estimate("ICC(C,1)", 0.6, 30, interval=Interval(0.4, 0.9, 0.95, "F"))
    assert readings_of(at_lines) == (
        Reading("Koo and Li (2016)", "moderate", "poor", "excellent"),
        Reading("Cicchetti (1994)", "good", "fair", "excellent"),
    )
    assert readings_of(replace(estimate, interval=None)) == ()
    kappa = cohen_kappa(np.stack([CLOSE, STANDARD], axis=1))
    assert kappa.estimate.interval is not None
    assert readings_of(kappa.estimate) == ()


def test_long_ratings_give_one_judgment_a_coder_and_dimension() -> None:
    rows = [
        (f"s{s}", coder, dimension, value)
        for dimension in ("bond", "goals")
        for coder, values in (("gold", STANDARD), ("x", CLOSE), ("y", STANDARD[::-1]))
        for s, value in enumerate(values)
    ]
    found = criteria_of(*zip(*rows, strict=True), standard="gold", criterion=0.8)
    assert [(c.coder, c.dimension, c.passed) for c in found] == [
        ("x", "bond", True), ("x", "goals", True), ("y", "bond", False), ("y", "goals", False),
    ]  # fmt: skip
    with pytest.raises(AnalysisError, match="Did you mean 'gold'"):
        criteria_of(*zip(*rows, strict=True), standard="golld", criterion=0.8)
