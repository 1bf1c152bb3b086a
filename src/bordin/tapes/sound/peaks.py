"""The drawing of a tape: lowest and highest sample of every 1/50 s, so that a browser need not fetch the sound.

One byte a value, as ``int8``: a 50-minute mono tape takes 300 KB. In a file, one line of JSON comes first::

    {"bordin_peaks":1,"per_second":50,"channels":["mix"],"points":150000,"duration":3000.0}

then, for each channel in turn, ``points`` pairs of lowest and highest.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bordin.errors import Problem, TapeError
from bordin.tapes.shapes import SAMPLE_RATE

PER_SECOND = 50
WIDTH = SAMPLE_RATE // PER_SECOND
MIX = "mix"
_HEADER_MOST = 1024


@dataclass(frozen=True)
class Peaks:
    """Lowest and highest values of a tape, 50 pairs a second.

    Attributes
    ----------
    duration : float
        Seconds of the tape.
    names : tuple of str
        ``"mix"``, and for a stereo tape ``"1"`` and ``"2"``.
    pairs : ndarray of int8, shape (channels, points, 2)
        Lowest and highest; 127 stands for full scale.
    """

    duration: float
    names: tuple[str, ...]
    pairs: npt.NDArray[np.int8]

    def drawn(self, name: str = MIX) -> npt.NDArray[np.float32]:
        """Return one channel as wavesurfer takes it: lowest and highest in turn, -1 to 1.

        Parameters
        ----------
        name : str
            One of `names`.

        Returns
        -------
        ndarray of float32, shape (2 * points,)
            For the option ``peaks``, as ``[list(...)]``, beside ``duration``.

        Raises
        ------
        TapeError
            When there is no such channel.
        """
        if name not in self.names:
            raise TapeError(f"these peaks have no channel {name!r}. They have {', '.join(self.names)}.")
        values = self.pairs[self.names.index(name)].reshape(-1)
        scaled: npt.NDArray[np.float32] = np.maximum(
            values.astype(np.float32) / np.float32(127), np.float32(-1)
        )
        return scaled

    def to_bytes(self) -> bytes:
        """Return the file."""
        header = {
            "bordin_peaks": 1,
            "per_second": PER_SECOND,
            "channels": list(self.names),
            "points": self.pairs.shape[1],
            "duration": self.duration,
        }
        return json.dumps(header, separators=(",", ":")).encode() + b"\n" + self.pairs.tobytes()

    @classmethod
    def from_bytes(cls, data: bytes, file: str | None = None) -> Peaks:
        """Read what :meth:`to_bytes` made.

        Raises
        ------
        TapeError
            When the data are something else or cut off.
        """
        try:
            line = data[: data.index(b"\n", 0, _HEADER_MOST)]
            header = json.loads(line)
            if header["bordin_peaks"] != 1 or header["per_second"] != PER_SECOND:
                raise ValueError("another version")
            names = tuple(str(c) for c in header["channels"])
            pairs = np.frombuffer(data, np.int8, offset=len(line) + 1).reshape(
                len(names), int(header["points"]), 2
            )
            return cls(float(header["duration"]), names, pairs)
        except (ValueError, KeyError, TypeError):
            hint = "Make the working copy again."
            raise TapeError(Problem("these are no waveform peaks of bordin.", file, hint=hint)) from None


class PeakMeter:
    """Makes peaks from consecutive blocks of the working copy.

    Parameters
    ----------
    channels : int
        1 or 2.
    """

    def __init__(self, channels: int) -> None:
        self._channels = channels
        self._rest = np.zeros((0, channels), np.int16)
        self._samples = 0
        self._parts: list[npt.NDArray[np.int8]] = []

    def add(self, block: npt.NDArray[np.int16]) -> None:
        """Take the next samples, shape (n, channels)."""
        self._samples += len(block)
        whole = np.concatenate((self._rest, block)) if len(self._rest) else block
        cut = len(whole) // WIDTH * WIDTH
        self._rest = whole[cut:].copy()
        if cut:
            self._take(whole[:cut])

    def _take(self, samples: npt.NDArray[np.int16]) -> None:
        rows = list(np.ascontiguousarray(samples.T).reshape(self._channels, -1, min(WIDTH, len(samples))))
        if self._channels > 1:
            mix = (rows[0].astype(np.int32) + rows[1]) >> 1
            rows.insert(0, mix.astype(np.int16))
        self._parts.append(np.stack([_extremes(r) for r in rows]))

    def result(self) -> Peaks:
        """Return the peaks; the last pair may stand for less than 1/50 s."""
        if len(self._rest):
            self._take(self._rest)
            self._rest = self._rest[:0]
        names = (MIX,) if self._channels == 1 else (MIX, *(str(c + 1) for c in range(self._channels)))
        pairs = np.concatenate(self._parts, axis=1) if self._parts else np.zeros((len(names), 0, 2), np.int8)
        return Peaks(self._samples / SAMPLE_RATE, names, pairs)


def _extremes(rows: npt.NDArray[np.int16]) -> npt.NDArray[np.int8]:
    both = np.stack((rows.min(1), rows.max(1)), axis=1).astype(np.int32)
    nearest: npt.NDArray[np.int8] = np.clip((both + 128) >> 8, -128, 127).astype(np.int8)
    return nearest
