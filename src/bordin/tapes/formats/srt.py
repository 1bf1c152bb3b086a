"""SRT: captions without a place for the speaker, who stands before a colon in the text.

A prefix counts as a speaker where every caption has one, or where the same prefix comes at least twice, or where
it is a usual label (``S1``, ``SPEAKER_00``, ``therapist``, ``client``).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from bordin.tapes.formats.clock import clock, from_clock, span_in_milliseconds
from bordin.tapes.formats.reading import UNKNOWN_SPEAKER, Reading, checked, refuse_labels, words_of
from bordin.tapes.formats.source import Source
from bordin.tapes.formats.webvtt import ARROW, blocks_of
from bordin.tapes.shapes import Transcript

_TIMES = re.compile(r"(\S+)[ \t]*-->[ \t]*(\S+)(?:[ \t].*)?")
_PREFIX = re.compile(r"\s*([^:\n]{1,60}?):(?:\s+|$)(.*)", re.DOTALL)
_USUAL = re.compile(
    r"S\d{1,2}|SPEAKER[ _]?\d{1,2}|therapist|client|patient|couple|observer|unknown", re.IGNORECASE
)
_STYLE = re.compile(r"</?(?:i|b|u|s|font)(?:\s[^<>]*)?>|\{\\an?\d+\}", re.IGNORECASE)


@dataclass(frozen=True)
class Caption:
    """One caption as it stands in the file."""

    start: float
    end: float
    text: str
    line: int


def read_srt(source: Source) -> Transcript:
    """Read captions as turns.

    Raises
    ------
    TapeError
        With the line of every block that is no caption and every caption whose times are wrong.
    """
    reading = Reading(source)
    captions = []
    for block in blocks_of(source.text.split("\n")):
        captions += _caption(reading, block.line, block.lines)
    reading.refuse_problems()
    take_captions(reading, captions)
    return reading.transcript()


def _caption(reading: Reading, first: int, lines: tuple[str, ...]) -> list[Caption]:
    at = next((k for k, text in enumerate(lines[:2]) if ARROW in text), None)
    if at is None or (at == 1 and not lines[0].strip().isdigit()):
        reading.problem("this text stands outside a caption.", first, "A caption begins with its number.")
        return []
    for k, text in enumerate(lines[at + 1 :], first + at + 1):
        if ARROW in text:
            reading.problem("a blank line is missing before this caption.", k)
            return []
    line = first + at
    found = _TIMES.fullmatch(lines[at].strip())
    start, end = (from_clock(t, ",.") for t in found.groups()) if found else (None, None)
    if found is None or start is None or end is None:
        reading.problem("these are no times of a caption.", line, "Write 00:00:01,000 --> 00:00:02,000.")
        return []
    if "." in found[1] + found[2]:
        reading.warnings.append(f"line {line}: the time has a point where SRT has a comma.")
    return [Caption(start, end, _STYLE.sub("", " ".join(lines[at + 1 :])).strip(), line)]


def take_captions(reading: Reading, captions: list[Caption]) -> None:
    """Turn captions into turns, with the speakers their texts name."""
    prefixes = [m[1].strip() if (m := _PREFIX.match(c.text)) else None for c in captions]
    counted = Counter(p for p in prefixes if p)
    everywhere = None not in prefixes
    for caption, prefix in zip(captions, prefixes, strict=True):
        speaker, text = UNKNOWN_SPEAKER, caption.text
        if prefix and (everywhere or counted[prefix] > 1 or _USUAL.fullmatch(prefix)):
            speaker, text = prefix, caption.text.partition(":")[2]
        if not text.strip():
            reading.warnings.append(f"line {caption.line}: the caption has no text.")
        reading.turn(speaker, caption.start, caption.end, words_of(text), caption.line)


def write_srt(transcript: Transcript, file: str = "") -> str:
    """Write a caption for each turn, with its speaker before a colon.

    Raises
    ------
    TapeError
        When a speaker's label holds a colon, a sign of formatting or more than 60 letters.
    """
    checked(transcript, file)
    refuse_labels(transcript, r"[:<{]|.{61}", "SRT holds short labels without a colon and < or {", file)
    parts = []
    for count, t in enumerate(transcript.turns, 1):
        start, end = span_in_milliseconds(t.start, t.end)
        times = f"{clock(start, ',')} {ARROW} {clock(end, ',')}"
        parts.append(f"{count}\n{times}\n{t.speaker}: {t.text}\n")
    return "\n".join(parts)
