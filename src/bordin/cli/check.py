"""``bordin check``: every problem of a study folder, at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    study: Annotated[Path, typer.Argument(help="Study folder, or its study.toml.")] = Path(),
) -> None:
    """List every problem of a study folder at once."""
    from bordin.cli.progress import steps
    from bordin.cli.source import data_source, without_what_is_to_come
    from bordin.study.lock import lock_status
    from bordin.study.reading import read_records
    from bordin.study.study import load_study
    from bordin.study.values import unit_values

    with steps(study.resolve().name) as step:
        step("reading the protocol")
        loaded = load_study(study)
        source, notes = data_source(loaded, step)
        source, more = without_what_is_to_come(source)
        records = read_records(source, lambda name: step(f"reading {name}"))
        step("matching forms and tapes")
        values = unit_values(loaded, records)
    print("No problem found.")
    for f in records.files:
        print(f"  {f.name}: {f.rows} rows")
    for flow in values.flow:
        lost = "; ".join(f"{n} {why}" for n, why in flow.lost)
        print(f"  {flow.n} {flow.label}" + (f" ({lost})" if lost else ""))
    for note in (*notes, *more, *records.notes, *values.notes):
        print(f"  Note: {note}")
    state = lock_status(loaded)
    verb = "serve" if more else "run"
    if state.state == "unlocked":
        print(f"Next: bordin lock {study} (freezes the protocol), then bordin {verb} {study}")
    else:
        print(
            f"The protocol is {'as locked' if state.state == 'as locked' else 'changed since it was locked'} "
            f"({state.locked_at}). Next: bordin {verb} {study}"
        )
