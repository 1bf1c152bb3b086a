"""A withdrawn consent: what can be erased is erased, what cannot is left out from then on, and both are named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from django.db import DatabaseError, connection

from bordin.errors import DataError, Problem, TapeError, nearest
from bordin.store.database import FOLDER
from bordin.store.exporting import OWN_EXPORT
from bordin.store.flat_parts import stored_files
from bordin.store.people import query
from bordin.store.record import NewFact, Transaction
from bordin.store.writer import write
from bordin.study.files import data_path
from bordin.study.study import Study
from bordin.study.tape_sound import KEPT
from bordin.tapes.vault.vault import Vault

Ratings = Literal["kept", "dropped"]
BACKUPS = "backups"
INCOMING = "incoming"


@dataclass(frozen=True)
class Traces:
    """What there is of a participant.

    Attributes
    ----------
    participant : str
    sessions : tuple of str
    texts : int
        Answers, notes, memos and comments.
    rows : tuple of (str, int)
        Rows of files that were read in, by the file's name.
    links : int
        Links to forms that are open.
    tapes : tuple of str
        Neutral names of tapes in the vault.
    ratings : int
        Ratings, of which the record keeps the numbers.
    exports : tuple of str
        Earlier exports that hold something of the participant, where they went and when.
    files : tuple of str
        Files in the study folder that hold the participant and that bordin does not change.
    backups : tuple of str
        Likewise.
    withdrawn : bool
        Consent was withdrawn before.
    """

    participant: str
    sessions: tuple[str, ...]
    texts: int
    rows: tuple[tuple[str, int], ...]
    links: int
    tapes: tuple[str, ...]
    ratings: int
    exports: tuple[str, ...]
    files: tuple[str, ...]
    backups: tuple[str, ...]
    withdrawn: bool


@dataclass(frozen=True)
class Withdrawn:
    """What was done.

    Attributes
    ----------
    gone : Traces
        What was erased, and what is left to be done by hand: exports, files and backups.
    scrubbed : bool
        Whether the freed pages of the database were overwritten; False while others read, and it is done
        at the next withdrawal or by ``bordin backup``.
    """

    gone: Traces
    scrubbed: bool


def traces(study: Study, participant: str, vault: Vault | None = None, *, quick: bool = False) -> Traces:
    """Say what there is of a participant, and what a withdrawal would not reach.

    Parameters
    ----------
    study : Study
    participant : str
    vault : Vault, optional
    quick : bool
        For a page: tapes that are known as those of other participants' sessions are not opened.

    Raises
    ------
    DataError
        When there is no such participant.
    """
    if not query("SELECT 1 FROM store_participant WHERE id = %s", [participant]):
        known = [r[0] for r in query("SELECT id FROM store_participant")]
        raise DataError(
            Problem(f"there is no participant {participant!r}.", hint=nearest(participant, known))
        )
    sessions = tuple(
        r[0]
        for r in query("SELECT id FROM store_session WHERE participant_id = %s ORDER BY id", [participant])
    )
    rows = query(
        "SELECT f.name, count(*) FROM store_importedrow r JOIN store_importedfile f ON f.id = r.file_id "
        "WHERE r.participant = %s GROUP BY f.name ORDER BY f.name",
        [participant],
    )
    ratings = query(
        "SELECT count(*) FROM store_fact WHERE kind IN ('rating', 'import rating', 'agreed') AND session IN "
        "(SELECT id FROM store_session WHERE participant_id = %s)",
        [participant],
    )
    texts = query("SELECT count(*) FROM store_erasable WHERE participant = %s", [participant])
    return Traces(
        participant=participant,
        sessions=sessions,
        texts=texts[0][0],
        rows=tuple((name, n) for name, n in rows),
        links=len(_open_links(query, participant)),
        tapes=_tapes(vault, participant, quick=quick),
        ratings=ratings[0][0],
        exports=_exports(participant),
        files=_files(study, {participant, *sessions}),
        backups=_backups(study),
        withdrawn=bool(
            query("SELECT 1 FROM store_fact WHERE kind = 'withdrawal' AND item = %s LIMIT 1", [participant])
        ),
    )


def _open_links(ask: Any, participant: str) -> list[str]:
    """Return the invitations that nobody answered and that were not taken back."""
    rows = ask(
        "SELECT i.id FROM store_invitation i WHERE i.participant_id = %s AND NOT EXISTS (SELECT 1 FROM store_fact f "
        "WHERE f.item = i.id AND (f.kind = 'response' OR (f.kind IN ('invitation ended', 'paper') AND f.seq > i.fact)))",
        [participant],
    )
    return [r[0] for r in rows]


def _tapes(vault: Vault | None, participant: str, *, quick: bool) -> tuple[str, ...]:
    """Return a participant's tapes; quickly, without those that are known as of others' sessions."""
    if vault is None:
        return ()
    if not quick:
        return tuple(t.id for t in vault.tapes([]) if t.participant == participant)
    others = query("SELECT tape FROM store_session WHERE tape <> '' AND participant_id <> %s", [participant])
    found = []
    for name in sorted(set(vault.names()) - {tape for (tape,) in others}):
        with suppress(TapeError):
            tape = vault.tape(name)
            found += [tape] if tape.participant == participant else []
    return tuple(t.id for t in sorted(found, key=lambda t: (t.session, t.id)))


def _exports(participant: str) -> tuple[str, ...]:
    """Name the exports that were made before the participant withdrew, but for the one in the workbench's folder."""
    found: dict[str, str] = {}
    for at, kind, item, detail in query(
        "SELECT at, kind, item, detail FROM store_fact WHERE kind IN ('export', 'withdrawal') ORDER BY seq"
    ):
        if kind == "withdrawal" and item == participant:
            break
        told = json.loads(detail or "{}")
        if kind == "export" and told.get("to") != f"{FOLDER}/{OWN_EXPORT}":
            found[str(told.get("to"))] = at[:10]
    return tuple(f"{to} ({on})" for to, on in found.items())


def _files(study: Study, words: set[str]) -> tuple[str, ...]:
    """Name the study's own data files that were read in and still hold one of the ids."""
    found = []
    marks = [w.encode() for w in words]
    for stored in stored_files().values():
        path = data_path(study.folder, stored.name)
        if path.is_file() and (path.suffix.lower() not in {".csv", ".tsv", ".txt"} or _holds(path, marks)):
            found.append(path.relative_to(study.folder).as_posix())
    return tuple(dict.fromkeys(found))


def _holds(path: Path, words: Sequence[bytes]) -> bool:
    data = path.read_bytes()
    return any(w in data for w in words)


def _backups(study: Study) -> tuple[str, ...]:
    folder = study.folder / FOLDER / BACKUPS
    return tuple(f"{FOLDER}/{BACKUPS}/{p.name}" for p in sorted(folder.iterdir())) if folder.is_dir() else ()


def withdraw(
    study: Study,
    participant: str,
    actor: str,
    ratings: Ratings = "kept",
    vault: Vault | None = None,
    reason: str = "consent withdrawn",
) -> Withdrawn:
    """Withdraw a participant's consent.

    Parameters
    ----------
    study : Study
    participant : str
    actor : str
        Neutral name of the account.
    ratings : str
        ``kept``: numbers that coders gave still count in their reliability; ``dropped``: not even there. In no
        case are they exported or analyzed.
    vault : Vault, optional
        The study's tapes; it may be locked.
    reason : str

    Returns
    -------
    Withdrawn

    Raises
    ------
    DataError
        When there is no such participant, or ``ratings`` is neither word.
    TapeError
        When a tape cannot be destroyed now; call it again.

    Notes
    -----
    The fact comes first, since the database lets nothing be erased without it. Called again it goes on where it
    was interrupted.
    """
    if ratings not in {"kept", "dropped"}:
        raise DataError(Problem(f"ratings: {ratings!r} is neither kept nor dropped."))
    before = traces(study, participant, vault)
    write(lambda t: _erase(t, before, actor, ratings, reason))
    if vault is not None and (before.tapes or any(s.participant == participant for s in vault.tombstones())):
        vault.forget(participant=participant, reason=reason)
    # What a server keeps of transcripts and waveforms in its memory goes too.
    KEPT.clear()
    for name in (OWN_EXPORT, INCOMING):
        shutil.rmtree(study.folder / FOLDER / name, ignore_errors=True)
    return Withdrawn(before, scrub())


def _erase(t: Transaction, gone: Traces, actor: str, ratings: Ratings, reason: str) -> None:
    """Write the fact, end what is open, and erase what was kept beside the chain."""
    who = [gone.participant]
    held = t.rows(
        "SELECT detail FROM store_fact WHERE kind = 'withdrawal' AND item = %s ORDER BY seq DESC LIMIT 1", who
    )
    if not held or json.loads(held[0][0])["ratings"] != ratings:
        detail = {"ratings": ratings, "tapes": len(gone.tapes), "texts": gone.texts, "why": reason}
        t.add(NewFact("withdrawal", actor, item=gone.participant, detail=detail))
    t.add_all(NewFact("invitation ended", actor, item=i) for i in _open_links(t.rows, gone.participant))
    t.cursor.execute("DELETE FROM store_erasable WHERE participant = %s", who)
    t.cursor.execute("DELETE FROM store_importedrow WHERE participant = %s", who)
    t.cursor.execute("UPDATE store_participant SET arm = NULL, therapist = NULL WHERE id = %s", who)
    t.cursor.execute(
        "UPDATE store_session SET tape = '', has_tape = FALSE, number = NULL WHERE participant_id = %s", who
    )


def scrub() -> bool:
    """Overwrite what was freed in the database, and empty its log; return False while others hold it open."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for table in ("store_erasable", "store_importedrow"):
                cursor.execute(f"VACUUM FULL {table}")
            return True
        try:
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return bool(cursor.fetchone()[0] == 0)
        except DatabaseError:
            return False
