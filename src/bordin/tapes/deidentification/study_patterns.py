r"""Regular expressions from a study's own file, in a form that cannot run away.

A free regular expression can take years on one line. So only a part of the language is allowed, and the work
is counted before the expression is ever used:

- letters and signs, escaped signs, ``\d \w \s \b``, ``.``, sets such as ``[A-Z0-9]``, groups ``( )``, ``|``;
- repeats that say how often at most: ``?``, ``{3}``, ``{1,10}``. ``*``, ``+`` and ``{2,}`` are refused;
- no look-around, no back reference, no inline option.

The ways in which such an expression can match from one place are finite and can be counted; more than
`MOST_WAYS` are refused. The time for a turn is then at most proportional to its length.
"""

from __future__ import annotations

import re
import warnings

from bordin.errors import Problem, TapeError
from bordin.tapes.deidentification.turn_text import HIDDEN

MOST_LETTERS = 200
MOST_WAYS = 2_000
MOST_REPEATS = 100
_ESCAPES = "dDwWsSb"
_HINT = r"Allowed are letters, sets such as [A-Z], \d, groups and repeats with a limit such as \d{1,10}."
_REPEAT = re.compile(r"\{(\d{1,4})(?:,(\d{1,4}))?\}")


def compiled(expression: str, file: str | None = None, line: int | None = None) -> re.Pattern[str]:
    """Compile a study's own expression after checking it.

    Parameters
    ----------
    expression : str
        Without the slashes around it.
    file, line : optional
        Where it stands, for the error.

    Returns
    -------
    re.Pattern
        It takes capital and small letters for the same.

    Raises
    ------
    TapeError
        When it is invalid, not of the allowed part of the language, too costly, or matches nothing at all.
    """

    def refuse(why: str) -> TapeError:
        return TapeError(Problem(f"the regular expression {why}.", file, line, "text", _HINT))

    if not expression.strip():
        raise refuse("is empty")
    if len(expression) > MOST_LETTERS:
        raise refuse(f"has {len(expression)} letters; at most {MOST_LETTERS} are allowed")
    try:
        with warnings.catch_warnings():
            # A set such as [[:alpha:]] would not mean what it says.
            warnings.simplefilter("error", FutureWarning)
            pattern = re.compile(expression, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError, FutureWarning) as error:
        raise refuse(f"is not valid ({getattr(error, 'msg', error)})") from None
    try:
        ways = _Count(expression).ways()
    except _NotAllowed as error:
        raise refuse(str(error)) from None
    if ways > MOST_WAYS:
        raise refuse(f"can match in more than {MOST_WAYS} ways from one place, which could take very long")
    samples = [pattern.search(text) for text in ("", "a", "1", "a b", " ")]
    if any(m is not None and not m[0].strip() for m in samples) or pattern.fullmatch(HIDDEN):
        raise refuse("also matches where there is no word")
    return pattern


class _NotAllowed(ValueError):
    """What the checked part of the language does not have."""


class _Count:
    """Counts the ways in which an expression can match from one place.

    A sequence multiplies the ways of its parts, an alternative adds them, a repeat from m to n times adds
    the ways of each number of times. `re.compile` has accepted the expression before.
    """

    def __init__(self, expression: str) -> None:
        self.rest = expression
        self.at = 0

    def ways(self) -> int:
        """Return the number for the whole expression."""
        return self._choice()

    def _peek(self) -> str:
        return self.rest[self.at : self.at + 1]

    def _choice(self) -> int:
        total = self._sequence()
        while self._peek() == "|":
            self.at += 1
            total += self._sequence()
        return total

    def _sequence(self) -> int:
        total = 1
        while self._peek() not in ("", "|", ")"):
            # Cut off, so that no number grows without end.
            total = min(total * self._repeated(self._atom()), MOST_WAYS + 1)
        return total

    def _atom(self) -> int:
        sign = self._peek()
        self.at += 1
        if sign == "(":
            if self._peek() == "?" and self.rest[self.at : self.at + 2] != "?:":
                raise _NotAllowed("has a look-around, an option or a named group")
            self.at += 2 * (self._peek() == "?")
            inside = self._choice()
            self.at += 1
            return inside
        if sign == "[":
            self._set()
        elif sign == "\\":
            escaped = self._peek()
            self.at += 1
            if escaped.isalnum() and escaped not in _ESCAPES:
                raise _NotAllowed(f"has the escape \\{escaped}")
        return 1

    def _set(self) -> None:
        self.at += self._peek() == "^"
        self.at += self._peek() == "]"
        while self._peek() != "]":
            self.at += 2 if self._peek() == "\\" else 1
        self.at += 1

    def _repeated(self, once: int) -> int:
        total = once
        while self._peek() in ("?", "*", "+", "{"):
            if self._peek() in ("*", "+"):
                raise _NotAllowed(f"has a repeat without a limit ({self._peek()})")
            if self._peek() == "?":
                self.at += 1
                least, most = 0, 1
            else:
                match = _REPEAT.match(self.rest, self.at)
                if match is None:
                    raise _NotAllowed("has a repeat without a limit, or a bare {")
                self.at = match.end()
                least = int(match[1])
                most = int(match[2] or match[1])
                if most > MOST_REPEATS:
                    raise _NotAllowed(f"repeats something more than {MOST_REPEATS} times")
            total = min(sum(min(total, MOST_WAYS + 1) ** k for k in range(least, most + 1)), MOST_WAYS + 1)
        return total
