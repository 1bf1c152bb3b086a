"""From the words of an option or a protocol to engines: ``onnx``, ``channels``, ``rttm:FILE`` and so on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bordin.errors import Problem, TapeError, nearest
from bordin.tapes.engines.channels import ChannelDiarizer
from bordin.tapes.engines.faster_whisper import FasterWhisper
from bordin.tapes.engines.imported import TranscriptFromFile, TurnsFromFile
from bordin.tapes.engines.onnx import OnnxDiarizer
from bordin.tapes.engines.pyannote import PyannoteDiarizer
from bordin.tapes.engines.shapes import Diarizer, Recognizer
from bordin.tapes.engines.whispercpp import WhisperCpp
from bordin.tapes.speech_models.speech_model import SpeechModel, default_models, find_model
from bordin.tapes.stages import Engines

DIARIZERS = {
    "onnx": "onnx",
    "onnx:SEGMENTATION,EMBEDDING": "onnx",
    "channels": "channels",
    "pyannote:DIR": "pyannote",
    "rttm:FILE": "rttm",
}
RECOGNIZERS = {
    "faster-whisper": "faster-whisper",
    "faster-whisper:DIR": "faster-whisper",
    "whispercpp:FILE": "whispercpp",
    "import:FILE": "import",
    "none": "none",
}


@dataclass(frozen=True)
class Wish:
    """What engines somebody asks for.

    Attributes
    ----------
    diarizer : str
        ``onnx`` (the default when its models are there), ``onnx:SEGMENTATION,EMBEDDING``, ``channels``,
        ``pyannote:DIR`` or ``rttm:FILE``.
    recognizer : str
        ``faster-whisper`` (the best model on this computer), ``faster-whisper:NAME or DIR``,
        ``whispercpp:FILE``, ``import:FILE`` or ``none``.
    speakers : int
        0 leaves the number to the diarizer.
    channels : tuple of str
        Speaker of each channel; naming them chooses the diarizer ``channels``.
    language : str or None
    glossary : tuple of str
    threads : int
    """

    diarizer: str = ""
    recognizer: str = ""
    speakers: int = 2
    channels: tuple[str, ...] = ()
    language: str | None = None
    glossary: tuple[str, ...] = ()
    threads: int = 1


def choose(wish: Wish) -> tuple[Engines, tuple[str, ...]]:
    """Make the engines that somebody asks for.

    Returns
    -------
    engines : Engines
    cautions : tuple of str
        What a reader has to know of the models.

    Raises
    ------
    TapeError
        When an engine is not known, or its model is not on this computer.
    """
    kind, _, given = (wish.recognizer or "faster-whisper").partition(":")
    if kind == "import":
        return Engines(None, None, TranscriptFromFile(_file(given, "import")), speakers=wish.speakers), ()
    diarizer, used = _diarizer(wish)
    recognizer, heard_with = _recognizer(kind, given, wish)
    cautions = tuple(dict.fromkeys(m.caution for m in (*used, *heard_with) if m.caution))
    return Engines(diarizer, recognizer, speakers=wish.speakers), cautions


def _diarizer(wish: Wish) -> tuple[Diarizer, tuple[SpeechModel, ...]]:
    kind, _, given = (wish.diarizer or ("channels" if wish.channels else "onnx")).partition(":")
    if kind == "channels":
        twice = [name for name in wish.channels if wish.channels.count(name) > 1]
        if twice:
            raise TapeError(
                Problem(
                    f"--channels: {twice[0]!r} is named twice.",
                    hint="Each channel has a speaker of its own, such as therapist,client.",
                )
            )
        return ChannelDiarizer(wish.channels), ()
    if kind == "rttm":
        return TurnsFromFile(_file(given, "rttm")), ()
    if kind == "pyannote":
        return PyannoteDiarizer(_folder(given)), ()
    if kind != "onnx":
        raise TapeError(Problem(f"there is no diarizer {kind!r}.", hint=nearest(wish.diarizer, DIARIZERS)))
    if given:
        names = given.split(",")
        if len(names) != 2:
            raise TapeError("onnx: takes two models: onnx:SEGMENTATION,EMBEDDING")
        models = (
            find_model(names[0].strip(), kind="segmentation"),
            find_model(names[1].strip(), kind="embedding"),
        )
    else:
        there = default_models()
        if there.segmentation is None or there.embedding is None:
            raise _absent(
                "telling speakers apart", ("segmentation-3.0", "campplus"), "--channels, or rttm:FILE"
            )
        models = (there.segmentation, there.embedding)
    hashes = {f"{m.name}/{name}": sha for m in models for name, sha in m.hashes.items()}
    segmentation, embedding = (str(m.path) for m in models)
    return OnnxDiarizer(segmentation, embedding, hashes=hashes, threads=wish.threads), models


def _recognizer(kind: str, given: str, wish: Wish) -> tuple[Recognizer | None, tuple[SpeechModel, ...]]:
    if kind == "none":
        return None, ()
    if kind == "whispercpp":
        file = _file(given, "whispercpp")
        return WhisperCpp(file, language=wish.language, threads=wish.threads), ()
    if kind != "faster-whisper":
        raise TapeError(
            Problem(f"there is no recognizer {kind!r}.", hint=nearest(wish.recognizer, RECOGNIZERS))
        )
    model = find_model(given, kind="recognition") if given else default_models().recognition
    if model is None:
        raise _absent("recognizing words", ("whisper-base",), "--recognizer none (turns without words)")
    made = FasterWhisper(
        model.folder,
        name=model.name,
        hashes=model.hashes,
        language=wish.language,
        glossary=wish.glossary,
        threads=wish.threads,
    )
    return made, (model,)


def _absent(what: str, names: Sequence[str], other: str) -> TapeError:
    adds = ", then ".join(f"bordin model add {name}" for name in names)
    return TapeError(
        Problem(f"no model for {what} is on this computer yet.", hint=f"Next: {adds}. Without one: {other}.")
    )


def _file(given: str, kind: str) -> Path:
    path = Path(given)
    if not given or not path.is_file():
        what = f"there is no file {path.name!r}." if given else f"{kind}: names no file."
        raise TapeError(Problem(what, hint=f"Write {kind}:FILE, with the path of a file."))
    return path


def _folder(given: str) -> Path:
    path = Path(given)
    if not given or not path.is_dir():
        what = f"there is no folder {path.name!r}." if given else "pyannote: names no folder."
        raise TapeError(Problem(what, hint="Write pyannote:DIR, with the folder of a downloaded pipeline."))
    return path
