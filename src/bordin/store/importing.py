"""Flat files into the record: all of them or, when one cell is at fault, nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from bordin.errors import DataError, Problem
from bordin.missing import Missing
from bordin.store.bulk import expect_many, insert_many, look_again
from bordin.store.examining import Examined, NewRating, NewRows, examine, texts_of
from bordin.store.flat_parts import encode
from bordin.store.people import link_tapes
from bordin.store.record import NewFact, Transaction
from bordin.store.writer import write
from bordin.study.records import Records
from bordin.study.study import Study
from bordin.tapes.vault.vault import Vault

__all__ = ["Examined", "Imported", "examine", "import_study", "keep", "tapes_of"]

BLOCK = 5_000
_json = json.JSONEncoder(ensure_ascii=False).encode


@dataclass(frozen=True)
class Imported:
    """What was kept.

    Attributes
    ----------
    files : tuple of NewRows
        Files that brought something new.
    rows, ratings, participants, sessions, tapes : int
        How many are new.
    notes : tuple of str
    """

    files: tuple[NewRows, ...]
    rows: int
    ratings: int
    participants: int
    sessions: int
    tapes: int
    notes: tuple[str, ...] = ()


def import_study(
    study: Study,
    actor: str,
    files: Mapping[str, Path] | None = None,
    *,
    vault: Vault | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Imported:
    """Read files into the record.

    Parameters
    ----------
    study : Study
    actor : str
        Neutral name of the account.
    files : mapping of str to Path, optional
        By part; the study's own files when absent.
    vault : Vault, optional
        Says which session has a tape; it may be locked.
    tell : callable, optional
        Called with the name of each file as it is read.

    Returns
    -------
    Imported

    Raises
    ------
    DataError
        With every fault of every file; nothing is kept then.
    """
    return keep(examine(study, files, tell), actor, vault)


def keep(examined: Examined, actor: str, vault: Vault | None = None) -> Imported:
    """Write what :func:`examine` found into the record, in one transaction.

    Raises
    ------
    DataError
        When there were faults, the data are locked, or another import came between.
    """
    if examined.problems or examined.records is None:
        raise DataError(examined.problems)
    tapes = tapes_of(vault)
    made = write(_Keeping(examined, actor))
    if made.rows:
        look_again()
    return replace(made, tapes=link_tapes(tapes, minutes_of(vault)) if tapes else 0)


def tapes_of(vault: Vault | None) -> dict[str, str]:
    """Return which session has which tape; the first by name where a session has several."""
    found: dict[str, str] = {}
    for tape in vault.tapes([]) if vault is not None else ():
        found.setdefault(tape.session, tape.id)
    return found


def minutes_of(vault: Vault | None) -> dict[str, float]:
    """Return the length of the tape of each session in minutes; nothing of a vault that is locked."""
    if vault is None or vault.locked:
        return {}
    return {t.session: t.facts()["recording"]["decoded"] / 60 for t in reversed(vault.tapes([]))}


@dataclass(frozen=True)
class _Keeping:
    """The job that writes an import."""

    examined: Examined
    actor: str

    def __call__(self, t: Transaction) -> Imported:
        examined = self.examined
        if examined.records is None:
            raise TypeError("there are no records")
        self._check(t)
        expect_many(t.cursor)
        people, sessions = self._people(t, examined.records)
        new = [f for f in examined.files if f.rows]
        whose = dict(t.rows("SELECT id, participant_id FROM store_session"))
        for f in new:
            self._file(t, f, whose)
        facts = _facts(examined.ratings, self.actor)
        while block := list(islice(facts, BLOCK)):
            t.add_all(block)
        rows = sum(len(f.rows) for f in new)
        return Imported(tuple(new), rows, len(examined.ratings), people, sessions, 0, examined.notes)

    def _check(self, t: Transaction) -> None:
        last = t.rows("SELECT coalesce(max(seq), 0) FROM store_fact WHERE kind IN ('import', 'withdrawal')")[
            0
        ][0]
        if last != self.examined.head:
            raise DataError(Problem("another file was read in meanwhile.", hint="Read this one in again."))
        lock = t.rows(
            "SELECT kind FROM store_fact WHERE kind IN ('data lock', 'data unlock') ORDER BY seq DESC LIMIT 1"
        )
        if lock and lock[0][0] == "data lock" and any(f.rows for f in self.examined.files):
            raise DataError(
                Problem("the data are locked.", hint="Unlock them on the page Data, with a reason.")
            )

    def _people(self, t: Transaction, records: Records) -> tuple[int, int]:
        there = {r[0] for r in t.rows("SELECT id FROM store_participant")}
        people = [(p.id, p.arm, p.therapist) for p in records.participants.values() if p.id not in there]
        if people:
            t.cursor.executemany(
                "INSERT INTO store_participant (id, arm, therapist) VALUES (%s, %s, %s)", people
            )
        there = {r[0] for r in t.rows("SELECT id FROM store_session")}
        sessions = [
            (s.id, s.participant, s.number, s.minutes, s.tape, "")
            for s in records.sessions.values()
            if s.id not in there
        ]
        if sessions:
            t.cursor.executemany(
                "INSERT INTO store_session (id, participant_id, number, minutes, has_tape, tape) "
                "VALUES (%s, %s, %s, %s, %s, %s)",
                sessions,
            )
        return len(people), len(sessions)

    def _file(self, t: Transaction, f: NewRows, whose: Mapping[str, str]) -> None:
        fact = t.add(
            NewFact(
                "import",
                self.actor,
                item=f.part,
                detail={"file": f.name, "sha256": f.sha256, "rows": len(f.rows)},
            )
        )
        held = t.rows("SELECT id FROM store_importedfile WHERE part = %s", [f.part])
        if not held:
            held = t.rows(
                "INSERT INTO store_importedfile (part, name, headings, sha256, fact) VALUES (%s, %s, %s, %s, %s) "
                "RETURNING id",
                [f.part, f.name, json.dumps(f.heading.as_json()), f.sha256, fact],
            )
        file = held[0][0]
        last = t.rows("SELECT coalesce(max(number), 0) FROM store_importedrow WHERE file_id = %s", [file])[0][
            0
        ]
        rows = self._rows(f, whose)
        while block := list(islice(rows, BLOCK)):
            insert_many(
                t.cursor,
                "store_importedrow",
                ("file_id", "number", "participant", "session", "cells"),
                [(file, last := last + 1, *row) for row in block],
            )

    def _rows(self, f: NewRows, whose: Mapping[str, str]) -> Iterator[tuple[str | None, str | None, str]]:
        declared = self.examined.declared[f.part]
        columns = [f.table.columns[n] for n in f.heading.names]
        people = texts_of(declared, f.table, "participant")
        sessions = texts_of(declared, f.table, "session")
        for i in f.rows:
            session = None if sessions is None else sessions[i]
            person = None if people is None else people[i]
            if person is None and session is not None:
                person = whose.get(session)
            yield person, session, _json([c[i] if type(c[i]) is str else encode(c[i]) for c in columns])


def _facts(ratings: tuple[NewRating, ...], actor: str) -> Iterator[NewFact]:
    for part, row, item, r in ratings:
        detail: dict[str, Any] = {"part": part, "row": row}
        if r.order is not None:
            detail["order"] = r.order
        if r.designated is not None:
            detail["designated"] = r.designated
        absent = isinstance(r.value, Missing)
        yield NewFact(
            "import rating",
            actor,
            session=r.session,
            coder=r.coder,
            item=item,
            value=None if isinstance(r.value, Missing) else r.value,
            reason=r.reason if absent else None,
            reading=r.reading,
            detail=detail,
        )
