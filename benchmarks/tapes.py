"""Tapes: CPU time beside the bare engines, sealing, memory and random reads, in one run.

    python benchmarks/tapes.py [--parts engines,add,memory,reads,long] [--pairs 3] [--threads 1,2]
                               [--hours 3] [--long 7] [--recording FILE] [--json FILE]

engines  CPU time of `bordin tape process FILE --json` against a bare script of faster-whisper and sherpa-onnx's
         own diarization with the same models and threads (`tapes_bare.py`), in pairs of alternating order.
add      `bordin tape add` of a 50-minute recording, start of the program included: WAV, MP3 and M4A.
memory   Peak memory of `bordin tape add` and `tape process` for a tape of --hours (turns of the whole tape; and
         words of its first 15 minutes, where memory is noted after each part of 300 s).
reads    1 MB at random places of the sealed working copy of that tape: 1,000 times.
long     `bordin tape add` of a tape of --long hours.

Models are those on this computer (BORDIN_MODELS). What is missing is said, and the rest runs. Other programs
that run at the same time make CPU time longer too; the load of the machine is printed with each part.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bordin.tapes.sound.decoding import decode
from bordin.tapes.speech_models.speech_model import DefaultModels, default_models
from bordin.tapes.vault.keys import KeyFile
from bordin.tapes.vault.opening import open_vault
from tape_kills import make_study

HERE = Path(__file__).parent
ROOT = HERE.parent
SAMPLE = ROOT / "src" / "bordin" / "tapes" / "sample.flac"
SESSION = ROOT.parent / "shared" / "data" / "tapes" / "session_mf.flac"
RATE = 16_000
MB = 1_000_000
PARTS = ("engines", "add", "memory", "reads", "long")
CPU_TARGET, ADD_TARGET, MEMORY_TARGET, READ_TARGET = 1.05, 5.0, 2_000 * MB, 0.005


@dataclass(frozen=True)
class Used:
    """What a program used, its children included."""

    wall: float
    cpu: float
    peak: int
    status: int
    out: str

    def line(self) -> str:
        told = "" if self.status == 0 else f", ended with status {self.status}: {self.out.strip()[-200:]}"
        return f"{self.wall:6.2f} s wall, {self.cpu:6.2f} s CPU, {self.peak / MB:5.0f} MB at most{told}"


def used(command: Sequence[str | Path], **env: str) -> Used:
    """Run a program and measure it."""
    start = time.monotonic()
    run = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **env}
    )
    out = run.stdout.read() if run.stdout is not None else ""
    _, status, usage = os.wait4(run.pid, 0)
    run.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - start
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Used(wall, usage.ru_utime + usage.ru_stime, peak, run.returncode, out)


def bordin(*words: str | Path) -> list[str | Path]:
    return [sys.executable, "-m", "bordin", *words]


def load() -> str:
    return "load " + " ".join(f"{x:.1f}" for x in os.getloadavg()) + f" on {os.cpu_count()} processors"


def verdict(value: float, target: float) -> str:
    return "within" if value <= target else "MISSED"


# ---------------------------------------------------------------- recordings


def samples_of(recording: Path) -> np.ndarray[Any, Any]:
    with decode(recording) as blocks:
        return np.concatenate(list(blocks))[:, 0]


def repeated(samples: np.ndarray[Any, Any], seconds: float) -> Iterator[np.ndarray[Any, Any]]:
    left = round(seconds * RATE)
    while left > 0:
        yield samples[:left]
        left -= len(samples[:left])


def write_wav(path: Path, samples: np.ndarray[Any, Any], seconds: float) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        for piece in repeated(samples, seconds):
            file.writeframes(piece.tobytes())
    return path


def write_compressed(path: Path, samples: np.ndarray[Any, Any], seconds: float) -> Path:
    """Write MP3 or M4A at 44.1 kHz in stereo, as a recorder would."""
    import av

    codec = {".mp3": "libmp3lame", ".m4a": "aac"}[path.suffix]
    with av.open(str(path), "w") as file:
        stream: Any = file.add_stream(codec, rate=44_100)
        stream.layout, stream.bit_rate = "stereo", 128_000
        resampler = av.AudioResampler(stream.format, "stereo", 44_100, stream.frame_size or 1152)
        for piece in repeated(samples, seconds):
            for start in range(0, len(piece), RATE):
                block = piece[start : start + RATE]
                frame = av.AudioFrame.from_ndarray(np.stack([block, block]), "s16p", "stereo")
                frame.sample_rate = RATE
                for resampled in resampler.resample(frame):
                    file.mux(stream.encode(resampled))
        for resampled in resampler.resample(None):
            file.mux(stream.encode(resampled))
        file.mux(stream.encode(None))
    return path


class Bench:
    """What all parts share: a recording, models, and a folder that is removed in the end."""

    def __init__(self, folder: Path, recording: Path, asked: argparse.Namespace) -> None:
        self.folder, self.recording, self.asked = folder, recording, asked
        self.samples = samples_of(recording)
        self.models: DefaultModels = default_models()
        self.watched = folder / "watched"
        os.environ["BORDIN_KEY_FILE"] = str(folder / "key")

    def study(self, name: str) -> Path:
        return make_study(self.folder / name, ["S001"])

    def watch(self, *words: str | Path, threads: int | None = None) -> tuple[Used, list[dict[str, Any]]]:
        """Run bordin, and return what each stage used too."""
        self.watched.write_bytes(b"")
        extra = {} if threads is None else {"BORDIN_WATCHED_THREADS": str(threads)}
        found = used(
            [sys.executable, HERE / "tapes_watched.py", *words], BORDIN_WATCHED=str(self.watched), **extra
        )
        return found, [json.loads(line) for line in self.watched.read_text().splitlines()]

    def tape_of(self, hours: float) -> tuple[Path, Used]:
        """Return a study with one sealed tape of this length, and what adding it used."""
        study = self.folder / f"study-{hours:g}h"
        added = self.folder / f"study-{hours:g}h.json"
        if not added.exists():
            make_study(study, ["S001"])
            file = write_wav(self.folder / "S001.wav", self.samples, hours * 3600)
            once = used(bordin("tape", "add", study, file))
            file.unlink()
            added.write_text(json.dumps(once.__dict__))
        return study, Used(**json.loads(added.read_text()))


# ---------------------------------------------------------------- engines


def engines(bench: Bench) -> dict[str, Any]:
    m = bench.models
    if m.missing or m.segmentation is None or m.embedding is None or m.recognition is None:
        print(f"No model for {', '.join(m.missing)} is on this computer; the engines are not timed.")
        return {}
    file = bench.recording
    seconds = len(bench.samples) / RATE
    print(f"{m.recognition.name}, {seconds:.0f} s of sound, medians of {bench.asked.pairs} pairs:")
    figures: dict[str, Any] = {"recognizer": m.recognition.name, "seconds": seconds}
    for threads in bench.asked.threads:
        rows: dict[str, list[dict[str, float]]] = {"bordin": [], "bare": []}
        for pair in range(bench.asked.pairs):
            for side in ("bordin", "bare") if pair % 2 == 0 else ("bare", "bordin"):
                rows[side].append(
                    ours(bench, file, threads) if side == "bordin" else bare(bench, file, threads)
                )
        figures[f"{threads} threads"] = compared(rows, threads)
    return figures


def ours(bench: Bench, file: Path, threads: int) -> dict[str, float]:
    found, stages = bench.watch("tape", "process", file, "--json", "--language", "en", threads=threads)
    if found.status:
        raise RuntimeError(f"bordin tape process: {found.line()}")
    parts: dict[str, float] = {}
    for s in stages:
        parts[s["stage"]] = parts.get(s["stage"], 0.0) + s["cpu"]
    heard = parts["recognition"] + parts["voice activity"]
    rest = found.cpu - heard - parts["diarization"]
    return {
        "whole": found.cpu,
        "recognition": heard,
        "diarization": parts["diarization"],
        "the rest": rest,
    } | {f"({name})": cpu for name, cpu in parts.items() if name != "whole process"}


def bare(bench: Bench, file: Path, threads: int) -> dict[str, float]:
    m = bench.models
    models = [str(x.path) for x in (m.recognition, m.segmentation, m.embedding) if x is not None]
    found = used([sys.executable, HERE / "tapes_bare.py", file, *models, str(threads)])
    if found.status:
        raise RuntimeError(f"the bare engines: {found.line()}")
    parts = json.loads(found.out.splitlines()[-1])["parts"]
    rest = found.cpu - parts["recognition"] - parts["diarization"]
    return {
        "whole": found.cpu,
        "recognition": parts["recognition"],
        "diarization": parts["diarization"],
        "the rest": rest,
    }


def compared(rows: dict[str, list[dict[str, float]]], threads: int) -> dict[str, Any]:
    print(f" {threads} thread(s), CPU seconds ({load()}):")
    found: dict[str, Any] = {"runs": rows}
    for part in ("whole", "recognition", "diarization", "the rest"):
        a, b = (statistics.median(r[part] for r in rows[side]) for side in ("bordin", "bare"))
        ratios = [x[part] / y[part] for x, y in zip(rows["bordin"], rows["bare"], strict=True)]
        ratio = statistics.median(ratios)
        told = f"; target {CPU_TARGET}: {verdict(ratio, CPU_TARGET)}" if part == "whole" else ""
        spread = f"{min(ratios):.2f}-{max(ratios):.2f}"
        print(f"  {part:12} bordin {a:7.2f}, bare {b:7.2f}, ratio {ratio:.3f} ({spread}){told}", flush=True)
        found[part] = {"bordin": a, "bare": b, "ratio": ratio}
    for part in sorted({p for r in rows["bordin"] for p in r if p.startswith("(")}):
        print(f"    of bordin {part}: {statistics.median(r.get(part, 0.0) for r in rows['bordin']):.2f}")
    return found


# ---------------------------------------------------------------- adding


def add(bench: Bench) -> dict[str, Any]:
    seconds = bench.asked.minutes * 60
    print(f"bordin tape add, {bench.asked.minutes:g} minutes of sound, median of {bench.asked.repeats}:")
    figures: dict[str, Any] = {}
    for name, write in (
        ("WAV 16 kHz mono", write_wav),
        ("MP3 44.1 kHz stereo", write_compressed),
        ("M4A 44.1 kHz stereo", write_compressed),
    ):
        ending = name[:3].lower()
        try:
            file = write(bench.folder / f"S001.{ending}", bench.samples, seconds)
        except Exception as error:  # an encoder that this PyAV lacks
            print(f"  {name} could not be made here ({error}).")
            continue
        runs = [
            used(bordin("tape", "add", bench.study(f"add-{ending}-{i}"), file))
            for i in range(bench.asked.repeats)
        ]
        file.unlink()
        wall, cpu = (statistics.median(getattr(r, what) for r in runs) for what in ("wall", "cpu"))
        peak = max(r.peak for r in runs)
        print(
            f"  {name:20} {wall:5.2f} s wall, {cpu:5.2f} s CPU, {peak / MB:4.0f} MB at most; "
            f"target {ADD_TARGET:g} s: {verdict(wall, ADD_TARGET)} ({load()})",
            flush=True,
        )
        failed = [r.line() for r in runs if r.status]
        if failed:
            print(f"    {failed[0]}")
        figures[name] = {"wall": wall, "cpu": cpu, "peak": peak, "failed": len(failed)}
    return figures


# ---------------------------------------------------------------- memory


def memory(bench: Bench) -> dict[str, Any]:
    hours = bench.asked.hours
    study, added = bench.tape_of(hours)
    print(f"A tape of {hours:g} hours ({load()}):")
    print(f"  tape add                    {added.line()}")
    figures: dict[str, Any] = {"add": added.__dict__}
    if bench.models.segmentation is None or bench.models.embedding is None:
        print("  No model for telling speakers apart is on this computer; the rest is not measured.")
        return figures
    found, stages = bench.watch("tape", "process", study, "--recognizer", "none", "--quiet")
    print(f"  tape process, turns         {found.line()}; target 2 GB: {verdict(found.peak, MEMORY_TARGET)}")
    for s in stages:
        print(f"    after {s['stage']:20} {s['resident'] / MB:5.0f} MB, {s['peak'] / MB:5.0f} MB at most")
    figures["turns"] = {**found.__dict__, "out": "", "stages": stages}
    if bench.models.recognition is None:
        print("  No model for recognizing words is on this computer; words are not measured.")
        return figures
    short = make_study(bench.folder / "study-15min", ["S001"])
    file = write_wav(bench.folder / "S001.wav", bench.samples, 15 * 60)
    used(bordin("tape", "add", short, file))
    found, stages = bench.watch("tape", "process", short, "--language", "en", "--quiet")
    print(f"  tape process, words, 15 min {found.line()}")
    heard = [s for s in stages if s["stage"] == "recognition"]
    print("    after each part of 300 s:", ", ".join(f"{s['resident'] / MB:.0f} MB" for s in heard))
    print("    at most by then:         ", ", ".join(f"{s['peak'] / MB:.0f} MB" for s in heard))
    figures["words"] = {**found.__dict__, "out": "", "stages": stages}
    return figures


# ---------------------------------------------------------------- reads


def reads(bench: Bench) -> dict[str, Any]:
    study, _ = bench.tape_of(bench.asked.hours)
    (tape,) = open_vault(study / "tapes", KeyFile(bench.folder / "key")).tapes()
    rng = random.Random(1)
    times: dict[str, list[tuple[float, float]]] = {"open": [], "anew": []}
    with tape.reader("working.wav") as file:
        size = file.size
        places = [rng.randrange(size - MB) for _ in range(1_000)]
        for place in places:
            start, worked = time.perf_counter(), time.thread_time()
            file.seek(place)
            count = len(file.read(MB))
            times["open"].append((time.perf_counter() - start, time.thread_time() - worked))
    for place in places:
        start, worked = time.perf_counter(), time.thread_time()
        with tape.reader("working.wav") as file:
            file.seek(place)
            count = min(count, len(file.read(MB)))
        times["anew"].append((time.perf_counter() - start, time.thread_time() - worked))
    if count != MB:
        raise RuntimeError(f"a read gave {count} bytes")
    print(f"1 MB at 1,000 random places of {size / MB:.0f} MB, sealed, from the disk's cache ({load()}):")
    figures: dict[str, Any] = {}
    for how, told in (("open", "the file stays open"), ("anew", "opened anew each time")):
        ms = sorted(t * 1e3 for t, _ in times[how])
        cpu = sorted(t * 1e3 for _, t in times[how])
        middle, late, worst = statistics.median(ms), ms[990], ms[-1]
        print(
            f"  {told:22} median {middle:.2f} ms, 99th percentile {late:.2f} ms, worst {worst:.2f} ms "
            f"(CPU alone: median {statistics.median(cpu):.2f}, worst {cpu[-1]:.2f} ms); "
            f"target {READ_TARGET * 1e3:g} ms: {verdict(middle / 1e3, READ_TARGET)}"
        )
        figures[how] = {"median_ms": middle, "p99_ms": late, "worst_ms": worst, "worst_cpu_ms": cpu[-1]}
    return figures


# ---------------------------------------------------------------- a very long tape


def long(bench: Bench) -> dict[str, Any]:
    hours = bench.asked.long
    study, added = bench.tape_of(hours)
    (tape,) = open_vault(study / "tapes", KeyFile(bench.folder / "key")).tapes()
    facts = tape.facts()
    print(f"A tape of {hours:g} hours ({load()}):")
    print(f"  tape add {added.line()}")
    print(
        f"  {facts['recording']['decoded'] / 3600:.4f} h decoded, working copy of {tape.size('working.wav') / MB:.0f} MB"
    )
    for warning in facts["warnings"]:
        print(f"  Note: {warning}")
    start = time.monotonic()
    tape.verify()
    print(f"  read through whole in {time.monotonic() - start:.1f} s")
    return {**added.__dict__, "decoded": facts["recording"]["decoded"], "warnings": facts["warnings"]}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", default=",".join(PARTS), help="which parts, of " + ", ".join(PARTS))
    parser.add_argument("--pairs", type=int, default=3, help="of bordin and the bare engines")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--repeats", type=int, default=3, help="of each tape add")
    parser.add_argument("--minutes", type=float, default=50.0)
    parser.add_argument("--hours", type=float, default=3.0)
    parser.add_argument("--long", type=float, default=7.0)
    parser.add_argument("--recording", type=Path, help="speech of two people, about three minutes")
    parser.add_argument("--folder", help="where some gigabytes may be written for a while")
    parser.add_argument("--json", help="write the figures to this file too")
    asked = parser.parse_args()
    asked.threads = [int(t) for t in asked.threads.split(",")]
    parts = {"engines": engines, "add": add, "memory": memory, "reads": reads, "long": long}
    recording = asked.recording or (SESSION if SESSION.is_file() else SAMPLE)
    if recording == SAMPLE:
        print(
            "The test session is not here: the short sample of bordin is used. Name a better one: --recording"
        )
    figures: dict[str, Any] = {}
    failed = 0
    with tempfile.TemporaryDirectory(prefix="bordin-tapes-", dir=asked.folder) as name:
        bench = Bench(Path(name), recording, asked)
        for part in asked.parts.split(","):
            print(f"\n[{part}]", flush=True)
            try:
                figures[part] = parts[part](bench)
            except RuntimeError as error:
                print(f"  failed: {error}")
                failed += 1
    figures["peak of this program, MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if asked.json:
        Path(asked.json).write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
