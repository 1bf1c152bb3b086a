"""``bordin audit verify``: recompute every hash of the record."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    study: Annotated[Path, typer.Argument(help="Study folder, or its study.toml.")] = Path(),
    head: Annotated[
        str | None,
        typer.Option(help="Hash that was noted earlier, such as in a report: the record must hold it."),
    ] = None,
) -> None:
    """Read the record of a workbench through and say whether it adds up."""
    from bordin.store.opening import open_record
    from bordin.store.verify import verify
    from bordin.study.study import load_study

    folder = load_study(study).folder
    open_record(folder)
    found = verify(head)
    print(f"{found.facts:,} facts. Head of the chain: {found.head}")
    if found.erased:
        print(f"{found.erased:,} texts were erased after a withdrawal.")
    for fault in found.faults:
        print(f"Fault: {fault}.")
    if found.whole:
        print("The chain is whole." + ("" if head is None else " It holds the hash that was noted."))
        return
    print(
        f"{len(found.faults)} {'fault' if len(found.faults) == 1 else 'faults'}. Next: stop the workbench, keep this record as it is, restore a backup."
    )
    raise typer.Exit(1)
