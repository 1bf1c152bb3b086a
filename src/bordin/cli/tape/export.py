"""``bordin tape export``: copies of transcripts and sound for other programs, and a note of each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bordin.cli.tape.opening import KeyFile, StudyFolder

if TYPE_CHECKING:
    from bordin.study.study import Study
    from bordin.tapes.vault.vault import Tape, Vault


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
            written, notes = _copy(
                loaded, vault, tape, to, kinds, sound=sound, names=names, undecided=undecided
            )
        except BordinError as error:
            failed += 1
            print(f"{tape.session}: not exported: {' '.join(str(p) for p in error.problems)}")
            continue
        for path in written:
            print(f"  {path}")
        for note in notes:
            print(f"  Note: {note}")
    if failed < len(tapes):
        done = counted(len(tapes) - failed, "tape")
        print(f"{done} exported, in the clear, and noted: forgetting a participant will list the copies.")
    if failed:
        raise typer.Exit(1)


def _copy(
    study: Study,
    vault: Vault,
    tape: Tape,
    to: Path,
    kinds: tuple[str, ...],
    *,
    sound: bool,
    names: bool,
    undecided: bool,
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
                f"{counted(len(review.undecided), 'proposal')} about names and numbers must be decided first.",
                hint=f"Next: bordin tape deidentify {study.folder} {tape.session}, or export with --undecided.",
            )
        )
    transcript = review.transcript if names else review.replaced
    try:
        to.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TapeError(Problem(f"this folder cannot be made ({error.strerror}).", file=to.name)) from None
    # Noted before it is written: a copy of which nobody knows would outlive a withdrawn consent.
    what = ", ".join([*kinds, *(["sound"] if sound else [])]) + (", with names" if names else "")
    vault.note_export([tape.id], to.resolve(), what)
    stem = _stem(vault, tape)
    written = []
    for kind in kinds:
        path = to / f"{stem}{FORMATS[kind].extension}"
        write_transcript(transcript, path, format=kind)
        written.append(path)
    notes: list[str] = []
    if sound:
        hidden, said = ((), ()) if names else hidden_stretches(review)
        path = to / f"{stem}.wav"
        write_sound(tape, path, hidden)
        written.append(path)
        bleeped = f"{counted(len(hidden), 'place')} bleeped" if hidden else "Nothing had to be bleeped"
        notes += [*said, f"{bleeped}. A voice still tells who speaks."]
    return written, notes


def _stem(vault: Vault, tape: Tape) -> str:
    """Return the session's name for files; with the tape's own where it alone would not do."""
    import re

    plain = re.sub(r"[^\w.-]+", "_", tape.session).lstrip(".")
    alone = plain == tape.session and len(vault.find(session=tape.session)) == 1
    return plain if alone else f"{plain}-{tape.id}"
