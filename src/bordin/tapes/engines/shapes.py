"""What an engine is: two small protocols, and the sound that both are given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from bordin.tapes.shapes import EngineFacts, Stretch, Turn, Word

Samples = npt.NDArray[np.float32]
Tell = Callable[[float], None]


class Sound(Protocol):
    """A recording at 16 kHz that can be read anywhere without reading the whole."""

    @property
    def duration(self) -> float:
        """Seconds."""
        ...

    @property
    def channels(self) -> int:
        """One or two."""
        ...

    def read(self, start: float, end: float, channel: int | None = None) -> Samples:
        """Return the samples of a stretch, -1 to 1; of all channels mixed when `channel` is None."""
        ...


class Diarizer(Protocol):
    """Finds who speaks when."""

    def facts(self) -> EngineFacts:
        """Say what it works with; the facts decide whether an earlier outcome still counts."""
        ...

    def diarize(self, sound: Sound, *, speakers: int, tell: Tell) -> tuple[Turn, ...]:
        """Return turns without words, by start.

        Parameters
        ----------
        sound : Sound
        speakers : int
            How many people speak; 0 leaves it to the engine.
        tell : callable
            Is given the share of work done, 0 to 1.
        """
        ...


@dataclass(frozen=True)
class Heard:
    """What a recognizer heard in one part of a tape.

    Attributes
    ----------
    words : tuple of Word
        By start, with times from the start of the tape.
    language : str
        Code of the language, empty when the engine does not say.
    """

    words: tuple[Word, ...]
    language: str = ""


class Recognizer(Protocol):
    """Finds what is said."""

    def facts(self) -> EngineFacts:
        """Say what it works with; the facts decide whether an earlier outcome still counts."""
        ...

    def hear(self, samples: Samples, start: float, speech: Sequence[Stretch]) -> Heard:
        """Return the words of one part of a tape.

        Parameters
        ----------
        samples : ndarray of float32 (n,)
            The part, at 16 kHz.
        start : float
            Where the part begins on the tape, in seconds.
        speech : sequence of Stretch
            Where somebody speaks in it, from the start of the tape.
        """
        ...


def parts_of(sound: Sound, seconds: float) -> Iterator[tuple[float, float]]:
    """Yield the borders of equal parts that cover a recording."""
    start = 0.0
    while start < sound.duration:
        yield start, min(start + seconds, sound.duration)
        start += seconds
