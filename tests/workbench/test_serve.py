"""What is refused before a server listens; the server itself runs in the lane of the browser, which may use a port."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bordin.cli import main
from bordin.errors import BordinError, ProtocolError
from bordin.store.server_file import ServerFile, read_server_file
from bordin.workbench.server import (
    address_of,
    check_server,
    free_port,
    is_loopback,
    is_served,
    only_server,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture
def study(tmp_path) -> Path:
    folder = tmp_path / "study"
    shutil.copytree(
        ROOT / "examples" / "socialization", folder, ignore=shutil.ignore_patterns("reports", "workbench")
    )
    return folder


def server(**keys) -> ServerFile:
    return ServerFile.model_validate(keys)


def team_file(study: Path, text: str) -> None:
    (study / "workbench").mkdir(exist_ok=True)
    (study / "workbench" / "server.toml").write_text(text, encoding="utf-8")


HOST = {"hosts": ["coding.example.org"]}


def test_one_person_on_one_computer_needs_no_file(study):
    assert check_server(study, read_server_file(study)) is None
    assert address_of(server(), 8642) == "http://127.0.0.1:8642"


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"address": "0.0.0.0"}, "nothing encrypts what they are sent"),
        ({"address": "192.0.2.4"}, "nothing encrypts what they are sent"),
        ({"address": "::"}, "nothing encrypts what they are sent"),
        ({"address": "some.name"}, "nothing encrypts what they are sent"),
        (HOST, "nothing encrypts what goes there"),
        ({"behind_proxy": True}, "no hosts are named"),
        ({"certificate": "c.pem", **HOST}, "certificate and key belong together"),
        ({"key": "k.pem", "behind_proxy": True, **HOST}, "certificate and key belong together"),
        ({"certificate": "c.pem", "key": "k.pem", **HOST}, "there is no file 'c.pem'"),
    ],
)
def test_health_data_are_not_served_in_the_clear(study, keys, says):
    with pytest.raises(BordinError, match=says) as refused:
        check_server(study, server(**keys))
    assert all("server.toml" in str(p) for p in refused.value.problems)


@pytest.mark.parametrize(
    "keys",
    [
        {"behind_proxy": True, **HOST},
        {"behind_proxy": True, "address": "0.0.0.0", **HOST},
        {"certificate": "study.toml", "key": "study.toml", "address": "0.0.0.0", **HOST},
        {"address": "127.0.0.9"},
        {"address": "::1"},
        {"address": "localhost"},
    ],
)
def test_what_is_encrypted_or_stays_on_this_computer_is_served(study, keys):
    assert check_server(study, server(**keys)) is None


@pytest.mark.parametrize(
    ("keys", "address"),
    [
        ({"address": "::1"}, "http://[::1]:8642"),
        ({"behind_proxy": True, **HOST}, "https://coding.example.org"),
        ({"certificate": "c", "key": "k", **HOST}, "https://coding.example.org:8642"),
    ],
)
def test_the_address_is_the_one_that_people_open(keys, address):
    assert address_of(server(**keys), 8642) == address


def test_loopback():
    assert [
        is_loopback(a) for a in ("127.0.0.1", "::1", "[::1]", "localhost", "10.0.0.1", "0.0.0.0", "x")
    ] == [
        *[True] * 4,
        *[False] * 3,
    ]


def test_a_port_that_another_program_has_is_told_with_the_next_one():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen(1)
        taken = other.getsockname()[1]
        with pytest.raises(BordinError, match=f"port {taken} is in use.*--port {taken + 1}"):
            free_port("127.0.0.1", taken)
    assert free_port("127.0.0.1", taken) == taken
    assert 1024 <= free_port("127.0.0.1", 0) <= 65535


def test_an_address_that_is_not_this_computers_is_refused():
    with pytest.raises(BordinError, match=r"cannot listen on 192\.0\.2\.4"):
        free_port("192.0.2.4", 8642)


HOLDER = """
import sys
from pathlib import Path
from bordin.workbench.server import only_server
with only_server(Path(sys.argv[1]), "http://127.0.0.1:8642"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_server_on_the_same_study_is_refused_however_the_first_ends(study, capsys):
    assert not is_served(study)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(study)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout.readline() == "held\n"
        assert is_served(study)
        assert main(["serve", str(study), "--no-browser"]) == 2
        told = capsys.readouterr().err
        assert f"this study is served already at http://127.0.0.1:8642 (process {holder.pid})" in told
        assert "stop the other server first" in told
        holder.kill()
    assert not is_served(study), "a server that was killed holds nothing"
    with only_server(study, "here"):
        assert is_served(study)
    assert not is_served(study)
    assert ((study / "workbench").stat().st_mode & 0o777) == 0o700


def test_serve_says_what_is_wrong_with_the_study_first(study, capsys):
    protocol = study / "study.toml"
    protocol.write_text(protocol.read_text(encoding="utf-8") + "\nnonsense = 1\n", encoding="utf-8")
    assert main(["serve", str(study), "--no-browser"]) == 2
    assert "nonsense" in capsys.readouterr().err
    assert not (study / "workbench").exists(), "nothing was made"
    assert main(["serve", str(study / "nowhere")]) == 2


def test_serve_tells_every_fault_of_the_server_file(study, capsys):
    team_file(study, 'hosts = ["a.example.org"]\naddress = "0.0.0.0"\n')
    assert main(["serve", str(study)]) == 2
    told = capsys.readouterr().err
    assert "2 problems" in told
    assert told.count("workbench/server.toml") == 2


def test_a_database_that_does_not_answer_is_told(study):
    """In a process of its own: Django is set up there for a server, not for a test."""
    team_file(study, 'database = "postgresql:///none?host=/nowhere&user=nobody"\n')
    done = subprocess.run(
        [sys.executable, "-m", "bordin", "serve", str(study), "--no-browser", "--port", "0"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "the database: cannot be opened" in done.stderr


def test_a_key_file_that_is_not_there_stops_and_no_key_at_all_does_not(study, monkeypatch, tmp_path):
    from bordin.cli.serve import _vault
    from bordin.errors import TapeError
    from bordin.study.study import load_study
    from bordin.study.tapes import vault_folder
    from bordin.tapes.vault.locks import Passphrase
    from bordin.tapes.vault.opening import create_vault

    for name in ("BORDIN_PASSPHRASE", "BORDIN_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    loaded = load_study(study)
    assert _vault(loaded, None) == (None, "")
    create_vault(vault_folder(loaded), Passphrase("five slow rivers run"))
    vault, told = _vault(loaded, None)
    assert vault.locked
    assert told.startswith("The tapes stay locked, so nobody can hear them: the tapes are sealed")
    with pytest.raises(TapeError):
        _vault(loaded, tmp_path / "none.key")
    monkeypatch.setenv("BORDIN_PASSPHRASE", "five slow rivers run")
    vault, told = _vault(loaded, None)
    assert (vault.locked, told) == (False, "")
    monkeypatch.setenv("BORDIN_PASSPHRASE", "another one altogether")
    with pytest.raises(TapeError):
        _vault(loaded, None)


def test_a_server_file_that_cannot_be_read_is_told_with_its_line(study, capsys):
    team_file(study, 'language = "de"\nport = "many"\n')
    with pytest.raises(ProtocolError, match=r"workbench/server.toml:2, port"):
        read_server_file(study)
    assert main(["serve", str(study)]) == 2


def test_start_imports_nothing_that_only_statistics_or_reports_need():
    """What makes the first page wait: polars and scipy alone would take longer than all the rest."""
    code = (
        "import sys, tempfile, pathlib\n"
        "from bordin.workbench.site import site_settings\n"
        "from bordin.store.setup import setup\n"
        "from bordin.store.database import Database\n"
        "from bordin.store.server_file import ServerFile\n"
        "import bordin.cli.serve, bordin.workbench.server\n"
        "f = pathlib.Path(tempfile.mkdtemp())\n"
        "setup(Database(f'sqlite:{f}/x'), **site_settings(f, ServerFile.model_validate({})))\n"
        "import bordin.workbench.urls\n"
        "heavy = ('polars', 'scipy', 'openpyxl', 'pyreadstat', 'docx', 'typst', 'pandas', 'jinja2', 'av')\n"
        "print([m for m in heavy if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
