"""What noScribe and aTrain write. The files are made by hand after what those programs do."""

from __future__ import annotations

from pathlib import Path

import pytest

from bordin.errors import TapeError
from bordin.tapes.formats import read_transcript
from bordin.tapes.shapes import NOTICE

PAGE = """<!DOCTYPE html>
<html><head><meta charset="UTF-8"><meta name="audio_source" content="C:/Users/someone/secret name.wav"></head>
<body><div class="WordSection1"><p style="font-weight: 600">secret name</p>
<p><span>Transcribed with noScribe<br>Audio source: secret name.wav</span></p>
<p><a name="ts_0_1200_" >(.) </a></p>
<p><a name="ts_1200_4000_S00" >S00: How are you &amp; yours?</a><a name="ts_4000_6000_S00" > I wonder.</a><a name="ts_6000_9000_S00" > (...)</a>
<a name="ts_7000_7500_//S01" > //S01: mhm</a><a name="ts_9000_9900_S00" >// go on</a></p>
<p><a name="ts_10000_12000_S01" >S01: Fine: really.//</a></p>
</div></body></html>
"""


def put(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_noscribe_html(tmp_path: Path) -> None:
    read = read_transcript(put(tmp_path, "t.html", PAGE))
    assert [(t.speaker, t.start, t.end, t.text) for t in read.turns] == [
        ("S00", 1.2, 4.0, "How are you & yours?"),
        ("S00", 4.0, 6.0, "I wonder."),
        ("S01", 7.0, 7.5, "mhm"),
        ("S00", 9.0, 9.9, "go on"),
        ("S01", 10.0, 12.0, "Fine: really."),
    ]
    assert read.warnings == ("2 pauses that noScribe wrote as text were left to the times.",)
    assert read.notice == NOTICE
    assert "secret" not in str(read)


def test_noscribe_with_times_and_renamed_speakers(tmp_path: Path) -> None:
    page = (
        '<html><body><p><a name="ts_0_1000_S00">Therapist <span>[00:00:00]</span>: Hello</a>'
        '<a name="ts_1000_2000_S00"> <span>[00:00:01]</span> there</a></p>'
        '<p><a name="ts_2000_3000_S01">S01 <span>[00:00:02]</span>: Hi</a></p>'
        '<p><a name="ts_3000_4000_S00">Therapist <span>[00:00:03]</span>: So</a></p></body></html>'
    )
    read = read_transcript(put(tmp_path, "t.html", page))
    assert [(t.speaker, t.text) for t in read.turns] == [
        ("Therapist", "Hello"),
        ("Therapist", "there"),
        ("S01", "Hi"),
        ("Therapist", "So"),
    ]


def test_noscribe_without_speakers_and_with_faults(tmp_path: Path) -> None:
    page = '<html><body><p><a name="ts_0_1000_">Hello</a></p></body></html>'
    read = read_transcript(put(tmp_path, "t.html", page))
    assert (read.speakers, read.words[0].text) == (("unknown",), "Hello")
    with pytest.raises(TapeError, match=r"t\.html:2: this anchor names no times"):
        read_transcript(put(tmp_path, "t.html", '<html>\n<a name="ts_x_1000_S00">a</a>'))
    with pytest.raises(TapeError, match="holds no turn"):
        read_transcript(put(tmp_path, "t.html", "<html><p>Any page</p></html>"))


def test_noscribe_webvtt(tmp_path: Path) -> None:
    text = (
        "WEBVTT secret name\n\nNOTE\nTranscribed with noScribe\n\nNOTE media: C:/Users/someone/secret name.wav\n\n"
        "1\n00:00:00.000 --> 00:00:01.200\n<v >(.) \n\n"
        "2\n00:00:01.200 --> 00:00:04.000\n<v S00>How are you &amp; yours?\n\n"
        "3\n00:00:03.000 --> 00:00:03.500\n<v //S01>//S01: mhm\n\n"
        "4\n00:00:04.000 --> 00:00:05.000\n<v S00>// go on\n"
    )
    read = read_transcript(put(tmp_path, "t.vtt", text))
    assert [(t.speaker, t.start, t.text) for t in read.turns] == [
        ("S00", 1.2, "How are you & yours?"),
        ("S01", 3.0, "mhm"),
        ("S00", 4.0, "go on"),
    ]
    assert "secret" not in str(read)


TIMES = "Transcription for 2024-01-01 tape\n\nSPEAKER_00\n[00:00:01] - How are you?\n[00:00:04] - I wonder.\n\nSPEAKER_01\n[01:00:04] - Fine.\n"
MAXQDA = "Transcription for tape\n\nSPEAKER_00\n[00:00:01] - How are you? [00:00:04] - I wonder. \n\nSPEAKER_01\n[01:00:04] - Fine. "


@pytest.mark.parametrize("text", [TIMES, MAXQDA])
def test_atrain_texts_with_times(tmp_path: Path, text: str) -> None:
    read = read_transcript(put(tmp_path, "transcription_timestamps.txt", text))
    assert [(t.speaker, t.start, t.end, t.text) for t in read.turns] == [
        ("SPEAKER_00", 1.0, 4.0, "How are you?"),
        ("SPEAKER_00", 4.0, 3604.0, "I wonder."),
        ("SPEAKER_01", 3604.0, 3605.0, "Fine."),
    ]
    assert "whole seconds" in read.warnings[-1]


def test_atrain_text_without_times_is_refused_with_the_way_out(tmp_path: Path) -> None:
    path = put(tmp_path, "transcription.txt", "Transcription for tape\n\nSPEAKER_00\nHow are you?\n")
    with pytest.raises(TapeError, match=r"holds no times\. Read aTrain's transcription\.json"):
        read_transcript(path)
    broken = put(tmp_path, "t.txt", "Transcription for tape\nlost [00:00:01] - a\n[00:61:00] - b\n")
    with pytest.raises(TapeError) as caught:
        read_transcript(broken)
    assert [p.line for p in caught.value.problems] == [2, 3]
