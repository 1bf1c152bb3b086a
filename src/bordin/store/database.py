"""Which database holds the record: a file beside the study, or PostgreSQL by one setting."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from bordin.errors import BordinError, Problem

FOLDER = "workbench"
FILE = "record.sqlite3"
NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb2", "smb3", "smbfs", "afs", "ncpfs", "9p", "ceph", "glusterfs", "lustre"}
    | {"fuse.sshfs", "fuse.rclone", "fuse.davfs", "davfs", "webdav", "beegfs", "gpfs"}
)


@dataclass(frozen=True)
class Database:
    """Where the record lies.

    Attributes
    ----------
    url : str
        ``sqlite:PATH`` or ``postgresql://...``.
    """

    url: str

    @property
    def file(self) -> Path | None:
        """The file of an SQLite database."""
        return Path(self.url.removeprefix("sqlite:")) if self.url.startswith("sqlite:") else None

    def settings(self) -> dict[str, Any]:
        """Return Django's settings for it.

        Raises
        ------
        BordinError
            When the address is none that is known, or names a database that cannot be used.
        """
        if self.file is not None:
            return {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": str(self.file),
                # IMMEDIATE: a transaction that begins by reading and then writes would else fail at once when
                # another one writes, whatever the timeout.
                "OPTIONS": {
                    "transaction_mode": "IMMEDIATE",
                    "timeout": 20,
                    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; "
                    "PRAGMA foreign_keys=ON;",
                },
            }
        parts = urlsplit(self.url)
        if parts.scheme not in {"postgresql", "postgres"}:
            raise BordinError(
                Problem(
                    f"{self.url.partition(':')[0]!r} is no database that bordin knows.",
                    hint="Leave the setting out for a file beside the study, or give postgresql://USER@HOST/NAME.",
                )
            )
        options = dict(parse_qsl(parts.query))
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.lstrip("/")),
            "USER": unquote(parts.username or options.pop("user", "")),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": options.pop("host", parts.hostname or ""),
            "PORT": options.pop("port", str(parts.port or "")),
            "OPTIONS": options,
            "CONN_MAX_AGE": None,
            "CONN_HEALTH_CHECKS": True,
        }


def beside(study: Path) -> Database:
    """Return the database file of a study folder."""
    return Database(f"sqlite:{study / FOLDER / FILE}")


def has_record(study: Path) -> bool:
    """Say whether a study folder has a workbench with a record."""
    from bordin.store.server_file import read_server_file

    return read_server_file(study).database != "" or (study / FOLDER / FILE).is_file()


def refuse_network_share(folder: Path) -> None:
    """Refuse a folder on a network file system, where SQLite loses what coders write.

    Raises
    ------
    BordinError
        With what to do instead.
    """
    kind = _file_system(folder)
    if kind in NETWORK_FILE_SYSTEMS:
        raise BordinError(
            Problem(
                f"this folder lies on a network share ({kind}), where a database file loses what several people write.",
                file=str(folder),
                hint="Move the study to a disk of this computer, or name a PostgreSQL database in workbench/server.toml.",
            )
        )


def _file_system(folder: Path) -> str:
    """Return the kind of file system that holds `folder`, in lower case; empty when it cannot be told."""
    place = folder.resolve()
    while not place.exists() and place != place.parent:
        place = place.parent
    if os.name == "nt":
        return _windows_drive(place)
    try:
        mounts = Path("/proc/mounts").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return deepest_mount(mounts, place)


def deepest_mount(mounts: str, place: Path) -> str:
    """Return the kind of the mount that holds `place`, from a table as ``/proc/mounts`` has it."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        fields = line.split()
        if len(fields) < 3:
            continue
        point = fields[1].replace("\\040", " ")
        if (place == Path(point) or Path(point) in place.parents) and len(point) >= best:
            best, kind = len(point), fields[2].lower()
    return kind


def _windows_drive(place: Path) -> str:
    import ctypes

    kernel: Any = getattr(ctypes, "windll").kernel32  # noqa: B009 - there on Windows alone
    remote = 4
    is_remote = place.anchor.startswith("\\\\") or kernel.GetDriveTypeW(place.anchor) == remote
    return "cifs" if is_remote else ""


def private_folder(study: Path) -> Path:
    """Return the folder ``workbench/`` of a study, made when absent, readable by its owner alone."""
    folder = study / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
    return folder


def secret_key(study: Path) -> str:
    """Return the key that signs cookies, made when absent."""
    path = private_folder(study) / "secret-key"
    if not path.exists():
        import secrets

        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(64))
    return path.read_text(encoding="ascii").strip()
