"""Tiers, as ELAN and Praat hold a tape: parallel rows of marks. And how a transcript becomes tiers and back.

A speaker has a tier. Where words have times, ``<speaker> words`` holds them, and ``<speaker> marks`` says which of
them are uncertain. Turns of one speaker that overlap go to ``<speaker> (2)`` and so on, because a tier holds no
overlap. Media names never enter a tier.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bordin.errors import Problem, TapeError, nearest
from bordin.tapes.formats.reading import (
    NOTICE_IMPORTED,
    UNKNOWN_SPEAKER,
    checked,
    place_times,
    timed,
    words_of,
)
from bordin.tapes.shapes import MARKS, Transcript, Turn, Word

INTERVALS = "intervals"
POINTS = "points"
REFERENCES = "references"
KINDS = (INTERVALS, POINTS, REFERENCES)

TIME_SUBDIVISION = "Time_Subdivision"
INCLUDED_IN = "Included_In"
SYMBOLIC_SUBDIVISION = "Symbolic_Subdivision"
SYMBOLIC_ASSOCIATION = "Symbolic_Association"
CONSTRAINTS = (TIME_SUBDIVISION, INCLUDED_IN, SYMBOLIC_SUBDIVISION, SYMBOLIC_ASSOCIATION)

WORDS = " words"
MARKS_TIER = " marks"
_LAYER = re.compile(r"(.+) \((\d+)\)")


@dataclass(frozen=True)
class Mark:
    """One entry of a tier.

    Attributes
    ----------
    text : str
    start, end : float or None
        Seconds; equal for a point. A reference has the times of the mark it refers to. None where the file gives
        none.
    id : str
        Unique in the file, where the format has ids.
    parent : str or None
        The `id` of the mark it belongs to.
    estimated : tuple of str
        Which of ``"start"`` and ``"end"`` the file leaves open; they are spread evenly between their neighbors.
    """

    text: str
    start: float | None
    end: float | None
    id: str = ""
    parent: str | None = None
    estimated: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tier:
    """A row of marks.

    Attributes
    ----------
    name : str
        Praat allows the same name twice.
    marks : tuple of Mark
        In order of time; references in the order of the file.
    kind : str
        One of `KINDS`.
    participant, annotator : str
        Whose speech it holds, and who made it; empty where the file does not say.
    parent : str or None
        Name of the tier that its marks refer to or lie in.
    constraint : str or None
        One of `CONSTRAINTS`, as ELAN names them.
    type_name : str
        The name of the tier's type in ELAN.
    """

    name: str
    marks: tuple[Mark, ...]
    kind: str = INTERVALS
    participant: str = ""
    annotator: str = ""
    parent: str | None = None
    constraint: str | None = None
    type_name: str = ""


@dataclass(frozen=True)
class Tiers:
    """The tiers of one tape.

    Attributes
    ----------
    tiers : tuple of Tier
    start, end : float
        The stretch of the tape that they cover, seconds.
    warnings : tuple of str
    notice : str
        What the transcript is and is not, where it came from one.
    """

    tiers: tuple[Tier, ...]
    start: float = 0.0
    end: float = 0.0
    warnings: tuple[str, ...] = ()
    notice: str = NOTICE_IMPORTED

    def named(self, name: str) -> tuple[Tier, ...]:
        """Return the tiers of this name; Praat allows several."""
        return tuple(t for t in self.tiers if t.name == name)


def layers_of(marks: Iterable[Mark]) -> list[tuple[Mark, ...]]:
    """Spread marks over as few layers as it takes for no two in a layer to overlap."""
    layers: list[list[Mark]] = []
    for mark in sorted(marks, key=lambda m: (m.start or 0.0, m.end or 0.0)):
        free = next((k for k in layers if (k[-1].end or 0.0) <= (mark.start or 0.0)), None)
        if free is None:
            layers.append([mark])
        else:
            free.append(mark)
    return [tuple(k) for k in layers]


def as_tiers(transcript: Transcript, *, words: bool = True) -> Tiers:
    """Make a tier for each speaker.

    Parameters
    ----------
    transcript : Transcript
    words : bool
        Also make tiers of words and of their marks, where words have times. A word is kept inside its turn and
        behind the word before it; one that has no room left stands in the turn's text alone.

    Returns
    -------
    Tiers

    Raises
    ------
    TapeError
        When a turn has no valid times, or the label of one speaker is the name of another one's tier.
    """
    checked(transcript, "")
    tiers: list[Tier] = []
    for speaker in transcript.speakers:
        turns = {f"t{k}": t for k, t in enumerate(transcript.turns, 1) if t.speaker == speaker}
        marks = [Mark(t.text, t.start, t.end, key) for key, t in turns.items()]
        for count, layer in enumerate(layers_of(marks), 1):
            name = speaker if count == 1 else f"{speaker} ({count})"
            tiers.append(Tier(name, layer, INTERVALS, speaker, type_name="turn"))
            if words:
                tiers += _word_tiers(name, speaker, [(m.id, turns[m.id]) for m in layer])
    names = [t.name for t in tiers]
    double = next((n for n in names if names.count(n) > 1), None)
    if double is not None:
        hint = "Rename the speaker."
        raise TapeError(Problem(f"the speaker '{double}' is called as the tier of another one.", hint=hint))
    end = max([transcript.duration, *(t.end for t in transcript.turns)])
    return Tiers(tuple(tiers), 0.0, end, (), transcript.notice)


def _word_tiers(name: str, speaker: str, turns: Sequence[tuple[str, Turn]]) -> list[Tier]:
    spoken: list[Mark] = []
    marked: list[Mark] = []
    for key, turn in turns:
        free = turn.start
        for count, word in enumerate(turn.words, 1):
            times = timed(word)
            if times is None:
                continue
            start, end = max(times[0], free), min(times[1], turn.end)
            if end - start < 0.001:
                continue
            mark = Mark(word.text, start, end, f"{key}w{count}", key)
            spoken.append(mark)
            free = end
            if word.marks:
                marked.append(Mark(", ".join(word.marks), start, end, f"{mark.id}m", mark.id))
    tiers = []
    if spoken:
        held = tuple(spoken)
        tiers.append(Tier(name + WORDS, held, INTERVALS, speaker, "", name, INCLUDED_IN, "word"))
    if marked:
        held = tuple(marked)
        words = name + WORDS
        tiers.append(
            Tier(name + MARKS_TIER, held, REFERENCES, speaker, "", words, SYMBOLIC_ASSOCIATION, "mark")
        )
    return tiers


def speaker_tiers(tiers: Tiers) -> dict[str, str]:
    """Find out which tiers hold speakers.

    Returns
    -------
    dict of str to str
        Tier name to speaker. Tiers of intervals that have no parent and name a participant; where none does, all
        tiers of intervals without a parent, each a speaker of its own name. Tiers of words and marks and further
        layers, as :func:`as_tiers` names them, belong to the tier they are named after.
    """
    names = {t.name for t in tiers.tiers}
    free = [
        t for t in tiers.tiers if t.kind == INTERVALS and t.parent is None and not _belongs(t.name, names)
    ]
    told = [t for t in free if t.participant]
    return {t.name: t.participant or _layered(t.name, names) for t in (told or free)}


def _belongs(name: str, names: set[str]) -> bool:
    return any(name.endswith(end) and name.removesuffix(end) in names for end in (WORDS, MARKS_TIER))


def _layered(name: str, names: set[str]) -> str:
    found = _LAYER.fullmatch(name)
    return found[1] if found and found[1] in names else name


def as_transcript(tiers: Tiers, *, speakers: Mapping[str, str] | None = None) -> Transcript:
    """Make turns of the marks of the speakers' tiers.

    Parameters
    ----------
    tiers : Tiers
    speakers : mapping of str to str, optional
        Tier name to speaker; without it what :func:`speaker_tiers` finds.

    Returns
    -------
    Transcript
        Marks without text are turns without words.

    Raises
    ------
    TapeError
        When a named tier does not exist, or its marks have no times.
    """
    chosen = speaker_tiers(tiers) if speakers is None else dict(speakers)
    names = [t.name for t in tiers.tiers]
    for name in chosen:
        if name not in names:
            raise TapeError(Problem(f"there is no tier '{name}'.", hint=nearest(name, names)))
    turns: list[Turn] = []
    for name, speaker in chosen.items():
        for tier in tiers.named(name):
            turns += _turns(tiers, tier, speaker)
    if not turns:
        raise TapeError(Problem("no tier holds a turn.", hint="Choose the tiers of the speakers."))
    warnings = list(tiers.warnings)
    doubles = len({n for n in chosen if names.count(n) > 1})
    if doubles:
        warnings.append(f"{doubles} names stand on several tiers, which were read as one speaker each.")
    left = sum(n not in chosen and not _belongs(n, set(names)) for n in names)
    if left:
        warnings.append(f"{left} of {len(names)} tiers hold no speaker and were not read.")
    turns.sort(key=lambda t: t.start)
    duration = max([tiers.end, *(t.end for t in turns)])
    return Transcript(tuple(turns), duration, (), tuple(warnings), tiers.notice)


def _turns(tiers: Tiers, tier: Tier, speaker: str) -> list[Turn]:
    spoken = _times_of(tiers, tier.name + WORDS)
    marked = {(a, b): text for text, a, b in _times_of(tiers, tier.name + MARKS_TIER)}
    turns = []
    for mark in tier.marks:
        if mark.start is None or mark.end is None or mark.end <= mark.start:
            raise TapeError(Problem(f"a mark of tier '{tier.name}' has no times."))
        words = words_of(mark.text)
        inside = [w for w in spoken if mark.start <= (w[1] + w[2]) / 2 < mark.end]
        placed = place_times(words, inside) if inside else words
        turns.append(
            Turn(
                speaker or UNKNOWN_SPEAKER,
                mark.start,
                mark.end,
                tuple(_remarked(w, marked) for w in placed) if marked else placed,
            )
        )
    return turns


def _times_of(tiers: Tiers, name: str) -> list[tuple[str, float, float]]:
    return [
        (m.text, m.start, m.end)
        for t in tiers.named(name)
        for m in t.marks
        if m.start is not None and m.end is not None
    ]


def _remarked(word: Word, marked: Mapping[tuple[float, float], str]) -> Word:
    times = timed(word)
    found = marked.get(times) if times is not None else None
    if not found:
        return word
    return replace(word, marks=tuple(m for m in found.split(", ") if m in MARKS))
