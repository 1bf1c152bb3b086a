"""Freeze a protocol before the analysis, and say later what has changed since.

``study.lock.json`` holds the time, the hash and the whole content of the protocol. It is
never overwritten: an amendment is added to it, with its reason.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bordin import __version__
from bordin.errors import Problem, ProtocolError
from bordin.study.protocol import PROCESS, Protocol
from bordin.study.results import Deviation, LockStatus
from bordin.study.study import Study

LOCK_FILE = "study.lock.json"
EVERY_PROCESS = f"{PROCESS}.*"


def declared(study: Study) -> dict[str, Any]:
    """Return all that a lock freezes: the protocol, the instruments and the coding systems.

    The hashes of the study's own instrument and coding files are part of it, since they decide
    how answers become scores. So is what ``process.*`` stands for, since a data file decides it.
    """
    content: dict[str, Any] = study.protocol.model_dump(mode="json")
    content["files"] = {
        name: hashlib.sha256((study.folder / name).read_bytes()).hexdigest() for name in study.own_files
    }
    if study.process and EVERY_PROCESS in {*study.protocol.table.rows, *study.protocol.table.columns}:
        content[EVERY_PROCESS] = list(study.process)
    return content


def lock_study(study: Study, *, amend: str | None = None) -> LockStatus:
    """Write the lock, or add an amendment to it.

    Parameters
    ----------
    study : Study
    amend : str, optional
        Reason of a declared change; the old content stays in the lock file.

    Returns
    -------
    LockStatus

    Raises
    ------
    ProtocolError
        When the study is locked already and no reason is given.
    """
    path = study.folder / LOCK_FILE
    entry = {
        "locked_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "protocol_sha256": study.sha256,
        "bordin": __version__,
        "after_report": any((study.folder / "reports").glob("report.*")),
        "reason": amend or "",
        "declared": declared(study),
    }
    entries = _read(path) if path.exists() else []
    if entries and amend is None:
        raise ProtocolError(
            Problem(
                f"the protocol was locked at {entries[-1]['locked_at']} and stays so.",
                file=LOCK_FILE,
                hint='Declare a change with its reason: bordin lock STUDY --amend "why". '
                "The first lock is kept beside it.",
            )
        )
    if not entries and amend is not None:
        raise ProtocolError(
            Problem("nothing is locked yet, so nothing can be amended.", hint="Lock it: bordin lock STUDY")
        )
    temporary = path.with_suffix(".tmp")
    temporary.write_text(
        json.dumps({"format": 1, "locks": [*entries, entry]}, indent=2) + "\n", encoding="utf-8"
    )
    os.replace(temporary, path)
    return lock_status(study)


def lock_status(study: Study) -> LockStatus:
    """Compare the protocol with what was locked first.

    Returns
    -------
    LockStatus
        ``"as locked"`` when nothing that was declared has changed (comments and blank lines
        are free), else each deviation by its key.
    """
    path = study.folder / LOCK_FILE
    if not path.exists():
        return LockStatus("unlocked")
    entries = _read(path)
    first = entries[0]
    changes = _differences(_completed(first["declared"]), declared(study))
    return LockStatus(
        state="deviates" if changes else "as locked",
        locked_at=first["locked_at"],
        protocol_sha256=first["protocol_sha256"],
        deviations=tuple(changes),
        amendments=tuple((e["locked_at"], e["reason"]) for e in entries[1:]),
        after_report=bool(first["after_report"]),
    )


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        locks = content["locks"]
        for e in locks:
            _ = e["locked_at"], e["protocol_sha256"], e["declared"], e["reason"], e["after_report"]
    except (ValueError, KeyError, TypeError) as error:
        raise ProtocolError(
            Problem(
                f"this lock cannot be read ({error}).",
                file=path.name,
                hint="Restore it from a backup; a lock that was edited by hand proves nothing.",
            )
        ) from None
    return list(locks)


def _completed(locked: dict[str, Any]) -> dict[str, Any]:
    """Give a lock of an earlier version the keys that have come since, at their defaults."""
    beside = {"files": {}, **{k: v for k, v in locked.items() if k in {"files", EVERY_PROCESS}}}
    content = {k: v for k, v in locked.items() if k not in beside}
    try:
        known = Protocol.model_validate(content).model_dump(mode="json")
    except ValueError:
        return locked
    return {**known, **beside}


def _differences(locked: Any, now: Any, key: str = "") -> list[Deviation]:
    if isinstance(locked, Mapping) and isinstance(now, Mapping):
        found = []
        for name in sorted({*locked, *now}):
            inner = f"{key}.{name}" if key else str(name)
            found += _differences(locked.get(name), now.get(name), inner)
        return found
    if _is_named_list(locked) and _is_named_list(now):
        return _differences({e["id"]: e for e in locked}, {e["id"]: e for e in now}, key)
    if locked == now:
        return []
    return [Deviation(key, json.dumps(locked, ensure_ascii=False), json.dumps(now, ensure_ascii=False))]


def _is_named_list(value: Any) -> bool:
    return (
        isinstance(value, list) and bool(value) and all(isinstance(e, Mapping) and "id" in e for e in value)
    )
