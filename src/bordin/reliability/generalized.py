"""Generalized confidence draws of session, coder and residual variance, for any connected or broken design.

Three sums of squares are held against their distributions: what is left after sessions and coders is
e chi2; coders with sessions taken out, and sessions with coders taken out, are sums of independent squares
with variances e (1 + b lambda) and e (1 + a mu). Each draw of three chi-squares is solved for e, then b, then a.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bordin.reliability.design import FloatArray
from bordin.reliability.reml import LARGEST_RATIO, Pattern, Sums

# Points of the curve that is inverted, 0 apart: dense enough for four digits of a ratio.
_RATIOS = np.concatenate([[0.0], np.geomspace(1e-6, LARGEST_RATIO, 1200)])
# Below this share of all squares the residual is rounding error of an exact fit.
EXACT_FIT = 1e-12


class Squares(NamedTuple):
    """Adjusted sums of squares of one data set.

    Attributes
    ----------
    residual : float
        What is left after sessions and coders; exactly 0 when they explain every rating.
    residual_df, coder_df, session_df : int
        Degrees of freedom.
    coder, session : ndarray (len(ratios),)
        Squares of coders adjusted for sessions, and of sessions adjusted for coders, each divided by its
        variance in units of the residual variance, at the variance ratios of the curve.
    coder_effects, session_effects : float
        The limits of ratio times curve for large ratios: squares of the estimated effects.
    """

    residual: float
    residual_df: int
    coder_df: int
    session_df: int
    coder: FloatArray
    session: FloatArray
    coder_effects: float
    session_effects: float


def adjusted_squares(pattern: Pattern, sums: Sums, residual_df: int, n_groups: int) -> Squares:
    """Take out sessions and coders of one data set.

    Parameters
    ----------
    pattern : Pattern
    sums : Sums
        Of one data set.
    residual_df : int
        Degrees of freedom of the residual.
    n_groups : int
        Groups of coders who never meet; 1 in a connected design.

    Returns
    -------
    Squares
    """
    total = float(sums.squares[0])
    within, seen, left = _sessions_out(pattern, sums, np.inf)
    size, vectors = np.linalg.eigh(within)
    kept = size > 1e-9 * max(1.0, size.max())
    size, squared = size[kept], (vectors[:, kept].T @ seen) ** 2
    residual = left - float(np.sum(squared / size))
    if residual < EXACT_FIT * total:
        residual = 0.0
    coder = np.sum(squared / size / (1 + _RATIOS[:, None] * size), axis=1)
    session = np.array([_session_curve(pattern, sums, ratio) for ratio in _RATIOS]) - residual
    s, k = pattern.coded.shape
    return Squares(
        residual,
        residual_df,
        k - n_groups,
        s - n_groups,
        coder,
        np.minimum.accumulate(np.maximum(session, 0.0)),
        float(np.sum(squared / size**2)),
        0.0,
    )
