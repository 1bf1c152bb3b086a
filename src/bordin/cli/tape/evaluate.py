"""``bordin tape evaluate``: two transcripts in, error rates with their intervals out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from bordin.estimate import Estimate
    from bordin.tapes.accuracy.evaluation import Evaluation
    from bordin.tapes.shapes import Stretch

NAMES = {
    "der": "diarization error",
    "confusion": "  wrong speaker",
    "missed": "  missed",
    "false_alarm": "  false alarm",
    "wer": "word error",
    "wrong_speaker": "wrong-speaker words",
}
CAVEAT = (
    "A small corrected sample gives wide intervals: report them with the figures, and correct more to narrow them. "
    "They hold for tapes like these (voices, room, microphone), and no figure makes a transcript the record."
)


def command(
    hypothesis: Annotated[
        Path, typer.Argument(metavar="HYP", help="The machine's transcript, or a folder of them.")
    ],
    reference: Annotated[
        Path,
        typer.Argument(metavar="REF", help="The corrected one, or a folder with files of the same names."),
    ],
    collar: Annotated[
        float, typer.Option(help="Seconds around each start and end of a corrected turn that are not scored.")
    ] = 0.0,
    uem: Annotated[
        Path | None,
        typer.Option(help="What was corrected: a file with lines of tape, channel, start, end."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the random numbers.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, unrounded.")] = False,
) -> None:
    """Measure the accuracy of a transcript against a corrected one."""
    from bordin.tapes.accuracy.evaluation import as_record, evaluate_all
    from bordin.tapes.accuracy.uem import read_uem
    from bordin.tapes.formats import read_transcript

    pairs = _pairs(hypothesis, reference)
    stretches = None if uem is None else read_uem(uem)
    scored = [_scored(stretches, pair, uem, alone=len(pairs) == 1) for pair in pairs]
    read = [(read_transcript(p.hypothesis), read_transcript(p.reference)) for p in pairs]
    found = evaluate_all(read, collar=collar, scored=scored, seed=seed)
    if as_json:
        import json

        record = as_record(found) | {"tapes_scored": [p.reference.stem for p in pairs]}
        print(json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False))
        return
    _show(found, f"{hypothesis.name} against {reference.name}")


class Pair(NamedTuple):
    """A transcript and its corrected version."""

    hypothesis: Path
    reference: Path


def _pairs(hypothesis: Path, reference: Path) -> list[Pair]:
    """Pair two files, or the files of two folders that have the same name without its ending."""
    from bordin.errors import Problem, TapeError

    for path in (hypothesis, reference):
        if not path.exists():
            raise TapeError(Problem("there is no such file or folder.", path.name, hint="Check the path."))
    if hypothesis.is_dir() != reference.is_dir():
        raise TapeError(
            Problem(
                "one is a folder, the other a file.", reference.name, hint="Give two files or two folders."
            )
        )
    if not reference.is_dir():
        return [Pair(hypothesis, reference)]
    made, found = _by_stem(hypothesis), _by_stem(reference)
    if not found:
        raise TapeError(
            Problem(
                "there is no transcript in this folder.", reference.name, hint="Put the corrected ones there."
            )
        )
    problems = []
    pairs = []
    for stem, files in found.items():
        alike = [h for h in made.get(stem, []) if h.suffix.lower() == files[0].suffix.lower()]
        theirs = alike if alike else made.get(stem, [])
        if len(files) > 1:
            problems.append(
                Problem(f"there are {len(files)} files '{stem}'.", reference.name, hint="Keep one a tape.")
            )
        elif not theirs:
            hint = f"Put a file '{stem}' there, with the ending of its format."
            problems.append(Problem(f"there is no transcript '{stem}'.", hypothesis.name, hint=hint))
        elif len(theirs) > 1:
            problems.append(
                Problem(f"there are {len(theirs)} files '{stem}'.", hypothesis.name, hint="Keep one a tape.")
            )
        else:
            pairs.append(Pair(theirs[0], files[0]))
    if problems:
        raise TapeError(problems)
    return pairs


def _by_stem(folder: Path) -> dict[str, list[Path]]:
    """Return the transcripts of a folder; audio and other files beside them are passed over."""
    from bordin.tapes.formats import FORMATS

    endings = {ending for form in FORMATS.values() if form.reads for ending in form.extensions}
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name[0] not in ".~" and path.suffix.lower() in endings:
            found.setdefault(path.stem, []).append(path)
    return found


def _scored(
    stretches: Mapping[str, tuple[Stretch, ...]] | None, pair: Pair, uem: Path | None, *, alone: bool
) -> tuple[Stretch, ...] | None:
    """Find the stretches of one tape; with one tape and one name in the file, the names need not agree."""
    from bordin.errors import Problem, TapeError, nearest

    if stretches is None:
        return None
    for name in (pair.reference.stem, pair.hypothesis.stem):
        if name in stretches:
            return stretches[name]
    if alone and len(stretches) == 1:
        return next(iter(stretches.values()))
    raise TapeError(
        Problem(
            f"tape '{pair.reference.stem}' has no line.",
            uem.name if uem else None,
            hint=nearest(pair.reference.stem, stretches),
        )
    )


def _show(found: Evaluation, title: str) -> None:
    """Print one table, what it means and what has to be known, for a person."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    console.print(Text(title, style="bold"), soft_wrap=True)
    console.print(_table(found))
    for sentence in _sentences(found):
        console.print(Text(sentence), soft_wrap=True)
    _show_notes(console, found)
    console.print(Text(CAVEAT), soft_wrap=True)


def _table(found: Evaluation) -> Table:
    from rich.table import Table

    from bordin.report.number import NOTHING, count, level, number, percent
    from bordin.tapes.accuracy.evaluation import FIGURES

    limits = next((e.interval for e in found.estimates if e.interval is not None), None)
    share = "" if limits is None else level(limits.level)
    shown = Table(box=None, header_style="bold", pad_edge=False)
    shown.add_column("figure", no_wrap=True)
    shown.add_column("value", justify="right", no_wrap=True)
    shown.add_column(f"{share} interval".strip(), no_wrap=False, overflow="fold")
    shown.add_column("of", no_wrap=True)
    for key, estimate in zip(FIGURES, found.estimates, strict=True):
        if estimate.undefined is not None:
            shown.add_row(NAMES[key], NOTHING, f"undefined: {estimate.undefined}")
            continue
        of = f"{number(found.seconds.speech, 1)} s of talk"
        if key == "wer":
            of = f"{count(estimate.n)} words"
        elif key == "wrong_speaker":
            of = f"{count(estimate.n)} aligned words"
        shown.add_row(NAMES[key], percent(estimate.value, 1), _limits(estimate), of)
    return shown


def _limits(estimate: Estimate) -> str:
    from bordin.report.number import NOTHING, percent

    limits = estimate.interval
    return NOTHING if limits is None else f"[{percent(limits.low, 1)}, {percent(limits.high, 1)}]"


def _sentences(found: Evaluation) -> Sequence[str]:
    """Say in plain words what the figures are."""
    from bordin.report.number import count, number

    told = []
    s, w, b = found.seconds, found.words, found.backchannels
    if s.speech > 0:
        told.append(
            f"Of {number(s.speech, 1)} s of talk (people who talk at once count each), {number(s.missed, 1)} s were "
            f"missed and {number(s.confusion, 1)} s given to the wrong speaker; {number(s.false_alarm, 1)} s were "
            "added where fewer people talk."
        )
    if found.wer.undefined is None:
        told.append(
            f"Of {count(w.words)} words: heard as another one {count(w.substitutions)}, lost {count(w.deletions)}; "
            f"added {count(w.insertions)}."
        )
    if b.total:
        told.append(
            f"Short listening turns (one or two words, under 1 s): {count(b.total)}. Kept as words "
            f"{count(b.as_words)}, as [vocalization] {count(b.as_vocalization)}, lost {count(b.lost)}."
        )
    if found.mapping:
        told.append("Speakers: " + ", ".join(f"{a} is {b}" for a, b in found.mapping.items()) + ".")
    tapes = "1 tape" if found.tapes == 1 else f"{count(found.tapes)} tapes"
    how = next((e.interval.method for e in found.estimates if e.interval is not None), None)
    told.append(f"Scored: {tapes}." if how is None else f"Scored: {tapes}. Intervals: {how}.")
    return told


def _show_notes(console: Console, found: Evaluation) -> None:
    """Print notes; one that stands beside several figures bears their names."""
    from rich.text import Text

    from bordin.tapes.accuracy.evaluation import FIGURES

    whose: dict[str, list[str]] = {}
    for key, estimate in zip(FIGURES, found.estimates, strict=True):
        for note in estimate.notes:
            whose.setdefault(note, []).append(NAMES[key].strip())
    for note in found.notes:
        console.print(Text(f"Note: {note}."), soft_wrap=True)
    for note, names in whose.items():
        told = note if len(names) == len(FIGURES) else f"{', '.join(names)}: {note}"
        console.print(Text(f"Note: {told}."), soft_wrap=True)
