"""The command line as a newcomer meets it: help, errors without a traceback, next steps."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from bordin.cli import GROUPS, VERBS, main

ROOT = Path(__file__).parents[2]


def test_help_is_answered_without_heavy_imports():
    code = (
        "import sys; from bordin.cli import main; main(['--help']); print(sorted(m for m in sys.modules if m in "
        "{'numpy', 'typer', 'rich', 'pydantic', 'polars', 'scipy'}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    for verb in VERBS:
        assert verb.partition(" ")[0] in done.stdout


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_lists_its_verbs(group, capsys):
    for words in ([group], [group, "--help"]):
        assert main(words) == 0
        told = capsys.readouterr().out
        assert [
            v for v in VERBS if v.startswith(f"{group} ") and f"  {v.partition(' ')[2]} " not in told
        ] == []
    assert main([group, "nonsense"]) == 2
    assert "there is no verb" in capsys.readouterr().err


@pytest.mark.parametrize("verb", VERBS)
def test_summaries_are_those_of_the_verbs(verb, capsys):
    doc = import_module(f"bordin.cli.{verb.replace(' ', '.')}").command.__doc__
    assert doc.splitlines()[0] == VERBS[verb]
    with pytest.raises(SystemExit) as done:
        main([*verb.split(), "--help"])
    assert done.value.code == 0
    assert f"bordin {verb}" in capsys.readouterr().out


def test_a_pipe_gets_utf8_whatever_the_system_writes(study_folder):
    words = [sys.executable, "-m", "bordin", "run", str(study_folder), "--only", "json"]
    done = subprocess.run(
        words, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "cp1252"}, check=True
    )
    assert "42 recruited → 30 in the active arm" in done.stdout.decode("utf-8")


def test_an_unknown_verb_names_the_nearest(capsys):
    assert main(["asociate"]) == 2
    assert "Did you mean 'associate'?" in capsys.readouterr().err


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("bordin ")


def call(*words: str) -> int:
    """Run a verb in this process; typer ends with SystemExit when all went well."""
    try:
        return main(list(words))
    except SystemExit as done:
        return int(done.code or 0)


def test_check_lists_problems_without_traceback(study_folder, capsys):
    (study_folder / "data" / "sessions.csv").write_bytes(b"")
    (study_folder / "data" / "ratings.csv").unlink()
    assert call("check", str(study_folder)) == 2
    told = capsys.readouterr().err
    assert "data/sessions.csv: the file is empty" in told
    assert "data/ratings.csv" in told
    assert "Traceback" not in told


def test_from_new_folder_to_report(study_folder, tmp_path, capsys):
    own = tmp_path / "mine"
    assert call("new", str(own), "--instrument", "arm-5") == 0
    assert "bordin check" in capsys.readouterr().out
    assert call("check", str(own)) == 2
    assert "no data rows" in capsys.readouterr().err
    for name in ("participants", "sessions", "responses", "ratings"):
        (own / "data" / f"{name}.csv").write_bytes((study_folder / "data" / f"{name}.csv").read_bytes())
    text = (own / "study.toml").read_text(encoding="utf-8")
    text = text.replace('# [sample]\n# arm = "name of one arm of the trial" ', '[sample]\narm = "active" ')
    (own / "study.toml").write_text(
        text.replace('combine = "mean" ', 'combine = "designated"\ndesignated = "C1" '), encoding="utf-8"
    )
    assert call("check", str(own)) == 0
    assert "26 analyzed" in capsys.readouterr().out
    assert call("lock", str(own)) == 0
    assert call("lock", str(own)) == 2
    capsys.readouterr()
    assert call("run", str(own), "--only", "html,json,csv") == 0
    out = capsys.readouterr().out
    assert "Analyzed as locked" in out
    assert str(own / "reports" / "report.html") in out.replace("\n", "")
    results = json.loads((own / "reports" / "results.json").read_text(encoding="utf-8"))
    assert results["association"]["family_size"] == 7


def test_new_overwrites_nothing(study_folder, capsys):
    assert call("new", str(study_folder)) == 2
    assert "nothing is overwritten" in capsys.readouterr().err


def test_run_as_json_prints_json_and_nothing_else(study_folder, capsys):
    assert call("run", str(study_folder), "--json", "--only", "json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["hypotheses"][0]["id"] == "H1"


def test_run_refuses_an_unknown_format(study_folder, capsys):
    assert call("run", str(study_folder), "--only", "htm") == 2
    assert "Did you mean 'html'?" in capsys.readouterr().err


def test_schema_is_printed_and_written(tmp_path, capsys):
    assert call("schema") == 0
    assert json.loads(capsys.readouterr().out)["title"] == "bordin study protocol"
    assert call("schema", "--out", str(tmp_path / "s.json")) == 0
    assert json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))["type"] == "object"


def test_catalog_lists_and_shows(capsys):
    assert call("catalog") == 0
    listed = capsys.readouterr().out
    for name in ("calpas-5", "wai-sr", "socialization-7", "misc-like"):
        assert name in listed
    assert call("catalog", "core-10") == 0
    assert "reversed" in capsys.readouterr().out
    assert call("catalog", "socialization-7", "--manual") == 0
    assert "Concordance" in capsys.readouterr().out
    assert call("catalog", "core10") == 2
    assert "Did you mean 'core-10'?" in capsys.readouterr().err


def test_the_demo_runs_on_a_copy(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert call("demo", "--to", "copy", "--no-poster") == 0
    out = capsys.readouterr().out
    for name in ("socialization", "mibot"):
        assert (tmp_path / "copy" / name / "reports" / "report.html").is_file()
        assert (tmp_path / "copy" / name / "reports" / "report.docx").is_file()
        assert os.path.join("copy", name, "reports", "report.html") in out.replace("\n", "")


def test_problems_alike_are_told_once_with_their_rows(study_folder, capsys):
    path = study_folder / "data" / "sessions.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",yes,", ",maybe,"), encoding="utf-8")
    assert call("check", str(study_folder)) == 2
    told = capsys.readouterr().err.strip().splitlines()
    assert told[-2] == "40 problems:"
    assert "sessions.csv:4, tape: 'maybe'" in told[-1]
    assert "The same in 39 more rows: 5, 6, 7, 8, 9, ..." in told[-1]


def test_a_study_before_its_first_rating_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import made_whole

    with monkeypatch.context() as patched:
        patched.setattr(made_whole.subprocess, "run", lambda *_, **__: None)  # no tapes are sealed
        study = made_whole.whole(tmp_path)
    checked = [sys.executable, "-m", "bordin", "check", str(study)]
    said = subprocess.run(checked, check=True, capture_output=True, text=True).stdout
    assert "Note: ratings.csv is not there yet; the workbench will hold what is to be in it." in said
    assert f"then bordin serve {study}" in said
    # Without a plan for coders, an absent file is a fault as before.
    text = (study / "study.toml").read_text(encoding="utf-8")
    planless = text.replace('[allocation]\ncoders = 2\nbalance = ["arm"]\n', "")
    (study / "study.toml").write_text(planless, encoding="utf-8")
    refused = subprocess.run(checked, check=False, capture_output=True, text=True)
    assert refused.returncode == 2
    assert "data/ratings.csv: there is no such file" in refused.stderr


def test_a_record_that_holds_nobody_yet_leaves_the_data_where_they_were(tmp_path: Path) -> None:
    study = tmp_path / "study"
    shutil.copytree(ROOT / "examples" / "socialization", study, ignore=shutil.ignore_patterns("reports"))
    # In processes of their own: this one has not decided yet with which settings Django is switched on.
    make = f"from pathlib import Path; from bordin.store.opening import open_record; open_record(Path({str(study)!r}), make=True)"
    subprocess.run([sys.executable, "-c", make], check=True)
    checked = [sys.executable, "-m", "bordin", "check", str(study)]
    said = subprocess.run(checked, check=True, capture_output=True, text=True).stdout
    assert "The workbench holds nobody yet" in said
    assert "43 analyzed" in said
