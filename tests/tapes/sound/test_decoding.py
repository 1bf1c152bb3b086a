"""Any container gives the same sound on the same time axis; a bad file is named, told and never half believed."""

from __future__ import annotations

import io
import os
import random
import subprocess
import sys
import wave
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bordin.errors import TapeError
from bordin.tapes.sound.decoding import Decoding, Facts, decode

av = pytest.importorskip("av")

RATE = 16_000
FORMATS = [
    # container, codec, rate, layout, bits, declares a length
    ("wav", "pcm_s16le", 16_000, "mono", 16, True),
    ("wav", "pcm_s16le", 8_000, "mono", 16, True),
    ("wav", "pcm_s16le", 48_000, "stereo", 16, True),
    ("wav", "pcm_s24le", 44_100, "stereo", 24, True),
    ("wav", "pcm_f32le", 44_100, "stereo", 32, True),
    ("wav", "pcm_u8", 11_025, "mono", 8, True),
    ("wav", "pcm_mulaw", 8_000, "mono", 8, True),
    ("wav", "pcm_s16le", 44_100, "5.1", 16, True),
    ("w64", "pcm_s16le", 16_000, "mono", 16, True),
    ("aiff", "pcm_s16be", 32_000, "mono", 16, True),
    ("flac", "flac", 44_100, "stereo", 16, True),
    ("mp3", "libmp3lame", 44_100, "stereo", None, True),
    ("mp3", "libmp3lame", 22_050, "mono", None, True),
    ("ipod", "aac", 44_100, "stereo", None, True),
    ("mp4", "aac", 48_000, "mono", None, True),
    ("adts", "aac", 44_100, "mono", None, False),
    ("ogg", "libopus", 48_000, "stereo", None, True),
    ("webm", "libopus", 48_000, "mono", None, True),
    ("matroska", "aac", 44_100, "stereo", None, True),
    ("mpegts", "mp2", 44_100, "stereo", None, False),
    ("ac3", "ac3", 48_000, "5.1", None, False),
]
CHANNELS = {"mono": 1, "stereo": 2, "5.1": 6}


# ---------------------------------------------------------------- making recordings


def tone(seconds: float, rate: int, channels: int = 1, hertz: float = 440.0) -> np.ndarray:
    """Return a tone a channel: the second an octave higher, and so on."""
    t = np.arange(int(seconds * rate)) / rate
    return np.stack([0.3 * np.sin(2 * np.pi * hertz * (c + 1) * t) for c in range(channels)], 1)


def frames(
    sound: np.ndarray, sample_format: str, rate: int, layout: str, size: int, start: int = 0
) -> Iterator[Any]:
    whole = np.ascontiguousarray(sound.astype(np.float32).reshape(1, -1))
    frame = av.AudioFrame.from_ndarray(whole, "flt", layout)
    frame.sample_rate = rate
    fifo = av.AudioFifo()
    for part in av.AudioResampler(sample_format, layout, rate).resample(frame):
        part.pts = None
        fifo.write(part)
    for part in fifo.read_many(size, partial=True):
        part.pts, part.time_base = start, Fraction(1, rate)
        start += part.samples
        yield part


def packets(stream: Any, parts: Sequence[tuple[float, np.ndarray]], rate: int, layout: str) -> Iterator[Any]:
    stream.codec_context.open()
    size = stream.codec_context.frame_size or 1024
    for seconds, sound in parts:
        for frame in frames(sound, stream.format.name, rate, layout, size, round(seconds * rate)):
            yield from stream.encode(frame)
    yield from stream.encode(None)


def recorded(
    container: str,
    codec: str,
    parts: Sequence[tuple[float, np.ndarray]],
    rate: int,
    layout: str = "mono",
    *,
    video: float = 0.0,
    tracks: int = 1,
    options: dict[str, str] | None = None,
) -> bytes:
    """Write a file of sound that begins at given times, with a picture of so many seconds beside it."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        made = []
        if video:
            picture = out.add_stream("mpeg4", rate=25)
            picture.width = picture.height = 64
            picture.pix_fmt = "yuv420p"
        streams = [out.add_stream(codec, rate=rate, layout=layout, options=options) for _ in range(tracks)]
        if video:
            for i in range(round(video * 25)):
                still = av.VideoFrame(64, 64, "yuv420p")
                still.pts, still.time_base = i, Fraction(1, 25)
                made += picture.encode(still)
            made += picture.encode(None)
        for stream in streams:
            made += list(packets(stream, parts, rate, layout))
        for packet in sorted(made, key=lambda p: float((p.pts if p.dts is None else p.dts) * p.time_base)):
            out.mux(packet)
    return file.getvalue()


def wav(samples: np.ndarray, rate: int = RATE) -> bytes:
    """Write int16 samples of shape (n, channels) without FFmpeg."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(samples.shape[1])
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(samples.astype("<i2").tobytes())
    return file.getvalue()


def decoded(data: bytes | Path, name: str | None = None) -> tuple[np.ndarray, Facts]:
    with decode(io.BytesIO(data) if isinstance(data, bytes) else data, name=name) as recording:
        samples = np.concatenate(list(recording))
        return samples, recording.facts


def pitch(samples: np.ndarray) -> float:
    """Return the strongest frequency of the middle second."""
    middle = len(samples) // 2
    part = samples[middle - RATE // 2 : middle + RATE // 2].astype(float)
    return float(np.abs(np.fft.rfft(part * np.hanning(len(part)))).argmax())


def sounding(samples: np.ndarray) -> list[tuple[float, float]]:
    """Return where there is sound, to 10 ms."""
    loud = np.abs(samples[: len(samples) // 160 * 160, 0].astype(int)).reshape(-1, 160).max(1) > 300
    edges = np.flatnonzero(np.diff(np.concatenate(([0], loud.astype(int), [0])))).reshape(-1, 2)
    return [(a / 100, b / 100) for a, b in edges.tolist()]


# ---------------------------------------------------------------- every kind of file


@pytest.mark.parametrize(("container", "codec", "rate", "layout", "bits", "declares"), FORMATS)
def test_length_pitch_and_channels_survive(
    container: str, codec: str, rate: int, layout: str, bits: int | None, declares: bool
) -> None:
    channels = CHANNELS[layout]
    data = recorded(container, codec, [(0, tone(2.2, rate, channels))], rate, layout)
    samples, facts = decoded(data)
    # Codecs without a count of samples keep the rest of their last packet, and the silence before the first.
    slack = 0 if bits is not None or container in {"mp3", "ogg", "webm"} else 2 * 1152 / rate
    assert 2.2 - 2 / rate <= len(samples) / RATE <= 2.2 + 2 / rate + slack
    assert samples.dtype == np.int16
    assert samples.shape[1] == min(channels, 2)
    assert [pitch(samples[:, c]) for c in range(samples.shape[1])] == [440.0, 880.0][: samples.shape[1]]
    assert facts.channels == channels
    assert facts.rate == rate
    assert facts.bits == bits
    assert facts.decoded == len(samples) / RATE
    assert facts.streams == 1
    assert (facts.declared is not None) == declares
    if facts.declared is not None:
        assert facts.declared == pytest.approx(2.2, abs=0.05)
    assert len(facts.warnings) == (1 if channels > 2 else 0)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000])
def test_no_sample_is_lost_or_moved_by_the_resampler(rate: int) -> None:
    t = np.arange(rate * 3) / rate
    burst = 0.6 * np.sin(2 * np.pi * 1000 * (t - 1.5)) * np.exp(-(((t - 1.5) / 0.003) ** 2))
    samples, _ = decoded(recorded("wav", "pcm_s16le", [(0, burst[:, None])], rate))
    assert len(samples) == 3 * RATE
    at = np.arange(3 * RATE) / RATE
    wanted = 0.6 * np.sin(2 * np.pi * 1000 * (at - 1.5)) * np.exp(-(((at - 1.5) / 0.003) ** 2))
    assert np.abs(samples[:, 0] / 32768 - wanted).max() < 0.003


@pytest.mark.parametrize(
    ("container", "codec", "rate"),
    [
        ("mp3", "libmp3lame", 44_100),
        ("ipod", "aac", 44_100),
        ("ogg", "libopus", 48_000),
        ("matroska", "aac", 48_000),
    ],
)
def test_the_delay_of_an_encoder_does_not_move_the_sound(container: str, codec: str, rate: int) -> None:
    t = np.arange(rate * 3) / rate
    burst = 0.6 * np.sin(2 * np.pi * 1000 * (t - 1.5)) * np.exp(-(((t - 1.5) / 0.003) ** 2))
    samples, _ = decoded(recorded(container, codec, [(0, burst[:, None])], rate))
    strength = np.convolve(samples[:, 0].astype(float) ** 2, np.ones(160), "same")
    assert strength.argmax() / RATE == pytest.approx(1.5, abs=0.002)


def test_16_bits_at_16_khz_pass_unchanged() -> None:
    given = np.random.default_rng(1).integers(-32768, 32768, (70_001, 2)).astype(np.int16)
    samples, facts = decoded(wav(given))
    assert np.array_equal(samples, given)
    assert facts == Facts("wav", "pcm_s16le", RATE, 2, 16, 70_001 / RATE, 70_001 / RATE, 1)


def test_blocks_are_a_few_seconds_and_need_no_file_name() -> None:
    with decode(io.BytesIO(wav(np.ones((RATE * 10, 1))))) as recording:
        assert isinstance(recording, Decoding)
        assert [len(b) for b in recording] == [64_000, 64_000, 32_000]


def test_float_samples_beyond_full_scale_are_cut_not_wrapped() -> None:
    loud = 3 * tone(1.0, RATE) / 0.3
    samples, _ = decoded(recorded("wav", "pcm_f32le", [(0, loud)], RATE))
    assert samples.max() == 32767
    assert samples.min() == -32768
    assert np.sign(samples[5:400, 0]).tolist() == np.sign(np.round(loud[5:400, 0], 6)).tolist()


def test_more_than_two_channels_are_mixed_without_overflow() -> None:
    loud = np.repeat(tone(1.0, RATE) / 0.3, 6, axis=1)
    samples, facts = decoded(recorded("wav", "pcm_s16le", [(0, loud)], RATE, "5.1"))
    assert np.abs(samples - 32767 * loud[:, :2]).max() < 400  # neither cut nor wrapped around
    assert np.array_equal(samples[:, 0], samples[:, 1])
    assert pitch(samples[:, 0]) == 440.0
    assert facts.warnings[0].startswith("The file has 6 channels; they were mixed to two.")


@pytest.mark.parametrize("channels", [3, 4, 8])
def test_channels_without_a_layout_are_mixed_too(channels: int) -> None:
    samples, facts = decoded(wav(tone(2, RATE, channels) * 32767))
    assert samples.shape == (2 * RATE, 2)
    assert [pitch(samples[:, 0]), pitch(samples[:, 1])] == [440.0, 880.0]
    assert facts.channels == channels


def test_channels_that_cannot_be_mixed_are_refused() -> None:
    with pytest.raises(TapeError) as caught:
        decoded(wav(tone(0.5, RATE, 9) * 32767), "room.wav")
    assert str(caught.value) == (
        "room.wav: its 9 channels cannot be mixed to two. Export the one or two channels that hold the voices."
    )


def test_variable_bit_rate(tmp_path: Path) -> None:
    quiet_then_loud = np.concatenate(
        (0.001 * tone(5, 44_100), np.random.default_rng(2).normal(0, 0.2, (44_100 * 5, 1)))
    )
    data = recorded("mp3", "libmp3lame", [(0, quiet_then_loud)], 44_100, options={"b": "0", "q": "4"})
    samples, facts = decoded(data)
    assert facts.decoded == pytest.approx(10.0, abs=0.001)
    assert facts.declared == pytest.approx(10.0, abs=0.001)
    # Without the count of frames FFmpeg would guess the length from the bit rate of the beginning.
    start = min(i for i in (data.find(b"Xing"), data.find(b"Info")) if i >= 0)
    headless = data[:start] + b"\0\0\0\0" + data[start + 4 :]
    samples, facts = decoded(headless)
    assert facts.declared is None
    assert facts.warnings == ()
    assert len(samples) / RATE == pytest.approx(10.0, abs=0.08)


# ---------------------------------------------------------------- the time axis


@pytest.mark.parametrize("container", ["matroska", "mp4", "mpegts"])
def test_sound_that_begins_after_the_picture_is_preceded_by_silence(container: str) -> None:
    samples, facts = decoded(recorded(container, "aac", [(0.75, tone(2, 44_100))], 44_100, video=3))
    ((start, end),) = sounding(samples)
    assert start == pytest.approx(0.75, abs=0.03)
    assert end == pytest.approx(2.75, abs=0.03)
    assert facts.warnings == ()


@pytest.mark.parametrize(
    ("container", "codec"), [("matroska", "aac"), ("matroska", "pcm_s16le"), ("mp4", "aac")]
)
def test_a_gap_becomes_silence_and_is_told(container: str, codec: str) -> None:
    parts = [(0.0, tone(2, 44_100)), (5.0, tone(2, 44_100))]
    samples, facts = decoded(recorded(container, codec, parts, 44_100))
    found = sounding(samples)
    assert np.allclose(found, [(0, 2), (5, 7)], atol=0.05)
    assert facts.decoded == pytest.approx(7.0, abs=0.03)
    assert facts.warnings == (
        "The file holds no sound from 0:00:02 to 0:00:05 (3.0 s in all); silence stands there. Ask whether the "
        "recorder was paused, or copy the file again.",
    )


def test_many_small_gaps_do_not_add_up_to_a_shift() -> None:
    parts = [(i * 2.03, tone(2, 44_100)) for i in range(8)]
    samples, _ = decoded(recorded("matroska", "pcm_s16le", parts, 44_100))
    assert len(samples) / RATE == pytest.approx(7 * 2.03 + 2, abs=0.05)


def test_time_stamps_that_go_back_lose_no_sound() -> None:
    halves = [recorded("mpegts", "mp2", [(0, tone(2, 44_100, hertz=h))], 44_100) for h in (440, 880)]
    samples, facts = decoded(b"".join(halves))
    assert facts.decoded == pytest.approx(4.0, abs=0.1)
    assert pitch(samples[: RATE * 2, 0]) == 440.0
    assert pitch(samples[-RATE * 2 :, 0]) == 880.0
    assert facts.warnings[0].startswith("The time stamps of the file jump at 0:00:02.")


def test_a_video_gives_its_sound() -> None:
    samples, facts = decoded(recorded("mp4", "aac", [(0, tone(2, 48_000, 2))], 48_000, "stereo", video=2))
    assert [pitch(samples[:, 0]), pitch(samples[:, 1])] == [440.0, 880.0]
    assert facts.container.startswith("mov,mp4")


def test_of_two_sound_tracks_the_first_is_used_and_told() -> None:
    _, facts = decoded(recorded("mp4", "aac", [(0, tone(1, 44_100))], 44_100, tracks=2))
    assert facts.streams == 2
    assert facts.warnings == (
        "The file holds 2 sound tracks; the first is used. If another one is the session, export it to a file of "
        "its own.",
    )


@pytest.mark.parametrize(
    ("first", "second", "channels"),
    [
        ((44_100, "mono"), (22_050, "mono"), 1),
        ((44_100, "stereo"), (44_100, "mono"), 2),
        ((44_100, "mono"), (48_000, "stereo"), 1),
    ],
)
def test_rate_and_channels_may_change_within_a_file(
    first: tuple[int, str], second: tuple[int, str], channels: int
) -> None:
    joined = b"".join(
        recorded("adts", "aac", [(0, tone(2, rate, CHANNELS[layout], hertz))], rate, layout)
        for (rate, layout), hertz in ((first, 400.0), (second, 600.0))
    )
    samples, facts = decoded(joined)
    assert samples.shape[1] == channels
    assert len(samples) / RATE == pytest.approx(4.1, abs=0.2)
    assert pitch(samples[: 2 * RATE, 0]) == 400.0
    assert pitch(samples[-2 * RATE :, -1]) in {600.0, 1200.0}
    assert any(w.startswith("The sample rate or the channels change") for w in facts.warnings)


# ---------------------------------------------------------------- damaged files


def test_content_decides_not_the_name(tmp_path: Path) -> None:
    path = tmp_path / "session.mp3"
    path.write_bytes(wav(tone(1, RATE) * 32767))
    _, facts = decoded(path)
    assert facts.container == "wav"


def test_a_wav_that_lost_its_end_says_from_where_on() -> None:
    data = wav(tone(60, RATE) * 32767)
    samples, facts = decoded(data[: len(data) // 2])
    assert len(samples) / RATE == pytest.approx(30, abs=0.01)
    assert facts.declared == 60.0
    assert facts.warnings == (
        "Sound is missing from 0:00:30 on: the file says that it is 0:01:00 long. Copy it again from the recorder; "
        "else what is there is used.",
    )


@pytest.mark.parametrize(
    ("container", "codec"), [("mp3", "libmp3lame"), ("flac", "flac"), ("matroska", "aac")]
)
def test_a_compressed_file_that_lost_its_end_says_so(container: str, codec: str) -> None:
    noise = np.random.default_rng(3).normal(0, 0.1, (44_100 * 20, 1))
    data = recorded(container, codec, [(0, noise)], 44_100)
    samples, facts = decoded(data[: len(data) // 2])
    assert len(samples) / RATE == pytest.approx(10, abs=0.6)
    assert len(facts.warnings) == 1
    assert facts.warnings[0].startswith("Sound is missing from 0:00:")
    assert "0:00:20 long" in facts.warnings[0]


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_a_wav_whose_recorder_lost_power_is_read_to_its_end(size: int) -> None:
    data = bytearray(wav(tone(3, RATE) * 32767))
    data[4:8] = data[40:44] = size.to_bytes(4, "little")
    samples, facts = decoded(bytes(data))
    assert len(samples) == 3 * RATE
    assert facts.warnings == ()


def test_damage_in_the_middle_keeps_the_times_after_it() -> None:
    rng = random.Random(3)
    data = recorded("ipod", "aac", [(0, tone(20, 44_100))], 44_100)
    middle = len(data) // 2
    data = data[:middle] + rng.randbytes(3000) + data[middle + 3000 :]
    samples, facts = decoded(data)
    assert facts.decoded == pytest.approx(20, abs=0.05)
    assert pitch(samples[-2 * RATE :, 0]) == 440.0
    assert len(facts.warnings) == 1
    assert facts.warnings[0].startswith("Sound could not be decoded at 0:00:")


def test_damage_that_moves_the_times_after_it_is_told() -> None:
    data = recorded("mp3", "libmp3lame", [(0, tone(20, 44_100))], 44_100)
    middle, hole = len(data) // 2, len(data) // 5
    _, facts = decoded(data[:middle] + bytes(hole) + data[middle + hole :])
    assert facts.decoded == pytest.approx(16, abs=0.2)
    assert "so that times after this place may be too early" in facts.warnings[0]


def _text() -> bytes:
    return b"Therapist: how was your week?\n" * 1000


BAD = {
    "text renamed .wav": (_text(), "no recording"),
    "zeros": (bytes(100_000), "no recording"),
    "random bytes": (random.Random(5).randbytes(100_000), "no recording"),
    "one byte": (b"R", "no recording"),
    "half a header": (wav(np.ones((100, 1)))[:20], "no recording"),
    "a header alone": (wav(np.ones((100, 1)))[:44], "no sound in it can be decoded"),
    "empty": (b"", "empty (0 bytes)"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_recording_is_refused_by_name(case: str, tmp_path: Path) -> None:
    data, said = BAD[case]
    path = tmp_path / "S014.wav"
    path.write_bytes(data)
    for source in (path, io.BytesIO(data)):
        with pytest.raises(TapeError) as caught:
            decode(source, name="S014.wav")
        message = str(caught.value)
        assert message.startswith("S014.wav: ")
        assert said in message
        assert str(tmp_path) not in message
        assert caught.value.problems[0].hint


def test_an_m4a_without_its_index_is_refused() -> None:
    data = recorded("ipod", "aac", [(0, tone(5, 44_100))], 44_100)
    with pytest.raises(TapeError, match=r"or it is damaged at its beginning or cut off\. Copy it again"):
        decoded(data[: len(data) // 2])


def test_a_video_without_sound_is_refused() -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as out:
        picture = out.add_stream("mpeg4", rate=25)
        picture.width = picture.height = 64
        picture.pix_fmt = "yuv420p"
        for _ in range(10):
            out.mux(picture.encode(av.VideoFrame(64, 64, "yuv420p")))
        out.mux(picture.encode(None))
    with pytest.raises(TapeError, match=r"^v\.mp4: this is a video without sound\."):
        decode(file, name="v.mp4")


def test_folders_and_absent_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TapeError) as caught:
        decode(tmp_path)
    assert str(caught.value).endswith("this is a folder. Name the recording that lies in it.")
    with pytest.raises(TapeError) as caught:
        decode(tmp_path / "S1.wav")
    assert str(caught.value) == "S1.wav: there is no such file. Check its name and folder."


def test_what_is_no_ordinary_file_is_refused(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no named pipes here")
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(TapeError, match="this is no ordinary file"):
        decode(tmp_path / "pipe.wav")


def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "S1.wav"
    path.write_bytes(wav(np.ones((100, 1))))

    def denied(self: Path, *_: Any, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(TapeError) as caught:
        decode(path)
    assert str(caught.value) == (
        "S1.wav: this file cannot be read (Permission denied). Check that you may read it, or copy it to this machine."
    )


class Failing(io.BytesIO):
    """A file that gives way after 64 KiB."""

    def __init__(self, data: bytes, error: Exception) -> None:
        super().__init__(data)
        self.error = error

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() > 1 << 19:
            raise self.error
        return super().read(size)


def test_what_a_sealed_file_says_comes_through() -> None:
    data = wav(tone(60, RATE) * 32767)
    error = TapeError("this tape was tampered with.")
    with decode(Failing(data, error)) as recording, pytest.raises(TapeError) as caught:
        list(recording)
    assert caught.value is error
    pulled_out = decode(Failing(data, OSError(5, "Input/output error")), name="S1.wav")
    with (
        pulled_out,
        pytest.raises(TapeError, match=r"^S1\.wav: this file cannot be read \(Input/output error\)"),
    ):
        list(pulled_out)


def test_facts_are_known_at_the_end_only() -> None:
    with (
        decode(io.BytesIO(wav(np.ones((100, 1))))) as recording,
        pytest.raises(ValueError, match="read all blocks"),
    ):
        _ = recording.facts


# ---------------------------------------------------------------- privacy


def test_a_recording_cannot_point_to_another_file(tmp_path: Path) -> None:
    other = tmp_path / "other.wav"
    other.write_bytes(wav(tone(5, RATE) * 32767))
    lists = {
        "a.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{other}\n#EXT-X-ENDLIST\n",
        "b.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://{other}\n#EXT-X-ENDLIST\n",
        "c.txt": f"ffconcat version 1.0\nfile '{other}'\n",
        "d.sdp": "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 5004 RTP/AVP 0\r\n",
    }
    for name, text in lists.items():
        (tmp_path / name).write_text(text)
        with pytest.raises(TapeError, match="no recording"):
            decode(tmp_path / name)


def test_tags_are_dropped_and_may_be_in_any_encoding() -> None:
    info = b"LIST" + (4 + 8 + 12).to_bytes(4, "little") + b"INFO" + b"IART" + (12).to_bytes(4, "little")
    data = wav(tone(1, RATE) * 32767) + info + b"M\xfcller Anna\0"
    data = data[:4] + (len(data) - 8).to_bytes(4, "little") + data[8:]
    samples, facts = decoded(data)
    assert len(samples) == RATE
    assert "Anna" not in repr(facts)


def test_nothing_is_printed_about_a_damaged_file(tmp_path: Path) -> None:
    data = bytearray(recorded("mp3", "libmp3lame", [(0, tone(5, 44_100))], 44_100))
    data[20_000:30_000] = random.Random(1).randbytes(10_000)
    path = tmp_path / "Mueller_Anna.mp3"
    path.write_bytes(data)
    script = "import sys; from bordin.tapes.sound.decoding import decode; [0 for _ in decode(sys.argv[1])]"
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    assert done.stderr == ""
