"""Several coders, one value: every rule, partial double coding, and what was left out."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bordin.coding.combine import CombinationRule, Combined, LeftOut, combine
from bordin.coding.rating import Rating
from bordin.errors import AnalysisError, DataError
from bordin.missing import Missing


def rating(session: str, coder: str, value: float | Missing, reason: str = "", **more: object) -> Rating:
    return Rating(session, coder, "concordance", value, "1.0", reason, **more)  # type: ignore[arg-type]


def one(ratings: list[Rating], rule: CombinationRule) -> Combined:
    [found] = combine(ratings, rule)
    return found


TWO = [rating("S01", "alder", 5), rating("S01", "birch", 2)]
INDEPENDENT = "agreed value, not an independent rating"


def test_mean_and_median() -> None:
    three = [*TWO, rating("S01", "cedar", 6)]
    mean = one(three, CombinationRule("mean"))
    assert mean.value == pytest.approx(13 / 3)
    assert (mean.n_coders, mean.coders, mean.rule, mean.left_out) == (
        3,
        ("alder", "birch", "cedar"),
        "mean of 3",
        (),
    )
    assert one(three, CombinationRule("median")).value == 5
    assert one(TWO, CombinationRule("median")).value == 3.5


def test_partial_double_coding_uses_what_there_is() -> None:
    ratings = [*TWO, rating("S02", "alder", 4)]
    first, second = combine(ratings, CombinationRule("mean"))
    assert (first.session, first.value, first.n_coders) == ("S01", 3.5, 2)
    assert (second.session, second.value, second.n_coders, second.rule) == ("S02", 4, 1, "mean of 1")


def test_an_agreed_value_is_never_averaged_with_the_ratings() -> None:
    found = one([*TWO, rating("S01", "consensus", 6)], CombinationRule("mean"))
    assert (found.value, found.left_out) == (3.5, (LeftOut("consensus", INDEPENDENT),))
    alone = one([rating("S01", "consensus", 6)], CombinationRule("mean"))
    assert (alone.value, alone.reason, alone.coders) == (Missing.NOT_RECORDED, INDEPENDENT, ())


def test_consensus_counts_alone() -> None:
    found = one([*TWO, rating("S01", "agreed", 4)], CombinationRule("consensus", consensus="agreed"))
    assert (found.value, found.coders, found.rule) == (4, ("agreed",), "consensus")
    assert found.left_out == (
        LeftOut("alder", "the agreed value counts"),
        LeftOut("birch", "the agreed value counts"),
    )


def test_consensus_missing_gives_no_value_unless_a_fallback_was_declared() -> None:
    none = one(TWO, CombinationRule("consensus"))
    assert (none.value, none.reason, none.n_coders) == (Missing.NOT_RECORDED, "no agreed value", 0)
    assert none.left_out == (LeftOut("alder", "no agreed value"), LeftOut("birch", "no agreed value"))
    mean = one(TWO, CombinationRule("consensus", fallback="mean"))
    assert (mean.value, mean.rule, mean.coders) == (3.5, "fallback: mean", ("alder", "birch"))


def test_fallback_single_takes_the_only_coder_and_refuses_to_choose_between_two() -> None:
    rule = CombinationRule("consensus", fallback="single")
    assert one([rating("S02", "alder", 4)], rule).value == 4
    two = one(TWO, rule)
    assert two.value is Missing.NOT_RECORDED
    assert two.reason == "no agreed value, and 2 coders where the fallback wants one"


def test_fallback_median() -> None:
    three = [*TWO, rating("S01", "cedar", 6)]
    assert one(three, CombinationRule("designated", "oak", fallback="median")).value == 5


def test_designated_by_name() -> None:
    found = one(TWO, CombinationRule("designated", "birch"))
    assert (found.value, found.coders, found.rule) == (2, ("birch",), "designated")
    assert found.left_out == (LeftOut("alder", "another coder is designated"),)
    absent = one([rating("S02", "alder", 4)], CombinationRule("designated", "birch"))
    assert (absent.value, absent.reason) == (
        Missing.NOT_RECORDED,
        "no rating by the designated coder birch",
    )


def test_designated_by_a_mark_on_each_rating() -> None:
    marked = [rating("S01", "alder", 5, designated=False), rating("S01", "birch", 2, designated=True)]
    assert one(marked, CombinationRule("designated")).value == 2
    unmarked = [rating("S01", "alder", 5, designated=False)]
    assert one(unmarked, CombinationRule("designated")).reason == "no rating by the designated coder"


def test_marks_that_do_not_decide_are_refused() -> None:
    both = [rating("S01", "alder", 5, designated=True), rating("S01", "birch", 2, designated=True, row=7)]
    with pytest.raises(
        DataError, match=r"line 7, concordance: session S01: the ratings of alder and birch are all"
    ):
        combine(both, CombinationRule("designated"))
    with pytest.raises(DataError, match="needs a coder's name or a mark"):
        combine(TWO, CombinationRule("designated"))


def test_a_designated_coder_who_could_not_code_is_heard() -> None:
    ratings = [rating("S01", "alder", 5), rating("S01", "birch", Missing.NOT_CODABLE, "Not audible")]
    found = one(ratings, CombinationRule("designated", "birch", fallback="single"))
    assert (found.value, found.reason, found.coders) == (Missing.NOT_CODABLE, "birch: Not audible", ())


def test_a_missing_rating_is_left_out_with_its_reason() -> None:
    ratings = [rating("S01", "alder", 5), rating("S01", "birch", Missing.NOT_CODABLE, "Not audible")]
    found = one(ratings, CombinationRule("mean"))
    assert (found.value, found.rule, found.left_out) == (5, "mean of 1", (LeftOut("birch", "Not audible"),))


def test_all_missing_keeps_the_kind_that_says_most() -> None:
    ratings = [
        rating("S01", "alder", Missing.NOT_ANSWERED, "not rated"),
        rating("S01", "birch", Missing.NOT_CODABLE, "Not audible"),
    ]
    found = one(ratings, CombinationRule("mean"))
    assert (found.value, found.reason) == (Missing.NOT_CODABLE, "alder: not rated; birch: Not audible")


def test_members_of_a_family_are_kept_apart() -> None:
    ratings = [rating("S01", "alder", 2, member="mother"), rating("S01", "alder", 3, member="son")]
    assert [(c.member, c.value) for c in combine(ratings, CombinationRule("mean"))] == [
        ("mother", 2),
        ("son", 3),
    ]


def test_two_ratings_by_one_coder_are_refused_with_their_rows() -> None:
    twice = [
        rating("S01", "alder", 5, row=2),
        rating("S01", "alder", 5, row=9),
        rating("S01", "alder", 4, row=11),
    ]
    with pytest.raises(DataError) as caught:
        combine(twice, CombinationRule("mean"))
    assert [p.line for p in caught.value.problems] == [9, 11]
    assert "the same rating (5) stands twice for session S01, coder alder (first in row 2)" in str(
        caught.value
    )
    assert "two different ratings (5 and 4)" in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "best"}, "is not one of designated, mean, median, consensus"),
        ({"kind": "consensus", "fallback": "best"}, "is not one of single, mean, median"),
        ({"kind": "mean", "fallback": "single"}, "uses every rating"),
        ({"kind": "mean", "designated": "alder"}, "the rule is mean"),
    ],
)
def test_rules_that_contradict_themselves(arguments: dict[str, str], message: str) -> None:
    with pytest.raises(AnalysisError, match=message):
        CombinationRule(**arguments)  # type: ignore[arg-type]


values = st.one_of(st.integers(0, 6).map(float), st.sampled_from(list(Missing)))
tables = st.dictionaries(
    st.tuples(
        st.sampled_from(["S01", "S02", "S03"]), st.sampled_from(["alder", "birch", "cedar", "consensus"])
    ),
    values,
)
rules = st.sampled_from(
    [
        CombinationRule("mean"),
        CombinationRule("median"),
        CombinationRule("consensus"),
        CombinationRule("consensus", fallback="mean"),
        CombinationRule("designated", "birch"),
        CombinationRule("designated", "birch", fallback="single"),
    ]
)


@given(tables, rules, st.randoms())
def test_the_order_of_rows_changes_nothing(
    table: dict[tuple[str, str], float | Missing], rule: CombinationRule, random: Random
) -> None:
    rows = [rating(s, c, v) for (s, c), v in table.items()]
    shuffled = list(rows)
    random.shuffle(shuffled)
    by_session = {c.session: c for c in combine(rows, rule)}
    assert {c.session: c for c in combine(shuffled, rule)} == by_session
    assert set(by_session) == {s for s, _ in table}


@given(tables, rules)
def test_a_value_lies_among_the_ratings_and_every_coder_is_accounted_for(
    table: dict[tuple[str, str], float | Missing], rule: CombinationRule
) -> None:
    for found in combine([rating(s, c, v) for (s, c), v in table.items()], rule):
        mine = {c: v for (s, c), v in table.items() if s == found.session}
        used = [v for c, v in mine.items() if c in found.coders and not isinstance(v, Missing)]
        assert len(used) == found.n_coders
        if isinstance(found.value, Missing):
            assert (found.n_coders, bool(found.reason)) == (0, True)
        else:
            assert min(used) <= found.value <= max(used)
            assert found.reason == ""
        assert sorted([*found.coders, *(out.coder for out in found.left_out)]) == sorted(mine)
