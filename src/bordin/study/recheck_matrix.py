"""Whether any data could have produced a correlation matrix, given how its values were rounded.

Correlations of the same cases (Pearson, Spearman and Kendall alike) form a matrix without negative
eigenvalues. A printed matrix may have a small negative one from rounding alone, so the question is
whether *some* matrix within the rounding has none. Alternating projections between the box of
rounded values and the cone of positive semidefinite matrices answer it both ways, with a proof:

*Possible*: a matrix of the box is found whose smallest eigenvalue is not negative.
*Impossible*: a positive semidefinite Y is found with sum(Y * X) < 0 for every X of the box. For every
positive semidefinite X that sum is at least 0, so none lies in the box. The largest sum over a box is
known exactly (its value at the centre plus the sum of abs(Y) times the half widths), so the proof does
not hang on the iteration having come to its end. *Undecided*: neither, within the steps allowed.

References
----------
Higham (2002), doi:10.1093/imanum/22.3.329, for the projections; Cheney and Goldstein (1959),
doi:10.1090/S0002-9939-1959-0105008-8, for their convergence to the gap between two convex sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float64]
Verdict = Literal["possible", "impossible", "undecided"]

MOST_STEPS = 3_000
# There are up to 190 signs to turn, and most are decided in a few steps.
_STEPS_FOR_A_SIGN = 300
# Rounding errors of the eigenvalues of a matrix with entries up to 1 stay far below this, per row.
_MARGIN = 1e-11


@dataclass(frozen=True)
class MatrixCheck:
    """Whether a printed correlation matrix can be.

    Attributes
    ----------
    names : tuple of str
        Variables, shape (k,).
    n_missing : int
        Pairs without a printed value; they may take any value from -1 to 1.
    smallest_eigenvalue : float or None
        Of the matrix as printed; None when a pair is missing.
    verdict : str
        ``"possible"``, ``"impossible"`` (proved) or ``"undecided"``.
    slip : str or None
        The one pair whose sign, turned round, would make an impossible matrix possible.
    """

    names: tuple[str, ...]
    n_missing: int
    smallest_eigenvalue: float | None
    verdict: Verdict
    slip: str | None = None


def check_box(center: Array, half: Array, most_steps: int = MOST_STEPS) -> Verdict:
    """Tell whether a box of symmetric matrices holds a positive semidefinite one.

    Parameters
    ----------
    center : ndarray of shape (k, k)
        Symmetric, with ones on the diagonal.
    half : ndarray of shape (k, k)
        How far each entry may lie from it; 0 on the diagonal.
    most_steps : int
        Projections before the search is given up.

    Returns
    -------
    str
        ``"possible"``, ``"impossible"`` or ``"undecided"``; the first two are proved (see above).

    Notes
    -----
    Validated against closed forms (three variables; equal correlations): tests/study/test_recheck_matrix.py.
    """
    low, high = center - half, center + half
    margin = _MARGIN * len(center)
    inside = center
    for _ in range(most_steps):
        values, vectors = np.linalg.eigh(inside)
        if values[0] >= -margin:
            return "possible"
        negative = np.minimum(values, 0.0)
        proof = (vectors * -negative) @ vectors.T
        largest = float(np.sum(proof * center) + np.sum(np.abs(proof) * half))
        if largest < -margin * float(np.trace(proof)):
            return "impossible"
        # The matrix without its negative part is the nearest one of the cone; the box cuts it back.
        inside = np.clip(inside + proof, low, high)
    return "undecided"


def check_matrix(names: Sequence[str], pairs: dict[tuple[str, str], tuple[float, float]]) -> MatrixCheck:
    """Check a printed correlation matrix.

    Parameters
    ----------
    names : sequence of str
        Variables, shape (k,).
    pairs : dict of (str, str) to (float, float)
        The printed r of a pair (each once) and half a unit of its last digit.

    Returns
    -------
    MatrixCheck
    """
    place = {name: k for k, name in enumerate(names)}
    center, half = np.eye(len(names)), np.ones((len(names), len(names)))
    np.fill_diagonal(half, 0.0)
    for (a, b), (r, unit) in pairs.items():
        low, high = max(r - unit, -1.0), min(r + unit, 1.0)
        i, j = place[a], place[b]
        center[i, j] = center[j, i] = (low + high) / 2
        half[i, j] = half[j, i] = (high - low) / 2
    n_missing = len(names) * (len(names) - 1) // 2 - len(pairs)
    verdict = check_box(center, half)
    return MatrixCheck(
        names=tuple(names),
        n_missing=n_missing,
        smallest_eigenvalue=_smallest_eigenvalue(place, pairs) if n_missing == 0 else None,
        verdict=verdict,
        slip=_turned_sign(place, list(pairs), center, half) if verdict == "impossible" else None,
    )


def _smallest_eigenvalue(place: dict[str, int], pairs: dict[tuple[str, str], tuple[float, float]]) -> float:
    printed = np.eye(len(place))
    for (a, b), (r, _) in pairs.items():
        printed[place[a], place[b]] = printed[place[b], place[a]] = r
    return float(np.linalg.eigvalsh(printed)[0])


def _turned_sign(
    place: dict[str, int], pairs: list[tuple[str, str]], center: Array, half: Array
) -> str | None:
    """Name the only pair whose other sign would make the matrix possible."""
    if len(place) < 4 or len(place) > 20:
        # Among three variables, any of the three signs would do; among many it takes too long.
        return None
    explaining = []
    for a, b in pairs:
        i, j = place[a], place[b]
        turned = center.copy()
        turned[i, j] = turned[j, i] = -center[i, j]
        verdict = check_box(turned, half, _STEPS_FOR_A_SIGN)
        if verdict == "possible":
            explaining.append(f"{a} with {b}")
        if verdict == "undecided" or len(explaining) > 1:
            return None
    return explaining[0] if explaining else None
