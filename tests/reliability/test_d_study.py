"""Other designs: reliability they would have, and sessions that an interval needs."""

from __future__ import annotations

import numpy as np
import pytest

from bordin.errors import AnalysisError
from bordin.reliability.d_study import d_study, sessions_for_width, with_second_coder
from bordin.reliability.variance_components import VarianceComponents, variance_components


def components(*, coder: float = 0.5) -> VarianceComponents:
    rng = np.random.default_rng(8)
    table = rng.standard_normal((43, 1)) + coder * rng.standard_normal(4) + 0.7 * rng.standard_normal((43, 4))
    table[12:, 2:] = np.nan
    table[20:, 1] = np.nan
    return variance_components(table)


def test_more_coders_by_the_formula() -> None:
    found = components()
    session, coder, residual = found.values
    points = d_study(found, coders=(1, 2, 5))
    assert [point.coders for point in points] == [1, 2, 5]
    for point in points:
        k, estimate = point.coders, point.reliability.estimate
        assert estimate.name == f"ICC(A,{k})"
        assert estimate.value == pytest.approx(session / (session + (coder + residual) / k))
        assert estimate.interval is not None
        assert estimate.interval.low < estimate.value < estimate.interval.high
    consistent = d_study(found, coders=(3,), agreement=False)[0].reliability.estimate
    assert consistent.name == "ICC(C,3)"
    assert consistent.value == pytest.approx(session / (session + residual / 3))


def test_more_sessions_need_the_variance_between_participants() -> None:
    found = components()
    rng = np.random.default_rng(2)
    scores = 0.8 * rng.standard_normal((20, 1)) + 0.5 * rng.standard_normal((20, 3))
    participants = variance_components(scores, one_way=True)
    session, coder, residual = found.values
    between = participants.values[0]
    assert between < session
    points = d_study(found, coders=(1, 2), sessions=(1, 4), participants=participants)
    assert [(point.coders, point.sessions) for point in points] == [(1, 1), (2, 1), (1, 4), (2, 4)]
    for point in points:
        k, m = point.coders, point.sessions
        error = (session - between) / m + (coder + residual) / (m * k)
        assert point.reliability.estimate.value == pytest.approx(between / (between + error))
    assert points[2].reliability.estimate.name == "ICC(A,1) over 4 sessions"
    alone = variance_components(scores[:, :1], one_way=True)
    undefined = d_study(found, sessions=(2,), participants=alone)[0].reliability.estimate.undefined
    assert undefined == "no participant has two sessions"
    with pytest.raises(AnalysisError, match="need the variance between participants"):
        d_study(found, sessions=(2,))
    with pytest.raises(AnalysisError, match=r"coders: \[0\]"):
        d_study(found, coders=(0,))


def test_second_coders_go_to_single_sessions_first() -> None:
    coded = np.array([[True, True, False], [True, False, False], [False, False, True]])
    wider = with_second_coder(coded, 3)
    assert wider.shape == (4, 3)
    assert wider.sum(axis=1).tolist() == [2, 2, 2, 2]
    assert np.all(wider[:3] >= coded)
    assert wider[1, 2]
    assert with_second_coder(coded, 1).sum(axis=1).tolist() == [2, 2, 1]


def test_sessions_for_a_width() -> None:
    found = components()
    plan = sessions_for_width(found, 0.2, confounded=0.0, studies=20)
    assert plan.more is not None
    assert 1 <= plan.more <= 60
    assert plan.width <= 0.2 < plan.width_now
    enough = sessions_for_width(found, plan.width_now + 0.01, confounded=0.0, studies=20)
    assert enough.more == 0
    floor = sessions_for_width(components(coder=1.5), 0.1, at_most=8, studies=10)
    assert floor.more is None
    assert floor.width > 0.1
    with pytest.raises(AnalysisError, match="width: 3 is not between 0 and 1"):
        sessions_for_width(found, 3)
