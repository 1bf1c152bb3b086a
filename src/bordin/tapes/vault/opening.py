"""Making the vault of a study, and opening it."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from bordin.errors import Problem, TapeError
from bordin.tapes.vault.keys import (
    VAULT_FILE,
    VAULT_FORMAT,
    Argon2,
    Lock,
    lock_study_key,
    new_key,
    read_vault_file,
    unlock_study_key,
)
from bordin.tapes.vault.owning import LOCKS_FOLDER, owned
from bordin.tapes.vault.tape_folder import KEY_FILE, write_json
from bordin.tapes.vault.vault import Vault, study_of

_SEALED = "Every file of every tape is encrypted. Without what opens this vault nobody can hear or read them."
_UNSEALED = "NOT SEALED: whoever can open this folder can hear and read every tape."


def create_vault(folder: Path, lock: Lock, *, argon2: Argon2 | None = None) -> Vault:
    """Make a sealed vault.

    Parameters
    ----------
    folder : Path
        ``tapes/`` of a study; made when absent.
    lock : Passphrase, KeyFile or Keyring
        What opens it from now on. A key file or keyring entry that is absent is made.
    argon2 : Argon2, optional
        Work of a passphrase.

    Returns
    -------
    Vault
        Opened.

    Raises
    ------
    TapeError
        When there is a vault already, or the lock cannot be used.
    """
    study_key, vault = new_key(), secrets.token_hex(16)
    _refuse_second(folder)
    record = lock_study_key(study_key, lock, vault, study=study_of(folder), argon2=argon2)
    return _created(folder, {"about": _SEALED, "sealed": True, "vault": vault, "lock": record}, study_key)


def create_unsealed(folder: Path) -> Vault:
    """Make a vault whose files are plain, for data that need no protection or have another.

    Parameters
    ----------
    folder : Path
        ``tapes/`` of a study; made when absent.

    Raises
    ------
    TapeError
        When there is a vault already.
    """
    keys = {"vault": secrets.token_hex(16), "names": new_key().hex()}
    return _created(folder, {"about": _UNSEALED, "sealed": False, **keys}, None)


def open_vault(folder: Path, lock: Lock | None = None) -> Vault:
    """Open the vault of a study.

    Parameters
    ----------
    folder : Path
        ``tapes/`` of the study.
    lock : Passphrase, KeyFile or Keyring, optional
        What opens it; see :func:`bordin.tapes.vault.keys.find_lock`. Without it a sealed vault stays locked: its
        tapes can be listed and forgotten, not read.

    Returns
    -------
    Vault

    Raises
    ------
    WrongLock
        When the lock does not open it.
    TapeError
        When there is no vault, it is damaged, or it says that it is not sealed and all else says it is.
    """
    record = read_vault_file(folder)
    if not record["sealed"] and (lock is not None or any(folder.glob(f"T-*/{KEY_FILE}"))):
        raise TapeError(
            Problem(
                "it says that these tapes are not sealed, but there are sealed ones, or you came with a key.",
                VAULT_FILE,
                hint="If they were sealed before, somebody changed this file: restore it from a backup.",
            )
        )
    if lock is None:
        return Vault(folder, record, None)
    return Vault(
        folder, record, unlock_study_key(record["lock"], lock, record["vault"], study=study_of(folder))
    )


def _refuse_second(folder: Path) -> None:
    if (folder / VAULT_FILE).exists():
        raise TapeError(
            Problem("there is a vault already.", VAULT_FILE, hint="Open it, or use another study.")
        )


def _created(folder: Path, record: dict[str, Any], study_key: bytes | None) -> Vault:
    folder.mkdir(parents=True, exist_ok=True)
    with owned(folder / LOCKS_FOLDER / VAULT_FILE, wait=True):
        _refuse_second(folder)
        write_json(folder / VAULT_FILE, {"format": VAULT_FORMAT, **record})
    return Vault(folder, read_vault_file(folder), study_key)
