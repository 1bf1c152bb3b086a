"""Claims of a text, held against the cells of its table.

A claim is *supported* when its cells show it, *contradicted* when they show otherwise, and *not
testable from the table* when the cells are not printed or cannot decide. That no association was
found is no finding of absence: it needs an interval that lies within a bound.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from math import sqrt
from pathlib import Path
from typing import Literal, get_args

from bordin.association.contrast import compare_overlapping
from bordin.association.detectable import cases_for_equivalence
from bordin.association.equivalence import tost
from bordin.errors import Problem, ProtocolError, nearest
from bordin.study.printed_table import PrintedTable
from bordin.study.recheck_cells import CheckedCell, Range, printed_range
from bordin.toml_lines import find_line

Expect = Literal["positive", "negative", "none", "different"]
Verdict = Literal["supported", "contradicted", "not testable from the table"]
Finding = Literal[
    "as claimed",
    "not below the line",
    "below the line with the other sign",
    "below the line",
    "within the bound",
    "absence not shown",
    "rounding leaves it open",
    "r and p do not fit",
    "not printed",
    "number of cases not known",
    "no shared variable",
    "third correlation not printed",
    "no difference",
]

KEYS = ("sentence", "cells", "expect", "within")
WITHIN = 0.3
_VERDICT: dict[Finding, Verdict] = {
    "as claimed": "supported",
    "within the bound": "supported",
    "not below the line": "contradicted",
    "below the line with the other sign": "contradicted",
    "below the line": "contradicted",
    "no difference": "contradicted",
}
_STEPS = 1_000


@dataclass(frozen=True)
class Claim:
    """A sentence and what it would mean in the table.

    Attributes
    ----------
    sentence : str
    cells : tuple of (str, str)
        Row and column of each cell.
    expect : str
        ``"positive"``, ``"negative"``, ``"none"`` or ``"different"`` (of two cells).
    within : float
        For ``"none"``: the smallest correlation that would matter.
    """

    sentence: str
    cells: tuple[tuple[str, str], ...]
    expect: Expect
    within: float = WITHIN


@dataclass(frozen=True)
class CellFinding:
    """What one cell (for ``different``: one pair of cells) says about a claim.

    Attributes
    ----------
    row, column : str
        As the claim names them.
    finding : str
    cell : CheckedCell or None
    n_needed : int or None
        Cases that would show absence within the bound, with a power of .8.
    from_third : float or None
        For two cells: the unprinted correlation above which the difference would be below the line.
    lacking : str or None
        The name that the table does not have.
    meant : str or None
        A printed name that may be meant.
    """

    row: str
    column: str
    finding: Finding
    cell: CheckedCell | None = None
    n_needed: int | None = None
    from_third: float | None = None
    lacking: str | None = None
    meant: str | None = None


@dataclass(frozen=True)
class JudgedClaim:
    """A claim with its verdict."""

    claim: Claim
    verdict: Verdict
    findings: tuple[CellFinding, ...]


def read_claims(path: Path | str) -> tuple[Claim, ...]:
    """Read claims from a TOML file of ``[[claims]]`` tables.

    Parameters
    ----------
    path : Path or str
        Each claim has ``sentence``, ``cells`` (a list of ``[row, column]``; ``"*"`` is every printed
        one) and ``expect``; ``within`` may be given for ``expect = "none"``.

    Returns
    -------
    tuple of Claim

    Raises
    ------
    ProtocolError
        With every problem of the file.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except OSError as error:
        message = f"the claims cannot be read ({error.strerror})."
        raise ProtocolError(Problem(message, file=str(path), hint="Check the name of the file.")) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ProtocolError(Problem(f"this is not valid TOML: {error}.", file=str(path))) from error
    given = content.get("claims")
    if not isinstance(given, list) or not given or not all(isinstance(c, dict) for c in given):
        hint = 'Begin each claim with [[claims]], then sentence = "...", cells = [["row", "column"]], expect = "positive".'
        raise ProtocolError(Problem("there are no claims.", file=str(path), hint=hint))
    problems: list[Problem] = []
    claims = [_claim(path, text, k, entry, problems) for k, entry in enumerate(given)]
    if problems:
        raise ProtocolError(problems)
    return tuple(claims)


def _claim(path: Path, text: str, index: int, entry: Mapping[str, object], problems: list[Problem]) -> Claim:
    def wrong(key: str, message: str, hint: str) -> None:
        line = find_line(text, ("claims", index, key))
        problems.append(Problem(message, str(path), line, key, hint))

    for key in entry:
        if key not in KEYS:
            wrong(key, "there is no such key.", nearest(key, KEYS))
    sentence, expect = entry.get("sentence"), entry.get("expect")
    if not isinstance(sentence, str) or not sentence.strip():
        wrong("sentence", "a claim needs its sentence.", 'Write sentence = "..." as it stands in the text.')
    if expect not in get_args(Expect):
        wrong("expect", f"{expect!r} is not known.", nearest(str(expect), get_args(Expect)))
    cells = _pairs(entry.get("cells"))
    if not cells:
        hint = 'Write cells = [["row", "column"], ...] with the names of the table.'
        wrong("cells", "a claim needs the cells that it is about.", hint)
    elif expect == "different" and len(cells) != 2:
        wrong("cells", f"a difference is between two cells; here are {len(cells)}.", "Name two.")
    within = entry.get("within", WITHIN)
    if isinstance(within, bool) or not isinstance(within, int | float) or not 0 < within < 1:
        wrong("within", f"{within!r} is no bound.", "Give a number between 0 and 1, such as 0.3.")
        within = WITHIN
    return Claim(str(sentence), cells, expect, float(within))  # type: ignore[arg-type]  # checked above


def _pairs(given: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(given, list):
        return ()
    pairs = []
    for pair in given:
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(n, str) and n for n in pair):
            return ()
        pairs.append((pair[0], pair[1]))
    return tuple(pairs)


def judge(
    claims: Sequence[Claim], table: PrintedTable, cells: Sequence[CheckedCell], alpha: float
) -> tuple[JudgedClaim, ...]:
    """Hold claims against a rechecked table.

    Parameters
    ----------
    claims : sequence of Claim
    table : PrintedTable
    cells : sequence of CheckedCell
        Those of the table.
    alpha : float
        The line for p.

    Returns
    -------
    tuple of JudgedClaim
    """
    judging = _Judging(table, cells, alpha)
    return tuple(judging.judged(claim) for claim in claims)


class _Judging:
    def __init__(self, table: PrintedTable, cells: Sequence[CheckedCell], alpha: float) -> None:
        self.table, self.alpha = table, alpha
        self.cells = {(c.printed.row, c.printed.column): c for c in cells}

    def judged(self, claim: Claim) -> JudgedClaim:
        pairs = [pair for named in claim.cells for pair in self._resolved(named)]
        findings: tuple[CellFinding, ...]
        if claim.expect == "different":
            findings = (self._difference(pairs[0], pairs[1]),)
        else:
            findings = tuple(self._finding(claim, *pair) for pair in pairs)
        verdicts = {_VERDICT.get(f.finding, "not testable from the table") for f in findings}
        verdict: Verdict = "supported"
        if "contradicted" in verdicts:
            verdict = "contradicted"
        elif "not testable from the table" in verdicts:
            verdict = "not testable from the table"
        return JudgedClaim(claim, verdict, findings)

    def _resolved(self, named: tuple[str, str]) -> list[tuple[str, str]]:
        """Give names as the table prints them; a star stands for all."""
        rows = self.table.rows if named[0] == "*" else (find_name(named[0], self.table.rows) or named[0],)
        columns = (
            self.table.columns if named[1] == "*" else (find_name(named[1], self.table.columns) or named[1],)
        )
        return [(row, column) for row in rows for column in columns]

    def _cell(self, row: str, column: str) -> CheckedCell | None:
        return self.cells.get((row, column)) or self.cells.get((column, row))

    def _finding(self, claim: Claim, row: str, column: str) -> CellFinding:
        cell = self._cell(row, column)
        known = cell.known_range(self.alpha) if cell is not None else None
        if cell is None or cell.r is None or known is None:
            needed = cases_for_equivalence(claim.within, alpha=self.alpha) if claim.expect == "none" else None
            return self._not_printed(row, column, needed)
        if cell.consistent is False and cell.printed.p is not None:
            # r and p contradict each other; the claim can be judged where both lie on one side of the line.
            other = printed_range(cell.printed.p, self.alpha)
            known = Range(min(known.low, other.low), max(known.high, other.high))
            if known.low < self.alpha <= known.high:
                return CellFinding(row, column, "r and p do not fit", cell)
        if claim.expect == "none":
            return self._absence(claim, row, column, cell, known)
        right = (cell.r > 0) == (claim.expect == "positive")
        if known.low >= self.alpha:
            finding: Finding = "not below the line"
        elif known.high >= self.alpha:
            finding = "rounding leaves it open"
        else:
            finding = "as claimed" if right else "below the line with the other sign"
        return CellFinding(row, column, finding, cell)

    def _absence(self, claim: Claim, row: str, column: str, cell: CheckedCell, known: Range) -> CellFinding:
        if known.high < self.alpha:
            return CellFinding(row, column, "below the line", cell)
        needed = cases_for_equivalence(claim.within, alpha=self.alpha)
        tested = None
        if cell.n is not None and cell.r is not None:
            tested = tost(cell.r, cell.n, claim.within, alpha=self.alpha)
        shown = tested is not None and tested.p < self.alpha
        return CellFinding(
            row, column, "within the bound" if shown else "absence not shown", cell, n_needed=needed
        )

    def _difference(self, first: tuple[str, str], second: tuple[str, str]) -> CellFinding:
        """Compare two cells that share a variable, over all values that an unprinted third r can have."""
        cells = [self._cell(*first), self._cell(*second)]
        for pair, found in zip((first, second), cells, strict=True):
            if found is None or found.r is None:
                return self._not_printed(*pair)
            if found.consistent is False:
                return CellFinding(*pair, "r and p do not fit", found)
        cell, other = cells
        shared = set(first) & set(second)
        if cell is None or other is None or cell.r is None or other.r is None or len(shared) != 1:
            return CellFinding(*first, "no shared variable", cell)
        if cell.n is None or cell.n != other.n or max(abs(cell.r), abs(other.r)) >= 1:
            return CellFinding(*first, "number of cases not known", cell)
        [a], [b] = set(first) - shared, set(second) - shared
        between = self._cell(a, b)
        thirds = _possible_thirds(cell.r, other.r) if between is None or between.r is None else [between.r]
        below = [compare_overlapping(cell.r, other.r, t, cell.n).meng_p < self.alpha for t in thirds]
        if all(below):
            return CellFinding(*first, "as claimed", cell)
        if not any(below):
            return CellFinding(*first, "no difference", cell)
        # The closer the two variables, the surer is a difference between their correlations.
        from_third = next((t for k, t in enumerate(thirds) if all(below[k:])), None)
        return CellFinding(*first, "third correlation not printed", cell, from_third=from_third)

    def _not_printed(self, row: str, column: str, needed: int | None = None) -> CellFinding:
        """Say which name the table lacks, and which printed one is nearly it."""
        names = {n.casefold(): n for n in (*self.table.rows, *self.table.columns)}
        lacking = next((name for name in (row, column) if name.casefold() not in names), None)
        close = get_close_matches(lacking.casefold(), names, n=1, cutoff=0.75) if lacking else []
        return CellFinding(
            row,
            column,
            "not printed",
            n_needed=needed,
            lacking=lacking,
            meant=names[close[0]] if close else None,
        )


def _possible_thirds(r1: float, r2: float) -> list[float]:
    """Return correlations, from low to high, that two variables can have given theirs with a third."""
    middle, reach = r1 * r2, sqrt((1 - r1 * r1) * (1 - r2 * r2))
    # The ends themselves would make the matrix singular.
    return [middle + reach * (2 * (k + 0.5) / _STEPS - 1) for k in range(_STEPS)]


def find_name(name: str, names: Sequence[str]) -> str | None:
    """Find a variable by its name, or by its first words when only one name begins so.

    Parameters
    ----------
    name : str
        For example ``"Q2"`` for the row ``"Q2 Agreed treatment goals"``.
    names : sequence of str
        The printed names.
    """
    wanted = name.casefold().strip()
    same = [n for n in names if n.casefold() == wanted]
    begins = [n for n in names if re.match(rf"{re.escape(wanted)}(?!\w)", n.casefold())]
    found = same or begins
    return found[0] if len(found) == 1 else None
