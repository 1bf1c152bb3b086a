"""WebVTT, SRT and SBV: nothing is dropped without a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from bordin.errors import TapeError
from bordin.tapes.formats import read_transcript, write_transcript
from bordin.tapes.formats.reading import NOTICE_IMPORTED
from bordin.tapes.formats.source import source_of
from bordin.tapes.formats.srt import read_srt
from bordin.tapes.formats.webvtt import read_webvtt
from bordin.tapes.shapes import LOW_CONFIDENCE, NOTICE, UNCERTAIN_SPEAKER, Transcript, Turn, Word


def vtt(text: str) -> Transcript:
    return read_webvtt(source_of(text.encode(), "t.vtt"))


def srt(text: str) -> Transcript:
    return read_srt(source_of(text.encode(), "t.srt"))


# Counts, sums of starts and last ends by webvtt-py 0.6.0, on the same files.
OTHERS = {
    "sample.vtt": (16, 524, 64.3),
    "captions_with_bom.vtt": (4, 34, 21.58),
    "cue_tags.vtt": (3, 54, 21.5),
    "comments.vtt": (3, 420, 150.0),
    "metadata_headers.vtt": (2, 7, 11.89),
    "styles.vtt": (1, 0, 10.0),
    "sample.srt": (5, 55, 23.88),
}


@pytest.mark.parametrize("name", OTHERS)
def test_files_of_another_program(interop: Path, name: str) -> None:
    turns = read_transcript(interop / "vtt_srt" / name).turns
    assert (len(turns), sum(int(t.start) for t in turns), turns[-1].end) == OTHERS[name]


@pytest.mark.parametrize(
    ("name", "line", "message"),
    [
        ("invalid.vtt", 1, "begins with the word WEBVTT"),
        ("invalid_timeframe.vtt", 6, "no times of a cue"),
        ("missing_timeframe.vtt", 6, "stands outside a cue"),
        ("sample.sbv", 14, "ends (16.543 s) before it starts (17.484 s)"),
    ],
)
def test_invalid_files_are_refused_with_the_line(interop: Path, name: str, line: int, message: str) -> None:
    with pytest.raises(TapeError) as caught:
        read_transcript(interop / "vtt_srt" / name)
    assert [(p.file, p.line) for p in caught.value.problems] == [(name, line)]
    assert message in str(caught.value)


def test_doubtful_files_are_read_with_a_warning(interop: Path) -> None:
    point = read_transcript(interop / "vtt_srt" / "invalid_timeframe.srt")
    assert point.warnings[0] == "line 6: the time has a point where SRT has a comma."
    assert point.turns[1].end == 11.89
    empty = read_transcript(interop / "vtt_srt" / "missing_caption_text.srt")
    assert empty.warnings[0] == "line 6: the caption has no text."
    assert (len(empty.turns), empty.turns[1].words) == (5, ())


def test_times_inside_a_cue_give_times_to_single_words(interop: Path) -> None:
    read = read_transcript(interop / "vtt_srt" / "cue_tags.vtt")
    assert read.turns[0].words[0] == Word("When")
    assert read.turns[1].words == (
        Word("Like"),
        Word("a"),
        Word("big-a", 19.0, 19.5),
        Word("pizza", 19.5, 20.0),
        Word("pie", 20.0, 20.5),
    )
    assert read.turns[2].text == "That's amore"


VOICES = """WEBVTT - a title
Kind: captions

NOTE a note --- with dashes

STYLE
::cue { color: red }

REGION
id:fred

1
00:01.000 --> 00:04.000 align:start position:10%
<v.loud Therapist>How <i>are</i> you &amp; yours?</v>

01:00:00.000 --> 01:00:01.000
<v Client>I <c.low-confidence.red>don't</c> <c.uncertain-speaker>know</c> <laughs> 3 < 4
second line
"""


def test_voices_marks_entities_and_settings() -> None:
    read = vtt(VOICES)
    assert read.turns[0] == Turn(
        "Therapist", 1.0, 4.0, tuple(map(Word, ["How", "are", "you", "&", "yours?"]))
    )
    assert read.turns[1].speaker == "Client"
    assert read.turns[1].text == "I don't know <laughs> 3 < 4 second line"
    assert read.turns[1].words[1] == Word("don't", marks=(LOW_CONFIDENCE,))
    assert read.turns[1].words[2] == Word("know", marks=(UNCERTAIN_SPEAKER,))
    assert read.turns[1].start == 3600.0
    assert read.notice == NOTICE_IMPORTED


def test_two_voices_in_a_cue_share_its_times() -> None:
    read = vtt("WEBVTT\n\n00:01.000 --> 00:02.000\n<v A>Yes.\n<v B>No.</v> Maybe.\n")
    assert [(t.speaker, t.text) for t in read.turns] == [("A", "Yes."), ("B", "No."), ("unknown", "Maybe.")]
    assert read.warnings[0] == "line 3: 3 voices share one cue and its times."


def test_all_faults_of_a_file_are_named_at_once() -> None:
    text = (
        "WEBVTT\n00:00.000 --> 00:01.000\nx\n\nlost\n\n00:02.000 --> 00:01.000\ny\n\n00:03.000->00:04.000\nz\n\n"
        "00:05.000 --> 00:06.000\ntext\n00:06.000 --> 00:07.000\nmore\n"
    )
    with pytest.raises(TapeError) as caught:
        vtt(text)
    assert [p.line for p in caught.value.problems] == [2, 5, 10, 15]
    with pytest.raises(TapeError, match=r"t\.vtt:3: the turn ends \(1 s\) before it starts \(2 s\)"):
        vtt("WEBVTT\n\n00:02.000 --> 00:01.000\ny\n")


def test_a_cue_without_length_is_kept_with_a_warning() -> None:
    read = vtt("WEBVTT\n\n00:02.000 --> 00:02.000\n<v A>mm\n")
    assert read.turns == (Turn("A", 2.0, 2.001, (Word("mm"),)),)
    assert read.warnings == ("line 3: the turn has no length and was given 0.001 s.",)


def test_many_faults_are_not_all_printed() -> None:
    with pytest.raises(TapeError) as caught:
        vtt("WEBVTT\n\n" + "lost\n\n" * 50)
    assert len(caught.value.problems) == 21
    assert "and 30 more" in caught.value.problems[-1].message


def test_what_webvtt_is_written_like(tmp_path: Path) -> None:
    talk = Transcript(
        (
            Turn("A & B", 59.9999, 61.0, (Word("a<b"), Word("-->", marks=(LOW_CONFIDENCE,)))),
            Turn("unknown", 61.0, 61.0002),
        ),
        62.0,
    )
    write_transcript(talk, tmp_path / "t.vtt")
    text = (tmp_path / "t.vtt").read_text("utf-8")
    assert text == (
        f"WEBVTT\n\nNOTE\n{NOTICE}\n\n"
        "00:01:00.000 --> 00:01:01.000\n<v A &amp; B>a&lt;b <c.low-confidence>--&gt;</c>\n\n"
        "00:01:01.000 --> 00:01:01.001\n[vocalization]\n"
    )
    assert read_transcript(tmp_path / "t.vtt").notice == NOTICE


SPEAKERS = """1
00:00:01,000 --> 00:00:02,000
<i>Anna: Listen: I said</i>

2
00:00:02,000 --> 00:00:03,000 X1:1
{\\an8}But: why
not?

3
00:00:03,000 --> 00:00:04,000
Anna: yes

4
00:00:04,000 --> 00:00:05,000
S2: at 10:30

5
00:00:05,000 --> 00:00:06,000
well
"""


def test_speakers_before_a_colon_are_a_guess_with_rules() -> None:
    read = srt(SPEAKERS)
    assert [(t.speaker, t.text) for t in read.turns] == [
        ("Anna", "Listen: I said"),
        ("unknown", "But: why not?"),
        ("Anna", "yes"),
        ("S2", "at 10:30"),
        ("unknown", "well"),
    ]
    assert [t.speaker for t in srt("1\n00:00:01,000 --> 00:00:02,000\nKlient 1: ja\n").turns] == ["Klient 1"]


def test_faults_in_srt_stand_with_their_lines() -> None:
    with pytest.raises(TapeError) as caught:
        srt(
            "1\n00:00:01,000 --> 00:00:0x,000\na\n\nlost\n\nx\n00:00:01,000 --> 00:00:02,000\n\n00:00:05,000 --> 00:00:06,000\na\n00:00:07,000 --> 00:00:08,000\n"
        )
    assert [p.line for p in caught.value.problems] == [2, 5, 7, 12]


def test_a_label_that_srt_cannot_hold_is_refused(tmp_path: Path) -> None:
    talk = Transcript((Turn("role: client", 0.0, 1.0),), 1.0)
    with pytest.raises(TapeError, match="'role: client' cannot be written"):
        write_transcript(talk, tmp_path / "t.srt")


def test_sbv_is_read(tmp_path: Path) -> None:
    path = tmp_path / "t.sbv"
    path.write_text("0:00:01.000,0:00:02.500\nS1: a[br]b\nc\n\n", "utf-8")
    assert read_transcript(path).turns == (Turn("S1", 1.0, 2.5, (Word("a"), Word("b"), Word("c"))),)
    path.write_text("0:00:01.000,0:00:02.500\na\n\nx\n", "utf-8")
    with pytest.raises(TapeError, match=r"t\.sbv:4: these are no times"):
        read_transcript(path)
