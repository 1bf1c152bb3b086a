"""``bordin export``: the record of a workbench as flat files, for the study engine, SPSS and others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    study: Annotated[Path, typer.Argument(help="Study folder, or its study.toml.")] = Path(),
    to: Annotated[
        Path | None, typer.Option("--to", help="Folder to write to; export/ in the study when absent.")
    ] = None,
    format: Annotated[
        str, typer.Option(help="csv: the files of the protocol; sav: SPSS with labels and reasons.")
    ] = "csv",
) -> None:
    """Write the record of a workbench as flat files."""
    from bordin.errors import DataError, nearest
    from bordin.store.exporting import FORMATS, export_study
    from bordin.store.opening import open_record
    from bordin.study.study import load_study

    if format not in FORMATS:
        raise DataError(f"--format: there is no format {format!r}. {nearest(format, FORMATS)}")
    loaded = load_study(study)
    open_record(loaded.folder)
    target = to if to is not None else loaded.folder / "export"
    made = export_study(loaded, target, "bordin", format=format)
    for name in made.files:
        print(f"  {target / name}")
    for note in made.notes:
        print(f"Note: {note}")
    print(f"{len(made.files)} files, from {made.facts:,} facts. Head of the chain: {made.head}")
    print("They hold arm and outcome where the study has them: keep them from those who are blind.")
