"""UEM files: which stretches of which tape are scored."""

from __future__ import annotations

import math
from pathlib import Path

from bordin.errors import Problem, TapeError
from bordin.tapes.shapes import Stretch, union

_LINE = "A line holds: tape, channel, start, end; for example: S014 1 120 240"


def read_uem(path: Path) -> dict[str, tuple[Stretch, ...]]:
    """Read the scored stretches of each tape.

    A line has four fields (tape, channel, start, end) or, where there is one tape only, two (start,
    end). Lines that begin with ``;`` or ``#`` are comments. The channel is not looked at.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict of str to tuple of Stretch
        By tape, sorted and apart from each other; lines of two fields stand under ``""``.

    Raises
    ------
    TapeError
        When the file cannot be read, a line has another form, or no line is left.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise TapeError(Problem(f"this file cannot be read ({reason}).", path.name)) from None
    found: dict[str, list[tuple[float, float]]] = {}
    problems: list[Problem] = []
    for row, line in enumerate(lines, 1):
        fields = line.split()
        if not fields or fields[0][0] in ";#":
            continue
        if len(fields) not in {2, 4}:
            problems.append(Problem(f"{len(fields)} fields; 4 are allowed.", path.name, row, hint=_LINE))
            continue
        start, end = _seconds(fields[-2]), _seconds(fields[-1])
        if start is None or end is None or not 0 <= start < end:
            told = f"the stretch from '{fields[-2]}' to '{fields[-1]}' is not two times in seconds, the later last."
            problems.append(Problem(told, path.name, row, hint=_LINE))
            continue
        found.setdefault(fields[0] if len(fields) == 4 else "", []).append((start, end))
    if problems:
        raise TapeError(problems)
    if not found:
        raise TapeError(Problem("there is no stretch in it.", path.name, hint=_LINE))
    return {tape: union(stretches) for tape, stretches in found.items()}


def _seconds(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
