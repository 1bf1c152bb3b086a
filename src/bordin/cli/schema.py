"""``bordin schema``: the JSON Schema of the protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    out: Annotated[Path | None, typer.Option(help="File to write; printed when absent.")] = None,
) -> None:
    """Print the JSON Schema of study.toml, for editors."""
    import json

    from bordin.study.protocol import json_schema

    text = json.dumps(json_schema(), indent=2, ensure_ascii=False)
    if out is None:
        print(text)
    else:
        out.write_text(text + "\n", encoding="utf-8")
        print(f"Written to {out}.")
