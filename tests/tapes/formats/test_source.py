"""Encodings are found out; files are written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from bordin.errors import TapeError
from bordin.tapes.formats import read_transcript, write_transcript
from bordin.tapes.formats import source as source_module
from bordin.tapes.formats.source import read_source, source_of, write_whole
from bordin.tapes.shapes import Transcript, Turn, Word

TEXT = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n<v Therapist>Tschüß, naïve\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_byte_order_marks_are_understood(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "tape.vtt"
    path.write_bytes(TEXT.replace("\n", "\r\n").encode(encoding))
    read = read_transcript(path)
    assert read.turns[0] == Turn("Therapist", 1.0, 2.0, (Word("Tschüß,"), Word("naïve")))
    assert read.warnings == ()


def test_windows_1252_is_read_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "tape.vtt"
    path.write_bytes(TEXT.encode("cp1252"))
    read = read_transcript(path)
    assert read.turns[0].text == "Tschüß, naïve"
    assert read.warnings == ("line 4 is not UTF-8; the file was read as Windows-1252. Look at its accents.",)


def test_what_is_no_text_is_refused_by_name_and_without_folder(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match=r"^tape\.vtt: this is no text file") as caught:
        source_of(b"WEBVTT\x00\x01", "tape.vtt")
    assert caught.value.problems[0].file == "tape.vtt"
    with pytest.raises(TapeError, match=r"tape\.vtt:2: a character is neither"):
        source_of(b"WEBVTT\n\x81\n", "tape.vtt")
    with pytest.raises(TapeError, match="UTF-16 and breaks off"):
        source_of(b"\xff\xfea", "tape.vtt")
    with pytest.raises(TapeError, match="cannot be read") as absent:
        read_source(tmp_path / "absent.vtt")
    assert str(tmp_path) not in str(absent.value)


def test_a_file_of_absurd_size_is_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_module, "LARGEST_BYTES", 3)
    path = tmp_path / "tape.vtt"
    path.write_text(TEXT, "utf-8")
    with pytest.raises(TapeError, match="larger than"):
        read_source(path)


def test_writing_fails_without_a_trace(tmp_path: Path) -> None:
    path = tmp_path / "tape.json"
    write_whole(path, "old")
    with pytest.raises(TapeError, match="half a character"):
        write_whole(path, "new \ud800")
    assert path.read_text("utf-8") == "old"
    with pytest.raises(TapeError, match="cannot be written"):
        write_whole(tmp_path / "absent" / "tape.json", "x")
    bad = Transcript((Turn("S1", 0.0, float("nan")),), 1.0)
    with pytest.raises(TapeError):
        write_transcript(bad, path)
    assert path.read_text("utf-8") == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["tape.json"]
