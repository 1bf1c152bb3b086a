"""SPSS files: labels, user-missing values, dates."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, time
from pathlib import Path

import polars as pl
import pyreadstat
import pytest

from bordin.errors import DataError
from bordin.missing import Missing
from bordin.study.files import UserMissing, read_table

DATA = pl.DataFrame(
    {
        "id": ["S01", "S02", "", "NA"],
        "arm": [1.0, 2.0, 1.0, None],
        "bond": [5.0, -97.0, -98.0, -99.0],
        "tape": [1.0, -2.0, -3.0, 250.0],
        "word": ["x", "Z", "y", "Z"],
        "when": [date(2018, 5, 6), date(1583, 1, 1), None, date(9999, 12, 31)],
        "moment": [datetime(2018, 5, 6, 10, 10, 10, 90_000), None, None, None],
        "clock": [time(10, 10, 10), time(0, 0), None, time(23, 59, 59)],
    }
)


def save(path: Path, frame: pl.DataFrame = DATA, **options: object) -> Path:
    pyreadstat.write_sav(
        frame,
        str(path),
        column_labels={"bond": "Bond with the therapist"} if "bond" in frame.columns else None,
        variable_value_labels={
            "arm": {1.0: "pragmatic rehabilitation", 2.0: "usual care"},
            "bond": {-97.0: "Not applicable", -98.0: "No answer"},
            "tape": {-2.0: "not recorded", -3.0: "inaudible", 250.0: "N/A"},
        },
        missing_ranges={
            "bond": [-97.0, -98.0, -99.0],
            "tape": [{"lo": -9.0, "hi": -1.0}, 250.0],
            "word": ["Z"],
        },
        **options,
    )
    return path


@pytest.mark.parametrize(("name", "compress"), [("a.sav", False), ("a.zsav", True)])
def test_labels_and_user_missing(tmp_path: Path, name: str, compress: bool) -> None:
    path = save(tmp_path / name, compress=compress)
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    table = read_table(path)
    assert table.names == tuple(DATA.columns)
    assert table.labels["bond"] == "Bond with the therapist"
    assert table.value_labels["arm"] == {1.0: "pragmatic rehabilitation", 2.0: "usual care"}
    assert table.columns["bond"] == [
        5.0,
        UserMissing(-97.0, "Not applicable", Missing.NOT_APPLICABLE),
        UserMissing(-98.0, "No answer", Missing.NOT_ANSWERED),
        UserMissing(-99.0, "", Missing.NOT_ANSWERED),
    ]
    assert table.plain("tape") == [
        1.0,
        Missing.NOT_RECORDED,
        Missing.NOT_CODABLE,
        Missing.NOT_APPLICABLE,
    ]
    missing_word = UserMissing("Z", "", Missing.NOT_ANSWERED)
    assert table.columns["word"] == ["x", missing_word, "y", missing_word]
    assert table.numbers("bond") == [5.0, None, None, None]
    assert table.texts("id") == ["S01", "S02", None, "NA"]
    assert table.texts("arm") == ["1", "2", "1", None]
    assert table.texts("arm", labelled=True) == [
        "pragmatic rehabilitation",
        "usual care",
        "pragmatic rehabilitation",
        None,
    ]
    assert (table.line(0), table.line(3)) == (1, 4)
    assert table.notes == ("User-missing values (labels kept): 8 cells.",)
    assert table.sha256 == before == hashlib.sha256(path.read_bytes()).hexdigest()


def test_dates_and_times(tmp_path: Path) -> None:
    table = read_table(save(tmp_path / "a.sav"))
    assert table.columns["when"] == [date(2018, 5, 6), date(1583, 1, 1), None, date(9999, 12, 31)]
    assert table.columns["moment"] == [datetime(2018, 5, 6, 10, 10, 10, 90_000), None, None, None]
    assert table.columns["clock"] == ["10:10:10", "00:00:00", None, "23:59:59"]
    with pytest.raises(DataError, match=r"a date \('2018-05-06'\) where a number should be"):
        table.numbers("when")


def test_date_out_of_range_names_the_column(tmp_path: Path) -> None:
    frame = pl.DataFrame({"id": [1.0, 2.0], "visit": [13_630_723_200.0, 6_306_150_067_200.0]})
    path = save(tmp_path / "a.sav", frame, variable_format={"visit": "DATETIME20"})
    with pytest.raises(DataError) as caught:
        read_table(path)
    problem = caught.value.problems[0]
    assert (problem.column, problem.line, problem.file) == ("visit", 2, str(path))
    assert problem.message == "a date near the year 201416 is out of range (1582 to 9999)."
    assert "Correct the date in SPSS" in str(problem)


def test_user_missing_date(tmp_path: Path) -> None:
    frame = pl.DataFrame({"visit": [13_630_723_200.0, 1.0]})
    path = tmp_path / "a.sav"
    pyreadstat.write_sav(
        frame, str(path), variable_format={"visit": "ADATE10"}, missing_ranges={"visit": [1.0]}
    )
    assert read_table(path).columns["visit"] == [
        date(2014, 9, 22),
        UserMissing(1.0, "", Missing.NOT_ANSWERED),
    ]


def test_portable_file_says_what_it_cannot_tell(tmp_path: Path) -> None:
    path = tmp_path / "a.por"
    pyreadstat.write_por(pl.DataFrame({"id": ["a", "b"], "bond": [5.0, None]}), str(path))
    table = read_table(path)
    assert table.names == ("ID", "BOND")
    assert table.columns == {"ID": ["a", "b"], "BOND": [5.0, None]}
    assert table.notes[0].startswith("SPSS portable file: user-missing values come as empty")


def test_survey_columns_are_dropped_from_spss_too(tmp_path: Path) -> None:
    path = save(tmp_path / "a.sav", pl.DataFrame({"IPAddress": ["192.0.2.7"], "Q1": [3.0]}))
    table = read_table(path)
    assert table.names == ("Q1",)
    assert table.notes == ("Left out as direct identifiers: IPAddress.",)


def test_no_cases_and_damage(tmp_path: Path) -> None:
    path = save(tmp_path / "a.sav", DATA.head(0))
    with pytest.raises(DataError, match="there are no data rows"):
        read_table(path)
    path.write_bytes(b"$FL2@(#) IBM SPSS STATISTICS" + bytes(200))
    with pytest.raises(DataError, match="the SPSS file cannot be read"):
        read_table(path)


def test_wrong_encoding_falls_back_with_a_note(tmp_path: Path) -> None:
    path = save(tmp_path / "a.sav", pl.DataFrame({"id": ["Zoë"], "n": [1.0]}))
    data = path.read_bytes()
    assert data.count("Zoë".encode()) == data.count(b"UTF-8") == 1
    path.write_bytes(data.replace("Zoë".encode(), "Zoë ".encode("cp1252")).replace(b"UTF-8", b"ASCII"))
    table = read_table(path)
    assert table.texts("id") == ["Zoë"]
    assert table.notes == (
        "The file's own encoding does not fit; read as Windows-1252: check accented letters.",
    )
