"""What noScribe writes: HTML whose anchors carry times and speakers, and cues of the same content.

Facts about the file, from noScribe 0.5 to 0.7: an anchor is named ``ts_<start ms>_<end ms>_<speaker>``; a turn is a
paragraph whose text begins with the speaker and a colon, with a time in brackets between them where the user
wanted times; overlapping speech has ``//`` before the speaker and around the text; a pause is an anchor of its own
in parentheses. The title and the header name the media file and are not read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html.parser import HTMLParser

from bordin.tapes.formats.reading import Reading, words_of
from bordin.tapes.formats.source import Source
from bordin.tapes.shapes import NOTICE, Transcript, Word

_NAME = re.compile(r"ts_(\d+)_(\d+)(?:_(.*))?", re.DOTALL)
_TIME = re.compile(r"\[\d{1,3}:\d{2}:\d{2}\]")
_PREFIX = re.compile(r"(?://)?([^:\n]{1,60}?)\s*:")


@dataclass(frozen=True)
class Cue:
    """A stretch of one speaker as another program wrote it."""

    speaker: str
    start: float
    end: float
    words: tuple[Word, ...]
    line: int


@dataclass(frozen=True)
class _Anchor:
    name: str
    line: int
    opens: bool
    text: str = ""


class _Page(HTMLParser):
    """Collects the anchors with times, and whether each opens a paragraph."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.anchors: list[_Anchor] = []
        self._inside = False
        self._opens = True

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin an anchor or a paragraph."""
        if tag == "p":
            self._opens = True
        name = dict(attrs).get("name") or ""
        if tag == "a" and name.startswith("ts_"):
            self.anchors.append(_Anchor(name, self.getpos()[0], self._opens))
            self._inside, self._opens = True, False

    def handle_endtag(self, tag: str) -> None:
        """End an anchor."""
        if tag == "a":
            self._inside = False

    def handle_data(self, data: str) -> None:
        """Take text; outside of anchors it is title, header or blank."""
        if self._inside:
            self.anchors[-1] = replace(self.anchors[-1], text=self.anchors[-1].text + data)


def read_noscribe(source: Source) -> Transcript:
    """Read the HTML transcript of noScribe.

    Its pieces are kept as they are; :func:`bordin.tapes.formats.reading.join_neighbors` makes turns of them. A
    speaker that was renamed in the text (and not in the anchors) gets the name of the text.

    Raises
    ------
    TapeError
        With the line of every anchor whose name holds no times.
    """
    page = _Page()
    page.feed(source.text)
    page.close()
    reading = Reading(source)
    renamed = _renamed(page.anchors)
    cues = []
    for anchor in page.anchors:
        found = _NAME.fullmatch(anchor.name)
        if found is None:
            reading.problem(
                "this anchor names no times.", anchor.line, "noScribe writes ts_START_END_SPEAKER."
            )
            continue
        label = (found[3] or "").removeprefix("//").strip()
        text = _spoken(anchor.text, label, renamed.get(label, label))
        start, end = int(found[1]) / 1000, int(found[2]) / 1000
        cues.append(Cue(renamed.get(label, label), start, end, words_of(text), anchor.line))
    for cue in tidied(cues, reading):
        reading.turn(cue.speaker, cue.start, cue.end, cue.words, cue.line)
    return reading.transcript(notice=NOTICE)


def _renamed(anchors: Sequence[_Anchor]) -> dict[str, str]:
    """Return the name that the text gives a label, where it is the same at every one of its paragraphs."""
    names: dict[str, set[str]] = {}
    for anchor in anchors:
        found = _NAME.fullmatch(anchor.name)
        label = (found[3] or "") if found else ""
        if anchor.opens and label and not label.startswith("//"):
            prefix = _PREFIX.match(_TIME.sub("", anchor.text.lstrip(), count=1))
            names.setdefault(label, set()).add(prefix[1].strip() if prefix else "")
    return {label: min(found) for label, found in names.items() if len(found) == 1 and "" not in found}


def _spoken(text: str, label: str, name: str) -> str:
    """Take times, speakers and the signs of overlap out of a piece's text."""
    text = _TIME.sub("", text, count=1).strip()
    for speaker in filter(None, (name, label)):
        text = re.sub(rf"^(?://)?{re.escape(speaker)}\s*:", "", text, count=1).strip()
    return text.removeprefix("//").removesuffix("//").strip()


def tidied(cues: Sequence[Cue], reading: Reading) -> list[Cue]:
    """Take out the pauses that noScribe writes as pieces, and the signs of overlap.

    A pause is a piece in parentheses that begins where the piece before it ends; the times of the turns hold it.
    """
    kept: list[Cue] = []
    pauses = 0
    before = 0.0
    for cue in cues:
        text = " ".join(w.text for w in cue.words)
        if re.fullmatch(r"\(.+\)", text) and abs(cue.start - before) < 1e-6:
            pauses += 1
        else:
            label = cue.speaker.removeprefix("//").strip()
            words = (
                words_of(_spoken(text, label, label)) if cue.speaker != label or "//" in text else cue.words
            )
            kept.append(replace(cue, speaker=label, words=words))
        before = cue.end
    if pauses:
        reading.warnings.append(f"{pauses} pauses that noScribe wrote as text were left to the times.")
    return kept
