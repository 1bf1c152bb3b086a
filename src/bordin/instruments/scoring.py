"""Score answers: pure functions from columns of cells to scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from bordin.errors import CatalogError, DataError, Problem, nearest
from bordin.instruments.instrument import Answers, Instrument, Scale
from bordin.instruments.response import ResponseColumn, kind_of_missing, read_column
from bordin.instruments.score import AlertRaised, BadCell, Fault, Score, ScoreTable
from bordin.missing import Missing


def score(
    instrument: Instrument,
    table: Mapping[str, Sequence[object]],
    *,
    variant: str | None = None,
    id: str | None = None,
    occasion: str | None = None,
    columns: str | Mapping[str, str] | None = None,
    file: str | None = None,
) -> ScoreTable:
    """Score a table of answers, one row a form.

    Parameters
    ----------
    instrument : Instrument
    table : mapping of str to sequence
        Column name to cells, all of one length.
    variant : str, optional
        Needed where the instrument has several.
    id, occasion : str, optional
        Columns that say whose form it is and of when. With `id`, a person's second form (of
        the same occasion) is an error.
    columns : str or mapping, optional
        Item key to column name, or a pattern such as ``"CAREQ*"`` in which the star stands for
        the item's number. Else a column is called like the item's key, or ``item1``, ``item2``.
    file : str, optional
        Named in errors.

    Returns
    -------
    ScoreTable
        Valid rows scored, every bad cell listed.

    Raises
    ------
    CatalogError
        A variant has to be chosen, or is unknown.
    DataError
        A column is missing.
    """
    found = match_columns(instrument, tuple(table), columns, file)
    for name in (id, occasion):
        if name is not None and name not in table:
            raise DataError(Problem(f"there is no column '{name}'.", file, hint=nearest(name, table)))
    return score_columns(
        instrument,
        {key: table[name] for key, name in found.items()},
        ids=None if id is None else table[id],
        occasions=None if occasion is None else table[occasion],
        variant=variant,
        names=found,
        id_column=id or "id",
    )


def match_columns(
    instrument: Instrument,
    names: Sequence[str],
    columns: str | Mapping[str, str] | None = None,
    file: str | None = None,
) -> dict[str, str]:
    """Find the column of each item.

    Returns
    -------
    dict
        Item key to column name.

    Raises
    ------
    DataError
        With every item that has no column and every name that does not exist.
    """
    given: Mapping[str, str] = {}
    if isinstance(columns, str):
        if columns.count("*") != 1:
            raise DataError(
                f"'{columns}' is no pattern: it needs one star for the item's number, as in CAREQ*."
            )
        given = {key: columns.replace("*", str(n)) for n, key in enumerate(instrument.keys, start=1)}
    elif columns is not None:
        given = columns
    # A mapping may use item numbers' names (item3) for an instrument with keys of its own (q3).
    numbered = {f"item{n}": key for n, key in enumerate(instrument.keys, start=1)}
    chosen, problems = {}, []
    for item, name in given.items():
        key = item if item in instrument.keys else numbered.get(item)
        if key is None:
            problem = f"{instrument.id} has no item '{item}', to which the column '{name}' was given."
            problems.append(Problem(problem, file, hint=nearest(item, instrument.keys)))
        elif name not in names:
            problems.append(
                Problem(f"there is no column '{name}' for {item}.", file, hint=nearest(name, names))
            )
        else:
            chosen[key] = name
    if not problems:
        next_item = f"item{len(numbered) + 1}"
        if len(chosen) < len(numbered) and next_item in names:
            # The file of a longer form: its item 3 need not be item 3 of the short one.
            problem = (
                f"{instrument.id} has {len(numbered)} items, but the file also has a column '{next_item}'."
            )
            hint = "It may be another form: say which column holds which item, --columns item1=NAME,..."
            raise DataError(Problem(problem, file, hint=hint))
        for number, key in numbered.items():
            if key not in chosen:
                chosen[key] = key if key in names or number not in names else number
        absent = [key for key, name in chosen.items() if name not in names]
        if absent:
            shown = ", ".join(absent[:12]) + (", ..." if len(absent) > 12 else "")
            here = ", ".join(list(names)[:12]) + (", ..." if len(names) > 12 else "")
            problem = (
                f"{len(absent)} of the {len(numbered)} items of {instrument.id} have no column: {shown}."
            )
            hint = (
                f"The columns are: {here}. Map them: --columns {absent[0]}=NAME,... or a pattern such as Q*."
            )
            problems.append(Problem(problem, file, hint=hint))
    if problems:
        raise DataError(problems)
    return {key: chosen[key] for key in instrument.keys}


def score_columns(
    instrument: Instrument,
    columns: Mapping[str, Sequence[object]],
    *,
    ids: Sequence[object] | None = None,
    occasions: Sequence[object] | None = None,
    variant: str | None = None,
    names: Mapping[str, str] | None = None,
    id_column: str = "id",
) -> ScoreTable:
    """Score answers whose columns are already known by item key.

    Parameters
    ----------
    instrument : Instrument
    columns : mapping of str to sequence
        Item key to its n_rows cells.
    ids, occasions : sequence of length n_rows, optional
    variant : str, optional
    names : mapping, optional
        Item key to the column's name in the file, for errors.
    id_column : str
        Name of the column of ids, for errors.

    Returns
    -------
    ScoreTable
    """
    if any(not scale.items for scale in instrument.scales):
        raise CatalogError(f"{instrument.id} cannot be scored before a file of the study gives its item key.")
    names = names or {}
    read = {key: read_column(columns[key], instrument.answers) for key in instrument.keys}
    n_rows = len(columns[instrument.keys[0]])
    who = _texts(ids, n_rows)
    when = _texts(occasions, n_rows)
    people = _People(who, when, id_column, check=ids is not None)
    people.find_faults(read, columns)
    errors = [*people.errors, *_bad_cells(instrument, columns, read, names, who)]
    position = {key: i for i, key in enumerate(instrument.keys)}
    first_position = {names.get(key, key): i for key, i in position.items()}
    errors.sort(key=lambda e: (e.row, first_position.get(e.column, -1)))
    values = _item_values(instrument, read, variant)
    rows = [row for row in range(n_rows) if row not in people.copies]
    by_scale = [
        _score_scale(scale, values, read, people.refused).rows(who, when) for scale in instrument.scales
    ]
    scores = tuple(one[row] for row in rows for one in by_scale)
    return ScoreTable(
        instrument=instrument.id,
        variant=variant,
        scales=tuple(scale.id for scale in instrument.scales),
        scores=scores,
        errors=tuple(errors),
        alerts=_alerts(instrument, read, who, when, people.copies),
        n_rows=n_rows,
        n_scored=len({s.row for s in scores if s.value is not None}),
    )


def _texts(cells: Sequence[object] | None, n_rows: int) -> list[str | None]:
    """Return ids as text; 7.0 from a spreadsheet is the id 7."""
    if cells is None:
        return [None] * n_rows
    texts: list[str | None] = []
    for cell in cells:
        whole = int(cell) if isinstance(cell, float) and cell.is_integer() else cell
        texts.append(str(whole).strip() if kind_of_missing(cell) is None else None)
    return texts


class _People:
    """Whose form each row is, and which rows cannot stand."""

    def __init__(self, who: list[str | None], when: list[str | None], id_column: str, *, check: bool) -> None:
        self.who, self.when, self.id_column, self.check = who, when, id_column, check
        self.errors: list[BadCell] = []
        self.copies: set[int] = set()
        self.refused: dict[int, str] = {}

    def find_faults(
        self, read: Mapping[str, ResponseColumn], columns: Mapping[str, Sequence[object]]
    ) -> None:
        """Find rows without an id, and rows of one person and occasion that come again."""
        if not self.check:
            return
        groups: dict[tuple[str, str | None], list[int]] = {}
        for row, (one, time) in enumerate(zip(self.who, self.when, strict=True)):
            if one is None:
                self.refused[row] = "no id"
                self._error(row, Fault.MISSING_ID, "the row has no id, so its form belongs to nobody.")
            else:
                groups.setdefault((one, time), []).append(row)
        for rows in groups.values():
            if len(rows) == 1:
                continue
            if len({_answers_of(row, read, columns) for row in rows}) == 1:
                self.copies.update(rows[1:])
                for row in rows[1:]:
                    told = "the row repeats an earlier one of the same id, which is scored once."
                    self._error(row, Fault.DUPLICATE_IDENTICAL, told)
            else:
                told = f"{len(rows)} rows of one id hold different answers"
                for row in rows:
                    self.refused[row] = told
                    self._error(row, Fault.DUPLICATE_CONFLICT, f"{told}; none is scored.")

    def _error(self, row: int, kind: Fault, message: str) -> None:
        one, time = self.who[row], self.when[row]
        if time is not None and kind is not Fault.MISSING_ID:
            message = f"{message[:-1]} (occasion {time})."
        self.errors.append(BadCell(row + 1, one, self.id_column, one, kind, message))


def _answers_of(
    row: int, read: Mapping[str, ResponseColumn], columns: Mapping[str, Sequence[object]]
) -> tuple[object, ...]:
    """Return a row's answers in a form that can be compared: 3 and 3.0 are one answer."""
    answers: list[object] = []
    for key, column in read.items():
        if row in column.faults:
            answers.append(str(columns[key][row]))
        else:
            answers.append(column.missing.get(row, float(column.values[row])))
    return tuple(answers)


def _bad_cells(
    instrument: Instrument,
    columns: Mapping[str, Sequence[object]],
    read: Mapping[str, ResponseColumn],
    names: Mapping[str, str],
    who: list[str | None],
) -> list[BadCell]:
    found = []
    for key, column in read.items():
        for row, fault in column.faults.items():
            cell = columns[key][row]
            value = _plain(cell)
            message = _fault_message(fault, value, instrument.answers)
            found.append(BadCell(row + 1, who[row], names.get(key, key), value, fault, message))
    return found


def _plain(cell: object) -> str | float:
    """Return a cell as JSON can hold it."""
    if isinstance(cell, (str, int)) or (isinstance(cell, float) and isfinite(cell)):
        return cell
    return str(cell)


def _fault_message(fault: Fault, value: object, answers: Answers) -> str:
    what = {
        Fault.OUT_OF_RANGE: "is out of range",
        Fault.NOT_A_NUMBER: "is not a number",
        Fault.NON_INTEGER: "falls between two answers",
    }[fault]
    return f"{value!r} {what}; allowed are {answers}."


def item_values(
    instrument: Instrument, columns: Mapping[str, Sequence[object]], *, variant: str | None = None
) -> dict[str, NDArray[np.float64]]:
    """Return the answers as they enter a score: reversed items turned round, variants recoded.

    Parameters
    ----------
    instrument : Instrument
    columns : mapping of str to sequence
        Item key to its n_rows cells.
    variant : str, optional

    Returns
    -------
    dict of str to ndarray of float, shape (n_rows,)
        NaN where there is no usable answer.
    """
    read = {key: read_column(columns[key], instrument.answers) for key in instrument.keys}
    return _item_values(instrument, read, variant)


def _item_values(
    instrument: Instrument, read: Mapping[str, ResponseColumn], variant: str | None
) -> dict[str, NDArray[np.float64]]:
    chosen = instrument.choose_variant(variant)
    recode = chosen.recode if chosen else instrument.recode
    return {key: _recoded(_turned(column.values, key, instrument), recode) for key, column in read.items()}


def _turned(values: NDArray[np.float64], key: str, instrument: Instrument) -> NDArray[np.float64]:
    """Turn a reversed item round."""
    if key not in instrument.reversed_items:
        return values
    return instrument.answers.low + instrument.answers.high - values


def _recoded(values: NDArray[np.float64], recode: Mapping[float, float] | None) -> NDArray[np.float64]:
    if recode is None:
        return values
    out = np.full_like(values, np.nan)
    for answer, value in recode.items():
        out[values == answer] = value
    return out


@dataclass(frozen=True)
class _ScaleScores:
    """One scale over all rows; `reasons` has an entry for each row without a value."""

    scale: str
    values: list[float]
    n_answered: list[int]
    reasons: dict[int, str]

    def rows(self, who: list[str | None], when: list[str | None]) -> list[Score]:
        """Return a Score for each row."""
        n = len(self.values)
        values: list[float | None] = list(self.values)
        reasons: list[str | None] = [None] * n
        for row, reason in self.reasons.items():
            values[row], reasons[row] = None, reason
        cells = zip(range(1, n + 1), who, when, repeat(self.scale), values, self.n_answered, reasons)
        return [Score._make(row) for row in cells]


def _score_scale(
    scale: Scale,
    values: Mapping[str, NDArray[np.float64]],
    read: Mapping[str, ResponseColumn],
    refused: Mapping[int, str],
) -> _ScaleScores:
    answers = np.column_stack([values[key] for key in scale.items])
    n_answered = np.sum(~np.isnan(answers), axis=1)
    total = np.nansum(answers, axis=1)
    # One formula for all: a missing item replaced by the mean of the others, prorating, and the
    # mean of the answered items give the same number.
    value = total * scale.factor / np.maximum(n_answered, 1)
    reasons = {
        row: _too_few(scale, row, read)
        for row in np.flatnonzero(scale.size - n_answered > scale.max_missing).tolist()
    }
    faulty: dict[int, list[str]] = {}
    for key in scale.items:
        for row in read[key].faults:
            faulty.setdefault(row, []).append(key)
    reasons |= {row: f"bad cell: {', '.join(keys)}" for row, keys in faulty.items()}
    reasons |= refused
    return _ScaleScores(scale.id, value.tolist(), n_answered.tolist(), reasons)


def _too_few(scale: Scale, row: int, read: Mapping[str, ResponseColumn]) -> str:
    kinds = [read[key].missing[row] for key in scale.items if row in read[key].missing]
    counts = ", ".join(f"{kinds.count(kind)} {kind.value}" for kind in Missing if kind in kinds)
    allowed = "none may be" if scale.max_missing == 0 else f"at most {scale.max_missing} may be"
    noun = "item" if scale.size == 1 else "items"
    return f"{len(kinds)} of {scale.size} {noun} missing ({counts}); {allowed}"


def _alerts(
    instrument: Instrument,
    read: Mapping[str, ResponseColumn],
    who: list[str | None],
    when: list[str | None],
    copies: set[int],
) -> tuple[AlertRaised, ...]:
    raised = []
    for alert in instrument.alerts:
        values = read[alert.item].values
        for row in np.flatnonzero(values >= alert.at_least).tolist():
            if row not in copies:
                value = float(values[row])
                raised.append(AlertRaised(row + 1, who[row], when[row], alert.item, value, alert.message))
    return tuple(sorted(raised, key=lambda a: a.row))
