"""Turns and transcripts of other programs in place of an engine."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tape_fakes import MadeSound

from bordin.tapes.engines.imported import TranscriptFromFile, TurnsFromFile

TAPE = MadeSound(np.zeros((16_000 * 10, 1), dtype=np.int16))
RTTM = "SPEAKER t 1 0.5 2.0 <NA> <NA> A <NA> <NA>\nSPEAKER t 1 2.0 9.0 <NA> <NA> B <NA> <NA>\n"
FILES = {
    "rttm": RTTM + "SPEAKER t 1 30.0 2.0 <NA> <NA> A <NA> <NA>\n",
    "vtt": "WEBVTT\n\n00:00.500 --> 00:02.500\n<v A>One two\n\n00:02.000 --> 00:11.000\n<v B>Three\n\n"
    "00:30.000 --> 00:32.000\n<v A>Late\n",
    "srt": "1\n00:00:00,500 --> 00:00:02,500\nA: One two\n\n2\n00:00:02,000 --> 00:00:11,000\nB: Three\n\n"
    "3\n00:00:30,000 --> 00:00:32,000\nA: Late\n",
    "json": json.dumps(
        {
            "segments": [
                {
                    "start": 0.5,
                    "end": 2.5,
                    "text": " One two",
                    "speaker": "A",
                    "words": [
                        {"word": "One", "start": 0.6, "end": 1.0, "score": 0.9, "speaker": "A"},
                        {"word": "two", "start": 1.1, "end": 1.5, "score": 0.8, "speaker": "A"},
                    ],
                },
                {
                    "start": 2.0,
                    "end": 11.0,
                    "text": " Three",
                    "speaker": "B",
                    "words": [{"word": "Three", "start": 9.8, "end": 10.9, "score": 0.9, "speaker": "B"}],
                },
                {
                    "start": 30.0,
                    "end": 32.0,
                    "text": " Late",
                    "speaker": "A",
                    "words": [{"word": "Late", "start": 30.0, "end": 31.0, "score": 0.9, "speaker": "A"}],
                },
            ],
            "word_segments": [],
            "language": "en",
        }
    ),
}


@pytest.fixture(params=FILES)
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"Anna Meier 2026-05-03.{request.param}"
    path.write_text(FILES[request.param], encoding="utf-8")
    return path


def test_turns_are_those_of_the_file_that_lie_on_the_tape(file):
    turns = TurnsFromFile(file).diarize(TAPE, speakers=2, tell=lambda _: None)
    assert [(t.speaker, t.start, t.end, t.words) for t in turns] == [
        ("A", 0.5, 2.5, ()),
        ("B", 2.0, 10.0, ()),
    ]


def test_a_transcript_is_cut_to_the_tape_and_says_so(file):
    made = TranscriptFromFile(file).transcript(TAPE)
    assert [(t.speaker, t.end) for t in made.turns] == [("A", 2.5), ("B", 10.0)]
    assert made.duration == 10.0
    assert "After the end of the tape the imported transcript goes on, turns left out: 1." in made.warnings
    texts = [t.text for t in made.turns]
    assert texts == (["[vocalization]"] * 2 if file.suffix == ".rttm" else ["One two", "Three"])
    # Words that the file gives a time behind the end are kept, within the tape.
    assert all(t is None or t <= 10.0 for w in made.words for t in (w.start, w.end))


def test_words_keep_their_times_where_the_file_has_them(tmp_path):
    path = tmp_path / "x.json"
    path.write_text(FILES["json"], encoding="utf-8")
    words = TranscriptFromFile(path).transcript(TAPE).words
    assert [(w.text, w.start, w.end) for w in words] == [
        ("One", 0.6, 1.0),
        ("two", 1.1, 1.5),
        ("Three", 9.8, 10.0),
    ]


def test_facts_change_with_the_content_and_hold_no_name(file):
    for engine in (TurnsFromFile(file), TranscriptFromFile(file)):
        before = engine.facts()
        assert list(before.model) == [f"file{file.suffix}"]
        assert "Anna" not in repr(before)
        text = file.read_text(encoding="utf-8")
        file.write_text(f"{text}\n", encoding="utf-8")
        assert engine.facts().model != before.model
