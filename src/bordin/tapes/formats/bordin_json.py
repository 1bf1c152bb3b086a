"""Bordin's own transcript file, which loses nothing."""

from __future__ import annotations

import json
import math
from typing import Any

from bordin.errors import Problem, TapeError
from bordin.tapes.formats.source import Source
from bordin.tapes.shapes import Transcript, as_record, from_record


def loaded(source: Source) -> Any:
    """Read JSON.

    Raises
    ------
    TapeError
        With the line at which it breaks.
    """
    try:
        return json.loads(source.text)
    except json.JSONDecodeError as error:
        raise TapeError(Problem(f"this is no JSON ({error.msg}).", source.file, error.lineno)) from None
    except RecursionError:
        raise TapeError(Problem("this JSON is nested too deeply.", source.file)) from None


def read_bordin_json(source: Source) -> Transcript:
    """Read a transcript as bordin wrote it.

    Raises
    ------
    TapeError
        When the file is no transcript of bordin, or a time in it is none.
    """
    record = loaded(source)
    if not isinstance(record, dict):
        raise TapeError(Problem("this is no transcript of bordin.", source.file))
    transcript = from_record(record, source.file)
    for count, turn in enumerate(transcript.turns):
        times = [turn.start, turn.end, *(t for w in turn.words for t in (w.start, w.end) if t is not None)]
        if not all(_is_time(t) for t in times) or turn.end < turn.start:
            message = "the times of a turn are numbers of seconds, the end behind the start."
            raise TapeError(Problem(message, source.file, column=f"turns[{count}]"))
    if not _is_time(transcript.duration):
        raise TapeError(Problem("the duration is a number of seconds.", source.file, column="duration"))
    return transcript


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and value >= 0


def write_bordin_json(transcript: Transcript, file: str = "") -> str:
    """Write a transcript with everything it holds.

    Raises
    ------
    TapeError
        When a number in it is not finite.
    """
    try:
        return json.dumps(as_record(transcript), ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    except (ValueError, TypeError):
        raise TapeError(
            Problem("the transcript holds a value that JSON cannot hold.", file or None)
        ) from None
