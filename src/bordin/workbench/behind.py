"""Long computations behind a page: one at a time in a thread, while the last result is served."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import Generic, TypeVar

from django.db import connections

T = TypeVar("T")
# What takes no longer than so many seconds needs no rest.
QUICK = 1.0
# How soon a page gets the interpreter from a computation. Only meanwhile: else every save would pay for it.
SWITCH, USUAL = 0.0005, sys.getswitchinterval()
log = logging.getLogger("django.bordin")


_counting = Lock()
_at_work = 0


@contextmanager
def _giving_way() -> Iterator[None]:
    """Let threads switch faster until the last of the computations that run at the same time has ended."""
    global _at_work  # noqa: PLW0603 - the interpreter has one interval for all threads
    with _counting:
        _at_work += 1
        sys.setswitchinterval(SWITCH)
    try:
        yield
    finally:
        with _counting:
            _at_work -= 1
            if not _at_work:
                sys.setswitchinterval(USUAL)


@dataclass(frozen=True)
class Answer(Generic[T]):
    """What is known now.

    Attributes
    ----------
    value : object or None
        The last result; None before there is any.
    stale : bool
        Whether a newer one is being computed, or has to be.
    failed : bool
        Whether the last try failed; the server's log says why.
    """

    value: T | None
    stale: bool
    failed: bool = False


class Behind(Generic[T]):
    """Computes one result for a key, in a thread of its own.

    Parameters
    ----------
    rest : float
        After a computation of so many seconds the next one waits `rest` times as long, so that a busy record does not
        keep the computer busy.
    """

    def __init__(self, rest: float = 0.0) -> None:
        self._rest = rest
        self._lock = Lock()
        self._key: Hashable = None
        self._value: T | None = None
        self._record = ""
        self._done: Event | None = None
        self._not_before = 0.0
        self._begun, self._took = 0.0, 0.0
        self._failed = False

    def ask(
        self, record: str, key: Hashable, compute: Callable[[Callable[[T], None]], T], wait: float = 0.2
    ) -> Answer[T]:
        """Return the result for a key, or the last one while it is being computed.

        Parameters
        ----------
        record : str
            Which record it is about: a result of another one is never served.
        key : hashable
        compute : callable
            Makes the result; it is given a function that publishes what is ready before the rest is.
        wait : float
            Seconds to wait for it. What has been computed for longer, or took longer last time, is not waited for.

        Returns
        -------
        Answer
        """
        with self._lock:
            if self._record != record:
                self._record, self._key, self._value, self._not_before = record, None, None, 0.0
                self._took, self._failed = 0.0, False
            if self._key == key and not self._failed:
                return Answer(self._value, stale=False)
            if self._done is None and time.monotonic() >= self._not_before:
                self._done, self._begun = Event(), time.monotonic()
                Thread(target=self._run, args=(record, key, compute, self._done), daemon=True).start()
            done, now = self._done, time.monotonic()
            late = self._took if self._value is not None else 0.0
        if done is not None and max(late, now - self._begun) <= wait:
            done.wait(wait)
        with self._lock:
            value = self._value if self._record == record else None
            return Answer(value, self._key != key or self._failed, self._failed)

    def _run(
        self, record: str, key: Hashable, compute: Callable[[Callable[[T], None]], T], done: Event
    ) -> None:
        start = time.monotonic()

        def publish(value: T) -> None:
            with self._lock:
                if self._record == record:
                    self._value = value

        try:
            with _giving_way():
                value = compute(publish)
            with self._lock:
                if self._record == record:
                    self._key, self._value, self._failed = key, value, False
        except Exception:
            # It is a page's business to say so; the cause stands in the log.
            log.exception("a computation behind a page failed")
            with self._lock:
                self._failed = True
        finally:
            connections.close_all()
            with self._lock:
                self._took = took = time.monotonic() - start
                rest = self._rest * took if took > QUICK else 0.0
                self._not_before = time.monotonic() + (5.0 if self._failed else rest)
                self._done = None
            done.set()
