"""A PostgreSQL of the tests' own: a cluster in a temporary folder, reached by a Unix socket and by nothing else.

It is started when the first test asks for it, and stops with the process that started it, be that killed.
A conftest that wants the fixtures imports them::

    sys.path.append(str(Path(__file__).parents[1]))
    from postgres import database_url
"""

from __future__ import annotations

import atexit
import os
import pwd
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

OWNER = "bordin"
# Nobody but the owner of the folder comes near the socket, so no password is asked for.
_INITDB = ("--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions")
WAIT_SECONDS = 60.0

# Reads until the tests are gone, in whatever way, then stops the server and removes the folder.
_KEEPER = """
"$1" -D "$2/data" >>"$2/log" 2>&1 &
server=$!
cat >/dev/null
kill -INT $server 2>/dev/null
wait $server
rm -rf "$2"
"""


class NoPostgres(Exception):
    """There is no PostgreSQL here, or it cannot be started; the message says what to do."""


@dataclass(frozen=True)
class Cluster:
    """A running cluster.

    Attributes
    ----------
    folder : Path
        Holds the data, the socket and the log.
    port : int
        Only a part of the socket's name: no port is opened.
    version : str
        For example ``"15.14"``.
    """

    folder: Path
    port: int
    version: str
    _keeper: subprocess.Popen[bytes] = field(repr=False)

    def url(self, database: str) -> str:
        """Return the address of a database."""
        return f"postgresql:///{database}?host={self.folder}&port={self.port}&user={OWNER}"

    @contextmanager
    def new_database(self, name: str = "bordin_test") -> Iterator[str]:
        """Make an empty database, yield its address, and drop it with all connections to it."""
        import psycopg

        name = f"{name}_{secrets.token_hex(4)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield self.url(name)
        finally:
            with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
                connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def stop(self) -> None:
        """Stop the server and remove its folder; at the end of the process this happens by itself."""
        if self._keeper.stdin is not None and not self._keeper.stdin.closed:
            self._keeper.stdin.close()
        self._keeper.wait(WAIT_SECONDS)


def programs() -> Path:
    """Return the folder with ``initdb`` and ``postgres``, of the newest version there is."""
    found = [Path(p).resolve().parent for p in [shutil.which("initdb")] if p]
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    found += [p.parent for p in versions[::-1]]
    for folder in found:
        if (folder / "postgres").is_file():
            return folder
    raise NoPostgres("there is no PostgreSQL here. Next: apt-get install postgresql")


def _as_whom() -> dict[str, Any]:
    """Return how a program is started that refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    try:
        owner = pwd.getpwnam("postgres")
    except KeyError:
        raise NoPostgres("there is no user postgres, and PostgreSQL does not run as root.") from None
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


def start() -> Cluster:
    """Start a cluster of one's own.

    Raises
    ------
    NoPostgres
        When there is none, or it does not start.
    """
    try:
        import psycopg  # noqa: F401
    except ImportError:
        raise NoPostgres("there is no psycopg here. Next: make setup") from None
    bin_folder, whom = programs(), _as_whom()
    # Short, since the name of a socket may have about 100 letters.
    folder = Path(tempfile.mkdtemp(prefix="bordin-pg-"))
    if whom:
        os.chown(folder, whom["user"], whom["group"])
    port = secrets.randbelow(20_000) + 40_000
    try:
        _make(bin_folder, folder, port, whom)
        keeper = subprocess.Popen(
            ["/bin/sh", "-c", _KEEPER, "sh", str(bin_folder / "postgres"), str(folder)],
            stdin=subprocess.PIPE,
            cwd=folder,
            start_new_session=True,
            **whom,
        )
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    version = re.search(r"[\d.]+", _run([str(bin_folder / "postgres"), "--version"], {}))
    cluster = Cluster(folder, port, version[0] if version else "", keeper)
    atexit.register(cluster.stop)
    _await(cluster)
    return cluster


def _make(bin_folder: Path, folder: Path, port: int, whom: dict[str, Any]) -> None:
    _run(
        [str(bin_folder / "initdb"), "-D", f"{folder}/data", "-U", OWNER, *_INITDB],
        {"cwd": folder, **whom},
    )
    with (folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write(
            f"listen_addresses = ''\nunix_socket_directories = '{folder}'\nport = {port}\n"
            # Hundreds of small databases; what a kill must not lose, benchmarks/workbench.py tests on a real server.
            "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nmax_connections = 120\nshared_buffers = 64MB\n"
        )


def _run(command: list[str], how: dict[str, Any]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **how)
    if done.returncode:
        raise NoPostgres(f"{Path(command[0]).name} failed: {done.stderr.strip()[-600:]}")
    return done.stdout


def _await(cluster: Cluster) -> None:
    name = f"{cluster.folder}/.s.PGSQL.{cluster.port}"
    until = time.monotonic() + WAIT_SECONDS
    while cluster._keeper.poll() is None and time.monotonic() < until:
        with socket.socket(socket.AF_UNIX) as tried:
            if tried.connect_ex(name) == 0 and _answers(cluster):
                return
        time.sleep(0.02)
    log = cluster.folder / "log"
    told = log.read_text(encoding="utf-8", errors="replace")[-600:] if log.exists() else ""
    cluster.stop()
    raise NoPostgres(f"PostgreSQL did not start: {told.strip()}")


def _answers(cluster: Cluster) -> bool:
    import psycopg

    try:
        psycopg.connect(cluster.url("postgres")).close()
    except psycopg.OperationalError:
        return False
    return True


@cache
def cluster() -> Cluster | NoPostgres:
    """Return the one cluster of this process, started when it is first asked for; or why there is none."""
    try:
        return start()
    except NoPostgres as error:
        return error


@contextmanager
def new_postgres_database() -> Iterator[str]:
    """Yield the address of an empty database; skip, or fail where ``BORDIN_POSTGRES=required``, without one."""
    found = cluster()
    if isinstance(found, NoPostgres):
        if os.environ.get("BORDIN_POSTGRES") == "required":
            pytest.fail(f"NOT TESTED ON POSTGRESQL: {found}")
        pytest.skip(f"NOT TESTED ON POSTGRESQL: {found}")
    with found.new_database() as url:
        yield url


@contextmanager
def new_database(kind: str, folder: Path) -> Iterator[str]:
    """Yield the address of an empty database.

    Parameters
    ----------
    kind : str
        ``"sqlite"`` or ``"postgresql"``.
    folder : Path
        Where the file of SQLite will stand.
    """
    if kind == "sqlite":
        yield f"sqlite:{folder / 'record.sqlite3'}"
        return
    with new_postgres_database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Yield the address of an empty database, once for each kind."""
    with new_database(request.param, tmp_path) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def module_database_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Yield the address of a database that all tests of a module share."""
    with new_database(request.param, tmp_path_factory.mktemp("database")) as url:
        yield url
