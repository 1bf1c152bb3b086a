"""How even an allocation is, where it falls short, and how the Methods section tells it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bordin.coding.allocation.assignment import Allocation, Assignment, in_words
from bordin.coding.allocation.groups import linked, meet
from bordin.coding.allocation.order import Order, Reading, in_a_row


@dataclass(frozen=True)
class Balance:
    """Counts that show how even an allocation is; withdrawn assignments do not count.

    Attributes
    ----------
    tapes : mapping of str to int
        Coder to all readings but practice.
    purposes : mapping of str to mapping
        Coder to purpose to number.
    levels : mapping of str to mapping
        Factor to level to coder to number of readings with the purposes rating and double.
    pairs : mapping of (str, str) to int
        Two coders in alphabetical order, and how many sessions both rate, calibration and practice aside.
    in_a_row : mapping of str to int
        Coder to how often two tapes of one participant follow each other.
    linked : bool
        Whether every coder is joined to every other through sessions that they share, calibration included.
    """

    tapes: Mapping[str, int]
    purposes: Mapping[str, Mapping[str, int]]
    levels: Mapping[str, Mapping[str, Mapping[str, int]]]
    pairs: Mapping[tuple[str, str], int]
    in_a_row: Mapping[str, int]
    linked: bool


def balance_of(allocation: Allocation) -> Balance:
    """Count an allocation.

    Parameters
    ----------
    allocation : Allocation

    Returns
    -------
    Balance
    """
    standing = allocation.standing()
    coders = allocation.coders
    factors = {s.id: s.factors for s in allocation.sessions}
    people = {s.id: s.participant for s in allocation.sessions}
    purposes = {c: Counter[str]() for c in coders}
    levels: dict[str, dict[str, dict[str, int]]] = {}
    for factor in allocation.plan.balance:
        found = sorted({s.factors.get(factor, "") for s in allocation.sessions})
        levels[factor] = {level: dict.fromkeys(coders, 0) for level in found}
    mine: dict[str, list[Assignment]] = {c: [] for c in coders}
    for a in standing:
        if a.coder not in mine:
            continue
        purposes[a.coder][a.purpose] += 1
        mine[a.coder].append(a)
        if a.purpose in {"rating", "double"}:
            for factor, counts in levels.items():
                counts[factors[a.session].get(factor, "")][a.coder] += 1
    order = {c: sorted(rows, key=lambda a: a.position) for c, rows in mine.items()}
    return Balance(
        tapes={c: sum(n for p, n in purposes[c].items() if p != "practice") for c in coders},
        purposes={c: dict(sorted(purposes[c].items())) for c in coders},
        levels=levels,
        pairs=_pairs(allocation, {"rating", "double"}),
        in_a_row={
            c: in_a_row([Reading(a.session, people[a.session], a.purpose) for a in rows])
            for c, rows in order.items()
        },
        linked=_linked(allocation),
    )


def _groups(allocation: Allocation, purposes: set[str]) -> list[list[int]]:
    number = {c: i for i, c in enumerate(allocation.coders)}
    groups: dict[str, list[int]] = {}
    for a in allocation.standing():
        if a.purpose in purposes and a.coder in number:
            groups.setdefault(a.session, []).append(number[a.coder])
    return list(groups.values())


def _pairs(allocation: Allocation, purposes: set[str]) -> dict[tuple[str, str], int]:
    met = np.zeros((len(allocation.coders), len(allocation.coders)), dtype=np.int64)
    for group in _groups(allocation, purposes):
        meet(met, group, 1)
    coders = allocation.coders
    return {(a, coders[j]): int(met[i, j]) for i, a in enumerate(coders) for j in range(i + 1, len(coders))}


def _linked(allocation: Allocation) -> bool:
    met = np.zeros((len(allocation.coders), len(allocation.coders)), dtype=np.int64)
    for group in _groups(allocation, {"rating", "double", "calibration"}):
        meet(met, group, 1)
    return linked(met)


def shortfalls(allocation: Allocation, orders: Sequence[Order]) -> list[str]:
    """Say where the plan could not be kept to the letter, and what to do.

    Parameters
    ----------
    allocation : Allocation
    orders : sequence of Order
        Of the latest part, one a coder.

    Returns
    -------
    list of str
    """
    notes = []
    plan, n = allocation.plan, len(allocation.coders)
    if n > 1 and not _linked(allocation):
        shared = any(len(g) > 1 for g in _groups(allocation, {"rating", "double", "calibration"}))
        what = "Not every coder is linked to every other" if shared else "No session is rated by two coders"
        notes.append(
            f"{what}, so reliability among all {n} coders cannot be estimated. Name calibration sessions, or "
            f"code at least {max(n - 1, 1)} sessions once more: double = {max(n - 1, 1)}."
        )
    crowded = 0
    for coder, order in zip(allocation.coders, orders, strict=True):
        if order.in_a_row:
            times = "once" if order.in_a_row == 1 else f"{order.in_a_row} times"
            why = (
                "calibration tapes and second readings have their places"
                if order.avoidable
                else "too many of the tapes are of one participant"
            )
            notes.append(f"{coder} hears two tapes of one participant in a row {times}: {why}.")
        calibration = sum(r.purpose == "calibration" for r in order.readings)
        if plan.calibration_every is not None:
            crowded += calibration * plan.calibration_every > len(order.readings) - calibration
    if crowded:
        notes.append(
            f"{crowded} of {n} coders have too few tapes for a calibration tape every {plan.calibration_every}: "
            f"theirs stand closer, spread evenly. Name fewer calibration sessions, or lower calibration_every."
        )
    return notes


def describe(allocation: Allocation) -> str:
    """Tell an allocation as a Methods section does, in whole numbers.

    Parameters
    ----------
    allocation : Allocation

    Returns
    -------
    str
        English sentences.
    """
    plan, count = allocation.plan, Counter(a.purpose for a in allocation.standing())
    people = len({s.participant for s in allocation.sessions})
    apart = {*plan.calibration, *plan.practice}
    usual = len(allocation.sessions) - len(apart)
    each = "one coder" if plan.coders == 1 else f"{plan.coders} coders"
    text = [
        f"{_n(len(allocation.sessions), 'session')} of {_n(people, 'participant')} were allocated at random to "
        f"{_n(len(allocation.coders), 'coder')} (seed {allocation.seed})"
        + (f", balanced on {in_words(plan.balance)}." if plan.balance else "."),
        f"Each of {_n(usual, 'session')} was rated by {each}"
        + (
            f"; {count['double']} of them, drawn at random, by one coder more, without any coder knowing which."
            if count["double"]
            else "."
        ),
    ]
    if plan.calibration:
        every = f", about one in every {plan.calibration_every} tapes" if plan.calibration_every else ""
        text.append(
            f"{_n(len(plan.calibration), 'further session')} for calibration {_was(len(plan.calibration))} rated by "
            f"every coder, sown in among the others{every}."
        )
    if count["repeat"]:
        text.append(
            f"{_n(count['repeat'], 'tape')} {_was(count['repeat'])} rated a second time by the same coder under another name."
        )
    if plan.practice:
        text.append(f"{_n(len(plan.practice), 'session')} served for practice.")
    row = sum(balance_of(allocation).in_a_row.values())
    text.append(
        "Each coder had an order of their own, drawn at random, in which "
        + (
            "no two tapes of one participant followed each other."
            if not row
            else f"two tapes of one participant followed each other {'once' if row == 1 else f'{row} times'} in all."
        )
    )
    if allocation.part:
        times = "once" if allocation.part == 1 else f"{allocation.part} times"
        text.append(f"The allocation was extended {times}; what had been issued was left as it was.")
    return " ".join(text)


def _n(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _was(number: int) -> str:
    return "was" if number == 1 else "were"
