"""Where somebody speaks: Silero's detector, as it comes inside faster-whisper."""

from __future__ import annotations

from bordin.tapes.engines.shapes import Sound, Tell, parts_of
from bordin.tapes.shapes import SAMPLE_RATE, EngineFacts, Stretch, union

# Parts bound the memory of a tape of many hours.
PART = 600.0
THRESHOLD = 0.5
# Silence shorter than this stays in: a recognizer hears more in whole sentences.
LEAST_SILENCE = 2.0
PAD = 0.4


class SileroActivity:
    """Finds stretches of speech, whoever speaks.

    Parameters
    ----------
    least_silence : float
        Seconds of silence that part two stretches.
    pad : float
        Seconds kept before and after each stretch.
    """

    def __init__(self, *, least_silence: float = LEAST_SILENCE, pad: float = PAD) -> None:
        self.least_silence, self.pad = least_silence, pad

    def facts(self) -> EngineFacts:
        """Say which parameters and package."""
        from importlib.metadata import version

        return EngineFacts(
            stage="voice activity",
            engine="silero",
            parameters={"threshold": THRESHOLD, "least_silence": self.least_silence, "pad": self.pad},
            version=f"faster-whisper {version('faster-whisper')}",
        )

    def find(self, sound: Sound, tell: Tell, channel: int | None = None) -> tuple[Stretch, ...]:
        """Return where somebody speaks, by start.

        Parameters
        ----------
        sound : Sound
        tell : callable
            Is given the share of work done.
        channel : int, optional
            One channel only; all mixed when absent.
        """
        from faster_whisper.vad import VadOptions, get_speech_timestamps

        options = VadOptions(
            threshold=THRESHOLD,
            min_silence_duration_ms=round(self.least_silence * 1000),
            speech_pad_ms=round(self.pad * 1000),
        )
        found: list[tuple[float, float]] = []
        for start, end in parts_of(sound, PART):
            samples = sound.read(start, end, channel)
            for s in get_speech_timestamps(samples, options):
                found.append((start + s["start"] / SAMPLE_RATE, start + s["end"] / SAMPLE_RATE))
            tell(end / sound.duration)
        return union(found)
