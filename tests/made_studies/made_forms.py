"""Make a small study whose protocol has forms: the alliance each session, a mood form at baseline, one on a line."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from made_study import EXAMPLE, Small, small

ALLIANCE = """
language = "en"
title = "About your session today"
lead = "Five short statements. How far does each fit? There is no right answer."

[anchors]
1 = "Not at all"
2 = "Very little"
3 = "A little"
4 = "Partly"
5 = "Mostly"
6 = "Very much"
7 = "Completely"

[items]
q1 = "The waiting room was easy to find."
q2 = "The chairs were comfortable."
q3 = "The session started on time."
q4 = "The light in the room was pleasant."
q5 = "The printed sheet was easy to read."
"""

MORE = """
[[instruments]]
id = "mood"
instrument = "phq-9"

[[instruments]]
id = "care"
instrument = "care"

[[instruments]]
id = "line"
instrument = "srs"
informant = "therapist"

[[forms]]
id = "alliance"
instrument = "alliance"
wording = "wording/alliance.toml"
title = "Your session"
expires_days = 7
contact = "Questions: study office, 555 0142."
thanks = "If something weighs on you today, call the study office."

[[forms]]
id = "mood"
instrument = "mood"
occasion = "baseline"
alerts = [{ item = "item1", at_least = 3, message = "Item 1 stands at its highest answer." }]

[[forms]]
id = "care"
instrument = "care"
occasion = "end"

[[forms]]
id = "line"
instrument = "line"
informant = "therapist"
"""


def with_forms(folder: Path, url: str = "sqlite", *, sessions: int = 6) -> Small:
    """Copy the example study, give it four forms, and open its workbench; see :func:`made_study.small`."""
    study = folder / "study"
    shutil.copytree(EXAMPLE, study, ignore=shutil.ignore_patterns("reports", "workbench", "tapes"))
    (study / "wording").mkdir()
    (study / "wording" / "alliance.toml").write_text(ALLIANCE, encoding="utf-8")
    protocol = study / "study.toml"
    protocol.write_text(protocol.read_text(encoding="utf-8") + MORE, encoding="utf-8")
    return small(folder, url, sessions=sessions)


def link(form: str = "alliance", participant: str = "P001", session: str | None = "S001", **how: Any) -> Any:
    """Make one link and return it."""
    from bordin.store.invitations import Place, make_links
    from bordin.workbench import current

    occasion = next(f.occasion for f in current.study().protocol.forms if f.id == form)
    place = Place(participant, session) if occasion == "session" else Place(participant, None, occasion)
    made = make_links("Lead", form, [place], how.pop("days", 7), **how)
    assert len(made.links) == 1, made.kept
    return made.links[0]
