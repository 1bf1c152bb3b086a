"""Read English numbers in words: cardinals and ordinals below a million."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Number(NamedTuple):
    """A number that was read.

    Attributes
    ----------
    value : int
    end : int
        Place after its last word.
    ordinal : bool
        Whether it ends like ``first``.
    """

    value: int
    end: int
    ordinal: bool

    @property
    def digits(self) -> str:
        """The number in digits: ``21``, ``21st``."""
        if not self.ordinal:
            return str(self.value)
        teens = self.value % 100 in {11, 12, 13}
        return f"{self.value}{'th' if teens else _ENDINGS.get(self.value % 10, 'th')}"


def _counted(words: str, start: int, step: int = 1) -> dict[str, int]:
    return {word: start + step * i for i, word in enumerate(words.split())}


_ENDINGS = {1: "st", 2: "nd", 3: "rd"}
_UNITS = _counted("one two three four five six seven eight nine", 1)
_ORDINAL_UNITS = _counted("first second third fourth fifth sixth seventh eighth ninth", 1)
_TENS = _counted("twenty thirty forty fifty sixty seventy eighty ninety", 20, 10)
_CARDINALS = (
    {"zero": 0}
    | _UNITS
    | _counted("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen", 10)
    | _TENS
)
_ORDINALS = (
    _ORDINAL_UNITS
    | _counted(
        "tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth",
        10,
    )
    | _counted("twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth", 20, 10)
)
_MULTIPLES = frozenset({"hundred", "hundredth", "thousand", "thousandth"})


def read_number(words: Sequence[str], at: int = 0) -> Number | None:
    """Read the longest number that begins at a word.

    Parameters
    ----------
    words : sequence of str
        In lower case, without hyphens.
    at : int
        Where the number begins.

    Returns
    -------
    Number or None
        None where no number begins. ``hundred`` or ``thousand`` alone is none; after ``a`` it is.
    """
    read = _with_hundreds(words, _head(words, at))
    if read is None or read.ordinal or not 0 < read.value < 1000 or not _word(words, read.end, "thousand"):
        return read
    read = Number(1000 * read.value, read.end + 1, words[read.end] == "thousandth")
    start = read.end + (_at(words, read.end) == "and")
    rest = None if read.ordinal else _with_hundreds(words, _below_hundred(words, start))
    if rest is None or not 0 < rest.value < 1000:
        return read
    return Number(read.value + rest.value, rest.end, rest.ordinal)


def _at(words: Sequence[str], place: int) -> str:
    return words[place] if place < len(words) else ""


def _word(words: Sequence[str], place: int, multiple: str) -> bool:
    return _at(words, place) in {multiple, f"{multiple}th"}


def _head(words: Sequence[str], at: int) -> Number | None:
    """Read what can stand before ``hundred`` or ``thousand``, or alone."""
    first = _at(words, at)
    if _at(words, at + 1) in _MULTIPLES:
        if first == "a":
            return Number(1, at + 1, False)
        if first.isdecimal() and first.isascii() and len(first) <= 3:
            return Number(int(first), at + 1, False)
    return _below_hundred(words, at)


def _with_hundreds(words: Sequence[str], head: Number | None) -> Number | None:
    """Go on from a head over ``hundred`` and what follows it."""
    if head is None or head.ordinal or not 0 < head.value < 100 or not _word(words, head.end, "hundred"):
        return head
    read = Number(100 * head.value, head.end + 1, words[head.end] == "hundredth")
    start = read.end + (_at(words, read.end) == "and")
    rest = None if read.ordinal else _below_hundred(words, start)
    if rest is None or rest.value == 0:
        return read
    return Number(read.value + rest.value, rest.end, rest.ordinal)


def _below_hundred(words: Sequence[str], at: int) -> Number | None:
    first, second = _at(words, at), _at(words, at + 1)
    if first in _TENS and second in _UNITS:
        return Number(_TENS[first] + _UNITS[second], at + 2, False)
    if first in _TENS and second in _ORDINAL_UNITS:
        return Number(_TENS[first] + _ORDINAL_UNITS[second], at + 2, True)
    if first in _CARDINALS:
        return Number(_CARDINALS[first], at + 1, False)
    if first in _ORDINALS:
        return Number(_ORDINALS[first], at + 1, True)
    return None
