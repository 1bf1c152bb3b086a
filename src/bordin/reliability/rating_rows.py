"""Long ratings (session, coder, dimension, value, order) as one block of sessions by coders by dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from bordin.errors import AnalysisError, nearest
from bordin.resampling import FloatArray, IntArray


@dataclass(frozen=True)
class RatingBlock:
    """First readings of all coders, and the second ones where a tape was rated again.

    Attributes
    ----------
    sessions, coders, dimensions : tuple of str
        Names along the three axes: sessions and dimensions in order of first appearance, coders sorted.
    values : ndarray (n_sessions, n_coders, n_dimensions)
        First readings, NaN where missing.
    again : ndarray (n_sessions, n_coders, n_dimensions)
        Second readings.
    order : ndarray (n_sessions, n_coders, n_dimensions) or None
        When the first reading was made: a running number, or days.
    standard : int or None
        Place of the coder whose ratings are the standard, such as the consensus.
    """

    sessions: tuple[str, ...]
    coders: tuple[str, ...]
    dimensions: tuple[str, ...]
    values: FloatArray
    again: FloatArray
    order: FloatArray | None
    standard: int | None

    @property
    def watched(self) -> tuple[int, ...]:
        """Places of the coders who are described: all but the standard."""
        return tuple(c for c in range(len(self.coders)) if c != self.standard)

    def others(self, coder: int) -> tuple[int, ...]:
        """Places of the coders that one is held against: the standard, or else all others."""
        if self.standard is not None:
            return (self.standard,)
        return tuple(c for c in range(len(self.coders)) if c != coder)

    def deviations(self, coder: int) -> FloatArray:
        """How far one coder stands above the mean of those the coder is held against.

        Parameters
        ----------
        coder : int
            Place among the coders.

        Returns
        -------
        ndarray (n_sessions, n_dimensions)
            NaN where the coder or all of the others have no rating.
        """
        against = self.values[:, self.others(coder)]
        there = ~np.isnan(against)
        count = there.sum(axis=1)
        mean = np.where(there, against, 0.0).sum(axis=1) / np.maximum(count, 1)
        apart: FloatArray = np.where(count > 0, self.values[:, coder] - mean, np.nan)
        return apart


def rating_block(
    sessions: Sequence[Any],
    coders: Sequence[Any],
    dimensions: Sequence[Any],
    values: Sequence[float | None],
    order: Sequence[float | date | None] | None = None,
    *,
    standard: str | None = None,
) -> RatingBlock:
    """Arrange long ratings.

    Parameters
    ----------
    sessions, coders, dimensions : sequence of length n
        What was rated, by whom, and on which dimension.
    values : sequence of float of length n
        None or NaN where missing.
    order : sequence of float or date of length n, optional
        When each rating was made. It tells first readings from second ones; without it the rows do.
    standard : str, optional
        The coder whose ratings are the standard: the consensus, or the experts' ratings of calibration tapes.

    Returns
    -------
    RatingBlock

    Raises
    ------
    AnalysisError
        When lengths differ, there is no such standard, a rating is not a finite number, a date is missing, or a
        coder rated a session three times on one dimension.
    """
    lengths = {len(sessions), len(coders), len(dimensions), len(values)}
    if len(lengths) > 1 or (order is not None and len(order) != len(values)):
        raise AnalysisError(
            "Sessions, coders, dimensions, values and order differ in length. Give one a row."
        )
    rows = [_labels(sessions), _labels(coders, ordered=True), _labels(dimensions)]
    labels = [names for names, _ in rows]
    if standard is not None and standard not in labels[1]:
        raise AnalysisError(f"standard: there is no coder '{standard}'. {nearest(standard, labels[1])}")
    numbers = _numbers(values)
    when = np.arange(len(numbers), dtype=float) if order is None else _times(order, numbers)
    shape = tuple(len(names) for names in labels)
    first, again = np.full(shape, np.nan), np.full(shape, np.nan)
    at = np.full(shape, np.nan)
    places = np.stack([place for _, place in rows], axis=1)
    for row in np.argsort(when, kind="stable"):
        cell = tuple(places[row])
        if np.isnan(numbers[row]):
            continue
        if np.isnan(first[cell]):
            first[cell], at[cell] = numbers[row], when[row]
        elif np.isnan(again[cell]):
            again[cell] = numbers[row]
        else:
            session, coder, dimension = (names[i] for names, i in zip(labels, cell, strict=True))
            raise AnalysisError(
                f"{coder} rated {dimension} of session {session} three times. Keep a first and a second reading."
            )
    place = None if standard is None else labels[1].index(standard)
    return RatingBlock(labels[0], labels[1], labels[2], first, again, None if order is None else at, place)


def _labels(column: Sequence[Any], *, ordered: bool = False) -> tuple[tuple[str, ...], IntArray]:
    """Distinct labels, and the place of each row's."""
    texts = [str(label) for label in column]
    labels = sorted(set(texts)) if ordered else list(dict.fromkeys(texts))
    place = {label: number for number, label in enumerate(labels)}
    return tuple(labels), np.array([place[text] for text in texts], dtype=int)


def _numbers(values: Sequence[float | None]) -> FloatArray:
    try:
        numbers = np.array([np.nan if v is None else float(v) for v in values])
    except (TypeError, ValueError) as error:
        raise AnalysisError(f"The ratings are not all numbers ({error}). Give numbers.") from error
    if np.isinf(numbers).any():
        raise AnalysisError("A rating is infinite. Give finite numbers, NaN where missing.")
    return numbers


def _times(order: Sequence[float | date | None], numbers: FloatArray) -> FloatArray:
    """When each rating was made; dates as days."""
    days = [moment.toordinal() if isinstance(moment, date) else moment for moment in order]
    when = _numbers(days)
    lost = np.flatnonzero(np.isnan(when) & ~np.isnan(numbers))
    if len(lost):
        raise AnalysisError(f"order: rating {lost[0] + 1} has no date or number. Give one to each rating.")
    return when
