"""Code types: families of marks that a coder puts on turns, utterances, intervals or events."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

from bordin.coding.dimension import scale_complaint, show


class CodeKind(StrEnum):
    """How the codes of one family relate to a unit."""

    EXCLUSIVE = "exclusive"
    MULTI_LABEL = "multi-label"
    COUNT = "count"
    BINARY = "binary"
    STAGE = "stage"
    VISUAL_ANALOG = "visual analog"
    Q_SORT = "q-sort"
    TEXT = "text"


VALUED = frozenset({CodeKind.BINARY, CodeKind.STAGE, CodeKind.VISUAL_ANALOG, CodeKind.Q_SORT})


class UnitKind(StrEnum):
    """What a coder looks at as one piece."""

    SESSION = "session"
    INTERVAL = "interval"
    SEGMENT = "segment"
    TURN = "turn"
    UTTERANCE = "utterance"
    EVENT = "event"
    PASSAGE = "passage"


class Target(StrEnum):
    """Whose behavior is coded."""

    PATIENT = "patient"
    THERAPIST = "therapist"
    DYAD = "dyad"
    MEMBER = "member"


@dataclass(frozen=True)
class Unit:
    """The unit of a coding system or of one of its passes.

    Attributes
    ----------
    kind : UnitKind
    seconds : float or None
        Length of a fixed interval or of a segment.
    start : float or None
        Where a segment starts, in seconds; None when it is drawn at random.
    seed : int or None
        Seed of the random start of segments.
    """

    kind: UnitKind
    seconds: float | None = None
    start: float | None = None
    seed: int | None = None


@dataclass(frozen=True)
class CodeDefinition:
    """One code that may be given.

    Attributes
    ----------
    id : str
        Short name; formulas use it for the number of times the code was given in a session.
    name : str
    definition : str
    target : Target
        Who must have spoken for it to apply; dyad when it does not matter.
    pole : int
        +1 or -1 as for a dimension.
    written : tuple of str
        How it may stand in a data file, beside the id; upper and lower case count.
    """

    id: str
    name: str
    definition: str
    target: Target
    pole: int = 1
    written: tuple[str, ...] = ()


@dataclass(frozen=True)
class CodeType:
    """A family of codes with one rule of use.

    Attributes
    ----------
    id, name : str
    kind : CodeKind
        exclusive (one a unit), multi-label, count (a tally), binary (0 or 1 a unit), stage (ordinal;
        a session gives its mode and its peak), visual analog, q-sort (piles of fixed size), text.
    unit : Unit
    codes : tuple of CodeDefinition
    exhaustive : bool
        Every unit must get a code; then a session without any is not coded rather than 0.
    low, high, step : float
        Scale of stage, visual analog and q-sort.
    piles : tuple of int
        For a Q-sort, the number of items per pile from low to high.
    """

    id: str
    name: str
    kind: CodeKind
    unit: Unit
    codes: tuple[CodeDefinition, ...]
    exhaustive: bool = False
    low: float = 0.0
    high: float = 1.0
    step: float = 1.0
    piles: tuple[int, ...] = field(default=())

    def complaint(self, value: float | None) -> str | None:
        """Say what is wrong with the value beside a code, or None when nothing is."""
        if self.kind is CodeKind.COUNT:
            if value is None or (value >= 0 and float(value).is_integer()):
                return None
            return f"{show(value)} is not a count (0, 1, 2, ...)"
        if self.kind not in VALUED:
            return (
                None
                if value is None
                else f"a code of the kind {self.kind} takes no value, but {show(value)} stands beside it"
            )
        if value is None or not math.isfinite(value):
            return f"a code of the kind {self.kind} needs a value of {show(self.low)}-{show(self.high)}"
        return scale_complaint(value, self.low, self.high, self.step)
