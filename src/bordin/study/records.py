"""What the study's flat files hold, checked: people, sessions, forms, ratings, codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bordin.coding.rating import Code, Rating
from bordin.study.files import FlatTable
from bordin.study.results import FileHash


@dataclass(frozen=True)
class Participant:
    """A person of the study.

    Attributes
    ----------
    id : str
    arm, therapist : str or None
    row : int
        Position in the participants file.
    """

    id: str
    arm: str | None
    therapist: str | None
    row: int


@dataclass(frozen=True)
class Session:
    """A therapy session.

    Attributes
    ----------
    id, participant : str
    number : float or None
        Its place in the therapy.
    tape : bool or None
        Whether there is a usable tape; None when the file does not say.
    note : str
        Why there is none.
    minutes : float or None
        Length, for rates per minute.
    row : int or None
        Position in the sessions file; None when no such file exists.
    """

    id: str
    participant: str
    number: float | None = None
    tape: bool | None = None
    note: str = ""
    minutes: float | None = None
    row: int | None = None


@dataclass(frozen=True)
class Form:
    """One questionnaire, filled in once.

    Attributes
    ----------
    instrument, participant : str
    session, occasion : str or None
    values : mapping
        Scale to score; None where it could not be computed.
    items : mapping
        Item to its answer as it enters the score; NaN where there is none.
    """

    instrument: str
    participant: str
    session: str | None
    occasion: str | None
    values: Mapping[str, float | None]
    items: Mapping[str, float]


@dataclass(frozen=True)
class Records:
    """All that the data files hold, checked against the protocol.

    Attributes
    ----------
    participants : mapping of str to Participant
    sessions : mapping of str to Session
    forms : tuple of Form
    ratings, codes : mapping
        Coding id to its ratings and codes.
    tables : mapping
        ``"participants"`` and ``"sessions"`` as read, for further columns.
    files : tuple of FileHash
    notes : tuple of str
    process : mapping of str to mapping
        Session to the process measures of the table, None where a cell is empty.
    """

    participants: Mapping[str, Participant]
    sessions: Mapping[str, Session]
    forms: tuple[Form, ...]
    ratings: Mapping[str, tuple[Rating, ...]]
    codes: Mapping[str, tuple[Code, ...]]
    tables: Mapping[str, FlatTable]
    files: tuple[FileHash, ...]
    notes: tuple[str, ...] = ()
    process: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)

    def first_readings(self, coding: str, standard: str | None) -> tuple[Rating, ...]:
        """Return the ratings that can enter a score: no second readings, and nothing of the gold standard."""
        return tuple(r for r in self.ratings.get(coding, ()) if r.reading == 1 and r.coder != standard)
