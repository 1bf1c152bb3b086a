"""The drawing of a tape is small, exact to one step in 256, and does not depend on how blocks were cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bordin.errors import TapeError
from bordin.tapes.sound.peaks import PeakMeter, Peaks

RATE = 16_000


def drawn(samples: np.ndarray, cuts: list[int] | None = None) -> Peaks:
    meter = PeakMeter(samples.shape[1])
    for block in np.split(samples, sorted(cuts or [])):
        if len(block):
            meter.add(block)
    return meter.result()


def test_lowest_and_highest_of_every_fiftieth_of_a_second() -> None:
    samples = np.zeros((RATE, 1), np.int16)
    samples[320 * 7 + 5] = 12_800
    samples[320 * 7 + 9] = -25_600
    samples[320 * 49 + 319] = 32_767
    peaks = drawn(samples)
    wanted = np.zeros((1, 50, 2), np.int8)
    wanted[0, 7] = (-100, 50)
    wanted[0, 49] = (0, 127)
    assert np.array_equal(peaks.pairs, wanted)
    assert peaks.names == ("mix",)
    assert peaks.duration == 1.0


def test_the_last_pair_may_be_short() -> None:
    samples = np.full((330, 1), 2560, np.int16)
    peaks = drawn(samples)
    assert peaks.pairs.tolist() == [[[10, 10], [10, 10]]]
    assert peaks.duration == 330 / RATE


def test_stereo_has_a_mix_and_both_channels() -> None:
    samples = np.zeros((640, 2), np.int16)
    samples[:320, 0] = 25_600
    samples[320:, 1] = -25_600
    peaks = drawn(samples)
    assert peaks.names == ("mix", "1", "2")
    assert peaks.pairs[:, :, 1].tolist() == [[50, -50], [100, 0], [0, -100]]


def test_wavesurfer_gets_numbers_between_minus_one_and_one() -> None:
    samples = np.array([[-32768], [32767]] * 160, np.int16)
    assert drawn(samples).drawn().tolist() == [-1.0, 1.0]
    with pytest.raises(TapeError, match=r"no channel '2'\. They have mix"):
        drawn(samples).drawn("2")


@given(
    cuts=st.lists(st.integers(0, 2_000), max_size=8),
    channels=st.sampled_from([1, 2]),
    seed=st.integers(0, 1000),
)
def test_cuts_between_blocks_change_nothing(cuts: list[int], channels: int, seed: int) -> None:
    samples = np.random.default_rng(seed).integers(-32768, 32768, (2_000, channels)).astype(np.int16)
    whole, cut = drawn(samples), drawn(samples, cuts)
    assert np.array_equal(whole.pairs, cut.pairs)
    # No value is off by more than half a step, except that full scale has no step above it.
    truth = samples[:320, 0].max()
    assert abs(int(whole.pairs[-channels if channels > 1 else 0, 0, 1]) * 256 - int(truth)) <= 256


def test_bytes_come_back_as_they_were_and_are_few() -> None:
    samples = np.random.default_rng(1).integers(-9000, 9000, (RATE * 60 + 17, 2)).astype(np.int16)
    peaks = drawn(samples)
    data = peaks.to_bytes()
    again = Peaks.from_bytes(data)
    assert np.array_equal(again.pairs, peaks.pairs)
    assert (again.duration, again.names) == (peaks.duration, peaks.names)
    assert len(data) < 3 * 2 * 50 * 60 + 120
    assert data.startswith(b'{"bordin_peaks":1,"per_second":50,"channels":["mix","1","2"],"points":3001,')


@pytest.mark.parametrize(
    "data",
    [b"", b"RIFF", b"{}\n", b'{"bordin_peaks":2}\n', b'{"bordin_peaks":1,"per_second":50}\n', b"\n" * 3],
)
def test_other_data_are_refused(data: bytes) -> None:
    with pytest.raises(TapeError) as caught:
        Peaks.from_bytes(data, "S1.peaks")
    assert (
        str(caught.value) == "S1.peaks: these are no waveform peaks of bordin. Make the working copy again."
    )


def test_peaks_that_are_cut_off_are_refused() -> None:
    data = drawn(np.ones((RATE, 1), np.int16)).to_bytes()
    with pytest.raises(TapeError):
        Peaks.from_bytes(data[:-1])


def test_a_tape_without_samples_has_no_points() -> None:
    assert PeakMeter(2).result().pairs.shape == (3, 0, 2)
