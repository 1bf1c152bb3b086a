"""``bordin lock``: freeze the protocol before the analysis."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    study: Annotated[Path, typer.Argument(help="Study folder, or its study.toml.")] = Path(),
    amend: Annotated[
        str | None, typer.Option(help="Reason of a declared change; the first lock is kept beside it.")
    ] = None,
) -> None:
    """Freeze the protocol before the analysis."""
    from bordin.study.lock import LOCK_FILE, lock_study
    from bordin.study.study import load_study

    loaded = load_study(study)
    status = lock_study(loaded, amend=amend)
    if amend is not None:
        print(f"Amendment noted in {LOCK_FILE}. {len(status.deviations)} keys differ from the first lock:")
        for d in status.deviations:
            print(f"  {d.key}: {d.locked} -> {d.now}")
        return
    print(
        f"Locked on {status.locked_at}: protocol {loaded.protocol.study.version}, sha256 {status.protocol_sha256}"
    )
    print(f"Written to {loaded.folder / LOCK_FILE}. Every later report says what has changed since.")
    if status.after_report:
        print("A report existed already: the report will say that the lock came after it.")
