"""The real example: counts as published, CARE's zeros as missing, and the known correlations."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from bordin.association import associate
from bordin.study.results import Results

Rows = Callable[[str], list[dict[str, str]]]
CODES = ("MICO", "MIIN", "R", "Q", "Other", "C", "S", "N")


def test_codes_of_all_talks_are_there_without_their_text(rows: Rows) -> None:
    codes = rows("mibot/data/codes.csv")
    assert list(codes[0]) == ["session", "turn", "utterance", "speaker", "coder", "code"]
    assert Counter(c["code"] for c in codes) == {
        "R": 2104,
        "Q": 1684,
        "MICO": 1210,
        "N": 1048,
        "Other": 1009,
        "C": 856,
        "S": 516,
        "MIIN": 128,
    }
    assert {c["code"] for c in codes if c["speaker"] == "patient"} == {"C", "S", "N"}
    spoken = Counter(c["session"] for c in codes)
    assert {s["session"]: int(s["utterances"]) for s in rows("mibot/data/sessions.csv")} == spoken
    assert len(spoken) == 106
    forbidden = ("Feedback", "Liked", "Helpful", "text")
    assert not [c for c in rows("mibot/data/participants.csv")[0] if any(word in c for word in forbidden)]


def test_known_values_to_three_decimals(results: Callable[[str], Results]) -> None:
    table = results("mibot").table
    known = {
        ("empathy.total", "talk.C"): (0.177, 0.069),
        ("empathy.total", "talk.MICO"): (0.170, 0.081),
        ("confidence", "talk.Q"): (0.286, 0.003),
        ("confidence", "talk.C"): (0.237, 0.014),
        ("confidence", "talk.R"): (0.195, 0.045),
    }
    for (x, y), (r, p) in known.items():
        cell = table.cell(x, y)
        assert (round(cell.estimate.value, 3), round(cell.p, 3), cell.estimate.n) == (r, p, 106), (x, y)
    assert min(c.p for c in table.cells if c.x == "empathy.total") > 0.05
    assert [(c.x, c.y) for c in table.cells if c.p_maxt < 0.05] == [("confidence", "talk.Q")]


def test_adding_up_care_with_its_zeros_would_make_a_finding(rows: Rows) -> None:
    forms = rows("mibot/data/responses.csv")
    answers = [[int(v) for name, v in form.items() if name.startswith("CAREQ")] for form in forms]
    zeros = Counter(a.count(0) for a in answers)
    assert zeros == {0: 101, 1: 3, 2: 2}
    counts = Counter((c["session"], c["code"]) for c in rows("mibot/data/codes.csv"))
    data = {
        "naive": [float(sum(a)) for a in answers],
        **{code: [float(counts[f["session"], code]) for f in forms] for code in ("C", "MICO")},
    }
    table = associate(data, ("naive",), ("C", "MICO"), p="t", permutations=0)
    cells = {c.y: (round(c.estimate.value, 3), round(c.p, 3)) for c in table.cells}
    assert cells == {"C": (0.187, 0.055), "MICO": (0.215, 0.027)}


def test_care_total_replaces_zeros_by_the_mean_of_the_others(
    results: Callable[[str], Results], rows: Rows
) -> None:
    study = results("mibot")
    by_person = dict(zip(study.units, study.values["empathy.total"], strict=True))
    for form in rows("mibot/data/responses.csv"):
        answered = [int(v) for name, v in form.items() if name.startswith("CAREQ") and v != "0"]
        assert by_person[form["participant"]] == pytest.approx(10 * sum(answered) / len(answered))
    assert study.rows[0].n == 106


def test_study_says_that_counselor_and_codes_are_machines(results: Callable[[str], Results]) -> None:
    study = results("mibot")
    assert study.protocol.study.notice == (
        "The counselor is a language model (GPT-4o) and the codes are machine-made (AutoMISC), not human."
    )
    assert "CC BY-SA 4.0" in study.protocol.study.attribution
    assert study.flow[-1].n == 106
    assert {h.id: h.verdict for h in study.hypotheses} == {
        "T1": "supported",
        "T2": "not supported",
        "T3": "not supported",
    }


@pytest.fixture
def source(tmp_path: Path, generator: Callable[[str], ModuleType]) -> Path:
    """A source folder in the shape of the data set, with one made-up talk of three utterances."""
    make = generator("mibot")
    folder = tmp_path / "source"
    (folder / "transcripts").mkdir(parents=True)
    counts = {"Q": 1, "C": 1, "R": 1}
    person = {
        "ParticipantID": "abc",
        "NumWordsCounsellor": "9",
        "NumWordsClient": "4",
        "FeedbackQ1": "not to be kept",
        **dict.fromkeys((*make.KEPT, *make.CARE), "5"),
        **{f"AutoMISC_{code}": str(counts.get(code, 0)) for code in CODES},
    }
    with (folder / "data.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(person))
        writer.writeheader()
        writer.writerow(person)
    said = [("counsellor", 7, "Q"), ("client", 8, "C"), ("counsellor", 9, "R")]
    utterances = [
        {
            "speaker": s,
            "volley_number": v,
            "utterance_number": 40 + v,
            "text": "secret",
            "auto_misc_label": code,
        }
        for s, v, code in said
    ]
    talk = {"participant_id": "abc", "utterances": utterances}
    (folder / "transcripts" / "abc.json").write_text(json.dumps(talk), encoding="utf-8")
    return folder


def test_generator_recounts_and_writes_no_text(
    source: Path, tmp_path: Path, generator: Callable[[str], ModuleType], capsys: pytest.CaptureFixture[str]
) -> None:
    generator("mibot").main(source, tmp_path / "data")
    assert capsys.readouterr().out == "recount: 1 of 1 participants have all 8 published code counts\n"
    assert (tmp_path / "data" / "codes.csv").read_text(encoding="utf-8").splitlines()[1:] == [
        "S001,1,1,therapist,AutoMISC,Q",
        "S001,2,2,patient,AutoMISC,C",
        "S001,3,3,therapist,AutoMISC,R",
    ]
    written = "".join(p.read_text(encoding="utf-8") for p in (tmp_path / "data").iterdir())
    assert "secret" not in written
    assert "not to be kept" not in written


def test_generator_stops_when_a_count_differs(
    source: Path, tmp_path: Path, generator: Callable[[str], ModuleType]
) -> None:
    text = (source / "transcripts" / "abc.json").read_text(encoding="utf-8")
    (source / "transcripts" / "abc.json").write_text(text.replace('"C"', '"S"'), encoding="utf-8")
    with pytest.raises(SystemExit, match="abc: recounted"):
        generator("mibot").main(source, tmp_path / "data")
    assert not (tmp_path / "data").exists()
