"""Practice against the standard: what a coder sees when, certificates, and who may rate the tapes of the study."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_study import DIMENSIONS, EXAMPLE, Small, rate, small

# Each dimension of the standard has two values over two tapes, so that its ICC is defined.
GOLD = {
    "PS1": dict(zip(DIMENSIONS, (0, 1, 2, 3, 4, 5, 6), strict=True)),
    "PS2": dict(zip(DIMENSIONS, (6, 5, 5, 0, 1, 2, 1), strict=True)),
    "PS3": dict(zip(DIMENSIONS, (3, 3, 4, 1, 1, 2, 0), strict=True)),
}


def training_study(folder: Path, url: str, *, training: bool = True) -> Small:
    """Three practice tapes for Alder and Birch, the standard's ratings read in."""
    study = folder / "study"
    shutil.copytree(EXAMPLE, study, ignore=shutil.ignore_patterns("reports", "workbench", "tapes"))
    text = (study / "study.toml").read_text(encoding="utf-8")
    text = text.replace('source = "audio"\n', 'source = "audio"\nstandard = "Gold"\ncriterion = 0.5\n', 1)
    if training:
        wanted = '[training]\npractice = ["PS1", "PS2", "PS3"]\nin_a_row = 2\n\n[table]\n'
        text = text.replace("[table]\n", wanted, 1)
    (study / "study.toml").write_text(text, encoding="utf-8")
    made = small(folder, url, sessions=2)
    from bordin.store.allocations import Issue, issue
    from bordin.store.record import NewFact
    from bordin.store.tables import Account, Participant, Session
    from bordin.store.writer import add, write

    issues = []
    for i, session in enumerate(GOLD, start=1):
        person = Participant.objects.create(id=f"PP{i}")
        Session.objects.create(id=session, participant=person, minutes=40.0, has_tape=True)
        for coder in ("Alder", "Birch"):
            id = f"{coder[0].lower()}practic0{i}"
            made.assignments[coder, session] = id
            account = Account.objects.get(name=coder).id
            issues.append(
                Issue(id, account, session, "socialization", f"Practice {i}", 20 + i, 1, "practice")
            )
    write(lambda t: issue(t, "Lead", issues, {"seed": 2}))
    for session, values in GOLD.items():
        items = {f"socialization.{d}": v for d, v in values.items()}
        add(
            *[
                NewFact("import rating", "Lead", session=session, coder="Gold", item=i, value=v)
                for i, v in items.items()
            ]
        )
    return made


@pytest.fixture
def study(tmp_path: Path, database_url: str) -> Iterator[Small]:
    yield training_study(tmp_path, database_url)
    from django.db import connections

    connections.close_all()


def _study(made: Small):
    from bordin.study.study import load_study

    return load_study(made.folder)


def _account(name: str):
    from bordin.store.tables import Account

    return Account.objects.get(name=name)


def _certificates() -> list[tuple]:
    from bordin.store.tables import Fact

    rows = Fact.objects.filter(kind="certificate").order_by("seq")
    return list(rows.values_list("actor", "coder", "item", "value", "reason"))


def _off(session: str, by: dict[str, int]) -> dict[str, float]:
    return {d: v + by.get(d, 0) for d, v in GOLD[session].items()}


def test_without_training_in_the_protocol_everybody_may_rate(tmp_path: Path) -> None:
    made = training_study(tmp_path, "sqlite", training=False)
    from bordin.store.training import certificate, certificates, certify_if_reached, may_rate

    alder = _account("Alder")
    assert may_rate(_study(made), alder, "socialization") == (True, "")
    assert certificate(_study(made), alder, "socialization") is None
    assert certificates(_study(made)) == []
    assert not certify_if_reached(_study(made), alder, "socialization")


def test_the_standard_is_shown_after_the_lock_and_to_its_coder_alone(study: Small) -> None:
    from bordin.store.record import NewFact
    from bordin.store.training import PRACTICE, feedback, practiced
    from bordin.store.writer import add

    declared, alder, birch = _study(study), _account("Alder"), _account("Birch")
    own = study.assignments["Alder", "PS1"]
    rate(study, "Alder", "PS1", _off("PS1", {"concordance": 1, "avoidance": -2}), lock=False)
    assert feedback(declared, alder.id, own) is None
    assert all(p.compared is None for p in practiced(declared, "socialization", PRACTICE, alder.id))
    rate(study, "Alder", "PS1", {})
    found = feedback(declared, alder.id, own)
    assert (found.name, found.compared.exact, found.compared.close, found.compared.of) == (
        "Practice 1",
        5,
        6,
        7,
    )
    by = {f.dimension: (f.value, f.reference, f.difference) for f in found.compared.feedback}
    assert by["concordance"] == (1, 0, 1)
    assert by["avoidance"] == (4, 6, -2)
    assert by["understanding"] == (2, 2, 0)
    assert feedback(declared, birch.id, own) is None
    assert feedback(declared, alder.id, study.assignments["Alder", "S001"]) is None
    add(NewFact("reopen", "Lead", assignment=own, session="PS1", coder="Alder", reason="by mistake"))
    assert feedback(declared, alder.id, own) is None


def test_a_coder_is_certified_when_the_criterion_is_reached(study: Small) -> None:
    from bordin.store.tables import Fact
    from bordin.store.training import certify_if_reached, may_rate

    declared, alder = _study(study), _account("Alder")
    closed = "The tapes of the study open when you are certified."
    assert may_rate(declared, alder, "socialization") == (
        False,
        f"{closed} 3 practice tapes are waiting for you.",
    )
    rate(study, "Alder", "PS1", GOLD["PS1"])
    assert not certify_if_reached(declared, alder, "socialization")
    assert may_rate(declared, alder, "socialization")[1].endswith("2 practice tapes are waiting for you.")
    rate(study, "Alder", "PS2", GOLD["PS2"])
    assert certify_if_reached(declared, alder, "socialization")
    assert may_rate(declared, alder, "socialization") == (True, "")
    assert not certify_if_reached(declared, alder, "socialization")
    assert _certificates() == [("bordin", "Alder", "socialization", 1.0, None)]
    detail = json.loads(Fact.objects.get(kind="certificate").detail)
    assert [(t["exact"], t["close"], t["of"]) for t in detail["tapes"]] == [(7, 7, 7), (7, 7, 7)]
    assert detail["icc"]["Concordance"]["value"] == 1.0
    assert detail["rule"].startswith("On 2 tapes in a row, 80% or more of the dimensions within 1 point")
    assert may_rate(declared, _account("Birch"), "socialization")[0] is False


def test_being_near_on_every_tape_is_not_enough_below_the_icc(study: Small) -> None:
    from bordin.store.training import certificate, certify_if_reached, may_rate

    declared, alder = _study(study), _account("Alder")
    for session in GOLD:
        rate(study, "Alder", session, _off(session, {"active_plans": 1 if session != "PS2" else 0}))
    assert not certify_if_reached(declared, alder, "socialization")
    state = certificate(declared, alder, "socialization")
    assert state.found.in_a_row == 3
    assert "does not reach 0.5 on Active plans" in state.found.reason
    allowed, why = may_rate(declared, alder, "socialization")
    assert not allowed
    assert why.endswith("Ask the lead for more practice.")
    assert _certificates() == []


def test_far_from_the_standard_misses_the_criterion(study: Small) -> None:
    from bordin.store.training import certificate, certify_if_reached

    declared, alder = _study(study), _account("Alder")
    rate(study, "Alder", "PS1", GOLD["PS1"])
    rate(study, "Alder", "PS2", dict.fromkeys(DIMENSIONS, 3))
    assert not certify_if_reached(declared, alder, "socialization")
    reason = certificate(declared, alder, "socialization").found.reason
    assert reason.startswith(
        "On the latest practice tape 1 of 7 dimensions were within 1 point of the standard"
    )


def test_a_withdrawn_certificate_asks_for_new_practice(study: Small) -> None:
    from bordin.errors import DataError
    from bordin.store.training import certificate, certify_if_reached, may_rate, withdraw_certificate

    declared, alder = _study(study), _account("Alder")
    with pytest.raises(DataError, match="Alder has no certificate"):
        withdraw_certificate("Lead", "Alder", "socialization", "drift")
    rate(study, "Alder", "PS1", GOLD["PS1"])
    rate(study, "Alder", "PS2", GOLD["PS2"])
    certify_if_reached(declared, alder, "socialization")
    with pytest.raises(DataError, match="with a reason"):
        withdraw_certificate("Lead", "Alder", "socialization", "  ")
    withdraw_certificate("Lead", "Alder", "socialization", "drift on calibration tapes")
    assert may_rate(declared, alder, "socialization")[0] is False
    # What was practiced before does not count again.
    assert not certify_if_reached(declared, alder, "socialization")
    rate(study, "Alder", "PS3", GOLD["PS3"])
    state = certificate(declared, alder, "socialization")
    assert (state.certified, state.locked, len(state.found.tapes)) == (False, 3, 1)
    assert [c[3:] for c in _certificates()] == [(1.0, None), (0.0, "drift on calibration tapes")]


def test_calibration_tapes_are_compared_by_the_same_rule(study: Small) -> None:
    from bordin.store.allocations import Issue, issue
    from bordin.store.record import NewFact
    from bordin.store.tables import Session
    from bordin.store.training import certificate, certificates
    from bordin.store.writer import add, write

    declared, birch = _study(study), _account("Birch")
    Session.objects.create(id="S900", participant_id="P001")
    row = Issue("bcalibrat1", birch.id, "S900", "socialization", "Tape 334", 41, 1, "calibration")
    write(lambda t: issue(t, "Lead", [row], {"seed": 4}))
    add(
        *[
            NewFact("import rating", "Lead", session="S900", coder="Gold", item=f"socialization.{d}", value=2)
            for d in DIMENSIONS
        ]
    )
    study.assignments["Birch", "S900"] = "bcalibrat1"
    rate(study, "Birch", "S900", {d: 2 + (i < 3) * 2 for i, d in enumerate(DIMENSIONS)})
    [alder_row, birch_row] = certificates(declared)
    assert (alder_row.coder, alder_row.calibration) == ("Alder", ())
    [seen] = birch_row.calibration
    assert (seen.compared.exact, seen.compared.close, seen.compared.reached) == (4, 4, False)
    # The coder's own view does not even read which tapes are for calibration.
    assert certificate(declared, birch, "socialization").calibration == ()


def test_a_reason_equals_a_reason_of_the_same_kind(study: Small) -> None:
    from bordin.missing import Missing
    from bordin.store.record import NewFact
    from bordin.store.training import feedback
    from bordin.store.writer import add

    declared, alder = _study(study), _account("Alder")
    own = study.assignments["Alder", "PS1"]
    at = {"assignment": own, "session": "PS1", "coder": "Alder"}
    gold = {"session": "PS1", "coder": "Gold"}
    add(
        NewFact("import rating", "Lead", item="socialization.concordance", reason="Not audible", **gold),
        NewFact("import rating", "Lead", item="socialization.resistance", reason="Not audible", **gold),
    )
    rate(study, "Alder", "PS1", {d: v for d, v in GOLD["PS1"].items() if d != "concordance"}, lock=False)
    add(NewFact("rating", "Alder", item="socialization.concordance", reason="Topic not raised", **at))
    rate(study, "Alder", "PS1", {})
    by = {f.dimension: f for f in feedback(declared, alder.id, own).compared.feedback}
    assert (by["concordance"].value, by["concordance"].exact) == (Missing.NOT_CODABLE, True)
    assert (by["resistance"].value, by["resistance"].reference, by["resistance"].exact) == (
        1,
        Missing.NOT_CODABLE,
        False,
    )
