"""The protocol's tables for the workbench: who codes what, training, blinding, and forms sent by a link."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictFloat, StrictInt, field_validator, model_validator

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]


class ProtocolPart(BaseModel):
    """A table of the protocol: frozen, and without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AllocationPart(ProtocolPart):
    """How sessions are given to coders: ``[allocation]``."""

    coders: int = Field(
        ge=1, description="How many coders rate each session. It has no default: a plan says it."
    )
    double: StrictInt | StrictFloat = Field(
        0,
        description="Sessions that one coder more rates, without any coder knowing: a share with a decimal point "
        "(0.2 for a fifth), or a whole number of sessions.",
    )
    balance: tuple[str, ...] = Field(
        (),
        description="Columns of the participants or sessions file that are balanced over the coders, such as arm, "
        "therapist.",
    )
    bands: dict[str, tuple[float, ...]] = Field(
        default_factory=dict,
        description="For a balanced column of numbers: where it is cut, such as { number = [4, 12] } for up to 4, up "
        "to 12, and above.",
    )
    calibration: tuple[str, ...] = Field(
        (), description="Sessions that every coder rates, sown in among the others."
    )
    calibration_every: int | None = Field(
        None,
        ge=1,
        description="After about how many other tapes a calibration tape comes; spread evenly when absent.",
    )
    repeat: StrictInt | StrictFloat = Field(
        0,
        description="Second readings by the same coder under another name: a share of a coder's tapes with a decimal "
        "point, or a whole number of tapes for each coder.",
    )
    share: dict[str, float] = Field(
        default_factory=dict,
        description="Coders who do less or more than the others: { C2 = 0.5 } for half the work.",
    )
    capacity: dict[str, int] = Field(
        default_factory=dict, description="The most tapes that a coder can take: { C2 = 40 }."
    )
    seed: int | None = Field(
        None,
        ge=0,
        description="Seed of the allocation. Better absent: the workbench then has one that no file tells, since whoever knows "
        "it can work out which tapes are calibration tapes and second readings.",
    )

    @field_validator("double", "repeat")
    @classmethod
    def _amount(cls, value: float) -> float:
        if value < 0 or (isinstance(value, float) and value > 1):
            raise ValueError(
                f"{value} is neither a share from 0.0 to 1.0 nor a whole number; write 0.2 for a fifth, 12 for twelve"
            )
        return value

    @model_validator(mode="after")
    def _calibrated(self) -> AllocationPart:
        if self.calibration_every is not None and not self.calibration:
            raise ValueError('calibration_every needs the key calibration, such as calibration = ["S07"]')
        for column, cuts in self.bands.items():
            if column not in self.balance:
                raise ValueError(f"bands cuts {column!r}, which is not in balance; add it there")
            if not cuts or list(cuts) != sorted(set(cuts)):
                raise ValueError(f"bands: the numbers for {column!r} have to rise, such as [4, 12]")
        _once("balance", self.balance)
        _once("calibration", self.calibration)
        return self


class TrainingPart(ProtocolPart):
    """When a coder is ready: ``[training]``; the standard and its ICC criterion stand in ``[[coding]]``."""

    practice: tuple[str, ...] = Field(
        (), description="Sessions for practice, in their order; the gold standard has rated them."
    )
    within: float = Field(
        1.0, ge=0, description="A rating is close when at most this many points from the standard."
    )
    share: Annotated[float, Field(gt=0, le=1)] = Field(
        0.8, description="Share of the dimensions of a tape that have to be close."
    )
    in_a_row: int = Field(2, ge=1, description="How many practice tapes in a row have to reach the share.")

    @model_validator(mode="after")
    def _enough(self) -> TrainingPart:
        _once("practice", self.practice)
        if self.practice and self.in_a_row > len(self.practice):
            raise ValueError(
                f"in_a_row = {self.in_a_row}, but there are only {len(self.practice)} practice tapes; "
                "name more, or lower it"
            )
        return self


class BlindingPart(ProtocolPart):
    """What coders are asked to guess when they lock a tape: ``[blinding]``."""

    guess: tuple[str, ...] = Field(
        (), description="Columns of the participants or sessions file, such as arm; Bang's index is reported."
    )
    choices: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description='What can be guessed, for each: { arm = ["A", "B"] }; found from the data when absent. '
        '"do not know" is always added.',
    )

    @model_validator(mode="after")
    def _named(self) -> BlindingPart:
        _once("guess", self.guess)
        for column, choices in self.choices.items():
            if column not in self.guess:
                raise ValueError(f"choices has {column!r}, which is not in guess; add it there")
            if len(set(choices)) < 2:
                raise ValueError(f"choices: {column!r} needs two or more different ones")
        return self


class FormAlert(ProtocolPart):
    """An answer that the lead has to look at: ``alerts`` of ``[[forms]]``."""

    item: str = Field(description="Item of the instrument, such as item9.")
    at_least: float = Field(description="The alert is given from this answer on.")
    message: str = Field(description="What the lead reads.")


class FormPart(ProtocolPart):
    """A questionnaire that is sent by a link or typed in from paper: ``[[forms]]``."""

    id: Identifier = Field(description="Short name.")
    instrument: str = Field(description="Id of one of [[instruments]].")
    wording: str = Field(
        "",
        description="The study's own licensed wording: a .toml file relative to the study folder, such as "
        "wording/alliance.toml.",
    )
    informant: Literal["patient", "therapist", "observer", "other"] = Field(
        "patient", description="Who fills it in."
    )
    occasion: str = Field(
        "session",
        description="session: one for each therapy session; otherwise the name of the occasion, such as baseline.",
    )
    title: str = Field("", description="Heading that the informant sees.")
    lead: str = Field("", description="Words before the first question.")
    expires_days: int = Field(14, ge=1, le=366, description="After how many days a link ends.")
    contact: str = Field("", description="Whom to turn to, as it stands on the page.")
    thanks: str = Field("", description="Words after the form was sent.")
    alerts: tuple[FormAlert, ...] = Field(
        (), description="Answers that the lead has to look at, beside those that the instrument names."
    )

    @field_validator("wording")
    @classmethod
    def _inside(cls, value: str) -> str:
        path = PurePosixPath(value.replace("\\", "/"))
        if value and (path.is_absolute() or ".." in path.parts or ":" in value or path.suffix != ".toml"):
            raise ValueError(
                f"{value!r} is no .toml file inside the study folder; write a relative path such as "
                "wording/alliance.toml"
            )
        return value


def _once(key: str, names: tuple[str, ...]) -> None:
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise ValueError(f"{key}: {twice[0]!r} stands twice")
