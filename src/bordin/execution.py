"""Where work runs: this process, or processes beside it, behind one call.

Nothing below the rim of the package knows of processes. A later executor for clusters has the same door.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")


def each(
    work: Callable[[Task], Outcome], tasks: Sequence[Task], *, processes: int = 1
) -> Iterator[tuple[Task, Outcome | BaseException]]:
    """Do one piece of work for each task, and hand back each outcome as it comes.

    A task that fails does not stop the others: its exception is its outcome. Nor does a process that is ended
    from outside.

    Parameters
    ----------
    work : callable
        A function of a module, so that another process can import it.
    tasks : sequence
        What it is called with, one after another.
    processes : int
        1 works in this process.

    Yields
    ------
    (task, outcome)
        In the order of completion; the outcome is what `work` returned, or what it raised.
    """
    if processes <= 1 or len(tasks) <= 1:
        for task in tasks:
            try:
                yield task, work(task)
            except Exception as error:
                yield task, error
        return
    left = list(tasks)
    for task, outcome in _side_by_side(work, tasks, processes):
        left.remove(task)
        yield task, outcome
    # A process that was ended from outside takes its neighbors' work with it. Each task that is left gets a
    # process of its own, so that only the one that cannot be done fails.
    for task in left:
        found = [outcome for _, outcome in _side_by_side(work, [task], 1)]
        yield task, found[0] if found else ProcessEnded()


class ProcessEnded(Exception):
    """A process was ended from outside while it worked."""

    def __str__(self) -> str:
        return "the process that worked on it was ended from outside, perhaps for want of memory."


def _side_by_side(
    work: Callable[[Task], Outcome], tasks: Sequence[Task], processes: int
) -> Iterator[tuple[Task, Outcome | BaseException]]:
    """Do tasks in processes; those whose process was ended are left out."""
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    threads = max(1, (os.cpu_count() or 1) // processes)
    context = get_context("spawn")
    # Nothing is ever sent: workers see when the other end is closed, be it by us or because we are gone.
    alive, ours = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(
        min(processes, len(tasks)),
        mp_context=context,
        initializer=_begin,
        initargs=(os.getpid(), threads, alive),
    )
    with alive, ours, pool:
        asked = {pool.submit(work, task): task for task in tasks}
        try:
            for done in as_completed(asked):
                failed = done.exception()
                if isinstance(failed, BrokenProcessPool):
                    continue
                yield asked[done], done.result() if failed is None else failed
        except BaseException:
            # A task that runs, or was handed to a process already, can be an hour's work: nobody waits for it.
            ours.close()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _begin(parent: int, threads: int, alive: Connection) -> None:
    """Set up a worker: its share of the processors, and an end when the process that asked stops or is gone."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    # Ctrl-C reaches every process of a terminal: the first one decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        with suppress(OSError, EOFError):
            while os.getppid() == parent and not alive.poll(0.5):
                pass
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
