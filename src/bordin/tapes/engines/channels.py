"""One speaker a channel: two microphones tell who speaks, so that nothing has to be guessed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from bordin.errors import Problem, TapeError
from bordin.tapes.engines.shapes import Sound, Tell
from bordin.tapes.engines.voice_activity import SileroActivity
from bordin.tapes.shapes import SAMPLE_RATE, EngineFacts, Turn, union

# A voice that reaches the other microphone arrives at least this much weaker.
BLEED_DB = 10.0
FRAME = 0.02
LEAST_TURN = 0.15
FILLED = 0.3


class ChannelDiarizer:
    """Turns from the channels of a stereo recording.

    Parameters
    ----------
    names : sequence of str
        Speaker of each channel, in order; empty for ``S1``, ``S2``.
    """

    def __init__(self, names: Sequence[str] = ()) -> None:
        self.names = tuple(names)
        self._activity = SileroActivity(least_silence=0.25, pad=0.1)

    def facts(self) -> EngineFacts:
        """Say which parameters and package."""
        inner = self._activity.facts()
        return EngineFacts(
            stage="diarization",
            engine="channels",
            parameters={"names": list(self.names), "bleed_db": BLEED_DB, **inner.parameters},
            version=inner.version,
        )

    def speaker(self, channel: int) -> str:
        """Return the speaker of a channel, counted from 0."""
        return self.names[channel] if self.names else f"S{channel + 1}"

    def diarize(self, sound: Sound, *, speakers: int, tell: Tell) -> tuple[Turn, ...]:
        """Return turns without words, by start; see `Diarizer`.

        Raises
        ------
        TapeError
            When the recording has one channel, or not as many as there are names.
        """
        wanted = len(self.names) or 2
        if sound.channels < 2 and not self.names:
            raise TapeError(
                Problem(
                    "one speaker a channel needs two channels, and the recording has one.",
                    hint="Take another diarizer, such as --diarizer onnx.",
                )
            )
        if sound.channels < 2 or wanted != sound.channels:
            raise TapeError(
                Problem(
                    f"{wanted} channels are named, but the recording has {sound.channels}.",
                    hint="Leave out --channels, or name as many speakers as there are channels.",
                )
            )
        found: list[Turn] = []
        levels = [_levels(sound, c) for c in range(sound.channels)]
        for c in range(sound.channels):
            speech = self._activity.find(sound, lambda share, c=c: tell((c + share) / sound.channels), c)  # type: ignore[misc]
            others = np.max([level for i, level in enumerate(levels) if i != c], axis=0)
            own = levels[c] > others - BLEED_DB
            for start, end in _kept([(s.start, s.end) for s in speech], own):
                found.append(Turn(self.speaker(c), start, min(end, sound.duration)))
        return tuple(sorted(found, key=lambda t: (t.start, t.end)))


def _levels(sound: Sound, channel: int) -> npt.NDArray[np.floating[Any]]:
    """Return the level of each 20 ms of a channel in dB, smoothed over a fifth of a second."""
    size = round(FRAME * SAMPLE_RATE)
    power = []
    for start in np.arange(0.0, sound.duration, 60.0):
        samples = sound.read(float(start), min(float(start) + 60.0, sound.duration), channel)
        whole = np.pad(samples, (0, -len(samples) % size)).reshape(-1, size)
        power.append(np.mean(whole.astype(np.float64) ** 2, axis=1))
    joined = np.concatenate(power) if power else np.zeros(1)
    smooth = np.convolve(joined, np.ones(11) / 11, mode="same") if len(joined) > 11 else joined
    levels: npt.NDArray[np.floating[Any]] = 10.0 * np.log10(smooth + 1e-10)
    return levels


def _kept(stretches: list[tuple[float, float]], own: npt.NDArray[np.bool_]) -> list[tuple[float, float]]:
    """Cut stretches to where this channel is not merely hearing the other one."""
    kept: list[tuple[float, float]] = []
    for start, end in stretches:
        first, last = int(start / FRAME), min(int(np.ceil(end / FRAME)), len(own))
        edges = np.flatnonzero(np.diff(np.concatenate([[False], own[first:last], [False]]).astype(np.int8)))
        for a, b in zip(edges[::2], edges[1::2], strict=True):
            kept.append((max(start, (first + a) * FRAME), min(end, (first + b) * FRAME)))
    filled = union((a, b + FILLED) for a, b in kept)
    return [(s.start, s.end - FILLED) for s in filled if s.seconds - FILLED >= LEAST_TURN]
