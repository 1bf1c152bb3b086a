"""Turns or a transcript that stand in a file, in place of an engine's own work."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from bordin.tapes.engines.shapes import Sound, Tell
from bordin.tapes.shapes import EngineFacts, Transcript, Turn, Word


def _hash(file: Path) -> dict[str, str]:
    # Not the file's name: it may hold a person's, and facts stand in every copy of the transcript.
    return {f"file{file.suffix.lower()}": hashlib.sha256(file.read_bytes()).hexdigest()}


class TurnsFromFile:
    """Turns from an RTTM or any other readable file; its words are left out.

    Parameters
    ----------
    file : Path
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def facts(self) -> EngineFacts:
        """Say which file."""
        return EngineFacts(stage="diarization", engine="file", model=_hash(self.file))

    def diarize(self, sound: Sound, *, speakers: int, tell: Tell) -> tuple[Turn, ...]:
        """Return the turns of the file that lie on the tape; see `Diarizer`."""
        turns = TranscriptFromFile(self.file).transcript(sound).turns
        return tuple(Turn(t.speaker, t.start, t.end) for t in turns)


class TranscriptFromFile:
    """A whole transcript that another program made.

    Parameters
    ----------
    file : Path
        WebVTT, SRT, WhisperX JSON, noScribe, aTrain, and whatever else is read.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def facts(self) -> EngineFacts:
        """Say which file."""
        return EngineFacts(stage="transcript", engine="import", model=_hash(self.file))

    def transcript(self, sound: Sound) -> Transcript:
        """Return the transcript of the file, its times cut to the length of the tape."""
        from bordin.tapes.formats import read_transcript

        read = read_transcript(self.file)
        turns = tuple(
            Turn(t.speaker, t.start, min(t.end, sound.duration), _cut(t.words, sound.duration))
            for t in read.turns
            if t.start < sound.duration
        )
        late = len(read.turns) - len(turns)
        warnings = (
            (f"After the end of the tape the imported transcript goes on, turns left out: {late}.",)
            if late
            else ()
        )
        return Transcript(turns, sound.duration, warnings=(*read.warnings, *warnings), notice=read.notice)


def _cut(words: tuple[Word, ...], duration: float) -> tuple[Word, ...]:
    """No word is left out, and none lies behind the end of the tape."""
    times = ((None if t is None else min(t, duration) for t in (w.start, w.end)) for w in words)
    return tuple(replace(w, start=start, end=end) for w, (start, end) in zip(words, times, strict=True))
