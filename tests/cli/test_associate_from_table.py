"""`bordin associate --from-table`: intervals and effects from print alone."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from bordin.cli import main

PUBLISHED = Path(__file__).parents[2] / "examples" / "socialization" / "published.csv"


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    try:
        status = main(["associate", *words])
    except SystemExit as done:
        status = int(done.code or 0)
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_table_and_effects(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    effects = tmp_path / "effects.csv"
    status, out, err = run(
        capsys, str(PUBLISHED), "--from-table", "--n", "43", "--sesoi", ".3", "--informant", "patient",
        "--instrument", "CALPAS-5", "--session", "5", "--out", str(effects),
    )  # fmt: skip
    assert (status, err) == (0, "")
    lines = {tuple(line.split()[:2]): line for line in out.splitlines() if line.strip()}
    assert "−.546*†" in lines["q3", "resistance"]
    assert "−.296 " in lines["q4", "avoidance"]
    assert ".054" in lines["q4", "avoidance"]
    assert "p BH" in out
    assert "maxT" not in out
    assert max(map(len, out.splitlines())) <= 80
    with effects.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 21
    assert float(rows[7]["r"]) == 0.479
    assert float(rows[7]["vi"]) == 0.025
    assert rows[7]["instrument"] == "CALPAS-5"
    assert rows[7]["dependency"] == "published"


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, str(PUBLISHED), "--from-table", "--n", "43", "--json")
    assert status == 0
    record = json.loads(out)
    assert record["family_size"] == 21
    assert record["cells"][0]["value"] == 0.377
    assert record["cells"][0]["p_permutation"] is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--from-table",), "--n 43"),
        (("--from-table", "--n", "3"), "at least 4 cases"),
        (("--from-table", "--n", "43", "--x", "q2"), "--x: a published table has no data for it"),
        (("--from-table", "--n", "43", "--p", "permutation"), "--p: a published table"),
        (("--from-table", "--n", "43", "--bootstrap", "100"), "--bootstrap: a published table"),
        (("--n", "43", "--x", "r", "--y", "p"), "add --from-table"),
        ((), "Name the variables"),
        (("--x", "r"), "Name the variables"),
        (("--from-table", "--n", "43", "--out", str(PUBLISHED)), "need a file of their own"),
    ],
)
def test_errors_are_plain(capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str) -> None:
    before = PUBLISHED.read_bytes()
    status, out, err = run(capsys, str(PUBLISHED), *words)
    assert status == 2
    assert out == ""
    assert message in err
    assert "Traceback" not in err
    assert PUBLISHED.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("row,column,r,p,star,n\na,b,-1.3,.05,,43\n", "not a possible correlation"),
        ("row,column,r,p,star,n\na,b,.3,.05,,2\n", "not a possible number of cases"),
        (",Goals,Tasks\nQ1,.3\nQ2,.2,.1,.4\n", "line"),
        (",Goals,,Tasks\nQ1,.3,.2,.1\nQ2,.2,.1,.4\n", "merged"),
        ("only words\n", "table"),
    ],
)
def test_a_table_that_cannot_be_read(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    status, out, err = run(capsys, str(path), "--from-table", "--n", "43")
    assert (status, out) == (2, "")
    assert message in err
