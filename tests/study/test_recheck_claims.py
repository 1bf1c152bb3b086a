"""Claims are read with all their faults told, and judged by what the cells can carry."""

from __future__ import annotations

from pathlib import Path

import pytest

from bordin.errors import ProtocolError
from bordin.study.printed_table import PrintedTable, read_printed_table
from bordin.study.recheck import recheck
from bordin.study.recheck_claims import Claim, find_name, read_claims

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "recheck"


@pytest.fixture(scope="module")
def table() -> PrintedTable:
    return read_printed_table(EXAMPLE / "table1.csv")


def judged(table: PrintedTable, claim: Claim, n: int | None = 43):
    return recheck(table, n=n, claims=(claim,)).claims[0]


def square(folder: Path, text: str) -> PrintedTable:
    (folder / "t.csv").write_text(text, encoding="utf-8")
    return read_printed_table(folder / "t.csv")


def test_the_claims_of_the_source(table):
    found = recheck(table, n=43, claims=read_claims(EXAMPLE / "claims.toml")).claims
    verdicts = {j.claim.sentence: j.verdict for j in found}
    assert verdicts["Patients who agreed on the goals reported changes consistent with the model."] == (
        "contradicted"
    )
    assert verdicts["The bond was associated with no dimension."] == "not testable from the table"
    assert [j.verdict for j in found] == [
        "supported",
        "supported",
        "contradicted",
        "supported",
        "supported",
        "supported",
        "contradicted",
        "not testable from the table",
        "not testable from the table",
        "not testable from the table",
    ]
    contradicted = found[2].findings[0]
    assert contradicted.finding == "not below the line"
    assert (contradicted.cell.r, contradicted.cell.printed.p.text) == (0.265, ".086")
    bond = found[7].findings
    assert len(bond) == 7
    assert {(f.finding, f.lacking, f.n_needed) for f in bond} == {("not printed", "Bond", 93)}
    difference = found[9].findings[0]
    assert difference.finding == "third correlation not printed"
    # Where Meng's p is .05, by root-finding with scipy 1.17.1: .73517.
    assert difference.from_third == pytest.approx(0.73517, abs=0.002)


@pytest.mark.parametrize(
    ("cell", "expect", "verdict", "finding"),
    [
        (("Q2", "Concordance"), "positive", "supported", "as claimed"),
        (("Q2", "Resistance"), "negative", "supported", "as claimed"),
        (("Q2", "Resistance"), "positive", "contradicted", "below the line with the other sign"),
        (("Q4", "Avoidance"), "negative", "contradicted", "not below the line"),
        (("Q2", "Concordance"), "none", "contradicted", "below the line"),
        (("Q2", "Understand"), "none", "not testable from the table", "absence not shown"),
        (("Q4", "Active plans"), "none", "supported", "within the bound"),
        (("Q1", "Concordance"), "positive", "not testable from the table", "not printed"),
    ],
)
def test_claims_about_a_cell(table, cell, expect, verdict, finding):
    found = judged(table, Claim("", (cell,), expect))
    assert (found.verdict, found.findings[0].finding) == (verdict, finding)


def test_absence_can_be_supported_by_an_interval(tmp_path):
    found = judged(
        square(tmp_path, "row,column,r\na,x,.02\na,y,.03\n"), Claim("", (("a", "x"),), "none"), n=212
    )
    assert found.verdict == "supported"
    assert found.findings[0].finding == "within the bound"
    narrow = Claim("", (("a", "x"),), "none", within=0.1)
    found = judged(square(tmp_path, "row,column,r\na,x,.02\na,y,.03\n"), narrow, n=212)
    assert (found.verdict, found.findings[0].n_needed) == ("not testable from the table", 854)


def test_one_contradicted_cell_contradicts_and_an_unprinted_one_leaves_open(table):
    both = Claim("", (("Q2", "Concordance"), ("Q2", "Understand"), ("Bond", "Concordance")), "positive")
    assert judged(table, both).verdict == "contradicted"
    some = Claim("", (("Q2", "Concordance"), ("Bond", "Concordance")), "positive")
    assert judged(table, some).verdict == "not testable from the table"


def test_rounding_can_leave_a_claim_open(tmp_path):
    # r = .30 stands for .295 to .305, p from .055 to .047 with 43 cases.
    table = square(tmp_path, "row,column,r\na,x,.30\nb,x,.10\n")
    found = judged(table, Claim("", (("a", "x"),), "positive"))
    assert (found.verdict, found.findings[0].finding) == (
        "not testable from the table",
        "rounding leaves it open",
    )


def test_where_r_and_p_disagree_about_the_line_nothing_is_claimed(tmp_path):
    table = square(tmp_path, "row,column,r,p\na,x,.377,.130\nb,x,.377,.031\n")
    disagree = judged(table, Claim("", (("a", "x"),), "positive"))
    assert disagree.findings[0].finding == "r and p do not fit"
    agree = judged(table, Claim("", (("b", "x"),), "positive"))
    assert agree.verdict == "supported"


def test_a_difference_uses_the_third_correlation_when_it_is_printed(tmp_path):
    table = square(tmp_path, "Variable,A,B,C\nA,1,,\nB,.60,1,\nC,.70,.10,1\n")
    claim = Claim("", (("C", "A"), ("C", "B")), "different")
    assert judged(table, claim, n=50).verdict == "supported"
    assert judged(table, claim, n=6).verdict == "contradicted"
    apart = Claim("", (("Q2", "Concordance"), ("Q3", "Resistance")), "different")
    found = judged(read_printed_table(EXAMPLE / "table1.csv"), apart)
    assert found.findings[0].finding == "no shared variable"


def test_names_are_found_by_their_beginning_and_a_slip_is_pointed_out(table):
    assert find_name("q2", ("Q2 Goals", "Q3 Match")) == "Q2 Goals"
    assert find_name("Q", ("Q2 Goals", "Q3 Match")) is None
    assert find_name("Q2", ("Q2 Goals", "Q2 Tasks")) is None
    found = judged(table, Claim("", (("Q2", "Concordence"),), "positive")).findings[0]
    assert (found.lacking, found.meant) == ("Concordence", "Concordance")
    turned = judged(table, Claim("", (("Concordance", "Q2"),), "positive"))
    assert turned.findings[0].finding in ("as claimed", "not printed")


def test_all_faults_of_a_claims_file_are_told(tmp_path):
    path = tmp_path / "claims.toml"
    path.write_text(
        '[[claims]]\nsentence = "a"\ncells = [["Q2"]]\nexpect = "postive"\n\n'
        '[[claims]]\ncells = [["a", "b"]]\nexpect = "different"\nexpct = 1\nwithin = 3\n',
        encoding="utf-8",
    )
    with pytest.raises(ProtocolError) as told:
        read_claims(path)
    text = str(told.value)
    for words in (
        "claims.toml:4, expect: 'postive' is not known. Did you mean 'positive'?",
        "claims.toml:3, cells: a claim needs the cells",
        "a claim needs its sentence",
        "a difference is between two cells; here are 1",
        "expct: there is no such key. Did you mean 'expect'?",
        "within: 3 is no bound",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("content", "words"),
    [("claims = ", "not valid TOML"), ("", "there are no claims"), ("claims = [1]", "there are no claims")],
)
def test_what_is_no_claims_file(tmp_path, content, words):
    path = tmp_path / "claims.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ProtocolError, match=words):
        read_claims(path)
    with pytest.raises(ProtocolError, match="cannot be read"):
        read_claims(tmp_path / "none.toml")
