"""The protocol: what a study declares before it looks at its data.

``study.toml`` becomes one frozen :class:`Protocol`. An unknown key is refused with file, line
and the nearest valid name, and every problem is told at once.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from bordin.study.protocol_workbench import (
    AllocationPart,
    BlindingPart,
    FormPart,
    Identifier,
    TrainingPart,
)
from bordin.study.protocol_workbench import ProtocolPart as _Part

Coefficient = Literal["spearman", "kendall", "pearson"]
Adjustment = Literal["maxt", "holm", "bh", "none"]
Expectation = Literal["positive", "negative", "negligible", "stronger"]
Probability = Annotated[float, Field(gt=0, lt=1)]

PROCESS = "process"
"""What the columns of the file of process measures are called by: ``process.talk_share_client``."""


class StudyPart(_Part):
    """Who we are and what for: ``[study]``."""

    title: str = Field(description="Title of the study, as it heads the report.")
    aim: str = Field(description="The aim, in one or two sentences.")
    version: str = Field("1.0", description="Version of the protocol.")
    authors: tuple[str, ...] = Field((), description="Authors, as they stand on the poster.")
    introduction: str = Field("", description="Background, for the poster and the report.")
    method: str = Field("", description="What the Methods section says beyond what was computed.")
    conclusion: str = Field("", description="The authors' own conclusion, for the poster.")
    notice: str = Field("", description="Printed on every page, for example that data are simulated.")
    attribution: str = Field("", description="Source and licence of the data, where others made them.")
    unit: Literal["participant", "session"] = Field(
        "participant", description="One row of the analysis: a participant, or a session within participants."
    )
    seed: int = Field(1, ge=0, description="Seed of every random draw.")


class Sample(_Part):
    """Who is analyzed: ``[sample]``."""

    arm: str | None = Field(None, description="The arm of the trial that is analyzed; others are left out.")
    where: dict[str, str | int | float | bool] = Field(
        default_factory=dict,
        description="Further columns of the participants file and the value each must have.",
    )
    label: str = Field("", description="The sample in words, for the report.")


class DataFile(_Part):
    """One flat file of the study folder."""

    file: str = Field(description="File name in the folder data/, or a path relative to the study folder.")
    sheet: str | None = Field(None, description="Sheet of an Excel file; the first one when absent.")
    delimiter: Literal[",", ";", "\t"] | None = Field(
        None, description="What parts the columns of a text file; found out when absent."
    )
    decimal: Literal[".", ","] | None = Field(
        None, description="Decimal sign of a text file; found out when absent."
    )
    columns: dict[str, str] = Field(
        default_factory=dict, description="Map of our column names to the file's own: ours = 'theirs'."
    )


class ResponsesFile(DataFile):
    """Questionnaire answers, long or wide."""

    instrument: str | None = Field(
        None,
        description="Id of the instrument; needed for a wide file, a long one may have a column instead.",
    )
    layout: Literal["long", "wide"] | None = Field(
        None, description="long: a row an answer; wide: a row a form. Seen from the columns when absent."
    )


class RatingsFile(DataFile):
    """Whole-session ratings, long or wide."""

    coding: str | None = Field(None, description="Id of the coding system; may be absent when there is one.")
    layout: Literal["long", "wide"] | None = Field(
        None, description="long: a row a rating; wide: a row per session and coder, a column a dimension."
    )


class CodesFile(DataFile):
    """Codes on turns or moments, a row a code."""

    coding: str | None = Field(None, description="Id of the coding system; may be absent when there is one.")


class ProcessFile(DataFile):
    """Measures of who speaks when, a row a session; each column of numbers is a variable ``process.column``."""

    session: Literal["only", "first", "last", "mean", "coded"] = Field(
        "only",
        description="Which measured session of a participant counts when the unit is the participant; "
        "coded: the one whose coding counts.",
    )


class DataFiles(_Part):
    """Where the data lie: ``[data]``."""

    participants: DataFile = Field(description="A row a participant.")
    sessions: DataFile | None = Field(None, description="A row a session: who, when, which tape.")
    responses: tuple[ResponsesFile, ...] = Field(
        (), description="Questionnaire answers; several files are allowed."
    )
    ratings: tuple[RatingsFile, ...] = Field((), description="Coders' ratings; several files are allowed.")
    codes: tuple[CodesFile, ...] = Field((), description="Codes on turns; several files are allowed.")
    process: ProcessFile | None = Field(None, description="Process measures, a row a session.")


class InstrumentUse(_Part):
    """An instrument as this study uses it: ``[[instruments]]``."""

    id: Identifier = Field(description="Short name; its scales are then called id.scale.")
    instrument: str = Field(description="Catalog name, or the path of the study's own file.")
    informant: Literal["patient", "therapist", "observer", "other"] = Field(
        "patient", description="Who filled it in."
    )
    variant: str | None = Field(None, description="Scoring variant, where the instrument has several.")
    at: Literal["only", "occasion", "same session", "nearest"] = Field(
        "only",
        description="Which form counts: the only one; that of one occasion; that of the tape's session; "
        "or the nearest to the tape.",
    )
    occasion: str | None = Field(None, description="The occasion meant by at = 'occasion'.")
    within: float | None = Field(
        None, ge=0, description="Greatest distance from the tape for at = 'nearest', in sessions."
    )

    @model_validator(mode="after")
    def _timing(self) -> InstrumentUse:
        if self.at == "occasion" and self.occasion is None:
            raise ValueError("at = 'occasion' needs the key occasion")
        if self.at != "occasion" and self.occasion is not None:
            raise ValueError(f"occasion is given, but at = '{self.at}'; write at = 'occasion'")
        if self.within is not None and self.at != "nearest":
            raise ValueError("within belongs to at = 'nearest'")
        return self


class CodingUse(_Part):
    """A coding system as this study uses it: ``[[coding]]``."""

    id: Identifier = Field(description="Short name; its dimensions are then called id.dimension.")
    system: str = Field(description="Catalog name, or the path of the study's own file.")
    combine: Literal["designated", "mean", "median", "consensus"] = Field(
        "mean", description="How several coders' ratings of one session become one value."
    )
    designated: str | None = Field(
        None,
        description="For combine = 'designated': a coder's name, or the 0/1 column of the ratings file that marks "
        "whose rating counts.",
    )
    fallback: Literal["single", "mean", "median"] | None = Field(
        None,
        description="What counts where the designated or agreed value is missing: the one other coder's (single), "
        "or the mean or median of the others'. None: the session then has no value.",
    )
    consensus: str = Field("consensus", description="Name that stands in the coder column for agreed values.")
    standard: str | None = Field(
        None,
        description="Name in the coder column of the gold standard for training tapes; it is no coder.",
    )
    criterion: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None,
        description="What the lower limit of a coder's ICC(A,1) with the standard has to reach.",
    )
    session: Literal["only", "first", "last", "mean"] = Field(
        "only", description="Which coded session of a participant counts when the unit is the participant."
    )
    source: Literal["audio", "video", "transcript", "audio and transcript"] = Field(
        "audio", description="What the coders worked from."
    )
    coders: str = Field(
        "", description="Who the coders were and how they were trained, for the Methods section."
    )
    blind_to: tuple[str, ...] = Field((), description="What the coders did not know.")

    @model_validator(mode="after")
    def _rule(self) -> CodingUse:
        if self.combine == "designated" and not self.designated:
            raise ValueError("combine = 'designated' needs the key designated: a coder, or a 0/1 column")
        if (self.standard is None) != (self.criterion is None):
            raise ValueError("the keys standard and criterion go together")
        if self.fallback is not None and self.combine in {"mean", "median"}:
            raise ValueError(
                f"combine = {self.combine!r} uses every rating, so there is nothing to fall back from"
            )
        return self


class Outcome(_Part):
    """A number that stands in the participants or sessions file: ``[[outcomes]]``."""

    id: Identifier = Field(description="Short name, as used in the table.")
    label: str = Field(description="Name in the report.")
    column: str = Field(
        description="Column of the participants file (of the sessions file for unit = 'session')."
    )
    minus: str | None = Field(None, description="Column taken off it, for a change: later minus earlier.")
    low: float | None = Field(None, description="Smallest possible value of a column.")
    high: float | None = Field(None, description="Greatest possible value of a column.")
    informant: str = Field("", description="Who gave it.")


class Table(_Part):
    """The association table: ``[table]``."""

    rows: tuple[str, ...] = Field(
        min_length=1, description="Row variables, for example alliance.q2 or alliance.*"
    )
    columns: tuple[str, ...] = Field(
        min_length=1, description="Column variables, for example socialization.*"
    )
    coefficient: Coefficient = Field("spearman", description="spearman, kendall or pearson.")
    interval: Literal["default", "fieller", "bca"] = Field(
        "default",
        description="default: Bonett-Wright (Spearman), Fieller (Kendall), Fisher (Pearson); fieller; bca (bootstrap).",
    )
    level: Probability = Field(0.95, description="Confidence level of intervals.")
    alpha: Probability = Field(0.05, description="Error rate of a family of tests.")
    p: Literal["t", "permutation"] = Field("permutation", description="How the unadjusted p is made.")
    adjustment: Adjustment = Field("maxt", description="Adjustment over all cells of the table.")
    permutations: int = Field(10_000, ge=0, le=10_000_000, description="Random permutations.")
    bootstrap: int = Field(0, ge=0, le=1_000_000, description="Bootstrap resamples; 0 for none.")
    smallest_effect: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None, description="Smallest correlation that would matter; equivalence is tested against it."
    )
    missing: Literal["pairwise", "complete"] = Field(
        "pairwise", description="Cases of a cell: all with both values, or only those complete on the table."
    )
    control: str | None = Field(
        None, description="Column taken out for a partial correlation, such as therapist."
    )
    against: str | None = Field(
        None, description="Row variable that the others are compared with, such as the bond."
    )


class Family(_Part):
    """A family of hypotheses whose tests are adjusted together: ``[[families]]``."""

    id: Identifier = Field(description="Name that hypotheses refer to.")
    adjustment: Adjustment = Field("maxt", description="maxt, holm, bh or none.")
    label: str = Field("", description="Heading in the report.")


class HypothesisPart(_Part):
    """A hypothesis, declared before the data are seen: ``[[hypotheses]]``."""

    id: Identifier = Field(description="Short name such as H1.")
    sentence: str = Field(description="The hypothesis in words.")
    rows: tuple[str, ...] = Field(min_length=1, description="Row variables it speaks of.")
    columns: tuple[str, ...] = Field(min_length=1, description="Column variables it speaks of.")
    expect: Expectation = Field(description="positive, negative, negligible or stronger.")
    than: str | None = Field(
        None, description="For expect = 'stronger': the row variable that should be weaker."
    )
    family: str = Field("confirmatory", description="Family it is adjusted in.")
    claim: str = Field("", description="Where the claim was made, for example in the source study.")

    @model_validator(mode="after")
    def _contrast(self) -> HypothesisPart:
        if (self.expect == "stronger") != (self.than is not None):
            raise ValueError("expect = 'stronger' and the key than go together")
        return self


class Tapes(_Part):
    """How recordings are kept and worked on: ``[tapes]``."""

    vault: Literal["sealed", "unsealed: public material"] = Field(
        "sealed",
        description="Recordings and all that is made of them are encrypted. Only material that is public anyway "
        "may be kept in the open, and these words have to say so.",
    )
    diarizer: str = Field(
        "",
        description="Who finds the speakers: onnx, channels, pyannote:DIR or rttm:FILE; onnx when absent.",
    )
    recognizer: str = Field(
        "",
        description="Who finds the words: faster-whisper, faster-whisper:NAME, whispercpp:FILE, import:FILE or none; "
        "the best model on the computer when absent.",
    )
    speakers: int = Field(2, ge=0, le=8, description="How many people speak; 0 leaves it to the diarizer.")
    channels: tuple[str, ...] = Field(
        (), description="Who speaks on each channel of the recordings, such as therapist, client."
    )
    language: str | None = Field(
        None, description="Language of the tapes, such as en; found out when absent."
    )
    glossary: tuple[str, ...] = Field(
        (), description="Words of the study that the recognizer should expect, such as boom and bust."
    )
    voiceprints: bool = Field(
        False,
        description="Keep a vector of each speaker's voice in the sealed tape, so that a therapist is recognized on "
        "later tapes. A voiceprint is biometric: say true only where consent covers it.",
    )
    names: str | None = Field(
        None,
        description="The study's own file of names and places that may be spoken on the tapes; relative to the folder.",
    )


class KnownReliability(_Part):
    """A reliability known from elsewhere: ``[reliability]``, one entry a variable."""

    value: Annotated[float, Field(gt=0, le=1)] = Field(description="The coefficient.")
    low: float | None = Field(None, description="Lower limit of its interval.")
    high: float | None = Field(None, description="Upper limit of its interval.")
    source: str = Field(description="Where it comes from.")


class Protocol(_Part):
    """Everything that ``study.toml`` declares."""

    format: Literal[1] = Field(1, description="Version of the file format.")
    study: StudyPart
    sample: Sample = Field(default_factory=Sample.model_construct)
    data: DataFiles
    instruments: tuple[InstrumentUse, ...] = ()
    coding: tuple[CodingUse, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    table: Table
    families: tuple[Family, ...] = ()
    hypotheses: tuple[HypothesisPart, ...] = ()
    tapes: Tapes = Field(default_factory=Tapes.model_construct)
    allocation: AllocationPart | None = None
    training: TrainingPart = Field(default_factory=TrainingPart.model_construct)
    blinding: BlindingPart = Field(default_factory=BlindingPart.model_construct)
    forms: tuple[FormPart, ...] = ()
    reliability: dict[str, KnownReliability] = Field(
        default_factory=dict, description="Reliabilities known from elsewhere, for disattenuation."
    )
    labels: dict[str, str] = Field(default_factory=dict, description="Names of variables in the report.")

    @model_validator(mode="after")
    def _unique(self) -> Protocol:
        for what, ids in (
            (
                "instruments, coding and outcomes",
                [
                    *(p.id for p in self.instruments),
                    *(p.id for p in self.coding),
                    *(p.id for p in self.outcomes),
                ],
            ),
            ("families", [f.id for f in self.families]),
            ("hypotheses", [h.id for h in self.hypotheses]),
            ("forms", [f.id for f in self.forms]),
        ):
            twice = sorted({i for i in ids if ids.count(i) > 1})
            if twice:
                raise ValueError(f"{what}: the id {twice[0]!r} stands twice")
        return self

    @model_validator(mode="after")
    def _process(self) -> Protocol:
        if self.data.process is None:
            return self
        ids = [
            *(p.id for p in self.instruments),
            *(p.id for p in self.coding),
            *(p.id for p in self.outcomes),
        ]
        if PROCESS in ids:
            raise ValueError(
                f"the id {PROCESS!r} is taken: with [data.process] it names the columns of that file; "
                "give the instrument, coding system or outcome another id"
            )
        if self.data.process.session == "coded" and not self.coding:
            raise ValueError(
                "[data.process] has session = 'coded', but no [[coding]] says which session that is"
            )
        return self


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``study.toml``, for editors that check while one types."""
    schema = Protocol.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "bordin study protocol"
    return schema
