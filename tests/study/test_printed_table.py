"""A printed table is read the same from every kind of file, and what is no table is told clearly."""

from __future__ import annotations

import csv
from pathlib import Path

import docx
import openpyxl
import pytest

from bordin.errors import DataError
from bordin.study.printed_table import PrintedTable, parse_value, read_printed_table

ROOT = Path(__file__).parents[2]
WIDE = ROOT / "examples" / "recheck" / "table1.csv"
LONG = ROOT / "tests" / "reference" / "recheck" / "published-table1.csv"


def values(table: PrintedTable) -> list[tuple[str, str, float | None, float | None, str]]:
    return [
        (c.row, c.column, c.r.value if c.r else None, c.p.value if c.p else None, c.star) for c in table.cells
    ]


@pytest.fixture
def published() -> list[tuple[str, str, float, float, str]]:
    with LONG.open(encoding="utf-8", newline="") as lines:
        return [
            (c["calpas_question"], c["dimension"], float(c["r"]), float(c["p_printed"]), c["star_printed"])
            for c in csv.DictReader(lines)
        ]


@pytest.fixture
def grid() -> list[list[str]]:
    with WIDE.open(encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines))


def write(folder: Path, text: str, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def fails(path: Path, *words: str) -> str:
    with pytest.raises(DataError) as told:
        read_printed_table(path)
    text = str(told.value)
    assert path.name in text
    for word in words:
        assert word in text
    return text


@pytest.mark.parametrize(
    ("text", "value", "digits", "relation", "star"),
    [
        (".013*", 0.013, 3, "=", "*"),
        (",013", 0.013, 3, "=", ""),
        ("<.001", 0.001, 3, "<", ""),
        ("p < .001**", 0.001, 3, "<", "**"),
        ("≤ 0,05", 0.05, 2, "<", ""),
        ("> .05", 0.05, 2, ">", ""),
        ("−.429", -0.429, 3, "=", ""),
        ("– .43", -0.43, 2, "=", ""),
        ("-0.43", -0.43, 2, "=", ""),
        ("‑.30†", -0.30, 2, "=", ""),
        ("1.00", 1.0, 2, "=", ""),
        (".000*", 0.0, 3, "=", "*"),
        ("= .04", 0.04, 2, "=", ""),
    ],
)
def test_numbers_are_read_as_they_are_printed(text, value, digits, relation, star):
    found, stars = parse_value(text)
    assert found is not None
    assert (found.value, found.digits, found.relation, stars) == (value, digits, relation, star)
    assert found.half_unit == pytest.approx(0.5 * 10**-digits, rel=1e-15)


@pytest.mark.parametrize("text", ["", "-", "–", "—", "n/a", "NA", "…", "."])
def test_what_is_not_printed_is_none(text):
    assert parse_value(text) == (None, "")


def test_ns_is_kept_without_a_value():
    found, star = parse_value("n.s.")
    assert found is not None
    assert (found.value, found.relation, star) == (None, "ns", "")


@pytest.mark.parametrize("text", ["abc", ".3x7", "1.2.3", ".377a", "3-4"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(DataError, match="is not a number"):
        parse_value(text)


def test_the_wide_and_the_long_layout_give_the_same_cells(published):
    wide, long = read_printed_table(WIDE), read_printed_table(LONG)
    assert (wide.layout, long.layout) == ("wide", "long")
    assert values(wide) == values(long) == published
    assert len(published) == 21
    assert long.notes == ("Taken as row and column: 'calpas_question' and 'dimension'.",)
    assert wide.rows == ("Q2", "Q3", "Q4")
    assert wide.columns[4] == "Evidence congruent"
    assert not wide.is_square
    avoidance = wide.cell("Q4", "Avoidance")
    assert avoidance is not None
    assert (avoidance.line, avoidance.r.text, avoidance.p.text) == (6, "-.296", ".054")


def test_decimal_commas_titles_and_notes(tmp_path, grid, published):
    lines = [";".join(row).replace(".", ",").replace("-", "−") for row in grid]
    path = write(tmp_path, "\n".join(["Table 1", *lines, "* p below 5 percent"]))
    found = read_printed_table(path)
    assert values(found) == published
    assert found.notes == ("Table 1", "* p below 5 percent")


def test_a_second_line_without_a_label_is_that_of_p(tmp_path, grid, published):
    text = "\n".join("\t".join([row[0], *row[2:]]) for row in grid)
    assert values(read_printed_table(write(tmp_path, text, "table.txt"))) == published
    named = text.replace("\n\t", "\np\t")
    assert values(read_printed_table(write(tmp_path, named))) == published


def test_excel(tmp_path, grid, published):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Table 1. Correlations"])
    for row in grid:
        sheet.append(row)
    sheet.merge_cells("A1:I1")
    sheet.merge_cells("A3:A4")
    # Numbers whose format shows three digits are read with three.
    sheet["E3"].value, sheet["E3"].number_format = 0.07, "0.000"
    book.save(tmp_path / "table.xlsx")
    found = read_printed_table(tmp_path / "table.xlsx")
    understand = found.cell("Q2", "Understand")
    assert understand is not None
    assert (understand.r.value, understand.r.digits, understand.r.text) == (0.07, 3, "0.070")
    assert [v for v in values(found) if v[1] != "Understand"] == [
        p for p in published if p[1] != "Understand"
    ]
    book.create_sheet("Table 2").append(["a", "b"])
    book["Table 2"].append(["1", "2"])
    book.save(tmp_path / "table.xlsx")
    assert "--part Sheet" in fails(tmp_path / "table.xlsx", "2 sheets (Sheet, Table 2)")
    assert len(read_printed_table(tmp_path / "table.xlsx", part="Sheet").cells) == 21
    with pytest.raises(DataError, match="no sheet 'Table 3'"):
        read_printed_table(tmp_path / "table.xlsx", part="Table 3")


def test_word(tmp_path, grid, published):
    made = docx.Document()
    made.add_paragraph("Some text")
    table = made.add_table(len(grid), len(grid[0]))
    for cells, row in zip(table.rows, grid, strict=True):
        for cell, text in zip(cells.cells, row, strict=True):
            cell.text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    made.save(tmp_path / "table.docx")
    assert values(read_printed_table(tmp_path / "table.docx")) == published
    table.cell(0, 3).merge(table.cell(0, 4))
    made.save(tmp_path / "table.docx")
    fails(tmp_path / "table.docx", "headings are merged", "unmerge")


def test_html(tmp_path, grid, published):
    def page(rows: list[list[str]], extra: str = "") -> Path:
        body = "".join(
            "<tr>" + "".join(f"<td>{c.replace('*', '<sup>*</sup>')}</td>" for c in r) + "</tr>" for r in rows
        )
        return write(
            tmp_path, f"<!DOCTYPE html><html><p>text</p><table>{body}</table>{extra}</html>", "t.html"
        )

    assert values(read_printed_table(page(grid))) == published
    path = page(grid, "<table><tr><td>1</td></tr></table>")
    fails(path, "2 tables", "--part 1")
    assert values(read_printed_table(path, part="1")) == published
    with pytest.raises(DataError, match="there is no table '3'"):
        read_printed_table(path, part="3")
    spanned = path.read_text(encoding="utf-8").replace("<td>Q2</td>", '<td rowspan="2">Q2</td>')
    spanned = spanned.replace("<tr><td></td><td>p</td>", "<tr><td>p</td>", 1)
    assert values(read_printed_table(write(tmp_path, spanned, "t.html"), part="1")) == published
    merged = spanned.replace("<td>Concordance</td><td>Resistance</td>", '<td colspan="2">Alliance</td>')
    write(tmp_path, merged, "t.html")
    with pytest.raises(DataError, match=r"headings are merged: 'Alliance' stands over several columns"):
        read_printed_table(path, part="1")


def test_long_with_stars_and_cases(tmp_path):
    path = write(tmp_path, "row,column,r,p,star,n\na,x,.30,.03,1,50\na,y,.10,ns,0,\nb,x,,,,\n")
    found = read_printed_table(path)
    assert [(c.row, c.column, c.star, c.n) for c in found.cells] == [
        ("a", "x", "*", 50),
        ("a", "y", "", None),
    ]
    assert found.has_stars
    assert found.rows == ("a", "b")


def test_a_triangle_is_a_square_matrix(tmp_path):
    path = write(
        tmp_path,
        "Variable,M,1,2,3\n1. Goals,4.2,(.85),,\n2. Tasks,4.0,.90**,1,\n3. Bond,5.0,.85**,.80,—\n",
    )
    found = read_printed_table(path)
    assert found.is_square
    assert found.columns == ("1. Goals", "2. Tasks", "3. Bond")
    assert [(c.row, c.column, c.r.value) for c in found.cells] == [
        ("2. Tasks", "1. Goals", 0.9),
        ("3. Bond", "1. Goals", 0.85),
        ("3. Bond", "2. Tasks", 0.8),
    ]
    assert found.notes == ("Left out, as it holds no correlations: 'M'.",)


def test_a_full_matrix_counts_each_pair_once(tmp_path):
    path = write(tmp_path, ",a,b,c\na,1,.2,.3\nb,.2,1,.4\nc,.3,.4,1\n")
    found = read_printed_table(path)
    assert [(c.row, c.column) for c in found.cells] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert "each of the 3 pairs counts once" in found.notes[0]
    path.write_text(",a,b,c\na,1,.2,.3\nb,.25,1,.4\nc,.3,.4,1\n", encoding="utf-8")
    fails(path, "'b' with 'a' is .25 here and .2 in line 2", "two samples")


def test_an_impossible_r_and_p_are_told_together(tmp_path):
    path = write(tmp_path, "row,column,r,p\na,x,1.3,.04\na,y,.2,13\nb,x,.x,.1\nb,y,<.3,.1\n")
    told = fails(path, "'1.3' is not a possible correlation", "between -1 and 1", "'13' is not a possible p")
    assert "'.x' is not a number" in told
    assert "'<.3' is no exact correlation" in told
    fails(
        write(tmp_path, "Variable,Bond,Goal\nq1,.30*,ns\n"), "'ns' stands in the place of r", "Leave it empty"
    )
    assert f"{path}:2, r" in told


def test_cases_below_four_are_refused(tmp_path):
    path = write(tmp_path, "row,column,r,p,n\na,x,.3,.04,3\na,y,.3,.04,many\n")
    fails(path, "'3' is not a possible number of cases", "'many' is not", "4 cases or more")


def test_unequal_rows(tmp_path):
    path = write(tmp_path, "Variable,Bond,Goal\nq1,.3,.2\nq2,.3\nq3,.3,.2,.1\n")
    fails(
        path, "table.csv:3: this row has 2 cells, the heading row has 3", "table.csv:4: this row has 4 cells"
    )


def test_merged_headings_of_a_text_file(tmp_path):
    fails(
        write(tmp_path, "Variable,Alliance,,Goal\nq1,.3,.2,.1\nq2,.3,.2,.4\n"),
        "column 3 has values but no heading",
    )


def test_one_pair_printed_twice(tmp_path):
    path = write(tmp_path, "row,column,r,p\na,x,.3,.04\na,x,.2,.1\n")
    fails(path, "the pair 'a' with 'x' stands here and in line 2")


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("prose.txt", b"This is a text.\nIt has no table in it.\n", "no table was found"),
        ("empty.csv", b"", "the file is empty"),
        ("picture.png", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00", "not a text file"),
        ("page.html", b"<html><p>No table</p></html>", "no table in it"),
        ("paper.pdf", b"%PDF-1.7 ...", "this is a PDF"),
        ("heads.csv", b"Variable,Bond\n\n", "no table was found"),
        ("words.csv", b"Name,City\nAnn,Bern\nBo,Rome\n", "no column of correlations"),
        ("quote.csv", b'Variable,Bond\n"q1,.3\n', "quotation mark is never closed"),
        ("broken.docx", b"PK\x03\x04 word/document.xml", "damaged"),
    ],
)
def test_a_file_that_is_no_table(tmp_path, name, content, word):
    (tmp_path / name).write_bytes(content)
    fails(tmp_path / name, word)


def test_a_file_that_is_not_there(tmp_path):
    fails(tmp_path / "none.csv", "there is no such file")
    fails(tmp_path, "this is a folder")


def test_output_of_a_statistics_program(tmp_path):
    text = (
        "Variable,,Bond,Goal\n"
        "Item 1,Correlation Coefficient,.30*,.10\n,Sig. (2-tailed),.050,.517\n,N,43,42\n"
        "Item 2,Correlation Coefficient,-.20,\n,Sig. (2-tailed),.198,\n,N,43,\n"
    )
    found = read_printed_table(write(tmp_path, text))
    assert [(c.row, c.column, c.r.value, c.p.value, c.star, c.n) for c in found.cells] == [
        ("Item 1", "Bond", 0.30, 0.050, "*", 43),
        ("Item 1", "Goal", 0.10, 0.517, "", 42),
        ("Item 2", "Bond", -0.20, 0.198, "", 43),
    ]
