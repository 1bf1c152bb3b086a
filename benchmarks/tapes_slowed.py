"""`bordin` with slow steps and, unless real ones are asked for, made-up speech engines; for `tape_kills.py`.

    python benchmarks/tapes_slowed.py VERB ...

It writes a line into BORDIN_KILLS_LOG at each step, so that a kill can be told by the stage it fell into.
BORDIN_KILLS_STEP is the length of a step in seconds; with BORDIN_KILLS_REAL the engines are bordin's own.
A process that it starts imports this file again, so it is slowed and notes in the same way.

The made-up recognizer reads its words from numbers in the sound (`tape_kills.sound`), so that a transcript
shows which recording, and which second of it, was really heard.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bordin.study import tapes as study_tapes
from bordin.tapes import stages
from bordin.tapes.engines import choose as choosing
from bordin.tapes.engines.shapes import Heard
from bordin.tapes.shapes import SAMPLE_RATE, EngineFacts, Stretch, Turn, Word
from bordin.tapes.vault import drafts, opening, plain_files
from bordin.tapes.vault.plain_files import Writer

STEP = float(os.environ.get("BORDIN_KILLS_STEP", "0"))
REAL = bool(os.environ.get("BORDIN_KILLS_REAL"))
LOG = os.open(os.environ.get("BORDIN_KILLS_LOG", os.devnull), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

# The file of a tape that is being written, and what that is called.
WRITTEN = {
    "vault.json": "making the vault",
    "original": "recording",
    "working.wav": "working copy",
    "peaks": "peaks",
    "facts.json": "facts",
    "tape.json": "facts",
    "transcript.json": "transcript",
}
ADDING = ("hashing", "recording", "working copy", "peaks", "facts", "appearing")
PROCESSING = (
    "choosing engines",
    "voice activity",
    "diarization",
    "recognition",
    "keeping an outcome",
    "transcript",
)
OUTSIDE = ("start-up", "starting a worker", "making the vault", "between tapes")


def note(stage: str) -> None:
    os.write(LOG, f"{os.getpid()}\t{stage}\n".encode())


def step(stage: str, times: int = 1) -> None:
    for _ in range(times):
        note(stage)
        time.sleep(STEP)


def around(module: Any, name: str, stage: str) -> None:
    """Have a function note its stage, and take a step before and after."""
    real = getattr(module, name)

    def slowed(*given: Any, **named: Any) -> Any:
        step(stage)
        found = real(*given, **named)
        step(stage)
        return found

    setattr(module, name, slowed)


# ---------------------------------------------------------------- made-up engines


class MadeUp:
    """Voice activity, diarizer and recognizer of sound that `tape_kills.sound` made."""

    def __init__(self, stage: str) -> None:
        self.stage = stage

    def facts(self) -> EngineFacts:
        return EngineFacts(self.stage, "made up")

    def find(self, sound: Any, tell: Any, channel: int | None = None) -> tuple[Stretch, ...]:
        found = []
        for second in range(round(sound.duration)):
            step(self.stage)
            if sound.read(second, second + 0.9).any():
                found.append(Stretch(float(second), second + 0.9))
        return tuple(found)

    def diarize(self, sound: Any, *, speakers: int, tell: Any) -> tuple[Turn, ...]:
        found = []
        for second in range(round(sound.duration)):
            step(self.stage)
            found.append(Turn(f"S{second % 2 + 1}", float(second), second + 0.95))
        return tuple(found)

    def hear(self, samples: Any, start: float, speech: Sequence[Stretch]) -> Heard:
        step(self.stage, 2)
        words = []
        for s in speech:
            at = round((s.start - start) * SAMPLE_RATE)
            tape, second = np.rint(samples[at : at + 2] * 32768).astype(int)
            words.append(Word(f"tape-{tape}-second-{second}", s.start + 0.1, s.start + 0.5))
        return Heard(tuple(words), "en")


def made_up(wish: Any) -> tuple[stages.Engines, tuple[str, ...]]:
    engines = stages.Engines(
        MadeUp("diarization"),
        MadeUp("recognition"),
        activity=MadeUp("voice activity"),  # type: ignore[arg-type]
        speakers=wish.speakers,
    )
    return engines, ()


# ---------------------------------------------------------------- where steps are taken


def slow_writing() -> None:
    """Take steps while a file is written, and right before and after it gets its name."""
    begin, put, close = Writer.__init__, Writer._put, Writer.close

    def stage_of(role: str) -> str:
        return WRITTEN.get(role, "keeping an outcome" if role.startswith("stages/") else "facts")

    def __init__(self: Writer, path: Any, role: str, tape: str) -> None:
        step(stage_of(role))
        begin(self, path, role, tape)

    def _put(self: Writer, plain: Any) -> None:
        step(stage_of(self._role))
        put(self, plain)

    def slowed_close(self: Writer) -> None:
        if not self.closed and self._out is not None:
            step(stage_of(self._role))
        close(self)

    def renamed(rename: Callable[..., None]) -> Callable[..., None]:
        def slowed(old: Any, new: Any, **named: Any) -> None:
            time.sleep(STEP)
            rename(old, new, **named)
            time.sleep(STEP)

        return slowed

    Writer.__init__, Writer._put, Writer.close = __init__, _put, slowed_close  # type: ignore[method-assign]
    plain_files.os.replace = renamed(os.replace)  # type: ignore[attr-defined]


def slow_all() -> None:
    slow_writing()
    around(study_tapes, "_hash", "hashing")
    around(drafts, "wrap_data_key", "facts")
    around(opening, "create_vault", "making the vault")
    around(os, "rename", "appearing")
    # One second a part, so that recognition is kept, and goes on, many times a tape.
    seconds = float(os.environ.get("BORDIN_KILLS_PART", "1"))
    stages.parts.__defaults__ = (seconds,)
    if REAL:
        from bordin.tapes.engines.faster_whisper import FasterWhisper
        from bordin.tapes.engines.onnx import OnnxDiarizer
        from bordin.tapes.engines.voice_activity import SileroActivity

        around(SileroActivity, "find", "voice activity")
        around(OnnxDiarizer, "diarize", "diarization")
        around(FasterWhisper, "hear", "recognition")
    else:
        choosing.choose = study_tapes.choose = made_up  # type: ignore[attr-defined]
    around(study_tapes, "choose", "choosing engines")
    for name in ("add_tape", "process_tape"):
        real = getattr(study_tapes, name)
        setattr(study_tapes, name, Task(name, real))


class Task:
    """A piece of work that says when it is done; another process finds it by the name of its function."""

    def __init__(self, name: str, real: Callable[..., Any]) -> None:
        self.name, self.real = name, real

    def __call__(self, *given: Any) -> Any:
        found = self.real(*given)
        step("between tapes")
        return found

    def __reduce__(self) -> tuple[Callable[[str], Any], tuple[str]]:
        return found_task, (self.name,)


def found_task(name: str) -> Any:
    return getattr(study_tapes, name)


slow_all()
note("start-up" if __name__ == "__main__" else "starting a worker")

if __name__ == "__main__":
    from bordin.cli import main

    sys.exit(main())
