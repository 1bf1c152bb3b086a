"""``bordin model list``: the speech models that are here, and those that could be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from bordin.tapes.speech_models.catalog import KnownModel
    from bordin.tapes.speech_models.speech_model import SpeechModel

WAYS = {"hub": "hub", "packages": "packages, for tests", "export": "own file"}


def command(
    verify: Annotated[bool, typer.Option("--verify", help="Hash every file again.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with all hashes.")] = False,
) -> None:
    """List the speech models on this computer, and those bordin knows."""
    from bordin.errors import TapeError
    from bordin.tapes.speech_models.catalog import known_models
    from bordin.tapes.speech_models.speech_model import check, installed

    here = []
    for model in installed():
        try:
            check(model, verify=verify)
            here.append((model, "unchanged"))
        except TapeError as error:
            here.append((model, f"damaged: {error.problems[0].message}"))
    if as_json:
        _print_json(here, known_models())
    else:
        _show(here, known_models())
    if any(state != "unchanged" for _, state in here):
        raise typer.Exit(1)


def _print_json(here: list[tuple[SpeechModel, str]], known: tuple[KnownModel, ...]) -> None:
    import json
    from dataclasses import asdict

    from bordin.tapes.speech_models.speech_model import as_record, model_hash

    installed: list[dict[str, Any]] = [
        {**as_record(model), "sha256": model_hash(model), "state": state} for model, state in here
    ]
    record = {"installed": installed, "known": [asdict(model) for model in known]}
    print(json.dumps(record, indent=1, ensure_ascii=False))


def _show(here: list[tuple[SpeechModel, str]], known: tuple[KnownModel, ...]) -> None:
    from rich.console import Console
    from rich.text import Text

    from bordin.tapes.speech_models.speech_model import FOLDER_VARIABLE, models_folder

    console = Console(highlight=False)
    console.print(Text("On this computer", style="bold"))
    if here:
        table = _table("name", "kind", "license", "size", "origin", "state")
        for model, state in here:
            origin = f"{model.origin} (for tests, not for a clinic)" if model.tests_only else model.origin
            cells = (model.name, model.kind, model.license, _size(model.size), origin, state)
            table.add_row(*map(Text, cells))
        console.print(table)
    else:
        console.print("None yet.")
    names = {model.name for model, _ in here}
    rest = [model for model in known if model.name not in names]
    if rest:
        console.print(Text("\nKnown to bordin", style="bold"))
        table = _table("name", "kind", "languages", "license", "size", "from")
        for one in rest:
            ways = ", ".join(way for source, way in WAYS.items() if one.copy_from(source))
            cells = (one.name, one.kind, one.languages, one.license, _size(one.copies[0].size), ways)
            table.add_row(*map(Text, cells))
        console.print(table)
        console.print("\nFetch one: bordin model add NAME. It is the only verb that opens a connection.")
    console.print(
        Text(f"Models are kept in {models_folder()} ({FOLDER_VARIABLE} changes that)."), soft_wrap=True
    )


def _table(*names: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in names:
        # Where a terminal is narrow, whole words wrap; a name or a size never does.
        table.add_column(
            name, no_wrap=name in {"name", "kind", "size"}, min_width=12 if name == "languages" else 7
        )
    return table


def _size(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
