"""The documentation is true: generated pages are current, links lead somewhere, the tutorial runs."""

from __future__ import annotations

import ast
import contextlib
import csv
import importlib.util
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from bordin import instruments
from bordin.cli import VERBS, main
from bordin.coding import catalog as coding
from bordin.store.server_file import ServerFile
from bordin.study.protocol import json_schema
from bordin.tapes.speech_models.speech_model import default_models

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
READS = {"texts", "numbers", "column", "plain"}
PAGES = sorted(
    [*DOCS.rglob("*.md"), *ROOT.glob("*.md"), *(ROOT / "examples").glob("*/*.md")],
)
BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_reference", DOCS / "make_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def made(maker: ModuleType) -> dict[str, str]:
    pages: dict[str, str] = maker.pages()
    return pages


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def blocks(path: Path) -> Iterator[tuple[str, str]]:
    return (match.groups() for match in BLOCK.finditer(read(path)))  # type: ignore[misc]


def test_the_committed_reference_is_what_the_code_makes(made: dict[str, str]) -> None:
    stale = [name for name, text in made.items() if read(DOCS / "reference" / name) != text]
    assert stale == [], "run make docs"


def test_every_verb_has_a_section_and_a_module() -> None:
    assert re.findall(r"^## bordin (.+)$", read(DOCS / "reference" / "verbs.md"), re.M) == list(VERBS)
    folder = ROOT / "src" / "bordin" / "cli"
    modules = {" ".join(p.relative_to(folder).with_suffix("").parts) for p in folder.rglob("*.py")}
    assert set(VERBS) <= modules


def test_every_protocol_key_has_a_row() -> None:
    page = read(DOCS / "reference" / "protocol.md")
    schema = json_schema()
    tables = [schema, *schema["$defs"].values()]
    keys = {key for t in tables for key in t.get("properties", {})}
    assert [
        k for k in sorted(keys) if f"`{k}`" not in page and not re.search(rf"`\[+(data\.)?{k}\b", page)
    ] == []


def test_every_catalog_entry_has_a_section() -> None:
    sections = re.findall(r"^### (\S+)$", read(DOCS / "reference" / "catalog.md"), re.M)
    assert sections == [*instruments.names(), *coding.names()]
    assert len(instruments.names()) >= 16
    assert len(coding.names()) >= 5


def test_every_key_kind_and_file_of_the_workbench_has_a_row() -> None:
    rows = {
        name: re.findall(r"^\| `([^|]+)` \|", read(DOCS / "reference" / f"{name}.md"), re.M)
        for name in ("server-file", "facts", "exports")
    }
    assert rows["server-file"] == list(ServerFile.model_fields)
    record = read(ROOT / "src" / "bordin" / "store" / "record.py").partition("KINDS")[2].partition("\n}")[0]
    kinds = re.findall(r'^    "([\w ]+)":', record, re.M)
    assert len(kinds) >= 30
    assert rows["facts"][: len(kinds)] == kinds
    assert {"seq", "actor", "hash", "before"} <= set(rows["facts"][len(kinds) :])
    assert {"allocation.csv", "heard.csv", "marks.csv", "export.json", "share", "head"} <= set(
        rows["exports"]
    )


def test_every_key_of_the_rating_screen_is_listed() -> None:
    page = read(DOCS / "reference" / "keys.md")
    assert "| Play, pause | `Space`, `Esc`, `F4` |" in page
    assert "| Redo | `Ctrl` `Shift` `Z`, `Ctrl` `Y` |" in page
    script = read(ROOT / "src" / "bordin" / "workbench" / "static" / "workbench" / "keys.js")
    usual = re.findall(r"\w+: \[", script.partition("const USUAL")[2].partition("};")[0])
    assert len(usual) >= 19
    assert len(re.findall(r"^\| (?!---|what)", page, re.M)) == len(usual)


def test_pictures_are_small_and_of_a_width_for_a_page() -> None:
    for name in ("rating", "overview", "form"):
        held = (DOCS / "images" / f"workbench-{name}.png").read_bytes()
        assert held.startswith(b"\x89PNG")
        assert len(held) <= 150_000
        assert int.from_bytes(held[16:20], "big") <= 1280


def test_an_undocumented_name_stops_the_reference(maker: ModuleType) -> None:
    maker._described(["a_new_column"], {}, "cells.csv")
    try:
        with pytest.raises(SystemExit, match="a_new_column"):
            maker.pages()
    finally:
        maker._undocumented.clear()


def test_every_column_that_is_read_from_a_data_file_is_documented() -> None:
    page = read(DOCS / "reference" / "data-files.md")
    named = set()
    for module in ("people_files", "form_files", "coded_files", "process_files"):
        tree = ast.parse(read(ROOT / "src" / "bordin" / "study" / f"{module}.py"))
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in READS
            ):
                named |= {
                    a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)
                }
    assert {"participant", "session", "coder", "dimension", "tape_note", "occasion"} <= named
    assert [n for n in sorted(named) if f"`{n}`" not in page] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_relative_links_lead_somewhere(page: Path) -> None:
    text = BLOCK.sub("", read(page))
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, anchor = target.partition("#")
        found = (page.parent / name).resolve() if name else page
        if not found.exists() or (anchor and anchor not in anchors(found)):
            broken.append(target)
    assert broken == []


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", BLOCK.sub("", read(page)), re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def test_every_page_is_reached_from_the_index() -> None:
    index = read(DOCS / "index.md")
    pages = [p.relative_to(DOCS).as_posix() for p in DOCS.rglob("*.md") if p.name != "index.md"]
    assert [p for p in pages if f"]({p})" not in index] == []


ON_UNIX = pytest.mark.skipif(os.name == "nt", reason="the tutorial's commands are for a Unix shell")


def follow(
    page: Path,
    folder: Path,
    *,
    models: bool = False,
    browser: Callable[[], None] | None = None,
    **environment: str,
) -> int:
    """Run the blocks of a tutorial in their order, and return how many were run.

    ``sh`` is run, ``sh fails`` has to fail, ``file=`` is written, ``text`` has to be in what was printed last.
    Blocks marked ``models`` need speech models, and those marked ``network`` are never run. At one marked ``browser``
    a person goes on in the browser: `browser` does that in their place.
    """
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    printed, ran = "", 0
    for kind, body in blocks(page):
        if "network" in kind or ("models" in kind and not models):
            continue
        if "browser" in kind:
            assert browser is not None, "nobody is there to go on in the browser"
            browser()
            continue
        if kind.startswith("sh"):
            done = subprocess.run(
                ["bash", "-ec", body],
                cwd=folder,
                env={**os.environ, "PATH": path, "COLUMNS": "200", **environment},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            printed = done.stdout + done.stderr
            assert (done.returncode != 0) == ("fails" in kind), printed
            ran += 1
        elif " file=" in kind:
            target = folder / kind.partition("file=")[2]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(body, encoding="utf-8")
        elif kind.startswith("text"):
            found = " ".join(printed.split())
            assert [line for line in body.splitlines() if " ".join(line.split()) not in found] == [], printed
    return ran


@ON_UNIX
def test_the_tutorial_runs_as_written(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("reports"))
    assert follow(DOCS / "tutorial" / "first-study.md", tmp_path) >= 7
    reports = tmp_path / "first-study" / "reports"
    assert {"report.html", "report.docx", "report.pdf", "results.json", "cells.csv"} <= {
        p.name for p in reports.iterdir()
    }
    page = (reports / "report.html").read_text(encoding="utf-8")
    assert ".479" in page
    assert ".265" in page


@ON_UNIX
@pytest.mark.parametrize("models", [False, True], ids=["without models", "with models"])
def test_the_tutorial_on_tapes_runs_as_written(tmp_path: Path, models: bool) -> None:
    if models and (lacking := default_models().missing):
        pytest.skip(
            f"no speech model for {', '.join(lacking)} here: .ci/models.sh DIR, then BORDIN_MODELS=DIR"
        )
    sample_beside(tmp_path)
    environment = {"BORDIN_PASSPHRASE": PASSPHRASE}
    if not models:
        environment["BORDIN_MODELS"] = str(tmp_path / "none")
    ran = follow(DOCS / "tutorial" / "first-tapes.md", tmp_path, models=models, **environment)
    assert ran == 14 + models
    left = sorted(p.name for p in (tmp_path / "tape-study" / "tapes").iterdir())
    assert not [name for name in left if name.startswith("T-")]
    assert "tombstones.jsonl" in left
    rows = (tmp_path / "tape-study" / "data" / "process.csv").read_text(encoding="utf-8-sig").splitlines()
    assert [row.partition(",")[0] for row in rows] == ["session"]


PASSPHRASE = "a passphrase for the lesson only"


def sample_beside(folder: Path) -> None:
    """Put the sample tape where the tutorials look for it."""
    sample = folder / "src" / "bordin" / "tapes"
    sample.mkdir(parents=True)
    for name in ("sample.flac", "sample.json"):
        shutil.copy(ROOT / "src" / "bordin" / "tapes" / name, sample)


@ON_UNIX
def test_the_tutorial_on_a_coding_team_runs_as_written(tmp_path: Path) -> None:
    """All its commands; what is clicked is done here through the record, and in a browser by the lane of that name."""
    sample_beside(tmp_path)
    study = tmp_path / "team-study"

    def clicked() -> None:
        # A process of its own: Django can be switched on once, and other tests do it with more settings.
        maker = ROOT / "tests" / "made_studies" / "made_team.py"
        done = subprocess.run(
            [sys.executable, str(maker), str(study)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    page = DOCS / "tutorial" / "first-coding-team.md"
    ran = follow(page, tmp_path, browser=clicked, BORDIN_PASSPHRASE=PASSPHRASE)
    assert ran == 8
    ends_as_told(study)


def ends_as_told(study: Path) -> None:
    """Hold the report and the export against what the tutorial says of them."""
    undocumented_exports(study / "export")
    with (study / "export" / "ratings.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * 4 * 7
    agreed = {(r["session"], r["dimension"]): r["value"] for r in rows if r["coder"] == "consensus"}
    given = [(r["session"], r["dimension"], r["value"]) for r in rows if r["coder"] in {"Alder", "Birch"}]
    unlike = sorted((d, v) for (s, d), v in agreed.items() if given.count((s, d, v)) != 2)
    assert unlike == [("concordance", "4"), ("evidence_incongruent", "3"), ("understanding", "4")]
    with (study / "reports" / "reliability.csv").open(encoding="utf-8-sig", newline="") as file:
        icc = {r["dimension"]: float(r["value"]) for r in csv.DictReader(file) if r["name"] == "ICC(A,1)"}
    assert round(icc["socialization.concordance"], 2) == 0.94
    with (study / "reports" / "cells.csv").open(encoding="utf-8-sig", newline="") as file:
        assert {r["n"] for r in csv.DictReader(file)} == {"4"}
    assert "inconclusive" in (study / "reports" / "report.html").read_text(encoding="utf-8").lower()


def undocumented_exports(folder: Path) -> None:
    """Hold the files of an export, their columns and the keys of its manifest against the reference."""
    page = read(DOCS / "reference" / "exports.md")
    own = {p.name for p in folder.glob("*.csv")} - {
        f"{n}.csv" for n in ("participants", "sessions", "responses", "ratings")
    }
    assert own == {"allocation.csv", "heard.csv", "guesses.csv", "marks.csv"}
    for name in own:
        section = page.partition(f"## {name}\n")[2].partition("\n## ")[0]
        with (folder / name).open(encoding="utf-8-sig", newline="") as file:
            assert next(csv.reader(file)) == re.findall(r"^\| `(\w+)` \|", section, re.M), name
    section = page.partition("## export.json\n")[2].partition("\n## ")[0]
    assert list(json.loads(read(folder / "export.json"))) == re.findall(r"^\| `(\w+)` \|", section, re.M)


def test_a_lab_with_one_spss_file_gets_there(tmp_path: Path) -> None:
    """Follow how-to/only-an-spss-file.md, with its own blocks of the protocol."""
    folder = tmp_path / "clinic-study"
    bordin("new", str(folder), "--instrument", "calpas-5")
    for template in (folder / "data").iterdir():
        template.unlink()
    write_spss(folder / "data" / "clinic.sav")
    data, table = [body for kind, body in blocks(DOCS / "how-to" / "only-an-spss-file.md") if kind == "toml"][
        :2
    ]
    protocol = read(folder / "study.toml")
    before, _, rest = protocol.partition("[data.participants]")
    kept = "[[instruments]]" + rest.partition("[[instruments]]")[2].partition("[table]")[0]
    sample = '[sample]\narm = "pragmatic rehabilitation"\n\n'
    (folder / "study.toml").write_text(before + sample + data + kept + table, encoding="utf-8")
    bordin("run", str(folder), "--quiet", "--only", "csv")
    with (folder / "reports" / "cells.csv").open(encoding="utf-8-sig", newline="") as lines:
        found = {(c["x"], c["y"]): (c["n"], round(float(c["value"]), 3)) for c in csv.DictReader(lines)}
    assert found["alliance.q3", "socialization.concordance"] == ("43", 0.479)
    assert found["alliance.q2", "socialization.avoidance"] == ("43", -0.335)


def bordin(*words: str) -> None:
    """Run a verb in this process; typer ends it with SystemExit."""
    try:
        status: object = main(words)
    except SystemExit as done:
        status = done.code
    assert status in (0, None)


def write_spss(path: Path) -> None:
    """Put the simulated example into one wide file, with labels and a user-missing value."""
    import polars as pl
    import pyreadstat

    def rows(name: str) -> list[dict[str, str]]:
        with (ROOT / "examples" / "socialization" / "data" / name).open(
            encoding="utf-8", newline=""
        ) as lines:
            return list(csv.DictReader(lines))

    whose = {s["session"]: s["participant"] for s in rows("sessions.csv")}
    answers = {r["participant"]: r for r in rows("responses.csv")}
    ratings = {
        (whose[r["session"]], r["dimension"]): float(r["value"])
        for r in rows("ratings.csv")
        if r["designated"] == "1" and r["value"]
    }
    people = rows("participants.csv")
    arms = sorted({p["arm"] for p in people})
    columns: dict[str, list[object]] = {
        "PATNO": [float(i + 1) for i in range(len(people))],
        "GROUP": [float(arms.index(p["arm"])) for p in people],
        "THER": [p["therapist"] for p in people],
        "CODER": ["C1"] * len(people),
    }
    for i in range(1, 6):
        given = [answers.get(p["participant"], {}).get(f"q{i}") for p in people]
        columns[f"ALLI_{i}"] = [float(v) if v else None for v in given]
    columns["ALLI_1"][0] = 99.0
    for name, dimension in (("CONCORD", "concordance"), ("AVOID", "avoidance")):
        columns[name] = [ratings.get((p["participant"], dimension)) for p in people]
    labels = {"GROUP": {float(i): arm for i, arm in enumerate(arms)}, "ALLI_1": {99.0: "not applicable"}}
    frame = pl.DataFrame(columns)
    pyreadstat.write_sav(frame, str(path), variable_value_labels=labels, missing_ranges={"ALLI_1": [99.0]})


def outputs_as_written(page: Path) -> int:
    """Run the Python of a page and hold each output against what the page shows; return how many there are."""
    printed, shown = "", 0
    space: dict[str, object] = {}
    for kind, body in blocks(page):
        if kind == "python":
            stream = io.StringIO()
            with contextlib.redirect_stdout(stream):
                exec(body, space)
            printed = stream.getvalue()
        elif kind == "text":
            assert printed == body
            shown += 1
    return shown


def test_the_notebook_page_prints_what_it_says() -> None:
    assert outputs_as_written(DOCS / "how-to" / "use-in-a-notebook.md") == 2


def test_the_page_on_own_engines_prints_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(ROOT / "src" / "bordin" / "tapes" / "sample.flac", tmp_path)
    monkeypatch.chdir(tmp_path)
    assert outputs_as_written(DOCS / "how-to" / "use-your-own-engines.md") == 1


def test_a_usage_line_says_what_may_be_left_out_and_what_may_be_repeated() -> None:
    page = read(DOCS / "reference" / "verbs.md")
    for line in (
        "bordin run [STUDY] [OPTIONS]",
        "bordin tape add STUDY FILES... [OPTIONS]",
        "bordin tape roles STUDY SESSION [ROLES...] [OPTIONS]",
        "bordin tape evaluate HYP REF [OPTIONS]",
        "bordin model pack [MODELS...] [OPTIONS]",
    ):
        assert f"```\n{line}\n```" in page


def test_the_public_functions_on_tapes_are_listed() -> None:
    page = read(DOCS / "reference" / "python.md").partition("## bordin.tapes\n")[2]
    for name in ("process_recording", "transcribe", "read_transcript", "write_transcript", "evaluate"):
        assert f"| `{name}` |" in page
    for name in ("take_measures", "propose", "apply", "open_vault"):
        assert f"| `{name}` |" in page


def test_options_in_shell_blocks_exist() -> None:
    known = read(DOCS / "reference" / "verbs.md")
    unknown = []
    for page in PAGES:
        for kind, body in blocks(page):
            for line in body.splitlines() if kind.startswith("sh") else ():
                call = re.match(r"(?:uv run )?bordin ((?:tape |model |audit )?\S+)(.*?)(?:#|$)", line.strip())
                if call and call[1] not in VERBS:
                    unknown.append(line)
                elif call:
                    section = known.partition(f"## bordin {call[1]}\n")[2].partition("\n## ")[0]
                    unknown += [o for o in re.findall(r"--[a-z-]+", call[2]) if o not in section]
    assert unknown == []
