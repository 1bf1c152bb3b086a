"""``bordin new``: start a study folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    folder: Annotated[Path, typer.Argument(help="Folder to make.")],
    instrument: Annotated[
        str, typer.Option(help="Questionnaire to start from; see: bordin catalog.")
    ] = "wai-sr",
    coding: Annotated[str, typer.Option(help="Coding system to start from.")] = "socialization-7",
) -> None:
    """Start a study folder with a commented protocol."""
    from bordin.study.template import new_study

    written = new_study(folder, instrument=instrument, system=coding)
    for path in written:
        print(f"  {path}")
    print(f"Next: fill in {written[0]} and the files in {folder / 'data'}, then: bordin check {folder}")
