"""Answers to forms: sent by a link or typed in from paper, read back for exports, counts and alerts.

The answers of a form are one text beside the chain, so that a withdrawal can erase them::

    {"q1": 5, "q2": "not answered", "q3": "not applicable"}

For other modules:

- :func:`answers_of_study` gives every form that counts, for the export and for progress.
- :func:`open_alerts` gives the answers that nobody has looked at yet, for the lead's overview.
- :func:`bordin.store.paper_entries.settled_answers` gives what counts of a form on paper.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from threading import Lock
from typing import Any, NamedTuple

from django.db import connection

from bordin.errors import BordinError
from bordin.instruments.instrument import Alert, Instrument
from bordin.instruments.response import read_response
from bordin.instruments.score import Fault
from bordin.instruments.scoring import score_columns
from bordin.missing import Missing
from bordin.store.invitations import (
    LONGEST_TOKEN,
    State,
    data_are_locked,
    hash_token,
    states,
)
from bordin.store.record import NewFact, Transaction, canonical
from bordin.store.writer import write
from bordin.study.study import Study

SETTLED_READING = 3
PAPER_MISSING = 9.0
"""What people write on paper for "not answered", where 9 is no answer of the instrument."""

Answers = Mapping[str, float | Missing]


class Answered(NamedTuple):
    """A form that counts.

    Attributes
    ----------
    form, instrument : str
        Ids of ``[[forms]]`` and ``[[instruments]]``.
    participant : str
    session, occasion : str or None
    answers : mapping of str to float or Missing
        Item key to the raw answer.
    """

    form: str
    instrument: str
    participant: str
    session: str | None
    occasion: str | None
    answers: Answers


class Sent(StrEnum):
    """What came of sending a form."""

    KEPT = "kept"
    AGAIN = "again"
    CLOSED = "closed"


def check_answers(
    given: Mapping[str, str], instrument: Instrument, *, paper: bool = False
) -> tuple[dict[str, float | Missing], dict[str, Fault]]:
    """Read the answers of a form by the rules of its instrument.

    Parameters
    ----------
    given : mapping of str to str
        Item key to what was chosen or typed; an item that is absent was not answered.
    instrument : Instrument
    paper : bool
        A 9 means "not answered" where it is no answer.

    Returns
    -------
    answers : dict of str to float or Missing
    faults : dict of str to Fault
        Items whose answer is not allowed.
    """
    answers: dict[str, float | Missing] = {}
    faults: dict[str, Fault] = {}
    for key in instrument.keys:
        read = read_response(given.get(key, ""), instrument.answers)
        if read.value is not None:
            answers[key] = read.value
        elif read.missing in {Missing.NOT_ANSWERED, Missing.NOT_APPLICABLE}:
            answers[key] = read.missing
            if read.missing is Missing.NOT_APPLICABLE and not instrument.answers.not_applicable:
                faults[key] = Fault.NOT_A_NUMBER
        elif paper and read.fault is Fault.OUT_OF_RANGE and given[key].strip() == f"{PAPER_MISSING:g}":
            answers[key] = Missing.NOT_ANSWERED
        else:
            faults[key] = read.fault or Fault.NOT_A_NUMBER
    return answers, faults


def answers_text(answers: Answers) -> str:
    """Return answers as the store holds them."""
    return canonical(
        {key: value.value if isinstance(value, Missing) else value for key, value in answers.items()}
    )


def read_answers(text: str) -> dict[str, float | Missing]:
    """Return answers from the store's text."""
    return {k: Missing(v) if isinstance(v, str) else float(v) for k, v in json.loads(text).items()}


def send(token: str, informant: str, instrument: str, answers: Answers) -> Sent:
    """Keep the answers that came by a link; the link is dead from then on.

    Parameters
    ----------
    token : str
    informant : str
        Who answered, as the chain names the actor: nobody is logged in.
    instrument : str
        Id in the protocol.
    answers : mapping

    Returns
    -------
    Sent
        AGAIN when the same answers were sent before, such as by a second click.
    """
    if len(token) > LONGEST_TOKEN:
        return Sent.CLOSED
    text = answers_text(answers)

    def job(t: Transaction) -> Sent:
        found = states(t, "WHERE i.token_hash = %s", [hash_token(token)])
        if not found:
            return Sent.CLOSED
        invited, _ = found[0]
        if invited.state is State.ANSWERED:
            return Sent.AGAIN if _response_text(t, invited.id) == text else Sent.CLOSED
        if invited.state is not State.OPEN or data_are_locked(t):
            return Sent.CLOSED
        t.add(
            NewFact(
                "response",
                informant,
                session=invited.place.session,
                item=invited.id,
                detail={"form": invited.form, "instrument": instrument, "way": "link"},
                # The database itself refuses a second one of this name.
                change=f"response:{invited.id}",
                text=text,
                participant=invited.place.participant,
            )
        )
        return Sent.KEPT

    return write(job)


def _response_text(t: Transaction, id: str) -> str | None:
    rows = t.rows(
        'SELECT x.text FROM store_fact f JOIN store_erasable x ON x.fact = f.seq WHERE f."change" = %s',
        [f"response:{id}"],
    )
    return rows[0][0] if rows else None


# Withdrawn participants never count, erased or not.
_COUNTED = """
SELECT f.seq, f.hash, f.at, f.kind, f.reading, f.item, f.detail, i.form, i.participant_id, i.session_id, i.occasion, x.text
FROM store_fact f JOIN store_invitation i ON i.id = f.item JOIN store_erasable x ON x.fact = f.seq
WHERE f.kind IN ('response', 'paper') AND f.seq > %s
AND NOT EXISTS (SELECT 1 FROM store_fact w WHERE w.kind = 'withdrawal' AND w.item = i.participant_id)
ORDER BY f.seq
"""


def answers_of_study() -> Iterator[Answered]:
    """Give every form that counts, once: those that came by a link, and the settled ones from paper.

    Yields
    ------
    Answered
        ``(form, instrument, participant, session, occasion, answers)``, in the order in which they came; answers are
        raw (nothing turned round), item key to a number or the kind of missing.
    """
    last: dict[str, Answered] = {}
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED, [0])
        for _, _, _, kind, reading, item, detail, form, who, session, occasion, text in cursor.fetchall():
            if kind == "paper" and reading != SETTLED_READING:
                continue
            instrument = json.loads(detail)["instrument"]
            last[item] = Answered(form, instrument, who, session, occasion, read_answers(text))
    yield from last.values()


@dataclass(frozen=True)
class OpenAlert:
    """An answer that somebody has to look at.

    Attributes
    ----------
    invitation, form : str
    fact : int
        Of the answers; with the item it names the alert.
    item : str
    value : float
    message : str
    participant : str
    session, occasion : str or None
    at : str
        When the answers came.
    seen : str or None
        When it was seen.
    by, note : str
        By whom, and what they noted.
    """

    invitation: str
    form: str
    fact: int
    item: str
    value: float
    message: str
    participant: str
    session: str | None
    occasion: str | None
    at: str
    seen: str | None = None
    by: str = ""
    note: str = ""


@dataclass
class _Looked:
    """What was found in the answers up to a fact; kept, so that each is looked at once.

    Only counts and alerts are kept in memory, not the answers. The hash of that fact tells whether it is still the
    same record, and not a backup that was put in its place.
    """

    study: str
    upto: int = 0
    hash: str | None = None
    alerts: dict[str, list[OpenAlert]] = field(default_factory=dict)
    scorable: dict[str, tuple[str, str, bool]] = field(
        default_factory=dict
    )  # invitation -> form, participant
    settled: set[str] = field(default_factory=set)


_looked: list[_Looked] = []
_looking = Lock()


def _kept(study: Study, cursor: Any) -> _Looked:
    """Return what was found before, when it is of this study and record; else a new one."""
    if _looked and _looked[0].study == study.sha256:
        cursor.execute("SELECT hash FROM store_fact WHERE seq = %s", [_looked[0].upto])
        row = cursor.fetchone()
        if row is not None and row[0] == _looked[0].hash:
            return _looked[0]
    _looked[:] = [_Looked(study.sha256)]
    return _looked[0]


def _look(study: Study, cursor: Any) -> _Looked:
    kept = _kept(study, cursor)
    cursor.execute(_COUNTED, [kept.upto])
    rows = cursor.fetchall()
    rules = {f.id: _rules(study, f) for f in study.protocol.forms}
    to_score: dict[str, dict[str, tuple[str, str, Answers]]] = {}
    for seq, hash, at, kind, reading, item, detail, form, who, session, occasion, text in rows:
        kept.upto, kept.hash = seq, hash
        counts = kind == "response" or reading == SETTLED_READING
        if item in kept.settled and not counts:
            continue
        answers = read_answers(text)
        place = (who, session, occasion)
        found = _raised(rules.get(form, ()), answers, OpenAlert(item, form, seq, "", 0.0, "", *place, at))
        kept.alerts[item] = _merged(kept.alerts.get(item, []), found, settled=counts)
        if counts:
            kept.settled.add(item)
            to_score.setdefault(json.loads(detail)["instrument"], {})[item] = (form, who, answers)
    for instrument, forms in to_score.items():
        kept.scorable |= _score(study, instrument, forms)
    return kept


def _raised(rules: tuple[Alert, ...], answers: Answers, blank: OpenAlert) -> list[OpenAlert]:
    """Return the alerts of one form, at most one an item: that of the highest limit that was reached."""
    found: dict[str, OpenAlert] = {}
    for rule in sorted(rules, key=lambda r: r.at_least):
        value = answers.get(rule.item, Missing.NOT_ANSWERED)
        if not isinstance(value, Missing) and value >= rule.at_least:
            found[rule.item] = replace(blank, item=rule.item, value=value, message=rule.message)
    return list(found.values())


def _merged(old: list[OpenAlert], new: list[OpenAlert], *, settled: bool) -> list[OpenAlert]:
    """Join the alerts of a form's entries; the same answer seen again stays the alert that it was.

    What is settled replaces the entries; before that, an alert of either entry stands.
    """
    known = {(a.item, a.value): a for a in old}
    joined = [known.get((a.item, a.value), a) for a in new]
    return joined if settled else old + [a for a in joined if a not in old]


def _rules(study: Study, use: Any) -> tuple[Alert, ...]:
    """Return the alerts of a form: the instrument's and the protocol's, each item and limit once."""
    own = tuple(Alert(a.item, a.at_least, a.message) for a in use.alerts)
    told = {(a.item, a.at_least) for a in own}
    instrument = study.instruments.get(use.instrument)
    given = instrument.alerts if instrument is not None else ()
    return own + tuple(a for a in given if (a.item, a.at_least) not in told)


def _score(
    study: Study, instrument: str, forms: Mapping[str, tuple[str, str, Answers]]
) -> dict[str, tuple[str, str, bool]]:
    """Say of each form whether all scales of its instrument have a value."""
    scorable = dict.fromkeys(forms, False)
    rules = study.instruments.get(instrument)
    if rules is not None:
        names = list(forms)
        columns = {k: [forms[n][2].get(k, Missing.NOT_ANSWERED) for n in names] for k in rules.keys}
        try:
            scored = score_columns(rules, columns, variant=study.instrument_use(instrument).variant)
        except BordinError:
            names = []
        else:
            lacking = {s.row for s in scored.scores if s.value is None}
            scorable |= {name: row not in lacking for row, name in enumerate(names, start=1)}
    return {name: (form, who, scorable[name]) for name, (form, who, _) in forms.items()}


def _withdrawn(cursor: Any) -> set[str]:
    cursor.execute("SELECT item FROM store_fact WHERE kind = 'withdrawal'")
    return {row[0] for row in cursor.fetchall()}


def alerts(study: Study) -> list[OpenAlert]:
    """Return every alert, seen or not, the newest first."""
    with _looking, connection.cursor() as cursor:
        kept, gone = _look(study, cursor), _withdrawn(cursor)
        cursor.execute(
            "SELECT f.at, f.actor, f.detail, x.text FROM store_fact f LEFT JOIN store_erasable x ON x.fact = f.seq "
            "WHERE f.kind = 'alert seen' ORDER BY f.seq"
        )
        seen = {}
        for at, actor, detail, text in cursor.fetchall():
            about = json.loads(detail)
            seen[about["fact"], about["item"]] = (at, actor, text or "")
        found = []
        for one in (a for listed in kept.alerts.values() for a in listed if a.participant not in gone):
            told = seen.get((one.fact, one.item))
            found.append(one if told is None else replace(one, seen=told[0], by=told[1], note=told[2]))
    return sorted(found, key=lambda a: -a.fact)


def open_alerts(study: Study) -> list[OpenAlert]:
    """Return the alerts that nobody has seen, the newest first. For the lead alone, never for a coder's page."""
    return [a for a in alerts(study) if a.seen is None]


def see_alert(study: Study, actor: str, fact: int, item: str, note: str) -> bool:
    """Note that an alert was seen; return False when there is none of that name."""
    alert = next((a for a in alerts(study) if (a.fact, a.item) == (fact, item)), None)
    if alert is None:
        return False

    def job(t: Transaction) -> None:
        t.add(
            NewFact(
                "alert seen",
                actor,
                session=alert.session,
                item=alert.invitation,
                detail={"fact": fact, "item": item},
                text=note.strip() or None,
                participant=alert.participant,
            )
        )

    write(job)
    return True


def scorable(study: Study) -> dict[str, tuple[int, int]]:
    """Return for each form how many came in, and of how many every scale can be scored. No score is returned."""
    with _looking, connection.cursor() as cursor:
        kept, gone = _look(study, cursor), _withdrawn(cursor)
    found: dict[str, list[int]] = {}
    for form, who, good in kept.scorable.values():
        if who not in gone:
            count = found.setdefault(form, [0, 0])
            count[0] += 1
            count[1] += good
    return {form: (n, m) for form, (n, m) in found.items()}
