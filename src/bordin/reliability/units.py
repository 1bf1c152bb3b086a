"""From codes on turns and marks in time to units by coders: what counts as one unit is said, never guessed.

Three units of observation: the turn (or session), the event (marks of several coders matched in time) and
the second. Each makes a `CodedUnits`, whose table every coefficient of this package takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bordin.errors import AnalysisError, nearest
from bordin.reliability.matching import match_marks
from bordin.resampling import FloatArray, IntArray

NOTHING = "nothing"
# A table of seconds larger than this is a wrong unit of time.
_MOST_SECONDS = 100_000_000
Labels = npt.NDArray[np.generic]


@dataclass(frozen=True)
class CodedUnits:
    """Units by coders.

    Attributes
    ----------
    values : ndarray of shape (n_units, n_coders)
        Codes as numbers, NaN where missing.
    coders : tuple of str
        Who stands in which column.
    codes : tuple of str
        Name of code 0, 1, 2 and so on; empty where the values are numbers in their own right.
    sessions : ndarray of shape (n_units,)
        Session of each unit: the `clusters` of the coefficients.
    unit : str
        ``"session"``, ``"turn"``, ``"event"`` or ``"second"``.
    rule : str
        How units were made, as one sentence.
    """

    values: FloatArray
    coders: tuple[str, ...]
    codes: tuple[str, ...]
    sessions: Labels
    unit: str
    rule: str

    @property
    def scale(self) -> tuple[float, float] | None:
        """Scale of named codes, so that a code counts that nobody used on a resample; None for numbers."""
        return (0.0, len(self.codes) - 1.0) if len(self.codes) > 1 else None


class _Roster(NamedTuple):
    """Sessions and coders, the places of each mark's, and which coder coded which session."""

    sessions: Labels
    coders: Labels
    row_session: IntArray
    row_coder: IntArray
    seen: npt.NDArray[np.bool_]


def from_rows(
    units: Sequence[Any],
    coders: Sequence[Any],
    values: Sequence[Any],
    *,
    sessions: Sequence[Any] | None = None,
    codes: Sequence[str] | None = None,
    unit: str = "turn",
) -> CodedUnits:
    """Make units by coders from long rows: one row a code.

    Parameters
    ----------
    units, coders : sequence of length n
        What was coded and by whom. With `sessions`, a unit is told apart within its session only.
    values : sequence of length n
        Numbers, or names of codes. All of one kind. None and NaN are missing.
    sessions : sequence of length n, optional
        Session of each row. Without it each unit is its own session.
    codes : sequence of str, optional
        All codes of the coding system, in their order; default: those that occur, sorted.
    unit : str
        Word for the unit.

    Returns
    -------
    CodedUnits

    Raises
    ------
    AnalysisError
        When lengths differ, a coder coded a unit twice, a value is not among `codes`, or names and numbers
        are mixed.
    """
    for name, column in (("coders", coders), ("values", values), ("sessions", sessions)):
        if column is not None and len(column) != len(units):
            raise AnalysisError(
                f"{name}: {len(column)} rows, but there are {len(units)} units. Give one a row."
            )
    numbers, names = _numbered(values, codes)
    kept = ~np.isnan(numbers)
    row_unit, unit_label = _places(units)
    if sessions is not None:
        row_session, session_label = _places(sessions)
        both = row_session * len(unit_label) + row_unit
        found, row_unit = np.unique(both, return_inverse=True)
        of_unit = session_label[found // len(unit_label)]
    else:
        of_unit = unit_label
    row_coder, coder_label = _places(coders)
    places = row_unit * len(coder_label) + row_coder
    twice = np.bincount(places[kept], minlength=1) > 1
    if twice.any():
        row = np.flatnonzero(kept & twice[places])[0]
        where = f"{unit} {units[row]}" + ("" if sessions is None else f" of session {sessions[row]}")
        raise AnalysisError(
            f"{coders[row]} coded {where} more than once. Keep one code a coder and {unit}; repeated codings "
            "belong to intra-coder reliability."
        )
    table = np.full((len(of_unit), len(coder_label)), np.nan)
    table[row_unit[kept], row_coder[kept]] = numbers[kept]
    people = tuple(str(label) for label in coder_label)
    return CodedUnits(table, people, names, of_unit, unit, f"unit: {unit}")


def events(
    sessions: Sequence[Any],
    coders: Sequence[Any],
    times: Sequence[float],
    codes: Sequence[str],
    *,
    tolerance: float,
    coded: Sequence[tuple[Any, Any]] | None = None,
) -> CodedUnits:
    """Match marks in time to events: one row an event, one column a coder.

    Parameters
    ----------
    sessions, coders, codes : sequence of length n
        Session, coder and name of each mark.
    times : sequence of float of length n
        Time of each mark (its start), in seconds from the start of the session.
    tolerance : float
        Marks of two coders at most this many seconds apart may be one event.
    coded : sequence of (session, coder), optional
        Who coded which session, so that a session in which a coder marked nothing counts. Default: a coder
        coded the sessions that hold a mark of that coder.

    Returns
    -------
    CodedUnits
        Code 0 is ``"nothing"``: the coder saw the session and made no mark there. NaN: the coder did not code
        the session. An event that all coders missed is not seen; coefficients over events therefore count
        misses and confusions but no agreement on nothing, and :func:`bordin.reliability.specific.
        specific_agreement` (Dice, F1) is the measure made for them.

    Raises
    ------
    AnalysisError
        When lengths differ, the tolerance is negative, a time is not finite, a code is called "nothing", or
        a mark stands in a session that its coder did not code.

    References
    ----------
    Matching within a tolerance: Bakeman, Quera and Gnisci (2009), doi:10.3758/BRM.41.1.137.
    """
    at, numbers, names = _checked_marks(sessions, coders, times, codes)
    if not tolerance >= 0 or np.isinf(tolerance):
        raise AnalysisError(f"tolerance: {tolerance} is not a number of seconds. Give 0 or more.")
    roster = _roster(sessions, coders, coded)
    blocks, of_unit = [], []
    for place, label in enumerate(roster.sessions):
        rows = np.flatnonzero(roster.row_session == place)
        event = match_marks(at[rows], roster.row_coder[rows], numbers[rows], tolerance)
        absent = np.where(roster.seen[place], 0.0, np.nan)
        block = np.tile(absent, (int(event.max(initial=-1)) + 1, 1))
        block[event, roster.row_coder[rows]] = numbers[rows] + 1
        blocks.append(block)
        of_unit.append(np.full(len(block), label))
    table = np.concatenate(blocks) if blocks else np.empty((0, len(roster.coders)))
    rule = (
        f"unit: event; marks of two coders at most {tolerance:g} s apart are one event, each mark used once, "
        "equal codes matched first, in order of time; a mark without a partner counts as missed"
    )
    where = np.concatenate(of_unit) if of_unit else roster.sessions
    people = tuple(str(label) for label in roster.coders)
    return CodedUnits(table, people, (NOTHING, *names), where, "event", rule)


def seconds(
    sessions: Sequence[Any],
    coders: Sequence[Any],
    spans: Sequence[tuple[float, float]],
    codes: Sequence[str],
    *,
    durations: dict[Any, float],
    coded: Sequence[tuple[Any, Any]] | None = None,
) -> CodedUnits:
    """Cut sessions into seconds: each second is a unit, with the code that stands at its middle.

    Parameters
    ----------
    sessions, coders, codes : sequence of length n
        Session, coder and name of each mark.
    spans : sequence of (start, end) of length n
        In seconds from the start of the session; the code holds from start up to, not including, end.
    durations : dict
        Length of each session in seconds.
    coded : sequence of (session, coder), optional
        As in :func:`events`.

    Returns
    -------
    CodedUnits
        Code 0 is ``"nothing"``. Seconds that follow each other are alike: give `sessions` as the clusters of a
        coefficient, else its interval is far too narrow.

    Raises
    ------
    AnalysisError
        When lengths differ, a span ends before it starts or after its session, two spans of a coder overlap,
        or a session has no duration.
    """
    pairs = np.asarray(spans, dtype=float).reshape(-1, 2)
    _, numbers, names = _checked_marks(sessions, coders, list(pairs[:, 0]), codes)
    roster = _roster(sessions, coders, coded)
    labels = roster.sessions.tolist()
    for label in labels:
        if not durations.get(label, 0) > 0:
            raise AnalysisError(f"session {label}: no duration is given. Give its length in seconds.")
    length = np.array([int(np.floor(durations[label])) for label in labels], dtype=int)
    if length.sum() > _MOST_SECONDS:
        raise AnalysisError(f"{length.sum():,} seconds are too many. Are the durations in milliseconds?")
    starts = np.concatenate([[0], np.cumsum(length)])
    table = np.repeat(np.where(roster.seen, 0.0, np.nan), length, axis=0)
    for row, (start, end) in enumerate(pairs):
        session, coder = roster.row_session[row], roster.row_coder[row]
        said = f"session {sessions[row]}, {coders[row]}: the code {codes[row]} from {start:g} to {end:g} s"
        if not 0 <= start <= end <= durations[labels[session]]:
            raise AnalysisError(f"{said} does not lie within the session. Correct the times.")
        first, last = (int(np.ceil(time - 0.5)) for time in (start, end))
        held = table[starts[session] : starts[session + 1], coder][first:last]
        if held.any():
            raise AnalysisError(f"{said} overlaps another code. Compare one code at a time.")
        held[:] = numbers[row] + 1
    rule = "unit: second; a second has the code that stands at its middle, or nothing"
    people = tuple(str(label) for label in roster.coders)
    where = np.repeat(roster.sessions, length)
    return CodedUnits(table, people, (NOTHING, *names), where, "second", rule)


def _places(labels: Sequence[Any]) -> tuple[IntArray, Labels]:
    """Place of each label among the distinct ones, and these."""
    distinct, places = np.unique(np.asarray(labels), return_inverse=True)
    return places, distinct


def _numbered(values: Sequence[Any], codes: Sequence[str] | None) -> tuple[FloatArray, tuple[str, ...]]:
    """Values as numbers: themselves, or their place among the names of codes."""
    # A plain list of names and NaN would otherwise become the name "nan".
    given: Any = values
    array = given if isinstance(given, np.ndarray) else np.asarray(given, dtype=object)
    if array.dtype == object:
        missing = np.array([_is_missing(value) for value in array], dtype=bool)
        kinds = {isinstance(value, str) for value in array[~missing]}
    else:
        kinds = {array.dtype.kind not in "iufb"}
        missing = np.zeros(len(array), dtype=bool) if kinds == {True} else np.isnan(array.astype(float))
    if codes is None and len(kinds) > 1:
        raise AnalysisError("Names and numbers stand among the values. Write all codes alike.")
    numbers = np.full(len(array), np.nan)
    if codes is None and kinds != {True}:
        numbers[~missing] = array[~missing].astype(float)
        return numbers, ()
    found, places = np.unique(array[~missing].astype(str), return_inverse=True)
    names = tuple(codes) if codes is not None else tuple(found.tolist())
    place = {name: float(number) for number, name in enumerate(names)}
    unknown = [name for name in found.tolist() if name not in place]
    if unknown:
        raise AnalysisError(f"'{unknown[0]}' is not a code. {nearest(unknown[0], names)}")
    numbers[~missing] = np.array([place[name] for name in found.tolist()], dtype=float)[places]
    return numbers, names


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and isnan(value))


def _checked_marks(
    sessions: Sequence[Any], coders: Sequence[Any], times: Sequence[float], codes: Sequence[str]
) -> tuple[FloatArray, FloatArray, tuple[str, ...]]:
    lengths = {len(sessions), len(coders), len(times), len(codes)}
    if len(lengths) > 1:
        raise AnalysisError("Sessions, coders, times and codes differ in length. Give one of each a mark.")
    at = np.asarray(times, dtype=float)
    if not np.isfinite(at).all():
        row = int(np.flatnonzero(~np.isfinite(at))[0])
        raise AnalysisError(f"session {sessions[row]}: a mark of {coders[row]} has no time. Give seconds.")
    texts = [str(code) for code in codes]
    if NOTHING in texts:
        raise AnalysisError(f"A code is called '{NOTHING}', the word for no mark. Give it another name.")
    numbers, names = _numbered(texts, sorted(set(texts)))
    return at, numbers, names


def _roster(
    sessions: Sequence[Any], coders: Sequence[Any], coded: Sequence[tuple[Any, Any]] | None
) -> _Roster:
    made = set(zip(sessions, coders, strict=True))
    said = made if coded is None else set(coded)
    for session, coder in sorted(made - said, key=str)[:1]:
        raise AnalysisError(
            f"{coder} marked session {session}, but is not listed as its coder. Add the pair."
        )
    session_label, row_session = np.unique(
        np.asarray([*sessions, *(session for session, _ in said)]), return_inverse=True
    )
    coder_label, row_coder = np.unique(
        np.asarray([*coders, *(coder for _, coder in said)]), return_inverse=True
    )
    n = len(sessions)
    seen = np.zeros((len(session_label), len(coder_label)), dtype=bool)
    seen[row_session[n:], row_coder[n:]] = True
    return _Roster(session_label, coder_label, row_session[:n], row_coder[:n], seen)
