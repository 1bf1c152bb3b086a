"""What can go wrong, in one root and its few kinds.

An error tells a researcher where the fault is (file, line or row), what stood
there, what would have been allowed and what to do next. It is raised, never
asserted, so that ``python -O`` changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True)
class Problem:
    """One fault in what a person gave.

    Attributes
    ----------
    message : str
        What is wrong and what is allowed, as one sentence.
    file : str or None
        The file it stands in.
    line : int or None
        Line in a text file, or row of a table as a spreadsheet counts it (the header is row 1).
    column : str or None
        Column of a table, or key of a protocol.
    hint : str or None
        The next step.
    """

    message: str
    file: str | None = None
    line: int | None = None
    column: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        place = self.file or ""
        if self.line is not None:
            place = f"{place}:{self.line}" if place else f"line {self.line}"
        if self.column:
            place = f"{place}, {self.column}" if place else self.column
        text = f"{place}: {self.message}" if place else self.message
        return f"{text} {self.hint}" if self.hint else text


class BordinError(Exception):
    """Root of all errors that a person can mend.

    Parameters
    ----------
    problems : str, Problem or sequence of Problem
        What is wrong; several problems are reported at once.
    """

    def __init__(self, problems: str | Problem | Sequence[Problem]) -> None:
        if isinstance(problems, str):
            problems = Problem(problems)
        if isinstance(problems, Problem):
            problems = (problems,)
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(p) for p in self.problems))


class ProtocolError(BordinError):
    """The protocol file cannot be read or contradicts itself."""


class DataError(BordinError):
    """A data file cannot be read, or its values break a declared rule."""


class CatalogError(BordinError):
    """A catalog entry (instrument or coding system) is unknown or malformed."""


class AnalysisError(BordinError):
    """An analysis was asked for that its options or its data do not allow."""


class TapeError(BordinError):
    """A recording, transcript or model cannot be read, or a sealed tape is locked, damaged or tampered with."""


def nearest(name: str, allowed: Iterable[str]) -> str:
    """Say which valid name is meant, for the end of an error message.

    Parameters
    ----------
    name : str
        The name that is not known.
    allowed : iterable of str
        The valid names.

    Returns
    -------
    str
        ``"Did you mean 'x'?"`` when one is near, else the list of valid names.
    """
    names = sorted(set(allowed))
    lowered = {n.lower(): n for n in names}
    close = get_close_matches(str(name).lower(), list(lowered), n=1, cutoff=0.6)
    if close:
        return f"Did you mean '{lowered[close[0]]}'?"
    shown = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    return f"Known: {shown}." if names else "None is declared."
