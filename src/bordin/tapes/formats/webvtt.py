"""WebVTT: captions with a voice for each cue.

A cue is a turn. A block that is neither cue nor note, style or region is refused with its line: what a reader
dropped would look like silence.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from bordin.errors import Problem, TapeError
from bordin.tapes.formats import noscribe
from bordin.tapes.formats.clock import clock, from_clock, span_in_milliseconds
from bordin.tapes.formats.cue_text import Voice, voices_of
from bordin.tapes.formats.reading import (
    NOTICE_IMPORTED,
    NOTICES,
    UNKNOWN_SPEAKER,
    Reading,
    checked,
)
from bordin.tapes.formats.source import Source
from bordin.tapes.shapes import MARKS, VOCALIZATION, Transcript, Turn

ARROW = "-->"
_BLOCK = re.compile(r"(NOTE|STYLE|REGION)(?:[ \t].*)?")
_TIMES = re.compile(r"(\S+)[ \t]+-->[ \t]+(\S+)(?:[ \t]+(.*))?")


@dataclass(frozen=True)
class _Block:
    line: int
    lines: tuple[str, ...]


def blocks_of(lines: list[str], first: int = 1) -> list[_Block]:
    """Part lines at blank lines; `first` is the number of the first line."""
    blocks: list[_Block] = []
    begun: list[str] = []
    for number, text in enumerate([*lines, ""], first):
        if text.strip():
            begun.append(text)
        elif begun:
            blocks.append(_Block(number - len(begun), tuple(begun)))
            begun = []
    return blocks


def read_webvtt(source: Source) -> Transcript:
    """Read cues as turns.

    Raises
    ------
    TapeError
        With the line of every block that is no cue and every cue whose times are wrong.
    """
    lines = source.text.split("\n")
    if not re.fullmatch(r"WEBVTT(?:[ \t].*)?", lines[0]):
        raise TapeError(Problem("a WebVTT file begins with the word WEBVTT.", source.file, 1))
    reading = Reading(source)
    blocks = blocks_of(lines)
    header, cues = blocks[0], []
    notes: list[str] = []
    for k, text in enumerate(header.lines):
        if ARROW in text:
            reading.problem("a blank line is missing before the first cue.", header.line + k)
    for block in blocks[1:]:
        if _BLOCK.fullmatch(block.lines[0]) and not any(ARROW in t for t in block.lines[:2]):
            notes.append("\n".join(block.lines))
        else:
            cues += _cue(reading, block)
    reading.refuse_problems()
    if any(n.startswith("NOTE media:") for n in notes):
        cues = noscribe.tidied(cues, reading)
    for cue in cues:
        reading.turn(cue.speaker, cue.start, cue.end, cue.words, cue.line)
    notice = next((n for n in NOTICES if any(n in " ".join(t.split()) for t in notes)), NOTICE_IMPORTED)
    return reading.transcript(notice=notice)


def _cue(reading: Reading, block: _Block) -> list[noscribe.Cue]:
    at = next((k for k, text in enumerate(block.lines[:2]) if ARROW in text), None)
    if at is None:
        reading.problem(
            "this text stands outside a cue.", block.line, "Give it times, or put NOTE before it."
        )
        return []
    line = block.line + at
    for k, text in enumerate(block.lines[at + 1 :], line + 1):
        if ARROW in text:
            reading.problem("a blank line is missing before this cue.", k)
            return []
    found = _TIMES.fullmatch(block.lines[at].strip())
    start, end = (from_clock(t) for t in found.groups()[:2]) if found else (None, None)
    if start is None or end is None:
        reading.problem("these are no times of a cue.", line, "Write them as 00:00:01.000 --> 00:00:02.000.")
        return []
    voices = voices_of(" ".join(block.lines[at + 1 :]), start, end)
    if not voices:
        reading.warnings.append(f"line {line}: the cue has no text.")
        voices = [Voice(UNKNOWN_SPEAKER, ())]
    if len(voices) > 1:
        reading.warnings.append(f"line {line}: {len(voices)} voices share one cue and its times.")
    return [noscribe.Cue(v.speaker, start, end, v.words, line) for v in voices]


def write_webvtt(transcript: Transcript, file: str = "") -> str:
    """Write a cue for each turn, with its speaker as voice and the marks of its words as classes."""
    checked(transcript, file)
    parts = ["WEBVTT", f"NOTE\n{transcript.notice.replace(ARROW, '->')}"]
    for t in transcript.turns:
        start, end = span_in_milliseconds(t.start, t.end)
        parts.append(f"{clock(start)} {ARROW} {clock(end)}\n{_voice(t)}{_text(t)}")
    return "\n\n".join(parts) + "\n"


def _voice(turn: Turn) -> str:
    speaker = " ".join(turn.speaker.split())
    return "" if speaker == UNKNOWN_SPEAKER else f"<v {html.escape(speaker, quote=False)}>"


def _text(turn: Turn) -> str:
    if not turn.words:
        return VOCALIZATION
    spoken = []
    for word in turn.words:
        text = html.escape(word.text, quote=False)
        for mark in word.marks:
            if mark in MARKS:
                text = f"<c.{mark.replace(' ', '-')}>{text}</c>"
        spoken.append(text)
    return " ".join(spoken)
