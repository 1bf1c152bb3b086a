"""``bordin tape list``: what is in the vault of a study."""

from __future__ import annotations

from typing import Annotated

import typer

from bordin.cli.tape.opening import KeyFile, StudyFolder


def command(
    study: StudyFolder,
    key_file: KeyFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """List the tapes of a study, and how far each is."""
    import json

    from rich.console import Console
    from rich.table import Table

    from bordin.cli.tape.batch import counted
    from bordin.cli.tape.opening import opened
    from bordin.errors import Problem
    from bordin.study.tapes import study_sessions, tape_facts

    loaded, vault = opened(study, key_file)
    damaged: list[Problem] = []
    rows = [tape_facts(t) for t in vault.tapes(damaged)]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    console = Console(highlight=False)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("session", "tape", "minutes", "transcript", "roles", "warnings"):
        table.add_column(heading, justify="right" if heading == "minutes" else "left", no_wrap=True)
    for row in rows:
        roles = row["roles"]
        table.add_row(
            row["session"],
            row["tape"],
            f"{row['seconds'] / 60:.1f}",
            "yes" if row["transcript"] else "–",
            ", ".join(f"{a} {b}" if a != b else b for a, b in roles.items()) or "–",
            str(len(row["warnings"])) if row["warnings"] else "–",
        )
    console.print(table)
    for row in rows:
        for warning in row["warnings"]:
            console.print(f"{row['tape']}: {warning}", soft_wrap=True, markup=False)
    for problem in damaged:
        console.print(str(problem), soft_wrap=True, markup=False)
    with_tape = {row["session"] for row in rows}
    lost = [s.id for s in study_sessions(loaded).values() if s.tape is not False and s.id not in with_tape]
    forgotten = len(vault.tombstones())
    end = f"{counted(len(rows), 'tape')} of {counted(len(with_tape), 'session')}"
    end += f"; {counted(len(lost), 'session')} without one" if lost else ""
    console.print(end + (f"; {forgotten} forgotten." if forgotten else "."))
