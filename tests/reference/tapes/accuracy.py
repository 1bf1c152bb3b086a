"""Make the reference numbers of the accuracy tests (see README-accuracy.md); not run by the tests.

python -m pip install pyannote.metrics==4.2.0 spy-der==0.4.1 jiwer==4.0.0 meeteval==0.4.3 scipy==1.17.1
python tests/reference/tapes/accuracy.py [folder that holds ref.rttm, sys.rttm and test_load.uem]
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import jiwer
import meeteval
import numpy as np
import spyder
from pyannote.core import Annotation, Segment, Timeline
from pyannote.metrics.diarization import DiarizationErrorRate
from scipy.optimize import linear_sum_assignment

HERE = Path(__file__).parent
Turns = list[tuple[str, float, float]]
SONG = "so what did you do then i do not know what i did we went out and then it was late you know".split(" ")  # noqa: SIM905


def talk(rng: np.random.Generator, speakers: int, turns: int) -> Turns:
    """Turns that alternate at random, often overlap, and never overlap within a speaker."""
    found: Turns = []
    free = [0.0] * speakers
    now = 0.0
    for _ in range(turns):
        who = int(rng.integers(speakers))
        start = max(now + float(rng.normal(0.3, 0.8)), free[who] + 0.05, 0.0)
        end = start + float(rng.exponential(2.5)) + 0.1
        found.append((f"r{who}", round(start, 3), round(end, 3)))
        free[who] = now = end
    return found


def heard(rng: np.random.Generator, turns: Turns, speakers: int) -> Turns:
    """What a poor diarizer makes of them: shifted ends, lost, invented and misattributed turns."""
    found: Turns = []
    for who, start, end in turns:
        if rng.random() < 0.1:
            continue
        a, b = start + float(rng.normal(0, 0.2)), end + float(rng.normal(0, 0.2))
        label = int(who[1:]) if rng.random() > 0.2 else int(rng.integers(speakers + 1))
        if b - a > 0.05:
            found.append((f"h{(7 * label + 3) % (speakers + 2)}", round(max(a, 0), 3), round(b, 3)))
        if rng.random() < 0.1:
            found.append((f"h{int(rng.integers(speakers + 2))}", round(b, 3), round(b + 0.7, 3)))
    return found


def annotation(turns: Turns) -> Annotation:
    made = Annotation()
    for i, (who, start, end) in enumerate(turns):
        made[Segment(start, end), i] = who
    return made.support()


def diarization(case: dict[str, Any]) -> dict[str, Any]:
    """Score one case with both programs. pyannote's collar is the whole width, both sides together."""
    reference, hypothesis, scored = case["reference"], case["hypothesis"], case["scored"]
    uem = None if scored is None else Timeline([Segment(*s) for s in scored])
    metric = DiarizationErrorRate(collar=2 * case["collar"])
    given = {} if uem is None else {"uem": uem}
    p = metric(annotation(reference), annotation(hypothesis), detailed=True, **given)
    given = {} if scored is None else {"uem": [tuple(s) for s in scored]}
    turns = [[tuple(t) for t in x] for x in (reference, hypothesis)]
    s = spyder.DER(*turns, collar=case["collar"], verbose=False, **given)
    s = s["Overall"] if isinstance(s, dict) else s
    return {
        "pyannote": {
            "speech": p["total"],
            "missed": p["missed detection"],
            "false_alarm": p["false alarm"],
            "confusion": p["confusion"],
            "rate": p["diarization error rate"],
        },
        "spyder": {
            "speech": s.duration,
            "missed": s.miss,
            "false_alarm": s.falarm,
            "confusion": s.conf,
            "rate": s.der,
        },
    }


def diarization_cases() -> list[dict[str, Any]]:
    cases = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        speakers = 20 if seed in (11, 29) else int(rng.integers(1, 6))
        reference = talk(rng, speakers, 60 if speakers == 20 else int(rng.integers(4, 25)))
        last = max(t[2] for t in reference)
        scored = None
        if seed % 3 == 2:
            scored = [[round(last * a, 3), round(last * b, 3)] for a, b in ((0.1, 0.45), (0.6, 0.95))]
        case = {
            "reference": reference,
            "hypothesis": heard(rng, reference, speakers),
            "collar": (0.0, 0.25)[seed % 2],
            "scored": scored,
        }
        cases.append({**case, **diarization(case)})
    return cases


def rttm_cases(folder: Path) -> list[dict[str, Any]]:
    """The same on files that are not in this repository: numbers alone are kept."""

    def turns(name: str) -> Turns:
        fields = [line.split() for line in (folder / name).read_text().splitlines() if line.strip()]
        return [(f[7], float(f[3]), round(float(f[3]) + float(f[4]), 6)) for f in fields]

    uem = [[0.0, 15.0], [25.0, 30.4]]
    return [
        {"collar": collar, "scored": scored}
        | diarization(
            {
                "reference": turns("ref.rttm"),
                "hypothesis": turns("sys.rttm"),
                "collar": collar,
                "scored": scored,
            }
        )
        for collar in (0.0, 0.25)
        for scored in (None, uem)
    ]


def word_cases() -> list[dict[str, Any]]:
    cases = []
    for seed in range(30):
        rng = np.random.default_rng(1000 + seed)
        reference = [SONG[i] for i in rng.integers(len(SONG), size=int(rng.integers(1, 60)))]
        hypothesis = []
        for word in reference:
            kind = rng.random()
            if kind > 0.12:
                hypothesis.append(word if kind > 0.3 else SONG[int(rng.integers(len(SONG)))])
            if rng.random() < 0.12:
                hypothesis.append(SONG[int(rng.integers(len(SONG)))])
        j = jiwer.process_words(" ".join(reference), " ".join(hypothesis))
        m = meeteval.wer.siso_word_error_rate(" ".join(reference), " ".join(hypothesis))
        cases.append(
            {
                "reference": " ".join(reference),
                "hypothesis": " ".join(hypothesis),
                "jiwer": {
                    "substitutions": j.substitutions,
                    "deletions": j.deletions,
                    "insertions": j.insertions,
                    "wer": j.wer,
                },
                "meeteval": {"errors": m.errors, "wer": m.error_rate},
            }
        )
    return cases


def speaker_cases() -> list[dict[str, Any]]:
    """Whole turns of one speaker given to another, and no other error.

    cpWER then counts each of their words twice: lost by one speaker, invented for the other.
    """
    cases = []
    for seed in range(12):
        rng = np.random.default_rng(2000 + seed)
        speakers = 2 + seed % 3
        turns, wrong, now, word = [], 0, 0.0, 0
        for place in range(24):
            who = place % speakers
            words = [f"w{word + i}" for i in range(int(rng.integers(1, 9)))]
            word += len(words)
            is_wrong = who == speakers - 1 and place >= speakers and rng.random() < 0.35
            given = 0 if is_wrong else who
            wrong += len(words) * (given != who)
            end = now + 0.4 * len(words)
            turns.append([f"r{who}", f"h{given}", round(now, 3), round(end, 3), " ".join(words)])
            now = end + 0.3

        def streams(column: int, turns: list[list[Any]] = turns) -> dict[str, str]:
            return {
                who: " ".join(t[4] for t in turns if t[column] == who) for who in {t[column] for t in turns}
            }

        cp = meeteval.wer.cp_word_error_rate(streams(0), streams(1))
        cases.append({"turns": turns, "planted": wrong, "words": word, "cpwer_errors": cp.errors})
    return cases


def assignment_cases() -> list[dict[str, Any]]:
    cases = []
    for seed, shape in enumerate([(1, 1), (2, 2), (3, 5), (5, 3), (8, 8), (20, 20), (20, 7)] * 2):
        rng = np.random.default_rng(3000 + seed)
        gain = rng.integers(0, 100, size=shape) * (rng.random(shape) > 0.4)
        rows, columns = linear_sum_assignment(gain, maximize=True)
        cases.append({"gain": gain.tolist(), "total": int(gain[rows, columns].sum())})
    return cases


def main() -> None:
    warnings.simplefilter("ignore")
    made: dict[str, Any] = {
        "accuracy_diarization": diarization_cases(),
        "accuracy_words": {"words": word_cases(), "speakers": speaker_cases()},
        "accuracy_assignment": assignment_cases(),
    }
    if len(sys.argv) > 1:
        made["accuracy_rttm"] = rttm_cases(Path(sys.argv[1]))
    for name, content in made.items():
        text = json.dumps(content, separators=(",", ":"))
        (HERE / f"{name}.json").write_text(text.replace('},{"reference', '},\n{"reference') + "\n")


if __name__ == "__main__":
    main()
