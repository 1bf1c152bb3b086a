"""Times as other programs write them, exact to the last digit they hold.

Seconds go to text by way of decimals, so that 59.9999 s becomes ``00:01:00.000`` and never ``00:00:60.000``.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

_CLOCK = re.compile(r"(?:(\d{1,6}):)?(\d{1,2}):(\d{2})(?:([.,])(\d{1,9}))?")


def decimal_of(seconds: float) -> Decimal:
    """Return the shortest decimal that stands for this float."""
    return Decimal(repr(float(seconds)))


def plain(seconds: float) -> str:
    """Write seconds without an exponent, with every digit that the float needs."""
    text = format(decimal_of(seconds), "f")
    return text[:-2] if text.endswith(".0") else text


def milliseconds(seconds: float) -> int:
    """Return the nearest whole millisecond, for formats that hold no more."""
    return int((decimal_of(seconds) * 1000).to_integral_value(ROUND_HALF_EVEN))


def span_in_milliseconds(start: float, end: float) -> tuple[int, int]:
    """Return a stretch in whole milliseconds; one that would vanish gets one millisecond."""
    first = milliseconds(start)
    return first, max(milliseconds(end), first + 1)


def clock(ms: int, mark: str = ".", hour_digits: int = 2) -> str:
    """Write milliseconds as ``HH:MM:SS.mmm``.

    Parameters
    ----------
    ms : int
        Milliseconds from the start of the tape.
    mark : str
        The decimal mark: ``"."`` in WebVTT, ``","`` in SRT.
    hour_digits : int
        Least number of digits of the hours.
    """
    minutes, rest = divmod(ms, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:0{hour_digits}d}:{minutes:02d}:{rest // 1000:02d}{mark}{rest % 1000:03d}"


def from_clock(text: str, marks: str = ".", digits: int = 3) -> float | None:
    """Read ``[H:]MM:SS.mmm``.

    Parameters
    ----------
    text : str
    marks : str
        The decimal marks that are allowed.
    digits : int
        Digits behind the mark; 0 where there is neither.

    Returns
    -------
    float or None
        Seconds; None where the text is no such time.
    """
    found = _CLOCK.fullmatch(text)
    if found is None:
        return None
    hours, minutes, seconds, mark, fraction = found.groups()
    if int(minutes) > 59 or int(seconds) > 59 or len(fraction or "") != digits:
        return None
    if digits and mark not in marks:
        return None
    whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    return float(Decimal(f"{whole}.{fraction or 0}"))


def number(text: str) -> Decimal | None:
    """Read a finite decimal number; None where the text is none."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None
