"""One part of an allocation, the first or an extension: who codes what, in which order, under which name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bordin.coding.allocation.assignment import Allocation, Assignment, Purpose
from bordin.coding.allocation.checks import number_of
from bordin.coding.allocation.draws import Draws
from bordin.coding.allocation.groups import Ints, apportion, form_groups, meet, split, whole_weights
from bordin.coding.allocation.matching import Levels, Matched, deviations, levels_of, match
from bordin.coding.allocation.order import Order, Reading, in_order
from bordin.coding.allocation.report import shortfalls
from bordin.errors import AnalysisError, Problem

WHO, WHICH, ORDER, NAMES, IDS = range(5)
"""What each stream of draws is for. The numbers are part of what makes an allocation the same again."""

USUAL = frozenset({"rating", "double"})
"""Purposes that make up the amount of work that is balanced."""

# Each session's coders, as their numbers, and what for.
Work = dict[str, list[tuple[int, Purpose]]]


class Part:
    """One part of an allocation.

    Parameters
    ----------
    kept : Allocation
        What stays as it is; its sessions and coders are those of now.
    fresh : sequence of str
        Sessions that nobody codes yet.
    newcomers : sequence of str
        Coders who begin with this part.
    """

    def __init__(self, kept: Allocation, fresh: Sequence[str], *, newcomers: Sequence[str]) -> None:
        self.kept, self.plan, self.coders = kept, kept.plan, kept.coders
        self.newcomers = frozenset(newcomers)
        self.number = {c: i for i, c in enumerate(self.coders)}
        self.by_id = {s.id: s for s in kept.sessions}
        apart = {*self.plan.calibration, *self.plan.practice}
        self.fresh = [i for i in fresh if i not in apart]
        self.weights = whole_weights([self.plan.share.get(c, 1.0) for c in self.coders])
        self.standing = kept.standing()
        self.notes: list[str] = []

    def draws(self, what: int, *more: int) -> Draws:
        """Return the stream of this part for one use."""
        return Draws(self.kept.seed, self.kept.part, what, *more)

    def allocation(self, lost: Sequence[tuple[str, Purpose]]) -> Allocation:
        """Make the assignments of this part and put them after those that were kept.

        Parameters
        ----------
        lost : sequence of (str, str)
            Session and purpose of readings that others take over from coders who left.
        """
        work = self._who(lost)
        orders = [self._order(c, tapes) for c, tapes in enumerate(self._tapes(work))]
        names = self._names(orders)
        practice = [self.plan.practice if c in self.newcomers else () for c in self.coders]
        total = sum(len(o.readings) for o in orders) + sum(map(len, practice))
        taken = frozenset(a.id for a in self.kept.assignments)
        ids = iter(self.draws(IDS).ids(total, taken))
        ends = Counter[str]()
        for a in self.kept.assignments:
            ends[a.coder] = max(ends[a.coder], a.position)
        made: list[Assignment] = []
        for coder, first, order in zip(self.coders, practice, orders, strict=True):
            rows: list[tuple[str, str, int, Purpose]] = [
                (session, f"Practice {n}", 1, "practice") for n, session in enumerate(first, start=1)
            ]
            rows += [
                (r.session, names[r.session, coder if r.reading > 1 else ""], r.reading, r.purpose)
                for r in order.readings
            ]
            made += [
                Assignment(next(ids), coder, session, name, position, reading, purpose)
                for position, (session, name, reading, purpose) in enumerate(rows, start=ends[coder] + 1)
            ]
        grown = replace(self.kept, assignments=(*self.kept.assignments, *made))
        self.notes += shortfalls(grown, orders)
        return replace(grown, notes=(*self.kept.notes, *self.notes))

    # ------------------------------------------------------------ who codes what

    def _who(self, lost: Sequence[tuple[str, Purpose]]) -> Work:
        """Settle amounts, groups and sessions."""
        draws = self.draws(WHO)
        had, room = self._had(), self._room()
        work = self._taken_over(lost, had, room, draws)
        if not self.fresh:
            return work
        levels = levels_of([self.by_id[i] for i in self.fresh], self.plan.balance)
        double = self._double(levels, draws)
        usual = sorted(set(range(len(self.fresh))) - set(double))
        size = self.plan.coders
        needed = size * len(usual) + (size + 1) * len(double)
        limits = [min(r, len(self.fresh)) for r in room]
        totals = apportion(needed, self.weights, had, limits, draws)
        in_double = totals and split(totals, len(double), size + 1, len(usual), draws)
        if not totals or in_double is None:
            raise AnalysisError(self._too_little_room(needed, limits))
        rest = [t - d for t, d in zip(totals, in_double, strict=True)]
        pairs = self._pairs(work)
        classes = [
            Matched(self._by_stratum(part, levels, draws), form_groups(goal, width, len(part), pairs, draws))
            for part, goal, width in ((double, in_double, size + 1), (usual, rest, size))
            if part
        ]
        match(classes, levels, self.weights, self._before(levels), self.draws(WHICH))
        further = set(double)
        extra = Counter[int]()
        for one in classes:
            for at, group in zip(one.sessions.tolist(), one.groups.tolist(), strict=True):
                more = -1
                if at in further:  # The one more is who has been that least often.
                    more = min(zip((extra[c] for c in group), draws.order(len(group)), group, strict=True))[2]
                    extra[more] += 1
                work[self.fresh[at]] = [(c, "double" if c == more else "rating") for c in group]
        return work

    def _had(self) -> list[int]:
        """Count each coder's readings so far; a newcomer is taken to have had what the others had on average."""
        count = Counter(a.coder for a in self.standing if a.purpose in USUAL)
        old = [c for c in self.coders if c not in self.newcomers]
        average = sum(count[c] for c in old) // len(old) if old else 0
        return [average if c in self.newcomers else count[c] for c in self.coders]

    def _room(self) -> list[int]:
        """Return how many further tapes each coder can take, second readings of them set aside."""
        taken = Counter(a.coder for a in self.standing if a.purpose != "practice")
        room = []
        for coder in self.coders:
            limit = self.plan.capacity.get(coder)
            if limit is None:
                room.append(len(self.by_id))
                continue
            whole = limit - taken[coder] - (len(self.plan.calibration) if coder in self.newcomers else 0)
            most = max(whole, 0)
            while most > 0 and most + self._n_repeats(coder, most) > whole:
                most -= 1
            room.append(most)
        return room

    def _n_repeats(self, coder: str, n_tapes: int) -> int:
        """Return how many tapes of this part a coder reads a second time."""
        if isinstance(self.plan.repeat, float):
            return number_of(self.plan.repeat, n_tapes)
        had = sum(a.coder == coder and a.purpose == "repeat" for a in self.standing)
        return min(max(self.plan.repeat - had, 0), n_tapes)

    def _double(self, levels: Levels, draws: Draws) -> list[int]:
        """Draw the sessions that one coder more rates: from every stratum the same share, as near as can be."""
        amount = self.plan.double
        if isinstance(amount, int) and self.kept.part:
            return []
        wanted = number_of(amount, len(self.fresh))
        strata = sorted(set(levels.strata.tolist()))
        inside = [np.flatnonzero(levels.strata == s).tolist() for s in strata]
        quota = [wanted * len(i) // len(self.fresh) for i in inside]
        lot = draws.order(len(strata))
        by_rest = sorted(
            range(len(strata)), key=lambda s: (-(wanted * len(inside[s]) % len(self.fresh)), lot[s])
        )
        for s in by_rest[: wanted - sum(quota)]:
            quota[s] += 1
        return sorted(i for some, n in zip(inside, quota, strict=True) for i in draws.shuffled(some)[:n])

    def _by_stratum(self, part: Sequence[int], levels: Levels, draws: Draws) -> Ints:
        """Return sessions stratum after stratum, at random within."""
        mixed = sorted(draws.shuffled(part), key=lambda i: int(levels.strata[i]))
        return np.array(mixed, dtype=np.int64)

    def _pairs(self, work: Work) -> Ints:
        """Count how often coders meet already: on sessions given out before, and on those taken over."""
        pairs = np.zeros((len(self.coders), len(self.coders)), dtype=np.int64)
        groups: dict[str, list[int]] = {}
        for a in self.standing:
            if a.coder in self.number and a.purpose in USUAL:
                groups.setdefault(a.session, []).append(self.number[a.coder])
        for session, group in work.items():
            groups.setdefault(session, []).extend(c for c, _ in group)
        for group_of_one in groups.values():
            meet(pairs, group_of_one, 1)
        return pairs

    def _before(self, levels: Levels) -> Ints:
        """Return how far coders are from like shares of the levels of the new sessions, from earlier parts."""
        start = np.zeros((len(self.coders), levels.n), dtype=np.int64)
        number = {s.id: n for n, s in enumerate(self.kept.sessions)}
        rows = [
            (self.number[a.coder], number[a.session])
            for a in self.standing
            if a.coder in self.number and a.purpose in USUAL
        ]
        if not rows:
            return start
        ever = levels_of(self.kept.sessions, self.plan.balance)
        coders, sessions = np.array(rows, dtype=np.int64).T
        weights = [0 if c in self.newcomers else w for c, w in zip(self.coders, self.weights, strict=True)]
        off = deviations([Matched(sessions, coders[:, None])], ever, weights)
        for at, session in enumerate(self.fresh):
            theirs, ours = ever.of[number[session]], levels.of[at]
            start[:, ours] = off[:, theirs] * sum(self.weights) // sum(weights)
        return start

    def _taken_over(
        self, lost: Sequence[tuple[str, Purpose]], had: list[int], room: list[int], draws: Draws
    ) -> Work:
        """Give the sessions of coders who left to those who have least; `had` and `room` are brought up to date."""
        work: Work = {}
        busy: dict[str, set[int]] = {}
        for a in self.standing:
            if a.coder in self.number:
                busy.setdefault(a.session, set()).add(self.number[a.coder])
        for session, purpose in draws.shuffled(lost):
            rated = busy.setdefault(session, set())
            able = [c for c in range(len(self.coders)) if c not in rated and room[c] > 0]
            if not able:
                self.notes.append(
                    f"Nobody is left for a reading of session {session} ({purpose}): each coder has rated it or "
                    "can take no more. Add a coder, or raise capacities."
                )
                continue
            lot = draws.order(len(self.coders))
            one = min(able, key=lambda c: ((2 * had[c] + 1) / self.weights[c], lot[c]))
            rated.add(one)
            had[one] += 1
            room[one] -= 1
            work.setdefault(session, []).append((one, purpose))
        return work

    def _too_little_room(self, needed: int, limits: Sequence[int]) -> Problem:
        held = sum(limits)
        return Problem(
            f"the plan needs {needed} readings; the coders can take {held}"
            + (", but too unevenly for each session to get different coders." if held >= needed else "."),
            column="allocation.capacity",
            hint="Raise capacities, add coders, or lower coders, double or repeat.",
        )

    # ------------------------------------------------------------ order and names

    def _tapes(self, work: Work) -> list[list[Reading]]:
        """Return each coder's tapes, by session."""
        tapes: list[list[Reading]] = [[] for _ in self.coders]
        for session, group in sorted(work.items()):
            for c, purpose in group:
                tapes[c].append(Reading(session, self.by_id[session].participant, purpose))
        return tapes

    def _order(self, number: int, tapes: list[Reading]) -> Order:
        """Bring one coder's tapes into an order."""
        coder = self.coders[number]
        calibration: list[Reading] = []
        mine = [a for a in self.standing if a.coder == coder]
        before = max(mine, key=lambda a: a.position).session if mine else None
        if coder in self.newcomers:
            # One order for all, so that coders meet the same tape at about the same point of their work.
            first = Draws(self.kept.seed, 0, ORDER).shuffled(sorted(self.plan.calibration))
            calibration = [Reading(s, self.by_id[s].participant, "calibration") for s in first]
            before = self.plan.practice[-1] if self.plan.practice else None
        return in_order(
            tapes,
            calibration,
            self.plan.calibration_every,
            self._n_repeats(coder, len(tapes)),
            self.draws(ORDER, number + 1),
            None if before is None else self.by_id[before].participant,
        )

    def _names(self, orders: Sequence[Order]) -> dict[tuple[str, str], str]:
        """Give each session one number for all coders, and each second reading one of its own."""
        names = {
            (a.session, a.coder if a.reading > 1 else ""): a.name
            for a in self.kept.assignments
            if a.purpose != "practice"
        }
        keys = {
            (r.session, coder if r.reading > 1 else "")
            for coder, order in zip(self.coders, orders, strict=True)
            for r in order.readings
        }
        new = sorted(keys - names.keys())
        start = len(set(names.values())) + 1
        numbers = self.draws(NAMES).order(len(new))
        return names | {key: f"Tape {start + n:03d}" for key, n in zip(new, numbers, strict=True)}
