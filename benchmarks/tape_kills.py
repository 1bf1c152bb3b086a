"""Runs of `bordin tape` killed without warning, and begun again, until all tapes are done: is anything lost?

    python benchmarks/tape_kills.py [--rounds 50] [--tapes 20] [--seed 1] [--real FILE ...] [--json FILE]

Short recordings are added to a study and worked on, in one process or two, and the run is killed (SIGKILL): in
some rounds the program that was started, in others with all its processes; at a random moment, or at a random
moment of the stage that was hit least so far. After each kill every file is searched for sound in the clear.
After the last kill the work is brought to its end, and everything is checked: each tape is whole and there once,
each transcript is that of its tape, nothing half-written, no process and no lock is left.

The steps are slowed and the engines made up (`tapes_slowed.py`), so that kills fall into every stage. With
--real the recordings that are named are worked on by bordin's own engines (models: BORDIN_MODELS), and the
transcripts have to be those of a run that nobody disturbed.

The status is 1 when there was a fault. Needs Linux or macOS.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import wave
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bordin.study.tapes import TRANSCRIPT, read_tape_transcript
from bordin.tapes.vault.keys import KeyFile
from bordin.tapes.vault.opening import open_vault
from bordin.tapes.vault.owning import owned
from bordin.tapes.vault.vault import Vault

HERE = Path(__file__).parent
SLOWED = HERE / "tapes_slowed.py"
RATE = 16_000
# Loud samples that stand in every recording ten times a second, and in nothing else on a computer.
MARK = np.array([31547, -29871, 30211, -31013, 28657, -30977, 31991, -28111], "<i2")
ADDING = ("hashing", "recording", "working copy", "peaks", "facts", "appearing")
PROCESSING = (
    "choosing engines",
    "voice activity",
    "diarization",
    "recognition",
    "keeping an outcome",
    "transcript",
)
BETWEEN = ("start-up", "starting a worker", "making the vault", "between tapes")
# A worker has to end by itself this soon after the run that started it was killed.
ORPHAN_SECONDS = 3.0
PROTOCOL = """\
format = 1

[study]
title = "Kills"
aim = "To be stopped and to go on."
seed = 1

[data.participants]
file = "participants.csv"

[data.sessions]
file = "sessions.csv"

[data.process]
file = "process.csv"
session = "only"

[table]
rows = ["process.talk_share_client"]
columns = ["process.turns_client"]

[tapes]
language = "en"
"""


def sound(tape: int, seconds: int) -> np.ndarray[Any, Any]:
    """Make a recording: noise; each second begins with the number of the tape and of the second."""
    rng = np.random.default_rng(tape)
    samples = rng.integers(-2_000, 2_000, seconds * RATE).astype("<i2")
    for start in range(0, len(samples), RATE // 10):
        samples[start + 8 : start + 8 + len(MARK)] = MARK
    for second in range(seconds):
        samples[second * RATE : second * RATE + 2] = tape, second
    return samples


def words_of(tape: int, seconds: int) -> list[str]:
    """Return what the made-up recognizer has to hear on it."""
    return [f"tape-{tape}-second-{second}" for second in range(seconds)]


def in_memory_forms(samples: np.ndarray[Any, Any]) -> list[bytes]:
    """Return samples as a program might write them: 16-bit, and as it holds them for computing."""
    return [samples.astype("<i2").tobytes(), (samples.astype("<f4") / 32768).tobytes()]


# ---------------------------------------------------------------- the place


def make_study(folder: Path, sessions: Sequence[str]) -> Path:
    """Make a study that has nothing but sessions; each is of another participant."""
    (folder / "data").mkdir(parents=True)
    (folder / "study.toml").write_text(PROTOCOL, encoding="utf-8")
    people = "".join(f"P{name}\n" for name in sessions)
    (folder / "data" / "participants.csv").write_text("participant\n" + people, encoding="utf-8")
    rows = "".join(f"{name},P{name},1,yes\n" for name in sessions)
    head = "session,participant,number,tape\n"
    (folder / "data" / "sessions.csv").write_text(head + rows, encoding="utf-8")
    return folder


@dataclass
class Place:
    """A study with recordings, and folders of its own for all that a run may write."""

    folder: Path
    sources: dict[str, Path]
    marks: list[bytes]
    words: dict[str, list[str]] | None = None
    step: float = 0.0
    part: float = 1.0
    real: bool = False
    orphans: float = ORPHAN_SECONDS

    def __post_init__(self) -> None:
        self.study, self.log = self.folder / "study", self.folder / "log"
        self.key = self.folder / "key"
        for name in ("tmp", "cwd", "home"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        make_study(self.study, list(self.sources))

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """Start bordin as a session of its own."""
        self.log.write_bytes(b"")
        env = {
            **os.environ,
            "BORDIN_KEY_FILE": str(self.key),
            "BORDIN_KILLS_LOG": str(self.log),
            "BORDIN_KILLS_STEP": str(self.step),
            "BORDIN_KILLS_PART": str(self.part),
            "BORDIN_KILLS_REAL": "1" if self.real else "",
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
        }
        return subprocess.Popen(
            [sys.executable, str(SLOWED), "tape", *words],
            env=env,
            cwd=self.folder / "cwd",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def words_for(self, verb: str, processes: int) -> list[str]:
        files = [str(p) for p in self.sources.values()] if verb == "add" else []
        return [verb, str(self.study), *files, "--processes", str(processes)]

    def finish(self, verb: str, processes: int = 1) -> tuple[int, str]:
        """Run one verb to its end; return its status and what it told."""
        run = self.begin(*self.words_for(verb, processes))
        told, _ = run.communicate()
        return run.returncode, told

    def notes(self) -> list[tuple[int, str]]:
        """Return what the processes of the present run noted: (process, stage)."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return [(int(pid), stage) for pid, stage in (line.split("\t") for line in lines)]

    def vault(self) -> Vault:
        return open_vault(self.study / "tapes", KeyFile(self.key))

    def counts(self) -> tuple[int, int]:
        """Return how many tapes there are, and how many of them have a transcript; no key is needed."""
        tapes = list((self.study / "tapes").glob("T-*"))
        return len(tapes), sum((t / f"{TRANSCRIPT}.sealed").exists() for t in tapes)

    def in_the_clear(self) -> list[str]:
        """Search all that a run may have written for sound."""
        places = [self.study, *(self.folder / n for n in ("tmp", "cwd", "home")), Path("/dev/shm")]
        return [str(p) for root in places for p in files_below(root) if self.holds_sound(p)]

    def holds_sound(self, path: Path) -> bool:
        try:
            data = path.read_bytes()
        except OSError:  # another program's, or gone
            return False
        return any(mark in data for mark in self.marks)


def files_below(root: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder) / name
            if path.is_file() and not path.is_symlink():
                yield path


def made_up_place(folder: Path, tapes: int, seconds: int, step: float) -> Place:
    sources, words = {}, {}
    (folder / "recorder").mkdir(parents=True)
    for tape in range(1, tapes + 1):
        name = f"S{tape:03d}"
        sources[name] = folder / "recorder" / f"{name}.wav"
        words[name] = words_of(tape, seconds)
        with wave.open(str(sources[name]), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(sound(tape, seconds).tobytes())
    return Place(folder, sources, in_memory_forms(MARK), words, step)


def real_place(folder: Path, files: Sequence[Path]) -> Place:
    """Take real recordings; what is searched for are loud places of each."""
    from bordin.tapes.sound.decoding import decode

    sources, marks = {}, []
    for number, path in enumerate(files, 1):
        name = f"S{number:03d}"
        (folder / "recorder").mkdir(parents=True, exist_ok=True)
        sources[name] = folder / "recorder" / f"{name}{path.suffix}"
        sources[name].write_bytes(path.read_bytes())
        with decode(path) as blocks:
            samples = np.concatenate(list(blocks))[:, 0]
        for second in range(0, len(samples) - RATE, RATE):
            loudest = second + int(np.argmax(np.abs(samples[second : second + RATE].astype(int))))
            marks += in_memory_forms(samples[loudest : loudest + 16])
    return Place(folder, sources, marks, real=True, part=10.0)


# ---------------------------------------------------------------- kills


@dataclass
class Tally:
    """What happened over all rounds."""

    rounds: int
    kills: int = 0
    ended_first: int = 0
    stages: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    orphan_seconds: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def fault(self, text: str) -> None:
        if text not in self.faults:
            self.faults.append(text)


def living(session: int) -> list[int]:
    """Return the processes of a session that still run."""
    if not Path("/proc/self/stat").exists():
        try:
            os.killpg(session, 0)
        except (ProcessLookupError, PermissionError):
            return []
        return [session]
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(state[3]) == session and state[0] not in "ZX":
                found.append(int(entry.name))
    return found


def wait_for_end(session: int, seconds: float) -> float | None:
    """Wait until no process of a session is left; return how long that took, None when some stay."""
    start = time.monotonic()
    while living(session):
        if time.monotonic() - start > seconds:
            return None
        time.sleep(0.02)
    return time.monotonic() - start


def kill_one(place: Place, tally: Tally, verb: str, rng: random.Random, pace: float) -> None:
    """Start a run and kill it; count where that was."""
    processes = 1 + tally.kills % 2
    whole_group = processes == 2 and (tally.kills // 2) % 2 == 1
    stages = [*(ADDING if verb == "add" else PROCESSING), "between tapes"]
    if processes == 2:
        stages.append("starting a worker")
    # Every second pair of kills waits for the stage that was hit least; else any moment is as good as another.
    aim = min(stages, key=lambda s: (tally.stages[s], rng.random())) if (tally.kills // 2) % 2 else None
    if tally.kills < 2 and not (place.study / "tapes" / "vault.json").exists():
        aim = "making the vault"
    early = aim is None and rng.random() < 0.15
    run = place.begin(*place.words_for(verb, processes))
    try:
        reached = wait_for_moment(place, run, aim, rng.uniform(0.05, 0.9) if early else None, rng, pace)
        if reached:
            target = os.killpg if whole_group else os.kill
            target(run.pid, signal.SIGKILL)
        told, _ = run.communicate(timeout=60) if not reached or whole_group else ("", run.wait())
        if not reached:
            tally.ended_first += 1
            if run.returncode:
                tally.fault(f"a run that was left alone ended with status {run.returncode}: {told[-400:]}")
            return
        took = wait_for_end(run.pid, place.orphans)
    finally:
        if living(run.pid):
            os.killpg(run.pid, signal.SIGKILL)
        if run.stdout is not None:
            run.stdout.close()
    if took is None:
        tally.fault(f"a worker still ran {place.orphans:g} s after its run was killed")
    elif processes == 2 and not whole_group:
        tally.orphan_seconds.append(took)
    tally.kills += 1
    who = "one process" if processes == 1 else "two, all" if whole_group else "two, first only"
    tally.kinds[f"{verb}, {who}"] += 1
    tally.stages.update(stages_hit(place))
    for path in place.in_the_clear():
        tally.fault(f"sound in the clear after a kill: {path}")


def wait_for_moment(
    place: Place,
    run: subprocess.Popen[str],
    aim: str | None,
    early: float | None,
    rng: random.Random,
    pace: float,
) -> bool:
    """Wait for the moment to kill; False when the run ended first."""
    if early is None:
        wanted = set(ADDING + PROCESSING + BETWEEN[1:]) if aim is None else {aim}
        seen = -1
        while run.poll() is None:
            size = place.log.stat().st_size
            if size != seen and any(stage in wanted for _, stage in place.notes()):
                break
            seen = size
            time.sleep(0.002)
        # A stage lasts a few steps; work lasts as long as it is given.
        time_left = rng.uniform(0.0, 3 * place.step + 0.005) if aim else rng.uniform(0.0, pace)
    else:
        time_left = early
    until = time.monotonic() + time_left
    while run.poll() is None and time.monotonic() < until:
        time.sleep(0.002)
    return run.poll() is None


def stages_hit(place: Place) -> list[str]:
    """Return what the workers, or else the one process, were doing when they ended."""
    last = dict(place.notes())
    if len(last) > 1:
        first = next(iter(last))
        last.pop(first)  # it waited for the others
    return list(last.values()) or ["start-up"]


def campaign(
    place: Place, rounds: int, seed: int = 1, seconds_a_tape: tuple[float, float] = (1.5, 3.0)
) -> Tally:
    """Kill runs, then bring the work to its end.

    The first half of the kills falls on adding, the second on working, and they alternate where both can be.
    """
    rng, tally, tapes = random.Random(seed), Tally(rounds), len(place.sources)
    # With real engines adding is over in a moment.
    adding = 1 if place.real else rounds - rounds // 2
    shares = {"add": adding, "process": rounds - adding}
    done: Counter[str] = Counter()
    while tally.kills < rounds and tally.ended_first < rounds:
        added, made = place.counts()
        verb = "add" if done["add"] <= done["process"] or not added else "process"
        if verb == "add" and (added == tapes or done["add"] >= shares["add"]):
            verb = "process"
        if verb == "process" and made == added and added < tapes:
            verb = "add"
        left = tapes - (added if verb == "add" else made)
        slow = seconds_a_tape[verb == "process"]
        pace = 2 * slow * max(left, 0.3) / max(shares[verb] - done[verb], 1)
        before = tally.kills
        kill_one(place, tally, verb, rng, min(max(pace, 0.3), 20 * slow))
        done[verb] += tally.kills - before
    for verb, processes in (("add", 1), ("process", 2)):
        status, told = place.finish(verb, processes)
        if status:
            tally.fault(f"the last run of {verb} ended with status {status}: {told[-400:]}")
    return tally


# ---------------------------------------------------------------- what has to hold


def check(place: Place, tally: Tally, *, again: bool = True) -> None:
    """Look at everything after the last run; `again` begins both verbs once more, which have to do nothing."""
    vault = place.vault()
    gone = vault.clean()
    tapes = vault.tapes()
    if sorted(t.session for t in tapes) != sorted(place.sources):
        tally.fault(f"{len(tapes)} tapes of {len({t.session for t in tapes})} sessions")
    if len({t.facts()["sha256"] for t in tapes}) != len(place.sources):
        tally.fault("an original is there twice, or not at all")
    for tape in tapes:
        try:
            tape.verify()
        except Exception as error:
            tally.fault(f"{tape.session} is not whole: {error}")
        original = place.sources[tape.session].read_bytes()
        if tape.read_bytes("original") != original or tape.facts()["sha256"] != sha256(original):
            tally.fault(f"{tape.session} holds another recording")
        if not any(mark in tape.read_bytes("working.wav") for mark in place.marks):
            tally.fault(f"the search would not find the sound of {tape.session}")
        transcript = read_tape_transcript(tape)
        if place.words is not None and [w.text for w in transcript.words] != place.words[tape.session]:
            tally.fault(f"{tape.session} has the transcript of something else")
        once = Counter(n.rpartition("-")[0] for n in tape.names() if n.startswith("stages/"))
        if once["stages/voice-activity"] != 1 or once["stages/diarization"] != 1:
            tally.fault(f"stages of {tape.session} were kept more than once: {dict(once)}")
    left = [str(p) for p in files_below(place.study) if p.name.endswith(".part") or ".partial-" in str(p)]
    if left or gone:
        tally.fault(f"left after the last run: {sorted(map(str, gone))}, after cleaning: {left}")
    for lock in files_below(place.study / "tapes" / ".locks"):
        with owned(lock) as mine:
            if not mine:
                tally.fault(f"a lock is held: {lock.name}")
    for path in place.in_the_clear():
        tally.fault(f"sound in the clear at the end: {path}")
    if not all(place.holds_sound(p) for p in place.sources.values()) and not place.real:
        tally.fault("the search does not find the sound where it is")
    for verb, words in (
        () if not again else (("add", f"0 added, {len(tapes)} there already"), ("process", "done already"))
    ):
        status, told = place.finish(verb)
        if status or told.count(words) != (1 if verb == "add" else len(tapes)):
            tally.fault(f"{verb} did something once more: {told[-400:]}")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def compare(place: Place, undisturbed: Place, tally: Tally) -> None:
    """Have the transcripts of killed runs be those of a run that nobody disturbed."""
    for verb in ("add", "process"):
        status, told = undisturbed.finish(verb)
        if status:
            tally.fault(f"the undisturbed run of {verb} ended with status {status}: {told[-400:]}")
            return
    quiet = {t.session: json.loads(t.read_bytes(TRANSCRIPT)) for t in undisturbed.vault().tapes()}
    for tape in place.vault().tapes():
        found = json.loads(tape.read_bytes(TRANSCRIPT))
        if found != quiet[tape.session]:
            tally.fault(f"the transcript of {tape.session} is not that of an undisturbed run")


# ---------------------------------------------------------------- figures


def figures(tally: Tally, place: Place, seconds: float) -> dict[str, Any]:
    stages = (*BETWEEN, *ADDING, *PROCESSING)
    return {
        "kills": tally.kills,
        "runs that ended before their kill": tally.ended_first,
        "tapes": len(place.sources),
        "kinds": dict(sorted(tally.kinds.items())),
        "processes killed in each stage": {s: tally.stages[s] for s in stages},
        "stages never hit": [s for s in stages if not tally.stages[s]],
        "longest life of an orphan, s": max(tally.orphan_seconds, default=0.0),
        "wall, s": seconds,
        "faults": tally.faults,
    }


def show(found: dict[str, Any]) -> None:
    print(f"{found['kills']} kills, {found['tapes']} tapes, {found['wall, s']:.0f} s")
    for kind, count in found["kinds"].items():
        print(f"  {kind}: {count}")
    print("Processes killed in each stage:")
    for stage, count in found["processes killed in each stage"].items():
        print(f"  {stage:20} {count:3}")
    print(f"An orphaned worker lived {found['longest life of an orphan, s']:.2f} s at most.")
    print(f"Faults: {len(found['faults'])}")
    for fault in found["faults"]:
        print(f"  {fault}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=50, help="kills")
    parser.add_argument("--tapes", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=6, help="of each recording")
    parser.add_argument("--step", type=float, default=0.03, help="seconds of one slowed step")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--real", type=Path, nargs="+", help="recordings for bordin's own engines")
    parser.add_argument("--json", help="write the figures to this file too")
    asked = parser.parse_args()
    if not hasattr(os, "killpg"):
        print("This system cannot kill a group of processes; nothing was measured.")
        return 0
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bordin-kills-") as name:
        folder = Path(name)
        if asked.real:
            place, slow = real_place(folder / "killed", asked.real), (1.0, 15.0)
        else:
            place = made_up_place(folder / "killed", asked.tapes, asked.seconds, asked.step)
            slow = (35 * asked.step, (25 + 9 * asked.seconds) * asked.step)
        tally = campaign(place, asked.rounds, asked.seed, slow)
        check(place, tally)
        if asked.real:
            compare(place, real_place(folder / "undisturbed", asked.real), tally)
        found = figures(tally, place, time.monotonic() - start)
    show(found)
    if asked.json:
        Path(asked.json).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return int(bool(tally.faults))


if __name__ == "__main__":
    sys.exit(main())
