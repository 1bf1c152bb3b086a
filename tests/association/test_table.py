"""The whole table: cells, families, contrasts, repeated sessions, and what is refused."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

import bordin.association
from bordin.association import AssociationTable, adjust, as_record, as_rows, associate, correlate
from bordin.errors import AnalysisError
from bordin.estimate import Estimate, Interval

Read = Callable[[str], Any]
X = ("q2_goals", "q3_match", "q4_joint", "bond")
Y = ("concordance", "resistance", "understand", "active", "congruent", "incongruent", "avoidance")


@pytest.fixture(scope="module")
def with_holes(read_reference: Read) -> AssociationTable:
    return associate(read_reference("seedlike_b.csv"), X, Y, sesoi=0.3, against="bond", permutations=2000)


def test_every_cell_holds_the_frozen_numbers(with_holes: AssociationTable, read_reference: Read) -> None:
    expected = read_reference("estimators_seedlike_b.json")
    assert [(c.x, c.y) for c in with_holes.cells] == [(a, b) for a in X for b in Y]
    for cell in with_holes.cells:
        numbers = expected[f"{cell.x}|{cell.y}"]
        assert cell.estimate.value == pytest.approx(numbers["rho"], abs=1e-12)
        assert cell.p == pytest.approx(numbers["p_t"], abs=1e-12)
        assert cell.p_holm == pytest.approx(numbers["p_t_holm"], abs=1e-12)
        assert cell.p_bh == pytest.approx(numbers["p_t_bh"], abs=1e-12)
        assert cell.tost_p == pytest.approx(numbers["tost_.3_p_bonett_wright"], abs=1e-12)
        assert cell.bf10 == pytest.approx(numbers["bf10_pearson_ly_on_ranks"], rel=1e-9)
        assert cell.p_permutation is not None
        assert cell.p_permutation_se is not None
        assert cell.p_permutation == pytest.approx(numbers["p_t"], abs=5 * cell.p_permutation_se + 0.005)
        assert cell.p_permutation_kind == "monte carlo, two-sided: |r*| >= |r|"
        assert cell.p_maxt is not None
        assert cell.p_maxt_single is not None
        assert cell.p_permutation <= cell.p_maxt <= cell.p_maxt_single
        assert cell.tost_interval is not None
        assert cell.tost_interval.level == pytest.approx(0.9)
    assert with_holes.family_size == 28
    assert with_holes.n_cases == 43
    assert with_holes.cell("bond", "active") is with_holes.cells[24]


def test_complete_cases_stand_beside(with_holes: AssociationTable, read_reference: Read) -> None:
    data = read_reference("seedlike_b.csv")
    complete = [i for i in range(43) if all(data[name][i] is not None for name in (*X, *Y))]
    assert with_holes.complete_cases == len(complete) == 16
    assert any("only 16 of 43 cases are complete" in note for note in with_holes.notes)
    cell = with_holes.cell("q3_match", "avoidance")
    expected = correlate(*([data[name][i] for i in complete] for name in ("q3_match", "avoidance")))
    assert cell.complete_case is not None
    assert cell.complete_case.value == expected.estimate.value
    assert cell.complete_case.n == 16


def test_same_seed_same_numbers_and_other_seed_other_numbers(read_reference: Read) -> None:
    data = read_reference("seedlike_a.csv")

    def make(seed: int) -> AssociationTable:
        return associate(
            data,
            X[:2],
            Y[:3],
            seed=seed,
            permutations=500,
            bootstrap=200,
            sensitivity=False,
            against="q3_match",
        )

    assert make(7) == make(7)
    assert [c.p_permutation for c in make(7).cells] != [c.p_permutation for c in make(8).cells]


def test_permutation_as_the_p(read_reference: Read) -> None:
    made = associate(read_reference("tiny8.csv"), X, Y, p="permutation", permutations=1000)
    for cell in made.cells:
        assert cell.p == cell.p_permutation
        assert cell.p_method == "permutation"
        if cell.p is not None:
            assert cell.p_permutation_kind == "exact, two-sided: |r*| >= |r|"
            assert cell.p_permutation_se == 0
    assert [c.p_holm for c in made.cells] == adjust([c.p for c in made.cells], "holm")
    assert [c.p_bh for c in made.cells] == adjust([c.p for c in made.cells], "bh")


def test_without_permutations(read_reference: Read) -> None:
    made = associate(read_reference("tiny8.csv"), X, Y, permutations=0, sensitivity=False)
    assert all(c.p_permutation is None and c.p_maxt is None and c.sensitivity is None for c in made.cells)
    assert made.cells[0].p is not None


def test_families_count_apart(read_reference: Read) -> None:
    data = read_reference("seedlike_complete.csv")
    confirmed = [("q2_goals", "resistance"), ("q3_match", "avoidance"), ("q3_match", "concordance")]
    made = associate(
        data, X, Y, families=dict.fromkeys(confirmed, "confirmatory"), permutations=2000, sensitivity=False
    )
    alone = [made.cell(*pair) for pair in confirmed]
    rest = [c for c in made.cells if (c.x, c.y) not in confirmed]
    assert [c.p_holm for c in alone] == adjust([c.p for c in alone], "holm")
    assert [c.p_bh for c in rest] == adjust([c.p for c in rest], "bh")
    assert {c.family for c in alone} == {"confirmatory"}
    assert {c.family for c in rest} == {"other"}
    whole = associate(data, X, Y, permutations=2000, sensitivity=False)
    for cell in alone:
        other = whole.cell(cell.x, cell.y)
        assert cell.p_permutation == other.p_permutation
        assert other.family is None
        assert cell.p_maxt is not None
        assert other.p_maxt is not None
        assert cell.p_permutation is not None
        assert cell.p_permutation <= cell.p_maxt <= other.p_maxt


def test_contrasts_against_the_bond(read_reference: Read) -> None:
    made = associate(
        read_reference("seedlike_complete.csv"),
        X,
        Y,
        against="bond",
        negative=("resistance", "incongruent", "avoidance"),
        permutations=0,
        bootstrap=500,
        sensitivity=False,
    )
    expected = read_reference("estimators_cocor.json")
    assert len(made.contrasts) == 21
    for contrast in made.contrasts:
        assert contrast.against == "bond"
        assert contrast.n == 43
        assert contrast.bootstrap is not None
        assert contrast.difference is not None
        assert contrast.bootstrap.low < contrast.difference < contrast.bootstrap.high
        assert contrast.reflected == (contrast.y in {"resistance", "incongruent", "avoidance"})
        if contrast.x != "q2_goals":
            continue
        numbers, sign = expected[contrast.y], -1 if contrast.reflected else 1
        assert contrast.difference == pytest.approx(
            sign * (numbers["r_goals"] - numbers["r_bond"]), abs=1e-12
        )
        assert contrast.williams_t == pytest.approx(sign * numbers["williams_t"], abs=1e-12)
        assert contrast.meng_p == pytest.approx(numbers["meng_p"], abs=1e-12)
        assert contrast.zou is not None
        limits = sorted(sign * limit for limit in (contrast.zou.low, contrast.zou.high))
        assert limits == pytest.approx(numbers["zou"], abs=1e-12)


def test_contrast_against_a_variable_that_is_no_row(read_reference: Read) -> None:
    data = read_reference("seedlike_a.csv")
    outside = associate(data, ("q2_goals",), Y, against="bond", permutations=0)
    inside = associate(data, ("q2_goals", "bond"), Y, against="bond", permutations=0)
    assert outside.contrasts == inside.contrasts
    assert len(outside.contrasts) == 7
    assert len(outside.cells) == 7


def test_bootstrap_interval(read_reference: Read) -> None:
    made = associate(read_reference("seedlike_a.csv"), X[:1], Y[:1], bootstrap=4000, permutations=0)
    limits = made.cells[0].bootstrap_interval
    assert limits is not None
    assert limits.method == "BCa"
    # BCa of scipy with 9,999 resamples.
    assert (limits.low, limits.high) == pytest.approx((0.0214, 0.5926), abs=0.03)
    assert made.cells[0].bootstrap_degenerate == 0
    assert made.degenerate_resamples == 0


def test_control_is_taken_out_and_said_to_have_few_levels(read_reference: Read) -> None:
    data = read_reference("estimators_grouped.csv")
    made = associate(data, "x", "y", control="therapist", permutations=0)
    expected = read_reference("estimators_grouped.json")["therapist"]["spearman"]
    part = made.cells[0].partial
    assert part is not None
    assert part.value == pytest.approx(expected["value"], abs=1e-12)
    assert part.df == 40
    assert any("therapist has 3 levels, too few for a random effect" in note for note in made.notes)
    many = associate(data, "x", "y", control="participant", permutations=0)
    assert "participant has 16 levels; the levels" in "; ".join(many.notes)


def test_repeated_sessions_are_never_pooled_into_a_p(read_reference: Read) -> None:
    data, expected = read_reference("estimators_grouped.csv"), read_reference("estimators_grouped.json")
    made = associate(data, "x", "y", cluster="participant", permutations=1000, bootstrap=500)
    cell = made.cells[0]
    assert cell.estimate.n == 14
    assert cell.p == pytest.approx(expected["between"]["spearman"]["p"], abs=1e-12)
    assert cell.estimate.value == pytest.approx(expected["between"]["spearman"]["value"], abs=1e-12)
    split = cell.within_between
    assert split is not None
    assert split.between == cell.estimate
    assert split.within.value == pytest.approx(expected["within"]["spearman"]["value"], abs=1e-12)
    assert split.within_p_permutation is not None
    assert split.within_p_permutation < 0.01
    assert cell.pooled is not None
    assert cell.pooled.n == 44
    assert cell.pooled.interval is not None
    assert cell.pooled.value == correlate(data["x"], data["y"]).estimate.value
    assert cell.pooled.interval.method == "BCa, resampled by participant"
    assert any("rows repeat within participant (49 rows of 16)" in note for note in made.notes)
    assert cell.bootstrap_interval is not None
    assert cell.bootstrap_interval.low < float(cell.estimate.value or 0) < cell.bootstrap_interval.high


def test_a_cluster_that_does_not_repeat_changes_nothing(read_reference: Read) -> None:
    data = read_reference("seedlike_a.csv")
    plain = associate(data, X, Y, permutations=200)
    clustered = associate(data, X, Y, permutations=200, cluster="id")
    assert clustered.cells == plain.cells
    assert clustered.cells[0].within_between is None
    assert clustered.cells[0].pooled is None


def test_sessions_without_a_participant_are_left_out_and_counted() -> None:
    data = {
        "x": [1, 2, 3, 4, 5, 6, 7, 2, 9],
        "y": [2, 1, 4, 3, 6, 5, 7, 1, 9],
        "who": ["A", "A", "B", "B", "C", "D", "E", "F", None],
    }
    made = associate(data, "x", "y", cluster="who", permutations=0)
    assert "rows left out because they have no who: 1" in made.notes
    assert made.cells[0].estimate.n == 6
    assert made.n_cases == 6


def test_a_control_that_changes_within_a_participant_is_refused() -> None:
    data = {
        "x": [1, 2, 3, 4],
        "y": [2, 1, 4, 3],
        "who": ["A", "A", "B", "B"],
        "therapist": ["T", "U", "T", "T"],
    }
    with pytest.raises(AnalysisError, match="therapist has more than one level within a who"):
        associate(data, "x", "y", cluster="who", control="therapist")


def test_undefined_cells_have_a_reason_and_do_not_count() -> None:
    data = {
        "a": [1, 2, 3, 4, 5, 6],
        "flat": [2, 2, 2, 2, 2, None],
        "y": [2, 1, 4, 3, 6, 5],
        "empty": [None] * 6,
        "few": [1, None, None, 2, None, 3],
    }
    made = associate(data, ("a", "flat"), ("y", "empty", "few"), sesoi=0.3, bootstrap=50, permutations=100)
    reasons = {(c.x, c.y): c.estimate.undefined for c in made.cells}
    assert reasons == {
        ("a", "y"): None,
        ("a", "empty"): "no case has a and empty",
        ("a", "few"): "only 3 cases have a and few; at least 4 are needed",
        ("flat", "y"): "no variance in flat",
        ("flat", "empty"): "no case has flat and empty",
        ("flat", "few"): "only 2 cases have flat and few; at least 4 are needed",
    }
    assert made.family_size == 1
    assert made.cell("a", "y").p_holm == made.cell("a", "y").p
    for cell in made.cells[1:]:
        tests = (cell.p, cell.p_holm, cell.p_bh, cell.p_permutation, cell.p_maxt, cell.tost_p, cell.bf10)
        assert tests == (None,) * 7
        assert cell.bootstrap_interval is None


def test_table_without_any_defined_cell() -> None:
    made = associate({"x": [1, 1, 1, 1], "y": [1, 2, 3, 4]}, "x", "y", bootstrap=20)
    assert made.family_size == 0
    assert made.cells[0].estimate.undefined == "no variance in x"
    empty = associate({"x": [], "y": []}, "x", "y", cluster=None)
    assert empty.n_cases == 0
    assert empty.cells[0].estimate.undefined == "no case has x and y"


def test_perfect_correlation_in_a_table() -> None:
    made = associate(
        {"x": [1, 2, 3, 4, 5], "y": [2, 4, 6, 8, 10]}, "x", "y", sesoi=0.3, bootstrap=100, permutations=100
    )
    cell = made.cells[0]
    assert cell.estimate.value == 1
    assert cell.p == 0.0
    assert cell.tost_p == 1.0
    assert cell.bf10 is None
    assert cell.p_permutation == pytest.approx(2 / 120)
    assert len(cell.estimate.notes) == 2
    json.dumps(as_record(made), allow_nan=False)


def test_reliabilities_give_disattenuated_values(read_reference: Read) -> None:
    data = read_reference("seedlike_complete.csv")
    known = Estimate("ICC(A,1)", 0.7, 12, interval=Interval(0.5, 0.8, 0.95, "F"))
    made = associate(
        data, X[:2], Y[:1], reliabilities={"q2_goals": 0.8, "concordance": known}, permutations=0
    )
    first, second = (c.sensitivity for c in made.cells)
    assert first is not None
    assert first.disattenuated is not None
    assert first.disattenuated.value == pytest.approx(0.455795734164207 / math.sqrt(0.56), abs=1e-12)
    assert second is not None
    assert second.disattenuated is None


@pytest.mark.parametrize("kind", ["dict of lists", "dict of arrays", "structured array", "polars"])
def test_columns_of_many_kinds(kind: str, read_reference: Read) -> None:
    data = read_reference("seedlike_a.csv")
    numbers = {name: data[name] for name in (*X, *Y)}
    arrays = {name: np.array(column, dtype=float) for name, column in numbers.items()}
    given: Any = numbers
    if kind == "dict of arrays":
        given = arrays
    elif kind == "structured array":
        given = np.zeros(43, dtype=[(name, float) for name in arrays])
        for name, column in arrays.items():
            given[name] = column
    elif kind == "polars":
        given = pl.DataFrame(numbers)
    assert associate(given, X, Y, permutations=0).cells == associate(numbers, X, Y, permutations=0).cells
    with pytest.raises(AnalysisError, match=r"There is no column 'bnd'\. Did you mean 'bond'\?"):
        associate(given, "bnd", Y)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"x": "q2"}, "There is no column 'q2'"),
        ({"x": ()}, "at least one row"),
        ({"x": ("q2_goals", "q2_goals")}, "'q2_goals' is named twice, for x and for x"),
        ({"x": ("q2_goals", "avoidance")}, "'avoidance' is named twice, for x and for y"),
        ({"control": "q2_goals"}, "'q2_goals' is named twice, for x and for control"),
        ({"coefficient": "rho"}, "Unknown coefficient 'rho'"),
        ({"interval": "fischer"}, "Did you mean 'Fisher'"),
        ({"p": "maxt"}, "Unknown p method 'maxt'"),
        ({"p": "permutation", "permutations": 0}, "p by permutation needs permutations"),
        ({"sesoi": 3}, "smallest effect size of interest is 3"),
        ({"level": 95}, "The level is 95"),
        ({"alpha": 0.6}, "The alpha is 0.6"),
        ({"permutations": -1}, "permutations is -1"),
        ({"bootstrap": 2.5}, "bootstrap is 2.5"),
        ({"against": "avoidance"}, "named for y already"),
        ({"against": "bnd"}, "There is no column 'bnd'"),
        ({"negative": ("resistence",)}, "'resistence' in negative is no variable"),
        ({"reliabilities": {"q3": 0.8}}, "'q3' in reliabilities is no variable"),
        ({"reliabilities": {"q2_goals": 1.8, "avoidance": 0.5}}, "A reliability is 1.8"),
        ({"families": {("q2_goals", "bond"): "a"}}, "no cell of the table"),
    ],
)
def test_bad_options_are_refused(options: dict[str, Any], message: str, read_reference: Read) -> None:
    given = {"x": "q2_goals", "y": "avoidance", "permutations": 10, **options}
    with pytest.raises(AnalysisError, match=message):
        associate(read_reference("seedlike_a.csv"), given.pop("x"), given.pop("y"), **given)


def test_bad_columns_are_all_named_with_their_rows() -> None:
    with pytest.raises(AnalysisError) as caught:
        associate({"x": [1, "two", 3, "4"], "y": [1.0, 2.0, math.inf, 4.0]}, "x", "y")
    first, second = caught.value.problems
    assert first.column == "x"
    assert "row 2 holds 'two', row 4 holds '4'" in first.message
    assert second.column == "y"
    assert "row 3 holds inf" in second.message
    with pytest.raises(AnalysisError, match="and 3 more"):
        associate({"x": ["a"] * 13, "y": [1] * 13}, "x", "y")
    with pytest.raises(AnalysisError, match="x has 2, y has 3"):
        associate({"x": [1, 2], "y": [1, 2, 3]}, "x", "y")


def test_record_is_plain_and_complete(with_holes: AssociationTable) -> None:
    record: Any = as_record(with_holes)
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert {"coefficient", "cells", "contrasts", "complete_cases", "family_size", "n_cases", "level", "alpha",
            "sesoi", "seed", "permutations", "notes"} <= set(record)  # fmt: skip
    cell = record["cells"][0]
    assert {"x", "y", "n", "coefficient", "value", "low", "high", "level", "interval", "p", "p_method", "p_holm",
            "p_bh", "p_permutation", "p_permutation_se", "p_permutation_kind", "p_maxt", "tost_p", "bf10",
            "partial", "undefined"} <= set(cell)  # fmt: skip
    made = with_holes.cells[0]
    assert made.estimate.interval is not None
    assert (cell["value"], cell["low"], cell["high"]) == (
        made.estimate.value,
        made.estimate.interval.low,
        made.estimate.interval.high,
    )
    assert cell["interval"] == "Bonett-Wright"
    assert cell["partial"] is None
    assert cell["undefined"] is None
    contrast = record["contrasts"][0]
    assert {"x", "against", "y", "difference", "williams_t", "williams_p", "steiger_p", "meng_p", "zou_low",
            "zou_high", "n"} <= set(contrast)  # fmt: skip
    assert contrast["zou_low"] < contrast["difference"] < contrast["zou_high"]


def test_rows_have_the_same_columns_in_every_cell(read_reference: Read) -> None:
    data = {**read_reference("seedlike_a.csv"), "flat": [3] * 43}
    rows = as_rows(associate(data, ("q2_goals", "flat"), Y[:2], permutations=0, sesoi=0.3))
    assert len(rows) == 4
    assert len({tuple(row) for row in rows}) == 1
    assert rows[0]["leave_one_out_low"] is not None
    assert rows[0]["undefined"] is None
    assert rows[2]["value"] is None
    assert rows[2]["undefined"] == "no variance in flat"
    assert not any(isinstance(value, dict | list | tuple) for row in rows for value in row.values())


def test_every_public_name_loads_and_importing_loads_no_scipy() -> None:
    for name in bordin.association.__all__:
        assert callable(getattr(bordin.association, name))
    with pytest.raises(AttributeError, match="no attribute 'asociate'"):
        _ = bordin.association.asociate  # type: ignore[attr-defined]
    code = (
        "import sys, bordin.association; assert 'numpy' not in sys.modules; "
        "from bordin.association import associate; sys.exit('scipy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
