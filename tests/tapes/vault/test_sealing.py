"""Sealed files: what is read is what was written, and whatever was changed is refused."""

from __future__ import annotations

import hashlib
import hmac
import io
import os
import random
import statistics
import struct
import subprocess
import sys
import time
import wave
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bordin.errors import TapeError
from bordin.tapes.vault.plain_files import Reader, Writer
from bordin.tapes.vault.sealing import (
    CHUNK,
    PlainReader,
    PlainWriter,
    SealedReader,
    SealedWriter,
    derived_key,
)

KEY = bytes(range(32))
TAPE = "T-7K3QX9PM"
HEADER, FOOTER, RECORD = 48, 44, CHUNK + 28
BORDERS = [n * CHUNK + d for n in range(4) for d in (-1, 0, 1) if n * CHUNK + d >= 0] + [2 * CHUNK + 4321]

Open = tuple[Callable[[Path], Writer], Callable[[Path], Reader]]
SEALED: Open = (
    lambda p: SealedWriter(p, KEY, "original", TAPE),
    lambda p: SealedReader(p, KEY, "original", TAPE),
)
PLAIN: Open = (lambda p: PlainWriter(p, "original", TAPE), lambda p: PlainReader(p, "original", TAPE))
both = pytest.mark.parametrize("kind", [SEALED, PLAIN], ids=["sealed", "plain"])


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def seal(path: Path, data: bytes, key: bytes = KEY, role: str = "original", tape: str = TAPE) -> Path:
    with SealedWriter(path, key, role, tape) as file:
        file.write(data)
    return path


def unseal(path: Path, key: bytes = KEY, role: str = "original", tape: str = TAPE) -> bytes:
    with SealedReader(path, key, role, tape) as file:
        return file.read()


# ------------------------------------------------------------ what is written is read


@both
@pytest.mark.parametrize("size", BORDERS)
def test_every_size_around_the_borders_of_chunks(tmp_path: Path, kind: Open, size: int) -> None:
    data = noise(size)
    with kind[0](tmp_path / "f") as file:
        assert file.write(data) == size
        assert file.tell() == size
    with kind[1](tmp_path / "f") as read:
        assert read.size == size
        assert read.read() == data
        assert read.read(10) == b""
        assert read.readall() == b""
        read.verify()
    chunks = -(-size // CHUNK)
    assert (tmp_path / "f").stat().st_size == size + (HEADER + FOOTER + 28 * chunks if kind is SEALED else 0)


@both
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    size=st.one_of(st.sampled_from(BORDERS), st.integers(0, 3 * CHUNK)),
    pieces=st.lists(st.integers(1, CHUNK + 5), min_size=1, max_size=6),
    ranges=st.lists(st.tuples(st.integers(0, 3 * CHUNK), st.integers(0, 2 * CHUNK)), min_size=1, max_size=8),
)
def test_any_pieces_in_any_ranges_out(
    tmp_path: Path, kind: Open, size: int, pieces: list[int], ranges: list[tuple[int, int]]
) -> None:
    data = noise(size, 2)
    with kind[0](tmp_path / "f") as file:
        at, turn = 0, 0
        while at < size:
            at += file.write(memoryview(data)[at : at + pieces[turn % len(pieces)]])
            turn += 1
    with kind[1](tmp_path / "f") as read:
        for start, length in ranges:
            assert read.seek(start) == start
            assert read.read(length) == data[start : start + length]
            buffer = bytearray(length)
            read.seek(start)
            count = read.readinto(buffer)
            assert buffer[:count] == data[start : start + length]
            assert read.tell() == start + count


@both
def test_the_reader_is_a_raw_file(tmp_path: Path, kind: Open) -> None:
    data = noise(2 * CHUNK + 100)
    with kind[0](tmp_path / "f") as file:
        file.write(data)
    read = kind[1](tmp_path / "f")
    assert (read.readable(), read.seekable(), read.writable()) == (True, True, False)
    assert read.seek(-100, os.SEEK_END) == 2 * CHUNK
    assert read.seek(10, os.SEEK_CUR) == 2 * CHUNK + 10
    with pytest.raises(ValueError, match="-1"):
        read.seek(-1)
    read.seek(0)
    with io.BufferedReader(read) as buffered:
        assert b"".join(iter(lambda: buffered.read(777), b"")) == data
    assert read.closed
    with pytest.raises(ValueError, match="closed"):
        read.read()


@both
def test_a_header_is_completed_at_the_end(tmp_path: Path, kind: Open) -> None:
    data = bytearray(noise(2 * CHUNK + 5))
    with kind[0](tmp_path / "f") as file:
        file.write(data)
        file.seek(4)
        file.write(b"size")
        file.seek(CHUNK - 2)
        file.write(b"ab")
        with pytest.raises(io.UnsupportedOperation):
            file.write(b"c")
        with pytest.raises(io.UnsupportedOperation):
            file.seek(CHUNK + 1)
        with pytest.raises(io.UnsupportedOperation):
            file.seek(len(data) + 1)
        file.seek(0, os.SEEK_END)
        file.write(b"end")
    data[4:8], data[CHUNK - 2 : CHUNK] = b"size", b"ab"
    with kind[1](tmp_path / "f") as read:
        assert read.read() == data + b"end"


@both
def test_a_small_file_is_overwritten_and_outgrows_the_first_chunk(tmp_path: Path, kind: Open) -> None:
    data = noise(2 * CHUNK)
    with kind[0](tmp_path / "f") as file:
        file.write(b"0123456789")
        file.seek(5)
        file.write(data)
    with kind[1](tmp_path / "f") as read:
        assert read.read() == b"01234" + data


def test_what_python_and_ffmpeg_write_they_read(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    samples = noise(2 * 16_000 * 5)
    with SealedWriter(tmp_path / "w", KEY, "working.wav", TAPE) as file, wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16_000)
        for i in range(0, len(samples), 5_000):
            out.writeframes(samples[i : i + 5_000])
    with SealedReader(tmp_path / "w", KEY, "working.wav", TAPE) as read, av.open(read) as container:
        frames = [f.to_ndarray() for f in container.decode(audio=0)]
    assert b"".join(f.tobytes() for f in frames) == samples

    with (
        SealedWriter(tmp_path / "f", KEY, "copy", TAPE) as file,
        av.open(file, "w", format="wav") as container,
    ):
        stream = container.add_stream("pcm_s16le", rate=16_000, layout="mono")
        for part in frames:
            frame = av.AudioFrame.from_ndarray(part, "s16", "mono")
            frame.rate = 16_000
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    with SealedReader(tmp_path / "f", KEY, "copy", TAPE) as read, wave.open(io.BufferedReader(read)) as back:
        assert back.readframes(back.getnframes()) == samples


def test_a_random_megabyte_is_there_at_once(tmp_path: Path) -> None:
    data = noise(8_000_000)
    seal(tmp_path / "f", data)
    draw, times = random.Random(3), []
    with SealedReader(tmp_path / "f", KEY, "original", TAPE) as read:
        for _ in range(31):
            start = draw.randrange(7_000_000)
            before = time.perf_counter()
            read.seek(start)
            found = read.read(1_000_000)
            times.append(time.perf_counter() - before)
            assert found == data[start : start + 1_000_000]
    assert statistics.median(times) < 0.005


# ------------------------------------------------------------ the format


def hkdf(secret: bytes, salt: bytes, info: bytes) -> bytes:
    """RFC 5869 by hand, for one block."""
    fixed = hmac.new(salt or bytes(32), secret, hashlib.sha256).digest()
    return hmac.new(fixed, info + b"\x01", hashlib.sha256).digest()


def test_keys_are_derived_as_rfc_5869_says() -> None:
    info = b"\x00\x00\x00\x02ab\x00\x00\x00\x01c"
    assert derived_key(KEY, b"salt", "ab", "c") == hkdf(KEY, b"salt", info)
    assert derived_key(KEY, b"", "ab", "c") == hkdf(KEY, b"", info)
    assert derived_key(KEY, b"", "a", "bc") != derived_key(KEY, b"", "ab", "c")


def test_the_format_is_what_the_page_says(tmp_path: Path) -> None:
    """Read back by the published layout alone."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    data = noise(CHUNK + 10)
    raw = seal(tmp_path / "f", data, role="working.wav").read_bytes()
    header, first, second, footer = (
        raw[:HEADER],
        raw[HEADER : HEADER + RECORD],
        raw[HEADER + RECORD : -FOOTER],
        raw[-FOOTER:],
    )
    assert header[:16] == b"bordin tape\n\x00\x00\x00\x01"
    info = b"".join(
        struct.pack(">I", len(t)) + t for t in (b"bordin sealed file", TAPE.encode(), b"working.wav")
    )
    opened = AESGCM(hkdf(KEY, header[16:], info))
    plain = opened.decrypt(first[:12], first[12:], header + b"chunk" + bytes(8))
    plain += opened.decrypt(second[:12], second[12:], header + b"chunk" + bytes(7) + b"\x01")
    assert plain == data
    assert opened.decrypt(footer[:12], footer[12:], header + b"footer") == struct.pack(">QQ", CHUNK + 10, 2)


# Sealed by version 1 with the key 00 01 .. 1f, role "original": what is sealed today is to be read in years.
FROZEN = (
    "626f7264696e20746170650a0000000117e07ce091845c22dc08e66448fe52f71ac16bac952d543fdef97f0c3b"
    "97addbb37ff43ac328fce7615f6cd7ccd77a2f0840b1fb1c4dd4e99ec62768fad853d8e8d550826d240ffa2d04"
    "50e00cd0ef570b5273d0e910431ed56aa4e2ab38d31d46138a78723bc43e5bc65fa202985ad889f24e10a74950"
    "b5ecb2852bc65de2767c274a039e4d"
)


def test_a_file_of_version_1_stays_readable(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(bytes.fromhex(FROZEN))
    assert unseal(tmp_path / "f") == b"and how did that feel for you?"


def test_no_two_files_are_alike(tmp_path: Path) -> None:
    one, two = (seal(tmp_path / n, b"the same words").read_bytes() for n in "ab")
    assert one[16:] != two[16:]
    assert len({one[i : i + 12] for i in (HEADER, len(one) - FOOTER)}) == 2


# ------------------------------------------------------------ what was changed is refused


def test_ten_thousand_flips_and_cuts_are_all_refused(tmp_path: Path) -> None:
    path = seal(tmp_path / "f", noise(CHUNK + 200))
    length = path.stat().st_size
    raw, draw, refused = path.read_bytes(), random.Random(4), 0
    # Every bit that is not inside a chunk's many bytes, then bits anywhere.
    edges = [*range(HEADER + 12), *range(HEADER + RECORD - 16, length)]
    places = [(p, 1 << b) for p in edges for b in range(8)]
    places += [(draw.randrange(length), 1 << draw.randrange(8)) for _ in range(9_000 - len(places))]
    with path.open("r+b", buffering=0) as file:
        for place, bit in places:
            put(file, place, bytes([raw[place] ^ bit]))
            refused += _refused(path)
            put(file, place, raw[place : place + 1])
        for cut in [0, 1, HEADER, HEADER + FOOTER, length - 1, *(draw.randrange(length) for _ in range(495))]:
            file.truncate(cut)
            refused += _refused(path)
            file.truncate(0)
            put(file, 0, raw)
        for _ in range(500):
            put(file, length, draw.randbytes(draw.choice((1, 44, 300))))
            refused += _refused(path)
            file.truncate(length)
    assert len(places) == 9_000
    assert refused == 10_000
    assert unseal(path) == noise(CHUNK + 200)


def put(file: io.FileIO, place: int, data: bytes) -> None:
    file.seek(place)
    file.write(data)


def _refused(path: Path) -> bool:
    try:
        with SealedReader(path, KEY, "original", TAPE) as read:
            read.verify()
    except TapeError as error:
        return error.problems[0].file == "T-7K3QX9PM/original" and bool(error.problems[0].hint)
    return False


def test_chunks_may_not_change_places(tmp_path: Path) -> None:
    raw = seal(tmp_path / "f", noise(3 * CHUNK)).read_bytes()
    a, b, c = (raw[HEADER + i * RECORD : HEADER + (i + 1) * RECORD] for i in range(3))
    for order in ((b, a, c), (a, c, b), (a, a, c), (a, b), (a, b, c, c)):
        (tmp_path / "f").write_bytes(raw[:HEADER] + b"".join(order) + raw[-FOOTER:])
        assert _refused(tmp_path / "f")


def test_chunks_and_footers_of_other_files_are_refused(tmp_path: Path) -> None:
    raw = seal(tmp_path / "f", noise(2 * CHUNK)).read_bytes()
    twin = seal(tmp_path / "twin", noise(2 * CHUNK)).read_bytes()
    working = seal(tmp_path / "w", noise(2 * CHUNK), role="working.wav").read_bytes()
    for other in (twin, working):
        cut = HEADER + RECORD
        for mixed in (
            raw[:cut] + other[cut:],
            other[:HEADER] + raw[HEADER:],
            raw[:-FOOTER] + other[-FOOTER:],
        ):
            (tmp_path / "f").write_bytes(mixed)
            assert _refused(tmp_path / "f")


@pytest.mark.parametrize(
    "other",
    [{"key": bytes(32)}, {"role": "working.wav"}, {"tape": "T-7K3QX9PN"}],
    ids=["key", "role", "tape"],
)
def test_another_key_role_or_tape_does_not_open_it(tmp_path: Path, other: dict[str, str]) -> None:
    path = seal(tmp_path / "f", b"words", **other)  # type: ignore[arg-type]
    assert _refused(path)
    assert unseal(path, **other) == b"words"  # type: ignore[arg-type]


def test_a_change_is_noticed_where_it_is_read(tmp_path: Path) -> None:
    data = noise(20 * CHUNK)
    path = seal(tmp_path / "f", data)
    with path.open("r+b") as file:
        file.seek(HEADER + 15 * RECORD + 100)
        file.write(b"x")
    with SealedReader(path, KEY, "original", TAPE) as read:
        assert read.read(15 * CHUNK) == data[: 15 * CHUNK]
        with pytest.raises(TapeError, match="T-7K3QX9PM/original: it was damaged or changed"):
            io.BufferedReader(read).read(1)


def test_a_newer_version_and_other_files_are_told_from_each_other(tmp_path: Path) -> None:
    raw = bytearray(seal(tmp_path / "f", b"words").read_bytes())
    raw[15] = 2
    (tmp_path / "f").write_bytes(raw)
    with pytest.raises(TapeError, match=r"is of version 2.*reads version 1.*newer bordin"):
        unseal(tmp_path / "f")
    (tmp_path / "f").write_bytes(b"RIFF" + bytes(500))
    with pytest.raises(TapeError, match="no sealed file"):
        unseal(tmp_path / "f")
    with pytest.raises(TapeError, match="T-7K3QX9PM/original: the tape has no such file"):
        unseal(tmp_path / "g")


# ------------------------------------------------------------ half-written files


@both
def test_after_an_exception_nothing_is_left(tmp_path: Path, kind: Open) -> None:
    def half() -> None:
        with kind[0](tmp_path / "f") as file:
            file.write(noise(3 * CHUNK))
            assert [p.suffix for p in tmp_path.iterdir()] == [".part"]
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        half()
    assert list(tmp_path.iterdir()) == []


@both
def test_a_forgotten_writer_completes_nothing(tmp_path: Path, kind: Open) -> None:
    file = kind[0](tmp_path / "f")
    file.write(b"half")
    del file
    assert list(tmp_path.iterdir()) == []


@both
def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path: Path, kind: Open) -> None:
    with kind[0](tmp_path / "f") as file:
        file.write(b"old")
    with kind[0](tmp_path / "f") as file:
        file.write(b"new")
        with kind[1](tmp_path / "f") as read:
            assert read.read() == b"old"
    with kind[1](tmp_path / "f") as read:
        assert read.read() == b"new"
    with pytest.raises(ValueError, match="closed"):
        file.write(b"more")


def test_no_plain_byte_reaches_the_disk(tmp_path: Path) -> None:
    marker = b"MARKER-she-said-it-herself"
    with SealedWriter(tmp_path / "f", KEY, "original", TAPE) as file:
        for _ in range(4_000):
            file.write(marker + bytes(30))
            if file.tell() % 20_000 < 56:
                assert all(marker not in p.read_bytes() for p in tmp_path.iterdir())
    assert marker not in (tmp_path / "f").read_bytes()
    assert unseal(tmp_path / "f").count(marker) == 4_000


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(TapeError, match=r"T-7K3QX9PM/original: it cannot be written.*check the rights"):
        SealedWriter(tmp_path / "file" / "f", KEY, "original", TAPE)


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal = pytest.importorskip("signal")
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3 * CHUNK, hard))
    try:
        with (
            pytest.raises(TapeError, match="it cannot be written"),
            SealedWriter(tmp_path / "f", KEY, "original", TAPE) as file,
        ):
            file.write(noise(5 * CHUNK))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert list(tmp_path.iterdir()) == []


def test_the_modules_load_without_what_only_one_system_has() -> None:
    code = (
        "import sys; sys.modules.update(dict.fromkeys(('fcntl', 'cryptography', 'argon2', 'keyring')))\n"
        "import bordin.tapes.vault.vault, bordin.tapes.vault.keys, bordin.tapes.vault.sealing\n"
        "from bordin.errors import TapeError\n"
        "try: bordin.tapes.vault.sealing.derived_key(bytes(32), b'', 'x')\n"
        "except TapeError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("sealed tapes need the package cryptography, which is not installed.")
