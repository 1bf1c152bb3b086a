"""A planned table of correlations before any data: its true values and how they will be measured."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import pi

import numpy as np

from bordin.association.fisher import check_coefficient
from bordin.association.multiplicity import METHODS
from bordin.errors import AnalysisError, nearest
from bordin.resampling import FloatArray

Place = tuple[int, int]

LOWEST_THRESHOLD = -2.5
_SMALLEST_EIGENVALUE = 1e-3
_PROJECTIONS = 2_000


@dataclass(frozen=True)
class Side:
    """The variables of one side of a planned table, the rows or the columns.

    Attributes
    ----------
    reliability : tuple of float
        Of one score of one session, above 0 up to 1, for each variable.
    points : tuple of int or None
        Scale points of each variable; None where values hardly tie.
    ceiling : float or None
        Share of values at the highest point; None for points of equal width over 2.5 standard
        deviations to both sides.
    within : float
        True correlation of the variables of this side with each other.
    """

    reliability: tuple[float, ...]
    points: tuple[int | None, ...]
    ceiling: float | None = None
    within: float = 0.3

    def __post_init__(self) -> None:
        for value in self.reliability:
            if not 0 < value <= 1:
                raise AnalysisError(f"A reliability is {value}; it must be above 0 and at most 1.")
        for points in self.points:
            if points is not None and points < 2:
                raise AnalysisError(f"A scale has {points} points; it needs at least 2.")
        if self.ceiling is not None and not 0 < self.ceiling < 1:
            raise AnalysisError(f"The ceiling is {self.ceiling}; it is a share between 0 and 1, such as 0.3.")
        if not 0 <= self.within < 1:
            raise AnalysisError(
                f"Variables of one side are to correlate {self.within}; give a value from 0 to below 1."
            )

    @classmethod
    def alike(
        cls,
        size: int,
        *,
        reliability: float = 1.0,
        points: int | None = None,
        ceiling: float | None = None,
        within: float = 0.3,
    ) -> Side:
        """Make a side of `size` variables that are all measured in the same way."""
        return cls((reliability,) * size, (points,) * size, ceiling, within)

    def thresholds(self, variable: int) -> FloatArray | None:
        """Return where the standardized values of a variable are cut into points; None for no cuts."""
        from bordin.association.distributions import normal_quantile

        points = self.points[variable]
        if points is None:
            return None
        highest = LOWEST_THRESHOLD + 2 * abs(LOWEST_THRESHOLD) * (points - 1) / points
        if self.ceiling is not None:
            highest = normal_quantile(1 - self.ceiling)
        cuts: FloatArray = np.linspace(LOWEST_THRESHOLD, highest, points)[1:]
        return cuts


@dataclass(frozen=True)
class PlannedFamily:
    """Cells that are tested together.

    Attributes
    ----------
    cells : tuple of (int, int)
        Row and column of each.
    adjustment : str
        ``"none"``, ``"maxt"``, or a name of :func:`bordin.association.adjust`.
    """

    cells: tuple[Place, ...]
    adjustment: str = "none"

    def __post_init__(self) -> None:
        known = ("none", "maxt", *METHODS)
        if self.adjustment not in known:
            raise AnalysisError(f"Unknown adjustment '{self.adjustment}'. {nearest(self.adjustment, known)}")


@dataclass(frozen=True)
class PlannedContrast:
    """A planned comparison of r(row, column) with r(against, column).

    Attributes
    ----------
    row, against, column : int
    signs : tuple of int
        -1 for each of the three that is a negative pole and is reflected first.
    """

    row: int
    against: int
    column: int
    signs: tuple[int, int, int] = (1, 1, 1)


@dataclass(frozen=True)
class Design:
    """A planned table: true correlations, measurement, sample and tests.

    Attributes
    ----------
    n : int
        Participants.
    truth : tuple of tuple of float
        True correlation of each row (outer) with each column, in the unit of the coefficient,
        between values measured without error on scales without ties.
    x, y : Side
        Rows and columns.
    coefficient : str
        ``"spearman"`` or ``"pearson"``.
    missing : float
        Share of values that are missing, completely at random.
    sessions : int
        Sessions per participant; a cell is about the participants' means.
    therapists : int
        With 2 or more, participants are shared out evenly and the therapist is taken out of
        every test as a fixed control.
    therapist_share : float
        Share of the variance of every true score that lies between therapists.
    alpha : float
    families : tuple of PlannedFamily
    contrasts : tuple of PlannedContrast
    shuffles : int
        Shuffles of each simulated table, for maxT.
    """

    n: int
    truth: tuple[tuple[float, ...], ...]
    x: Side
    y: Side
    coefficient: str = "spearman"
    missing: float = 0.0
    sessions: int = 1
    therapists: int = 1
    therapist_share: float = 0.05
    alpha: float = 0.05
    families: tuple[PlannedFamily, ...] = ()
    contrasts: tuple[PlannedContrast, ...] = ()
    shuffles: int = 300

    def __post_init__(self) -> None:
        if check_coefficient(self.coefficient) == "kendall":
            raise AnalysisError("Tau is planned as Spearman's rho, of nearly the same power; convert it.")
        _check_truth(self)
        if self.n < 4:
            raise AnalysisError(f"n is {self.n}; a correlation needs at least 4 participants.")
        if self.therapists < 1 or self.sessions < 1:
            raise AnalysisError("A plan needs at least one session per participant and one therapist.")
        if self.n < self.therapists + 3:
            raise AnalysisError(
                f"{self.therapists} therapists leave nothing to test with {self.n} participants; "
                "plan more participants or fewer therapists."
            )
        for name, share in (("missing rate", self.missing), ("therapists' share", self.therapist_share)):
            if not 0 <= share < 1:
                raise AnalysisError(f"The {name} is {share}; it must be at least 0 and below 1.")
        if not 0 < self.alpha < 0.5:
            raise AnalysisError(f"The alpha is {self.alpha}; it must lie between 0 and 0.5.")
        if self.shuffles < 1:
            raise AnalysisError(f"The number of shuffles is {self.shuffles}; give 1 or more.")

    @property
    def shape(self) -> Place:
        """Number of rows and of columns."""
        return len(self.truth), len(self.truth[0])


def _check_truth(design: Design) -> None:
    widths = {len(row) for row in design.truth}
    if not design.truth or widths == {0}:
        raise AnalysisError("A planned table needs at least one row and one column.")
    if len(widths) > 1:
        raise AnalysisError(f"The rows of true correlations are of unequal length: {sorted(widths)}.")
    for side, name, size in ((design.x, "rows", design.shape[0]), (design.y, "columns", design.shape[1])):
        if {len(side.reliability), len(side.points)} != {size}:
            raise AnalysisError(f"There are {size} {name}; give one reliability and one scale for each.")
    for row in design.truth:
        for value in row:
            if not -1 < value < 1:
                raise AnalysisError(f"A true correlation is {value}; it must lie between -1 and 1.")


def latent_correlations(design: Design) -> FloatArray:
    """Correlations of the normal scores behind a planned table.

    Parameters
    ----------
    design : Design

    Returns
    -------
    ndarray (kx + ky, kx + ky)
        Rows first; not to be written to. A rank correlation s stands in it as 2 sin(pi s / 6),
        Pearson's relation for the normal distribution. Variables of one side correlate by
        ``Side.within``, with the sign that their true values have in common, or by as near to it
        as the true values allow.

    Raises
    ------
    AnalysisError
        When no such variables could have these true correlations.

    Notes
    -----
    The nearest is found by alternating projections between the matrices that are positive
    definite and those that hold the true values (Higham 2002, doi:10.1093/imanum/22.3.329,
    without the correction, since any matrix in both sets will do).

    References
    ----------
    Pearson (1907), Mathematical contributions to the theory of evolution XVI.
    """
    return _latent(design.truth, (design.x.within, design.y.within), design.coefficient)


@lru_cache(maxsize=64)
def _latent(
    truth: tuple[tuple[float, ...], ...], within: tuple[float, float], coefficient: str
) -> FloatArray:
    values = np.asarray(truth, dtype=float)
    across = 2 * np.sin(pi * values / 6) if coefficient == "spearman" else values
    signs_y = np.where(across.sum(axis=0) < 0, -1.0, 1.0)
    signs_x = np.where((across * signs_y).sum(axis=1) < 0, -1.0, 1.0)
    blocks = [w * np.outer(s, s) for w, s in zip(within, (signs_x, signs_y), strict=True)]
    matrix: FloatArray = np.block([[blocks[0], across], [across.T, blocks[1]]])
    kx = len(values)
    for _ in range(_PROJECTIONS):
        np.fill_diagonal(matrix, 1.0)
        matrix[:kx, kx:], matrix[kx:, :kx] = across, across.T
        eigenvalues, vectors = np.linalg.eigh(matrix)
        if eigenvalues[0] >= _SMALLEST_EIGENVALUE:
            matrix.setflags(write=False)
            return matrix
        matrix = (vectors * np.maximum(eigenvalues, 2 * _SMALLEST_EIGENVALUE)) @ vectors.T
    raise AnalysisError(
        "No variables could have these true correlations, however the rows and the columns correlate among "
        "themselves. Plan with smaller ones, or with fewer that are large."
    )
