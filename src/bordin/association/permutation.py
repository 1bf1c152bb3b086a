"""Permutation tests of a whole table of correlations: the p of each cell and of its family.

One set of shuffles serves every cell, and raw p and maxT come from the same shuffles. How a cell with missing
cases takes part is told in :mod:`bordin.association.shuffled`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bordin.association.blocks import (
    BoolArray,
    check_at_least_one,
    check_coefficient,
    checked_blocks,
    checked_labels,
    rows_with_a_pair,
)
from bordin.association.shuffled import (
    CellGroup,
    ShuffledTable,
    Shuffles,
    cell_groups,
    draw_shuffles,
    every_shuffle,
)
from bordin.errors import AnalysisError
from bordin.resampling import LARGEST_ENUMERATED, FloatArray

CONVENTION = "two-sided: |r*| >= |r|"
# Statistics are compared in standard deviations of their permutation distribution; equal ones differ by rounding.
_TOLERANCE = 1e-10


@dataclass(frozen=True)
class PermutationResult:
    """Permutation p of every cell of a table, alone and in its family.

    Attributes
    ----------
    p : ndarray (kx, ky)
        Two-sided p of each cell; NaN where the cell is undefined (here and below).
    se : ndarray (kx, ky)
        Its Monte Carlo standard error, sqrt(p (1 - p) / draws); 0 where it was enumerated.
    kind : str
        ``"exact"`` when every shuffle was enumerated, else ``"monte carlo"``.
    convention : str
        Which two-sided p is meant.
    p_maxt : ndarray (kx, ky)
        Step-down maxT p.
    p_maxt_single : ndarray (kx, ky)
        Single-step maxT p.
    draws : int
        Shuffles drawn or enumerated.
    enumerated : ndarray of bool (kx, ky)
        Cells whose own `p` is exact; in a Monte Carlo table these are the cells of at most 8 pairs.
    """

    p: FloatArray
    se: FloatArray
    kind: str
    convention: str
    p_maxt: FloatArray
    p_maxt_single: FloatArray
    draws: int
    enumerated: BoolArray


def permute_table(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    coefficient: str = "spearman",
    permutations: int = 10_000,
    seed: int = 1,
    blocks: npt.ArrayLike | None = None,
    families: npt.ArrayLike | None = None,
) -> PermutationResult:
    """Permutation p and Westfall-Young maxT p of all correlations of x columns with y columns.

    Parameters
    ----------
    x, y : array_like (n, kx), (n, ky)
        Numbers, NaN where missing. A row is a case.
    coefficient : str
        ``"spearman"`` (midranks on the complete pairs of each cell), ``"pearson"`` or ``"kendall"`` (tau-b).
    permutations : int
        Monte Carlo shuffles. At most 8 cases (or, for the p of one cell, pairs) are enumerated instead.
    seed : int
        Seed of the shuffles.
    blocks : array_like (n,), optional
        Labels, such as the therapist: cases are shuffled within blocks only, and each statistic is compared
        with its mean over such shuffles, so that it counts what happens within blocks.
    families : array_like of int (kx, ky), optional
        Label of each cell's family; by default the table is one family.

    Returns
    -------
    PermutationResult

    Raises
    ------
    AnalysisError
        When shapes do not fit, a value is infinite, or an option is not one of those above.

    Notes
    -----
    Monte Carlo p are (b + 1) / (B + 1). For maxT the statistics are divided by their permutation standard
    deviation, for Spearman and Pearson r sqrt(n - 1), so that cells of unequal n weigh the same. Undefined
    cells (fewer than 4 pairs, a constant column) do not count in the family.

    A cell's p is valid when x and y of its complete pairs are exchangeable, whatever made the other cases
    miss; maxT is exact for complete data. With missing data each cell keeps its exact distribution and the
    dependence between cells of different cases is slightly understated, which errs on the safe side; the
    level was shown by simulation (``benchmarks/maxt_level.py``). No method here helps when missing depends
    on x and y together, for then the complete pairs themselves are a biased sample.

    References
    ----------
    Westfall and Young (1993), Resampling-based multiple testing, Wiley.
    Phipson and Smyth (2010), doi:10.2202/1544-6115.1585.

    Validated against scipy 1.17.1 and R coin 1.4-2 on ``tests/reference/association/resampling_expected.json``.
    """
    check_coefficient(coefficient)
    check_at_least_one("permutations", permutations)
    xs, ys = checked_blocks(x, y)
    shape = xs.shape[1], ys.shape[1]
    labels = np.zeros(len(xs)) if blocks is None else checked_labels("blocks", blocks, len(xs))
    family = np.zeros(shape) if families is None else np.asarray(families)
    if family.shape != shape:
        raise AnalysisError(f"families: shape {family.shape} for a table of {shape}. Give one label a cell.")
    kept = rows_with_a_pair(xs, ys)
    table = ShuffledTable.of(xs[kept], ys[kept], labels[kept], coefficient)
    groups = cell_groups(table)
    observed = np.full(xs.shape[1] * ys.shape[1], np.nan)
    for group in groups:
        observed[group.cells] = group.observed()
    tally = _Tally(observed, family.reshape(-1))
    exact = table.n <= LARGEST_ENUMERATED
    for shuffles in _shuffles(table, exact, permutations, seed, tally.order.size):
        tally.add(groups, shuffles)
    p, p_step, p_single = tally.p(exact)
    enumerated = np.full(observed.shape, exact)
    for group in groups:
        if not exact and group.pairs <= LARGEST_ENUMERATED:
            reached = group.every_statistic() >= _threshold(observed[group.cells])[:, None]
            p[group.cells] = reached.mean(axis=1)
            enumerated[group.cells] = True
    se = np.where(enumerated, 0 * p, np.sqrt(p * (1 - p) / max(tally.draws, 1)))
    return PermutationResult(
        p=p.reshape(shape),
        se=se.reshape(shape),
        kind="exact" if exact else "monte carlo",
        convention=CONVENTION if blocks is None else f"{CONVENTION}, less their mean within blocks",
        p_maxt=p_step.reshape(shape),
        p_maxt_single=p_single.reshape(shape),
        draws=tally.draws,
        enumerated=enumerated.reshape(shape),
    )


def _shuffles(
    table: ShuffledTable, exact: bool, permutations: int, seed: int, cells: int
) -> Iterator[Shuffles]:
    if cells and exact:
        yield every_shuffle(table.strata)
    elif cells:
        yield from draw_shuffles(table, permutations, seed, cells)


def _threshold(observed: FloatArray) -> FloatArray:
    return observed - _TOLERANCE * np.maximum(1, observed)


class _Tally:
    """Counts how often shuffles reach what was observed, alone and in the family.

    Cells stand by family and, within it, by falling observed statistic: the order of step-down maxT.
    """

    def __init__(self, observed: FloatArray, family: npt.NDArray[Any]) -> None:
        defined = np.flatnonzero(~np.isnan(observed))
        self.order = defined[np.lexsort((-observed[defined], family[defined]))]
        self._place = np.full(observed.size, -1)
        self._place[self.order] = np.arange(self.order.size)
        self.draws = 0
        self._threshold = _threshold(observed[self.order])[:, None]
        members = family[self.order]
        ends = [*np.flatnonzero(members[1:] != members[:-1]) + 1, members.size]
        self._families = [slice(start, end) for start, end in zip([0, *ends[:-1]], ends, strict=True)]
        self._counts = np.zeros((3, self.order.size), dtype=np.int64)

    def add(self, groups: list[CellGroup], shuffles: Shuffles) -> None:
        """Count some shuffles."""
        z = np.empty((self.order.size, len(shuffles)))
        for group in groups:
            z[self._place[group.cells]] = group.statistics(shuffles)
        self.draws += len(shuffles)
        raw, step, single = self._counts
        raw += np.count_nonzero(z >= self._threshold, axis=1)
        for family in self._families:
            rows = z[family]
            for above, below in zip(rows[-2::-1], rows[:0:-1], strict=True):
                np.maximum(above, below, out=above)
            largest = np.sort(rows[0])
            single[family] += largest.size - np.searchsorted(largest, self._threshold[family, 0])
        step += np.count_nonzero(z >= self._threshold, axis=1)

    def p(self, exact: bool) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return raw, step-down and single-step p of all cells; NaN where undefined."""
        added = 0 if exact else 1
        p = np.full((3, self._place.size), np.nan)
        if self.draws:
            p[:, self.order] = (self._counts + added) / (self.draws + added)
        for family in self._families:
            cells = self.order[family]
            p[1, cells] = np.maximum.accumulate(p[1, cells])
        return p[0], p[1], p[2]
