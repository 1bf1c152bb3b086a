"""Agreement of codes beside its peer, in one run: ratios of CPU time, and a million coded turns.

    python benchmarks/reliability_categorical.py [--repeats 9] [--turns 1000000] [--json FILE]

1. Krippendorff's ordinal alpha of 500 units x 3 coders (7 points, a tenth missing) with 1,000 bootstrap
   samples of units, against the Python package `krippendorff`, resampling its table of value counts (its fast
   form) and its raw table. The peer resamples by its documented function, one call a sample.
2. 1,000,000 coded turns x 5 coders (8 codes, a fifth missing, 5,000 sessions): nominal and ordinal alpha with
   an analytic interval, and with a bootstrap of units and of sessions. CPU seconds, and the peak memory of the
   process with the data in it.

The peer is imported in the interpreter named by BORDIN_PEERS_PYTHON, or else in this one. What is absent is
said, and the rest runs. Medians of the repeats; both sides are timed inside their process, after the data are
made.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from bordin.reliability.krippendorff import krippendorff_alpha

RESAMPLES = 1_000
# Shared with the peer's interpreter, which need not have bordin.
MAKE_SMALL = """
import numpy as np
rng = np.random.default_rng(1)
truth = rng.integers(1, 8, size=(500, 1))
small = np.clip(truth + rng.integers(-1, 2, size=(500, 3)), 1, 7).astype(float)
small[rng.random(small.shape) < 0.1] = np.nan
"""
PEER = (
    MAKE_SMALL
    + """
import json, statistics, sys, time
from importlib.metadata import version
import krippendorff
repeats, resamples = int(sys.argv[1]), int(sys.argv[2])
points = np.arange(1.0, 8.0)
counts = np.array([[np.sum(row == point) for point in points] for row in small])

def by_counts():
    for _ in range(resamples):
        drawn = counts[rng.integers(0, 500, 500)]
        krippendorff.alpha(value_counts=drawn, value_domain=points, level_of_measurement="ordinal")

def raw():
    for _ in range(resamples):
        krippendorff.alpha(small[rng.integers(0, 500, 500)].T, level_of_measurement="ordinal")

def median(work):
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times)

value = krippendorff.alpha(small.T, level_of_measurement="ordinal")
print(json.dumps({"value": value, "counts": median(by_counts), "raw": median(raw),
                  "version": version("krippendorff"), "numpy": np.__version__}))
"""
)


def median_cpu(work: Callable[[], object], repeats: int) -> float:
    """Median CPU seconds of `repeats` runs, after one to warm up."""
    work()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times)


def peer_figures(repeats: int) -> dict[str, Any] | None:
    """Time the peer in its interpreter, or say what is missing."""
    interpreter = os.environ.get("BORDIN_PEERS_PYTHON", sys.executable)
    command = [interpreter, "-c", PEER, str(repeats), str(RESAMPLES)]
    try:
        made = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        print(f"BORDIN_PEERS_PYTHON names {interpreter}, which is not there; no peer is timed.")
        return None
    if made.returncode:
        last = made.stderr.strip().splitlines()[-1:]
        print(f"The peer cannot be timed ({' '.join(last)}).")
        print(
            "Install the Python package krippendorff, or name an interpreter that has it in BORDIN_PEERS_PYTHON."
        )
        return None
    figures: dict[str, Any] = json.loads(made.stdout)
    return figures


def small_table(repeats: int) -> dict[str, float]:
    made: dict[str, Any] = {}
    exec(MAKE_SMALL, made)
    small = made["small"]

    def booted() -> float:
        found = krippendorff_alpha(small, metric="ordinal", interval="bootstrap", resamples=RESAMPLES)
        return float(found.estimate.value or 0)

    seconds = median_cpu(booted, repeats)
    print(f"\nOrdinal alpha, 500 x 3, {RESAMPLES:,} bootstrap samples: {seconds * 1e3:.1f} ms CPU")
    figures = {"krippendorff_ordinal_seconds": seconds}
    peer = peer_figures(max(1, repeats // 3))
    if peer:
        apart = abs(peer["value"] - booted())
        print(f"  krippendorff {peer['version']} (numpy {peer['numpy']}); values differ by {apart:.1e}")
        for form in ("counts", "raw"):
            ratio = peer[form] / seconds
            print(f"  resampled {form:7} {peer[form] * 1e3:8.1f} ms  ratio {ratio:.1f}")
            figures[f"krippendorff_ordinal_ratio_{form}"] = ratio
    return figures


def many_turns(turns: int) -> dict[str, float]:
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 8, size=(turns, 1))
    coded = np.where(rng.random((turns, 5)) < 0.7, truth, rng.integers(0, 8, size=(turns, 5))).astype(float)
    coded[rng.random(coded.shape) < 0.2] = np.nan
    sessions = np.arange(turns) // 200
    figures = {}
    print(f"\n{turns:,} turns x 5 coders, alpha with its interval")
    for metric in ("nominal", "ordinal"):
        for interval, clusters in (("analytic", None), ("bootstrap", None), ("bootstrap", sessions)):
            start = time.process_time()
            found = krippendorff_alpha(
                coded, metric=metric, interval=interval, clusters=clusters, resamples=RESAMPLES
            ).estimate
            seconds = time.process_time() - start
            limits = found.interval
            over = "turns" if clusters is None else "sessions"
            print(
                f"  {metric:8} {interval:9} over {over:8} {seconds:6.2f} s CPU  {found.value:.5f}"
                + (f" [{limits.low:.5f}, {limits.high:.5f}]" if limits else "")
            )
            figures[f"turns_{metric}_{interval}_{over}_seconds"] = seconds
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"  peak memory of the process: {peak:.2f} GiB")
    return figures | {"turns_peak_gib": peak}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--turns", type=int, default=1_000_000)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    figures = small_table(asked.repeats) | many_turns(asked.turns)
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
