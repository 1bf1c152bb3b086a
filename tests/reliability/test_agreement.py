"""All coefficients of a dimension at once, from arrays and long columns."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pkgutil import iter_modules

import numpy as np
import pytest

import bordin.reliability
from bordin.errors import AnalysisError
from bordin.reliability import (
    Reliability,
    agree,
    as_record,
    coded_by_dimension,
    conger_kappa,
    gwet_ac,
    icc_forms,
    krippendorff_alpha,
)
from bordin.reliability.variance_components import variance_components


def table(seed: int = 1) -> np.ndarray:
    """Twenty sessions, three coders, 0 to 6, a fifth missing."""
    rng = np.random.default_rng(seed)
    made = np.round(np.clip(rng.normal(3, 1.5, (20, 1)) + rng.normal(0, 0.8, (20, 3)), 0, 6))
    made[rng.random((20, 3)) < 0.2] = np.nan
    return made


def test_every_value_is_that_of_its_own_function() -> None:
    found = agree(table(), level="ordinal", scale=(0, 6), dimension="bond", seed=3)
    wanted = {
        "kappa (Conger, quadratic)": conger_kappa(table(), weights="quadratic", scale=(0, 6)),
        "AC2 (ordinal)": gwet_ac(table(), weights="ordinal", scale=(0, 6)),
        "alpha (ordinal)": krippendorff_alpha(table(), metric="ordinal"),
    }
    for name, one in wanted.items():
        assert found[name] == replace(one, dimension="bond")
    for name, one in icc_forms(table(), seed=3).items():
        estimate = found[name].estimate
        assert (estimate.value, estimate.interval) == (one.estimate.value, one.estimate.interval)
        assert estimate.notes[-1] == "takes the codes as equally spaced numbers"
    assert found.components is not None
    assert found.components.values == variance_components(table()).values
    assert (found.level, found.unit, found.dimension) == ("ordinal", "session", "bond")
    assert found.bootstrap == (None,) * len(found.reliabilities)
    assert len({one.estimate.name for one in found.reliabilities}) == 13


def test_levels() -> None:
    names = {
        level: [one.estimate.name for one in agree(table() + 1, level=level).reliabilities]
        for level in ("nominal", "ordinal", "interval", "ratio")
    }
    assert names["nominal"][-1] == "alpha (nominal)"
    assert not any("ICC" in name or "quadratic" in name for name in names["nominal"])
    for level in ("interval", "ratio"):
        assert names[level][:2] == ["percent agreement", f"alpha ({level})"]
        assert names[level][2:] == ["ICC(1)", "ICC(A,1)", "ICC(C,1)", "ICC(k)", "ICC(A,k)", "ICC(C,k)"]
    with_scale = [one.estimate.name for one in agree(table(), level="interval", scale=(0, 6)).reliabilities]
    assert with_scale[1] == "kappa (Conger, quadratic)"
    assert "AC2 (ordinal)" not in with_scale


def test_the_level_is_seen_and_said() -> None:
    whole, decimals = agree(table()), agree(table() + 0.25)
    assert whole.level == "ordinal"
    assert whole.warnings[0] == "no level is declared: whole numbers are taken as ordinal"
    assert decimals.level == "interval"
    assert decimals.warnings[0] == "no level is declared: numbers with decimals are taken as interval"
    names = coded_by_dimension(["a", "a", "b", "b"], ["x", "y"] * 2, ["yes", "no", "no", "no"])[""]
    assert agree(names).level == "nominal"
    with pytest.raises(AnalysisError, match="codes with names have no order"):
        agree(names, level="ordinal")
    with pytest.raises(AnalysisError, match="these codes are names"):
        agree(names, scale=(0, 1))


def test_measurements_are_held_against_the_scale_without_weights() -> None:
    found = agree(table() * 0.9, level="interval", scale=(0, 6))
    assert [one.estimate.name for one in found.reliabilities][:2] == ["percent agreement", "alpha (interval)"]
    with pytest.raises(AnalysisError, match="outside the scale 0:3"):
        agree(table() * 0.9, level="interval", scale=(0, 3))
    with pytest.raises(AnalysisError, match="not a point of the scale 0:6"):
        agree(table() * 0.9, level="ordinal", scale=(0, 6))


def test_many_different_values_leave_the_coefficients_for_measurements() -> None:
    rng = np.random.default_rng(1)
    found = agree(rng.normal(size=(1200, 1)) + 0.5 * rng.normal(size=(1200, 2)), level="interval")
    assert [one.estimate.name for one in found.reliabilities][:2] == ["alpha (interval)", "ICC(1)"]
    assert found["ICC(A,1)"].estimate.value == pytest.approx(0.8, abs=0.03)


def test_bootstrap_stands_beside_the_analytic_interval() -> None:
    full = np.nan_to_num(table(), nan=3.0)
    found = agree(full, level="ordinal", scale=(0, 6), bootstrap=500, seed=2)
    assert len(found.bootstrap) == len(found.reliabilities)
    for one, drawn in zip(found.reliabilities, found.bootstrap, strict=True):
        assert one.estimate.interval is not None
        assert drawn is not None
        assert one.estimate.value is not None
        assert drawn.low <= one.estimate.value <= drawn.high
        assert "bootstrap" in drawn.method
        assert "bootstrap" not in one.estimate.interval.method
    missing = agree(table(), level="interval", bootstrap=500)
    assert missing.bootstrap[-6:] == (None,) * 6


def test_turns_of_one_session_alone_and_of_several() -> None:
    turns, coders = [1, 1, 2, 2, 3, 3, 4, 4], ["x", "y"] * 4
    codes = ["a", "a", "b", "b", "a", "b", "b", "b"]
    alone = coded_by_dimension(["s"] * 8, coders, codes, turns=turns)[""]
    assert "one session only: the intervals take its turns as independent" in agree(alone).warnings
    split = coded_by_dimension(["s"] * 4 + ["t"] * 4, coders, codes, turns=turns)[""]
    found = agree(split)
    assert "intervals rest on the 2 sessions, since turns of one are alike" in found.warnings
    assert found["percent agreement"].estimate.value == 0.75
    assert found["specific agreement (a)"].estimate.value == pytest.approx(2 / 3, abs=1e-12)
    assert (found.n_sessions, found["AC1"].n_units) == (2, 4)
    numbers = coded_by_dimension(["s"] * 4 + ["t"] * 4, coders, [1, 1, 2, 2, 1, 2, 2, 2], turns=turns)[""]
    assert any("as independent: too narrow" in w for w in agree(numbers, level="interval").warnings)


def test_a_session_without_marks_on_one_dimension_counts() -> None:
    units = coded_by_dimension(
        ["s", "s", "t", "t"],
        ["x", "y", "x", "y"],
        ["sigh", "sigh", "joke", "joke"],
        dimensions=["body", "body", "words", "words"],
        times=[1.0, 2.0, 5.0, 5.5],
    )
    assert list(units) == ["body", "words"]
    assert agree(units["body"])["specific agreement (sigh)"].estimate.value == 1
    assert agree(units["body"])["percent agreement"].n_units == 1


def test_a_rare_code_is_no_proof_of_carelessness() -> None:
    codes = np.zeros((50, 2))
    codes[0, 0] = codes[1, 1] = 1
    found = agree(codes, level="nominal")
    assert any(w.startswith("restricted range: coders mostly give the same value") for w in found.warnings)
    value = found["alpha (nominal)"].estimate.value
    assert value is not None
    assert value < 0.05


def test_record_is_plain_and_whole() -> None:
    found = [
        agree(table(), level="interval", dimension="d", bootstrap=200),
        agree(np.ones((4, 2)), level="nominal"),
    ]
    record = json.loads(json.dumps(as_record(found), allow_nan=False))
    assert set(record) == {"estimates", "components", "warnings"}
    assert len(record["estimates"]) == sum(len(one.reliabilities) for one in found)
    one = next(e for e in record["estimates"] if e["name"] == "ICC(A,1)")
    estimate = found[0]["ICC(A,1)"].estimate
    assert estimate.interval is not None
    assert (one["value"], one["low"], one["high"], one["level"]) == (
        estimate.value,
        estimate.interval.low,
        estimate.interval.high,
        0.95,
    )
    assert one["method"] == "REML; interval: generalized"
    assert record["components"][0]["dimension"] == "d"
    session = found[0].components
    assert session is not None
    assert session.session.interval is not None
    assert record["components"][0]["intervals"]["session"] == [
        session.session.interval.low,
        session.session.interval.high,
    ]
    empty = next(e for e in record["estimates"] if e["name"] == "AC1")
    assert (empty["value"], empty["low"], empty["bootstrap"]) == (None, None, None)
    assert empty["undefined"] == "no variance: all ratings are equal"


def test_faults_are_refused() -> None:
    with pytest.raises(AnalysisError, match="Did you mean 'ordinal'"):
        agree(table(), level="ordinel")
    with pytest.raises(AnalysisError, match="Did you mean 'ICC\\(A,1\\)'"):
        agree(table())["ICC(A1)"]
    with pytest.raises(AnalysisError, match="coders: 1 rows"):
        coded_by_dimension(["a", "b"], ["x"], [1, 2])
    with pytest.raises(AnalysisError, match="x coded session a more than once"):
        coded_by_dimension(["a", "a"], ["x", "x"], [1, 2])


def test_the_package_gives_its_names_and_loads_nothing() -> None:
    modules = {module.name for module in iter_modules(bordin.reliability.__path__)}
    assert not set(bordin.reliability.__all__) & modules, (
        "a function would hide behind the module of its name"
    )
    assert [n for n in bordin.reliability.__all__ if not hasattr(bordin.reliability, n)] == []
    assert bordin.reliability.Reliability is Reliability
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        bordin.reliability.nothing  # noqa: B018
    code = "import sys, bordin.reliability; print('numpy' in sys.modules, 'scipy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
