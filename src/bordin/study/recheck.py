"""Rechecking a published correlation table from nothing but what is printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bordin.association.detectable import smallest_detectable
from bordin.association.multiplicity import adjust
from bordin.errors import AnalysisError
from bordin.study.printed_table import PrintedTable
from bordin.study.recheck_cells import (
    GREATEST_N,
    SMALLEST_N,
    CheckedCell,
    TestName,
    best_n,
    check_cell,
    fitting_n,
)
from bordin.study.recheck_claims import Claim, JudgedClaim, judge
from bordin.study.recheck_matrix import MatrixCheck, check_matrix

NSource = Literal["given", "printed", "fits all cells", "fits most cells", "not known"]
TESTS: tuple[TestName, ...] = ("t", "kendall", "other tails")
# A matrix of so many variables is checked within seconds.
MOST_VARIABLES = 60


@dataclass(frozen=True)
class FitOfTest:
    """How one test fits the whole table.

    Attributes
    ----------
    test : str
        ``"t"``, ``"kendall"`` or ``"other tails"``.
    n_fitting : int
        Cells whose printed p follows by it, at the n used.
    n_cells : int
        Cells with r, p and n.
    most : int
        Cells that it fits at the best of all n.
    numbers : tuple of int
        The n that fit so many cells.
    """

    test: TestName
    n_fitting: int
    n_cells: int
    most: int
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class WholeTable:
    """What holds of the table as a whole.

    Attributes
    ----------
    n : int or None
        Number of cases used for cells that print none.
    n_source : str
        Where it comes from: given, printed in the cells, or found because it is the only one that fits all
        (or most) cells.
    n_fits : tuple of int
        Every n from 4 to 10,000 at which each printed p follows from its r.
    n_tests : int
        Printed correlations.
    starred : int
    below_alpha : int
        Cells with p below alpha.
    holm, bh : int
        Those that stay below it, adjusted over the printed cells.
    family : int or None
        Tests that the text implies.
    holm_family, bh_family : int or None
        Cells that stay below alpha when all of these count and the unprinted p are large.
    expected_false_positives : float
        alpha times the tests (of the family, where it is given).
    smallest_detectable : float or None
        Smallest abs(r) that is below alpha at this n.
    tests : tuple of FitOfTest
    matrix : MatrixCheck or None
        For a square table.
    """

    n: int | None
    n_source: NSource
    n_fits: tuple[int, ...]
    n_tests: int
    starred: int
    below_alpha: int
    holm: int
    bh: int
    family: int | None
    holm_family: int | None
    bh_family: int | None
    expected_false_positives: float
    smallest_detectable: float | None
    tests: tuple[FitOfTest, ...]
    matrix: MatrixCheck | None


@dataclass(frozen=True)
class Recheck:
    """A rechecked table.

    Attributes
    ----------
    printed : PrintedTable
    alpha : float
    tails : int
    cells : tuple of CheckedCell
    table : WholeTable
    claims : tuple of JudgedClaim
    """

    printed: PrintedTable
    alpha: float
    tails: int
    cells: tuple[CheckedCell, ...]
    table: WholeTable
    claims: tuple[JudgedClaim, ...]

    @property
    def inconsistent(self) -> tuple[CheckedCell, ...]:
        """Cells whose printed p does not follow from r."""
        return tuple(c for c in self.cells if c.consistent is False)

    @property
    def wrong_stars(self) -> tuple[CheckedCell, ...]:
        """Cells whose star disagrees with p."""
        return tuple(c for c in self.cells if c.star_ok is False)


def recheck(
    printed: PrintedTable,
    *,
    n: int | None = None,
    alpha: float = 0.05,
    tails: int = 2,
    family: int | None = None,
    claims: Sequence[Claim] = (),
) -> Recheck:
    """Recheck a published correlation table.

    Parameters
    ----------
    printed : PrintedTable
        What :func:`~bordin.study.printed_table.read_printed_table` returned.
    n : int or None
        Number of cases. When None, the one that fits the printed p is used, if there is only one.
    alpha : float
        The line that the stars stand for.
    tails : int
        Tails of the printed p: 2 or 1.
    family : int or None
        How many tests the text implies, printed or not.
    claims : sequence of Claim
        Sentences to hold against the cells.

    Returns
    -------
    Recheck

    Raises
    ------
    AnalysisError
        When n is below 4, alpha is not between 0 and 1, tails are not 1 or 2, or the family is smaller than
        the table.

    Notes
    -----
    Validated against scipy 1.17.1 (`stats.t`, `stats.norm`, `stats.false_discovery_control`) on the table of Daniels
    and Wearden (2011), Behavioural and Cognitive Psychotherapy 39, 221-227: fixture ``published-table1.csv``. All 21 p
    follow from their r at N = 43 alone, one star is wrong, Holm keeps 5 cells, Benjamini-Hochberg 9.
    """
    n_tests = sum(c.r is not None for c in printed.cells)
    _check_options(n, alpha, tails, family, n_tests)
    search = {test: _search(printed, test, tails, alpha) for test in TESTS}
    n_with_p = sum(c.r is not None and c.p is not None for c in printed.cells)
    most, numbers = search["t"]
    n_fits = tuple(numbers) if most == n_with_p else ()
    used, source = (n, "given") if n is not None else _found_n(printed, n_with_p, most, numbers)
    cells = _adjusted(
        [check_cell(c, used, alpha=alpha, tails=tails, has_stars=printed.has_stars) for c in printed.cells]
    )
    holm, bh = (_kept([c.p for c in cells], m, alpha, 0) for m in ("holm", "bh"))
    beyond = family - n_tests if family is not None else None
    in_family = [
        None if beyond is None else _kept([c.p for c in cells], m, alpha, beyond) for m in ("holm", "bh")
    ]
    whole = WholeTable(
        n=used,
        n_source=source,
        n_fits=n_fits,
        n_tests=n_tests,
        starred=sum(bool(c.printed.star) for c in cells),
        below_alpha=sum(c.p is not None and c.p < alpha for c in cells),
        holm=holm,
        bh=bh,
        family=family,
        holm_family=in_family[0],
        bh_family=in_family[1],
        expected_false_positives=alpha * (family or n_tests),
        smallest_detectable=smallest_detectable(used, alpha=2 * alpha / tails) if used else None,
        tests=tuple(_fit(test, cells, *search[test]) for test in TESTS),
        matrix=_matrix(printed),
    )
    return Recheck(printed, alpha, tails, cells, whole, judge(claims, printed, cells, alpha))


def _check_options(n: int | None, alpha: float, tails: int, family: int | None, n_tests: int) -> None:
    if n is not None and n < SMALLEST_N:
        raise AnalysisError(f"N is {n}; a correlation can be tested with {SMALLEST_N} cases or more.")
    if not 0 < alpha < 1:
        raise AnalysisError(f"alpha is {alpha}; give a number between 0 and 1, such as 0.05.")
    if tails not in (1, 2):
        raise AnalysisError(f"tails is {tails}; a test has 1 or 2.")
    if family is not None and family < n_tests:
        raise AnalysisError(
            f"The family has {family} tests, but the table prints {n_tests}; give all of them."
        )


def _search(printed: PrintedTable, test: TestName, tails: int, alpha: float) -> tuple[int, list[int]]:
    limits = (SMALLEST_N, GREATEST_N)
    found = (fitting_n(cell, test, tails, alpha, limits) for cell in printed.cells)
    return best_n([numbers for numbers in found if numbers is not None])


def _found_n(
    printed: PrintedTable, n_with_p: int, most: int, numbers: list[int]
) -> tuple[int | None, NSource]:
    """Choose the number of cases when none is given."""
    if all(c.n is not None for c in printed.cells):
        same = {c.n for c in printed.cells}
        return (same.pop() if len(same) == 1 else None), "printed"
    # One cell or two fit some n by chance; from three on, a single n is a finding.
    if len(numbers) == 1 and most >= 3 and 2 * most > n_with_p:
        return numbers[0], "fits all cells" if most == n_with_p else "fits most cells"
    return None, "not known"


def _adjusted(cells: list[CheckedCell]) -> tuple[CheckedCell, ...]:
    p = [c.p for c in cells]
    adjusted = zip(cells, adjust(p, "holm"), adjust(p, "bh"), strict=True)
    return tuple(replace(cell, p_holm=holm, p_bh=bh) for cell, holm, bh in adjusted)


def _kept(p: Sequence[float | None], method: str, alpha: float, beyond: int) -> int:
    """Count the p that stay below alpha, adjusted with `beyond` unprinted ones that are taken as 1."""
    adjusted = adjust([*p, *[1.0] * beyond], method)[: len(p)]
    return sum(value is not None and value < alpha for value in adjusted)


def _fit(test: TestName, cells: Sequence[CheckedCell], most: int, numbers: Sequence[int]) -> FitOfTest:
    tested = [c.fits[test] for c in cells if test in c.fits]
    return FitOfTest(test, sum(tested), len(tested), most, tuple(numbers))


def _matrix(printed: PrintedTable) -> MatrixCheck | None:
    names = tuple(dict.fromkeys((*printed.rows, *printed.columns)))
    if not printed.is_square or not 3 <= len(names) <= MOST_VARIABLES:
        return None
    pairs = {
        (c.row, c.column): (c.r.value, c.r.half_unit)
        for c in printed.cells
        if c.r is not None and c.r.value is not None
    }
    return check_matrix(names, pairs)
