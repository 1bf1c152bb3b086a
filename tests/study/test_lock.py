"""A lock is never overwritten, and every later change is a deviation that is listed."""

from __future__ import annotations

import json

import pytest

from bordin.errors import ProtocolError
from bordin.study.lock import LOCK_FILE, lock_status, lock_study
from bordin.study.study import load_study


def test_unlocked_then_as_locked(study_folder):
    study = load_study(study_folder)
    assert lock_status(study).state == "unlocked"
    status = lock_study(study)
    assert (status.state, status.deviations, status.after_report) == ("as locked", (), False)
    assert status.protocol_sha256 == study.sha256


def test_comments_are_free_and_values_are_not(study_folder, edit):
    lock_study(load_study(study_folder))
    edit("study.toml", "seed = 7", "seed = 7   # a remark")
    assert lock_status(load_study(study_folder)).state == "as locked"
    edit("study.toml", "smallest_effect = 0.3", "smallest_effect = 0.2")
    edit("study.toml", 'expect = "positive"', 'expect = "negative"')
    status = lock_status(load_study(study_folder))
    assert status.state == "deviates"
    assert [(d.key, d.locked, d.now) for d in status.deviations] == [
        ("hypotheses.H1.expect", '"positive"', '"negative"'),
        ("table.smallest_effect", "0.3", "0.2"),
    ]


def test_hypotheses_are_compared_by_name_not_by_place(study_folder, edit):
    edit(
        "study.toml",
        "[[hypotheses]]",
        '[[hypotheses]]\nid = "H0"\nsentence = "s"\nrows = ["alliance.*"]\n'
        'columns = ["tapes.avoidance"]\nexpect = "negative"\n\n[[hypotheses]]',
    )
    lock_study(load_study(study_folder))
    text = (study_folder / "study.toml").read_text(encoding="utf-8")
    start, end = text.index('[[hypotheses]]\nid = "H0"'), text.index('[[hypotheses]]\nid = "H1"')
    (study_folder / "study.toml").write_text(text[:start] + text[end:], encoding="utf-8")
    status = lock_status(load_study(study_folder))
    assert {d.key.split(".")[1] for d in status.deviations} == {"H0"}
    assert all(d.now == "null" for d in status.deviations)


def test_a_second_lock_is_refused_and_an_amendment_kept(study_folder, edit):
    lock_study(load_study(study_folder))
    first = (study_folder / LOCK_FILE).read_text(encoding="utf-8")
    with pytest.raises(ProtocolError, match="--amend"):
        lock_study(load_study(study_folder))
    assert (study_folder / LOCK_FILE).read_text(encoding="utf-8") == first
    edit("study.toml", "seed = 7", "seed = 8")
    status = lock_study(load_study(study_folder), amend="the seed was a typing error")
    assert [d.key for d in status.deviations] == ["study.seed"]
    assert status.amendments[0][1] == "the seed was a typing error"
    locks = json.loads((study_folder / LOCK_FILE).read_text(encoding="utf-8"))["locks"]
    assert locks[0] == json.loads(first)["locks"][0]


def test_an_amendment_needs_a_lock(study_folder):
    with pytest.raises(ProtocolError, match="nothing is locked yet"):
        lock_study(load_study(study_folder), amend="why")


def test_a_lock_after_a_report_says_so(study_folder):
    (study_folder / "reports").mkdir()
    (study_folder / "reports" / "report.html").write_text("x", encoding="utf-8")
    assert lock_study(load_study(study_folder)).after_report


def test_the_study_s_own_files_are_locked_with_it(study_folder, edit):
    (study_folder / "own.toml").write_text('extends = "arm-5"\n', encoding="utf-8")
    edit("study.toml", 'instrument = "arm-5"', 'instrument = "own.toml"')
    lock_study(load_study(study_folder))
    (study_folder / "own.toml").write_text('extends = "arm-5"\n# changed\n', encoding="utf-8")
    assert [d.key for d in lock_status(load_study(study_folder)).deviations] == ["files.own.toml"]


@pytest.mark.parametrize("text", ["", "{}", '{"locks": [{"locked_at": 1}]}', "[1]"])
def test_a_lock_that_cannot_be_read_is_no_lock(study_folder, text):
    (study_folder / LOCK_FILE).write_text(text, encoding="utf-8")
    with pytest.raises(ProtocolError, match="cannot be read"):
        lock_status(load_study(study_folder))


def test_a_key_that_came_later_is_no_deviation(study_folder):
    lock_study(load_study(study_folder))
    path = study_folder / LOCK_FILE
    content = json.loads(path.read_text(encoding="utf-8"))
    del content["locks"][0]["declared"]["coding"][0]["fallback"]
    path.write_text(json.dumps(content), encoding="utf-8")
    assert lock_status(load_study(study_folder)).state == "as locked"
