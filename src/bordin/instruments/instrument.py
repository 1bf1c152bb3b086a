"""Instrument, Item and Scale: what a questionnaire is, without its wording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bordin.errors import CatalogError, Problem, nearest

SUM = "sum"
MEAN = "mean"
MEAN_TIMES_TEN = "mean x 10"
RULES = (SUM, MEAN, MEAN_TIMES_TEN)

WHOLE_NUMBERS = "whole numbers"
HALF_POINTS = "half points"
VISUAL_ANALOG = "visual analog"
ANSWER_STEPS: Mapping[str, float | None] = {WHOLE_NUMBERS: 1.0, HALF_POINTS: 0.5, VISUAL_ANALOG: None}

PLACES = ("goals", "tasks", "bond")
INFORMANTS = ("patient", "therapist", "observer")


@dataclass(frozen=True)
class Item:
    """One question.

    Attributes
    ----------
    key : str
        Name of its column, such as ``"item4"`` or ``"q2"``.
    label : str
        A short neutral name; never the wording of the instrument.
    wording : str or None
        The study's own licensed wording, from its own folder.
    """

    key: str
    label: str
    wording: str | None = None


@dataclass(frozen=True)
class Answers:
    """What may stand in an item's cell.

    Attributes
    ----------
    low, high : float
        Smallest and largest answer.
    kind : str
        ``"whole numbers"``, ``"half points"`` or ``"visual analog"`` (any value in the range).
    lowest, highest : str
        What the two ends mean, in our words.
    not_applicable, not_answered : tuple of float
        Numbers that say that the item does not apply, or was left out.
    """

    low: float
    high: float
    kind: str = WHOLE_NUMBERS
    lowest: str = ""
    highest: str = ""
    not_applicable: tuple[float, ...] = ()
    not_answered: tuple[float, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind} from {self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Scale:
    """A score that is computed from some of the items.

    Attributes
    ----------
    id, name : str
    items : tuple of str
        Keys of its items; empty when the key must come from the study's own file.
    rule : str
        ``"sum"``, ``"mean"`` or ``"mean x 10"``.
    max_missing : int
        Items that may lack an answer. Each is replaced by the mean of the others
        (for a mean this is the mean of the answered items).
    place : tuple of str
        Where it stands in Bordin's model: ``"goals"``, ``"tasks"``, ``"bond"``; empty for none.
    size : int
        Number of items that the scale has.
    """

    id: str
    name: str
    items: tuple[str, ...]
    rule: str
    max_missing: int
    place: tuple[str, ...]
    size: int

    @property
    def factor(self) -> float:
        """What the mean of the items is multiplied by."""
        return {SUM: float(self.size), MEAN: 1.0, MEAN_TIMES_TEN: 10.0}[self.rule]


@dataclass(frozen=True)
class Variant:
    """One of several ways to score the same answers.

    Attributes
    ----------
    id, description : str
    recode : mapping or None
        Answer to value; None leaves answers as they are.
    """

    id: str
    description: str
    recode: Mapping[float, float] | None = None


@dataclass(frozen=True)
class Alert:
    """An answer that somebody has to look at, such as thoughts of self-harm.

    Attributes
    ----------
    item : str
    at_least : float
        The alert is given from this answer on.
    message : str
    """

    item: str
    at_least: float
    message: str


@dataclass(frozen=True)
class Instrument:
    """A questionnaire: items, answers, scales, and what is known about them.

    Attributes
    ----------
    id, name : str
    informants : tuple of str
        Who may fill it in: ``"patient"``, ``"therapist"``, ``"observer"``.
    items : tuple of Item
    answers : Answers
    reversed_items : frozenset of str
        Keys of items that are turned round (low + high - answer) before all else.
    scales : tuple of Scale
    missing_rule : str
        Where the rule for missing items comes from, in words.
    citation, doi : str
        Source of the instrument.
    wording_may_ship : bool
        Whether the item text may be given away; the package ships none in any case.
    rights : str
        Who holds the rights, as far as known.
    verified, unverified : tuple of str
        Facts of the entry that were read in a source, and those that were not.
    notes : tuple of str
        What whoever uses it has to know.
    recode : mapping or None
        Answer to value, for an instrument without variants.
    variants : tuple of Variant
        When present one must be chosen; there is no default.
    variant_reason : str
        Why it must be chosen.
    alerts : tuple of Alert
    bond_candidates : tuple of str
        Items of which a study declares exactly one as the bond.
    bond : str or None
        The declared one.
    """

    id: str
    name: str
    informants: tuple[str, ...]
    items: tuple[Item, ...]
    answers: Answers
    reversed_items: frozenset[str]
    scales: tuple[Scale, ...]
    missing_rule: str
    citation: str
    doi: str
    wording_may_ship: bool
    rights: str
    verified: tuple[str, ...]
    unverified: tuple[str, ...]
    notes: tuple[str, ...] = ()
    recode: Mapping[float, float] | None = None
    variants: tuple[Variant, ...] = ()
    variant_reason: str = ""
    alerts: tuple[Alert, ...] = ()
    bond_candidates: tuple[str, ...] = ()
    bond: str | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the items, in order."""
        return tuple(item.key for item in self.items)

    def item(self, key: str) -> Item:
        """Return an item; CatalogError with the nearest key when there is none."""
        for item in self.items:
            if item.key == key:
                return item
        raise CatalogError(f"{self.id} has no item '{key}'. {nearest(key, self.keys)}")

    def scale(self, scale_id: str) -> Scale:
        """Return a scale; CatalogError with the nearest id when there is none."""
        for scale in self.scales:
            if scale.id == scale_id:
                return scale
        known = (scale.id for scale in self.scales)
        raise CatalogError(f"{self.id} has no scale '{scale_id}'. {nearest(scale_id, known)}")

    def choose_variant(self, variant: str | None) -> Variant | None:
        """Return the scoring variant asked for.

        Parameters
        ----------
        variant : str or None

        Returns
        -------
        Variant or None
            None for an instrument that is scored in one way only.

        Raises
        ------
        CatalogError
            When one must be chosen and none was, or it is not known.
        """
        known = [v.id for v in self.variants]
        if variant is None:
            if not known:
                return None
            ways = "; ".join(f"'{v.id}': {v.description}" for v in self.variants)
            raise CatalogError(
                Problem(
                    f"{self.id} can be scored in {len(known)} ways; none was chosen. {self.variant_reason}",
                    hint=f"Write variant = ... into the protocol, or --variant on the command line: {ways}.",
                )
            )
        for candidate in self.variants:
            if candidate.id == variant:
                return candidate
        if not known:
            raise CatalogError(f"{self.id} has no variants, so '{variant}' cannot be chosen. Leave it out.")
        raise CatalogError(f"{self.id} has no variant '{variant}'. {nearest(variant, known)}")

    def range_of(self, scale_id: str, variant: str | None = None) -> tuple[float, float]:
        """Return the smallest and largest score that a scale can take."""
        scale = self.scale(scale_id)
        chosen = self.choose_variant(variant)
        recode = chosen.recode if chosen else self.recode
        low, high = self.answers.low, self.answers.high
        if recode:
            low, high = min(recode.values()), max(recode.values())
        return low * scale.factor, high * scale.factor
