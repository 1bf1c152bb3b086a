"""Who coded what: the cells of a coding design, its overlap and its connectedness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bordin.errors import AnalysisError
from bordin.reliability.tally import checked_table
from bordin.resampling import FloatArray, IntArray

BoolArray = npt.NDArray[np.bool_]

NO_VARIANCE = "no variance: all ratings are equal"
NO_RATINGS = "no ratings"


@dataclass(frozen=True)
class Design:
    """Which coder coded which session.

    Attributes
    ----------
    coded : ndarray of bool (n_sessions, n_coders)
        Sessions and coders with at least one rating, in the order given.
    coders : tuple of str
        Names of those coders.
    shared : ndarray of int (n_coders, n_coders)
        Sessions that two coders both coded; the diagonal holds the sessions of each coder.
    groups : tuple of tuple of int
        Coders linked by shared sessions, directly or over others; one group when the design is connected.
    """

    coded: BoolArray
    coders: tuple[str, ...]
    shared: IntArray
    groups: tuple[tuple[int, ...], ...]

    @property
    def n_sessions(self) -> int:
        """Sessions with at least one rating."""
        return int(self.coded.shape[0])

    @property
    def n_coders(self) -> int:
        """Coders with at least one rating."""
        return int(self.coded.shape[1])

    @property
    def n_values(self) -> int:
        """Ratings."""
        return int(self.coded.sum())

    @property
    def n_overlapping(self) -> int:
        """Sessions with two or more coders."""
        return int(np.count_nonzero(self.coded.sum(axis=1) >= 2))

    @property
    def n_meeting(self) -> int:
        """Coders who share at least one session with another coder."""
        return sum(len(group) > 1 for group in self.groups for _ in group)

    @property
    def residual_df(self) -> int:
        """Degrees of freedom left after sessions and coders are taken out."""
        return self.n_values - self.n_sessions - self.n_coders + len(self.groups)

    @property
    def complete(self) -> bool:
        """Whether every coder coded every session."""
        return bool(self.coded.all())

    def notes(self) -> tuple[str, ...]:
        """Say what a reader has to know of an incomplete design.

        Returns
        -------
        tuple of str
            Empty when every coder coded every session.
        """
        said = []
        single = self.n_sessions - self.n_overlapping
        if single and self.n_overlapping:
            said.append(
                f"{self.n_overlapping} of {self.n_sessions} sessions have two or more coders; "
                "the others count for the variance between sessions"
            )
        alone = [self.coders[group[0]] for group in self.groups if len(group) == 1]
        linked = [group for group in self.groups if len(group) > 1]
        if alone and linked:
            said.append(f"shares no session with another coder: {', '.join(alone)}")
        if len(linked) > 1:
            names = " | ".join(", ".join(self.coders[c] for c in group) for group in linked)
            said.append(
                f"the coders fall into groups that never meet ({names}): the coder variance rests on "
                "differences inside the groups and takes the groups to be drawn from the same coders"
            )
        few = [name for name, n in zip(self.coders, np.diag(self.shared), strict=True) if n == 1]
        if few and self.n_sessions > 1:
            said.append(f"coded one session only: {', '.join(few)}")
        return tuple(said)


def without_empty(table: FloatArray) -> FloatArray:
    """Leave out sessions and coders without any rating."""
    there = ~np.isnan(table)
    kept: FloatArray = table[there.any(axis=1)][:, there.any(axis=0)]
    return kept


def design_of(values: npt.ArrayLike, coders: Sequence[str] | None = None) -> Design:
    """Describe who coded what.

    Parameters
    ----------
    values : array_like (n_sessions, n_coders)
        Ratings, NaN where missing.
    coders : sequence of str, optional
        Names of the coders, one a column; else "coder 1", "coder 2" and so on.

    Returns
    -------
    Design
        Sessions and coders without any rating are left out.

    Raises
    ------
    AnalysisError
        When the ratings are not a table of numbers or the names do not fit it.
    """
    table = checked_table(values)
    names = coder_names(table.shape[1], coders)
    there = ~np.isnan(table)
    kept = np.flatnonzero(there.any(axis=0))
    coded = there[there.any(axis=1)][:, kept]
    shared = coded.T.astype(np.intp) @ coded.astype(np.intp)
    return Design(coded, tuple(names[c] for c in kept), shared, linked_groups(shared > 0))


def coder_names(n: int, coders: Sequence[str] | None) -> tuple[str, ...]:
    """Return the names of `n` coders, made up when none are given."""
    if coders is None:
        return tuple(f"coder {c + 1}" for c in range(n))
    if len(coders) != n:
        raise AnalysisError(f"{len(coders)} names of coders for {n} columns. Give one name a column.")
    return tuple(coders)


def linked_groups(linked: BoolArray) -> tuple[tuple[int, ...], ...]:
    """Return the connected groups of a symmetric graph, by smallest member."""
    left = set(range(len(linked)))
    groups = []
    while left:
        reached: set[int] = set()
        edge = {min(left)}
        while edge:
            reached |= edge
            edge = set(np.flatnonzero(linked[sorted(edge)].any(axis=0)).tolist()) - reached
        left -= reached
        groups.append(tuple(sorted(reached)))
    return tuple(groups)
