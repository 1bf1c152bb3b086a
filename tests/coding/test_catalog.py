"""Every entry loads and says where it comes from; a faulty file is refused with file and key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bordin.coding.catalog import load, names
from bordin.errors import CatalogError

SOCIALIZATION = [
    "concordance",
    "resistance",
    "understanding",
    "active_plans",
    "evidence_congruent",
    "evidence_incongruent",
    "avoidance",
]

OWN = """\
id = "own"
name = "Own"
manual_version = "1"
summary = "s"
target = "patient"
source = "s"
rights = "r"
[unit]
kind = "session"
[[dimensions]]
id = "warmth"
name = "Warmth"
low = 0
high = 2
"""


def problems(tmp_path: Path, text: str) -> str:
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError) as caught:
        load("own.toml", tmp_path)
    assert all(p.file == str(path) for p in caught.value.problems)
    return str(caught.value)


def test_the_catalog() -> None:
    assert names() == ("cts-r-like", "misc-like", "miti-like", "socialization-7", "wai-o-like")


@pytest.mark.parametrize("name", names())
def test_every_entry_says_what_it_is(name: str) -> None:
    system = load(name)
    assert system.id == name
    assert system.origin == "catalog"
    assert re.fullmatch(r"\d+\.\d+", system.manual_version)
    assert min(len(system.source), len(system.rights), len(system.summary)) > 60
    assert len(system.verified) >= 1
    assert len(system.unverified) >= 1
    assert any("-like" in fact for fact in system.unverified) == name.endswith("-like")
    assert len({v.id for v in system.variables()}) == len(system.variables()) >= 7


def test_the_seven_dimensions_have_an_anchor_for_every_point() -> None:
    system = load("socialization-7")
    assert [d.id for d in system.dimensions] == SOCIALIZATION
    assert {d.id for d in system.dimensions if d.pole == -1} == {
        "resistance",
        "evidence_incongruent",
        "avoidance",
    }
    for dimension in system.dimensions:
        assert [a.point for a in dimension.anchors] == [0, 1, 2, 3, 4, 5, 6]
        assert len({a.text for a in dimension.anchors}) == 7
        assert min(len(a.text.split()) for a in dimension.anchors) >= 8
    assert system.reasons == ("Topic not raised", "Not audible", "Tape incomplete", "No earlier session")


def test_misc_like_codes_and_poles() -> None:
    system = load("misc-like")
    assert [c.id for k in system.code_types for c in k.codes] == [
        "R",
        "Q",
        "MICO",
        "MIIN",
        "Other",
        "C",
        "S",
        "N",
    ]
    assert {c.id for k in system.code_types for c in k.codes if c.pole == -1} == {"MIIN", "S"}
    assert all(k.exhaustive for k in system.code_types)


def test_miti_like_structure() -> None:
    system = load("miti-like")
    assert [(d.low, d.high, d.start) for d in system.dimensions] == [(1, 5, 3)] * 4
    assert len(system.code_types[0].codes) == 10
    assert (system.unit.kind, system.unit.seconds, system.unit.start) == ("segment", 1200, None)
    assert system.code_types[0].unit.kind == "utterance"


def test_cts_r_like_sum_runs_from_0_to_72() -> None:
    system = load("cts-r-like")
    assert len(system.dimensions) == 12
    assert system.derive({d.id: 6.0 for d in system.dimensions}) == {"total": 72}
    assert system.derive({d.id: 0.0 for d in system.dimensions}) == {"total": 0}


def test_wai_o_like_reverses_exactly_the_items_of_the_negative_pole() -> None:
    system = load("wai-o-like")
    assert len(system.dimensions) == 36
    low = system.derive({d.id: 1.0 if d.pole == 1 else 7.0 for d in system.dimensions})
    assert low == {"task": 12, "bond": 12, "goal": 12, "total": 36}
    untouched = system.derive({d.id: 4.0 for d in system.dimensions})
    assert untouched == {"task": 48, "bond": 48, "goal": 48, "total": 144}
    assert sum(d.pole == -1 for d in system.dimensions) == 14


def test_an_unknown_name_and_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"'misc-lik' is not a coding system of the catalog.*'misc-like'"):
        load("misc-lik")
    with pytest.raises(CatalogError, match=r"nowhere\.toml: there is no such file"):
        load("nowhere.toml", tmp_path)


def test_an_own_file_loads_and_remembers_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("\ufeff" + OWN, encoding="utf-8")
    system = load("own.toml", tmp_path)
    assert (system.id, system.manual, system.origin) == ("own", "", str(tmp_path / "own.toml"))
    assert system.dimensions[0].points == (0, 1, 2)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('source = "s"', 'sourc = "s"', "own.toml, sourc: is not a known key here. Did you mean 'source'?"),
        ('source = "s"', 'sourc = "s"', "own.toml, source: is needed, but is not there"),
        (
            "low = 0",
            "lwo = 0",
            "own.toml, dimensions[warmth].lwo: is not a known key here. Did you mean 'low'?",
        ),
        ("low = 0", "low = 3", "own.toml, dimensions[warmth].low: needs low below high"),
        ("low = 0", 'low = "0"', "own.toml, dimensions[warmth].low: '0' should be a number"),
        ("low = 0", "low = 0\nstep = 0.3", "dimensions[warmth].step: 0.3 should be 1, 0.5, or 0"),
        ("low = 0", "low = 0\nstart = 3", "dimensions[warmth].start: 3 is outside 0-2"),
        ("low = 0", "low = 0\npole = 2", "dimensions[warmth].pole: 2 should be 1 or -1"),
        (
            "low = 0",
            'low = 0\nanchors = {3 = "x"}',
            "dimensions[warmth].anchors: 3 is not a point of the scale 0-2",
        ),
        (
            "low = 0",
            'low = 0\nanchors = {x = "x"}',
            "dimensions[warmth].anchors: 'x' should be a scale point",
        ),
        (
            "low = 0",
            "low = 0\nanchors = {1 = 1}",
            "dimensions[warmth].anchors: the anchor of 1 should be a text",
        ),
        ("low = 0", 'low = 0\nfacets = ["skill"]', "facets: 'skill' is not declared under [[facets]]."),
        ("low = 0", 'low = 0\nonly_if = "cold > 1"', "only_if: the formula 'cold > 1' names 'cold'"),
        ('id = "warmth"', 'id = "warm heart"', "'warm heart' should begin with a letter"),
        ('id = "warmth"', 'id = "sum"', "the name 'sum' has a meaning in formulas"),
        (
            'kind = "session"',
            'kind = "sesion"',
            "unit.kind: 'sesion' is not allowed here. Did you mean 'session'?",
        ),
        ('kind = "session"', 'kind = "interval"', "unit.seconds: is needed for the unit interval"),
        ('kind = "session"', 'kind = "segment"\nseconds = -1', "unit.seconds: -1 should be above 0"),
        ('kind = "session"', 'kind = "session"\nseed = 1.5', "unit.seed: 1.5 should be a whole number"),
        ('name = "Own"', "name = 4", "own.toml, name: 4 should be a text"),
        ('rights = "r"', 'rights = "r"\nverified = "all"', "verified: 'all' should be a list of texts"),
        ('rights = "r"', 'rights = "r"\nspeakers = 4', "speakers: 4 should be a table"),
        (
            'rights = "r"',
            'rights = "r"\npasses = [1]',
            "passes: should be a list of tables, each under [[passes]]",
        ),
        ('rights = "r"', 'rights = "r"\nmanual = "m.md"', "manual: there is no file 'm.md' beside it"),
        (
            'target = "patient"',
            'target = "cat"',
            "target: 'cat' is not allowed here. Known: dyad, member, patient",
        ),
        ('id = "own"', "id = ", "cannot be read as TOML"),
    ],
)
def test_a_faulty_file_is_refused_with_file_and_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert message in problems(tmp_path, OWN.replace(old, new, 1))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            '[[derived]]\nid="d"\nname="D"\nformula="warmht"',
            "derived[d].formula: the formula 'warmht' names 'warmht'",
        ),
        ('[[derived]]\nid="warmth"\nname="D"\nformula="1"', "the name 'warmth' is used 2 times"),
        ('[[thresholds]]\nid="t"\nname="T"\nrule="warmth"', "thresholds[t].rule: the formula 'warmth' holds"),
        ('[[passes]]\nid="p"\nname="P"\ncodes=["warmht"]', "passes[p].codes: 'warmht' is not a dimension"),
        ('[[absences]]\nid="a"\nname="A"\nkind="gone"', "absences[a].kind: 'gone' is not allowed here"),
        (
            '[[code_types]]\nid="k"\nname="K"\nkind="count"',
            "code_types[k].codes: is needed, but is not there",
        ),
        (
            '[[code_types]]\nid="k"\nname="K"\nkind="stage"\n[[code_types.codes]]\nid="c"\nname="C"\ndefinition="d"',
            "code_types[k].low: the kind stage needs low below high",
        ),
        (
            '[[code_types]]\nid="k"\nname="K"\nkind="q-sort"\nlow=1\nhigh=3\npiles=[1,2]\n'
            '[[code_types.codes]]\nid="c"\nname="C"\ndefinition="d"',
            "code_types[k].piles: needs one number for each point of 1-3",
        ),
        (
            '[[code_types]]\nid="k"\nname="K"\nkind="count"\nexhaustive="yes"\npiles=[0]\n'
            '[[code_types.codes]]\nid="c"\nname="C"\ndefinition="d"\nwritten=["c"]',
            "code_types[k].exhaustive: 'yes' should be true or false",
        ),
    ],
)
def test_faults_in_codes_and_formulas(tmp_path: Path, more: str, message: str) -> None:
    assert message in problems(tmp_path, f"{OWN}\n{more}\n")


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    text = OWN.replace('source = "s"\n', "").replace("low = 0", "lwo = 0").replace('"patient"', '"cat"')
    found = problems(tmp_path, text).splitlines()
    assert len(found) == 4
    assert "neither dimensions nor code types" in problems(
        tmp_path, OWN.split("[[dimensions]]", maxsplit=1)[0]
    )


def test_an_own_file_extends_an_entry(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        """
extends = "misc-like"
id = "mine"
manual_version = "2.0"
[speakers]
therapist = ["coach"]
[[code_types]]
id = "client_utterance"
[[code_types.codes]]
id = "N"
written = ["n/a"]
""",
        encoding="utf-8",
    )
    system = load(tmp_path / "mine.toml")
    assert (system.id, system.manual_version, len(system.code_types)) == ("mine", "2.0", 2)
    assert system.code("n/a", "client")[1].id == "N"
    assert system.speaker("Coach") == "therapist"
    (tmp_path / "other.toml").write_text('extends = "misc"', encoding="utf-8")
    with pytest.raises(CatalogError, match="'misc' is not in the catalog"):
        load(tmp_path / "other.toml")


def test_an_entry_that_is_extended_keeps_its_manual(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        'extends = "socialization-7"\nid = "mine"\nmanual_version = "1.1"\n'
        '[[dimensions]]\nid = "concordance"\nanchors = {6 = "Complete. Our own words for it."}\n',
        encoding="utf-8",
    )
    system = load(tmp_path / "mine.toml")
    assert system.dimension("concordance").anchor(6) == "Complete. Our own words for it."
    assert system.dimension("concordance").anchor(5) == load("socialization-7").dimension(
        "concordance"
    ).anchor(5)
    assert "manual, version 1.1" in system.manual
    assert "| 6 | Complete. Our own words for it. |" in system.manual
