"""Word error: two other programs' counts, ties, speed, and what must hold for all words."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bordin.errors import TapeError
from bordin.tapes.accuracy.word_error import WordError, align, word_error

REFERENCE = Path(__file__).parents[2] / "reference" / "tapes" / "accuracy_words.json"


def cases() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(REFERENCE.read_text(encoding="utf-8"))["words"]
    return found


@pytest.mark.parametrize("place", range(30))
def test_errors_are_those_of_two_other_programs(place: int) -> None:
    case = cases()[place]
    found = word_error(case["hypothesis"].split(), case["reference"].split())
    jiwer = case["jiwer"]
    assert found.rate == pytest.approx(jiwer["wer"], abs=1e-12)
    assert found.rate == pytest.approx(case["meeteval"]["wer"], abs=1e-12)
    assert found.errors == case["meeteval"]["errors"]
    assert found.errors == jiwer["substitutions"] + jiwer["deletions"] + jiwer["insertions"]
    # Of the alignments with the fewest errors ours has the fewest substitutions.
    assert found.substitutions <= jiwer["substitutions"]


def test_most_counts_of_kinds_are_those_of_jiwer() -> None:
    same = sum(
        (found.substitutions, found.deletions, found.insertions)
        == tuple(case["jiwer"][k] for k in ("substitutions", "deletions", "insertions"))
        for case in cases()
        for found in [word_error(case["hypothesis"].split(), case["reference"].split())]
    )
    assert same == 21


def test_by_hand() -> None:
    assert word_error(["the", "cat", "sat", "down"], ["the", "cats", "sat"]) == WordError(3, 1, 0, 1)
    assert word_error(["b", "c"], ["a", "b"]) == WordError(2, 0, 1, 1)
    assert word_error(["x"], ["a", "b"]) == WordError(2, 1, 1, 0)


def test_nothing_said() -> None:
    assert word_error([], []).rate is None
    assert word_error(["a"], []) == WordError(0, 0, 0, 1)
    assert word_error([], ["a", "b"]) == WordError(2, 0, 2, 0)
    assert word_error([], ["a", "b"]).rate == 1


def test_of_equal_alignments_the_one_with_the_right_speaker_is_taken() -> None:
    steps = align(["yes"], ["yes", "yes"], ["B"], ["A", "B"])
    assert steps.tolist() == [[-1, 0], [0, 1]]
    steps = align(["yes"], ["yes", "yes"], ["A"], ["A", "B"])
    assert steps.tolist() == [[0, 0], [-1, 1]]


def test_a_right_word_goes_before_a_right_speaker() -> None:
    assert align(["right"], ["okay", "right"], ["A"], ["A", "B"]).tolist() == [[-1, 0], [0, 1]]


def test_ten_thousand_words_take_seconds() -> None:
    rng = np.random.default_rng(1)
    said = [f"w{i}" for i in rng.integers(0, 800, 10_000)]
    lost = set(range(0, 10_000, 50))
    heard = ["never said" if i % 40 == 7 else w for i, w in enumerate(said) if i not in lost]
    # A word is replaced wherever i mod 40 is 7: 250 of them, none of which is lost.
    assert word_error(heard, said) == WordError(10_000, 250, 200, 0)


def test_too_many_words_are_refused() -> None:
    with pytest.raises(TapeError, match="reference: 50001 words are too many"):
        align([], ["a"] * 50_001)


words = st.lists(st.sampled_from("abcd"), max_size=12)


def distance(first: list[str], second: list[str]) -> int:
    """By the definition."""

    @cache
    def least(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        return min(
            least(i - 1, j) + 1, least(i, j - 1) + 1, least(i - 1, j - 1) + (first[i - 1] != second[j - 1])
        )

    return least(len(first), len(second))


@given(heard=words, said=words)
def test_errors_are_the_edit_distance_and_the_alignment_shows_them(heard: list[str], said: list[str]) -> None:
    found = word_error(heard, said)
    assert found.errors == distance(heard, said)
    steps = align(heard, said)
    assert [h for h, _ in steps.tolist() if h >= 0] == list(range(len(heard)))
    assert [r for _, r in steps.tolist() if r >= 0] == list(range(len(said)))
    assert found.deletions - found.insertions == len(said) - len(heard)


@given(heard=words, said=words)
def test_swapping_both_sides_swaps_deletions_and_insertions(heard: list[str], said: list[str]) -> None:
    found, swapped = word_error(heard, said), word_error(said, heard)
    assert (swapped.substitutions, swapped.deletions, swapped.insertions) == (
        found.substitutions,
        found.insertions,
        found.deletions,
    )


@given(heard=words, said=words, speakers=st.data())
def test_speakers_never_change_the_counts(heard: list[str], said: list[str], speakers: st.DataObject) -> None:
    by = speakers.draw(st.lists(st.sampled_from("XY"), min_size=len(heard), max_size=len(heard)))
    of = speakers.draw(st.lists(st.sampled_from("XY"), min_size=len(said), max_size=len(said)))
    steps = align(heard, said, by, of)
    plain = align(heard, said)
    for column in (0, 1):
        assert np.count_nonzero(steps[:, column] < 0) == np.count_nonzero(plain[:, column] < 0)


@given(said=words)
def test_the_same_words_have_no_error(said: list[str]) -> None:
    assert word_error(said, said).errors == 0
