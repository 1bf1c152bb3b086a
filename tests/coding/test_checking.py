"""Faults in lists of codes: each is told with its row."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bordin.coding.catalog import load
from bordin.coding.checking import check_codes
from bordin.coding.rating import Code
from bordin.coding.system import CodingSystem
from bordin.errors import DataError

SystemMaker = Callable[..., CodingSystem]


def code(unit: str, written: str, row: int, speaker: str = "", **more: object) -> Code:
    start, end = more.pop("start", None), more.pop("end", None)
    return Code("S01", "alder", unit, start, end, speaker, written, row=row, **more)  # type: ignore[arg-type]


def complaints(system: CodingSystem, codes: list[Code]) -> list[tuple[int | None, str | None, str]]:
    with pytest.raises(DataError) as caught:
        check_codes(system, codes)
    return [(p.line, p.column, p.message) for p in caught.value.problems]


def test_good_codes_come_back_with_what_they_are() -> None:
    found = check_codes(load("misc-like"), [code("u1", "R", 2, "counsellor"), code("u2", "C", 3, "client")])
    assert [(c.unit_id, k.id, d.name) for c, k, d in found] == [
        ("u1", "therapist_utterance", "Reflection"),
        ("u2", "client_utterance", "Change talk"),
    ]


def test_every_fault_has_its_row() -> None:
    codes = [
        code("u1", "R", 2, "therapist"),
        code("u2", "X", 3),
        code("u3", "C", 4, "therapist"),
        code("u4", "Q", 5, "nobody"),
        code("u5", "Q", 6, start=9.0, end=7.5),
        code("u6", "Q", 7, value=2.0),
    ]
    assert complaints(load("misc-like"), codes) == [
        (3, "code", "'X' is not a code of misc-like."),
        (4, "code", "'C' is a code for the patient, but 'therapist' (therapist) spoke."),
        (5, "code", "'nobody' is not a known speaker."),
        (6, "end", "the code ends at 7.5 s, before its start at 9 s"),
        (7, "value", "Q: a code of the kind exclusive takes no value, but 2 stands beside it"),
    ]


def test_an_exclusive_family_allows_one_code_a_unit() -> None:
    codes = [
        code("u1", "R", 2),
        code("u1", "Q", 3),
        code("u1", "C", 4),
        code("u2", "R", 5),
        code("u2", "R", 6),
    ]
    assert complaints(load("misc-like"), codes) == [
        (
            3,
            "code",
            "session S01, coder alder, unit u1: it has the codes R and Q, but therapist utterances allows one "
            "(first in row 2).",
        ),
        (6, "code", "session S01, coder alder, unit u2: the code R stands twice on it (first in row 5)."),
    ]


KINDS = """
[[code_types]]
id = "labels"
name = "labels"
kind = "multi-label"
codes = [{id = "x", name = "X", definition = "x"}, {id = "y", name = "Y", definition = "y"}]
[[code_types]]
id = "tally"
name = "tally"
kind = "count"
codes = [{id = "n", name = "N", definition = "x"}]
[[code_types]]
id = "depth"
name = "depth"
kind = "stage"
low = 1
high = 7
codes = [{id = "stage", name = "Stage", definition = "x"}]
[[code_types]]
id = "sort"
name = "the sort"
kind = "q-sort"
low = 1
high = 2
piles = [1, 1]
codes = [{id = "q1", name = "1", definition = "x"}, {id = "q2", name = "2", definition = "x"}]
"""


def test_labels_may_share_a_unit_and_tallies_may_repeat(own: SystemMaker) -> None:
    codes = [code("1", "x", 2), code("1", "y", 3), code("1", "n", 4), code("1", "n", 5)]
    assert len(check_codes(own(KINDS), codes)) == 4


def test_values_must_lie_on_their_scale(own: SystemMaker) -> None:
    codes = [
        code("1", "n", 2, value=1.5),
        code("1", "stage", 3, value=8),
        code("2", "stage", 4),
        code("3", "stage", 5, value=2.5),
        code("1", "x", 6),
        code("1", "x", 7),
    ]
    assert [(line, message) for line, _, message in complaints(own(KINDS), codes)] == [
        (2, "n: 1.5 is not a count (0, 1, 2, ...)"),
        (3, "stage: 8 is outside 1-7"),
        (4, "stage: a code of the kind stage needs a value of 1-7"),
        (5, "stage: 2.5 is not a point of 1-7 in steps of 1"),
        (7, "session S01, coder alder, unit 1: the code x stands twice on it (first in row 6)."),
    ]


def test_the_piles_of_a_q_sort_must_be_full(own: SystemMaker) -> None:
    codes = [code("", "q1", 2, value=1), code("", "q2", 3, value=1)]
    assert [m for _, _, m in complaints(own(KINDS), codes)] == [
        "session S01, coder alder: the piles of the sort hold 2-0 items, not 1-1."
    ]
    assert len(check_codes(own(KINDS), [codes[0], code("", "q2", 3, value=2)])) == 2
