"""Many tapes, one after another or side by side: progress, time left, and failures that stop nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from bordin.execution import each

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")


class Progress:
    """Tells how far a batch is, and about how long it will still take.

    Parameters
    ----------
    sizes : sequence of float
        Work of each task in any unit, such as seconds of tape.
    """

    def __init__(self, sizes: Sequence[float], *, quiet: bool = False) -> None:
        self.total, self.count = sum(sizes) or 1.0, len(sizes)
        self.done, self.finished = 0.0, 0
        self.started = time.monotonic()
        self.live = sys.stderr.isatty() and not quiet
        self.quiet = quiet
        self._told = 0.0

    def within(self, name: str, stage: str, share: float, done: float) -> None:
        """Show the stage that one task is in, with the work of the task that is done; five times a second."""
        now = time.monotonic()
        if not self.live or (now - self._told < 0.2 and share < 1.0):
            return
        self._told = now
        at = f"{self.finished + 1} of {self.count}" if self.count > 1 else ""
        line = "  ".join(p for p in (at, name, f"{stage} {share:4.0%}", self.left(done)) if p)
        print(f"\r\x1b[2K{line}", end="", file=sys.stderr, flush=True)

    def finish(self, size: float) -> None:
        """Count a task as done."""
        self.done += size
        self.finished += 1

    def say(self, line: str) -> None:
        """Write one line that stays."""
        if not self.quiet:
            print(f"\r\x1b[2K{line}" if self.live else line, file=sys.stderr, flush=True)

    def left(self, more: float = 0.0) -> str:
        """Say about how long the rest takes; nothing before enough is done to tell."""
        share = (self.done + more) / self.total
        passed = time.monotonic() - self.started
        if share < 0.02 or passed < 2.0:
            return ""
        return f"about {duration(passed / share - passed)} left" if share < 1.0 else ""


def duration(seconds: float) -> str:
    """Write a time for people: ``40 s``, ``12 min``, ``3.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3_600:.1f} h"


def run(
    work: Callable[[Task], Outcome],
    tasks: Sequence[Task],
    *,
    processes: int,
    progress: Progress,
    size: Callable[[Task], float],
    told: Callable[[Task, Outcome], str],
    name: Callable[[Task], str],
) -> tuple[list[Outcome], list[tuple[Task, str]]]:
    """Do all tasks, telling of each as it ends.

    Returns
    -------
    outcomes : list
        Of the tasks that were done.
    failures : list of (task, reason)
    """
    outcomes: list[Outcome] = []
    failures: list[tuple[Task, str]] = []
    for task, outcome in each(work, tasks, processes=processes):
        progress.finish(size(task))
        count = f"{progress.finished:>{len(str(progress.count))}} of {progress.count}"
        if isinstance(outcome, BaseException):
            if isinstance(outcome, KeyboardInterrupt):
                raise outcome
            failures.append((task, _reason(outcome)))
            progress.say(f"{count}  {name(task)}: not done. {_reason(outcome)}")
        else:
            outcomes.append(outcome)
            left = progress.left()
            progress.say(f"{count}  {name(task)}: {told(task, outcome)}" + (f"  ({left})" if left else ""))
    return outcomes, failures


def _reason(error: BaseException) -> str:
    from bordin.errors import BordinError
    from bordin.execution import ProcessEnded

    if isinstance(error, BordinError):
        return " ".join(str(p) for p in error.problems)
    if isinstance(error, ProcessEnded):
        return str(error).capitalize()
    return f"{type(error).__name__}: {error}"


def counted(n: int, thing: str) -> str:
    """Write a number with its noun: ``1 tape``, ``3 tapes``."""
    return f"{n} {thing}" if n == 1 else f"{n} {thing}s"


def show_warnings(warnings: Sequence[tuple[str, str]]) -> None:
    """Print warnings, those that several tapes share once.

    Parameters
    ----------
    warnings : sequence of (tape, warning)
    """
    tapes: dict[str, list[str]] = {}
    for tape, warning in warnings:
        tapes.setdefault(warning, []).append(tape)
    for warning, named in tapes.items():
        who = ", ".join(named) if len(named) <= 3 else f"{len(named)} tapes"
        print(f"  {who}: {warning}")
