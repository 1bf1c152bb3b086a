"""The stages from a sound to its transcript: each kept by content, settings and model, so that work resumes.

What a stage found is one small file. Its name holds a key made of the recording's content, the engine's
facts (model hashes included) and what it was given by earlier stages. A stage whose file exists is not
done again; whatever changes gets another name. Nothing here writes sound.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any, Protocol

import numpy as np

from bordin.tapes.engines.channels import ChannelDiarizer
from bordin.tapes.engines.imported import TranscriptFromFile
from bordin.tapes.engines.shapes import Diarizer, Heard, Recognizer, Sound, Tell
from bordin.tapes.engines.voice_activity import PAD, SileroActivity
from bordin.tapes.merging import by_speaker, merge
from bordin.tapes.shapes import (
    EngineFacts,
    Stretch,
    Transcript,
    Turn,
    Word,
    as_record,
    from_record,
    union,
    word_from_record,
    word_record,
)

# A recognizer hears this much at a time: it bounds memory, and what a killed run has to do again.
PART_SECONDS = 300.0
# Share of the whole time that each stage takes, for the time left.
SHARES = {"voice activity": 0.02, "diarization": 0.3, "recognition": 0.68}
# Voice of this many seconds without a word is worth a look.
LONG_VOCALIZATION = 3.0

TellStage = Callable[[str, float], None]


def share_done(stage: str, share: float) -> float:
    """Return how much of the whole work is done when `share` of a stage is."""
    before = 0.0
    for name, weight in SHARES.items():
        if name == stage:
            return before + weight * share
        before += weight
    return before


class Keeper(Protocol):
    """Where the outcomes of stages are kept, such as a sealed tape."""

    def has(self, name: str) -> bool:
        """Say whether there is such an outcome."""
        ...

    def read_bytes(self, name: str) -> bytes:
        """Return it."""
        ...

    def write_bytes(self, name: str, data: bytes) -> object:
        """Keep it, whole or not at all."""
        ...


class InMemory:
    """Keeps outcomes for the length of one call."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def has(self, name: str) -> bool:
        """Say whether there is such an outcome."""
        return name in self._kept

    def read_bytes(self, name: str) -> bytes:
        """Return it."""
        return self._kept[name]

    def write_bytes(self, name: str, data: bytes) -> None:
        """Keep it."""
        self._kept[name] = data


@dataclass(frozen=True)
class Engines:
    """What a recording is worked on with.

    Attributes
    ----------
    diarizer : Diarizer or None
    recognizer : Recognizer or None
        None for turns without words.
    imported : TranscriptFromFile or None
        A transcript of another program, in place of both.
    activity : SileroActivity
    speakers : int
        How many people speak; 0 leaves it to the diarizer.
    """

    diarizer: Diarizer | None
    recognizer: Recognizer | None = None
    imported: TranscriptFromFile | None = None
    activity: SileroActivity = SileroActivity()  # noqa: RUF009  # it holds nothing that changes
    speakers: int = 2


@dataclass(frozen=True)
class _Track:
    """What one recognizer call may hear: a channel with its speaker, or all channels mixed."""

    channel: int | None
    speaker: str | None
    speech: tuple[Stretch, ...]


class _Stages:
    def __init__(self, sound: Sound, content: str, engines: Engines, keeper: Keeper, tell: TellStage) -> None:
        self.sound, self.content, self.engines, self.keeper, self.tell = sound, content, engines, keeper, tell
        self.facts: list[EngineFacts] = []
        self.keys: list[str] = []

    def kept(self, facts: EngineFacts, given: object, make: Callable[[], Any]) -> Any:
        """Return the outcome of a stage, made only when it is not there."""
        key = stage_key(self.content, facts, [*self.keys, given])
        name = f"stages/{facts.stage.replace(' ', '-')}-{key[:16]}.json"
        if self.keeper.has(name):
            return json.loads(self.keeper.read_bytes(name))
        made = make()
        self.keeper.write_bytes(name, json.dumps(made, ensure_ascii=False).encode())
        return made

    def teller(self, stage: str) -> Tell:
        return lambda share: self.tell(stage, min(share, 1.0))

    def noted(self, facts: EngineFacts, found: object) -> None:
        """Note what a stage was done with, and let later stages depend on what it found."""
        self.facts.append(facts)
        self.keys.append(hashlib.sha256(json.dumps(found).encode()).hexdigest())

    def speech(self, channel: int | None = None) -> tuple[Stretch, ...]:
        facts = self.engines.activity.facts()
        tell = self.teller(facts.stage)
        found = self.kept(
            facts,
            channel,
            lambda: [[s.start, s.end] for s in self.engines.activity.find(self.sound, tell, channel)],
        )
        self.noted(facts, found)
        return tuple(Stretch(a, b) for a, b in found)

    def turns(self, diarizer: Diarizer) -> tuple[Turn, ...]:
        facts = replace(
            diarizer.facts(), parameters={**diarizer.facts().parameters, "speakers": self.engines.speakers}
        )

        def make() -> list[list[object]]:
            found = diarizer.diarize(
                self.sound, speakers=self.engines.speakers, tell=self.teller(facts.stage)
            )
            return [[t.speaker, t.start, t.end] for t in found]

        found = self.kept(facts, None, make)
        self.noted(facts, found)
        return tuple(Turn(str(s), float(a), float(b)) for s, a, b in found)

    def words(self, recognizer: Recognizer, tracks: Sequence[_Track]) -> list[tuple[Word, str | None]]:
        facts = recognizer.facts()
        found: list[tuple[Word, str | None]] = []
        total = sum(s.seconds for t in tracks for s in t.speech) or 1.0
        done = 0.0
        for track in tracks:
            for part in parts(track.speech):
                heard = self.kept(
                    facts,
                    [track.channel, [[s.start, s.end] for s in part]],
                    lambda track=track, part=part: self._hear(recognizer, track, part),  # type: ignore[misc]
                )
                # A part that was heard before tells the language to those that follow.
                if getattr(recognizer, "language", "") is None:
                    recognizer.language = heard["language"] or None  # type: ignore[attr-defined]
                found += [(word_from_record(w), track.speaker) for w in heard["words"]]
                done += sum(s.seconds for s in part)
                self.tell(facts.stage, done / total)
        self.facts.append(facts)
        return found

    def _hear(self, recognizer: Recognizer, track: _Track, part: Sequence[Stretch]) -> dict[str, Any]:
        start, end = part[0].start, part[-1].end
        heard: Heard = recognizer.hear(self.sound.read(start, end, track.channel), start, part)
        return {"language": heard.language, "words": [word_record(w) for w in heard.words]}


def transcribe(
    sound: Sound, content: str, engines: Engines, keeper: Keeper, tell: TellStage = lambda stage, share: None
) -> Transcript:
    """Find who spoke when, and what was said.

    Parameters
    ----------
    sound : Sound
    content : str
        A hash of the recording, as the root of all keys.
    engines : Engines
    keeper : Keeper
        Outcomes that stand there already are not made again.
    tell : callable
        Is given the name of the stage and the share of it that is done.

    Returns
    -------
    Transcript
        Speakers as the diarizer calls them; roles are given later, by a person.

    Raises
    ------
    TapeError
        When an engine refuses the recording.
    """
    stages = _Stages(sound, content, engines, keeper, tell)
    if engines.imported is not None:
        facts = engines.imported.facts()
        record = stages.kept(facts, None, lambda: as_record(engines.imported.transcript(sound)))  # type: ignore[union-attr]
        made = from_record(record)
        return replace(made, engines=(facts,))
    diarizer = engines.diarizer
    by_channel = isinstance(diarizer, ChannelDiarizer)
    speech = () if by_channel else stages.speech()
    turns = (
        stages.turns(diarizer) if diarizer is not None else tuple(Turn("S1", s.start, s.end) for s in speech)
    )
    if engines.recognizer is None:
        merged = merge(turns, ())
    elif isinstance(diarizer, ChannelDiarizer):
        tracks = [
            _Track(c, diarizer.speaker(c), _padded(turns, diarizer.speaker(c), sound.duration))
            for c in range(sound.channels)
        ]
        heard = stages.words(engines.recognizer, tracks)
        merged = by_speaker(turns, [w for w, _ in heard], [str(s) for _, s in heard])
    else:
        heard = stages.words(engines.recognizer, [_Track(None, None, speech)])
        merged = merge(turns, [w for w, _ in heard])
    return Transcript(merged, sound.duration, tuple(stages.facts), tuple(_warnings(merged, engines)))


def _padded(turns: Sequence[Turn], speaker: str, duration: float) -> tuple[Stretch, ...]:
    """Return where one speaker speaks, with the edges and short gaps that a recognizer needs."""
    own = union((t.start - 1.0, t.end + 1.0) for t in turns if t.speaker == speaker)
    return union((max(0.0, s.start + 1.0 - PAD), min(duration, s.end - 1.0 + PAD)) for s in own)


def parts(speech: Sequence[Stretch], seconds: float = PART_SECONDS) -> list[list[Stretch]]:
    """Put stretches of speech into parts of at most `seconds` from first to last; a longer stretch is cut evenly."""
    cut: list[Stretch] = []
    for s in speech:
        edges = np.linspace(s.start, s.end, max(1, math.ceil(s.seconds / seconds)) + 1).tolist()
        cut += [Stretch(a, b) for a, b in pairwise(edges)]
    found: list[list[Stretch]] = []
    for s in cut:
        if found and s.end - found[-1][0].start <= seconds:
            found[-1].append(s)
        else:
            found.append([s])
    return found


def stage_key(content: str, facts: EngineFacts, given: object) -> str:
    """Return the key of a stage's outcome: the same input, engine and settings give the same key."""
    text = json.dumps([content, asdict(facts), given], sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _warnings(turns: Sequence[Turn], engines: Engines) -> list[str]:
    """Say what a reader of this transcript has to know."""
    found = []
    speakers = {t.speaker for t in turns}
    if not turns:
        found.append("No speech was found on this tape. Listen to it, and look at the quality report.")
    elif engines.speakers and len(speakers) != engines.speakers:
        told = "1 speaker was" if len(speakers) == 1 else f"{len(speakers)} speakers were"
        found.append(
            f"{told} told apart where {engines.speakers} were expected. "
            "Listen to the tape before you name roles."
        )
    if engines.recognizer is not None:
        silent = [t for t in turns if not t.words and t.seconds >= LONG_VOCALIZATION]
        if silent:
            where = ", ".join(f"{t.start:.0f} s" for t in silent[:5]) + (", ..." if len(silent) > 5 else "")
            often = "once" if len(silent) == 1 else f"{len(silent)} times"
            found.append(
                f"Voice without words of {LONG_VOCALIZATION:g} s or more, {often} (at {where}): "
                "the recognizer may have left something out."
            )
    return found
