"""The lead's overview and the pages behind it: printed values against direct calls, what is hidden, who may look."""

from __future__ import annotations

import re
import time
from pathlib import Path

import numpy as np
import pytest
from made_study import DIMENSIONS, Small, rate, small

from bordin.estimate import Estimate, Interval
from bordin.reliability.icc import forms_of_components
from bordin.reliability.variance_components import variance_components
from bordin.report.number import correlation, interval
from bordin.study.coder_agreement import DRAWS

ALDER, BIRCH = [0, 2, 3, 5, 6, 4], [1, 2, 4, 5, 5, 2]
LINES = "/reliability/socialization/concordance/"


@pytest.fixture
def study(tmp_path: Path) -> Small:
    return small(tmp_path)


def settled(client, url: str = "/overview/") -> str:
    """Open a page as soon as its figures are those of the record as it is."""
    for _ in range(100):
        if b"data-stale" not in client.get("/overview/").content:
            break
        time.sleep(0.05)
    else:
        raise AssertionError("the figures never became fresh")
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def planted(study: Small, *, low: bool = False) -> None:
    for coder, values in (("Alder", ALDER), ("Birch", [6 - v for v in ALDER] if low else BIRCH)):
        for i, value in enumerate(values, start=1):
            rate(study, coder, f"S{i:03d}", {**dict.fromkeys(DIMENSIONS, value), "avoidance": i % 2})


def test_an_empty_study_says_what_comes_next(study: Small) -> None:
    told = words(settled(study.client("Lead")))
    assert "No tape is locked yet. Values appear as soon as two coders have locked the same tape." in told
    assert "0 of 12 tapes locked" in told
    assert "You are blind to arm and outcome; no unblinding so far." in told
    assert "6 recruited" in told
    assert "3 patients of the pragmatic rehabilitation arm" in told
    assert "As of 0 locked ratings" in told


def test_printed_values_are_those_of_a_direct_call(study: Small) -> None:
    planted(study)
    html = settled(study.client("Lead"))
    table = np.array([ALDER, BIRCH], dtype=float).T
    components = variance_components(table, coders=("Alder", "Birch"), draws=DRAWS, seed=20261)
    direct = forms_of_components(components)["ICC(A,1)"].estimate
    assert direct.value is not None
    assert direct.interval is not None
    low, high = interval(direct.interval.low, direct.interval.high, brackets=False).split(", ")
    row = words(re.search(rf'<tr><th scope="row"><a href="{LINES}">.*?</tr>', html, re.S)[0])
    assert row.split()[:6] == ["Concordance", correlation(direct.value, 2), low, "to", high, "6"]
    assert correlation(direct.value, 2) == ".85"
    assert "83% (" in row
    assert "good / excellent" in row
    assert "As of 12 locked ratings" in html
    assert "12 of 12 tapes locked" in words(html)


def test_the_page_of_a_dimension_has_every_coefficient_and_the_widest_sessions(study: Small) -> None:
    planted(study)
    html = settled(study.client("Lead"), LINES)
    told = words(html)
    for name in ("ICC(A,1)", "ICC(C,1)", "percent agreement", "kappa (Conger, quadratic)", "alpha (ordinal)"):
        assert f"{name} " in told
    assert "percent agreement 33%" in told
    assert "6 sessions rated, 6 by two coders or more." in told
    widest = re.findall(r"<tr><th scope=\"row\">(S\d+)</th>", html)
    assert widest == ["S006", "S001", "S003", "S005"]
    assert "Alder 4 , Birch 2" in told
    assert "1 of 6 pairs of ratings are two points or more apart" in told


def test_total_disagreement_is_told_and_a_constant_is_undefined(study: Small) -> None:
    planted(study, low=True)
    client = study.client("Lead")
    told = words(settled(client))
    concordance = re.search(r"Concordance (−?\.\d+)", told)
    assert concordance is not None
    assert float(concordance[1].replace("−", "-")) <= 0
    for coder in ("Alder", "Birch"):
        id = study.assignments[coder, "S001"]
        assert id not in told


def test_a_value_without_variance_shows_the_reason(study: Small) -> None:
    for coder in ("Alder", "Birch"):
        for i in range(1, 7):
            rate(study, coder, f"S{i:03d}", dict.fromkeys(DIMENSIONS, 1))
    told = words(settled(study.client("Lead")))
    assert "Concordance no variance: all ratings are equal 6 100%" in told
    assert "Restricted range" in told or "undefined" in told


def test_coders_are_shown_with_interval_and_n(study: Small) -> None:
    planted(study)
    client = study.client("Lead")
    told = words(settled(client, "/coders/"))
    assert re.search(r"Alder 0\.1\d −0\.\d+ to \d\.\d+, n = 6", told)
    assert re.search(r"Birch −0\.\d\d", told)
    one = words(settled(client, "/coders/Alder/"))
    assert "6 of 6 tapes locked." in one
    assert "halo above the others" in one
    # Differences −1, 0, −1, 0, 1, 2: mean 0.17, and 2.571 standard errors of 0.477 on both sides.
    assert "Concordance 0.17 −1.06 to 1.39, n = 6" in one
    assert client.get("/coders/Nobody/").status_code == 404
    assert client.get("/reliability/socialization/nothing/").status_code == 404


def test_the_page_that_waits_gets_nothing_until_there_is_something(study: Small) -> None:
    client = study.client("Lead")
    html = settled(client)
    seen = re.search(r"\?seen=([\d.sf]+)", html)[1]
    assert "data-stale" not in html
    assert 'hx-trigger="every 30s"' in html
    assert client.get("/overview/reliability/", {"seen": seen}).status_code == 204
    planted(study)
    settled(client)
    response = client.get("/overview/reliability/", {"seen": seen})
    assert response.status_code == 200
    part = response.content.decode()
    assert part.startswith('<div id="standing"')
    assert 'id="freshness" hx-swap-oob="true">As of 12 locked ratings' in part
    assert "<html" not in part


def test_while_newer_figures_are_computed_the_last_ones_are_served(
    study: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    from threading import Event

    from bordin.workbench import board

    client = study.client("Lead")
    settled(client)
    go, compute = Event(), board.compute
    monkeypatch.setattr(board, "compute", lambda *given: go.wait(10) and compute(*given))
    planted(study)
    html = client.get("/overview/").content.decode()
    assert "data-stale" in html
    assert 'hx-trigger="every 2s"' in html
    assert "As of 0 locked ratings; newer ones are being counted" in html
    go.set()
    assert "As of 12 locked ratings" in settled(client)


def test_what_fails_is_told_and_tried_again(study: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    from bordin.workbench import behind, board

    def broken(*given: object) -> None:
        raise RuntimeError("no")

    logged: list[str] = []
    monkeypatch.setattr(behind.log, "exception", lambda *said: logged.append(said[0]))
    monkeypatch.setattr(board, "compute", broken)
    client = study.client("Lead")
    html = client.get("/overview/").content.decode()
    for _ in range(100):
        html = client.get("/overview/").content.decode()
        if "could not be computed" in html:
            break
        time.sleep(0.02)
    assert "The figures could not be computed." in html
    assert logged


def test_arm_and_outcome_stay_hidden_until_they_are_unblinded(study: Small) -> None:
    from bordin.store.tables import Fact

    client = study.client("Lead")
    planted(study)
    for url in ("/overview/", "/coders/", "/allocation/", "/audit/", LINES):
        assert "supportive listening" not in settled(client, url)
    response = client.post("/overview/unblind/", {"item": "arm", "reason": "  no "}, follow=True)
    assert "say in a sentence why" in response.content.decode()
    assert not Fact.objects.filter(kind="unblinding").exists()
    assert (
        client.post("/overview/unblind/", {"item": "weather", "reason": "a long reason"}).status_code == 400
    )
    client.post("/overview/unblind/", {"item": "arm", "reason": "coding is finished, data are locked"})
    [fact] = Fact.objects.filter(kind="unblinding")
    assert (fact.actor, fact.item, fact.reason) == ("Lead", "arm", "coding is finished, data are locked")
    told = words(settled(client))
    assert "You are still blind to outcome." in told
    assert re.search(
        r"Unblinded: arm, \d{4}-\d\d-\d\d, by Lead \(coding is finished, data are locked\)", told
    )
    assert "Reason: coding is finished, data are locked" in words(settled(client, "/audit/"))


def test_who_may_look(study: Small) -> None:
    planted(study)
    settled(study.client("Lead"))
    pages = ("/overview/", "/overview/reliability/", LINES, "/coders/", "/coders/Alder/")
    for name in ("Lead", "Dana", "Rowan"):
        assert {study.client(name).get(url).status_code for url in pages} <= {200, 204}
    for url in pages:
        assert study.client("Alder").get(url).status_code == 403
        assert study.client().get(url).status_code == 302
    for name in ("Dana", "Rowan", "Alder"):
        sent = study.client(name).post("/overview/unblind/", {"item": "arm", "reason": "I want to know it"})
        assert sent.status_code == 403
    html = settled(study.client("Rowan"))
    assert "Unblind and note it" not in html
    # A reader is offered no page that would refuse.
    for url in set(re.findall(r'href="(/[^"?#]*)"', html)) - {"/"}:
        if not url.startswith("/static/"):
            assert study.client("Rowan").get(url).status_code == 200, url


def test_alerts_lead_to_the_place(study: Small) -> None:
    planted(study)
    html = settled(study.client("Lead"))
    assert "Release disagreements" in html
    assert "6 tapes locked by all coders, not released yet." in html
    assert re.search(r'href="/consensus/">Open</a>', html)


def test_a_drift_is_told_with_interval_and_n(study: Small) -> None:
    from bordin.store import overview
    from bordin.store.progress import count
    from bordin.store.tables import Account
    from bordin.workbench import current
    from bordin.workbench.board import Board
    from bordin.workbench.next_actions import actions

    for i in range(1, 7):
        rate(study, "Alder", f"S{i:03d}", dict.fromkeys(DIMENSIONS, min(6, i)))
        rate(study, "Birch", f"S{i:03d}", dict.fromkeys(DIMENSIONS, 2 if i % 2 else 1))
    standing = overview.fresh(current.study())
    figures = overview.read(current.study(), standing)
    board = Board(count(current.study(), standing), figures)
    [drift] = [
        a
        for a in actions(Account.objects.get(name="Lead"), board)
        if a.title == "Drift" and "Alder" in a.text
    ]
    [estimate] = [f.estimate for f in figures.coders[0].whole.drift if f.coder == "Alder"]
    assert f"Alder rises by {estimate.value:.2f} points a tape" in drift.text
    assert f"n\u00a0=\u00a0{estimate.n}" in drift.text
    assert drift.url == "/coders/Alder/"


def test_a_criterion_that_is_not_reached_is_told(study: Small) -> None:
    from dataclasses import replace

    from bordin.store import overview
    from bordin.store.tables import Account
    from bordin.workbench import current
    from bordin.workbench.overview import dimension_row

    planted(study)
    made = current.study()
    use = made.protocol.coding[0].model_copy(update={"standard": "gold", "criterion": 0.9})
    strict = replace(made, protocol=made.protocol.model_copy(update={"coding": (use,)}))
    figures = overview.read(strict, overview.fresh(strict))
    row = dimension_row(Account.objects.get(name="Lead"), figures.dimensions[0])
    assert (row["state"], row["status"]) == ("bad", "below criterion")
    assert "dot--open" in row["plot"]


@pytest.mark.parametrize(
    ("low", "high", "left", "right"), [(-0.4, 1.0, "14.0", "258.0"), (-0.9, 0.3, "14.0", "136.0")]
)
def test_the_plot_ends_where_its_axis_ends(low: float, high: float, left: str, right: str) -> None:
    from bordin.workbench.figures import coefficient_plot

    made = coefficient_plot(Estimate("ICC(A,1)", 0.3, 9, "", Interval(low, high, 0.95, "x")), 0.6)
    assert f'class="whisker" x1="{left}" x2="{right}"' in made
    assert 'class="dot dot--open"' in made
    assert "whisker" not in coefficient_plot(Estimate.without_value("ICC(A,1)", 0, "no ratings"), None)


def test_a_long_line_is_drawn_in_groups() -> None:
    from bordin.workbench.figures import binned, trend

    points = [(float(i), float(i % 2)) for i in range(1, 101)]
    shown, each = binned(points)
    assert (len(shown), each) == (25, 4)
    assert shown[0] == (2.5, 0.5)
    assert trend(points, "a <label>").count("<circle") == 25
    assert 'aria-label="a &lt;label&gt;"' in trend([], "a <label>")


def test_letters_tell_nothing_of_the_names(study: Small) -> None:
    from bordin.workbench.neutral import letters

    levels = [f"T{i}" for i in range(30)]
    given = letters("therapist", levels)
    assert sorted(given.values(), key=lambda x: (len(x), x))[24:28] == ["Y", "Z", "AA", "AB"]
    assert list(given) != levels
    assert given == letters("therapist", reversed(levels))
    assert given != letters("arm", levels)
