"""Training to criterion: a coder against a standard on whole sessions, judged by the interval, not by the value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bordin.errors import AnalysisError
from bordin.estimate import Estimate
from bordin.reliability.icc import icc
from bordin.reliability.rating_rows import rating_block
from bordin.reliability.shapes import Reliability


class Convention(NamedTuple):
    """Words for the size of an ICC.

    Attributes
    ----------
    name : str
        Who proposed it.
    words : tuple of str
        From the lowest.
    lines : tuple of float
        From which value on the second, third and fourth word hold.
    """

    name: str
    words: tuple[str, ...]
    lines: tuple[float, ...]

    def word(self, value: float) -> str:
        """Return the word for a value."""
        return self.words[sum(value >= line for line in self.lines)]


CONVENTIONS = (
    Convention("Koo and Li (2016)", ("poor", "moderate", "good", "excellent"), (0.50, 0.75, 0.90)),
    Convention("Cicchetti (1994)", ("poor", "fair", "good", "excellent"), (0.40, 0.60, 0.75)),
)


class Reading(NamedTuple):
    """What a convention calls an ICC: its value and both ends of its interval.

    Attributes
    ----------
    convention : str
    value, low, high : str
    """

    convention: str
    value: str
    low: str
    high: str


@dataclass(frozen=True)
class Criterion:
    """Whether a coder has reached the criterion on one dimension.

    Attributes
    ----------
    coder, dimension : str
    reliability : Reliability
        Of the coder against the standard.
    criterion : float
        What the lower limit has to reach.
    passed : bool
    reason : str
        Why not; empty when passed.
    readings : tuple of Reading
        By both conventions; empty without an interval.
    """

    coder: str
    dimension: str
    reliability: Reliability
    criterion: float
    passed: bool
    reason: str
    readings: tuple[Reading, ...]


def readings_of(estimate: Estimate) -> tuple[Reading, ...]:
    """Read an ICC by both conventions, never without its interval.

    Parameters
    ----------
    estimate : Estimate

    Returns
    -------
    tuple of Reading
        Empty when there is no value or no interval, and for coefficients that are no ICC.

    References
    ----------
    Koo and Li (2016), doi:10.1016/j.jcm.2016.02.012; Cicchetti (1994), doi:10.1037/1040-3590.6.4.284.
    """
    value, limits = estimate.value, estimate.interval
    if value is None or limits is None or not estimate.name.startswith("ICC"):
        return ()
    return tuple(
        Reading(one.name, one.word(value), one.word(limits.low), one.word(limits.high)) for one in CONVENTIONS
    )


def judge(reliability: Reliability, criterion: float, *, coder: str = "") -> Criterion:
    """Hold a coefficient's lower limit against the criterion.

    Parameters
    ----------
    reliability : Reliability
        Any coefficient of a coder against a standard.
    criterion : float
        From the protocol; above 0 and up to 1.
    coder : str

    Returns
    -------
    Criterion

    Raises
    ------
    AnalysisError
        When the criterion is not above 0 and up to 1.
    """
    if not 0 < criterion <= 1:
        raise AnalysisError(f"criterion: {criterion} is not above 0 and up to 1. Give, for example, 0.6.")
    estimate = reliability.estimate
    limits = estimate.interval
    passed = limits is not None and limits.low >= criterion
    if passed:
        reason = ""
    elif estimate.value is None:
        reason = f"undefined: {estimate.undefined}"
    elif limits is None:
        reason = "there is no interval"
    elif estimate.value < criterion:
        reason = "the value is below the criterion"
    else:
        reason = (
            "the value reaches the criterion, the lower limit does not: rate more sessions, or train more"
        )
    return Criterion(
        coder, reliability.dimension, reliability, criterion, passed, reason, readings_of(estimate)
    )


def train_to_criterion(
    coder: npt.ArrayLike,
    standard: npt.ArrayLike,
    criterion: float,
    *,
    name: str = "",
    dimension: str = "",
    level: float = 0.95,
) -> Criterion:
    """Judge one coder on one dimension against a standard, by ICC(A,1) on whole sessions.

    Parameters
    ----------
    coder, standard : array_like (n_sessions,)
        Ratings of the coder and of the standard, NaN where missing; sessions that have both count.
    criterion : float
        What the lower limit of the interval has to reach.
    name, dimension : str
    level : float
        Confidence level.

    Returns
    -------
    Criterion
        Absolute agreement: a coder who is always one point too high has not learned the manual.

    Raises
    ------
    AnalysisError
        When the columns differ in length, or the criterion or the level is not allowed.
    """
    one, two = np.asarray(coder, dtype=float), np.asarray(standard, dtype=float)
    if one.shape != two.shape or one.ndim != 1:
        raise AnalysisError(
            f"The coder has {one.shape} ratings, the standard {two.shape}. Give one a session."
        )
    both = ~np.isnan(one) & ~np.isnan(two)
    found = icc(np.stack([one[both], two[both]], axis=1), "ICC(A,1)", level=level)
    return judge(replace(found, dimension=dimension), criterion, coder=name)


def criteria_of(
    sessions: Sequence[Any],
    coders: Sequence[Any],
    dimensions: Sequence[Any],
    values: Sequence[float | None],
    *,
    standard: str,
    criterion: float,
    level: float = 0.95,
) -> tuple[Criterion, ...]:
    """Judge every coder on every dimension against the standard, from long ratings.

    Parameters
    ----------
    sessions, coders, dimensions, values, standard
        As in :func:`bordin.reliability.rating_rows.rating_block`. First readings count.
    criterion : float
    level : float

    Returns
    -------
    tuple of Criterion
        By coder, then dimension.

    Raises
    ------
    AnalysisError
        When there is no such standard, the rows do not fit together, or the criterion is not allowed.
    """
    block = rating_block(sessions, coders, dimensions, values, standard=standard)
    truth = block.values[:, block.coders.index(standard)]
    return tuple(
        train_to_criterion(
            block.values[:, c, d], truth[:, d], criterion, name=block.coders[c], dimension=name, level=level
        )
        for c in block.watched
        for d, name in enumerate(block.dimensions)
    )
