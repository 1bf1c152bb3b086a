"""Dimensions: what a coder rates, on which scale, with which anchors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bordin.coding.formula import Condition
from bordin.errors import DataError, Problem, nearest
from bordin.missing import Missing

NOT_RATED = "not rated"

# Words for "no value" that need no declaration; "NC" and "not codable" need a reason beside them.
KINDS = {**{str(kind): kind for kind in Missing}, NOT_RATED: Missing.NOT_ANSWERED, "nc": Missing.NOT_CODABLE}


@dataclass(frozen=True)
class Anchor:
    """The description of one scale point.

    Attributes
    ----------
    point : float
        The scale point.
    text : str
        What a coder should have heard for it.
    """

    point: float
    text: str


@dataclass(frozen=True)
class Absence:
    """A declared reason for giving no value, such as "not audible".

    Attributes
    ----------
    id : str
        Short name, for example ``"not_audible"``.
    name : str
        Name for a coder.
    kind : Missing
        The kind of missing it counts as.
    written : tuple of str
        How it may stand in a data file, beside the id and the name.
    definition : str
        When to use it.
    """

    id: str
    name: str
    kind: Missing
    written: tuple[str, ...] = ()
    definition: str = ""

    def matches(self, text: str) -> bool:
        """Say whether `text` means this reason (case and outer blanks do not matter)."""
        return text.strip().casefold() in {w.casefold() for w in (self.id, self.name, *self.written)}


@dataclass(frozen=True)
class Reading:
    """A rating as it was understood.

    Attributes
    ----------
    value : float or Missing
    reason : str
        Why there is no number; empty when there is one.
    """

    value: float | Missing
    reason: str = ""


@dataclass(frozen=True)
class Dimension:
    """One thing that is rated.

    Attributes
    ----------
    id, name : str
        Short name in data and formulas, and the name for people.
    low, high : float
        Ends of the scale.
    step : float
        Distance of neighboring points: 1, or 0.5; 0 for a visual analog scale.
    start : float or None
        The value the rating begins at before anything is heard.
    start_meaning : str
        What that value says when it stays, for example "no evidence".
    pole : int
        +1 when more is in favor of what the system is about, -1 when less is. Never shown to coders.
    anchors : tuple of Anchor
    definition : str
        One sentence.
    section : str
        Heading in the manual.
    manual_version : str
    target : str
        Whose behavior is rated: patient, therapist, dyad or member.
    item, facet : str
        For a dimension rated twice, such as for adherence and for competence: the item both share,
        and which of the two this is. Empty otherwise.
    only_if : Condition or None
        The dimension is rated only when this holds for the same session, such as a skill that needs
        the act to be present.
    absences : tuple of Absence
        Reasons for no value that the system allows.
    """

    id: str
    name: str
    low: float
    high: float
    step: float = 1.0
    start: float | None = None
    start_meaning: str = ""
    pole: int = 1
    anchors: tuple[Anchor, ...] = ()
    definition: str = ""
    section: str = ""
    manual_version: str = ""
    target: str = "patient"
    item: str = ""
    facet: str = ""
    only_if: Condition | None = None
    absences: tuple[Absence, ...] = ()

    @property
    def points(self) -> tuple[float, ...]:
        """The scale points from low to high; none for a visual analog scale."""
        if self.step == 0:
            return ()
        return tuple(self.low + i * self.step for i in range(round((self.high - self.low) / self.step) + 1))

    def anchor(self, point: float) -> str | None:
        """Return the text of the anchor at `point`, or None when it has none."""
        return next((a.text for a in self.anchors if a.point == point), None)

    def check(self, value: object) -> float | Missing:
        """Check one rating.

        Parameters
        ----------
        value : object
            A number, its text ("4", "4,5"), a declared reason for no value, `Missing` or its words,
            or None.

        Returns
        -------
        float or Missing
            An empty cell is `Missing.NOT_ANSWERED`: the coder did not rate.

        Raises
        ------
        DataError
            For example ``concordance: 9 is outside 0-6 (manual 1.0, section Concordance)``.
        """
        return self.read(value).value

    def read(self, value: object, reason: str = "") -> Reading:
        """Check one rating as `check` does, and keep the reason when there is no number.

        Parameters
        ----------
        value : object
            As for `check`.
        reason : str
            Reason from a column of its own; it must be one that the system declares.
        """
        if isinstance(value, Missing):  # before str, which it also is
            return self._absent(value, reason)
        if isinstance(value, str):
            value = value.strip()
        if value is None or value == "":
            return self._absent(None, reason)
        if isinstance(value, str):
            absence = find_absence(self.absences, value)
            if absence is not None:
                return Reading(absence.kind, absence.name)
            if value.casefold() in KINDS:
                if KINDS[value.casefold()] is Missing.NOT_CODABLE and not reason.strip():
                    raise self._error(f"{value!r} needs its reason", self._reasons())
                return self._absent(KINDS[value.casefold()], reason)
        number = self._number(value)
        if reason.strip():
            raise self._error(
                f"{show(number)} stands beside the reason {reason.strip()!r}", "Give one of the two."
            )
        complaint = scale_complaint(number, self.low, self.high, self.step)
        if complaint:
            raise self._error(complaint)
        return Reading(number)

    def _absent(self, kind: Missing | None, reason: str) -> Reading:
        """Settle which kind of missing it is; a declared reason decides over the bare kind."""
        if not reason.strip():
            if kind in {None, Missing.NOT_ANSWERED}:
                return Reading(Missing.NOT_ANSWERED, NOT_RATED)
            return Reading(kind, str(kind))
        absence = find_absence(self.absences, reason)
        if absence is None:
            allowed = [a.name for a in self.absences]
            raise self._error(
                f"{reason.strip()!r} is not a declared reason", nearest(reason.strip(), allowed)
            )
        return Reading(absence.kind, absence.name)

    def _number(self, value: object) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool):
            try:
                number = float(value)
            except OverflowError:  # a whole number of hundreds of digits
                number = math.inf
        elif isinstance(value, str):
            try:
                number = float(value.replace(",", ".") if value.count(",") == 1 else value)
            except ValueError:
                number = math.nan
        else:
            number = math.nan
        if math.isfinite(number):
            return number
        raise self._error(f"{value!r} is not a number of {show(self.low)}-{show(self.high)}", self._reasons())

    def _reasons(self) -> str | None:
        names = ", ".join(a.name.lower() for a in self.absences)
        return f"Allowed without a number: {names}." if names else None

    def _error(self, what: str, hint: str | None = None) -> DataError:
        place = f"(manual {self.manual_version}, section {self.section})" + ("." if hint else "")
        return DataError(Problem(f"{what} {place}", column=self.id, hint=hint))


def find_absence(absences: Sequence[Absence], text: str) -> Absence | None:
    """Return the declared reason that `text` means, or None."""
    return next((a for a in absences if a.matches(text)), None)


def show(number: float) -> str:
    """Write a number as a person gave it: ``9`` and not ``9.0``."""
    return f"{number:.12g}"


def scale_complaint(number: float, low: float, high: float, step: float) -> str | None:
    """Say how `number` misses a scale, or None when it is a point of it; `step` 0 is a continuous one."""
    if not low <= number <= high:
        return f"{show(number)} is outside {show(low)}-{show(high)}"
    if step and not ((number - low) / step).is_integer():
        return f"{show(number)} is not a point of {show(low)}-{show(high)} in steps of {show(step)}"
    return None
