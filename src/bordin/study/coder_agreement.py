"""How far the coders agree, and the items of a scale hang together, in this sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bordin.coding.dimension import Dimension
from bordin.coding.rating import Rating
from bordin.missing import Missing
from bordin.reliability.advisor import advise
from bordin.reliability.consistency import cronbach_alpha, mcdonald_omega
from bordin.reliability.criterion import Criterion, criteria_of
from bordin.reliability.icc import forms_of_components
from bordin.reliability.kappa import conger_kappa
from bordin.reliability.krippendorff import krippendorff_alpha
from bordin.reliability.monitoring import CoderFigure as OneCoder
from bordin.reliability.monitoring import monitor_coders, restricted_range
from bordin.reliability.percent_agreement import percent_agreement
from bordin.reliability.shapes import Reliability
from bordin.reliability.variance_components import score_reliability, variance_components
from bordin.study.protocol import CodingUse
from bordin.study.records import Form, Records
from bordin.study.results import (
    CoderFigure,
    CoderFigureKind,
    DimensionReliability,
    ReliabilityResults,
    ScaleReliability,
)
from bordin.study.study import Study
from bordin.study.values import UnitValues

# Enough for two decimals of a limit; a report on many dimensions should not wait for more.
DRAWS = 4_000
RESAMPLES = 1_000
FEWEST_ITEMS = 3


def reliability_in_sample(study: Study, records: Records, values: UnitValues) -> ReliabilityResults:
    """Compute the reliability of every dimension and scale of the table.

    Parameters
    ----------
    study : Study
    records : Records
    values : UnitValues
        The sample and the forms that count; ratings and forms of others do not enter.

    Returns
    -------
    ReliabilityResults
        Dimensions that two coders never rated together are there, undefined with the reason.
    """
    sample = set(values.participants)
    sessions = {s.id for s in records.sessions.values() if s.participant in sample}
    table = [name.split(".", 1) for name in (*study.rows, *study.columns) if "." in name]
    dimensions = []
    for part, own in table:
        found = [d for d in study.systems[part].dimensions if d.id == own] if part in study.systems else []
        if found:
            first = records.first_readings(part, study.coding_use(part).standard)
            ratings = [r for r in first if r.session in sessions and r.dimension == own]
            dimensions.append(_dimension(study, part, found[0], ratings))
    figures: list[CoderFigure] = []
    for part in dict.fromkeys(part for part, _ in table if part in study.systems):
        own_ratings = [r for r in records.ratings.get(part, ()) if r.session in sessions]
        figures += _coders(study.coding_use(part), part, own_ratings, study.protocol.table.level)
    scales = [_scale(study, values.forms, part, own) for part, own in table if part in study.instruments]
    return ReliabilityResults(
        dimensions=tuple(dimensions),
        scales=tuple(scale for scale in scales if scale is not None),
        coders=tuple(figures),
        training=tuple(c for use in study.protocol.coding for c in _training(study, records, use)),
    )


def _training(study: Study, records: Records, use: CodingUse) -> tuple[Criterion, ...]:
    """Hold each coder against the gold standard, on every tape that has one."""
    ratings = [r for r in records.ratings.get(use.id, ()) if not isinstance(r.value, Missing)]
    if use.standard is None or use.criterion is None or use.standard not in {r.coder for r in ratings}:
        return ()
    ratings = [r for r in ratings if r.coder != use.consensus and r.reading == 1]
    judged = criteria_of(
        [r.session for r in ratings],
        [r.coder for r in ratings],
        [r.dimension for r in ratings],
        [float(r.value) for r in ratings],
        standard=use.standard,
        criterion=use.criterion,
        level=study.protocol.table.level,
    )
    # A coder who rated no tape of the standard was not in training.
    return tuple(replace(c, dimension=f"{use.id}.{c.dimension}") for c in judged if c.reliability.n_units)


def _coders(use: CodingUse, part: str, ratings: Sequence[Rating], level: float) -> list[CoderFigure]:
    """Watch each coder: against the agreed values where there are any, else against the other coders."""
    ratings = [r for r in ratings if r.coder != use.standard and not isinstance(r.value, Missing)]
    ratings = sorted(ratings, key=lambda r: r.reading)
    if not ratings or (len({r.coder for r in ratings}) < 2 and ratings[-1].reading == 1):
        return []
    ordered = any(r.order is not None for r in ratings)
    watched = monitor_coders(
        [r.session for r in ratings],
        [r.coder for r in ratings],
        [r.dimension for r in ratings],
        [float(r.value) for r in ratings],
        [r.order for r in ratings] if ordered else None,
        standard=use.consensus if any(r.coder == use.consensus for r in ratings) else None,
        level=level,
        restricted=False,
    )
    figures: list[CoderFigure] = []
    kinds: dict[CoderFigureKind, tuple[OneCoder, ...]] = {
        "leniency": watched.leniency,
        "spread": watched.spread,
        "halo": watched.halo,
        "drift": watched.drift,
        "repeat": tuple(
            replace(f, estimate=replace(f.estimate, name=f"repeat {f.estimate.name}")) for f in watched.repeat
        ),
    }
    for kind, found in kinds.items():
        for f in found:
            figures.append(
                CoderFigure(f.coder, f"{part}.{f.dimension}" if f.dimension else "", kind, f.estimate)
            )
    return figures


@dataclass(frozen=True)
class _Matrix:
    """Ratings of one dimension as sessions by coders."""

    values: NDArray[np.float64]
    scored: NDArray[np.bool_]
    coders: tuple[str, ...]

    @property
    def same_coders(self) -> bool:
        """Whether the same coders scored every session."""
        kept = self.scored[self.scored.any(axis=1)]
        return len(kept) > 0 and bool((kept == kept[0]).all())


def _matrix(use: CodingUse, ratings: Sequence[Rating]) -> _Matrix:
    ratings = [r for r in ratings if r.coder != use.consensus and not isinstance(r.value, Missing)]
    sessions = {name: i for i, name in enumerate(dict.fromkeys(r.session for r in ratings))}
    coders = {name: i for i, name in enumerate(sorted({r.coder for r in ratings}))}
    values = np.full((len(sessions), len(coders)), np.nan)
    scored = np.zeros(values.shape, dtype=bool)
    for r in ratings:
        at = sessions[r.session], coders[r.coder]
        values[at] = float(r.value)
        scored[at] = use.combine != "designated" or r.designated is True or r.coder == use.designated
    return _Matrix(values, scored, tuple(coders))


def _dimension(study: Study, part: str, d: Dimension, ratings: Sequence[Rating]) -> DimensionReliability:
    use, name = study.coding_use(part), f"{part}.{d.id}"
    m = _matrix(use, ratings)
    seed, level = study.protocol.study.seed, study.protocol.table.level
    components = variance_components(m.values, coders=m.coders, level=level, draws=DRAWS, seed=seed)
    advice = advise(use.combine, use="relative", same_coders=m.same_coders)
    forms = forms_of_components(components)
    scale = (d.low, d.high) if d.step == 1 else None
    same = percent_agreement(m.values, scale=scale, level=level)
    others = [
        forms["ICC(A,1)"],
        forms["ICC(C,1)"],
        same,
        conger_kappa(m.values, weights="quadratic", scale=scale, level=level),
        krippendorff_alpha(m.values, metric="ordinal", level=level),
    ]
    narrow = restricted_range(same, forms["ICC(A,1)"])
    used: Reliability = forms["ICC(C,1)"]
    if m.scored.any() and not (m.same_coders and m.scored.sum(axis=1).max() == 1):
        used = score_reliability(components, m.scored)
    shares = (
        {}
        if components.undefined
        else dict(zip(("session", "coder", "residual"), components.values, strict=True))
    )
    return DimensionReliability(
        variable=name,
        label=study.protocol.labels.get(name, d.name),
        used=used,
        why=advice.reason,
        others=tuple(others),
        components=shares,
        n_sessions=len(m.values),
        n_double=int((np.isfinite(m.values).sum(axis=1) > 1).sum()),
        coders=m.coders,
        notes=(narrow,) if narrow is not None else (),
    )


def _scale(study: Study, forms: Sequence[Form], part: str, own: str) -> ScaleReliability | None:
    instrument, name = study.instruments[part], f"{part}.{own}"
    scale = instrument.scale(own)
    if len(scale.items) < FEWEST_ITEMS:
        return None
    # One form a participant: several forms of one person are not independent cases.
    one_each = {f.participant: f for f in reversed(forms) if f.instrument == part}
    answers = np.array([[f.items[i] for i in scale.items] for f in one_each.values()], dtype=float)
    if not answers.size:
        return None
    seed, level = study.protocol.study.seed, study.protocol.table.level
    return ScaleReliability(
        variable=name,
        label=study.protocol.labels.get(name, scale.name),
        n_items=len(scale.items),
        alpha=cronbach_alpha(answers, level=level, resamples=RESAMPLES, seed=seed),
        omega=mcdonald_omega(answers, level=level, resamples=RESAMPLES, seed=seed),
    )
