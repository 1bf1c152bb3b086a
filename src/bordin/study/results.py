"""What an analysis found, as frozen facts without a rounded number or a finished sentence.

The report turns these into words; nothing here depends on how it looks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bordin.association.cells import AssociationTable, Contrast
from bordin.estimate import Estimate
from bordin.reliability.criterion import Criterion
from bordin.reliability.shapes import Reliability
from bordin.study.protocol import Protocol

Verdict = Literal["supported", "not supported", "inconclusive"]
Because = Literal[
    "adjusted p below alpha, as expected",
    "adjusted p below alpha, against expectation",
    "adjusted p above alpha",
    "effect of interest rejected",
    "equivalent",
    "equivalence not shown",
    "differs from zero",
    "effect beyond the bound",
    "undefined",
]


@dataclass(frozen=True)
class FlowStep:
    """One box of the flow of participants.

    Attributes
    ----------
    label : str
        For example ``"with form and tape"``.
    n : int
        Participants (sessions, when the unit is the session, in the last boxes) left here.
    lost : tuple of (int, str)
        How many were lost on the way to this box, and why.
    """

    label: str
    n: int
    lost: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class Variable:
    """A row or column of the table, with what the reader has to know about it.

    Attributes
    ----------
    id, label : str
        ``"alliance.q2"`` and ``"Agreed treatment goals"``.
    kind : str
        ``"score"``, ``"rating"``, ``"summary"`` (of codes), ``"measure"`` (of who speaks when) or ``"outcome"``.
    source : str
        Name of the instrument or coding system with its version.
    informant : str
        patient, therapist, observer, coder.
    pole : int
        +1, or -1 when a high value is the unfavorable one.
    bordin : str or None
        ``"goals"``, ``"tasks"``, ``"bond"`` where the catalog places it.
    low, high : float or None
        Declared range.
    n : int
        Units of the sample with a value.
    missing : mapping
        How many have no value, by kind (not answered, not applicable, not codable, not recorded).
    mean, sd, median, minimum, maximum : float or None
    at_floor, at_ceiling : float or None
        Share of values at the end of the declared range.
    reliability : Estimate or None
    reliability_source : str
    """

    id: str
    label: str
    kind: Literal["score", "rating", "summary", "measure", "outcome"]
    source: str
    informant: str = ""
    pole: int = 1
    bordin: str | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    missing: Mapping[str, int] = field(default_factory=dict)
    mean: float | None = None
    sd: float | None = None
    median: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    at_floor: float | None = None
    at_ceiling: float | None = None
    reliability: Estimate | None = None
    reliability_source: str = ""


@dataclass(frozen=True)
class CellTest:
    """The test of one cell within a hypothesis.

    Attributes
    ----------
    x, y : str
    value, low, high : float or None
        Correlation with its interval; for a contrast, the (reflected) difference with Zou's interval.
    n : int
    p : float or None
        Unadjusted p of the deciding test: two-tailed for a direction or contrast, TOST for negligible.
    p_adjusted : float or None
        Adjusted over the family.
    p_rejects : float or None
        One-sided p against an effect of at least the smallest effect of interest in the expected direction.
    verdict : str
    because : str
    contrast : Contrast or None
    """

    x: str
    y: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    p: float | None
    p_adjusted: float | None
    p_rejects: float | None
    verdict: Verdict
    because: Because
    contrast: Contrast | None = None


@dataclass(frozen=True)
class HypothesisResult:
    """A declared hypothesis and what became of it.

    A hypothesis about several cells is supported when every cell supports it, not supported
    when one cell refutes it, and inconclusive otherwise.
    """

    id: str
    sentence: str
    expect: Literal["positive", "negative", "negligible", "stronger"]
    than: str | None
    family: str
    claim: str
    tests: tuple[CellTest, ...]
    verdict: Verdict
    because: Because


@dataclass(frozen=True)
class FamilyResult:
    """How the hypotheses of a family were adjusted: the tests of one kind are adjusted together.

    Attributes
    ----------
    id, label : str
    adjustments : mapping
        Kind of test (``"direction"``, ``"negligible"``, ``"stronger"``) to ``"maxt"``, ``"holm"``, ...
    n_tests : mapping
        Kind of test to the number of tests adjusted together.
    """

    id: str
    label: str
    adjustments: Mapping[str, str]
    n_tests: Mapping[str, int]


@dataclass(frozen=True)
class Deviation:
    """A key of the protocol that differs from what was locked; values as JSON text."""

    key: str
    locked: str
    now: str


@dataclass(frozen=True)
class LockStatus:
    """Whether the protocol was locked before the analysis, and what has changed since.

    Attributes
    ----------
    state : str
        ``"unlocked"``, ``"as locked"`` or ``"deviates"``.
    locked_at : str or None
        ISO time with zone.
    protocol_sha256 : str or None
        Hash that was locked.
    deviations : tuple of Deviation
    amendments : tuple of (str, str)
        Time and reason of each declared amendment.
    after_report : bool
        True when a report already existed at the time of locking.
    """

    state: Literal["unlocked", "as locked", "deviates"]
    locked_at: str | None = None
    protocol_sha256: str | None = None
    deviations: tuple[Deviation, ...] = ()
    amendments: tuple[tuple[str, str], ...] = ()
    after_report: bool = False


@dataclass(frozen=True)
class FileHash:
    """A data file: name relative to the study folder, hash and rows."""

    name: str
    sha256: str
    rows: int


@dataclass(frozen=True)
class Provenance:
    """What is needed to make the same numbers again."""

    command: str
    made_at: str
    bordin: str
    python: str
    platform: str
    packages: Mapping[str, str]
    seed: int
    protocol_sha256: str
    files: tuple[FileHash, ...]


@dataclass(frozen=True)
class CodingFacts:
    """How the tapes were coded, for the Methods section.

    Attributes
    ----------
    id, name, version : str
    combine : str
        designated, mean, median or consensus.
    coders : tuple of str
    n_sessions, n_double : int
        Coded sessions, and those with two or more coders.
    n_ratings : int
    not_codable : mapping
        Declared reason for no value (such as not audible) to count of ratings.
    """

    id: str
    name: str
    version: str
    combine: str
    coders: tuple[str, ...]
    n_sessions: int
    n_double: int
    n_ratings: int
    not_codable: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class DimensionReliability:
    """How far the coders of one dimension agree.

    Attributes
    ----------
    variable, label : str
        ``"socialization.concordance"`` and its name.
    used : Reliability
        Of the score that really enters the association table.
    why : str
        Why this form, in one sentence.
    others : tuple of Reliability
        Further coefficients on the same ratings.
    components : mapping of str to float
        Variance of session, coder and residual; empty when they cannot be told apart.
    n_sessions, n_double : int
        Coded sessions, and those with two or more coders.
    coders : tuple of str
    notes : tuple of str
        For example that the range is restricted.
    """

    variable: str
    label: str
    used: Reliability
    why: str
    others: tuple[Reliability, ...]
    components: Mapping[str, float]
    n_sessions: int
    n_double: int
    coders: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ScaleReliability:
    """Internal consistency of a questionnaire scale with at least three items.

    Attributes
    ----------
    variable, label : str
    n_items : int
    alpha, omega : Estimate
    """

    variable: str
    label: str
    n_items: int
    alpha: Estimate
    omega: Estimate


CoderFigureKind = Literal["leniency", "spread", "halo", "drift", "repeat"]


@dataclass(frozen=True)
class CoderFigure:
    """One figure about one coder, for the coder charts.

    Attributes
    ----------
    coder : str
    variable : str
        The dimension; empty when the figure is over all dimensions.
    kind : str
        ``"leniency"``, ``"spread"``, ``"halo"``, ``"drift"`` or ``"repeat"`` (ICC(A,1) of first and second
        readings of one coder).
    estimate : Estimate
    """

    coder: str
    variable: str
    kind: CoderFigureKind
    estimate: Estimate


@dataclass(frozen=True)
class ReliabilityResults:
    """Everything about the reliability of ratings and scores in this sample.

    Attributes
    ----------
    dimensions : tuple of DimensionReliability
    scales : tuple of ScaleReliability
    coders : tuple of CoderFigure
    training : tuple of Criterion
        Each coder against the gold standard, by dimension (``"socialization.concordance"``).
    """

    dimensions: tuple[DimensionReliability, ...] = ()
    scales: tuple[ScaleReliability, ...] = ()
    coders: tuple[CoderFigure, ...] = ()
    training: tuple[Criterion, ...] = ()


@dataclass(frozen=True)
class Results:
    """Everything a report may say.

    Attributes
    ----------
    protocol : Protocol
    flow : tuple of FlowStep
    rows, columns : tuple of Variable
    table : AssociationTable
        Cells by ``rows[i].id`` and ``columns[j].id``.
    values : mapping
        Variable id (and the control column) to one value per analyzed unit (None when missing), for plots.
    units : tuple of str
        Participant or session of each value.
    families, hypotheses : tuples
    coding : tuple of CodingFacts
    lock : LockStatus
    provenance : Provenance
    warnings : tuple of str
        What the reader of the terminal and of the report must know.
    reliability : ReliabilityResults
    """

    protocol: Protocol
    flow: tuple[FlowStep, ...]
    rows: tuple[Variable, ...]
    columns: tuple[Variable, ...]
    table: AssociationTable
    values: Mapping[str, tuple[float | str | None, ...]]
    units: tuple[str, ...]
    families: tuple[FamilyResult, ...]
    hypotheses: tuple[HypothesisResult, ...]
    coding: tuple[CodingFacts, ...]
    lock: LockStatus
    provenance: Provenance
    warnings: tuple[str, ...] = ()
    reliability: ReliabilityResults = ReliabilityResults()

    def variable(self, name: str) -> Variable:
        """Return the row or column variable called `name`; KeyError when there is none."""
        for v in (*self.rows, *self.columns):
            if v.id == name:
                return v
        raise KeyError(name)
