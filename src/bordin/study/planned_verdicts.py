"""Which hypotheses of a plan each simulated study supports."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bordin.association import adjust, tost
from bordin.association.power import Simulated
from bordin.resampling import FloatArray
from bordin.study.planned_study import PlannedHypothesis, PlannedStudy

Flags = npt.NDArray[np.bool_]


def supported(planned: PlannedStudy, simulated: Simulated) -> Flags:
    """Say which hypotheses each simulated study supports, by the rules of the analysis.

    Parameters
    ----------
    planned : PlannedStudy
    simulated : Simulated

    Returns
    -------
    ndarray of bool (s, hypotheses)
        A direction needs an adjusted p below alpha in every cell with the expected sign, and no
        rejection of the smallest effect of interest; negligible needs two one-sided tests in every
        cell; stronger needs an adjusted p of every difference.

    Notes
    -----
    Validated against :func:`bordin.study.hypotheses.judge` on the same simulated data:
    tests/study/test_planning.py.
    """
    judge = _Judge(planned, simulated)
    columns = [judge.supports(h) for h in planned.hypotheses]
    return np.column_stack(columns) if columns else np.zeros((len(simulated), 0), dtype=bool)


class _Judge:
    """Verdicts on simulated studies, as :mod:`bordin.study.hypotheses` gives them to one study."""

    def __init__(self, planned: PlannedStudy, simulated: Simulated) -> None:
        self.planned, self.design, self.simulated = planned, planned.design, simulated

    def supports(self, h: PlannedHypothesis) -> Flags:
        if h.expect == "stronger":
            return self._stronger(h)
        if h.expect == "negligible":
            return self._negligible(h)
        sign = 1 if h.expect == "positive" else -1
        family = self.design.families[h.family]
        passed = np.ones(len(self.simulated), dtype=bool)
        for cell in h.cells:
            p = self.simulated.adjusted[h.family][:, family.cells.index(cell)]
            r = sign * self.simulated.r[:, cell[0], cell[1]]
            passed &= (p < self.design.alpha) & (r > 0)
        for s in np.flatnonzero(passed) if self.planned.rejects else ():
            passed[s] = not any(self._tost(int(s), cell, sign)[1] < self.design.alpha for cell in h.cells)
        return passed

    def _tost(self, s: int, cell: tuple[int, int], sign: int = 1) -> tuple[float, float]:
        """Return the p of equivalence and the p against an effect of at least the smallest of interest."""
        r, n = self.simulated.r[s, cell[0], cell[1]], int(self.simulated.n[s, cell[0], cell[1]])
        if np.isnan(r) or self.planned.sesoi is None:
            return np.nan, np.nan
        tested = tost(
            sign * float(r),
            n,
            self.planned.sesoi,
            alpha=self.design.alpha,
            coefficient=self.design.coefficient,
            interval=self.planned.interval,
        )
        return (np.nan, np.nan) if tested is None else (tested.p, tested.p_upper)

    def _negligible(self, h: PlannedHypothesis) -> Flags:
        alike = [g for g in self.planned.hypotheses if (g.expect, g.family) == (h.expect, h.family)]
        largest = np.array(
            [
                [max(self._tost(s, cell)[0] for cell in g.cells) for g in alike]
                for s in range(len(self.simulated))
            ]
        )
        passed: Flags = self._adjusted(largest, h)[:, alike.index(h)] < self.design.alpha
        return passed

    def _stronger(self, h: PlannedHypothesis) -> Flags:
        alike = [c for g in self.planned.hypotheses if g.family == h.family for c in g.contrasts]
        p = self._adjusted(self.simulated.difference_p[:, alike], h)[:, [alike.index(c) for c in h.contrasts]]
        expected = self.simulated.difference[:, list(h.contrasts)] > 0
        passed: Flags = np.all((p < self.design.alpha) & expected, axis=1)
        return passed

    def _adjusted(self, p: FloatArray, h: PlannedHypothesis) -> FloatArray:
        """Adjust the p of tests that are not of single correlations (s, tests)."""
        kind = adjustment_of(self.design.families[h.family].adjustment, h)
        if kind == "none":
            return p
        made = [adjust(row.tolist(), kind) for row in p]
        return np.array([[np.nan if q is None else q for q in row] for row in made])


def adjustment_of(declared: str, h: PlannedHypothesis) -> str:
    """Name how a hypothesis's tests are adjusted; maxT is about single correlations only."""
    return "holm" if declared == "maxt" and h.expect in {"negligible", "stronger"} else declared
