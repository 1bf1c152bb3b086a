"""Score and bad cell: what comes out when a file of answers is scored."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import fsum, sqrt
from typing import NamedTuple


class Fault(StrEnum):
    """What can be wrong with a cell or a row of answers."""

    OUT_OF_RANGE = "out_of_range"
    NOT_A_NUMBER = "not_a_number"
    NON_INTEGER = "non_integer"
    DUPLICATE_IDENTICAL = "duplicate_identical"
    DUPLICATE_CONFLICT = "duplicate_conflict"
    MISSING_ID = "missing_id"


class Score(NamedTuple):
    """The value of one scale for one row.

    Attributes
    ----------
    row : int
        1 is the first row of data.
    id, occasion : str or None
        Who, and when, as in the file.
    scale : str
    value : float or None
    n_answered : int
        Items of the scale with a usable answer.
    reason : str or None
        Why there is no value.
    """

    row: int
    id: str | None
    occasion: str | None
    scale: str
    value: float | None
    n_answered: int
    reason: str | None


class BadCell(NamedTuple):
    """One fault in a file of answers.

    Attributes
    ----------
    row : int
        1 is the first row of data.
    id : str or None
    column : str
        Column of the file.
    value : str, float or None
        What stood there.
    kind : Fault
    message : str
        What is wrong and what is allowed.
    """

    row: int
    id: str | None
    column: str
    value: str | float | None
    kind: Fault
    message: str


class AlertRaised(NamedTuple):
    """An answer that somebody has to look at."""

    row: int
    id: str | None
    occasion: str | None
    item: str
    value: float
    message: str


@dataclass(frozen=True)
class Description:
    """Descriptives of one scale.

    Attributes
    ----------
    scale : str
    n, missing : int
        Rows with and without a value.
    mean, sd, low, high : float or None
        None when there is no value; `sd` (n - 1) also when there is one only.
    """

    scale: str
    n: int
    missing: int
    mean: float | None
    sd: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class ScoreTable:
    """All scores of one file, with everything that was wrong in it.

    Attributes
    ----------
    instrument : str
    variant : str or None
    scales : tuple of str
    scores : tuple of Score
        Row by row, scales in the order of the instrument.
    errors : tuple of BadCell
    alerts : tuple of AlertRaised
    n_rows, n_scored : int
        Rows of data, and rows with a value on at least one scale.
    """

    instrument: str
    variant: str | None
    scales: tuple[str, ...]
    scores: tuple[Score, ...]
    errors: tuple[BadCell, ...]
    alerts: tuple[AlertRaised, ...]
    n_rows: int
    n_scored: int

    def of_scale(self, scale: str) -> tuple[Score, ...]:
        """Return the scores of one scale, in row order."""
        return tuple(score for score in self.scores if score.scale == scale)

    def describe(self) -> tuple[Description, ...]:
        """Return n, mean, sd, smallest, largest and missing for each scale."""
        found: dict[str, list[float]] = {scale: [] for scale in self.scales}
        missing = dict.fromkeys(self.scales, 0)
        for score in self.scores:
            if score.value is None:
                missing[score.scale] += 1
            else:
                found[score.scale].append(score.value)
        return tuple(_describe(scale, values, missing[scale]) for scale, values in found.items())

    def wide(self) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
        """Return names and rows of a table with a row a form, a column a scale, and reasons at the end."""
        names = ("row", "id", "occasion", *self.scales, "why_missing")
        rows: dict[int, dict[str, object]] = {}
        reasons: dict[int, list[str]] = {}
        for score in self.scores:
            row = rows.setdefault(score.row, {"row": score.row, "id": score.id, "occasion": score.occasion})
            row[score.scale] = score.value
            if score.reason is not None:
                reasons.setdefault(score.row, []).append(f"{score.scale}: {score.reason}")
        for number, row in rows.items():
            row["why_missing"] = "; ".join(reasons.get(number, []))
        return names, [tuple(row[name] for name in names) for row in rows.values()]

    def as_json(self) -> dict[str, object]:
        """Return plain lists and dicts, ready for `json.dumps`."""
        return {
            "instrument": self.instrument,
            "variant": self.variant,
            "scores": [score._asdict() for score in self.scores],
            "errors": [error._asdict() for error in self.errors],
            "n_rows": self.n_rows,
            "n_scored": self.n_scored,
            "alerts": [alert._asdict() for alert in self.alerts],
        }


def _describe(scale: str, values: list[float], missing: int) -> Description:
    n = len(values)
    if not n:
        return Description(scale, 0, missing, None, None, None, None)
    mean = fsum(values) / n
    sd = sqrt(fsum((value - mean) ** 2 for value in values) / (n - 1)) if n > 1 else None
    return Description(scale, n, missing, mean, sd, min(values), max(values))
