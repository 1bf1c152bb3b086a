"""Scores worked out by hand for every entry; every kind of fault; properties that must hold."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bordin.errors import CatalogError, DataError
from bordin.instruments import load, names, score, score_columns
from bordin.instruments.instrument import Instrument
from bordin.instruments.score import Fault
from bordin.missing import Missing


def form(answers: Sequence[object]) -> dict[str, list[object]]:
    """One row with columns item1, item2, ..."""
    return {f"item{n}": [answer] for n, answer in enumerate(answers, start=1)}


def forms(*rows: Sequence[object], ids: Sequence[object] | None = None) -> dict[str, list[object]]:
    table: dict[str, list[object]] = {
        f"item{n}": list(column) for n, column in enumerate(zip(*rows, strict=True), start=1)
    }
    return table if ids is None else {"id": list(ids)} | table


def values(name: str, answers: Sequence[object], variant: str | None = None) -> dict[str, float | None]:
    scored = score(load(name), form(answers), variant=variant)
    assert scored.errors == ()
    return {one.scale: one.value for one in scored.scores}


UP_TO_7 = [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("name", "variant", "answers", "expected"),
    [
        ("calpas-5", None, [7, 6, 5, 3, 2], {"q1": 7, "q2": 6, "q3": 5, "q4": 3, "q5": 2, "mean": 23 / 5}),
        # All ones: reversed items count 7. Of the reversed 1, 3, 7, 9, 10, 11, 12, 15, 20, 27, 29, 31,
        # 33, 34 the task scale holds 7, 11, 15, 31, 33; bond 1, 20, 29; goal 3, 9, 10, 12, 27, 34.
        (
            "wai-36",
            None,
            [1] * 36,
            {"goal": 6 + 6 * 7, "task": 7 + 5 * 7, "bond": 9 + 3 * 7, "total": 22 + 14 * 7},
        ),
        # Short form: items 4 and 10 are reversed (8 - answer), both in the goal scale.
        (
            "wai-s",
            None,
            [*UP_TO_7, 1, 2, 3, 4, 5],
            {"goal": 4 + 6 + 5 + 4, "task": 1 + 2 + 1 + 5, "bond": 3 + 5 + 7 + 2, "total": 19 + 9 + 17},
        ),
        (
            "wai-o-s",
            None,
            [*UP_TO_7, 1, 2, 3, 4, 5],
            {"goal": 19 / 4, "task": 9 / 4, "bond": 17 / 4, "total": 45 / 12},
        ),
        (
            "wai-sr",
            None,
            [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2],
            {
                "goal": (4 + 1 + 3 + 1) / 4,
                "task": (1 + 2 + 5 + 2) / 4,
                "bond": (3 + 5 + 2 + 4) / 4,
                "total": 33 / 12,
            },
        ),
        # Fourteen sixes, and five reversed ones answered 2, which count 5.
        (
            "haq-ii",
            None,
            [2 if n in (4, 8, 11, 16, 19) else 6 for n in range(1, 20)],
            {"total": 14 * 6 + 5 * 5},
        ),
        ("arm-5", None, [7, 6, 2, 5, 4], {"total": (7 + 6 + 6 + 5 + 4) / 5}),
        (
            "srs",
            None,
            [9.5, "8,25", 7, 10],
            {"relationship": 9.5, "goals": 8.25, "approach": 7, "overall": 10, "total": 34.75},
        ),
        ("phq-9", None, [0, 1, 2, 3, 0, 1, 2, 3, 0], {"total": 12}),
        ("gad-7", None, [3, 3, 2, 1, 0, 1, 2], {"total": 12}),
        # Items 2 and 3 count 4 - answer: 1 + (4 - 1) + (4 - 3) + 2 + 0 + 0 + 4 + 3 + 2 + 1 = 17.
        ("core-10", None, [1, 1, 3, 2, 0, 0, 4, 3, 2, 1], {"total": 17}),
        # All ones: eight reversed items count 3. Well-being holds 4 and 31; functioning 3, 7, 12, 19, 21, 32.
        (
            "core-om",
            None,
            [1] * 34,
            {
                "wellbeing": (2 * 1 + 2 * 3) / 4 * 10,
                "problems": 10,
                "functioning": (6 * 1 + 6 * 3) / 12 * 10,
                "risk": 10,
                "non_risk": (20 * 1 + 8 * 3) / 28 * 10,
                "total": (26 * 1 + 8 * 3) / 34 * 10,
            },
        ),
        (
            "chalder-fatigue",
            "likert",
            [0, 1, 2, 3, 3, 2, 1, 0, 1, 2, 3],
            {"physical": 12, "mental": 6, "total": 18},
        ),
        (
            "chalder-fatigue",
            "bimodal",
            [0, 1, 2, 3, 3, 2, 1, 0, 1, 2, 3],
            {"physical": 4, "mental": 2, "total": 6},
        ),
        (
            "rand-36-physical-functioning",
            None,
            [1, 1, 1, 2, 2, 2, 3, 3, 3, 3],
            {"physical_functioning": (3 * 0 + 3 * 50 + 4 * 100) / 10},
        ),
        ("care", None, [5, 4, 5, 4, 5, 5, 5, 4, 4, 3], {"total": 44}),
    ],
)
def test_scores_worked_out_by_hand(
    name: str, variant: str | None, answers: Sequence[object], expected: Mapping[str, float]
) -> None:
    assert values(name, answers, variant) == pytest.approx(expected, abs=1e-12)


def test_calpas_24_with_the_key_of_a_study(tmp_path: Path) -> None:
    key = "".join(
        f"[scales.{scale}]\nitems = {list(range(first, 25, 4))}\n"
        for first, scale in enumerate(("PWC", "PC", "WSC", "TUI"), start=1)
    )
    path = tmp_path / "own.toml"
    path.write_text(f'extends = "calpas-24"\nreversed = [1]\n{key}', encoding="utf-8")
    scored = score(load(path), form([1, 2, 3, 4] * 6))
    # The first item is reversed: 8 - 1 = 7, so PWC has 7 + 5 x 1.
    expected = {"PWC": 12 / 6, "PC": 2, "WSC": 3, "TUI": 4, "total": (12 + 12 + 18 + 24) / 24}
    assert {one.scale: one.value for one in scored.scores} == pytest.approx(expected)
    with pytest.raises(CatalogError, match="cannot be scored before a file of the study gives its item key"):
        score(load("calpas-24", key_required=False), form([1] * 24))


def test_every_entry_has_a_score_worked_out_by_hand() -> None:
    marks = test_scores_worked_out_by_hand.pytestmark[0].args[1]  # type: ignore[attr-defined]
    assert {case[0] for case in marks} | {"calpas-24"} == set(names())


@pytest.mark.parametrize(
    ("name", "answers", "value", "reason"),
    [
        ("core-10", [1, 1, 3, 2, "", 0, 4, 3, 2, 1], 17 / 9 * 10, None),
        ("core-10", [1, 1, 3, 2, None, ".", 4, 3, 2, 1], None, "2 of 10 items missing (2 not answered); at most 1 may be"),
        ("phq-9", ["NA", "NA", 2, 3, 0, 1, 2, 3, 0], 11 / 7 * 9, None),
        ("phq-9", ["NA", "NA", "NA", 3, 0, 1, 2, 3, 0], None, "3 of 9 items missing (3 not answered); at most 2 may be"),
        ("gad-7", ["", 3, 2, 1, 0, 1, 2], 9 / 6 * 7, None),
        ("wai-sr", [1] * 11 + [None], None, "1 of 12 items missing (1 not answered); none may be"),
        ("care", [5, 4, 5, 4, 5, 5, 5, 4, 0, 0], 37 / 8 * 10, None),
        ("care", [5, 4, 5, 4, 5, 5, 5, "", 0, 0], None, "3 of 10 items missing (1 not answered, 2 not applicable); at most 2 may be"),
        ("care", [0] * 10, None, "10 of 10 items missing (10 not applicable); at most 2 may be"),
        ("rand-36-physical-functioning", [3] + [""] * 9, 100, None),
        ("rand-36-physical-functioning", [""] * 10, None, "10 of 10 items missing (10 not answered); at most 9 may be"),
    ],
)  # fmt: skip
def test_missing_items(name: str, answers: Sequence[object], value: float | None, reason: str | None) -> None:
    one = score(load(name), form(answers)).scores[-1]
    assert one.reason == reason
    assert one.value == (None if value is None else pytest.approx(value, abs=1e-12))
    assert one.n_answered == sum(
        isinstance(answer, int) and (name != "care" or answer > 0) for answer in answers
    )


def test_zero_on_care_can_be_counted_instead(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text('extends = "care"\n[answers]\nlow = 0\nnot_applicable = []\n', encoding="utf-8")
    assert score(load(path), form([5, 4, 5, 4, 5, 5, 5, 4, 0, 0])).scores[0].value == 37


def test_kinds_of_missing_are_told_apart() -> None:
    @dataclass(frozen=True)
    class UserMissing:
        value: float
        kind: Missing

    row = [1, "not applicable", Missing.NOT_RECORDED, UserMissing(-9, Missing.NOT_APPLICABLE), math.nan]
    (*_, mean) = score(load("calpas-5"), form(row)).scores
    assert mean.reason == (
        "4 of 5 items missing (1 not answered, 2 not applicable, 1 not recorded); none may be"
    )


@pytest.mark.parametrize(
    ("cell", "kind", "message"),
    [
        (9, Fault.OUT_OF_RANGE, "9 is out of range; allowed are whole numbers from 0 to 4."),
        ("-1", Fault.OUT_OF_RANGE, "'-1' is out of range; allowed are whole numbers from 0 to 4."),
        ("\u22121", Fault.OUT_OF_RANGE, "'\u22121' is out of range; allowed are whole numbers from 0 to 4."),
        ("4.5", Fault.OUT_OF_RANGE, "'4.5' is out of range; allowed are whole numbers from 0 to 4."),
        (1.5, Fault.NON_INTEGER, "1.5 falls between two answers; allowed are whole numbers from 0 to 4."),
        ("1,5", Fault.NON_INTEGER, "'1,5' falls between two answers; allowed are whole numbers from 0 to 4."),
        ("two", Fault.NOT_A_NUMBER, "'two' is not a number; allowed are whole numbers from 0 to 4."),
        ("n/a", Fault.NOT_A_NUMBER, "'n/a' is not a number; allowed are whole numbers from 0 to 4."),
        ("1e0", Fault.NOT_A_NUMBER, "'1e0' is not a number; allowed are whole numbers from 0 to 4."),
        (True, Fault.NOT_A_NUMBER, "True is not a number; allowed are whole numbers from 0 to 4."),
    ],
)
def test_bad_cells(cell: object, kind: Fault, message: str) -> None:
    table = forms([1] * 10, [1, 1, cell, *[1] * 7], ids=["A", "B"])
    scored = score(load("core-10"), table, id="id")
    assert [(e.row, e.id, e.column, e.value, e.kind, e.message) for e in scored.errors] == [
        (2, "B", "item3", cell, kind, message)
    ]
    first, second = scored.scores
    assert first.value == 14  # eight ones, and two reversed ones that count 3
    assert (second.value, second.n_answered, second.reason) == (None, 9, "bad cell: item3")
    assert scored.n_scored == 1


def test_a_date_and_an_endless_number_are_bad_cells_that_json_can_hold() -> None:
    scored = score(load("core-10"), forms([date(2024, 4, 3), math.inf, *[1] * 8]))
    assert [(e.column, e.value, e.kind) for e in scored.errors] == [
        ("item1", "2024-04-03", Fault.NOT_A_NUMBER),
        ("item2", "inf", Fault.OUT_OF_RANGE),
    ]
    assert json.loads(json.dumps(scored.as_json(), allow_nan=False))["errors"][0]["kind"] == "not_a_number"


@pytest.mark.parametrize("cell", [3, 3.0, "3", "3.0", " 3 ", "3,0", "+3", "3.", np.int64(3), np.float32(3)])
def test_forms_of_one_number(cell: object) -> None:
    assert score(load("phq-9"), form([cell, *[0] * 8])).scores[0].value == 3


def test_a_bad_cell_spares_the_scales_that_do_not_use_it() -> None:
    scored = score(load("wai-sr"), form([1, 2, 9, *[3] * 9]))
    assert [(one.scale, one.value, one.reason) for one in scored.scores] == [
        ("goal", 3.0, None),
        ("task", 2.25, None),
        ("bond", None, "bad cell: item3"),
        ("total", None, "bad cell: item3"),
    ]
    assert scored.n_scored == 1


def test_half_points_and_any_value_only_where_declared(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text('extends = "arm-5"\n[answers]\nkind = "half points"\n', encoding="utf-8")
    scored = score(load(path), forms([1.5, 2, 3, 4, 5], [1.25, 2, 3, 4, 5]))
    assert scored.scores[0].value == (1.5 + 2 + 5 + 4 + 5) / 5
    assert [(e.row, e.kind) for e in scored.errors] == [(2, Fault.NON_INTEGER)]
    assert score(load("srs"), form([0.01, 9.99, 5, 5])).errors == ()


def test_identical_rows_are_scored_once() -> None:
    table = forms([1] * 7, [2] * 7, ["1.0"] * 7, ids=["A", "B", "A"])
    scored = score(load("gad-7"), table, id="id")
    assert [(e.row, e.id, e.column, e.value, e.kind) for e in scored.errors] == [
        (3, "A", "id", "A", Fault.DUPLICATE_IDENTICAL)
    ]
    assert [(one.row, one.value) for one in scored.scores] == [(1, 7), (2, 14)]
    assert (scored.n_rows, scored.n_scored) == (3, 2)


def test_conflicting_rows_are_not_scored() -> None:
    table = forms([1] * 7, [2] * 7, [1] * 6 + [2], [1] * 7, ids=["A", "B", "A", "A"])
    scored = score(load("gad-7"), table, id="id")
    assert [(e.row, e.kind) for e in scored.errors] == [(row, Fault.DUPLICATE_CONFLICT) for row in (1, 3, 4)]
    assert scored.errors[0].message == "3 rows of one id hold different answers; none is scored."
    assert [(one.row, one.value, one.reason) for one in scored.scores if one.id == "A"] == [
        (row, None, "3 rows of one id hold different answers") for row in (1, 3, 4)
    ]
    assert scored.n_scored == 1


def test_a_blank_and_an_answer_are_in_conflict() -> None:
    table = forms([1] * 7, [1] * 6 + [None], [1] * 6 + ["x"], ids=["A", "A", "B"])
    kinds = [e.kind for e in score(load("gad-7"), table, id="id").errors]
    assert kinds == [Fault.DUPLICATE_CONFLICT, Fault.DUPLICATE_CONFLICT, Fault.NOT_A_NUMBER]


def test_occasions_keep_the_forms_of_one_person_apart() -> None:
    table = forms([1] * 7, [2] * 7, [3] * 7, ids=[7, 7.0, "7"]) | {"time": ["pre", "post", "post"]}
    scored = score(load("gad-7"), table, id="id", occasion="time")
    assert [(one.id, one.occasion, one.value) for one in scored.scores] == [
        ("7", "pre", 7),
        ("7", "post", None),
        ("7", "post", None),
    ]
    assert (
        scored.errors[0].message == "2 rows of one id hold different answers; none is scored (occasion post)."
    )


@pytest.mark.parametrize("blank", [None, "", " ", math.nan, Missing.NOT_RECORDED])
def test_a_row_without_an_id(blank: object) -> None:
    scored = score(load("gad-7"), forms([1] * 7, [2] * 7, ids=[blank, "B"]), id="id")
    assert [(e.row, e.id, e.column, e.kind) for e in scored.errors] == [(1, None, "id", Fault.MISSING_ID)]
    assert [(one.value, one.reason) for one in scored.scores] == [(None, "no id"), (14, None)]


def test_without_ids_nothing_is_a_duplicate() -> None:
    scored = score(load("gad-7"), forms([1] * 7, [1] * 7))
    assert scored.errors == ()
    assert [one.value for one in scored.scores] == [7, 7]
    assert scored.scores[0].id is None


def test_alerts_of_item_9() -> None:
    scored = score(load("phq-9"), forms([0] * 9, [0] * 8 + [1], [0] * 8 + [3], ids=["A", "B", "C"]), id="id")
    assert [(a.row, a.id, a.item, a.value) for a in scored.alerts] == [
        (2, "B", "item9", 1),
        (3, "C", "item9", 3),
    ]
    assert "make sure that a clinician has seen it" in scored.alerts[0].message


def test_columns_by_key_number_map_and_pattern() -> None:
    calpas = load("calpas-5")
    expected = [1, 2, 3, 4, 5, 3]
    by_key = {f"q{n}": [n] for n in range(1, 6)}
    theirs = {f"ALL_{n}": [n] for n in range(1, 6)}
    mapped = {"q1": "ALL_1", "item2": "ALL_2", "q3": "ALL_3", "q4": "ALL_4", "q5": "ALL_5"}
    for scored in (
        score(calpas, by_key),
        score(calpas, form([1, 2, 3, 4, 5])),
        score(calpas, theirs, columns=mapped),
        score(calpas, theirs, columns="ALL_*"),
        score(calpas, by_key | {"other": [2]}, columns={"q2": "other"}),
    ):
        assert [one.value for one in scored.scores] == expected


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (None, r"5 of the 5 items of calpas-5 have no column: q1, q2, q3, q4, q5. The columns are: ALL_1"),
        ("ALL", "'ALL' is no pattern: it needs one star"),
        ({"q9": "ALL_1"}, "no item 'q9', to which the column 'ALL_1' was given"),
        ({"q1": "ALL_0"}, "no column 'ALL_0' for q1. Did you mean 'ALL_"),
        ("AL_*", "no column 'AL_1' for q1. Did you mean 'ALL_1'"),
    ],
)
def test_a_column_that_is_not_there(columns: str | dict[str, str] | None, told: str) -> None:
    table = {f"ALL_{n}": [n] for n in range(1, 6)}
    with pytest.raises(DataError, match=told) as caught:
        score(load("calpas-5"), table, columns=columns, file="data.csv")
    assert columns == "ALL" or caught.value.problems[0].file == "data.csv"


def test_a_column_of_ids_that_is_not_there() -> None:
    with pytest.raises(DataError, match=r"no column 'code'"):
        score(load("gad-7"), form([1] * 7), id="code")


def test_the_file_of_a_longer_form_is_not_taken_for_the_short_one() -> None:
    whole = form(list(range(1, 4)) * 12)
    with pytest.raises(DataError, match="has 10 items, but the file also has a column 'item11'"):
        score(load("rand-36-physical-functioning"), whole)
    mapped = {f"item{n}": f"item{n + 2}" for n in range(1, 11)}
    # Items 3 to 12 hold 3, 1, 2, 3, 1, 2, 3, 1, 2, 3: four at 100, three at 50, three at 0.
    assert score(load("rand-36-physical-functioning"), whole, columns=mapped).scores[0].value == 55


def test_score_columns_takes_item_keys_and_lists() -> None:
    scored = score_columns(
        load("calpas-5"),
        {f"q{n}": [n, 9] for n in range(1, 6)},
        ids=["A", "B"],
        occasions=["pre", None],
        names={"q1": "Question 1"},
    )
    assert [(one.id, one.occasion, one.value) for one in scored.of_scale("mean")] == [
        ("A", "pre", 3),
        ("B", None, None),
    ]
    assert [e.column for e in scored.errors] == ["Question 1", "q2", "q3", "q4", "q5"]


def test_description_and_wide_table() -> None:
    table = forms([0] * 7, [1] * 7, [3] * 7, [9] * 7, ids=["A", "B", "C", "D"])
    scored = score(load("gad-7"), table, id="id")
    (one,) = scored.describe()
    # 0, 7, 21: mean 28/3, sum of squares 490 less 3 x (28/3)^2, over 2.
    assert (one.n, one.missing, one.low, one.high) == (3, 1, 0, 21)
    assert one.mean == pytest.approx(28 / 3)
    assert one.sd == pytest.approx(math.sqrt((490 - 784 / 3) / 2))
    found_names, rows = scored.wide()
    assert found_names == ("row", "id", "occasion", "total", "why_missing")
    assert rows[2] == (3, "C", None, 21, "")
    keys = ", ".join(f"item{n}" for n in range(1, 8))
    assert rows[3] == (4, "D", None, None, f"total: bad cell: {keys}")
    (empty,) = score(load("gad-7"), forms([9] * 7)).describe()
    assert (empty.n, empty.missing, empty.mean, empty.sd) == (0, 1, None, None)
    (single,) = score(load("gad-7"), forms([2] * 7)).describe()
    assert (single.mean, single.sd) == (14, None)


def test_json_has_the_keys_that_others_read() -> None:
    table = forms([0, 1, 2, 3, 4], [1, 1, 1, 1, 1], ids=["A", "B"])
    made = json.loads(json.dumps(score(load("arm-5"), table, id="id").as_json()))
    assert list(made) == ["instrument", "variant", "scores", "errors", "n_rows", "n_scored", "alerts"]
    assert list(made["scores"][0]) == ["row", "id", "occasion", "scale", "value", "n_answered", "reason"]
    assert list(made["errors"][0]) == ["row", "id", "column", "value", "kind", "message"]
    assert (made["n_rows"], made["n_scored"]) == (2, 1)
    assert made["scores"][1]["value"] == 2.2


SCORABLE = [(name, None) for name in names() if name not in ("calpas-24", "chalder-fatigue")] + [
    ("chalder-fatigue", "likert"),
    ("chalder-fatigue", "bimodal"),
]


def answers_of(instrument: Instrument) -> st.SearchStrategy[list[object]]:
    whole = st.integers(int(instrument.answers.low), int(instrument.answers.high))
    cell = st.one_of(whole, whole, whole, whole.map(str), st.sampled_from(["", None, "NA"]))
    return st.lists(cell, min_size=len(instrument.items), max_size=len(instrument.items))


@settings(max_examples=15, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize(("name", "variant"), SCORABLE)
def test_scores_stay_in_the_declared_range(name: str, variant: str | None, data: st.DataObject) -> None:
    instrument = load(name)
    scored = score(instrument, form(data.draw(answers_of(instrument))), variant=variant)
    for one in scored.scores:
        assert (one.value is None) != (one.reason is None)
        if one.value is not None:
            low, high = instrument.range_of(one.scale, variant)
            assert low - 1e-9 <= one.value <= high + 1e-9


@settings(max_examples=25, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("name", ["wai-36", "wai-s", "haq-ii", "arm-5", "core-10"])
def test_reversing_twice_changes_nothing(name: str, data: st.DataObject) -> None:
    instrument = load(name)
    turn = instrument.answers.low + instrument.answers.high
    whole = st.integers(int(instrument.answers.low), int(instrument.answers.high))
    row = data.draw(st.lists(whole, min_size=len(instrument.items), max_size=len(instrument.items)))
    turned = [turn - a for a in row]
    total, other = (score(instrument, form(r)).of_scale("total")[0].value for r in (row, turned))
    low, high = instrument.range_of("total")
    assert total is not None
    assert other is not None
    assert total + other == pytest.approx(low + high)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_the_order_of_rows_changes_no_score(data: st.DataObject) -> None:
    instrument = load("core-10")
    rows = data.draw(st.lists(answers_of(instrument), min_size=2, max_size=6))
    order = data.draw(st.permutations(range(len(rows))))
    ids = [f"P{n}" for n in range(len(rows))]
    straight = score(instrument, forms(*rows, ids=ids), id="id")
    shuffled = score(instrument, forms(*(rows[i] for i in order), ids=[ids[i] for i in order]), id="id")
    assert {s.id: (s.value, s.reason) for s in straight.scores} == {
        s.id: (s.value, s.reason) for s in shuffled.scores
    }


def test_arrays_and_mixed_columns_are_read_alike() -> None:
    table: dict[str, Sequence[object]] = {f"item{n}": np.array([1.0, np.nan, 3.0]) for n in range(1, 8)}
    mixed = {f"item{n}": [1, None, "3"] for n in range(1, 8)}
    for cells in (table, mixed):
        scored = score(load("gad-7"), cells)
        assert [one.value for one in scored.scores] == [7, None, 21]


def test_a_large_file_is_scored_whole() -> None:
    n = 100_000
    table: dict[str, Sequence[object]] = {f"item{k}": ["1", "2"] * (n // 2) for k in range(1, 8)}
    table["id"] = [str(i) for i in range(n)]
    scored = score(load("gad-7"), table, id="id")
    assert scored.n_scored == n
    assert math.fsum(one.value or 0 for one in scored.scores) == n / 2 * (7 + 14)
