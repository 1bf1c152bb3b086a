"""Recognition by whisper.cpp, from a model file on this computer."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bordin.errors import Problem, TapeError
from bordin.tapes.engines.faster_whisper import LEAST_SPEECH, UNSURE, joined_speech, loops_marked, on_tape
from bordin.tapes.engines.shapes import Heard, Samples
from bordin.tapes.shapes import LOW_CONFIDENCE, SAMPLE_RATE, EngineFacts, Stretch, Word

CENTISECOND = 0.01


class WhisperCpp:
    """whisper.cpp through pywhispercpp.

    Parameters
    ----------
    file : Path
        A ggml model.
    language : str, optional
        Code such as ``"en"``; found out when absent.
    threads : int
    """

    def __init__(self, file: Path, *, language: str | None = None, threads: int = 1) -> None:
        self.file, self.language, self.threads = file, language, threads
        self._model: Any = None

    def facts(self) -> EngineFacts:
        """Say which model and package."""
        from importlib.metadata import PackageNotFoundError, version

        try:
            known = version("pywhispercpp")
        except PackageNotFoundError:
            known = ""
        with self.file.open("rb") as f:
            model = {self.file.name: hashlib.file_digest(f, "sha256").hexdigest()}
        return EngineFacts(
            stage="recognition",
            engine=f"whisper.cpp {self.file.stem}",
            model=model,
            parameters={"language": self.language},
            version=f"pywhispercpp {known}",
        )

    def hear(self, samples: Samples, start: float, speech: Sequence[Stretch]) -> Heard:
        """Return the words of one part of a tape; see `Recognizer`."""
        if not speech:
            return Heard((), self.language or "")
        joined, places = joined_speech(samples, start, speech)
        if len(joined) < LEAST_SPEECH * SAMPLE_RATE:
            return Heard((), self.language or "")
        found = []
        # With a length of one and a split at words, each piece that comes back is a word.
        for piece in self._load().transcribe(
            joined, language=self.language or "auto", token_timestamps=True, max_len=1, split_on_word=True
        ):
            text = piece.text.strip()
            if not text or text.startswith(("[", "(")):
                continue
            probability = float(getattr(piece, "probability", float("nan")))
            known = None if math.isnan(probability) else probability
            word = Word(text, piece.t0 * CENTISECOND, piece.t1 * CENTISECOND, known)
            found.append(word.marked(LOW_CONFIDENCE) if known is not None and known < UNSURE else word)
        return Heard(tuple(on_tape(loops_marked(found), places)), self.language or "")

    def _load(self) -> Any:
        if self._model is None:
            try:
                from pywhispercpp.model import Model
            except ImportError:
                raise TapeError(
                    Problem(
                        "pywhispercpp is not installed.",
                        hint="Install it with: pip install 'bordin[whispercpp]', or use --recognizer faster-whisper.",
                    )
                ) from None
            self._model = Model(
                str(self.file), n_threads=self.threads, print_progress=False, print_realtime=False
            )
        return self._model
