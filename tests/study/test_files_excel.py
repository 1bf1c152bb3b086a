"""Workbooks: values, stored results of formulas, dates, and what must be refused."""

from __future__ import annotations

import hashlib
import re
import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path

import openpyxl
import pytest

from bordin.errors import DataError
from bordin.study import files_excel
from bordin.study.files import read_table


def workbook(path: Path, rows: list[list[object]], title: str = "Data") -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def patched(path: Path, pattern: str, new: str) -> Path:
    """Rewrite a place in the first sheet's XML, as another program would have written it."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = "xl/worksheets/sheet1.xml"
    xml, found = re.subn(pattern, lambda _: new, members[name].decode())
    assert found == 1
    members[name] = xml.encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_values_keep_their_types(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx",
        [
            ["id", "score", "when", "moment", "clock", "length", "ok", "word"],
            [
                "007",
                3,
                date(2024, 1, 2),
                datetime(2024, 1, 2, 3, 4),
                time(10, 30),
                timedelta(hours=25),
                True,
                "n/a",
            ],
            [101, 2.5, None, None, None, None, False, None],
        ],
    )
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    table = read_table(path)
    assert table.columns == {
        "id": ["007", 101],
        "score": [3, 2.5],
        "when": [date(2024, 1, 2), None],
        "moment": [datetime(2024, 1, 2, 3, 4), None],
        "clock": ["10:30:00", None],
        "length": ["25:00:00", None],
        "ok": [True, False],
        "word": ["n/a", None],
    }
    assert table.texts("id") == ["007", "101"]
    assert table.texts("when") == ["2024-01-02", None]
    assert table.numbers("score") == [3.0, 2.5]
    assert table.sha256 == before == hashlib.sha256(path.read_bytes()).hexdigest()
    assert table.notes == ()


def test_bad_cells_are_named_as_excel_counts(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["id", "n"],
        [1, 3],
        [],
        [2, date(2024, 4, 3)],
        [3, True],
        [4, "#DIV/0!"],
        [5, "1,5"],
    ]
    table = read_table(workbook(tmp_path / "a.xlsx", rows))
    with pytest.raises(DataError) as caught:
        table.numbers("n")
    assert [(p.line, p.message) for p in caught.value.problems] == [
        (4, "a date ('2024-04-03') where a number should be."),
        (5, "'TRUE' is true or false, not a number."),
        (6, "'#DIV/0!' is not a number."),
    ]


def test_numbers_as_text_follow_the_declared_sign(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [["n"], ["1,5"], [" −2 "], [3]])
    assert read_table(path).numbers("n") == [1.5, -2.0, 3.0]
    workbook(path, [["n"], ["1,234"]])
    assert read_table(path, decimal=",").numbers("n") == [1.234]
    with pytest.raises(DataError, match="ambiguous"):
        read_table(path).numbers("n")


def test_sheets(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    book.active.title = "Ratings"
    book["Ratings"].append(["a"])
    book["Ratings"].append([1])
    other = book.create_sheet("Wave & 2")
    other.append(["b"])
    other.append([2])
    book.save(path)
    first = read_table(path)
    assert first.names == ("a",)
    assert first.notes == ("Read from sheet 'Ratings'; the workbook has 2: Ratings, Wave & 2.",)
    second = read_table(path, sheet="Wave & 2")
    assert (second.names, second.columns["b"], second.notes) == (("b",), [2], ())
    with pytest.raises(DataError, match=r"there is no sheet 'Rating'\. Did you mean 'Ratings'\?"):
        read_table(path, sheet="Rating")


def test_workbook_named_csv_is_recognised(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [["a"], [1]]).rename(tmp_path / "a.csv")
    table = read_table(path)
    assert table.numbers("a") == [1.0]
    assert table.notes == ("Named .csv, but it is an Excel file; read as such.",)


def test_table_that_does_not_begin_in_the_corner(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    for cell, value in {"B3": "id", "C3": "n", "B4": "x", "C4": 1, "B6": "y", "C6": 2, "F9": " "}.items():
        book.active[cell] = value
    book.save(path)
    table = read_table(path)
    assert table.names == ("id", "n")
    assert table.columns == {"id": ["x", "y"], "n": [1, 2]}
    assert [table.line(0), table.line(1)] == [4, 6]


def test_wrong_size_in_the_file_does_not_cut_rows(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [["a", "b"], [1, 2], [3, 4]])
    table = read_table(patched(path, 'ref="A1:B3"', 'ref="A1"'))
    assert table.columns == {"a": [1, 3], "b": [2, 4]}


def test_stored_results_of_formulas_are_read(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [["a", "b", "c"], [1, "=A2*2", '=""']])
    patched(path, r'<c r="B2">.*?</c>', '<c r="B2"><f>A2*2</f><v>2</v></c>')
    patched(path, r'<c r="C2">.*?</c>', '<c r="C2" t="str"><f>""</f><v></v></c>')
    table = read_table(path)
    assert table.numbers("b") == [2.0]
    assert table.texts("c") == [None]


def test_formulas_without_results_are_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", [["a", "b"], [1, "=A2*2"], [2, "=A3*2"]])
    with pytest.raises(
        DataError, match=r"formulas without a stored result: B2, B3\. Open the workbook in Excel"
    ):
        read_table(path)


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="B3" s="1"><f t="shared" si="0"/></c>',
        '<c r="B3"><f>A3*2</f><v/></c>',
        '<c r="B3"><f>A3&lt;2</f>\n<v></v></c>',
    ],
)
def test_every_form_of_a_formula_without_result(tmp_path: Path, cell: str) -> None:
    path = workbook(tmp_path / "a.xlsx", [["a", "b"], [1, 5], [2, 6]])
    with pytest.raises(DataError, match=r"without a stored result: B3\."):
        read_table(patched(path, r'<c r="B3".*?</c>', cell))


def test_merged_headings_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["Bond", None, "Goal"])
    book.active.append([1, 2, 3])
    book.active.merge_cells("A1:B1")
    book.save(path)
    with pytest.raises(DataError, match=r"sheet 'Sheet' has merged cells: A1:B1\. Unmerge them"):
        read_table(path)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([], "the file is empty"),
        ([["a", "b"]], "no data rows"),
        ([["a", "a"], [1, 2]], "more than one column is named 'a'"),
        ([["a", None, "b"], [1, 2, 3]], "column B has values but no name"),
        ([["a"], [1, 2]], "column B has values but no name"),
        ([["My study, spring"], ["id", "n"], [1, 2]], "take out title rows"),
    ],
)
def test_unclean_sheets_are_refused(tmp_path: Path, rows: list[list[object]], says: str) -> None:
    with pytest.raises(DataError, match=says):
        read_table(workbook(tmp_path / "a.xlsx", rows))


def test_damaged_workbook(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook")
    with pytest.raises(DataError, match="the workbook is damaged"):
        read_table(path)
    path = workbook(path, [["a"], [1]])
    with pytest.raises(DataError, match="the workbook is damaged"):
        read_table(patched(path, "</worksheet>", ""))


def test_workbook_that_unpacks_to_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workbook(tmp_path / "a.xlsx", [["a"], [1]])
    monkeypatch.setattr(files_excel, "MAX_UNPACKED_BYTES", 1_000)
    with pytest.raises(DataError, match=r"more than can be held in memory\. Export the sheet as CSV UTF-8"):
        read_table(path)
