"""What a coder's page may know, and the two indices of blinding."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bordin.coding.allocation.assignment import Assignment
from bordin.coding.blinding import (
    DO_NOT_KNOW,
    BlindTape,
    DimensionForm,
    bang_index,
    blind_tape,
    guess_table,
    james_index,
)
from bordin.coding.catalog import load
from bordin.errors import AnalysisError

DK = DO_NOT_KNOW


def answers(table: dict[str, tuple[int, ...]]) -> tuple[list[str], list[str], list[str]]:
    """Make columns of an arm-by-guess table whose last column is "do not know"."""
    arms = list(table)
    truth = [arm for arm, row in table.items() for n in row for _ in range(n)]
    guesses = [g for row in table.values() for g, n in zip((*arms, DK), row, strict=True) for _ in range(n)]
    return truth, guesses, arms


# The example that BlindingIndex.jl prints (after the R package BI), to three digits.
PRINTED = {"treatment": (48, 4, 330), "placebo": (22, 30, 319)}


# ---------------------------------------------------------------- what the page may know


def test_a_coders_page_knows_these_fields_and_no_others():
    allowed = {"assignment", "name", "position", "total", "seconds", "source", "dimensions"}
    assert {f.name for f in dataclasses.fields(BlindTape)} == allowed
    form = {"id", "name", "low", "high", "step", "points", "start", "start_meaning", "anchors", "definition"}
    assert {f.name for f in dataclasses.fields(DimensionForm)} == form | {"section", "only_if", "reasons"}


def test_nothing_of_session_coder_or_purpose_passes():
    system = load("socialization-7")
    given = Assignment("kd2due4csg", "CODER-SECRET", "SESSION-SECRET", "Tape 017", 13, 2, "repeat")
    tape = blind_tape(given, 20, 3000.0, "audio", system.dimensions)
    assert (tape.assignment, tape.name, tape.position, tape.total) == ("kd2due4csg", "Tape 017", 13, 20)
    assert (tape.seconds, tape.source) == (3000.0, "audio")
    assert "SECRET" not in repr(tape)
    assert "repeat" not in repr(dataclasses.replace(tape, dimensions=()))
    assert [d.id for d in tape.dimensions] == [d.id for d in system.dimensions]
    first = tape.dimensions[0]
    assert first.points == system.dimensions[0].points
    assert first.anchors == system.dimensions[0].anchors
    with pytest.raises(dataclasses.FrozenInstanceError):
        tape.name = "S014"  # type: ignore[misc]


def test_the_pole_of_a_dimension_does_not_pass():
    system = load("socialization-7")
    poles = {d.pole for d in system.dimensions}
    assert poles == {1, -1}
    assert "pole" not in repr(
        blind_tape(Assignment("x", "c", "s", "T", 1), 1, 1.0, "audio", system.dimensions)
    )


# ---------------------------------------------------------------- Bang


def test_bangs_index_is_what_the_worked_example_prints():
    treatment, placebo = bang_index(*answers(PRINTED))
    limits = treatment.estimate.interval
    assert (treatment.arm, treatment.correct, treatment.incorrect, treatment.unknown) == (
        "treatment",
        48,
        4,
        330,
    )
    assert round(treatment.estimate.value, 3) == 0.115
    assert round(treatment.standard_error, 3) == 0.018
    assert (round(limits.low, 3), round(limits.high, 3)) == (0.080, 0.150)
    assert (limits.level, limits.method) == (0.95, "Wald")
    limits = placebo.estimate.interval
    assert (placebo.correct, placebo.incorrect, placebo.unknown, placebo.estimate.n) == (30, 22, 319, 371)
    assert round(placebo.estimate.value, 3) == 0.022
    assert round(placebo.standard_error, 3) == 0.019
    assert (round(limits.low, 3), round(limits.high, 3)) == (-0.016, 0.060)


def test_bangs_index_by_hand():
    # Arm A: 82 right, 25 wrong, 170 do not know. Scores 1, -1, 0: mean and variance by their definitions.
    scores = np.repeat([1.0, -1.0, 0.0], [82, 25, 170])
    first, second = bang_index(*answers({"A": (82, 25, 170), "B": (27, 29, 83)}))
    assert first.estimate.value == pytest.approx(57 / 277, abs=1e-12)
    assert first.standard_error == pytest.approx(scores.std() / np.sqrt(277), abs=1e-12)
    assert second.estimate.value == pytest.approx(2 / 139, abs=1e-12)


def test_the_standard_errors_are_those_of_resampling():
    truth, guesses, arms = answers(PRINTED)
    rng = np.random.default_rng(5)
    table = guess_table(truth, guesses, arms)
    draws = rng.multinomial(table.sum(), (table / table.sum()).ravel(), size=20_000).reshape(-1, 2, 3)
    james = [james_by_definition(d) for d in draws[:4_000]]
    assert james_index(truth, guesses, arms).standard_error == pytest.approx(np.std(james), rel=0.04)
    for i, found in enumerate(bang_index(truth, guesses, arms)):
        one = rng.multinomial(table[i].sum(), table[i] / table[i].sum(), size=20_000)
        values = (one[:, i] - one[:, 1 - i]) / table[i].sum()
        assert found.standard_error == pytest.approx(values.std(), rel=0.03)
        assert found.estimate.value == pytest.approx(values.mean(), abs=1e-3)


@pytest.mark.parametrize(("row", "value"), [((9, 0, 0), 1), ((0, 9, 0), -1), ((4, 4, 1), 0), ((0, 0, 9), 0)])
def test_bangs_index_at_its_marks(row, value):
    first, second = bang_index(*answers({"A": row, "B": (1, 1, 1)}))
    assert first.estimate.value == value
    assert second.estimate.value == 0
    if row == (9, 0, 0):
        assert first.estimate.interval is None
        assert first.estimate.notes == ("All answers are alike, so there is no interval.",)


def test_three_arms_have_chance_at_zero():
    found = bang_index(*answers({"A": (5, 5, 5, 2), "B": (0, 6, 0, 0), "C": (4, 4, 0, 0)}))
    assert [b.estimate.value for b in found] == pytest.approx([0, 1, -0.5], abs=1e-12)
    # Scores 1, -1/2 and 0 have this variance.
    scores = np.repeat([1.0, -0.5, 0.0], [5, 10, 2])
    assert found[0].standard_error == pytest.approx(scores.std() / np.sqrt(17), abs=1e-12)
    assert "3 arms: a wrong guess counts 1/2" in found[0].estimate.notes[0]


def test_guesses_of_one_coder_are_taken_together():
    truth = ["A"] * 40 + ["B"] * 40
    # One of four coders always knows, the others never guess: 20 guesses are one person's.
    guesses = [*(["A"] * 10), *([DK] * 30), *(["B"] * 10), *([DK] * 30)]
    coders = [f"C{i // 10}" for i in range(40)] * 2
    apart, _ = bang_index(truth, guesses, ["A", "B"])
    together, _ = bang_index(truth, guesses, ["A", "B"], coders=coders)
    assert together.estimate.value == apart.estimate.value == 0.25
    # Sums of deviations by coder: 7.5 and three times -2.5; 4/3 of their squares, its root over 40.
    assert together.standard_error == pytest.approx(np.sqrt(4 / 3 * (7.5**2 + 3 * 2.5**2)) / 40, abs=1e-12)
    assert together.standard_error > 3 * apart.standard_error
    assert together.estimate.interval.method == "coders as clusters, t(3)"
    assert together.estimate.interval.high == pytest.approx(
        0.25 + 3.182446 * together.standard_error, abs=1e-6
    )
    alone, _ = bang_index(truth, guesses, ["A", "B"], coders=["C1"] * 80)
    assert alone.standard_error == apart.standard_error
    assert "too narrow" in alone.estimate.notes[0]


def test_an_arm_without_answers_has_no_index():
    first, second = bang_index(["A", "A"], ["A", DK], ["A", "B"])
    assert first.estimate.value == 0.5
    assert second.estimate.value is None
    assert second.estimate.undefined == "nobody guessed on a tape of the arm B"


# ---------------------------------------------------------------- James


def james_by_definition(table: np.ndarray) -> float:
    """Compute (1 + P_DK + (1 - P_DK) K_D) / 2 from its parts, with James's weight of a half for wrong guesses."""
    p = table / table.sum()
    unknown, cells = p[:, -1].sum(), p[:, :-1]
    weight = 0.5 * (1 - np.eye(len(cells)))
    seen = (weight * cells).sum() / (1 - unknown)
    chance = (weight * np.outer(cells.sum(axis=1), cells.sum(axis=0))).sum() / (1 - unknown) ** 2
    return float((1 + unknown + (1 - unknown) * (seen - chance) / chance) / 2)


def test_jamess_index_is_what_the_worked_example_prints():
    found = james_index(*answers(PRINTED))
    limits = found.estimate.interval
    assert round(found.estimate.value, 3) == 0.896
    assert round(found.standard_error, 3) == 0.011
    assert (round(limits.low, 3), round(limits.high, 3)) == (0.875, 0.918)
    assert (found.correct, found.incorrect, found.unknown, found.estimate.n) == (78, 26, 649, 753)
    assert found.estimate.value == pytest.approx(
        james_by_definition(np.array(list(PRINTED.values()))), abs=1e-12
    )


def test_jamess_index_by_hand():
    # 107 and 56 guess; 52 of 163 wrong, by chance (109 * 56 + 54 * 107) / 163^2.
    kd = (52 / 163 - (109 * 56 + 54 * 107) / 163**2) / ((109 * 56 + 54 * 107) / 163**2)
    by_hand = (1 + 253 / 416 + 163 / 416 * kd) / 2
    found = james_index(*answers({"A": (82, 25, 170), "B": (27, 29, 83)}))
    assert found.estimate.value == pytest.approx(by_hand, abs=1e-12)


@pytest.mark.parametrize(
    ("table", "value"),
    [
        ({"A": (9, 0, 0), "B": (0, 9, 0)}, 0),
        ({"A": (5, 5, 0), "B": (5, 5, 0)}, 0.5),
        ({"A": (0, 9, 0), "B": (9, 0, 0)}, 1),
        ({"A": (0, 0, 9), "B": (0, 0, 3)}, 1),
    ],
)
def test_jamess_index_at_its_marks(table, value):
    found = james_index(*answers(table))
    assert found.estimate.value == pytest.approx(value, abs=1e-12)
    if table["A"] == (0, 0, 9):
        assert found.estimate.interval is None
        assert "do not know" in found.estimate.notes[0]


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ({"A": (3, 2, 1), "B": (0, 0, 0)}, "fewer than two arms have answers"),
        ({"A": (3, 0, 1), "B": (0, 0, 4)}, "all who guessed are of one arm, and guessed it"),
    ],
)
def test_jamess_index_may_be_undefined(table, reason):
    found = james_index(*answers(table))
    assert found.estimate.value is None
    assert found.estimate.undefined == reason
    assert found.standard_error is None


# ---------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("truth", "guesses", "arms", "words"),
    [
        (["A"], ["A", "B"], ["A", "B"], "1 arms stand beside 2 guesses"),
        (["A"], ["A"], ["A"], "two or more different arms"),
        (["A"], ["actve"], ["A", "active"], "'actve' is no arm. Did you mean 'active'"),
        ([DK], ["A"], ["A", "B"], "'do not know' is no arm"),
    ],
)
def test_wrong_columns_are_refused(truth, guesses, arms, words):
    for index in (bang_index, james_index):
        with pytest.raises(AnalysisError, match=words):
            index(truth, guesses, arms)


def test_a_wrong_level_or_number_of_coders_is_refused():
    with pytest.raises(AnalysisError, match="level: 95"):
        bang_index(["A"], ["A"], ["A", "B"], level=95)
    with pytest.raises(AnalysisError, match="level: 1"):
        james_index(["A"], ["A"], ["A", "B"], level=1)
    with pytest.raises(AnalysisError, match="2 coders stand beside 1 guesses"):
        bang_index(["A"], ["A"], ["A", "B"], coders=["C1", "C2"])
