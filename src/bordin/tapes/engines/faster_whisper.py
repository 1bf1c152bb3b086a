"""Recognition by faster-whisper, from a folder on this computer and from nowhere else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bordin.errors import Problem, TapeError
from bordin.tapes.engines.shapes import Heard, Samples
from bordin.tapes.shapes import LOW_CONFIDENCE, REPEATED, SAMPLE_RATE, EngineFacts, Stretch, Word

BEAM = 5
UNSURE = 0.5
# Nothing shorter is a word, and the recognizer stumbles over a few hundredths of a second.
LEAST_SPEECH = 0.1
# Text that gzip shortens more than this repeats itself; the recognizer's own measure.
LARGEST_COMPRESSION = 2.4


class FasterWhisper:
    """Whisper through CTranslate2.

    Parameters
    ----------
    folder : Path
        Holds ``model.bin`` and its companions.
    name : str
        Name for the record.
    hashes : mapping of str to str
        File to sha256, for the record.
    language : str, optional
        Code such as ``"en"``; found out from the tape when absent.
    glossary : sequence of str
        Words of the field or of the study that the recognizer should expect.
    threads : int
    """

    def __init__(
        self,
        folder: Path,
        *,
        name: str = "",
        hashes: dict[str, str] | None = None,
        language: str | None = None,
        glossary: Sequence[str] = (),
        threads: int = 1,
    ) -> None:
        self.folder, self.name, self.hashes = folder, name or folder.name, dict(hashes or {})
        self.language, self.glossary, self.threads = language, tuple(glossary), threads
        self._model: Any = None

    def facts(self) -> EngineFacts:
        """Say which model, parameters and package."""
        from importlib.metadata import version

        return EngineFacts(
            stage="recognition",
            engine=f"faster-whisper {self.name}",
            model=self.hashes,
            parameters={"beam": BEAM, "language": self.language, "glossary": list(self.glossary)},
            version=f"faster-whisper {version('faster-whisper')}, ctranslate2 {version('ctranslate2')}",
        )

    def hear(self, samples: Samples, start: float, speech: Sequence[Stretch]) -> Heard:
        """Return the words of one part of a tape; see `Recognizer`."""
        import ctranslate2

        if not speech:
            return Heard((), self.language or "")
        joined, places = joined_speech(samples, start, speech)
        if len(joined) < LEAST_SPEECH * SAMPLE_RATE:
            return Heard((), self.language or "")
        model = self._load()
        # Hard passages are tried again with some chance in it: the same seed gives the same words.
        ctranslate2.set_random_seed(1)
        try:
            pieces, info = model.transcribe(
                joined,
                language=self.language,
                beam_size=BEAM,
                word_timestamps=True,
                condition_on_previous_text=False,
                no_speech_threshold=None,  # doubtful text is marked, never dropped
                hotwords=" ".join(self.glossary) or None,
            )
        except ValueError as error:
            if self.language is None or "language" not in str(error):
                raise
            raise TapeError(
                Problem(
                    f"{self.language!r} is no language that this model knows.",
                    hint="Write a code such as en, de or es, or leave the language out: it is found out then.",
                )
            ) from None
        words = [w for piece in pieces for w in _words(piece)]
        self.language = self.language or str(info.language)
        return Heard(tuple(on_tape(loops_marked(words), places)), self.language)

    def _load(self) -> Any:
        if self._model is None:
            from faster_whisper import WhisperModel

            if not (self.folder / "model.bin").is_file():
                raise TapeError(
                    Problem(
                        f"{self.folder.name!r} holds no model.bin.",
                        hint="Give the folder of a Whisper model in CTranslate2 form, or: bordin model add whisper-base",
                    )
                )
            self._model = WhisperModel(
                str(self.folder),
                device="cpu",
                compute_type="int8",
                cpu_threads=self.threads,
                local_files_only=True,
            )
        return self._model


def joined_speech(
    samples: Samples, start: float, speech: Sequence[Stretch]
) -> tuple[Samples, list[tuple[float, float, float]]]:
    """Join the stretches of speech; say where each begins in the joined sound and on the tape."""
    pieces, places, at = [], [], 0.0
    for s in speech:
        piece = samples[round((s.start - start) * SAMPLE_RATE) : round((s.end - start) * SAMPLE_RATE)]
        if len(piece) == 0:
            continue
        pieces.append(piece)
        places.append((at, s.start, s.end))
        at += len(piece) / SAMPLE_RATE
    return (np.concatenate(pieces) if pieces else samples[:0]), places


def on_tape(words: Iterable[Word], places: Sequence[tuple[float, float, float]]) -> Iterable[Word]:
    """Give words their times on the tape; a word stays in the stretch that holds its middle."""
    begins = np.array([p[0] for p in places])
    for w in words:
        if w.start is None or w.end is None:
            continue
        at, start, end = places[max(0, int(np.searchsorted(begins, (w.start + w.end) / 2, side="right")) - 1)]
        first, last = (min(max(t - at + start, start), end) for t in (w.start, w.end))
        yield Word(w.text, first, max(first, last), w.probability, w.marks)


def _words(piece: Any) -> list[Word]:
    """Return the words of one piece of text, marked where the recognizer doubts them."""
    found: list[Word] = []
    for w in piece.words or ():
        word = Word(w.word.strip(), float(w.start), float(w.end), float(w.probability))
        if not word.text:
            continue
        if found and not w.word[0].isspace():
            # "ten" and "-minute" are one word, heard in two pieces.
            first = found.pop()
            sure = min(p for p in (first.probability, word.probability) if p is not None)
            word = Word(first.text + word.text, first.start, word.end, sure)
        found.append(word)
    return [_marked(w, repeats=piece.compression_ratio > LARGEST_COMPRESSION) for w in found]


def _marked(word: Word, *, repeats: bool) -> Word:
    if word.probability is not None and word.probability < UNSURE:
        word = word.marked(LOW_CONFIDENCE)
    return word.marked(REPEATED) if repeats else word


def loops_marked(words: Sequence[Word], size: int = 4, least: int = 3) -> list[Word]:
    """Mark words that stand in the same four words three times running: a recognizer's loop, or a stammer."""
    plain = [w.text.casefold().strip(".,?!") for w in words]
    marked = set()
    for length in range(1, size + 1):
        runs: Counter[int] = Counter()
        for i in range(length, len(plain)):
            same = plain[i] == plain[i - length]
            runs[i] = runs[i - 1] + 1 if same else 0
            if runs[i] >= length * (least - 1) + (2 if length == 1 else 0):
                marked |= set(range(i - runs[i] - length + 1, i + 1))
    return [w.marked(REPEATED) if i in marked else w for i, w in enumerate(words)]
