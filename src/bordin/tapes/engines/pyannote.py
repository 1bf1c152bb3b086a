"""Diarization by pyannote.audio, from a folder on this computer, with its reports of usage switched off."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import Any

from bordin.errors import Problem, TapeError
from bordin.tapes.engines.shapes import Sound, Tell
from bordin.tapes.shapes import SAMPLE_RATE, EngineFacts, Turn

# Set before anything of pyannote is imported: it reports file lengths and speaker counts by default.
SILENCED = {
    "PYANNOTE_METRICS_ENABLED": "0",
    "OTEL_SDK_DISABLED": "true",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
}
CONFIG = "config.yaml"


class PyannoteDiarizer:
    """A pyannote.audio pipeline.

    Parameters
    ----------
    folder : Path
        Holds the pipeline's ``config.yaml`` and its models; nothing is fetched.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def facts(self) -> EngineFacts:
        """Say which folder, with the hash of each of its files, and which package."""
        from importlib.metadata import PackageNotFoundError, version

        try:
            known = version("pyannote.audio")
        except PackageNotFoundError:
            known = ""
        model = {}
        if (self.folder / CONFIG).is_file():
            for path in sorted(p for p in self.folder.rglob("*") if p.is_file()):
                with path.open("rb") as file:
                    sha256 = hashlib.file_digest(file, "sha256").hexdigest()
                model[path.relative_to(self.folder).as_posix()] = sha256
        return EngineFacts(
            "diarization", f"pyannote {self.folder.name}", model, version=f"pyannote.audio {known}"
        )

    def diarize(self, sound: Sound, *, speakers: int, tell: Tell) -> tuple[Turn, ...]:
        """Return turns without words, by start; see `Diarizer`."""
        pipeline, torch = self._load()
        waveform = torch.from_numpy(sound.read(0.0, sound.duration)[None])
        asked = {"num_speakers": speakers} if speakers else {}
        outcome = pipeline({"waveform": waveform, "sample_rate": SAMPLE_RATE}, **asked)
        # Version 4 wraps the annotation, version 3 returns it.
        annotation = getattr(outcome, "speaker_diarization", outcome)
        found = [
            Turn(str(label), float(s.start), float(s.end))
            for s, _, label in annotation.itertracks(yield_label=True)
        ]
        tell(1.0)
        ordered = sorted(found, key=lambda t: (t.start, t.end))
        names = {old: f"S{i + 1}" for i, old in enumerate(dict.fromkeys(t.speaker for t in ordered))}
        return tuple(Turn(names[t.speaker], t.start, t.end) for t in ordered)

    def _load(self) -> tuple[Any, Any]:
        loaded_before = any(name.startswith("pyannote.audio") for name in sys.modules)
        if loaded_before and any(os.environ.get(k) != v for k, v in SILENCED.items()):
            raise TapeError(
                "pyannote.audio was imported before its reports of usage were switched off. "
                f"Start anew with the environment variable {next(iter(SILENCED))}=0."
            )
        os.environ.update(SILENCED)
        try:
            import torch
            from pyannote.audio import Pipeline
        except ImportError:
            raise TapeError(
                Problem(
                    "pyannote.audio is not installed.",
                    hint="It needs torch and is no part of bordin: install pyannote.audio, or use --diarizer onnx.",
                )
            ) from None
        config = self.folder / CONFIG
        if not config.is_file():
            raise TapeError(
                Problem(
                    f"{self.folder.name!r} holds no config.yaml.",
                    hint="Give the folder of a pyannote pipeline that was downloaded whole.",
                )
            )
        return Pipeline.from_pretrained(config), torch
