from __future__ import annotations

import csv
import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import docx
import pytest

from bordin.errors import BordinError
from bordin.report import write_report
from bordin.report.docx import document
from bordin.report.flat import as_record, csv_tables
from bordin.report.html import page
from bordin.report.paper import Paper, compose
from bordin.report.pdf import pdf
from bordin.report.poster import poster_pdf
from bordin.report.terminal import flow_line, verdict_table
from bordin.report.typesetting import _own_fonts_suffice
from bordin.study.results import Results

NASTY = '=1+1 </style><script>alert(1)</script> "quoted" \\ #raw $x$ *b* _u_ @ref ' + "\x0b"


def n_pages(content: bytes) -> int:
    counts = re.findall(rb"/Type\s*/Pages\b.*?/Count (\d+)|/Count (\d+).*?/Type\s*/Pages\b", content, re.S)
    return max(int(a or b) for a, b in counts)


def renamed(results: Results, text: str) -> Results:
    study = results.protocol.study.model_copy(
        update={"title": text, "notice": text, "aim": text, "conclusion": text}
    )
    protocol = results.protocol.model_copy(update={"study": study})
    rows = (replace(results.rows[0], label=text), *results.rows[1:])
    return replace(results, protocol=protocol, rows=rows)


@pytest.fixture(scope="module")
def paper(results: Results) -> Paper:
    return compose(results)


class Outline(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


class TestHtml:
    def test_needs_no_outside_address_and_no_script(self, paper: Paper) -> None:
        text = page(paper, ("docx", "pdf", "csv"))
        outline = Outline(text)
        addresses = [a[k] for _, a in outline.tags for k in ("href", "src", "action", "srcset") if k in a]
        beside = {"report.docx", "report.pdf", "cells.csv"}
        assert addresses
        for address in addresses:
            assert address in beside or (address or "").startswith("#"), address
        assert "url(" not in text
        assert "@import" not in text
        assert "http" not in text
        assert not outline.all("script")

    def test_links_lead_somewhere_and_ids_stand_once(self, paper: Paper) -> None:
        outline = Outline(page(paper))
        ids = [a["id"] for _, a in outline.tags if a.get("id")]
        assert len(ids) == len(set(ids))
        for a in outline.all("a"):
            assert (a["href"] or "")[1:] in ids
        assert not any("csv" in (a["href"] or "") for a in outline.all("a"))

    def test_is_accessible(self, paper: Paper) -> None:
        outline = Outline(page(paper))
        assert len(outline.all("h1")) == 1
        assert outline.tags[0] == ("html", {"lang": "en"})
        assert all(a.get("scope") in ("col", "row", "rowgroup") for a in outline.all("th"))
        assert len(outline.all("caption")) == len(outline.all("table"))
        assert all(a["role"] == "img" and a["aria-labelledby"] for a in outline.all("svg"))
        assert outline.all("a")[0]["class"] == "skip"

    def test_sentences_are_bound(self, paper: Paper) -> None:
        bound = [a for a in Outline(page(paper)).all("a") if "data-cell" in a]
        assert len(bound) > 40
        assert all(a["href"] == f"#{a['data-cell']}" for a in bound)

    def test_text_of_a_person_is_never_code(self, results: Results) -> None:
        text = page(compose(renamed(results, NASTY)))
        assert "<script" not in text
        assert text.count("</style>") == 1

    def test_forbidden_words(self, results: Results, gaps: Results) -> None:
        for case in (results, gaps):
            text = page(compose(case)).split("</style>")[1].lower()
            assert "no association" not in text
            assert "significant" not in text
            assert not re.search(r"\.000\b", text)


class TestWord:
    def test_tables_repeat_their_heads_and_pictures_have_alternatives(self, paper: Paper) -> None:
        made = docx.Document(BytesIO(document(paper)))
        with_head = [t for t in made.tables if "w:tblHeader" in t._tbl.xml]
        assert len(with_head) == 8 + 4
        pictures = re.findall(r'<wp:docPr [^>]*descr="([^"]*)"', made.element.xml)
        assert len(pictures) == 1 + 1 + 1 + 15 + 2
        assert pictures[0].startswith("Flow of participants. 296 recruited")
        assert [t.rows[0].cells[0].text for t in with_head][:2] == ["No.", "Variable"]

    def test_styles_notice_and_language(self, paper: Paper) -> None:
        made = docx.Document(BytesIO(document(paper)))
        assert made.paragraphs[0].style is not None
        assert made.paragraphs[0].style.name == "Title"
        heads = [p.text for p in made.paragraphs if p.style and p.style.name == "Heading 1"]
        assert heads[0] == "Participants"
        assert "What these data cannot say" in heads
        assert made.sections[0].header.paragraphs[0].text == paper.notice
        assert 'w:instr="PAGE"' in made.sections[0].footer._element.xml
        assert made.core_properties.language == "en-US"
        assert {s.orientation for s in made.sections} == {0, 1}

    def test_merged_cells_hold_the_grid(self, paper: Paper) -> None:
        made = docx.Document(BytesIO(document(paper)))
        table = made.tables[2]
        assert table.rows[0].cells[2].text == "Concordance"
        assert table.cell(2, 0).text.startswith("Bond")
        assert table.cell(5, 2).text == ".377*"

    def test_takes_text_that_xml_cannot_hold(self, results: Results) -> None:
        content = document(compose(renamed(results, NASTY)))
        assert zipfile.ZipFile(BytesIO(content)).testzip() is None
        assert docx.Document(BytesIO(content)).paragraphs[0].text.startswith("=1+1 </style>")


class TestPdf:
    def test_is_tagged_and_long_enough(self, paper: Paper) -> None:
        content = pdf(paper)
        assert content.startswith(b"%PDF-")
        assert b"/StructTreeRoot" in content
        assert 6 <= n_pages(content) <= 14

    def test_takes_any_text(self, results: Results) -> None:
        assert n_pages(pdf(compose(renamed(results, NASTY)))) > 5

    def test_other_scripts_look_for_fonts_of_the_machine(self, results: Results) -> None:
        assert _own_fonts_suffice("Δ τ ± − é Я ●")
        assert not _own_fonts_suffice("治疗联盟")
        assert n_pages(pdf(compose(renamed(results, "治疗联盟")))) > 5

    @pytest.mark.parametrize("shape", [(1, 1), (5, 13)])
    def test_takes_any_size(self, grid: Callable[..., Results], shape: tuple[int, int]) -> None:
        assert n_pages(pdf(compose(grid(*shape, label="A rather long name of a variable")))) >= 3


class TestPoster:
    @pytest.mark.parametrize("repeat", [1, 60, 200])
    def test_is_one_page_for_short_and_long_text(self, results: Results, repeat: int) -> None:
        study = results.protocol.study.model_copy(
            update={
                "introduction": "The alliance predicts outcome. " * repeat,
                "conclusion": "Agreement goes with socialization. " * repeat,
                "method": "" if repeat == 1 else "Patients were seen at home. " * repeat,
            }
        )
        protocol = results.protocol.model_copy(update={"study": study})
        assert n_pages(poster_pdf(replace(results, protocol=protocol))) == 1

    def test_without_hypotheses_and_with_many_columns(self, grid: Callable[..., Results]) -> None:
        assert n_pages(poster_pdf(grid(3, 14))) == 1


class TestFlat:
    def test_json_holds_everything_and_no_nan(self, results: Results, gaps: Results) -> None:
        for case in (results, gaps):
            text = json.dumps(as_record(case), allow_nan=False)
            assert json.loads(text) == as_record(case)
        record = as_record(results)
        association = record["association"]
        assert isinstance(association, dict)
        cell = association["cells"][7]
        assert (cell["x"], cell["y"], cell["value"], cell["n"]) == (
            "alliance.q2",
            "socialization.concordance",
            0.377,
            43,
        )
        assert association["family_size"] == 28
        assert list(record) == [
            "study",
            "unit",
            "notice",
            "conclusion",
            "flow",
            "variables",
            "association",
            "families",
            "hypotheses",
            "coding",
            "reliability",
            "lock",
            "provenance",
            "warnings",
            "protocol",
        ]

    def test_json_turns_nan_into_null_and_says_why_undefined(self, gaps: Results) -> None:
        cells = list(gaps.table.cells)
        cells[0] = replace(cells[0], bf10=float("nan"))
        record = as_record(replace(gaps, table=replace(gaps.table, cells=tuple(cells))))
        association = record["association"]
        assert isinstance(association, dict)
        assert association["cells"][0]["bf10"] is None
        assert association["cells"][6]["value"] is None
        assert association["cells"][6]["undefined"] == "no variance in Avoidance"

    def test_csv_is_unrounded_and_safe(self, results: Results, tmp_path: Path) -> None:
        paths = write_report(renamed(results, "=1+1"), tmp_path, formats=("csv",))
        assert [p.name for p in paths] == [
            "cells.csv",
            "hypotheses.csv",
            "variables.csv",
            "contrasts.csv",
            "reliability.csv",
            "scales.csv",
            "coders.csv",
            "analysis_data.csv",
        ]
        with (tmp_path / "cells.csv").open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert rows[0]["x_label"] == "'=1+1"
        assert rows[7]["value"] == "0.377"
        assert float(rows[7]["p"]) == results.table.cells[7].p
        assert float(rows[7]["p_adjusted"]) == results.table.cells[7].p_maxt
        assert (tmp_path / "cells.csv").read_bytes().startswith(b"\xef\xbb\xbf")

    def test_data_of_the_analysis(self, results: Results) -> None:
        heading, rows = csv_tables(results)["analysis_data.csv"]
        assert heading[:2] == ("participant", "alliance.q1")
        assert len(rows) == 43
        assert rows[0][0] == "P000"
        assert {len(row) for row in rows} == {1 + 11 + 1}

    def test_hypotheses_have_a_row_a_test(self, results: Results) -> None:
        heading, rows = csv_tables(results)["hypotheses.csv"]
        assert len(rows) == 6 + 7 + 1
        first = dict(zip(heading, rows[0], strict=True))
        assert (first["hypothesis"], first["value"], first["verdict"]) == ("H1", 0.377, "inconclusive")


class TestWriteReport:
    def test_writes_all_and_leaves_nothing_else(self, results: Results, tmp_path: Path) -> None:
        told: list[str] = []
        paths = write_report(results, tmp_path / "reports", poster=True, progress=told.append)
        names = {p.name for p in paths}
        assert names == {p.name for p in (tmp_path / "reports").iterdir()}
        assert {"report.html", "report.docx", "report.pdf", "results.json", "poster.pdf"} < names
        assert told == [
            "report.html",
            "report.docx",
            "report.pdf",
            "tables as CSV",
            "results.json",
            "poster.pdf",
        ]

    def test_an_unknown_format_is_refused(self, results: Results, tmp_path: Path) -> None:
        with pytest.raises(BordinError, match=r"no report format 'doc'.*docx"):
            write_report(results, tmp_path, formats=("doc",))

    def test_a_folder_that_is_a_file_is_refused(self, results: Results, tmp_path: Path) -> None:
        (tmp_path / "reports").write_text("mine")
        with pytest.raises(BordinError, match="the report cannot be written"):
            write_report(results, tmp_path / "reports", formats=("json",))
        assert (tmp_path / "reports").read_text() == "mine"


def test_terminal(results: Results) -> None:
    from rich.console import Console

    assert flow_line(results).startswith("296 recruited into the trial → 95 in the arm studied")
    console = Console(width=80, record=True, file=None, quiet=True)
    with console.capture() as captured:
        console.print(verdict_table(results))
    del captured
    lines = list(console.render_lines(verdict_table(results)))
    text = "\n".join("".join(s.text for s in line) for line in lines)
    assert ".377 [.08, .62]" in text
    assert "✕ Not supported" in text
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 80
