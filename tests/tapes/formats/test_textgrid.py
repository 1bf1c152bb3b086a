"""Praat's TextGrid in both forms, compared with praatio and textgrid."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from bordin.errors import TapeError
from bordin.tapes.formats import Mark, Tier, Tiers, read_tiers, read_transcript, write_tiers, write_transcript
from bordin.tapes.formats.source import source_of
from bordin.tapes.formats.textgrid import read_textgrid_tiers, write_textgrid_tiers
from bordin.tapes.shapes import Transcript, Turn, Word

# Tier, number of marks with text, sum of their starts: praatio 6.2.2 for the first three files, textgrid 1.6.1
# (which keeps the two overlaps of a ten-millionth second that bordin mends) for the last two.
OTHERS = {
    "praatio_bobby_phones_elan.TextGrid": [("phone", 13, "6.84275667255932912")],
    "praatio_dup_tier_names.TextGrid": [
        ("Mary", 1, "0.06588581304037375"),
        ("Mary", 1, "0.19395201918177338"),
        ("Mary", 1, "0.4117654091545475"),
    ],
    "praatio_mary.TextGrid": [
        ("phone", 14, "11.77469627374333745"),
        ("word", 4, "3.0386027626356543"),
        ("pitch", 4, "3.6447846499469257"),
    ],
    "kg_long.TextGrid": [
        ("phone", 104, "145529.59"),
        ("word", 45, "62867.2125"),
        ("mute", 0, "0"),
        ("Errors", 3, "4084.3875"),
    ],
    "kg_short.TextGrid": [
        ("phone", 104, "145529.59"),
        ("word", 45, "62867.2125"),
        ("mute", 0, "0"),
        ("Errors", 3, "4084.3875"),
    ],
}


@pytest.mark.parametrize("name", OTHERS)
def test_files_of_other_programs(interop: Path, name: str) -> None:
    read = read_tiers(interop / "praat" / name)
    mended = Decimal("2e-7") if name.startswith("kg") else Decimal(0)
    for tier, (called, count, starts) in zip(read.tiers, OTHERS[name], strict=True):
        assert (tier.name, len(tier.marks)) == (called, count)
        summed = sum((Decimal(repr(m.start)) for m in tier.marks), Decimal(0))
        assert summed - Decimal(starts) in {Decimal(0), mended}
    assert bool(read.warnings) == name.startswith("kg")


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("short", [False, True])
def test_their_tiers_survive_writing_in_both_forms(interop: Path, name: str, short: bool) -> None:
    read = read_tiers(interop / "praat" / name)
    text = write_textgrid_tiers(read, short=short)
    again = read_textgrid_tiers(source_of(text.encode(), name))
    assert again.tiers == read.tiers
    assert (again.start, again.end) == (read.start, read.end)


def test_the_long_and_the_short_form_hold_the_same(interop: Path) -> None:
    long, short = (read_tiers(interop / "praat" / f"kg_{k}.TextGrid") for k in ("long", "short"))
    assert long.tiers == short.tiers
    assert (long.start, long.end) == (1358.8925, 1422.5525)


HEAD = '"ooTextFile"\n"TextGrid"\n0\n10\n<exists>\n1\n'


def grid(body: str) -> Tiers:
    return read_textgrid_tiers(source_of((HEAD + body).encode(), "t.TextGrid"))


def test_quotes_lines_and_comments() -> None:
    read = grid('"IntervalTier" ! a "comment"\n"S ""1""" 0 10 2\n0 4 "say ""a""\nb"\n4 10 "item [1]: 5"\n')
    assert read.tiers[0] == Tier('S "1"', (Mark('say "a"\nb', 0.0, 4.0), Mark("item [1]: 5", 4.0, 10.0)))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_encodings_of_praat(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "t.TextGrid"
    path.write_bytes((HEAD + '"IntervalTier" "S1" 0 10 1\n0 10 "größer"\n').encode(encoding))
    assert read_transcript(path).turns == (Turn("S1", 0.0, 10.0, (Word("größer"),)),)


def test_overlaps_are_mended_up_to_a_microsecond_and_no_further() -> None:
    read = grid('"IntervalTier" "S1" 0 10 2\n0 4.0000009 "a"\n4 10 "b"\n')
    assert read.tiers[0].marks == (Mark("a", 0.0, 4.0000009), Mark("b", 4.0000009, 10.0))
    assert read.warnings == ("tier 'S1': 1 overlaps of less than a microsecond were mended.",)
    with pytest.raises(TapeError, match=r"t\.TextGrid:9: tier 'S1': the interval from 4 s begins before"):
        grid('"IntervalTier" "S1" 0 10 2\n0 4.00001 "a"\n4 10 "b"\n')


@pytest.mark.parametrize(
    ("body", "line", "message"),
    [
        (
            '"IntervalTier" "S1" 0 10 2\n0 4 "a"\n',
            8,
            "the file ends where the start of an interval should stand",
        ),
        (
            '"IntervalTier" "S1" 0 10 1\n0 "a"\n',
            8,
            "here stands a quoted text instead of the end of an interval",
        ),
        ('"IntervalTier" "S1" 0 10 1.5\n', 7, "1.5 is not a number of intervals or points"),
        ('"IntervalTier" "S1" 0 10 1\n0 4 "a\n', 8, "a quoted text is not closed"),
        ('"PitchTier" "S1" 0 10 1\n', 7, "a tier is no 'PitchTier'"),
        ('"IntervalTier" "S1" 0 10 1\n4 4 "a"\n', 8, "an interval has no length"),
    ],
)
def test_faults_stand_with_their_lines(body: str, line: int, message: str) -> None:
    with pytest.raises(TapeError) as caught:
        grid(body)
    assert caught.value.problems[0].line == line
    assert message in str(caught.value)


def test_other_files_of_praat_are_refused() -> None:
    with pytest.raises(TapeError, match="holds a 'Pitch 1', not a TextGrid"):
        read_textgrid_tiers(source_of(b'"ooTextFile"\n"Pitch 1"\n', "t.TextGrid"))
    with pytest.raises(TapeError, match="no text file of Praat"):
        read_textgrid_tiers(source_of(b'"Praat chronological TextGrid text file"\n', "t.TextGrid"))
    with pytest.raises(TapeError, match="binary file of Praat"):
        read_textgrid_tiers(source_of(b"ooBinaryFile\x01", "t.TextGrid"))
    assert read_textgrid_tiers(source_of(b'"ooTextFile"\n"TextGrid"\n0 1 <absent>\n', "t")).tiers == ()


def test_all_time_is_covered_and_overlaps_get_a_tier_of_their_own(tmp_path: Path) -> None:
    talk = Transcript(
        (
            Turn("S1", 1.0, 3.0, (Word("a", 1.25, 1.5), Word('"b"', 1.4, 2.0), Word("c"))),
            Turn("S1", 2.0, 4.0, (Word("d"),)),
            Turn("S2", 2.5, 2.75),
            Turn("S1", 3.0, 3.5, (Word("e"),)),
        ),
        10.0,
    )
    path = tmp_path / "t.TextGrid"
    write_transcript(talk, path)
    tiers = read_tiers(path)
    assert [t.name for t in tiers.tiers] == ["S1", "S1 words", "S1 (2)", "S2"]
    assert tiers.named("S1 words")[0].marks == (Mark("a", 1.25, 1.5), Mark('"b"', 1.5, 2.0))
    text = path.read_text("utf-8")
    assert text.count("intervals: size = 4\n") == 2  # S1: silence, a b c, e, silence; and its words
    assert text.count("xmax = 10\n") == 1 + 4 + 4  # the file, each tier, the last interval of each
    read = read_transcript(path)
    assert [(t.speaker, t.start, t.end, t.text) for t in read.turns] == [
        (t.speaker, t.start, t.end, t.text) for t in talk.turns
    ]
    assert read.duration == 10.0
    assert read.words[1] == Word('"b"', 1.5, 2.0)


def test_points_and_references_are_written(tmp_path: Path) -> None:
    points = Tier("clicks", (Mark("x", 1.0, 1.0), Mark("y", 1.0, 1.0)), "points")
    words = Tier("S1", (Mark("a", 1.0, 2.0, "a1"),))
    notes = Tier("notes", (Mark("n", 1.0, 2.0, "a2", "a1"),), "references", parent="S1")
    write_tiers(Tiers((points, words, notes), 0.0, 5.0), tmp_path / "t.TextGrid")
    read = read_tiers(tmp_path / "t.TextGrid")
    assert read.tiers == (points, Tier("S1", (Mark("a", 1.0, 2.0),)), Tier("notes", (Mark("n", 1.0, 2.0),)))
    with pytest.raises(TapeError, match="a mark of tier 'S1' has no times"):
        write_tiers(Tiers((Tier("S1", (Mark("a", None, None),)),)), tmp_path / "u.TextGrid")
    assert not (tmp_path / "u.TextGrid").exists()
