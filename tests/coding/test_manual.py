"""The manual of the seven dimensions: complete, blind, and with one source for anchors."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from bordin.coding.catalog import load, names
from bordin.coding.dimension import Dimension
from bordin.errors import CatalogError

SYSTEM = load("socialization-7")
RAW = (files("bordin.coding") / "catalog" / "socialization-7.md").read_text(encoding="utf-8")
PARTS = ["Definition", "Listen for", "Anchors", "Clear examples", "Borderline examples", "Decide"]


def section(text: str, heading: str, level: int) -> str:
    marks = "#" * level
    found = re.search(
        rf"^{marks} {re.escape(heading)}\n(.*?)(?=^#{{2,{level}}} |\Z)", text, re.MULTILINE | re.DOTALL
    )
    assert found is not None, heading
    return found.group(1)


@pytest.mark.parametrize("dimension", SYSTEM.dimensions, ids=lambda d: d.id)
def test_each_dimension_has_every_part(dimension: Dimension) -> None:
    part = section(SYSTEM.manual, dimension.section, 2)
    assert re.findall(r"^### (.+)$", part, re.MULTILINE) == PARTS
    assert dimension.definition in section(part, "Definition", 3)
    assert section(part, "Listen for", 3).count("\n- ") >= 4
    for heading in ("Clear examples", "Borderline examples"):
        examples = section(part, heading, 3)
        assert len(re.findall(r"\n\n> ", "\n" + examples)) >= 2
        assert "**Patient:**" in examples
    assert section(part, "Decide", 3).count("\n- ") >= 4
    for anchor in dimension.anchors:
        assert f"| {anchor.point:g} | {anchor.text} |" in section(part, "Anchors", 3)


def test_anchors_and_definitions_stand_in_the_catalog_file_alone() -> None:
    for dimension in SYSTEM.dimensions:
        assert f"{{{{anchors:{dimension.id}}}}}" in RAW
        for text in (dimension.definition, *(a.text for a in dimension.anchors)):
            assert text not in RAW
    assert "{{" not in SYSTEM.manual


def test_length_and_what_must_be_said() -> None:
    assert 2500 <= len(RAW.split()) <= 4000
    assert "manual, version 1.0" in SYSTEM.manual
    for phrase in ("inspired by", "our own wording", "The whole session", "All dialogues are\ninvented"):
        assert phrase.replace("\n", " ") in SYSTEM.manual.replace("\n", " ")
    for heading in ("Before you begin", "Which dimension wins", "Training of coders", "Keeping from drift"):
        assert len(section(SYSTEM.manual, heading, 2).split()) > 60
    for reason in SYSTEM.reasons:
        assert f"- **{reason}**: " in SYSTEM.manual


@pytest.mark.parametrize(
    "word", ["pole", "hypothes", "correlat", "alliance", "negative", "positive", "outcome is"]
)
def test_coders_do_not_read_what_a_study_expects(word: str) -> None:
    assert word not in SYSTEM.manual.lower()


def test_no_other_entry_names_a_manual() -> None:
    assert [n for n in names() if load(n).manual] == ["socialization-7"]


def test_an_unknown_place_in_a_manual_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.md").write_text(
        "# Mine {{version}}\n\n{{anchors:concordanse}}\n{{ date }}\n", encoding="utf-8"
    )
    (tmp_path / "mine.toml").write_text(
        'extends = "socialization-7"\nid = "mine"\nmanual = "mine.md"\n', encoding="utf-8"
    )
    with pytest.raises(CatalogError) as caught:
        load(tmp_path / "mine.toml")
    assert [(p.file, p.line) for p in caught.value.problems] == [("mine.md", 3), ("mine.md", 4)]
    assert "Did you mean 'concordance'?" in str(caught.value)
    assert "Known: version, reasons, definition:<dimension>" in str(caught.value)
