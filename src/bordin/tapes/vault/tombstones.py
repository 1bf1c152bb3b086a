"""What is left of a forgotten tape: a line that says so. And which exports of a tape were made.

``tombstones.jsonl`` gets one line when a forgetting begins and one when it is finished, ``exports.jsonl`` one
for each export. Both are in clear: they hold neutral names and pseudonyms. Every line is on the disk before
anything else happens. A last line without an end was cut off by a kill; it is left out.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from bordin.errors import Problem, TapeError
from bordin.tapes.vault.owning import LOCKS_FOLDER, owned, sync_folder

TOMBSTONES_FILE = "tombstones.jsonl"
EXPORTS_FILE = "exports.jsonl"


@dataclass(frozen=True)
class Export:
    """One export that holds something of a tape.

    Attributes
    ----------
    time : str
        ISO 8601.
    tapes : tuple of str
        Neutral names.
    path : str
        As the person gave it.
    what : str
        For example ``"transcript (vtt)"``.
    """

    time: str
    tapes: tuple[str, ...]
    path: str
    what: str


@dataclass(frozen=True)
class Tombstone:
    """What is left of a forgotten tape.

    Attributes
    ----------
    tape : str
        Neutral name.
    participant, session : str
        Pseudonyms.
    time : str
        ISO 8601.
    reason : str
        As the person gave it.
    destroyed : tuple of str
        Names of the files that were destroyed.
    exports : tuple of Export
        Earlier exports that hold something of the tape. They lie outside the vault: see to them by hand.
    content : str
        Keyed hash of the recording, so that it is known when it is added again; tells nothing without the key.
    finished : bool
        False when a kill came between; the next forgetting or cleaning finishes it.
    """

    tape: str
    participant: str
    session: str
    time: str
    reason: str
    destroyed: tuple[str, ...]
    exports: tuple[Export, ...]
    content: str = ""
    finished: bool = False


def time_of(today: date | None) -> str:
    """Write a time or day as ISO 8601; the present time when it is None."""
    moment = today or datetime.now(UTC)
    return moment.isoformat(timespec="seconds") if isinstance(moment, datetime) else moment.isoformat()


# ------------------------------------------------------------ lines


def append_line(path: Path, record: Mapping[str, Any]) -> None:
    """Add one JSON line and wait until it is on the disk.

    Parameters
    ----------
    path : Path
    record : mapping
    """
    line = json.dumps(record, ensure_ascii=False).encode() + b"\n"
    with owned(path.parent / LOCKS_FOLDER / path.name, wait=True), path.open("a+b") as file:
        _cut_torn_line(file)
        file.write(line)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)


def _cut_torn_line(file: Any) -> None:
    size = file.seek(0, os.SEEK_END)
    if not size:
        return
    file.seek(size - 1)
    if file.read(1) != b"\n":
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)


def _lines(path: Path) -> list[dict[str, Any]]:
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return []
    whole = text[: text.rfind(b"\n") + 1]
    found = []
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        if not isinstance(record, dict):
            raise _damaged(path, number)
        found.append(record)
    return found


def _damaged(path: Path, number: int) -> TapeError:
    return TapeError(
        Problem(
            "this line is damaged: it is not what bordin wrote.",
            path.name,
            number,
            hint="Restore the file from a backup of the study folder, or take the line out.",
        )
    )


# ------------------------------------------------------------ exports


def note_export(folder: Path, export: Export) -> None:
    """Write down an export.

    Parameters
    ----------
    folder : Path
        The vault.
    export : Export
    """
    append_line(folder / EXPORTS_FILE, _export_record(export))


def read_exports(folder: Path, tape: str | None = None) -> tuple[Export, ...]:
    """Return the exports of a vault, or those that hold something of one tape.

    Raises
    ------
    TapeError
        When a line is damaged.
    """
    path = folder / EXPORTS_FILE
    found = []
    for number, record in enumerate(_lines(path), start=1):
        try:
            found.append(_export(record))
        except (KeyError, TypeError):
            raise _damaged(path, number) from None
    return tuple(e for e in found if tape is None or tape in e.tapes)


def _export(record: Mapping[str, Any]) -> Export:
    return Export(
        str(record["time"]), tuple(map(str, record["tapes"])), str(record["path"]), str(record["what"])
    )


def _export_record(export: Export) -> dict[str, Any]:
    return {"time": export.time, "tapes": list(export.tapes), "path": export.path, "what": export.what}


# ------------------------------------------------------------ tombstones


def begin_tombstone(folder: Path, stone: Tombstone) -> None:
    """Write down that a tape is forgotten from now on, before anything is destroyed.

    Parameters
    ----------
    folder : Path
        The vault.
    stone : Tombstone
    """
    record = {
        "event": "forgotten",
        "tape": stone.tape,
        "participant": stone.participant,
        "session": stone.session,
        "time": stone.time,
        "reason": stone.reason,
        "destroyed": list(stone.destroyed),
        "exports": [_export_record(e) for e in stone.exports],
        "content": stone.content,
    }
    append_line(folder / TOMBSTONES_FILE, record)


def finish_tombstone(folder: Path, stone: Tombstone, today: date | None = None) -> Tombstone:
    """Write down that nothing of the tape is left; return the finished tombstone."""
    append_line(folder / TOMBSTONES_FILE, {"event": "finished", "tape": stone.tape, "time": time_of(today)})
    return replace(stone, finished=True)


def read_tombstones(folder: Path) -> tuple[Tombstone, ...]:
    """Return all tombstones of a vault, oldest first.

    A tape that was added again after it was forgotten, and forgotten again, has two.

    Raises
    ------
    TapeError
        When a line is damaged.
    """
    path = folder / TOMBSTONES_FILE
    found: list[Tombstone] = []
    for number, record in enumerate(_lines(path), start=1):
        try:
            if record["event"] == "finished":
                last = max(i for i, s in enumerate(found) if s.tape == record["tape"])
                found[last] = replace(found[last], finished=True)
            else:
                found.append(_stone(record))
        except (KeyError, TypeError, ValueError):
            raise _damaged(path, number) from None
    return tuple(found)


def _stone(record: Mapping[str, Any]) -> Tombstone:
    return Tombstone(
        str(record["tape"]),
        str(record["participant"]),
        str(record["session"]),
        str(record["time"]),
        str(record["reason"]),
        tuple(map(str, record["destroyed"])),
        tuple(_export(e) for e in record["exports"]),
        str(record.get("content", "")),
    )
