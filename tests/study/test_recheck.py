"""The source's table comes out exactly as its audit says."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from bordin.errors import AnalysisError
from bordin.study.printed_table import PrintedTable, read_printed_table
from bordin.study.recheck import recheck

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "examples" / "recheck" / "table1.csv"
AUDIT = ROOT / "tests" / "reference" / "recheck" / "published-table1.csv"


@pytest.fixture(scope="module")
def table() -> PrintedTable:
    return read_printed_table(TABLE)


def table_from(folder: Path, text: str) -> PrintedTable:
    (folder / "t.csv").write_text(text, encoding="utf-8")
    return read_printed_table(folder / "t.csv")


def test_the_sources_table_as_a_whole(table):
    found = recheck(table, n=43, family=35)
    assert all(c.consistent for c in found.cells)
    assert len(found.cells) == 21
    whole = found.table
    assert (whole.n, whole.n_source, whole.n_fits) == (43, "given", (43,))
    assert (whole.n_tests, whole.starred, whole.below_alpha, whole.holm, whole.bh) == (21, 11, 10, 5, 9)
    assert (whole.family, whole.holm_family, whole.bh_family) == (35, 4, 9)
    assert whole.expected_false_positives == pytest.approx(1.75, rel=1e-12)
    assert whole.smallest_detectable == pytest.approx(0.3007929962, abs=1e-9)
    assert whole.matrix is None
    assert found.inconsistent == ()


def test_one_star_is_wrong_and_two_p_are_printed_as_zero(table):
    found = recheck(table, n=43)
    [wrong] = found.wrong_stars
    assert (wrong.printed.row, wrong.printed.column, wrong.printed.p.text) == ("Q4", "Avoidance", ".054")
    assert wrong.flags == ("star without p below alpha",)
    zero = [(c.printed.row, c.printed.column) for c in found.cells if "p printed as zero" in c.flags]
    assert zero == [("Q3", "Resistance"), ("Q3", "Avoidance")]
    assert sum(bool(c.flags) for c in found.cells) == 3


def test_kendall_and_one_tail_are_excluded(table):
    tests = {t.test: t for t in recheck(table, n=43).table.tests}
    assert (tests["t"].n_fitting, tests["t"].n_cells, tests["t"].numbers) == (21, 21, (43,))
    assert (tests["kendall"].n_fitting, tests["kendall"].most, tests["kendall"].numbers) == (2, 8, (23,))
    assert (tests["other tails"].n_fitting, tests["other tails"].most) == (3, 7)


def test_only_43_cases_fit_and_the_neighbors_fail_twelve_cells_each(table):
    for n in (*range(35, 43), *range(44, 50)):
        assert recheck(table, n=n).inconsistent != ()
    assert len(recheck(table, n=42).inconsistent) == 12
    assert len(recheck(table, n=44).inconsistent) == 12
    without = recheck(table)
    assert (without.table.n, without.table.n_source) == (43, "fits all cells")
    assert without.cells == recheck(table, n=43).cells


def test_every_cell_as_in_the_audit(table):
    with AUDIT.open(encoding="utf-8", newline="") as lines:
        audit = list(csv.DictReader(lines))
    cells = recheck(table, n=43).cells
    for want, cell in zip(audit, cells, strict=True):
        assert (cell.printed.row, cell.printed.column) == (want["calpas_question"], want["dimension"])
        assert cell.p == pytest.approx(float(want["p_from_r_n43_t"]), abs=5.1e-5)
        assert cell.p_range.low == pytest.approx(float(want["p_min_given_r_rounding"]), abs=5.1e-5)
        assert cell.p_range.high == pytest.approx(float(want["p_max_given_r_rounding"]), abs=5.1e-5)
        assert cell.star_ok is (want["star_consistent_alpha05"] == "True")
        assert cell.fisher.low == pytest.approx(float(want["ci95_lo_fisher"]), abs=5.1e-3)
        assert cell.fisher.high == pytest.approx(float(want["ci95_hi_fisher"]), abs=5.1e-3)
        assert cell.bonett_wright.low == pytest.approx(float(want["ci95_lo_bonettwright"]), abs=5.1e-3)
        assert cell.bonett_wright.high == pytest.approx(float(want["ci95_hi_bonettwright"]), abs=5.1e-3)
        assert cell.p_holm == pytest.approx(float(want["p_holm21"]), abs=5.1e-5)
        assert cell.p_bh == pytest.approx(float(want["q_bh21"]), abs=5.1e-5)


def test_a_planted_slip_is_found_and_the_n_still_known(table):
    cells = list(table.cells)
    cells[0] = replace(cells[0], p=replace(cells[0].p, text=".031", value=0.031))
    found = recheck(replace(table, cells=tuple(cells)))
    assert (found.table.n, found.table.n_source, found.table.n_fits) == (43, "fits most cells", ())
    [wrong] = found.inconsistent
    assert (wrong.printed.row, wrong.slip.kind, wrong.slip.meant) == ("Q2", "digits", ".013")


def test_several_n_fit_a_table_with_few_digits(tmp_path):
    found = recheck(table_from(tmp_path, "row,column,r,p\na,x,.30,.05\na,y,.40,.01\na,z,.20,.20\n")).table
    assert found.n_fits == tuple(range(41, 46))
    assert (found.n, found.n_source, found.smallest_detectable) == (None, "not known", None)
    assert (found.below_alpha, found.holm) == (1, 1)


def test_printed_n_go_before_the_one_given(tmp_path):
    text = "row,column,r,p,n\na,x,.30,.051,43\na,y,.30,.199,20\na,z,.30,.250,20\n"
    found = recheck(table_from(tmp_path, text))
    assert [c.consistent for c in found.cells] == [True, True, False]
    assert (found.table.n, found.table.n_source) == (None, "printed")
    assert [c.n for c in recheck(table_from(tmp_path, text), n=99).cells] == [43, 20, 20]


def test_a_table_without_p(tmp_path):
    found = recheck(table_from(tmp_path, "Item,Bond,Goal\nq1,.50*,.10\nq2,-.20,.31\n"), n=43)
    assert (found.table.n_fits, found.table.tests[0].n_cells) == ((), 0)
    assert [c.star_ok for c in found.cells] == [True, True, True, False]
    assert found.cells[3].flags == ("p below alpha without star",)
    assert (found.table.below_alpha, found.table.holm, found.table.bh) == (2, 1, 1)


def test_one_tail(tmp_path):
    found = recheck(table_from(tmp_path, "row,column,r,p\na,x,.25,.053\na,y,.30,.025\n"), n=43, tails=1)
    assert [c.consistent for c in found.cells] == [True, True]
    # The critical one-tailed r with 41 degrees of freedom (t = 1.6829).
    assert found.table.smallest_detectable == pytest.approx(0.2542, abs=5e-5)


def test_a_square_matrix_is_checked(tmp_path):
    text = "Variable,1,2,3,4\n1. G,1,,,\n2. T,.90,1,,\n3. B,.85,-.80,1,\n4. E,.60,.65,.70,1\n"
    matrix = recheck(table_from(tmp_path, text), n=43).table.matrix
    assert (matrix.verdict, matrix.slip, matrix.n_missing) == ("impossible", "3. B with 2. T", 0)
    matrix = recheck(table_from(tmp_path, text.replace("-.80", ".80")), n=43).table.matrix
    assert (matrix.verdict, matrix.slip) == ("possible", None)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n": 3}, "N is 3; a correlation can be tested with 4"),
        ({"alpha": 5.0}, "alpha is 5"),
        ({"tails": 3}, "tails is 3"),
        ({"family": 20}, "The family has 20 tests, but the table prints 21"),
    ],
)
def test_impossible_options_are_refused(table, options, words):
    with pytest.raises(AnalysisError, match=words):
        recheck(table, **options)
