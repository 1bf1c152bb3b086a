"""The protocol file: what is refused, where, and with which hint."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bordin.errors import ProtocolError
from bordin.study.protocol import json_schema
from bordin.study.reader import read_protocol
from bordin.study.study import load_study
from bordin.toml_lines import find_line


def problems_of(folder: Path) -> str:
    before = {f: f.read_bytes() for f in folder.rglob("*") if f.is_file()}
    with pytest.raises(ProtocolError) as caught:
        load_study(folder)
    assert {f: f.read_bytes() for f in folder.rglob("*") if f.is_file()} == before
    return str(caught.value)


def test_a_good_protocol_is_read(study_folder):
    study = load_study(study_folder)
    assert study.columns == ("tapes.concordance", "tapes.resistance", "tapes.avoidance")
    assert study.rows == tuple(f"alliance.{s.id}" for s in study.instruments["alliance"].scales)
    assert study.hypotheses[0].rows == study.rows
    with pytest.raises(Exception, match="frozen"):
        study.protocol.study.title = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("old", "new", "at", "parts"),
    [
        ("seed = 7", "sede = 7", "sede", ["study.sede", "unknown key", "Did you mean 'seed'?"]),
        ("seed = 7", 'seed = "seven"', "seven", ["study.seed", "'seven'", "whole number"]),
        ("seed = 7", "seed = -1", "seed = -1", ["study.seed", "-1"]),
        ("smallest_effect = 0.3", "smallest_effect = 30", "smallest_effect = 30", ["smallest_effect", "30"]),
        ('expect = "positive"', 'expect = "postive"', "postive", ["'postive'", "Did you mean 'positive'?"]),
        ('instrument = "arm-5"', 'instrument = "arm5"', "arm5", ["arm5", "Did you mean 'arm-5'?"]),
        (
            'system = "socialization-7"',
            'system = "socialisation-7"',
            "socialisation-7",
            ["Did you mean 'socialization-7'?"],
        ),
        ('"tapes.resistance", ', '"tapes.resistence", ', "resistence", ["Did you mean 'tapes.resistance'?"]),
        (
            'columns = ["tapes.concordance"]\n',
            'columns = ["tapes.agreement"]\n',
            "tapes.agreement",
            ["tapes.agreement"],
        ),
        ('designated = "designated"\n', "", "[[coding]]", ["coding.1", "needs the key designated"]),
        ('title = "A small study"\n', "", "[study]", ["study.title", "missing"]),
        ('instrument = "alliance"', 'instrument = "aliance"', "aliance", ["Did you mean 'alliance'?"]),
        (
            'file = "responses.csv"',
            'file = "responses.csv"\ncolumns = { itme1 = "A1" }',
            "itme1",
            ["Did you mean 'item1'?"],
        ),
        (
            'file = "ratings.csv"',
            'file = "ratings.csv"\ncolumns = { codr = "rater" }',
            "codr",
            ["Did you mean 'coder'?"],
        ),
        ("[sample]", "[sample", "[sample", ["not valid TOML"]),
        ('aim = "To test', "aim = To test", "aim = To", ["not valid TOML", "aim = To test"]),
    ],
)
def test_a_fault_is_told_with_line_and_hint(edit, old, new, at, parts):
    folder = edit("study.toml", old, new)
    lines = (folder / "study.toml").read_text(encoding="utf-8").splitlines()
    line = next(i for i, text in enumerate(lines, start=1) if at in text)
    text = problems_of(folder)
    assert f"study.toml:{line}" in text
    for part in parts:
        assert part in text


def test_all_faults_are_told_at_once(edit):
    edit("study.toml", "seed = 7", "sede = 7")
    edit("study.toml", "permutations = 500", 'permutations = "many"')
    text = problems_of(edit("study.toml", 'expect = "positive"', 'expect = "up"'))
    assert [part in text for part in ("study.sede", "table.permutations", "hypotheses.1.expect")] == [
        True
    ] * 3


def test_contradictions_are_refused(edit):
    edit("study.toml", 'expect = "positive"', 'expect = "stronger"')
    assert "the key than go together" in problems_of(edit("study.toml", "seed = 7", "seed = 8"))


def test_negligible_needs_a_bound(edit):
    edit("study.toml", "smallest_effect = 0.3\n", "")
    text = problems_of(edit("study.toml", 'expect = "positive"', 'expect = "negligible"'))
    assert "smallest effect" in text
    assert "smallest_effect = 0.3" in text


def test_a_byte_order_mark_does_no_harm(study_folder):
    path = study_folder / "study.toml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load_study(study_folder).protocol.study.seed == 7


def test_text_that_is_not_utf8_is_refused(study_folder):
    path = study_folder / "study.toml"
    path.write_bytes(path.read_bytes().replace(b"A small study", b"Ein kl\xe4rendes"))
    text = problems_of(study_folder)
    assert "not UTF-8" in text
    assert "UTF-8" in text


def test_a_folder_without_protocol_names_the_next_step(tmp_path):
    assert "bordin new" in problems_of(tmp_path)
    assert "does not exist" in problems_of(tmp_path / "nowhere")


def test_reading_leaves_the_file_untouched(study_folder):
    path = study_folder / "study.toml"
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    read_protocol(path)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_the_schema_knows_every_key_and_refuses_others():
    schema = json_schema()
    text = json.dumps(schema)
    assert schema["$schema"].endswith("2020-12/schema")
    for key in ("smallest_effect", "blind_to", "designated", "than", "within"):
        assert f'"{key}"' in text
    assert schema["$defs"]["StudyPart"]["additionalProperties"] is False


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("a",), 1),
        (("t", "x"), 5),
        (("l", 0, "k"), 8),
        (("l", 1, "k"), 10),
        (("l", 1, "missing"), 9),
        (("t", "multi"), 6),
        (("nothing",), None),
    ],
)
def test_lines_of_keys(path, line):
    text = 'a = 1\n[t]\nb = """\n[no]"""\nx = 2\nmulti = ["p"]\n[[l]]\nk = 1\n[[l]]\nk = 2\n'
    assert find_line(text, path) == line


def test_the_line_of_a_value_in_a_list():
    text = 'rows = [\n  "one",\n  "two",\n]\nother = "two"\n'
    assert find_line(text, ("rows",), "two") == 3


WORKBENCH = """
[allocation]
coders = 1
double = 0.2
balance = ["arm", "therapist", "number"]
bands = { number = [4, 12] }
calibration = ["S05", "S06"]
calibration_every = 10
repeat = 3
share = { C2 = 0.5 }
capacity = { C2 = 40 }

[training]
practice = ["S07", "S08"]
within = 1
share = 0.8
in_a_row = 2

[blinding]
guess = ["arm"]
choices = { arm = ["active", "other"] }

[[forms]]
id = "after"
instrument = "alliance"
wording = "wording/alliance.toml"
informant = "patient"
title = "About your session today"
lead = "How far does each sentence fit?"
expires_days = 7
contact = "The study office"
thanks = "Thank you."
alerts = [
  { item = "item1", at_least = 2, message = "Please call." },
]
"""


@pytest.fixture
def workbench(study_folder):
    """Add the tables of the workbench to the protocol, one piece replaced; return the folder."""

    def make(old: str = "", new: str = "") -> Path:
        assert old in WORKBENCH
        path = study_folder / "study.toml"
        path.write_text(path.read_text(encoding="utf-8") + WORKBENCH.replace(old, new, 1), encoding="utf-8")
        return study_folder

    return make


def test_the_workbench_tables_are_read(workbench):
    study = load_study(workbench())
    plan = study.allocation_plan()
    assert (plan.coders, plan.double, plan.balance) == (1, 0.2, ("arm", "therapist", "number"))
    assert (plan.calibration, plan.calibration_every, plan.repeat) == (("S05", "S06"), 10, 3)
    assert isinstance(plan.repeat, int)
    assert (plan.practice, plan.share, plan.capacity) == (("S07", "S08"), {"C2": 0.5}, {"C2": 40})
    assert study.allocation_seed() is None
    assert study.protocol.allocation.bands == {"number": (4, 12)}
    rule = study.training_rule("tapes")
    assert (rule.within, rule.share, rule.in_a_row, rule.limit) == (1, 0.8, 2, None)
    assert study.protocol.blinding.choices == {"arm": ("active", "other")}
    [form] = study.protocol.forms
    assert (form.id, form.instrument, form.occasion, form.expires_days) == ("after", "alliance", "session", 7)
    assert (form.alerts[0].item, form.alerts[0].at_least, form.alerts[0].message) == (
        "item1",
        2,
        "Please call.",
    )


def test_without_the_tables_nothing_is_planned(study_folder):
    study = load_study(study_folder)
    assert study.allocation_plan() is None
    assert study.allocation_seed() is None
    assert study.protocol.training.practice == ()
    assert study.protocol.blinding.guess == ()
    assert study.protocol.forms == ()


def test_an_allocation_may_have_a_seed_of_its_own(workbench):
    assert load_study(workbench("repeat = 3", "repeat = 3\nseed = 0")).allocation_seed() == 0


@pytest.mark.parametrize(
    ("old", "new", "at", "parts"),
    [
        ("coders = 1\n", "", "[allocation]", ["allocation.coders", "missing", "It has no default"]),
        ("coders = 1\n", "coders = 0\n", "coders = 0", ["allocation.coders"]),
        ("double = 0.2", "double = 1.5", "double = 1.5", ["allocation.double", "1.5", "0.2 for a fifth"]),
        ("repeat = 3", "repeat = -1", "repeat = -1", ["allocation.repeat", "-1"]),
        ("calibration = [", "calibrate = [", "calibrate", ["unknown key", "Did you mean 'calibration'?"]),
        (
            'calibration = ["S05", "S06"]\n',
            "",
            "[allocation]",
            ["calibration_every needs the key calibration"],
        ),
        ('"therapist", "number"', '"terapist", "number"', "terapist", ["Did you mean 'therapist'?"]),
        ('"therapist", "number"', '"session", "number"', "balance", ["'session' has no levels"]),
        ("[4, 12]", "[12, 4]", "[allocation]", ["have to rise"]),
        ("{ number =", "{ minutes =", "[allocation]", ["'minutes', which is not in balance"]),
        ("share = 0.8", "share = 80", "share = 80", ["training.share", "80"]),
        ("in_a_row = 2", "in_a_row = 3", "[training]", ["only 2 practice tapes"]),
        ('["S07", "S08"]', '["S07", "S05"]', "practice", ["'S05' is a calibration session too"]),
        ('guess = ["arm"]', 'guess = ["arm", "outcom"]', "outcom", ["no", "column 'outcom'"]),
        ("{ arm =", "{ sex =", "[blinding]", ["choices has 'sex', which is not in guess"]),
        ('["active", "other"]', '["active"]', "[blinding]", ["two or more different"]),
        ('instrument = "alliance"', 'instrument = "aliance"', "aliance", ["Did you mean 'alliance'?"]),
        ("wording/alliance.toml", "../alliance.toml", "../alliance", ["inside the study folder"]),
        ("wording/alliance.toml", "wording/alliance.docx", "docx", ["no .toml file"]),
        ('item = "item1"', 'item = "itme1"', "itme1", ["no item 'itme1'", "Did you mean 'item1'?"]),
        ("at_least = 2", "at_least = 99", "at_least = 99", ["99 is no answer", "1 to 7"]),
        ("message =", "mesage =", "alerts", ["unknown key", "Did you mean 'message'?"]),
        ("expires_days = 7", "expires_days = 0", "expires_days", ["forms.1.expires_days"]),
    ],
)
def test_a_fault_of_the_workbench_tables_is_told_with_its_line(workbench, old, new, at, parts):
    folder = workbench(old, new)
    lines = (folder / "study.toml").read_text(encoding="utf-8").splitlines()
    start = lines.index("[allocation]")
    line = next(i for i, text in enumerate(lines, start=1) if i > start and at in text)
    text = problems_of(folder)
    assert f"study.toml:{line}," in text
    for part in parts:
        assert part in text


def test_columns_are_not_asked_for_before_the_data_are_there(workbench):
    folder = workbench('"therapist", "number"', '"terapist", "number"')
    (folder / "data" / "sessions.csv").unlink()
    assert load_study(folder).allocation_plan().balance == ("arm", "terapist", "number")


def test_two_forms_of_one_name_are_refused(workbench):
    folder = workbench("[[forms]]", '[[forms]]\nid = "after"\ninstrument = "alliance"\n\n[[forms]]')
    assert "forms: the id 'after' stands twice" in problems_of(folder)
