"""Make the simulated data of this example, so that they carry the published table exactly.

Run ``python make_data.py``. It writes the folder ``data/`` beside this script, the same bytes each
time. No real patient is in the data; only the 21 coefficients and p values of ``published.csv``
(printed by Daniels and Wearden, 2011) are taken from elsewhere.

How. Each variable of the 43 analyzed participants has a fixed set of values (its margin below), so
only their order is free. A Spearman coefficient is then an integer, the product of two columns of
doubled and centered midranks, over a constant. Each printed r, together with its printed p, allows
a range of that integer. The questionnaire items are ordered first, with plausible correlations
among them. Then one dimension after the other is ordered: from a random order, the swap of two
participants that brings the products nearest to their ranges is made, again and again; where no
swap helps, two swaps are tried together, and then a few random ones. Because the items stand fixed,
a dimension has only three narrow ranges to meet, and the search takes a second or two. All decisions
are made on integers and on ``random.random()``, whose stream Python keeps for a seed, so every
machine finds the same data.
"""

from __future__ import annotations

import csv
import math
import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

SEED = 20261
N = 43  # participants of the published table
HERE = Path(__file__).parent
Range = tuple[float, float]
T = TypeVar("T")
Column = np.ndarray[Any, np.dtype[np.int64]]

# How many participants have which value. Most patients rate an alliance high; resistance,
# evidence against the model and avoidance are seldom heard.
MARGINS: Mapping[str, Mapping[int, int]] = {
    "q1": {7: 9, 6: 13, 5: 11, 4: 6, 3: 3, 2: 1},
    "q2": {7: 14, 6: 13, 5: 9, 4: 4, 3: 2, 2: 1},
    "q3": {7: 11, 6: 13, 5: 9, 4: 6, 3: 3, 2: 1},
    "q4": {7: 16, 6: 12, 5: 8, 4: 4, 3: 2, 2: 1},
    "q5": {7: 20, 6: 12, 5: 7, 4: 3, 3: 1},
    "concordance": {6: 6, 5: 12, 4: 11, 3: 8, 2: 4, 1: 2},
    "resistance": {0: 13, 1: 11, 2: 8, 3: 5, 4: 4, 5: 2},
    "understanding": {6: 6, 5: 11, 4: 12, 3: 8, 2: 4, 1: 2},
    "active_plans": {6: 4, 5: 8, 4: 11, 3: 10, 2: 6, 1: 3, 0: 1},
    "evidence_congruent": {6: 3, 5: 8, 4: 10, 3: 9, 2: 7, 1: 4, 0: 2},
    "evidence_incongruent": {0: 15, 1: 12, 2: 8, 3: 4, 4: 3, 5: 1},
    "avoidance": {0: 12, 1: 13, 2: 8, 3: 5, 4: 3, 5: 1, 6: 1},
}
ITEMS = ("q1", "q2", "q3", "q4", "q5")
DIMENSIONS = tuple(name for name in MARGINS if name not in ITEMS)

# Wide ranges for what the source does not print: items among themselves, dimensions among
# themselves, and the bond (q5), which is to be near zero with every dimension.
WIDE: Mapping[tuple[str, str], Range] = {
    ("q3", "q2"): (0.50, 0.65),
    ("q4", "q2"): (0.50, 0.65),
    ("q4", "q3"): (0.50, 0.65),
    ("q5", "q2"): (0.30, 0.42),
    ("q5", "q3"): (0.32, 0.45),
    ("q5", "q4"): (0.38, 0.50),
    ("q1", "q2"): (0.35, 0.55),
    ("q1", "q3"): (0.35, 0.55),
    ("q1", "q4"): (0.35, 0.55),
    ("q1", "q5"): (0.20, 0.40),
    ("concordance", "q5"): (0.04, 0.11),
    ("resistance", "q5"): (-0.12, -0.05),
    ("understanding", "q5"): (-0.03, 0.04),
    ("active_plans", "q5"): (-0.09, -0.02),
    ("evidence_congruent", "q5"): (0.00, 0.07),
    ("evidence_incongruent", "q5"): (-0.07, 0.00),
    ("avoidance", "q5"): (-0.04, 0.03),
    ("resistance", "concordance"): (-0.65, -0.40),
    ("understanding", "concordance"): (0.25, 0.50),
    ("understanding", "resistance"): (-0.40, -0.15),
    ("active_plans", "concordance"): (0.15, 0.40),
    ("active_plans", "resistance"): (-0.30, -0.05),
    ("active_plans", "understanding"): (0.20, 0.45),
    ("evidence_congruent", "concordance"): (0.30, 0.55),
    ("evidence_congruent", "resistance"): (-0.45, -0.20),
    ("evidence_congruent", "understanding"): (0.25, 0.50),
    ("evidence_congruent", "active_plans"): (0.30, 0.55),
    ("evidence_incongruent", "concordance"): (-0.45, -0.20),
    ("evidence_incongruent", "resistance"): (0.25, 0.50),
    ("evidence_incongruent", "understanding"): (-0.30, -0.05),
    ("evidence_incongruent", "active_plans"): (-0.25, 0.00),
    ("evidence_incongruent", "evidence_congruent"): (-0.35, -0.10),
    ("avoidance", "concordance"): (-0.60, -0.35),
    ("avoidance", "resistance"): (0.45, 0.70),
    ("avoidance", "understanding"): (-0.40, -0.15),
    ("avoidance", "active_plans"): (-0.30, -0.05),
    ("avoidance", "evidence_congruent"): (-0.45, -0.20),
    ("avoidance", "evidence_incongruent"): (0.20, 0.45),
}

ARMS = {"pragmatic rehabilitation": 95, "supportive listening": 101, "treatment as usual": 100}
STUDIED, COMPARED = "pragmatic rehabilitation", "supportive listening"
THERAPISTS = ("T1", "T2", "T3")
WITHOUT_FORM, WITHOUT_TAPE, COMPARED_FORMS = 37, 15, 64
DOUBLE = 12
FORM_NOTES = ("not returned", "not returned", "handed out too late", "declined")
TAPE_NOTES = ("taping declined", "recorder failed", "speech not audible", "tape lost")
# How far the second coder agrees (quadratically weighted kappa), and two ratings that were not possible.
KAPPA: Range = (0.58, 0.72)
KAPPA_UNDERSTANDING: Range = (0.35, 0.50)
NOT_CODABLE = {(3, "evidence_incongruent"): "Not audible", (8, "active_plans"): "Topic not raised"}


class Dice:
    """Draws that rest on ``random.random()`` alone, the one stream that Python promises to keep."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random

    def below(self, n: int) -> int:
        """Return a whole number from 0 to n - 1."""
        return int(self._random() * n)

    def shuffled(self, values: Iterable[T]) -> list[T]:
        """Return the values in a random order."""
        return [v for _, _, v in sorted((self._random(), i, v) for i, v in enumerate(values))]


def two_tailed_p(r: float, n: int) -> float:
    """Return the two-tailed p of a correlation by the t approximation, for odd n - 2.

    The distribution of t has a closed form for odd degrees of freedom (Abramowitz and Stegun, 26.7.3).
    """
    cosine = math.sqrt(1.0 - r * r)
    term, series = cosine, cosine
    for k in range(3, n - 2, 2):
        term *= cosine * cosine * (k - 1) / k
        series += term
    return 1.0 - 2.0 / math.pi * (math.asin(abs(r)) + abs(r) * series)


def printed_range(r: str, p: str) -> Range:
    """Return the range of unrounded r that prints as `r` and whose p prints as `p`, both to 3 decimals."""
    center = float(r)
    steps = (center + k * 1e-6 for k in range(-495, 496))
    fitting = [v for v in steps if f"{two_tailed_p(v, N):.3f}" == p]
    if not fitting:
        raise SystemExit(f"no value that prints as {r} has a p that prints as {p}")
    return min(fitting), max(fitting)


def ranges() -> dict[tuple[str, str], Range]:
    """Return every range to be met: the published cells and the wide ones."""
    with (HERE / "published.csv").open(encoding="utf-8", newline="") as file:
        published = {(c["column"], c["row"]): printed_range(c["r"], c["p"]) for c in csv.DictReader(file)}
    return {**WIDE, **published}


def midranks(values: Sequence[int]) -> Column:
    """Return doubled midranks less their mean: whole numbers that sum to zero."""
    v = np.asarray(values)
    below: Column = (v[None, :] < v[:, None]).sum(axis=1, dtype=np.int64)
    same: Column = (v[None, :] == v[:, None]).sum(axis=1, dtype=np.int64)
    return 2 * below + same - len(v)


class Target:
    """Fixed columns, and the range that the product of a new column with each of them has to meet."""

    def __init__(self, fixed: Sequence[Column], wanted: Sequence[Range], ranks: Column) -> None:
        self.fixed = np.stack(fixed)
        scale = np.sqrt((self.fixed**2).sum(axis=1) * (ranks**2).sum())
        self.low = np.array([math.ceil(lo * s) for (lo, _), s in zip(wanted, scale, strict=True)])
        self.high = np.array([math.floor(hi * s) for (_, hi), s in zip(wanted, scale, strict=True)])
        # Every pair of participants whose values could be swapped, and what that does to the products.
        self.first, self.second = np.triu_indices(len(ranks), k=1)
        self.step = (self.fixed[:, self.first] - self.fixed[:, self.second]).T

    def distance(self, products: Column) -> Column:
        """Return how far products are outside their ranges, summed over the fixed columns."""
        outside = np.maximum(self.low - products, 0) + np.maximum(products - self.high, 0)
        return np.asarray(outside.sum(axis=-1))

    def two_swaps(self, products: Column, effects: Column) -> list[int]:
        """Return two swaps of four participants that meet every range at once; none when there are none."""
        narrow = int((self.high - self.low).argmin())
        sums = products[narrow] + effects[:, narrow][:, None] + effects[:, narrow][None, :]
        s, t = np.nonzero((sums >= self.low[narrow]) & (sums <= self.high[narrow]))
        apart = (
            (self.first[s] != self.first[t])
            & (self.first[s] != self.second[t])
            & (self.second[s] != self.first[t])
            & (self.second[s] != self.second[t])
        )
        s, t = s[apart], t[apart]
        hits = np.flatnonzero(self.distance(products + effects[s] + effects[t]) == 0)
        return [int(s[hits[0]]), int(t[hits[0]])] if hits.size else []


def order(dice: Dice, values: Sequence[int], fixed: Sequence[Column], wanted: Sequence[Range]) -> list[int]:
    """Order `values` so that their Spearman correlation with each fixed column lies in its range.

    Returns
    -------
    list of int
        The same values, a value a participant.
    """
    current = dice.shuffled(values)
    if not fixed:
        return current
    y = midranks(current)
    target = Target(fixed, wanted, y)
    products = target.fixed @ y
    while (away := int(target.distance(products))) > 0:
        effects = target.step * (y[target.second] - y[target.first])[:, None]
        after = target.distance(products + effects)
        best = int(after.argmin())
        if after[best] < away:
            swaps = [best]
        else:
            # No swap helps: look for two that do together, else shake the order a little and go on.
            swaps = target.two_swaps(products, effects) or [dice.below(len(after)) for _ in range(3)]
        for k in swaps:
            a, b = target.first[k], target.second[k]
            y[[a, b]] = y[[b, a]]
            current[a], current[b] = current[b], current[a]
        products = target.fixed @ y
    return current


def analyzed_values(dice: Dice) -> dict[str, list[int]]:
    """Return the values of the analyzed participants, by variable."""
    wanted = ranges()
    found: dict[str, list[int]] = {}
    for name in ("q2", "q3", "q4", "q5", "q1", *DIMENSIONS):
        values = [v for v, count in MARGINS[name].items() for _ in range(count)]
        partners = [other for other in found if (name, other) in wanted]
        columns = [midranks(found[other]) for other in partners]
        found[name] = order(dice, values, columns, [wanted[name, other] for other in partners])
    return found


def weighted_kappa(a: Sequence[int], b: Sequence[int]) -> float:
    """Return Cohen's kappa with quadratic weights."""
    seen = sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) * len(a)
    return 1 - seen / sum((x - y) ** 2 for x in a for y in b)


def second_ratings(dice: Dice, dimension: str, first: Sequence[int]) -> list[int | None]:
    """Return a second coder's ratings of the tapes in `first`; None where the tape could not be coded."""
    low, high = KAPPA_UNDERSTANDING if dimension == "understanding" else KAPPA
    gaps = {tape for tape, name in NOT_CODABLE if name == dimension}
    kept = [t for t in range(len(first)) if t not in gaps]
    while True:
        moved = [min(6, max(0, v + (-2, -1, -1, 0, 0, 0, 0, 1, 1, 2)[dice.below(10)])) for v in first]
        if low <= weighted_kappa([first[t] for t in kept], [moved[t] for t in kept]) <= high:
            return [None if t in gaps else v for t, v in enumerate(moved)]


def recruited(dice: Dice) -> list[dict[str, object]]:
    """Return the participants of the trial, allocated to its three arms at random."""
    arms = dice.shuffled(arm for arm, count in ARMS.items() for _ in range(count))
    people: list[dict[str, object]] = []
    for number, arm in enumerate(arms, start=1):
        treated = arm in (STUDIED, COMPARED)
        age = 18 + sum(dice.below(19) for _ in range(3))
        people.append(
            {
                "participant": f"P{number:03d}",
                "arm": arm,
                "therapist": THERAPISTS[dice.below(3)] if treated else "",
                "age": age,
                "sex": "female" if dice.below(100) < 78 else "male",
            }
        )
    return people


def near(dice: Dice, answers: Sequence[int]) -> list[int]:
    """Return answers like those given, each moved by at most one point within 1 to 7."""
    return [min(7, max(1, v + (-1, 0, 0, 1)[dice.below(4)])) for v in answers]


class Trial:
    """Fills the four files from the found values."""

    def __init__(self, dice: Dice) -> None:
        self.dice = dice
        self.values = analyzed_values(dice)
        self.people = recruited(dice)
        self.sessions: list[dict[str, object]] = []
        self.responses: list[dict[str, object]] = []
        self.ratings: list[dict[str, object]] = []

    def fill(self) -> None:
        """Give sessions, forms and ratings to the participants of the two treated arms."""
        studied = self.dice.shuffled(p["participant"] for p in self.people if p["arm"] == STUDIED)
        analyzed, rest = studied[:N], studied[N:]
        without_tape, without_form = rest[:WITHOUT_TAPE], rest[WITHOUT_TAPE:]
        compared = self.dice.shuffled(p["participant"] for p in self.people if p["arm"] == COMPARED)
        case = {who: i for i, who in enumerate(analyzed)}
        for person in self.people:
            who = person["participant"]
            if who in case:
                i = case[who]
                self._session(who, tape=True)
                self._form(who, [self.values[item][i] for item in ITEMS])
            elif who in without_tape or who in compared[:COMPARED_FORMS]:
                self._session(who, tape=who in compared)
                i = self.dice.below(N)
                self._form(who, near(self.dice, [self.values[item][i] for item in ITEMS]))
            elif who in without_form or who in compared:
                self._session(who, tape=True, form_note=FORM_NOTES[self.dice.below(len(FORM_NOTES))])
        session_of = {s["participant"]: str(s["session"]) for s in self.sessions}
        self._ratings([session_of[who] for who in analyzed])
        for row, item in zip(self._compared_rows(compared), ("q1", "q5"), strict=False):
            row[item] = ""  # two answers left out, in an arm that is not analyzed

    def _session(self, who: object, *, tape: bool, form_note: str = "") -> None:
        number = 3 + self.dice.below(6)
        day = date(2005, 9, 1) + timedelta(days=self.dice.below(900))
        self.sessions.append(
            {
                "session": f"S{len(self.sessions) + 1:03d}",
                "participant": who,
                "number": number,
                "date": day.isoformat(),
                "tape": "yes" if tape else "no",
                "tape_note": "" if tape else TAPE_NOTES[self.dice.below(len(TAPE_NOTES))],
                "form_note": form_note,
            }
        )

    def _form(self, who: object, answers: Sequence[int]) -> None:
        row = {"participant": who, "session": self.sessions[-1]["session"]}
        self.responses.append({**row, **dict(zip(ITEMS, answers, strict=True))})

    def _compared_rows(self, compared: Sequence[object]) -> list[dict[str, object]]:
        return [row for row in self.responses if row["participant"] in compared]

    def _ratings(self, tapes: Sequence[str]) -> None:
        """Write the designated coder's ratings of every tape and the second coder's of twelve."""
        double = sorted(self.dice.shuffled(range(N))[:DOUBLE])
        second = {
            name: second_ratings(self.dice, name, [self.values[name][i] for i in double])
            for name in DIMENSIONS
        }
        for i, session in sorted(enumerate(tapes), key=lambda pair: pair[1]):
            for name in DIMENSIONS:
                self._rating(session, "C1", name, self.values[name][i], "", 1)
            if i in double:
                tape = double.index(i)
                for name in DIMENSIONS:
                    self._rating(
                        session, "C2", name, second[name][tape], NOT_CODABLE.get((tape, name), ""), 0
                    )

    def _rating(
        self, session: str, coder: str, dimension: str, value: int | None, reason: str, designated: int
    ) -> None:
        row = {"session": session, "coder": coder, "dimension": dimension}
        shown = "" if value is None else value
        self.ratings.append({**row, "value": shown, "reason": reason, "designated": designated})


def write(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Write one CSV file with plain line ends, so that it is the same on every machine."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main(folder: Path) -> None:
    """Write participants.csv, sessions.csv, responses.csv and ratings.csv into `folder`."""
    trial = Trial(Dice(SEED))
    trial.fill()
    folder.mkdir(exist_ok=True)
    for name in ("people", "sessions", "responses", "ratings"):
        write(folder / f"{'participants' if name == 'people' else name}.csv", getattr(trial, name))


if __name__ == "__main__":
    main(HERE / "data")
