"""``bordin tape verify``: every sealed file read through."""

from __future__ import annotations

from typing import Annotated

import typer

from bordin.cli.tape.opening import KeyFile, StudyFolder


def command(
    study: StudyFolder,
    key_file: KeyFile = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
) -> None:
    """Read every sealed file through, and name those that were changed or are damaged."""
    import sys

    from bordin.cli.tape.batch import Progress, counted
    from bordin.cli.tape.opening import opened
    from bordin.errors import Problem, TapeError

    _, vault = opened(study, key_file)
    damaged: list[Problem] = []
    tapes = vault.tapes(damaged)
    for problem in damaged:
        print(problem, file=sys.stderr)
    progress = Progress([1.0] * len(tapes), quiet=quiet)
    bad = len(damaged)
    for tape in tapes:
        progress.within(tape.id, "reading", 0.0, 0.0)
        try:
            tape.verify()
        except TapeError as error:
            bad += 1
            for problem in error.problems:
                print(problem, file=sys.stderr)
        progress.finish(1.0)
    print(f"{counted(len(tapes) + len(damaged) - bad, 'tape')} whole, {bad} not.")
    if not vault.sealed:
        print("These tapes are not sealed: this shows that they can be read, not that nobody changed them.")
    if bad:
        raise typer.Exit(1)
