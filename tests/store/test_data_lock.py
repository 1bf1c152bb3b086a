"""How many tapes are open when the data are locked: each way in which a tape can be open or not, on both databases."""

from __future__ import annotations

from made_study import DIMENSIONS, Small, rate


def test_open_tapes_are_counted(study: Small):
    from bordin.store.data_lock import open_assignments
    from bordin.store.issued_tapes import latest_locked, reopen
    from bordin.store.record import NewFact
    from bordin.store.writer import add

    assert open_assignments() == 12
    values = dict.fromkeys(DIMENSIONS, 3.0)
    rate(study, "Alder", "S001", values)
    rate(study, "Alder", "S002", values)
    rate(study, "Birch", "S001", values, lock=False)
    assert open_assignments() == 10
    reopen(study.assignments["Alder", "S001"], "Lead", "a slip")
    assert open_assignments() == 11
    assert [t.session for t in latest_locked("socialization")] == ["S002"]
    rate(study, "Alder", "S001", values)
    assert open_assignments() == 10
    reopen(study.assignments["Alder", "S001"], "Lead", "another slip")
    reopen(study.assignments["Alder", "S002"], "Lead", "a third")
    assert open_assignments() == 12
    # Both tapes of a participant who withdrew are nobody's work any more.
    add(NewFact("withdrawal", "Lead", item="P001", detail={"ratings": "kept"}))
    assert open_assignments() == 10


def test_locked_tapes_are_found_by_tape_session_or_coder(study: Small):
    from bordin.store.issued_tapes import latest_locked

    values = dict.fromkeys(DIMENSIONS, 3.0)
    for coder, session in (("Alder", "S001"), ("Birch", "S001"), ("Birch", "S003")):
        rate(study, coder, session, values)

    def found(search: str) -> list[tuple[str, str]]:
        return [(t.coder, t.session) for t in latest_locked("socialization", search)]

    everything = [("Birch", "S003"), ("Birch", "S001"), ("Alder", "S001")]
    assert found("") == everything
    assert found("birch") == everything[:2]
    assert found("s001") == everything[1:]
    assert found("TAPE 103") == everything[:1]
    assert found("tape 10") == []
