"""Words and turns put together: nothing is lost, and who said what is right where the voice tells it."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bordin.tapes.merging import by_speaker, join_turns, merge
from bordin.tapes.shapes import UNCERTAIN_SPEAKER, Turn, Word, overlaps, union

seconds = st.integers(0, 240).map(lambda n: n / 8)
spans = st.tuples(seconds, st.integers(1, 40).map(lambda n: n / 8)).map(lambda p: (p[0], p[0] + p[1]))
turns = st.builds(lambda who, span: Turn(who, *span), st.sampled_from(["S1", "S2", "S3"]), spans)
numbered = st.lists(
    st.tuples(seconds, st.integers(0, 8).map(lambda n: n / 16), st.sampled_from(["", ".", "?"])), max_size=12
).map(lambda found: [Word(f"w{i}{end}", a, a + b) for i, (a, b, end) in enumerate(found)])


def spread(text: str, start: float, step: float = 0.5) -> list[Word]:
    """Return words one after another, each 0.4 s long."""
    return [Word(w, start + i * step, start + i * step + 0.4) for i, w in enumerate(text.split())]


def told(turns: tuple[Turn, ...]) -> list[tuple[str, str]]:
    return [(t.speaker, t.text) for t in turns]


def unsure(turns: tuple[Turn, ...]) -> list[str]:
    return [w.text for t in turns for w in t.words if UNCERTAIN_SPEAKER in w.marks]


# ---------------------------------------------------------------- nothing is lost


@given(st.lists(turns, max_size=8), numbered)
def test_every_word_stands_once_and_is_otherwise_as_it_was(found, words):
    merged = merge(found, words)
    plain = [Word(w.text, w.start, w.end, w.probability) for t in merged for w in t.words]
    assert Counter(plain) == Counter(words)
    assert {m for t in merged for w in t.words for m in w.marks} <= {UNCERTAIN_SPEAKER}
    assert [(t.start, t.end) for t in merged] == sorted((t.start, t.end) for t in merged)


@given(st.lists(turns, max_size=8), numbered, st.randoms(use_true_random=False))
def test_the_order_in_which_turns_and_words_come_does_not_matter(found, words, chance):
    # Words of the same times stay in the order in which they were heard.
    words = list({(w.start, w.end): w for w in words}.values())
    shuffled, mixed = list(found), list(words)
    chance.shuffle(shuffled)
    chance.shuffle(mixed)
    assert merge(shuffled, mixed) == merge(found, words)
    speakers = ["S2" for _ in words]
    assert by_speaker(shuffled, mixed, speakers) == by_speaker(found, words, speakers)


@given(st.lists(turns, max_size=8), numbered)
def test_the_voice_is_not_changed_by_words(found, words):
    """Who is heard when depends on turns alone, but for words far from every voice; a turn may be parted."""
    merged = merge(found, words)
    voiced = join_turns(found)
    for speaker in {t.speaker for t in merged}:
        own = [t for t in merged if t.speaker == speaker]
        heard = union((t.start, t.end) for t in voiced if t.speaker == speaker)
        lost = [
            t
            for t in own
            if not any(s.start <= t.start and t.end <= s.end for s in heard)
            and not (t.words and all(UNCERTAIN_SPEAKER in w.marks for w in t.words))
        ]
        assert lost == []
        all_own = union((t.start, t.end) for t in own)
        assert all(any(s.start <= h.start and h.end <= s.end for s in all_own) for h in heard)


def test_empty_inputs():
    assert merge([], []) == ()
    assert merge([Turn("S1", 1, 2)], []) == (Turn("S1", 1, 2),)
    [alone] = merge([], spread("only words", 3.0))
    assert (alone.speaker, alone.start, alone.end, alone.text) == ("S1", 3.0, 3.9, "only words")
    assert unsure((alone,)) == ["only", "words"]
    assert by_speaker([], [], []) == ()


def test_words_without_voice_part_at_a_second():
    found = merge([], [*spread("one two", 0.0), *spread("three", 5.0)])
    assert [t.text for t in found] == ["one two", "three"]


# ---------------------------------------------------------------- joining


def test_a_short_pause_parts_no_turn():
    assert join_turns([Turn("S1", 0, 2), Turn("S1", 3.9, 5)]) == [Turn("S1", 0, 5)]


def test_two_seconds_part_a_turn():
    assert len(join_turns([Turn("S1", 0, 2), Turn("S1", 4, 5)])) == 2


def test_a_pause_in_which_somebody_speaks_parts_a_turn():
    between = Turn("S2", 2.2, 2.6)
    assert join_turns([Turn("S1", 0, 2), between, Turn("S1", 3, 5)]) == [
        Turn("S1", 0, 2),
        between,
        Turn("S1", 3, 5),
    ]
    # Who only speaks before and after the gap does not stand in it.
    beside = [Turn("S2", 1, 2), Turn("S2", 3, 4)]
    assert join_turns([Turn("S1", 0, 2), *beside, Turn("S1", 3, 5)])[0] == Turn("S1", 0, 5)


@pytest.mark.parametrize("second", [(3.0, 6.0), (4.0, 6.0), (5.0, 6.0)])
def test_what_touches_or_overlaps_is_one_turn_whoever_else_speaks(second):
    found = join_turns([Turn("S1", 0, 5), Turn("S1", *second), Turn("S2", 2, 5.5)])
    assert found == [Turn("S1", 0, 6), Turn("S2", 2, 5.5)]


@given(st.lists(turns, max_size=10))
def test_joining_keeps_the_voice_and_can_be_repeated(found):
    joined = join_turns(found)
    assert join_turns(joined) == joined
    for t in found:
        assert any(j.speaker == t.speaker and j.start <= t.start and t.end <= j.end for j in joined)
    for one in joined:
        for other in joined:
            same = one is not other and one.speaker == other.speaker
            assert not (same and one.start < other.end and other.start < one.end)
    shared = overlaps(joined)
    assert all(any(s.start <= o.start and o.end <= s.end for s in shared) for o in overlaps(found))


# ---------------------------------------------------------------- who said it


def test_a_word_belongs_to_the_voice_that_covers_most_of_it():
    talk = [Turn("S1", 0, 10.0), Turn("S2", 10.1, 20.0)]
    found = merge(talk, [Word("mine", 9.5, 10.0), Word("yours", 10.05, 10.5)])
    assert told(found) == [("S1", "mine"), ("S2", "yours")]
    assert unsure(found) == ["mine", "yours"]


def test_words_near_the_other_voice_are_marked_and_others_not():
    talk = [Turn("S1", 0, 10), Turn("S2", 10, 20)]
    words = [Word("far", 5, 5.4), Word("near", 9.4, 9.8), Word("too", 10.2, 10.6), Word("away", 10.31, 10.7)]
    assert unsure(merge(talk, words)) == ["near", "too"]


def test_where_both_speak_the_word_goes_to_who_holds_the_floor():
    talk = [Turn("S1", 0, 10), Turn("S2", 4, 5)]
    found = merge(talk, [Word("going", 4.2, 4.6)])
    assert told(found) == [("S1", "going"), ("S2", "[vocalization]")]
    assert unsure(found) == ["going"]
    # Also when the one with the floor comes second in the order of turns.
    held = merge([Turn("S1", 9, 10), Turn("S2", 2, 30)], [Word("going", 9.2, 9.6)])
    assert told(held) == [("S2", "going"), ("S1", "[vocalization]")]


def test_a_turn_without_words_is_a_vocalization():
    found = merge([Turn("S1", 0, 3), Turn("S2", 5, 5.5)], spread("I see", 0.2))
    assert told(found) == [("S1", "I see"), ("S2", "[vocalization]")]


def test_a_word_in_a_gap_goes_to_the_nearest_voice():
    found = merge([Turn("S1", 0, 2), Turn("S2", 5, 7)], [Word("late", 2.2, 2.5), Word("early", 4.5, 4.8)])
    assert told(found) == [("S1", "late"), ("S2", "early")]


def test_words_far_from_any_voice_are_a_marked_turn_of_their_own():
    found = merge(
        [Turn("S1", 0, 2), Turn("S2", 20, 22)], [*spread("well", 1.0), *spread("who was that", 8.0)]
    )
    assert told(found) == [("S1", "well"), ("S1", "who was that"), ("S2", "[vocalization]")]
    assert (found[1].start, found[1].end) == (8.0, 9.4)
    assert unsure(found) == ["who", "was", "that"]


# ---------------------------------------------------------------- ends of sentences


def test_a_change_of_speaker_moves_to_the_end_of_a_sentence():
    talk = [Turn("S1", 0, 3.2), Turn("S2", 3.2, 8)]
    # The voice changes in the midst of "really?": it and "yes" lie on the wrong side of it.
    found = merge(talk, spread("do you mean that a bit really? Yes I do mean it", 0.0))
    assert told(found) == [("S1", "do you mean that a bit really?"), ("S2", "Yes I do mean it")]
    late = merge(talk, spread("do you mean that? Yes I do mean it so much", 0.9))
    assert told(late) == [("S1", "do you mean that?"), ("S2", "Yes I do mean it so much")]


def test_a_change_stays_where_no_sentence_ends_near():
    talk = [Turn("S1", 0, 3.0), Turn("S2", 3.0, 8)]
    found = merge(talk, spread("one. two three four five six seven eight nine ten", 0.0))
    assert [len(t.words) for t in found] == [6, 4]
    # Three words are near; a pause of seconds is not.
    slow = merge(
        [Turn("S1", 0, 3), Turn("S2", 5, 9)], [*spread("yes. and", 2.0), *spread("then we went", 5.0)]
    )
    assert told(slow) == [("S1", "yes. and"), ("S2", "then we went")]


def test_a_change_at_the_end_of_a_sentence_stays_whatever_ends_near():
    talk = [Turn("S1", 0, 2.0), Turn("S2", 2.0, 6)]
    found = merge(talk, spread("No. Yes. Maybe so. Good. Fine. What now?", 0.0))
    assert told(found) == [("S1", "No. Yes. Maybe so."), ("S2", "Good. Fine. What now?")]


def test_a_short_answer_is_not_swallowed_from_both_sides():
    """Two changes may not cross: the voice of the other person was heard between them."""
    talk = [Turn("S1", 0, 3.5), Turn("S2", 3.5, 5.0), Turn("S1", 5.0, 10)]
    found = merge(talk, spread("and then we all went off to Yeah. I mean the sea and swam there", 0.0))
    assert [t.speaker for t in found] == ["S1", "S2", "S1"]
    assert found[1].text == "I mean"
    assert "Yeah." in unsure(found)


@given(st.lists(st.tuples(st.integers(1, 4), st.booleans()), min_size=2, max_size=8), st.integers(0, 2**32))
def test_who_speaks_in_between_keeps_a_word(runs, seed):
    """However sentences end: each of the turns of two people who take turns without a gap keeps some word."""
    chance = random.Random(seed)
    talk, words, at = [], [], 0.0
    for i, (length, _) in enumerate(runs):
        talk.append(Turn(f"S{i % 2 + 1}", at, at + 0.5 * length))
        for _ in range(length):
            words.append(Word(f"w{len(words)}{chance.choice(['', '.'])}", at, at + 0.5))
            at += 0.5
    found = merge(talk, words)
    assert [t.speaker for t in found if t.words] == [t.speaker for t in talk]


# ---------------------------------------------------------------- one channel a speaker


def test_by_channel_each_word_keeps_its_speaker():
    talk = [Turn("therapist", 0, 5), Turn("client", 2, 6)]
    words = [Word("b", 2.2, 2.6), Word("a", 3.1, 3.5), Word("far", 20.0, 20.4)]
    found = by_speaker(talk, words, ["client", "therapist", "client"])
    assert told(found) == [("therapist", "a"), ("client", "b"), ("client", "far")]
    assert unsure(found) == ["far"]


def test_by_channel_a_voice_without_turns_gets_its_words_all_the_same():
    found = by_speaker([Turn("therapist", 0, 5)], [Word("hm", 3.0, 3.2)], ["client"])
    assert told(found) == [("therapist", "[vocalization]"), ("client", "hm")]


def test_a_listening_sound_at_the_head_of_a_turn_is_parted_from_it():
    turns = [Turn("S2", 18, 25.2), Turn("S1", 24.1, 25.5), Turn("S1", 25.8, 31)]
    words = [Word("for", 24, 24.2), Word("lunch.", 24.2, 25), Word("That", 25.9, 26.1), Word("is", 26.1, 31)]
    found = [(t.speaker, t.start, t.end, t.text) for t in merge(turns, words)]
    assert found == [
        ("S2", 18, 25.2, "for lunch."),
        ("S1", 24.1, 25.2, "[vocalization]"),
        ("S1", 25.2, 31, "That is"),
    ]


def test_a_turn_that_begins_a_little_early_is_whole():
    turns = [Turn("S2", 0, 5.2), Turn("S1", 5, 9)]
    found = merge(turns, [Word("Yes.", 4, 5), Word("Good.", 5.3, 9)])
    assert [(t.speaker, t.start, t.end) for t in found] == [("S2", 0, 5.2), ("S1", 5, 9)]
