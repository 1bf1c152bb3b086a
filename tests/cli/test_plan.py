"""`bordin plan`: answers for people, HTML with the curve, JSON, and errors in plain words."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bordin.cli import main

EXAMPLE = Path(__file__).parents[2] / "examples" / "socialization"
SMALL = ("--n", "43", "--rows", "1", "--columns", "2", "--rho", ".3", "--simulations", "200")


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    try:
        status = main(["plan", *words])
    except SystemExit as done:
        status = int(done.code or 0)
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_answers_for_people(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    status, out, err = run(capsys, *SMALL, "--sesoi", ".3", "--therapists", "3")
    assert status == 0
    words = " ".join(out.split())
    assert "|r| of .301 or more (p < .05, n = 43)" in words
    assert "nothing tighter than ±.254 can be shown" in words
    assert "80% needs 93 participants" in words
    assert "is found with power .50; 80% needs 85 participants" in words
    assert "3 therapists are taken out of every test" in words
    assert re.search(r"H2 +row 1 with column 2 +positive +\.\d\d +about \d+", out)
    assert max(map(len, out.splitlines())) <= 80
    assert "200 simulated studies of 43 participants" in err


def test_json_is_the_same_on_any_number_of_processes(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--adjustment", "maxt", "--missing", ".1", "--points", "7", "--ceiling", ".3", "--json")
    status, alone, err = run(capsys, *SMALL, *words)
    assert (status, err) == (0, "")
    _, shared, _ = run(capsys, *SMALL, *words, "--processes", "2")
    assert shared == alone
    record = json.loads(alone)
    assert record["closed"]["smallest_detectable"] == pytest.approx(0.3008, abs=1e-4)
    assert record["planned"]["design"]["missing"] == 0.1
    assert record["hypotheses"][0]["adjustment"] == "maxt"
    assert 0 < record["hypotheses"][0]["power"]["value"] < 0.6
    assert len(record["cells"]) == 2
    _, other, _ = run(capsys, *SMALL, *words, "--seed", "2")
    assert other != alone


def test_the_report_has_the_curve_and_the_answers(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, out, _ = run(
        capsys, str(EXAMPLE), "--n", "43", "--truth", str(EXAMPLE / "published.csv"), "--adjustment", "holm",
        "--simulations", "100", "--out", str(tmp_path / "plan"),
    )  # fmt: skip
    assert status == 0
    page = (tmp_path / "plan" / "plan.html").read_text(encoding="utf-8")
    record = json.loads((tmp_path / "plan" / "plan.json").read_text(encoding="utf-8"))
    assert str(tmp_path) not in page
    assert "http" not in page.replace("http-equiv", "")
    assert "Power by Number of Participants" in page
    assert page.count("<circle") == 3 * len(record["curve"]) + 3
    assert "Treatment match goes with concordance more strongly than the bond does." in page
    assert "alliance.q5" in out
    assert [p["n"] for p in record["curve"]] == sorted(p["n"] for p in record["curve"])
    shown = re.search(r"With 43 participants: strongest: (H\d+) ([.\d]+)", page)
    assert shown is not None
    strongest = max(h["power"]["value"] for h in record["hypotheses"])
    assert float(shown[2]) == pytest.approx(strongest, abs=0.005)


def test_a_plan_without_hypotheses_has_no_curve(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, out, _ = run(
        capsys,
        "--n",
        "43",
        "--rows",
        "2",
        "--columns",
        "2",
        "--rho",
        "0",
        "--simulations",
        "100",
        "--out",
        str(tmp_path),
    )
    assert status == 0
    assert "A star where nothing is" in out
    assert "true correlations of .42" in " ".join(out.split())
    assert "<circle" not in (tmp_path / "plan.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--rows", "4", "--columns", "7", "--rho", ".3"), "--n 43"),
        ((*SMALL, "--rho", "3"), "must lie between -1 and 1"),
        ((*SMALL, "--n", "3"), "at least 4 participants"),
        ((*SMALL, "--adjustment", "hollm"), "Did you mean 'holm'"),
        ((*SMALL, "--processes", "0"), "give 1 or more"),
        ((*SMALL, "--simulations", "0"), "give 1 or more"),
        ((*SMALL, "--width", "3"), "must lie between 0 and 2"),
        ((*SMALL, "--power", "1"), "wished power"),
        ((*SMALL, "--reliability-x", "1.2"), "at most 1"),
        (("no-such-study", "--n", "43"), "no-such-study"),
        (("--n", "43", "--truth", "no-such-table.csv"), "no-such-table.csv"),
        ((str(EXAMPLE), "--n", "43", "--rows", "4"), "--rows is given"),
    ],
)
def test_errors_are_plain(capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str) -> None:
    status, out, err = run(capsys, *words)
    assert status == 2
    assert out == ""
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("row,column,r,p,star,n\na,b,1.3,.05,,43\n", "not a possible correlation"),
        ("row,column,r,p,star,n\na,b,.3,.05,,3\n", "not a possible number of cases"),
        ("hello\n", "table"),
    ],
)
def test_a_bad_truth_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "truth.csv"
    path.write_text(text, encoding="utf-8")
    status, _, err = run(capsys, "--n", "43", "--truth", str(path))
    assert status == 2
    assert message in err
