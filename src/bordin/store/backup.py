"""Copies of a record while it is in use, and a portable one that either database takes back.

A backup is a zip: ``backup.json`` says what is in it, ``tables/NAME.jsonl`` holds a row a line, ``tapes/`` the sealed
tapes where they were asked for. Keys that sign cookies and links for a first login are not in it.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from bordin import __version__
from bordin.errors import BordinError, DataError, Problem
from bordin.store.bulk import expect_many
from bordin.store.database import FOLDER, private_folder
from bordin.store.record import NewFact
from bordin.store.verify import verify
from bordin.store.writer import add
from bordin.study.study import Study
from bordin.tapes.vault.vault import FOLDER as TAPES

FORMAT = 1
MANIFEST = "backup.json"
BACKUPS = "backups"
SUFFIX = ".bordin-backup.zip"
BLOCK = 5_000
# Parents before children, and the facts behind the assignments that their triggers ask for.
TABLES: Mapping[str, str] = {
    "store_account": "id",
    "store_participant": "id",
    "store_session": "id",
    "store_assignment": "id",
    "store_fact": "seq",
    "store_erasable": "fact",
    "store_importedfile": "id",
    "store_importedrow": "id",
    "store_invitation": "id",
    "otp_totp_totpdevice": "id",
}
# Whose numbers the database hands out itself.
NUMBERED = ("store_account", "store_importedfile", "store_importedrow", "otp_totp_totpdevice")


def copy_database(target: Path) -> Path:
    """Copy the SQLite record that is open to a new file, while others write.

    Parameters
    ----------
    target : Path
        Must not exist; appears whole or not at all.

    Returns
    -------
    Path
    """
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)
    connection.ensure_connection()
    copy = sqlite3.connect(part)
    try:
        connection.connection.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
    finally:
        copy.close()
    os.chmod(part, 0o600)
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    part.rename(target)
    return target


@dataclass(frozen=True)
class Backup:
    """A backup that was made.

    Attributes
    ----------
    file : Path
    facts : int
    head : str
        Hash of the last fact in it.
    tapes : int
        Sealed tapes in it.
    bytes : int
    """

    file: Path
    facts: int
    head: str
    tapes: int
    bytes: int


def usual_backup(study: Path) -> Path:
    """Return where a backup goes when nobody says."""
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%S")
    return private_folder(study) / BACKUPS / f"{moment}-{secrets.token_hex(2)}{SUFFIX}"


def back_up(study: Study, actor: str, target: Path | None = None, *, tapes: bool = False) -> Backup:
    """Write a backup while others go on working.

    Parameters
    ----------
    study : Study
    actor : str
        Neutral name of the account.
    target : Path, optional
        Must not exist; appears whole or not at all. In ``workbench/backups/`` when absent.
    tapes : bool
        Put the sealed tapes in, with their wrapped keys; the passphrase is not in it.

    Returns
    -------
    Backup
    """
    target = target or usual_backup(study.folder)
    if target.exists():
        raise DataError(Problem("there is a file of this name already.", str(target), hint="Name another."))
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = target.with_name(f".{secrets.token_hex(4)}.{target.name}")
    try:
        with zipfile.ZipFile(part, "x", zipfile.ZIP_DEFLATED) as archive, _snapshot() as held:
            os.chmod(part, 0o600)
            manifest = _dump(held, archive)
            manifest |= {"study": study.protocol.study.title, "protocol_sha256": study.sha256}
            manifest["tapes"] = _add_tapes(study.folder / TAPES, archive) if tapes else 0
            archive.writestr(MANIFEST, json.dumps(manifest, indent=2) + "\n")
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)
    made = Backup(target, manifest["facts"], manifest["head"], manifest["tapes"], target.stat().st_size)
    add(NewFact("backup", actor, detail={"file": target.name, "head": made.head, "facts": made.facts}))
    return made


@contextmanager
def _snapshot() -> Iterator[BaseDatabaseWrapper]:
    """Give a connection whose tables stand still while they are read; nobody waits for it."""
    if connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield connection
        return
    with tempfile.TemporaryDirectory(prefix="bordin-backup-") as folder:
        file = copy_database(Path(folder) / "record.sqlite3")
        settings = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(file)}
        connections.databases["copy"] = connections.configure_settings({"default": {}, "copy": settings})[
            "copy"
        ]
        try:
            yield connections["copy"]
        finally:
            connections["copy"].close()
            del connections["copy"], connections.databases["copy"]


def _dump(held: BaseDatabaseWrapper, archive: zipfile.ZipFile) -> dict[str, Any]:
    tables = {}
    last: dict[str, Any] = {}
    for table, key in TABLES.items():
        with archive.open(f"tables/{table}.jsonl", "w", force_zip64=True) as file:
            digest, count = hashlib.sha256(), 0
            for row in _rows(held, table, key):
                line = (json.dumps(row, ensure_ascii=False) + "\n").encode()
                digest.update(line)
                file.write(line)
                count, last[table] = count + 1, row
        tables[table] = {"rows": count, "sha256": digest.hexdigest()}
    with held.cursor() as cursor:
        cursor.execute("SELECT name FROM django_migrations WHERE app = 'store' ORDER BY id")
        migrations = [r[0] for r in cursor.fetchall()]
    return {
        "format": FORMAT,
        "bordin": __version__,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "migrations": migrations,
        "facts": tables["store_fact"]["rows"],
        "head": last["store_fact"]["hash"],
        "tables": tables,
    }


def _rows(held: BaseDatabaseWrapper, table: str, key: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table by its key, block after block."""
    quote = held.ops.quote_name
    last: list[Any] = []
    while True:
        where = f"WHERE {quote(key)} > %s" if last else ""
        with held.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {quote(table)} {where} ORDER BY {quote(key)} LIMIT {BLOCK}", last)
            names = [c[0] for c in cursor.description]
            block = cursor.fetchall()
        for row in block:
            yield {n: _plain(v) for n, v in zip(names, row, strict=True)}
        if len(block) < BLOCK:
            return
        last = [block[-1][names.index(key)]]


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it; a time in UTC."""
    if isinstance(value, datetime):
        moment = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        return {"time": moment.astimezone(UTC).isoformat()}
    return value


def _add_tapes(vault: Path, archive: zipfile.ZipFile) -> int:
    """Put the files of the vault in as they are: sealed, and not packed tighter than they are."""
    if not (vault / "vault.json").is_file():
        return 0
    names = set()
    for path in sorted(vault.rglob("*")):
        inner = path.relative_to(vault)
        if path.is_file() and not path.is_symlink() and not any(p.startswith(".") for p in inner.parts):
            archive.write(path, f"{TAPES}/{inner.as_posix()}", zipfile.ZIP_STORED)
            if path.name == "tape.json":
                names.add(inner.parts[0])
    return len(names)


def restore(
    study: Path, file: Path, open_empty: Callable[[], None], tell: Callable[[str], None] = lambda _: None
) -> Backup:
    """Put a backup into an empty database, and verify it.

    Parameters
    ----------
    study : Path
        The study folder.
    file : Path
        The backup.
    open_empty : callable
        Switches Django on for the study's database.
    tell : callable, optional
        Called with what is done.

    Returns
    -------
    Backup

    Raises
    ------
    DataError
        When the file is no backup or damaged, the database or the folder of tapes is not empty, or the backup is of
        a newer bordin.
    """
    with _archive(file) as archive:
        manifest = _manifest(file, archive)
        tapes = [n for n in archive.namelist() if n.startswith(f"{TAPES}/")]
        if tapes and (study / TAPES).exists():
            raise DataError(
                Problem(
                    "the study has tapes already.", str(study / TAPES), hint="Move that folder away first."
                )
            )
        open_empty()
        _refuse_full()
        tell("making the tables")
        _migrate_to(manifest["migrations"])
        with transaction.atomic():
            with connection.cursor() as cursor:
                expect_many(cursor)
            for table, about in manifest["tables"].items():
                tell(f"reading {table}")
                _load(archive, table, about)
            _reset_numbers()
        call_command("migrate", verbosity=0, interactive=False)
        _unpack(archive, tapes, study)
    tell("verifying")
    found = verify(manifest["head"])
    if not found.whole or (found.facts, found.head) != (manifest["facts"], manifest["head"]):
        what = "; ".join(found.faults) or "the head is another one"
        raise DataError(Problem(f"the restored record does not verify: {what}.", hint="Use another backup."))
    return Backup(file, found.facts, found.head, manifest["tapes"], file.stat().st_size)


def _archive(file: Path) -> AbstractContextManager[zipfile.ZipFile]:
    try:
        return zipfile.ZipFile(file)
    except FileNotFoundError:
        raise DataError(Problem("there is no such file.", str(file), hint="Name the backup.")) from None
    except (zipfile.BadZipFile, OSError) as error:
        hint = "Copy it again, or use another backup."
        raise DataError(
            Problem(f"this is no backup that can be read ({error}).", str(file), hint=hint)
        ) from None


def _manifest(file: Path, archive: zipfile.ZipFile) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads(archive.read(MANIFEST))
        if manifest["format"] != FORMAT:
            raise DataError(
                Problem("this backup is of a newer bordin.", str(file), hint="Install that version first.")
            )
        _ = manifest["tables"], manifest["migrations"], manifest["head"], manifest["facts"], manifest["tapes"]
    except (KeyError, ValueError, TypeError) as error:
        raise DataError(Problem(f"this is no backup of bordin ({error}).", str(file))) from None
    unknown = manifest["tables"].keys() - TABLES.keys()
    if unknown:
        raise DataError(Problem(f"the table {min(unknown)} is not known.", str(file), hint="Update bordin."))
    return manifest


def _refuse_full() -> None:
    if "store_fact" in connection.introspection.table_names():
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM store_fact")
            if cursor.fetchone()[0]:
                raise DataError(
                    Problem(
                        "this study has a record already, and a backup never replaces one.",
                        hint="Restore into another study folder, or name an empty database in workbench/server.toml.",
                    )
                )


def _migrate_to(migrations: Sequence[str]) -> None:
    from django.db.migrations.loader import MigrationLoader

    known = {name for app, name in MigrationLoader(connection).disk_migrations if app == "store"}
    if not migrations or migrations[-1] not in known:
        raise DataError(
            Problem("this backup is of a newer bordin.", hint="Update bordin, then restore again.")
        )
    for app in ("contenttypes", "auth", "sessions", "otp_totp", "axes"):
        call_command("migrate", app, verbosity=0, interactive=False)
    call_command("migrate", "store", migrations[-1], verbosity=0, interactive=False)


def _load(archive: zipfile.ZipFile, table: str, about: Mapping[str, Any]) -> None:
    digest, count = hashlib.sha256(), 0
    quote = connection.ops.quote_name
    with archive.open(f"tables/{table}.jsonl") as file, connection.cursor() as cursor:
        while block := list(islice(file, BLOCK)):
            rows = []
            for line in block:
                digest.update(line)
                rows.append(json.loads(line))
            names = list(rows[0])
            sql = (
                f"INSERT INTO {quote(table)} ({', '.join(map(quote, names))}) "
                f"VALUES ({', '.join(['%s'] * len(names))})"
            )
            cursor.executemany(sql, [[_stored(row[n]) for n in names] for row in rows])
            count += len(rows)
    if (count, digest.hexdigest()) != (about["rows"], about["sha256"]):
        raise DataError(Problem(f"the table {table} is damaged in this backup.", hint="Use another backup."))


def _stored(value: Any) -> Any:
    if isinstance(value, dict):
        return connection.ops.adapt_datetimefield_value(datetime.fromisoformat(value["time"]))
    return value


def _reset_numbers() -> None:
    """Let the database hand out numbers above those that came in."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for table in NUMBERED:
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), coalesce(max(id), 0) + 1, false) FROM {table}"
            )


def _unpack(archive: zipfile.ZipFile, names: Sequence[str], study: Path) -> None:
    """Put the tapes in place, as a whole."""
    if not names:
        return
    part = study / FOLDER / f".{secrets.token_hex(4)}.tapes"
    try:
        for name in names:
            if ".." in Path(name).parts or Path(name).is_absolute():
                raise BordinError(
                    Problem(f"{name!r} leads out of the study.", hint="This is no backup of bordin.")
                )
            archive.extract(name, part)
        for path in part.rglob("*"):
            path.chmod(0o700 if path.is_dir() else 0o600)
        (part / TAPES).rename(study / TAPES)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def open_old(study: Path, database: Any, setup: Callable[[Any], None]) -> None:
    """Open a team's record of an older version, to be backed up before it is brought up to date.

    Raises
    ------
    DataError
        When there is no record.
    """
    private_folder(study)
    setup(database)
    if "store_fact" not in connection.introspection.table_names():
        raise DataError(Problem("there is no record to back up.", hint=f"Next: bordin serve {study}"))
