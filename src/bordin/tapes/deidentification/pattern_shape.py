"""The shape of a pattern, and what several tables of patterns are made of."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

ONES = "(?:one|two|three|four|five|six|seven|eight|nine)"
TEENS = "(?:ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen)"
TENS = "(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
DIGIT = rf"(?:zero|nought|naught|oh|o|{ONES}|\d)"
# Where a domain may end without www. before it: not "at", "is" or "it", which follow a forgotten blank too.
DOMAIN_END = r"(?:com|org|net|edu|gov|info|io|(?:co|ac|org|nhs|gov)\.uk)"
UNITS = (
    "(?:minutes?|hours?|miles?|days?|weeks?|months?|years?|seconds?|metres?|meters?|blocks?|kilometres?|km|people"
    "|times|percent|per|lane|way)"
)


@dataclass(frozen=True)
class Pattern:
    """One form of identifier.

    Attributes
    ----------
    name : str
        What it is, as the reason of a proposal says it.
    kind : str
        One of the kinds of a proposal.
    confidence : float
        0 to 1; an order for the reviewer.
    expression : re.Pattern
        Its group ``it``, where it has one, is what identifies; the rest is the hint beside it.
    examples : tuple of str
        What it finds; a test reads them.
    others : tuple of str
        What it leaves alone.
    check : callable or None
        Takes the found text; false means that it is none.
    """

    name: str
    kind: str
    confidence: float
    expression: re.Pattern[str]
    examples: tuple[str, ...]
    others: tuple[str, ...] = ()
    check: Callable[[str], bool] | None = None


def any_case(expression: str) -> re.Pattern[str]:
    """Compile an expression that takes capital and small letters for the same."""
    return re.compile(expression, re.IGNORECASE)


def as_written(expression: str) -> re.Pattern[str]:
    """Compile an expression that tells capital from small letters."""
    return re.compile(expression)


def digit_run(least: int, most: int) -> str:
    """Return the expression of so many digits in a row, said or written one by one."""
    one = rf"(?:(?:double|triple|treble)[ -])?{DIGIT}"
    return rf"{one}(?:,? {one}|-{one}){{{least - 1},{most - 1}}}"
