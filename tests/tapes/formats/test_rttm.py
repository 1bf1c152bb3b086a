"""RTTM: turns, file ids, faults with their lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from bordin.errors import TapeError
from bordin.tapes.formats import read_transcript, write_transcript
from bordin.tapes.formats.rttm import read_rttm
from bordin.tapes.formats.source import source_of
from bordin.tapes.shapes import Transcript, Turn

TWO = """;; a comment
SPKR-INFO S01 1 <NA> <NA> <NA> unknown spk1 <NA>

SPEAKER S01 1 0.5 1.25 <NA> <NA> spk1 <NA> <NA>
SPEAKER S02 1 3 1 <NA> <NA> spk1 <NA>
SPEAKER S01 1 0.1 0.2 <NA> <NA> <NA> <NA> <NA>
"""


def test_files_of_another_program(interop: Path) -> None:
    read = read_transcript(interop / "rttm" / "ref.rttm")
    assert len(read.turns) == 13
    assert read.speakers == ("speaker1", "speaker2")
    assert read.turns[1] == Turn("speaker2", 0.678, 2.211)


def test_the_tape_is_chosen_by_the_name_of_the_file() -> None:
    read = read_rttm(source_of(TWO.encode(), "S01.rttm"))
    assert read.turns == (Turn("unknown", 0.1, 0.3), Turn("spk1", 0.5, 1.75))
    assert read_rttm(source_of(TWO.encode(), "all.rttm"), file_id="S02").turns == (Turn("spk1", 3.0, 4.0),)
    with pytest.raises(
        TapeError, match=r"all\.rttm: the file holds 2 tapes \(S01, S02\), and none is called 'all'"
    ):
        read_rttm(source_of(TWO.encode(), "all.rttm"))


def test_faults_stand_with_their_lines() -> None:
    text = "SPEAKER a 1 x 1 <NA> <NA> s\nspeaker a\nSPEAKER a 1 0 1\nSPEAKER a 1 0 -1 <NA> <NA> s <NA>\n"
    with pytest.raises(TapeError) as caught:
        read_rttm(source_of(text.encode(), "a.rttm"))
    assert [p.line for p in caught.value.problems] == [1, 2, 3, 4]
    with pytest.raises(TapeError, match="holds no turn"):
        read_rttm(source_of(b";; nothing\n", "a.rttm"))


def test_lengths_are_exact_and_labels_without_blanks(tmp_path: Path) -> None:
    path = tmp_path / "session 1.rttm"
    talk = Transcript((Turn("spk a", 0.1, 0.3), Turn("b", 1.0, 2.5)), 3.0)
    write_transcript(talk, path)
    assert path.read_text("utf-8") == (
        "SPEAKER session_1 1 0.1 0.2 <NA> <NA> spk_a <NA> <NA>\n"
        "SPEAKER session_1 1 1 1.5 <NA> <NA> b <NA> <NA>\n"
    )
    same = Transcript((Turn("spk a", 0.1, 0.3), Turn("spk_a", 1.0, 2.5)), 3.0)
    with pytest.raises(TapeError, match="two speakers are the same"):
        write_transcript(same, path)
