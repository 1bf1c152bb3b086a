"""RTTM, the format of diarization: who spoke when, without words."""

from __future__ import annotations

from dataclasses import dataclass

from bordin.errors import Problem, TapeError
from bordin.tapes.formats.clock import decimal_of, number, plain
from bordin.tapes.formats.reading import Reading, checked
from bordin.tapes.formats.source import Source
from bordin.tapes.shapes import Transcript

# Other records of the format; they say nothing of who spoke when.
OTHER_RECORDS = {
    "A/P", "CB", "EDIT", "FILLER", "IP", "LEXEME", "NO_RT_METADATA", "NOSCORE", "NON-LEX", "NON-SPEECH",
    "SEGMENT", "SPKR-INFO", "SU",
}  # fmt: skip
_LEAST_FIELDS = 8


@dataclass(frozen=True)
class _Record:
    line: int
    file_id: str
    speaker: str
    start: float
    end: float


def read_rttm(source: Source, file_id: str | None = None) -> Transcript:
    """Read the turns of one tape.

    Parameters
    ----------
    source : Source
    file_id : str, optional
        Which tape, where the file holds several; without it the one named as the file itself.

    Raises
    ------
    TapeError
        With every line that is no record, and when the tape cannot be chosen.
    """
    reading = Reading(source)
    records = [r for n, text in enumerate(source.text.split("\n"), 1) if (r := _record(reading, text, n))]
    reading.refuse_problems()
    ids = list(dict.fromkeys(r.file_id for r in records))
    chosen = file_id if file_id is not None else (ids[0] if len(ids) == 1 else source.stem)
    if ids and chosen not in ids:
        shown = ", ".join(ids[:5]) + (f" and {len(ids) - 5} more" if len(ids) > 5 else "")
        raise TapeError(
            Problem(
                f"the file holds {len(ids)} tapes ({shown}), and none is called '{chosen}'.",
                source.file,
                hint="Name the file as the tape, or put one tape into a file.",
            )
        )
    for r in records:
        if r.file_id == chosen:
            reading.turn(r.speaker, r.start, r.end, (), r.line)
    reading.warnings.append("RTTM holds no words: every turn stands as a vocalization.")
    return reading.transcript()


def _record(reading: Reading, text: str, line: int) -> _Record | None:
    fields = text.split()
    if not fields or fields[0].startswith((";", "#")) or fields[0] in OTHER_RECORDS:
        return None
    if fields[0] != "SPEAKER":
        reading.problem(f"'{fields[0][:20]}' is no record of RTTM.", line, "A turn begins with SPEAKER.")
        return None
    if len(fields) < _LEAST_FIELDS:
        reading.problem(f"a SPEAKER line has 9 or 10 fields, this one {len(fields)}.", line)
        return None
    start, seconds = number(fields[3]), number(fields[4])
    if start is None or seconds is None or start < 0 or seconds < 0:
        reading.problem(
            f"start '{fields[3][:20]}' and length '{fields[4][:20]}' are not two numbers of seconds.", line
        )
        return None
    speaker = "" if fields[7] == "<NA>" else fields[7]
    return _Record(line, fields[1], speaker, float(start), float(start + seconds))


def write_rttm(transcript: Transcript, file: str = "tape.rttm") -> str:
    """Write the turns, without their words.

    The tape is named after the file. Blanks in a speaker's label become ``_``.

    Raises
    ------
    TapeError
        When two speakers would get the same label.
    """
    checked(transcript, file)
    labels = {s: "_".join(s.split()) for s in transcript.speakers}
    if len(set(labels.values())) < len(labels):
        raise TapeError(
            Problem("RTTM holds no blanks in labels, and without them two speakers are the same.", file)
        )
    tape = "_".join(file.rpartition(".")[0].split()) or "tape"
    lines = []
    for t in transcript.turns:
        seconds = format(decimal_of(t.end) - decimal_of(t.start), "f")
        lines.append(f"SPEAKER {tape} 1 {plain(t.start)} {seconds} <NA> <NA> {labels[t.speaker]} <NA> <NA>\n")
    return "".join(lines)
