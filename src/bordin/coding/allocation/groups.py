"""Which coders meet on a session: how much each codes, and groups in which pairs meet equally often.

All arithmetic is in whole numbers or single divisions, so that ties fall alike on every computer.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from bordin.coding.allocation.draws import Draws

Ints = npt.NDArray[np.int64]

MAX_EXCHANGES = 5_000

WINDOW, TOGETHER = 1_000, 3
"""With how many groups one is compared at a time, and how many meetings of a pair are looked at."""


def whole_weights(shares: Sequence[float]) -> list[int]:
    """Turn shares of work into whole numbers in the same proportions."""
    exact = [Fraction(str(s)).limit_denominator(1_000) for s in shares]
    common = math.lcm(*(f.denominator for f in exact))
    whole = [int(f * common) for f in exact]
    divisor = math.gcd(*whole)
    return [w // divisor for w in whole]


def apportion(
    total: int, weights: Sequence[int], start: Sequence[int], limits: Sequence[int], draws: Draws
) -> list[int] | None:
    """Share out `total` readings in proportion to weights (Sainte-Lague), no one above a limit.

    Parameters
    ----------
    total : int
    weights : sequence of int
        Work of each coder.
    start : sequence of int
        What each has already; it counts for the proportion, and is not given back.
    limits : sequence of int
        The most that each may get now.
    draws : Draws
        Decides ties.

    Returns
    -------
    list of int or None
        New readings of each coder; None when the limits do not hold them all.
    """
    common = math.lcm(*weights)
    tie = draws.order(len(weights))
    got = [0] * len(weights)
    waiting = [
        ((2 * start[c] + 1) * (common // w), tie[c], c) for c, w in enumerate(weights) if limits[c] > 0
    ]
    heapq.heapify(waiting)
    for _ in range(total):
        if not waiting:
            return None
        _, _, c = waiting[0]
        got[c] += 1
        if got[c] >= limits[c]:
            heapq.heappop(waiting)
        else:
            key = (2 * (start[c] + got[c]) + 1) * (common // weights[c])
            heapq.heapreplace(waiting, (key, tie[c], c))
    return got


def split(totals: Sequence[int], number: int, size: int, other: int, draws: Draws) -> list[int] | None:
    """Decide how many of each coder's readings are in the `number` groups of `size`, the rest in `other` groups."""
    lowest = [max(0, t - other) for t in totals]
    highest = [min(t, number) for t in totals]
    missing = number * size - sum(lowest)
    if missing < 0:
        return None
    weights = [max(t, 1) for t in totals]
    limits = [high - low for high, low in zip(highest, lowest, strict=True)]
    more = apportion(missing, weights, lowest, limits, draws)
    return None if more is None else [low + m for low, m in zip(lowest, more, strict=True)]


def form_groups(targets: Sequence[int], size: int, number: int, pairs: Ints, draws: Draws) -> Ints:
    """Form groups of coders: each coder in as many as the target says, pairs as equally often as can be.

    Parameters
    ----------
    targets : sequence of int
        Groups of each coder: their sum is ``number * size``, none is above `number`.
    size, number : int
    pairs : array of shape (n_coders, n_coders)
        How often each pair has met; it is brought up to date.
    draws : Draws

    Returns
    -------
    array of shape (number, size)
        In an order in which each stretch holds every coder about equally often.
    """
    goal = np.array(targets, dtype=np.int64)
    left = goal.copy()
    groups = np.empty((number, size), dtype=np.int64)
    chained = _chain(left, size, number, draws) if size > 1 and not linked(pairs) else []
    for row, chain in enumerate(chained):
        groups[row] = chain
        left[chain] -= 1
        meet(pairs, chain, 1)
    for row in range(len(chained), number):
        groups[row] = _next_group(left, goal, size, number - row, pairs, draws)
        left[groups[row]] -= 1
        meet(pairs, groups[row], 1)
    if size > 1:
        _even_out(groups, pairs, targets)
    return groups


def meet(pairs: Ints, group: npt.ArrayLike, change: int) -> None:
    """Note that the coders of a group met, or take it back."""
    at = np.asarray(group, dtype=np.int64)
    pairs[np.ix_(at, at)] += change
    pairs[at, at] -= change


def linked(pairs: Ints, coders: Sequence[int] | None = None) -> bool:
    """Say whether every coder is joined to every other through sessions that they share."""
    among = list(range(len(pairs))) if coders is None else list(coders)
    if len(among) < 2:
        return True
    reached = {among[0]}
    edge = [among[0]]
    while edge:
        one = edge.pop()
        new = {int(c) for c in np.flatnonzero(pairs[one])} - reached
        reached |= new
        edge += new
    return reached.issuperset(among)


def _chain(left: Ints, size: int, number: int, draws: Draws) -> list[list[int]]:
    """Form the fewest groups that join all coders; empty where the targets do not allow it."""
    coders = [c for c in draws.order(len(left)) if left[c] > 0]
    rows = -(-(len(coders) - 1) // (size - 1))
    joints = rows - 1
    twice = [c for c in coders if left[c] > 1]
    if rows > number or len(twice) < joints or rows < 1:
        return []
    joining = twice[:joints]
    others = [c for c in coders if c not in joining]
    chain: list[list[int]] = []
    for row in range(rows):
        ends = ([joining[row - 1]] if row else []) + ([joining[row]] if row < joints else [])
        chain.append(ends + [others.pop() for _ in range(min(size - len(ends), len(others)))])
    spare = left.copy()
    for group in chain:
        spare[group] -= 1
    for group in chain:  # The last group may have free places.
        while len(group) < size:
            most = max((c for c in coders if c not in group), key=lambda c: int(spare[c]), default=None)
            if most is None or spare[most] < 1:
                return []
            group.append(most)
            spare[most] -= 1
    # What remains must still fit: nobody may have more left than there are groups left.
    return chain if int(spare.max(initial=0)) <= number - rows else []


def _next_group(left: Ints, goal: Ints, size: int, groups_left: int, pairs: Ints, draws: Draws) -> list[int]:
    """Choose a group: who must, then who has done least of the goal, then who met the others least, then by lot."""
    behind = left / np.maximum(goal, 1)
    must = left >= groups_left
    lot = draws.keys(len(left))
    chosen: list[int] = []
    for _ in range(size):
        met = pairs[chosen].sum(axis=0) if chosen else np.zeros(len(left), dtype=np.int64)
        for c in np.lexsort((lot, met, -behind, ~must)):
            if left[c] > 0 and int(c) not in chosen:
                chosen.append(int(c))
                break
    return chosen


def _even_out(groups: Ints, pairs: Ints, targets: Sequence[int]) -> None:
    """Exchange coders between groups while a pair has met twice more often than another; loads stay as they are."""
    kept, was_linked = groups.copy(), linked(pairs)
    before = pairs.copy()
    active = np.array(targets) > 0
    upper = np.triu(np.outer(active, active), 1)
    stuck: set[tuple[int, int]] = set()
    for _ in range(MAX_EXCHANGES):
        counts = np.where(upper, pairs, -1)
        fewest = int(pairs[upper].min()) if upper.any() else 0
        for one in stuck:
            counts[one] = -1
        pair = divmod(int(counts.argmax()), len(pairs))
        if counts[pair] <= fewest + 1:
            break
        if _exchange(groups, pairs, pair):
            stuck.clear()
        else:
            stuck.add(pair)
    if was_linked and not linked(pairs):
        groups[:], pairs[:] = kept, before


def _exchange(groups: Ints, pairs: Ints, pair: tuple[int, int]) -> bool:
    """Part one meeting of a pair by the exchange that evens out most; say whether there is one that helps."""
    one, other = (np.flatnonzero(groups.ravel() == c) // groups.shape[1] for c in pair)
    rows = np.intersect1d(one, other, assume_unique=True)
    start = int(rows[0]) if len(groups) > WINDOW else 0
    near = np.arange(start, start + min(WINDOW, len(groups))) % len(groups)
    # Places by groups: sums over the short side are fast only when it is the first.
    part = np.ascontiguousarray(groups[near].T)
    among = pairs.ravel()[part[:, None] * len(pairs) + part].sum(axis=1)
    best: tuple[int, int, int, int, int] | None = None
    for row in rows[:TOGETHER]:
        inside = np.zeros(len(pairs), dtype=np.int64)
        inside[groups[row]] = 1
        here = inside[part]
        both = 4 * here.sum(axis=0)
        for coder in pair:
            rest = groups[row][groups[row] != coder]
            # What it costs that another comes in here, and that this one goes there.
            gain = 2 * (pairs[rest] - pairs[rest, coder][:, None] + 1).sum(axis=0)
            met = pairs[coder][part]
            others = 2 * (met.sum(axis=0) - met - among + len(part) - 1)
            allowed = (here == 0) & ~(part == coder).any(axis=0)
            cost = np.where(allowed, gain[part] + others - both, 0).T
            at = int(cost.argmin())
            value = int(cost[divmod(at, len(part))])
            if value < 0 and (best is None or value < best[0]):
                place = int(np.flatnonzero(groups[row] == coder)[0])
                best = (value, int(row), place, int(near[at // len(part)]), at % len(part))
    if best is None:
        return False
    _, row, place, there, there_place = best
    for changed in (row, there):
        meet(pairs, groups[changed], -1)
    groups[row, place], groups[there, there_place] = groups[there, there_place], groups[row, place]
    for changed in (row, there):
        meet(pairs, groups[changed], 1)
    return True
