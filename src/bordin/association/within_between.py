"""Correlation split into its parts within and between participants, where sessions repeat.

Sessions of one participant are not independent, so a p that counts sessions is wrong.
Two questions remain that have an answer: do participants with a higher mean of x have a
higher mean of y (between), and is y higher in those of a participant's own sessions in
which x is higher (within)?
"""

from __future__ import annotations

from math import fsum

import numpy as np

from bordin.association.cells import Partial, WithinBetween
from bordin.association.coefficient import correlate
from bordin.association.fisher import check_coefficient, fisher_interval, interval_method
from bordin.association.pairs import Array, Codes, Values, as_floats, midranks
from bordin.association.partial import deviations, partial_correlation
from bordin.association.permutation import permute_table
from bordin.errors import AnalysisError
from bordin.estimate import Estimate


def split_within_between(
    x: Values,
    y: Values,
    participants: Codes,
    *,
    coefficient: str = "spearman",
    level: float = 0.95,
    interval: str = "default",
    names: tuple[str, str, str] = ("x", "y", "participant"),
) -> WithinBetween:
    """Split a correlation over sessions.

    Parameters
    ----------
    x, y : array-like of shape (n_sessions,)
        Values, None or NaN where missing.
    participants : ndarray of int, shape (n_sessions,)
        Number of each session's participant, from 0; no session without one.
    coefficient : str
        ``"spearman"``, ``"pearson"`` or ``"kendall"``.
    level, interval
        Of the intervals, as for the coefficient. The part within participants has no
        interval by Kendall's tau.
    names : tuple of str
        Names of x, y and the participant column.

    Returns
    -------
    WithinBetween
        Between: the coefficient of participants' means (each variable over all sessions
        that have it). Within: :func:`~bordin.association.partial.partial_correlation` with the
        participants as control, thus of the deviations of midranks (Spearman) or of
        values (Pearson), or of pairs of the same participant's sessions (Kendall).

    Raises
    ------
    AnalysisError
        When the columns differ in length or the coefficient is not known.

    References
    ----------
    Bland and Altman (1995), doi:10.1136/bmj.310.6977.446 (within) and
    doi:10.1136/bmj.310.6980.633 (between, here without weights).
    Validated against R 4.2.2 `lm`: fixture ``estimators_grouped.json``.
    """
    xs, ys = as_floats(x), as_floats(y)
    if not len(xs) == len(ys) == len(participants):
        raise AnalysisError(f"Columns of unequal length: {len(xs)}, {len(ys)}, {len(participants)} rows.")
    between = correlate(
        means_by(xs, participants),
        means_by(ys, participants),
        coefficient=coefficient,
        level=level,
        interval=interval,
        names=names[:2],
    )
    left = partial_correlation(xs, ys, participants, coefficient=coefficient, names=names)
    return WithinBetween(
        within=_within(left, coefficient, interval_method(coefficient, interval), level),
        between=between.estimate,
        n_participants=between.estimate.n,
        n_sessions=left.n,
        within_p=left.p,
        between_p=between.p,
    )


def p_shuffled_within(
    x: Values,
    y: Values,
    participants: Codes,
    *,
    coefficient: str = "spearman",
    permutations: int = 10_000,
    seed: int = 1,
) -> float | None:
    """Permutation p of the part within participants: sessions are shuffled within each participant.

    Parameters
    ----------
    x, y, participants, coefficient
        As in :func:`split_within_between`.
    permutations : int
        Number of shuffles.
    seed : int
        Seed of the shuffles.

    Returns
    -------
    float or None
        None for Kendall's tau, and where the part within participants is undefined. It holds
        for unequal numbers of sessions, but asks that a participant's sessions be
        exchangeable: a trend that runs through both variables makes it too small.

    Raises
    ------
    AnalysisError
        When the coefficient is not known.
    """
    if check_coefficient(coefficient) == "kendall":
        return None
    xs, ys = as_floats(x), as_floats(y)
    kept = ~np.isnan(xs) & ~np.isnan(ys)
    xs, ys, participants = xs[kept], ys[kept], participants[kept]
    if len(xs) == 0:
        return None
    if coefficient == "spearman":
        xs, ys = midranks(xs), midranks(ys)
    result = permute_table(
        deviations(xs, participants)[:, None],
        deviations(ys, participants)[:, None],
        coefficient="pearson",
        permutations=permutations,
        seed=seed,
        blocks=participants,
    )
    p = float(result.p[0, 0])
    return None if np.isnan(p) else p


def _within(left: Partial, coefficient: str, method: str, level: float) -> Estimate:
    if left.value is None:
        return Estimate.without_value(coefficient, left.n, left.undefined or "no value")
    by_pairs = coefficient == "kendall"
    return Estimate(
        name=coefficient,
        value=left.value,
        n=left.n,
        method="pairs of the same participant's sessions"
        if by_pairs
        else "deviations from participants' means",
        # Each participant's mean takes one degree of freedom, as if there were so many cases less.
        interval=None if by_pairs else fisher_interval(coefficient, method, left.value, left.df + 2, level),
    )


def means_by(values: Array, codes: Codes) -> Array:
    """Mean of the values of each code from 0 on; NaN where a code has none.

    Sums are exactly rounded, so equal values in another order give equal means and ties stay ties.
    """
    means = np.full(int(codes.max(initial=-1)) + 1, np.nan)
    observed = ~np.isnan(values)
    order = np.argsort(codes[observed], kind="stable")
    present, starts = np.unique(codes[observed][order], return_index=True)
    for code, group in zip(present, np.split(values[observed][order], starts[1:]), strict=True):
        means[code] = fsum(group) / len(group)
    return means
