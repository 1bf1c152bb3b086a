"""One recording outside a study: all stages, with what a person or another program wants of them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bordin.errors import Problem, TapeError
from bordin.tapes.accuracy.evaluation import as_record as evaluation_record
from bordin.tapes.accuracy.evaluation import evaluate
from bordin.tapes.engines.choose import Wish, choose
from bordin.tapes.formats import read_transcript, write_transcript
from bordin.tapes.shapes import Transcript, as_record
from bordin.tapes.sound.quality import as_record as quality_record
from bordin.tapes.sound.working_copy import WorkingCopy, measure
from bordin.tapes.stages import InMemory, Keeper, transcribe
from bordin.tapes.vault.plain_files import PlainReader, PlainWriter

Tell = Callable[[str, float], None]


@dataclass(frozen=True)
class Made:
    """What was made of a recording.

    Attributes
    ----------
    transcript : Transcript
    record : dict
        For JSON: turns, speakers, quality, warnings, engines and, with a reference, evaluation.
    written : tuple of Path
    """

    transcript: Transcript
    record: dict[str, Any]
    written: tuple[Path, ...] = ()


class InFolder:
    """Keeps the outcomes of stages in a folder, in the clear."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def has(self, name: str) -> bool:
        """Say whether there is such an outcome."""
        return (self._folder / name).is_file()

    def read_bytes(self, name: str) -> bytes:
        """Return it."""
        with PlainReader(self._folder / name, name, self._folder.name) as file:
            return file.read()

    def write_bytes(self, name: str, data: bytes) -> None:
        """Keep it, whole or not at all."""
        with PlainWriter(self._folder / name, name, self._folder.name) as file:
            file.write(data)


def process_recording(
    file: Path,
    wish: Wish,
    *,
    out: Path | None = None,
    reference: Path | None = None,
    tell: Tell = lambda stage, share: None,
) -> Made:
    """Find who spoke when in one recording, and what was said.

    The working copy of the sound stays in memory (115 MB an hour and channel); no sound is written.

    Parameters
    ----------
    file : Path
        Any audio or video.
    wish : Wish
    out : Path, optional
        Folder for the transcript (JSON, WebVTT, RTTM), in the clear, and for what lets a stopped run continue.
    reference : Path, optional
        Corrected turns or transcript. Where it has no words (RTTM), a transcript of the same name beside it
        (``.json``) gives them.
    tell : callable
        Is given the stage and the share of it that is done.

    Returns
    -------
    Made

    Raises
    ------
    TapeError
        When the recording or the reference cannot be read, or a model is not there.
    """
    truth = None if reference is None else read_reference(reference)
    engines, cautions = choose(wish)
    working = io.BytesIO()
    recording = measure(file, working, name=file.name)
    keeper: Keeper = InMemory() if out is None else InFolder(out / f".{file.stem}")
    with file.open("rb") as original:
        content = hashlib.file_digest(original, "sha256").hexdigest()
    made = transcribe(WorkingCopy(working, name=file.name), content, engines, keeper, tell)
    made = replace(made, warnings=(*recording.warnings, *made.warnings, *cautions))
    record = as_record(made)
    record["quality"] = quality_record(recording.quality)
    if truth is not None:
        record["evaluation"] = evaluation_record(evaluate(made, truth))
    written = () if out is None else _written(made, out, file.stem)
    return Made(made, record, written)


def read_reference(path: Path) -> Transcript:
    """Read a reference; words that it lacks are taken from the JSON of the same name beside it.

    Raises
    ------
    TapeError
        When it cannot be read, or the two do not belong together.
    """
    turns = read_transcript(path)
    beside = path.with_suffix(".json")
    if turns.words or beside == path or not beside.is_file():
        return turns
    spoken = read_transcript(beside)
    lengths = [len(t.turns) for t in (turns, spoken)]
    if lengths[0] != lengths[1]:
        raise TapeError(
            Problem(
                f"it has {lengths[1]} turns, and {path.name} beside it has {lengths[0]}.",
                file=beside.name,
                hint="Name the one that is right, or take the other away.",
            )
        )
    return spoken


def _written(made: Transcript, out: Path, stem: str) -> tuple[Path, ...]:
    out.mkdir(parents=True, exist_ok=True)
    paths = tuple(out / f"{stem}{ending}" for ending in (".transcript.json", ".vtt", ".rttm"))
    for path, kind in zip(paths, ("bordin", "webvtt", "rttm"), strict=True):
        write_transcript(made, path, format=kind)
    return paths
