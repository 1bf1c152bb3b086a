"""Plans from numbers, published tables and protocols, and the answers they get."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bordin.association import associate, cases_for_equivalence, power_of_correlation
from bordin.association.power import _draw, simulate_block
from bordin.errors import AnalysisError
from bordin.study.hypotheses import judge
from bordin.study.planned_numbers import closed_forms, tapes_to_double_code
from bordin.study.planned_study import Choices, plan_from_numbers, plan_from_study
from bordin.study.planned_verdicts import supported
from bordin.study.planning import CurvePoint, cases_on_curve, make_plan, share
from bordin.study.printed_table import read_printed_table
from bordin.study.study import load_study

EXAMPLE = Path(__file__).parents[2] / "examples" / "socialization"


def numbers(**more: Any) -> Choices:
    return Choices(**{"n": 43, "rows": 4, "columns": 7, "rho": 0.3, **more})


def test_known_values_of_43_participants() -> None:
    closed = closed_forms(plan_from_numbers(numbers(sesoi=0.3)), 0.8, 0.4)
    assert closed.smallest_detectable == pytest.approx(0.301, abs=5e-4)
    assert closed.power == pytest.approx(0.50, abs=0.005)
    assert power_of_correlation(0.42, 43) == pytest.approx(0.81, abs=0.005)
    assert closed.smallest_equivalence == pytest.approx(0.254, abs=5e-4)
    assert closed.cases_for_equivalence == 93
    assert cases_for_equivalence(0.2) == 212
    assert closed.power_of_equivalence == pytest.approx(0.24, abs=0.01)
    assert (closed.cases_for_power, closed.cases_for_width, closed.tapes_to_double_code) == (85, 85, 30)
    assert closed.smallest_effect == pytest.approx(0.416, abs=5e-4)
    assert closed.smallest_effect_adjusted == closed.smallest_effect
    assert closed.width == pytest.approx(0.563, abs=5e-4)


def test_unreliability_and_adjustment_enter_the_formulas() -> None:
    planned = plan_from_numbers(numbers(reliability_x=0.8, reliability_y=0.7, adjustment="holm"))
    closed = closed_forms(planned, 0.8, 0.4)
    assert closed.rho == pytest.approx(0.3 * (0.8 * 0.7) ** 0.5)
    assert closed.tests == 28
    assert closed.smallest_effect_adjusted == pytest.approx(0.556, abs=5e-4)
    assert closed.icc == 0.7
    more = closed_forms(
        plan_from_numbers(numbers(reliability_x=0.8, reliability_y=0.7, sessions=3)), 0.8, 0.4
    )
    assert more.rho == pytest.approx(0.3 * (2.4 / 2.6 * 2.1 / 2.4) ** 0.5)


def test_tapes_to_double_code() -> None:
    assert tapes_to_double_code(0.8, 0.2, coders=3) == 36
    assert tapes_to_double_code(0.7, 0.4) == 30
    assert tapes_to_double_code(0.5, 0.4) == 56
    for wrong in (
        {"icc": 1.0, "width": 0.4},
        {"icc": 0.5, "width": 0.0},
        {"icc": 0.5, "width": 0.4, "coders": 1},
    ):
        with pytest.raises(AnalysisError, match="cannot be planned"):
            tapes_to_double_code(**wrong)  # type: ignore[arg-type]


def test_the_answers_to_a_table_of_numbers() -> None:
    told: list[str] = []
    plan = make_plan(plan_from_numbers(numbers(rows=2, columns=2)), simulations=600, tell=told.append)
    assert [h.id for h in plan.hypotheses] == ["H1", "H2", "H3", "H4"]
    for h in plan.hypotheses:
        assert h.power.value == pytest.approx(0.50, abs=0.06)
        assert h.cases == pytest.approx(87, abs=14)
        assert h.power.interval is not None
        assert h.power.interval.low < h.power.value < h.power.interval.high
    assert plan.supported == pytest.approx(sum(h.power.value or 0 for h in plan.hypotheses))
    assert plan.all is not None
    assert plan.all.power.value == pytest.approx(0.11, abs=0.04)
    assert plan.all.cases is not None
    assert plan.all.cases > 100
    assert [p.n for p in plan.curve] == sorted({p.n for p in plan.curve})
    assert {p.n: p.simulations for p in plan.curve}[43] == 600
    assert plan.false_positive is None
    assert plan.cells[0].observed == pytest.approx(0.3, abs=0.02)
    assert plan.cells[0].n == 43
    assert plan.within == (pytest.approx(0.3), pytest.approx(0.3))
    assert any("43 participants: 600" in line for line in told)


def test_absence_is_planned_where_nothing_is() -> None:
    plan = make_plan(plan_from_numbers(numbers(n=93, rows=1, columns=1, rho=0.0, sesoi=0.3)), simulations=800)
    assert [h.expect for h in plan.hypotheses] == ["negligible"]
    assert plan.hypotheses[0].power.value == pytest.approx(0.80, abs=0.04)
    assert plan.hypotheses[0].cases == pytest.approx(93, abs=10)
    assert plan.false_positive is not None
    assert plan.false_positive.value == pytest.approx(0.05, abs=0.025)
    assert plan.cells[0].power is None


def test_a_published_table_is_the_truth_and_its_stars_the_hypotheses() -> None:
    table = read_printed_table(EXAMPLE / "published.csv")
    planned = plan_from_numbers(Choices(n=43, truth=table, adjustment="holm"))
    assert len(planned.hypotheses) == 11
    assert planned.design.truth[0][0] == 0.377
    assert planned.design.families[0].adjustment == "holm"
    assert len(planned.design.families[0].cells) == 21
    assert planned.hypotheses[0].expect == "positive"
    assert planned.hypotheses[1].expect == "negative"
    plan = make_plan(planned, simulations=300)
    # A result that was just below the line is found again every second time at best.
    weakest = min(plan.hypotheses, key=lambda h: h.power.value or 0)
    assert weakest.sentence == "q4 with avoidance"
    assert plan.supported is not None
    assert 4.5 < plan.supported < 6.5


def test_the_protocol_of_the_example() -> None:
    study = load_study(EXAMPLE)
    planned = plan_from_study(study, Choices(n=43))
    assert [h.expect for h in planned.hypotheses].count("stronger") == 3
    assert [f.adjustment for f in planned.design.families] == ["maxt", "holm"]
    assert [len(f.cells) for f in planned.design.families] == [11, 0]
    assert planned.sesoi == 0.3
    assert planned.rejects
    assert planned.design.truth[0] == (0.3, -0.3, 0.0, 0.0, 0.3, -0.3, -0.3)
    assert planned.design.truth[3] == (0.0,) * 7
    assert planned.design.x.points == (7, 7, 7, 7)
    assert planned.design.y.points == (7,) * 7
    contrast = planned.design.contrasts[1]
    assert (contrast.row, contrast.against, contrast.column, contrast.signs) == (1, 3, 1, (1, 1, -1))
    plan = make_plan(replace(planned, design=replace(planned.design, shuffles=60)), simulations=100)
    power = {h.id: h.power.value or 0 for h in plan.hypotheses}
    assert power["H12"] == 0.0
    assert 0.05 < power["H13"] < 0.4
    assert {h.id: h.adjustment for h in plan.hypotheses}["H12"] == "holm"
    assert any("smallest effect of interest" in note for note in plan.notes)


def test_a_protocol_with_a_published_truth() -> None:
    table = read_printed_table(EXAMPLE / "published.csv")
    planned = plan_from_study(load_study(EXAMPLE), Choices(n=43, truth=table, points=5, reliability_x=0.9))
    assert planned.design.truth[1][1] == -0.546
    assert planned.design.truth[3] == (0.0,) * 7
    assert planned.design.y.points == (5,) * 7
    assert planned.design.x.reliability == (0.9,) * 4
    assert any("alliance.q5" in note for note in planned.notes)


def test_tau_is_planned_as_rho() -> None:
    planned = plan_from_numbers(numbers(coefficient="kendall", rho=0.2, sesoi=0.2))
    assert planned.design.coefficient == "spearman"
    assert planned.design.truth[0][0] == pytest.approx(0.2963, abs=1e-4)
    assert planned.sesoi == pytest.approx(0.2963, abs=1e-4)
    assert "Spearman" in planned.notes[0]


def test_wilson_and_the_curve() -> None:
    half = share(np.array([True] * 50 + [False] * 50))
    assert half.interval is not None
    assert (half.interval.low, half.interval.high) == (
        pytest.approx(0.4038, abs=1e-4),
        pytest.approx(0.5962, abs=1e-4),
    )

    def points(*powers: float) -> list[CurvePoint]:
        return [CurvePoint(20 * (k + 1), 1000, (p,), p) for k, p in enumerate(powers)]

    exact = [power_of_correlation(0.3, 20 * (k + 1)) for k in range(7)]
    assert cases_on_curve(points(*exact), exact, 0.8) == 85
    assert cases_on_curve(points(0.1, 0.2), (0.1, 0.2), 0.8) is None
    assert cases_on_curve(points(0.9, 0.95), (0.9, 0.95), 0.8) == 20
    assert cases_on_curve(points(0.79, 0.81), (0.79, 0.81), 0.8) == pytest.approx(30, abs=1)


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        (numbers(n=None), "--n 43"),
        (numbers(rows=None), "--rows 4"),
        (numbers(rho=None), "--rho .3"),
        (numbers(rows=0), "at least one row"),
        (numbers(rho=1.5), "must lie between -1 and 1"),
        (numbers(n=2), "at least 4 participants"),
        (numbers(adjustment="maxtt"), "Did you mean 'maxt'"),
        (numbers(rho=0.9, rows=1, columns=1, coefficient="pearsonn"), "Did you mean 'pearson'"),
    ],
)
def test_what_is_missing_or_impossible_is_said(choices: Choices, message: str) -> None:
    with pytest.raises(AnalysisError, match=message):
        plan_from_numbers(choices)


def test_a_published_table_leaves_no_room_for_other_truths() -> None:
    table = read_printed_table(EXAMPLE / "published.csv")
    with pytest.raises(AnalysisError, match="--rho is given, but the published table says it already"):
        plan_from_numbers(Choices(n=43, truth=table, rho=0.3))
    with pytest.raises(AnalysisError, match="--rows is given, but the protocol says it already"):
        plan_from_study(load_study(EXAMPLE), Choices(n=43, rows=3))
    with pytest.raises(AnalysisError, match="wished power"):
        make_plan(plan_from_numbers(numbers()), power=0.01, simulations=10)


def test_a_table_of_other_names_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("row,column,r,p,star,n\na,b,.3,.05,,43\n", encoding="utf-8")
    with pytest.raises(AnalysisError, match="stands in the published table"):
        plan_from_study(load_study(EXAMPLE), Choices(n=43, truth=read_printed_table(path)))


def test_a_simulated_study_is_judged_as_a_real_one() -> None:
    """The same simulated data through the analysis itself give the same verdicts."""
    study = load_study(EXAMPLE)
    planned = plan_from_study(study, Choices(n=120, rho=0.4, adjustment="holm", missing=0.05))
    size = 8
    simulated = simulate_block((planned.design, np.random.default_rng(5), size))
    values = _draw(planned.design, np.random.default_rng(5), size)
    ours = supported(planned, simulated)
    names = (*study.rows, *study.columns)
    holm = [f.model_copy(update={"adjustment": "holm"}) for f in study.protocol.families]
    protocol = study.protocol.model_copy(update={"families": tuple(holm)})
    negative = [n for n in study.columns if n.endswith(("resistance", "incongruent", "avoidance"))]
    for sample in range(size):
        data = dict(zip(names, values[:, sample], strict=True))
        options: dict[str, Any] = {"sesoi": 0.3, "permutations": 0, "sensitivity": False}
        table = associate(data, study.rows, study.columns, **options)

        def within(pairs: Any, data: Any = data, options: Any = options) -> Any:
            family = associate(
                data, study.rows, study.columns, families=dict.fromkeys(pairs, "own"), **options
            )
            return {pair: family.cell(*pair) for pair in pairs}

        columns = {name: column.tolist() for name, column in data.items()}
        _, judged = judge(protocol, study.hypotheses, table, columns, negative, within)
        assert [h.verdict == "supported" for h in judged] == ours[sample].tolist()
    assert 0.2 < ours.mean() < 0.95
    assert ours[:, [h.expect == "negligible" for h in planned.hypotheses]].any()
    assert ours[:, [h.expect == "stronger" for h in planned.hypotheses]].any()


def test_a_matrix_of_variables_with_each_other_is_no_plan(tmp_path: Path) -> None:
    path = tmp_path / "square.csv"
    path.write_text(",Goals,Tasks\nGoals,1,.50\nTasks,.50,1\n", encoding="utf-8")
    with pytest.raises(AnalysisError, match="'Goals' is a row and a column"):
        plan_from_numbers(Choices(n=43, truth=read_printed_table(path)))
