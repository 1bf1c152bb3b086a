"""Named columns of a person's data as arrays, with errors that name column and row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bordin.association.pairs import Array, Codes
from bordin.association.partial import is_missing, level_codes
from bordin.association.within_between import means_by
from bordin.errors import AnalysisError, Problem, nearest

Mask: TypeAlias = NDArray[np.bool_]

_SHOWN = 10


class Data(Protocol):
    """Anything that gives a column by its name: a dict, a structured array, a data frame."""

    def __getitem__(self, name: str, /) -> Any: ...


@dataclass(frozen=True)
class Columns:
    """The columns that an association table needs, of one length.

    Attributes
    ----------
    values : dict of str to ndarray of shape (n,)
        Number columns; NaN where missing.
    control, cluster : ndarray of int, shape (n,), or None
        Numbered levels; -1 where missing.
    notes : tuple of str
        What was done to the rows.
    """

    values: dict[str, Array]
    control: Codes | None = None
    cluster: Codes | None = None
    notes: tuple[str, ...] = ()

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(next(iter(self.values.values())))

    def matrix(self, names: Sequence[str]) -> Array:
        """Return the named columns side by side, shape (n, len(names))."""
        return np.column_stack([self.values[name] for name in names])

    def having(self, names: Sequence[str], rule: np.ufunc) -> Mask:
        """Mark the rows with a value of all (``np.logical_and``) or any (``np.logical_or``) of the names."""
        rows: Mask = rule.reduce([~np.isnan(self.values[name]) for name in names])
        return rows

    def only(self, rows: Mask, *notes: str) -> Columns:
        """Keep some rows and say why in `notes`."""
        return Columns(
            {name: column[rows] for name, column in self.values.items()},
            None if self.control is None else self.control[rows],
            None if self.cluster is None else self.cluster[rows],
            (*self.notes, *notes),
        )


def read_columns(data: Data, names: Sequence[str], control: str | None, cluster: str | None) -> Columns:
    """Read number columns and up to two groupings.

    Parameters
    ----------
    data : mapping of names to columns
        Only ``data[name]`` is used, and the list of names when one is wrong.
    names : sequence of str
        Columns of numbers.
    control, cluster : str or None
        Columns of levels (text or numbers).

    Returns
    -------
    Columns

    Raises
    ------
    AnalysisError
        Every unknown name, every column with text or infinite values (with its rows), or
        columns of unequal length.
    """
    groupings = [name for name in (control, cluster) if name is not None]
    problems = [p for name in (*names, *groupings) if (p := _unknown(data, name)) is not None]
    if problems:
        raise AnalysisError(problems)
    values: dict[str, Array] = {}
    for name in names:
        try:
            values[name] = _numbers(name, data[name])
        except AnalysisError as fault:
            problems.extend(fault.problems)
    if problems:
        raise AnalysisError(problems)
    levels = {name: level_codes(list(data[name])) for name in groupings}
    lengths = {name: len(column) for name, column in (*values.items(), *levels.items())}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise AnalysisError(f"Columns must have the same number of rows: {told}.")
    return Columns(
        values,
        None if control is None else levels[control],
        None if cluster is None else levels[cluster],
    )


def repeats(columns: Columns) -> bool:
    """Tell whether some cluster has more than one row with a value."""
    if columns.cluster is None:
        return False
    known = columns.cluster[(columns.cluster >= 0) & _any_value(columns)]
    return bool(len(known) > len(np.unique(known)))


def with_cluster(columns: Columns, cluster: str) -> Columns:
    """Leave out the rows without a cluster, and number the clusters that remain from 0."""
    if columns.cluster is None:
        return columns
    lost = int(np.count_nonzero((columns.cluster < 0) & _any_value(columns)))
    if lost:
        columns = columns.only(columns.cluster >= 0, f"rows left out because they have no {cluster}: {lost}")
    return columns


def means_by_cluster(columns: Columns, control: str | None, cluster: str) -> Columns:
    """Reduce the rows to one of means for each cluster.

    Raises
    ------
    AnalysisError
        When the control has more than one level within a cluster.
    """
    codes = columns.cluster
    if codes is None:
        return columns
    levels = None
    if columns.control is not None:
        levels = np.full(int(codes.max(initial=-1)) + 1, -1, dtype=np.int64)
        for code in range(len(levels)):
            own = np.unique(columns.control[(codes == code) & (columns.control >= 0)])
            if len(own) > 1:
                raise AnalysisError(
                    f"{control} has more than one level within a {cluster}, so that it cannot be "
                    f"taken out of means by {cluster}. "
                    f"Leave the control out, or split the {cluster} by {control}."
                )
            levels[code] = own[0] if len(own) else -1
    means = {name: means_by(column, codes) for name, column in columns.values.items()}
    return Columns(means, levels, None, columns.notes)


def _any_value(columns: Columns) -> Mask:
    return columns.having(tuple(columns.values), np.logical_or)


def _names_of(data: Data) -> list[str]:
    if isinstance(data, Mapping):
        names: Iterable[object] = data.keys()
    else:
        fields: Iterable[object] | None = getattr(getattr(data, "dtype", None), "names", None)
        columns: Iterable[object] = getattr(data, "columns", ())
        names = columns if fields is None else fields
    return [str(name) for name in names]


def _unknown(data: Data, name: str) -> Problem | None:
    known = _names_of(data)
    if name in known:
        return None
    return Problem(f"There is no column '{name}'.", hint=nearest(name, known))


def _numbers(name: str, column: Iterable[object]) -> Array:
    cells = list(column)
    numbers = np.full(len(cells), np.nan)
    bad: list[str] = []
    for row, value in enumerate(cells):
        if is_missing(value):
            continue
        number = _number(value)
        if number is None:
            bad.append(f"row {row + 1} holds {value!r}")
        else:
            numbers[row] = number
    if bad:
        more = f" and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
        raise AnalysisError(
            Problem(
                "must hold finite numbers, or None where a value is missing; "
                f"{', '.join(bad[:_SHOWN])}{more} (row 1 is the first row of data).",
                column=name,
                hint="Correct the values, or read the file with the study's reader.",
            )
        )
    return numbers


def _number(value: object) -> float | None:
    # A text is never taken for a number here: '3' or '1,5' has to be read by the study's reader.
    if isinstance(value, (str, bytes)):
        return None
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if np.isfinite(number) else None
