"""A published correlation table as an association table, and as rows for a meta-analysis.

From each printed r and the number of cases follow its interval, its p, adjustments over the table and the
verdict of equivalence; what needs the data (permutation, bootstrap, contrasts) is not there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt

from bordin.association import adjust, tost
from bordin.association.cells import AssociationTable, Cell
from bordin.association.distributions import p_of_correlation, p_of_normal
from bordin.association.fisher import fisher_interval, interval_method, standard_error, to_z
from bordin.association.options import Options
from bordin.association.pairs import SMALLEST_N
from bordin.errors import AnalysisError, DataError, Problem
from bordin.estimate import Estimate
from bordin.study.printed_table import PrintedCell, PrintedTable

EFFECT_COLUMNS = (
    "study",
    "row",
    "column",
    "coefficient",
    "r",
    "n",
    "z",
    "var_z",
    "yi",
    "vi",
    "low",
    "high",
    "p",
    "p_holm",
    "p_bh",
    "tost_p",
    "instrument",
    "informant",
    "session",
    "dependency",
)


@dataclass(frozen=True)
class Origin:
    """Where the effects of a table come from, as a meta-analysis codes it.

    Attributes
    ----------
    study : str
        Name of the study.
    instrument, informant, session : str
        What was filled in, by whom, and of which session; empty when not said.
    dependency : str
        Effects of the same people share it; the study when empty.
    """

    study: str
    instrument: str = ""
    informant: str = ""
    session: str = ""
    dependency: str = ""


def effects_table(
    printed: PrintedTable,
    *,
    n: int | None = None,
    coefficient: str = "spearman",
    interval: str = "default",
    sesoi: float | None = None,
    level: float = 0.95,
    alpha: float = 0.05,
) -> AssociationTable:
    """Make an association table from printed correlations and numbers of cases alone.

    Parameters
    ----------
    printed : PrintedTable
    n : int or None
        Cases of every cell for which the table prints none.
    coefficient, interval : str
        What r is, and which interval it gets; as in :func:`bordin.association.associate`.
    sesoi : float or None
        Smallest effect of interest, for two one-sided tests.
    level, alpha : float

    Returns
    -------
    AssociationTable
        p by t with n - 2 degrees of freedom; for tau by the normal approximation without ties. Holm
        and Benjamini-Hochberg count the printed cells. A cell that is not printed says so; of a matrix of
        variables with each other every pair counts once.

    Raises
    ------
    AnalysisError
        When an option is not allowed, or no number of cases is given or printed.
    DataError
        When an r is 1 or -1, for which there is no interval; when a number of cases is below 4.

    Notes
    -----
    A printed r is rounded, so figures that follow from it are right to about its own last digit.
    Validated against the table that ``associate`` makes of data with the same r:
    tests/study/test_effects.py.
    """
    # The options are checked by the rules of a table from data, the names were checked in reading.
    Options(
        ("x",), ("y",), coefficient=coefficient, interval=interval, sesoi=sesoi, level=level, alpha=alpha,
        permutations=0,
    )  # fmt: skip
    _check(printed, n)
    method = interval_method(coefficient, interval)
    cells = [_cell(x, y, printed.cell(x, y), n, coefficient, method, level) for x, y in _pairs(printed)]
    p = [cell.p for cell in cells]
    holm, bh = adjust(p, "holm"), adjust(p, "bh")
    for k, cell in enumerate(cells):
        cells[k] = replace(cell, p_holm=holm[k], p_bh=bh[k])
        value = cell.estimate.value
        if sesoi is not None and value is not None:
            tested = tost(
                value, cell.estimate.n, sesoi, alpha=alpha, coefficient=coefficient, interval=interval
            )
            if tested is not None:
                cells[k] = replace(cells[k], tost_p=tested.p, tost_interval=tested.interval)
    return AssociationTable(
        x=printed.rows,
        y=printed.columns,
        coefficient=coefficient,
        cells=tuple(cells),
        n_cases=max(cell.estimate.n for cell in cells),
        family_size=sum(value is not None for value in p),
        sesoi=sesoi,
        alpha=alpha,
        level=level,
        notes=(
            "from a published table: values are as rounded in print, and the family is the cells that are printed",
            *(note.rstrip(".") for note in printed.notes),
        ),
    )


def _pairs(printed: PrintedTable) -> list[tuple[str, str]]:
    """List every cell of rows by columns; of a matrix of variables with each other each printed pair once."""
    if not set(printed.rows) & set(printed.columns):
        return [(x, y) for x in printed.rows for y in printed.columns]
    first: dict[frozenset[str], tuple[str, str]] = {}
    for cell in printed.cells:
        first.setdefault(frozenset((cell.row, cell.column)), (cell.row, cell.column))
    return list(first.values())


def _check(printed: PrintedTable, n: int | None) -> None:
    if n is not None and n < SMALLEST_N:
        raise AnalysisError(f"n is {n}; a correlation needs at least {SMALLEST_N} cases.")
    problems = []
    for cell in printed.cells:
        place = (str(printed.path), cell.line, cell.column)
        if cell.r is None or cell.r.value is None:
            continue
        if abs(cell.r.value) == 1:
            message = f"'{cell.row}' with '{cell.column}' is a perfect correlation, which has no interval."
            problems.append(Problem(message, *place, hint="Leave the cell empty."))
        if n is None and cell.n is None:
            message = "no number of cases is printed for this cell."
            problems.append(Problem(message, *place, hint="Give one for all: --n 43."))
    if problems:
        raise DataError(problems)


def _cell(
    x: str, y: str, found: PrintedCell | None, n: int | None, coefficient: str, method: str, level: float
) -> Cell:
    size = (found.n if found is not None else None) or n or 0
    if found is None or found.r is None or found.r.value is None:
        return Cell(x, y, Estimate.without_value(coefficient, size, "not printed"))
    r = found.r.value
    estimate = Estimate(
        coefficient, r, size, "as printed", fisher_interval(coefficient, method, r, size, level)
    )
    if coefficient == "kendall":
        z = r / sqrt(2 * (2 * size + 5) / (9 * size * (size - 1)))
        return Cell(x, y, estimate, p_of_normal(z), "normal (no ties)")
    return Cell(x, y, estimate, p_of_correlation(r, size - 2), "t")


def effect_rows(table: AssociationTable, origin: Origin) -> list[dict[str, object]]:
    """Return the cells as rows of `EFFECT_COLUMNS`, one an effect, as meta-analysis packages take them.

    Parameters
    ----------
    table : AssociationTable
    origin : Origin

    Returns
    -------
    list of dict
        `z` is Fisher's z, `var_z` its variance by the coefficient's own interval (Bonett-Wright for
        Spearman, Fieller for tau); `yi` and `vi` are z and 1 / (n - 3) (for tau `var_z` again), the
        effect size and variance that metafor calls ``ZCOR``. Cells without a value are left out. Nothing is rounded.

    References
    ----------
    Fisher (1921); Bonett and Wright (2000), doi:10.1007/BF02294183.
    """
    rows: list[dict[str, object]] = []
    for cell in table.cells:
        r, n, limits = cell.estimate.value, cell.estimate.n, cell.estimate.interval
        if r is None:
            continue
        kind = table.coefficient
        error = standard_error(kind, limits.method if limits is not None else interval_method(kind), r, n)
        variance = None if error is None else error * error
        values: tuple[object, ...] = (
            origin.study,
            cell.x,
            cell.y,
            kind,
            r,
            n,
            to_z(r),
            variance,
            to_z(r),
            variance if kind == "kendall" else 1 / (n - 3),
            None if limits is None else limits.low,
            None if limits is None else limits.high,
            cell.p,
            cell.p_holm,
            cell.p_bh,
            cell.tost_p,
            origin.instrument,
            origin.informant,
            origin.session,
            origin.dependency or origin.study,
        )
        rows.append(dict(zip(EFFECT_COLUMNS, values, strict=True)))
    return rows
