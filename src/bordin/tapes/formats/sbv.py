"""SBV, the captions of a video site: read only, with the speaker before a colon as in SRT."""

from __future__ import annotations

from bordin.tapes.formats.clock import from_clock
from bordin.tapes.formats.reading import Reading
from bordin.tapes.formats.source import Source
from bordin.tapes.formats.srt import Caption, take_captions
from bordin.tapes.formats.webvtt import blocks_of
from bordin.tapes.shapes import Transcript


def read_sbv(source: Source) -> Transcript:
    """Read captions as turns.

    Raises
    ------
    TapeError
        With the line of every block whose first line holds no times.
    """
    reading = Reading(source)
    captions = []
    for block in blocks_of(source.text.split("\n")):
        first, _, second = block.lines[0].strip().partition(",")
        start, end = from_clock(first), from_clock(second)
        if start is None or end is None:
            hint = "A caption begins with 0:00:01.000,0:00:02.000."
            reading.problem("these are no times of a caption.", block.line, hint)
            continue
        text = " ".join(block.lines[1:]).replace("[br]", " ")
        captions.append(Caption(start, end, text, block.line))
    reading.refuse_problems()
    take_captions(reading, captions)
    return reading.transcript()
