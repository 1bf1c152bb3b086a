"""Sound of a tape for a browser: ranges to the byte, nothing kept, nothing told of whose tape it is."""

from __future__ import annotations

import gzip
import json
import random
import re
import struct
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest
from django.http import HttpResponseBase
from django.test import RequestFactory

from bordin.errors import TapeError
from bordin.study import tape_sound
from bordin.study.tape_sound import BLOCK, PAIRS_MOST, Kept, Stretch
from bordin.study.tapes import PEAKS, TRANSCRIPT, WORKING, name_roles
from bordin.tapes.shapes import NOTICE, Transcript, Turn, Word, as_record
from bordin.tapes.sound.peaks import PeakMeter, Peaks
from bordin.tapes.sound.working_copy import WavWriter
from bordin.tapes.vault.keys import Argon2, Passphrase
from bordin.tapes.vault.opening import create_unsealed, create_vault
from bordin.tapes.vault.vault import Tape, Vault
from bordin.workbench import media
from bordin.workbench.media import OutOfRange, read_range

RATE = 16_000
PLANTED = ("Anna Meier 2026-05-03.wav", "S014", "P07")
ask = RequestFactory()


@dataclass(frozen=True)
class Made:
    """A tape, and its working copy in clear."""

    vault: Vault
    tape: Tape
    plain: Path


def make_tape(folder: Path, seconds: float, *, sealed: bool = True, seed: int = 5) -> Made:
    """Put a synthetic tape into a vault: noise whose loudness comes and goes, as speech does."""
    if sealed:
        vault = create_vault(
            folder / "tapes", Passphrase("six words picked at random"), argon2=Argon2(64, 1, 1)
        )
    else:
        vault = create_unsealed(folder / "tapes")
    random_numbers = np.random.default_rng(seed)
    name = vault.tape_id(f"{seed:064x}")
    plain = folder / "plain.wav"
    minute = (random_numbers.normal(size=60 * RATE) * 6_000).astype(np.int16)
    with vault.draft(name, session=PLANTED[1], participant=PLANTED[2]) as draft:
        meter = PeakMeter(1)
        with draft.writer(WORKING) as sealed_file, plain.open("wb") as clear:
            wavs = [WavWriter(sealed_file, 1), WavWriter(clear, 1)]
            left = round(seconds * RATE)
            while left > 0:
                envelope = np.repeat(random_numbers.random(600), RATE // 10)
                block = (minute * envelope).astype(np.int16)[:left, None]
                meter.add(block)
                for wav in wavs:
                    wav.write(block)
                left -= len(block)
            for wav in wavs:
                wav.finish()
        draft.write_bytes(PEAKS, meter.result().to_bytes())
        tape = draft.commit({"name": PLANTED[0], "recording": {"decoded": seconds}})
    return Made(vault, tape, plain)


@pytest.fixture(params=["sealed", "unsealed"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Made:
    return make_tape(tmp_path, 30.3, sealed=request.param == "sealed")


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    tape_sound.KEPT.clear()
    yield
    tape_sound.KEPT.clear()


def get(tape: Tape, span: str | None = None, **headers: str) -> HttpResponseBase:
    if span is not None:
        headers["HTTP_RANGE"] = span
    return media.serve_sound(ask.get("/tape/x/sound", **headers), tape)


def body(answer: HttpResponseBase) -> bytes:
    data = b"".join(answer.streaming_content) if answer.streaming else answer.content
    answer.close()
    return data


# ---------------------------------------------------------------- ranges


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=0-", (0, 1000)),
        ("bytes=10-19", (10, 10)),
        ("bytes=990-5000", (990, 10)),
        ("bytes=999-", (999, 1)),
        ("bytes=-1", (999, 1)),
        ("bytes=-5000", (0, 1000)),
        ("Bytes= 5-6 ", (5, 2)),
        ("seconds=1-2", None),
        ("bytes", None),
        ("", None),
    ],
)
def test_a_range_is_read(header: str, expected: tuple[int, int] | None) -> None:
    assert read_range(header, 1000) == expected


@pytest.mark.parametrize(
    "header",
    [
        "bytes=1000-",
        "bytes=5000-6000",
        "bytes=-0",
        "bytes=20-10",
        "bytes=-",
        "bytes=",
        "bytes=a-b",
        "bytes=+1-2",
        "bytes=0-1,5-6",
        "bytes=0-1,",
        "bytes=0--1",
        "bytes=\u0661-\u0662",
        f"bytes=0-{'9' * 5000}",
    ],
)
def test_a_range_that_is_not_there_is_refused(header: str) -> None:
    with pytest.raises(OutOfRange):
        read_range(header, 1000)


def test_of_nothing_there_is_no_range() -> None:
    for header in ("bytes=0-", "bytes=-5"):
        with pytest.raises(OutOfRange):
            read_range(header, 0)


def test_the_whole_is_sent_when_no_range_is_asked_for(made: Made) -> None:
    plain = made.plain.read_bytes()
    answer = get(made.tape)
    assert (answer.status_code, answer["Content-Length"]) == (200, str(len(plain)))
    assert answer["Accept-Ranges"] == "bytes"
    assert not answer.has_header("Content-Range")
    assert body(answer) == plain
    assert len(plain) == 80 + round(30.3 * RATE) * 2


def test_suffix_open_end_and_a_range_in_the_middle(made: Made) -> None:
    plain = made.plain.read_bytes()
    size = len(plain)
    for span, first, last in (
        ("bytes=-500", size - 500, size - 1),
        (f"bytes={size - 70_000}-", size - 70_000, size - 1),
        ("bytes=65530-65545", 65_530, 65_545),
        ("bytes=0-", 0, size - 1),
        (f"bytes=100-{size + 9}", 100, size - 1),
    ):
        answer = get(made.tape, span)
        assert answer.status_code == 206
        assert answer["Content-Range"] == f"bytes {first}-{last}/{size}"
        assert answer["Content-Length"] == str(last - first + 1)
        assert body(answer) == plain[first : last + 1]


def test_one_answer_holds_a_mebibyte_at_most_and_says_so(tmp_path: Path) -> None:
    made = make_tape(tmp_path, 60)
    plain = made.plain.read_bytes()
    size, most = len(plain), media.PART_MOST
    for span, first in (("bytes=0-", 0), ("bytes=7-1900000", 7), (f"bytes=-{size - 5}", 5)):
        answer = get(made.tape, span)
        assert (answer.status_code, answer["Content-Length"]) == (206, str(most))
        assert answer["Content-Range"] == f"bytes {first}-{first + most - 1}/{size}"
        assert body(answer) == plain[first : first + most]
    heard = b""
    while len(heard) < size:
        heard += body(get(made.tape, f"bytes={len(heard)}-"))
    assert heard == plain
    assert len(body(get(made.tape))) == size


def test_200_ranges_at_random_are_the_bytes_of_the_plain_file(made: Made) -> None:
    plain = made.plain.read_bytes()
    rng = random.Random(4)
    for _ in range(200):
        first = rng.randrange(len(plain))
        last = min(first + rng.choice((0, 1, 1_000, 65_535, 65_536, 300_000)), len(plain) - 1)
        assert body(get(made.tape, f"bytes={first}-{last}")) == plain[first : last + 1]


@pytest.mark.parametrize("span", ["bytes=99999999-", "bytes=0-9,20-29", "bytes=9-2", "bytes=-0", "bytes=x-"])
def test_out_of_bounds_and_several_ranges_get_416_and_the_size(made: Made, span: str) -> None:
    answer = get(made.tape, span)
    assert (answer.status_code, body(answer)) == (416, b"")
    assert answer["Content-Range"] == f"bytes */{made.plain.stat().st_size}"
    assert answer["Cache-Control"] == "no-store"


def test_another_unit_and_if_range_get_the_whole(made: Made) -> None:
    size = made.plain.stat().st_size
    assert len(body(get(made.tape, "seconds=1-2"))) == size
    assert len(body(get(made.tape, "bytes=0-9", HTTP_IF_RANGE='"tag"'))) == size


def test_head_tells_the_size_and_sends_nothing(made: Made) -> None:
    answer = media.serve_sound(ask.head("/tape/x/sound", HTTP_RANGE="bytes=0-9"), made.tape)
    assert (answer.status_code, body(answer)) == (200, b"")
    assert answer["Content-Length"] == str(made.plain.stat().st_size)
    assert answer["Accept-Ranges"] == "bytes"


def test_only_reading_is_allowed(made: Made) -> None:
    for serve in (media.serve_sound, media.serve_peaks, media.serve_transcript):
        answer = serve(ask.post("/tape/x/sound"), made.tape)
        assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")


def test_no_header_says_whose_it_is_or_how_old(made: Made) -> None:
    for answer in (get(made.tape), get(made.tape, "bytes=0-9"), get(made.tape, "bytes=9999999999-")):
        head = dict(answer.items())
        answer.close()
        assert head.pop("Content-Range", "")[:5] in {"", "bytes"}
        assert head.pop("Content-Length").isdecimal()
        assert head == {
            "Content-Type": "audio/wav",
            "Content-Disposition": 'inline; filename="tape.wav"',
            "Accept-Ranges": "bytes",
            "Content-Encoding": "identity",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
        }


def test_the_file_is_closed_whether_all_is_read_or_nothing(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Any] = []
    reader = made.tape.reader
    monkeypatch.setattr(made.tape, "reader", lambda name: opened.append(reader(name)) or opened[-1])
    body(get(made.tape))
    get(made.tape, "bytes=5-").close()
    begun = get(made.tape)
    assert len(next(iter(begun.streaming_content))) == BLOCK
    begun.close()
    get(made.tape, "bytes=99999999-")
    media.serve_sound(ask.head("/"), made.tape)
    assert [file.closed for file in opened] == [True] * 5


def stored(made: Made, name: str) -> Path:
    return next((made.vault.folder / made.tape.id).glob(f"{name}*"))


def test_damage_at_the_start_is_an_error_and_later_damage_breaks_off(tmp_path: Path) -> None:
    made = make_tape(tmp_path, 30)
    path = stored(made, WORKING)
    whole = path.read_bytes()
    path.write_bytes(whole[:1000] + bytes([whole[1000] ^ 1]) + whole[1001:])
    with pytest.raises(TapeError, match="damaged or changed"):
        get(made.tape)
    place = len(whole) - 1000
    path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    answer = get(made.tape)
    assert answer.status_code == 200
    sent = iter(answer.streaming_content)
    got = b"".join(next(sent) for _ in range(3))
    with pytest.raises(TapeError, match="damaged or changed"):
        next(sent)
    assert got == made.plain.read_bytes()[: 3 * BLOCK]
    answer.close()


def test_a_forgotten_tape_is_heard_no_more_nor_drawn(made: Made) -> None:
    media.peaks_json(made.tape)
    made.vault.forget(tapes=[made.tape.id], reason="consent withdrawn")
    for serve in (media.serve_sound, media.serve_peaks, media.serve_transcript):
        with pytest.raises(TapeError):
            serve(ask.get("/"), made.tape)


def test_a_stretch_of_nothing_is_empty(made: Made) -> None:
    with Stretch(made.tape.reader(WORKING), 10, 0) as stretch:
        assert list(stretch) == []


# ---------------------------------------------------------------- drawing


def test_the_drawing_of_a_short_tape_is_that_of_the_vault(made: Made) -> None:
    record = json.loads(media.peaks_json(made.tape))
    stored_peaks = Peaks.from_bytes(made.tape.read_bytes(PEAKS))
    assert (record["duration"], record["per_second"]) == (30.3, 50)
    assert len(record["peaks"]) == 2 * 1515
    assert record["peaks"] == np.maximum(stored_peaks.pairs[0].reshape(-1), -127).tolist()
    assert set(record) == {"duration", "per_second", "peaks"}


def test_a_longer_drawing_keeps_the_lowest_and_highest(tmp_path: Path) -> None:
    made = make_tape(tmp_path, 1)
    points = 50 * 60 * 50 + 7
    pairs = np.random.default_rng(1).integers(-128, 128, (1, points, 2)).astype(np.int8)
    made.tape.write_bytes(PEAKS, Peaks(points / 50, ("mix",), pairs).to_bytes())
    record = json.loads(media.peaks_json(made.tape))
    drawn = np.array(record["peaks"]).reshape(-1, 2)
    assert record["per_second"] == 10
    assert len(drawn) == -(-points // 5) <= PAIRS_MOST + 2
    assert drawn.min() == -127
    for bin_ in (0, 1, 17, 29_999):
        part = pairs[0, bin_ * 5 : bin_ * 5 + 5].astype(int)
        assert drawn[bin_].tolist() == [max(part[:, 0].min(), -127), part[:, 1].max()]
    assert drawn[-1].tolist() == [max(pairs[0, -2:, 0].min(), -127), pairs[0, -2:, 1].max()]


@pytest.mark.parametrize(
    ("minutes", "per_second"),
    [(0.01, 50), (11, 50), (11.1, 25), (22.1, 10), (55, 10), (55.1, 5), (90, 5), (240, 2)],
)
def test_bins_a_second_stay_whole(tmp_path: Path, minutes: float, per_second: int) -> None:
    made = make_tape(tmp_path, 1)
    points = round(minutes * 3000)
    made.tape.write_bytes(PEAKS, Peaks(points / 50, ("mix",), np.zeros((1, points, 2), np.int8)).to_bytes())
    record = json.loads(media.peaks_json(made.tape))
    assert record["per_second"] == per_second
    assert len(record["peaks"]) // 2 == -(-points * per_second // 50)


def test_a_tape_of_two_channels_is_drawn_as_its_mix_and_an_empty_one_as_nothing(tmp_path: Path) -> None:
    made = make_tape(tmp_path, 1)
    pairs = np.array([[[-1, 2], [-3, 4]], [[-50, 50], [-50, 50]], [[-60, 60], [-60, 60]]], np.int8)
    made.tape.write_bytes(PEAKS, Peaks(0.04, ("mix", "1", "2"), pairs).to_bytes())
    assert json.loads(media.peaks_json(made.tape))["peaks"] == [-1, 2, -3, 4]
    made.tape.write_bytes(PEAKS, Peaks(0.0, ("mix",), np.zeros((1, 0, 2), np.int8)).to_bytes())
    assert json.loads(media.peaks_json(made.tape)) == {"duration": 0.0, "per_second": 50, "peaks": []}


def test_it_is_gzipped_for_those_who_take_it(made: Made) -> None:
    plain = media.serve_peaks(ask.get("/"), made.tape)
    packed = media.serve_peaks(ask.get("/", HTTP_ACCEPT_ENCODING="gzip, deflate, br"), made.tape)
    refused = media.serve_peaks(ask.get("/", HTTP_ACCEPT_ENCODING="gzip;q=0, identity"), made.tape)
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content == refused.content == media.peaks_json(made.tape)
    assert len(packed.content) == int(packed["Content-Length"]) < len(plain.content)
    assert not refused.has_header("Content-Encoding")
    for answer in (plain, packed):
        assert (answer["Cache-Control"], answer["X-Content-Type-Options"]) == ("no-store", "nosniff")
        assert answer["Content-Type"] == "application/json"
        assert not {"Last-Modified", "ETag"} & {name for name, _ in answer.items()}
    head = media.serve_peaks(ask.head("/"), made.tape)
    assert (head.content, head["Content-Length"]) == (b"", str(len(plain.content)))


# ---------------------------------------------------------------- transcript


def told(*turns: tuple[str, float, float, str]) -> bytes:
    made = tuple(
        Turn(who, a, b, tuple(Word(w, a, b, 0.9) for w in text.split())) for who, a, b, text in turns
    )
    return json.dumps(as_record(Transcript(made, 30.0, warnings=(f"read from {PLANTED[0]}",)))).encode()


def test_turns_have_roles_times_and_words(made: Made) -> None:
    turns = (
        ("S1", 0.5, 2.123456, "Good morning."),
        ("S2", 2.0, 4.0, "Morning, \u201chello\u201d."),
        ("S2", 5, 6, ""),
    )
    made.tape.write_bytes(TRANSCRIPT, told(*turns))
    name_roles(made.tape, {"S1": "therapist", "S2": "client"})
    assert json.loads(media.transcript_json(made.tape)) == {
        "turns": [
            {"speaker": "therapist", "start": 0.5, "end": 2.123, "text": "Good morning."},
            {"speaker": "client", "start": 2.0, "end": 4.0, "text": "Morning, \u201chello\u201d."},
            {"speaker": "client", "start": 5.0, "end": 6.0, "text": "[vocalization]"},
        ],
        "notice": NOTICE,
    }


def test_a_label_that_is_no_role_is_not_shown(made: Made) -> None:
    turns = (
        ("Anna Meier", 0, 1, "One."),
        ("therapist", 1, 2, "Two."),
        ("S9", 2, 3, "Three."),
        ("Anna Meier", 3, 4, "Four."),
    )
    made.tape.write_bytes(TRANSCRIPT, told(*turns))
    speakers = [t["speaker"] for t in json.loads(media.transcript_json(made.tape))["turns"]]
    assert speakers == ["speaker 1", "therapist", "speaker 2", "speaker 1"]
    name_roles(made.tape, {"S9": PLANTED[2], "Anna Meier": "mother"})
    speakers = [t["speaker"] for t in json.loads(media.transcript_json(made.tape))["turns"]]
    assert speakers == ["mother", "therapist", "speaker 1", "mother"]


def test_nothing_planted_reaches_the_browser(made: Made) -> None:
    made.tape.write_bytes(TRANSCRIPT, told(("S1", 0, 1, "One.")))
    sent = b"".join(
        repr(sorted(answer.items())).encode() + answer.content
        for answer in (
            media.serve_peaks(ask.get("/"), made.tape),
            media.serve_transcript(ask.get("/"), made.tape),
        )
    )
    for planted in (*PLANTED, made.tape.id, made.tape.added, "2026"):
        assert planted.encode() not in sent


def test_without_a_transcript_there_are_no_turns(made: Made) -> None:
    assert json.loads(media.transcript_json(made.tape)) == {"turns": [], "notice": ""}


def test_a_new_transcript_and_new_roles_are_seen_at_once(made: Made) -> None:
    made.tape.write_bytes(TRANSCRIPT, told(("S1", 0, 1, "One.")))
    assert b"One." in media.transcript_json(made.tape)
    made.tape.write_bytes(TRANSCRIPT, told(("S1", 0, 1, "Two.")))
    assert b"Two." in media.transcript_json(made.tape)
    name_roles(made.tape, {"S1": "client"})
    assert b'"speaker":"client"' in media.transcript_json(made.tape)


# ---------------------------------------------------------------- what is kept in memory


def test_what_was_made_is_made_once_and_memory_is_limited() -> None:
    kept = Kept(most=3_000)
    calls: list[str] = []

    def made_of(name: str, size: int) -> Callable[[], bytes]:
        return lambda: calls.append(name) or random.Random(name).randbytes(size)

    first = kept.get(b"a", made_of("a", 600))
    assert kept.get(b"a", made_of("a", 600)) is first
    kept.get(b"b", made_of("b", 600))
    assert (calls, len(kept)) == (["a", "b"], 2)
    kept.get(b"a", made_of("a", 600))
    kept.get(b"c", made_of("c", 600))
    assert (len(kept), kept.size <= 3_000) == (2, True)
    kept.get(b"a", made_of("a", 600))
    assert calls == ["a", "b", "c"]
    kept.get(b"b", made_of("b", 600))
    assert calls == ["a", "b", "c", "b"]
    large = kept.get(b"large", made_of("large", 5_000))
    assert (len(large.plain), len(kept)) == (5_000, 2)
    kept.clear()
    assert (len(kept), kept.size) == (0, 0)


def test_drawings_of_many_tapes_are_kept_only_up_to_the_limit(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tape_sound, "KEPT", Kept(most=20_000))
    for n in range(12):
        pairs = np.full((1, 1_000, 2), n, np.int8)
        made.tape.write_bytes(PEAKS, Peaks(20.0, ("mix",), pairs).to_bytes())
        assert json.loads(media.peaks_json(made.tape))["peaks"][0] == n
    assert 0 < len(tape_sound.KEPT) < 8
    assert tape_sound.KEPT.size <= 20_000


# ---------------------------------------------------------------- a tape of 90 minutes


def timed(what: Callable[[], object]) -> float:
    begun = time.perf_counter()
    what()
    return time.perf_counter() - begun


def anew(serve: Callable[..., HttpResponseBase], tape: Tape) -> None:
    tape_sound.KEPT.clear()
    serve(ask.get("/"), tape)


def test_a_sealed_tape_of_90_minutes(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    made = make_tape(tmp_path, 90 * 60)
    size = made.plain.stat().st_size
    assert size == 80 + 90 * 60 * RATE * 2
    drawing = min(timed(lambda: anew(media.serve_peaks, made.tape)) for _ in range(3))
    again = median(timed(lambda: media.serve_peaks(ask.get("/"), made.tape)) for _ in range(9))
    packed = media.serve_peaks(ask.get("/", HTTP_ACCEPT_ENCODING="gzip"), made.tape)
    rng = random.Random(2)
    starts = [rng.randrange(size - 65_536) for _ in range(100)]
    spans = [timed(lambda s=s: body(get(made.tape, f"bytes={s}-{s + 65_535}"))) for s in starts]
    tracemalloc.start()
    answer = get(made.tape)
    length = sum(len(piece) for piece in answer.streaming_content)
    answer.close()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    words = tuple(Word("well,", n * 0.4, n * 0.4 + 0.3, 0.9, ()) for n in range(13_000))
    turns = tuple(
        Turn(f"S{n % 2 + 1}", n * 5.0, n * 5 + 4.0, words[n * 13 : n * 13 + 13]) for n in range(1_000)
    )
    made.tape.write_bytes(TRANSCRIPT, json.dumps(as_record(Transcript(turns, 5400.0))).encode())
    reading = min(timed(lambda: anew(media.serve_transcript, made.tape)) for _ in range(3))
    reread = timed(lambda: media.serve_transcript(ask.get("/"), made.tape))
    figures = {
        "peaks, first time, ms": drawing * 1000,
        "peaks, again, ms": again * 1000,
        "peaks, KB gzipped": len(packed.content) / 1000,
        "64 KB range, median ms": median(spans) * 1000,
        "64 KB range, longest ms": max(spans) * 1000,
        "whole tape, most memory MB": most / 1e6,
        "transcript, first time, ms": reading * 1000,
        "transcript, again, ms": reread * 1000,
    }
    for name, value in figures.items():
        record_property(name, round(value, 2))
        print(f"{name}: {value:.2f}")
    assert length == size
    assert json.loads(media.peaks_json(made.tape))["per_second"] == 5
    assert len(packed.content) < 70_000
    assert drawing < 0.3
    assert median(spans) < 0.02
    assert most < 4e6
    assert reading < 0.3


def test_the_working_copy_begins_as_a_wav_file_that_browsers_know(made: Made) -> None:
    head = body(get(made.tape, "bytes=0-79"))
    assert re.fullmatch(rb"RIFF....WAVE.*", head, re.DOTALL)
    place = head.index(b"fmt ")
    assert struct.unpack_from("<HHI", head, place + 8) == (1, 1, RATE)
