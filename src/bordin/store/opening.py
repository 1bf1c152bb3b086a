"""Open the record of a study: make it, migrate it after a backup, or refuse an old one and name the command."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from bordin import __version__
from bordin.errors import BordinError, Problem
from bordin.store.backup import copy_database
from bordin.store.database import Database, beside, private_folder
from bordin.store.record import NewFact
from bordin.store.server_file import read_server_file
from bordin.store.setup import setup
from bordin.store.writer import write


def study_database(study: Path) -> Database:
    """Return the database of a study folder: the one its server file names, or the file beside it."""
    named = read_server_file(study).database
    return Database(named) if named else beside(study)


def open_record(study: Path, *, make: bool = False, **settings: Any) -> None:
    """Open the record of a study for this process.

    Parameters
    ----------
    study : Path
        The study folder.
    make : bool
        Make the record when there is none.
    **settings
        Further Django settings, of the workbench.

    Raises
    ------
    BordinError
        When there is no record, it lies on a network share, cannot be reached, or a team's record is of an older
        version.
    """
    study = study.parent if study.name == "study.toml" else study
    database = study_database(study)
    if database.file is not None:
        if not database.file.exists() and not make:
            raise BordinError(
                Problem("this study has no workbench yet.", str(study), hint=f"Next: bordin serve {study}")
            )
        private_folder(study)
    setup(database, **settings)
    bring_up_to_date(database, make=make)


def bring_up_to_date(database: Database, *, make: bool = False) -> None:
    """Migrate a file of one's own, after a backup; refuse an old record on a team's server.

    Parameters
    ----------
    database : Database
    make : bool
        An empty database is filled.

    Raises
    ------
    BordinError
    """
    _check_reachable(database)
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not plan:
        return
    new = not executor.loader.applied_migrations
    if new and not make:
        raise BordinError(
            Problem("the database holds no record yet.", hint="Next: bordin serve STUDY makes it.")
        )
    if not new:
        if database.file is None:
            raise BordinError(
                Problem(
                    "the record in the database is of an older version of bordin.",
                    hint="Stop the server, back the database up, then: bordin backup STUDY --migrate",
                )
            )
        copy_database(
            database.file.parent / "backups" / f"before-{__version__}-{secrets.token_hex(3)}.sqlite3"
        )
    migrate()


def migrate() -> None:
    """Bring the tables up to date, and begin the chain of a new record."""
    call_command("migrate", verbosity=0, interactive=False)

    def begin(t: Any) -> None:
        if t.head[0] == 0:
            t.add(NewFact("begin", "bordin", detail={"bordin": __version__, "nonce": secrets.token_hex(16)}))

    write(begin)


def _check_reachable(database: Database) -> None:
    from django.db.utils import OperationalError

    try:
        connection.ensure_connection()
    except OperationalError as error:
        place = str(database.file) if database.file is not None else "the database"
        said = str(error).strip().splitlines()[0]
        raise BordinError(
            Problem(f"cannot be opened: {said}.", place, hint="Check the setting and that the server runs.")
        ) from None
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA journal_mode")
            mode = cursor.fetchone()[0]
        if mode != "wal":
            raise BordinError(
                Problem(
                    f"this disk does not let the database keep a write-ahead log (it answers {mode!r}).",
                    str(database.file),
                    hint="Move the study to a disk of this computer, or use PostgreSQL.",
                )
            )
