"""Planted faults are found with their figures; clean talk, loud or soft, raises no warning."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bordin.tapes.sound.clipping import Clipping, ClippingMeter, full_scale_of, limits
from bordin.tapes.sound.dropouts import DropoutMeter
from bordin.tapes.sound.quality import Quality, QualityMeter, as_record

RATE = 16_000
DATA = Path(__file__).parents[3].parent / "shared" / "data" / "tapes"


# ---------------------------------------------------------------- sound like talk


def noise(seconds: float, level: float, seed: int = 0) -> np.ndarray:
    """White noise of a level in dBFS."""
    return np.random.default_rng(seed).normal(0, 10 ** (level / 20), round(seconds * RATE))


def talk(seconds: float, *, seed: int = 1, level: float = -25.0, floor: float | None = -60.0) -> np.ndarray:
    """Syllables of a buzz with hissing ends, in phrases of about 3 s with pauses of about 1 s, over noise."""
    rng = np.random.default_rng(seed)
    sound = np.zeros(round(seconds * RATE))
    at = 0.3
    while at < seconds - 1:
        for _ in range(int(rng.integers(6, 16))):
            length = rng.uniform(0.12, 0.25)
            t = np.arange(round(length * RATE)) / RATE
            pitch = rng.uniform(100, 230)
            buzz = sum(np.sin(2 * np.pi * pitch * k * t + k * k) / k for k in range(1, 20))
            hiss = np.diff(rng.normal(0, 0.5, len(t) + 1)) * np.linspace(0, 1, len(t)) ** 4
            part = (buzz + hiss) * np.hanning(len(t)) * rng.uniform(0.5, 1)
            place = round(at * RATE)
            sound[place : place + len(part)] += part[: max(len(sound) - place, 0)]
            at += length + rng.uniform(0.0, 0.06)
            if at > seconds - 1:
                break
        at += rng.uniform(0.7, 1.6)
    spoken = np.abs(sound) > 1e-3
    sound *= 10 ** (level / 20) / np.sqrt(np.square(sound[spoken]).mean())
    return sound if floor is None else sound + noise(seconds, floor, seed)


def as_samples(*channels: np.ndarray) -> np.ndarray:
    whole = np.round(np.stack(channels, 1) * 32768)
    return np.clip(whole, -32768, 32767).astype(np.int16)


def measured(*channels: np.ndarray, block: int = 64_000) -> Quality:
    samples = as_samples(*channels)
    meter = QualityMeter(samples.shape[1])
    for start in range(0, len(samples), block):
        meter.add(samples[start : start + block])
    return meter.result()


def loudest(sound: np.ndarray, count: int, apart: float = 2.0) -> list[int]:
    """Return places in the middle of loud syllables."""
    strength = np.convolve(np.square(sound), np.ones(1600), "same")
    places: list[int] = []
    for place in np.argsort(strength)[::-1]:
        if all(abs(place - p) > apart * RATE for p in places):
            places.append(int(place))
        if len(places) == count:
            break
    return sorted(places)


# ---------------------------------------------------------------- no false alarm


@given(seed=st.integers(0, 10_000), level=st.floats(-36, -16), floor=st.floats(-75, -50))
@settings(max_examples=12)
def test_clean_talk_raises_no_warning(seed: int, level: float, floor: float) -> None:
    quality = measured(talk(30, seed=seed, level=level, floor=min(floor, level - 20)))
    assert quality.warnings == ()
    assert quality.notes == ()
    assert quality.clipped_share == 0.0
    assert quality.dropouts == 0


def test_a_noise_gate_is_a_note_and_no_warning() -> None:
    quality = measured(talk(60, floor=None))
    assert quality.warnings == ()
    assert quality.notes[0].startswith("Pauses are digital silence")
    assert quality.channels[0].noise_floor is None
    assert quality.channels[0].signal_to_noise is None
    assert quality.digital_silence > 0.15


SESSIONS = {"session_mf": -24.46, "session_mf_stereo": -23.01, "session_mm_room": -25.38}


@pytest.mark.parametrize("name", SESSIONS)
def test_synthetic_sessions_raise_no_warning(name: str) -> None:
    if not DATA.is_dir():
        pytest.skip("the synthetic sessions are not beside this repository")
    from bordin.tapes.sound.working_copy import measure

    pytest.importorskip("av")
    recording = measure(DATA / f"{name}.flac", io.BytesIO())
    quality = recording.quality
    assert recording.warnings == ()
    assert quality.channels[0].level == pytest.approx(SESSIONS[name], abs=0.05)
    assert quality.separate_speakers == (name == "session_mf_stereo")
    assert not quality.same_sound
    assert quality.dropouts == 0
    if name == "session_mm_room":  # made with noise 20 dB below talk
        assert quality.channels[0].signal_to_noise == pytest.approx(20, abs=1.5)


# ---------------------------------------------------------------- levels and noise


def test_levels_of_a_tone_in_pauses_are_the_textbook_ones() -> None:
    t = np.arange(RATE * 40) / RATE
    on = (t % 2 < 1).astype(float)
    quality = measured(0.5 * np.sin(2 * np.pi * 400 * t) * on + noise(40, -60))
    channel = quality.channels[0]
    assert channel.level == pytest.approx(20 * np.log10(0.5) - 3.01, abs=0.02)
    assert channel.peak == pytest.approx(20 * np.log10(0.5), abs=0.1)
    assert channel.noise_floor == pytest.approx(-60, abs=0.6)
    assert channel.signal_to_noise == pytest.approx(51, abs=0.7)
    assert channel.talk_share == pytest.approx(0.5, abs=0.01)
    assert quality.duration == 40.0
    assert quality.silence_share == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(("planted", "slack"), [(40, 1.5), (30, 1.5), (20, 1.5), (15, 2.0)])
def test_signal_to_noise_is_the_planted_one(planted: int, slack: float) -> None:
    sound = talk(90, floor=None)
    level = measured(sound).channels[0].level
    assert level is not None
    quality = measured(sound + noise(90, level - planted))
    assert quality.channels[0].signal_to_noise == pytest.approx(planted, abs=slack)
    assert quality.warnings == ()


def test_talk_in_loud_noise_is_told() -> None:
    quality = measured(talk(60, level=-25, floor=-29))
    assert quality.channels[0].signal_to_noise is not None
    assert quality.channels[0].signal_to_noise < 12
    assert "dB louder than the noise" in quality.warnings[0]


@given(gain=st.floats(-24, 6))
@settings(max_examples=6)
def test_gain_moves_levels_and_leaves_ratios(gain: float) -> None:
    sound = talk(20, level=-30)
    plain, louder = measured(sound), measured(sound * 10 ** (gain / 20))
    before, after = plain.channels[0], louder.channels[0]
    assert before.level is not None
    assert after.level == pytest.approx(before.level + gain, abs=0.1)
    assert after.signal_to_noise == pytest.approx(before.signal_to_noise, abs=0.3)
    assert louder.silence_share == pytest.approx(plain.silence_share, abs=0.02)


def test_very_quiet_talk_is_told() -> None:
    quality = measured(talk(60, level=-50, floor=-85))
    assert len(quality.warnings) == 1
    assert quality.warnings[0].startswith("Talk is very quiet (-5")


def test_an_offset_is_told_and_does_not_count_as_sound() -> None:
    sound = talk(60)
    quality, plain = measured(sound + 0.05), measured(sound)
    assert quality.channels[0].dc_offset == pytest.approx(0.05, abs=0.001)
    assert quality.channels[0].level == pytest.approx(plain.channels[0].level, abs=0.05)
    assert quality.channels[0].noise_floor == pytest.approx(plain.channels[0].noise_floor, abs=0.1)
    assert quality.warnings == (
        "The recording is shifted by 5% of full scale. It does no harm to a transcript; have the recorder or its "
        "microphone checked.",
    )


@pytest.mark.parametrize("sound", [noise(60, -40), np.zeros(60 * RATE), noise(60, -40) * 0 + 0.2])
def test_a_tape_without_talk_is_told(sound: np.ndarray) -> None:
    quality = measured(sound)
    assert quality.channels[0].level is None
    assert quality.warnings == (
        "Hardly anything that sounds like talk was found. Listen to the tape: it may be the wrong file.",
    )
    assert quality.longest_silence == pytest.approx(60, abs=0.1)


# ---------------------------------------------------------------- silence and losses


def test_a_long_silence_is_told_with_its_place() -> None:
    sound = np.concatenate((talk(60), noise(400, -60), talk(60, seed=2)))
    quality = measured(sound)
    assert 399 < quality.longest_silence < 405
    assert quality.longest_silence_at == pytest.approx(59, abs=2)
    assert quality.silence_share > 400 / 520
    assert quality.warnings[0].startswith("Nobody talks from 0:00:5")


def test_a_cough_does_not_end_a_silence() -> None:
    sound = np.concatenate((talk(20), noise(30, -60), talk(20, seed=2)))
    sound[35 * RATE : 35 * RATE + 800] += 0.1
    assert measured(sound).longest_silence > 30


@pytest.mark.parametrize("length", [0.006, 0.05, 0.4])
def test_dropouts_inside_talk_are_counted(length: float) -> None:
    sound = talk(60)
    places = loudest(sound, 5)
    for place in places:
        sound[place : place + round(length * RATE)] = 0
    # After a long loss the syllable may have ended: only those that end in talk count.
    quality = measured(sound)
    assert quality.dropouts == 5 if length < 0.1 else 1 <= quality.dropouts <= 5
    assert quality.dropout_seconds == pytest.approx(quality.dropouts * length, abs=0.0005 * quality.dropouts)
    if length < 0.1:
        assert quality.first_dropout == pytest.approx(places[0] / RATE, abs=0.001)
    if quality.dropouts >= 3:
        assert quality.warnings[0].startswith(f"Sound is lost inside talk in {quality.dropouts} places")


def test_zeros_in_pauses_are_no_dropouts() -> None:
    sound = talk(60, floor=None)
    assert (as_samples(sound) == 0).mean() > 0.1
    assert measured(sound).dropouts == 0


@given(cuts=st.lists(st.integers(1, 47_999), max_size=6))
@settings(max_examples=25)
def test_cuts_between_blocks_lose_and_invent_no_dropouts(cuts: list[int]) -> None:
    samples = np.random.default_rng(1).integers(1, 9000, 48_000).astype(np.int16)
    for place, length in ((4_000, 90), (9_000, 2_000), (15_000, 15_000), (40_000, 79), (46_000, 16_001)):
        samples[place : place + length] = 0
    meter = DropoutMeter()
    for part in np.split(samples, sorted(set(cuts))):
        meter.add(part)
    found = meter.result(1e-3)
    assert (found.count, found.seconds, found.first) == (3, (90 + 2_000 + 15_000) / RATE, 0.25)


# ---------------------------------------------------------------- clipping


def test_clipping_is_counted_with_its_share_and_places() -> None:
    sound = talk(60, level=-30)
    places = [10.0, 20.0, 40.0]
    for place in places:
        sound[round(place * RATE) : round(place * RATE) + 200] = 1.0
    sound[round(20.05 * RATE) : round(20.05 * RATE) + 100] = -1.0  # within 0.1 s: heard as one
    sound[30 * RATE] = 1.0  # a single sample may touch full scale
    quality = measured(sound)
    assert quality.clipped_share == (3 * 200 + 100) / (60 * RATE)
    assert quality.clipped_stretches == 3
    assert quality.first_clipped == 10.0
    assert quality.warnings == (
        "The recording is overdriven in 3 places (0.073% of samples), first at 0:00:10. Words may be distorted there; "
        "for the next session, turn the level of the recorder down.",
    )


def test_overdriven_talk_is_told_and_loud_talk_is_not() -> None:
    sound = talk(60)
    sound /= np.abs(sound).max()
    assert measured(sound).warnings == ()
    assert measured(sound * 2).warnings[0].startswith("The recording is overdriven")


@given(cuts=st.lists(st.integers(1, 9_999), max_size=8), channels=st.sampled_from([1, 2]))
@settings(max_examples=40)
def test_cuts_between_blocks_change_no_count_of_clipping(cuts: list[int], channels: int) -> None:
    samples = np.zeros((10_000, channels), np.int16)
    for place, length in ((100, 3), (1_000, 2), (3_000, 500), (3_600, 10), (8_000, 4), (9_997, 3)):
        samples[place : place + length, 0] = 32_767
    at = 0
    meter = ClippingMeter()
    for part in np.split(samples, sorted(set(cuts))):
        meter.add([part], RATE, at / RATE)
        at += len(part)
    found = meter.result()
    assert found.share == pytest.approx((3 + 500 + 10 + 4 + 3) / (10_000 * channels), rel=1e-12)
    assert found.first == pytest.approx(100 / RATE)
    assert found.stretches == 4


@pytest.mark.parametrize(
    ("dtype", "top"), [(np.int16, 32_767), (np.int32, (2**23 - 1) << 8), (np.float32, 1.0), (np.uint8, 255)]
)
def test_full_scale_is_known_in_every_format(dtype: type, top: float) -> None:
    middle = 128 if dtype is np.uint8 else 0
    samples = np.full((1000, 1), middle, dtype)
    samples[500:510] = top
    meter = ClippingMeter()
    meter.add([samples], 8_000, 2.0)
    assert meter.result() == Clipping(0.01, 1, 2.0 + 500 / 8_000)
    low, high = limits(np.dtype(dtype), full_scale_of("pcm_u8", lossless=True))
    assert middle + 0.96 * (top - middle) < high <= top
    assert low < middle


def test_telephone_companding_reaches_its_own_full_scale() -> None:
    for codec, top in (("pcm_mulaw", 32_124), ("pcm_alaw", 32_256)):
        samples = np.full((100, 1), top, np.int16)
        meter = ClippingMeter(full_scale_of(codec, lossless=True))
        meter.add([samples], 8_000, 0.0)
        assert meter.result().share == 1.0


def test_clipping_is_looked_for_before_the_sound_is_converted() -> None:
    meter = QualityMeter(1)
    original = np.full((48_000, 1), 32_767, np.int16)
    meter.listen([original], 48_000, 0.0)
    meter.add(np.full((16_000, 1), 30_000, np.int16))
    assert meter.result().clipped_share == 1.0


# ---------------------------------------------------------------- band


def test_a_telephone_band_is_told() -> None:
    sound = talk(60, floor=None)
    spectrum = np.fft.rfft(sound)
    spectrum[3_600 * 60 :] = 0
    quality = measured(np.fft.irfft(spectrum, len(sound)) + noise(60, -80))
    assert quality.high_band is not None
    assert quality.high_band < -40
    assert quality.telephone_band
    assert quality.warnings[0].startswith("Hardly any sound lies above 4 kHz")
    assert measured(talk(60)).telephone_band is False


# ---------------------------------------------------------------- two channels


def two_speakers(leak: float, seconds: float = 120) -> tuple[np.ndarray, np.ndarray]:
    """Two people in turn, a microphone each; `leak` dB of the other one reach it."""
    first = np.concatenate(
        [talk(10, seed=i, floor=None) if i % 2 else np.zeros(10 * RATE) for i in range(12)]
    )
    second = np.concatenate(
        [np.zeros(10 * RATE) if i % 2 else talk(10, seed=i, floor=None) for i in range(12)]
    )
    gain = 10 ** (leak / 20)
    one, two = first + gain * np.roll(second, 40), second + gain * np.roll(first, 40)
    return one + noise(seconds, -65, 3), 0.6 * two + noise(seconds, -65, 4)


@pytest.mark.parametrize(("leak", "apart"), [(-60, True), (-20, True), (-12, True), (-2, False)])
def test_a_microphone_each_is_told_from_two_that_hear_both(leak: float, apart: bool) -> None:
    quality = measured(*two_speakers(leak))
    assert quality.separate_speakers == apart
    assert quality.warnings == ()
    assert (len(quality.notes) == 1) == apart


def test_a_stereo_file_that_is_mono_is_a_note() -> None:
    sound = talk(60)
    quality = measured(sound, 0.5 * sound + noise(60, -75, 9))
    assert quality.same_sound
    assert quality.correlation == pytest.approx(1, abs=0.001)
    assert quality.warnings == ()
    assert quality.notes[0].startswith("Both channels hold the same sound")


def test_channels_that_cancel_are_told() -> None:
    sound = talk(60)
    quality = measured(sound, -sound)
    assert quality.inverted
    assert quality.correlation == pytest.approx(-1, abs=0.001)
    assert quality.warnings[0].startswith("The two channels are the same sound upside down")


@pytest.mark.parametrize("other", [np.zeros(60 * RATE), noise(60, -75, 5)])
def test_a_dead_channel_is_told_and_spoils_no_other_figure(other: np.ndarray) -> None:
    sound = talk(60)
    quality = measured(sound, other)
    assert [c.dead for c in quality.channels] == [False, True]
    assert quality.correlation is None
    assert quality.channels[0] == measured(sound).channels[0]
    assert len(quality.warnings) == 1
    assert quality.warnings[0].startswith("Channel 2 (right) is empty.")


# ---------------------------------------------------------------- the whole


@given(block=st.integers(300, 50_000))
@settings(max_examples=8)
def test_the_size_of_blocks_changes_next_to_nothing(block: int) -> None:
    sound, other = talk(12), talk(12, seed=7)
    whole, cut = measured(sound, other, block=10**9), measured(sound, other, block=block)
    assert cut.channels[0].level == pytest.approx(whole.channels[0].level, abs=1e-4)
    assert cut.channels[1].peak == whole.channels[1].peak
    assert cut.correlation == pytest.approx(whole.correlation, abs=1e-5)
    assert cut.silence_share == whole.silence_share
    assert cut.duration == whole.duration


def test_a_record_is_plain_json() -> None:
    quality = measured(talk(10), talk(10, seed=2))
    record = as_record(quality)
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert record["duration"] == 10.0
    assert record["channels"][0]["level"] == quality.channels[0].level
    assert record["warnings"] == []


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("samples", [0, 1, 319, 321, 5_000])
def test_tapes_of_next_to_no_length_have_a_quality(samples: int, channels: int) -> None:
    quality = measured(*[np.full(samples, 0.1)] * channels)
    assert quality.duration == samples / RATE
    assert json.dumps(as_record(quality), allow_nan=False)
    assert len(quality.warnings) == 1
