"""What the tape pipeline passes on: stretches, words, turns and the transcript that holds them.

All times are seconds from the start of the tape; every stretch is half open, ``[start, end)``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from bordin.errors import Problem, TapeError

SAMPLE_RATE = 16_000
VOCALIZATION = "[vocalization]"
NOTICE = (
    "This transcript was made by machine. It is an index to the tape, not the record: it loses and invents "
    "words, above all short ones said while the other person speaks. Rate and quote from the tape."
)
NOTICE_CORRECTED = (
    "This transcript is an index to the tape, not the record. A person corrected a machine's version; "
    "rate and quote from the tape."
)
PAUSE_SECONDS = 2.0

# Marks of a word; the words of a mark are what a reader sees.
UNCERTAIN_SPEAKER = "uncertain speaker"
LOW_CONFIDENCE = "low confidence"
REPEATED = "repeated"
PLACEHOLDER = "placeholder"
MARKS = (UNCERTAIN_SPEAKER, LOW_CONFIDENCE, REPEATED, PLACEHOLDER)


@dataclass(frozen=True, order=True)
class Stretch:
    """A stretch of a tape, whoever speaks in it.

    Attributes
    ----------
    start, end : float
        Seconds; `end` is later than `start`.
    """

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end - self.start


@dataclass(frozen=True)
class Word:
    """One word as a recognizer heard it.

    Attributes
    ----------
    text : str
        The word with its punctuation, without outer blanks.
    start, end : float or None
        Seconds; an estimate. None where the source of the transcript gives none.
    probability : float or None
        How sure the recognizer was, 0 to 1; None where it does not say.
    marks : tuple of str
        Any of `MARKS`: near a change of speaker, heard with little confidence, repeated by the
        recognizer, or a placeholder that stands for a name.
    """

    text: str
    start: float | None = None
    end: float | None = None
    probability: float | None = None
    marks: tuple[str, ...] = ()

    def marked(self, mark: str) -> Word:
        """Return the word with one more mark."""
        return self if mark in self.marks else replace(self, marks=(*self.marks, mark))


@dataclass(frozen=True)
class Turn:
    """One speaker's stretch of talk.

    Attributes
    ----------
    speaker : str
        A label such as ``"S1"``, or a role such as ``"therapist"``.
    start, end : float
        Seconds. They come from the voice, not from the words.
    words : tuple of Word
        Empty where somebody made a sound that no recognizer turned into words.
    """

    speaker: str
    start: float
    end: float
    words: tuple[Word, ...] = ()

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end - self.start

    @property
    def text(self) -> str:
        """The words, or ``[vocalization]`` where there are none."""
        return " ".join(w.text for w in self.words) if self.words else VOCALIZATION


@dataclass(frozen=True)
class EngineFacts:
    """What one stage was done with, so that it can be done again.

    Attributes
    ----------
    stage : str
        For example ``"diarization"``.
    engine : str
        Name and, where there is one, model, for example ``"faster-whisper whisper-base"``.
    model : mapping of str to str
        File of the model to its sha256.
    parameters : mapping
        What the engine was told.
    version : str
        Version of the engine's package.
    """

    stage: str
    engine: str
    model: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    version: str = ""


@dataclass(frozen=True)
class Transcript:
    """Who spoke when, and what was said.

    Attributes
    ----------
    turns : tuple of Turn
        By start; turns of different speakers may overlap.
    duration : float
        Seconds of the tape.
    engines : tuple of EngineFacts
    warnings : tuple of str
        What a reader has to know about this tape.
    notice : str
        What a transcript is and is not.
    """

    turns: tuple[Turn, ...]
    duration: float
    engines: tuple[EngineFacts, ...] = ()
    warnings: tuple[str, ...] = ()
    notice: str = NOTICE

    @property
    def speakers(self) -> tuple[str, ...]:
        """Labels in the order in which they first speak."""
        return tuple(dict.fromkeys(t.speaker for t in self.turns))

    @property
    def words(self) -> tuple[Word, ...]:
        """All words, turn by turn."""
        return tuple(w for t in self.turns for w in t.words)

    @property
    def speech(self) -> tuple[Stretch, ...]:
        """Where anybody speaks, as stretches that do not touch."""
        return union((t.start, t.end) for t in self.turns)

    @property
    def overlaps(self) -> tuple[Stretch, ...]:
        """Where at least two speakers speak at once."""
        return overlaps(self.turns)

    def pauses(self, least: float = PAUSE_SECONDS) -> tuple[Stretch, ...]:
        """Return the stretches of at least `least` seconds, between first and last speech, in which nobody speaks."""
        speech = self.speech
        gaps = (Stretch(a.end, b.start) for a, b in pairwise(speech))
        return tuple(g for g in gaps if g.seconds >= least)

    def renamed(self, roles: Mapping[str, str]) -> Transcript:
        """Return it with speakers named by role; a label that `roles` does not name stays."""
        turns = tuple(replace(t, speaker=roles.get(t.speaker, t.speaker)) for t in self.turns)
        return replace(self, turns=turns)


def union(stretches: Iterable[tuple[float, float]]) -> tuple[Stretch, ...]:
    """Join stretches that overlap or touch.

    Parameters
    ----------
    stretches : iterable of (start, end)
        Seconds, in any order; empty ones are left out.

    Returns
    -------
    tuple of Stretch
        Sorted, apart from each other.
    """
    joined: list[list[float]] = []
    for start, end in sorted(stretches):
        if end <= start:
            continue
        if joined and start <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([start, end])
    return tuple(Stretch(a, b) for a, b in joined)


def overlaps(turns: Sequence[Turn]) -> tuple[Stretch, ...]:
    """Find where at least two different speakers speak at once.

    Parameters
    ----------
    turns : sequence of Turn

    Returns
    -------
    tuple of Stretch
        Sorted, apart from each other.
    """
    edges: list[tuple[float, int]] = []
    for speaker in dict.fromkeys(t.speaker for t in turns):
        for s in union((t.start, t.end) for t in turns if t.speaker == speaker):
            edges += [(s.start, 1), (s.end, -1)]
    found: list[tuple[float, float]] = []
    active, since = 0, 0.0
    for time, change in sorted(edges):
        if active >= 2 and time > since:
            found.append((since, time))
        active, since = active + change, time
    return union(found)


def as_record(transcript: Transcript) -> dict[str, Any]:
    """Return a transcript as JSON holds it; :func:`from_record` reads it back unchanged."""
    return {
        "notice": transcript.notice,
        "duration": transcript.duration,
        "speakers": list(transcript.speakers),
        "turns": [
            {
                "speaker": t.speaker,
                "start": t.start,
                "end": t.end,
                "text": t.text,
                "words": [word_record(w) for w in t.words],
            }
            for t in transcript.turns
        ],
        "overlaps": [[s.start, s.end] for s in transcript.overlaps],
        "pauses": [[s.start, s.end] for s in transcript.pauses()],
        "engines": [
            {
                "stage": e.stage,
                "engine": e.engine,
                "version": e.version,
                "model": dict(e.model),
                "parameters": dict(e.parameters),
            }
            for e in transcript.engines
        ],
        "warnings": list(transcript.warnings),
    }


def word_record(word: Word) -> dict[str, Any]:
    """Return a word as JSON holds it."""
    record: dict[str, Any] = {"text": word.text, "start": word.start, "end": word.end}
    if word.probability is not None:
        record["probability"] = word.probability
    if word.marks:
        record["marks"] = list(word.marks)
    return record


def word_from_record(record: Mapping[str, Any]) -> Word:
    """Read a word from what :func:`word_record` made."""
    return Word(
        str(record["text"]),
        record.get("start"),
        record.get("end"),
        record.get("probability"),
        tuple(record.get("marks", ())),
    )


def from_record(record: Mapping[str, Any], file: str | None = None) -> Transcript:
    """Read a transcript from what :func:`as_record` made.

    Raises
    ------
    TapeError
        When the record is not of this shape.
    """
    try:
        return Transcript(
            turns=tuple(
                Turn(
                    str(t["speaker"]),
                    float(t["start"]),
                    float(t["end"]),
                    tuple(word_from_record(w) for w in t.get("words", ())),
                )
                for t in record["turns"]
            ),
            duration=float(record["duration"]),
            engines=tuple(
                EngineFacts(e["stage"], e["engine"], e["model"], e["parameters"], e["version"])
                for e in record.get("engines", ())
            ),
            warnings=tuple(record.get("warnings", ())),
            notice=str(record.get("notice", NOTICE)),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TapeError(
            Problem(
                f"this is no transcript of bordin ({error!r}).", file, hint="Read it with another format."
            )
        ) from None
