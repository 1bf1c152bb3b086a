"""The only place that rounds: numbers as they are printed (APA style, seventh edition).

Every function takes None for "there is no value" and gives an en dash. The minus sign is the
typographic one; ``minus="-"`` gives plain text for files that other software reads.
"""

from __future__ import annotations

import math

NOTHING = "–"
MINUS = "−"
_SMALLEST_P = 0.001
_NOTHING_AT_ALL = 1e-12
_MOST_DIGITS = 6


def number(value: float | None, digits: int = 2, *, minus: str = MINUS) -> str:
    """Print a number that may exceed 1, with its leading zero: ``3.42``, ``−0.57``.

    Parameters
    ----------
    value : float or None
        The unrounded value.
    digits : int
        Digits after the point.
    minus : str
        The minus sign to print.

    Returns
    -------
    str
    """
    if value is None or math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return "∞" if value > 0 else f"{minus}∞"
    text = f"{abs(value):,.{digits}f}"
    negative = value < 0 and any(c in "123456789" for c in text)
    return f"{minus}{text}" if negative else text


def correlation(value: float | None, digits: int = 3, *, minus: str = MINUS) -> str:
    """Print a correlation without a leading zero: ``.377``, ``−.429``, ``1.00``.

    A value that rounds to zero or to one keeps two digits (``.00``, ``1.00``): more digits
    would promise an exactness that is not there.

    Parameters
    ----------
    value : float or None
        The unrounded coefficient. A disattenuated one may exceed 1.
    digits : int
        Digits after the point.
    minus : str
        The minus sign to print.

    Returns
    -------
    str
    """
    if value is None or math.isnan(value):
        return NOTHING
    text = f"{abs(value):.{digits}f}"
    if float(text) in (0.0, 1.0):
        text = f"{float(text):.{min(digits, 2)}f}"
    sign = minus if value < 0 and float(text) != 0 else ""
    return sign + text.removeprefix("0") if digits else sign + text


def _limit(value: float | None, digits: int, minus: str) -> str:
    """Print one limit, with as many digits as it takes to show on which side of zero it lies."""
    if value is None or math.isnan(value):
        return NOTHING
    while value and digits < _MOST_DIGITS and float(f"{value:.{digits}f}") == 0:
        digits += 1
    return correlation(value, digits, minus=minus)


def interval(
    low: float | None, high: float | None, digits: int = 2, *, minus: str = MINUS, brackets: bool = True
) -> str:
    """Print an interval of a correlation: ``[.08, .62]``, or ``.08, .62`` without brackets.

    A limit close to zero gets more digits, so that one always sees whether zero lies inside.

    Parameters
    ----------
    low, high : float or None
        The unrounded limits; None for both when there is no interval.
    digits : int
        Digits after the point.
    minus : str
        The minus sign to print.
    brackets : bool
        Whether square brackets stand around it.

    Returns
    -------
    str
    """
    if low is None or high is None:
        return NOTHING
    text = f"{_limit(low, digits, minus)}, {_limit(high, digits, minus)}"
    return f"[{text}]" if brackets else text


def span(low: float | None, high: float | None, line: float = 0.0, *, brackets: bool = True) -> str:
    """Print an interval in the unit of a scale: ``[−0.10, 0.42]``.

    A limit close to `line` gets more digits, so that one always sees whether the line lies inside.

    Parameters
    ----------
    low, high : float or None
        The unrounded limits; None for both when there is no interval.
    line : float
        The value that means "no difference": 0 for a difference, 1 for a ratio.
    brackets : bool
        Whether square brackets stand around it.

    Returns
    -------
    str
    """
    if low is None or high is None:
        return NOTHING
    shown = []
    for limit in (low, high):
        # What sums leave behind of an exact 0 is no side of the line.
        if abs(limit - line) < _NOTHING_AT_ALL:
            limit = line  # noqa: PLW2901
        digits = 2
        while limit != line and digits < _MOST_DIGITS and float(f"{limit:.{digits}f}") == line:
            digits += 1
        shown.append(number(limit, digits))
    text = ", ".join(shown)
    return f"[{text}]" if brackets else text


def p_value(p: float | None, alpha: float = 0.05) -> str:
    """Print an exact p: ``.013``, ``< .001``, ``> .999``; never ``.000``.

    Rounding never carries a p over the line: .0496 stays ``.0496`` when alpha is .05, so that
    a star and the printed p cannot contradict each other.

    Parameters
    ----------
    p : float or None
        The unrounded probability, between 0 and 1.
    alpha : float
        The line that p is held against.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        When p is not a probability.
    """
    if p is None or math.isnan(p):
        return NOTHING
    if not -1e-12 <= p <= 1 + 1e-12:
        raise ValueError(f"{p!r} is not a probability")
    if p < _SMALLEST_P:
        return "< .001"
    if p >= 0.9995:
        return "> .999"
    for digits in range(3, _MOST_DIGITS + 1):
        text = f"{p:.{digits}f}"
        if (float(text) < alpha) == (p < alpha):
            return text.removeprefix("0")
    line = f"{alpha:g}".removeprefix("0")
    return f"< {line}" if p < alpha else line


def p_statement(p: float | None, alpha: float = 0.05) -> str:
    """Print p as it stands in a sentence, after the letter: ``= .013``, ``< .001``."""
    text = p_value(p, alpha)
    return text if text[0] in "<>" else f"= {text}"


def level(share: float) -> str:
    """Print a confidence level: ``95%``, ``97.5%``."""
    return f"{100 * share:.4g}%"


def threshold(value: float) -> str:
    """Print a declared line such as alpha or the smallest effect, as given: ``.05``, ``.30``."""
    text = f"{value:.2f}"
    if float(text) != value:
        text = f"{value:.6g}"
    return text.removeprefix("0")


def percent(share: float | None, digits: int = 0) -> str:
    """Print a share of 0 to 1 as a percentage: ``58%``."""
    return NOTHING if share is None or math.isnan(share) else f"{100 * share:.{digits}f}%"


def count(n: int | None) -> str:
    """Print a count with thousands apart: ``10,000``."""
    return NOTHING if n is None else f"{n:,d}"


def plain(value: float | None, digits: int = 2, *, minus: str = MINUS) -> str:
    """Print a number without needless zeros, for values of a scale: ``4``, ``3.5``."""
    text = number(value, digits, minus=minus)
    return text.rstrip("0").rstrip(".") if "." in text else text


def bayes_factor(value: float | None) -> str:
    """Print a Bayes factor with about three figures: ``0.21``, ``12.4``, ``> 1,000``."""
    if value is None or math.isnan(value):
        return NOTHING
    if value > 1000:
        return "> 1,000"
    if value < 0.001:
        return "< 0.001"
    digits = 3 if value < 0.01 else 2 if value < 10 else 1 if value < 100 else 0
    return number(value, digits)
