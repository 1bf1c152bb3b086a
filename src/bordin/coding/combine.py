"""Several coders' ratings of one session become one value, by a rule declared beforehand."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from bordin.coding.checking import check_ratings
from bordin.coding.rating import Rating
from bordin.errors import AnalysisError, DataError, Problem
from bordin.missing import Missing

Kind = Literal["designated", "mean", "median", "consensus"]
Fallback = Literal["single", "mean", "median"]

# Where coders differ in why they gave no number, the first of these is the session's.
PRECEDENCE = (Missing.NOT_CODABLE, Missing.NOT_APPLICABLE, Missing.NOT_ANSWERED, Missing.NOT_RECORDED)


@dataclass(frozen=True)
class CombinationRule:
    """How several coders' ratings become one.

    Attributes
    ----------
    kind : str
        designated (one coder's value counts), mean, median, or consensus (the agreed value).
    designated : str or None
        The coder whose value counts; None when each rating carries its own flag.
    consensus : str
        Name in the coder column under which agreed values stand. It is never averaged with others.
    fallback : str or None
        What counts where the designated or agreed value does not exist: the one other coder
        (single), or the mean or median of the others. None: the session then has no value. A
        designated coder who found the session not codable has given a rating: no fallback then.
    """

    kind: Kind = "mean"
    designated: str | None = None
    consensus: str = "consensus"
    fallback: Fallback | None = None

    def __post_init__(self) -> None:
        if self.kind not in {"designated", "mean", "median", "consensus"}:
            raise AnalysisError(f"the rule {self.kind!r} is not one of designated, mean, median, consensus")
        if self.fallback not in {None, "single", "mean", "median"}:
            raise AnalysisError(f"the fallback {self.fallback!r} is not one of single, mean, median")
        if self.fallback and self.kind in {"mean", "median"}:
            raise AnalysisError(
                f"the rule {self.kind} uses every rating; a fallback belongs to designated or consensus"
            )
        if self.designated is not None and self.kind != "designated":
            raise AnalysisError(f"a designated coder is named, but the rule is {self.kind}")


@dataclass(frozen=True)
class LeftOut:
    """A rating that did not enter the combined value, and why."""

    coder: str
    reason: str


@dataclass(frozen=True)
class Combined:
    """The value of one session on one dimension.

    Attributes
    ----------
    session, dimension, member : str
    value : float or Missing
    reason : str
        Why there is no number.
    coders : tuple of str
        Coders whose ratings entered, in alphabetical order.
    rule : str
        What was done, for example ``"mean of 2"``, ``"designated"`` or ``"fallback: single"``.
    left_out : tuple of LeftOut
    """

    session: str
    dimension: str
    value: float | Missing
    coders: tuple[str, ...]
    rule: str
    reason: str = ""
    left_out: tuple[LeftOut, ...] = ()
    member: str = ""

    @property
    def n_coders(self) -> int:
        """How many coders' ratings entered."""
        return len(self.coders)


def combine(ratings: Iterable[Rating], rule: CombinationRule) -> list[Combined]:
    """Combine ratings per session and dimension.

    Parameters
    ----------
    ratings : iterable of Rating
        In any order; the result does not depend on it beyond the order of its rows.
    rule : CombinationRule

    Returns
    -------
    list of Combined
        One per session, member and dimension that was rated at all, in order of appearance.

    Raises
    ------
    DataError
        When one coder has two ratings of the same thing, or flags designate two coders.
    """
    everything = list(ratings)
    check_ratings(everything)
    groups: dict[tuple[str, str, str], list[Rating]] = {}
    for rating in everything:
        groups.setdefault((rating.session, rating.member, rating.dimension), []).append(rating)
    return [_combine_one(sorted(group, key=lambda r: r.coder), rule) for group in groups.values()]


@dataclass(frozen=True)
class _Choice:
    """The ratings that count, how they are averaged, and why the others do not count."""

    ratings: list[Rating]
    average: Literal["mean", "median"]
    rule: str
    why_not: str


def _combine_one(group: list[Rating], rule: CombinationRule) -> Combined:
    choice = _choose(group, rule)
    numbers = [(r.coder, r.value) for r in choice.ratings if not isinstance(r.value, Missing)]
    absent = [r for r in choice.ratings if isinstance(r.value, Missing)]
    left_out = [LeftOut(r.coder, choice.why_not) for r in group if r not in choice.ratings]
    left_out += [LeftOut(r.coder, r.reason or str(r.value)) for r in absent]
    value: float | Missing
    if numbers:
        values = [v for _, v in numbers]
        value = (
            math.fsum(values) / len(values) if choice.average == "mean" else float(statistics.median(values))
        )
        reason = ""
    else:
        kinds = {r.value for r in absent}
        value = next((kind for kind in PRECEDENCE if kind in kinds), Missing.NOT_RECORDED)
        reason = "; ".join(f"{r.coder}: {r.reason or r.value}" for r in absent) or choice.why_not
    count = f" of {len(numbers)}" if choice.rule in {"mean", "median"} else ""
    return Combined(
        session=group[0].session,
        dimension=group[0].dimension,
        value=value,
        coders=tuple(coder for coder, _ in numbers),
        rule=choice.rule + count,
        reason=reason,
        left_out=tuple(left_out),
        member=group[0].member,
    )


def _choose(group: list[Rating], rule: CombinationRule) -> _Choice:
    independent = [r for r in group if r.coder != rule.consensus]
    if rule.kind in {"mean", "median"}:
        return _averaged(independent, rule.kind, rule.kind)
    if rule.kind == "consensus":
        chosen = [r for r in group if r.coder == rule.consensus]
        why_not, absent = "the agreed value counts", "no agreed value"
    else:
        chosen = _designated(group, rule)
        why_not = "another coder is designated"
        absent = f"no rating by the designated coder{f' {rule.designated}' if rule.designated else ''}"
    if chosen:
        return _Choice(chosen, "mean", rule.kind, why_not)
    if rule.fallback is None:
        return _Choice([], "mean", rule.kind, absent)
    if rule.fallback == "single" and len(independent) > 1:
        return _Choice(
            [], "mean", rule.kind, f"{absent}, and {len(independent)} coders where the fallback wants one"
        )
    return _averaged(independent, rule.fallback, f"fallback: {rule.fallback}")


def _averaged(ratings: list[Rating], by: str, rule: str) -> _Choice:
    average: Literal["mean", "median"] = "median" if by == "median" else "mean"
    return _Choice(ratings, average, rule, "agreed value, not an independent rating")


def _designated(group: list[Rating], rule: CombinationRule) -> list[Rating]:
    if rule.designated is not None:
        return [r for r in group if r.coder == rule.designated]
    first = group[0]
    if all(r.designated is None for r in group):
        raise DataError(
            Problem(
                f"session {first.session}: 'designated' needs a coder's name or a mark on the ratings.",
                line=first.row,
                column=first.dimension,
                hint="Name the coder, or the column that marks the rating.",
            )
        )
    flagged = [r for r in group if r.designated]
    if len(flagged) > 1:
        names = " and ".join(r.coder for r in flagged)
        raise DataError(
            Problem(
                f"session {first.session}: the ratings of {names} are all marked as designated.",
                line=flagged[-1].row,
                column=first.dimension,
                hint="Mark one of them.",
            )
        )
    return flagged
