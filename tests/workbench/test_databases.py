"""The two databases that tests of the workbench run on, and that the tests' own cluster leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import postgres
from postgres import Cluster, NoPostgres, new_postgres_database

TESTS = Path(__file__).parents[1]

KILLED = """
import os, signal, sys
sys.path.append(sys.argv[1])
import postgres
found = postgres.start()
print(found.folder, flush=True)
with found.new_database():
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_each_test_has_an_empty_database_of_its_own(database_url: str) -> None:
    from django.db import connection

    from bordin.store.database import Database
    from bordin.store.setup import setup

    setup(Database(database_url))
    assert connection.vendor == database_url.partition(":")[0]
    assert connection.introspection.table_names() == []
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE left_behind (n integer)")
        cursor.execute("INSERT INTO left_behind VALUES (5)")
        cursor.execute("SELECT n FROM left_behind")
        assert cursor.fetchone() == (5,)
    connection.close()


def test_the_cluster_opens_no_port() -> None:
    import psycopg

    with new_postgres_database() as url, psycopg.connect(url) as connection:
        shown = {
            name: connection.execute(f"SHOW {name}").fetchone()[0]
            for name in ("listen_addresses", "server_encoding", "TimeZone")
        }
    shown.pop("TimeZone")
    assert shown == {
        "listen_addresses": "",
        "server_encoding": "UTF8",
    }
    found = postgres.cluster()
    assert isinstance(found, Cluster)
    assert found.folder.stat().st_mode & 0o077 == 0


def test_a_database_that_was_dropped_is_gone() -> None:
    import psycopg

    with new_postgres_database() as url:
        open_still = psycopg.connect(url)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)
    open_still.close()


def test_a_killed_run_leaves_no_server_and_no_folder() -> None:
    with new_postgres_database():
        pass
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(TESTS)], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    folder = Path(done.stdout.strip())
    assert folder.name.startswith("bordin-pg-")
    until = time.monotonic() + 20
    while folder.exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not folder.exists()
    held = [p for p in Path("/proc").glob("[0-9]*/cmdline") if str(folder) in _read(p)]
    assert held == []


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:
        return ""


def test_without_postgresql_it_says_so_aloud(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres.shutil, "which", lambda name: None)
    monkeypatch.setattr(postgres.Path, "glob", lambda self, pattern: iter(()))
    with pytest.raises(NoPostgres, match="apt-get install postgresql"):
        postgres.programs()
    monkeypatch.setattr(postgres, "cluster", lambda: NoPostgres("there is no PostgreSQL here."))
    monkeypatch.delenv("BORDIN_POSTGRES", raising=False)
    with pytest.raises(pytest.skip.Exception, match="NOT TESTED ON POSTGRESQL: there is no PostgreSQL here"):
        new_postgres_database().__enter__()
    monkeypatch.setenv("BORDIN_POSTGRES", "required")
    with pytest.raises(pytest.fail.Exception, match="NOT TESTED ON POSTGRESQL"):
        new_postgres_database().__enter__()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user")
def test_root_starts_it_as_another_user() -> None:
    with new_postgres_database():
        pass
    found = postgres.cluster()
    assert isinstance(found, Cluster)
    assert found.folder.owner() == "postgres"
