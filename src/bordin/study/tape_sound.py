"""What a player needs of a tape: where its sound stands, its drawing, and its transcript, with nothing of whose it is.

What is made here goes to people who code blind. It holds no session, no participant, no file name and no date.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Lock
from typing import Self

import numpy as np

from bordin.study.tapes import PEAKS, TRANSCRIPT, read_roles, read_tape_transcript
from bordin.tapes.measures import ROLES
from bordin.tapes.sound.peaks import PER_SECOND, Peaks
from bordin.tapes.vault.plain_files import Reader
from bordin.tapes.vault.vault import Tape

BLOCK = 1 << 18
# As many pairs as keep the drawing of a long tape below 60 KB on the line.
PAIRS_MOST = 33_000
KEPT_MOST = 16 << 20

# How many pairs of the stored drawing become one; each divides 50, so that bins a second stay whole.
_JOINS = (1, 2, 5, 10, 25, 50)
_FULL = 127
_NEUTRAL = {*ROLES, "patient", "interviewer", "observer"}


@dataclass(frozen=True)
class Packed:
    """JSON that is ready to be sent.

    Attributes
    ----------
    plain : bytes
    gzipped : bytes
        The same, for those who take it.
    """

    plain: bytes
    gzipped: bytes


class Kept:
    """What was made last, up to a number of bytes; several threads may ask at once.

    Parameters
    ----------
    most : int
        Bytes, plain and gzipped together. What alone is larger is made anew each time.
    """

    def __init__(self, most: int = KEPT_MOST) -> None:
        self._most = most
        self._held: OrderedDict[bytes, Packed] = OrderedDict()
        self._lock = Lock()
        self.size = 0

    def __len__(self) -> int:
        return len(self._held)

    def get(self, source: bytes, make: Callable[[], bytes]) -> Packed:
        """Return what `make` returns, made once for the same source.

        Parameters
        ----------
        source : bytes
            All that the outcome depends on. So nothing stale is ever returned.
        make : callable
        """
        key = hashlib.blake2b(source, digest_size=32).digest()
        with self._lock:
            found = self._held.get(key)
            if found is not None:
                self._held.move_to_end(key)
                return found
        plain = make()
        packed = Packed(plain, gzip.compress(plain, 6, mtime=0))
        size = len(packed.plain) + len(packed.gzipped)
        with self._lock:
            if key not in self._held and size <= self._most:
                self._held[key] = packed
                self.size += size
            while self.size > self._most:
                _, old = self._held.popitem(last=False)
                self.size -= len(old.plain) + len(old.gzipped)
        return packed

    def clear(self) -> None:
        """Let go of everything, as when a tape is forgotten."""
        with self._lock:
            self._held.clear()
            self.size = 0


KEPT = Kept()


def pack_peaks(tape: Tape) -> Packed:
    """Return the drawing of a tape as a player takes it: ``duration``, ``per_second`` and ``peaks``.

    ``peaks`` holds lowest and highest in turn, whole numbers from -127 to 127, where 127 stands for full scale.
    ``per_second`` is 50 for a tape of eleven minutes, 10 for one of fifty, 5 for one of ninety.

    Parameters
    ----------
    tape : Tape

    Returns
    -------
    Packed

    Raises
    ------
    TapeError
        When the tape was forgotten, is locked or damaged.
    """
    data = tape.read_bytes(PEAKS)
    return KEPT.get(b"peaks" + data, lambda: _peaks_record(data, tape.id))


def _peaks_record(data: bytes, tape: str) -> bytes:
    peaks = Peaks.from_bytes(data, tape)
    pairs = peaks.pairs[0]
    join = next((j for j in _JOINS if len(pairs) <= j * PAIRS_MOST), _JOINS[-1])
    starts = np.arange(0, len(pairs), join)
    drawn = np.zeros((len(starts), 2), np.int8)
    if len(starts):
        drawn[:, 0] = np.minimum.reduceat(pairs[:, 0], starts)
        drawn[:, 1] = np.maximum.reduceat(pairs[:, 1], starts)
    values = np.maximum(drawn.reshape(-1), -_FULL).tolist()
    record = {"duration": peaks.duration, "per_second": PER_SECOND // join, "peaks": values}
    return json.dumps(record, separators=(",", ":")).encode()


def pack_transcript(tape: Tape) -> Packed:
    """Return the transcript of a tape as a player takes it: ``turns`` and ``notice``.

    A turn has ``speaker``, ``start``, ``end`` and ``text``. Speakers are named by role. A label that is no role,
    such as a name in an imported transcript, becomes "speaker 1", "speaker 2". Without a transcript there
    are no turns.

    Parameters
    ----------
    tape : Tape

    Returns
    -------
    Packed

    Raises
    ------
    TapeError
        When the tape was forgotten, is locked or damaged.
    """
    if not tape.has(TRANSCRIPT):
        # A forgotten tape has none either: its facts are refused then.
        tape.facts()
        return KEPT.get(b"none", lambda: _as_json({"turns": [], "notice": ""}))
    source = tape.read_bytes(TRANSCRIPT) + b"\0" + json.dumps(read_roles(tape)).encode()
    return KEPT.get(source, lambda: _transcript_record(tape))


def _transcript_record(tape: Tape) -> bytes:
    found = read_tape_transcript(tape)
    known = {*_NEUTRAL, *read_roles(tape).values()} - {tape.participant, tape.session}
    others = [s for s in found.speakers if s not in known]
    names = {s: f"speaker {n}" for n, s in enumerate(others, 1)}
    turns = [
        {
            "speaker": names.get(t.speaker, t.speaker),
            "start": round(t.start, 3),
            "end": round(t.end, 3),
            "text": t.text,
        }
        for t in found.turns
    ]
    return _as_json({"turns": turns, "notice": found.notice})


def _as_json(record: dict[str, object]) -> bytes:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()


class Stretch:
    """Bytes of an opened file, block by block; the file is closed at the end, or when nobody wants more.

    Parameters
    ----------
    file : Reader
        Is closed by this.
    start, count : int
        The first byte, and how many.

    Raises
    ------
    TapeError
        When the first block is damaged; then nothing was sent yet. A later one raises while it is read.
    """

    def __init__(self, file: Reader, start: int, count: int) -> None:
        self._file, self._left = file, count
        file.seek(start)
        try:
            self._first = self._read() if count else b""
        except BaseException:
            file.close()
            raise

    def _read(self) -> bytes:
        data = self._file.read(min(BLOCK, self._left))
        self._left -= len(data)
        return data

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        data, self._first = self._first, b""
        if not data and self._left and not self._file.closed:
            data = self._read()
        if not data:
            self.close()
            raise StopIteration
        return data

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
