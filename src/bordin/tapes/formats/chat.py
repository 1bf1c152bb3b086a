"""CHAT, the transcript format of TalkBank, read.

A turn is a main line with a bullet of times. Lines without a bullet belong to the next line of the same speaker that
has one. Dependent lines (``%mor``, ``%com``) are kept as tiers by `read_tiers`; ``%wor`` gives words their times.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bordin.errors import nearest
from bordin.tapes.formats.chat_words import BULLET, times_of_line, words_of_line
from bordin.tapes.formats.reading import NOTICE_IMPORTED, NOTICES, Reading
from bordin.tapes.formats.source import Source
from bordin.tapes.formats.tiers import REFERENCES, SYMBOLIC_ASSOCIATION, Mark, Tier, Tiers
from bordin.tapes.shapes import VOCALIZATION, Transcript, Word

LABEL = "speaker="
_MAIN = re.compile(r"\*([^\s:]{1,20}):[\t ]*(.*)", re.DOTALL)
_DEPENDENT = re.compile(r"%([^\s:]{1,20}):[\t ]*(.*)", re.DOTALL)
_HEADER = re.compile(r"@([^:\t]{1,60})(?::[\t ]*(.*))?", re.DOTALL)
# The older form names the medium; only its times are taken.
_BULLET = re.compile(r"\x15(?:%(?:snd|mov|aud|vid)[:=]\"?[^\"\x15]*?\"?_)?(\d+)[_-](\d+)-?\x15")
_PICTURE = re.compile(r"\x15%(?:pic|txt)[^\x15]*\x15")


@dataclass(frozen=True)
class _Line:
    text: str
    line: int


@dataclass
class _Utterance:
    code: str
    text: str
    line: int
    span: tuple[float, float] | None
    dependents: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class _File:
    reading: Reading
    labels: dict[str, str] = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)
    utterances: list[_Utterance] = field(default_factory=list)
    notice: str = NOTICE_IMPORTED


def _parsed(source: Source) -> _File:
    found = _File(Reading(source))
    logical: list[_Line] = []
    for number, text in enumerate(source.text.split("\n"), 1):
        if text.startswith("\t") and logical:
            logical[-1] = replace(logical[-1], text=f"{logical[-1].text} {text.strip()}")
        elif text.strip():
            logical.append(_Line(text.rstrip(), number))
    names = [line.text.partition(":")[0] for line in logical]
    if "@Begin" not in names:
        found.reading.problem("a CHAT file has a line @Begin.", 1)
    if "@End" not in names:
        found.reading.warnings.append("The file has no line @End; perhaps it breaks off.")
    for entry in logical:
        _take(found, entry)
    found.reading.refuse_problems()
    return found


def _take(found: _File, entry: _Line) -> None:
    main, dependent = _MAIN.fullmatch(entry.text), _DEPENDENT.fullmatch(entry.text)
    if entry.text.startswith("@"):
        header = _HEADER.fullmatch(entry.text)
        if header is not None:
            _take_header(found, header[1], " ".join((header[2] or "").split()))
    elif main is not None:
        if main[1] not in found.codes:
            hint = nearest(main[1], found.codes)
            found.reading.problem(f"@Participants names no speaker '{main[1]}'.", entry.line, hint)
        span = _span(found.reading, main[2], entry.line)
        found.utterances.append(_Utterance(main[1], _PICTURE.sub("", main[2]), entry.line, span))
    elif dependent is not None:
        if found.utterances:
            found.utterances[-1].dependents.append((dependent[1], dependent[2].strip()))
        else:
            found.reading.problem("a dependent line stands before the first main line.", entry.line)
    else:
        hint = "Lines begin with @, *CODE:, %code: or, where they go on, with a tab."
        found.reading.problem("this line is none of CHAT.", entry.line, hint)


def _take_header(found: _File, name: str, value: str) -> None:
    if name == "Participants":
        found.codes += [part.split()[0] for part in value.split(",") if part.split()]
    elif name == "ID":
        fields = value.split("|")
        custom = fields[9] if len(fields) > 9 else ""
        if custom.startswith(LABEL):
            found.labels[fields[2]] = custom.removeprefix(LABEL)
    elif name == "Comment" and value in NOTICES:
        found.notice = value


def _span(reading: Reading, text: str, line: int) -> tuple[float, float] | None:
    text = _PICTURE.sub("", text)
    times = [(int(a), int(b)) for a, b in _BULLET.findall(text)]
    if BULLET in _BULLET.sub("", text):
        reading.problem("a bullet holds no times in milliseconds.", line)
        return None
    if not times:
        return None
    start, end = min(a for a, _ in times), max(b for _, b in times)
    if end < start:
        reading.problem(f"the bullet ends ({end} ms) before it starts ({start} ms).", line)
        return None
    return start / 1000, end / 1000


def read_chat(source: Source) -> Transcript:
    """Read main lines as turns.

    A speaker is called by the code, not by the name that may stand behind it.

    Raises
    ------
    TapeError
        With every line that has no place, names no declared speaker, or belongs to no bullet.
    """
    found = _parsed(source)
    reading = found.reading
    waiting: list[_Utterance] = []
    for utterance in found.utterances:
        if waiting and waiting[-1].code != utterance.code:
            _refuse_unlinked(reading, waiting)
            waiting = []
        waiting.append(utterance)
        if utterance.span is not None:
            label = found.labels.get(utterance.code, utterance.code)
            words = _words(waiting)
            reading.turn(label, *utterance.span, words, utterance.line)
            waiting = []
    _refuse_unlinked(reading, waiting)
    return reading.transcript(notice=found.notice)


def _refuse_unlinked(reading: Reading, waiting: Sequence[_Utterance]) -> None:
    for utterance in waiting:
        reading.problem("no bullet says when this line was spoken.", utterance.line, "Link it in CLAN.")


def _words(utterances: Sequence[_Utterance]) -> tuple[Word, ...]:
    words: list[Word] = []
    for utterance in utterances:
        spoken = words_of_line(utterance.text)
        if not spoken and len(utterances) > 1:
            spoken = (Word(VOCALIZATION),)
        times = next((times_of_line(text) for name, text in utterance.dependents if name == "wor"), [])
        places = [k for k, w in enumerate(spoken) if w.text != VOCALIZATION and not w.text.startswith("(")]
        if times and len(times) == len(places):
            timed = dict(zip(places, times, strict=True))
            spoken = tuple(
                replace(w, start=timed[k][0], end=timed[k][1]) if k in timed else w
                for k, w in enumerate(spoken)
            )
        words += spoken
    return () if all(w.text == VOCALIZATION for w in words) else tuple(words)


def read_chat_tiers(source: Source) -> Tiers:
    """Read a tier for each speaker and one for each kind of dependent line of a speaker.

    The text of a main line stays as it is, without its bullet; a line without a bullet has no times.

    Raises
    ------
    TapeError
        With every line that has no place.
    """
    found = _parsed(source)
    tiers: list[Tier] = []
    for code in dict.fromkeys(u.code for u in found.utterances):
        own = [u for u in found.utterances if u.code == code]
        label = found.labels.get(code, code)
        marks = [_mark(u) for u in own]
        tiers.append(Tier(code, tuple(marks), participant=label, type_name="main"))
        for name in dict.fromkeys(n for u in own for n, _ in u.dependents):
            referring = tuple(
                Mark(text, m.start, m.end, f"{m.id}{name}{k}", m.id)
                for m, u in zip(marks, own, strict=True)
                for k, (n, text) in enumerate(u.dependents)
                if n == name
            )
            row = Tier(f"{name}@{code}", referring, REFERENCES, label, "", code, SYMBOLIC_ASSOCIATION, name)
            tiers.append(row)
    end = max((u.span[1] for u in found.utterances if u.span), default=0.0)
    return Tiers(tuple(tiers), 0.0, end, tuple(found.reading.warnings), found.notice)


def _mark(utterance: _Utterance) -> Mark:
    text = " ".join(_BULLET.sub("", utterance.text).split())
    start, end = utterance.span or (None, None)
    return Mark(text, start, end, f"u{utterance.line}")
