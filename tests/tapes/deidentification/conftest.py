"""Short made-up talk, with times a word, and the synthetic sessions beside the repository."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bordin.tapes.shapes import Transcript, Turn, Word

SHARED = Path(__file__).parents[3].parent / "shared" / "data" / "tapes"

Talk = Callable[..., Transcript]


def _talk(*lines: str, timed: bool = True) -> Transcript:
    """Make a turn of each line; a word lasts 0.4 s, and 0.1 s lie between words."""
    turns, at = [], 0.0
    for number, line in enumerate(lines):
        words = []
        start = at
        for word in line.split():
            words.append(Word(word, at, at + 0.4, 0.9) if timed else Word(word))
            at += 0.5
        turns.append(Turn(("therapist", "client")[number % 2], start, at, tuple(words)))
        at += 0.5
    return Transcript(tuple(turns), at + 1.0)


@pytest.fixture
def talk() -> Talk:
    """Return the maker of talk."""
    return _talk


@pytest.fixture(params=["session_mf", "session_mm_room"])
def session(request: pytest.FixtureRequest) -> Transcript:
    """Return the turns of a synthetic session."""
    file = SHARED / f"{request.param}.json"
    if not file.is_file():
        pytest.skip("NOT RUN: the synthetic tapes are not beside the repository")
    turns = json.loads(file.read_text(encoding="utf-8"))
    return Transcript(
        tuple(Turn(t["speaker"], t["start"], t["end"], tuple(map(Word, t["text"].split()))) for t in turns),
        turns[-1]["end"] + 1.0,
    )
