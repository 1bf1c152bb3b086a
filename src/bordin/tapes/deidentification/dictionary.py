"""The study's own list of names and places: one flat file that a person keeps."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bordin.errors import Problem, TapeError, nearest
from bordin.tapes.deidentification.shapes import KINDS
from bordin.tapes.deidentification.spelling import folded
from bordin.tapes.deidentification.study_patterns import compiled

COLUMNS = ("text", "kind", "replacement", "participant")
MOST_BYTES = 5_000_000
MOST_PROBLEMS = 20
_HINT = "Write one name a row: text, kind, and where wanted replacement and participant."
_SENTENCE = 8


@dataclass(frozen=True)
class Entry:
    """One row: a name in one or several spellings.

    Attributes
    ----------
    spellings : tuple of str
        As written in the file, parted there by ``|``. They all mean the same person or place.
    kind : str
        One of `KINDS`.
    replacement : str or None
        What is to stand in its place, for example ``"[sister]"``.
    participant : str or None
        The participant whose tapes the name belongs to; None for all tapes.
    line : int
        Row in the file; the heading is row 1.
    """

    spellings: tuple[str, ...]
    kind: str
    replacement: str | None = None
    participant: str | None = None
    line: int = 0


@dataclass(frozen=True)
class StudyPattern:
    """One row whose text is a regular expression between slashes."""

    expression: re.Pattern[str]
    kind: str
    replacement: str | None = None
    participant: str | None = None
    line: int = 0


@dataclass(frozen=True)
class Dictionary:
    """All rows of the file.

    Attributes
    ----------
    entries : tuple of Entry
    patterns : tuple of StudyPattern
    """

    entries: tuple[Entry, ...] = ()
    patterns: tuple[StudyPattern, ...] = ()

    def for_participant(self, participant: str) -> Dictionary:
        """Leave out the rows that belong to the tapes of other participants."""
        wanted = (None, participant)
        return replace(
            self,
            entries=tuple(e for e in self.entries if e.participant in wanted),
            patterns=tuple(p for p in self.patterns if p.participant in wanted),
        )


def read_dictionary(path: Path | str) -> Dictionary:
    r"""Read the study's dictionary.

    Parameters
    ----------
    path : Path or str
        A CSV file in UTF-8, parted by commas, semicolons or tabs, with the columns ``text`` and ``kind`` and
        where wanted ``replacement`` and ``participant``. Several spellings of one name are parted by ``|``.
        A text between slashes, such as ``/CASE-\d{4}/``, is a regular expression.

    Returns
    -------
    Dictionary

    Raises
    ------
    TapeError
        With all faults of the file at once, each with its row. No name is repeated in it.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else "it cannot be read"
        raise TapeError(Problem(f"{reason}.", path.name, hint="Name the dictionary of the study.")) from None
    if len(data) > MOST_BYTES:
        problem = f"the file has {len(data) / 1e6:.0f} MB; a dictionary of names has at most 5."
        raise TapeError(Problem(problem, path.name, hint=_HINT))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data[: error.start].count(b"\n") + 1
        problem = "a letter is not in UTF-8."
        raise TapeError(Problem(problem, path.name, row, hint="Save the file as CSV UTF-8.")) from None
    return dictionary_from_text(text, path.name)


def dictionary_from_text(text: str, file: str | None = None) -> Dictionary:
    """Read a dictionary from the text of its file; :func:`read_dictionary` says how it is written.

    Raises
    ------
    TapeError
        With all faults at once.
    """
    heading = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=heading.count)
    try:
        # A line break in quotes would be no name; rows and lines are then the same.
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        problem = f"this is no CSV file ({error})."
        raise TapeError(Problem(problem, file, hint="Close each quotation mark.")) from None
    columns = _columns(rows[0] if rows else [], file)
    problems: list[Problem] = []
    entries: list[Entry] = []
    patterns: list[StudyPattern] = []
    for line, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row) or row[0].lstrip().startswith("#"):
            continue
        try:
            made = _row(row, columns, file, line)
        except TapeError as error:
            problems += error.problems
            continue
        if isinstance(made, Entry):
            entries.append(made)
        else:
            patterns.append(made)
    if problems:
        raise TapeError(problems[:MOST_PROBLEMS])
    return Dictionary(tuple(entries), tuple(patterns))


def _columns(heading: Sequence[str], file: str | None) -> tuple[str, ...]:
    """Return the names of the columns, or refuse the heading."""
    names = tuple(cell.strip().lower() for cell in heading)
    problems = []
    for index, name in enumerate(names, start=1):
        if name not in COLUMNS and name:
            # A file without a heading has a name here, so only what is near a column is spoken of.
            near = nearest(name, COLUMNS)
            hint = near if near.startswith("Did") else _HINT
            problems.append(Problem(f"column {index} is none of {', '.join(COLUMNS)}.", file, 1, hint=hint))
        elif name and name in names[: index - 1]:
            problems.append(Problem(f"there are two columns '{name}'.", file, 1, hint="Keep one of them."))
    missing = [c for c in COLUMNS[:2] if c not in names]
    if missing and not problems:
        listed = " and ".join(f"'{c}'" for c in missing)
        problems.append(Problem(f"the heading has no column {listed}.", file, 1, hint=_HINT))
    if problems:
        raise TapeError(problems)
    return names


def _row(row: Sequence[str], columns: Sequence[str], file: str | None, line: int) -> Entry | StudyPattern:
    """Read one row."""
    if len(row) > len(columns) and any(cell.strip() for cell in row[len(columns) :]):
        problem = f"the row has {len(row)} cells, the heading {len(columns)}."
        raise TapeError(Problem(problem, file, line, hint="Put a text with a comma in quotation marks."))
    cells = {c: cell.strip() for c, cell in zip(columns, row, strict=False) if c}
    text, kind = cells.get("text", ""), cells.get("kind", "").lower()
    if not text:
        raise TapeError(
            Problem("the text is empty.", file, line, "text", "Write the name, or delete the row.")
        )
    if kind not in KINDS:
        why = "is empty" if not kind else "is not known"
        near = nearest(kind, KINDS)
        hint = near if near.startswith("Did") else f"Allowed: {', '.join(KINDS)}."
        raise TapeError(Problem(f"the kind {why}.", file, line, "kind", hint))
    replacement, participant = cells.get("replacement") or None, cells.get("participant") or None
    if len(text) > 1 and text.startswith("/") and text.endswith("/"):
        return StudyPattern(compiled(text[1:-1], file, line), kind, replacement, participant, line)
    spellings = tuple(s for s in (part.strip() for part in text.split("|")) if s)
    for spelling in spellings:
        if len(folded(spelling)) < 2:
            problem = "a spelling has fewer than two letters."
            hint = "Leave initials to the reviewer: a single letter is found everywhere."
            raise TapeError(Problem(problem, file, line, "text", hint))
        if len(spelling.split()) > _SENTENCE:
            problem = f"a spelling has more than {_SENTENCE} words."
            raise TapeError(Problem(problem, file, line, "text", "Write names, not sentences."))
    return Entry(spellings, kind, replacement, participant, line)
