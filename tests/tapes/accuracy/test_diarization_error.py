"""Diarization error: two other programs' numbers, and what must hold for all turns."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bordin.errors import TapeError
from bordin.tapes.accuracy.assignment import best_assignment
from bordin.tapes.accuracy.diarization_error import (
    DiarizationError,
    diarization_by_block,
    diarization_error,
)
from bordin.tapes.shapes import Stretch, Turn

REFERENCE = Path(__file__).parents[2] / "reference" / "tapes"
SHARED = Path(__file__).parents[3].parent / "shared" / "data" / "interop" / "rttm"
PARTS = ("missed", "false_alarm", "confusion")
# spy-der maps speakers before it takes the collar away.
MAPPED_OTHERWISE = 13


def frozen(name: str) -> Any:
    return json.loads((REFERENCE / f"{name}.json").read_text(encoding="utf-8"))


def turns(rows: list[list[Any]]) -> list[Turn]:
    return [Turn(str(who), start, end) for who, start, end in rows]


def agrees(found: DiarizationError, expected: dict[str, Any], *, by_spyder: bool = True) -> None:
    seconds, shares = expected["pyannote"], expected["spyder"]
    assert found.rate == pytest.approx(seconds["rate"], abs=1e-9)
    assert found.speech == pytest.approx(shares["speech"], abs=1e-6)
    for part in PARTS:
        assert getattr(found, part) == pytest.approx(seconds[part], abs=1e-8)
        if by_spyder:
            assert getattr(found, part) / found.speech == pytest.approx(shares[part], abs=1e-6)


@pytest.mark.parametrize("place", range(40))
def test_seconds_are_those_of_two_other_programs(place: int) -> None:
    case = frozen("accuracy_diarization")[place]
    found = diarization_error(
        turns(case["hypothesis"]), turns(case["reference"]), collar=case["collar"], scored=case["scored"]
    )
    agrees(found, case, by_spyder=place != MAPPED_OTHERWISE)
    if place == MAPPED_OTHERWISE:
        assert found.confusion / found.speech < case["spyder"]["confusion"]


@pytest.mark.skipif(not SHARED.is_dir(), reason="SHARED RTTM FILES ARE ABSENT: not compared with them")
@pytest.mark.parametrize("place", range(4))
def test_rttm_files_of_others_give_the_numbers_of_two_other_programs(place: int) -> None:
    def read(name: str) -> list[Turn]:
        lines = (SHARED / name).read_text(encoding="utf-8").splitlines()
        fields = [line.split() for line in lines if line.strip()]
        return [Turn(f[7], float(f[3]), float(f[3]) + float(f[4])) for f in fields]

    case = frozen("accuracy_rttm")[place]
    found = diarization_error(
        read("sys.rttm"), read("ref.rttm"), collar=case["collar"], scored=case["scored"]
    )
    agrees(found, case)


def test_by_hand() -> None:
    reference = [Turn("A", 0, 10), Turn("B", 8, 12)]
    hypothesis = [Turn("x", 0, 6), Turn("y", 6, 13)]
    found = diarization_error(hypothesis, reference)
    # A is x, B is y. 6-8 confused, 8-10 one of two missed, 12-13 invented.
    assert found == DiarizationError(14, 2, 1, 2, {"x": "A", "y": "B"})
    assert found.rate == pytest.approx(5 / 14)


def test_the_best_mapping_is_not_the_greedy_one() -> None:
    reference = [Turn("A", 0, 10), Turn("A", 20, 29), Turn("B", 10, 18)]
    hypothesis = [Turn("x", 0, 18), Turn("y", 20, 29)]
    # Greedy gives x to A (10 s) and nothing to y; the best gives y to A and x to B: 17 s.
    assert diarization_error(hypothesis, reference).mapping == {"x": "B", "y": "A"}


def test_the_collar_forgives_both_sides_of_a_heard_border_alone() -> None:
    reference = [Turn("A", 1, 3), Turn("A", 3, 5), Turn("B", 8, 9)]
    found = diarization_error([Turn("x", 1.2, 5.2), Turn("y", 8, 9)], reference, collar=0.25)
    # At 3 s nobody stops to speak: no collar there.
    assert found.speech == pytest.approx(3.5 + 0.5)
    assert found.error == 0


def test_only_scored_stretches_count() -> None:
    reference = [Turn("A", 0, 10), Turn("B", 10, 20)]
    hypothesis = [Turn("x", 5, 30)]
    found = diarization_error(hypothesis, reference, scored=[(0, 4), Stretch(3, 6)])
    assert found == DiarizationError(6, 5, 0, 0, {"x": "A"})


def test_blocks_add_up_and_keep_one_mapping() -> None:
    case = frozen("accuracy_diarization")[3]
    hypothesis, reference = turns(case["hypothesis"]), turns(case["reference"])
    whole = diarization_error(hypothesis, reference)
    mapping, blocks = diarization_by_block(hypothesis, reference, (3.3, 9.0, 11.1))
    assert blocks.shape == (4, 4)
    assert blocks.sum(axis=0) == pytest.approx(
        [whole.speech, whole.missed, whole.false_alarm, whole.confusion]
    )
    assert mapping == whole.mapping


def test_without_speech_in_the_reference_there_is_no_rate() -> None:
    found = diarization_error([Turn("x", 0, 1)], [])
    assert (found.rate, found.false_alarm, found.mapping) == (None, 1, {})
    assert diarization_error([], []) == DiarizationError(0, 0, 0, 0, {})


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"collar": -0.1}, "collar: -0.1 is not allowed"),
        ({"collar": float("nan")}, "collar: nan"),
        ({"scored": [(3, 2)]}, "from 3 to 2 s has no length"),
        ({"scored": []}, "no stretch is given"),
    ],
)
def test_impossible_options_are_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(TapeError, match=told):
        diarization_error([], [Turn("A", 0, 1)], **options)


def test_times_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(TapeError, match="hypothesis: turn 2 goes from 1 to nan"):
        diarization_error([Turn("x", 0, 1), Turn("x", 1, float("nan"))], [])


moments = st.integers(0, 400).map(lambda n: n / 8)
some_turns = st.lists(
    st.builds(
        lambda who, start, length: Turn(who, start, start + length / 8),
        st.sampled_from("ABCD"),
        moments,
        st.integers(1, 60),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60)
@given(reference=some_turns, hypothesis=some_turns)
def test_the_total_is_the_sum_of_its_parts_and_no_mapping_is_better(
    reference: list[Turn], hypothesis: list[Turn]
) -> None:
    found = diarization_error(hypothesis, reference)
    assert found.rate == pytest.approx(sum(getattr(found, p) for p in PARTS) / found.speech)
    assert min(getattr(found, p) for p in PARTS) >= 0
    heard = sorted({t.speaker for t in hypothesis})
    for names in permutations("ABCDEFGH"[:4] if len(heard) == 4 else "ABCD", len(heard)):
        renamed = dict(zip(heard, names, strict=True))
        as_named = [Turn(renamed[t.speaker], t.start, t.end) for t in hypothesis]
        assert found.confusion <= confusion_as_labelled(as_named, reference) + 1e-9


def confusion_as_labelled(hypothesis: list[Turn], reference: list[Turn]) -> float:
    """Confusion when labels are taken as they stand: by counting eighths of a second."""
    total = 0
    for tick in range(480):
        time = tick / 8
        heard = {t.speaker for t in hypothesis if t.start <= time < t.end}
        true = {t.speaker for t in reference if t.start <= time < t.end}
        total += min(len(heard), len(true)) - len(heard & true)
    return total / 8


@given(reference=some_turns)
def test_the_same_turns_have_no_error_whatever_the_labels(reference: list[Turn]) -> None:
    assert diarization_error(reference, reference).error == 0
    renamed = [Turn(f"S{ord(t.speaker)}", t.start, t.end) for t in reversed(reference)]
    found = diarization_error(renamed, reference)
    assert found.error == 0
    assert found.mapping == {f"S{ord(t.speaker)}": t.speaker for t in reference}


@given(reference=some_turns)
def test_an_empty_hypothesis_misses_all(reference: list[Turn]) -> None:
    found = diarization_error([], reference)
    assert (found.rate, found.missed, found.mapping) == (1, found.speech, {})


@given(
    reference=some_turns, hypothesis=some_turns, shift=st.integers(0, 50), scale=st.sampled_from([0.5, 2, 4])
)
def test_shift_and_scale_of_time_change_no_rate(
    reference: list[Turn], hypothesis: list[Turn], shift: int, scale: float
) -> None:
    def moved(some: list[Turn]) -> list[Turn]:
        return [Turn(t.speaker, shift + scale * t.start, shift + scale * t.end) for t in some]

    found = diarization_error(hypothesis, reference, collar=0.25)
    there = diarization_error(moved(hypothesis), moved(reference), collar=0.25 * scale)
    assert there.speech == pytest.approx(scale * found.speech)
    assert there.error == pytest.approx(scale * found.error)
    assert there.rate == (None if found.rate is None else pytest.approx(found.rate))


@given(reference=some_turns, hypothesis=some_turns)
def test_swapping_both_sides_swaps_missed_and_false_alarm(
    reference: list[Turn], hypothesis: list[Turn]
) -> None:
    found, swapped = diarization_error(hypothesis, reference), diarization_error(reference, hypothesis)
    assert (swapped.missed, swapped.false_alarm) == pytest.approx((found.false_alarm, found.missed))
    assert swapped.confusion == pytest.approx(found.confusion)


@pytest.mark.parametrize("place", range(14))
def test_assignments_are_as_good_as_those_of_scipy(place: int) -> None:
    case = frozen("accuracy_assignment")[place]
    pairs = best_assignment(case["gain"])
    assert sum(case["gain"][r][c] for r, c in pairs) == case["total"]
    assert len({r for r, _ in pairs}) == len({c for _, c in pairs}) == len(pairs)


@given(
    gain=st.integers(1, 4).flatmap(
        lambda m: st.lists(st.lists(st.integers(0, 9), min_size=m, max_size=m), min_size=1, max_size=4)
    )
)
def test_assignments_are_as_good_as_trying_all(gain: list[list[int]]) -> None:
    size = max(len(gain), len(gain[0]))
    square = np.zeros((size, size), dtype=int)
    square[: len(gain), : len(gain[0])] = gain
    best = max(sum(square[i, p] for i, p in enumerate(order)) for order in permutations(range(size)))
    assert sum(gain[r][c] for r, c in best_assignment(gain)) == best


def test_nothing_has_no_assignment() -> None:
    assert best_assignment(np.zeros((0, 3))) == ()
    assert best_assignment([[0.0, 0.0]]) == ()
