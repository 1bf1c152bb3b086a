"""ELAN's EAF: all tiers, safe XML, no media; compared with pympi-ling."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bordin.errors import TapeError
from bordin.tapes.formats import Mark, Tier, Tiers, read_tiers, read_transcript, write_tiers, write_transcript
from bordin.tapes.formats.eaf import read_eaf_tiers
from bordin.tapes.formats.eaf_writing import write_eaf_tiers
from bordin.tapes.formats.source import source_of
from bordin.tapes.formats.tiers import (
    INCLUDED_IN,
    REFERENCES,
    SYMBOLIC_ASSOCIATION,
    SYMBOLIC_SUBDIVISION,
    TIME_SUBDIVISION,
)
from bordin.tapes.shapes import LOW_CONFIDENCE, NOTICE, Transcript, Turn, Word

# By pympi-ling 1.71 on the same files: aligned annotations, references, sum of all times that stand in the file (ms).
OTHERS = {
    "pympi_sample_2.8.eaf": {
        "text": (399, 0, 479_199_000),
        "words-timesub": (1995, 0, 499_143_216),
        "words-symsub": (0, 1995, 0),
        "gestures": (1197, 0, 1_437_118_200),
        "gest_included": (1197, 0, 1_437_198_000),
        "words-pos": (0, 1995, 0),
    },
    "speach_fables_aesop.eaf": {
        "Story": (16, 0, 1_311_080),
        "SectionMarker": (3, 0, 260_622),
        "StoryChunk": (28, 0, 2_630_355),
        "StoryChunkLanguage": (0, 28, 0),
        "StoryChunkType": (0, 22, 0),
    },
    "speach_test.eaf": {
        "Person1 (Utterance)": (8, 0, 149_520),
        "marker": (3, 0, 63_273),
        "Person1 (Chunk)": (12, 0, 252_549),
        "Person1 (ChunkLanguage)": (0, 12, 0),
        "Person1 (Language)": (0, 8, 0),
    },
}


@pytest.mark.parametrize("name", OTHERS)
def test_files_of_other_programs(interop: Path, name: str) -> None:
    read = read_tiers(interop / "elan" / name)
    found = {}
    for tier in read.tiers:
        refers = tier.kind == REFERENCES
        times = 0
        for m in () if refers else tier.marks:
            times += 0 if "start" in m.estimated else round((m.start or 0) * 1000)
            times += 0 if "end" in m.estimated else round((m.end or 0) * 1000)
        found[tier.name] = (0 if refers else len(tier.marks), len(tier.marks) if refers else 0, times)
    assert found == OTHERS[name]


@pytest.mark.parametrize("name", OTHERS)
def test_their_tiers_survive_writing_without_loss_and_without_media(
    interop: Path, tmp_path: Path, name: str
) -> None:
    read = read_tiers(interop / "elan" / name)
    write_tiers(read, tmp_path / "t.eaf")
    again = read_tiers(tmp_path / "t.eaf")
    assert again.tiers == read.tiers
    text = (tmp_path / "t.eaf").read_text("utf-8")
    assert not re.search(r"MEDIA_URL|MEDIA_DESCRIPTOR|LINK_URL|file:|\.wav|\.mp4|/Users/|/home/", text)


def test_speakers_are_the_tiers_with_a_participant(interop: Path) -> None:
    read = read_transcript(interop / "elan" / "speach_test.eaf")
    assert read.speakers == ("P001",)
    assert (len(read.turns), read.turns[0].start, read.turns[0].end) == (8, 1.04, 2.33)
    assert read.warnings == ("4 of 5 tiers hold no speaker and were not read.",)


SLOTS = '<TIME_ORDER><TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="1000"/><TIME_SLOT TIME_SLOT_ID="ts2"/><TIME_SLOT TIME_SLOT_ID="ts3"/><TIME_SLOT TIME_SLOT_ID="ts4" TIME_VALUE="4000"/></TIME_ORDER>'
TYPES = """<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="u"/>
<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="w" CONSTRAINTS="Time_Subdivision"/>
<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="s" CONSTRAINTS="Symbolic_Subdivision"/>
<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="a" CONSTRAINTS="Symbolic_Association"/>"""


def aligned(name: str, first: str, last: str, text: str) -> str:
    return (
        f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="{name}" TIME_SLOT_REF1="{first}" TIME_SLOT_REF2="{last}">'
        f"<ANNOTATION_VALUE>{text}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>"
    )


def refers(name: str, to: str, text: str, previous: str = "") -> str:
    before = f' PREVIOUS_ANNOTATION="{previous}"' if previous else ""
    return (
        f'<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="{name}" ANNOTATION_REF="{to}"{before}>'
        f"<ANNOTATION_VALUE>{text}</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>"
    )


def tier(name: str, form: str, body: str, more: str = "") -> str:
    return f'<TIER TIER_ID="{name}" LINGUISTIC_TYPE_REF="{form}"{more}>\n{body}\n</TIER>\n'


def eaf(body: str, slots: str = SLOTS, head: str = "") -> Tiers:
    text = f'{head}<ANNOTATION_DOCUMENT>\n<HEADER TIME_UNITS="milliseconds"/>\n{slots}\n{body}{TYPES}\n</ANNOTATION_DOCUMENT>'
    return read_eaf_tiers(source_of(text.encode(), "t.eaf"))


UTTERANCE = tier("U", "u", aligned("a1", "ts1", "ts4", "a b c"), ' PARTICIPANT="P1" ANNOTATOR="X"')


def test_references_of_references_in_the_order_of_the_ones_before() -> None:
    words = refers("a4", "a1", "c", "a3") + refers("a2", "a1", "a") + refers("a3", "a1", "b", "a2")
    body = (
        tier("Q", "a", refers("a5", "a3", "noun"), ' PARENT_REF="W"')
        + tier("W", "s", words, ' PARENT_REF="U"')
        + UTTERANCE
    )
    read = eaf(body)
    assert [t.name for t in read.tiers] == ["Q", "W", "U"]
    assert [m.text for m in read.tiers[1].marks] == ["a", "b", "c"]
    assert read.tiers[0].marks == (Mark("noun", 1.0, 4.0, "a5", "a3"),)
    assert (read.tiers[0].constraint, read.tiers[1].constraint) == (
        SYMBOLIC_ASSOCIATION,
        SYMBOLIC_SUBDIVISION,
    )
    assert (read.tiers[2].participant, read.tiers[2].annotator) == ("P1", "X")
    again = read_eaf_tiers(source_of(write_eaf_tiers(read).encode(), "t.eaf"))
    assert again.tiers == read.tiers


def test_open_times_are_spread_evenly_and_stay_open() -> None:
    words = (
        aligned("a2", "ts1", "ts2", "a") + aligned("a3", "ts2", "ts3", "b") + aligned("a4", "ts3", "ts4", "c")
    )
    read = eaf(UTTERANCE + tier("W", "w", words, ' PARENT_REF="U"'))
    assert read.tiers[1].constraint == TIME_SUBDIVISION
    assert read.tiers[1].marks == (
        Mark("a", 1.0, 2.0, "a2", "a1", ("end",)),
        Mark("b", 2.0, 3.0, "a3", "a1", ("start", "end")),
        Mark("c", 3.0, 4.0, "a4", "a1", ("start",)),
    )
    text = write_eaf_tiers(read)
    assert text.count("<TIME_SLOT ") == 4
    assert text.count("TIME_VALUE") == 2
    assert read_eaf_tiers(source_of(text.encode(), "t.eaf")).tiers == read.tiers


def test_open_times_without_a_chain_follow_the_order_of_the_slots() -> None:
    read = eaf(tier("W", "u", aligned("a2", "ts2", "ts3", "a")))
    assert read.tiers[0].marks == (Mark("a", 2.0, 3.0, "a2", None, ("start", "end")),)


@pytest.mark.parametrize(
    ("body", "line", "message"),
    [
        (tier("U", "u", aligned("a1", "ts1", "ts9", "x")), 5, "the time slot 'ts9' is not in the file"),
        (
            tier("U", "u", aligned("a1", "ts4", "ts1", "x")),
            5,
            "ends (1000 ms) no later than it starts (4000 ms)",
        ),
        (tier("W", "a", refers("a2", "a1", "x")), 5, "refers to no annotation"),
        (tier("W", "a", "", ' PARENT_REF="V"'), 4, "names a parent that is not in the file"),
        (tier("W", "a", "", ' PARENT_REF="W"'), 1, "form a circle"),
        (UTTERANCE + UTTERANCE, 4, "must have a name of its own"),
        (
            UTTERANCE
            + tier(
                "W", "s", refers("a2", "a1", "x", "a3") + refers("a3", "a1", "y", "a2"), ' PARENT_REF="U"'
            ),
            8,
            "in a circle",
        ),
        (tier("U", "u", "<ANNOTATION><OTHER/></ANNOTATION>"), 5, "'OTHER' is no annotation"),
    ],
)
def test_faults_stand_with_their_lines(body: str, line: int, message: str) -> None:
    with pytest.raises(TapeError) as caught:
        eaf(body)
    assert caught.value.problems[0].line == line
    assert message in str(caught.value)


def test_other_xml_and_other_units_are_refused() -> None:
    with pytest.raises(TapeError, match=r"t\.eaf:1: this XML is a 'html'"):
        read_eaf_tiers(source_of(b"<html/>", "t.eaf"))
    with pytest.raises(TapeError, match=r"t\.eaf:2: this is no well-formed XML \(mismatched tag\)"):
        read_eaf_tiers(source_of(b"<a>\n<b></a>", "t.eaf"))
    with pytest.raises(TapeError, match="'PAL-frames' cannot be read"):
        read_eaf_tiers(
            source_of(
                b'<ANNOTATION_DOCUMENT><HEADER TIME_UNITS="PAL-frames"/></ANNOTATION_DOCUMENT>', "t.eaf"
            )
        )
    with pytest.raises(TapeError, match="no time in whole milliseconds"):
        eaf(UTTERANCE, '<TIME_ORDER><TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="1.5"/></TIME_ORDER>')
    with pytest.raises(TapeError, match="nested too deeply"):
        read_eaf_tiers(source_of(b"<a>" * 100_000, "t.eaf"))
    with pytest.raises(TapeError, match="encoding"):
        read_eaf_tiers(source_of(b'<?xml version="1.0" encoding="x-none"?><a/>', "t.eaf"))


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE a [<!ENTITY % b SYSTEM "http://127.0.0.1:9/x.dtd"> %b;]>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>',
    ],
)
def test_entities_are_an_attack_and_refused(tmp_path: Path, doctype: str) -> None:
    path = tmp_path / "t.eaf"
    path.write_text(
        f'<?xml version="1.0"?>\n{doctype}\n<ANNOTATION_DOCUMENT>&b;</ANNOTATION_DOCUMENT>', "utf-8"
    )
    with pytest.raises(TapeError, match=r"t\.eaf:2: the file declares a document type"):
        read_transcript(path)


def test_a_transcript_keeps_speakers_overlaps_words_and_marks(tmp_path: Path) -> None:
    talk = Transcript(
        (
            Turn(
                "therapist", 1.0, 3.0, (Word("a", 1.25, 1.5), Word("<b>", 1.5, 2.0, None, (LOW_CONFIDENCE,)))
            ),
            Turn("client", 2.5, 2.75),
            Turn("therapist", 2.8, 4.0, (Word("c & d"),)),
        ),
        4.0,
    )
    path = tmp_path / "t.eaf"
    write_transcript(talk, path)
    rows = {t.name: t for t in read_tiers(path).tiers}
    assert list(rows) == ["therapist", "therapist words", "therapist marks", "therapist (2)", "client"]
    assert rows["therapist words"].constraint == INCLUDED_IN
    assert rows["therapist (2)"].participant == "therapist"
    read = read_transcript(path)
    assert read.turns[0] == talk.turns[0]
    assert read.turns[1] == talk.turns[1]
    assert read.turns[2].text == "c & d"
    assert read.overlaps == talk.overlaps
    assert read.notice == NOTICE
    assert 'MEDIA_FILE=""' in path.read_text("utf-8")
    write_transcript(talk, tmp_path / "u.eaf")
    assert (tmp_path / "u.eaf").read_bytes() == path.read_bytes()


def test_what_eaf_cannot_hold_is_refused_or_made_fit(tmp_path: Path) -> None:
    bell = Tiers((Tier("S1", (Mark("\x07", 0.0, 1.0),)),))
    with pytest.raises(TapeError, match="control character"):
        write_tiers(bell, tmp_path / "t.eaf")
    orphan = Tiers((Tier("n", (Mark("x", 0.0, 1.0, "a1"),), REFERENCES),))
    with pytest.raises(TapeError, match="refers to no other tier"):
        write_tiers(orphan, tmp_path / "t.eaf")
    twice = Tiers((Tier("M", (Mark("x", 0.0, 1.0),)), Tier("M", (Mark("y", 0.5, 0.5),), "points")))
    write_tiers(twice, tmp_path / "t.eaf")
    assert [(t.name, t.marks) for t in read_tiers(tmp_path / "t.eaf").tiers] == [
        ("M", (Mark("x", 0.0, 1.0, "a1"),)),
        ("M (2)", (Mark("y", 0.5, 0.501, "a2"),)),
    ]
