"""The association table: every row variable with every column variable, and all that belongs to a cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite

import numpy as np

from bordin.association.bayes import bayes_factor
from bordin.association.bootstrap import BootstrapResult, bootstrap_difference, bootstrap_table
from bordin.association.cells import AssociationTable, Cell, Contrast, Partial, Sensitivity, WithinBetween
from bordin.association.coefficient import correlate
from bordin.association.columns import Columns, Data, means_by_cluster, read_columns, repeats, with_cluster
from bordin.association.contrast import contrast_correlations
from bordin.association.equivalence import tost
from bordin.association.multiplicity import adjust
from bordin.association.notes import table_notes
from bordin.association.options import Options, as_names
from bordin.association.pairs import Codes, Correlation, complete_rows
from bordin.association.partial import partial_correlation
from bordin.association.permutation import PermutationResult, permute_table
from bordin.association.sensitivity import sensitivity_of
from bordin.association.within_between import p_shuffled_within, split_within_between
from bordin.estimate import Estimate, Interval

Pair = tuple[str, str]


def associate(
    data: Data,
    x: str | Sequence[str],
    y: str | Sequence[str],
    *,
    coefficient: str = "spearman",
    control: str | None = None,
    cluster: str | None = None,
    sesoi: float | None = None,
    against: str | None = None,
    negative: Sequence[str] = (),
    p: str = "t",
    interval: str = "default",
    permutations: int = 10_000,
    bootstrap: int = 0,
    level: float = 0.95,
    alpha: float = 0.05,
    seed: int = 1,
    reliabilities: Mapping[str, float | Estimate] | None = None,
    sensitivity: bool = True,
    families: Mapping[Pair, str] | None = None,
) -> AssociationTable:
    """Correlate every variable of `x` with every variable of `y`.

    Parameters
    ----------
    data : mapping of names to columns of shape (n,)
        A dict of lists, a structured array, a data frame: only ``data[name]`` is used.
        None or NaN where a value is missing; each cell uses its complete pairs.
    x, y : str or sequence of str
        Row and column variables, each named once.
    coefficient : str
        ``"spearman"``, ``"kendall"`` (tau-b) or ``"pearson"``.
    control : str, optional
        A grouping (such as the therapist) for the partial correlations.
    cluster : str, optional
        Whose rows belong together (the participant). Where rows repeat, every cell is about
        the clusters' means, and the split within and between stands beside it.
    sesoi : float, optional
        Smallest effect size of interest, for two one-sided tests.
    against : str, optional
        Each other row variable is contrasted with this one.
    negative : sequence of str
        Negative poles: their correlations are reflected before a contrast.
    p : str
        What ``p`` (and so ``p_holm`` and ``p_bh``) is: ``"t"`` (for tau the normal
        approximation) or ``"permutation"``.
    interval : str
        ``"default"``, or ``"Fieller"`` or ``"Fisher"`` for Spearman.
    permutations, bootstrap : int
        Shuffles and resamples; 0 for none.
    level, alpha : float
        Level of the intervals; level of the tests (for the two one-sided tests' interval and
        the smallest detectable values).
    seed : int
        Seed of all random numbers.
    reliabilities : mapping of str to float or Estimate, optional
        Known reliabilities, for disattenuated values.
    sensitivity : bool
        Whether to compute the sensitivity figures of each cell.
    families : mapping of (x, y) to str, optional
        Family of each cell; cells that are not named make one family together. Holm,
        Benjamini-Hochberg and maxT count within a family.

    Returns
    -------
    AssociationTable

    Raises
    ------
    AnalysisError
        For unknown names, text in a number column, columns of unequal length, a name that
        is used twice, or choices that are not allowed.

    Notes
    -----
    Each part names its source. The table is validated cell by cell against scipy 1.17.1,
    pingouin 0.7.0, R 4.2.2 and cocor 1.1-4: fixtures ``estimators_<input>.json``,
    ``estimators_cocor.json`` and ``estimators_grouped.json``.
    """
    options = Options(
        x=as_names(x),
        y=as_names(y),
        coefficient=coefficient,
        control=control,
        cluster=cluster,
        sesoi=sesoi,
        against=against,
        negative=as_names(negative),
        p=p,
        interval=interval,
        permutations=permutations,
        bootstrap=bootstrap,
        level=level,
        alpha=alpha,
        seed=seed,
        reliabilities=reliabilities or {},
        sensitivity=sensitivity,
        families=families or {},
    )
    columns = read_columns(data, options.variables, control, cluster)
    if not repeats(columns):
        return _Analysis(options, columns, None).table()
    sessions = with_cluster(columns, str(cluster))
    return _Analysis(options, means_by_cluster(sessions, control, str(cluster)), sessions).table()


@dataclass(frozen=True)
class _Shuffled:
    """What permutation said about one cell."""

    p: float | None = None
    se: float | None = None
    kind: str | None = None
    p_maxt: float | None = None
    p_maxt_single: float | None = None


@dataclass(frozen=True)
class _Analysis:
    """One table in the making: the choices, the rows that are tested, and the sessions behind them."""

    options: Options
    columns: Columns
    sessions: Columns | None

    def table(self) -> AssociationTable:
        o = self.options
        pairs = self._pairs()
        correlations = {pair: self._correlate(self.columns, pair) for pair in pairs}
        defined = [pair for pair in pairs if correlations[pair].p is not None]
        shuffled = self._shuffle(defined)
        p = {pair: shuffled[pair].p if o.p == "permutation" else correlations[pair].p for pair in defined}
        holm, bh = self._adjusted(p, "holm"), self._adjusted(p, "bh")
        booted = self._bootstrap(self.columns, None) if defined else None
        pooled = self._pooled()
        complete = self.columns.only(self.columns.having((*o.x, *o.y), np.logical_and))
        cells = []
        for pair in pairs:
            cell = self._cell(pair, correlations[pair], complete)
            cell = _with_shuffles(cell, shuffled.get(pair, _Shuffled()), o.p)
            low_high, degenerate = self._limits(booted, pair)
            cells.append(
                replace(
                    cell,
                    p_holm=holm.get(pair),
                    p_bh=bh.get(pair),
                    bootstrap_interval=low_high,
                    bootstrap_degenerate=degenerate,
                    pooled=pooled.get(pair),
                    family=o.family(pair) if o.families else None,
                )
            )
        with_x, with_y = (self.columns.having(names, np.logical_or) for names in (o.x, o.y))
        n_complete, n_cases = complete.n_rows, int(np.count_nonzero(with_x & with_y))
        return AssociationTable(
            x=o.x,
            y=o.y,
            coefficient=o.coefficient,
            cells=tuple(cells),
            contrasts=self._contrasts(),
            complete_cases=n_complete,
            n_cases=n_cases,
            family_size=sum(value is not None for value in p.values()),
            sesoi=o.sesoi,
            alpha=o.alpha,
            level=o.level,
            permutations=o.permutations,
            bootstrap=o.bootstrap,
            seed=o.seed,
            degenerate_resamples=max((c.bootstrap_degenerate or 0 for c in cells), default=0),
            control=o.control,
            cluster=o.cluster,
            notes=table_notes(o, self.columns, self.sessions, n_complete, n_cases),
        )

    def _correlate(self, columns: Columns, pair: Pair) -> Correlation:
        o = self.options
        return correlate(
            columns.values[pair[0]],
            columns.values[pair[1]],
            coefficient=o.coefficient,
            level=o.level,
            interval=o.interval,
            names=pair,
        )

    def _cell(self, pair: Pair, correlation: Correlation, complete: Columns) -> Cell:
        o = self.options
        estimate = correlation.estimate
        tested = factor = None
        if estimate.value is not None:
            if o.sesoi is not None:
                tested = tost(
                    estimate.value,
                    estimate.n,
                    o.sesoi,
                    alpha=o.alpha,
                    coefficient=o.coefficient,
                    interval=o.interval,
                )
            if o.coefficient != "kendall":
                factor = bayes_factor(estimate.value, estimate.n)
                if not isfinite(factor):
                    factor = None
                    note = "the Bayes factor is larger than can be written"
                    estimate = replace(estimate, notes=(*estimate.notes, note))
        return Cell(
            *pair,
            estimate=estimate,
            p=correlation.p,
            p_method=correlation.p_method,
            tost_p=None if tested is None else tested.p,
            tost_interval=None if tested is None else tested.interval,
            bf10=factor,
            partial=self._partial(pair),
            within_between=self._split(pair),
            complete_case=self._correlate(complete, pair).estimate,
            sensitivity=self._sensitivity(pair, estimate) if o.sensitivity else None,
        )

    def _sensitivity(self, pair: Pair, estimate: Estimate) -> Sensitivity:
        o = self.options
        known = o.reliabilities
        return sensitivity_of(
            self.columns.values[pair[0]],
            self.columns.values[pair[1]],
            estimate,
            alpha=o.alpha,
            interval=o.interval,
            reliabilities=(known[pair[0]], known[pair[1]]) if set(pair) <= set(known) else None,
        )

    def _partial(self, pair: Pair) -> Partial | None:
        o, control = self.options, self.columns.control
        if control is None:
            return None
        return partial_correlation(
            self.columns.values[pair[0]],
            self.columns.values[pair[1]],
            control,
            coefficient=o.coefficient,
            names=(*pair, str(o.control)),
        )

    def _split(self, pair: Pair) -> WithinBetween | None:
        o = self.options
        if self.sessions is None or self.sessions.cluster is None:
            return None
        x, y = (self.sessions.values[name] for name in pair)
        split = split_within_between(
            x,
            y,
            self.sessions.cluster,
            coefficient=o.coefficient,
            level=o.level,
            interval=o.interval,
            names=(*pair, str(o.cluster)),
        )
        if not o.permutations or split.within.value is None:
            return split
        shuffled = p_shuffled_within(
            x,
            y,
            self.sessions.cluster,
            coefficient=o.coefficient,
            permutations=o.permutations,
            seed=o.seed,
        )
        return replace(split, within_p_permutation=shuffled)

    def _shuffle(self, defined: Sequence[Pair]) -> dict[Pair, _Shuffled]:
        """Permutation p of every defined cell, and maxT within each family."""
        o = self.options
        if not o.permutations or not defined:
            return {pair: _Shuffled() for pair in defined}
        names = list(dict.fromkeys(o.family(pair) for pair in self._pairs()))
        result = permute_table(
            self.columns.matrix(o.x),
            self.columns.matrix(o.y),
            coefficient=o.coefficient,
            permutations=o.permutations,
            seed=o.seed,
            families=[[names.index(o.family((a, b))) for b in o.y] for a in o.x],
        )
        return {pair: _shuffled_at(result, *self._place(pair)) for pair in defined}

    def _pairs(self) -> list[Pair]:
        return [(a, b) for a in self.options.x for b in self.options.y]

    def _place(self, pair: Pair) -> tuple[int, int]:
        return self.options.x.index(pair[0]), self.options.y.index(pair[1])

    def _families(self, defined: Sequence[Pair]) -> dict[str, list[Pair]]:
        families: dict[str, list[Pair]] = {}
        for pair in defined:
            families.setdefault(self.options.family(pair), []).append(pair)
        return families

    def _adjusted(self, p: Mapping[Pair, float | None], method: str) -> dict[Pair, float | None]:
        adjusted: dict[Pair, float | None] = {}
        for members in self._families(list(p)).values():
            adjusted.update(zip(members, adjust([p[pair] for pair in members], method), strict=True))
        return adjusted

    def _bootstrap(self, columns: Columns, clusters: Codes | None) -> BootstrapResult | None:
        o = self.options
        if not o.bootstrap:
            return None
        return bootstrap_table(
            columns.matrix(o.x),
            columns.matrix(o.y),
            coefficient=o.coefficient,
            resamples=o.bootstrap,
            seed=o.seed,
            level=o.level,
            clusters=clusters,
        )

    def _limits(self, booted: BootstrapResult | None, pair: Pair) -> tuple[Interval | None, int | None]:
        if booted is None:
            return None, None
        at = self._place(pair)
        limits = _interval(booted.low[at], booted.high[at], self.options.level, str(booted.method[at]))
        return limits, int(booted.degenerate[at])

    def _pooled(self) -> dict[Pair, Estimate]:
        """Correlate all sessions as one sample, with an interval by cluster bootstrap only."""
        if self.sessions is None:
            return {}
        o = self.options
        booted = self._bootstrap(self.sessions, self.sessions.cluster)
        pooled = {}
        for pair in self._pairs():
            estimate = self._correlate(self.sessions, pair).estimate
            limits, _ = self._limits(booted, pair)
            if limits is not None:
                limits = replace(limits, method=f"{limits.method}, resampled by {o.cluster}")
            pooled[pair] = replace(estimate, interval=limits)
        return pooled

    def _contrasts(self) -> tuple[Contrast, ...]:
        o, against = self.options, self.options.against
        if against is None:
            return ()
        return tuple(self._contrast(a, against, b) for a in o.x if a != against for b in o.y)

    def _contrast(self, x: str, against: str, y: str) -> Contrast:
        o = self.options
        names = (x, against, y)
        signs = (o.sign(x), o.sign(against), o.sign(y))
        columns = complete_rows(*(self.columns.values[name] for name in names))
        made = contrast_correlations(
            columns[0],
            columns[1],
            columns[2],
            coefficient=o.coefficient,
            level=o.level,
            signs=signs,
            names=names,
        )
        if made.undefined is not None or not o.bootstrap:
            return made
        # A reflected column has reflected correlations, whatever the coefficient.
        reflected = [sign * column for sign, column in zip(signs, columns, strict=True)]
        low, high, method, _ = bootstrap_difference(
            *reflected, coefficient=o.coefficient, resamples=o.bootstrap, seed=o.seed, level=o.level
        )
        return replace(made, bootstrap=_interval(low, high, o.level, method))


def _with_shuffles(cell: Cell, shuffled: _Shuffled, p_method: str) -> Cell:
    by_permutation = p_method == "permutation"
    return replace(
        cell,
        p=shuffled.p if by_permutation else cell.p,
        p_method="permutation" if by_permutation else cell.p_method,
        p_permutation=shuffled.p,
        p_permutation_se=shuffled.se,
        p_permutation_kind=shuffled.kind,
        p_maxt=shuffled.p_maxt,
        p_maxt_single=shuffled.p_maxt_single,
    )


def _shuffled_at(result: PermutationResult, row: int, column: int) -> _Shuffled:
    kind = "exact" if result.enumerated[row, column] else "monte carlo"
    p, se, maxt, single = (
        _number(values[row, column]) for values in (result.p, result.se, result.p_maxt, result.p_maxt_single)
    )
    return _Shuffled(p, se, None if p is None else f"{kind}, {result.convention}", maxt, single)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _interval(low: float, high: float, level: float, method: str) -> Interval | None:
    if np.isnan(low) or np.isnan(high):
        return None
    return Interval(float(low), float(high), level, method)
