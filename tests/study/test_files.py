"""Text files, kinds of files, and the questions a table answers."""

from __future__ import annotations

import hashlib
import math
import os
import random
import subprocess
import sys
import time
import zipfile
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bordin.errors import DataError
from bordin.missing import Missing
from bordin.study import files
from bordin.study.files import FlatTable, UserMissing, parse_number, read_table, write_csv


def put(folder: Path, content: str | bytes, name: str = "data.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


def refusal(path: Path, **options: str) -> str:
    """Read what must be refused; the message names the file, and the file is untouched."""
    before = path.read_bytes() if path.is_file() and path.stat().st_size < 20_000_000 else b""
    with pytest.raises(DataError) as caught:
        read_table(path, **options)
    assert path.name in str(caught.value)
    assert all(problem.file == str(path) for problem in caught.value.problems)
    assert caught.value.problems[-1].hint
    if before:
        assert path.read_bytes() == before
    return str(caught.value)


# ---------------------------------------------------------------- encodings, delimiters, decimals


def test_plain_csv_keeps_text_and_position(tmp_path: Path) -> None:
    path = put(tmp_path, "id,arm,score\n007, active ,3\n008,n/a,4.5\n")
    table = read_table(path)
    assert table.names == ("id", "arm", "score")
    assert table.columns["id"] == ["007", "008"]
    assert table.texts("arm") == ["active", "n/a"]
    assert table.numbers("score") == [3.0, 4.5]
    assert (table.n_rows, table.first_line, table.line(0), table.line(1)) == (2, 2, 2, 3)
    assert table.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert table.notes == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_encodings(tmp_path: Path, encoding: str) -> None:
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    table = read_table(put(tmp_path, mark + "id;größe\nä;1,5\n".encode(encoding)))
    assert table.names == ("id", "größe")
    assert table.texts("id") == ["ä"]
    assert table.numbers("größe") == [1.5]
    assert table.notes == ()


def test_windows_1252_is_read_with_a_note(tmp_path: Path) -> None:
    table = read_table(put(tmp_path, "id,word\n1,schön\n2,“so”\n".encode("cp1252")))
    assert table.texts("word") == ["schön", "“so”"]
    assert table.notes == ("Not UTF-8 (line 2); read as Windows-1252: check accented letters.",)


@pytest.mark.parametrize(
    ("text", "score", "other"),
    [
        ("id;score;n\n1;2,5;1,234\n2;−3,25;7\n", [2.5, -3.25], [1.234, 7.0]),
        ("id;score;n\n1;2.5;1.234\n2;-3.25;7\n", [2.5, -3.25], [1.234, 7.0]),
        ("id\tscore\tn\n1\t2,5\t1,234\n2\t-3,25\t7\n", [2.5, -3.25], [1.234, 7.0]),
        ("id\tscore\tn\n1\t2.5\t1.234\n2\t-3.25\t7\n", [2.5, -3.25], [1.234, 7.0]),
        ('id,score,n\n1,"2,5",1.234\n2,-3.25,7\n', [2.5, -3.25], [1.234, 7.0]),
        ("sep=;\nid;score;n\n1;2,5;1,234\n2;-3,25;7\n", [2.5, -3.25], [1.234, 7.0]),
        ("sep=;\r\nid;score;n\r\n1;2,5;1,234\r\n2;-3,25;7\r\n", [2.5, -3.25], [1.234, 7.0]),
    ],
)
def test_delimiter_and_decimal_sign_are_found(
    tmp_path: Path, text: str, score: list[float], other: list[float]
) -> None:
    table = read_table(put(tmp_path, text))
    assert table.names == ("id", "score", "n")
    assert table.numbers("score") == score
    assert table.numbers("n") == other
    assert table.line(1) == (4 if text.startswith("sep") else 3)


def test_delimiter_inside_quotes_does_not_count(tmp_path: Path) -> None:
    table = read_table(put(tmp_path, 'id;"a, b, c, d"\n1;"x; y"\n'))
    assert table.names == ("id", "a, b, c, d")
    assert table.columns["a, b, c, d"] == ["x; y"]


def test_declared_delimiter_and_decimal_win(tmp_path: Path) -> None:
    path = put(tmp_path, "id|n\n1|1,234\n")
    assert read_table(path, delimiter="|", decimal=",").numbers("n") == [1.234]
    with pytest.raises(DataError, match=r"declared as '\.'"):
        read_table(path, delimiter="|", decimal=".").numbers("n")
    for delimiter in ("||", "", "\n", '"'):
        with pytest.raises(DataError, match="is not one separating character"):
            read_table(path, delimiter=delimiter)
    with pytest.raises(DataError, match=r"neither '\.' nor ','"):
        read_table(path, decimal=";")


def test_thousands_are_ambiguous(tmp_path: Path) -> None:
    table = read_table(put(tmp_path, 'id,n\n1,"1,234"\n2,"12,5"\n3,"0,125"\n'))
    with pytest.raises(DataError) as caught:
        table.numbers("n")
    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].line == 2
    assert "may mark decimals or thousands" in str(caught.value)
    assert "decimal = ','" in str(caught.value)


# ---------------------------------------------------------------------------- rows and headings


def test_lines_follow_the_file_over_breaks_and_blank_rows(tmp_path: Path) -> None:
    text = 'id,note\r\n1,"two\r\nlines"\r\n\r\n2,x\r\n,\r\n3,y\r\n'
    table = read_table(put(tmp_path, text))
    assert table.columns["id"] == ["1", "2", "3"]
    assert table.columns["note"] == ["two\r\nlines", "x", "y"]
    assert [table.line(row) for row in range(3)] == [2, 5, 7]


def test_old_macintosh_line_ends(tmp_path: Path) -> None:
    table = read_table(put(tmp_path, "id,n\r1,4\r2,5\r"))
    assert table.numbers("n") == [4.0, 5.0]
    assert table.line(1) == 3


@pytest.mark.parametrize("text", ["a,b,\n1,2,\n3,4,\n", "a,b,\n1,2\n3,4\n", "a,b\n1,2,\n3,4\n"])
def test_trailing_delimiters_are_harmless(tmp_path: Path, text: str) -> None:
    table = read_table(put(tmp_path, text))
    assert table.names == ("a", "b")
    assert table.numbers("b") == [2.0, 4.0]


def test_empty_column_without_name_is_left_out(tmp_path: Path) -> None:
    table = read_table(put(tmp_path, "a,,b\n1,,2\n"))
    assert table.names == ("a", "b")
    assert table.columns == {"a": ["1"], "b": ["2"]}


def test_unequal_rows_are_listed(tmp_path: Path) -> None:
    path = put(tmp_path, "a,b,c\n1,2,3\n1,2\n1,2,3,4\n")
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert [(p.line, p.message) for p in caught.value.problems] == [
        (3, "this row has 2 cells, the heading row has 3."),
        (4, "this row has 4 cells, the heading row has 3."),
    ]


def test_many_unequal_rows_are_counted(tmp_path: Path) -> None:
    path = put(tmp_path, "a,b\n" + "1,2\n" + "1\n" * 50)
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert len(caught.value.problems) == 21
    assert caught.value.problems[20].message == "30 more like these, 50 in all."


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty (0 bytes)"),
        ("\n \n,,\n", "the file is empty"),
        ("a,b\n", "no data rows"),
        ("a,b\n\n,\n", "no data rows"),
        ("a,b,a\n1,2,3\n", "more than one column is named 'a'"),
        ("a,,b\n1,2,3\n", "column B has values but no name"),
        ("a,b,\n1,2,3\n", "column C has values but no name"),
        ('a,b\n1,2\n3,"open\n5,6\n', "data.csv:3: a quote opens in this row and is never closed"),
        ('a,b\n1,"x"y\n', "data.csv:2: text follows a closing quote"),
        (b"a,b\n1,\x002\n", "data.csv:2: this is not a text file that can be read: it holds NUL bytes"),
        (b"a,b\n\x81\x8d,2\n", "neither UTF-8 nor Windows-1252"),
        (b"\xef\xbb\xbfa,b\n\xe4,2\n", "its mark says UTF-8-SIG, but byte"),
        (bytes(range(1, 9)) * 50, "full of control characters"),
        ("a,b\n" + '1,"' + "x" * 200_000, "longer than 131,072 characters"),
    ],
)
def test_broken_text_is_refused(tmp_path: Path, content: str | bytes, says: str) -> None:
    assert says in refusal(put(tmp_path, content))


def test_ten_megabytes_of_junk_fail_fast(tmp_path: Path) -> None:
    noise = random.Random(1).randbytes(10_000_000)
    for junk in (noise, noise.replace(b"\0", b"\1")):
        path = put(tmp_path, junk)
        start = time.process_time()
        with pytest.raises(DataError, match="not a text file"):
            read_table(path)
        assert time.process_time() - start < 2


# ------------------------------------------------------------------------------ kinds of files


def zipped(folder: Path, name: str, members: dict[str, bytes]) -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return path


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.xls", OLE, "an old Excel workbook"),
        ("a.xlsx", OLE + "EncryptedPackage".encode("utf-16-le"), "protected by a password"),
        ("a.pdf", b"%PDF-1.7\n", "a PDF"),
        ("a.csv", b"%PDF-1.7\n", "a PDF"),
        ("a.rds", b"\x1f\x8b\x08\x00", "compressed"),
        ("a.xls", b"<html><table><tr><td>1</td></tr></table>", "a web page"),
        ("a.dta", b"<stata_dta><header>", "a Stata file"),
        ("a.numbers", b"x,y\n1,2\n", "an Apple Numbers sheet"),
        ("a.json", b'{"a": 1}', "a JSON file"),
        ("a.sav", b"x,y\n1,2\n", "its content is not an SPSS file"),
        ("a.xlsx", b"x,y\n1,2\n", "its content is not an Excel file"),
        ("a.parquet", b"x,y\n1,2\n", "its content is not a Parquet file"),
        ("a.xlsx", b"PK\x03\x04 cut short", "the file is damaged"),
    ],
)
def test_other_kinds_are_named(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    assert says in refusal(put(tmp_path, content, name))


@pytest.mark.parametrize(
    ("name", "members", "says"),
    [
        ("a.ods", {"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}, "an OpenDocument file"),
        ("a.numbers", {"Index/Document.iwa": b"x"}, "an Apple Numbers sheet"),
        ("a.xlsb", {"xl/workbook.bin": b"x"}, "a binary Excel workbook"),
        ("a.csv", {"word/document.xml": b"x"}, "a Word document"),
        ("a.zip", {"data.csv": b"a\n1\n"}, "a zip archive"),
    ],
)
def test_other_archives_are_named(tmp_path: Path, name: str, members: dict[str, bytes], says: str) -> None:
    assert says in refusal(zipped(tmp_path, name, members))


def test_missing_file_names_the_nearest(tmp_path: Path) -> None:
    put(tmp_path, "a\n1\n", "ratings.csv")
    assert "there is no such file. Did you mean 'ratings.csv'?" in refusal(tmp_path / "rating.csv")
    assert "There is no folder" in refusal(tmp_path / "none" / "x.csv")
    (tmp_path / "bare").mkdir()
    assert "holds no files" in refusal(tmp_path / "bare" / "x.csv")


def test_folder_and_pipe_are_no_files(tmp_path: Path) -> None:
    put(tmp_path, "a\n1\n", "ratings.csv")
    assert "this is a folder, not a file. Name a file in it: ratings.csv." in refusal(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.csv")
        assert "not an ordinary file" in refusal(tmp_path / "pipe.csv")


def test_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "tape.csv"
    with path.open("wb") as stream:
        stream.truncate(files.MAX_BYTES + 1)  # sparse: takes no room on disk
    assert "the file has 500 MB; at most 500 MB are read" in refusal(path)


def test_a_file_that_another_program_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path, "a\n1\n")

    def held(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", held)
    with pytest.raises(DataError, match=r"cannot be read \(Permission denied\)\. Close it"):
        read_table(path)


def test_sheet_of_a_text_file_is_refused(tmp_path: Path) -> None:
    assert "only an Excel workbook has sheets" in refusal(put(tmp_path, "a\n1\n"), sheet="Sheet1")


# ---------------------------------------------------------------------- survey services' exports


QUALTRICS = (
    "StartDate,IPAddress,RecipientLastName,LocationLatitude,Q1,Q2\n"
    'Start Date,IP Address,Recipient Last Name,Location Latitude,"How was it,\ntoday?",Why?\n'
    '"{""ImportId"":""startDate"",""timeZone"":""UTC""}","{""ImportId"":""ip""}","{""ImportId"":""n""}",'
    '"{""ImportId"":""lat""}","{""ImportId"":""QID1""}","{""ImportId"":""QID2""}"\n'
    "2024-01-02,192.0.2.7,Doe,47.1,5,good\n"
)


def test_qualtrics_headings_and_identifiers(tmp_path: Path) -> None:
    path = put(tmp_path, QUALTRICS)
    table = read_table(path)
    assert table.names == ("StartDate", "Q1", "Q2")
    assert table.labels == {"StartDate": "Start Date", "Q1": "How was it,\ntoday?", "Q2": "Why?"}
    assert table.numbers("Q1") == [5.0]
    assert table.line(0) == 5
    assert "192.0.2.7" not in repr(table)
    assert table.notes[1] == "Left out as direct identifiers: IPAddress, RecipientLastName, LocationLatitude."
    assert table.dropped == ("IPAddress", "RecipientLastName", "LocationLatitude")
    with pytest.raises(DataError, match="the column 'IPAddress' points to a person and was left out"):
        table.texts("IPAddress")
    whole = read_table(path, drop_direct_identifiers=False)
    assert whole.texts("IPAddress") == ["192.0.2.7"]


def test_old_qualtrics_export(tmp_path: Path) -> None:
    path = put(tmp_path, "V1,V3,V6,Q1,\nResponseID,Name,IPAddress,Was it good?,\nR_1,Jane Doe,192.0.2.7,2,\n")
    table = read_table(path)
    assert table.names == ("V1", "Q1")
    assert table.labels["Q1"] == "Was it good?"
    assert table.numbers("Q1") == [2.0]
    assert table.line(0) == 3


def test_redcap_checkboxes_are_left_as_they_are(tmp_path: Path) -> None:
    table = read_table(put(tmp_path, "record_id,gym___0,gym___1\n1,0,1\n2,1,0\n"))
    assert table.names == ("record_id", "gym___0", "gym___1")
    assert table.numbers("gym___1") == [1.0, 0.0]


# ------------------------------------------------------------------------- questions to a table


def test_column_error_names_file_and_columns(tmp_path: Path) -> None:
    table = read_table(put(tmp_path, "participant,bond\n1,2\n"))
    with pytest.raises(DataError) as caught:
        table.numbers("bnod")
    problem = caught.value.problems[0]
    assert (problem.message, problem.file) == ("there is no column 'bnod'.", str(table.path))
    assert problem.hint == "Did you mean 'bond'? The columns are: participant, bond."


def test_numbers_lists_every_bad_cell(tmp_path: Path) -> None:
    rows = ["3", "three", "", "3-4", "2024-03-04", "4. Mrz", "TRUE", "NA", ".", "5"]
    table = read_table(put(tmp_path, "id,n\n" + "".join(f"{i},{cell}\n" for i, cell in enumerate(rows))))
    with pytest.raises(DataError) as caught:
        table.numbers("n")
    problems = caught.value.problems
    assert [p.line for p in problems] == [3, 5, 6, 7, 8]
    assert problems[0].message == "'three' is not a number."
    assert problems[1].message == "a date ('3-4') where a number should be."
    assert "Excel may have turned" in str(problems[1])
    assert problems[2].message.startswith("a date ('2024-03-04')")
    assert problems[3].message.startswith("a date ('4. Mrz')")
    assert problems[4].message == "'TRUE' is not a number."
    assert problems[4].hint == (
        "Allowed: a number such as 3 or 3.5; missing is written as an empty cell, '.', 'NA'."
    )
    assert {(p.file, p.column) for p in problems} == {(str(table.path), "n")}


def test_numbers_shows_twenty_and_counts_all(tmp_path: Path) -> None:
    table = read_table(put(tmp_path, "n\n" + "x\n" * 2_000))
    with pytest.raises(DataError) as caught:
        table.numbers("n")
    assert len(caught.value.problems) == 21
    assert caught.value.problems[20].message == "1980 more like these, 2000 in all."


def test_declared_missing_only(tmp_path: Path) -> None:
    table = read_table(put(tmp_path, "code,n\nNA,-99\nn/a,−99.0\n,3\n"))
    assert table.texts("code") == ["NA", "n/a", None]
    assert table.texts("code", missing=("", "NA")) == [None, "n/a", None]
    assert table.texts("code", missing=()) == ["NA", "n/a", ""]
    assert table.numbers("n") == [-99.0, -99.0, 3.0]
    assert table.numbers("n", missing=("-99",)) == [None, None, 3.0]
    blank = read_table(put(tmp_path, "id,n\n1,\n2, \n3,4\n"))
    assert blank.numbers("n", missing=("NA",)) == [None, None, 4.0]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("3", 3.0),
        ("3.0", 3.0),
        (" 3 ", 3.0),
        ("3\u00a0", 3.0),
        ("1,5", 1.5),
        ("\u22123", -3.0),
        ("\u20133", -3.0),
        ("+2", 2.0),
        (".5", 0.5),
        ("1e-3", 0.001),
        ("1234,567", 1234.567),
        (7, 7.0),
        (2.5, 2.5),
    ],
)
def test_parse_number(cell: str | float, value: float) -> None:
    assert parse_number(cell) == value


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("", "'' is not a number"),
        (None, "'' is not a number"),
        ("nan", "'nan' is not a number"),
        ("inf", "'inf' is not a number"),
        ("1_000", "'1_000' is not a number"),
        ("12 years", "'12 years' is not a number"),
        ("1.234,5", "'1.234,5' is not a number"),
        ("1e999", "not a finite number"),
        (math.inf, "not a finite number"),
        ("1,234", "ambiguous: the comma may mark"),
        (True, "'TRUE' is true or false"),
        (date(2024, 3, 4), "a date ('2024-03-04')"),
        (datetime(2024, 3, 4, 5, 6), "a date ('2024-03-04T05:06:00')"),
        ("04/03/2024", "a date ('04/03/2024')"),
        ("Mar-04", "a date ('Mar-04')"),
        (Missing.NOT_ANSWERED, "'' is not a number"),
    ],
)
def test_parse_number_refuses(cell: object, says: str) -> None:
    with pytest.raises(DataError) as caught:
        parse_number(cell)  # type: ignore[arg-type]
    assert says in str(caught.value)


def test_point_is_ambiguous_where_the_comma_is_the_decimal_sign() -> None:
    assert parse_number("1,234", ",") == 1.234
    assert parse_number("22.1", ",") == 22.1
    with pytest.raises(DataError, match="the point may mark decimals or thousands"):
        parse_number("1.234", ",")
    with pytest.raises(DataError, match="declared as ','"):
        parse_number("22.1", ",", strict=True)


def test_rename_and_select(tmp_path: Path) -> None:
    table = read_table(put(tmp_path, QUALTRICS)).rename({"Q1": "bond"})
    assert table.names == ("StartDate", "bond", "Q2")
    assert table.labels["bond"] == "How was it,\ntoday?"
    small = table.select(["Q2", "bond"])
    assert small.names == ("Q2", "bond")
    assert small.columns == {"Q2": ["good"], "bond": ["5"]}
    assert small.labels == {"Q2": "Why?", "bond": "How was it,\ntoday?"}
    assert (small.line(0), small.sha256) == (5, table.sha256)
    with pytest.raises(DataError, match="more than one column is named 'Q2'"):
        table.rename({"bond": "Q2"})
    with pytest.raises(DataError, match="there is no column 'Q9'"):
        table.rename({"Q9": "x"})
    with pytest.raises(DataError, match="there is no column 'Q9'"):
        table.select(["Q9"])


def test_frame_keeps_types_and_makes_missing_null() -> None:
    absent = UserMissing(-99.0, "not applicable", Missing.NOT_APPLICABLE)
    table = FlatTable(
        path=Path("x"),
        names=("i", "f", "t", "b", "d", "s", "m", "e"),
        columns={
            "i": [1, None],
            "f": [1, absent],
            "t": ["", "007"],
            "b": [True, Missing.NOT_ANSWERED],
            "d": [date(2024, 1, 2), None],
            "s": [date(2024, 1, 2), datetime(2024, 1, 2, 3, 4)],
            "m": ["a", 2.0],
            "e": [None, None],
        },
    )
    frame = table.frame()
    assert frame.schema == {
        "i": pl.Int64,
        "f": pl.Int64,
        "t": pl.String,
        "b": pl.Boolean,
        "d": pl.Date,
        "s": pl.Datetime("us"),
        "m": pl.String,
        "e": pl.String,
    }
    assert frame.rows() == [
        (1, 1, None, True, date(2024, 1, 2), datetime(2024, 1, 2), "a", None),
        (None, None, "007", None, None, datetime(2024, 1, 2, 3, 4), "2", None),
    ]
    assert table.plain("f") == [1, Missing.NOT_APPLICABLE]
    assert table.numbers("f") == [1.0, None]
    assert table.texts("b") == ["TRUE", None]


# ------------------------------------------------------------------------------------- writing


def test_written_bytes(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    rows = [
        [0.1 + 0.2, "=1+1", None],
        [True, "a,b", date(2024, 1, 2)],
        [-3, "-3", Missing.NOT_CODABLE],
        [2, "@x", UserMissing(9.0, "n/a", Missing.NOT_APPLICABLE)],
    ]
    write_csv(path, ["x", "+y", "z"], rows)
    assert path.read_bytes() == (
        b"\xef\xbb\xbfx,'+y,z\n0.30000000000000004,'=1+1,\nTRUE,\"a,b\",2024-01-02\n"
        b"-3,'-3,not codable\n2,'@x,not applicable\n"
    )
    assert [p.name for p in tmp_path.iterdir()] == ["out.csv"]


def test_numpy_numbers_are_written_plainly(tmp_path: Path) -> None:
    np = pytest.importorskip("numpy")
    write_csv(tmp_path / "out.csv", ["a", "b"], [[np.float64(0.1), np.int64(3)]])
    assert (tmp_path / "out.csv").read_text(encoding="utf-8-sig") == "a,b\n0.1,3\n"


@pytest.mark.parametrize(
    ("row", "says"),
    [([1], "has 1 cells, there are 2 columns"), ([1, math.nan], "'nan' is not"), ([1, [2]], "type list")],
)
def test_a_failed_write_leaves_the_old_file(tmp_path: Path, row: list[object], says: str) -> None:
    path = put(tmp_path, "old", "out.csv")
    with pytest.raises(DataError, match=says):
        write_csv(path, ["a", "b"], [[1, 2], row])
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["out.csv"]


def test_write_into_no_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="check that the folder exists"):
        write_csv(tmp_path / "none" / "out.csv", ["a"], [[1]])


TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]) | st.sampled_from("\n\t,;\"'=+-@ "),
    max_size=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(TEXT, st.floats(allow_nan=False, allow_infinity=False), st.integers() | st.none()),
        min_size=1,
        max_size=8,
    )
)
def test_what_is_written_is_read(tmp_path: Path, rows: list[tuple[str, float, int | None]]) -> None:
    path = tmp_path / "round.csv"
    write_csv(path, ["id", "text", "real", "whole"], [[i, *row] for i, row in enumerate(rows)])
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    table = read_table(path)
    assert table.numbers("id") == list(range(len(rows)))
    guarded = [f"'{text}" if text[:1] in tuple("=+-@\t\r\n") else text for text, _, _ in rows]
    assert table.columns["text"] == guarded
    assert table.numbers("real") == [real for _, real, _ in rows]
    assert table.numbers("whole") == [None if whole is None else float(whole) for _, _, whole in rows]
    assert table.sha256 == before == hashlib.sha256(path.read_bytes()).hexdigest()


# --------------------------------------------------------------------------------------- speed


def test_a_large_file_is_read_quickly(tmp_path: Path) -> None:
    row = ",".join(str(i % 7) for i in range(40))
    path = put(tmp_path, ",".join(f"q{i}" for i in range(40)) + "\n" + f"{row}\n" * 20_000)
    start = time.process_time()
    table = read_table(path)
    seconds = time.process_time() - start
    assert (table.n_rows, len(table.names)) == (20_000, 40)
    assert seconds < 1.5  # a fifth of 100,000 rows, with room for a slow machine


def test_import_loads_no_heavy_library() -> None:
    code = (
        "import sys, bordin.study.files; "
        "print([m for m in ('polars', 'numpy', 'scipy', 'openpyxl', 'pyreadstat') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
