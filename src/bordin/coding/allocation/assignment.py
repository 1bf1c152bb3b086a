"""What an allocation is made of: sessions to be coded, the plan, and the assignments that come out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

Purpose = Literal["practice", "rating", "double", "calibration", "repeat"]


@dataclass(frozen=True)
class SessionToCode:
    """A session as the allocation sees it.

    Attributes
    ----------
    id, participant : str
    factors : mapping of str to str
        What is balanced over the coders, such as arm, therapist or a band of session numbers, and its level.
    """

    id: str
    participant: str
    factors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """Who codes how much, as the protocol's ``[allocation]`` states it.

    Attributes
    ----------
    coders : int
        How many coders rate each session. It has no default: a plan says it.
    double : float or int
        Sessions that one coder more rates, without any of them knowing. A number with a decimal point from 0.0
        to 1.0 is a share of the sessions, a whole number is a number of sessions.
    balance : tuple of str
        Factors that are balanced over the coders.
    calibration : tuple of str
        Sessions that every coder rates, sown in among the others.
    calibration_every : int or None
        After about how many tapes a calibration tape comes; None spreads them evenly.
    repeat : float or int
        Second readings by the same coder under another name: a share of a coder's tapes, or a number.
    practice : tuple of str
        Tapes for training, in their order; each coder rates them before all others.
    share : mapping of str to float
        Work of a coder beside the others' 1.0, such as 0.5.
    capacity : mapping of str to int
        The most tapes a coder can take: calibration and second readings count, practice does not.
    """

    coders: int
    double: float | int = 0
    balance: tuple[str, ...] = ()
    calibration: tuple[str, ...] = ()
    calibration_every: int | None = None
    repeat: float | int = 0
    practice: tuple[str, ...] = ()
    share: Mapping[str, float] = field(default_factory=dict)
    capacity: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Assignment:
    """One tape that one coder is to rate.

    Attributes
    ----------
    id : str
        Opaque, drawn at random: it tells nothing.
    coder, session : str
    name : str
        Neutral name, the only one a coder sees, such as ``"Tape 017"``.
    position : int
        Place in the coder's own order, from 1.
    reading : int
        2 for the second reading by the same coder.
    purpose : str
        practice, rating, double (the one coder more), calibration, or repeat. A coder never learns it,
        except that practice is practice.
    """

    id: str
    coder: str
    session: str
    name: str
    position: int
    reading: int = 1
    purpose: Purpose = "rating"


@dataclass(frozen=True)
class Allocation:
    """Who codes what in which order.

    Attributes
    ----------
    sessions : tuple of SessionToCode
        All of them, extensions included.
    coders : tuple of str
        Those who code now, in alphabetical order.
    plan : Plan
    seed : int
    assignments : tuple of Assignment
        By coder and position. What was issued once stays in it unchanged.
    withdrawn : tuple of str
        Ids of assignments that are no longer to be done, because their coder left.
    part : int
        How many times it was extended. Each part has draws of its own.
    notes : tuple of str
        Where the plan could not be kept to the letter, and what to do.
    """

    sessions: tuple[SessionToCode, ...]
    coders: tuple[str, ...]
    plan: Plan
    seed: int
    assignments: tuple[Assignment, ...]
    withdrawn: tuple[str, ...] = ()
    part: int = 0
    notes: tuple[str, ...] = ()

    def of(self, coder: str) -> tuple[Assignment, ...]:
        """Return a coder's assignments in their order, without those withdrawn."""
        gone = set(self.withdrawn)
        mine = (a for a in self.assignments if a.coder == coder and a.id not in gone)
        return tuple(sorted(mine, key=lambda a: a.position))

    def standing(self) -> tuple[Assignment, ...]:
        """Return all assignments that were not withdrawn."""
        gone = set(self.withdrawn)
        return tuple(a for a in self.assignments if a.id not in gone)


def level_of(value: object, cuts: Sequence[float] = ()) -> str:
    """Return the level that a value of a column is for the allocation.

    Parameters
    ----------
    value : object
        A text or a number; None and an empty text are ``"not given"``.
    cuts : sequence of float
        For a number: the upper ends of its bands, rising.

    Returns
    -------
    str
        The text itself, or the band, such as ``"4 or less"``, ``"above 4 to 12"`` or ``"above 12"``.
    """
    if value is None or str(value).strip() == "":
        return "not given"
    if not cuts:
        return f"{value:.12g}" if isinstance(value, float) else str(value).strip()
    try:
        number = float(str(value))
    except ValueError:
        return str(value).strip()
    if number <= cuts[0]:
        return f"{cuts[0]:g} or less"
    for low, high in pairwise(cuts):
        if number <= high:
            return f"above {low:g} to {high:g}"
    return f"above {cuts[-1]:g}"


def in_words(names: Iterable[str]) -> str:
    """Join names as a sentence does: ``arm, therapist and band``."""
    listed = list(names)
    return " and ".join([", ".join(listed[:-1]), listed[-1]] if len(listed) > 1 else listed)
