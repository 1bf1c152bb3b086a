"""Blinding: what a coder's page may know of a tape, and whether coders could guess what they were not to know."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Protocol

import numpy as np
import numpy.typing as npt

from bordin.coding.dimension import Anchor, Dimension
from bordin.errors import AnalysisError, Problem, nearest
from bordin.estimate import Estimate, Interval

DO_NOT_KNOW = "do not know"
"""The answer of a coder who does not guess."""


@dataclass(frozen=True)
class DimensionForm:
    """One dimension as the rating form shows it: without its pole, which would tell what is hoped for.

    Attributes
    ----------
    id, name : str
    low, high, step : float
    points : tuple of float
        Empty for a visual analog scale.
    start : float or None
    start_meaning : str
    anchors : tuple of Anchor
    definition, section : str
    only_if : str
        The condition under which it is rated, as the manual writes it; empty for none.
    reasons : tuple of str
        Names of the reasons for giving no value.
    """

    id: str
    name: str
    low: float
    high: float
    step: float
    points: tuple[float, ...]
    start: float | None
    start_meaning: str
    anchors: tuple[Anchor, ...]
    definition: str
    section: str
    only_if: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class BlindTape:
    """All that a coder's page may know of a tape before it is locked.

    There is no field for participant, therapist, session, session number, date, arm, outcome, file name, another
    coder, or why the tape was assigned. A test holds the list of fields against this sentence.

    Attributes
    ----------
    assignment : str
        Opaque id, also what sound and transcript are asked for by.
    name : str
        Neutral name.
    position, total : int
        Place in the coder's own order, and how many tapes the coder has.
    seconds : float
        Length of the sound.
    source : str
        What is worked from: audio, video, transcript, or audio and transcript.
    dimensions : tuple of DimensionForm
    """

    assignment: str
    name: str
    position: int
    total: int
    seconds: float
    source: str
    dimensions: tuple[DimensionForm, ...]


class Assigned(Protocol):
    """What is taken from an assignment, whatever else it knows: its opaque id, neutral name and place."""

    @property
    def id(self) -> str:
        """Opaque id."""

    @property
    def name(self) -> str:
        """Neutral name."""

    @property
    def position(self) -> int:
        """Place in the coder's order."""


def blind_tape(
    assignment: Assigned, total: int, seconds: float, source: str, dimensions: Sequence[Dimension]
) -> BlindTape:
    """Take from an assignment what its coder may know.

    Parameters
    ----------
    assignment : Assigned
    total : int
        How many tapes the coder has.
    seconds : float
    source : str
    dimensions : sequence of Dimension

    Returns
    -------
    BlindTape
    """
    return BlindTape(
        assignment=assignment.id,
        name=assignment.name,
        position=assignment.position,
        total=total,
        seconds=seconds,
        source=source,
        dimensions=tuple(dimension_form(d) for d in dimensions),
    )


def dimension_form(dimension: Dimension) -> DimensionForm:
    """Take from a dimension what the form shows."""
    return DimensionForm(
        id=dimension.id,
        name=dimension.name,
        low=dimension.low,
        high=dimension.high,
        step=dimension.step,
        points=dimension.points,
        start=dimension.start,
        start_meaning=dimension.start_meaning,
        anchors=dimension.anchors,
        definition=dimension.definition,
        section=dimension.section,
        only_if=dimension.only_if.text if dimension.only_if is not None else "",
        reasons=tuple(a.name for a in dimension.absences),
    )


@dataclass(frozen=True)
class BlindingIndex:
    """An index of blinding.

    Attributes
    ----------
    arm : str
        The arm it is for; empty for all arms together.
    estimate : Estimate
    standard_error : float or None
    correct, incorrect, unknown : int
        Answers.
    """

    arm: str
    estimate: Estimate
    standard_error: float | None
    correct: int
    incorrect: int
    unknown: int


def guess_table(truth: Sequence[str], guesses: Sequence[str], arms: Sequence[str]) -> npt.NDArray[np.int64]:
    """Count guesses.

    Parameters
    ----------
    truth, guesses : sequence of str
        One entry an answer: the arm, and what was guessed, which may be ``"do not know"``.
    arms : sequence of str
        The arms, in the order of the table.

    Returns
    -------
    array of shape (n_arms, n_arms + 1)
        A row an arm, a column a guess; the last column holds "do not know".

    Raises
    ------
    AnalysisError
        When the columns differ in length, there are fewer than two arms, or an entry is no arm.
    """
    if len(truth) != len(guesses):
        raise AnalysisError(f"{len(truth)} arms stand beside {len(guesses)} guesses. Give one guess an arm.")
    if len(set(arms)) < 2 or len(set(arms)) < len(arms):
        raise AnalysisError("Guessing needs two or more different arms. Name them: choices = [...].")
    strange = sorted((set(truth) | set(guesses)) - {*arms, DO_NOT_KNOW} | (set(truth) & {DO_NOT_KNOW}))
    if strange:
        raise AnalysisError(
            Problem(f"{strange[0]!r} is no arm.", column="guess", hint=nearest(strange[0], arms))
        )
    place = {name: i for i, name in enumerate((*arms, DO_NOT_KNOW))}
    table = np.zeros((len(arms), len(arms) + 1), dtype=np.int64)
    np.add.at(table, ([place[t] for t in truth], [place[g] for g in guesses]), 1)
    return table


def bang_index(
    truth: Sequence[str],
    guesses: Sequence[str],
    arms: Sequence[str],
    *,
    coders: Sequence[str] | None = None,
    level: float = 0.95,
) -> tuple[BlindingIndex, ...]:
    """Bang's blinding index of each arm: the share of right guesses beyond chance, "do not know" counted as none.

    Parameters
    ----------
    truth, guesses, arms
        As in :func:`guess_table`.
    coders : sequence of str, optional
        Who guessed. Several guesses of one coder hang together: with this the standard error is that of coders as
        clusters, and the limits use t with one less than their number. Without it guesses count as independent.
    level : float
        Confidence level.

    Returns
    -------
    tuple of BlindingIndex
        One an arm. 0: as by chance; 1: all right; -1 (two arms): all wrong. Undefined where an arm has no answers.

    Raises
    ------
    AnalysisError
        As in :func:`guess_table`, or when the level is not between 0 and 1.

    Notes
    -----
    (right - wrong) / answers with two arms. With K arms a wrong guess counts 1 / (K - 1), so that chance is 0 too;
    this extension is ours. Variance without coders: that of a multinomial.

    Validated against the worked example that the Julia package BlindingIndex.jl prints, after the R package BI
    (values, standard errors and limits to the three digits printed), against the plain mean and variance of scores
    1, 0 and -1, and against 20,000 multinomial resamples. The numbers printed by Bang, Ni and Davis (2004) for the
    CRISP trial were not at hand and are not claimed.

    References
    ----------
    Bang, Ni and Davis (2004), doi:10.1016/j.cct.2003.10.016.
    """
    _check_level(level)
    table = guess_table(truth, guesses, arms)
    if coders is not None and len(coders) != len(truth):
        raise AnalysisError(
            f"{len(coders)} coders stand beside {len(truth)} guesses. Give one coder a guess."
        )
    return tuple(
        _bang_of(
            i,
            table,
            arms,
            [_score(g, arm, len(arms)) for g, t in zip(guesses, truth, strict=True) if t == arm],
            None if coders is None else [c for c, t in zip(coders, truth, strict=True) if t == arm],
            level,
        )
        for i, arm in enumerate(arms)
    )


def _score(guess: str, arm: str, n_arms: int) -> float:
    if guess == DO_NOT_KNOW:
        return 0.0
    return 1.0 if guess == arm else -1.0 / (n_arms - 1)


def _bang_of(
    i: int,
    table: npt.NDArray[np.int64],
    arms: Sequence[str],
    scores: Sequence[float],
    coders: Sequence[str] | None,
    level: float,
) -> BlindingIndex:
    n, right, unknown = int(table[i].sum()), int(table[i, i]), int(table[i, -1])
    name, notes = f"Bang's blinding index, {arms[i]}", []
    wrong = n - right - unknown
    if n == 0:
        none = Estimate.without_value(name, 0, f"nobody guessed on a tape of the arm {arms[i]}", "Bang 2004")
        return BlindingIndex(arms[i], none, None, 0, 0, 0)
    value = math.fsum(scores) / n
    error: float | None
    if coders is not None and len(set(coders)) > 1:
        error, factor, method = _clustered(scores, coders, value, level)
    else:
        share = 1 / (len(arms) - 1)
        p, q = right / n, wrong / n
        error = math.sqrt(max(p + share**2 * q - (p - share * q) ** 2, 0.0) / n)
        factor, method = NormalDist().inv_cdf((1 + level) / 2), "Wald"
        if coders is not None:
            notes.append("All guesses are one coder's: limits take them as independent, and are too narrow.")
    if len(arms) > 2:
        notes.append(f"{len(arms)} arms: a wrong guess counts 1/{len(arms) - 1}, so that chance is 0.")
    interval = None
    if error > 0:
        interval = Interval(value - factor * error, value + factor * error, level, method)
    else:
        notes.append("All answers are alike, so there is no interval.")
    estimate = Estimate(name, value, n, "Bang 2004", interval, tuple(notes))
    return BlindingIndex(arms[i], estimate, error, right, wrong, unknown)


def _clustered(
    scores: Sequence[float], coders: Sequence[str], value: float, level: float
) -> tuple[float, float, str]:
    """Return standard error, factor and method when coders are clusters of guesses."""
    from scipy.special import stdtrit

    names = sorted(set(coders))
    off = [math.fsum(s - value for s, c in zip(scores, coders, strict=True) if c == name) for name in names]
    n = len(names)
    error = math.sqrt(n / (n - 1) * math.fsum(o * o for o in off)) / len(scores)
    return error, float(stdtrit(n - 1, (1 + level) / 2)), f"coders as clusters, t({n - 1})"


def james_index(
    truth: Sequence[str], guesses: Sequence[str], arms: Sequence[str], *, level: float = 0.95
) -> BlindingIndex:
    """James's blinding index over all arms: 1 nobody guesses, .5 as by chance, 0 all guess right.

    Parameters
    ----------
    truth, guesses, arms
        As in :func:`guess_table`.
    level : float
        Confidence level.

    Returns
    -------
    BlindingIndex
        Undefined without guesses in two arms, or where everybody who guessed would guess right by chance too.

    Raises
    ------
    AnalysisError
        As in :func:`guess_table`, or when the level is not between 0 and 1.

    Notes
    -----
    With a the share of those who guess, W the share of wrong guesses, and V what W would be by chance times a^2:
    1 - a + W a^2 / (2 V). This is (1 + P_DK + (1 - P_DK) K_D) / 2 written out; all wrong guesses count alike. The
    standard error is that of the delta method on multinomial shares, guesses taken as independent.

    Validated against the worked example that the Julia package BlindingIndex.jl prints, after the R package BI
    (value, standard error and limits to the three digits printed), against a computation by the definition with
    K_D, and against 4,000 multinomial resamples.

    References
    ----------
    James, Bloch, Lee, Kraemer and Fuller (1996), Statistics in Medicine 15, 1421-1434.
    """
    _check_level(level)
    table = guess_table(truth, guesses, arms)
    n, unknown = int(table.sum()), int(table[:, -1].sum())
    right = int(np.trace(table))
    wrong = n - right - unknown
    name, method = "James's blinding index", "James 1996"

    def undefined(reason: str) -> BlindingIndex:
        return BlindingIndex("", Estimate.without_value(name, n, reason, method), None, right, wrong, unknown)

    if int((table.sum(axis=1) > 0).sum()) < 2:
        return undefined("fewer than two arms have answers")
    if unknown == n:
        note = ("Everybody answered that they do not know, so there is no interval.",)
        return BlindingIndex("", Estimate(name, 1.0, n, method, None, note), 0.0, right, wrong, unknown)
    shares = table / n
    cells = shares[:, :-1]
    rows, columns = cells.sum(axis=1), cells.sum(axis=0)
    a, w = float(cells.sum()), float(cells.sum() - np.trace(cells))
    v = float(a * a - rows @ columns)
    if round(n * n * v) == 0:
        return undefined("all who guessed are of one arm, and guessed it")
    value = 1 - a + w * a * a / (2 * v)
    missed = 1 - np.eye(len(arms))
    slope = 2 * a - columns[:, None] - rows[None, :]
    gradient = -1 + (missed * a * a + 2 * w * a) / (2 * v) - w * a * a * slope / (2 * v * v)
    variance = float((gradient**2 * cells).sum() - (gradient * cells).sum() ** 2) / n
    error = math.sqrt(max(variance, 0.0))
    factor = NormalDist().inv_cdf((1 + level) / 2)
    interval, notes = None, ()
    if error > 0:
        interval = Interval(value - factor * error, value + factor * error, level, "delta method")
    return BlindingIndex("", Estimate(name, value, n, method, interval, notes), error, right, wrong, unknown)


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise AnalysisError(f"level: {level} is not between 0 and 1. Give, for example, 0.95.")
