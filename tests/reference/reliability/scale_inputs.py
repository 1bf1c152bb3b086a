"""Make the inputs of the scale tests: python scale_inputs.py (numpy 2.4, seed 20241)."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
rng = np.random.default_rng(20241)


def write(name: str, head: list[str], rows: list[list[object]]) -> None:
    with (HERE / name).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([head, *rows])


# Six items of 1 to 5, the last one against the others, some answers missing.
factor = rng.standard_normal(120)
loadings = np.array([0.9, 0.8, 0.7, 0.6, 0.4, -0.3])
answers = np.clip(np.round(3 + factor[:, None] * loadings + 0.8 * rng.standard_normal((120, 6))), 1, 5)
write("scale_items.csv", [f"i{i}" for i in range(1, 7)], answers.astype(int).tolist())
holes = rng.random(answers.shape) < 0.06
gaps = [
    ["" if hole else int(a) for a, hole in zip(*row, strict=True)] for row in zip(answers, holes, strict=True)
]
write("scale_items_missing.csv", [f"i{i}" for i in range(1, 7)], gaps)

# Forty sessions, two of three coders each, four dimensions; A is lenient, B drifts, C has a halo.
rows: list[list[object]] = []
true = rng.standard_normal((40, 4))
for session in range(40):
    for coder in sorted(rng.permutation(3)[:2]):
        shown = true[session].copy()
        noise = 0.6 * rng.standard_normal(4)
        if coder == 0:
            shown += 0.7
        if coder == 1:
            shown += 0.06 * (session - 20)
        if coder == 2:
            shown = 0.1 * shown + 1.8 * shown.mean()
        ratings = np.clip(np.round(3 + 1.3 * (shown + noise)), 0, 6)
        for d, value in enumerate(ratings):
            if rng.random() > 0.03:
                rows.append([f"S{session + 1:02d}", "ABC"[coder], f"d{d + 1}", int(value), session + 1])
write("scale_monitoring.csv", ["session", "coder", "dimension", "value", "order"], rows)
