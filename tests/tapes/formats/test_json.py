"""JSON: bordin's own, lists of turns, and what recognizers write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bordin.errors import TapeError
from bordin.tapes.formats import read_transcript, write_transcript
from bordin.tapes.formats.reading import NOTICE_IMPORTED, join_neighbors
from bordin.tapes.shapes import NOTICE, UNCERTAIN_SPEAKER, Transcript, Turn, Word


def put(folder: Path, content: Any) -> Path:
    path = folder / "tape.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def test_the_truth_of_a_synthetic_tape(tapes: Path) -> None:
    read = read_transcript(tapes / "session_mf.json")
    spoken = read_transcript(tapes / "session_mf.rttm")
    assert len(read.turns) == 29
    assert len(read.words) == 514
    assert read.duration == pytest.approx(162.592)
    assert [(t.speaker, t.start, t.end) for t in read.turns] == [
        (t.speaker, t.start, t.end) for t in spoken.turns
    ]
    assert len(read.overlaps) == 3
    assert read.notice == NOTICE_IMPORTED


def test_faults_in_a_list_of_turns_stand_with_their_lines(tmp_path: Path) -> None:
    text = (
        '[\n {"speaker": "S1", "start": 0, "end": 1, "text": "a"},\n'
        ' {"speaker": "S1", "start": 2},\n\n {"start": "x", "end": 3},\n'
        ' {"start": 5, "end": 4}, 7,\n {"start": NaN, "end": 4}, {"start": 1, "end": 2, "text": 3}\n]'
    )
    with pytest.raises(TapeError) as caught:
        read_transcript(put(tmp_path, text))
    assert [p.line for p in caught.value.problems] == [3, 5, 6, 6, 7, 7]
    assert "no 'end'" in caught.value.problems[0].message
    assert "ends (4 s) before it starts (5 s)" in caught.value.problems[2].message


def test_broken_json_names_its_line_and_depth_does_not_crash(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match=r"tape\.json:2: this is no JSON"):
        read_transcript(put(tmp_path, '{"turns":\n oops}'))
    with pytest.raises(TapeError, match=r"tape\.json"):
        read_transcript(put(tmp_path, "[" * 200_000))
    with pytest.raises(TapeError, match="no transcript of bordin"):
        read_transcript(put(tmp_path, '{"other": 1}'))
    with pytest.raises(TapeError, match="holds no turn"):
        read_transcript(put(tmp_path, "[]"))


@pytest.mark.parametrize(
    ("turn", "duration", "place"),
    [
        ({"speaker": "S1", "start": 2, "end": 1}, 3, "turns[0]"),
        ({"speaker": "S1", "start": 0, "end": "NaN"}, 3, "turns[0]"),
        (
            {"speaker": "S1", "start": 0, "end": 1, "words": [{"text": "a", "start": "0", "end": 1}]},
            3,
            "turns[0]",
        ),
        ({"speaker": "S1", "start": 0, "end": 1}, -1, "duration"),
    ],
)
def test_times_of_our_own_file_are_checked(
    tmp_path: Path, turn: dict[str, Any], duration: float, place: str
) -> None:
    with pytest.raises(TapeError) as caught:
        read_transcript(put(tmp_path, {"duration": duration, "turns": [turn]}))
    assert caught.value.problems[0].column == place


WHISPERX = {
    "segments": [
        {
            "start": 0.5,
            "end": 2.25,
            "text": " How are you? 5",
            "speaker": "SPEAKER_00",
            "words": [
                {"word": "How", "start": 0.5, "end": 0.8, "score": 0.91, "speaker": "SPEAKER_00"},
                {"word": "are", "start": 0.8, "end": 1.0, "score": 0.5, "speaker": "SPEAKER_00"},
                {"word": "you?", "start": 1.0, "end": 1.2, "score": 0.7, "speaker": "SPEAKER_01"},
                {"word": "5"},
            ],
        },
        {"start": 2.0, "end": 3.0, "text": "Fine.", "speaker": "SPEAKER_01"},
        {"start": 3.5, "end": 3.5, "text": " Yes."},
    ],
    "word_segments": [],
    "language": "en",
}


def test_whisperx(tmp_path: Path) -> None:
    read = read_transcript(put(tmp_path, WHISPERX))
    assert read.turns[0] == Turn(
        "SPEAKER_00",
        0.5,
        2.25,
        (
            Word("How", 0.5, 0.8, 0.91),
            Word("are", 0.8, 1.0, 0.5),
            Word("you?", 1.0, 1.2, 0.7, (UNCERTAIN_SPEAKER,)),
            Word("5"),
        ),
    )
    assert read.turns[1] == Turn("SPEAKER_01", 2.0, 3.0, (Word("Fine."),))
    assert read.turns[2] == Turn("unknown", 3.5, 3.501, (Word("Yes."),))
    assert read.warnings == (
        "segments[2]: the turn has no length and was given 0.001 s.",
        "1 of 3 turns name no speaker.",
    )
    assert read.notice == NOTICE


def test_atrain_and_whisper_json_have_other_names_for_the_same(tmp_path: Path) -> None:
    words = [
        {"start": 0.0, "end": 0.4, "word": " Hello", "probability": 0.8},
        {"word": " you", "start": 0.4, "end": 0.6},
    ]
    record = {
        "segments": [{"id": 0, "seek": 0, "start": 0.0, "end": 0.6, "text": " Hello you", "words": words}]
    }
    read = read_transcript(put(tmp_path, record))
    assert read.words == (Word("Hello", 0.0, 0.4, 0.8), Word("you", 0.4, 0.6))


def test_faults_in_pieces_name_their_place(tmp_path: Path) -> None:
    pieces = [{"start": None, "end": 1, "text": "a"}, 3, {"start": 0, "end": 1, "text": ["a"]}]
    pieces.append({"start": 0, "end": 1, "text": "a", "words": [4]})
    with pytest.raises(TapeError) as caught:
        read_transcript(put(tmp_path, {"segments": pieces}))
    assert [p.column for p in caught.value.problems] == [
        "segments[0]",
        "segments[1]",
        "segments[2]",
        "segments[3].words",
    ]
    with pytest.raises(TapeError, match="no list called 'segments'"):
        read_transcript(put(tmp_path, {"segments": 1}))


def test_whispercpp_joins_its_tokens(tmp_path: Path) -> None:
    def token(text: str, start: int, end: int, p: float) -> dict[str, Any]:
        return {"text": text, "offsets": {"from": start, "to": end}, "id": 1, "p": p}

    piece = {
        "timestamps": {"from": "00:00:00,000", "to": "00:00:02,000"},
        "offsets": {"from": 0, "to": 2000},
        "text": " Un believable.",
        "tokens": [
            token("[_BEG_]", 0, 0, 0.99),
            token(" Un", 0, 300, 0.9),
            token(" believ", 300, 800, 0.8),
            token("able", 800, 1200, 0.6),
            token(".", 1200, 1250, 0.7),
        ],
    }
    plain = {"offsets": {"from": 2000, "to": 3000}, "text": " Yes.", "speaker": "1"}
    read = read_transcript(put(tmp_path, {"transcription": [{**piece, "speaker": "?"}, plain]}))
    assert read.speakers == ("unknown", "1")
    assert read.turns[0].words == (Word("Un", 0.0, 0.3, 0.9), Word("believable.", 0.3, 1.25, 0.6))
    assert read.turns[1].words == (Word("Yes."),)
    with pytest.raises(TapeError, match=r"transcription\[0\]: 'offsets'"):
        read_transcript(put(tmp_path, {"transcription": [{"text": "a"}]}))


def test_neighbors_are_joined_only_when_asked() -> None:
    a, b, c = (
        Turn("S1", 0, 1, (Word("a"),)),
        Turn("S1", 1.5, 2, (Word("b"),)),
        Turn("S1", 9, 10, (Word("c"),)),
    )
    other = Turn("S2", 0.5, 0.9)
    assert join_neighbors(Transcript((a, b, c), 10)).turns == (
        Turn("S1", 0, 2, (Word("a"), Word("b"))),
        c,
    )
    assert join_neighbors(Transcript((a, other, b), 10)).turns == (a, other, b)


def test_a_list_of_turns_is_written_with_its_texts(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    write_transcript(Transcript((Turn("S1", 0.25, 1.0),), 2.0), path, format="turns")
    assert json.loads(path.read_text("utf-8")) == [
        {"speaker": "S1", "start": 0.25, "end": 1.0, "text": "[vocalization]"}
    ]
