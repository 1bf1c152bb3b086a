"""The choices behind an association table, checked once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bordin.association.equivalence import check_bound
from bordin.association.fisher import interval_method
from bordin.errors import AnalysisError, nearest
from bordin.estimate import Estimate

P_METHODS = ("t", "permutation")


@dataclass(frozen=True)
class Options:
    """What :func:`bordin.association.associate` was asked for; see there for each.

    Raises
    ------
    AnalysisError
        When a choice is not one of those allowed, or they contradict one another.
    """

    x: tuple[str, ...]
    y: tuple[str, ...]
    coefficient: str = "spearman"
    control: str | None = None
    cluster: str | None = None
    sesoi: float | None = None
    against: str | None = None
    negative: tuple[str, ...] = ()
    p: str = "t"
    interval: str = "default"
    permutations: int = 10_000
    bootstrap: int = 0
    level: float = 0.95
    alpha: float = 0.05
    seed: int = 1
    reliabilities: Mapping[str, float | Estimate] = field(default_factory=dict)
    sensitivity: bool = True
    families: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._check_names()
        interval_method(self.coefficient, self.interval)
        if self.p not in P_METHODS:
            raise AnalysisError(f"Unknown p method '{self.p}'. {nearest(self.p, P_METHODS)}")
        if self.sesoi is not None:
            check_bound(self.sesoi)
        for name, share in (("level", self.level), ("alpha", self.alpha)):
            if not 0 < share < 1:
                raise AnalysisError(f"The {name} is {share}; it must lie between 0 and 1.")
        if self.alpha >= 0.5:
            raise AnalysisError(f"The alpha is {self.alpha}; it must be below 0.5.")
        for name, count in (
            ("permutations", self.permutations),
            ("bootstrap", self.bootstrap),
            ("seed", self.seed),
        ):
            if not isinstance(count, int) or count < 0:
                raise AnalysisError(f"The number for {name} is {count}; it must be a whole number from 0 on.")
        if self.p == "permutation" and not self.permutations:
            raise AnalysisError(
                "p by permutation needs permutations; give a number, such as 10000, or choose p = 't'."
            )

    @property
    def variables(self) -> tuple[str, ...]:
        """Rows, columns and, when it is neither, the variable that contrasts are against."""
        table = (*self.x, *self.y)
        return table if self.against is None or self.against in table else (*table, self.against)

    def family(self, pair: tuple[str, str]) -> str:
        """Return the family of a cell; cells without a name make one together."""
        return self.families.get(pair, "other")

    def sign(self, name: str) -> int:
        """Return -1 for a negative pole, else 1."""
        return -1 if name in self.negative else 1

    def _check_names(self) -> None:
        if not self.x or not self.y:
            raise AnalysisError(
                "An association table needs at least one row (x) and one column (y) variable."
            )
        named = [("x", n) for n in self.x] + [("y", n) for n in self.y]
        named += [(k, n) for k, n in (("control", self.control), ("cluster", self.cluster)) if n is not None]
        places: dict[str, str] = {}
        for place, name in named:
            if name in places:
                raise AnalysisError(
                    f"'{name}' is named twice, for {places[name]} and for {place}; name each variable once."
                )
            places[name] = place
        if self.against is not None and places.get(self.against, "x") != "x":
            raise AnalysisError(
                f"Contrasts against '{self.against}': it is named for {places[self.against]} already; "
                "name a row variable."
            )
        known = self.variables
        for what, given in (("negative", self.negative), ("reliabilities", tuple(self.reliabilities))):
            for name in given:
                if name not in known:
                    raise AnalysisError(
                        f"'{name}' in {what} is no variable of the table. {nearest(name, known)}"
                    )
        for pair in self.families:
            if pair[0] not in self.x or pair[1] not in self.y:
                raise AnalysisError(f"The families name {pair}, which is no cell of the table.")


def as_names(names: str | Sequence[str]) -> tuple[str, ...]:
    """Return one name or several as a tuple."""
    return (names,) if isinstance(names, str) else tuple(names)
