"""CHAT: main lines, bullets, dependent lines; what is written was checked with pylangacq 0.23.0."""

from __future__ import annotations

from pathlib import Path

import pytest

from bordin.errors import TapeError
from bordin.tapes.formats import Mark, read_tiers, read_transcript, write_transcript
from bordin.tapes.formats.chat import read_chat
from bordin.tapes.formats.chat_words import words_of_line
from bordin.tapes.formats.reading import NOTICE_IMPORTED
from bordin.tapes.formats.source import source_of
from bordin.tapes.shapes import LOW_CONFIDENCE, NOTICE_CORRECTED, PLACEHOLDER, Transcript, Turn, Word

HEAD = "@UTF8\n@Begin\n@Languages:\teng\n@Participants:\tTHE Alex Investigator,\n\tCLI Kim Participant\n"
B = "\x15"


def cha(body: str, head: str = HEAD) -> Transcript:
    return read_chat(source_of(f"{head}{body}@End\n".encode(), "t.cha"))


def test_lines_bullets_continuations_and_sounds() -> None:
    read = cha(
        f"*THE:\tso how was\n\tyour week ? {B}0_2500{B}\n"
        "%com:\tlooks up\n"
        f"*CLI:\t&=sighs . {B}2000_2600{B}\n"
        f"*CLI:\twell (.) I dunno [?] (2.3) it's xxx .\n*CLI:\tyes . {B}2700_6000{B}\n"
        f'*THE:\tmhm . {B}%snd:"someone.wav"_6000_6400{B}\n'
    )
    assert [(t.speaker, t.start, t.end, t.text) for t in read.turns] == [
        ("THE", 0.0, 2.5, "so how was your week?"),
        ("CLI", 2.0, 2.6, "[vocalization]"),
        ("CLI", 2.7, 6.0, "well (.) I dunno (2.3) it's xxx. yes."),
        ("THE", 6.0, 6.4, "mhm."),
    ]
    assert read.turns[2].words[3] == Word("dunno", marks=(LOW_CONFIDENCE,))
    assert read.turns[2].words[6] == Word("xxx.", marks=(LOW_CONFIDENCE,))
    assert "someone" not in str(read)
    assert "Alex" not in str(read)
    assert read.notice == NOTICE_IMPORTED


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("<I wan(t) to> [//] I want to go +...", "I want to I want to go…"),
        ("+^ &-um &+fr friends@o [= pals] , really +/.", "um fr friends, really–"),
        ("well 0is it 0 [=! laughs] ⌈ yes ⌉ ?", "well it yes?"),
        ("ho(l)d on +!?", "hold on!?"),
        ('he said +"/.', "he said:"),
        ("no [x 3] [+ exc] .", "no."),
        ("(..) (1:02.5) yes &=laughs !", "(..) (1:02.5) yes [vocalization]"),
        ("0 .", "[vocalization]"),
        ("Anna@z:placeholder said so .", "[Anna] said so."),
    ],
)
def test_signs_of_the_main_line(line: str, text: str) -> None:
    assert Turn("S1", 0.0, 1.0, words_of_line(line)).text == text


def test_uncertain_groups_are_marked_whole() -> None:
    words = words_of_line("I <went to> [?] town .")
    assert [w.marks for w in words] == [(), (LOW_CONFIDENCE,), (LOW_CONFIDENCE,), ()]


@pytest.mark.parametrize(
    ("body", "lines", "message"),
    [
        (f"*THR:\thi . {B}0_1{B}\n", [6], "names no speaker 'THR'. Did you mean 'THE'"),
        ("*THE:\thi .\n*CLI:\thi .\n", [6, 7], "no bullet says when"),
        (f"*THE:\thi . {B}0_x{B}\n", [6], "holds no times in milliseconds"),
        (f"*THE:\thi . {B}9_1{B}\n", [6], "ends (1 ms) before it starts (9 ms)"),
        (f"%com:\thi\n*THE:\thi . {B}0_1{B}\n", [6], "before the first main line"),
        (f"*THE:\thi . {B}0_1{B}\nhello\n", [7], "none of CHAT"),
    ],
)
def test_faults_stand_with_their_lines(body: str, lines: list[int], message: str) -> None:
    with pytest.raises(TapeError) as caught:
        cha(body)
    assert [p.line for p in caught.value.problems] == lines
    assert message in str(caught.value)


def test_missing_ends_are_told() -> None:
    with pytest.raises(TapeError, match="a line @Begin"):
        cha("", "@UTF8\n")
    body = f"{HEAD}*THE:\thi . {B}0_1{B}\n"
    read = read_chat(source_of(body.encode(), "t.cha"))
    assert read.warnings == ("The file has no line @End; perhaps it breaks off.",)


def test_dependent_lines_are_tiers(tmp_path: Path) -> None:
    path = tmp_path / "t.cha"
    body = f"*THE:\thi there .\n%com:\twaves\n%mor:\tco|hi\n\tadv|there .\n*THE:\tso . {B}0_900{B}\n%com:\tsits\n"
    path.write_text(f"{HEAD}{body}@End\n", "utf-8")
    read = read_tiers(path)
    assert [(t.name, t.parent) for t in read.tiers] == [("THE", None), ("com@THE", "THE"), ("mor@THE", "THE")]
    assert read.tiers[0].marks == (Mark("hi there .", None, None, "u6"), Mark("so .", 0.0, 0.9, "u10"))
    assert [(m.text, m.parent) for m in read.tiers[1].marks] == [("waves", "u6"), ("sits", "u10")]
    assert read.tiers[2].marks[0].text == "co|hi adv|there ."


TALK = Transcript(
    (
        Turn("therapist", 1.0, 5.187, tuple(map(Word, ["Good", "morning.", "Thanks", "for", "coming,", "Kim.", "How", "are", "you?"]))),
        Turn("client", 5.0, 6.25),
        Turn("client", 7.0, 9.5, (Word("Well,", 7.0, 7.4), Word("don't", 7.5, 8.0), Word("know…", 8.0, 8.4))),
        Turn("S3", 9.0, 10.0, (Word("I", marks=(LOW_CONFIDENCE,)), Word("met"), Word("[Anna]", marks=(PLACEHOLDER,)), Word("(2.3)"), Word("then–"))),
    ),
    10.0,
    notice=NOTICE_CORRECTED,
)  # fmt: skip
# pylangacq 0.23.0 read it as: THE None [Good morning .]; THE None [Thanks for coming , Kim .];
# THE (1000, 5187) [How are you ?]; CLI (5000, 6250) [.]; CLI (7000, 9500) [Well , don't know +...], its %wor
# kept; S3 (9000, 10000) [I met Anna then +/.]; participants THE Investigator, CLI Participant, S3 Participant.
WRITTEN = (
    "@UTF8\n@Begin\n@Languages:\tund\n"
    "@Participants:\tTHE Investigator, CLI Participant, S3 Participant\n"
    "@ID:\tund|bordin|THE|||||Investigator||speaker=therapist|\n"
    "@ID:\tund|bordin|CLI|||||Participant||speaker=client|\n"
    "@ID:\tund|bordin|S3|||||Participant||speaker=S3|\n"
    f"@Comment:\t{NOTICE_CORRECTED}\n"
    "*THE:\tGood morning .\n*THE:\tThanks for coming , Kim .\n"
    f"*THE:\tHow are you ? {B}1000_5187{B}\n"
    f"*CLI:\t&=vocalizes . {B}5000_6250{B}\n"
    f"*CLI:\tWell , don't know +... {B}7000_9500{B}\n"
    f"%wor:\tWell {B}7000_7400{B} don't {B}7500_8000{B} know {B}8000_8400{B} .\n"
    f"*S3:\tI [?] met Anna@z:placeholder (2.3) then +/. {B}9000_10000{B}\n"
    "@End\n"
)


def test_what_is_written_is_what_another_program_read(tmp_path: Path) -> None:
    path = tmp_path / "t.cha"
    write_transcript(TALK, path)
    assert path.read_text("utf-8") == WRITTEN
    assert read_transcript(path) == TALK


def test_labels_and_codes(tmp_path: Path) -> None:
    path = tmp_path / "t.cha"
    talk = Transcript(
        tuple(Turn(s, k, k + 0.5) for k, s in enumerate(["a b", "A-B", "1st", "ä", "Client"])), 9.0
    )
    write_transcript(talk, path)
    assert read_transcript(path).speakers == talk.speakers
    assert (
        "@Participants:\tAB Participant, AB2 Participant, S1ST Participant, SPK Participant, CLI"
        in path.read_text("utf-8")
    )
    with pytest.raises(TapeError, match=r"'a\|b' cannot be written"):
        write_transcript(Transcript((Turn("a|b", 0.0, 1.0),), 1.0), path)


def test_what_chat_cannot_hold_is_made_fit(tmp_path: Path) -> None:
    words = tuple(map(Word, ["e.g.,", "<b>", "&", "a.b?!", "so", "[x]", "yes.”"]))
    write_transcript(
        Transcript((Turn("S1", 0.0, 1.0, words), Turn("S1", 1.0, 2.0, (Word("..."),))), 2.0),
        tmp_path / "t.cha",
    )
    read = read_transcript(tmp_path / "t.cha")
    assert [t.text for t in read.turns] == ["eg, b ab! so x yes”.", "xxx."]
