"""Process measures agree with tools that know nothing of them, and keep what they promise."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bordin.errors import TapeError
from bordin.missing import Missing
from bordin.tapes.measures import (
    DEFINITIONS,
    ROLES,
    Rules,
    definition_of,
    label_of,
    measure,
    measure_names,
    reference_table,
    take_measures,
)
from bordin.tapes.measures.definitions import (
    BRIDGE_SECONDS,
    INTERRUPTION_SECONDS,
    JOIN_SECONDS,
    SHORT_SECONDS,
)
from bordin.tapes.measures.floor import floor_of
from bordin.tapes.shapes import PLACEHOLDER, REPEATED, Transcript, Turn, Word

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "process-measures.md"
T, C = ROLES

# Truth of a built session (synthetic voices): start and end in seconds. It has no pauses and three
# backchannels of the therapist inside turns of the client.
SESSION = {
    T: "1.000 5.390 12.915 17.753 23.517 24.093 25.217 29.960 36.322 42.449 48.026 48.309 50.126 58.993 "
    "67.513 75.920 83.032 87.057 92.394 92.790 93.794 98.687 107.359 114.840 120.797 127.113 134.157 138.281 "
    "143.988 147.174 156.936 160.630",
    C: "6.090 12.315 18.653 24.717 30.760 35.422 43.849 49.526 60.093 66.713 77.520 82.532 87.757 93.194 "
    "99.687 106.659 116.040 120.297 127.713 133.557 139.581 143.188 148.174 156.336 161.030 162.945",
}


def transcript(*turns: tuple[str, float, float], words: int = 0) -> Transcript:
    made = [Turn(who, a, b, (Word("yes"),) * words) for who, a, b in turns]
    made.sort(key=lambda t: t.start)
    return Transcript(tuple(made), max((t.end for t in made), default=0.0) + 1)


def built_session() -> Transcript:
    turns = []
    for who, text in SESSION.items():
        times = [float(x) for x in text.split()]
        turns += [(who, a, b) for a, b in zip(times[::2], times[1::2], strict=True)]
    return transcript(*turns)


def drawn_session() -> Transcript:
    """Sixty stretches from a small generator written out here, so that any tool can be given the same ones."""
    x, turns, clock, at = 2026, [], {T: 0, C: 0}, 0

    def draw(below: int) -> int:
        nonlocal x
        x = (1103515245 * x + 12345) % 2**31
        return (x >> 8) % below

    for _ in range(60):
        who = T if draw(2) else C
        start = max(at + draw(5000) - 1500, clock[who] + 1 + draw(400))
        end = start + 200 + draw(300 if draw(3) == 0 else 7000)
        turns.append((who, start / 1000, end / 1000))
        clock[who] = end
        at = max(at, end)
    return transcript(*turns)


def test_lengths_agree_with_pyannote_core():
    """Numbers of pyannote.core 6.1.0: label_duration, Timeline.support, gaps, extent and get_overlap."""
    m = measure(built_session())
    expected = {
        "speech_seconds_therapist": 72.346,
        "speech_seconds_client": 70.454,
        "span_seconds": 161.945,
        "silence_share": 1 - 141.545 / 161.945,
        "overlap_seconds": 1.255,
        "overlaps": 3,
        "overlap_share": 1.255 / 141.545,
        "all_pauses": 0,
        "talk_ratio": 72.346 / 70.454,
        "talk_share_client": 70.454 / 142.8,
    }
    assert {k: m[k] for k in expected} == pytest.approx(expected, abs=1e-9)
    m = measure(drawn_session())
    expected = {
        "speech_seconds_therapist": 41.804,
        "speech_seconds_client": 86.917,
        "span_seconds": 198.991 - 0.025,
        "silence_share": 1 - 125.150 / 198.966,
        "overlap_seconds": 3.571,
        "overlaps": 7,
        "all_pauses": 18,
        "all_pause_seconds": 48.852,
    }
    assert {k: m[k] for k in expected} == pytest.approx(expected, abs=1e-9)


# pympi-ling 1.71, Eaf.get_gaps_and_overlaps2("therapist", "client"), in ms. P: pause of one speaker; G: gap
# and O: overlap between speakers; W: overlap inside the other's talk. 1 is the therapist, 2 the client.
BUILT = {
    "G12": [400, 600, 700, 700, 800, 900, 1000, 1000, 1100, 1200, 1300, 1400, 1600],
    "G21": [500, 500, 500, 600, 600, 600, 600, 600, 700, 800, 800, 900],
    "W21": [283, 396, 576],
}
P2 = (
    "35 47 131 220 241 254 323 326 388 396 764 1257 1281 1711 1817 1865 2067 2181 2277 2303 2516 2564 2601 "
    "2677 2861 3128"
)
DRAWN = {
    "G12": [2, 337, 1548, 1793, 2640, 2891, 3241, 3330, 3354],
    "G21": [120, 299, 351, 414, 586, 1036, 1293, 1437, 1775, 3308],
    "O12": [19, 340, 888],
    "O21": [1128],
    "P1": [63, 122, 833, 1899, 2053, 2860],
    "P2": [int(x) for x in P2.split()],
    "W21": [282, 455, 459],
}


@pytest.mark.parametrize(("session", "expected"), [(built_session, BUILT), (drawn_session, DRAWN)])
def test_gaps_overlaps_and_pauses_agree_with_pympi(session, expected):
    floor = floor_of(session(), Rules(join=0, pause=0))
    number = {T: "1", C: "2"}
    found = defaultdict(list)
    for step in floor.steps:
        kind = f"{'G' if step.gap >= 0 else 'O'}{number[step.before]}" if step.changes else "P"
        found[kind + number[step.after]].append(round(abs(step.gap) * 1000))
    for turn in floor.inside:
        found["W21" if turn.speaker == T else "W12"].append(round(turn.seconds * 1000))
    # Turns that touch (once in the drawn session) are neither gap nor overlap there.
    assert {k: sorted(x for x in v if x) for k, v in found.items()} == expected


def test_measures_of_the_built_session():
    m = measure(built_session())
    expected = {
        "turns_therapist": 13,
        "turns_client": 13,
        "turn_mean_client": 70.454 / 13,
        "turn_median_client": 5.677,
        "latency_client": 1.0,
        "latency_therapist": 0.6,
        "overlapped_starts_therapist": 0,
        "interruptions_client": 0,
        "backchannels_therapist": 3,
        "backchannels_client": 0,
        "insertions_therapist": 0,
        "pauses_client": 0,
        "vocalizations_per_minute_therapist": 60 * 16 / 161.945,
        "first_speech_client": 6.09,
        "last_speech_therapist": 160.63,
    }
    assert {k: m[k] for k in expected} == pytest.approx(expected, abs=1e-9)
    assert {k for k, v in m.items() if v is None} == {
        f"{stem}_{r}" for stem in ("speech_rate", "articulation_rate") for r in ROLES
    }


def test_a_small_session_worked_by_hand():
    m = measure(
        transcript(
            (T, 10, 14),
            (T, 15.5, 18),  # 1.5 s later, nobody between: still one turn of 8 s
            (C, 16, 16.5),  # inside it: a backchannel
            (C, 17, 22),  # begins 1 s before the therapist ends: an interruption by form
            (C, 25, 27),  # after 3 s of silence: the client's own pause, a new turn
            (T, 27.5, 29),
            (C, 28.75, 30),  # 0.25 s of overlap: a start in overlap, no interruption
            (T, 34, 36),  # after 4 s that the therapist ends
            (C, 34.5, 35.75),  # 1.25 s inside: an insertion
        )
    )
    expected = {
        "span_seconds": 26,
        "silence_share": (1.5 + 3 + 0.5 + 4) / 26,
        "all_pauses": 2,
        "all_pause_seconds": 7,
        "overlaps": 4,
        "overlap_seconds": 0.5 + 1 + 0.25 + 1.25,
        "overlap_share": 3 / 17,
        "talk_ratio": 1.0,
        "talk_share_therapist": 0.5,
        "speech_seconds_therapist": 10,
        "turns_therapist": 3,
        "turns_client": 3,
        "turn_mean_therapist": (8 + 1.5 + 2) / 3,
        "turn_median_client": 2,
        "latency_therapist": (0.5 + 4) / 2,
        "overlapped_starts_client": 2,
        "overlapped_starts_therapist": 0,
        "interruptions_client": 1,
        "backchannels_client": 1,
        "backchannels_therapist": 0,
        "insertions_client": 1,
        "pauses_client": 1,
        "pause_seconds_client": 3,
        "pauses_therapist": 0,
        "switching_pauses_therapist": 1,
        "switching_pause_seconds_therapist": 4,
        "switching_pauses_client": 0,
        "vocalizations_per_minute_client": 60 * 5 / 26,
        "first_speech_therapist": 10,
        "last_speech_client": 35.75,
    }
    assert {k: m[k] for k in expected} == pytest.approx(expected, abs=1e-12)
    assert m["latency_client"] is None


def test_borders_of_the_lengths():
    """Exactly 2 s is a pause and ends a turn; exactly 1 s is a backchannel; exactly 0.5 s an interruption."""
    m = measure(
        transcript((T, 0, 4), (T, 6, 10), (C, 7, 8), (C, 9.5, 12), (T, 12.25, 13), (T, 14.984375, 16))
    )
    assert (m["turns_therapist"], m["pauses_therapist"], m["all_pauses"]) == (3, 1, 1)
    assert (m["backchannels_client"], m["insertions_client"]) == (1, 0)
    assert (m["overlapped_starts_client"], m["interruptions_client"]) == (1, 1)
    assert (JOIN_SECONDS, SHORT_SECONDS, INTERRUPTION_SECONDS) == (2, 1, 0.5)
    voiced = measure(transcript((T, 0, 1), (T, 1.25, 2), (T, 2.5, 3), (C, 4, 5)))
    assert BRIDGE_SECONDS == 0.3
    assert voiced["vocalizations_per_minute_therapist"] == 60 * 2 / 5


def spoken(who: str, start: float, *words: Word, end: float) -> Turn:
    return Turn(who, start, end, words)


def test_rates_of_speech():
    turns = (
        spoken(T, 0, Word("well", 0, 0.5), Word("then", 0.5, 1), Word("[name]", 2, 3, None, (PLACEHOLDER,)), end=4),
        spoken(C, 5, Word("no", 5, 5.25), Word("no", 5.5, 6), Word("no", 6, 6.25, None, (REPEATED,)), end=7),
        Turn(C, 8, 20),  # a sound without words: on neither side of the rate
        spoken(C, 21, Word("untimed"), Word("word"), end=22),
    )  # fmt: skip
    m = measure(Transcript(turns, 22))
    assert m["speech_rate_therapist"] == 60 * 3 / 4
    assert m["articulation_rate_therapist"] == 60 * 3 / 2
    assert m["speech_rate_client"] == 60 * 4 / 3
    assert m["articulation_rate_client"] == 60 * 2 / 1
    assert m["speech_seconds_client"] == 15
    untimed = measure(Transcript((spoken(T, 0, Word("yes"), end=2), Turn(C, 3, 4)), 4))
    assert (untimed["speech_rate_therapist"], untimed["articulation_rate_therapist"]) == (30, None)


def test_a_recognizer_that_drops_backchannels_changes_none_of_the_counts():
    heard = Transcript(
        tuple(replace(t, words=(Word("mhm", t.start, t.end),) * 3) for t in built_session().turns), 164
    )
    dropped = replace(heard, turns=tuple(replace(t, words=()) if t.seconds < 0.6 else t for t in heard.turns))
    rates = {n for n in measure_names() if "rate" in n}
    before, after = measure(heard), measure(dropped)
    assert before["backchannels_therapist"] == after["backchannels_therapist"] == 3
    assert {n for n in before if before[n] != after[n]} == rates - {n for n in rates if n.endswith(C)}


@pytest.mark.parametrize(
    ("turns", "kind", "note", "absent", "present"),
    [
        ((), Missing.NOT_RECORDED, "nobody speaks", measure_names(), ()),
        (
            (("S1", 0, 1), ("S2", 2, 3)),
            Missing.NOT_RECORDED,
            "no speaker is named client",
            [f"{m.name}_client" for m in DEFINITIONS.values() if m.level == "role"],
            ("overlaps", "silence_share", "all_pauses"),
        ),
        (
            ((T, 0, 1), ("S2", 2, 3)),
            Missing.NOT_RECORDED,
            "no speaker is named client",
            ("talk_share_therapist", "talk_share_client", "talk_ratio", "turns_client"),
            ("turns_therapist", "backchannels_therapist", "switching_pauses_therapist"),
        ),
        (
            ((T, 0, 1), (T, 4, 5)),
            Missing.NOT_APPLICABLE,
            "there is only one speaker",
            ("talk_share_therapist", "talk_ratio", "overlap_share", "latency_therapist", "backchannels_therapist"),
            ("turns_therapist", "pauses_therapist", "silence_share", "turn_mean_therapist"),
        ),
        (
            ((T, 0, 9), (C, 3, 4)),
            Missing.NOT_APPLICABLE,
            "no turn of the client holds the floor",
            ("turn_mean_client", "turn_median_client"),
            ("turns_client", "backchannels_client", "talk_share_client"),
        ),
        (
            ((T, 0, 3), (C, 2, 4)),
            Missing.NOT_APPLICABLE,
            "no turn of the client follows another's turn without overlap",
            ("latency_client",),
            ("overlapped_starts_client", "turn_mean_client"),
        ),
        (
            ((T, 0, 3), (C, 4, 5)),
            Missing.NOT_RECORDED,
            "the turns of the client have no words",
            ("speech_rate_client", "articulation_rate_client"),
            ("latency_client", "overlaps"),
        ),
    ],
)  # fmt: skip
def test_no_value_without_a_reason(turns, kind, note, absent, present):
    found = take_measures(transcript(*turns))
    assert set(found.values) | set(found.undefined) == set(measure_names())
    assert not set(found.values) & set(found.undefined)
    for name in absent:
        assert found.undefined[name].kind is kind
        assert note in found.undefined[name].note
    assert set(present) <= set(found.values)
    assert list(measure(transcript(*turns))) == list(measure_names())


def test_an_empty_turn_is_no_turn():
    with_empty = transcript((T, 0, 3), (C, 2, 2), (C, 4, 5))
    assert measure(with_empty) == measure(transcript((T, 0, 3), (C, 4, 5)))


def test_a_third_speaker_counts_in_what_everybody_does():
    m = measure(transcript((T, 0, 2), (C, 3, 5), ("guest", 6, 10), (C, 9, 11)))
    assert m["talk_share_therapist"] == 2 / 10
    assert m["talk_share_client"] == 4 / 10
    assert (m["overlaps"], m["interruptions_client"]) == (1, 1)
    wider = measure(transcript((T, 0, 2), (C, 3, 5), ("guest", 6, 10)), roles=(T, C, "guest"))
    assert wider["talk_share_guest"] == 0.5
    assert "talk_ratio" not in wider


@pytest.mark.parametrize("roles", [(), (T, T), ("a b", C), ("", C), T, ("1st", C)])
def test_roles_that_cannot_be_are_refused(roles):
    with pytest.raises(TapeError, match="therapist and client"):
        measure(transcript((T, 0, 1)), roles=roles)


@pytest.mark.parametrize("rules", [{"join": -1}, {"join": 3}, {"pause": 1}, {"short": -0.1}])
def test_lengths_that_do_not_fit_are_refused(rules):
    with pytest.raises(TapeError, match="do not fit"):
        Rules(**rules)


# Times are whole 64ths of a second, so that shifting and scaling by powers of 2 are exact.
GRID = 64


@st.composite
def sessions(draw: st.DrawFn) -> Transcript:
    turns, clock = [], {T: 0, C: 0}
    at = 0
    for _ in range(draw(st.integers(2, 14))):
        who = draw(st.sampled_from(ROLES)) if len(turns) > 1 else ROLES[len(turns)]
        start = max(at + draw(st.integers(-2 * GRID, 4 * GRID)), clock[who] + draw(st.integers(1, GRID)))
        end = start + draw(st.integers(8, 8 * GRID))
        turns.append((who, start / GRID, end / GRID))
        clock[who], at = end, max(at, end)
    return transcript(*turns, words=draw(st.integers(0, 3)))


def known(m: dict[str, float | None]) -> dict[str, float]:
    return {k: v for k, v in m.items() if v is not None}


def moved(t: Transcript, by: float = 0.0, times: float = 1.0) -> Transcript:
    turns = tuple(replace(x, start=x.start * times + by, end=x.end * times + by) for x in t.turns)
    return Transcript(turns, t.duration * times + by)


@given(sessions())
def test_shares_sum_to_1_and_lengths_add_up(t):
    m = measure(t)
    assert m["talk_share_therapist"] + m["talk_share_client"] == pytest.approx(1)
    assert m["talk_ratio"] == pytest.approx(m["talk_share_therapist"] / m["talk_share_client"])
    spoken_time = m["speech_seconds_therapist"] + m["speech_seconds_client"] - m["overlap_seconds"]
    assert spoken_time == pytest.approx(m["span_seconds"] * (1 - m["silence_share"]))
    kinds = [f"{k}_{r}" for k in ("pauses", "switching_pauses") for r in ROLES]
    assert sum(m[k] for k in kinds) == m["all_pauses"] == len(t.pauses())
    assert m["all_pause_seconds"] == pytest.approx(sum(p.seconds for p in t.pauses()))
    for name, value in known(m).items():
        measured, _ = definition_of(name)
        assert value >= measured.low
        assert measured.high is None or value <= measured.high
        assert measured.unit != "count" or value.is_integer()


@given(sessions(), st.integers(0, 5000))
def test_a_shift_in_time_changes_only_first_and_last_speech(t, by):
    before, after = measure(t), measure(moved(t, by / GRID))
    shifted = {n for n in before if n.startswith(("first_speech", "last_speech"))}
    assert {n: v for n, v in after.items() if n not in shifted} == {
        n: v for n, v in before.items() if n not in shifted
    }
    assert all(after[n] == before[n] + by / GRID for n in shifted)


@given(sessions(), st.sampled_from([0.5, 2.0, 4.0]))
def test_scaled_time_scales_what_is_in_seconds(t, times):
    rules = Rules()
    scaled = Rules(
        *(x * times for x in (rules.join, rules.pause, rules.bridge, rules.short, rules.interruption))
    )
    after = measure(moved(t, times=times), rules=scaled)
    power = {"s": times, "per minute": 1 / times, "words per minute": 1 / times}
    for name, value in known(measure(t)).items():
        measured, _ = definition_of(name)
        assert after[name] == pytest.approx(value * power.get(measured.unit, 1.0), rel=1e-12)


@given(sessions())
def test_swapped_roles_swap_names(t):
    before = measure(t)
    after = measure(t.renamed({T: C, C: T}))
    other = {T: C, C: T}
    for name, value in before.items():
        measured, role = definition_of(name)
        if role is not None:
            assert after[f"{measured.name}_{other[role]}"] == value
        elif name == "talk_ratio":
            assert after[name] == pytest.approx(1 / value)
        else:
            assert after[name] == value


@given(sessions(), st.data())
def test_an_engine_that_cuts_a_turn_in_two_changes_no_turn(t, data):
    """A cut of less than 2 s in which nobody speaks leaves turns, latencies and pauses as they are."""
    whole = [
        x
        for x in t.turns
        if x.seconds >= 1 and all(o is x or o.end <= x.start or o.start >= x.end for o in t.turns)
    ]
    assume(whole)
    x = data.draw(st.sampled_from(whole))
    at = x.start + data.draw(st.integers(1, 20)) / GRID
    parts = (replace(x, end=at), replace(x, start=at + 20 / GRID))
    cut = replace(
        t, turns=tuple(sorted([*(o for o in t.turns if o is not x), *parts], key=lambda o: o.start))
    )
    before, after = measure(t), measure(cut)
    stems = (
        "turns",
        "turn_",
        "latency",
        "pause",
        "switching",
        "interr",
        "overlapp",
        "overlaps",
        "backch",
        "insert",
    )
    same = [n for n in before if n.startswith(stems)]
    assert len(same) == 25
    assert {n: after[n] for n in same} == {n: before[n] for n in same}


@given(sessions())
def test_no_turn_of_the_floor_holds_another(t):
    floor = floor_of(t, Rules())
    for a, b in pairwise(floor.turns):
        assert a.start <= b.start
        assert a.end <= b.end
    stretches = sum(t.seconds for t in (*floor.turns, *floor.inside))
    m = measure(t)
    assert stretches >= m["speech_seconds_therapist"] + m["speech_seconds_client"] - 1e-9


def test_the_page_prints_the_definitions():
    page = PAGE.read_text(encoding="utf-8")
    assert reference_table() in page
    for seconds in (BRIDGE_SECONDS, INTERRUPTION_SECONDS, SHORT_SECONDS, JOIN_SECONDS):
        assert f"{seconds:g}" in page
    assert "Never count backchannels from words" in page
    table = re.findall(r"^\| `([a-z_]+?)(?:_ROLE)?` \|", page, re.M)
    assert table == list(DEFINITIONS)


def test_names_and_labels():
    names = measure_names()
    assert len(names) == len(set(names)) == 8 + 2 * 19
    assert all(definition_of(n) is not None for n in names)
    assert all(m.definition.endswith(".") and m.formula and m.label for m in DEFINITIONS.values())
    assert len({label_of(n) for n in names}) == len(names)
    assert label_of("latency_client") == "Response latency, client (s)"
    assert label_of("talk_share_therapist") == "Talk share, therapist"
    assert label_of("silence_share") == "Share of silence"
    assert label_of("speech_rate_client") == "Speech rate, client (words per minute)"
    assert [label_of(n) for n in ("turns_total", "turns", "talk_ratio_client", "own_index", "silence_share_client")] == [None] * 5  # fmt: skip
