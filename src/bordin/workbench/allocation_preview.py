"""A drawing of the allocation in print, before it is issued: who has how much of what, and where calibration tapes come."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from bordin.coding.allocation.allocating import Allocation, Balance, balance_of, describe
from bordin.errors import BordinError
from bordin.report.number import number
from bordin.store.allocated import draw, issued
from bordin.store.people import unblinded
from bordin.store.record import canonical
from bordin.store.standing import last_fact, rows
from bordin.study.study import Study
from bordin.workbench.neutral import letters

# More columns than this nobody can read: a sentence says the fewest and the most instead.
MOST_COLUMNS = 12
MOST_PLACES = 12


@dataclass(frozen=True)
class Preview:
    """A drawing, or why there is none.

    Attributes
    ----------
    allocation : Allocation or None
    counts : Counter
        Coder and purpose to new assignments.
    places : mapping of str to str
        Coder to where calibration tapes come.
    text : str
        For the Methods section.
    balance : Balance or None
    minutes : mapping of str to float
        Coder to minutes of tape in all.
    hash : str
        Of the assignments, so that what is issued is what was looked at.
    problems : tuple of (str, str)
        Message and next step.
    """

    allocation: Allocation | None = None
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    places: dict[str, str] = field(default_factory=dict)
    text: str = ""
    balance: Balance | None = None
    minutes: dict[str, float] = field(default_factory=dict)
    hash: str = ""
    problems: tuple[tuple[str, str], ...] = ()


def preview_key(coding: str, seed: int) -> Hashable:
    """Return what a drawing depends on, besides the protocol."""
    counted = next(
        rows(
            "SELECT (SELECT count(*) FROM store_session), (SELECT count(*) FROM store_participant), "
            "(SELECT count(*) FROM store_session WHERE tape <> '' OR has_tape IS NOT NULL), "
            "(SELECT count(*) FROM store_account WHERE role = 'coder')"
        )
    )
    return (
        coding,
        seed,
        last_fact("import", "account", "allocation", "withdrawal"),
        *counted,
        _open_accounts(),
    )


def _open_accounts() -> tuple[str, ...]:
    found = rows("SELECT name, is_active FROM store_account WHERE role = 'coder' ORDER BY name")
    return tuple(name for name, active in found if active)


def preview(study: Study, coding: str, seed: int) -> Preview:
    """Draw, and count what was drawn.

    Parameters
    ----------
    study : Study
    coding : str
    seed : int

    Returns
    -------
    Preview
    """
    try:
        drawn = draw(study, coding, seed)
    except BordinError as error:
        return Preview(problems=tuple((p.message, p.hint or "") for p in error.problems))
    parts = issued(coding)
    before = frozenset(
        id
        for (id,) in rows(
            "SELECT id FROM store_assignment WHERE coding = %s AND fact <= %s",
            [coding, parts[-1].seq if parts else 0],
        )
    )
    length = dict(rows("SELECT id, minutes FROM store_session WHERE minutes IS NOT NULL"))
    minutes: Counter[str] = Counter()
    counts: Counter[tuple[str, str]] = Counter()
    for a in drawn.assignments:
        if a.id not in before:
            minutes[a.coder] += length.get(a.session, 0.0)
            counts[a.coder, a.purpose] += 1
    listed = sorted(
        [a.id, a.coder, a.session, a.name, a.position, a.reading, a.purpose] for a in drawn.assignments
    )
    digest = hashlib.sha256(canonical(listed).encode()).hexdigest()
    return Preview(drawn, counts, _places(drawn), describe(drawn), balance_of(drawn), dict(minutes), digest)


def shown(p: Preview) -> dict[str, Any]:
    """Return a drawing as the page shows it; levels as letters as long as the lead is blind."""
    if p.allocation is None or p.balance is None:
        return {"problems": p.problems}
    blind = not unblinded("arm")
    drawn, balance, own = p.allocation, p.balance, p.counts
    names = {
        "practice": _("Practice"),
        "rating": _("Main"),
        "double": _("Once more"),
        "calibration": _("Calibration"),
        "repeat": _("Second reading"),
    }
    purposes = [n for n in names if any(own[c, n] for c in drawn.coders)]
    return {
        "hash": p.hash,
        "text": p.text,
        "notes": drawn.notes,
        "new": own.total(),
        "withdrawn": len(drawn.withdrawn),
        "purposes": [names[n] for n in purposes],
        "coders": [
            {
                "name": c,
                "counts": [own[c, n] for n in purposes],
                "all": sum(own[c, n] for n in purposes),
                "hours": number(p.minutes.get(c, 0.0) / 60, 0) if p.minutes.get(c) else "–",
                "in_a_row": balance.in_a_row[c],
                "calibration": p.places[c],
            }
            for c in drawn.coders
        ],
        "has_calibration": bool(drawn.plan.calibration),
        "factors": [_factor(f, by_level, drawn.coders, blind) for f, by_level in balance.levels.items()],
        "blind": blind,
        **_pairs(balance, drawn.coders),
    }


def _places(drawn: Allocation) -> dict[str, str]:
    """Say at which places of each coder's order calibration tapes come."""
    order: dict[str, list[tuple[int, str]]] = {c: [] for c in drawn.coders}
    for a in drawn.standing():
        if a.coder in order and a.purpose != "practice":
            order[a.coder].append((a.position, a.purpose))
    found = {}
    for coder, own in order.items():
        places = [i for i, (_, purpose) in enumerate(sorted(own), start=1) if purpose == "calibration"]
        told = ", ".join(str(i) for i in places[:MOST_PLACES])
        found[coder] = f"{told} …" if len(places) > MOST_PLACES else told
    return found


def _factor(name: str, by_level: Any, coders: tuple[str, ...], blind: bool) -> dict[str, Any]:
    """Return how a factor's levels fall to the coders."""
    letter = letters(name, by_level) if blind else {level: level for level in by_level}
    levels = sorted(by_level, key=lambda level: (len(letter[level]), letter[level]))
    if len(levels) > MOST_COLUMNS:
        apart = [max(c.values()) - min(c.values()) for c in by_level.values()]
        return {"name": name, "levels": [], "n": len(levels), "apart": max(apart, default=0)}
    return {
        "name": name,
        "n": len(levels),
        "levels": [letter[level] for level in levels],
        "rows": [{"name": c, "counts": [by_level[level][c] for level in levels]} for c in coders],
        "sums": [sum(by_level[level].values()) for level in levels],
    }


def _pairs(balance: Balance, coders: tuple[str, ...]) -> dict[str, Any]:
    """Return how often two coders meet on a session."""
    met = list(balance.pairs.values())
    found: dict[str, Any] = {
        "linked": balance.linked,
        "fewest": min(met, default=0),
        "most": max(met, default=0),
        "n_pairs": len(met),
        "matrix": [],
    }
    if 1 < len(coders) <= MOST_COLUMNS:
        found["matrix"] = [
            {
                "name": one,
                "counts": [
                    "–" if one == two else str(balance.pairs[(one, two) if one < two else (two, one)])
                    for two in coders
                ],
            }
            for one in coders
        ]
        found["pair_names"] = coders
    return found
