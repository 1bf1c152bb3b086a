"""The shapes of an association table: a cell, a contrast, the table.

Values are never rounded here. A cell without a value says why in ``estimate.undefined``
and has None in every test field; it does not count in a family.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bordin.estimate import Estimate, Interval


@dataclass(frozen=True)
class Partial:
    """Correlation of residuals after a control (such as the therapist) was taken out.

    Attributes
    ----------
    value, p : float or None
        Partial correlation and its two-tailed p.
    df : int
        Degrees of freedom: n - 2 less the number of dummies.
    n : int
        Cases with a value of both variables and of the control.
    undefined : str or None
        Why there is no value.
    """

    value: float | None
    p: float | None
    df: int
    n: int
    undefined: str | None = None


@dataclass(frozen=True)
class Sensitivity:
    """How much a cell hangs on choices and on single cases.

    Attributes
    ----------
    spearman, kendall, pearson : float or None
        The three coefficients on the same pairs.
    leave_one_out : tuple of float or None
        Smallest and largest value when each case is left out in turn.
    disattenuated : Estimate or None
        Value corrected for unreliability, only when both reliabilities are known.
    smallest_detectable : float or None
        Smallest absolute correlation with p below alpha at this n (t approximation).
    smallest_equivalence : float or None
        Narrowest symmetric bound this n could show by two one-sided tests if the value were 0.
    """

    spearman: float | None = None
    kendall: float | None = None
    pearson: float | None = None
    leave_one_out: tuple[float, float] | None = None
    disattenuated: Estimate | None = None
    smallest_detectable: float | None = None
    smallest_equivalence: float | None = None


@dataclass(frozen=True)
class WithinBetween:
    """A correlation split where sessions repeat within participants.

    Attributes
    ----------
    within, between : Estimate
        Correlation of deviations from each participant's mean, and of participants' means.
    n_participants, n_sessions : int
        Participants with both means; sessions with a value of both variables.
    within_p, between_p : float or None
        Two-tailed p of each by the method of the table's coefficient; within participants
        with n_sessions less the number of participants less 1 degrees of freedom.
    within_p_permutation : float or None
        Sessions shuffled within each participant.
    """

    within: Estimate
    between: Estimate
    n_participants: int
    n_sessions: int
    within_p: float | None = None
    between_p: float | None = None
    within_p_permutation: float | None = None


@dataclass(frozen=True)
class Cell:
    """One pair of variables with everything that was computed about it.

    Attributes
    ----------
    x, y : str
        Names of the row and the column variable.
    estimate : Estimate
        Coefficient (`name`), value, interval and pairwise n.
    p : float or None
        Two-tailed p by `p_method`.
    p_method : str
        ``"t"``, ``"normal (tie-corrected)"`` or ``"permutation"``.
    p_permutation, p_permutation_se : float or None
        Permutation p and its Monte Carlo standard error (0 when enumerated).
    p_permutation_kind : str or None
        ``"exact"`` or ``"monte carlo"``, and the two-sided convention.
    p_holm, p_bh : float or None
        Adjustments of `p` over the family.
    p_maxt, p_maxt_single : float or None
        Westfall-Young maxT, step-down and single-step.
    tost_p : float or None
        Larger p of the two one-sided tests against the smallest effect of interest.
    tost_interval : Interval or None
        The interval at level 1 - 2 alpha that belongs to the two one-sided tests.
    bf10 : float or None
        JZS-type Bayes factor for a correlation (kappa = 1), in favor of an association.
    partial : Partial or None
        Present when a control was given.
    bootstrap_interval : Interval or None
        BCa interval when resamples were asked for.
    within_between : WithinBetween or None
        Present when a cluster variable repeats.
    complete_case : Estimate or None
        The value on cases complete over the whole table.
    sensitivity : Sensitivity or None
    pooled : Estimate or None
        Present when a cluster variable repeats: the value over all sessions as if they were
        independent. Its interval is the cluster bootstrap's, or None; it has no p.
    family : str or None
        Name of the cell's family when families were given; the adjustments count within it.
    bootstrap_degenerate : int or None
        Bootstrap resamples in which the cell had no value.
    """

    x: str
    y: str
    estimate: Estimate
    p: float | None = None
    p_method: str = "t"
    p_permutation: float | None = None
    p_permutation_se: float | None = None
    p_permutation_kind: str | None = None
    p_holm: float | None = None
    p_bh: float | None = None
    p_maxt: float | None = None
    p_maxt_single: float | None = None
    tost_p: float | None = None
    tost_interval: Interval | None = None
    bf10: float | None = None
    partial: Partial | None = None
    bootstrap_interval: Interval | None = None
    within_between: WithinBetween | None = None
    complete_case: Estimate | None = None
    sensitivity: Sensitivity | None = None
    pooled: Estimate | None = None
    family: str | None = None
    bootstrap_degenerate: int | None = None


@dataclass(frozen=True)
class Contrast:
    """Difference of two dependent overlapping correlations: r(x, y) - r(against, y).

    Attributes
    ----------
    x, against, y : str
        The shared variable is `y`. All on the cases complete on the three.
    n : int
    reflected : bool
        True when `y` is a negative pole and both correlations were reflected first.
    r_x, r_against, r_between : float or None
        r(x, y), r(against, y), r(x, against), after reflection.
    difference : float or None
        r_x - r_against.
    williams_t, williams_p, steiger_p, meng_p : float or None
        Two-tailed tests.
    zou : Interval or None
        Zou's interval of the difference.
    bootstrap : Interval or None
        BCa interval of the difference, when resamples were asked for.
    undefined : str or None
    """

    x: str
    against: str
    y: str
    n: int
    reflected: bool = False
    r_x: float | None = None
    r_against: float | None = None
    r_between: float | None = None
    difference: float | None = None
    williams_t: float | None = None
    williams_p: float | None = None
    steiger_p: float | None = None
    meng_p: float | None = None
    zou: Interval | None = None
    bootstrap: Interval | None = None
    undefined: str | None = None


@dataclass(frozen=True)
class AssociationTable:
    """All cells of rows by columns, in row-major order.

    Attributes
    ----------
    x, y : tuple of str
        Row and column variables.
    coefficient : str
    cells : tuple of Cell
    contrasts : tuple of Contrast
    complete_cases : int
        Cases with a value on every variable of the table.
    n_cases : int
        Cases with a value on at least one row and one column variable.
    family_size : int
        Defined cells: the number of tests the adjustments count.
    sesoi : float or None
        Smallest effect size of interest of the two one-sided tests.
    alpha, level : float
    permutations, bootstrap : int
    seed : int
    degenerate_resamples : int
        Bootstrap resamples without a value (a variable was constant), in the cell with most of them.
    control, cluster : str or None
    notes : tuple of str
        For example that complete cases are below 60 percent of all.
    """

    x: tuple[str, ...]
    y: tuple[str, ...]
    coefficient: str
    cells: tuple[Cell, ...]
    contrasts: tuple[Contrast, ...] = ()
    complete_cases: int = 0
    n_cases: int = 0
    family_size: int = 0
    sesoi: float | None = None
    alpha: float = 0.05
    level: float = 0.95
    permutations: int = 0
    bootstrap: int = 0
    seed: int = 1
    degenerate_resamples: int = 0
    control: str | None = None
    cluster: str | None = None
    notes: tuple[str, ...] = ()
    _index: dict[tuple[str, str], Cell] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_index", {(c.x, c.y): c for c in self.cells})

    def cell(self, x: str, y: str) -> Cell:
        """Return the cell of row `x` and column `y`; KeyError when there is none."""
        return self._index[x, y]
