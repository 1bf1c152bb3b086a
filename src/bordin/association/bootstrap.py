"""Bootstrap limits of a whole table of correlations, without resampled copies of the data.

A resample is a column of weights: how often each case was drawn. Midranks follow from the weights summed
over the levels of a variable, so nothing is sorted; sums of products follow from the weights and the
midranks. All cells share the resamples; each uses the weights of its own complete pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bordin.association.blocks import (
    BoolArray,
    by_observed_rows,
    check_at_least_one,
    check_coefficient,
    checked_blocks,
    checked_labels,
    rows_with_a_pair,
)
from bordin.association.pairs import SMALLEST_N
from bordin.errors import AnalysisError
from bordin.resampling import FloatArray, IntArray, bca_limits, generators, left_out, multiplicities

# Weights (m, b) of the pairs to correlations (kx, ky, b).
_Kernel = Callable[[FloatArray], FloatArray]
# Sums of doubled, centered midranks of up to this many cases are whole numbers that single precision holds.
_EXACT_IN_SINGLE = 369
_MOST_RESAMPLES_AT_ONCE = 512
_WORKING_BYTES = 48_000_000
# Weighted sums of squares below this share of the whole are rounding errors of a constant resample.
_NO_SPREAD = 1e-12


@dataclass(frozen=True)
class BootstrapResult:
    """Bootstrap limits of every cell of a table.

    Attributes
    ----------
    low, high : ndarray (kx, ky)
        Limits; NaN where the cell is undefined.
    method : ndarray of str (kx, ky)
        ``"BCa"``, ``"percentile"`` (the declared fallback: all replicates on one side of the estimate, or a
        jackknife without spread) or ``"none"``.
    degenerate : ndarray of int (kx, ky)
        Resamples in which a column of the cell was constant; they are left out.
    """

    low: FloatArray
    high: FloatArray
    method: npt.NDArray[np.str_]
    degenerate: IntArray


class DifferenceLimits(NamedTuple):
    """Bootstrap limits of a difference of two correlations; see `BootstrapResult`."""

    low: float
    high: float
    method: str
    degenerate: int


def bootstrap_table(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    coefficient: str = "spearman",
    resamples: int = 10_000,
    seed: int = 1,
    level: float = 0.95,
    clusters: npt.ArrayLike | None = None,
) -> BootstrapResult:
    """BCa limits of all correlations of x columns with y columns.

    Parameters
    ----------
    x, y : array_like (n, kx), (n, ky)
        Numbers, NaN where missing. A row is a case.
    coefficient : str
        ``"spearman"``, ``"pearson"`` or ``"kendall"`` (tau-b).
    resamples : int
    seed : int
    level : float
        Confidence level between 0 and 1.
    clusters : array_like (n,), optional
        Label of each case's cluster (such as the participant of a session): clusters are resampled and left
        out whole.

    Returns
    -------
    BootstrapResult

    Raises
    ------
    AnalysisError
        When shapes do not fit, a value is infinite, or an option is not one of those above.

    Notes
    -----
    Cases with no pair at all are left out first. Resamples draw whole cases (or clusters), so the number of
    complete pairs of a cell varies from resample to resample as it would from sample to sample.

    References
    ----------
    Efron (1987), doi:10.1080/01621459.1987.10478410.

    Validated against R boot 1.3-28.1 and scipy 1.17.1 on
    ``tests/reference/association/resampling_expected.json`` (limits within .03).
    """
    xs, ys = checked_blocks(x, y)
    kept = rows_with_a_pair(xs, ys)
    xs, ys = xs[kept], ys[kept]
    shape = xs.shape[1], ys.shape[1]
    drawing = _Drawing(resamples, seed, _kept_labels(clusters, kept))
    drawn, left, whole = _replicates(xs, ys, coefficient, drawing)
    estimate = whole.reshape(-1)
    limits = bca_limits(
        drawn.reshape(estimate.size, -1).T, estimate, left.reshape(estimate.size, -1).T, level
    )
    degenerate = np.where(np.isnan(estimate), 0, limits.degenerate)
    return BootstrapResult(
        limits.low.reshape(shape),
        limits.high.reshape(shape),
        limits.method.reshape(shape),
        degenerate.reshape(shape),
    )


def bootstrap_difference(
    x1: npt.ArrayLike,
    x2: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    coefficient: str = "spearman",
    resamples: int = 10_000,
    seed: int = 1,
    level: float = 0.95,
    clusters: npt.ArrayLike | None = None,
) -> DifferenceLimits:
    """BCa limits of r(x1, y) - r(x2, y) on the cases that have all three.

    Parameters
    ----------
    x1, x2, y : array_like (n,)
        Numbers, NaN where missing.
    coefficient, resamples, seed, level, clusters
        As in `bootstrap_table`.

    Returns
    -------
    DifferenceLimits
        ``low, high, method, degenerate``; NaN, NaN, ``"none"``, 0 when a correlation is undefined.

    Raises
    ------
    AnalysisError
        As `bootstrap_table`.

    References
    ----------
    Efron (1987), doi:10.1080/01621459.1987.10478410.
    """
    columns = [np.asarray(column, dtype=float) for column in (x1, x2, y)]
    if any(column.shape != columns[0].shape or column.ndim != 1 for column in columns):
        shapes = ", ".join(str(column.shape) for column in columns)
        raise AnalysisError(f"x1, x2 and y have the shapes {shapes}. Give three columns of equal length.")
    pair, other = checked_blocks(np.column_stack(columns[:2]), columns[2][:, None])
    kept = ~np.isnan(pair).any(axis=1) & ~np.isnan(other[:, 0])
    drawing = _Drawing(resamples, seed, _kept_labels(clusters, kept))
    made = _replicates(pair[kept], other[kept], coefficient, drawing)
    drawn, left, whole = ((cells[0, 0] - cells[1, 0])[:, None] for cells in made)
    limits = bca_limits(drawn, whole[0], left, level)
    undefined = bool(np.isnan(whole[0, 0]))
    return DifferenceLimits(
        float(limits.low[0]),
        float(limits.high[0]),
        str(limits.method[0]),
        0 if undefined else int(limits.degenerate[0]),
    )


@dataclass(frozen=True)
class _Drawing:
    """How resamples are drawn."""

    resamples: int
    seed: int
    clusters: npt.NDArray[np.generic] | None


def _kept_labels(clusters: npt.ArrayLike | None, kept: BoolArray) -> npt.NDArray[np.generic] | None:
    return None if clusters is None else checked_labels("clusters", clusters, kept.size)[kept]


def _replicates(
    xs: FloatArray, ys: FloatArray, coefficient: str, drawing: _Drawing
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the cells (kx, ky, .) of all resamples, of the jackknife, and of the data as they are."""
    check_coefficient(coefficient)
    check_at_least_one("resamples", drawing.resamples)
    n, shape = len(xs), (xs.shape[1], ys.shape[1])
    single = n <= _EXACT_IN_SINGLE and coefficient != "pearson" and drawing.clusters is None
    kind: np.dtype[np.floating[Any]] = np.dtype(np.float32 if single else np.float64)
    kernel = {"spearman": _spearman, "pearson": _pearson, "kendall": _kendall}[coefficient]
    groups: list[_Group] = []
    for x_rows, x_columns in by_observed_rows(xs):
        for y_rows, y_columns in by_observed_rows(ys):
            inside = np.flatnonzero(x_rows & y_rows)
            if inside.size >= SMALLEST_N:
                parts = xs[np.ix_(inside, x_columns)], ys[np.ix_(inside, y_columns)]
                groups.append(_Group(inside, np.ix_(x_columns, y_columns), kernel(*parts)))

    def correlate(weights: FloatArray) -> FloatArray:
        table = np.full((*shape, weights.shape[1]), np.nan)
        for group in groups:
            table[group.cells] = group.correlate(weights[group.inside])
        return table

    whole = correlate(np.ones((n, 1), dtype=kind))
    kept = left_out(n, drawing.clusters)
    left = correlate(kept.T.astype(kind))
    for group in groups:
        # What is left out must hold a pair of the cell; else it says nothing about the cell.
        left[group.cells] = np.where(kept[:, group.inside].all(axis=1), np.nan, left[group.cells])
    drawn = np.empty((*shape, drawing.resamples))
    bytes_each = 8 * (n * (sum(shape) + 4) + 2 * shape[0] * shape[1])
    size = max(2, min(_MOST_RESAMPLES_AT_ONCE, _WORKING_BYTES // bytes_each) // 2 * 2)
    stream = generators(drawing.seed, 1)[0]
    for start in range(0, drawing.resamples, size):
        part = min(size, drawing.resamples - start)
        weights = multiplicities(stream, n, part, drawing.clusters).T.astype(kind)
        drawn[:, :, start : start + part] = correlate(weights)
    return drawn, left, whole


@dataclass(frozen=True)
class _Group:
    """Cells that share their complete pairs, and what correlates them under weights (m, b)."""

    inside: IntArray
    cells: tuple[npt.NDArray[np.intp], ...]
    correlate: _Kernel


class _Levels:
    """The levels of some columns, as matrices that turn weights (m, b) into sums over levels."""

    def __init__(self, columns: FloatArray) -> None:
        self.codes = [np.unique(column, return_inverse=True)[1] for column in columns.T]
        numbers = [np.arange(code.max() + 1)[:, None] for code in self.codes]
        self._ends = np.cumsum([len(number) for number in numbers])
        pairs = list(zip(numbers, self.codes, strict=True))
        self._at = np.vstack([number == code for number, code in pairs])
        # A level's rank, doubled and centered, is the weight below it less the weight above it.
        self._below_less_above = np.vstack([np.sign(number - code) for number, code in pairs])

    def counts(self, weights: FloatArray) -> list[FloatArray]:
        """Sum the weights at each level: one (levels, b) a column."""
        return np.split(self._at.astype(weights.dtype) @ weights, self._ends[:-1])

    def ranks(self, weights: FloatArray) -> list[FloatArray]:
        """Doubled, centered midrank of each level: one (levels, b) a column."""
        return np.split(self._below_less_above.astype(weights.dtype) @ weights, self._ends[:-1])


def _ratio(products: FloatArray, x_squares: FloatArray, y_squares: FloatArray) -> FloatArray:
    """Divide products (kx, ky, b) by the roots of squares (kx, b) and (ky, b); NaN where one is 0."""
    squares = x_squares[:, None].astype(float) * y_squares[None]
    np.sqrt(squares, out=squares)
    ratio = np.full(squares.shape, np.nan)
    np.divide(products, squares, out=ratio, where=squares > 0)
    return np.clip(ratio, -1, 1, out=ratio)


def _spearman(x: FloatArray, y: FloatArray) -> _Kernel:
    x_levels, y_levels = _Levels(x), _Levels(y)

    def ranks(levels: _Levels, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Doubled, centered midranks of each case (k, m, b), and their weighted sums of squares (k, b)."""
        each = np.empty((len(levels.codes), *weights.shape), dtype=weights.dtype)
        squares = np.empty((len(levels.codes), weights.shape[1]), dtype=weights.dtype)
        parts = zip(levels.codes, levels.counts(weights), levels.ranks(weights), strict=True)
        for column, (code, counts, middle) in enumerate(parts):
            each[column] = middle[code]
            squares[column] = np.einsum("lb,lb,lb->b", counts, middle, middle)
        return each, squares

    def correlate(weights: FloatArray) -> FloatArray:
        x_ranks, x_squares = ranks(x_levels, weights)
        y_ranks, y_squares = ranks(y_levels, weights)
        y_ranks *= weights
        return _ratio(np.einsum("imb,jmb->ijb", x_ranks, y_ranks), x_squares, y_squares)

    return correlate


def _pearson(x: FloatArray, y: FloatArray) -> _Kernel:
    x, y = (_standardized(block) for block in (x, y))
    products = x[:, None] * y[None]
    square = products.shape[:2]

    def squares(block: FloatArray, weights: FloatArray, total: FloatArray) -> tuple[FloatArray, FloatArray]:
        sums, raw = block @ weights, (block * block) @ weights
        spread = raw - sums**2 / total
        return sums, np.where(spread > _NO_SPREAD * raw, spread, 0)

    def correlate(weights: FloatArray) -> FloatArray:
        total = np.maximum(weights.sum(axis=0), 1)
        x_sums, x_squares = squares(x, weights, total)
        y_sums, y_squares = squares(y, weights, total)
        sums = (products.reshape(-1, len(weights)) @ weights).reshape(*square, -1)
        return _ratio(sums - x_sums[:, None] * y_sums[None] / total, x_squares, y_squares)

    return correlate


def _standardized(block: FloatArray) -> FloatArray:
    """Columns (k, m) with mean 0 and largest absolute value 1, so that squares neither overflow nor vanish."""
    columns = block.T / np.maximum(np.abs(block).max(axis=0), np.finfo(float).tiny)[:, None]
    columns = columns - columns.mean(axis=1, keepdims=True)
    largest = np.abs(columns).max(axis=1, keepdims=True)
    standard: FloatArray = columns / np.where(np.ptp(block, axis=0)[:, None] > 0, largest, np.inf)
    return standard


def _kendall(x: FloatArray, y: FloatArray) -> _Kernel:
    x_levels, y_levels = _Levels(x), _Levels(y)

    def untied(levels: _Levels, weights: FloatArray) -> FloatArray:
        """Twice the pairs of cases that differ."""
        every = weights.sum(axis=0) ** 2
        return np.array([every - np.sum(counts**2, axis=0) for counts in levels.counts(weights)])

    def correlate(weights: FloatArray) -> FloatArray:
        products = np.empty((len(x_levels.codes), len(y_levels.codes), weights.shape[1]))
        for row, one in enumerate(x_levels.codes):
            x_signs = np.sign(np.subtract.outer(one, one)).astype(weights.dtype)
            for column, other in enumerate(y_levels.codes):
                signs = np.sign(np.subtract.outer(other, other)).astype(weights.dtype) * x_signs
                products[row, column] = np.einsum("mb,mb->b", signs @ weights, weights)
        return _ratio(products, untied(x_levels, weights), untied(y_levels, weights))

    return correlate
