"""What coders give: a rating of a whole session, and a code on a stretch of it."""

from __future__ import annotations

from dataclasses import dataclass

from bordin.missing import Missing


@dataclass(frozen=True)
class Rating:
    """One coder's value for one session on one dimension (or on a summary of codes).

    Attributes
    ----------
    session, coder, dimension : str
    value : float or Missing
    manual_version : str
        Version of the manual it was made with.
    reason : str
        Why there is no number, such as "Not audible".
    designated : bool or None
        Whether a column of the data marks this rating as the one that counts; None without such a column.
    member : str
        Which member, in systems that rate each member of a family or group.
    source : str
        audio, video or transcript, where it is known per rating.
    evidence : tuple of str
        Units of the codes that support it.
    order : float or None
        When the coder made it, as a running number, to see drift.
    reading : int
        2 when the same coder rated the same tape a second time; only first readings enter a score.
    row : int or None
        Row of the data file, as a spreadsheet counts it.
    """

    session: str
    coder: str
    dimension: str
    value: float | Missing
    manual_version: str = ""
    reason: str = ""
    designated: bool | None = None
    member: str = ""
    source: str = ""
    evidence: tuple[str, ...] = ()
    order: float | None = None
    reading: int = 1
    row: int | None = None


@dataclass(frozen=True)
class Code:
    """One mark of one coder on a turn, an utterance, an interval or a moment.

    Attributes
    ----------
    session, coder, unit_id : str
    start, end : float or None
        Seconds from the start of the tape; None when only the order is known.
    speaker : str
        As the transcript says it; empty when the unit has no single speaker.
    code : str
        As the data file says it.
    value : float or None
        For tallies, stages, visual analog scales, binary marks and Q-sorts.
    text : str
        For codes of the kind text.
    row : int or None
        Row of the data file, as a spreadsheet counts it.
    """

    session: str
    coder: str
    unit_id: str
    start: float | None
    end: float | None
    speaker: str
    code: str
    value: float | None = None
    text: str = ""
    row: int | None = None
