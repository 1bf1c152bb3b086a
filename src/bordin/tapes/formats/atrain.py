"""The texts of aTrain that carry times: ``transcription_timestamps.txt`` and ``transcription_maxqda.txt``.

Facts about the file: a headline ``Transcription for ...``; a line with the speaker wherever the speaker changes; each
piece as ``[HH:MM:SS] - text``, one a line or, for MAXQDA, one after the other. Times are starts in whole seconds.
aTrain's ``transcription.json`` holds exact times and words and is the better file; its SRT holds no speakers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bordin.errors import Problem, TapeError
from bordin.tapes.formats.clock import from_clock
from bordin.tapes.formats.reading import LEAST_SECONDS, UNKNOWN_SPEAKER, Reading, words_of
from bordin.tapes.formats.source import Source
from bordin.tapes.shapes import NOTICE, Transcript

HEADLINE = "Transcription for "
_PIECE = re.compile(r"\[(\d{1,3}:\d{2}:\d{2})\] - ")
# The file says when a piece starts; the last one gets this length.
LAST_SECONDS = 1.0


@dataclass(frozen=True)
class _Piece:
    speaker: str
    start: float
    text: str
    line: int


def read_atrain(source: Source) -> Transcript:
    """Read the pieces as turns; a piece ends where the next one starts.

    Raises
    ------
    TapeError
        When the file holds no times, and with every line that has no place.
    """
    lines = source.text.split("\n")
    if not lines[0].startswith(HEADLINE):
        raise TapeError(Problem(f"a text of aTrain begins with '{HEADLINE}...'.", source.file, 1))
    if not _PIECE.search(source.text):
        hint = "Read aTrain's transcription.json instead."
        raise TapeError(Problem("the file holds no times.", source.file, hint=hint))
    reading = Reading(source)
    pieces = _pieces(reading, lines)
    for piece, after in zip(pieces, [*pieces[1:], None], strict=False):
        end = after.start if after is not None else piece.start + LAST_SECONDS
        reading.turn(
            piece.speaker,
            piece.start,
            max(end, piece.start + LEAST_SECONDS),
            words_of(piece.text),
            piece.line,
        )
    reading.warnings.append(
        "The times are whole seconds and starts only; a turn ends where the next one starts. "
        "aTrain's transcription.json holds exact times."
    )
    return reading.transcript(notice=NOTICE)


def _pieces(reading: Reading, lines: list[str]) -> list[_Piece]:
    speaker, pieces = UNKNOWN_SPEAKER, list[_Piece]()
    for line, text in enumerate(lines[1:], 2):
        marks = list(_PIECE.finditer(text))
        before = text[: marks[0].start()].strip() if marks else text.strip()
        if marks and before:
            reading.problem("text stands before the first time.", line)
        elif before:
            speaker = before
        for mark, after in zip(marks, [*marks[1:], None], strict=False):
            start = from_clock(mark[1], digits=0)
            spoken = text[mark.end() : after.start() if after is not None else None]
            if start is None:
                reading.problem(f"'{mark[1]}' is no time.", line)
            else:
                pieces.append(_Piece(speaker, start, spoken, line))
    return pieces
