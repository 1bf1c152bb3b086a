"""What is wrong in data files is told row by row, all at once, and the files stay as they are."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import pytest

from bordin.errors import BordinError, DataError
from bordin.missing import Missing
from bordin.study.reading import read_records
from bordin.study.study import load_study
from bordin.study.values import UnitValues, unit_values


def hashes(folder: Path) -> dict[str, str]:
    return {
        p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def read_all(folder: Path) -> UnitValues:
    study = load_study(folder)
    return unit_values(study, read_records(study))


def refused(folder: Path) -> str:
    """Return the text of the error; fails when there is none or a file has changed."""
    before = hashes(folder)
    with pytest.raises(BordinError) as caught:
        read_all(folder)
    assert hashes(folder) == before
    return str(caught.value)


def rows_of(folder: Path, name: str) -> list[list[str]]:
    with (folder / "data" / name).open(encoding="utf-8", newline="") as f:
        return list(csv.reader(f))


def test_good_data_give_the_flow(study_folder):
    study = load_study(study_folder)
    values = unit_values(study, read_records(study))
    assert [(s.label, s.n, s.lost) for s in values.flow] == [
        ("recruited", 42, ()),
        ("in the active arm", 30, ((12, "in other arms"),)),
        ("with a form", 28, ((2, "without a form"),)),
        ("with form and coded tape", 26, ((2, "not recorded"),)),
        ("analyzed", 26, ()),
    ]
    facts = values.coding[0]
    assert (facts.coders, facts.n_sessions, facts.n_double) == (("C1", "C2"), 28, 10)


def test_scores_and_designated_ratings_are_those_of_the_files(study_folder):
    study = load_study(study_folder)
    values = unit_values(study, read_records(study))
    at = values.units.index("P09")
    answers = next(r[1:] for r in rows_of(study_folder, "responses.csv") if r[0] == "P09")
    turned = [int(a) if i != 2 else 8 - int(a) for i, a in enumerate(answers)]
    assert values.columns["alliance.total"][at] == pytest.approx(sum(turned) / 5)
    first = next(
        r
        for r in rows_of(study_folder, "ratings.csv")
        if r[0] == "S09" and r[1] == "C1" and r[2] == "resistance"
    )
    assert values.columns["tapes.resistance"][at] == float(first[3])
    assert values.columns["tapes.resistance"][values.units.index("P01")] is Missing.NOT_RECORDED


FAULTS = [
    (
        "participants.csv",
        "P06,active,T1\n",
        "P06,active,T1\nP06,active,T2\n",
        ["participants.csv:8", "'P06' stands twice", "row 7"],
    ),
    (
        "participants.csv",
        "participant,arm",
        "person,arm",
        ["this column is missing", "columns = { participant"],
    ),
    ("sessions.csv", "S08,P08,4,yes", "S08,P88,4,yes", ["sessions.csv:9", "'P88'", "participants file"]),
    (
        "sessions.csv",
        "S08,P08,4,yes",
        "S08,P08,4,perhaps",
        ["sessions.csv:9, tape", "'perhaps'", "yes or no"],
    ),
    (
        "sessions.csv",
        "S08,P08,4,yes",
        "S08,P08,3-4,yes",
        ["sessions.csv:9", "a date ('3-4') where a number should be"],
    ),
    (
        "ratings.csv",
        "S05,C1,concordance,",
        "S05,C1,concordence,",
        ["'concordence'", "Did you mean 'concordance'?"],
    ),
    (
        "ratings.csv",
        "S05,C1,concordance,",
        "S95,C1,concordance,",
        ["'S95' stands in no row of the sessions file"],
    ),
    ("ratings.csv", "S05,C1,concordance,", "S05,,concordance,", ["ratings.csv", "neutral name"]),
]


@pytest.mark.parametrize(("name", "old", "new", "parts"), FAULTS)
def test_a_fault_is_told_with_file_row_and_next_step(edit, name, old, new, parts):
    told = refused(edit(f"data/{name}", old, new))
    for part in parts:
        assert part in told


def set_cell(folder: Path, name: str, row: int, column: str, value: str) -> None:
    rows = rows_of(folder, name)
    rows[row][rows[0].index(column)] = value
    with (folder / "data" / name).open("w", encoding="utf-8", newline="") as f:
        csv.writer(f).writerows(rows)


@pytest.mark.parametrize(
    ("value", "part"),
    [("9", "9"), ("four", "four"), ("4.5", "4.5"), ("2026-03-04", "2026-03-04"), ("-1", "-1")],
)
def test_a_bad_answer_names_its_row_and_item(study_folder, value, part):
    set_cell(study_folder, "responses.csv", 6, "item2", value)
    told = refused(study_folder)
    assert "data/responses.csv:7, item2" in told
    assert part in told


@pytest.mark.parametrize("value", ["7", "2.5", "high", "2026-03-04"])
def test_a_bad_rating_names_row_range_and_manual(study_folder, value):
    set_cell(study_folder, "ratings.csv", 4, "value", value)
    told = refused(study_folder)
    assert "data/ratings.csv:5" in told
    assert value in told
    assert "manual 1.0" in told


def test_several_faults_in_several_files_are_told_together(study_folder):
    set_cell(study_folder, "responses.csv", 2, "item1", "8")
    set_cell(study_folder, "responses.csv", 3, "item1", "x")
    set_cell(study_folder, "ratings.csv", 1, "value", "8")
    with pytest.raises(DataError) as caught:
        read_records(load_study(study_folder))
    assert len(caught.value.problems) == 3


def test_duplicate_and_conflicting_forms(study_folder):
    rows = rows_of(study_folder, "responses.csv")
    again = rows[5].copy()
    other = [*rows[6][:-1], str(8 - int(rows[6][-1])) if rows[6][-1] != "4" else "5"]
    with (study_folder / "data" / "responses.csv").open("w", encoding="utf-8", newline="") as f:
        csv.writer(f).writerows([*rows, again, other])
    told = refused(study_folder)
    assert rows[5][0] in told
    assert f"responses.csv:{len(rows) + 1}" in told
    assert f"responses.csv:{len(rows) + 2}" in told


def test_duplicate_ratings(study_folder):
    rows = rows_of(study_folder, "ratings.csv")
    with (study_folder / "data" / "ratings.csv").open("w", encoding="utf-8", newline="") as f:
        csv.writer(f).writerows([*rows, rows[1]])
    told = refused(study_folder)
    assert f"ratings.csv:{len(rows) + 1}" in told
    assert "Keep one of them" in told


def test_unknown_arm(edit):
    told = refused(edit("study.toml", 'arm = "active"', 'arm = "activ"'))
    assert "no participant is in the arm 'activ'" in told
    assert "Did you mean 'active'?" in told


def test_not_codable_ratings_are_kept_as_such(study_folder):
    rows = rows_of(study_folder, "ratings.csv")
    at = next(i for i, r in enumerate(rows) if r[0] == "S05" and r[2] == "avoidance")
    study = load_study(study_folder)
    reason = next(a.name for a in study.systems["tapes"].absences if a.kind is Missing.NOT_CODABLE)
    set_cell(study_folder, "ratings.csv", at, "value", "")
    set_cell(study_folder, "ratings.csv", at, "reason", reason)
    values = unit_values(study, read_records(study))
    assert values.columns["tapes.avoidance"][values.units.index("P05")] is Missing.NOT_CODABLE
    assert values.coding[0].not_codable == {reason: 1}


def test_wide_ratings_and_long_answers_give_the_same_values(study_folder, edit):
    study = load_study(study_folder)
    expected = unit_values(study, read_records(study)).columns
    ratings = rows_of(study_folder, "ratings.csv")
    dimensions = list(dict.fromkeys(r[2] for r in ratings[1:]))
    wide: dict[tuple[str, str, str], dict[str, str]] = {}
    for session, coder, dimension, value, _, designated in ratings[1:]:
        wide.setdefault((session, coder, designated), {})[dimension] = value
    with (study_folder / "data" / "ratings.csv").open("w", encoding="utf-8", newline="") as f:
        csv.writer(f).writerows(
            [
                ["session", "coder", "designated", *dimensions],
                *([*k, *(v[d] for d in dimensions)] for k, v in wide.items()),
            ]
        )
    answers = rows_of(study_folder, "responses.csv")
    long = [["participant", "item", "value"]]
    long += [
        [r[0], item, value] for r in answers[1:] for item, value in zip(answers[0][1:], r[1:], strict=True)
    ]
    with (study_folder / "data" / "responses.csv").open("w", encoding="utf-8", newline="") as f:
        csv.writer(f).writerows(long)
    again = load_study(study_folder)
    assert unit_values(again, read_records(again)).columns == expected


@pytest.mark.parametrize("kind", ["semicolon", "utf-16", "xlsx", "sav", "parquet"])
def test_the_same_answers_from_other_kinds_of_file(study_folder, edit, kind):
    import polars

    study = load_study(study_folder)
    expected = unit_values(study, read_records(study)).columns
    source = study_folder / "data" / "responses.csv"
    frame = polars.read_csv(source)
    name = "responses.csv"
    if kind == "semicolon":
        source.write_text(source.read_text(encoding="utf-8").replace(",", ";"), encoding="utf-8-sig")
    elif kind == "utf-16":
        source.write_text(source.read_text(encoding="utf-8"), encoding="utf-16")
    elif kind == "xlsx":
        from openpyxl import Workbook

        book = Workbook()
        for row in [frame.columns, *frame.rows()]:
            book.active.append(list(row))
        name = "responses.xlsx"
        book.save(study_folder / "data" / name)
    elif kind == "sav":
        import pyreadstat

        name = "responses.sav"
        pyreadstat.write_sav(frame, str(study_folder / "data" / name))
    else:
        name = "responses.parquet"
        frame.write_parquet(study_folder / "data" / name)
    if name != "responses.csv":
        edit("study.toml", "responses.csv", name)
    again = load_study(study_folder)
    assert unit_values(again, read_records(again)).columns == expected


def test_user_missing_answers_of_spss_are_missing(study_folder, edit):
    import polars
    import pyreadstat

    frame = polars.read_csv(study_folder / "data" / "responses.csv")
    who = frame["participant"][7]
    frame = frame.with_columns(
        polars.when(polars.col("participant") == who).then(99).otherwise(polars.col("item1")).alias("item1")
    )
    pyreadstat.write_sav(
        frame,
        str(study_folder / "data" / "responses.sav"),
        missing_ranges={"item1": [99]},
        variable_value_labels={"item1": {99: "not answered"}},
    )
    edit("study.toml", "responses.csv", "responses.sav")
    study = load_study(study_folder)
    values = unit_values(study, read_records(study))
    assert values.columns["alliance.total"][values.units.index(who)] is Missing.NOT_ANSWERED


def test_two_forms_where_one_is_expected(study_folder):
    rows = rows_of(study_folder, "responses.csv")
    with (study_folder / "data" / "responses.csv").open("w", encoding="utf-8", newline="") as f:
        csv.writer(f).writerows(
            [[*rows[0], "occasion"], *([*r, "week 4"] for r in rows[1:]), [*rows[9], "week 8"]]
        )
    told = refused(study_folder)
    assert f"participant {rows[9][0]} has 2 forms" in told
    assert "at = 'occasion'" in told
    path = study_folder / "study.toml"
    path.write_text(
        path.read_text(encoding="utf-8").replace(
            'instrument = "arm-5"', 'instrument = "arm-5"\nat = "occasion"\noccasion = "week 4"'
        ),
        encoding="utf-8",
    )
    study = load_study(study_folder)
    assert unit_values(study, read_records(study)).flow[-1].n == 26


def test_ten_megabytes_of_junk(study_folder):
    import random

    (study_folder / "data" / "ratings.csv").write_bytes(random.Random(3).randbytes(10_000_000))
    told = refused(study_folder)
    assert "data/ratings.csv" in told
    assert len(told) < 2000


def test_an_empty_file(study_folder):
    (study_folder / "data" / "sessions.csv").write_bytes(b"")
    assert "data/sessions.csv: the file is empty" in refused(study_folder)


def test_rows_of_a_wide_file_without_answers_or_ratings_are_nothing(study_folder):
    path = study_folder / "data" / "responses.csv"
    path.write_text(path.read_text(encoding="utf-8") + "P03,,,,,\nP04,,,,,\n", encoding="utf-8")
    ratings = rows_of(study_folder, "ratings.csv")
    dimensions = list(dict.fromkeys(r[2] for r in ratings[1:]))
    wide: dict[tuple[str, str], dict[str, str]] = {}
    for session, coder, dimension, value, _, _ in ratings[1:]:
        if coder == "C1":
            wide.setdefault((session, coder), {})[dimension] = value
    rows = [[*k, "1", *(v[d] for d in dimensions)] for k, v in wide.items()] + [
        ["S01", "", "", *("" for _ in dimensions)]
    ]
    with (study_folder / "data" / "ratings.csv").open("w", encoding="utf-8", newline="") as f:
        csv.writer(f).writerows([["session", "coder", "designated", *dimensions], *rows])
    flow = read_all(study_folder).flow
    assert [s.n for s in flow] == [42, 30, 28, 26, 26]
