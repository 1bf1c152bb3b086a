"""A study folder as a lead has it on the first day: protocol, people, sessions, tapes, wording; nothing coded yet."""

from __future__ import annotations

import os
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np

PASSPHRASE = "a passphrase for tests only"
SESSIONS = 6
TAPE_SECONDS = 24

PROTOCOL = """
format = 1

[study]
title = "Socialization and alliance, six sessions"
version = "1.0"
authors = ["The tests"]
aim = "To go the whole way once."
method = "Six tapes of made-up sound, two coders."
unit = "participant"
seed = 7

[sample]
label = "all participants"

[data.participants]
file = "participants.csv"

[data.sessions]
file = "sessions.csv"

[[data.responses]]
file = "responses.csv"
instrument = "alliance"

[[data.ratings]]
file = "ratings.csv"
coding = "socialization"

[[instruments]]
id = "alliance"
instrument = "calpas-5"
informant = "patient"
at = "same session"

[[coding]]
id = "socialization"
system = "socialization-7"
combine = "consensus"
fallback = "mean"
source = "audio"
coders = "Two coders, trained with the manual, rated every tape independently."
blind_to = ["arm", "outcome", "alliance", "session number"]

[allocation]
coders = 2
balance = ["arm"]

[blinding]
guess = ["arm"]

[[forms]]
id = "alliance"
instrument = "alliance"
wording = "wording/alliance.toml"
occasion = "session"
contact = "Questions: study office, 555 0142."

[table]
rows = ["alliance.q2", "alliance.q3", "alliance.q4"]
columns = ["socialization.concordance", "socialization.resistance"]
coefficient = "spearman"
p = "t"
permutations = 500

[[hypotheses]]
id = "H1"
sentence = "The stronger the treatment match, the more concordance."
rows = ["alliance.q3"]
columns = ["socialization.concordance"]
expect = "positive"
"""

WORDING = """
language = "en"
title = "About your session today"
lead = "Five short statements. How far does each fit?"

[anchors]
1 = "Not at all"
2 = "Very little"
3 = "A little"
4 = "Partly"
5 = "Mostly"
6 = "Very much"
7 = "Completely"

[items]
q1 = "The waiting room was easy to find."
q2 = "The chairs were comfortable."
q3 = "The session started on time."
q4 = "The light in the room was pleasant."
q5 = "The printed sheet was easy to read."
"""


def whole(folder: Path) -> Path:
    """Make the study folder, with sealed tapes; the sixth participant has not answered yet."""
    study = folder / "six-sessions"
    (study / "data").mkdir(parents=True)
    (study / "wording").mkdir()
    (study / "study.toml").write_text(PROTOCOL, encoding="utf-8")
    (study / "wording" / "alliance.toml").write_text(WORDING, encoding="utf-8")
    ids = range(1, SESSIONS + 1)
    people = [f"P{i:02d},{'active' if i % 2 else 'listening'},T{i % 2 + 1}" for i in ids]
    sessions = [f"S{i:02d},P{i:02d},{i + 2},2026-0{i}-11,yes" for i in ids]
    answers = [
        f"P{i:02d},S{i:02d},{(i * 3) % 7 + 1},{i},{min(7, i + 1)},{(i * 2) % 7 + 1},4"
        for i in ids
        if i < SESSIONS
    ]
    _write(study / "data" / "participants.csv", "participant,arm,therapist", people)
    _write(study / "data" / "sessions.csv", "session,participant,number,date,tape", sessions)
    _write(study / "data" / "responses.csv", "participant,session,q1,q2,q3,q4,q5", answers)
    recordings = folder / "recordings"
    recordings.mkdir()
    for i in ids:
        _sound(recordings / f"S{i:02d}.wav", seed=i)
    environment = {**os.environ, "BORDIN_PASSPHRASE": PASSPHRASE}
    command = [sys.executable, "-m", "bordin", "tape", "add", str(study), str(recordings)]
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return study


def _write(path: Path, head: str, rows: list[str]) -> None:
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")


def _sound(path: Path, seed: int) -> None:
    """Write syllables of noise with pauses, which look like speech in a waveform."""
    drawn = np.random.default_rng(seed)
    rate = 16_000
    sound = drawn.normal(size=TAPE_SECONDS * rate)
    level = np.repeat(drawn.random(TAPE_SECONDS * 5) * (drawn.random(TAPE_SECONDS * 5) > 0.3), rate // 5)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((sound * level * 4_000).astype("<i2").tobytes())
