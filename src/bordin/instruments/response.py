"""Read answers: from the cells of a file to numbers, kinds of missing, and faults."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bordin.instruments.instrument import ANSWER_STEPS, Answers
from bordin.instruments.score import Fault
from bordin.missing import Missing

BLANK = frozenset({"", ".", "NA"})
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)")
_MISSING_WORDS = frozenset(kind.value for kind in Missing)


@dataclass(frozen=True)
class Response:
    """One answer as read from a cell: a value, a kind of missing, or a fault.

    Attributes
    ----------
    value : float or None
    missing : Missing or None
    fault : Fault or None
    """

    value: float | None = None
    missing: Missing | None = None
    fault: Fault | None = None


def read_response(cell: object, answers: Answers) -> Response:
    """Read one cell.

    Blank cells, ``"."`` and ``"NA"`` are not answered. A decimal comma is understood and
    ``3.0`` is the whole number 3. A truth value or a date is not a number.

    Parameters
    ----------
    cell : object
        Text, a number, None, a `Missing`, or a cell that carries its kind of missing as ``kind``.
    answers : Answers
        What is allowed.

    Returns
    -------
    Response
    """
    kind = kind_of_missing(cell)
    if kind is not None:
        return Response(missing=kind)
    number = _number(cell)
    if number is None:
        return Response(fault=Fault.NOT_A_NUMBER)
    if number in answers.not_applicable:
        return Response(missing=Missing.NOT_APPLICABLE)
    if number in answers.not_answered:
        return Response(missing=Missing.NOT_ANSWERED)
    if not answers.low <= number <= answers.high:
        return Response(fault=Fault.OUT_OF_RANGE)
    step = ANSWER_STEPS[answers.kind]
    if step is not None and not (number / step).is_integer():
        return Response(fault=Fault.NON_INTEGER)
    return Response(value=number)


def kind_of_missing(cell: object) -> Missing | None:
    """Say which kind of missing a cell is; None when something stands in it."""
    if cell is None or (isinstance(cell, (float, np.floating)) and math.isnan(cell)):
        return Missing.NOT_ANSWERED
    if isinstance(cell, Missing):
        return cell
    if isinstance(cell, str):
        text = cell.strip()
        if text in BLANK:
            return Missing.NOT_ANSWERED
        return Missing(text.lower()) if text.lower() in _MISSING_WORDS else None
    # SPSS user-missing cells keep their number and label and say their kind of missing.
    kind = getattr(cell, "kind", None)
    return kind if isinstance(kind, Missing) else None


def _number(cell: object) -> float | None:
    if isinstance(cell, str):
        text = cell.strip().replace("\u2212", "-")
        return float(text.replace(",", ".")) if _NUMBER.fullmatch(text) else None
    if isinstance(cell, (bool, np.bool_)) or not isinstance(cell, Real):
        return None
    return float(cell)


@dataclass(frozen=True)
class ResponseColumn:
    """The answers to one item.

    Attributes
    ----------
    values : ndarray of float, shape (n_rows,)
        NaN where there is no usable answer.
    missing : dict of int to Missing
        Rows (from 0) without an answer, and why.
    faults : dict of int to Fault
        Rows (from 0) with a bad cell.
    """

    values: NDArray[np.float64]
    missing: dict[int, Missing]
    faults: dict[int, Fault]


def read_column(cells: Sequence[object], answers: Answers) -> ResponseColumn:
    """Read the cells of one item; each distinct cell is looked at once."""
    # In a mixed column the type belongs to the key: True == 1 == 1.0, yet a truth value is no answer.
    cells = list(cells)
    mixed = len(set(map(type, cells))) > 1
    keys: list[Any] = [(type(cell), cell) for cell in cells] if mixed else cells
    known = {key: read_response(key[1] if mixed else key, answers) for key in set(keys)}
    numbers = {key: math.nan if read.value is None else read.value for key, read in known.items()}
    values = np.fromiter(map(numbers.__getitem__, keys), dtype=np.float64, count=len(keys))
    missing: dict[int, Missing] = {}
    faults: dict[int, Fault] = {}
    for row in np.flatnonzero(np.isnan(values)).tolist():
        read = known[keys[row]]
        if read.fault is not None:
            faults[row] = read.fault
        elif read.missing is not None:
            missing[row] = read.missing
    return ResponseColumn(values, missing, faults)
