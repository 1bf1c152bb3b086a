"""The one study that this process serves: its protocol, its tapes, how it is served."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bordin.coding.system import CodingSystem
from bordin.store.server_file import ServerFile
from bordin.study.protocol import CodingUse
from bordin.study.study import Study, load_study
from bordin.tapes.vault.vault import Tape, Vault


@dataclass
class _Current:
    study: Study | None = None
    vault: Vault | None = None
    server: ServerFile | None = None


_current = _Current()


def serve(folder: Path, vault: Vault | None, server: ServerFile) -> None:
    """Say which study this process serves."""
    _current.study, _current.vault, _current.server = load_study(folder), vault, server


def study() -> Study:
    """Return the study that is served."""
    if _current.study is None:
        raise RuntimeError("no study is served by this process")
    return _current.study


def server() -> ServerFile:
    """Return how it is served."""
    return _current.server if _current.server is not None else ServerFile.model_validate({})


def vault() -> Vault | None:
    """Return the study's tapes; None when it has none or nothing opened them."""
    return _current.vault


def tape(name: str) -> Tape | None:
    """Return a tape by its name in the vault, or None when it is not there or the vault is locked."""
    if _current.vault is None or not name or _current.vault.locked:
        return None
    return _current.vault.tape(name)


def coding(name: str) -> tuple[CodingUse, CodingSystem]:
    """Return how the protocol uses a coding system, and the system."""
    return study().coding_use(name), study().systems[name]
