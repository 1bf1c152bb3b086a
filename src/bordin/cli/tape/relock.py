"""``bordin tape relock``: another passphrase, key file or keyring for the tapes of a study."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from bordin.cli.tape.opening import KeyFile, StudyFolder

NEW_PASSPHRASE = "BORDIN_NEW_PASSPHRASE"


def command(
    study: StudyFolder,
    key_file: KeyFile = None,
    new_key_file: Annotated[
        Path | None, typer.Option(help="Key file from now on; it is made when it is not there.")
    ] = None,
    keyring: Annotated[bool, typer.Option("--keyring", help="The system's keyring from now on.")] = False,
) -> None:
    """Open the tapes of a study by another passphrase, key file or keyring from now on."""
    from bordin.cli.tape.opening import asker, opened
    from bordin.errors import Problem, TapeError
    from bordin.tapes.vault.locks import KeyFile as ByKeyFile
    from bordin.tapes.vault.locks import Keyring, Lock, Passphrase

    if new_key_file is not None and keyring:
        raise TapeError("--new-key-file and --keyring are two locks, and a vault has one.")
    loaded, vault = opened(study, key_file)
    new: Lock
    if new_key_file is not None:
        new = ByKeyFile(new_key_file)
    elif keyring:
        new = Keyring(loaded.protocol.study.title)
    else:
        ask = asker(new=True)
        given = os.environ.get(NEW_PASSPHRASE) or (ask() if ask is not None else None)
        if given is None:
            raise TapeError(
                Problem(
                    "no new passphrase is given.", hint=f"Type it at a terminal, or set {NEW_PASSPHRASE}."
                )
            )
        new = Passphrase(given)
    vault.change_lock(new)
    print("From now on the tapes open by the new lock alone. They themselves stay as they were.")
    print("A copy of the study made before today still opens by the old one.")
