"""A study's own expressions: useful ones pass, those that could run for years are refused unused."""

from __future__ import annotations

import time

import pytest

from bordin.errors import TapeError
from bordin.tapes.deidentification.study_patterns import MOST_WAYS, compiled


@pytest.mark.parametrize(
    ("expression", "hit"),
    [
        (r"CASE-\d{4}", "case-1234"),
        (r"(?:trial|study) number \d{1,6}", "study number 42"),
        (r"\b[A-Z]{2}\d{2,4}[a-c]?\b", "AB123c"),
        (r"room (?:[]x]|\d{1,3})", "room ]"),
        (r"P\.O\. \d{2}", "p.o. 12"),
        (r"[^\d\s]{3}-\d{2}", "abc-12"),
        (r"ward \d{1,2}?", "ward 1"),
    ],
)
def test_useful_expressions(expression: str, hit: str) -> None:
    found = compiled(expression).search(hit)
    assert found is not None
    assert found[0].lower() == hit.lower()


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        (r"(a+)+b", "a repeat without a limit (+)"),
        (r"(a|a)*b", "a repeat without a limit (*)"),
        (r"\d{2,}", "a repeat without a limit"),
        (r"a{,5}b", "a repeat without a limit"),
        (r"(\w{1,20}){1,20}x", f"more than {MOST_WAYS} ways"),
        (r"(a|b|ab){15}c", f"more than {MOST_WAYS} ways"),
        (r"\w{1,50}\w{1,50}\w{1,50}x", f"more than {MOST_WAYS} ways"),
        (r"(?:a?){30}a{30}", f"more than {MOST_WAYS} ways"),
        (r"a{200}", "more than 100 times"),
        (r"(?=a)a", "a look-around"),
        (r"(?P<n>a)(?P=n)", "a look-around"),
        (r"(a)\1", "the escape \\1"),
        (r"(?i:a)", "a look-around"),
        (r"[a", "is not valid"),
        (r"(a", "is not valid"),
        (r"[[:alpha:]]{1,5}x", "is not valid"),
        (r"a{1,3}+b", "a repeat without a limit (+)"),
        (r"a?", "also matches where there is no word"),
        (r".", "also matches where there is no word"),
        (r"^\b", "also matches where there is no word"),
        ("  ", "is empty"),
        ("a" * 201, "has 201 letters"),
    ],
)
def test_expressions_that_are_refused(expression: str, why: str) -> None:
    with pytest.raises(TapeError) as caught:
        compiled(expression, "names.csv", 4)
    assert why in str(caught.value)
    assert str(caught.value).startswith("names.csv:4, text:")


@pytest.mark.parametrize(
    "expression", [r"[ab]{1,40}[ab]{1,40}x", r"(?:a|ab|b){5}x", r"(?:a{1,3}){1,4}x", r"\w{1,100}b{1,15}x"]
)
def test_the_costliest_that_pass_are_quick_on_the_worst_line(expression: str) -> None:
    pattern = compiled(expression)
    start = time.perf_counter()
    assert pattern.search("ab" * 1500) is None
    assert time.perf_counter() - start < 5.0
