from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bordin.report import tables
from bordin.report.paper import compose
from bordin.report.tables import Table
from bordin.report.text import plain_text
from bordin.study.results import Results


def texts(table: Table) -> dict[str, str]:
    return {c.id: plain_text(c.content) for g in table.groups for row in g for c in row if c.id}


def notes(table: Table) -> str:
    return " ".join(plain_text(n) for n in table.notes)


def test_association_table_prints_value_star_interval_p_adjusted_p_and_n(results: Results) -> None:
    (table,) = tables.association_tables(results)
    found = texts(table)
    assert found["c-1-0-r"] == ".377*"
    assert found["c-1-0-ci"] == ".08, .62"
    assert found["c-1-0-p"] == ".013"
    assert found["c-1-0-adj"] == ".229"
    assert found["c-2-1-r"] == "−.546**"
    assert found["c-2-1-p"] == "< .001"
    assert found["c-3-6-r"] == "−.296"
    assert found["c-1-n"] == "Agreed goals\nn = 43"
    assert "before adjustment only, 5 cells" in notes(table)
    assert "after adjustment too, 5 cells" in notes(table)


def test_stars_count_the_cells_below_the_line(results: Results) -> None:
    found = texts(tables.association_tables(results)[0])
    stars = [t for k, t in found.items() if k.endswith("-r") and t.endswith("*")]
    assert len(stars) == 10
    assert sum(t.endswith("**") for t in stars) == 5


def test_every_cell_has_its_n_when_pairs_are_missing(gaps: Results) -> None:
    (table,) = tables.association_tables(gaps)
    found = texts(table)
    assert found["c-0-0-n"] == "43"
    assert found["c-0-4-n"] == "37"
    rows = [plain_text(c.content) for row in table.groups[0] for c in row if c.role == "rowhead"]
    assert rows == ["r_s", "95% interval", "p", "p, maxT", "n", "complete, n = 23"]
    assert plain_text(table.groups[0][5][1].content) == ".028"


def test_undefined_cells_say_why(gaps: Results) -> None:
    (table,) = tables.association_tables(gaps)
    assert texts(table)["c-0-6-r"] == "–a"
    assert "a No value: no variance in Avoidance. The cell does not count as a test." in notes(table)


def test_without_adjustment_there_is_one_star_and_no_adjusted_row(results: Results) -> None:
    part = results.protocol.table.model_copy(update={"adjustment": "none"})
    protocol = results.protocol.model_copy(update={"table": part})
    (table,) = tables.association_tables(replace(results, protocol=protocol))
    found = texts(table)
    assert found["c-2-1-r"] == "−.546*"
    assert "c-2-1-adj" not in found
    assert "not adjusted for the number of tests, 10 cells" in notes(table)


def test_many_columns_continue_in_further_tables(grid: Callable[..., Results]) -> None:
    parts = tables.association_tables(grid(2, 25))
    assert [len(t.head) - 2 for t in parts] == [9, 9, 7]
    assert len({t.id for t in parts}) == 3
    assert len(tables.association_tables(grid(2, 12))) == 1
    assert tables.association_tables(grid(1, 8))[0].wide


def test_rows_fill_the_columns_of_every_table(results: Results, gaps: Results) -> None:
    for case in (results, gaps):
        for table in (b for s in compose(case).sections for b in s.blocks if isinstance(b, Table)):
            assert len(table.widths) == len(table.head), table.id
            for group in table.groups:
                reaching = 0
                for row in group:
                    width = sum(c.colspan for c in row) + (reaching > 0)
                    assert width == len(table.head), table.id
                    reaching = max(reaching - 1, *(c.rowspan - 1 for c in row))


def test_verdict_table(results: Results) -> None:
    table = tables.verdict_table(results)
    rows = [[plain_text(c.content) for c in row] for group in table.groups for row in group]
    assert rows[0][3:] == [".377 [.08, .62]", "Inconclusive", "p = .051 after maxT"]
    assert rows[2][1] == "Agreed goals goes with Evidence congruent.\nClaim: Daniels and Wearden (2011)"
    assert rows[5][4:] == ["Not supported", ".30 or more is rejected, p = .027"]
    assert rows[6][3:] == [
        "−.112 to .083, 7 cells",
        "Inconclusive",
        "±.30 not excluded, largest p = .744 after Holm",
    ]
    assert rows[7][2:4] == ["stronger than Bond", "Δ .475 [.15, .79]"]


def test_tests_table_gives_reasons(gaps: Results) -> None:
    text = " ".join(plain_text(c.content) for g in tables.tests_table(gaps).groups for row in g for c in row)
    assert "Joint working and Avoidance\nNo value: no variance in Avoidance" in text


def test_all_tests_are_listed(results: Results) -> None:
    found = texts(tables.families_table(results))
    assert (found["m-table-n"], found["m-table-below"], found["m-table-after"]) == ("28", "10", "5")
    assert found["m-0-direction-n"] == "6"
    assert found["m-0-negligible-after"] == "0"
    assert found["m-contrasts-n"] == "21"


def test_variables_and_flow(results: Results) -> None:
    table = tables.variables_table(results)
    rows = [[plain_text(c.content) for c in row] for group in table.groups for row in group]
    assert rows[1] == [
        "Bond\nCALPAS-5 1.0, patient",
        "43",
        "none",
        "5.40",
        "1.20",
        "6",
        "2 to 7, of 1 to 7",
        "0%",
        "33%",
        "not known",
    ]
    resistance = next(r for r in rows if r[0].startswith("Resistance"))
    assert resistance[0].endswith("high is unfavorable")
    assert resistance[2] == "2 not codable"
    assert resistance[9] == "ICC(Q,1) .74 [.38, .91], n = 12"
    assert texts(tables.flow_table(results))["f-3-n"] == "43"


def test_sensitivity_leaves_out_empty_columns(results: Results) -> None:
    table = tables.values_table(results)
    assert table is not None
    heads = [plain_text(c.content) for c in table.head]
    assert heads == ["Variable", "r_s", "τ_b", "Pearson r", "One left out", "Partial r, p", "Disattenuated"]
    evidence = tables.evidence_table(results)
    assert evidence is not None
    row = [plain_text(c.content) for c in evidence.groups[1][2]]
    assert row == ["Resistance", ".004 (.0006)", ".090", ".016", ".081", ".827", "1.44", ".301", ".254"]
    bare = replace(
        results.table, cells=tuple(replace(c, sensitivity=None, partial=None) for c in results.table.cells)
    )
    assert tables.values_table(replace(results, table=bare)) is None


def test_contrasts_mark_reflection_and_reasons(gaps: Results) -> None:
    table = tables.contrasts_table(gaps)
    rows = [[plain_text(c.content) for c in row] for group in table.groups for row in group]
    assert rows[2][:6] == ["Resistance (R)", "43", ".429", ".112", ".317", "−.01, .63"]
    assert rows[7][0] == "Avoidance\nNo value: no variance in one of the variables"


@pytest.mark.parametrize("shape", [(1, 1), (3, 12), (2, 25)])
def test_any_size_composes(grid: Callable[..., Results], shape: tuple[int, int]) -> None:
    paper = compose(grid(*shape, label="A very long name of a variable that needs several lines"))
    numbers = [b.number for s in paper.sections for b in s.blocks if isinstance(b, Table)]
    assert numbers == list(range(1, len(numbers) + 1))
