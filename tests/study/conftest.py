"""A small study folder, made anew for each test."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

PROTOCOL = """\
format = 1

[study]
title = "A small study"
aim = "To test the study engine."
seed = 7

[sample]
arm = "active"
label = "in the active arm"

[data.participants]
file = "participants.csv"

[data.sessions]
file = "sessions.csv"

[[data.responses]]
file = "responses.csv"
instrument = "alliance"

[[data.ratings]]
file = "ratings.csv"
coding = "tapes"

[[instruments]]
id = "alliance"
instrument = "arm-5"

[[coding]]
id = "tapes"
system = "socialization-7"
combine = "designated"
designated = "designated"
blind_to = ["arm"]

[table]
rows = ["alliance.*"]
columns = ["tapes.concordance", "tapes.resistance", "tapes.avoidance"]
smallest_effect = 0.3
permutations = 500

[[hypotheses]]
id = "H1"
sentence = "Alliance goes with concordance."
rows = ["alliance.*"]
columns = ["tapes.concordance"]
expect = "positive"
"""

N_ACTIVE, N_OTHER = 30, 12
DIMENSIONS = (
    "concordance",
    "resistance",
    "understanding",
    "active_plans",
    "evidence_congruent",
    "evidence_incongruent",
    "avoidance",
)
ITEMS = tuple(f"item{i}" for i in range(1, 6))


def write(path: Path, names: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(names)
        out.writerows(rows)


def make_study(folder: Path, protocol: str = PROTOCOL) -> Path:
    """Write a study of 42 participants, 30 of them in the active arm, 26 of these with form and tape."""
    rng = np.random.default_rng(11)
    data = folder / "data"
    data.mkdir(parents=True)
    (folder / "study.toml").write_text(protocol, encoding="utf-8")
    people = [(f"P{i:02d}", "active" if i <= N_ACTIVE else "other", f"T{i % 3 + 1}") for i in range(1, 43)]
    write(data / "participants.csv", ("participant", "arm", "therapist"), people)
    trait = rng.normal(size=43)
    sessions, responses, ratings = [], [], []
    for i, (who, arm, _) in enumerate(people, start=1):
        no_tape = i in {1, 2}
        sessions.append((f"S{i:02d}", who, 4, "no" if no_tape else "yes", "not recorded" if no_tape else ""))
        if i not in {3, 4}:
            answers = np.clip(np.round(5 + 1.2 * trait[i] + rng.normal(0, 0.8, 5)), 1, 7).astype(int)
            responses.append((who, *answers))
        if no_tape or arm == "other":
            continue
        for coder in ("C1", "C2") if i % 3 == 0 else ("C1",):
            for k, dimension in enumerate(DIMENSIONS):
                sign = -1 if dimension in {"resistance", "evidence_incongruent", "avoidance"} else 1
                value = int(
                    np.clip(np.round(3 + sign * (1.1 - 0.1 * k) * trait[i] + rng.normal(0, 0.9)), 0, 6)
                )
                ratings.append((f"S{i:02d}", coder, dimension, value, "", int(coder == "C1")))
    write(data / "sessions.csv", ("session", "participant", "number", "tape", "tape_note"), sessions)
    write(data / "responses.csv", ("participant", *ITEMS), responses)
    write(data / "ratings.csv", ("session", "coder", "dimension", "value", "reason", "designated"), ratings)
    return folder


@pytest.fixture
def study_folder(tmp_path: Path) -> Path:
    return make_study(tmp_path / "study")


@pytest.fixture
def edit(study_folder: Path) -> Callable[[str, str, str], Path]:
    """Replace a piece of a file of the study, once; fails when it does not stand there."""

    def replace(name: str, old: str, new: str) -> Path:
        path = study_folder / name
        text = path.read_text(encoding="utf-8")
        if old not in text:
            raise AssertionError(f"{old!r} does not stand in {name}")
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return study_folder

    return replace
