"""In which order a coder gets the tapes: at random, calibration sown in, one participant never twice in a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bordin.coding.allocation.assignment import Purpose
from bordin.coding.allocation.draws import Draws

ATTEMPTS = 12


@dataclass(frozen=True)
class Reading:
    """A tape that has no place in a coder's order yet."""

    session: str
    participant: str
    purpose: Purpose
    reading: int = 1


@dataclass(frozen=True)
class Order:
    """A coder's order.

    Attributes
    ----------
    readings : tuple of Reading
    in_a_row : int
        How often two tapes of one participant follow each other.
    avoidable : bool
        Whether some other order of these tapes, whatever their purpose, has fewer of those.
    """

    readings: tuple[Reading, ...]
    in_a_row: int
    avoidable: bool = False


def in_order(
    tapes: Sequence[Reading],
    calibration: Sequence[Reading],
    every: int | None,
    n_repeats: int,
    draws: Draws,
    last: str | None = None,
) -> Order:
    """Bring one coder's tapes into an order.

    Parameters
    ----------
    tapes : sequence of Reading
        First readings but for calibration.
    calibration : sequence of Reading
        In the order in which they come.
    every : int or None
        A calibration tape comes somewhere in each stretch of this many others; None spreads them evenly.
    n_repeats : int
        How many of the tapes come a second time, in the second half and away from the first reading.
    draws : Draws
    last : str or None
        Participant of the tape before the first.

    Returns
    -------
    Order
        The best of several tries: with the fewest tapes of one participant in a row.
    """
    if not tapes and not calibration:
        return Order((), 0)
    best: list[Reading] = []
    fewest = -1
    for _ in range(ATTEMPTS):
        made = _try(tapes, calibration, every, n_repeats, draws, last)
        found = in_a_row(made, last)
        if fewest < 0 or found < fewest:
            best, fewest = made, found
        if fewest <= _least(made, last):
            return Order(tuple(best), fewest)
    return Order(tuple(best), fewest, avoidable=True)


def in_a_row(readings: Sequence[Reading], last: str | None = None) -> int:
    """Count how often two tapes of one participant follow each other."""
    people = [last, *(r.participant for r in readings)]
    return sum(a == b for a, b in pairwise(people))


def _least(readings: Sequence[Reading], last: str | None) -> int:
    """Return below which number no order of these tapes can come."""
    count = Counter(r.participant for r in readings)
    return max(
        (max(0, n - (len(readings) - n) - (1 if who != last else 0)) for who, n in count.items()), default=0
    )


def _try(
    tapes: Sequence[Reading],
    calibration: Sequence[Reading],
    every: int | None,
    n_repeats: int,
    draws: Draws,
    last: str | None,
) -> list[Reading]:
    length = len(tapes) + len(calibration) + n_repeats
    slots: list[Reading | None] = [None] * length
    for place, one in zip(
        _calibration_places(length, len(calibration), every, draws), calibration, strict=True
    ):
        slots[place] = one
    free = [i for i, one in enumerate(slots) if one is None]
    later = set(draws.shuffled(free[len(free) - max(n_repeats, len(free) // 2) :])[:n_repeats])
    _fill(slots, [i for i in free if i not in later], draws.shuffled(tapes), last)
    _repeat(slots, sorted(later), draws)
    readings = [one for one in slots if one is not None]
    _mend(readings, draws, last)
    return readings


def _calibration_places(length: int, n: int, every: int | None, draws: Draws) -> list[int]:
    """Return one place in each stretch, drawn, so that nobody can count on it."""
    others = length - n
    stretch = min(every, others // n) if every is not None and n else others // max(n, 1)
    return [block * (stretch + 1) + draws.below(stretch + 1) for block in range(n)]


def _fill(slots: list[Reading | None], places: Sequence[int], tapes: list[Reading], last: str | None) -> None:
    """Put tapes into places one after another, none beside one of the same participant if it can be helped."""
    count = Counter(t.participant for t in tapes)
    most, n = _most(count)
    for i in places:
        before = slots[i - 1] if i else None
        after = slots[i + 1] if i + 1 < len(slots) else None
        avoid = {one.participant for one in (before, after) if one is not None}
        if i == 0 and last is not None:
            avoid.add(last)
        # Who has more than half of what is left has to come now, or two will meet later.
        if n > len(tapes) // 2:
            most, n = _most(count)
        pressing = n > len(tapes) // 2 and most not in avoid
        at = len(tapes) - 1
        for j in range(at, -1, -1):
            who = tapes[j].participant
            if who == most if pressing else who not in avoid:
                at = j
                break
        one = tapes.pop(at)
        count[one.participant] -= 1
        slots[i] = one


def _most(count: Counter[str]) -> tuple[str, int]:
    return max(count.items(), key=lambda item: (item[1], item[0]), default=("", 0))


def _repeat(slots: list[Reading | None], places: Sequence[int], draws: Draws) -> None:
    """Give each place a tape that came well before, for its second reading."""
    gap = max(2, len(slots) // 3)
    used: set[str] = set()
    for i in places:
        early = [one for one in slots[: max(i - gap + 1, 1)] if one is not None and _again(one, used)]
        early = early or [one for one in slots[:i] if one is not None and _again(one, used)]
        beside = {
            one.participant for one in (*slots[max(i - 1, 0) : i], *slots[i + 1 : i + 2]) if one is not None
        }
        apart = [one for one in early if one.participant not in beside] or early
        one = apart[draws.below(len(apart))]
        used.add(one.session)
        slots[i] = Reading(one.session, one.participant, "repeat", 2)


def _again(one: Reading, used: set[str]) -> bool:
    return one.reading == 1 and one.purpose != "calibration" and one.session not in used


def _mend(readings: list[Reading], draws: Draws, last: str | None) -> None:
    """Exchange tapes that stand beside one of the same participant with others, where that leaves fewer such."""
    again = {r.session for r in readings if r.reading == 2}
    movable = [
        i
        for i, r in enumerate(readings)
        if r.reading == 1 and r.purpose != "calibration" and r.session not in again
    ]
    people = [r.participant for r in readings]

    def clashes(i: int) -> int:
        left = last if i == 0 else people[i - 1]
        return (people[i] == left) + (i + 1 < len(people) and people[i] == people[i + 1])

    for i in movable:
        if not clashes(i):
            continue
        for j in draws.shuffled(movable):
            before = clashes(i) + clashes(j)
            people[i], people[j] = people[j], people[i]
            if clashes(i) + clashes(j) < before:
                readings[i], readings[j] = readings[j], readings[i]
                break
            people[i], people[j] = people[j], people[i]
