"""Monitoring of coders: against R on a seeded design, and planted faults are found."""

from __future__ import annotations

import csv
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bordin.errors import AnalysisError
from bordin.estimate import Estimate
from bordin.reliability import (
    CoderFigure,
    Monitoring,
    bland_altman,
    monitor_coders,
    rating_block,
    restricted_range,
)
from bordin.reliability.icc import icc
from bordin.reliability.percent_agreement import percent_agreement

HERE = Path(__file__).parents[1] / "reference" / "reliability"
EXPECTED = json.loads((HERE / "scale_monitoring.json").read_text(encoding="utf-8"))


def columns() -> dict[str, list[Any]]:
    with (HERE / "scale_monitoring.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    found: dict[str, list[Any]] = {name: [row[name] for row in rows] for name in rows[0]}
    return found | {name: [float(text) for text in found[name]] for name in ("value", "order")}


def long(**change: Any) -> list[Any]:
    found = columns() | change
    return [found[name] for name in ("session", "coder", "dimension", "value", "order")]


@pytest.fixture(scope="module")
def made() -> Monitoring:
    return monitor_coders(*long())


def one(figures: tuple[CoderFigure, ...], coder: str, dimension: str, name: str | None = None) -> Estimate:
    [found] = [
        f.estimate
        for f in figures
        if (f.coder, f.dimension) == (coder, dimension) and name in (None, f.estimate.name)
    ]
    return found


def same(found: Estimate, value: float, limits: list[float], n: int) -> None:
    assert found.interval is not None
    assert found.n == n
    assert [found.value, found.interval.low, found.interval.high] == pytest.approx([value, *limits], abs=1e-9)


@pytest.mark.parametrize("coder", "ABC")
@pytest.mark.parametrize("dimension", ["d1", "d2", "d3", "d4"])
def test_leniency_drift_and_spread_are_those_of_r(made: Monitoring, coder: str, dimension: str) -> None:
    wanted = EXPECTED[f"{coder} {dimension}"]
    for figures, name in ((made.leniency, "leniency"), (made.drift, "drift"), (made.spread, "spread")):
        same(one(figures, coder, dimension), wanted[name], wanted[f"{name}_ci"], wanted["n"])


@pytest.mark.parametrize("coder", "ABC")
def test_halo_is_that_of_r(made: Monitoring, coder: str) -> None:
    wanted = EXPECTED[f"{coder} halo"]
    same(one(made.halo, coder, "", "halo"), wanted["halo"], wanted["halo_ci"], wanted["n"])
    above = one(made.halo, coder, "", "halo above the others")
    same(above, wanted["above"], wanted["above_ci"], wanted["n_above"])


def test_planted_faults_show(made: Monitoring) -> None:
    """A rates high, B drifts upward, C lets one impression color all dimensions."""
    for dimension in ("d1", "d2", "d3", "d4"):
        leniency = one(made.leniency, "A", dimension).interval
        assert leniency is not None
        assert leniency.low > 0
    drifts = [one(made.drift, "B", d).interval for d in ("d1", "d2", "d3", "d4")]
    assert sum(d.low > 0 for d in drifts if d is not None) >= 3
    halo = one(made.halo, "C", "", "halo above the others").interval
    assert halo is not None
    assert halo.low > 0.2


def test_bland_altman_is_the_formula(made: Monitoring) -> None:
    wanted = EXPECTED["bland_altman"]
    [pair] = [p for p in made.differences if (p.first, p.second, p.dimension) == ("A", "B", "d1")]
    for name in ("bias", "low", "high"):
        same(getattr(pair, name), wanted[name], wanted[f"{name}_ci"], wanted["n"])
    assert len(made.differences) == 12
    turned = bland_altman(np.array([1.0, 2, 4]), np.array([2.0, 2, 2]))
    back = bland_altman(np.array([2.0, 2, 2]), np.array([1.0, 2, 4]))
    assert turned[0].value == -back[0].value  # type: ignore[operator]
    assert turned[1].value == pytest.approx(-back[2].value, abs=1e-12)  # type: ignore[operator]
    assert [e.undefined for e in bland_altman(np.array([1.0]), np.array([2.0]))] == [
        "fewer than two sessions that both rated"
    ] * 3
    with pytest.raises(AnalysisError, match="Give one a session"):
        bland_altman(np.zeros(2), np.zeros(3))
    with pytest.raises(AnalysisError, match="share: 95"):
        bland_altman(np.zeros(2), np.zeros(2), share=95)


def test_a_standard_replaces_the_others() -> None:
    sessions = ["s1", "s2", "s3"] * 3
    coders = ["gold"] * 3 + ["new"] * 3 + ["old"] * 3
    values = [1, 2, 3, 2, 3, 5, 1, 2, 3]
    found = monitor_coders(sessions, coders, ["d"] * 9, values, [1, 2, 3] * 3, standard="gold")
    assert {f.coder for f in found.leniency} == {"new", "old"}
    assert one(found.leniency, "new", "d").value == pytest.approx(4 / 3, abs=1e-12)
    assert one(found.leniency, "old", "d").value == 0
    assert one(found.drift, "new", "d").value == pytest.approx(0.5, abs=1e-12)
    assert one(found.drift, "old", "d").interval is not None
    assert one(found.spread, "new", "d").value == pytest.approx(
        np.std([2, 3, 5]) / np.std([1, 2, 3]), abs=1e-12
    )
    assert [(p.first, p.second) for p in found.differences] == [("new", "gold"), ("old", "gold")]
    assert one(found.leniency, "new", "d").method == "mean deviation from gold"


def test_dates_are_days_and_rows_may_stand_in_any_order(made: Monitoring) -> None:
    days = [date(2024, 1, 1) + timedelta(days=int(order)) for order in columns()["order"]]
    again = monitor_coders(*long(order=days))
    assert [f.estimate.value for f in again.drift] == pytest.approx(
        [f.estimate.value for f in made.drift], abs=1e-12
    )
    backwards = monitor_coders(*(column[::-1] for column in long()))
    assert one(backwards.leniency, "A", "d1").value == pytest.approx(
        one(made.leniency, "A", "d1").value, abs=1e-12
    )


def test_a_coder_with_no_ratings_in_common_changes_nothing(made: Monitoring) -> None:
    session, coder, dimension, value, order = long()
    more = monitor_coders([*session, "S99"], [*coder, "D"], [*dimension, "d1"], [*value, 3.0], [*order, 41.0])
    for name in ("leniency", "spread", "halo", "drift"):
        kept = tuple(f for f in getattr(more, name) if f.coder != "D")
        assert kept == getattr(made, name)
    assert one(more.leniency, "D", "d1").undefined == "shares no session with another coder"
    assert one(more.spread, "D", "d1").undefined == "shares no session with another coder"
    assert (
        one(more.halo, "D", "", "halo above the others").undefined == "shares no session with another coder"
    )
    assert one(more.drift, "D", "d1").undefined == "fewer than three sessions to compare"


def test_few_sessions_and_no_variance_are_said() -> None:
    short = monitor_coders(["a", "b"] * 2, ["x", "x", "y", "y"], ["d"] * 4, [1, 2, 3, 3])
    assert one(short.leniency, "x", "d").value == -1.5
    assert short.drift == ()
    assert short.halo == ()
    assert one(short.spread, "x", "d").undefined == "no variance in the ratings it is held against"
    assert one(short.spread, "y", "d").value == 0
    assert "one value only" in one(short.spread, "y", "d").notes[0]
    single = monitor_coders(["a", "a"], ["x", "y"], ["d", "d"], [1, 4])
    assert one(single.leniency, "y", "d").value == 3
    assert one(single.leniency, "y", "d").interval is None
    assert one(single.spread, "y", "d").undefined == "one shared session only"
    at_once = monitor_coders(
        ["a", "b", "c"] * 2, ["x"] * 3 + ["y"] * 3, ["d"] * 6, [1, 2, 3, 2, 2, 4], [7] * 6
    )
    assert one(at_once.drift, "x", "d").undefined == "all ratings were made at one time"


def test_repeat_readings_are_an_icc_of_each_coder() -> None:
    first, second = [1, 2, 3, 4, 5, 6], [1, 3, 3, 4, 6, 6]
    sessions = [f"s{i}" for i in range(6)] * 2
    found = monitor_coders(sessions, ["x"] * 12, ["d"] * 12, first + second)
    wanted = icc(np.array([first, second]).T, "ICC(A,1)").estimate
    assert found.repeat == (CoderFigure("x", "d", wanted),)
    by_order = monitor_coders(sessions, ["x"] * 12, ["d"] * 12, second + first, [*range(6, 12), *range(6)])
    assert one(by_order.repeat, "x", "d").value == pytest.approx(wanted.value, abs=1e-12)
    block = rating_block(sessions, ["x"] * 12, ["d"] * 12, second + first, [*range(6, 12), *range(6)])
    assert block.values[:, 0, 0].tolist() == first
    with pytest.raises(AnalysisError, match="x rated d of session s0 three times"):
        rating_block([*sessions, "s0"], ["x"] * 13, ["d"] * 13, [*first, *second, 1])


def test_high_agreement_with_a_low_icc_is_restricted_range() -> None:
    table = np.full((40, 2), 3.0)
    table[0, 0] = table[1, 1] = 4
    agreement, coefficient = percent_agreement(table), icc(table)
    assert agreement.estimate.value == 0.95
    assert coefficient.estimate.value is not None
    assert coefficient.estimate.value < 0
    assert "restricted range" in (restricted_range(agreement, coefficient) or "")
    still = np.full((9, 2), 3.0)
    assert "no variance" in (restricted_range(percent_agreement(still), icc(still)) or "")
    wide = np.repeat(np.arange(1.0, 8)[:, None], 2, axis=1)
    assert restricted_range(percent_agreement(wide), icc(wide)) is None
    rows = [(f"s{s}", c, "bond", v) for s, pair in enumerate(table) for c, v in zip("xy", pair, strict=True)]
    assert [w.split(":")[:2] for w in monitor_coders(*zip(*rows, strict=True)).warnings] == [
        ["bond", " restricted range"]
    ]


@pytest.mark.parametrize(
    ("rows", "options", "match"),
    [
        ((["a"], ["x"], ["d"], [1, 2]), {}, "differ in length"),
        ((["a"], ["x"], ["d"], [1]), {"standard": "y"}, "no coder 'y'"),
        ((["a"], ["x"], ["d"], [np.inf]), {}, "infinite"),
        ((["a"], ["x"], ["d"], ["three"]), {}, "not all numbers"),
        ((["a"], ["x"], ["d"], [1], [None]), {}, "no date or number"),
        ((["a"], ["x"], ["d"], [1]), {"level": 2}, "not between 0 and 1"),
    ],
)
def test_faults_are_refused(rows: Any, options: dict[str, Any], match: str) -> None:
    with pytest.raises(AnalysisError, match=match):
        monitor_coders(*rows, **options)
