"""`bordin tape evaluate`: files and folders, scored stretches, plain words, plain errors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bordin.cli import main
from bordin.errors import TapeError
from bordin.tapes.accuracy.uem import read_uem
from bordin.tapes.shapes import Stretch

Rows = Sequence[tuple[str, float, float, str]]

CORRECTED = [
    ("therapist", 1.0, 5.2, "Good morning. How has your week been?"),
    ("client", 5.9, 12.1, "Not great. I stayed in bed for ten hours."),
    ("therapist", 9.0, 9.4, "Mm hmm."),
    ("client", 40.0, 60.0, "I do not know what I did then."),
    ("therapist", 61.0, 61.4, "Okay."),
    ("client", 80.0, 99.0, "We went out and I was glad."),
]
MACHINE = [
    ("S1", 1.0, 5.2, "Good morning how has your week been"),
    ("S2", 5.9, 12.1, "Not great I stayed in bed for 10 hours"),
    ("S1", 9.0, 9.4, "[vocalization]"),
    ("S2", 40.0, 60.0, "I do not know what I did them"),
    ("S1", 80.0, 82.0, "We went"),
    ("S2", 82.0, 99.0, "out and I was glad"),
]


def write(path: Path, rows: Rows) -> str:
    path.parent.mkdir(exist_ok=True)
    turns = [dict(zip(("speaker", "start", "end", "text"), row, strict=True)) for row in rows]
    path.write_text(json.dumps(turns), encoding="utf-8")
    return str(path)


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    return write(tmp_path / "machine.json", MACHINE), write(tmp_path / "corrected.json", CORRECTED)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    try:
        status = main(["tape", "evaluate", *words])
    except SystemExit as done:
        status = int(done.code or 0)
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def record(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    status, out, err = run(capsys, *words, "--json")
    assert (status, err) == (0, "")
    found: dict[str, Any] = json.loads(out)
    return found


def test_a_person_reads_figures_and_what_they_mean(
    capsys: pytest.CaptureFixture[str], files: tuple[str, str]
) -> None:
    status, out, err = run(capsys, *files)
    assert (status, err) == (0, "")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert lines[0] == "machine.json against corrected.json"
    # 50.2 s of talk: 2 s to the wrong speaker, 0.4 s missed.
    assert "diarization error 4.8% – 50.2 s of talk" in lines
    assert "wrong speaker 4.0% – 50.2 s of talk" in lines
    # 33 words: "then" as "them"; mm hmm and okay lost.
    assert "word error 9.1% – 33 words" in lines
    assert "wrong-speaker words 6.5% – 31 aligned words" in lines
    assert "Of 33 words: heard as another one 1, lost 2; added 0." in lines
    assert (
        "Short listening turns (one or two words, under 1 s): 2. Kept as words 0, as [vocalization] 1, lost 1."
    ) in lines
    assert "Speakers: S1 is therapist, S2 is client." in lines
    assert "Note: no interval: 3 blocks of about 30 s (at least 5 are needed); correct more." in lines
    assert lines[-1].startswith("A small corrected sample gives wide intervals")


def test_json_has_flat_numbers(capsys: pytest.CaptureFixture[str], files: tuple[str, str]) -> None:
    found = record(capsys, *files, "--seed", "7")
    assert found["der"] == pytest.approx(2.4 / 50.2)
    assert found["missed"] == pytest.approx(0.4 / 50.2)
    assert found["wer"] == pytest.approx(3 / 33)
    assert found["wrong_speaker"] == pytest.approx(2 / 31)
    assert found["intervals"]["wer"] is None
    assert found["mappings"] == [{"S1": "therapist", "S2": "client"}]
    assert found["seed"] == 7
    assert found["tapes_scored"] == ["corrected"]


def test_stretches_and_collar_say_what_is_scored(
    capsys: pytest.CaptureFixture[str], files: tuple[str, str], tmp_path: Path
) -> None:
    uem = tmp_path / "corrected.uem"
    uem.write_text("; corrected\nS014 1 0 62\n", encoding="utf-8")
    found = record(capsys, *files, "--uem", str(uem), "--collar", "0.25")
    # Turns of 4.2, 6.2 and 20 s lose 0.5 s each, 9.0-9.4 is forgiven in both, 61.0-61.4 whole.
    assert found["seconds"]["speech"] == pytest.approx(3.7 + (5.7 - 0.9) + 19.5)
    assert (found["der"], found["words"]["reference"]) == (0, 26)


def test_an_rttm_reference_measures_turns_alone(
    capsys: pytest.CaptureFixture[str], files: tuple[str, str], tmp_path: Path
) -> None:
    rttm = tmp_path / "corrected.rttm"
    rttm.write_text(
        "".join(
            f"SPEAKER S014 1 {start:.3f} {end - start:.3f} <NA> <NA> {who} <NA> <NA>\n"
            for who, start, end, _ in CORRECTED
        ),
        encoding="utf-8",
    )
    found = record(capsys, files[0], str(rttm))
    assert found["der"] == pytest.approx(2.4 / 50.2)
    assert (found["wer"], found["undefined"]["wer"]) == (None, "the reference has no words")
    _, out, _ = run(capsys, files[0], str(rttm))
    assert "undefined: the reference" in out


def test_folders_are_paired_by_name_and_pooled(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for name in ("S01", "S02", "S03"):
        write(tmp_path / "machine" / f"{name}.json", MACHINE)
    write(tmp_path / "corrected" / "S01.json", CORRECTED)
    write(tmp_path / "corrected" / "S03.json", MACHINE)
    (tmp_path / "corrected" / "S01.wav").write_bytes(b"")
    found = record(capsys, str(tmp_path / "machine"), str(tmp_path / "corrected"))
    assert found["tapes_scored"] == ["S01", "S03"]
    assert found["tapes"] == 2
    assert found["wer"] == pytest.approx(3 / 64)
    status, out, _ = run(capsys, str(tmp_path / "machine"), str(tmp_path / "corrected"))
    assert status == 0
    assert "Scored: 2 tapes. Intervals: BCa bootstrap over 6 blocks of about 30 s." in out
    assert "Speakers:" not in out


def test_folders_that_do_not_match_are_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    write(tmp_path / "machine" / "S01.json", MACHINE)
    write(tmp_path / "corrected" / "S02.json", CORRECTED)
    write(tmp_path / "corrected" / "S01.json", CORRECTED)
    (tmp_path / "corrected" / "S01.rttm").write_text("", encoding="utf-8")
    status, _, err = run(capsys, str(tmp_path / "machine"), str(tmp_path / "corrected"))
    assert status == 2
    assert "corrected: there are 2 files 'S01'. Keep one a tape." in err
    assert "machine: there is no transcript 'S02'." in err
    assert str(tmp_path) not in err


def test_wrong_paths_are_refused_plainly(
    capsys: pytest.CaptureFixture[str], files: tuple[str, str], tmp_path: Path
) -> None:
    status, _, err = run(capsys, files[0], str(tmp_path / "nothing.json"))
    assert (status, err) == (2, "bordin: nothing.json: there is no such file or folder. Check the path.\n")
    status, _, err = run(capsys, str(tmp_path), files[1])
    assert (status, "one is a folder, the other a file" in err) == (2, True)
    (tmp_path / "empty").mkdir()
    status, _, err = run(capsys, str(tmp_path), str(tmp_path / "empty"))
    assert (status, "there is no transcript in this folder" in err) == (2, True)


def test_a_tape_without_a_line_is_refused_with_the_nearest(
    capsys: pytest.CaptureFixture[str], files: tuple[str, str], tmp_path: Path
) -> None:
    uem = tmp_path / "all.uem"
    uem.write_text("correcte 1 0 62\nother 1 0 5\n", encoding="utf-8")
    status, _, err = run(capsys, *files, "--uem", str(uem))
    assert status == 2
    assert err == "bordin: all.uem: tape 'corrected' has no line. Did you mean 'correcte'?\n"


def test_uem_lines_are_read_and_joined(tmp_path: Path) -> None:
    uem = tmp_path / "x.uem"
    uem.write_text("\ufeff; note\nA 1 0 15\n\nB 1 4.5 13.24\nA 1 14 20\n", encoding="utf-8")
    assert read_uem(uem) == {"A": (Stretch(0, 20),), "B": (Stretch(4.5, 13.24),)}
    uem.write_text("# minutes 2 to 4\n120 240\n", encoding="utf-8")
    assert read_uem(uem) == {"": (Stretch(120, 240),)}


def test_bad_uem_lines_are_all_told(tmp_path: Path) -> None:
    uem = tmp_path / "x.uem"
    uem.write_text("A 1 0 15\nA 1 20 10\nA 0 15\nA 1 0 end\n", encoding="utf-8")
    with pytest.raises(TapeError) as refused:
        read_uem(uem)
    assert [(p.file, p.line) for p in refused.value.problems] == [("x.uem", 2), ("x.uem", 3), ("x.uem", 4)]
    assert "from '20' to '10'" in str(refused.value)
    assert "3 fields" in str(refused.value)
    uem.write_text("; nothing\n", encoding="utf-8")
    with pytest.raises(TapeError, match="there is no stretch in it"):
        read_uem(uem)
    uem.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TapeError, match="it is not UTF-8"):
        read_uem(uem)
    with pytest.raises(TapeError, match="cannot be read"):
        read_uem(tmp_path / "none.uem")
