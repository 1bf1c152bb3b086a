"""Observed agreement corrected by chance agreement: what percent agreement, the kappas and AC1 share.

The coefficients differ in one place, the agreement that chance alone would give. Each brings that as a
`Chance`; the observed agreement, the value and its variance are made here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from bordin.reliability.shapes import Reliability
from bordin.reliability.tally import Tally
from bordin.reliability.uncertainty import Kernel, Rule, reliability, without_value
from bordin.resampling import FloatArray


class Chance(NamedTuple):
    """Chance agreement as a function of how often each distinct row occurs.

    Attributes
    ----------
    value : callable
        Turns weights (b, p) of the distinct rows into chance agreement (b,).
    influence : ndarray of shape (p,)
        What one unit that shows the row adds to n times the chance agreement (to first order).
    low : float
        Where the coefficient's interval is cut below.
    """

    value: Callable[[FloatArray], FloatArray]
    influence: FloatArray
    low: float = -1.0


def named(name: str, weights: str) -> str:
    """Add the weights to a coefficient's name: ``"AC2 (quadratic)"``, ``"kappa (Cohen, quadratic)"``."""
    if weights == "identity":
        return name
    return f"{name[:-1]}, {weights})" if name.endswith(")") else f"{name} ({weights})"


def constant_chance(counted: Tally, value: float, low: float = -1.0) -> Chance:
    """Chance agreement that does not depend on what was coded."""
    return Chance(lambda weights: np.full(len(weights), value), np.zeros(len(counted.frequency)), low)


def shares(counted: Tally) -> FloatArray:
    """Share of a unit's coders that chose each category, shape (p, q)."""
    return counted.counts / counted.coders[:, None]


def corrected(
    name: str, method: str, counted: Tally, matrix: FloatArray, chance: Chance, rule: Rule
) -> Reliability:
    """Make (observed - chance) / (1 - chance) with its interval.

    Parameters
    ----------
    name, method : str
    counted : Tally
    matrix : ndarray of shape (q, q)
        Agreement weights.
    chance : Chance
    rule : Rule
        How the interval is made.

    Returns
    -------
    Reliability

    Notes
    -----
    Observed agreement rests on the units with two or more coders. Gwet's (2014) variance holds the number of
    these for fixed; the linearized one does not, and is the smaller where many units have one coder. Both are
    equal where every unit has two or more.
    """
    observed, shared = _observed(counted, matrix), (counted.coders >= 2).astype(float)

    def value(weights: FloatArray) -> FloatArray:
        pairs = weights @ shared
        agreement = np.divide(weights @ observed, pairs, out=np.full(len(weights), np.nan), where=pairs > 0)
        by_chance = chance.value(weights)
        left = 1 - by_chance
        made: FloatArray = np.full(len(weights), np.nan)
        np.divide(agreement - by_chance, left, out=made, where=left > 1e-12)
        return made

    whole = counted.frequency[None]
    coefficient, by_chance = float(value(whole)[0]), float(chance.value(whole)[0])
    if np.isnan(coefficient):
        return without_value(name, method, counted, "no variance: chance alone would give full agreement")
    per_pair = counted.frequency.sum() / float(counted.frequency @ shared) * shared
    agreement = by_chance + coefficient * (1 - by_chance)
    influence = per_pair * (observed - agreement) - (1 - coefficient) * chance.influence
    influence /= 1 - by_chance
    published = influence + coefficient * (per_pair - 1)
    notes = _single_coded(counted)
    kernel = Kernel(value, influence, published, low=chance.low)
    return reliability(name, method, counted, kernel, rule, notes)


def _observed(counted: Tally, matrix: FloatArray) -> FloatArray:
    """Share of a unit's pairs of coders that agree, 0 where there is no pair; shape (p,)."""
    counts, coders = counted.counts, counted.coders
    together = np.einsum("pk,kl,pl->p", counts, matrix, counts, optimize=True) - coders
    pairs = coders * (coders - 1)
    agree: FloatArray = np.divide(together, pairs, out=np.zeros(len(counts)), where=pairs > 0)
    return agree


def _single_coded(counted: Tally) -> tuple[str, ...]:
    single = int(counted.frequency[counted.coders == 1].sum())
    return (f"{single} units with one coder count towards chance agreement only",) if single else ()
