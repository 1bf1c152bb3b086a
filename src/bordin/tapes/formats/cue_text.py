"""The text of a WebVTT cue: voices, classes and times inside it."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bordin.tapes.formats.clock import from_clock
from bordin.tapes.formats.reading import UNKNOWN_SPEAKER, words_of
from bordin.tapes.shapes import MARKS, Word

# A tag of the format. Anything else in angle brackets is text: somebody may have written <laughs>.
_TAG = re.compile(r"<(/?)(v|c|i|b|u|ruby|rt|lang)((?:\.[^\s.<>]+)*)(?:\s([^<>]*))?>|<([\d:.]+)>")
_MARKS = {m.replace(" ", "-"): m for m in MARKS}


@dataclass(frozen=True)
class Voice:
    """What one voice says in a cue."""

    speaker: str
    words: tuple[Word, ...]


@dataclass
class _Piece:
    """Text of one voice, with what stands inside it by offset."""

    speaker: str
    text: str = ""
    marks: list[tuple[int, int, str]] = field(default_factory=list)
    stamps: list[tuple[int, float]] = field(default_factory=list)


def voices_of(text: str, start: float, end: float) -> list[Voice]:
    """Part a cue's text by voice.

    Parameters
    ----------
    text : str
        The cue's lines, joined.
    start, end : float
        Times of the cue, seconds.

    Returns
    -------
    list of Voice
        Words carry the marks that their classes name. A word has times only where a time inside the cue stands
        before it and before no other word.
    """
    pieces = [_Piece(UNKNOWN_SPEAKER)]
    opened: list[tuple[str, int, list[str]]] = []
    at = 0
    for tag in _TAG.finditer(text):
        piece = pieces[-1]
        piece.text += html.unescape(text[at : tag.start()])
        at = tag.end()
        closing, name, classes, annotation, stamp = tag.groups()
        if stamp is not None:
            time = from_clock(stamp)
            if time is None:
                piece.text += tag.group()
            else:
                piece.stamps.append((len(piece.text), time))
        elif name == "v":
            pieces.append(_Piece(_label(annotation, closing)))
        elif closing:
            _close(piece, name, opened)
        else:
            opened.append((name, len(piece.text), [_MARKS[c] for c in classes.split(".") if c in _MARKS]))
    pieces[-1].text += html.unescape(text[at:])
    return [Voice(p.speaker, _words(p, start, end)) for p in pieces if p.text.strip()]


def _label(annotation: str | None, closing: str) -> str:
    return UNKNOWN_SPEAKER if closing else html.unescape(annotation or "").strip() or UNKNOWN_SPEAKER


def _close(piece: _Piece, name: str, opened: list[tuple[str, int, list[str]]]) -> None:
    while opened:
        other, since, marks = opened.pop()
        piece.marks += [(since, len(piece.text), m) for m in reversed(marks)]
        if other == name:
            return


def _words(piece: _Piece, start: float, end: float) -> tuple[Word, ...]:
    if not words_of(piece.text):
        return ()
    words, places = [], []
    for found in re.finditer(r"\S+", piece.text):
        word = Word(found.group())
        for since, until, mark in piece.marks:
            if since <= found.start() < until:
                word = word.marked(mark)
        words.append(word)
        places.append(found.start())
    return _with_times(words, places, piece.stamps, (start, end))


def _with_times(
    words: list[Word], places: Sequence[int], stamps: list[tuple[int, float]], cue: tuple[float, float]
) -> tuple[Word, ...]:
    times = [t for _, t in stamps]
    if any(b <= a for a, b in zip([cue[0] - 1e-9, *times], [*times, cue[1] + 1e-9], strict=True)):
        return tuple(words)
    edges = [(0, cue[0]), *stamps] if stamps else []
    for k, (offset, time) in enumerate(edges):
        until, then = edges[k + 1] if k + 1 < len(edges) else (10**9, cue[1])
        inside = [n for n, place in enumerate(places) if offset <= place < until]
        if len(inside) == 1 and then > time:
            words[inside[0]] = replace(words[inside[0]], start=time, end=then)
    return tuple(words)
