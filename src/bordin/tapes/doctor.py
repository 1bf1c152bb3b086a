"""Is this computer ready: engines loaded and tried on a short sample, in a process without a network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from importlib.resources import as_file, files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bordin.errors import BordinError, TapeError
from bordin.tapes.closed_network import shut, watch
from bordin.tapes.engines.choose import Wish, choose
from bordin.tapes.engines.voice_activity import SileroActivity
from bordin.tapes.shapes import Stretch

SESSION_SECONDS = 3_000.0
MINUTE = 60.0
PACKAGES = ("av", "faster_whisper", "onnxruntime", "sherpa_onnx")


def examine(diarizer: str | None = None, recognizer: str | None = None) -> dict[str, Any]:
    """Try the engines in a process of its own, from which the network is taken first.

    Parameters
    ----------
    diarizer, recognizer : str, optional
        Only these, in the words of :class:`~bordin.tapes.engines.choose.Wish`.

    Returns
    -------
    dict
        ``engines`` (engine, works, load, sample in seconds, minutes for a 50-minute session, note),
        ``network`` (what was proved, in words), ``sockets``, ``minutes`` in all, ``threads``, and ``sound``:
        whether a tape can be worked on here.

    Raises
    ------
    TapeError
        When the process ended without an answer.
    ModuleNotFoundError
        When a package of the extra ``tape`` is not installed.
    """
    for package in PACKAGES:
        if find_spec(package) is None:
            raise ModuleNotFoundError(f"No module named {package!r}", name=package)
    words = [sys.executable, "-m", "bordin.tapes.doctor", json.dumps([diarizer, recognizer])]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    try:
        return dict(json.loads(done.stdout.splitlines()[-1]))
    except (IndexError, ValueError):
        last = done.stderr.strip().splitlines()[-1:] or ["nothing was printed"]
        raise TapeError(f"the trial ended without an answer (status {done.returncode}): {last[0]}") from None


def try_engines(diarizer: str | None, recognizer: str | None) -> dict[str, Any]:
    """Try the engines in this process, which loses the network for good."""
    held = shut()
    threads = os.cpu_count() or 1
    tried: list[dict[str, Any]] = []
    with watch() as seen, as_file(files("bordin.tapes") / "sample.flac") as sample:
        sound = _sound(sample)
        only = diarizer is not None or recognizer is not None
        tried.append(_activity(sound))
        if diarizer is not None or not only:
            tried.append(
                _diarizer(sound, Wish(diarizer=diarizer or "onnx", recognizer="none", threads=threads))
            )
        if recognizer is not None or not only:
            wish = Wish(diarizer="channels", recognizer=recognizer or "faster-whisper", threads=threads)
            tried.append(_recognizer(sound, wish))
        if not only:
            tried.append(_entry("channels", True, note="needs a recording with one speaker a channel"))
    report = seen.report
    works = all(t["works"] for t in tried)
    return {
        "engines": tried,
        "network": ("shut by the kernel; " if held else "") + str(report),
        "sockets": report.sockets,
        "minutes": sum(t["minutes"] for t in tried) if works else None,
        "threads": threads,
        "sound": works and report.closed,
    }


def _sound(sample: Path) -> Any:
    import io

    from bordin.tapes.sound.working_copy import WorkingCopy, measure

    working = io.BytesIO()
    measure(sample, working)
    return WorkingCopy(working)


def _entry(engine: str, works: bool, load: float = 0.0, sample: float = 0.0, **more: Any) -> dict[str, Any]:
    return {
        "engine": engine,
        "works": works,
        "load": load,
        "sample": sample,
        "minutes": more.get("minutes", 0.0),
        "note": more.get("note", ""),
    }


def _failed(engine: str, error: Exception) -> dict[str, Any]:
    """Say why an engine does not work; whatever it raises, the others are tried too."""
    if isinstance(error, BordinError):
        return _entry(engine, False, note=str(error))
    if isinstance(error, ImportError):
        why = f"{error.name or 'a package'} is not installed. Install bordin with its extra 'tape': pip install 'bordin[tape]'"
        return _entry(engine, False, note=why)
    return _entry(engine, False, note=f"{type(error).__name__}: {error}")


def _activity(sound: Any) -> dict[str, Any]:
    name = "silero (voice activity)"
    try:
        started = time.perf_counter()
        activity = SileroActivity()
        activity.find(sound, _quiet)
        loaded = time.perf_counter()
        activity.find(sound, _quiet)
        return _timed(name, sound, loaded - started, time.perf_counter() - loaded)
    except Exception as error:
        return _failed(name, error)


def _diarizer(sound: Any, wish: Wish) -> dict[str, Any]:
    name = f"{wish.diarizer.partition(':')[0]} (diarization)"
    try:
        started = time.perf_counter()
        engines, cautions = choose(wish)
        if engines.diarizer is None:
            return _entry(name, False, note="no diarizer was chosen")
        engines.diarizer.diarize(sound, speakers=2, tell=_quiet)
        first = time.perf_counter()
        turns = engines.diarizer.diarize(sound, speakers=2, tell=_quiet)
        speakers = len({t.speaker for t in turns})
        entry = _timed(name, sound, first - started, time.perf_counter() - first)
    except Exception as error:
        return _failed(name, error)
    if speakers != 2:
        return entry | {"works": False, "note": f"heard {speakers} speakers in the sample, which has two"}
    return entry | {"note": "; ".join(cautions)}


def _recognizer(sound: Any, wish: Wish) -> dict[str, Any]:
    name = f"{wish.recognizer.partition(':')[0]} (recognition)"
    try:
        started = time.perf_counter()
        engines, cautions = choose(wish)
        if engines.recognizer is None:
            return _entry(name, False, note="no recognizer was chosen")
        samples = sound.read(0.0, sound.duration)
        whole = [Stretch(0.0, sound.duration)]
        engines.recognizer.hear(samples, 0.0, whole)
        first = time.perf_counter()
        heard = engines.recognizer.hear(samples, 0.0, whole)
        # A window of 30 s costs the same however little is in it.
        entry = _timed(name, sound, first - started, time.perf_counter() - first, least=30.0)
    except Exception as error:
        return _failed(name, error)
    if len(heard.words) < 10:
        return entry | {"works": False, "note": f"heard {len(heard.words)} words in the sample, which has 39"}
    return entry | {"note": "; ".join(cautions)}


def _timed(name: str, sound: Any, load: float, took: float, least: float = 0.0) -> dict[str, Any]:
    minutes = took / max(sound.duration, least) * SESSION_SECONDS / MINUTE
    return _entry(name, True, max(load - took, 0.0), took, minutes=minutes)


def _quiet(share: float) -> None:
    """Tell nobody how far the work is."""


if __name__ == "__main__":
    print(json.dumps(try_engines(*json.loads(sys.argv[1]))))
