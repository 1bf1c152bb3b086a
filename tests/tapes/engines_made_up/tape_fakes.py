"""Engines without models, for tests: same shapes and promises as the real ones, on made-up sound.

The sound: each person is one tone (S1 300 Hz, S2 900 Hz), silence is silence.

- `FakeActivity` imitates Silero: it finds where it is loud, and nothing else.
- `FakeDiarizer` imitates a diarizer of mixed sound: the tone tells who speaks; both tones are overlap.
- `FakeRecognizer` imitates Whisper: one word each half second of speech, chosen by its place on the tape, so that
  the same stretch gives the same words however a tape is cut. It finds out the language like the real one.

All can be sent to another process. `done` notes each piece of work, in order.
"""

from __future__ import annotations

import os
import time
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bordin.study import tapes as study_tapes
from bordin.tapes.engines.shapes import Heard, Samples, Sound
from bordin.tapes.shapes import EngineFacts, Stretch, Turn, Word, union
from bordin.tapes.stages import Engines

RATE = 16_000
HERTZ = (300.0, 900.0)
FRAME = 0.05
SPACING = 0.5
SCRIPT = [
    "I",
    "saw",
    "Anna",
    "in",
    "Berlin",
    "again",
    ".",
    "Mm",
    "she",
    "was",
    "very",
    "kind",
    "to",
    "me",
    "there",
]

Spoken = Sequence[tuple[int, float, float]]


# ---------------------------------------------------------------- sound


def sound_of(
    spoken: Spoken, seconds: float, channels: int = 1, *, bleed_db: float | None = None
) -> np.ndarray:
    """Return int16 samples (n, channels) of people who speak: (person counted from 0, start, end)."""
    t = np.arange(round(seconds * RATE)) / RATE
    people = np.zeros((len(t), 2))
    for who, start, end in spoken:
        here = (t >= start) & (t < end)
        people[here, who] += 0.3 * np.sin(2 * np.pi * HERTZ[who] * t[here])
    if channels == 1:
        mixed = people.sum(axis=1, keepdims=True)
    else:
        through = 0.0 if bleed_db is None else 10 ** (bleed_db / 20)
        mixed = people + through * people[:, ::-1]
    return np.round(mixed * 32767).astype(np.int16)


def write_wav(path: Path, samples: np.ndarray, rate: int = RATE) -> Path:
    """Write int16 samples of shape (n, channels)."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(samples.shape[1])
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(samples.astype("<i2").tobytes())
    return path


def a_session(seed: int = 0, seconds: float = 8.0) -> np.ndarray:
    """Return a short session that differs with the seed: S1, S2, both, S1."""
    shift = 0.05 * (seed % 9)
    spoken = [(0, 0.5, 2.5 + shift), (1, 3.0, 5.0), (0, 4.6, 5.4), (0, 6.0, 7.5 - shift)]
    return sound_of(spoken, seconds)


class MadeSound:
    """A `Sound` from samples in memory that counts what is read of it."""

    def __init__(self, samples: np.ndarray) -> None:
        self.samples = samples.astype(np.float32) / np.float32(32768)
        self.most = 0

    @property
    def duration(self) -> float:
        return len(self.samples) / RATE

    @property
    def channels(self) -> int:
        return self.samples.shape[1]

    def read(self, start: float, end: float, channel: int | None = None) -> Samples:
        part = self.samples[max(0, round(start * RATE)) : max(0, round(end * RATE))]
        self.most = max(self.most, len(part))
        return part.mean(axis=1) if channel is None else part[:, channel]


def _loudness(samples: Samples, hertz: float | None) -> np.ndarray:
    """Return the amplitude in each frame, of one tone or of all."""
    size = round(FRAME * RATE)
    whole = samples[: len(samples) // size * size].reshape(-1, size).astype(float)
    if hertz is None:
        return np.sqrt(2 * np.mean(whole**2, axis=1))
    wave_of = np.exp(-2j * np.pi * hertz * np.arange(size) / RATE)
    return 2 * np.abs(whole @ wave_of) / size


def _stretches(loud: np.ndarray) -> list[tuple[float, float]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], loud, [False]]).astype(int)))
    return [(float(a) * FRAME, float(b) * FRAME) for a, b in edges.reshape(-1, 2)]


# ---------------------------------------------------------------- engines


@dataclass
class FakeActivity:
    """Finds where it is loud; gaps under `least_silence` are none."""

    least_silence: float = 2.0
    done: list[Any] = field(default_factory=list)

    def facts(self) -> EngineFacts:
        return EngineFacts("voice activity", "fake", parameters={"least_silence": self.least_silence})

    def find(
        self, sound: Sound, tell: Callable[[float], None], channel: int | None = None
    ) -> tuple[Stretch, ...]:
        self.done.append(channel)
        loud = _loudness(sound.read(0.0, sound.duration, channel), None) > 0.1
        tell(1.0)
        joined = union((a, b + self.least_silence) for a, b in _stretches(loud))
        return tuple(Stretch(s.start, s.end - self.least_silence) for s in joined)


@dataclass
class FakeDiarizer:
    """Tells people apart by their tones."""

    model: str = "a" * 64
    threshold: float = 0.1
    swapped: bool = False
    done: list[int] = field(default_factory=list)

    def facts(self) -> EngineFacts:
        parameters = {"threshold": self.threshold, "swapped": self.swapped}
        return EngineFacts("diarization", "fake", {"tones.onnx": self.model}, parameters, "1")

    def diarize(self, sound: Sound, *, speakers: int, tell: Callable[[float], None]) -> tuple[Turn, ...]:
        self.done.append(speakers)
        samples = sound.read(0.0, sound.duration)
        found = []
        for i, hertz in enumerate(HERTZ):
            name = f"S{2 - i if self.swapped else i + 1}"
            found += [Turn(name, a, b) for a, b in _stretches(_loudness(samples, hertz) > self.threshold)]
            tell((i + 1) / 2)
        return tuple(sorted(found, key=lambda t: (t.start, t.end)))


class Killed(BaseException):
    """Stands for a process that is ended from outside: no ordinary handler catches it."""


@dataclass
class FakeRecognizer:
    """Hears one word each half second of speech, and is killed before part `killed_at` when asked to be."""

    language: str | None = None
    killed_at: int = -1
    fails: bool = False
    done: list[tuple[float, float]] = field(default_factory=list)
    told: list[str | None] = field(default_factory=list)

    def facts(self) -> EngineFacts:
        return EngineFacts("recognition", "fake", {"words.bin": "b" * 64}, {"language": self.language}, "1")

    def hear(self, samples: Samples, start: float, speech: Sequence[Stretch]) -> Heard:
        if len(self.done) == self.killed_at:
            raise Killed
        if self.fails:
            raise ValueError("the fake was told to fail")
        end = speech[-1].end
        if abs(len(samples) / RATE - (end - start)) > 1e-3:
            raise AssertionError(f"{len(samples) / RATE} s of sound for {start} to {end}")
        self.done.append((start, end))
        self.told.append(self.language)
        words = []
        for s in speech:
            for i in range(int(np.ceil(s.start / SPACING)), int(np.ceil(s.end / SPACING))):
                at = i * SPACING
                if at + 0.4 <= s.end:
                    words.append(Word(SCRIPT[i % len(SCRIPT)], at, at + 0.4, 0.9))
        self.language = self.language or "de"
        return Heard(tuple(words), self.language)


def fake_engines(wish: Any = None, *, fails: bool = False) -> Engines:
    """Return engines as `choose` does for a wish."""
    speakers = 2 if wish is None else wish.speakers
    recognizer = None if wish is not None and wish.recognizer == "none" else FakeRecognizer(fails=fails)
    return Engines(FakeDiarizer(), recognizer, activity=FakeActivity(), speakers=speakers)  # type: ignore[arg-type]


def fake_choose(wish: Any) -> tuple[Engines, tuple[str, ...]]:
    """Stand in for `choose`, with a caution of the model."""
    return fake_engines(wish), ("This model is a fake.",)


# ---------------------------------------------------------------- work in other processes

_process_tape = study_tapes.process_tape


def process_with_fakes(task: Any) -> Any:
    """Do the work of `process_tape` with fake engines; what a test sends to other processes."""
    study_tapes.choose = fake_choose
    return _process_tape(task)


def half(task: float) -> float:
    """Return half of a number; refuse -1; end the process without a word for -9."""
    if task == -1:
        raise ValueError("no half of -1")
    if task == -9:
        os._exit(9)
    return task / 2


def settings_of_worker(_: int) -> tuple[int, str | None]:
    """Return the process and the threads it may use."""
    return os.getpid(), os.environ.get("OMP_NUM_THREADS")


def slow(task: float) -> float:
    """Return a number after so many seconds."""
    time.sleep(task)
    return task
