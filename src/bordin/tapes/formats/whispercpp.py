"""The JSON of whisper.cpp (``--output-json`` and ``--output-json-full``)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bordin.errors import Problem, TapeError
from bordin.tapes.formats.bordin_json import loaded
from bordin.tapes.formats.reading import Reading, words_of
from bordin.tapes.formats.source import Source
from bordin.tapes.formats.whisperx import seconds
from bordin.tapes.shapes import NOTICE, Transcript, Word


def read_whispercpp(source: Source) -> Transcript:
    """Read a recognizer's pieces as turns.

    Words get times and confidence where the file holds tokens; a token that begins without a blank belongs to the
    word before it, and a word is as sure as its least sure token.

    Raises
    ------
    TapeError
        With the place of every piece that has no valid times or text.
    """
    record = loaded(source)
    pieces = record.get("transcription") if isinstance(record, dict) else None
    if not isinstance(pieces, list):
        raise TapeError(Problem("the file holds no list called 'transcription'.", source.file))
    reading = Reading(source)
    for count, piece in enumerate(pieces):
        _take(reading, piece, f"transcription[{count}]")
    return reading.transcript(notice=NOTICE)


def _span(item: Any) -> tuple[float, float] | None:
    offsets = item.get("offsets") if isinstance(item, dict) else None
    if not isinstance(offsets, dict):
        return None
    start, end = seconds(offsets.get("from")), seconds(offsets.get("to"))
    return None if start is None or end is None else (start / 1000, end / 1000)


def _take(reading: Reading, piece: Any, place: str) -> None:
    span = _span(piece)
    if span is None:
        reading.problem("'offsets' with 'from' and 'to' in milliseconds are missing.", column=place)
        return
    text = piece.get("text")
    if not isinstance(text, str):
        reading.problem("the text is no string.", column=place)
        return
    words = words_of(text)
    tokens = piece.get("tokens")
    if isinstance(tokens, list):
        spoken = _joined(tokens)
        if [w.text for w in spoken] == [w.text for w in words]:
            words = spoken
    # With two channels it names the louder one, and "?" where it cannot tell.
    speaker = piece.get("speaker")
    reading.turn("" if speaker is None or speaker == "?" else str(speaker), *span, words, column=place)


def _joined(tokens: list[Any]) -> tuple[Word, ...]:
    words: list[Word] = []
    for token in tokens:
        text = token.get("text") if isinstance(token, dict) else None
        if not isinstance(text, str) or text.startswith("[_") or not text.strip():
            continue
        span, sure = _span(token), seconds(token.get("p"))
        if words and not text.startswith(" "):
            last = words[-1]
            least = None if sure is None or last.probability is None else min(sure, last.probability)
            end = None if span is None or last.end is None else max(span[1], last.end)
            start = None if end is None else last.start
            words[-1] = replace(last, text=last.text + text.strip(), start=start, end=end, probability=least)
        else:
            start, end = span or (None, None)
            words.append(Word(text.strip(), start, end, sure))
    return tuple(words)
