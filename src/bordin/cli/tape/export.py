"""``bordin tape export``: copies of transcripts and sound for other programs, and a note of each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bordin.cli.tape.opening import KeyFile, StudyFolder

if TYPE_CHECKING:
    from bordin.study.study import Study
    from bordin.tapes.vault import Tape


def command(
    study: StudyFolder,
    sessions: Annotated[
        list[str] | None, typer.Argument(help="Sessions; all that have a transcript when none is named.")
    ] = None,
    to: Annotated[Path, typer.Option(help="Folder for the copies, which are in the clear.")] = Path("export"),
    formats: Annotated[
        str,
        typer.Option("--format", help="bordin, webvtt, srt, textgrid, eaf, chat, rttm; several with commas."),
    ] = "webvtt",
    sound: Annotated[
        bool, typer.Option("--sound", help="Also the sound (WAV), bleeped where something is hidden.")
    ] = False,
    names: Annotated[
        bool, typer.Option("--with-names", help="Leave names and numbers as they were said.")
    ] = False,
    undecided: Annotated[
        bool, typer.Option("--undecided", help="Export although proposals are not decided yet.")
    ] = False,
    key_file: KeyFile = None,
) -> None:
    """Write copies of transcripts and sound for other programs, without what is to be hidden."""
    from bordin.cli.tape.batch import counted
    from bordin.cli.tape.opening import opened, tape_named
    from bordin.errors import BordinError, TapeError, nearest
    from bordin.study.tapes import TRANSCRIPT
    from bordin.tapes.formats import FORMATS

    kinds = tuple(f.strip() for f in formats.split(",") if f.strip())
    writable = [name for name, f in FORMATS.items() if f.writes]
    for kind in kinds:
        if kind not in writable:
            raise TapeError(f"--format: {kind!r} cannot be written. {nearest(kind, writable)}")
    loaded, vault = opened(study, key_file)
    tapes = (
        [tape_named(vault, s) for s in sessions]
        if sessions
        else [t for t in vault.tapes() if t.has(TRANSCRIPT)]
    )
    if not tapes:
        raise TapeError(f"no tape has a transcript yet. Next: bordin tape process {study}")
    failed = 0
    for tape in tapes:
        try:
            written, notes = _copy(loaded, tape, to, kinds, sound=sound, names=names, undecided=undecided)
        except BordinError as error:
            failed += 1
            print(f"{tape.session}: not exported. {' '.join(str(p) for p in error.problems)}")
            continue
        what = ", ".join([*kinds, *(["sound"] if sound else [])]) + (", with names" if names else "")
        vault.note_export([tape.id], str(to), what)
        for path in written:
            print(f"  {path}")
        for note in notes:
            print(f"  Note: {note}")
    print(
        f"{counted(len(tapes) - failed, 'tape')} exported, in the clear, and noted: forgetting a participant will list them."
    )
    if failed:
        raise typer.Exit(1)


def _copy(
    study: Study, tape: Tape, to: Path, kinds: tuple[str, ...], *, sound: bool, names: bool, undecided: bool
) -> tuple[list[Path], list[str]]:
    """Write the copies of one tape, under the name of its session."""
    from bordin.cli.tape.batch import counted
    from bordin.errors import Problem, TapeError
    from bordin.study.tape_review import hidden_stretches, review_tape, write_sound
    from bordin.tapes.formats import FORMATS, write_transcript

    review = review_tape(study, tape)
    if review.undecided and not (names or undecided):
        raise TapeError(
            Problem(
                f"nobody has decided about {len(review.undecided)} names or numbers.",
                hint=f"Next: bordin tape deidentify {study.folder} {tape.session}, or export with --undecided.",
            )
        )
    transcript = review.transcript if names else review.replaced
    to.mkdir(parents=True, exist_ok=True)
    written = []
    for kind in kinds:
        path = to / f"{tape.session}{FORMATS[kind].extension}"
        write_transcript(transcript, path, format=kind)
        written.append(path)
    notes: list[str] = []
    if sound:
        hidden, said = ((), ()) if names else hidden_stretches(review)
        path = to / f"{tape.session}.wav"
        write_sound(tape, path, hidden)
        written.append(path)
        notes += [*said, f"{counted(len(hidden), 'place')} bleeped. A voice still tells who speaks."]
    return written, notes
