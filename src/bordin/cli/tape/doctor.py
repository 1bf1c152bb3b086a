"""``bordin tape doctor``: every engine tried on a short sample, with the network shut."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer


def command(
    diarizer: Annotated[
        str | None, typer.Option(help="Only this diarizer, such as pyannote:DIR; else those that are there.")
    ] = None,
    recognizer: Annotated[
        str | None, typer.Option(help="Only this recognizer, such as whispercpp:FILE.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Try every speech engine on a short sample, with the network shut."""
    from rich.console import Console
    from rich.table import Table

    from bordin.tapes.doctor import examine

    found = examine(diarizer, recognizer)
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        console = Console(highlight=False)
        table = Table(box=None, header_style="bold", pad_edge=False)
        for heading, side in (
            ("engine", "left"),
            ("works", "left"),
            ("load", "right"),
            ("sample", "right"),
            ("50-minute tape", "right"),
        ):
            table.add_column(heading, justify=side, overflow="fold")  # type: ignore[arg-type]
        for e in found["engines"]:
            table.add_row(e["engine"], "yes" if e["works"] else "no", *_times(e))
        console.print(table)
        for e in found["engines"]:
            if e["note"]:
                console.print(f"{e['engine']}: {e['note']}", soft_wrap=True, markup=False)
        console.print(f"Network: {found['network']}", soft_wrap=True, markup=False)
        if found["minutes"]:
            console.print(
                f"A 50-minute session takes about {found['minutes']:.0f} minutes on this computer, "
                f"with {found['threads']} threads and nothing else running."
            )
    if not found["sound"]:
        raise typer.Exit(1)


def _times(engine: dict[str, Any]) -> tuple[str, str, str]:
    if not engine["works"]:
        return "–", "–", "–"
    return f"{engine['load']:.1f} s", f"{engine['sample']:.1f} s", f"{engine['minutes']:.1f} min"
