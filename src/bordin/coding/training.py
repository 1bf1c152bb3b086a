"""Training: practice tapes beside a gold standard, feedback per dimension, and certification by a declared rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bordin.coding.allocation.assignment import in_words
from bordin.coding.dimension import Dimension, show
from bordin.errors import AnalysisError, Problem
from bordin.estimate import Estimate
from bordin.missing import Missing

Values = Mapping[str, float | Missing]


@dataclass(frozen=True)
class TrainingRule:
    """When a coder is ready, as the protocol's ``[training]`` and ``[[coding]]`` state it.

    Attributes
    ----------
    within : float
        A rating counts as close when it is at most this many points from the standard.
    share : float
        Share of the dimensions of a tape that have to be close.
    in_a_row : int
        How many tapes in a row have to reach the share.
    limit : float or None
        What the lower limit of the coder's ICC(A,1) with the standard has to reach on every dimension; None for no
        such rule.
    """

    within: float = 1.0
    share: float = 0.8
    in_a_row: int = 2
    limit: float | None = None

    def __post_init__(self) -> None:
        faults = []
        if self.within < 0:
            faults.append(("within", f"{self.within} is below 0.", "Write 1 for one scale point."))
        if not 0 < self.share <= 1:
            faults.append(
                ("share", f"{self.share} is not above 0 and up to 1.", "Write 0.8 for four fifths.")
            )
        if self.in_a_row < 1:
            faults.append(("in_a_row", f"{self.in_a_row} is no number of tapes.", "Write 1 or more."))
        if self.limit is not None and not 0 < self.limit <= 1:
            faults.append(
                ("criterion", f"{self.limit} is not above 0 and up to 1.", "Write 0.6, for example.")
            )
        if faults:
            raise AnalysisError([Problem(m, column=f"training.{key}", hint=hint) for key, m, hint in faults])

    def sentence(self) -> str:
        """Tell the rule as a coder reads it."""
        tapes = "1 tape" if self.in_a_row == 1 else f"{self.in_a_row} tapes in a row"
        points = (
            "equal to the standard" if self.within == 0 else f"within {_points(self.within)} of the standard"
        )
        text = f"On {tapes}, {show(100 * self.share)}% or more of the dimensions {points}"
        if self.limit is not None:
            text += f", and the lower limit of ICC(A,1) at {show(self.limit)} or above on every dimension"
        return f"{text}."


@dataclass(frozen=True)
class Feedback:
    """One dimension of one practice tape.

    Attributes
    ----------
    dimension, name : str
    value, reference : float or Missing
        The coder's rating, and the standard's.
    difference : float or None
        Coder less standard; None where one of the two is no number.
    exact, close : bool
        Equal; within the rule's points. Two ratings without a number are equal when they are of the same kind.
    anchor, reference_anchor : str
        What the manual says at the two values; empty where it has no anchor there.
    sentence : str
        For the coder.
    """

    dimension: str
    name: str
    value: float | Missing
    reference: float | Missing
    difference: float | None
    exact: bool
    close: bool
    anchor: str
    reference_anchor: str
    sentence: str


@dataclass(frozen=True)
class PracticeTape:
    """A practice tape beside the standard.

    Attributes
    ----------
    session, coder : str
    feedback : tuple of Feedback
        One a dimension that the standard has.
    exact, close, of : int
        Counts of dimensions: equal, within the rule's points, and in all.
    reached : bool
        Whether the share of the rule was reached.
    """

    session: str
    coder: str
    feedback: tuple[Feedback, ...]
    exact: int
    close: int
    of: int
    reached: bool


@dataclass(frozen=True)
class Certification:
    """Whether a coder is ready.

    Attributes
    ----------
    coder : str
    certified : bool
    reason : str
        One sentence.
    tapes : tuple of PracticeTape
        In the order in which they were rated.
    in_a_row : int
        How many of the latest tapes reached the share one after another.
    """

    coder: str
    certified: bool
    reason: str
    tapes: tuple[PracticeTape, ...]
    in_a_row: int


def compare_with_standard(
    session: str,
    coder: str,
    ratings: Values,
    standard: Values,
    dimensions: Sequence[Dimension],
    rule: TrainingRule,
) -> PracticeTape:
    """Hold a coder's ratings of one tape against the standard's.

    Parameters
    ----------
    session, coder : str
    ratings : mapping
        Dimension to the coder's value; a dimension that is absent was not rated.
    standard : mapping
        Likewise of the gold standard. What it has not rated does not count.
    dimensions : sequence of Dimension
        In the order of the form.
    rule : TrainingRule

    Returns
    -------
    PracticeTape

    Raises
    ------
    AnalysisError
        When the standard has rated none of the dimensions.
    """
    feedback = []
    for dimension in dimensions:
        reference = standard.get(dimension.id, Missing.NOT_ANSWERED)
        if reference is not Missing.NOT_ANSWERED:
            value = ratings.get(dimension.id, Missing.NOT_ANSWERED)
            feedback.append(_feedback(dimension, value, reference, rule))
    if not feedback:
        raise AnalysisError(
            Problem(
                f"the standard has no rating of the practice tape {session}.",
                column="training.practice",
                hint="Import the standard's ratings first, or leave the tape out of practice.",
            )
        )
    close = sum(f.close for f in feedback)
    # Whole counts are compared with a hair of room, so that 4 of 5 reach a share of .8 on every computer.
    reached = close + 1e-9 >= rule.share * len(feedback)
    return PracticeTape(
        session, coder, tuple(feedback), sum(f.exact for f in feedback), close, len(feedback), reached
    )


def _feedback(
    dimension: Dimension, value: float | Missing, reference: float | Missing, rule: TrainingRule
) -> Feedback:
    difference: float | None = None
    if isinstance(value, Missing) or isinstance(reference, Missing):
        exact = close = value is reference
    else:
        difference = value - reference
        exact, close = difference == 0, abs(difference) <= rule.within + 1e-9
    return Feedback(
        dimension.id,
        dimension.name,
        value,
        reference,
        difference,
        exact,
        close,
        _anchor(dimension, value),
        _anchor(dimension, reference),
        _sentence(dimension, value, reference, difference),
    )


def _anchor(dimension: Dimension, value: float | Missing) -> str:
    return "" if isinstance(value, Missing) else dimension.anchor(value) or ""


def _sentence(
    dimension: Dimension, value: float | Missing, reference: float | Missing, difference: float | None
) -> str:
    if difference is None:
        same = value is reference
        return (
            f"{dimension.name}: {_said(value)}, as in the standard."
            if same
            else f"{dimension.name}: {_said(value)}; the standard has {_said(reference)}."
        )
    if difference == 0:
        return f"{dimension.name}: {_said(value)}, as in the standard."
    way = "above" if difference > 0 else "below"
    return f"{dimension.name}: {_said(value)}, {_points(abs(difference))} {way} the standard's {_said(reference)}."


def _said(value: float | Missing) -> str:
    return str(value) if isinstance(value, Missing) else show(value)


def _points(number: float) -> str:
    return f"{show(number)} point" + ("" if number == 1 else "s")


def certify(
    coder: str,
    tapes: Sequence[PracticeTape],
    rule: TrainingRule,
    reliability: Mapping[str, Estimate] | None = None,
) -> Certification:
    """Say whether a coder meets the rule.

    Parameters
    ----------
    coder : str
    tapes : sequence of PracticeTape
        In the order in which the coder locked them.
    rule : TrainingRule
    reliability : mapping of str to Estimate, optional
        Name of a dimension to ICC(A,1) with the standard; needed when the rule has a limit.

    Returns
    -------
    Certification
        Once reached, certified: a weaker tape afterwards does not take it back.
    """
    run = longest = 0
    for tape in tapes:
        run = run + 1 if tape.reached else 0
        longest = max(longest, run)
    enough = longest >= rule.in_a_row
    reasons = [] if enough else [_not_yet(tapes, run, rule)]
    if rule.limit is not None:
        reasons += _below(reliability or {}, rule.limit)
    if reasons:
        return Certification(coder, False, " ".join(reasons), tuple(tapes), run)
    number = "one tape" if rule.in_a_row == 1 else f"{rule.in_a_row} tapes in a row"
    reason = f"{coder} reached the criterion on {number}"
    if rule.limit is not None:
        reason += f", with every lower limit of ICC(A,1) at {show(rule.limit)} or above"
    return Certification(coder, True, f"{reason}.", tuple(tapes), run)


def _not_yet(tapes: Sequence[PracticeTape], run: int, rule: TrainingRule) -> str:
    if not tapes:
        return "No practice tape has been rated yet."
    latest = tapes[-1]
    missing = rule.in_a_row - run
    what = (
        f"On the latest practice tape {latest.close} of {latest.of} dimensions were "
        + ("equal to" if rule.within == 0 else f"within {_points(rule.within)} of")
        + " the standard"
    )
    verdict = "enough" if latest.reached else f"fewer than {show(100 * rule.share)}%"
    more = "1 more tape" if missing == 1 else f"{missing} more tapes"
    return f"{what}, {verdict}; {more}{'' if missing == 1 else ' in a row'} must reach it."


def _below(reliability: Mapping[str, Estimate], limit: float) -> list[str]:
    """Name the dimensions whose lower limit does not reach the criterion."""
    if not reliability:
        return [f"There is no ICC(A,1) with the standard yet; its lower limit must reach {show(limit)}."]
    below = [
        name
        for name, estimate in reliability.items()
        if estimate.interval is None or estimate.interval.low < limit
    ]
    if not below:
        return []
    return [f"The lower limit of ICC(A,1) does not reach {show(limit)} on {in_words(below)}."]
