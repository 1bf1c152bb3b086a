"""Permutation and bootstrap tables beside their peers, in one run: ratios of CPU time.

    python benchmarks/association.py [--repeats 15] [--screen 10000] [--threads 1] [--json FILE]

1. 28 cells (4 x 7, N = 43, complete) x 10,000 permutations with raw p and maxT, against the joint maxT of
   R coin (`independence_test`, maximum statistic, single-step and step-down, each timed with its test).
2. BCa limits of the same cells, 10,000 resamples, against R boot (one `boot` of all 28 statistics, and
   `boot.ci` of each).
3. A screen of 5 x 1,250 columns, N = 1,000, with maxT, against this machine's own matrix-product rate.
4. CPU time of `bordin --help` and, where the example is there, of `bordin run examples/socialization`.

Both sides are timed inside their process, after the data are loaded; medians of the repeats. What is absent
(R, or one of its packages coin, boot and jsonlite) is said, and the rest runs.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

if "--threads" in sys.argv:
    os.environ["OPENBLAS_NUM_THREADS"] = sys.argv[sys.argv.index("--threads") + 1]
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from bordin.association.bootstrap import bootstrap_table
from bordin.association.permutation import permute_table

ROOT = Path(__file__).parent.parent
DATA = ROOT / "tests" / "reference" / "association" / "seedlike_complete.csv"
RESAMPLES = 10_000
R_PACKAGES = ("coin", "boot", "jsonlite")
R_SCRIPT = r"""
asked <- commandArgs(TRUE); repeats <- as.integer(asked[2]); B <- as.integer(asked[3])
suppressMessages({library(coin); library(boot); library(jsonlite)})
d <- read.csv(asked[1])[, -1]; X <- names(d)[1:4]; Y <- names(d)[5:11]
ranked <- as.data.frame(lapply(d, rank))
tested <- as.formula(paste(paste(Y, collapse = "+"), "~", paste(X, collapse = "+")))
cpu <- function(f) {gc(); t <- proc.time(); f(); s <- proc.time() - t; unname(s[1] + s[2])}
joint <- function(type) {
  it <- independence_test(tested, data = ranked, teststat = "maximum", distribution = approximate(nresample = B))
  pvalue(it, type)
}
single <- replicate(repeats, cpu(function() joint("single-step")))
stepped <- replicate(repeats, cpu(function() joint("step-down")))
limits <- function() {
  made <- boot(d, function(D, i) as.vector(cor(D[i, X], D[i, Y], method = "spearman")), R = B)
  for (k in 1:28) boot.ci(made, type = "bca", index = k)
}
booted <- cpu(limits)
cat(toJSON(list(single = median(single), stepped = median(stepped), boot = booted,
                versions = list(R = R.version.string, coin = as.character(packageVersion("coin")),
                                boot = as.character(packageVersion("boot")))), auto_unbox = TRUE, digits = NA))
"""


def cpu_seconds(work: Callable[[], object], repeats: int) -> float:
    """Median CPU seconds of `repeats` runs, after one to warm up."""
    work()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times)


def load() -> tuple[np.ndarray, np.ndarray]:
    table = np.genfromtxt(DATA, delimiter=",", skip_header=1)[:, 1:]
    return table[:, :4], table[:, 4:]


def r_figures(repeats: int) -> dict[str, Any] | None:
    """Time the peers in R, or say what is missing."""
    if shutil.which("Rscript") is None:
        print(
            "R is missing (Debian: r-base-core, r-cran-coin, r-cran-boot, r-cran-jsonlite); no peers are timed."
        )
        return None
    asked = "for (p in commandArgs(TRUE)) if (!requireNamespace(p, quietly = TRUE)) cat(p, '')"
    absent = subprocess.run(
        ["Rscript", "-e", asked, *R_PACKAGES], capture_output=True, text=True, check=False
    )
    if absent.returncode or absent.stdout.strip():
        names = absent.stdout.strip() or absent.stderr.strip()
        print(f"R is here, but not its package(s): {names} (Debian: r-cran-NAME); no peers are timed.")
        return None
    command = ["Rscript", "-e", R_SCRIPT, str(DATA), str(repeats), str(RESAMPLES)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        print(f"R failed; no peers are timed:\n{made.stderr.strip()}")
        return None
    figures: dict[str, Any] = json.loads(made.stdout)
    return figures


def small_table(repeats: int, peers: dict[str, Any] | None) -> dict[str, float]:
    x, y = load()
    table = cpu_seconds(lambda: permute_table(x, y, permutations=RESAMPLES), repeats)
    limits = cpu_seconds(lambda: bootstrap_table(x, y, resamples=RESAMPLES), max(3, repeats // 3))
    print(f"\n28 cells, N = {len(x)}, {RESAMPLES:,} permutations with maxT: {table * 1e3:.1f} ms CPU")
    if peers:
        for name, key in (("single-step", "single"), ("step-down", "stepped")):
            print(
                f"  R coin, joint maxT, {name:12} {peers[key] * 1e3:8.1f} ms  ratio {peers[key] / table:.1f}"
            )
    print(f"BCa limits of the same cells, {RESAMPLES:,} resamples: {limits * 1e3:.1f} ms CPU")
    if peers:
        print(
            f"  R boot, joint, and boot.ci    {peers['boot'] * 1e3:8.0f} ms  ratio {peers['boot'] / limits:.0f}"
        )
    return {"permutation_s": table, "bca_s": limits}


def screen(permutations: int) -> dict[str, float]:
    """Time the screen and, before and after it, plain products of the same size and number type."""
    rng = np.random.default_rng(1)
    n, kx, ky, at_once = 1_000, 5, 1_250, 256
    x, y = rng.integers(1, 8, (n, kx)).astype(float), rng.integers(1, 8, (n, ky)).astype(float)
    still, moved = rng.standard_normal((ky, n)), rng.standard_normal((kx * at_once, n))
    flop = 2.0 * n * kx * ky

    def product_rate() -> float:
        return flop * at_once / cpu_seconds(lambda: still @ moved.T, 9)

    before = product_rate()
    start, wall = time.process_time(), time.perf_counter()
    permute_table(x, y, permutations=permutations)
    cpu, wall = time.process_time() - start, time.perf_counter() - wall
    machine = (before + product_rate()) / 2
    rate = flop * permutations / cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"\nScreen of {kx} x {ky:,}, N = {n:,}, {permutations:,} permutations with maxT:")
    print(f"  {cpu:.2f} s CPU, {wall:.2f} s wall, {memory:.2f} GB at most")
    print(f"  {rate / 1e9:.1f} Gflop/s of {machine / 1e9:.1f} in plain products: {rate / machine:.0%}")
    return {"screen_s": cpu, "screen_flops": rate, "machine_flops": machine, "memory_gb": memory}


def commands() -> dict[str, float]:
    """CPU seconds of the command line, children included."""
    program = Path(sys.executable).parent / "bordin"
    if not program.exists():
        print("\nbordin is not installed beside this Python; the command line is not timed.")
        return {}
    print()
    figures = {"bordin --help": command_seconds([program, "--help"], 5)}
    example = ROOT / "examples" / "socialization"
    if (example / "study.toml").exists():
        with tempfile.TemporaryDirectory() as folder:
            study = Path(folder) / "socialization"
            shutil.copytree(example, study)
            figures["bordin run examples/socialization"] = command_seconds([program, "run", study], 3)
    else:
        print("examples/socialization is not there; bordin run is not timed.")
    return figures


def command_seconds(command: list[str | Path], runs: int) -> float:
    times = []
    for _ in range(runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    state = (
        ""
        if done.returncode == 0
        else f" (ended with status {done.returncode}: {done.stderr.strip()[-200:]})"
    )
    seconds = statistics.median(times)
    print(f"bordin {command[1]}: {seconds:.2f} s CPU, median of {runs}{state}")
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument(
        "--screen", type=int, default=RESAMPLES, help="permutations of the screen; 0 leaves it out"
    )
    parser.add_argument("--threads", type=int, default=1, help="threads of the matrix product, both sides")
    parser.add_argument("--json", help="write the figures to this file too")
    asked = parser.parse_args()
    print(f"numpy {np.__version__}, {os.environ['OPENBLAS_NUM_THREADS']} thread(s) of the matrix product")
    peers = r_figures(asked.repeats)
    if peers:
        print(", ".join(f"{name} {version}" for name, version in peers["versions"].items()))
    figures: dict[str, Any] = {"peers": peers, **small_table(asked.repeats, peers)}
    if asked.screen:
        figures |= screen(asked.screen)
    figures |= commands()
    if asked.json:
        Path(asked.json).write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
