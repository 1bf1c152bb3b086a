"""Participants and sessions from their files."""

from __future__ import annotations

from collections.abc import Mapping

from bordin.errors import nearest
from bordin.study.file_reader import FileReader
from bordin.study.files import FlatTable
from bordin.study.records import Participant, Session

YES = frozenset({"yes", "y", "true", "1"})
NO = frozenset({"no", "n", "false", "0"})


def read_participants(reader: FileReader, table: FlatTable) -> dict[str, Participant]:
    """Read the participants file: ids, arms, therapists; and check that the sample exists."""
    found: dict[str, Participant] = {}
    arms = reader.texts(table, "arm", needed=reader.study.protocol.sample.arm is not None)
    therapists = reader.texts(table, "therapist")
    for row, who in enumerate(reader.texts(table, "participant", needed=True)):
        if who is None:
            if "participant" in table.names:
                reader.problem(table, row, "participant", "this row has no participant id.")
        elif who in found:
            reader.problem(
                table,
                row,
                "participant",
                f"{who!r} stands twice, first in row {table.line(found[who].row)}.",
            )
        else:
            found[who] = Participant(who, arms[row], therapists[row], row)
    _check_sample(reader, table, found)
    return found


def _check_sample(reader: FileReader, table: FlatTable, found: Mapping[str, Participant]) -> None:
    sample = reader.study.protocol.sample
    arms = {p.arm for p in found.values() if p.arm is not None}
    if sample.arm is not None and "arm" in table.names and sample.arm not in arms:
        reader.problem(
            table, None, "arm", f"no participant is in the arm {sample.arm!r}.", nearest(sample.arm, arms)
        )
    for column, wanted in sample.where.items():
        values = set(reader.texts(table, column, needed=True)) - {None}
        if column in table.names and as_text(wanted) not in values:
            reader.problem(
                table,
                None,
                column,
                f"no participant has the value {as_text(wanted)!r}.",
                nearest(as_text(wanted), {v for v in values if v is not None}),
            )


def read_sessions(
    reader: FileReader, table: FlatTable, participants: Mapping[str, Participant]
) -> dict[str, Session]:
    """Read the sessions file: whose session, its number, and whether there is a usable tape."""
    found: dict[str, Session] = {}
    people = reader.texts(table, "participant", needed=True)
    tapes = reader.texts(table, "tape")
    notes = reader.texts(table, "tape_note")
    numbers, minutes = reader.numbers(table, "number"), reader.numbers(table, "minutes")
    for row, name in enumerate(reader.texts(table, "session", needed=True)):
        if name is None:
            if "session" in table.names:
                reader.problem(table, row, "session", "this row has no session id.")
            continue
        if name in found:
            reader.problem(table, row, "session", f"{name!r} stands twice.")
            continue
        who = people[row]
        if who is None or who not in participants:
            reader.unknown(table, row, "participant", who, participants)
            continue
        tape = tapes[row]
        if tape is not None and tape.lower() not in YES | NO:
            reader.problem(table, row, "tape", f"{tape!r} stands where yes or no should be.")
            tape = None
        has_tape = None if tape is None else tape.lower() in YES
        found[name] = Session(name, who, numbers[row], has_tape, notes[row] or "", minutes[row], row)
    return found


def derive_sessions(
    reader: FileReader,
    table: FlatTable,
    participants: Mapping[str, Participant],
    sessions: dict[str, Session],
) -> None:
    """Without a sessions file, take sessions from the coded file: its participant column, or its ids."""
    if reader.study.protocol.data.sessions is not None or "session" not in table.names:
        return
    has_people = "participant" in table.names
    people = reader.texts(table, "participant") if has_people else reader.texts(table, "session")
    for row, name in enumerate(reader.texts(table, "session")):
        who = people[row]
        if name is None or name in sessions:
            continue
        if who is None or who not in participants:
            reader.problem(
                table,
                row,
                "participant" if has_people else "session",
                f"{who!r} stands in no row of the participants file.",
                nearest(str(who), participants)
                if has_people
                else "Add a column participant, or a sessions file that says whose session it is.",
            )
        sessions[name] = Session(name, who or "")


def as_text(value: str | float | bool) -> str:
    """Return a value of the protocol as a text column shows it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
