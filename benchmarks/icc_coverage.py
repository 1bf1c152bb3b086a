"""Coverage of the intervals of ICC(A,1) and ICC(C,1) on incomplete and complete designs, by simulation.

    python benchmarks/icc_coverage.py [--studies 2000] [--bootstrap 400] [--seed 1] [--json FILE]

Three designs: 43 sessions of two coders who share 12; 43 sessions, each by two of three coders at random; 20
sessions by all of five coders. Ratings are normal. An interval should cover in 93 to 97 of 100 studies. Shown
with each share is its own 95 % interval (Wilson) of the simulation. The parametric bootstrap is shown for
comparison on fewer studies; it is not the default, as it is too narrow where coders are few.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from bordin.reliability.icc import icc_forms
from bordin.reliability.variance_components import variance_components

ASKED = (0.93, 0.97)
# Session, coder and residual variance; ICC(A,1) of .5, .75, .5 and .5.
TRUTHS = ((0.5, 0.1, 0.4), (0.75, 0.05, 0.2), (0.5, 0.02, 0.48), (0.5, 0.25, 0.25))


def twelve_shared(rng: np.random.Generator) -> np.ndarray:
    """Two coders share 12 of 43 sessions; the others go to one of them at random."""
    coded = np.zeros((43, 2), dtype=bool)
    coded[:12] = True
    coded[np.arange(12, 43), rng.integers(0, 2, 31)] = True
    return coded


def random_pairs(rng: np.random.Generator) -> np.ndarray:
    """Each of 43 sessions goes to two of three coders."""
    coded = np.ones((43, 3), dtype=bool)
    coded[np.arange(43), rng.integers(0, 3, 43)] = False
    return coded


def complete(rng: np.random.Generator) -> np.ndarray:
    """Five coders code all of 20 sessions."""
    return np.ones((20, 5), dtype=bool)


DESIGNS = {
    "43 sessions x 2 coders, 12 shared": twelve_shared,
    "43 sessions x 3 coders in random pairs": random_pairs,
    "20 sessions x 5 coders, complete": complete,
}


def simulated(rng: np.random.Generator, coded: np.ndarray, truth: tuple[float, float, float]) -> np.ndarray:
    s, k = coded.shape
    session, coder, residual = np.sqrt(truth)
    ratings = session * rng.standard_normal((s, 1)) + coder * rng.standard_normal(k)
    ratings = ratings + residual * rng.standard_normal((s, k))
    ratings[~coded] = np.nan
    return ratings


def wilson(hits: int, n: int) -> tuple[float, float]:
    """95 % interval of a share."""
    z = 1.959964
    middle, half = (
        (hits + z * z / 2) / (n + z * z),
        z / (n + z * z) * (hits * (n - hits) / n + z * z / 4) ** 0.5,
    )
    return middle - half, middle + half


def covered(kind: str, ratings: np.ndarray, truth: tuple[float, float, float], seed: int) -> list[bool]:
    """Whether the intervals of ICC(A,1) and ICC(C,1) hold the true values."""
    s, r, e = truth
    if kind == "F":
        forms = icc_forms(ratings)
        found = [forms["ICC(A,1)"], forms["ICC(C,1)"]]
    else:
        draws = 2_000 if kind == "generalized" else 500
        components = variance_components(ratings, interval=kind, draws=draws, seed=seed)
        found = [components.reliability("ICC(A,1)"), components.reliability("ICC(C,1)", confounded=0)]
    hits = []
    for reliability, value in zip(found, (s / (s + r + e), s / (s + e)), strict=True):
        interval = reliability.estimate.interval
        hits.append(interval is not None and interval.low <= value <= interval.high)
    return hits


def run(
    kind: str, design: str, truth: tuple[float, float, float], studies: int, seed: int
) -> list[dict[str, Any]]:
    rng = np.random.default_rng([seed, list(DESIGNS).index(design), TRUTHS.index(truth)])
    hits = np.zeros(2, dtype=int)
    for study in range(studies):
        hits += covered(kind, simulated(rng, DESIGNS[design](rng), truth), truth, study)
    figures = []
    for name, n in zip(("ICC(A,1)", "ICC(C,1)"), hits.tolist(), strict=True):
        low, high = wilson(n, studies)
        kept = ASKED[0] <= n / studies <= ASKED[1]
        print(
            f"  {kind:20} s, r, e = {truth[0]:.2f} {truth[1]:.2f} {truth[2]:.2f}  {name}  "
            f"{n / studies:.4f} [{low:.4f}, {high:.4f}]{'' if kept else '  outside'}"
        )
        figures.append(
            {
                "design": design,
                "interval": kind,
                "truth": truth,
                "name": name,
                "studies": studies,
                "share": n / studies,
            }
        )
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=2000, help="simulated studies a line")
    parser.add_argument(
        "--bootstrap", type=int, default=400, help="studies a line of the bootstrap; 0 leaves it out"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", help="write the figures to this file too")
    asked = parser.parse_args()
    start, figures = time.process_time(), []
    for design in DESIGNS:
        print(design)
        kinds = {"generalized": asked.studies, "parametric bootstrap": asked.bootstrap}
        if design.endswith("complete"):
            kinds["F"] = asked.studies
        for kind, studies in kinds.items():
            for truth in TRUTHS if studies else ():
                figures += run(kind, design, truth, studies, asked.seed)
    default = [figure for figure in figures if figure["interval"] != "parametric bootstrap"]
    kept = sum(ASKED[0] <= figure["share"] <= ASKED[1] for figure in default)
    print(f"{kept} of {len(default)} lines of the default intervals lie between 93 and 97 %")
    print(f"{time.process_time() - start:.0f} s CPU")
    if asked.json:
        Path(asked.json).write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
