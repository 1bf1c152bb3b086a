"""Voiceprints rest on what a speaker says alone; a fake embedder takes the mean level for the voice."""

from __future__ import annotations

import numpy as np

from bordin.tapes.engines.voiceprint import ENOUGH_SECONDS, voiceprints
from bordin.tapes.shapes import SAMPLE_RATE, Turn


class Levels:
    """A sound in which each moment holds the level of who speaks: .2 for S1, .6 for S2, .8 for both."""

    channels = 1

    def __init__(self, turns: list[Turn], duration: float) -> None:
        self.duration = duration
        self.samples = np.zeros(round(duration * SAMPLE_RATE), dtype=np.float32)
        for t in turns:
            level = 0.2 if t.speaker == "S1" else 0.6
            self.samples[round(t.start * SAMPLE_RATE) : round(t.end * SAMPLE_RATE)] += level

    def read(self, start: float, end: float, channel: int | None = None) -> np.ndarray:
        return self.samples[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]


class Embedder:
    """An embedding that is a direction on the plane, turned by the mean level; it notes what it was given."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def vector(self, samples: np.ndarray) -> np.ndarray:
        self.seconds.append(len(samples) / SAMPLE_RATE)
        level = float(samples.mean())
        return np.array([np.cos(level), np.sin(level)])


def prints_of(turns: list[Turn], duration: float) -> tuple[dict[str, np.ndarray], list[float]]:
    embedder = Embedder()
    found = voiceprints(Levels(turns, duration), turns, embedder)  # type: ignore[arg-type]
    return found, embedder.seconds


def test_a_voice_is_what_its_speaker_says_alone() -> None:
    turns = [Turn("S1", 0, 5), Turn("S2", 6, 12), Turn("S2", 20, 24), Turn("S1", 22, 27)]
    found, seconds = prints_of(turns, 30)
    assert np.allclose(found["S1"], [np.cos(0.2), np.sin(0.2)], atol=1e-6)
    assert np.allclose(found["S2"], [np.cos(0.6), np.sin(0.6)], atol=1e-6)
    assert sorted(seconds) == [5, 6]  # the two turns that overlap were left out


def test_no_more_is_heard_than_is_enough() -> None:
    turns = [Turn("S1", 40 * i, 40 * i + 20) for i in range(4)]
    found, seconds = prints_of(turns, 160)
    assert sum(seconds) == ENOUGH_SECONDS
    assert np.isclose(np.linalg.norm(found["S1"]), 1)


def test_a_speaker_who_never_speaks_alone_for_a_second_has_no_voiceprint() -> None:
    found, _ = prints_of([Turn("S1", 0, 5), Turn("S2", 6, 6.9)], 10)
    assert set(found) == {"S1"}
