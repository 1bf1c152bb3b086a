"""How far the study is: the flow of participants, coding, forms, and who is still blind to what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import fmean

from django.db import connection

from bordin.store.blind import minutes_a_tape
from bordin.store.flat_parts import parts_of, stored_files
from bordin.store.invitations import HAS_ANSWERS, State, all_states, stored_time
from bordin.store.invitations import counts as invitation_counts
from bordin.store.standing import PRACTICE, Given, Standing, rows
from bordin.study.people_files import as_text
from bordin.study.study import Study

HIDDEN = ("arm", "outcome")
ENDS_SOON = timedelta(days=3)


@dataclass(frozen=True)
class Step:
    """A box of the flow of participants.

    Attributes
    ----------
    kind : str
        recruited, sample, form, tape or coded.
    n : int
        Participants left here.
    rest : int
        How many of the box before are not.
    """

    kind: str
    n: int
    rest: int


@dataclass(frozen=True)
class CoderProgress:
    """How far a coder is.

    Attributes
    ----------
    coder : str
    active : bool
        Whether the account is open.
    locked, of : int
        Tapes; practice does not count.
    practiced, practice : int
        Practice tapes locked, and all.
    heard : float or None
        Mean share of the tape that was played, over locked ones.
    minutes : float or None
        Median time from first touch to lock of the latest tapes.
    """

    coder: str
    active: bool
    locked: int
    of: int
    practiced: int
    practice: int
    heard: float | None
    minutes: float | None


@dataclass(frozen=True)
class Unblinding:
    """That somebody saw what was hidden: what, who, when and why."""

    item: str
    actor: str
    at: str
    reason: str


@dataclass(frozen=True)
class Forms:
    """Forms by what became of them.

    Attributes
    ----------
    waiting, ends_soon, ended : int
        Links without an answer: open, of these ending within three days, and ended.
    answered : int
    on_paper, to_compare : int
        Forms on paper that are to be typed in, once more, or compared.
    """

    waiting: int
    ends_soon: int
    ended: int
    answered: int
    on_paper: int
    to_compare: int


@dataclass(frozen=True)
class Counts:
    """What can be counted without any statistic.

    Attributes
    ----------
    seq : int
        Last fact that was read.
    locked : int
        Locked ratings of tapes, practice aside, those read in included.
    flow : tuple of Step
    coders : tuple of CoderProgress
    purposes : mapping
        rate, double, calibration, repeat -> tapes locked and all.
    forms : Forms
    sessions_to_go : int
        Sessions with an assignment that nobody has locked.
    """

    seq: int
    locked: int
    flow: tuple[Step, ...]
    coders: tuple[CoderProgress, ...]
    purposes: Mapping[str, tuple[int, int]]
    forms: Forms
    sessions_to_go: int


def count(study: Study, standing: Standing) -> Counts:
    """Count how far the study is.

    Parameters
    ----------
    study : Study
    standing : Standing
        With its states read.

    Returns
    -------
    Counts
    """
    own = [g for g in standing.given if g.assignment and not g.withdrawn]
    counted = [g for c in standing.dimensions for g in standing.counted(c)]
    begun = {g.session for g in counted}
    purposes: dict[str, tuple[int, int]] = {}
    for g in own:
        locked, of = purposes.get(g.purpose, (0, 0))
        purposes[g.purpose] = locked + g.locked, of + 1
    return Counts(
        seq=standing.seq,
        locked=len(counted),
        flow=_flow(study, {standing.participant_of.get(s, "") for s in begun}),
        coders=_coders(own),
        purposes=purposes,
        forms=_forms(),
        sessions_to_go=len({g.session for g in own if g.purpose != PRACTICE} - begun),
    )


def unblindings() -> list[Unblinding]:
    """Return what was unblinded, in order."""
    found = rows("SELECT item, actor, at, reason FROM store_fact WHERE kind = 'unblinding' ORDER BY seq")
    return [Unblinding(item, actor, at, reason or "") for item, actor, at, reason in found]


def _flow(study: Study, coded: set[str]) -> tuple[Step, ...]:
    """Follow the participants from recruitment to a coded tape."""
    people = dict(rows("SELECT id, arm FROM store_participant"))
    left = set(people)
    steps = [Step("recruited", len(left), 0)]

    def keep(kind: str, those: set[str]) -> None:
        nonlocal left
        before, left = len(left), left & those
        steps.append(Step(kind, len(left), before - len(left)))

    sample = study.protocol.sample
    if sample.arm is not None or sample.where:
        keep("sample", in_sample(study, people))
    if study.instruments:
        keep("form", _with_form())
    keep("tape", _with_tape())
    keep("coded", coded)
    return tuple(steps)


def in_sample(study: Study, people: Mapping[str, str | None]) -> set[str]:
    """Return who is in the sample that the protocol names.

    Parameters
    ----------
    study : Study
    people : mapping of str to str or None
        Participant to arm.

    Returns
    -------
    set of str
    """
    sample = study.protocol.sample
    inside = {p for p, arm in people.items() if sample.arm is None or arm == sample.arm}
    for column, wanted in sample.where.items():
        held = imported_column(study, "participants", column)
        inside = {p for p in inside if held.get(p) == as_text(wanted)}
    return inside


def imported_column(study: Study, part: str, column: str) -> dict[str, str]:
    """Return a column of the participants or sessions file as it was read in: participant or session to its cell.

    Parameters
    ----------
    study : Study
    part : str
        participants or sessions.
    column : str
        Our name of it.

    Returns
    -------
    dict of str to str
        Empty when there is no such column.
    """
    declared, stored = parts_of(study.protocol.data).get(part), stored_files().get(part)
    if declared is None or stored is None:
        return {}
    names = stored.heading.names
    place, key = (declared.columns.get(name, name) for name in (column, part.removesuffix("s")))
    if place not in names or key not in names:
        return {}
    at, own = names.index(place), names.index(key)
    return {
        as_text(cells[own]): as_text(cells[at])
        for _, _, cells in stored.rows()
        if cells[own] is not None and cells[at] is not None and not isinstance(cells[at], dict)
    }


def _with_form() -> set[str]:
    answered = rows(
        "SELECT DISTINCT i.participant_id FROM store_fact f JOIN store_invitation i ON i.id = f.item "
        "WHERE f.kind IN ('response', 'paper')"
    )
    read_in = rows(
        "SELECT DISTINCT r.participant FROM store_importedrow r JOIN store_importedfile f ON f.id = r.file_id "
        "WHERE f.part LIKE 'responses%%' AND r.participant IS NOT NULL",
        [],
    )
    return {p for (p,) in answered} | {p for (p,) in read_in}


def _with_tape() -> set[str]:
    no = "0" if connection.vendor == "sqlite" else "FALSE"
    found = rows(
        f"SELECT DISTINCT participant_id FROM store_session WHERE (tape <> '' OR has_tape IS NOT NULL) "
        f"AND (has_tape IS NULL OR has_tape <> {no})"
    )
    return {p for (p,) in found}


def _coders(own: Sequence[Given]) -> tuple[CoderProgress, ...]:
    by_coder: dict[str, list[Given]] = {}
    for g in own:
        by_coder.setdefault(g.coder, []).append(g)
    accounts = rows("SELECT id, name, is_active, role FROM store_account ORDER BY name")
    made = []
    for account, name, active, role in accounts:
        mine = by_coder.get(name, [])
        if role != "coder" and not mine:
            continue
        tapes = [g for g in mine if g.purpose != PRACTICE]
        heard = [g.heard for g in tapes if g.locked and g.heard is not None]
        practice = [g for g in mine if g.purpose == PRACTICE]
        made.append(
            CoderProgress(
                coder=name,
                active=bool(active),
                locked=sum(g.locked for g in tapes),
                of=len(tapes),
                practiced=sum(g.locked for g in practice),
                practice=len(practice),
                heard=fmean(heard) if heard else None,
                minutes=minutes_a_tape(account) if any(g.locked for g in mine) else None,
            )
        )
    return tuple(made)


def _forms() -> Forms:
    """Count the links by what became of them."""
    by_state: dict[State, int] = {}
    for counted in invitation_counts().values():
        for state, n in counted.items():
            by_state[state] = by_state.get(state, 0) + n
    waiting = by_state.get(State.OPEN, 0)
    soon = stored_time(datetime.now(UTC) + ENDS_SOON)
    soonest = rows(
        "SELECT i.id FROM store_invitation i WHERE i.expires <= %s AND i.expires > %s",
        [soon, stored_time(datetime.now(UTC))],
    )
    ending = {id for (id,) in soonest}
    ends_soon = sum(state is State.OPEN and id in ending for id, _, state in all_states())
    return Forms(
        waiting=waiting,
        ends_soon=ends_soon,
        ended=by_state.get(State.EXPIRED, 0),
        answered=sum(by_state.get(s, 0) for s in HAS_ANSWERS),
        on_paper=by_state.get(State.ON_PAPER, 0) + by_state.get(State.TYPED_ONCE, 0),
        to_compare=by_state.get(State.TO_COMPARE, 0),
    )
