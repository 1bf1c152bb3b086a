"""Process measures of a file become variables: the same numbers, the same rules, the same refusals."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from bordin.association import associate
from bordin.cli import main
from bordin.errors import BordinError, DataError, ProtocolError
from bordin.missing import Missing
from bordin.report.flat import csv_tables
from bordin.report.tables.association import association_tables
from bordin.report.tables.variables import variables_table
from bordin.report.text import plain_text
from bordin.study.analysis import analyse
from bordin.study.files import read_table
from bordin.study.lock import LOCK_FILE, lock_status, lock_study
from bordin.study.process_files import write_process_file
from bordin.study.reading import read_records
from bordin.study.results import Results
from bordin.study.study import load_study
from bordin.study.values import UnitValues, unit_values
from bordin.tapes.measures import measure, measure_names
from bordin.tapes.shapes import Transcript, Turn

SHARE, LATENCY = "process.talk_share_client", "process.latency_client"
PART = '[data.process]\nfile = "process.csv"\n\n[[instruments]]'


def shares(n: int = 42) -> list[tuple[str, str, float, float]]:
    rng = np.random.default_rng(5)
    return [
        (f"S{i:02d}", f"P{i:02d}", float(rng.uniform(0.3, 0.8)), float(rng.gamma(2, 0.5)))
        for i in range(1, n + 1)
    ]


def write(folder: Path, rows: list[tuple[object, ...]], names: tuple[str, ...] = ()) -> None:
    names = names or ("session", "participant", "talk_share_client", "latency_client")
    with (folder / "data" / "process.csv").open("w", encoding="utf-8", newline="") as f:
        csv.writer(f).writerows([names, *rows])


@pytest.fixture
def measured(study_folder, edit):
    """Add measures of every session to the small study, two of them to its table."""
    edit("study.toml", "[[instruments]]", PART)
    edit("study.toml", '"tapes.avoidance"]', f'"{SHARE}", "{LATENCY}"]')
    write(study_folder, shares())
    return study_folder


def run(folder: Path) -> Results:
    study = load_study(folder)
    return analyse(study, read_records(study), command="bordin run study")


def values_of(folder: Path) -> UnitValues:
    study = load_study(folder)
    return unit_values(study, read_records(study))


def refused(folder: Path) -> str:
    with pytest.raises(BordinError) as caught:
        values_of(folder)
    return str(caught.value)


def test_cells_are_those_of_associate_on_the_same_numbers(measured):
    results = run(measured)
    by_hand = {who: (share, latency) for _, who, share, latency in shares()}
    # P01 and P02 have no usable tape.
    taped = [by_hand[p] if p not in {"P01", "P02"} else (None, None) for p in results.units]
    others = ("alliance.total", "tapes.concordance", "tapes.resistance")
    data = {n: results.values[n] for n in others}
    data |= {SHARE: [t[0] for t in taped], LATENCY: [t[1] for t in taped]}
    table = associate(
        data,
        ["alliance.total"],
        [*others[1:], SHARE, LATENCY],
        p="permutation",
        permutations=500,
        sesoi=0.3,
        seed=7,
    )
    for name in (SHARE, LATENCY):
        cell, expected = results.table.cell("alliance.total", name), table.cell("alliance.total", name)
        assert cell.estimate.n == 26
        assert cell.estimate == expected.estimate
        assert (cell.p, cell.p_maxt, cell.tost_p) == (expected.p, expected.p_maxt, expected.tost_p)
    assert spearmanr(
        [data[SHARE][i] for i in known(data)], [data["alliance.total"][i] for i in known(data)]
    ).statistic == (pytest.approx(results.table.cell("alliance.total", SHARE).estimate.value, abs=1e-12))


def known(data: dict[str, list[float | None]]) -> list[int]:
    return [i for i in range(30) if data[SHARE][i] is not None and data["alliance.total"][i] is not None]


def test_nothing_else_moves_when_measures_are_added(study_folder, edit):
    before = run(study_folder)
    edit("study.toml", "[[instruments]]", PART)
    write(study_folder, shares())
    after = run(study_folder)
    assert after.table == before.table
    assert after.hypotheses == before.hypotheses
    assert after.flow == before.flow
    assert [f.name for f in after.provenance.files][-1] == "data/process.csv"


def test_labels_ranges_and_where_they_come_from(measured):
    write(
        measured,
        [(s, p, share, latency, i % 7) for i, (s, p, share, latency) in enumerate(shares())],
        ("session", "participant", "talk_share_client", "latency_client", "smiles"),
    )
    text = (measured / "study.toml").read_text(encoding="utf-8")
    text = text.replace(f'"{LATENCY}"]', f'"{LATENCY}", "process.smiles"]')
    (measured / "study.toml").write_text(
        text + f'\n[labels]\n"{LATENCY}" = "How soon the client answers"\n', encoding="utf-8"
    )
    results = run(measured)
    share, latency, smiles = (results.variable(n) for n in (SHARE, LATENCY, "process.smiles"))
    assert (share.label, share.kind, share.low, share.high) == ("Talk share, client", "measure", 0, 1)
    assert (latency.label, latency.low, latency.high) == ("How soon the client answers", 0, None)
    assert (smiles.label, smiles.low) == ("smiles", None)
    assert share.missing == {"not recorded": 2}
    assert share.pole == 1
    rows = [plain_text(r[0].content) for g in variables_table(results).groups for r in g]
    assert any(r.startswith("Talk share, client") and "Process Measures, of the tapes" in r for r in rows)
    (table,) = association_tables(results)
    assert table.title.endswith("With Socialization to the treatment model and Process Measures")
    heads = [plain_text(c.content).replace("\n", " ") for c in table.head]
    assert {"Talk share, client", "How soon the client answers", "smiles"} <= set(heads)
    tables = csv_tables(results)
    assert any("Talk share, client" in line for line in tables["variables.csv"][1])
    assert any("Talk share, client" in line for line in tables["cells.csv"][1])


def test_every_measure_of_the_file_with_a_star(measured, edit):
    edit("study.toml", f'"{SHARE}", "{LATENCY}"]', '"process.*"]')
    names = ("session", "smiles", "note", "talk_share_client", "empty")
    write(measured, [(s, i % 5, "a remark", share, "") for i, (s, _, share, _) in enumerate(shares())], names)
    study = load_study(measured)
    assert study.process == ("smiles", "talk_share_client", "empty")
    results = run(measured)
    assert results.table.cell("alliance.total", "process.empty").estimate.value is None
    assert results.variable("process.empty").n == 0
    assert "tapes.resistance" in study.columns
    told = refused(edit("study.toml", '"process.*"]', '"process.note"]'))
    assert "there is no variable 'process.note'" in told
    assert "The column note of process.csv holds words, no numbers." in told


def test_empty_cells_are_not_recorded(measured):
    rows = shares()
    rows[9] = (*rows[9][:2], "", rows[9][3])
    rows[10] = (*rows[10][:2], "NA", ".")
    write(measured, [r for r in rows if r[0] != "S13"])
    values = values_of(measured)
    at = values.units.index
    for name, who in ((SHARE, "P10"), (SHARE, "P11"), (LATENCY, "P11"), (SHARE, "P13"), (SHARE, "P01")):
        assert values.columns[name][at(who)] is Missing.NOT_RECORDED
    assert values.columns[LATENCY][at("P10")] == rows[9][3]
    assert values.columns[SHARE][at("P12")] == rows[11][2]


FAULTS = [
    ("S08,P08,", "S99,P08,", ["data/process.csv:9, session", "'S99' stands in no row of the sessions file"]),
    ("S08,P08,", ",P08,", ["data/process.csv:9, session", "this cell is empty"]),
    ("S08,P08,", "S07,P07,", ["data/process.csv:9, session", "'S07' stands twice, first in row 8"]),
    ("S08,P08,", "S08,P09,", ["data/process.csv:9, participant", "'P09' stands where 'P08' should be"]),
    (
        "S08,P08,0",
        "S08,P08,about 0",
        ["data/process.csv:9, talk_share_client", "'about 0", "is not a number"],
    ),
    ("session,", "tape,", ["data/process.csv, session", "this column is missing"]),
]


@pytest.mark.parametrize(("old", "new", "parts"), FAULTS)
def test_a_fault_is_told_with_row_and_column(measured, edit, old, new, parts):
    told = refused(edit("data/process.csv", old, new))
    for part in parts:
        assert part in told


def test_faults_of_the_file_are_told_with_those_of_others(measured, edit):
    edit("data/process.csv", "S08,P08,", "S99,P08,")
    edit("data/process.csv", "S09,P09,", "S98,P09,")
    edit("data/ratings.csv", "S05,C1,concordance,", "S95,C1,concordance,")
    with pytest.raises(DataError) as caught:
        read_records(load_study(measured))
    assert len(caught.value.problems) == 3


def test_before_the_file_is_there_its_measures_are_known_by_name(measured, edit):
    (measured / "data" / "process.csv").unlink()
    study = load_study(measured)
    assert study.process == ("talk_share_client", "latency_client")
    assert lock_study(study).state == "as locked"
    told = refused(measured)
    assert "data/process.csv" in told
    assert "there is no such file" in told
    edit("study.toml", f'"{SHARE}", "{LATENCY}"]', '"process.*"]')
    assert load_study(measured).process == measure_names()
    told = refused(edit("study.toml", '"process.*"]', '"process.smiles"]'))
    assert "there is no variable 'process.smiles'" in told
    assert "process.csv is not there" in told
    edit("study.toml", 'file = "process.csv"', 'file = "process.csv"\ncolumns = { smiles = "SMILES" }')
    assert load_study(measured).process == ("smiles",)


def test_a_file_that_cannot_be_read_is_told_once(measured):
    (measured / "data" / "process.csv").write_bytes(b"")
    with pytest.raises(ProtocolError) as caught:
        load_study(measured)
    assert [(p.file, p.message) for p in caught.value.problems] == [
        ("data/process.csv", "the file is empty (0 bytes).")
    ]
    assert str(measured.parent) not in str(caught.value)


def test_a_name_that_is_near(measured, edit):
    told = refused(edit("study.toml", f'"{SHARE}",', '"process.talk_share_clent",'))
    assert "Did you mean 'process.talk_share_client'?" in told


def test_measures_without_a_file_are_refused_with_the_next_step(study_folder, edit):
    told = refused(edit("study.toml", '"tapes.avoidance"]', f'"{SHARE}"]'))
    assert f"there is no variable '{SHARE}'" in told
    assert '[data.process] file = "process.csv"' in told


@pytest.mark.parametrize("what", ["instrument", "coding", "outcome"])
def test_the_name_process_is_taken(measured, edit, what):
    if what == "outcome":
        edit("study.toml", "[table]", '[[outcomes]]\nid = "process"\nlabel = "p"\ncolumn = "arm"\n\n[table]')
    else:
        edit("study.toml", f'id = "{"alliance" if what == "instrument" else "tapes"}"', 'id = "process"')
    told = refused(measured)
    assert "the id 'process' is taken" in told
    assert "another id" in told


def test_without_the_file_an_instrument_may_be_called_process(study_folder, edit):
    path = study_folder / "study.toml"
    text = path.read_text(encoding="utf-8").replace('"tapes', '"process').replace("tapes.", "process.")
    path.write_text(text, encoding="utf-8")
    assert load_study(study_folder).process == ()
    assert run(study_folder).table.cell("alliance.total", "process.concordance").estimate.n == 26


def test_columns_are_mapped(measured, edit):
    write(measured, [(s, p, x, y) for s, p, x, y in shares()], ("SITZUNG", "WER", "CLIENT", "latency_client"))
    edit(
        "study.toml",
        'file = "process.csv"',
        'file = "process.csv"\ncolumns = { session = "SITZUNG", participant = "WER", talk_share_client = "CLIENT" }',
    )
    values = values_of(measured)
    assert values.columns[SHARE][values.units.index("P12")] == shares()[11][2]


def test_sessions_come_from_the_file_when_no_other_says_whose_they_are(measured, edit):
    edit("study.toml", '[data.sessions]\nfile = "sessions.csv"\n\n', "")
    edit("study.toml", '[[data.ratings]]\nfile = "ratings.csv"\ncoding = "tapes"\n\n', "")
    path = measured / "study.toml"
    text = path.read_text(encoding="utf-8")
    start, end = text.index("[[coding]]"), text.index("[table]")
    text = text[:start] + text[end:].partition("[[hypotheses]]")[0]
    path.write_text(text.replace('"tapes.concordance", "tapes.resistance", ', ""), encoding="utf-8")
    values = values_of(measured)
    assert list(values.columns[SHARE][:3]) == [row[2] for row in shares()[:3]]
    assert [(s.label, s.n, s.lost) for s in values.flow[2:]] == [
        ("with a form", 28, ((2, "without a form"),)),
        ("with form and measured tape", 28, ()),
        ("analyzed", 28, ()),
    ]


def test_the_flow_counts_tapes_that_were_neither_coded_nor_measured(measured, edit):
    write(measured, shares()[10:])
    edit("study.toml", '"tapes.concordance", "tapes.resistance", ', "")
    path = measured / "study.toml"
    path.write_text(path.read_text(encoding="utf-8").partition("[[hypotheses]]")[0], encoding="utf-8")
    assert [(s.label, s.n, s.lost) for s in values_of(measured).flow[3:]] == [
        ("with form and measured tape", 20, ((6, "tape not measured"), (2, "not recorded"))),
        ("analyzed", 20, ()),
    ]
    edit("study.toml", f'"{SHARE}",', f'"tapes.concordance", "{SHARE}",')
    assert [(s.label, s.n) for s in values_of(measured).flow[3:]] == [
        ("with form and coded or measured tape", 26),
        ("analyzed", 26),
    ]


def three_sessions(folder: Path) -> dict[str, float]:
    """Give each participant three measured sessions, numbered backwards in the file; return all shares."""
    rng = np.random.default_rng(3)
    sessions, rows, found = [], [], {}
    for i in range(1, 43):
        for k in (3, 2, 1):
            name = f"S{i:02d}" if k == 2 else f"S{i:02d}-{k}"
            found[name] = float(rng.uniform(0.3, 0.8))
            sessions.append((name, f"P{i:02d}", k))
            rows.append((name, found[name], found[name] * 2))
    with (folder / "data" / "sessions.csv").open("w", encoding="utf-8", newline="") as f:
        csv.writer(f).writerows([("session", "participant", "number"), *sessions])
    write(folder, rows, ("session", "talk_share_client", "latency_client"))
    return found


@pytest.mark.parametrize("rule", ["first", "last", "mean", "coded"])
def test_which_of_several_measured_sessions_counts(measured, edit, rule):
    found = three_sessions(measured)
    told = refused(measured)
    assert "participant P05 has 3 measured sessions in process where the protocol expects one" in told
    assert "in [data.process]" in told
    edit("study.toml", 'file = "process.csv"', f'file = "process.csv"\nsession = "{rule}"')
    values = values_of(measured)
    at = values.units.index("P05")
    own = {"first": found["S05-1"], "last": found["S05-3"], "coded": found["S05"]}
    own["mean"] = (found["S05-1"] + found["S05"] + found["S05-3"]) / 3
    assert values.columns[SHARE][at] == pytest.approx(own[rule])
    # P01's only coded session does not exist, so nothing of P01 counts for 'coded'.
    missing = values.columns[SHARE][values.units.index("P01")] is Missing.NOT_RECORDED
    assert missing == (rule == "coded")


def test_first_and_last_need_numbers(measured, edit):
    three_sessions(measured)
    edit("study.toml", 'file = "process.csv"', 'file = "process.csv"\nsession = "first"')
    edit("data/sessions.csv", "S05-3,P05,3", "S05-3,P05,")
    assert "participant P05 has measured sessions without a number, so none is first" in refused(measured)


def test_coded_needs_a_coding_system(measured, edit):
    edit("study.toml", 'file = "process.csv"', 'file = "process.csv"\nsession = "coded"')
    path = measured / "study.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.index("[[coding]]")] + text[text.index("[table]") :], encoding="utf-8")
    assert "no [[coding]] says which session that is" in refused(measured)


def test_sessions_as_the_unit(measured, edit):
    found = three_sessions(measured)
    edit("study.toml", "seed = 7", 'seed = 7\nunit = "session"')
    answers = read_table(measured / "data" / "responses.csv")
    forms = [
        (w, f"S{w[1:]}", *(answers.column(f"item{k}")[i] for k in range(1, 6)))
        for i, w in enumerate(answers.texts("participant"))
    ]
    forms += [(w, f"{s}-1", 3, 4, i % 7 + 1, 4, 5) for i, (w, s, *_) in enumerate(list(forms))]
    with (measured / "data" / "responses.csv").open("w", encoding="utf-8", newline="") as f:
        csv.writer(f).writerows([("participant", "session", *(f"item{i}" for i in range(1, 6))), *forms])
    values = values_of(measured)
    # Every session of the arm is a case: coded or not, it was measured.
    assert len(values.units) == 90
    assert values.columns[SHARE] == tuple(found[u] for u in values.units)
    results = run(measured)
    cell = results.table.cell("alliance.total", SHARE)
    table = associate(
        {
            "a": results.values["alliance.total"],
            "s": [found[u] for u in results.units],
            "who": results.values["participant"],
        },
        ["a"],
        ["s"],
        cluster="who",
        permutations=0,
    )
    assert cell.estimate.value == table.cell("a", "s").estimate.value
    assert cell.within_between.within.value == table.cell("a", "s").within_between.within.value
    assert (cell.within_between.n_participants, cell.within_between.n_sessions) == (28, 56)


def test_a_hypothesis_about_a_measure(measured, edit):
    edit("study.toml", 'columns = ["tapes.concordance"]', 'columns = ["process.*"]')
    tests = run(measured).hypotheses[0].tests
    assert [(t.x, t.y) for t in tests] == [("alliance.total", SHARE), ("alliance.total", LATENCY)]


def test_a_lock_holds_the_rule_and_what_the_star_stands_for(measured, edit):
    lock_study(load_study(measured))
    write(
        measured,
        [(s, p, x, y, 1) for s, p, x, y in shares()],
        ("session", "participant", "talk_share_client", "latency_client", "smiles"),
    )
    assert lock_status(load_study(measured)).state == "as locked"
    edit("study.toml", 'file = "process.csv"', 'file = "process.csv"\nsession = "last"')
    assert [(d.key, d.now) for d in lock_status(load_study(measured)).deviations] == [
        ("data.process.session", '"last"')
    ]
    edit("study.toml", f'"{SHARE}", "{LATENCY}"]', '"process.*"]')
    (measured / LOCK_FILE).unlink()
    lock_study(load_study(measured))
    assert lock_status(load_study(measured)).state == "as locked"
    write(measured, shares())
    [deviation] = lock_status(load_study(measured)).deviations
    assert deviation.key == "process.*"
    assert json.loads(deviation.locked) == ["talk_share_client", "latency_client", "smiles"]
    assert json.loads(deviation.now) == ["talk_share_client", "latency_client"]


def test_a_lock_from_before_there_were_measures(study_folder, edit):
    lock_study(load_study(study_folder))
    path = study_folder / LOCK_FILE
    content = json.loads(path.read_text(encoding="utf-8"))
    del content["locks"][0]["declared"]["data"]["process"]
    path.write_text(json.dumps(content), encoding="utf-8")
    assert lock_status(load_study(study_folder)).state == "as locked"
    edit("study.toml", "[[instruments]]", PART)
    write(study_folder, shares())
    [deviation] = lock_status(load_study(study_folder)).deviations
    assert (deviation.key, deviation.locked) == ("data.process", "null")


def test_check_lock_plan_and_run_take_the_file(measured, capsys):
    for words in (
        ("check",),
        ("lock",),
        ("plan", "--n", "40", "--rho", "0.3", "--simulations", "50", "--json"),
        ("run", "--quiet", "--only", "csv", "--only", "html"),
    ):
        with pytest.raises(SystemExit) as done:
            main([words[0], str(measured), *words[1:]])
        told = capsys.readouterr()
        assert done.value.code in (0, None), told.err
        if words[0] == "check":
            assert "data/process.csv: 42 rows" in told.out
            assert "26 with form and coded or measured tape" in told.out
        if words[0] == "plan":
            assert "Talk share, client" in told.out
    page = (measured / "reports" / "report.html").read_text(encoding="utf-8")
    assert "Talk share, client" in page
    assert "Response latency, client (s)" in page


def session(by: float) -> dict[str, float | None]:
    turns = (Turn("therapist", 0, 2 + by), Turn("client", 3 + by, 7), Turn("therapist", 7 + by / 3, 9))
    return measure(Transcript(turns, 10))


def test_what_is_written_is_read_back_to_the_last_digit(measured, edit):
    path = measured / "data" / "process.csv"
    rows = [(s, p, session(0.1 + i / 97)) for i, (s, p, _, _) in enumerate(shares())]
    write_process_file(path, rows)
    first = path.read_bytes()
    names = first.decode("utf-8-sig").splitlines()[0].split(",")
    assert tuple(names) == ("session", "participant", *measure_names())
    write_process_file(path, [(s, p, dict(reversed(m.items()))) for s, p, m in rows])
    assert path.read_bytes() == first
    assert [p.name for p in path.parent.iterdir() if p.name.startswith(".")] == []
    values = values_of(measured)
    for i, (_, who, m) in enumerate(rows[2:30], start=2):
        assert values.columns[SHARE][i] == m["talk_share_client"]
        assert values.units[i] == who
    line = dict(zip(names, first.decode("utf-8-sig").splitlines()[1].split(","), strict=True))
    assert (line["turns_therapist"], line["speech_rate_client"]) == ("2", "")
    edit("study.toml", f'"{SHARE}", "{LATENCY}"]', '"process.*"]')
    assert load_study(measured).process == measure_names()


def test_other_columns_stand_behind_and_a_participant_may_be_absent(tmp_path):
    path = tmp_path / "process.csv"
    write_process_file(
        path,
        [
            ("S1", None, {"zeta": 1.5, "turns_client": 3.0, "alpha": None}),
            ("S2", "P2", {"silence_share": 0.1, "turns_client": None}),
        ],
    )
    assert path.read_text(encoding="utf-8-sig").splitlines() == [
        "session,participant,silence_share,turns_client,alpha,zeta",
        "S1,,,3,,1.5",
        "S2,P2,0.1,,,",
    ]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("S1", "P1", {"turns_client": 1.0}), ("S1", "P1", {})], "'S1' has two rows"),
        ([("", "P1", {})], "a row has no session"),
        ([("S1", "P1", {"latency_client": float("nan")})], "not a finite number"),
    ],
)
def test_rows_that_cannot_be_written_leave_the_file_as_it_was(tmp_path, rows, message):
    path = tmp_path / "process.csv"
    path.write_text("as it was", encoding="utf-8")
    with pytest.raises(DataError, match=message):
        write_process_file(path, rows)
    assert path.read_text(encoding="utf-8") == "as it was"
    assert [p.name for p in tmp_path.iterdir()] == ["process.csv"]
