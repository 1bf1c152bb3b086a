"""Practice, feedback, certificates and the manual, as pages."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from made_study import DIMENSIONS, EXAMPLE, Small, rate, small

GOLD = {
    "PS1": dict(zip(DIMENSIONS, (0, 1, 2, 3, 4, 5, 6), strict=True)),
    "PS2": dict(zip(DIMENSIONS, (6, 5, 5, 0, 1, 2, 1), strict=True)),
}


@pytest.fixture
def made(tmp_path: Path) -> Small:
    study = tmp_path / "study"
    shutil.copytree(EXAMPLE, study, ignore=shutil.ignore_patterns("reports", "workbench", "tapes"))
    text = (study / "study.toml").read_text(encoding="utf-8")
    text = text.replace('source = "audio"\n', 'source = "audio"\nstandard = "Gold"\ncriterion = 0.5\n', 1)
    text = text.replace("[table]\n", '[training]\npractice = ["PS1", "PS2"]\n\n[table]\n', 1)
    (study / "study.toml").write_text(text, encoding="utf-8")
    made = small(tmp_path, sessions=2)
    from bordin.store.allocations import Issue, issue
    from bordin.store.record import NewFact
    from bordin.store.tables import Account, Participant, Session
    from bordin.store.writer import add, write

    alder, issues = Account.objects.get(name="Alder").id, []
    for i, (session, values) in enumerate(GOLD.items(), start=1):
        person = Participant.objects.create(id=f"PP{i}")
        Session.objects.create(id=session, participant=person, minutes=40.0, has_tape=True)
        made.assignments["Alder", session] = f"apractic0{i}"
        issues.append(
            Issue(f"apractic0{i}", alder, session, "socialization", f"Practice {i}", 20 + i, 1, "practice")
        )
        for d, v in values.items():
            add(
                NewFact(
                    "import rating", "Lead", session=session, coder="Gold", item=f"socialization.{d}", value=v
                )
            )
    write(lambda t: issue(t, "Lead", issues, {"seed": 2}))
    return made


def _text(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def _certify() -> bool:
    from bordin.store.tables import Account
    from bordin.workbench.practice import certify_if_reached

    return certify_if_reached(Account.objects.get(name="Alder"), "socialization")


def test_practice_comes_first_and_tells_the_criterion(made: Small) -> None:
    text = _text(made.client("Alder").get("/practice/"))
    assert "On 2 tapes in a row, 80% or more of the dimensions within 1 point of the standard" in text
    assert "No practice tape has been rated yet." in text
    assert "Practice 1 next – – Rate" in text
    assert "Practice 2 open – – later" in text
    assert "0 of 2 locked" in text


def test_the_reference_shows_after_the_lock_alone(made: Small) -> None:
    client = made.client("Alder")
    rate(made, "Alder", "PS1", {**GOLD["PS1"], "concordance": 3}, lock=False)
    assert client.get("/practice/apractic01/").status_code == 404
    rate(made, "Alder", "PS1", {})
    text = _text(client.get("/practice/apractic01/"))
    assert "6 of 7 dimensions the same, 6 of 7 within 1." in text
    assert "Concordance 3 0 3 too high" in text
    # Both anchors, and the section of the manual.
    assert "Moderate. Agrees with the main aim or with the way of working" in text
    assert "None. The two talk past each other" in text
    assert "Politeness and thanks are not agreement." in text
    assert "Go on with Practice 2" in text
    assert "Practice 1 criterion reached 6 of 7 6 of 7 See feedback" in _text(client.get("/practice/"))
    assert client.get("/practice/apractic02/").status_code == 404
    assert made.client("Birch").get("/practice/apractic01/").status_code == 404


def test_the_queue_opens_with_the_certificate(made: Small) -> None:
    from bordin.store.tables import Account
    from bordin.workbench.practice import may_rate, practice_rows

    alder = Account.objects.get(name="Alder")
    rate(made, "Alder", "PS1", GOLD["PS1"])
    assert not _certify()
    assert may_rate(alder, "socialization")[0] is False
    rate(made, "Alder", "PS2", GOLD["PS2"])
    assert _certify()
    assert may_rate(alder, "socialization") == (True, "")
    rows = practice_rows(alder)
    assert rows["certified"] is True
    assert [(r["name"], r["exact"], r["within"], r["of"], r["state"]) for r in rows["rows"]] == [
        ("Practice 1", 7, 7, 7, "locked"),
        ("Practice 2", 7, 7, 7, "locked"),
    ]
    text = _text(made.client("Alder").get("/practice/"))
    assert re.search(r"certified on \d{4}-\d\d-\d\d", text)
    assert "Alder reached the criterion on 2 tapes in a row" in text


def test_a_coder_without_practice_reads_what_to_do(made: Small) -> None:
    from bordin.store.tables import Account
    from bordin.workbench.practice import may_rate, practice_rows

    birch = Account.objects.get(name="Birch")
    assert "No practice tape is allocated to you yet. Ask the lead" in _text(
        made.client("Birch").get("/practice/")
    )
    assert may_rate(birch, "socialization")[1].endswith("Ask the lead for more practice.")
    assert practice_rows(birch) is None


def test_the_lead_sees_and_withdraws_certificates(made: Small) -> None:
    client = made.client("Lead")
    for session, values in GOLD.items():
        rate(made, "Alder", session, values)
    text = _text(client.get("/training/"))
    assert "Alder 2 of 2 7 of 7 near reached, bring up to date none yet" in text
    assert "Birch 0 of 0 – not yet No practice tape has been rated yet." in text
    assert "Certified: Alder." in _text(client.post("/training/", {"do": "check"}, follow=True))
    assert "No coder has newly reached" in _text(client.post("/training/", {"do": "check"}, follow=True))
    assert re.search(r"7 of 7 near since \d{4}", _text(client.get("/training/")))
    wanted = {"do": "withdraw", "coder": "Alder", "coding": "socialization"}
    assert "withdrawn with a reason" in _text(
        client.post("/training/", {**wanted, "reason": ""}, follow=True)
    )
    done = client.post("/training/", {**wanted, "reason": "drift"}, follow=True)
    assert "certificate is withdrawn. Allocate new practice tapes next." in _text(done)
    assert "No coder has newly reached" in _text(client.post("/training/", {"do": "check"}, follow=True))
    for name in ("Alder", "Dana", "Rowan"):
        assert made.client(name).get("/training/").status_code == 403


def test_the_lead_of_a_study_without_training_reads_how_to_have_it(tmp_path: Path) -> None:
    text = _text(small(tmp_path).client("Lead").get("/training/"))
    assert "The protocol asks for no training" in text


def test_the_manual_has_a_place_for_each_dimension(made: Small) -> None:
    client = made.client("Alder")
    answer = client.get("/manual/")
    html = answer.content.decode()
    for place in ("m-concordance", "m-evidence-congruent", "m-avoidance", "m-training-of-coders"):
        assert f'<h2 id="{place}">' in html
        assert f'href="#{place}"' in html
    assert '<th scope="col">Point</th>' in html
    assert "{{" not in html
    assert client.get("/manual/socialization/").status_code == 200
    assert client.get("/manual/nothing/").status_code == 404
    assert made.client("Rowan").get("/manual/").status_code == 403


def test_a_section_stands_beside_the_form_without_what_is_there_already(made: Small) -> None:
    from bordin.workbench import current
    from bordin.workbench.manual import section_html

    system = current.study().systems["socialization"]
    html = section_html(system, system.dimension("understanding"))
    assert html.startswith("<h3>Listen for</h3>")
    assert re.findall(r"<h3>(.*?)</h3>", html) == [
        "Listen for",
        "Clear examples",
        "Borderline examples",
        "Decide",
    ]
    assert "Active plans" not in html
    assert "<p><strong>Therapist:</strong> Can you say what the diary is for?<br" in html


def test_a_manual_brings_no_script_picture_or_address(made: Small) -> None:
    from bordin.workbench.manual import whole_html

    html, sections = whole_html(
        "# T\n\n## One\n\n<script>alert(1)</script> [text](https://example.org) ![a face](https://example.org/a.png)\n\n"
        "## One\n\n[x](javascript:alert(1)) <https://example.org/b>\n"
    )
    assert "<script" not in html
    assert "<img" not in html
    assert "<a" not in html.replace("<article", "")
    assert "&lt;script&gt;" in html
    assert "<em>a face</em>" in html
    assert sections == (("m-one", "One"), ("m-one-2", "One"))
