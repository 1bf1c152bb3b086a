"""Turns and words as everything on tapes is made of: stretches, overlap, pauses, and what JSON keeps of them."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bordin.errors import TapeError
from bordin.tapes.shapes import (
    LOW_CONFIDENCE,
    MARKS,
    NOTICE,
    EngineFacts,
    Stretch,
    Transcript,
    Turn,
    Word,
    as_record,
    from_record,
    overlaps,
    union,
)

TALK = Transcript(
    (
        Turn("S1", 0.5, 3.0, (Word("Well,", 0.6, 0.9, 0.8), Word("so", 1.0, 1.2, 0.4, (LOW_CONFIDENCE,)))),
        Turn("S2", 2.5, 4.0),
        Turn("S1", 7.0, 9.0, (Word("untimed"),)),
        Turn("S3", 9.5, 10.0),
    ),
    12.0,
    (EngineFacts("diarization", "fake", {"a.onnx": "0" * 64}, {"speakers": 2}, "1.0"),),
    ("A warning.",),
)

seconds = st.integers(0, 400).map(lambda n: n / 8)
spans = st.tuples(seconds, seconds).map(lambda p: (min(p), max(p) + 0.125))
texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=5)
words = st.builds(
    Word,
    texts,
    st.none() | seconds,
    st.none() | seconds,
    st.none() | st.floats(0, 1),
    st.lists(st.sampled_from(MARKS), unique=True).map(tuple),
)
turns = st.builds(
    lambda speaker, span, words: Turn(speaker, *span, tuple(words)),
    st.sampled_from(["S1", "S2", "S3"]),
    spans,
    st.lists(words, max_size=3),
)


def test_what_a_transcript_tells():
    assert TALK.speakers == ("S1", "S2", "S3")
    assert [w.text for w in TALK.words] == ["Well,", "so", "untimed"]
    assert [t.text for t in TALK.turns] == ["Well, so", "[vocalization]", "untimed", "[vocalization]"]
    assert TALK.turns[0].seconds == 2.5
    assert TALK.speech == (Stretch(0.5, 4.0), Stretch(7.0, 9.0), Stretch(9.5, 10.0))
    assert TALK.overlaps == (Stretch(2.5, 3.0),)
    # Not the silence before the first and after the last word, and not half a second.
    assert TALK.pauses() == (Stretch(4.0, 7.0),)
    assert TALK.pauses(0.5) == (Stretch(4.0, 7.0), Stretch(9.0, 9.5))
    assert TALK.notice == NOTICE


def test_roles_name_speakers_and_leave_others():
    named = TALK.renamed({"S1": "therapist", "S2": "client", "S9": "nobody"})
    assert named.speakers == ("therapist", "client", "S3")
    assert named.words == TALK.words
    assert TALK.speakers == ("S1", "S2", "S3")


def test_a_mark_is_set_once():
    word = Word("so").marked(LOW_CONFIDENCE).marked(LOW_CONFIDENCE)
    assert word.marks == (LOW_CONFIDENCE,)


def test_a_record_says_in_words_what_it_is():
    record = as_record(TALK)
    assert record["speakers"] == ["S1", "S2", "S3"]
    assert record["turns"][1] == {
        "speaker": "S2",
        "start": 2.5,
        "end": 4.0,
        "text": "[vocalization]",
        "words": [],
    }
    assert record["turns"][2]["words"] == [{"text": "untimed", "start": None, "end": None}]
    assert record["overlaps"] == [[2.5, 3.0]]
    assert record["pauses"] == [[4.0, 7.0]]
    assert record["engines"][0]["model"] == {"a.onnx": "0" * 64}


@given(st.lists(turns, max_size=6))
def test_json_keeps_everything(made):
    transcript = Transcript(tuple(made), 60.0, TALK.engines, ("w",), "a notice")
    assert from_record(json.loads(json.dumps(as_record(transcript)))) == transcript


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"turns": [], "duration": "long"},
        {"turns": [{"speaker": "S1"}], "duration": 1},
        {"turns": [7], "duration": 1},
        {"turns": None, "duration": 1},
        {"turns": [], "duration": 1, "engines": [{"stage": "x"}]},
        [],
    ],
)
def test_another_record_is_refused_with_its_file(record):
    with pytest.raises(
        TapeError, match=r"T-1: this is no transcript of bordin .* Read it with another format"
    ):
        from_record(record, "T-1")


@given(st.lists(spans, max_size=8))
def test_a_union_covers_the_same_moments_once(given_spans):
    found = union(given_spans)
    for at in (n / 16 for n in range(0, 810, 3)):
        inside = any(a <= at < b for a, b in given_spans)
        assert sum(s.start <= at < s.end for s in found) == inside
    assert all(a.end < b.start for a, b in pairwise(found))
    assert union(reversed(given_spans)) == found
    assert union((s.start, s.end) for s in found) == found


def test_empty_stretches_are_none():
    assert union([(2.0, 2.0), (3.0, 1.0)]) == ()
    assert union([]) == ()
    assert union([(0.0, 1.0), (1.0, 2.0)]) == (Stretch(0.0, 2.0),)


@given(st.lists(turns, max_size=8))
def test_overlap_is_where_two_different_people_speak(made):
    found = overlaps(made)
    for at in (n / 16 for n in range(1, 810, 3)):
        speakers = {t.speaker for t in made if t.start <= at < t.end}
        assert any(s.start <= at < s.end for s in found) == (len(speakers) >= 2)


def test_one_person_twice_is_no_overlap():
    assert overlaps([Turn("S1", 0, 5), Turn("S1", 3, 8)]) == ()
    assert overlaps([]) == ()
