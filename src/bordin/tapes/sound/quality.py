"""What the sound of a tape is like: level, noise, clipping, silence, losses, and what its two channels hold.

Levels are in dB relative to full scale (dBFS): a sine at full scale has a peak of 0 and a level of -3. They rest
on frames of 20 ms whose mean is taken out first, so that a constant offset counts for nothing.

- A frame is *talk* on a channel when it is within 30 dB of that channel's loud frames (their 95th percentile) and
  at least 6 dB above its noise floor.
- The *noise floor* is the 10th percentile of the levels of all frames that are not digital zeros. Where a tenth of
  all frames are digital zeros (a noise gate, a call program) no floor can be heard, and there is none.
- *Signal to noise* is the mean power of talk, less that of the noise floor, over that of the noise floor.

It estimates how well people and machines will hear what was said; it is no measurement of a room.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bordin.tapes.shapes import SAMPLE_RATE
from bordin.tapes.sound.clipping import FULL_SCALE, ClippingMeter
from bordin.tapes.sound.conversion import Planes
from bordin.tapes.sound.dropouts import DropoutMeter, Dropouts
from bordin.tapes.sound.quality_warnings import notes_on, warnings_on

Values = npt.NDArray[np.float64]
Talk = npt.NDArray[np.bool_]

FRAME = SAMPLE_RATE // 50
FRAME_SECONDS = 0.02
FLOOR_PERCENTILE = 10
LOUD_PERCENTILE = 95
BELOW_LOUD_DB = 30.0
ABOVE_FLOOR_DB = 6.0
# From this share of digital zeros on they fill the percentile of the noise floor.
GATED_SHARE = 0.1
# Talk shorter than this does not end a silence: a cough, a click.
ISLAND_SECONDS = 0.1
# Shorter ones are breaths and stops within words.
SILENCE_SECONDS = 0.5
# A channel this much below the other one, at its loudest, holds nothing but what leaked into it.
DEAD_DB = 40.0
# From this correlation of samples on, two channels hold one sound; two microphones in a room stay well below.
SAME_CORRELATION = 0.98
INVERTED_CORRELATION = -0.9
# Frames of 0.2 s, about a syllable, are compared between channels.
SYLLABLE = 10
# Two speakers on two channels: the difference in level swings this far, and levels do not go together.
SWING_DB = 12.0
LEVELS_TOGETHER = 0.6
# Speech through a telephone has next to nothing above 4 kHz; wideband speech measures -15 to -20 dB.
TELEPHONE_DB = -40.0
_SPECTRUM, _STRIDE = 512, SAMPLE_RATE // 4
_EMPTY = 1e-12
# Between channels, levels below those of 16-bit rounding count as that.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class ChannelQuality:
    """One channel of the working copy.

    Attributes
    ----------
    level : float or None
        Level of talk, dBFS; None where there is none.
    peak : float or None
        Largest sample, dBFS; None where all are zero.
    noise_floor : float or None
        dBFS; None where pauses are digital zeros.
    signal_to_noise : float or None
        dB.
    talk_share : float
        Share of frames that are talk, 0 to 1.
    dc_offset : float
        Mean of all samples, full scale 1.
    dead : bool
        Whether it holds nothing beside the other channel.
    """

    level: float | None
    peak: float | None
    noise_floor: float | None
    signal_to_noise: float | None
    talk_share: float
    dc_offset: float
    dead: bool


@dataclass(frozen=True)
class Quality:
    """What the sound of a tape is like; ``docs/reference/tape-quality.md`` defines each figure.

    Attributes
    ----------
    duration : float
        Seconds.
    channels : tuple of ChannelQuality
    clipped_share : float
        Share of samples in runs at full scale, 0 to 1.
    clipped_stretches : int
        Number of such places.
    first_clipped : float or None
        Seconds.
    silence_share : float
        Share of the tape in silences of at least 0.5 s.
    longest_silence, longest_silence_at : float
        Its length, and where it begins; seconds.
    digital_silence : float
        Share of frames that are zeros on every channel.
    dropouts : int
        Losses inside talk, over all channels.
    dropout_seconds : float
        All together.
    first_dropout : float or None
        Seconds.
    high_band : float or None
        Power of talk from 4.2 to 7.8 kHz relative to 0.3 to 3.4 kHz, dB.
    telephone_band : bool
        Whether that is next to nothing.
    correlation : float or None
        Of the samples of two channels.
    level_correlation : float or None
        Of their levels during talk.
    level_swing : float or None
        How far apart the 5th and the 95th percentile of their level difference lie, dB.
    same_sound, inverted, separate_speakers : bool
        Two channels hold one sound; the same upside down; a speaker each.
    warnings : tuple of str
        What matters for work with this tape, with the next step.
    notes : tuple of str
        What is good to know and no fault.
    """

    duration: float
    channels: tuple[ChannelQuality, ...]
    clipped_share: float
    clipped_stretches: int
    first_clipped: float | None
    silence_share: float
    longest_silence: float
    longest_silence_at: float
    digital_silence: float
    dropouts: int
    dropout_seconds: float
    first_dropout: float | None
    high_band: float | None
    telephone_band: bool
    correlation: float | None
    level_correlation: float | None
    level_swing: float | None
    same_sound: bool
    inverted: bool
    separate_speakers: bool
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def as_record(quality: Quality) -> dict[str, Any]:
    """Return the quality as JSON holds it."""
    record = asdict(quality)
    return {k: list(v) if isinstance(v, tuple) else v for k, v in record.items()}


class QualityMeter:
    """Measures consecutive blocks of the working copy.

    It keeps about 0.4 KB a second and channel (level of each frame), so that 7 hours take 10 MB.

    Parameters
    ----------
    channels : int
        1 or 2.
    full_scale : float
        See :class:`bordin.tapes.sound.clipping.ClippingMeter`.
    """

    def __init__(self, channels: int, *, full_scale: float = FULL_SCALE) -> None:
        self._channels = channels
        self._rest = np.zeros((channels, 0), np.int16)
        self._samples = 0
        self._peak = np.zeros(channels)
        self._sums = np.zeros(channels)
        self._products = np.zeros((channels, channels))
        self._powers: list[npt.NDArray[np.float32]] = []
        self._bands: list[npt.NDArray[np.float32]] = []
        self._clipping = ClippingMeter(full_scale)
        self._heard_original = False
        self._dropouts = [DropoutMeter() for _ in range(channels)]

    def listen(self, planes: Planes, rate: int, start: float) -> None:
        """Take samples as recorded, for clipping; without them, those of the working copy are looked at."""
        self._heard_original = True
        self._clipping.add(planes, rate, start)

    def add(self, block: npt.NDArray[np.int16]) -> None:
        """Take the next samples, shape (n, channels)."""
        if not len(block):
            return
        rows = np.ascontiguousarray(block.T)
        if not self._heard_original:
            self._clipping.add([r[:, None] for r in rows], SAMPLE_RATE, self._samples / SAMPLE_RATE)
        self._samples += len(block)
        for row, meter in zip(rows, self._dropouts, strict=True):
            meter.add(row)
        self._whole(rows)
        whole = np.concatenate((self._rest, rows), axis=1)
        cut = whole.shape[1] // FRAME * FRAME
        self._rest = whole[:, cut:].copy()
        if cut:
            self._frames(whole[:, :cut])

    def _whole(self, rows: npt.NDArray[np.int16]) -> None:
        """Take what concerns all samples alike: peak, mean and products."""
        scaled = rows.astype(np.float32) / np.float32(32768)
        for c, row in enumerate(rows):
            self._peak[c] = max(self._peak[c], int(row.max()) / 32768, -int(row.min()) / 32768)
            self._sums[c] += int(row.sum(dtype=np.int64)) / 32768
        if self._channels > 1:
            self._products += scaled @ scaled.T
        if rows.shape[1] >= _SPECTRUM:
            self._bands.append(_bands(scaled))

    def _frames(self, rows: npt.NDArray[np.int16]) -> None:
        frames = rows.astype(np.float32).reshape(self._channels, -1, FRAME) / np.float32(32768)
        mean_square = np.einsum("cij,cij->ci", frames, frames) / np.float32(FRAME)
        # Exactly 0 is kept for digital zeros; a constant offset is no sound either, but no digital silence.
        power = np.maximum(mean_square - np.square(frames.mean(2)), np.float32(_EMPTY))
        self._powers.append(np.where(mean_square == 0, np.float32(0), power).T)

    def result(self) -> Quality:
        """Return the quality of what was taken."""
        power = np.concatenate(self._powers) if self._powers else np.zeros((0, self._channels), np.float32)
        talk, floors = _talk(power)
        dead = _dead(power)
        channels = tuple(
            self._channel(c, power[:, c].astype(np.float64), talk[:, c], floors[c], dead[c])
            for c in range(self._channels)
        )
        anybody: Talk = np.any(talk, axis=1)
        longest, place, share = _silences(anybody)
        lost = self._lost(channels)
        clipped = self._clipping.result()
        high_band = _high_band(self._bands)
        found: dict[str, Any] = {
            "duration": self._samples / SAMPLE_RATE,
            "channels": channels,
            "clipped_share": clipped.share,
            "clipped_stretches": clipped.stretches,
            "first_clipped": clipped.first,
            "silence_share": share,
            "longest_silence": longest,
            "longest_silence_at": place,
            "digital_silence": float((power == 0).all(1).mean()) if len(power) else 0.0,
            "dropouts": sum(d.count for d in lost),
            "dropout_seconds": sum(d.seconds for d in lost),
            "first_dropout": min((d.first for d in lost if d.first is not None), default=None),
            "high_band": high_band if anybody.any() else None,
            "telephone_band": bool(anybody.any() and high_band is not None and high_band < TELEPHONE_DB),
            **self._between(power, talk, any(dead)),
        }
        quality = Quality(**found)
        return Quality(**found, warnings=warnings_on(quality), notes=notes_on(quality))

    def _channel(self, c: int, power: Values, talk: Talk, floor: float | None, dead: bool) -> ChannelQuality:
        speech = float(power[talk].mean()) if talk.any() else None
        ratio = None
        if speech is not None and floor is not None:
            ratio = _db(max(speech - floor, _EMPTY) / floor)
        return ChannelQuality(
            level=None if speech is None else _db(speech),
            peak=_db(self._peak[c] ** 2) if self._peak[c] else None,
            noise_floor=None if floor is None else _db(floor),
            signal_to_noise=ratio,
            talk_share=float(talk.mean()) if len(talk) else 0.0,
            dc_offset=float(self._sums[c] / max(self._samples, 1)),
            dead=bool(dead),
        )

    def _lost(self, channels: tuple[ChannelQuality, ...]) -> list[Dropouts]:
        levels = [None if c.level is None else 10 ** (c.level / 10) for c in channels]
        return [m.result(level) for m, level in zip(self._dropouts, levels, strict=True)]

    def _between(self, power: npt.NDArray[np.float32], talk: Talk, dead: bool) -> Mapping[str, Any]:
        """Compare two channels."""
        none: dict[str, Any] = {"correlation": None, "level_correlation": None, "level_swing": None}
        none |= {"same_sound": False, "inverted": False, "separate_speakers": False}
        if self._channels == 1 or dead:
            return none
        centered = self._products - np.outer(self._sums, self._sums) / max(self._samples, 1)
        spread = float(np.sqrt(centered[0, 0] * centered[1, 1]))
        if spread <= 0:
            return none
        alike = float(centered[0, 1]) / spread
        together, swing = _levels_between(power, talk)
        apart = (
            together is not None and swing is not None and swing >= SWING_DB and together < LEVELS_TOGETHER
        )
        return {
            "correlation": alike,
            "level_correlation": together,
            "level_swing": swing,
            "same_sound": alike >= SAME_CORRELATION,
            "inverted": alike <= INVERTED_CORRELATION,
            "separate_speakers": apart,
        }


def _db(power: float) -> float:
    return float(10 * np.log10(power))


def _decibels(power: npt.NDArray[Any]) -> Values:
    return 10 * np.log10(np.maximum(power.astype(np.float64), _EMPTY))


def _talk(power: npt.NDArray[np.float32]) -> tuple[Talk, list[float | None]]:
    """Return which frames are talk on which channel, and the power of the noise floors."""
    talk = np.zeros(power.shape, bool)
    floors: list[float | None] = []
    for c in range(power.shape[1]):
        column = power[:, c]
        sounding = column[column > 0]
        if not len(sounding):
            floors.append(None)
            continue
        low, loud = np.percentile(_decibels(sounding), [FLOOR_PERCENTILE, LOUD_PERCENTILE])
        least = loud - BELOW_LOUD_DB
        gated = 1 - len(sounding) / len(column) >= GATED_SHARE
        if not gated:
            least = max(least, low + ABOVE_FLOOR_DB)
        floors.append(None if gated else float(10 ** (low / 10)))
        talk[:, c] = (column > 0) & (_decibels(column) >= least)
    return talk, floors


def _dead(power: npt.NDArray[np.float32]) -> list[bool]:
    """Return which of two channels holds nothing beside the other one."""
    if power.shape[1] == 1 or not len(power):
        return [False] * power.shape[1]
    loudest = _decibels(np.percentile(power, 99.5, axis=0))
    if loudest.max() <= _decibels(np.array([_EMPTY]))[0]:
        return [False, False]
    return [bool(v) for v in loudest < loudest.max() - DEAD_DB]


def _silences(talk: Talk) -> tuple[float, float, float]:
    """Return the longest silence, where it begins, and the share of the tape that lies in silences."""
    if not len(talk):
        return 0.0, 0.0, 0.0
    edges = _edges(talk)
    edges = edges[edges[:, 1] - edges[:, 0] >= round(ISLAND_SECONDS / FRAME_SECONDS)]
    starts = np.concatenate(([0], edges[:, 1]))
    ends = np.concatenate((edges[:, 0], [len(talk)]))
    lengths = ends - starts
    lengths[lengths < round(SILENCE_SECONDS / FRAME_SECONDS)] = 0
    at = int(lengths.argmax())
    longest = float(lengths[at]) * FRAME_SECONDS
    return longest, float(starts[at]) * FRAME_SECONDS if longest else 0.0, float(lengths.sum() / len(talk))


def _edges(mask: Talk) -> npt.NDArray[np.int64]:
    padded = np.concatenate(([False], mask, [False]))
    edges: npt.NDArray[np.int64] = np.flatnonzero(padded[1:] != padded[:-1]).reshape(-1, 2)
    return edges


def _bands(scaled: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return power below and above 4 kHz, four times a second, all channels together."""
    windows = np.lib.stride_tricks.sliding_window_view(scaled, _SPECTRUM, axis=1)[:, ::_STRIDE]
    spectrum = np.fft.rfft(windows * np.hanning(_SPECTRUM).astype(np.float32))
    power = np.square(np.abs(spectrum)).sum(0)
    per_hertz = _SPECTRUM / SAMPLE_RATE
    low = power[:, int(300 * per_hertz) : int(3400 * per_hertz)].sum(1)
    high = power[:, int(4200 * per_hertz) : int(7800 * per_hertz)].sum(1)
    return np.column_stack((low, high)).astype(np.float32)


def _high_band(parts: list[npt.NDArray[np.float32]]) -> float | None:
    if not parts:
        return None
    bands = np.concatenate(parts).astype(np.float64)
    levels = _decibels(bands[:, 0])
    talk = levels >= np.percentile(levels, LOUD_PERCENTILE) - BELOW_LOUD_DB
    low, high = bands[talk].sum(0)
    return _db(max(high, _EMPTY) / low) if low > _EMPTY else None


def _levels_between(power: npt.NDArray[np.float32], talk: Talk) -> tuple[float | None, float | None]:
    """Return the correlation of levels and the swing of their difference, over syllables with talk."""
    cut = len(power) // SYLLABLE * SYLLABLE
    if not cut:
        return None, None
    spoken = talk[:cut].any(1).reshape(-1, SYLLABLE).any(1)
    levels = _decibels(np.maximum(power[:cut].reshape(-1, SYLLABLE, 2).mean(1)[spoken], _ROUNDING))
    if len(levels) < 50:  # 10 s of talk
        return None, None
    low, high = np.percentile(levels[:, 0] - levels[:, 1], [5, 95])
    spread = levels.std(0)
    if spread.min() <= 0:
        return None, float(high - low)
    centered = levels - levels.mean(0)
    return float((centered[:, 0] * centered[:, 1]).mean() / spread.prod()), float(high - low)
