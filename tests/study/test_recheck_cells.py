"""Single cells: p over the rounding of r, the numbers of cases that fit, slips."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bordin.study.printed_table import PrintedCell, PrintedValue, parse_value
from bordin.study.recheck_cells import (
    Range,
    best_n,
    check_cell,
    fitting_n,
    follows,
    only_slip,
    p_by_kendall,
    p_by_t,
    p_range,
    printed_range,
)


def cell(r: str, p: str, star: str = "", n: int | None = None) -> PrintedCell:
    value, star_of_r = parse_value(r)
    return PrintedCell("a", "x", value, parse_value(p)[0], star or star_of_r, n, 2)


def checked(r: str, p: str, star: str = "", n: int | None = 43, tails: int = 2):
    return check_cell(cell(r, p, star), n, alpha=0.05, tails=tails, has_stars=True)


def test_p_by_both_tests():
    # scipy 1.17.1: 2 * stats.t.sf(.377 * sqrt(41 / (1 - .377**2)), 41); 2 * stats.norm.sf(.377 / sqrt(2 * 91 / (9 * 43 * 42)))
    assert p_by_t(0.377, 43) == pytest.approx(0.0127018867, abs=1e-9)
    assert p_by_kendall(0.377, 43) == pytest.approx(0.0003669851, abs=1e-9)


def test_the_rounding_of_r_gives_a_range_of_p():
    r, _ = parse_value("-.296")
    found = p_range(r, 43)
    assert (found.low, found.high) == pytest.approx((0.0535264, 0.0543758), abs=5e-8)
    one = p_range(r, 43, tails=1)
    assert (one.low * 2, one.high * 2) == pytest.approx((found.low, found.high), rel=1e-12)
    assert p_range(PrintedValue(".00", 0.0, 2), 43).high == 1
    assert p_range(PrintedValue("1.00", 1.0, 2), 43).low == 0


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        (".013", 0.0125, 0.0135),
        ("< .001", 0, 0.001),
        ("> .05", 0.05, 1),
        ("ns", 0.05, 1),
        (".000", 0, 0.0005),
    ],
)
def test_the_printed_p_is_a_range_too(text, low, high):
    found = printed_range(parse_value(text)[0], 0.05)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-12)


def test_consistency_by_test_and_tails():
    right = checked(".377*", ".013")
    assert right.fits == {"t": True, "kendall": False, "other tails": False}
    assert (right.consistent, right.star_ok, right.flags, right.slip) == (True, True, (), None)
    assert right.p == pytest.approx(0.0127018867, abs=1e-9)
    assert (right.bonett_wright.low, right.bonett_wright.high) == pytest.approx(
        (0.07569303, 0.61522033), abs=1e-8
    )
    assert (right.fisher.low, right.fisher.high) == pytest.approx((0.08644418, 0.60844936), abs=1e-8)
    half = checked(".377*", ".006")
    assert half.flags == ("p does not follow from r", "fits other tails")
    assert half.slip is None
    assert checked(".377*", ".006", tails=1).consistent is True
    tau = checked(".377*", ".0004")
    assert tau.flags == ("p does not follow from r", "fits Kendall")


def test_without_p_or_n_nothing_is_said_of_consistency():
    without_p = checked(".377", "")
    assert (without_p.consistent, without_p.fits) == (None, {})
    assert without_p.p == pytest.approx(0.0127018867, abs=1e-9)
    assert without_p.flags == ("p below alpha without star",)
    without_n = checked(".377", ".013", n=None)
    assert (without_n.consistent, without_n.p, without_n.p_range, without_n.fisher) == (
        None,
        0.013,
        None,
        None,
    )
    assert check_cell(cell(".2", "", n=20), 43, alpha=0.05, tails=2, has_stars=True).n == 20


@pytest.mark.parametrize(
    ("r", "p", "star", "ok"),
    [
        ("-.296", ".054", "*", False),
        ("-.296", ".054", "", True),
        (".335", ".028", "", False),
        (".335", ".028", "*", True),
        (".30", ".04", "*", True),  # .30 stands for .295 to .305, p for .047 to .055: the printed p decides
        (".30", ".06", "*", False),
        (".30", "", "*", True),
    ],
)
def test_stars_are_held_against_the_line(r, p, star, ok):
    assert checked(r, p, star).star_ok is ok


def test_zero_is_flagged():
    assert checked("-.546", ".000", "*").flags == ("p printed as zero",)
    assert checked("-.546", "<.001", "*").flags == ()


@pytest.mark.parametrize(
    ("r", "p", "kind", "of", "meant"),
    [
        (".377", ".031", "digits", "p", ".013"),
        (".377", ".13", "decimal", "p", ".013"),
        (".0377", ".013", "decimal", "r", ".377"),
        ("-.492", ".004", "digits", "r", "-.429"),
    ],
)
def test_a_slip_is_named_where_exactly_one_explains(r, p, kind, of, meant):
    slip = checked(r, p).slip
    assert slip is not None
    assert (slip.kind, slip.of, slip.meant) == (kind, of, meant)


def test_a_slip_of_direction_needs_one_tail():
    slip = only_slip(cell(".377", ".994"), 43, 1, 0.05)
    assert slip is not None
    assert (slip.kind, slip.of, slip.meant) == ("sign", "p", ".006")
    assert only_slip(cell(".377", ".994"), 43, 2, 0.05) is None


def test_no_slip_is_named_where_none_or_two_explain():
    assert checked(".377", ".500").slip is None
    # The point in p is one place off (.038), or two digits of r are swapped (.137): no guess is made.
    assert checked(".317", ".383").consistent is False
    assert checked(".317", ".383").slip is None


def test_the_numbers_of_cases_that_fit():
    found = fitting_n(cell(".377", ".013"), "t", 2, 0.05, (4, 10_000))
    assert found == range(43, 44)
    assert fitting_n(cell("-.296", ".054"), "t", 2, 0.05, (4, 10_000)) == range(43, 44)
    assert fitting_n(cell(".3", "< .001"), "t", 2, 0.05, (4, 10_000)).stop == 10_001
    assert len(fitting_n(cell(".30", ".99"), "t", 2, 0.05, (4, 10_000))) == 0
    assert fitting_n(cell(".3", ""), "t", 2, 0.05, (4, 10_000)) is None


@given(st.integers(-99, 99), st.integers(4, 400), st.sampled_from(["t", "kendall"]), st.integers(1, 2))
def test_a_p_that_was_computed_fits_at_its_own_n(hundredths, n, test, tails):
    r = hundredths / 100
    p = (p_by_kendall if test == "kendall" else p_by_t)(r, n) * tails / 2
    made = cell(f"{r:.2f}", f"{p:.3f}")
    assert follows(made, n, test, tails, 0.05) is True
    assert n in fitting_n(made, test, tails, 0.05, (4, 500))


@given(st.integers(-999, 999), st.integers(0, 1000), st.integers(4, 60))
def test_searching_by_halves_finds_what_trying_every_n_finds(r, p, most):
    made = cell(f"{r / 1000:.3f}", f"{p / 1000:.3f}")
    tried = [n for n in range(4, most + 1) if follows(made, n, "t", 2, 0.05)]
    assert list(fitting_n(made, "t", 2, 0.05, (4, most))) == tried


def test_best_n():
    assert best_n([range(40, 45), range(43, 50), range(44, 46)]) == (3, [44])
    assert best_n([range(4, 6), range(8, 9)]) == (1, [4, 5, 8])
    assert best_n([range(5, 5)]) == (0, [])
    assert best_n([]) == (0, [])


def test_ranges_overlap_at_their_ends():
    assert Range(0, 0.5).overlaps(Range(0.5, 1))
    assert not Range(0, 0.4).overlaps(Range(0.5, 1))
