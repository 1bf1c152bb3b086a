"""Permutation tests of a whole table of correlations: the p of each cell and of the family.

One set of shuffles serves every cell. A cell is always computed on its own complete pairs, with its own
ranks and its own n. Where a shuffle would bring in a case from outside these pairs, the cell goes on along the
shuffle until it is back inside (the *first return*). The first return of a random permutation is a random
permutation of the pairs, so each cell has exactly the p of shuffling its own pairs; and two cells agree
wherever the shuffle stays inside both, so that the joint distribution, on which maxT rests, is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bordin.association.pairs import SMALLEST_N, midranks
from bordin.errors import AnalysisError, nearest
from bordin.resampling import (
    LARGEST_ENUMERATED,
    FloatArray,
    IntArray,
    all_permutations,
    generators,
)
from bordin.resampling import (
    permutations as draw_permutations,
)

BoolArray = npt.NDArray[np.bool_]

COEFFICIENTS = ("spearman", "pearson", "kendall")
CONVENTION = "two-sided: |r*| >= |r|"
# Statistics are compared in standard deviations of their permutation distribution; equal ones differ by rounding.
_TOLERANCE = 1e-10
# Sums of products of doubled, centered midranks of up to this many pairs are whole numbers below 2 ** 24, and
# sums of pair signs of up to the second number of cases too: single precision holds them exactly.
_EXACT_IN_SINGLE = 369
_EXACT_SIGNS_IN_SINGLE = 5_700
_MOST_SHUFFLES_AT_ONCE = 1_024
_WORKING_BYTES = 48_000_000


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
    table = _prepare(x, y, coefficient, permutations, blocks, families)
    groups = _groups(table)
    observed = np.full(table.family.size, np.nan)
    still_rows = np.arange(table.n)[None, :]
    for group in groups:
        observed[group.cells] = group.statistics(still_rows)[:, 0]
    tally = _Tally(observed, table.family)
    exact = table.n <= LARGEST_ENUMERATED
    if not groups:
        shuffles: Iterator[IntArray] = iter(())
    elif exact:
        shuffles = iter([_enumerated(np.ones(table.n, dtype=bool), table.strata)])
    else:
        shuffles = _shuffles(table, permutations, seed, observed.size)
    places = [tally.place[group.cells] for group in groups]
    for index in shuffles:
        tally.add(_statistics(groups, places, index, tally.order.size))
    p, p_step, p_single = tally.p(exact)
    enumerated = np.full(observed.shape, exact)
    if not exact:
        for group in groups:
            if group.pairs <= LARGEST_ENUMERATED:
                p[group.cells] = _exact_p(group, table.strata, observed[group.cells])
                enumerated[group.cells] = True
    shape = table.shape
    se = np.where(enumerated, 0.0 * p, np.sqrt(p * (1 - p) / max(tally.draws, 1)))
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


@dataclass(frozen=True)
class _Table:
    """What is tested: the block that is moved, the block that stays, and how to number the cells."""

    moved: FloatArray
    still: FloatArray
    number: IntArray
    shape: tuple[int, int]
    strata: IntArray
    family: IntArray
    coefficient: str

    @property
    def n(self) -> int:
        return self.moved.shape[0]


def _prepare(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    coefficient: str,
    permutations: int,
    blocks: npt.ArrayLike | None,
    families: npt.ArrayLike | None,
) -> _Table:
    """Check what was given, drop the rows without any pair, and move the block with fewer columns."""
    xs, ys = checked_block("x", x), checked_block("y", y)
    if len(xs) != len(ys):
        raise AnalysisError(f"x has {len(xs)} rows and y has {len(ys)}. Both need one row a case.")
    if coefficient not in COEFFICIENTS:
        raise AnalysisError(
            f"coefficient: '{coefficient}' is not known. {nearest(coefficient, COEFFICIENTS)}"
        )
    if permutations < 1:
        raise AnalysisError(f"permutations: {permutations} is too few. Give 1 or more, for example 10000.")
    shape = (xs.shape[1], ys.shape[1])
    labels = np.zeros(len(xs)) if blocks is None else np.asarray(blocks)
    if labels.shape != (len(xs),):
        raise AnalysisError(f"blocks: shape {labels.shape} for {len(xs)} rows. Give one label a row.")
    family = np.zeros(shape, dtype=np.intp) if families is None else np.asarray(families)
    if family.shape != shape:
        raise AnalysisError(f"families: shape {family.shape} for a table of {shape}. Give one label a cell.")
    kept = ~np.isnan(xs).all(axis=1) & ~np.isnan(ys).all(axis=1)
    strata = np.unique(labels[kept], return_inverse=True)[1]
    number = np.arange(family.size).reshape(shape)
    moved, still = xs[kept], ys[kept]
    if shape[0] > shape[1]:
        moved, still, number = still, moved, number.T
    return _Table(moved, still, number, shape, strata, family.reshape(-1), coefficient)


def checked_block(name: str, values: npt.ArrayLike) -> FloatArray:
    """Return a block of columns as floats, shape (n, k), after a check for shape and infinite values."""
    block = np.asarray(values, dtype=float)
    if block.ndim != 2:
        raise AnalysisError(f"{name}: {block.ndim} dimensions. Give a table with one row a case.")
    if np.isinf(block).any():
        row, column = np.argwhere(np.isinf(block))[0]
        raise AnalysisError(
            f"{name}: row {row + 1}, column {column + 1} is infinite. Use NaN where it is missing."
        )
    return block


@dataclass(frozen=True)
class _Group:
    """Cells that share their complete pairs: every moved by every still column."""

    inside: BoolArray
    cells: IntArray
    scale: FloatArray

    @property
    def pairs(self) -> int:
        return int(np.count_nonzero(self.inside))

    def statistics(self, index: IntArray) -> FloatArray:
        """Return the absolute standardized statistics (cells, b) under b shuffles (b, n) of the moved rows."""
        if not self.inside.all():
            index = first_return(index, self.inside)
        sums = self._sums(index)
        np.abs(sums, out=sums)
        if sums.dtype == float:
            return np.multiply(sums, self.scale[:, None], out=sums)
        return np.multiply(sums, self.scale[:, None], dtype=float)

    def _sums(self, index: IntArray) -> FloatArray:
        raise NotImplementedError


@dataclass(frozen=True)
class _Products(_Group):
    """Spearman and Pearson: sums of products of centered scores, zero outside the pairs."""

    moved: FloatArray
    still: FloatArray

    def _sums(self, index: IntArray) -> FloatArray:
        gathered = self.moved.take(index, axis=1, mode="wrap")  # nothing wraps: this mode is the fastest
        columns, shuffles, n = gathered.shape
        sums = self.still @ gathered.reshape(columns * shuffles, n).T
        return sums.reshape(-1, shuffles)


@dataclass(frozen=True)
class _Signs(_Group):
    """Kendall: concordant less discordant pairs of cases, within blocks."""

    moved: IntArray
    still: IntArray
    strata: IntArray

    def _sums(self, index: IntArray) -> FloatArray:
        shuffled = self.moved.take(index, axis=1)
        columns, shuffles, n = shuffled.shape
        kind = np.float32 if n <= _EXACT_SIGNS_IN_SINGLE else np.float64
        sums = np.zeros((len(self.still), columns * shuffles), dtype=kind)
        for lag in range(1, n):
            counted = self.inside[lag:] & self.inside[:-lag] & (self.strata[lag:] == self.strata[:-lag])
            if counted.any():
                still = np.sign(self.still[:, lag:] - self.still[:, :-lag]) * counted
                moved = np.sign(shuffled[:, :, lag:] - shuffled[:, :, :-lag]).astype(kind)
                sums += still.astype(kind) @ moved.reshape(columns * shuffles, n - lag).T
        return sums.reshape(-1, shuffles)


def first_return(index: IntArray, inside: BoolArray) -> IntArray:
    """Restrict permutations to some rows: follow each until it is back inside.

    Parameters
    ----------
    index : ndarray of int (b, n)
        Permutations of all rows.
    inside : ndarray of bool (n,)
        The rows to keep.

    Returns
    -------
    ndarray of int (b, n)
        At the rows inside, permutations of these rows (uniform when `index` is); elsewhere unchanged.
    """
    flat = index.reshape(-1)
    returned = flat.copy()
    away = np.flatnonzero((~inside)[index] & inside)
    start = away - away % inside.size
    while away.size:
        step = flat[start + returned[away]]
        returned[away] = step
        again = ~inside[step]
        away, start = away[again], start[again]
    return returned.reshape(index.shape)


def _groups(table: _Table) -> list[_Group]:
    """Sort the defined cells by their complete pairs."""
    groups: list[_Group] = []
    stills = by_observed_rows(table.still)
    for moved_rows, moved in by_observed_rows(table.moved):
        for still_rows, still in stills:
            inside = moved_rows & still_rows
            if np.count_nonzero(inside) >= SMALLEST_N:
                groups += _defined_groups(table, inside, moved, still)
    return groups


def by_observed_rows(block: FloatArray) -> list[tuple[BoolArray, IntArray]]:
    """Return each distinct set of observed rows with the columns that have it."""
    columns: dict[bytes, list[int]] = {}
    observed = ~np.isnan(block)
    for column, rows in enumerate(observed.T):
        columns.setdefault(rows.tobytes(), []).append(column)
    return [(observed[:, same[0]], np.array(same)) for same in columns.values()]


def _defined_groups(table: _Table, inside: BoolArray, moved: IntArray, still: IntArray) -> list[_Group]:
    """Make one group of the columns given, or as few as hold no undefined cell."""
    blocks = table.moved[:, moved], table.still[:, still]
    number = _levels if table.coefficient == "kendall" else _scores
    left, right = (number(table, block, inside) for block in blocks)
    spread = np.zeros((moved.size, still.size))
    for stratum in _members(table.strata):
        rows = stratum[inside[stratum]]
        if rows.size > 1:
            variance = _variance_of_signs if table.coefficient == "kendall" else _variance_of_products
            spread += variance(left[:, rows], right[:, rows])

    def group(a: IntArray, c: IntArray) -> _Group:
        cells = table.number[np.ix_(moved[a], still[c])].T.reshape(-1)
        scale = 1 / np.sqrt(spread[np.ix_(a, c)].T.reshape(-1))
        if table.coefficient == "kendall":
            return _Signs(inside, cells, scale, left[a], right[c], table.strata)
        return _Products(inside, cells, scale, left[a], right[c])

    a, c = np.flatnonzero((spread > 0).any(axis=1)), np.flatnonzero((spread > 0).any(axis=0))
    if not a.size:
        return []
    if (spread[np.ix_(a, c)] > 0).all():
        return [group(a, c)]
    return [group(cell[:1], cell[1:]) for cell in np.argwhere(spread > 0)]


def _variance_of_products(left: FloatArray, right: FloatArray) -> FloatArray:
    """Variance of sums of products of centered scores (k, n) under all permutations."""
    squares = [np.sum(np.square(scores, dtype=float), axis=1) for scores in (left, right)]
    variance: FloatArray = np.outer(*squares) / (left.shape[1] - 1)
    return variance


def _variance_of_signs(left: IntArray, right: IntArray) -> FloatArray:
    """Variance of concordant less discordant pairs under all permutations, with ties (Kendall 1970)."""
    n = left.shape[1]

    def tied(columns: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        sizes = [np.bincount(column).astype(float) for column in columns]
        twos = np.array([np.sum(t * (t - 1)) for t in sizes])
        threes = np.array([np.sum(t * (t - 1) * (t - 2)) for t in sizes])
        fives = np.array([np.sum(t * (t - 1) * (2 * t + 5)) for t in sizes])
        return twos, threes, fives

    (x2, x3, x5), (y2, y3, y5) = tied(left), tied(right)
    variance = (n * (n - 1) * (2 * n + 5) - x5[:, None] - y5) / 18 + np.outer(x2, y2) / (2 * n * (n - 1))
    if n > 2:
        variance += np.outer(x3, y3) / (9 * n * (n - 1) * (n - 2))
    constant = np.logical_or.outer(x2 == n * (n - 1), y2 == n * (n - 1))
    return np.where(constant, 0.0, variance)


def _levels(table: _Table, block: FloatArray, inside: BoolArray) -> IntArray:
    """Number the levels of each column, (k, n); 0 outside the pairs."""
    levels = np.zeros(block.T.shape, dtype=np.int16 if table.n < 2**15 else np.int32)
    for column, values in enumerate(block[inside].T):
        levels[column, inside] = np.unique(values, return_inverse=True)[1]
    return levels


def _scores(table: _Table, block: FloatArray, inside: BoolArray) -> FloatArray:
    """Scores (k, n) whose products are summed: centered within strata, zero outside the pairs."""
    scores = np.zeros(block.T.shape)
    for column, values in enumerate(block[inside].T):
        if table.coefficient == "spearman":
            scores[column, inside] = 2 * midranks(values)  # doubled, so that they are whole numbers
        else:
            # A power of two changes no digit and keeps the squares finite.
            scores[column, inside] = np.ldexp(values, -int(np.frexp(np.abs(values).max())[1]))
    members = _members(table.strata)
    for stratum in members:
        rows = stratum[inside[stratum]]
        if rows.size:
            part = scores[:, rows]
            varies = part.min(axis=1) < part.max(axis=1)
            scores[:, rows] = (part - part.mean(axis=1, keepdims=True)) * varies[:, None]
    whole = table.coefficient == "spearman" and len(members) == 1
    single = whole and np.count_nonzero(inside) <= _EXACT_IN_SINGLE
    return scores.astype(np.float32) if single else scores


def _members(strata: IntArray) -> list[IntArray]:
    """Return the rows of each stratum."""
    return [np.flatnonzero(strata == label) for label in range(int(strata.max(initial=-1)) + 1)]


def _shuffles(table: _Table, total: int, seed: int, cells: int) -> Iterator[IntArray]:
    """Draw `total` shuffles in parts that keep the working arrays small; the parts change no number."""
    columns = table.moved.shape[1]
    bytes_each = 8 * (table.n * (columns + 3) + 3 * cells)
    size = max(2, min(_MOST_SHUFFLES_AT_ONCE, _WORKING_BYTES // bytes_each) // 2 * 2)
    members = _members(table.strata)
    streams = generators(seed, len(members))
    for start in range(0, total, size):
        part = min(size, total - start)
        if len(members) == 1:
            yield draw_permutations(streams[0], table.n, part).astype(np.intp)
            continue
        index = np.empty((part, table.n), dtype=np.intp)
        for rows, stream in zip(members, streams, strict=True):
            index[:, rows] = rows[draw_permutations(stream, rows.size, part)]
        yield index


def _enumerated(inside: BoolArray, strata: IntArray) -> IntArray:
    """Every shuffle within strata of the rows inside; the other rows stay."""
    rows = np.flatnonzero(inside)
    orders = rows[all_permutations(rows.size)]
    orders = orders[(strata[orders] == strata[rows]).all(axis=1)]
    index = np.tile(np.arange(inside.size), (len(orders), 1))
    index[:, rows] = orders
    return index


def _exact_p(group: _Group, strata: IntArray, observed: FloatArray) -> FloatArray:
    reached = group.statistics(_enumerated(group.inside, strata)) >= _threshold(observed)[:, None]
    share: FloatArray = reached.mean(axis=1)
    return share


def _threshold(observed: FloatArray) -> FloatArray:
    return observed - _TOLERANCE * np.maximum(1, observed)


def _statistics(
    groups: Sequence[_Group], places: Sequence[IntArray], index: IntArray, cells: int
) -> FloatArray:
    z = np.empty((cells, len(index)))
    for group, place in zip(groups, places, strict=True):
        z[place] = group.statistics(index)
    return z


class _Tally:
    """Counts how often shuffles reach what was observed, alone and in the family.

    Cells stand by family and, within it, by falling observed statistic: the order of step-down maxT.
    """

    def __init__(self, observed: FloatArray, family: IntArray) -> None:
        defined = np.flatnonzero(~np.isnan(observed))
        self.order = defined[np.lexsort((-observed[defined], family[defined]))]
        self.place = np.full(observed.size, -1)
        self.place[self.order] = np.arange(self.order.size)
        self.draws = 0
        self._threshold = _threshold(observed[self.order])[:, None]
        members = family[self.order]
        ends = [*np.flatnonzero(members[1:] != members[:-1]) + 1, members.size]
        self._families = [slice(start, end) for start, end in zip([0, *ends[:-1]], ends, strict=True)]
        self._counts = np.zeros((3, self.order.size), dtype=np.int64)

    def add(self, z: FloatArray) -> None:
        """Count one part of the shuffles; `z` (cells, b) is overwritten."""
        self.draws += z.shape[1]
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
        p = np.full((3, self.place.size), np.nan)
        if self.draws:
            p[:, self.order] = (self._counts + added) / (self.draws + added)
        for family in self._families:
            cells = self.order[family]
            p[1, cells] = np.maximum.accumulate(p[1, cells])
        return p[0], p[1], p[2]
