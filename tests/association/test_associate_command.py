"""`bordin associate`: tables for people, JSON, CSV, and errors in plain words."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from bordin.association import as_record, associate
from bordin.cli import VERBS, main
from bordin.cli.associate import associate_command, command


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    try:
        status = main(["associate", *words])
    except SystemExit as done:
        status = int(done.code or 0)
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_json_is_the_record_of_the_table(
    capsys: pytest.CaptureFixture[str], reference_folder: Path, read_reference: Any
) -> None:
    path = reference_folder / "seedlike_a.csv"
    status, out, err = run(
        capsys, str(path), "--x", "q2_goals, bond", "--y", "concordance,resistance", "--sesoi", ".3",
        "--against", "bond", "--negative", "resistance", "--permutations", "300", "--json",
    )  # fmt: skip
    assert (status, err) == (0, "")
    expected = associate(
        read_reference("seedlike_a.csv"),
        ("q2_goals", "bond"),
        ("concordance", "resistance"),
        sesoi=0.3,
        against="bond",
        negative=("resistance",),
        permutations=300,
    )
    assert json.loads(out) == as_record(expected)
    assert json.loads(out)["sesoi"] == 0.3


def test_table_for_people(
    capsys: pytest.CaptureFixture[str], reference_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    path = reference_folder / "seedlike_a.csv"
    status, out, _ = run(
        capsys, str(path), "--x", "q2_goals,bond", "--y", "incongruent,resistance", "--sesoi", ".3",
        "--against", "bond", "--negative", "incongruent,resistance", "--permutations", "2000",
    )  # fmt: skip
    assert status == 0
    lines = {tuple(line.split()[:2]): line for line in out.splitlines() if line.strip()}
    strong = lines["q2_goals", "incongruent"]
    assert "−.546*†" in strong
    assert "[−.75, −.25]" in strong
    assert " 38 " in strong
    assert "< .001" in strong
    assert ".108 " in lines["bond", "incongruent"]
    assert "*" not in lines["bond", "incongruent"]
    assert "q2_goals − bond" in out
    assert "(reflected)" in out
    assert ".000" not in out
    assert "0.5" not in strong


def test_groupings_and_csv(
    capsys: pytest.CaptureFixture[str],
    reference_folder: Path,
    tmp_path: Path,
    read_reference: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    out_file = tmp_path / "cells.csv"
    status, out, _ = run(
        capsys, str(reference_folder / "estimators_grouped.csv"), "--x", "x", "--y", "y", "--cluster",
        "participant", "--control", "therapist", "--permutations", "200", "--out", str(out_file),
    )  # fmt: skip
    assert status == 0
    assert "rows repeat within participant" in out
    assert "too few for a random effect" in out
    assert "−.568" in out
    with out_file.open(encoding="utf-8-sig", newline="") as file:
        [row] = list(csv.DictReader(file))
    expected = read_reference("estimators_grouped.json")
    assert float(row["value"]) == pytest.approx(expected["between"]["spearman"]["value"], abs=1e-12)
    assert float(row["within"]) == pytest.approx(expected["within"]["spearman"]["value"], abs=1e-12)
    assert float(row["partial_df"]) == 10


def test_undefined_cell_is_said_in_words(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "flat.csv"
    path.write_text("a,b\n1,3\n2,3\n3,3\n4,3\n5,3\n", encoding="utf-8")
    status, out, _ = run(capsys, str(path), "--x", "a", "--y", "b")
    assert status == 0
    assert "no variance in b" in out
    status, out, _ = run(capsys, str(path), "--x", "a", "--y", "b", "--json")
    cell = json.loads(out)["cells"][0]
    assert (cell["value"], cell["p"], cell["undefined"]) == (None, None, "no variance in b")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--x", "q2_goal", "--y", "bond"), "Did you mean 'q2_goals'?"),
        (("--x", "q2_goals,id", "--y", "bond"), "'P001' is not a number"),
        (("--x", "q2_goals", "--y", "bond", "--coefficient", "spearmann"), "Did you mean 'spearman'?"),
        (("--x", "q2_goals", "--y", "q2_goals"), "named twice"),
        (("--x", "q2_goals", "--y", "bond", "--sesoi", "3"), "number between 0 and 1"),
        (("--x", ",", "--y", "bond"), "at least one row"),
        (
            ("--x", "q2_goals", "--y", "bond", "--against", "incongruent", "--negative", "x"),
            "'x' in negative",
        ),
        (("--x", "q2_goals", "--y", "bond", "--out", "no/such/folder/cells.csv"), "cannot be written"),
    ],
)
def test_errors_are_plain_and_leave_the_file_alone(
    capsys: pytest.CaptureFixture[str], reference_folder: Path, words: tuple[str, ...], message: str
) -> None:
    path = reference_folder / "seedlike_a.csv"
    before = path.read_bytes()
    status, out, err = run(capsys, str(path), *words, "--permutations", "50")
    assert status == 2
    assert out == ""
    assert message in err
    assert "Traceback" not in err
    assert path.read_bytes() == before


def test_summary_is_the_docstring() -> None:
    assert command is associate_command
    assert (command.__doc__ or "").splitlines()[0] == VERBS["associate"]
