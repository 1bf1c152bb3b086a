"""What the lead's overview counts and computes, held against direct calls of the statistics on the same ratings."""

from __future__ import annotations

import numpy as np
import pytest
from made_study import DIMENSIONS, Small, rate

from bordin.coding.blinding import bang_index
from bordin.reliability.icc import forms_of_components
from bordin.reliability.kappa import conger_kappa
from bordin.reliability.krippendorff import krippendorff_alpha
from bordin.reliability.monitoring import monitor_coders
from bordin.reliability.percent_agreement import percent_agreement
from bordin.reliability.variance_components import score_reliability, variance_components
from bordin.study.coder_agreement import DRAWS

CONCORDANCE = {"Alder": [0, 2, 3, 5, 6, 4], "Birch": [1, 2, 4, 5, 5, 2]}


def read(study: Small, **protocol: object):
    from bordin.store import overview
    from bordin.workbench import current

    made = current.study()
    return overview.read(made, overview.fresh(made))


def planted(study: Small, *, of: dict[str, list[int]] = CONCORDANCE, but: tuple = ()) -> np.ndarray:
    """Lock both coders' tapes with concordance as given and everything else from it; return sessions by coders."""
    for coder, values in of.items():
        for i, value in enumerate(values, start=1):
            if (coder, i) not in but:
                rate(study, coder, f"S{i:03d}", {d: (value + k) % 7 for k, d in enumerate(DIMENSIONS)})
    return np.array([[of["Alder"][i], of["Birch"][i]] for i in range(6)], dtype=float)


def of(figures, dimension: str):
    return next(d for d in figures.dimensions if d.id == dimension)


def same(one, two) -> bool:
    return (one.name, one.value, one.interval, one.n, one.undefined) == (
        two.name,
        two.value,
        two.interval,
        two.n,
        two.undefined,
    )


def test_every_coefficient_is_that_of_a_direct_call(study: Small) -> None:
    from bordin.workbench import current

    table = planted(study)
    figures = read(study)
    found = of(figures, "concordance")
    seed = current.study().protocol.study.seed
    components = variance_components(table, coders=("Alder", "Birch"), draws=DRAWS, seed=seed)
    forms = forms_of_components(components)
    assert same(found.single.estimate, forms["ICC(A,1)"].estimate)
    # No coder is higher than the other: (between - within) / (between + within), mean squares 6.95 and 3.5 / 6.
    assert found.single.estimate.value == pytest.approx((6.95 - 3.5 / 6) / (6.95 + 3.5 / 6), abs=1e-6)
    ac, percent, kappa, alpha, _ac2 = (r.estimate for r in found.others)
    assert same(ac, forms["ICC(C,1)"].estimate)
    assert same(percent, percent_agreement(table, scale=(0, 6)).estimate)
    assert percent.value == pytest.approx(2 / 6)
    assert same(kappa, conger_kappa(table, weights="quadratic", scale=(0, 6)).estimate)
    assert same(alpha, krippendorff_alpha(table, metric="ordinal").estimate)
    assert found.within.estimate.value == pytest.approx(5 / 6)
    assert found.within.estimate.interval is not None
    assert (found.n_sessions, found.n_double, found.pairs, found.apart) == (6, 6, 6, 1)
    assert figures.locked == 12
    assert len(figures.dimensions) == 7


def test_coders_are_those_of_a_direct_call(study: Small) -> None:
    planted(study)
    [coders] = read(study).coders
    sessions = [f"S{i:03d}" for i in range(1, 7)] * 2
    names = ["Alder"] * 6 + ["Birch"] * 6
    values = [float(v) for v in CONCORDANCE["Alder"] + CONCORDANCE["Birch"]]
    order = [1.0, 2, 3, 4, 5, 6] * 2
    direct = monitor_coders(sessions, names, ["concordance"] * 12, values, order)
    for kind in ("leniency", "spread", "drift"):
        own = {f.coder: f.estimate for f in getattr(coders.single, kind) if f.dimension == "concordance"}
        for f in getattr(direct, kind):
            assert same(own[f.coder], f.estimate), (kind, f.coder)
    leniency = {f.coder: f.estimate.value for f in coders.single.leniency if f.dimension == "concordance"}
    assert leniency["Alder"] == pytest.approx(1 / 6)
    assert leniency["Birch"] == pytest.approx(-1 / 6)
    assert {f.coder for f in coders.single.halo} == {"Alder", "Birch"}
    assert [x for x, _ in coders.lines["Alder"].points] == [1, 2, 3, 4, 5, 6]
    assert (coders.n_sessions, coders.of, coders.drawn, coders.in_points) == (6, 6, False, True)


def test_the_chart_of_all_dimensions_is_the_mean_deviation(study: Small) -> None:
    for i in range(1, 4):
        rate(study, "Alder", f"S{i:03d}", dict.fromkeys(DIMENSIONS, 4))
        rate(study, "Birch", f"S{i:03d}", {d: 3 if k < 7 - i else 4 for k, d in enumerate(DIMENSIONS)})
    [coders] = read(study).coders
    assert [y for _, y in coders.lines["Alder"].points] == pytest.approx([6 / 7, 5 / 7, 4 / 7])
    [alder] = [f.estimate for f in coders.whole.leniency if f.coder == "Alder"]
    assert alder.value == pytest.approx(5 / 7)
    [drift] = [f.estimate for f in coders.whole.drift if f.coder == "Alder"]
    assert drift.value == pytest.approx(-1 / 7)


def test_what_is_not_locked_does_not_count(study: Small) -> None:
    from bordin.store.issued_tapes import reopen

    for coder in ("Alder", "Birch"):
        rate(study, coder, "S001", dict.fromkeys(DIMENSIONS, 3))
        rate(study, coder, "S002", dict.fromkeys(DIMENSIONS, 5), lock=coder == "Alder")
    found = of(read(study), "concordance")
    assert (found.n_sessions, found.n_double) == (2, 1)
    assert found.single.estimate.value is None
    reopen(study.assignments["Alder", "S002"], "Lead", "a second look")
    assert of(read(study), "concordance").n_sessions == 1


def test_a_reading_that_goes_on_equals_one_from_the_start(study: Small) -> None:
    from bordin.store import overview
    from bordin.store.issued_tapes import reopen
    from bordin.workbench import current

    going_on = overview.fresh(current.study())
    going_on.read_states()
    for i in range(1, 5):
        for coder in ("Alder", "Birch"):
            rate(study, coder, f"S{i:03d}", {d: (i + k) % 7 for k, d in enumerate(DIMENSIONS)})
        going_on.read_states()
        if i % 2:
            going_on.read_ratings()
    reopen(study.assignments["Birch", "S002"], "Lead", "heard it wrongly")
    rate(study, "Birch", "S002", {"concordance": 0})
    going_on.read_states()
    going_on.read_ratings()
    start = overview.fresh(current.study())
    start.read_states()
    start.read_ratings()
    one, two = (s.locked_ratings("socialization") for s in (going_on, start))
    assert (one.sessions, one.coders) == (two.sessions, two.coders)
    np.testing.assert_array_equal(one.values, two.values)
    np.testing.assert_array_equal(one.order, two.order)
    assert one.values[one.sessions.index("S002"), one.coders.index("Birch"), 0] == 0


def test_a_record_in_its_place_is_seen(study: Small) -> None:
    from bordin.store import overview
    from bordin.workbench import current

    standing = overview.fresh(current.study())
    assert standing.follows()
    standing.read_states()
    assert standing.follows()
    standing.hash = "0" * 64
    assert not standing.follows()


def test_total_disagreement_scores_at_most_zero(study: Small) -> None:
    planted(study, of={"Alder": [0, 1, 2, 4, 5, 6], "Birch": [6, 5, 4, 2, 1, 0]})
    found = of(read(study), "concordance")
    assert found.single.estimate.value is not None
    assert found.single.estimate.value <= 0
    assert [d.session for d in found.differing][:2] == ["S001", "S006"]
    assert found.differing[0].values == (("Alder", 0.0), ("Birch", 6.0))
    assert found.apart == 6


def test_a_tape_that_a_coder_has_still_to_lock_is_not_shown_as_differing(study: Small) -> None:
    planted(study, but=(("Birch", 6),))
    found = of(read(study), "concordance")
    assert "S006" not in {d.session for d in found.differing}
    assert {d.session for d in found.differing} == {"S001", "S003", "S005"}


def test_without_two_coders_there_is_a_reason(study: Small) -> None:
    figures = read(study)
    assert of(figures, "concordance").single.estimate.undefined == "no ratings"
    rate(study, "Alder", "S001", dict.fromkeys(DIMENSIONS, 3))
    figures = read(study)
    assert of(figures, "concordance").single.estimate.undefined == "no session has two coders"
    assert of(figures, "concordance").within.estimate.undefined == "nothing was coded by two or more coders"
    assert figures.coders == ()


def test_practice_and_dropped_ratings_do_not_count(study: Small) -> None:
    from bordin.store.allocations import Issue, issue
    from bordin.store.record import NewFact
    from bordin.store.tables import Account, Participant, Session
    from bordin.store.writer import add, write

    person = Participant.objects.create(id="P900")
    Session.objects.create(id="S900", participant=person, has_tape=True)
    coders = {n: Account.objects.get(name=n).id for n in ("Alder", "Birch")}
    issues = [
        Issue(f"prac{n}xxxxx"[:10], number, "S900", "socialization", "Practice 1", 90, purpose="practice")
        for n, number in coders.items()
    ]
    write(lambda t: issue(t, "Lead", issues, {"seed": 2}))
    for n, i in zip(coders, issues, strict=True):
        study.assignments[n, "S900"] = i.id
        rate(study, n, "S900", dict.fromkeys(DIMENSIONS, 2))
    assert of(read(study), "concordance").n_sessions == 0
    planted(study)
    assert of(read(study), "concordance").n_sessions == 6
    add(NewFact("withdrawal", "Dana", item="P001", detail={"ratings": "dropped"}))
    add(NewFact("withdrawal", "Dana", item="P002", detail={"ratings": "kept"}))
    found = of(read(study), "concordance")
    assert found.n_sessions == 5
    assert "S001" not in {d.session for d in found.differing}


def test_earlier_ratings_join_in_and_second_readings_are_repeats(study: Small) -> None:
    from bordin.store.record import NewFact
    from bordin.store.writer import add

    def earlier(coder: str, session: str, value: float, reading: int = 1, **more: object) -> NewFact:
        detail = {"part": "ratings:0", "row": 1, **more}
        item = "socialization.concordance"
        return NewFact(
            "import rating",
            "Dana",
            session=session,
            coder=coder,
            item=item,
            value=value,
            reading=reading,
            detail=detail,
        )

    for i, value in enumerate(CONCORDANCE["Alder"], start=1):
        rate(study, "Alder", f"S{i:03d}", dict.fromkeys(DIMENSIONS, value))
    add(*(earlier("C1", f"S{i:03d}", v) for i, v in enumerate(CONCORDANCE["Birch"], start=1)))
    add(*(earlier("C1", f"S{i:03d}", v, 2) for i, v in enumerate([1, 2, 4, 5, 5], start=1)))
    add(*(earlier("consensus", f"S{i:03d}", 3) for i in range(1, 7)))
    figures = read(study)
    found = of(figures, "concordance")
    assert (found.n_double, found.single.n_coders) == (6, 2)
    direct = np.array(list(zip(CONCORDANCE["Alder"], CONCORDANCE["Birch"], strict=True)), dtype=float)
    components = variance_components(direct, coders=("Alder", "C1"), draws=DRAWS, seed=20261)
    assert same(found.single.estimate, forms_of_components(components)["ICC(A,1)"].estimate)
    [coders] = figures.coders
    [repeat] = [f.estimate for f in coders.single.repeat if f.coder == "C1"]
    assert repeat.value == pytest.approx(1.0)
    assert coders.unordered == {"C1"}
    [drift] = [f.estimate for f in coders.whole.drift if f.coder == "C1"]
    assert drift.undefined == "earlier ratings came without their order"


def test_the_score_used_follows_the_rule_of_the_protocol(study: Small) -> None:
    from bordin.store import overview
    from bordin.workbench import current

    table = planted(study, but=(("Birch", 6),))
    table[5, 1] = np.nan
    made = current.study()
    use = made.protocol.coding[0].model_copy(update={"combine": "mean", "designated": None})
    standing = overview.fresh(made)
    standing.read_states()
    standing.read_ratings()
    ratings = standing.locked_ratings("socialization")
    dimension = made.systems["socialization"].dimensions[0]
    found = overview._dimension(made, use, dimension, ratings, 0, set())
    order = [int(s[1:]) - 1 for s in ratings.sessions]
    components = variance_components(table[order], coders=ratings.coders, draws=DRAWS, seed=20261)
    assert same(found.used.estimate, score_reliability(components, np.isfinite(table[order])).estimate)
    assert "mean of its coders" in found.why


def test_a_large_record_is_watched_on_sessions_drawn_by_the_seed(
    study: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bordin.store import overview

    planted(study)
    monkeypatch.setattr(overview, "MOST_WATCHED", 42)
    [one], [two] = read(study).coders, read(study).coders
    assert (one.n_sessions, one.of, one.drawn) == (3, 6, True)
    assert one.lines == two.lines
    assert of(read(study), "concordance").n_double == 6


def test_counts(study: Small) -> None:
    from bordin.store import overview
    from bordin.store.progress import count
    from bordin.store.record import NewFact
    from bordin.store.writer import add
    from bordin.workbench import current

    for i in (1, 2, 3):
        rate(study, "Alder", f"S{i:03d}", dict.fromkeys(DIMENSIONS, 3), lock=i != 3)
    lock = study.assignments["Alder", "S003"]
    add(
        NewFact(
            "lock",
            "Alder",
            assignment=lock,
            session="S003",
            coder="Alder",
            item="socialization",
            detail={"heard": 0.9},
        )
    )
    standing = overview.fresh(current.study())
    standing.read_states()
    found = count(current.study(), standing)
    # Three of six are in the arm that the protocol names; nobody has a form.
    assert [(s.kind, s.n, s.rest) for s in found.flow] == [
        ("recruited", 6, 0),
        ("sample", 3, 3),
        ("form", 0, 3),
        ("tape", 0, 0),
        ("coded", 0, 0),
    ]
    alder, birch = found.coders
    assert (alder.coder, alder.locked, alder.of, alder.heard) == ("Alder", 3, 6, 0.9)
    assert alder.minutes is not None
    assert (birch.coder, birch.locked, birch.of, birch.heard, birch.minutes) == ("Birch", 0, 6, None, None)
    assert found.purposes == {"rate": (3, 12)}
    assert (found.locked, found.sessions_to_go) == (3, 3)


def test_the_index_of_guesses_is_that_of_a_direct_call(study: Small) -> None:
    from dataclasses import replace

    from bordin.store import overview
    from bordin.store.record import NewFact
    from bordin.store.writer import add
    from bordin.study.protocol_workbench import BlindingPart
    from bordin.workbench import current

    arms = ("pragmatic rehabilitation", "supportive listening")
    answers = [arms[1], arms[0], "do not know", arms[0], arms[0], arms[0]]
    for coder in ("Alder", "Birch"):
        for i, answer in enumerate(answers, start=1):
            id = study.assignments[coder, f"S{i:03d}"]
            add(
                NewFact(
                    "guess", coder, assignment=id, session=f"S{i:03d}", coder=coder, item="arm", reason=answer
                )
            )
            if (coder, i) != ("Birch", 6):
                rate(study, coder, f"S{i:03d}", dict.fromkeys(DIMENSIONS, 3))
    made = current.study()
    blinding = BlindingPart.model_validate({"guess": ["arm"]})
    asked = replace(made, protocol=made.protocol.model_copy(update={"blinding": blinding}))
    [found] = overview.read(asked, overview.fresh(asked)).guesses
    truth = [arms[i % 2] for i in range(1, 7)] + [arms[i % 2] for i in range(1, 6)]
    direct = bang_index(truth, answers + answers[:5], arms, coders=["Alder"] * 6 + ["Birch"] * 5)
    assert [i.estimate for i in found.indices] == [i.estimate for i in direct]
    assert [(i.correct, i.incorrect, i.unknown) for i in found.indices] == [(5, 0, 0), (2, 2, 2)]
