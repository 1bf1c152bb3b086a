"""``bordin score`` from the command line: what is printed, what is written, how it ends."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import openpyxl
import pyreadstat
import pytest

from bordin.cli import main
from bordin.study.files import read_table

CLEAN = "id,occasion,item1,item2,item3,item4,item5,item6,item7\nA,pre,0,1,2,3,0,1,2\nB,pre,3,3,3,3,3,3,3\n"
FAULTY = CLEAN + "C,pre,0,1,9,3,0,1,2\n=D,pre,1,1,1,1,1,1,1\n"


def bordin(*words: str | Path) -> int:
    try:
        return main([str(word) for word in words])
    except SystemExit as done:
        return int(done.code or 0)


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    path = tmp_path / "clean.csv"
    path.write_text(CLEAN, encoding="utf-8")
    return path


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    path = tmp_path / "faulty.csv"
    path.write_text(FAULTY, encoding="utf-8")
    return path


def test_json_of_a_clean_file(clean: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bordin("score", "gad-7", clean, "--id", "id", "--json") == 0
    made = json.loads(capsys.readouterr().out)
    assert made["instrument"] == "gad-7"
    assert made["errors"] == []
    assert made["scores"] == [
        {"row": 1, "id": "A", "occasion": "pre", "scale": "total", "value": 9, "n_answered": 7, "reason": None},
        {"row": 2, "id": "B", "occasion": "pre", "scale": "total", "value": 21, "n_answered": 7, "reason": None},
    ]  # fmt: skip


def test_json_of_a_faulty_file_ends_with_one(faulty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = hashlib.sha256(faulty.read_bytes()).hexdigest()
    assert bordin("score", "gad-7", faulty, "--json") == 1
    made = json.loads(capsys.readouterr().out)
    (error,) = made["errors"]
    assert (error["row"], error["id"], error["column"], error["value"], error["kind"]) == (
        3,
        "C",
        "item3",
        "9",
        "out_of_range",
    )
    assert [one["value"] for one in made["scores"]] == [9, 21, None, 7]
    assert (made["n_rows"], made["n_scored"]) == (4, 3)
    assert hashlib.sha256(faulty.read_bytes()).hexdigest() == before


def test_strict_refuses_the_file_and_writes_nothing(faulty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = faulty.with_name("scores.csv")
    assert bordin("score", "gad-7", faulty, "--strict", "--out", out, "--json") == 1
    made = json.loads(capsys.readouterr().out)
    assert made["scores"] == []
    assert made["n_scored"] == 0
    assert len(made["errors"]) == 1
    assert not out.exists()
    assert bordin("score", "gad-7", faulty, "--strict") == 1
    assert "The file was refused (--strict) and nothing was written." in capsys.readouterr().out


def test_strict_lets_a_clean_file_pass(clean: Path) -> None:
    out = clean.with_name("scores.csv")
    assert bordin("score", "gad-7", clean, "--strict", "--out", out) == 0
    assert read_table(out).numbers("total") == [9, 21]


def test_what_a_person_reads(faulty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bordin("score", "gad-7", faulty) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Generalized Anxiety Disorder scale, seven items: 3 of 4 rows scored"
    # 9, 21 and 7: mean 37/3, SD sqrt((81 + 441 + 49 - 1369/3) / 2) = 7.57.
    assert lines[2].split() == ["total", "3", "1", "12.33", "7.57", "7", "21"]
    assert "  line 4 (C), item3: '9' is out of range; allowed are whole numbers from 0 to 3." in lines
    assert lines[-1].startswith("Mend the cells above and score again")


def test_csv_holds_unrounded_scores_and_guards_formulas(faulty: Path) -> None:
    out = faulty.with_name("scores.csv")
    assert bordin("score", "gad-7", faulty, "--out", out) == 1
    lines = out.read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "row,id,occasion,total,why_missing"
    assert lines[1] == "1,A,pre,9.0,"
    assert lines[3] == "3,C,pre,,total: bad cell: item3"
    assert lines[4].startswith("4,'=D,")


def test_excel_keeps_ids_as_text(faulty: Path) -> None:
    out = faulty.with_name("scores.xlsx")
    assert bordin("score", "gad-7", faulty, "--out", out) == 1
    rows = list(openpyxl.load_workbook(out).active.iter_rows())
    assert [cell.value for cell in rows[1]][:4] == [1, "A", "pre", 9]
    assert (rows[4][1].value, rows[4][1].data_type) == ("=D", "s")


def test_spss_file_holds_numbers(faulty: Path) -> None:
    out = faulty.with_name("scores.sav")
    assert bordin("score", "gad-7", faulty, "--out", out) == 1
    frame, _ = pyreadstat.read_sav(str(out), output_format="polars")
    assert frame["total"].to_list() == [9, 21, None, 7]
    assert frame["id"].to_list() == ["A", "B", "C", "=D"]


def test_mapped_columns_and_a_pattern(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.csv"
    path.write_text("participant;ALL_1;ALL_2;ALL_3;ALL_4;ALL_5\nA;7;6;5;4;3\n", encoding="utf-8")
    pairs = ",".join(f"q{n}=ALL_{n}" for n in range(1, 6))
    for columns in (pairs, "ALL_*"):
        assert bordin("score", "calpas-5", path, "--columns", columns, "--json") == 0
        made = json.loads(capsys.readouterr().out)
        assert [one["value"] for one in made["scores"]] == [7, 6, 5, 4, 3, 5]
        assert made["scores"][0]["id"] == "A"


def test_an_instrument_of_ones_own(tmp_path: Path, clean: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = tmp_path / "own.toml"
    own.write_text('extends = "gad-7"\nreversed = [1]\n', encoding="utf-8")
    assert bordin("score", own, clean, "--json") == 0
    assert [one["value"] for one in json.loads(capsys.readouterr().out)["scores"]] == [9 + 3, 21 - 3]


def test_the_variant_is_asked_for_and_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.csv"
    cells = ["0", "1", "2", "3", "3", "2", "1", "0", "1", "2", "3"]
    path.write_text(f"{','.join(f'item{n}' for n in range(1, 12))}\n{','.join(cells)}\n", encoding="utf-8")
    assert bordin("score", "chalder-fatigue", path) == 2
    assert "'bimodal': answers count 0, 0, 1, 1" in capsys.readouterr().err
    assert bordin("score", "chalder-fatigue", path, "--variant", "bimodal", "--json") == 0
    made = json.loads(capsys.readouterr().out)
    assert made["variant"] == "bimodal"
    assert [one["value"] for one in made["scores"]] == [4, 2, 6]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["gad7"], "there is no instrument 'gad7' in the catalog. Did you mean 'gad-7'?"),
        (["gad-7", "--id", "code"], "there is no column 'code'"),
        (["gad-7", "--columns", "item1=a,b"], "'b' is not of the form item=column"),
        (["gad-7", "--columns", "item1=item2,item1=item3"], "item1 is given two columns"),
        (["gad-7", "--out", "scores.pdf"], "scores cannot be written as '.pdf'. Known: .csv, .xlsx, .sav."),
        (["gad-7", "--out", "no/such/folder/x.sav"], "the folder to write to does not exist"),
    ],
)
def test_what_cannot_be_done_ends_with_two(
    clean: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    told: str,
) -> None:
    monkeypatch.chdir(clean.parent)
    before = sorted(clean.parent.iterdir())
    assert bordin("score", words[0], clean, *words[1:]) == 2
    assert told in capsys.readouterr().err
    assert sorted(clean.parent.iterdir()) == before


def test_the_file_of_answers_is_never_overwritten(clean: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bordin("score", "gad-7", clean, "--out", clean) == 2
    assert "the scores need a file of their own" in capsys.readouterr().err
    assert clean.read_text(encoding="utf-8") == CLEAN


def test_only_the_first_bad_cells_are_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.csv"
    header = ",".join(f"item{n}" for n in range(1, 8))
    path.write_text(header + "\n" + "9,9,9,9,9,9,9\n" * 4, encoding="utf-8")
    assert bordin("score", "gad-7", path) == 1
    assert "  and 8 more; --json lists all." in capsys.readouterr().out.splitlines()


def test_an_alert_stands_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.csv"
    header = ",".join(f"item{n}" for n in range(1, 10))
    path.write_text(f"id,{header}\nA,0,0,0,0,0,0,0,0,2\n", encoding="utf-8")
    assert bordin("score", "phq-9", path) == 0
    assert "Alert, line 2 (A): Item 9" in capsys.readouterr().out


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_place_that_cannot_be_written_to(
    clean: Path, capsys: pytest.CaptureFixture[str], ending: str
) -> None:
    folder = clean.with_name(f"scores.{ending}")
    folder.mkdir()
    assert bordin("score", "gad-7", clean, "--out", folder) == 2
    assert "the file cannot be written" in capsys.readouterr().err
    assert sorted(p.name for p in clean.parent.iterdir()) == ["clean.csv", folder.name]
