"""``bordin tape add``: recordings into the vault of a study."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from bordin.cli.tape.opening import KeyFile, StudyFolder


def command(
    study: StudyFolder,
    files: Annotated[list[Path], typer.Argument(help="Recordings, or folders of them: any audio or video.")],
    session: Annotated[str | None, typer.Option(help="Session of the one recording that is named.")] = None,
    names: Annotated[
        Path | None,
        typer.Option(help="Table with the columns file and session, where recordings bear other names."),
    ] = None,
    key_file: KeyFile = None,
    keyring: Annotated[
        bool, typer.Option("--keyring", help="For a new vault: keep its key in the system's keyring.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Also take recordings that were forgotten once.")
    ] = False,
    processes: Annotated[int, typer.Option(help="How many recordings are worked on at once.")] = 1,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
) -> None:
    """Seal recordings into a study's vault."""
    from bordin.cli.tape.batch import Progress, run, show_warnings
    from bordin.cli.tape.opening import opened_or_made
    from bordin.study.study import load_study
    from bordin.study.tapes import Added, AddTask, add_tape, match_sessions, study_sessions

    pairs = match_sessions(files, study_sessions(load_study(study)), session=session, names=names)
    _, vault, new = opened_or_made(study, key_file, keyring=keyring)
    if new:
        how = "sealed" if vault.sealed else "NOT sealed, as the protocol says"
        print(f"Made the vault {vault.folder} ({how}).")
    vault.clean()
    tasks = [AddTask(vault, path, s.id, s.participant, again) for path, s in pairs]
    progress = Progress([path.stat().st_size for path, _ in pairs], quiet=quiet)

    def told(_: AddTask, done: Added) -> str:
        if not done.new:
            return f"is in the vault already, as {done.tape} of session {done.session}; nothing was done"
        return f"{done.tape}, session {done.session}, {done.seconds / 60:.1f} min"

    work = add_tape if processes > 1 else partial(_with_progress, progress)
    added, failures = run(
        work,
        tasks,
        processes=processes,
        progress=progress,
        size=lambda t: t.path.stat().st_size,
        told=told,
        name=lambda t: t.path.name,
    )
    show_warnings([(done.tape, warning) for done in added for warning in (*done.warnings, *done.notes)])
    fresh = sum(a.new for a in added)
    print(f"{fresh} added, {len(added) - fresh} there already, {len(failures)} not done.")
    if fresh and vault.sealed:
        print(
            "The recordings themselves are where they were, unsealed. When you have checked, delete them there."
        )
    if fresh:
        print(f"Next: bordin tape process {study}")
    if failures:
        raise typer.Exit(1)


def _with_progress(progress, task):  # type: ignore[no-untyped-def]  # its types are imported late
    from bordin.study.tapes import add_tape

    size = task.path.stat().st_size
    return add_tape(task, lambda share: progress.within(task.path.name, "sealing", share, size * share))
