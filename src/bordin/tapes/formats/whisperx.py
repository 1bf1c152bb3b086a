"""JSON with ``segments``: WhisperX, aTrain, faster-whisper and Whisper itself.

All of them hold start, end and text in seconds. A speaker and words are taken where they stand: WhisperX calls a
word's confidence ``score``, the others ``probability``.
"""

from __future__ import annotations

from typing import Any

from bordin.errors import Problem, TapeError
from bordin.tapes.formats.bordin_json import loaded
from bordin.tapes.formats.clock import number
from bordin.tapes.formats.reading import Reading, words_of
from bordin.tapes.formats.source import Source
from bordin.tapes.shapes import NOTICE, UNCERTAIN_SPEAKER, Transcript, Word


def read_whisperx(source: Source) -> Transcript:
    """Read a recognizer's pieces as turns.

    Pieces are kept as they are; :func:`bordin.tapes.formats.reading.join_neighbors` makes turns of them. A word
    that the file gives to another speaker than its piece is marked as uncertain.

    Raises
    ------
    TapeError
        With the place of every piece that has no valid times or text.
    """
    record = loaded(source)
    pieces = record.get("segments") if isinstance(record, dict) else None
    if not isinstance(pieces, list):
        raise TapeError(Problem("the file holds no list called 'segments'.", source.file))
    reading = Reading(source)
    for count, piece in enumerate(pieces):
        _take(reading, piece, f"segments[{count}]")
    duration = seconds(record.get("duration"))
    return reading.transcript(notice=NOTICE, duration=duration)


def seconds(value: Any) -> float | None:
    """Return a JSON number, also one in a string; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    found = number(str(value).strip())
    return None if found is None else float(found)


def _take(reading: Reading, piece: Any, place: str) -> None:
    if not isinstance(piece, dict):
        reading.problem("this is no object with start, end and text.", column=place)
        return
    start, end = seconds(piece.get("start")), seconds(piece.get("end"))
    if start is None or end is None:
        reading.problem("start and end are no numbers of seconds.", column=place)
        return
    text, speaker = piece.get("text", ""), piece.get("speaker")
    if not isinstance(text, str):
        reading.problem("the text is no string.", column=place)
        return
    label = "" if speaker is None else str(speaker)
    listed = piece.get("words")
    words = words_of(text)
    if isinstance(listed, list) and listed:
        words = tuple(w for item in listed for w in _words(reading, item, label, place)) or words
    reading.turn(label, start, end, words, column=place)


def _words(reading: Reading, item: Any, label: str, place: str) -> tuple[Word, ...]:
    text = item.get("word", item.get("text")) if isinstance(item, dict) else None
    if not isinstance(text, str):
        reading.problem("a word is no object with 'word'.", column=f"{place}.words")
        return ()
    start, end = seconds(item.get("start")), seconds(item.get("end"))
    if start is None or end is None or end < start or start < 0:
        start = end = None
    sure = seconds(item.get("score", item.get("probability")))
    sure = sure if sure is not None and 0 <= sure <= 1 else None
    other = item.get("speaker")
    marks = (UNCERTAIN_SPEAKER,) if other is not None and label and str(other) != label else ()
    tokens = text.split()
    if len(tokens) == 1:
        return (Word(tokens[0], start, end, sure, marks),)
    return tuple(Word(t, None, None, sure, marks) for t in tokens)
