"""A study's own wording: what it may hold, and each fault with its line."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from bordin import instruments
from bordin.errors import ProtocolError
from bordin.study.protocol_workbench import FormPart
from bordin.study.wording import NOT_APPLICABLE, is_per_session, points_of, questionnaire, read_wording

ALLIANCE = instruments.load("wai-sr")
MOOD = instruments.load("phq-9")
CARE = instruments.load("care")
LINE = instruments.load("srs")

ANCHORS = '[anchors]\n0 = "Never"\n1 = "Some days"\n2 = "Many days"\n3 = "Every day"\n'
ITEMS = "[items]\n" + "".join(f'item{n} = "Sentence {n}."\n' for n in range(1, 10))


def _read(folder: Path, text: str, instrument=MOOD):
    (folder / "wording.toml").write_text(text, encoding="utf-8")
    return read_wording(folder, "wording.toml", instrument)


def _faults(folder: Path, text: str, instrument=MOOD) -> list[tuple[int | None, str]]:
    with pytest.raises(ProtocolError) as refused:
        _read(folder, text, instrument)
    assert {p.file for p in refused.value.problems} == {"wording.toml"}
    return [(p.line, p.message) for p in refused.value.problems]


def _study(folder: Path, instrument, **form):
    """Return just what a questionnaire is made of."""
    use = FormPart.model_validate({"id": "f", "instrument": "x", **form})
    protocol = SimpleNamespace(forms=(use,))
    return SimpleNamespace(folder=folder, protocol=protocol, instruments={"x": instrument})


def test_a_whole_file(tmp_path: Path):
    text = 'language = "de"\ntitle = " T "\nlead = "L"\nnote = "N"\n' + ANCHORS + ITEMS
    read = _read(tmp_path, text)
    assert (read.language, read.title, read.lead, read.note) == ("de", "T", "L", "N")
    assert read.statements["item9"] == "Sentence 9."
    assert read.anchors["item4"] == {0: "Never", 1: "Some days", 2: "Many days", 3: "Every day"}


def test_an_item_with_anchors_of_its_own_takes_the_others_from_the_scale(tmp_path: Path):
    items = ITEMS.replace('item2 = "Sentence 2."\n', "")
    own = '[items.item2]\nstatement = "Own."\nanchors = { 0 = "Not once" }\n'
    read = _read(tmp_path, ANCHORS + items + own)
    assert read.statements["item2"] == "Own."
    assert read.anchors["item2"][0] == "Not once"
    assert read.anchors["item2"][3] == "Every day"
    assert read.anchors["item1"][0] == "Never"


def test_each_fault_has_its_line(tmp_path: Path):
    text = (
        'titel = "x"\n'  # 1
        "[anchors]\n"  # 2
        '0 = "Never"\n'  # 3
        "1 = 5\n"  # 4
        '2 = "Many"\n'  # 5
        '7 = "Too far"\n'  # 6
        "[items]\n"  # 7
        'item1 = "One."\n'  # 8
        'itm2 = "Two."\n'  # 9
        'item3 = ""\n'  # 10
    )
    faults = _faults(tmp_path, text)
    assert (1, "unknown key.") in faults
    assert (4, "5 stands where a text in quotes should be.") in faults
    assert (6, "'7' is no point of the scale.") in faults
    assert (9, "phq-9 has no item 'itm2'.") in faults
    assert (10, "the sentence of item3 is empty.") in faults
    assert (7, "item item2 has no sentence.") in faults
    assert (2, "the scale: no words for the point 1, 3.") in faults
    assert len(faults) == 13  # the six absent items of 4 to 9 too


def test_hints_name_the_next_step(tmp_path: Path):
    with pytest.raises(ProtocolError, match=r"Did you mean 'item2'\?"):
        _read(tmp_path, ANCHORS + ITEMS.replace("item2 ", "itm2 "))
    with pytest.raises(ProtocolError, match=r"Write \[items\] above it\."):
        _read(tmp_path, 'item1 = "Outside."\n' + ANCHORS + ITEMS)
    with pytest.raises(ProtocolError, match='anchors_at = "ends"'):
        _read(tmp_path, '[anchors]\n0 = "Never"\n3 = "Every day"\n' + ITEMS)


def test_only_the_ends_may_have_words_when_the_file_says_so(tmp_path: Path):
    read = _read(tmp_path, 'anchors_at = "ends"\n[anchors]\n0 = "Never"\n3 = "Every day"\n' + ITEMS)
    assert read.anchors["item1"] == {0: "Never", 3: "Every day"}
    faults = _faults(tmp_path, 'anchors_at = "ends"\n[anchors]\n0 = "Never"\n' + ITEMS)
    assert faults == [(2, "the scale: no words for the point 3.")]
    assert _faults(tmp_path, 'anchors_at = "middle"\n' + ANCHORS + ITEMS) == [(1, "'middle' is not allowed.")]


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("title = ", None, "not valid TOML"),
        ("[anchors]\n", 1, "the items' sentences are missing."),
        ('items = "x"\n' + ANCHORS, 1, "[items] is a table."),
        ('anchors = "x"\n' + ITEMS, 1, "anchors are a table"),
        ("title = 4\n" + ANCHORS + ITEMS, 1, "4 stands where a text in quotes should be."),
    ],
)
def test_files_of_another_shape(tmp_path: Path, text: str, line: int | None, told: str):
    faults = _faults(tmp_path, text)
    assert any(at == line and message.startswith(told) for at, message in faults), faults


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path):
    with pytest.raises(
        ProtocolError, match=r"wording/x\.toml: the wording file is not there\. Put the study"
    ):
        read_wording(tmp_path, "wording/x.toml", MOOD)
    (tmp_path / "mod.toml").write_text("", encoding="utf-8")
    with pytest.raises(ProtocolError, match=r"Did you mean 'mod\.toml'\?"):
        read_wording(tmp_path, "mood.toml", MOOD)
    (tmp_path / "latin.toml").write_bytes('title = "\xe4"'.encode("latin-1"))
    with pytest.raises(ProtocolError, match="is not UTF-8 text"):
        read_wording(tmp_path, "latin.toml", MOOD)


def test_not_applicable_has_words_of_its_own(tmp_path: Path):
    anchors = "[anchors]\n" + "".join(f'{n} = "Point {n}"\n' for n in range(1, 6))
    items = "[items]\n" + "".join(f'{k} = "S."\n' for k in CARE.keys)
    read = _read(tmp_path, anchors + '0 = "Does not fit me"\n' + items, CARE)
    assert read.not_applicable == "Does not fit me"
    (tmp_path / "w.toml").write_text(anchors + f'"{NOT_APPLICABLE}" = "No"\n' + items, encoding="utf-8")
    asked = questionnaire(_study(tmp_path, CARE, wording="w.toml"), "f")
    assert [c.value for c in asked.questions[0].choices] == ["1", "2", "3", "4", "5", NOT_APPLICABLE]
    assert asked.questions[0].choices[-1].words == "No"
    faults = _faults(tmp_path, ANCHORS + f'"{NOT_APPLICABLE}" = "No"\n' + ITEMS)
    assert faults == [(6, "phq-9 has no answer 'not applicable'.")]


def test_a_line_needs_its_two_ends(tmp_path: Path):
    items = "[items]\n" + "".join(
        f'{k} = {{ statement = "S.", anchors = {{ 0 = "low {k}", 10 = "high {k}" }} }}\n' for k in LINE.keys
    )
    (tmp_path / "w.toml").write_text(items, encoding="utf-8")
    asked = questionnaire(_study(tmp_path, LINE, wording="w.toml"), "f")
    assert asked.line
    assert asked.questions[1].choices == ()
    assert (asked.questions[1].lowest, asked.questions[1].highest) == ("low item2", "high item2")
    assert points_of(LINE) == (0, 10)


def test_without_wording_there_are_places_and_no_words_of_the_instrument(tmp_path: Path):
    asked = questionnaire(_study(tmp_path, MOOD, title="Your weeks"), "f")
    assert not asked.worded
    assert asked.title == "Your weeks"
    assert [q.statement for q in asked.questions] == [""] * 9
    assert [c.words for c in asked.questions[0].choices] == ["not at all", "", "", "nearly every day"]
    assert is_per_session(_study(tmp_path, MOOD), "f")
    assert not is_per_session(_study(tmp_path, MOOD, occasion="baseline"), "f")


def test_alerts_are_the_instruments_and_the_protocols_each_once(tmp_path: Path):
    own = [
        {"item": "item1", "at_least": 3, "message": "one"},
        {"item": "item9", "at_least": 1, "message": "ours"},
    ]
    asked = questionnaire(_study(tmp_path, MOOD, alerts=own), "f")
    assert [(a.item, a.at_least, a.message) for a in asked.alerts] == [
        ("item1", 3, "one"),
        ("item9", 1, "ours"),
    ]
    only = questionnaire(_study(tmp_path, MOOD), "f").alerts
    assert [(a.item, a.at_least) for a in only] == [("item9", 1)]


def test_an_unknown_form_is_told_with_the_nearest(tmp_path: Path):
    with pytest.raises(ProtocolError, match=r"no form 'g'"):
        questionnaire(_study(tmp_path, MOOD), "g")
    assert len(ALLIANCE.keys) == 12
