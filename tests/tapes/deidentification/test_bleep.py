"""A bleeped copy holds nothing of the recording where it is bleeped, and the recording elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bordin.errors import TapeError
from bordin.tapes.deidentification import bleep, bleep_blocks
from bordin.tapes.shapes import Stretch

RATE = 16_000
FADE = 80
TYPES = (np.float32, np.int16)


def noise(seconds: float, dtype: type, channels: int = 0, seed: int = 1) -> np.ndarray:
    shape = (round(seconds * RATE), channels) if channels else round(seconds * RATE)
    made = np.random.default_rng(seed).normal(0, 0.2, shape)
    return (
        made.astype(np.float32)
        if dtype is np.float32
        else np.clip(made * 32767, -32768, 32767).astype(np.int16)
    )


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("channels", [0, 1, 2])
@pytest.mark.parametrize("tone", [1000, "silence"])
def test_nothing_of_the_recording_is_left(dtype: type, channels: int, tone: float | str) -> None:
    samples = noise(3.0, dtype, channels)
    before = samples.copy()
    done = bleep(samples, RATE, [Stretch(1.0, 1.5)], tone_hz=tone)
    assert (done.dtype, done.shape) == (samples.dtype, samples.shape)
    np.testing.assert_array_equal(samples, before)
    first, behind = round(0.85 * RATE), round(1.65 * RATE)
    inside = done[first:behind]
    # The replacement is the same whatever the recording was.
    other = bleep(noise(3.0, dtype, channels, seed=2), RATE, [Stretch(1.0, 1.5)], tone_hz=tone)
    np.testing.assert_array_equal(inside, other[first:behind])
    np.testing.assert_array_equal(
        inside, bleep(np.zeros_like(samples), RATE, [(1.0, 1.5)], tone_hz=tone)[first:behind]
    )
    if tone == "silence":
        assert not inside.any()
    else:
        one = inside.reshape(len(inside), -1)[:, 0].astype(float)
        assert abs(np.corrcoef(one, before[first:behind].reshape(len(inside), -1)[:, 0])[0, 1]) < 0.03
        spectrum = np.abs(np.fft.rfft(one))
        assert np.argmax(spectrum) * RATE / len(one) == pytest.approx(1000, abs=2)
        assert np.abs(one).max() == pytest.approx(0.1 * (1 if dtype is np.float32 else 32767), rel=0.01)
    # Outside the fades every sample is as it was.
    np.testing.assert_array_equal(done[: first - FADE], before[: first - FADE])
    np.testing.assert_array_equal(done[behind + FADE :], before[behind + FADE :])


def test_the_recording_fades_and_the_tone_too() -> None:
    flat = np.full(RATE, 0.5, np.float32)
    done = bleep(flat, RATE, [(0.4, 0.6)], margin=0.0, tone_hz=500)
    first, behind = round(0.4 * RATE), round(0.6 * RATE)
    assert np.all(np.diff(done[first - FADE : first]) < 0)
    assert np.all(np.diff(done[behind : behind + FADE]) > 0)
    assert done[first - 1] < 0.01
    assert abs(done[first]) < 0.01
    # No step is larger than that of the fades and the tone.
    assert np.abs(np.diff(done)).max() < 0.03


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("size", [1, 77, 4096, 100_000])
def test_blocks_give_the_same(dtype: type, size: int) -> None:
    samples = noise(0.5, dtype, 2) if size == 1 else noise(2.0, dtype, 2)
    stretches = [(0.2, 0.25)] if size == 1 else [(0.2, 0.4), (1.0, 1.1), (1.42, 1.5), (0.0, 0.01), (1.9, 2.5)]
    blocks = (samples[i : i + size] for i in range(0, len(samples), size))
    done = np.concatenate(list(bleep_blocks(blocks, RATE, stretches, margin=0.05)))
    np.testing.assert_array_equal(done, bleep(samples, RATE, stretches, margin=0.05))


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.floats(0, 0.9), st.floats(0.001, 0.5)), max_size=5),
    st.floats(0, 0.2),
    st.integers(50, 5000),
)
def test_any_stretches(pairs: list[tuple[float, float]], margin: float, size: int) -> None:
    stretches = [(a, a + b) for a, b in pairs]
    rate = 4000
    samples = np.random.default_rng(3).normal(0, 0.2, rate).astype(np.float32)
    done = bleep(samples, rate, stretches, margin=margin)
    silent = bleep(np.zeros_like(samples), rate, stretches, margin=margin)
    at = np.arange(rate) / rate
    hit = np.zeros(rate, bool)
    near = np.zeros(rate, bool)
    for start, end in stretches:
        hit |= (at >= start - margin) & (at < end + margin)
        near |= (at >= start - margin - 0.02) & (at < end + margin + 0.02)
    np.testing.assert_array_equal(done[hit], silent[hit])
    np.testing.assert_array_equal(done[~near], samples[~near])
    blocks = [samples[i : i + size] for i in range(0, rate, size)]
    np.testing.assert_array_equal(
        np.concatenate(list(bleep_blocks(blocks, rate, stretches, margin=margin))), done
    )


def test_a_bleeped_copy_bleeped_again_is_the_same_inside() -> None:
    done = bleep(noise(2.0, np.int16), RATE, [(0.5, 0.7)])
    again = bleep(done, RATE, [(0.5, 0.7)])
    inside = slice(round(0.35 * RATE), round(0.85 * RATE))
    np.testing.assert_array_equal(done[inside], again[inside])


def test_a_recording_that_may_not_be_written_to() -> None:
    samples = noise(1.0, np.float32)
    samples.flags.writeable = False
    assert bleep(samples, RATE, [(0.2, 0.3)]).flags.writeable
    np.testing.assert_array_equal(bleep(samples, RATE, []), samples)


def test_blocks_are_made_as_they_are_asked_for() -> None:
    seen = []

    def blocks():
        for number in range(1000):
            seen.append(number)
            yield np.zeros(RATE, np.int16)

    made = bleep_blocks(blocks(), RATE, [(3.0, 3.5)])
    for _ in range(5):
        next(made)
    assert seen == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stretches": [(1.0, 1.0)]}, "a stretch from 1.0 to 1.0 s cannot be bleeped"),
        ({"stretches": [(-1.0, 0.5)]}, "a stretch from -1.0 to 0.5 s cannot be bleeped"),
        ({"stretches": [(0.0, float("nan"))]}, "cannot be bleeped"),
        ({"stretches": [(2.0, 3.0)]}, "1 stretches lie behind the end of the recording"),
        ({"tone_hz": 8000}, "between 0 and 8000 Hz, not 8000"),
        ({"tone_hz": "beep"}, "the tone is 'silence' or"),
        ({"margin": -0.1}, "cannot be negative"),
        ({"rate": 0}, "is no rate"),
        ({"samples": np.zeros(9, np.float64)}, "not float64 1-d"),
        ({"samples": np.zeros((2, 2, 2), np.int16)}, "not int16 3-d"),
    ],
)
def test_what_is_refused(options: dict[str, object], message: str) -> None:
    given_ = {"samples": np.zeros(RATE, np.int16), "rate": RATE, "stretches": [(0.1, 0.2)], **options}
    with pytest.raises(TapeError, match=message):
        bleep(**given_)
