"""`bordin agree`: long and wide files, turns and marks, the designs that break other programs, plain errors."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bordin.cli import main

REFERENCE = Path(__file__).parents[1] / "reference" / "reliability"
Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(head: str, rows: Iterable[Sequence[object]], name: str = "codes.csv") -> str:
        path = tmp_path / name
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([head.split(), *rows])
        return str(path)

    return written


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    try:
        status = main(["agree", *words])
    except SystemExit as done:
        status = int(done.code or 0)
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def record(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    status, out, err = run(capsys, *words, "--json")
    assert (status, err) == (0, "")
    found: dict[str, Any] = json.loads(out)
    return found


def estimates(found: dict[str, Any], dimension: str = "") -> dict[str, dict[str, Any]]:
    return {e["name"]: e for e in found["estimates"] if e["dimension"] == dimension}


def ratings(design: Iterable[tuple[int, str]], seed: int = 5) -> list[tuple[str, str, str, int]]:
    """Ratings of 0 to 6: sessions differ much, coders a little."""
    rng = np.random.default_rng(seed)
    session, coder = rng.normal(3, 1.5, 100), dict(zip("ABCD", rng.normal(0, 0.4, 4), strict=True))
    return [
        (f"S{s:02d}", c, "bond", int(np.clip(np.round(session[s] + coder[c] + rng.normal(0, 0.7)), 0, 6)))
        for s, c in design
    ]


HEAD = "session coder dimension value"
ICCS = ["ICC(1)", "ICC(A,1)", "ICC(C,1)", "ICC(k)", "ICC(A,k)", "ICC(C,k)"]


def test_long_file_gives_the_components_of_lme4(capsys: pytest.CaptureFixture[str], write: Write) -> None:
    with (REFERENCE / "icc_ratings_unbalanced_long.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    dimensions = list(rows[0])[2:]
    path = write(HEAD, [(r["session"], r["rater"], d, r[d]) for r in rows for d in dimensions])
    found = record(capsys, path, "--level", "interval", "--scale", "1:7")
    wanted = json.loads((REFERENCE / "icc_components.json").read_text(encoding="utf-8"))
    wanted = wanted["ratings_unbalanced_long"]
    assert [c["dimension"] for c in found["components"]] == dimensions
    for made in found["components"]:
        parts = wanted[made["dimension"]]
        assert [made["session"], made["coder"], made["residual"]] == pytest.approx(parts, rel=1e-4, abs=1e-6)
        assert made["estimator"] == "REML"
        single = estimates(found, made["dimension"])["ICC(A,1)"]
        assert single["value"] == pytest.approx(parts[0] / sum(parts), rel=1e-4)
        assert single["n_sessions"] == 30
        assert "REML" in single["method"]


def test_the_same_file_with_a_column_for_each_dimension(
    capsys: pytest.CaptureFixture[str], write: Write
) -> None:
    rows = ratings((s, c) for s in range(9) for c in "AB")
    tall = [row for s, c, _, v in rows for row in ((s, c, "bond", v), (s, c, "goals", 6 - v))]
    broad = [(s, c, v, 6 - v) for s, c, _, v in rows]
    words = ("--level", "ordinal", "--scale", "0:6")
    long = record(capsys, write(HEAD, tall), *words)
    flat = record(capsys, write("session coder bond goals", broad), *words)
    assert flat == long
    assert {e["dimension"] for e in flat["estimates"]} == {"bond", "goals"}


def test_wide_file_at_all_levels(capsys: pytest.CaptureFixture[str], write: Write) -> None:
    text = (REFERENCE / "categorical_krippendorff_12x4.csv").read_text(encoding="utf-8").split()
    rows = [[f"u{i}", *line.split(",")] for i, line in enumerate(text[1:])]
    path = write("unit " + " ".join(text[0].split(",")), rows)
    for level, value in (
        ("nominal", 0.743421),
        ("ordinal", 0.815388),
        ("interval", 0.849107),
        ("ratio", 0.797403),
    ):
        found = estimates(record(capsys, path, "--level", level))
        assert found[f"alpha ({level})"]["value"] == pytest.approx(value, abs=1e-6)
        assert (found[f"alpha ({level})"]["n_sessions"], found[f"alpha ({level})"]["n_coders"]) == (11, 4)
    nominal = estimates(record(capsys, path, "--level", "nominal"))
    assert list(nominal) == [
        "percent agreement", "kappa (Conger)", "kappa (Fleiss)", "Brennan-Prediger", "AC1", "alpha (nominal)",
    ]  # fmt: skip
    assert nominal["kappa (Fleiss)"]["value"] == pytest.approx(0.76117, abs=5e-6)
    assert nominal["AC1"]["value"] == pytest.approx(0.77544, abs=5e-6)
    assert nominal["kappa (Conger)"]["value"] == pytest.approx(0.76207, abs=5e-6)
    assert nominal["Brennan-Prediger"]["value"] == pytest.approx(0.77273, abs=5e-6)


def test_twelve_of_43_sessions_double_coded(capsys: pytest.CaptureFixture[str], write: Write) -> None:
    design = [(s, "A") for s in range(43)] + [(s, "B") for s in range(0, 43, 4)] + [(1, "B")]
    found = record(capsys, write(HEAD, ratings(design)), "--level", "ordinal", "--scale", "0:6")
    by_name = estimates(found, "bond")
    assert list(by_name) == [
        "percent agreement", "kappa (Cohen, quadratic)", "kappa (Fleiss, quadratic)",
        "Brennan-Prediger (quadratic)", "AC2 (quadratic)", "AC2 (ordinal)", "alpha (ordinal)", *ICCS,
    ]  # fmt: skip
    for one in by_name.values():
        assert one["n_sessions"] == 12
        assert one["low"] < one["value"] < one["high"]
        assert one["level"] == 0.95
        assert (one["undefined"], one["measured"], one["unit"]) == (None, "ordinal", "session")
    assert by_name["ICC(A,1)"]["n_values"] == 55
    assert by_name["alpha (ordinal)"]["n_values"] == 24
    assert found["warnings"] == [
        "bond: 12 of 43 sessions have two or more coders; the others count for the variance between sessions"
    ]
    assert by_name["alpha (ordinal)"]["bootstrap"]["method"].startswith("BCa bootstrap of units")


def test_three_coders_who_meet_in_pairs(capsys: pytest.CaptureFixture[str], write: Write) -> None:
    pairs = ["AB", "AC", "BC"]
    design = [(s, c) for s in range(30) for c in pairs[s % 3]]
    path = write(HEAD, ratings(design))
    by_name = estimates(record(capsys, path, "--level", "ordinal", "--scale", "0:6"), "bond")
    assert "kappa (Conger, quadratic)" in by_name
    for one in by_name.values():
        assert (one["n_sessions"], one["n_coders"], one["n_values"]) == (30, 3, 60)
        assert one["low"] < one["value"] < one["high"]
    assert 0.5 < by_name["ICC(A,1)"]["value"] < by_name["ICC(A,k)"]["value"] < 1
    assert record(capsys, path, "--seed", "2") == record(capsys, path, "--seed", "2")


def test_ratings_typed_as_numbers_are_no_perfect_agreement(
    capsys: pytest.CaptureFixture[str], write: Write
) -> None:
    rows = [("S1", "5", "5"), ("S2", "3", "4"), ("S3", "2", "1"), ("S4", "6", "4")] * 3
    path = write("session Ann Ben", [(f"{s}{i}", *v) for i, (s, *v) in enumerate(rows)])
    found = record(capsys, path)
    by_name = estimates(found)
    assert by_name["percent agreement"]["value"] == 0.25
    assert by_name["ICC(A,1)"]["value"] == pytest.approx(0.717949, abs=1e-6)
    assert by_name["ICC(A,1)"]["bootstrap"]["low"] < 0.717949
    assert found["warnings"] == [
        "no level is declared: whole numbers are taken as ordinal",
        "no scale is declared: weights and categories follow the values that occur",
    ]


def test_weights_follow_the_declared_scale(capsys: pytest.CaptureFixture[str], write: Write) -> None:
    path = write(
        "session A B", [(f"s{i}", a, b) for i, (a, b) in enumerate([(2, 3), (3, 3), (3, 2), (2, 2), (3, 3)])]
    )
    seen = estimates(record(capsys, path, "--level", "ordinal"))["AC2 (quadratic)"]["value"]
    declared = estimates(record(capsys, path, "--level", "ordinal", "--scale", "0:6"))["AC2 (quadratic)"][
        "value"
    ]
    # Two coders one point apart on a scale of seven: weight 35/36; the chance term by hand.
    pi = np.array([0.4, 0.6])
    weights = 1 - np.subtract.outer(np.arange(7), np.arange(7)) ** 2 / 36
    chance = weights.sum() / 42 * float(pi @ (1 - pi))
    observed = (3 + 2 * 35 / 36) / 5
    assert declared == pytest.approx((observed - chance) / (1 - chance), abs=1e-12)
    assert seen < 0.3 < 0.9 < declared


def test_turns_rest_on_sessions_and_na_is_a_code(capsys: pytest.CaptureFixture[str], write: Write) -> None:
    rng = np.random.default_rng(3)
    names = ["n/a", "question", "reflection"]
    rows = []
    for session in range(6):
        for turn in range(20):
            code = rng.integers(3)
            rows.append((session, turn, "A", names[code]))
            rows.append((session, turn, "B", names[code if rng.random() < 0.8 else rng.integers(3)]))
    found = record(capsys, write("session turn coder code", rows), "--unit", "turn", "--level", "nominal")
    by_name = estimates(found)
    assert list(by_name)[-3:] == [f"specific agreement ({name})" for name in names]
    same = np.mean([rows[i][3] == rows[i + 1][3] for i in range(0, len(rows), 2)])
    assert by_name["percent agreement"]["value"] == pytest.approx(same, abs=1e-12)
    for one in by_name.values():
        assert (one["n_sessions"], one["unit"], one["rule"]) == (6, "turn", "unit: turn")
        assert "cluster" in one["method"]
    assert by_name["AC1"]["n_units"] == 120
    assert found["components"] == []
    one_session = record(
        capsys, write("turn coder code", [r[1:] for r in rows[:40]]), "--unit", "turn", "--level", "nominal"
    )
    assert estimates(one_session)["AC1"]["n_units"] == 20


def test_marks_are_matched_within_the_tolerance(capsys: pytest.CaptureFixture[str], write: Write) -> None:
    marks = [
        ("S1", "A", 10.0, "sigh"), ("S1", "B", 11.5, "sigh"), ("S1", "A", 40, "laugh"), ("S1", "B", 43, "laugh"),
        ("S2", "A", 5, "laugh"), ("S2", "B", 5.2, "laugh"), ("S2", "A", 60, "sigh"), ("S2", "B", 61, "laugh"),
    ]  # fmt: skip
    path = write("session coder time code", marks)
    near = estimates(record(capsys, path, "--unit", "event"))
    assert near["specific agreement (all codes)"]["n_units"] == 5
    assert near["specific agreement (all codes)"]["value"] == pytest.approx(0.5, abs=1e-12)
    assert near["specific agreement (laugh)"]["value"] == pytest.approx(0.4, abs=1e-12)
    assert near["specific agreement (sigh)"]["value"] == pytest.approx(2 / 3, abs=1e-12)
    assert "at most 2 s apart" in near["percent agreement"]["rule"]
    far = estimates(record(capsys, path, "--unit", "event", "--tolerance", "3"))
    assert far["specific agreement (all codes)"]["value"] == pytest.approx(0.75, abs=1e-12)
    assert far["specific agreement (all codes)"]["n_units"] == 4


def test_swapped_and_empty_coders_change_nothing(capsys: pytest.CaptureFixture[str], write: Write) -> None:
    design = [(s, c) for s in range(20) for c in ("AB", "BC", "ABC")[s % 3]]
    rows = ratings(design)
    tables = {c: {s: v for s, who, _, v in rows if who == c} for c in "ABC"}
    sessions = sorted({s for s, *_ in rows})

    def values(order: str, name: str) -> list[float]:
        table = [[s, *(tables.get(c, {}).get(s, "") for c in order)] for s in sessions]
        path = write("session " + " ".join(order), table, name)
        return [
            e["value"] for e in record(capsys, path, "--level", "interval", "--scale", "0:6")["estimates"]
        ]

    plain = values("ABC", "plain.csv")
    assert values("CBA", "swapped.csv") == pytest.approx(plain, abs=1e-8)
    assert values("ABCD", "empty.csv") == pytest.approx(plain, abs=1e-12)


def test_equal_identical_and_opposite_ratings(capsys: pytest.CaptureFixture[str], write: Write) -> None:
    words = ("--level", "ordinal", "--scale", "1:4")
    still = record(capsys, write("session A B", [(i, 3, 3) for i in range(8)]), *words)
    for name, one in estimates(still).items():
        if name != "percent agreement":
            assert one["value"] is None
            assert one["undefined"].startswith("no variance")
    assert still["components"][0]["session"] is None
    assert still["components"][0]["undefined"].startswith("no variance")
    assert any("restricted range" in w for w in still["warnings"])
    alike = estimates(
        record(capsys, write("session A B", [(i, 1 + i % 4, 1 + i % 4) for i in range(8)]), *words)
    )
    assert [one["value"] for one in alike.values()] == pytest.approx([1.0] * 13, abs=1e-12)
    against = estimates(
        record(
            capsys, write("session A B", [(i, 1 + 3 * (i % 2), 4 - 3 * (i % 2)) for i in range(8)]), *words
        )
    )
    # The means of two coders who always disagree do not vary, so the forms for a mean have no value.
    without = {name for name, one in against.items() if one["value"] is None}
    assert without <= {"ICC(k)", "ICC(A,k)", "ICC(C,k)"}
    assert all("no variance between the means" in against[name]["undefined"] for name in without)
    assert max(one["value"] for one in against.values() if one["value"] is not None) <= 1e-12


def test_a_coder_with_one_rating_is_named(capsys: pytest.CaptureFixture[str], write: Write) -> None:
    rows = ratings([(s, c) for s in range(12) for c in "AB"] + [(0, "C"), (40, "D")])
    found = record(capsys, write(HEAD, rows), "--level", "interval")
    assert "bond: shares no session with another coder: D" in found["warnings"]
    assert any(w.startswith("bond: coded one session only: C") for w in found["warnings"])
    assert estimates(found, "bond")["ICC(A,1)"]["value"] is not None


def test_nothing_in_common_is_said(capsys: pytest.CaptureFixture[str], write: Write) -> None:
    found = record(capsys, write(HEAD, ratings([(0, "A"), (1, "B"), (2, "A")])), "--level", "interval")
    assert {e["undefined"] for e in found["estimates"]} == {
        "nothing was coded by two or more coders", "no session has two coders",
    }  # fmt: skip


def test_table_for_people(
    capsys: pytest.CaptureFixture[str], write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    design = [(s, c) for s in range(30) for c in ("AB", "AC", "BC")[s % 3]]
    path = write(HEAD, ratings(design))
    found = estimates(record(capsys, path, "--level", "ordinal", "--scale", "0:6"), "bond")
    status, out, _ = run(capsys, path, "--level", "ordinal", "--scale", "0:6")
    assert status == 0
    assert out.splitlines()[0] == "bond: ordinal level; unit: session"
    [line] = [text for text in out.splitlines() if text.startswith("ICC(A,1)")]
    assert f"{found['ICC(A,1)']['value']:.3f}".removeprefix("0") in line
    assert line.split()[-3:] == ["30", "3", "60"]
    assert "95% interval" in out
    assert "Variance components (REML): session " in out
    assert "Note: takes the codes as equally spaced numbers." in out
    still = write("session A B", [(i, 3, 3) for i in range(8)])
    assert "undefined: no variance: all ratings are equal" in run(capsys, still)[1]


@pytest.mark.parametrize(
    ("head", "rows", "words", "told"),
    [
        ("session A B", [(1, 2, 9), (2, 3, "3.5")], ("--scale", "0:6"), "codes.csv:2, B: 9 is not a point of the scale 0:6"),
        ("session A B", [(1, 2, 9), (2, 3, "3.5")], ("--scale", "0:6"), "codes.csv:3, B: 3.5 is not a point"),
        ("session A B", [(1, 2, 3), (2, 3, "5?")], (), "codes.csv:3, B: '5?' is not a number"),
        ("session A B", [(1, "yes", "no")], ("--level", "ordinal"), "'yes' is not a number"),
        ("session A B", [(1, 2, 3), (1, 3, 3)], (), "A coded session 1 before, in row 2"),
        (HEAD, [(1, "A", "d", 3), (1, "A", "d", 4)], (), "codes.csv:3, value: A coded session 1 before, in row 2"),
        (HEAD, [(1, "A", "d", 3), ("", "A", "d", 4)], (), "codes.csv:3, session: is empty"),
        ("session A", [(1, 2)], (), "there are not two columns of coders"),
        ("session A B", [("", 2, 3)], (), "codes.csv:2, session: is empty"),
        ("coder value", [("A", 2)], (), "there is no column 'session'"),
        ("session coder", [(1, "A")], (), "there is no column 'value'"),
        ("session coder value", [(1, "A", 2)], ("--unit", "turn"), "there is no column 'turn'"),
        ("session coder code", [(1, "A", "x")], ("--unit", "event"), "there is no column 'time'"),
        ("session coder time code", [(1, "A", "", "x")], ("--unit", "event"), "codes.csv:2, time: is empty"),
        ("session A B", [(1, 2, 3)], ("--unit", "event"), "marks in time are read from a long file"),
        ("session A B", [(1, 2, 3)], ("--layout", "long"), "there is no column 'coder'"),
        ("session A B", [(1, 2, 3)], ("--level", "ordnal"), "Did you mean 'ordinal'?"),
        ("session A B", [(1, 2, 3)], ("--scale", "6"), "'6' is not a scale"),
        ("session A B", [(1, 2, 3)], ("--scale", "6:0"), "'6:0' is not a scale"),
    ],
)  # fmt: skip
def test_errors_name_the_row_and_the_next_step(
    capsys: pytest.CaptureFixture[str],
    write: Write,
    head: str,
    rows: list[Any],
    words: tuple[str, ...],
    told: str,
) -> None:
    status, out, err = run(capsys, write(head, rows), *words)
    assert (status, out) == (2, "")
    assert told in err
    assert "Traceback" not in err


def test_a_width_plans_double_coding(capsys: pytest.CaptureFixture[str], write: Write) -> None:
    file = write(HEAD, ratings([(s, c) for s in range(30) for c in "ABCD"]))
    found = record(capsys, file, "--level", "interval", "--width", "0.6")
    one = estimates(found, "bond")
    plan = {(row["name"]): row for row in found["d_study"]}
    assert list(plan) == [f"ICC({model},{k})" for model in "AC" for k in range(1, 6)]
    values = [plan[f"ICC(A,{k})"]["value"] for k in range(1, 6)]
    assert values == sorted(values)
    session, coder, residual = (found["components"][0][name] for name in ("session", "coder", "residual"))
    for k in range(1, 6):
        expected = session / (session + (coder + residual) / k)
        assert plan[f"ICC(A,{k})"]["value"] == pytest.approx(expected)
        assert plan[f"ICC(C,{k})"]["value"] == pytest.approx(session / (session + residual / k))
    assert one["ICC(A,1)"]["value"] == pytest.approx(values[0], abs=0.02)
    more = found["double_coding"][0]
    assert more["more"] == 0
    assert more["width_now"] <= 0.6


def test_a_width_without_components_says_why(capsys: pytest.CaptureFixture[str], write: Write) -> None:
    file = write("session A B", [(i, "xy"[i % 2], "yx"[i % 3 == 0]) for i in range(9)])
    found = record(capsys, file, "--level", "nominal", "--width", "0.4")
    assert found["d_study"] == []
    assert found["double_coding"][0]["undefined"].startswith("codes without numbers")
