"""Making stretches of a recording inaudible, in a copy."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from bordin.errors import Problem, TapeError
from bordin.tapes.shapes import Stretch

Samples: TypeAlias = npt.NDArray[Any]
SILENCE = "silence"
FADE_SECONDS = 0.005
# A tenth of full scale: heard well beside talk, and the same whatever the talk was.
LOUDNESS = 0.1


def bleep(
    samples: Samples,
    rate: int,
    stretches: Iterable[Stretch | tuple[float, float]],
    *,
    tone_hz: float | str = 1000.0,
    margin: float = 0.15,
) -> Samples:
    """Replace stretches by a tone or by silence.

    Parameters
    ----------
    samples : ndarray of shape (n,) or (n, n_channels), float32 or int16
        Never changed.
    rate : int
        Samples a second.
    stretches : iterable of Stretch or (start, end)
        Seconds from the start of the tape.
    tone_hz : float or "silence"
        Frequency of the tone.
    margin : float
        Seconds replaced before and after each stretch as well, because the times of words are estimates.

    Returns
    -------
    ndarray
        A copy of the same shape and type. In each stretch, margin included, all channels hold the tone or
        silence and nothing of the recording. The recording fades out in the 5 ms before and in during the
        5 ms after, so that nothing clicks; all other samples are as they were. The tone fades inside.

    Raises
    ------
    TapeError
        When the samples are of another type, an option is out of range, or a stretch is not on the tape.
    """
    (out,) = bleep_blocks((samples,), rate, stretches, tone_hz=tone_hz, margin=margin)
    return out


def bleep_blocks(
    blocks: Iterable[Samples],
    rate: int,
    stretches: Iterable[Stretch | tuple[float, float]],
    *,
    tone_hz: float | str = 1000.0,
    margin: float = 0.15,
) -> Iterator[Samples]:
    """Do what :func:`bleep` does, block by block, so that a long tape needs the memory of one block.

    Parameters
    ----------
    blocks : iterable of ndarray
        Parts of the recording in order, each (n,) or (n, n_channels), float32 or int16.
    rate, stretches, tone_hz, margin
        As in :func:`bleep`.

    Yields
    ------
    ndarray
        A copy of each block; joined they are the same as :func:`bleep` of the joined blocks.

    Raises
    ------
    TapeError
        As in :func:`bleep`; that a stretch lies behind the end of the tape is known after the last block.
    """
    tone = _tone(tone_hz, rate)
    cuts = _cuts(stretches, rate, margin)
    fade = max(1, round(FADE_SECONDS * rate))
    at = 0
    for given in blocks:
        block = np.asarray(given)
        if block.dtype not in (np.float32, np.int16) or block.ndim not in (1, 2):
            problem = f"samples are float32 or int16 of shape (n,) or (n, channels), not {block.dtype} {block.ndim}-d."
            raise TapeError(Problem(problem, hint="Convert the recording before it is bleeped."))
        yield _block(block, at, cuts, fade, tone)
        at += len(block)
    late = [first for first, _, asked in cuts if asked >= at]
    if late and at:
        problem = f"{len(late)} stretches lie behind the end of the recording ({at / rate:.3f} s)."
        raise TapeError(
            Problem(problem, hint="Transcript and recording are not of the same tape; compare them.")
        )


def _tone(tone_hz: float | str, rate: int) -> float | None:
    """Return the tone's radians a sample, None for silence."""
    if rate <= 0:
        raise TapeError(Problem(f"{rate} samples a second is no rate.", hint="Give for example 16000."))
    if tone_hz == SILENCE:
        return None
    if isinstance(tone_hz, str) or not 0 < tone_hz < rate / 2:
        problem = f"the tone is 'silence' or between 0 and {rate / 2:g} Hz, not {tone_hz!r}."
        raise TapeError(Problem(problem, hint="1000 is usual."))
    return 2 * math.pi * tone_hz / rate


def _cuts(
    stretches: Iterable[Stretch | tuple[float, float]], rate: int, margin: float
) -> tuple[tuple[int, int, int], ...]:
    """Return first sample, sample behind the last, and latest asked start, of what is replaced."""
    if not (math.isfinite(margin) and margin >= 0):
        raise TapeError(Problem(f"the margin is {margin} s; it cannot be negative.", hint="0.15 is usual."))
    pairs = [(s.start, s.end) if isinstance(s, Stretch) else (float(s[0]), float(s[1])) for s in stretches]
    for start, end in pairs:
        if not (math.isfinite(start) and math.isfinite(end) and 0 <= start < end):
            problem = f"a stretch from {start} to {end} s cannot be bleeped."
            raise TapeError(
                Problem(problem, hint="Give seconds from the start of the tape, the end after it.")
            )
    cuts: list[tuple[int, int, int]] = []
    near = 3 * max(1, round(FADE_SECONDS * rate))
    for start, end in sorted(pairs):
        asked = math.floor(start * rate)
        first, behind = max(0, math.floor((start - margin) * rate)), math.ceil((end + margin) * rate)
        if cuts and first - cuts[-1][1] < near:
            # Stretches so near that their fades would meet become one.
            cuts[-1] = (cuts[-1][0], max(cuts[-1][1], behind), max(cuts[-1][2], asked))
        else:
            cuts.append((first, behind, asked))
    return tuple(cuts)


def _block(
    block: Samples, at: int, cuts: Iterable[tuple[int, int, int]], fade: int, tone: float | None
) -> Samples:
    """Return a copy of one block, which begins at sample `at` of the tape."""
    out = block.copy()
    whole = 1.0 if block.dtype == np.float32 else float(np.iinfo(np.int16).max)
    for first, behind, _ in cuts:
        if behind + fade <= at or first - fade >= at + len(block):
            continue
        for low, high, rising in ((first - fade, first, False), (behind, behind + fade, True)):
            here = np.arange(max(low, at), min(high, at + len(block)))
            if len(here):
                share = (here - low + 0.5) / fade
                gain = share if rising else 1.0 - share
                kept = _shaped(gain, block) * block[here - at].astype(np.float64)
                out[here - at] = kept if block.dtype == np.float32 else np.rint(kept)
        here = np.arange(max(first, at), min(behind, at + len(block)))
        if len(here):
            out[here - at] = _shaped(
                _replacement(here, (first, behind), fade, tone, whole, block.dtype), block
            )
    return out


def _shaped(values: Samples, block: Samples) -> Samples:
    """Return values a sample in a shape that goes over all channels."""
    return values if block.ndim == 1 else values[:, np.newaxis]


def _replacement(
    here: Samples, cut: tuple[int, int], fade: int, tone: float | None, whole: float, dtype: Any
) -> Samples:
    """Return the tone at some samples of the tape; it depends on their place alone, not on what was there."""
    if tone is None:
        return np.zeros(len(here), dtype)
    first, behind = cut
    rise = np.minimum((here - first + 0.5) / fade, 1.0)
    fall = np.minimum((behind - here - 0.5) / fade, 1.0)
    wave = LOUDNESS * whole * np.minimum(rise, fall) * np.sin(tone * here)
    return wave.astype(dtype) if dtype == np.float32 else np.rint(wave).astype(dtype)
