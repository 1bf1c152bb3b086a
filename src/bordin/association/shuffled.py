"""The statistics of every cell of a table under shuffles of its cases.

A cell is always computed on its own complete pairs, with its own ranks and its own n. Where a shuffle would
bring in a case from outside these pairs, the cell goes on along the shuffle until it is back inside (the
*first return*). The first return of a random permutation is a random permutation of the pairs; and two cells
agree wherever the shuffle stays inside both, which keeps the dependence between cells.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from bordin.association.blocks import BoolArray, by_observed_rows
from bordin.association.pairs import SMALLEST_N, midranks
from bordin.resampling import FloatArray, IntArray, all_permutations, generators, permutations

Columns = npt.NDArray[Any]

# Sums of products of doubled, centered midranks of up to this many pairs are whole numbers below 2 ** 24, and
# sums of pair signs of up to the second number of cases too: single precision holds them exactly.
_EXACT_IN_SINGLE = 369
_EXACT_SIGNS_IN_SINGLE = 5_700
_MOST_SHUFFLES_AT_ONCE = 1_024
_WORKING_BYTES = 48_000_000


@dataclass(frozen=True)
class ShuffledTable:
    """A table whose cases are shuffled: the block with fewer columns is moved, the other stays.

    Attributes
    ----------
    moved, still : ndarray (n, k)
        Columns, NaN where missing.
    number : ndarray of int (k moved, k still)
        Number of each cell, row by row of the table as it was given.
    strata : ndarray of int (n,)
        Cases are shuffled within strata only.
    coefficient : str
    """

    moved: FloatArray
    still: FloatArray
    number: IntArray
    strata: IntArray
    coefficient: str

    @classmethod
    def of(
        cls, xs: FloatArray, ys: FloatArray, labels: npt.NDArray[np.generic], coefficient: str
    ) -> ShuffledTable:
        """Choose the block to move and number the strata."""
        strata: IntArray = np.unique(labels, return_inverse=True)[1]
        number = np.arange(xs.shape[1] * ys.shape[1]).reshape(xs.shape[1], ys.shape[1])
        if xs.shape[1] > ys.shape[1]:
            return cls(ys, xs, number.T, strata, coefficient)
        return cls(xs, ys, number, strata, coefficient)

    @property
    def n(self) -> int:
        """Number of cases."""
        return len(self.moved)


class Shuffles:
    """Some shuffles of the moved rows.

    Parameters
    ----------
    index : ndarray of int (b, n)
        Row `i` gets the values of row ``index[:, i]``.
    """

    def __init__(self, index: IntArray) -> None:
        self.index = index

    def __len__(self) -> int:
        return len(self.index)

    @cached_property
    def place(self) -> IntArray:
        """Which row gets the values of each row: the inverse permutations (b, n)."""
        place = np.empty_like(self.index)
        np.put_along_axis(place, self.index, np.arange(self.index.shape[1])[None, :], axis=1)
        return place

    def first_returns(self, inside: BoolArray) -> tuple[IntArray, IntArray, IntArray]:
        """Restrict the shuffles to some rows: follow each until it is back inside.

        Parameters
        ----------
        inside : ndarray of bool (n,)
            The rows to keep.

        Returns
        -------
        shuffle, row, source : ndarray of int (m,)
            In these shuffles these rows inside, which would get values from outside, get those of `source`.
            With them each shuffle permutes the rows inside (uniformly, when it is uniform itself).
        """
        outside = np.flatnonzero(~inside)
        row = self.place[:, outside].reshape(-1)
        shuffle = np.repeat(np.arange(len(self)), outside.size)
        kept = inside[row]
        shuffle, row, source = shuffle[kept], row[kept], self.index[:, outside].reshape(-1)[kept]
        away = np.flatnonzero(~inside[source])
        while away.size:
            source[away] = self.index[shuffle[away], source[away]]
            away = away[~inside[source[away]]]
        return shuffle, row, source


@dataclass(frozen=True)
class CellGroup(ABC):
    """Cells that share their complete pairs: every moved by every still column."""

    inside: BoolArray
    cells: IntArray
    scale: FloatArray
    moved: Columns
    still: Columns
    strata: IntArray

    @property
    def pairs(self) -> int:
        """Number of complete pairs."""
        return int(self.inside.sum())

    def statistics(self, shuffles: Shuffles) -> FloatArray:
        """Return the absolute standardized statistics (cells, b)."""
        shuffled = self.moved.take(shuffles.index, axis=1, mode="wrap")  # nothing wraps: this mode is fastest
        if not self.inside.all():
            shuffle, row, source = shuffles.first_returns(self.inside)
            shuffled[:, shuffle, row] = self.moved[:, source]
        sums = self._sums(shuffled).reshape(-1, len(shuffles))
        np.abs(sums, out=sums)
        out = sums if sums.dtype == float else None
        return np.multiply(sums, self.scale[:, None], out=out, dtype=float)

    def observed(self) -> FloatArray:
        """Return the statistics (cells,) of the rows as they are."""
        return self.statistics(Shuffles(np.arange(self.inside.size)[None, :]))[:, 0]

    def every_statistic(self) -> FloatArray:
        """Return the statistics (cells, b) under every shuffle of the pairs; at most 8 pairs."""
        rows = np.flatnonzero(self.inside)
        parts = self.inside[rows], self.moved[:, rows], self.still[:, rows], self.strata[rows]
        inside, moved, still, strata = parts
        alone = replace(self, inside=inside, moved=moved, still=still, strata=strata)
        return alone.statistics(every_shuffle(strata))

    @abstractmethod
    def _sums(self, shuffled: Columns) -> FloatArray:
        """Sum over the rows of shuffled (moved, b, n) with still columns: (still, moved x b)."""


class _Products(CellGroup):
    """Spearman and Pearson: sums of products of centered scores, zero outside the pairs."""

    def _sums(self, shuffled: Columns) -> FloatArray:
        sums: FloatArray = self.still @ shuffled.reshape(-1, shuffled.shape[-1]).T
        return sums


class _Signs(CellGroup):
    """Kendall: concordant less discordant pairs of cases, within blocks."""

    def _sums(self, shuffled: Columns) -> FloatArray:
        n = shuffled.shape[-1]
        kind = np.float32 if n <= _EXACT_SIGNS_IN_SINGLE else np.float64
        rows = shuffled.reshape(-1, n)
        sums = np.zeros((len(self.still), len(rows)), dtype=kind)
        for lag in range(1, n):
            counted = self.inside[lag:] & self.inside[:-lag] & (self.strata[lag:] == self.strata[:-lag])
            if counted.any():
                still = np.sign(self.still[:, lag:] - self.still[:, :-lag]) * counted
                moved = np.sign(rows[:, lag:] - rows[:, :-lag])
                sums += still.astype(kind) @ moved.astype(kind).T
        return sums


def cell_groups(table: ShuffledTable) -> list[CellGroup]:
    """Sort the defined cells by their complete pairs."""
    groups: list[CellGroup] = []
    stills = by_observed_rows(table.still)
    for moved_rows, moved in by_observed_rows(table.moved):
        for still_rows, still in stills:
            inside = moved_rows & still_rows
            if np.count_nonzero(inside) >= SMALLEST_N:
                groups += _defined_groups(table, inside, moved, still)
    return groups


def _defined_groups(
    table: ShuffledTable, inside: BoolArray, moved: IntArray, still: IntArray
) -> list[CellGroup]:
    """Make one group of the columns given, or as few as hold no undefined cell."""
    blocks = table.moved[:, moved], table.still[:, still]
    number: Callable[[ShuffledTable, FloatArray, BoolArray], Columns]
    number = _levels if table.coefficient == "kendall" else _scores
    left, right = (number(table, block, inside) for block in blocks)
    spread = np.zeros((moved.size, still.size))
    for stratum in _members(table.strata):
        rows = stratum[inside[stratum]]
        if rows.size > 1:
            variance = _variance_of_signs if table.coefficient == "kendall" else _variance_of_products
            spread += variance(left[:, rows], right[:, rows])

    def group(a: IntArray, c: IntArray) -> CellGroup:
        cells = table.number[np.ix_(moved[a], still[c])].T.reshape(-1)
        scale = 1 / np.sqrt(spread[np.ix_(a, c)].T.reshape(-1))
        kind = _Signs if table.coefficient == "kendall" else _Products
        return kind(inside, cells, scale, left[a], right[c], table.strata)

    a, c = np.flatnonzero((spread > 0).any(axis=1)), np.flatnonzero((spread > 0).any(axis=0))
    if not a.size:
        return []
    if (spread[np.ix_(a, c)] > 0).all():
        return [group(a, c)]
    return [group(cell[:1], cell[1:]) for cell in np.argwhere(spread > 0)]


def _variance_of_products(left: Columns, right: Columns) -> FloatArray:
    """Variance of sums of products of centered scores (k, n) under all permutations."""
    squares = [np.sum(np.square(scores, dtype=float), axis=1) for scores in (left, right)]
    variance: FloatArray = np.outer(*squares) / (left.shape[1] - 1)
    return variance


def _variance_of_signs(left: Columns, right: Columns) -> FloatArray:
    """Variance of concordant less discordant pairs under all permutations, with ties (Kendall 1970)."""
    n = left.shape[1]

    def tied(columns: Columns) -> tuple[FloatArray, FloatArray, FloatArray]:
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


def _levels(table: ShuffledTable, block: FloatArray, inside: BoolArray) -> IntArray:
    """Number the levels of each column, (k, n); 0 outside the pairs."""
    levels = np.zeros(block.T.shape, dtype=np.int16 if table.n < 2**15 else np.int32)
    for column, values in enumerate(block[inside].T):
        levels[column, inside] = np.unique(values, return_inverse=True)[1]
    return levels


def _scores(table: ShuffledTable, block: FloatArray, inside: BoolArray) -> FloatArray:
    """Scores (k, n) whose products are summed: centered within strata, zero outside the pairs."""
    scores = np.zeros(block.T.shape)
    for column, values in enumerate(block[inside].T):
        if table.coefficient == "spearman":
            scores[column, inside] = 2 * midranks(values)  # doubled, so that they are whole numbers
        else:
            # A power of two changes no digit and keeps the squares finite.
            scaled = np.ldexp(values, -int(np.frexp(np.abs(values).max())[1]))
            scores[column, inside] = scaled - scaled.min()  # keeps digits where the mean is far from 0
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


def draw_shuffles(table: ShuffledTable, total: int, seed: int, cells: int) -> Iterator[Shuffles]:
    """Draw `total` shuffles in parts that keep the working arrays small.

    The parts hold an even number of shuffles, so that they change no number that is drawn.
    """
    columns = table.moved.shape[1]
    bytes_each = 8 * (table.n * (columns + 3) + 3 * cells)
    size = max(2, min(_MOST_SHUFFLES_AT_ONCE, _WORKING_BYTES // bytes_each) // 2 * 2)
    members = _members(table.strata)
    streams = generators(seed, len(members))
    for start in range(0, total, size):
        part = min(size, total - start)
        if len(members) == 1:
            yield Shuffles(permutations(streams[0], table.n, part).astype(np.intp))
            continue
        index = np.empty((part, table.n), dtype=np.intp)
        for rows, stream in zip(members, streams, strict=True):
            index[:, rows] = rows[permutations(stream, rows.size, part)]
        yield Shuffles(index)


def every_shuffle(strata: IntArray) -> Shuffles:
    """Return every shuffle within strata of at most 8 rows."""
    orders = all_permutations(strata.size)
    return Shuffles(orders[(strata[orders] == strata).all(axis=1)].astype(np.intp))
