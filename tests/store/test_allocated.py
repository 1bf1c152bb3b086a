"""Allocating in the record, on both databases: drawn, issued, drawn again, extended; and what the pages read of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made_study import DIMENSIONS, Small, rate

from bordin.errors import BordinError
from bordin.study.protocol_workbench import AllocationPart


def planned(**plan: object):
    """Return the study with a plan, for a coding system that nothing was issued of."""
    from bordin.workbench import current

    made = current.study()
    part = AllocationPart.model_validate({"coders": 1, "double": 2, "balance": ["arm"], **plan})
    sample = made.protocol.sample.model_copy(update={"arm": None})
    protocol = made.protocol.model_copy(update={"allocation": part, "sample": sample})
    return replace(made, protocol=protocol)


def test_issue_draw_again_and_extend(study: Small) -> None:
    from bordin.store.allocated import draw, issue_allocation, issued, pending, reproduce
    from bordin.store.issued_tapes import by_coder
    from bordin.store.tables import Participant, Session
    from bordin.store.verify import verify

    made = planned()
    drawn = draw(made, "second", 5)
    # Six sessions by one coder, two of them by one more.
    assert len(drawn.assignments) == 8
    issue_allocation(made, "second", drawn, "Lead", 4)
    [part] = issued("second")
    assert (part.count, part.detail["drawings"], part.detail["seed"]) == (8, 4, 5)
    assert sum(sum(c.purposes.values()) for c in by_coder("second")) == 8
    assert sum(c.minutes for c in by_coder("second")) == 400
    assert pending(made, "second", [part]) == (0, [], [])
    again = reproduce(made, "second")
    assert (again.equal, again.same, again.of) == (True, 8, 8)
    with pytest.raises(BordinError, match="everything is allocated"):
        draw(made, "second", 5)
    person = Participant.objects.create(id="P900", arm="supportive listening")
    Session.objects.create(id="S900", participant=person, minutes=30, has_tape=True)
    assert pending(made, "second", [part]) == (1, [], [])
    issue_allocation(made, "second", draw(made, "second", 99), "Lead", 1)
    again = reproduce(made, "second")
    assert (again.equal, again.same, again.of) == (True, 9, 9)
    assert [p.detail["seed"] for p in issued("second")] == [5, 5]
    assert verify().whole


def test_another_coding_system_with_the_same_seed_is_refused(study: Small) -> None:
    from bordin.store.allocated import draw, issue_allocation

    made = planned()
    issue_allocation(made, "second", draw(made, "second", 5), "Lead", 1)
    with pytest.raises(BordinError, match="another coding system was allocated with this seed"):
        issue_allocation(made, "third", draw(made, "third", 5), "Lead", 1)
    issue_allocation(made, "third", draw(made, "third", 6), "Lead", 1)


def test_a_number_is_cut_into_bands(study: Small) -> None:
    from bordin.store.allocated import sessions_to_code

    made = planned(balance=["number"], bands={"number": [2, 4]})
    levels = [s.factors["number"] for s in sessions_to_code(made)]
    assert levels == ["2 or less"] * 2 + ["above 2 to 4"] * 2 + ["above 4"] * 2


def test_drawings_are_counted_over_all_leads(study: Small) -> None:
    from bordin.store.issued_tapes import looked_at, note_drawing
    from bordin.store.tables import Account

    lead = Account.objects.get(name="Lead").id
    for seed in (1, 2, 2):
        note_drawing(lead, "socialization", 0, seed)
    assert looked_at("socialization", 0) == {1, 2}
    assert looked_at("socialization", 1) == set()


def test_locked_tapes_and_facts_are_read(study: Small) -> None:
    from bordin.store.issued_tapes import latest_locked, reopen
    from bordin.store.reading_facts import Wanted, every_fact, head, page
    from bordin.store.tables import Fact

    for i in (1, 2):
        rate(study, "Alder", f"S{i:03d}", dict.fromkeys(DIMENSIONS, 3))
    assert [t.session for t in latest_locked("socialization")] == ["S002", "S001"]
    reopen(study.assignments["Alder", "S002"], "Lead", "once more")
    assert [t.session for t in latest_locked("socialization", "alder")] == ["S001"]
    assert latest_locked("socialization", "birch") == []
    last = Fact.objects.order_by("-seq").first()
    assert head() == (last.seq, last.hash)
    shown = page(Wanted())
    assert [f.seq for f in shown.facts] == list(range(last.seq, 0, -1))
    assert (shown.facts[0].kind, shown.facts[0].reason, shown.facts[0].tape) == (
        "reopen",
        "once more",
        "Tape 102",
    )
    assert [f.kind for f in page(Wanted(session="S001", kind="lock")).facts] == ["lock"]
    assert {f.actor for f in page(Wanted(actor="Alder")).facts} == {"Alder"}
    assert [row[0] for row in every_fact(Wanted())] == list(range(1, last.seq + 1))
