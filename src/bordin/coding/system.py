"""A coding system: dimensions, codes, passes, derived scores and threshold rules, frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from bordin.coding.codetype import CodeDefinition, CodeKind, CodeType, Target, Unit, UnitKind
from bordin.coding.dimension import Absence, Anchor, Dimension, Reading
from bordin.coding.formula import Absent, Condition, Formula, Values
from bordin.errors import DataError, Problem, nearest
from bordin.missing import Missing

__all__ = [
    "Absence",
    "Absent",
    "Anchor",
    "CodeDefinition",
    "CodeKind",
    "CodeType",
    "CodingSystem",
    "Derived",
    "Dimension",
    "Pass",
    "Reading",
    "Target",
    "Threshold",
    "Unit",
    "UnitKind",
    "Variable",
]

MINUTES = "minutes"

VariableKind = Literal["rating", "count", "proportion", "rate", "mode", "peak", "mean", "pile", "derived"]


@dataclass(frozen=True)
class Pass:
    """One time through the material.

    Attributes
    ----------
    id, name : str
    unit : Unit
    codes : tuple of str
        Ids of the dimensions and code types that are given in it.
    """

    id: str
    name: str
    unit: Unit
    codes: tuple[str, ...]


@dataclass(frozen=True)
class Derived:
    """A score computed from ratings and counts of one session.

    Attributes
    ----------
    id, name : str
    formula : Formula
    empty : str
        What to say when a denominator is 0, for example "no question was asked".
    pole : int
    needs : frozenset of str
        Dimensions, codes and ``minutes`` it rests on in the end.
    """

    id: str
    name: str
    formula: Formula
    empty: str = ""
    pole: int = 1
    needs: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Threshold:
    """A rule that a session meets or not, such as "total >= 36 and every(items) >= 2".

    Attributes
    ----------
    id, name : str
    condition : Condition
    source : str
        Who set the limit.
    """

    id: str
    name: str
    condition: Condition
    source: str = ""


@dataclass(frozen=True)
class Variable:
    """A number per session that a coding system yields, for tables and reports.

    Attributes
    ----------
    id, label : str
    kind : str
        rating, count, proportion, rate, mode, peak, mean, pile or derived.
    pole : int
        +1 or -1, for reflecting before comparisons.
    low, high : float or None
        Bounds, where there are any.
    """

    id: str
    label: str
    kind: VariableKind
    pole: int = 1
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class CodingSystem:
    """A coding system as its catalog file declares it.

    Attributes
    ----------
    id, name : str
    manual_version : str
        Stands beside every rating.
    summary : str
        What it is, in a sentence or two.
    unit : Unit
        What is rated as one piece.
    target : Target
    source, rights : str
        Where the structure comes from; what may be passed on.
    verified, unverified : tuple of str
        Facts that were read in a source, and facts to be checked in the original manual.
    dimensions : tuple of Dimension
    code_types : tuple of CodeType
    passes : tuple of Pass
        In the order in which they are done.
    derived : tuple of Derived
        In an order in which each may use the ones before it.
    thresholds : tuple of Threshold
    absences : tuple of Absence
        The declared reasons for giving no value, distinct from each other.
    speakers : mapping of str to Target
        Words of a transcript for its speakers, in lower case.
    manual : str
        The manual in Markdown with its anchors filled in; empty when the entry is a structure only.
    origin : str
        ``"catalog"`` or the path of the study's own file.
    """

    id: str
    name: str
    manual_version: str
    summary: str
    unit: Unit
    target: Target
    source: str
    rights: str
    verified: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()
    dimensions: tuple[Dimension, ...] = ()
    code_types: tuple[CodeType, ...] = ()
    passes: tuple[Pass, ...] = ()
    derived: tuple[Derived, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    absences: tuple[Absence, ...] = ()
    speakers: Mapping[str, Target] | None = None
    manual: str = ""
    origin: str = "catalog"

    def with_manual(self, manual: str) -> CodingSystem:
        """Return the same system with the text of its manual."""
        return replace(self, manual=manual)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Names of the reasons for giving no value, for a coder's list."""
        return tuple(a.name for a in self.absences)

    def dimension(self, id: str) -> Dimension:
        """Return the dimension `id`; DataError with the nearest name when there is none."""
        for dimension in self.dimensions:
            if dimension.id == id:
                return dimension
        hint = nearest(id, (d.id for d in self.dimensions))
        raise DataError(Problem(f"{id!r} is not a dimension of {self.id}.", hint=hint))

    def code(self, written: str, speaker: str = "") -> tuple[CodeType, CodeDefinition]:
        """Find the code that a data file means.

        Parameters
        ----------
        written : str
            The code's id, or another declared way to write it.
        speaker : str
            Who spoke, in a declared word; decides where two codes are written alike.

        Returns
        -------
        tuple of CodeType and CodeDefinition

        Raises
        ------
        DataError
            When the code or the speaker is unknown, or the code is not one for that speaker.
        """
        written = written.strip()
        found = [
            (kind, code)
            for kind in self.code_types
            for code in kind.codes
            if written == code.id or written in code.written
        ]
        if not found:
            known = {w for kind in self.code_types for c in kind.codes for w in (c.id, *c.written)}
            raise DataError(Problem(f"{written!r} is not a code of {self.id}.", hint=nearest(written, known)))
        who = self.speaker(speaker) if speaker.strip() else Target.DYAD
        fitting = [pair for pair in found if Target.DYAD in (who, pair[1].target) or pair[1].target is who]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise DataError(
                Problem(f"{written!r} is a code for more than one speaker.", hint="Say who spoke.")
            )
        raise DataError(
            Problem(
                f"{written!r} is a code for the {found[0][1].target}, but {speaker.strip()!r} ({who}) spoke.",
                hint="Correct the speaker or the code.",
            )
        )

    def speaker(self, word: str) -> Target:
        """Return who is meant by a transcript's word for a speaker; DataError when it is unknown."""
        words = {**{str(t): t for t in Target}, **(self.speakers or {})}
        target = words.get(word.strip().casefold())
        if target is None:
            raise DataError(Problem(f"{word.strip()!r} is not a known speaker.", hint=nearest(word, words)))
        return target

    def derive(self, values: Values) -> dict[str, float | Absent]:
        """Compute all derived scores of one session.

        Parameters
        ----------
        values : mapping of str to float or Missing
            Ratings by dimension, counts by code, and ``minutes``.

        Returns
        -------
        dict of str to float or Absent
            `Absent` says why a score has no value; a denominator of 0 is not an error.
        """
        known: dict[str, float | Missing] = dict(values)
        scores: dict[str, float | Absent] = {}
        for derived in self.derived:
            score = derived.formula.evaluate(known, derived.empty)
            scores[derived.id] = score
            known[derived.id] = score.kind if isinstance(score, Absent) else score
        return scores

    def decide(self, values: Values) -> dict[str, bool | Absent]:
        """Say of each threshold rule whether one session meets it.

        Parameters
        ----------
        values : mapping of str to float or Missing
            As for `derive`. Give the combined values where several coders rated.
        """
        scores = self.derive(values)
        known = {**values, **{k: v.kind if isinstance(v, Absent) else v for k, v in scores.items()}}
        return {t.id: t.condition.holds(known) for t in self.thresholds}

    def gate(self, values: Values) -> dict[str, float | Missing]:
        """Apply the rules "rated only if" to the ratings of one coder and session.

        Returns
        -------
        dict of str to float or Missing
            A dimension whose condition does not hold is not applicable.

        Raises
        ------
        DataError
            When a dimension has a number although its condition does not hold.
        """
        kept = dict(values)
        problems: list[Problem] = []
        for dimension in self.dimensions:
            if dimension.only_if is None or dimension.only_if.holds(values) is not False:
                continue
            value = values.get(dimension.id, Missing.NOT_APPLICABLE)
            if not isinstance(value, Missing):
                problems.append(
                    Problem(
                        f"{value:g} was given, but it is rated only if {dimension.only_if.text}.",
                        column=dimension.id,
                        hint="Leave it out, or correct the rating it depends on.",
                    )
                )
            kept[dimension.id] = Missing.NOT_APPLICABLE
        if problems:
            raise DataError(problems)
        return kept

    def variables(self) -> tuple[Variable, ...]:
        """List every number per session that this system yields, in the order of the file."""
        found = [Variable(d.id, d.name, "rating", d.pole, d.low, d.high) for d in self.dimensions]
        for kind in self.code_types:
            for code in kind.codes:
                found += _code_variables(kind, code)
        found += [Variable(d.id, d.name, "derived", d.pole) for d in self.derived]
        return tuple(found)


def _code_variables(kind: CodeType, code: CodeDefinition) -> list[Variable]:
    """List the session summaries of one code, as `bordin.coding.summary` computes them."""
    if kind.kind is CodeKind.STAGE:
        return [
            Variable(f"{code.id}_mode", f"{code.name}, mode", "mode", code.pole, kind.low, kind.high),
            Variable(f"{code.id}_peak", f"{code.name}, peak", "peak", code.pole, kind.low, kind.high),
        ]
    if kind.kind is CodeKind.VISUAL_ANALOG:
        return [Variable(f"{code.id}_mean", f"{code.name}, mean", "mean", code.pole, kind.low, kind.high)]
    if kind.kind is CodeKind.Q_SORT:
        return [Variable(code.id, code.name, "pile", code.pole, kind.low, kind.high)]
    found = [Variable(code.id, code.name, "count", code.pole, 0.0)]
    if kind.kind is not CodeKind.TEXT:
        share = f"{code.name}, proportion"
        found.append(Variable(f"proportion_{code.id}", share, "proportion", code.pole, 0.0, 1.0))
    found.append(Variable(f"rate_{code.id}", f"{code.name}, per minute", "rate", code.pole, 0.0))
    return found
