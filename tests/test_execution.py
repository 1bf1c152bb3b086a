"""Work in this process or beside it: every task has an outcome, whatever becomes of the others."""

from __future__ import annotations

import os
import time

import pytest
from tape_fakes import half, settings_of_worker, slow

from bordin.execution import ProcessEnded, each


def outcomes(tasks: list[float], processes: int) -> dict[float, object]:
    found: dict[float, object] = {}
    for task, outcome in each(half, tasks, processes=processes):
        assert task not in found
        found[task] = outcome
    return found


def test_one_after_another_in_this_process():
    own: list[int] = []
    done = list(each(lambda t: own.append(os.getpid()) or t + 1, [1, 2, 3]))
    assert done == [(1, 2), (2, 3), (3, 4)]
    assert set(own) == {os.getpid()}
    assert list(each(half, [])) == []


def test_a_failure_is_an_outcome_and_stops_nothing():
    found = outcomes([4, -1, 6], 1)
    assert (found[4], found[6]) == (2, 3)
    assert isinstance(found[-1], ValueError)


def test_a_stop_by_the_person_is_no_outcome():
    def stop(task: int) -> int:
        if task == 2:
            raise KeyboardInterrupt
        return task

    outcomes = each(stop, [1, 2, 3])
    assert next(outcomes) == (1, 1)
    with pytest.raises(KeyboardInterrupt):
        next(outcomes)


def test_one_task_needs_no_process():
    assert [o for _, o in each(lambda t: os.getpid(), [1], processes=4)] == [os.getpid()]


def test_side_by_side_in_other_processes():
    [(first, threads), *rest] = [o for _, o in each(settings_of_worker, [1, 2, 3, 4], processes=2)]  # type: ignore[misc]
    assert os.getpid() not in {first, *(pid for pid, _ in rest)}
    assert threads == str(max(1, (os.cpu_count() or 1) // 2))


def test_neither_a_failure_nor_an_ended_process_stops_the_rest():
    found = outcomes([2, -1, 4, -9, 6, 8], 2)
    assert {t: o for t, o in found.items() if t > 0} == {2: 1, 4: 2, 6: 3, 8: 4}
    assert isinstance(found[-1], ValueError)
    assert isinstance(found[-9], ProcessEnded)
    assert "ended from outside" in str(found[-9])


def test_who_stops_listening_ends_the_work():
    started = time.monotonic()
    for _, outcome in each(slow, [0.0, 30.0, 30.0], processes=2):
        assert outcome == 0.0
        break
    assert time.monotonic() - started < 20
