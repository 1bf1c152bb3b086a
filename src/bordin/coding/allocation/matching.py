"""Which group of coders gets which session, so that each coder has a like share of every level of the factors.

The groups are settled before, so exchanging whole groups between sessions changes neither anybody's amount of work
nor who meets whom. Deviations are whole numbers (counts times the sum of weights), hence exact everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bordin.coding.allocation.assignment import SessionToCode
from bordin.coding.allocation.draws import Draws

Ints = npt.NDArray[np.int64]

WINDOW = 1_500
"""With how many sessions one is compared at a time."""

SWEEPS = 8


@dataclass(frozen=True)
class Levels:
    """The factors of sessions as numbers.

    Attributes
    ----------
    of : array of shape (n_sessions, n_factors)
        Number of each session's level; every factor has numbers of its own. The first factor is the stratum,
        that is, all factors together.
    n : int
        How many levels there are in all.
    strata : array of shape (n_sessions,)
    """

    of: Ints
    n: int
    strata: Ints


def levels_of(sessions: Sequence[SessionToCode], balance: Sequence[str]) -> Levels:
    """Number the levels of the balanced factors, in alphabetical order."""
    rows: list[tuple[str, ...]] = [tuple(s.factors.get(f, "") for f in balance) for s in sessions]
    columns = [rows]
    if len(balance) > 1:
        columns += [[(row[i],) for row in rows] for i in range(len(balance))]
    of = np.zeros((len(sessions), len(columns)), dtype=np.int64)
    n = 0
    for i, column in enumerate(columns):
        number = {level: n + j for j, level in enumerate(sorted(set(column)))}
        of[:, i] = [number[level] for level in column]
        n += len(number)
    return Levels(of, n, of[:, 0].copy())


@dataclass
class Matched:
    """Groups of one size, each beside its session.

    Attributes
    ----------
    sessions : array of shape (n,)
        Places of the sessions in the list of all.
    groups : array of shape (n, size)
    """

    sessions: Ints
    groups: Ints


def match(
    classes: Sequence[Matched], levels: Levels, weights: Sequence[int], start: Ints, draws: Draws
) -> None:
    """Exchange groups between sessions until no exchange brings the coders closer to like shares.

    Parameters
    ----------
    classes : sequence of Matched
        Brought into another pairing of sessions and groups.
    levels : Levels
    weights : sequence of int
        Work of each coder.
    start : array of shape (n_coders, n_levels)
        Deviations that are there before, in the unit of :func:`deviations`.
    draws : Draws
    """
    off = start + deviations(classes, levels, weights)
    unit = int(sum(weights))
    for one in classes:
        mixed = np.array(draws.order(len(one.sessions)), dtype=np.int64)
        one.sessions[:], one.groups[:] = one.sessions[mixed], one.groups[mixed]
    for _ in range(SWEEPS):
        changed = [_sweep(one, levels, off, unit) for one in classes if len(one.sessions) > 1]
        if not any(changed):
            break


def deviations(classes: Sequence[Matched], levels: Levels, weights: Sequence[int]) -> Ints:
    """Count each coder's readings at each level, less the coder's share of them; times the sum of weights."""
    off = np.zeros((len(weights), levels.n), dtype=np.int64)
    total = np.zeros(levels.n, dtype=np.int64)
    for one in classes:
        at = levels.of[one.sessions]
        for place in range(one.groups.shape[1]):
            np.add.at(off, (one.groups[:, place][:, None], at), 1)
            np.add.at(total, at, 1)
    share: Ints = off * int(sum(weights)) - np.outer(np.array(weights, dtype=np.int64), total)
    return share


def _sweep(one: Matched, levels: Levels, off: Ints, unit: int) -> bool:
    """Try each session once; say whether any group changed its session."""
    changed = False
    at = levels.of[one.sessions]
    for row in range(len(one.sessions)):
        held = off[one.groups[row][:, None], at[row]]
        if (held - off[:, at[row]].min(axis=0) <= unit).all():
            continue
        start = 0 if len(at) <= WINDOW else (row * 7) % (len(at) - WINDOW)
        part = slice(start, start + WINDOW)
        cost = _cost(row, one.groups, at, part, off, unit)
        best = int(cost.argmin())
        if cost[best] < 0:
            other = start + best
            _give(off, one.groups, at, (row, other), unit)
            one.groups[[row, other]] = one.groups[[other, row]]
            changed = True
    return changed


def _cost(row: int, groups: Ints, at: Ints, part: slice, off: Ints, unit: int) -> Ints:
    """Return what the sum of squared deviations would change by, halved, were the groups exchanged.

    A coder of both groups neither comes nor leaves. Summed over all coders of each group, such a coder's two terms
    cancel but for the unit, which is why only the number of them is needed, and not who they are.
    """
    here = at[row]
    # Places by sessions: sums over the short side are fast only when it is the first.
    theirs, there = np.ascontiguousarray(groups[part].T), np.ascontiguousarray(at[part].T)
    mine = off[groups[row]].sum(axis=0)
    inside = np.zeros(len(off), dtype=np.int64)
    inside[groups[row]] = 1
    leave = mine[there].sum(axis=0) - mine[here].sum()
    stay = off.ravel()[theirs[:, None] * off.shape[1] + there].sum(axis=(0, 1))
    come = off[:, here].sum(axis=1)[theirs].sum(axis=0) - stay
    exchanged = len(theirs) - inside[theirs].sum(axis=0)
    differs = (here[:, None] != there).sum(axis=0)
    cost: Ints = leave + come + 2 * unit * differs * exchanged
    return cost


def _give(off: Ints, groups: Ints, at: Ints, rows: tuple[int, int], unit: int) -> None:
    """Bring the deviations up to date with an exchange."""
    for row, other in (rows, rows[::-1]):
        for coder in groups[row]:
            off[coder, at[row]] -= unit
            off[coder, at[other]] += unit
