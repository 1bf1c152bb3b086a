from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from bordin.report.paper import compose
from bordin.report.sentences import conclusion, findings, limits, lock_sentence, methods
from bordin.report.tables import Table, flow_table
from bordin.report.text import Phrase, plain_text
from bordin.study.results import HypothesisResult, LockStatus, Results

FORBIDDEN = ("no association", "significant", ".000")


def anchors(results: Results) -> dict[str, str]:
    tables = [b for s in compose(results).sections for b in s.blocks if isinstance(b, Table)]
    return {
        c.id: "".join(run.text for run in c.content if run.style != "sup")
        for table in (*tables, flow_table(results))
        for group in table.groups
        for row in group
        for c in row
        if c.id
    }


def everything(results: Results) -> str:
    texts = [*findings(results), *limits(results), *methods(results)]
    return " ".join([conclusion(results), *(plain_text(t) for t in texts)])


@pytest.fixture(params=["results", "gaps"])
def case(request: pytest.FixtureRequest) -> Results:
    found: Results = request.getfixturevalue(request.param)
    return found


def test_each_number_is_that_of_its_cell(case: Results) -> None:
    cells = anchors(case)
    runs = [run for text in (*findings(case), *limits(case)) for run in text if run.cell]
    assert len(runs) > 30
    for run in runs:
        assert cells[run.cell or ""].endswith(run.text), (run, cells[run.cell or ""])


def test_no_number_of_the_results_is_without_its_cell(case: Results) -> None:
    given = "|".join(
        re.escape(t) for h in case.hypotheses for t in (h.id, h.sentence.rstrip("."), h.claim) if t
    )
    allowed = re.compile(rf"{given}|95%|\.05|±?\.30|of \d+ tests|\d+ (supported|not supported|inconclusive)")
    for text in findings(case):
        unbound = "".join("" if run.cell else run.text for run in text)
        assert not re.search(r"\d", allowed.sub("", unbound)), unbound


def test_every_paragraph_of_the_results_is_bound_or_says_why_not(case: Results) -> None:
    for text in findings(case):
        assert any(run.cell for run in text) or "could not be tested" in plain_text(text)


@pytest.mark.parametrize("word", FORBIDDEN)
def test_forbidden_words_never_occur(case: Results, word: str) -> None:
    assert word not in everything(case).lower()


def test_conclusion(results: Results, grid: Callable[..., Results]) -> None:
    assert conclusion(results).replace("\u00a0", " ") == (
        "3 of 8 hypotheses are supported, 1 is not supported and 4 are inconclusive; 5 of 28 correlations keep "
        "p < .05 after maxT adjustment."
    )
    assert conclusion(grid(1, 1)).replace("\u00a0", " ") == (
        "1 of 1 correlation keeps p < .05 after maxT adjustment; no hypothesis was declared."
    )


def words(text: Phrase) -> str:
    return plain_text(text).replace("\u00a0", " ")


def test_sentences_of_the_verdicts(results: Results) -> None:
    said = [words(t) for t in findings(results)]
    assert said[0] == (
        "Of 296 recruited into the trial, 43 were analyzed. Of the 28 correlations of the table, 10 have p < .05 "
        "before adjustment and 5 after maxT adjustment."
    )
    assert said[2].endswith(
        "is supported: r_s = −.429, 95% interval [−.65, −.13], n = 43, p = .016 after maxT."
    )
    assert said[5].endswith(
        "These data do not support the claim, nor do they refute it (claim: Daniels and Wearden (2011))."
    )
    assert "the data reject an effect of .30 or more in the expected direction, p = .027." in said[6]
    assert "values as large as ±.30 are not excluded, p = .744 after Holm" in said[7]
    assert "Δ = .475" in said[8]
    assert said[9].startswith("Outside the declared hypotheses, and so exploratory")


@pytest.mark.parametrize(
    ("because", "verdict", "said"),
    [
        ("adjusted p below alpha, against expectation", "not supported", "the opposite of what was expected"),
        ("equivalent", "supported", "values beyond ±.30 are rejected"),
        ("differs from zero", "not supported", "it differs from zero"),
    ],
)
def test_sentence_of_each_reason(results: Results, because: str, verdict: str, said: str) -> None:
    h: HypothesisResult = results.hypotheses[1]
    test = replace(h.tests[0], because=because, verdict=verdict)  # type: ignore[arg-type]
    changed = replace(h, tests=(test,), because=because, verdict=verdict)  # type: ignore[arg-type]
    other = replace(results, hypotheses=(changed,))
    assert said in words(findings(other)[1])
    assert plain_text(compose(other).sections[1].blocks[0].groups[0][0][5].content)  # type: ignore[union-attr]


def test_what_the_data_cannot_say(results: Results, gaps: Results) -> None:
    said = " ".join(words(t) for t in limits(results))
    assert "even a correlation of exactly 0 leaves values up to ±.254 open" in said
    assert "not a difference between them: Concordance goes with Treatment match (.479)" in said
    assert "Correlations have no direction" in said
    assert "from .03 to .74" in said
    assert "Bond (33% at the highest value)" in said
    assert "agreed only in part: ICC(Q,1) .47 [−.09, .81], 12 sessions" in said
    assert "The data are simulated." in said
    assert "28 tests of the table and 14 for the hypotheses were run" in said
    missing = " ".join(words(t) for t in limits(gaps))
    assert "Cells rest on 37 to 43 pairs; 23 of 43 participants are complete" in missing
    assert "1 key of the protocol differs from what was locked" in missing


def test_notice_of_machine_made_codes(results: Results) -> None:
    study = results.protocol.study.model_copy(update={"notice": "The codes are machine-made."})
    other = replace(results, protocol=results.protocol.model_copy(update={"study": study}))
    assert words(limits(other)[0]) == "What people would have said or coded. The codes are machine-made."


def test_lock(results: Results, gaps: Results, fake: Callable[..., Results]) -> None:
    assert lock_sentence(results) == (
        "The protocol was locked on October 2, 2026 and analyzed as locked: no deviation."
    )
    assert "1 key differs from it" in lock_sentence(gaps)
    open_ = fake(lock="unlocked")
    assert lock_sentence(open_) == "The protocol was not locked before the analysis."
    assert any("hypotheses came before the data" in words(t) for t in limits(open_))
    late = replace(results, lock=LockStatus("as locked", "2026-10-02", "a", after_report=True))
    assert lock_sentence(late).endswith("A report existed already at that time.")


def test_methods_are_written_from_what_was_done(results: Results) -> None:
    said = " ".join(words(t) for t in methods(results))
    for part in (
        "43 of 296 recruited into the trial were analyzed",
        "CALPAS-5 1.0 was answered by the patient; the form of the taped session was used",
        "The coders did not know arm, outcome or alliance",
        "12 were coded by two or more, and the rating of the designated coder was used",
        "10,000 random permutations (seed 20261)",
        "those of Bonett-Wright",
        "Westfall and Young",
        "6 tests of a direction (maxT), 7 equivalence tests (Holm) and 1 difference (Holm)",
        "Software: bordin 0.1.0 with Python 3.11.2, numpy 2.4 and scipy 1.17.",
    ):
        assert part in said
