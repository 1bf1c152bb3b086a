"""Make small studies with a record, for tests of the store and the workbench."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "socialization"
PASSWORD = "quiet-orchard-lantern"


@dataclass
class Small:
    """A study with six sessions, a lead, two coders (Alder, Birch), a data manager and a reader."""

    folder: Path
    application: object
    assignments: dict[tuple[str, str], str] = field(default_factory=dict)  # (coder, session) -> assignment id

    def client(self, name: str | None = None):
        """Return a Django test client, logged in as the account called `name`."""
        from django.test import Client

        from bordin.store.tables import Account

        client = Client(HTTP_HOST="127.0.0.1")
        if name is not None:
            client.force_login(
                Account.objects.get(name=name), backend="django.contrib.auth.backends.ModelBackend"
            )
        return client


@cache
def _hashed() -> str:
    from django.contrib.auth.hashers import make_password

    return make_password(PASSWORD)


@cache
def _template() -> Path:
    """Make an empty record once a process: tables take a third of a second, a copy a few milliseconds."""
    from bordin.store.database import Database
    from bordin.store.opening import bring_up_to_date
    from bordin.store.setup import setup

    folder = tempfile.mkdtemp(prefix="bordin-empty-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    database = Database(f"sqlite:{folder}/record.sqlite3")
    setup(database)
    bring_up_to_date(database, make=True)
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return Path(folder) / "record.sqlite3"


def _empty_record(target: Path) -> None:
    from django.conf import settings

    # The first study of a process switches Django on, with all settings of the site.
    if settings.configured and not target.exists():
        target.parent.mkdir(mode=0o700, exist_ok=True)
        shutil.copy(_template(), target)


@cache
def _template_database(admin: str) -> str:
    """Make an empty record in PostgreSQL once a process, to copy databases from."""
    import psycopg
    from django.db import connection

    from bordin.store.database import Database
    from bordin.store.opening import bring_up_to_date
    from bordin.store.setup import setup

    with psycopg.connect(admin, autocommit=True) as server:
        server.execute("DROP DATABASE IF EXISTS bordin_template")
        server.execute("CREATE DATABASE bordin_template")
    database = Database(admin.replace("/postgres?", "/bordin_template?", 1))
    setup(database)
    bring_up_to_date(database, make=True)
    connection.close()
    return "bordin_template"


def _empty_database(url: str) -> None:
    """Put tables into an empty database by copying them."""
    import psycopg
    from django.conf import settings

    name = urlsplit(url).path.lstrip("/")
    admin = url.replace(f"/{name}?", "/postgres?", 1)
    if not settings.configured:
        return
    with psycopg.connect(url) as asked:
        if asked.execute("SELECT 1 FROM pg_tables WHERE schemaname = 'public'").fetchone():
            return
    template = _template_database(admin)
    with psycopg.connect(admin, autocommit=True) as server:
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')


def small(folder: Path, url: str = "sqlite", *, sessions: int = 6, both: bool = True) -> Small:
    """Copy the example study, open its workbench on an empty database, and put people and assignments in.

    `url` is ``sqlite`` or a PostgreSQL address of an empty database.
    """
    study = folder / "study"
    if not study.exists():
        shutil.copytree(EXAMPLE, study, ignore=shutil.ignore_patterns("reports", "workbench", "tapes"))
    if url != "sqlite":
        (study / "workbench").mkdir(exist_ok=True)
        (study / "workbench" / "server.toml").write_text(f'database = "{url}"\n')
    from bordin.workbench.site import open_site

    if url == "sqlite" or url.startswith("sqlite:"):
        _empty_record(study / "workbench" / "record.sqlite3" if url == "sqlite" else Path(url[7:]))
    else:
        _empty_database(url)
    made = Small(study, open_site(study))
    from bordin.store.allocations import Issue, issue
    from bordin.store.tables import Account, Participant, Session
    from bordin.store.writer import write

    arms = ("pragmatic rehabilitation", "supportive listening")
    for i in range(1, sessions + 1):
        person = Participant.objects.create(id=f"P{i:03d}", arm=arms[i % 2], therapist=f"T{i % 3 + 1}")
        Session.objects.create(id=f"S{i:03d}", participant=person, number=i, minutes=50.0, has_tape=True)
    for name, role in (
        ("Lead", "lead"),
        ("Alder", "coder"),
        ("Birch", "coder"),
        ("Dana", "data manager"),
        ("Rowan", "reader"),
    ):
        account = Account(username=name.lower(), name=name, role=role)
        account.password = _hashed() if name == "Lead" else "!"
        account.save()
    issues = []
    for c, coder in enumerate(("Alder", "Birch") if both else ("Alder",)):
        account = Account.objects.get(name=coder)
        for i in range(1, sessions + 1):
            name = f"{coder[0].lower()}xxxxxx{i:03d}"
            made.assignments[coder, f"S{i:03d}"] = name
            position = i if c == 0 else sessions + 1 - i
            issues.append(Issue(name, account.id, f"S{i:03d}", "socialization", f"Tape {100 + i}", position))
    write(lambda t: issue(t, "Lead", issues, {"seed": 1}))
    return made


def rate(small: Small, coder: str, session: str, values: dict[str, float], *, lock: bool = True) -> None:
    """Give a coder's ratings by the store itself, dimension to value, and lock them."""
    from bordin.store.record import NewFact
    from bordin.store.writer import add

    assignment = small.assignments[coder, session]
    facts = [
        NewFact(
            "rating",
            coder,
            assignment=assignment,
            session=session,
            coder=coder,
            item=f"socialization.{d}",
            value=v,
        )
        for d, v in values.items()
    ]
    if lock:
        facts.append(NewFact("lock", coder, assignment=assignment, session=session, coder=coder))
    add(*facts)


DIMENSIONS = (
    "concordance",
    "resistance",
    "understanding",
    "active_plans",
    "evidence_congruent",
    "evidence_incongruent",
    "avoidance",
)
