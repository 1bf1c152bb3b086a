"""Silero's detector: what it is asked, and how a long tape is put together from parts.

`get_speech_timestamps` here imitates the one of faster_whisper.vad: samples in, stretches in samples out.
"""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from tape_fakes import MadeSound, sound_of

from bordin.tapes.engines import voice_activity
from bordin.tapes.engines.voice_activity import SileroActivity
from bordin.tapes.shapes import Stretch


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[SimpleNamespace]:
    found: list[SimpleNamespace] = []

    def get_speech_timestamps(samples: np.ndarray, options: SimpleNamespace) -> list[dict[str, int]]:
        found.append(options)
        loud = np.abs(samples) > 0.05
        frames = loud[: len(loud) // 160 * 160].reshape(-1, 160).any(axis=1)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], frames, [False]]).astype(int))) * 160
        return [{"start": int(a), "end": int(b)} for a, b in edges.reshape(-1, 2)]

    package, module = ModuleType("faster_whisper"), ModuleType("faster_whisper.vad")
    module.VadOptions = SimpleNamespace  # type: ignore[attr-defined]
    module.get_speech_timestamps = get_speech_timestamps  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "faster_whisper", package)
    monkeypatch.setitem(sys.modules, "faster_whisper.vad", module)
    return found


def test_speech_is_found_and_joined_over_the_borders_of_parts(asked, monkeypatch):
    monkeypatch.setattr(voice_activity, "PART", 2.0)
    told: list[float] = []
    sound = MadeSound(sound_of([(0, 1.0, 3.0), (1, 4.5, 5.0)], 6.0))
    assert SileroActivity().find(sound, told.append) == (Stretch(1.0, 3.0), Stretch(4.5, 5.0))
    assert told == pytest.approx([1 / 3, 2 / 3, 1.0])
    assert sound.most == 2 * 16_000
    [options, *_] = asked
    assert (options.threshold, options.min_silence_duration_ms, options.speech_pad_ms) == (0.5, 2000, 400)


def test_one_channel_or_all(asked):
    sound = MadeSound(sound_of([(0, 1.0, 2.0), (1, 3.0, 4.0)], 5.0, channels=2))
    activity = SileroActivity(least_silence=0.25, pad=0.1)
    assert activity.find(sound, lambda _: None, 1) == (Stretch(3.0, 4.0),)
    assert len(activity.find(sound, lambda _: None)) == 2
    assert (asked[0].min_silence_duration_ms, asked[0].speech_pad_ms) == (250, 100)


def test_facts_hold_what_it_is_told():
    facts = SileroActivity(least_silence=0.25, pad=0.1).facts()
    assert (facts.stage, facts.engine) == ("voice activity", "silero")
    assert facts.parameters == {"threshold": 0.5, "least_silence": 0.25, "pad": 0.1}
    assert facts.version.startswith("faster-whisper 1.")
