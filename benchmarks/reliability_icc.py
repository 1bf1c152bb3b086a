"""Intraclass correlations beside their peers: ratios of CPU time.

    python benchmarks/reliability_icc.py [--repeats 7] [--json FILE]

1. Six ICCs of 43 sessions x 3 coders with 2,000 bootstrap samples of sessions and BCa limits, against pingouin's
   `intraclass_corr` on the same number of samples (timed on a few and multiplied).
2. Components of variance of 43 sessions x 5 coders, unbalanced, with 1,000 replicates of a parametric bootstrap,
   against lme4 (`lmer` and `bootMer`).

Each side is timed inside its process, after the data are loaded. pingouin is looked for in the Python named by
BORDIN_PEERS_PYTHON, else in this one; what is absent is said, and the rest runs.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from bordin.reliability.icc import icc_forms
from bordin.reliability.variance_components import variance_components

RESAMPLES, REPLICATES, PEER_SAMPLES = 2_000, 1_000, 40
PINGOUIN = r"""
import csv, json, sys, time, warnings
import numpy as np, pandas as pd, pingouin
warnings.simplefilter("ignore")
table = np.genfromtxt(sys.argv[1], delimiter=",")
n, k, samples = *table.shape, int(sys.argv[2])
rng = np.random.default_rng(1)
def once():
    drawn = table[rng.integers(0, n, n)]
    long = pd.DataFrame({"s": np.repeat(np.arange(n), k), "c": np.tile(np.arange(k), n), "y": drawn.ravel()})
    return pingouin.intraclass_corr(data=long, targets="s", raters="c", ratings="y")
once()
start = time.process_time()
for _ in range(samples):
    once()
seconds = (time.process_time() - start) / samples
long = pd.DataFrame({"s": np.repeat(np.arange(n), k), "c": np.tile(np.arange(k), n), "y": table.ravel()})
found = pingouin.intraclass_corr(data=long, targets="s", raters="c", ratings="y")
print(json.dumps({"a_sample": seconds, "values": found["ICC"].tolist(), "version": pingouin.__version__}))
"""
LME4 = r"""
asked <- commandArgs(TRUE); B <- as.integer(asked[2])
suppressMessages({library(lme4); library(jsonlite)})
u <- read.csv(asked[1])
cpu <- function(f) {gc(); t <- proc.time(); f(); s <- proc.time() - t; unname(s[1] + s[2])}
m <- lmer(y ~ 1 + (1 | session) + (1 | coder), u)
parts <- function(f) as.data.frame(VarCorr(f))$vcov
fit <- cpu(function() for (i in 1:20) lmer(y ~ 1 + (1 | session) + (1 | coder), u)) / 20
boot <- cpu(function() made <<- suppressMessages(bootMer(m, parts, nsim = B, seed = 1)))
fine <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhobeg = .02, rhoend = 1e-10))
v <- as.data.frame(VarCorr(update(m, control = fine))); values <- v$vcov; names(values) <- v$grp
cat(toJSON(list(fit = fit, boot = boot, values = as.list(values), means = as.list(setNames(colMeans(made$t), v$grp)),
                version = as.character(packageVersion("lme4"))), auto_unbox = TRUE, digits = NA))
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


def answer(command: list[str], name: str) -> dict[str, Any] | None:
    """Run a peer and read what it prints, or say why there is nothing."""
    if shutil.which(command[0]) is None:
        print(f"  {command[0]} is missing; {name} is not timed.")
        return None
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        last = (made.stderr.strip().splitlines() or ["no message"])[-1]
        print(f"  {name} is not timed: {last}")
        return None
    figures: dict[str, Any] = json.loads(made.stdout)
    return figures


def six_forms(repeats: int, folder: Path) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    table = np.round(4 + rng.standard_normal((43, 1)) + rng.standard_normal((43, 3)))
    ours = cpu_seconds(lambda: icc_forms(table, interval="bootstrap", resamples=RESAMPLES), repeats)
    print(f"\nSix ICCs, 43 x 3, {RESAMPLES:,} bootstrap samples with BCa limits: {ours * 1e3:.1f} ms CPU")
    np.savetxt(folder / "complete.csv", table, delimiter=",")
    python = os.environ.get("BORDIN_PEERS_PYTHON", sys.executable)
    peer = answer([python, "-c", PINGOUIN, str(folder / "complete.csv"), str(PEER_SAMPLES)], "pingouin")
    figures: dict[str, Any] = {"six_iccs_s": ours}
    if peer:
        seconds = peer["a_sample"] * RESAMPLES
        print(
            f"  pingouin {peer['version']}, {PEER_SAMPLES} samples times {RESAMPLES // PEER_SAMPLES}: "
            f"{seconds:.1f} s  ratio {seconds / ours:,.0f}"
        )
        values = [found.estimate.value for found in icc_forms(table).values()]
        print(
            f"  largest difference of the six values: {np.abs(np.subtract(values, peer['values'])).max():.1e}"
        )
        figures |= {"pingouin_s": seconds, "ratio_pingouin": seconds / ours}
    return figures


def components(repeats: int, folder: Path) -> dict[str, Any]:
    rng = np.random.default_rng(2)
    coded = rng.random((43, 5)) < 0.45
    coded[coded.sum(axis=1) == 0, 0] = True
    table = (
        4 + rng.standard_normal((43, 1)) + 0.5 * rng.standard_normal(5) + 0.8 * rng.standard_normal((43, 5))
    )
    table[~coded] = np.nan
    asked = {"interval": "parametric bootstrap", "draws": REPLICATES}
    ours = cpu_seconds(lambda: variance_components(table, **asked), repeats)  # type: ignore[arg-type]
    fit = cpu_seconds(lambda: variance_components(table, interval="none"), repeats)
    default = cpu_seconds(lambda: variance_components(table), repeats)
    print(f"\nREML of 43 x 5, {int(coded.sum())} ratings: {fit * 1e3:.1f} ms CPU")
    print(f"  with {REPLICATES:,} replicates of a parametric bootstrap: {ours * 1e3:.1f} ms")
    print(f"  with 10,000 generalized draws (the default interval): {default * 1e3:.1f} ms")
    session, coder = np.nonzero(coded)
    rows = [f"s{s},c{c},{table[s, c]:.17g}" for s, c in zip(session, coder, strict=True)]
    path = folder / "unbalanced.csv"
    path.write_text("\n".join(["session,coder,y", *rows, ""]), encoding="utf-8")
    figures: dict[str, Any] = {"fit_s": fit, "bootstrap_s": ours, "generalized_s": default}
    peer = answer(["Rscript", "-e", LME4, str(path), str(REPLICATES)], "lme4")
    if peer:
        print(f"  lme4 {peer['version']}: fit {peer['fit'] * 1e3:.1f} ms, ratio {peer['fit'] / fit:.0f}")
        print(f"  lme4 bootMer, {REPLICATES:,}: {peer['boot']:.1f} s  ratio {peer['boot'] / ours:.0f}")
        values = variance_components(table, interval="none").values
        theirs = [peer["values"][name] for name in ("session", "coder", "Residual")]
        print(
            f"  largest relative difference of a component (lme4 at its finest tolerance): {np.abs(np.divide(values, theirs) - 1).max():.1e}"
        )
        drawn = variance_components(table, **asked).draws.mean(axis=0)  # type: ignore[arg-type]
        means = [peer["means"][name] for name in ("session", "coder", "Residual")]
        print(
            f"  means of the replicates: {np.round(drawn, 3).tolist()}, bootMer {np.round(means, 3).tolist()}"
        )
        figures |= {
            "lme4_fit_s": peer["fit"],
            "bootmer_s": peer["boot"],
            "ratio_bootmer": peer["boot"] / ours,
        }
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--json", help="write the figures to this file too")
    asked = parser.parse_args()
    print(f"numpy {np.__version__}, {os.environ['OPENBLAS_NUM_THREADS']} thread(s)")
    with tempfile.TemporaryDirectory() as folder:
        figures = six_forms(asked.repeats, Path(folder)) | components(asked.repeats, Path(folder))
    if asked.json:
        Path(asked.json).write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
