"""What all readers and writers share: words from text, turns with checked times, problems gathered with their lines."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from bordin.errors import Problem, TapeError
from bordin.tapes.formats.source import Source
from bordin.tapes.shapes import NOTICE, NOTICE_CORRECTED, VOCALIZATION, Transcript, Turn, Word

UNKNOWN_SPEAKER = "unknown"
NOTICE_IMPORTED = (
    "This transcript was read from another program's file. It is an index to the tape, not the record; "
    "rate and quote from the tape."
)
NOTICES = (NOTICE, NOTICE_CORRECTED, NOTICE_IMPORTED)

# As many problems as one error names.
MOST_PROBLEMS = 20
# A stretch without length gets this much.
LEAST_SECONDS = 0.001
# Letters that a line of text cannot hold.
CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


def words_of(text: str) -> tuple[Word, ...]:
    """Split a turn's text into words without times; ``[vocalization]`` alone, or no text, gives none."""
    tokens = text.split()
    return () if tokens == [VOCALIZATION] else tuple(Word(t) for t in tokens)


class Reading:
    """Gathers the turns of one file, and everything about it that a person has to know.

    Parameters
    ----------
    source : Source
    """

    def __init__(self, source: Source) -> None:
        self.file = source.file
        self.turns: list[Turn] = []
        self.problems: list[Problem] = []
        self.warnings: list[str] = list(source.warnings)

    def problem(self, message: str, line: int | None = None, hint: str = "", column: str = "") -> None:
        """Note a fault; :meth:`transcript` raises all of them at once."""
        self.problems.append(Problem(message, self.file, line, column or None, hint or None))

    def turn(
        self,
        speaker: str,
        start: float,
        end: float,
        words: Iterable[Word] = (),
        line: int | None = None,
        column: str = "",
    ) -> None:
        """Take a turn, or note what is wrong with its times."""
        if not (math.isfinite(start) and math.isfinite(end)) or start < 0:
            self.problem(f"a turn from {start} to {end} s is not on the tape.", line, column=column)
            return
        if end < start:
            self.problem(f"the turn ends ({end:g} s) before it starts ({start:g} s).", line, column=column)
            return
        if end == start:
            place = column or (f"line {line}" if line is not None else f"turn {len(self.turns) + 1}")
            self.warnings.append(f"{place}: the turn has no length and was given {LEAST_SECONDS} s.")
            end = start + LEAST_SECONDS
        label = " ".join(speaker.split()) or UNKNOWN_SPEAKER
        self.turns.append(Turn(label, start, end, tuple(words)))

    def refuse_problems(self) -> None:
        """Raise what was noted so far, if anything was."""
        if not self.problems:
            return
        shown = self.problems[:MOST_PROBLEMS]
        left = len(self.problems) - len(shown)
        if left:
            shown.append(Problem(f"and {left} more of this kind.", self.file))
        raise TapeError(shown)

    def transcript(self, *, notice: str = NOTICE_IMPORTED, duration: float | None = None) -> Transcript:
        """Return what was read.

        Raises
        ------
        TapeError
            With everything that was noted, or when the file holds no turn.
        """
        self.refuse_problems()
        if not self.turns:
            raise TapeError(Problem("the file holds no turn.", self.file, hint="Is it the right file?"))
        unknown = sum(t.speaker == UNKNOWN_SPEAKER for t in self.turns)
        if unknown:
            self.warnings.append(f"{unknown} of {len(self.turns)} turns name no speaker.")
        turns = tuple(sorted(self.turns, key=lambda t: t.start))
        last = max(t.end for t in turns)
        return Transcript(turns, max(last, duration or 0.0), (), tuple(self.warnings), notice)


def checked(transcript: Transcript, file: str) -> Transcript:
    """Return a transcript that can be written: times on the tape, labels and words on one line.

    Raises
    ------
    TapeError
    """
    problems = []
    for count, turn in enumerate(transcript.turns, 1):
        if not (math.isfinite(turn.start) and math.isfinite(turn.end) and 0 <= turn.start < turn.end):
            problems.append(Problem(f"turn {count} lasts from {turn.start} to {turn.end} s.", file))
        if not turn.speaker.strip() or CONTROL.search(turn.speaker):
            problems.append(Problem(f"turn {count} has no speaker that a file can hold.", file))
        if any(CONTROL.search(w.text) for w in turn.words):
            problems.append(Problem(f"turn {count} holds a control character.", file, hint="Take it out."))
    if problems:
        raise TapeError(problems[:MOST_PROBLEMS])
    return transcript


def refuse_labels(transcript: Transcript, pattern: str, what: str, file: str) -> None:
    """Refuse speakers whose label this format cannot hold.

    Raises
    ------
    TapeError
    """
    bad = [s for s in transcript.speakers if re.search(pattern, s)]
    if bad:
        raise TapeError(
            Problem(f"the speaker '{bad[0]}' cannot be written: {what}.", file, hint="Rename the speaker.")
        )


def join_neighbors(transcript: Transcript, longest_gap: float = 2.0) -> Transcript:
    """Join turns of one speaker that follow each other with nobody between them.

    Recognizers write a turn in pieces of a few seconds; readers keep the pieces.

    Parameters
    ----------
    transcript : Transcript
    longest_gap : float
        Seconds of silence that do not part a turn.

    Returns
    -------
    Transcript
    """
    joined: list[Turn] = []
    for turn in transcript.turns:
        last = joined[-1] if joined else None
        if last is not None and last.speaker == turn.speaker and turn.start - last.end <= longest_gap:
            joined[-1] = replace(last, end=max(last.end, turn.end), words=last.words + turn.words)
        else:
            joined.append(turn)
    return replace(transcript, turns=tuple(joined))


def timed(word: Word) -> tuple[float, float] | None:
    """Return a word's start and end, or None where it has none."""
    return None if word.start is None or word.end is None else (word.start, word.end)


def place_times(words: Sequence[Word], times: Sequence[tuple[str, float, float]]) -> tuple[Word, ...]:
    """Give words the times of equal texts that follow in the same order; the others keep none.

    Parameters
    ----------
    words : sequence of Word
        Of one turn.
    times : sequence of (str, float, float)
        Text, start and end, in order of time.
    """
    placed = list(words)
    at = 0
    for text, start, end in times:
        found = next((k for k in range(at, len(placed)) if placed[k].text == text), None)
        if found is not None:
            placed[found] = replace(placed[found], start=start, end=end)
            at = found + 1
    return tuple(placed)
