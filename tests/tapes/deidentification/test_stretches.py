"""Where the tape is to be bleeped, with and without times of words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bordin.errors import TapeError
from bordin.tapes.deidentification import Decision, bleep_plan, by_hand
from bordin.tapes.shapes import Stretch, Transcript, Word


def plan(transcript: Transcript, *places: tuple[int, int, int], **options: str):
    proposals = tuple(by_hand(transcript, *p, "person") for p in places)
    return bleep_plan(transcript, proposals, [Decision(p.id, True) for p in proposals], **options)


def without(transcript: Transcript, *gone: int, **change: float | None) -> Transcript:
    """Take the times off some words of the first turn."""
    turn = transcript.turns[0]
    times = {"start": None, "end": None, **change}
    words = tuple(replace(w, **times) if i in gone else w for i, w in enumerate(turn.words))
    return replace(transcript, turns=(replace(turn, words=words), *transcript.turns[1:]))


def test_times_of_the_words(talk) -> None:
    transcript = talk("one two three four", "five six")
    found = plan(transcript, (0, 1, 2), (1, 0, 0))
    assert found.stretches == (Stretch(0.5, 1.4), Stretch(2.5, 2.9))
    assert (found.notes, found.guessed) == ((), 0)


def test_rejected_and_undecided_places_stay_audible_and_are_named(talk) -> None:
    transcript = talk("one two three four")
    proposals = tuple(by_hand(transcript, 0, n, n, "person") for n in (0, 1, 2))
    decisions = [Decision(proposals[0].id, True), Decision(proposals[1].id, False)]
    found = bleep_plan(transcript, proposals, decisions)
    assert found.stretches == (Stretch(0.0, 0.4),)
    assert found.notes == ("Nobody has decided about 1 proposals; they stay audible.",)


def test_missing_times_are_refused_at_first(talk) -> None:
    transcript = without(talk("one two three four"), 1)
    with pytest.raises(
        TapeError, match=r"1 places to bleep have no times \(turn 0 words 1 to 1\).*'surroundings'"
    ):
        plan(transcript, (0, 1, 1))
    with pytest.raises(TapeError, match="Did you mean 'surroundings'"):
        plan(transcript, (0, 1, 1), missing="surounding")


def test_surroundings_reach_to_the_nearest_known_times(talk) -> None:
    transcript = without(talk("one two three four"), 1)
    found = plan(transcript, (0, 1, 1), missing="surroundings")
    assert found.stretches == (Stretch(0.4, 1.0),)
    assert found.guessed == 0
    assert found.notes[0].startswith("1 places had no times: all up to the nearest known times")
    nothing = talk("one two three four", timed=False)
    assert plan(nothing, (0, 1, 1), missing="surroundings").stretches == (Stretch(0.0, 2.0),)


def test_a_word_without_length_has_no_time(talk) -> None:
    transcript = without(talk("one two three four"), 1, start=0.7, end=0.7)
    with pytest.raises(TapeError, match="have no times"):
        plan(transcript, (0, 1, 1))
    assert plan(transcript, (0, 1, 1), missing="surroundings").stretches == (Stretch(0.4, 1.0),)


def test_times_that_contradict_take_the_turn(talk) -> None:
    transcript = without(talk("one two three"), 1)
    first, second, third = transcript.turns[0].words
    words = (replace(first, end=1.2), second, replace(third, start=1.0))
    transcript = replace(transcript, turns=(replace(transcript.turns[0], words=words),))
    assert plan(transcript, (0, 1, 1), missing="surroundings").stretches == (Stretch(0.0, 1.5),)


def test_a_guess_has_a_margin_and_says_that_it_is_one(talk) -> None:
    # 20 words of 4 letters in 100 s: word 10 lies from 50 to 55 s, a tenth of the turn is 10 s.
    turn = replace(talk("x").turns[0], end=100.0, words=tuple(Word("abcd") for _ in range(20)))
    transcript = Transcript((turn,), 100.0)
    found = plan(transcript, (0, 10, 10), missing="proportional")
    assert [(s.start, s.end) for s in found.stretches] == [(pytest.approx(40.0), pytest.approx(65.0))]
    assert found.guessed == 1
    assert "listen to each of them" in found.notes[0]


def test_a_guess_stays_between_known_times(talk) -> None:
    transcript = without(talk("one two three four"), 1)
    assert plan(transcript, (0, 1, 1), missing="proportional").stretches == (Stretch(0.4, 1.0),)


def test_other_words_are_refused(talk) -> None:
    proposal = by_hand(talk("one two"), 0, 0, 0, "person")
    with pytest.raises(TapeError, match="other words stand there"):
        bleep_plan(talk("two one"), (proposal,), (Decision(proposal.id, True),))
