"""Single cells of a published table: whether the printed p follows from the printed r and N.

Both were rounded, so both are intervals: the true r lies within half a unit of its last digit, and
so does p. The p of every r of the first interval lie between two limits, because p falls as abs(r)
grows. A cell is consistent when those limits and the interval of the printed p overlap.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import isclose, sqrt
from typing import Literal

from bordin.association.distributions import p_of_correlation, p_of_normal
from bordin.association.fisher import fisher_interval
from bordin.estimate import Interval
from bordin.study.printed_table import PrintedCell, PrintedValue

SMALLEST_N, GREATEST_N = 4, 10_000
# Far below any printed digit, far above the error of a tail probability.
_EQUAL = 1e-12

TestName = Literal["t", "kendall", "other tails"]
SlipKind = Literal["decimal", "sign", "digits"]
Flag = Literal[
    "p does not follow from r",
    "p printed as zero",
    "star without p below alpha",
    "p below alpha without star",
    "fits other tails",
    "fits Kendall",
]


@dataclass(frozen=True)
class Range:
    """A closed range of p values."""

    low: float
    high: float

    def overlaps(self, other: Range) -> bool:
        """Tell whether both ranges have a value in common."""
        return self.low <= other.high + _EQUAL and other.low <= self.high + _EQUAL


@dataclass(frozen=True)
class Slip:
    """A slip of the pen that would explain why r and p do not fit.

    Attributes
    ----------
    kind : str
        ``"decimal"`` (point shifted by one place), ``"digits"`` (two neighbors swapped) or
        ``"sign"`` (a one-tailed p of the other direction).
    of : str
        ``"r"`` or ``"p"``.
    printed, meant : str
    """

    kind: SlipKind
    of: Literal["r", "p"]
    printed: str
    meant: str


@dataclass(frozen=True)
class CheckedCell:
    """A printed cell with what was recomputed.

    Attributes
    ----------
    printed : PrintedCell
    n : int or None
        Number of cases used; None when it is not known.
    p : float or None
        By the stated tails: recomputed at the printed r; the printed p when n is not known.
    p_range : Range or None
        Recomputed p over the rounding of r.
    consistent : bool or None
        Whether r and p fit; None when one of them or n is not known.
    fits : dict of str to bool
        Whether they would fit by t, by Kendall, by t with the other number of tails.
    star_ok : bool or None
        Whether the star agrees with p; None when the table has no stars or p is not known.
    bonett_wright, fisher : Interval or None
        Intervals of r as a Spearman and as a Pearson correlation.
    flags : tuple of str
        What a reader should look at.
    slip : Slip or None
        The only slip that explains an inconsistent cell.
    p_holm, p_bh : float or None
        p adjusted over the printed cells.
    """

    printed: PrintedCell
    n: int | None
    p: float | None
    p_range: Range | None
    consistent: bool | None
    fits: dict[TestName, bool]
    star_ok: bool | None
    bonett_wright: Interval | None
    fisher: Interval | None
    flags: tuple[Flag, ...]
    slip: Slip | None
    p_holm: float | None = None
    p_bh: float | None = None

    @property
    def r(self) -> float | None:
        """The printed correlation."""
        return self.printed.r.value if self.printed.r is not None else None

    def known_range(self, alpha: float) -> Range | None:
        """Return the range in which p lies: recomputed, else as printed; None when neither is known."""
        if self.p_range is not None or self.printed.p is None:
            return self.p_range
        return printed_range(self.printed.p, alpha)


def check_cell(cell: PrintedCell, n: int | None, *, alpha: float, tails: int, has_stars: bool) -> CheckedCell:
    """Recompute one cell.

    Parameters
    ----------
    cell : PrintedCell
    n : int or None
        Number of cases; the one printed in the cell goes before it.
    alpha : float
        The line that stars stand for; intervals have the level 1 - alpha.
    tails : int
        2 or 1.
    has_stars : bool
        Whether the table marks cells with stars.
    """
    n = cell.n or n
    value = cell.r.value if cell.r is not None else None
    tests: tuple[TestName, ...] = ("t", "kendall", "other tails")
    known = {} if n is None else {test: follows(cell, n, test, tails, alpha) for test in tests}
    fits = {test: found for test, found in known.items() if found is not None}
    consistent = fits.get("t")
    p, limits, slip = _printed_p(cell), None, None
    bonett_wright = fisher = None
    if n is not None and cell.r is not None and value is not None:
        p, limits = p_by_t(value, n) * tails / 2, p_range(cell.r, n, tails)
        bonett_wright = fisher_interval("spearman", "Bonett-Wright", value, n, 1 - alpha)
        fisher = fisher_interval("pearson", "Fisher", value, n, 1 - alpha)
        if consistent is False and not fits["kendall"] and not fits["other tails"]:
            slip = only_slip(cell, n, tails, alpha)
    star_ok = _star_ok(cell, limits, alpha) if has_stars else None
    return CheckedCell(
        printed=cell,
        n=n,
        p=p,
        p_range=limits,
        consistent=consistent,
        fits=fits,
        star_ok=star_ok,
        bonett_wright=bonett_wright,
        fisher=fisher,
        flags=_flags(cell, fits, star_ok),
        slip=slip,
    )


def _printed_p(cell: PrintedCell) -> float | None:
    """Return a printed p to count with: the bound for "< .001", None for "ns" and "> .05"."""
    if cell.p is None or cell.p.relation in (">", "ns"):
        return None
    return cell.p.value


def _star_ok(cell: PrintedCell, limits: Range | None, alpha: float) -> bool | None:
    """Hold a star against the recomputed p, and where its rounding leaves it open, the printed one."""
    known = limits
    if cell.p is not None and (known is None or known.low < alpha <= known.high):
        known = printed_range(cell.p, alpha)
    if known is None:
        return None
    return known.low < alpha if cell.star else known.high >= alpha


def _flags(cell: PrintedCell, fits: dict[TestName, bool], star_ok: bool | None) -> tuple[Flag, ...]:
    flags: list[Flag] = []
    if fits.get("t") is False:
        flags.append("p does not follow from r")
        if fits["other tails"]:
            flags.append("fits other tails")
        if fits["kendall"]:
            flags.append("fits Kendall")
    if cell.p is not None and cell.p.value == 0 and cell.p.relation == "=":
        flags.append("p printed as zero")
    if star_ok is False:
        flags.append("star without p below alpha" if cell.star else "p below alpha without star")
    return tuple(flags)


def p_by_t(r: float, n: int) -> float:
    """Two-tailed p of Pearson's r or Spearman's rho by Student's t."""
    return p_of_correlation(r, n - 2)


def p_by_kendall(tau: float, n: int) -> float:
    """Two-tailed p of Kendall's tau by the normal approximation without ties.

    Notes
    -----
    Ties, which a printed table does not show, make the true p larger or smaller by little: the
    variance of tau-b under independence is close to that without ties.
    """
    return p_of_normal(abs(tau) / sqrt(2 * (2 * n + 5) / (9 * n * (n - 1))))


def p_range(r: PrintedValue, n: int, tails: int = 2, p_of: Callable[[float, int], float] = p_by_t) -> Range:
    """Limits of p over all r that are printed as this one.

    Parameters
    ----------
    r : PrintedValue
        With a value.
    n : int
        Number of cases, at least 4.
    tails : int
        2, or 1 for half of it.
    p_of : callable
        Two-tailed p of a coefficient and n.
    """
    size = abs(r.value or 0.0)
    low, high = max(0.0, size - r.half_unit), min(1.0, size + r.half_unit)
    return Range(p_of(high, n) * tails / 2, p_of(low, n) * tails / 2)


def printed_range(p: PrintedValue, alpha: float) -> Range:
    """Limits of the p that is printed: by its rounding, or by ``<``, ``>`` and ``ns``."""
    if p.value is None:
        return Range(alpha, 1.0)
    if p.relation == "<":
        return Range(0.0, p.value)
    if p.relation == ">":
        return Range(p.value, 1.0)
    return Range(max(0.0, p.value - p.half_unit), min(1.0, p.value + p.half_unit))


def follows(cell: PrintedCell, n: int, test: TestName, tails: int, alpha: float) -> bool | None:
    """Tell whether the printed p of a cell follows from its r by a test; None without both.

    Parameters
    ----------
    cell : PrintedCell
    n : int
        Number of cases.
    test : str
        ``"t"`` (Pearson, Spearman), ``"kendall"``, or ``"other tails"``: t with one tail where two are
        stated, and the other way round.
    tails : int
        Tails that the table states.
    alpha : float
        What ``ns`` is held against.
    """
    if cell.r is None or cell.p is None:
        return None
    used = 3 - tails if test == "other tails" else tails
    p_of = p_by_kendall if test == "kendall" else p_by_t
    return p_range(cell.r, n, used, p_of).overlaps(printed_range(cell.p, alpha))


def fitting_n(
    cell: PrintedCell, test: TestName, tails: int, alpha: float, limits: tuple[int, int]
) -> range | None:
    """Numbers of cases at which the printed p follows from r.

    For a given r, p falls as n grows; so the lower limit of p meets the printed range from some n on,
    and the upper limit up to some n. Both are found by halving.

    Returns
    -------
    range or None
        Empty when there is none; None when r or p is not printed.
    """
    if cell.r is None or cell.p is None:
        return None
    r, printed = cell.r, printed_range(cell.p, alpha)
    used = 3 - tails if test == "other tails" else tails
    p_of = p_by_kendall if test == "kendall" else p_by_t
    low, high = limits
    first = _first(lambda n: p_range(r, n, used, p_of).low <= printed.high + _EQUAL, low, high)
    beyond = _first(lambda n: p_range(r, n, used, p_of).high < printed.low - _EQUAL, low, high)
    return range(first, max(first, beyond))


def _first(holds: Callable[[int], bool], low: int, high: int) -> int:
    """Return the first number from which a condition holds; one beyond the last when it never does."""
    high += 1
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low


def best_n(fitting: Sequence[range]) -> tuple[int, list[int]]:
    """Numbers of cases that fit the most cells.

    Parameters
    ----------
    fitting : sequence of range
        What :func:`fitting_n` gave for each cell.

    Returns
    -------
    n_cells : int
        How many cells they fit.
    numbers : list of int
        All n that fit so many.
    """
    change: Counter[int] = Counter()
    for found in fitting:
        if found:
            change[found.start] += 1
            change[found.stop] -= 1
    most, fitted, numbers = 0, 0, list[int]()
    ends = sorted(change)
    for start, stop in pairwise(ends):
        fitted += change[start]
        if fitted > most:
            most, numbers = fitted, []
        if fitted == most and most:
            numbers += range(start, stop)
    return most, numbers


def only_slip(cell: PrintedCell, n: int, tails: int, alpha: float) -> Slip | None:
    """Name the slip that would explain a cell whose r and p do not fit, when exactly one does.

    Parameters
    ----------
    cell : PrintedCell
        Inconsistent.
    n, tails, alpha : int, int, float
        As in :func:`follows`.
    """
    if cell.r is None or cell.p is None:
        return None
    found: list[Slip] = []
    for kind, meant in _altered(cell.p, most=1.0):
        if follows(replace(cell, p=meant), n, "t", tails, alpha):
            found.append(Slip(kind, "p", cell.p.text, meant.text))
    for kind, meant in _altered(cell.r, most=1.0):
        if follows(replace(cell, r=meant), n, "t", tails, alpha):
            found.append(Slip(kind, "r", cell.r.text, meant.text))
    p = cell.p
    if tails == 1 and p.value is not None and p.relation == "=":
        other = replace(p, value=1 - p.value, text=f"{1 - p.value:.{p.digits}f}".removeprefix("0"))
        if follows(replace(cell, p=other), n, "t", tails, alpha):
            found.append(Slip("sign", "p", p.text, other.text))
    return found[0] if len(found) == 1 else None


def _altered(printed: PrintedValue, most: float) -> Iterator[tuple[SlipKind, PrintedValue]]:
    """Give what may have been meant: the point one place off, or two neighboring digits swapped."""
    if printed.value is None:
        return
    sign, size = ("-" if printed.value < 0 else ""), abs(printed.value)
    seen = {size}
    for digits, value in ((printed.digits - 1, size * 10), (printed.digits + 1, size / 10)):
        if size and 0 <= value <= most and digits >= 0:
            seen.add(value)
            yield "decimal", _value(sign, value, digits, printed)
    if printed.relation != "=" or size >= 1:
        return
    shown = f"{size:.{printed.digits}f}"[2:]
    for k in range(len(shown) - 1):
        value = float(f"0.{shown[:k]}{shown[k + 1]}{shown[k]}{shown[k + 2 :]}")
        if not any(isclose(value, other) for other in seen):
            seen.add(value)
            yield "digits", _value(sign, value, printed.digits, printed)


def _value(sign: str, size: float, digits: int, printed: PrintedValue) -> PrintedValue:
    text = f"{sign}{f'{size:.{digits}f}'.removeprefix('0')}"
    return PrintedValue(text, float(f"{sign}{size}"), digits, printed.relation)
