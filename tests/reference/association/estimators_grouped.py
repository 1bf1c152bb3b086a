"""Make estimators_grouped.csv: sessions that repeat within participants, three therapists, ties, holes.

Run in this folder: python estimators_grouped.py
"""

import csv

import numpy as np

rng = np.random.default_rng(20110)
rows = []
for participant in range(16):
    therapist = "ABC"[participant % 3]
    level = rng.normal(size=2) @ np.array([[1.0, 0.5], [0.0, 0.8]]) + 0.6 * (participant % 3)
    for session in range(1, int(rng.integers(1, 7)) + 1):
        noise = rng.normal(size=2) @ np.array([[1.0, -0.6], [0.0, 0.8]])
        x, y = np.clip(np.round(4 + level + noise), 1, 7)
        holes = rng.random(2) < 0.06
        rows.append(
            [f"P{participant + 1:02d}", session, therapist]
            + ["" if hole else int(value) for value, hole in zip((x, y), holes, strict=True)]
        )
with open("estimators_grouped.csv", "w", newline="", encoding="utf-8") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["participant", "session", "therapist", "x", "y"])
    writer.writerows(rows)
