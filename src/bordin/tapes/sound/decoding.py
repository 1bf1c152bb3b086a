"""Any recording that FFmpeg reads, as blocks of 16 kHz samples on the time axis that a player shows.

FFmpeg comes with PyAV; none has to be installed. A file is opened here and handed over as bytes, so that
FFmpeg knows neither its name nor its folder, and nothing that a file refers to is ever opened. Tags (title,
artist, date) are not looked at: they may hold names.
"""

from __future__ import annotations

import errno
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np

from bordin.errors import Problem, TapeError
from bordin.tapes.shapes import SAMPLE_RATE
from bordin.tapes.sound.conversion import BLOCK_SECONDS, Block, Listen, Run, kind_of, resampler
from bordin.tapes.sound.damage import Damage
from bordin.tapes.sound.headers import LOSSLESS, bits_of, mp3_says, wav_says

# Time stamps in some containers are whole milliseconds and jitter; below this nothing is missing.
GAP_LEAST = 0.05
# After a packet that could not be read its sound is missing, however short it was.
GAP_AFTER_DAMAGE = 0.005
# A step back this large is a new count of time, not jitter.
BACK_LEAST = 0.5
# A gap that leads this far past the declared end is a damaged time stamp.
PAST_END = 60.0
# Without a declared end, no pause of a recorder is taken to be longer.
GAP_MOST = 3600.0
# In a video, sound often begins a little after the picture.
LATE_TOLD = 1.0
READ_BYTES = 1 << 18

# Containers whose header or index says how long they are. Of others FFmpeg guesses from the bit rate.
DECLARING = frozenset(
    (
        "wav",
        "w64",
        "flac",
        "ogg",
        "mov",
        "matroska",
        "webm",
        "asf",
        "aiff",
        "caf",
        "au",
        "avi",
        "wv",
        "ape",
        "tta",
    )
)

HINT_FILE = (
    "Copy it again from the recorder, or export it as WAV, FLAC, MP3 or M4A with the program that made it."
)


@dataclass(frozen=True)
class Facts:
    """What a recording is. Its tags (title, artist, date) are left out: they may hold names.

    Attributes
    ----------
    container : str
        For example ``"wav"`` or ``"mov,mp4,m4a,3gp,3g2,mj2"``.
    codec : str
        For example ``"pcm_s16le"`` or ``"aac"``.
    rate : int
        Samples a second as recorded.
    channels : int
        As recorded; the working copy has one or two.
    bits : int or None
        Bits of a sample; None where samples are stored as no such thing (MP3, AAC, Opus).
    declared : float or None
        Seconds that the file says it has; None where it does not say.
    decoded : float
        Seconds that were read, silence in the place of gaps included.
    streams : int
        Sound tracks in the file; the first is used.
    warnings : tuple of str
        What is wrong with the file, with the next step.
    """

    container: str
    codec: str
    rate: int
    channels: int
    bits: int | None
    declared: float | None
    decoded: float
    streams: int
    warnings: tuple[str, ...] = ()


class _Bytes:
    """A file without a name; what it raises is kept, for FFmpeg reads on after some errors."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.error: Exception | None = None

    def read(self, size: int) -> bytes:
        try:
            return bytes(self.file.read(size))
        except Exception as error:
            self.error = self.error or error
            raise

    def seek(self, offset: int, whence: int = 0) -> int:
        try:
            return self.file.seek(offset, whence)
        except (OSError, ValueError):  # a damaged file points to a place before its beginning
            return -errno.EINVAL

    def tell(self) -> int:
        return self.file.tell()


def _nothing_else(url: str, *_: Any) -> Any:
    raise PermissionError("a recording may not refer to another file")


class Decoding:
    """A recording being read; iterate over it once for its blocks, then ask for :attr:`facts`.

    Made by :func:`decode`. Use it in a ``with`` statement, or call :meth:`close`.

    Attributes
    ----------
    channels : int
        Channels of the blocks: 1 or 2.
    original_channels : int
        As recorded.
    rate : int
        Samples a second as recorded.
    codec : str
    lossless : bool
        Whether samples are kept as they were recorded.
    """

    def __init__(self, file: BinaryIO, name: str | None, listen: Listen | None, *, owned: bool) -> None:
        self._name = name
        self._file = file if owned else None
        self.listen = listen
        self._bytes = _Bytes(file)
        self._damage = Damage()
        self._container: Any = None
        self._written = 0
        self._ended = False
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    # ------------------------------------------------------------ opening

    def _open(self) -> None:
        import av
        import av.logging

        av.logging.set_level(None)
        try:
            self._container = av.open(
                self._bytes,
                "r",
                metadata_errors="replace",
                buffer_size=READ_BYTES,
                container_options={"protocol_whitelist": "none"},
                io_open=_nothing_else,
            )
        except (av.FFmpegError, OSError, ValueError):
            self._raise_own()
            raise self._refusal(
                "this is no recording, or it is damaged at its beginning or cut off.", HINT_FILE
            ) from None
        tracks = [s for s in self._container.streams if s.type == "audio"]
        if not tracks:
            what = "a video without sound" if _has_video(self._container) else "a file without sound"
            raise self._refusal(f"this is {what}.", "Choose the file that holds the sound of the session.")
        self._stream = tracks[0]
        self._tracks = len(tracks)
        _leave_out(self._container, self._stream)
        if self._stream.codec_context is None:
            raise self._refusal("its sound is stored in a way that FFmpeg does not decode.", HINT_FILE)
        self._tick = float(self._stream.time_base or 0)
        self._frames = self._all_frames()
        self._first = next(self._frames, None)
        if self._first is None:
            self._raise_own()
            raise self._refusal("it has a sound track, but no sound in it can be decoded.", HINT_FILE)
        self.codec = str(self._stream.codec_context.name)
        self.rate = int(self._first.sample_rate)
        self.original_channels = int(self._first.layout.nb_channels)
        self.channels = min(self.original_channels, 2)
        self.lossless = self.codec.startswith(LOSSLESS)
        self.container = str(self._container.format.name)
        self.bits = bits_of(self.codec, self._first.format.name)
        self.declared = self._declared()

    def _refusal(self, message: str, hint: str) -> TapeError:
        return TapeError(Problem(message, self._name, hint=hint))

    def _raise_own(self) -> None:
        """Let out what the file itself said, above all that it is locked or damaged."""
        error = self._bytes.error
        if isinstance(error, TapeError):
            raise error from None
        if isinstance(error, OSError):
            reason = error.strerror or type(error).__name__
            raise self._refusal(f"this file cannot be read ({reason}).", "Copy it to this machine.") from None

    def _declared(self) -> float | None:
        """Return the seconds that the file says it has, never a guess from the bit rate."""
        names = self.container.split(",")
        if names[0] == "wav" and (seconds := wav_says(self._bytes.file)) is not None:
            return seconds
        if names[0] == "mp3":
            if not mp3_says(self._bytes.file):
                return None
        elif DECLARING.isdisjoint(names):
            return None
        stream = self._stream
        if stream.duration is not None and stream.time_base is not None:
            start = max(0.0, float((stream.start_time or 0) * stream.time_base) - self._origin)
            return start + float(stream.duration * stream.time_base)
        whole = self._container.duration
        return None if whole is None else whole / 1e6 - self._origin

    @property
    def _origin(self) -> float:
        """Where a player's clock shows zero, in the time stamps of the file."""
        return max(0.0, (self._container.start_time or 0) / 1e6)

    # ------------------------------------------------------------ reading

    def _all_frames(self) -> Iterator[Any]:
        """Yield decoded frames; what cannot be decoded is counted and stepped over."""
        import av

        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except (av.FFmpegError, OSError, ValueError):
                self._damage.broken_off = True
                break
            if packet is None:
                return
            yield from self._decoded(packet)
        yield from self._decoded(None)

    def _decoded(self, packet: Any) -> list[Any]:
        import av

        try:
            frames = self._stream.codec_context.decode(packet)
        except EOFError:
            return []
        except (av.FFmpegError, ValueError):
            self._damage.packets += 1
            self._damage.fresh = True
            return []
        return [f for f in frames if f.samples and f.sample_rate]

    def __iter__(self) -> Iterator[Block]:
        """Yield blocks of shape (n, channels), each a few seconds at most, at 16 kHz."""
        frame, self._first = self._first, None
        run: Run | None = None
        shift = -self._origin
        while frame is not None:
            end = run.end if run is not None else 0.0
            start, shift = self._place(frame, end, shift, first=run is None)
            if run is None or start > end or run.kind != kind_of(frame):
                if run is not None:
                    self._damage.kinds += run.kind != kind_of(frame)
                    yield from self._counted(run.finish())
                yield from self._silence(start)
                run = self._run(frame, start)
            yield from self._counted(run.push(frame))
            frame = next(self._frames, None)
        self._raise_own()
        if run is not None:
            yield from self._counted(run.finish())
        self._ended = True

    def _run(self, frame: Any, start: float) -> Run:
        import av

        try:
            resampler(self.channels).resample(frame)
        except (av.FFmpegError, ValueError):
            raise self._refusal(
                f"its {frame.layout.nb_channels} channels cannot be mixed to two.",
                "Export the one or two channels that hold the voices.",
            ) from None
        return Run(frame, self.channels, start, self.listen)

    def _place(self, frame: Any, end: float, shift: float, *, first: bool) -> tuple[float, float]:
        """Return where a frame begins, given where sound ends so far, and the shift of later time stamps."""
        damage = self._damage
        if frame.pts is None:
            return end, shift
        stamp = frame.pts * self._tick
        ahead = stamp + shift - end
        least = GAP_AFTER_DAMAGE if damage.fresh or first else GAP_LEAST
        if damage.fresh and damage.first is None:
            damage.first = end
        damage.fresh = False
        if ahead <= -BACK_LEAST:
            damage.back.append(end)
            return end, end - stamp
        if ahead < least:
            return end, shift
        limit = GAP_MOST if self.declared is None else self.declared + PAST_END - end
        if ahead > limit:
            damage.back.append(end)
            return end, end - stamp
        if not first or ahead >= LATE_TOLD:
            damage.gaps.append((end, end + ahead))
        return end + ahead, shift

    def _counted(self, blocks: list[Block]) -> Iterator[Block]:
        for block in blocks:
            if len(block):
                self._written += len(block)
                yield block

    def _silence(self, until: float) -> Iterator[Block]:
        left = round(until * SAMPLE_RATE) - self._written
        while left > 0:
            part = min(left, int(BLOCK_SECONDS * SAMPLE_RATE))
            yield from self._counted([np.zeros((part, self.channels), np.int16)])
            left -= part

    # ------------------------------------------------------------ the end

    @property
    def facts(self) -> Facts:
        """What the recording is; known once all blocks have been read."""
        if not self._ended:
            raise ValueError("read all blocks first")
        decoded = self._written / SAMPLE_RATE
        return Facts(
            container=self.container,
            codec=self.codec,
            rate=self.rate,
            channels=self.original_channels,
            bits=self.bits,
            declared=self.declared,
            decoded=decoded,
            streams=self._tracks,
            warnings=self._damage.warnings(decoded, self.declared) + self._remarks(),
        )

    def _remarks(self) -> tuple[str, ...]:
        remarks = []
        if self.original_channels > 2:
            remarks.append(
                f"The file has {self.original_channels} channels; they were mixed to two. If single channels hold "
                "single voices, export those two to a file of its own."
            )
        if self._tracks > 1:
            remarks.append(
                f"The file holds {self._tracks} sound tracks; the first is used. If another one is the session, "
                "export it to a file of its own."
            )
        return tuple(remarks)

    def close(self) -> None:
        """Let go of the file; a file-like object that was given stays open."""
        if self._container is not None:
            self._container.close()
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def decode(
    source: Path | str | BinaryIO, *, name: str | None = None, listen: Listen | None = None
) -> Decoding:
    """Open a recording for reading as blocks of 16 kHz samples.

    Content decides what it is, not the ending of its name. Mono stays mono and stereo stays stereo; more
    channels are mixed to stereo by FFmpeg's standard matrix, scaled so that nothing overflows. Second 0 is where
    a player's clock shows 0: sound that starts later is preceded by silence, and silence fills gaps.

    Parameters
    ----------
    source : path or seekable binary file
        Read from its beginning. A file that was given open stays open.
    name : str, optional
        What errors call it; the file's name without its folder by default.
    listen : callable, optional
        Is given, every few seconds, the samples as the recording holds them (arrays whose columns are channels),
        their sample rate, and where they begin in seconds.

    Returns
    -------
    Decoding
        Iterate over it for arrays of int16 with shape (n, channels); then read :attr:`Decoding.facts`.

    Raises
    ------
    TapeError
        When the file cannot be opened, is no recording or holds no sound.
    """
    if isinstance(source, str | Path):
        return _decode_path(Path(source), name, listen)
    given = getattr(source, "name", None)
    name = name or (Path(given).name if isinstance(given, str) else None)
    if source.seek(0, io.SEEK_END) == 0:
        raise _empty(name)
    source.seek(0)
    return Decoding(source, name, listen, owned=False)


def _decode_path(path: Path, name: str | None, listen: Listen | None) -> Decoding:
    name = name or path.name
    try:
        if path.is_dir():
            raise TapeError(Problem("this is a folder.", name, hint="Name the recording that lies in it."))
        if path.exists() and not path.is_file():
            raise TapeError(Problem("this is no ordinary file.", name, hint="Save the recording as a file."))
        if path.stat().st_size == 0:
            raise _empty(name)
        file = path.open("rb")
    except FileNotFoundError:
        raise TapeError(Problem("there is no such file.", name, hint="Check its name and folder.")) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        hint = "Check that you may read it, or copy it to this machine."
        raise TapeError(Problem(f"this file cannot be read ({reason}).", name, hint=hint)) from None
    return Decoding(file, name, listen, owned=True)


def _empty(name: str | None) -> TapeError:
    return TapeError(Problem("this file is empty (0 bytes).", name, hint="Copy it again from the recorder."))


def _has_video(container: Any) -> bool:
    return any(s.type == "video" for s in container.streams)


def _leave_out(container: Any, wanted: Any) -> None:
    """Have the pictures of a video stepped over, not read."""
    try:
        from av.stream import Discard
    except ImportError:  # PyAV before 15: slower, no other difference
        return
    for stream in container.streams:
        if stream.index != wanted.index:
            stream.discard = Discard["all"]
