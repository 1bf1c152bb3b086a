"""``bordin demo``: both example studies, run."""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = ("socialization", "mibot")


def command(
    to: Annotated[
        Path | None,
        typer.Option(help="Folder that gets a copy of the examples; examples/ of a checkout when absent."),
    ] = None,
    poster: Annotated[bool, typer.Option("--poster/--no-poster", help="Also make the posters.")] = True,
) -> None:
    """Run both example studies and say where their reports are."""
    from bordin.cli.run import run_study, tell

    for folder in [_place(name, to) for name in EXAMPLES]:
        results, paths = run_study(folder, poster=poster)
        tell(results, paths)
    print("\nOpen a report.html in a browser. Your own study: bordin new my-study")


def _place(name: str, to: Path | None) -> Path:
    """Return a writable example folder: that of a checkout, or a copy of the packaged one."""
    checkout = Path(__file__).parents[3] / "examples" / name
    if to is None and (checkout / "study.toml").is_file():
        return Path("examples") / name if Path("examples").resolve() == checkout.parent else checkout
    source = (
        checkout if (checkout / "study.toml").is_file() else Path(str(files("bordin"))) / "examples" / name
    )
    target = (to or Path("bordin-demo")) / name
    shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("reports", "*.py"))
    return target
