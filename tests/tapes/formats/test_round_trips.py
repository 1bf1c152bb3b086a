"""What a format can hold survives writing and reading, for any transcript."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bordin.errors import TapeError
from bordin.tapes.formats import FORMATS, Mark, Tier, Tiers
from bordin.tapes.formats.clock import span_in_milliseconds
from bordin.tapes.formats.source import source_of
from bordin.tapes.formats.textgrid import write_textgrid_tiers
from bordin.tapes.formats.tiers import INTERVALS, POINTS
from bordin.tapes.shapes import LOW_CONFIDENCE, MARKS, VOCALIZATION, EngineFacts, Transcript, Turn, Word

SPEAKERS = ["therapist", "client", "S1", "Ä & <b>", "unknown"]
ODD = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=6)
FEW = settings(max_examples=40)
# CHAT has three words of its own for what nobody understood.
PLAIN = st.from_regex(r"[a-zäß]{1,6}", fullmatch=True).filter(lambda w: w not in {"xxx", "yyy", "www"})


def stretches(resolution: float) -> st.SearchStrategy[tuple[float, float]]:
    most = int(4000 / resolution)
    pairs = st.tuples(st.integers(0, most), st.integers(1, int(20 / resolution)))
    return pairs.map(lambda p: (p[0] * resolution, (p[0] + p[1]) * resolution))


@st.composite
def transcripts(draw: st.DrawFn, words: st.SearchStrategy[str] = ODD, times: bool = True) -> Transcript:
    turns = []
    for start, end in draw(st.lists(stretches(1 / 1024), min_size=1, max_size=6)):
        spoken = []
        texts = draw(st.lists(words.filter(lambda w: w.split() == [w] and w != VOCALIZATION), max_size=4))
        for k, text in enumerate(texts):
            step = (end - start) / 4
            placed = times and step > 0.002 and draw(st.booleans())
            marks = tuple(sorted(draw(st.sets(st.sampled_from(MARKS), max_size=2))))
            spoken.append(
                Word(text, start + k * step, start + (k + 1) * step, None, marks)
                if placed
                else Word(text, None, None, None, marks)
            )
        turns.append(Turn(draw(st.sampled_from(SPEAKERS)), start, end, tuple(spoken)))
    turns.sort(key=lambda t: t.start)
    return Transcript(tuple(turns), max(t.end for t in turns))


def through(name: str, talk: Transcript) -> Transcript:
    form = FORMATS[name]
    assert form.write is not None
    assert form.read is not None
    return form.read(source_of(form.write(talk, "tape.x").encode(), "tape.x"))


def outline(talk: Transcript, *, ms: bool = False, text: bool = True) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for t in talk.turns:
        span: tuple[float, float] = (t.start, t.end)
        if ms:
            span = span_in_milliseconds(*span)
        rows.append((t.speaker, *span, *((t.text,) if text else ())))
    return sorted(rows, key=str)


@FEW
@given(transcripts(), st.floats(0, 1e5))
def test_bordin_json_keeps_everything(talk: Transcript, more: float) -> None:
    engine = EngineFacts("vad", "silero", {"a.onnx": "0" * 64}, {"x": 1}, "6")
    full = replace(talk, duration=talk.duration + more, engines=(engine,), warnings=("w",))
    assert through("bordin", full) == full


@FEW
@given(transcripts())
def test_turns_json_keeps_turns_and_texts(talk: Transcript) -> None:
    assert outline(through("turns", talk)) == outline(talk)


@FEW
@given(transcripts())
def test_rttm_keeps_turns_to_the_last_digit(talk: Transcript) -> None:
    plain = replace(talk, turns=tuple(replace(t, speaker=t.speaker.replace(" ", "_")) for t in talk.turns))
    assert outline(through("rttm", talk), text=False) == outline(plain, text=False)


@FEW
@given(transcripts())
def test_webvtt_keeps_voices_texts_and_marks(talk: Transcript) -> None:
    read = through("webvtt", talk)
    assert outline(read, ms=True) == outline(talk, ms=True)
    kept = sorted((w.text, w.marks) for t in talk.turns for w in t.words)
    assert sorted((w.text, tuple(sorted(w.marks))) for w in read.words) == kept


@FEW
@given(transcripts(PLAIN))
def test_srt_keeps_speakers_and_texts(talk: Transcript) -> None:
    plain = replace(talk, turns=tuple(replace(t, speaker=t.speaker.replace("<", "")) for t in talk.turns))
    assert outline(through("srt", plain), ms=True) == outline(plain, ms=True)


@FEW
@given(transcripts())
def test_textgrid_keeps_turns_texts_words_and_marks(talk: Transcript) -> None:
    read = through("textgrid", talk)
    assert outline(read) == outline(talk)
    timed = {(w.text, w.start, w.end, w.marks) for w in talk.words if w.start is not None}
    assert {
        (w.text, w.start, w.end, tuple(sorted(w.marks))) for w in read.words if w.start is not None
    } == timed


@FEW
@given(transcripts())
def test_eaf_keeps_turns_texts_and_the_words_with_times(talk: Transcript) -> None:
    read = through("eaf", talk)
    assert outline(read, ms=True) == outline(talk, ms=True)
    assert read.notice == talk.notice
    timed = sorted((w.text, w.marks) for w in talk.words if w.start is not None)
    assert sorted((w.text, tuple(sorted(w.marks))) for w in read.words if w.start is not None) == timed


@FEW
@given(transcripts(PLAIN))
def test_chat_keeps_speakers_words_and_doubt(talk: Transcript) -> None:
    read = through("chat", talk)
    assert outline(read, ms=True, text=False) == outline(talk, ms=True, text=False)
    assert len(read.turns) == len(talk.turns)
    spoken = [w.text.strip("[].") for w in read.words]
    assert sorted(spoken) == sorted(w.text for w in talk.words)
    unsure = sorted(w.text for w in talk.words if LOW_CONFIDENCE in w.marks)
    assert sorted(w.text.strip("[].") for w in read.words if LOW_CONFIDENCE in w.marks) == unsure


@st.composite
def grids(draw: st.DrawFn) -> Tiers:
    texts = st.text(st.characters(codec="utf-8", exclude_categories=("C",)), min_size=1).filter(str.strip)
    rows = []
    for _ in range(draw(st.integers(0, 3))):
        edges = sorted(draw(st.sets(st.floats(0, 1e4), min_size=2, max_size=6)))
        name = draw(texts)
        if draw(st.booleans()):
            marks = [Mark(draw(texts), e, e) for e in edges]
            rows.append(Tier(name, tuple(marks), POINTS))
        else:
            spans = pairwise(edges)
            rows.append(
                Tier(name, tuple(Mark(draw(texts), a, b) for a, b in spans if draw(st.booleans())), INTERVALS)
            )
    return Tiers(tuple(rows), 0.0, 1e4)


@pytest.mark.parametrize("short", [False, True])
@FEW
@given(grids())
def test_tiers_of_praat_survive_in_both_forms(short: bool, tiers: Tiers) -> None:
    read = FORMATS["textgrid"].read_tiers
    assert read is not None
    again = read(source_of(write_textgrid_tiers(tiers, short=short).encode(), "t.TextGrid"))
    assert (again.tiers, again.end) == (tiers.tiers, 1e4)


VALID = Transcript(
    (
        Turn("S1", 0.5, 2.0, (Word("Hello,", 0.5, 1.0, None, (LOW_CONFIDENCE,)), Word("you.", 1.0, 1.5))),
        Turn("S2", 1.0, 3.0),
    ),
    3.0,
)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=60)
@given(st.data())
def test_a_damaged_file_is_read_or_refused_and_never_crashes(name: str, data: st.DataObject) -> None:
    form = FORMATS[name]
    assert form.read is not None
    text = form.write(VALID, "t.x") if form.write else OTHERS[name]
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        cut = data.draw(st.sampled_from([0, 1, 2, 10, 10_000]))
        put = data.draw(
            st.sampled_from(["", "\n", "\t", "9", "-1", "NaN", '"', "<", "[]", "\x15", "null", " ", "x"])
        )
        text = text[:at] + put + text[at + cut :]
    try:
        turns = form.read(source_of(text.encode(), "t.x")).turns
    except TapeError:
        turns = ()
    assert all(0 <= t.start <= t.end and (t.start < t.end or name == "bordin") for t in turns)


OTHERS = {
    "sbv": "0:00:01.000,0:00:02.000\nS1: a\n\n0:00:02.000,0:00:03.000\nb\n",
    "whisperx": json.dumps(
        {"segments": [{"start": 0.5, "end": 1, "text": "a", "words": [{"word": "a", "score": 1}]}]}
    ),
    "whispercpp": json.dumps(
        {
            "transcription": [
                {"offsets": {"from": 0, "to": 9}, "text": " a", "tokens": [{"text": " a", "p": 1}]}
            ]
        }
    ),
    "noscribe": '<html><p><a name="ts_0_1200_S00">S00 [00:00:01]: (.) </a><a name="ts_1200_1300_//S01">//x</a></p>',
    "atrain": "Transcription for x\n\nSPEAKER_00\n[00:00:01] - a [00:00:04] - b\n",
}
