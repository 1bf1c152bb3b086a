"""Who codes which session in which order: at random, balanced, and the same again from the seed.

The way: how many readings each coder gets; which coders meet, so that pairs meet equally often and every coder is
linked to every other; which group of coders gets which session, so that each has a like share of every level of the
factors; and in which order each coder hears the tapes. See docs/explanation/allocation.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from bordin.coding.allocation.assignment import Allocation, Assignment, Plan, SessionToCode, level_of
from bordin.coding.allocation.checks import check_plan
from bordin.coding.allocation.part import Part
from bordin.coding.allocation.report import Balance, balance_of, describe
from bordin.errors import AnalysisError, Problem, nearest

__all__ = [
    "Allocation",
    "Assignment",
    "Balance",
    "Plan",
    "SessionToCode",
    "allocate",
    "balance_of",
    "describe",
    "extend",
    "level_of",
]


def allocate(sessions: Iterable[SessionToCode], coders: Iterable[str], plan: Plan, seed: int) -> Allocation:
    """Allocate sessions to coders.

    Parameters
    ----------
    sessions : iterable of SessionToCode
        In any order: the result does not depend on it.
    coders : iterable of str
        Names of the coders, in any order.
    plan : Plan
    seed : int
        The same seed gives the same allocation on every computer.

    Returns
    -------
    Allocation
        With notes where the plan could not be kept to the letter.

    Raises
    ------
    AnalysisError
        When the plan cannot be carried out; each problem names the next step.
    """
    given, people = list(sessions), list(coders)
    check_plan(given, people, plan, seed)
    ordered = tuple(sorted(given, key=lambda s: s.id))
    empty = Allocation(ordered, tuple(sorted(people)), plan, seed, ())
    return Part(empty, [s.id for s in ordered], newcomers=sorted(people)).allocation(())


def extend(
    allocation: Allocation,
    sessions: Iterable[SessionToCode] = (),
    *,
    left: Collection[str] = (),
    joined: Collection[str] = (),
    done: Collection[str] = (),
) -> Allocation:
    """Allocate what is new, and leave every issued assignment as it is.

    Parameters
    ----------
    allocation : Allocation
        What was issued.
    sessions : iterable of SessionToCode
        New sessions.
    left : collection of str
        Coders who left. Their assignments that are not `done` are withdrawn, and other coders get the sessions.
    joined : collection of str
        New coders: they get practice and calibration, and their share of what is new.
    done : collection of str
        Ids of assignments that were carried out; those of others than the coders who left do not matter.

    Returns
    -------
    Allocation
        Old assignments first and unchanged, new ones after them in each coder's order.

    Raises
    ------
    AnalysisError
        When a coder or an id is not known, or the plan cannot be carried out with who is left.
    """
    new, gone, come = list(sessions), sorted(set(left)), sorted(set(joined))
    _check_extension(allocation, gone, come, done)
    coders = tuple(sorted((set(allocation.coders) - set(gone)) | set(come)))
    ordered = tuple(sorted((*allocation.sessions, *new), key=lambda s: s.id))
    there = {c: v for c, v in allocation.plan.share.items() if c in coders}
    caps = {c: v for c, v in allocation.plan.capacity.items() if c in coders}
    amount = allocation.plan.double
    # A whole number of double-coded sessions was given out with the first part.
    double = amount if isinstance(amount, float) else 0
    check_plan(
        ordered, coders, replace(allocation.plan, share=there, capacity=caps, double=double), allocation.seed
    )
    finished = set(done)
    dropped = [a for a in allocation.standing() if a.coder in gone and a.id not in finished]
    kept = replace(
        allocation,
        sessions=ordered,
        coders=coders,
        withdrawn=tuple(sorted({*allocation.withdrawn, *(a.id for a in dropped)})),
        part=allocation.part + 1,
    )
    lost = sorted((a.session, a.purpose) for a in dropped if a.purpose in {"rating", "double"})
    return Part(kept, sorted(s.id for s in new), newcomers=come).allocation(lost)


def _check_extension(
    allocation: Allocation, gone: Sequence[str], come: Sequence[str], done: Collection[str]
) -> None:
    problems = [
        Problem(f"there is no coder {c!r} who could leave.", hint=nearest(c, allocation.coders))
        for c in gone
        if c not in allocation.coders
    ]
    ever = {*allocation.coders, *(a.coder for a in allocation.assignments)}
    problems += [
        Problem(f"{c!r} codes or coded already.", hint="Give a new coder another name.")
        for c in come
        if c in ever
    ]
    known = {a.id for a in allocation.assignments}
    strange = sorted(set(done) - known)
    if strange:
        problems.append(
            Problem(f"{strange[0]!r} is no assignment of this allocation.", hint="Give ids that were issued.")
        )
    if problems:
        raise AnalysisError(problems)
