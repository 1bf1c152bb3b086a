"""The working copy holds every sample, is read anywhere, and is made in little memory."""

from __future__ import annotations

import io
import itertools
import struct
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bordin.errors import TapeError
from bordin.tapes.engines.shapes import Sound
from bordin.tapes.sound import working_copy
from bordin.tapes.sound.peaks import Peaks
from bordin.tapes.sound.working_copy import WavWriter, WorkingCopy, measure

RATE = 16_000


class Sealing:
    """A writer that only appends, except within its first 64 KiB."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.place = 0

    def write(self, data: bytes) -> int:
        assert self.place == len(self.data) or self.place + len(data) <= 65_536
        self.data[self.place : self.place + len(data)] = data
        self.place += len(data)
        return len(data)

    def seek(self, place: int) -> int:
        assert place < 65_536
        self.place = place
        return place


class Watched(io.BytesIO):
    """A file that counts what is read of it."""

    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.taken += len(data)
        return data


def samples_of(seconds: float, channels: int, seed: int = 1) -> np.ndarray:
    return (
        np.random.default_rng(seed)
        .integers(-32768, 32768, (round(seconds * RATE), channels))
        .astype(np.int16)
    )


def written(samples: np.ndarray) -> bytes:
    writer = Sealing()
    wav = WavWriter(writer, samples.shape[1])
    for part in np.array_split(samples, 3):
        wav.write(part)
    wav.finish()
    return bytes(writer.data)


@pytest.mark.parametrize("channels", [1, 2])
def test_any_program_reads_the_working_copy(channels: int) -> None:
    samples = samples_of(2, channels)
    with wave.open(io.BytesIO(written(samples))) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (RATE, 2, channels)
        assert file.getnframes() == 2 * RATE
        assert file.readframes(2 * RATE) == samples.tobytes()


def test_above_4_gib_it_becomes_rf64(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working_copy, "RIFF_MOST", 100_000)
    samples = samples_of(4, 2)
    data = written(samples)
    assert data[:4] == b"RF64"
    assert struct.unpack_from("<QQQ", data, 20) == (len(data) - 8, samples.nbytes, len(samples))
    copy = WorkingCopy(io.BytesIO(data))
    assert copy.duration == 4.0
    assert np.array_equal(copy.read(0, 4, 1), samples[:, 1] / np.float32(32768))
    av = pytest.importorskip("av")
    with av.open(io.BytesIO(data)) as container:
        frames = [f.to_ndarray().reshape(-1, 2) for f in container.decode(audio=0)]
    assert np.array_equal(np.concatenate(frames), samples)


@given(start=st.floats(-1, 4), end=st.floats(-1, 4), channel=st.sampled_from([None, 0, 1, "mix"]))
def test_any_stretch_can_be_read(start: float, end: float, channel: int | str | None) -> None:
    samples = samples_of(3, 2)
    sound: Sound = WorkingCopy(io.BytesIO(written(samples)))
    assert (sound.channels, sound.duration) == (2, 3.0)
    got = WorkingCopy(io.BytesIO(written(samples))).read(start, end, channel)
    first = min(max(round(start * RATE), 0), len(samples))
    part = samples[first : max(round(end * RATE), first)] / 32768.0
    wanted = part[:, channel] if isinstance(channel, int) else part.mean(1)
    assert got.dtype == np.float32
    assert got.shape == wanted.shape
    assert np.allclose(got, wanted, atol=1e-7)
    assert not len(got) or (got.min() >= -1 and got.max() < 1)


def test_neighboring_stretches_meet_without_gap_or_overlap() -> None:
    samples = samples_of(3, 1)
    copy = WorkingCopy(io.BytesIO(written(samples)))
    borders = [0.0, 0.33333, 1.000031, 2.7, 3.0]
    parts = [copy.read(a, b) for a, b in itertools.pairwise(borders)]
    assert np.array_equal(np.concatenate(parts), samples[:, 0] / np.float32(32768))
    assert copy.read_channels(0.5, 0.75).shape == (4_000, 1)


def test_reading_a_stretch_takes_no_more_than_the_stretch() -> None:
    file = Watched(written(samples_of(60, 1)))
    copy = WorkingCopy(file)
    assert file.taken < 200
    copy.read(30, 31)
    assert file.taken < 200 + 2 * RATE


def test_what_is_no_working_copy_is_refused() -> None:
    unfinished = Sealing()
    WavWriter(unfinished, 1).write(samples_of(1, 1))
    for data in (b"", b"RIFF", b"x" * 100, bytes(unfinished.data)):
        with pytest.raises(
            TapeError, match=r"^S1: this is no working copy, or it was not written to its end\."
        ):
            WorkingCopy(io.BytesIO(data), name="S1")
    other = io.BytesIO()
    with wave.open(other, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(3)
        file.setframerate(44_100)
        file.writeframes(bytes(300))
    with pytest.raises(
        TapeError, match="1 channels of 24 bits at 44100 Hz; a working copy has 1 or 2 of 16 bits"
    ):
        WorkingCopy(other)


def test_a_working_copy_that_is_cut_off_is_refused_where_sound_is_missing() -> None:
    copy = WorkingCopy(io.BytesIO(written(samples_of(2, 1))[:-100]), name="S1")
    assert len(copy.read(0, 1)) == RATE
    with pytest.raises(TapeError, match=r"^S1: this working copy is cut off\."):
        copy.read(1, 2)


def test_a_channel_that_is_not_there_is_refused() -> None:
    copy = WorkingCopy(io.BytesIO(written(samples_of(1, 1))))
    for channel in (1, -1, "left"):
        with pytest.raises(TapeError, match="it has 1"):
            copy.read(0, 1, channel)


# ---------------------------------------------------------------- one pass


def plain_wav(samples: np.ndarray, rate: int = RATE) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(samples.shape[1])
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(samples.tobytes())
    return file.getvalue()


@given(frames=st.integers(1, 90_000), channels=st.sampled_from([1, 2]))
@settings(max_examples=15)
def test_one_pass_agrees_with_itself(frames: int, channels: int) -> None:
    pytest.importorskip("av")
    samples = samples_of(frames / RATE, channels)
    sealed = Sealing()
    recording = measure(io.BytesIO(plain_wav(samples)), sealed)
    copy = WorkingCopy(io.BytesIO(bytes(sealed.data)))
    peaks = Peaks.from_bytes(recording.peaks)
    assert copy.frames == frames
    assert copy.channels == channels == len(recording.quality.channels)
    assert copy.duration == recording.facts.decoded == recording.quality.duration == peaks.duration
    assert np.array_equal(copy.read_channels(0, copy.duration), samples / np.float32(32768))
    assert peaks.pairs.shape == (1 if channels == 1 else 3, -(-frames // 320), 2)


def test_clipping_is_counted_as_recorded_and_told_once() -> None:
    pytest.importorskip("av")
    rng = np.random.default_rng(1)
    sound = rng.normal(0, 3_000, (44_100 * 20, 1)) * (np.arange(44_100 * 20)[:, None] % 66_150 < 44_100)
    sound = sound + rng.normal(0, 20, sound.shape)
    sound[44_100 * 5 : 44_100 * 5 + 441] = 32_767
    recording = measure(io.BytesIO(plain_wav(sound.astype(np.int16), 44_100)), io.BytesIO())
    assert recording.quality.clipped_share == 441 / (44_100 * 20)
    assert recording.quality.first_clipped == pytest.approx(5.0)
    assert [w[:27] for w in recording.warnings] == ["The recording is overdriven"]


def test_20_minutes_take_little_memory_and_time(tmp_path: Path) -> None:
    pytest.importorskip("av")
    pytest.importorskip("resource")
    minute = plain_wav(np.random.default_rng(1).normal(0, 2_000, (60 * RATE, 1)).astype(np.int16))[44:]
    for minutes in (2, 20):
        with wave.open(str(tmp_path / f"{minutes}.wav"), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(RATE)
            for _ in range(minutes):
                out.writeframesraw(minute)
    script = (
        "import resource, sys, time\n"
        "from bordin.tapes.sound.working_copy import measure\n"
        "start = time.process_time()\n"
        "with open(sys.argv[2], 'wb') as out: recording = measure(sys.argv[1], out)\n"
        "peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print(peak, time.process_time() - start, recording.facts.decoded)\n"
    )
    found = {}
    for minutes in (2, 20):
        argv = [sys.executable, "-c", script, str(tmp_path / f"{minutes}.wav"), str(tmp_path / "copy.wav")]
        done = subprocess.run(argv, capture_output=True, text=True, check=True)
        found[minutes] = [float(v) for v in done.stdout.split()]
    assert found[20][2] == 1200.0
    # The file is 38 MB; levels and peaks of 18 more minutes take 1 MB. Counted in KiB, on macOS in bytes.
    unit = 1024 if sys.platform == "darwin" else 1
    assert (found[20][0] - found[2][0]) / unit < 12_000
    assert found[20][1] < 10
