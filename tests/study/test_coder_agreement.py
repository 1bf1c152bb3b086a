"""Reliability in a study: the right ratings go in, and the form is that of the score really used."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from bordin.errors import DataError
from bordin.reliability.consistency import cronbach_alpha
from bordin.reliability.icc import icc
from bordin.study.analysis import analyse
from bordin.study.reading import read_records
from bordin.study.results import Results
from bordin.study.study import load_study


def run(folder: Path) -> Results:
    study = load_study(folder)
    return analyse(study, read_records(study))


def rows_of(folder: Path) -> list[list[str]]:
    with (folder / "data" / "ratings.csv").open(encoding="utf-8", newline="") as f:
        return list(csv.reader(f))


def write(folder: Path, rows: list[list[str]]) -> None:
    with (folder / "data" / "ratings.csv").open("w", encoding="utf-8", newline="") as f:
        csv.writer(f).writerows(rows)


def matrix(folder: Path, dimension: str) -> np.ndarray:
    cells = {(r[0], r[1]): float(r[3]) for r in rows_of(folder)[1:] if r[2] == dimension}
    sessions = sorted({s for s, _ in cells})
    return np.array([[cells.get((s, c), np.nan) for c in ("C1", "C2")] for s in sessions])


def test_a_designated_coder_has_the_consistency_form_of_one_coder(study_folder):
    results = run(study_folder)
    found = results.reliability.dimensions[1]
    assert found.variable == "tapes.resistance"
    assert (found.n_sessions, found.n_double, found.coders) == (28, 10, ("C1", "C2"))
    assert found.used.estimate.name == "ICC(C,1)"
    expected = icc(matrix(study_folder, "resistance"), "ICC(C,1)").estimate.value
    assert found.used.estimate.value == pytest.approx(expected, abs=1e-9)
    assert "their levels cancel" in found.why
    assert [o.estimate.name for o in found.others] == [
        "ICC(A,1)",
        "ICC(C,1)",
        "percent agreement",
        "kappa (Conger, quadratic)",
        "alpha (ordinal)",
    ]
    assert set(found.components) == {"session", "coder", "residual"}


def test_the_mean_of_a_varying_number_of_coders_has_its_own_form(study_folder, edit):
    edit("study.toml", 'combine = "designated"\ndesignated = "designated"', 'combine = "mean"')
    used = run(study_folder).reliability.dimensions[0].used
    assert used.estimate.name == "ICC(Q,k)"
    single = icc(matrix(study_folder, "concordance"), "ICC(A,1)").estimate.value
    assert used.estimate.value > single


def test_measured_reliability_corrects_for_attenuation(study_folder):
    results = run(study_folder)
    x, y = results.variable("alliance.total"), results.variable("tapes.resistance")
    assert x.reliability_source == "alpha (Cronbach), this sample"
    assert y.reliability_source == "ICC(C,1), this sample"
    cell = results.table.cell(x.id, y.id)
    corrected = cell.sensitivity.disattenuated
    expected = cell.estimate.value / np.sqrt(x.reliability.value * y.reliability.value)
    assert corrected.value == pytest.approx(expected)


def test_a_reliability_of_the_protocol_comes_first(study_folder, edit):
    edit(
        "study.toml",
        "[[hypotheses]]",
        '[reliability]\n"tapes.resistance" = { value = 0.9, source = "the manual" }\n\n[[hypotheses]]',
    )
    v = run(study_folder).variable("tapes.resistance")
    assert (v.reliability.value, v.reliability_source) == (0.9, "the manual")


def test_without_double_coding_reliability_is_undefined_with_its_reason(study_folder):
    write(study_folder, [r for r in rows_of(study_folder) if r[1] != "C2"])
    found = run(study_folder).reliability.dimensions[0]
    assert found.n_double == 0
    assert found.used.estimate.undefined == "no session has two coders"
    assert all(o.estimate.value is None for o in found.others)
    assert found.components == {}


def test_planted_total_disagreement_never_scores_above_zero(study_folder):
    rows = rows_of(study_folder)
    first = {(r[0], r[2]): int(r[3]) for r in rows[1:] if r[1] == "C1"}
    for r in rows[1:]:
        if r[1] == "C2":
            r[3] = str(6 - first[r[0], r[2]])
    write(study_folder, rows)
    for found in run(study_folder).reliability.dimensions:
        for r in (found.used, *found.others):
            if r.estimate.name != "percent agreement":
                assert r.estimate.value <= 0.05


def test_ratings_outside_the_sample_do_not_count(study_folder):
    before = run(study_folder).reliability.dimensions[0]
    rows = rows_of(study_folder)
    rows += [["S40", coder, "concordance", value, "", "0"] for coder, value in (("C1", "0"), ("C2", "6"))]
    write(study_folder, rows)
    after = run(study_folder).reliability.dimensions[0]
    assert after.used.estimate == before.used.estimate


def test_single_items_have_no_internal_consistency(study_folder):
    results = run(study_folder)
    assert [(s.variable, s.n_items) for s in results.reliability.scales] == [("alliance.total", 5)]
    assert results.reliability.scales[0].alpha.n == 28


def test_coders_are_watched_and_their_order_shows_drift(study_folder):
    results = run(study_folder)
    kinds = {f.kind for f in results.reliability.coders}
    assert kinds == {"leniency", "spread", "halo"}
    m = matrix(study_folder, "concordance")
    apart = (m[:, 0] - m[:, 1])[~np.isnan(m).any(axis=1)]
    by_coder = {
        f.coder: f.estimate
        for f in results.reliability.coders
        if f.kind == "leniency" and f.variable == "tapes.concordance"
    }
    assert by_coder["C1"].value == pytest.approx(apart.mean())
    assert by_coder["C2"].value == pytest.approx(-apart.mean())
    assert by_coder["C1"].interval.low < apart.mean() < by_coder["C1"].interval.high
    rows = rows_of(study_folder)
    write(study_folder, [[*rows[0], "order"], *([*r, r[0][1:]] for r in rows[1:])])
    drift = [f for f in run(study_folder).reliability.coders if f.kind == "drift"]
    assert {f.variable for f in drift} >= {"tapes.concordance", "tapes.avoidance"}
    assert all(f.estimate.value is not None for f in drift)


def with_standard(folder: Path, edit) -> None:
    """Make C1's ratings of ten tapes the gold standard of a training; C2 rates them with noise."""
    edit("study.toml", 'blind_to = ["arm"]', 'blind_to = ["arm"]\nstandard = "gold"\ncriterion = 0.6')
    rows = rows_of(folder)
    twice = {r[0] for r in rows if r[1] == "C2"}
    write(
        folder, [*rows, *([r[0], "gold", *r[2:5], "0"] for r in rows[1:] if r[1] == "C1" and r[0] in twice)]
    )


def test_training_passes_by_the_lower_limit_and_the_standard_is_no_coder(study_folder, edit):
    before = run(study_folder)
    with_standard(study_folder, edit)
    results = run(study_folder)
    judged = {(c.coder, c.dimension): c for c in results.reliability.training}
    assert {coder for coder, _ in judged} == {"C1", "C2"}
    for d in ("concordance", "resistance", "avoidance"):
        assert judged["C1", f"tapes.{d}"].passed
        second = judged["C2", f"tapes.{d}"]
        assert second.passed == (second.reliability.estimate.interval.low >= 0.6)
        assert [r.convention for r in second.readings] == ["Koo and Li (2016)", "Cicchetti (1994)"]
    assert not judged["C2", "tapes.concordance"].passed
    assert results.reliability.dimensions == before.reliability.dimensions
    assert results.reliability.coders == before.reliability.coders
    assert results.coding == before.coding
    assert [c.estimate.value for c in results.table.cells] == [c.estimate.value for c in before.table.cells]


def test_the_report_tells_who_has_reached_the_criterion(study_folder, edit):
    from bordin.report.tables import training_table

    assert training_table(run(study_folder)) is None
    with_standard(study_folder, edit)
    table = training_table(run(study_folder))
    texts = [
        ["".join(r.text for r in cell.content) for cell in row] for group in table.groups for row in group
    ]
    assert texts[0] == ["C1"]
    assert texts[1][1:3] == ["10", "1.00"]
    assert texts[1][4] == "yes"
    assert any(row[4] == "not yet" for row in texts if len(row) > 4)


def test_second_readings_tell_of_the_coder_and_never_enter_a_score(study_folder):
    before = run(study_folder)
    rows = rows_of(study_folder)
    second = [[*r, "2"] for r in rows[1:] if r[1] == "C1" and r[2] == "resistance"]
    for k, r in enumerate(second):
        if k % 4 == 0:
            r[3] = str(min(6, int(r[3]) + 1))
    write(study_folder, [[*rows[0], "reading"], *([*r, "1"] for r in rows[1:]), *second])
    results = run(study_folder)
    assert [c.estimate for c in results.table.cells] == [c.estimate for c in before.table.cells]
    assert results.reliability.dimensions == before.reliability.dimensions
    assert results.coding == before.coding
    repeat = [f for f in results.reliability.coders if f.kind == "repeat"]
    assert [(f.coder, f.variable, f.estimate.name) for f in repeat] == [
        ("C1", "tapes.resistance", "repeat ICC(A,1)")
    ]
    first = [float(r[3]) for r in rows[1:] if r[1] == "C1" and r[2] == "resistance"]
    again = [float(r[3]) for r in second]
    expected = icc(np.column_stack([first, again]), "ICC(A,1)").estimate.value
    assert repeat[0].estimate.value == pytest.approx(expected)
    write(study_folder, [[*rows[0], "reading"], *([*r, "3"] for r in rows[1:3])])
    with pytest.raises(DataError, match="3 stands where 1 or 2 should be"):
        run(study_folder)


def test_high_agreement_with_a_low_coefficient_is_explained(study_folder):
    rows = rows_of(study_folder)
    twice = [r[0] for r in rows[1:] if r[1] == "C2" and r[2] == "avoidance"]
    for r in rows[1:]:
        if r[2] == "avoidance":
            r[3] = "1" if (r[0], r[1]) in {(twice[0], "C1"), (twice[1], "C2")} else "0"
    write(study_folder, rows)
    found = next(d for d in run(study_folder).reliability.dimensions if d.variable == "tapes.avoidance")
    same = next(o for o in found.others if o.estimate.name == "percent agreement")
    assert same.estimate.value >= 0.7
    assert any(note.startswith("restricted range") for note in found.notes)


def test_alpha_rests_on_the_forms_that_count(study_folder, edit):
    path = study_folder / "data" / "responses.csv"
    with path.open(encoding="utf-8", newline="") as f:
        head, *rows = list(csv.reader(f))
    early = [[r[0], "1", "7", "2", "6", "3", "week 1"] for r in rows]
    with path.open("w", encoding="utf-8", newline="") as f:
        csv.writer(f).writerows([[*head, "occasion"], *early, *([*r, "week 8"] for r in rows)])
    edit("study.toml", 'instrument = "arm-5"', 'instrument = "arm-5"\nat = "occasion"\noccasion = "week 8"')
    items = np.array([[float(v) for v in r[1:]] for r in rows if int(r[0][1:]) <= 30])
    items[:, 2] = 8 - items[:, 2]
    scale = run(study_folder).reliability.scales[0]
    assert scale.alpha.n == len(items)
    assert scale.alpha.value == pytest.approx(cronbach_alpha(items).value)
