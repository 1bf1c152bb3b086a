"""Out of the record: import then export is the identity, and what was given in the workbench stands below."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from made_study import DIMENSIONS, EXAMPLE, ROOT, Small, rate

from bordin.errors import DataError
from bordin.missing import Missing
from bordin.study.files import read_table, write_csv
from bordin.study.reading import read_records
from bordin.study.records import Records
from bordin.study.study import Study, load_study
from postgres import database_url  # noqa: F401

KEPT = ("participants", "sessions", "forms", "ratings", "codes", "process")


@pytest.fixture
def opened(tmp_path: Path, database_url: str) -> Iterator[Callable[[Path], Study]]:  # noqa: F811
    """Open the workbench of a study folder on an empty database."""

    def make(folder: Path) -> Study:
        if database_url.startswith("postgres"):
            (folder / "workbench").mkdir()
            (folder / "workbench" / "server.toml").write_text(f'database = "{database_url}"\n')
        from bordin.workbench.site import open_site

        open_site(folder)
        return load_study(folder)

    yield make
    from django.db import connections

    connections.close_all()


def _copy(name: str, folder: Path) -> Path:
    shutil.copytree(ROOT / "examples" / name, folder, ignore=shutil.ignore_patterns("reports", "workbench"))
    return folder


def _same(a: Records, b: Records) -> None:
    # NaN is not equal to itself, so the written form is compared.
    for name in KEPT:
        assert repr(getattr(a, name)) == repr(getattr(b, name)), name


def _round_trip(study: Study, target: Path, *, guard: bool = True) -> None:
    from bordin.store.exporting import export_study, redirected
    from bordin.store.importing import import_study

    import_study(study, "Lead")
    made = export_study(study, target, "Lead", guard=guard)
    assert made.notes == ()
    for f in made.parts.values():
        before, after = read_table(study.folder / "data" / f.file), read_table(target / f.file)
        assert after.names == before.names
        assert after.columns == before.columns
    _same(read_records(study), read_records(redirected(study, made)))


@pytest.mark.parametrize("name", ["socialization", "mibot"])
def test_the_examples_come_out_as_they_went_in(
    name: str, tmp_path: Path, opened: Callable[[Path], Study]
) -> None:
    _round_trip(opened(_copy(name, tmp_path / "study")), tmp_path / "out")


def _as_wide_ratings(folder: Path) -> None:
    path = folder / "data" / "ratings.csv"
    rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    wide: dict[tuple[str, str, str], dict[str, str]] = {}
    for r in rows:
        own = wide.setdefault((r["session"], r["coder"], r["designated"]), {})
        own[r["dimension"]] = r["value"] or r["reason"]
    write_csv(
        path,
        ["session", "coder", "designated", *DIMENSIONS],
        [[*key, *(own.get(d, "") for d in DIMENSIONS)] for key, own in wide.items()],
    )


def _as_long_responses(folder: Path) -> None:
    path = folder / "data" / "responses.csv"
    rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    write_csv(
        path,
        ["participant", "session", "item", "value"],
        [[r["participant"], r["session"], k, r[k]] for r in rows for k in ("q1", "q2", "q3", "q4", "q5")],
    )


def _as_comma(folder: Path) -> None:
    path = folder / "data" / "sessions.csv"
    rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    rows[0].append("minutes")
    lines = [";".join(rows[0]), *(";".join([*r, f"{40 + i % 20},5"]) for i, r in enumerate(rows[1:]))]
    path.write_text("\n".join(lines) + "\n", encoding="cp1252")


def _renamed(folder: Path, old: str, new: str) -> None:
    toml = folder / "study.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace(f'"{old}"', f'"{new}"'), encoding="utf-8")


def _as_excel(folder: Path) -> None:
    from openpyxl import Workbook

    path = folder / "data" / "sessions.csv"
    book = Workbook()
    sheet = book.active
    rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    sheet.append(rows[0])
    for r in rows[1:]:
        sheet.append([r[0], r[1], int(r[2]), date.fromisoformat(r[3]), *(c or None for c in r[4:])])
    path.unlink()
    book.save(path.with_suffix(".xlsx"))
    _renamed(folder, "sessions.csv", "sessions.xlsx")


def _as_spss(folder: Path) -> None:
    import polars
    import pyreadstat

    path = folder / "data" / "responses.csv"
    rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    columns = {n: [r[n] for r in rows] for n in ("participant", "session")}
    numbers = {
        n: [float(r[n] or (-99 if i % 2 else -98)) for i, r in enumerate(rows)] for n in ("q1", "q2", "q3")
    }
    numbers |= {n: [float(r[n]) if r[n] else None for r in rows] for n in ("q4", "q5")}
    labels = {-99.0: "not answered", -98.0: "does not apply", 1.0: "not at all"}
    pyreadstat.write_sav(
        polars.DataFrame(columns | numbers),
        str(path.with_suffix(".sav")),
        column_labels={"q2": "Agreed goals"},
        variable_value_labels=dict.fromkeys(("q1", "q2", "q3"), labels),
        missing_ranges={q: [-99, -98] for q in ("q1", "q2", "q3")},
    )
    path.unlink()
    _renamed(folder, "responses.csv", "responses.sav")


def _as_parquet(folder: Path) -> None:
    path = folder / "data" / "participants.csv"
    read_table(path).frame().write_parquet(path.with_suffix(".parquet"))
    path.unlink()
    _renamed(folder, "participants.csv", "participants.parquet")


VARIANTS = (_as_wide_ratings, _as_long_responses, _as_comma, _as_excel, _as_spss, _as_parquet)


@pytest.mark.parametrize("change", VARIANTS, ids=lambda f: f.__name__)
def test_every_layout_and_kind_of_file_comes_out_as_it_went_in(
    change: Callable[[Path], None], tmp_path: Path, opened: Callable[[Path], Study]
) -> None:
    folder = _copy("socialization", tmp_path / "study")
    change(folder)
    _round_trip(opened(folder), tmp_path / "out")


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=8), st.sampled_from([".", ","]))
@example([["-1", "+2,5", "=1"], ["@a", '"x";y', "a\r\nb"], ["-", "\t;", " "]], ",")
@example([["1,234", "a;b;c", "x\ty"]], ".")
def test_any_text_survives_the_file_without_guard(
    tmp_path: Path, rows: list[list[str]], decimal: str
) -> None:
    from bordin.store.flat_writing import Layout, layout_for, write_flat
    from bordin.study.files import FlatTable
    from bordin.study.protocol import DataFile

    names = ("one", "two", "three")
    # A row without any value is no row of a flat file.
    rows = [r for r in rows if any(c.strip() for c in r)]
    if not rows:
        return
    columns = {n: [r[i] for r in rows] for i, n in enumerate(names)}
    table = FlatTable(tmp_path / "t.csv", names, columns, decimal=decimal)  # type: ignore[arg-type]
    layout = layout_for(DataFile(file="t.csv"), "t.csv", decimal, guard=False)
    assert isinstance(layout, Layout)
    write_flat(tmp_path / "t.csv", table, "text", layout)
    assert read_table(tmp_path / "t.csv").columns == columns


def test_a_formula_is_guarded_and_a_number_is_not(tmp_path: Path) -> None:
    from bordin.store.flat_writing import Layout, write_flat
    from bordin.study.files import FlatTable

    cells = ["=1+1", "+cmd|x", "-1", "-2,5", "@sum", "-", "+3e5", "'=kept", "plain", "-x"]
    table = FlatTable(tmp_path / "t.csv", ("a",), {"a": list(cells)})
    assert write_flat(tmp_path / "t.csv", table, "text", Layout()) == 4
    after = read_table(tmp_path / "t.csv").columns["a"]
    assert after == ["'=1+1", "'+cmd|x", "-1", "-2,5", "'@sum", "-", "+3e5", "'=kept", "plain", "'-x"]


def _rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))


def _only_people(folder: Path) -> Study:
    for name in ("ratings.csv", "responses.csv"):
        (folder / "data" / name).unlink()
    return load_study(folder)


def test_locked_ratings_agreed_values_and_reasons_stand_in_the_ratings_file(
    study: Small, tmp_path: Path
) -> None:
    from bordin.store.exporting import export_study, redirected
    from bordin.store.importing import import_study
    from bordin.store.record import NewFact
    from bordin.store.writer import add

    loaded = load_study(study.folder)
    import_study(loaded, "Lead")
    rate(study, "Alder", "S001", dict.fromkeys(DIMENSIONS, 3))
    rate(study, "Birch", "S001", {"concordance": 4, "resistance": 1})
    rate(study, "Birch", "S002", {"concordance": 6}, lock=False)
    one = study.assignments["Alder", "S002"]
    about = {"assignment": one, "session": "S002", "coder": "Alder"}
    add(
        NewFact("rating", "Alder", item="socialization.concordance", value=2, **about),
        NewFact("rating", "Alder", item="socialization.concordance", reason="Not audible", **about),
        NewFact("rating", "Alder", item="socialization.resistance", value=2, **about),
        NewFact("rating", "Alder", item="socialization.resistance", **about),
        NewFact("play", "Alder", assignment=one, session="S002", detail={"start": 0, "end": 30, "speed": 1}),
        NewFact("play", "Alder", assignment=one, session="S002", detail={"start": 20, "end": 50, "speed": 1}),
        NewFact(
            "guess", "Alder", assignment=one, session="S002", coder="Alder", item="arm", reason="don't know"
        ),
        NewFact(
            "mark",
            "Alder",
            assignment=one,
            session="S002",
            coder="Alder",
            item="socialization.concordance",
            value=12.5,
            detail={"mark": "m1"},
            text="=he agrees",
            participant="P002",
        ),
        NewFact("lock", "Alder", item="socialization", detail={"heard": 0.5}, **about),
        NewFact("agreed", "Lead", session="S001", item="socialization.concordance", value=4, text="why"),
    )
    made = export_study(loaded, tmp_path / "out", "Lead")
    rows = _rows(tmp_path / "out" / "ratings.csv")
    assert len(rows) == 385 + 7 + 2 + 1 + 1
    new = rows[385:]
    by = {(r["session"], r["coder"], r["dimension"]): r for r in new}
    assert by["S001", "Alder", "concordance"]["value"] == "3"
    assert by["S002", "Alder", "concordance"] | {"designated": ""} == {
        "session": "S002",
        "coder": "Alder",
        "dimension": "concordance",
        "value": "",
        "reason": "Not audible",
        "designated": "",
    }
    assert ("S002", "Birch", "concordance") not in by
    assert by["S001", "consensus", "concordance"]["value"] == "4"
    # One of the two is the one that counts, whoever it is.
    assert sorted(by["S001", c, "concordance"]["designated"] for c in ("Alder", "Birch")) == ["0", "1"]
    assert _rows(tmp_path / "out" / "heard.csv")[1]["seconds"] == "50"
    assert _rows(tmp_path / "out" / "heard.csv")[1]["share"] == "0.5"
    assert _rows(tmp_path / "out" / "guesses.csv")[0]["guess"] == "don't know"
    assert _rows(tmp_path / "out" / "marks.csv")[0]["note"] == "'=he agrees"
    assert len(_rows(tmp_path / "out" / "allocation.csv")) == 12
    ratings = read_records(redirected(loaded, made)).ratings["socialization"]
    assert len([r for r in ratings if r.coder == "Birch"]) == 2
    assert next(r for r in ratings if (r.session, r.coder) == ("S002", "Alder")).reason == "Not audible"


def test_the_manifest_and_the_fact_name_every_file_and_the_head(study: Small, tmp_path: Path) -> None:
    import hashlib

    from bordin.store.exporting import export_study
    from bordin.store.tables import Fact

    head = Fact.objects.order_by("-seq")[0]
    made = export_study(load_study(study.folder), tmp_path / "out", "Dana")
    manifest = json.loads((tmp_path / "out" / "export.json").read_text())
    assert (manifest["head"], manifest["facts"]) == (head.hash, head.seq) == (made.head, made.facts)
    for name, sha256 in manifest["files"].items():
        assert hashlib.sha256((tmp_path / "out" / name).read_bytes()).hexdigest() == sha256
    fact = Fact.objects.get(kind="export")
    assert (fact.actor, json.loads(fact.detail)["files"]) == ("Dana", manifest["files"])
    assert {"participants.csv", "sessions.csv", "allocation.csv"} <= manifest["files"].keys()
    with pytest.raises(DataError, match="something else than an export"):
        export_study(load_study(study.folder), study.folder, "Dana")
    export_study(load_study(study.folder), tmp_path / "out", "Dana")


def test_answers_by_link_and_settled_paper_are_rows_of_the_responses_file(
    study: Small, tmp_path: Path
) -> None:
    from bordin.store.exporting import export_study, redirected
    from bordin.store.importing import import_study
    from bordin.store.invitations import Place, make_links, make_paper
    from bordin.store.paper_entries import type_in
    from bordin.store.responses import send

    loaded = load_study(study.folder)
    import_study(loaded, "Lead")
    (link,) = make_links("Lead", "alliance", [Place("P001", "S001")], 7).links
    answers = {"q1": 4.0, "q2": Missing.NOT_ANSWERED, "q3": 6.0, "q4": 1.0, "q5": 2.0}
    send(link.token, "patient", "alliance", answers)
    paper = make_paper("Lead", "alliance", Place("P002", "S002"))
    for reading, who in ((1, "Dana"), (2, "Lead")):
        type_in(who, paper, reading, "alliance", answers | {"q2": 7.0})
    once = make_paper("Lead", "alliance", Place("P006", "S006"))
    type_in("Dana", once, 1, "alliance", answers)
    made = export_study(loaded, tmp_path / "out", "Lead")
    new = _rows(tmp_path / "out" / "responses.csv")[122:]
    assert [list(r.values()) for r in new] == [
        ["P001", "S001", "4", "not answered", "6", "1", "2"],
        ["P002", "S002", "4", "7", "6", "1", "2"],
    ]
    forms = {f.participant: f for f in read_records(redirected(loaded, made)).forms}
    assert forms["P002"].items["q2"] == 7.0


def test_a_wide_file_takes_new_ratings_wide(study: Small, tmp_path: Path) -> None:
    from bordin.store.exporting import export_study, redirected
    from bordin.store.importing import import_study

    _as_wide_ratings(study.folder)
    loaded = load_study(study.folder)
    import_study(loaded, "Lead")
    rate(study, "Alder", "S001", dict.fromkeys(DIMENSIONS, 3))
    made = export_study(loaded, tmp_path / "out", "Lead")
    last = _rows(tmp_path / "out" / "ratings.csv")[-1]
    assert (last["session"], last["coder"], last["avoidance"]) == ("S001", "Alder", "3")
    ratings = read_records(redirected(loaded, made)).ratings["socialization"]
    assert sum(r.coder == "Alder" for r in ratings) == 7


def test_spss_has_labels_and_a_reason_for_every_missing_value(study: Small, tmp_path: Path) -> None:
    import pyreadstat

    from bordin.store.exporting import export_study
    from bordin.store.importing import import_study

    loaded = load_study(study.folder)
    import_study(loaded, "Lead")
    made = export_study(loaded, tmp_path / "out", "Lead", format="sav")
    assert set(made.files) == {
        "participants.sav", "sessions.sav", "ratings-socialization.sav", "responses-alliance.sav",
    }  # fmt: skip
    frame, meta = pyreadstat.read_sav(
        str(tmp_path / "out" / "ratings-socialization.sav"), user_missing=True, output_format="polars"
    )
    assert frame.height == 55
    assert meta.column_names_to_labels["active_plans"] == "Active plans"
    labels = meta.variable_value_labels["concordance"]
    assert labels[0.0].startswith("None. ")
    assert labels[-902.0] == "not applicable"
    assert meta.missing_ranges["concordance"] == [{"lo": -999.0, "hi": -901.0}]
    code = next(v for v, text in labels.items() if text == "not codable: Not audible")
    found = sum((frame[d] == code).sum() for d in DIMENSIONS)
    assert (
        found == sum(r["reason"] == "Not audible" for r in _rows(study.folder / "data" / "ratings.csv")) > 0
    )
    frame, meta = pyreadstat.read_sav(
        str(tmp_path / "out" / "responses-alliance.sav"), user_missing=True, output_format="polars"
    )
    assert frame["q1"].to_list()[:2] == [-901.0, 7.0]
    assert meta.variable_value_labels["q1"][-901.0] == "not answered"
    assert read_table(tmp_path / "out" / "responses-alliance.sav").plain("q1")[0] is Missing.NOT_ANSWERED


def test_parts_that_share_a_file_stay_one_until_something_new_belongs_to_one(
    study: Small, tmp_path: Path
) -> None:
    from bordin.store.exporting import export_study, redirected
    from bordin.store.importing import import_study

    folder = tmp_path / "other"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("reports", "workbench"))
    sessions = {r["participant"]: r for r in _rows(folder / "data" / "sessions.csv")}
    people = [r | sessions.get(r["participant"], {}) for r in _rows(folder / "data" / "participants.csv")]
    people = [r for r in people if "session" in r]
    names = list(people[0])
    write_csv(folder / "data" / "all.csv", names, [[r[n] for n in names] for r in people])
    for name in ("participants.csv", "sessions.csv"):
        (folder / "data" / name).unlink()
        _renamed(folder, name, "all.csv")
    loaded = load_study(folder)
    import_study(loaded, "Lead")
    made = export_study(loaded, tmp_path / "out", "Lead")
    assert "all.csv" in made.files
    assert "participants.csv" not in made.files
    _same(read_records(loaded), read_records(redirected(loaded, made)))


def test_a_new_ratings_file_has_the_order_of_each_coder_and_is_analyzed(study: Small, tmp_path: Path) -> None:
    from bordin.store.exporting import export_study, redirected
    from bordin.store.importing import import_study
    from bordin.store.record import NewFact
    from bordin.store.writer import add
    from bordin.study.analysis import analyse

    (study.folder / "data" / "ratings.csv").unlink()
    loaded = load_study(study.folder)
    import_study(loaded, "Lead")
    for i, session in enumerate(("S003", "S001", "S005")):
        for coder in ("Alder", "Birch"):
            rate(
                study, coder, session, {d: (i + k + (coder == "Birch")) % 7 for k, d in enumerate(DIMENSIONS)}
            )
    add(NewFact("agreed", "Lead", session="S001", item="socialization.concordance", value=4))
    made = export_study(loaded, tmp_path / "out", "Lead")
    rows = _rows(tmp_path / "out" / "ratings.csv")
    order = {r["session"]: r["order"] for r in rows if r["coder"] == "Birch"}
    assert order == {"S003": "1", "S001": "2", "S005": "3"}
    source = redirected(loaded, made)
    records = read_records(source)
    results = analyse(source, records)
    assert len(records.ratings["socialization"]) == 6 * 7 + 1
    assert any(f.rows == 43 for f in results.provenance.files if f.name == "ratings.csv")
