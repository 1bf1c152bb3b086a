"""The lane of real models: `bordin tape` as a person calls it, on sessions whose turns and words are known.

`make tapes-real` fetches the models, has the sessions spoken, and names both folders in the two variables
below. Without them every test here is skipped and says why. Each session is worked on once, and all tests
read what came of it; the figures are printed at the end.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import wave
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from bordin.tapes.shapes import SAMPLE_RATE
from bordin.tapes.sound.working_copy import WorkingCopy, measure

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SHARED = ROOT.parent / "shared" / "data" / "tapes"
MODELS, VOICES = "BORDIN_TEST_MODELS", "BORDIN_TEST_VOICES"
DIARIZATION, RECOGNITION = ("segmentation-3.0", "campplus"), ("whisper-base",)
# Between the reference's sixth turn and its seventh nobody speaks.
EXCERPT_SECONDS = 30.1


@dataclass(frozen=True)
class Ran:
    """What one run of `bordin tape process` made."""

    record: dict[str, Any]
    seconds: float
    text: str

    @property
    def evaluation(self) -> dict[str, Any]:
        return dict(self.record["evaluation"])

    @property
    def words(self) -> list[str]:
        return [w["text"] for t in self.record["turns"] for w in t["words"]]


@dataclass
class Program:
    """`bordin` in a process of its own, with the models of the lane, and without the network of the tests' guard."""

    models: Path
    home: Path
    extra: dict[str, str] = field(default_factory=dict)

    def call(
        self, *words: object, before: tuple[str, ...] = (), **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Run it; the outcome is the caller's to judge."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("BORDIN_")}
        own |= {"BORDIN_MODELS": str(self.models), "HOME": str(self.home), **self.extra, **more}
        command = [*before, sys.executable, "-m", "bordin", *map(str, words)]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, env=own, stdin=subprocess.DEVNULL
        )

    def run(self, *words: object, before: tuple[str, ...] = (), **more: str) -> str:
        """Run it and return what it prints; it has to succeed."""
        done = self.call(*words, before=before, **more)
        assert done.returncode == 0, f"{words}: {done.stderr or done.stdout}"
        return done.stdout

    def process(self, *words: object, before: tuple[str, ...] = ()) -> Ran:
        """Run `bordin tape process ... --json`."""
        started = time.perf_counter()
        text = self.run("tape", "process", *words, "--json", before=before)
        return Ran(json.loads(text), time.perf_counter() - started, text)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip this lane as a whole, in few lines, where it was not asked for."""
    if os.environ.get(MODELS):
        return
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=f"{MODELS} names no folder of models: make tapes-real"))


def _models_folder(*names: str) -> Path:
    folder = Path(os.environ[MODELS])
    missing = [name for name in names if not (folder / name / "model.json").is_file()]
    if missing:
        pytest.skip(f"no model {', '.join(missing)} in the folder of {MODELS}: .ci/models.sh says why")
    return folder


@pytest.fixture(scope="session")
def diarizing(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """With the models that tell speakers apart."""
    return Program(_models_folder(*DIARIZATION), tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def bordin(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """With all models."""
    return Program(_models_folder(*DIARIZATION, *RECOGNITION), tmp_path_factory.mktemp("home"))


def _shared(name: str) -> Path:
    path = SHARED / name
    if not path.is_file():
        pytest.skip(f"there is no {name} in ../shared/data/tapes")
    return path


@pytest.fixture(scope="session")
def spoken() -> Callable[[str], Path]:
    """Return a function that finds a session which `.ci/voices.sh` had spoken."""
    return _spoken


def _spoken(name: str) -> Path:
    folder = os.environ.get(VOICES)
    if not folder:
        pytest.skip(f"{VOICES} names no folder of spoken sessions: make tapes-real")
    path = Path(folder) / f"session_{name}.wav"
    if not path.is_file():
        pytest.skip(f"session_{name}.wav was not spoken: .ci/voices.sh says why")
    return path


@pytest.fixture(scope="session")
def figures(request: pytest.FixtureRequest) -> dict[str, Ran]:
    """Runs whose figures are printed at the end."""
    found: dict[str, Ran] = request.config.stash.setdefault(FIGURES, {})
    return found


@pytest.fixture(scope="session")
def whole(
    bordin: Program, figures: dict[str, Ran], tmp_path_factory: pytest.TempPathFactory
) -> WholeSessions:
    """Sessions with turns and words, each worked on when it is first asked for."""
    return WholeSessions(bordin, figures, tmp_path_factory.mktemp("whole"))


class WholeSessions:
    """Sessions that were worked on, with the folders in which that is kept."""

    def __init__(self, program: Program, figures: dict[str, Ran], folder: Path) -> None:
        self.program, self.figures, self.folder = program, figures, folder

    def options(self, name: str) -> list[object]:
        """Return what `bordin tape process` is told for a session."""
        recording = _shared(f"{name}.flac")
        reference = _shared(f"{name.removesuffix('_stereo')}.rttm")
        channels = ["--channels", "therapist,client"] if name.endswith("_stereo") else []
        return [recording, "--reference", reference, "--out", self.folder / name, *channels]

    def __getitem__(self, name: str) -> Ran:
        if name not in self.figures:
            self.figures[name] = self.program.process(*self.options(name))
        return self.figures[name]


@pytest.fixture(scope="session")
def excerpt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first half minute of a session, as WAV, with its reference beside it."""
    working = BytesIO()
    measure(_shared("session_mf.flac"), working)
    samples = WorkingCopy(working).read(0.0, EXCERPT_SECONDS)
    path = tmp_path_factory.mktemp("excerpt") / "S001.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((samples * 32_767).astype("<i2").tobytes())
    turns = [t for t in json.loads(_shared("session_mf.json").read_text()) if t["end"] < EXCERPT_SECONDS]
    path.with_suffix(".json").write_text(json.dumps(turns))
    return path


@pytest.fixture(scope="session")
def half_minute(bordin: Program, excerpt: Path) -> Ran:
    """The excerpt, worked on once; what was made of it lies in the folder `out` beside it."""
    return bordin.process(excerpt, "--out", excerpt.parent / "out")


@pytest.fixture(scope="session")
def sample_tape() -> Path:
    """The twelve seconds that come with bordin."""
    return ROOT / "src" / "bordin" / "tapes" / "sample.flac"


@pytest.fixture(scope="session")
def sample(bordin: Program, sample_tape: Path) -> Ran:
    """Those twelve seconds, worked on once."""
    return bordin.process(sample_tape)


# ---------------------------------------------------------------- the table of figures

FIGURES: pytest.StashKey[dict[str, Ran]] = pytest.StashKey()
SHARES = ("confusion", "missed", "false_alarm", "der", "wer", "wrong_speaker")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the figures of all sessions that were worked on."""
    found = config.stash.get(FIGURES, {})
    if not found:
        return
    terminalreporter.section("tapes with real models: shares in percent")
    terminalreporter.line(
        f"{'':<24}"
        + "".join(f"{name.replace('_', ' '):>14}" for name in SHARES)
        + "  backchannels: words, vocalization, lost      seconds"
    )
    for name, ran in found.items():
        e, b = ran.evaluation, ran.evaluation["backchannels"]
        cells = "".join(f"{'-' if e[k] is None else format(100 * e[k], '.2f'):>14}" for k in SHARES)
        counts = f"{b['as_words']}, {b['as_vocalization']}, {b['lost']}"
        terminalreporter.line(f"{name:<24}{cells}  {counts:<40}{ran.seconds:>12.0f}")
