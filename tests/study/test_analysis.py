"""From a study folder to results: the figures agree with tools that know nothing of studies."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from bordin.errors import BordinError
from bordin.study.analysis import analyse
from bordin.study.reading import read_records
from bordin.study.results import Results
from bordin.study.study import load_study


def run(folder: Path) -> Results:
    study = load_study(folder)
    return analyse(study, read_records(study), command="bordin run study")


def rows_of(folder: Path) -> list[list[str]]:
    with (folder / "data" / "ratings.csv").open(encoding="utf-8", newline="") as f:
        return list(csv.reader(f))


def dicts_of(folder: Path) -> list[dict[str, str]]:
    head, *rows = rows_of(folder)
    return [dict(zip(head, r, strict=True)) for r in rows]


def pairs(results: Results, x: str, y: str) -> tuple[list[float], list[float]]:
    both = [
        (a, b)
        for a, b in zip(results.values[x], results.values[y], strict=True)
        if a is not None and b is not None
    ]
    return [a for a, _ in both], [b for _, b in both]


def add_age(study_folder, edit):
    """Add a row variable that goes with nothing."""
    edit("study.toml", 'rows = ["alliance.*"]', 'rows = ["alliance.*", "age"]')
    edit("study.toml", "[table]", '[[outcomes]]\nid = "age"\nlabel = "Age"\ncolumn = "age"\n\n[table]')
    people = study_folder / "data" / "participants.csv"
    lines = people.read_text(encoding="utf-8").splitlines()
    with_age = [f"{line},{'age' if i == 0 else 20 + (i * 7) % 40}" for i, line in enumerate(lines)]
    people.write_text("\n".join(with_age) + "\n", encoding="utf-8")


def test_cells_agree_with_scipy_on_the_same_pairs(study_folder, edit):
    edit("study.toml", "permutations = 500", 'permutations = 500\np = "t"')
    results = run(study_folder)
    assert len(results.table.cells) == 3
    for cell in results.table.cells:
        expected = stats.spearmanr(*pairs(results, cell.x, cell.y))
        assert cell.estimate.value == pytest.approx(expected.statistic, abs=1e-12)
        assert cell.p == pytest.approx(expected.pvalue, abs=1e-12)
        assert cell.estimate.n == 26


def test_the_same_seed_gives_the_same_numbers_and_another_does_not(study_folder, edit):
    add_age(study_folder, edit)
    first, second = run(study_folder), run(study_folder)
    assert [c.p_maxt for c in first.table.cells] == [c.p_maxt for c in second.table.cells]
    assert first.hypotheses == second.hypotheses
    other = run(edit("study.toml", "seed = 7", "seed = 8"))
    assert [c.estimate.value for c in other.table.cells] == [c.estimate.value for c in first.table.cells]
    assert [c.p_permutation for c in other.table.cells] != [c.p_permutation for c in first.table.cells]


def test_variables_are_described(study_folder):
    results = run(study_folder)
    v = results.variable("tapes.concordance")
    known = [x for x in results.values[v.id] if x is not None]
    assert (v.n, v.pole, v.low, v.high) == (len(known), 1, 0, 6)
    assert v.mean == pytest.approx(np.mean(known))
    assert v.sd == pytest.approx(np.std(known, ddof=1))
    assert v.at_ceiling == pytest.approx(np.mean(np.array(known) == 6))
    assert sum(v.missing.values()) == len(results.units) - v.n
    assert results.variable("tapes.avoidance").pole == -1


def test_what_the_report_needs_to_be_made_again_is_there(study_folder):
    p = run(study_folder).provenance
    assert p.seed == 7
    assert [f.name for f in p.files] == [
        f"data/{n}.csv" for n in ("participants", "sessions", "responses", "ratings")
    ]
    assert [f.rows for f in p.files] == [42, 42, 40, 266]
    assert len(p.protocol_sha256) == 64


def test_complete_cases_only_when_the_protocol_says_so(study_folder, edit):
    rows = rows_of(study_folder)
    at = next(i for i, r in enumerate(rows) if r[0] == "S05" and r[2] == "avoidance")
    rows[at][3], rows[at][4] = "", "not audible"
    with (study_folder / "data" / "ratings.csv").open("w", encoding="utf-8", newline="") as f:
        csv.writer(f).writerows(rows)
    assert [c.estimate.n for c in run(study_folder).table.cells] == [26, 26, 25]
    edit("study.toml", "permutations = 500", 'permutations = 500\nmissing = "complete"')
    assert [c.estimate.n for c in run(study_folder).table.cells] == [25, 25, 25]


def test_a_constant_column_is_undefined_with_its_reason(study_folder):
    rows = rows_of(study_folder)
    for r in rows[1:]:
        if r[2] == "concordance":
            r[3] = "3"
    with (study_folder / "data" / "ratings.csv").open("w", encoding="utf-8", newline="") as f:
        csv.writer(f).writerows(rows)
    results = run(study_folder)
    cell = results.table.cell("alliance.total", "tapes.concordance")
    assert cell.estimate.value is None
    assert "no variance in tapes.concordance" in cell.estimate.undefined
    assert results.table.family_size == 2
    assert (results.hypotheses[0].verdict, results.hypotheses[0].because) == ("inconclusive", "undefined")
    assert any("does not vary" in w for w in results.warnings)


def test_nothing_left_to_analyze_is_an_error_with_a_next_step(study_folder):
    path = study_folder / "data" / "responses.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([lines[0], *(x for x in lines if x.startswith("P4"))]) + "\n", encoding="utf-8")
    with pytest.raises(BordinError, match="no participant of the sample has a value on any of the rows"):
        run(study_folder)


def test_the_mean_of_two_coders(study_folder, edit):
    edit("study.toml", 'combine = "designated"\ndesignated = "designated"', 'combine = "mean"')
    results = run(study_folder)
    rows = dicts_of(study_folder)
    given = [float(r["value"]) for r in rows if r["session"] == "S09" and r["dimension"] == "resistance"]
    assert len(given) == 2
    assert results.values["tapes.resistance"][results.units.index("P09")] == sum(given) / 2


def test_partial_on_therapist_and_contrasts_against_a_row(study_folder, edit):
    add_age(study_folder, edit)
    edit("study.toml", "permutations = 500", 'permutations = 500\ncontrol = "therapist"\nagainst = "age"')
    results = run(study_folder)
    cell = results.table.cell("alliance.total", "tapes.concordance")
    assert cell.partial.df == cell.estimate.n - 2 - 2
    assert [(c.x, c.against, c.y) for c in results.table.contrasts] == [
        ("alliance.total", "age", y) for y in results.table.y
    ]
    assert set(results.values["therapist"]) == {"T1", "T2", "T3"}


def repeated(folder: Path) -> None:
    """Give each participant of the active arm two sessions with forms and ratings."""
    rng = np.random.default_rng(2)
    trait = rng.normal(size=43)
    sessions, forms, ratings = [], [], []
    for i in range(1, 31):
        for k in (1, 2):
            name = f"S{i:02d}{k}"
            sessions.append((name, f"P{i:02d}", k))
            forms.append(
                (f"P{i:02d}", name, *np.clip(np.round(4 + trait[i] + rng.normal(0, 1, 5)), 1, 7).astype(int))
            )
            for d, sign in (("concordance", 1), ("resistance", -1), ("avoidance", -1)):
                ratings.append(
                    (name, "C1", d, int(np.clip(round(3 + sign * trait[i] + rng.normal()), 0, 6)), 1)
                )
    for name, head, rows in (
        ("sessions", ("session", "participant", "number"), sessions),
        ("responses", ("participant", "session", *(f"item{i}" for i in range(1, 6))), forms),
        ("ratings", ("session", "coder", "dimension", "value", "designated"), ratings),
    ):
        with (folder / "data" / f"{name}.csv").open("w", encoding="utf-8", newline="") as f:
            csv.writer(f).writerows([head, *rows])


def test_sessions_as_the_unit_are_never_pooled_as_independent(study_folder, edit):
    repeated(study_folder)
    edit("study.toml", "seed = 7", 'seed = 7\nunit = "session"')
    results = run(study_folder)
    assert len(results.units) == 60
    assert results.flow[-1].n == 60
    assert results.table.cluster == "participant"
    cell = results.table.cell("alliance.total", "tapes.concordance")
    assert (cell.within_between.n_participants, cell.within_between.n_sessions) == (30, 60)
    assert cell.estimate.n == 30
    means = {}
    for name in ("alliance.total", "tapes.concordance"):
        by = {}
        for who, v in zip(results.values["participant"], results.values[name], strict=True):
            by.setdefault(who, []).append(v)
        means[name] = [np.mean(v) for v in by.values()]
    assert cell.estimate.value == pytest.approx(stats.spearmanr(*means.values()).statistic, abs=1e-12)


@pytest.mark.parametrize(("rule", "pick"), [("first", 0), ("last", 1), ("mean", None)])
def test_which_of_several_tapes_counts(study_folder, edit, rule, pick):
    repeated(study_folder)
    edit("study.toml", 'instrument = "arm-5"', 'instrument = "arm-5"\nat = "same session"')
    if rule == "mean":
        edit("study.toml", 'at = "same session"', 'at = "nearest"')
    with pytest.raises(BordinError, match="2 coded sessions in tapes where the protocol expects one"):
        run(study_folder)
    edit("study.toml", 'blind_to = ["arm"]', f'blind_to = ["arm"]\nsession = "{rule}"')
    results = run(study_folder)
    rows = dicts_of(study_folder)
    given = [
        float(r["value"]) for r in rows if r["session"].startswith("S07") and r["dimension"] == "avoidance"
    ]
    expected = np.mean(given) if pick is None else given[pick]
    assert results.values["tapes.avoidance"][results.units.index("P07")] == pytest.approx(expected)
