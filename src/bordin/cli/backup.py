"""``bordin backup``: one checked file that brings a workbench back, written while others go on working."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    study: Annotated[Path, typer.Argument(help="Study folder, or its study.toml.")] = Path(),
    to: Annotated[
        Path | None, typer.Option("--to", help="File to write; in workbench/backups/ when absent.")
    ] = None,
    tapes: Annotated[
        bool, typer.Option("--tapes", help="Put the sealed tapes in, with their wrapped keys.")
    ] = False,
    migrate: Annotated[
        bool, typer.Option("--migrate", help="Then bring a team's database up to this version of bordin.")
    ] = False,
) -> None:
    """Write a backup of a workbench while others go on working."""
    from bordin.store import backup
    from bordin.store.opening import migrate as bring_up
    from bordin.store.opening import open_record, study_database
    from bordin.store.setup import setup
    from bordin.study.study import load_study

    loaded = load_study(study)
    if migrate:
        backup.open_old(loaded.folder, study_database(loaded.folder), setup)
    else:
        open_record(loaded.folder)
    made = backup.back_up(loaded, "bordin", to, tapes=tapes)
    held = f"{made.facts:,} facts" + (f" and {made.tapes} tapes" if tapes else ", without tapes")
    print(f"{made.file}: {held}, {made.bytes / 1e6:,.1f} MB. Head of the chain: {made.head}")
    print("It holds answers of patients in clear. Keep it as safe as the study itself, on another disk.")
    if migrate:
        bring_up()
        print("The database is up to date with this version of bordin.")
