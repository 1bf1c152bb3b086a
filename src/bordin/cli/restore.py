"""``bordin restore``: a backup comes back into an empty workbench."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    file: Annotated[Path, typer.Argument(help="The backup.")],
    study: Annotated[Path, typer.Argument(help="Study folder, or its study.toml.")] = Path(),
) -> None:
    """Put a backup into a workbench that is empty, and verify it."""
    from bordin.store.backup import restore
    from bordin.store.database import private_folder
    from bordin.store.opening import study_database
    from bordin.store.setup import setup
    from bordin.study.study import load_study

    folder = load_study(study).folder

    def open_empty() -> None:
        private_folder(folder)
        setup(study_database(folder))

    made = restore(folder, file, open_empty)
    print(f"{made.facts:,} facts are back, and the chain is whole. Its head: {made.head}")
    if made.tapes:
        print(f"{made.tapes} sealed tapes are back; the passphrase that opened them opens them now.")
    print(f"Next: bordin serve {study}")
