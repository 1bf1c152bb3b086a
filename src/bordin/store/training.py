"""Practice tapes against the standard, certificates, and who may rate the tapes of the study.

The standard's ratings are read in like any earlier ratings, under the name that the protocol gives in
``[[coding]] standard``. They reach a coder only with a practice tape that this coder has locked.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import connection

from bordin.coding.dimension import find_absence
from bordin.coding.system import CodingSystem
from bordin.coding.training import (
    Certification,
    PracticeTape,
    TrainingRule,
    certify,
    compare_with_standard,
)
from bordin.errors import DataError, Problem
from bordin.estimate import Estimate
from bordin.missing import Missing
from bordin.reliability.criterion import train_to_criterion
from bordin.store.record import NewFact, Transaction
from bordin.store.tables import Account
from bordin.store.writer import write
from bordin.study.study import Study

PRACTICE, CALIBRATION = "practice", "calibration"
_LAST_CERTIFICATE = (
    "SELECT seq, value, at FROM store_fact WHERE kind = 'certificate' AND coder = %s AND item = %s "
    "ORDER BY seq DESC LIMIT 1"
)


@dataclass(frozen=True)
class Practiced:
    """A practice or calibration tape of a coder.

    Attributes
    ----------
    assignment, name, coder, session : str
    position : int
    lock : int
        Number of the fact that locked it; 0 while it is open.
    compared : PracticeTape or None
        None while it is open, or when the standard has not rated it.
    """

    assignment: str
    name: str
    coder: str
    session: str
    position: int
    lock: int
    compared: PracticeTape | None


@dataclass(frozen=True)
class Certificate:
    """Where a coder stands.

    Attributes
    ----------
    coder, coding : str
    certified : bool
        What the record says.
    on : str
        Day of the last certificate or withdrawal; empty without one.
    found : Certification
        What the practice tapes say, those before a withdrawal left out.
    practice, calibration : tuple of Practiced
    """

    coder: str
    coding: str
    certified: bool
    on: str
    found: Certification
    practice: tuple[Practiced, ...]
    calibration: tuple[Practiced, ...]

    @property
    def locked(self) -> int:
        """How many practice tapes are locked."""
        return sum(p.lock > 0 for p in self.practice)


def _rows(sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def _holders(things: Sequence[Any]) -> str:
    return ", ".join(["%s"] * len(things))


def rule_of(study: Study, coding: str) -> TrainingRule | None:
    """Return the rule by which coders are certified; None when the protocol asks for no training."""
    if not study.protocol.training.practice or study.coding_use(coding).standard is None:
        return None
    return study.training_rule(coding)


# Comparing ------------------------------------------------------------------------------------------------------


def practiced(study: Study, coding: str, purpose: str, account: int | None = None) -> list[Practiced]:
    """Return the practice or calibration tapes of one coder, or of all, in the order in which they come.

    Parameters
    ----------
    study : Study
    coding : str
    purpose : str
        practice or calibration.
    account : int, optional

    Returns
    -------
    list of Practiced
        What the standard says is in it only where the coder has locked.
    """
    system, use = study.systems[coding], study.coding_use(coding)
    whose = "" if account is None else "AND a.coder_id = %s "
    assigned = _rows(
        "SELECT a.id, a.name, c.name, a.session_id, a.position FROM store_assignment a "
        "JOIN store_account c ON c.id = a.coder_id WHERE a.coding = %s AND a.purpose = %s AND a.reading = 1 "
        f"{whose}ORDER BY c.name, a.position",
        [coding, purpose, *([] if account is None else [account])],
    )
    locks = _locks([row[0] for row in assigned])
    ratings = _ratings([id for id, lock in locks.items() if lock], system)
    standard = _standard(sorted({row[3] for row in assigned if locks[row[0]]}), coding, use.standard, system)
    rule = rule_of(study, coding) or TrainingRule()
    found = []
    for id, name, coder, session, position in assigned:
        compared = None
        if locks[id] and any(v is not Missing.NOT_ANSWERED for v in standard.get(session, {}).values()):
            compared = compare_with_standard(
                session, coder, ratings.get(id, {}), standard[session], system.dimensions, rule
            )
        found.append(Practiced(id, name, coder, session, position, locks[id], compared))
    return found


def _locks(assignments: Sequence[str]) -> dict[str, int]:
    locks = dict.fromkeys(assignments, 0)
    if assignments:
        for seq, id, kind in sorted(
            _rows(
                f"SELECT seq, assignment, kind FROM store_fact WHERE assignment IN ({_holders(assignments)}) "
                "AND kind IN ('lock', 'reopen')",
                assignments,
            )
        ):
            locks[id] = seq if kind == "lock" else 0
    return locks


def _ratings(assignments: Sequence[str], system: CodingSystem) -> dict[str, dict[str, float | Missing]]:
    if not assignments:
        return {}
    return _by_dimension(
        _rows(
            "SELECT seq, assignment, item, value, reason FROM store_fact WHERE "
            f"assignment IN ({_holders(assignments)}) AND kind = 'rating'",
            assignments,
        ),
        system,
    )


def _standard(
    sessions: Sequence[str], coding: str, name: str | None, system: CodingSystem
) -> dict[str, dict[str, float | Missing]]:
    if not sessions or name is None:
        return {}
    rows = _rows(
        "SELECT seq, session, item, value, reason FROM store_fact WHERE "
        f"session IN ({_holders(sessions)}) AND kind = 'import rating' AND coder = %s",
        [*sessions, name],
    )
    return _by_dimension([r for r in rows if (r[2] or "").partition(".")[0] == coding], system)


def _by_dimension(
    rows: Sequence[tuple[Any, ...]], system: CodingSystem
) -> dict[str, dict[str, float | Missing]]:
    """Return the last value of each, a declared reason as the kind of missing that it stands for."""
    found: dict[str, dict[str, float | Missing]] = {}
    # Sorted here: asked for in order, SQLite would rather read all facts of the kind.
    for _, of, item, value, reason in sorted(rows, key=lambda row: int(row[0])):
        values, dimension = found.setdefault(of, {}), item.partition(".")[2]
        values.pop(dimension, None)
        if value is not None:
            values[dimension] = value
        elif reason is not None:
            absence = find_absence(system.absences, reason)
            values[dimension] = absence.kind if absence is not None else Missing.NOT_CODABLE
    return found


def agreement(tapes: Sequence[Practiced], system: CodingSystem, limit: float | None) -> dict[str, Estimate]:
    """Return each dimension's ICC(A,1) with the standard over some tapes, by the dimension's name; none without a limit."""
    compared = [t.compared for t in tapes if t.compared is not None]
    if limit is None or not compared:
        return {}
    pairs: dict[str, list[tuple[float | None, float | None]]] = {d.name: [] for d in system.dimensions}
    for tape in compared:
        for feedback in tape.feedback:
            pairs[feedback.name].append((_number(feedback.value), _number(feedback.reference)))
    return {name: _with_standard(tuple(given), limit) for name, given in pairs.items() if given}


def _number(value: float | Missing) -> float | None:
    return None if isinstance(value, Missing) else value


# A page on all coders asks for hundreds of them, and locked ratings stay what they are.
@lru_cache(maxsize=4096)
def _with_standard(given: tuple[tuple[float | None, float | None], ...], limit: float) -> Estimate:
    own, standard = ([math.nan if v is None else v for v in side] for side in zip(*given, strict=True))
    return train_to_criterion(own, standard, limit).reliability.estimate


def judge(coder: str, tapes: Sequence[Practiced], system: CodingSystem, rule: TrainingRule) -> Certification:
    """Say by the protocol's rule where a coder stands on some tapes, in the order in which they were locked.

    The same for practice before the first tape and for calibration tapes later on.
    """
    counted = sorted((t for t in tapes if t.compared is not None), key=lambda t: t.lock)
    return certify(
        coder,
        [t.compared for t in counted if t.compared is not None],
        rule,
        agreement(counted, system, rule.limit),
    )


# For the coder --------------------------------------------------------------------------------------------------


def feedback(study: Study, account: int, assignment: str) -> Practiced | None:
    """Return a practice tape beside the standard, to the coder who has locked it; None to everybody else."""
    rows = _rows(
        "SELECT coding FROM store_assignment WHERE id = %s AND coder_id = %s AND purpose = %s",
        [assignment, account, PRACTICE],
    )
    if not rows:
        return None
    tapes = practiced(study, rows[0][0], PRACTICE, account)
    return next((t for t in tapes if t.assignment == assignment and t.lock), None)


def certificate(study: Study, account: Account, coding: str) -> Certificate | None:
    """Return where a coder stands; None when the protocol asks for no training in this coding system."""
    rule = rule_of(study, coding)
    if rule is None:
        return None
    practice = practiced(study, coding, PRACTICE, account.id)
    # Which tapes are for calibration a coder is not to know, so this way does not even read them.
    last = _rows(_LAST_CERTIFICATE, [account.name, coding])
    return _certificate(study, account.name, coding, rule, practice, (), last[0] if last else None)


def _certificate(
    study: Study,
    coder: str,
    coding: str,
    rule: TrainingRule,
    practice: Sequence[Practiced],
    calibration: Sequence[Practiced],
    last: tuple[Any, ...] | None,
) -> Certificate:
    seq, value, at = last or (0, 0.0, "")
    since = seq if last is not None and not value else 0
    found = judge(coder, [t for t in practice if t.lock > since], study.systems[coding], rule)
    return Certificate(coder, coding, bool(value), at[:10], found, tuple(practice), tuple(calibration))


def may_rate(study: Study, account: Account, coding: str) -> tuple[bool, str]:
    """Say whether a coder may rate the tapes of the study, and if not, in one sentence why and what comes next.

    Parameters
    ----------
    study : Study
    account : Account
    coding : str

    Returns
    -------
    tuple of bool and str
    """
    if rule_of(study, coding) is None:
        return True, ""
    last = _rows(_LAST_CERTIFICATE, [account.name, coding])
    if last and last[0][1]:
        return True, ""
    state = certificate(study, account, coding)
    if state is None:
        return True, ""
    opened = sum(not p.lock for p in state.practice)
    if opened:
        more = "1 practice tape is" if opened == 1 else f"{opened} practice tapes are"
        return False, f"The tapes of the study open when you are certified. {more} waiting for you."
    return (
        False,
        f"The tapes of the study open when you are certified. {state.found.reason} Ask the lead for more practice.",
    )


# Certificates ---------------------------------------------------------------------------------------------------


def certify_if_reached(study: Study, account: Account, coding: str) -> bool:
    """Write a certificate when a coder has reached the criterion and has none; call it after a practice tape is locked.

    Returns
    -------
    bool
        Whether one was written now.
    """
    state = certificate(study, account, coding)
    rule = rule_of(study, coding)
    if state is None or rule is None or state.certified or not state.found.certified:
        return False
    last = max(p.lock for p in state.practice)
    detail = {
        "rule": rule.sentence(),
        "reason": state.found.reason,
        "tapes": [
            {
                "assignment": p.assignment,
                "exact": p.compared.exact,
                "close": p.compared.close,
                "of": p.compared.of,
            }
            for p in state.practice
            if p.compared is not None
        ],
        "icc": {
            name: _figures(estimate)
            for name, estimate in agreement(state.practice, study.systems[coding], rule.limit).items()
        },
    }

    def job(t: Transaction) -> bool:
        there = t.rows(_LAST_CERTIFICATE, [state.coder, coding])
        # Judged before it was withdrawn, or written by another request: not again.
        if there and (there[0][1] or there[0][0] > last):
            return False
        t.add(NewFact("certificate", "bordin", coder=state.coder, item=coding, value=1.0, detail=detail))
        return True

    return write(job)


def _figures(estimate: Estimate) -> dict[str, Any]:
    limits = estimate.interval
    return {
        "value": estimate.value,
        "low": limits.low if limits is not None else None,
        "high": limits.high if limits is not None else None,
        "n": estimate.n,
    }


def withdraw_certificate(lead: str, coder: str, coding: str, reason: str) -> None:
    """Take a coder's certificate back: the tapes of the study close until new practice tapes reach the criterion.

    Raises
    ------
    DataError
        Without a reason, or when there is no certificate.
    """
    if not reason.strip():
        raise DataError(
            Problem("a certificate is withdrawn with a reason.", hint="Write the reason, then send again.")
        )

    def job(t: Transaction) -> None:
        there = t.rows(_LAST_CERTIFICATE, [coder, coding])
        if not there or not there[0][1]:
            raise DataError(f"{coder} has no certificate to withdraw.")
        t.add(NewFact("certificate", lead, coder=coder, item=coding, value=0.0, reason=reason.strip()[:1000]))

    write(job)


def certificates(study: Study) -> list[Certificate]:
    """Return where every coder stands, for the lead."""
    coders = list(Account.objects.filter(role="coder").order_by("name").values_list("name", flat=True))
    last = {
        (coder, coding): row
        for coder, coding, *row in _rows(
            "SELECT coder, item, seq, value, at FROM store_fact WHERE kind = 'certificate' ORDER BY seq"
        )
    }
    found = []
    for coding in study.systems:
        rule = rule_of(study, coding)
        if rule is None:
            continue
        practice = _by_coder(practiced(study, coding, PRACTICE))
        calibration = _by_coder(practiced(study, coding, CALIBRATION))
        for coder in coders:
            own, later = practice.get(coder, ()), calibration.get(coder, ())
            row = last.get((coder, coding))
            found.append(
                _certificate(study, coder, coding, rule, own, later, None if row is None else tuple(row))
            )
    return found


def _by_coder(tapes: Sequence[Practiced]) -> Mapping[str, list[Practiced]]:
    by: dict[str, list[Practiced]] = {}
    for tape in tapes:
        by.setdefault(tape.coder, []).append(tape)
    return by
