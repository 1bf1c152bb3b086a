"""Reliability beside its peers, in one run: ratios of CPU time.

    python benchmarks/reliability.py [--repeats 7] [--turns 1000000] [--json FILE]

Runs `reliability_categorical.py` (alpha against the Python package krippendorff; a million coded turns) and
`reliability_icc.py` (ICCs against pingouin, components against lme4), each in a process of its own, so that the
peak memory of one is not counted for the other. Python peers are looked for in the interpreter that
BORDIN_PEERS_PYTHON names, else in this one. What is absent is said, and the rest runs; the status is 1 when a
part failed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def part(name: str, options: list[str], folder: Path) -> dict[str, Any] | None:
    """Run one part and return its figures; None when it failed."""
    figures = folder / f"{name}.json"
    command = [sys.executable, str(HERE / f"{name}.py"), *options, "--json", str(figures)]
    done = subprocess.run(command, check=False)
    if done.returncode or not figures.exists():
        print(f"{name}.py ended with status {done.returncode}.", flush=True)
        return None
    found: dict[str, Any] = json.loads(figures.read_text(encoding="utf-8"))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--turns", type=int, default=1_000_000, help="coded turns of the large table")
    parser.add_argument("--json", help="write the figures of both parts to this file too")
    asked = parser.parse_args()
    repeats = ["--repeats", str(asked.repeats)]
    with tempfile.TemporaryDirectory() as folder:
        figures = {
            name: part(name, options, Path(folder))
            for name, options in (
                ("reliability_categorical", [*repeats, "--turns", str(asked.turns)]),
                ("reliability_icc", repeats),
            )
        }
    if asked.json:
        Path(asked.json).write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return int(any(found is None for found in figures.values()))


if __name__ == "__main__":
    sys.exit(main())
