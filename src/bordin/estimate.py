"""The one shape of a computed number: a value with its interval, n and method.

Nothing here rounds; rounding happens once, in :mod:`bordin.report.number`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """A confidence interval that knows how it was made.

    Attributes
    ----------
    low, high : float
        Limits, in the unit of the value.
    level : float
        Confidence level, for example 0.95.
    method : str
        Name of the method, for example ``"Bonett-Wright"``.
    """

    low: float
    high: float
    level: float
    method: str


@dataclass(frozen=True)
class Estimate:
    """A computed number, or the reason why there is none.

    Attributes
    ----------
    name : str
        What was estimated, for example ``"spearman"``.
    value : float or None
        The unrounded value; None exactly when `undefined` holds a reason.
    n : int
        Number of cases (pairs, sessions) the value rests on.
    method : str
        How it was computed.
    interval : Interval or None
        Its confidence interval, where one is defined.
    notes : tuple of str
        What a reader has to know beside it.
    undefined : str or None
        Why there is no value, for example ``"no variance in bond"``.
    """

    name: str
    value: float | None
    n: int
    method: str = ""
    interval: Interval | None = None
    notes: tuple[str, ...] = ()
    undefined: str | None = None

    def __post_init__(self) -> None:
        if (self.value is None) != (self.undefined is not None):
            raise ValueError(f"{self.name}: an estimate has a value or a reason why it has none")

    @classmethod
    def without_value(cls, name: str, n: int, reason: str, method: str = "") -> Estimate:
        """Make an undefined estimate that carries its reason."""
        return cls(name=name, value=None, n=n, method=method, undefined=reason)
