"""The shape of a reliability coefficient: a value with its interval, and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass

from bordin.estimate import Estimate


@dataclass(frozen=True)
class Reliability:
    """One coefficient for one dimension.

    Attributes
    ----------
    estimate : Estimate
        Name such as ``"ICC(A,1)"``, value, interval, notes; or why it is undefined. Its ``n`` is `n_units`.
    n_units : int
        Sessions (turns, events) that the value rests on: those with two or more coders.
    n_coders : int
        Coders with at least one value among them.
    n_values : int
        Values used.
    dimension : str
        Empty when the data hold one dimension only.
    unit : str
        ``"session"``, ``"turn"`` or ``"event"``.
    """

    estimate: Estimate
    n_units: int
    n_coders: int
    n_values: int
    dimension: str = ""
    unit: str = "session"
