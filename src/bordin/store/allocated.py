"""From the protocol's plan to assignments in the record, and back: drawing, issuing, extending, reproducing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

from bordin import __version__
from bordin.coding.allocation.allocating import allocate, extend
from bordin.coding.allocation.assignment import Allocation, Assignment, Plan, Purpose, SessionToCode, level_of
from bordin.errors import BordinError, Problem
from bordin.store.allocations import Issue, issue
from bordin.store.people import withdrawn
from bordin.store.progress import imported_column, in_sample
from bordin.store.record import Transaction, canonical
from bordin.store.standing import rows
from bordin.store.writer import write
from bordin.study.study import Study

# The table's word for a usual reading.
_TO_TABLE = {"rating": "rate"}
_FROM_TABLE = {"rate": "rating"}
_MEANWHILE = Problem(
    "an allocation was issued meanwhile, so nothing was issued now.", hint="Look at the page again."
)


@dataclass(frozen=True)
class IssuedPart:
    """One allocation in the record.

    Attributes
    ----------
    seq : int
    at, actor : str
    detail : mapping
        Seed, plan, coders and the like; of an allocation that was made elsewhere, less.
    count : int
        Assignments issued with it.
    """

    seq: int
    at: str
    actor: str
    detail: Mapping[str, Any]
    count: int

    @property
    def has_plan(self) -> bool:
        """Whether it holds what it takes to draw it again."""
        return "plan" in self.detail and "seed" in self.detail


@dataclass(frozen=True)
class Reproduced:
    """What drawing an allocation again showed.

    Attributes
    ----------
    equal : bool
    same : int
        Assignments that came out the same.
    of : int
        Assignments that were issued.
    reason : str
        Why it is not equal, with the next step.
    """

    equal: bool
    same: int
    of: int
    reason: str = ""


def active_coders() -> list[str]:
    """Return the neutral names of those who may code."""
    found = rows("SELECT name, is_active FROM store_account WHERE role = 'coder' ORDER BY name")
    return [name for name, active in found if active]


def sessions_to_code(
    study: Study, only: Iterable[str] | None = None, *, factors: bool = True
) -> list[SessionToCode]:
    """Return the sessions that can be coded: with a tape, of participants in the sample who did not withdraw.

    Parameters
    ----------
    study : Study
    only : iterable of str, optional
        These sessions and no others, whatever they are.
    factors : bool
        Whether the factors are needed.

    Returns
    -------
    list of SessionToCode
        With the factors that the plan balances. Sessions for practice and calibration are among them, in the
        sample or not.
    """
    plan = study.allocation_plan()
    named = {*plan.calibration, *plan.practice} if plan is not None else set()
    people = dict(rows("SELECT id, arm FROM store_participant"))
    inside = in_sample(study, people) - set(withdrawn())
    wanted = None if only is None else set(only)
    found = []
    for id, participant, has_tape, tape in rows(
        "SELECT id, participant_id, has_tape, tape FROM store_session ORDER BY id"
    ):
        usable = bool(has_tape) or (bool(tape) and has_tape is None)
        fits = usable and (participant in inside or id in named)
        if fits if wanted is None else id in wanted:
            found.append(SessionToCode(id, participant))
    levels = {f: _levels(study, f) for f in (plan.balance if plan is not None and factors else ())}
    return [
        replace(s, factors={f: by_session[s.id] for f, by_session in levels.items() if s.id in by_session})
        for s in found
    ]


def _levels(study: Study, column: str) -> dict[str, str]:
    """Return each session's level of a factor, from the tables or the files that were read in."""
    declared = study.protocol.allocation
    cuts = declared.bands.get(column, ()) if declared is not None else ()
    return {session: level_of(value, cuts) for session, value in values_of(study, column).items()}


def values_of(study: Study, column: str) -> dict[str, Any]:
    """Return a column of the sessions or the participants file for each session; empty when there is none."""
    if column in ("arm", "therapist"):
        return dict(
            rows(
                f"SELECT s.id, p.{column} FROM store_session s JOIN store_participant p ON p.id = s.participant_id"
            )
        )
    if column in ("number", "minutes"):
        return dict(rows(f"SELECT id, {column} FROM store_session"))
    whose = dict(rows("SELECT id, participant_id FROM store_session"))
    by_session = imported_column(study, "sessions", column)
    if by_session:
        return {s: by_session.get(s) for s in whose}
    by_person = imported_column(study, "participants", column)
    return {s: by_person.get(p) for s, p in whose.items()} if by_person else {}


def hash_inputs(sessions: Sequence[SessionToCode]) -> str:
    """Return a hash of what an allocation was drawn from, so that a change of it shows."""
    listed = sorted([s.id, s.participant, dict(s.factors)] for s in sessions)
    return hashlib.sha256(canonical(listed).encode()).hexdigest()


def issued(coding: str) -> list[IssuedPart]:
    """Return the allocations of a coding system, in the order in which they were issued."""
    counted = dict(
        rows("SELECT fact, count(*) FROM store_assignment WHERE coding = %s GROUP BY fact", [coding])
    )
    found = []
    for seq, at, actor, detail in rows(
        "SELECT seq, at, actor, detail FROM store_fact WHERE kind = 'allocation' ORDER BY seq"
    ):
        told = json.loads(detail) if detail else {}
        if seq in counted or told.get("coding") == coding:
            found.append(IssuedPart(seq, at, actor, told, counted.get(seq, 0)))
    return found


def assignments(coding: str, first: int, last: int) -> list[Assignment]:
    """Return the assignments of a coding system that were issued by facts from one number to another."""
    return [
        Assignment(
            id=id,
            coder=coder,
            session=session,
            name=name,
            position=position,
            reading=reading,
            purpose=cast(Purpose, _FROM_TABLE.get(purpose, purpose)),
        )
        for id, coder, session, name, position, reading, purpose in rows(
            "SELECT a.id, c.name, a.session_id, a.name, a.position, a.reading, a.purpose FROM store_assignment a "
            "JOIN store_account c ON c.id = a.coder_id WHERE a.coding = %s AND a.fact >= %s AND a.fact <= %s "
            "ORDER BY c.name, a.position",
            [coding, first, last],
        )
    ]


def standing(study: Study, coding: str, parts: Sequence[IssuedPart]) -> Allocation:
    """Return the allocation as the record holds it.

    Parameters
    ----------
    study : Study
    coding : str
    parts : sequence of IssuedPart
        All so far; the first one's plan and seed hold.

    Returns
    -------
    Allocation

    Raises
    ------
    BordinError
        When it was made elsewhere, so that nobody knows by which plan.
    """
    if not parts or not all(p.has_plan for p in parts):
        raise BordinError(
            Problem(
                "assignments were issued without a plan, so the allocation cannot be continued or drawn again.",
                hint="Keep what was issued, or begin a new record.",
            )
        )
    held = assignments(coding, 0, parts[-1].seq)
    sessions = sessions_to_code(study, {a.session for a in held})
    return Allocation(
        sessions=tuple(sorted(sessions, key=lambda s: s.id)),
        coders=tuple(sorted(parts[-1].detail["coders"])),
        plan=plan_from(parts[0].detail["plan"]),
        seed=int(parts[0].detail["seed"]),
        assignments=tuple(held),
        withdrawn=tuple(sorted({id for p in parts for id in p.detail.get("withdrawn", ())})),
        part=len(parts) - 1,
    )


def plan_from(kept: Mapping[str, Any]) -> Plan:
    """Return a plan as a fact keeps it."""
    lists = ("balance", "calibration", "practice")
    given: dict[str, Any] = {k: tuple(v) if k in lists else v for k, v in kept.items()}
    return Plan(**given)


def usual_seed(study: Study) -> int:
    """Return the seed to draw with: the protocol's, or one that only this record can tell.

    It comes from the random number with which the record began, so that it stays the same until an allocation is
    issued, and stands in no file that a coder might read.
    """
    declared = study.allocation_seed()
    if declared is not None:
        return declared
    [(begun,)] = rows("SELECT detail FROM store_fact WHERE seq = 1")
    return int(hashlib.sha256(f"allocation {json.loads(begun)['nonce']}".encode()).hexdigest()[:7], 16)


def draw(study: Study, coding: str, seed: int) -> Allocation:
    """Draw the first allocation, or the next part of the one that was issued; nothing is kept.

    Parameters
    ----------
    study : Study
    coding : str
    seed : int
        Of a first allocation; a later part keeps the first one's.

    Returns
    -------
    Allocation

    Raises
    ------
    BordinError
        When there is no plan, or it cannot be carried out.
    """
    plan = study.allocation_plan()
    if plan is None:
        raise BordinError(Problem("the protocol has no table [allocation].", file="study.toml"))
    parts = issued(coding)
    if not parts:
        return allocate(sessions_to_code(study), active_coders(), plan, seed)
    held = standing(study, coding, parts)
    new, left, joined = changes(study, held)
    if not new and not left and not joined:
        raise BordinError(
            Problem(
                "everything is allocated: no session, and no coder, is new or gone.",
                hint="Import further sessions, or change the accounts.",
            )
        )
    return extend(held, new, left=left, joined=joined, done=_done(held, left))


def changes(study: Study, held: Allocation) -> tuple[list[SessionToCode], list[str], list[str]]:
    """Return which sessions are new since an allocation, and which coders left and joined."""
    known = {s.id for s in held.sessions}
    coders = set(active_coders())
    new = [s for s in sessions_to_code(study) if s.id not in known]
    ever = {*held.coders, *(a.coder for a in held.assignments)}
    return new, sorted(set(held.coders) - coders), sorted(coders - ever)


def pending(study: Study, coding: str, parts: Sequence[IssuedPart]) -> tuple[int, list[str], list[str]]:
    """Return how many sessions are new since the last allocation, and which coders left and joined; quickly."""
    if not parts or not parts[-1].has_plan:
        return 0, [], []
    known = {
        s for (s,) in rows("SELECT DISTINCT session_id FROM store_assignment WHERE coding = %s", [coding])
    }
    ever = {
        name
        for (name,) in rows(
            "SELECT name FROM store_account WHERE id IN (SELECT coder_id FROM store_assignment WHERE coding = %s)",
            [coding],
        )
    }
    last, now = set(parts[-1].detail["coders"]), set(active_coders())
    new = sum(s.id not in known for s in sessions_to_code(study, factors=False))
    return new, sorted(last - now), sorted(now - last - ever)


def _done(held: Allocation, left: Sequence[str]) -> list[str]:
    """Return what coders who left have locked."""
    if not left:
        return []
    theirs = {a.id for a in held.standing() if a.coder in left}
    last: dict[str, str] = dict(
        rows("SELECT assignment, kind FROM store_fact WHERE kind IN ('lock', 'reopen') ORDER BY seq")
    )
    return sorted(id for id in theirs if last.get(id) == "lock")


def issue_allocation(study: Study, coding: str, drawn: Allocation, actor: str, drawings: int) -> int:
    """Issue what was drawn, in one transaction.

    Parameters
    ----------
    study : Study
    coding : str
    drawn : Allocation
        From :func:`draw`.
    actor : str
    drawings : int
        How many drawings were looked at before this one was chosen.

    Returns
    -------
    int
        Number of the fact.

    Raises
    ------
    BordinError
        When something was issued meanwhile.
    """
    parts = issued(coding)
    old = {a.id for a in assignments(coding, 0, parts[-1].seq)} if parts else set()
    if drawn.part != len(parts) or not old <= {a.id for a in drawn.assignments}:
        raise BordinError(_MEANWHILE)
    number = dict(rows("SELECT name, id FROM store_account"))
    new = [a for a in drawn.assignments if a.id not in old]
    rows_ = [
        Issue(
            id=a.id,
            coder=number[a.coder],
            session=a.session,
            coding=coding,
            name=a.name,
            position=a.position,
            reading=a.reading,
            purpose=_TO_TABLE.get(a.purpose, a.purpose),
        )
        for a in new
    ]
    detail = _detail(study, coding, drawn, parts, drawings)

    def job(t: Transaction) -> int:
        last = t.rows(
            "SELECT coalesce(max(fact), 0), count(*) FROM store_assignment WHERE coding = %s", [coding]
        )
        if last[0][1] != len(old):
            raise BordinError(_MEANWHILE)
        # Ids are drawn from the seed: another coding system of the study would have the same ones.
        taken = t.rows("SELECT id FROM store_assignment WHERE coding <> %s", [coding])
        if {id for (id,) in taken} & {i.id for i in rows_}:
            raise BordinError(
                Problem("another coding system was allocated with this seed.", hint="Draw with another seed.")
            )
        return issue(t, actor, rows_, detail)

    return write(job)


def _detail(
    study: Study, coding: str, drawn: Allocation, parts: Sequence[IssuedPart], drawings: int
) -> dict[str, Any]:
    """Return what a later reader needs to draw the allocation again."""
    before = standing(study, coding, parts) if parts else None
    detail: dict[str, Any] = {
        "seed": drawn.seed,
        "coding": coding,
        "part": drawn.part,
        "plan": asdict(drawn.plan),
        "coders": list(drawn.coders),
        "protocol": study.sha256,
        "inputs": hash_inputs(drawn.sessions),
        "sessions": len(drawn.sessions),
        "drawings": drawings,
        "bordin": __version__,
    }
    if before is not None:
        left = sorted(set(before.coders) - set(drawn.coders))
        detail["left"] = left
        detail["joined"] = sorted(set(drawn.coders) - set(before.coders))
        detail["done"] = _done(before, left)
        detail["withdrawn"] = sorted(set(drawn.withdrawn) - set(before.withdrawn))
    return detail


def reproduce(study: Study, coding: str) -> Reproduced:
    """Draw again, from its seed and plan, all that was issued, and compare.

    Parameters
    ----------
    study : Study
    coding : str

    Returns
    -------
    Reproduced
    """
    parts = issued(coding)
    of = sum(p.count for p in parts)
    if not parts:
        return Reproduced(False, 0, 0, "nothing was issued yet.")
    same = 0
    try:
        for k, part in enumerate(parts):
            own = set(assignments(coding, part.seq, part.seq))
            inputs_differ = _inputs_differ(study, coding, parts[: k + 1])
            again = _again(study, coding, parts[: k + 1])
            found = len(own & set(again.assignments))
            same += found
            if found < len(own) or len(again.assignments) != _held(coding, part.seq):
                why = (
                    "the sessions, or the factors that were balanced, are not those it was drawn from"
                    if inputs_differ
                    else "the record holds other assignments than the seed gives"
                )
                return Reproduced(False, same, of, f"{why} (allocation {k + 1} of {len(parts)}).")
    except BordinError as error:
        return Reproduced(False, same, of, error.problems[0].message)
    return Reproduced(True, same, of)


def _held(coding: str, seq: int) -> int:
    found = next(
        rows("SELECT count(*) FROM store_assignment WHERE coding = %s AND fact <= %s", [coding, seq])
    )
    return int(found[0])


def _inputs_differ(study: Study, coding: str, parts: Sequence[IssuedPart]) -> bool:
    return hash_inputs(standing(study, coding, parts).sessions) != parts[-1].detail.get("inputs")


def _again(study: Study, coding: str, parts: Sequence[IssuedPart]) -> Allocation:
    """Draw the last of some parts again, the earlier ones as the record holds them."""
    whole = standing(study, coding, parts)
    if len(parts) == 1:
        return allocate(whole.sessions, whole.coders, whole.plan, whole.seed)
    before = standing(study, coding, parts[:-1])
    known = {s.id for s in before.sessions}
    told = parts[-1].detail
    return extend(
        before,
        [s for s in whole.sessions if s.id not in known],
        left=told.get("left", ()),
        joined=told.get("joined", ()),
        done=told.get("done", ()),
    )
