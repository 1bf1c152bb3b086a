"""`bordin recheck` as a reader of a paper uses it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from bordin.cli import main

EXAMPLE = Path(__file__).parents[2] / "examples" / "recheck"
TABLE = str(EXAMPLE / "table1.csv")


def call(*words: str) -> int:
    try:
        return main(["recheck", *words])
    except SystemExit as done:
        return int(done.code or 0)


def test_the_terminal_table_fits_80_columns(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    assert call(TABLE, "--n", "43", "--family", "35", "--claims", str(EXAMPLE / "claims.toml")) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    flat = " ".join(out.split())
    for words in (
        "Q4 Avoidance −.296*! .054 .0539 [−.55, .01] .593 .103",
        "Note: Q4 with Avoidance: star, but p = .054 is not below .05.",
        "Note: Q3 with Resistance: p is never .000: write < .001.",
        "All 21 p follow from the printed r with N = 43.",
        "11 stars are printed, 10 cells are below .05; 1 star is wrong.",
        "N = 43 is the only number from 4 to 10,000 that fits every cell.",
        "Excluded: Kendall, normal (2 of 21 cells fit)",
        "With 21 tests at .05 and no true correlation, 1.05 would be below the line by chance.",
        "10 are; Holm keeps 5, Benjamini-Hochberg 9. The text implies 35 tests, so 14 are not printed.",
        "Over all of them chance gives 1.75; if no unprinted p is small, Holm keeps 4 and Benjamini-Hochberg 9.",
        "a correlation has to be .301 or more in size",
        "✕ contradicted",
    ):
        assert words in flat


def test_json_holds_what_was_promised(capsys):
    assert call(TABLE, "--n", "43", "--json", "--claims", str(EXAMPLE / "claims.toml")) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["cells"]) == 21
    keys = {
        "row",
        "column",
        "r",
        "p_printed",
        "p_recomputed_low",
        "p_recomputed_high",
        "consistent",
        "star_ok",
    }
    for cell in found["cells"]:
        assert keys | {"flags"} <= set(cell)
        assert cell["consistent"] is True
        assert cell["p_recomputed_low"] <= cell["p_recomputed"] <= cell["p_recomputed_high"]
    assert {(c["row"], c["column"]) for c in found["cells"] if not c["star_ok"]} == {("Q4", "Avoidance")}
    table = found["table"]
    assert (table["n_fits"], table["starred"], table["below_alpha"], table["holm"], table["bh"]) == (
        [43],
        11,
        10,
        5,
        9,
    )
    assert table["expected_false_positives"] == pytest.approx(1.05, rel=1e-12)
    claims = {c["sentence"]: c for c in found["claims"]}
    contradicted = claims["Patients who agreed on the goals reported changes consistent with the model."]
    assert contradicted["verdict"] == "contradicted"
    assert contradicted["because"] == "Q2 with Evidence congruent: r = .265, p = .086, not below .05."
    bond = claims["The bond was associated with no dimension."]
    assert bond["verdict"] == "not testable from the table"
    assert bond["because"] == "Bond is not printed, and absence within ±.30 takes N = 93."


def test_the_report_is_written_three_times(tmp_path, capsys):
    out = tmp_path / "report"
    assert call(TABLE, "--n", "43", "--claims", str(EXAMPLE / "claims.toml"), "--out", str(out)) == 0
    assert str(out / "recheck.html") in capsys.readouterr().out
    assert sorted(p.name for p in out.iterdir()) == ["recheck.docx", "recheck.html", "recheck.json"]
    page = (out / "recheck.html").read_text(encoding="utf-8")
    for words in (
        "All 21 p follow from the printed r with N = 43. 11 stars are printed, 10 cells are below .05",
        "star, but p = .054 is not below .05",
        "<b>Table 3</b><i>What the Text Says, Held Against the Table</i>",
        '<span class="verdict verdict--no">contradicted</span>',
        "bordin recheck table1.csv --n 43 --claims claims.toml",
    ):
        assert words in page
    assert "http" not in page.replace("http://www.w3.org", "")
    assert str(tmp_path) not in page
    with zipfile.ZipFile(out / "recheck.docx") as archive:
        text = archive.read("word/document.xml").decode()
    for words in ("The Printed Correlations, Recomputed", "−.296", "not testable from the table"):
        assert words in text
    assert json.loads((out / "recheck.json").read_text(encoding="utf-8"))["table"]["n"] == 43


def test_n_is_found_when_it_is_not_given(capsys):
    assert call(TABLE, "--json") == 0
    table = json.loads(capsys.readouterr().out)["table"]
    assert (table["n"], table["n_source"], table["n_fits"]) == (43, "fits all cells", [43])


def test_a_wrong_n_and_its_consequences(capsys):
    assert call(TABLE, "--n", "44") == 0
    flat = " ".join(capsys.readouterr().out.split())
    assert "9 of 21 p follow from the printed r with N = 44." in flat
    assert "N = 43 is the only number from 4 to 10,000 that fits every cell. Given was 44." in flat
    assert "Q2 with Concordance: p does not follow: r gives .0115 to .0118" in flat


def test_a_slip_and_an_impossible_matrix_in_words(tmp_path, capsys):
    (tmp_path / "t.csv").write_text("row,column,r,p\na,x,.377,.031\na,y,.3,.05\n", encoding="utf-8")
    assert call(str(tmp_path / "t.csv"), "--n", "43") == 0
    assert "p may have been .013: two digits are swapped" in " ".join(capsys.readouterr().out.split())
    matrix = "Variable,1,2,3,4\n1. G,1,,,\n2. T,.90,1,,\n3. B,.85,-.80,1,\n4. E,.60,.65,.70,1\n"
    (tmp_path / "m.csv").write_text(matrix, encoding="utf-8")
    assert call(str(tmp_path / "m.csv"), "--n", "43") == 0
    flat = " ".join(capsys.readouterr().out.split())
    assert "No data could have produced this matrix if every cell rests on the same cases" in flat
    assert "the sign of 3. B with 2. T were the other one, and of no other pair" in flat
    assert call(str(tmp_path / "m.csv")) == 0
    flat = " ".join(capsys.readouterr().out.split())
    assert "Without a printed p nothing is known of N. Give it with --n." in flat


@pytest.mark.parametrize(
    ("name", "content", "options", "words"),
    [
        ("r.csv", "row,column,r,p\na,x,1.2,.01\n", (), "'1.2' is not a possible correlation"),
        ("n.csv", "row,column,r,p\na,x,.2,.01\n", ("--n", "3"), "N is 3"),
        ("m.csv", "Variable,Alliance,,Goal\nq1,.3,.2,.1\n", (), "column 3 has values but no heading"),
        ("u.csv", "Variable,Bond,Goal\nq1,.3,.2\nq2,.3\n", (), "this row has 2 cells, the heading row has 3"),
        ("p.txt", "Nothing but words.\n", (), "no table was found"),
        ("c.csv", "row,column,r\na,x,.2\n", ("--claims", "none.toml"), "the claims cannot be read"),
    ],
)
def test_bad_input_is_told_without_a_traceback(tmp_path, capsys, name, content, options, words):
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert call(str(tmp_path / name), *options) == 2
    told = capsys.readouterr().err
    assert words in told
    assert "Traceback" not in told
