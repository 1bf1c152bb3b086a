"""Which format a file has, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from bordin.errors import TapeError
from bordin.tapes.formats import (
    FORMATS,
    Tiers,
    format_of,
    read_tiers,
    read_transcript,
    write_tiers,
    write_transcript,
)
from bordin.tapes.formats.source import source_of
from bordin.tapes.shapes import Transcript, Turn, Word

TALK = Transcript((Turn("S1", 1.0, 2.0, (Word("Hello."),)), Turn("S2", 1.5, 2.5)), 3.0)
WRITTEN = ["bordin", "turns", "rttm", "webvtt", "srt", "textgrid", "eaf", "chat"]
READ_ONLY = ["sbv", "whisperx", "whispercpp", "noscribe", "atrain"]


def test_the_list_of_formats() -> None:
    assert sorted(FORMATS) == sorted(WRITTEN + READ_ONLY)
    assert [n for n, f in FORMATS.items() if f.writes] == WRITTEN
    assert all(f.reads and f.description and f.extension.startswith(".") for f in FORMATS.values())
    assert {n for n, f in FORMATS.items() if f.read_tiers} == {"textgrid", "eaf", "chat"}


@pytest.mark.parametrize("name", WRITTEN)
def test_the_content_tells_where_the_ending_does_not(tmp_path: Path, name: str) -> None:
    path = tmp_path / "tape.unknown"
    write_transcript(TALK, path, format=name)
    assert format_of(source_of(path.read_bytes(), "tape.unknown")) == name
    read = read_transcript(path)
    assert [(t.speaker, t.start, t.end) for t in read.turns] == [("S1", 1.0, 2.0), ("S2", 1.5, 2.5)]


@pytest.mark.parametrize("name", WRITTEN)
def test_the_ending_alone_writes_the_format(tmp_path: Path, name: str) -> None:
    by_ending, by_name = tmp_path / f"tape{FORMATS[name].extension}", tmp_path / "tape.other"
    write_transcript(TALK, by_name, format="bordin" if name == "turns" else name)
    write_transcript(TALK, by_ending)
    assert by_ending.read_bytes() == by_name.read_bytes()


def test_json_is_told_apart_by_its_keys() -> None:
    kinds = {
        '{"turns": []}': "bordin",
        '[{"start": 0}]': "turns",
        '{"segments": [{"text": "we took \\"turns\\""}]}': "whisperx",
        '{"transcription": [{"text": "\\"segments\\""}]}': "whispercpp",
    }
    for text, name in kinds.items():
        assert format_of(source_of(text.encode(), "x.json")) == name


def test_unknown_names_endings_and_contents_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Just notes.\n", "utf-8")
    with pytest.raises(TapeError, match="neither ending nor content"):
        read_transcript(path)
    with pytest.raises(TapeError, match=r"there is no format 'webvt'\. Did you mean 'webvtt'"):
        read_transcript(path, format="webvt")
    with pytest.raises(TapeError, match=r"the ending '\.docx' stands for no format"):
        write_transcript(TALK, tmp_path / "x.docx")
    with pytest.raises(TapeError, match="reads 'noscribe' and does not write it"):
        write_transcript(TALK, tmp_path / "x.html")
    with pytest.raises(TapeError, match="'atrain' holds no tiers"):
        read_tiers(path, format="atrain")
    with pytest.raises(TapeError, match="tiers are not written as 'chat'"):
        write_tiers(Tiers(()), tmp_path / "x.cha")
