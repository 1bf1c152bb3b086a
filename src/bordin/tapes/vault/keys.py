"""The study key, what opens it, and the data key of each tape.

A tape is sealed with a data key of its own. The data keys are wrapped by the study key, and the study key by
one of three locks: a passphrase (argon2id), a key file, or the keyring of the computer. So a tape is destroyed
by destroying its data key, and a new passphrase needs no tape to be written anew.

Wrapping is AES-256-GCM with a random nonce; what a key is for is authenticated with it.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bordin.errors import Problem, TapeError
from bordin.tapes.vault.locks import (
    HINT_VAULT,
    HOW_TO_OPEN,
    KEY_FILE_VARIABLE,
    KINDS,
    PASSPHRASE_VARIABLE,
    VAULT_FILE,
    Argon2,
    KeyFile,
    Keyring,
    Lock,
    Passphrase,
    WrongLock,
    lock_key,
    make_key_file,
    prepare_lock,
)
from bordin.tapes.vault.sealing import KEY_BYTES, cipher, derived_key

__all__ = [
    "VAULT_FILE",
    "Argon2",
    "KeyFile",
    "Keyring",
    "Lock",
    "Passphrase",
    "WrongLock",
    "make_key_file",
]

VAULT_FORMAT = 1

_NONCE_BYTES = 12


# ------------------------------------------------------------ wrapping


def new_key() -> bytes:
    """Return 32 random bytes."""
    return os.urandom(KEY_BYTES)


def _wrap(secret: bytes, key: bytes, *purpose: str) -> str:
    nonce = os.urandom(_NONCE_BYTES)
    sealed = cipher(key).encrypt(nonce, secret, _context(purpose))
    return base64.b64encode(nonce + sealed).decode("ascii")


def _unwrap(text: str, key: bytes, *purpose: str) -> bytes | None:
    """Return the secret; None when the key is another one or the text was changed."""
    from cryptography.exceptions import InvalidTag

    try:
        raw = base64.b64decode(text, validate=True)
        return cipher(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _context(purpose))
    except (InvalidTag, ValueError):
        return None


def _context(purpose: tuple[str, ...]) -> bytes:
    return json.dumps(purpose).encode("ascii")


def wrap_data_key(data_key: bytes, study_key: bytes, tape: str) -> str:
    """Wrap the data key of one tape.

    Parameters
    ----------
    data_key, study_key : bytes
        32 bytes each.
    tape : str
        Neutral name of the tape; the key serves no other.

    Returns
    -------
    str
        Base64.
    """
    return _wrap(data_key, derived_key(study_key, b"", "bordin data keys"), "data key", tape)


def unwrap_data_key(text: str, study_key: bytes, tape: str) -> bytes:
    """Return the data key of one tape.

    Raises
    ------
    TapeError
        When the wrapped key was changed, or belongs to another tape or study.
    """
    key = _unwrap(text.strip(), derived_key(study_key, b"", "bordin data keys"), "data key", tape)
    if key is None:
        raise TapeError(
            Problem(
                "the key of this tape was damaged or changed, or is the key of another tape.",
                tape,
                hint="Restore the tape's folder from a backup of this study, or forget it and add it again.",
            )
        )
    return key


def naming_key(study_key: bytes) -> bytes:
    """Return the key that neutral names of tapes are made with."""
    return derived_key(study_key, b"", "bordin tape names")


# ------------------------------------------------------------ the three locks


def lock_study_key(
    study_key: bytes, lock: Lock, vault: str, *, study: Path | None = None, argon2: Argon2 | None = None
) -> dict[str, Any]:
    """Wrap the study key by a lock; a key file or keyring entry that is absent is made.

    Parameters
    ----------
    study_key : bytes
    lock : Passphrase, KeyFile or Keyring
    vault : str
        Id of the vault, authenticated.
    study : Path, optional
        The study folder; a key file inside is refused.
    argon2 : Argon2, optional
        Work of a passphrase.

    Returns
    -------
    dict
        What ``vault.json`` keeps: the kind of lock, its parameters, the wrapped key.

    Raises
    ------
    TapeError
        When the passphrase is too short, the key file cannot be made or used, or there is no keyring.
    """
    record = prepare_lock(lock, study, argon2)
    key = lock_key(record, lock, vault, study)
    return record | {"wrapped": _wrap(study_key, key, "study key", vault)}


def unlock_study_key(
    record: Mapping[str, Any], lock: Lock, vault: str, *, study: Path | None = None
) -> bytes:
    """Return the study key.

    Parameters
    ----------
    record : mapping
        What :func:`lock_study_key` made.
    lock : Passphrase, KeyFile or Keyring
    vault : str
        Id of the vault.
    study : Path, optional
        The study folder; a key file inside is refused.

    Raises
    ------
    WrongLock
        When it is the wrong passphrase, key file or entry, or another kind of lock.
    TapeError
        When the record is damaged, or the lock cannot be used here.
    """
    kind = KINDS[type(lock)]
    if record.get("kind") != kind:
        raise WrongLock(
            Problem(
                f"these tapes are opened by a {record.get('kind')}, not by a {kind}.",
                VAULT_FILE,
                hint=HOW_TO_OPEN.get(str(record.get("kind")), HINT_VAULT),
            )
        )
    key = lock_key(record, lock, vault, study)
    study_key = _unwrap(str(record.get("wrapped")), key, "study key", vault)
    if study_key is None:
        wrong = {"passphrase": "wrong passphrase.", "key file": "this is not the key file of these tapes."}
        raise WrongLock(
            Problem(
                wrong.get(kind, "the entry in the keyring is not the key of these tapes."),
                hint=f"If you are sure of it, {VAULT_FILE} was damaged: restore it from a backup.",
            )
        )
    return study_key


def change_lock(
    record: Mapping[str, Any],
    old: Lock,
    new: Lock,
    vault: str,
    *,
    study: Path | None = None,
    argon2: Argon2 | None = None,
) -> dict[str, Any]:
    """Wrap the study key by another lock; tapes stay as they are.

    Parameters
    ----------
    record : mapping
        What opens the vault now.
    old, new : Passphrase, KeyFile or Keyring
    vault : str
    study : Path, optional
    argon2 : Argon2, optional

    Returns
    -------
    dict
        The new record. A copy of the old one is still opened by the old lock.

    Raises
    ------
    TapeError
        As :func:`unlock_study_key` and :func:`lock_study_key`.
    """
    study_key = unlock_study_key(record, old, vault, study=study)
    return lock_study_key(study_key, new, vault, study=study, argon2=argon2)


# ------------------------------------------------------------ finding the lock


def read_vault_file(folder: Path) -> dict[str, Any]:
    """Return what ``vault.json`` says.

    Parameters
    ----------
    folder : Path
        The vault: ``tapes/`` of a study.

    Raises
    ------
    TapeError
        When there is none, it is damaged, or a newer bordin made it.
    """
    try:
        record = json.loads((folder / VAULT_FILE).read_text(encoding="utf-8"))
        sound = (
            isinstance(record, dict)
            and type(record["format"]) is int
            and isinstance(record["sealed"], bool)
            and isinstance(record["vault"], str)
            and (
                isinstance(record["lock"], dict) if record["sealed"] else bool(bytes.fromhex(record["names"]))
            )
        )
    except FileNotFoundError:
        raise TapeError(
            Problem("there are no tapes in this study yet.", VAULT_FILE, hint="Add one: bordin tape add")
        ) from None
    except OSError as error:
        raise TapeError(
            Problem(
                f"it cannot be read ({error.strerror}).", VAULT_FILE, hint="Check the rights of the folder."
            )
        ) from None
    except (ValueError, KeyError, TypeError):
        sound = False
    if not sound:
        raise TapeError(Problem("it is damaged: this is not what bordin wrote.", VAULT_FILE, hint=HINT_VAULT))
    if record["format"] != VAULT_FORMAT:
        raise TapeError(
            Problem(
                f"it is of format {record['format']}, and this bordin reads format {VAULT_FORMAT}.",
                VAULT_FILE,
                hint="Use the newer bordin that made it.",
            )
        )
    return dict(record)


def find_lock(
    vault_folder: Path, key_file: Path | None = None, ask: Callable[[], str] | None = None
) -> Lock | None:
    """Find what opens a vault, or what a new one is to be locked with.

    In this order: the key file that was named; ``BORDIN_PASSPHRASE`` or ``BORDIN_KEY_FILE``, whichever fits
    the vault; the keyring, when the vault says so; the question.

    Parameters
    ----------
    vault_folder : Path
        ``tapes/`` of a study; it need not exist.
    key_file : Path, optional
        What a person named.
    ask : callable, optional
        Asks for the passphrase and returns it.

    Returns
    -------
    Passphrase, KeyFile, Keyring or None
        None for a vault that is not sealed.

    Raises
    ------
    TapeError
        When nothing is found, or ``vault.json`` is damaged.
    """
    kind: str | None = None
    record: dict[str, Any] = {}
    if (vault_folder / VAULT_FILE).exists():
        record = read_vault_file(vault_folder)
        if not record["sealed"] and key_file is not None:
            raise TapeError(Problem("these tapes are not sealed: no key opens them.", VAULT_FILE))
        if not record["sealed"]:
            return None
        kind = str(record["lock"].get("kind"))
    if key_file is not None:
        return KeyFile(key_file)
    text, path = os.environ.get(PASSPHRASE_VARIABLE), os.environ.get(KEY_FILE_VARIABLE)
    if text and kind in (None, "passphrase"):
        return Passphrase(text)
    if path and kind in (None, "key file"):
        return KeyFile(Path(path))
    if kind == "keyring":
        return Keyring(str(record["lock"].get("name")))
    if ask is not None and kind in (None, "passphrase"):
        return Passphrase(ask())
    raise TapeError(
        Problem(
            "the tapes are sealed, and nothing opens them.",
            hint=HOW_TO_OPEN.get(kind or "passphrase", HINT_VAULT),
        )
    )
