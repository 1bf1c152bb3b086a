"""What opens sealed tapes: a passphrase, a key file, or the keyring of the computer.

Each gives a key of 32 bytes; :mod:`bordin.tapes.vault.keys` wraps the study key with it.
"""

from __future__ import annotations

import base64
import os
import unicodedata
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bordin.errors import Problem, TapeError
from bordin.tapes.vault.sealing import KEY_BYTES, derived_key

VAULT_FILE = "vault.json"
PASSPHRASE_VARIABLE = "BORDIN_PASSPHRASE"
KEY_FILE_VARIABLE = "BORDIN_KEY_FILE"
KEYRING_SERVICE = "bordin"
LEAST_CHARACTERS = 8
SALT_BYTES = 16

# A changed vault.json must not make us fill the memory or compute for days.
_MOST_MEMORY_KIB = 4 * 1024 * 1024
_MOST_PASSES = 64
_MOST_LANES = 64

HINT_VAULT = f"Restore {VAULT_FILE} from a backup of the study folder."
HOW_TO_OPEN = {
    "passphrase": f"Type the passphrase, or set {PASSPHRASE_VARIABLE}.",
    "key file": f"Name the key file with --key-file, or in {KEY_FILE_VARIABLE}.",
    "keyring": "Work on the computer, and as the user, whose keyring holds the key.",
}


@dataclass(frozen=True)
class Passphrase:
    """A lock that a person knows.

    Attributes
    ----------
    text : str
        As typed; letters with accents count the same however the keyboard composes them (Unicode NFC).
    """

    text: str = field(repr=False)


@dataclass(frozen=True)
class KeyFile:
    """A lock that is a file of 32 random bytes, for servers and clusters.

    Attributes
    ----------
    path : Path
        Outside the study folder; otherwise whoever copies the tapes copies their key.
    """

    path: Path


@dataclass(frozen=True)
class Keyring:
    """A lock that the operating system keeps for the person who is logged in.

    Attributes
    ----------
    name : str
        Name of the entry, for example the name of the study.
    """

    name: str


Lock = Passphrase | KeyFile | Keyring
KINDS: dict[type[Lock], str] = {Passphrase: "passphrase", KeyFile: "key file", Keyring: "keyring"}


@dataclass(frozen=True)
class Argon2:
    """How much work a guess at the passphrase costs.

    Attributes
    ----------
    memory_kib : int
        Memory in KiB; the default is 64 MiB.
    passes : int
    lanes : int
        Computed side by side.

    Notes
    -----
    The default is the second recommended option of RFC 9106 (doi:10.17487/RFC9106), about 0.1 s.
    """

    memory_kib: int = 64 * 1024
    passes: int = 3
    lanes: int = 4


class WrongLock(TapeError):
    """The passphrase, key file or keyring entry is not the one that opens this vault."""


def prepare_lock(lock: Lock, study: Path | None, argon2: Argon2 | None) -> dict[str, Any]:
    """Return the parameters of a new lock; a key file or keyring entry that is absent is made.

    Parameters
    ----------
    lock : Passphrase, KeyFile or Keyring
    study : Path or None
        The study folder; a key file inside is refused.
    argon2 : Argon2 or None
        Work of a passphrase.

    Returns
    -------
    dict

    Raises
    ------
    TapeError
        When the passphrase is too short, the key file cannot be made, or there is no keyring.
    """
    record: dict[str, Any] = {"kind": KINDS[type(lock)]}
    if isinstance(lock, Passphrase):
        if len(lock.text.strip()) < LEAST_CHARACTERS:
            raise TapeError(
                Problem(
                    f"a passphrase needs at least {LEAST_CHARACTERS} characters.",
                    hint="Six words picked at random are strong and can be remembered.",
                )
            )
        work = argon2 or Argon2()
        record |= {
            "kdf": "argon2id",
            "memory_kib": work.memory_kib,
            "passes": work.passes,
            "lanes": work.lanes,
            "salt": os.urandom(SALT_BYTES).hex(),
        }
    elif isinstance(lock, KeyFile):
        if not lock.path.exists():
            make_key_file(lock.path, study)
    else:
        record["name"] = lock.name
        _keyring_make(lock.name)
    return record


def lock_key(record: Mapping[str, Any], lock: Lock, vault: str, study: Path | None) -> bytes:
    """Return the key that a lock gives.

    Parameters
    ----------
    record : mapping
        What ``vault.json`` says of the lock.
    lock : Passphrase, KeyFile or Keyring
    vault : str
        Id of the vault.
    study : Path or None
        The study folder; a key file inside is refused.

    Returns
    -------
    bytes

    Raises
    ------
    TapeError
        When the record is damaged, or the lock cannot be used here.
    """
    if isinstance(lock, Passphrase):
        return _argon2_key(record, lock.text)
    secret = _read_key_file(lock.path, study) if isinstance(lock, KeyFile) else _keyring_read(lock.name)
    return derived_key(secret, b"", "bordin study key", vault)


def _argon2_key(record: Mapping[str, Any], text: str) -> bytes:
    try:
        memory, passes, lanes = (record[k] for k in ("memory_kib", "passes", "lanes"))
        salt = bytes.fromhex(record["salt"])
        sound = (
            record["kdf"] == "argon2id"
            and len(salt) == SALT_BYTES
            and all(type(n) is int for n in (memory, passes, lanes))
            and 1 <= passes <= _MOST_PASSES
            and 1 <= lanes <= _MOST_LANES
            and 8 * lanes <= memory <= _MOST_MEMORY_KIB
        )
    except (KeyError, ValueError, TypeError):
        sound = False
    if not sound:
        raise TapeError(Problem("what it says of the passphrase is damaged.", VAULT_FILE, hint=HINT_VAULT))
    try:
        from argon2.exceptions import HashingError
        from argon2.low_level import Type, hash_secret_raw
    except ImportError:
        raise TapeError(
            Problem(
                "a passphrase needs the package argon2-cffi, which is not installed.",
                hint="Install bordin with its extra 'tape': pip install 'bordin[tape]'",
            )
        ) from None
    typed = unicodedata.normalize("NFC", text).encode("utf-8", "surrogateescape")
    try:
        return hash_secret_raw(typed, salt, passes, memory, lanes, KEY_BYTES, Type.ID)
    except (HashingError, MemoryError):
        raise TapeError(
            Problem(
                f"checking the passphrase takes {memory // 1024} MiB of memory, and there is less.",
                hint="Close other programs, or ask the cluster for more memory.",
            )
        ) from None


def make_key_file(path: Path, study: Path | None = None) -> None:
    """Make a key file that only its owner can read; an existing file is never overwritten.

    Parameters
    ----------
    path : Path
    study : Path, optional
        The study folder; a key file inside is refused.

    Raises
    ------
    TapeError
        When it exists, lies in the study folder, or cannot be written.
    """
    _refuse_inside(path, study)
    # Written under another name first: a key file that a kill cut short would open nothing.
    part = path.with_name(f"{path.name}.{os.urandom(4).hex()}.part")
    try:
        file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        with os.fdopen(file, "wb") as out:
            out.write(os.urandom(KEY_BYTES))
            out.flush()
            os.fsync(file)
        # A link is refused where a file stands, a renaming on POSIX is not.
        os.link(part, path)
        part.unlink()
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise TapeError(
            Problem(
                f"the key file cannot be made ({error.strerror}).",
                path.name,
                hint="Choose a new name in a folder that you may write to.",
            )
        ) from None


def _read_key_file(path: Path, study: Path | None) -> bytes:
    _refuse_inside(path, study)
    try:
        with path.open("rb") as file:
            secret = file.read(KEY_BYTES + 1)
    except OSError as error:
        raise TapeError(
            Problem(
                f"the key file cannot be read ({error.strerror}).", path.name, hint=HOW_TO_OPEN["key file"]
            )
        ) from None
    if len(secret) != KEY_BYTES:
        raise WrongLock(
            Problem(
                f"a key file has exactly {KEY_BYTES} bytes; this is none.",
                path.name,
                hint=HOW_TO_OPEN["key file"],
            )
        )
    return secret


def _refuse_inside(path: Path, study: Path | None) -> None:
    if study is not None and Path(os.path.realpath(path)).is_relative_to(os.path.realpath(study)):
        raise TapeError(
            Problem(
                "the key file may not lie in the study folder: whoever copies the tapes would copy their key.",
                path.name,
                hint="Keep it in another place, and a copy of it in a third.",
            )
        )


def _keyring_make(name: str) -> None:
    if _keyring(lambda ring: ring.get_password(KEYRING_SERVICE, name)) is None:
        text = base64.b64encode(os.urandom(KEY_BYTES)).decode("ascii")
        _keyring(lambda ring: ring.set_password(KEYRING_SERVICE, name, text))


def _keyring_read(name: str) -> bytes:
    text = _keyring(lambda ring: ring.get_password(KEYRING_SERVICE, name))
    try:
        secret = base64.b64decode(text or "", validate=True)
    except ValueError:
        secret = b""
    if len(secret) != KEY_BYTES:
        raise WrongLock(
            Problem(f"the keyring of this computer holds no key named {name!r}.", hint=HOW_TO_OPEN["keyring"])
        )
    return secret


def _keyring(use: Callable[[Any], Any]) -> Any:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise TapeError(
            Problem(
                "the package keyring is not installed.",
                hint="Install bordin with its extra 'tape', or lock with a passphrase or a key file.",
            )
        ) from None
    try:
        return use(keyring)
    except KeyringError as error:
        raise TapeError(
            Problem(
                f"the keyring of this computer cannot be used ({type(error).__name__}).",
                hint="Log in at its desktop and unlock the keyring, or lock with a passphrase or a key file.",
            )
        ) from None
