"""Verdicts follow from tests that can carry them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bordin.association import associate, tost
from bordin.association.cells import AssociationTable, Cell
from bordin.association.pearson import pearson
from bordin.estimate import Estimate
from bordin.study.hypotheses import judge
from bordin.study.protocol import Family, HypothesisPart, Protocol

DATA = {"participants": {"file": "p.csv"}}


def protocol(
    *, sesoi: float | None = 0.3, families: tuple[Family, ...] = (), adjustment: str = "holm"
) -> Protocol:
    return Protocol.model_validate(
        {
            "study": {"title": "t", "aim": "a"},
            "data": DATA,
            "table": {
                "rows": ["a"],
                "columns": ["y"],
                "smallest_effect": sesoi,
                "adjustment": adjustment,
                "coefficient": "spearman",
            },
            "families": [f.model_dump() for f in families],
        }
    )


def hypothesis(
    expect: str, rows: tuple[str, ...] = ("a",), columns: tuple[str, ...] = ("y",), **more: str
) -> HypothesisPart:
    given = {"id": "H1", "sentence": "s", "rows": rows, "columns": columns, "expect": expect, **more}
    return HypothesisPart.model_validate(given)


def table(*cells: tuple[str, str, float | None, int, float | None], sesoi: float = 0.3) -> AssociationTable:
    """Make a table from (x, y, value, n, p); p serves as every adjusted p too."""
    made = []
    for x, y, value, n, p in cells:
        if value is None:
            made.append(Cell(x, y, Estimate.without_value("spearman", n, "no variance in y")))
            continue
        equivalence = tost(value, n, sesoi)
        made.append(
            Cell(x, y, Estimate("spearman", value, n), p=p, p_maxt=p, p_holm=p, p_bh=p, tost_p=equivalence.p)
        )
    xs = tuple(dict.fromkeys(c[0] for c in cells))
    ys = tuple(dict.fromkeys(c[1] for c in cells))
    return AssociationTable(xs, ys, "spearman", tuple(made))


def verdict(h: HypothesisPart, t: AssociationTable, p: Protocol | None = None) -> tuple[str, str]:
    _, results = judge(p or protocol(), [h], t, {}, (), lambda pairs: {q: t.cell(*q) for q in pairs})
    return results[0].verdict, results[0].because


@pytest.mark.parametrize(
    ("expect", "value", "n", "p", "expected"),
    [
        ("positive", 0.5, 100, 0.001, ("supported", "adjusted p below alpha, as expected")),
        ("negative", -0.5, 100, 0.001, ("supported", "adjusted p below alpha, as expected")),
        ("positive", 0.25, 43, 0.10, ("inconclusive", "adjusted p above alpha")),
        ("positive", 0.377, 43, 0.051, ("inconclusive", "adjusted p above alpha")),
        ("positive", 0.02, 200, 0.78, ("not supported", "effect of interest rejected")),
        ("negative", 0.02, 200, 0.78, ("not supported", "effect of interest rejected")),
        # Differs from 0, yet an effect that matters is rejected.
        ("positive", 0.1, 1000, 0.001, ("not supported", "effect of interest rejected")),
        ("positive", -0.5, 100, 0.001, ("not supported", "effect of interest rejected")),
        ("negligible", 0.0, 43, 0.99, ("supported", "equivalent")),
        ("negligible", 0.06, 43, 0.70, ("inconclusive", "equivalence not shown")),
        ("negligible", 0.30, 43, 0.049, ("inconclusive", "differs from zero")),
        ("negligible", 0.70, 100, 0.001, ("not supported", "effect beyond the bound")),
        ("positive", None, 12, None, ("inconclusive", "undefined")),
        ("negligible", None, 12, None, ("inconclusive", "undefined")),
    ],
)
def test_verdicts(expect, value, n, p, expected):
    assert verdict(hypothesis(expect), table(("a", "y", value, n, p))) == expected


def test_a_large_p_alone_never_supports_negligible():
    rng = np.random.default_rng(1)
    for r in rng.uniform(-0.2, 0.2, 40):
        judged = verdict(hypothesis("negligible"), table(("a", "y", float(r), 20, 0.9)))
        assert judged[0] == "inconclusive"


def test_without_a_smallest_effect_only_the_sign_can_refute():
    p = protocol(sesoi=None)
    assert verdict(hypothesis("positive"), table(("a", "y", 0.01, 500, 0.9)), p)[0] == "inconclusive"
    assert verdict(hypothesis("positive"), table(("a", "y", -0.5, 100, 0.001)), p) == (
        "not supported",
        "adjusted p below alpha, against expectation",
    )


def test_all_cells_must_support_and_one_refutes():
    good, weak, against = ("a", "y", 0.5, 100, 0.001), ("a", "z", 0.2, 60, 0.12), ("a", "w", 0.0, 200, 0.99)
    whole = hypothesis("positive", columns=("y", "z"))
    assert verdict(whole, table(good, weak))[0] == "inconclusive"
    assert verdict(hypothesis("positive", columns=("y", "w")), table(good, against))[0] == "not supported"
    assert verdict(hypothesis("positive", columns=("y",)), table(good, weak))[0] == "supported"


def test_negligible_hypotheses_of_a_family_are_adjusted_by_their_largest_p():
    t = table(("a", "y", 0.0, 43, 0.99), ("a", "z", 0.0, 43, 0.99), ("a", "w", 0.0, 43, 0.99))
    hs = [
        hypothesis("negligible", columns=("y", "z")).model_copy(update={"id": "H1"}),
        hypothesis("negligible", columns=("w",)).model_copy(update={"id": "H2"}),
    ]
    families, results = judge(protocol(), hs, t, {}, (), lambda pairs: {q: t.cell(*q) for q in pairs})
    p = t.cell("a", "y").tost_p
    assert p == pytest.approx(0.0252, abs=2e-4)
    assert [x.p_adjusted for r in results for x in r.tests] == pytest.approx([2 * p] * 3)
    assert [r.verdict for r in results] == ["inconclusive", "inconclusive"]
    assert families[0].adjustments == {"negligible": "holm"}
    assert families[0].n_tests == {"negligible": 2}


def planted(n: int = 120) -> dict[str, list[float]]:
    rng = np.random.default_rng(5)
    y = rng.normal(size=n)
    strong = y + rng.normal(0, 0.6, n)
    weak = 0.1 * y + rng.normal(0, 1, n)
    return {"strong": list(strong), "weak": list(weak), "y": list(y), "minus_y": list(-y)}


@pytest.mark.parametrize(("column", "negative"), [("y", ()), ("minus_y", ("minus_y",))])
def test_stronger_is_tested_by_the_difference_after_reflection(column, negative):
    data = planted()
    t = associate(data, ["strong", "weak"], [column], permutations=0, sesoi=0.3)
    right = hypothesis("stronger", rows=("strong",), columns=(column,), than="weak")
    wrong = hypothesis("stronger", rows=("weak",), columns=(column,), than="strong")
    for h, expected in ((right, "supported"), (wrong, "not supported")):
        _, results = judge(protocol(), [h], t, data, negative, lambda pairs: {q: t.cell(*q) for q in pairs})
        test = results[0].tests[0]
        assert results[0].verdict == expected
        assert test.contrast is not None
        assert test.value == test.contrast.difference
        assert test.low < test.value < test.high
        assert (test.value > 0) == (expected == "supported")


def test_significant_here_and_not_there_is_no_difference():
    rng = np.random.default_rng(8)
    y = rng.normal(size=43)
    a = 0.42 * y + rng.normal(0, 1, 43)
    b = 0.25 * y + rng.normal(0, 1, 43) + 0.5 * a
    data = {"a": list(a), "b": list(b), "y": list(y)}
    t = associate(data, ["a", "b"], ["y"], permutations=0)
    h = hypothesis("stronger", rows=("a",), columns=("y",), than="b")
    _, results = judge(protocol(), [h], t, data, (), lambda pairs: {q: t.cell(*q) for q in pairs})
    assert results[0].verdict == "inconclusive"


def test_families_are_adjusted_apart_and_contrasts_by_holm():
    data = planted()
    t = associate(data, ["strong", "weak"], ["y"], permutations=0, sesoi=0.3)
    calls: list[list[tuple[str, str]]] = []

    def within(pairs):
        calls.append(list(pairs))
        return {q: replace(t.cell(*q), p_maxt=0.2) for q in pairs}

    hs = [
        hypothesis("positive", rows=("strong",)).model_copy(update={"id": "H1"}),
        hypothesis("positive", rows=("weak",), family="second").model_copy(update={"id": "H2"}),
        hypothesis("stronger", rows=("strong",), than="weak").model_copy(update={"id": "H3"}),
    ]
    p = protocol(families=(Family(id="second", adjustment="none", label="Second"),), adjustment="maxt")
    families, results = judge(p, hs, t, data, (), within)
    assert calls == [[("strong", "y")], [("weak", "y")]]
    assert [f.id for f in families] == ["confirmatory", "second"]
    assert families[0].adjustments == {"direction": "maxt", "stronger": "holm"}
    assert results[0].tests[0].p_adjusted == 0.2
    assert results[1].tests[0].p_adjusted == t.cell("weak", "y").p


def test_the_rejecting_test_is_the_one_sided_test_of_the_interval():
    x = planted(60)
    value = pearson(x["weak"], x["y"]).estimate.value
    t = table(("a", "y", value, 60, 0.5))
    _, results = judge(
        protocol(), [hypothesis("positive")], t, {}, (), lambda pairs: {q: t.cell(*q) for q in pairs}
    )
    assert results[0].tests[0].p_rejects == pytest.approx(tost(value, 60, 0.3).p_upper)
