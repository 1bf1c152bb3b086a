"""Progress of long work: a live line in a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Steps:
    """Tells what is being done, and how long the last step took."""

    def __init__(self, name: str, *, quiet: bool = False) -> None:
        self.name, self.quiet = name, quiet
        self.live = sys.stderr.isatty() and not quiet
        self.started = time.perf_counter()
        self.count = 0

    def __call__(self, step: str) -> None:
        """Begin a step."""
        self.count += 1
        if self.quiet:
            return
        seconds = time.perf_counter() - self.started
        line = f"{self.name}  {seconds:5.1f} s  {step}"
        if self.live:
            print(f"\r\x1b[2K{line}", end="", file=sys.stderr, flush=True)
        else:
            print(line, file=sys.stderr, flush=True)

    def close(self) -> None:
        """Clear the live line, so that results stand alone."""
        if self.live:
            print("\r\x1b[2K", end="", file=sys.stderr, flush=True)


@contextmanager
def steps(name: str, *, quiet: bool = False) -> Iterator[Steps]:
    """Show the steps of one piece of work.

    Parameters
    ----------
    name : str
        Stands before every step.
    quiet : bool
        Show nothing.

    Yields
    ------
    Steps
        To be called with the name of each step.
    """
    shown = Steps(name, quiet=quiet)
    try:
        yield shown
    finally:
        shown.close()
