"""Files into the record: every fault at once and nothing kept, again without harm, changed rows refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_study import EXAMPLE

from bordin.errors import DataError
from bordin.study.study import Study, load_study
from postgres import database_url  # noqa: F401

HEADINGS = ["session", "coder", "dimension", "value", "reason", "designated"]


@pytest.fixture
def fresh(tmp_path: Path, database_url: str) -> Iterator[Study]:  # noqa: F811
    """The example study with an empty record."""
    folder = tmp_path / "study"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("reports", "workbench"))
    if database_url.startswith("postgres"):
        (folder / "workbench").mkdir()
        (folder / "workbench" / "server.toml").write_text(f'database = "{database_url}"\n')
    from bordin.workbench.site import open_site

    open_site(folder)
    yield load_study(folder)
    from django.db import connections

    connections.close_all()


def _count() -> tuple[int, int, int, int]:
    from bordin.store.tables import Fact, ImportedRow, Participant, Session

    models = (Participant, Session, ImportedRow, Fact)
    return tuple(m.objects.count() for m in models)


def _edit(study: Study, name: str, old: str, new: str) -> None:
    path = study.folder / "data" / name
    text = path.read_text(encoding="utf-8-sig")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_all_that_the_files_hold_comes_in(fresh: Study) -> None:
    from bordin.store.importing import import_study
    from bordin.store.tables import Fact, ImportedFile, Session
    from bordin.store.verify import verify

    done = import_study(fresh, "Lead")
    assert (done.participants, done.sessions, done.ratings) == (296, 196, 385)
    assert {f.part: len(f.rows) for f in done.files} == {
        "participants": 296,
        "sessions": 196,
        "responses:0": 122,
        "ratings:0": 385,
    }
    assert ImportedFile.objects.get(part="ratings:0").headings["names"] == HEADINGS
    first = Fact.objects.filter(kind="import rating").order_by("seq")[0]
    assert (first.session, first.coder, first.item, first.value) == (
        "S005",
        "C1",
        "socialization.concordance",
        3.0,
    )
    assert json.loads(first.detail) == {"designated": True, "part": "ratings:0", "row": 1}
    reasons = set(Fact.objects.filter(kind="import rating", value=None).values_list("reason", flat=True))
    assert reasons == {"Not audible", "Topic not raised"}
    session = Session.objects.get(id="S001")
    assert (session.participant_id, session.number, session.has_tape, session.tape) == ("P001", 8.0, True, "")
    assert Fact.objects.filter(kind="import").count() == 4
    assert verify().whole


def test_one_bad_cell_keeps_everything_out_and_all_faults_are_told(fresh: Study) -> None:
    from bordin.store.importing import import_study

    before = _count()
    _edit(fresh, "ratings.csv", "S005,C1,concordance,3,", "S005,C1,concordance,9,")
    _edit(fresh, "ratings.csv", "S005,C1,resistance", "S999,C1,resistance")
    _edit(fresh, "sessions.csv", "S002,P002,8", "S002,P902,8")
    with pytest.raises(DataError) as caught:
        import_study(fresh, "Lead")
    told = [(p.file, p.line, p.column) for p in caught.value.problems]
    assert ("ratings.csv", 2, "concordance") in told
    assert ("ratings.csv", 3, "session") in told
    assert ("sessions.csv", 3, "participant") in told
    assert "9 is outside 0-6" in str(caught.value)
    assert _count() == before


def test_the_same_again_does_nothing(fresh: Study) -> None:
    from bordin.store.importing import import_study

    import_study(fresh, "Lead")
    before = _count()
    done = import_study(fresh, "Lead")
    assert (done.rows, done.ratings, done.files) == (0, 0, ())
    assert _count() == before


def test_new_rows_are_added_and_keep_their_place_below(fresh: Study) -> None:
    from bordin.store.importing import import_study
    from bordin.store.tables import Fact, ImportedRow

    import_study(fresh, "Lead")
    _edit(fresh, "participants.csv", "P001,", "P901,pragmatic rehabilitation,T1,44,male\nP001,")
    _edit(fresh, "sessions.csv", "S001,", "S901,P901,1,2008-01-01,yes,,\nS001,")
    _edit(fresh, "ratings.csv", "S005,C1,concordance", "S901,C2,concordance,4,,1\nS005,C1,concordance")
    done = import_study(fresh, "Dana")
    assert (done.rows, done.ratings, done.participants, done.sessions) == (3, 1, 1, 1)
    row = ImportedRow.objects.filter(file__part="ratings:0").order_by("-number")[0]
    assert row.cells == ["S901", "C2", "concordance", "4", "", "1"]
    assert (row.number, row.session, row.participant) == (386, "S901", "P901")
    last = Fact.objects.filter(kind="import rating").order_by("-seq")[0]
    assert (last.session, last.value, last.actor) == ("S901", 4.0, "Dana")


def test_changed_and_vanished_rows_are_refused_with_what_stood_there(fresh: Study) -> None:
    from bordin.store.importing import import_study

    import_study(fresh, "Lead")
    before = _count()
    _edit(fresh, "ratings.csv", "S005,C1,concordance,3,", "S005,C1,concordance,4,")
    _edit(fresh, "participants.csv", "P002,supportive listening,T2,46,female\n", "")
    with pytest.raises(DataError) as caught:
        import_study(fresh, "Lead")
    text = str(caught.value)
    # P002 is gone from its file while a session needs it: that comes first.
    assert "'P002' stands in no row of the participants file" in text
    _edit(fresh, "participants.csv", "P003,", "P002,supportive listening,T2,47,female\nP003,")
    with pytest.raises(DataError) as caught:
        import_study(fresh, "Lead")
    told = {(p.file, p.line, p.column): p.message for p in caught.value.problems}
    assert told["ratings.csv", 2, "value"] == "S005, C1, concordance: 3 was read in, 4 stands here now."
    assert told["participants.csv", 3, "age"] == "P002: another value was read in."
    assert _count() == before
    _edit(fresh, "participants.csv", "T2,47,female", "T2,46,female")
    _edit(fresh, "ratings.csv", "S005,C1,concordance,4,,1\n", "")
    with pytest.raises(DataError, match="the row of S005, C1, concordance was read in, and is gone"):
        import_study(fresh, "Lead")


def test_other_columns_are_refused(fresh: Study) -> None:
    from bordin.store.importing import import_study

    import_study(fresh, "Lead")
    _edit(fresh, "sessions.csv", "form_note", "remark")
    with pytest.raises(
        DataError, match="the columns are not those that were read in before: form_note, remark"
    ):
        import_study(fresh, "Lead")


def test_ratings_may_come_later_than_people(fresh: Study) -> None:
    from bordin.store.importing import import_study

    path = fresh.folder / "data" / "ratings.csv"
    later = fresh.folder / "later.csv"
    path.rename(later)
    done = import_study(fresh, "Lead")
    assert (done.participants, done.ratings) == (296, 0)
    done = import_study(fresh, "Lead", {"ratings:0": later})
    assert (done.participants, done.ratings, done.rows) == (0, 385, 385)


def test_a_file_without_people_names_the_next_step(fresh: Study) -> None:
    from bordin.store.importing import import_study

    (fresh.folder / "data" / "participants.csv").unlink()
    with pytest.raises(DataError, match=r"there is no file of participants yet.*folder data/"):
        import_study(fresh, "Lead")


def test_nothing_comes_in_when_the_data_are_locked(fresh: Study) -> None:
    from bordin.store.importing import import_study
    from bordin.store.record import NewFact
    from bordin.store.writer import add

    path = fresh.folder / "data" / "ratings.csv"
    later = path.rename(fresh.folder / "later.csv")
    import_study(fresh, "Lead")
    add(NewFact("data lock", "Lead"))
    before = _count()
    with pytest.raises(DataError, match="the data are locked"):
        import_study(fresh, "Lead", {"ratings:0": later})
    assert _count() == before


def test_an_import_between_looking_and_keeping_is_noticed(fresh: Study) -> None:
    from bordin.store.importing import examine, import_study, keep

    seen = examine(fresh)
    assert seen.problems == ()
    assert sum(len(f.rows) for f in seen.files) == 999
    import_study(fresh, "Dana")
    with pytest.raises(DataError, match="another file was read in meanwhile"):
        keep(seen, "Lead")


def test_a_rating_of_the_workbench_is_not_read_in_again(study) -> None:  # type: ignore[no-untyped-def]
    from made_study import rate

    from bordin.store.importing import import_study

    rate(study, "Alder", "S005", {"concordance": 5}, lock=False)
    loaded = load_study(study.folder)
    path = study.folder / "data" / "ratings.csv"
    path.write_text(
        "session,coder,dimension,value,reason,designated\nS005,Alder,concordance,5,,1\nS005,C1,concordance,4,,0\n",
        encoding="utf-8",
    )
    with pytest.raises(DataError) as caught:
        import_study(loaded, "Lead")
    (problem,) = caught.value.problems
    assert (problem.line, problem.hint) == (2, "Take the row out of the file.")
    assert "Alder, session S005: this rating was given in the workbench" in problem.message
