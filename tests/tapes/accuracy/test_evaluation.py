"""A transcript against a corrected one: figures by hand, intervals, what is undefined, what is said."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bordin.errors import AnalysisError, TapeError
from bordin.tapes.accuracy.backchannels import Backchannels
from bordin.tapes.accuracy.evaluation import FIGURES, Evaluation, as_record, evaluate, evaluate_all
from bordin.tapes.accuracy.intervals import block_cuts, draw_stretches
from bordin.tapes.accuracy.normalize import Normalization
from bordin.tapes.accuracy.word_error import WordError
from bordin.tapes.shapes import PLACEHOLDER, Stretch, Transcript, Turn, Word

REFERENCE = Path(__file__).parents[2] / "reference" / "tapes" / "accuracy_words.json"


def turn(speaker: str, start: float, end: float, text: str = "") -> Turn:
    return Turn(speaker, start, end, tuple(Word(w) for w in text.split()))


def tape(*turns: Turn) -> Transcript:
    return Transcript(turns, max((t.end for t in turns), default=0.0))


def long_tape(seed: int, minutes: float = 10, errors: float = 0.0) -> tuple[Transcript, Transcript]:
    """A machine's and a corrected transcript; words are lost and replaced, now and then a whole turn is misplaced."""
    rng = np.random.default_rng(seed)
    said, heard, now, place = [], [], 0.0, 0
    while now < 60 * minutes:
        who = ("therapist", "client")[place % 2]
        words = [f"w{i}" for i in rng.integers(0, 300, size=int(rng.integers(3, 30)))]
        end = now + 0.4 * len(words)
        said.append(turn(who, now, end, " ".join(words)))
        kept = [("lost" if rng.random() < 0.5 else w) for w in words if rng.random() > errors]
        kept = [w if w != "lost" or rng.random() < errors else o for w, o in zip(kept, words, strict=False)]
        label = {"therapist": "S2", "client": "S1"}[who]
        if rng.random() < errors / 2:
            label = {"S1": "S2", "S2": "S1"}[label]
        heard.append(turn(label, now + errors, end, " ".join(kept)))
        now, place = end + 0.5, place + 1
    return tape(*heard), tape(*said)


def small() -> tuple[Transcript, Transcript]:
    reference = tape(
        turn("therapist", 0, 4, "How was your week?"),
        turn("client", 5, 15, "I stayed in bed for ten hours on Monday."),
        turn("therapist", 9, 9.5, "Mm hmm."),
        turn("client", 16, 20, "It was awful."),
    )
    hypothesis = tape(
        turn("S2", 0, 4, "how was your weak"),
        turn("S1", 5, 15, "I stayed in in bed for 10 hours Monday"),
        turn("S2", 9, 9.5),
        turn("S2", 16, 20, "it was awful"),
    )
    return hypothesis, reference


def test_figures_by_hand() -> None:
    found = evaluate(*small())
    assert found.mapping == {"S1": "client", "S2": "therapist"}
    # 4 + 10 + .5 + 4 s of talk; the last turn is given to the therapist.
    assert found.seconds.speech == pytest.approx(18.5)
    assert found.der.value == found.confusion.value == pytest.approx(4 / 18.5)
    assert (found.missed.value, found.false_alarm.value) == (0, 0)
    # 4 + 9 + 1 + 3 words; week/weak, on and mm hmm are lost, one "in" is added.
    assert found.words == WordError(17, 1, 2, 1)
    assert found.wer.value == pytest.approx(4 / 17)
    assert (found.wrong_speaker.value, found.wrong_speaker.n) == (pytest.approx(3 / 15), 15)
    assert found.backchannels == Backchannels(as_vocalization=1)
    assert (found.der.n, found.wer.n, found.tapes, found.blocks) == (4, 17, 1, 1)


def test_too_few_blocks_have_no_interval_and_say_so() -> None:
    found = evaluate(*small())
    assert [e.interval for e in found.estimates] == [None] * 6
    assert found.wer.notes == ("no interval: 1 block of about 30 s (at least 5 are needed); correct more",)


@pytest.mark.parametrize("place", range(12))
def test_words_of_a_wrong_speaker_are_half_the_errors_of_cpwer(place: int) -> None:
    case = json.loads(REFERENCE.read_text(encoding="utf-8"))["speakers"][place]
    rows = case["turns"]
    reference = tape(*(turn(who, start, end, text) for who, _, start, end, text in rows))
    hypothesis = tape(*(turn(given, start, end, text) for _, given, start, end, text in rows))
    found = evaluate(hypothesis, reference)
    assert found.wer.value == 0
    assert found.wrong_speaker.n == case["words"]
    assert found.wrong_speaker.value == pytest.approx(case["planted"] / case["words"])
    assert case["cpwer_errors"] == 2 * case["planted"]


def test_intervals_hold_the_value_and_know_their_blocks() -> None:
    found = evaluate(*long_tape(3, errors=0.1))
    assert found.blocks == 18
    for name in ("der", "confusion", "missed", "wer", "wrong_speaker"):
        estimate = getattr(found, name)
        assert estimate.interval.low < estimate.value < estimate.interval.high
        assert estimate.interval.level == 0.95
        assert estimate.interval.method == "BCa bootstrap over 18 blocks of about 30 s"
    assert found.false_alarm.interval is None
    assert found.false_alarm.notes[0].startswith("no interval: no such error in 18 blocks")


def test_more_tape_makes_intervals_narrower() -> None:
    widths = []
    for minutes in (5, 20, 80):
        interval = evaluate(*long_tape(3, minutes, errors=0.1)).wer.interval
        assert interval is not None
        widths.append(interval.high - interval.low)
    assert widths[0] > widths[1] > widths[2]


def test_few_blocks_say_that_their_interval_is_too_narrow() -> None:
    found = evaluate(*long_tape(3, 4, errors=0.1))
    assert found.blocks == 7
    assert found.wer.notes == ("the interval rests on 7 blocks of about 30 s alone and is likely too narrow",)


def test_the_seed_gives_the_same_numbers_and_another_seed_others() -> None:
    pair = long_tape(5, errors=0.1)
    assert as_record(evaluate(*pair, seed=4)) == as_record(evaluate(*pair, seed=4))
    one, other = evaluate(*pair, seed=4).wer, evaluate(*pair, seed=5).wer
    assert one.value == other.value
    assert one.interval != other.interval


def test_five_tapes_are_resampled_as_tapes_and_fewer_as_blocks() -> None:
    pairs = [long_tape(seed, 3, errors=0.02 * (seed + 1)) for seed in range(5)]
    found = evaluate_all(pairs)
    assert found.wer.interval is not None
    assert found.wer.interval.method == "BCa bootstrap over 5 tapes"
    assert found.tapes == 5
    assert found.mapping == {}
    assert len(found.mappings) == 5
    fewer = evaluate_all(pairs[:4])
    assert fewer.wer.interval is not None
    assert fewer.wer.interval.method == f"BCa bootstrap over {fewer.blocks} blocks of about 30 s"


def test_pooled_figures_are_sums_over_sums() -> None:
    pairs = [long_tape(seed, 2 + seed, errors=0.05 * (seed + 1)) for seed in range(3)]
    alone = [evaluate(*pair) for pair in pairs]
    found = evaluate_all(pairs)
    assert found.wer.value == pytest.approx(
        sum(e.words.errors for e in alone) / sum(e.words.words for e in alone)
    )
    assert found.der.value == pytest.approx(
        sum(e.seconds.error for e in alone) / sum(e.seconds.speech for e in alone)
    )
    assert found.blocks == sum(e.blocks for e in alone)


def test_a_reference_without_words_leaves_word_error_undefined() -> None:
    hypothesis, reference = small()
    found = evaluate(hypothesis, tape(*(replace(t, words=()) for t in reference.turns)))
    assert (found.wer.value, found.wer.undefined) == (None, "the reference has no words")
    assert found.wrong_speaker.undefined == "the reference has no words"
    assert found.der.value == pytest.approx(4 / 18.5)
    assert found.words == WordError(0, 0, 0, 0)
    assert found.backchannels == Backchannels()


def test_turns_alone_have_no_word_error_and_an_empty_transcript_has_all() -> None:
    hypothesis, reference = small()
    found = evaluate(tape(*(replace(t, words=()) for t in hypothesis.turns)), reference)
    assert found.wer.undefined == "the transcript has turns without any words"
    empty = evaluate(tape(), reference)
    assert (empty.wer.value, empty.missed.value, empty.der.value) == (1, 1, 1)
    assert empty.wrong_speaker.undefined == "no word could be aligned"
    assert empty.backchannels == Backchannels(lost=1)


def test_an_empty_reference_leaves_all_undefined() -> None:
    found = evaluate(small()[0], tape())
    assert [e.value for e in found.estimates] == [None] * 6
    assert found.der.undefined == "the reference has no speech in what is scored"


def test_in_several_tapes_references_without_words_count_for_turns_alone() -> None:
    hypothesis, reference = small()
    silent = tape(*(replace(t, words=()) for t in reference.turns))
    found = evaluate_all([(hypothesis, reference), (hypothesis, silent)])
    assert found.words == WordError(17, 1, 2, 1)
    assert found.seconds.speech == pytest.approx(37)
    assert found.notes == ("1 of 2 references have no words and count for turns alone",)


def test_in_several_tapes_a_transcript_without_words_has_lost_them() -> None:
    hypothesis, reference = small()
    mute = tape(*(replace(t, words=()) for t in hypothesis.turns))
    found = evaluate_all([(hypothesis, reference), (mute, reference)])
    assert found.words == WordError(34, 1, 19, 1)
    assert "all of the reference's are lost there" in found.notes[0]


def test_only_scored_words_count() -> None:
    found = evaluate(*small(), scored=[(15.5, 30)])
    assert found.words == WordError(3, 0, 0, 0)
    assert found.der.value == 0
    assert found.mapping == {"S2": "client"}
    assert found.backchannels == Backchannels()
    none = evaluate(*small(), scored=[(100, 130)])
    assert none.wer.undefined == "the reference has no words in what is scored"


def test_a_word_counts_by_its_middle() -> None:
    said = tape(Turn("A", 0, 4, (Word("one", 0, 1), Word("two", 1, 2), Word("three", 2, 4))))
    assert evaluate(said, said, scored=[(0, 3)]).words.words == 2
    assert evaluate(said, said, scored=[(0, 3.1)]).words.words == 3
    spread = tape(turn("A", 0, 4, "red green blue white"))
    assert evaluate(spread, spread, scored=[(0, 2)]).words.words == 2


def test_speech_far_outside_a_reference_is_told() -> None:
    hypothesis, reference = small()
    much = tape(*hypothesis.turns, turn("S1", 100, 150, "and so on"))
    found = evaluate(much, reference)
    assert found.false_alarm.value == pytest.approx(50 / 18.5)
    assert "more than 30 s of a transcript's speech lie before or after" in found.notes[0]
    assert evaluate(much, reference, scored=[(0, 20)]).notes == ()


def test_placeholders_and_vocalizations_are_no_words() -> None:
    reference = tape(
        Turn("A", 0, 4, (Word("hello"), Word("NAME", marks=(PLACEHOLDER,)), Word("[vocalization]")))
    )
    assert evaluate(tape(turn("x", 0, 4, "Hello")), reference).words == WordError(1, 0, 0, 0)


def test_fillers_count_unless_the_rules_say_otherwise() -> None:
    pair = tape(turn("x", 0, 4, "I went")), tape(turn("A", 0, 4, "um I went"))
    assert evaluate(*pair).wer.value == pytest.approx(1 / 3)
    assert evaluate(*pair, rules=Normalization(fillers=False)).wer.value == 0


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        ([("S2", 9, 9.5, "Uh huh.")], Backchannels(as_words=1)),
        ([("S2", 9, 9.5, "")], Backchannels(as_vocalization=1)),
        ([("S2", 9, 9.5, "[laughs]")], Backchannels(as_vocalization=1)),
        ([], Backchannels(lost=1)),
        ([("S1", 9, 9.5, "")], Backchannels(lost=1)),
        ([("S2", 11, 11.5, "")], Backchannels(lost=1)),
        ([("S2", 9.7, 10, "right")], Backchannels(as_words=1)),
        ([("S2", 9.8, 10, "right")], Backchannels(lost=1)),
    ],
)
def test_what_becomes_of_a_backchannel(
    heard: list[tuple[str, float, float, str]], expected: Backchannels
) -> None:
    fixed = [turn("S2", 0, 4, "how was your week"), turn("S1", 5, 15, "I stayed in bed for hours")]
    reference = tape(
        turn("therapist", 0, 4, "How was your week?"),
        turn("client", 5, 15, "I stayed in bed for hours"),
        turn("therapist", 9, 9.5, "Right."),
    )
    assert evaluate(tape(*fixed, *(turn(*h) for h in heard)), reference).backchannels == expected


def test_words_of_the_same_speakers_next_turn_are_no_backchannel() -> None:
    reference = tape(
        turn("A", 0, 5, "so it went"), turn("B", 5.1, 5.5, "yes"), turn("B", 5.6, 9, "and then what")
    )
    hypothesis = tape(turn("x", 0, 5, "so it went"), turn("y", 5.1, 9, "and then what"))
    assert evaluate(hypothesis, reference).backchannels == Backchannels(lost=1)


def test_longer_turns_are_no_backchannels() -> None:
    reference = tape(
        turn("A", 0, 1.0, "yes"), turn("A", 2, 2.9, "yes I do"), turn("A", 4, 4.9), turn("A", 6, 6.99, "no")
    )
    assert evaluate(reference, reference).backchannels == Backchannels(as_words=1)


def test_blocks_are_cut_at_starts_of_turns() -> None:
    turns = [turn("A", start, start + 9) for start in range(0, 100, 10)]
    # From 0 the first start after 30 s is 30, and so on; 90-99 is less than half a block.
    assert block_cuts(turns) == (30, 60)
    assert block_cuts(turns, [Stretch(0, 20), Stretch(50, 80)]) == (60,)
    assert block_cuts([turn("A", 0, 500)]) == ()
    assert block_cuts([]) == ()


def test_stretches_to_correct_are_drawn_at_random_without_overlap() -> None:
    drawn = draw_stretches(3000, seed=3)
    assert drawn == draw_stretches(3000, seed=3)
    assert drawn != draw_stretches(3000, seed=4)
    assert [s.seconds for s in drawn] == [120] * 5
    assert all(a.end <= b.start for a, b in pairwise(drawn))
    assert (drawn[0].start >= 0, drawn[-1].end <= 3000) == (True, True)
    assert draw_stretches(600) == tuple(Stretch(120 * i, 120 * (i + 1)) for i in range(5))
    with pytest.raises(TapeError, match="5 stretches of 120 s cannot be drawn from a tape of 500 s"):
        draw_stretches(500)


@pytest.mark.parametrize(
    ("options", "told"),
    [({"resamples": 10}, "resamples: 10 are too few"), ({"collar": -1}, "collar: -1")],
)
def test_impossible_options_are_refused(options: dict[str, float], told: str) -> None:
    with pytest.raises(TapeError, match=told):
        evaluate(*small(), **options)  # type: ignore[arg-type]


def test_a_negative_seed_and_no_pairs_are_refused() -> None:
    with pytest.raises(AnalysisError, match="seed: -1"):
        evaluate(*small(), seed=-1)
    with pytest.raises(TapeError, match="nothing to evaluate"):
        evaluate_all([])
    with pytest.raises(TapeError, match="scored: 2 entries for 1 tapes"):
        evaluate_all([small()], scored=[None, None])


def test_the_record_is_plain_json_with_flat_keys() -> None:
    record = as_record(evaluate(*long_tape(3, errors=0.1)))
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert list(record)[:6] == list(FIGURES)
    assert record["wer"] == pytest.approx(
        sum(record["words"][k] for k in ("substitutions", "deletions", "insertions"))
        / record["words"]["reference"]
    )
    assert record["der"] == pytest.approx(record["confusion"] + record["missed"] + record["false_alarm"])
    assert set(record["intervals"]["der"]) == {"low", "high", "level", "method"}
    assert record["intervals"]["false_alarm"] is None
    undefined = as_record(evaluate(small()[0], tape()))
    assert (undefined["wer"], undefined["undefined"]["wer"]) == (None, "the reference has no words")


moments = st.integers(0, 240).map(lambda n: n / 4)
texts = st.lists(st.sampled_from(["yes", "no", "well", "I", "went", "ten", "mm", "um"]), max_size=5).map(
    " ".join
)
tapes = st.lists(
    st.builds(
        lambda who, start, length, text: turn(who, start, start + length / 4, text),
        st.sampled_from("ABC"),
        moments,
        st.integers(1, 40),
        texts,
    ),
    min_size=1,
    max_size=10,
).map(lambda turns: tape(*turns))


def measured(hypothesis: Transcript, reference: Transcript) -> Evaluation:
    return evaluate(hypothesis, reference, resamples=100)


@settings(max_examples=50)
@given(reference=tapes)
def test_the_same_transcript_under_other_labels_is_perfect(reference: Transcript) -> None:
    labels = {"A": "C2", "B": "A", "C": "B"}
    found = measured(reference.renamed(labels), reference)
    assert found.der.value == 0
    assert found.wer.value in (0, None)
    # Two speakers with the very same times could be either.
    assume(all(found.mapping[new] == old for old, new in labels.items() if new in found.mapping))
    assert found.wrong_speaker.value in (0, None)
    assert found.backchannels.total == found.backchannels.as_words


def test_turns_that_begin_and_end_together_are_not_told_apart_by_their_labels() -> None:
    yes = (Word("yes"),)
    reference = tape(Turn("A", 0, 0.25), Turn("A", 0.25, 0.5, yes), Turn("B", 0.25, 0.5, yes))
    found = measured(reference.renamed({"A": "C2", "B": "A"}), reference)
    assert found.mapping == {"C2": "A", "A": "B"}
    assert found.wrong_speaker.value == 0


@settings(max_examples=50)
@given(hypothesis=tapes, reference=tapes, shift=st.integers(1, 100))
def test_labels_order_and_a_shift_of_time_change_nothing(
    hypothesis: Transcript, reference: Transcript, shift: int
) -> None:
    def moved(some: Transcript) -> Transcript:
        later = (replace(t, start=t.start + shift, end=t.end + shift) for t in some.turns)
        return tape(*reversed(tuple(later)))

    found, there = measured(hypothesis, reference), measured(moved(hypothesis), moved(reference))
    assert there.words.errors == found.words.errors
    assert there.seconds.error == pytest.approx(found.seconds.error)
    assert there.blocks == found.blocks
