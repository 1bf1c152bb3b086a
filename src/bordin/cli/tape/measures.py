"""``bordin tape measures``: process measures of all tapes, into a file of the study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bordin.cli.tape.opening import KeyFile, StudyFolder

FILE = "process.csv"


def command(
    study: StudyFolder,
    out: Annotated[
        Path | None, typer.Option(help="File to write; data/process.csv of the study when absent.")
    ] = None,
    key_file: KeyFile = None,
) -> None:
    """Count talk, turns, pauses and the like on every tape, for the association table."""
    from collections import Counter

    from bordin.cli.tape.batch import counted
    from bordin.cli.tape.opening import opened
    from bordin.errors import Problem, TapeError
    from bordin.study.process_files import write_process_file
    from bordin.study.tapes import TRANSCRIPT, read_roles, read_tape_transcript
    from bordin.tapes.measures import ROLES, take_measures

    loaded, vault = opened(study, key_file)
    tapes = vault.tapes()
    twice = [s for s, n in Counter(t.session for t in tapes).items() if n > 1]
    if twice:
        raise TapeError(
            Problem(f"session {twice[0]!r} has several tapes, and measures are of one tape a session.")
        )
    rows = []
    reasons: Counter[str] = Counter()
    without: list[str] = []
    for tape in tapes:
        if not tape.has(TRANSCRIPT) or not set(ROLES) <= set(read_roles(tape).values()):
            without.append(tape.session)
            continue
        measured = take_measures(read_tape_transcript(tape))
        reasons.update(f"{name}: {why.note}" for name, why in measured.undefined.items())
        rows.append((tape.session, tape.participant, measured.flat))
    if not rows:
        raise TapeError(
            Problem(
                "no tape has both a transcript and roles yet.",
                hint=f"First bordin tape process {study}, then bordin tape roles {study} SESSION.",
            )
        )
    path = out or loaded.folder / "data" / FILE
    write_process_file(path, rows)
    print(f"{path}: {counted(len(rows), 'session')}, {len(rows[0][2])} measures.")
    for reason, n in reasons.most_common(10):
        print(f"  Without a value in {n}: {reason}")
    if without:
        named = ", ".join(without[:6]) + (", ..." if len(without) > 6 else "")
        print(f"  Left out, for want of a transcript or of roles: {len(without)} ({named})")
    if loaded.protocol.data.process is None:
        print('Next: in study.toml add [data.process] with file = "process.csv"; columns are then called')
        print("process.talk_share_client and so on: see docs/reference/process-measures.md.")
