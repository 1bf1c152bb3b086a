"""A plain JSON list of turns: ``[{"speaker": ..., "start": ..., "end": ..., "text": ...}]``."""

from __future__ import annotations

import json
import re
from typing import Any

from bordin.errors import Problem, TapeError
from bordin.tapes.formats.bordin_json import loaded
from bordin.tapes.formats.reading import Reading, checked, words_of
from bordin.tapes.formats.source import Source
from bordin.tapes.shapes import Transcript

_BETWEEN = re.compile(r"[\s,\[]*")


def read_turns_json(source: Source) -> Transcript:
    """Read a list of turns.

    Raises
    ------
    TapeError
        With the line of every turn that lacks a key or has no valid times.
    """
    items = loaded(source)
    if not isinstance(items, list):
        raise TapeError(Problem("this is no list of turns.", source.file))
    reading = Reading(source)
    for item, line in zip(items, _lines(source.text, len(items)), strict=True):
        _take(reading, item, line)
    return reading.transcript()


def _take(reading: Reading, item: Any, line: int) -> None:
    if not isinstance(item, dict):
        reading.problem("a turn is an object with speaker, start, end and text.", line)
        return
    try:
        start, end = float(item["start"]), float(item["end"])
    except KeyError as error:
        reading.problem(f"the turn has no '{error.args[0]}'.", line, "Give start and end in seconds.")
        return
    except (TypeError, ValueError):
        reading.problem("start and end of a turn are numbers of seconds.", line)
        return
    text = item.get("text")
    speaker = item.get("speaker")
    if not isinstance(text, str | None) or not isinstance(speaker, str | None):
        reading.problem("speaker and text of a turn are strings.", line)
        return
    reading.turn(speaker or "", start, end, words_of(text or ""), line)


def _lines(text: str, count: int) -> list[int]:
    """Return the line at which each item of a list begins."""
    decoder = json.JSONDecoder()
    lines, at, line, counted = [], 0, 1, 0
    for _ in range(count):
        found = _BETWEEN.match(text, at)
        at = found.end() if found else at
        line += text.count("\n", counted, at)
        counted = at
        lines.append(line)
        _, at = decoder.raw_decode(text, at)
    return lines


def write_turns_json(transcript: Transcript, file: str = "") -> str:
    """Write a list of turns with their texts."""
    checked(transcript, file)
    turns = [{"speaker": t.speaker, "start": t.start, "end": t.end, "text": t.text} for t in transcript.turns]
    return json.dumps(turns, ensure_ascii=False, indent=1) + "\n"
