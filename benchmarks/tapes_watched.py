"""`bordin` as it is, with CPU time and memory noted after each stage, for `tapes.py`.

    python benchmarks/tapes_watched.py VERB ...

Lines of JSON go into the file that BORDIN_WATCHED names: stage, CPU seconds, resident bytes now and at most.
"""

from __future__ import annotations

import functools
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

FIRST_THREADS = os.environ.get("BORDIN_WATCHED_THREADS")


def resident() -> int:
    """Return the bytes that this process holds in memory; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * resource.getpagesize()


def peak() -> int:
    """Return the most bytes that this process held since it began."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024


def note(stage: str, cpu: float) -> None:
    line = {"stage": stage, "cpu": cpu, "resident": resident(), "peak": peak()}
    with open(os.environ["BORDIN_WATCHED"], "a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def watch(owner: Any, name: str, stage: str) -> None:
    real = getattr(owner, name)

    @functools.wraps(real)
    def watched(*given: Any, **named: Any) -> Any:
        start = time.process_time()
        try:
            return real(*given, **named)
        finally:
            note(stage, time.process_time() - start)

    setattr(owner, name, watched)


def main() -> int:
    if FIRST_THREADS:
        # bordin gives each process its share of the processors: as if there were so many.
        os.cpu_count = lambda: int(FIRST_THREADS)
    from bordin.cli import main as bordin
    from bordin.study import tapes as study_tapes
    from bordin.tapes import one_recording
    from bordin.tapes.engines.faster_whisper import FasterWhisper
    from bordin.tapes.engines.onnx import OnnxDiarizer
    from bordin.tapes.engines.voice_activity import SileroActivity

    for module in (one_recording, study_tapes):
        watch(module, "measure", "decoding and quality")
        watch(module, "choose", "models looked up")
    watch(SileroActivity, "find", "voice activity")
    watch(OnnxDiarizer, "diarize", "diarization")
    watch(FasterWhisper, "hear", "recognition")
    try:
        return bordin()
    finally:
        note("whole process", time.process_time())


if __name__ == "__main__":
    sys.exit(main())
