"""``bordin model pack``: speech models for a computer that never sees a network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    models: Annotated[
        list[str] | None, typer.Argument(help="Names of models on this computer; all when absent.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Archive to write, ending in .tar.")] = Path("speech-models.tar"),
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
) -> None:
    """Pack speech models into one checked file for a computer without network.

    There, bordin model add ARCHIVE checks every file and keeps the models.
    """
    from bordin.cli.progress import steps
    from bordin.errors import Problem, TapeError
    from bordin.tapes.speech_models.adding import pack
    from bordin.tapes.speech_models.speech_model import installed

    names = models or [model.name for model in installed()]
    if not names:
        raise TapeError(
            Problem("there is no speech model to pack.", hint="bordin model add NAME comes first.")
        )
    with steps("model pack", quiet=quiet) as step:
        sha256, packed = pack(names, out, lambda what, _share: step(what))
    print(f"Packed into {out}: {', '.join(model.name for model in packed)}")
    print(f"  {sha256}  {out.name}")
    print(f"On the other computer, compare this sha256, then: bordin model add {out.name}")
