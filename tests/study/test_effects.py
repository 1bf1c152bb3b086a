"""A published table as an association table: the same figures as from data with the same r."""

from __future__ import annotations

from dataclasses import replace
from math import atanh
from pathlib import Path

import numpy as np
import pytest

from bordin.association import associate
from bordin.errors import AnalysisError, DataError
from bordin.study.effects import EFFECT_COLUMNS, Origin, effect_rows, effects_table
from bordin.study.printed_table import PrintedTable, PrintedValue, read_printed_table

PUBLISHED = Path(__file__).parents[2] / "examples" / "socialization" / "published.csv"


@pytest.fixture(scope="module")
def printed() -> PrintedTable:
    return read_printed_table(PUBLISHED)


@pytest.mark.parametrize("coefficient", ["spearman", "pearson"])
def test_figures_are_those_of_data_with_the_same_r(coefficient: str, printed: PrintedTable) -> None:
    rng = np.random.default_rng(3)
    data = {name: rng.normal(size=25) for name in ("a", "b", "c", "d")}
    data["c"] += 0.5 * data["a"]
    made = associate(data, ("a", "b"), ("c", "d"), coefficient=coefficient, sesoi=0.3, permutations=0)
    cells = []
    for cell, like in zip(made.cells, printed.cells, strict=False):
        value = PrintedValue(str(cell.estimate.value), cell.estimate.value, 16)
        cells.append(replace(like, row=cell.x, column=cell.y, r=value, n=25))
    table = effects_table(
        PrintedTable(printed.path, "long", ("a", "b"), ("c", "d"), tuple(cells), False),
        coefficient=coefficient,
        sesoi=0.3,
    )
    for ours, theirs in zip(table.cells, made.cells, strict=True):
        assert ours.estimate.interval == theirs.estimate.interval
        for name in ("p", "p_holm", "p_bh", "tost_p"):
            assert getattr(ours, name) == pytest.approx(getattr(theirs, name), abs=1e-14)
        assert ours.tost_interval == theirs.tost_interval


def test_the_source_table_with_43_cases(printed: PrintedTable) -> None:
    table = effects_table(printed, n=43, sesoi=0.3)
    assert table.family_size == 21
    assert sum((c.p or 1) < 0.05 for c in table.cells) == 10
    assert sum((c.p_holm or 1) < 0.05 for c in table.cells) == 5
    assert sum((c.p_bh or 1) < 0.05 for c in table.cells) == 9
    cell = table.cell("q4", "avoidance")
    assert cell.p == pytest.approx(0.0539, abs=5e-5)
    assert cell.estimate.interval is not None
    assert (cell.estimate.interval.low, cell.estimate.interval.high) == pytest.approx(
        (-0.55, 0.01), abs=0.005
    )
    # Only two of the 21, both near zero, would be called negligible within .3.
    assert [(c.x, c.y) for c in table.cells if (c.tost_p or 1) < 0.05] == [
        ("q4", "understanding"),
        ("q4", "active_plans"),
    ]


def test_rows_for_a_meta_analysis(printed: PrintedTable) -> None:
    origin = Origin("daniels2011", "CALPAS-5", "patient", "late")
    rows = effect_rows(effects_table(printed, n=43), origin)
    assert len(rows) == 21
    first = rows[0]
    assert tuple(first) == EFFECT_COLUMNS
    assert (first["study"], first["row"], first["column"], first["n"]) == (
        "daniels2011",
        "q2",
        "concordance",
        43,
    )
    assert first["z"] == first["yi"] == pytest.approx(atanh(0.377))
    assert first["vi"] == pytest.approx(1 / 40)
    assert first["var_z"] == pytest.approx((1 + 0.377**2 / 2) / 40)
    assert (first["informant"], first["session"], first["dependency"]) == ("patient", "late", "daniels2011")
    assert {
        row["dependency"] for row in effect_rows(effects_table(printed, n=43), Origin("a", dependency="b"))
    } == {"b"}


def test_tau_has_its_own_test_and_variance(printed: PrintedTable) -> None:
    table = effects_table(printed, n=43, coefficient="kendall")
    assert table.cells[0].p == pytest.approx(0.000375, abs=2e-5)
    assert table.cells[0].p_method == "normal (no ties)"
    row = effect_rows(table, Origin("a"))[0]
    assert row["vi"] == row["var_z"] == pytest.approx(0.437 / 39)


def test_what_is_not_printed_is_said(tmp_path: Path) -> None:
    path = tmp_path / "holes.csv"
    path.write_text(
        "row,column,r,p,star,n\na,c,.30,.05,,40\na,d,,,,\nb,d,.10,.5,,41\nb,c,-.2,.2,,44\n", encoding="utf-8"
    )
    table = effects_table(read_printed_table(path))
    assert table.cell("a", "d").estimate.undefined == "not printed"
    assert table.cell("b", "d").estimate.n == 41
    assert table.family_size == 3
    assert len(effect_rows(table, Origin("a"))) == 3


@pytest.mark.parametrize("n", [3, 0, -1])
def test_too_few_cases_are_refused(printed: PrintedTable, n: int) -> None:
    with pytest.raises(AnalysisError, match="at least 4 cases"):
        effects_table(printed, n=n)


def test_bad_options_and_missing_numbers_are_refused(printed: PrintedTable, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="--n 43"):
        effects_table(printed)
    with pytest.raises(AnalysisError, match="between 0 and 1"):
        effects_table(printed, n=43, sesoi=3)
    with pytest.raises(AnalysisError, match="Did you mean 'pearson'"):
        effects_table(printed, n=43, coefficient="pearsonn")
    path = tmp_path / "perfect.csv"
    path.write_text("row,column,r,p,star,n\na,c,1.00,.000,*,43\n", encoding="utf-8")
    with pytest.raises(DataError, match="perfect correlation"):
        effects_table(read_printed_table(path))


def test_a_matrix_of_variables_with_each_other_counts_each_pair_once(tmp_path: Path) -> None:
    path = tmp_path / "square.csv"
    path.write_text(",Goals,Tasks,Bond\nGoals,1,.50,.30\nTasks,.50,1,.20\nBond,.30,.20,1\n", encoding="utf-8")
    table = effects_table(read_printed_table(path), n=40)
    assert [(c.x, c.y) for c in table.cells] == [("Goals", "Tasks"), ("Goals", "Bond"), ("Tasks", "Bond")]
    assert table.family_size == 3
    assert table.cells[0].p_holm == pytest.approx(3 * (table.cells[0].p or 0))
