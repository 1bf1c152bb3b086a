"""What the database itself refuses, whoever asks: changed or deleted facts, a second chain, a rating by another coder."""

from __future__ import annotations

# Facts about an assignment that only its own coder makes, and only before lock.
OWN = ("rating", "mark", "unmark", "memo")
OWN_ALWAYS = (*OWN, "lock", "play", "guess")
FROZEN = (*OWN, "lock", "reopen", "agreed", "import rating", "response", "paper")


def _words(kinds: tuple[str, ...]) -> str:
    return ", ".join(f"'{k}'" for k in kinds)


# Each rule: what is wrong with a new fact, as a condition on NEW, and what to say.
_NEW_FACT = (
    (
        "NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM store_fact)",
        "a fact has to be the next one",
    ),
    (
        "NEW.before <> coalesce((SELECT hash FROM store_fact WHERE seq = NEW.seq - 1), '')",
        "a fact has to follow the last one",
    ),
    (
        f"NEW.kind IN ({_words(OWN_ALWAYS)}) AND NOT EXISTS (SELECT 1 FROM store_assignment a JOIN store_account c "
        "ON c.id = a.coder_id WHERE a.id = NEW.assignment AND c.name = NEW.actor)",
        "an assignment belongs to its coder",
    ),
    (
        f"NEW.kind IN ({_words(OWN)}) AND (SELECT kind FROM store_fact WHERE assignment = NEW.assignment AND kind IN "
        "('lock', 'reopen') ORDER BY seq DESC LIMIT 1) = 'lock'",
        "this assignment is locked",
    ),
    (
        f"NEW.kind IN ({_words(FROZEN)}) AND (SELECT kind FROM store_fact WHERE kind IN ('data lock', 'data unlock') "
        "ORDER BY seq DESC LIMIT 1) = 'data lock'",
        "the data are locked",
    ),
)
_APPEND_ONLY = ("fact", "assignment", "importedfile")
# What vouches for facts or is vouched for by them: it stays, whatever else of its row changes.
_STAYS = (
    ("account", ("id", "name")),
    ("participant", ("id",)),
    ("session", ("id", "participant_id")),
    ("invitation", ("id", "form", "participant_id", "session_id", "occasion")),
)
_KEPT = ("participant", "session", "invitation")
_ERASURE = "EXISTS (SELECT 1 FROM store_fact WHERE kind = 'withdrawal' AND item = OLD.participant)"


def sqlite() -> list[str]:
    """Return the triggers for SQLite."""
    made = [
        f"CREATE TRIGGER store_{table}_no_{act} BEFORE {act} ON store_{table} BEGIN "
        f"SELECT RAISE(ABORT, 'store_{table} is append-only'); END"
        for table in _APPEND_ONLY
        for act in ("update", "delete")
    ]
    # INSERT OR REPLACE deletes without a DELETE trigger: a row that is there already has to be refused first.
    made += [
        f"CREATE TRIGGER store_{table}_no_replace BEFORE INSERT ON store_{table} "
        f"WHEN EXISTS (SELECT 1 FROM store_{table} WHERE id = NEW.id) BEGIN "
        f"SELECT RAISE(ABORT, 'store_{table} is append-only'); END"
        for table in ("assignment", "importedfile")
    ]
    for i, (wrong, message) in enumerate(_NEW_FACT):
        made.append(
            f"CREATE TRIGGER store_fact_rule_{i} BEFORE INSERT ON store_fact WHEN {wrong} BEGIN "
            f"SELECT RAISE(ABORT, '{message}'); END"
        )
    for table in ("erasable", "importedrow"):
        key = "fact" if table == "erasable" else "id"
        made += [
            f"CREATE TRIGGER store_{table}_no_update BEFORE UPDATE ON store_{table} BEGIN "
            f"SELECT RAISE(ABORT, 'store_{table} is append-only'); END",
            f"CREATE TRIGGER store_{table}_no_replace BEFORE INSERT ON store_{table} "
            f"WHEN EXISTS (SELECT 1 FROM store_{table} WHERE {key} = NEW.{key}) BEGIN "
            f"SELECT RAISE(ABORT, 'store_{table} is append-only'); END",
            f"CREATE TRIGGER store_{table}_erasure BEFORE DELETE ON store_{table} WHEN NOT {_ERASURE} BEGIN "
            f"SELECT RAISE(ABORT, 'store_{table} is erased only after a withdrawal'); END",
        ]
    for table, columns in _STAYS:
        changed = " OR ".join(f"OLD.{c} IS NOT NEW.{c}" for c in columns)
        made += [
            f"CREATE TRIGGER store_{table}_stays BEFORE UPDATE ON store_{table} WHEN {changed} BEGIN "
            f"SELECT RAISE(ABORT, 'store_{table}: {', '.join(columns)} stay as they are'); END",
        ]
    made += [
        f"CREATE TRIGGER store_{table}_no_delete BEFORE DELETE ON store_{table} BEGIN "
        f"SELECT RAISE(ABORT, 'store_{table}: nothing is deleted'); END"
        for table in _KEPT
    ]
    return made


def postgresql() -> list[str]:
    """Return the functions and triggers for PostgreSQL."""
    rules = "\n".join(f"IF {wrong} THEN RAISE EXCEPTION '{message}'; END IF;" for wrong, message in _NEW_FACT)
    made = [
        "CREATE FUNCTION store_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$",
        "CREATE FUNCTION store_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION '%: %', TG_TABLE_NAME, TG_ARGV[0]; END $$",
        f"CREATE FUNCTION store_new_fact() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {rules} RETURN NEW; END $$",
        f"CREATE FUNCTION store_erasure() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NOT {_ERASURE} THEN "
        "RAISE EXCEPTION '% is erased only after a withdrawal', TG_TABLE_NAME; END IF; RETURN OLD; END $$",
        "CREATE TRIGGER store_fact_rules BEFORE INSERT ON store_fact FOR EACH ROW EXECUTE FUNCTION store_new_fact()",
    ]
    for table in _APPEND_ONLY:
        made.append(
            f"CREATE TRIGGER store_{table}_append_only BEFORE UPDATE OR DELETE ON store_{table} "
            "FOR EACH ROW EXECUTE FUNCTION store_append_only()"
        )
    for table in ("erasable", "importedrow"):
        made += [
            f"CREATE TRIGGER store_{table}_append_only BEFORE UPDATE ON store_{table} "
            "FOR EACH ROW EXECUTE FUNCTION store_append_only()",
            f"CREATE TRIGGER store_{table}_erasure BEFORE DELETE ON store_{table} "
            "FOR EACH ROW EXECUTE FUNCTION store_erasure()",
        ]
    for table, columns in _STAYS:
        changed = " OR ".join(f"OLD.{c} IS DISTINCT FROM NEW.{c}" for c in columns)
        made += [
            f"CREATE TRIGGER store_{table}_stays BEFORE UPDATE ON store_{table} FOR EACH ROW WHEN ({changed}) "
            f"EXECUTE FUNCTION store_stays('{', '.join(columns)} stay as they are')",
        ]
    made += [
        f"CREATE TRIGGER store_{table}_no_delete BEFORE DELETE ON store_{table} FOR EACH ROW "
        "EXECUTE FUNCTION store_stays('nothing is deleted')"
        for table in _KEPT
    ]
    made += [
        f"CREATE TRIGGER store_{table}_no_truncate BEFORE TRUNCATE ON store_{table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION store_append_only()"
        for table in (*_APPEND_ONLY, "erasable", "importedrow")
    ]
    return made


def make(vendor: str) -> list[str]:
    """Return the statements for a database, ``sqlite`` or ``postgresql``."""
    return {"sqlite": sqlite, "postgresql": postgresql}[vendor]()
