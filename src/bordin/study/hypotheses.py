"""Declared hypotheses meet their cells: adjusted tests, and a verdict that the test can carry.

A direction is supported when its adjusted p is below alpha with the expected sign; not supported
when an effect as large as the smallest one of interest is rejected, or when the adjusted p is
below alpha with the other sign; inconclusive otherwise. Negligible is supported by equivalence
only, never by a large p.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from bordin.association import adjust, contrast_correlations, tost
from bordin.association.cells import AssociationTable, Cell, Contrast
from bordin.association.distributions import normal_tail
from bordin.association.fisher import interval_method, standard_error, to_z
from bordin.study.protocol import Family, HypothesisPart, Protocol
from bordin.study.results import Because, CellTest, FamilyResult, HypothesisResult, Verdict

Pair = tuple[str, str]
Column = Sequence[float | None]
Adjuster = Callable[[Sequence[Pair]], Mapping[Pair, Cell]]

DIRECTION, NEGLIGIBLE, STRONGER = "direction", "negligible", "stronger"


def judge(
    protocol: Protocol,
    hypotheses: Sequence[HypothesisPart],
    table: AssociationTable,
    data: Mapping[str, Column],
    negative: Sequence[str],
    within_family: Adjuster,
) -> tuple[tuple[FamilyResult, ...], tuple[HypothesisResult, ...]]:
    """Give every declared hypothesis its tests and its verdict.

    Parameters
    ----------
    protocol : Protocol
    hypotheses : sequence of HypothesisPart
        With ``*`` resolved.
    table : AssociationTable
    data : mapping
        Columns for contrasts.
    negative : sequence of str
        Variables that are negative poles.
    within_family : callable
        Given the cells of a family, returns them with p adjusted among themselves.

    Returns
    -------
    families : tuple of FamilyResult
    results : tuple of HypothesisResult
        In the order of the protocol.

    Notes
    -----
    Within a family, tests of one kind are adjusted together: directions by the declared
    adjustment; contrasts by Holm when maxT was declared, since maxT is about correlations.
    A hypothesis that several cells are negligible is an intersection-union test: all must
    pass, so its p is the largest of theirs, and only such hypotheses are counted.
    """
    judged: dict[str, HypothesisResult] = {}
    families = []
    declared = {f.id: f for f in protocol.families}
    for name in dict.fromkeys(h.family for h in hypotheses):
        family = declared.get(name, Family(id=name, adjustment=protocol.table.adjustment, label=""))
        own = [h for h in hypotheses if h.family == name]
        judge_family = _FamilyJudge(protocol, family, table, data, tuple(negative))
        for h in own:
            judge_family.collect(h)
        families.append(judge_family.finish(within_family))
        judged.update({h.id: judge_family.result(h) for h in own})
    return tuple(families), tuple(judged[h.id] for h in hypotheses)


class _FamilyJudge:
    """The tests of one family, collected first and adjusted together."""

    def __init__(
        self,
        protocol: Protocol,
        family: Family,
        table: AssociationTable,
        data: Mapping[str, Column],
        negative: tuple[str, ...],
    ) -> None:
        self.protocol, self.family, self.table, self.data, self.negative = (
            protocol,
            family,
            table,
            data,
            negative,
        )
        self.alpha = protocol.table.alpha
        self.sesoi = protocol.table.smallest_effect
        self.interval = analytic_interval(protocol)
        self.directions: dict[Pair, Cell] = {}
        self.contrasts: dict[tuple[str, str, str], Contrast] = {}
        self.negligible: dict[str, float | None] = {}
        self.adjusted: dict[Pair, float | None] = {}
        self.contrast_p: dict[tuple[str, str, str], float | None] = {}
        self.negligible_factor: dict[str, float] = {}

    def collect(self, h: HypothesisPart) -> None:
        """Note the tests that a hypothesis needs."""
        cells = [self.table.cell(x, y) for x in h.rows for y in h.columns]
        if h.expect in {"positive", "negative"}:
            self.directions.update({(c.x, c.y): c for c in cells})
        elif h.expect == "negligible":
            known = [c.tost_p for c in cells if c.tost_p is not None]
            self.negligible[h.id] = max(known) if len(known) == len(cells) else None
        else:
            for c in cells:
                key = (c.x, str(h.than), c.y)
                self.contrasts[key] = contrast_correlations(
                    self.data[c.x],
                    self.data[str(h.than)],
                    self.data[c.y],
                    coefficient=self.table.coefficient,
                    level=self.table.level,
                    signs=tuple(-1 if v in self.negative else 1 for v in key),  # type: ignore[arg-type]
                    names=key,
                )

    def finish(self, within_family: Adjuster) -> FamilyResult:
        """Adjust what was collected."""
        kind = self.family.adjustment
        used: dict[str, str] = {}
        counts: dict[str, int] = {}
        if self.directions:
            pairs = list(self.directions)
            cells = within_family(pairs)
            pick = {"maxt": "p_maxt", "holm": "p_holm", "bh": "p_bh", "none": "p"}[kind]
            self.adjusted = {pair: getattr(cells[pair], pick) for pair in pairs}
            used[DIRECTION] = kind
            counts[DIRECTION] = sum(cells[pair].p is not None for pair in pairs)
        other = "holm" if kind == "maxt" else kind
        if self.contrasts:
            keys = list(self.contrasts)
            raw = [self.contrasts[k].williams_p for k in keys]
            self.contrast_p = dict(zip(keys, _adjust(raw, other), strict=True))
            used[STRONGER], counts[STRONGER] = other, sum(p is not None for p in raw)
        if self.negligible:
            largest = list(self.negligible.values())
            for name, before, after in zip(self.negligible, largest, _adjust(largest, other), strict=True):
                self.negligible_factor[name] = after / before if before and after is not None else 1.0
            used[NEGLIGIBLE], counts[NEGLIGIBLE] = other, sum(p is not None for p in largest)
        return FamilyResult(self.family.id, self.family.label, used, counts)

    def result(self, h: HypothesisPart) -> HypothesisResult:
        """Judge one hypothesis, cell by cell and as a whole."""
        pairs = [(x, y) for x in h.rows for y in h.columns]
        if h.expect == "stronger":
            tests = tuple(self._contrast(self.contrasts[x, str(h.than), y]) for x, y in pairs)
        elif h.expect == "negligible":
            tests = tuple(self._negligible(self.table.cell(*p), self.negligible_factor[h.id]) for p in pairs)
        else:
            sign = 1 if h.expect == "positive" else -1
            tests = tuple(self._direction(self.table.cell(*p), sign) for p in pairs)
        verdict: Verdict = "inconclusive"
        if any(t.verdict == "not supported" for t in tests):
            verdict = "not supported"
        elif all(t.verdict == "supported" for t in tests):
            verdict = "supported"
        because = next(t.because for t in tests if t.verdict == verdict)
        return HypothesisResult(
            h.id, h.sentence, h.expect, h.than, h.family, h.claim, tests, verdict, because
        )

    def _test(
        self,
        cell: Cell,
        verdict: Verdict,
        because: Because,
        *,
        p: float | None = None,
        adjusted: float | None = None,
        rejects: float | None = None,
    ) -> CellTest:
        limits = cell.bootstrap_interval if self.protocol.table.interval == "bca" else cell.estimate.interval
        return CellTest(
            x=cell.x,
            y=cell.y,
            value=cell.estimate.value,
            low=limits.low if limits else None,
            high=limits.high if limits else None,
            n=cell.estimate.n,
            p=p,
            p_adjusted=adjusted,
            p_rejects=rejects,
            verdict=verdict,
            because=because,
        )

    def _direction(self, cell: Cell, sign: int) -> CellTest:
        value, adjusted = cell.estimate.value, self.adjusted[cell.x, cell.y]
        if value is None:
            return self._test(cell, "inconclusive", "undefined")
        rejects = self._p_at_least(sign * value, cell.estimate.n)
        below = adjusted is not None and adjusted < self.alpha
        verdict: Verdict
        because: Because
        if rejects is not None and rejects < self.alpha:
            verdict, because = "not supported", "effect of interest rejected"
        elif below and sign * value < 0:
            verdict, because = "not supported", "adjusted p below alpha, against expectation"
        elif below:
            verdict, because = "supported", "adjusted p below alpha, as expected"
        else:
            verdict, because = "inconclusive", "adjusted p above alpha"
        return self._test(cell, verdict, because, p=cell.p, adjusted=adjusted, rejects=rejects)

    def _p_at_least(self, value: float, n: int) -> float | None:
        """One-sided p against an effect of at least the smallest effect of interest."""
        if self.sesoi is None:
            return None
        tested = tost(
            value, n, self.sesoi, alpha=self.alpha, coefficient=self.table.coefficient, interval=self.interval
        )
        return None if tested is None else tested.p_upper

    def _negligible(self, cell: Cell, factor: float) -> CellTest:
        value = cell.estimate.value
        if value is None or cell.tost_p is None or self.sesoi is None:
            return self._test(cell, "inconclusive", "undefined")
        adjusted = min(1.0, cell.tost_p * factor)
        beyond = self._p_beyond(value, cell.estimate.n)
        verdict: Verdict
        because: Because
        if adjusted < self.alpha:
            verdict, because = "supported", "equivalent"
        elif beyond is not None and beyond < self.alpha:
            verdict, because = "not supported", "effect beyond the bound"
        elif cell.p is not None and cell.p < self.alpha:
            verdict, because = "inconclusive", "differs from zero"
        else:
            verdict, because = "inconclusive", "equivalence not shown"
        return self._test(cell, verdict, because, p=cell.tost_p, adjusted=adjusted, rejects=beyond)

    def _p_beyond(self, value: float, n: int) -> float | None:
        """One-sided p against an absolute effect of at most the smallest effect of interest."""
        coefficient = self.table.coefficient
        error = standard_error(coefficient, interval_method(coefficient, self.interval), value, n)
        if error is None or self.sesoi is None:
            return None
        return normal_tail((to_z(abs(value)) - to_z(self.sesoi)) / error)

    def _contrast(self, c: Contrast) -> CellTest:
        adjusted = self.contrast_p[c.x, c.against, c.y]
        verdict: Verdict = "inconclusive"
        because: Because = "adjusted p above alpha"
        if c.difference is None or adjusted is None:
            because = "undefined"
        elif adjusted < self.alpha and c.difference > 0:
            verdict, because = "supported", "adjusted p below alpha, as expected"
        elif adjusted < self.alpha:
            verdict, because = "not supported", "adjusted p below alpha, against expectation"
        return CellTest(
            x=c.x,
            y=c.y,
            value=c.difference,
            low=c.zou.low if c.zou else None,
            high=c.zou.high if c.zou else None,
            n=c.n,
            p=c.williams_p,
            p_adjusted=adjusted,
            p_rejects=None,
            verdict=verdict,
            because=because,
            contrast=c,
        )


def analytic_interval(protocol: Protocol) -> str:
    """Return the interval whose standard error the tests use; a bootstrap interval has none."""
    return "default" if protocol.table.interval == "bca" else protocol.table.interval


def _adjust(p: Sequence[float | None], kind: str) -> list[float | None]:
    return list(p) if kind == "none" else list(adjust(p, kind))
