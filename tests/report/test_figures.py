from __future__ import annotations

import re
from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest

from bordin.report.figures import Figure, flow_figure, forest_figure, heat_figure, scatter_figure
from bordin.report.figures.svg import wrap
from bordin.study.results import Results

MAKERS = (flow_figure, forest_figure, heat_figure, scatter_figure)


@pytest.mark.parametrize("maker", MAKERS)
def test_pictures_are_well_formed_and_have_alternatives(
    maker: Callable[[Results], Figure | None], results: Results, gaps: Results
) -> None:
    for case in (results, gaps):
        figure = maker(case)
        assert figure is not None
        assert len({p.id for p in figure.pictures}) == len(figure.pictures)
        for picture in figure.pictures:
            root = ET.fromstring(picture.themed())
            assert root.get("role") == "img"
            assert [e.text for e in root[:2]] == [picture.title, picture.description]
            assert len(picture.description) > 20
            ET.fromstring(picture.static())
            assert "var(" not in picture.static()


def test_flow_tells_who_was_lost(results: Results) -> None:
    (picture,) = flow_figure(results).pictures
    assert picture.description == (
        "296 recruited into the trial; 201 in other arms; 95 in the arm studied; 37 without an alliance form; 58 "
        "with an alliance form; 11 without consent to record, 4 with an unusable tape; 43 with form and tape; 43 "
        "analyzed."
    )


def test_forest_fills_what_stays_below_alpha(results: Results) -> None:
    (picture,) = forest_figure(results).pictures
    assert picture.body.count('class="dot"') == 5
    assert picture.body.count('class="dot dot--open"') == 23
    assert (
        "5 have p below .05 after maxT adjustment: Treatment match with Resistance −.546"
        in picture.description
    )


def test_forest_says_why_there_is_no_value(gaps: Results) -> None:
    (picture,) = forest_figure(gaps).pictures
    assert picture.body.count("no value: no variance in Avoidance") == 4
    assert "4 have no value." in picture.description


def test_long_forest_is_continued(grid: Callable[..., Results]) -> None:
    figure = forest_figure(grid(6, 12))
    assert len(figure.pictures) == 2
    assert all(p.height <= 1200 for p in figure.pictures)
    drawn = sum(p.body.count("<circle") for p in figure.pictures)
    assert drawn == 72
    one = forest_figure(grid(1, 90))
    assert "(continued)" in one.pictures[1].body


def test_heat_map_prints_values_and_shares_out_columns(
    results: Results, grid: Callable[..., Results]
) -> None:
    (picture,) = heat_figure(results).pictures
    assert picture.body.count("hc p") + picture.body.count("hc n") == 28 + 12
    assert picture.body.count("is-sure") == 5
    assert "Strongest: Treatment match with Resistance −.546" in picture.description
    assert len(heat_figure(grid(2, 12)).pictures) == 2


def test_scatter_marks_add_up_to_the_cases(results: Results) -> None:
    figure = scatter_figure(results)
    assert figure is not None
    assert len(figure.pictures) == 6 + 7 + 1 + 1
    assert figure.values is not None
    counts = [int(row[3].content[0].text) for row in figure.values.groups[0][1:]]
    assert sum(counts) == 43
    assert "therapist A" in figure.pictures[0].body
    for shape in ("g0", "g1", "g2"):
        assert f'class="{shape}"' in figure.pictures[1].body


def test_scatter_without_hypotheses_is_left_out(grid: Callable[..., Results]) -> None:
    assert scatter_figure(grid(2, 2)) is None


def test_labels_stay_inside(grid: Callable[..., Results]) -> None:
    label = "Donaudampfschifffahrtsgesellschaftskapitänskajüte and more"
    for figure in (forest_figure(grid(2, 3, label)), heat_figure(grid(2, 3, label))):
        for picture in figure.pictures:
            for x, text in re.findall(
                r'<text(?: class="t-strong")? x="([\d.]+)" y="[\d.]+">([^<]+)</text>', picture.body
            ):
                assert float(x) + 6.5 * len(text) <= picture.width + 1
    assert wrap("", 50) == ("",)
