"""Open a study's vault from the command line: what the verbs on tapes share."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bordin.study.study import Study
    from bordin.tapes.vault.vault import Tape, Vault

StudyFolder = Annotated[Path, typer.Argument(help="Study folder, or its study.toml.")]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        help="Key file that opens the tapes. Otherwise BORDIN_PASSPHRASE, BORDIN_KEY_FILE, the keyring, or a question."
    ),
]


def opened(folder: Path, key_file: Path | None = None, *, locked: bool = False) -> tuple[Study, Vault]:
    """Read a study and open its vault.

    Parameters
    ----------
    folder : Path
    key_file : Path, optional
    locked : bool
        Leave a sealed vault locked: its tapes can be listed by name and forgotten, not heard.

    Raises
    ------
    TapeError
        When there is no vault yet, or nothing opens it.
    """
    from bordin.errors import Problem, TapeError
    from bordin.study.study import load_study
    from bordin.study.tapes import vault_folder
    from bordin.tapes.vault.keys import find_lock
    from bordin.tapes.vault.opening import open_vault

    study = load_study(folder)
    place = vault_folder(study)
    if not (place / "vault.json").is_file():
        raise TapeError(
            Problem("this study has no tapes yet.", hint=f"Next: bordin tape add {folder} RECORDINGS")
        )
    vault = open_vault(place, None if locked else find_lock(place, key_file, asker()))
    _check_words(study, vault)
    return study, vault


def opened_or_made(folder: Path, key_file: Path | None, *, keyring: bool) -> tuple[Study, Vault, bool]:
    """Open a study's vault, or make it as the protocol says; the last value says whether it is new."""
    from bordin.study.study import load_study
    from bordin.study.tapes import vault_folder
    from bordin.tapes.vault.keys import find_lock
    from bordin.tapes.vault.locks import Keyring
    from bordin.tapes.vault.opening import create_unsealed, create_vault

    study = load_study(folder)
    place = vault_folder(study)
    if (place / "vault.json").is_file():
        return (*opened(folder, key_file), False)
    if study.protocol.tapes.vault != "sealed":
        return study, create_unsealed(place), True
    if keyring:
        lock = Keyring(study.protocol.study.title)
    else:
        found = find_lock(place, key_file, asker(new=True))
        if found is None:
            raise ValueError("a vault that is not there cannot be unsealed")
        lock = found  # type: ignore[assignment]
    return study, create_vault(place, lock), True


def _check_words(study: Study, vault: Vault) -> None:
    """Refuse a vault that is not what the protocol says."""
    from bordin.errors import Problem, TapeError

    wanted = study.protocol.tapes.vault == "sealed"
    if wanted != vault.sealed:
        is_now = "sealed" if vault.sealed else "not sealed"
        raise TapeError(
            Problem(
                f"the protocol says vault = {study.protocol.tapes.vault!r}, but the tapes are {is_now}.",
                file="study.toml",
                hint="Change the protocol back, or move the folder tapes/ away and add the recordings anew.",
            )
        )


def asker(*, new: bool = False):  # type: ignore[no-untyped-def]  # a function that asks, or None
    """Return a function that asks for the passphrase, or None where nobody could answer."""
    if not sys.stdin.isatty():
        return None

    def ask() -> str:
        from getpass import getpass

        if not new:
            return getpass("Passphrase of the tapes: ")
        print("Choose a passphrase for the tapes of this study. Without it nobody can hear them again.")
        while True:
            first = getpass("Passphrase (at least 12 characters): ")
            if len(first) < 12:
                print("That is too short. Five or six words are easy to remember and hard to guess.")
            elif first == getpass("The same again: "):
                return first
            else:
                print("The two differ.")

    return ask


def tape_named(vault: Vault, name: str) -> Tape:
    """Return a tape by its own name, or by its session when there is one tape of it.

    Raises
    ------
    TapeError
        When there is none, or several.
    """
    from bordin.errors import Problem, TapeError, nearest

    tapes = vault.tapes()
    found = [t for t in tapes if name in (t.id, t.session)]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(t.id for t in found)
        raise TapeError(Problem(f"session {name!r} has {len(found)} tapes.", hint=f"Name one of: {names}."))
    for stone in vault.tombstones():
        if name in (stone.tape, stone.session):
            raise TapeError(f"the tape of {name!r} was forgotten on {stone.time[:10]} ({stone.reason}).")
    raise TapeError(Problem(f"there is no tape of {name!r}.", hint=nearest(name, [t.session for t in tapes])))
