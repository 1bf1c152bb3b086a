"""Formulas: values by hand, guards, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bordin.coding.formula import Absent, parse_condition, parse_formula
from bordin.errors import CatalogError
from bordin.missing import Missing

KNOWN = ["a", "b", "c", "total"]
GROUPS = {"items": ("a", "b", "c")}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b * c", 2 + 3 * 4),
        ("(a + b) * c", 20),
        ("a - b - c", -5),
        ("-a + 8", 6),
        ("a / b / c", 2 / 3 / 4),
        ("sum(items)", 9),
        ("sum(a, b, 10)", 15),
        ("mean(items)", 3),
        ("100 * a / (a + b)", 40),
        ("1.5", 1.5),
    ],
)
def test_arithmetic(text: str, expected: float) -> None:
    assert parse_formula(text, KNOWN, GROUPS).evaluate({"a": 2, "b": 3, "c": 4}) == expected


def test_the_names_a_formula_needs_are_written_out() -> None:
    assert parse_formula("sum(items) / total", KNOWN, GROUPS).names == {"a", "b", "c", "total"}
    assert parse_formula("1 + 2", KNOWN, GROUPS).names == set()


def test_an_empty_denominator_is_not_applicable_and_says_so() -> None:
    formula = parse_formula("a / (b - c)", KNOWN, GROUPS)
    values = {"a": 1.0, "b": 2.0, "c": 2.0}
    assert formula.evaluate(values) == Absent(Missing.NOT_APPLICABLE, "b - c is 0")
    assert formula.evaluate(values, "nothing to divide by") == Absent(
        Missing.NOT_APPLICABLE, "nothing to divide by"
    )
    assert parse_formula("0 / a", KNOWN, GROUPS).evaluate({"a": 0.0}) == Absent(
        Missing.NOT_APPLICABLE, "a is 0"
    )


def test_a_missing_operand_keeps_its_kind_and_does_not_read_as_an_empty_denominator() -> None:
    formula = parse_formula("a / b", KNOWN, GROUPS)
    assert formula.evaluate({"a": 1.0, "b": Missing.NOT_CODABLE}, "no b") == Absent(
        Missing.NOT_CODABLE, "b: not codable"
    )
    assert formula.evaluate({"a": 1.0}) == Absent(Missing.NOT_RECORDED, "b: not recorded")


def test_a_number_too_large_is_absent_not_infinite() -> None:
    value = parse_formula("a * a", KNOWN, GROUPS).evaluate({"a": 1e200})
    assert value == Absent(Missing.NOT_APPLICABLE, "a * a is too large to be a number")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a ** 2", r"holds 'a \*\* 2', which is not understood"),
        ("__import__('os')", "not understood"),
        ("a.real", "not understood"),
        ("a[0]", "not understood"),
        ("[a for a in b]", "not understood"),
        ("lambda: a", "not understood"),
        ("'text'", "not understood"),
        ("True", "not understood"),
        ("1e999", "not understood"),
        ("a // b", "not understood"),
        ("max(a, b)", "not understood"),
        ("sum()", "not understood"),
        ("every(items)", "not understood"),
        ("items", "not understood"),
        ("a if b else c", "not understood"),
        ("a < b", "not understood"),
        ("a +", "cannot be read"),
        ("(a", "cannot be read"),
        ("", "cannot be read"),
        ("totl / a", "names 'totl', which is not declared. Did you mean 'total'"),
        ("a + " * 600 + "a", "at most 2000"),
    ],
)
def test_anything_else_is_refused_when_it_is_read(text: str, message: str) -> None:
    with pytest.raises(CatalogError, match=message):
        parse_formula(text, KNOWN, GROUPS)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"a": 12, "b": 12, "c": 12, "total": 36}, True),
        ({"a": 12, "b": 12, "c": 11.5, "total": 35.5}, False),
        ({"a": 30, "b": 30, "c": 1.5, "total": 61.5}, False),
        ({"a": 12, "b": 12, "c": 2, "total": 36}, True),
    ],
)
def test_a_conjunction(values: dict[str, float], expected: bool) -> None:
    assert parse_condition("total >= 36 and every(items) >= 2", KNOWN, GROUPS).holds(values) is expected


def test_a_missing_value_leaves_a_rule_open_unless_the_rest_decides() -> None:
    both = parse_condition("total >= 36 and a >= 2", KNOWN, GROUPS)
    assert both.holds({"total": Missing.NOT_CODABLE, "a": 1.0}) is False
    assert both.holds({"total": Missing.NOT_CODABLE, "a": 3.0}) == Absent(
        Missing.NOT_CODABLE, "total: not codable"
    )
    either = parse_condition("total >= 36 or a >= 2", KNOWN, GROUPS)
    assert either.holds({"total": Missing.NOT_CODABLE, "a": 3.0}) is True
    assert either.holds({"total": Missing.NOT_CODABLE, "a": 1.0}) == Absent(
        Missing.NOT_CODABLE, "total: not codable"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a < b", True),
        ("a <= 2", True),
        ("a > b", False),
        ("a == 2", True),
        ("b >= c", False),
        ("every(items) < 5", True),
    ],
)
def test_comparisons(text: str, expected: bool) -> None:
    assert parse_condition(text, KNOWN, GROUPS).holds({"a": 2, "b": 3, "c": 4}) is expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a", "not understood"),
        ("1 < a < 3", "not understood"),
        ("not a > 1", "not understood"),
        ("a != 1", "not one of"),
        ("a in b", "not one of"),
        ("every() >= 2", "not understood"),
        ("2 >= every(items)", "not understood"),
        ("every(items) + 1 >= 2", "not understood"),
        ("every(itms) >= 2", "names 'itms'"),
    ],
)
def test_conditions_that_are_refused(text: str, message: str) -> None:
    with pytest.raises(CatalogError, match=message):
        parse_condition(text, KNOWN, GROUPS)


@given(st.lists(st.floats(-100, 100), min_size=3, max_size=3), st.floats(-100, 100))
def test_every_holds_exactly_when_each_one_does(numbers: list[float], limit: float) -> None:
    values = dict(zip("abc", numbers, strict=True)) | {"total": limit}
    one_by_one = parse_condition("a >= total and b >= total and c >= total", KNOWN, GROUPS).holds(values)
    assert parse_condition("every(items) >= total", KNOWN, GROUPS).holds(values) is one_by_one
