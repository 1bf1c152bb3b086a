"""Keys are wrapped for one purpose, locks open what they locked, and mistakes are told apart."""

from __future__ import annotations

import base64
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring

from bordin.errors import TapeError
from bordin.tapes.vault.keys import (
    Argon2,
    KeyFile,
    Keyring,
    Lock,
    Passphrase,
    WrongLock,
    change_lock,
    find_lock,
    lock_study_key,
    make_key_file,
    naming_key,
    new_key,
    read_vault_file,
    unlock_study_key,
    unwrap_data_key,
    wrap_data_key,
)
from bordin.tapes.vault.opening import create_unsealed, create_vault

CHEAP = Argon2(memory_kib=64, passes=1, lanes=1)
STUDY_KEY, DATA_KEY = bytes(range(32)), bytes(range(32, 64))
VAULT = "00112233445566778899aabbccddeeff"
WORDS = Passphrase("six words picked at random")


class MemoryKeyring(KeyringBackend):
    """A keyring that ends with the test."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


@pytest.fixture
def ring() -> Iterator[MemoryKeyring]:
    before = keyring.get_keyring()
    memory = MemoryKeyring()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BORDIN_PASSPHRASE", raising=False)
    monkeypatch.delenv("BORDIN_KEY_FILE", raising=False)


def locked(lock: Lock, study: Path | None = None) -> dict[str, Any]:
    record = lock_study_key(STUDY_KEY, lock, VAULT, study=study, argon2=CHEAP)
    return dict(json.loads(json.dumps(record)))


# ------------------------------------------------------------ data keys


def test_a_data_key_opens_for_its_tape_and_study_alone() -> None:
    text = wrap_data_key(DATA_KEY, STUDY_KEY, "T-7K3QX9PM")
    assert unwrap_data_key(text + "\n", STUDY_KEY, "T-7K3QX9PM") == DATA_KEY
    assert DATA_KEY not in base64.b64decode(text)
    assert text != wrap_data_key(DATA_KEY, STUDY_KEY, "T-7K3QX9PM")
    for key, tape in ((STUDY_KEY, "T-7K3QX9PN"), (DATA_KEY, "T-7K3QX9PM")):
        with pytest.raises(TapeError, match=f"{tape}: the key of this tape was damaged.*Restore"):
            unwrap_data_key(text, key, tape)


def test_a_changed_data_key_is_refused() -> None:
    raw = base64.b64decode(wrap_data_key(DATA_KEY, STUDY_KEY, "T-7K3QX9PM"))
    assert len(raw) == 12 + 32 + 16
    changed = [raw[:i] + bytes([raw[i] ^ 1]) + raw[i + 1 :] for i in range(len(raw))] + [raw[:-1], raw + b"x"]
    texts = [base64.b64encode(r).decode() for r in changed] + ["", "no base64!", "AAAA"]
    for text in texts:
        with pytest.raises(TapeError, match="T-7K3QX9PM"):
            unwrap_data_key(text, STUDY_KEY, "T-7K3QX9PM")


# Made by version 1: what is wrapped today is to be opened in years.
FROZEN_DATA_KEY = "rXEBxYVSA7Bv5vBPHXbfCX9nQvFFIJZIdns2W/9pNkagY+dt/zdjZshEzWPjhq9E4fbLiTB3cyjvKizi"
FROZEN_LOCK = {
    "kind": "passphrase",
    "kdf": "argon2id",
    "memory_kib": 64,
    "passes": 1,
    "lanes": 1,
    "salt": "f3a39fea03d3ed3c3933017805fe53fc",
    "wrapped": "wXWbB6l0Us7m6P7fzU4ATovtetS4XHVL6+ThLwxIzQuUwb6M7RjquwuVlu1Yiz+N6weI02BB5B9ZkGv0",
}


def test_what_version_1_wrapped_stays_open() -> None:
    assert unwrap_data_key(FROZEN_DATA_KEY, STUDY_KEY, "T-7K3QX9PM") == DATA_KEY
    assert unlock_study_key(FROZEN_LOCK, WORDS, VAULT) == STUDY_KEY
    assert naming_key(STUDY_KEY).hex() == "bf1ee69eeaa0b5da53bddff2d29f70c93b4ae9beb8906a2c047c1246f0ea2b2a"


def test_the_wrapping_key_is_argon2id_of_the_passphrase() -> None:
    """Opened with argon2's own encoded form, which holds the parameters in its text."""
    from argon2.low_level import Type, hash_secret
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    salt = bytes.fromhex(str(FROZEN_LOCK["salt"]))
    encoded = hash_secret(WORDS.text.encode(), salt, 1, 64, 1, 32, Type.ID).decode()
    assert encoded.startswith("$argon2id$v=19$m=64,t=1,p=1$")
    key = base64.b64decode(encoded.rpartition("$")[2] + "=")
    raw = base64.b64decode(str(FROZEN_LOCK["wrapped"]))
    assert AESGCM(key).decrypt(raw[:12], raw[12:], json.dumps(["study key", VAULT]).encode()) == STUDY_KEY


# ------------------------------------------------------------ passphrase


def test_a_passphrase_opens_what_it_locked() -> None:
    record = locked(WORDS)
    assert record["kind"] == "passphrase"
    assert (record["kdf"], record["memory_kib"], record["passes"], record["lanes"]) == ("argon2id", 64, 1, 1)
    assert unlock_study_key(record, WORDS, VAULT) == STUDY_KEY
    assert locked(WORDS)["salt"] != record["salt"]


def test_a_wrong_passphrase_is_called_so() -> None:
    with pytest.raises(WrongLock, match=r"^wrong passphrase\."):
        unlock_study_key(locked(WORDS), Passphrase("six words picked at randon"), VAULT)
    with pytest.raises(WrongLock, match=r"^wrong passphrase\."):
        unlock_study_key(locked(WORDS), WORDS, VAULT[::-1])


def test_accents_count_the_same_however_they_are_typed() -> None:
    record = locked(Passphrase("caf\u00e9 na\u00efve"))
    assert unlock_study_key(record, Passphrase("cafe\u0301 nai\u0308ve"), VAULT) == STUDY_KEY


def test_a_passphrase_is_not_shown_and_not_too_short() -> None:
    assert "random" not in repr(WORDS)
    with pytest.raises(TapeError, match="at least 8 characters"):
        locked(Passphrase("  short  "))


def test_the_default_costs_64_mib_and_three_passes() -> None:
    before = time.perf_counter()
    record = lock_study_key(STUDY_KEY, WORDS, VAULT)
    assert (record["memory_kib"], record["passes"], record["lanes"]) == (65_536, 3, 4)
    assert time.perf_counter() - before > 0.01
    assert unlock_study_key(record, WORDS, VAULT) == STUDY_KEY


@pytest.mark.parametrize(
    "change",
    [
        {"memory_kib": 1 << 40},
        {"memory_kib": 1},
        {"passes": 0},
        {"passes": 10_000_000},
        {"lanes": "4"},
        {"lanes": True},
        {"salt": "zz"},
        {"salt": ""},
        {"salt": None},
        {"kdf": "none"},
        {"passes": None},
    ],
    ids=str,
)
def test_changed_parameters_are_refused_before_they_are_used(change: dict[str, Any]) -> None:
    with pytest.raises(TapeError, match=r"vault\.json: what it says of the passphrase is damaged.*Restore"):
        unlock_study_key(locked(WORDS) | change, WORDS, VAULT)


def test_weaker_parameters_do_not_open_it() -> None:
    with pytest.raises(WrongLock, match="wrong passphrase"):
        unlock_study_key(locked(WORDS) | {"passes": 2}, WORDS, VAULT)


# ------------------------------------------------------------ key file


def test_a_key_file_is_made_once_and_opens(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "study.key"
    path.parent.mkdir()
    record = locked(KeyFile(path))
    assert path.stat().st_size == 32
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o777 == 0o600
    assert record.keys() == {"kind", "wrapped"}
    assert unlock_study_key(record, KeyFile(path), VAULT) == STUDY_KEY
    key = path.read_bytes()
    locked(KeyFile(path))
    assert path.read_bytes() == key
    with pytest.raises(TapeError, match=r"study\.key: the key file cannot be made"):
        make_key_file(path)
    path.write_bytes(new_key())
    with pytest.raises(WrongLock, match="not the key file of these tapes"):
        unlock_study_key(record, KeyFile(path), VAULT)


def test_a_key_file_that_is_absent_or_none_is_told(tmp_path: Path) -> None:
    record = locked(KeyFile(tmp_path / "k"))
    (tmp_path / "k").write_bytes(bytes(33))
    with pytest.raises(WrongLock, match="exactly 32 bytes"):
        unlock_study_key(record, KeyFile(tmp_path / "k"), VAULT)
    (tmp_path / "k").unlink()
    with pytest.raises(TapeError, match=r"k: the key file cannot be read.*--key-file"):
        unlock_study_key(record, KeyFile(tmp_path / "k"), VAULT)
    assert not (tmp_path / "k").exists()


def test_a_key_file_in_the_study_folder_is_refused(tmp_path: Path) -> None:
    study, outside = tmp_path / "study", tmp_path / "k"
    (study / "sub").mkdir(parents=True)
    record = locked(KeyFile(outside), study)
    (study / "k").write_bytes(outside.read_bytes())
    (tmp_path / "way").symlink_to(study)
    for path in (study / "k", study / "sub" / ".." / "k", tmp_path / "way" / "k"):
        with pytest.raises(TapeError, match="may not lie in the study folder"):
            unlock_study_key(record, KeyFile(path), VAULT, study=study)
    with pytest.raises(TapeError, match="may not lie in the study folder"):
        locked(KeyFile(study / "new"), study)
    assert not (study / "new").exists()
    with pytest.raises(TapeError, match="may not lie in the study folder"):
        create_vault(study / "tapes", KeyFile(study / "new"))


# ------------------------------------------------------------ keyring


def test_the_keyring_keeps_a_key_by_name(ring: MemoryKeyring) -> None:
    record = locked(Keyring("my study"))
    assert record["name"] == "my study"
    assert list(ring.kept) == [("bordin", "my study")]
    assert unlock_study_key(record, Keyring("my study"), VAULT) == STUDY_KEY
    with pytest.raises(WrongLock, match="holds no key named 'other'"):
        unlock_study_key(record, Keyring("other"), VAULT)
    ring.kept["bordin", "my study"] = base64.b64encode(new_key()).decode()
    with pytest.raises(WrongLock, match="entry in the keyring is not the key"):
        unlock_study_key(record, Keyring("my study"), VAULT)
    ring.kept["bordin", "my study"] = "no base64!"
    with pytest.raises(WrongLock, match="holds no key"):
        unlock_study_key(record, Keyring("my study"), VAULT)


def test_a_computer_without_keyring_is_told(ring: MemoryKeyring) -> None:
    keyring.set_keyring(NoKeyring())
    with pytest.raises(TapeError, match=r"keyring of this computer cannot be used.*passphrase or a key file"):
        locked(Keyring("my study"))


# ------------------------------------------------------------ another lock


def test_another_lock_opens_the_same_key_and_the_old_one_does_not(tmp_path: Path) -> None:
    old = locked(WORDS)
    new = change_lock(old, WORDS, Passphrase("eight other words"), VAULT, argon2=CHEAP)
    assert unlock_study_key(new, Passphrase("eight other words"), VAULT) == STUDY_KEY
    with pytest.raises(WrongLock, match="wrong passphrase"):
        unlock_study_key(new, WORDS, VAULT)
    file = change_lock(new, Passphrase("eight other words"), KeyFile(tmp_path / "k"), VAULT)
    assert unlock_study_key(file, KeyFile(tmp_path / "k"), VAULT) == STUDY_KEY
    with pytest.raises(WrongLock, match="wrong passphrase"):
        change_lock(old, Passphrase("not the old one"), WORDS, VAULT)


def test_another_kind_of_lock_is_told_from_a_wrong_one(tmp_path: Path) -> None:
    with pytest.raises(WrongLock, match=r"opened by a passphrase, not by a key file.*BORDIN_PASSPHRASE"):
        unlock_study_key(locked(WORDS), KeyFile(tmp_path / "k"), VAULT)
    with pytest.raises(WrongLock, match=r"opened by a key file, not by a passphrase.*--key-file"):
        unlock_study_key(locked(KeyFile(tmp_path / "k")), WORDS, VAULT)


# ------------------------------------------------------------ finding the lock


def test_the_order_in_which_a_lock_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ring: MemoryKeyring
) -> None:
    typed, file = Passphrase("typed by hand"), tmp_path / "k"

    def ask() -> str:
        return typed.text

    words, filed, ringed = (tmp_path / n / "tapes" for n in ("words", "filed", "ringed"))
    create_vault(words, WORDS, argon2=CHEAP)
    create_vault(filed, KeyFile(file))
    create_vault(ringed, Keyring("my study"))
    assert find_lock(words, ask=ask) == typed
    assert find_lock(tmp_path / "new" / "tapes", ask=ask) == typed
    assert find_lock(ringed, ask=ask) == Keyring("my study")
    with pytest.raises(TapeError, match=r"nothing opens them.*BORDIN_PASSPHRASE"):
        find_lock(words)
    with pytest.raises(TapeError, match=r"nothing opens them.*--key-file"):
        find_lock(filed, ask=ask)
    monkeypatch.setenv("BORDIN_KEY_FILE", str(file))
    assert find_lock(filed, ask=ask) == KeyFile(file)
    assert find_lock(words, ask=ask) == typed
    assert find_lock(tmp_path / "new" / "tapes", ask=ask) == KeyFile(file)
    monkeypatch.setenv("BORDIN_PASSPHRASE", WORDS.text)
    assert find_lock(words, ask=ask) == WORDS
    assert find_lock(filed, ask=ask) == KeyFile(file)
    assert find_lock(tmp_path / "new" / "tapes", ask=ask) == WORDS
    assert find_lock(words, key_file=tmp_path / "other") == KeyFile(tmp_path / "other")
    assert find_lock(ringed, ask=ask) == Keyring("my study")


def test_a_vault_that_is_not_sealed_needs_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create_unsealed(tmp_path / "tapes")
    monkeypatch.setenv("BORDIN_PASSPHRASE", WORDS.text)
    assert find_lock(tmp_path / "tapes", ask=lambda: "never asked") is None
    with pytest.raises(TapeError, match="not sealed: no key opens them"):
        find_lock(tmp_path / "tapes", key_file=tmp_path / "k")


# ------------------------------------------------------------ vault.json


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"format": 1}',
        '{"format": 1, "sealed": "yes", "vault": "a", "lock": {}}',
        '{"format": 1, "sealed": true, "vault": "a", "lock": []}',
        '{"format": 1, "sealed": false, "vault": "a", "names": "zz"}',
    ],
)
def test_a_damaged_vault_file_is_refused_with_a_next_step(tmp_path: Path, text: str) -> None:
    (tmp_path / "vault.json").write_text(text, encoding="utf-8")
    with pytest.raises(TapeError, match=r"vault\.json: it is damaged.*Restore vault\.json from a backup"):
        read_vault_file(tmp_path)


def test_bytes_that_are_no_text_are_damage_too(tmp_path: Path) -> None:
    (tmp_path / "vault.json").write_bytes(os.urandom(3) + b"\xff\xfe\x00")
    with pytest.raises(TapeError, match=r"vault\.json: it is damaged"):
        read_vault_file(tmp_path)


def test_no_vault_and_a_newer_vault_are_told(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match="no tapes in this study yet"):
        read_vault_file(tmp_path)
    (tmp_path / "vault.json").write_text(
        '{"format": 2, "sealed": true, "vault": "a", "lock": {}}', encoding="utf-8"
    )
    with pytest.raises(TapeError, match="of format 2, and this bordin reads format 1"):
        read_vault_file(tmp_path)
