"""Results as an analysis would hand them over, made from the 21 coefficients of a published table.

The coefficients are facts of Daniels and Wearden (2011); the bond row and every case are invented.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr, stdtr

from bordin.association.cells import AssociationTable, Cell, Contrast, Partial, Sensitivity
from bordin.estimate import Estimate, Interval
from bordin.reliability.shapes import Reliability
from bordin.study.protocol import Protocol
from bordin.study.results import (
    CellTest,
    CoderFigure,
    CodingFacts,
    Deviation,
    DimensionReliability,
    FamilyResult,
    FileHash,
    FlowStep,
    HypothesisResult,
    LockStatus,
    Provenance,
    ReliabilityResults,
    Results,
    ScaleReliability,
    Variable,
)

N = 43
SESOI = 0.30
ROWS = {
    "alliance.q1": "Bond",
    "alliance.q2": "Agreed goals",
    "alliance.q3": "Treatment match",
    "alliance.q4": "Joint working",
}
COLUMNS = {
    "socialization.concordance": ("Concordance", 1),
    "socialization.resistance": ("Resistance", -1),
    "socialization.understanding": ("Understanding", 1),
    "socialization.active_plans": ("Active plans", 1),
    "socialization.evidence_congruent": ("Evidence congruent", 1),
    "socialization.evidence_incongruent": ("Evidence incongruent", -1),
    "socialization.avoidance": ("Avoidance", -1),
}
VALUES = {
    "alliance.q1": (0.031, -0.112, 0.054, 0.083, -0.02, -0.061, 0.0001),
    "alliance.q2": (0.377, -0.429, 0.073, 0.076, 0.265, -0.496, -0.335),
    "alliance.q3": (0.479, -0.546, 0.260, 0.104, 0.455, -0.260, -0.534),
    "alliance.q4": (0.282, -0.396, 0.025, 0.004, 0.246, -0.435, -0.296),
}
SOURCE = "Daniels and Wearden (2011)"
HYPOTHESES = (
    ("H1", "q2", "concordance", "positive", ""),
    ("H2", "q2", "resistance", "negative", ""),
    ("H3", "q2", "evidence_congruent", "positive", SOURCE),
    ("H4", "q3", "concordance", "positive", ""),
    ("H5", "q4", "avoidance", "negative", SOURCE),
    ("H6", "q4", "active_plans", "positive", ""),
)


def p_of(r: float, n: int) -> float:
    """Two-tailed p of a correlation by the t approximation."""
    if abs(r) >= 1:
        return 0.0
    return float(2 * stdtr(n - 2, -abs(r) * math.sqrt((n - 2) / (1 - r * r))))


def limits(r: float, n: int) -> tuple[float, float]:
    """Bonett and Wright's 95% limits."""
    half = 1.959964 * math.sqrt((1 + r * r / 2) / (n - 3))
    return math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)


def p_at_least(r: float, n: int, bound: float) -> float:
    """One-sided p against a correlation of at least `bound`."""
    return float(ndtr((math.atanh(r) - math.atanh(bound)) * math.sqrt(n - 3)))


def make_cell(x: str, y: str, r: float | None, n: int, reason: str = "") -> Cell:
    """Make one cell with everything that an analysis computes."""
    if r is None:
        return Cell(x, y, Estimate.without_value("spearman", n, reason))
    low, high = limits(r, n)
    p = p_of(r, n)
    return Cell(
        x,
        y,
        Estimate("spearman", r, n, "Pearson of midranks", Interval(low, high, 0.95, "Bonett-Wright")),
        p=p,
        p_method="permutation",
        p_permutation=p,
        p_permutation_se=math.sqrt(p * (1 - p) / 10_000),
        p_permutation_kind="monte carlo, two-sided: |r*| >= |r|",
        tost_p=max(p_at_least(r, n, SESOI), p_at_least(-r, n, SESOI)),
        tost_interval=Interval(low * 0.85, high * 0.9, 0.90, "Bonett-Wright"),
        bf10=0.19 * math.exp(11 * r * r),
        partial=Partial(r * 0.93, p_of(r * 0.93, n - 2), n - 4, n),
        complete_case=Estimate("spearman", r * 0.9, 23),
        sensitivity=Sensitivity(
            spearman=r,
            kendall=r * 0.75,
            pearson=r * 1.04,
            leave_one_out=(r - 0.04, r + 0.05),
            disattenuated=Estimate(
                "disattenuated", r / 0.62, n, "", Interval(low / 0.62, high / 0.62, 0.95, "joint bootstrap")
            ),
            smallest_detectable=0.301,
            smallest_equivalence=0.2543,
        ),
    )


def adjust(cells: list[Cell]) -> tuple[Cell, ...]:
    """Holm over the defined cells; the maxT of this fixture is a tenth below Holm."""
    order = sorted((c.p, i) for i, c in enumerate(cells) if c.p is not None)
    done, highest = list(cells), 0.0
    for rank, (p, i) in enumerate(order):
        highest = max(highest, min(1.0, p * (len(order) - rank)))
        bh = min(1.0, *(q * len(order) / (k + 1) for k, (q, _) in enumerate(order) if k >= rank))
        done[i] = replace(
            cells[i], p_holm=highest, p_bh=bh, p_maxt=max(p, highest * 0.9), p_maxt_single=highest
        )
    return tuple(done)


def protocol_of(rows: list[str], columns: list[str], **study: Any) -> Protocol:
    """Make the protocol of the fake study."""
    return Protocol.model_validate(
        {
            "study": {
                "title": "Socialization to the model and the therapeutic alliance",
                "aim": "To find out whether patients who agree with their therapist on goals and tasks are more "
                "socialized to the model.",
                "version": "1.2",
                "authors": ("A. Author", "B. Author"),
                "introduction": "The alliance predicts outcome. Which of its parts do the work is less clear.",
                "method": "Patients were seen at home for ten sessions.",
                "conclusion": "Agreement on goals and tasks goes with socialization.",
                "notice": "Simulated data. The values reproduce the table of a published study so that its reading "
                "can be checked. No real patient is in them.",
                "seed": 20261,
                **study,
            },
            "sample": {"arm": "pragmatic rehabilitation", "label": "patients of the active arm"},
            "data": {"participants": {"file": "participants.csv"}},
            "instruments": [{"id": "alliance", "instrument": "calpas-5", "at": "same session"}],
            "coding": [
                {
                    "id": "socialization",
                    "system": "socialization",
                    "combine": "designated",
                    "designated": "primary",
                    "coders": "Two trained psychologists",
                    "blind_to": ("arm", "outcome", "alliance"),
                }
            ],
            "table": {
                "rows": rows,
                "columns": columns,
                "smallest_effect": SESOI,
                "control": "therapist",
                "against": "alliance.q1",
            },
        }
    )


def make_hypotheses(table: AssociationTable) -> tuple[HypothesisResult, ...]:
    """Judge the hypotheses of the fake study."""
    made = []
    for name, row, column, expect, claim in HYPOTHESES:
        cell = table.cell(f"alliance.{row}", f"socialization.{column}")
        value, interval = cell.estimate.value, cell.estimate.interval
        if value is None or interval is None or cell.p is None:
            test = CellTest(
                cell.x,
                cell.y,
                None,
                None,
                None,
                cell.estimate.n,
                None,
                None,
                None,
                "inconclusive",
                "undefined",
            )
        else:
            signed = value if expect == "positive" else -value
            adjusted = min(1.0, cell.p * 4)
            rejects = p_at_least(signed, cell.estimate.n, SESOI)
            because = "adjusted p above alpha"
            verdict = "inconclusive"
            if adjusted < 0.05:
                verdict = "supported" if signed > 0 else "not supported"
                because = (
                    "adjusted p below alpha, as expected"
                    if signed > 0
                    else "adjusted p below alpha, against expectation"
                )
            elif rejects < 0.05:
                verdict, because = "not supported", "effect of interest rejected"
            test = CellTest(
                cell.x,
                cell.y,
                value,
                interval.low,
                interval.high,
                cell.estimate.n,
                cell.p,
                adjusted,
                rejects,
                verdict,
                because,
            )  # type: ignore[arg-type]
        made.append(
            HypothesisResult(
                name,
                f"{ROWS[test.x]} goes with {COLUMNS[test.y][0]}.",
                expect,
                None,
                "confirmatory",
                claim,
                (test,),
                test.verdict,
                test.because,  # type: ignore[arg-type]
            )
        )
    bond = []
    for y in table.y:
        cell = table.cell("alliance.q1", y)
        e = cell.estimate
        if e.value is None or e.interval is None or cell.tost_p is None:
            bond.append(
                CellTest(cell.x, y, None, None, None, e.n, None, None, None, "inconclusive", "undefined")
            )
            continue
        verdict = "supported" if cell.tost_p * 7 < 0.05 else "inconclusive"
        because = "equivalent" if verdict == "supported" else "equivalence not shown"
        bond.append(
            CellTest(
                cell.x,
                y,
                e.value,
                e.interval.low,
                e.interval.high,
                e.n,
                cell.tost_p,
                min(1.0, cell.tost_p * 7),
                None,
                verdict,
                because,
            )  # type: ignore[arg-type]
        )
    made.append(
        HypothesisResult(
            "H7",
            "Bond does not go with any dimension.",
            "negligible",
            None,
            "confirmatory",
            SOURCE,
            tuple(bond),
            "inconclusive",
            "equivalence not shown",
        )
    )
    contrast = next(
        c for c in table.contrasts if c.x == "alliance.q3" and c.y == "socialization.evidence_congruent"
    )
    test = CellTest(
        contrast.x,
        contrast.y,
        contrast.difference,
        contrast.zou.low if contrast.zou else None,
        contrast.zou.high if contrast.zou else None,
        contrast.n,
        contrast.williams_p,
        contrast.williams_p,
        None,
        "supported",
        "adjusted p below alpha, as expected",
        contrast,
    )
    made.append(
        HypothesisResult(
            "H8",
            "Treatment match goes more with congruent evidence than bond does.",
            "stronger",
            "alliance.q1",
            "confirmatory",
            "",
            (test,),
            test.verdict,
            test.because,
        )
    )
    return tuple(made)


def make_contrasts(values: dict[str, tuple[float | None, ...]], columns: list[str]) -> tuple[Contrast, ...]:
    """Compare each row with the bond, as numbers that look like those of an analysis."""
    made = []
    for x in list(values)[1:]:
        for j, y in enumerate(columns):
            pole = COLUMNS[y][1]
            a, b = values[x][j], values["alliance.q1"][j]
            if a is None or b is None:
                made.append(Contrast(x, "alliance.q1", y, N, undefined="no variance in one of the variables"))
                continue
            d = pole * (a - b)
            p = p_of(max(-0.95, min(0.95, d)), N)
            made.append(
                Contrast(
                    x,
                    "alliance.q1",
                    y,
                    N,
                    reflected=pole < 0,
                    r_x=pole * a,
                    r_against=pole * b,
                    r_between=0.3,
                    difference=d,
                    williams_t=d * 5,
                    williams_p=p,
                    steiger_p=p * 0.99,
                    meng_p=min(1.0, p * 1.01),
                    zou=Interval(d - 0.33, d + 0.31, 0.95, "Zou"),
                )
            )
    return tuple(made)


def agreement(
    name: str, value: float | None, low: float = 0.0, high: float = 0.0, reason: str = ""
) -> Reliability:
    """Make a coefficient over 12 sessions with two coders."""
    method = "REML" if name.startswith("ICC") else "pairs of coders"
    if value is None:
        return Reliability(Estimate.without_value(name, 12, reason, method), 12, 2, 24)
    kind = "generalized" if name.startswith("ICC") else "linearized"
    return Reliability(Estimate(name, value, 12, method, Interval(low, high, 0.95, kind)), 12, 2, 24)


ICCS = {
    "concordance": (0.81, 0.55, 0.93),
    "resistance": (0.74, 0.38, 0.91),
    "understanding": (0.47, -0.09, 0.81),
    "active_plans": (0.92, 0.76, 0.97),
    "evidence_congruent": (0.66, 0.31, 0.87),
    "evidence_incongruent": (0.71, 0.5, 0.89),
}
SAME = "all ratings are equal"


def make_reliability() -> ReliabilityResults:
    """Make the reliability of the fake study: two coders, 12 of 43 tapes; Avoidance does not vary."""
    dimensions = []
    for variable, (label, _) in COLUMNS.items():
        name = variable.split(".")[1]
        others: tuple[Reliability, ...]
        if name in ICCS:
            value, low, high = ICCS[name]
            used = agreement("ICC(Q,1)", value, low, high)
            others = (
                agreement("ICC(A,1)", value - 0.02, low - 0.05, high),
                agreement("ICC(C,1)", value + 0.02, low, high + 0.01),
                agreement("percent agreement", 0.42, 0.25, 0.6),
                agreement("kappa (Conger, quadratic)", value - 0.03, low - 0.04, high),
                agreement("alpha (ordinal)", value - 0.04, low - 0.04, high),
            )
            components = {"session": value, "coder": 0.02 if name == "resistance" else 0.0}
            components["residual"] = 1 - sum(components.values())
        else:
            used, components = agreement("ICC(Q,1)", None, reason=SAME), {}
            others = (
                agreement("ICC(A,1)", None, reason=SAME),
                agreement("ICC(C,1)", None, reason=SAME),
                agreement("percent agreement", 1.0, 1.0, 1.0),
                agreement("kappa (Conger, quadratic)", None, reason=SAME),
                agreement("alpha (ordinal)", None, reason=SAME),
            )
        notes = (
            ("restricted range: ratings are mostly 3, so a low value may go with high agreement",)
            if name == "understanding"
            else ()
        )
        dimensions.append(
            DimensionReliability(
                variable,
                label,
                used,
                "The score of a session is one coder's rating, so the form for a single coder counts",
                others,
                components,
                43,
                12,
                ("primary", "second"),
                notes,
            )
        )
    scale = ScaleReliability(
        "alliance.total",
        "Alliance total",
        5,
        Estimate("alpha (Cronbach)", 0.84, 41, "covariances", Interval(0.74, 0.9, 0.95, "Feldt")),
        Estimate("omega (McDonald)", 0.86, 41, "one factor, ML", Interval(0.76, 0.92, 0.95, "bootstrap")),
    )
    return ReliabilityResults(tuple(dimensions), (scale,), make_coder_figures())


def make_coder_figures() -> tuple[CoderFigure, ...]:
    """Make the figures of the two coders: the second rates Resistance higher and spreads less."""
    made = []
    for sign, coder in ((-1, "primary"), (1, "second")):
        for k, variable in enumerate(COLUMNS):
            d = sign * (0.58 if variable.endswith("resistance") else 0.06 * k - 0.15)
            ratio = 0.62**sign if k == 3 else (0.9 + 0.03 * k) ** sign
            leniency = Estimate("leniency", d, 12, "mean difference", Interval(d - 0.41, d + 0.41, 0.95, "t"))
            limits = Interval(ratio * 0.74, ratio * 1.34, 0.95, "Pitman-Morgan")
            spread = Estimate("spread", ratio, 12, "ratio of standard deviations", limits)
            if variable.endswith("avoidance"):
                spread = Estimate.without_value("spread", 12, "no variance in the ratings it is held against")
            made += [
                CoderFigure(coder, variable, "leniency", leniency),
                CoderFigure(coder, variable, "spread", spread),
            ]
        halo = Estimate("halo", 0.31, 12, "mean correlation", Interval(0.05, 0.53, 0.95, "jackknife, t"))
        drift = Estimate("drift", 0.004 * sign, 12, "points a month", Interval(-0.03, 0.04, 0.95, "t"))
        made += [CoderFigure(coder, "", "halo", halo), CoderFigure(coder, "", "drift", drift)]
    return tuple(made)


def make_variables() -> tuple[tuple[Variable, ...], tuple[Variable, ...]]:
    """Describe the rows and columns of the table."""
    found = {d.variable: d for d in make_reliability().dimensions}
    rows = tuple(
        Variable(
            v,
            label,
            "score",
            "CALPAS-5 1.0",
            "patient",
            low=1,
            high=7,
            n=N,
            missing={"not answered": 0},
            mean=5.4,
            sd=1.2,
            median=6,
            minimum=2,
            maximum=7,
            at_floor=0.0,
            at_ceiling=0.33,
        )
        for v, label in ROWS.items()
    )
    columns = tuple(
        Variable(
            v,
            label,
            "rating",
            "Socialization 1.0",
            "coder",
            pole=pole,
            low=0,
            high=6,
            n=N,
            missing={"not codable": 2} if pole < 0 else {},
            mean=3.1,
            sd=1.6,
            median=3,
            minimum=0,
            maximum=6,
            at_floor=0.07,
            at_ceiling=0.05,
            reliability=found[v].used.estimate,
            reliability_source="12 tapes coded twice",
        )
        for v, (label, pole) in COLUMNS.items()
    )
    return rows, columns


def make_results(*, missing: bool = False, undefined: bool = False, lock: str = "as locked") -> Results:
    """Make the results of the fake study.

    Parameters
    ----------
    missing : bool
        Pairs are incomplete: n differs from cell to cell.
    undefined : bool
        The last column is constant: its cells have no value.
    lock : str
        State of the protocol.
    """
    rows, columns = make_variables()
    values: dict[str, tuple[float | None, ...]] = {k: tuple(v) for k, v in VALUES.items()}
    if undefined:
        values = {k: (*v[:-1], None) for k, v in values.items()}
    cells = []
    for i, x in enumerate(ROWS):
        for j, y in enumerate(COLUMNS):
            n = N - ((3 * i + 5 * j) % 7 if missing else 0)
            cells.append(make_cell(x, y, values[x][j], n, "no variance in Avoidance"))
    adjusted = adjust(cells)
    table = AssociationTable(
        x=tuple(ROWS),
        y=tuple(COLUMNS),
        coefficient="spearman",
        cells=adjusted,
        contrasts=make_contrasts(values, list(COLUMNS)),
        complete_cases=23 if missing else N,
        n_cases=N,
        family_size=sum(c.p is not None for c in adjusted),
        sesoi=SESOI,
        permutations=10_000,
        seed=20261,
        control="therapist",
    )
    rng = np.random.default_rng(7)
    latent = rng.normal(size=N)
    data: dict[str, tuple[float | str | None, ...]] = {}
    for v in rows:
        drawn = np.clip(np.round(5.3 + 0.9 * latent + rng.normal(size=N)), 1, 7)
        data[v.id] = tuple(None if missing and k % 9 == 3 else float(d) for k, d in enumerate(drawn))
    for v in columns:
        drawn = np.clip(np.round(3 + v.pole * 1.1 * latent + rng.normal(size=N)), 0, 6)
        data[v.id] = tuple(float(d) for d in drawn)
    data["therapist"] = tuple("ABC"[k % 3] for k in range(N))
    deviations = (Deviation("table.alpha", "0.05", "0.01"),) if lock == "deviates" else ()
    return Results(
        protocol=protocol_of(list(ROWS), list(COLUMNS)),
        flow=(
            FlowStep("recruited into the trial", 296),
            FlowStep("in the arm studied", 95, ((201, "in other arms"),)),
            FlowStep("with an alliance form", 58, ((37, "without an alliance form"),)),
            FlowStep(
                "with form and tape", N, ((11, "without consent to record"), (4, "with an unusable tape"))
            ),
            FlowStep("analyzed", N),
        ),
        rows=rows,
        columns=columns,
        table=table,
        values=data,
        units=tuple(f"P{k:03d}" for k in range(N)),
        families=(
            FamilyResult(
                "confirmatory",
                "Declared before unblinding",
                {"direction": "maxt", "negligible": "holm", "stronger": "holm"},
                {"direction": 6, "negligible": 7, "stronger": 1},
            ),
        ),
        hypotheses=make_hypotheses(table),
        coding=(
            CodingFacts(
                "socialization",
                "Socialization",
                "1.0",
                "designated",
                ("primary", "second"),
                43,
                12,
                385,
                {"not audible": 2},
            ),
        ),
        lock=LockStatus(
            lock,  # type: ignore[arg-type]
            None if lock == "unlocked" else "2026-10-02T09:15:00+00:00",
            None if lock == "unlocked" else "a41f09c2" * 8,
            deviations,
        ),
        provenance=Provenance(
            command="bordin run socialization",
            made_at="2026-12-14T10:00:00+00:00",
            bordin="0.1.0",
            python="3.11.2",
            platform="Linux",
            packages={"numpy": "2.4", "scipy": "1.17"},
            seed=20261,
            protocol_sha256="a41f09c2" * 8,
            files=(FileHash("data/participants.csv", "5d02e77a" * 8, 296),),
        ),
        warnings=(),
        reliability=make_reliability(),
    )


@pytest.fixture(scope="session")
def fake() -> Callable[..., Results]:
    """Return the maker of fake results."""
    return make_results


@pytest.fixture(scope="session")
def results() -> Results:
    """Return complete fake results."""
    return make_results()


def make_grid(n_rows: int, n_columns: int, label: str = "Variable") -> Results:
    """Make results of any size, without hypotheses, contrasts, notice or control."""
    base = make_results()
    rows = tuple(
        replace(base.rows[0], id=f"r.v{i}", label=f"{label} {i + 1}", at_ceiling=0.1) for i in range(n_rows)
    )
    columns = tuple(
        replace(base.columns[0], id=f"c.v{j}", label=f"{label} {j + 1}") for j in range(n_columns)
    )
    cells = [
        make_cell(x.id, y.id, ((7 * i + 3 * j) % 19 - 9) / 12, N)
        for i, x in enumerate(rows)
        for j, y in enumerate(columns)
    ]
    table = replace(
        base.table,
        x=tuple(v.id for v in rows),
        y=tuple(v.id for v in columns),
        cells=adjust(cells),
        contrasts=(),
        family_size=len(cells),
        control=None,
    )
    values = {v.id: base.values["alliance.q2"] for v in (*rows, *columns)}
    return replace(
        base,
        protocol=protocol_of([v.id for v in rows], [v.id for v in columns], notice=""),
        rows=rows,
        columns=columns,
        table=table,
        values=values,
        hypotheses=(),
        families=(),
        coding=(),
        reliability=ReliabilityResults(),
    )


@pytest.fixture(scope="session")
def grid() -> Callable[..., Results]:
    """Return the maker of results of any size."""
    return make_grid


@pytest.fixture(scope="session")
def gaps() -> Results:
    """Return fake results with missing pairs, a constant column and a changed protocol."""
    return make_results(missing=True, undefined=True, lock="deviates")
