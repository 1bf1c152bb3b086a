"""``bordin tape forget``: a withdrawn consent reaches every copy in the vault."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bordin.cli.tape.opening import StudyFolder

if TYPE_CHECKING:
    from bordin.study.study import Study


def command(
    participant: Annotated[str, typer.Argument(help="Pseudonym of the participant.")],
    study: StudyFolder = Path(),
    reason: Annotated[str, typer.Option(help="Why; it stays in the tombstone.")] = "consent withdrawn",
    measures: Annotated[
        bool,
        typer.Option(
            "--measures", help="Also take the participant's rows out of the file of process measures."
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Destroy all tapes of a participant, and everything made of them."""
    import sys

    from bordin.cli.tape.batch import counted
    from bordin.cli.tape.opening import opened
    from bordin.errors import Problem, TapeError

    loaded, vault = opened(study, locked=True)
    tapes = vault.find(participant=participant)
    if tapes and not yes:
        sessions = ", ".join(t.session for t in tapes)
        what = f"{counted(len(tapes), 'tape')} of {participant} (session{'s' * (len(tapes) > 1)} {sessions})"
        if not sys.stdin.isatty():
            raise TapeError(
                Problem(f"{what} would be destroyed for good.", hint="Give the command again with --yes.")
            )
        if input(f"{what} and all that was made of them will be destroyed for good. Type yes: ") != "yes":
            print("Nothing was done.")
            raise typer.Exit(1)
    stones = vault.forget(participant=participant, reason=reason)
    for stone in stones:
        print(
            f"{stone.tape}, session {stone.session}: forgotten on {stone.time[:10]} ({stone.reason}); "
            f"{counted(len(stone.destroyed), 'file')} destroyed."
        )
    if measures:
        print(_without_measures(loaded, participant, {s.session for s in stones}))
    exports = dict.fromkeys(f"{e.path} ({e.what}, {e.time[:10]})" for s in stones for e in s.exports)
    if exports:
        print(
            "Earlier exports that hold something of these tapes. bordin cannot reach them: delete them yourself."
        )
        for export in exports:
            print(f"  {export}")
    print(
        "Backups made before today still hold the sealed tapes and their keys: see docs/explanation/sealed-tapes.md."
    )


def _without_measures(study: Study, participant: str, sessions: set[str]) -> str:
    """Take the rows of a participant, or of some sessions, out of the file of process measures."""
    import csv
    import io

    from bordin.cli.tape.batch import counted
    from bordin.cli.tape.measures import FILE
    from bordin.study.files import data_path
    from bordin.tapes.vault.plain_files import PlainWriter

    used = study.protocol.data.process
    path = data_path(study.folder, FILE if used is None else used.file)
    if not path.is_file():
        return "There is no file of process measures."
    columns = {} if used is None else used.columns
    names = [columns.get(name, name) for name in ("session", "participant")]
    try:
        text = path.read_bytes().decode("utf-8")
        heading = text.partition("\n")[0]
        delimiter = max(",;\t", key=heading.count)
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
        cells = [cell.removeprefix("\ufeff").strip() for cell in lines[0]]
        at, whose = cells.index(names[0]), cells.index(names[1]) if names[1] in cells else None
    except (UnicodeDecodeError, csv.Error, IndexError, ValueError):
        return f"{path.name} could not be changed: take the rows of {participant} out of it yourself."

    def goes(line: list[str]) -> bool:
        told = dict(enumerate(line))
        return told.get(at) in sessions or (whose is not None and told.get(whose) == participant)

    kept = [lines[0], *(line for line in lines[1:] if not goes(line))]
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(kept)
    with PlainWriter(path, path.name, path.name) as file:
        file.write(out.getvalue().encode())
    return f"Taken out of {path.name}: {counted(len(lines) - len(kept), 'row')}."
