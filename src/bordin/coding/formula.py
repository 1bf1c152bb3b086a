"""Small formulas over counts and ratings, for derived scores, thresholds and gates.

A formula comes from a catalog file, so it is never handed to Python's own evaluator: only
numbers, names, ``+ - * /``, parentheses, ``sum()``, ``mean()``, ``every()``, comparisons,
``and`` and ``or`` are understood; anything else is refused when the file is read.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from bordin.errors import CatalogError, nearest
from bordin.missing import Missing

Values = Mapping[str, float | Missing]
Groups = tuple[tuple[str, tuple[str, ...]], ...]

LONGEST = 2000
COMPARISONS: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
}


@dataclass(frozen=True)
class Absent:
    """A value that is not there, and why.

    Attributes
    ----------
    kind : Missing
        Which kind of missing it is.
    reason : str
        Why, for a reader.
    """

    kind: Missing
    reason: str


@dataclass(frozen=True)
class Formula:
    """An arithmetic expression over names.

    Attributes
    ----------
    text : str
        As it stands in the catalog file, for example ``"R / Q"``.
    names : frozenset of str
        Names it needs, with groups written out.
    groups : tuple of (str, tuple of str)
        Words that stand for several names inside a function, such as ``items``.
    """

    text: str
    names: frozenset[str]
    groups: Groups = ()

    def evaluate(self, values: Values, empty: str = "") -> float | Absent:
        """Compute the formula.

        Parameters
        ----------
        values : mapping of str to float or Missing
            A name that is not in it counts as not recorded.
        empty : str
            What to say when a denominator is 0, for example ``"no question was asked"``.

        Returns
        -------
        float or Absent
            A denominator of 0 gives `Absent` of kind not applicable; a missing operand gives
            `Absent` of that operand's kind.
        """
        try:
            value = _arithmetic(self.text, self.groups)(values)
        except _NoValueError as stop:
            return Absent(stop.absent.kind, empty) if stop.denominator and empty else stop.absent
        if not math.isfinite(value):
            return Absent(Missing.NOT_APPLICABLE, f"{self.text} is too large to be a number")
        return value


@dataclass(frozen=True)
class Condition:
    """A comparison, or several joined by ``and`` and ``or``: true, false or not decidable.

    Attributes
    ----------
    text : str
        For example ``"total >= 36 and every(items) >= 2"``.
    names : frozenset of str
    groups : tuple of (str, tuple of str)
    """

    text: str
    names: frozenset[str]
    groups: Groups = ()

    def holds(self, values: Values) -> bool | Absent:
        """Say whether the condition holds.

        A missing value leaves it open, unless the rest decides: one false part settles an
        ``and``, one true part an ``or``.
        """
        return _logic(self.text, self.groups)(values)


def parse_formula(text: str, known: Iterable[str], groups: Mapping[str, tuple[str, ...]]) -> Formula:
    """Read an arithmetic formula.

    Parameters
    ----------
    text : str
    known : iterable of str
        Names that may stand in it.
    groups : mapping of str to tuple of str
        Words for several names, to be used inside ``sum()``, ``mean()`` and ``every()``.

    Returns
    -------
    Formula

    Raises
    ------
    CatalogError
        When it cannot be read, or names something unknown.
    """
    fixed = tuple(groups.items())
    _arithmetic(text, fixed)
    return Formula(text, _names(text, known, fixed), fixed)


def parse_condition(text: str, known: Iterable[str], groups: Mapping[str, tuple[str, ...]]) -> Condition:
    """Read a condition; parameters and errors as for `parse_formula`."""
    fixed = tuple(groups.items())
    _logic(text, fixed)
    return Condition(text, _names(text, known, fixed), fixed)


class _NoValueError(Exception):
    """Inside an evaluation: there is no value, for this reason."""

    def __init__(self, absent: Absent, denominator: bool = False) -> None:
        super().__init__(absent.reason)
        self.absent = absent
        self.denominator = denominator


_Arithmetic = Callable[[Values], float]
_Logic = Callable[[Values], bool | Absent]


@lru_cache(maxsize=512)
def _arithmetic(text: str, groups: Groups) -> _Arithmetic:
    return _compile_number(_parse(text), dict(groups), text)


@lru_cache(maxsize=512)
def _logic(text: str, groups: Groups) -> _Logic:
    return _compile_truth(_parse(text), dict(groups), text)


def _parse(text: str) -> ast.expr:
    if len(text) > LONGEST:
        raise CatalogError(f"a formula of {len(text)} characters; at most {LONGEST} are allowed")
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise CatalogError(f"the formula {text!r} cannot be read: check its parentheses and signs") from error


def _names(text: str, known: Iterable[str], groups: Groups) -> frozenset[str]:
    """Collect the names of a formula that has been compiled, groups written out."""
    members = dict(groups)
    allowed = set(known)
    tree = _parse(text)
    functions = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    found: set[str] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Name) or id(node) in functions:
            continue
        found.update(members.get(node.id, (node.id,)))
    for name in sorted(found - allowed):
        raise CatalogError(
            f"the formula {text!r} names {name!r}, which is not declared. {nearest(name, allowed)}"
        )
    return frozenset(found)


def _refuse(node: ast.AST, text: str) -> CatalogError:
    return CatalogError(
        f"the formula {text!r} holds {ast.unparse(node)!r}, which is not understood here. Allowed: numbers, "
        "names, + - * /, parentheses, sum(), mean(); in conditions also < <= > >= ==, every(...) on their left, and, or."
    )


def _compile_number(node: ast.expr, groups: dict[str, tuple[str, ...]], text: str) -> _Arithmetic:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool) and math.isfinite(
            number
        ):
            constant = float(number)
            return lambda values: constant
        case ast.Name(id=name) if name not in groups:
            return lambda values: _look_up(name, values)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = _compile_number(operand, groups, text)
            return lambda values: -inner(values)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div() as op, right=right):
            return _compile_binary(
                op, _compile_number(left, groups, text), _compile_number(right, groups, text), right
            )
        case ast.Call(func=ast.Name(id="sum"), args=[_, *_] as args, keywords=[]):
            parts = _compile_arguments(args, groups, text)
            return lambda values: math.fsum(part(values) for part in parts)
        case ast.Call(func=ast.Name(id="mean"), args=[_, *_] as args, keywords=[]):
            parts = _compile_arguments(args, groups, text)
            return lambda values: math.fsum(part(values) for part in parts) / len(parts)
    raise _refuse(node, text)


def _compile_arguments(
    nodes: list[ast.expr], groups: dict[str, tuple[str, ...]], text: str
) -> list[_Arithmetic]:
    """Compile the arguments of a function, where a group stands for all its names."""
    written_out: list[ast.expr] = []
    for node in nodes:
        members = groups.get(node.id) if isinstance(node, ast.Name) else None
        written_out += [node] if members is None else [ast.Name(id=name) for name in members]
    return [_compile_number(node, groups, text) for node in written_out]


def _compile_binary(
    op: ast.operator, left: _Arithmetic, right: _Arithmetic, denominator: ast.expr
) -> _Arithmetic:
    if isinstance(op, ast.Add):
        return lambda values: left(values) + right(values)
    if isinstance(op, ast.Sub):
        return lambda values: left(values) - right(values)
    if isinstance(op, ast.Mult):
        return lambda values: left(values) * right(values)
    below = ast.unparse(denominator)

    def divide(values: Values) -> float:
        over, under = left(values), right(values)
        if under == 0:
            raise _NoValueError(Absent(Missing.NOT_APPLICABLE, f"{below} is 0"), denominator=True)
        return over / under

    return divide


def _compile_truth(node: ast.expr, groups: dict[str, tuple[str, ...]], text: str) -> _Logic:
    match node:
        case ast.BoolOp(op=op, values=nodes):
            parts = [_compile_truth(part, groups, text) for part in nodes]
            return _compile_joined(isinstance(op, ast.Or), parts)
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _compile_comparison(op, left, right, groups, text)
    raise _refuse(node, text)


def _compile_joined(decisive: bool, parts: list[_Logic]) -> _Logic:
    """Join by ``or`` (a true part decides) or by ``and`` (a false part decides)."""

    def joined(values: Values) -> bool | Absent:
        found = [part(values) for part in parts]
        if any(part is decisive for part in found):
            return decisive
        return next((part for part in found if isinstance(part, Absent)), not decisive)

    return joined


def _compile_comparison(
    op: ast.cmpop, left: ast.expr, right: ast.expr, groups: dict[str, tuple[str, ...]], text: str
) -> _Logic:
    compare = COMPARISONS.get(type(op))
    if compare is None:
        raise CatalogError(f"the formula {text!r} compares with a sign that is not one of < <= > >= ==")
    match left:
        case ast.Call(func=ast.Name(id="every"), args=[_, *_] as args, keywords=[]):
            parts = _compile_arguments(args, groups, text)
        case _:
            parts = [_compile_number(left, groups, text)]
    under = _compile_number(right, groups, text)
    return _compile_joined(False, [_compile_compared(part, compare, under) for part in parts])


def _compile_compared(
    over: _Arithmetic, compare: Callable[[float, float], bool], under: _Arithmetic
) -> _Logic:
    def compared(values: Values) -> bool | Absent:
        try:
            return compare(over(values), under(values))
        except _NoValueError as stop:
            return stop.absent

    return compared


def _look_up(name: str, values: Values) -> float:
    value = values.get(name, Missing.NOT_RECORDED)
    if isinstance(value, Missing):
        raise _NoValueError(Absent(value, f"{name}: {value}"))
    return value
