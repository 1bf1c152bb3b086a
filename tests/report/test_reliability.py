from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from bordin.estimate import Estimate, Interval
from bordin.reliability.shapes import Reliability
from bordin.report.figures import coders_figure, reliability_figure
from bordin.report.flat import RELIABILITY_COLUMNS, as_record, csv_tables
from bordin.report.number import span
from bordin.report.paper import compose
from bordin.report.sentences import limits, methods, reliability_findings, reliability_methods
from bordin.report.tables import (
    Table,
    coders_table,
    coefficients_table,
    ratings_table,
    scales_table,
    variables_table,
)
from bordin.report.tables.model import TableCell
from bordin.report.text import Phrase, plain_text, sentence
from bordin.study.results import CoderFigure, DimensionReliability, ReliabilityResults, Results


def words(text: Phrase) -> str:
    return plain_text(text).replace("\u00a0", " ")


def texts(row: tuple[TableCell, ...]) -> list[str]:
    return [plain_text(c.content) for c in row]


def rows(table: Table | None) -> list[list[str]]:
    assert table is not None
    return [texts(row) for group in table.groups for row in group]


def notes(table: Table | None) -> str:
    assert table is not None
    return " ".join(words(n) for n in table.notes)


def said(results: Results) -> str:
    return " ".join(words(t) for t in reliability_findings(results))


def with_dimensions(results: Results, *changed: DimensionReliability) -> Results:
    return replace(results, reliability=replace(results.reliability, dimensions=changed))


def with_used(d: DimensionReliability, e: Estimate, n: int = 12) -> DimensionReliability:
    return replace(d, used=Reliability(e, n, 2, 2 * n))


class TestTables:
    def test_ratings(self, results: Results) -> None:
        made = ratings_table(results)
        assert made is not None
        assert texts(made.head) == [
            "Dimension",
            "Sessions",
            "Coded twice",
            "Coders",
            "ICC(Q,1)",
            "95% interval",
            "Session variance",
            "Coder variance",
            "Residual variance",
        ]
        shown = rows(made)
        assert shown[0] == ["Concordance", "43", "12", "2", ".81", ".55, .93", "81%", "0%", "19%"]
        assert shown[1][4:] == [".74", ".38, .91", "74%", "2%", "24%"]
        assert shown[6] == ["Avoidanceb", "43", "12", "2", "–", "–", "–", "–", "–"]
        assert "b Undefined: all ratings are equal." in notes(made)
        assert "Estimator: REML; interval: generalized." in notes(made)
        assert "so the form for a single coder counts." in notes(made)

    def test_what_holds_for_all_is_said_once(self, results: Results) -> None:
        note = "12 of 43 sessions have two or more coders; the others count for the variance between sessions"
        first, second = results.reliability.dimensions[:2]
        e = first.used.estimate
        one = with_used(first, replace(e, notes=(note, "coder variance estimated as 0")))
        two = with_used(second, replace(e, notes=(note,)))
        made = ratings_table(with_dimensions(results, one, two))
        assert [r[0] for r in rows(made)] == ["Concordancea", "Resistance"]
        assert notes(made).count("The others count for the variance between sessions.") == 1
        assert notes(made).endswith("a Coder variance estimated as 0.")

    def test_different_coefficients_are_named_in_their_rows(self, results: Results) -> None:
        first, second = results.reliability.dimensions[:2]
        mean = with_used(second, replace(second.used.estimate, name="ICC(Q,k)"))
        made = ratings_table(with_dimensions(results, first, mean))
        assert made is not None
        assert texts(made.head)[4] == "Score used"
        assert [r[0] for r in rows(made)] == ["Concordance\nICC(Q,1)", "Resistance\nICC(Q,k)"]

    def test_other_coefficients_have_a_column_a_kind(self, results: Results) -> None:
        made = coefficients_table(results)
        assert made is not None
        assert texts(made.head)[1:] == [
            "ICC(A,1)",
            "ICC(C,1)",
            "Percent agreement",
            "Kappa (Conger, quadratic)",
            "Alpha (ordinal)",
        ]
        assert rows(made)[2] == [
            "Understanding",
            ".45 [−.14, .81]",
            ".49 [−.09, .82]",
            "42% [25%, 60%]",
            ".44 [−.13, .81]",
            ".43 [−.13, .81]",
        ]
        assert rows(made)[6][1] == "–a"
        assert rows(made)[6][3] == "100% [100%, 100%]"
        assert "These are of different kinds and have no average." in notes(made)

    def test_the_coefficient_used_is_not_shown_twice(self, results: Results) -> None:
        d = results.reliability.dimensions[0]
        used = next(r for r in d.others if r.estimate.name == "ICC(C,1)")
        other = with_dimensions(results, replace(d, used=used))
        made = coefficients_table(other)
        assert made is not None
        assert "ICC(C,1)" not in texts(made.head)
        names = [row[1] for row in csv_tables(other)["reliability.csv"][1]]
        assert names.count("ICC(C,1)") == 1

    def test_scales(self, results: Results) -> None:
        made = scales_table(results)
        assert rows(made) == [["Alliance total", "5", "41", ".84", ".74, .90", ".86", ".76, .92"]]
        scale = results.reliability.scales[0]
        lacking = replace(
            scale, omega=Estimate.without_value("omega (McDonald)", 41, "one factor does not fit")
        )
        other = replace(results, reliability=ReliabilityResults(scales=(lacking,)))
        assert rows(scales_table(other))[0][-2:] == ["–", "–"]
        assert "a Omega (McDonald) undefined: one factor does not fit." in notes(scales_table(other))
        assert said(other) == (
            "Of the scales, Alliance total has alpha .84 [.74, .90] and no omega (one factor does not fit) "
            "(41 forms)."
        )

    def test_single_coders(self, results: Results) -> None:
        made = coders_table(results)
        shown = rows(made)
        assert shown[0] == ["primary"]
        assert shown[2] == ["Resistance", "−0.58", "−0.99, −0.17", "1.08", "0.80, 1.44", "", "", "", ""]
        assert shown[7] == ["Avoidance", "−0.21", "−0.62, 0.20", "–a", "–", "", "", "", ""]
        assert shown[8] == ["All dimensions", *[""] * 4, ".31", ".05, .53", "−0.004", "−0.03, 0.04"]
        assert "Values rest on 12 sessions." in notes(made)

    def test_figures_of_a_kind_have_a_column_a_name_and_a_line_each(self, results: Results) -> None:
        halo = results.reliability.coders[14]
        above = replace(
            halo.estimate, name="halo above the others", value=0.2, interval=Interval(0.1, 0.3, 0.95, "t")
        )
        figures = (
            halo,
            replace(halo, estimate=above),
            replace(halo, estimate=replace(halo.estimate, value=0.5)),
        )
        other = replace(results, reliability=ReliabilityResults(coders=figures))
        made = coders_table(other)
        assert made is not None
        assert texts(made.head) == ["Coder", "Halo", "95% interval", "Halo above the others", "95% interval"]
        assert rows(made)[1:] == [
            ["All dimensions", ".31", ".05, .53", ".20", ".10, .30"],
            ["All dimensions", ".50", ".05, .53", "", ""],
        ]
        assert said(other).startswith("Of the 1 interval of halo, 1 leaves out")
        assert "primary rated the dimensions more alike (.20 [.10, .30])" in said(other)

    def test_variables_show_the_reliability(self, results: Results) -> None:
        shown = {r[0].split("\n")[0]: r[-1] for r in rows(variables_table(results)) if len(r) > 1}
        assert shown["Understanding"] == "ICC(Q,1) .47 [−.09, .81], n = 12"
        assert shown["Avoidance"] == "undefined: all ratings are equal"


def anchors(results: Results) -> dict[str, str]:
    blocks = [b for s in compose(results).sections for b in s.blocks if isinstance(b, Table)]
    return {c.id: plain_text(c.content) for t in blocks for g in t.groups for row in g for c in row if c.id}


class TestSentences:
    def test_numbers_are_those_of_their_cells(self, results: Results) -> None:
        cells = anchors(results)
        bound = [
            run for text in (*reliability_findings(results), *limits(results)) for run in text if run.cell
        ]
        found = [run for run in bound if (run.cell or "").startswith(("rel-", "sca-", "cod-"))]
        assert len(found) > 25
        for run in found:
            assert cells[run.cell or ""] == run.text

    def test_no_computed_number_is_without_its_cell(self, results: Results) -> None:
        allowed = re.compile(
            r"95%|ICC\(Q,1\)|Koo and Li \(2016\)|Cicchetti \(1994\)|lines at [.\d, and]+ read|lines at "
            r"\.\d+, \.\d+ and \.\d+|Of the 14 intervals|, 2 leave|mostly 3"
        )
        for text in reliability_findings(results):
            unbound = "".join("" if run.cell else run.text for run in text)
            assert not re.search(r"\d", allowed.sub("", unbound)), unbound

    def test_results(self, results: Results) -> None:
        text = said(results)
        assert text.startswith(
            "The reliability of the scores used, ICC(Q,1), with its 95% interval, is .81 [.55, .93] for Concordance, "
            ".74 [.38, .91] for Resistance, .47 [−.09, .81] for Understanding, .92 [.76, .97] for Active plans, "
            ".66 [.31, .87] for Evidence congruent and .71 [.50, .89] for Evidence incongruent (12 sessions with two "
            "or more coders). It is undefined for Avoidance (all ratings are equal)."
        )
        assert (
            "As Koo and Li (2016) read it, with lines at .50, .75 and .90: from moderate to excellent for Concordance; "
            "from poor to excellent for Resistance; from poor to good for Understanding and Evidence congruent; "
            "from good to excellent for Active plans; from moderate to good for Evidence incongruent."
        ) in text
        assert "excellent throughout for Active plans." in text
        assert "make 0% to 2% of the variance of the ratings, most in Resistance." in text
        assert "Understanding: restricted range: ratings are mostly 3" in text
        assert "Alliance total has alpha .84 [.74, .90] and omega .86 [.76, .92] (41 forms)." in text
        assert text.endswith(
            "Of the 14 intervals of leniency, spread and drift, 2 leave out the value of a coder who does as the other "
            "does: primary rated lower on Resistance (−0.58 [−0.99, −0.17]) and primary spread the ratings wider on "
            "Active plans (1.61 [1.19, 2.16]). Of so many, fewer than one would by chance alone."
        )

    def test_coders_who_do_not_mirror_each_other_are_all_named(self, results: Results) -> None:
        figures = list(results.reliability.coders)
        first = figures[0]
        figures[0] = replace(first, estimate=replace(first.estimate, value=0.2))
        text = said(replace(results, reliability=replace(results.reliability, coders=tuple(figures))))
        assert "Of the 28 intervals" in text
        assert "second rated higher on Resistance (0.58 [0.17, 0.99])" in text
        assert text.endswith("Of so many, about one would by chance alone.")

    def test_sessions_stand_with_each_dimension_when_they_differ(self, results: Results) -> None:
        first, second = results.reliability.dimensions[:2]
        text = said(with_dimensions(results, first, with_used(second, second.used.estimate, 11)))
        assert (
            ".81 [.55, .93] for Concordance (12 sessions) and .74 [.38, .91] for Resistance (11 sessions)."
            in text
        )

    def test_conventions_are_not_used_without_an_interval(self, results: Results) -> None:
        first = results.reliability.dimensions[0]
        bare = with_used(first, Estimate("ICC(Q,1)", 0.81, 12))
        text = said(with_dimensions(results, bare))
        assert text.startswith("The reliability of the scores used, ICC(Q,1) is .81 for Concordance")
        assert "Koo" not in text
        kappa = with_used(first, replace(first.used.estimate, name="alpha (ordinal)"))
        assert "Koo" not in said(with_dimensions(results, kappa))

    def test_no_coder_stands_out(self, results: Results) -> None:
        even = tuple(f for f in results.reliability.coders if f.kind == "drift")
        other = replace(results, reliability=ReliabilityResults(coders=even))
        assert said(other) == ("The interval of drift holds the value of a coder who does as the other does.")

    def test_methods(self, results: Results) -> None:
        first, second = (words(t) for t in reliability_methods(results))
        assert first == (
            "Agreement shows in the 12 of 43 sessions that two or more of the 2 coders (primary and second) rated; "
            "every rating of these is used, none is left out because another is missing. Each of the 7 dimensions is "
            "rated from 0 to 6. The reliability of the scores used is ICC(Q,1). The score of a session is one coder's "
            "rating, so the form for a single coder counts. It is estimated by REML; intervals at 95%: generalized. "
            "Beside it stand ICC(A,1), ICC(C,1), percent agreement, kappa (Conger, quadratic) and alpha (ordinal); "
            "coefficients of different kinds are never averaged. What the protocol says of the coders does not tell "
            "whether they rated independently of each other or how the sessions with two coders were chosen."
        )
        assert second.endswith("Intervals at 95% are those of Feldt and bootstrap.")
        assert first in " ".join(words(t) for t in methods(results))

    @pytest.mark.parametrize(
        ("coders", "blind", "untold"),
        [
            ("Two trained people, each alone and independently; 12 tapes drawn by lot.", ("arm",), None),
            (
                "",
                (),
                "who they were, how they were trained, whether they rated independently of each other, how the "
                "sessions with two coders were chosen or what they did not know.",
            ),
        ],
    )
    def test_what_the_protocol_does_not_tell(
        self, results: Results, coders: str, blind: tuple[str, ...], untold: str | None
    ) -> None:
        use = results.protocol.coding[0].model_copy(update={"coders": coders, "blind_to": blind})
        protocol = results.protocol.model_copy(update={"coding": (use,)})
        text = words(reliability_methods(replace(results, protocol=protocol))[0])
        assert ("does not tell" in text) == (untold is not None)
        assert untold is None or text.endswith(untold)

    def test_limits(self, results: Results) -> None:
        points = [words(t) for t in limits(results)]
        assert (
            "Much about Understanding. 2 coders agreed only in part: ICC(Q,1) .47 [−.09, .81], 12 sessions."
            in points
        )
        assert (
            "Much about Resistance and Evidence congruent. 2 coders may have agreed only in part: Resistance, ICC(Q,1) "
            ".74 [.38, .91], 12 sessions; Evidence congruent, ICC(Q,1) .66 [.31, .87], 12 sessions."
        ) in points
        unknown = next(p for p in points if p.startswith("How much error"))
        assert unknown.endswith(
            "is not known for Bond, Agreed goals, Treatment match, Joint working and Avoidance."
        )

    def test_limits_of_a_variable_whose_reliability_comes_from_elsewhere(self, results: Results) -> None:
        known = Estimate("reliability", 0.61, 0, "manual", Interval(0.5, 0.7, 0.95, "manual"))
        first = replace(results.rows[0], reliability=known, reliability_source="manual")
        other = replace(results, rows=(first, *results.rows[1:]))
        assert (
            "Much about Bond. It was measured with error: reliability = .61, interval [.50, .70]. Error of this kind "
            "weakens correlations."
        ) in [words(t) for t in limits(other)]
        assert rows(variables_table(other))[1][-1] == "reliability .61 [.50, .70]"


class TestFigures:
    @pytest.mark.parametrize("maker", [reliability_figure, coders_figure])
    def test_is_well_formed(self, maker: Callable[[Results], object], results: Results) -> None:
        made = maker(results)
        assert made is not None
        for picture in made.pictures:  # type: ignore[attr-defined]
            root = ET.fromstring(picture.themed())
            assert [e.text for e in root[:2]] == [picture.title, picture.description]
            ET.fromstring(picture.static())
            assert "NaN" not in picture.body

    def test_dots_intervals_and_conventions(self, results: Results) -> None:
        made = reliability_figure(results)
        assert made is not None
        (picture,) = made.pictures
        assert picture.body.count('class="dot"') == 6
        assert picture.body.count('class="whisker"') == 6
        assert "no value: all ratings are equal" in picture.body
        for word in (
            "poor",
            "moderate",
            "fair",
            "good",
            "excellent",
            "Koo and Li (2016)",
            "Cicchetti (1994)",
        ):
            assert f">{word}<" in picture.body
        assert "Understanding .47 [−.09, .81]; Active plans .92 [.76, .97]" in picture.description
        assert "Avoidance no value: all ratings are equal" in picture.description
        assert "Cicchetti (1994) at .40, .60 and .75" in picture.description

    def test_axis_is_cut_where_values_are_very_low(self, results: Results) -> None:
        first = results.reliability.dimensions[0]
        low = with_used(first, Estimate("ICC(A,1)", -0.7, 12, "", Interval(-0.95, 0.1, 0.95, "F")))
        made = reliability_figure(with_dimensions(results, low))
        assert made is not None
        assert "Intervals that go below −.50 are cut there." in plain_text(made.notes[0])
        xs = [float(x) for x in re.findall(r'c?x[12]?="([-\d.]+)"', made.pictures[0].body)]
        assert min(xs) >= 0
        assert max(xs) <= made.pictures[0].width

    def test_coders_away_from_the_others_are_filled_and_named(self, results: Results) -> None:
        made = coders_figure(results)
        assert made is not None
        (picture,) = made.pictures
        assert picture.title == "Leniency and spread of 2 coders"
        assert picture.body.count('class="dot"') == 4
        assert picture.body.count('class="dot dot--open"') == 7 * 2 + 6 * 2 - 4
        assert "second leniency on Resistance 0.58 [0.17, 0.99]" in picture.description
        assert ">0.33<" in picture.body
        assert ">3<" in picture.body

    def test_many_coders_are_shared_out_over_pictures(self, results: Results) -> None:
        figures = tuple(
            replace(f, coder=f"coder {k}")
            for k in range(9)
            for f in results.reliability.coders
            if f.coder == "second"
        )
        made = coders_figure(replace(results, reliability=ReliabilityResults(coders=figures)))
        assert made is not None
        assert len(made.pictures) == 2
        assert all(p.height <= 1200 for p in made.pictures)
        assert sum(p.body.count("<circle") for p in made.pictures) == 9 * 13
        one = tuple(replace(figures[0], variable=f"socialization.v{k}", kind="leniency") for k in range(60))
        long = coders_figure(replace(results, reliability=ReliabilityResults(coders=one)))
        assert long is not None
        assert "coder 0 (continued)" in long.pictures[1].body

    def test_a_ratio_of_zero_does_not_stretch_the_axis(self, results: Results) -> None:
        flat = Estimate(
            "spread", 0.0, 12, "ratio", notes=("gave one value only on these sessions: no interval",)
        )
        figures = (
            *results.reliability.coders,
            CoderFigure("third", "socialization.resistance", "spread", flat),
        )
        other = replace(results, reliability=replace(results.reliability, coders=figures))
        made = coders_figure(other)
        assert made is not None
        assert ">0.33<" in made.pictures[0].body
        assert "Gave one value only on these sessions: no interval." in notes(coders_table(other))


class TestFlat:
    def test_coefficients(self, results: Results) -> None:
        heading, found = csv_tables(results)["reliability.csv"]
        assert heading == RELIABILITY_COLUMNS
        assert len(found) == 7 * 6
        records = [dict(zip(heading, row, strict=True)) for row in found]
        assert records[12] == {
            "dimension": "socialization.understanding",
            "name": "ICC(Q,1)",
            "value": 0.47,
            "low": -0.09,
            "high": 0.81,
            "level": 0.95,
            "interval": "generalized",
            "method": "REML",
            "n_sessions": 12,
            "n_coders": 2,
            "n_values": 24,
            "used": 1,
            "undefined": None,
        }
        assert sum(r["used"] for r in records) == 7
        assert records[36]["undefined"] == "all ratings are equal"
        assert records[36]["value"] is None

    def test_scales_and_coders(self, results: Results) -> None:
        heading, found = csv_tables(results)["scales.csv"]
        assert [row[heading.index("value")] for row in found] == [0.84, 0.86]
        heading, found = csv_tables(results)["coders.csv"]
        assert len(found) == 2 * (7 * 2 + 2)
        third = dict(zip(heading, found[2], strict=True))
        assert (third["coder"], third["dimension"], third["kind"], third["value"]) == (
            "primary",
            "socialization.resistance",
            "leniency",
            -0.58,
        )

    def test_record(self, results: Results) -> None:
        found = as_record(results)["reliability"]
        assert isinstance(found, dict)
        assert list(found) == ["dimensions", "scales", "coders", "training"]
        dimension = found["dimensions"][2]
        assert dimension["used"]["estimate"]["interval"]["low"] == -0.09
        assert dimension["components"] == {"session": 0.47, "coder": 0.0, "residual": 0.53}


def test_section_stands_before_the_limits_and_is_hidden_when_empty(
    results: Results, grid: Callable[..., Results]
) -> None:
    names = [s.id for s in compose(results).sections]
    assert names.index("reliability") == names.index("limits") - 1
    empty = grid(2, 2)
    assert "reliability" not in [s.id for s in compose(empty).sections]
    assert reliability_findings(empty) == ()
    assert reliability_methods(empty) == ()
    assert not {"reliability.csv", "scales.csv", "coders.csv"} & set(csv_tables(empty))


def test_forbidden_words(results: Results) -> None:
    text = " ".join([said(results), *(words(t) for t in reliability_methods(results))]).lower()
    for word in ("significant", "no association", ".000"):
        assert word not in text


@pytest.mark.parametrize(
    ("low", "high", "line", "shown"),
    [
        (-0.1, 0.423, 0.0, "[−0.10, 0.42]"),
        (-0.0004, 1.2, 0.0, "[−0.0004, 1.20]"),
        (0.9996, 1.3, 1.0, "[0.9996, 1.30]"),
        (0.0, 1.0, 1.0, "[0.00, 1.00]"),
        (None, None, 0.0, "–"),
    ],
)
def test_span(low: float | None, high: float | None, line: float, shown: str) -> None:
    assert span(low, high, line) == shown


def test_sentence() -> None:
    assert sentence("ratings are equal") == "Ratings are equal."
    assert sentence("Is it?") == "Is it?"
